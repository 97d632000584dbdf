//! Forms that a county and its city fill: certificates, targets, the supervision report, and a teacher who moved.

use taizhang_core::{
    id::OrgId,
    rows::{Certificate, CertificateStep, Enrolment, Status, Teacher},
};
use taizhang_rules::policy::library;

use super::*;
use crate::commands::{certificate::Register, testkit::teacher};

const RULES: &str = r#"
[[rule]]
id = "T-COVER"
type = "coverage"
window_from = "2025-01-01"
window_to = "2027-12-31"
bucket = "nondegree"
org_levels = ["county"]
bp = 5000
distinct = "teacher"
source = "三"
[[rule]]
id = "T-QUOTA"
type = "quota"
year = 2025
org_level = "county"
total = 20
parts = { principal = 10, backbone = 10 }
source = "四"
[[rule]]
id = "T-QUOTA-SUM"
type = "quota_sum"
org_level = "county"
years = [2025]
total = 20
source = "四"
"#;

/// A city above the county, whose policy asks for 16 hours, a coverage and places. T1 and T9 have reached them, T2 has not. The node is the county's.
fn county() -> (Net, OrgId) {
    let (mut net, city) = Net::below_a_city();
    net.fill();
    let policy = String::from_utf8(library::by_id("moe-order-7").unwrap().to_vec()).unwrap().replace("24000", "1600");
    let path = net.dir.path().join("policy.toml");
    std::fs::write(&path, policy + RULES).unwrap();
    let adopt = Command::PolicyAdopt {
        policy: path.to_str().unwrap().into(),
        from: "2000-01-01".into(),
        overlay_of: None,
        stages: Vec::new(),
        orgs: Vec::new(),
        replace: false,
        reason: None,
    };
    net.data("officer", &adopt);
    net.put_all("clerk", net.roster(), &[fact("T1", "stage", 9_000), fact("T2", "stage", 9_000)]);
    net.put("clerk3", DocId::of(net.school2, Kind::Roster), &fact("T9", "stage", 9_000));
    net.start_again_as(net.county);
    approve(&mut net);
    (net, city)
}

fn fact(teacher: &str, what: &str, from: u32) -> (u16, Vec<u8>) {
    let value = (what == "stage").then(|| "primary".to_owned());
    row(&Status { teacher: teacher.into(), what: what.into(), value, from_day: Day(from), to_day: None, reason: None })
}

fn approve(net: &mut Net) {
    let approve = Command::ReviewDecide {
        verdict: "approve".into(),
        rows: Vec::new(),
        sheet: None,
        claimed: true,
        org: None,
        reason: None,
    };
    net.data("reviewer", &approve);
}

/// Of the year 2025, as of its end.
fn of_2025(form: &str) -> Report {
    Report { year: Some(2025), as_of: None, ..report(form) }
}

fn prepare(net: &mut Net) -> String {
    let prepare = Command::CertificatePrepare {
        teacher: Some("T1".into()),
        name: Some("王芳".into()),
        names: None,
        as_of: None,
        replace: false,
    };
    net.data("reviewer", &prepare)["certificates"][0]["no"].as_str().unwrap().to_owned()
}

#[test]
fn form_15_has_every_number_once_and_says_where_it_stands() {
    let (mut net, city) = county();
    let lines = |net: &mut Net| {
        let form = ask(net, "reviewer", Report { year: None, as_of: None, ..report("form-15") });
        let notes = notes(&form).into_iter().map(str::to_owned).collect::<Vec<_>>();
        (rows(&form), notes)
    };
    let no = prepare(&mut net);
    let paper = Register::load(&net.core).unwrap().current(CertificateStep::Prepared).next().unwrap().clone();
    let front = format!("{no}|T1|{}|1600", paper.row.cycle);
    let waits = vec![format!("{front}|待确认")];
    assert_eq!(lines(&mut net), (waits.clone(), Vec::new()));
    // No county confirms, whatever rows its reviewer writes.
    let forged = Certificate { step: CertificateStep::Confirmed, ..paper.row.clone() };
    net.put("reviewer", paper.review, &row(&forged));
    assert_eq!(lines(&mut net), (waits, Vec::new()));
    net.start_again_as(city);
    net.data("city-reviewer", &Command::CertificateConfirm { no: Some(no.clone()) });
    let today = net.core.now().day();
    assert_eq!(lines(&mut net), (vec![format!("{front}|某市 {today}")], Vec::new()));
    net.data("city-reviewer", &Command::CertificateWithdraw { no: no.clone(), reason: "学时有误".into() });
    let withdrawn = format!("{front}|{today} 已撤销");
    assert_eq!(lines(&mut net), (vec![withdrawn.clone()], Vec::new()));
    // Two machines of the county come to one number.
    net.start_again_as(net.county);
    let second = prepare(&mut net);
    assert_eq!(lines(&mut net).0.last(), Some(&front.replace(&no, &second)).map(|f| format!("{f}|待确认")).as_ref());
    let rival = Certificate { no: second, teacher: "T2".into(), ..paper.row };
    net.put("reviewer", paper.review, &row(&rival));
    assert_eq!(lines(&mut net), (vec![withdrawn], vec!["另有 1 项填报不一致, 待选定, 未列入".to_owned()]));
}

#[test]
fn form_12_hides_what_a_sum_would_give_away_and_counts_nobody_before_the_first_day() {
    let (mut net, _) = county();
    let trainees = |net: &mut Net, names: std::ops::Range<u32>, category: &str| {
        for number in names.map(|n| format!("N{n}")) {
            net.put_all("clerk", net.roster(), &[teacher(&number), fact(&number, "stage", 9_000)]);
            let category = Some(category.to_owned());
            let (activity, teacher) = ("A1".to_owned(), number.clone());
            let none = None;
            let enrolment =
                Enrolment { activity, teacher, category, subject: None, replaces_teacher: None, note: none, reason: None };
            net.put_all("clerk", net.ledger(), &[row(&enrolment), registration("A1", &number, 800)]);
        }
    };
    trainees(&mut net, 0..3, "principal");
    trainees(&mut net, 3..9, "backbone");
    approve(&mut net);
    let lines = |net: &mut Net, public: bool| rows(&ask(net, "reviewer", Report { public, ..of_2025("form-12") }));
    let told = lines(&mut net, false);
    // Half of T1, T2, T9 and nine others.
    assert_eq!(
        told,
        [
            "覆盖教师(T-COVER)|6|12|20000|0/0/6|12",
            "骨干教师(T-QUOTA)|10|6|6000||",
            "校长(T-QUOTA)|10|3|3000||",
            "合计(T-QUOTA)|20|9|4500||",
            "合计(T-QUOTA-SUM)|20|12|6000||",
        ]
    );
    let hidden = ["校长(T-QUOTA)|10|<5|<5||", "合计(T-QUOTA)|20|<5|<5||", "合计(T-QUOTA-SUM)|20|<5|<5||"];
    let public = lines(&mut net, true);
    assert_eq!((&public[..2], &public[2..]), (&told[..2], &hidden.map(str::to_owned)[..]));
    // Hired in 2026: not among those of whom half are to be trained by then.
    let later = Teacher {
        no: "L1".into(),
        hired_day: Day(20_600),
        first_job: None,
        qualified_degree: None,
        came_from: None,
        reason: None,
    };
    net.put_all("clerk", net.roster(), &[row(&later), fact("L1", "stage", 20_600)]);
    assert_eq!(lines(&mut net, false), told);
    let since = ask(&mut net, "reviewer", Report { as_of: Some("2026-09-01".into()), ..of_2025("form-12") });
    assert!(rows(&since)[0].starts_with("覆盖教师(T-COVER)|7|12|"), "{:?}", rows(&since));
}

#[test]
fn form_18_divides_by_those_in_service() {
    let (mut net, city) = county();
    // T3 left before the year; nobody's roster knows T7.
    net.put_all("clerk", net.roster(), &[teacher("T3"), fact("T3", "stage", 9_000), fact("T3", "left", 19_000)]);
    net.put("clerk", net.ledger(), &registration("A1", "T7", 1_600));
    let stated = net.data("reviewer", &Command::RollupPublish { period: 2025, as_of: None });
    let totals = &stated["totals"];
    assert_eq!((&totals["teachers"], &totals["enrolled"], &totals["met"]), (&5.into(), &3.into(), &2.into()), "{totals}");
    net.start_again_as(city);
    let form = ask(&mut net, "city-reviewer", of_2025("form-18"));
    assert_eq!(rows(&form).len(), 1);
    assert_eq!(form["rows"][0][3], 6_666, "{form}");
}

#[test]
fn form_03_goes_with_a_teacher_to_another_school() {
    let (mut net, _) = county();
    let asked = |org: &str| Report { org: Some(org.into()), teacher: Some("T1".into()), ..of_2025("form-03") };
    let before = rows(&ask(&mut net, "reviewer", asked("001")));
    assert!(before.iter().any(|l| l.starts_with("2025|培训A1|") && l.contains("|1600|")), "{before:?}");
    net.put("clerk", net.roster(), &fact("T1", "left", 20_300));
    net.put_all("clerk3", DocId::of(net.school2, Kind::Roster), &[teacher("T1"), fact("T1", "stage", 9_000)]);
    let after = ask(&mut net, "reviewer", asked("002"));
    assert_eq!((rows(&after), &after["heading"][5]["value"]), (before, &Json::from("第002小学")));
    assert_eq!(refused(&mut net, asked("001")).kind, ErrorKind::Usage, "serves elsewhere now");
}
