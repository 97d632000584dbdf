//! Grants that outlived what they rest on: of an organisation that was closed, or by one that is no longer above. They act until somebody ends them (docs/decisions/0014), so an audit says whose they are.

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
        let Some((code, last)) = outlived(&ledger.registry, g, today).filter(|_| judge.grant_is_open(name)) else { continue };
        let (later, by) = (written_after(ledger, g, last), findings::org(ledger, g.registry));
        let detail = Text::new(
            format!("自 {last} 起: 其后写了 {later} 条; 应由 {by} 停用"),
            format!("since {last}: {later} entries of later days; to be ended by {by}"),
        );
        audit.findings.push(Finding::of_grant(code, *name, g, detail));
    }
}

/// Why a grant should have ended, and the last day on which it had its ground.
fn outlived(registry: &Registry, g: &GrantRecord, today: Day) -> Option<(Code, Day)> {
    let org = registry.orgs.get(&g.row.org)?;
    if let Some(closed) = org.current().closed_day.filter(|closed| *closed < today) {
        return Some((findings::GRANT_CLOSED, closed));
    }
    let is_former = !registry.is_at_or_above(g.registry, g.row.org);
    is_former.then(|| (findings::GRANT_FORMER, last_under(org, g)))
}

/// The day before the organisation went to another parent.
fn last_under(org: &OrgRecord, g: &GrantRecord) -> Day {
    let spans = org.spans();
    let under = spans.iter().rposition(|s| s.parent == g.registry).map_or(0, |n| n + 1);
    let left = spans.get(under).or(spans.last()).map_or(Day(0), |s| s.from);
    Day(left.0.saturating_sub(1))
}

/// What its key wrote for the organisation since, by its own claim.
fn written_after(ledger: &Ledger, g: &GrantRecord, last: Day) -> usize {
    let key: PublicKey = g.row.key;
    let documents = ledger.documents().filter(|d| d.owner == g.row.org).filter_map(|d| ledger.document(d));
    let places = documents.flat_map(|d| &d.entries).filter_map(|id| ledger.place(id));
    places.filter(|p| p.log.key == key && p.time.day() > last).count()
}
