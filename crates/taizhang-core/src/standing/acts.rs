//! What ends and burns do to an entry; and who may write one where an organisation went over to another.

use std::collections::BTreeMap;

use super::{Judge, Scope, Standing};
use crate::{
    id::{DocId, EntryId, Kind, OrgId, PublicKey},
    ledger::{Place, Written},
    op::RowName,
    planted::{Check, Planted, is_off},
    registry::GrantRecord,
    rows::{End, Positions, Role},
};

/// What one entry's burn of a key lets stand, and in whose registry it was written.
#[derive(Debug)]
pub(super) struct Burnt<'l> {
    by: OrgId,
    positions: Vec<&'l [Positions]>,
}

/// As which organisation something was written, and whether in its registry, where standing may not ask the tree.
#[derive(Clone, Copy)]
struct Of {
    org: OrgId,
    is_registry: bool,
}

impl<'l> Judge<'l> {
    /// End rows of one grant in one entry are one end: what any of them covers does not lie past it.
    pub(super) fn is_ended(&self, name: RowName, g: &GrantRecord, id: EntryId, place: &Place, scope: Scope) -> bool {
        let mut ends: BTreeMap<EntryId, Vec<&'l Written<End>>> = BTreeMap::new();
        let of_registry = place.log.document.kind == Kind::Registry;
        self.ends_of(name, g, of_registry).for_each(|e| ends.entry(e.entry).or_default().push(e));
        ends.values().any(|rows| {
            let covered = |e: &&Written<End>| self.covers(e.row.positions.as_deref().unwrap_or_default(), place, id);
            let past = if g.row.role.decides() && !is_off(Check::EndPositions) {
                !rows.iter().any(covered)
            } else {
                rows.iter().any(|e| place.time.day() > e.row.left_day)
            };
            past && rows.first().is_some_and(|e| self.end_acts(e, g, scope)) && !is_off(Check::EndActs)
        })
    }

    /// The ends of a grant in the registry that gave it, and, for what lies in no registry, in one that answers for the organisation since.
    fn ends_of(&self, name: RowName, g: &GrantRecord, of_registry: bool) -> impl Iterator<Item = &'l Written<End>> {
        let is_here = move |by: OrgId| {
            by == g.registry
                || (!of_registry && self.answers_now(by, g) && !is_off(Check::EndTakenOver))
                || is_off(Check::EndOwnRegistry)
        };
        self.ledger.ends.get(&name).into_iter().flatten().filter(move |e| is_here(e.document.owner))
    }

    /// The ends of a grant that act on what its key goes on to write.
    pub(super) fn acting_ends(&self, name: RowName, g: &GrantRecord) -> impl Iterator<Item = &'l Written<End>> {
        self.ends_of(name, g, writes_registries(g)).filter(move |e| self.end_acts(e, g, Scope::ALL))
    }

    fn end_acts(&self, e: &Written<End>, g: &GrantRecord, scope: Scope) -> bool {
        // Of a registry that took over the organisation: how far its admins are from the root says nothing about the grants it took over.
        let is_foreign = e.document.owner != g.registry && !is_off(Check::EndOwnRegistry);
        if is_foreign { self.judge(e.entry, Scope::ALL) == Standing::Stands } else { self.acts(e.entry, g.depth, scope) }
    }

    /// Burn rows of one key in one entry are one burn; of several, only what all cover stands. An accept lifts the burns of its own organisation and of those below.
    pub(super) fn is_burnt(&self, id: EntryId, place: &Place, scope: Scope) -> bool {
        if self.ledger.is_planted(Planted::BurnIgnored) {
            return false;
        }
        let document = place.log.document;
        let of = Of { org: document.owner, is_registry: document.kind == Kind::Registry };
        let burns = self.burns_of(place.log.key, place.depth, of, scope);
        let is_past = |b: &Burnt<'_>| !b.positions.iter().any(|p| self.covers(p, place, id));
        let lifts = |b: &Burnt<'_>| self.is_accepted(id, place, scope, &|by| self.may_lift(by, b.by, document));
        let is_granted_anew = || self.ledger.registry.grants_of(place.log.key).count() > 1;
        match () {
            () if is_off(Check::BurnsTogether) => !burns.is_empty() && burns.values().all(is_past),
            () if is_off(Check::BurnForEver) && is_granted_anew() => false,
            () => burns.values().any(|b| is_past(b) && !lifts(b)),
        }
    }

    /// May an accept of this organisation undo the burn of that one? For what lies in a registry by creation, for no standing there asks the tree;
    /// elsewhere also where it has the document's owner since, and the burner has it no more.
    fn may_lift(&self, by: OrgId, burner: OrgId, document: DocId) -> bool {
        let registry = &self.ledger.registry;
        let has_left = || !registry.is_at_or_above(burner, document.owner) && !is_off(Check::LiftTakenOver);
        let is_above = || match document.kind {
            Kind::Registry => registry.created_under(burner).contains(&by),
            _ => registry.is_at_or_above(by, burner) || (has_left() && registry.succeeds(by, burner, document.owner)),
        };
        by == burner || is_above() || is_off(Check::AcceptBurner)
    }

    /// The burns of a key that act on what it wrote as this organisation under a grant of this depth: what each lets stand.
    fn burns_of(&self, key: PublicKey, depth: u32, of: Of, scope: Scope) -> BTreeMap<EntryId, Burnt<'l>> {
        let scope = scope.up_to(depth);
        let mut burns: BTreeMap<EntryId, Burnt<'l>> = BTreeMap::new();
        for b in self.ledger.burns.get(&key).into_iter().flatten() {
            let by = b.document.owner;
            let acts_here = self.depth_given(by, key, of.org).is_some_and(|depth| self.acts(b.entry, depth, scope));
            let took_over = |g: &GrantRecord| g.row.org == of.org && self.answers_now(by, g) && !is_off(Check::BurnTakenOver);
            let acts_after = || {
                !of.is_registry
                    && self.ledger.registry.grants_of(key).any(|(_, g)| took_over(g))
                    && self.judge(b.entry, Scope::ALL) == Standing::Stands
            };
            if acts_here || acts_after() {
                let burnt = burns.entry(b.entry).or_insert_with(|| Burnt { by, positions: Vec::new() });
                burnt.positions.push(&b.row.positions);
            }
        }
        burns
    }

    /// How deep this registry granted the key anything, if it has a say over what the key writes as this organisation: the organisation is its own or below it by creation, or the grant is for it.
    /// Else any registry could grant a role of its own to a stranger's key, and burn or accept what that key wrote elsewhere.
    pub(super) fn depth_given(&self, registry: OrgId, key: PublicKey, org: OrgId) -> Option<u32> {
        let all = &self.ledger.registry;
        let is_above = org == registry || is_off(Check::StrangersGranted) || all.created_under(org).contains(&registry);
        let grants = all.grants_of(key).filter(|(_, g)| g.registry == registry || is_off(Check::BurnOwnRegistry));
        grants.filter(|(_, g)| is_above || g.row.org == org).map(|(_, g)| g.depth).max()
    }

    /// The entry that burns the key of a grant; of several the lowest id.
    pub(super) fn burnt_by(&self, g: &GrantRecord) -> Option<EntryId> {
        let of = Of { org: g.row.org, is_registry: writes_registries(g) };
        self.burns_of(g.row.key, g.depth, of, Scope::ALL).into_keys().next()
    }

    /// Does a burn or end written in `entry` act on a key granted at `depth`?
    fn acts(&self, entry: EntryId, depth: u32, scope: Scope) -> bool {
        let Some(place) = self.ledger.place(&entry) else { return false };
        if is_off(Check::BurnDepth) {
            return true;
        }
        place.depth <= depth
            && (place.depth < depth || !is_off(Check::BurnMutual))
            && place.depth < scope.burns_below
            && self.judge(entry, Scope { burns_below: place.depth, accepts_below: place.depth }) == Standing::Stands
    }

    /// Is the entry one of those that the positions reach through previous and link?
    pub(super) fn covers(&self, positions: &'l [Positions], place: &Place, id: EntryId) -> bool {
        let (document, key) = (place.log.document, place.log.key);
        let is_lower = |p: &Positions| p.document == document && place.sequence <= p.height;
        self.reach.covers(self.ledger, positions, (document, key), id)
            || (is_off(Check::PositionIds) && positions.iter().any(is_lower))
    }

    /// Does this registry answer for a grant that another gave: did the organisation go over from there to it, or to one below it? Asked only for what lies in no registry, so the tree may be.
    #[must_use]
    pub fn answers_now(&self, registry: OrgId, g: &GrantRecord) -> bool {
        self.ledger.registry.succeeds(registry, g.registry, g.row.org)
    }
}

/// Does the grant let its key write in a registry? What stands there does not ask the tree.
pub(super) fn writes_registries(g: &GrantRecord) -> bool {
    g.row.role == Role::Admin && g.org_kind.certifies()
}
