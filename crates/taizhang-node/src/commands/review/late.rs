//! `review late`, `review accept`: what arrived after a lock, and letting it count. `status` and `teacher` show the same to the school.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};
use taizhang_core::{
    id::{DocId, EntryId, Kind, OrgId},
    op::PayloadBuilder,
    rows::{self, Accept, Positions, RowType},
    standing::Judge,
    view::{DocumentView, ViewRow, export::named_fields},
};

use super::{
    super::{Context, shown},
    lock,
};
use crate::{
    command::Reply,
    core::{Act, Core},
    error::{CommandError, ErrorKind},
};

/// Positions of one accept, at most: a row holds 3 KiB.
const POSITIONS_MAX: usize = 30;

/// What arrived after the locks of this organisation and those below it, entry by entry.
pub(crate) fn list(c: &Context<'_>, org: Option<&str>) -> Result<Reply, CommandError> {
    let scope = c.org_or_own(org)?;
    let registry = &c.core.ledger().registry;
    let below = |o: OrgId| registry.is_at_or_above(scope, o);
    let late = Late::of(c.core, below)?;
    let judge = Judge::new(c.core.ledger());
    let locks: Vec<Json> = registry.orgs.keys().filter(|o| below(**o)).flat_map(|o| locks(c.core, &judge, *o, false)).collect();
    let entries: Vec<Json> = late.0.iter().map(|((d, e), items)| entry(c.core, &judge, d, *e, items)).collect();
    Ok(Reply::new("locks", json!({ "after_lock": late.count(), "waiting": entries, "locks": locks })))
}

/// A row, or the key of a register value.
type Item<'v> = Result<&'v ViewRow, &'v str>;

/// Entries with rows or register values that arrived after a lock.
pub(crate) struct Late(BTreeMap<(DocId, EntryId), Vec<Kept>>);

/// A late row or register value as it is shown.
struct Kept {
    word: String,
    row: Option<ViewRow>,
}

impl Late {
    /// Those about organisations that `concerns` takes.
    pub(crate) fn of(core: &Core, concerns: impl Fn(OrgId) -> bool) -> Result<Self, CommandError> {
        let mut out: BTreeMap<(DocId, EntryId), Vec<Kept>> = BTreeMap::new();
        for view in shown::views(core, |d| is_closed_by_locks(d.kind) && concerns(d.concerns()))? {
            for (id, item) in items(&view) {
                let kept = match item {
                    Ok(row) => Kept { word: word(row.row_type), row: Some(row.clone()) },
                    Err(_) => Kept { word: "register".to_owned(), row: None },
                };
                out.entry((view.document, id)).or_default().push(kept);
            }
        }
        Ok(Self(out))
    }

    /// How many rows and values.
    pub(crate) fn count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// How many entries.
    pub(crate) fn entries(&self) -> usize {
        self.0.len()
    }

    /// The rows that name this teacher.
    pub(crate) fn of_teacher(&self, core: &Core, number: &str) -> Vec<Json> {
        let rows = self.0.iter().flat_map(|((document, _), kept)| kept.iter().map(move |k| (document, k)));
        let named = rows.filter_map(|(d, k)| Some((d, &k.word, k.row.as_ref()?))).filter(|(_, _, row)| names(row, number));
        let shown = named.map(|(document, word, row)| {
            json!({
                "row": row.name.to_string(), "document": shown::document(core, document), "type": word,
                "hand": shown::hand(core, &row.name.entry), "fields": shown::fields(row),
            })
        });
        shown.collect()
    }
}

fn is_closed_by_locks(kind: Kind) -> bool {
    matches!(kind, Kind::Ledger | Kind::Roster | Kind::Review | Kind::Transfer)
}

fn items(view: &DocumentView) -> impl Iterator<Item = (EntryId, Item<'_>)> {
    let writes = view.registers.values().flat_map(BTreeMap::values).filter(|w| w.late);
    view.late().map(|r| (r.name.entry, Ok(r))).chain(writes.map(|w| (w.entry, Err(w.key.as_str()))))
}

fn word(row_type: u16) -> String {
    rows::info(row_type).map_or_else(|| format!("type_{row_type}"), |i| i.word.to_owned())
}

fn names(row: &ViewRow, number: &str) -> bool {
    let field = if row.row_type == rows::Teacher::TYPE { "no" } else { "teacher" };
    let text = taizhang_core::cbor::Value::Text(number.to_owned());
    named_fields(row.row_type, &row.fields).into_iter().any(|(name, value)| name == field && value == text)
}

fn entry(core: &Core, judge: &Judge<'_>, document: &DocId, entry: EntryId, items: &[Kept]) -> Json {
    let mut types: BTreeMap<&str, usize> = BTreeMap::new();
    items.iter().for_each(|k| *types.entry(&k.word).or_default() += 1);
    let closed = judge.gate(*document).map(|g| g.closed_by(&entry)).unwrap_or_default();
    let years: BTreeSet<u16> = closed.iter().map(|(year, _)| *year).collect();
    let by: BTreeSet<String> = closed.iter().map(|(_, org)| shown::org(core, *org)).collect();
    json!({
        "school": shown::org(core, document.concerns()), "document": shown::document(core, document), "entry": entry.to_string(),
        "hand": shown::hand(core, &entry), "rows": items.len(), "types": types, "locked_years": years, "locked_by": by,
    })
}

/// The locks about an organisation; only those that act, where asked.
pub(crate) fn locks(core: &Core, judge: &Judge<'_>, subject: OrgId, acting: bool) -> Vec<Json> {
    let all = judge.locks(subject).into_iter().filter(|l| !acting || l.acts());
    let one = all.map(|l| {
        let mut out = Map::new();
        out.insert("org".to_owned(), json!(shown::org(core, subject)));
        out.insert("year".to_owned(), json!(l.year));
        out.insert("state".to_owned(), json!(l.state.word()));
        out.insert("day".to_owned(), json!(l.day.to_string()));
        out.insert("locked_by".to_owned(), json!(shown::org(core, l.review.owner)));
        out.insert("row".to_owned(), json!(l.name.to_string()));
        out.insert("hand".to_owned(), json!(shown::hand(core, &l.name.entry)));
        Json::Object(out)
    });
    one.collect()
}

/// Lets late entries count, each with what lies behind it in its log.
pub(crate) fn accept(c: &mut Context<'_>, named: &[String], reason: &str) -> Result<Reply, CommandError> {
    let reason = lock::reason_of(reason)?;
    lock::may_review(c)?;
    let own = c.core.org();
    let registry = &c.core.ledger().registry;
    let late = Late::of(c.core, |o| registry.is_above(own, o))?;
    let mut chosen: BTreeMap<OrgId, BTreeSet<(DocId, EntryId)>> = BTreeMap::new();
    for text in named {
        let entry = shown::find_entry(c.core, text, |d| is_closed_by_locks(d.kind) && registry.is_above(own, d.concerns()))?;
        let document = late.0.keys().find(|(_, e)| *e == entry).map(|(d, _)| *d).ok_or_else(|| not_late(text))?;
        may_open(c, &document, &entry)?;
        chosen.entry(document.concerns()).or_default().insert((document, entry));
    }
    let mut with: BTreeSet<EntryId> = BTreeSet::new();
    for entry in chosen.values().flatten().map(|(_, e)| *e) {
        with.extend(c.core.ledger().ancestry(entry).filter(|e| late.0.keys().any(|(_, l)| l == e)));
    }
    let act = accepts(c, &chosen, &reason);
    let person = c.person()?;
    let entries = c.core.write(&person, act)?;
    Ok(Reply::new(
        "locks",
        json!({ "accepted": with.len(), "with": with.iter().map(EntryId::to_string).collect::<Vec<_>>(),
            "entries": entries.iter().map(EntryId::to_string).collect::<Vec<_>>() }),
    ))
}

fn accepts(c: &Context<'_>, chosen: &BTreeMap<OrgId, BTreeSet<(DocId, EntryId)>>, reason: &str) -> Act {
    let (own, year) = (c.core.org(), c.core.now().day().year());
    let mut act = Act::default();
    for (subject, entries) in chosen {
        let position = |(document, id): &(DocId, EntryId)| {
            let at = c.core.ledger().position(id)?;
            Some(Positions { document: *document, run: at.run, height: at.height, id: *id })
        };
        let positions: Vec<Positions> = entries.iter().filter_map(position).collect();
        let of_year = entries.iter().find_map(|(d, _)| d.period).unwrap_or(year);
        for part in positions.chunks(POSITIONS_MAX) {
            let mut payload = PayloadBuilder::default();
            payload.row(Accept::TYPE, &[], &Accept { positions: part.to_vec(), reason: reason.to_owned() }.to_fields());
            act.write(DocId::about(own, Kind::Review, of_year, *subject), payload);
        }
    }
    act
}

/// Only who locked, or someone above, lets in what came too late.
fn may_open(c: &Context<'_>, document: &DocId, entry: &EntryId) -> Result<(), CommandError> {
    let ledger = c.core.ledger();
    let closed = Judge::new(ledger).gate(*document).map(|g| g.closed_by(entry)).unwrap_or_default();
    let Some((year, by)) = closed.into_iter().find(|(_, by)| !ledger.registry.is_at_or_above(c.core.org(), *by)) else {
        return Ok(());
    };
    let by = shown::org(c.core, by);
    let why = (format!("{year} 年度由 {by} 锁定, 须由它接受"), format!("{by} locked {year}: it accepts"));
    Err(CommandError::new(ErrorKind::Refused, why.0, why.1).hint("请上级机构接受", "ask the organisation that locked"))
}

fn not_late(text: &str) -> CommandError {
    CommandError::not_found(format!("{text} 不在锁定后到达的条目中"), format!("{text} did not arrive after a lock"))
        .hint("taizhang review late 列出这些条目", "`taizhang review late` lists those that did")
}
