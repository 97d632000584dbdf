//! A form as JSON, CSV or a workbook.

use serde_json::{Value as Json, json};
use taizhang_rules::report::{Cell, Column, Form, Row, Text, Unit};
use taizhang_sheets::write::{self as sheet, Table};

use crate::{
    command::{Format, Reply, Report},
    commands::export::{not_writable, write},
    error::CommandError,
};

/// The reply, or the file that was asked for.
pub(super) fn reply(form: &Form, asked: &Report) -> Result<Reply, CommandError> {
    let (out, path) = (asked.out.as_deref(), asked.out.as_ref().map(|o| o.display().to_string()));
    let written = |text: Option<String>| {
        let title = json!({ "zh": form.title.zh, "en": form.title.en });
        Reply::new("report", json!({ "form": form.id, "title": title, "rows_n": form.rows.len(), "out": path, "text": text }))
    };
    let bytes = match asked.format {
        Format::Jsonl => {
            let whole = Reply::new("report", data(form));
            let Some(out) = out else { return Ok(whole) };
            let text = serde_json::to_string(&whole).map_err(CommandError::storage)?;
            return write(out, format!("{text}\n").as_bytes()).map(|()| written(None));
        }
        Format::Csv => sheet::csv(&table(form, asked.english), asked.gbk),
        Format::Xlsx => sheet::xlsx(&table(form, asked.english)),
    };
    let bytes = bytes.map_err(|e| not_writable(&e))?;
    match out {
        Some(out) => write(out, &bytes).map(|()| written(None)),
        None => Ok(written(Some(String::from_utf8_lossy(&bytes).into_owned()))),
    }
}

fn text(text: &Text) -> Json {
    json!({ "zh": text.zh, "en": text.en })
}

/// Numbers stay integers in the unit that their column names.
fn data(form: &Form) -> Json {
    let columns: Vec<Json> =
        form.columns.iter().map(|c| json!({ "zh": c.head.zh, "en": c.head.en, "unit": c.unit.word() })).collect();
    let heading: Vec<Json> =
        form.heading.iter().map(|(name, value)| json!({ "zh": name.zh, "en": name.en, "value": cell(value) })).collect();
    let rows: Vec<Json> = form.rows.iter().map(|r| r.cells.iter().map(cell).collect()).collect();
    let has_sections = form.rows.iter().any(|r| r.section.is_some());
    let sections: Vec<&Option<String>> = form.rows.iter().map(|r| &r.section).filter(|_| has_sections).collect();
    json!({
        "form": form.id, "title": text(&form.title), "heading": heading, "columns": columns, "rows": rows, "sections": sections,
        "totals": form.totals.as_ref().map(|t| t.iter().map(cell).collect::<Vec<_>>()),
        "notes": form.notes.iter().map(text).collect::<Vec<_>>(),
    })
}

fn cell(cell: &Cell) -> Json {
    match cell {
        Cell::Text(text) => json!(text),
        Cell::Words(words) => text(words),
        Cell::Number(n) => json!(n),
        Cell::Day(day) => json!(day.to_string()),
        Cell::Hidden => json!("<5"),
        Cell::Empty => Json::Null,
    }
}

/// Title and heading above; a line before each section; 合计 and notes below.
fn table(form: &Form, english: bool) -> Table {
    let heading = form.heading.iter().map(|(name, value)| format!("{}:{}", name.pick(english), value.shown(Unit::Text, english)));
    let title: Vec<String> = std::iter::once(form.title.pick(english).to_owned()).chain(heading).collect();
    let headers = form.columns.iter().map(|c| c.head.pick(english).to_owned()).collect();
    let mut rows = Vec::new();
    let mut section: Option<&String> = None;
    for Row { section: of, cells } in &form.rows {
        if of.is_some() && of.as_ref() != section {
            section = of.as_ref();
            rows.push(vec![sheet::Cell::Text(of.clone().unwrap_or_default())]);
        }
        rows.push(line(cells, &form.columns, english));
    }
    rows.extend(form.totals.as_ref().map(|t| line(t, &form.columns, english)));
    rows.extend(form.notes.iter().map(|n| vec![sheet::Cell::Text(n.pick(english).to_owned())]));
    Table { title: title.join("  "), headers, rows }
}

fn line(cells: &[Cell], columns: &[Column], english: bool) -> Vec<sheet::Cell> {
    cells.iter().zip(columns).map(|(cell, column)| sheet_cell(cell, column.unit, english)).collect()
}

fn sheet_cell(cell: &Cell, unit: Unit, english: bool) -> sheet::Cell {
    match (cell, unit) {
        (Cell::Empty, _) => sheet::Cell::Empty,
        (Cell::Day(day), _) => sheet::Cell::Day(*day),
        (Cell::Number(n), Unit::Count | Unit::Text | Unit::Day) => sheet::Cell::Int(*n),
        (Cell::Number(n), Unit::H100 | Unit::C100 | Unit::Fen) => {
            u32::try_from(*n).map_or_else(|_| sheet::Cell::Text(cell.shown(unit, english)), sheet::Cell::H100)
        }
        _ => sheet::Cell::Text(cell.shown(unit, english)),
    }
}
