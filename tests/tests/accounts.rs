//! Accounts of a small city equal what the independent evaluator says of gen.py's truth: written as rows, and by way of messy sheets. The whole city: `--bin accounts`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use serde_json::json;
use taizhang_tests::accounts::{
    bench,
    compare::{Comparison, tally},
    oracle, sheets,
    truth::{Registration, Size, Truth},
};

#[test]
fn every_teacher_equals_the_evaluators_line() {
    let report = bench::run(&Size { schools: 12, teachers: 40, years: 5 }, &|_| {});
    assert_eq!((report.comparison.teachers, report.comparison.differ), (480, 0), "{report}");
    assert_eq!(report.ours.len(), 480);
    assert_eq!(report.touched, 40);
    let seen = tally(&report.theirs);
    let words = [
        "status met",
        "status not_met",
        "reason ok",
        "reason capped",
        "reason pending_audit",
        "reason forfeit_absence",
        "reason assessment_failed",
        "reason plan_not_approved",
        "reason plan_approved_late",
        "finding duplicate_registration",
    ];
    words.iter().for_each(|w| assert!(seen.contains_key(*w), "no {w} among {seen:?}"));
}

#[test]
fn an_hour_less_in_the_truth_is_noticed() {
    let size = Size { schools: 2, teachers: 3, years: 1 };
    let report = bench::run(&size, &|_| {});
    assert_eq!((report.comparison.teachers, report.comparison.differ), (6, 0), "{report}");
    let dir = tempfile::tempdir().unwrap();
    size.generate(dir.path(), false);
    let mut truth = Truth::read(dir.path());
    let counts = |r: &&mut Registration| r.approved && r.activity.ends_with("-001") && r.attended_h100 == 3200;
    let changed = truth.registrations.iter_mut().find(counts).unwrap();
    changed.attended_h100 -= 100;
    let teacher = changed.teacher.clone();
    let theirs = oracle::evaluate(&oracle::cases(&truth, &size.last_day()), dir.path());
    let found = Comparison::of(&report.ours, &theirs);
    assert_eq!((found.teachers, found.differ), (6, 1), "{found}");
    assert!(found.shown[0].starts_with(&teacher), "{found}");
}

#[test]
fn a_difference_is_counted_and_shown() {
    let theirs = json!({"status": "met", "findings": [], "cycle": {"online": {"h100": 100}}});
    let mut ours = theirs.clone();
    ours["cycle"]["online"]["h100"] = 99.into();
    let of = |v: &serde_json::Value| [("1".to_owned(), v.clone()), ("2".to_owned(), theirs.clone())].into();
    assert_eq!(Comparison::of(&of(&theirs), &of(&theirs)).differ, 0);
    let found = Comparison::of(&of(&ours), &of(&theirs));
    assert_eq!((found.teachers, found.differ), (2, 1));
    assert!(found.shown[0].starts_with("1\n  cycle: we {\"online\":{\"h100\":99}}"), "{}", found.shown[0]);
    let missing = Comparison::of(&Default::default(), &of(&theirs));
    assert_eq!((missing.teachers, missing.differ), (2, 2));
}

#[test]
fn messy_sheets_come_to_the_same_accounts() {
    let report = sheets::run(&Size { schools: 6, teachers: 40, years: 5 }, &|_| {});
    assert!(report.violations().is_empty(), "{report}\n{:?}", report.violations());
    assert!(report.injected > 500, "{}", report.injected);
    let seen = tally(&report.theirs);
    let words = ["status met", "status not_met", "reason ok", "reason forfeit_absence", "reason plan_not_approved"];
    words.iter().for_each(|w| assert!(seen.contains_key(*w), "no {w} among {seen:?}"));
}
