//! Read access to entries and attachments by name: the store implements it, the pure crates use it.

use crate::id::{AttachmentId, EntryId};

/// A store could not be read; the text says where and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReadFailed(pub String);

/// What admission, views and replication may ask a store for.
pub trait Entries {
    /// The entry's canonical bytes; `None` if it is not here.
    ///
    /// # Errors
    /// The store could not be read.
    fn entry(&self, id: &EntryId) -> Result<Option<Vec<u8>>, ReadFailed>;

    /// The attachment's bytes; `None` if it is not here.
    ///
    /// # Errors
    /// The store could not be read.
    fn attachment(&self, id: &AttachmentId) -> Result<Option<Vec<u8>>, ReadFailed>;
}
