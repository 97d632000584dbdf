//! How results, messages and errors are shown: JSON for scripts, or sentences and tables in the user's language.

mod account;
mod form;
mod table;
mod value;
mod visible;
pub(crate) mod words;

use std::io::Write;

use serde_json::{Map, Value, json};
use taizhang_node::{command::Reply, error::CommandError};

use crate::lang::Lang;

pub(crate) use value::hundredths;

/// How the user wants to be answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) lang: Lang,
    pub(crate) json: bool,
    pub(crate) quiet: bool,
}

impl Output {
    /// Text as it is, to stdout. A reader that went away (`| head`) is no error.
    pub(crate) fn plain(self, text: &str) {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).ok();
    }

    /// A result.
    pub(crate) fn reply(self, reply: &Reply) {
        if self.json {
            self.plain(&line(&json!(reply)));
        } else if let Some(text) = on_stdout(reply) {
            self.plain(&text);
        } else if reply.lines.is_empty() {
            self.plain(&visible::plain(&human(reply, self.lang)));
        } else {
            let lines = reply.lines.iter().map(|l| l.as_str().map_or_else(|| line(l), |text| format!("{text}\n")));
            self.plain(&visible::plain(&lines.collect::<String>()));
        }
    }

    /// Something that happened while a node runs.
    pub(crate) fn event(self, event: Value, zh: &str, en: &str) {
        if self.json {
            let mut all = Map::from_iter([("schema".to_owned(), json!("taizhang.event/1"))]);
            all.extend(event.as_object().cloned().unwrap_or_default());
            self.plain(&line(&Value::Object(all)));
        } else if !self.quiet {
            eprintln!("{}", visible::plain(self.lang.pick(zh, en)));
        }
    }

    /// An error: for scripts on stdout, for people on stderr.
    pub(crate) fn error(self, error: &CommandError) {
        if self.json {
            let exit = error.kind.exit_code();
            self.plain(&line(&json!({
                "schema": "taizhang.error/1", "kind": error.kind, "exit": exit,
                "what": error.what, "hint": error.hint, "details": error.details,
            })));
            return;
        }
        let lang = self.lang;
        let mut text = format!("{}: {}\n", lang.pick("错误", "error"), lang.text(&error.what));
        if let Some(details) = &error.details {
            text.push_str(&details_text(details, lang));
        }
        if let Some(hint) = &error.hint {
            text.push_str(&format!("{}: {}\n", lang.pick("建议", "hint"), lang.text(hint)));
        }
        eprint!("{}", visible::plain(&text));
    }
}

/// An export without a file is the file itself and nothing else, also where it is empty.
fn on_stdout(reply: &Reply) -> Option<String> {
    let is_export = reply.schema == "taizhang.export/1" && reply.data.get("out").is_none_or(Value::is_null);
    let text = reply.data.get("text").and_then(Value::as_str);
    is_export.then(|| text.map_or_else(|| reply.lines.iter().map(line).collect(), str::to_owned))
}

fn line(value: &Value) -> String {
    format!("{value}\n")
}

fn details_text(details: &Value, lang: Lang) -> String {
    match details {
        Value::Object(fields) => fields_text(fields, lang, 2),
        Value::Array(items) => items_text(items, lang, 2),
        scalar => format!("  {}\n", value::cell("details", scalar, lang)),
    }
}

/// A result in words: a headline, its single values, then its lists.
pub(crate) fn human(reply: &Reply, lang: Lang) -> String {
    let name = reply.schema.strip_prefix("taizhang.").and_then(|s| s.split('/').next()).unwrap_or_default();
    if let Some(text) = form::text(&reply.data, lang).filter(|_| name == "report") {
        return text;
    }
    // Where the node knew the invite already nothing has to be waited for.
    let is_here = name == "join" && reply.data.get("in_effect") == Some(&Value::Bool(true));
    let headline = words::headline(if is_here { "join-here" } else { name }, lang).map(|h| format!("{h}\n")).unwrap_or_default();
    if name == "import" && imports_nothing(&reply.data) {
        let mut data = reply.data.clone();
        data.insert("imported".to_owned(), json!(lang.pick("无", "nothing")));
        return headline + &fields_text(&data, lang, 0);
    }
    headline + &fields_text(&reply.data, lang, 0)
}

/// Was every file read and nothing new in it?
fn imports_nothing(data: &Map<String, Value>) -> bool {
    let files = data.get("files").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let rows: u64 = files.iter().filter_map(|f| f.get("imported")?.as_u64()).sum();
    data.get("imported") == Some(&Value::Bool(true)) && rows == 0
}

fn fields_text(fields: &Map<String, Value>, lang: Lang, indent: usize) -> String {
    let (mut singles, mut groups) = (Vec::new(), String::new());
    for (key, value) in shown(fields, lang) {
        let label = words::label(words::meant(key, value, fields), lang);
        let measured = words::measured(key, fields);
        match value {
            Value::Array(items) if items.iter().any(|i| i.is_object() || i.is_array()) => {
                groups.push_str(&format!("{:indent$}{label} ({}):\n{}", "", items.len(), items_text(items, lang, indent + 2)));
            }
            Value::Object(inner) if is_text(inner) => singles.push((label, value::cell(key, value, lang))),
            Value::Object(inner) if inner.is_empty() => {}
            Value::Object(inner) if key == "account" => {
                groups.push_str(&format!("{:indent$}{label}:\n{}", "", account::text(inner, lang, indent + 2)));
            }
            Value::Object(inner) => {
                let inner = value::with_unit(key, inner);
                groups.push_str(&format!("{:indent$}{label}:\n{}", "", fields_text(&inner, lang, indent + 2)));
            }
            scalar => singles.push((label, value::cell(&measured, scalar, lang))),
        }
    }
    table::pairs(&singles, indent) + &groups
}

fn items_text(items: &[Value], lang: Lang, indent: usize) -> String {
    let rows: Vec<&Map<String, Value>> = items.iter().filter_map(Value::as_object).filter(|o| !is_text(o)).collect();
    let is_nested =
        |v: &Value| v.as_array().is_some_and(|a| a.iter().any(Value::is_object)) || v.as_object().is_some_and(|o| !is_text(o));
    if rows.iter().any(|r| r.values().any(is_nested)) {
        let blocks: Vec<String> = rows.iter().map(|r| fields_text(r, lang, indent)).collect();
        return blocks.join("\n");
    }
    if rows.len() == items.len() {
        return table::rows(&rows, lang, indent);
    }
    items.iter().map(|i| format!("{:indent$}{}\n", "", value::cell("", i, lang))).collect()
}

/// The fields that a person sees: not what is hidden or empty, and of a sentence in two languages only the one. Beside `detail` may stand `detail_zh`: the same for who reads Chinese.
fn shown(fields: &Map<String, Value>, lang: Lang) -> impl Iterator<Item = (&String, &Value)> {
    let other = if is_told(fields) { lang.pick("en", "zh") } else { "" };
    let is_twin = |k: &str| k.strip_suffix("_zh").or_else(|| k.strip_suffix("_en")).is_some_and(|k| fields.contains_key(k));
    let seen = move |k: &str| !value::HIDDEN.contains(&k) && k != other && !is_twin(k);
    fields.iter().filter(move |(k, v)| !v.is_null() && seen(k)).map(move |(k, v)| (k, twin(fields, k, lang).unwrap_or(v)))
}

/// A field in the reader's language, where it has one.
fn said<'v>(fields: &'v Map<String, Value>, key: &str, lang: Lang) -> Option<&'v Value> {
    twin(fields, key, lang).or_else(|| fields.get(key))
}

fn twin<'v>(fields: &'v Map<String, Value>, key: &str, lang: Lang) -> Option<&'v Value> {
    fields.get(&format!("{key}_{}", lang.pick("zh", "en"))).filter(|v| !v.is_null())
}

/// Does this object bring a sentence in both languages with it?
fn is_told(fields: &Map<String, Value>) -> bool {
    fields.contains_key("zh") && fields.contains_key("en")
}

/// A sentence in both languages and nothing else, as the node sends it.
fn is_text(fields: &Map<String, Value>) -> bool {
    fields.len() == 2 && is_told(fields)
}

#[cfg(test)]
mod tests;
