//! Entries and payloads: one byte form, one verdict, and whatever is admitted can be shown.

use taizhang_core::{
    admission::{AdmittedEntry, Refusal, Signature},
    author::Author,
    document::Document,
    entry::SignedEntry,
    op::{self, Op, PayloadBuilder},
    standing::Judge,
    units::Ms,
    view::{DocumentView, export::named_fields},
};

use super::made;
use crate::mutate::network::DAY;

/// An entry as it stands, and signed anew by whoever it names.
pub fn entry(bytes: &[u8]) {
    let network = made().network;
    let Ok(entry) = SignedEntry::parse(bytes, &network.id) else { return };
    assert_eq!(entry.to_bytes(), bytes, "an entry has one byte form");
    _ = offer(entry.clone());
    if let Some(secret) = network.secret_of(&entry.header.log.key) {
        let signed = SignedEntry::sign(entry.header, entry.payload, &secret, &network.id);
        assert_eq!(signed.id, entry.id, "the signature is no part of the id");
        _ = offer(signed);
    }
}

/// The first byte says who writes it, the rest is the payload of the next entry of that log.
pub fn payload(bytes: &[u8]) {
    let Some((seat, payload)) = bytes.split_first() else { return };
    let network = made().network;
    let seat = network.seats[usize::from(*seat) % network.seats.len()];
    let author = Author { key: network.secret_of(&seat.key).unwrap(), run: seat.run };
    let now = Ms(Ms::start_of(DAY).0 + 1);
    let entry = author.write(&network.ledger, seat.document, seat.grant, payload.to_vec(), now);
    match op::parse(payload) {
        Ok(ops) => {
            assert_eq!(written(&ops), payload, "a payload has one byte form");
            ops.iter().for_each(|o| _ = read(o));
            _ = offer(entry);
        }
        Err(_) => assert!(matches!(offer(entry), Err(Refusal::Payload(_))), "what is not read does not enter"),
    }
}

fn written(ops: &[Op<'_>]) -> Vec<u8> {
    let mut p = PayloadBuilder::default();
    for o in ops {
        match o {
            Op::Row(row) => p.row(row.row_type, &row.replaces, row.fields),
            Op::Register(register) => p.register(register.key, register.value, &register.replaces),
        };
    }
    p.finish()
}

fn read(o: &Op<'_>) -> usize {
    match o {
        Op::Row(row) => named_fields(row.row_type, row.fields).len() + taizhang_core::rows::attachments(row).len(),
        Op::Register(_) => 0,
    }
}

/// Admission twice, then everything that follows from it.
fn offer(entry: SignedEntry) -> Result<(), Refusal> {
    let network = made().network;
    let verdict = network.ledger.admit(&network.shelf, entry.clone(), Signature::Check);
    let again = network.ledger.admit(&network.shelf, entry.clone(), Signature::Check);
    assert_eq!(verdict, again, "one verdict");
    let admitted = verdict?;
    assert!(entry.is_signed(&network.id), "nothing enters unverified");
    if network.ledger.place(&entry.id).is_none() {
        file(&admitted);
    }
    Ok(())
}

fn file(admitted: &AdmittedEntry) {
    let network = made().network;
    let mut ledger = network.ledger.clone();
    ledger.insert(admitted);
    let entry = admitted.entry();
    let document = entry.header.log.document;
    assert!(ledger.place(&entry.id).is_some());
    let entries: Vec<SignedEntry> =
        network.entries.iter().filter(|e| e.header.log.document == document).chain([entry]).cloned().collect();
    let view = DocumentView::build(&ledger, &Judge::new(&ledger), document, &entries);
    assert_eq!(
        view.bytes(),
        DocumentView::build(&ledger, &Judge::new(&ledger), document, entries.iter().rev()).bytes(),
        "no order"
    );
    let derived = Document::build(document, &entries).unwrap();
    assert!(derived.contains(&entry.id));
    let loaded = Document::load(document, &derived.save()).unwrap();
    assert_eq!(loaded.heads(), derived.heads(), "what was saved is loaded");
}
