//! Every attack ends as the table says, and gets through where its check is taken away.

use peak_alloc::PeakAlloc;
use taizhang_core::planted::{Check, Planted};
use taizhang_tests::{
    attacks::{Bench, Removal, Theme, page, table},
    mutate::Meter,
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What docs/threat-model.md says of each attack is what the table says: `--bin attacks -- --page` writes it.
#[test]
fn the_threat_model_holds_the_table() {
    let document = include_str!("../../docs/threat-model.md");
    let attacks = table();
    assert!(attacks.len() >= 60, "{} attacks", attacks.len());
    let with_none = attacks.iter().filter(|a| matches!(a.check, Removal::Nothing(_))).count();
    assert!(with_none <= 3, "{with_none} without a switch");
    for theme in Theme::ALL {
        let section = page::section(*theme, &attacks);
        assert!(document.contains(&section), "docs/threat-model.md differs, write it anew:\n{section}");
    }
}

/// A switch that no attack turns shows nothing of its check.
#[test]
fn every_switch_has_an_attack() {
    let attacks = table();
    let bugs = Planted::ALL.iter().map(|bug| Check::Bug(*bug));
    let switches = Check::ALL.iter().copied().chain(bugs).map(Removal::Off);
    let idle: Vec<String> = switches.filter(|s| !attacks.iter().any(|a| a.check == *s)).map(|s| s.to_string()).collect();
    assert!(
        idle.is_empty(),
        "no attack gets through without {}: write one in tests/src/attacks, or remove the switch",
        idle.join(", ")
    );
}

/// The others of this file are small: memory is measured over the whole process.
#[test]
fn every_attack_ends_as_the_table_says_and_without_its_check_gets_through() {
    let meter = Meter { reset: || MEMORY.reset_peak_usage(), current: || MEMORY.current_usage(), peak: || MEMORY.peak_usage() };
    let bench = Bench { meter, connections: 1_000, thief: env!("CARGO_BIN_EXE_attacks").into() };
    let attacks = table();
    let mut names: Vec<&str> = attacks.iter().map(|a| a.name).collect();
    names.sort_unstable();
    assert!(names.is_sorted_by(|a, b| a < b), "one name twice");
    let complaints: Vec<String> = attacks.iter().filter_map(|a| a.complaint(&a.try_it(&bench))).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}
