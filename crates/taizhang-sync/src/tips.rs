//! What the other node has of a document, as far as its open tips tell.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    id::{DocId, EntryId, LogId, Run},
    ledger::Ledger,
};

use crate::{frame::Tip, limits::HINTS_MAX};

/// Logs named one by one beside a tip; further ones at doubling distances.
const NEAR_LOGS: usize = 32;

/// Our open tips of a document.
#[must_use]
pub fn ours(ledger: &Ledger, document: &DocId) -> Vec<Tip> {
    let tips = ledger.open_tips(document);
    let described = tips.iter().filter_map(|id| {
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

/// What the other's tips of a document tell, as they are heard, frame by frame. However many are told, no more is kept than is here.
#[derive(Debug, Default)]
pub struct Told {
    /// Our entries from which everything backwards is known to the other.
    reached: BTreeSet<EntryId>,
    /// One of the tips is here.
    pub(crate) has_known: bool,
    /// One of them is not.
    pub(crate) has_unknown: bool,
}

impl Told {
    /// Takes in some of the tips. Where our reckoning is doubted, only those that are here tell.
    pub fn hear(&mut self, ledger: &Ledger, document: &DocId, theirs: &[Tip], is_doubted: bool) {
        for tip in theirs {
            let is_here = ledger.place(&tip.id).is_some_and(|p| p.log.document == *document);
            self.has_known |= is_here;
            self.has_unknown |= !is_here;
            if is_here {
                self.reached.insert(tip.id);
            } else if !is_doubted {
                self.reached.extend(reached(ledger, document, tip));
            }
        }
    }

    /// As [`Told::hear`], with a planted bug: whatever stands at a tip's height is taken for the tip.
    #[cfg(feature = "planted")]
    pub(crate) fn hear_heights(&mut self, ledger: &Ledger, document: &DocId, theirs: &[Tip]) {
        for tip in theirs {
            let at = ledger.at(&LogId { document: *document, key: tip.key, run: tip.run }, tip.height);
            self.reached.extend(at);
            if at.is_empty() {
                self.hear(ledger, document, std::slice::from_ref(tip), false);
            }
        }
    }

    /// The entries of the document that the other does not have, in order of arrival here.
    #[must_use]
    pub fn missing_there(&self, ledger: &Ledger, document: &DocId) -> Vec<EntryId> {
        let Some(doc) = ledger.document(document) else { return Vec::new() };
        let has = reached_from(ledger, &self.reached);
        doc.entries.iter().filter(|id| !has.contains(id) && !ledger.is_surplus_entry(id)).copied().collect()
    }

    /// Are all tips here, and one of them so many logs back that its holder cannot tell from ours that we have it?
    #[must_use]
    pub fn is_far_back(&self, ledger: &Ledger, document: &DocId) -> bool {
        let depth: BTreeMap<EntryId, usize> =
            ledger.open_tips(document).into_iter().flat_map(|tip| logs_back(ledger, tip)).collect();
        let is_far = |id: &EntryId| depth.get(id).is_some_and(|n| *n >= NEAR_LOGS);
        !self.has_unknown && self.reached.iter().any(is_far)
    }
}

/// The counting entries of the document that none of these reach, as far as they are here, in order of arrival.
#[must_use]
pub fn lacking(ledger: &Ledger, document: &DocId, held: &[EntryId]) -> Vec<EntryId> {
    let is_here = |id: &EntryId| ledger.place(id).is_some_and(|p| p.log.document == *document);
    let reached = held.iter().copied().filter(is_here).collect();
    Told { reached, ..Told::default() }.missing_there(ledger, document)
}

/// These entries and all that they reach backwards.
#[must_use]
pub fn reached_from<'e>(ledger: &Ledger, from: impl IntoIterator<Item = &'e EntryId>) -> BTreeSet<EntryId> {
    let mut reached = BTreeSet::new();
    for start in from {
        for id in ledger.ancestry(*start) {
            if !reached.insert(id) {
                break;
            }
        }
    }
    reached
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

/// Our entries from which everything backwards is known to the holder of this tip, which is not here.
fn reached(ledger: &Ledger, document: &DocId, tip: &Tip) -> Vec<EntryId> {
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
        let [a, b, c, d] = *run;
        let with = |rest| (tip.key, Run([a, b, c, d, rest, rest, rest, rest]));
        if let Some((_, log)) = doc.logs.range(with(0)..=with(u8::MAX)).next() {
            return log.range(..=*height).next_back().map(|(_, ids)| ids.clone()).unwrap_or_default();
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests;
