//! The command line. Help texts are written `中文 | English`; [`parser`] keeps the half that the user reads.

mod bundle;
mod erase;
mod key;
mod network;
mod policy;
mod records;
mod report;
mod review;
mod root;
mod roster;
mod sheets;

use std::{ffi::OsString, path::PathBuf};

use clap::{Arg, ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use taizhang_node::{command::Command, error::CommandError};

use crate::lang::Lang;

pub(crate) use network::Run;
pub(crate) use policy::Eval;

/// 教师培训台账: 断网也能用的培训登记、审核与汇总 | The training ledger that works without a network
#[derive(Debug, Parser)]
#[command(name = "taizhang", version, disable_help_flag = true, disable_version_flag = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) what: What,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// 数据目录; 默认 TAIZHANG_DATA, 否则 ~/.local/share/taizhang | Data folder; default: TAIZHANG_DATA, else ~/.local/share/taizhang
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// 语言 zh 或 en; 默认随系统, 否则中文 | Language zh or en; default: the system's, else Chinese
    #[arg(long, global = true, value_name = "zh|en", value_enum, hide_possible_values = true)]
    pub(crate) lang: Option<Lang>,
    /// 输出 JSON, 供程序读取 | Print JSON, for scripts
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// 口令文件; 默认 TAIZHANG_PASSPHRASE_FILE, 否则在终端询问 | File with the passphrase; default: TAIZHANG_PASSPHRASE_FILE, else asked for at a terminal
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// 以哪个密钥办理: 名称或公钥开头 | Which key acts: its label, or the beginning of its public key
    #[arg(long = "as", global = true, value_name = "KEY")]
    pub(crate) as_key: Option<String>,
    /// 不显示进度和说明 | No progress, no messages
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

/// Subcommands; file = family.
#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// 建立台账网络: 第一个机构、第一位管理员、本机 | Found a network: the first organisation, its admin, this machine
    Init(network::Init),
    /// 机构 | Organisations
    #[command(subcommand)]
    Org(network::Org),
    /// 根密钥: 查看、提议接任、签名、发布 | The root's keys: show, propose successors, sign, publish
    #[command(subcommand)]
    Root(root::Root),
    /// 生成邀请 | Make an invite
    Invite(network::Invite),
    /// 邀请的去向 | What became of invites
    Invites(key::Invites),
    /// 人员的密钥: 离任、被盗、追认、口令、备份 | People's keys: leaving, theft, accepting, passphrase, copies
    #[command(subcommand)]
    Key(key::Key),
    /// 凭邀请加入 | Join by an invite
    Join(network::Join),
    /// 运行本机节点, 直到停止 | Run this machine's node until stopped
    Run(Run),
    /// 与其他节点同步 | Sync with other nodes
    Sync(network::Sync),
    /// 要联系的节点 | The nodes to dial
    #[command(subcommand)]
    Neighbour(network::Neighbour),
    /// 没有网络时用 U 盘同步 | Sync by a stick, where no line leads
    #[command(subcommand)]
    Bundle(bundle::Bundle),
    /// 本机有什么, 到了哪一步 | What is here, and how far it has come
    Status,
    /// 导入表格 | Import sheets
    Import(sheets::Import),
    /// 导出记录 | Export records
    Export(sheets::Export),
    /// 填制上报表格 | Fill the forms of offices
    Report(report::Report),
    /// 登记一位教师的一次培训 | Record one training of one teacher
    Record(records::Record),
    /// 填写说明性字段 | Write a descriptive field
    Describe(records::Describe),
    /// 更正花名册 | Correct the roster
    #[command(subcommand)]
    Roster(roster::Roster),
    /// 查看一位教师的记录 | Show a teacher's records
    Teacher(records::Teacher),
    /// 需要人来决定的不一致 | Conflicts that wait for a person
    #[command(subcommand)]
    Conflict(records::Conflict),
    /// 审核登记 | Decide on registrations
    #[command(subcommand)]
    Review(review::Review),
    /// 汇总 | Rollups
    #[command(subcommand)]
    Rollup(review::Rollup),
    /// 政策: 列出、查看、检查、采用、比较 | Policies: list, show, check, adopt, compare
    #[command(subcommand)]
    Policy(policy::Policy),
    /// 合格证书: 准备、确认、查看 | Certificates: prepare, confirm, show
    #[command(subcommand)]
    Certificate(policy::Certificate),
    /// 验证证书: 二维码文本或文件, 不需要台账 | Verify a certificate: the text of its QR code or a file; needs no ledger
    Verify(policy::Verify),
    /// 规则计算 | The rules
    #[command(subcommand)]
    Rules(policy::Rules),
    /// 销毁一位教师的姓名等身份信息, 登记保留 | Forget who a teacher is; the records stay
    Erase(erase::Erase),
    /// 核验与留存全部条目 | Verify and keep every entry
    #[command(subcommand)]
    Audit(review::Audit),
    /// 体检: 数据、密钥、时钟、邻居、是否送达 | One page of health: data, keys, clock, neighbours, what arrived
    Doctor,
    /// 检查本机数据 | Check this machine's data
    Check(review::Check),
    /// 切断或恢复联网 (演练用) | Cut or heal this node's links (for drills)
    #[command(subcommand)]
    Links(network::Links),
    /// 停止正在运行的节点 | Stop the running node
    Stop,
    /// 演示: 一个市、两个县、四所学校, 一分钟内自动完成 | Demo: a city, two counties, four schools; ends by itself within a minute
    Demo(Demo),
}

/// Options of the demo.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// 演示数据放在此目录并保留; 默认放在临时目录, 成功后删除 | Put the data into this folder and keep it; default: a temporary folder, removed after success
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
}

/// What to do: most is for a node, some is done by this program.
#[derive(Debug)]
pub(crate) enum Task {
    /// For a node.
    Node(Command),
    /// For a node; the invite in the reply is then also written into this file.
    Invite(Command, PathBuf),
    /// Another passphrase for this key, from this file.
    Passphrase(Option<String>, Option<PathBuf>),
    /// Cases by the rules: no node is needed.
    Eval(Eval),
    /// Run a node.
    Run(Run),
    /// The demo.
    Demo(Demo),
}

impl What {
    /// What was asked for, with absolute paths.
    pub(crate) fn task(self) -> Result<Task, CommandError> {
        Ok(Task::Node(match self {
            Self::Init(a) => a.command(),
            Self::Org(a) => a.command(),
            Self::Root(a) => a.command()?,
            Self::Invite(a) => return a.task(),
            Self::Invites(a) => a.command(),
            Self::Key(a) => return a.task(),
            Self::Join(a) => a.command()?,
            Self::Run(a) => return Ok(Task::Run(a)),
            Self::Sync(a) => return Ok(a.task()),
            Self::Neighbour(a) => a.command(),
            Self::Bundle(a) => a.command()?,
            Self::Status => Command::Status,
            Self::Import(a) => a.command()?,
            Self::Export(a) => a.command()?,
            Self::Report(a) => a.command()?,
            Self::Record(a) => a.command(),
            Self::Roster(a) => a.command(),
            Self::Describe(a) => a.command(),
            Self::Teacher(a) => a.command(),
            Self::Conflict(a) => a.command(),
            Self::Review(a) => a.command(),
            Self::Rollup(a) => a.command(),
            Self::Policy(a) => a.command()?,
            Self::Certificate(a) => a.command()?,
            Self::Verify(a) => a.command()?,
            Self::Rules(policy::Rules::Eval(a)) => return Ok(Task::Eval(a)),
            Self::Erase(a) => a.command(),
            Self::Audit(a) => a.command()?,
            Self::Doctor => Command::Doctor,
            Self::Check(a) => a.command(),
            Self::Links(a) => a.command(),
            Self::Stop => Command::Stop,
            Self::Demo(a) => return Ok(Task::Demo(a)),
        }))
    }
}

/// The parser, its texts in one language.
pub(crate) fn parser(lang: Lang) -> clap::Command {
    localised(Cli::command(), lang)
        .arg(
            Arg::new("help")
                .short('h')
                .long("help")
                .action(ArgAction::Help)
                .global(true)
                .help(lang.pick("显示帮助", "Show help"))
                .help_heading(lang.pick("选项", "Options")),
        )
        .arg(
            Arg::new("version")
                .short('V')
                .long("version")
                .action(ArgAction::Version)
                .help(lang.pick("显示版本", "Show the version"))
                .help_heading(lang.pick("选项", "Options")),
        )
}

/// Reads the command line.
pub(crate) fn parse(lang: Lang, args: &[OsString]) -> Result<Cli, clap::Error> {
    let mut parser = parser(lang);
    let matches = parser.try_get_matches_from_mut(args)?;
    Cli::from_arg_matches(&matches).map_err(|e| e.format(&mut parser))
}

fn localised(command: clap::Command, lang: Lang) -> clap::Command {
    let about = command.get_about().map(|a| lang.half(&a.to_string()).to_owned()).unwrap_or_default();
    let usage = lang.pick("用法", "Usage");
    let command = command
        .about(about)
        .help_template(format!("{{about}}\n\n{usage}: {{usage}}\n\n{{all-args}}\n"))
        .subcommand_help_heading(lang.pick("命令", "Commands"))
        .subcommand_value_name(lang.pick("命令", "COMMAND"))
        .disable_help_flag(true)
        .disable_help_subcommand(true);
    let command = command.mut_args(|arg| {
        let help = arg.get_help().map(|h| lang.half(&h.to_string()).to_owned()).unwrap_or_default();
        let heading = if arg.is_positional() { lang.pick("参数", "Arguments") } else { lang.pick("选项", "Options") };
        arg.help(help).help_heading(heading)
    });
    command.mut_subcommands(|sub| localised(sub, lang))
}

/// A path as a node in another folder can use it.
pub(crate) fn absolute(path: &std::path::Path) -> Result<PathBuf, CommandError> {
    std::path::absolute(path).map_err(|e| {
        let at = path.display();
        CommandError::not_found(format!("路径 {at} 无法使用"), format!("the path {at} cannot be used: {e}"))
    })
}

#[cfg(test)]
mod tests;
