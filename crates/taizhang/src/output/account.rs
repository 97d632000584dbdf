//! A teacher's account as sentences, for whoever asks «why 0?»; of a history only the lines of one record.

use serde_json::{Map, Value};

use super::{table, value::cell, words};
use crate::lang::Lang;

/// The account under its headline: where it stands, what is asked for, where every hour went, what is not decided.
pub(super) fn text(account: &Map<String, Value>, lang: Lang, indent: usize) -> String {
    let explain = account.get("explain").and_then(Value::as_object);
    let of = |name: &str| explain.and_then(|e| e.get(name));
    let mut singles = Vec::new();
    let mut single = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|v| !v.is_empty()) {
            singles.push((words::label(name, lang), value));
        }
    };
    let field = |name: &str| account.get(name).map(|v| cell(name, v, lang));
    single("as_of", field("as_of"));
    single("policy", field("policy"));
    single("policy_sha256", field("policy_sha256").map(|hash| hash.chars().take(16).collect()));
    single("cycle", of("cycle").and_then(span));
    single("status", of("status").map(|s| sentence(s, lang)).or_else(|| field("status")));
    let mut out = table::pairs(&singles, indent);
    out.push_str(&sentences(lang.pick("要求", "requirements"), of("rules"), lang, indent));
    out.push_str(&sentences(
        lang.pick("每项培训的去向", "what became of each training"),
        of("activities").or_else(|| account.get("lines")),
        lang,
        indent,
    ));
    out.push_str(&buckets(of("buckets"), lang, indent));
    for (name, list) in [("open", of("open")), ("waiting", account.get("waiting"))] {
        out.push_str(&rows(&words::label(name, lang), list, lang, indent));
    }
    out
}

fn span(cycle: &Value) -> Option<String> {
    let day = |name: &str| cycle.get(name).and_then(Value::as_str);
    Some(format!("{} – {}", day("start")?, day("end")?))
}

fn sentence(value: &Value, lang: Lang) -> String {
    value.get(lang.pick("zh", "en")).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn sentences(head: &str, list: Option<&Value>, lang: Lang, indent: usize) -> String {
    let list = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let lines: String = list.iter().map(|v| format!("{:indent$}  {}\n", "", sentence(v, lang))).collect();
    if list.is_empty() { String::new() } else { format!("{:indent$}{head} ({}):\n{lines}", "", list.len()) }
}

fn buckets(buckets: Option<&Value>, lang: Lang, indent: usize) -> String {
    let Some(buckets) = buckets.and_then(Value::as_object).filter(|b| !b.is_empty()) else { return String::new() };
    let row = |(name, sums): (&String, &Value)| {
        let mut row = Map::from_iter([("kind".to_owned(), Value::from(name.as_str()))]);
        row.extend(sums.as_object().cloned().unwrap_or_default());
        row
    };
    let list: Vec<Map<String, Value>> = buckets.iter().map(row).collect();
    let head = lang.pick("学时去向", "where the hours went");
    format!("{:indent$}{head}:\n{}", "", table::rows(&list.iter().collect::<Vec<_>>(), lang, indent + 2))
}

fn rows(head: &str, list: Option<&Value>, lang: Lang, indent: usize) -> String {
    let list: Vec<&Map<String, Value>> =
        list.and_then(Value::as_array).map(|l| l.iter().filter_map(Value::as_object).collect()).unwrap_or_default();
    if list.is_empty() {
        String::new()
    } else {
        format!("{:indent$}{head} ({}):\n{}", "", list.len(), table::rows(&list, lang, indent + 2))
    }
}
