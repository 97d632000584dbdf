//! `rules`, `policy`, `certificate`, `verify`.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, Subcommand};
use taizhang_node::{command::Command, error::CommandError};

use super::absolute;

/// Subcommands of `rules`.
#[derive(Debug, Subcommand)]
pub(crate) enum Rules {
    /// 按政策计算案例, 不需要数据目录 | Evaluate cases by a policy; needs no data folder
    Eval(Eval),
}

#[derive(Debug, Args)]
pub(crate) struct Eval {
    /// 内置政策的编号, 或政策文件; 案例自带 policy 时可省略 | Id of a built-in policy, or a policy file; may be left out where the cases name theirs
    #[arg(long, value_name = "ID|FILE")]
    pub(crate) policy: Option<String>,
    /// 另给出每一学时的去向、依据和提示 | Also where every hour went, sources and notes
    #[arg(long)]
    pub(crate) explain: bool,
    /// 案例文件 (JSON); 省略或 - 为标准输入 | File with a case or cases (JSON); none or -: standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// Subcommands of `policy`.
#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// 本机已有的政策, 以及自何日起采用 | The policies at hand and which hold from when
    List,
    /// 查看一项政策及其规则 | Show a policy and its rules
    Show {
        /// 政策编号、编号@版本或文件 | An id, ID@EDITION, or a file
        #[arg(value_name = "ID|FILE")]
        policy: String,
    },
    /// 检查政策: 矛盾、缺漏、达不到的要求 | Check a policy: contradictions, gaps, what nobody can reach
    Check {
        /// 政策文件或编号 | A file, or an id
        #[arg(value_name = "FILE|ID")]
        policy: String,
    },
    /// 自某日起采用 | Adopt from a day on
    Adopt(Adopt),
    /// 比较两项政策, 以及影响哪些教师 | Compare two policies, and whose accounts they move
    Diff {
        /// 现行政策: 编号或文件 | The one now: an id or a file
        #[arg(value_name = "OLD")]
        old: String,
        /// 新政策: 编号或文件 | The one to come: an id or a file
        #[arg(value_name = "NEW")]
        new: String,
        /// 截至日期 2024-12-31; 默认今天 | Accounts as of this day, 2024-12-31; default: today
        #[arg(long, value_name = "DATE")]
        as_of: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Adopt {
    /// 政策编号、编号@版本或文件 | An id, ID@EDITION, or a file
    #[arg(value_name = "ID|FILE")]
    policy: String,
    /// 自何日起 2024-01-01 | First day, 2024-01-01
    #[arg(long, value_name = "DATE")]
    from: String,
    /// 与哪项政策同时使用 | The policy that it is used on top of
    #[arg(long, value_name = "ID")]
    overlay_of: Option<String>,
    /// 只用于这些学段, 逗号分隔 | Only for these stages, separated by commas
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    stages: Vec<String>,
    /// 只用于这些机构及其下属 (代码), 逗号分隔 | Only for these organisations and those below them (codes), separated by commas
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    orgs: Vec<String>,
    /// 取代同一天起的采用 | Instead of what was adopted for that day
    #[arg(long)]
    replace: bool,
    /// 理由 | The reason
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl Policy {
    pub(super) fn command(self) -> Result<Command, CommandError> {
        Ok(match self {
            Self::List => Command::PolicyList,
            Self::Show { policy } => Command::PolicyShow { policy: named(policy)? },
            Self::Check { policy } => Command::PolicyCheck { policy: named(policy)? },
            Self::Adopt(a) => {
                let Adopt { policy, from, overlay_of, stages, orgs, replace, reason } = a;
                Command::PolicyAdopt { policy: named(policy)?, from, overlay_of, stages, orgs, replace, reason }
            }
            Self::Diff { old, new, as_of } => Command::PolicyDiff { old: named(old)?, new: named(new)?, as_of },
        })
    }
}

/// A file by its absolute path, as a node in another folder can use it; an id as it is.
fn named(text: String) -> Result<String, CommandError> {
    let path = Path::new(&text);
    Ok(if path.is_file() { absolute(path)?.to_string_lossy().into_owned() } else { text })
}

/// Subcommands of `certificate`.
#[derive(Debug, Subcommand)]
pub(crate) enum Certificate {
    /// 为达标的教师准备证书 (区县) | Prepare certificates for accounts that meet their cycle (county)
    #[command(group = ArgGroup::new("whom").required(true).args(["teacher", "all"]))]
    Prepare {
        /// 教师编号 | The teacher's number
        #[arg(long, value_name = "NUMBER")]
        teacher: Option<String>,
        /// 本机构各校全部达标的教师 | Everyone of this organisation's schools who has met the cycle
        #[arg(long)]
        all: bool,
        /// 姓名; 本机能读取时可省略 | The name; not needed where it can be read here
        #[arg(long, conflicts_with = "all")]
        name: Option<String>,
        /// 姓名文件: export persons 的输出 | Names: a file with the lines of `export persons`
        #[arg(long, value_name = "FILE")]
        names: Option<PathBuf>,
        /// 截至日期 2024-12-31; 默认今天 | Accounts as of this day, 2024-12-31; default: today
        #[arg(long, value_name = "DATE")]
        as_of: Option<String>,
        /// 已有证书也重新准备 | Also where there is one already
        #[arg(long)]
        replace: bool,
    },
    /// 复核并确认 (市) | Evaluate again and confirm (city)
    #[command(group = ArgGroup::new("which").required(true).args(["no", "all"]))]
    Confirm {
        /// 证号 | The certificate's number
        #[arg(value_name = "NO")]
        no: Option<String>,
        /// 全部待确认的 | All that wait
        #[arg(long)]
        all: bool,
    },
    /// 撤销 (市; 未确认的由区县) | Withdraw (city; the county what is not confirmed)
    Withdraw {
        /// 证号 | The certificate's number
        #[arg(value_name = "NO")]
        no: String,
        /// 理由 | Why
        #[arg(long)]
        reason: String,
    },
    /// 查看; 用 --text 或 --qr 生成可打印的证书文本 | Show; with --text or --qr make the text to be printed
    Show {
        /// 证号或教师编号 | A certificate's or a teacher's number
        #[arg(value_name = "NO|TEACHER")]
        named: String,
        /// 生成证书文本 (须用准备证书的密钥) | Make the text (with the key that prepared it)
        #[arg(long)]
        text: bool,
        /// 另以二维码显示 | Also as a QR code
        #[arg(long)]
        qr: bool,
        /// 姓名; 本机能读取时可省略 | The name; not needed where it can be read here
        #[arg(long)]
        name: Option<String>,
    },
}

impl Certificate {
    pub(super) fn command(self) -> Result<Command, CommandError> {
        Ok(match self {
            Self::Prepare { teacher, all: _, name, names, as_of, replace } => {
                let names = names.map(|n| absolute(&n)).transpose()?;
                Command::CertificatePrepare { teacher, name, names, as_of, replace }
            }
            Self::Confirm { no, all: _ } => Command::CertificateConfirm { no },
            Self::Withdraw { no, reason } => Command::CertificateWithdraw { no, reason },
            Self::Show { named, text, qr, name } => Command::CertificateShow { named, text: text || qr, qr, name },
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// 证书文本 TZ1:…, 或含有它的文件; - 为标准输入 | The text TZ1:…, or a file that holds it; -: standard input
    #[arg(value_name = "TEXT|FILE")]
    text: String,
    /// 本机没有台账时: 网络编号 (64 位十六进制, 见任一节点的 taizhang status) | Without a ledger on this machine: the network's id (64 hex digits, see `taizhang status` on any node)
    #[arg(long, value_name = "ID")]
    network: Option<String>,
}

impl Verify {
    pub(super) fn command(self) -> Result<Command, CommandError> {
        let path = Path::new(&self.text);
        let is_file = self.text == "-" || path.is_file();
        if !is_file && !self.text.trim_start().starts_with("TZ1:") {
            let at = path.display();
            return Err(CommandError::not_found(
                format!("没有文件 {at}, 它也不是证书文本"),
                format!("there is no such file {at}, and it is not a certificate's text"),
            )
            .hint(
                "证书文本以 TZ1: 开头; 或给出含有它的文件",
                "a certificate's text begins with TZ1:; or name a file that holds it",
            ));
        }
        let text = if is_file { crate::rules::read(Some(path))? } else { self.text };
        Ok(Command::VerifyText { text, network: self.network })
    }
}
