//! Opening a data folder: lock, index, journal, and whatever has to be mended between them.

use std::fs::{self, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;

use taizhang_core::id::{EntryId, LogId};

use super::reconcile::{Agreed, Disagreed, Reconcile};
use super::{Cut, DiskStore, FolderLock, Hole};
use crate::index::map::MapIndex;
use crate::index::sled::SledSource;
use crate::index::{Index, IndexFault, IndexSource, NoIndex, Tree};
use crate::journal::{self, Journal, Reading};
use crate::medium::Medium;
use crate::medium::files::{Files, sync_folder};
use crate::{Describe, ModelDisk, OpenError};

const LOCK: &str = "lock";
const SEGMENT_BYTES: u64 = 64 << 20;
const CACHE_BYTES: u64 = 16 << 20;

/// How to open a store.
pub struct Options {
    /// Reads an entry's name off its bytes; the index is built with it.
    pub describe: Describe,
    /// A segment takes no more records when it would grow over this many bytes; 64 MiB.
    pub segment_bytes: u64,
    /// Memory for the index's cache in bytes; 16 MiB for a school, 64 MiB for a county.
    pub cache_bytes: u64,
    /// Told (done, total) bytes of the journal while it is read: opening takes long when the index is built anew.
    pub progress: Option<Box<dyn Fn(u64, u64)>>,
    /// Leaves out every fsync: only for tests, which must see a power cut lose data then.
    #[doc(hidden)]
    pub unsynced: bool,
}

impl Options {
    /// The defaults.
    #[must_use]
    pub fn new(describe: impl Fn(&[u8]) -> Option<(EntryId, LogId, u64)> + Send + Sync + 'static) -> Self {
        Self {
            describe: Arc::new(describe),
            segment_bytes: SEGMENT_BYTES,
            cache_bytes: CACHE_BYTES,
            progress: None,
            unsynced: false,
        }
    }
}

/// What was found and mended while opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenReport {
    /// How many entries can be read.
    pub entries: u64,
    /// What of the journal cannot be read. Stays until somebody removes it; entries that were there can be committed again.
    pub holes: Vec<Hole>,
    /// Entries that the index knew and the journal has no more: to be fetched again.
    pub lost: Vec<EntryId>,
    /// The unfinished write that was cut off.
    pub cut: Option<Cut>,
    /// Entries that this program does not know how to read (a newer one wrote them): kept, not numbered.
    pub unknown: u64,
    /// Files in the journal's folder that are not part of it.
    pub strangers: Vec<String>,
    /// What had to be done to the index.
    pub index: IndexState,
}

/// How the index was brought to agree with the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexState {
    /// It agreed.
    Good,
    /// It lacked the last entries, now added.
    Behind {
        /// How many.
        entries: u64,
    },
    /// There was none; it was made.
    New,
    /// It was damaged, or something was lost from the journal; it was built anew. Arrival numbers may have changed; notes and snapshots are gone.
    Rebuilt {
        /// What was wrong.
        why: String,
        /// The name of the folder it was moved to.
        aside: Option<String>,
    },
    /// It cannot be kept on this disk now; until the store is opened again it is kept in memory, where notes and snapshots will be lost.
    InMemory {
        /// What was wrong.
        why: String,
    },
}

impl DiskStore {
    /// Opens the data folder, making it if it is not there. Reads the whole journal and compares it with the index.
    ///
    /// # Errors
    /// The folder is in use by another program, or cannot be read or written at all. Damage is no error: see the report.
    pub fn open(path: &Path, options: &Options) -> Result<(Self, OpenReport), OpenError> {
        let unusable = |e: io::Error| OpenError::Unusable { path: path.display().to_string(), why: e.to_string() };
        make_folder(path).map_err(unusable)?;
        let lock = OpenOptions::new().create(true).write(true).truncate(false).open(path.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let path = path.display().to_string();
                return Err(OpenError::InUse { path });
            }
            Err(TryLockError::Error(e)) => return Err(unusable(e)),
        }
        let synced = !options.unsynced;
        let medium = Box::new(Files::new(path, synced));
        let source = Box::new(SledSource::new(path, options.cache_bytes, synced));
        Self::open_on(medium, source, Some(FolderLock(lock)), &path.display().to_string(), options)
    }

    /// Opens the store on a modelled disk.
    ///
    /// # Errors
    /// The modelled power is off.
    pub fn open_model(disk: &ModelDisk, options: &Options) -> Result<(Self, OpenReport), OpenError> {
        let (medium, source) = (Box::new(disk.clone()), Box::new(disk.clone()));
        Self::open_on(medium, source, None, "model", options)
    }

    fn open_on(
        mut medium: Box<dyn Medium>,
        mut source: Box<dyn IndexSource>,
        lock: Option<FolderLock>,
        path: &str,
        options: &Options,
    ) -> Result<(Self, OpenReport), OpenError> {
        let path = || path.to_owned();
        let unusable = |e: io::Error| OpenError::Unusable { path: path(), why: e.to_string() };
        let (index, fresh) = match source.open() {
            Ok(opened) => opened,
            Err(IndexFault::InUse) => return Err(OpenError::InUse { path: path() }),
            Err(fault) => no_index(fault),
        };
        let describe = &options.describe;
        let silent = |_, _| ();
        let progress: &dyn Fn(u64, u64) = options.progress.as_deref().unwrap_or(&silent);
        let mut reconcile = Reconcile::new(index, fresh, describe.clone());
        let mark = reconcile.mark();
        let mut entry = |place, bytes: &[u8]| reconcile.entry(place, bytes);
        let mut reading = Reading { entry: &mut entry, progress, done: 0, total: 0 };
        let opened = journal::open(&mut *medium, options.segment_bytes, mark, &mut reading);
        let opened = opened.map_err(unusable)?;
        let journal = opened.journal;
        let mended = match reconcile.finish() {
            Ok(agreed) => Mended::agreed(agreed, fresh),
            Err(bad) => rebuild(&journal, &*medium, &mut *source, describe, bad, progress),
        };
        let Mended { agreed, state, lost } = mended.map_err(unusable)?;
        let report = OpenReport {
            entries: agreed.len,
            holes: opened.holes,
            lost,
            cut: opened.cut,
            unknown: agreed.unknown,
            strangers: opened.strangers,
            index: state.clone(),
        };
        let mut store = Self {
            medium,
            journal,
            index: agreed.index,
            source,
            describe: describe.clone(),
            len: agreed.len,
            index_state: state,
            _lock: lock,
        };
        store.sweep_snapshots();
        Ok((store, report))
    }

    /// Builds the index anew from the journal. `progress` is told (done, total) bytes.
    ///
    /// # Errors
    /// The journal cannot be read at all.
    pub fn rebuild(&mut self, progress: &dyn Fn(u64, u64)) -> Result<(), OpenError> {
        let fault = IndexFault::Broken("asked for".into());
        self.drop_index(&fault);
        let bad = Disagreed { fault, knew: Vec::new() };
        let mended = rebuild(&self.journal, &*self.medium, &mut *self.source, &self.describe, bad, progress);
        self.take(mended).map_err(|e| OpenError::Unusable { path: "journal".into(), why: e.to_string() })
    }

    /// After a fault: opens the index again, or builds it anew, or keeps it in memory.
    pub(super) fn restore_index(&mut self, fault: &IndexFault, progress: &dyn Fn(u64, u64)) -> io::Result<()> {
        self.drop_index(fault);
        let (index, fresh) = self.source.open().unwrap_or_else(no_index);
        let mended = match follow(&self.journal, &*self.medium, index, fresh, &self.describe, progress)? {
            Ok(agreed) => Mended::agreed(agreed, fresh),
            Err(bad) => rebuild(&self.journal, &*self.medium, &mut *self.source, &self.describe, bad, progress),
        };
        self.take(mended)
    }

    /// The last resort.
    pub(super) fn index_in_memory(&mut self, fault: &IndexFault, progress: &dyn Fn(u64, u64)) -> io::Result<()> {
        self.drop_index(fault);
        let why = fault.to_string();
        let mended = in_memory(&self.journal, &*self.medium, &self.describe, why, progress);
        self.take(mended)
    }

    fn take(&mut self, mended: io::Result<Mended>) -> io::Result<()> {
        let Mended { agreed, state, .. } = mended?;
        (self.index, self.len, self.index_state) = (agreed.index, agreed.len, state);
        Ok(())
    }
}

/// An index that agrees with the journal, and how it came to.
struct Mended {
    agreed: Agreed,
    state: IndexState,
    lost: Vec<EntryId>,
}

impl Mended {
    // A Result to stand beside `rebuild`.
    #[allow(clippy::unnecessary_wraps, reason = "one type for both arms of a match")]
    fn agreed(agreed: Agreed, fresh: bool) -> io::Result<Self> {
        let state = match agreed.added {
            _ if fresh => IndexState::New,
            0 => IndexState::Good,
            entries => IndexState::Behind { entries },
        };
        Ok(Self { agreed, state, lost: Vec::new() })
    }
}

fn no_index(fault: IndexFault) -> (Box<dyn Index>, bool) {
    (Box::new(NoIndex(fault)), false)
}

/// Leads an index along the whole journal.
fn follow(
    journal: &Journal,
    medium: &dyn Medium,
    index: Box<dyn Index>,
    fresh: bool,
    describe: &Describe,
    progress: &dyn Fn(u64, u64),
) -> io::Result<Result<Agreed, Disagreed>> {
    let mut reconcile = Reconcile::new(index, fresh, describe.clone());
    let (_, total) = journal.size();
    let mut entry = |place, bytes: &[u8]| reconcile.entry(place, bytes);
    let mut reading = Reading { entry: &mut entry, progress, done: 0, total };
    journal.visit(medium, &mut reading)?;
    Ok(reconcile.finish())
}

/// Moves the index out of the way and makes another. One on a full disk, or still held, is left where it is: it may be good.
fn rebuild(
    journal: &Journal,
    medium: &dyn Medium,
    source: &mut dyn IndexSource,
    describe: &Describe,
    bad: Disagreed,
    progress: &dyn Fn(u64, u64),
) -> io::Result<Mended> {
    let Disagreed { fault, knew } = bad;
    let why = fault.to_string();
    if !matches!(fault, IndexFault::Broken(_)) {
        return in_memory(journal, medium, describe, why, progress);
    }
    let made = source.set_aside().and_then(|aside| Ok((source.open()?, aside)));
    let made = match made {
        Err(fault) => Err(fault),
        Ok(((index, fresh), aside)) => match follow(journal, medium, index, fresh, describe, progress)? {
            Ok(agreed) => Ok((agreed, aside)),
            Err(again) => Err(again.fault),
        },
    };
    let mut mended = match made {
        Ok((agreed, aside)) => {
            let state = IndexState::Rebuilt { why, aside };
            Mended { agreed, state, lost: Vec::new() }
        }
        Err(fault) => {
            source.discard();
            in_memory(journal, medium, describe, format!("{why}; then {fault}"), progress)?
        }
    };
    let index = &mended.agreed.index;
    let is_gone = |id: &EntryId| matches!(index.get(Tree::Entries, &id.0), Ok(None));
    mended.lost = knew.into_iter().filter(is_gone).collect();
    Ok(mended)
}

fn in_memory(
    journal: &Journal,
    medium: &dyn Medium,
    describe: &Describe,
    why: String,
    progress: &dyn Fn(u64, u64),
) -> io::Result<Mended> {
    let index = Box::new(MapIndex::default());
    let agreed =
        follow(journal, medium, index, true, describe, progress)?.map_err(|bad| io::Error::other(bad.fault.to_string()))?;
    let state = IndexState::InMemory { why };
    Ok(Mended { agreed, state, lost: Vec::new() })
}

/// Makes the folder and those above it, each name durable.
fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let above = match path.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        _ => Path::new("."),
    };
    make_folder(above)?;
    match fs::create_dir(path) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e),
        _ => sync_folder(above),
    }
}
