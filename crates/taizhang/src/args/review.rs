//! `review`, `rollup`, `audit`, `check`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use taizhang_node::{command::Command, error::CommandError};

use super::absolute;

#[derive(Debug, Subcommand)]
pub(crate) enum Review {
    /// 等待审核的登记 | Registrations waiting for a decision
    List {
        /// 只看此机构 (代码) | Only of this organisation (code)
        #[arg(long, value_name = "CODE")]
        org: Option<String>,
    },
    /// 通过 | Approve
    Approve(Decision),
    /// 退回 | Return
    Return(Decision),
    /// 方案的审定 | Decisions on plans
    #[command(subcommand)]
    Plan(Plan),
    /// 锁定年度 | Lock a year
    Lock(Lock),
    /// 解锁年度 | Open a locked year
    Unlock {
        /// 学校 (代码) | The school (code)
        #[arg(long, value_name = "CODE")]
        org: String,
        /// 年度 | The year
        #[arg(long, value_name = "YEAR")]
        year: u16,
        /// 理由 | The reason
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// 锁定后到达的条目, 以及各锁定 | What arrived after a lock, and the locks
    Late {
        /// 只看此机构及其下属 (代码) | Only of this organisation and those below it (code)
        #[arg(long, value_name = "CODE")]
        org: Option<String>,
    },
    /// 接受锁定后到达的条目 | Accept what arrived after a lock
    Accept {
        /// 条目, 见 review late | Entries, see review late
        #[arg(value_name = "ENTRY", required = true)]
        entries: Vec<String>,
        /// 理由 | The reason
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// 每月存证: 写明各校资料到此 | Say what is here of every school, once a month
    Checkpoint {
        /// 月份, 否则为本月 | The month, else this one
        #[arg(long, value_name = "YYYY-MM")]
        month: Option<String>,
    },
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["org", "all"]))]
pub(crate) struct Lock {
    /// 学校 (代码) | The school (code)
    #[arg(long, value_name = "CODE")]
    org: Option<String>,
    /// 所辖全部学校 | Every school below
    #[arg(long)]
    all: bool,
    /// 年度 | The year
    #[arg(long, value_name = "YEAR")]
    year: u16,
    /// 还有待审登记也锁定 | Although registrations still wait
    #[arg(long)]
    even_pending: bool,
    /// 理由 | The reason
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("targets").required(true).args(["rows", "sheet", "claimed"]))]
pub(crate) struct Decision {
    /// 登记的编号 (条目.序号, 见 review list), 或整张表的条目 | Ids of registrations (ENTRY.INDEX, see review list), or the entry of a sheet
    #[arg(value_name = "ID")]
    rows: Vec<String>,
    /// 整张表 | A whole sheet
    #[arg(long, value_name = "ID")]
    sheet: Option<String>,
    /// 表上写明已批准的全部待审登记 (没有写明的不处理) | Every waiting registration that its sheet says was approved on paper
    #[arg(long)]
    claimed: bool,
    /// 只处理此机构及其下属 (与 --claimed 同用) | Only this organisation and those below it (with --claimed)
    #[arg(long, value_name = "CODE", conflicts_with_all = ["rows", "sheet"])]
    org: Option<String>,
    /// 理由 | The reason
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Plan {
    /// 等待审定的方案 | Plans waiting for a decision
    List {
        /// 只看此机构及其下属 (代码) | Only of this organisation and those below it (code)
        #[arg(long, value_name = "CODE")]
        org: Option<String>,
        /// 也列出已审定的 | Also those that are decided
        #[arg(long)]
        all: bool,
    },
    /// 批准 | Approve
    Approve {
        #[command(flatten)]
        said: PlanDecision,
        /// 补批: 活动开始后仍然有效, 须写明理由 | It holds although the activity had begun; needs a reason
        #[arg(long, requires = "reason")]
        retroactive: bool,
    },
    /// 退回 | Return
    Return(PlanDecision),
    /// 不批准 | Refuse
    Refuse(PlanDecision),
}

#[derive(Debug, Args)]
pub(crate) struct PlanDecision {
    /// 活动编号或方案编号, 或其行 (条目.序号), 见 review plan list | Numbers of activities or plans, or their rows (ENTRY.INDEX), see review plan list
    #[arg(value_name = "ID", required = true)]
    plans: Vec<String>,
    /// 审定日期, 否则为今天 | Day of the decision, else today
    #[arg(long, value_name = "DAY")]
    day: Option<String>,
    /// 理由 | The reason
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl Plan {
    fn command(self) -> Command {
        match self {
            Self::List { org, all } => Command::PlanList { org, all },
            Self::Approve { said, retroactive } => said.command("approved", retroactive),
            Self::Return(said) => said.command("returned", false),
            Self::Refuse(said) => said.command("refused", false),
        }
    }
}

impl PlanDecision {
    fn command(self, verdict: &str, retroactive: bool) -> Command {
        let Self { plans, day, reason } = self;
        Command::PlanDecide { verdict: verdict.to_owned(), plans, day, retroactive, reason }
    }
}

impl Review {
    pub(super) fn command(self) -> Command {
        match self {
            Self::List { org } => Command::ReviewList { org },
            Self::Approve(d) => d.command("approved"),
            Self::Return(d) => d.command("returned"),
            Self::Plan(plan) => plan.command(),
            Self::Lock(Lock { org, all, year, even_pending, reason }) => {
                Command::ReviewLock { org, all, year, even_pending, reason }
            }
            Self::Unlock { org, year, reason } => Command::ReviewUnlock { org, year, reason },
            Self::Late { org } => Command::ReviewLate { org },
            Self::Accept { entries, reason } => Command::ReviewAccept { entries, reason },
            Self::Checkpoint { month } => Command::ReviewCheckpoint { month },
        }
    }
}

impl Decision {
    fn command(self, verdict: &str) -> Command {
        let Self { rows, sheet, claimed, org, reason } = self;
        Command::ReviewDecide { verdict: verdict.to_owned(), rows, sheet, claimed, org, reason }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Rollup {
    /// 发布 | Publish
    Publish {
        /// 年度 | The year
        #[arg(long, value_name = "YEAR")]
        period: u16,
        /// 截至日期 (默认今天; 年度已过则为年末) | As of this day (default: today, or the year's last day once it is over)
        #[arg(long, value_name = "DATE")]
        as_of: Option<String>,
    },
    /// 上级发布抽查种子 | Publish the seed of a sample, as an organisation above
    Sample {
        /// 汇总的编号 | Its id
        id: String,
        /// 抽查几位教师 | So many teachers
        #[arg(long, value_name = "N")]
        k: u32,
    },
    /// 列出 | List them
    List {
        /// 只看此机构 (代码) | Only of this organisation (code)
        #[arg(long, value_name = "CODE")]
        org: Option<String>,
    },
    /// 查看 | Show
    Show {
        /// 汇总的编号 | Its id
        id: String,
    },
    /// 核验: 签名与合计; 抽查; 全部重算 | Verify: signature and sums; samples; full recomputation
    Verify {
        /// 汇总的编号 | Its id
        id: String,
        /// 全部重算 | Recompute everything
        #[arg(long)]
        deep: bool,
        /// 抽查几位教师 (默认按上级发布的人数); 没有 --seed 时用上级发布的种子, 没有发布则由本机抽取 | Check so many teachers (default: as many as was published above); without --seed by the seed published above, or one drawn here if there is none
        #[arg(long, value_name = "K")]
        sample: Option<usize>,
        /// 抽查的种子, 使别人能重现 | Seed of the sample, so that others can repeat it
        #[arg(long, value_name = "TEXT", requires = "sample")]
        seed: Option<String>,
    },
}

impl Rollup {
    pub(super) fn command(self) -> Command {
        match self {
            Self::Publish { period, as_of } => Command::RollupPublish { period, as_of },
            Self::Sample { id, k } => Command::RollupSample { id, k },
            Self::List { org } => Command::RollupList { org },
            Self::Show { id } => Command::RollupShow { id },
            Self::Verify { id, deep, sample, seed } => Command::RollupVerify { id, deep, sample, seed },
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// 逐条核验: 字节、签名、授权、汇总 | Verify every entry: bytes, signatures, grants, rollups
    Verify,
    /// 导出有权查看的条目 (以 --as 指明审计员的密钥) | Export every entry that may be read (name an auditor's key with --as)
    Export {
        /// 写入文件 | The file
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// 用 JSON 行, 否则为 CBOR 序列 | As JSON lines; else a CBOR sequence
        #[arg(long)]
        jsonl: bool,
        /// 只导出与此机构及其下级有关的 (代码) | Only what concerns this organisation and those below it (code)
        #[arg(long, value_name = "CODE")]
        org: Option<String>,
    },
    /// 一条记录的经历: 谁经手, 影响了哪些数字 | The history of a record: every hand, and every number that followed
    History {
        /// 行编号 (前六位以上)、教师编号或活动编号 | A row (six digits or more), or the number of a teacher or activity
        record: String,
        /// 活动编号: 查该教师在此活动的登记 | An activity: the teacher's registration in it
        activity: Option<String>,
    },
}

impl Audit {
    pub(super) fn command(self) -> Result<Command, CommandError> {
        Ok(match self {
            Self::Verify => Command::AuditVerify,
            Self::History { record, activity } => Command::AuditHistory { record, activity },
            Self::Export { out, jsonl, org } => Command::AuditExport { out: absolute(&out)?, jsonl, org },
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// 重建索引 | Rebuild the index
    #[arg(long)]
    rebuild: bool,
    /// 承认丢失的条目找不回来, status 不再提示 | Accept that what was lost is lost: status tells of it no more
    #[arg(long)]
    accept_loss: bool,
}

impl Check {
    pub(super) fn command(self) -> Command {
        Command::Check { rebuild: self.rebuild, accept_loss: self.accept_loss }
    }
}
