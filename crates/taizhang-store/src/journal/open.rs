//! Opening a journal: reading every record, saying what is damaged, cutting what a torn write left at the end.

use std::fmt;
use std::io;
use std::ops::Range;

use super::record::{self, Salt};
use super::{BLOCK_BYTES, FOLDER, Journal, Segment, State};
use crate::index::keys::{Mark, Place};
use crate::medium::Medium;

/// Bytes of the journal that cannot be read as records. They are kept as they are; entries that were in them can be committed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// The number of the segment.
    pub segment: u32,
    /// Where the hole begins, in bytes from the start of the segment.
    pub from: u64,
    /// Where it ends; `None` if the whole file is missing.
    pub to: Option<u64>,
    /// What is wrong there.
    pub why: String,
}

/// Bytes of an unfinished write that were cut from the end of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The number of the segment.
    pub segment: u32,
    /// Its length in bytes now.
    pub to: u64,
    /// How many bytes were cut.
    pub bytes: u64,
}

/// What a walk through the journal tells: entries, and how far it is in bytes.
pub(crate) struct Reading<'a> {
    pub(crate) entry: &'a mut dyn FnMut(Place, &[u8]),
    pub(crate) progress: &'a dyn Fn(u64, u64),
    pub(crate) done: u64,
    pub(crate) total: u64,
}

/// A journal just opened.
pub(crate) struct Opened {
    pub(crate) journal: Journal,
    pub(crate) holes: Vec<Hole>,
    pub(crate) cut: Option<Cut>,
    /// Files in the journal's folder that are no segments.
    pub(crate) strangers: Vec<String>,
}

impl fmt::Display for Hole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { segment, from, to, why } = self;
        match to {
            Some(to) => write!(f, "journal segment {segment:06}, bytes {from}..{to}: {why}"),
            None => write!(f, "journal segment {segment:06}: {why}"),
        }
    }
}

impl Hole {
    pub(crate) fn of(segment: u32, gap: Range<usize>, unreadable: &[Range<usize>]) -> Self {
        let (from, to) = (gap.start as u64, Some(gap.end as u64));
        let why = match touches(&gap, unreadable) {
            true => "the disk cannot read it".into(),
            false => "damaged".into(),
        };
        Self { segment, from, to, why }
    }

    pub(super) fn missing(segment: u32) -> Self {
        let why = "the file is missing".into();
        Self { segment, from: 0, to: None, why }
    }
}

fn touches(gap: &Range<usize>, ranges: &[Range<usize>]) -> bool {
    ranges.iter().any(|r| r.start < gap.end && gap.start < r.end)
}

/// Opens the journal and visits all its entries in order. `mark` is how far the index had come: nothing before it is ever cut.
pub(crate) fn open(
    medium: &mut dyn Medium,
    segment_bytes: u64,
    mark: Option<Mark>,
    reading: &mut Reading<'_>,
) -> io::Result<Opened> {
    let (found, strangers) = list(medium)?;
    reading.total = found.iter().map(|(_, _, len)| len).sum();
    let mark = mark.unwrap_or_default();
    let last = found.last().map_or(0, |(number, _, _)| *number);
    let mut journal = Journal { segments: Vec::new(), segment_bytes, next_number: 1 };
    let (mut holes, mut cut) = (Vec::new(), None);
    for (number, salt, _) in found {
        holes.extend((journal.next_number..number).map(Hole::missing));
        journal.next_number = number.saturating_add(1);
        let state = State::Sealed;
        let mut segment = Segment { number, salt, len: 0, state };
        let (bytes, unreadable) = read_segment(medium, &segment.path())?;
        let mut gaps = walk(number, salt, &bytes, reading);
        segment.len = bytes.len() as u64;
        if number == last {
            // A program killed between write and sync left bytes that are there but not durable.
            medium.sync(&segment.path())?;
            medium.sync_folder(FOLDER)?;
            segment.state = State::Open;
            if let Some(gap) = gaps.pop_if(|gap| gap.end == bytes.len()) {
                let acknowledged = mark.segment == number && mark.offset > gap.start as u64;
                let keep = acknowledged || touches(&gap, &unreadable);
                cut = segment.end_at(medium, &gap, keep);
                if cut.is_none() {
                    gaps.push(gap);
                }
            }
        }
        holes.extend(gaps.into_iter().map(|gap| Hole::of(number, gap, &unreadable)));
        if mark.segment == number && mark.offset > segment.len {
            let (from, to) = (segment.len, Some(mark.offset));
            let why = "the file is shorter than it was".into();
            holes.push(Hole { segment: number, from, to, why });
        }
        journal.segments.push(segment);
    }
    holes.extend((journal.next_number..=mark.segment).map(Hole::missing));
    journal.next_number = journal.next_number.max(mark.segment.saturating_add(1));
    if journal.segments.last().is_some_and(|s| s.state == State::Sealed) {
        // What is kept must not be the end of the journal the next time, where an unfinished write is looked for and cut. A full disk tries again then.
        journal.writable(medium, 0).ok();
    }
    Ok(Opened { journal, holes, cut, strangers })
}

/// A segment's number, salt, and length in bytes.
type Listed = (u32, Salt, u64);

/// The segments in order, and the names of other files.
fn list(medium: &dyn Medium) -> io::Result<(Vec<Listed>, Vec<String>)> {
    let (mut found, mut strangers) = (Vec::<Listed>::new(), Vec::new());
    for (name, len) in medium.list(FOLDER)? {
        match Segment::parse(&name) {
            // The same number twice: somebody copied a file. The first by name is taken.
            Some((number, _)) if found.iter().any(|(n, _, _)| *n == number) => strangers.push(name),
            Some((number, salt)) => found.push((number, salt, len)),
            None => strangers.push(name),
        }
    }
    found.sort_unstable();
    Ok((found, strangers))
}

impl Segment {
    /// Cuts the torn end off, unless it must be kept; then (or if that fails) the segment takes no more records.
    fn end_at(&mut self, medium: &mut dyn Medium, gap: &Range<usize>, keep: bool) -> Option<Cut> {
        let to = gap.start as u64;
        let path = self.path();
        let done = !keep && medium.truncate(&path, to).and_then(|()| medium.sync(&path)).is_ok();
        if !done {
            self.state = State::Sealed;
            return None;
        }
        self.len = to;
        let bytes = gap.len() as u64;
        Some(Cut { segment: self.number, to, bytes })
    }
}

/// The bytes of a segment, with zeros where the disk cannot read them, and those ranges.
pub(crate) fn read_segment(medium: &dyn Medium, path: &str) -> io::Result<(Vec<u8>, Vec<Range<usize>>)> {
    let len = medium.len(path)?.ok_or(io::ErrorKind::NotFound)?;
    let len = usize::try_from(len).map_err(io::Error::other)?;
    match medium.read(path, 0, len) {
        Ok(bytes) => return Ok((bytes, Vec::new())),
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => return Err(e),
        Err(_) => {}
    }
    let (mut bytes, mut unreadable) = (Vec::with_capacity(len), Vec::<Range<usize>>::new());
    for from in (0..len).step_by(BLOCK_BYTES) {
        let to = len.min(from + BLOCK_BYTES);
        match medium.read(path, from as u64, to - from) {
            Ok(mut block) => bytes.append(&mut block),
            Err(_) => {
                bytes.resize(to, 0);
                unreadable.push(from..to);
            }
        }
    }
    Ok((bytes, unreadable))
}

/// Visits the entries of every whole record; returns the gaps between them.
pub(crate) fn walk(segment: u32, salt: Salt, bytes: &[u8], reading: &mut Reading<'_>) -> Vec<Range<usize>> {
    let (mut at, mut gaps) = (0, Vec::new());
    let before = reading.done;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(whole) = record::parse(salt, rest) else {
            let next = record::find(salt, bytes, at + 1).unwrap_or(bytes.len());
            gaps.push(at..next);
            at = next;
            continue;
        };
        for range in whole.entries {
            let place = u32::try_from(range.len()).ok().map(|len| Place { segment, offset: (at + range.start) as u64, len });
            if let (Some(place), Some(entry)) = (place, rest.get(range)) {
                (reading.entry)(place, entry);
            }
        }
        at += whole.len;
        reading.done = before + at as u64;
        (reading.progress)(reading.done, reading.total);
    }
    reading.done = before + bytes.len() as u64;
    (reading.progress)(reading.done, reading.total);
    gaps
}
