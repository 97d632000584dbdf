//! `audit verify` walks everything that lies here as if it came from a stranger; `audit export` hands it to one; `audit history` tells every hand that touched a record.
//!
//! The walk ([`walk`]) admits every entry anew, signatures included. What the other parts look at is what it admitted, never what the node works with:
//! [`standing`] (successors of the root, forks, invites, ended and burnt keys), [`grants`] (that outlived what they rest on), [`clocks`], [`deciders`] (who decided on what they wrote), [`receipts`], [`statements`] (rollups, locks, policies, attachments),
//! [`sealed`] (what is said about persons, where a key is unlocked that opens it),
//! [`events`] (what was refused, who held more of our logs). A finding names the person responsible: organisation, post, role, key.

mod anchors;
mod clocks;
mod deciders;
pub(crate) mod events;
mod export;
pub(crate) mod findings;
mod grants;
mod history;
mod receipts;
mod sealed;
pub(crate) mod standing;
mod statements;
#[cfg(test)]
mod tests;
mod walk;

use serde_json::json;
use taizhang_core::{
    entry::SignedEntry,
    id::{EntryId, Kind, PublicKey},
    ledger::Ledger,
};

pub(crate) use self::{export::export, history::history};
use self::{
    findings::{Code, Finding, Severity},
    walk::Walk,
};
use super::Context;
use crate::{
    command::{Message, Reply},
    core::Core,
    error::{CommandError, ErrorKind, Text},
};

/// Entries between two looks at whether anybody waits.
const STEP: u64 = 256;

/// Verifies everything here.
pub(crate) fn verify(c: &mut Context<'_>) -> Result<Reply, CommandError> {
    let mut walk = Walk::begin(c.core.network());
    walk.entries(c)?;
    let keyring = sealed::keyring(c)?;
    // A disputed root comes first: everything else rests on it.
    let findings = standing::contested(&walk.ledger).into_iter().chain(walk.findings).collect();
    let mut audit = Audit { core: c.core, ledger: &walk.ledger, findings, tell: c.tell };
    let standing = standing::check(&mut audit);
    grants::check(&mut audit);
    let receipts = receipts::check(&mut audit)?;
    let statements = statements::check(&mut audit)?;
    clocks::check(&mut audit)?;
    deciders::check(&mut audit)?;
    let sealed = keyring.map(|k| sealed::check(&mut audit, &k)).transpose()?;
    let remembered = events::remembered(audit.core, audit.ledger);
    audit.findings.extend(remembered);
    let Audit { core, ledger, mut findings, .. } = audit;
    findings.sort_by_key(|f| f.code.severity);
    let count = |severity| findings.iter().filter(|f| f.code.severity == severity).count();
    let errors = count(Severity::Error);
    let first = findings.first().map(|f| f.sentence(ledger)).unwrap_or_default();
    let details = json!({
        "entries": walk.entries, "documents": ledger.documents().count(), "receipts": receipts, "standing": standing,
        "rollups": statements.rollups, "attachments": statements.attachments, "sealed": sealed,
        "errors": errors, "warnings": count(Severity::Warning),
        "findings": findings.iter().map(|f| f.json(core, ledger)).collect::<Vec<_>>(),
    });
    if errors == 0 {
        return Ok(Reply::new("audit", details));
    }
    Err(CommandError::new(
        ErrorKind::Verification,
        format!("审计发现 {errors} 处错误, 第一处: {}", first.zh),
        format!("the audit found {errors} errors; the first: {}", first.en),
    )
    .hint("请勿删除任何文件, 把审计结果交给管理员", "delete nothing; hand the findings to the administrator")
    .details(details))
}

/// What the parts of an audit work on.
struct Audit<'a> {
    core: &'a Core,
    /// What the walk admitted.
    ledger: &'a Ledger,
    findings: Vec<Finding>,
    tell: &'a mut dyn FnMut(Message),
}

impl Audit<'_> {
    /// About an entry: its author is responsible.
    fn find(&mut self, code: Code, entry: EntryId, detail: impl Into<Text>) {
        self.findings.push(Finding::of_entry(code, self.ledger, entry, detail));
    }

    /// Tells how far it is, and ends if nobody waits.
    fn progress(&mut self, what: &str, done: u64, total: u64) -> Result<(), CommandError> {
        if !done.is_multiple_of(STEP) {
            return Ok(());
        }
        (self.tell)(Message::Progress { what: what.to_owned(), done, total });
        self.core.go_on()
    }

    /// Every admitted entry of documents of these kinds, in order of documents and arrival.
    fn each_entry(
        &mut self,
        what: &str,
        wanted: impl Fn(Kind) -> bool,
        look: &mut dyn FnMut(&mut Self, &SignedEntry) -> Result<(), CommandError>,
    ) -> Result<(), CommandError> {
        let documents = self.ledger.documents().filter(|d| wanted(d.kind)).filter_map(|d| self.ledger.document(d));
        let ids: Vec<EntryId> = documents.flat_map(|d| &d.entries).copied().collect();
        let total = ids.len() as u64;
        for (n, id) in (0..).zip(ids) {
            self.progress(what, n, total)?;
            let entry = self.core.entry(&id)?;
            look(self, &entry)?;
        }
        Ok(())
    }

    /// Who wrote an entry.
    fn author(&self, entry: &EntryId) -> Option<PublicKey> {
        self.ledger.place(entry).map(|p| p.log.key)
    }
}
