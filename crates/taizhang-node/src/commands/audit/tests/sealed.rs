//! A clerk with another program names a real key and seals nothing under it.

use taizhang_core::rows::Person as PersonRow;

use super::*;
use crate::command::{Format, Import, Unlock};

const ROSTER: &str =
    "教师编号,姓名,性别,参加工作时间,任教学段,职称\nT1,王小芳,女,2009-08-20,小学,未评\nT2,李小四,男,2009-08-20,小学,未评\n";

/// The roster, as a file that was not imported before.
fn import(net: &mut Net, who: &str, end: &str) {
    let path = net.dir.path().join("roster.csv");
    std::fs::write(&path, format!("{ROSTER}{end}")).unwrap();
    let import = Import {
        kind: "roster".into(),
        files: vec![path],
        org: Some("001".into()),
        year: None,
        semester: None,
        activity: None,
        dry_run: false,
        skip_bad_rows: false,
    };
    net.run(who, &Command::Import(import)).unwrap();
}

/// Numbers with the names that the county's reviewer opens, and whether what is sealed is broken.
fn persons(net: &mut Net) -> Vec<(String, Option<String>, bool)> {
    let export = Command::Export { kind: "persons".into(), org: None, year: None, format: Format::Jsonl, gbk: false, out: None };
    let lines = net.run("reviewer", &export).unwrap().lines;
    let text = |l: &Json, f: &str| l[f].as_str().map(str::to_owned);
    let mut all: Vec<_> =
        lines.iter().map(|l| (text(l, "teacher").unwrap(), text(l, "name"), l["broken"].as_bool().unwrap())).collect();
    all.sort();
    all
}

fn verify(core: &mut Core, unlock: &Unlock) -> Json {
    let reply = crate::commands::execute(core, unlock, &Command::AuditVerify, &mut |_| {}).unwrap();
    Json::Object(reply.data)
}

#[test]
fn a_row_that_is_not_sealed_under_its_key_blocks_nobody_and_names_its_author() {
    let mut net = Net::new();
    import(&mut net, "clerk", "");
    let document = DocId::of(net.school, Kind::Identity);
    let view = net.core.view(&document).unwrap();
    let rows: Vec<PersonRow> = view.current().into_iter().filter_map(|r| r.read::<PersonRow>()).map(|p| p.row).collect();
    let one = rows.iter().find(|r| r.teacher == "T1").unwrap().clone();
    let garbage = PersonRow { sealed: Bytes(vec![7; 60]), ..one.clone() };
    let anothers = PersonRow { teacher: "T2".into(), ..one };
    net.put_all("clerk2", document, &[row(&garbage), row(&anothers)]);
    // Everybody writes on, and sees every name but the two that are none.
    net.run("clerk", &Command::Describe { key: "T1.subject".into(), value: "语文".into() }).unwrap();
    let named = |no: &str, name: &str| (no.to_owned(), Some(name.to_owned()), false);
    let broken = |no: &str| (no.to_owned(), None, true);
    assert_eq!(persons(&mut net), [broken("T1"), named("T1", "王小芳"), broken("T2"), named("T2", "李小四")]);
    // Who has the key hears of it; without it nobody can tell.
    let nobody = verify(&mut net.core, &Unlock::default());
    assert_eq!((&nobody["sealed"], &nobody["findings"]), (&Json::Null, &serde_json::json!([])));
    let seen = verify(&mut net.core, &crate::commands::testkit::unlock("reviewer"));
    assert_eq!((&seen["sealed"], &seen["errors"]), (&2.into(), &0.into()));
    let found: Vec<_> = seen["findings"].as_array().unwrap().iter().map(|f| (&f["what"], &f["org"], &f["label"])).collect();
    let at_clerk2 = (&Json::from("sealed"), &Json::from("001"), &Json::from("clerk2 岗"));
    assert_eq!(found, [at_clerk2, at_clerk2]);
    assert_eq!(verify(&mut net.core, &crate::commands::testkit::unlock("office"))["sealed"], 0, "a key that opens none");
    // The next import puts right rows in their place.
    import(&mut net, "clerk", "\n");
    assert_eq!(persons(&mut net), [named("T1", "王小芳"), named("T2", "李小四")]);
    let rows = net.core.view(&document).unwrap().rows.len();
    import(&mut net, "clerk", "\n\n");
    assert_eq!(net.core.view(&document).unwrap().rows.len(), rows, "and is done with it");
}

/// A passphrase that was named for a key and does not open it is an error; one that is only at hand is none.
#[test]
fn a_wrong_passphrase_is_told_to_who_names_a_key() {
    let mut net = Net::new();
    import(&mut net, "clerk", "");
    let wrong = |key: Option<&str>| Unlock { key: key.map(str::to_owned), passphrase: Some("wrong".to_owned()) };
    assert_eq!(verify(&mut net.core, &wrong(None))["sealed"], Json::Null);
    let error = crate::commands::execute(&mut net.core, &wrong(Some("reviewer")), &Command::AuditVerify, &mut |_| {});
    assert_eq!(error.unwrap_err().kind, crate::error::ErrorKind::Key);
}

/// An auditor's passphrase at hand is not tried on the reviewer's key, who would have to wait for it.
#[test]
fn a_passphrase_that_nobody_names_a_key_for_is_tried_on_none_of_several() {
    let mut net = Net::new();
    import(&mut net, "clerk", "");
    for key in crate::keyfile::list(net.core.folder()).unwrap() {
        if !["reviewer", "admin"].contains(&key.label.as_str()) {
            net.core.folder().remove(&format!("keys/{}.json", key.public));
        }
    }
    let auditors = Unlock { key: None, passphrase: Some("wrong".to_owned()) };
    for _ in 0..5 {
        let mut notes = Vec::new();
        let mut hear = |m| notes.extend(if let crate::command::Message::Note(said) = m { Some(said.en) } else { None });
        let reply = crate::commands::execute(&mut net.core, &auditors, &Command::AuditVerify, &mut hear).unwrap();
        assert_eq!(reply.data["sealed"], Json::Null);
        assert!(notes.iter().any(|n| n.contains("--as")), "{notes:?}");
    }
    assert_eq!(verify(&mut net.core, &crate::commands::testkit::unlock("reviewer"))["sealed"], 2);
}

#[test]
fn where_no_key_opens_names_nobody_can_tell() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::at(dir.path().join("city"));
    let unlock = Unlock { key: None, passphrase: Some(PASSPHRASE.to_owned()) };
    crate::commands::found::init(&folder, &unlock, "429800", "某市", "city").unwrap();
    let mut core = Core::open(folder, &mut |_, _, _| {}).unwrap();
    assert_eq!(verify(&mut core, &unlock)["sealed"], Json::Null);
}
