//! Columns that line up, also where a character is two columns wide.

use console::measure_text_width;
use serde_json::{Map, Value};

use super::{said, shown, value::cell, words};
use crate::lang::Lang;

/// Labels and values, one pair a line.
pub(super) fn pairs(pairs: &[(String, String)], indent: usize) -> String {
    let width = pairs.iter().map(|(label, _)| measure_text_width(label)).max().unwrap_or(0);
    pairs.iter().map(|(label, value)| format!("{:indent$}{}  {value}\n", "", padded(label, width, false))).collect()
}

/// Objects as rows; a column that is empty in all of them is left out, numbers stand to the right.
pub(super) fn rows(rows: &[&Map<String, Value>], lang: Lang, indent: usize) -> String {
    let mut keys: Vec<&str> = Vec::new();
    for (key, _) in rows.iter().flat_map(|r| shown(r, lang)) {
        if !keys.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    let columns: Vec<Column> = keys.into_iter().map(|key| Column::new(key, rows, lang)).collect();
    let line = |cells: Vec<String>| format!("{:indent$}{}\n", "", cells.join("  ").trim_end());
    let head = line(columns.iter().map(|c| padded(&c.head, c.width, c.is_number)).collect());
    let body = (0..rows.len()).map(|n| line(columns.iter().map(|c| c.cell(n)).collect()));
    if rows.is_empty() { String::new() } else { head + &body.collect::<String>() }
}

struct Column {
    head: String,
    cells: Vec<String>,
    is_number: bool,
    width: usize,
}

impl Column {
    fn new(key: &str, rows: &[&Map<String, Value>], lang: Lang) -> Self {
        let meant = rows.iter().find_map(|r| Some(words::meant(key, r.get(key).filter(|v| !v.is_null())?, r)));
        let head = words::label(meant.unwrap_or(key), lang);
        let cells: Vec<String> = rows
            .iter()
            .map(|r| said(r, key, lang).map(|v| short(&cell(&words::measured(key, r), v, lang))).unwrap_or_default())
            .collect();
        let is_number = rows.iter().filter_map(|r| r.get(key)).all(|v| v.is_number() || v.is_null());
        let width = cells.iter().chain([&head]).map(|c| measure_text_width(c)).max().unwrap_or(0);
        Self { head, cells, is_number, width }
    }

    fn cell(&self, n: usize) -> String {
        padded(self.cells.get(n).map_or("", String::as_str), self.width, self.is_number)
    }
}

/// The hash that names an entry fills the line; its beginning names it as well among few.
fn short(text: &str) -> String {
    let is_hash = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if is_hash { text.chars().take(16).collect() } else { text.replace('\n', " ") }
}

fn padded(text: &str, width: usize, right: bool) -> String {
    let blanks = " ".repeat(width.saturating_sub(measure_text_width(text)));
    if right { blanks + text } else { text.to_owned() + &blanks }
}
