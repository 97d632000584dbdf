//! Rosters, reviews about teachers, rows of a newer version.

use taizhang_core::{
    id::{DocId, Kind},
    op::RowName,
    rows::{Ban, BanFlag, Level, Status, Teacher, TransferIn, Waiver as WaiverRow},
};
use taizhang_rules::case::{Ban as CaseBan, Case, Role, Stage, Waiver};

use super::kit::*;

fn start() -> Net {
    let mut n = Net::new();
    n.put(Who::Clerk, n.roster(), &teacher("T1", "2000-09-01"));
    n
}

fn case(n: &Net, as_of: &str) -> Case {
    n.facts().case("T1", day(as_of)).unwrap()
}

fn opened(case: &Case) -> Vec<&str> {
    case.open.iter().map(|o| o.what.as_str()).collect()
}

#[test]
fn stages_are_dated_and_in_either_language() {
    let mut n = start();
    assert_eq!(opened(&case(&n, "2010-12-31")), ["stage_unknown"]);
    n.put(Who::Clerk, n.roster(), &status("T1", "stage", "primary", "2005-09-01"));
    n.put(Who::Clerk, n.roster(), &status("T1", "stage", "初中", "2009-09-01"));
    let at = |day_: &str| case(&n, day_).teacher.stage;
    let wanted = [("2001-01-01", Stage::Primary), ("2009-08-31", Stage::Primary), ("2009-09-01", Stage::Junior)];
    for (day_, stage) in wanted {
        assert_eq!(at(day_), stage, "{day_}");
    }
    n.put(Who::Clerk, n.roster(), &status("T1", "stage", "大学", "2010-01-01"));
    assert_eq!(opened(&case(&n, "2010-12-31")), ["stage_unknown"]);
}

#[test]
fn roles_last_until_the_next_word_or_the_last_day() {
    let mut n = start();
    let roster = n.roster();
    n.put(Who::Clerk, roster, &status("T1", "stage", "primary", "2000-09-01"));
    n.put(Who::Clerk, roster, &status("T1", "head_teacher", "yes", "2003-09-01"));
    n.put(Who::Clerk, roster, &status("T1", "head_teacher", "no", "2005-09-01"));
    n.put(Who::Clerk, roster, &status("T1", "backbone", "city", "2006-01-01"));
    n.put(Who::Clerk, roster, &status("T1", "title", "一级教师", "2006-01-01"));
    let trainer = Status {
        teacher: "T1".into(),
        what: "trainer".into(),
        value: None,
        from_day: day("2007-01-01"),
        to_day: Some(day("2007-12-31")),
        reason: None,
    };
    n.put(Who::Clerk, roster, &row(&trainer));
    let role = |role: &str, from, to: Option<&str>| Role { role: role.into(), from: day(from), to: to.map(day) };
    let trained = role("trainer", "2007-01-01", Some("2007-12-31"));
    let head = role("head_teacher", "2003-09-01", Some("2005-08-31"));
    assert_eq!(case(&n, "2010-12-31").teacher.roles, [role("backbone", "2006-01-01", None), head.clone(), trained.clone()]);
    n.put(Who::Clerk, roster, &status("T1", "left", "退休", "2009-07-31"));
    let gone = case(&n, "2010-12-31").teacher;
    assert_eq!(gone.left, Some(day("2009-07-31")));
    assert_eq!(gone.roles, [role("backbone", "2006-01-01", Some("2009-07-31")), head, trained]);
    n.put(Who::Clerk, roster, &status("T1", "left", "no", "2009-09-01"));
    assert_eq!(case(&n, "2010-12-31").teacher.left, None, "came back");
    assert_eq!(opened(&case(&n, "2010-12-31")), [""; 0]);
}

#[test]
fn a_teacher_in_two_rosters_serves_where_the_transfer_went() {
    let mut n = start();
    let roster2 = DocId::of(n.school2, Kind::Roster);
    n.put(Who::Clerk2, roster2, &teacher("T1", "2002-09-01"));
    let facts = n.facts();
    let t = facts.teacher("T1").unwrap();
    assert_eq!((t.school, t.schools.len()), (n.school2, 2));
    // A number written into a second roster takes nobody over: the first school has to say that the teacher left.
    assert!(opened(&case(&n, "2010-12-31")).contains(&"two_schools"));
    assert_eq!(case(&n, "2010-12-31").teacher.hired, day("2000-09-01"));
    n.put(Who::Clerk2, roster2, &status("T1", "left", "调出", "2006-08-31"));
    assert_eq!(n.facts().teacher("T1").unwrap().school, n.school);
    assert_eq!(case(&n, "2010-12-31").teacher.left, None, "serves at the other school");
    assert!(!opened(&case(&n, "2010-12-31")).contains(&"two_schools"));
    n.put(Who::Clerk, n.roster(), &status("T1", "left", "退休", "2008-08-31"));
    assert_eq!(case(&n, "2010-12-31").teacher.left, Some(day("2008-08-31")));
    assert_eq!(n.facts().teacher("T1").unwrap().school, n.school);
    // Who came last, where the days of hiring are copied.
    let mut n = start();
    n.put(Who::Clerk2, roster2, &teacher("T1", "2000-09-01"));
    let transfer = RowName { entry: taizhang_core::id::EntryId([9; 32]), index: 0 }.here();
    let came = |day_| row(&TransferIn { teacher: "T1".into(), transfer, day: day(day_), reason: None });
    n.put(Who::Clerk, n.roster(), &came("2009-09-01"));
    assert_eq!(n.facts().teacher("T1").unwrap().school, n.school);
    n.put(Who::Clerk2, roster2, &came("2010-09-01"));
    assert_eq!(n.facts().teacher("T1").unwrap().school, n.school2);
}

#[test]
fn what_a_roster_says_twice_differently_is_open() {
    let mut n = start();
    n.put(Who::Clerk, n.roster(), &status("T1", "stage", "primary", "2000-09-01"));
    assert!(case(&n, "2010-12-31").teacher.has_qualified_degree);
    assert_eq!(case(&n, "2010-12-31").teacher.first_job, None, "nobody said");
    let other = Teacher { first_job: Some(true), qualified_degree: Some(false), ..teacher_row("T1", "2000-09-01") };
    n.put(Who::Clerk, n.roster(), &row(&other));
    let case = case(&n, "2010-12-31");
    assert_eq!((case.teacher.first_job, case.teacher.has_qualified_degree), (Some(true), false));
    assert_eq!(opened(&case), ["rivals"]);
}

#[test]
fn acts_about_a_teacher_count_from_above_only() {
    let mut n = start();
    n.put(Who::Clerk, n.roster(), &status("T1", "stage", "primary", "2000-09-01"));
    let far = DocId::about(n.other_county, Kind::Review, 2010, n.far_school);
    let waiver = |months| row(&WaiverRow { teacher: "T1".into(), year: 2010, months });
    let ban = |trigger: &str, day_| {
        row(&Ban {
            teacher: "T1".into(),
            trigger: trigger.into(),
            decided_day: day(day_),
            years: 5,
            levels: vec![Level::Ministry],
            heard_day: None,
            sealed_reason: None,
            evidence: None,
        })
    };
    n.put(Who::OtherReviewer, far, &waiver(12));
    n.put(Who::OtherReviewer, far, &ban("no_show", "2010-03-01"));
    let nothing = case(&n, "2010-12-31");
    assert_eq!((nothing.waivers.len(), nothing.bans.len(), nothing.open.len()), (0, 0, 0), "the teacher does not serve there");
    n.put(Who::CountyReviewer, n.review(), &waiver(6));
    n.put(Who::CountyReviewer, n.review(), &ban("no_show", "2010-04-01"));
    n.put(Who::CountyReviewer, n.review(), &ban("no_show", "2010-05-01"));
    let flag = |lifted: Option<&str>| {
        row(&BanFlag {
            teacher: "T1".into(),
            decided_day: day("2010-05-01"),
            trigger: "no_show".into(),
            years: 5,
            levels: vec![Level::Ministry],
            lifted_day: lifted.map(day),
            reason: None,
        })
    };
    n.put(Who::CountyClerk, n.notice(), &flag(Some("2010-10-01")));
    let here = case(&n, "2010-12-31");
    let banned =
        |decided, lifted: Option<&str>| CaseBan { decided: day(decided), trigger: "no_show".into(), lifted: lifted.map(day) };
    assert_eq!(here.waivers, [Waiver { year: 2010, months: 6 }]);
    assert_eq!(here.bans, [banned("2010-04-01", None), banned("2010-05-01", Some("2010-10-01"))]);
    assert_eq!(opened(&here), [""; 0]);
    n.put(Who::CityReviewer, n.city_review(n.school), &waiver(3));
    let rivals = case(&n, "2010-12-31");
    assert_eq!(
        (rivals.waivers, opened(&case(&n, "2010-12-31"))),
        (vec![Waiver { year: 2010, months: 3 }], vec!["waiver_undecided"])
    );
    n.put(Who::CountyReviewer, n.review(), &ban("serious_breach", "2010-04-01"));
    let case_ = case(&n, "2010-12-31");
    assert_eq!(case_.bans, [banned("2010-05-01", Some("2010-10-01"))]);
    assert!(opened(&case_).contains(&"ban_undecided"));
}

#[test]
fn rows_of_a_newer_version_open_the_accounts_they_may_concern() {
    let start = || {
        let mut n = start();
        n.put(Who::Clerk, n.roster(), &teacher("T2", "2000-09-01"));
        n.put(Who::Clerk2, DocId::of(n.school2, Kind::Roster), &teacher("T3", "2000-09-01"));
        for no in ["T1", "T2"] {
            n.put(Who::Clerk, n.roster(), &status(no, "stage", "primary", "2000-09-01"));
        }
        n.put(Who::Clerk2, DocId::of(n.school2, Kind::Roster), &status("T3", "stage", "primary", "2000-09-01"));
        n
    };
    let open = |n: &Net| {
        let facts = n.facts();
        let is_open = |no: &&str| facts.case(no, day("2010-12-31")).unwrap().open.iter().any(|o| o.what == "newer_version");
        ["T1", "T2", "T3"].into_iter().filter(is_open).collect::<Vec<_>>()
    };
    // [«T1», 1], ["nobody"]; a registration whose form is another.
    let (of_t1, of_nobody) = (b"\x82\x62T1\x01".to_vec(), b"\x81\x66nobody".to_vec());
    let table: &[(&str, Row, &[&str])] = &[
        ("ledger", (950, of_t1.clone()), &["T1"]),
        ("ledger", (950, of_nobody.clone()), &["T1", "T2"]),
        ("ledger", (64, of_t1.clone()), &["T1"]),
        ("roster", (41, of_t1.clone()), &["T1"]),
        ("review", (930, of_nobody.clone()), &["T1", "T2"]),
        ("notice", (920, of_nobody.clone()), &["T1", "T2", "T3"]),
        // A type that does not belong there counts as nothing.
        ("ledger", (120, of_nobody), &[]),
        // One that this version keeps without reading.
        ("ledger", (68, of_t1), &[]),
    ];
    for (at, (document, row, wanted)) in table.iter().enumerate() {
        let mut n = start();
        let (who, document) = match *document {
            "ledger" => (Who::Clerk, n.hours()),
            "roster" => (Who::Clerk, n.roster()),
            "review" => (Who::CountyReviewer, n.review()),
            _ => (Who::CountyClerk, n.notice()),
        };
        n.put(who, document, row);
        assert_eq!(open(&n), *wanted, "line {at}");
    }
    let mut n = start();
    let line = n.put(Who::Clerk, n.hours(), &registration("A1", "T2", 100));
    n.replace(Who::Clerk, n.hours(), &(950, b"\x81\x01".to_vec()), &[line]);
    assert_eq!(open(&n), ["T2"], "what it replaces says whom it concerns");
}
