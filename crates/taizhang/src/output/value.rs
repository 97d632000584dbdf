//! One value in words; the unit is in the end of its name.

use serde_json::{Map, Value};
use taizhang_core::{
    rows::{Assessment, RegisteredBy},
    units::{Day, Ms},
};

use super::words;
use crate::lang::Lang;

/// Names whose values are other people's text: shown as they are, even if they look like a word of ours.
const FREE_TEXT: &[&str] = &["name", "title", "note", "value", "values", "reason", "label", "code", "key", "number"];

/// Names that a person does not need: they are in the JSON.
pub(super) const HIDDEN: &[&str] = &["sha256", "personal", "last_row", "digest", "id_hex", "toml", "document_id", "fact"];

/// A value as a person reads it.
pub(super) fn cell(key: &str, value: &Value, lang: Lang) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => lang.pick(if *yes { "是" } else { "否" }, if *yes { "yes" } else { "no" }).to_owned(),
        Value::Number(n) => n.as_i64().map_or_else(|| n.to_string(), |n| number(key, n, lang)),
        Value::String(text) if FREE_TEXT.contains(&key) => text.clone(),
        // Of a requirement; a grant that is open is in force.
        Value::String(text) if key == "status" && text == "open" => lang.pick("尚未达到", "not reached yet").to_owned(),
        Value::String(text) => words::word(text, lang).map_or_else(|| text.clone(), str::to_owned),
        Value::Array(items) => match items.as_slice() {
            // A sum with its name, as rows hold them.
            [Value::String(name), Value::Number(n)] if words::known(name) => {
                let n = n.as_i64().map_or_else(|| n.to_string(), |n| number(name, n, lang));
                format!("{} {n}", words::label(name, lang))
            }
            _ => items.iter().map(|i| cell(key, i, lang)).collect::<Vec<_>>().join(", "),
        },
        Value::Object(fields) if !is_sentence(fields) && has_unit(key) => cell("", &Value::Object(with_unit(key, fields)), lang),
        Value::Object(fields) => match (fields.get("zh"), fields.get("en")) {
            (Some(Value::String(zh)), Some(Value::String(en))) => lang.pick(zh, en).to_owned(),
            _ => fields
                .iter()
                .filter(|(_, v)| !v.is_null())
                .map(|(k, v)| format!("{} {}", words::label(words::meant(k, v, fields), lang), cell(k, v, lang)))
                .collect::<Vec<_>>()
                .join("; "),
        },
    }
}

fn is_sentence(fields: &Map<String, Value>) -> bool {
    fields.contains_key("zh") && fields.contains_key("en")
}

/// Figures below a name with a unit have that unit: `recognised_h100: { online: 150 }` is 1.5 hours.
pub(super) fn with_unit(name: &str, inner: &Map<String, Value>) -> Map<String, Value> {
    let unit = unit(name).filter(|unit| MEASURES.contains(unit));
    let named = |k: &String, v: &Value| match unit {
        Some(unit) if v.is_number() && !has_unit(k) => format!("{k}_{unit}"),
        _ => k.clone(),
    };
    inner.iter().map(|(k, v)| (named(k, v), v.clone())).collect()
}

fn has_unit(name: &str) -> bool {
    unit(name).is_some_and(|unit| MEASURES.contains(&unit))
}

/// `recorded_h100.online`: what stands behind the dot is whose sum it is.
fn unit(name: &str) -> Option<&str> {
    name.split('.').next()?.rsplit_once('_').map(|(_, unit)| unit)
}

/// Hundredths of something, which no person should have to divide.
const MEASURES: &[&str] = &["h100", "c100", "d100", "fen", "bp"];

fn number(key: &str, n: i64, lang: Lang) -> String {
    // `recorded_h100.online`: what stands behind the dot is whose sum it is.
    let key = key.split('.').next().unwrap_or(key);
    let unit = key.rsplit('_').next().unwrap_or(key);
    match unit {
        "day" => u16::try_from(n).map_or_else(|_| n.to_string(), |n| Day(n.into()).to_string()),
        _ if key == "as_of" => u32::try_from(n).map_or_else(|_| n.to_string(), |n| Day(n).to_string()),
        "by" | "assessment" => code(key, n).and_then(|w| words::word(w, lang)).map_or_else(|| n.to_string(), str::to_owned),
        "h100" => format!("{} {}", hundredths(n), lang.pick("学时", "h")),
        "d100" => format!("{} {}", hundredths(n), lang.pick("天", "days")),
        "c100" => format!("{} {}", hundredths(n), lang.pick("学分", "credits")),
        "fen" => format!("{} {}", hundredths(n), lang.pick("元", "yuan")),
        "bp" => format!("{} %", hundredths(n)),
        _ if key.split('_').any(|part| part == "bytes") => bytes(n.unsigned_abs()),
        "ms" if n >= FIRST_TIME_MS => time(n.unsigned_abs()),
        "ms" => format!("{n} {}", lang.pick("毫秒", "ms")),
        _ => n.to_string(),
    }
}

/// The word of a number that stands for one in the rows themselves (docs/rows.md).
fn code(key: &str, n: i64) -> Option<&'static str> {
    let n = u64::try_from(n).ok()?;
    match key {
        "by" => RegisteredBy::from_number(n).map(RegisteredBy::word),
        "assessment" => Assessment::from_number(n).map(Assessment::word),
        _ => None,
    }
}

/// Below this a number of milliseconds is a duration (2001-09-09 as a time).
const FIRST_TIME_MS: i64 = 1_000_000_000_000;

/// 150 → `1.5`, 100 → `1`, -25 → `-0.25`.
pub(crate) fn hundredths(n: i64) -> String {
    let sign = if n < 0 { "-" } else { "" };
    let (whole, rest) = (n.unsigned_abs() / 100, n.unsigned_abs() % 100);
    match (rest, rest % 10) {
        (0, _) => format!("{sign}{whole}"),
        (_, 0) => format!("{sign}{whole}.{}", rest / 10),
        _ => format!("{sign}{whole}.{rest:02}"),
    }
}

/// 1,536 → `1.5 KB`.
pub(crate) fn bytes(n: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", n / unit, n % unit * 10 / unit);
    match n {
        0..1_024 => format!("{n} B"),
        1_024..1_048_576 => format!("{} KB", tenths(1_024)),
        1_048_576..1_073_741_824 => format!("{} MB", tenths(1_048_576)),
        _ => format!("{} GB", tenths(1_073_741_824)),
    }
}

/// Day and minute at +08:00.
fn time(ms: u64) -> String {
    let minutes = (ms / 60_000 + 8 * 60) % (24 * 60);
    format!("{} {:02}:{:02}", Ms(ms).day(), minutes / 60, minutes % 60)
}
