//! What a person writes: signed, checked and stored as one commit.

use std::collections::BTreeMap;

use taizhang_core::{
    author::{Author, grant_for},
    entry::SignedEntry,
    id::{AttachmentId, DocId, EntryId, PublicKey, Run},
    op::PayloadBuilder,
    units::Ms,
};
use taizhang_sync::{Event, Input, Token};

use super::Core;
use crate::{
    error::{CommandError, ErrorKind},
    keyfile::Person,
    random,
};

/// What one act writes: one commit, whole or absent.
#[derive(Debug, Default)]
pub struct Act {
    /// Documents and payloads, in the order of writing.
    pub writes: Vec<(DocId, Vec<u8>)>,
    /// Attachments that they name.
    pub attachments: Vec<(AttachmentId, Vec<u8>)>,
}

impl Act {
    /// Adds the payload of one entry.
    pub fn write(&mut self, document: DocId, payload: PayloadBuilder) {
        self.writes.push((document, payload.finish()));
    }
}

impl Core {
    /// Signs and stores one act of a person; returns when it is durable.
    ///
    /// # Errors
    /// The person may not write there, a rule refuses it, or the disk fails; nothing of it is stored then.
    pub fn write(&mut self, person: &Person, act: Act) -> Result<Vec<EntryId>, CommandError> {
        self.check_personal(person, &act)?;
        let entries = self.sign(person, &act)?;
        let ids = entries.iter().map(|e| e.id).collect();
        self.store_entries(entries, act.attachments)?;
        Ok(ids)
    }

    /// Refuses what would put names, ID numbers or telephones into a document; `write` asks it by itself.
    ///
    /// # Errors
    /// Which field holds what.
    pub fn check_personal(&self, person: &Person, act: &Act) -> Result<(), CommandError> {
        crate::personal::check(self, person, act)
    }

    /// Stores entries that are signed already.
    ///
    /// # Errors
    /// A rule refuses one, or the disk fails; nothing is stored then.
    pub fn store_entries(
        &mut self,
        entries: Vec<SignedEntry>,
        attachments: Vec<(AttachmentId, Vec<u8>)>,
    ) -> Result<(), CommandError> {
        self.tokens += 1;
        let token = Token(self.tokens);
        let keys: Vec<PublicKey> = entries.iter().map(|e| e.header.log.key).collect();
        self.last_storage_error = None;
        self.step(Input::Local { token, entries, attachments });
        let outcome = self.events.iter().find_map(|e| match e {
            Event::Written(t) if *t == token => Some(Ok(())),
            Event::NotWritten(t, why) if *t == token => Some(Err(why.clone())),
            _ => None,
        });
        match outcome {
            Some(Ok(())) => Ok(()),
            Some(Err(taizhang_sync::io::Refused::Rule(why))) => {
                // The next write begins a new log that links the last entry that was not refused.
                keys.iter().for_each(|k| {
                    self.runs.remove(k);
                });
                Err(CommandError::of(ErrorKind::Refused, crate::said::refusal(&why)))
            }
            _ => Err(self.last_storage_error.take().unwrap_or_else(|| CommandError::storage("commit"))),
        }
    }

    fn sign(&mut self, person: &Person, act: &Act) -> Result<Vec<SignedEntry>, CommandError> {
        self.sign_at(person, act, self.now())
    }

    /// The entries of an act as signed at this time: the same act begins with the same entries, so a later entry may name rows of an earlier one.
    ///
    /// # Errors
    /// The person may not write one of the documents.
    pub fn sign_at(&mut self, person: &Person, act: &Act, time: Ms) -> Result<Vec<SignedEntry>, CommandError> {
        let run = self.run_of(person.key.public())?;
        let author = Author { key: person.key.clone(), run };
        let mut grants = BTreeMap::new();
        for (document, _) in &act.writes {
            let grant = grant_for(self.ledger(), author.public(), document).ok_or_else(|| self.may_not_write(document))?;
            grants.insert(*document, grant);
        }
        let writes = act.writes.iter().map(|(document, payload)| (*document, grants.get(document).copied(), payload.clone()));
        Ok(author.write_all(self.ledger(), writes, time))
    }

    /// Joined, and not yet heard by anyone: the ledger does not know this node's own organisation.
    #[must_use]
    pub fn is_before_first_sync(&self) -> bool {
        !self.ledger().registry.orgs.contains_key(&self.org())
    }

    pub(crate) fn may_not_write(&self, document: &DocId) -> CommandError {
        if self.is_before_first_sync() {
            return before_first_sync();
        }
        let (zh, en) = (kind_zh(document.kind), document.kind.word());
        CommandError::new(ErrorKind::Refused, format!("您的密钥无权写入{zh}"), format!("your key may not write into this {en}"))
            .hint("请管理员授权, 或用 --as 换一个密钥", "ask the admin for a grant, or choose another key with --as")
    }

    /// The next write of every author begins a new log, as after a start of the program.
    pub fn begin_new_logs(&mut self) {
        self.runs.clear();
    }

    fn run_of(&mut self, key: PublicKey) -> Result<Run, CommandError> {
        if let Some(run) = self.runs.get(&key) {
            return Ok(*run);
        }
        let run = Run(random::bytes()?);
        self.runs.insert(key, run);
        Ok(run)
    }
}

/// Nothing of the network is here yet, so nothing can be looked up or signed.
#[must_use]
pub(crate) fn before_first_sync() -> CommandError {
    let (zh, en) = ("尚未与上级同步, 本机还没有授权", "this machine has not synced yet, so its grant is not here");
    CommandError::new(ErrorKind::NotReachable, zh, en).hint("请先运行 taizhang sync --once", "run `taizhang sync --once` first")
}

fn kind_zh(kind: taizhang_core::id::Kind) -> &'static str {
    use taizhang_core::id::Kind;
    match kind {
        Kind::Registry => "机构名册",
        Kind::Policy => "政策",
        Kind::Notice => "通知",
        Kind::Roster => "花名册",
        Kind::Identity => "身份信息",
        Kind::Ledger => "台账",
        Kind::Review => "审核",
        Kind::Rollup => "汇总",
        Kind::Transfer => "档案转移",
    }
}
