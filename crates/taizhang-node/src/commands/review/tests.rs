#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use serde_json::Value as Json;
use taizhang_core::{
    id::{DocId, EntryId, Kind},
    op::{PayloadBuilder, REPLACES_MAX, RowName},
    rows::{Activity, ActivityKind, Burn, Decision, DecisionTarget, RowType, Teacher, Verdict},
};

use super::super::testkit::{Net, YEAR, activity, registration, row, sheet};
use crate::{
    command::{Command, Message, Reply},
    error::{CommandError, ErrorKind},
};

fn decide(net: &mut Net, verdict: &str, rows: &[String], reason: Option<&str>) -> Result<Reply, CommandError> {
    let reason = reason.map(str::to_owned);
    net.run(
        "reviewer",
        &Command::ReviewDecide { verdict: verdict.into(), rows: rows.to_vec(), sheet: None, claimed: false, org: None, reason },
    )
}

fn by_sheet(net: &mut Net, verdict: &str, sheet: &str, reason: Option<&str>) -> Result<Reply, CommandError> {
    let (sheet, reason) = (Some(sheet.to_owned()), reason.map(str::to_owned));
    net.run(
        "reviewer",
        &Command::ReviewDecide { verdict: verdict.into(), rows: Vec::new(), sheet, claimed: false, org: None, reason },
    )
}

fn claimed(net: &mut Net) -> Reply {
    net.run(
        "reviewer",
        &Command::ReviewDecide {
            verdict: "approve".into(),
            rows: Vec::new(),
            sheet: None,
            claimed: true,
            org: None,
            reason: None,
        },
    )
    .unwrap()
}

fn list(net: &mut Net, org: Option<&str>) -> Vec<Json> {
    net.data("reviewer", &Command::ReviewList { org: org.map(str::to_owned) })["waiting"].as_array().unwrap().clone()
}

/// (activity, teacher, state) of every record of 001.
fn states(net: &mut Net) -> Vec<(String, String, String)> {
    let mut out = Vec::new();
    for t in ["T1", "T2"] {
        let reply = net.data("clerk", &Command::Teacher { number: t.into() });
        for r in reply["records"].as_array().unwrap() {
            out.push((r["activity"].as_str().unwrap().into(), t.into(), r["approval"]["state"].as_str().unwrap().into()));
        }
    }
    out
}

fn state(net: &mut Net, activity: &str, teacher: &str) -> String {
    states(net).into_iter().find(|(a, t, _)| a == activity && t == teacher).unwrap().2
}

fn targets(net: &Net) -> Vec<DecisionTarget> {
    let view = net.core.view(&net.review()).unwrap();
    view.rows.values().filter_map(|r| r.read::<Decision>()).map(|p| p.row.target).collect()
}

#[test]
fn what_waits_is_listed_by_school_and_entry_with_what_is_claimed() {
    let mut net = Net::new();
    let sheet = net.fill();
    let waiting = list(&mut net, None);
    assert_eq!(waiting.len(), 3);
    let of_sheet = waiting.iter().find(|w| w["entry"] == sheet.to_string()).unwrap();
    assert_eq!(
        (&of_sheet["school"], &of_sheet["sheet"], &of_sheet["registrations"], &of_sheet["h100"]),
        (&"001".into(), &true.into(), &2.into(), &2400.into())
    );
    assert_eq!(of_sheet["claims"]["approved"], 2);
    assert_eq!(of_sheet["rows"], serde_json::json!([1, 2]));
    assert_eq!(of_sheet["hand"]["label"], "clerk 岗");
    let single = waiting.iter().find(|w| w["school"] == "001" && w["sheet"] == false).unwrap();
    assert_eq!(single["claims"]["pending"], 1);
    assert_eq!(list(&mut net, Some("002")).len(), 1);
    assert!(net.run("reviewer", &Command::ReviewList { org: Some("9".into()) }).is_err());
}

#[test]
fn rows_are_decided_by_name_or_its_beginning_and_decided_again() {
    let mut net = Net::new();
    let sheet = net.fill();
    let short = format!("{}.1", sheet.to_string().chars().take(12).collect::<String>());
    decide(&mut net, "approve", std::slice::from_ref(&short), None).unwrap();
    assert_eq!((state(&mut net, "A1", "T1").as_str(), state(&mut net, "A1", "T2").as_str()), ("approved", "pending"));
    let reply = decide(&mut net, "return", &[short, format!("{sheet}.2")], Some("缺签到")).unwrap();
    assert_eq!(reply.data["replaced"], 1);
    assert_eq!((state(&mut net, "A1", "T1").as_str(), state(&mut net, "A1", "T2").as_str()), ("returned", "returned"));
    let reply = decide(&mut net, "approved", &[format!("{sheet}.2")], None).unwrap();
    assert_eq!(reply.data["replaced"], 1);
    assert_eq!((state(&mut net, "A1", "T1").as_str(), state(&mut net, "A1", "T2").as_str()), ("returned", "approved"));
}

#[test]
fn a_sheet_is_decided_by_the_digest_of_its_bytes_and_single_lines_after_it() {
    let mut net = Net::new();
    let id = net.fill();
    let reply = by_sheet(&mut net, "approve", &id.to_string(), None).unwrap();
    assert_eq!(reply.data["registrations"], 2);
    assert!(matches!(targets(&net).as_slice(), [DecisionTarget::Sheet { .. }]));
    assert_eq!(state(&mut net, "A1", "T2"), "approved");
    decide(&mut net, "return", &[format!("{id}.2")], Some("学时有误")).unwrap();
    assert_eq!((state(&mut net, "A1", "T1").as_str(), state(&mut net, "A1", "T2").as_str()), ("approved", "returned"));
    // The whole sheet once more: both the sheet's decision and the line's give way.
    let reply = by_sheet(&mut net, "return", &id.to_string(), Some("重报")).unwrap();
    assert_eq!(reply.data["replaced"], 2);
    assert_eq!((state(&mut net, "A1", "T1").as_str(), state(&mut net, "A1", "T2").as_str()), ("returned", "returned"));
}

#[test]
fn a_sheet_of_several_entries_is_decided_whole_whichever_is_named() {
    let mut net = Net::new();
    net.fill();
    let ledger = net.ledger();
    let more: Vec<EntryId> = [("A2", "T2"), ("A8", "T1")]
        .iter()
        .map(|(a, t)| net.put_all("clerk", ledger, &[sheet(9), registration(a, t, 100)]))
        .collect();
    let reply = by_sheet(&mut net, "approve", &more[1].to_string(), None).unwrap();
    assert_eq!(reply.data["registrations"], 2);
    assert_eq!((state(&mut net, "A2", "T2").as_str(), state(&mut net, "A8", "T1").as_str()), ("approved", "approved"));
    assert_eq!(state(&mut net, "A1", "T1"), "pending", "another sheet");
}

#[test]
fn claimed_approves_exactly_what_is_found_pending_and_claimed() {
    let mut net = Net::new();
    let sheet = net.fill();
    net.put("clerk", net.ledger(), &registration("A7", "T1", 100));
    net.put("clerk", net.ledger(), &registration("A3", "T1", 100));
    net.put("clerk2", net.ledger(), &registration("A3", "T1", 200));
    net.put("office", net.notice(), &activity("A3", ActivityKind::Online, Some("approved")));
    decide(&mut net, "return", &[format!("{sheet}.1")], Some("缺签到")).unwrap();
    let reply = claimed(&mut net);
    // T2 in A1 at 001 and T9 in A1 at 002; the rivals of A3 are for a person.
    assert_eq!((&reply.data["registrations"], &reply.data["skipped_rivals"]), (&2.into(), &2.into()));
    assert_eq!(reply.data["documents"].as_array().unwrap().len(), 2);
    assert_eq!(state(&mut net, "A1", "T1"), "returned");
    assert_eq!(state(&mut net, "A1", "T2"), "approved");
    assert_eq!((state(&mut net, "A2", "T1").as_str(), state(&mut net, "A7", "T1").as_str()), ("pending", "pending"));
    let again = claimed(&mut net);
    assert_eq!(again.data["registrations"], 0);
    assert!(again.data["entries"].as_array().unwrap().is_empty());
}

#[test]
fn who_approves_in_bulk_is_told_of_what_earns_nothing_or_has_not_ended() {
    let (mut net, _) = Net::below_a_city();
    net.fill();
    let (_, fields) = activity("X1", ActivityKind::Concentrated, Some("approved"));
    let copied = Activity {
        end_day: taizhang_core::units::Day(net.core.now().day().0 + 9),
        ..Activity::from_fields(&fields).unwrap().row
    };
    net.put("clerk", net.ledger(), &row(&copied));
    let wrong = net.put("clerk", net.ledger(), &registration("X1", "T2", 700)).entry.to_string();
    net.start_again_as(net.county);
    let listed = list(&mut net, None);
    let found = |w: &&Json| w["findings"]["announcer_not_competent"] == 1;
    assert_eq!(listed.iter().filter(found).map(|w| w["entry"].as_str().unwrap()).collect::<Vec<_>>(), [wrong.as_str()]);
    let command =
        Command::ReviewDecide { verdict: "approve".into(), rows: vec![], sheet: None, claimed: true, org: None, reason: None };
    let mut notes = Vec::new();
    let mut tell = |m| {
        if let Message::Note(text) = m {
            notes.push(text.zh)
        }
    };
    let unlock = super::super::testkit::unlock("reviewer");
    let reply = super::super::execute(&mut net.core, &unlock, &command, &mut tell).unwrap().data;
    assert_eq!((&reply["announced_below"], &reply["not_ended"]), (&1.into(), &1.into()), "{reply:?}");
    assert!(notes.iter().any(|n| n.contains("1 条登记 (001) 的活动 X1 由低于其级别的单位发布")), "{notes:?}");
    assert!(notes.iter().any(|n| n.contains(&format!("尚未结束, 最晚的 {}", copied.end_day))), "{notes:?}");
}

#[test]
fn bulk_decisions_keep_to_the_limits_and_name_whole_entries() {
    let mut net = Net::new();
    net.fill();
    let ledger = net.ledger();
    let person = net.person("clerk");
    let mut act = crate::core::Act::default();
    for n in 0..900 {
        let mut p = PayloadBuilder::default();
        for t in ["T1", "T2"] {
            let (row_type, fields) = registration("A1", &format!("{t}x{n}"), 100);
            p.row(row_type, &[], &fields);
        }
        act.write(ledger, p);
    }
    net.core.write(&person, act).unwrap();
    let reply = claimed(&mut net);
    assert_eq!(reply.data["registrations"], 1803);
    for entry in net.core.entries_of(&net.review()).unwrap() {
        assert!(entry.to_bytes().len() <= 16 * 1024 + 512);
    }
    let rows: usize = targets(&net).iter().map(|t| if let DecisionTarget::Rows { rows, .. } = t { rows.len() } else { 0 }).sum();
    assert_eq!(rows, 901);
    let whole =
        targets(&net).iter().all(|t| matches!(t, DecisionTarget::Rows { rows, .. } if rows.iter().all(|(_, i)| i.is_empty())));
    assert!(whole, "every registration of each entry was meant");
    assert_eq!(claimed(&mut net).data["registrations"], 0);
}

#[test]
fn a_decision_on_one_hand_counts_for_all_and_approving_a_second_claim_replaces_the_first() {
    let mut net = Net::new();
    let sheet = net.fill();
    let copy = net.put("clerk2", net.ledger(), &registration("A1", "T1", 1600));
    decide(&mut net, "approve", &[copy.to_string()], None).unwrap();
    assert_eq!(state(&mut net, "A1", "T1"), "approved");
    let reply = decide(&mut net, "return", &[format!("{sheet}.1")], Some("缺签到")).unwrap();
    assert_eq!(reply.data["replaced"], 1, "the decision on the other hand");
    assert_eq!(state(&mut net, "A1", "T1"), "returned");
    // The county's own office registers the same teacher and activity.
    let about = DocId::about(net.county, Kind::Ledger, YEAR, net.school);
    let second = net.put("office", about, &registration("A1", "T2", 700));
    decide(&mut net, "approve", &[format!("{sheet}.2")], None).unwrap();
    let reply = decide(&mut net, "approve", &[second.to_string()], None).unwrap();
    assert_eq!(reply.data["replaced"], 1);
    let of_t2 = states(&mut net).into_iter().filter(|(a, t, s)| a == "A1" && t == "T2" && s == "approved").count();
    assert_eq!(of_t2, 1);
}

#[test]
fn two_reviewers_apart_are_undecided_until_both_are_replaced() {
    let mut net = Net::new();
    let sheet = net.fill();
    let row = RowName { entry: sheet, index: 1 };
    let rows = [Verdict::Approved, Verdict::Returned].map(|verdict| decision(&net, row, verdict, "各自"));
    for (who, row) in ["reviewer", "reviewer2"].iter().zip(&rows) {
        net.put(who, net.review(), row);
    }
    assert_eq!(state(&mut net, "A1", "T1"), "undecided");
    assert_eq!(list(&mut net, None).iter().map(|w| w["undecided"].as_array().unwrap().len()).sum::<usize>(), 1);
    let reply = decide(&mut net, "approve", &[row.to_string()], None).unwrap();
    assert_eq!(reply.data["replaced"], 2);
    assert_eq!(state(&mut net, "A1", "T1"), "approved");
}

#[test]
fn what_cannot_be_decided() {
    let mut net = Net::new();
    let sheet = net.fill();
    let row = format!("{sheet}.1");
    let notice = net.core.ledger().open_tips(&net.notice())[0];
    let one = net.core.ledger().open_tips(&net.ledger())[0];
    for (verdict, rows, sheet, claimed, reason, kind) in [
        ("return", vec![row.clone()], None, false, None, ErrorKind::Usage),
        ("return", vec![row.clone()], None, false, Some("  "), ErrorKind::Usage),
        ("maybe", vec![row.clone()], None, false, None, ErrorKind::Usage),
        ("approve", vec![], None, false, None, ErrorKind::Usage),
        ("approve", vec![row.clone()], None, true, None, ErrorKind::Usage),
        ("return", vec![], None, true, Some("缺"), ErrorKind::Usage),
        ("approve", vec![format!("{sheet}.0")], None, false, None, ErrorKind::Usage),
        ("approve", vec![format!("{sheet}.99")], None, false, None, ErrorKind::Usage),
        ("approve", vec![format!("{sheet}.x")], None, false, None, ErrorKind::Usage),
        ("approve", vec![format!("{notice}.0")], None, false, None, ErrorKind::Usage),
        ("approve", vec![".1".into()], None, false, None, ErrorKind::Usage),
        ("approve", vec!["zz.1".into()], None, false, None, ErrorKind::Usage),
        ("approve", vec![], Some(one.to_string()), false, None, ErrorKind::Usage),
        ("approve", vec![], Some("ffffffffffffffffffffffff".into()), false, None, ErrorKind::Usage),
    ] {
        let reason = reason.map(str::to_owned);
        let command = Command::ReviewDecide { verdict: verdict.into(), rows: rows.clone(), sheet, claimed, org: None, reason };
        assert_eq!(net.run("reviewer", &command).unwrap_err().kind, kind, "{verdict} {rows:?}");
    }
    let long = "长".repeat(400);
    assert_eq!(decide(&mut net, "return", std::slice::from_ref(&row), Some(&long)).unwrap_err().kind, ErrorKind::Usage);
    // A clerk is no reviewer.
    let command = Command::ReviewDecide {
        verdict: "approve".into(),
        rows: vec![row],
        sheet: None,
        claimed: false,
        org: None,
        reason: None,
    };
    assert_eq!(net.run("clerk", &command).unwrap_err().kind, ErrorKind::Refused);
    assert!(targets(&net).is_empty());
}

/// A decision on a row of the sheet.
fn decision(net: &Net, row: RowName, verdict: Verdict, reason: &str) -> super::super::testkit::Row {
    let target = DecisionTarget::Rows { document: net.ledger(), rows: vec![(row.entry, vec![row.index])] };
    super::super::testkit::row(&Decision { target, verdict, reason: Some(reason.into()) })
}

/// Another county's word, or that of a stolen key, is not replaced; the city's own decision nobody below replaces.
#[test]
fn only_what_counts_is_replaced_and_not_from_below() {
    let (mut net, city) = Net::below_a_city();
    let row = RowName { entry: net.fill(), index: 1 };
    let other = net.beside(city, "429802", "other");
    let by_other = decision(&net, row, Verdict::Returned, "别县");
    net.put("other", DocId::about(other, Kind::Review, YEAR, net.school), &by_other);
    let stolen = decision(&net, row, Verdict::Returned, "被盗");
    net.put("reviewer2", net.review(), &stolen);
    let burn = Burn { key: net.person("reviewer2").key.public(), positions: Vec::new(), cause: "被盗".into(), reason: None };
    net.put("county-admin", DocId::of(net.county, Kind::Registry), &super::super::testkit::row(&burn));
    let by_city = decision(&net, RowName { index: 2, ..row }, Verdict::Returned, "抽查");
    net.put("city-reviewer", DocId::about(city, Kind::Review, YEAR, net.school), &by_city);
    net.start_again_as(net.county);
    assert_eq!(decide(&mut net, "approve", &[row.to_string()], None).unwrap().data["replaced"], 0);
    let error = decide(&mut net, "approve", &[format!("{}.2", row.entry)], None).unwrap_err();
    assert!(error.kind == ErrorKind::Refused && error.what.zh.contains("已有决定"), "{error:?}");
}

#[test]
fn more_decisions_than_one_row_replaces_are_told() {
    let mut net = Net::new();
    let row = RowName { entry: net.fill(), index: 1 };
    let many: Vec<_> = (0..=REPLACES_MAX).map(|n| decision(&net, row, Verdict::Returned, &n.to_string())).collect();
    net.put_all("reviewer", net.review(), &many);
    let error = decide(&mut net, "approve", &[row.to_string()], None).unwrap_err();
    assert!(error.kind == ErrorKind::Refused && error.what.zh.contains("一次最多更改"), "{error:?}");
}

#[test]
fn no_line_of_a_sheet_is_decided_that_came_late_or_from_a_stolen_key() {
    let mut net = Net::new();
    let whole = net.fill();
    let ledger = net.ledger();
    net.put_all("clerk2", ledger, &[sheet(2), registration("A8", "T1", 100)]);
    assert_eq!(by_sheet(&mut net, "approve", &whole.to_string(), None).unwrap().data["registrations"], 3);
    let burn = Burn { key: net.person("clerk2").key.public(), positions: Vec::new(), cause: "被盗".into(), reason: None };
    net.put("admin", DocId::of(net.county, Kind::Registry), &row(&burn));
    assert_eq!(by_sheet(&mut net, "approve", &whole.to_string(), None).unwrap().data["registrations"], 2);
    let lock = Command::ReviewLock { org: Some("001".into()), all: false, year: YEAR, even_pending: true, reason: None };
    net.data("reviewer", &lock);
    let late = net.put_all("clerk", ledger, &[sheet(7), registration("A9", "T1", 100)]);
    let error = by_sheet(&mut net, "approve", &late.to_string(), None).unwrap_err();
    assert!(error.hint.unwrap().zh.contains("review accept"));
}

/// The county's reviewer at the machine of a school.
#[test]
fn a_machine_decides_only_on_schools_below_its_organisation() {
    let mut net = Net::new();
    let sheet = net.fill();
    net.start_again_as(net.school2);
    let refused = [
        decide(&mut net, "approve", &[format!("{sheet}.1")], None).unwrap_err(),
        by_sheet(&mut net, "approve", &sheet.to_string(), None).unwrap_err(),
    ];
    for error in refused {
        assert!(error.kind == ErrorKind::Refused && error.what.zh.contains("不归本机构审核"), "{error:?}");
    }
    assert_eq!(claimed(&mut net).data["registrations"], 0);
}

#[test]
fn the_list_shows_ids_that_approve_takes_and_an_entry_alone_where_it_is_clear() {
    let mut net = Net::new();
    let sheet = net.fill();
    let waiting = list(&mut net, None);
    let of = |entry: &str| waiting.iter().find(|w| w["entry"].as_str().unwrap() == entry).unwrap();
    let items = of(&sheet.to_string())["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), 2);
    assert_eq!((&items[0]["teacher"], &items[0]["title"], &items[0]["h100"]), (&"T1".into(), &"培训A1".into(), &1600.into()));
    assert_eq!(
        (&items[0]["kind"], &items[0]["start"], &items[0]["end"]),
        (&"concentrated".into(), &"2025-01-02".into(), &"2025-01-06".into())
    );
    let elsewhere = taizhang_core::rows::Elsewhere {
        external_id: None,
        teacher: "T2".into(),
        title: "跟岗".into(),
        organiser: Some("某大学".into()),
        level: None,
        kind: ActivityKind::Degree,
        form: None,
        start_day: taizhang_core::units::Day(20_100),
        end_day: taizhang_core::units::Day(20_101),
        h100: 100,
        assessment: None,
        abroad: None,
        degree_level: None,
        claimed_by: None,
        claimed_at_ms: None,
        evidence: None,
        note: None,
        reason: None,
    };
    let entry = net.put("clerk", net.ledger(), &row(&elsewhere)).entry.to_string();
    let listed = list(&mut net, None);
    let item = listed.iter().find(|w| w["entry"].as_str() == Some(entry.as_str())).unwrap()["items"][0].clone();
    assert_eq!((&item["kind"], &item["end"], &item["organiser"]), (&"degree".into(), &"2025-01-13".into(), &"某大学".into()));
    let id = items[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(decide(&mut net, "approve", &[id], None).unwrap().data["registrations"], 1);
    // The sheet's entry means the whole sheet; an entry with one registration means that one.
    let whole: String = sheet.to_string().chars().take(10).collect();
    assert_eq!(decide(&mut net, "approve", &[whole], None).unwrap().data["registrations"], 2);
    let single = waiting.iter().find(|w| w["registrations"] == 1 && w["school"] == "001").unwrap();
    let single = single["entry"].as_str().unwrap()[..10].to_owned();
    assert_eq!(decide(&mut net, "approve", &[single], None).unwrap().data["registrations"], 1);
    // Too few digits name nothing, even where only one entry fits them.
    let short = &sheet.to_string()[..5];
    for bad in ["nothex", short, ""] {
        assert_eq!(decide(&mut net, "approve", &[bad.to_owned()], None).unwrap_err().kind, ErrorKind::Usage, "{bad}");
    }
}

#[test]
fn who_may_not_review_is_told_so_even_where_nothing_waits() {
    let mut net = Net::new();
    let claimed = Command::ReviewDecide {
        verdict: "approve".into(),
        rows: Vec::new(),
        sheet: None,
        claimed: true,
        org: None,
        reason: None,
    };
    let error = net.run("clerk", &claimed).unwrap_err();
    assert_eq!((error.kind, error.what.zh.as_str()), (ErrorKind::Refused, "您的密钥无权写入审核"));
    assert_eq!(net.run("reviewer", &claimed).unwrap().data["registrations"], 0);
}

#[test]
fn a_changed_hire_day_is_decided_by_the_county() {
    let mut net = Net::new();
    net.fill();
    let roster = net.roster();
    let list = |net: &mut Net| net.data("reviewer", &Command::ReviewList { org: None })["identities"].as_array().unwrap().clone();
    let rows: Vec<RowName> = net.core.view(&roster).unwrap().current().iter().map(|r| r.name).collect();
    let decide = |net: &mut Net, row: &str| {
        let (verdict, rows) = ("approve".to_owned(), vec![row.to_owned()]);
        net.data("reviewer", &Command::ReviewDecide { verdict, rows, sheet: None, claimed: false, org: None, reason: None })
    };
    let of_t1 = |net: &Net| {
        let view = net.core.view(&roster).unwrap();
        let is_t1 = |r: &&&taizhang_core::view::ViewRow| r.read::<Teacher>().is_some_and(|t| t.row.no == "T1");
        view.current().iter().find(is_t1).map(|r| r.name).unwrap()
    };
    let old = of_t1(&net);
    assert!(rows.contains(&old));
    decide(&mut net, &old.to_string());
    let (row_type, fields) = row(&Teacher {
        hired_day: taizhang_core::units::Day(12_000),
        ..Teacher::from_fields(&net.core.view(&roster).unwrap().rows[&old].fields).unwrap().row
    });
    let mut p = PayloadBuilder::default();
    p.row(row_type, &[old.here()], &fields);
    net.write("clerk", roster, p);
    let waits = list(&mut net);
    assert_eq!((waits.len(), &waits[0]["teacher"]), (1, &"T1".into()), "{waits:?}");
    decide(&mut net, waits[0]["id"].as_str().unwrap());
    assert!(list(&mut net).is_empty());
}
