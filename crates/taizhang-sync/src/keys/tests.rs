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
    let records: Vec<KeyRecord> = (0..40).map(|n| record(n % 2, n % 3, n % 2, n)).collect();
    let forward = set(records.iter().copied());
    let backward = set(records.iter().rev().copied());
    assert_eq!(all(&forward), all(&backward));
    assert_eq!(digest(forward.iter()), digest(backward.iter()));
    let (mut twice, len) = (forward.clone(), forward.len());
    assert!(!records.iter().any(|r| twice.insert(*r)), "nothing twice, and nothing that was left out");
    assert_eq!((twice.len(), all(&twice).len()), (len, len));
}

#[test]
fn of_one_key_to_one_person_the_lowest_few_are_kept() {
    let flood = set((0..=255).rev().map(|copy| record(1, 1, 1, copy)));
    let kept: Vec<u8> = flood.iter().map(|r| r.ephemeral[0]).collect();
    assert_eq!(kept, (0..u8::try_from(limits::KEY_COPIES_MAX).unwrap()).collect::<Vec<_>>());
    assert_eq!(flood.len(), limits::KEY_COPIES_MAX);
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
    assert!(set.has(&document, &[1; 8], &[2; 32]) && !set.has(&document, &[2; 8], &[2; 32]));
    assert_eq!(set.find(&document, &[1; 8], &[1; 32]).count(), 1);
}
