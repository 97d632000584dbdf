//! Where the passphrase comes from: a file, else the person at the terminal.

use std::{io::IsTerminal, path::PathBuf};

use console::Term;
use taizhang_node::{
    command::{Command, OrgChange, Root},
    error::{CommandError, ErrorKind},
};

use crate::lang::Lang;

/// The passphrase for this command: from the file named on the command line or in `TAIZHANG_PASSPHRASE_FILE`, else asked for where the
/// command signs something and a person sits at the terminal.
pub(crate) fn get(lang: Lang, file: Option<PathBuf>, command: &Command) -> Result<Option<String>, CommandError> {
    if let Some(file) = file.or_else(|| std::env::var_os("TAIZHANG_PASSPHRASE_FILE").map(PathBuf::from)) {
        let text = std::fs::read_to_string(&file).map_err(|e| {
            let (at, why) = (file.display(), taizhang_node::error::io_text(&e));
            CommandError::new(
                ErrorKind::Key,
                format!("无法读取口令文件 {at}: {}", why.zh),
                format!("cannot read the passphrase file {at}: {}", why.en),
            )
            .hint("请检查 --passphrase-file 或 TAIZHANG_PASSPHRASE_FILE", "check --passphrase-file or TAIZHANG_PASSPHRASE_FILE")
        })?;
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            let at = file.display();
            return Err(CommandError::new(
                ErrorKind::Key,
                format!("口令文件 {at} 是空的"),
                format!("the passphrase file {at} is empty"),
            )
            .hint("请把口令写入该文件", "write the passphrase into it"));
        }
        return Ok(Some(text.to_owned()));
    }
    if !signs(command) || !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    let is_new = matches!(command, Command::Init { .. } | Command::Join { .. });
    let first =
        ask(lang
            .pick(if is_new { "设置口令: " } else { "口令: " }, if is_new { "Choose a passphrase: " } else { "Passphrase: " }))?;
    if is_new && ask(lang.pick("再输入一次: ", "Once more: "))? != first {
        return Err(
            CommandError::new(ErrorKind::Key, "两次输入的口令不同", "the two passphrases differ").hint("请重新执行", "try again")
        );
    }
    Ok(Some(first))
}

fn signs(command: &Command) -> bool {
    match command {
        Command::Import(import) => !import.dry_run,
        // Names are opened with the key of who asks.
        Command::Export { kind, .. } => kind == "persons",
        Command::Org(change) => !matches!(change, OrgChange::History { .. }),
        Command::Init { .. }
        | Command::Join { .. }
        | Command::OrgAdd { .. }
        | Command::Invite { .. }
        | Command::Root(Root::Sign { .. } | Root::Publish { .. })
        | Command::Record(_)
        | Command::Describe { .. }
        | Command::ConflictSettle { .. }
        | Command::ReviewDecide { .. }
        | Command::PlanDecide { .. }
        | Command::CertificatePrepare { .. }
        | Command::CertificateConfirm { .. }
        | Command::CertificateWithdraw { .. }
        | Command::CertificateShow { text: true, .. }
        | Command::PolicyAdopt { .. }
        | Command::RollupPublish { .. }
        | Command::RollupSample { .. }
        | Command::Erase { .. }
        | Command::EraseConfirm { .. } => true,
        _ => false,
    }
}

fn ask(question: &str) -> Result<String, CommandError> {
    let term = Term::stderr();
    term.write_str(question).and_then(|()| term.read_secure_line()).map_err(|e| {
        CommandError::of(ErrorKind::Key, taizhang_node::said::because("无法读取口令", "the passphrase could not be read", e))
    })
}
