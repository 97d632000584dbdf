//! Attachments and snapshots: whole files beside the journal, named after their content.

use std::io;

use taizhang_core::entries::ReadFailed;
use taizhang_core::id::{AttachmentId, DocId};

use super::{DiskStore, index_failed, unreadable};
use crate::CommitError;
use crate::index::Tree;
use crate::medium::{put_whole, read_whole, sync_whole};
use crate::shape::sha256;

pub(super) const ATTACHMENTS: &str = "attachments";
pub(super) const SNAPSHOTS: &str = "snapshots";

fn attachment_path(id: &AttachmentId) -> String {
    let hex = id.to_string();
    let short: String = hex.chars().take(2).collect();
    format!("{ATTACHMENTS}/{short}/{hex}")
}

fn snapshot_name(doc: &DocId, hash: &[u8]) -> String {
    format!("{}-{}", hex(&doc.to_bytes()), hex(hash.get(..8).unwrap_or(hash)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The folders that attachments lie in.
pub(super) fn attachment_folders() -> impl Iterator<Item = String> {
    (0..=255_u8).map(|n| format!("{ATTACHMENTS}/{n:02x}"))
}

fn failed(path: &str, error: &io::Error) -> ReadFailed {
    ReadFailed(format!("the file {path} cannot be read: {error}; check the disk"))
}

impl DiskStore {
    /// Writes those that are not here yet; returns the paths of the new files.
    pub(super) fn put_attachments(&mut self, attachments: &[(AttachmentId, Vec<u8>)]) -> Result<Vec<String>, CommitError> {
        let mut put = Vec::new();
        for (id, bytes) in attachments {
            let path = attachment_path(id);
            let here = matches!(self.read_attachment(id), Ok(Some(_)));
            let written = match here {
                // A program killed while it wrote this may have left it undurable.
                true => sync_whole(&mut *self.medium, &path),
                false => put_whole(&mut *self.medium, &path, bytes),
            };
            if let Err(error) = written {
                self.take_back(&put);
                return Err(CommitError::io(&path, &error));
            }
            if !here {
                put.push(path);
            }
        }
        Ok(put)
    }

    /// Removes the attachments of a failed commit.
    pub(super) fn take_back(&mut self, put: &[String]) {
        for path in put {
            self.medium.remove(path).ok();
        }
    }

    /// A damaged file is an error to readers; a commit with the attachment writes it anew.
    pub(super) fn read_attachment(&self, id: &AttachmentId) -> Result<Option<Vec<u8>>, ReadFailed> {
        let path = attachment_path(id);
        let bytes = read_whole(&*self.medium, &path).map_err(|e| failed(&path, &e))?;
        match bytes {
            Some(bytes) if sha256(&bytes) != id.0 => {
                Err(ReadFailed(format!("the file {path} is damaged; fetch the attachment again")))
            }
            other => Ok(other),
        }
    }

    pub(super) fn read_snapshot(&self, doc: &DocId) -> Result<Option<Vec<u8>>, ReadFailed> {
        let row = self.index.get(Tree::Snapshots, &doc.to_bytes());
        let Some(hash) = row.map_err(|f| unreadable(&f))? else {
            return Ok(None);
        };
        let path = format!("{SNAPSHOTS}/{}", snapshot_name(doc, &hash));
        let bytes = read_whole(&*self.medium, &path).map_err(|e| failed(&path, &e))?;
        Ok(bytes.filter(|bytes| sha256(bytes)[..] == hash[..]))
    }

    pub(super) fn write_snapshot(&mut self, doc: &DocId, bytes: &[u8]) -> Result<(), CommitError> {
        let key = doc.to_bytes();
        let old = self.index.get(Tree::Snapshots, &key);
        let old = old.map_err(|f| index_failed(&f))?;
        let hash = sha256(bytes);
        let path = format!("{SNAPSHOTS}/{}", snapshot_name(doc, &hash));
        put_whole(&mut *self.medium, &path, bytes).map_err(|e| CommitError::io(&path, &e))?;
        let batch = vec![(Tree::Snapshots, key.to_vec(), Some(hash.to_vec()))];
        self.settle(&batch).map_err(|f| index_failed(&f))?;
        if let Some(old) = old.filter(|old| old[..] != hash[..]) {
            let old = format!("{SNAPSHOTS}/{}", snapshot_name(doc, &old));
            self.medium.remove(&old).ok();
        }
        Ok(())
    }

    /// Removes snapshot files that no row names: those of a crash, and of an index that is gone.
    pub(super) fn sweep_snapshots(&mut self) {
        let mut named = std::collections::BTreeSet::new();
        let rows = self.index.range(Tree::Snapshots, &[], usize::MAX);
        for (doc, hash) in rows.unwrap_or_default() {
            named.extend(DocId::from_bytes(&doc).map(|doc| snapshot_name(&doc, &hash)));
        }
        for (name, _) in self.medium.list(SNAPSHOTS).unwrap_or_default() {
            if !named.contains(&name) {
                self.medium.remove(&format!("{SNAPSHOTS}/{name}")).ok();
            }
        }
    }

    pub(super) fn attachment_bytes(&self) -> Result<u64, ReadFailed> {
        attachment_folders().map(|f| self.folder_bytes(&f)).sum()
    }

    pub(super) fn snapshot_bytes(&self) -> Result<u64, ReadFailed> {
        self.folder_bytes(SNAPSHOTS)
    }

    fn folder_bytes(&self, folder: &str) -> Result<u64, ReadFailed> {
        let files = self.medium.list(folder).map_err(|e| failed(folder, &e))?;
        Ok(files.iter().map(|(_, len)| len).sum())
    }
}
