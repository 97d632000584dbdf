//! A few days of the simulator in every test run; the binary `sim` runs hundreds and thousands.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use taizhang_tests::sim::{
    Bug, Mode, closed_logs, flaps, invited_and_came_elsewhere, invited_before_the_move, moved_and_merged, moved_where_no_line_is,
    run, run_in, sixty_late_rows,
};

#[test]
fn bad_days_end_well_and_can_be_replayed() {
    for seed in 0..12 {
        let first = run(seed, None, false);
        assert_eq!(first.failure, None, "seed {seed}");
        assert_eq!(first.hash, run(seed, None, true).hash, "seed {seed} is not the same twice");
    }
}

#[test]
fn every_bug_has_a_name_of_its_own() {
    let bugs = Bug::all();
    assert!(bugs.len() >= 20);
    assert!(bugs.iter().all(|b| Bug::parse(&b.name()) == Some(*b)));
}

#[test]
fn bugs_that_lose_data_are_seen() {
    for name in ["AckBeforeCommit", "NewestFirst", "AckCountedTwice", "SyncsSkipped"] {
        let bug = Bug::parse(name);
        assert!(bug.is_some(), "{name}");
        assert!((0..40).any(|seed| run(seed, bug, false).failure.is_some()), "{name} is not caught");
    }
}

#[test]
fn a_lock_that_is_ignored_is_seen() {
    let bug = Bug::parse("LockIgnored");
    assert!(bug.is_some());
    assert!((0..40).any(|seed| run(seed, bug, false).failure.is_some()));
}

#[test]
fn three_hundred_closed_logs_cost_what_one_costs() {
    let day = closed_logs();
    assert_eq!(day.failure, None);
    // 200 to the county, and 200 from there to the city: none twice.
    assert_eq!(day.delivered, 400);
    assert!(day.tips_bytes < 1024, "{} bytes of tips", day.tips_bytes);
}

#[test]
fn ten_thousand_flaps_cost_the_same_each() {
    let (day, first, last) = flaps(10_000);
    assert_eq!(day.failure, None);
    assert_eq!((first, day.delivered), (last, 0));
    assert!(last <= 4, "{last} frames to find that nothing changed");
}

#[test]
fn among_cheats_every_honest_entry_arrives_and_stands() {
    // 50 and 195: what a cheat delays may arrive after it has left.
    for seed in [0, 1, 2, 50, 195] {
        let first = run_in(Mode::Dishonest, seed, None, false);
        assert_eq!(first.failure, None, "seed {seed}");
        assert!(first.misdeeds.honest > 0, "seed {seed}");
        assert_eq!(first.hash, run_in(Mode::Dishonest, seed, None, true).hash, "seed {seed} is not the same twice");
    }
}

#[test]
fn checks_that_matter_against_cheats_are_missed_when_taken_out() {
    for name in [
        "SignaturesUnchecked",
        "UnknownTipsTrusted",
        "ScopeIgnored",
        "GrantKeyUnchecked",
        "RegisterReplacesUnchecked",
        "BranchLimitIgnored",
    ] {
        let bug = Bug::parse(name);
        assert!(bug.is_some(), "{name}");
        assert!((0..20).any(|seed| run_in(Mode::Dishonest, seed, bug, false).failure.is_some()), "{name} is not caught");
    }
}

#[test]
fn a_school_that_moves_is_read_by_its_new_county_at_once_and_a_merged_one_by_its_successor() {
    assert_eq!(moved_and_merged().failure, None);
}

#[test]
fn a_county_knows_a_school_that_the_city_moved_to_it_before_any_line_stands() {
    assert_eq!(moved_where_no_line_is().failure, None);
}

#[test]
fn an_invite_of_the_county_that_a_school_has_left_is_not_used_up() {
    assert_eq!(invited_before_the_move().failure, None);
}

#[test]
fn a_county_that_had_a_school_for_a_while_does_not_keep_the_use_of_its_invite() {
    assert_eq!(invited_and_came_elsewhere().failure, None);
}

#[test]
fn sixty_rows_that_arrive_after_a_lock_are_kept_shown_and_count_once_it_is_opened() {
    assert_eq!(sixty_late_rows().failure, None);
}
