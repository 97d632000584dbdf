//! The nodes that this one dials.

use serde::{Deserialize, Serialize};

/// What to do with the list of neighbours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "neighbours", rename_all = "snake_case")]
pub enum NeighbourCommand {
    /// Lists them.
    List,
    /// Dials this address too; of one that is dialled already another key is remembered.
    Add {
        /// `host:port`.
        address: String,
        /// The key of its node: six digits or more where a registry here names it, else all.
        key: Option<String>,
    },
    /// Dials it no more.
    Remove {
        /// `host:port`.
        address: String,
    },
}
