//! `conflict list`, `conflict settle`, and the writes of descriptive fields that may bring one about.
//!
//! Two things wait for a person: a register with more than one value, and a matter about which rows say different things (rivals). Settling writes one more value or row that
//! replaces all of them, here and, once it has travelled, everywhere.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use taizhang_core::{
    cbor::Value,
    id::{DocId, EntryId},
    op::{self, KEY_BYTES_MAX, PayloadBuilder, REPLACES_MAX, RowName, RowRef, VALUE_BYTES_MAX},
    rows::{self, field::Field},
    view::{DocumentView, RegisterWrite, ViewRow, matter::Matters},
};

use super::{Context, acting::Need, shown};
use crate::{
    command::Reply,
    core::{Act, Core},
    error::{CommandError, ErrorKind},
};

mod field;
pub(crate) use field::kind_of;
#[cfg(test)]
mod tests;

/// Something that waits for a person.
pub(crate) struct Conflict {
    document: DocId,
    /// The register's key, or `WORD:MATTER` of rivals.
    key: String,
    /// What may be chosen, always in the same order.
    choices: Vec<Choice>,
}

struct Choice {
    content: Content,
    /// Everyone who wrote it.
    hands: Vec<RowName>,
}

enum Content {
    Value(Value),
    Row { row_type: u16, fields: Vec<u8>, shown: Json },
}

impl Conflict {
    /// A descriptive field, or rival rows?
    pub(crate) fn is_register(&self) -> bool {
        self.choices.iter().all(|c| matches!(c.content, Content::Value(_)))
    }

    fn json(&self, core: &Core) -> Json {
        let choices = (1..).zip(&self.choices).map(|(n, c)| {
            let value = match &c.content {
                Content::Value(v) => shown::value(v),
                Content::Row { shown, .. } => shown.clone(),
            };
            json!({ "choose": n, "value": value, "hands": c.hands.iter().map(|h| shown::row_hand(core, *h)).collect::<Vec<_>>() })
        });
        json!({
            "key": self.key, "document": shown::document(core, &self.document), "id": self.id(),
            "what": if self.is_register() { "register" } else { "rows" }, "choices": choices.collect::<Vec<_>>(),
        })
    }

    /// A name that no other conflict has.
    fn id(&self) -> String {
        format!("{}#{}", self.document, self.key)
    }

    fn hands(&self) -> impl Iterator<Item = RowName> {
        self.choices.iter().flat_map(|c| c.hands.iter().copied())
    }
}

/// Every conflict of the documents that are here.
pub(crate) fn all(core: &Core) -> Result<Vec<Conflict>, CommandError> {
    let views = shown::views(core, |_| true)?;
    let mut out: Vec<Conflict> = views.iter().flat_map(of_registers).collect();
    let matters = Matters::build(&views);
    for matter in matters.iter().filter(|m| m.contents.len() > 1) {
        let word = rows::info(matter.row_type).map_or_else(|| matter.row_type.to_string(), |i| i.word.to_owned());
        let choices = matter.contents.iter().filter_map(|c| {
            let row = matters.row(*c.rows.first()?)?;
            let content = Content::Row { row_type: row.row_type, fields: anchored(row), shown: shown::fields(row) };
            Some(Choice { content, hands: c.rows.clone() })
        });
        out.push(Conflict {
            document: matter.document,
            key: format!("{word}:{}", matter.natural_id),
            choices: choices.collect(),
        });
    }
    Ok(out)
}

/// Values in their own order, equal ones from several hands as one.
fn of_registers(view: &DocumentView) -> Vec<Conflict> {
    let conflict = |key: &str| {
        let mut by_value: BTreeMap<&Value, Vec<RowName>> = BTreeMap::new();
        for w in view.register(key) {
            by_value.entry(&w.value).or_default().push(RowName { entry: w.entry, index: w.index });
        }
        let choices = by_value.into_iter().map(|(v, hands)| Choice { content: Content::Value(v.clone()), hands });
        Conflict { document: view.document, key: key.to_owned(), choices: choices.collect() }
    };
    view.conflicts().into_iter().map(conflict).collect()
}

/// The fields as another entry may write them: what the row calls "this entry" is named.
fn anchored(row: &ViewRow) -> Vec<u8> {
    Value::parse(&row.fields).map_or_else(|_| row.fields.clone(), |v| name_entry(v, row.name.entry).to_cbor())
}

fn name_entry(value: Value, entry: EntryId) -> Value {
    let Value::Array(items) = value else { return value };
    if let [document @ (Value::Null | Value::Bytes(_)), Value::Null, index @ Value::Int(_)] = items.as_slice() {
        return Value::Array(vec![document.clone(), Value::Bytes(entry.0.to_vec()), index.clone()]);
    }
    Value::Array(items.into_iter().map(|i| name_entry(i, entry)).collect())
}

/// Conflicts that wait for a person.
pub(crate) fn list(c: &Context<'_>) -> Result<Reply, CommandError> {
    let conflicts = all(c.core)?;
    let shown: Vec<Json> = conflicts.iter().map(|x| x.json(c.core)).collect();
    Ok(Reply::new("conflicts", json!({ "conflicts": shown })))
}

/// Writes a descriptive field over every value that this node sees.
pub(crate) fn describe(c: &mut Context<'_>, key: &str, value: &str) -> Result<Reply, CommandError> {
    let target = field::target(c, key)?;
    let bytes = op::scalar(&target.value(value)?);
    let replaces = current(c.core, &target.document, &target.key)?;
    let entry = write_register(c, target.document, &target.key, &bytes, &replaces)?;
    let document = shown::document(c.core, &target.document);
    Ok(Reply::new(
        "describe",
        json!({ "key": target.key, "document": document, "entry": entry.to_string(), "replaced": replaces.len() }),
    ))
}

fn current(core: &Core, document: &DocId, key: &str) -> Result<Vec<EntryId>, CommandError> {
    Ok(core.view(document)?.without_locks().register(key).into_iter().map(|w: &RegisterWrite| w.entry).collect())
}

fn write_register(
    c: &mut Context<'_>,
    document: DocId,
    key: &str,
    value: &[u8],
    replaces: &[EntryId],
) -> Result<EntryId, CommandError> {
    if key.len() > KEY_BYTES_MAX || value.len() > VALUE_BYTES_MAX {
        let why = (format!("内容太长: 最多 {VALUE_BYTES_MAX} 字节"), format!("too long: at most {VALUE_BYTES_MAX} bytes"));
        return Err(CommandError::new(ErrorKind::Usage, why.0, why.1));
    }
    few_enough(replaces.len())?;
    let mut p = PayloadBuilder::default();
    p.register(key, value, replaces);
    write(c, document, p)
}

fn write(c: &mut Context<'_>, document: DocId, payload: PayloadBuilder) -> Result<EntryId, CommandError> {
    let mut act = Act::default();
    act.write(document, payload);
    let person = c.person()?;
    let written = c.core.write(&person, act)?;
    written.first().copied().ok_or_else(|| CommandError::storage("no entry written"))
}

fn few_enough(replaced: usize) -> Result<(), CommandError> {
    if replaced <= REPLACES_MAX {
        return Ok(());
    }
    let why = (
        format!("涉及 {replaced} 条记录, 一次最多 {REPLACES_MAX} 条"),
        format!("it is about {replaced} rows; one act settles at most {REPLACES_MAX}"),
    );
    Err(CommandError::new(ErrorKind::Refused, why.0, why.1))
}

/// Keeps one of the values, or writes another, in place of all.
pub(crate) fn settle(c: &mut Context<'_>, key: &str, choose: Option<usize>, value: Option<&str>) -> Result<Reply, CommandError> {
    let conflict = find(all(c.core)?, c.core, key)?;
    c.need.set(Some(Need::WriteInto(conflict.document)));
    few_enough(conflict.hands().count())?;
    let entry = match (choose, value) {
        (Some(n), None) => keep(c, &conflict, n)?,
        (None, Some(text)) => replace_all(c, &conflict, text)?,
        _ => {
            return Err(CommandError::new(
                ErrorKind::Usage,
                "请选择其一: 序号或新值",
                "give the number of a value, or a new value",
            )
            .hint("taizhang conflict list 列出各值", "`taizhang conflict list` lists the values"));
        }
    };
    let replaced: Vec<String> = conflict.hands().map(|h| h.to_string()).collect();
    let document = shown::document(c.core, &conflict.document);
    Ok(Reply::new(
        "settled",
        json!({ "key": conflict.key, "document": document, "entry": entry.to_string(), "replaced": replaced }),
    ))
}

fn find(conflicts: Vec<Conflict>, core: &Core, key: &str) -> Result<Conflict, CommandError> {
    let mut fitting: Vec<Conflict> = conflicts.into_iter().filter(|x| x.key == key || x.id() == key).collect();
    match (fitting.pop(), fitting.is_empty()) {
        (Some(one), true) => Ok(one),
        (None, _) => Err(CommandError::not_found(format!("{key} 没有冲突"), format!("there is no conflict about {key}"))
            .hint("taizhang conflict list 列出冲突", "`taizhang conflict list` lists them")),
        (Some(last), false) => {
            fitting.push(last);
            let ids: Vec<String> = fitting.iter().map(Conflict::id).collect();
            let where_: Vec<String> = fitting.iter().map(|x| shown::document(core, &x.document)).collect();
            let why =
                (format!("{key} 在多处有冲突: {}", where_.join(", ")), format!("{key} is in conflict in {}", where_.join(", ")));
            Err(CommandError::new(ErrorKind::Usage, why.0, why.1)
                .hint("请用 id 指明", "name it by its id")
                .details(json!({ "ids": ids })))
        }
    }
}

fn keep(c: &mut Context<'_>, conflict: &Conflict, n: usize) -> Result<EntryId, CommandError> {
    let choice = n.checked_sub(1).and_then(|i| conflict.choices.get(i)).ok_or_else(|| {
        let most = conflict.choices.len();
        CommandError::not_found(format!("序号应为 1 至 {most}"), format!("choose 1 to {most}"))
    })?;
    match &choice.content {
        Content::Value(v) => {
            let entries: Vec<EntryId> = conflict.hands().map(|h| h.entry).collect();
            write_register(c, conflict.document, &conflict.key, &op::scalar(v), &entries)
        }
        Content::Row { row_type, fields, .. } => {
            let replaces: Vec<RowRef> = conflict.hands().map(RowName::here).collect();
            let mut p = PayloadBuilder::default();
            p.row(*row_type, &replaces, fields);
            write(c, conflict.document, p)
        }
    }
}

fn replace_all(c: &mut Context<'_>, conflict: &Conflict, text: &str) -> Result<EntryId, CommandError> {
    if !conflict.is_register() {
        return Err(CommandError::new(
            ErrorKind::Usage,
            "记录只能选择其一, 不能另写",
            "of rival rows one is chosen; another is written by recording it anew",
        )
        .hint("用 --choose 选择序号", "choose one by its number"));
    }
    let entries: Vec<EntryId> = conflict.hands().map(|h| h.entry).collect();
    let value = field::value(&conflict.key, text)?;
    write_register(c, conflict.document, &conflict.key, &op::scalar(&value), &entries)
}
