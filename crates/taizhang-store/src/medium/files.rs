//! Real files under a data folder.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{Medium, folder_of};

const READERS_MAX: usize = 64;

/// A data folder.
pub(crate) struct Files {
    root: PathBuf,
    /// Off only where a test must show that a power cut loses data then.
    synced: bool,
    writer: Option<(String, File)>,
    readers: RefCell<BTreeMap<String, File>>,
}

impl Files {
    pub(crate) fn new(root: &Path, synced: bool) -> Self {
        Self { root: root.to_path_buf(), synced, writer: None, readers: RefCell::default() }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn writer(&mut self, path: &str) -> io::Result<&mut File> {
        if self.writer.as_ref().is_none_or(|(open, _)| open != path) {
            let file = OpenOptions::new().write(true).open(self.path(path))?;
            self.writer = Some((path.into(), file));
        }
        let (_, file) = self.writer.as_mut().ok_or(ErrorKind::NotFound)?;
        Ok(file)
    }

    fn forget(&mut self, path: &str) {
        self.readers.get_mut().remove(path);
        self.writer.take_if(|(open, _)| open == path);
    }

    /// Makes the folder and those above it, each name durable.
    fn make_folder(&mut self, folder: &str) -> io::Result<()> {
        if folder.is_empty() || self.path(folder).is_dir() {
            return Ok(());
        }
        let above = folder_of(folder).to_owned();
        self.make_folder(&above)?;
        match fs::create_dir(self.path(folder)) {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(e),
            _ => self.sync_folder(&above),
        }
    }
}

impl Medium for Files {
    fn list(&self, folder: &str) -> io::Result<Vec<(String, u64)>> {
        let entries = match fs::read_dir(self.path(folder)) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry?;
            let meta = entry.metadata()?;
            if meta.is_file() {
                found.push((entry.file_name().to_string_lossy().into_owned(), meta.len()));
            }
        }
        found.sort();
        Ok(found)
    }

    fn len(&self, path: &str) -> io::Result<Option<u64>> {
        match fs::metadata(self.path(path)) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            other => other.map(|m| Some(m.len())),
        }
    }

    fn read(&self, path: &str, from: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut readers = self.readers.borrow_mut();
        if !readers.contains_key(path) {
            if readers.len() >= READERS_MAX {
                readers.clear();
            }
            readers.insert(path.into(), File::open(self.path(path))?);
        }
        let mut file = readers.get(path).ok_or(ErrorKind::NotFound)?;
        let mut bytes = vec![0; len];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn create(&mut self, path: &str) -> io::Result<()> {
        self.forget(path);
        self.make_folder(folder_of(path))?;
        let file = OpenOptions::new().write(true).create_new(true).open(self.path(path))?;
        self.writer = Some((path.into(), file));
        Ok(())
    }

    fn append(&mut self, path: &str, at: u64, bytes: &[u8]) -> io::Result<()> {
        let file = self.writer(path)?;
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)
    }

    fn sync(&mut self, path: &str) -> io::Result<()> {
        if !self.synced {
            return Ok(());
        }
        self.writer(path)?.sync_data()
    }

    fn sync_folder(&mut self, folder: &str) -> io::Result<()> {
        if !self.synced {
            return Ok(());
        }
        sync_folder(&self.path(folder))
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.forget(from);
        self.forget(to);
        fs::rename(self.path(from), self.path(to))
    }

    fn truncate(&mut self, path: &str, len: u64) -> io::Result<()> {
        self.writer(path)?.set_len(len)
    }

    fn remove(&mut self, path: &str) -> io::Result<()> {
        self.forget(path);
        fs::remove_file(self.path(path))
    }

    fn salt(&mut self) -> io::Result<[u8; 4]> {
        let mut salt = [0; 4];
        getrandom::fill(&mut salt).map_err(io::Error::other)?;
        Ok(salt)
    }
}

/// Makes the names in a folder durable. Windows has no such call and keeps names in its own log.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
