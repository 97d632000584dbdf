//! One row being read: cells to values, with a finding for whatever was not as it should be.

use std::collections::BTreeMap;

use taizhang_core::units::{Day, Ms};

use crate::columns::{Column, Need};
use crate::finding::{Finding, FindingKind, Severity};
use crate::grid::{GridRow, Raw};
use crate::header::Header;
use crate::mend;
use crate::value::date::{self, Date};
use crate::value::words::{self, Word};
use crate::value::{Context, Reading, code, idcard, number, parsed};

/// The row could not be read; its findings say why.
#[derive(Debug)]
pub(crate) struct Unreadable;

/// First and last row in which a column held codes as numbers.
pub(crate) type NumberColumns = BTreeMap<&'static str, (u32, u32)>;

pub(crate) struct Cells<'a> {
    pub(crate) header: &'a Header,
    pub(crate) row: &'a GridRow,
    pub(crate) context: &'a Context,
    pub(crate) findings: &'a mut Vec<Finding>,
    pub(crate) numbers: &'a mut NumberColumns,
    /// What a cell does that costs its row: stop the file, or only the row.
    pub(crate) costs_row: Severity,
    pub(crate) unreadable: bool,
}

impl Cells<'_> {
    pub(crate) fn raw(&self, column: &Column) -> &Raw {
        self.header.place(column).map_or(&Raw::Empty, |place| self.row.cell(place))
    }

    /// The value of a cell, if it has one that can be read.
    pub(crate) fn take<T>(&mut self, column: &'static Column, reading: Reading<T>) -> Option<T> {
        let raw = self.raw(column).clone();
        match reading {
            Ok(Some(found)) => {
                self.note_mend(column, &raw, &found.spelling, found.mend);
                Some(found.value)
            }
            Ok(None) => {
                if column.need == Need::Filled {
                    self.refuse(column, FindingKind::Missing, raw.shown());
                } else if raw != Raw::Empty {
                    self.note_mend(column, &raw, "", FindingKind::Spaces);
                }
                None
            }
            Err(kind) => {
                self.refuse(column, kind, raw.shown());
                None
            }
        }
    }

    fn note_mend(&mut self, column: &'static Column, raw: &Raw, spelling: &str, mend: FindingKind) {
        match raw {
            Raw::Text(stood) if stood != spelling && !(self.context.exact && mend == FindingKind::WordForm) => {
                let finding = Finding::cell(self.row.number, column.name, mend, Severity::Mended, stood.clone());
                self.findings.push(finding.becoming(spelling).personal(column.personal));
            }
            Raw::Number(_) if mend == FindingKind::CodeAsNumber => {
                self.numbers.entry(column.name).or_insert((self.row.number, self.row.number)).1 = self.row.number;
            }
            // A number cell that holds a number, or is shown as text, is as it should be.
            Raw::Number(_) if mend != FindingKind::NumberForm => {
                let finding = Finding::cell(self.row.number, column.name, mend, Severity::Mended, raw.shown());
                self.findings.push(finding.becoming(spelling).personal(column.personal));
            }
            _ => {}
        }
    }

    /// Reports a cell that can't be used.
    pub(crate) fn refuse(&mut self, column: &Column, kind: FindingKind, stood: String) {
        // A birth date without its day is what the form asks for; nothing counts from it.
        let costs_row = column.strict && kind != FindingKind::MonthOnly;
        let severity = if costs_row { self.costs_row } else { Severity::Refused };
        self.unreadable |= costs_row;
        let personal = column.personal || kind == FindingKind::TeacherNumberIsIdNumber;
        self.findings.push(Finding::cell(self.row.number, column.name, kind, severity, stood).personal(personal));
    }

    /// Reports something about a cell that changes nothing.
    pub(crate) fn note(&mut self, column: &Column, kind: FindingKind) {
        let stood = self.raw(column).shown();
        self.findings.push(Finding::cell(self.row.number, column.name, kind, Severity::Note, stood).personal(column.personal));
    }

    /// The value if the cell can be read; else the row can't.
    pub(crate) fn must<T>(value: Option<T>) -> Result<T, Unreadable> {
        value.ok_or(Unreadable)
    }

    pub(crate) fn text(&mut self, column: &'static Column) -> Option<String> {
        let reading = text(self.raw(column), |t| mend::text(t, self.context.exact));
        self.take(column, reading)
    }

    pub(crate) fn name(&mut self, column: &'static Column) -> Option<String> {
        let reading = text(self.raw(column), |t| mend::name(t, self.context.exact));
        self.take(column, reading)
    }

    pub(crate) fn code(&mut self, column: &'static Column) -> Option<String> {
        let reading = code::parse(self.raw(column));
        self.take(column, reading)
    }

    pub(crate) fn teacher(&mut self, column: &'static Column) -> Option<String> {
        let reading = code::parse_teacher(self.raw(column));
        self.take(column, reading)
    }

    pub(crate) fn id_number(&mut self, column: &'static Column) -> Option<String> {
        let reading = idcard::parse(self.raw(column));
        self.take(column, reading)
    }

    pub(crate) fn date(&mut self, column: &'static Column) -> Option<Date> {
        let reading = date::parse(self.raw(column), self.context);
        self.take(column, reading)
    }

    pub(crate) fn day(&mut self, column: &'static Column) -> Option<Day> {
        let reading = date::parse_day(self.raw(column), self.context);
        self.take(column, reading)
    }

    /// A day, or a month whose first day stands for it.
    pub(crate) fn day_or_month(&mut self, column: &'static Column) -> Option<Day> {
        let reading = date::parse_day_or_month(self.raw(column), self.context);
        self.take(column, reading)
    }

    pub(crate) fn stamp(&mut self, column: &'static Column) -> Option<Ms> {
        let reading = date::parse_stamp(self.raw(column));
        let (ms, other_offset) = self.take(column, reading)?;
        if other_offset {
            self.note(column, FindingKind::OtherOffset);
        }
        Some(ms)
    }

    pub(crate) fn hours(&mut self, column: &'static Column) -> Option<u32> {
        let reading = number::parse_hours(self.raw(column));
        self.take(column, reading)
    }

    pub(crate) fn days(&mut self, column: &'static Column) -> Option<u32> {
        let reading = number::parse_days(self.raw(column));
        self.take(column, reading)
    }

    pub(crate) fn count(&mut self, column: &'static Column) -> Option<u32> {
        let reading = number::parse_count(self.raw(column));
        self.take(column, reading)
    }

    pub(crate) fn word<T: Copy>(&mut self, column: &'static Column, words: &[Word<T>]) -> Option<T> {
        let reading = words::parse(self.raw(column), words);
        self.take(column, reading)
    }
}

/// Text of any kind of cell; blank is nothing.
fn text(raw: &Raw, mend: impl Fn(&str) -> (String, FindingKind)) -> Reading<String> {
    let (text, kind) = match raw {
        Raw::Empty => return Ok(None),
        Raw::Error(_) => return Err(FindingKind::FormulaError),
        Raw::Text(stood) => mend(stood),
        other => (other.shown(), FindingKind::NumberForm),
    };
    if text.is_empty() { Ok(None) } else { parsed(text.clone(), text, kind) }
}
