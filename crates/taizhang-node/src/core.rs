//! The node without its network: store, hub and clock in one place. Commands and the driver work on it, one at a time.

mod arrivals;
pub mod carry;
mod keys;
mod open;
mod write;

use std::{
    collections::{BTreeMap, VecDeque},
    time::{SystemTime, UNIX_EPOCH},
};

use taizhang_core::{
    entries::Entries,
    entry::SignedEntry,
    id::{DocId, EntryId, NetworkId, OrgId, PublicKey, Run},
    ledger::Ledger,
    standing::Judge,
    units::Ms,
    view::DocumentView,
};
use taizhang_store::{Commit, NewEntry, Store, disk::DiskStore};
use taizhang_sync::{CommitRequest, Effect, Event, Hub, Input, SessionId};

use crate::{
    error::{CommandError, ErrorKind},
    folder::{Folder, Settings},
    keyfile,
    lost::Lost,
    remembered::Remembered,
};

pub use arrivals::Arrivals;
use open::{load_ledger, wants};
pub use write::Act;
pub(crate) use write::before_first_sync;

/// Something to do on the network.
#[derive(Debug)]
pub enum Outgoing {
    /// Put a frame on a session's stream.
    Send(SessionId, Vec<u8>),
    /// End a session.
    Close(SessionId, &'static str),
}

/// Long work shows how far it is.
pub type Progress<'a> = &'a mut dyn FnMut(&'static str, u64, u64);

/// The node without its network.
pub struct Core {
    folder: Folder,
    settings: Settings,
    store: DiskStore,
    hub: Hub,
    runs: BTreeMap<PublicKey, Run>,
    tokens: u64,
    outgoing: VecDeque<Outgoing>,
    events: VecDeque<Event>,
    last_storage_error: Option<CommandError>,
    holes: usize,
    lost: Lost,
    remembered: Remembered,
    arrivals: Arrivals,
    /// What the ledger had been told of names and of the registry when it was last asked who is erased.
    erased_at: Option<(u64, u64)>,
    /// When the keyring file was written last, and whether something in it is new since.
    keys_saved: Ms,
    keys_unsaved: bool,
    clock: fn() -> Ms,
    /// Bundles so far.
    bundles: u64,
    /// Has whoever asked for what is being done gone away?
    abandoned: Box<dyn Fn() -> bool + Send>,
}

impl Drop for Core {
    fn drop(&mut self) {
        self.save_keys();
    }
}

/// What the store could not read when it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// Places of the journal.
    pub holes: usize,
    /// Entries that were here and are gone.
    pub lost: usize,
}

impl Core {
    /// How long work learns that nobody waits for it any more.
    pub fn set_abandoned(&mut self, abandoned: impl Fn() -> bool + Send + 'static) {
        self.abandoned = Box::new(abandoned);
    }

    /// Ends long work that only reads, once whoever asked has gone.
    ///
    /// # Errors
    /// Nobody waits for the result.
    pub fn go_on(&self) -> Result<(), CommandError> {
        if (self.abandoned)() {
            return Err(CommandError::new(ErrorKind::Refused, "已中止: 无人等候结果", "given up: nobody waits for the result"));
        }
        Ok(())
    }

    /// What this node remembers besides entries.
    #[must_use]
    pub fn remembered(&self) -> &Remembered {
        &self.remembered
    }

    /// What was here before a day began.
    #[must_use]
    pub fn arrivals(&self) -> &Arrivals {
        &self.arrivals
    }

    /// What the store could not read when it was opened.
    #[must_use]
    pub fn damage(&self) -> Damage {
        Damage { holes: self.holes, lost: self.lost.count(self.ledger()) }
    }

    /// Gives up what was lost.
    pub fn forget_lost(&mut self) {
        self.lost.forget(&self.folder);
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Changes and keeps the settings.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn change_settings(&mut self, change: impl FnOnce(&mut Settings)) -> Result<(), CommandError> {
        change(&mut self.settings);
        self.hub.set_wants(wants(&self.settings));
        self.folder.save_settings(&self.settings)
    }

    /// What this node knows.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        self.hub.ledger()
    }

    /// The sync hub.
    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &DiskStore {
        &self.store
    }

    /// The store, for checks and rebuilding.
    pub fn store_mut(&mut self) -> &mut DiskStore {
        &mut self.store
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> NetworkId {
        self.hub.ledger().network
    }

    /// This node's organisation.
    #[must_use]
    pub fn org(&self) -> OrgId {
        self.hub.org()
    }

    /// What the clock says.
    #[must_use]
    pub fn now(&self) -> Ms {
        (self.clock)()
    }

    /// From here on this is what the clock says.
    #[cfg(test)]
    pub(crate) fn set_clock(&mut self, clock: fn() -> Ms) {
        self.clock = clock;
    }

    /// Takes in what happened, and makes durable what must be.
    pub fn step(&mut self, input: Input) {
        if matches!(input, Input::Connected { .. } | Input::Carried { .. }) {
            let keys = keyfile::list(&self.folder).unwrap_or_default();
            self.hub.set_own_keys(keys.into_iter().map(|k| k.public).collect());
        }
        self.hub.handle(self.now(), &self.store, input);
        self.perform();
    }

    fn perform(&mut self) {
        while let Some(effect) = self.hub.poll_effect() {
            match effect {
                Effect::Commit(id, request) => {
                    let done = self.commit(request);
                    let input = if done { Input::Committed(id) } else { Input::CommitFailed(id) };
                    self.hub.handle(self.now(), &self.store, input);
                }
                Effect::Send { session, frame } => self.outgoing.push_back(Outgoing::Send(session, frame)),
                Effect::Close { session, reason } => self.outgoing.push_back(Outgoing::Close(session, reason)),
                Effect::KeepKeys => self.keys_unsaved = true,
                Effect::Notify(event) => {
                    // What is erased goes from the file at once.
                    self.keys_saved = if matches!(event, Event::KeysErased { .. }) { Ms(0) } else { self.keys_saved };
                    self.notified(event);
                }
            }
            self.reload_if_needed();
        }
        self.reload_if_needed();
        self.save_keys_when_due();
        self.forget_erased();
        self.keep_remembered();
    }

    /// Remembers what the hub told, as if it had come in a session.
    #[cfg(test)]
    pub(crate) fn hear(&mut self, event: &Event) {
        self.remembered.hear(self.now(), event);
        self.keep_remembered();
    }

    /// Where this neighbour was dialled somebody answered whom our registry does not know; or its own node did.
    pub(crate) fn note_answer(&mut self, address: &str, stranger: Option<PublicKey>) {
        self.remembered.answer(self.now(), address, stranger);
        self.keep_remembered();
    }

    /// Makes durable what no commit took along.
    fn keep_remembered(&mut self) {
        let notes = self.remembered.take_notes();
        if !notes.is_empty()
            && let Err(error) = self.store.commit(&Commit { notes, ..Commit::default() })
        {
            tracing::warn!(%error, "what was refused or met is not remembered");
        }
    }

    fn notified(&mut self, event: Event) {
        if let Event::KeysSpoiled { records } = event {
            tracing::warn!(records, "records of teachers' keys were not the right ones: they are gone");
        }
        self.remembered.hear(self.now(), &event);
        self.events.push_back(event);
    }

    fn commit(&mut self, request: CommitRequest) -> bool {
        let mut commit = Commit {
            entries: request.entries.into_iter().map(|e| stored(&e.into_entry())).collect(),
            attachments: request.attachments,
            notes: request.notes,
        };
        let (today, here) = (self.now().day(), self.store.len());
        commit.notes.extend(self.remembered.take_notes());
        commit.notes.extend(self.arrivals.note(today, here));
        match self.store.commit(&commit) {
            Ok(_) => {
                self.arrivals.mark(today, here);
                true
            }
            Err(e) => {
                tracing::error!(error = %e, "commit failed");
                self.last_storage_error = Some(CommandError::storage(e));
                false
            }
        }
    }

    fn reload_if_needed(&mut self) {
        if self.hub.needs_reload() {
            match load_ledger(&self.store, self.network(), &mut |_, _, _| {}) {
                Ok(ledger) => self.hub.reload(ledger),
                Err(e) => tracing::error!(error = %e, "the ledger could not be loaded again"),
            }
        }
    }

    /// The next thing to do on the network.
    pub fn poll_outgoing(&mut self) -> Option<Outgoing> {
        self.outgoing.pop_front()
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The entries of a document, in order of arrival here.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn entries_of(&self, document: &DocId) -> Result<Vec<SignedEntry>, CommandError> {
        let ids = self.ledger().document(document).map(|d| d.entries.as_slice()).unwrap_or_default();
        ids.iter().map(|id| self.entry(id)).collect()
    }

    /// One entry.
    ///
    /// # Errors
    /// It is not here, or the store cannot be read.
    pub fn entry(&self, id: &EntryId) -> Result<SignedEntry, CommandError> {
        let bytes = self.store.entry(id).map_err(CommandError::storage)?;
        let bytes = bytes.ok_or_else(|| CommandError::not_found(format!("没有条目 {id}"), format!("there is no entry {id}")))?;
        SignedEntry::parse(&bytes, &self.network()).map_err(CommandError::storage)
    }

    /// A document's rows and registers.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn view(&self, document: &DocId) -> Result<DocumentView, CommandError> {
        let entries = self.entries_of(document)?;
        let judge = Judge::new(self.ledger());
        Ok(DocumentView::build(self.ledger(), &judge, *document, &entries))
    }
}

/// What the system's clock says.
#[must_use]
pub fn now() -> Ms {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

fn stored(e: &SignedEntry) -> NewEntry {
    NewEntry { id: e.id, log: e.header.log, sequence: e.header.sequence, bytes: e.to_bytes() }
}
