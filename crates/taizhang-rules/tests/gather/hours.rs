//! Activities, plans, registrations, recognitions, merges.

use taizhang_core::{
    id::{DocId, Kind},
    op::RowName,
    rows::{ActivityKind, Merge, Plan as PlanRow, PlanScope, PlanVerdict, RegisteredBy, Verdict},
};
use taizhang_rules::{
    case::{Audit, Case, Kind as CaseKind, Plan, Registrar, Seat},
    gather::Waiting,
};

use super::kit::*;

/// The city has nobody above it.
const TOP: Option<Seat> = Some(Seat::Province);
const COUNTY: Option<Seat> = Some(Seat::County);

/// A teacher `T1`, and the activity `A1` in the county's notice.
fn start() -> (Net, RowName) {
    let mut n = Net::new();
    let (roster, notice) = (n.roster(), n.notice());
    n.put(Who::Clerk, roster, &teacher("T1", "2000-09-01"));
    n.put(Who::Clerk, roster, &status("T1", "stage", "primary", "2000-09-01"));
    let activity = n.put(Who::CountyClerk, notice, &activity("A1"));
    (n, activity)
}

fn case(n: &Net) -> Case {
    n.facts().case("T1", day("2010-12-31")).unwrap()
}

fn open(case: &Case) -> Vec<String> {
    case.open.iter().map(|o| format!("{} {}", o.what, o.about)).collect()
}

#[test]
fn every_field_of_a_registration_reaches_the_case() {
    let (mut n, plan) = start();
    let named = plan.in_document(n.notice());
    let county = n.city_review(n.county);
    n.put(Who::CityReviewer, county, &plan_decision(named, PlanVerdict::Approved, "2010-05-01", false));
    let line = n.put(Who::Clerk, n.hours(), &registration("A1", "T1", 3800));
    n.put(Who::CountyReviewer, n.review(), &decision(n.hours(), &[line], Verdict::Approved));
    let case = case(&n);
    let activity = &case.activities[0];
    assert_eq!(
        (activity.id.as_str(), activity.title.as_str(), activity.kind),
        ("A1", "暑期集中培训", Some(CaseKind::Concentrated))
    );
    assert_eq!((activity.start, activity.end, activity.planned_h100), (day("2010-07-12"), day("2010-07-16"), 4000));
    assert_eq!(activity.plan, Plan::Approved { decided: day("2010-05-01"), retroactive: false, by: TOP });
    let r = &case.registrations[0];
    assert_eq!(
        (r.id.clone(), r.activity.as_str(), r.by, r.at),
        (line.to_string(), "A1", Registrar::Organiser, day("2010-08-01"))
    );
    assert_eq!(
        (r.attended_h100, r.audit, r.days, r.online_complete, r.substitute_allowed),
        (3800, Audit::Approved, 5, Some(true), true)
    );
    assert_eq!(r.leave_halfdays, 2, "0.51 days: a half-day begun is one");
    assert_eq!(case.open, []);
    let facts = n.facts();
    assert_eq!(facts.row_names("T1").len(), 3, "teacher, status, registration");
    assert!(facts.case("T9", day("2010-12-31")).is_none(), "no roster has T9");
}

#[test]
fn plans_are_decided_above_their_owner() {
    // Who decides, in a review about whom, what, and what comes of it.
    let approved = |day_, retroactive| Plan::Approved { decided: day(day_), retroactive, by: TOP };
    type Said = (Who, bool, PlanVerdict, &'static str, bool);
    let city = (Who::CityReviewer, true, PlanVerdict::Approved, "2010-05-01", false);
    let table: &[(&[Said], Plan)] = &[
        (&[], Plan::NotApproved),
        (&[city], approved("2010-05-01", false)),
        (&[(Who::CityReviewer, true, PlanVerdict::Approved, "2010-08-01", true)], approved("2010-08-01", true)),
        (&[(Who::CityReviewer, true, PlanVerdict::Returned, "2010-05-01", false)], Plan::NotApproved),
        (&[(Who::CityReviewer, true, PlanVerdict::Refused, "2010-05-01", false)], Plan::NotApproved),
        (&[city, city], approved("2010-05-01", false)),
        (&[city, (Who::CityReviewer, true, PlanVerdict::Approved, "2010-08-01", true)], Plan::Undecided),
        (&[city, (Who::CityReviewer, true, PlanVerdict::Refused, "2010-06-01", false)], Plan::Undecided),
        // About another subject than the plan's owner.
        (&[(Who::CityReviewer, false, PlanVerdict::Approved, "2010-05-01", false)], Plan::NotApproved),
        // The county decides on its schools' plans, not on its own.
        (&[(Who::CountyReviewer, false, PlanVerdict::Approved, "2010-05-01", false)], Plan::NotApproved),
        (&[(Who::OtherReviewer, false, PlanVerdict::Approved, "2010-05-01", false)], Plan::NotApproved),
    ];
    for (at, (said, wanted)) in table.iter().enumerate() {
        let (mut n, plan) = start();
        n.put(Who::Clerk, n.hours(), &registration("A1", "T1", 3800));
        for (who, of_county, verdict, day, retroactive) in *said {
            let review = match who {
                Who::CityReviewer => n.city_review(if *of_county { n.county } else { n.school }),
                Who::CountyReviewer => n.review(),
                _ => DocId::about(n.other_county, Kind::Review, 2010, n.far_school),
            };
            let named = plan.in_document(n.notice());
            n.put(*who, review, &plan_decision(named, *verdict, day, *retroactive));
        }
        assert_eq!(case(&n).activities[0].plan, *wanted, "line {at}");
    }
}

#[test]
fn a_plan_that_a_notice_announces_may_be_decided_in_a_notice_from_above() {
    let approved = Plan::Approved { decided: day("2010-05-01"), retroactive: false, by: TOP };
    let table = [(Who::CityReviewer, approved), (Who::CityClerk, Plan::NotApproved), (Who::CountyReviewer, Plan::NotApproved)];
    for (who, wanted) in table {
        let (mut n, plan) = start();
        n.put(Who::Clerk, n.hours(), &registration("A1", "T1", 3800));
        let of_city = DocId::of_year(n.city, Kind::Notice, 2010);
        let document = if who == Who::CountyReviewer { n.notice() } else { of_city };
        n.put(who, document, &plan_decision(plan.in_document(n.notice()), PlanVerdict::Approved, "2010-05-01", false));
        assert_eq!(case(&n).activities[0].plan, wanted, "{who:?}");
    }
}

#[test]
fn a_new_version_of_a_plan_needs_a_new_decision() {
    let mut n = Net::new();
    let (roster, hours) = (n.roster(), n.hours());
    n.put(Who::Clerk, roster, &teacher("T1", "2000-09-01"));
    let plan_row = |version, submitted| {
        row(&PlanRow {
            no: "P1".into(),
            version,
            scope: PlanScope::Semester,
            period: "2010-1".into(),
            activities: vec!["A1".into()],
            audience: None,
            seats: None,
            content: None,
            credit_standard: None,
            assessment_method: None,
            lecturers: None,
            budget_fen: None,
            submit_to: n.county,
            file_with: None,
            submitted_day: day(submitted),
            evidence: None,
            reason: None,
        })
    };
    let (first, second) = (plan_row(1, "2010-02-01"), plan_row(2, "2010-03-01"));
    let one = n.put(Who::Clerk, hours, &first);
    let own = taizhang_core::rows::Activity { plan: Some(one.here()), ..activity_row("A1", ActivityKind::SchoolBased) };
    n.put(Who::Clerk, hours, &row(&own));
    n.put(Who::Clerk, hours, &registration("A1", "T1", 100));
    n.put(Who::CountyReviewer, n.review(), &plan_decision(one.in_document(hours), PlanVerdict::Approved, "2010-02-20", false));
    let approved = case(&n).activities[0].clone();
    assert_eq!(
        (approved.plan, approved.submitted),
        (Plan::Approved { decided: day("2010-02-20"), retroactive: false, by: COUNTY }, Some(day("2010-02-01")))
    );
    let two = n.replace(Who::Clerk, hours, &second, &[one]);
    let changed = case(&n).activities[0].clone();
    assert_eq!((changed.plan, changed.submitted), (Plan::NotApproved, Some(day("2010-03-01"))));
    n.put(Who::CountyReviewer, n.review(), &plan_decision(two.in_document(hours), PlanVerdict::Approved, "2010-03-20", false));
    assert_eq!(case(&n).activities[0].plan, Plan::Approved { decided: day("2010-03-20"), retroactive: false, by: COUNTY });
}

#[test]
fn the_approved_registrations_go_to_the_engine_else_those_that_wait() {
    use Verdict::{Approved, Rejected, Returned};
    // Verdicts on the school's 3800, on the school's rival 3900, on the county's 3700; what is given, what is open.
    type Line =
        (Option<Verdict>, Option<Option<Verdict>>, Option<Option<Verdict>>, &'static [(u32, Audit)], &'static [&'static str]);
    let table: &[Line] = &[
        (None, None, None, &[(3800, Audit::Pending)], &[]),
        (Some(Returned), None, None, &[(3800, Audit::Returned)], &[]),
        (Some(Rejected), None, None, &[(3800, Audit::Rejected)], &[]),
        (None, None, Some(None), &[(3700, Audit::Pending), (3800, Audit::Pending)], &[]),
        (Some(Approved), None, Some(None), &[(3800, Audit::Approved)], &[]),
        (None, None, Some(Some(Rejected)), &[(3800, Audit::Pending)], &[]),
        (Some(Approved), None, Some(Some(Approved)), &[(3700, Audit::Approved), (3800, Audit::Approved)], &[]),
        (None, Some(None), None, &[(3800, Audit::Pending), (3900, Audit::Pending)], &["rivals A1"]),
        (Some(Approved), Some(None), None, &[(3800, Audit::Approved)], &[]),
        (Some(Approved), Some(Some(Approved)), None, &[(3800, Audit::Pending), (3900, Audit::Pending)], &["rivals A1"]),
        (None, Some(Some(Rejected)), None, &[(3800, Audit::Pending)], &[]),
        (None, Some(None), Some(Some(Approved)), &[(3700, Audit::Approved)], &["rivals A1"]),
    ];
    for (at, (own, rival, other, wanted, wanted_open)) in table.iter().enumerate() {
        let (mut n, _) = start();
        let of_county = DocId::about(n.county, Kind::Ledger, 2010, n.school);
        let decide = |n: &mut Net, who, document, row: &Row, verdict: Option<Verdict>| {
            let name = n.put(who, document, row);
            if let Some(v) = verdict {
                n.put(Who::CountyReviewer, n.review(), &decision(document, &[name], v));
            }
        };
        let hours = n.hours();
        // Approving a second one would replace the first decision: two standing ones need two reviews.
        decide(&mut n, Who::Clerk, hours, &registration("A1", "T1", 3800), *own);
        if let Some(verdict) = rival {
            decide(&mut n, Who::Clerk, hours, &registration("A1", "T1", 3900), *verdict);
        }
        if let Some(verdict) = other {
            decide(&mut n, Who::CountyClerk, of_county, &registration("A1", "T1", 3700), *verdict);
        }
        let case = case(&n);
        let mut given: Vec<(u32, Audit)> = case.registrations.iter().map(|r| (r.attended_h100, r.audit)).collect();
        given.sort();
        assert_eq!(given, *wanted, "line {at}");
        assert_eq!(open(&case), *wanted_open, "line {at}");
    }
}

#[test]
fn decisions_that_disagree_leave_the_account_open() {
    let (mut n, _) = start();
    let line = n.put(Who::Clerk, n.hours(), &registration("A1", "T1", 3800));
    n.put(Who::CountyReviewer, n.review(), &decision(n.hours(), &[line], Verdict::Approved));
    n.put(Who::CityReviewer, n.city_review(n.school), &decision(n.hours(), &[line], Verdict::Rejected));
    let case = case(&n);
    assert_eq!(case.registrations[0].audit, Audit::Undecided);
    assert_eq!(open(&case), ["audit_undecided A1"]);
}

#[test]
fn a_correction_waits_for_its_approval() {
    let (mut n, _) = start();
    let hours = n.hours();
    let first = n.put(Who::Clerk, hours, &registration("A1", "T1", 3800));
    n.put(Who::CountyReviewer, n.review(), &decision(hours, &[first], Verdict::Approved));
    let second = n.replace(Who::Clerk, hours, &registration("A1", "T1", 4000), &[first]);
    let given = |n: &Net| case(n).registrations.iter().map(|r| (r.attended_h100, r.audit)).collect::<Vec<_>>();
    assert_eq!(given(&n), [(3800, Audit::Approved)]);
    assert_eq!(open(&case(&n)), [""; 0]);
    n.put(Who::CountyReviewer, n.review(), &decision(hours, &[second], Verdict::Approved));
    assert_eq!(given(&n), [(4000, Audit::Approved)]);
}

#[test]
fn unknown_activities_make_hours_wait() {
    let (mut n, _) = start();
    let hours = n.hours();
    let line = n.put(Who::Clerk, hours, &registration("B7", "T1", 1200));
    let facts = n.facts();
    let case_ = facts.case("T1", day("2010-12-31")).unwrap();
    assert_eq!(case_.registrations, []);
    assert_eq!(open(&case_), ["activity_missing B7"]);
    let waits: Vec<Waiting> = facts.teacher("T1").unwrap().waiting.iter().cloned().collect();
    assert_eq!(waits, [Waiting { activity: "B7".into(), h100: 1200, why: "activity_missing" }]);
    n.put(Who::CountyReviewer, n.review(), &decision(hours, &[line], Verdict::Rejected));
    assert_eq!(open(&case(&n)), [""; 0], "what was refused waits for nothing");
    // Announced twice, differently.
    n.put(Who::CountyClerk, n.notice(), &activity("B8"));
    let other = taizhang_core::rows::Activity { planned_h100: 1, ..activity_row("B8", ActivityKind::Concentrated) };
    n.put(Who::CountyClerk, n.notice(), &row(&other));
    n.put(Who::Clerk, hours, &registration("B8", "T1", 800));
    assert_eq!(open(&case(&n)), ["activity_undecided B8"]);
}

#[test]
fn trainings_elsewhere_need_the_county() {
    use Verdict::{Approved, Rejected};
    type Line = (&'static [(Who, Verdict, Option<u32>)], Audit, bool, u32, &'static [&'static str]);
    let table: &[Line] = &[
        (&[], Audit::Pending, false, 2400, &[]),
        (&[(Who::CountyReviewer, Approved, None)], Audit::Approved, true, 2400, &[]),
        (&[(Who::CountyReviewer, Approved, Some(2000))], Audit::Approved, true, 2000, &[]),
        (&[(Who::CountyReviewer, Approved, Some(9000))], Audit::Approved, true, 2400, &[]),
        (&[(Who::CountyReviewer, Rejected, None)], Audit::Rejected, false, 2400, &[]),
        (&[(Who::CityReviewer, Approved, None)], Audit::Approved, true, 2400, &[]),
        (
            &[(Who::CountyReviewer, Approved, None), (Who::CityReviewer, Rejected, None)],
            Audit::Pending,
            false,
            2400,
            &["recognition_undecided x/07"],
        ),
        // Another county has nothing to say about this school.
        (&[(Who::OtherReviewer, Approved, None)], Audit::Pending, false, 2400, &[]),
    ];
    for (at, (said, audit, recognised, planned, wanted_open)) in table.iter().enumerate() {
        let (mut n, _) = start();
        let line = n.put(Who::Clerk, n.hours(), &row(&elsewhere_row(Some(&[7]), "T1", 2400)));
        for (who, verdict, h100) in *said {
            let review = match who {
                Who::CountyReviewer => n.review(),
                Who::CityReviewer => n.city_review(n.school),
                _ => DocId::about(n.other_county, Kind::Review, 2010, n.far_school),
            };
            n.put(*who, review, &recognition(line.in_document(n.hours()), "T1", *h100, *verdict));
        }
        let case = case(&n);
        let (activity, r) = (&case.activities[0], &case.registrations[0]);
        assert_eq!((r.audit, activity.recognised, activity.planned_h100), (*audit, *recognised, *planned), "line {at}");
        assert_eq!(matches!(activity.plan, Plan::Approved { retroactive: true, .. }), *recognised, "line {at}");
        assert!(activity.outside_city, "line {at}");
        assert_eq!(open(&case), *wanted_open, "line {at}");
    }
}

#[test]
fn a_school_that_changes_an_approved_activity_asks_again() {
    let (mut n, _) = start();
    let hours = n.hours();
    let planned =
        |h100| row(&taizhang_core::rows::Activity { planned_h100: h100, ..activity_row("B1", ActivityKind::SchoolBased) });
    let first = n.put(Who::Clerk, hours, &planned(200));
    n.put(Who::CountyReviewer, n.review(), &plan_decision(first.in_document(hours), PlanVerdict::Approved, "2010-05-01", false));
    let line = n.put(Who::Clerk, hours, &registration("B1", "T1", 20_000));
    n.put(Who::CountyReviewer, n.review(), &decision(hours, &[line], Verdict::Approved));
    let before = case(&n);
    assert_eq!((before.activities[0].planned_h100, before.registrations[0].audit), (200, Audit::Approved));
    assert_eq!(open(&before), [""; 0]);
    let second = n.replace(Who::Clerk, hours, &planned(20_000), &[first]);
    let changed = case(&n);
    assert_eq!((changed.registrations[0].audit, changed.activities[0].plan), (Audit::Pending, Plan::NotApproved));
    assert_eq!(open(&changed), ["activity_changed B1"]);
    n.put(Who::CountyReviewer, n.review(), &plan_decision(second.in_document(hours), PlanVerdict::Approved, "2010-05-02", false));
    let decided = case(&n);
    assert_eq!((decided.registrations[0].audit, open(&decided).len()), (Audit::Approved, 0));
}

#[test]
fn recognition_makes_no_other_kind_of_what_was_announced_here() {
    let (mut n, _) = start();
    let line = n.put(Who::Clerk, n.hours(), &registration("A1", "T1", 3800));
    n.put(Who::CountyReviewer, n.review(), &recognition(line.in_document(n.hours()), "T1", Some(100), Verdict::Approved));
    let case = case(&n);
    assert_eq!((case.activities[0].planned_h100, case.activities[0].recognised), (4000, false));
    assert_eq!(case.registrations[0].audit, Audit::Pending);
}

#[test]
fn nobody_spends_more_days_than_a_training_lasts() {
    let (mut n, _) = start();
    let long = taizhang_core::rows::Registration { days: Some(130), ..registration_row("A1", "T1", 3800) };
    n.put(Who::Clerk, n.hours(), &row(&long));
    assert_eq!(case(&n).registrations[0].days, 5);
}

#[test]
fn an_approved_training_elsewhere_is_recognised() {
    let (mut n, _) = start();
    let line = n.put(Who::Clerk, n.hours(), &row(&elsewhere_row(Some(&[7]), "T1", 2400)));
    n.put(Who::CountyReviewer, n.review(), &decision(n.hours(), &[line], Verdict::Approved));
    let case = case(&n);
    assert!(case.activities[0].recognised && case.activities[0].planned_h100 == 2400);
    assert_eq!(case.registrations[0].audit, Audit::Approved);
    assert!(matches!(case.activities[0].plan, Plan::Approved { retroactive: true, .. }));
}

#[test]
fn one_external_id_is_one_training() {
    let (mut n, _) = start();
    let of_county = DocId::about(n.county, Kind::Ledger, 2010, n.school);
    n.put(Who::Clerk, n.hours(), &row(&elsewhere_row(Some(&[7]), "T1", 2400)));
    n.put(Who::CountyClerk, of_county, &row(&elsewhere_row(Some(&[7]), "T1", 2400)));
    assert_eq!((case(&n).registrations.len(), open(&case(&n)).len()), (1, 0), "written alike twice");
    n.put(Who::CountyClerk, of_county, &row(&elsewhere_row(Some(&[8]), "T1", 800)));
    n.put(Who::Clerk, n.hours(), &row(&elsewhere_row(Some(&[8]), "T1", 900)));
    assert_eq!(case(&n).registrations.len(), 2);
    assert_eq!(open(&case(&n)), ["rivals x/08"]);
}

#[test]
fn an_announced_activity_is_recognised_for_one_teacher() {
    let (mut n, _) = start();
    n.put(Who::Clerk, n.roster(), &teacher("T2", "2000-09-01"));
    let away = taizhang_core::rows::Activity { outside_city: Some(true), ..activity_row("A9", ActivityKind::Concentrated) };
    let named = n.put(Who::CountyClerk, n.notice(), &row(&away)).in_document(n.notice());
    n.put_all(Who::Clerk, n.hours(), &[registration("A9", "T1", 3800), registration("A9", "T2", 3800)]);
    n.put(Who::CountyReviewer, n.review(), &recognition(named, "T1", Some(3000), Verdict::Approved));
    let of = |no: &str| n.facts().case(no, day("2010-12-31")).unwrap().activities[0].clone();
    assert_eq!((of("T1").recognised, of("T1").planned_h100, of("T1").outside_city), (true, 3000, true));
    assert_eq!((of("T2").recognised, of("T2").planned_h100), (false, 4000));
}

#[test]
fn merges_take_rows_away_unless_they_contradict_each_other() {
    let (mut n, _) = start();
    let hours = n.hours();
    let kept = n.put(Who::Clerk, hours, &registration("A1", "T1", 3800));
    let other = n.put(Who::Clerk, hours, &row(&elsewhere_row(Some(&[7]), "T1", 3800)));
    let merge = |keep: RowName, drop: RowName| {
        row(&Merge { keep: keep.in_document(hours), drop: vec![drop.in_document(hours)], reason: None })
    };
    let one = n.put(Who::CountyReviewer, n.review(), &merge(kept, other));
    let facts = n.facts();
    assert_eq!(facts.case("T1", day("2010-12-31")).unwrap().registrations.len(), 1);
    assert_eq!(facts.teacher("T1").unwrap().merged.iter().copied().collect::<Vec<_>>(), [(other, kept)]);
    n.put(Who::CityReviewer, n.city_review(n.school), &merge(other, kept));
    let case_ = case(&n);
    assert_eq!(case_.registrations.len(), 2, "each drops the other: neither is dropped");
    assert_eq!(case_.open.iter().filter(|o| o.what == "merge_undecided").count(), 2);
    // Two numbers of one activity.
    let (mut n, first) = start();
    let second = n.put(Who::CountyClerk, n.notice(), &activity("A2"));
    n.put(Who::Clerk, n.hours(), &registration("A1", "T1", 3800));
    n.put(Who::Clerk, n.hours(), &registration("A2", "T1", 3700));
    let (keep, drop) = (first.in_document(n.notice()), vec![second.in_document(n.notice())]);
    n.put(Who::CityReviewer, n.city_review(n.county), &row(&Merge { keep, drop, reason: None }));
    let case = case(&n);
    assert_eq!(case.activities.len(), 1);
    assert!(case.registrations.iter().all(|r| r.activity == "A1"));
    assert_ne!(one, second);
}

#[test]
fn one_number_of_two_counties_is_two_activities() {
    let (mut n, _) = start();
    let school2 = DocId::of_year(n.school2, Kind::Ledger, 2010);
    n.put(Who::Clerk2, DocId::of(n.school2, Kind::Roster), &teacher("T1", "2000-09-01"));
    for (who, document, planned) in [(Who::Clerk, n.hours(), 100), (Who::Clerk2, school2, 200)] {
        let own = taizhang_core::rows::Activity { planned_h100: planned, ..activity_row("S1", ActivityKind::SchoolBased) };
        n.put(who, document, &row(&own));
        let by = RegisteredBy::School;
        n.put(who, document, &row(&taizhang_core::rows::Registration { by, ..registration_row("S1", "T1", planned) }));
    }
    let case = case(&n);
    assert_eq!(case.activities.len(), 2);
    for r in &case.registrations {
        let activity = case.activities.iter().find(|a| a.id == r.activity).unwrap();
        assert_eq!(activity.planned_h100, r.attended_h100);
        assert!(r.activity.starts_with("S1@"));
    }
}
