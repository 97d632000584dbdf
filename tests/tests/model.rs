//! The model of admission, standing and locks: no two nodes with the same entries disagree, and the search finds it if they do.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use taizhang_tests::model::{KEYS, LATE_BY_ARRIVAL, LOCKS, REAL, STANDING_BY_ARRIVAL, search};

/// As deep as the time of a test allows; the binary `model` goes deeper.
const ACTS: usize = 3;

#[test]
fn no_two_nodes_with_the_same_entries_disagree_on_who_may_write() {
    let searched = search(KEYS, ACTS, REAL);
    println!("keys, {ACTS} acts: {searched:?}");
    assert_eq!(searched.disagreement, None);
    assert!(searched.states > 2_000 && searched.orders > searched.sets, "{searched:?}");
}

#[test]
fn no_two_nodes_with_the_same_entries_disagree_on_what_came_too_late() {
    let searched = search(LOCKS, ACTS, REAL);
    println!("locks, {ACTS} acts: {searched:?}");
    assert_eq!(searched.disagreement, None);
    assert!(searched.states > 2_000 && searched.sets_with_late > 100, "{searched:?}");
}

#[test]
fn standing_that_depends_on_arrival_is_found() {
    let searched = search(KEYS, ACTS, STANDING_BY_ARRIVAL);
    println!("planted: {searched:?}");
    assert!(searched.disagreement.is_some());
}

#[test]
fn lateness_that_depends_on_arrival_is_found() {
    let searched = search(LOCKS, ACTS, LATE_BY_ARRIVAL);
    println!("planted: {searched:?}");
    assert!(searched.disagreement.is_some());
}
