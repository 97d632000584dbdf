//! Which organisations certify a node's key.
//!
//! Whoever may certify at all can grant a key that is another's node: so there may be several, and no one of them takes the node from the others. Which of them a node works for it says itself when it greets.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    id::{OrgId, PublicKey},
    ledger::Ledger,
    registry::GrantRecord,
    rows::Role,
    standing::Judge,
};

/// Every node with the organisations that certify its key by an open, standing grant that those vouch for under whom they stand now.
#[must_use]
pub fn certified(ledger: &Ledger, judge: &Judge<'_>) -> BTreeMap<PublicKey, BTreeSet<OrgId>> {
    let mut nodes: BTreeMap<PublicKey, BTreeSet<OrgId>> = BTreeMap::new();
    let open = ledger.registry.grants.iter().filter(|(name, g)| certifies(g) && judge.grant_holds(name));
    open.for_each(|(_, g)| _ = nodes.entry(g.row.key).or_default().insert(g.row.org));
    nodes
}

/// The organisations that certify this key as a node's; none of a person's, or of a node that was withdrawn.
#[must_use]
pub fn orgs_of(ledger: &Ledger, judge: &Judge<'_>, key: PublicKey) -> BTreeSet<OrgId> {
    let open = ledger.registry.grants_of(key).filter(|(name, g)| certifies(g) && judge.grant_holds(name));
    open.map(|(_, g)| g.row.org).collect()
}

/// Of the organisations that certify a node the one that it names itself; where it names none of them, the only one.
#[must_use]
pub fn chosen(orgs: &BTreeSet<OrgId>, named: Option<OrgId>) -> Option<OrgId> {
    let only = if orgs.len() == 1 { orgs.first().copied() } else { None };
    named.filter(|org| orgs.contains(org)).or(only)
}

fn certifies(g: &GrantRecord) -> bool {
    g.row.role == Role::Node && !g.row.one_use
}
