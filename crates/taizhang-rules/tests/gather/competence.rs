//! Who announces, who decides, as of which day, and whose changes wait: nothing counts that an office wrote for another (DOMAIN §2.3).

use taizhang_core::{
    id::{DocId, Kind},
    op::RowName,
    rows::{self, ActivityKind, Level, PlanVerdict, RegisteredBy, Verdict},
    units::Ms,
};
use taizhang_rules::{
    account::{LineStatus, Reason, Status},
    case::Plan,
    gather::Accounts,
};

use super::{kit::*, policies::adopt};

fn start(policy: &str, from: &str, stage: &str) -> Net {
    let mut n = Net::new();
    adopt(&mut n, policy, from);
    n.put_all(Who::Clerk, n.roster(), &[teacher("T1", "2000-09-01"), status("T1", "stage", stage, "2000-09-01")]);
    n
}

/// What became of each activity: hours, reason, rule.
fn said(n: &Net, as_of: &str) -> Vec<(u32, Reason, String)> {
    let accounts = Accounts::all(&n.facts(), day(as_of));
    let of = |a: &taizhang_rules::account::ActivityResult| (a.h100, a.reason, a.cite.rule.to_string());
    accounts.get("T1").unwrap().1.activities.iter().map(of).collect()
}

fn opened(n: &Net) -> Vec<String> {
    let case = n.facts().case("T1", day("2010-12-31")).unwrap();
    case.open.iter().map(|o| format!("{} {}", o.what, o.about)).collect()
}

#[test]
fn nothing_counts_that_an_office_announces_decides_or_audits_for_a_higher_one() {
    use ActivityKind::{Concentrated, Nonconcentrated, SchoolBased};
    use Reason::{AnnouncerNotCompetent, AuditorNotCompetent, Ok, PlanNotApproved};
    use Who::{CityClerk, CityReviewer, Clerk, CountyClerk, CountyReviewer};
    // Who announces an activity of which kind and level, who decides on its plan, who approves the hours.
    type Row = (Who, ActivityKind, Level, Who, Who, Reason, &'static str);
    let table: &[Row] = &[
        (Clerk, SchoolBased, Level::School, CountyReviewer, CountyReviewer, Ok, "WH-CONV-NONCONC"),
        (Clerk, Concentrated, Level::City, CountyReviewer, CountyReviewer, AnnouncerNotCompetent, ""),
        (Clerk, Concentrated, Level::City, CityReviewer, CityReviewer, AnnouncerNotCompetent, ""),
        (Clerk, Nonconcentrated, Level::County, CountyReviewer, CountyReviewer, AnnouncerNotCompetent, ""),
        (CountyClerk, Concentrated, Level::City, CityReviewer, CityReviewer, AnnouncerNotCompetent, ""),
        (CountyClerk, Concentrated, Level::County, CityReviewer, CountyReviewer, AuditorNotCompetent, "WH-AUTH-CONC"),
        (CountyClerk, Concentrated, Level::County, CityReviewer, CityReviewer, Ok, "WH-CONV-CONC"),
        (CountyClerk, Concentrated, Level::County, CountyReviewer, CityReviewer, PlanNotApproved, "WH-PLAN"),
        (CountyClerk, Nonconcentrated, Level::County, CityReviewer, CountyReviewer, Ok, "WH-CONV-NONCONC"),
        (CityClerk, Concentrated, Level::City, CityReviewer, CountyReviewer, AuditorNotCompetent, "WH-AUTH-CONC"),
        (CityClerk, Concentrated, Level::City, CityReviewer, CityReviewer, Ok, "WH-CONV-CONC"),
        // The city is the highest there is: what lies above it is announced by nobody else.
        (CityClerk, Nonconcentrated, Level::Province, CityReviewer, CityReviewer, Ok, "WH-CONV-NONCONC"),
    ];
    for (at, (announces, kind, level, decides, audits, wanted, rule)) in table.iter().enumerate() {
        let mut n = start("wuhan-2008", "2008-01-01", "primary");
        let document = match announces {
            Clerk => n.hours(),
            CountyClerk => n.notice(),
            _ => DocId::of_year(n.city, Kind::Notice, 2010),
        };
        let announced = rows::Activity { level: *level, ..activity_row("A1", *kind) };
        let named = n.put(*announces, document, &row(&announced)).in_document(document);
        let place = match (decides, document.kind) {
            (CityReviewer, Kind::Notice) => DocId::of_year(n.city, Kind::Notice, 2010),
            (CityReviewer, _) => n.city_review(n.school),
            (_, Kind::Notice) => n.notice(),
            _ => n.review(),
        };
        n.put(*decides, place, &plan_decision(named, PlanVerdict::Approved, "2010-05-01", false));
        let by = rows::Registration { leave_d100: None, by: RegisteredBy::School, ..registration_row("A1", "T1", 4000) };
        let line = n.put(Clerk, n.hours(), &row(&by));
        let review = if *audits == CityReviewer { n.city_review(n.school) } else { n.review() };
        n.put(*audits, review, &decision(n.hours(), &[line], Verdict::Approved));
        let said = said(&n, "2010-12-31");
        assert_eq!((said[0].1, said[0].2.as_str()), (*wanted, *rule), "line {at}: {said:?}");
        assert_eq!(said[0].0, if *wanted == Ok { 4000 } else { 0 }, "line {at}");
    }
}

#[test]
fn a_training_outside_the_city_is_announced_by_nobody_here_and_recognised_by_the_county() {
    let mut n = start("wuhan-2008", "2008-01-01", "primary");
    let away =
        rows::Activity { level: Level::Ministry, outside_city: Some(true), ..activity_row("A1", ActivityKind::Concentrated) };
    let named = n.put(Who::Clerk, n.hours(), &row(&away)).in_document(n.hours());
    n.put(Who::CountyReviewer, n.review(), &plan_decision(named, PlanVerdict::Approved, "2010-05-01", false));
    let line = n.put(Who::Clerk, n.hours(), &registration("A1", "T1", 4000));
    n.put(Who::CountyReviewer, n.review(), &decision(n.hours(), &[line], Verdict::Approved));
    assert_eq!(said(&n, "2010-12-31")[0].1, Reason::NeedsRecognition);
    n.put(Who::CountyReviewer, n.review(), &recognition(named, "T1", None, Verdict::Approved));
    assert_eq!(said(&n, "2010-12-31")[0].1, Reason::Ok);
}

#[test]
fn a_plan_counts_from_the_day_on_which_its_approval_can_have_been_written() {
    // The activity begins on 2010-07-12. Written when, as of which day, retroactive, why; what counts.
    let table: &[(&str, &str, bool, Option<&str>, Reason)] = &[
        ("2010-07-12", "2010-05-01", false, None, Reason::Ok),
        ("2010-07-13", "2010-05-01", false, None, Reason::PlanApprovedLate),
        ("2010-07-13", "2010-05-01", true, Some("纸质批件 5 月 1 日"), Reason::Ok),
        ("2010-07-13", "2010-05-01", true, None, Reason::PlanApprovedLate),
        ("2010-07-13", "2010-05-01", true, Some(" "), Reason::PlanApprovedLate),
        ("2010-07-01", "2010-07-13", false, None, Reason::PlanApprovedLate),
    ];
    for (at, (written, decided, retroactive, why, wanted)) in table.iter().enumerate() {
        let mut n = start("wuhan-2008", "2008-01-01", "primary");
        let own = rows::Activity { level: Level::School, ..activity_row("A1", ActivityKind::SchoolBased) };
        let named = n.put(Who::Clerk, n.hours(), &row(&own)).in_document(n.hours());
        n.clock(Ms::start_of(day(written)));
        let decision_row = rows::PlanDecision {
            plan: named,
            decision: PlanVerdict::Approved,
            decided_day: day(decided),
            retroactive: *retroactive,
            reason: why.map(str::to_owned),
            filed_day: None,
        };
        n.put(Who::CountyReviewer, n.review(), &row(&decision_row));
        let line = n.put(Who::Clerk, n.hours(), &registration("A1", "T1", 4000));
        n.put(Who::CountyReviewer, n.review(), &decision(n.hours(), &[line], Verdict::Approved));
        assert_eq!(said(&n, "2010-12-31")[0].1, *wanted, "line {at}");
    }
}

#[test]
fn a_clock_that_is_set_back_dates_nothing_back() {
    let plan_of = |signed_before: Option<&str>, row_written: &str| {
        let mut n = start("wuhan-2008", "2008-01-01", "primary");
        n.clock(Ms::start_of(day(row_written)));
        let own = rows::Activity { level: Level::School, ..activity_row("A1", ActivityKind::SchoolBased) };
        let named = n.put(Who::Clerk, n.hours(), &row(&own)).in_document(n.hours());
        n.put(Who::Clerk, n.hours(), &registration("A1", "T1", 4000));
        if let Some(day_) = signed_before {
            n.clock(Ms::start_of(day(day_)));
            n.put(Who::CountyReviewer, n.review(), &row(&rows::Waiver { teacher: "T1".into(), year: 2010, months: 1 }));
        }
        n.clock(Ms::start_of(day("2010-04-30")));
        n.put(Who::CountyReviewer, n.review(), &plan_decision(named, PlanVerdict::Approved, "2010-05-01", false));
        match n.facts().case("T1", day("2010-12-31")).unwrap().activities[0].plan {
            Plan::Approved { decided, .. } => decided,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(plan_of(None, "2010-04-01"), day("2010-05-01"));
    assert_eq!(plan_of(Some("2010-09-01"), "2010-04-01"), day("2010-09-01"), "what the same hand signed before it");
    assert_eq!(plan_of(None, "2010-08-01"), day("2010-08-01"), "the plan was not written yet");
}

#[test]
fn a_part_of_a_programme_that_nobody_registered_is_missing() {
    let mut n = start("henan-vocational-2021", "2021-01-01", "vocational");
    let notice = DocId::of_year(n.city, Kind::Notice, 2021);
    let part = |no: &str, month: &str, category: &str| rows::Activity {
        level: Level::Province,
        programme: Some("prov_professional".into()),
        category: Some(category.into()),
        start_day: day(&format!("2021-{month}-05")),
        end_day: day(&format!("2021-{month}-25")),
        planned_h100: 8000,
        ..activity_row(no, ActivityKind::Concentrated)
    };
    let hours = DocId::about(n.city, Kind::Ledger, 2021, n.school);
    let review = DocId::about(n.city, Kind::Review, 2021, n.school);
    let mut lines = Vec::new();
    for (no, month, category, registered) in
        [("P1", "07", "mechanics", true), ("P2", "08", "mechanics", false), ("Q1", "09", "nursing", false)]
    {
        let named = n.put(Who::CityClerk, notice, &row(&part(no, month, category))).in_document(notice);
        n.put(Who::CityReviewer, notice, &plan_decision(named, PlanVerdict::Approved, "2021-05-01", false));
        let halfdays = rows::Registration { leave_d100: Some(150), ..registration_row(no, "T1", 8000) };
        if registered {
            lines.push(n.put(Who::CityClerk, hours, &row(&halfdays)));
        }
    }
    n.put(Who::CityReviewer, review, &decision(hours, &lines, Verdict::Approved));
    let status = |n: &Net| Accounts::all(&n.facts(), day("2021-12-31")).get("T1").unwrap().1.clone();
    let missing = status(&n);
    assert_eq!(missing.activities.iter().map(|a| (a.h100, a.reason)).collect::<Vec<_>>(), [(0, Reason::ProgrammeNotCompleted)]);
    assert_eq!(missing.notes.iter().filter(|note| note.starts_with("programme_part")).count(), 1, "{:?}", missing.notes);
    assert_eq!(missing.status, Status::NotCompleted);
    // A day and a half of leave in each of two parts is more than two days.
    let second = rows::Registration { leave_d100: Some(150), ..registration_row("P2", "T1", 8000) };
    let line = n.put(Who::CityClerk, hours, &row(&second));
    n.put(Who::CityReviewer, review, &decision(hours, &[line], Verdict::Approved));
    let reasons: Vec<Reason> = status(&n).activities.iter().map(|a| a.reason).collect();
    assert_eq!(reasons, [Reason::ForfeitLeave; 2]);
}

#[test]
fn whether_a_post_is_the_first_is_never_assumed() {
    for (said, wanted) in [(Some(true), Some(LineStatus::NotMet)), (Some(false), None), (None, Some(LineStatus::Open))] {
        let mut n = Net::new();
        adopt(&mut n, "wuhan-2008", "2008-01-01");
        let new = rows::Teacher { first_job: said, ..teacher_row("T1", "2009-08-20") };
        n.put_all(Who::Clerk, n.roster(), &[row(&new), status("T1", "stage", "primary", "2009-08-20")]);
        let accounts = Accounts::all(&n.facts(), day("2012-12-31"));
        let account = &accounts.get("T1").unwrap().1;
        assert_eq!(account.rules.iter().find(|l| l.scope == "probation").map(|l| l.status), wanted, "{said:?}");
        let is_open = account.open.iter().any(|o| o.what == "first_job_unknown");
        assert_eq!((is_open, account.findings.contains(&"first_job_unknown:T1".to_owned())), (said.is_none(), said.is_none()));
    }
}

#[test]
fn what_the_county_froze_changes_by_its_decision_only() {
    let frozen = |how: &str| {
        let mut n = start("wuhan-2008", "2008-01-01", "primary");
        let (roster, old) = (n.roster(), RowName { entry: n.written.last().unwrap().id, index: 0 });
        match how {
            "approved" => drop(n.put(Who::CountyReviewer, n.review(), &decision(roster, &[old], Verdict::Approved))),
            "locked" => drop(n.lock()),
            _ => {}
        }
        let new = n.replace(Who::Clerk, n.roster(), &teacher("T1", "2009-09-01"), &[old]);
        (n, new)
    };
    let hired = |n: &Net| n.facts().case("T1", day("2010-12-31")).unwrap().teacher.hired;
    let (mut n, new) = frozen("approved");
    assert_eq!((hired(&n), opened(&n)), (day("2000-09-01"), vec!["identity_undecided T1".to_owned()]));
    assert_eq!(n.facts().teacher("T1").unwrap().identity_waits().iter().copied().collect::<Vec<_>>(), [new]);
    let (mut refused, row_) = frozen("approved");
    refused.put(Who::CountyReviewer, refused.review(), &decision(refused.roster(), &[row_], Verdict::Rejected));
    assert_eq!((hired(&refused), opened(&refused).len()), (day("2000-09-01"), 0));
    n.put(Who::CountyReviewer, n.review(), &decision(n.roster(), &[new], Verdict::Approved));
    assert_eq!((hired(&n), opened(&n).len()), (day("2009-09-01"), 0));
    // What came after a lock is in no view until the county accepts it.
    let (mut n, new) = frozen("locked");
    assert_eq!((hired(&n), opened(&n).len()), (day("2000-09-01"), 0));
    n.accept(new.entry);
    assert_eq!((hired(&n), opened(&n).len()), (day("2009-09-01"), 0));
    let (n, _) = frozen("nobody saw it");
    assert_eq!((hired(&n), opened(&n).len()), (day("2009-09-01"), 0), "before the county saw it the school corrects itself");
    // Another school may not say it either.
    let (mut n, _) = frozen("locked");
    let roster2 = DocId::of(n.school2, Kind::Roster);
    n.put(Who::Clerk2, roster2, &teacher("T1", "1990-09-01"));
    n.put(Who::Clerk, n.roster(), &status("T1", "left", "调出", "2011-06-30"));
    assert!(opened(&n).contains(&"identity_undecided T1".to_owned()));
    assert_eq!(hired(&n), day("2000-09-01"));
}
