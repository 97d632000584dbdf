//! A county with two schools after a bad year: a clerk's machine wrote twice at one place and was stolen, another clerk left and went on writing, an invite was used twice.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;
use taizhang_core::{
    author::{Author, grant_for},
    entry::{Header, SignedEntry},
    id::{DocId, EntryId, Kind, OrgId, Run},
    key::SecretKey,
    op::PayloadBuilder,
    rows::{Burn, End, Positions, RowType, Teacher},
    units::{Day, Ms},
};
use taizhang_node::{
    command::{Command, Unlock},
    commands::execute,
    core::{Act, Core, now},
    folder::Folder,
    keyfile::{self, Person},
};
use taizhang_tests::nodes::{PASSPHRASE, founded, joined, text, unlock};
use tempfile::TempDir;

pub(super) struct Network {
    dir: TempDir,
    folder: Folder,
    /// Seeds by label.
    people: BTreeMap<&'static str, [u8; 32]>,
    pub(super) school: OrgId,
    pub(super) other: OrgId,
}

impl Network {
    pub(super) fn new() -> Self {
        let dir = TempDir::new().expect("a temporary folder");
        let folder = founded(&dir.path().join("county"), "county");
        let mut core = Core::open(folder.clone(), &mut |_, _, _| {}).expect("opens");
        let org = |core: &mut Core, code: &str| {
            let add =
                Command::OrgAdd { code: code.into(), kind: "school".into(), name: format!("第{code}小学"), parent: None };
            let reply = execute(core, &unlock("admin"), &add, &mut |_| {}).expect("adds a school");
            OrgId::from_hex(&text(&reply, "org")).expect("an id")
        };
        let (school, other) = (org(&mut core, "2198000001"), org(&mut core, "2198000002"));
        let mut network = Self { dir, folder, people: BTreeMap::new(), school, other };
        network.keep("admin", &network.folder.clone());
        for (label, code, role) in [
            ("clerk", "2198000001", "clerk"),
            ("leaver", "2198000001", "clerk"),
            ("other", "2198000002", "clerk"),
            ("reviewer", "429800", "reviewer"),
        ] {
            network.invite(&mut core, label, code, role, 1);
        }
        network.invite(&mut core, "twice", "2198000002", "principal", 2);
        network.bad_year(&mut core);
        network
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(super) fn open(&self) -> Core {
        Core::open(self.folder.clone(), &mut |_, _, _| {}).expect("opens")
    }

    pub(super) fn key(&self, who: &str) -> SecretKey {
        SecretKey::from_seed(*self.people.get(who).expect("somebody of the network"))
    }

    pub(super) fn roster(&self) -> DocId {
        DocId::of(self.school, Kind::Roster)
    }

    fn keep(&mut self, label: &'static str, folder: &Folder) {
        let key = keyfile::list(folder).expect("lists").into_iter().find(|k| k.label != "root");
        let person = keyfile::unlock(folder, key.expect("a key").public, PASSPHRASE).expect("unlocks");
        self.people.insert(label, person.key.seed());
    }

    /// Invites, and lets the invite be used on so many machines; their entries come to the county as they would in a sync.
    fn invite(&mut self, core: &mut Core, label: &'static str, code: &str, role: &str, machines: usize) {
        let invite = Command::Invite { org: code.into(), role: role.into(), office: None, expires_ms: 86_400_000, address: None };
        let invite = text(&execute(core, &unlock("admin"), &invite, &mut |_| {}).expect("invites"), "invite");
        for n in 0..machines {
            let folder = joined(&self.dir.path().join(format!("{label}-{n}")), &invite);
            let used = folder.read("invite.cbor").expect("reads").expect("the use of the invite");
            let used = SignedEntry::parse(&used, &core.network()).expect("an entry");
            core.store_entries(vec![used], Vec::new()).expect("takes it");
            self.keep(label, &folder);
        }
    }

    fn bad_year(&self, core: &mut Core) {
        let first = self.teacher(core, "clerk", "4298010800010001", now());
        let kept = self.teacher(core, "clerk", "4298010800010002", now());
        let signed = core.entry(&kept).expect("is here");
        let header = Header { time: Ms(signed.header.time.0 + 1), ..signed.header };
        let sibling = SignedEntry::sign(header, signed.payload, &self.key("clerk"), &core.network());
        core.store_entries(vec![sibling], Vec::new()).expect("a fork is admitted");
        self.teacher(core, "leaver", "4298010800010003", now());
        self.registers(core);
        let position = |id: &EntryId| {
            let place = core.ledger().place(id).expect("is here");
            Positions { document: place.log.document, run: place.log.run, height: place.sequence, id: *id }
        };
        let burn =
            Burn { key: self.key("clerk").public(), positions: vec![position(&first)], cause: "stolen".into(), reason: None };
        let leaver = core.ledger().registry.grants_of(self.key("leaver").public()).next().map(|(name, _)| *name);
        let left_day = Day(now().day().0 - 1);
        let end = End { grant: leaver.expect("a grant").here(), left_day, positions: None, reason: None };
        let mut p = PayloadBuilder::default();
        p.row(Burn::TYPE, &[], &burn.to_fields());
        p.row(End::TYPE, &[], &end.to_fields());
        let mut act = Act::default();
        act.write(DocId::of(core.org(), Kind::Registry), p);
        let admin = Person { key: self.key("admin"), seal: [1; 32].into(), label: "admin".to_owned() };
        core.write(&admin, act).expect("burns and ends");
        self.teacher(core, "other", "4298010800020001", now());
    }

    /// A teacher by number in the roster of whoever writes.
    fn teacher(&self, core: &mut Core, who: &str, no: &str, time: Ms) -> EntryId {
        let mut p = PayloadBuilder::default();
        p.row(Teacher::TYPE, &[], &teacher(no));
        self.put(core, who, p, time)
    }

    /// A descriptive field, and its correction.
    fn registers(&self, core: &mut Core) {
        let mut p = PayloadBuilder::default();
        p.register("4298010800020001.subject", &taizhang_core::op::scalar(&taizhang_core::cbor::Value::Text("语文".into())), &[]);
        let first = self.put(core, "other", p, now());
        let mut p = PayloadBuilder::default();
        let value = taizhang_core::op::scalar(&taizhang_core::cbor::Value::Text("数学".into()));
        p.register("4298010800020001.subject", &value, &[first]);
        self.put(core, "other", p, now());
    }

    fn put(&self, core: &mut Core, who: &str, payload: PayloadBuilder, time: Ms) -> EntryId {
        let author = Author { key: self.key(who), run: Run([7; 8]) };
        let owner = if who == "other" { self.other } else { self.school };
        let document = DocId::of(owner, Kind::Roster);
        let grant = grant_for(core.ledger(), author.public(), &document);
        let entry = author.write(core.ledger(), document, grant, payload.finish(), time);
        let id = entry.id;
        core.store_entries(vec![entry], Vec::new()).expect("takes it");
        id
    }
}

/// The fields of a teacher's row.
pub(super) fn teacher(no: &str) -> Vec<u8> {
    let none = None;
    let row =
        Teacher { no: no.into(), hired_day: Day(9_000), first_job: none, qualified_degree: None, came_from: None, reason: None };
    row.to_fields()
}

/// Exports everything; what this program's own audit says of it.
pub(super) fn audit(core: &mut Core, out: &Path) -> Value {
    let mut ask = |command: &Command| execute(core, &Unlock::default(), command, &mut |_| {}).expect("no error").data;
    ask(&Command::AuditExport { out: out.to_owned(), jsonl: false, org: None });
    Value::Object(ask(&Command::AuditVerify))
}
