//! One installation: hub, store on a modelled disk, clock.

use std::{cell::Cell, collections::BTreeMap, collections::BTreeSet, ops::ControlFlow};

use taizhang_core::{
    admission::Signature,
    entries::Entries,
    entry::SignedEntry,
    id::{DocId, EntryId, LogId, NetworkId, OrgId, PublicKey},
    key::SecretKey,
    ledger::Ledger,
    units::Ms,
};
use taizhang_store::{
    Commit, ModelDisk, NewEntry, Store,
    disk::{DiskStore, Options},
};
use taizhang_sync::{CommitId, CommitRequest, Config, Hub, SessionId, Token, frame::Kinds};

use super::{bug::Bug, dishonest::Lies, rogue::Rogue};

thread_local! {
    /// The store learns an entry's name from its bytes alone; the network is part of it.
    static NETWORK: Cell<NetworkId> = const { Cell::new(NetworkId([0; 32])) };
}

/// The world of this thread is in this network from now on.
pub(crate) fn set_network(network: NetworkId) {
    NETWORK.set(network);
}

fn describe(bytes: &[u8]) -> Option<(EntryId, LogId, u64)> {
    let e = SignedEntry::parse(bytes, &NETWORK.get()).ok()?;
    Some((e.id, e.header.log, e.header.sequence))
}

/// An old image of a disk, with what was promised then.
pub(crate) type Image = (BTreeMap<String, Vec<u8>>, BTreeSet<EntryId>);

/// An installation, running or not.
pub(crate) struct Machine {
    pub(crate) name: String,
    pub(crate) seed: [u8; 32],
    pub(crate) key: PublicKey,
    pub(crate) org: OrgId,
    pub(crate) wants: Kinds,
    /// Its clock less the true one, ms.
    pub(crate) offset: i64,
    pub(crate) disk: ModelDisk,
    pub(crate) join: Option<SignedEntry>,
    pub(crate) starts: u32,
    pub(crate) batch_bytes: usize,
    /// From handing a commit to the disk until it is written, and from there until the hub hears, ms; both 0: at once.
    pub(crate) commit_ms: (u64, u64),
    pub(crate) segment_bytes: u64,
    pub(crate) running: Option<Running>,
    pub(crate) rogue: Option<Rogue>,
    /// Its owner cheats: the hub runs, and what it says is changed.
    pub(crate) lies: Option<Lies>,
    /// Entries that somebody was told are durable here.
    pub(crate) promised: BTreeSet<EntryId>,
    /// Documents of which something was written here or taken when it might read them.
    pub(crate) taken: BTreeSet<DocId>,
    /// Its disk forgot what it had promised: when, ms.
    pub(crate) rolled_back: u64,
    /// Old images of the disk, with what was promised then.
    pub(crate) images: Vec<Image>,
    /// Ended for good.
    pub(crate) is_gone: bool,
    /// Restored to an image by something that its programs did not notice: they may write what they wrote before.
    pub(crate) is_twin: bool,
}

/// The program while it runs.
pub(crate) struct Running {
    pub(crate) hub: Hub,
    pub(crate) store: DiskStore,
    pub(crate) sessions: BTreeMap<SessionId, usize>,
    pub(crate) commit: Option<(CommitId, Commit)>,
    /// Local writes that nobody has heard of yet: by whom, which entries.
    pub(crate) writing: BTreeMap<Token, Writing>,
    pub(crate) wake: Option<u64>,
}

/// A local write under way.
#[derive(Clone, Debug)]
pub(crate) struct Writing {
    pub(crate) person: Option<usize>,
    pub(crate) entries: Vec<SignedEntry>,
}

impl Machine {
    pub(crate) fn secret(&self) -> SecretKey {
        SecretKey::from_seed(self.seed)
    }

    /// What its clock shows.
    pub(crate) fn clock(&self, now: u64) -> Ms {
        Ms(now.saturating_add_signed(self.offset))
    }

    /// The true time at which its clock shows `ms`.
    pub(crate) fn true_time(&self, ms: Ms) -> u64 {
        ms.0.saturating_add_signed(self.offset.saturating_neg())
    }

    /// Opens the store, loads the ledger, starts the hub.
    pub(crate) fn start(&mut self, network: NetworkId, bug: Option<Bug>) -> Result<(), Trouble> {
        let options = Options { segment_bytes: self.segment_bytes, ..Options::new(describe) };
        let (store, report) = DiskStore::open_model(&self.disk, &options).map_err(|_| Trouble::Disk)?;
        if !report.lost.is_empty() && bug.is_none() {
            return Err(Trouble::Wrong(format!("the store lost entries: {report:?}")));
        }
        let ledger = load(&store, network, bug)?;
        for id in &self.promised {
            if ledger.place(id).is_none() {
                return Err(Trouble::Wrong(format!("{} lost an entry that it had promised to keep: {id}", self.name)));
            }
        }
        self.starts += 1;
        let config = Config {
            node: self.secret(),
            org: self.org,
            wants: self.wants,
            join: self.join.clone(),
            receipt_epoch: self.starts,
            receipt_interval_ms: 60_000,
            batch_bytes: self.batch_bytes,
            spread: taizhang_sync::spread::one_by_one,
            planted: match bug {
                Some(Bug::Sync(planted)) => Some(planted),
                _ => self.lies.as_ref().and_then(|l| l.planted),
            },
        };
        let mut hub = Hub::new(config, ledger);
        for (_, bytes) in store.notes(b"receipt/").map_err(|_| Trouble::Disk)? {
            let receipt = taizhang_core::receipt::Receipt::parse(&bytes).map_err(|e| format!("a stored receipt: {e}"))?;
            hub.load_receipt(receipt);
        }
        for (key, _) in store.notes(b"owed/").map_err(|_| Trouble::Disk)? {
            hub.load_owed(&key);
        }
        let (sessions, writing) = (BTreeMap::new(), BTreeMap::new());
        self.running = Some(Running { hub, store, sessions, commit: None, writing, wake: None });
        Ok(())
    }

    pub(crate) fn has(&self, id: &EntryId) -> bool {
        self.running.as_ref().is_some_and(|r| r.store.entry(id).ok().flatten().is_some())
    }
}

/// Why a machine does not start.
pub(crate) enum Trouble {
    /// Its disk fails just now.
    Disk,
    /// Something is wrong that must not be.
    Wrong(String),
}

impl From<String> for Trouble {
    fn from(what: String) -> Self {
        Self::Wrong(what)
    }
}

/// The ledger of what a store holds.
pub(crate) fn load(store: &DiskStore, network: NetworkId, bug: Option<Bug>) -> Result<Ledger, Trouble> {
    let mut ledger = Ledger::new(network);
    if let Some(Bug::Core(planted)) = bug {
        ledger.planted = Some(planted);
    }
    let mut wrong = None;
    let scanned = store.scan(0, &mut |_, e| {
        let entry = match SignedEntry::parse(&e.bytes, &network) {
            Ok(entry) => entry,
            Err(e) => {
                wrong = Some(format!("a stored entry cannot be read: {e}"));
                return ControlFlow::Break(());
            }
        };
        match ledger.admit(store, entry, Signature::Checked) {
            Ok(admitted) => ledger.insert(&admitted),
            Err(refusal) => wrong = Some(format!("a stored entry may not enter: {refusal}")),
        }
        ControlFlow::Continue(())
    });
    match (scanned, wrong) {
        (_, Some(wrong)) => Err(Trouble::Wrong(wrong)),
        (Err(_), None) => Err(Trouble::Disk),
        (Ok(()), None) => Ok(ledger),
    }
}

/// What the hub asks to commit, as the store takes it.
pub(crate) fn commit_of(request: CommitRequest) -> Commit {
    let entries = request.entries.iter().map(|a| {
        let e = a.entry();
        NewEntry { id: e.id, log: e.header.log, sequence: e.header.sequence, bytes: e.to_bytes() }
    });
    Commit { entries: entries.collect(), attachments: request.attachments, notes: request.notes }
}
