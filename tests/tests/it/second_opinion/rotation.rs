//! A network whose root keys were replaced twice: by one of one, then by two of three.

use std::path::PathBuf;

use serde_json::Value;
use taizhang_core::{
    entry::SignedEntry,
    key::SecretKey,
    op::{self, Op, PayloadBuilder},
    rows::{RootStatement, RowType},
};
use taizhang_node::{
    command::{Command, Proposal, Root, Unlock},
    commands::execute,
    core::Core,
    keyfile,
};
use taizhang_tests::nodes::{PASSPHRASE, founded, unlock};
use tempfile::TempDir;

pub(super) struct Rotated {
    dir: TempDir,
    pub(super) core: Core,
}

impl Rotated {
    pub(super) fn new() -> Self {
        let dir = TempDir::new().expect("a temporary folder");
        let folder = founded(&dir.path().join("county"), "county");
        for label in ["second", "third", "fourth", "fifth"] {
            keyfile::create(&folder, label, PASSPHRASE).expect("makes a key");
        }
        let mut rotated = Self { core: Core::open(folder, &mut |_, _, _| {}).expect("opens"), dir };
        rotated.propose("one", &["second", "third"], &[], Some(2));
        rotated.publish("one", &["root"], "root");
        rotated.propose("two", &["fourth"], &["root"], None);
        rotated.publish("two", &["second", "third"], "fourth");
        rotated
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn ask(&mut self, who: &str, step: Root) {
        execute(&mut self.core, &unlock(who), &Command::Root(step), &mut |_| {}).expect("the step is taken");
    }

    fn propose(&mut self, name: &str, add: &[&str], remove: &[&str], threshold: Option<u8>) {
        let list = |labels: &[&str]| labels.iter().map(|l| (*l).to_owned()).collect();
        let (out, add, remove) = (self.path(name), list(add), list(remove));
        self.ask("admin", Root::Propose(Proposal { out, keys: Vec::new(), add, remove, threshold, reason: None }));
    }

    fn publish(&mut self, name: &str, signers: &[&str], publisher: &str) {
        let file = self.path(name);
        signers.iter().for_each(|who| self.ask(who, Root::Sign { file: file.clone() }));
        self.ask(publisher, Root::Publish { file });
    }

    /// Two successors that do not know of each other; one is written down by a key that only itself names.
    pub(super) fn dispute(&mut self) {
        self.propose("three", &["fifth"], &["fourth"], None);
        self.propose("four", &[], &["third"], None);
        self.publish("three", &["second", "third"], "fifth");
        self.publish("four", &["second", "fourth"], "fourth");
    }

    /// All keys of the statement before settle it.
    pub(super) fn settle(&mut self) {
        self.propose("five", &[], &[], None);
        self.publish("five", &["second", "third", "fourth"], "third");
    }

    /// What this program's own audit counts, whether it found errors or not.
    pub(super) fn export(&mut self) -> (PathBuf, Value) {
        let out = self.path("audit.cborseq");
        // The one before is done with; an export takes no file's place.
        std::fs::remove_file(&out).ok();
        let export = Command::AuditExport { out: out.clone(), jsonl: false, org: None };
        execute(&mut self.core, &Unlock::default(), &export, &mut |_| {}).expect("exports");
        let audit = execute(&mut self.core, &Unlock::default(), &Command::AuditVerify, &mut |_| {});
        (out, audit.map_or_else(|e| *e.details.expect("findings"), |r| Value::Object(r.data)))
    }

    /// The export with the last successor changed, and signed again by who wrote it down.
    pub(super) fn with_signatures(
        &self,
        all: &[u8],
        change: impl FnOnce(&mut Vec<(taizhang_core::id::PublicKey, [u8; 64])>),
    ) -> Vec<u8> {
        let (name, _) = self.core.ledger().registry.roots.in_force().expect("a root statement");
        let entry = self.core.entry(&name.entry).expect("is here");
        let ops = op::parse(&entry.payload).expect("operations");
        let Some(Op::Row(row)) = ops.first() else { return Vec::new() };
        let mut statement = RootStatement::from_fields(row.fields).expect("a root statement").row;
        change(statement.signatures.get_or_insert_default());
        let mut p = PayloadBuilder::default();
        p.row(RootStatement::TYPE, &row.replaces, &statement.to_fields());
        let publisher = keyfile::find(self.core.folder(), "fourth").expect("is here");
        let publisher = keyfile::unlock(self.core.folder(), publisher, PASSPHRASE).expect("unlocks");
        let key = SecretKey::from_seed(publisher.key.seed());
        let changed = SignedEntry::sign(entry.header, p.finish(), &key, &self.core.network()).to_bytes();
        let raw = entry.to_bytes();
        let at = all.windows(raw.len()).position(|w| w == raw).expect("is in the file");
        [all.get(..at).expect("before"), &changed, all.get(at + raw.len()..).expect("behind")].concat()
    }
}
