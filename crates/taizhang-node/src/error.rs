//! Why a command did not do what it was asked, in both languages, with the exit code it leads to.

use serde::{Deserialize, Serialize};

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
        Self::new(ErrorKind::Storage, format!("读写数据失败: {why}"), format!("the data could not be read or written: {why}"))
    }

    /// Something named in the command is not there.
    pub fn not_found(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, zh, en)
    }
}
