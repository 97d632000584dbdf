#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use serde_json::Value as Json;
use taizhang_core::{
    id::{DocId, Kind},
    op::PayloadBuilder,
    rows::{Accept, Burn, Erase, EraseConfirm, Positions, Registration, RowType},
};

use crate::{
    command::Command,
    commands::testkit::{Net, YEAR, registration, row},
};

fn ask(net: &mut Net, record: &str, activity: Option<&str>) -> Json {
    net.data("clerk", &Command::AuditHistory { record: record.into(), activity: activity.map(str::to_owned) })
}

/// What was done, by whom.
fn told(history: &Json) -> Vec<(String, String)> {
    let text = |e: &Json, name: &str| e[name].as_str().unwrap_or_default().to_owned();
    history["events"].as_array().unwrap().iter().map(|e| (text(e, "event"), text(e, "label"))).collect()
}

fn decide(net: &mut Net, who: &str, verdict: &str, row: &str, reason: Option<&str>) {
    let command = Command::ReviewDecide {
        verdict: verdict.into(),
        rows: vec![row.into()],
        sheet: None,
        claimed: false,
        org: None,
        reason: reason.map(str::to_owned),
    };
    net.run(who, &command).unwrap();
}

fn adopt(net: &mut Net) {
    let adopt = Command::PolicyAdopt {
        policy: "wuhan-2008".into(),
        from: "2025-01-01".into(),
        overlay_of: None,
        stages: vec![],
        orgs: vec![],
        replace: false,
        reason: None,
    };
    net.run("officer", &adopt).unwrap();
}

#[test]
fn every_hand_and_every_number_of_a_record() {
    let mut net = Net::city();
    let sheet = net.fill();
    adopt(&mut net);
    let first = format!("{sheet}.1");
    decide(&mut net, "reviewer", "return", &first, Some("学时不符"));
    // The clerk corrects what was returned; another reviewer approves it.
    let mut p = PayloadBuilder::default();
    let (number, fields) = registration("A1", "T1", 1500);
    let corrected = Registration { reason: Some("更正".into()), ..Registration::from_fields(&fields).unwrap().row };
    p.row(number, &[taizhang_core::op::RowName::parse(&first).unwrap().here()], &corrected.to_fields());
    let correction = net.write("clerk2", net.ledger(), p);
    decide(&mut net, "reviewer2", "approve", &format!("{correction}.0"), None);
    let rollup = net.data("reviewer", &Command::RollupPublish { period: YEAR, as_of: None })["rollup"].clone();

    let history = ask(&mut net, "T1", Some("A1"));
    assert_eq!(
        (&history["record"], &history["teacher_no"], &history["activity"]),
        (&"g/A1/T1".into(), &"T1".into(), &"A1".into())
    );
    let who = |what: &str, who: &str| (what.to_owned(), format!("{who} 岗"));
    let expected = [
        who("written", "clerk"),
        who("returned", "reviewer"),
        who("corrected", "clerk2"),
        who("approved", "reviewer2"),
        who("summed", "reviewer"),
    ];
    assert_eq!(told(&history), expected);
    let events = history["events"].as_array().unwrap();
    assert_eq!((&events[1]["reason"], &events[2]["reason"]), (&"学时不符".into(), &"更正".into()));
    assert_eq!(events[2]["replaces"][0], first.as_str());
    assert!(events.iter().all(|e| e["time_ms"].is_u64() && e["key"].is_string() && e["org"].is_string()), "{events:?}");
    // The school's entries are first seen in the city's rollup.
    assert_eq!((&events[0]["seen_in"], &events[0]["seen_by"]), (&"rollup".into(), &"429800".into()));
    assert_eq!(events[1]["seen_in"], Json::Null, "nobody but the city itself has its decision");

    let lines = history["account"]["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 1, "{}", history["account"]);
    assert!(lines[0]["rule"].is_string() && lines[0]["zh"].is_string() && lines[0]["attended_h100"] == 1500, "{}", lines[0]);
    let summed = &history["rollups"][0];
    assert_eq!((&summed["rollup"], &summed["school"], &summed["teacher"]["holds"]), (&rollup, &"001".into(), &true.into()));
    // What a person reads has units: the figures beside the word say theirs.
    let teacher = &summed["teacher"];
    assert!(teacher["requirements"].as_array().unwrap().iter().all(|r| r["unit"].is_string() && r["need"].is_u64()), "{teacher}");
    assert_eq!((&teacher["requirements"][0]["unit"], &teacher["requirements"][0]["need"]), (&"c100".into(), &2000.into()));
    assert!(!teacher["standing_zh"].as_str().unwrap().bytes().any(|b| b.is_ascii_alphanumeric()), "{teacher}");
    assert_eq!((&summed["teacher"]["approved_h100"], &summed["school_line"]["teachers"]), (&1500.into(), &2.into()));

    // The same record by its name, by a beginning of it, and as conflicts name it; a teacher alone is the roster's row.
    for named in [first.as_str(), &format!("{}.1", &sheet.to_string()[..8]), "g/A1/T1", "registration:g/A1/T1"] {
        assert_eq!(told(&ask(&mut net, named, None)), expected, "{named}");
    }
    assert_eq!(told(&ask(&mut net, "T1", None)), [who("written", "clerk"), who("summed", "reviewer")]);
    for (record, activity) in [("T1", Some("A9")), ("zzz", None), ("abc", None), (&sheet.to_string()[..12], None)] {
        let command = Command::AuditHistory { record: record.into(), activity: activity.map(str::to_owned) };
        assert_eq!(net.run("clerk", &command).unwrap_err().kind.exit_code(), 2, "{record}");
    }
}

#[test]
fn what_burns_and_accepts_did_to_a_record_is_told() {
    let mut net = Net::new();
    net.fill();
    let name = net.put("clerk2", net.ledger(), &registration("A2", "T2", 300));
    let place = *net.core.ledger().place(&name.entry).unwrap();
    let registry = DocId::of(net.county, Kind::Registry);
    let burn = Burn { key: place.log.key, positions: vec![], cause: "stolen".into(), reason: Some("失窃".into()) };
    net.put("admin", registry, &row(&burn));
    let history = ask(&mut net, "T2", Some("A2"));
    let says: Vec<_> =
        history["events"].as_array().unwrap().iter().map(|e| (e["event"].clone(), e["standing"].clone())).collect();
    assert_eq!(says, [("written".into(), "burnt".into()), ("key_burnt".into(), "stands".into())]);
    assert_eq!((&history["events"][1]["says"], &history["events"][1]["reason"]), (&"not kept".into(), &"失窃".into()));
    let position = Positions { document: net.ledger(), run: place.log.run, height: place.sequence, id: name.entry };
    net.put("admin", registry, &row(&Accept { positions: vec![position], reason: "核实".into() }));
    let history = ask(&mut net, "T2", Some("A2"));
    let words: Vec<String> = told(&history).into_iter().map(|(word, _)| word).collect();
    assert_eq!(words, ["written", "key_burnt", "accepted"]);
    assert_eq!(history["events"][0]["standing"], "stands");
}

/// The approval that counts no longer is told together with who took it away, and why.
#[test]
fn what_became_of_those_who_decided_on_a_record_is_told() {
    let mut net = Net::new();
    let sheet = net.fill();
    decide(&mut net, "reviewer", "approve", &format!("{sheet}.1"), None);
    let registry = DocId::of(net.county, Kind::Registry);
    let decision = *net.core.ledger().document(&net.review()).unwrap().entries.last().unwrap();
    let place = *net.core.ledger().place(&decision).unwrap();
    let burn = Burn { key: place.log.key, positions: vec![], cause: "stolen".into(), reason: Some("失窃".into()) };
    net.put("admin", registry, &row(&burn));
    let history = ask(&mut net, "T1", Some("A1"));
    let words = |h: &Json| told(h).into_iter().map(|(word, _)| word).collect::<Vec<_>>();
    assert_eq!(words(&history), ["written", "approved", "key_burnt"]);
    let events = history["events"].as_array().unwrap();
    assert_eq!(
        (&events[1]["standing"], &events[2]["says"], &events[2]["reason"]),
        (&"burnt".into(), &"not kept".into(), &"失窃".into())
    );
    let position = Positions { document: net.review(), run: place.log.run, height: place.sequence, id: decision };
    net.put("admin", registry, &row(&Accept { positions: vec![position], reason: "核实".into() }));
    assert_eq!(words(&ask(&mut net, "T1", Some("A1"))), ["written", "approved", "key_burnt", "accepted"]);
    // Another record, which the burnt reviewer did not touch.
    assert_eq!(words(&ask(&mut net, "T1", Some("A2"))), ["written"]);
}

#[test]
fn a_decision_after_the_lock_is_not_said_to_count() {
    let mut net = Net::new();
    let sheet = net.fill();
    let lock = Command::ReviewLock { org: Some("001".into()), all: false, year: YEAR, even_pending: true, reason: None };
    net.run("reviewer", &lock).unwrap();
    decide(&mut net, "reviewer", "approve", &format!("{sheet}.1"), None);
    let history = ask(&mut net, "T1", Some("A1"));
    let events = history["events"].as_array().unwrap();
    let standing: Vec<_> = events.iter().filter(|e| e["event"] == "approved").map(|e| e["standing"].clone()).collect();
    assert_eq!(standing, ["after_lock"], "{events:?}");
}

#[test]
fn what_describes_a_teacher_and_who_asked_that_she_be_forgotten_is_told() {
    let mut net = Net::new();
    net.fill();
    net.run("clerk2", &Command::Describe { key: "T1.subject".into(), value: "数学".into() }).unwrap();
    net.run("clerk", &Command::Describe { key: "T2.subject".into(), value: "语文".into() }).unwrap();
    let identity = DocId::of(net.school, Kind::Identity);
    let erase = Erase { teacher: "T1".into(), key_id: [1; 8], reason: "保存期满".into() };
    let asked = net.put("clerk", identity, &row(&erase));
    net.put("reviewer", net.review(), &row(&EraseConfirm { erase: asked.in_document(identity), reason: None }));
    let history = ask(&mut net, "T1", None);
    let who = |what: &str, who: &str| (what.to_owned(), format!("{who} 岗"));
    let expected = [who("written", "clerk"), who("described", "clerk2"), who("erase", "clerk"), who("erase_confirm", "reviewer")];
    assert_eq!(told(&history), expected);
    let events = history["events"].as_array().unwrap();
    assert_eq!((&events[1]["says"], &events[1]["standing"]), (&"subject: 数学".into(), &"stands".into()));
    assert_eq!(events[2]["reason"], "保存期满");
}
