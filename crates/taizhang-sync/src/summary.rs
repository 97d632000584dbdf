//! The digest tree over documents: grouped by concerned organisation, then document; equal roots are equal sets.
//!
//! A document's path is the first 4 bytes of SHA-256(concerned organisation) and the first 4 bytes of SHA-256(document id), 16 nibbles. A subtree's digest is SHA-256 over its documents' digests in the order of their paths.

use sha2::{Digest, Sha256};
use taizhang_core::id::DocId;

use crate::{frame::Summary, limits::LEAF_DOCUMENTS_MAX};

/// Nibbles of a path.
pub const DEPTH: usize = 16;

/// Documents in the order of their paths with their digests, as one session sees them.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    leaves: Vec<Leaf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Leaf {
    path: [u8; DEPTH],
    document: DocId,
    digest: [u8; 32],
}

fn path(document: &DocId) -> [u8; DEPTH] {
    let org = Sha256::digest(document.concerns().0);
    let doc = Sha256::digest(document.to_bytes());
    let bytes = org.iter().take(4).chain(doc.iter().take(4));
    let mut out = [0; DEPTH];
    out.iter_mut().zip(bytes.flat_map(|b| [b >> 4, b & 15])).for_each(|(o, n)| *o = n);
    out
}

impl Tree {
    /// Over these documents and their digests (`Ledger::digest`).
    #[must_use]
    pub fn of(documents: impl Iterator<Item = (DocId, [u8; 32])>) -> Self {
        let mut leaves: Vec<Leaf> =
            documents.map(|(document, digest)| Leaf { path: path(&document), document, digest }).collect();
        leaves.sort();
        Self { leaves }
    }

    /// First 16 bytes of the digest over everything.
    #[must_use]
    pub fn root(&self) -> [u8; 16] {
        short(&digest_of(&self.leaves))
    }

    fn below(&self, prefix: &[u8]) -> &[Leaf] {
        let start = self.leaves.partition_point(|l| l.path.get(..prefix.len()).is_some_and(|p| p < prefix));
        let tail = self.leaves.get(start..).unwrap_or_default();
        let n = tail.partition_point(|l| l.path.starts_with(prefix));
        tail.get(..n).unwrap_or_default()
    }

    /// What to say about the subtree at `prefix`: its documents where they are few, else its children.
    #[must_use]
    pub fn describe(&self, prefix: &[u8]) -> Summary {
        let below = self.below(prefix);
        if below.len() <= LEAF_DOCUMENTS_MAX || prefix.len() >= DEPTH {
            let documents = below.iter().take(LEAF_DOCUMENTS_MAX).map(|l| (l.document, short(&l.digest))).collect();
            return Summary::Leaf { prefix: prefix.to_vec(), documents };
        }
        Summary::Node { prefix: prefix.to_vec(), children: self.children(prefix) }
    }

    fn children(&self, prefix: &[u8]) -> Vec<[u8; 8]> {
        (0..16u8).map(|n| short(&digest_of(self.below(&[prefix, &[n]].concat())))).collect()
    }

    /// Where the other's children differ from ours: what we say about each.
    #[must_use]
    pub fn differing_children(&self, prefix: &[u8], theirs: &[[u8; 8]]) -> Vec<Summary> {
        let ours = self.children(prefix);
        let differing = (0..16u8).zip(ours.iter().zip(theirs)).filter(|(_, (a, b))| a != b);
        differing.map(|(n, _)| self.describe(&[prefix, &[n]].concat())).collect()
    }

    /// Documents below `prefix` that differ from the other's list, or that only one side lists.
    #[must_use]
    pub fn differing_documents(&self, prefix: &[u8], theirs: &[(DocId, [u8; 8])]) -> Vec<DocId> {
        let ours = self.below(prefix);
        let same = |l: &Leaf| theirs.iter().any(|(d, digest)| *d == l.document && *digest == short(&l.digest));
        let of_ours = ours.iter().filter(|l| !same(l)).map(|l| l.document);
        let only_theirs = theirs.iter().filter(|(d, _)| ours.iter().all(|l| l.document != *d)).map(|(d, _)| *d);
        of_ours.chain(only_theirs).collect()
    }
}

fn digest_of(leaves: &[Leaf]) -> [u8; 32] {
    let mut hash = Sha256::new();
    leaves.iter().for_each(|l| hash.update(l.digest));
    hash.finalize().into()
}

/// The first bytes of a digest.
pub(crate) fn short<const N: usize>(digest: &[u8; 32]) -> [u8; N] {
    let mut out = [0; N];
    out.iter_mut().zip(digest).for_each(|(o, b)| *o = *b);
    out
}

#[cfg(test)]
mod tests;
