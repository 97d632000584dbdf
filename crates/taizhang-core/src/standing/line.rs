//! Whose grants are trusted with names and sessions after an organisation has moved (docs/decisions/0014).
//!
//! What the former county wrote before the move and after it looks alike: no clock is read, and its registry does not know of the move. So the row that moves an organisation names the grants it leaves in force; what it does not name, and no registry above the organisation gave, gives no names away and certifies no node.

use super::Judge;
use crate::{
    id::{DocId, Kind, OrgId},
    op::{RowName, RowRef},
    planted::{Check, is_off},
    registry::GrantRecord,
};

/// Grants that one row leaves in force, at most: they fit into it.
pub const KEPT_MAX: usize = 40;

impl Judge<'_> {
    /// Is the grant open, and do those who answer for its organisation now stand by it?
    #[must_use]
    pub fn grant_holds(&self, name: &RowName) -> bool {
        let registry = &self.ledger().registry;
        registry.grants.get(name).is_some_and(|g| self.is_vouched(*name, g)) && self.grant_is_open(name)
    }

    /// Was it given at or above its organisation as that stands now, or left in force when the organisation moved?
    fn is_vouched(&self, name: RowName, g: &GrantRecord) -> bool {
        let registry = &self.ledger().registry;
        let is_near = || registry.is_at_or_above(g.registry, g.row.org);
        let is_kept = || registry.orgs.get(&g.row.org).is_some_and(|o| o.current().keeps(name));
        is_near() || is_kept() || is_off(Check::GrantVouched)
    }

    /// Grants of an organisation that hold now and that a move below `parent` would leave behind: what its row names to leave them in force, the first by name where there are too many.
    #[must_use]
    pub fn left_behind(&self, org: OrgId, parent: OrgId) -> Vec<RowRef> {
        let registry = &self.ledger().registry;
        let stays = |g: &GrantRecord| g.registry == org || registry.is_at_or_above(g.registry, parent);
        let behind = registry.grants.iter().filter(|(_, g)| g.row.org == org && !g.row.one_use && !stays(g));
        let held = behind.filter(|(name, _)| self.grant_holds(name));
        let mut kept: Vec<RowRef> =
            held.map(|(name, g)| name.in_document(DocId::of(g.registry, Kind::Registry))).take(KEPT_MAX).collect();
        kept.sort();
        kept
    }
}
