//! What does not count, and why: successors of the root that contradict each other, forks, invites used twice, keys that went on writing after they were ended or burnt.

use std::collections::BTreeMap;

use taizhang_core::{
    admission::ONE_USE_RUN,
    id::{DocId, EntryId, Kind, PublicKey},
    ledger::Ledger,
    op::RowName,
    standing::{Judge, Standing},
};

use super::{
    Audit,
    findings::{self, Finding},
};
use crate::error::Text;

/// Entries by standing; one finding for each key, document and reason.
pub(super) fn check(audit: &mut Audit<'_>) -> BTreeMap<&'static str, u64> {
    let judge = Judge::new(audit.ledger);
    let mut counts = BTreeMap::new();
    let mut outside: BTreeMap<(PublicKey, DocId, Standing), Vec<EntryId>> = BTreeMap::new();
    for document in audit.ledger.documents() {
        for id in audit.ledger.document(document).map(|d| d.entries.as_slice()).unwrap_or_default() {
            let standing = judge.standing(id);
            *counts.entry(standing.word()).or_default() += 1;
            let key = audit.ledger.place(id).map(|p| p.log.key).filter(|_| standing != Standing::Stands);
            if let Some(key) = key {
                outside.entry((key, *document, standing)).or_default().push(*id);
            }
        }
    }
    for ((_, _, standing), entries) in outside {
        let (Some(code), Some(first)) = (code(standing), entries.first()) else { continue };
        // Several uses of an invite are told of as such; the one use of an invite that was withdrawn is like any other.
        if is_used_twice(audit.ledger, first) {
            continue;
        }
        let n = entries.len();
        audit.find(code, *first, Text::new(format!("{n} 条"), format!("{n} entries")));
    }
    forks(audit);
    counts
}

fn code(standing: Standing) -> Option<findings::Code> {
    match standing {
        Standing::Stands => None,
        Standing::Surplus => Some(findings::SURPLUS),
        Standing::NoGrant => Some(findings::NO_GRANT),
        Standing::Ended => Some(findings::ENDED),
        Standing::Burnt => Some(findings::BURNT),
    }
}

fn is_invites(ledger: &Ledger, entry: &EntryId) -> bool {
    ledger.place(entry).is_some_and(|p| p.log.document.kind == Kind::Registry && p.log.run == ONE_USE_RUN)
}

fn is_used_twice(ledger: &Ledger, entry: &EntryId) -> bool {
    is_invites(ledger, entry) && ledger.place(entry).is_some_and(|p| ledger.at(&p.log, p.sequence).len() > 1)
}

/// A fork is proof that a disk or a person lied; harmless, but somebody should know. Uses of one invite look alike.
fn forks(audit: &mut Audit<'_>) {
    let found: Vec<Finding> = fork_findings(audit.ledger);
    audit.findings.extend(found);
}

/// One finding for each place at which several entries stand, with the ids of all of them.
pub(crate) fn fork_findings(ledger: &Ledger) -> Vec<Finding> {
    let forks = ledger.forks().filter_map(|(log, sequence, ids)| {
        let first = ids.first()?;
        let code = if is_invites(ledger, first) { findings::INVITE_TWICE } else { findings::FORK };
        let all = ids.iter().map(EntryId::to_string).collect::<Vec<_>>().join(", ");
        let detail = Text::new(
            format!("运行号 {}, 序号 {sequence}: {all}", log.run),
            format!("run {}, sequence {sequence}: {all}", log.run),
        );
        Some(Finding::of_entry(code, ledger, *first, detail))
    });
    forks.collect()
}

/// Of two successors of one root statement neither counts, whoever signed which: one finding for each, with the keys that signed it.
pub(crate) fn contested(ledger: &Ledger) -> Vec<Finding> {
    let roots = &ledger.registry.roots;
    let finding = |name: &RowName| {
        let statement = roots.get(name).map(|r| &r.statement);
        let number = statement.map(|s| s.number).unwrap_or_default();
        let signatures = statement.and_then(|s| s.signatures.as_deref()).unwrap_or_default();
        let signers = signatures.iter().map(|(key, _)| key.to_string()).collect::<Vec<_>>().join(", ");
        let detail =
            Text::new(format!("第 {number} 份声明, 由 {signers} 签名"), format!("statement {number}, signed by {signers}"));
        Finding::of_entry(findings::ROOT_CONTESTED, ledger, name.entry, detail)
    };
    roots.contested().iter().map(finding).collect()
}
