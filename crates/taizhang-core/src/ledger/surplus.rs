//! Branches beyond the limits: of a fork those beyond the lowest [`BRANCHES_MAX`], of one key's branches in one document those beyond [`OPEN_TIPS_MAX`] open tips.
//! What is surplus in the end, and what rests on it: [`settle`].
//!
//! Which branches are kept is a function of the set of entries, and the same one for whoever lacks what is not kept: nobody sends that on. So a key's branches are
//! chosen from the root outwards, always the lowest of those that go on from something kept; what hangs on a branch that is not kept takes nobody's place.

mod settle;

use std::collections::{BTreeMap, BTreeSet};

use super::{BRANCHES_MAX, DocState, Ledger, OPEN_TIPS_MAX, Place};
use crate::{
    entry::SignedEntry,
    id::{DocId, EntryId, PublicKey, Run},
    planted::{Check, Planted, is_off},
};

/// Where entries stand.
type Places = BTreeMap<EntryId, Place>;

/// The branches of one key in one document, once a limit may be reached.
#[derive(Clone, Debug, Default)]
pub(super) struct Wide {
    /// First entries of branches that are not kept, on ones that are.
    beyond: BTreeSet<EntryId>,
    /// The highest first entry of those kept, where no further one finds room.
    full_at: Option<EntryId>,
}

/// Entries of one fork stand side by side: behind one entry, or at the beginning of one log.
type Side = (Run, u64, Option<EntryId>);

fn side(place: &Place) -> Side {
    (place.log.run, place.sequence, place.parent.filter(|_| place.sequence > 1))
}

/// How many branches are kept.
#[derive(Clone, Copy)]
struct Limits {
    of_fork: usize,
    of_key: usize,
}

/// A key's branches on the way to being chosen.
struct Choice<'d> {
    doc: &'d DocState,
    places: &'d Places,
    /// What rests on surplus entries elsewhere: whoever holds less does not have it.
    astray: &'d BTreeSet<EntryId>,
    key: PublicKey,
    limits: Limits,
    /// Kept at each place.
    sides: BTreeMap<Side, usize>,
    /// First entries of branches that go on from something kept.
    open: BTreeSet<EntryId>,
    beyond: BTreeSet<EntryId>,
}

impl Choice<'_> {
    fn made(mut self) -> Wide {
        self.follow(None);
        let mut kept = BTreeSet::new();
        while let Some(first) = self.open.pop_first() {
            // One branch begins at nothing, without being counted here.
            if kept.len() + 1 < self.limits.of_key && self.keeps(first) {
                kept.insert(first);
                self.follow(Some(first));
            } else {
                self.beyond.insert(first);
            }
        }
        let is_full = kept.len() + 1 >= self.limits.of_key;
        Wide { beyond: self.beyond, full_at: kept.pop_last().filter(|_| is_full) }
    }

    /// From a kept entry along the lowest that go on from it; the others begin branches.
    fn follow(&mut self, from: Option<EntryId>) {
        let mut at = Some(from);
        while let Some(parent) = at.take() {
            for child in self.doc.children(self.key, parent, self.places).difference(self.astray).copied() {
                if at.is_some() {
                    self.open.insert(child);
                } else if self.keeps(child) {
                    at = Some(Some(child));
                } else {
                    self.beyond.insert(child);
                }
            }
        }
    }

    /// Is there room beside what is kept at its place?
    fn keeps(&mut self, id: EntryId) -> bool {
        let Some(place) = self.places.get(&id) else { return false };
        let beside = self.sides.entry(side(place)).or_default();
        *beside += 1;
        *beside <= self.limits.of_fork
    }
}

impl DocState {
    /// What of one key goes on from an entry, or from none; lowest first.
    fn children(&self, key: PublicKey, parent: Option<EntryId>, places: &Places) -> BTreeSet<EntryId> {
        let log = parent.and_then(|p| places.get(&p)).and_then(|p| {
            let log = self.logs.get(&(p.log.key, p.log.run))?;
            log.get(&p.sequence.checked_add(1)?)
        });
        let goes_on = |id: &&EntryId| places.get(id).is_some_and(|p| p.parent == parent);
        let begun = self.begun.get(&(key, parent)).into_iter().flatten();
        log.into_iter().flatten().filter(goes_on).chain(begun).copied().collect()
    }

    /// Files an entry that begins a branch, or makes another one begin.
    fn file_branch(&mut self, e: &SignedEntry, places: &Places) {
        let (key, parent) = (e.header.log.key, e.header.before.parent());
        let lowest = self.children(key, parent, places).into_iter().find(|id| *id != e.id);
        if e.header.sequence == 1 {
            self.begun.entry((key, parent)).or_default().insert(e.id);
        }
        let branches = self.branches.entry(key).or_default();
        branches.extend(lowest.map(|l| l.max(e.id)));
    }

    /// Is the entry kept, where that moves no other branch? `None`: the key's branches must be chosen anew.
    fn is_kept_alone(
        &self,
        e: &SignedEntry,
        beside: usize,
        limits: Limits,
        (places, astray): (&Places, &BTreeSet<EntryId>),
    ) -> Option<bool> {
        let (key, parent) = (e.header.log.key, e.header.before.parent());
        let Some(wide) = self.wide.get(&key) else {
            let is_narrow = beside <= limits.of_fork && self.branches.get(&key).is_none_or(|b| b.len() < limits.of_key);
            return is_narrow.then_some(true);
        };
        let children = &self.children(key, parent, places) - astray;
        let is_first = children.first() == Some(&e.id);
        if e.header.sequence > 1 {
            let lower =
                children.range(..e.id).filter(|c| !wide.beyond.contains(*c) && places.get(*c).is_some_and(|p| p.sequence > 1));
            if children.len() == 1 {
                return Some(true);
            }
            if lower.count() >= limits.of_fork {
                return Some(false);
            }
        }
        (!is_first && wide.full_at.is_some_and(|last| last < e.id)).then_some(false)
    }
}

impl Ledger {
    fn limits(&self) -> Limits {
        let of_fork = if self.is_planted(Planted::BranchLimitIgnored) { usize::MAX } else { BRANCHES_MAX };
        let of_fork = if is_off(Check::EveryBranch) { 1 } else { of_fork };
        Limits { of_fork, of_key: if is_off(Check::OpenTips) { usize::MAX } else { OPEN_TIPS_MAX } }
    }

    /// Files an entry's place among its document's logs; does it rest on surplus entries elsewhere, does it keep any? May other entries be surplus now than before?
    pub(super) fn file_in_document(&mut self, e: &SignedEntry, is_astray: bool, keeps_surplus: bool) -> bool {
        let limits = self.limits();
        let (key, parent) = (e.header.log.key, e.header.before.parent());
        let doc = self.docs.entry(e.header.log.document).or_default();
        doc.entries.push(e.id);
        if let Some(parent) = parent {
            doc.tips.remove(&parent);
        }
        doc.tips.insert(e.id);
        let at = doc.logs.entry((key, e.header.log.run)).or_default().entry(e.header.sequence).or_default();
        at.push(e.id);
        at.sort();
        // A fork's branches begin side by side; what continues different branches is no further fork.
        let is_sibling = |id: &&EntryId| e.header.sequence == 1 || self.places.get(id).is_some_and(|p| p.parent == parent);
        let beside = at.iter().filter(is_sibling).count();
        doc.file_branch(e, &self.places);
        if is_astray {
            self.astray.entry(e.header.log.document).or_default().insert(e.id);
            self.surplus.insert(e.id);
            self.surplus_revision += 1;
            return true;
        }
        let none = BTreeSet::new();
        let astray = self.astray.get(&e.header.log.document).unwrap_or(&none);
        if parent.is_some_and(|p| self.shaded.contains(&p)) {
            self.shaded.insert(e.id);
            return self.settle_beside(e, keeps_surplus, true);
        }
        match doc.is_kept_alone(e, beside, limits, (&self.places, astray)) {
            Some(true) => self.settle_beside(e, keeps_surplus, false),
            Some(false) => {
                if let Some(wide) = doc.wide.get_mut(&key) {
                    wide.beyond.insert(e.id);
                }
                self.shaded.insert(e.id);
                self.settle_beside(e, keeps_surplus, true)
            }
            None => {
                self.choose_branches(e.header.log.document, key, limits);
                self.settle_surplus();
                true
            }
        }
    }

    /// Of one key in one document: which branches are kept, and what lies on the others.
    fn choose_branches(&mut self, document: DocId, key: PublicKey, limits: Limits) {
        let Some(doc) = self.docs.get_mut(&document) else { return };
        let (sides, open, beyond) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        let none = BTreeSet::new();
        let astray = self.astray.get(&document).unwrap_or(&none);
        let wide = Choice { doc, places: &self.places, astray, key, limits, sides, open, beyond }.made();
        for id in &doc.entries {
            let Some(place) = self.places.get(id).filter(|p| p.log.key == key) else { continue };
            if wide.beyond.contains(id) || place.parent.is_some_and(|p| self.shaded.contains(&p)) {
                self.shaded.insert(*id);
            } else {
                self.shaded.remove(id);
            }
        }
        doc.wide.insert(key, wide);
    }
}
