//! A store in memory: what the others are measured against.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use taizhang_core::entries::{Entries, ReadFailed};
use taizhang_core::id::{AttachmentId, DocId, EntryId};

use crate::{Commit, CommitError, NewEntry, Notes, Statistics, Store};

/// Keeps everything in maps; nothing survives it.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    entries: Vec<NewEntry>,
    arrivals: BTreeMap<EntryId, usize>,
    attachments: BTreeMap<AttachmentId, Vec<u8>>,
    notes: BTreeMap<Vec<u8>, Vec<u8>>,
    snapshots: BTreeMap<DocId, Vec<u8>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Store for MemoryStore {
    fn commit(&mut self, commit: &Commit) -> Result<u64, CommitError> {
        commit.check()?;
        let first = self.len();
        for entry in &commit.entries {
            if !self.arrivals.contains_key(&entry.id) {
                self.arrivals.insert(entry.id, self.entries.len());
                self.entries.push(entry.clone());
            }
        }
        self.attachments.extend(commit.attachments.iter().cloned());
        for (key, value) in &commit.notes {
            match value {
                Some(value) => self.notes.insert(key.clone(), value.clone()),
                None => self.notes.remove(key),
            };
        }
        Ok(first)
    }

    fn scan(&self, from: u64, visit: &mut dyn FnMut(u64, NewEntry) -> ControlFlow<()>) -> Result<(), ReadFailed> {
        for (arrival, entry) in (0..).zip(&self.entries) {
            if arrival >= from && visit(arrival, entry.clone()).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn note(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadFailed> {
        Ok(self.notes.get(key).cloned())
    }

    fn notes(&self, prefix: &[u8]) -> Result<Notes, ReadFailed> {
        let from = (Bound::Included(prefix.to_vec()), Bound::Unbounded);
        let notes = self.notes.range(from).take_while(|(key, _)| key.starts_with(prefix));
        Ok(notes.map(|(k, v)| (k.clone(), v.clone())).collect())
    }

    fn snapshot(&self, doc: &DocId) -> Result<Option<Vec<u8>>, ReadFailed> {
        Ok(self.snapshots.get(doc).cloned())
    }

    fn put_snapshot(&mut self, doc: &DocId, bytes: &[u8]) -> Result<(), CommitError> {
        self.snapshots.insert(*doc, bytes.to_vec());
        Ok(())
    }

    fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    fn statistics(&self) -> Result<Statistics, ReadFailed> {
        let sum = |bytes: &mut dyn Iterator<Item = usize>| bytes.sum::<usize>() as u64;
        Ok(Statistics {
            entries: self.len(),
            segments: 0,
            journal_bytes: sum(&mut self.entries.iter().map(|e| e.bytes.len())),
            index_bytes: sum(&mut self.notes.iter().map(|(k, v)| k.len() + v.len())),
            attachment_bytes: sum(&mut self.attachments.values().map(Vec::len)),
            snapshot_bytes: sum(&mut self.snapshots.values().map(Vec::len)),
        })
    }
}

impl Entries for MemoryStore {
    fn entry(&self, id: &EntryId) -> Result<Option<Vec<u8>>, ReadFailed> {
        let entry = self.arrivals.get(id).and_then(|n| self.entries.get(*n));
        Ok(entry.map(|e| e.bytes.clone()))
    }

    fn attachment(&self, id: &AttachmentId) -> Result<Option<Vec<u8>>, ReadFailed> {
        Ok(self.attachments.get(id).cloned())
    }
}
