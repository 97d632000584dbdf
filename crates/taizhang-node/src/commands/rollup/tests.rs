#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use taizhang_core::{
    entries::Entries,
    id::{AttachmentId, DocId, EntryId, Kind},
    op::PayloadBuilder,
    rows::{Burn, Rollup, RowType},
    units::Day,
};
use taizhang_rules::rollup::{
    Inputs, Lines, Made, Scope, Years,
    replay::{self, Replay},
};

mod later;
mod tampering;

use super::{
    super::testkit::{Net, YEAR, registration, row, teacher},
    find,
};
use crate::{
    command::{Command, Message, Reply},
    core::Act,
    error::{CommandError, ErrorKind},
};

fn publish(net: &mut Net) -> (String, Json) {
    let reply = net.data("reviewer", &Command::RollupPublish { period: YEAR, as_of: None });
    (reply["rollup"].as_str().unwrap().to_owned(), reply)
}

#[test]
fn figures_without_a_policy_are_not_published_in_silence() {
    let mut net = Net::city();
    net.fill();
    let published = |net: &mut Net| {
        let mut notes = Vec::new();
        let mut tell = |m| {
            if let Message::Note(text) = m {
                notes.push(text)
            }
        };
        let command = Command::RollupPublish { period: YEAR, as_of: None };
        super::super::execute(&mut net.core, &super::super::testkit::unlock("reviewer"), &command, &mut tell).unwrap();
        notes
    };
    let notes = published(&mut net);
    assert!(notes[0].zh.starts_with("2025 年度没有采用任何政策") && notes[0].zh.contains("policy adopt"), "{notes:?}");
    assert!(notes[0].en.contains("no policy is adopted for 2025"), "{notes:?}");
    let (policy, from) = ("wuhan-2008".to_owned(), "2008-01-01".to_owned());
    let adopt =
        Command::PolicyAdopt { policy, from, overlay_of: None, stages: vec![], orgs: vec![], replace: false, reason: None };
    net.data("officer", &adopt);
    assert!(published(&mut net).is_empty());
}

fn ask(net: &mut Net, id: &str, deep: bool, sample: Option<usize>) -> Result<Reply, CommandError> {
    net.run("clerk", &Command::RollupVerify { id: id.to_owned(), deep, sample, seed: Some("种子".into()) })
}

/// The verdicts of the three levels, whatever they come to, and the kind of the error.
fn levels(net: &mut Net, id: &str, deep: bool, sample: Option<usize>) -> ([String; 3], Option<ErrorKind>, Json) {
    let (report, kind) = match ask(net, id, deep, sample) {
        Ok(reply) => (Json::Object(reply.data), None),
        Err(e) => (*e.details.unwrap(), Some(e.kind)),
    };
    let word = |level: &str| report[level]["verdict"].as_str().unwrap().to_owned();
    ([word("statement"), word("sample"), word("deep")], kind, report)
}

fn approve(net: &mut Net, sheet: EntryId) {
    let command = Command::ReviewDecide {
        verdict: "approve".into(),
        rows: Vec::new(),
        sheet: Some(sheet.to_string()),
        claimed: false,
        org: None,
        reason: None,
    };
    net.run("reviewer", &command).unwrap();
}

fn filled() -> (Net, String) {
    let mut net = Net::new();
    let sheet = net.fill();
    approve(&mut net, sheet);
    let (id, _) = publish(&mut net);
    (net, id)
}

/// An honest statement, changed by somebody who holds the reviewer's key, and published.
fn tampered(net: &mut Net, honest: &str, change: impl FnOnce(&mut Rollup, &mut Inputs, &mut Lines)) -> String {
    let mut row = find(&net.core, honest).unwrap().row;
    let bytes = |id: &AttachmentId| net.core.store().attachment(id).unwrap().unwrap();
    let (mut inputs, mut lines) = (Inputs::parse(&bytes(&row.inputs)).unwrap(), Lines::parse(&bytes(&row.lines)).unwrap());
    change(&mut row, &mut inputs, &mut lines);
    put(net, &row, inputs.to_bytes(), lines.to_bytes())
}

/// Names whatever bytes are given; all else is as the row says.
fn put(net: &mut Net, row: &Rollup, inputs: Vec<u8>, lines: Vec<u8>) -> String {
    let address = |b: &[u8]| AttachmentId(Sha256::digest(b).into());
    let row = Rollup { inputs: address(&inputs), lines: address(&lines), ..row.clone() };
    let mut p = PayloadBuilder::default();
    p.row(Rollup::TYPE, &[], &row.to_fields());
    let mut act = Act { attachments: vec![(row.inputs, inputs), (row.lines, lines)], ..Act::default() };
    act.write(DocId::of_year(net.county, Kind::Rollup, YEAR), p);
    let person = net.person("reviewer");
    net.core.write(&person, act).unwrap()[0].to_string()
}

/// Makes totals, roots and numbers agree with changed lists again.
fn agree(row: &mut Rollup, inputs: &Inputs, lines: &Lines) {
    row.inputs_root = inputs.root();
    row.lines_root = lines.root();
    row.teachers_root = Some(lines.teachers_tree().root());
    row.teachers = u32::try_from(lines.commitments.len()).unwrap();
    row.totals = lines.totals();
}

const PASS: &str = "pass";
const FAIL: &str = "fail";

#[test]
fn an_honest_rollup_states_what_was_recorded_and_verifies_on_every_level() {
    let (mut net, id) = filled();
    let shown = net.data("clerk", &Command::RollupShow { id: id.chars().take(10).collect() });
    let totals = &shown["totals"];
    for (name, n) in [
        ("schools", 2),
        ("roster", 3),
        ("teachers", 3),
        ("trained", 3),
        ("records", 4),
        ("approved", 2),
        ("recorded_h100", 4400),
        ("approved_h100", 2400),
        ("recorded_h100.online", 400),
        ("approved_h100.concentrated", 2400),
        ("newer", 0),
        ("enrolled", 3),
        // No roster says for which stage they teach.
        ("open", 3),
    ] {
        assert_eq!(totals[name], n, "{name}");
    }
    let schools = shown["schools"].as_array().unwrap();
    let first = schools.iter().find(|s| s["school"] == "001").unwrap();
    assert_eq!((&first["recorded_h100"], &first["by_kind"]["online"]["records"]), (&2800.into(), &1.into()));
    assert!(shown["inputs"].as_array().unwrap().iter().any(|i| i["document"] == "001/ledger/2025"));
    assert_eq!(shown["hand"]["label"], "reviewer 岗");
    let (verdicts, kind, report) = levels(&mut net, &id, true, Some(2));
    assert_eq!((verdicts, kind), ([PASS, PASS, PASS].map(str::to_owned), None));
    assert_eq!(report["sample"]["data"]["checked"], 2);
    assert_eq!(report["not_named"]["entries"], 0);
    let (verdicts, ..) = levels(&mut net, &id, false, None);
    assert_eq!(verdicts, ["pass", "not_asked", "not_asked"]);
}

#[test]
fn what_comes_later_does_not_make_it_look_tampered() {
    let (mut net, id) = filled();
    net.put("clerk", net.ledger(), &registration("A1", "T3", 999));
    net.put("clerk", net.roster(), &teacher("T3"));
    let sheet = net.core.ledger().open_tips(&net.ledger2())[0];
    let command = Command::ReviewDecide {
        verdict: "return".into(),
        rows: vec![format!("{sheet}.0")],
        sheet: None,
        claimed: false,
        org: None,
        reason: Some("晚".into()),
    };
    net.run("reviewer", &command).unwrap();
    // The clerk's key turns out to be stolen: nothing of it stands any more, yet what was said then was so.
    let burn = Burn { key: net.person("clerk").key.public(), positions: Vec::new(), cause: "被盗".into(), reason: None };
    net.put("admin", DocId::of(net.county, Kind::Registry), &row(&burn));
    let (verdicts, kind, report) = levels(&mut net, &id, true, Some(100));
    assert_eq!((verdicts, kind), ([PASS, PASS, PASS].map(str::to_owned), None));
    assert_eq!(report["not_named"]["entries"], 4);
    let (_, again) = publish(&mut net);
    assert_eq!(again["replaced"], 1);
    assert_eq!(again["totals"]["recorded_h100"], 1600, "only 002 is left");
}

#[test]
fn attachments_that_cannot_be_read_fail_the_statement() {
    let (mut net, honest) = filled();
    let row = find(&net.core, &honest).unwrap().row;
    let bytes = |net: &Net, id: &AttachmentId| net.core.store().attachment(id).unwrap().unwrap();
    let (inputs, lines) = (bytes(&net, &row.inputs), bytes(&net, &row.lines));
    for (i, l) in
        [(inputs.clone(), b"no lines".to_vec()), (Vec::new(), lines.clone()), (inputs.clone(), [lines.as_slice(), &[0]].concat())]
    {
        let id = put(&mut net, &row, i, l);
        let (verdicts, kind, _) = levels(&mut net, &id, true, Some(1));
        assert_eq!((verdicts, kind), ([FAIL, "not_possible", "not_possible"].map(str::to_owned), Some(ErrorKind::Verification)));
    }
    // Bytes changed on the disk.
    let hex = row.lines.to_string();
    let file = net.dir.path().join("node/store/attachments").join(&hex[..2]).join(&hex);
    let mut changed = std::fs::read(&file).unwrap();
    *changed.last_mut().unwrap() ^= 1;
    std::fs::write(&file, changed).unwrap();
    let (verdicts, kind, report) = levels(&mut net, &honest, false, None);
    assert_eq!((verdicts[0].as_str(), kind), (FAIL, Some(ErrorKind::Verification)));
    assert!(report["statement"]["problems"][0].as_str().unwrap().contains("lines"));
}

#[test]
fn a_rollup_of_a_stolen_key_does_not_count() {
    let (mut net, id) = filled();
    let burn = Burn { key: net.person("reviewer").key.public(), positions: Vec::new(), cause: "被盗".into(), reason: None };
    net.put("admin", DocId::of(net.county, Kind::Registry), &row(&burn));
    let (verdicts, kind, report) = levels(&mut net, &id, true, None);
    assert_eq!((verdicts, kind), ([FAIL, "not_asked", PASS].map(str::to_owned), Some(ErrorKind::Verification)));
    assert!(report["statement"]["problems"][0].as_str().unwrap().contains("burnt"));
}

#[test]
fn other_rules_are_no_tampering_and_missing_documents_are_named() {
    let (mut net, honest) = filled();
    let id = tampered(&mut net, &honest, |row, _, _| row.rules_version += 1);
    let (verdicts, kind, report) = levels(&mut net, &id, true, Some(1));
    assert_eq!((verdicts, kind), (["not_possible"; 3].map(str::to_owned), Some(ErrorKind::NotReachable)));
    assert!(report["statement"]["why"].as_str().unwrap().contains("made by rules 4"));
    let ledger = net.ledger();
    let id = tampered(&mut net, &honest, |row, inputs, lines| {
        inputs.0.iter_mut().find(|i| i.document == ledger).unwrap().tips = vec![EntryId([7; 32])];
        agree(row, inputs, lines);
    });
    let (verdicts, kind, report) = levels(&mut net, &id, true, Some(100));
    assert_eq!((verdicts, kind), ([PASS, "not_possible", "not_possible"].map(str::to_owned), Some(ErrorKind::NotReachable)));
    assert_eq!(report["deep"]["data"]["missing"], serde_json::json!(["001/ledger/2025"]));
    assert_eq!(report["sample"]["data"]["checked"], 1, "002 is here");
}

/// A county's other machine had more: to replace its rollup from here would look as if somebody had left that out.
#[test]
fn a_rollup_is_replaced_by_one_that_reaches_as_far() {
    let (mut net, honest) = filled();
    let ledger = net.ledger();
    let elsewhere = tampered(&mut net, &honest, |row, inputs, lines| {
        inputs.0.iter_mut().find(|i| i.document == ledger).unwrap().tips = vec![EntryId([7; 32])];
        agree(row, inputs, lines);
    });
    let error = net.run("reviewer", &Command::RollupPublish { period: YEAR, as_of: None }).unwrap_err();
    assert_eq!(
        (error.kind, error.details.unwrap()["missing"].clone()),
        (ErrorKind::Refused, serde_json::json!(["001/ledger/2025"]))
    );
    assert!(error.hint.unwrap().en.starts_with("sync first"));
    // What no account of the year rests on is no matter: a later year's ledger.
    let later = DocId::of_year(net.school, Kind::Ledger, YEAR + 1);
    let earlier = [&honest, &elsewhere].map(|id| find(&net.core, id).unwrap().name.here());
    let mut row = find(&net.core, &honest).unwrap().row;
    let bytes = |id: &AttachmentId| net.core.store().attachment(id).unwrap().unwrap();
    let (mut inputs, lines) = (Inputs::parse(&bytes(&row.inputs)).unwrap(), bytes(&row.lines));
    inputs.0.push(taizhang_rules::rollup::Input { document: later, tips: vec![EntryId([7; 32])] });
    inputs.0.sort();
    row.inputs = AttachmentId(Sha256::digest(inputs.to_bytes()).into());
    row.inputs_root = inputs.root();
    let mut p = PayloadBuilder::default();
    let mut earlier = earlier.to_vec();
    earlier.sort();
    p.row(Rollup::TYPE, &earlier, &row.to_fields());
    let mut act = Act { attachments: vec![(row.inputs, inputs.to_bytes()), (row.lines, lines)], ..Act::default() };
    act.write(DocId::of_year(net.county, Kind::Rollup, YEAR), p);
    net.core.write(&net.person("reviewer"), act).unwrap();
    assert_eq!(publish(&mut net).1["replaced"], 1);
}

/// What a sampler computes from one school's documents is what the whole gives, also where activities are announced elsewhere.
#[test]
fn one_school_alone_gives_the_same_lines() {
    let mut net = Net::new();
    let sheet = net.fill();
    approve(&mut net, sheet);
    // The county's office announces A5 in its own ledger, registers T1 there, and 002's clerk names a row of 001's ledger.
    let about = |school| DocId::about(net.county, Kind::Ledger, YEAR, school);
    let (one, two) = (about(net.school), about(net.school2));
    let a5 = super::super::testkit::activity("A5", taizhang_core::rows::ActivityKind::Online, None);
    net.put("office", two, &a5);
    net.put("office", one, &registration("A5", "T1", 300));
    let a6 = net.put(
        "clerk",
        net.ledger(),
        &super::super::testkit::activity("A6", taizhang_core::rows::ActivityKind::SchoolBased, None),
    );
    let mut named = taizhang_core::rows::Registration::from_fields(&registration("A6", "T9", 50).1).unwrap().row;
    named.activity = Some(a6.in_document(net.ledger()));
    named.activity_no = None;
    net.put("clerk3", net.ledger2(), &row(&named));
    // T1 of 001 also took part at 002: one line, at 001, from the rows of both.
    net.put("clerk3", net.ledger2(), &registration("A1", "T1", 200));
    let inputs = Inputs::of(net.core.ledger(), net.county, Years { first: YEAR, last: YEAR });
    let signature = taizhang_core::admission::Signature::Checked;
    let scope = Scope { owner: net.county, period: YEAR, as_of: Day(20_500) };
    let all = Replay::of(net.core.ledger(), net.core.store(), &inputs, signature).unwrap().lines(scope);
    let t1: Vec<_> = all.teachers.iter().filter(|t| t.number == "T1").collect();
    assert_eq!((t1.len(), t1[0].school, t1[0].tally.all.recorded_h100), (1, net.school, 1600 + 400 + 300 + 200));
    assert_eq!(all.lines.school(net.school).unwrap().also, [net.school2]);
    for school in [net.school, net.school2] {
        let of = (school, all.lines.school(school).unwrap().also.as_slice());
        let part = replay::school(net.core.ledger(), net.core.store(), &inputs, of, signature).unwrap().lines(scope);
        assert_eq!(part.lines.school(school), all.lines.school(school));
        let own = |made: &Made| made.teachers.iter().filter(|t| t.school == school).cloned().collect::<Vec<_>>();
        assert_eq!(own(&part), own(&all));
        assert!(!all.lines.school(school).unwrap().tally.by_kind.contains_key(&0), "every activity was found");
    }
    let (id, _) = publish(&mut net);
    let (verdicts, ..) = levels(&mut net, &id, true, Some(100));
    assert_eq!(verdicts, [PASS, PASS, PASS]);
}

#[test]
fn a_burnt_or_replaced_hand_is_told_from_a_standing_one_in_the_lines_of_the_day() {
    let mut net = Net::new();
    net.fill();
    let (before, _) = publish(&mut net);
    let burn = Burn { key: net.person("clerk").key.public(), positions: Vec::new(), cause: "被盗".into(), reason: None };
    net.put("admin", DocId::of(net.county, Kind::Registry), &row(&burn));
    let (after, reply) = publish(&mut net);
    assert_eq!(reply["totals"]["recorded_h100"], 1600);
    for id in [before, after] {
        assert_eq!(levels(&mut net, &id, true, Some(9)).0, [PASS, PASS, PASS]);
    }
}

#[test]
fn what_cannot_be_published_shown_or_verified() {
    let (mut net, id) = filled();
    assert_eq!(net.run("reviewer", &Command::RollupPublish { period: 0, as_of: None }).unwrap_err().kind, ErrorKind::Usage);
    assert_eq!(net.run("clerk", &Command::RollupPublish { period: YEAR, as_of: None }).unwrap_err().kind, ErrorKind::Refused);
    let ledger_entry = net.core.ledger().open_tips(&net.ledger())[0].to_string();
    for bad in ["", "zz", "ffffffffffffffffffff", ledger_entry.as_str()] {
        assert_eq!(net.run("clerk", &Command::RollupShow { id: bad.into() }).unwrap_err().kind, ErrorKind::Usage, "{bad}");
        assert_eq!(ask(&mut net, bad, false, None).unwrap_err().kind, ErrorKind::Usage, "{bad}");
    }
    // A year with nothing in it is stated as such.
    let empty = net.data("reviewer", &Command::RollupPublish { period: 2001, as_of: None });
    assert_eq!(empty["totals"]["recorded_h100"], 0);
    assert_eq!(empty["totals"]["roster"], 3);
    assert_eq!(levels(&mut net, empty["rollup"].as_str().unwrap(), true, Some(3)).0, [PASS, PASS, PASS]);
    // The same seed chooses the same teachers; without one the seed is drawn and shown.
    let chosen = |net: &mut Net| levels(net, &id, false, Some(1)).2["sample"]["data"]["chosen"].clone();
    assert_eq!(chosen(&mut net), chosen(&mut net));
    let command = Command::RollupVerify { id: id.clone(), deep: false, sample: Some(1), seed: None };
    let mut said = Vec::new();
    let unlock = super::super::testkit::unlock("clerk");
    let reply = super::super::execute(&mut net.core, &unlock, &command, &mut |m| said.push(m)).unwrap();
    assert_eq!(reply.data["seed"].as_str().unwrap().len(), 32);
    let is_told = |m: &Message| matches!(m, Message::Note(text) if text.en.contains("one is drawn here"));
    assert!(said.iter().any(is_told), "{said:?}");
    let tomorrow = Day(net.core.now().day().0 + 1).to_string();
    let ahead = Command::RollupPublish { period: YEAR, as_of: Some(tomorrow.clone()) };
    let error = net.run("reviewer", &ahead).unwrap_err();
    assert!(error.kind == ErrorKind::Usage && error.what.zh.contains(&format!("{tomorrow} 还没有到")), "{error:?}");
}
