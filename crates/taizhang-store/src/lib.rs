//! The journal, the sled index, attachments and snapshots; a commit returns only when durable.
//!
//! The store keeps signed entries as opaque CBOR items in an append-only **journal**; everything else (the index, the notes, the snapshots) can be lost
//! and is built again. It knows nothing of the protocol or the domain: what an entry is called it learns from a function its opener passes in
//! ([`disk::Options::describe`]).
//!
//! # The journal, byte by byte
//! `journal/NNNNNN-SSSSSSSS.seg`: the segment's number from 000001 in decimal, its salt in 8 hex digits. A segment is a CBOR sequence (RFC 8742) and nothing
//! else; each item is one record, one record is one commit:
//! ```text
//! record = 82                     array of 2
//!          uint                   crc32c(salt ‖ inner), shortest form
//!          inner                  array of n >= 1 entries: each a CBOR item as it was given, starting with d2 (tag 18, COSE_Sign1)
//! ```
//! `crc32c` is the Castagnoli polynomial as in RFC 3720; `salt` the 4 bytes spelled in the file name. The salt is random, local and never sent: without it,
//! bytes inside somebody's entry could pose as a record of their own once the record around them is damaged, and would enter unchecked.
//!
//! `docs/storage.md` has the rest: folders, index keys, and what happens on each kind of damage.

pub mod disk;
mod error;
pub mod fault;
mod index;
mod journal;
mod medium;
pub mod memory;
mod shape;

#[cfg(feature = "testing")]
pub mod conformance;
#[cfg(feature = "testing")]
pub mod testing;

use std::ops::ControlFlow;

use taizhang_core::entries::{Entries, ReadFailed};
use taizhang_core::id::DocId;

pub use error::{CommitError, OpenError};
pub use medium::model::{Fault as DiskFault, ModelDisk};
pub use shape::{
    Commit, Describe, MAX_ATTACHMENT_BYTES, MAX_ENTRY_BYTES, MAX_NOTE_BYTES, MAX_NOTE_KEY_BYTES, MAX_RECORD_BYTES, NewEntry,
    Notes, Statistics,
};

/// Where entries, attachments, notes and snapshots are kept. Synchronous: a call returns when its effect is what it says.
pub trait Store: Entries + Send {
    /// Takes the commit whole or not at all; what it wrote is durable when it returns.
    ///
    /// Entries are numbered 0, 1, 2… in the order in which they arrive; an entry already here is skipped. Returns the arrival number of the first entry
    /// that was not here yet (the old [`Store::len`]).
    ///
    /// # Errors
    /// Nothing of a failed commit can be read. After a failed write to a failing disk *and* a crash it may yet turn out to be there, whole.
    fn commit(&mut self, commit: &Commit) -> Result<u64, CommitError>;

    /// Visits the entries from arrival number `from` on, in order.
    ///
    /// # Errors
    /// The store could not be read there; what was visited before is good.
    fn scan(&self, from: u64, visit: &mut dyn FnMut(u64, NewEntry) -> ControlFlow<()>) -> Result<(), ReadFailed>;

    /// The note kept under `key`.
    ///
    /// # Errors
    /// The store could not be read.
    fn note(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadFailed>;

    /// Keys and values of all notes whose keys start with `prefix`, in the order of their keys.
    ///
    /// # Errors
    /// The store could not be read.
    fn notes(&self, prefix: &[u8]) -> Result<Notes, ReadFailed>;

    /// The last snapshot of a document, if it is still there and whole.
    ///
    /// # Errors
    /// The store could not be read.
    fn snapshot(&self, doc: &DocId) -> Result<Option<Vec<u8>>, ReadFailed>;

    /// Replaces the snapshot of a document: a local cache that may be lost at any time.
    ///
    /// # Errors
    /// It could not be written; the last one may be gone.
    fn put_snapshot(&mut self, doc: &DocId, bytes: &[u8]) -> Result<(), CommitError>;

    /// How many entries are here; the next one gets this arrival number.
    fn len(&self) -> u64;

    /// Is there no entry here?
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the store holds, in bytes.
    ///
    /// # Errors
    /// The store could not be read.
    fn statistics(&self) -> Result<Statistics, ReadFailed>;
}
