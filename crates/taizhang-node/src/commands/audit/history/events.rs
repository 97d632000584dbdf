//! Everything that was done to a record: written, corrected, claimed, decided, locked, summed, accepted, burnt; by whom and when.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};
use taizhang_core::{
    cbor::Value,
    id::{DocId, EntryId, PublicKey},
    op::{RowName, RowRef},
    rows::{
        self, Accept, Activity, Burn, Decision, DecisionTarget, End, Erase, PlanDecision, Positions, Registration, RowType,
        Unlock, field::Field,
    },
    units::Ms,
    view::{DocumentView, RegisterWrite, ViewRow, export::named_fields},
};

use super::{super::anchors::Anchor, Subject};
use crate::{commands::shown, core::Core};

/// In order of the times claimed. Of identities only who asked that the teacher be forgotten is told.
pub(super) fn all(
    core: &Core,
    (views, identities): (&[DocumentView], &[DocumentView]),
    subject: &Subject,
    anchors: &[Anchor],
) -> Vec<Json> {
    let is_erasure = |row: &ViewRow| row.read::<Erase>().is_some_and(|p| Some(&p.row.teacher) == subject.teacher.as_ref());
    let erasures = || identities.iter().flat_map(|v| v.rows.values().map(move |row| (v, row))).filter(|(_, r)| is_erasure(r));
    let named: BTreeSet<RowName> = subject.rows.iter().copied().chain(erasures().map(|(_, row)| row.name)).collect();
    let rows = || views.iter().flat_map(|v| v.rows.values().map(move |row| (v, row)));
    let naming = rows().filter(|(_, row)| names(row, &named)).map(|(_, row)| row.name.entry);
    let touched = named.iter().map(|r| r.entry).chain(naming).collect();
    let teller = Teller { core, subject, anchors, named, touched };
    let mut out: Vec<(Ms, RowName, Json)> = Vec::new();
    for (view, row) in rows() {
        out.extend(teller.of_row(view, row).into_iter().map(|event| (row.time, row.name, event)));
    }
    for (view, row) in erasures() {
        out.push((row.time, row.name, teller.event(verb(row), view, row, None)));
    }
    for view in views {
        let of_subject = view.registers.values().flat_map(|w| w.values()).filter(|w| subject.is_described_by(&w.key));
        out.extend(of_subject.map(|w| (w.time, RowName { entry: w.entry, index: w.index }, teller.described(view, w))));
    }
    out.extend(teller.of_anchors());
    // What claims the same time comes in the order in which it came here: a burn after what it burnt.
    out.sort_by_key(|(time, name, _)| (*time, core.ledger().place(&name.entry).map(|p| p.arrival), *name));
    out.into_iter().map(|(.., event)| event).collect()
}

struct Teller<'a> {
    core: &'a Core,
    subject: &'a Subject,
    anchors: &'a [Anchor],
    /// The record's rows, and those that ask that its teacher be forgotten.
    named: BTreeSet<RowName>,
    /// Their entries, and those of the rows that name them: of every hand that touched the record.
    touched: BTreeSet<EntryId>,
}

impl Teller<'_> {
    /// What one row did to the record; a row that says what a paper claims did two things.
    fn of_row(&self, view: &DocumentView, row: &ViewRow) -> Vec<Json> {
        if self.subject.rows.contains(&row.name) {
            let word = if row.replaces.is_empty() { "written" } else { "corrected" };
            let claimed = claim(row).map(|claim| self.event("claimed", view, row, Some(claim)));
            return std::iter::once(self.event(word, view, row, None)).chain(claimed).collect();
        }
        let named = names(row, &self.named) || self.undoes_lock(row);
        let acted = self.on_key(row);
        acted
            .or_else(|| named.then(|| (verb(row), None)))
            .map(|(word, what)| self.event(word, view, row, what))
            .into_iter()
            .collect()
    }

    /// A burn, end or accept that reaches the record's entries, those that decided on it, or their authors.
    fn on_key(&self, row: &ViewRow) -> Option<(&'static str, Option<String>)> {
        let ledger = self.core.ledger();
        let places = || self.touched.iter().filter_map(|e| ledger.place(e));
        let covered = |p: &[Positions]| self.touched.iter().any(|e| covers(self.core, p, e));
        if let Some(burn) = row.read::<Burn>().map(|p| p.row) {
            let is_author = places().any(|p| p.log.key == burn.key);
            let what = if covered(&burn.positions) { "kept" } else { "not kept" };
            return is_author.then(|| ("key_burnt", Some(what.to_owned())));
        }
        if let Some(end) = row.read::<End>().map(|p| p.row) {
            let grant = end.grant.resolve(row.name.entry);
            return places().any(|p| p.grant == Some(grant)).then(|| ("key_ended", Some(end.left_day.to_string())));
        }
        row.read::<Accept>().filter(|p| covered(&p.row.positions)).map(|_| ("accepted", None))
    }

    fn undoes_lock(&self, row: &ViewRow) -> bool {
        let locks = || self.covering().filter(|a| a.what == "lock").filter_map(|a| a.row);
        row.row_type == Unlock::TYPE && row.replaces.iter().any(|r| locks().any(|l| l == r.resolve(row.name.entry)))
    }

    fn covering(&self) -> impl Iterator<Item = &Anchor> {
        let ledger = self.core.ledger();
        self.anchors.iter().filter(move |a| self.subject.rows.iter().any(|r| a.covers(ledger, &r.entry)))
    }

    /// Locks, checkpoints and rollups that cover the record; and of each organisation the receipt that is kept.
    fn of_anchors(&self) -> Vec<(Ms, RowName, Json)> {
        let mut received = BTreeSet::new();
        let told = self.covering().filter(|a| a.what != "receipt" || received.insert(a.org));
        let event = |a: &Anchor| {
            let word = match a.what {
                "receipt" => "received",
                "lock" => "locked",
                "rollup" => "summed",
                other => other,
            };
            let mut out = object(json!({ "event": word, "time_ms": a.time.0, "row": a.row.map(|r| r.to_string()) }));
            out.extend(self.signer(a.key, a.row.map(|r| r.entry)));
            if let Some(org) = a.org {
                out.insert("org".to_owned(), json!(shown::org(self.core, org)));
            }
            let name = a.row.unwrap_or(RowName { entry: EntryId([0xff; 32]), index: 0 });
            (a.time, name, Json::Object(out))
        };
        told.map(event).collect()
    }

    fn signer(&self, key: PublicKey, entry: Option<EntryId>) -> Map<String, Json> {
        let ledger = self.core.ledger();
        let grant = entry.and_then(|e| ledger.place(&e)?.grant).and_then(|g| ledger.registry.grants.get(&g));
        let grant = grant.or_else(|| ledger.registry.grants_of(key).next().map(|(_, g)| g));
        object(
            json!({ "label": grant.map(|g| g.row.label.clone()), "role": grant.map(|g| g.row.role.word()), "key": key.to_string() }),
        )
    }

    fn event(&self, word: &'static str, view: &DocumentView, row: &ViewRow, what: Option<String>) -> Json {
        let replaces: Vec<String> = row.replaces.iter().map(|r| r.resolve(row.name.entry).to_string()).collect();
        let told = json!({
            "type": rows::info(row.row_type).map(|i| i.word), "standing": row.word(), "says": what, "reason": reason(row),
            "replaces": replaces,
        });
        self.told(word, row.name, &view.document, told)
    }

    /// A descriptive field of the record.
    fn described(&self, view: &DocumentView, w: &RegisterWrite) -> Json {
        let replaces: Vec<String> = w.replaces.iter().map(ToString::to_string).collect();
        let field = w.key.rsplit('.').next().unwrap_or_default();
        let value = shown::value(&w.value);
        let says = format!("{field}: {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        let told = json!({ "type": null, "standing": w.word(), "says": says, "reason": null, "replaces": replaces });
        self.told("described", RowName { entry: w.entry, index: w.index }, &view.document, told)
    }

    fn told(&self, word: &'static str, name: RowName, document: &DocId, told: Json) -> Json {
        let mut out = object(json!({ "event": word }));
        out.extend(shown::hand(self.core, &name.entry));
        out.extend(object(json!({ "row": name.to_string(), "document": shown::document(self.core, document) })));
        out.extend(object(told));
        out.extend(self.first_anchor(&name.entry));
        Json::Object(out)
    }

    /// The first of another organisation that covers the entry.
    fn first_anchor(&self, entry: &EntryId) -> Map<String, Json> {
        let ledger = self.core.ledger();
        let own = ledger.place(entry).and_then(|p| p.grant).and_then(|g| ledger.registry.grants.get(&g)).map(|g| g.row.org);
        let first = self.anchors.iter().find(|a| a.org.is_some() && a.org != own && a.covers(ledger, entry));
        object(json!({
            "seen_ms": first.map(|a| a.time.0), "seen_by": first.and_then(|a| a.org).map(|o| shown::org(self.core, o)),
            "seen_in": first.map(|a| a.what),
        }))
    }
}

fn covers(core: &Core, positions: &[Positions], entry: &EntryId) -> bool {
    let document = core.ledger().place(entry).map(|p| p.log.document);
    let mut tips = positions.iter().filter(|p| Some(p.document) == document);
    tips.any(|p| core.ledger().ancestry(p.id).any(|a| a == *entry))
}

/// Does the row refer to one of these? Decisions name sheets and entries whole.
fn names(row: &ViewRow, wanted: &BTreeSet<RowName>) -> bool {
    let of_entry = |entry: EntryId| wanted.iter().any(|w| w.entry == entry);
    if let Some(decision) = row.read::<Decision>().map(|p| p.row) {
        return match decision.target {
            DecisionTarget::Rows { rows, .. } => rows.iter().any(|(entry, indices)| {
                if indices.is_empty() {
                    of_entry(*entry)
                } else {
                    indices.iter().any(|i| wanted.contains(&RowName { entry: *entry, index: *i }))
                }
            }),
            DecisionTarget::Sheet { sheet, .. } => of_entry(sheet.resolve(row.name.entry).entry),
        };
    }
    Value::parse(&row.fields).is_ok_and(|fields| refers(&fields, row.name.entry, wanted))
}

/// References have the form `[document | null, entry | null, index]`.
fn refers(value: &Value, from: EntryId, wanted: &BTreeSet<RowName>) -> bool {
    let Value::Array(items) = value else { return false };
    let read = |bytes: &[u8]| <RowRef as Field>::read(&mut taizhang_core::cbor::Reader::new(bytes)).ok();
    let own = if items.len() == 3 { read(&value.to_cbor()) } else { None };
    own.is_some_and(|r| wanted.contains(&r.resolve(from))) || items.iter().any(|i| refers(i, from, wanted))
}

/// What a row that names the record did.
fn verb(row: &ViewRow) -> &'static str {
    let decided = row.read::<Decision>().map(|p| p.row.verdict.word());
    let planned = row.read::<PlanDecision>().map(|p| p.row.decision.word());
    decided.or(planned).or_else(|| rows::info(row.row_type).map(|i| i.word)).unwrap_or("newer_version")
}

/// What the sheet says was approved on paper.
fn claim(row: &ViewRow) -> Option<String> {
    row.read::<Registration>()
        .and_then(|p| p.row.source_status)
        .or_else(|| row.read::<Activity>().and_then(|p| p.row.claimed_state))
}

fn reason(row: &ViewRow) -> Option<String> {
    let fields = named_fields(row.row_type, &row.fields);
    fields.into_iter().find(|(name, _)| name == "reason").and_then(|(_, v)| if let Value::Text(t) = v { Some(t) } else { None })
}

fn object(value: Json) -> Map<String, Json> {
    if let Json::Object(map) = value { map } else { Map::new() }
}
