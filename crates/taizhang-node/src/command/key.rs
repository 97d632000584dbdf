//! What may be asked about people's keys.

use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// What may be asked about keys. A key is named by six digits or more of its beginning, by the label of its grant, or by what it is called on this machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum KeyCommand {
    /// Every key with its grants.
    List {
        /// Of this organisation only.
        org: Option<String>,
    },
    /// Another passphrase for a key of this machine; the old one unlocks.
    Passphrase {
        /// Which; absent: the one that acts.
        key: Option<String>,
        /// The new one.
        new: Secret,
    },
    /// Staff left: ends grants.
    End(Ending),
    /// Stolen: burns keys.
    Burn(Burning),
    /// Lets what waits stand.
    Accept(Accepting),
}

/// Whose grants end, and when.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ending {
    /// The key.
    pub key: String,
    /// The grants of this role only; absent: all of the key's.
    pub role: Option<String>,
    /// Last day, `YYYY-MM-DD`; absent: today.
    pub left: Option<String>,
    /// Why.
    pub reason: String,
    /// Show only.
    pub dry_run: bool,
}

/// Which keys are burnt, and what of theirs stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Burning {
    /// The key, or
    pub key: Option<String>,
    /// the node key of a machine: it and every person's key that joined there.
    pub machine: Option<String>,
    /// What happened.
    pub cause: String,
    /// What stands.
    pub keep: Keep,
    /// Show only.
    pub dry_run: bool,
}

/// What stands of a burnt key's entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// What was here before this day, `YYYY-MM-DD`.
    Before(String),
    /// All that is here.
    All,
    /// Nothing.
    Nothing,
    /// These entries and all that came before them in their logs.
    UpTo(Vec<String>),
}

/// What is accepted: entries, all of a key's, or used invites.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Accepting {
    /// Entries, hex or its beginning.
    pub entries: Vec<String>,
    /// All that waits of this key's.
    pub key: Option<String>,
    /// The use of every invite that was used once.
    pub invites: bool,
    /// Why; may be absent for invites.
    pub reason: Option<String>,
    /// Show only.
    pub dry_run: bool,
}
