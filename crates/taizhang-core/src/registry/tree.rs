//! Where an organisation stands in the tree: now, on a day, at any time since; and what it is called.
//!
//! Its creation row says where it begins. A later row of the creating registry, or of a registry above that one, moves it: with another parent, from a day on.
//! What stands decides, and what lies nearer to the root prevails. None of it reads a clock, and admission asks none of it but [`Registry::created_under`].

mod told;

use std::collections::{BTreeMap, BTreeSet};

use told::Told;

use super::{OrgRecord, OrgRow, Registry};
use crate::{
    id::{EntryId, OrgId},
    op::RowName,
    planted::{Check, is_off},
    rows::{Org, OrgKind},
    units::Day,
};

/// No chain of organisations is longer: kinds grow downwards.
const LEVELS_MAX: usize = 16;

/// Under whom an organisation stood from a day on, until the next of its spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First day.
    pub from: Day,
    /// The organisation above.
    pub parent: OrgId,
}

/// What the standing rows say about an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// The description that holds.
    row: Org,
    /// Its name.
    name: RowName,
    /// Sorted; the first is where it was created.
    spans: Vec<Span>,
    /// Rows that place it differently, none of which counts until a later row replaces them all.
    rivals: Vec<RowName>,
    /// Rows that do not count: their entries do not stand, or they place it where they may not.
    idle: BTreeSet<RowName>,
}

impl OrgRecord {
    /// The description that holds: of the standing rows that no other replaces, in the registry nearest to the root; of several the one with the lowest name.
    /// Where rows place the organisation differently the one before them.
    #[must_use]
    pub fn current(&self) -> &Org {
        self.held.as_ref().map_or(&self.creation.row, |h| &h.row)
    }

    /// The row that [`Self::current`] shows.
    #[must_use]
    pub fn current_name(&self) -> RowName {
        self.held.as_ref().map_or(self.creation.name, |h| h.name)
    }

    /// Rows that place it differently: undecided until a later row replaces all of them.
    #[must_use]
    pub fn rivals(&self) -> &[RowName] {
        self.held.as_ref().map_or(&[], |h| &h.rivals)
    }

    /// Does a row about it count?
    #[must_use]
    pub fn counts(&self, row: RowName) -> bool {
        self.held.as_ref().is_none_or(|h| !h.idle.contains(&row))
    }

    /// Under whom it stood from which day on; the first is where it was created.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        self.held.as_ref().map_or_else(|| vec![self.born()], |h| h.spans.clone())
    }

    /// Did it ever stand under another than the one that created it?
    pub(super) fn has_moved(&self) -> bool {
        self.held.as_ref().is_some_and(|h| h.spans.len() > 1)
    }

    fn born(&self) -> Span {
        Span { from: Day(0), parent: self.registry }
    }

    /// Parents at any time from `from` until before `until`, each with when.
    fn parents(&self, from: Day, until: Day) -> Vec<(OrgId, Day, Day)> {
        let spans = self.spans();
        let ends = spans.iter().skip(1).map(|s| s.from).chain([Day(u32::MAX)]);
        let when = spans.iter().zip(ends).map(|(s, end)| (s.parent, s.from.max(from), end.min(until)));
        // Whoever is above at the very end is above on its last day too.
        when.filter(|(_, first, end)| first < end || (*end == Day(u32::MAX) && first == end)).collect()
    }
}

impl Registry {
    /// The organisations above by creation, nearest first; the root is the last. No later row changes them.
    #[must_use]
    pub fn created_under(&self, org: OrgId) -> Vec<OrgId> {
        self.climb(org, |o| o.registry)
    }

    /// Does it lie above by any creation? Admission may not ask which of two is the lower: one may not be here yet.
    #[must_use]
    pub fn was_created_under(&self, org: OrgId, above: OrgId) -> bool {
        let mut seen = BTreeSet::from([org]);
        let mut open = vec![org];
        while let Some(at) = open.pop() {
            let creators = self.orgs.get(&at).into_iter().flat_map(|o| &o.creators);
            open.extend(creators.filter(|creator| seen.insert(**creator)));
        }
        org != above && seen.contains(&above)
    }

    /// The organisations above now, nearest first; the root is the last.
    #[must_use]
    pub fn ancestors(&self, org: OrgId) -> Vec<OrgId> {
        self.climb(org, |o| o.held.as_ref().and_then(|h| h.spans.last()).map_or(o.registry, |s| s.parent))
    }

    /// The organisations above at the end of a day.
    #[must_use]
    pub fn ancestors_on(&self, org: OrgId, day: Day) -> Vec<OrgId> {
        self.climb(org, |o| {
            let spans = o.held.as_ref().map_or(&[][..], |h| &h.spans);
            spans.iter().rfind(|s| s.from <= day).map_or(o.registry, |s| s.parent)
        })
    }

    fn climb(&self, org: OrgId, parent: impl Fn(&OrgRecord) -> OrgId) -> Vec<OrgId> {
        let mut out: Vec<OrgId> = Vec::new();
        let mut at = org;
        while let Some(o) = self.orgs.get(&at) {
            let parent = parent(o);
            if out.contains(&parent) || out.len() > LEVELS_MAX {
                break;
            }
            out.push(parent);
            at = parent;
        }
        out
    }

    /// Is `above` the same as `org`, or above it now?
    #[must_use]
    pub fn is_at_or_above(&self, above: OrgId, org: OrgId) -> bool {
        above == org || self.ancestors(org).contains(&above)
    }

    /// Is it strictly above the other, and a county or city?
    #[must_use]
    pub fn is_above(&self, above: OrgId, org: OrgId) -> bool {
        matches!(self.kind(above), Some(OrgKind::County | OrgKind::City)) && self.ancestors(org).contains(&above)
    }

    /// Was `above` the same as `org`, or above it at the end of a day? Who counts a school for a year is who has it on 31 December.
    #[must_use]
    pub fn is_at_or_above_on(&self, above: OrgId, org: OrgId, day: Day) -> bool {
        above == org || self.ancestors_on(org, day).contains(&above)
    }

    /// The organisations above at any time from a day on; `Day(u32::MAX)`: now.
    #[must_use]
    pub fn above_since(&self, org: OrgId, since: Day) -> BTreeSet<OrgId> {
        if self.moved == 0 {
            return self.ancestors(org).into_iter().collect();
        }
        let mut out = BTreeSet::new();
        let mut open = vec![(org, since, Day(u32::MAX), 0)];
        while let Some((at, from, until, level)) = open.pop() {
            let parents = self.orgs.get(&at).filter(|_| level <= LEVELS_MAX).map(|o| o.parents(from, until)).unwrap_or_default();
            out.extend(parents.iter().map(|(p, ..)| *p));
            open.extend(parents.into_iter().map(|(p, from, until)| (p, from, until, level + 1)));
        }
        out
    }

    /// Is `above` the same as `org`, or was it above at any time from a day on?
    #[must_use]
    pub fn was_at_or_above(&self, above: OrgId, org: OrgId, since: Day) -> bool {
        above == org || self.above_since(org, since).contains(&above)
    }

    /// The organisations that went on with its work, nearest first: those of its kind it was closed in favour of. To another kind of organisation nothing is handed over.
    #[must_use]
    pub fn heirs(&self, org: OrgId) -> Vec<OrgId> {
        let mut out: Vec<OrgId> = Vec::new();
        let kind = self.kind(org);
        let closed = |o: OrgId| self.orgs.get(&o).map(OrgRecord::current).filter(|r| r.closed_day.is_some());
        let next = |o: OrgId| closed(o)?.succeeded_by.filter(|h| self.kind(*h) == kind);
        let mut at = org;
        while let Some(heir) = next(at).filter(|h| *h != org && !out.contains(h) && out.len() < LEVELS_MAX) {
            out.push(heir);
            at = heir;
        }
        out
    }

    /// Is `above` the same as `org` or one that goes on with its work, or was it above one of these at any time from a day on?
    #[must_use]
    pub fn oversees(&self, above: OrgId, org: OrgId, since: Day) -> bool {
        self.was_at_or_above(above, org, since) || self.heirs(org).into_iter().any(|h| self.was_at_or_above(above, h, since))
    }

    /// Did an organisation go over from one to the other: was `later` at or above it at a time when `earlier`, that had been, was so no more?
    #[must_use]
    pub fn succeeds(&self, later: OrgId, earlier: OrgId, org: OrgId) -> bool {
        if self.moved == 0 || later == earlier {
            return false;
        }
        let ever = std::iter::once(org).chain(self.above_since(org, Day(0)));
        let spans = ever.filter_map(|o| self.orgs.get(&o)).flat_map(OrgRecord::spans);
        let days: BTreeSet<Day> = spans.map(|s| s.from).collect();
        let mut had = false;
        days.into_iter().any(|day| {
            let has_left = had && !self.is_at_or_above_on(earlier, org, day);
            had |= !has_left && self.is_at_or_above_on(earlier, org, day);
            has_left && self.is_at_or_above_on(later, org, day)
        })
    }

    /// Organisations whose registries may give the keys that write what this one owns: it, all under whom it was created or placed, and so on upwards.
    /// It only grows: a move that was taken back goes on bearing the grants that rest on it.
    #[must_use]
    pub fn line(&self, org: OrgId) -> BTreeSet<OrgId> {
        let mut line = BTreeSet::from([org]);
        let mut open = vec![org];
        while let Some(at) = open.pop() {
            let created = self.orgs.get(&at).into_iter().flat_map(|o| o.creators.iter().copied());
            let placed = self.placed_under(at).filter(|_| !is_off(Check::LinePlaced));
            open.extend(created.chain(placed).chain(self.above_since(at, Day(0))).filter(|o| line.insert(*o)));
        }
        line
    }

    /// It, all that were ever above it, and those that created them: who reads its registry from above.
    pub(super) fn stood_below(&self, org: OrgId) -> BTreeSet<OrgId> {
        let mut line = self.above_since(org, Day(0));
        line.insert(org);
        let created: Vec<OrgId> = line.iter().flat_map(|o| self.created_under(*o)).collect();
        line.extend(created);
        line
    }

    /// Under whom it was placed by who may, of the moves on which grants rest; whether they stand is not asked.
    pub(super) fn placed_under(&self, org: OrgId) -> impl Iterator<Item = OrgId> {
        let placed = self.placed.get(&org).into_iter().flatten();
        placed.filter(move |(registry, parent)| self.may_ever_place(org, *registry, *parent)).map(|(_, parent)| *parent)
    }

    /// May a registry say that an organisation stands under another? It must lie above both by creation. What it may today it may always.
    #[must_use]
    pub fn may_ever_place(&self, org: OrgId, registry: OrgId, parent: OrgId) -> bool {
        self.was_created_under(org, registry) && (parent == registry || self.was_created_under(parent, registry))
    }

    /// Does a row say where the organisation stands, and may its registry say so? It must lie above the organisation and above the new parent, both by creation.
    #[must_use]
    pub fn may_place(&self, row: &OrgRow) -> bool {
        let Some(o) = self.orgs.get(&row.row.org) else { return false };
        let covers = |org: OrgId| org == row.registry || self.created_under(org).contains(&row.registry);
        let parent = row.row.parent;
        // A parent that is not known yet may lie anywhere: the row waits until it is. Only the root is no organisation.
        let is_root = parent == row.registry && o.creation.row.kind.certifies();
        let unknown = is_root || is_off(Check::OrgParentKnown);
        let fits =
            self.orgs.get(&parent).map_or(unknown, |p| is_below(o.creation.row.kind, p.creation.row.kind) && covers(parent));
        if is_off(Check::OrgPlace) {
            return true;
        }
        fits && parent != row.row.org && row.row.kind == o.creation.row.kind && covers(row.row.org) && row.registry != row.row.org
    }

    /// Is more said of any organisation than its creation?
    pub(crate) fn is_told(&self) -> bool {
        self.is_told
    }

    /// Organisations of which a row does not count.
    pub(crate) fn with_idle(&self) -> impl Iterator<Item = OrgId> + use<'_> {
        self.with_idle.iter().copied()
    }

    /// Does the place of another organisation, or more than one row about this one, rest on how it was created? Rows named it before it was known, or it was created twice.
    pub(crate) fn is_awaited(&self, org: OrgId) -> bool {
        self.awaited.contains(&org) || self.rows_about(org).nth(1).is_some()
    }

    /// Those of these organisations, or of all, of which more is said than their creation, by the entries that stand.
    pub(crate) fn judged(&self, of: Option<&BTreeSet<OrgId>>, stands: &dyn Fn(&EntryId) -> bool) -> BTreeMap<OrgId, Held> {
        let is_told = |id: &OrgId, o: &OrgRecord| !o.changes.is_empty() || self.from_above.contains_key(id);
        let judged = |(id, o): (&OrgId, &OrgRecord)| is_told(id, o).then(|| (*id, self.judge_org(*id, o, stands)));
        match of {
            None => self.orgs.iter().filter_map(judged).collect(),
            Some(of) => of.iter().filter_map(|id| self.orgs.get_key_value(id)).filter_map(judged).collect(),
        }
    }

    fn judge_org(&self, id: OrgId, o: &OrgRecord, stands: &dyn Fn(&EntryId) -> bool) -> Held {
        let above = self.from_above.get(&id).map_or(&[][..], Vec::as_slice);
        let anyone = above.iter().map(|r| r.registry).filter(|_| is_off(Check::OrgPlace));
        let mut line: Vec<OrgId> = self.created_under(id).into_iter().chain(anyone).collect();
        if is_off(Check::PlaceLast) {
            line.reverse();
        }
        let counts = |r: &&OrgRow| (r.is_of_creator || r.registry != o.registry) && stands(&r.name.entry) && self.may_place(r);
        let (counting, idle): (Vec<&OrgRow>, Vec<&OrgRow>) = o.changes.iter().chain(above).partition(counts);
        let mut held = Held {
            row: o.creation.row.clone(),
            name: o.creation.name,
            spans: vec![o.born()],
            rivals: Vec::new(),
            idle: idle.into_iter().map(|r| r.name).collect(),
        };
        // The nearest registry first, so that what lies nearer to the root has the last word.
        for registry in line {
            let rows = std::iter::once(&o.creation).chain(counting.iter().copied()).filter(|r| r.registry == registry);
            let told = Told::of(&rows.collect::<Vec<_>>());
            for row in told.states.iter().rev().filter(|r| r.row.random.is_none()) {
                while held.spans.last().is_some_and(|s| s.from >= row.row.from_day && s.from != Day(0)) {
                    held.spans.pop();
                }
                if held.spans.last().is_none_or(|s| s.parent != row.row.parent) {
                    held.spans.push(Span { from: row.row.from_day, parent: row.row.parent });
                }
            }
            if let Some(row) = told.states.first() {
                (held.row, held.name) = (row.row.clone(), row.name);
            }
            held.rivals.extend(told.rivals);
        }
        held
    }

    pub(crate) fn hold(&mut self, judged: BTreeMap<OrgId, Held>) {
        for (id, held) in judged {
            let Some(o) = self.orgs.get_mut(&id) else { continue };
            let _ = if held.idle.is_empty() { self.with_idle.remove(&id) } else { self.with_idle.insert(id) };
            self.moved -= usize::from(o.has_moved());
            o.held = Some(held);
            self.moved += usize::from(o.has_moved());
        }
    }
}

/// Does an organisation of this kind belong under one of that kind?
pub(crate) fn is_below(kind: OrgKind, above: OrgKind) -> bool {
    above.certifies() && above.number() < kind.number()
}
