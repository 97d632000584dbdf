#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use std::path::PathBuf;

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{DocId, Kind},
    op::{PayloadBuilder, RowName, RowRef},
    rows::{Activity, ActivityKind, Fund, FundSource, Level, Marks, Registration, RowType, field::Bytes},
};

use crate::{
    command::{Command, Format, Import, OrgChange},
    commands::{
        execute,
        record::tests::in_order,
        testkit::{Net, YEAR, activity, registration, row, sheet, teacher, unlock},
    },
    core::Core,
    error::{CommandError, ErrorKind},
    folder::{Folder, Settings},
};

fn of(files: &[PathBuf], org: Option<&str>) -> Import {
    Import {
        kind: "rows".into(),
        files: files.to_vec(),
        org: org.map(str::to_owned),
        year: None,
        semester: None,
        activity: None,
        dry_run: false,
        skip_bad_rows: false,
    }
}

fn file(net: &Net, name: &str, lines: &[Json]) -> PathBuf {
    let path = net.dir.path().join(name);
    std::fs::write(&path, lines.iter().map(|l| format!("{l}\n")).collect::<String>()).unwrap();
    path
}

fn run(core: &mut Core, who: &str, command: &Command) -> Result<Json, CommandError> {
    execute(core, &unlock(who), command, &mut |_| {}).map(|r| Json::Object(r.data))
}

fn import(core: &mut Core, who: &str, import: Import) -> Result<Json, CommandError> {
    run(core, who, &Command::Import(import)).map(|r| r["files"][0].clone())
}

fn export(core: &mut Core, kind: &str) -> Vec<Json> {
    let command =
        Command::Export { kind: kind.into(), org: Some("001".into()), year: None, format: Format::Jsonl, gbk: false, out: None };
    execute(core, &unlock("clerk"), &command, &mut |_| {}).unwrap().lines
}

/// Another machine of 001 that has the registries and nothing else.
fn second_node(net: &Net) -> Core {
    let folder = Folder::at(net.dir.path().join("second"));
    folder.create().unwrap();
    for key in std::fs::read_dir(net.core.folder().file("keys")).unwrap().flatten() {
        std::fs::copy(key.path(), folder.file("keys").join(key.file_name())).unwrap();
    }
    folder.save_settings(&Settings::new(net.core.network(), net.school, Vec::new())).unwrap();
    let mut core = Core::open(folder, &mut |_, _, _| {}).unwrap();
    let registries = in_order(&net.core).into_iter().filter(|e| e.header.log.document.kind == Kind::Registry).collect();
    core.store_entries(registries, Vec::new()).unwrap();
    core
}

/// What lines say without who wrote them and when; names of rows as what those rows say.
fn said(lines: &[Json]) -> Vec<String> {
    let fields = |name: &str| lines.iter().find(|l| l["row"] == name).map(|l| l["fields"].clone()).unwrap_or_default();
    let mut out: Vec<String> = lines
        .iter()
        .map(|l| {
            let mut of = l["fields"].clone();
            if let Some([_, entry, index]) = of["sheet"].as_array().map(Vec::as_slice) {
                let own = l["row"].as_str().unwrap().split('.').next().unwrap().to_owned();
                let entry = entry.as_str().map_or(own, str::to_owned);
                of["sheet"] = fields(&format!("{entry}.{index}"));
            }
            let replaced: Vec<Json> = l["replaces"].as_array().unwrap().iter().map(|r| fields(r.as_str().unwrap())).collect();
            json!([l["type"], l["document"], l["year"], l["state"], of, replaced]).to_string()
        })
        .collect();
    out.sort();
    out
}

/// A roster with registers, activities, a sheet with marks, hours twice corrected, money.
fn busy() -> Net {
    let mut net = Net::new();
    let (ledger, roster) = (net.ledger(), net.roster());
    let mut p = PayloadBuilder::default();
    let (row_type, fields) = teacher("T1");
    p.row(row_type, &[], &fields);
    p.register("T1.subject", &taizhang_core::op::scalar(&taizhang_core::cbor::Value::Text("语文".into())), &[]);
    net.write("clerk", roster, p);
    let (_, own) = activity("S1", ActivityKind::SchoolBased, Some("approved"));
    net.put("clerk", ledger, &row(&Activity { level: Level::School, ..Activity::from_fields(&own).unwrap().row }));
    let marks = |t: &str| {
        row(&Marks {
            activity: "S1".into(),
            teacher: t.into(),
            marks: Bytes(vec![1, 2]),
            leave_halfdays: None,
            sheet: Some(RowRef::own(0)),
            reason: None,
        })
    };
    net.put_all("clerk", ledger, &[sheet(2), marks("T1"), marks("T2")]);
    let mut at = net.put("clerk", ledger, &registration("S1", "T1", 1600));
    for h100 in [1500, 1400] {
        let mut p = PayloadBuilder::default();
        let (row_type, fields) = registration("S1", "T1", h100);
        p.row(row_type, &[at.here()], &fields);
        at = RowName { entry: net.write("clerk", ledger, p), index: 0 };
    }
    net.put("clerk", ledger, &row(&fund()));
    net
}

fn fund() -> Fund {
    Fund {
        period: YEAR,
        source: FundSource::Public,
        base_fen: 1_000_000,
        due_fen: 50_000,
        arranged_fen: 60_000,
        travel_fen: 1,
        meals_fen: 2,
        materials_fen: 3,
        lodging_fen: 4,
        other_fen: -5,
        reason: None,
    }
}

#[test]
fn what_is_exported_comes_back_equal_and_only_once() {
    let mut net = busy();
    let mut second = second_node(&net);
    for kind in ["roster", "ledger"] {
        let lines: Vec<Json> = if kind == "roster" {
            export(&mut net.core, "roster")
        } else {
            export(&mut net.core, "all").into_iter().filter(|l| l["document"].as_str().unwrap().contains("/ledger/")).collect()
        };
        let path = file(&net, kind, &lines);
        let dry = Import { dry_run: true, ..of(std::slice::from_ref(&path), None) };
        assert_eq!(import(&mut second, "clerk", dry).unwrap()["imported"], 0);
        let report = import(&mut second, "clerk", of(std::slice::from_ref(&path), None)).unwrap();
        assert_eq!(
            (&report["rows"], &report["imported"], &report["unchanged"]),
            (&lines.len().into(), &lines.len().into(), &0.into()),
            "{report}"
        );
        let again = import(&mut second, "clerk", of(std::slice::from_ref(&path), None)).unwrap();
        assert_eq!(
            (&again["imported"], &again["unchanged"], &again["entries"]),
            (&0.into(), &lines.len().into(), &0.into()),
            "{again}"
        );
    }
    for kind in ["roster", "activities", "signin", "attendance", "fund"] {
        let (ours, theirs) = (export(&mut net.core, kind), export(&mut second, kind));
        assert_eq!(said(&ours), said(&theirs), "{kind}");
        assert!(!ours.is_empty(), "{kind}");
    }
    // Where the rows came from, nothing is new either.
    let lines: Vec<Json> = export(&mut second, "attendance");
    let path = file(&net, "back", &lines);
    let report = import(&mut net.core, "clerk", of(&[path], Some("001"))).unwrap();
    assert_eq!((&report["imported"], &report["unchanged"]), (&0.into(), &lines.len().into()), "{report}");
}

#[test]
fn a_county_imports_into_its_reviews() {
    let mut net = Net::new();
    net.fill();
    let ledger = net.ledger();
    let s1 = net.put("clerk", ledger, &activity("S1", ActivityKind::SchoolBased, None));
    let document: String = ledger.to_bytes().iter().map(|b| format!("{b:02x}")).collect();
    let decision = json!({ "type": "plan_decision", "fields": {
        "plan": [document, s1.entry.to_string(), 0], "decision": "approved", "decided_day": "2024-12-01", "retroactive": false } });
    let waiver = json!({ "type": "waiver", "fields": { "teacher": "T2", "year": 2025, "months": 3 } });
    let path = file(&net, "review", &[decision, waiver]);
    let year = Import { year: Some(YEAR), ..of(std::slice::from_ref(&path), None) };
    let report = import(&mut net.core, "reviewer", year).unwrap();
    assert_eq!((&report["imported"], report["documents"].as_array().unwrap().len()), (&2.into(), 1), "{report}");
    assert_eq!(net.core.view(&net.review()).unwrap().rows.len(), 2);
    // By organisation, into another year's review.
    let year = Import { year: Some(2024), ..of(&[path], Some("002")) };
    import(&mut net.core, "reviewer", year).unwrap();
    let other = DocId::about(net.county, Kind::Review, 2024, net.school2);
    assert_eq!(net.core.view(&other).unwrap().rows.len(), 2);
    // A clerk is no reviewer, and a school has no review.
    let waiver = json!({ "type": "waiver", "fields": { "teacher": "T1", "year": 2025, "months": 3 } });
    let path = file(&net, "waiver", &[waiver]);
    let import = Command::Import(of(&[path], None));
    assert_eq!(run(&mut net.core, "clerk", &import).unwrap_err().kind, ErrorKind::Refused);
}

fn registration_line(hours: &Json) -> Json {
    json!({ "type": "registration", "fields": {
        "activity_no": "S1", "teacher": "T1", "by": "school", "attended_h100": hours, "registered_day": "2025-01-12" } })
}

fn changed(line: &Json, field: &str, value: Json) -> Json {
    let mut line = line.clone();
    line["fields"][field] = value;
    line
}

#[test]
fn bad_lines_are_named_with_line_and_field_and_nothing_is_imported() {
    let net = busy();
    let mut second = second_node(&net);
    let good = registration_line(&json!(100));
    let id = "42980119800101001X";
    let own = |name: &str, replaces: &[&str]| json!({ "row": format!("{}.0", name.repeat(32)), "replaces": replaces, "type": "registration", "fields": good["fields"] });
    for (line, kind, field) in [
        (json!([1]), "not_json", None),
        (json!({ "schema": "taizhang.registration/1" }), "not_a_row", None),
        (json!({ "fields": {} }), "unknown_type", None),
        (json!({ "type": "survey", "fields": { "field_0": 1 } }), "unknown_type", None),
        (json!({ "type": "type_900", "fields": {} }), "unknown_type", None),
        (json!({ "type": "grant", "fields": {} }), "registry", None),
        (changed(&good, "field_22", json!(1)), "unknown_field", None),
        (changed(&good, "hours", json!(1)), "unknown_field", None),
        (json!({ "type": "registration" }), "field_missing", Some("teacher")),
        (changed(&good, "attended_h100", Json::Null), "field_missing", Some("attended_h100")),
        (changed(&good, "attended_h100", json!("16学时")), "bad_field", Some("attended_h100")),
        (changed(&good, "attended_h100", json!(-1)), "bad_field", Some("attended_h100")),
        (changed(&good, "attended_h100", json!(16.5)), "bad_field", Some("attended_h100")),
        (changed(&good, "attended_h100", json!(5_000_000_000_u64)), "bad_field", Some("attended_h100")),
        (changed(&good, "registered_day", json!("2025.1.12")), "bad_field", Some("registered_day")),
        (changed(&good, "registered_day", json!("2025-02-29")), "bad_field", Some("registered_day")),
        (changed(&good, "by", json!("学校")), "bad_field", Some("by")),
        (changed(&good, "sheet", json!("x")), "bad_field", Some("sheet")),
        (changed(&good, "excellent", json!("是")), "bad_field", Some("excellent")),
        (changed(&good, "evidence", json!([["00", 1, "image/png"]])), "bad_field", Some("evidence")),
        (changed(&good, "teacher", json!(id)), "teacher_number", Some("teacher")),
        (changed(&good, "teacher", json!("T 1")), "teacher_number", Some("teacher")),
        (changed(&good, "teacher", json!("")), "teacher_number", Some("teacher")),
        (changed(&good, "teacher", json!("王小明")), "teacher_number", Some("teacher")),
        (changed(&good, "note", json!(format!("证件{id}"))), "personal_text", Some("note")),
        (changed(&good, "note", json!("长".repeat(1100))), "too_long", None),
        (json!({ "row": "zz", "type": "registration", "fields": good["fields"] }), "bad_name", Some("row")),
        (json!({ "replaces": ["1"], "type": "registration", "fields": good["fields"] }), "bad_name", Some("replaces")),
        (own("ab", &[&format!("{}.0", "cd".repeat(32))]), "replaces_missing", Some("replaces")),
        (own("ab", &[&format!("{}.0", "ab".repeat(32))]), "circle", None),
        (json!({ "type": "import", "fields": {} }), "field_missing", Some("kind")),
        (json!({ "type": "waiver", "fields": { "teacher": "T1", "year": 2025, "months": 3 } }), "no_subject", None),
        (json!({ "type": "merge", "fields": { "keep": [null, "00".repeat(32), 0], "drop": [] } }), "no_subject", None),
        (json!({ "type": "register", "fields": { "key": "subject", "value": "x" } }), "bad_field", None),
        (json!({ "type": "register", "fields": { "key": "T1.subject", "value": null } }), "bad_field", None),
        (json!({ "type": "register", "fields": { "key": "T1.remark", "value": id } }), "personal_text", Some("value")),
        (
            json!({ "type": "register", "fields": { "key": format!("T{id}.subject"), "value": "语文" } }),
            "personal_text",
            Some("key"),
        ),
        (json!({ "type": "register", "fields": { "key": "王小明.subject", "value": "语文" } }), "bad_field", None),
        (
            json!({ "type": "register", "document": "001/notice/2025", "fields": { "key": "T1.x", "value": "y" } }),
            "no_document",
            None,
        ),
    ] {
        let path = file(&net, "bad", &[good.clone(), line.clone()]);
        let error = import(&mut second, "clerk", of(std::slice::from_ref(&path), None)).expect_err(&line.to_string());
        assert_eq!(error.kind, ErrorKind::FileProblems, "{line}");
        let found = error.details.as_ref().unwrap()["files"][0]["findings"].as_array().unwrap().clone();
        let stops: Vec<&Json> = found.iter().filter(|f| f["severity"] == "stops").collect();
        assert_eq!((stops.len(), &stops[0]["kind"], &stops[0]["row"]), (1, &json!(kind), &json!(2)), "{line}: {found:?}");
        assert_eq!(stops[0]["column"].as_str(), field, "{line}");
        let (zh, en) = (stops[0]["zh"].as_str().unwrap(), stops[0]["en"].as_str().unwrap());
        assert!(!zh.is_ascii() && !en.is_empty() && !format!("{found:?}").contains(id), "{line}: {zh} {en}");
        assert!(second.ledger().document(&net.ledger()).is_none(), "nothing of the file");
        let skipping = Import { skip_bad_rows: true, dry_run: true, ..of(&[path], None) };
        assert_eq!(import(&mut second, "clerk", skipping).unwrap()["refused"], 1, "{line}");
    }
    let path = net.dir.path().join("binary");
    std::fs::write(&path, [0xff, 0xfe, 0x00]).unwrap();
    assert_eq!(import(&mut second, "clerk", of(&[path], None)).unwrap_err().kind, ErrorKind::FileProblems);
}

#[test]
fn what_names_a_refused_line_is_refused_with_it_and_so_is_what_names_that() {
    let net = busy();
    let mut second = second_node(&net);
    let row = |name: &str| format!("{}.0", name.repeat(32));
    let line = |teacher: &str, name: &str, replaces: &[String]| {
        let mut line = changed(&registration_line(&json!(100)), "teacher", json!(teacher));
        line["row"] = json!(row(name));
        line["replaces"] = json!(replaces);
        line
    };
    let refused = line("T1", "aa", &[row("cd")]);
    let corrects = line("T1", "bb", &[row("aa")]);
    let leans = changed(&line("T2", "cc", &[]), "sheet", json!([null, "bb".repeat(32), 0]));
    let path = file(&net, "lines", &[leans, corrects, refused, line("T3", "dd", &[])]);
    let error = import(&mut second, "clerk", of(std::slice::from_ref(&path), None)).unwrap_err();
    let found = error.details.unwrap()["files"][0]["findings"].as_array().unwrap().clone();
    let mut kinds: Vec<(u64, &str)> = found.iter().map(|f| (f["row"].as_u64().unwrap(), f["kind"].as_str().unwrap())).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [(1, "target_refused"), (2, "target_refused"), (3, "replaces_missing")]);
    let report = import(&mut second, "clerk", Import { skip_bad_rows: true, ..of(&[path], None) }).unwrap();
    assert_eq!((&report["imported"], &report["refused"]), (&1.into(), &3.into()));
}

#[test]
fn what_contradicts_the_records_is_refused_and_the_rest_imported_on_request() {
    let net = busy();
    let mut second = second_node(&net);
    let first = file(&net, "first", &[registration_line(&json!(100)), registration_line(&json!(100))]);
    let report = import(&mut second, "clerk", of(&[first], None)).unwrap();
    assert_eq!((&report["imported"], &report["unchanged"]), (&1.into(), &1.into()), "the same line twice is one row");
    let other = changed(&registration_line(&json!(100)), "teacher", json!("T2"));
    let both = file(&net, "both", &[registration_line(&json!(200)), other]);
    let error = import(&mut second, "clerk", of(std::slice::from_ref(&both), None)).unwrap_err();
    assert_eq!(error.details.unwrap()["files"][0]["findings"][0]["kind"], "differs");
    let report = import(&mut second, "clerk", Import { skip_bad_rows: true, ..of(&[both], None) }).unwrap();
    assert_eq!((&report["imported"], &report["refused"]), (&1.into(), &1.into()));
    // A row that names what it replaces corrects it.
    let view = second.view(&net.ledger()).unwrap();
    let there = view.rows.values().find(|r| r.read::<Registration>().is_some_and(|p| p.row.teacher == "T1")).unwrap().name;
    let mut line = registration_line(&json!(200));
    line["replaces"] = json!([there.to_string()]);
    let correction = file(&net, "correction", &[line]);
    assert_eq!(import(&mut second, "clerk", of(&[correction], None)).unwrap()["imported"], 1);
    let view = second.view(&net.ledger()).unwrap();
    let current: Vec<u32> =
        view.current().into_iter().filter_map(|r| r.read::<Registration>()).map(|p| p.row.attended_h100).collect();
    assert_eq!((current.len(), current.contains(&200), Registration::TYPE), (2, true, 64));
}

#[test]
fn a_telephone_in_a_free_field_is_named_with_its_line_and_field() {
    let mut net = busy();
    let mut second = second_node(&net);
    let other = registration_line(&json!(100));
    let mut lines = export(&mut net.core, "fund");
    lines.iter_mut().for_each(|l| l["fields"]["reason"] = json!("有问题请联系 138-1234-5678"));
    let path = file(&net, "phones", &[vec![other.clone()], lines.clone()].concat());
    for dry_run in [true, false] {
        let asked = Import { dry_run, ..of(std::slice::from_ref(&path), None) };
        let error = import(&mut second, "clerk", asked).unwrap_err();
        assert_eq!(error.kind.exit_code(), 3, "{error}");
        let report = error.details.unwrap()["files"][0].clone();
        let found = &report["findings"][0];
        assert!(report["file"].as_str().unwrap().ends_with("phones"), "{report}");
        assert_eq!((&found["row"], &found["column"]), (&json!(2), &json!("reason")), "{found}");
        assert_eq!((&found["kind"], &found["severity"]), (&json!("personal_text"), &json!("stops")), "{found}");
        assert!(found["zh"].as_str().unwrap().contains("电话号码") && !report.to_string().contains("138"), "{found}");
    }
    let register = json!({ "type": "register", "fields": { "key": "T1.remark", "value": "电话13812345678" } });
    let path = file(&net, "remark", &[other, register]);
    let error = import(&mut second, "clerk", of(&[path], None)).unwrap_err();
    let found = error.details.unwrap()["files"][0]["findings"][0].clone();
    assert_eq!((&found["row"], &found["column"]), (&json!(2), &json!("value")), "{found}");
    lines.iter_mut().for_each(|l| l["fields"]["reason"] = json!("有问题请联系办公室"));
    let path = file(&net, "office", &lines);
    assert_eq!(import(&mut second, "clerk", of(&[path], None)).unwrap()["imported"], 1);
}

#[test]
fn whatever_refuses_a_line_names_file_and_line() {
    let mut net = busy();
    let sheet = net.dir.path().join("roster.csv");
    std::fs::write(&sheet, "教师编号,姓名,性别,入职日期,任教学段,任教学科\nT8,王小明,男,2012-09-01,小学,语文\n").unwrap();
    let roster = Import { kind: "roster".into(), ..of(&[sheet], Some("001")) };
    import(&mut net.core, "clerk", roster).unwrap();
    let line =
        |no: &str, note: &str| changed(&changed(&registration_line(&json!(100)), "teacher", json!(no)), "note", json!(note));
    // A name, which only a person with the key of it can tell.
    let first = file(&net, "first", &[line("T5", "与同事同行")]);
    let named = file(&net, "named", &[line("T2", "无"), line("T3", "王小明代课"), line("T4", "无")]);
    let error = import(&mut net.core, "clerk", of(&[first, named], Some("001"))).unwrap_err();
    let (zh, en) = (&error.what.zh, &error.what.en);
    assert!(zh.contains("named 第 2 行: 「备注」里有教师姓名") && en.starts_with("row 2 of "), "{error:?}");
    assert!(!zh.contains("王小明"), "{error:?}");
    // What this key may not write.
    let decision = json!({ "type": "waiver", "fields": { "teacher": "T1", "year": 2025, "months": 3 } });
    let mixed = file(&net, "mixed", &[line("T2", "无"), decision]);
    let error = import(&mut net.core, "clerk", of(&[mixed], Some("001"))).unwrap_err();
    assert!(error.kind == ErrorKind::Refused && error.what.zh.contains("mixed 第 2 行: "), "{error:?}");
    // A row that its entry does not have.
    let view = net.core.view(&net.ledger()).unwrap();
    let there = view.rows.values().find(|r| r.row_type == Registration::TYPE).unwrap().name;
    let mut wrong = line("T2", "无");
    wrong["replaces"] = json!([RowName { index: 40, ..there }.to_string()]);
    let path = file(&net, "wrong", &[line("T5", "无"), wrong]);
    let error = import(&mut net.core, "clerk", of(&[path], Some("001"))).unwrap_err();
    let found = error.details.unwrap()["files"][0]["findings"].as_array().unwrap().clone();
    let missing = found.iter().find(|f| f["kind"] == "replaces_missing").unwrap();
    assert_eq!((&missing["row"], &missing["column"]), (&json!(2), &json!("replaces")), "{found:?}");
}

#[test]
fn a_line_about_a_training_after_the_schools_last_day_is_refused() {
    let mut net = busy();
    let lines: Vec<Json> =
        export(&mut net.core, "all").into_iter().filter(|l| l["document"].as_str().unwrap().contains("/ledger/")).collect();
    let path = file(&net, "lines", &lines);
    let close =
        |day: &str| Command::Org(OrgChange::Close { org: "001".into(), day: day.into(), succeeded_by: None, reason: None });
    run(&mut net.core, "admin", &close("2025-06-30")).unwrap();
    import(&mut net.core, "clerk", of(std::slice::from_ref(&path), Some("001"))).unwrap();
    run(&mut net.core, "admin", &close("2025-01-01")).unwrap();
    let error = import(&mut net.core, "clerk", of(&[path], Some("001"))).unwrap_err();
    let findings = error.details.unwrap()["files"][0]["findings"].as_array().unwrap().clone();
    // S1 ended on 6 January: the activity itself, marks and registrations; neither the sheet nor the money.
    let of_training = |l: &&Json| ["activity", "marks", "registration"].contains(&l["type"].as_str().unwrap_or_default());
    assert!(findings.iter().all(|f| f["kind"] == "school_closed"), "{findings:?}");
    assert_eq!(findings.len(), lines.iter().filter(of_training).count());
    assert!(findings.len() >= 4 && findings.len() < lines.len());
}
