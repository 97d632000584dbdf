//! `key`, `invites`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use taizhang_node::command::{Accepting, Burning, Command, Ending, Keep, KeyCommand};

use super::{Task, absolute};
use taizhang_node::error::CommandError;

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// 全部密钥及其授权 | Every key with its grants
    List {
        /// 只看此机构 (代码) | Only of this organisation (code)
        #[arg(long, value_name = "CODE")]
        org: Option<String>,
    },
    /// 更换口令 | Choose another passphrase
    Passphrase {
        /// 本机的哪个密钥, 否则为办理时所用的 | Which key of this machine, else the one that acts
        #[arg(value_name = "KEY")]
        key: Option<String>,
        /// 新口令的文件, 否则在终端询问 | File with the new passphrase, else asked for at a terminal
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
    /// 离任、换岗: 停用授权 | Staff left or changed post: end grants
    End(End),
    /// 密钥或电脑被盗: 作废 | A key or PC was stolen: burn
    Burn(Burn),
    /// 追认: 让等待中的条目计入, 或确认用过的邀请 | Accept: let waiting entries count, or confirm used invites
    Accept(Accept),
    #[command(flatten)]
    File(super::root::Key),
}

#[derive(Debug, Args)]
pub(crate) struct End {
    /// 密钥: 公钥前 6 位以上, 或授权的岗位名 | The key: 6 or more digits of its beginning, or the post of its grant
    #[arg(value_name = "KEY")]
    key: String,
    /// 只停用此角色 | Only the grants of this role
    #[arg(long)]
    role: Option<String>,
    /// 最后一天, 否则为今天 | Last day, else today
    #[arg(long, value_name = "DAY")]
    left: Option<String>,
    /// 理由 | The reason
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// 只看结果, 不写入 | Only show what would happen
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("whose").required(true).args(["key", "machine"]), group = ArgGroup::new("what").required(true).args(["stolen_on", "keep"]))]
pub(crate) struct Burn {
    /// 密钥: 公钥前 6 位以上, 或授权的岗位名; 也可以是邀请的密钥 | The key: 6 or more digits of its beginning, or the post of its grant; also an invite's
    #[arg(value_name = "KEY")]
    key: Option<String>,
    /// 整台电脑: 它的密钥和在其上加入的每个人的密钥 | A whole PC: its key and that of everyone who joined on it
    #[arg(long, value_name = "NODEKEY")]
    machine: Option<String>,
    /// 发生了什么 | What happened
    #[arg(long, value_name = "TEXT")]
    cause: String,
    /// 被盗的日期: 本机在那天以前收到的仍然计入 | Day of the theft: what was here before it goes on counting
    #[arg(long, value_name = "DAY")]
    stolen_on: Option<String>,
    /// 仍然计入的: all 本机现有的全部, none 没有, 或这些条目及其以前的 | What goes on counting: all that is here, none, or these entries and what came before them
    #[arg(long, value_name = "all|none|ENTRY", num_args = 1..)]
    keep: Vec<String>,
    /// 只看结果, 不写入 | Only show what would happen
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("targets").required(true).args(["entries", "key", "invites"]))]
pub(crate) struct Accept {
    /// 条目及其以前的 | Entries, and what came before them in their logs
    #[arg(value_name = "ENTRY")]
    entries: Vec<String>,
    /// 此密钥的全部 | All of this key's
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// 每份只用过一次的邀请 | Every invite that was used once
    #[arg(long)]
    invites: bool,
    /// 理由 (确认邀请时可以不写) | The reason (may be left out for invites)
    #[arg(long, value_name = "TEXT", required_unless_present = "invites")]
    reason: Option<String>,
    /// 只看结果, 不写入 | Only show what would happen
    #[arg(long)]
    dry_run: bool,
}

impl Key {
    pub(super) fn task(self) -> Result<Task, CommandError> {
        let command = match self {
            Self::List { org } => KeyCommand::List { org },
            Self::Passphrase { key, new_passphrase_file } => {
                let file = new_passphrase_file.map(|f| absolute(&f)).transpose()?;
                return Ok(Task::Passphrase(key, file));
            }
            Self::End(End { key, role, left, reason, dry_run }) => KeyCommand::End(Ending { key, role, left, reason, dry_run }),
            Self::File(file) => return file.command().map(Task::Node),
            Self::Burn(burn) => KeyCommand::Burn(burn.burning()),
            Self::Accept(Accept { entries, key, invites, reason, dry_run }) => {
                KeyCommand::Accept(Accepting { entries, key, invites, reason, dry_run })
            }
        };
        Ok(Task::Node(Command::Key(command)))
    }
}

impl Burn {
    fn burning(self) -> Burning {
        let Self { key, machine, cause, stolen_on, keep, dry_run } = self;
        let keep = match (stolen_on, keep.iter().map(String::as_str).collect::<Vec<_>>().as_slice()) {
            (Some(day), _) => Keep::Before(day),
            (None, ["all"]) => Keep::All,
            (None, ["none"]) => Keep::Nothing,
            (None, _) => Keep::UpTo(keep),
        };
        Burning { key, machine, cause, keep, dry_run }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Invites {
    /// 只看请到此机构的 (代码) | Only into this organisation (code)
    #[arg(long, value_name = "CODE")]
    org: Option<String>,
}

impl Invites {
    pub(super) fn command(self) -> Command {
        Command::Invites { org: self.org }
    }
}
