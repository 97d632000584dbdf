//! `import`: offices' sheets into documents. All files of a command are one act and one commit, or nothing.
//!
//! - [`plan`]: what a file would write, checked against what is recorded. A row that is recorded already is left out, so importing again changes nothing; a row that says something else than is recorded stops the file.
//! - One module a kind of sheet: its lines to rows, and into which document.
//! - [`announce`]: which activities this organisation may not announce.
//! - [`report`]: what was found, for the person who imports.

mod activities;
mod announce;
mod attendance;
mod batch;
mod corrections;
pub(super) mod known;
mod leaves;
mod orgs;
pub(super) mod place;
pub(super) mod plan;
pub(super) mod registrations;
mod report;
mod roster;
mod rows;
mod signin;

use std::path::Path;

use serde_json::json;
use sha2::{Digest, Sha256};
use taizhang_core::units::Day;
use taizhang_sheets::{Lines, MAX_FILE_BYTES, Options, SheetKind};

use self::{
    plan::{Plan, State},
    report::FileReport,
};
use super::Context;
use crate::{
    command::{Import, Reply},
    core::Act,
    error::{CommandError, ErrorKind},
};

/// A two-digit year may lie so many years ahead.
const YEARS_AHEAD: u16 = 3;

/// Reads all files, and writes them only if none has a problem.
pub(crate) fn run(c: &mut Context<'_>, import: &Import) -> Result<Reply, CommandError> {
    let kind = if import.kind == "rows" { None } else { Some(sheet_kind(&import.kind)?) };
    if import.files.is_empty() {
        return Err(
            CommandError::not_found("没有给出文件", "no file was named").hint("在命令后写上文件名", "name one or more files")
        );
    }
    if import.semester.is_some_and(|s| !(1..=2).contains(&s)) {
        return Err(CommandError::not_found("学期应为 1 或 2", "the semester is 1 or 2"));
    }
    c.org_or_own(import.org.as_deref())?;
    let Some(kind) = kind else { return rows::run(c, import) };
    let total = import.files.len() as u64;
    let mut state = State::default();
    let mut plans = Vec::new();
    for (n, path) in (0..).zip(&import.files) {
        c.progress("read", n, total);
        plans.push(read(c, import, kind, path, &mut state)?);
    }
    if plans.iter().any(|p| p.report.is_stopped()) {
        let files: Vec<_> = plans.iter().map(|p| p.report.to_json()).collect();
        return Err(nothing_imported(
            json!({ "schema": "taizhang.import/1", "kind": import.kind, "imported": false, "files": files }),
        ));
    }
    if !import.dry_run {
        write(c, &mut plans, &mut state)?;
    }
    c.progress("import", total, total);
    let files: Vec<_> = plans.iter().map(|p| p.report.to_json()).collect();
    Ok(Reply::new(
        "import",
        json!({ "kind": import.kind, "dry_run": import.dry_run, "imported": !import.dry_run, "files": files }),
    ))
}

fn nothing_imported(details: serde_json::Value) -> CommandError {
    // Leaving rows out helps only where the file could be read as a table.
    let is_unread = |f: &serde_json::Value| f.get("error").is_some_and(|e| !e.is_null());
    let is_unread = details.get("files").and_then(serde_json::Value::as_array).is_some_and(|f| f.iter().any(is_unread));
    let (zh, en) = if is_unread {
        ("请按上面所说另存或更换文件后重试", "save the file anew or choose another, as said above, and try again")
    } else {
        (
            "请按所列各行改正后重试; 或加 --skip-bad-rows 只导入没有问题的行",
            "correct the rows listed and try again; --skip-bad-rows imports the others",
        )
    };
    CommandError::new(ErrorKind::FileProblems, "文件有问题, 未导入任何内容", "the file has problems; nothing was imported")
        .hint(zh, en)
        .details(details)
}

/// Checks every file, then writes them all in one commit. New keys are kept first: a row whose key was lost would be lost as well.
fn write(c: &mut Context<'_>, plans: &mut [Plan], state: &mut State) -> Result<(), CommandError> {
    let total = plans.len() as u64;
    let mut all = Act::default();
    for (n, plan) in (0..).zip(plans) {
        c.progress("import", n, total);
        let batch = std::mem::take(&mut plan.batch);
        let act = batch.act(&plan.report);
        if act.writes.is_empty() {
            continue;
        }
        plan.report.entries = act.writes.len();
        let person = state.person(c)?;
        if let Err(error) = c.core.check_personal(person, &act) {
            let row = batch.row_with(|act| c.core.check_personal(person, act).is_err());
            return Err(plan.report.at(row, error));
        }
        all.writes.extend(act.writes);
    }
    if let Some(ring) = &mut state.keyring {
        ring.save(c.core)?;
    }
    if all.writes.is_empty() {
        return Ok(());
    }
    let entries = c.core.sign_at(state.person(c)?, &all, c.core.now())?;
    c.core.store_entries(entries, Vec::new())
}

/// Reads one file and plans what it writes.
fn read(c: &Context<'_>, import: &Import, kind: SheetKind, path: &Path, state: &mut State) -> Result<Plan, CommandError> {
    let bytes = file_bytes(path)?;
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let report = FileReport::new(&import.kind, path, Sha256::digest(&bytes).into(), bytes.len() as u64);
    let mut plan = Plan::new(report, import, c.core.now().day());
    let short_year_end = plan.today.year().saturating_add(YEARS_AHEAD);
    let sheet = match taizhang_sheets::read(kind, &name, &bytes, &Options { skip_bad_rows: import.skip_bad_rows, short_year_end })
    {
        Ok(sheet) => sheet,
        Err(error) => {
            plan.report.unreadable(&error);
            return Ok(plan);
        }
    };
    plan.report.read(&sheet);
    if sheet.is_stopped() {
        return Ok(plan);
    }
    match &sheet.lines {
        Lines::Orgs(lines) => orgs::plan(c, &mut plan, lines, state)?,
        Lines::Roster(lines) => roster::plan(c, &mut plan, lines, state)?,
        Lines::Activities(lines) => activities::plan(c, &mut plan, lines, state)?,
        Lines::Attendance(lines) => attendance::plan(c, &mut plan, lines, state)?,
        Lines::SignIn(lines) => signin::plan(c, &mut plan, lines, state)?,
        Lines::Registrations(lines) => registrations::plan(c, &mut plan, lines, state)?,
        Lines::Leaves(lines) => leaves::plan(c, &mut plan, lines, state)?,
        Lines::Corrections(lines) => corrections::plan(c, &mut plan, lines, state)?,
        Lines::Transfers(_) => return Err(unknown_kind(&import.kind)),
    }
    plan.finish();
    Ok(plan)
}

/// The whole file, if it is no longer than a sheet may be.
fn file_bytes(path: &Path) -> Result<Vec<u8>, CommandError> {
    let at = path.display();
    if !path.is_absolute() {
        return Err(CommandError::not_found(format!("{at} 不是绝对路径"), format!("{at} is not an absolute path")));
    }
    let failed = |e: std::io::Error| {
        let why = crate::error::io_text(&e);
        CommandError::not_found(format!("无法读取 {at}: {}", why.zh), format!("{at} cannot be read: {}", why.en))
            .hint("请检查文件名和权限", "check the name and the permissions")
    };
    let meta = std::fs::metadata(path).map_err(failed)?;
    if !meta.is_file() {
        return Err(CommandError::not_found(format!("{at} 不是文件"), format!("{at} is not a file")));
    }
    // One byte more than may be: the reader of sheets then says what is wrong.
    let limit = MAX_FILE_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    std::io::Read::read_to_end(&mut std::io::Read::take(file, limit), &mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn sheet_kind(word: &str) -> Result<SheetKind, CommandError> {
    match word {
        "orgs" => Ok(SheetKind::Orgs),
        "roster" => Ok(SheetKind::Roster),
        "activities" => Ok(SheetKind::Activities),
        "attendance" => Ok(SheetKind::Attendance),
        "signin" => Ok(SheetKind::SignIn),
        "registrations" => Ok(SheetKind::Registrations),
        "leaves" => Ok(SheetKind::Leaves),
        "corrections" => Ok(SheetKind::Corrections),
        _ => Err(unknown_kind(word)),
    }
}

fn unknown_kind(word: &str) -> CommandError {
    CommandError::not_found(format!("不能导入 {word}"), format!("{word} cannot be imported")).hint(
        "可用: orgs, roster, activities, attendance, signin, registrations, leaves, corrections, rows",
        "one of: orgs, roster, activities, attendance, signin, registrations, leaves, corrections, rows",
    )
}

/// The year of a document, as the person gave it.
fn year_given(import: &Import) -> Result<Option<u16>, CommandError> {
    match import.year {
        Some(y) if !(1970..=2199).contains(&y) => {
            Err(CommandError::not_found(format!("年份 {y} 不对"), format!("{y} is no year")))
        }
        year => Ok(year),
    }
}

/// 1: January to June; 2: July to December.
fn semester_of(day: Day) -> u8 {
    if day.ymd().1 <= 6 { 1 } else { 2 }
}

#[cfg(test)]
mod tests;
