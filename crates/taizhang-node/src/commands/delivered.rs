//! How far what this organisation wrote has come, by the receipts of others: withholding shows as a last day and a number of entries since.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{DocId, EntryId, OrgId, PublicKey},
    ledger::Ledger,
    nodes,
    receipt::Receipt,
    rows::Role,
    standing::Judge,
    units::Ms,
};

use super::shown;
use crate::{core::Core, error::Text, remembered::InStep};

/// What one other organisation has confirmed of our documents.
pub(crate) struct Delivered {
    pub(crate) org: OrgId,
    /// Its last receipt, by its clock.
    pub(crate) last: Option<Ms>,
    /// Entries that none of its receipts covers, and of which it should have given one.
    pub(crate) since: usize,
    /// The time that the oldest of them claims.
    pub(crate) oldest: Option<Ms>,
    /// When a session with it had nothing to exchange any more.
    pub(crate) in_step: Option<Ms>,
}

impl Delivered {
    /// «The county last received on 3 March; 12 entries since».
    pub(crate) fn sentence(&self, core: &Core) -> Text {
        let (mut org, n) = (Text::from(shown::org(core, self.org)), self.since);
        if let Some(closed) = shown::closed(core, self.org) {
            org = Text::new(format!("{} ({closed} 撤销)", org.zh), format!("{} (closed on {closed})", org.en));
        }
        let Text { zh, en } = org;
        match self.last.map(Ms::day) {
            Some(day) if n == 0 => {
                Text::new(format!("{zh} 已全部收讫, 最近一次在 {day}"), format!("{en} has received everything, last on {day}"))
            }
            Some(day) => Text::new(
                format!("{zh} 最近一次收讫在 {day}, 此后有 {n} 条"),
                format!("{en} last received on {day}; {n} entries since"),
            ),
            None if n == 0 && self.in_step.is_some() => {
                let day = self.in_step.unwrap_or_default().day();
                Text::new(
                    format!("{zh} 没有出具收讫, 但 {day} 同步时已无差别"),
                    format!("{en} has given no receipt; a sync on {day} found no difference"),
                )
            }
            None => {
                Text::new(format!("{zh} 尚未收讫任何条目, 共 {n} 条"), format!("{en} has confirmed nothing yet; {n} entries"))
            }
        }
    }

    /// The same as «429801: 12 (2026-03-03)», for a finding whose words stand beside it.
    pub(crate) fn figures(&self, core: &Core) -> String {
        let last = self.last.map(|m| format!(" ({})", m.day())).unwrap_or_default();
        format!("{}: {}{last}", shown::org(core, self.org), self.since)
    }

    pub(crate) fn json(&self, core: &Core) -> Json {
        let said = self.sentence(core);
        json!({
            "org": shown::org(core, self.org), "last_received_ms": self.last.map(|m| m.0), "since": self.since,
            "oldest_ms": self.oldest.map(|m| m.0), "in_step_ms": self.in_step.map(|m| m.0), "closed": shown::closed(core, self.org).map(|d| d.to_string()), "zh": said.zh, "en": said.en,
        })
    }
}

/// Every organisation that has confirmed anything of ours, and the one right above, which should.
pub(crate) fn all(core: &Core) -> Vec<Delivered> {
    let (ledger, own) = (core.ledger(), core.org());
    let registry = &ledger.registry;
    let judge = Judge::new(ledger);
    let mut receipts: BTreeMap<OrgId, Vec<(&DocId, &Receipt)>> = BTreeMap::new();
    for (_, document, receipt) in core.hub().receipts().filter(|(_, d, _)| d.owner == own) {
        for org in nodes::orgs_of(ledger, &judge, receipt.node).into_iter().filter(|o| *o != own) {
            receipts.entry(org).or_default().push((document, receipt));
        }
    }
    if let Some(parent) = registry.ancestors(own).first().filter(|p| registry.orgs.contains_key(p)) {
        receipts.entry(*parent).or_default();
    }
    receipts.into_iter().map(|(org, held)| of_org(core, org, &held)).collect()
}

/// Should this organisation still receive what is written here? None that is closed, or that is neither above nor below this one any more: where an
/// organisation has moved, its former county's machine need not be reached.
pub(crate) fn is_awaited(core: &Core, org: OrgId) -> bool {
    let registry = &core.ledger().registry;
    let is_near = registry.is_at_or_above(org, core.org()) || registry.is_at_or_above(core.org(), org);
    is_near && shown::closed(core, org).is_none()
}

/// A session with this node had nothing to exchange any more.
struct Held {
    node: PublicKey,
    step: InStep,
    /// Of what came here before, somebody else may have brought it there, and no receipt of it came: it counts as received. Of what came later a receipt is due.
    before: u64,
}

/// Certified nodes of this organisation that were in step with this one since it stands above or below it, and since they are certified: a county to which a
/// school was moved has the school's older records from the city, and so has a machine in the place of one that was stolen.
fn in_step(core: &Core, org: OrgId) -> Vec<Held> {
    let ledger = core.ledger();
    let registry = &ledger.registry;
    let judge = Judge::new(ledger);
    let came = |entry: &EntryId| ledger.place(entry).map_or(0, |p| p.arrival);
    let line = [core.org(), org].into_iter().chain(registry.ancestors(core.org())).chain(registry.ancestors(org));
    let placed = line.filter_map(|o| registry.orgs.get(&o)).map(|o| came(&o.current_name().entry)).max().unwrap_or_default();
    let mut held = Vec::new();
    for (node, step) in core.remembered().in_step().filter(|(_, s)| s.org == org) {
        let grants =
            registry.grants_of(*node).filter(|(name, g)| g.row.role == Role::Node && g.row.org == org && judge.grant_holds(name));
        if let Some(certified) = grants.map(|(name, _)| came(&name.entry)).min() {
            let before = certified.max(placed);
            held.extend((step.here > before).then_some(Held { node: *node, step: *step, before }));
        }
    }
    held
}

fn of_org(core: &Core, org: OrgId, held: &[(&DocId, &Receipt)]) -> Delivered {
    let ledger = core.ledger();
    let mut out = Delivered { org, last: held.iter().map(|(_, r)| r.time).max(), since: 0, oldest: None, in_step: None };
    let in_step = in_step(core, org);
    out.in_step = in_step.iter().map(|h| h.step.time).max();
    let refused =
        |node: &PublicKey, d: &DocId| core.remembered().refused().any(|r| !r.here && r.node == *node && r.document == *d);
    let ours = ledger.documents().filter(|d| d.owner == core.org() && ledger.registry.may_read(org, d));
    for document in ours {
        let of_document = held.iter().filter(|(d, _)| *d == document);
        let covered: BTreeSet<EntryId> = of_document.flat_map(|(_, r)| reached(ledger, document, r)).collect();
        let there = in_step.iter().filter(|h| h.step.kinds.has(document.kind) && !refused(&h.node, document));
        let there = there.map(|h| h.before).max().unwrap_or_default();
        let entries = ledger.document(document).map_or(&[][..], |d| d.entries.as_slice());
        for place in
            entries.iter().filter(|e| !covered.contains(*e)).filter_map(|e| ledger.place(e)).filter(|p| p.arrival >= there)
        {
            out.since += 1;
            out.oldest = Some(out.oldest.map_or(place.time, |o| o.min(place.time)));
        }
    }
    out
}

/// The entries that a receipt covers.
pub(super) fn reached(ledger: &Ledger, document: &DocId, receipt: &Receipt) -> BTreeSet<EntryId> {
    let tips = receipt.documents.iter().filter(|(d, _)| d == document).flat_map(|(_, tips)| tips);
    taizhang_sync::tips::reached_from(ledger, tips)
}
