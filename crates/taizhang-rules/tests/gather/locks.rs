//! What a lock's positions decide: in the ledger days of locks decide nothing.

use taizhang_core::rows::{Unlock, Verdict};
use taizhang_rules::case::{Audit, Case};

use super::kit::*;

fn start() -> Net {
    let mut n = Net::new();
    let (roster, notice) = (n.roster(), n.notice());
    n.put(Who::Clerk, roster, &teacher("T1", "2000-09-01"));
    n.put(Who::Clerk, roster, &status("T1", "stage", "primary", "2000-09-01"));
    n.put(Who::CountyClerk, notice, &activity("A1"));
    n.put(Who::CountyClerk, notice, &activity("A2"));
    n
}

fn case(n: &Net) -> Case {
    let case = n.facts().case("T1", day("2011-12-31")).unwrap();
    assert_eq!(case.locks, [], "days of locks reach no case");
    assert_eq!(n.arrived(7).case("T1", day("2011-12-31")).unwrap(), case);
    case
}

fn hours(case: &Case) -> Vec<(u32, Audit)> {
    case.registrations.iter().map(|r| (r.attended_h100, r.audit)).collect()
}

#[test]
fn a_late_row_is_out_however_it_is_dated_until_it_is_accepted() {
    let mut n = start();
    n.put(Who::Clerk, n.hours(), &registration("A1", "T1", 3800));
    let lock = n.lock();
    // Its day, 2010-08-01, lies before that of the lock.
    let late = n.put(Who::Clerk, n.hours(), &registration("A2", "T1", 1200));
    n.put(Who::CountyReviewer, n.review(), &decision(n.hours(), &[late], Verdict::Approved));
    assert_eq!(hours(&case(&n)), [(3800, Audit::Pending)], "neither the row nor the decision on it");
    n.accept(late.entry);
    assert_eq!(hours(&case(&n)).len(), 2, "the row is in, and waits for its decision");
    assert!(hours(&case(&n)).contains(&(1200, Audit::Pending)));
    n.replace(Who::CountyReviewer, n.review(), &row(&Unlock { year: 2010, reason: "更正".into() }), &[lock]);
    assert!(hours(&case(&n)).contains(&(1200, Audit::Approved)));
}

#[test]
fn an_accepted_correction_counts_although_it_is_dated_after_the_lock() {
    let mut n = start();
    let first = n.put(Who::Clerk, n.hours(), &registration("A1", "T1", 3800));
    n.put(Who::CountyReviewer, n.review(), &decision(n.hours(), &[first], Verdict::Approved));
    n.lock();
    let mut corrected = registration_row("A1", "T1", 2000);
    corrected.registered_day = day("2011-03-01");
    let late = n.replace(Who::Clerk, n.hours(), &row(&corrected), &[first]);
    assert_eq!(hours(&case(&n)), [(3800, Audit::Approved)], "what it wanted to replace stays");
    n.accept(late.entry);
    assert_eq!(hours(&case(&n)), [(3800, Audit::Approved)], "a correction displaces nothing before it is approved itself");
    let before = n.review();
    let approval = n.facts().book().lines.iter().find(|l| l.hands == [first]).unwrap().approval.clone();
    let taizhang_core::view::decision::Approval::Approved { by } = approval else { panic!("{approval:?}") };
    n.replace(Who::CountyReviewer, before, &decision(n.hours(), &[late], Verdict::Approved), &[by]);
    assert_eq!(hours(&case(&n)), [(2000, Audit::Approved)]);
}

#[test]
fn a_fact_of_the_locked_year_that_came_later_changes_no_account() {
    let mut n = start();
    n.lock();
    n.put(Who::Clerk, n.roster(), &status("T1", "head_teacher", "yes", "2010-09-01"));
    assert_eq!(case(&n).teacher.roles, []);
    n.put(Who::Clerk, n.roster(), &status("T1", "head_teacher", "yes", "2011-01-01"));
    assert_eq!(case(&n).teacher.roles.len(), 1);
}
