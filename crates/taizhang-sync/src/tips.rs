//! What the other node has of a document, as far as its open tips tell.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    id::{DocId, EntryId, LogId},
    ledger::Ledger,
};

use crate::{
    frame::Tip,
    limits::{HINTS_MAX, TIPS_MAX},
};

/// Logs named one by one beside a tip; further ones at doubling distances.
const NEAR_LOGS: usize = 32;

/// Our open tips of a document.
#[must_use]
pub fn ours(ledger: &Ledger, document: &DocId) -> Vec<Tip> {
    let tips = ledger.open_tips(document);
    let described = tips.iter().take(TIPS_MAX).filter_map(|id| {
        let place = ledger.place(id)?;
        let (key, run) = (place.log.key, place.log.run);
        Some(Tip { key, run, height: place.sequence, id: *id, hints: hints(ledger, *id) })
    });
    described.collect()
}

/// The logs that a tip reaches through links: where the chain left each.
fn hints(ledger: &Ledger, tip: EntryId) -> Vec<([u8; 4], u64)> {
    let places = ledger.ancestry(tip).filter_map(|id| ledger.place(&id));
    let mut run = ledger.place(&tip).map(|p| p.log.run);
    let mut out = Vec::new();
    let (mut n, mut next) = (0usize, 0usize);
    for p in places {
        if Some(p.log.run) == run {
            continue;
        }
        run = Some(p.log.run);
        if n == next && out.len() < HINTS_MAX {
            let [a, b, c, d, ..] = p.log.run.0;
            out.push(([a, b, c, d], p.sequence));
            next = if n < NEAR_LOGS { n + 1 } else { n * 2 };
        }
        n += 1;
    }
    out
}

/// Are all these tips here, and one of them so many logs back that its holder cannot tell from ours that we have it?
#[must_use]
pub fn are_far_back(ledger: &Ledger, document: &DocId, theirs: &[Tip]) -> bool {
    let is_here = |t: &Tip| ledger.place(&t.id).is_some_and(|p| p.log.document == *document);
    let depth: BTreeMap<EntryId, usize> = ledger.open_tips(document).into_iter().flat_map(|tip| logs_back(ledger, tip)).collect();
    let is_far = |t: &Tip| depth.get(&t.id).is_some_and(|n| *n >= NEAR_LOGS);
    theirs.iter().all(is_here) && theirs.iter().any(is_far)
}

/// What a tip reaches, each with the number of logs between.
fn logs_back(ledger: &Ledger, tip: EntryId) -> impl Iterator<Item = (EntryId, usize)> {
    let mut run = ledger.place(&tip).map(|p| p.log.run);
    let mut n = 0;
    ledger.ancestry(tip).map(move |id| {
        let at = ledger.place(&id).map(|p| p.log.run);
        if at != run {
            run = at;
            n += 1;
        }
        (id, n)
    })
}

/// The entries of the document that the other does not have, in order of arrival here. Where our reckoning is doubted, only tips that are here tell.
#[must_use]
pub fn missing_there(ledger: &Ledger, document: &DocId, theirs: &[Tip], is_doubted: bool) -> Vec<EntryId> {
    let is_here = |t: &&Tip| ledger.place(&t.id).is_some_and(|p| p.log.document == *document);
    let telling = theirs.iter().filter(|t| !is_doubted || is_here(t));
    lacking(ledger, document, telling.flat_map(|t| reached(ledger, document, t)))
}

/// As [`missing_there`], with a planted bug: whatever stands at a tip's height is taken for the tip.
#[cfg(feature = "planted")]
pub(crate) fn missing_there_by_height(ledger: &Ledger, document: &DocId, theirs: &[Tip]) -> Vec<EntryId> {
    let at = |t: &Tip| ledger.at(&LogId { document: *document, key: t.key, run: t.run }, t.height).to_vec();
    let reached = |t: &Tip| if at(t).is_empty() { reached(ledger, document, t) } else { at(t) };
    lacking(ledger, document, theirs.iter().flat_map(reached))
}

fn lacking(ledger: &Ledger, document: &DocId, reached: impl Iterator<Item = EntryId>) -> Vec<EntryId> {
    let Some(doc) = ledger.document(document) else { return Vec::new() };
    let mut has: BTreeSet<EntryId> = BTreeSet::new();
    for start in reached {
        for id in ledger.ancestry(start) {
            if !has.insert(id) {
                break;
            }
        }
    }
    doc.entries.iter().filter(|id| !has.contains(id) && !ledger.is_surplus_entry(id)).copied().collect()
}

/// Our entries from which everything backwards is known to the holder of this tip.
fn reached(ledger: &Ledger, document: &DocId, tip: &Tip) -> Vec<EntryId> {
    if ledger.place(&tip.id).is_some_and(|p| p.log.document == *document) {
        return vec![tip.id];
    }
    let log = LogId { document: *document, key: tip.key, run: tip.run };
    let doc = ledger.document(document);
    let Some(ours) = doc.and_then(|d| d.logs.get(&(tip.key, tip.run))) else {
        return reached_by_hints(ledger, document, tip);
    };
    if !ledger.at(&log, tip.height).is_empty() {
        // Another entry at its place: a fork. Only what lies before this log is common for certain.
        return ours.values().flatten().filter_map(|id| ledger.place(id).filter(|p| p.sequence == 1)?.parent).collect();
    }
    // It is ahead of us in this log: it has what we have, else the next comparison shows a fork.
    ours.values().next_back().cloned().unwrap_or_default()
}

fn reached_by_hints(ledger: &Ledger, document: &DocId, tip: &Tip) -> Vec<EntryId> {
    let Some(doc) = ledger.document(document) else { return Vec::new() };
    for (run, height) in &tip.hints {
        let mut logs = doc.logs.iter().filter(|((key, r), _)| *key == tip.key && r.0.starts_with(run));
        if let Some((_, log)) = logs.next() {
            return log.range(..=*height).next_back().map(|(_, ids)| ids.clone()).unwrap_or_default();
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests;
