//! Keyring records: teachers' keys, each wrapped to one person who may open it. They lie outside of the journal, so that they can be forgotten, and travel in frames of their own.
//!
//! A set that only grows by union and shrinks by erasure: who has seen the same records keeps the same ones, whatever came first.

use std::collections::{BTreeMap, BTreeSet};

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
    documents: BTreeMap<DocId, BTreeSet<KeyRecord>>,
    len: usize,
}

impl KeySet {
    /// Adds one; `false`: it was here, or there is no room for it. Of the records of one key to one person the lowest few are kept.
    pub fn insert(&mut self, record: KeyRecord) -> bool {
        let (document, key, to) = (record.document, record.key, record.to);
        let of = self.documents.entry(document).or_default();
        let same = || of.range(KeyRecord::first_of(document, key, to)..=KeyRecord::last_of(document, key, to));
        if same().any(|r| *r == record) {
            return false;
        }
        let last = same().next_back().copied();
        if same().count() >= limits::KEY_COPIES_MAX
            && !is_off(Check::KeyCopies)
            && let Some(last) = last
        {
            if record > last {
                return false;
            }
            of.remove(&last);
            self.len -= 1;
        }
        if self.len >= limits::KEY_RECORDS_MAX {
            return false;
        }
        self.len += 1;
        of.insert(record)
    }

    /// Removes the records of these keys; how many.
    pub fn erase(&mut self, keys: &BTreeSet<(DocId, KeyId)>) -> usize {
        let before = self.len;
        for document in keys.iter().map(|(d, _)| d).collect::<BTreeSet<_>>() {
            if let Some(of) = self.documents.get_mut(document) {
                of.retain(|r| !keys.contains(&(*document, r.key)));
            }
        }
        self.len = self.documents.values().map(BTreeSet::len).sum();
        before - self.len
    }

    /// The records of a document, in order.
    pub fn of(&self, document: &DocId) -> impl Iterator<Item = &KeyRecord> {
        self.documents.get(document).into_iter().flatten()
    }

    /// Every record, in order.
    pub fn iter(&self) -> impl Iterator<Item = &KeyRecord> {
        self.documents.values().flatten()
    }

    /// Is any record of this key wrapped to this person?
    #[must_use]
    pub fn has(&self, document: &DocId, key: &KeyId, to: &[u8; 32]) -> bool {
        self.find(document, key, to).next().is_some()
    }

    /// The records of a key that are wrapped to this person.
    pub fn find(&self, document: &DocId, key: &KeyId, to: &[u8; 32]) -> impl Iterator<Item = &KeyRecord> {
        let range = KeyRecord::first_of(*document, *key, *to)..=KeyRecord::last_of(*document, *key, *to);
        self.documents.get(document).into_iter().flat_map(move |of| of.range(range.clone()))
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
    /// Our digest, and of which state it is; none where both share no identity document.
    pub(crate) seen: Option<(Stamp, Option<[u8; 16]>)>,
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
