//! Names that can be forgotten: a city, a county with its reviewer, a school with two machines.
#![allow(clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use serde_json::Value;
use taizhang_core::{
    id::{DocId, Kind, PublicKey},
    ledger::Ledger,
};
use taizhang_node::{
    command::{Command, Format, Unlock},
    commands::{self, found},
    core::{Core, Outgoing},
    driver::NodeEvent,
    folder::Folder,
};
use taizhang_sync::{
    Event, Input, SessionId,
    frame::{Frame, Kinds, Tip, VERSION},
    keys::KeyRecord,
};
use taizhang_tests::nodes::{PASSPHRASE, Running, founded, joined, text, unlock};
use tempfile::TempDir;

use crate::kit::{import, in_sync};

/// Made up: area codes that are not assigned, phones without a mobile prefix.
pub(crate) const ROSTER: &str = "教师编号,姓名,性别,身份证号,出生日期,参加工作时间,任教学段,职称,联系电话\n\
    4298010900000000,韩光,男,429801198610087936,1986-10-08,2009-08-20,小学,未评,12040210797\n\
    4298019400000001,朱怡珍,女,429801197211020908,1972-11-02,1994-10-12,小学,三级教师,12031910983\n";
const SECRETS: [&str; 6] = ["韩光", "朱怡珍", "429801198610087936", "429801197211020908", "12040210797", "12031910983"];
const TEACHER: &str = "4298010900000000";

pub(crate) struct Town {
    pub(crate) dir: TempDir,
    pub(crate) city: Running,
    pub(crate) county: Running,
    pub(crate) first: Running,
}

impl Town {
    pub(crate) fn new() -> Self {
        let dir = TempDir::new().expect("a temporary folder");
        let city = Running::start(&founded(&dir.path().join("city"), "city"), true);
        let add = |code: &str, kind: &str| Command::OrgAdd {
            code: code.into(),
            kind: kind.into(),
            name: "某机构".into(),
            parent: None,
        };
        city.ask("admin", add("429801", "county")).expect("adds a county");
        let county = joins(&city, &dir.path().join("county"), "429801", "admin", true);
        county.ask("admin", add("2198000001", "school")).expect("adds a school");
        let county = with_reviewer(county);
        let first = joins(&county, &dir.path().join("first"), "2198000001", "clerk", false);
        Self { dir, city, county, first }
    }

    /// The first machine imports the roster, and everything goes everywhere.
    fn with_names() -> Self {
        let town = Self::new();
        let file = town.dir.path().join("roster.csv");
        std::fs::write(&file, ROSTER).expect("writes");
        town.first.ask("clerk", import("roster", file)).expect("imports");
        town.sync(&[&town.first, &town.county]);
        town
    }

    fn second(&self) -> Running {
        joins(&self.county, &self.dir.path().join("second"), "2198000001", "clerk", false)
    }

    fn sync(&self, nodes: &[&Running]) {
        for node in nodes {
            node.ask("", Command::Sync { address: None, timeout_ms: 30_000 }).expect("syncs");
        }
    }

    /// Stops every node; the folders stay as long as the result does.
    fn stop(self) -> TempDir {
        self.first.stop();
        self.county.stop();
        self.city.stop();
        self.dir
    }
}

fn joins(above: &Running, path: &Path, org: &str, role: &str, listen: bool) -> Running {
    let address = above.address.map(|a| a.to_string());
    let invite = Command::Invite { org: org.into(), role: role.into(), office: None, expires_ms: 86_400_000, address };
    let invite = above.ask("admin", invite).expect("invites");
    let node = Running::start(&joined(path, &text(&invite, "invite")), listen);
    node.wait(in_sync).expect("joins");
    node
}

/// The county's reviewer works at the county's machine.
fn with_reviewer(county: Running) -> Running {
    let folder = county.folder.clone();
    county.stop();
    let invite = {
        let mut core = open(&folder);
        let command =
            Command::Invite { org: "429801".into(), role: "reviewer".into(), office: None, expires_ms: 60_000, address: None };
        text(&commands::execute(&mut core, &unlock("admin"), &command, &mut |_| {}).expect("invites"), "invite")
    };
    let nobody = Unlock { key: None, passphrase: Some(PASSPHRASE.to_owned()) };
    found::join(&folder, &nobody, &invite, Some("reviewer")).expect("joins in the same folder");
    Running::start(&folder, true)
}

pub(crate) fn open(folder: &Folder) -> Core {
    Core::open(folder.clone(), &mut |_, _, _| {}).expect("opens")
}

fn persons() -> Command {
    Command::Export { kind: "persons".into(), org: None, year: None, format: Format::Jsonl, gbk: false, out: None }
}

/// The names that this person reads on this machine; `-` where there is only the number.
pub(crate) fn names(node: &Running, who: &str) -> Vec<String> {
    let lines = node.ask(who, persons()).expect("exports").lines;
    let mut names: Vec<String> = lines.iter().map(|l| l["name"].as_str().unwrap_or("-").to_owned()).collect();
    names.sort();
    names
}

fn all_files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).expect("reads").flatten() {
        let path = entry.path();
        if path.is_dir() { out.extend(all_files(&path)) } else { out.push(path) }
    }
    out
}

/// No file of the folder, no payload and no view made from it holds any of these.
fn holds_none_of(folder: &Folder, secrets: &[&str]) {
    let found = |bytes: &[u8]| secrets.iter().find(|s| bytes.windows(s.len()).any(|w| w == s.as_bytes()));
    let files = all_files(folder.path());
    assert!(files.len() > 5, "{files:?}");
    for file in files.iter().filter(|f| f.extension().is_none_or(|e| e != "sock")) {
        assert_eq!(found(&std::fs::read(file).expect("reads")), None, "{}", file.display());
    }
    let core = open(folder);
    let documents: Vec<DocId> = core.ledger().documents().copied().collect();
    for document in documents {
        for entry in core.entries_of(&document).expect("reads") {
            assert_eq!(found(&entry.payload), None, "{document}");
        }
        assert_eq!(found(&core.view(&document).expect("a view").bytes()), None, "{document}");
    }
}

fn identity(ledger: &Ledger) -> DocId {
    DocId::of(ledger.registry.by_code("2198000001").expect("the school is known"), Kind::Identity)
}

fn keys_in(folder: &Folder) -> BTreeSet<String> {
    let bytes = folder.read("keyring.json").expect("reads").unwrap_or_else(|| br#"{"keys":[]}"#.to_vec());
    let file: Value = serde_json::from_slice(&bytes).expect("JSON");
    let keys = file["keys"].as_array().expect("keys").iter().map(|k| k["key_id"].as_str().expect("hex").to_owned());
    keys.collect()
}

#[test]
fn a_county_reads_names_only_where_its_reviewer_unlocks_and_a_city_never() {
    let town = Town::with_names();
    assert_eq!(names(&town.county, "reviewer"), ["朱怡珍", "韩光"]);
    assert_eq!(names(&town.county, "admin"), ["-", "-"], "an admin grants, and reads no names");
    let (city, county) = (town.city.folder.clone(), town.county.folder.clone());
    let _dir = town.stop();
    assert_eq!(keys_in(&county).len(), 2, "the keys are there");
    holds_none_of(&county, &SECRETS);
    holds_none_of(&city, &SECRETS);
    assert!(keys_in(&city).is_empty(), "no keyring at the city");
    assert!(open(&city).ledger().documents().all(|d| d.kind != Kind::Identity), "no identity document either");
}

/// What this node answers to frames of whoever has this node key.
fn answers(core: &mut Core, remote: PublicKey, frames: &[Frame]) -> Vec<Frame> {
    let session = SessionId(999);
    core.step(Input::Connected { session, remote, dialer: false });
    let org = core.org();
    let wants = Kinds::all().with_keys();
    let hello = Frame::Hello { version: VERSION, network: core.network(), org, wants, join: None };
    for frame in std::iter::once(&hello).chain(frames) {
        core.step(Input::Frame { session, bytes: frame.encode() });
    }
    let sent = std::iter::from_fn(|| core.poll_outgoing()).filter_map(|o| match o {
        Outgoing::Send(_, bytes) => Frame::decode(&bytes).expect("a frame"),
        Outgoing::Close(_, reason) => panic!("closed: {reason}"),
    });
    let sent: Vec<Frame> = sent.collect();
    core.step(Input::Closed { session });
    sent
}

/// Frames that ask for all there is about the keys of a document.
fn asking(document: DocId) -> Vec<Frame> {
    vec![
        Frame::Tips { document, tips: Vec::<Tip>::new() },
        Frame::Keys { digest: [0; 16], documents: Vec::new() },
        Frame::KeyIds { document, reply: true, ids: Vec::new() },
    ]
}

fn node_key(folder: &Folder) -> PublicKey {
    folder.node_key().expect("a node key").public()
}

#[test]
fn a_city_that_asks_hears_nothing_and_a_school_hears_all() {
    let town = Town::with_names();
    let (city, county, first) = (town.city.folder.clone(), town.county.folder.clone(), town.first.folder.clone());
    let _dir = town.stop();
    let mut core = open(&county);
    let document = identity(core.ledger());
    let spoken_of = |f: &Frame| match f {
        Frame::Keys { documents, .. } => !documents.is_empty(),
        Frame::Tips { document, .. } | Frame::KeyIds { document, .. } => document.kind == Kind::Identity,
        Frame::KeyRecords(_) | Frame::Batch(_) => true,
        _ => false,
    };
    let to_city = answers(&mut core, node_key(&city), &asking(document));
    assert!(!to_city.iter().any(spoken_of), "{to_city:?}");
    let to_school = answers(&mut core, node_key(&first), &asking(document));
    let records = to_school.iter().filter_map(|f| if let Frame::KeyRecords(r) = f { Some(r.len()) } else { None });
    assert_eq!(records.sum::<usize>(), 4, "two teachers, a clerk and a reviewer");
    // What the city sends is not taken either.
    let held: Vec<KeyRecord> = core.hub().keys().iter().copied().collect();
    let forged = KeyRecord { ephemeral: [0; 32], ..held[0] };
    answers(&mut core, node_key(&city), &[Frame::KeyRecords(vec![forged])]);
    assert_eq!(core.hub().keys().iter().copied().collect::<Vec<_>>(), held);
    // Nor from the school: a record for somebody who may not open names, or of a key that no row names.
    for bad in [KeyRecord { to: [7; 32], ..forged }, KeyRecord { key: [7; 8], ..forged }] {
        answers(&mut core, node_key(&first), &[Frame::KeyRecords(vec![bad])]);
        assert_eq!(core.hub().keys().len(), held.len(), "{bad:?}");
    }
    answers(&mut core, node_key(&first), &[Frame::KeyRecords(vec![forged])]);
    assert_eq!(core.hub().keys().len(), held.len() + 1, "this one would be, and hides nothing");
}

#[test]
fn a_new_clerk_reads_names_after_somebody_who_can_has_unlocked() {
    let town = Town::with_names();
    let second = town.second();
    assert_eq!(names(&second, "clerk"), ["-", "-"], "nobody has wrapped them to her yet");
    // The reviewer does something for which the key is unlocked; the keys travel at once.
    names(&town.county, "reviewer");
    second.wait(|e| matches!(e, NodeEvent::Hub(Event::KeysArrived { .. })).then_some(())).expect("keys arrive live");
    assert_eq!(names(&second, "clerk"), ["朱怡珍", "韩光"]);
    second.stop();
    town.stop();
}

#[test]
fn a_lost_keyring_comes_back_from_the_county() {
    let mut town = Town::with_names();
    let folder = town.first.folder.clone();
    town.first.stop();
    folder.remove("keyring.json");
    town.first = Running::start(&folder, false);
    town.sync(&[&town.first]);
    assert_eq!(names(&town.first, "clerk"), ["朱怡珍", "韩光"]);
    town.stop();
}

#[test]
fn an_erased_teacher_is_forgotten_on_every_node_also_one_that_was_offline() {
    let town = Town::with_names();
    let second = town.second();
    names(&town.county, "reviewer");
    town.sync(&[&second]);
    assert_eq!(names(&second, "clerk"), ["朱怡珍", "韩光"]);
    second.ask("", Command::Links { cut: true }).expect("cuts");
    let county = town.county.folder.clone();
    // What somebody kept of the time before.
    let before = records_of(&county.read("keyring.json").expect("reads").expect("is there"));
    let ask = Command::Erase { teacher: TEACHER.into(), reason: "保存期满".into() };
    town.first.ask("clerk", ask).expect("asks");
    town.sync(&[&town.first]);
    assert_eq!(keys_in(&county).len(), 2, "the school alone erases nothing");
    town.county.ask("reviewer", Command::EraseConfirm { teacher: TEACHER.into() }).expect("confirms");
    town.sync(&[&town.first]);
    for (node, who) in [(&town.first, "clerk"), (&town.county, "reviewer")] {
        assert_eq!(names(node, who), ["-", "朱怡珍"]);
        assert_eq!(keys_in(&node.folder).len(), 1);
    }
    assert_eq!(names(&second, "clerk"), ["朱怡珍", "韩光"], "it has not heard of it");
    second.ask("", Command::Links { cut: false }).expect("heals");
    town.sync(&[&second]);
    assert_eq!(names(&second, "clerk"), ["-", "朱怡珍"]);
    assert_eq!(keys_in(&second.folder).len(), 1);
    let first = town.first.folder.clone();
    second.stop();
    let _dir = town.stop();
    // A rogue node of the school brings the old records: they are not taken.
    let mut core = open(&county);
    let (kept, erased): (Vec<KeyRecord>, Vec<KeyRecord>) =
        before.into_iter().partition(|r| core.hub().keys().iter().any(|k| k.key == r.key));
    assert!(!kept.is_empty() && !erased.is_empty());
    let len = core.hub().keys().len();
    answers(&mut core, node_key(&first), &[Frame::KeyRecords(erased)]);
    assert_eq!(core.hub().keys().len(), len);
    assert_eq!(keys_in(&county).len(), 1);
}

fn records_of(file: &[u8]) -> Vec<KeyRecord> {
    let file: Value = serde_json::from_slice(file).expect("JSON");
    let bytes = |v: &Value| taizhang_core::id::from_hex(v.as_str().expect("hex")).expect("hex");
    let array = |v: &Value| -> [u8; 32] { bytes(v).try_into().expect("32 bytes") };
    let keys = file["keys"].as_array().expect("keys").iter();
    let of = |k: &Value| {
        let document = DocId::from_bytes(&bytes(&k["document"])).expect("a document");
        let key: [u8; 8] = bytes(&k["key_id"]).try_into().expect("8 bytes");
        let wrapped = k["wrapped"].as_array().expect("wrapped").clone();
        wrapped.into_iter().map(move |w| KeyRecord {
            document,
            key,
            to: array(&w["to"]),
            ephemeral: array(&w["ephemeral"]),
            sealed: bytes(&w["sealed"]).try_into().expect("48 bytes"),
        })
    };
    keys.flat_map(of).collect()
}

/// A frame that claims an erasure is skipped; rows that do not stand together erase nothing.
#[test]
fn a_frame_that_says_erased_does_nothing() {
    let town = Town::with_names();
    let (county, first) = (town.county.folder.clone(), town.first.folder.clone());
    let _dir = town.stop();
    let mut core = open(&county);
    let document = identity(core.ledger());
    let len = core.hub().keys().len();
    let session = SessionId(7);
    core.step(Input::Connected { session, remote: node_key(&first), dialer: false });
    let wants = Kinds::all().with_keys();
    let hello = Frame::Hello { version: VERSION, network: core.network(), org: core.org(), wants, join: None };
    let none = Frame::KeyIds { document, reply: false, ids: Vec::new() };
    for bytes in [hello.encode(), none.encode(), [&[0x85], document.to_bytes().as_slice()].concat()] {
        core.step(Input::Frame { session, bytes });
    }
    assert!(core.hub().sessions().any(|s| s.session == session), "skipped, not punished");
    assert_eq!((core.hub().keys().len(), keys_in(&county).len()), (len, 2));
}
