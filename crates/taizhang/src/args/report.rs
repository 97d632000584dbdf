//! `report`.

use std::path::PathBuf;

use clap::Args;
use taizhang_node::{
    command::{self, Command, Format},
    error::CommandError,
};

use super::absolute;

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// 表: form-01 至 form-21 (docs/reports.md) | Which form: form-01 to form-21 (docs/reports.md)
    #[arg(value_name = "FORM")]
    form: String,
    /// CSV 表 (UTF-8) | A CSV file (UTF-8)
    #[arg(long, group = "format")]
    csv: bool,
    /// CSV 用 GB18030 编码 | The CSV in GB18030
    #[arg(long, requires = "csv")]
    gbk: bool,
    /// Excel 工作簿 (需要 --out) | A workbook (needs --out)
    #[arg(long, group = "format", requires = "out")]
    xlsx: bool,
    /// 机构代码及其下级; 默认本机构 | Code of the organisation, with those below it; default: this one
    #[arg(long, value_name = "CODE")]
    org: Option<String>,
    /// 年度 | Year
    #[arg(long, value_name = "YEAR")]
    year: Option<u16>,
    /// 截至日期, 例如 2026-06-30; 默认今天, 或已结束年度的最后一天 | Figures as of this day, such as 2026-06-30; default: today, or the last day of a year that is over
    #[arg(long, value_name = "DAY")]
    as_of: Option<String>,
    /// 只列这位教师 | Of this teacher only
    #[arg(long, value_name = "NUMBER")]
    teacher: Option<String>,
    /// 只列这项活动 | Of this activity only
    #[arg(long, value_name = "NUMBER")]
    activity: Option<String>,
    /// CSV 和工作簿用英文表头 | English heads in CSV and workbook
    #[arg(long)]
    english: bool,
    /// 供省里或公开: 不含教师个人, 少于5人的数字不显示 | For the province or the public: no single teachers, no numbers below five
    #[arg(long)]
    public: bool,
    /// 写入文件; 否则输出到屏幕 | Write into this file; else to the screen
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Report {
    pub(super) fn command(self) -> Result<Command, CommandError> {
        let format = match (self.csv, self.xlsx) {
            (true, _) => Format::Csv,
            (_, true) => Format::Xlsx,
            _ => Format::Jsonl,
        };
        let out = self.out.as_deref().map(absolute).transpose()?;
        let Self { form, gbk, org, year, as_of, teacher, activity, english, public, .. } = self;
        Ok(Command::Report(command::Report { form, format, gbk, org, year, as_of, teacher, activity, english, public, out }))
    }
}
