//! What is surplus: entries on branches beyond the limits that nothing keeps, and what rests on such entries of other documents.
//!
//! An entry keeps what it names only where every reader of that holds the naming entry too, whatever moved: in the same document, in one below its registry, in what a
//! review's subject, or its owner about that subject, wrote for the review's year; and in reviews of the same subject below it. Else those who hold the naming entry would count a branch that the others leave out, and never agree about its document. What rests on surplus entries of
//! another document (a log begun under a grant there) is surplus itself: nobody sends that grant on, so nobody else could admit the log.
//!
//! Documents are settled in an order in which each comes behind those that its entries rest on. So what rests on surplus entries is known before branches are
//! chosen, and takes nobody's place: whoever was never sent it chooses the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    entry::SignedEntry,
    id::{DocId, EntryId, Kind, OrgId, PublicKey},
    ledger::Ledger,
    lock::{List, ListId, closes},
    planted::{Check, is_off},
    rows::OrgKind,
};

/// The rank of registries of organisations that are not known.
const UNKNOWN: u64 = OrgKind::ALL.len() as u64 + 1;
/// The rank of reviews: those of one subject rest on each other, and keep in each other.
const REVIEWS: u64 = UNKNOWN + 1;
/// The rank of all else.
const LAST: u64 = REVIEWS + 1;

/// Lists of locks that name what lies on branches beyond the limits: a list is gone through once a review, however many locks there name it.
#[derive(Default)]
struct Lists {
    /// What of each lies there.
    tips: BTreeMap<ListId, Vec<EntryId>>,
    /// Those that a lock on such a branch names, with its review.
    by: BTreeMap<EntryId, Vec<(ListId, DocId)>>,
    /// Those that a lock names which counts.
    open: BTreeSet<(ListId, DocId)>,
}

impl Ledger {
    /// Where a document comes: registries from the root down by what their owner was created as, then reviews, then all others. Moves change nothing in it, as they rest on standing.
    fn rank(&self, document: &DocId) -> u64 {
        match document.kind {
            Kind::Registry if document.owner == OrgId::root(self.network) => 0,
            Kind::Registry => self.registry.highest_kind(document.owner).map_or(UNKNOWN, OrgKind::number),
            Kind::Review => REVIEWS,
            _ => LAST,
        }
    }

    fn document_of(&self, id: &EntryId) -> Option<DocId> {
        self.places.get(id).map(|p| p.log.document)
    }

    /// Does what an entry of `by` names in `of` stay because of it: does whoever reads that hold `by`? He admitted its logs, so he holds the registries above its owner by creation.
    fn keeps(&self, of: &DocId, by: &DocId) -> bool {
        let is_above = || of.owner == by.owner || self.registry.created_under(of.owner).contains(&by.owner);
        let is_known = match by.kind {
            Kind::Registry => self.rank(by) < self.rank(of) && is_above(),
            Kind::Review => self.is_read_with(of, by) || self.is_from_above(of, by),
            _ => false,
        };
        of == by || is_known || is_off(Check::KeptByKnown)
    }

    /// Does whoever reads a document read this review of whom it concerns, wherever that stands or stood? Who reads an older document may read no review of a later
    /// year; a ledger of an office is read by all below it; another office that writes about the subject may have lost it.
    fn is_read_with(&self, of: &DocId, review: &DocId) -> bool {
        let is_for_many = || self.registry.highest_kind(of.owner).is_none_or(OrgKind::certifies);
        let fits = match (of.kind, of.subject) {
            (Kind::Roster | Kind::Identity, _) => true,
            (Kind::Ledger, None) => !is_for_many(),
            (Kind::Ledger | Kind::Transfer, Some(_)) => of.owner == review.owner,
            _ => false,
        };
        fits && of.concerns() == review.concerns() && of.period.is_none_or(|year| review.period.is_some_and(|r| r <= year))
    }

    /// May rows of this review replace rows of that one, of the same subject below? An office decides anew on what was decided below it, and that must not fall out
    /// under it. Who reads the one reads the other, but for an office without a say in the subject that reads its own review.
    fn is_from_above(&self, of: &DocId, review: &DocId) -> bool {
        of.kind == Kind::Review && of.subject == review.subject && self.registry.was_created_under(of.owner, review.owner)
    }

    /// Does an entry of this document that names these keep something surplus?
    pub(in crate::ledger) fn keeps_any(&self, by: &DocId, names: &[EntryId]) -> bool {
        let keeps = |id: &EntryId| self.document_of(id).is_some_and(|of| self.keeps(&of, by));
        names.iter().any(|id| self.surplus.contains(id) && keeps(id))
    }

    /// Does a lock in this review that names a list keep what lies in a document, if its year is the review's? Else it never acts.
    fn lock_keeps(&self, of: &DocId, review: &DocId) -> bool {
        review.period.is_some_and(|year| closes(of, year)) && of.concerns() == review.concerns() && self.keeps(of, review)
    }

    /// Does a lock in this review keep something surplus by its list?
    pub(in crate::ledger) fn list_keeps_any(&self, review: &DocId, list: Option<&List>) -> bool {
        // Where a tip lies counts, not where the list says it does.
        let is_kept = |tip: &EntryId| self.document_of(tip).is_some_and(|of| self.lock_keeps(&of, review));
        let tips = list.into_iter().flat_map(List::documents).flat_map(|d| &d.tips);
        !self.surplus.is_empty() && tips.filter(|tip| self.surplus.contains(tip)).any(is_kept)
    }

    /// Lists of locks that keep this one by naming it.
    fn lists_with(&self, id: &EntryId) -> impl Iterator<Item = ListId> {
        let is_off = is_off(Check::DecidedKept);
        self.locks.lists_of(*id).filter(move |_| !is_off)
    }

    /// The locks that name a list and may keep by it, with their reviews.
    fn locks_naming(&self, list: &ListId) -> impl Iterator<Item = (DocId, EntryId)> {
        let in_review = |(year, by)| Some((self.document_of(&by).filter(|d| d.period == Some(year))?, by));
        self.locks.naming(list).filter_map(in_review)
    }

    /// Of the locks that name a list those that keep an entry.
    fn locks_with(&self, id: &EntryId, list: &ListId) -> impl Iterator<Item = EntryId> {
        let of = self.document_of(id);
        let keeps = move |review: &DocId| of.is_some_and(|of| self.lock_keeps(&of, review));
        self.locks_naming(list).filter(move |(review, _)| keeps(review)).map(|(_, by)| by)
    }

    /// Entries here that keep this one by naming it, locks apart.
    fn holders(&self, id: &EntryId) -> impl Iterator<Item = EntryId> {
        let of = self.document_of(id);
        let says = |by: &DocId| by.kind != Kind::Review || !is_off(Check::DecidedKept);
        let all = (*id, EntryId([0; 32]))..=(*id, EntryId([0xff; 32]));
        let kept = self.kept.range(all).filter(move |(_, by)| self.document_of(by).is_some_and(|d| says(&d)));
        let by = self.resting_on(id).chain(kept.map(|(_, by)| *by));
        by.filter(move |by| of.zip(self.document_of(by)).is_some_and(|(of, by)| self.keeps(&of, &by)))
    }

    /// Entries here that could not be admitted without this one, those behind it in its chain apart.
    fn resting_on(&self, id: &EntryId) -> impl Iterator<Item = EntryId> {
        let all = (*id, EntryId([0; 32]))..=(*id, EntryId([0xff; 32]));
        self.named.range(all).map(|(_, by)| *by)
    }

    /// Does an entry rest on surplus ones of a document before its own, or on what does?
    pub(in crate::ledger) fn is_led_astray(&self, e: &SignedEntry, rests_on: &[EntryId]) -> bool {
        let here = e.header.log.document;
        let is_astray = |id: &EntryId, there: &DocId| self.astray.get(there).is_some_and(|a| a.contains(id));
        let leads = |id: &EntryId| {
            self.document_of(id).is_some_and(|there| {
                if self.rank(&there) < self.rank(&here) {
                    !is_off(Check::KeptByKnown)
                } else {
                    is_beside(&there, &here) && is_astray(id, &there)
                }
            })
        };
        e.header.before.parent().is_some_and(|p| is_astray(&p, &here))
            || rests_on.iter().any(|id| self.surplus.contains(id) && leads(id))
    }

    /// Does anything that counts keep an entry that was just filed?
    pub(super) fn is_kept_by_any(&self, e: &SignedEntry) -> bool {
        let counts = |by: &EntryId| !self.surplus.contains(by);
        self.holders(&e.id).any(|by| counts(&by))
            || self.lists_with(&e.id).any(|l| self.locks_with(&e.id, &l).any(|by| counts(&by)))
    }

    /// Document by document, in order of rank: what rests on surplus entries, then what lies on branches beyond the limits and nothing keeps.
    pub(super) fn settle_surplus(&mut self) {
        if self.shaded.is_empty() && self.surplus.is_empty() {
            return;
        }
        let mut surplus = BTreeSet::new();
        // What rests on surplus entries of ranks before, by its own.
        let mut resting: BTreeMap<u64, Vec<EntryId>> = BTreeMap::new();
        for rank in 0..=LAST {
            let astray = self.astray_from(resting.remove(&rank).unwrap_or_default());
            self.lead_astray(rank, &astray);
            surplus.extend(astray.iter().copied());
            let left = self.left_at(rank, &surplus);
            for by in astray.iter().chain(&left).flat_map(|id| self.resting_on(id)) {
                let at = self.document_of(&by).map(|d| self.rank(&d));
                at.filter(|at| *at > rank).into_iter().for_each(|at| resting.entry(at).or_default().push(by));
            }
            surplus.extend(left);
        }
        // What counted as nothing and does again was never told to anybody.
        self.recounted += u64::from(self.surplus.difference(&surplus).next().is_some());
        self.surplus = surplus;
        self.surplus_revision += 1;
    }

    /// These, which rest on surplus entries of the ranks before, with all that rests on them in their documents.
    fn astray_from(&self, mut open: Vec<EntryId>) -> BTreeSet<EntryId> {
        let mut astray = BTreeSet::new();
        if is_off(Check::KeptByKnown) {
            return astray;
        }
        while let Some(id) = open.pop() {
            let Some(place) = self.places.get(&id).filter(|_| astray.insert(id)) else { continue };
            let here = place.log.document;
            let behind = self.docs.get(&here).map(|d| d.children(place.log.key, Some(id), &self.places));
            open.extend(behind.unwrap_or_default());
            open.extend(self.resting_on(&id).filter(|by| self.document_of(by).is_some_and(|by| is_beside(&here, &by))));
        }
        astray
    }

    /// Takes note of what of this rank rests on surplus entries, and chooses branches anew where that makes room or takes it.
    fn lead_astray(&mut self, rank: u64, astray: &BTreeSet<EntryId>) {
        let all = std::mem::take(&mut self.astray);
        let (was, others): (BTreeMap<_, _>, BTreeMap<_, _>) = all.into_iter().partition(|(d, _)| self.rank(d) == rank);
        self.astray = others;
        for id in astray {
            let Some(document) = self.document_of(id) else { continue };
            self.astray.entry(document).or_default().insert(*id);
        }
        let was: BTreeSet<EntryId> = was.into_values().flatten().collect();
        let mut moved: BTreeSet<(DocId, PublicKey)> = BTreeSet::new();
        for id in was.symmetric_difference(astray) {
            let Some(log) = self.places.get(id).map(|p| p.log) else { continue };
            // What comes back may be more than fits.
            let is_wide = || self.docs.get(&log.document).is_some_and(|d| d.wide.contains_key(&log.key));
            if was.contains(id) || is_wide() {
                moved.insert((log.document, log.key));
            }
        }
        let limits = self.limits();
        moved.into_iter().for_each(|(document, key)| self.choose_branches(document, key, limits));
    }

    /// What of this rank lies on branches beyond the limits, less what an entry that is not surplus itself keeps, with all that leads there:
    /// a node that never saw such a branch could not admit what names it. Names are hashes, so this comes to an end, and to the same one whatever came first.
    fn left_at(&self, rank: u64, surplus: &BTreeSet<EntryId>) -> BTreeSet<EntryId> {
        let at_rank = self.shaded.iter().filter(|(d, _)| self.rank(d) == rank);
        let shaded: BTreeSet<EntryId> = at_rank.flat_map(|(_, of)| of.difference(surplus)).copied().collect();
        let mut left = shaded.clone();
        let mut named: BTreeMap<EntryId, Vec<EntryId>> = BTreeMap::new();
        let mut lists = Lists::default();
        let mut free: Vec<EntryId> = Vec::new();
        for id in &shaded {
            for by in self.holders(id).filter(|by| !surplus.contains(by)) {
                if shaded.contains(&by) { named.entry(by).or_default().push(*id) } else { free.push(*id) }
            }
            self.lists_with(id).for_each(|l| lists.tips.entry(l).or_default().push(*id));
        }
        let naming = lists.tips.keys().flat_map(|l| self.locks_naming(l).map(|by| (*l, by)));
        for (list, (review, by)) in naming.filter(|(_, (_, by))| !surplus.contains(by)) {
            if shaded.contains(&by) {
                lists.by.entry(by).or_default().push((list, review));
            } else if lists.open.insert((list, review)) {
                free.extend(self.closed_tips(&lists, list, &review));
            }
        }
        while let Some(id) = free.pop() {
            // What leads to one that is free already is free too.
            for a in self.ancestry(id).take_while(|a| left.contains(a)).collect::<Vec<_>>() {
                left.remove(&a);
                free.extend(named.remove(&a).into_iter().flatten());
                for (list, review) in lists.by.remove(&a).into_iter().flatten() {
                    if lists.open.insert((list, review)) {
                        free.extend(self.closed_tips(&lists, list, &review));
                    }
                }
            }
        }
        left
    }

    fn closed_tips(&self, lists: &Lists, list: ListId, review: &DocId) -> Vec<EntryId> {
        let closed = |id: &&EntryId| self.document_of(id).is_some_and(|of| self.lock_keeps(&of, review));
        lists.tips.get(&list).into_iter().flatten().filter(closed).copied().collect()
    }
}

/// Do entries of one go where what they rest on in the other goes?
fn is_beside(of: &DocId, by: &DocId) -> bool {
    of == by || (of.kind == Kind::Review && by.kind == Kind::Review)
}

#[cfg(test)]
mod tests;
