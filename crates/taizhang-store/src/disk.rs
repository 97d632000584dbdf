//! The store on a disk: journal, index, attachments and snapshots in one data folder. The same code runs on a modelled disk.

mod blobs;
mod check;
mod open;
mod reconcile;

use std::fs::File;
use std::ops::ControlFlow;

use taizhang_core::entries::{Entries, ReadFailed};
use taizhang_core::id::{AttachmentId, DocId, EntryId};

use crate::index::keys::{self, Mark, Row};
use crate::index::{Batch, Index, IndexFault, IndexSource, NoIndex, Tree};
use crate::journal::Journal;
pub use crate::journal::{Cut, Hole};
use crate::medium::Medium;
use crate::{Commit, CommitError, Describe, NewEntry, Notes, Statistics, Store};
pub use check::Finding;
pub use open::{IndexState, OpenReport, Options};

/// Rows read from the index at once.
const CHUNK_ROWS: usize = 512;

/// The store in a data folder, which it alone has open.
pub struct DiskStore {
    medium: Box<dyn Medium>,
    journal: Journal,
    index: Box<dyn Index>,
    source: Box<dyn IndexSource>,
    describe: Describe,
    len: u64,
    index_state: IndexState,
    /// Held, never read: its lock keeps others out.
    _lock: Option<FolderLock>,
}

/// The lock of a data folder, given back when dropped and not when its file is closed: a child just being started may hold the file a moment longer.
pub(crate) struct FolderLock(File);

impl Drop for FolderLock {
    fn drop(&mut self) {
        self.0.unlock().ok();
    }
}

impl DiskStore {
    /// How the index is; it can change while the store is open.
    #[must_use]
    pub fn index_state(&self) -> &IndexState {
        &self.index_state
    }

    fn row_of(&self, id: &EntryId) -> Result<Option<Row>, IndexFault> {
        match self.arrival_of(id)? {
            None => Ok(None),
            Some(arrival) => self.row_at(arrival),
        }
    }

    fn arrival_of(&self, id: &EntryId) -> Result<Option<u64>, IndexFault> {
        let value = self.index.get(Tree::Entries, &id.0)?;
        Ok(value.and_then(|v| keys::arrival(&v)))
    }

    fn row_at(&self, arrival: u64) -> Result<Option<Row>, IndexFault> {
        let value = self.index.get(Tree::Arrivals, &arrival.to_be_bytes())?;
        Ok(value.and_then(|v| Row::from_bytes(&v)))
    }

    /// Reads an entry from the journal; its checksum says whether it is still what was written.
    fn bytes_of(&self, row: &Row) -> Result<Vec<u8>, ReadFailed> {
        let failed = |why: String| {
            let (id, at) = (row.id, row.place);
            ReadFailed(format!(
                "entry {id} in journal segment {:06} at byte {}: {why}; restart the program, it will fetch what is lost from another node",
                at.segment, at.offset
            ))
        };
        let bytes = self.journal.read(&*self.medium, row.place).map_err(|e| failed(e.to_string()))?;
        if crc32c::crc32c(&bytes) != row.crc {
            return Err(failed("damaged since it was written".into()));
        }
        Ok(bytes)
    }

    /// The entries of a commit that are not here yet.
    fn fresh<'c>(&self, commit: &'c Commit) -> Result<Vec<&'c NewEntry>, IndexFault> {
        let (mut fresh, mut seen) = (Vec::new(), std::collections::BTreeSet::new());
        for entry in &commit.entries {
            if seen.insert(entry.id) && self.arrival_of(&entry.id)?.is_none() {
                fresh.push(entry);
            }
        }
        Ok(fresh)
    }

    /// An entry that could not be described could not be found again once the index is lost.
    fn check_names(&self, entries: &[&NewEntry]) -> Result<(), CommitError> {
        let named = |e: &NewEntry| (self.describe)(&e.bytes) == Some((e.id, e.log, e.sequence));
        match entries.iter().find(|e| !named(e)) {
            None => Ok(()),
            Some(e) => Err(CommitError::Refused(format!("entry {} is not what its bytes say it is", e.id))),
        }
    }

    /// Journal, then index. What the index makes of it cannot fail the commit: the journal has it.
    fn write(&mut self, fresh: &[&NewEntry], notes: Batch) -> Result<u64, CommitError> {
        let first = self.len;
        let mut batch = notes.clone();
        if !fresh.is_empty() {
            let bytes: Vec<&[u8]> = fresh.iter().map(|e| e.bytes.as_slice()).collect();
            let places = self.journal.append(&mut *self.medium, &bytes).map_err(|(path, e)| CommitError::io(&path, &e))?;
            for (entry, place) in fresh.iter().zip(places) {
                let row =
                    Row { id: entry.id, log: entry.log, sequence: entry.sequence, place, crc: crc32c::crc32c(&entry.bytes) };
                reconcile::push_row(&mut batch, self.len, &row);
                self.len += 1;
                reconcile::push_mark(&mut batch, Mark::after(place, self.len));
            }
        }
        if let Err(fault) = self.settle(&batch) {
            self.restore_index(&fault, &|_, _| ()).map_err(|e| CommitError::io("index", &e))?;
            if self.settle(&notes).is_err() {
                self.index_in_memory(&fault, &|_, _| ()).map_err(|e| CommitError::io("index", &e))?;
                self.settle(&notes).ok();
            }
        }
        Ok(first)
    }

    fn settle(&mut self, batch: &Batch) -> Result<(), IndexFault> {
        if batch.is_empty() {
            return Ok(());
        }
        self.index.apply(batch)?;
        self.index.durable()
    }

    /// Takes the index out, so that its files are closed before they are opened again.
    fn drop_index(&mut self, fault: &IndexFault) {
        self.index = Box::new(NoIndex(fault.clone()));
    }
}

impl Store for DiskStore {
    fn commit(&mut self, commit: &Commit) -> Result<u64, CommitError> {
        commit.check()?;
        let fresh = match self.fresh(commit) {
            Ok(fresh) => fresh,
            Err(fault) => {
                self.restore_index(&fault, &|_, _| ()).map_err(|e| CommitError::io("index", &e))?;
                self.fresh(commit).map_err(|f| index_failed(&f))?
            }
        };
        self.check_names(&fresh)?;
        let put = self.put_attachments(&commit.attachments)?;
        let notes = commit.notes.iter();
        let notes = notes.map(|(k, v)| (Tree::Notes, k.clone(), v.clone()));
        let outcome = self.write(&fresh, notes.collect());
        if outcome.is_err() {
            self.take_back(&put);
        }
        outcome
    }

    fn scan(&self, from: u64, visit: &mut dyn FnMut(u64, NewEntry) -> ControlFlow<()>) -> Result<(), ReadFailed> {
        let mut next = from;
        loop {
            let key = next.to_be_bytes();
            let rows = self.index.range(Tree::Arrivals, &key, CHUNK_ROWS);
            let rows = rows.map_err(|f| unreadable(&f))?;
            if rows.is_empty() {
                return Ok(());
            }
            for (key, value) in rows {
                let row = keys::arrival(&key).zip(Row::from_bytes(&value));
                let Some((arrival, row)) = row.filter(|(arrival, _)| *arrival == next) else {
                    return Err(unreadable(&format!("row {next} is missing")));
                };
                let bytes = self.bytes_of(&row)?;
                let Row { id, log, sequence, .. } = row;
                let entry = NewEntry { id, log, sequence, bytes };
                if visit(arrival, entry).is_break() {
                    return Ok(());
                }
                next += 1;
            }
        }
    }

    fn note(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadFailed> {
        self.index.get(Tree::Notes, key).map_err(|f| unreadable(&f))
    }

    fn notes(&self, prefix: &[u8]) -> Result<Notes, ReadFailed> {
        let (mut notes, mut from) = (Vec::new(), prefix.to_vec());
        loop {
            let chunk = self.index.range(Tree::Notes, &from, CHUNK_ROWS);
            let chunk = chunk.map_err(|f| unreadable(&f))?;
            let full = chunk.len() == CHUNK_ROWS;
            let before = notes.len();
            notes.extend(chunk.into_iter().take_while(|(key, _)| key.starts_with(prefix)));
            match notes.last() {
                // The next key after this one.
                Some((last, _)) if full && notes.len() == before + CHUNK_ROWS => {
                    from = [last, &[0][..]].concat();
                }
                _ => return Ok(notes),
            }
        }
    }

    fn snapshot(&self, doc: &DocId) -> Result<Option<Vec<u8>>, ReadFailed> {
        self.read_snapshot(doc)
    }

    fn put_snapshot(&mut self, doc: &DocId, bytes: &[u8]) -> Result<(), CommitError> {
        self.write_snapshot(doc, bytes)
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn statistics(&self) -> Result<Statistics, ReadFailed> {
        let (segments, journal_bytes) = self.journal.size();
        Ok(Statistics {
            entries: self.len,
            segments,
            journal_bytes,
            index_bytes: self.index.bytes(),
            attachment_bytes: self.attachment_bytes()?,
            snapshot_bytes: self.snapshot_bytes()?,
        })
    }
}

impl Entries for DiskStore {
    fn entry(&self, id: &EntryId) -> Result<Option<Vec<u8>>, ReadFailed> {
        let row = self.row_of(id).map_err(|f| unreadable(&f))?;
        row.map(|row| self.bytes_of(&row)).transpose()
    }

    fn attachment(&self, id: &AttachmentId) -> Result<Option<Vec<u8>>, ReadFailed> {
        self.read_attachment(id)
    }
}

fn unreadable(why: &dyn std::fmt::Display) -> ReadFailed {
    ReadFailed(format!("the index cannot be read ({why}); restart the program, it will build it again"))
}

fn index_failed(fault: &IndexFault) -> CommitError {
    CommitError::Failed { at: "index".into(), why: fault.to_string() }
}
