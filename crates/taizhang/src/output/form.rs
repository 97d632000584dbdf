//! A filled form on the screen: title and heading, the table, what stands below it. As CSV it goes out as it is.

use console::measure_text_width;
use serde_json::{Map, Value, json};

use super::value::hundredths;
use crate::lang::Lang;

/// The form of a reply; `None`: the reply only says where it was written.
pub(super) fn text(reply: &Map<String, Value>, lang: Lang) -> Option<String> {
    if let Some(csv) = reply.get("text").and_then(Value::as_str) {
        return Some(csv.to_owned());
    }
    let columns = list(reply, "columns")?;
    let heads: Vec<String> = columns.iter().map(|c| shown(c, None, lang)).collect();
    let units: Vec<Option<&str>> = columns.iter().map(|c| c.get("unit").and_then(Value::as_str)).collect();
    let line = |row: &Value| -> Vec<String> {
        let cells = row.as_array().map(Vec::as_slice).unwrap_or_default();
        cells.iter().zip(&units).map(|(cell, unit)| shown(cell, *unit, lang)).collect()
    };
    let mut lines: Vec<Vec<String>> = vec![heads];
    let sections = list(reply, "sections").unwrap_or_default();
    let mut section = &Value::Null;
    for (n, row) in list(reply, "rows").unwrap_or_default().iter().enumerate() {
        if let Some(of) = sections.get(n).filter(|of| !of.is_null() && *of != section) {
            section = of;
            lines.push(vec![shown(of, None, lang)]);
        }
        lines.push(line(row));
    }
    lines.extend(reply.get("totals").filter(|t| !t.is_null()).map(line));
    let mut out = format!("{}\n", shown(reply.get("title").unwrap_or(&json!("")), None, lang));
    for pair in list(reply, "heading").unwrap_or_default() {
        let value = shown(pair.get("value").unwrap_or(&Value::Null), None, lang);
        out.push_str(&format!("{}: {value}\n", shown(pair, None, lang)));
    }
    out.push_str(&aligned(&lines, &units));
    list(reply, "notes").unwrap_or_default().iter().for_each(|n| out.push_str(&format!("{}\n", shown(n, None, lang))));
    Some(out)
}

fn list<'v>(reply: &'v Map<String, Value>, name: &str) -> Option<&'v [Value]> {
    reply.get(name)?.as_array().map(Vec::as_slice)
}

/// Texts in two languages in the reader's; numbers as the column's unit says.
fn shown(cell: &Value, unit: Option<&str>, lang: Lang) -> String {
    let text = |name: &str| cell.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    match cell {
        Value::Object(_) => text(lang.pick("zh", "en")),
        Value::String(text) => text.replace('\n', " "),
        Value::Number(n) => match (n.as_i64(), unit) {
            (Some(n), Some("h100" | "c100" | "fen")) => hundredths(n),
            (Some(n), Some("bp")) => format!("{}%", hundredths(n)),
            _ => n.to_string(),
        },
        _ => String::new(),
    }
}

/// Columns that line up; a line of one cell stands across them, numbers stand to the right.
fn aligned(lines: &[Vec<String>], units: &[Option<&str>]) -> String {
    let whole = |line: &&Vec<String>| line.len() == units.len();
    let width = |n: usize| lines.iter().filter(whole).filter_map(|l| l.get(n)).map(|c| measure_text_width(c)).max().unwrap_or(0);
    let widths: Vec<usize> = (0..units.len()).map(width).collect();
    let padded = |cell: &String, n: usize| {
        let blanks = " ".repeat(widths.get(n).copied().unwrap_or(0).saturating_sub(measure_text_width(cell)));
        let is_number = units.get(n).is_some_and(|u| matches!(u, Some("h100" | "c100" | "fen" | "bp" | "n")));
        if is_number { blanks + cell } else { cell.clone() + &blanks }
    };
    let line = |cells: &Vec<String>| {
        if cells.len() != units.len() {
            return format!("{}\n", cells.join("  "));
        }
        let cells: Vec<String> = cells.iter().enumerate().map(|(n, c)| padded(c, n)).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    lines.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_form_lines_up_with_its_units() {
        let reply = json!({
            "title": { "zh": "表", "en": "Form" }, "heading": [{ "zh": "单位", "en": "Organisation", "value": "甲校" }],
            "columns": [{ "zh": "姓名", "en": "Name", "unit": "text" }, { "zh": "学时", "en": "Hours", "unit": "h100" }],
            "rows": [["甲", 1250], [{ "zh": "乙", "en": "B" }, null]], "sections": ["一校", "二校"],
            "totals": ["合计", 1250], "notes": [{ "zh": "注", "en": "note" }],
        });
        let of = |lang| text(reply.as_object().unwrap(), lang).unwrap();
        assert_eq!(of(Lang::Zh), "表\n单位: 甲校\n姓名  学时\n一校\n甲    12.5\n二校\n乙\n合计  12.5\n注\n");
        assert!(of(Lang::En).starts_with("Form\nOrganisation: 甲校\nName  Hours\n"));
        let csv = json!({ "text": "a,b\r\n" });
        assert_eq!(text(csv.as_object().unwrap(), Lang::Zh).unwrap(), "a,b\r\n");
        assert_eq!(text(json!({ "out": "/x" }).as_object().unwrap(), Lang::Zh), None);
    }
}
