#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use serde_json::Value as Json;
use taizhang_core::{
    id::{DocId, Kind},
    op::{PayloadBuilder, RowName},
    rows::{Activity, ActivityKind, PlanDecision, PlanVerdict, RowType},
    units::Day,
};

use super::super::testkit::{Net, Row, YEAR, activity, row};
use crate::{
    command::{Command, Reply},
    error::{CommandError, ErrorKind},
};

/// Its first day.
const START: u32 = 20_090;

/// An activity whose sheet claims a state on day 20,080; it begins on day 20,090.
fn claiming(no: &str, state: Option<&str>, day: Option<u32>) -> Row {
    let (_, fields) = activity(no, ActivityKind::SchoolBased, state);
    row(&Activity { claimed_decided_day: day.map(Day), ..Activity::from_fields(&fields).unwrap().row })
}

fn claimed(net: &mut Net, org: Option<&str>) -> Json {
    let (verdict, org) = ("approve".into(), org.map(str::to_owned));
    let command = Command::ReviewDecide { verdict, rows: Vec::new(), sheet: None, claimed: true, org, reason: None };
    net.data("reviewer", &command)
}

fn decide(
    net: &mut Net,
    verdict: &str,
    plans: &[String],
    day: Option<&str>,
    why: (bool, Option<&str>),
) -> Result<Reply, CommandError> {
    let (verdict, day) = (verdict.to_owned(), day.map(str::to_owned));
    let (retroactive, reason) = (why.0, why.1.map(str::to_owned));
    net.run("reviewer", &Command::PlanDecide { verdict, plans: plans.to_vec(), day, retroactive, reason })
}

fn list(net: &mut Net, org: Option<&str>, all: bool) -> Vec<(String, String)> {
    let plans = net.data("reviewer", &Command::PlanList { org: org.map(str::to_owned), all });
    let text = |p: &Json, k: &str| p[k].as_str().unwrap().to_owned();
    plans["waiting"].as_array().unwrap().iter().map(|p| (text(p, "number"), text(p, "state"))).collect()
}

fn decisions(net: &Net, review: DocId) -> Vec<PlanDecision> {
    if net.core.ledger().document(&review).is_none() {
        return Vec::new();
    }
    let view = net.core.view(&review).unwrap();
    view.current().into_iter().filter_map(|r| r.read::<PlanDecision>()).map(|p| p.row).collect()
}

fn notice_of_county(net: &Net) -> DocId {
    DocId::of_year(net.county, Kind::Notice, YEAR)
}

#[test]
fn what_sheets_claim_is_decided_with_the_claimed_day() {
    let mut net = Net::new();
    let (ledger, ledger2, notice) = (net.ledger(), net.ledger2(), net.notice());
    let s1 = net.put("clerk", ledger, &claiming("S1", Some("approved"), Some(20_080)));
    for row in [
        claiming("S2", Some("pending"), Some(20_080)),
        claiming("S3", Some("approved"), None),
        claiming("S4", None, None),
        claiming("S5", Some("returned"), Some(20_080)),
        claiming("S6", Some("refused"), Some(20_080)),
    ] {
        net.put("clerk", ledger, &row);
    }
    // Two hands wrote the same: one plan. Two hands wrote different things: for a person.
    net.put("clerk2", ledger, &claiming("S1", Some("approved"), Some(20_080)));
    net.put("clerk", ledger, &claiming("S7", Some("approved"), Some(20_080)));
    net.put("clerk2", ledger, &claiming("S7", Some("approved"), Some(20_081)));
    let late = net.put("clerk3", ledger2, &claiming("B1", Some("approved"), Some(20_093)));
    let n1 = net.put("office", notice, &claiming("N1", Some("approved"), Some(20_070)));
    let reply = claimed(&mut net, Some("001"));
    assert_eq!((&reply["plans"], &reply["registrations"]), (&1.into(), &0.into()), "{reply}");
    let decision = |name: RowName, document, day| PlanDecision {
        plan: name.in_document(document),
        decision: PlanVerdict::Approved,
        decided_day: Day(day),
        // They began long ago: what was in time on paper is signed to hold, and why; what was late stays late.
        retroactive: day <= START,
        reason: (day <= START).then(|| format!("按 {} 的纸质批件补录 · typed from the paper approval", Day(day))),
        filed_day: None,
    };
    let found = decisions(&net, net.review());
    let hands: Vec<RowName> = found.iter().map(|d| RowName { entry: d.plan.entry.unwrap(), index: 0 }).collect();
    assert_eq!(found, [decision(hands[0], ledger, 20_080)]);
    assert!(
        hands[0] == s1
            || net.core.view(&ledger).unwrap().rows[&hands[0]].fields == net.core.view(&ledger).unwrap().rows[&s1].fields
    );
    // The rest below, and what this county hands in itself: nobody is above it.
    assert_eq!(claimed(&mut net, None)["plans"], 2);
    let of_002 = DocId::about(net.county, Kind::Review, YEAR, net.school2);
    assert_eq!(decisions(&net, of_002), [decision(late, ledger2, 20_093)]);
    assert_eq!(decisions(&net, notice_of_county(&net)), [decision(n1, notice, 20_070)]);
    assert_eq!(claimed(&mut net, None)["plans"], 0, "once");
    let waits = list(&mut net, Some("001"), false);
    let numbers: Vec<&str> = waits.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(numbers, ["S2", "S3", "S4", "S5", "S6", "S7", "S7"]);
}

#[test]
fn a_person_decides_and_decides_anew() {
    let mut net = Net::new();
    let ledger = net.ledger();
    let s1 = net.put("clerk", ledger, &claiming("S1", Some("approved"), Some(20_080)));
    let named = [s1.to_string()];
    decide(&mut net, "returned", &named, Some("2025-01-02"), (false, Some("缺考核办法"))).unwrap();
    assert_eq!(list(&mut net, None, true), [("S1".to_owned(), "returned".to_owned())]);
    assert!(list(&mut net, None, false).is_empty());
    assert_eq!(claimed(&mut net, None)["plans"], 0, "a claim never outweighs a decision");
    let late = decide(&mut net, "approved", &named, Some("2025-01-10"), (false, None)).unwrap();
    assert_eq!((&late.data["replaced"], late.data["late"].as_array().unwrap().len()), (&1.into(), 1));
    let reply = decide(&mut net, "approved", &named, Some("2025-01-10"), (true, Some("停电延误"))).unwrap();
    assert_eq!((&reply.data["replaced"], reply.data["late"].as_array().unwrap().len()), (&1.into(), 0));
    let found = decisions(&net, net.review());
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].retroactive, found[0].reason.as_deref(), found[0].decided_day.to_string()),
        (true, Some("停电延误"), "2025-01-10".to_owned())
    );
    assert_eq!(list(&mut net, None, true), [("S1".to_owned(), "approved".to_owned())]);
    // By the number that the list shows, and never by one that two plans have.
    decide(&mut net, "returned", &["S1".to_owned()], None, (false, Some("重报"))).unwrap();
    assert_eq!(list(&mut net, None, true), [("S1".to_owned(), "returned".to_owned())]);
    net.put("clerk3", net.ledger2(), &claiming("S1", None, None));
    let error = decide(&mut net, "refused", &["S1".to_owned()], None, (false, Some("x"))).unwrap_err();
    assert!(error.kind == ErrorKind::Usage && error.hint.unwrap().zh.contains(&named[0]));
    // The day is today where none is given; a plan named twice is decided on once.
    let twice = [named[0].clone(), format!("{}.0", &named[0][..16])];
    let reply = decide(&mut net, "refused", &twice, None, (false, Some("不符合计划"))).unwrap();
    assert_eq!(
        (&reply.data["plans"], reply.data["day"].as_str().unwrap()),
        (&1.into(), net.core.now().day().to_string().as_str())
    );
}

#[test]
fn two_reviewers_apart_wait_for_one_who_replaces_both() {
    let mut net = Net::new();
    let ledger = net.ledger();
    let s1 = net.put("clerk", ledger, &claiming("S1", None, None));
    let decision = |decision| {
        row(&PlanDecision {
            plan: s1.in_document(ledger),
            decision,
            decided_day: Day(20_080),
            retroactive: false,
            reason: Some("各自".into()),
            filed_day: None,
        })
    };
    let review = net.review();
    net.put("reviewer", review, &decision(PlanVerdict::Approved));
    net.put("reviewer2", review, &decision(PlanVerdict::Refused));
    assert_eq!(list(&mut net, None, false), [("S1".to_owned(), "undecided".to_owned())]);
    let reply = decide(&mut net, "approved", &[s1.to_string()], Some("2024-12-20"), (false, None)).unwrap();
    assert_eq!(reply.data["replaced"], 2);
    assert_eq!(list(&mut net, None, true), [("S1".to_owned(), "approved".to_owned())]);
}

#[test]
fn decisions_on_something_else_or_by_somebody_else_count_as_nothing() {
    let (mut net, city) = Net::below_a_city();
    let (ledger, review) = (net.ledger(), net.review());
    let s1 = net.put("clerk", ledger, &claiming("S1", None, None));
    let other = net.put("clerk3", net.ledger2(), &claiming("S1", None, None));
    let about = |plan| {
        row(&PlanDecision {
            plan,
            decision: PlanVerdict::Approved,
            decided_day: Day(20_080),
            retroactive: false,
            reason: None,
            filed_day: None,
        })
    };
    // A review of 001 says nothing about 002's plans; a reference without its document says nothing at all.
    net.put("reviewer", review, &about(other.in_document(net.ledger2())));
    net.put("reviewer", review, &about(s1.here()));
    // Nor does another county, nor a clerk in a notice.
    let there = net.beside(city, "429802", "other");
    net.put("other", DocId::about(there, Kind::Review, YEAR, net.school), &about(s1.in_document(ledger)));
    let at_city = DocId::of_year(city, Kind::Notice, YEAR);
    let n1 = net.put("city-clerk", at_city, &claiming("N1", None, None));
    net.put("city-clerk", at_city, &about(n1.here()));
    assert_eq!(list(&mut net, None, true), [("N1".to_owned(), "pending".to_owned())]);
    net.start_again_as(net.county);
    assert_eq!(list(&mut net, None, true).len(), 2);
    assert!(list(&mut net, None, true).iter().all(|(_, state)| state == "pending"));
}

#[test]
fn what_cannot_be_decided() {
    let mut net = Net::new();
    let sheet = net.fill();
    let plan = net.put("clerk", net.ledger(), &claiming("S1", None, None)).to_string();
    for (verdict, plans, day, why, kind) in [
        ("returned", vec![plan.clone()], None, (false, None), ErrorKind::Usage),
        ("refused", vec![plan.clone()], None, (false, Some(" ")), ErrorKind::Usage),
        ("approved", vec![plan.clone()], None, (true, None), ErrorKind::Usage),
        ("returned", vec![plan.clone()], None, (true, Some("x")), ErrorKind::Usage),
        ("maybe", vec![plan.clone()], None, (false, None), ErrorKind::Usage),
        ("approved", vec![], None, (false, None), ErrorKind::Usage),
        ("approved", vec![plan.clone()], Some("明天"), (false, None), ErrorKind::Usage),
        ("approved", vec![plan.clone()], Some("2025-02-30"), (false, None), ErrorKind::Usage),
        ("approved", vec![format!("{sheet}.1")], None, (false, None), ErrorKind::Usage),
        ("approved", vec!["ffffffffffffffff.0".into()], None, (false, None), ErrorKind::Usage),
        ("approved", vec![".0".into()], None, (false, None), ErrorKind::Usage),
        ("approved", vec!["zz".into()], None, (false, None), ErrorKind::Usage),
        ("approved", vec![format!("{plan}9")], None, (false, None), ErrorKind::Usage),
    ] {
        assert_eq!(decide(&mut net, verdict, &plans, day, why).unwrap_err().kind, kind, "{verdict} {plans:?} {day:?} {why:?}");
    }
    let long = "长".repeat(400);
    assert_eq!(
        decide(&mut net, "refused", std::slice::from_ref(&plan), None, (false, Some(&long))).unwrap_err().kind,
        ErrorKind::Usage
    );
    // A clerk is no reviewer.
    let command =
        Command::PlanDecide { verdict: "approved".into(), plans: vec![plan], day: None, retroactive: false, reason: None };
    assert_eq!(net.run("clerk", &command).unwrap_err().kind, ErrorKind::Refused);
    let org = Command::ReviewDecide {
        verdict: "approve".into(),
        rows: vec![format!("{sheet}.1")],
        sheet: None,
        claimed: false,
        org: Some("001".into()),
        reason: None,
    };
    assert_eq!(net.run("reviewer", &org).unwrap_err().kind, ErrorKind::Usage);
    assert!(decisions(&net, net.review()).is_empty());
}

/// The county's reviewer at the machine of a school.
#[test]
fn a_machine_decides_only_on_plans_that_its_organisation_decides_on() {
    let mut net = Net::new();
    let plan = net.put("clerk", net.ledger(), &claiming("S1", None, None)).to_string();
    net.start_again_as(net.school2);
    let error = decide(&mut net, "approved", &[plan], Some("2024-12-20"), (false, None)).unwrap_err();
    assert!(error.kind == ErrorKind::Refused && error.what.zh.contains("不归本机构审定"), "{error:?}");
}

#[test]
fn many_plans_keep_to_the_limits() {
    let mut net = Net::new();
    let ledger = net.ledger();
    let person = net.person("clerk");
    let mut act = crate::core::Act::default();
    for n in 0..40 {
        let mut p = PayloadBuilder::default();
        for k in 0..20 {
            let (row_type, fields) = claiming(&format!("S{n}-{k}"), Some("approved"), Some(20_080));
            p.row(row_type, &[], &fields);
        }
        act.write(ledger, p);
    }
    net.core.write(&person, act).unwrap();
    assert_eq!(claimed(&mut net, None)["plans"], 800);
    let entries = net.core.entries_of(&net.review()).unwrap();
    assert!(entries.len() > 1 && entries.iter().all(|e| e.to_bytes().len() <= 16 * 1024 + 512));
    assert_eq!(decisions(&net, net.review()).len(), 800);
    assert!(list(&mut net, None, false).is_empty());
}
