#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{DocId, Kind, OrgId},
    op::PayloadBuilder,
    rows::{ActivityKind, Burn, Lock, RowType, Status, Teacher},
    tips,
    units::Day,
};

use super::super::testkit::{Net, YEAR, activity, registration, row, teacher};
use crate::{
    command::{Command, Message},
    core::Act,
    error::ErrorKind,
};

fn lock(org: Option<&str>, even_pending: bool) -> Command {
    let org = org.map(str::to_owned);
    Command::ReviewLock { all: org.is_none(), org, year: YEAR, even_pending, reason: None }
}

fn unlock() -> Command {
    Command::ReviewUnlock { org: "001".into(), year: YEAR, reason: "补录".into() }
}

fn accept(entries: &[String]) -> Command {
    Command::ReviewAccept { entries: entries.to_vec(), reason: "晚到".into() }
}

fn late(net: &mut Net) -> Json {
    net.data("reviewer", &Command::ReviewLate { org: None })
}

fn hours(net: &mut Net, number: &str) -> u64 {
    net.data("clerk", &Command::Teacher { number: number.into() })["sums"]["recorded_h100"].as_u64().unwrap()
}

/// What is replied, and what is told beside it.
fn said(net: &mut Net, command: &Command) -> (Json, Vec<crate::error::Text>) {
    let mut notes = Vec::new();
    let unlock = super::super::testkit::unlock("reviewer");
    let mut tell = |m| {
        if let Message::Note(text) = m {
            notes.push(text)
        }
    };
    let reply = super::super::execute(&mut net.core, &unlock, command, &mut tell).unwrap();
    (Json::Object(reply.data), notes)
}

#[test]
fn all_that_a_bulk_approval_and_a_plan_decide_after_the_lock_is_told() {
    let mut net = Net::new();
    net.fill();
    let plan = net.put("clerk", net.ledger(), &activity("A8", ActivityKind::SchoolBased, None)).to_string();
    net.data("reviewer", &lock(Some("001"), true));
    let claimed =
        Command::ReviewDecide { verdict: "approve".into(), rows: vec![], sheet: None, claimed: true, org: None, reason: None };
    let (reply, notes) = said(&mut net, &claimed);
    // Two of 001; 002 is open.
    assert_eq!((&reply["registrations"], &reply["late"], notes.len()), (&3.into(), &2.into(), 1), "{reply}");
    let decide = Command::PlanDecide {
        verdict: "approved".into(),
        plans: vec![plan],
        day: None,
        retroactive: true,
        reason: Some("补批".into()),
    };
    let (reply, notes) = said(&mut net, &decide);
    assert_eq!((&reply["after_lock"], &reply["locked_by"], notes.len()), (&1.into(), &json!(["429801"]), 1), "{reply}");
}

fn approve(rows: Vec<String>) -> Command {
    Command::ReviewDecide { verdict: "approve".into(), rows, sheet: None, claimed: false, org: None, reason: None }
}

#[test]
fn a_year_with_registrations_that_wait_is_locked_only_on_purpose() {
    let mut net = Net::new();
    net.fill();
    let error = net.run("reviewer", &lock(None, false)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    let waiting = &error.details.unwrap()["waiting"];
    assert_eq!(waiting.as_array().unwrap().len(), 2);
    let of_001 = waiting.as_array().unwrap().iter().find(|w| w["org"] == "001").unwrap();
    assert_eq!(of_001["registrations"], 3);
    let locked = net.data("reviewer", &lock(None, true));
    assert_eq!((&locked["locked"], &locked["waiting_n"]), (&2.into(), &4.into()));
    let again = net.run("reviewer", &lock(Some("001"), true)).unwrap_err();
    assert!(again.what.zh.contains("已锁定"), "{again:?}");
    assert_eq!(net.data("reviewer", &lock(None, true))["already_locked"], 2, "of all there is nothing left to lock");
}

#[test]
fn what_is_recorded_after_the_lock_waits_is_listed_and_counts_once_accepted() {
    let mut net = Net::new();
    net.fill();
    net.data("reviewer", &lock(Some("001"), true));
    let before = hours(&mut net, "T1");
    let late_row = net.put("clerk", net.ledger(), &registration("A3", "T1", 700));
    let other = net.put("clerk2", net.ledger(), &registration("A4", "T1", 50));
    net.put("clerk3", net.ledger2(), &registration("A3", "T9", 700));
    assert_eq!(hours(&mut net, "T1"), before);
    // The teacher's page, the status and the county's list all say so.
    let page = net.data("clerk", &Command::Teacher { number: "T1".into() });
    assert_eq!(page["after_lock"].as_array().unwrap().len(), 2);
    assert_eq!((&page["locked"][0]["year"], &page["locked"][0]["locked_by"]), (&YEAR.into(), &"429801".into()));
    let listed = late(&mut net);
    assert_eq!((&listed["after_lock"], listed["waiting"].as_array().unwrap().len()), (&2.into(), 2));
    let one = listed["waiting"].as_array().unwrap().iter().find(|w| w["entry"] == late_row.entry.to_string()).unwrap();
    assert_eq!(
        (&one["school"], &one["types"]["registration"], &one["hand"]["label"]),
        (&"001".into(), &1.into(), &"clerk 岗".into())
    );
    assert_eq!((&one["locked_years"][0], &one["locked_by"][0]), (&YEAR.into(), &"429801".into()));
    assert_eq!(net.data("reviewer", &Command::Status)["after_lock"]["entries"], 2);
    // It cannot be decided on before it is accepted.
    let error = net.run("reviewer", &approve(vec![late_row.to_string()])).unwrap_err();
    assert!(error.hint.unwrap().zh.contains("review accept"));
    let accepted = net.data("reviewer", &accept(&[late_row.entry.to_string()]));
    assert_eq!(accepted["accepted"], 1);
    assert_eq!(hours(&mut net, "T1"), before + 700);
    assert_eq!(late(&mut net)["after_lock"], 1);
    let error = net.run("reviewer", &accept(&[late_row.entry.to_string()])).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Usage, "accepted once is enough: {error:?}");
    let short: String = other.entry.to_string().chars().take(12).collect();
    net.data("reviewer2", &accept(&[short]));
    assert_eq!(hours(&mut net, "T1"), before + 750);
}

/// A document that the city's lock does not name was empty, so all that the schools recorded would count for nothing.
#[test]
fn a_city_locks_nothing_of_which_it_has_no_ledgers() {
    let (mut net, city) = Net::below_a_city();
    net.fill();
    net.core.change_settings(|s| s.ledgers = false).unwrap();
    for asked in [lock(None, true), lock(Some("001"), true)] {
        let error = net.run("city-reviewer", &asked).unwrap_err();
        assert!(error.kind == ErrorKind::Refused && error.hint.is_some(), "{error:?}");
    }
    net.core.change_settings(|s| s.ledgers = true).unwrap();
    // Another node of the city, which has the county's lock and not yet all that it names.
    let mut behind = net.node_below(city);
    net.put("clerk", net.ledger(), &registration("A3", "T1", 700));
    let county = net.county;
    lock_by(&mut net, "reviewer", county);
    net.carry_kind(&mut behind, Kind::Review);
    take_keys(&net, &mut behind);
    let city_reviewer = super::super::testkit::unlock("city-reviewer");
    let run = |core: &mut crate::core::Core| super::super::execute(core, &city_reviewer, &lock(None, true), &mut |_| {});
    let error = run(&mut behind).unwrap_err();
    assert_eq!((error.kind, &error.details.unwrap()["missing"]), (ErrorKind::Refused, &serde_json::json!(["001"])));
    net.carry(&mut behind);
    assert_eq!(run(&mut behind).unwrap().data["locked"], 2);
    assert_eq!(net.data("city-reviewer", &lock(None, true))["locked"], 2);
}

#[test]
fn an_export_says_what_arrived_after_the_lock() {
    let mut net = Net::new();
    net.fill();
    net.data("reviewer", &lock(Some("001"), true));
    let name = net.put("clerk", net.ledger(), &registration("A3", "T1", 700)).to_string();
    let format = crate::command::Format::Jsonl;
    let export = |out| Command::Export { kind: "attendance".into(), org: None, year: None, format, gbk: false, out };
    let lines = net.run("reviewer", &export(None)).unwrap().lines;
    let states: Vec<_> = lines.iter().filter(|l| l["row"] == name).map(|l| (l["state"].clone(), l["standing"].clone())).collect();
    assert_eq!(states, [("after_lock".into(), "stands".into())]);
}

#[test]
fn an_unlock_opens_the_year_and_it_can_be_locked_again() {
    let mut net = Net::new();
    net.fill();
    assert_eq!(net.run("reviewer", &unlock()).unwrap_err().kind, ErrorKind::Usage, "nothing to open");
    net.data("reviewer", &lock(Some("001"), true));
    net.put("clerk", net.ledger(), &registration("A3", "T1", 700));
    let no_reason = Command::ReviewUnlock { org: "001".into(), year: YEAR, reason: " ".into() };
    assert_eq!(net.run("reviewer", &no_reason).unwrap_err().kind, ErrorKind::Usage);
    assert_eq!(net.data("reviewer", &unlock())["replaced"], 1);
    assert_eq!(late(&mut net)["after_lock"], 0);
    assert_eq!(hours(&mut net, "T1"), 2700);
    net.data("reviewer2", &lock(Some("001"), true));
    net.put("clerk", net.ledger(), &registration("A4", "T1", 50));
    assert_eq!((hours(&mut net, "T1"), &late(&mut net)["after_lock"]), (2700, &1.into()));
    let states: Vec<Json> = late(&mut net)["locks"].as_array().unwrap().iter().map(|l| l["state"].clone()).collect();
    assert!(states.contains(&"acts".into()) && states.contains(&"replaced".into()), "{states:?}");
}

#[test]
fn a_decision_after_the_lock_counts_only_where_it_changes_one_in_time() {
    let mut net = Net::new();
    let sheet = net.fill();
    let (first, second) = (format!("{sheet}.1"), format!("{sheet}.2"));
    net.data("reviewer", &approve(vec![first.clone()]));
    net.data("reviewer", &lock(Some("001"), true));
    let approved = |net: &mut Net, number: &str| {
        net.data("clerk", &Command::Teacher { number: number.into() })["sums"]["approved_h100"].clone()
    };
    // Who decides is told at once that it counts as nothing yet, and who can change that.
    let (reply, notes) = said(&mut net, &approve(vec![second.clone()]));
    assert_eq!(
        (&reply["late"], &reply["locked_years"], &reply["locked_by"]),
        (&1.into(), &json!([YEAR]), &json!(["429801"])),
        "{reply}"
    );
    let (zh, en) = (&notes[0].zh, &notes[0].en);
    assert!(
        zh.contains("001 的 2025 年度已由 429801 锁定") && zh.contains("1 项审核已保存") && zh.contains("review accept"),
        "{zh}"
    );
    assert!(en.contains("2025 of 001 is locked by 429801") && en.contains("none of them counts"), "{en}");
    assert_eq!(approved(&mut net, "T2"), 0);
    assert_eq!(late(&mut net)["waiting"][0]["types"]["decision"], 1);
    let back = Command::ReviewDecide {
        verdict: "return".into(),
        rows: vec![first],
        sheet: None,
        claimed: false,
        org: None,
        reason: Some("缺证明".into()),
    };
    assert_eq!(approved(&mut net, "T1"), 1600);
    let (changed, notes) = said(&mut net, &back);
    assert_eq!((&changed["late"], &changed["locked_years"], notes.len()), (&0.into(), &Json::Null, 0), "it replaces one in time");
    assert_eq!(approved(&mut net, "T1"), 0);
    let entry = late(&mut net)["waiting"][0]["entry"].as_str().unwrap().to_owned();
    net.data("reviewer", &accept(&[entry]));
    assert_eq!(approved(&mut net, "T2"), 800);
}

#[test]
fn clerks_lock_nothing_and_nobody_locks_a_year_to_come_or_another_countys_school() {
    let mut net = Net::new();
    net.fill();
    for command in [lock(Some("001"), true), accept(&["abcdef".into()]), Command::ReviewCheckpoint { month: None }] {
        assert_eq!(net.run("clerk", &command).unwrap_err().kind, ErrorKind::Refused, "{command:?}");
    }
    let year = |year| Command::ReviewLock { org: Some("001".into()), all: false, year, even_pending: true, reason: None };
    let next = net.core.now().day().year() + 1;
    assert_eq!(net.run("reviewer", &year(next)).unwrap_err().kind, ErrorKind::Usage);
    assert_eq!(net.run("reviewer", &year(1900)).unwrap_err().kind, ErrorKind::Usage);
    assert_eq!(net.run("reviewer", &lock(Some("429801"), true)).unwrap_err().kind, ErrorKind::Refused, "no school");
    assert_eq!(net.run("reviewer", &accept(&["abcdef".into()])).unwrap_err().kind, ErrorKind::Usage);
}

/// Nothing to do must not look like a right to do it.
#[test]
fn who_may_not_review_is_told_so_where_there_is_nothing_to_do() {
    let mut net = Net::new();
    net.fill();
    net.data("reviewer", &lock(None, true));
    let checkpoint = Command::ReviewCheckpoint { month: None };
    net.data("reviewer", &checkpoint);
    assert_eq!(net.data("reviewer", &checkpoint)["checkpoints"], 0);
    let open = Command::ReviewUnlock { org: "001".into(), year: YEAR - 1, reason: "补录".into() };
    for command in [lock(None, true), checkpoint, open] {
        assert_eq!(net.run("clerk", &command).unwrap_err().kind, ErrorKind::Refused, "{command:?}");
    }
}

#[test]
fn what_waits_in_another_year_or_at_another_school_keeps_no_lock_back() {
    let mut net = Net::new();
    net.fill();
    let before = Command::ReviewLock { org: None, all: true, year: YEAR - 1, even_pending: false, reason: None };
    assert_eq!(net.data("reviewer", &before)["locked"], 2);
    let of_002 = Command::ReviewDecide {
        verdict: "approve".into(),
        rows: Vec::new(),
        sheet: None,
        claimed: true,
        org: Some("002".into()),
        reason: None,
    };
    assert_eq!(net.data("reviewer", &of_002)["registrations"], 1);
    assert_eq!(net.data("reviewer", &lock(Some("002"), false))["locked"], 1);
    assert_eq!(net.run("reviewer", &lock(Some("001"), false)).unwrap_err().kind, ErrorKind::Refused);
}

#[test]
fn checkpoints_anchor_times_and_are_written_only_where_something_changed() {
    let mut net = Net::new();
    net.fill();
    let checkpoint = || Command::ReviewCheckpoint { month: None };
    let anchors = |net: &mut Net| {
        let page = net.data("clerk", &Command::Teacher { number: "T1".into() });
        let hands = page["records"].as_array().unwrap().iter().flat_map(|r| r["hands"].as_array().unwrap().clone());
        hands.map(|h| h["anchor"]["kind"].clone()).collect::<Vec<Json>>()
    };
    assert_eq!(anchors(&mut net), [Json::Null, Json::Null]);
    assert_eq!(net.data("reviewer", &checkpoint())["checkpoints"], 2);
    assert_eq!(anchors(&mut net), ["checkpoint", "checkpoint"]);
    let again = net.data("reviewer2", &checkpoint());
    assert_eq!((&again["checkpoints"], &again["unchanged"]), (&0.into(), &2.into()));
    net.put("clerk", net.ledger(), &registration("A3", "T1", 700));
    assert_eq!(net.data("reviewer", &checkpoint())["checkpoints"], 1);
    let bad = Command::ReviewCheckpoint { month: Some("2025-13".into()) };
    assert_eq!(net.run("reviewer", &bad).unwrap_err().kind, ErrorKind::Usage);
}

#[test]
fn a_checkpoint_of_a_stolen_key_is_none() {
    let mut net = Net::new();
    net.fill();
    let checkpoint = Command::ReviewCheckpoint { month: None };
    assert_eq!(net.data("reviewer", &checkpoint)["checkpoints"], 2);
    let burn = Burn { key: net.person("reviewer").key.public(), positions: Vec::new(), cause: "被盗".into(), reason: None };
    net.put("admin", DocId::of(net.county, Kind::Registry), &row(&burn));
    assert_eq!(net.data("reviewer2", &checkpoint)["checkpoints"], 2);
}

#[test]
fn an_import_after_the_lock_does_not_write_its_rows_twice() {
    let mut net = Net::new();
    net.fill();
    net.data("reviewer", &lock(Some("001"), true));
    let file = net.dir.path().join("late.jsonl");
    let mut line = serde_json::json!({ "type": "registration", "year": YEAR, "fields": {} });
    let format = crate::command::Format::Jsonl;
    let export =
        Command::Export { kind: "attendance".into(), org: Some("001".into()), year: None, format, gbk: false, out: None };
    let lines = net.run("clerk", &export).unwrap().lines;
    let known = lines.iter().find(|l| l["type"] == "registration").unwrap();
    line["fields"] = known["fields"].clone();
    line["fields"]["attended_h100"] = 555.into();
    line["fields"]["activity_no"] = "A9".into();
    std::fs::write(&file, line.to_string()).unwrap();
    let import = crate::command::Import {
        kind: "rows".into(),
        files: vec![file],
        org: Some("001".into()),
        year: Some(YEAR),
        semester: None,
        activity: None,
        dry_run: false,
        skip_bad_rows: false,
    };
    net.run("clerk", &Command::Import(import.clone())).unwrap();
    assert_eq!(late(&mut net)["after_lock"], 1);
    net.run("clerk", &Command::Import(import)).unwrap();
    assert_eq!(late(&mut net)["after_lock"], 1);
}

#[test]
fn a_rollup_before_and_after_agrees_with_the_pages() {
    let mut net = Net::new();
    let stage = |teacher: &str, from_day| {
        let (teacher, what, value) = (teacher.to_owned(), "stage".to_owned(), Some("primary".to_owned()));
        row(&Status { teacher, what, value, from_day, to_day: None, reason: None })
    };
    net.fill();
    net.data("reviewer", &lock(Some("001"), true));
    let late_fact = net.put("clerk", net.roster(), &stage("T1", Day(9_000)));
    let new = net.put_all("clerk", net.roster(), &[teacher("T7")]);
    let view = net.core.view(&net.roster()).unwrap();
    assert!(view.rows[&late_fact].late && view.rows_of(new).all(|r| !r.late && r.row_type == Teacher::TYPE));
    net.put("clerk", net.ledger(), &registration("A1", "T7", 300));
    let publish = Command::RollupPublish { period: YEAR, as_of: None };
    let rollup = net.data("reviewer", &publish);
    assert_eq!(rollup["teachers"], 4);
    let id = rollup["rollup"].as_str().unwrap().to_owned();
    let verify = Command::RollupVerify { id, deep: true, sample: None, seed: None };
    let verified = net.data("reviewer", &verify);
    assert_eq!((&verified["statement"]["verdict"], &verified["deep"]["verdict"]), (&"pass".into(), &"pass".into()));
}

#[test]
fn a_school_sees_its_lock_and_what_waits_on_its_own_node() {
    let mut net = Net::new();
    net.fill();
    net.data("reviewer", &lock(Some("001"), true));
    net.put("clerk", net.ledger(), &registration("A3", "T1", 700));
    let mut school = net.node_below(net.school);
    let status = super::super::execute(&mut school, &crate::command::Unlock::default(), &Command::Status, &mut |_| {}).unwrap();
    assert_eq!((&status.data["locked"][0]["year"], &status.data["after_lock"]["rows"]), (&YEAR.into(), &1.into()));
    let ledger = net.ledger();
    assert_eq!(school.view(&ledger).unwrap().bytes(), net.core.view(&ledger).unwrap().bytes());
}

/// A lock of 001 as another program writes it, without a question.
fn lock_by(net: &mut Net, who: &str, org: OrgId) {
    let list = net.core.ledger().closing(net.school, YEAR);
    let (id, bytes) = tips::attachment(&list);
    let (_, fields) = row(&Lock { year: YEAR, day: Day(20_500), tips_root: tips::root(&list), tips: id, reason: None });
    let mut p = PayloadBuilder::default();
    p.row(Lock::TYPE, &[], &fields);
    let mut act = Act { attachments: vec![(id, bytes)], ..Act::default() };
    act.write(DocId::about(org, Kind::Review, YEAR, net.school), p);
    let person = net.person(who);
    net.core.write(&person, act).unwrap();
}

/// One that only another lock keeps from acting would act once that is gone.
#[test]
fn an_unlock_replaces_a_second_lock_too_and_no_other_year() {
    let mut net = Net::new();
    net.fill();
    let county = net.county;
    ["reviewer", "reviewer"].into_iter().for_each(|who| lock_by(&mut net, who, county));
    let before = Command::ReviewLock { org: Some("001".into()), all: false, year: YEAR - 1, even_pending: true, reason: None };
    net.data("reviewer", &before);
    let mut states: Vec<String> =
        late(&mut net)["locks"].as_array().unwrap().iter().map(|l| l["state"].as_str().unwrap().to_owned()).collect();
    states.sort();
    assert_eq!(states, ["acts", "acts", "second"]);
    assert_eq!(net.data("reviewer", &unlock())["replaced"], 2);
    let years: Vec<Json> =
        late(&mut net)["locks"].as_array().unwrap().iter().filter(|l| l["state"] == "acts").map(|l| l["year"].clone()).collect();
    assert_eq!(years, [YEAR - 1]);
}

/// The keys of everybody on another node.
fn take_keys(net: &Net, to: &mut crate::core::Core) {
    let keys = |core: &crate::core::Core| core.folder().file("keys");
    std::fs::create_dir_all(keys(to)).unwrap();
    for file in std::fs::read_dir(keys(&net.core)).unwrap().map(|f| f.unwrap()) {
        std::fs::copy(file.path(), keys(to).join(file.file_name())).unwrap();
    }
}

#[test]
fn the_county_does_not_open_what_the_city_closed() {
    let (mut net, city) = Net::below_a_city();
    net.fill();
    lock_by(&mut net, "city-reviewer", city);
    let late_row = net.put("clerk", net.ledger(), &registration("A3", "T1", 700));
    let mut county = net.node_below(net.county);
    let unlock_as = super::super::testkit::unlock("reviewer");
    take_keys(&net, &mut county);
    let refused = |county: &mut crate::core::Core, command: &Command| {
        super::super::execute(county, &unlock_as, command, &mut |_| {}).unwrap_err()
    };
    let error = refused(&mut county, &accept(&[late_row.entry.to_string()]));
    assert!(error.what.zh.contains("429800"), "{error:?}");
    let error = refused(&mut county, &unlock());
    assert!(error.what.zh.contains("没有本机构可以解开的锁定") && error.hint.unwrap().zh.contains("上级"));
    // It closes the year as well, and opens that again: the city's lock stays.
    let mut done = |command: &Command| super::super::execute(&mut county, &unlock_as, command, &mut |_| {}).unwrap().data;
    assert_eq!(done(&lock(Some("001"), true))["locked"], 1);
    let opened = done(&unlock());
    assert_eq!((&opened["replaced"], &opened["still_locked_by"]), (&1.into(), &json!(["429800"])));
}
