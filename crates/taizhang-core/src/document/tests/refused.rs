//! What admission refuses gives an error here, never a panic.
use super::*;

fn with(mut e: SignedEntry, change: impl FnOnce(&mut SignedEntry)) -> SignedEntry {
    change(&mut e);
    SignedEntry::from_parts(e.header, e.payload, e.signature, &NETWORK)
}

#[test]
fn entries_that_admission_refuses() {
    let one = Value::Int(1);
    let a = entry(1, 1, 1, None, row(1));
    let b = entry(1, 1, 2, Some(a.id), write("k", &one, &[]));
    let good = Document::build(ledger(), [&a, &b]).unwrap();
    let nobody = EntryId([9; 32]);
    let name = RowName { entry: nobody, index: 0 };
    let row_of = |replaced: RowRef| {
        let mut p = PayloadBuilder::default();
        p.row(40, &[replaced], &fields(1));
        p
    };
    let twice = || {
        let mut p = row(1);
        p.register("x", &[1], &[]);
        p.register("x", &[2], &[]);
        p
    };
    let of = DocId::of_year(OrgId([3; 8]), Kind::Ledger, 2025);
    let c = entry(1, 1, 3, Some(b.id), row(3));
    type Error = fn(EntryId) -> DocumentError;
    let table: Vec<(SignedEntry, Error)> = vec![
        (with(c.clone(), |e| e.header.log.document.period = Some(2025)), |entry| DocumentError::OtherDocument {
            entry,
            of: DocId::of_year(OrgId([3; 8]), Kind::Ledger, 2025),
            document: ledger(),
        }),
        (with(c.clone(), |e| e.payload = vec![]), |entry| payload(entry, 0, "expected an array of known length")),
        (with(c.clone(), |e| e.payload = vec![0x82, 1, 0x80]), |entry| payload(entry, 2, "no operations, or too many")),
        (entry(1, 1, 3, Some(nobody), row(1)), missing),
        (entry(1, 2, 1, Some(nobody), row(1)), missing),
        (entry(2, 1, 1, None, row_of(name.here())), missing),
        (entry(2, 1, 1, None, row_of(name.in_document(ledger()))), missing),
        (
            entry(2, 1, 1, None, {
                let mut p = PayloadBuilder::default();
                p.register("k", &[1], &[nobody]);
                p
            }),
            missing,
        ),
        (entry(1, 1, 4, Some(b.id), row(1)), |entry| DocumentError::NotContinuous { entry }),
        (entry(1, 1, 2, Some(b.id), row(1)), |entry| DocumentError::NotContinuous { entry }),
        (entry(1, 1, u64::MAX, Some(b.id), row(1)), |entry| DocumentError::NotContinuous { entry }),
        (entry(1, 2, 3, Some(b.id), row(1)), |entry| DocumentError::NotContinuous { entry }),
        (entry(2, 1, 3, Some(b.id), row(1)), |entry| DocumentError::NotContinuous { entry }),
        (with(c.clone(), |e| e.header.sequence = 1), |entry| DocumentError::NotContinuous { entry }),
        (with(c.clone(), |e| e.header.sequence = 0), |entry| DocumentError::NotContinuous { entry }),
        (with(a.clone(), |e| e.header.sequence = 2), |entry| DocumentError::NotContinuous { entry }),
        (entry(2, 1, 1, None, twice()), |entry| DocumentError::WrittenTwice { entry, index: 2 }),
    ];
    for (n, (e, error)) in table.into_iter().enumerate() {
        let document = Document::load(ledger(), &good.save()).unwrap();
        assert_eq!(document.apply([&e]).unwrap_err(), error(e.id), "line {n}");
        let anew = Document::build(ledger(), [&a, &b, &e]).unwrap_err();
        assert_eq!(anew, error(e.id), "line {n}, built");
    }
    for (key, names) in [("other", &b), ("k", &a)] {
        let e = entry(2, 1, 1, None, write(key, &one, &[names]));
        let error = DocumentError::NotWritten { entry: e.id, index: 0, names: names.id };
        assert_eq!(Document::build(ledger(), [&a, &b, &e]).unwrap_err(), error);
    }
    assert!(Document::build(of, [&a]).is_err());
}

fn missing(entry: EntryId) -> DocumentError {
    DocumentError::Missing { entry, names: EntryId([9; 32]) }
}

fn payload(entry: EntryId, at: usize, what: &'static str) -> DocumentError {
    DocumentError::Payload { entry, error: CborError { at, what } }
}

/// No hash function gives these; whoever calls might.
#[test]
fn entries_that_rest_on_themselves() {
    let mut a = entry(1, 1, 2, Some(EntryId([1; 32])), row(1));
    a.id = EntryId([1; 32]);
    let document = Document::empty(ledger()).unwrap();
    assert_eq!(document.apply([&a]).unwrap_err(), DocumentError::Circle { entry: a.id });
}

#[test]
fn a_chain_with_too_many_operations() {
    let a = entry(1, 1, 1, None, row(1));
    let b = entry(1, 1, 2, Some(a.id), row(2));
    for (max_op, fits) in [((1 << 31) - 1, true), (1 << 31, false), (u64::MAX, false)] {
        let mut document = Document::build(ledger(), [&a]).unwrap();
        let actor = ActorId::from(actor(&[&[1; 32], &[1; 8]]));
        document.index.at_mut(&actor, 1).unwrap().max_op = max_op;
        let result = document.apply([&b]);
        assert_eq!(!matches!(result, Err(DocumentError::TooLong { .. })), fits, "{max_op}");
    }
}

/// The last defence: whatever Automerge does with changes that derivation never makes.
#[test]
fn automerge_may_refuse_or_panic() {
    let base = || Document::empty(ledger()).unwrap().automerge;
    let change = |seq, salt: u8, deps: Vec<[u8; 32]>| {
        Change::from(automerge::ExpandedChange {
            operations: Vec::new(),
            actor_id: ActorId::from([5_u8; 16].as_slice()),
            hash: None,
            seq,
            start_op: std::num::NonZeroU64::new(18 + u64::from(salt)).unwrap(),
            time: 0,
            message: None,
            deps: deps.into_iter().map(automerge::ChangeHash).collect(),
            extra_bytes: Vec::new(),
            author: None,
        })
    };
    let table = [
        vec![change(1, 0, vec![change::GENESIS]), change(1, 1, vec![change::GENESIS])],
        vec![change(2, 0, vec![change::GENESIS])],
        vec![change(1, 0, vec![[1; 32]])],
    ];
    for (n, changes) in table.into_iter().enumerate() {
        assert!(matches!(apply_changes(base(), changes), Err(DocumentError::Automerge { .. })), "line {n}");
    }
}

#[test]
fn snapshots_that_are_damaged_or_of_others() {
    use sha2::{Digest, Sha256};
    let a = entry(1, 1, 1, None, write("k", &Value::Int(1), &[]));
    let b = entry(2, 1, 1, None, row(2));
    let document = Document::build(ledger(), [&a, &b]).unwrap();
    let good = document.save();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(Document::load(ledger(), &bad).is_err(), "byte {at}");
        assert!(Document::load(ledger(), &good[..at]).is_err(), "cut at {at}");
    }
    let what = |bytes: &[u8]| match Document::load(ledger(), bytes) {
        Err(DocumentError::Snapshot { what }) => what,
        other => panic!("{other:?}"),
    };
    let sealed = |body: &[u8]| [body, &Sha256::digest(body)].concat();
    let body = &good[..good.len() - 32];
    assert!(Document::load(ledger(), &sealed(body)).is_ok());
    let mut newer = body.to_vec();
    newer[1] = 2;
    assert_eq!(what(&sealed(&newer)), "of another version");
    let elsewhere = snapshot::write(DocId::of(OrgId([1; 8]), Kind::Roster), &document.index, &document.automerge.save());
    assert_eq!(what(&elsewhere), "of another document");
    assert_eq!(what(&snapshot::write(ledger(), &document.index, b"no document")), "Automerge cannot read it");
    let fewer = Document::build(ledger(), [&a]).unwrap();
    assert_eq!(what(&snapshot::write(ledger(), &document.index, &fewer.automerge.save())), "entries and changes differ");
    assert_eq!(what(&snapshot::write(ledger(), &fewer.index, &document.automerge.save())), "entries and changes differ");
    let blank = change::blank().save();
    assert_eq!(what(&snapshot::write(ledger(), &Index::default(), &blank)), "entries and changes differ");
    // sealed anew, every other byte: refused or read, never a panic
    for at in 0..body.len() {
        let mut bad = body.to_vec();
        bad[at] ^= 0x21;
        drop(Document::load(ledger(), &sealed(&bad)));
    }
}
