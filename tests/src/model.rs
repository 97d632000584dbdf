//! A model of admission, standing and locks: two nodes, two admins, three reviewers, three authors; every order in which few acts can be done and heard of.
//!
//! Each act is one signed entry whose content follows from what its node holds just then (a burn names the tips it knows, a lock the documents). From a common
//! beginning every state that a number of acts and any deliveries lead to is visited; for every set of entries that a node can hold, every order in which they may
//! arrive is tried out, and all orders must give the same picture. The ledger is the real one.
//!
//! What makes it fast enough, and why nothing is passed over:
//! - A state is a pair of sets. What a node does next follows from its set: acts read grants, tips, positions, places of organisations and locks, all of which are in the picture, and the picture is the same for all orders of a set, or the search fails. So acts, and what comes of a delivery, are worked out once a set.
//! - Orders are never merged: every permutation is played from the beginning of its own, because two ledgers of one set are not equal in every field (they number arrivals), and only what comes out at the end can be compared.
//! - Acts are done once each: which were done follows from who holds what.
//! - The acts are in two menus (keys; locks), each searched wholly up to so many acts as are asked for.

#![allow(clippy::indexing_slicing, clippy::expect_used, clippy::cast_possible_truncation, reason = "tests")]

mod acts;

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use taizhang_core::{
    admission::{Refusal, Signature},
    entry::SignedEntry,
    id::{EntryId, Kind},
    ledger::Ledger,
    standing::{Judge, Standing},
    view::{DocumentView, ViewRow},
};

use acts::World;
pub use acts::{Act, KEYS, LOCKS, What};

/// What was searched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Searched {
    /// Pairs of what the two nodes hold.
    pub states: usize,
    /// Different sets of entries on a node.
    pub sets: usize,
    /// Orders of arrival tried.
    pub orders: usize,
    /// Sets of which some row of the school comes too late.
    pub sets_with_late: usize,
    /// How two orders, or two nodes, disagree.
    pub disagreement: Option<String>,
}

/// Says what counts; the real one, or one with a bug.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    /// Does an entry stand?
    pub standing: fn(&Ledger, &EntryId) -> Standing,
    /// Did a row of the school's documents arrive too late?
    pub is_late: fn(&Ledger, &ViewRow) -> bool,
}

/// The real one.
pub const REAL: Verdict = Verdict { standing, is_late: |_, row| row.late };

/// A bug: what was here before a registry's last entry keeps the standing that it would have without burns.
pub const STANDING_BY_ARRIVAL: Verdict = Verdict { standing: standing_by_arrival, ..REAL };

/// A bug: late is what came after the lock's own entry, whatever the lock names.
pub const LATE_BY_ARRIVAL: Verdict = Verdict { is_late: late_by_arrival, ..REAL };

fn standing(ledger: &Ledger, id: &EntryId) -> Standing {
    Judge::new(ledger).standing(id)
}

fn standing_by_arrival(ledger: &Ledger, id: &EntryId) -> Standing {
    let arrived = |id: &EntryId| ledger.place(id).map(|p| p.arrival);
    let registries = ledger.documents().filter(|d| d.kind == Kind::Registry).filter_map(|d| ledger.document(d));
    let last = registries.flat_map(|d| &d.entries).filter_map(arrived).max();
    match standing(ledger, id) {
        Standing::Burnt if arrived(id) < last => Standing::Stands,
        other => other,
    }
}

fn late_by_arrival(ledger: &Ledger, row: &ViewRow) -> bool {
    let arrived = |id: &EntryId| ledger.place(id).map(|p| p.arrival);
    let Some(place) = ledger.place(&row.name.entry) else { return false };
    let judge = Judge::new(ledger);
    let locks = judge.locks(place.log.document.concerns());
    row.stands() && locks.iter().filter(|l| l.acts()).any(|l| arrived(&l.name.entry) < Some(place.arrival))
}

/// A set of entries that a node can hold beyond the beginning.
struct Held {
    /// In an order in which they can come.
    order: Vec<EntryId>,
    /// What each act of the menu would write here.
    acts: Vec<Option<EntryId>>,
    /// What one more entry leads to; `None`: it must wait.
    with: BTreeMap<EntryId, Option<usize>>,
}

struct Search<'m> {
    world: World,
    start: Ledger,
    menu: &'m [Act],
    verdict: Verdict,
    held: Vec<Held>,
    numbers: BTreeMap<BTreeSet<EntryId>, usize>,
    /// Which act an entry is.
    act_of: BTreeMap<EntryId, usize>,
    searched: Searched,
}

/// Visits everything that at most so many acts of the menu lead to.
#[must_use]
pub fn search(menu: &[Act], acts: usize, verdict: Verdict) -> Searched {
    let (world, start) = World::begin();
    let (held, numbers, act_of, searched) = (Vec::new(), BTreeMap::new(), BTreeMap::new(), Searched::default());
    let mut s = Search { world, start, menu, verdict, held, numbers, act_of, searched };
    let nothing = s.number(Vec::new());
    let mut seen = BTreeSet::from([[nothing; 2]]);
    let mut open = vec![[nothing; 2]];
    while let Some(state) = open.pop() {
        for next in s.next(state, acts) {
            if seen.insert(next) {
                open.push(next);
            }
        }
        if s.searched.disagreement.is_some() {
            break;
        }
    }
    s.searched.states = seen.len();
    s.searched.sets = s.held.len();
    s.searched
}

impl Search<'_> {
    /// All that one act or delivery makes of a state.
    fn next(&mut self, state: [usize; 2], acts: usize) -> Vec<[usize; 2]> {
        let known = state.map(|n| self.held[n].order.clone());
        let done: BTreeSet<usize> = known.iter().flatten().map(|id| self.act_of[id]).collect();
        let can = |act: &usize| done.len() < acts && !done.contains(act);
        let mut arrivals: Vec<(usize, EntryId)> = Vec::new();
        for (node, own) in known.iter().enumerate() {
            let written = (0..self.menu.len()).filter(can).filter(|a| self.menu[*a].0 == node);
            arrivals.extend(written.filter_map(|a| self.held[state[node]].acts[a]).map(|id| (node, id)));
            arrivals.extend(known[1 - node].iter().filter(|id| !own.contains(id)).map(|id| (node, *id)));
        }
        let one = |(node, id): (usize, EntryId)| {
            let mut next = state;
            next[node] = self.with(state[node], id)?;
            Some(next)
        };
        arrivals.into_iter().filter_map(one).collect()
    }

    /// What a set becomes by one more entry.
    fn with(&mut self, set: usize, id: EntryId) -> Option<usize> {
        if let Some(known) = self.held[set].with.get(&id) {
            return *known;
        }
        let mut order = self.held[set].order.clone();
        let mut ledger = self.play(&order);
        order.push(id);
        let next = self.take(&mut ledger, id).then(|| self.number(order));
        self.held[set].with.insert(id, next);
        next
    }

    /// The ledger to which these entries came one after the other.
    fn play(&mut self, order: &[EntryId]) -> Ledger {
        let mut ledger = self.start.clone();
        for id in order {
            self.take(&mut ledger, *id);
        }
        ledger
    }

    /// Admits and files; a missing name makes it wait, any other refusal is a disagreement: it was admitted where it was made.
    fn take(&mut self, ledger: &mut Ledger, id: EntryId) -> bool {
        match ledger.admit(&self.world, self.world.made[&id].clone(), Signature::Checked) {
            Ok(admitted) => {
                ledger.insert(&admitted);
                true
            }
            Err(Refusal::Missing(_)) => false,
            Err(why) => {
                self.disagree(format!("{id} is refused: {why}"));
                false
            }
        }
    }

    fn disagree(&mut self, how: String) {
        self.searched.disagreement.get_or_insert(how);
    }

    /// The number of a set; where it is new, every order of it is tried and every act that follows is worked out.
    fn number(&mut self, order: Vec<EntryId>) -> usize {
        let all: BTreeSet<EntryId> = order.iter().copied().collect();
        if let Some(number) = self.numbers.get(&all) {
            return *number;
        }
        let mut picture = None;
        self.arrive(&self.start.clone(), &mut Vec::new(), &all, &mut picture);
        let ledger = self.play(&order);
        let menu = self.menu;
        let acts = menu.iter().enumerate().map(|(i, act)| self.write(&ledger, i, *act)).collect();
        let number = self.held.len();
        self.held.push(Held { order, acts, with: BTreeMap::new() });
        self.numbers.insert(all, number);
        number
    }

    fn write(&mut self, ledger: &Ledger, i: usize, act: Act) -> Option<EntryId> {
        let entry: SignedEntry = self.world.act(ledger, act, i as u64)?;
        let id = entry.id;
        self.act_of.insert(id, i);
        self.world.made.entry(id).or_insert(entry);
        Some(id)
    }

    /// Every order in which these entries may arrive comes to one picture.
    fn arrive(&mut self, ledger: &Ledger, order: &mut Vec<EntryId>, all: &BTreeSet<EntryId>, known: &mut Option<Picture>) {
        if order.len() == all.len() {
            self.searched.orders += 1;
            let picture = self.picture(ledger, all);
            match known {
                Some(known) if *known != picture => {
                    let entries: Vec<String> =
                        order.iter().map(|id| format!("{id} {:?}", (self.verdict.standing)(ledger, id))).collect();
                    self.disagree(format!("two orders of the same entries disagree: {entries:?}"));
                }
                Some(_) => {}
                None => {
                    self.searched.sets_with_late += usize::from(picture.late > 0);
                    *known = Some(picture);
                }
            }
        }
        for id in all {
            if self.searched.disagreement.is_some() || order.contains(id) {
                continue;
            }
            let mut next = ledger.clone();
            if self.take(&mut next, *id) {
                order.push(*id);
                self.arrive(&next, order, all, known);
                order.pop();
            }
        }
    }

    /// What must not depend on the order: the standing of every entry, whether grants are open, who stands where, what is a tip, which locks act, which rows come too late.
    fn picture(&self, ledger: &Ledger, held: &BTreeSet<EntryId>) -> Picture {
        let judge = Judge::new(ledger);
        let mut hash = Sha256::new();
        for id in self.world.beginning.iter().chain(held) {
            hash.update(id.0);
            hash.update([(self.verdict.standing)(ledger, id) as u8]);
        }
        let grants = ledger.registry.grants.keys();
        grants.for_each(|g| hash.update([u8::from(judge.grant_is_open(g)), u8::from(judge.grant_stands(g))]));
        ledger.registry.orgs.keys().flat_map(|o| ledger.registry.ancestors(*o)).for_each(|a| hash.update(a.0));
        ledger.documents().flat_map(|d| ledger.open_tips(d)).for_each(|t| hash.update(t.0));
        judge.locks(self.world.school).iter().for_each(|l| hash.update([l.state as u8]));
        let mut late = 0;
        for document in ledger.documents().filter(|d| d.kind != Kind::Registry) {
            let ids = ledger.document(document).into_iter().flat_map(|d| &d.entries);
            let view = DocumentView::build(ledger, &judge, *document, ids.filter_map(|id| self.world.made.get(id)));
            for row in view.rows.values() {
                let is_late = (self.verdict.is_late)(ledger, row);
                hash.update([u8::from(is_late)]);
                late += usize::from(is_late);
            }
        }
        Picture { hash: hash.finalize().into(), late }
    }
}

/// What one order of a set comes to.
#[derive(Debug, PartialEq, Eq)]
struct Picture {
    hash: [u8; 32],
    /// So many rows come too late.
    late: usize,
}
