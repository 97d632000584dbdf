//! The organisation tree and the grants, as the registries' admitted entries give them; who may read what.

use std::collections::BTreeMap;

use crate::{
    id::{DocId, Kind, OrgId, PublicKey},
    op::{RowName, RowRef},
    planted::{Check, is_off},
    rows::{Grant, Org, OrgKind, Role, RootStatement},
};

/// A row about an organisation.
#[derive(Clone, Debug)]
pub struct OrgRow {
    /// Its name.
    pub name: RowName,
    /// What it replaces.
    pub replaces: Vec<RowName>,
    /// Its fields.
    pub row: Org,
}

/// An organisation.
#[derive(Clone, Debug)]
pub struct OrgRecord {
    /// Whose registry created it.
    pub registry: OrgId,
    /// Its creation row; what is not described anew holds from here.
    pub creation: OrgRow,
    /// Later descriptions, and the same creation written again; in no order.
    pub changes: Vec<OrgRow>,
}

impl OrgRecord {
    /// The creation and every other row about it.
    pub fn rows(&self) -> impl Iterator<Item = &OrgRow> {
        std::iter::once(&self.creation).chain(&self.changes)
    }

    /// The description that no other replaces; of several, the one with the lowest name, so that every node shows the same.
    #[must_use]
    pub fn current(&self) -> &Org {
        let is_replaced = |name: RowName| self.rows().any(|r| r.replaces.contains(&name));
        self.rows().filter(|r| !is_replaced(r.name)).min_by_key(|r| r.name).map_or(&self.creation.row, |r| &r.row)
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
}

/// Organisations and grants by name.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// The first root statement and the entry that holds it.
    pub root: Option<(RowName, RootStatement)>,
    /// Every organisation but the root.
    pub orgs: BTreeMap<OrgId, OrgRecord>,
    /// Every grant.
    pub grants: BTreeMap<RowName, GrantRecord>,
}

impl Registry {
    /// Files an organisation row.
    pub fn insert_org(&mut self, registry: OrgId, name: RowName, replaces: &[RowRef], row: Org) {
        let replaces = replaces.iter().map(|r| r.resolve(name.entry)).collect();
        let filed = OrgRow { name, replaces, row };
        if filed.row.random.is_none() {
            if let Some(o) = self.orgs.get_mut(&filed.row.org)
                && o.registry == registry
                && o.rows().all(|r| r.name != name)
            {
                o.changes.push(filed);
            }
            return;
        }
        let org = filed.row.org;
        match self.orgs.get_mut(&org) {
            Some(o) if o.rows().any(|r| r.name == name) => {}
            // The same creation written twice: the lower name is the one, whatever came first; grants may rest on either.
            Some(o) if o.creation.name > name => {
                let later = std::mem::replace(&mut o.creation, filed);
                o.changes.push(later);
            }
            Some(o) => o.changes.push(filed),
            None => {
                self.orgs.insert(org, OrgRecord { registry, creation: filed, changes: Vec::new() });
            }
        }
    }

    /// The organisations above, nearest first; the root is the last.
    #[must_use]
    pub fn ancestors(&self, org: OrgId) -> Vec<OrgId> {
        let mut out: Vec<OrgId> = Vec::new();
        let mut at = org;
        while let Some(o) = self.orgs.get(&at) {
            let parent = o.creation.row.parent;
            if out.contains(&parent) || out.len() > 16 {
                break;
            }
            out.push(parent);
            at = parent;
        }
        out
    }

    /// Is `above` the same as `org`, or above it?
    #[must_use]
    pub fn is_at_or_above(&self, above: OrgId, org: OrgId) -> bool {
        above == org || self.ancestors(org).contains(&above)
    }

    /// Is it strictly above the other, and a county or city?
    #[must_use]
    pub fn is_above(&self, above: OrgId, org: OrgId) -> bool {
        matches!(self.kind(above), Some(OrgKind::County | OrgKind::City)) && self.ancestors(org).contains(&above)
    }

    /// May this review decide: does a county or city above its subject own it?
    #[must_use]
    pub fn decides(&self, review: &DocId) -> bool {
        review.kind == Kind::Review && review.subject.is_some_and(|s| self.is_above(review.owner, s))
    }

    /// What an organisation is; `None` for the root and the unknown.
    #[must_use]
    pub fn kind(&self, org: OrgId) -> Option<OrgKind> {
        self.orgs.get(&org).map(|o| o.creation.row.kind)
    }

    /// The organisation with this code, as described now; `None` if there is none or more than one.
    #[must_use]
    pub fn by_code(&self, code: &str) -> Option<OrgId> {
        let mut found = self.orgs.iter().filter(|(_, o)| o.current().code == code).map(|(id, _)| *id);
        found.next().filter(|_| found.next().is_none())
    }

    /// May a node of organisation `reader` hold this document? (design: the table of kinds)
    #[must_use]
    pub fn may_read(&self, reader: OrgId, document: &DocId) -> bool {
        let owner = document.owner;
        let concerned = [Some(owner), document.subject];
        let is_owner_or_above = concerned.into_iter().flatten().any(|o| self.is_at_or_above(reader, o));
        // The city is the highest that reads; a province still reads what it writes or what is about it.
        let up_to_city = concerned.contains(&Some(reader)) || (is_owner_or_above && self.is_city_or_below(reader));
        let below_owner = self.is_at_or_above(owner, reader);
        match document.kind {
            Kind::Registry => is_owner_or_above || below_owner,
            Kind::Policy => below_owner,
            // The city must read what a county's rollup was computed from (docs/decisions/0009).
            Kind::Notice => up_to_city || below_owner || self.is_below_organisers_parent(reader, owner),
            Kind::Roster | Kind::Review | Kind::Transfer => up_to_city,
            Kind::Ledger => up_to_city || (document.subject.is_none() && below_owner),
            Kind::Identity => reader == owner || self.county_of(owner) == Some(reader),
            Kind::Rollup => is_owner_or_above,
        }
    }

    fn is_city_or_below(&self, org: OrgId) -> bool {
        self.kind(org).is_some_and(|k| k != OrgKind::Province)
    }

    fn is_below_organisers_parent(&self, reader: OrgId, owner: OrgId) -> bool {
        self.kind(owner) == Some(OrgKind::Organiser)
            && self.ancestors(owner).first().is_some_and(|p| self.is_at_or_above(*p, reader))
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
        self.grants.iter().filter(move |(_, g)| g.row.key == key)
    }
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
