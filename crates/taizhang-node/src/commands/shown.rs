//! How organisations, hands, rows and values appear in replies, and how people name entries.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};
use taizhang_core::{
    cbor::Value,
    entries::Entries,
    id::{AttachmentId, DocId, EntryId, Kind, OrgId, PublicKey},
    nodes,
    op::RowName,
    standing::Judge,
    units::Day,
    view::{DocumentView, ViewRow, anchor::Anchors, export::named_fields},
};

use crate::{
    core::Core,
    error::{CommandError, ErrorKind},
};

/// The code of an organisation; its hex where it is not known, or the root.
pub(crate) fn org(core: &Core, org: OrgId) -> String {
    core.ledger().registry.orgs.get(&org).map_or_else(|| org.to_string(), |o| o.current().code.clone())
}

/// The last day of an organisation that was closed.
pub(crate) fn closed(core: &Core, org: OrgId) -> Option<Day> {
    core.ledger().registry.orgs.get(&org).and_then(|o| o.current().closed_day)
}

/// The organisation that goes on with the work of a closed one, or is open itself.
pub(crate) fn open_heir(core: &Core, org: OrgId) -> Option<OrgId> {
    let registry = &core.ledger().registry;
    std::iter::once(org).chain(registry.heirs(org)).find(|o| registry.orgs.contains_key(o) && closed(core, *o).is_none())
}

/// The organisations that certify a node; none of a key that no registry certifies as one now.
pub(crate) fn of_node(core: &Core, node: PublicKey) -> Option<String> {
    let orgs = nodes::orgs_of(core.ledger(), &Judge::new(core.ledger()), node);
    let orgs: Vec<String> = orgs.into_iter().map(|o| org(core, o)).collect();
    (!orgs.is_empty()).then(|| orgs.join(", "))
}

/// A document as people name it: `CODE/kind/year/SUBJECT`.
pub(crate) fn document(core: &Core, document: &DocId) -> String {
    let mut out = format!("{}/{}", org(core, document.owner), document.kind.word());
    if let Some(year) = document.period {
        out = format!("{out}/{year}");
    }
    if let Some(subject) = document.subject {
        out = format!("{out}/{}", org(core, subject));
    }
    out
}

/// Who wrote an entry and when: organisation and post of the grant under which its log began, never a private name.
pub(crate) fn hand(core: &Core, entry: &EntryId) -> Map<String, Json> {
    let place = core.ledger().place(entry);
    let grant = place.and_then(|p| p.grant).and_then(|g| core.ledger().registry.grants.get(&g));
    let mut out = Map::new();
    out.insert("org".to_owned(), json!(grant.map(|g| org(core, g.row.org))));
    out.insert("label".to_owned(), json!(grant.map(|g| g.row.label.clone())));
    out.insert("role".to_owned(), json!(grant.map(|g| g.row.role.word())));
    out.insert("key".to_owned(), json!(place.map(|p| p.log.key.to_string())));
    out.insert("time_ms".to_owned(), json!(place.map(|p| p.time.0)));
    out
}

/// The same for a row, with its name.
pub(crate) fn row_hand(core: &Core, name: RowName) -> Json {
    Json::Object(named_hand(core, name))
}

fn named_hand(core: &Core, name: RowName) -> Map<String, Json> {
    let mut out = hand(core, &name.entry);
    out.insert("row".to_owned(), json!(name.to_string()));
    out
}

/// The same, and beside the claimed time the first lock, checkpoint or rollup of another organisation that names the entry.
pub(crate) fn anchored_hand(core: &Core, anchors: &Anchors, name: RowName) -> Json {
    let mut out = named_hand(core, name);
    let first = anchors.first(core.ledger(), &name.entry);
    let shown =
        first.map(|a| json!({ "kind": a.kind.word(), "org": org(core, a.org), "row": a.by.to_string(), "time_ms": a.time.0 }));
    out.insert("anchor".to_owned(), json!(shown));
    Json::Object(out)
}

/// The anchors of what concerns these organisations: reviews of them, and rollups of those above.
pub(crate) fn anchors(core: &Core, subjects: &BTreeSet<OrgId>) -> Result<Anchors, CommandError> {
    let registry = &core.ledger().registry;
    let above: BTreeSet<OrgId> = subjects.iter().flat_map(|s| registry.ancestors(*s)).collect();
    let views = views(core, |d| match d.kind {
        Kind::Review => subjects.contains(&d.concerns()),
        Kind::Rollup => above.contains(&d.owner),
        _ => false,
    })?;
    // What cannot be read here anchors nothing; `check` and `audit` tell of it.
    Ok(Anchors::read(&views, |id| attachment(core, id).ok().flatten()))
}

/// The fields of a row by name; bytes as hex.
pub(crate) fn fields(row: &ViewRow) -> Json {
    let named = named_fields(row.row_type, &row.fields).into_iter();
    Json::Object(named.map(|(name, v)| (name, value(&v))).collect())
}

/// A CBOR value; bytes as hex.
pub(crate) fn value(v: &Value) -> Json {
    match v {
        Value::Null => Json::Null,
        Value::Bool(b) => json!(b),
        Value::Int(n) => i64::try_from(*n).map_or_else(|_| u64::try_from(*n).map_or(Json::Null, |u| json!(u)), |i| json!(i)),
        Value::Bytes(b) => json!(b.iter().map(|x| format!("{x:02x}")).collect::<String>()),
        Value::Text(t) => json!(t),
        Value::Array(items) => items.iter().map(value).collect(),
        Value::Map(pairs) => pairs.iter().map(|(k, v)| json!([value(k), value(v)])).collect(),
    }
}

/// The views of the documents that `wanted` takes, judged together.
pub(crate) fn views(core: &Core, wanted: impl Fn(&DocId) -> bool) -> Result<Vec<DocumentView>, CommandError> {
    let judge = Judge::new(core.ledger());
    let documents = core.ledger().documents().filter(|d| wanted(d));
    let view = |d: &DocId| Ok(DocumentView::build(core.ledger(), &judge, *d, &core.entries_of(d)?));
    documents.map(view).collect()
}

/// Hex digits that name an entry at least: fewer fit some entry by chance, and a slip of the finger would decide on it.
const NAMED_BY_MIN: usize = 6;

/// The entry whose id begins with this hex, among those that `fits` takes.
pub(crate) fn find_entry(core: &Core, prefix: &str, fits: impl Fn(&DocId) -> bool) -> Result<EntryId, CommandError> {
    let wanted = prefix.to_ascii_lowercase();
    let none = || CommandError::not_found(format!("没有以 {prefix} 开头的条目"), format!("no entry here begins with {prefix}"));
    if wanted.len() < NAMED_BY_MIN || !wanted.bytes().all(|b| b.is_ascii_hexdigit()) {
        let zh = format!("请给出条目编号 (十六进制) 的前 {NAMED_BY_MIN} 位或更多");
        return Err(none().hint(zh, format!("give {NAMED_BY_MIN} or more digits of the beginning of an entry's hex id")));
    }
    let documents = core.ledger().documents().filter(|d| fits(d)).filter_map(|d| core.ledger().document(d));
    let mut found = documents.flat_map(|d| &d.entries).filter(|id| id.to_string().starts_with(&wanted));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(*one),
        (None, _) => Err(none()),
        (Some(_), Some(_)) => {
            let why = (format!("以 {prefix} 开头的条目不止一个"), format!("more than one entry begins with {prefix}"));
            Err(CommandError::new(ErrorKind::Usage, why.0, why.1).hint("请多给几位", "give more digits"))
        }
    }
}

/// An attachment; `None` if it is not here. A damaged file is an error.
pub(crate) fn attachment(core: &Core, id: &AttachmentId) -> Result<Option<Vec<u8>>, CommandError> {
    core.store().attachment(id).map_err(CommandError::storage)
}
