//! The few things the store asks of a disk, so that the same code runs on real files and on a modelled disk that forgets what was not synced.

pub(crate) mod files;
pub(crate) mod model;

use std::io;

/// Files in folders, by path relative to the data folder with `/` between names. What is not synced may be lost when the power fails.
pub(crate) trait Medium: Send {
    /// Names and lengths (bytes) of the files right in `folder`, sorted; none if there is no such folder.
    fn list(&self, folder: &str) -> io::Result<Vec<(String, u64)>>;
    /// The file's length in bytes; `None` if there is none.
    fn len(&self, path: &str) -> io::Result<Option<u64>>;
    /// Exactly `len` bytes from `from` on.
    fn read(&self, path: &str, from: u64, len: usize) -> io::Result<Vec<u8>>;
    /// Makes an empty file (and the folders above); fails if there is one.
    fn create(&mut self, path: &str) -> io::Result<()>;
    /// Writes at the end `at` of the file; when it fails a part may have been written.
    fn append(&mut self, path: &str, at: u64, bytes: &[u8]) -> io::Result<()>;
    /// Makes the file's content and length durable.
    fn sync(&mut self, path: &str) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_folder(&mut self, folder: &str) -> io::Result<()>;
    /// Gives a file another name, replacing what had it.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;
    /// Shortens a file to `len` bytes.
    fn truncate(&mut self, path: &str, len: u64) -> io::Result<()>;
    /// Removes a file.
    fn remove(&mut self, path: &str) -> io::Result<()>;
    /// 4 bytes nobody can guess.
    fn salt(&mut self) -> io::Result<[u8; 4]>;
}

/// The folder of a path.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Writes a file whole or not at all, durable when it returns: another name → sync → rename → sync the folder.
pub(crate) fn put_whole(medium: &mut dyn Medium, path: &str, bytes: &[u8]) -> io::Result<()> {
    let draft = format!("{path}.tmp");
    if medium.len(&draft)?.is_some() {
        medium.remove(&draft)?;
    }
    let written = medium
        .create(&draft)
        .and_then(|()| medium.append(&draft, 0, bytes))
        .and_then(|()| medium.sync(&draft))
        .and_then(|()| medium.rename(&draft, path))
        .and_then(|()| medium.sync_folder(folder_of(path)));
    if written.is_err() {
        // Give the space back where it is possible; the next try removes what is left.
        medium.remove(&draft).ok();
    }
    written
}

/// Makes a file that is there durable, with its name.
pub(crate) fn sync_whole(medium: &mut dyn Medium, path: &str) -> io::Result<()> {
    medium.sync(path)?;
    medium.sync_folder(folder_of(path))
}

/// The whole file; `None` if there is none.
pub(crate) fn read_whole(medium: &dyn Medium, path: &str) -> io::Result<Option<Vec<u8>>> {
    let Some(len) = medium.len(path)? else {
        return Ok(None);
    };
    let len = usize::try_from(len).map_err(|_| io::ErrorKind::FileTooLarge)?;
    medium.read(path, 0, len).map(Some)
}
