//! Lists of open tips: the attachments that locks, checkpoints and rollups name. `[1, [[document, digest, [tip…]]…]]`, sorted by document.
//!
//! Whoever holds the same entries makes the same list, byte by byte, and its root from the digests that summaries carry anyway.

use sha2::{Digest, Sha256};

use crate::{
    cbor::{CborError, Reader, Writer},
    id::{AttachmentId, DocId, EntryId},
};

const VERSION: u64 = 1;

/// One document at its open tips.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocumentTips {
    /// The document.
    pub document: DocId,
    /// Its open tips, sorted: they and all they reach are meant, and nothing else.
    pub tips: Vec<EntryId>,
}

impl DocumentTips {
    /// SHA-256 over the document's id and these tips, as [`crate::ledger::Ledger::digest`] has it.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let start = Sha256::new().chain_update(self.document.to_bytes());
        self.tips.iter().fold(start, |hash, tip| hash.chain_update(tip.0)).finalize().into()
    }

    /// `[document, digest, [tip…]]`, an item of the list.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.array(3).bytes(&self.document.to_bytes()).bytes(&self.digest()).array(self.tips.len() as u64);
        self.tips.iter().for_each(|t| {
            w.bytes(&t.0);
        });
        w.finish()
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        r.array_of(3)?;
        let at = r.position();
        let document = DocId::from_bytes(r.bytes()?).ok_or(CborError { at, what: "not a document id" })?;
        let digest: [u8; 32] = r.array_bytes()?;
        let tips = (0..r.array()?).map(|_| r.array_bytes().map(EntryId)).collect::<Result<Vec<_>, _>>()?;
        let read = Self { document, tips };
        if !is_sorted(&read.tips) || read.tips.is_empty() {
            return Err(CborError { at, what: "tips not sorted, not unique or none" });
        }
        if read.digest() == digest { Ok(read) } else { Err(CborError { at, what: "the digest is not that of the tips" }) }
    }
}

/// The attachment.
#[must_use]
pub fn to_bytes(list: &[DocumentTips]) -> Vec<u8> {
    let mut w = Writer::default();
    w.array(2).uint(VERSION).array(list.len() as u64);
    list.iter().for_each(|d| {
        w.raw(&d.to_bytes());
    });
    w.finish()
}

/// Reads the attachment.
///
/// # Errors
/// Another form, another version, not sorted, or a digest that is not that of its tips.
pub fn parse(bytes: &[u8]) -> Result<Vec<DocumentTips>, CborError> {
    let mut r = Reader::new(bytes);
    r.array_of(2)?;
    let at = r.position();
    if r.uint()? != VERSION {
        return Err(CborError { at, what: "a list of another version" });
    }
    let list = (0..r.array()?).map(|_| DocumentTips::read(&mut r)).collect::<Result<Vec<_>, _>>()?;
    r.end()?;
    let documents: Vec<DocId> = list.iter().map(|d| d.document).collect();
    if is_sorted(&documents) { Ok(list) } else { Err(CborError { at, what: "documents not sorted or not unique" }) }
}

/// What locks and checkpoints name besides the attachment: SHA-256 over the digests, in order.
#[must_use]
pub fn root(list: &[DocumentTips]) -> [u8; 32] {
    list.iter().fold(Sha256::new(), |hash, d| hash.chain_update(d.digest())).finalize().into()
}

/// The attachment with its name.
#[must_use]
pub fn attachment(list: &[DocumentTips]) -> (AttachmentId, Vec<u8>) {
    let bytes = to_bytes(list);
    (AttachmentId(Sha256::digest(&bytes).into()), bytes)
}

fn is_sorted<T: Ord>(list: &[T]) -> bool {
    list.windows(2).all(|w| matches!(w, [a, b] if a < b))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;
    use crate::id::{Kind, OrgId};

    fn item(owner: u8, tips: &[u8]) -> DocumentTips {
        let tips = tips.iter().map(|t| EntryId([*t; 32])).collect();
        DocumentTips { document: DocId::of_year(OrgId([owner; 8]), Kind::Ledger, 2008), tips }
    }

    #[test]
    fn what_is_written_is_read() {
        let list = vec![item(1, &[1]), item(2, &[3, 4])];
        assert_eq!(parse(&to_bytes(&list)).unwrap(), list);
        assert_eq!(parse(&to_bytes(&[])).unwrap(), []);
        let (id, bytes) = attachment(&list);
        assert_eq!(id.0.as_slice(), Sha256::digest(bytes).as_slice());
    }

    #[test]
    fn other_forms_are_refused() {
        let good = to_bytes(&[item(1, &[1]), item(2, &[3, 4])]);
        for n in 0..good.len() {
            assert!(parse(&good[..n]).is_err(), "cut at {n}");
        }
        let at_digest = good.len() - 70;
        for bad in [
            to_bytes(&[item(2, &[1]), item(1, &[1])]),
            to_bytes(&[item(1, &[1]), item(1, &[2])]),
            to_bytes(&[item(1, &[2, 1])]),
            to_bytes(&[item(1, &[1, 1])]),
            to_bytes(&[item(1, &[])]),
            [good.as_slice(), &[0]].concat(),
            good.iter().enumerate().map(|(i, b)| if i == at_digest { b ^ 1 } else { *b }).collect(),
            good.iter().enumerate().map(|(i, b)| if i == 1 { 2 } else { *b }).collect(),
        ] {
            assert!(parse(&bad).is_err(), "{bad:02x?}");
        }
    }

    #[test]
    fn the_root_is_that_of_the_documents_and_their_tips() {
        let roots = [vec![], vec![item(1, &[1])], vec![item(1, &[2])], vec![item(2, &[1])], vec![item(1, &[1]), item(2, &[1])]];
        let distinct: std::collections::BTreeSet<[u8; 32]> = roots.iter().map(|l| root(l)).collect();
        assert_eq!(distinct.len(), roots.len());
    }
}
