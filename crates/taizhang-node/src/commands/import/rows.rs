//! `import rows`: the lines of `export KIND --jsonl` into documents, the inverse of that export: a type's word, and the fields by name.
//!
//! - [`read`]: a line to a typed row, every fault with line and field.
//! - [`place`]: into which document a row goes.
//! - [`sealed`]: reasons of leaves and bans.
//! - [`write`]: what is there already is left out; the rest is one commit. References among the lines are kept, to wherever their rows come to lie.

mod place;
mod read;
mod sealed;
#[cfg(test)]
mod tests;
mod write;

use serde_json::json;
use sha2::{Digest, Sha256};
use taizhang_sheets::Severity;

use self::read::Line;
use super::{
    Context, file_bytes, nothing_imported,
    place::Shelves,
    report::{FileReport, Found},
};
use crate::{
    command::{Import, Reply},
    error::CommandError,
};

/// The files of one command, with what was found in each.
pub(super) struct Files {
    reports: Vec<FileReport>,
    skip_bad_rows: bool,
}

impl Files {
    /// The line cannot be imported.
    fn refuse(&mut self, at: (usize, u32), kind: &'static str, field: Option<&'static str>, (zh, en): (String, String)) {
        let severity = if self.skip_bad_rows { Severity::RowRefused } else { Severity::Stops };
        self.add(at, kind, severity, field, (zh, en));
    }

    fn note(&mut self, at: (usize, u32), kind: &'static str, (zh, en): (String, String)) {
        self.add(at, kind, Severity::Note, None, (zh, en));
    }

    fn add(
        &mut self,
        (file, row): (usize, u32),
        kind: &'static str,
        severity: Severity,
        field: Option<&'static str>,
        (zh, en): (String, String),
    ) {
        if let Some(report) = self.reports.get_mut(file) {
            let mut found = Found::new(row, kind, severity, zh, en);
            found.column = field;
            report.add(&found);
        }
    }

    /// What is wrong, with file and line.
    fn at(&self, at: Option<(usize, u32)>, error: CommandError) -> CommandError {
        match at.and_then(|(file, row)| Some((self.reports.get(file)?, row))) {
            Some((report, row)) => report.at(Some(row), error),
            None => error,
        }
    }

    fn report(&mut self, file: usize) -> Option<&mut FileReport> {
        self.reports.get_mut(file)
    }
}

/// Reads all files, and writes them only if no line has a problem.
pub(super) fn run(c: &mut Context<'_>, import: &Import) -> Result<Reply, CommandError> {
    let mut files = Files { reports: Vec::new(), skip_bad_rows: import.skip_bad_rows };
    let mut lines: Vec<Line> = Vec::new();
    for (n, path) in import.files.iter().enumerate() {
        c.progress("read", n as u64, import.files.len() as u64);
        let bytes = file_bytes(path)?;
        files.reports.push(FileReport::new("rows", path, Sha256::digest(&bytes).into(), bytes.len() as u64));
        lines.extend(read::file(&mut files, n, &bytes));
    }
    let mut shelves = Shelves::default();
    let placed = place::all(c, &mut files, import, &mut shelves, lines)?;
    let placed = sealed::seal(c, &mut files, placed)?;
    let plan = write::plan(c, &mut files, &mut shelves, placed)?;
    let shown = |files: &Files| files.reports.iter().map(FileReport::to_json).collect::<Vec<_>>();
    if files.reports.iter().any(FileReport::is_stopped) {
        return Err(nothing_imported(
            json!({ "schema": "taizhang.import/1", "kind": "rows", "imported": false, "files": shown(&files) }),
        ));
    }
    if !import.dry_run {
        plan.write(c, &mut files)?;
    }
    Ok(Reply::new(
        "import",
        json!({ "kind": "rows", "dry_run": import.dry_run, "imported": !import.dry_run, "files": shown(&files) }),
    ))
}
