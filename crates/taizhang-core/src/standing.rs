//! Standing: does an admitted entry count? A function of the set of admitted entries, from the root down.
//!
//! Everything is ordered by the depth of grants (root keys 0, those they granted 1, …), so no question ever leads back to itself:
//! - which root statement counts follows from signatures, not from standing.
//! - a burn or end acts on keys granted in the same registry, on what they write as that organisation, one below it or the one the grant is for, at its own depth or deeper; whether it acts is judged by what lies strictly nearer to the root. So two keys of one depth that burn each other are both burnt.
//! - a grant that rests on a move lies deeper than the move, and counts only with it.
//! - an accept is judged with all burns and ends, but only with accepts from strictly nearer to the root. So two burnt reviewers cannot accept each other. What was burnt it lets stand only where its own organisation burnt the key, or one below it.
//! - where an organisation went over to another registry, that one's ends, burns and accepts act too, on what lies in no registry: that is judged after the tree, and no registry asks it.

mod accepts;
mod acts;
pub mod line;
mod reach;

use std::{cell::RefCell, collections::BTreeMap};

use self::{accepts::Accepts, reach::Reach};
use crate::{
    id::{EntryId, Kind},
    ledger::{Ledger, Place},
    op::RowName,
    planted::{Check, is_off},
    registry::{GrantRecord, may_write},
    units::Day,
};

/// Whether and why an entry counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It counts.
    Stands,
    /// On a branch of a fork beyond those kept, or resting on one.
    Surplus,
    /// No standing grant gives its key the role.
    NoGrant,
    /// Written after its author left.
    Ended,
    /// Its key was burnt and no position covers it.
    Burnt,
}

impl Standing {
    /// The word used in outputs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Stands => "stands",
            Self::Surplus => "surplus",
            Self::NoGrant => "no_grant",
            Self::Ended => "ended",
            Self::Burnt => "burnt",
        }
    }
}

/// How a grant stands: may its key go on writing, and if not, which entry says so?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantState {
    /// Neither ended nor burnt.
    Open,
    /// Staff left.
    Ended {
        /// The last day.
        left: Day,
        /// The entry that ends it; of several the one with the earliest day.
        by: EntryId,
    },
    /// The key was burnt.
    Burnt {
        /// The entry that burns it; of several the lowest id.
        by: EntryId,
    },
    /// The entry that gave it does not stand.
    NotStanding,
}

impl GrantState {
    /// The word used in outputs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Ended { .. } => "ended",
            Self::Burnt { .. } => "burnt",
            Self::NotStanding => "not_standing",
        }
    }
}

/// Answers questions of standing over one state of a ledger; remembers what it found.
#[derive(Debug)]
pub struct Judge<'l> {
    ledger: &'l Ledger,
    reach: Reach,
    accepts: Accepts,
    found: RefCell<BTreeMap<(EntryId, Scope), Standing>>,
}

/// Which burns, ends and accepts are taken into account: those written at depths below these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Scope {
    burns_below: u32,
    accepts_below: u32,
}

impl Scope {
    const ALL: Self = Self { burns_below: u32::MAX, accepts_below: u32::MAX };

    /// Only what was written at this depth or nearer to the root.
    fn up_to(self, depth: u32) -> Self {
        let below = depth.saturating_add(1);
        Self { burns_below: self.burns_below.min(below), accepts_below: self.accepts_below.min(below) }
    }
}

impl<'l> Judge<'l> {
    /// Judges by this ledger.
    #[must_use]
    pub fn new(ledger: &'l Ledger) -> Self {
        Self { ledger, reach: Reach::default(), accepts: Accepts::default(), found: RefCell::default() }
    }

    /// The ledger it judges by.
    pub(crate) fn ledger(&self) -> &'l Ledger {
        self.ledger
    }

    /// How many names are held for what positions reach.
    #[cfg(test)]
    pub(crate) fn reached_names(&self) -> usize {
        self.reach.names() + self.accepts.names()
    }

    /// How often positions and offices of accepts were looked at.
    #[cfg(test)]
    pub(crate) fn accept_steps(&self) -> usize {
        self.accepts.steps.get()
    }

    /// Does the entry count? Unknown entries do not.
    #[must_use]
    pub fn standing(&self, id: &EntryId) -> Standing {
        // Most networks most of the time: nothing was ever ended or burnt, or forked and settled.
        let l = self.ledger;
        if l.ends.is_empty()
            && l.burns.is_empty()
            && l.accepts.is_empty()
            && !l.has_surplus()
            && !l.rests_on_moves
            && l.registry.roots.is_plain()
        {
            return if l.place(id).is_some() { Standing::Stands } else { Standing::NoGrant };
        }
        self.judge(*id, Scope::ALL)
    }

    /// Shorthand for [`Self::standing`] = stands.
    #[must_use]
    pub fn stands(&self, id: &EntryId) -> bool {
        self.standing(id) == Standing::Stands
    }

    /// Does a grant count: does the entry that wrote it?
    #[must_use]
    pub fn grant_stands(&self, name: &RowName) -> bool {
        self.ledger.registry.grants.get(name).is_some_and(|g| self.stands(&name.entry) && self.has_ground(g, Scope::ALL))
    }

    /// The grant has neither ended (as of its own claim) nor been burnt: its key may go on writing.
    #[must_use]
    pub fn grant_is_open(&self, name: &RowName) -> bool {
        self.grant_state(name) == GrantState::Open
    }

    /// May the key of this grant go on writing? Unknown grants do not stand.
    #[must_use]
    pub fn grant_state(&self, name: &RowName) -> GrantState {
        let Some(g) = self.ledger.registry.grants.get(name) else { return GrantState::NotStanding };
        if let Some(by) = self.burnt_by(g) {
            return GrantState::Burnt { by };
        }
        if !self.grant_stands(name) {
            return GrantState::NotStanding;
        }
        let first = self.acting_ends(*name, g).map(|e| (e.row.left_day, e.entry)).min();
        first.map_or(GrantState::Open, |(left, by)| GrantState::Ended { left, by })
    }

    /// Does an accept that acts cover the entry? Of an invite's uses the one that is accepted is the one that stays.
    #[must_use]
    pub fn is_accepted_entry(&self, id: &EntryId) -> bool {
        self.ledger.place(id).is_some_and(|place| self.is_accepted(*id, place, Scope::ALL, &|_| true))
    }

    fn judge(&self, id: EntryId, scope: Scope) -> Standing {
        let Some(place) = self.ledger.place(&id) else { return Standing::NoGrant };
        // Only registries lead back to registries: what stands in other documents is judged by all that stands.
        let scope = if place.log.document.kind == Kind::Registry { scope.up_to(place.depth) } else { scope };
        if let Some(known) = self.found.borrow().get(&(id, scope)) {
            return *known;
        }
        let found = self.judge_anew(id, place, scope);
        self.found.borrow_mut().insert((id, scope), found);
        found
    }

    fn judge_anew(&self, id: EntryId, place: &Place, scope: Scope) -> Standing {
        if self.ledger.is_surplus_entry(&id) {
            return Standing::Surplus;
        }
        if self.is_burnt(id, place, scope) {
            return Standing::Burnt;
        }
        if self.is_accepted(id, place, scope, &|_| true) {
            return Standing::Stands;
        }
        self.role_held(id, place, scope)
    }

    /// Under some standing grant, not ended for this entry?
    fn role_held(&self, id: EntryId, place: &Place, scope: Scope) -> Standing {
        // Depth 0 are the root keys, and nobody else.
        if place.depth == 0 {
            return self.root_held(id, place);
        }
        if self.is_used_up(id, place, scope) {
            return Standing::Ended;
        }
        let mut best = Standing::NoGrant;
        for (name, g) in self.ledger.registry.grants_of(place.log.key) {
            if !self.gives(name, g, place) || self.judge(name.entry, scope) != Standing::Stands || !self.has_ground(g, scope) {
                continue;
            }
            if !self.is_ended(*name, g, id, place, scope) {
                return Standing::Stands;
            }
            best = Standing::Ended;
        }
        best
    }

    /// Under a root statement that counts; of a key that a later one removed, as far as that one's positions cover.
    fn root_held(&self, id: EntryId, place: &Place) -> Standing {
        let first = || self.ledger.ancestry(id).find(|e| self.ledger.place(e).is_some_and(|p| p.sequence == 1));
        // The statement's own entry begins the log of one that was not a root key before.
        let Some(under) = place.grant.or_else(|| first().map(|entry| RowName { entry, index: 0 })) else {
            return Standing::NoGrant;
        };
        match self.ledger.registry.roots.reach(&under, place.log.key) {
            None => Standing::NoGrant,
            Some(Some(positions)) if !self.covers(positions, place, id) => Standing::Burnt,
            Some(_) => Standing::Stands,
        }
    }

    /// Does the grant give the role that this entry's document asks for? In a registry only grants no deeper than the log's own, so that depth decides every question.
    fn gives(&self, name: &RowName, g: &GrantRecord, place: &Place) -> bool {
        if g.row.one_use || self.is_one_use(place) {
            return place.grant == Some(*name);
        }
        let near_enough = place.log.document.kind != Kind::Registry || g.depth <= place.depth;
        let is_dated_well = place.time.day() >= g.row.from_day || !is_off(Check::ClockUnread);
        near_enough && is_dated_well && may_write(&place.log.document, g.row.role, g.row.org, g.org_kind)
    }

    /// Does what the grant rests on count? The creation of an organisation always does; a row that moved it where it stands, and was written by those who may.
    fn has_ground(&self, g: &GrantRecord, scope: Scope) -> bool {
        let registry = &self.ledger.registry;
        g.moved.is_none_or(|moved| {
            let row = registry.row(&moved).filter(|r| r.row.org == g.row.org);
            row.is_some_and(|r| registry.may_place(r)) && self.judge(moved.entry, scope) == Standing::Stands
        })
    }

    fn is_one_use(&self, place: &Place) -> bool {
        place.grant.and_then(|g| self.ledger.registry.grants.get(&g)).is_some_and(|g| g.row.one_use)
    }

    /// Was another use of the same invite accepted? Then this one changes nothing.
    fn is_used_up(&self, id: EntryId, place: &Place, scope: Scope) -> bool {
        self.is_one_use(place)
            && !is_off(Check::InviteUsedUp)
            && self
                .ledger
                .at(&place.log, place.sequence)
                .iter()
                .any(|other| *other != id && self.is_accepted(*other, place, scope, &|_| true))
    }
}
