#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use serde_json::Value as Json;
use taizhang_core::{
    id::{DocId, Kind},
    rows::Burn,
};

use crate::{
    command::{Command, Format, Import},
    commands::testkit::{Net, row},
    error::ErrorKind,
};

const ROSTER: &str = "教师编号,姓名,性别,身份证号,联系电话,参加工作时间,任教学段,职称\n\
    T1,王芳,女,,12000000001,2009-08-20,小学,未评\nT2,李四,男,,12000000002,2009-08-20,小学,未评\n";

fn import(net: &mut Net, who: &str, text: &str) -> Json {
    import_at(net, who, "001", text)
}

fn import_at(net: &mut Net, who: &str, org: &str, text: &str) -> Json {
    let path = net.dir.path().join("roster.csv");
    std::fs::write(&path, text).unwrap();
    let import = Import {
        kind: "roster".into(),
        files: vec![path],
        org: Some(org.into()),
        year: None,
        semester: None,
        activity: None,
        dry_run: false,
        skip_bad_rows: false,
    };
    net.data(who, &Command::Import(import))["files"][0].clone()
}

/// Numbers with the names that this person reads.
fn names(net: &mut Net, who: &str) -> Vec<(String, Option<String>, bool)> {
    let export = Command::Export { kind: "persons".into(), org: None, year: None, format: Format::Jsonl, gbk: false, out: None };
    let mut lines: Vec<_> = net
        .run(who, &export)
        .unwrap()
        .lines
        .iter()
        .map(|l| {
            let text = |f: &str| l[f].as_str().map(str::to_owned);
            (text("teacher").unwrap(), text("name"), l["erased"].as_bool().unwrap())
        })
        .collect();
    lines.sort();
    lines
}

fn named(no: &str, name: &str) -> (String, Option<String>, bool) {
    (no.to_owned(), Some(name.to_owned()), false)
}

fn ask(teacher: &str) -> Command {
    Command::Erase { teacher: teacher.into(), reason: "保存期满".into() }
}

#[test]
fn whoever_may_open_names_opens_them_and_nobody_else() {
    let mut net = Net::new();
    import(&mut net, "clerk", ROSTER);
    let all = vec![named("T1", "王芳"), named("T2", "李四")];
    for who in ["clerk", "clerk2", "reviewer", "reviewer2"] {
        assert_eq!(names(&mut net, who), all, "{who}");
    }
    let nobody = vec![("T1".to_owned(), None, false), ("T2".to_owned(), None, false)];
    for who in ["admin", "office", "clerk3"] {
        assert_eq!(names(&mut net, who), nobody, "{who}");
    }
}

#[test]
fn a_newcomer_reads_names_once_somebody_who_can_has_unlocked() {
    let mut net = Net::new();
    import(&mut net, "clerk", ROSTER);
    net.hire("late");
    assert_eq!(names(&mut net, "late")[0].1, None);
    // Any command for which a key is unlocked will do.
    net.run("reviewer", &Command::Invite { org: "001".into(), role: "clerk".into(), office: None, expires_ms: 1, address: None })
        .unwrap_err();
    assert_eq!(names(&mut net, "late"), vec![named("T1", "王芳"), named("T2", "李四")]);
    net.hire("later");
    net.leave("later");
    names(&mut net, "clerk");
    assert_eq!(names(&mut net, "later")[0].1, None, "who has left gets none");
}

#[test]
fn a_second_import_by_another_clerk_changes_nothing() {
    let mut net = Net::new();
    import(&mut net, "clerk", ROSTER);
    let again = import(&mut net, "clerk2", &ROSTER.replace("12000000002", "12000000003"));
    assert_eq!(names(&mut net, "clerk").len(), 2, "one row a person: {again}");
}

/// Another clerk's rows stay beside those of who cannot open them.
#[test]
fn nobody_replaces_what_he_cannot_read() {
    let mut net = Net::new();
    import(&mut net, "clerk", ROSTER);
    net.hire("late");
    import(&mut net, "late", &ROSTER.replace("12000000002", "12000000003"));
    let identity = DocId::of(net.school, Kind::Identity);
    assert_eq!(net.core.view(&identity).unwrap().current().len(), 4, "two rows a person");
    let mut kept = names(&mut net, "clerk");
    kept.dedup();
    assert_eq!(kept, [named("T1", "王芳"), named("T2", "李四")]);
}

#[test]
fn the_school_asks_the_county_confirms_and_the_name_is_gone() {
    let mut net = Net::new();
    import(&mut net, "clerk", ROSTER);
    let (teacher, file) = ("T1", net.core.folder().file("keyring.json"));
    let keys = |file: &std::path::Path| {
        serde_json::from_slice::<Json>(&std::fs::read(file).unwrap()).unwrap()["keys"].as_array().unwrap().len()
    };
    assert_eq!(keys(&file), 2);
    net.start_again_as(net.school);
    assert_eq!(net.run("clerk", &ask("T9")).unwrap_err().kind, ErrorKind::Usage);
    let reason = Command::Erase { teacher: teacher.into(), reason: "电话12012345678".into() };
    assert_eq!(net.run("clerk", &reason).unwrap_err().kind, ErrorKind::Refused);
    let asked = net.data("clerk", &ask(teacher));
    assert_eq!((&asked["state"], &asked["teacher_keys"]), (&"waiting".into(), &1.into()));
    assert_eq!(net.run("clerk", &ask(teacher)).unwrap_err().kind, ErrorKind::Refused, "asked once");
    assert_eq!(names(&mut net, "clerk")[0], named("T1", "王芳"), "not confirmed yet");
    net.start_again_as(net.county);
    assert_eq!(net.run("reviewer", &ask(teacher)).unwrap_err().kind, ErrorKind::Refused, "the school asks");
    assert_eq!(net.data("reviewer", &Command::EraseList)["erasures"][0]["state"], "waiting");
    let confirm = |t: &str| Command::EraseConfirm { teacher: t.into() };
    assert_eq!(net.run("reviewer", &confirm("T2")).unwrap_err().kind, ErrorKind::Usage, "nobody asked");
    assert_eq!(net.run("office", &confirm(teacher)).unwrap_err().kind, ErrorKind::Refused, "a county's clerk decides nothing");
    let done = net.data("reviewer", &confirm(teacher));
    assert_eq!(
        (&done["state"], &done["teacher_keys"], &done["schools"]),
        (&"erased".into(), &1.into(), &serde_json::json!(["001"]))
    );
    assert_eq!(keys(&file), 1);
    for who in ["clerk", "reviewer"] {
        assert_eq!(names(&mut net, who), vec![("T1".to_owned(), None, true), named("T2", "李四")], "{who}");
    }
    assert_eq!(net.data("reviewer", &Command::EraseList)["erasures"][0]["state"], "erased");
    assert_eq!(net.run("reviewer", &confirm(teacher)).unwrap_err().kind, ErrorKind::Usage, "confirmed once");
}

/// A keyring of before the erasure, put back by hand or by a restore card, is cleaned at the next start.
#[test]
fn an_old_keyring_that_comes_back_is_cleaned() {
    let mut net = Net::new();
    import(&mut net, "clerk", ROSTER);
    let old = net.core.folder().read("keyring.json").unwrap().unwrap();
    net.start_again_as(net.school);
    net.data("clerk", &ask("T1"));
    net.start_again_as(net.county);
    net.data("reviewer", &Command::EraseConfirm { teacher: "T1".into() });
    net.core.folder().write("keyring.json", &old).unwrap();
    net.start_again_as(net.county);
    assert_eq!(names(&mut net, "clerk")[0], ("T1".to_owned(), None, true));
    assert!(net.core.folder().read("keyring.json").unwrap().unwrap().len() < old.len());
}

/// Who transferred is named at two schools: one erasure is half of it.
#[test]
fn a_teacher_whom_another_school_still_names_is_not_said_to_be_erased() {
    let mut net = Net::new();
    import(&mut net, "clerk", ROSTER);
    import_at(&mut net, "clerk3", "002", ROSTER);
    net.start_again_as(net.school);
    net.data("clerk", &ask("T1"));
    net.start_again_as(net.county);
    let confirm = Command::EraseConfirm { teacher: "T1".into() };
    let done = net.data("reviewer", &confirm);
    assert_eq!((&done["state"], &done["still_named"]), (&"partly".into(), &serde_json::json!(["002"])));
    net.start_again_as(net.school2);
    net.data("clerk3", &ask("T1"));
    net.start_again_as(net.county);
    let done = net.data("reviewer", &confirm);
    assert_eq!((&done["state"], &done["still_named"]), (&"erased".into(), &serde_json::json!([])));
}

#[test]
fn only_the_county_of_the_school_confirms_and_only_what_stands() {
    let (mut net, city) = Net::below_a_city();
    import(&mut net, "clerk", ROSTER);
    let confirm = Command::EraseConfirm { teacher: "T1".into() };
    net.start_again_as(net.school);
    net.data("clerk2", &ask("T1"));
    net.start_again_as(city);
    assert_eq!(net.run("city-reviewer", &confirm).unwrap_err().kind, ErrorKind::Usage);
    net.start_again_as(net.county);
    let burn = Burn { key: net.person("clerk2").key.public(), positions: Vec::new(), cause: "被盗".into(), reason: None };
    net.put("county-admin", DocId::of(net.county, Kind::Registry), &row(&burn));
    assert_eq!(net.run("reviewer", &confirm).unwrap_err().kind, ErrorKind::Usage, "a thief asked");
}

/// A damaged keyring is put aside, so that no record of the erased key is here to be removed.
#[test]
fn a_keyring_put_aside_goes_with_what_is_erased() {
    let mut net = Net::new();
    import(&mut net, "clerk", ROSTER);
    let bad = |net: &Net| net.core.folder().read("keyring.json.bad").unwrap();
    net.core.folder().write("keyring.json", b"{").unwrap();
    net.start_again_as(net.school);
    net.data("clerk", &ask("T1"));
    net.start_again_as(net.county);
    assert!(bad(&net).is_some(), "nobody is erased yet");
    net.data("reviewer", &Command::EraseConfirm { teacher: "T1".into() });
    assert!(bad(&net).is_none());
    // One that comes back, or is put aside later, goes at the start.
    net.core.folder().write("keyring.json", b"{").unwrap();
    net.start_again_as(net.county);
    assert!(bad(&net).is_none());
}

fn import_rows(net: &mut Net, who: &str, line: &Json) -> Result<Json, crate::error::CommandError> {
    let path = net.dir.path().join("rows.jsonl");
    std::fs::write(&path, format!("{line}\n")).unwrap();
    let import = Import {
        kind: "rows".into(),
        files: vec![path],
        org: Some("001".into()),
        year: Some(2025),
        semester: None,
        activity: None,
        dry_run: false,
        skip_bad_rows: false,
    };
    net.run(who, &Command::Import(import)).map(|r| Json::Object(r.data))
}

fn leave(sealed: Json, reason: Option<&str>) -> Json {
    let (from, to) = ("2025-03-01", "2025-06-30");
    serde_json::json!({ "type": "leave", "fields": { "teacher": "T1", "from_day": from, "to_day": to, "sealed_kind": sealed, "reason": reason } })
}

fn reasons(net: &mut Net, who: &str) -> Json {
    let export = Command::Export { kind: "persons".into(), org: None, year: None, format: Format::Jsonl, gbk: false, out: None };
    let lines = net.run(who, &export).unwrap().lines;
    lines.iter().find(|l| l["teacher"] == "T1").unwrap()["reasons"].clone()
}

#[test]
fn reasons_of_leave_and_bans_are_sealed_and_forgotten_with_the_teacher() {
    let mut net = Net::new();
    import(&mut net, "clerk", ROSTER);
    let plain: String = "病假".bytes().map(|b| format!("{b:02x}")).collect();
    for (sealed, reason) in [(Json::from(plain), None), (Json::Null, Some("病假"))] {
        let error = import_rows(&mut net, "clerk", &leave(sealed, reason)).unwrap_err();
        assert!(error.details.unwrap().to_string().contains("not_sealed"));
    }
    import_rows(&mut net, "clerk", &leave(serde_json::json!({ "seal": "病假" }), None)).unwrap();
    let ban = serde_json::json!({ "type": "ban", "fields": {
        "teacher": "T1", "trigger": "no_show", "decided_day": "2025-05-01", "years": 5, "levels": ["province"], "sealed_reason": { "seal": "无故缺席" },
    } });
    import_rows(&mut net, "reviewer", &ban).unwrap();
    let documents: Vec<_> = net.core.ledger().documents().copied().collect();
    for entry in documents.iter().flat_map(|d| net.core.entries_of(d).unwrap()) {
        for secret in ["病假", "无故缺席"] {
            assert!(!entry.payload.windows(secret.len()).any(|w| w == secret.as_bytes()));
        }
    }
    let said = reasons(&mut net, "clerk2").to_string();
    assert!(said.contains("病假") && said.contains("无故缺席"), "{said}");
    assert_eq!(reasons(&mut net, "office"), serde_json::json!([]));
    net.start_again_as(net.school);
    net.data("clerk", &ask("T1"));
    net.start_again_as(net.county);
    net.data("reviewer", &Command::EraseConfirm { teacher: "T1".into() });
    assert_eq!(reasons(&mut net, "reviewer"), serde_json::json!([]));
}

/// The file of a node to which somebody sent four wrong records in the place of each of this person's.
fn spoil(net: &Net, who: &str) {
    let key = net.person(who).key.public();
    let seal = net.core.ledger().registry.grants_of(key).find_map(|(_, g)| g.row.seal_key).unwrap();
    let to: String = seal.iter().map(|b| format!("{b:02x}")).collect();
    let mut file: Json = serde_json::from_slice(&net.core.folder().read("keyring.json").unwrap().unwrap()).unwrap();
    for key in file["keys"].as_array_mut().unwrap() {
        let wrapped = key["wrapped"].as_array_mut().unwrap();
        wrapped.retain(|w| w["to"] != to.as_str());
        let wrong =
            |n: u8| serde_json::json!({ "to": to, "ephemeral": "00".repeat(32), "sealed": format!("{n:02x}").repeat(48) });
        wrapped.extend((0..4).map(wrong));
    }
    net.core.folder().write("keyring.json", &serde_json::to_vec(&file).unwrap()).unwrap();
}

fn records(net: &Net) -> usize {
    net.core.hub().keys().len()
}

/// Four wrong records came before the right one: who has the key puts the right one in their place.
#[test]
fn wrong_records_of_another_give_way_to_the_right_one() {
    let mut net = Net::new();
    import(&mut net, "clerk", ROSTER);
    let honest = records(&net);
    spoil(&net, "clerk2");
    net.start_again_as(net.county);
    assert_eq!(records(&net), honest + 2 * 3);
    names(&mut net, "clerk");
    assert_eq!(records(&net), honest);
    assert_eq!(names(&mut net, "clerk2"), vec![named("T1", "王芳"), named("T2", "李四")]);
}

/// Whoever unlocks sees himself that records to him do not open: they go, and there is room for the right ones.
#[test]
fn wrong_records_to_oneself_go() {
    let mut net = Net::new();
    import(&mut net, "clerk", ROSTER);
    let honest = records(&net);
    spoil(&net, "clerk2");
    net.start_again_as(net.county);
    let nothing = vec![("T1".to_owned(), None, false), ("T2".to_owned(), None, false)];
    assert_eq!(names(&mut net, "clerk2"), nothing);
    assert_eq!(records(&net), honest - 2);
    names(&mut net, "clerk");
    assert_eq!((records(&net), names(&mut net, "clerk2").len()), (honest, 2));
    assert_ne!(names(&mut net, "clerk2"), nothing);
}
