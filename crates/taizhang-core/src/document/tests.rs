#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "tests"
)]
use super::*;
use crate::{
    cbor::Writer,
    entry::{Before, Header},
    id::{Kind, LogId, NetworkId, OrgId, PublicKey, Run},
    op::{PayloadBuilder, RowRef, scalar},
    units::Ms,
};

mod forks;
mod histories;
mod refused;

const NETWORK: NetworkId = NetworkId([7; 32]);

fn ledger() -> DocId {
    DocId::of_year(OrgId([3; 8]), Kind::Ledger, 2024)
}

/// An entry of key and run number `author`, `run`; signatures are admission's business.
fn entry(author: u8, run: u8, sequence: u64, before: Option<EntryId>, payload: PayloadBuilder) -> SignedEntry {
    let log = LogId { document: ledger(), key: PublicKey([author; 32]), run: Run([run; 8]) };
    let before = match before {
        Some(previous) if sequence > 1 => Before::Previous(previous),
        link => Before::Start { grant: None, link },
    };
    SignedEntry::from_parts(Header { log, sequence, before, time: Ms(5) }, payload.finish(), [0; 64], &NETWORK)
}

fn fields(n: u64) -> Vec<u8> {
    let mut w = Writer::default();
    w.array(2).uint(n).text("台账");
    w.finish()
}

/// One row, told apart by `n`.
fn row(n: u64) -> PayloadBuilder {
    let mut p = PayloadBuilder::default();
    p.row(40, &[], &fields(n));
    p
}

/// One write of a register.
fn write(key: &str, value: &Value, replaces: &[&SignedEntry]) -> PayloadBuilder {
    let mut p = PayloadBuilder::default();
    p.register(key, &scalar(value), &replaces.iter().map(|e| e.id).collect::<Vec<_>>());
    p
}

/// All that a document says.
#[derive(Debug, PartialEq)]
struct Seen {
    heads: Vec<[u8; 32]>,
    rows: Vec<(RowName, Vec<u8>)>,
    registers: BTreeMap<String, Vec<(EntryId, Value)>>,
}

fn see(document: &Document) -> Seen {
    Seen {
        heads: document.heads(),
        rows: document.rows().collect(),
        registers: document.registers().map(|key| (key.clone(), document.register(&key))).collect(),
    }
}

/// Builds from all orders that matter: as given, reversed, one by one; every step saves and loads. Returns the one result.
fn build(entries: &[SignedEntry]) -> Document {
    let document = Document::build(ledger(), entries).unwrap();
    let seen = see(&document);
    assert_eq!(see(&Document::build(ledger(), entries.iter().rev()).unwrap()), seen);
    let mut step = Document::empty(ledger()).unwrap();
    for (n, e) in entries.iter().enumerate() {
        step = add(step, &entries[..n], std::slice::from_ref(e));
    }
    assert_eq!(see(&step), seen);
    assert_eq!(document.len(), entries.len());
    reload(&document)
}

/// As a caller does: applies, or builds anew where that is asked for.
fn add(document: Document, before: &[SignedEntry], new: &[SignedEntry]) -> Document {
    let document = match document.apply(new) {
        Err(DocumentError::NeedsRebuild { .. }) => Document::build(ledger(), before.iter().chain(new)).unwrap(),
        applied => applied.unwrap(),
    };
    reload(&document)
}

fn reload(document: &Document) -> Document {
    let loaded = Document::load(ledger(), &document.save()).unwrap();
    assert_eq!(see(&loaded), see(document));
    assert_eq!(format!("{:?}", loaded.index), format!("{:?}", document.index));
    loaded
}

/// Actor, seq, first operation, deps of an entry's change, as Automerge has them.
fn change_of(document: &Document, entry: &SignedEntry) -> (Vec<u8>, u64, u64, Vec<[u8; 32]>) {
    let hash = automerge::ChangeHash(document.index.get(&entry.id).unwrap().hash);
    let change = document.automerge.get_change_by_hash(&hash).unwrap();
    assert_eq!((change.timestamp(), change.message()), (0, None));
    let deps = change.deps().iter().map(|d| d.0).collect();
    (change.actor_id().to_bytes().to_vec(), change.seq(), change.start_op().get(), deps)
}

fn hash(document: &Document, entry: &SignedEntry) -> [u8; 32] {
    document.index.get(&entry.id).unwrap().hash
}

fn actor(parts: &[&[u8]]) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    Sha256::digest(parts.concat())[..16].to_vec()
}

#[test]
fn the_genesis_never_changes() {
    assert_eq!(change::genesis().hash().0, change::GENESIS);
    let document = Document::empty(ledger()).unwrap();
    assert_eq!(document.heads(), [change::GENESIS]);
    assert_eq!(*document.automerge.get_actor(), idle_actor());
    for (n, key) in (0..16).map(|n| (n, format!("{n:x}"))) {
        assert_eq!(document.automerge.get(automerge::ROOT, key).unwrap().unwrap().1, change::row_map(n));
    }
    assert_eq!(document.automerge.get(automerge::ROOT, "registers").unwrap().unwrap().1, change::register_map());
    assert!(document.is_empty());
    assert_eq!(*reload(&document).automerge.get_actor(), idle_actor());
}

#[test]
fn a_change_is_what_the_entry_says() {
    let a = entry(1, 1, 1, None, row(1));
    let mut ops = PayloadBuilder::default();
    ops.register("t1.title", &scalar(&Value::Text("教师".into())), &[]);
    ops.row(40, &[], &fields(2));
    let b = entry(1, 1, 2, Some(a.id), ops);
    let other = DocId::of_year(OrgId([4; 8]), Kind::Ledger, 2024);
    let name = RowName { entry: b.id, index: 1 };
    let elsewhere = RowName { entry: EntryId([9; 32]), index: 0 };
    let mut ops = PayloadBuilder::default();
    ops.row(40, &[name.here(), name.in_document(ledger()), elsewhere.in_document(other), RowRef::own(1)], &fields(3));
    ops.register("t1.title", &scalar(&Value::Int(7)), &[b.id]);
    let c = entry(2, 1, 1, None, ops);
    let d = entry(1, 2, 1, Some(b.id), row(4));
    let document = build(&[a.clone(), b.clone(), c.clone(), d.clone()]);

    let first = actor(&[&[1; 32], &[1; 8]]);
    assert_eq!(change_of(&document, &a), (first.clone(), 1, 18, vec![change::GENESIS]));
    assert_eq!(change_of(&document, &b), (first, 2, 19, vec![hash(&document, &a)]));
    let mut deps = vec![change::GENESIS, hash(&document, &b)];
    deps.sort_unstable();
    assert_eq!(change_of(&document, &c), (actor(&[&[2; 32], &[1; 8]]), 1, 21, deps));
    assert_eq!(change_of(&document, &d), (actor(&[&[1; 32], &[2; 8]]), 1, 21, vec![hash(&document, &b)]));
    let mut heads = vec![hash(&document, &c), hash(&document, &d)];
    heads.sort_unstable();
    assert_eq!(document.heads(), heads);
    assert_eq!(document.register("t1.title"), [(c.id, Value::Int(7))]);
    assert_eq!(document.rows().count(), 4);
    assert_eq!(document.row(elsewhere), None);
}

/// A row's bytes after `82 01 81` are a payload with that row alone.
#[test]
fn a_row_keeps_the_bytes_of_its_operation() {
    let a = entry(1, 1, 1, None, row(1));
    let replaced = RowName { entry: a.id, index: 0 };
    let mut ops = PayloadBuilder::default();
    ops.row(300, &[replaced.here(), RowRef::own(3)], &fields(2));
    let b = entry(1, 1, 2, Some(a.id), ops);
    let document = build(&[a.clone(), b.clone()]);
    for e in [a, b] {
        let bytes = document.row(RowName { entry: e.id, index: 0 }).unwrap();
        assert_eq!([&[0x82, 1, 0x81], &*bytes].concat(), e.payload);
    }
}

#[test]
fn register_values_are_one_to_one() {
    let values = [
        Value::Null,
        Value::Bool(false),
        Value::Bool(true),
        Value::Int(0),
        Value::Int(1),
        Value::Int(-1),
        Value::Int(i64::MIN.into()),
        Value::Int(i64::MAX.into()),
        Value::Int(i128::from(i64::MAX) + 1),
        Value::Int(u64::MAX.into()),
        Value::Bytes(vec![]),
        Value::Bytes(b"a".to_vec()),
        Value::Text(String::new()),
        Value::Text("a".into()),
        Value::Text("台账\u{0}".into()),
    ];
    let entries: Vec<_> = (1..).zip(&values).map(|(n, v)| entry(n, 1, 1, None, write("k", v, &[]))).collect();
    let document = build(&entries);
    let mut expected: Vec<_> = entries.iter().map(|e| e.id).zip(values).collect();
    expected.sort();
    assert_eq!(document.register("k"), expected);
    assert_eq!(document.registers().collect::<Vec<_>>(), ["k"]);
    assert_eq!(document.register("other"), []);
}

#[test]
fn concurrent_writes_stay_until_one_replaces_them() {
    let value = Value::Int;
    let a = entry(1, 1, 1, None, write("k", &value(10), &[]));
    let b = entry(2, 1, 1, None, write("k", &value(20), &[]));
    let both = entry(3, 1, 1, None, write("k", &value(30), &[&a, &b]));
    let one = entry(4, 1, 1, None, write("k", &value(40), &[&a]));
    let again = entry(4, 1, 2, Some(one.id), write("k", &value(50), &[&a]));
    let mut expected = vec![(a.id, value(10)), (b.id, value(20))];
    expected.sort();
    assert_eq!(build(&[a.clone(), b.clone()]).register("k"), expected);
    let mut expected = vec![(both.id, value(30)), (one.id, value(40)), (again.id, value(50))];
    expected.sort();
    let document = build(&[a.clone(), b.clone(), both.clone(), one.clone(), again.clone()]);
    assert_eq!(document.register("k"), expected);
    let last = entry(1, 1, 2, Some(a.id), write("k", &value(60), &[&both, &one, &again]));
    assert_eq!(build(&[a, b, both, one, again, last.clone()]).register("k"), [(last.id, value(60))]);
}

#[test]
fn full_entries_apply() {
    let mut ops = PayloadBuilder::default();
    (0..512_u64).for_each(|n| {
        if n % 2 == 0 {
            ops.row(1, &[], &fields(n))
        } else {
            ops.register(&format!("t{n}.x"), &[0xf6], &[])
        };
    });
    let a = entry(1, 1, 1, None, ops);
    let mut ops = PayloadBuilder::default();
    (0..256_u64).for_each(|n| {
        ops.register(&format!("t{}.x", 2 * n + 1), &scalar(&Value::Int(n.into())), &[a.id]);
    });
    let b = entry(2, 1, 1, None, ops);
    let document = build(&[a, b.clone()]);
    assert_eq!(document.rows().count(), 256);
    assert_eq!(document.registers().count(), 256);
    assert!(document.registers().is_sorted());
    assert_eq!(document.register("t511.x"), [(b.id, Value::Int(255))]);
}
