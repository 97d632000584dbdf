//! From entries to accounts, in any order of arrival; only what changed is evaluated again.

use std::collections::BTreeSet;

use taizhang_core::{
    id::{DocId, Kind, OrgId},
    op::RowName,
    rows::{PlanVerdict, Verdict},
};
use taizhang_rules::{
    account::Reason,
    gather::{Accounts, Facts},
};

use super::{kit::*, policies::adopt};

/// Three teachers of one school and one of another, with hours in an approved activity.
fn city() -> (Net, Vec<RowName>) {
    let mut n = Net::new();
    adopt(&mut n, "wuhan-2008", "2008-01-01");
    let plan = n.put(Who::CountyClerk, n.notice(), &activity("A1")).in_document(n.notice());
    n.put(Who::CityReviewer, n.city_review(n.county), &plan_decision(plan, PlanVerdict::Approved, "2010-05-01", false));
    for no in ["T1", "T2", "T3"] {
        n.put_all(Who::Clerk, n.roster(), &[teacher(no, "2000-09-01"), status(no, "stage", "primary", "2000-09-01")]);
    }
    let roster2 = DocId::of(n.school2, Kind::Roster);
    n.put_all(Who::Clerk2, roster2, &[teacher("T4", "2000-09-01"), status("T4", "stage", "primary", "2000-09-01")]);
    let names = ["T1", "T2", "T3"].map(|no| n.put(Who::Clerk, n.hours(), &registration("A1", no, 3900)));
    (n, names.to_vec())
}

fn recognised(accounts: &Accounts, no: &str) -> Vec<(u32, Reason)> {
    accounts.get(no).unwrap().1.activities.iter().map(|a| (a.h100, a.reason)).collect()
}

#[test]
fn hours_count_once_they_are_approved() {
    let (mut n, lines) = city();
    let as_of = day("2010-12-31");
    assert_eq!(recognised(&Accounts::all(&n.facts(), as_of), "T1"), [(0, Reason::PendingAudit)]);
    n.put(Who::CountyReviewer, n.review(), &decision(n.hours(), &lines, Verdict::Approved));
    // Concentrated training is for the city to audit (WH-AUTH-CONC).
    let by_county = Accounts::all(&n.facts(), as_of);
    assert_eq!(recognised(&by_county, "T1"), [(0, Reason::AuditorNotCompetent)]);
    assert_eq!(by_county.get("T1").unwrap().1.activities[0].cite.rule.as_ref(), "WH-AUTH-CONC");
    assert_eq!(by_county.get("T1").unwrap().1.buckets["concentrated"].pending_h100, 3900);
    n.put(Who::CityReviewer, n.city_review(n.school), &decision(n.hours(), &lines, Verdict::Approved));
    let accounts = Accounts::all(&n.facts(), as_of);
    assert_eq!(recognised(&accounts, "T1"), [(3900, Reason::Ok)]);
    assert_eq!(accounts.get("T1").unwrap().1.policy.as_ref(), "wuhan-2008");
    assert_eq!(accounts.get("T1").unwrap().1.open, []);
    assert_eq!(accounts.iter().map(|(no, _)| no).collect::<Vec<_>>(), ["T1", "T2", "T3", "T4"]);
}

#[test]
fn without_a_policy_nothing_counts_and_nothing_fails() {
    let mut n = Net::new();
    n.put(Who::Clerk, n.roster(), &teacher("T1", "2000-09-01"));
    n.put(Who::CountyClerk, n.notice(), &activity("A1"));
    n.put(Who::Clerk, n.hours(), &registration("A1", "T1", 3900));
    let accounts = Accounts::all(&n.facts(), day("2010-12-31"));
    assert_eq!(recognised(&accounts, "T1"), [(0, Reason::NoPolicy)]);
}

#[test]
fn only_touched_teachers_are_evaluated_again() {
    let (mut n, lines) = city();
    let mut before = n.facts();
    let mut accounts = Accounts::new(day("2010-12-31"));
    let all: BTreeSet<String> = before.teachers().map(|t| t.number.clone()).collect();
    assert_eq!(accounts.update(&before, &all), 4);
    let mut step = |n: &Net| {
        let after = n.facts();
        let touched = after.touched(&before);
        let evaluated = accounts.update(&after, &touched);
        let whole = Accounts::all(&after, accounts.as_of());
        assert!(accounts.iter().eq(whole.iter()), "the same as from the beginning");
        before = after;
        (evaluated, touched.into_iter().collect::<Vec<_>>().join(" "))
    };
    assert_eq!(step(&n), (0, String::new()));
    n.put(Who::CountyReviewer, n.review(), &decision(n.hours(), &lines[1..], Verdict::Approved));
    assert_eq!(step(&n), (2, "T2 T3".into()));
    n.put(Who::Clerk, n.roster(), &status("T1", "head_teacher", "yes", "2009-09-01"));
    assert_eq!(step(&n), (1, "T1".into()));
    n.put(Who::CountyClerk, n.notice(), &activity("A2"));
    assert_eq!(step(&n), (0, String::new()), "nobody has hours in it");
    n.replace(Who::Clerk, n.hours(), &registration("A2", "T1", 500), &[lines[0]]);
    assert_eq!(step(&n), (1, "T1".into()));
    n.put(Who::Clerk2, DocId::of(n.school2, Kind::Roster), &teacher("T5", "2010-09-01"));
    assert_eq!(step(&n), (1, "T5".into()));
    adopt(&mut n, "shandong-2015", "2015-01-01");
    assert_eq!(step(&n).0, 5, "another policy concerns everybody");
}

#[test]
fn whoever_is_gone_is_forgotten() {
    let (n, _) = city();
    let full = n.facts();
    let mut accounts = Accounts::all(&full, day("2010-12-31"));
    let empty = Net::new().facts();
    assert_eq!(accounts.update(&empty, &empty.touched(&full)), 0);
    assert_eq!(accounts.iter().count(), 0);
}

#[test]
fn the_order_of_arrival_changes_nothing() {
    let (mut n, lines) = city();
    n.put(Who::CountyReviewer, n.review(), &decision(n.hours(), &lines[..2], Verdict::Approved));
    n.put(Who::CityReviewer, n.city_review(n.school), &decision(n.hours(), &lines[..1], Verdict::Rejected));
    n.replace(Who::Clerk, n.hours(), &registration("A1", "T2", 100), &lines[1..2]);
    n.put(Who::Clerk, n.hours(), &registration("A1", "T3", 4000));
    n.put(Who::Clerk, n.hours(), &row(&elsewhere_row(Some(&[1]), "T1", 800)));
    n.put(Who::Clerk, n.hours(), &registration("A9", "T1", 800));
    n.put(Who::Clerk2, DocId::of(n.school2, Kind::Roster), &teacher("T1", "2000-09-01"));
    adopt(&mut n, "shandong-2015", "2008-01-01");
    let (facts, as_of) = (n.facts(), day("2010-12-31"));
    let accounts = Accounts::all(&facts, as_of);
    for seed in 1..=24 {
        let again = n.arrived(seed);
        assert_eq!(again.touched(&facts), BTreeSet::new(), "seed {seed}");
        assert!(Accounts::all(&again, as_of).iter().eq(accounts.iter()), "seed {seed}");
    }
}

/// Schools with teachers, each with so many registrations of one activity a year.
fn large(schools: u16, teachers: u16, years: u16) -> Facts {
    let mut n = Net::new();
    adopt(&mut n, "wuhan-2008", "2008-01-01");
    let clerks: Vec<OrgId> = vec![n.school, n.school2];
    for year in 0..years {
        let notice = DocId::of_year(n.county, Kind::Notice, 2008 + year);
        let rows: Vec<Row> = (0..5).map(|a| activity(&format!("A{year}-{a}"))).collect();
        n.put_all(Who::CountyClerk, notice, &rows);
    }
    for school in 0..schools {
        let (who, org) = if school % 2 == 0 { (Who::Clerk, clerks[0]) } else { (Who::Clerk2, clerks[1]) };
        let numbers: Vec<String> = (0..teachers).map(|t| format!("T{school}-{t}")).collect();
        let people = numbers.iter().flat_map(|no| [teacher(no, "2000-09-01"), status(no, "stage", "primary", "2000-09-01")]);
        n.put_all(who, DocId::of(org, Kind::Roster), &people.collect::<Vec<_>>());
        for year in 0..years {
            let document = DocId::of_year(org, Kind::Ledger, 2008 + year);
            let rows = numbers.iter().flat_map(|no| (0..5).map(move |a| registration(&format!("A{year}-{a}"), no, 800)));
            n.put_all(who, document, &rows.collect::<Vec<_>>());
        }
    }
    n.facts()
}

#[test]
fn every_registration_of_many_is_found_once() {
    let facts = large(6, 20, 3);
    let accounts = Accounts::all(&facts, day("2010-12-31"));
    assert_eq!(accounts.iter().count(), 120);
    assert!(
        accounts
            .iter()
            .all(|(_, (case, _))| case.registrations.len() == 15 && case.activities.len() == 15 && case.open.is_empty())
    );
}

#[test]
fn a_moved_record_counts_where_the_old_county_carries_it() {
    let mut n = Net::new();
    let (hours, review, notice) = (n.hours(), n.review(), n.city_review(n.county));
    adopt(&mut n, "wuhan-2008", "2008-01-01");
    let far_roster = DocId::of(n.far_school, Kind::Roster);
    n.put_all(Who::FarClerk, far_roster, &[teacher("T1", "2000-09-01"), status("T1", "stage", "primary", "2000-09-01")]);
    let announced = row(&taizhang_core::rows::Activity {
        level: taizhang_core::rows::Level::School,
        ..activity_row("S1", taizhang_core::rows::ActivityKind::SchoolBased)
    });
    let plan = n.put(Who::Clerk, hours, &announced);
    let approved = plan_decision(plan.in_document(hours), PlanVerdict::Approved, "2010-05-01", false);
    let planned = n.put(Who::CountyReviewer, review, &approved);
    let registered = registration("S1", "T1", 3900);
    let line = n.put(Who::Clerk, hours, &registered);
    let decided = decision(hours, &[line], Verdict::Approved);
    let by = n.put(Who::CountyReviewer, review, &decided);
    let lines = [
        record_line(hours, plan, &announced),
        record_line(hours, line, &registered),
        record_line(review, planned, &approved),
        record_line(review, by, &decided),
    ];
    let as_of = day("2010-12-31");
    let whole = Accounts::all(&n.facts(), as_of);
    assert_eq!(recognised(&whole, "T1"), [(3900, Reason::Ok)]);
    // The new county holds neither the old school's documents nor the old county's reviews.
    let away = |d: &DocId| ![d.concerns(), d.owner].iter().any(|o| [n.school, n.county].contains(o)) && *d != notice;
    assert_eq!(recognised(&Accounts::all(&n.facts_of(away), as_of), "T1"), []);
    let forged = DocId::about(n.other_county, Kind::Transfer, 2010, n.far_school);
    n.put_all(Who::OtherReviewer, forged, &lines);
    let carried = |n: &Net, transfer: DocId| {
        let of_county = [n.school, n.county];
        let holds = |d: &DocId| *d == transfer || !(of_county.contains(&d.concerns()) || of_county.contains(&d.owner));
        recognised(&Accounts::all(&n.facts_of(holds), as_of), "T1")
    };
    assert_eq!(carried(&n, forged), [], "nobody carries what lies below another county");
    let moved = DocId::about(n.county, Kind::Transfer, 2010, n.far_school);
    n.put_all(Who::CountyClerk, moved, &lines[..2]);
    assert_eq!(carried(&n, moved).first().map(|(h100, _)| *h100), Some(0), "carried, and not decided");
    n.put_all(Who::CountyClerk, moved, &lines[2..]);
    assert_eq!(carried(&n, moved).first().map(|(h100, _)| *h100), Some(0), "a clerk carries no decisions");
    n.put_all(Who::CountyReviewer, moved, &lines[2..]);
    assert_eq!(carried(&n, moved), [(3900, Reason::Ok)]);
    assert_eq!(
        recognised(&Accounts::all(&n.facts(), as_of), "T1"),
        [(3900, Reason::Ok)],
        "where the rows are at hand they are not asked twice"
    );
}
