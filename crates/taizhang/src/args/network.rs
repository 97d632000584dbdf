//! `init`, `org`, `invite`, `join`, `run`, `sync`, `neighbour`, `links`.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Subcommand};
use taizhang_node::{
    command::{Command, NeighbourCommand, OrgChange},
    error::CommandError,
    secret::Secret,
};

use super::{Task, absolute};

/// Where a node listens unless told otherwise: every IPv4 address of the machine, UDP.
const LISTEN: &str = "0.0.0.0:7433";

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// 机构代码 | The organisation's code
    #[arg(long)]
    code: String,
    /// 机构名称 | Its name
    #[arg(long)]
    name: String,
    /// 机构类型: city, county, province | Its kind: city, county, province
    #[arg(long)]
    kind: String,
    /// 根密钥个数; 默认 1 | How many root keys; default: 1
    #[arg(long, default_value_t = 1, hide_default_value = true, value_name = "N")]
    root_keys: u8,
    /// 几个根密钥可以一起指定接任者; 默认 1 | How many root keys name their successors together; default: 1
    #[arg(long, default_value_t = 1, hide_default_value = true, value_name = "M")]
    root_threshold: u8,
}

impl Init {
    pub(super) fn command(self) -> Command {
        let Self { code, name, kind, root_keys, root_threshold } = self;
        Command::Init { code, name, kind, root_keys, root_threshold }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Org {
    /// 增加下级机构 | Add an organisation below this one
    Add {
        /// 机构代码 | Its code
        #[arg(long)]
        code: String,
        /// 机构类型: city, county, township, school, organiser | Its kind: city, county, township, school, organiser
        #[arg(long)]
        kind: String,
        /// 机构名称 | Its name
        #[arg(long)]
        name: String,
        /// 所属乡镇中心校的代码 | Code of the township it belongs to
        #[arg(long, value_name = "CODE")]
        parent: Option<String>,
    },
    /// 列出机构 | List organisations
    List,
    /// 移交给另一个上级 | Move under another parent
    Move {
        /// 机构代码 | The organisation's code
        org: String,
        /// 新上级的代码 | Code of the new parent
        #[arg(long, value_name = "CODE")]
        to: String,
        /// 自哪天起 (YYYY-MM-DD) | From this day on (YYYY-MM-DD)
        #[arg(long, value_name = "DAY")]
        from: String,
        /// 原因 | Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// 更名 | Rename
    Rename {
        /// 机构代码 | The organisation's code
        org: String,
        /// 新名称 | Its new name
        name: String,
    },
    /// 改代码 | Give another code
    Recode {
        /// 机构代码 | The organisation's code
        org: String,
        /// 新代码 | Its new code
        code: String,
    },
    /// 撤销 | Close
    Close {
        /// 机构代码 | The organisation's code
        org: String,
        /// 最后一天 (YYYY-MM-DD) | Its last day (YYYY-MM-DD)
        #[arg(long)]
        day: String,
        /// 接续其工作的机构 | The organisation that goes on with its work
        #[arg(long, value_name = "CODE")]
        succeeded_by: Option<String>,
        /// 原因 | Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// 并入另一个机构 (先用 org add 增加) | Merge into another one (add that first with `org add`)
    Merge {
        /// 被合并的机构代码 | Codes of those that are merged
        #[arg(required = true)]
        orgs: Vec<String>,
        /// 接续的机构 | The one that goes on
        #[arg(long, value_name = "CODE")]
        into: String,
        /// 最后一天; 默认今天 | Their last day; default: today
        #[arg(long)]
        day: Option<String>,
        /// 原因 | Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// 沿革: 每次变更、日期、由谁登记、是否有效 | Its history: every description, its day, who wrote it, whether it counts
    History {
        /// 机构代码 | The organisation's code
        org: String,
    },
}

impl Org {
    pub(super) fn command(self) -> Command {
        Command::Org(match self {
            Self::Add { code, kind, name, parent } => return Command::OrgAdd { code, kind, name, parent },
            Self::List => return Command::OrgList,
            Self::Move { org, to, from, reason } => OrgChange::Move { org, to, from, reason },
            Self::Rename { org, name } => OrgChange::Rename { org, name },
            Self::Recode { org, code } => OrgChange::Recode { org, code },
            Self::Close { org, day, succeeded_by, reason } => OrgChange::Close { org, day, succeeded_by, reason },
            Self::Merge { orgs, into, day, reason } => OrgChange::Merge { orgs, into, day, reason },
            Self::History { org } => OrgChange::History { org },
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Invite {
    /// 请到哪个机构 (代码) | Into which organisation (code)
    #[arg(long, value_name = "CODE")]
    org: String,
    /// 角色: clerk 台账员, principal 校长, reviewer 审核员, admin 管理员, policy_officer 政策管理员, auditor 审计员 | Role: clerk, principal, reviewer, admin, policy_officer, auditor
    #[arg(long)]
    role: String,
    /// 岗位, 如 county_training_institution | Office, such as county_training_institution
    #[arg(long)]
    office: Option<String>,
    /// 有效期, 如 12h, 7d, 2w | Valid for: 12h, 7d, 2w
    #[arg(long, default_value = "7d", hide_default_value = true, value_name = "7d", value_parser = duration_ms)]
    expires: u64,
    /// 新成员首次联系的地址 (host:port) | Address that the newcomer dials first (host:port)
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<String>,
    /// 把邀请写入文件 | Write the invite into a file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Invite {
    pub(super) fn task(self) -> Result<Task, CommandError> {
        let Self { org, role, office, expires: expires_ms, address, out } = self;
        let command = Command::Invite { org, role, office, expires_ms, address };
        Ok(match out {
            Some(file) => Task::Invite(command, absolute(&file)?),
            None => Task::Node(command),
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Join {
    /// 邀请文本, 或邀请文件 | The invite's text, or its file
    #[arg(value_parser = secret)]
    invite: Secret,
    /// 本机密钥的名称 | What the key is called on this machine
    #[arg(long)]
    label: Option<String>,
}

/// One sync waits so long unless told otherwise.
const TIMEOUT_MS: u64 = 60_000;

/// An invite is less than 4 KB.
const INVITE_BYTES_MAX: u64 = 64 * 1024;

/// An invite's text holds a key.
fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text.to_owned()))
}

impl Join {
    pub(super) fn command(self) -> Result<Command, CommandError> {
        let file = std::path::Path::new(self.invite.reveal());
        let is_file = std::fs::metadata(file).is_ok_and(|m| m.is_file() && m.len() <= INVITE_BYTES_MAX);
        let invite = if is_file {
            std::fs::read_to_string(file).map(Secret::new).map_err(|e| {
                let (at, why) = (file.display(), taizhang_node::error::io_text(&e));
                CommandError::not_found(format!("无法读取 {at}: {}", why.zh), format!("cannot read {at}: {}", why.en))
            })?
        } else if !self.invite.reveal().trim_start().starts_with("taizhang-invite-") {
            let at = file.display();
            return Err(CommandError::not_found(
                format!("找不到文件 {at}, 它也不是邀请文本"),
                format!("there is no file {at}, and it is no invite"),
            )
            .hint("请给出邀请文件, 或完整的邀请文本", "name the invite's file, or give its whole text"));
        } else {
            self.invite
        };
        Ok(Command::Join { invite, label: self.label })
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Run {
    /// 监听地址 (UDP); none 为只拨出不监听 | Address to listen on (UDP); none: only dial
    #[arg(long, default_value = LISTEN, value_name = "ADDR", value_parser = listen)]
    pub(crate) listen: Listen,
    #[arg(long, hide = true)]
    pub(crate) until_stdin_closes: bool,
}

/// Where to listen; `None`: nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listen(pub(crate) Option<SocketAddr>);

fn listen(text: &str) -> Result<Listen, String> {
    if text == "none" {
        return Ok(Listen(None));
    }
    text.parse().map(|a| Listen(Some(a))).map_err(|_| format!("{text}: 0.0.0.0:7433, [::]:7433, none"))
}

#[derive(Debug, Args)]
pub(crate) struct Sync {
    /// 只同步一次就结束; 否则保持联网直到停止 | Sync once and end; else stay connected until stopped
    #[arg(long)]
    once: bool,
    /// 只同步一次, 最多等多久, 如 30s, 5m; 默认 60s | Sync once and wait at most so long: 30s, 5m; default: 60s
    #[arg(long, value_name = "60s", value_parser = duration_ms)]
    timeout: Option<u64>,
    /// 只与此地址同步一次 (host:port) | Sync once with this address only (host:port)
    address: Option<String>,
}

impl Sync {
    pub(super) fn task(self) -> Task {
        if self.once || self.address.is_some() || self.timeout.is_some() {
            Task::Node(Command::Sync { address: self.address, timeout_ms: self.timeout.unwrap_or(TIMEOUT_MS) })
        } else {
            Task::Run(Run { listen: Listen(None), until_stdin_closes: false })
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Neighbour {
    /// 列出 | List them
    List,
    /// 记下一个地址, 以后自动联系 | Keep an address: it is dialled from now on
    Add {
        /// 主机:端口 | host:port
        #[arg(value_name = "HOST:PORT")]
        address: String,
        /// 那里节点的密钥; 已认可的写前 6 位即可 | The key of the node there; six digits of one that is certified
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
    },
    /// 不再联系 | Dial it no more
    Remove {
        /// 主机:端口 | host:port
        #[arg(value_name = "HOST:PORT")]
        address: String,
    },
}

impl Neighbour {
    pub(super) fn command(self) -> Command {
        Command::Neighbour(match self {
            Self::List => NeighbourCommand::List,
            Self::Add { address, key } => NeighbourCommand::Add { address, key },
            Self::Remove { address } => NeighbourCommand::Remove { address },
        })
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Links {
    /// 切断 | Cut
    Cut,
    /// 恢复 | Heal
    Heal,
}

impl Links {
    pub(super) fn command(self) -> Command {
        Command::Links { cut: matches!(self, Self::Cut) }
    }
}

/// `90s`, `5m`, `12h`, `7d`, `2w` in ms.
pub(super) fn duration_ms(text: &str) -> Result<u64, String> {
    let split = text.len().saturating_sub(1);
    let read = || {
        let (number, unit) = text.split_at_checked(split)?;
        let ms = match unit {
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            _ => return None,
        };
        number.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
        number.parse::<u64>().ok().filter(|n| *n > 0)?.checked_mul(ms)
    };
    read().ok_or_else(|| format!("{text}: 90s, 5m, 12h, 7d, 2w"))
}
