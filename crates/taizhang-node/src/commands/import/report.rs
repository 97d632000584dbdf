//! What was found in a file, for the person who imports it: it may hold what stood in a cell, and so stays on this machine.

use std::path::Path;

use serde_json::{Value, json};
use taizhang_sheets::{Finding, FindingKind, Lang, ReadError, Severity, Sheet, masked};

use crate::error::{CommandError, Text};

/// What became of one file. Rows are rows of data.
#[derive(Debug)]
pub(super) struct FileReport {
    pub(super) kind: String,
    file: String,
    pub(super) sha256: [u8; 32],
    pub(super) bytes: u64,
    encoding: Option<String>,
    sheet: Option<String>,
    /// Read.
    pub(super) rows: u32,
    /// Something of them is new.
    pub(super) imported: u32,
    /// All of them is recorded already.
    pub(super) unchanged: u32,
    /// Imported, and their activity is missing.
    pub(super) waiting: u32,
    /// Not of this organisation's business; in lists of organisations.
    pub(super) not_ours: u32,
    /// Cells.
    pub(super) mended: u32,
    /// Cells and rows.
    pub(super) refused: u32,
    /// Rows without data of their own.
    dropped: u32,
    /// The same bytes were imported before.
    pub(super) already_imported: bool,
    pub(super) documents: Vec<String>,
    pub(super) entries: usize,
    findings: Vec<Value>,
    stopped: bool,
    error: Option<Text>,
}

/// Something that only the records of this node show.
pub(super) struct Found {
    pub(super) row: u32,
    pub(super) kind: &'static str,
    pub(super) severity: Severity,
    pub(super) text: Text,
    pub(super) column: Option<&'static str>,
    pub(super) stood: Option<String>,
    pub(super) personal: bool,
}

impl Found {
    pub(super) fn new(row: u32, kind: &'static str, severity: Severity, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { row, kind, severity, text: Text::new(zh, en), column: None, stood: None, personal: false }
    }

    /// With the cell it is about.
    pub(super) fn cell(mut self, column: &'static str, stood: impl Into<String>, personal: bool) -> Self {
        (self.column, self.stood, self.personal) = (Some(column), Some(stood.into()), personal);
        self
    }
}

impl FileReport {
    /// What is wrong, with the file and its row.
    pub(super) fn at(&self, row: Option<u32>, error: CommandError) -> CommandError {
        let Some(row) = row else { return error };
        let at = &self.file;
        let what = Text::new(format!("{at} 第 {row} 行: {}", error.what.zh), format!("row {row} of {at}: {}", error.what.en));
        CommandError { what, ..error }
    }

    pub(super) fn new(kind: &str, path: &Path, sha256: [u8; 32], bytes: u64) -> Self {
        Self {
            kind: kind.to_owned(),
            file: path.display().to_string(),
            sha256,
            bytes,
            encoding: None,
            sheet: None,
            rows: 0,
            imported: 0,
            unchanged: 0,
            waiting: 0,
            not_ours: 0,
            mended: 0,
            refused: 0,
            dropped: 0,
            already_imported: false,
            documents: Vec::new(),
            entries: 0,
            findings: Vec::new(),
            stopped: false,
            error: None,
        }
    }

    /// Must nothing of the file be imported?
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// The file is no sheet of this kind.
    pub(super) fn unreadable(&mut self, error: &ReadError) {
        self.stopped = true;
        self.error = Some(Text::new(error.message(Lang::Zh), error.message(Lang::En)));
    }

    /// Takes over what the reader found.
    pub(super) fn read(&mut self, sheet: &Sheet) {
        self.rows = u32::try_from(sheet.rows_read).unwrap_or(u32::MAX);
        self.encoding = Some(snake(&format!("{:?}", sheet.encoding)));
        self.sheet.clone_from(&sheet.workbook_sheet);
        for finding in &sheet.findings {
            self.count(finding.severity, finding.kind, finding.last_row - finding.row.min(finding.last_row) + 1);
            self.findings.push(of_reader(finding));
        }
    }

    fn count(&mut self, severity: Severity, kind: FindingKind, rows: u32) {
        match severity {
            Severity::Note => {}
            Severity::Mended => self.mended += 1,
            // The header again and blank rows are many rows in one finding.
            Severity::Dropped => self.dropped += if kind == FindingKind::BlankRow { rows } else { 1 },
            Severity::Refused | Severity::RowRefused => self.refused += 1,
            Severity::Stops => self.stopped = true,
        }
    }

    /// Adds what was found by comparing with the records.
    pub(super) fn add(&mut self, found: &Found) {
        match found.severity {
            Severity::Refused | Severity::RowRefused => self.refused += 1,
            Severity::Stops => self.stopped = true,
            Severity::Note | Severity::Mended | Severity::Dropped => {}
        }
        let became: Option<String> = None;
        let stood = found.stood.as_ref().map(|stood| if found.personal { masked(stood) } else { stood.clone() });
        self.findings.push(json!({
            "row": found.row, "last_row": found.row, "column": found.column, "kind": found.kind, "severity": word(found.severity),
            "zh": found.text.zh, "en": found.text.en, "stood": stood, "became": became, "personal": found.personal,
        }));
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "file": self.file, "sha256": hex(&self.sha256), "bytes": self.bytes, "encoding": self.encoding, "sheet": self.sheet,
            "rows": self.rows, "imported": if self.stopped { 0 } else { self.imported },
            "unchanged": self.unchanged, "waiting": if self.stopped { 0 } else { self.waiting }, "not_ours": self.not_ours,
            "mended": self.mended, "refused": self.refused, "dropped": self.dropped,
            "already_imported": self.already_imported, "stopped": self.stopped, "error": self.error,
            "documents": self.documents, "entries": self.entries, "findings": self.findings,
        })
    }
}

fn of_reader(f: &Finding) -> Value {
    let (stood, became) = f.shown();
    json!({
        "row": f.row, "last_row": f.last_row, "column": f.column, "kind": snake(&format!("{:?}", f.kind)), "severity": word(f.severity),
        "zh": f.message(Lang::Zh), "en": f.message(Lang::En), "stood": stood, "became": became, "personal": f.personal,
    })
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Mended => "mended",
        Severity::Dropped => "dropped",
        Severity::Refused => "refused",
        Severity::RowRefused => "row_refused",
        Severity::Stops => "stops",
    }
}

/// `CamelCase` as `snake_case`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
