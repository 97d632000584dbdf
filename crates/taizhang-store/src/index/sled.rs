//! The index in sled 0.34.7, with the two things it does not do by itself: an fsync after `flush`, and surviving its own panics.

use std::fs::{self, File, TryLockError};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use sled::Transactional;
use sled::transaction::{ConflictableTransactionError, TransactionError, TransactionalTree};

use super::{Batch, Index, IndexFault, IndexSource, Pairs, Tree};
use crate::medium::files::sync_folder;

const FOLDER: &str = "index";
const BAD_PREFIX: &str = "index.bad-";
/// sled's flusher has nothing to do, for every commit is flushed; the measured 175 of 175 power cuts ran with this value.
const FLUSH_EVERY_MS: u64 = 500;

/// sled's lock on its file: how often, and how long apart, it is asked for before the index counts as used elsewhere.
///
/// Whoever opens the index holds the folder's lock, so sled's own can only be held for a moment more: by sled's background threads
/// after a close, or by a child that this program is just starting, which has its open files until it becomes the other program.
const LOCK_TRIES: u32 = 40;
const LOCK_WAIT: Duration = Duration::from_millis(50);

/// The folder `index` of a data folder.
pub(crate) struct SledSource {
    root: PathBuf,
    cache_bytes: u64,
    synced: bool,
}

impl SledSource {
    pub(crate) fn new(root: &Path, cache_bytes: u64, synced: bool) -> Self {
        Self { root: root.to_path_buf(), cache_bytes, synced }
    }
}

impl IndexSource for SledSource {
    fn open(&mut self) -> Result<(Box<dyn Index>, bool), IndexFault> {
        let folder = self.root.join(FOLDER);
        let fresh = !folder.join("db").exists();
        let index = patiently(|| guard(|| SledIndex::open(&folder, self.cache_bytes, self.synced)))?;
        if fresh && self.synced {
            sync_folder(&folder).map_err(broken)?;
            sync_folder(&self.root).map_err(broken)?;
        }
        Ok((Box::new(index), fresh))
    }

    /// Only the last bad index is kept: it is for whoever wants to know what happened to it, and may be large.
    fn set_aside(&mut self) -> Result<Option<String>, IndexFault> {
        let folder = self.root.join(FOLDER);
        if !folder.exists() {
            return Ok(None);
        }
        let mut last = 0;
        for entry in fs::read_dir(&self.root).map_err(broken)? {
            let entry = entry.map_err(broken)?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|n| n.strip_prefix(BAD_PREFIX));
            if let Some(number) = number.and_then(|n| n.parse::<u32>().ok()) {
                last = last.max(number);
                fs::remove_dir_all(entry.path()).map_err(broken)?;
            }
        }
        let name = format!("{BAD_PREFIX}{}", last.saturating_add(1));
        fs::rename(&folder, self.root.join(&name)).map_err(broken)?;
        if self.synced {
            sync_folder(&self.root).map_err(broken)?;
        }
        Ok(Some(name))
    }

    fn discard(&mut self) {
        fs::remove_dir_all(self.root.join(FOLDER)).ok();
    }
}

struct SledIndex {
    /// `None` only while it is being dropped.
    open: Option<Open>,
    /// Our own handle: `flush` alone leaves the data in the page cache.
    file: File,
    synced: bool,
}

struct Open {
    db: sled::Db,
    trees: Vec<sled::Tree>,
}

impl SledIndex {
    fn open(folder: &Path, cache_bytes: u64, synced: bool) -> Result<Self, IndexFault> {
        let db = sled::Config::default()
            .path(folder)
            .cache_capacity(cache_bytes)
            .flush_every_ms(Some(FLUSH_EVERY_MS))
            .mode(sled::Mode::LowSpace)
            .use_compression(false)
            .open()
            .map_err(opening)?;
        let trees = Tree::NAMES.iter().map(|name| db.open_tree(name)).collect::<Result<_, _>>().map_err(failed)?;
        let file = File::open(folder.join("db")).map_err(broken)?;
        let open = Some(Open { db, trees });
        Ok(Self { open, file, synced })
    }

    fn opened(&self) -> Result<&Open, IndexFault> {
        self.open.as_ref().ok_or_else(|| broken("it is closed"))
    }

    fn tree(&self, tree: Tree) -> Result<&sled::Tree, IndexFault> {
        let found = self.opened()?.trees.get(tree as usize);
        found.ok_or_else(|| broken("a tree is missing"))
    }
}

impl Index for SledIndex {
    fn get(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>, IndexFault> {
        guard(|| {
            let found = self.tree(tree)?.get(key).map_err(failed)?;
            Ok(found.map(|v| v.to_vec()))
        })
    }

    fn range(&self, tree: Tree, from: &[u8], limit: usize) -> Result<Pairs, IndexFault> {
        guard(|| {
            let pairs = self.tree(tree)?.range(from..).take(limit);
            pairs.map(|pair| pair.map(|(k, v)| (k.to_vec(), v.to_vec())).map_err(failed)).collect()
        })
    }

    fn apply(&mut self, batch: &Batch) -> Result<(), IndexFault> {
        guard(|| {
            let trees = self.opened()?.trees.as_slice();
            trees.transaction(|views| write(views, batch)).map_err(|e| match e {
                TransactionError::Storage(e) => failed(e),
                TransactionError::Abort(why) => broken(why),
            })
        })
    }

    fn durable(&mut self) -> Result<(), IndexFault> {
        guard(|| {
            self.opened()?.db.flush().map_err(failed)?;
            if self.synced {
                self.file.sync_all().map_err(broken)?;
            }
            Ok(())
        })
    }

    fn bytes(&self) -> u64 {
        let size = guard(|| self.opened()?.db.size_on_disk().map_err(failed));
        size.unwrap_or(0)
    }
}

impl Drop for SledIndex {
    fn drop(&mut self) {
        let open = self.open.take();
        // A damaged database may panic while it closes; that must not end the process.
        catch_unwind(AssertUnwindSafe(|| drop(open))).ok();
        // Its background threads may keep the file a moment longer: closed means that the next one can open it.
        let is_held = || match self.file.try_lock() {
            Err(TryLockError::WouldBlock) => Err(IndexFault::InUse),
            Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
        };
        patiently(is_held).ok();
        self.file.unlock().ok();
    }
}

fn write(views: &[TransactionalTree], batch: &Batch) -> Result<(), ConflictableTransactionError<String>> {
    for (tree, key, value) in batch {
        let Some(view) = views.get(*tree as usize) else {
            let missing = "a tree is missing".to_owned();
            return Err(ConflictableTransactionError::Abort(missing));
        };
        match value {
            Some(value) => view.insert(key.as_slice(), value.as_slice())?,
            None => view.remove(key.as_slice())?,
        };
    }
    Ok(())
}

/// Runs a call into sled; a panic becomes a fault.
fn guard<T>(call: impl FnOnce() -> Result<T, IndexFault>) -> Result<T, IndexFault> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        Err(broken(text.unwrap_or_else(|| "sled panicked".into())))
    })
}

fn broken(why: impl ToString) -> IndexFault {
    IndexFault::Broken(why.to_string())
}

fn failed(error: sled::Error) -> IndexFault {
    match &error {
        sled::Error::Io(e) if is_full(e) => IndexFault::NoSpace(error.to_string()),
        _ => broken(error),
    }
}

/// sled sometimes wraps the system's error into a text.
fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    let kind = error.kind();
    matches!(kind, StorageFull | QuotaExceeded) || error.to_string().contains("StorageFull")
}

/// Asks again while the lock is held.
fn patiently<T>(mut open: impl FnMut() -> Result<T, IndexFault>) -> Result<T, IndexFault> {
    for _ in 0..LOCK_TRIES {
        match open() {
            Err(IndexFault::InUse) => thread::sleep(LOCK_WAIT),
            done => return done,
        }
    }
    open()
}

/// A lock held elsewhere is not an error kind of its own in sled: only its text tells.
fn opening(error: sled::Error) -> IndexFault {
    match error.to_string().contains("could not acquire lock") {
        true => IndexFault::InUse,
        false => failed(error),
    }
}
