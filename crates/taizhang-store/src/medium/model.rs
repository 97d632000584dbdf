//! A disk on which only synced bytes survive a crash; with faults to order, and everything random drawn from one seed.

mod platter;

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard};

use super::Medium;
use crate::index::{Batch, Index, IndexFault, IndexSource, Pairs, Tree};
use platter::Platter;

/// What goes wrong once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The operation fails: of a write a part has happened; what a failed sync should have saved is lost although later syncs succeed (as on Linux).
    Error,
    /// As `Error`, and the operation after it fails too: what should have mended the first.
    ErrorTwice,
    /// The power fails, or the program is killed: nothing works until [`ModelDisk::crash`] or [`ModelDisk::restart`].
    Stop,
}

/// A handle on a modelled disk: the store has one, the test another. Holds files and the index.
#[derive(Clone)]
pub struct ModelDisk(Arc<Mutex<Platter>>);

impl ModelDisk {
    /// An empty disk; equal seeds behave equally.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Platter::new(seed))))
    }

    /// Syncs do nothing from now on: for tests that must fail then.
    pub fn ignore_syncs(&self) {
        self.platter().synced = false;
    }

    /// Orders a fault for the write, sync, rename… after the next `operations` ones; replaces an order not yet carried out.
    pub fn fail_after(&self, operations: u64, fault: Fault) {
        let mut platter = self.platter();
        let at = platter.operations + operations;
        platter.order = Some((at, fault));
    }

    /// How many operations there have been.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.platter().operations
    }

    /// Bytes that all files together may have; `None`: no limit.
    pub fn set_capacity_bytes(&self, capacity: Option<u64>) {
        self.platter().capacity_bytes = capacity;
    }

    /// Bytes that all files together have.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.platter().used_bytes()
    }

    /// The power fails and comes back: what was not synced is gone, or there, or there in part, as the seed has it.
    pub fn crash(&self) {
        self.platter().crash();
    }

    /// The program starts again after [`Fault::Stop`]: what it wrote is there, synced or not.
    pub fn restart(&self) {
        self.platter().restart();
    }

    /// The index is gone.
    pub fn lose_index(&self) {
        self.platter().lose_index();
    }

    /// All files, by path.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        self.platter().names.keys().cloned().collect()
    }

    /// The content of a file.
    #[must_use]
    pub fn content(&self, path: &str) -> Option<Vec<u8>> {
        self.platter().file(path).ok().map(|f| f.data.clone())
    }

    /// Replaces (or removes) a file behind the store's back, durably: damage.
    pub fn set_content(&self, path: &str, content: Option<Vec<u8>>) {
        self.platter().set_content(path, content);
    }

    /// Reads that touch this range of a file fail: a bad sector.
    pub fn break_bytes(&self, path: &str, range: std::ops::Range<u64>) {
        self.platter().bad.push((path.into(), range));
    }

    /// All sectors can be read again.
    pub fn mend_bytes(&self) {
        self.platter().bad.clear();
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Medium for ModelDisk {
    fn list(&self, folder: &str) -> io::Result<Vec<(String, u64)>> {
        self.platter().list(folder)
    }

    fn len(&self, path: &str) -> io::Result<Option<u64>> {
        let platter = self.platter();
        platter.powered()?;
        Ok(platter.file(path).ok().map(|f| f.data.len() as u64))
    }

    fn read(&self, path: &str, from: u64, len: usize) -> io::Result<Vec<u8>> {
        self.platter().read(path, from, len)
    }

    fn create(&mut self, path: &str) -> io::Result<()> {
        let mut platter = self.platter();
        platter.operation()?;
        if platter.names.contains_key(path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        platter.create(path);
        Ok(())
    }

    fn append(&mut self, path: &str, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.platter().append(path, at, bytes)
    }

    fn sync(&mut self, path: &str) -> io::Result<()> {
        self.platter().sync(path)
    }

    fn sync_folder(&mut self, folder: &str) -> io::Result<()> {
        self.platter().sync_folder(folder)
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let mut platter = self.platter();
        platter.operation()?;
        let file = platter.names.remove(from).ok_or(ErrorKind::NotFound)?;
        platter.names.insert(to.into(), file);
        Ok(())
    }

    fn truncate(&mut self, path: &str, len: u64) -> io::Result<()> {
        let mut platter = self.platter();
        platter.operation()?;
        platter.file_mut(path)?.truncate(len);
        Ok(())
    }

    fn remove(&mut self, path: &str) -> io::Result<()> {
        let mut platter = self.platter();
        platter.operation()?;
        platter.names.remove(path).ok_or(ErrorKind::NotFound)?;
        Ok(())
    }

    fn salt(&mut self) -> io::Result<[u8; 4]> {
        let [a, b, c, d, ..] = self.platter().random().to_be_bytes();
        Ok([a, b, c, d])
    }
}

impl Index for ModelDisk {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, IndexFault> {
        let platter = self.platter();
        platter.powered().map_err(broken)?;
        platter.index.get(tree, key)
    }

    fn range(&self, tree: Tree, from: &[u8], limit: usize) -> Result<Pairs, IndexFault> {
        let platter = self.platter();
        platter.powered().map_err(broken)?;
        platter.index.range(tree, from, limit)
    }

    fn apply(&mut self, batch: &Batch) -> Result<(), IndexFault> {
        let mut platter = self.platter();
        platter.operation().map_err(broken)?;
        platter.apply(batch)
    }

    fn durable(&mut self) -> Result<(), IndexFault> {
        let mut platter = self.platter();
        platter.operation().map_err(broken)?;
        if platter.synced {
            platter.undo.clear();
        }
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.platter().index.bytes()
    }
}

impl IndexSource for ModelDisk {
    fn open(&mut self) -> Result<(Box<dyn Index>, bool), IndexFault> {
        let platter = self.platter();
        platter.powered().map_err(broken)?;
        let fresh = platter.index.bytes() == 0;
        Ok((Box::new(self.clone()), fresh))
    }

    fn set_aside(&mut self) -> Result<Option<String>, IndexFault> {
        let mut platter = self.platter();
        platter.operation().map_err(broken)?;
        platter.lose_index();
        Ok(None)
    }

    fn discard(&mut self) {
        self.platter().lose_index();
    }
}

fn broken(error: io::Error) -> IndexFault {
    IndexFault::Broken(error.to_string())
}
