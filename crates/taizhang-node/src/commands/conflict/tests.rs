#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use serde_json::Value as Json;
use taizhang_core::{
    id::{DocId, Kind},
    op::PayloadBuilder,
    rows::{Registration, RowType},
};

use super::super::testkit::{Net, registration, sheet};
use crate::{command::Command, core::Act, error::ErrorKind};

fn list(net: &mut Net) -> Vec<Json> {
    net.data("clerk", &Command::ConflictList)["conflicts"].as_array().unwrap().clone()
}

fn describe(net: &mut Net, who: &str, value: &str) {
    net.data(who, &Command::Describe { key: "T1.subject".into(), value: value.into() });
}

fn settle(
    net: &mut Net,
    key: &str,
    choose: Option<usize>,
    value: Option<&str>,
) -> Result<crate::command::Reply, crate::error::CommandError> {
    net.run("clerk", &Command::ConflictSettle { key: key.into(), choose, value: value.map(str::to_owned) })
}

/// Two machines write without having seen each other.
fn two_values(net: &mut Net) {
    for (who, value) in [("clerk", "语文"), ("clerk2", "数学")] {
        let mut p = PayloadBuilder::default();
        p.register("T1.subject", &taizhang_core::op::scalar(&taizhang_core::cbor::Value::Text(value.into())), &[]);
        net.write(who, net.roster(), p);
    }
}

fn value(net: &Net) -> Vec<taizhang_core::cbor::Value> {
    net.core.view(&net.roster()).unwrap().register("T1.subject").iter().map(|w| w.value.clone()).collect()
}

#[test]
fn both_values_are_shown_with_their_hands_and_one_is_kept() {
    let mut net = Net::new();
    two_values(&mut net);
    let conflicts = list(&mut net);
    assert_eq!(conflicts.len(), 1);
    let c = &conflicts[0];
    assert_eq!((&c["key"], &c["document"], &c["what"]), (&"T1.subject".into(), &"001/roster".into(), &"register".into()));
    let choices = c["choices"].as_array().unwrap();
    assert_eq!(choices.len(), 2);
    let of = |value: &str| choices.iter().find(|x| x["value"] == value).unwrap();
    assert_eq!(of("数学")["hands"][0]["label"], "clerk2 岗");
    assert_eq!(of("语文")["hands"][0]["org"], "001");
    assert!(of("语文")["hands"][0]["time_ms"].as_u64().unwrap() > 0);
    let n = usize::try_from(of("数学")["choose"].as_u64().unwrap()).unwrap();
    settle(&mut net, "T1.subject", Some(n), None).unwrap();
    assert!(list(&mut net).is_empty());
    assert_eq!(value(&net), [taizhang_core::cbor::Value::Text("数学".into())]);
}

#[test]
fn another_value_may_be_written_and_describing_over_what_is_seen_is_no_conflict() {
    let mut net = Net::new();
    two_values(&mut net);
    settle(&mut net, "T1.subject", None, Some("英语")).unwrap();
    assert_eq!(value(&net), [taizhang_core::cbor::Value::Text("英语".into())]);
    describe(&mut net, "clerk2", "体育");
    assert!(list(&mut net).is_empty());
    assert_eq!(value(&net), [taizhang_core::cbor::Value::Text("体育".into())]);
}

#[test]
fn the_same_value_from_two_hands_is_one_choice() {
    let mut net = Net::new();
    two_values(&mut net);
    let mut p = PayloadBuilder::default();
    p.register("T1.subject", &taizhang_core::op::scalar(&taizhang_core::cbor::Value::Text("语文".into())), &[]);
    net.write("clerk2", net.roster(), p);
    let conflicts = list(&mut net);
    let hands: usize = conflicts[0]["choices"].as_array().unwrap().iter().map(|c| c["hands"].as_array().unwrap().len()).sum();
    assert_eq!((conflicts[0]["choices"].as_array().unwrap().len(), hands), (2, 3));
    settle(&mut net, "T1.subject", Some(1), None).unwrap();
    assert_eq!(value(&net).len(), 1);
}

#[test]
fn rivals_are_settled_by_a_row_that_replaces_all_and_keeps_its_sheet() {
    let mut net = Net::new();
    let ledger = net.ledger();
    let of_sheet = |h100: u32| {
        let mut r = Registration::from_fields(&registration("A1", "T1", h100).1).unwrap().row;
        r.sheet = Some(taizhang_core::op::RowRef::own(0));
        (Registration::TYPE, r.to_fields())
    };
    let first = net.put_all("clerk", ledger, &[sheet(1), of_sheet(1600)]);
    net.put_all("clerk2", ledger, &[sheet(1), of_sheet(1600)]);
    net.put_all("clerk2", ledger, &[sheet(1), of_sheet(900)]);
    let conflicts = list(&mut net);
    assert_eq!(conflicts.len(), 1, "{conflicts:?}");
    let c = &conflicts[0];
    assert_eq!((&c["key"], &c["what"]), (&"registration:g/A1/T1".into(), &"rows".into()));
    let keep = c["choices"].as_array().unwrap().iter().find(|x| x["value"]["attended_h100"] == 1600).unwrap();
    assert_eq!(keep["hands"].as_array().unwrap().len(), 2, "equal content from two hands is one choice");
    let n = usize::try_from(keep["choose"].as_u64().unwrap()).unwrap();
    assert_eq!(settle(&mut net, "registration:g/A1/T1", None, Some("9")).unwrap_err().kind, ErrorKind::Usage);
    settle(&mut net, "registration:g/A1/T1", Some(n), None).unwrap();
    assert!(list(&mut net).is_empty());
    let view = net.core.view(&ledger).unwrap();
    let current: Vec<Registration> = view.current().iter().filter_map(|r| r.read::<Registration>()).map(|p| p.row).collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0].attended_h100, 1600);
    let sheet = current[0].sheet.unwrap().entry.unwrap();
    assert!(view.rows_of(sheet).any(|r| r.row_type == 62), "the sheet named is one of those that were signed");
    assert!(view.rows_of(first).count() == 2);
}

#[test]
fn what_cannot_be_settled() {
    let mut net = Net::new();
    two_values(&mut net);
    for (key, choose, value) in [
        ("T9.subject", Some(1), None),
        ("T1.subject", Some(0), None),
        ("T1.subject", Some(3), None),
        ("T1.subject", None, None),
        ("T1.subject", Some(1), Some("语文")),
        ("", Some(1), None),
    ] {
        assert_eq!(settle(&mut net, key, choose, value).unwrap_err().kind, ErrorKind::Usage, "{key} {choose:?} {value:?}");
    }
    // Somebody of another school may not.
    let command = Command::ConflictSettle { key: "T1.subject".into(), choose: Some(1), value: None };
    assert_eq!(net.run("clerk3", &command).unwrap_err().kind, ErrorKind::Refused);
    assert_eq!(list(&mut net).len(), 1);
}

#[test]
fn one_key_in_two_documents_is_named_by_its_id() {
    let mut net = Net::new();
    two_values(&mut net);
    let other = DocId::of(net.school2, Kind::Roster);
    let person = net.person("clerk3");
    for value in ["美术", "音乐"] {
        let mut p = PayloadBuilder::default();
        p.register("T1.subject", &taizhang_core::op::scalar(&taizhang_core::cbor::Value::Text(value.into())), &[]);
        let mut act = Act::default();
        act.write(other, p);
        net.core.write(&person, act).unwrap();
    }
    let refused = settle(&mut net, "T1.subject", Some(1), None).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Usage);
    let ids = refused.details.unwrap()["ids"].as_array().unwrap().clone();
    assert_eq!(ids.len(), 2);
    let own = ids.iter().map(|i| i.as_str().unwrap()).find(|i| i.starts_with(&net.school.to_string())).unwrap().to_owned();
    settle(&mut net, &own, Some(1), None).unwrap();
    assert_eq!(list(&mut net).len(), 1);
}

#[test]
fn fields_go_where_they_belong() {
    let mut net = Net::new();
    let year = net.core.now().day().year();
    for (who, key, value, document) in [
        ("clerk", "T1.seq", "12", "001/roster".to_owned()),
        ("clerk", "P1.title", "校本研修", format!("001/ledger/{year}")),
        ("clerk", "P1.budget_fen", "-5", format!("001/ledger/{year}")),
        ("admin", "001.address1", "某镇", "429801/registry".to_owned()),
        ("admin", "429801.contact_post", "教研室", "429801/registry".to_owned()),
    ] {
        let reply = net.data(who, &Command::Describe { key: key.into(), value: value.into() });
        assert_eq!(reply["document"], document, "{key}");
    }
    let seq = net.core.view(&net.roster()).unwrap().register("T1.seq")[0].value.clone();
    assert_eq!(seq, taizhang_core::cbor::Value::Int(12));
    let long = "长".repeat(400);
    for (who, key, value, kind) in [
        ("clerk", "T1.stage", "小学", ErrorKind::Usage),
        ("clerk", "subject", "语文", ErrorKind::Usage),
        ("clerk", ".subject", "语文", ErrorKind::Usage),
        ("clerk", "T 1.subject", "语文", ErrorKind::Usage),
        ("clerk", "11010519491231002X.subject", "语文", ErrorKind::Usage),
        ("clerk", "T11010519491231002X.subject", "语文", ErrorKind::Refused),
        ("clerk", "T1.seq", "twelve", ErrorKind::Usage),
        ("clerk", "T1.remark", long.as_str(), ErrorKind::Usage),
        ("admin", "999.address1", "某镇", ErrorKind::Usage),
        ("clerk", "001.address1", "某镇", ErrorKind::Refused),
        ("reviewer", "T1.subject", "语文", ErrorKind::Refused),
    ] {
        let command = Command::Describe { key: key.into(), value: value.into() };
        assert_eq!(net.run(who, &command).unwrap_err().kind, kind, "{key}");
    }
}
