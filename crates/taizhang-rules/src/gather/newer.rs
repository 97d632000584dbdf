//! Rows of a newer version: whom they may concern, so that those accounts are open.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    cbor::Value,
    id::{DocId, Kind, OrgId},
    op::RowName,
    rows,
    view::{ViewRow, matter::Matters, training::Book},
};

/// Whom the unread rows concern.
#[derive(Clone, Debug, Default)]
pub(super) struct Newer {
    /// Those whose number stands in the row, or in one that it replaces.
    pub(super) teachers: BTreeMap<String, BTreeSet<RowName>>,
    /// Rows that name nobody concern everybody at or below the organisation.
    pub(super) orgs: BTreeSet<(OrgId, RowName)>,
}

/// Can this version not read the row, though it should?
pub(super) fn is_unread(row: &ViewRow) -> bool {
    match rows::check(row.row_type, &row.fields) {
        Some(read) => read.is_err(),
        None => rows::info(row.row_type).is_none(),
    }
}

impl Newer {
    /// `names`: every teacher's rows.
    pub(super) fn read(matters: &Matters<'_>, book: &Book, names: &BTreeMap<String, BTreeSet<RowName>>) -> Self {
        let of_reviews = matters.iter().filter(|m| m.document.kind == Kind::Review);
        let in_reviews = of_reviews.flat_map(|m| m.contents.iter().flat_map(|c| &c.rows).map(|n| (m.document, *n)));
        let unread = in_reviews.filter(|(_, n)| matters.row(*n).is_some_and(is_unread));
        let all: BTreeSet<(DocId, RowName)> = unread.chain(book.newer.iter().copied()).collect();
        let mut out = Self::default();
        for (document, row) in all.into_iter().filter_map(|(d, n)| Some((d, matters.row(n)?))) {
            let numbers = numbers(row, names);
            if numbers.is_empty() {
                out.orgs.insert((document.concerns(), row.name));
            }
            for number in numbers {
                out.teachers.entry(number).or_default().insert(row.name);
            }
        }
        out
    }
}

fn numbers(row: &ViewRow, names: &BTreeMap<String, BTreeSet<RowName>>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if let Ok(fields) = Value::parse(&row.fields) {
        texts(&fields, &mut |text| {
            if names.contains_key(text) {
                found.insert(text.to_owned());
            }
        });
    }
    let replaced: Vec<RowName> = row.replaces.iter().map(|r| r.resolve(row.name.entry)).collect();
    let of_replaced = names.iter().filter(|(_, rows)| replaced.iter().any(|r| rows.contains(r)));
    found.extend(of_replaced.map(|(number, _)| number.clone()));
    found
}

fn texts(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::Text(text) => found(text),
        Value::Array(items) => items.iter().for_each(|i| texts(i, found)),
        Value::Map(pairs) => pairs.iter().for_each(|(k, v)| {
            texts(k, found);
            texts(v, found);
        }),
        _ => {}
    }
}
