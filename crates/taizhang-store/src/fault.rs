//! A store that fails to order, around any other.

use std::ops::ControlFlow;

use taizhang_core::entries::{Entries, ReadFailed};
use taizhang_core::id::{AttachmentId, DocId, EntryId};

use crate::{Commit, CommitError, NewEntry, Notes, Statistics, Store};

/// How a commit fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitFault {
    /// As on a full disk; nothing is taken.
    NoSpace,
    /// As on a failing disk; nothing is taken.
    Failed,
    /// Reported as failed, yet taken whole: what a crash between a record and its acknowledgement looks like afterwards.
    FailedButTaken,
}

/// Passes everything on, but fails where it was told to. Torn and lost bytes are the business of [`crate::ModelDisk`].
pub struct FaultStore<S> {
    inner: S,
    commits: u64,
    orders: Vec<(u64, CommitFault)>,
    reads_fail: bool,
}

impl<S: Store> FaultStore<S> {
    /// Fails nowhere yet.
    pub fn new(inner: S) -> Self {
        Self { inner, commits: 0, orders: Vec::new(), reads_fail: false }
    }

    /// After `commits` more commits one fails like this.
    pub fn fail_after(&mut self, commits: u64, fault: CommitFault) {
        self.orders.push((self.commits + commits, fault));
    }

    /// Makes all reads fail, or work again.
    pub fn fail_reads(&mut self, fail: bool) {
        self.reads_fail = fail;
    }

    /// The store inside.
    pub fn into_inner(self) -> S {
        self.inner
    }

    fn readable(&self) -> Result<&S, ReadFailed> {
        match self.reads_fail {
            true => Err(ReadFailed("reading fails because a test ordered it".into())),
            false => Ok(&self.inner),
        }
    }
}

impl<S: Store> Store for FaultStore<S> {
    fn commit(&mut self, commit: &Commit) -> Result<u64, CommitError> {
        let number = self.commits;
        self.commits += 1;
        let order = self.orders.iter().position(|(at, _)| *at == number);
        let failed = || CommitError::Failed { at: "here".into(), why: "a test ordered it".into() };
        match order.map(|n| self.orders.swap_remove(n).1) {
            None => self.inner.commit(commit),
            Some(CommitFault::NoSpace) => Err(CommitError::NoSpace { at: "here".into() }),
            Some(CommitFault::Failed) => Err(failed()),
            Some(CommitFault::FailedButTaken) => {
                self.inner.commit(commit)?;
                Err(failed())
            }
        }
    }

    fn scan(&self, from: u64, visit: &mut dyn FnMut(u64, NewEntry) -> ControlFlow<()>) -> Result<(), ReadFailed> {
        self.readable()?.scan(from, visit)
    }

    fn note(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadFailed> {
        self.readable()?.note(key)
    }

    fn notes(&self, prefix: &[u8]) -> Result<Notes, ReadFailed> {
        self.readable()?.notes(prefix)
    }

    fn snapshot(&self, doc: &DocId) -> Result<Option<Vec<u8>>, ReadFailed> {
        self.readable()?.snapshot(doc)
    }

    fn put_snapshot(&mut self, doc: &DocId, bytes: &[u8]) -> Result<(), CommitError> {
        self.inner.put_snapshot(doc, bytes)
    }

    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn statistics(&self) -> Result<Statistics, ReadFailed> {
        self.readable()?.statistics()
    }
}

impl<S: Store> Entries for FaultStore<S> {
    fn entry(&self, id: &EntryId) -> Result<Option<Vec<u8>>, ReadFailed> {
        self.readable()?.entry(id)
    }

    fn attachment(&self, id: &AttachmentId) -> Result<Option<Vec<u8>>, ReadFailed> {
        self.readable()?.attachment(id)
    }
}
