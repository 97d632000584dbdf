#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
//! The files in `tests/data` are made up: area codes that are not assigned, phones without a mobile prefix.

mod announce;
mod together;

use std::path::PathBuf;

use serde_json::Value as Json;
use taizhang_core::{
    cbor::Value,
    id::{DocId, Kind},
    rows::{
        Activity, Elsewhere, Import as ImportRow, Marks, Person, Registration, RowType, Session, Sheet, Status, Teacher, Waiver,
    },
    units::Day,
    view::matter::Matters,
};

use crate::{
    command::{Command, Format, Import, OrgChange},
    commands::{
        execute,
        record::tests::{in_order, school},
        testkit::{Net, teacher, unlock},
    },
    error::{CommandError, ErrorKind},
};

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn of(kind: &str, files: &[PathBuf], org: Option<&str>) -> Import {
    Import {
        kind: kind.to_owned(),
        files: files.to_vec(),
        org: org.map(str::to_owned),
        year: None,
        semester: None,
        activity: None,
        dry_run: false,
        skip_bad_rows: false,
    }
}

fn import(net: &mut Net, who: &str, kind: &str, file: &str, org: Option<&str>) -> Json {
    let reply = net.data(who, &Command::Import(of(kind, &[data(file)], org)));
    reply["files"][0].clone()
}

fn refused(net: &mut Net, who: &str, import: Import) -> CommandError {
    net.run(who, &Command::Import(import)).unwrap_err()
}

/// A file of the test's own.
fn file(net: &Net, name: &str, text: &str) -> PathBuf {
    let path = net.dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn kinds(report: &Json, severity: &str) -> Vec<String> {
    let all = report["findings"].as_array().unwrap().iter().filter(|f| f["severity"] == severity);
    all.map(|f| f["kind"].as_str().unwrap().to_owned()).collect()
}

fn counts(report: &Json) -> [u64; 4] {
    ["rows", "imported", "unchanged", "waiting"].map(|k| report[k].as_u64().unwrap())
}

fn rows<T: RowType>(net: &Net, document: DocId) -> Vec<T> {
    net.core.view(&document).unwrap().current().into_iter().filter_map(|r| r.read::<T>()).map(|p| p.row).collect()
}

fn ledger(net: &Net, year: u16) -> DocId {
    DocId::of_year(net.school, Kind::Ledger, year)
}

#[test]
fn a_roster_becomes_facts_and_sealed_persons() {
    let mut net = Net::new();
    let report = import(&mut net, "clerk", "roster", "roster-gb18030.csv", Some("001"));
    assert_eq!(counts(&report), [8, 8, 0, 0], "{report}");
    assert!(report["mended"].as_u64().unwrap() > 0);
    let roster = net.roster();
    let teachers: Vec<Teacher> = rows(&net, roster);
    assert_eq!(teachers.len(), 8);
    assert!(teachers.iter().any(|t| t.no == "4298010900000000" && t.hired_day == Day::parse_iso("2009-08-20").unwrap()));
    let facts: Vec<Status> = rows(&net, roster);
    let of = |no: &str, what: &str| {
        facts.iter().find(|s| s.teacher == no && s.what == what).map(|s| (s.value.clone().unwrap(), s.from_day.to_string()))
    };
    assert_eq!(of("4298019400000001", "title"), Some(("三级教师".to_owned(), "1994-10-12".to_owned())));
    assert_eq!(of("4298019400000001", "stage").unwrap().0, "primary");
    assert_eq!(of("4298019400000001", "head_teacher"), None);
    assert_eq!(of("4298010400000002", "head_teacher").unwrap().0, "yes");
    let view = net.core.view(&roster).unwrap();
    assert_eq!(view.register("4298019400000001.subject")[0].value, Value::Text("语文".to_owned()));
    assert_eq!(view.register("4298019400000001.seq")[0].value, Value::Text("2".to_owned()));
    let import_row: Vec<ImportRow> = rows(&net, roster);
    assert_eq!((import_row[0].rows, import_row[0].imported, import_row[0].kind.as_str()), (8, 8, "roster"));
    assert_eq!(rows::<Person>(&net, DocId::of(net.school, Kind::Identity)).len(), 8);
}

#[test]
fn no_name_number_or_phone_is_written_in_the_clear() {
    let mut net = Net::new();
    import(&mut net, "clerk", "roster", "roster.csv", Some("001"));
    let text = std::fs::read_to_string(data("roster.csv")).unwrap();
    let secrets: Vec<&str> = text
        .lines()
        .skip(1)
        .flat_map(|l| l.split(',').enumerate().filter(|(n, _)| [2, 4, 5, 14].contains(n)).map(|(_, v)| v))
        .collect();
    assert_eq!(secrets.len(), 32);
    let written: Vec<u8> =
        net.core.ledger().documents().flat_map(|d| net.core.entries_of(d).unwrap()).flat_map(|e| e.payload).collect();
    for secret in secrets {
        assert!(!written.windows(secret.len()).any(|w| w == secret.as_bytes()), "{secret}");
    }
    let keyring = std::fs::read_to_string(net.core.folder().file("keyring.json")).unwrap();
    assert!(!keyring.contains("韩光") && !keyring.contains("12040210797"));
}

#[test]
fn importing_again_changes_nothing() {
    let mut net = Net::new();
    let all = [
        ("clerk", "roster", "roster-gb18030.csv", Some("001")),
        ("office", "activities", "activities-gb18030.csv", None),
        ("clerk", "activities", "school-activities-gb18030.csv", Some("001")),
        ("clerk", "attendance", "attendance-gb18030.csv", Some("001")),
        ("clerk", "registrations", "records.json", Some("001")),
        ("admin", "orgs", "orgs.csv", None),
    ];
    for (who, kind, name, org) in all {
        import(&mut net, who, kind, name, org);
        let entries = net.core.ledger().len();
        let again = import(&mut net, who, kind, name, org);
        assert_eq!(net.core.ledger().len(), entries, "{kind}");
        assert_eq!((&again["imported"], &again["entries"]), (&Json::from(0), &Json::from(0)), "{kind}");
        assert_eq!(
            again["unchanged"].as_u64().unwrap() + again["not_ours"].as_u64().unwrap(),
            again["rows"].as_u64().unwrap(),
            "{kind}"
        );
        assert_eq!(again["already_imported"], Json::from(!matches!((who, kind), ("office", _) | (_, "orgs"))), "{kind}");
    }
}

#[test]
fn the_same_rows_in_another_file_change_nothing() {
    let mut net = Net::new();
    import(&mut net, "office", "activities", "activities.csv", None);
    import(&mut net, "clerk", "attendance", "attendance.csv", Some("001"));
    let entries = net.core.ledger().len();
    let activities = import(&mut net, "office", "activities", "activities-gb18030.csv", None);
    assert_eq!(counts(&activities), [12, 0, 12, 0], "{activities}");
    let attendance = import(&mut net, "clerk", "attendance", "attendance-gb18030.csv", Some("001"));
    assert_eq!(counts(&attendance)[1..3], [0, counts(&attendance)[0]], "{attendance}");
    assert_eq!(attendance["already_imported"], Json::from(false));
    assert_eq!(net.core.ledger().len(), entries);
}

#[test]
fn attendance_goes_into_the_year_of_its_activity() {
    let mut net = Net::new();
    import(&mut net, "clerk", "roster", "roster.csv", Some("001"));
    import(&mut net, "office", "activities", "activities.csv", None);
    let report = import(&mut net, "clerk", "attendance", "attendance-gb18030.csv", Some("001"));
    let clean = std::fs::read_to_string(data("attendance.csv")).unwrap();
    let of_others = clean.lines().skip(1).filter(|l| !l.contains(",429801-")).count() as u64;
    assert_eq!(counts(&report), [35, 35, 0, of_others], "the activities of school and city are missing: {report}");
    assert_eq!(kinds(&report, "note").iter().filter(|k| *k == "activity_missing").count(), 3);
    assert!(!kinds(&report, "note").contains(&"unknown_teacher".to_owned()));
    let registrations: Vec<Registration> = rows(&net, ledger(&net, 2008));
    assert_eq!(registrations.len(), 35);
    let hours: u32 = registrations.iter().map(|r| r.attended_h100).sum();
    let hundredths = |text: &str| {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        whole.parse::<u32>().unwrap() * 100 + format!("{part:0<2}").parse::<u32>().unwrap()
    };
    assert_eq!(hours, clean.lines().skip(1).map(|l| hundredths(l.split(',').nth(6).unwrap())).sum::<u32>());
    let document = net.core.view(&ledger(&net, 2008)).unwrap();
    let entries: std::collections::BTreeSet<_> = document.rows.keys().map(|n| n.entry).collect();
    for entry in entries {
        let first = document.rows_of(entry).next().unwrap();
        assert_eq!(first.read::<Sheet>().unwrap().row.rows, 35, "every entry begins with the sheet");
    }
}

#[test]
fn an_activity_of_its_school_waits_for_the_county() {
    let mut net = Net::new();
    let report = import(&mut net, "clerk", "activities", "school-activities-gb18030.csv", Some("001"));
    assert_eq!(counts(&report), [4, 4, 0, 0]);
    let activities: Vec<Activity> = rows(&net, ledger(&net, 2008));
    assert_eq!(activities.iter().map(|a| a.claimed_state.as_deref()).collect::<Vec<_>>(), [Some("approved"); 2]);
    assert_eq!(rows::<Activity>(&net, ledger(&net, 2009)).len(), 2);
    let report = import(&mut net, "office", "activities", "activities-gb18030.csv", None);
    assert_eq!(counts(&report), [12, 12, 0, 0]);
    assert_eq!(rows::<Activity>(&net, DocId::of_year(net.county, Kind::Notice, 2008)).len(), 6);
}

#[test]
fn a_sign_in_sheet_keeps_every_mark() {
    let mut net = Net::new();
    import(&mut net, "clerk", "activities", "school-activities-gb18030.csv", Some("001"));
    let signin = |file: &str| Import { year: Some(2008), semester: Some(1), ..of("signin", &[data(file)], Some("001")) };
    let reply = net.data("clerk", &Command::Import(signin("signin-gb18030.csv")));
    assert_eq!(counts(&reply["files"][0])[..3], [8, 8, 0], "{reply}");
    let document = ledger(&net, 2008);
    let marks: Vec<Marks> = rows(&net, document);
    assert_eq!((marks.len(), rows::<Session>(&net, document).len()), (8, 36));
    let clean = std::fs::read_to_string(data("signin.csv")).unwrap();
    for line in clean.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let byte = |c: &&str| match *c {
            "" => 0,
            "√" => 1,
            "迟" => 2,
            "假" => 4,
            "×" => 5,
            other => panic!("{other}"),
        };
        let expected: Vec<u8> = cells[3..].iter().map(byte).collect();
        let found = marks.iter().find(|m| m.teacher == cells[1]).unwrap();
        assert_eq!((found.activity.as_str(), &found.marks.0), ("2198000001-2008-S1", &expected));
    }
    let entries = net.core.ledger().len();
    for same in ["signin-gb18030.csv", "signin.csv"] {
        let again = net.data("clerk", &Command::Import(signin(same)));
        assert_eq!(counts(&again["files"][0])[..3], [8, 0, 8], "{same}: {again}");
    }
    assert_eq!(net.core.ledger().len(), entries);
    let which = refused(&mut net, "clerk", of("signin", &[data("signin.csv")], Some("001")));
    assert_eq!(which.kind, ErrorKind::Usage, "four activities could be meant");
}

#[test]
fn every_field_of_a_training_elsewhere_comes_back_equal() {
    let mut net = Net::new();
    let report = import(&mut net, "clerk", "registrations", "records.json", Some("001"));
    assert_eq!(counts(&report)[..2], [40, 40], "{report}");
    let export =
        Command::Export { kind: "registrations".into(), org: None, year: None, format: Format::Jsonl, gbk: false, out: None };
    let reply = net.run("clerk", &export).unwrap();
    let stored: Vec<Json> = serde_json::from_slice(&std::fs::read(data("records.json")).unwrap()).unwrap();
    assert_eq!(reply.lines.len(), stored.len());
    for record in &stored {
        let line = reply.lines.iter().find(|l| l["id"] == record["id"]).unwrap();
        assert_eq!(line["schema"], "taizhang.registration/1");
        for (field, value) in record.as_object().unwrap() {
            assert_eq!(&line[field], value, "{field}");
            assert_eq!(line[field].to_string(), value.to_string(), "as text: {field}");
        }
    }
    let ids: usize = (2023..=2026)
        .flat_map(|y| rows::<Elsewhere>(&net, ledger(&net, y)))
        .filter(|e| e.external_id.as_ref().unwrap().0.len() == 16)
        .count();
    assert_eq!(ids, 40);
}

#[test]
fn two_machines_that_import_one_file_fold_into_one() {
    let mut net = Net::new();
    let mut other = school(&net);
    let files = [
        ("activities", "school-activities-gb18030.csv"),
        ("attendance", "attendance-gb18030.csv"),
        ("registrations", "records.json"),
        ("signin", "signin.csv"),
    ];
    for (kind, name) in files {
        let file = Import { year: Some(2008), semester: Some(1), ..of(kind, &[data(name)], Some("001")) };
        net.data("clerk", &Command::Import(file.clone()));
        execute(&mut other, &unlock("clerk2"), &Command::Import(file), &mut |_| {}).unwrap();
    }
    let both = net.core.ledger().len();
    let fresh = in_order(&other).into_iter().filter(|e| net.core.ledger().place(&e.id).is_none()).collect();
    net.core.store_entries(fresh, Vec::new()).unwrap();
    assert!(net.core.ledger().len() > both);
    let years = [2008, 2009, 2023, 2024, 2025, 2026].map(|y| net.core.view(&ledger(&net, y)).unwrap());
    let matters = Matters::build(&years);
    let contents: Vec<_> = matters.iter().map(|m| (m.natural_id.clone(), m.contents.len(), m.contents[0].rows.len())).collect();
    assert!(contents.len() > 120);
    assert!(contents.iter().all(|(_, contents, rows)| (*contents, *rows) == (1, 2)), "{contents:?}");
}

#[test]
fn a_dry_run_writes_nothing() {
    let mut net = Net::new();
    let entries = net.core.ledger().len();
    let dry = Import { dry_run: true, ..of("roster", &[data("roster-gb18030.csv")], Some("001")) };
    let reply = net.data("clerk", &Command::Import(dry));
    assert_eq!((&reply["files"][0]["imported"], &reply["imported"]), (&Json::from(8), &Json::from(false)));
    assert_eq!(net.core.ledger().len(), entries);
    assert!(!net.core.folder().file("keyring.json").exists());
}

const ROSTER: &str = "教师编号,姓名,参加工作时间,任教学段,职称,备注\n";
const ATTENDANCE: &str = "活动编号,教师编号,应到学时,实到学时,考核结果,登记日期,备注\n";

#[test]
fn a_bad_row_stops_every_file_unless_skipped() {
    let mut net = Net::new();
    let good = file(&net, "good.csv", &format!("{ATTENDANCE}A1,T1,8,8,合格,2025-03-01,\n"));
    let bad = file(&net, "bad.csv", &format!("{ATTENDANCE}A1,T2,8,many,合格,2025-03-01,\nA1,T3,8,8,合格,2025-03-01,\n"));
    let entries = net.core.ledger().len();
    let files = [good, bad];
    let error = refused(&mut net, "clerk", of("attendance", &files, Some("001")));
    assert_eq!((error.kind, error.kind.exit_code()), (ErrorKind::FileProblems, 3));
    let details = error.details.unwrap();
    assert_eq!(details["files"][1]["findings"][0]["kind"], "not_hours");
    assert_eq!(details["files"][1]["imported"], 0);
    assert_eq!(net.core.ledger().len(), entries, "nothing of either file");
    let reply = net.data("clerk", &Command::Import(Import { skip_bad_rows: true, ..of("attendance", &files, Some("001")) }));
    assert_eq!(reply["files"].as_array().unwrap().iter().map(|f| f["imported"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(kinds(&reply["files"][1], "row_refused"), ["not_hours"]);
    assert_eq!(rows::<Registration>(&net, ledger(&net, 2025)).len(), 2);
}

#[test]
fn what_differs_from_the_records_is_not_written() {
    let mut net = Net::new();
    let one = file(&net, "one.csv", &format!("{ATTENDANCE}A1,T1,8,8,合格,2025-03-01,\n"));
    net.data("clerk", &Command::Import(of("attendance", &[one], Some("001"))));
    let other = file(&net, "other.csv", &format!("{ATTENDANCE}A1,T1,8,7,合格,2025-03-01,\nA1,T2,8,7,合格,2025-03-01,\n"));
    let error = refused(&mut net, "clerk", of("attendance", std::slice::from_ref(&other), Some("001")));
    assert_eq!(error.details.unwrap()["files"][0]["findings"][0]["kind"], "differs");
    let skipped = Import { skip_bad_rows: true, ..of("attendance", &[other], Some("001")) };
    let reply = net.data("clerk", &Command::Import(skipped));
    assert_eq!(counts(&reply["files"][0])[..3], [2, 1, 0]);
    let hours: Vec<u32> = rows::<Registration>(&net, ledger(&net, 2025)).iter().map(|r| r.attended_h100).collect();
    assert_eq!(hours.iter().sum::<u32>(), 1500);
    // Two files of one command are compared with each other as well.
    let files = ["8", "9"].map(|h| file(&net, &format!("{h}.csv"), &format!("{ATTENDANCE}A9,T1,8,{h},合格,2025-03-01,\n")));
    assert_eq!(refused(&mut net, "clerk", of("attendance", &files, Some("001"))).kind, ErrorKind::FileProblems);
}

#[test]
fn a_later_roster_adds_dated_facts_and_replaces_what_is_sealed() {
    let mut net = Net::new();
    let first = file(&net, "1.csv", &format!("{ROSTER}T1,王小明,2010-09-01,小学,二级教师,校医\n"));
    net.data("clerk", &Command::Import(of("roster", &[first], Some("001"))));
    let second = file(&net, "2.csv", &format!("{ROSTER}T1,王小民,2010-09-01,小学,一级教师,电话12012345678\n"));
    let reply = net.data("clerk", &Command::Import(of("roster", &[second], Some("001"))));
    assert_eq!(kinds(&reply["files"][0], "refused"), ["personal_text"]);
    let findings = reply["files"][0]["findings"].as_array().unwrap();
    let stood = findings.iter().find(|f| f["kind"] == "personal_text").unwrap()["stood"].clone();
    assert_eq!(stood, "电话120123…(11)", "enough to find it by");
    let facts: Vec<Status> = rows(&net, net.roster());
    let titles: Vec<(String, Day)> =
        facts.into_iter().filter(|s| s.what == "title").map(|s| (s.value.unwrap(), s.from_day)).collect();
    let today = net.core.now().day();
    assert!(
        titles.contains(&("二级教师".into(), Day::parse_iso("2010-09-01").unwrap()))
            && titles.contains(&("一级教师".into(), today))
    );
    assert_eq!(rows::<Person>(&net, DocId::of(net.school, Kind::Identity)).len(), 1, "the new one replaces the old");
    let persons = Command::Export { kind: "persons".into(), org: None, year: None, format: Format::Jsonl, gbk: false, out: None };
    let lines = net.run("clerk", &persons).unwrap().lines;
    assert_eq!((lines.len(), &lines[0]["name"], &lines[0]["opened"]), (1, &Json::from("王小民"), &Json::from(true)));
    let lines = net.run("clerk2", &persons).unwrap().lines;
    assert_eq!(
        (&lines[0]["name"], &lines[0]["opened"]),
        (&Json::from("王小民"), &Json::from(true)),
        "wrapped to the other clerk too"
    );
    let hired = file(&net, "3.csv", &format!("{ROSTER}T1,王小民,2011-09-01,小学,一级教师,\n"));
    assert_eq!(refused(&mut net, "clerk", of("roster", &[hired], Some("001"))).kind, ErrorKind::FileProblems);
}

#[test]
fn a_county_registers_in_ledgers_about_schools() {
    let mut net = Net::new();
    net.fill();
    let sheet = file(&net, "c.csv", &format!("{ATTENDANCE}A3,T1,8,8,合格,2025-03-01,\nA3,T9,8,8,合格,2025-03-01,\n"));
    let reply = net.data("office", &Command::Import(of("attendance", &[sheet], None)));
    assert_eq!(counts(&reply["files"][0])[..2], [2, 2]);
    for school in [net.school, net.school2] {
        let of_county: Vec<Registration> = rows(&net, DocId::about(net.county, Kind::Ledger, 2025, school));
        assert_eq!(of_county[0].by.word(), "county_training_institution");
    }
    let stranger = file(&net, "d.csv", &format!("{ATTENDANCE}A3,T77,8,8,合格,2025-03-01,\n"));
    let error = refused(&mut net, "office", of("attendance", std::slice::from_ref(&stranger), None));
    assert_eq!(error.details.unwrap()["files"][0]["findings"][0]["kind"], "no_school");
    let reply = net.data("office", &Command::Import(of("attendance", &[stranger], Some("001"))));
    assert!(kinds(&reply["files"][0], "note").contains(&"unknown_teacher".to_owned()));
}

#[test]
fn only_organisations_right_below_are_made() {
    let mut net = Net::new();
    let report = import(&mut net, "admin", "orgs", "orgs.csv", None);
    assert_eq!(counts(&report)[..2], [18, 2], "{report}");
    let registry = &net.core.ledger().registry;
    let township = registry.by_code("429801100").unwrap();
    let school = &registry.orgs[&registry.by_code("2198000001").unwrap()];
    assert_eq!((school.current().parent, school.current().township), (net.county, Some(township)));
    assert!(registry.by_code("429801T").is_none() && registry.by_code("429802").is_none());
    assert_eq!(kinds(&report, "note").iter().filter(|k| *k == "office").count(), 7);
}

#[test]
fn an_organisation_of_an_unknown_parent_is_named_with_its_row() {
    let mut net = Net::new();
    let text = "机构代码,机构类型,机构名称,上级代码\n9001,school,甲小学,429801\n9002,school,乙小学,777777\n";
    let sheet = file(&net, "orgs-of-nobody.csv", text);
    let stopped = refused(&mut net, "admin", of("orgs", std::slice::from_ref(&sheet), None));
    assert_eq!(stopped.kind, ErrorKind::FileProblems);
    let finding = &stopped.details.unwrap()["files"][0]["findings"][0];
    assert_eq!((&finding["row"], &finding["kind"]), (&3.into(), &"unknown_parent".into()));
    let others = Import { skip_bad_rows: true, ..of("orgs", &[sheet], None) };
    let report = net.data("admin", &Command::Import(others))["files"][0].clone();
    assert_eq!((&report["imported"], &report["refused"]), (&1.into(), &1.into()), "{report}");
    assert_eq!(kinds(&report, "row_refused"), ["unknown_parent"]);
}

#[test]
fn rows_of_one_teacher_that_differ_cost_each_other_also_where_bad_rows_are_left_out() {
    let mut net = Net::new();
    let row = |no: &str, title: &str| format!("{no},王小明,2010-09-01,小学,{title},\n");
    let text = format!("{ROSTER}{}{}{}", row("T71", "二级教师"), row("T71", "一级教师"), row("T72", "二级教师"));
    let sheet = file(&net, "twice.csv", &text);
    let import = Import { skip_bad_rows: true, ..of("roster", &[sheet], Some("001")) };
    let report = net.data("clerk", &Command::Import(import))["files"][0].clone();
    assert_eq!(kinds(&report, "row_refused"), ["rivals", "rivals"], "{report}");
    assert_eq!(report["imported"], 1, "{report}");
}

#[test]
fn what_is_no_table_is_not_said_to_be_mended_by_leaving_rows_out() {
    let mut net = Net::new();
    let poem = file(&net, "poem.csv", "床前明月光\n疑是地上霜\n");
    let old = net.dir.path().join("old.xls");
    std::fs::write(&old, [&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1][..], &[0; 1024]].concat()).unwrap();
    for path in [poem, old] {
        let error = refused(&mut net, "clerk", of("roster", &[path], Some("001")));
        assert_eq!(error.kind, ErrorKind::FileProblems);
        assert!(!error.hint.unwrap().zh.contains("skip"), "{:?}", error.details);
    }
}

#[test]
fn many_rows_make_small_entries() {
    let mut net = Net::new();
    let lines: String = (0..700).map(|n| format!("A{},T{n},8,8,合格,2025-03-01,\n", n % 3)).collect();
    let sheet = file(&net, "many.csv", &format!("{ATTENDANCE}{lines}"));
    let reply = net.data("clerk", &Command::Import(of("attendance", &[sheet], Some("001"))));
    assert_eq!(counts(&reply["files"][0]), [700, 700, 0, 700]);
    let entries = net.core.entries_of(&ledger(&net, 2025)).unwrap();
    assert!(entries.len() > 1 && entries.iter().all(|e| e.payload.len() <= 16 * 1024), "{:?}", entries.len());
    assert_eq!(rows::<ImportRow>(&net, ledger(&net, 2025)).len(), 1);
}

#[test]
fn bad_commands() {
    let mut net = Net::new();
    let text = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let empty = file(&net, "empty.csv", "");
    let zip = file(&net, "zip.csv", "PK\u{3}\u{4}nothing");
    let wrong = file(&net, "wrong.csv", ROSTER);
    let long = file(&net, "long.csv", &format!("{ATTENDANCE}A1,T1,8,8,合格,,\n"));
    let title = "长".repeat(1200);
    let too_long = file(
        &net,
        "t.csv",
        &format!(
            "培训名称,教师编号,培训类别,学时,开始日期,结束日期,组织单位\n{title},T1,集中培训,8,2025-01-01,2025-01-02,某单位\n"
        ),
    );
    let (usage, problems) = (ErrorKind::Usage, ErrorKind::FileProblems);
    let cases: Vec<(Import, ErrorKind)> = vec![
        (of("salaries", std::slice::from_ref(&wrong), None), usage),
        (of("attendance", &[], Some("001")), usage),
        (of("attendance", &[PathBuf::from("relative.csv")], Some("001")), usage),
        (of("attendance", &[PathBuf::from("/nowhere/file.csv")], Some("001")), usage),
        (of("attendance", &[net.dir.path().to_path_buf()], Some("001")), usage),
        (of("attendance", std::slice::from_ref(&wrong), Some("999")), usage),
        (of("attendance", std::slice::from_ref(&wrong), Some("429801")), problems),
        (of("roster", std::slice::from_ref(&wrong), None), usage),
        (Import { semester: Some(3), ..of("signin", &[data("signin.csv")], Some("001")) }, usage),
        (Import { activity: Some("a/b".into()), ..of("signin", &[data("signin.csv")], Some("001")) }, usage),
        (Import { activity: Some("A1".into()), ..of("signin", &[data("signin.csv")], Some("001")) }, usage),
        (Import { year: Some(1), activity: Some("A1".into()), ..of("signin", &[data("signin.csv")], Some("001")) }, usage),
        (of("signin", &[data("signin.csv")], None), usage),
        (of("attendance", &[empty], Some("001")), problems),
        (of("attendance", &[zip], Some("001")), problems),
        (of("attendance", &[wrong], Some("001")), problems),
        (of("attendance", &[long], Some("001")), problems),
        (of("registrations", &[too_long], Some("001")), problems),
        // The county's clerk may not write a school's roster, nor a school's clerk the county's registry.
        (of("roster", &[data("roster.csv")], Some("001")), ErrorKind::Refused),
        (of("orgs", &[data("orgs.csv")], None), ErrorKind::Refused),
    ];
    let entries = net.core.ledger().len();
    for (n, (import, kind)) in cases.into_iter().enumerate() {
        let label = text(&import.kind, &format!("{:?}", import.files));
        let error = refused(&mut net, "office", import);
        assert_eq!(error.kind, kind, "case {n} {label:?}: {error:?}");
        assert!(!error.what.zh.is_empty() && !error.what.en.is_empty());
    }
    assert_eq!(net.core.ledger().len(), entries);
}

const LEAVES: &str = "教师编号,姓名,年度,月数,原因,批准单位\n";

#[test]
fn leaves_become_months_and_nothing_else() {
    let mut net = Net::new();
    net.fill();
    let text =
        format!("减免登记表,,,,,\n{LEAVES}T1,王小明,２０２４,３,产假,429801T\nT9,李丽,2025年,6,病假,429801T\n合计,,,,,2人\n");
    let path = file(&net, "leaves.csv", &text);
    let command = |path: &PathBuf| Command::Import(of("leaves", std::slice::from_ref(path), None));
    let report = net.data("reviewer", &command(&path))["files"][0].clone();
    assert_eq!(counts(&report), [2, 2, 0, 0], "{report}");
    let of_001 = DocId::about(net.county, Kind::Review, 2024, net.school);
    let of_002 = DocId::about(net.county, Kind::Review, 2025, net.school2);
    let waiver = |teacher: &str, year, months| Waiver { teacher: teacher.into(), year, months };
    assert_eq!(rows::<Waiver>(&net, of_001), [waiver("T1", 2024, 3)]);
    assert_eq!(rows::<Waiver>(&net, of_002), [waiver("T9", 2025, 6)]);
    for secret in ["产假", "病假", "王小明", "李丽"] {
        let written: Vec<u8> =
            [of_001, of_002].iter().flat_map(|d| net.core.entries_of(d).unwrap()).flat_map(|e| e.payload).collect();
        assert!(
            !written.windows(secret.len()).any(|w| w == secret.as_bytes()) && !report.to_string().contains(secret),
            "{secret}"
        );
    }
    let again = net.data("reviewer", &command(&path))["files"][0].clone();
    assert_eq!(counts(&again), [2, 0, 2, 0], "{again}");
    // Both encodings, one meaning.
    let gbk = net.dir.path().join("gbk.csv");
    std::fs::write(&gbk, taizhang_sheets_gbk(&text)).unwrap();
    assert_eq!(counts(&net.data("reviewer", &command(&gbk))["files"][0]), [2, 0, 2, 0]);
    for (line, kind) in [
        ("T1,,2024,4,产假,", "differs"),
        ("T7,,2024,4,产假,", "no_school"),
        ("T1,,2024,0,,", "not_a_number"),
        ("T1,,2024,13,,", "not_a_number"),
        ("T1,,1024,3,,", "not_a_number"),
        ("T1,,2024,三个半,,", "not_a_number"),
        ("42980119800101001X,,2024,3,,", "not_a_code"),
        ("T1,,,3,,", "empty"),
    ] {
        let bad = file(&net, "bad.csv", &format!("{LEAVES}{line}\n"));
        let error = refused_as(&mut net, "reviewer", of("leaves", &[bad], None));
        let found = error.details.unwrap()["files"][0].clone();
        assert!(!found["findings"].as_array().unwrap().is_empty(), "{line}: {found}");
        if ["differs", "no_school"].contains(&kind) {
            assert_eq!(kinds(&found, "stops"), [kind], "{line}");
        }
    }
    let other = file(&net, "other.csv", &format!("{LEAVES}T2,,2024,3,,\n"));
    assert_eq!(refused_as(&mut net, "clerk", of("leaves", &[other], None)).kind, ErrorKind::Refused, "a clerk is no reviewer");
}

fn refused_as(net: &mut Net, who: &str, import: Import) -> CommandError {
    net.run(who, &Command::Import(import)).unwrap_err()
}

fn taizhang_sheets_gbk(text: &str) -> Vec<u8> {
    let (header, rest) = text.split_once("登记表,,,,,\n").unwrap();
    let rows: Vec<Vec<taizhang_sheets::write::Cell>> =
        rest.lines().skip(1).map(|l| l.split(',').map(|c| taizhang_sheets::write::Cell::Text(c.to_owned())).collect()).collect();
    let headers = LEAVES.trim().split(',').map(str::to_owned).collect();
    taizhang_sheets::write::csv(&taizhang_sheets::write::Table { title: format!("{header}登记表"), headers, rows }, true).unwrap()
}

const CORRECTIONS: &str = "原登记编号,教师编号,活动编号,原学时,更正学时,更正日期,原因\n";

#[test]
fn corrections_replace_the_registration_named() {
    let mut net = Net::new();
    net.fill();
    let path = file(&net, "c.csv", &format!("{CORRECTIONS}A1/T1,T1,A1,16学时,１５.５,2025年1月20日,学时录入有误\n"));
    let command = |org: Option<&str>| Command::Import(of("corrections", std::slice::from_ref(&path), org));
    let report = net.data("clerk", &command(Some("001")))["files"][0].clone();
    assert_eq!(counts(&report), [1, 1, 0, 0], "{report}");
    let of_t1 = |net: &Net, document: DocId| -> Vec<(u32, Option<String>, String)> {
        let all: Vec<Registration> = rows(net, document);
        let of = all.into_iter().filter(|r| r.teacher == "T1" && r.activity_no.as_deref() == Some("A1"));
        of.map(|r| (r.attended_h100, r.reason, r.registered_day.to_string())).collect()
    };
    let corrected = (1550, Some("学时录入有误".to_owned()), "2025-01-20".to_owned());
    assert_eq!(of_t1(&net, net.ledger()), [corrected]);
    assert_eq!(net.core.view(&net.ledger()).unwrap().rows.values().filter(|r| r.row_type == Registration::TYPE).count(), 4);
    assert_eq!(counts(&net.data("clerk", &command(Some("001")))["files"][0]), [1, 0, 1, 0]);
    for (line, kind) in [
        ("A1/T1,T1,A1,16,14,2025-01-21,又一次", "differs"),
        ("A9/T1,T1,A9,16,14,2025-01-21,没有", "not_registered"),
        ("A1/T2,T1,A1,16,14,2025-01-21,错号", "target_differs"),
        ("A1/T1,T1,A2,16,14,2025-01-21,错号", "target_differs"),
        ("A1-T1,T1,A1,16,14,2025-01-21,错号", "target_differs"),
        ("A1/T2,T2,A1,8,7,2025-01-21,电话12012345678", "personal_text"),
    ] {
        let bad = file(&net, "bad.csv", &format!("{CORRECTIONS}{line}\n"));
        let error = refused_as(&mut net, "clerk", of("corrections", &[bad], Some("001")));
        let found = error.details.unwrap()["files"][0].clone();
        assert_eq!(kinds(&found, "stops"), [kind], "{line}: {found}");
    }
    // As form-02 prints it, however often.
    let sheet = net.core.view(&net.ledger()).unwrap().rows.values().find(|r| r.row_type == Sheet::TYPE).unwrap().name;
    let printed = format!("{}.2", &sheet.entry.to_string()[..12]);
    let path = file(&net, "p.csv", &format!("{CORRECTIONS}{printed},T2,A1,8,7,2025-01-21,照台账更正\n"));
    let command = Command::Import(of("corrections", &[path], Some("001")));
    assert_eq!(counts(&net.data("clerk", &command)["files"][0]), [1, 1, 0, 0]);
    assert_eq!(counts(&net.data("clerk", &command)["files"][0]), [1, 0, 1, 0]);
    for wrong in [format!("{printed},T1,A1"), format!("{},T2,A1", &printed[..11]), "000000000000.2,T2,A1".to_owned()] {
        let bad = file(&net, "bad.csv", &format!("{CORRECTIONS}{wrong},7,6,2025-01-21,错号\n"));
        let error = refused_as(&mut net, "clerk", of("corrections", &[bad], Some("001")));
        let found = error.details.unwrap()["files"][0].clone();
        assert_eq!(kinds(&found, "stops"), ["target_differs"], "{wrong}: {found}");
    }
    // Cells that no reader understands.
    for line in
        ["A1/T2,T2,A1,8,,2025-01-21,x", "A1/T2,T2,A1,8,七,那天,x", "A1/T2,T2,A1,8,7,2025-01-21,", ",T2,A1,8,7,2025-01-21,x"]
    {
        let bad = file(&net, "bad.csv", &format!("{CORRECTIONS}{line}\n"));
        assert_eq!(refused_as(&mut net, "clerk", of("corrections", &[bad], Some("001"))).kind, ErrorKind::FileProblems, "{line}");
    }
}

#[test]
fn what_a_county_corrects_of_a_school_stands_beside_it() {
    let mut net = Net::new();
    net.fill();
    let path = file(&net, "c.csv", &format!("{CORRECTIONS}A1/T2,T2,A1,8,7,2025-01-20,学时录入有误\n"));
    let command = Command::Import(of("corrections", &[path], None));
    let report = net.data("office", &command)["files"][0].clone();
    assert_eq!((counts(&report), kinds(&report, "note")), ([1, 1, 0, 0], vec!["beside".to_owned()]), "{report}");
    let about = DocId::about(net.county, Kind::Ledger, 2025, net.school);
    let found: Vec<Registration> = rows(&net, about);
    let by = taizhang_core::rows::RegisteredBy::CountyTrainingInstitution;
    assert_eq!((found.len(), found[0].attended_h100, found[0].by), (1, 700, by));
    assert_eq!(counts(&net.data("office", &command)["files"][0]), [1, 0, 1, 0]);
}

#[test]
fn names_and_numbers_of_people_enter_no_free_field_by_any_way() {
    let mut net = Net::new();
    import(&mut net, "clerk", "roster", "roster-gb18030.csv", Some("001"));
    let export = Command::Export {
        kind: "persons".into(),
        org: Some("001".into()),
        year: None,
        format: Format::Jsonl,
        gbk: false,
        out: None,
    };
    let name = net.run("clerk", &export).unwrap().lines[0]["name"].as_str().unwrap().to_owned();
    // The school's machine, with the keys that seal its teachers' names.
    let folder = school(&net).folder().clone();
    std::fs::copy(net.core.folder().file("keyring.json"), folder.file("keyring.json")).unwrap();
    let mut core = crate::core::Core::open(folder, &mut |_, _, _| {}).unwrap();
    let record = |title: &str, note: Option<&str>| {
        Command::Record(crate::command::Record {
            teacher: "4298019400000001".into(),
            activity: None,
            title: Some(title.into()),
            organiser: None,
            kind: None,
            h100: 100,
            start: None,
            end: "2025-03-09".into(),
            assessment: None,
            note: note.map(str::to_owned),
            again: false,
        })
    };
    let mut run = |command: &Command| execute(&mut core, &unlock("clerk"), command, &mut |_| {});
    for (title, note, field) in [
        (format!("{name}的公开课"), None, "「标题」"),
        ("跟岗".to_owned(), Some(format!("与{name}同行")), "「备注」"),
        ("跟岗".to_owned(), Some("身份证42980419721227006X".to_owned()), "「备注」"),
        ("跟岗".to_owned(), Some("电话13812345678".to_owned()), "「备注」"),
    ] {
        let error = run(&record(&title, note.as_deref())).err().unwrap_or_else(|| panic!("{title} {note:?} was accepted"));
        assert!(error.kind == ErrorKind::Refused && error.what.zh.contains(field) && error.hint.is_some(), "{error:?}");
        assert!(!error.what.zh.contains(&name) && !error.what.en.contains("138"), "{error:?}");
    }
    assert!(run(&record("跟岗", Some("与同事同行"))).is_ok());
    let sheet = format!(
        "活动编号,活动名称,组织单位,组织级别,培训类别,开始日期,结束日期,计划学时\nS1,{name}师徒结对,本校,校级,校本培训,2025-03-01,2025-03-02,8\n"
    );
    let path = file(&net, "named.csv", &sheet);
    let error = refused(&mut net, "clerk", of("activities", &[path], Some("001")));
    assert!(error.kind == ErrorKind::Refused && error.what.zh.contains("「标题」"), "{error:?}");
    // Of many rows the one is named.
    let line = |n: u32, title: &str| format!("S{n},{title},本校,校级,校本培训,2025-03-01,2025-03-02,8\n");
    let head = sheet.lines().next().unwrap();
    for bad in [1, 4, 9] {
        let lines: String = (1..=9).map(|n| line(n, if n == bad { "电话13812345678" } else { "公开课" })).collect();
        let path = file(&net, "phone.csv", &format!("{head}\n{lines}"));
        let error = refused(&mut net, "clerk", of("activities", &[path], Some("001")));
        let said = format!("第 {} 行: 「标题」里有电话号码", bad + 1);
        assert!(error.what.zh.contains("phone.csv") && error.what.zh.contains(&said), "{said}: {error:?}");
    }
}

#[test]
fn a_roster_that_differs_says_how_it_is_corrected() {
    let mut net = Net::new();
    let roster = |hired: &str| format!("教师编号,姓名,性别,入职日期,任教学段,任教学科\nT1,王小明,男,{hired},小学,语文\n");
    let path = file(&net, "roster.csv", &roster("2012-09-01"));
    net.data("clerk", &Command::Import(of("roster", &[path], Some("001"))));
    let path = file(&net, "roster2.csv", &roster("2013-09-01"));
    let error = refused(&mut net, "clerk", of("roster", &[path], Some("001")));
    let found = error.details.unwrap()["files"][0].clone();
    assert_eq!(kinds(&found, "stops"), ["differs"]);
    assert!(found.to_string().contains("taizhang roster correct") && !found.to_string().contains("--note"), "{found}");
}

#[test]
fn the_roster_sheet_may_say_whose_post_is_the_first_and_is_asked() {
    let mut net = Net::new();
    let year = net.core.now().day().year();
    let head = "教师编号,姓名,参加工作时间,任教学段,是否首次任教\n";
    let unsaid = format!("{head}N1,某甲,{year}-01-01,小学,\nN2,某乙,1990-09-01,小学,\n");
    let path = file(&net, "unsaid.csv", &unsaid);
    let report = net.data("clerk", &Command::Import(of("roster", &[path], Some("001"))))["files"][0].clone();
    assert!(kinds(&report, "note").contains(&"first_job_unsaid".to_owned()), "{report}");
    let said = format!("{head}N3,某丙,{year}-01-01,小学,是\nN4,某丁,{year}-01-01,小学,否\n");
    let path = file(&net, "said.csv", &said);
    let report = net.data("clerk", &Command::Import(of("roster", &[path], Some("001"))))["files"][0].clone();
    assert!(!kinds(&report, "note").contains(&"first_job_unsaid".to_owned()), "{report}");
    let mut teachers: Vec<(String, Option<bool>)> =
        rows::<Teacher>(&net, net.roster()).into_iter().map(|t| (t.no, t.first_job)).collect();
    teachers.sort();
    let wanted = [("N1", None), ("N2", None), ("N3", Some(true)), ("N4", Some(false))];
    assert_eq!(teachers, wanted.map(|(no, said)| (no.to_owned(), said)));
}

#[test]
fn what_ended_after_a_school_was_closed_is_refused_with_its_row_in_every_kind_of_sheet() {
    let mut net = Net::new();
    net.put_all("clerk", net.roster(), &[teacher("T1"), teacher("T2")]);
    let early = "2025-06-30,2025-06-30";
    let head = "活动编号,活动名称,组织单位,组织级别,培训类别,开始日期,结束日期,计划学时,审核状态,是否注册\n";
    let activities = |days: &str, no: &str| format!("{head}{no},校本培训,第001小学,校级,校本培训,{days},8,已审核,是\n");
    let before = file(&net, "before.csv", &activities(early, "S1"));
    let after = file(&net, "after.csv", &activities("2025-07-01,2025-07-01", "S2"));
    let announced = file(&net, "announced.csv", &activities("2025-07-01,2025-07-01", "S3"));
    for sheet in [&before, &announced] {
        net.data("clerk", &Command::Import(of("activities", std::slice::from_ref(sheet), Some("001"))));
    }
    let close = OrgChange::Close { org: "001".into(), day: "2025-06-30".into(), succeeded_by: None, reason: None };
    net.data("admin", &Command::Org(close));
    let attendance = file(
        &net,
        "a.csv",
        &format!("{ATTENDANCE}S1,T1,8,8,合格,2025-07-20,\nS3,T1,8,8,合格,2025-07-20,\nS9,T2,8,8,合格,2025-07-20,\n"),
    );
    let elsewhere = std::fs::read_to_string(data("records.json")).unwrap();
    let elsewhere = file(&net, "e.json", &elsewhere);
    let marks = std::fs::read_to_string(data("signin.csv")).unwrap();
    let marks = file(&net, "signin.csv", &marks);
    let entries = net.core.ledger().len();
    for (kind, sheet, rows) in [("activities", &after, vec![2]), ("attendance", &attendance, vec![3, 4])] {
        let error = refused(&mut net, "clerk", of(kind, std::slice::from_ref(sheet), Some("001")));
        let findings = error.details.unwrap()["files"][0]["findings"].as_array().unwrap().clone();
        let closed: Vec<&Json> = findings.iter().filter(|f| f["kind"] == "school_closed").collect();
        assert_eq!(closed.iter().map(|f| f["row"].as_u64().unwrap()).collect::<Vec<_>>(), rows, "{kind}");
        assert!(
            closed.iter().all(|f| f["zh"] == "001 已于 2025-06-30 撤销, 不能登记之后的培训; 请登记到接续的机构"),
            "{closed:?}"
        );
    }
    assert_eq!(net.core.ledger().len(), entries);
    let skipped = Import { skip_bad_rows: true, ..of("attendance", &[attendance], Some("001")) };
    let reply = net.data("clerk", &Command::Import(skipped));
    assert_eq!(counts(&reply["files"][0])[..2], [3, 1], "what ended in time is still registered");
    let error = refused(&mut net, "clerk", of("registrations", &[elsewhere], Some("001")));
    let findings = error.details.unwrap()["files"][0]["findings"].as_array().unwrap().clone();
    assert!(findings.iter().any(|f| f["kind"] == "school_closed"));
    let signin = Import { activity: Some("S3".into()), ..of("signin", &[marks], Some("001")) };
    let error = refused(&mut net, "clerk", signin);
    assert_eq!(error.details.unwrap()["files"][0]["findings"][0]["kind"], "school_closed");
}
