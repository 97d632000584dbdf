#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use serde_json::Value as Json;
use taizhang_core::{entry::SignedEntry, id::Kind};

use super::*;
use crate::{
    command::{Command, Message, Unlock},
    commands::{execute, testkit},
    core::Core,
    folder::{Folder, Settings},
};

/// The node of school 001, with everything that the county's node has.
pub(in crate::commands) fn school(net: &testkit::Net) -> Core {
    let folder = Folder::at(net.dir.path().join("school"));
    folder.create().unwrap();
    for key in std::fs::read_dir(net.core.folder().file("keys")).unwrap().flatten() {
        std::fs::copy(key.path(), folder.file("keys").join(key.file_name())).unwrap();
    }
    folder.save_settings(&Settings::new(net.core.network(), net.school, Vec::new())).unwrap();
    let mut core = Core::open(folder, &mut |_, _, _| {}).unwrap();
    core.store_entries(in_order(&net.core), Vec::new()).unwrap();
    core
}

/// Every entry of a node, each behind those it names.
pub(in crate::commands) fn in_order(core: &Core) -> Vec<SignedEntry> {
    let mut ids: Vec<_> = core.ledger().documents().flat_map(|d| core.ledger().document(d).unwrap().entries.clone()).collect();
    ids.sort_by_key(|id| core.ledger().place(id).unwrap().arrival);
    ids.iter().map(|id| core.entry(id).unwrap()).collect()
}

fn hours(teacher: &str, activity: &str, h100: u32) -> Record {
    Record {
        teacher: teacher.into(),
        activity: Some(activity.into()),
        title: None,
        organiser: None,
        kind: None,
        h100,
        start: None,
        end: "2025-03-09".into(),
        assessment: None,
        note: None,
        again: false,
    }
}

fn training(title: &str) -> Record {
    Record {
        activity: None,
        title: Some(title.into()),
        organiser: Some("某大学".into()),
        kind: Some("visit".into()),
        ..hours("T1", "", 150)
    }
}

fn run(core: &mut Core, record: Record) -> Result<Json, CommandError> {
    let unlock = Unlock { key: Some("clerk".into()), passphrase: Some(testkit::PASSPHRASE.into()) };
    execute(core, &unlock, &Command::Record(record), &mut |_| {}).map(|r| Json::Object(r.data))
}

#[test]
fn one_training_of_one_teacher() {
    let mut net = testkit::Net::new();
    net.fill();
    let mut core = school(&net);
    let reply = run(&mut core, hours("T2", "A2", 400)).unwrap();
    assert_eq!(
        (&reply["document"], &reply["waiting"], &reply["findings"]),
        (&Json::from("001/ledger/2025"), &Json::from(false), &serde_json::json!([]))
    );
    let again = run(&mut core, hours("T2", "A2", 400)).unwrap();
    assert_eq!((&again["unchanged"], &again["row"]), (&Json::from(true), &reply["row"]));
    let strange = run(&mut core, Record { assessment: Some("pass".into()), ..hours("T77", "A9", 400) }).unwrap();
    let kinds: Vec<&str> = strange["findings"].as_array().unwrap().iter().map(|f| f["kind"].as_str().unwrap()).collect();
    assert_eq!((kinds, &strange["waiting"]), (vec!["unknown_teacher", "activity_missing"], &Json::from(true)));
    let other = run(&mut core, training("跟岗")).unwrap();
    assert_eq!(other["unchanged"], false);
    let view = core.view(&DocId::of_year(net.school, Kind::Ledger, 2025)).unwrap();
    let elsewhere = view.current().into_iter().find_map(|r| r.read::<Elsewhere>()).unwrap().row;
    assert_eq!(
        (elsewhere.kind, elsewhere.form.as_deref(), elsewhere.h100, elsewhere.start_day),
        (ActivityKind::Nonconcentrated, Some("visit"), 150, elsewhere.end_day)
    );
}

#[test]
fn a_like_training_is_recorded_again_only_on_purpose() {
    let mut net = testkit::Net::new();
    net.fill();
    let mut core = school(&net);
    let first = run(&mut core, training("跟岗")).unwrap();
    let like = || Record { organiser: Some("另一所大学".into()), ..training("跟岗") };
    let error = run(&mut core, like()).unwrap_err();
    assert!(error.kind.exit_code() == 1 && error.what.zh.contains(first["row"].as_str().unwrap()), "{error:?}");
    assert!(error.hint.unwrap().zh.contains("--again"));
    for other in [
        Record { h100: 151, ..like() },
        Record { end: "2025-03-08".into(), ..like() },
        Record { teacher: "T2".into(), ..like() },
        Record { title: Some("跟岗二".into()), ..like() },
        Record { again: true, ..like() },
    ] {
        let again = other.again;
        assert_eq!(run(&mut core, other).unwrap_or_else(|e| panic!("{again} {e:?}"))["unchanged"], false);
    }
}

/// Two half-days alike: what would write nothing does not say that it wrote.
#[test]
fn the_same_training_once_more_is_refused_and_another_half_day_is_told_apart_by_its_note() {
    let mut net = testkit::Net::new();
    net.fill();
    let mut core = school(&net);
    let recorded = |core: &mut Core| {
        let page = execute(core, &testkit::unlock("clerk"), &Command::Teacher { number: "T1".into() }, &mut |_| {}).unwrap();
        page.data["sums"]["recorded_h100"].as_u64().unwrap()
    };
    let before = recorded(&mut core);
    let morning = run(&mut core, training("跟岗")).unwrap();
    let entries = core.ledger().len();
    for again in [false, true] {
        let error = run(&mut core, Record { again, ..training("跟岗") }).unwrap_err();
        let hint = error.hint.clone().unwrap();
        assert!(error.kind.exit_code() == 1 && error.what.zh.contains(morning["row"].as_str().unwrap()), "{error:?}");
        assert!(error.what.zh.ends_with("没有写入") && hint.zh.contains("--note 下午"), "{hint:?}");
        assert_eq!(hint.zh.contains("--again"), !again, "{hint:?}");
    }
    assert_eq!(core.ledger().len(), entries);
    let afternoon = Record { again: true, note: Some("下午".into()), ..training("跟岗") };
    assert_eq!(run(&mut core, afternoon).unwrap()["unchanged"], false);
    assert_eq!(recorded(&mut core), before + 300, "both halves of the day");
}

#[test]
fn a_row_of_a_locked_year_is_kept_and_said_not_to_count() {
    let mut net = testkit::Net::new();
    net.fill();
    let lock = Command::ReviewLock { org: Some("001".into()), all: false, year: testkit::YEAR, even_pending: true, reason: None };
    net.data("reviewer", &lock);
    net.start_again_as(net.school);
    let mut said = Vec::new();
    let command = Command::Record(hours("T2", "A2", 400));
    let reply = execute(&mut net.core, &testkit::unlock("clerk"), &command, &mut |m| said.push(m)).unwrap().data;
    assert_eq!((&reply["locked_years"], &reply["locked_by"]), (&serde_json::json!([2025]), &serde_json::json!(["429801"])));
    let zh = said.iter().find_map(|m| if let Message::Note(text) = m { Some(text.zh.clone()) } else { None }).unwrap();
    assert!(zh.contains("2025 年度已由 429801 锁定") && zh.contains("未计入"), "{zh}");
    // Another year is open, and nothing is said.
    let mut said = Vec::new();
    let command = Command::Record(Record { end: "2024-03-09".into(), ..training("跟岗") });
    let reply = execute(&mut net.core, &testkit::unlock("clerk"), &command, &mut |m| said.push(m)).unwrap().data;
    assert!(reply["locked_years"].is_null() && !said.iter().any(|m| matches!(m, Message::Note(_))), "{said:?}");
}

#[test]
fn kinds_are_taken_in_the_words_of_sheets_too() {
    for (word, kind_) in [
        ("网络培训", ActivityKind::Online),
        ("集中", ActivityKind::Concentrated),
        ("学历教育", ActivityKind::Degree),
        ("校本培训", ActivityKind::SchoolBased),
        ("下企业实践", ActivityKind::Enterprise),
        ("self-study", ActivityKind::SelfStudy),
    ] {
        assert_eq!(kind(Some(word)).unwrap(), (kind_, None), "{word}");
    }
    assert!(kind(Some("培训")).is_err());
    for (word, kind) in [("县", "county"), ("区", "county"), ("镇", "township"), ("学校", "school"), ("school", "school")] {
        assert_eq!(super::super::org::org_kind(word).unwrap().word(), kind);
    }
    assert!(super::super::org::org_kind("村").is_err());
}

#[test]
fn a_correction_needs_a_reason() {
    let mut net = testkit::Net::new();
    net.fill();
    let mut core = school(&net);
    assert_eq!(run(&mut core, hours("T2", "A1", 700)).unwrap_err().kind, ErrorKind::Refused);
    let reply = run(&mut core, Record { note: Some("录入有误".into()), ..hours("T2", "A1", 700) }).unwrap();
    assert_eq!(reply["corrects"].as_array().unwrap().len(), 1);
    let view = core.view(&DocId::of_year(net.school, Kind::Ledger, 2025)).unwrap();
    let all: Vec<Registration> = view.current().into_iter().filter_map(|r| r.read::<Registration>()).map(|p| p.row).collect();
    let row = all.iter().filter(|r| r.teacher == "T2" && r.activity_no.as_deref() == Some("A1")).collect::<Vec<_>>();
    assert_eq!((row.len(), row[0].attended_h100, row[0].reason.as_deref(), &row[0].note), (1, 700, Some("录入有误"), &None));
}

#[test]
fn bad_records() {
    let mut net = testkit::Net::new();
    net.fill();
    let mut core = school(&net);
    let entries = core.ledger().len();
    let good = || hours("T1", "A5", 100);
    for bad in [
        Record { end: "2025-02-30".into(), ..good() },
        Record { start: Some("2025-03-10".into()), ..good() },
        Record { start: Some("yesterday".into()), ..good() },
        Record { teacher: "429801198610087936".into(), ..good() },
        Record { teacher: String::new(), ..good() },
        Record { teacher: "T 1".into(), ..good() },
        Record { activity: Some("A/1".into()), ..good() },
        Record { activity: None, ..good() },
        Record { title: Some("两者".into()), ..good() },
        Record { assessment: Some("perfect".into()), ..good() },
        Record { note: Some("长".repeat(400)), ..good() },
        Record { title: Some(" ".into()), ..training("x") },
        Record { kind: Some("flying".into()), ..training("x") },
    ] {
        let error = run(&mut core, bad.clone()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Usage, "{bad:?}");
        assert!(!error.what.en.contains("429801198610087936"));
    }
    assert_eq!(core.ledger().len(), entries);
}
