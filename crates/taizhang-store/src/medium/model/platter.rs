//! What the modelled disk holds: the files as programs see them, and of each what a crash leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::ops::Range;

use super::Fault;
use crate::index::map::MapIndex;
use crate::index::{Batch, Index, IndexFault};
use crate::medium::folder_of;

/// One file. What is durable is `data[..same]` and then `cut_off`.
#[derive(Default)]
pub(super) struct Inode {
    pub(super) data: Vec<u8>,
    same: usize,
    /// Durable bytes that were truncated away, not durably so.
    cut_off: Vec<u8>,
    /// What failed syncs lost.
    lost: Vec<Range<usize>>,
}

pub(super) struct Platter {
    files: BTreeMap<u64, Inode>,
    pub(super) names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    next_file: u64,
    pub(super) index: MapIndex,
    /// How to take back what was applied to the index and is not durable, latest last.
    pub(super) undo: Batch,
    pub(super) synced: bool,
    pub(super) operations: u64,
    pub(super) order: Option<(u64, Fault)>,
    off: bool,
    pub(super) capacity_bytes: Option<u64>,
    pub(super) bad: Vec<(String, Range<u64>)>,
    random: u64,
}

impl Inode {
    pub(super) fn truncate(&mut self, len: u64) {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        if len < self.same {
            let tail = self.data.get(len..self.same).unwrap_or_default();
            self.cut_off = [tail, &self.cut_off].concat();
            self.same = len;
        }
        self.data.truncate(len);
        for lost in &mut self.lost {
            lost.end = lost.end.min(len);
        }
        self.lost.retain(|r| r.start < r.end);
    }

    fn crash(&mut self, random: &mut impl FnMut(u64) -> u64) {
        let unsynced = self.data.len() - self.same;
        let mut below = |n: usize| usize::try_from(random(n as u64)).unwrap_or(0);
        if below(4) == 0 {
            self.data.truncate(self.same);
            self.data.append(&mut self.cut_off);
        } else if unsynced > 0 {
            self.data.truncate(self.same + below(unsynced + 1));
            let hole = self.same + below(unsynced);
            if below(3) == 0 && hole < self.data.len() {
                // A page that never reached the disk before later ones did.
                let len = below(self.data.len() - hole) + 1;
                zero(&mut self.data, hole..hole + len);
            }
        }
        for lost in std::mem::take(&mut self.lost) {
            zero(&mut self.data, lost);
        }
        self.cut_off.clear();
        self.same = self.data.len();
    }
}

fn zero(data: &mut [u8], range: Range<usize>) {
    let end = range.end.min(data.len());
    if let Some(bytes) = data.get_mut(range.start..end) {
        bytes.fill(0);
    }
}

impl Platter {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            files: BTreeMap::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            next_file: 0,
            index: MapIndex::default(),
            undo: Vec::new(),
            synced: true,
            operations: 0,
            order: None,
            off: false,
            capacity_bytes: None,
            bad: Vec::new(),
            random: seed,
        }
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    pub(super) fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn powered(&self) -> io::Result<()> {
        if self.off {
            return Err(io::Error::other("the power is off"));
        }
        Ok(())
    }

    /// Counts an operation; fails if it was ordered to.
    pub(super) fn operation(&mut self) -> io::Result<()> {
        self.powered()?;
        self.operations += 1;
        match self.order {
            Some((at, fault)) if self.operations > at => {
                let again = (self.operations, Fault::Error);
                self.order = (fault == Fault::ErrorTwice).then_some(again);
                self.off = fault == Fault::Stop;
                Err(io::Error::other("input/output error (ordered)"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn file(&self, path: &str) -> io::Result<&Inode> {
        let file = self.names.get(path).and_then(|n| self.files.get(n));
        file.ok_or_else(|| ErrorKind::NotFound.into())
    }

    pub(super) fn file_mut(&mut self, path: &str) -> io::Result<&mut Inode> {
        let file = self.names.get(path).and_then(|n| self.files.get_mut(n));
        file.ok_or_else(|| ErrorKind::NotFound.into())
    }

    pub(super) fn list(&self, folder: &str) -> io::Result<Vec<(String, u64)>> {
        self.powered()?;
        let mut found = Vec::new();
        for path in self.names.keys().filter(|p| folder_of(p) == folder) {
            let name = path.rsplit('/').next().unwrap_or(path);
            found.push((name.to_owned(), self.file(path)?.data.len() as u64));
        }
        Ok(found)
    }

    pub(super) fn read(&self, path: &str, from: u64, len: usize) -> io::Result<Vec<u8>> {
        self.powered()?;
        let file = self.file(path)?;
        let end = from.saturating_add(len as u64);
        let is_bad = |r: &Range<u64>| r.start < end && from < r.end;
        if self.bad.iter().any(|(p, r)| p == path && is_bad(r)) {
            return Err(io::Error::other("bad sector"));
        }
        let range = usize::try_from(from).ok().zip(usize::try_from(end).ok());
        let bytes = range.and_then(|(from, end)| file.data.get(from..end));
        Ok(bytes.ok_or(ErrorKind::UnexpectedEof)?.to_vec())
    }

    pub(super) fn create(&mut self, path: &str) {
        self.next_file += 1;
        self.files.insert(self.next_file, Inode::default());
        self.names.insert(path.into(), self.next_file);
    }

    pub(super) fn append(&mut self, path: &str, at: u64, bytes: &[u8]) -> io::Result<()> {
        let was_on = !self.off;
        let mut outcome = self.operation();
        let mut fits = bytes.len() as u64;
        if outcome.is_err() {
            fits = if was_on { self.random() % (fits + 1) } else { 0 };
        } else if let Some(capacity) = self.capacity_bytes {
            let free = capacity.saturating_sub(self.used_bytes());
            if free < fits {
                fits = free;
                outcome = Err(ErrorKind::StorageFull.into());
            }
        }
        let file = self.file_mut(path)?;
        assert_eq!(at, file.data.len() as u64, "appends go to the end");
        let part = usize::try_from(fits).ok().and_then(|n| bytes.get(..n));
        file.data.extend_from_slice(part.unwrap_or_default());
        outcome
    }

    pub(super) fn sync(&mut self, path: &str) -> io::Result<()> {
        let outcome = self.operation();
        if !self.synced {
            return outcome;
        }
        let (off, file) = (self.off, self.file_mut(path)?);
        match outcome {
            Ok(()) => {
                file.same = file.data.len();
                file.cut_off.clear();
            }
            Err(_) if !off && file.same < file.data.len() => {
                file.lost.push(file.same..file.data.len());
            }
            Err(_) => {}
        }
        outcome
    }

    pub(super) fn sync_folder(&mut self, folder: &str) -> io::Result<()> {
        self.operation()?;
        if self.synced {
            self.durable_names.retain(|path, _| folder_of(path) != folder);
            let names = self.names.iter().filter(|(p, _)| folder_of(p) == folder);
            self.durable_names.extend(names.map(|(p, n)| (p.clone(), *n)));
        }
        Ok(())
    }

    pub(super) fn used_bytes(&self) -> u64 {
        let files = self.names.values().filter_map(|n| self.files.get(n));
        files.map(|f| f.data.len() as u64).sum()
    }

    pub(super) fn set_content(&mut self, path: &str, content: Option<Vec<u8>>) {
        self.names.remove(path);
        self.durable_names.remove(path);
        if let Some(data) = content {
            self.create(path);
            self.durable_names.insert(path.into(), self.next_file);
            let same = data.len();
            let inode = Inode { data, same, ..Inode::default() };
            self.files.insert(self.next_file, inode);
        }
    }

    pub(super) fn apply(&mut self, batch: &Batch) -> Result<(), IndexFault> {
        for (tree, key, _) in batch {
            let before = self.index.get(*tree, key)?;
            self.undo.push((*tree, key.clone(), before));
        }
        self.index.apply(batch)
    }

    pub(super) fn lose_index(&mut self) {
        self.index = MapIndex::default();
        self.undo.clear();
    }

    pub(super) fn restart(&mut self) {
        (self.off, self.order) = (false, None);
    }

    pub(super) fn crash(&mut self) {
        self.restart();
        let mut names = self.durable_names.clone();
        for path in names.keys().chain(self.names.keys()).cloned().collect::<Vec<_>>() {
            // Each unsynced name by itself is as it was, or as it became.
            let became = self.names.get(&path).copied();
            if names.get(&path).copied() != became && self.random().is_multiple_of(2) {
                match became {
                    Some(file) => names.insert(path, file),
                    None => names.remove(&path),
                };
            }
        }
        let named: BTreeSet<u64> = names.values().copied().collect();
        self.files.retain(|n, _| named.contains(n));
        let mut files = std::mem::take(&mut self.files);
        for file in files.values_mut() {
            file.crash(&mut |n| self.random() % n);
        }
        (self.files, self.names, self.durable_names) = (files, names.clone(), names);
        if self.random().is_multiple_of(2) {
            let mut undo = std::mem::take(&mut self.undo);
            undo.reverse();
            self.index.apply(&undo).ok();
        }
        self.undo.clear();
    }
}
