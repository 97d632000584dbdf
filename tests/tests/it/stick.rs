//! A school without any line: two files on a stick, one there and one back.
#![allow(clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::{collections::BTreeMap, path::Path};

use taizhang_core::{id::DocId, units};
use taizhang_node::{
    bundle::{Opener, Sealer},
    command::{Bundle, Command, Reply},
    commands,
    core::Core,
    error::{CommandError, ErrorKind},
    folder::Folder,
};
use taizhang_sync::frame::Frame;
use taizhang_tests::nodes::unlock;

use crate::{
    keyring::{ROSTER, Town, names, open},
    kit::{import, json},
};

fn write(to: &str, out: &Path) -> Command {
    Command::Bundle(Bundle::Write { to: to.into(), org: None, out: out.into(), ledgers: false })
}

fn read(file: &Path, answer: Option<&Path>) -> Command {
    Command::Bundle(Bundle::Read { file: file.into(), answer: answer.map(Into::into) })
}

/// On a machine where no node runs.
fn alone(folder: &Folder, who: &str, command: &Command) -> Result<Reply, CommandError> {
    commands::execute(&mut open(folder), &unlock(who), command, &mut |_| {})
}

fn number(reply: &Reply, field: &str) -> u64 {
    reply.data[field].as_u64().unwrap_or_else(|| panic!("{field}: {reply:?}"))
}

/// What the school may read, here.
fn held(core: &Core, school: &str) -> BTreeMap<DocId, [u8; 32]> {
    let registry = &core.ledger().registry;
    let org = registry.by_code(school).expect("the school is known");
    let documents = core.ledger().documents().filter(|d| registry.may_read(org, d));
    documents.map(|d| (*d, core.ledger().digest(d))).collect()
}

#[test]
fn a_school_without_a_line_and_its_county_exchange_everything_by_two_files() {
    let Town { dir, city, county, first } = Town::new();
    let school = first.folder.clone();
    first.stop();
    let at = |name: &str| dir.path().join(name);
    std::fs::write(at("roster.csv"), ROSTER).expect("writes");
    alone(&school, "clerk", &import("roster", at("roster.csv"))).expect("imports");
    let add =
        |code: &str, kind: &str| Command::OrgAdd { code: code.into(), kind: kind.into(), name: "新校".into(), parent: None };
    county.ask("admin", add("2198000009", "school")).expect("adds a school");

    let there = alone(&school, "", &write("429801", &at("there.tzb"))).expect("writes");
    assert_eq!(there.schema, "taizhang.bundle-written/1");
    assert!(number(&there, "entries") > 0 && number(&there, "key_records") > 0 && number(&there, "left") == 0, "{there:?}");
    let bad = at("bad.tzb");
    std::fs::write(&bad, spoiled(&std::fs::read(at("there.tzb")).expect("reads"), &school, &county.folder)).expect("writes");
    let error = county.ask("", read(&bad, Some(&at("none.tzb")))).expect_err("a frame that has no place there");
    let stored = error.details.as_ref().map_or(0, |d| d["entries"].as_u64().unwrap_or_default());
    assert!(error.kind == ErrorKind::Refused && error.what.zh.contains("没有读完") && stored > 0, "{error:?}");
    assert!(error.what.zh.contains(&format!("此前的 {stored} 条已保存")) && !at("none.tzb").exists(), "{error:?}");
    let brought = county.ask("", read(&at("there.tzb"), Some(&at("back.tzb")))).expect("reads");
    assert_eq!(brought.schema, "taizhang.bundle-read/1");
    assert!(number(&brought, "key_records") > 0 && number(&brought, "refused") == 0, "the rest: {brought:?}");
    assert_eq!(brought.data["org"], "2198000001");
    assert!(brought.data["answer"]["entries"].as_u64() > Some(0), "the new school goes back: {brought:?}");
    assert_eq!(names(&county, "reviewer"), ["朱怡珍", "韩光"], "the names' keys travel too");
    let before = alone(&school, "", &Command::Status).expect("shows");
    let back = alone(&school, "", &read(&at("back.tzb"), None)).expect("reads");
    assert!(number(&back, "entries") > 0 && number(&back, "receipts") > 0, "{back:?}");
    let after = alone(&school, "", &Command::Status).expect("shows");
    let since = |status: &Reply| json(status)["delivered"].clone();
    assert_ne!(since(&before), since(&after), "what came back says what arrived");

    // Once more changes nothing; nothing is left to carry.
    let again = county.ask("", read(&at("there.tzb"), None)).expect("reads");
    assert_eq!((number(&again, "entries"), number(&again, "receipts")), (0, 0));
    let rest = alone(&school, "", &write("429801", &at("rest.tzb"))).expect("writes");
    assert_eq!(number(&rest, "entries"), 0, "{rest:?}");
    refusals(&city.folder, &county.folder, &school, dir.path());

    county.stop();
    city.stop();
    let (c, s) = (open(&Folder::at(at("county"))), open(&school));
    assert_eq!(held(&c, "2198000001"), held(&s, "2198000001"));
    assert!(held(&s, "2198000001").len() > 3);
}

/// The school's bundle up to its first batch, then a frame that has no place there, sealed by the school once more.
fn spoiled(file: &[u8], school: &Folder, county: &Folder) -> Vec<u8> {
    let (from, to) = (school.node_key().expect("a key"), county.node_key().expect("a key"));
    let network = open(school).network();
    let mut opener = Opener::new(file, network, &to).expect("opens");
    let mut sealer = Sealer::new(Vec::new(), network, &from, to.public(), opener.time(), [9; 32]).expect("seals");
    while let Some(frame) = opener.next_frame().expect("whole") {
        sealer.frame(&frame).expect("memory");
        if matches!(Frame::decode(&frame), Ok(Some(Frame::Batch(_)))) {
            break;
        }
    }
    sealer.frame(&Frame::Ack { batches: 1, new: 1 }.encode()).expect("memory");
    sealer.finish().expect("memory")
}

/// What goes wrong says what, where and what to do, and takes nothing.
fn refusals(city: &Folder, county: &Folder, school: &Folder, dir: &Path) {
    let (there, at) = (dir.join("there.tzb"), |name: &str| dir.join(name));
    let ask = |folder: &Folder, command: &Command| {
        let request = taizhang_node::command::Request { unlock: unlock(""), command: command.clone() };
        match taizhang_node::control::call(folder, &request, &mut |_| {}) {
            Ok(Some(reply)) => Ok(reply),
            Ok(None) => alone(folder, "", command),
            Err(error) => Err(error),
        }
    };
    let fails = |folder: &Folder, command: Command, kind: ErrorKind, zh: &str| {
        let error = ask(folder, &command).expect_err("it cannot be done");
        assert_eq!(error.kind, kind, "{error:?}");
        assert!(error.what.zh.contains(zh) && error.hint.is_some() && !error.what.en.is_empty(), "{error:?}");
    };
    fails(city, read(&there, None), ErrorKind::Refused, "是给另一个节点的: 429801");
    fails(school, write("429801", &there), ErrorKind::Usage, "已存在");
    fails(school, read(&there, Some(&at("back.tzb"))), ErrorKind::Usage, "已存在");
    fails(school, write("nowhere", &at("x.tzb")), ErrorKind::Usage, "没有代码为 nowhere 的机构");
    fails(school, write("2198000001", &at("x.tzb")), ErrorKind::Usage, "没有其他节点");
    fails(school, write(&"ab".repeat(32), &at("x.tzb")), ErrorKind::Refused, "获认可的其他节点");
    fails(school, read(&at("none.tzb"), None), ErrorKind::Storage, "没有此文件");
    fails(school, read(&at("roster.csv"), None), ErrorKind::FileProblems, "不是台账数据包");
    let whole = std::fs::read(&there).expect("reads");
    let mut changed = whole.clone();
    changed[300] ^= 1;
    std::fs::write(at("changed.tzb"), &changed).expect("writes");
    fails(county, read(&at("changed.tzb"), None), ErrorKind::Verification, "第 1 段打不开");
    std::fs::write(at("cut.tzb"), &whole[..whole.len() - 1]).expect("writes");
    fails(county, read(&at("cut.tzb"), None), ErrorKind::Verification, "第 1 段打不开");
    // A node that is certified and says next to nothing: neither a success nor an answer without end.
    let hello = Opener::new(whole.as_slice(), open(school).network(), &county.node_key().expect("a key"));
    let hello = hello.expect("opens").next_frame().expect("whole").expect("a frame");
    for frames in [vec![], vec![hello]] {
        let (from, to) = (school.node_key().expect("a key"), county.node_key().expect("a key").public());
        let mut sealer = Sealer::new(Vec::new(), open(school).network(), &from, to, units::Ms(1), [8; 32]).expect("seals");
        frames.iter().for_each(|f| sealer.frame(f).expect("memory"));
        std::fs::write(at("little.tzb"), sealer.finish().expect("memory")).expect("writes");
        for answer in [None, Some(at("none.tzb"))] {
            fails(county, read(&at("little.tzb"), answer.as_deref()), ErrorKind::Refused, "内容不全");
        }
    }
    fails(county, read(dir, None), ErrorKind::FileProblems, "不是台账数据包");
    std::fs::write(at("mine.tzb.tmp"), "mine").expect("writes");
    alone(school, "", &write("429801", &at("mine.tzb"))).expect("writes");
    assert_eq!(std::fs::read(at("mine.tzb.tmp")).expect("reads"), b"mine", "no file is replaced");
    let mut newer = whole;
    newer[15] = 2;
    std::fs::write(at("newer.tzb"), &newer).expect("writes");
    fails(county, read(&at("newer.tzb"), None), ErrorKind::FileProblems, "请先升级");
    assert!(!at("x.tzb").exists() && !at("x.tzb.tmp").exists());
}
