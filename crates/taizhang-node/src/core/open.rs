//! Opening a data folder: the store, the ledger out of its entries, and what is remembered beside them.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::ControlFlow,
};

use taizhang_core::{admission::Signature, entry::SignedEntry, id::NetworkId, ledger::Ledger, receipt::Receipt, units::Ms};
use taizhang_store::{
    Commit, Store,
    disk::{DiskStore, Options},
};
use taizhang_sync::{Config, Hub, frame::Kinds};

use super::{Arrivals, Core, Progress, now};
use crate::{
    commands::found::unfinished,
    error::{CommandError, ErrorKind},
    folder::{Folder, Settings},
    keyring,
    lost::Lost,
    remembered::Remembered,
};

impl Core {
    /// Opens the data folder; rebuilds what can be rebuilt.
    ///
    /// # Errors
    /// Nothing was set up here, another program has it open, or the disk fails.
    pub fn open(folder: Folder, progress: Progress<'_>) -> Result<Self, CommandError> {
        let settings = folder.settings()?;
        unfinished::is_done(&folder);
        Self::open_as(folder, settings, progress)
    }

    /// Opens a data folder whose settings are not kept yet.
    ///
    /// # Errors
    /// As [`Core::open`].
    pub(crate) fn open_as(folder: Folder, settings: Settings, progress: Progress<'_>) -> Result<Self, CommandError> {
        for mended in folder.guard()? {
            tracing::warn!(what = %mended.en, "the data folder was open to others");
        }
        let (network, org) = (settings.network()?, settings.org()?);
        let (mut store, holes, lost) = open_store(&folder, network)?;
        let ledger = load_ledger(&store, network, progress)?;
        let join = folder.read("invite.cbor")?.and_then(|b| SignedEntry::parse(&b, &network).ok());
        let mut config = Config::new(folder.node_key()?, org);
        config.wants = wants(&settings);
        config.join = join;
        config.spread = crate::spread::over_cores;
        config.receipt_epoch = next_epoch(&mut store)?;
        config.receipt_interval_ms = settings.receipt_interval_ms;
        let mut hub = Hub::new(config, ledger);
        for (_, bytes) in store.notes(b"receipt/").map_err(CommandError::storage)? {
            if let Ok(receipt) = Receipt::parse(&bytes) {
                hub.load_receipt(receipt);
            }
        }
        for (key, _) in store.notes(b"owed/").map_err(CommandError::storage)? {
            hub.load_owed(&key);
        }
        let remembered = Remembered::load(&store).map_err(CommandError::storage)?;
        hub.load_keys(keyring::file::load(&folder)?);
        let (runs, outgoing, events) = (BTreeMap::new(), VecDeque::new(), VecDeque::new());
        let (last_storage_error, arrivals) = (None, Arrivals::load(&store)?);
        let abandoned = Box::new(|| false);
        let mut core = Self {
            folder,
            settings,
            store,
            hub,
            runs,
            tokens: 0,
            outgoing,
            events,
            last_storage_error,
            holes,
            lost,
            remembered,
            arrivals,
            erased_at: None,
            keys_saved: Ms(0),
            keys_unsaved: false,
            clock: now,
            bundles: 0,
            abandoned,
        };
        // What was erased while the file could not be written goes now.
        core.perform();
        Ok(core)
    }
}

/// What this node asks others for.
pub(super) fn wants(settings: &Settings) -> Kinds {
    use taizhang_core::id::Kind;
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|k| settings.ledgers || *k != Kind::Ledger).collect();
    Kinds::of(&kinds).with_keys()
}

fn open_store(folder: &Folder, network: NetworkId) -> Result<(DiskStore, usize, Lost), CommandError> {
    let describe = move |bytes: &[u8]| {
        let e = SignedEntry::parse(bytes, &network).ok()?;
        Some((e.id, e.header.log, e.header.sequence))
    };
    let (store, report) = DiskStore::open(&folder.file("store"), &Options::new(describe)).map_err(|e| match e {
        taizhang_store::OpenError::InUse { path } => CommandError::new(
            ErrorKind::Storage,
            format!("节点已在运行: {path} 正被使用"),
            format!("a node is running already: {path} is in use"),
        )
        .hint("请直接使用它, 或用 taizhang stop 停止", "use it, or end it with `taizhang stop`"),
        other => CommandError::storage(other),
    })?;
    tracing::debug!(?report, "store opened");
    let lost = Lost::remember(folder, report.lost)?;
    Ok((store, report.holes.len(), lost))
}

/// The ledger out of all entries of the store.
pub(super) fn load_ledger(store: &DiskStore, network: NetworkId, progress: Progress<'_>) -> Result<Ledger, CommandError> {
    let mut ledger = Ledger::new(network);
    let total = store.len();
    let mut waiting: Vec<SignedEntry> = Vec::new();
    let scan = store.scan(0, &mut |n, entry| {
        match SignedEntry::parse(&entry.bytes, &network) {
            Ok(e) => waiting.extend(take_in(&mut ledger, store, e)),
            Err(why) => tracing::error!(id = %entry.id, %why, "an entry in the store cannot be read"),
        }
        progress("load", n + 1, total);
        ControlFlow::Continue(())
    });
    scan.map_err(CommandError::storage)?;
    // After a hole in the journal was fetched again, what rests on it stands before it.
    loop {
        let before = waiting.len();
        waiting = waiting.into_iter().filter_map(|e| take_in(&mut ledger, store, e)).collect();
        if waiting.is_empty() || waiting.len() == before {
            break;
        }
    }
    ledger.settle();
    if !waiting.is_empty() {
        tracing::warn!(
            entries = waiting.len(),
            "entries rest on others that are not here; they are fetched again at the next sync"
        );
    }
    Ok(ledger)
}

/// Files an entry of our own store; gives it back if it names what is not here yet.
fn take_in(ledger: &mut Ledger, store: &DiskStore, entry: SignedEntry) -> Option<SignedEntry> {
    match ledger.admit(store, entry.clone(), Signature::Checked) {
        Ok(admitted) => {
            ledger.file(&admitted);
            None
        }
        Err(_) => Some(entry),
    }
}

fn next_epoch(store: &mut DiskStore) -> Result<u32, CommandError> {
    let key = b"starts".to_vec();
    let last = store.note(&key).map_err(CommandError::storage)?;
    let next = last.and_then(|b| b.try_into().ok()).map_or(1, |b| u32::from_be_bytes(b).saturating_add(1));
    let notes = vec![(key, Some(next.to_be_bytes().to_vec()))];
    store.commit(&Commit { notes, ..Commit::default() }).map_err(CommandError::storage)?;
    Ok(next)
}
