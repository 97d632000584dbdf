//! One row as a JSON object: who, where, when, how it stands, and every field under its name.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};
use taizhang_core::{
    id::DocId,
    op::RowName,
    rows::{self, ActivityKind, Assessment, Elsewhere, RowType},
    units::Ms,
    view::{AFTER_LOCK, DocumentView, ViewRow, export::named_fields},
};

use crate::{
    commands::{
        Context,
        fields::{self, iso},
        import::registrations::{id_text, line as sheet_line},
        shown,
    },
    core::Core,
    error::CommandError,
};

/// Every row and register value of a document, also those that are replaced or do not stand.
pub(crate) fn row_lines(c: &Context<'_>, document: &DocId) -> Result<Vec<Json>, CommandError> {
    let view = c.core.view(document)?;
    let current = current(&view);
    let mut out: Vec<Json> = view.rows.values().map(|row| row_line(c.core, &view, row, &current)).collect();
    for write in view.registers.values().flat_map(|by_entry| by_entry.values()) {
        let is_current = view.register(&write.key).iter().any(|w| w.entry == write.entry);
        let mut line = head("taizhang.row/1", "register", None);
        line.extend(about(c.core, document, RowName { entry: write.entry, index: write.index }));
        let state = match (is_current, write.late) {
            (true, _) => "current",
            (false, true) => AFTER_LOCK,
            (false, false) => "replaced",
        };
        line.extend(object(json!({
            "standing": write.standing.word(), "state": state, "replaces": write.replaces.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "fields": { "key": write.key, "value": shown::value(&write.value) },
        })));
        out.push(Json::Object(line));
    }
    Ok(out)
}

/// Trainings elsewhere in the form of the JSON that brings them: its fields first, then what else is known.
pub(super) fn registrations(c: &Context<'_>, document: &DocId) -> Result<Vec<Json>, CommandError> {
    let view = c.core.view(document)?;
    let current = current(&view);
    let of_type = view.rows.values().filter(|r| r.row_type == Elsewhere::TYPE);
    let lines = of_type.map(|row| match row.read::<Elsewhere>() {
        Some(parsed) => registration(c.core, &view, row, &parsed.row, &current),
        // Written by a newer version: shown as it is.
        None => Ok(row_line(c.core, &view, row, &current)),
    });
    lines.collect()
}

fn registration(
    core: &Core,
    view: &DocumentView,
    row: &ViewRow,
    e: &Elsewhere,
    current: &BTreeSet<RowName>,
) -> Result<Json, CommandError> {
    let json = taizhang_sheets::registration::to_json(&[sheet_line(e)]).map_err(CommandError::storage)?;
    let fields: Vec<Map<String, Json>> = serde_json::from_slice(&json).map_err(CommandError::storage)?;
    let mut line = object(json!({ "schema": "taizhang.registration/1" }));
    line.extend(fields.into_iter().flatten());
    line.insert("kind".to_owned(), json!(kind_word(e)));
    line.extend(object(json!({
        "assessment": e.assessment.map(Assessment::word), "abroad": e.abroad, "degree_level": e.degree_level, "note": e.note, "reason": e.reason,
    })));
    line.extend(about(core, &view.document, row.name));
    line.extend(stands(view, row, current));
    Ok(Json::Object(line))
}

/// The word of the JSON form: the source's finer word, else the kind's.
fn kind_word(e: &Elsewhere) -> &str {
    match (&e.form, e.kind) {
        (Some(form), _) => form,
        (None, ActivityKind::SchoolBased) => "school-based",
        (None, kind) => kind.word(),
    }
}

fn row_line(core: &Core, view: &DocumentView, row: &ViewRow, current: &BTreeSet<RowName>) -> Json {
    let info = rows::info(row.row_type);
    let word = info.map_or_else(|| format!("type_{}", row.row_type), |i| i.word.to_owned());
    let mut line = head("taizhang.row/1", &word, Some(row.row_type));
    line.extend(about(core, &view.document, row.name));
    line.extend(stands(view, row, current));
    line.insert("fields".to_owned(), named(row));
    Json::Object(line)
}

fn head(schema: &str, word: &str, number: Option<u16>) -> Map<String, Json> {
    object(json!({ "schema": schema, "type": word, "number": number }))
}

/// Where it stands, who wrote it, when.
fn about(core: &Core, document: &DocId, name: RowName) -> Map<String, Json> {
    let mut hand = shown::hand(core, &name.entry);
    let time = hand.remove("time_ms").and_then(|t| t.as_u64()).map(|t| iso(Ms(t)));
    object(json!({
        "row": name.to_string(), "document": shown::document(core, document), "org": shown::org(core, document.concerns()),
        "year": document.period, "time": time, "author": hand,
    }))
}

fn stands(view: &DocumentView, row: &ViewRow, current: &BTreeSet<RowName>) -> Map<String, Json> {
    let state = match (current.contains(&row.name), view.counts(row)) {
        (true, _) => "current",
        (false, true) => "replaced",
        (false, false) if row.late => AFTER_LOCK,
        (false, false) => "not_counting",
    };
    let replaces: Vec<String> = row.replaces.iter().map(|r| r.resolve(row.name.entry).to_string()).collect();
    object(json!({ "standing": row.standing.word(), "state": state, "replaces": replaces }))
}

fn current(view: &DocumentView) -> BTreeSet<RowName> {
    view.current().iter().map(|r| r.name).collect()
}

fn object(value: Json) -> Map<String, Json> {
    if let Json::Object(map) = value { map } else { Map::new() }
}

/// Every field under its name; numbers keep the unit in their name.
fn named(row: &ViewRow) -> Json {
    let shapes = rows::shapes(row.row_type);
    let named = named_fields(row.row_type, &row.fields).into_iter().enumerate();
    let shown = named.map(|(n, (name, value))| {
        let json = match (&value, shapes.get(n)) {
            (taizhang_core::cbor::Value::Bytes(b), _) if (row.row_type, name.as_str()) == (Elsewhere::TYPE, "external_id") => {
                json!(id_text(b))
            }
            (value, Some(shape)) => fields::to_json(value, shape),
            (value, None) => shown::value(value),
        };
        (name, json)
    });
    Json::Object(shown.collect())
}
