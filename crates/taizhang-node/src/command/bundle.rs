//! Sync by files.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What to do with a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "bundle", rename_all = "snake_case")]
pub enum Bundle {
    /// Writes what another node lacks.
    Write {
        /// The node: six digits or more of its key, or the code of its organisation.
        to: String,
        /// Which of the organisations that certify it is meant, where there are several.
        #[serde(default)]
        org: Option<String>,
        /// Into this file.
        out: PathBuf,
        /// Also ledgers, to a city or province.
        ledgers: bool,
    },
    /// Reads one.
    Read {
        /// The file.
        file: PathBuf,
        /// Write the answer into this file.
        answer: Option<PathBuf>,
    },
}
