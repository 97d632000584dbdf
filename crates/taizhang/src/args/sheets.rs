//! `import` and `export`.

use std::path::PathBuf;

use clap::{Args, builder::PossibleValuesParser};
use taizhang_node::{
    command::{self, Command, Format},
    error::CommandError,
};

use super::absolute;

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// 内容: orgs 机构, roster 花名册, activities 培训活动, attendance 考勤登记, signin 签到表, registrations 学时登记, leaves 减免, corrections 更正, rows 导出的行 | What: orgs, roster, activities, attendance, signin, registrations, leaves, corrections, rows (lines of export --jsonl)
    #[arg(value_parser = PossibleValuesParser::new(["orgs", "roster", "activities", "attendance", "signin", "registrations", "leaves", "corrections", "rows"]), hide_possible_values = true)]
    kind: String,
    /// 文件: CSV (UTF-8 或 GB18030)、xlsx (旧版 .xls 请先另存为 .xlsx)、JSON | Files: CSV (UTF-8 or GB18030), xlsx (save an old .xls as .xlsx first), JSON
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// 机构代码, 若不是本机构 | Code of the organisation, where it is not this one
    #[arg(long, value_name = "CODE")]
    org: Option<String>,
    /// 签到表或行的年度 | Year of a sign-in sheet, or of rows
    #[arg(long)]
    year: Option<u16>,
    /// 学期: 1 春季, 2 秋季 | Semester: 1 spring, 2 autumn
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=2))]
    semester: Option<u8>,
    /// 签到表的活动编号 | Activity of a sign-in sheet
    #[arg(long, value_name = "NUMBER")]
    activity: Option<String>,
    /// 只检查, 不导入 | Only check, import nothing
    #[arg(long)]
    dry_run: bool,
    /// 跳过读不懂的行 | Leave out rows that cannot be read
    #[arg(long)]
    skip_bad_rows: bool,
}

impl Import {
    pub(super) fn command(self) -> Result<Command, CommandError> {
        let files = self.files.iter().map(|f| absolute(f)).collect::<Result<_, _>>()?;
        let Self { kind, org, year, semester, activity, dry_run, skip_bad_rows, .. } = self;
        Ok(Command::Import(command::Import { kind, files, org, year, semester, activity, dry_run, skip_bad_rows }))
    }
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// 内容: orgs, roster, activities, registrations 等 | What: orgs, roster, activities, registrations…
    kind: String,
    /// JSON 行 | JSON lines
    #[arg(long, group = "format")]
    jsonl: bool,
    /// CSV 表 (UTF-8, 带 BOM) | A CSV file (UTF-8 with BOM)
    #[arg(long, group = "format")]
    csv: bool,
    /// CSV 用 GB18030 编码 | The CSV in GB18030
    #[arg(long, requires = "csv")]
    gbk: bool,
    /// Excel 工作簿 (需要 --out) | A workbook (needs --out)
    #[arg(long, group = "format", requires = "out")]
    xlsx: bool,
    /// 机构代码 | The organisation's code
    #[arg(long, value_name = "CODE")]
    org: Option<String>,
    /// 年度 | Year
    #[arg(long)]
    year: Option<u16>,
    /// 写入文件; 否则写到标准输出 | Write into this file; else to stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Export {
    pub(super) fn command(self) -> Result<Command, CommandError> {
        let format = match (self.csv, self.xlsx) {
            (true, _) => Format::Csv,
            (_, true) => Format::Xlsx,
            _ => Format::Jsonl,
        };
        let out = self.out.as_deref().map(absolute).transpose()?;
        Ok(Command::Export { kind: self.kind, org: self.org, year: self.year, format, gbk: self.gbk, out })
    }
}
