//! Where the passphrase comes from: a file, else the person at the terminal.

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
};

use console::Term;
use taizhang_node::{
    command::{Command, KeyCommand, KeyFile, OrgChange, Root},
    error::{CommandError, ErrorKind},
    secret::Secret,
};
use zeroize::Zeroizing;

use crate::lang::Lang;

/// The passphrase for this command: from the file named on the command line or in `TAIZHANG_PASSPHRASE_FILE`, else asked for where the
/// command signs something and a person sits at the terminal.
pub(crate) fn get(lang: Lang, file: Option<PathBuf>, command: &Command) -> Result<Option<String>, CommandError> {
    if let Some(file) = file.or_else(|| std::env::var_os("TAIZHANG_PASSPHRASE_FILE").map(PathBuf::from)) {
        return read(&file).map(Some);
    }
    if !signs(command) || !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    if matches!(command, Command::Init { .. } | Command::Join { .. } | Command::KeyFile(KeyFile::New { .. })) {
        return ask_twice(lang).map(Some);
    }
    ask(lang.pick("口令: ", "Passphrase: ")).map(|p| Some(p.to_string()))
}

/// A new passphrase for a key that has one.
pub(crate) fn new(lang: Lang, file: Option<PathBuf>) -> Result<Secret, CommandError> {
    match file {
        Some(file) => read(&file).map(Secret::new),
        None if std::io::stdin().is_terminal() => ask_twice(lang).map(Secret::new),
        None => Err(CommandError::new(ErrorKind::Key, "需要新口令", "a new passphrase is needed")
            .hint("用 --new-passphrase-file 给出新口令的文件", "give a file with --new-passphrase-file")),
    }
}

fn read(file: &Path) -> Result<String, CommandError> {
    let at = file.display();
    let text = std::fs::read_to_string(file).map(Zeroizing::new).map_err(|e| {
        let why = taizhang_node::error::io_text(&e);
        CommandError::new(
            ErrorKind::Key,
            format!("无法读取口令文件 {at}: {}", why.zh),
            format!("cannot read the passphrase file {at}: {}", why.en),
        )
        .hint("请检查 --passphrase-file 或 TAIZHANG_PASSPHRASE_FILE", "check --passphrase-file or TAIZHANG_PASSPHRASE_FILE")
    })?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(CommandError::new(
            ErrorKind::Key,
            format!("口令文件 {at} 是空的"),
            format!("the passphrase file {at} is empty"),
        )
        .hint("请把口令写入该文件", "write the passphrase into it"));
    }
    Ok(text.to_owned())
}

fn ask_twice(lang: Lang) -> Result<String, CommandError> {
    let first =
        ask(lang.pick("设置口令 (至少 8 个字, 不能全是数字): ", "Choose a passphrase (8 characters or more, not a number): "))?;
    if ask(lang.pick("再输入一次: ", "Once more: "))? != first {
        return Err(
            CommandError::new(ErrorKind::Key, "两次输入的口令不同", "the two passphrases differ").hint("请重新执行", "try again")
        );
    }
    Ok(first.to_string())
}

/// Does this command need somebody's key: to sign, or to open names? Every command stands here, so that a new one is not forgotten.
fn signs(command: &Command) -> bool {
    match command {
        Command::Import(import) => !import.dry_run,
        // Names are opened with the key of who asks.
        Command::Export { kind, .. } => kind == "persons",
        Command::Org(change) => !matches!(change, OrgChange::History { .. }),
        Command::Key(asked) => !matches!(asked, KeyCommand::List { .. }),
        Command::Root(root) => matches!(root, Root::Sign { .. } | Root::Publish { .. }),
        Command::KeyFile(file) => matches!(file, KeyFile::New { .. }),
        Command::CertificateShow { text, .. } => *text,
        Command::Init { .. }
        | Command::Join { .. }
        | Command::OrgAdd { .. }
        | Command::Invite { .. }
        | Command::Record(_)
        | Command::RosterCorrect(_)
        | Command::Describe { .. }
        | Command::ConflictSettle { .. }
        | Command::ReviewDecide { .. }
        | Command::ReviewLock { .. }
        | Command::ReviewUnlock { .. }
        | Command::ReviewAccept { .. }
        | Command::ReviewCheckpoint { .. }
        | Command::PlanDecide { .. }
        | Command::CertificatePrepare { .. }
        | Command::CertificateConfirm { .. }
        | Command::CertificateWithdraw { .. }
        | Command::PolicyAdopt { .. }
        | Command::RollupPublish { .. }
        | Command::RollupSample { .. }
        | Command::Erase { .. }
        | Command::EraseConfirm { .. } => true,
        // Reports go out without names where nobody is unlocked, and say so.
        Command::Report(_)
        | Command::OrgList
        | Command::Invites { .. }
        | Command::Sync { .. }
        | Command::Neighbour(_)
        | Command::Bundle(_)
        | Command::Status
        | Command::Teacher { .. }
        | Command::TeacherExplain { .. }
        | Command::PolicyList
        | Command::PolicyShow { .. }
        | Command::PolicyCheck { .. }
        | Command::PolicyDiff { .. }
        | Command::VerifyText { .. }
        | Command::ConflictList
        | Command::ReviewList { .. }
        | Command::ReviewLate { .. }
        | Command::PlanList { .. }
        | Command::RollupList { .. }
        | Command::RollupShow { .. }
        | Command::RollupVerify { .. }
        | Command::AuditVerify
        | Command::AuditExport { .. }
        | Command::AuditHistory { .. }
        | Command::EraseList
        | Command::Doctor
        | Command::Check { .. }
        | Command::Links { .. }
        | Command::Stop => false,
    }
}

fn ask(question: &str) -> Result<Zeroizing<String>, CommandError> {
    let term = Term::stderr();
    term.write_str(question).and_then(|()| term.read_secure_line()).map(Zeroizing::new).map_err(|e| {
        CommandError::of(ErrorKind::Key, taizhang_node::said::because("无法读取口令", "the passphrase could not be read", e))
    })
}

#[cfg(test)]
mod tests;
