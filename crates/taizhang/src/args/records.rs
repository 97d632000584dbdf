//! `record`, `describe`, `teacher`, `conflict`.

use clap::{ArgGroup, Args, Subcommand};
use taizhang_node::command::{self, Command};

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("training").required(true).args(["activity", "title"]))]
pub(crate) struct Record {
    /// 教师编号 | The teacher's number
    #[arg(long, value_name = "NUMBER")]
    teacher: String,
    /// 活动编号 | Number of the activity
    #[arg(long, value_name = "NUMBER")]
    activity: Option<String>,
    /// 外出培训的名称 | Title of a training elsewhere
    #[arg(long)]
    title: Option<String>,
    /// 主办单位 | Its organiser
    #[arg(long, requires = "title")]
    organiser: Option<String>,
    /// 类别: concentrated 集中, nonconcentrated 非集中, school_based 校本, online 网络, degree 学历, enterprise 企业实践, self_study 自学 | Kind: concentrated, nonconcentrated, school_based, online, degree, enterprise, self_study
    #[arg(long, requires = "title")]
    kind: Option<String>,
    /// 百分之一学时: 150 即 1.5 学时 | Hundredths of a class hour: 150 is 1.5 hours
    #[arg(long, value_name = "N")]
    h100: u32,
    /// 开始日期 2024-03-01; 默认同结束日期 | First day, 2024-03-01; default: the last day
    #[arg(long, value_name = "DATE")]
    start: Option<String>,
    /// 结束日期 2024-03-01 | Last day, 2024-03-01
    #[arg(long, value_name = "DATE")]
    end: String,
    /// 考核: pass 合格, fail 不合格, none 不考核, retake 补考 | Assessment: pass, fail, none, retake
    #[arg(long, value_name = "WORD")]
    assessment: Option<String>,
    /// 备注 | Note
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// 确是另一次培训: 名称、结束日期和学时与已登记的相同也登记; 各项都相同时另用 --note 写明是哪一次 | It is another training, although its title, last day and hours are those of one recorded; where all is the same --note says which it is
    #[arg(long, requires = "title")]
    again: bool,
}

impl Record {
    pub(super) fn command(self) -> Command {
        let Self { teacher, activity, title, organiser, kind, h100, start, end, assessment, note, again } = self;
        Command::Record(command::Record { teacher, activity, title, organiser, kind, h100, start, end, assessment, note, again })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Describe {
    /// 字段, 如 教师编号.subject | The field, such as TEACHER.subject
    key: String,
    /// 内容 | Its value
    value: String,
}

impl Describe {
    pub(super) fn command(self) -> Command {
        Command::Describe { key: self.key, value: self.value }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Teacher {
    /// 教师编号 | The teacher's number
    number: String,
    /// 另列账户: 每一学时的去向与依据, 还差什么 | Also the account: where every hour went and why, what is missing
    #[arg(long)]
    explain: bool,
    /// 截至日期 2024-12-31; 默认今天 | As of this day, 2024-12-31; default: today
    #[arg(long, value_name = "DATE", requires = "explain")]
    as_of: Option<String>,
}

impl Teacher {
    pub(super) fn command(self) -> Command {
        let Self { number, explain, as_of } = self;
        if explain { Command::TeacherExplain { number, as_of } } else { Command::Teacher { number } }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Conflict {
    /// 列出 | List them
    List,
    /// 决定保留哪一个 | Settle one
    #[command(group = ArgGroup::new("how").required(true).args(["choose", "value"]))]
    Settle {
        /// 字段 | The field
        key: String,
        /// 保留第几个 (1, 2, …) | Keep this one (1, 2, …)
        #[arg(long, value_name = "N")]
        choose: Option<usize>,
        /// 改写为 | Write this instead
        #[arg(long)]
        value: Option<String>,
    },
}

impl Conflict {
    pub(super) fn command(self) -> Command {
        match self {
            Self::List => Command::ConflictList,
            Self::Settle { key, choose, value } => Command::ConflictSettle { key, choose, value },
        }
    }
}
