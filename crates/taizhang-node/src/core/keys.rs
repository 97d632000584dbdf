//! When the keyring's file is written, and what goes from it.

use taizhang_core::{names, standing::Judge, units::Ms};
use taizhang_sync::{Input, keys::KeyRecord};

use super::Core;
use crate::{error::CommandError, keyring};

/// The keyring file is written at most this often for what others send, ms.
const KEYS_SAVE_MS: u64 = 2_000;

impl Core {
    /// A damaged keyring that was put aside may hold a key that is erased by now, although no record of it was here.
    pub(super) fn forget_erased(&mut self) {
        let ledger = self.hub.ledger();
        let at = (ledger.names_revision(), ledger.registry_revision());
        if self.erased_at.replace(at) == Some(at) || !keyring::file::is_damaged(&self.folder) {
            return;
        }
        if !names::erased(ledger, &Judge::new(ledger)).is_empty() {
            keyring::file::forget_damaged(&self.folder);
        }
    }

    /// When the keyring file must be written: others' records come by the thousand, and the file is written whole. What a crash loses of them comes again with the next comparison.
    #[must_use]
    pub fn keys_due(&self) -> Option<Ms> {
        let is_past = self.keys_saved > self.now();
        let due = if is_past { Ms(0) } else { Ms(self.keys_saved.0.saturating_add(KEYS_SAVE_MS)) };
        self.keys_unsaved.then_some(due)
    }

    /// Writes the keyring file if it is due.
    pub fn save_keys_when_due(&mut self) {
        if self.keys_due().is_some_and(|due| due <= self.now()) {
            self.save_keys();
        }
    }

    /// Writes the keyring file if anything in it is new.
    pub(super) fn save_keys(&mut self) {
        if !self.keys_unsaved {
            return;
        }
        (self.keys_saved, self.keys_unsaved) = (self.now(), false);
        if let Err(e) = keyring::file::save(&self.folder, self.hub.keys()) {
            tracing::error!(error = %e, "the keyring was not written");
            self.keys_unsaved = true;
            self.last_storage_error = Some(e);
        }
    }

    /// Keeps the right records of teachers' keys, drops spoiled ones, and passes on what is new; returns when that is durable.
    ///
    /// # Errors
    /// The keyring file cannot be written.
    pub fn keep_keys(&mut self, right: Vec<KeyRecord>, spoiled: Vec<KeyRecord>) -> Result<(), CommandError> {
        if right.is_empty() && spoiled.is_empty() {
            return Ok(());
        }
        self.last_storage_error = None;
        self.step(Input::Keys { right, spoiled });
        self.save_keys();
        self.last_storage_error.take().map_or(Ok(()), Err)
    }
}
