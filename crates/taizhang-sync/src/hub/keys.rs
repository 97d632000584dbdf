//! Teachers' keys: told between nodes of a school and of its county once nothing else is owed, in frames that an older program skips.
//!
//! ```text
//! dialer                                    the other
//!   Keys(digest) ───────────────────────────►  equal, or not: Keys(digest, documents) back
//!   KeyIds of documents that differ ────────►  KeyRecords that the dialer lacks, then KeyIds
//!   KeyRecords that the other lacks ────────►  (kept)
//!   Keys(digest) ───────────────────────────►  Keys back: all is kept
//! ```
//! What is new later is sent at once; then the dialer asks again. One round each time that something changed here: two nodes that judge differently do not ask for ever.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use taizhang_core::{
    entries::Entries,
    id::{DocId, Kind, PublicKey},
    names,
    planted::{Check, is_off},
    standing::Judge,
    units::Ms,
};

use super::Hub;
use crate::{
    frame::Frame,
    io::{Effect, Event, SessionId},
    keys::{Digests, KeyRecord, KeySet, RecordId, Stamp, Step, digest, root},
    limits,
    session::Session,
};

impl Hub {
    /// Takes in the records read back from the keyring file.
    pub fn load_keys(&mut self, records: impl IntoIterator<Item = KeyRecord>) {
        records.into_iter().for_each(|r| _ = self.keys.insert(r));
        self.keys_revision += 1;
        self.destroy_erased();
    }

    /// Every keyring record that this node keeps.
    #[must_use]
    pub fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// Destroys what is erased by now. Only entries that stand say so: no frame does.
    pub(super) fn destroy_erased(&mut self) {
        let at = (self.ledger.names_revision(), self.ledger.registry_revision());
        if self.erased_at == Some(at) {
            return;
        }
        self.erased = names::erased(&self.ledger, &Judge::new(&self.ledger));
        self.erased_at = Some(at);
        let records = self.keys.erase(&self.erased);
        if records > 0 {
            self.keys_revision += 1;
            self.effects.push_back(Effect::KeepKeys);
            self.notify(Event::KeysErased { records });
        }
    }

    /// What somebody here found, who has keys: the right records, and those to himself that do not open.
    pub(super) fn local_keys(&mut self, now: Ms, store: &dyn Entries, right: Vec<KeyRecord>, spoiled: &[KeyRecord]) {
        let (mut new, mut dropped) = (Vec::new(), 0);
        for record in right.into_iter().filter(|r| !self.erased.contains(&(r.document, r.key))) {
            let change = self.keys.prove(record);
            dropped += change.dropped;
            if change.is_new {
                new.push(record);
            }
        }
        dropped += spoiled.iter().filter(|r| self.keys.spoil(r)).count();
        if dropped > 0 {
            self.notify(Event::KeysSpoiled { records: dropped });
        }
        self.keys_changed(&new, dropped, None);
        self.pump_all(now, store);
    }

    /// Has the set kept, and owes what is new to every other node that may hold it.
    fn keys_changed(&mut self, new: &[KeyRecord], dropped: usize, from: Option<PublicKey>) {
        if new.is_empty() && dropped == 0 {
            return;
        }
        self.keys_revision += 1;
        self.effects.push_back(Effect::KeepKeys);
        for s in self.sessions.values_mut().filter(|s| Some(s.remote) != from && s.wants.has_keys() && !s.is_bundle()) {
            s.talk.owed.extend(new.iter().copied());
        }
    }

    /// May this session speak of the keys of this document? As of the document itself: only a node of the school and of its county may.
    pub(super) fn may_share(&self, s: &Session, document: &DocId) -> bool {
        document.kind == Kind::Identity
            && s.wants.has_keys()
            && s.ours.has_keys()
            && (self.in_scope(s, document) || is_off(Check::KeysScope))
    }

    /// The records of a document that may travel: of keys that its rows name and that nobody erased, to persons who may open names now.
    pub(super) fn open_records(&self, document: &DocId) -> Vec<KeyRecord> {
        let readers = names::readers(&self.ledger, &Judge::new(&self.ledger), document);
        self.keys.of(document).filter(|r| self.may_travel(r, &readers)).copied().collect()
    }

    fn may_travel(&self, r: &KeyRecord, readers: &BTreeSet<[u8; 32]>) -> bool {
        let is_erased = self.erased.contains(&(r.document, r.key)) && !is_off(Check::KeyErased);
        let is_named = self.ledger.names_key(&r.document, &r.key) || is_off(Check::KeyNamed);
        is_named && (readers.contains(&r.to) || is_off(Check::KeyReader)) && !is_erased
    }

    /// Documents of which both may hold keys, with the digest of what is here; none where both share no identity document. Reckoned anew only where something changed.
    fn key_documents(&mut self, session: SessionId) -> Option<Arc<Digests>> {
        let s = self.sessions.get(&session)?;
        let (registry, names) = (self.ledger.registry_revision(), self.ledger.names_revision());
        let stamp = Stamp { keys: self.keys_revision, registry, names, org: s.org };
        if let Some((at, documents)) = &s.talk.seen
            && *at == stamp
        {
            return documents.clone();
        }
        let mut shared = self.documents().filter(|d| self.may_share(s, d)).peekable();
        let documents = shared.peek().is_some().then(|| {
            let with_records = shared.map(|d| (*d, self.open_records(d))).filter(|(_, records)| !records.is_empty());
            Arc::new(with_records.map(|(d, records)| (d, digest(&records))).collect())
        });
        if let Some(s) = self.sessions.get_mut(&session) {
            s.talk.seen = Some((stamp, documents.clone()));
        }
        documents
    }

    /// Our digest over all of them.
    fn key_digest(&mut self, session: SessionId) -> Option<[u8; 16]> {
        self.key_documents(session).map(|documents| root(&documents))
    }

    /// Sends what is new. `true`: nothing is left to say about keys; else the dialer has asked, and waits.
    pub(super) fn keys_are_told(&mut self, session: SessionId) -> bool {
        self.send_new_keys(session);
        let Some(own) = self.key_digest(session) else { return true };
        let Some(s) = self.sessions.get_mut(&session) else { return true };
        if !s.dialer || (s.talk.step == Step::Quiet && s.talk.told == Some(own)) {
            return true;
        }
        if s.talk.step == Step::Quiet {
            s.talk.step = Step::Asked;
            s.in_sync = false;
            self.send(session, &Frame::Keys { digest: own, documents: Vec::new() });
        }
        false
    }

    fn send_new_keys(&mut self, session: SessionId) {
        let Some(s) = self.sessions.get_mut(&session) else { return };
        let mut by_document: BTreeMap<DocId, Vec<KeyRecord>> = BTreeMap::new();
        for record in std::mem::take(&mut s.talk.owed) {
            by_document.entry(record.document).or_default().push(record);
        }
        for (document, mut records) in by_document {
            let Some(s) = self.sessions.get(&session) else { return };
            if self.may_share(s, &document) {
                let readers = names::readers(&self.ledger, &Judge::new(&self.ledger), &document);
                records.retain(|r| self.may_travel(r, &readers));
                self.send_records(session, &records);
            }
        }
    }

    pub(super) fn send_records(&mut self, session: SessionId, records: &[KeyRecord]) {
        for part in records.chunks(limits::KEY_RECORDS_OF_FRAME_MAX) {
            self.send(session, &Frame::KeyRecords(part.to_vec()));
        }
    }

    fn send_ids(&mut self, session: SessionId, document: DocId, reply: bool) {
        let ids = self.open_records(&document).iter().map(KeyRecord::id).take(limits::KEY_IDS_MAX).collect();
        self.send(session, &Frame::KeyIds { document, reply, ids });
    }

    /// The other's digest: a question to whoever was dialled, an answer to the dialer.
    pub(super) fn told_keys(&mut self, session: SessionId, digest: [u8; 16], theirs: Vec<(DocId, [u8; 8])>) {
        let Some(s) = self.sessions.get(&session).filter(|s| s.org.is_some() && s.wants.has_keys() && s.ours.has_keys()) else {
            return;
        };
        let (is_dialer, step) = (s.dialer, s.talk.step);
        let ours = self.key_documents(session).unwrap_or_default();
        let own = root(&ours);
        if !is_dialer {
            let all = ours.iter().map(|(d, digest)| (*d, *digest));
            let listed = if digest == own { Vec::new() } else { all.take(limits::KEY_DOCUMENTS_MAX).collect() };
            return self.send(session, &Frame::Keys { digest: own, documents: listed });
        }
        let Some(s) = self.sessions.get(&session) else { return };
        match step {
            Step::Quiet | Step::Comparing => return,
            Step::Asked if digest != own => {
                let theirs: BTreeMap<DocId, [u8; 8]> = theirs.into_iter().filter(|(d, _)| self.may_share(s, d)).collect();
                let all: BTreeSet<DocId> = ours.keys().chain(theirs.keys()).copied().collect();
                let differing: BTreeSet<DocId> = all.into_iter().filter(|d| ours.get(d) != theirs.get(d)).collect();
                if !differing.is_empty() {
                    differing.iter().for_each(|d| self.send_ids(session, *d, true));
                    if let Some(s) = self.sessions.get_mut(&session) {
                        (s.talk.step, s.talk.open) = (Step::Comparing, differing);
                    }
                    return;
                }
            }
            Step::Asked | Step::Closing => {}
        }
        if let Some(s) = self.sessions.get_mut(&session) {
            (s.talk.step, s.talk.told) = (Step::Quiet, Some(own));
        }
        self.settle(session);
    }

    /// How often the other has named the records of this document since something changed here, this time included.
    fn times_asked(&mut self, session: SessionId, document: DocId) -> usize {
        self.key_documents(session);
        let Some(s) = self.sessions.get_mut(&session) else { return 0 };
        let stamp = s.talk.seen.as_ref().map(|(stamp, _)| *stamp);
        if s.talk.answered.0 != stamp {
            s.talk.answered = (stamp, BTreeMap::new());
        }
        let times = s.talk.answered.1.entry(document).or_default();
        *times += 1;
        *times
    }

    /// What the other has of a document: it gets what it lacks, and hears what we have if it asks.
    pub(super) fn told_key_ids(&mut self, session: SessionId, document: DocId, reply: bool, ids: Vec<RecordId>) {
        let Some(s) = self.sessions.get(&session) else { return };
        if !self.may_share(s, &document) {
            return;
        }
        let times = self.times_asked(session, document);
        if times > limits::KEY_ANSWERS_MAX && !is_off(Check::KeysAgain) {
            return self.close(session, "asks for the same keys again and again");
        }
        // Whoever has been told all that is here, and nothing has changed since, lacks what it did not take.
        if times <= limits::KEY_TELLINGS_MAX || is_off(Check::KeysAgain) {
            let theirs: BTreeSet<RecordId> = ids.into_iter().collect();
            let mut lacking = self.open_records(&document);
            lacking.retain(|r| !theirs.contains(&r.id()));
            self.send_records(session, &lacking);
        }
        if reply {
            return self.send_ids(session, document, false);
        }
        let own = self.key_digest(session).unwrap_or_default();
        let Some(s) = self.sessions.get_mut(&session) else { return };
        let is_last = s.talk.open.remove(&document) && s.talk.open.is_empty();
        if is_last && s.talk.step == Step::Comparing {
            s.talk.step = Step::Closing;
            self.send(session, &Frame::Keys { digest: own, documents: Vec::new() });
        }
    }

    /// Records from another node: only of documents of which it may speak, and only those that may travel.
    pub(super) fn key_records(&mut self, now: Ms, store: &dyn Entries, session: SessionId, mut records: Vec<KeyRecord>) {
        let Some(s) = self.sessions.get(&session) else { return };
        let from = s.remote;
        let Some(document) = records.first().map(|r| r.document).filter(|d| self.may_share(s, d)) else { return };
        let readers = names::readers(&self.ledger, &Judge::new(&self.ledger), &document);
        records.retain(|r| self.may_travel(r, &readers));
        records.retain(|r| self.keys.insert(*r));
        if !records.is_empty() {
            self.notify(Event::KeysArrived { from, records: records.len() });
        }
        self.keys_changed(&records, 0, Some(from));
        self.pump_all(now, store);
    }
}
