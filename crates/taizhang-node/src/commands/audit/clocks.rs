//! Clocks far off: an entry that claims to be earlier than what it names, or later than when others had it, each by more than a day. Times decide nothing; a wrong one is a finding.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    entry::{Before, SignedEntry},
    id::{EntryId, LogId, PublicKey},
    op::{self, Op},
    units::Ms,
};

use super::{
    Audit,
    anchors::{self, Anchor},
    findings::{self, Code, Finding},
};
use crate::error::{CommandError, Text};

const DAY_MS: u64 = 86_400_000;

/// The claims of one log that do not fit.
#[derive(Default)]
struct Misfit {
    entries: u64,
    first: Option<EntryId>,
    detail: Text,
}

/// Looks at the time of every entry; one finding for each log, or for a signer whose anchors contradict several people.
pub(super) fn check(audit: &mut Audit<'_>) -> Result<(), CommandError> {
    let anchors = anchors::all(audit.core, audit.ledger)?;
    let first = first_anchors(audit, &anchors);
    let wrong = wrong_signers(audit, &anchors, &first);
    let now = audit.core.now();
    let mut found: BTreeMap<(LogId, &str), (Code, Misfit)> = BTreeMap::new();
    audit.each_entry("clocks", |_| true, &mut |audit, entry| {
        let (id, time) = (entry.id, entry.header.time);
        let mut misfit = |code: Code, detail: Text| {
            let (_, m) = found.entry((entry.header.log, code.word)).or_insert_with(|| (code, Misfit::default()));
            m.entries += 1;
            if m.first.is_none() {
                (m.first, m.detail) = (Some(id), detail);
            }
        };
        if let Some((named, at)) = latest_named(audit, entry).filter(|(_, at)| is_later(*at, time)) {
            let (claimed, at) = (time.day(), at.day());
            let detail =
                Text::new(format!("自称 {claimed}, 却引用 {at} 的 {named}"), format!("claims {claimed}, names {named} of {at}"));
            misfit(findings::CLOCK_BEHIND, detail);
        }
        let anchor = first.get(&id).and_then(|n| anchors.get(*n)).filter(|a| !wrong.contains(&a.key));
        match anchor.filter(|a| is_later(time, a.time)) {
            Some(a) => {
                let by = findings::node(audit.ledger, a.key);
                let (claimed, on) = (time.day(), a.time.day());
                let detail = Text::new(
                    format!("自称 {claimed}, {by} 的{}却在 {on}", anchors::word(a.what)),
                    format!("claims {claimed}, {} of {by} on {on}", a.what),
                );
                misfit(findings::CLOCK_AHEAD, detail);
            }
            None if is_later(time, now) => {
                let (claimed, here) = (time.day(), now.day());
                let detail = Text::new(format!("自称 {claimed}, 本机现在是 {here}"), format!("claims {claimed}, here on {here}"));
                misfit(findings::CLOCK_AHEAD, detail);
            }
            None => {}
        }
        Ok(())
    })?;
    for (code, misfit) in found.into_values() {
        let Some(entry) = misfit.first else { continue };
        let (n, first) = (misfit.entries, misfit.detail);
        let detail = Text::new(format!("{n} 条: {}", first.zh), format!("{n} entries: {}", first.en));
        audit.find(code, entry, detail);
    }
    for key in wrong {
        let detail = Text::new("其自己的收讫、锁定或汇总", "receipts, locks or rollups of its own");
        let finding = Finding::of_key(findings::CLOCK_BEHIND, audit.ledger, key, None, detail);
        audit.findings.push(finding);
    }
    Ok(())
}

fn is_later(a: Ms, b: Ms) -> bool {
    a.0 > b.0.saturating_add(DAY_MS)
}

/// The first anchor of each entry.
fn first_anchors(audit: &Audit<'_>, anchors: &[Anchor]) -> BTreeMap<EntryId, usize> {
    let mut first: BTreeMap<EntryId, usize> = BTreeMap::new();
    for (n, anchor) in anchors.iter().enumerate() {
        for tip in &anchor.tips {
            // What an earlier anchor covers, it covers with all before it.
            for id in audit.ledger.ancestry(*tip) {
                if first.contains_key(&id) {
                    break;
                }
                first.insert(id, n);
            }
        }
    }
    first
}

/// Who signed anchors that are earlier than entries of several people: rather this clock is wrong than all of theirs.
fn wrong_signers(audit: &Audit<'_>, anchors: &[Anchor], first: &BTreeMap<EntryId, usize>) -> BTreeSet<PublicKey> {
    let mut against: BTreeMap<PublicKey, BTreeSet<PublicKey>> = BTreeMap::new();
    for (id, n) in first {
        let (Some(anchor), Some(place)) = (anchors.get(*n), audit.ledger.place(id)) else { continue };
        if is_later(place.time, anchor.time) {
            against.entry(anchor.key).or_default().insert(place.log.key);
        }
    }
    against.into_iter().filter(|(_, authors)| authors.len() > 1).map(|(signer, _)| signer).collect()
}

/// Of the entries that this one names, the one with the latest time.
fn latest_named(audit: &Audit<'_>, entry: &SignedEntry) -> Option<(EntryId, Ms)> {
    let mut named: Vec<EntryId> = entry.header.before.parent().into_iter().collect();
    if let Before::Start { grant: Some(grant), .. } = entry.header.before {
        named.push(grant.entry);
    }
    for o in op::parse(&entry.payload).unwrap_or_default() {
        match o {
            Op::Row(row) => named.extend(row.replaces.iter().filter_map(|r| r.entry)),
            Op::Register(register) => named.extend(register.replaces),
        }
    }
    named.into_iter().filter_map(|id| Some((id, audit.ledger.place(&id)?.time))).max_by_key(|(_, time)| *time)
}
