//! What every store must do, run by each one's tests. Panics with the name of the store at the first thing that is not so.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test suite: it fails by panicking")]

use std::ops::ControlFlow;

use taizhang_core::id::{AttachmentId, EntryId};

use crate::testing::{attachment, document, entry};
use crate::{Commit, CommitError, MAX_ATTACHMENT_BYTES, MAX_ENTRY_BYTES, MAX_NOTE_BYTES, MAX_NOTE_KEY_BYTES, NewEntry, Store};

/// A place for a store: a folder, a modelled disk, nothing at all.
pub trait Place {
    /// Opens what is there.
    fn open(&mut self) -> Box<dyn Store>;

    /// Closes and opens again; a store without a disk stays as it is.
    fn reopen(&mut self, store: Box<dyn Store>) -> Box<dyn Store> {
        drop(store);
        self.open()
    }
}

/// Runs the whole suite; `new_place` gives an empty place each time.
pub fn run(name: &str, new_place: &mut dyn FnMut() -> Box<dyn Place>) {
    type Case = (&'static str, fn(&mut dyn Place));
    let cases: [Case; 10] = [
        ("an empty store", empty),
        ("entries are numbered in order and stay", order),
        ("an entry arrives once", once),
        ("a scan stops where it is told to", scan_stops),
        ("notes are kept, listed and deleted", notes),
        ("many notes", many_notes),
        ("attachments are kept", attachments),
        ("snapshots are replaced", snapshots),
        ("a bad commit is refused whole", refused),
        ("large commits", large),
    ];
    for (case, check) in cases {
        // Printed only when a test fails: says where.
        println!("{name}: {case}");
        check(&mut *new_place());
    }
}

fn all(store: &dyn Store) -> Vec<NewEntry> {
    let mut found = Vec::new();
    let scanned = store.scan(0, &mut |arrival, entry| {
        assert_eq!(arrival, found.len() as u64);
        found.push(entry);
        ControlFlow::Continue(())
    });
    scanned.unwrap();
    assert_eq!(store.len(), found.len() as u64);
    found
}

fn some(range: std::ops::Range<u64>) -> Vec<NewEntry> {
    range.map(|n| entry(n, 300)).collect()
}

fn empty(place: &mut dyn Place) {
    let mut store = place.open();
    for _ in 0..2 {
        assert!(store.is_empty() && all(&*store).is_empty());
        assert_eq!(store.entry(&EntryId([0; 32])), Ok(None));
        assert_eq!(store.attachment(&AttachmentId([0; 32])), Ok(None));
        assert_eq!(store.note(b"a"), Ok(None));
        assert_eq!(store.notes(b""), Ok(vec![]));
        assert_eq!(store.snapshot(&document(0)), Ok(None));
        assert_eq!(store.commit(&Commit::default()), Ok(0));
        assert_eq!(store.statistics().unwrap().entries, 0);
        store = place.reopen(store);
    }
}

fn order(place: &mut dyn Place) {
    let mut store = place.open();
    assert_eq!(store.commit(&Commit::of(some(0..1))), Ok(0));
    assert_eq!(store.commit(&Commit::of(some(1..40))), Ok(1));
    store = place.reopen(store);
    assert_eq!(store.commit(&Commit::of(some(40..41))), Ok(40));
    for _ in 0..2 {
        assert_eq!(all(&*store), some(0..41));
        for e in some(0..41) {
            assert_eq!(store.entry(&e.id), Ok(Some(e.bytes)));
        }
        assert_eq!(store.entry(&entry(41, 300).id), Ok(None));
        store = place.reopen(store);
    }
}

fn once(place: &mut dyn Place) {
    let mut store = place.open();
    store.commit(&Commit::of(some(0..3))).unwrap();
    let size = store.statistics().unwrap();
    assert_eq!(store.commit(&Commit::of(some(0..3))), Ok(3));
    assert_eq!(store.statistics().unwrap(), size, "nothing was written");
    let twice = [some(2..5), some(4..6), some(0..1)].concat();
    assert_eq!(store.commit(&Commit::of(twice)), Ok(3));
    assert_eq!(all(&*store), some(0..6));
    store = place.reopen(store);
    assert_eq!(all(&*store), some(0..6));
}

fn scan_stops(place: &mut dyn Place) {
    let mut store = place.open();
    // More than any store reads at once.
    store.commit(&Commit::of(some(0..1300))).unwrap();
    for (from, stop) in [(0, 0), (0, 5), (7, 7), (500, 1299), (1299, 1299)] {
        let mut seen = Vec::new();
        let scanned = store.scan(from, &mut |arrival, _| {
            seen.push(arrival);
            if arrival == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        scanned.unwrap();
        assert_eq!(seen, (from..=stop).collect::<Vec<_>>());
    }
    let beyond = store.scan(1300, &mut |_, _| panic!("there is nothing"));
    beyond.unwrap();
    assert_eq!(all(&*store), some(0..1300));
}

fn notes(place: &mut dyn Place) {
    let note = |key: &str, value: Option<&str>| (key.as_bytes().to_vec(), value.map(|v| v.as_bytes().to_vec()));
    let commit = |notes: Vec<(Vec<u8>, Option<Vec<u8>>)>| Commit { notes, ..Commit::default() };
    let mut store = place.open();
    let first = vec![note("a/1", Some("x")), note("a/2", Some("")), note("b", Some("z")), note("a0", Some("q"))];
    store.commit(&commit(first)).unwrap();
    store.commit(&commit(vec![note("a/1", Some("y")), note("b", None), note("c", None)])).unwrap();
    for _ in 0..2 {
        assert_eq!(store.note(b"a/1"), Ok(Some(b"y".to_vec())));
        assert_eq!(store.note(b"a/2"), Ok(Some(vec![])));
        assert_eq!(store.note(b"b"), Ok(None));
        let under = store.notes(b"a/").unwrap();
        assert_eq!(under, [(b"a/1".to_vec(), b"y".to_vec()), (b"a/2".to_vec(), vec![])]);
        assert_eq!(store.notes(b"").unwrap().len(), 3);
        assert_eq!(store.notes(b"b").unwrap().len(), 0);
        assert!(store.is_empty());
        store = place.reopen(store);
    }
    let largest = (vec![0xff; MAX_NOTE_KEY_BYTES], vec![7; MAX_NOTE_BYTES]);
    store.commit(&commit(vec![(largest.0.clone(), Some(largest.1.clone()))])).unwrap();
    assert_eq!(store.notes(&[0xff; 3]), Ok(vec![largest]));
}

fn many_notes(place: &mut dyn Place) {
    let key = |n: u32| [b"k/", &n.to_be_bytes()[..]].concat();
    let mut store = place.open();
    let mut notes: Vec<_> = (0..1100).map(|n| (key(n), Some(vec![1; 20]))).collect();
    notes.push((b"l".to_vec(), Some(vec![])));
    let commit = Commit { notes, ..Commit::default() };
    store.commit(&commit).unwrap();
    let keys: Vec<_> = store.notes(b"k/").unwrap().into_iter().map(|(k, _)| k).collect();
    assert_eq!(keys, (0..1100).map(key).collect::<Vec<_>>());
}

fn attachments(place: &mut dyn Place) {
    let made: Vec<_> = [vec![], vec![1], vec![2; 300_000]].into_iter().map(attachment).collect();
    let mut store = place.open();
    let commit = Commit { entries: some(0..1), attachments: made.clone(), notes: vec![] };
    store.commit(&commit).unwrap();
    store.commit(&Commit { entries: some(1..2), ..commit }).unwrap();
    for _ in 0..2 {
        for (id, bytes) in &made {
            assert_eq!(store.attachment(id), Ok(Some(bytes.clone())));
        }
        assert_eq!(store.statistics().unwrap().attachment_bytes, 300_001);
        store = place.reopen(store);
    }
}

fn snapshots(place: &mut dyn Place) {
    let mut store = place.open();
    store.put_snapshot(&document(1), &[1; 50_000]).unwrap();
    store.put_snapshot(&document(2), &[1; 50_000]).unwrap();
    store.put_snapshot(&document(1), &[3; 7]).unwrap();
    store.put_snapshot(&document(1), &[3; 7]).unwrap();
    assert_eq!(store.snapshot(&document(1)), Ok(Some(vec![3; 7])));
    assert_eq!(store.snapshot(&document(2)), Ok(Some(vec![1; 50_000])));
    assert_eq!(store.snapshot(&document(3)), Ok(None));
    assert_eq!(store.statistics().unwrap().snapshot_bytes, 50_007);
}

fn refused(place: &mut dyn Place) {
    let mut store = place.open();
    let with_bytes = |bytes: Vec<u8>| Commit::of(vec![NewEntry { bytes, ..entry(9, 300) }]);
    let with_note = |key: Vec<u8>, value: Vec<u8>| Commit { notes: vec![(key, Some(value))], ..Commit::default() };
    let with_attachment = |id, bytes| Commit { attachments: vec![(id, bytes)], ..Commit::default() };
    let too_large = attachment(vec![0; MAX_ATTACHMENT_BYTES + 1]);
    let bad = [
        ("no bytes", with_bytes(vec![])),
        ("not tag 18", with_bytes(vec![0x80])),
        ("half an item", with_bytes(vec![0xd2])),
        ("two items", with_bytes(vec![0xd2, 0x80, 0x80])),
        ("too large", Commit::of(vec![entry(9, MAX_ENTRY_BYTES)])),
        ("too much", Commit::of((0..300).map(|n| entry(n, MAX_ENTRY_BYTES - 100)).collect())),
        ("no key", with_note(vec![], vec![1])),
        ("long key", with_note(vec![0; MAX_NOTE_KEY_BYTES + 1], vec![1])),
        ("long note", with_note(vec![1], vec![0; MAX_NOTE_BYTES + 1])),
        ("a wrong name", with_attachment(AttachmentId([1; 32]), vec![1])),
        ("a large attachment", with_attachment(too_large.0, too_large.1)),
    ];
    for (case, mut commit) in bad {
        let good = attachment(vec![5]);
        commit.entries.insert(0, entry(1, 300));
        commit.attachments.insert(0, good.clone());
        commit.notes.insert(0, (vec![5], Some(vec![5])));
        let outcome = store.commit(&commit);
        assert!(matches!(outcome, Err(CommitError::Refused(_))), "{case}: {outcome:?}");
        assert!(all(&*store).is_empty(), "{case}");
        assert_eq!(store.attachment(&good.0), Ok(None), "{case}");
        assert_eq!(store.note(&[5]), Ok(None), "{case}");
    }
}

fn large(place: &mut dyn Place) {
    let mut store = place.open();
    let entries: Vec<_> = (0..100).map(|n| entry(n, MAX_ENTRY_BYTES - 100)).collect();
    store.commit(&Commit::of(entries.clone())).unwrap();
    store.commit(&Commit::of(some(1000..1001))).unwrap();
    store = place.reopen(store);
    assert_eq!(store.len(), 101);
    for e in entries {
        assert_eq!(store.entry(&e.id), Ok(Some(e.bytes)));
    }
}
