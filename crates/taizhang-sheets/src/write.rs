//! Tables as offices want them: CSV and xlsx.

use encoding_rs::GB18030;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};
use taizhang_core::units::Day;

use crate::{formula::disarmed, value::number::h100_text};

/// A plain table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Above the header, over its whole width; empty for none.
    pub title: String,
    /// One a column.
    pub headers: Vec<String>,
    /// Cells beyond the headers' width are refused.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Written as text whatever it begins with: never a formula, never a number.
    Text(String),
    /// Hundredths (of a class hour, of a day), written as a number.
    H100(u32),
    /// A date.
    Day(Day),
    /// A whole number.
    Int(i64),
    /// Nothing.
    Empty,
}

/// Why a table could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A row has more cells than there are headers.
    #[error("row {row} of the table has more cells than there are headers")]
    TooWide {
        /// 1-based, without title and header.
        row: usize,
    },
    /// A character that GB18030 does not have: write UTF-8 or xlsx.
    #[error("the table holds a character that GB18030 cannot hold; write it as UTF-8 or xlsx")]
    NotInGb18030,
    /// Beyond what a workbook holds (1,048,576 rows, 16,384 columns, 32,767 characters a cell), or the writer failed.
    #[error("the workbook could not be written: {0}")]
    Workbook(String),
}

/// CSV with CRLF; GB18030 for an Excel of the Chinese Windows, or UTF-8 with a byte order mark.
///
/// CSV has no types: a spreadsheet runs a cell that begins with `=` as a formula. Such text is written behind an apostrophe; reading takes it away.
///
/// # Errors
/// A row wider than the header; a private-use character that GB18030 lacks.
pub fn csv(table: &Table, gbk: bool) -> Result<Vec<u8>, WriteError> {
    check_width(table)?;
    let mut writer = csv::WriterBuilder::new().flexible(true).terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let mut put = |record: Vec<String>| writer.write_record(record).map_err(|e| WriteError::Workbook(e.to_string()));
    if !table.title.is_empty() {
        let blanks = table.headers.iter().skip(1).map(|_| String::new());
        put(std::iter::once(disarmed(&table.title).into_owned()).chain(blanks).collect())?;
    }
    put(table.headers.iter().map(|h| disarmed(h).into_owned()).collect())?;
    for row in &table.rows {
        put(row.iter().map(shown).collect())?;
    }
    let bytes = writer.into_inner().map_err(|e| WriteError::Workbook(e.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|e| WriteError::Workbook(e.to_string()))?;
    if gbk {
        let (bytes, _, unmappable) = GB18030.encode(&text);
        return if unmappable { Err(WriteError::NotInGb18030) } else { Ok(bytes.into_owned()) };
    }
    Ok([b"\xEF\xBB\xBF", text.as_bytes()].concat())
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => disarmed(text).into_owned(),
        Cell::H100(n) => h100_text(*n),
        Cell::Day(day) => day.to_string(),
        Cell::Int(n) => n.to_string(),
        Cell::Empty => String::new(),
    }
}

fn check_width(table: &Table) -> Result<(), WriteError> {
    let wide = table.rows.iter().position(|r| r.len() > table.headers.len());
    wide.map_or(Ok(()), |at| Err(WriteError::TooWide { row: at + 1 }))
}

/// A workbook of one sheet; equal tables give equal bytes.
///
/// # Errors
/// A row wider than the header; more than a workbook holds.
pub fn xlsx(table: &Table) -> Result<Vec<u8>, WriteError> {
    check_width(table)?;
    let mut workbook = new_workbook()?;
    let sheet = workbook.add_worksheet();
    let (bold, date) = (Format::new().set_bold(), Format::new().set_num_format("yyyy-mm-dd"));
    let width = column(table.headers.len())?;
    let mut row = 0;
    let result = (|| {
        if !table.title.is_empty() {
            if width > 1 {
                sheet.merge_range(0, 0, 0, width - 1, &table.title, &bold)?;
            } else {
                sheet.write_string_with_format(0, 0, &table.title, &bold)?;
            }
            row = 1;
        }
        for (at, header) in (0..).zip(&table.headers) {
            sheet.write_string_with_format(row, at, header, &bold)?;
        }
        sheet.set_freeze_panes(row + 1, 0)?;
        for cells in &table.rows {
            row += 1;
            for (at, cell) in (0..).zip(cells) {
                put(sheet, row, at, cell, &date)?;
            }
        }
        Ok(())
    })();
    result.and_then(|()| workbook.save_to_buffer()).map_err(|e: XlsxError| WriteError::Workbook(e.to_string()))
}

fn put(sheet: &mut rust_xlsxwriter::Worksheet, row: u32, at: u16, cell: &Cell, date: &Format) -> Result<(), XlsxError> {
    match cell {
        Cell::Text(text) => sheet.write_string(row, at, text)?,
        Cell::H100(n) => sheet.write_number(row, at, hundredths(*n))?,
        Cell::Int(n) => match i32::try_from(*n) {
            Ok(n) => sheet.write_number(row, at, n)?,
            Err(_) => sheet.write_string(row, at, n.to_string())?,
        },
        Cell::Day(day) => match excel_date(*day) {
            Some(d) => sheet.write_datetime_with_format(row, at, &d, date)?,
            None => sheet.write_string(row, at, day.to_string())?,
        },
        Cell::Empty => sheet,
    };
    Ok(())
}

#[expect(clippy::float_arithmetic, reason = "a number cell is a float; n/100 is the float that reads back as n")]
fn hundredths(n: u32) -> f64 {
    f64::from(n) / 100.0
}

fn excel_date(day: Day) -> Option<ExcelDateTime> {
    let (year, month, day) = day.ymd();
    ExcelDateTime::from_ymd(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()
}

fn column(n: usize) -> Result<u16, WriteError> {
    u16::try_from(n).map_err(|_| WriteError::Workbook("too many columns".into()))
}

#[expect(clippy::disallowed_methods, reason = "both read the clock, whose time is replaced at once")]
fn new_workbook() -> Result<Workbook, WriteError> {
    let epoch = ExcelDateTime::from_ymd(2000, 1, 1).map_err(|e| WriteError::Workbook(e.to_string()))?;
    let mut workbook = Workbook::new();
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&epoch));
    Ok(workbook)
}
