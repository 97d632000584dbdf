#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use taizhang_core::id::Kind;

use super::*;

fn record(school: u8, key: u8, to: u8, copy: u8) -> KeyRecord {
    let document = DocId::of(OrgId([school; 8]), Kind::Identity);
    KeyRecord { document, key: [key; 8], to: [to; 32], ephemeral: [copy; 32], sealed: [copy; 48] }
}

fn set(records: impl IntoIterator<Item = KeyRecord>) -> KeySet {
    let mut set = KeySet::default();
    records.into_iter().for_each(|r| _ = set.insert(r));
    set
}

fn all(set: &KeySet) -> Vec<KeyRecord> {
    set.iter().copied().collect()
}

#[test]
fn a_set_does_not_depend_on_the_order_and_takes_nothing_twice() {
    let records: Vec<KeyRecord> = (0..40).map(|n| record(n % 2, n % 5, n % 3, n % 4)).collect();
    let forward = set(records.iter().copied());
    let backward = set(records.iter().rev().copied());
    assert_eq!(all(&forward), all(&backward));
    assert_eq!(digest(forward.iter()), digest(backward.iter()));
    let (mut twice, len) = (forward.clone(), forward.len());
    assert!(!records.iter().any(|r| twice.insert(*r)), "nothing twice");
    assert_eq!((twice.len(), all(&twice).len()), (len, len));
}

fn copies(set: &KeySet) -> Vec<u8> {
    set.iter().map(|r| r.ephemeral[0]).collect()
}

#[test]
fn of_one_key_to_one_person_a_few_are_kept_and_none_drives_out_another() {
    let flood = set((0..=255).rev().map(|copy| record(1, 1, 1, copy)));
    assert_eq!(copies(&flood), [252, 253, 254, 255]);
    assert_eq!(flood.len(), limits::KEY_COPIES_MAX);
}

#[test]
fn the_right_record_takes_the_place_of_all_others_and_none_comes_beside_it() {
    let mut set = set((0..4).map(|copy| record(1, 1, 1, copy)));
    let (right, to_another) = (record(1, 1, 1, 200), record(1, 1, 2, 9));
    set.insert(to_another);
    assert!(!set.insert(right), "there is no room for it as long as nobody knows it");
    assert_eq!(set.prove(right), Change { is_new: true, dropped: 4 });
    assert_eq!(all(&set), [right, to_another]);
    assert!(set.is_proven(&right.document, &right.key, &right.to) && !set.is_proven(&right.document, &right.key, &[2; 32]));
    assert!(!set.insert(record(1, 1, 1, 0)) && !set.insert(record(1, 1, 1, 77)));
    assert_eq!(set.prove(right), Change::default());
    assert_eq!(set.len(), 2);
}

#[test]
fn what_does_not_open_goes_and_does_not_come_again() {
    let mut set = set((0..4).map(|copy| record(1, 1, 1, copy)));
    assert!(set.spoil(&record(1, 1, 1, 2)) && !set.spoil(&record(1, 1, 1, 2)));
    assert!(!set.insert(record(1, 1, 1, 2)));
    assert!(set.insert(record(1, 1, 1, 50)), "its place is free for another");
    assert_eq!(copies(&set), [0, 1, 3, 50]);
}

#[test]
fn erasing_takes_every_record_of_a_key_in_its_document_only() {
    let mut set = set((0..24).map(|n| record(n % 2, n % 3, n % 4, 0)));
    let gone = BTreeSet::from([(record(0, 1, 0, 0).document, [1; 8])]);
    assert!(set.erase(&gone) > 0);
    assert!(set.iter().all(|r| !gone.contains(&(r.document, r.key))));
    assert!(set.iter().any(|r| r.key == [1; 8]), "the key of the same name in another document stays");
    assert_eq!(set.erase(&gone), 0);
    assert_eq!(set.len(), set.iter().count());
}

#[test]
fn records_are_found_by_key_and_person() {
    let set = set([record(1, 1, 1, 1), record(1, 1, 2, 2), record(1, 2, 1, 3)]);
    let document = record(1, 1, 1, 1).document;
    assert!(set.find(&document, &[1; 8], &[2; 32]).count() == 1 && set.find(&document, &[2; 8], &[2; 32]).count() == 0);
    assert_eq!(set.find(&document, &[1; 8], &[1; 32]).count(), 1);
}

#[test]
fn so_many_records_are_kept_and_what_somebody_here_proves_besides() {
    let mut set = KeySet { len: limits::KEY_RECORDS_MAX - 1, ..KeySet::default() };
    assert!(set.insert(record(1, 1, 1, 1)) && !set.insert(record(1, 2, 1, 1)));
    assert_eq!(set.len(), limits::KEY_RECORDS_MAX);
    assert_eq!(set.prove(record(1, 2, 1, 1)), Change { is_new: true, dropped: 0 });
}

/// Beyond the limit it goes as before, but may come again.
#[test]
fn so_many_spoiled_records_are_remembered_and_no_more() {
    let spoiled = (1..limits::KEY_SPOILED_MAX as u64).map(u64::to_be_bytes).collect();
    let mut set = KeySet { spoiled, ..KeySet::default() };
    let (last, one_more) = (record(1, 1, 1, 1), record(1, 2, 1, 1));
    for of in [last, one_more] {
        assert!(set.insert(of) && set.spoil(&of) && set.is_empty());
    }
    assert_eq!(set.spoiled.len(), limits::KEY_SPOILED_MAX);
    assert!(!set.insert(last) && set.insert(one_more));
}
