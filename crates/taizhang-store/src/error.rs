//! Errors of opening and committing. Each says what happened, where, and what to do.

use std::io;

/// The data folder was not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process has it.
    #[error("the data folder {path} is in use by another running program: use that one, or end it first")]
    InUse {
        /// The data folder.
        path: String,
    },
    /// The journal could not be listed, read or prepared for writing.
    #[error(
        "the data folder {path} cannot be used: {why}; check that the disk is there and that this account may read and write it"
    )]
    Unusable {
        /// The file or folder concerned.
        path: String,
        /// What the system said.
        why: String,
    },
}

/// Nothing of the commit was taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// The disk is full.
    #[error("the disk is full ({at}): nothing was saved, what was saved before stays readable; free some space and try again")]
    NoSpace {
        /// The file that could not grow.
        at: String,
    },
    /// The commit itself is wrong: too large, not a CBOR item, a name that is not its content's.
    #[error("this cannot be stored: {0}")]
    Refused(String),
    /// The disk or the file system failed.
    #[error("saving failed ({at}: {why}): nothing was saved; try again, and if it fails again check the disk")]
    Failed {
        /// The file concerned.
        at: String,
        /// What the system said.
        why: String,
    },
}

impl CommitError {
    pub(crate) fn io(at: &str, error: &io::Error) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match error.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::NoSpace { at: at.into() },
            _ => Self::Failed { at: at.into(), why: error.to_string() },
        }
    }
}
