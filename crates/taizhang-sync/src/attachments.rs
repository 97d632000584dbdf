//! Attachments that came in a session and wait for the entry that names them.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use taizhang_core::{
    id::AttachmentId,
    planted::{Check, is_off},
};

use crate::{batch::Chunk, limits};

/// Why a session ends of whose attachments too many wait.
pub(crate) const TOO_MANY: &str = "too many attachments at once";

/// Attachments that wait, counted.
#[derive(Debug, Default)]
pub(crate) struct Attachments {
    partial: BTreeMap<AttachmentId, Vec<u8>>,
    complete: BTreeMap<AttachmentId, Vec<u8>>,
    bytes: usize,
}

impl Attachments {
    /// How much waits.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// A piece of an attachment; whole ones wait for the entry that names them.
    pub(crate) fn add(&mut self, chunk: Chunk) -> Result<(), &'static str> {
        let too_many = self.partial.len() + self.complete.len() >= limits::ATTACHMENTS_WAITING_MAX;
        let too_much = self.bytes + chunk.bytes.len() > limits::ATTACHMENTS_WAITING_BYTES_MAX;
        if (too_many || too_much) && !is_off(Check::AttachmentsWaiting) {
            return Err(TOO_MANY);
        }
        let partial = self.partial.entry(chunk.id).or_default();
        if chunk.offset != partial.len() as u64 && !is_off(Check::AttachmentOrder) {
            return Err("pieces of an attachment out of order");
        }
        self.bytes += chunk.bytes.len();
        partial.extend(chunk.bytes);
        if partial.len() as u64 == chunk.total {
            let bytes = self.partial.remove(&chunk.id).unwrap_or_default();
            self.bytes -= bytes.len();
            if Sha256::digest(&bytes).as_slice() != chunk.id.0 && !is_off(Check::AttachmentHash) {
                return Err("an attachment is not what its name says");
            }
            self.keep(chunk.id, bytes);
        }
        Ok(())
    }

    /// Those that are whole: whoever takes them gives back what still waits.
    pub(crate) fn take(&mut self) -> BTreeMap<AttachmentId, Vec<u8>> {
        let taken = std::mem::take(&mut self.complete);
        self.bytes -= taken.values().map(Vec::len).sum::<usize>();
        taken
    }

    /// A whole one waits.
    pub(crate) fn keep(&mut self, id: AttachmentId, bytes: Vec<u8>) {
        self.bytes += bytes.len();
        let before = self.complete.insert(id, bytes);
        self.bytes -= before.map_or(0, |b| b.len());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn named(bytes: &[u8]) -> AttachmentId {
        AttachmentId(Sha256::digest(bytes).into())
    }

    #[test]
    fn what_waits_is_counted_until_it_is_taken() {
        let whole = b"a list of tips";
        let (id, total) = (named(whole), whole.len() as u64);
        let piece =
            |from: usize, to: usize| Chunk { id, total, offset: from as u64, bytes: whole.get(from..to).unwrap().to_vec() };
        let mut waiting = Attachments::default();
        waiting.add(piece(0, 5)).unwrap();
        assert_eq!((waiting.bytes(), waiting.take().len()), (5, 0), "a part is not taken");
        waiting.add(piece(5, 14)).unwrap();
        assert_eq!(waiting.bytes(), 14);
        waiting.add(piece(0, 14)).unwrap();
        assert_eq!(waiting.bytes(), 14, "the same once more");
        let taken = waiting.take();
        assert_eq!((taken.keys().collect::<Vec<_>>(), waiting.bytes()), (vec![&id], 0));
        taken.into_iter().for_each(|(id, bytes)| waiting.keep(id, bytes));
        assert_eq!(waiting.bytes(), 14, "what nobody named yet waits again");
    }

    #[test]
    fn so_many_bytes_wait_and_no_more() {
        let mut waiting = Attachments::default();
        waiting.keep(AttachmentId([1; 32]), vec![0; limits::ATTACHMENTS_WAITING_BYTES_MAX - 2]);
        let byte = |offset| Chunk { id: AttachmentId([2; 32]), total: 9, offset, bytes: vec![7] };
        assert_eq!((waiting.add(byte(0)), waiting.add(byte(1))), (Ok(()), Ok(())));
        assert_eq!(waiting.add(byte(2)), Err(TOO_MANY));
        assert_eq!(waiting.bytes(), limits::ATTACHMENTS_WAITING_BYTES_MAX);
    }
}
