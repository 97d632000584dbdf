//! From a file's bytes to the lines of a sheet.

use std::collections::{BTreeMap, BTreeSet};

use crate::cells::{Cells, NumberColumns, Unreadable};
use crate::columns::{self, Column};
use crate::decode::{self, Encoding};
use crate::delimited;
use crate::error::ReadError;
use crate::finding::{Finding, FindingKind, Severity};
use crate::grid::{Grid, GridRow, MAX_FILE_BYTES, MAX_FINDINGS};
use crate::header::{Header, plain};
use crate::json;
use crate::lines::*;
use crate::value::Context;
use crate::workbook::Workbook;

/// Which of the offices' sheets a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SheetKind {
    /// 机构代码表.
    Orgs,
    /// 教师花名册.
    Roster,
    /// 培训计划一览表.
    Activities,
    /// 考勤及学时登记表.
    Attendance,
    /// 签到表.
    SignIn,
    /// 校外培训登记 (also as JSON).
    Registrations,
    /// 调动登记表.
    Transfers,
    /// 减免登记表.
    Leaves,
    /// 更正登记表.
    Corrections,
}

impl SheetKind {
    fn columns(self) -> &'static [&'static Column] {
        match self {
            Self::Orgs => columns::orgs::ALL,
            Self::Roster => columns::roster::ALL,
            Self::Activities => columns::activities::ALL,
            Self::Attendance => columns::attendance::ALL,
            Self::SignIn => columns::signin::ALL,
            Self::Registrations => columns::registrations::ALL,
            Self::Transfers => columns::transfers::ALL,
            Self::Leaves => columns::leaves::ALL,
            Self::Corrections => columns::corrections::ALL,
        }
    }
}

/// What the caller decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Leave out rows that can't be read, instead of taking nothing of the file.
    pub skip_bad_rows: bool,
    /// The last year that a two-digit year may mean; it means one of the hundred years that end with it. Callers with a clock may pass a few years from now.
    pub short_year_end: u16,
}

impl Default for Options {
    fn default() -> Self {
        Self { skip_bad_rows: false, short_year_end: 2029 }
    }
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// The file's name as the caller gave it.
    pub file: String,
    /// What may be imported: nothing if any finding [`Severity::Stops`].
    pub lines: Lines,
    /// In the order of rows.
    pub findings: Vec<Finding>,
    /// Rows of data, taken or not; totals, blank and repeated rows are none.
    pub rows_read: usize,
    /// How text was encoded.
    pub encoding: Encoding,
    /// The sheet of the workbook that was read.
    pub workbook_sheet: Option<String>,
}

impl Sheet {
    /// How many findings of this severity there are.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|f| f.severity == severity).count()
    }

    /// Was the file refused because of its rows?
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.findings.iter().any(|f| f.severity == Severity::Stops)
    }
}

/// Reads a file of one kind. The format is known from the bytes, not from the name.
///
/// # Errors
/// The file is no table of this kind, or beyond a limit. Rows and cells that can't be read are findings, not errors.
pub fn read(kind: SheetKind, file_name: &str, bytes: &[u8], options: &Options) -> Result<Sheet, ReadError> {
    let source = Source::open(kind, bytes)?;
    let context =
        Context { short_year_end: options.short_year_end, epoch_1904: source.grid.epoch_1904, exact: source.grid.exact };
    let costs_row = if options.skip_bad_rows { Severity::RowRefused } else { Severity::Stops };
    let mut reading = Reading {
        header: &source.header,
        grid: &source.grid,
        context,
        costs_row,
        findings: source.findings,
        numbers: BTreeMap::new(),
        rows_read: 0,
    };
    reading.above_and_header();
    let mut lines = reading.lines(kind)?;
    let (mut findings, rows_read) = (reading.findings, reading.rows_read);
    findings.sort_by_key(|f| f.row);
    if findings.iter().any(|f| f.severity == Severity::Stops) {
        lines.clear();
    }
    Ok(Sheet { file: file_name.to_owned(), lines, findings, rows_read, encoding: source.encoding, workbook_sheet: source.sheet })
}

/// The table of a file, its header found.
struct Source {
    grid: Grid,
    header: Header,
    encoding: Encoding,
    sheet: Option<String>,
    findings: Vec<Finding>,
}

impl Source {
    fn open(kind: SheetKind, bytes: &[u8]) -> Result<Self, ReadError> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(ReadError::FileTooLarge);
        }
        let first = bytes.iter().find(|b| !b.is_ascii_whitespace());
        if bytes.starts_with(b"PK\x03\x04") {
            return Self::of_workbook(kind, bytes);
        }
        if bytes.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") {
            return Err(if holds_encrypted_package(bytes) { ReadError::Encrypted } else { ReadError::OldXls });
        }
        let (grid, encoding) = if kind == SheetKind::Registrations && first == Some(&b'[') {
            (json::grid(bytes)?, Encoding::NotText)
        } else {
            let (text, encoding) = decode::text(bytes)?;
            (delimited::grid(&text)?, encoding)
        };
        let header = find_header(kind, &grid)?;
        Ok(Self { grid, header, encoding, sheet: None, findings: Vec::new() })
    }

    /// The first visible sheet that has the header; the others are named in findings.
    fn of_workbook(kind: SheetKind, bytes: &[u8]) -> Result<Self, ReadError> {
        let mut workbook = Workbook::open(bytes)?;
        let mut others = std::mem::take(&mut workbook.skipped);
        let mut found: Option<(Grid, Header, String)> = None;
        let mut first_error = None;
        for name in std::mem::take(&mut workbook.sheets) {
            if found.is_some() {
                others.push(name);
                continue;
            }
            match workbook.grid(&name).and_then(|grid| Ok((find_header(kind, &grid)?, grid))) {
                Ok((header, grid)) => found = Some((grid, header, name)),
                Err(error @ ReadError::BadWorkbook(_)) => return Err(error),
                Err(error) => {
                    first_error.get_or_insert(error);
                    others.push(name);
                }
            }
        }
        let (grid, header, sheet) = found.ok_or_else(|| first_error.unwrap_or(ReadError::Empty))?;
        let note = |name: String| Finding::row(header.row, FindingKind::OtherSheet, Severity::Note, name, true);
        let findings = others.into_iter().map(note).collect();
        Ok(Self { grid, header, encoding: Encoding::NotText, sheet: Some(sheet), findings })
    }
}

fn find_header(kind: SheetKind, grid: &Grid) -> Result<Header, ReadError> {
    if grid.is_empty() {
        return Err(ReadError::Empty);
    }
    Header::find(grid, kind.columns(), kind == SheetKind::SignIn)
}

/// The stream that a password-protected xlsx keeps its content in, named in UTF-16.
fn holds_encrypted_package(bytes: &[u8]) -> bool {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.windows(name.len()).any(|w| w == name)
}

struct Reading<'a> {
    header: &'a Header,
    grid: &'a Grid,
    context: Context,
    costs_row: Severity,
    findings: Vec<Finding>,
    numbers: NumberColumns,
    rows_read: usize,
}

impl Reading<'_> {
    fn lines(&mut self, kind: SheetKind) -> Result<Lines, ReadError> {
        Ok(match kind {
            SheetKind::Orgs => Lines::Orgs(self.each(OrgLine::read)?),
            SheetKind::Roster => Lines::Roster(self.each(RosterLine::read)?),
            SheetKind::Activities => Lines::Activities(self.each(ActivityLine::read)?),
            SheetKind::Attendance => Lines::Attendance(self.each(AttendanceLine::read)?),
            SheetKind::SignIn => {
                let sessions = self.header.sessions.iter().map(|(_, s)| s.clone()).collect();
                Lines::SignIn(SignInLines { sessions, lines: self.each(SignInLine::read)? })
            }
            SheetKind::Registrations => Lines::Registrations(self.each(RegistrationLine::read)?),
            SheetKind::Transfers => Lines::Transfers(self.each(TransferLine::read)?),
            SheetKind::Leaves => Lines::Leaves(self.each(LeaveLine::read)?),
            SheetKind::Corrections => Lines::Corrections(self.each(CorrectionLine::read)?),
        })
    }

    /// Rows above the header, the header itself, and columns that have content but no name.
    fn above_and_header(&mut self) {
        for row in self.grid.rows.range(..self.header.row).map(|(_, r)| r).filter(|r| !r.is_blank()) {
            let shown: Vec<String> = row.cells.iter().filter(|c| !c.is_blank()).map(|c| c.shown().trim().to_owned()).collect();
            self.findings.push(Finding::row(row.number, FindingKind::TitleRow, Severity::Note, shown.join(" "), true));
        }
        let Some(header) = self.grid.rows.get(&self.header.row) else { return };
        self.header.findings(header, &mut self.findings);
        let mut nameless: BTreeMap<usize, u32> = BTreeMap::new();
        for row in self.grid.rows.range(self.header.row + 1..).map(|(_, r)| r) {
            for (place, cell) in row.cells.iter().enumerate() {
                if !cell.is_blank() && header.cell(place).is_blank() {
                    nameless.entry(place).or_insert(row.number);
                }
            }
        }
        for (place, row) in nameless {
            let name = format!("第{}列", place + 1);
            self.findings.push(Finding::cell(row, &name, FindingKind::UnknownColumn, Severity::Note, ""));
        }
    }

    fn each<T: Line>(&mut self, read: fn(&mut Cells<'_>) -> Result<T, Unreadable>) -> Result<Vec<T>, ReadError> {
        let mut lines = Vec::new();
        let mut last = self.header.row;
        for row in self.grid.rows.range(self.header.row + 1..).map(|(_, r)| r).filter(|r| !r.is_blank()) {
            self.blank_between(last, row.number);
            last = row.number;
            if let Some(kind) = self.no_data(row) {
                let stood = row.cells.iter().map(crate::grid::Raw::shown).find(|c| !c.trim().is_empty()).unwrap_or_default();
                self.findings.push(Finding::row(row.number, kind, Severity::Dropped, stood, true));
                continue;
            }
            self.rows_read += 1;
            let mut cells = Cells {
                header: self.header,
                row,
                context: &self.context,
                findings: &mut self.findings,
                numbers: &mut self.numbers,
                costs_row: self.costs_row,
                unreadable: false,
            };
            if let Ok(line) = read(&mut cells)
                && !cells.unreadable
            {
                lines.push(line);
            }
            if self.findings.len() > MAX_FINDINGS {
                return Err(ReadError::TooManyFindings);
            }
        }
        self.blank_between(last, self.grid.last_row.saturating_add(1));
        for (column, (first, last)) in std::mem::take(&mut self.numbers) {
            let mut finding = Finding::cell(first, column, FindingKind::CodeAsNumber, Severity::Note, "");
            finding.last_row = last;
            self.findings.push(finding);
        }
        Ok(self.only_one_of_each(lines))
    }

    /// Rows without content between two rows. (JSON has no rows, and its header is row 0.)
    fn blank_between(&mut self, above: u32, below: u32) {
        if !self.context.exact && below > above.saturating_add(1) {
            let mut finding = Finding::row(above + 1, FindingKind::BlankRow, Severity::Dropped, "", false);
            finding.last_row = below - 1;
            self.findings.push(finding);
        }
    }

    /// Totals, the header again, signatures: rows that carry no data of their own.
    fn no_data(&self, row: &GridRow) -> Option<FindingKind> {
        if self.header.is_again(row) {
            return Some(FindingKind::RepeatedHeader);
        }
        let first = row.cells.iter().find(|c| !c.is_blank())?;
        if self.header.has_key(row) {
            return None;
        }
        let word = plain(&first.shown());
        let starts = |words: &[&str]| words.iter().any(|w| word.starts_with(w));
        if starts(&["合计", "总计", "小计", "共计", "累计", "总人数", "total"]) {
            Some(FindingKind::TotalRow)
        } else if starts(&["填表", "制表", "审核", "负责人", "校长", "单位", "注:", "备注", "说明", "联系电话", "日期"])
        {
            Some(FindingKind::FooterRow)
        } else {
            None
        }
    }

    /// Copies are left out; rows of one key that differ cost all of them, for only the office knows which is right.
    fn only_one_of_each<T: Line>(&mut self, lines: Vec<T>) -> Vec<T> {
        let mut groups: BTreeMap<String, Vec<&T>> = BTreeMap::new();
        for line in &lines {
            groups.entry(line.key()).or_default().push(line);
        }
        let mut left_out = BTreeSet::new();
        for group in groups.values().filter(|g| g.len() > 1) {
            let mut first: BTreeMap<T, u32> = BTreeMap::new();
            for line in group {
                let row = *first.entry(line.bare()).or_insert(line.row());
                if row != line.row() {
                    left_out.insert(line.row());
                    self.findings.push(Finding::row(
                        line.row(),
                        FindingKind::DuplicateRow,
                        Severity::Dropped,
                        row.to_string(),
                        false,
                    ));
                }
            }
            if first.len() > 1 && group.iter().all(|line| line.is_unique()) {
                let rows: BTreeSet<u32> = first.into_values().collect();
                let named: Vec<String> = rows.iter().take(NAMED_RIVALS).map(u32::to_string).collect();
                let rival = |row: &u32| Finding::row(*row, FindingKind::Rivals, self.costs_row, named.join(", "), false);
                self.findings.extend(rows.iter().map(rival).collect::<Vec<_>>());
                left_out.extend(rows);
            }
        }
        lines.into_iter().filter(|line| !left_out.contains(&line.row())).collect()
    }
}

/// So many rows of one key are named in each other's findings.
const NAMED_RIVALS: usize = 10;
