//! All sessions of a node and the one ledger they share.
//!
//! One commit is under way at a time; inputs that come meanwhile wait in order. So the ledger never shows what is not durable to anyone but the commit itself, and an acknowledgement always stands behind its commit.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use taizhang_core::{
    admission::{AdmittedEntry, Refusal, Signature},
    entries::{Entries, ReadFailed},
    entry::SignedEntry,
    id::{AttachmentId, DocId, EntryId, Kind, OrgId, PublicKey},
    key::SecretKey,
    ledger::Ledger,
    names::KeyId,
    nodes,
    op::Op,
    planted::{Check, is_off},
    receipt::Receipt,
    rows,
    standing::Judge,
    units::Ms,
};

pub use self::bundle::BUNDLE_WRITTEN;
use self::{inbox::Inbox, scope::View};
use crate::{
    frame::{Frame, Kinds, VERSION},
    io::{CommitId, CommitRequest, Effect, Event, Input, Refused, SessionId, Token},
    keys::KeySet,
    planted::Planted,
    recent::Recent,
    session::{Phase, Session, SessionView},
    spread::{Spread, one_by_one},
    summary::Tree,
};

mod bundle;
mod compare;
mod greet;
mod inbox;
mod keys;
mod receipts;
mod receive;
mod scope;
mod send;
mod signatures;

/// What a hub is told at its start.
#[derive(Debug)]
pub struct Config {
    /// This node's key: signs receipts, nothing else.
    pub node: SecretKey,
    /// This node's organisation.
    pub org: OrgId,
    /// Kinds it asks others for.
    pub wants: Kinds,
    /// The use of an invite, until the registry certifies this node.
    pub join: Option<SignedEntry>,
    /// Grows with every start of the program: receipts of a later start have higher counters.
    pub receipt_epoch: u32,
    /// Least time between two receipts of one session, ms. Default 60,000.
    pub receipt_interval_ms: u64,
    /// Raw bytes of a batch: what an interrupted transfer may have to send again. Default 6 KiB.
    pub batch_bytes: usize,
    /// How the signatures of a batch are checked. Default: one after the other.
    pub spread: Spread,
    /// A bug planted on purpose, for the simulator to find.
    #[cfg(feature = "planted")]
    pub planted: Option<Planted>,
}

impl Config {
    /// The defaults named at each field.
    #[must_use]
    pub fn new(node: SecretKey, org: OrgId) -> Self {
        Self {
            node,
            org,
            wants: Kinds::all(),
            join: None,
            receipt_epoch: 0,
            receipt_interval_ms: 60_000,
            batch_bytes: 6 * 1024,
            spread: one_by_one,
            #[cfg(feature = "planted")]
            planted: None,
        }
    }
}

static NO_ORGS: BTreeSet<OrgId> = BTreeSet::new();

/// Why sessions end when a commit failed.
const STORAGE_FAILED: &str = "storage failed; connect again";

/// All sessions of a node and the one ledger they share.
pub struct Hub {
    config: Config,
    ledger: Ledger,
    sessions: BTreeMap<SessionId, Session>,
    effects: VecDeque<Effect>,
    inbox: Inbox,
    commits: u64,
    under_way: Option<Pending>,
    needs_reload: bool,
    receipts: BTreeMap<(PublicKey, DocId), Receipt>,
    receipts_signed: u32,
    /// Documents that nodes brought in sessions which ended before their receipt was due.
    owed: BTreeMap<PublicKey, BTreeSet<DocId>>,
    /// Of which documents a receipt came to be owed, or is owed no more, since the last commit: the next one notes it.
    unnoted: BTreeSet<(PublicKey, DocId)>,
    /// The organisations that certify each node.
    certified: BTreeMap<PublicKey, BTreeSet<OrgId>>,
    certified_revision: Option<u64>,
    /// What the ledger said when it was last asked whether anything counts again.
    recounted: u64,
    /// Keys with which people of this machine sign.
    own_keys: BTreeSet<PublicKey>,
    keys: KeySet,
    keys_revision: u64,
    erased: BTreeSet<(DocId, KeyId)>,
    erased_at: Option<(u64, u64)>,
    trees: Recent<View, Tree>,
    lines: Recent<View, BTreeSet<OrgId>>,
    now: Ms,
}

/// The commit under way and what follows it.
struct Pending {
    id: CommitId,
    entries: Vec<EntryId>,
    /// What it notes of receipts owed.
    noted: BTreeSet<(PublicKey, DocId)>,
    from: Origin,
}

/// Where a commit came from.
#[derive(Clone, Copy)]
enum Origin {
    Local(Token),
    Batch { session: SessionId, from: PublicKey },
    Joined { session: SessionId, from: PublicKey },
    Receipt,
}

/// The store, and before it what is about to be committed.
struct Fresh<'a> {
    store: &'a dyn Entries,
    entries: BTreeMap<EntryId, Vec<u8>>,
    attachments: BTreeMap<AttachmentId, Vec<u8>>,
}

impl Entries for Fresh<'_> {
    fn entry(&self, id: &EntryId) -> Result<Option<Vec<u8>>, ReadFailed> {
        self.entries.get(id).map_or_else(|| self.store.entry(id), |e| Ok(Some(e.clone())))
    }

    fn attachment(&self, id: &AttachmentId) -> Result<Option<Vec<u8>>, ReadFailed> {
        self.attachments.get(id).map_or_else(|| self.store.attachment(id), |a| Ok(Some(a.clone())))
    }
}

impl<'a> Fresh<'a> {
    fn new(store: &'a dyn Entries, attachments: BTreeMap<AttachmentId, Vec<u8>>) -> Self {
        Self { store, entries: BTreeMap::new(), attachments }
    }
}

impl Hub {
    /// A hub over what the store holds.
    #[must_use]
    pub fn new(config: Config, ledger: Ledger) -> Self {
        let recounted = ledger.recounted();
        Self {
            config,
            ledger,
            sessions: BTreeMap::new(),
            effects: VecDeque::new(),
            inbox: Inbox::default(),
            commits: 0,
            under_way: None,
            needs_reload: false,
            receipts: BTreeMap::new(),
            receipts_signed: 0,
            owed: BTreeMap::new(),
            unnoted: BTreeSet::new(),
            certified: BTreeMap::new(),
            certified_revision: None,
            recounted,
            own_keys: BTreeSet::new(),
            keys: KeySet::default(),
            keys_revision: 0,
            erased: BTreeSet::new(),
            erased_at: None,
            trees: Recent::default(),
            lines: Recent::default(),
            now: Ms(0),
        }
    }

    /// What this node knows.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// This node's organisation.
    #[must_use]
    pub fn org(&self) -> OrgId {
        self.config.org
    }

    /// The sessions as others may see them.
    pub fn sessions(&self) -> impl Iterator<Item = SessionView> {
        self.sessions.iter().map(|(id, s)| s.view(*id))
    }

    /// Asks others for these kinds from the next session on.
    pub fn set_wants(&mut self, wants: Kinds) {
        self.config.wants = wants;
    }

    /// The keys with which people of this machine sign: whoever holds more of their logs than this node is told of ([`Event::Ahead`]).
    pub fn set_own_keys(&mut self, keys: BTreeSet<PublicKey>) {
        self.own_keys = keys;
    }

    /// The next thing to do outside.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// Was a commit lost? Then the ledger must be loaded again from the store before anything else.
    #[must_use]
    pub fn needs_reload(&self) -> bool {
        self.needs_reload
    }

    /// Starts again from what the store holds; every session ends and may connect anew.
    pub fn reload(&mut self, ledger: Ledger) {
        self.ledger = ledger;
        self.under_way = None;
        self.needs_reload = false;
        self.certified_revision = None;
        self.recounted = self.ledger.recounted();
        self.trees.clear();
        self.lines.clear();
        self.erased_at = None;
        self.destroy_erased();
        let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
        ids.into_iter().for_each(|s| self.close(s, STORAGE_FAILED));
        // Whoever waited hears that nothing came of it.
        for input in self.inbox.take() {
            match input {
                Input::Local { token, .. } => self.notify(Event::NotWritten(token, Refused::Storage)),
                Input::Connected { session, .. } => self.effects.push_back(Effect::Close { session, reason: STORAGE_FAILED }),
                keys @ Input::Keys { .. } => self.inbox.push(keys),
                _ => {}
            }
        }
    }

    /// Takes in what happened.
    pub fn handle(&mut self, now: Ms, store: &dyn Entries, input: Input) {
        if now < self.now && !is_off(Check::ClockBack) {
            // A clock that jumped back must not silence receipts for years, nor let anyone stay silent so long.
            for s in self.sessions.values_mut() {
                s.last_receipt = s.last_receipt.map(|l| l.min(now));
                s.since = s.since.min(now);
            }
        }
        self.now = now;
        match input {
            Input::Committed(id) => self.committed(now, store, id),
            Input::CommitFailed(id) => self.commit_failed(id),
            waiting if self.under_way.is_some() || self.needs_reload => self.wait(waiting),
            input => self.take(now, store, input),
        }
        while self.under_way.is_none() && !self.needs_reload {
            let Some(input) = self.inbox.pop() else { break };
            self.take(now, store, input);
        }
    }

    fn take(&mut self, now: Ms, store: &dyn Entries, input: Input) {
        match input {
            Input::Connected { session, remote, dialer } => self.connected(now, session, remote, dialer),
            Input::Frame { session, bytes } => self.frame(now, store, session, &bytes),
            Input::Local { token, entries, attachments } => self.local(store, token, entries, attachments),
            Input::Keys { right, spoiled } => self.local_keys(now, store, right, &spoiled),
            Input::Closed { session } => self.ended(session, "the connection is gone"),
            Input::Timeout => self.timeout(now),
            Input::Compare { session } => self.begin_comparison(session),
            Input::Carry { session, to, named, wants } => self.carry(now, session, to, named, wants),
            Input::Carried { session, from } => self.carried(now, session, from),
            Input::CarryOn { session, room } => self.carry_on(now, store, session, room),
            Input::Committed(_) | Input::CommitFailed(_) => {}
        }
    }

    fn frame(&mut self, now: Ms, store: &dyn Entries, session: SessionId, bytes: &[u8]) {
        if !self.sessions.contains_key(&session) {
            return;
        }
        let frame = match Frame::decode(bytes) {
            Ok(Some(frame)) => frame,
            Ok(None) => return,
            Err(_) => return self.close(session, "a frame that this version cannot read"),
        };
        if self.sessions.get(&session).is_some_and(Session::is_bundle) {
            return self.carried_frame(now, store, session, frame);
        }
        self.live_frame(now, store, session, frame);
    }

    fn live_frame(&mut self, now: Ms, store: &dyn Entries, session: SessionId, frame: Frame) {
        let greeted = self.sessions.get(&session).is_some_and(|s| s.phase != Phase::Greeting);
        match frame {
            Frame::Hello { version, network, org, wants, join } if !greeted => {
                self.hello(now, store, session, greet::Greeting { version, network, org, wants, join });
            }
            _ if !greeted && !is_off(Check::HelloFirst) => self.close(session, "the first frame must be a greeting"),
            Frame::Hello { .. } => self.close(session, "a second greeting"),
            Frame::Root { digest, reply } => self.root(now, store, session, digest, reply),
            Frame::Summaries(list) => self.summaries(session, &list),
            Frame::Tips { document, tips } => self.tips(session, document, &tips),
            Frame::SomeTips { document, tips } => self.some_tips(session, document, &tips),
            Frame::Have { document } => self.has_all(session, document),
            Frame::Compared => self.compared(now, store, session),
            Frame::Batch(batch) => self.batch(now, store, session, &batch),
            Frame::Ack { batches, new } => self.acknowledged(now, store, session, batches, new),
            Frame::Refused { log, sequence, code } => self.refused_there(session, log, sequence, code),
            Frame::Receipt(receipt) => self.receipt(session, receipt),
            Frame::Keys { digest, documents } => self.told_keys(session, digest, documents),
            Frame::KeyIds { document, reply, ids } => self.told_key_ids(session, document, reply, ids),
            Frame::KeyRecords(records) => self.key_records(now, store, session, records),
        }
    }

    /// One commit of our own, whole or absent.
    fn local(&mut self, store: &dyn Entries, token: Token, entries: Vec<SignedEntry>, attachments: Vec<(AttachmentId, Vec<u8>)>) {
        let mut fresh = Fresh::new(store, attachments.iter().cloned().collect());
        let mut request = CommitRequest { attachments, ..CommitRequest::default() };
        for entry in entries {
            match self.admit(&mut fresh, entry, Signature::Check) {
                Ok(admitted) => request.entries.push(admitted),
                Err(refusal) => {
                    self.notify(Event::NotWritten(token, refusal.into()));
                    // What this act put into the ledger so far must not stay.
                    self.needs_reload = !request.entries.is_empty();
                    self.ledger.settle();
                    return;
                }
            }
        }
        self.commit(request, Origin::Local(token));
    }

    /// Admits an entry and files it; the caller commits it next.
    fn admit(&mut self, fresh: &mut Fresh<'_>, entry: SignedEntry, signature: Signature) -> Result<AdmittedEntry, Refusal> {
        for id in named_attachments(&entry) {
            if fresh.attachment(&id)?.is_none() && !self.planted(Planted::AttachmentsMayMiss) {
                return Err(Refusal::Missing(EntryId(id.0)));
            }
        }
        let admitted = self.ledger.admit(fresh, entry, signature)?;
        fresh.entries.insert(admitted.entry().id, admitted.entry().to_bytes());
        self.ledger.file(&admitted);
        Ok(admitted)
    }

    fn commit(&mut self, mut request: CommitRequest, from: Origin) {
        self.ledger.settle();
        self.commits += 1;
        let id = CommitId(self.commits);
        let entries = request.entries.iter().map(|e| e.entry().id).collect();
        let noted = std::mem::take(&mut self.unnoted);
        request.notes.extend(noted.iter().map(|(node, document)| self.owed_note(node, document)));
        self.under_way = Some(Pending { id, entries, noted, from });
        self.effects.push_back(Effect::Commit(id, request));
    }

    fn committed(&mut self, now: Ms, store: &dyn Entries, id: CommitId) {
        let Some(pending) = self.under_way.take_if(|p| p.id == id) else { return };
        let (source, from) = match pending.from {
            Origin::Batch { session, from, .. } | Origin::Joined { session, from } => (Some(session), Some(from)),
            Origin::Local(_) | Origin::Receipt => (None, None),
        };
        let new = pending.entries.len() as u64;
        if !pending.entries.is_empty() {
            let mut documents: Vec<DocId> =
                pending.entries.iter().filter_map(|e| self.ledger.place(e)).map(|p| p.log.document).collect();
            documents.sort();
            documents.dedup();
            if documents.iter().any(|d| d.kind == Kind::Registry) {
                self.registry_changed();
            }
            self.destroy_erased();
            if std::mem::replace(&mut self.recounted, self.ledger.recounted()) != self.ledger.recounted() {
                self.sessions.values_mut().for_each(|s| s.stale = true);
            }
            // What was refused for want of an entry may enter now.
            self.sessions.values_mut().for_each(|s| s.stale |= std::mem::take(&mut s.waits));
            self.forward(&pending.entries, source);
            self.notify(Event::Stored { from, entries: pending.entries, documents });
        }
        match pending.from {
            Origin::Local(token) => self.notify(Event::Written(token)),
            Origin::Batch { session, .. } => self.batch_is_durable(session, new),
            Origin::Joined { session, .. } => self.greeted(session),
            Origin::Receipt => {}
        }
        self.pump_all(now, store);
    }

    fn commit_failed(&mut self, id: CommitId) {
        let Some(pending) = self.under_way.take_if(|p| p.id == id) else { return };
        if let Origin::Local(token) = pending.from {
            self.notify(Event::NotWritten(token, Refused::Storage));
        }
        self.unnoted.extend(pending.noted);
        self.needs_reload = !self.planted(Planted::FailedCommitKept);
    }

    /// The organisations that certify this node's key.
    fn orgs_of_node(&mut self, key: PublicKey) -> &BTreeSet<OrgId> {
        if self.certified_revision != Some(self.ledger.registry_revision()) {
            self.certified = nodes::certified(&self.ledger, &Judge::new(&self.ledger));
            self.certified_revision = Some(self.ledger.registry_revision());
        }
        self.certified.get(&key).unwrap_or(&NO_ORGS)
    }

    /// For which organisation a node works that has named this one: nobody takes it over, nor silences it, by granting its key once more.
    fn org_of_node(&mut self, key: PublicKey, named: Option<OrgId>) -> Option<OrgId> {
        let orgs = self.orgs_of_node(key);
        if is_off(Check::NodeNames) { orgs.first().copied() } else { nodes::chosen(orgs, named) }
    }

    fn registry_changed(&mut self) {
        let remotes: Vec<_> = self.sessions.iter().map(|(id, s)| (*id, s.remote, s.named)).collect();
        let ignored = self.planted(Planted::RegistryChangeIgnored);
        for (id, remote, named) in remotes {
            let org = self.org_of_node(remote, named);
            let Some(s) = self.sessions.get_mut(&id) else { continue };
            if s.org.is_some() && org.is_none() {
                self.close(id, "this node's key is no longer certified");
                continue;
            }
            if s.org.is_none() && org.is_some() {
                self.unnoted.extend(s.touched.iter().map(|d| (remote, *d)));
            }
            s.org = org;
            s.stale |= !ignored;
        }
    }

    fn notify(&mut self, event: Event) {
        self.effects.push_back(Effect::Notify(event));
    }

    /// Nothing is said to whoever wrote a bundle while it is read.
    fn send(&mut self, session: SessionId, frame: &Frame) {
        if self.sessions.get(&session).is_some_and(|s| s.phase == Phase::Reading) {
            return;
        }
        self.effects.push_back(Effect::Send { session, frame: frame.encode() });
    }

    fn close(&mut self, session: SessionId, reason: &'static str) {
        if self.sessions.contains_key(&session) {
            self.effects.push_back(Effect::Close { session, reason });
            self.ended(session, reason);
        }
    }

    fn ended(&mut self, session: SessionId, reason: &'static str) {
        if let Some(s) = self.sessions.remove(&session) {
            self.inbox.forget(session);
            self.keep_owed(&s);
            self.notify(Event::Ended { session, with: s.remote, reason });
        }
    }

    fn planted(&self, bug: Planted) -> bool {
        planted(&self.config, bug)
    }
}

/// Is this bug planted? Never outside of tests.
#[cfg(feature = "planted")]
fn planted(config: &Config, bug: Planted) -> bool {
    config.planted == Some(bug) || crate::planted::is_planted(bug)
}

#[cfg(not(feature = "planted"))]
fn planted(_: &Config, _: Planted) -> bool {
    false
}

/// The attachments that an entry's rows name and that travel before it.
fn named_attachments(entry: &SignedEntry) -> Vec<AttachmentId> {
    attachments_in(&entry.payload, entry.header.log.document.kind)
}

/// Only rows that belong into documents of this kind: a clerk's ledger cannot make everybody carry files.
fn attachments_in(payload: &[u8], kind: Kind) -> Vec<AttachmentId> {
    let ops = taizhang_core::op::parse(payload).unwrap_or_default();
    let rows = ops.iter().filter_map(|o| match o {
        Op::Row(row) if rows::belongs(row.row_type, kind) => Some(rows::attachments(row)),
        Op::Row(_) | Op::Register(_) => None,
    });
    let mut ids: Vec<AttachmentId> = rows.flatten().collect();
    ids.sort();
    ids.dedup();
    ids
}

/// Hello of this node.
fn hello(config: &Config, ledger: &Ledger) -> Frame {
    let certified = config.join.as_ref().is_none_or(|j| ledger.place(&j.id).is_some());
    let join = config.join.as_ref().filter(|_| !certified).map(SignedEntry::to_bytes);
    Frame::Hello { version: VERSION, network: ledger.network, org: config.org, wants: config.wants, join }
}

#[cfg(test)]
mod tests;
