//! The inside of a batch, before compression: segments one after the other. What context implies (document, author, run, sequence, previous id) is not sent.
//!
//! ```text
//! segment    = log, [doc bstr19, key bstr32, run bstr8 where log is new], first sequence,
//!              [grant, link where first sequence is 1], count, count × (time difference, hollow payload bstr)
//!            | 0, attachment id bstr32, total bytes, offset, chunk bstr
//! grant      = null | [entry bstr32, index]      link = null | bstr32
//! ```
//! `log` counts from 1 in the order in which this direction of the session first used the logs. `time difference` (signed, ms) is to the entry before it in this direction of the session, 0 at its start. Signatures stand outside, in the order of the entries.
//!
//! A payload travels hollow: of each byte string of exactly 16 bytes in it (ids given elsewhere, which do not compress) only the head; the 16 bytes themselves stand outside, one behind the other.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    cbor::{CborError, Reader, Writer},
    entry::{Before, SignedEntry},
    id::{AttachmentId, DocId, EntryId, LogId, PublicKey, Run},
    op::RowName,
    planted::{Check, is_off},
    units::Ms,
};

use crate::limits;

/// Sender's half of the context of one direction.
#[derive(Debug, Default)]
pub struct WriteContext {
    logs: BTreeMap<LogId, u64>,
    by_number: Vec<LogId>,
    time: Ms,
}

/// Receiver's half.
#[derive(Debug, Default)]
pub struct ReadContext {
    logs: Vec<LogId>,
    /// The same, to find one that is numbered again.
    numbered: BTreeSet<LogId>,
    time: Ms,
}

/// A piece of an attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Which attachment.
    pub id: AttachmentId,
    /// Its length in bytes.
    pub total: u64,
    /// Where this piece begins.
    pub offset: u64,
    /// The piece.
    pub bytes: Vec<u8>,
}

/// One entry as it travels: what the receiver must find out is which entry stands before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireEntry {
    /// The sender's number of the log.
    pub number: u64,
    /// The log.
    pub log: LogId,
    /// The sequence.
    pub sequence: u64,
    /// Grant and link where the sequence is 1.
    pub start: Option<(Option<RowName>, Option<EntryId>)>,
    /// The time it claims.
    pub time: Ms,
    /// The payload.
    pub payload: Vec<u8>,
    /// Does it continue the entry before it in this batch?
    pub continues: bool,
}

/// What a batch holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// An entry.
    Entry(WireEntry),
    /// A piece of an attachment.
    Chunk(Chunk),
}

impl WriteContext {
    /// The log with this number, if the sender used it.
    #[must_use]
    pub fn log(&self, number: u64) -> Option<&LogId> {
        self.by_number.get(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    /// Writes a piece of an attachment.
    pub fn write_chunk(w: &mut Writer, chunk: &Chunk) {
        w.uint(0).bytes(&chunk.id.0).uint(chunk.total).uint(chunk.offset).bytes(&chunk.bytes);
    }

    /// Writes entries, runs of one log as one segment; returns the bytes that stand outside.
    #[must_use]
    pub fn write_entries(&mut self, w: &mut Writer, entries: &[SignedEntry]) -> Vec<u8> {
        let mut loose = Vec::new();
        let mut rest = entries;
        while let Some(first) = rest.first() {
            let pairs = rest.iter().zip(rest.iter().skip(1));
            let n = 1 + pairs.take_while(|(a, b)| b.header.before == Before::Previous(a.id)).count();
            let (segment, after) = rest.split_at(n.min(rest.len()));
            self.write_segment(w, first, segment, &mut loose);
            rest = after;
        }
        loose
    }

    fn write_segment(&mut self, w: &mut Writer, first: &SignedEntry, segment: &[SignedEntry], loose: &mut Vec<u8>) {
        self.write_log(w, first.header.log);
        w.uint(first.header.sequence);
        if let Before::Start { grant, link } = first.header.before {
            match grant {
                Some(g) => w.array(2).bytes(&g.entry.0).uint(g.index.into()),
                None => w.null(),
            };
            match link {
                Some(l) => w.bytes(&l.0),
                None => w.null(),
            };
        }
        w.uint(segment.len() as u64);
        for e in segment {
            w.int(difference(self.time, e.header.time)).bytes(&hollow(&e.payload, loose));
            self.time = e.header.time;
        }
    }

    fn write_log(&mut self, w: &mut Writer, log: LogId) {
        if let Some(number) = self.logs.get(&log) {
            w.uint(*number);
            return;
        }
        self.by_number.push(log);
        let number = self.by_number.len() as u64;
        self.logs.insert(log, number);
        w.uint(number).bytes(&log.document.to_bytes()).bytes(&log.key.0).bytes(&log.run.0);
    }
}

/// Length of the byte strings that stand outside.
const LOOSE_LEN: usize = 16;
/// Their head: major type 2, length 16.
const LOOSE_HEAD: u8 = 0x50;

/// One item's head and, for strings, content: lengths of both. Payloads are deterministic CBOR, so heads tell everything.
fn token(bytes: &[u8]) -> Option<(usize, usize)> {
    let first = *bytes.first()?;
    let wide = |n: usize| Some((bytes.get(1..=n)?.iter().fold(0u64, |v, b| v << 8 | u64::from(*b)), n + 1));
    let (argument, head) = match first & 31 {
        small @ 0..=23 => (u64::from(small), 1),
        24 => wide(1)?,
        25 => wide(2)?,
        26 => wide(4)?,
        27 => wide(8)?,
        _ => return None,
    };
    let content = if matches!(first >> 5, 2 | 3) { usize::try_from(argument).ok()? } else { 0 };
    Some((head, content))
}

/// Takes the content of 16-byte strings out of a payload. What is not CBOR stays as it is: `fill` gives it back unchanged or refuses it.
fn hollow(payload: &[u8], loose: &mut Vec<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len());
    let mut rest = payload;
    while let Some((head, content)) = token(rest) {
        let Some((item, after)) = head.checked_add(content).and_then(|n| rest.split_at_checked(n)) else { break };
        if item.first() == Some(&LOOSE_HEAD) {
            out.push(LOOSE_HEAD);
            loose.extend(item.iter().skip(1));
        } else {
            out.extend(item);
        }
        rest = after;
    }
    out.extend(rest);
    out
}

/// Puts the content of 16-byte strings back.
fn fill(hollow: &[u8], loose: &mut &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(hollow.len());
    let mut rest = hollow;
    while !rest.is_empty() {
        let (head, content) = token(rest)?;
        let is_loose = rest.first() == Some(&LOOSE_HEAD);
        let (item, after) = rest.split_at_checked(if is_loose { head } else { head.checked_add(content)? })?;
        out.extend(item);
        if is_loose {
            let (bytes, left) = loose.split_at_checked(LOOSE_LEN)?;
            out.extend(bytes);
            *loose = left;
        }
        rest = after;
    }
    Some(out)
}

/// Around the ends of 64 bits, so that there is one from any time to any other: nobody's clock keeps the entries behind it from travelling.
fn difference(from: Ms, to: Ms) -> i64 {
    to.0.wrapping_sub(from.0).cast_signed()
}

impl ReadContext {
    /// Reads a whole batch.
    ///
    /// # Errors
    /// Another form, or over a limit.
    pub fn read(&mut self, raw: &[u8], mut loose: &[u8]) -> Result<Vec<Item>, CborError> {
        let mut r = Reader::new(raw);
        let mut items = Vec::new();
        while r.position() < raw.len() {
            match r.uint()? {
                0 => items.push(Item::Chunk(read_chunk(&mut r)?)),
                number => self.read_segment(&mut r, number, &mut items, &mut loose)?,
            }
            if items.len() > limits::BATCH_ENTRIES_MAX && !is_off(Check::BatchEntries) {
                return Err(CborError { at: r.position(), what: "too many entries" });
            }
        }
        if !loose.is_empty() {
            return Err(CborError { at: r.position(), what: "loose bytes left over" });
        }
        Ok(items)
    }

    fn read_segment(
        &mut self,
        r: &mut Reader<'_>,
        number: u64,
        items: &mut Vec<Item>,
        loose: &mut &[u8],
    ) -> Result<(), CborError> {
        let log = self.read_log(r, number)?;
        let at = r.position();
        let first = r.uint()?;
        let mut start = if first == 1 { Some(read_start(r)?) } else { None };
        let n: usize = r.small()?;
        let too_many = n > limits::BATCH_ENTRIES_MAX && !is_off(Check::BatchEntries);
        if first == 0 || n == 0 || too_many || first.checked_add(n as u64).is_none() {
            return Err(CborError { at, what: "sequence or count out of range" });
        }
        for i in 0..n as u64 {
            let at = r.position();
            self.time = Ms(self.time.0.wrapping_add_signed(r.int()?));
            let payload = fill(r.bytes()?, loose).ok_or(CborError { at, what: "hollow payload and loose bytes do not fit" })?;
            if payload.len() > taizhang_core::entry::ENTRY_BYTES_MAX {
                return Err(CborError { at, what: "payload longer than an entry" });
            }
            let entry =
                WireEntry { number, log, sequence: first + i, start: start.take(), time: self.time, payload, continues: i > 0 };
            items.push(Item::Entry(entry));
        }
        Ok(())
    }

    fn read_log(&mut self, r: &mut Reader<'_>, number: u64) -> Result<LogId, CborError> {
        let at = r.position();
        let index = usize::try_from(number - 1).unwrap_or(usize::MAX);
        if let Some(log) = self.logs.get(index) {
            return Ok(*log);
        }
        if index != self.logs.len() || index >= limits::LOG_REFS_MAX {
            return Err(CborError { at, what: "log number out of order" });
        }
        let document = DocId::from_bytes(r.bytes()?).ok_or(CborError { at, what: "not a document id" })?;
        let log = LogId { document, key: PublicKey(r.array_bytes()?), run: Run(r.array_bytes()?) };
        // A second number would be a second start for what was refused under the first.
        if !self.numbered.insert(log) {
            return Err(CborError { at, what: "a log with two numbers" });
        }
        self.logs.push(log);
        Ok(log)
    }
}

fn read_start(r: &mut Reader<'_>) -> Result<(Option<RowName>, Option<EntryId>), CborError> {
    let grant = if r.take_null() {
        None
    } else {
        r.array_of(2)?;
        Some(RowName { entry: EntryId(r.array_bytes()?), index: r.small()? })
    };
    let link = if r.take_null() { None } else { Some(EntryId(r.array_bytes()?)) };
    Ok((grant, link))
}

fn read_chunk(r: &mut Reader<'_>) -> Result<Chunk, CborError> {
    let id = AttachmentId(r.array_bytes()?);
    let at = r.position();
    let (total, offset) = (r.uint()?, r.uint()?);
    let bytes = r.bytes()?.to_vec();
    let end = offset.checked_add(bytes.len() as u64);
    if total > limits::ATTACHMENT_BYTES_MAX as u64 || end.is_none_or(|e| e > total) {
        return Err(CborError { at, what: "attachment too long" });
    }
    Ok(Chunk { id, total, offset, bytes })
}

#[cfg(test)]
mod tests;
