//! xlsx to grids. The zip is unpacked once before, to know that it stays within bounds; then cells are streamed, never as calamine's dense range (one cell in the far corner would cost gigabytes).

use std::io::{Cursor, Read};

use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx};
use taizhang_core::planted::{Check, is_off};
use zip::ZipArchive;

use crate::error::ReadError;
use crate::grid::{Grid, Raw};

/// Bytes that all parts of the workbook may unpack to.
pub const MAX_UNPACKED_BYTES: u64 = 256 << 20;
/// Bytes that a part other than a sheet may unpack to (shared strings are held in memory).
pub const MAX_PART_BYTES: u64 = 64 << 20;
/// Parts in the zip.
const MAX_PARTS: usize = 2_000;
/// Sheets that are looked at.
const MAX_SHEETS: usize = 64;
/// A count that a part may declare: calamine reserves memory for it before it reads.
const MAX_DECLARED: u64 = 5_000_000;

/// The sheets of a workbook, one at a time.
pub(crate) struct Workbook<'a> {
    xlsx: Xlsx<Cursor<&'a [u8]>>,
    /// Names of visible sheets, in order, and of those not read.
    pub(crate) sheets: Vec<String>,
    pub(crate) skipped: Vec<String>,
}

impl<'a> Workbook<'a> {
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, ReadError> {
        check_bounds(bytes)?;
        let xlsx: Xlsx<_> = guarded(|| Xlsx::new(Cursor::new(bytes)).map_err(|e| damaged(&e)))?;
        let (mut sheets, mut skipped) = (Vec::new(), Vec::new());
        for sheet in xlsx.sheets_metadata() {
            let read = sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet && sheets.len() < MAX_SHEETS;
            if read { sheets.push(sheet.name.clone()) } else { skipped.push(sheet.name.clone()) }
        }
        Ok(Self { xlsx, sheets, skipped })
    }

    pub(crate) fn grid(&mut self, sheet: &str) -> Result<Grid, ReadError> {
        guarded(|| stream(&mut self.xlsx, sheet))
    }
}

fn stream(xlsx: &mut Xlsx<Cursor<&[u8]>>, sheet: &str) -> Result<Grid, ReadError> {
    let mut grid = Grid { epoch_1904: xlsx.has_1904_epoch(), ..Grid::default() };
    let mut cells = xlsx.worksheet_cells_reader(sheet).map_err(|e| damaged(&e))?;
    while let Some(cell) = cells.next_cell().map_err(|e| damaged(&e))? {
        let (row, column) = cell.get_position();
        let raw = raw(cell.get_value());
        if raw != Raw::Empty {
            let column = usize::try_from(column).unwrap_or(usize::MAX);
            grid.put(row.saturating_add(1), column, raw)?;
        }
    }
    Ok(grid)
}

/// calamine 0.38 panics on some cell references and dimensions (arithmetic that overflows, in `get_row_column` and `get_dimension`):
/// such a workbook is damaged, the program is not.
fn guarded<T>(work: impl FnOnce() -> Result<T, ReadError>) -> Result<T, ReadError> {
    let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    answer.unwrap_or_else(|_| Err(ReadError::BadWorkbook("content".into())))
}

/// The kind of failure only: the reader's own words may quote cells.
fn damaged(error: &calamine::XlsxError) -> ReadError {
    use calamine::XlsxError as E;
    match error {
        E::Password => ReadError::Encrypted,
        E::Zip(_) | E::Io(_) => ReadError::BadWorkbook("zip".into()),
        E::Xml(_) | E::XmlEof(_) | E::XmlAttr(_) => ReadError::BadWorkbook("xml".into()),
        E::FileNotFound(_) | E::WorksheetNotFound(_) | E::RelationshipNotFound => ReadError::BadWorkbook("part missing".into()),
        _ => ReadError::BadWorkbook("content".into()),
    }
}

fn raw(cell: &DataRef<'_>) -> Raw {
    match cell {
        DataRef::Int(n) => n.to_string().parse().map_or(Raw::Empty, Raw::Number),
        DataRef::Float(n) => Raw::Number(*n),
        DataRef::String(text) => text_cell(text),
        DataRef::SharedString(text) => text_cell(text),
        DataRef::Bool(b) => Raw::Bool(*b),
        DataRef::DateTime(at) if at.is_datetime() => {
            let (year, month, day, ..) = at.to_ymd_hms_milli();
            Raw::Date(year.into(), month.into(), day.into())
        }
        DataRef::DateTime(span) => Raw::Number(span.as_f64()),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text_cell(text),
        DataRef::Error(e) => Raw::Error(e.to_string()),
        DataRef::Empty => Raw::Empty,
    }
}

fn text_cell(text: &str) -> Raw {
    if text.is_empty() { Raw::Empty } else { Raw::Text(text.to_owned()) }
}

/// Unpacks every part into nothing and counts. Declared sizes are looked at first, but not believed.
fn check_bounds(bytes: &[u8]) -> Result<(), ReadError> {
    let bad = || ReadError::BadWorkbook("zip".into());
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|_| bad())?;
    if zip.len() > MAX_PARTS {
        return Err(ReadError::UnpacksTooLarge);
    }
    let mut left = MAX_UNPACKED_BYTES;
    for index in 0..zip.len() {
        let part = zip.by_index(index).map_err(|_| bad())?;
        if part.encrypted() {
            return Err(ReadError::Encrypted);
        }
        let is_sheet = part.name().map_err(|_| bad())?.to_ascii_lowercase().contains("worksheets/");
        let limit = if is_sheet { left } else { left.min(MAX_PART_BYTES) };
        if part.size() > limit && !is_off(Check::Unpacked) {
            return Err(ReadError::UnpacksTooLarge);
        }
        let mut watch = Watch::default();
        let unpacked = watch.run(part.take(limit + 1)).map_err(|_| bad())?;
        let too_long = unpacked > limit && !is_off(Check::Unpacked);
        if too_long || (watch.declares_too_much && !is_off(Check::DeclaredCounts)) {
            return Err(ReadError::UnpacksTooLarge);
        }
        left = left.saturating_sub(unpacked);
    }
    Ok(())
}

/// Looks at a part as it streams by: how long it is, and whether a `uniqueCount` in it would make calamine reserve too much.
#[derive(Default)]
struct Watch {
    declares_too_much: bool,
    seen: usize,
    digits: Option<u64>,
}

const DECLARES: &[u8] = b"uniqueCount";

impl Watch {
    fn run(&mut self, mut part: impl Read) -> std::io::Result<u64> {
        let mut buffer = vec![0; 64 << 10];
        let mut length = 0;
        loop {
            let n = part.read(&mut buffer)?;
            if n == 0 {
                return Ok(length);
            }
            length += u64::try_from(n).unwrap_or(u64::MAX);
            buffer.iter().take(n).for_each(|b| self.byte(*b));
        }
    }

    /// `uniqueCount`, then anything that is neither digit nor letter nor `<`, then digits. NUL bytes (UTF-16) are looked through.
    fn byte(&mut self, byte: u8) {
        match byte {
            0 => {}
            b'0'..=b'9' if self.seen == DECLARES.len() => {
                let n = self.digits.unwrap_or(0).saturating_mul(10).saturating_add(u64::from(byte - b'0'));
                self.digits = Some(n);
                self.declares_too_much |= n > MAX_DECLARED;
            }
            _ if self.seen == DECLARES.len()
                && self.digits.is_none()
                && matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'=' | b'"' | b'\'' | b'+') => {}
            _ => {
                let next = if self.seen < DECLARES.len() { self.seen } else { 0 };
                self.digits = None;
                self.seen = match DECLARES.get(next) {
                    Some(expected) if *expected == byte => next + 1,
                    _ => usize::from(byte == b'u'),
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_that_would_reserve_memory() {
        for (part, too_much) in [
            ("<sst uniqueCount=\"5000000\">", false),
            ("<sst uniqueCount=\"5000001\">", true),
            ("<sst count=\"99999999\" uniqueCount = '99999999999999999999'>", true),
            ("<!-- uniqueCount=\"1\" --><sst uniqueCount=\"9999999999\">", true),
            ("uuniqueCount=\"9999999999\"", true),
            ("uniqueCountuniqueCount=\"9999999999\"", true),
            ("u\0n\0i\0q\0u\0e\0C\0o\0u\0n\0t\0=\0\"\09\09\09\09\09\09\09\09\0", true),
            ("uniqueCoun=\"9999999999\"", false),
            ("", false),
        ] {
            let mut watch = Watch::default();
            assert_eq!(watch.run(part.as_bytes()).ok(), u64::try_from(part.len()).ok());
            assert_eq!(watch.declares_too_much, too_much, "{part}");
        }
    }
}
