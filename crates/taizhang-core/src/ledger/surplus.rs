//! Branches beyond the limits: of a fork those beyond the lowest [`BRANCHES_MAX`], of one key's branches in one document those beyond [`OPEN_TIPS_MAX`] open tips.
//! What is surplus in the end, and what rests on it: [`settle`].
//!
//! Which branches are kept is a function of the set of entries, and the same one for whoever lacks what is not kept: nobody sends that on. So a key's branches are
//! chosen from the root outwards, always the lowest of those that go on from something kept; what hangs on a branch that is not kept takes nobody's place.

mod settle;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use super::{BRANCHES_MAX, DocState, Ledger, OPEN_TIPS_MAX, Place};
use crate::{
    entry::{Before, SignedEntry},
    id::{DocId, EntryId, Kind, LogId, PublicKey, Run},
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

/// What was filed since branches were chosen last: one look at many entries is asked for once.
#[derive(Clone, Debug, Default)]
pub(super) struct Unchosen {
    /// Of which keys in which documents branches must be chosen anew.
    branches: BTreeSet<(DocId, PublicKey)>,
    /// Must be asked anew what is surplus?
    any: bool,
    /// In registries too?
    registries: bool,
    /// May something count again that counted as nothing?
    keeps: bool,
}

impl Unchosen {
    pub(super) fn in_registries(&self) -> bool {
        self.registries
    }

    pub(super) fn may_keep(&self) -> bool {
        self.any && self.keeps
    }
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
    /// What goes on from an entry in its own log; lowest first.
    fn next(&self, of: EntryId, places: &Places) -> impl Iterator<Item = EntryId> + use<'_> {
        let place = places.get(&of);
        let log = place.and_then(|p| self.logs.get(&(p.log.key, p.log.run)));
        let at = place.zip(log).and_then(|(p, log)| log.get(&p.sequence.checked_add(1)?)).map(Vec::as_slice);
        let (lone, many) = match at {
            None => (None, None),
            Some([only]) => (Some(*only).filter(|id| places.get(id).is_some_and(|p| p.parent == Some(of))), None),
            Some(_) => (None, self.beside.get(&of)),
        };
        lone.into_iter().chain(many.into_iter().flatten().copied())
    }

    /// What of one key begins a log behind an entry, or behind none; lowest first.
    fn begun(&self, key: PublicKey, parent: Option<EntryId>) -> impl Iterator<Item = EntryId> + use<'_> {
        self.begun.get(&(key, parent)).into_iter().flatten().copied()
    }

    /// What of one key goes on from an entry, or from none; lowest first.
    fn children(&self, key: PublicKey, parent: Option<EntryId>, places: &Places) -> BTreeSet<EntryId> {
        let next = parent.into_iter().flat_map(|p| self.next(p, places));
        next.chain(self.begun(key, parent)).collect()
    }

    /// The lowest that goes on from where an entry does, apart from it and from these.
    fn lowest_beside(&self, e: &SignedEntry, places: &Places, astray: &BTreeSet<EntryId>) -> Option<EntryId> {
        let (key, parent) = (e.header.log.key, e.header.before.parent());
        let fits = |id: &EntryId| *id != e.id && !astray.contains(id);
        let next = parent.and_then(|p| self.next(p, places).find(fits));
        next.into_iter().chain(self.begun(key, parent).find(fits)).min()
    }

    /// Files an entry at its place in its log; how many are there of its fork, if few?
    fn file_at(&mut self, e: &SignedEntry, places: &Places, enough: usize) -> usize {
        let log = self.logs.entry((e.header.log.key, e.header.log.run)).or_default();
        let at = log.entry(e.header.sequence).or_default();
        at.insert(at.partition_point(|id| *id < e.id), e.id);
        // A fork's branches begin side by side; what continues different branches is no further fork.
        let Before::Previous(parent) = e.header.before else { return at.len() };
        match at.as_slice() {
            [] | [_] => return 1,
            // The first that stood here alone is put beside too.
            [one, two] => {
                for id in [one, two] {
                    if let Some(previous) = places.get(id).and_then(|p| p.parent) {
                        self.beside.entry(previous).or_default().insert(*id);
                    }
                }
            }
            _ => _ = self.beside.entry(parent).or_default().insert(e.id),
        }
        self.beside.get(&parent).map_or(1, |b| b.iter().take(enough).count())
    }

    /// Files an entry that begins a branch, or makes another one begin.
    fn file_branch(&mut self, e: &SignedEntry, places: &Places) {
        let (key, parent) = (e.header.log.key, e.header.before.parent());
        let lowest = self.lowest_beside(e, places, &BTreeSet::new());
        if e.header.sequence == 1 {
            self.begun.entry((key, parent)).or_default().insert(e.id);
        }
        let branches = self.branches.entry(key).or_default();
        branches.extend(lowest.map(|l| l.max(e.id)));
    }

    /// Did neither the key's branches nor this fork ever reach a limit? Then nothing of the key is beyond one.
    fn is_narrow(&self, key: PublicKey, beside: usize, limits: Limits) -> bool {
        let has_room = || self.branches.get(&key).is_none_or(|b| b.len() < limits.of_key);
        !self.wide.contains_key(&key) && beside <= limits.of_fork && has_room()
    }

    /// Is the entry of a key that is not narrow kept, where that moves no other branch? `None`: the key's branches must be chosen anew.
    fn is_kept_alone(&self, e: &SignedEntry, limits: Limits, places: &Places, astray: &BTreeSet<EntryId>) -> Option<bool> {
        let wide = self.wide.get(&e.header.log.key)?;
        let lowest = self.lowest_beside(e, places, astray);
        let Before::Previous(parent) = e.header.before else {
            return (lowest.is_some_and(|l| l < e.id) && wide.full_at.is_some_and(|last| last < e.id)).then_some(false);
        };
        let Some(lowest) = lowest else { return Some(true) };
        if lowest < e.id && wide.full_at.is_some_and(|last| last < e.id) {
            return Some(false);
        }
        let is_kept = |id: &&EntryId| !astray.contains(id) && !wide.beyond.contains(id);
        let all = self.beside.get(&parent).into_iter();
        let lower = all.flat_map(|b| b.range((Bound::Unbounded, Bound::Excluded(e.id)))).filter(is_kept);
        (lower.take(limits.of_fork).count() >= limits.of_fork).then_some(false)
    }
}

impl Ledger {
    fn limits(&self) -> Limits {
        let of_fork = if self.is_planted(Planted::BranchLimitIgnored) { usize::MAX } else { BRANCHES_MAX };
        let of_fork = if is_off(Check::EveryBranch) { 1 } else { of_fork };
        Limits { of_fork, of_key: if is_off(Check::OpenTips) { usize::MAX } else { OPEN_TIPS_MAX } }
    }

    /// Files an entry's place among its document's logs; does it rest on surplus entries elsewhere, does it keep any?
    pub(super) fn file_in_document(&mut self, e: &SignedEntry, is_astray: bool, keeps_surplus: bool) {
        let limits = self.limits();
        let (document, key, parent) = (e.header.log.document, e.header.log.key, e.header.before.parent());
        let doc = self.docs.entry(document).or_default();
        doc.entries.push(e.id);
        if let Some(parent) = parent {
            doc.tips.remove(&parent);
        }
        doc.tips.insert(e.id);
        let beside = doc.file_at(e, &self.places, limits.of_fork.saturating_add(1));
        doc.file_branch(e, &self.places);
        let is_narrow = doc.is_narrow(key, beside, limits);
        self.unchosen.keeps |= keeps_surplus;
        if self.unchosen.any {
            // What is known of branches and surplus is not up to date.
            self.choose_later(&document, (!is_narrow).then_some(key));
        } else if is_astray {
            self.astray.entry(document).or_default().insert(e.id);
            self.count_as_surplus(e);
        } else {
            match self.is_kept(e, is_narrow, limits) {
                Some(true) if keeps_surplus => self.choose_later(&document, None),
                Some(true) => {}
                Some(false) => self.shade(e),
                None => self.choose_later(&document, Some(key)),
            }
        }
    }

    /// Does the entry lie on a branch within the limits, where that moves no other one? `None`: the key's branches must be chosen anew.
    fn is_kept(&self, e: &SignedEntry, is_narrow: bool, limits: Limits) -> Option<bool> {
        let document = &e.header.log.document;
        if is_narrow {
            return Some(true);
        }
        if self.is_on_shaded(e) {
            return Some(false);
        }
        let none = BTreeSet::new();
        let astray = self.astray.get(document).unwrap_or(&none);
        self.docs.get(document)?.is_kept_alone(e, limits, &self.places, astray)
    }

    fn shade(&mut self, e: &SignedEntry) {
        let LogId { document, key, .. } = e.header.log;
        let is_on_shaded = self.is_on_shaded(e);
        self.shaded.entry(document).or_default().insert(e.id);
        if !is_on_shaded && let Some(wide) = self.docs.get_mut(&document).and_then(|d| d.wide.get_mut(&key)) {
            wide.beyond.insert(e.id);
        }
        if self.is_kept_by_any(e) { self.choose_later(&document, None) } else { self.count_as_surplus(e) }
    }

    fn is_on_shaded(&self, e: &SignedEntry) -> bool {
        let shaded = self.shaded.get(&e.header.log.document);
        e.header.before.parent().is_some_and(|p| shaded.is_some_and(|of| of.contains(&p)))
    }

    fn count_as_surplus(&mut self, e: &SignedEntry) {
        self.surplus.insert(e.id);
        self.surplus_revision += 1;
        self.unsettled.all |= e.header.log.document.kind == Kind::Registry;
    }

    /// What is surplus is asked once for many entries: of a document, and of a key whose branches may have moved.
    pub(super) fn choose_later(&mut self, document: &DocId, key: Option<PublicKey>) {
        self.unchosen.any = true;
        self.unchosen.registries |= document.kind == Kind::Registry;
        self.unchosen.branches.extend(key.map(|key| (*document, key)));
    }

    /// Which branches are kept, and what is surplus, after all that was filed.
    pub(super) fn choose(&mut self) {
        let Unchosen { branches, any, registries, keeps: _ } = std::mem::take(&mut self.unchosen);
        if any {
            let limits = self.limits();
            branches.into_iter().for_each(|(document, key)| self.choose_branches(document, key, limits));
            self.settle_surplus();
            self.unsettled.all |= registries;
        }
    }

    /// Of one key in one document: which branches are kept, and what lies on the others.
    fn choose_branches(&mut self, document: DocId, key: PublicKey, limits: Limits) {
        let Some(doc) = self.docs.get(&document) else { return };
        let (sides, open, beyond) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        let none = BTreeSet::new();
        let astray = self.astray.get(&document).unwrap_or(&none);
        let wide = Choice { doc, places: &self.places, astray, key, limits, sides, open, beyond }.made();
        let mut own: Vec<(u64, EntryId, Option<EntryId>)> = Vec::new();
        own.extend(self.entries_of(&document, key).filter_map(|id| self.places.get(&id).map(|p| (p.arrival, id, p.parent))));
        // What an entry goes on from arrived before it.
        own.sort_unstable();
        let shaded = self.shaded.entry(document).or_default();
        for (_, id, parent) in own {
            if wide.beyond.contains(&id) || parent.is_some_and(|p| shaded.contains(&p)) {
                shaded.insert(id);
            } else {
                shaded.remove(&id);
            }
        }
        if let Some(doc) = self.docs.get_mut(&document) {
            doc.wide.insert(key, wide);
        }
    }
}
