//! The node without its network: store, hub and clock in one place. Commands and the driver work on it, one at a time.

mod arrivals;
pub mod carry;

use std::{
    collections::{BTreeMap, VecDeque},
    ops::ControlFlow,
    time::{SystemTime, UNIX_EPOCH},
};

use taizhang_core::{
    admission::Signature,
    author::{Author, grant_for},
    entries::Entries,
    entry::SignedEntry,
    id::{AttachmentId, DocId, EntryId, NetworkId, OrgId, PublicKey, Run},
    ledger::Ledger,
    names,
    op::PayloadBuilder,
    receipt::Receipt,
    standing::Judge,
    units::Ms,
    view::DocumentView,
};
use taizhang_store::{
    Commit, NewEntry, Store,
    disk::{DiskStore, Options},
};
use taizhang_sync::{CommitRequest, Config, Effect, Event, Hub, Input, SessionId, Token, frame::Kinds, keys::KeyRecord};

use crate::{
    commands::found::unfinished,
    error::{CommandError, ErrorKind},
    folder::{Folder, Settings},
    keyfile::{self, Person},
    keyring,
    lost::Lost,
    random,
    remembered::Remembered,
};

pub use arrivals::Arrivals;

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

/// What one act writes: one commit, whole or absent.
#[derive(Debug, Default)]
pub struct Act {
    /// Documents and payloads, in the order of writing.
    pub writes: Vec<(DocId, Vec<u8>)>,
    /// Attachments that they name.
    pub attachments: Vec<(AttachmentId, Vec<u8>)>,
}

impl Act {
    /// Adds the payload of one entry.
    pub fn write(&mut self, document: DocId, payload: PayloadBuilder) {
        self.writes.push((document, payload.finish()));
    }
}

/// The keyring file is written at most this often for what others send, ms.
const KEYS_SAVE_MS: u64 = 2_000;

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

    /// A damaged keyring that was put aside may hold a key that is erased by now, although no record of it was here.
    fn forget_erased(&mut self) {
        let ledger = self.hub.ledger();
        let at = (ledger.names_revision(), ledger.registry_revision());
        if self.erased_at.replace(at) == Some(at) || !keyring::file::is_damaged(&self.folder) {
            return;
        }
        if !names::erased(ledger, &Judge::new(ledger)).is_empty() {
            keyring::file::forget_damaged(&self.folder);
        }
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

    /// When the keyring file must be written: others' records come by the thousand, and the file is written whole. What a crash loses of them comes again with the next comparison.
    #[must_use]
    pub fn keys_due(&self) -> Option<Ms> {
        let is_past = self.keys_saved > self.now();
        let due = if is_past { Ms(0) } else { Ms(self.keys_saved.0.saturating_add(KEYS_SAVE_MS)) };
        self.keys_unsaved.then_some(due)
    }

    /// Writes the keyring file if it is due.
    pub fn save_keys_when_due(&mut self) {
        if self.keys_due().is_some_and(|due| due <= self.now()) {
            self.save_keys();
        }
    }

    /// Writes the keyring file if anything in it is new.
    fn save_keys(&mut self) {
        if !self.keys_unsaved {
            return;
        }
        (self.keys_saved, self.keys_unsaved) = (self.now(), false);
        if let Err(e) = keyring::file::save(&self.folder, self.hub.keys()) {
            tracing::error!(error = %e, "the keyring was not written");
            self.keys_unsaved = true;
            self.last_storage_error = Some(e);
        }
    }

    /// Keeps the right records of teachers' keys, drops spoiled ones, and passes on what is new; returns when that is durable.
    ///
    /// # Errors
    /// The keyring file cannot be written.
    pub fn keep_keys(&mut self, right: Vec<KeyRecord>, spoiled: Vec<KeyRecord>) -> Result<(), CommandError> {
        if right.is_empty() && spoiled.is_empty() {
            return Ok(());
        }
        self.last_storage_error = None;
        self.step(Input::Keys { right, spoiled });
        self.save_keys();
        self.last_storage_error.take().map_or(Ok(()), Err)
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

    /// Signs and stores one act of a person; returns when it is durable.
    ///
    /// # Errors
    /// The person may not write there, a rule refuses it, or the disk fails; nothing of it is stored then.
    pub fn write(&mut self, person: &Person, act: Act) -> Result<Vec<EntryId>, CommandError> {
        self.check_personal(person, &act)?;
        let entries = self.sign(person, &act)?;
        let ids = entries.iter().map(|e| e.id).collect();
        self.store_entries(entries, act.attachments)?;
        Ok(ids)
    }

    /// Refuses what would put names, ID numbers or telephones into a document; `write` asks it by itself.
    ///
    /// # Errors
    /// Which field holds what.
    pub fn check_personal(&self, person: &Person, act: &Act) -> Result<(), CommandError> {
        crate::personal::check(self, person, act)
    }

    /// Stores entries that are signed already.
    ///
    /// # Errors
    /// A rule refuses one, or the disk fails; nothing is stored then.
    pub fn store_entries(
        &mut self,
        entries: Vec<SignedEntry>,
        attachments: Vec<(AttachmentId, Vec<u8>)>,
    ) -> Result<(), CommandError> {
        self.tokens += 1;
        let token = Token(self.tokens);
        let keys: Vec<PublicKey> = entries.iter().map(|e| e.header.log.key).collect();
        self.last_storage_error = None;
        self.step(Input::Local { token, entries, attachments });
        let outcome = self.events.iter().find_map(|e| match e {
            Event::Written(t) if *t == token => Some(Ok(())),
            Event::NotWritten(t, why) if *t == token => Some(Err(why.clone())),
            _ => None,
        });
        match outcome {
            Some(Ok(())) => Ok(()),
            Some(Err(taizhang_sync::io::Refused::Rule(why))) => {
                // The next write begins a new log that links the last entry that was not refused.
                keys.iter().for_each(|k| {
                    self.runs.remove(k);
                });
                Err(CommandError::of(ErrorKind::Refused, crate::said::refusal(&why)))
            }
            _ => Err(self.last_storage_error.take().unwrap_or_else(|| CommandError::storage("commit"))),
        }
    }

    fn sign(&mut self, person: &Person, act: &Act) -> Result<Vec<SignedEntry>, CommandError> {
        self.sign_at(person, act, self.now())
    }

    /// The entries of an act as signed at this time: the same act begins with the same entries, so a later entry may name rows of an earlier one.
    ///
    /// # Errors
    /// The person may not write one of the documents.
    pub fn sign_at(&mut self, person: &Person, act: &Act, time: Ms) -> Result<Vec<SignedEntry>, CommandError> {
        let run = self.run_of(person.key.public())?;
        let author = Author { key: person.key.clone(), run };
        let mut grants = BTreeMap::new();
        for (document, _) in &act.writes {
            let grant = grant_for(self.ledger(), author.public(), document).ok_or_else(|| self.may_not_write(document))?;
            grants.insert(*document, grant);
        }
        let writes = act.writes.iter().map(|(document, payload)| (*document, grants.get(document).copied(), payload.clone()));
        Ok(author.write_all(self.ledger(), writes, time))
    }

    /// Joined, and not yet heard by anyone: the ledger does not know this node's own organisation.
    #[must_use]
    pub fn is_before_first_sync(&self) -> bool {
        !self.ledger().registry.orgs.contains_key(&self.org())
    }

    pub(crate) fn may_not_write(&self, document: &DocId) -> CommandError {
        if self.is_before_first_sync() {
            return before_first_sync();
        }
        let (zh, en) = (kind_zh(document.kind), document.kind.word());
        CommandError::new(ErrorKind::Refused, format!("您的密钥无权写入{zh}"), format!("your key may not write into this {en}"))
            .hint("请管理员授权, 或用 --as 换一个密钥", "ask the admin for a grant, or choose another key with --as")
    }

    /// The next write of every author begins a new log, as after a start of the program.
    pub fn begin_new_logs(&mut self) {
        self.runs.clear();
    }

    fn run_of(&mut self, key: PublicKey) -> Result<Run, CommandError> {
        if let Some(run) = self.runs.get(&key) {
            return Ok(*run);
        }
        let run = Run(random::bytes()?);
        self.runs.insert(key, run);
        Ok(run)
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

/// Nothing of the network is here yet, so nothing can be looked up or signed.
#[must_use]
pub(crate) fn before_first_sync() -> CommandError {
    let (zh, en) = ("尚未与上级同步, 本机还没有授权", "this machine has not synced yet, so its grant is not here");
    CommandError::new(ErrorKind::NotReachable, zh, en).hint("请先运行 taizhang sync --once", "run `taizhang sync --once` first")
}

fn kind_zh(kind: taizhang_core::id::Kind) -> &'static str {
    use taizhang_core::id::Kind;
    match kind {
        Kind::Registry => "机构名册",
        Kind::Policy => "政策",
        Kind::Notice => "通知",
        Kind::Roster => "花名册",
        Kind::Identity => "身份信息",
        Kind::Ledger => "台账",
        Kind::Review => "审核",
        Kind::Rollup => "汇总",
        Kind::Transfer => "档案转移",
    }
}

fn wants(settings: &Settings) -> Kinds {
    use taizhang_core::id::Kind;
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|k| settings.ledgers || *k != Kind::Ledger).collect();
    Kinds::of(&kinds).with_keys()
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

fn load_ledger(store: &DiskStore, network: NetworkId, progress: Progress<'_>) -> Result<Ledger, CommandError> {
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
