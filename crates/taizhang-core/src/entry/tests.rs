#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use super::*;
use crate::id::{Kind, OrgId};

const NETWORK: NetworkId = NetworkId([7; 32]);

fn sample(sequence: u64) -> SignedEntry {
    let key = SecretKey::from_seed([1; 32]);
    let before = if sequence == 1 {
        Before::Start { grant: Some(RowName { entry: EntryId([5; 32]), index: 300 }), link: None }
    } else {
        Before::Previous(EntryId([9; 32]))
    };
    let log = LogId { document: DocId::of_year(OrgId([3; 8]), Kind::Ledger, 2024), key: key.public(), run: Run([4; 8]) };
    SignedEntry::sign(Header { log, sequence, before, time: Ms(1_700_000_000_000) }, vec![0x82, 1, 0x80], &key, &NETWORK)
}

#[test]
fn bytes_go_there_and_back() {
    for n in [1, 2, 24, u64::MAX] {
        let e = sample(n);
        let parsed = SignedEntry::parse(&e.to_bytes(), &NETWORK).unwrap();
        assert_eq!(parsed, e);
        assert!(parsed.is_signed(&NETWORK));
        assert!(!parsed.is_signed(&NetworkId([8; 32])), "bound to its network");
    }
}

#[test]
fn another_signature_is_the_same_entry() {
    let mut e = sample(2);
    e.signature[0] ^= 1;
    let parsed = SignedEntry::parse(&e.to_bytes(), &NETWORK).unwrap();
    assert_eq!(parsed.id, e.id);
    assert!(!parsed.is_signed(&NETWORK));
}

/// Whatever parses is byte-equal to what we would write: no second form exists.
#[test]
fn every_one_byte_change_is_refused_or_another_entry() {
    for n in [1, 2] {
        let e = sample(n);
        let good = e.to_bytes();
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                if let Ok(p) = SignedEntry::parse(&bad, &NETWORK) {
                    assert_eq!(p.to_bytes(), bad);
                    assert!(!p.is_signed(&NETWORK));
                }
            }
        }
        for cut in 0..good.len() {
            assert!(SignedEntry::parse(&good[..cut], &NETWORK).is_err());
        }
    }
}

#[test]
fn stock_cose_reads_it() {
    use coset::{CborSerializable, CoseSign1, TaggedCborSerializable};
    let e = sample(2);
    let cose = CoseSign1::from_tagged_slice(&e.to_bytes()).unwrap();
    cose.verify_signature(&NETWORK.0, |sig, data| {
        assert_eq!(EntryId(Sha256::digest(data).into()), e.id);
        if key::verify(&e.header.log.key, data, sig.try_into().unwrap()) { Ok(()) } else { Err("bad") }
    })
    .unwrap();
    assert_eq!(cose.protected.header.key_id, e.header.log.key.0);
    assert!(CoseSign1::from_slice(&e.to_bytes()).is_err(), "tagged only");
}
