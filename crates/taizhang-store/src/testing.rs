//! Synthetic entries for tests: CBOR items under tag 18 that say their own name, and nothing a domain would know.

use minicbor::{Decoder, Encoder};
use taizhang_core::id::{AttachmentId, DocId, EntryId, Kind, LogId, OrgId, PublicKey, Run};

use crate::NewEntry;
use crate::shape::sha256;

/// The `n`th synthetic entry, with about `len` bytes; the same `n` and `len` give the same entry.
#[must_use]
pub fn entry(n: u64, len: usize) -> NewEntry {
    let mut encoder = Encoder::new(vec![0xd2]);
    let filler: Vec<u8> = sha256(&n.to_be_bytes()).into_iter().cycle().take(len).collect();
    let written = encoder.array(2).and_then(|e| e.u64(n)).and_then(|e| e.bytes(&filler).map(drop));
    written.expect("a vector takes everything");
    let bytes = encoder.into_writer();
    let id = EntryId(sha256(&bytes));
    NewEntry { id, log: log(n), sequence: sequence(n), bytes }
}

/// The describe function that goes with [`entry`].
#[must_use]
pub fn describe(bytes: &[u8]) -> Option<(EntryId, LogId, u64)> {
    let mut decoder = Decoder::new(bytes.strip_prefix(&[0xd2])?);
    let _ = decoder.array().ok()?.filter(|n| *n == 2)?;
    let n = decoder.u64().ok()?;
    Some((EntryId(sha256(bytes)), log(n), sequence(n)))
}

/// The name of an attachment.
#[must_use]
pub fn attachment(bytes: Vec<u8>) -> (AttachmentId, Vec<u8>) {
    (AttachmentId(sha256(&bytes)), bytes)
}

/// The `n`th synthetic document.
#[must_use]
pub fn document(n: u64) -> DocId {
    DocId::of_year(OrgId(n.to_be_bytes()), Kind::Ledger, 2024)
}

fn log(n: u64) -> LogId {
    let document = document(n / 100);
    LogId { document, key: PublicKey([7; 32]), run: Run([9; 8]) }
}

fn sequence(n: u64) -> u64 {
    n % 100 + 1
}
