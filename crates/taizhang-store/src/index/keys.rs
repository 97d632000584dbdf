//! What is in the five trees. All numbers are big endian, so that byte order is number order.
//!
//! | tree | key | value |
//! |---|---|---|
//! | entries | entry id (32) | arrival number (8) |
//! | arrivals | arrival number (8) | [`Row`]: entry id (32), document (19), key (32), run (8), sequence (8), segment (4), offset (8), length (4), crc32c of the entry (4) |
//! | notes | the caller's, 1–256 bytes, prefixed by the caller | the caller's, at most 4,096 bytes |
//! | snapshots | document (19) | SHA-256 of the snapshot (32) |
//! | meta | `mark` | [`Mark`]: segment (4), offset (8), number of entries (8) |
//! | meta | `form` | the number of this table's version (1), now 1 |

use taizhang_core::id::{DocId, EntryId, LogId, PublicKey, Run};

pub(crate) const MARK: &[u8] = b"mark";
pub(crate) const FORM: &[u8] = b"form";
pub(crate) const THIS_FORM: &[u8] = &[1];

/// Where an entry's bytes lie in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) segment: u32,
    pub(crate) offset: u64,
    pub(crate) len: u32,
}

/// One entry as the index knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) id: EntryId,
    pub(crate) log: LogId,
    pub(crate) sequence: u64,
    pub(crate) place: Place,
    /// Of the entry's bytes, without salt.
    pub(crate) crc: u32,
}

/// How far the index has followed the journal: to this offset of this segment, and how many entries that made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) segment: u32,
    pub(crate) offset: u64,
    pub(crate) entries: u64,
}

impl Row {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        [
            &self.id.0[..],
            &self.log.document.to_bytes(),
            &self.log.key.0,
            &self.log.run.0,
            &self.sequence.to_be_bytes(),
            &self.place.segment.to_be_bytes(),
            &self.place.offset.to_be_bytes(),
            &self.place.len.to_be_bytes(),
            &self.crc.to_be_bytes(),
        ]
        .concat()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut at = Cursor(bytes);
        let row = Self {
            id: EntryId(at.take()?),
            log: LogId {
                document: DocId::from_bytes(&at.take::<{ DocId::LEN }>()?)?,
                key: PublicKey(at.take()?),
                run: Run(at.take()?),
            },
            sequence: u64::from_be_bytes(at.take()?),
            place: Place {
                segment: u32::from_be_bytes(at.take()?),
                offset: u64::from_be_bytes(at.take()?),
                len: u32::from_be_bytes(at.take()?),
            },
            crc: u32::from_be_bytes(at.take()?),
        };
        at.0.is_empty().then_some(row)
    }
}

impl Mark {
    /// Right behind an entry, with which there are `entries`.
    pub(crate) fn after(place: Place, entries: u64) -> Self {
        Self { segment: place.segment, offset: place.offset + u64::from(place.len), entries }
    }

    pub(crate) fn to_bytes(self) -> Vec<u8> {
        [&self.segment.to_be_bytes()[..], &self.offset.to_be_bytes(), &self.entries.to_be_bytes()].concat()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut at = Cursor(bytes);
        let mark = Self {
            segment: u32::from_be_bytes(at.take()?),
            offset: u64::from_be_bytes(at.take()?),
            entries: u64::from_be_bytes(at.take()?),
        };
        at.0.is_empty().then_some(mark)
    }
}

/// An arrival number from a key or a value.
pub(crate) fn arrival(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes)
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk()?;
        self.0 = tail;
        Some(*head)
    }
}
