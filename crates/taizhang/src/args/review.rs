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
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("targets").required(true).args(["rows", "sheet", "claimed"]))]
pub(crate) struct Decision {
    /// 登记的编号 | Ids of registrations
    #[arg(value_name = "ID")]
    rows: Vec<String>,
    /// 整张表 | A whole sheet
    #[arg(long, value_name = "ID")]
    sheet: Option<String>,
    /// 全部等待审核的 | Everything that waits
    #[arg(long)]
    claimed: bool,
    /// 理由 | The reason
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl Review {
    pub(super) fn command(self) -> Command {
        match self {
            Self::List { org } => Command::ReviewList { org },
            Self::Approve(d) => d.command("approved"),
            Self::Return(d) => d.command("returned"),
        }
    }
}

impl Decision {
    fn command(self, verdict: &str) -> Command {
        let Self { rows, sheet, claimed, reason } = self;
        Command::ReviewDecide { verdict: verdict.to_owned(), rows, sheet, claimed, reason }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Rollup {
    /// 发布 | Publish
    Publish {
        /// 年度 | The year
        #[arg(long, value_name = "YEAR")]
        period: u16,
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
        /// 抽查几位教师 | Check so many teachers
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
            Self::Publish { period } => Command::RollupPublish { period },
            Self::Show { id } => Command::RollupShow { id },
            Self::Verify { id, deep, sample, seed } => Command::RollupVerify { id, deep, sample, seed },
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// 逐条核验: 字节、签名、授权、汇总 | Verify every entry: bytes, signatures, grants, rollups
    Verify,
    /// 导出全部条目 | Export every entry
    Export {
        /// 写入文件 | The file
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// 用 JSON 行, 否则为 CBOR 序列 | As JSON lines; else a CBOR sequence
        #[arg(long)]
        jsonl: bool,
    },
}

impl Audit {
    pub(super) fn command(self) -> Result<Command, CommandError> {
        Ok(match self {
            Self::Verify => Command::AuditVerify,
            Self::Export { out, jsonl } => Command::AuditExport { out: absolute(&out)?, jsonl },
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// 重建索引 | Rebuild the index
    #[arg(long)]
    rebuild: bool,
}

impl Check {
    pub(super) fn command(self) -> Command {
        Command::Check { rebuild: self.rebuild }
    }
}
