//! The append-only journal: segment files of records, written and read through a medium.

mod open;
pub(crate) mod record;

use std::io;
use std::ops::Range;

use crate::index::keys::Place;
use crate::medium::Medium;
pub use open::{Cut, Hole};
pub(crate) use open::{Reading, open};
use record::Salt;

const FOLDER: &str = "journal";
/// Bytes read at once where a file cannot be read as a whole.
const BLOCK_BYTES: usize = 4096;

/// The journal of an open store.
pub(crate) struct Journal {
    segments: Vec<Segment>,
    segment_bytes: u64,
    next_number: u32,
}

/// One file of the journal.
struct Segment {
    number: u32,
    salt: Salt,
    /// Bytes of it that are durable and belong to it; what lies behind them in the file is not ours.
    len: u64,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Created, but its name may not be durable yet.
    Unnamed,
    /// Takes records.
    Open,
    /// Something unsynced may lie behind `len`; to be cut before the next record.
    Torn,
    /// Takes no more records.
    Sealed,
}

impl Segment {
    fn path(&self) -> String {
        let salt = u32::from_be_bytes(self.salt);
        format!("{FOLDER}/{:06}-{salt:08x}.seg", self.number)
    }

    /// Reads number and salt off a file name.
    fn parse(name: &str) -> Option<(u32, Salt)> {
        let (number, salt) = name.strip_suffix(".seg")?.split_once('-')?;
        let segment = Self {
            number: number.parse().ok()?,
            salt: u32::from_str_radix(salt, 16).ok()?.to_be_bytes(),
            len: 0,
            state: State::Sealed,
        };
        (segment.number > 0 && segment.path() == format!("{FOLDER}/{name}")).then_some((segment.number, segment.salt))
    }
}

impl Journal {
    /// Writes one record; when it returns, the record is durable. Says where the entries lie, or which file failed and why.
    pub(crate) fn append(&mut self, medium: &mut dyn Medium, entries: &[&[u8]]) -> Result<Vec<Place>, (String, io::Error)> {
        let need: usize = entries.iter().map(|e| e.len()).sum();
        let segment = self.writable(medium, need as u64).map_err(|e| (FOLDER.to_owned(), e))?;
        let path = segment.path();
        let (bytes, ranges) = record::encode(segment.salt, entries);
        let places =
            places(segment.number, segment.len, ranges).ok_or_else(|| (path.clone(), io::ErrorKind::FileTooLarge.into()))?;
        let written = medium.append(&path, segment.len, &bytes).and_then(|()| medium.sync(&path));
        match written {
            Ok(()) => {
                segment.len += bytes.len() as u64;
                Ok(places)
            }
            Err(error) => {
                segment.state = State::Torn;
                segment.cut(medium);
                Err((path, error))
            }
        }
    }

    /// The segment that takes the next record: the last one or, if that is full or not to be trusted, a new one.
    fn writable(&mut self, medium: &mut dyn Medium, need: u64) -> io::Result<&mut Segment> {
        let mut begin = true;
        if let Some(last) = self.segments.last_mut() {
            last.cut(medium);
            if last.state == State::Torn {
                last.state = State::Sealed;
            }
            let full = last.len > 0 && last.len + need > self.segment_bytes;
            begin = full || last.state == State::Sealed;
        }
        if begin {
            let segment = Segment { number: self.next_number, salt: medium.salt()?, len: 0, state: State::Unnamed };
            medium.create(&segment.path())?;
            self.next_number += 1;
            self.segments.push(segment);
        }
        let last = self.segments.last_mut().ok_or(io::ErrorKind::NotFound)?;
        if last.state == State::Unnamed {
            medium.sync_folder(FOLDER)?;
            last.state = State::Open;
        }
        Ok(last)
    }

    /// The bytes at a place; whether they are the entry is for the caller's checksum to say.
    pub(crate) fn read(&self, medium: &dyn Medium, place: Place) -> io::Result<Vec<u8>> {
        let found = self.segments.binary_search_by_key(&place.segment, |s| s.number);
        let segment = found.ok().and_then(|n| self.segments.get(n));
        let segment = segment.ok_or(io::ErrorKind::NotFound)?;
        let len = usize::try_from(place.len).map_err(io::Error::other)?;
        medium.read(&segment.path(), place.offset, len)
    }

    /// Visits every readable entry in order.
    pub(crate) fn visit(&self, medium: &dyn Medium, reading: &mut Reading<'_>) -> io::Result<Vec<Hole>> {
        let mut holes = Vec::new();
        for segment in &self.segments {
            let (mut bytes, unreadable) = match open::read_segment(medium, &segment.path()) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => {
                    holes.push(Hole::missing(segment.number));
                    continue;
                }
                other => other?,
            };
            bytes.truncate(usize::try_from(segment.len).unwrap_or(usize::MAX));
            let gaps = open::walk(segment.number, segment.salt, &bytes, reading);
            holes.extend(gaps.into_iter().map(|g| Hole::of(segment.number, g, &unreadable)));
        }
        Ok(holes)
    }

    /// Number of segments and their length in bytes.
    pub(crate) fn size(&self) -> (u64, u64) {
        let bytes = self.segments.iter().map(|s| s.len).sum();
        (self.segments.len() as u64, bytes)
    }
}

impl Segment {
    /// Cuts what a failed write left behind the durable records. If that fails too it is tried again before the next record.
    fn cut(&mut self, medium: &mut dyn Medium) {
        if self.state != State::Torn {
            return;
        }
        let path = self.path();
        let cut = medium.truncate(&path, self.len).and_then(|()| medium.sync(&path));
        if cut.is_ok() {
            self.state = State::Open;
        }
    }
}

fn places(segment: u32, from: u64, ranges: Vec<Range<usize>>) -> Option<Vec<Place>> {
    let place =
        |range: Range<usize>| Some(Place { segment, offset: from + range.start as u64, len: u32::try_from(range.len()).ok()? });
    ranges.into_iter().map(place).collect()
}
