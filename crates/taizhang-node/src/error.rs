//! Why a command did not do what it was asked, in both languages, with the exit code it leads to.

use serde::{Deserialize, Serialize};

use crate::said;

/// What sort of failure; decides the exit code, in this one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// A rule said no.
    Refused,
    /// The command was not understood, or names what is not there.
    Usage,
    /// The file has problems and nothing was imported.
    FileProblems,
    /// A verification failed.
    Verification,
    /// No other node could be reached.
    NotReachable,
    /// The store could not be read or written.
    Storage,
    /// A key or passphrase is missing or wrong.
    Key,
    /// A bug of ours.
    Internal,
}

impl ErrorKind {
    /// The exit code that scripts may rely on.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Refused => 1,
            Self::Usage => 2,
            Self::FileProblems => 3,
            Self::Verification => 4,
            Self::NotReachable => 5,
            Self::Storage => 7,
            Self::Key => 8,
            Self::Internal => 70,
        }
    }
}

/// A sentence in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Text {
    /// A sentence in both languages.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }
}

/// Figures and ids read alike in both languages.
impl From<String> for Text {
    fn from(figures: String) -> Self {
        Self { zh: figures.clone(), en: figures }
    }
}

impl From<&str> for Text {
    fn from(figures: &str) -> Self {
        figures.to_owned().into()
    }
}

/// What the system said about a file, in both languages.
#[must_use]
pub fn io_text(e: &std::io::Error) -> Text {
    use std::io::ErrorKind as Io;
    let en = e.to_string();
    match e.kind() {
        Io::NotFound => Text::new("没有此文件", "there is no such file"),
        Io::AlreadyExists => {
            Text::new("文件已存在, 不会覆盖; 请换一个名称", "the file is there already and is not replaced; choose another name")
        }
        Io::PermissionDenied => Text::new("没有权限", "no permission"),
        Io::IsADirectory => Text::new("这是文件夹", "it is a folder"),
        Io::NotADirectory => Text::new("路径中有一段不是文件夹", "a part of the path is no folder"),
        Io::StorageFull => Text::new("磁盘已满", "the disk is full"),
        Io::ReadOnlyFilesystem => Text::new("磁盘只读", "the disk is read-only"),
        Io::InvalidData => Text::new("不是 UTF-8 文字", "it is no UTF-8 text"),
        _ => {
            let code = e.raw_os_error().map_or_else(String::new, |code| format!(" (代码 {code})"));
            let zh = said::zh(&en).map_or_else(|| format!("系统报错{code}"), str::to_owned);
            Text::new(zh, en)
        }
    }
}

/// Why a command did not do what it was asked: what happened, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}", what.en)]
pub struct CommandError {
    /// What sort.
    pub kind: ErrorKind,
    /// What happened, and where.
    pub what: Text,
    /// What to do.
    pub hint: Option<Box<Text>>,
    /// For scripts: findings, lines that differ…
    pub details: Option<Box<serde_json::Value>>,
}

impl CommandError {
    /// What happened, and where.
    pub fn new(kind: ErrorKind, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { kind, what: Text::new(zh, en), hint: None, details: None }
    }

    /// What happened and where, in a text of both languages.
    #[must_use]
    pub fn of(kind: ErrorKind, what: Text) -> Self {
        Self { kind, what, hint: None, details: None }
    }

    /// With what to do.
    #[must_use]
    pub fn hint(mut self, zh: impl Into<String>, en: impl Into<String>) -> Self {
        self.hint = Some(Box::new(Text::new(zh, en)));
        self
    }

    /// With details for scripts.
    #[must_use]
    pub fn details(mut self, details: serde_json::Value) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    /// The store failed.
    pub fn storage(why: impl std::fmt::Display) -> Self {
        let text = said::because("读写数据失败", "the data could not be read or written", why);
        Self::new(ErrorKind::Storage, text.zh, text.en)
    }

    /// Something named in the command is not there.
    pub fn not_found(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, zh, en)
    }
}
