//! Grants that outlived what they rest on: of an organisation that was closed, or by one that is no longer above and that no move kept. They act until somebody ends them (docs/decisions/0014), so an audit says whose they are.
//!
//! An honest move keeps the grants that hold on its day: nothing is said of them. An honest closing leaves its people their grants, so that they may correct what is there: a note, until something is written since.

use taizhang_core::{
    id::PublicKey,
    ledger::Ledger,
    registry::{GrantRecord, OrgRecord, Registry},
    rows::Role,
    standing::Judge,
    units::Day,
};

use super::{
    Audit,
    findings::{self, Code, Finding},
};
use crate::error::Text;

/// One finding for each such grant of a person that is still in force; who holds it is responsible, the detail says who may end it.
pub(super) fn check(audit: &mut Audit<'_>) {
    let (ledger, today) = (audit.ledger, audit.core.now().day());
    let judge = Judge::new(ledger);
    for (name, g) in ledger.registry.grants.iter().filter(|(_, g)| !g.row.one_use && g.row.role != Role::Node) {
        let is_kept = judge.grant_holds(name);
        let Some((code, first)) = outlived(&ledger.registry, g, is_kept, today).filter(|_| judge.grant_is_open(name)) else {
            continue;
        };
        let (later, by) = (written_from(ledger, g, first), findings::org(ledger, g.registry));
        let code = if code == findings::GRANT_CLOSED && later == 0 { code.noted() } else { code };
        let detail = Text::new(
            format!("自 {first} 起: 写了 {later} 条; 可由 {by} 停用"),
            format!("from {first} on: {later} entries; {by} may end it"),
        );
        audit.findings.push(Finding::of_grant(code, *name, g, detail));
    }
}

/// Why a grant should have ended, and the first day on which it had no ground any more.
fn outlived(registry: &Registry, g: &GrantRecord, is_kept: bool, today: Day) -> Option<(Code, Day)> {
    let org = registry.orgs.get(&g.row.org)?;
    if let Some(closed) = org.current().closed_day.filter(|closed| *closed < today) {
        return Some((findings::GRANT_CLOSED, Day(closed.0.saturating_add(1))));
    }
    let is_former = !registry.is_at_or_above(g.registry, g.row.org) && !is_kept;
    is_former.then(|| (findings::GRANT_FORMER, left(org, g)))
}

/// The day on which the organisation went to another parent.
fn left(org: &OrgRecord, g: &GrantRecord) -> Day {
    let spans = org.spans();
    let under = spans.iter().rposition(|s| s.parent == g.registry).map_or(0, |n| n + 1);
    spans.get(under).or(spans.last()).map_or(Day(0), |s| s.from)
}

/// What its key wrote for the organisation from that day on, by its own claim.
fn written_from(ledger: &Ledger, g: &GrantRecord, first: Day) -> usize {
    let key: PublicKey = g.row.key;
    let documents = ledger.documents().filter(|d| d.owner == g.row.org).filter_map(|d| ledger.document(d));
    let places = documents.flat_map(|d| &d.entries).filter_map(|id| ledger.place(id));
    places.filter(|p| p.log.key == key && p.time.day() >= first).count()
}
