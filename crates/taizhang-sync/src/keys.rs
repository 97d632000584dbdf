//! Keyring records: teachers' keys, each wrapped to one person who may open it. They lie outside of the journal, so that they can be forgotten, and travel in frames of their own.
//!
//! What is sent by others only adds, within limits, and takes nothing away: else any node could drive out a good record with bad ones. A record goes where its key is erased, or where a person at this node finds it wrong.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use sha2::{Digest, Sha256};
use taizhang_core::{
    id::{DocId, OrgId},
    names::KeyId,
    planted::{Check, is_off},
};

use crate::limits;

/// A teacher's key under the shared secret of a one-time key and a person's sealing key (docs/decisions/0006).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyRecord {
    /// The identity document whose rows it opens.
    pub document: DocId,
    /// Which key.
    pub key: KeyId,
    /// The sealing key of the person who can open it.
    pub to: [u8; 32],
    /// The public half of the one-time key.
    pub ephemeral: [u8; 32],
    /// The key, sealed.
    pub sealed: [u8; 48],
}

/// First 8 bytes of the hash of a record.
pub type RecordId = [u8; 8];

impl KeyRecord {
    /// Its name in a comparison.
    #[must_use]
    pub fn id(&self) -> RecordId {
        let hash = Sha256::new().chain_update(self.document.to_bytes()).chain_update(self.key);
        short(&hash.chain_update(self.to).chain_update(self.ephemeral).chain_update(self.sealed).finalize().into())
    }

    fn first_of(document: DocId, key: KeyId, to: [u8; 32]) -> Self {
        Self { document, key, to, ephemeral: [0; 32], sealed: [0; 48] }
    }

    fn last_of(document: DocId, key: KeyId, to: [u8; 32]) -> Self {
        Self { document, key, to, ephemeral: [0xff; 32], sealed: [0xff; 48] }
    }
}

/// The first bytes of a hash.
fn short(hash: &[u8; 32]) -> [u8; 8] {
    let mut out = [0; 8];
    out.iter_mut().zip(hash).for_each(|(o, b)| *o = *b);
    out
}

/// Every record that a node keeps.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    /// Each record, and whether somebody here has found it right.
    documents: BTreeMap<DocId, BTreeMap<KeyRecord, bool>>,
    len: usize,
    /// Records that the person whom they are for cannot open: taken from nobody again.
    spoiled: BTreeSet<RecordId>,
}

impl KeySet {
    /// Takes one that another node sent; `false`: it was here, or is known to be spoiled, or there is no room for it. None that is held makes room for it.
    pub fn insert(&mut self, record: KeyRecord) -> bool {
        let beside = self.beside(&record);
        let is_settled = beside.iter().any(|(_, is_right)| *is_right) || self.spoiled.contains(&record.id());
        if is_settled || beside.iter().any(|(r, _)| *r == record) {
            return false;
        }
        if beside.len() >= limits::KEY_COPIES_MAX && !is_off(Check::KeyCopies) {
            match beside.last().filter(|_| is_off(Check::KeyHeld)) {
                Some((last, _)) => self.remove(last),
                None => return false,
            }
        }
        let of_document = self.documents.get(&record.document).map_or(0, BTreeMap::len);
        let is_full = of_document >= limits::KEY_RECORDS_OF_DOCUMENT_MAX && !is_off(Check::KeysOfDocument);
        if is_full || self.len >= limits::KEY_RECORDS_MAX {
            return false;
        }
        self.put(record, false);
        true
    }

    /// Takes the one that somebody made who has the key: it stands in the place of all others of this key to this person, and while it does none is taken beside it. What changed?
    pub fn prove(&mut self, record: KeyRecord) -> Change {
        if is_off(Check::KeyProven) {
            return Change { is_new: self.insert(record), dropped: 0 };
        }
        let mut others = self.beside(&record);
        others.retain(|(r, _)| *r != record);
        others.iter().for_each(|(r, _)| self.remove(r));
        Change { is_new: self.put(record, true), dropped: others.len() }
    }

    /// Drops one that the person whom it is for cannot open, and takes it from nobody again; `false`: it was not here.
    pub fn spoil(&mut self, record: &KeyRecord) -> bool {
        let is_here = self.documents.get(&record.document).is_some_and(|of| of.contains_key(record));
        self.remove(record);
        if is_here && self.spoiled.len() < limits::KEY_SPOILED_MAX {
            self.spoiled.insert(record.id());
        }
        is_here
    }

    /// The records of this key to this person.
    fn same(&self, document: DocId, key: KeyId, to: [u8; 32]) -> impl DoubleEndedIterator<Item = (&KeyRecord, &bool)> {
        let range = KeyRecord::first_of(document, key, to)..=KeyRecord::last_of(document, key, to);
        self.documents.get(&document).into_iter().flat_map(move |of| of.range(range.clone()))
    }

    fn beside(&self, r: &KeyRecord) -> Vec<(KeyRecord, bool)> {
        self.same(r.document, r.key, r.to).map(|(r, is_right)| (*r, *is_right)).collect()
    }

    /// Was it not here?
    fn put(&mut self, record: KeyRecord, is_right: bool) -> bool {
        let is_new = self.documents.entry(record.document).or_default().insert(record, is_right).is_none();
        self.len += usize::from(is_new);
        is_new
    }

    fn remove(&mut self, record: &KeyRecord) {
        let removed = self.documents.get_mut(&record.document).and_then(|of| of.remove(record));
        self.len -= usize::from(removed.is_some());
    }

    /// Removes the records of these keys; how many.
    pub fn erase(&mut self, keys: &BTreeSet<(DocId, KeyId)>) -> usize {
        let before = self.len;
        for document in keys.iter().map(|(d, _)| d).collect::<BTreeSet<_>>() {
            if let Some(of) = self.documents.get_mut(document) {
                of.retain(|r, _| !keys.contains(&(*document, r.key)));
            }
        }
        self.len = self.documents.values().map(BTreeMap::len).sum();
        before - self.len
    }

    /// The records of a document, in order.
    pub fn of(&self, document: &DocId) -> impl Iterator<Item = &KeyRecord> {
        self.documents.get(document).into_iter().flat_map(BTreeMap::keys)
    }

    /// Every record, in order.
    pub fn iter(&self) -> impl Iterator<Item = &KeyRecord> {
        self.documents.values().flat_map(BTreeMap::keys)
    }

    /// Has somebody here found the record of this key to this person right?
    #[must_use]
    pub fn is_proven(&self, document: &DocId, key: &KeyId, to: &[u8; 32]) -> bool {
        self.same(*document, *key, *to).any(|(_, is_right)| *is_right)
    }

    /// The records of a key that are wrapped to this person.
    pub fn find(&self, document: &DocId, key: &KeyId, to: &[u8; 32]) -> impl Iterator<Item = &KeyRecord> {
        self.same(*document, *key, *to).map(|(r, _)| r)
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// None?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// What became of a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The record was not here.
    pub is_new: bool,
    /// Records that had to go.
    pub dropped: usize,
}

/// Digest of some records of a document: hash of their ids, sorted.
#[must_use]
pub fn digest<'r>(records: impl IntoIterator<Item = &'r KeyRecord>) -> [u8; 8] {
    let ids: BTreeSet<RecordId> = records.into_iter().map(KeyRecord::id).collect();
    let hash = ids.iter().fold(Sha256::new(), |hash, id| hash.chain_update(id));
    short(&hash.finalize().into())
}

/// Digest over documents with their digests: 16 bytes.
#[must_use]
pub fn root(documents: &BTreeMap<DocId, [u8; 8]>) -> [u8; 16] {
    let hash = documents.iter().fold(Sha256::new(), |h, (d, digest)| h.chain_update(d.to_bytes()).chain_update(digest));
    let hash: [u8; 32] = hash.finalize().into();
    let mut out = [0; 16];
    out.iter_mut().zip(hash).for_each(|(o, b)| *o = b);
    out
}

/// Documents with the digests of their records.
pub(crate) type Digests = BTreeMap<DocId, [u8; 8]>;

/// Where the talk about keys stands in a session; the dialer leads it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing is asked.
    #[default]
    Quiet,
    /// The dialer told its digest and waits for the other's.
    Asked,
    /// The ids of some documents are told; the other's and its records are awaited.
    Comparing,
    /// All is sent; the other's digest says that it is kept.
    Closing,
}

/// What a session remembers of the talk about keys.
#[derive(Debug, Default)]
pub(crate) struct Talk {
    pub(crate) step: Step,
    /// Our digest as both have seen it last.
    pub(crate) told: Option<[u8; 16]>,
    /// Documents whose ids the other has not told yet.
    pub(crate) open: BTreeSet<DocId>,
    /// New here, not sent yet.
    pub(crate) owed: BTreeSet<KeyRecord>,
    /// What we have by document, and of which state that is; none where both share no identity document.
    pub(crate) seen: Option<(Stamp, Option<Arc<Digests>>)>,
    /// How often the other named what it has of a document, since this state.
    pub(crate) answered: (Option<Stamp>, BTreeMap<DocId, usize>),
}

/// Grows whenever what a session may say of keys may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) keys: u64,
    pub(crate) registry: u64,
    pub(crate) names: u64,
    pub(crate) org: Option<OrgId>,
}

#[cfg(test)]
mod tests;
