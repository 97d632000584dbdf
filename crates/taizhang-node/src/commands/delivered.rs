//! How far what this organisation wrote has come, by the receipts of others: withholding shows as a last day and a number of entries since.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{DocId, EntryId, OrgId},
    ledger::Ledger,
    nodes,
    receipt::Receipt,
    standing::Judge,
    units::Ms,
};

use super::shown;
use crate::{core::Core, error::Text};

/// What one other organisation has confirmed of our documents.
pub(crate) struct Delivered {
    pub(crate) org: OrgId,
    /// Its last receipt, by its clock.
    pub(crate) last: Option<Ms>,
    /// Entries that none of its receipts covers.
    pub(crate) since: usize,
    /// The time that the oldest of them claims.
    pub(crate) oldest: Option<Ms>,
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
            "oldest_ms": self.oldest.map(|m| m.0), "closed": shown::closed(core, self.org).map(|d| d.to_string()), "zh": said.zh, "en": said.en,
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

fn of_org(core: &Core, org: OrgId, held: &[(&DocId, &Receipt)]) -> Delivered {
    let ledger = core.ledger();
    let mut out = Delivered { org, last: held.iter().map(|(_, r)| r.time).max(), since: 0, oldest: None };
    let ours = ledger.documents().filter(|d| d.owner == core.org() && ledger.registry.may_read(org, d));
    for document in ours {
        let of_document = held.iter().filter(|(d, _)| *d == document);
        let covered: BTreeSet<EntryId> = of_document.flat_map(|(_, r)| reached(ledger, document, r)).collect();
        let entries = ledger.document(document).map_or(&[][..], |d| d.entries.as_slice());
        for place in entries.iter().filter(|e| !covered.contains(*e)).filter_map(|e| ledger.place(e)) {
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
