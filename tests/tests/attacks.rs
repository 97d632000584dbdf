//! Every attack ends as the table says, and gets through where its check is taken away.

use peak_alloc::PeakAlloc;
use taizhang_tests::{
    attacks::{Bench, table},
    mutate::Meter,
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// One test in this file: memory is measured over the whole process.
#[test]
fn every_attack_ends_as_the_table_says_and_without_its_check_gets_through() {
    let meter = Meter { reset: || MEMORY.reset_peak_usage(), current: || MEMORY.current_usage(), peak: || MEMORY.peak_usage() };
    let bench = Bench { meter };
    let attacks = table();
    let mut names: Vec<&str> = attacks.iter().map(|a| a.name).collect();
    names.sort_unstable();
    assert!(names.is_sorted_by(|a, b| a < b), "one name twice");
    let complaints: Vec<String> = attacks.iter().filter_map(|a| a.complaint(&a.try_it(&bench))).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}
