//! Importing what offices send.

use std::path::{Path, PathBuf};

use serde_json::Value;
use taizhang_node::{
    command::{Command, Import},
    error::CommandError,
};

use super::{
    machine::{Machine, failed},
    sample::{COUNTIES, SCHOOLS},
    story::{Story, check, list, sync},
};

/// What became of the rows of some files.
#[derive(Clone, Copy, Default)]
struct Count {
    files: u64,
    bytes: u64,
    rows: u64,
    mended: u64,
    refused: u64,
    dropped: u64,
}

/// Counties import their plans, schools their rosters, plans and attendance.
pub(super) fn import(story: &mut Story) -> Result<(), CommandError> {
    story.chapter("导入办公室表格 (GB18030, 有真实的毛病)", "Importing office sheets (GB18030, with real-life defects)");
    let mut all = Count::default();
    for (county, machine) in COUNTIES.iter().zip(&story.counties) {
        all.add(import_one(&story.base, machine, county.code, "activities", county.activities)?);
        sync(machine)?;
    }
    for (school, machines) in SCHOOLS.iter().zip(&story.schools) {
        let Some(machine) = machines.first() else { continue };
        sync(machine)?;
        let sheets = [("roster", school.roster), ("activities", school.activities), ("attendance", school.attendance)];
        for (kind, bytes) in sheets {
            all.add(import_one(&story.base, machine, school.code, kind, bytes)?);
        }
    }
    check(all.mended > 0, "没有修正任何单元格", "not one cell was mended")?;
    story.say(
        &format!(
            "导入 {} 个文件 ({} 字节): 读出 {} 行, 自动修正 {} 格 (全角数字、日期写法、空格等), {} 格无法采用并已说明原因, 略去 {} 行 (空行、合计、重复)。",
            all.files, all.bytes, all.rows, all.mended, all.refused, all.dropped
        ),
        &format!(
            "{} files ({} bytes): rows read: {}; cells mended (full-width digits, ways to write a date, blanks…): {}; cells refused, with the reason: {}; rows left out (blank, totals, twice): {}.",
            all.files, all.bytes, all.rows, all.mended, all.refused, all.dropped
        ),
    );
    Ok(())
}

/// An import as the command line makes it.
pub(super) fn command(kind: &str, files: Vec<PathBuf>) -> Command {
    let (org, year, semester, activity) = (None, None, None, None);
    Command::Import(Import { kind: kind.to_owned(), files, org, year, semester, activity, dry_run: false, skip_bad_rows: true })
}

/// Writes a sheet of the sample where the machine can read it.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(path, bytes).map_err(failed)
}

fn import_one(base: &Path, machine: &Machine, code: &str, kind: &str, bytes: &[u8]) -> Result<Count, CommandError> {
    let path = base.join("sheets").join(code).join(format!("{kind}.csv"));
    write(&path, bytes)?;
    let reply = machine.ask(command(kind, vec![path]))?;
    let mut count = Count::default();
    for file in list(&reply, "files") {
        let n = |name: &str| file.get(name).and_then(Value::as_u64).unwrap_or_default();
        count.add(Count {
            files: 1,
            bytes: n("bytes"),
            rows: n("rows"),
            mended: n("mended"),
            refused: n("refused"),
            dropped: n("dropped"),
        });
        check(n("imported") > 0, &format!("{code} {kind} 没有导入任何行"), &format!("no row of {code} {kind} was imported"))?;
    }
    Ok(count)
}

impl Count {
    fn add(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.rows += other.rows;
        self.mended += other.mended;
        self.refused += other.refused;
        self.dropped += other.dropped;
    }
}
