//! What was wrong with a command line, in both languages.

use clap::error::{ContextKind, ErrorKind as Clap};
use taizhang_node::error::{CommandError, ErrorKind};

/// A mistake of the command line as an error of ours.
pub(crate) fn explain(mistake: &clap::Error) -> CommandError {
    let rendered = mistake.to_string();
    let english = rendered.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ").trim().replace("\n  ", " ");
    let said = |kind| mistake.get(kind).map(ToString::to_string).unwrap_or_default();
    let (arg, value) = (said(ContextKind::InvalidArg), said(ContextKind::InvalidValue));
    let zh = match mistake.kind() {
        Clap::UnknownArgument => format!("没有参数 {arg}"),
        Clap::InvalidSubcommand => format!("没有命令 {}", said(ContextKind::InvalidSubcommand)),
        Clap::InvalidValue if value.is_empty() => format!("参数 {arg} 缺少内容"),
        Clap::InvalidValue | Clap::ValueValidation => {
            let accepted = said(ContextKind::ValidValue);
            let accepted = if accepted.is_empty() { accepted } else { format!("; 可用: {accepted}") };
            format!("参数 {arg} 的内容 {value} 无法识别{accepted}")
        }
        Clap::MissingRequiredArgument => format!("缺少参数 {arg}"),
        Clap::ArgumentConflict => format!("参数 {arg} 不能与 {} 同时使用", said(ContextKind::PriorArg)),
        Clap::MissingSubcommand | Clap::DisplayHelpOnMissingArgumentOrSubcommand => "缺少命令".to_owned(),
        _ => "命令无法识别".to_owned(),
    };
    let english = match mistake.kind() {
        Clap::MissingSubcommand | Clap::DisplayHelpOnMissingArgumentOrSubcommand => "a command is missing".to_owned(),
        _ => english,
    };
    CommandError::new(ErrorKind::Usage, zh, english)
        .hint("在命令后加 --help 查看用法", "add --help to the command to see its use")
}
