//! The derived document: an Automerge document that every node makes from a document's entries, in any order, to the same heads.
//!
//! One change per entry, one Automerge operation per operation:
//! - actor: the first 16 bytes of SHA-256(key ‖ run); of a forked log's other branches, of SHA-256(key ‖ run ‖ id of the branch's first entry).
//!   Where several entries follow one place of a log, the one with the lowest id goes on with the actor that was there; each other starts a branch.
//! - seq: the place in the actor's chain, from 1 (in an unforked log the entry's sequence); time 0; no message.
//! - deps: the change of the previous entry (sequence 1: of the link, else the genesis) and of every entry of this document that a `replaces` names; sorted, unique.
//! - start_op: 1 + the highest operation of the deps; operations are numbered in their order in the payload.
//! - a row: `put` of bytes, the operation's CBOR item `[0, type, replaces, [field…]]` as it stands in the payload, in the map of the low 4 bits of the
//!   entry id's first byte, at key `<hex entry id>.<index>` (decimal, no leading zeros), without predecessors;
//! - a register: `put` of an Automerge scalar in the register map at its key; predecessors: the operations of the entries in `replaces` that wrote this key.
//!   CBOR integer → int (above 2⁶³−1: uint), byte string → bytes, text → str, true and false → bool, null → null: one to one.
//!
//! The genesis, the same in every document: actor `[0]`, seq 1, start_op 1, time 0, no deps, 17 `make map` operations in the root: 1 to 16 at the
//! keys `0` … `f` (rows), 17 at `registers`. A test fixes its hash.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use automerge::{ActorId, Automerge, Change, ObjId, ReadDoc, ScalarValueRef, Value as AutomergeValue, ValueRef};

use crate::{
    cbor::{CborError, Value},
    entry::SignedEntry,
    id::{DocId, EntryId},
    op::RowName,
};

mod change;
mod index;
mod order;
mod snapshot;

use index::Index;

/// Changes handed to Automerge at once. Few at a time cost several times as much each (one by one is quadratic), all have a peak in memory;
/// a school's year is one batch.
const BATCH_CHANGES: usize = 16_384;

/// A document derived from entries. It holds every entry it was given, standing or not: what counts is for views to say.
#[derive(Debug)]
pub struct Document {
    id: DocId,
    automerge: Automerge,
    index: Index,
}

/// Why a document could not be derived. Entries that were admitted, given with all that they name, cause only `NeedsRebuild`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The caller mixed up documents.
    #[error("entry {entry} belongs to document {of}, not to {document}")]
    OtherDocument {
        /// The entry.
        entry: EntryId,
        /// Where it belongs.
        of: DocId,
        /// Where it was to go.
        document: DocId,
    },
    /// Not a payload.
    #[error("entry {entry}: payload: {error}")]
    Payload {
        /// The entry.
        entry: EntryId,
        /// Where and what.
        error: CborError,
    },
    /// An entry came without one that it rests on.
    #[error("entry {entry} names {names}, which is not here: give them together")]
    Missing {
        /// The entry.
        entry: EntryId,
        /// Its previous entry, link, or an entry that it replaces.
        names: EntryId,
    },
    /// Ids that no hash function would give.
    #[error("entry {entry} rests on itself")]
    Circle {
        /// The entry.
        entry: EntryId,
    },
    /// Previous entry of another log, or not one lower in sequence.
    #[error("entry {entry} does not continue the log of its previous entry")]
    NotContinuous {
        /// The entry.
        entry: EntryId,
    },
    /// A register replaces a write that does not exist.
    #[error("operation {index} of entry {entry} replaces a write of entry {names}, which did not write this register")]
    NotWritten {
        /// The entry.
        entry: EntryId,
        /// Its operation, from 0.
        index: u16,
        /// The entry in `replaces`.
        names: EntryId,
    },
    /// An entry writes a register once.
    #[error("operation {index} of entry {entry} writes a register a second time")]
    WrittenTwice {
        /// The entry.
        entry: EntryId,
        /// Its operation, from 0.
        index: u16,
    },
    /// More operations in a chain than Automerge counts.
    #[error("entry {entry} would be operation {operation} or later of its chain")]
    TooLong {
        /// The entry.
        entry: EntryId,
        /// Number of its first operation.
        operation: u64,
    },
    /// A branch of a fork arrived whose id is lower than that of the branch that had gone on with the log's actor.
    #[error("entry {entry} begins a branch before one that is here: build the document anew from all its entries")]
    NeedsRebuild {
        /// The entry.
        entry: EntryId,
    },
    /// Automerge refused or panicked on derived changes: a bug.
    #[error("automerge: {what}; please report this")]
    Automerge {
        /// What it said.
        what: String,
    },
    /// A snapshot that this version did not write, or a damaged one.
    #[error("snapshot: {what}: delete it and build the document from its entries")]
    Snapshot {
        /// What was wrong.
        what: &'static str,
    },
}

impl Document {
    /// A document without entries.
    ///
    /// # Errors
    /// [`DocumentError::Automerge`], which would be a bug.
    pub fn empty(id: DocId) -> Result<Self, DocumentError> {
        let automerge = apply_changes(change::blank(), vec![change::genesis()])?;
        Ok(Self { id, automerge, index: Index::default() })
    }

    /// The document of these entries, in any order, duplicates ignored.
    ///
    /// # Errors
    /// Entries of another document, without those that they rest on, or that admission would refuse.
    pub fn build<'e>(id: DocId, entries: impl IntoIterator<Item = &'e SignedEntry>) -> Result<Self, DocumentError> {
        Self::empty(id)?.apply(entries)
    }

    /// The document with these entries too, in any order; those already here are ignored. Many at once are much cheaper than one by one.
    /// Takes the document, so that nobody goes on with one that failed midway: after an error, build it anew.
    ///
    /// # Errors
    /// As [`Self::build`], and [`DocumentError::NeedsRebuild`].
    pub fn apply<'e>(mut self, entries: impl IntoIterator<Item = &'e SignedEntry>) -> Result<Self, DocumentError> {
        let fresh: BTreeMap<_, _> = entries.into_iter().filter(|e| self.index.get(&e.id).is_none()).map(|e| (e.id, e)).collect();
        let fresh = order::sort(self.id, &self.index, fresh)?;
        let heirs = order::heirs(&self.index, &fresh)?;
        for batch in fresh.chunks(BATCH_CHANGES) {
            let derive = |e| change::derive(&mut self.index, &heirs, e);
            let changes = batch.iter().map(derive).collect::<Result<Vec<_>, _>>()?;
            self.automerge = apply_changes(self.automerge, changes)?;
        }
        Ok(self)
    }

    /// Which document this is.
    #[must_use]
    pub fn id(&self) -> DocId {
        self.id
    }

    /// Is this entry in it?
    #[must_use]
    pub fn contains(&self, entry: &EntryId) -> bool {
        self.index.get(entry).is_some()
    }

    /// Number of entries in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Has it no entry?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Hashes of the changes on which no other rests; sorted. Equal entries, equal heads.
    #[must_use]
    pub fn heads(&self) -> Vec<[u8; 32]> {
        self.automerge.get_heads().into_iter().map(|h| h.0).collect()
    }

    /// Every row with the bytes of its operation, `[0, type, replaces, [field…]]`; the order depends on the names alone.
    pub fn rows(&self) -> impl Iterator<Item = (RowName, Vec<u8>)> {
        (0..16).flat_map(|shard| self.automerge.map_range(change::row_map(shard), ..)).filter_map(|item| match item.value {
            ValueRef::Scalar(ScalarValueRef::Bytes(bytes)) => Some((RowName::parse(&item.key)?, bytes.into_owned())),
            _ => None,
        })
    }

    /// The bytes of one row's operation.
    #[must_use]
    pub fn row(&self, name: RowName) -> Option<Vec<u8>> {
        match self.automerge.get(change::row_map(change::shard(name.entry)), name.to_string()) {
            Ok(Some((AutomergeValue::Scalar(value), _))) => value.into_owned().into_bytes().ok(),
            _ => None,
        }
    }

    /// The writes of a register that no write replaces, by entry id; more than one is a conflict.
    #[must_use]
    pub fn register(&self, key: &str) -> Vec<(EntryId, Value)> {
        let writes = self.automerge.get_all(change::register_map(), key).unwrap_or_default();
        let mut values: Vec<_> = writes
            .iter()
            .filter_map(|(value, op)| Some((self.written_by(op)?, change::from_scalar(value.as_scalar()?)?)))
            .collect();
        values.sort();
        values
    }

    /// The keys of all registers, sorted.
    pub fn registers(&self) -> impl Iterator<Item = String> {
        self.automerge.keys(change::register_map())
    }

    /// A local snapshot, to be read by this version of the program alone; its bytes depend on the order in which entries arrived.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        snapshot::write(self.id, &self.index, &self.automerge.save())
    }

    /// Reads a local snapshot of this document; entries that it lacks are then applied.
    ///
    /// # Errors
    /// [`DocumentError::Snapshot`]: damaged, of another version, or of another document.
    pub fn load(id: DocId, bytes: &[u8]) -> Result<Self, DocumentError> {
        snapshot::read(id, bytes).map(|(index, automerge)| Self { id, automerge, index })
    }

    fn written_by(&self, op: &ObjId) -> Option<EntryId> {
        match op {
            ObjId::Id(counter, actor, _) => self.index.written_by(*counter, actor),
            ObjId::Root => None,
        }
    }
}

/// Applies changes whose deps are all there. A panic would leave Automerge's document in pieces, so it is taken and lost.
fn apply_changes(mut automerge: Automerge, changes: Vec<Change>) -> Result<Automerge, DocumentError> {
    let applied = catch_unwind(AssertUnwindSafe(move || automerge.apply_changes(changes).map(|()| automerge)));
    let automerge = match applied {
        Ok(Ok(automerge)) => automerge,
        Ok(Err(error)) => return Err(DocumentError::Automerge { what: error.to_string() }),
        Err(_) => return Err(DocumentError::Automerge { what: "panicked while applying changes".to_owned() }),
    };
    if automerge.get_missing_deps(&[]).is_empty() {
        Ok(automerge)
    } else {
        Err(DocumentError::Automerge { what: "changes wait for others".to_owned() })
    }
}

/// Nothing is ever written with it; Automerge wants one, and would draw it at random.
fn idle_actor() -> ActorId {
    ActorId::from([0_u8].as_slice())
}

#[cfg(test)]
mod tests;
