//! Views: a document's rows and register values, derived from its admitted entries and nothing else.
//!
//! A view is a function of the set of entries: it reads no clock and does not depend on the order in which they came. Two nodes with equal sets have equal [`DocumentView::bytes`].
//! - [`matter`]: rows about one thing, folded where several hands wrote the same, rivals where they did not.
//! - [`decision`]: what the reviews say about a row.
//! - [`training`]: the lines of schools and teachers, with their sums.
//! - [`anchor`]: the first lock, checkpoint or rollup of another organisation that names an entry.
//! - [`export`]: fields by name, also those of a newer version.

pub mod anchor;
pub mod decision;
pub mod export;
mod late;
pub mod matter;
mod natural;
pub mod training;

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::{
    cbor::{Value, Writer},
    entry::SignedEntry,
    id::{DocId, EntryId, Kind, PublicKey},
    ledger::{Ledger, Place},
    op::{self, Op, RowName, RowRef},
    rows::{self, Parsed, RowType, field::Field},
    standing::{Judge, Standing},
    units::Ms,
};

/// The word for what stands and arrived after a lock.
pub const AFTER_LOCK: &str = "after_lock";

/// A row with who wrote it and whether it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewRow {
    /// Its name.
    pub name: RowName,
    /// Its type (`rows`).
    pub row_type: u16,
    /// The CBOR array of its fields, as written.
    pub fields: Vec<u8>,
    /// The rows it corrects or decides anew.
    pub replaces: Vec<RowRef>,
    /// Who wrote it.
    pub author: PublicKey,
    /// The grant under which the author's log began; none for the root statement's own.
    pub grant: Option<RowName>,
    /// When, as the author's clock said.
    pub time: Ms,
    /// Whether its entry counts.
    pub standing: Standing,
    /// It stands, but arrived after a lock and nobody accepted it: it counts as nothing.
    pub late: bool,
}

impl ViewRow {
    /// The typed fields; `None` for another type, or a form that only a newer version reads.
    #[must_use]
    pub fn read<T: RowType>(&self) -> Option<Parsed<T>> {
        if self.row_type == T::TYPE { T::from_fields(&self.fields).ok() } else { None }
    }

    /// Does its entry count?
    #[must_use]
    pub fn stands(&self) -> bool {
        self.standing == Standing::Stands
    }

    /// The word for how it stands.
    #[must_use]
    pub fn word(&self) -> &'static str {
        if self.late { AFTER_LOCK } else { self.standing.word() }
    }

    fn write(&self, w: &mut Writer) {
        w.array(8);
        self.name.write(w);
        w.uint(self.row_type.into()).raw(&self.fields);
        self.replaces.write(w);
        self.author.write(w);
        self.grant.write(w);
        w.uint(self.time.0).text(self.word());
    }
}

/// A value written into a register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterWrite {
    /// The entry that wrote it.
    pub entry: EntryId,
    /// Which operation of the entry, from 0.
    pub index: u16,
    /// `id.field`.
    pub key: String,
    /// A scalar.
    pub value: Value,
    /// Entries of this document whose values it replaces.
    pub replaces: Vec<EntryId>,
    /// Who wrote it.
    pub author: PublicKey,
    /// When, as the author's clock said.
    pub time: Ms,
    /// Whether its entry counts.
    pub standing: Standing,
    /// It stands, but arrived after a lock and nobody accepted it: it counts as nothing.
    pub late: bool,
}

impl RegisterWrite {
    /// Does it count?
    #[must_use]
    pub fn counts(&self) -> bool {
        self.standing == Standing::Stands && !self.late
    }

    /// The word for how it stands.
    #[must_use]
    pub fn word(&self) -> &'static str {
        if self.late { AFTER_LOCK } else { self.standing.word() }
    }

    fn write(&self, w: &mut Writer) {
        w.array(8).text(&self.key);
        self.entry.write(w);
        w.uint(self.index.into());
        self.value.write(w);
        self.replaces.write(w);
        self.author.write(w);
        w.uint(self.time.0).text(self.word());
    }
}

/// Everything that the entries of one document say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentView {
    /// Which document.
    pub document: DocId,
    /// Every row, also those that are replaced or do not stand.
    pub rows: BTreeMap<RowName, ViewRow>,
    /// Every register value by key and entry, also those that are replaced or do not stand.
    pub registers: BTreeMap<String, BTreeMap<EntryId, RegisterWrite>>,
    /// SHA-256 of the payload of every entry.
    payloads: BTreeMap<EntryId, [u8; 32]>,
}

impl DocumentView {
    /// Builds the view of `document`. Entries of other documents, those that were not admitted and those on surplus branches are left out.
    #[must_use]
    pub fn build<'a>(
        ledger: &Ledger,
        judge: &Judge<'_>,
        document: DocId,
        entries: impl IntoIterator<Item = &'a SignedEntry>,
    ) -> Self {
        let mut view = Self { document, rows: BTreeMap::new(), registers: BTreeMap::new(), payloads: BTreeMap::new() };
        for e in entries {
            let Some(place) = ledger.place(&e.id).filter(|p| p.log.document == document) else { continue };
            let standing = judge.standing(&e.id);
            if standing != Standing::Surplus {
                view.add(e, place, standing);
            }
        }
        if let Some(gate) = judge.gate(document) {
            late::mark(&mut view, &gate);
        }
        view
    }

    fn add(&mut self, e: &SignedEntry, place: &Place, standing: Standing) {
        let (author, time) = (place.log.key, place.time);
        self.payloads.insert(e.id, Sha256::digest(&e.payload).into());
        for (index, o) in (0..).zip(op::parse(&e.payload).unwrap_or_default()) {
            match o {
                Op::Row(row) => {
                    let name = RowName { entry: e.id, index };
                    let fields = row.fields.to_vec();
                    let (row_type, replaces, grant, late) = (row.row_type, row.replaces, place.grant, false);
                    let row = ViewRow { name, row_type, fields, replaces, author, grant, time, standing, late };
                    self.rows.insert(name, row);
                }
                Op::Register(r) => {
                    let value = Value::parse(r.value).unwrap_or(Value::Null);
                    let (key, replaces, late) = (r.key.to_owned(), r.replaces, false);
                    let write = RegisterWrite { entry: e.id, index, key, value, replaces, author, time, standing, late };
                    self.registers.entry(r.key.to_owned()).or_default().insert(e.id, write);
                }
            }
        }
    }

    /// Deterministic CBOR of everything, the words of standing included: equal on nodes with equal sets of entries.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.array(3).bytes(&self.document.to_bytes()).array(self.rows.len() as u64);
        self.rows.values().for_each(|row| row.write(&mut w));
        w.array(self.registers.values().map(BTreeMap::len).sum::<usize>() as u64);
        self.registers.values().flat_map(BTreeMap::values).for_each(|r| r.write(&mut w));
        w.finish()
    }

    /// The same as if nothing had been locked: what people recorded, whenever it arrived.
    #[must_use]
    pub fn without_locks(mut self) -> Self {
        self.rows.values_mut().for_each(|r| r.late = false);
        self.registers.values_mut().flat_map(BTreeMap::values_mut).for_each(|r| r.late = false);
        self
    }

    /// Rows that stand and arrived after a lock, by name.
    pub fn late(&self) -> impl Iterator<Item = &ViewRow> {
        self.rows.values().filter(|r| r.late)
    }

    /// Does the row count: it stands, did not arrive after a lock, and its type is not one of another kind of document? A type that belongs nowhere is of a newer version, and counts.
    #[must_use]
    pub fn counts(&self, row: &ViewRow) -> bool {
        let belongs_nowhere = || !Kind::ALL.into_iter().any(|k| rows::belongs(row.row_type, k));
        row.stands() && !row.late && (rows::belongs(row.row_type, self.document.kind) || belongs_nowhere())
    }

    /// Rows that count and that no counting row of this document replaces, by name.
    #[must_use]
    pub fn current(&self) -> Vec<&ViewRow> {
        self.current_among(&Replacements::of([self]))
    }

    /// The same, where rows of reviews further up may replace rows of this one.
    #[must_use]
    pub fn current_among(&self, replacements: &Replacements) -> Vec<&ViewRow> {
        self.rows.values().filter(|row| self.counts(row) && !replacements.is_replaced(row.name)).collect()
    }

    /// Counting rows with each row they replace.
    fn replacing(&self) -> impl Iterator<Item = (&ViewRow, &RowRef)> {
        self.rows.values().filter(|row| self.counts(row)).flat_map(|row| row.replaces.iter().map(move |r| (row, r)))
    }

    /// The standing writes of a register that no standing write replaces, by entry. Several with different values are a conflict.
    #[must_use]
    pub fn register(&self, key: &str) -> Vec<&RegisterWrite> {
        let standing = || self.registers.get(key).into_iter().flat_map(BTreeMap::values).filter(|w| w.counts());
        let replaced: BTreeSet<EntryId> = standing().flat_map(|w| w.replaces.iter().copied()).collect();
        standing().filter(|w| !replaced.contains(&w.entry)).collect()
    }

    /// Registers with more than one value for the user to settle. Equal values from several hands are one value.
    #[must_use]
    pub fn conflicts(&self) -> Vec<&str> {
        let values = |key: &str| self.register(key).into_iter().map(|w| &w.value).collect::<BTreeSet<_>>().len();
        self.registers.keys().map(String::as_str).filter(|key| values(key) > 1).collect()
    }

    /// SHA-256 of an entry's payload, as decisions on sheets name it.
    #[must_use]
    pub fn payload_digest(&self, entry: &EntryId) -> Option<[u8; 32]> {
        self.payloads.get(entry).copied()
    }

    /// The rows of one entry, by index.
    pub fn rows_of(&self, entry: EntryId) -> impl Iterator<Item = &ViewRow> {
        self.rows.range(RowName { entry, index: 0 }..=RowName { entry, index: u16::MAX }).map(|(_, row)| row)
    }
}

/// Which rows are replaced by counting rows, over several documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replacements(BTreeMap<RowName, BTreeSet<RowName>>);

impl Replacements {
    /// Which rows a row may name is for admission to say: those of its own document and, in a review, those of a review of the same subject further down.
    #[must_use]
    pub fn of<'v>(views: impl IntoIterator<Item = &'v DocumentView>) -> Self {
        let mut replaced: BTreeMap<RowName, BTreeSet<RowName>> = BTreeMap::new();
        for (row, r) in views.into_iter().flat_map(DocumentView::replacing) {
            replaced.entry(r.resolve(row.name.entry)).or_default().insert(row.name);
        }
        Self(replaced)
    }

    /// Does any counting row replace this one?
    #[must_use]
    pub fn is_replaced(&self, name: RowName) -> bool {
        self.0.contains_key(&name)
    }

    /// Every replaced row with each row that replaces it.
    pub fn iter(&self) -> impl Iterator<Item = (RowName, RowName)> {
        self.0.iter().flat_map(|(replaced, by)| by.iter().map(|b| (*replaced, *b)))
    }
}

#[cfg(test)]
mod tests;
