//! Statements over many entries: rollups made again from their own inputs, the lists of locks and checkpoints, the attachments that rows name, policies and their texts.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use taizhang_core::{
    entries::Entries,
    entry::SignedEntry,
    id::{AttachmentId, Kind, OrgId},
    ledger::row_ops,
    lock::LockState,
    op::{RowName, RowOp},
    rows::{self, PolicyText, Rollup, RowType},
    standing::Judge,
};

use super::{Audit, findings};
use crate::{
    commands::{policy::Shelf, rollup},
    error::{CommandError, Text},
    said,
};

/// What was looked at.
#[derive(Default)]
pub(super) struct Statements {
    /// Rollups by what became of them: made again, or why not.
    pub(super) rollups: BTreeMap<&'static str, u64>,
    pub(super) attachments: u64,
}

/// Checks every statement of documents that are here.
pub(super) fn check(audit: &mut Audit<'_>) -> Result<Statements, CommandError> {
    let mut seen = Statements::default();
    let judge = Judge::new(audit.ledger);
    let states = |kind| matches!(kind, Kind::Policy | Kind::Review | Kind::Notice | Kind::Rollup | Kind::Transfer);
    audit.each_entry("statements", states, &mut |audit, entry| {
        let kind = entry.header.log.document.kind;
        for (name, op) in row_ops(entry).into_iter().filter(|(_, op)| rows::belongs(op.row_type, kind)) {
            attachments(audit, entry, &op, &mut seen);
            policy_text(audit, entry, &op);
            if op.row_type == Rollup::TYPE && judge.stands(&entry.id) {
                recompute(audit, name, &mut seen)?;
            }
        }
        Ok(())
    })?;
    locks(audit, &judge);
    policies(audit)?;
    Ok(seen)
}

/// Content that its name is the hash of.
fn attachments(audit: &mut Audit<'_>, entry: &SignedEntry, op: &RowOp<'_>, seen: &mut Statements) {
    for id in rows::attachments(op) {
        seen.attachments += 1;
        let why = match audit.core.store().attachment(&id) {
            Ok(Some(bytes)) if AttachmentId(Sha256::digest(&bytes).into()) == id => continue,
            Ok(Some(_)) => Text::new("字节不符", "other bytes"),
            Ok(None) => Text::new("不在本机", "not here"),
            Err(e) => said::text(e),
        };
        let detail = Text::new(format!("{id}: {}", why.zh), format!("{id}: {}", why.en));
        audit.find(findings::ATTACHMENT, entry.id, detail);
    }
}

fn policy_text(audit: &mut Audit<'_>, entry: &SignedEntry, op: &RowOp<'_>) {
    let Some(Ok(text)) = rows::read::<PolicyText>(op) else { return };
    let hash: [u8; 32] = Sha256::digest(&text.row.toml.0).into();
    if hash != text.row.sha256 {
        audit.find(findings::POLICY_TEXT, entry.id, text.row.id);
    }
}

/// As `rollup verify --deep`: what cannot be made again here, for want of documents or of these rules, is counted and no finding.
fn recompute(audit: &mut Audit<'_>, name: RowName, seen: &mut Statements) -> Result<(), CommandError> {
    let outcome = rollup::audited(audit.core, &name.entry)?;
    let word = match outcome {
        rollup::Audited::Holds => "recomputed",
        rollup::Audited::NotPossible => "not_possible",
        rollup::Audited::Fails(problems) => {
            let zh: Vec<&str> = problems.iter().map(|p| p.text.zh.as_str()).collect();
            let said: Vec<&str> = problems.iter().map(|p| p.said.as_str()).collect();
            audit.find(findings::ROLLUP, name.entry, Text::new(zh.join("; "), said.join("; ")));
            "failed"
        }
    };
    *seen.rollups.entry(word).or_default() += 1;
    Ok(())
}

/// Locks that close nothing although nobody undid them.
fn locks(audit: &mut Audit<'_>, judge: &Judge<'_>) {
    let subjects: BTreeSet<OrgId> = audit.ledger.documents().filter_map(|d| d.subject).collect();
    for lock in subjects.into_iter().flat_map(|s| judge.locks(s)) {
        let code = match lock.state {
            LockState::NoList | LockState::OtherRoot => findings::LOCK,
            LockState::NotAbove | LockState::OtherYear | LockState::Second => findings::LOCK_IDLE,
            LockState::Acts | LockState::Replaced | LockState::NotStanding => continue,
        };
        audit.find(code, lock.name.entry, lock.year.to_string());
    }
}

/// Adoptions whose text is not here, and those that contradict each other: nothing of them holds until a later one replaces both.
fn policies(audit: &mut Audit<'_>) -> Result<(), CommandError> {
    let shelf = Shelf::load(audit.core)?;
    for adoption in &shelf.adoptions {
        let entry = adoption.name.entry;
        let (id, from) = (&adoption.row.id, adoption.row.effective_day);
        let detail = Text::new(format!("{id} 自 {from}"), format!("{id} from {from}"));
        if shelf.by_sha256(&adoption.row.sha256).is_none() {
            audit.find(findings::POLICY_MISSING, entry, detail.clone());
        }
        if shelf.is_rival(audit.core, adoption) {
            audit.find(findings::POLICY_RIVAL, entry, detail);
        }
    }
    Ok(())
}
