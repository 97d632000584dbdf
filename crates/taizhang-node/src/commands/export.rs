//! `export`: rows as stored, every field, with who wrote them and how they stand (docs/rows.md lists the kinds).
//!
//! Names appear only in `export persons`, which needs the key of the person who may open them.

mod line;
mod persons;
mod table;

use std::{
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{DocId, Kind, OrgId},
    rows::{self, Elsewhere, RowType},
};
use taizhang_sheets::write::WriteError;

pub(crate) use self::line::row_lines;
use super::Context;
use crate::{
    command::{Format, Reply},
    error::{CommandError, ErrorKind},
};

/// Groups of row types by the word of the import that brings them.
const GROUPS: &[(&str, &[u16])] = &[
    ("roster", &[40, 41]),
    ("activities", &[20]),
    ("attendance", &[62, 64]),
    ("signin", &[21, 62, 63]),
    ("registrations", &[65]),
    ("decisions", &[100, 101, 105, 106, 107, 109]),
    ("orgs", &[1]),
];

/// What is exported.
enum What {
    /// Rows of these types; registers too?
    Rows(Vec<u16>, bool),
    /// Trainings elsewhere, in the form they came in.
    Registrations,
    /// Who the teachers are.
    Persons,
    /// Every row and register.
    All,
}

impl What {
    fn find(kind: &str) -> Result<Self, CommandError> {
        if let Some((word, types)) = GROUPS.iter().find(|(word, _)| *word == kind) {
            return Ok(if *word == "registrations" {
                Self::Registrations
            } else {
                Self::Rows(types.to_vec(), *word == "roster")
            });
        }
        match (kind, rows::CATALOGUE.iter().find(|i| i.word == kind)) {
            ("persons", _) => Ok(Self::Persons),
            ("all", _) => Ok(Self::All),
            (_, Some(info)) => Ok(Self::Rows(vec![info.number], false)),
            (_, None) => {
                let groups: Vec<&str> = GROUPS.iter().map(|(word, _)| *word).collect();
                let groups = groups.join(", ");
                Err(CommandError::not_found(format!("没有可导出的 {kind}"), format!("there is no {kind} to export")).hint(
                    format!("可用: {groups}, persons, all, 或行类型名 (如 rollup; 见 docs/rows.md)"),
                    format!("one of: {groups}, persons, all, or the word of a row type (such as rollup; docs/rows.md)"),
                ))
            }
        }
    }

    fn takes(&self, line: &Json) -> bool {
        let number = line.get("number").and_then(Json::as_u64).and_then(|n| u16::try_from(n).ok());
        match self {
            Self::All => true,
            Self::Rows(types, registers) => number.map_or(*registers, |n| types.contains(&n)),
            Self::Registrations => number == Some(Elsewhere::TYPE),
            Self::Persons => false,
        }
    }

    /// Can a document of this kind hold any of it?
    fn is_in(&self, kind: Kind) -> bool {
        match self {
            Self::All => true,
            Self::Rows(types, registers) => (*registers && kind == Kind::Roster) || types.iter().any(|t| rows::belongs(*t, kind)),
            Self::Registrations => kind == Kind::Ledger,
            Self::Persons => kind == Kind::Identity,
        }
    }
}

/// Exports rows of the documents that are here.
pub(crate) fn run(
    c: &mut Context<'_>,
    kind: &str,
    org: Option<&str>,
    year: Option<u16>,
    format: Format,
    gbk: bool,
    out: Option<&Path>,
) -> Result<Reply, CommandError> {
    let what = What::find(kind)?;
    check_output(format, gbk, out)?;
    let org = org.map(|o| c.org(o)).transpose()?;
    let documents = documents(c, &what, org, year);
    let total = documents.len() as u64;
    let mut lines = Vec::new();
    let opened = if matches!(what, What::Persons) { Some(persons::Opened::new(c)?) } else { None };
    for (n, document) in (0..).zip(&documents) {
        c.progress("export", n, total);
        match (&what, &opened) {
            (What::Registrations, _) => lines.extend(line::registrations(c, document)?),
            (_, Some(opened)) => lines.extend(opened.lines(c, document)?),
            _ => lines.extend(row_lines(c, document)?.into_iter().filter(|l| what.takes(l))),
        }
    }
    c.progress("export", total, total);
    finish(kind, format, gbk, out, lines)
}

fn documents(c: &Context<'_>, what: &What, org: Option<OrgId>, year: Option<u16>) -> Vec<DocId> {
    let is_of = |d: &DocId| org.is_none_or(|o| d.owner == o || d.subject == Some(o));
    let is_in = |d: &DocId| year.is_none() || d.period == year || (d.period.is_none() && d.kind != Kind::Ledger);
    let all = c.core.ledger().documents();
    all.filter(|d| what.is_in(d.kind) && is_of(d) && is_in(d)).copied().collect()
}

pub(crate) fn check_output(format: Format, gbk: bool, out: Option<&Path>) -> Result<(), CommandError> {
    let needs_file = format == Format::Xlsx || gbk;
    if needs_file && out.is_none() {
        return Err(CommandError::not_found("此格式须写入文件", "this format needs a file")
            .hint("用 --out 指明文件", "name one with --out"));
    }
    if gbk && format != Format::Csv {
        return Err(CommandError::not_found("--gbk 只用于 --csv", "--gbk goes with --csv"));
    }
    match out.filter(|o| !o.is_absolute()) {
        Some(o) => {
            let at = o.display();
            Err(CommandError::not_found(format!("{at} 不是绝对路径"), format!("{at} is not an absolute path")))
        }
        None => Ok(()),
    }
}

fn finish(kind: &str, format: Format, gbk: bool, out: Option<&Path>, lines: Vec<Json>) -> Result<Reply, CommandError> {
    let rows = lines.len();
    let word = match format {
        Format::Jsonl => "jsonl",
        Format::Csv => "csv",
        Format::Xlsx => "xlsx",
    };
    let path = out.map(|o| o.display().to_string());
    let data = |text: Option<String>| json!({ "kind": kind, "format": word, "rows": rows, "out": path, "text": text });
    if format == Format::Jsonl {
        let Some(out) = out else { return Ok(Reply { lines, ..Reply::new("export", data(None)) }) };
        let text: String = lines.iter().map(|l| format!("{l}\n")).collect();
        return write(out, text.as_bytes()).map(|()| Reply::new("export", data(None)));
    }
    let table = table::of(&lines);
    let bytes = match format {
        Format::Xlsx => taizhang_sheets::write::xlsx(&table),
        Format::Csv | Format::Jsonl => taizhang_sheets::write::csv(&table, gbk),
    };
    let bytes = bytes.map_err(|e| not_writable(&e))?;
    match out {
        Some(out) => write(out, &bytes).map(|()| Reply::new("export", data(None))),
        None => Ok(Reply::new("export", data(Some(String::from_utf8_lossy(&bytes).into_owned())))),
    }
}

pub(crate) fn not_writable(e: &WriteError) -> CommandError {
    let why = crate::said::because("无法写成此格式", "it cannot be written in this format", e);
    CommandError::of(ErrorKind::Refused, why)
        .hint("请改用 --jsonl, 或用 --org 和 --year 缩小范围", "use --jsonl, or narrow it with --org and --year")
}

/// Whole or not at all; for its owner only, since it may hold names.
pub(crate) fn write(out: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    let mut tmp = out.as_os_str().to_owned();
    tmp.push(".tmp");
    let tmp = PathBuf::from(tmp);
    let put = || -> std::io::Result<()> {
        let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&tmp)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&tmp, out)
    };
    put().map_err(|e| {
        // Half a file of names is left nowhere.
        std::fs::remove_file(&tmp).ok();
        let at = out.display();
        CommandError::of(ErrorKind::Storage, crate::said::because(&format!("无法写入 {at}"), &format!("cannot write {at}"), e))
            .hint("请检查文件夹、磁盘空间和权限", "check the folder, free space and permissions")
    })
}

#[cfg(test)]
mod tests;
