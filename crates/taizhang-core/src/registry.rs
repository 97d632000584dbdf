//! The organisation tree and the grants, as the registries' admitted entries give them; who may read what.

mod tree;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    id::{DocId, Kind, OrgId, PublicKey},
    op::{RowName, RowRef},
    planted::{Check, is_off},
    root::Roots,
    rows::{Grant, Org, OrgKind, Role, RootStatement},
    units::Day,
};

pub use tree::Span;
pub(crate) use tree::{Held, is_below};

/// A row about an organisation.
#[derive(Clone, Debug)]
pub struct OrgRow {
    /// Its name.
    pub name: RowName,
    /// Whose registry it stands in.
    pub registry: OrgId,
    /// The creation, or a row that replaces one of that registry's own about it. Else it comes from a registry above.
    pub is_of_creator: bool,
    /// What it replaces.
    pub replaces: Vec<RowName>,
    /// Its fields.
    pub row: Org,
}

impl OrgRow {
    /// Does a grant of this registry that rests on the row stand whatever becomes of the organisation? It is the creator's own word, given in its registry or the organisation's.
    pub(crate) fn is_plain_ground(&self, registry: OrgId) -> bool {
        self.is_of_creator && (self.registry == registry || self.row.org == registry)
    }
}

/// An organisation.
#[derive(Clone, Debug)]
pub struct OrgRecord {
    /// Whose registry created it.
    pub registry: OrgId,
    /// Its creation row, of several the one with the lowest name; what is not described anew holds from here.
    pub creation: OrgRow,
    /// Later descriptions by the registry that created it, and its other creations, also by a second registry whose hash begins alike; in no order.
    pub changes: Vec<OrgRow>,
    /// Whose registries created it: few, where the descriptions may be ten thousand.
    creators: BTreeSet<OrgId>,
    /// What its creations say that it is, nearest to the root first.
    kinds: Vec<OrgKind>,
    /// What of all that stands; `None`: the creation and nothing else.
    held: Option<Held>,
}

impl OrgRecord {
    /// The creation and every other row of the creating registry about it.
    pub fn rows(&self) -> impl Iterator<Item = &OrgRow> {
        std::iter::once(&self.creation).chain(&self.changes)
    }
}

/// A grant as written.
#[derive(Clone, Debug)]
pub struct GrantRecord {
    /// Its row.
    pub row: Grant,
    /// Whose registry it stands in.
    pub registry: OrgId,
    /// How many grants lie between it and the root: 1 for those that root keys gave.
    pub depth: u32,
    /// What its organisation is, by the row it rests on.
    pub org_kind: OrgKind,
    /// The row it rests on, where that moved the organisation: then it counts only with that row.
    pub moved: Option<RowName>,
}

/// Where a row about an organisation lies.
#[derive(Clone, Copy, Debug)]
enum At {
    Creation,
    Change(usize),
    Above(usize),
}

/// Organisations and grants by name.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// The first root statement and the entry that holds it.
    pub root: Option<(RowName, RootStatement)>,
    /// It and its successors.
    pub roots: Roots,
    /// Every organisation but the root.
    pub orgs: BTreeMap<OrgId, OrgRecord>,
    /// Every grant.
    pub grants: BTreeMap<RowName, GrantRecord>,
    /// Grants by the key they are given to.
    by_key: BTreeMap<PublicKey, BTreeSet<RowName>>,
    /// Rows about organisations that their registry did not create, also of such as are not known yet; in no order.
    from_above: BTreeMap<OrgId, Vec<OrgRow>>,
    /// Every row about an organisation, by name.
    named: BTreeMap<RowName, (OrgId, At)>,
    /// Where an organisation was moved, of those moves on which a grant rests, count or not: whose registry moved it, and under whom that grants.
    placed: BTreeMap<OrgId, BTreeSet<(OrgId, OrgId)>>,
    /// Organisations that a row named as a parent before they were known.
    awaited: BTreeSet<OrgId>,
    /// Organisations of which a row does not count.
    with_idle: BTreeSet<OrgId>,
    /// Is more said of any organisation than its creation?
    is_told: bool,
    /// How many organisations stand elsewhere than where they were created, or did.
    moved: usize,
}

impl Registry {
    /// A row about an organisation as this registry would file it.
    #[must_use]
    pub fn org_row(&self, registry: OrgId, name: RowName, replaces: &[RowRef], row: Org) -> OrgRow {
        let replaces: Vec<RowName> = replaces.iter().map(|r| r.resolve(name.entry)).collect();
        // By what it names alone: which registry is the creating one may depend on a creation that is not here yet.
        let is_own = |r: &OrgRow| r.is_of_creator && r.row.org == row.org && r.registry == registry;
        let is_of_creator = row.random.is_some() || replaces.iter().filter_map(|r| self.row(r)).any(is_own);
        OrgRow { name, registry, is_of_creator, replaces, row }
    }

    /// Files a row about an organisation.
    pub fn insert_org(&mut self, filed: OrgRow) {
        let (org, name) = (filed.row.org, filed.name);
        if self.named.contains_key(&name) {
            return;
        }
        self.is_told |= filed.row.random.is_none() || self.orgs.contains_key(&org);
        if !self.orgs.contains_key(&filed.row.parent) {
            self.awaited.insert(filed.row.parent);
        }
        if !filed.is_of_creator {
            let above = self.from_above.entry(org).or_default();
            self.named.insert(name, (org, At::Above(above.len())));
            above.push(filed);
            return;
        }
        let creator = filed.row.random.is_some().then_some((filed.registry, filed.row.kind));
        let at = match self.orgs.get_mut(&org) {
            // Created twice, by one registry or by two whose hashes begin alike: the lower name is the one, whatever came first; grants may rest on either.
            Some(o) if filed.row.random.is_some() && o.creation.name > name => {
                if !is_off(Check::CreatorLowest) {
                    o.registry = filed.registry;
                }
                let later = std::mem::replace(&mut o.creation, filed);
                self.named.insert(later.name, (org, At::Change(o.changes.len())));
                o.changes.push(later);
                At::Creation
            }
            Some(o) => {
                o.changes.push(filed);
                At::Change(o.changes.len().saturating_sub(1))
            }
            None => {
                let record = OrgRecord {
                    registry: filed.registry,
                    creation: filed,
                    changes: Vec::new(),
                    creators: BTreeSet::new(),
                    kinds: Vec::new(),
                    held: None,
                };
                self.orgs.insert(org, record);
                At::Creation
            }
        };
        if let Some(((registry, kind), o)) = creator.zip(self.orgs.get_mut(&org)) {
            o.creators.insert(registry);
            o.kinds.push(kind);
            o.kinds.sort_by_key(|k| k.number());
            o.kinds.dedup();
        }
        self.named.insert(name, (org, at));
    }

    /// A row about an organisation, by name.
    #[must_use]
    pub fn row(&self, name: &RowName) -> Option<&OrgRow> {
        let (org, at) = self.named.get(name)?;
        let record = || self.orgs.get(org);
        match at {
            At::Creation => Some(&record()?.creation),
            At::Change(n) => record()?.changes.get(*n),
            At::Above(n) => self.from_above.get(org)?.get(*n),
        }
    }

    /// Every row about an organisation, of whichever registry.
    pub fn rows_about(&self, org: OrgId) -> impl Iterator<Item = &OrgRow> {
        let above = self.from_above.get(&org).into_iter().flatten();
        self.orgs.get(&org).into_iter().flat_map(OrgRecord::rows).chain(above)
    }

    /// Files a grant.
    pub fn insert_grant(&mut self, name: RowName, grant: GrantRecord) {
        self.by_key.entry(grant.row.key).or_default().insert(name);
        if let Some(moved) = grant.moved.and_then(|m| self.row(&m)).map(|r| r.registry) {
            self.placed.entry(grant.row.org).or_default().insert((moved, grant.registry));
        }
        self.grants.insert(name, grant);
    }

    /// What an organisation is; `None` for the root and the unknown.
    #[must_use]
    pub fn kind(&self, org: OrgId) -> Option<OrgKind> {
        self.orgs.get(&org).map(|o| o.creation.row.kind)
    }

    /// The organisation with this code, as described now: the open one, else the closed one; `None` if there is none or more than one.
    #[must_use]
    pub fn by_code(&self, code: &str) -> Option<OrgId> {
        let only = |open: bool| {
            let fits = |o: &OrgRecord| o.current().code == code && o.current().closed_day.is_none() == open;
            let mut found = self.orgs.iter().filter(|(_, o)| fits(o)).map(|(id, _)| *id);
            (found.next(), found.next())
        };
        match only(true) {
            (None, _) => Some(only(false)).filter(|(_, second)| second.is_none())?.0,
            (first, None) => first,
            _ => None,
        }
    }

    /// Is this its code, or was it by a row that counts?
    #[must_use]
    pub fn was_called(&self, org: OrgId, code: &str) -> bool {
        let counts = |r: &OrgRow| self.orgs.get(&org).is_some_and(|o| o.counts(r.name));
        self.rows_about(org).any(|r| r.row.code == code && counts(r))
    }

    /// May a node of organisation `reader` hold this document? (design: the table of kinds; docs/decisions/0014: over the years)
    #[must_use]
    pub fn may_read(&self, reader: OrgId, document: &DocId) -> bool {
        let (owner, since) = (document.owner, since(document));
        let concerned = [Some(owner), document.subject];
        let oversees = || concerned.into_iter().flatten().any(|o| self.oversees(reader, o, since));
        // The city is the highest that reads; a province still reads what it writes or what is about it.
        let up_to_city = || concerned.contains(&Some(reader)) || (self.is_city_or_below(reader) && oversees());
        let below_owner = || self.was_at_or_above(owner, reader, since);
        // Whoever has a school now reads what it went by before.
        let with_moved = || below_owner() || (self.is_city_or_below(reader) && self.has_one_from_below(reader, owner, since));
        match document.kind {
            Kind::Registry => self.stood_below(owner).contains(&reader) || self.line(reader).contains(&owner),
            Kind::Policy => below_owner(),
            // The city must read what a county's rollup was computed from (docs/decisions/0009).
            Kind::Notice => up_to_city() || with_moved() || self.is_below_organisers_parent(reader, owner, since),
            Kind::Roster | Kind::Review | Kind::Transfer => up_to_city(),
            Kind::Ledger => up_to_city() || (document.subject.is_none() && with_moved()),
            Kind::Identity => {
                std::iter::once(owner).chain(self.heirs(owner)).any(|o| o == reader || self.county_of(o) == Some(reader))
            }
            Kind::Rollup => oversees(),
        }
    }

    /// Is the owner a county or city above the subject, in the document's year or later?
    #[must_use]
    pub fn is_by_office_above(&self, document: &DocId) -> bool {
        let is_office = matches!(self.kind(document.owner), Some(OrgKind::County | OrgKind::City));
        is_office && document.subject.is_some_and(|s| self.oversees(document.owner, s, since(document)))
    }

    /// May this review decide: does a county or city own it that is above its subject, or was in its year or later?
    #[must_use]
    pub fn decides(&self, review: &DocId) -> bool {
        review.kind == Kind::Review && self.is_by_office_above(review)
    }

    /// May an organisation decide on what another's document plans: was it above in the document's year or later?
    #[must_use]
    pub fn is_above_plan(&self, above: OrgId, document: &DocId) -> bool {
        above != document.owner && self.oversees(above, document.owner, since(document))
    }

    fn is_city_or_below(&self, org: OrgId) -> bool {
        self.kind(org).is_some_and(|k| k != OrgKind::Province)
    }

    /// Did it ever stand under another than the one that created it?
    #[must_use]
    pub fn has_moved(&self, org: OrgId) -> bool {
        self.moved > 0 && self.orgs.get(&org).is_some_and(OrgRecord::has_moved)
    }

    /// Did it ever stand under another than the one that created it, or rest grants on a move there that was taken back?
    #[must_use]
    pub fn was_placed(&self, org: OrgId) -> bool {
        self.has_moved(org) || self.placed_under(org).next().is_some()
    }

    /// Organisations of which that is so, and which stand now at or below both of these.
    pub fn placed_below(&self, one: OrgId, other: OrgId) -> impl Iterator<Item = OrgId> {
        let is_below = move |o: OrgId| self.is_at_or_above(one, o) && self.is_at_or_above(other, o);
        let all: BTreeSet<OrgId> = self.moved().chain(self.placed.keys().copied()).collect();
        all.into_iter().filter(move |o| is_below(*o) && self.was_placed(*o))
    }

    /// Does any of its creations say that it is of this kind?
    #[must_use]
    pub(crate) fn was_created_as(&self, org: OrgId, kind: OrgKind) -> bool {
        self.orgs.get(&org).is_some_and(|o| o.kinds.contains(&kind))
    }

    /// What it was created as, by whichever creation says the kind nearest to the root: whoever creates it again cannot lower it.
    #[must_use]
    pub(crate) fn highest_kind(&self, org: OrgId) -> Option<OrgKind> {
        self.orgs.get(&org).and_then(|o| o.kinds.first().copied())
    }

    fn moved(&self) -> impl Iterator<Item = OrgId> {
        self.orgs.iter().take_while(|_| self.moved > 0).filter(|(_, o)| o.has_moved()).map(|(id, _)| *id)
    }

    /// Does `reader` now have an organisation below it that stood under `owner` from a day on?
    fn has_one_from_below(&self, reader: OrgId, owner: OrgId, since: Day) -> bool {
        self.moved().any(|m| self.is_at_or_above(reader, m) && self.was_at_or_above(owner, m, since))
    }

    fn is_below_organisers_parent(&self, reader: OrgId, owner: OrgId, since: Day) -> bool {
        self.kind(owner) == Some(OrgKind::Organiser)
            && self.ancestors(owner).first().is_some_and(|p| self.was_at_or_above(*p, reader, since))
    }

    /// The county that keeps the names of a school, or the city where there is none between.
    #[must_use]
    pub fn county_of(&self, school: OrgId) -> Option<OrgId> {
        self.ancestors(school).into_iter().find(|a| matches!(self.kind(*a), Some(OrgKind::County | OrgKind::City)))
    }

    /// Who decides on an organisation's plans: the nearest above it that certifies; itself where there is none.
    #[must_use]
    pub fn plan_decider(&self, owner: OrgId) -> OrgId {
        let certifies = |o: &OrgId| self.kind(*o).is_some_and(OrgKind::certifies);
        self.ancestors(owner).into_iter().find(certifies).unwrap_or(owner)
    }

    /// Was a reviewer's grant of the organisation given to this key? Somebody who is a clerk too may have begun the log under the clerk's grant.
    #[must_use]
    pub fn is_reviewer(&self, key: PublicKey, org: OrgId) -> bool {
        self.grants_of(key).any(|(_, g)| (g.row.role == Role::Reviewer || is_off(Check::PlanReviewer)) && g.row.org == org)
    }

    /// Every grant given to a key.
    pub fn grants_of(&self, key: PublicKey) -> impl Iterator<Item = (&RowName, &GrantRecord)> {
        self.by_key.get(&key).into_iter().flatten().filter_map(|name| self.grants.get_key_value(name))
    }
}

/// From which day on whoever was above reads the document: 1 January of its year; without a year, who is above now.
fn since(document: &DocId) -> Day {
    if is_off(Check::YearsAfter) {
        return Day(0);
    }
    document.period.map_or(Day(u32::MAX), Day::first_of)
}

/// Which role a document's kind asks of its writers.
#[must_use]
pub fn may_write(document: &DocId, role: Role, org: OrgId, org_kind: OrgKind) -> bool {
    use OrgKind::{City, County, Organiser, Province, School};
    if org != document.owner && !is_off(Check::DocumentOwner) {
        return false;
    }
    if is_off(Check::WriterRole) {
        return true;
    }
    match document.kind {
        Kind::Registry => role == Role::Admin && org_kind.certifies(),
        Kind::Policy => role == Role::PolicyOfficer && matches!(org_kind, City | Province),
        Kind::Notice => matches!(role, Role::Clerk | Role::Reviewer) && matches!(org_kind, County | City | Province | Organiser),
        Kind::Roster | Kind::Identity => role == Role::Clerk && org_kind == School,
        Kind::Ledger => matches!(role, Role::Clerk | Role::Principal),
        Kind::Review | Kind::Rollup => role == Role::Reviewer && org_kind.certifies(),
        Kind::Transfer => matches!(role, Role::Clerk | Role::Reviewer) && org_kind == County,
    }
}

/// Which roles open names: who keeps a school's roster and who answers for it; and who decides on its records at the county. Admins grant, they need no names.
#[must_use]
pub fn opens_names(role: Role, org_kind: OrgKind) -> bool {
    match role {
        Role::Clerk | Role::Principal => org_kind == OrgKind::School,
        Role::Reviewer => matches!(org_kind, OrgKind::County | OrgKind::City),
        Role::Admin | Role::PolicyOfficer | Role::Auditor | Role::Node => false,
    }
}

/// Which roles an organisation's staff may have.
#[must_use]
pub fn has_role(org_kind: OrgKind, role: Role) -> bool {
    if is_off(Check::OfficeRoles) {
        return true;
    }
    match role {
        Role::Node | Role::Clerk => true,
        Role::Principal => org_kind == OrgKind::School,
        Role::Reviewer | Role::Admin | Role::Auditor => org_kind.certifies(),
        Role::PolicyOfficer => matches!(org_kind, OrgKind::City | OrgKind::Province),
    }
}
