//! What goes into a store: entries, attachments, notes, and the limits on each.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use taizhang_core::id::{AttachmentId, EntryId, LogId};

use crate::CommitError;
use crate::journal::record;

/// Largest entry, in bytes.
pub const MAX_ENTRY_BYTES: usize = 128 << 10;
/// Largest sum of the entries of one commit, in bytes.
pub const MAX_RECORD_BYTES: usize = 32 << 20;
/// Largest attachment, in bytes (larger things are chunked by whoever names them).
pub const MAX_ATTACHMENT_BYTES: usize = 32 << 20;
/// Largest key of a note, in bytes; the shortest is 1.
pub const MAX_NOTE_KEY_BYTES: usize = 256;
/// Largest value of a note, in bytes: larger values make sled keep them in files that nobody syncs (measured: power cuts destroyed 40 of 40).
pub const MAX_NOTE_BYTES: usize = 4096;

/// Reads an entry's name, log and sequence number off its bytes; `None` if they are not an entry this program knows.
pub type Describe = Arc<dyn Fn(&[u8]) -> Option<(EntryId, LogId, u64)> + Send + Sync>;

/// An entry on its way into a store. The store trusts that it has been admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// Its name.
    pub id: EntryId,
    /// The log it belongs to.
    pub log: LogId,
    /// Its place in the log, from 1.
    pub sequence: u64,
    /// Its canonical bytes: one CBOR item under tag 18.
    pub bytes: Vec<u8>,
}

/// What is taken whole or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// Entries in the order in which they shall arrive.
    pub entries: Vec<NewEntry>,
    /// Attachments; they are durable before any entry of the commit is. One may outlive a commit that a crash interrupted: nothing names it then.
    pub attachments: Vec<(AttachmentId, Vec<u8>)>,
    /// Small keyed values (receipts, session memory); `None` deletes. They live in the index only: whoever writes them can do without them.
    pub notes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

/// Keys and values of notes.
pub type Notes = Vec<(Vec<u8>, Vec<u8>)>;

/// What a store holds, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Number of entries.
    pub entries: u64,
    /// Number of journal segments.
    pub segments: u64,
    /// Size of the journal.
    pub journal_bytes: u64,
    /// Size of the index.
    pub index_bytes: u64,
    /// Size of the attachments.
    pub attachment_bytes: u64,
    /// Size of the snapshots.
    pub snapshot_bytes: u64,
}

impl Commit {
    /// A commit of these entries and nothing else.
    #[must_use]
    pub fn of(entries: Vec<NewEntry>) -> Self {
        Self { entries, ..Self::default() }
    }

    /// Refuses what no store may hold.
    pub(crate) fn check(&self) -> Result<(), CommitError> {
        let refuse = |why: String| Err(CommitError::Refused(why));
        let mut total = 0;
        for entry in &self.entries {
            let (id, len) = (entry.id, entry.bytes.len());
            total += len;
            if len > MAX_ENTRY_BYTES {
                return refuse(format!("entry {id} has {len} bytes, the most is {MAX_ENTRY_BYTES}"));
            }
            if record::item_len(&entry.bytes) != Some(len) {
                return refuse(format!("entry {id} is not one CBOR item under tag 18"));
            }
        }
        if total > MAX_RECORD_BYTES {
            return refuse(format!(
                "the entries of one commit have {total} bytes, the most is {MAX_RECORD_BYTES}: commit them in parts"
            ));
        }
        for (id, bytes) in &self.attachments {
            check_attachment(id, bytes)?;
        }
        for (key, value) in &self.notes {
            let (key, value) = (key.len(), value.as_ref().map_or(0, Vec::len));
            if key == 0 || key > MAX_NOTE_KEY_BYTES || value > MAX_NOTE_BYTES {
                return refuse(format!(
                    "a note with a key of {key} bytes and a value of {value}; the most is {MAX_NOTE_KEY_BYTES} and {MAX_NOTE_BYTES}, and no key is empty"
                ));
            }
        }
        Ok(())
    }
}

fn check_attachment(id: &AttachmentId, bytes: &[u8]) -> Result<(), CommitError> {
    let len = bytes.len();
    if len > MAX_ATTACHMENT_BYTES {
        return Err(CommitError::Refused(format!("attachment {id} has {len} bytes, the most is {MAX_ATTACHMENT_BYTES}")));
    }
    if sha256(bytes) != id.0 {
        return Err(CommitError::Refused(format!("attachment {id} is not named after its content")));
    }
    Ok(())
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
