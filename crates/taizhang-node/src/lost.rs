//! Entries that were here once and are gone. The store says so when it opens after the damage, and only then: the node remembers until they are here again, or until a person gives them up.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use taizhang_core::{id::EntryId, ledger::Ledger};

use crate::{error::CommandError, folder::Folder};

const FILE: &str = "lost.json";
/// Entries remembered, at most.
const LOST_MAX: usize = 100_000;

#[derive(Serialize, Deserialize)]
struct File {
    schema: String,
    entries: Vec<String>,
}

/// What is gone.
#[derive(Debug, Default)]
pub(crate) struct Lost(BTreeSet<EntryId>);

impl Lost {
    /// What was remembered, and what is lost since: durable before anybody is told.
    pub(crate) fn remember(folder: &Folder, new: Vec<EntryId>) -> Result<Self, CommandError> {
        let file: Option<File> = folder.read(FILE)?.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let known = file.map(|f| f.entries).unwrap_or_default();
        let mut lost: BTreeSet<EntryId> = known.iter().filter_map(|hex| EntryId::from_hex(hex)).collect();
        let before = lost.len();
        lost.extend(new.into_iter().take(LOST_MAX.saturating_sub(before)));
        if lost.len() > before {
            let file = File { schema: "taizhang.lost/1".to_owned(), entries: lost.iter().map(EntryId::to_string).collect() };
            folder.write(FILE, &serde_json::to_vec_pretty(&file).map_err(CommandError::storage)?)?;
        }
        Ok(Self(lost))
    }

    /// How many are not here again.
    pub(crate) fn count(&self, ledger: &Ledger) -> usize {
        self.0.iter().filter(|id| ledger.place(id).is_none()).count()
    }

    /// Nobody will bring them back.
    pub(crate) fn forget(&mut self, folder: &Folder) {
        self.0.clear();
        folder.remove(FILE);
    }
}
