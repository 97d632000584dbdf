//! Lines as a table: a column for every name that occurs, fields behind what is known of every row.

use serde_json::Value as Json;
use taizhang_sheets::write::{Cell, Table};

/// The table of these lines.
pub(super) fn of(lines: &[Json]) -> Table {
    let flat: Vec<Vec<(String, &Json)>> = lines.iter().map(flatten).collect();
    let mut headers: Vec<String> = Vec::new();
    for (name, _) in flat.iter().flatten() {
        if !headers.contains(name) {
            headers.push(name.clone());
        }
    }
    // What is known of every row stands first, whatever came first.
    headers.sort_by_key(|h| h.starts_with("fields."));
    let row = |line: &Vec<(String, &Json)>| {
        let cell_of = |h: &String| line.iter().find(|(name, _)| name == h).map_or(Cell::Empty, |(_, v)| cell(v));
        headers.iter().map(cell_of).collect()
    };
    let rows = flat.iter().map(row).collect();
    let headers = headers.iter().map(|h| h.strip_prefix("fields.").unwrap_or(h).to_owned()).collect();
    Table { title: String::new(), headers, rows }
}

/// One level of objects is spread out: `author.label`, `fields.teacher`.
fn flatten(line: &Json) -> Vec<(String, &Json)> {
    let Json::Object(map) = line else { return Vec::new() };
    let mut out = Vec::new();
    for (name, value) in map {
        match value {
            Json::Object(inner) => out.extend(inner.iter().map(|(n, v)| (format!("{name}.{n}"), v))),
            value => out.push((name.clone(), value)),
        }
    }
    out
}

fn cell(value: &Json) -> Cell {
    match value {
        Json::Null => Cell::Empty,
        Json::String(text) => Cell::Text(text.clone()),
        Json::Number(n) => n.as_i64().map_or_else(|| Cell::Text(n.to_string()), Cell::Int),
        Json::Bool(is) => Cell::Text(is.to_string()),
        Json::Array(items) if items.is_empty() => Cell::Empty,
        other => Cell::Text(other.to_string()),
    }
}
