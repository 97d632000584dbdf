//! What may be asked about organisations over the years, the root's keys, and key files.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Describes, moves, closes or shows organisations.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum OrgChange {
    /// Under another parent.
    Move {
        /// Which.
        org: String,
        /// The new parent.
        to: String,
        /// From this day on, `YYYY-MM-DD`.
        from: String,
        /// Why.
        reason: Option<String>,
    },
    /// Another name.
    Rename {
        /// Which.
        org: String,
        /// Its name from now on.
        name: String,
    },
    /// Another code.
    Recode {
        /// Which.
        org: String,
        /// Its code from now on.
        code: String,
    },
    /// Closed.
    Close {
        /// Which.
        org: String,
        /// Its last day, `YYYY-MM-DD`.
        day: String,
        /// The organisation that goes on with its work.
        succeeded_by: Option<String>,
        /// Why.
        reason: Option<String>,
    },
    /// Several closed, and one that goes on with their work.
    Merge {
        /// Which.
        orgs: Vec<String>,
        /// The one that goes on.
        into: String,
        /// Their last day, `YYYY-MM-DD`; absent: today.
        day: Option<String>,
        /// Why.
        reason: Option<String>,
    },
    /// Every description with its day, who wrote it, and whether it counts.
    History {
        /// Which.
        org: String,
    },
}

/// The root's keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Root {
    /// The statement that counts.
    Show,
    /// A successor, to be signed.
    Propose(Proposal),
    /// Adds the signature of one key.
    Sign {
        /// The proposal.
        file: PathBuf,
    },
    /// Writes the signed statement down.
    Publish {
        /// The proposal.
        file: PathBuf,
    },
}

/// What a successor shall say. Keys are named by label or hex where they are on this machine, else by all 64 digits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Proposal {
    /// Into this file.
    pub out: PathBuf,
    /// All keys; empty: those of now.
    pub keys: Vec<String>,
    /// And these.
    pub add: Vec<String>,
    /// Without these.
    pub remove: Vec<String>,
    /// How many name the next; absent: as many as now.
    pub threshold: Option<u8>,
    /// Why.
    pub reason: Option<String>,
}

/// Makes a key, and moves its encrypted file to a stick and back.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "move", rename_all = "snake_case")]
pub enum KeyFile {
    /// A key that nobody has granted anything yet, such as one that shall succeed a root key.
    New {
        /// What it is called on this machine.
        label: String,
    },
    /// A copy.
    Export {
        /// Which key: label, or the beginning of its hex.
        key: String,
        /// Into this file.
        out: PathBuf,
    },
    /// From a file.
    Import {
        /// The file.
        file: PathBuf,
    },
    /// Removed from this machine.
    Remove {
        /// Which key: label, or the beginning of its hex.
        key: String,
        /// A copy that must hold it.
        copy: PathBuf,
    },
}
