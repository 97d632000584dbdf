//! The words for names and values of results, in both languages; a test reads the node's sources and misses none.

mod audit;
mod headlines;
mod labels;
mod rows;
mod values;

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::lang::Lang;

type Entry = (&'static str, &'static str, &'static str);

/// The lists of every family of commands.
fn headlines() -> impl Iterator<Item = &'static Entry> {
    headlines::HEADLINES.iter().chain(audit::HEADLINES)
}

fn labels() -> impl Iterator<Item = &'static Entry> {
    labels::LABELS.iter().chain(audit::LABELS)
}

fn words() -> impl Iterator<Item = &'static Entry> {
    values::WORDS.iter().chain(audit::WORDS).chain(rows::WORDS)
}

/// The word for a field or a piece of long work; the name itself where there is none. A unit at its end needs no word: the value says it.
///
/// `recorded_h100.online` are the recorded hours of a kind: «网络培训 登记学时».
pub(crate) fn label(name: &str, lang: Lang) -> String {
    if let Some((sum, of)) = name.split_once('.') {
        return format!("{} {}", label(of, lang), label(sum, lang));
    }
    let find = |wanted: &str| labels().find(|(n, ..)| *n == wanted).map(|(_, zh, en)| lang.pick(zh, en).to_owned());
    let rest = name.rsplit_once('_').filter(|(_, unit)| UNITS.contains(unit)).map(|(rest, _)| rest);
    let word = |name: &str| word(name, lang).map(str::to_owned);
    let found = find(name).or_else(|| find(rest?)).or_else(|| word(name)).or_else(|| word(rest?));
    found.unwrap_or_else(|| rest.unwrap_or(name).to_owned())
}

/// A figure whose unit stands beside it, under the name that says so: `need` with `unit: h100` is `need_h100`.
pub(super) fn measured<'a>(name: &'a str, beside: &Map<String, Value>) -> Cow<'a, str> {
    match beside.get("unit").and_then(Value::as_str) {
        Some(unit @ ("h100" | "c100")) if MEASURED.contains(&name) => format!("{name}_{unit}").into(),
        _ => name.into(),
    }
}

const MEASURED: &[&str] = &["need", "got", "short", "missing"];

/// Names that mean something else beside these other fields, or with this value: the name whose word is meant.
pub(super) fn meant<'a>(name: &'a str, value: &Value, beside: &Map<String, Value>) -> &'a str {
    let is_hash = |v: &Value| v.as_str().is_some_and(|t| t.len() == 64 && t.bytes().all(|b| b.is_ascii_hexdigit()));
    match name {
        "closed" if value.is_string() => "closed_day",
        "key" if is_hash(value) => "public_key",
        "label" if beside.contains_key("roles") => "key_name",
        "open" if value.is_boolean() => "open_grant",
        "rollup" if value.is_number() => "rollups",
        // Decisions after a lock; how often a teacher came late; else plans that were approved late.
        "keys" if beside.contains_key("neighbours") => "own_keys",
        "claims" if value.is_object() => "claims_by",
        "complete" if beside.contains_key("signatures_needed") => "signed_enough",
        "late" if beside.contains_key("skipped_rivals") => "after_lock",
        "late" if value.is_number() => "came_late",
        "standing" if beside.contains_key("teacher_line") => "account",
        "teacher" if value.is_object() => "teacher_line_of",
        name => name,
    }
}

/// The word for a value of a fixed set.
pub(crate) fn word(value: &str, lang: Lang) -> Option<&'static str> {
    words().find(|(n, ..)| *n == value).map(|(_, zh, en)| lang.pick(zh, en))
}

/// The sentence above a result.
pub(crate) fn headline(schema: &str, lang: Lang) -> Option<&'static str> {
    headlines().find(|(n, ..)| *n == schema).map(|(_, zh, en)| lang.pick(zh, en))
}

/// Ends of names that are units.
pub(super) const UNITS: &[&str] = &["h100", "c100", "d100", "fen", "bp", "bytes", "ms", "n", "zh", "en"];

/// Every list, whole.
#[cfg(test)]
pub(super) fn lists() -> [Vec<&'static Entry>; 3] {
    [headlines().collect(), labels().collect(), words().collect()]
}

/// Has this name a word?
pub(super) fn known(name: &str) -> bool {
    label(name, Lang::Zh) != label(name, Lang::En)
}
