//! Leads an index along the journal: what it has must agree, what it lacks is added. Building one anew is the same with an empty index.

use std::collections::{BTreeSet, VecDeque};

use taizhang_core::id::EntryId;

use super::CHUNK_ROWS;
use crate::Describe;
use crate::index::keys::{self, FORM, MARK, Mark, Place, Row, THIS_FORM};
use crate::index::{Batch, Index, IndexFault, Pairs, Tree};

/// An index on its way along the journal.
pub(super) struct Reconcile {
    index: Box<dyn Index>,
    fresh: bool,
    describe: Describe,
    /// Rows read ahead.
    rows: VecDeque<(Vec<u8>, Vec<u8>)>,
    rows_end: bool,
    /// The arrival number of the next entry.
    next: u64,
    /// How many rows the index had.
    had: u64,
    /// Of all (entry id, arrival) pairs, in no order: what the other tree must add up to.
    sum: u64,
    batch: Batch,
    batch_ids: BTreeSet<EntryId>,
    /// How far the batch leads.
    batch_mark: Option<Mark>,
    unknown: u64,
    trouble: Option<IndexFault>,
}

/// An index that agrees with the journal.
pub(super) struct Agreed {
    pub(super) index: Box<dyn Index>,
    pub(super) len: u64,
    /// How many entries had to be added.
    pub(super) added: u64,
    /// How many entries this program does not know how to read; they are kept.
    pub(super) unknown: u64,
}

/// An index that does not agree, and why.
pub(super) struct Disagreed {
    pub(super) fault: IndexFault,
    /// The entries it knew, as far as it can still tell.
    pub(super) knew: Vec<EntryId>,
}

impl Reconcile {
    pub(super) fn new(index: Box<dyn Index>, fresh: bool, describe: Describe) -> Self {
        let trouble = if fresh { None } else { first_look(&*index).err() };
        Self {
            index,
            fresh,
            describe,
            rows: VecDeque::new(),
            rows_end: fresh,
            next: 0,
            had: 0,
            sum: 0,
            batch: Vec::new(),
            batch_ids: BTreeSet::new(),
            batch_mark: None,
            unknown: 0,
            trouble,
        }
    }

    /// How far the index says it is.
    pub(super) fn mark(&self) -> Option<Mark> {
        let value = self.index.get(Tree::Meta, MARK).ok()??;
        Mark::from_bytes(&value)
    }

    /// The next entry of the journal.
    pub(super) fn entry(&mut self, place: Place, bytes: &[u8]) {
        if self.trouble.is_none() {
            self.trouble = self.follow(place, bytes).err();
        }
    }

    fn follow(&mut self, place: Place, bytes: &[u8]) -> Result<(), IndexFault> {
        let crc = crc32c::crc32c(bytes);
        let row = self.peek()?;
        if let Some(row) = row.as_ref().filter(|r| r.place == place && r.crc == crc) {
            self.rows.pop_front();
            self.had += 1;
            self.count(row.id);
            return Ok(());
        }
        let Some((id, log, sequence)) = (self.describe)(bytes) else {
            self.unknown += 1;
            return Ok(());
        };
        let known = self.batch_ids.contains(&id) || self.arrival(&id)?.is_some_and(|n| n < self.next);
        if known {
            // Written twice: fetched again when its first place could not be read.
            return Ok(());
        }
        if row.is_some() {
            return Err(broken(format!("its row {} is not what the journal has there", self.next)));
        }
        let row = Row { id, log, sequence, place, crc };
        push_row(&mut self.batch, self.next, &row);
        self.batch_ids.insert(id);
        self.count(id);
        self.batch_mark = Some(Mark::after(place, self.next));
        if self.batch_ids.len() >= CHUNK_ROWS {
            self.flush()?;
        }
        Ok(())
    }

    fn count(&mut self, id: EntryId) {
        self.sum = self.sum.wrapping_add(mix(&id.0, self.next));
        self.next += 1;
    }

    fn arrival(&self, id: &EntryId) -> Result<Option<u64>, IndexFault> {
        let value = self.index.get(Tree::Entries, &id.0)?;
        Ok(value.and_then(|v| keys::arrival(&v)))
    }

    /// The row of the next arrival number; `None` when the index has no more.
    fn peek(&mut self) -> Result<Option<Row>, IndexFault> {
        if self.rows.is_empty() && !self.rows_end {
            let from = self.next.to_be_bytes();
            let rows = self.index.range(Tree::Arrivals, &from, CHUNK_ROWS);
            self.rows = rows?.into();
            self.rows_end = self.rows.is_empty();
        }
        let Some((key, value)) = self.rows.front() else {
            return Ok(None);
        };
        if keys::arrival(key) != Some(self.next) {
            return Err(broken(format!("its row {} is missing", self.next)));
        }
        match Row::from_bytes(value) {
            None => Err(broken(format!("its row {} cannot be read", self.next))),
            row => Ok(row),
        }
    }

    fn flush(&mut self) -> Result<(), IndexFault> {
        let mut batch = std::mem::take(&mut self.batch);
        self.batch_ids.clear();
        if let Some(mark) = self.batch_mark.take() {
            push_mark(&mut batch, mark);
        }
        self.index.apply(&batch)
    }

    /// The journal is at its end.
    pub(super) fn finish(mut self) -> Result<Agreed, Disagreed> {
        let checked = match self.trouble.take() {
            Some(fault) => Err(fault),
            None => self.close(),
        };
        match checked {
            Ok(()) => Ok(Agreed { added: self.next - self.had, len: self.next, unknown: self.unknown, index: self.index }),
            Err(fault) => Err(Disagreed { fault, knew: knew(&*self.index).unwrap_or_default() }),
        }
    }

    fn close(&mut self) -> Result<(), IndexFault> {
        if self.peek()?.is_some() {
            return Err(broken("it knows entries that the journal has no more"));
        }
        if self.fresh {
            self.batch.push((Tree::Meta, FORM.into(), Some(THIS_FORM.into())));
            self.batch_mark.get_or_insert_default();
        }
        if !self.batch.is_empty() {
            self.flush()?;
        }
        // Also when nothing was added: a program killed before its last sync left rows that are there but not durable.
        self.index.durable()?;
        if self.mark().is_none_or(|mark| mark.entries != self.next) {
            return Err(broken("its mark does not fit its rows"));
        }
        self.check_entries()
    }

    /// Does the tree from ids to arrivals hold the same pairs as the tree from arrivals to ids?
    fn check_entries(&self) -> Result<(), IndexFault> {
        if self.fresh {
            return Ok(());
        }
        let mut sum = 0_u64;
        for_each(&*self.index, Tree::Entries, |key, value| {
            let arrival = keys::arrival(value).unwrap_or(u64::MAX);
            sum = sum.wrapping_add(mix(key, arrival));
        })?;
        match sum == self.sum {
            true => Ok(()),
            false => Err(broken("its two trees of entries differ")),
        }
    }
}

/// What an index that was there must have.
fn first_look(index: &dyn Index) -> Result<(), IndexFault> {
    let form = index.get(Tree::Meta, FORM)?;
    match form.as_deref() {
        Some(THIS_FORM) => Ok(()),
        Some(_) => Err(broken("it is of another version")),
        None => Err(broken("it is empty")),
    }
}

fn knew(index: &dyn Index) -> Result<Vec<EntryId>, IndexFault> {
    let mut ids = Vec::new();
    for_each(index, Tree::Arrivals, |_, value| {
        ids.extend(Row::from_bytes(value).map(|row| row.id));
    })?;
    Ok(ids)
}

/// Visits a whole tree.
pub(super) fn for_each(index: &dyn Index, tree: Tree, mut visit: impl FnMut(&[u8], &[u8])) -> Result<(), IndexFault> {
    let mut from = Vec::new();
    loop {
        let chunk: Pairs = index.range(tree, &from, CHUNK_ROWS)?;
        let Some((last, _)) = chunk.last() else {
            return Ok(());
        };
        from = [last, &[0][..]].concat();
        chunk.iter().for_each(|(key, value)| visit(key, value));
    }
}

/// The two rows of an entry.
pub(super) fn push_row(batch: &mut Batch, arrival: u64, row: &Row) {
    let arrival = arrival.to_be_bytes().to_vec();
    batch.push((Tree::Entries, row.id.0.to_vec(), Some(arrival.clone())));
    batch.push((Tree::Arrivals, arrival, Some(row.to_bytes())));
}

/// The mark; the last one in a batch holds.
pub(super) fn push_mark(batch: &mut Batch, mark: Mark) {
    batch.push((Tree::Meta, MARK.into(), Some(mark.to_bytes())));
}

fn mix(id: &[u8], arrival: u64) -> u64 {
    let head = id.first_chunk().map_or(0, |head| u64::from_be_bytes(*head));
    (head ^ arrival.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn broken(why: impl Into<String>) -> IndexFault {
    IndexFault::Broken(why.into())
}
