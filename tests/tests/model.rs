//! The model of admission and standing: no two nodes with the same entries disagree, and the search finds it if they do.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use taizhang_tests::model::{by_arrival, real, search};

/// As deep as the time of a test allows: debug builds are many times slower.
const ACTS: usize = if cfg!(debug_assertions) { 3 } else { 4 };

#[test]
fn no_two_nodes_with_the_same_entries_disagree() {
    let searched = search(ACTS, real);
    println!("{ACTS} acts: {searched:?}");
    assert_eq!(searched.disagreement, None);
    assert!(searched.states > 2_000 && searched.orders > searched.sets, "{searched:?}");
}

#[test]
fn standing_that_depends_on_arrival_is_found() {
    let searched = search(3, by_arrival);
    println!("planted: {searched:?}");
    assert!(searched.disagreement.is_some());
}
