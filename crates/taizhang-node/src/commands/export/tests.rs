#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::path::PathBuf;

use serde_json::Value as Json;
use taizhang_core::{op::PayloadBuilder, rows::RowType};

use super::*;
use crate::{
    command::Command,
    commands::testkit::{Net, registration},
};

fn export(kind: &str, format: Format, out: Option<PathBuf>) -> Command {
    Command::Export { kind: kind.to_owned(), org: None, year: None, format, gbk: false, out }
}

#[test]
fn every_field_and_how_it_stands() {
    let mut net = Net::new();
    let entry = net.fill();
    let corrected = taizhang_core::op::RowName { entry, index: 1 };
    let mut p = PayloadBuilder::default();
    let (row_type, fields) = registration("A1", "T1", 1200);
    p.row(row_type, &[corrected.here()], &fields);
    net.write("clerk", net.ledger(), p);
    let lines = net.run("clerk", &export("registration", Format::Jsonl, None)).unwrap().lines;
    assert_eq!(lines.len(), 5);
    let line = |row: String| lines.iter().find(|l| l["row"] == row).unwrap();
    let old = line(corrected.to_string());
    assert_eq!(old.as_object().unwrap().keys().next().unwrap(), "schema");
    assert_eq!(
        (&old["schema"], &old["type"], &old["state"], &old["standing"]),
        (&Json::from("taizhang.row/1"), &Json::from("registration"), &Json::from("replaced"), &Json::from("stands"))
    );
    assert_eq!(
        (&old["org"], &old["document"], &old["year"], &old["author"]["label"]),
        (&Json::from("001"), &Json::from("001/ledger/2025"), &Json::from(2025), &Json::from("clerk 岗"))
    );
    assert_eq!(
        (&old["fields"]["by"], &old["fields"]["assessment"], &old["fields"]["attended_h100"]),
        (&Json::from("school"), &Json::from("pass"), &Json::from(1600))
    );
    assert_eq!(old["fields"]["registered_day"], "2025-01-12");
    let new = lines.iter().find(|l| l["fields"]["attended_h100"] == 1200).unwrap();
    assert_eq!((&new["state"], &new["replaces"]), (&Json::from("current"), &Json::from(vec![corrected.to_string()])));
    assert!(old["time"].as_str().unwrap().ends_with("+08:00"));
}

#[test]
fn groups_take_their_types() {
    let mut net = Net::new();
    net.fill();
    for (kind, rows) in [
        ("roster", 3),
        ("activities", 2),
        ("attendance", 5),
        ("sheet", 1),
        ("teacher", 3),
        ("registrations", 0),
        ("decision", 0),
        ("org", 3),
        ("orgs", 3),
    ] {
        assert_eq!(net.run("clerk", &export(kind, Format::Jsonl, None)).unwrap().lines.len(), rows, "{kind}");
    }
    let all = net.run("clerk", &export("all", Format::Jsonl, None)).unwrap().lines;
    assert!(all.len() > 13);
    let year = |org: Option<&str>, year: u16| Command::Export {
        kind: "registration".into(),
        org: org.map(str::to_owned),
        year: Some(year),
        format: Format::Jsonl,
        gbk: false,
        out: None,
    };
    for (command, rows) in
        [(year(None, 2025), 4), (year(None, 2024), 0), (year(Some("002"), 2025), 1), (year(Some("001"), 2025), 3)]
    {
        assert_eq!(net.run("clerk", &command).unwrap().lines.len(), rows, "{command:?}");
    }
}

#[test]
fn tables_read_back() {
    let mut net = Net::new();
    net.fill();
    let reply = net.run("clerk", &export("activities", Format::Csv, None)).unwrap();
    let text = reply.data["text"].as_str().unwrap().to_owned();
    let header = text.lines().next().unwrap();
    assert!(header.contains(",no,level,kind,") && header.contains("planned_h100"), "{header}");
    assert_eq!((text.lines().count(), reply.data["rows"].as_u64()), (3, Some(2)));
    assert!(text.contains("培训A1") && text.contains(",4000,"));
    let gbk = net.dir.path().join("a.csv");
    let command = Command::Export {
        kind: "activities".into(),
        org: None,
        year: None,
        format: Format::Csv,
        gbk: true,
        out: Some(gbk.clone()),
    };
    net.run("clerk", &command).unwrap();
    let bytes = std::fs::read(gbk).unwrap();
    assert!(bytes.windows(4).any(|w| w == [0xc5, 0xe0, 0xd1, 0xb5]), "培训 in GB18030");
    let xlsx = net.dir.path().join("a.xlsx");
    net.run("clerk", &export("activities", Format::Xlsx, Some(xlsx.clone()))).unwrap();
    assert!(std::fs::read(xlsx).unwrap().starts_with(b"PK"));
    let jsonl = net.dir.path().join("a.jsonl");
    net.run("clerk", &export("all", Format::Jsonl, Some(jsonl.clone()))).unwrap();
    let text = std::fs::read_to_string(jsonl).unwrap();
    assert!(text.lines().all(|l| serde_json::from_str::<Json>(l).unwrap()["schema"] == "taizhang.row/1"));
}

#[test]
fn bad_commands() {
    let mut net = Net::new();
    let gbk = |format| Command::Export {
        kind: "all".into(),
        org: None,
        year: None,
        format,
        gbk: true,
        out: Some(PathBuf::from("/tmp/x")),
    };
    let nobody =
        Command::Export { kind: "all".into(), org: Some("999".into()), year: None, format: Format::Csv, gbk: false, out: None };
    let nowhere = PathBuf::from("/nowhere/at/all.csv");
    for (command, kind) in [
        (export("salaries", Format::Jsonl, None), ErrorKind::Usage),
        (export("all", Format::Xlsx, None), ErrorKind::Usage),
        (gbk(Format::Jsonl), ErrorKind::Usage),
        (gbk(Format::Xlsx), ErrorKind::Usage),
        (nobody, ErrorKind::Usage),
        (export("all", Format::Csv, Some(PathBuf::from("relative.csv"))), ErrorKind::Usage),
        (export("all", Format::Csv, Some(nowhere)), ErrorKind::Storage),
    ] {
        assert_eq!(net.run("clerk", &command).unwrap_err().kind, kind, "{command:?}");
    }
    let locked = crate::command::Unlock { key: Some("clerk".into()), passphrase: None };
    let persons = export("persons", Format::Jsonl, None);
    let error = crate::commands::execute(&mut net.core, &locked, &persons, &mut |_| {}).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Key);
}

#[test]
fn every_typed_word_is_a_kind() {
    for info in rows::CATALOGUE {
        assert!(What::find(info.word).is_ok(), "{}", info.word);
    }
    for (_, types) in GROUPS {
        assert!(types.iter().all(|t| rows::info(*t).is_some()));
    }
    assert_eq!(GROUPS.iter().find(|g| g.0 == "registrations").unwrap().1, [Elsewhere::TYPE]);
}
