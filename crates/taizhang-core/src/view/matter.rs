//! Matters: rows about one thing. What several hands wrote alike is one content; different contents are rivals, and nothing counts until a later row replaces them.
//!
//! **Equal content** = same type, same natural id, same document, and equal fields, where a reference to a row at hand is compared by the fields of that row (one level: the references inside it are compared as they are). So two imports of one file are equal although each names its own sheet.
//!
//! **A replacement of one counts for all of equal content**, also for copies that arrive later. Where replacements lead in a circle of contents (A corrected to B and back to A, or two hands correcting in opposite directions), only the rows that are named are replaced: else nothing would be left.

mod circles;

use std::collections::{BTreeMap, BTreeSet};

use circles::{Edges, leading_out};
use sha2::{Digest, Sha256};

use super::{
    DocumentView, Replacements, ViewRow,
    natural::{self, Natural, RowIndex},
};
use crate::{
    cbor::Value,
    id::{DocId, EntryId},
    op::{RowName, RowRef},
    planted::{Check, is_off},
    rows::field::Field,
};

/// One content of a matter and everyone who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// SHA-256 over type and fields, references replaced as the module says.
    pub digest: [u8; 32],
    /// The rows with this content, by name.
    pub rows: Vec<RowName>,
}

/// Rows of one document about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matter {
    /// The document.
    pub document: DocId,
    /// The type of its rows.
    pub row_type: u16,
    /// What it is about.
    pub natural_id: String,
    /// By digest; more than one are rivals.
    pub contents: Vec<Content>,
}

impl Matter {
    /// The one content; `None` while there are rivals.
    #[must_use]
    pub fn settled(&self) -> Option<&Content> {
        match self.contents.as_slice() {
            [one] => Some(one),
            [first, ..] if is_off(Check::RivalContents) => Some(first),
            _ => None,
        }
    }
}

/// The matters of several documents.
#[derive(Clone, Debug)]
pub struct Matters<'v> {
    rows: RowIndex<'v>,
    natural_ids: BTreeMap<RowName, String>,
    matters: BTreeMap<Key, Matter>,
    replaced: BTreeMap<Key, Matter>,
    successors: BTreeMap<RowName, BTreeSet<RowName>>,
}

/// Document, type, natural id.
type Key = (DocId, u16, String);

/// Rows fold within a class: document, type, natural id, digest.
type Class = (DocId, u16, String, [u8; 32]);

impl<'v> Matters<'v> {
    /// Groups the counting rows of these documents. References into documents that are not among them are compared as they are.
    #[must_use]
    pub fn build(views: &'v [DocumentView]) -> Self {
        let rows: RowIndex<'v> = views.iter().flat_map(|v| v.rows.values()).map(|row| (row.name, row)).collect();
        let classes = classify(views, &rows);
        let replacements = Replacements::of(views);
        let replaced = replaced_classes(&classes, &replacements);
        let is_gone = |name: &RowName, class: &Class| replaced.contains(class) || replacements.is_replaced(*name);
        let matters = group(classes.iter().filter(|(name, class)| !is_gone(name, class)));
        let gone = group(classes.iter().filter(|(name, class)| is_gone(name, class)));
        let natural_ids = classes.iter().map(|(name, (_, _, id, _))| (*name, id.clone())).collect();
        Self { rows, natural_ids, matters, replaced: gone, successors: replacements.0 }
    }

    /// Every matter, by document, type and natural id.
    pub fn iter(&self) -> impl Iterator<Item = &Matter> {
        self.matters.values()
    }

    /// What was replaced, grouped alike.
    pub fn replaced(&self) -> impl Iterator<Item = &Matter> {
        self.replaced.values()
    }

    /// Every row that replaces one of these, directly or through others.
    #[must_use]
    pub fn successors(&self, rows: &[RowName]) -> BTreeSet<RowName> {
        let (mut open, mut found) = (rows.to_vec(), BTreeSet::new());
        while let Some(at) = open.pop() {
            open.extend(self.successors.get(&at).into_iter().flatten().filter(|by| found.insert(**by)));
        }
        found
    }

    /// The matters of one type in one document, by natural id.
    pub fn of_type(&self, document: DocId, row_type: u16) -> impl Iterator<Item = &Matter> {
        let from = (document, row_type, String::new());
        self.matters.range(from..).take_while(move |((d, t, _), _)| (*d, *t) == (document, row_type)).map(|(_, m)| m)
    }

    /// One matter.
    #[must_use]
    pub fn get(&self, document: DocId, row_type: u16, natural_id: &str) -> Option<&Matter> {
        self.matters.get(&(document, row_type, natural_id.to_owned()))
    }

    /// A row of these documents.
    #[must_use]
    pub fn row(&self, name: RowName) -> Option<&'v ViewRow> {
        self.rows.get(&name).copied()
    }

    /// What a counting row is about, also where it is replaced.
    #[must_use]
    pub fn natural_id(&self, name: RowName) -> Option<&str> {
        self.natural_ids.get(&name).map(String::as_str)
    }

    /// What any row is about, also one that does not count; `None`: about nothing that others may write about too.
    #[must_use]
    pub fn subject(&self, row: &ViewRow) -> Option<String> {
        match natural::of(row, &self.rows) {
            Natural::Id(id) => Some(id),
            Natural::OwnContent | Natural::OwnName => None,
        }
    }

    pub(super) fn index(&self) -> &RowIndex<'v> {
        &self.rows
    }
}

/// What the registration of this teacher in this activity is about.
#[must_use]
pub fn registration_id(activity_no: &str, teacher: &str) -> String {
    natural::registration_id(activity_no, teacher)
}

fn group<'c>(classes: impl Iterator<Item = (&'c RowName, &'c Class)>) -> BTreeMap<Key, Matter> {
    let mut matters: BTreeMap<Key, Matter> = BTreeMap::new();
    for (name, (document, row_type, id, digest)) in classes {
        let matter = matters.entry((*document, *row_type, id.clone())).or_insert_with(|| Matter {
            document: *document,
            row_type: *row_type,
            natural_id: id.clone(),
            contents: Vec::new(),
        });
        match matter.contents.iter_mut().find(|c| c.digest == *digest) {
            Some(content) => content.rows.push(*name),
            None => matter.contents.push(Content { digest: *digest, rows: vec![*name] }),
        }
    }
    matters.values_mut().for_each(|m| m.contents.sort_by_key(|c| c.digest));
    matters
}

fn classify(views: &[DocumentView], rows: &RowIndex<'_>) -> BTreeMap<RowName, Class> {
    let plain: BTreeMap<RowName, [u8; 32]> = rows.iter().map(|(name, row)| (*name, digest(row.row_type, &row.fields))).collect();
    let mut classes = BTreeMap::new();
    for view in views {
        // Two equal rows of one entry are two: only further entries repeat them.
        let mut seen: BTreeMap<(EntryId, [u8; 32]), u32> = BTreeMap::new();
        for row in view.rows.values().filter(|row| view.counts(row)) {
            let digest = content_digest(row, &plain);
            let id = match natural::of(row, rows) {
                Natural::Id(id) => id,
                Natural::OwnName => format!("~{}", row.name),
                Natural::OwnContent => {
                    let n = seen.entry((row.name.entry, digest)).or_insert(0);
                    *n += 1;
                    format!("~{}/{n}", EntryId(digest))
                }
            };
            classes.insert(row.name, (view.document, row.row_type, id, digest));
        }
    }
    classes
}

/// Classes of which a row is replaced by one whose own replacements do not lead back to the class.
fn replaced_classes(classes: &BTreeMap<RowName, Class>, replacements: &Replacements) -> BTreeSet<Class> {
    let mut edges: Edges<'_, Class> = BTreeMap::new();
    for (replaced, by) in replacements.iter() {
        if let (Some(from), Some(to)) = (classes.get(&replaced), classes.get(&by)) {
            edges.entry(from).or_default().insert(to);
        }
    }
    leading_out(&edges).into_iter().cloned().collect()
}

fn digest(row_type: u16, fields: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(row_type.to_be_bytes()).chain_update(fields).finalize().into()
}

/// The digest with references to rows at hand replaced by the digests of those rows.
fn content_digest(row: &ViewRow, plain: &BTreeMap<RowName, [u8; 32]>) -> [u8; 32] {
    let Ok(fields) = Value::parse(&row.fields) else { return digest(row.row_type, &row.fields) };
    digest(row.row_type, &compared(fields, row.name.entry, plain).to_cbor())
}

fn compared(value: Value, from: EntryId, plain: &BTreeMap<RowName, [u8; 32]>) -> Value {
    if let Some(there) = row_ref(&value).and_then(|r| plain.get(&r.resolve(from))) {
        return Value::Bytes(there.to_vec());
    }
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(|i| compared(i, from, plain)).collect()),
        other => other,
    }
}

/// No other field of a row has this form: `[document | null, entry | null, index]`.
fn row_ref(value: &Value) -> Option<RowRef> {
    let Value::Array(items) = value else { return None };
    let [document, entry, Value::Int(index)] = items.as_slice() else { return None };
    let document = match document {
        Value::Null => None,
        Value::Bytes(b) => Some(DocId::from_bytes(b)?),
        _ => return None,
    };
    let entry = match entry {
        Value::Null => None,
        Value::Bytes(b) => Some(EntryId::from_slice(b)?),
        _ => return None,
    };
    Some(RowRef { document, entry, index: u16::try_from(*index).ok()? })
}
