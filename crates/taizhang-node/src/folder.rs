//! The data folder: where everything of one node lies, for its owner only.
//!
//! ```text
//! node.json      settings: network, organisation, neighbours         keys/PUBLIC.json  a person's key, encrypted
//! node.key       the node's key (32 bytes, hex)                      store/            journal, index, attachments
//! node.sock      control socket of the running node                  invite.cbor       until the network knows us
//! ```

mod guard;

use std::{
    fs,
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use taizhang_core::{
    id::{NetworkId, OrgId, PublicKey, from_hex},
    key::SecretKey,
};
use zeroize::Zeroizing;

use crate::error::{CommandError, ErrorKind};

/// What lies in a folder before it is set up, if anything.
const OURS: [&str; 3] = ["keys", "node.key", "invite.cbor"];

/// The data folder.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

/// Another node to dial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbour {
    /// `host:port`.
    pub address: String,
    /// Its node key in hex, where known.
    pub key: Option<String>,
}

/// Settings of a node, kept in `node.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// `taizhang.node/1`.
    pub schema: String,
    /// The network, hex.
    pub network: String,
    /// The node's organisation, hex.
    pub org: String,
    /// Nodes to dial, in order; absent: none.
    #[serde(default)]
    pub neighbours: Vec<Neighbour>,
    /// Ask others for ledgers of schools below (a city does so only when it verifies); absent: asked for.
    #[serde(default = "yes")]
    pub ledgers: bool,
    /// Least time between two receipts of a session, ms; absent: 60,000.
    #[serde(default = "minute")]
    pub receipt_interval_ms: u64,
}

fn yes() -> bool {
    true
}

fn minute() -> u64 {
    60_000
}

impl Settings {
    /// Settings of a new node.
    #[must_use]
    pub fn new(network: NetworkId, org: OrgId, neighbours: Vec<Neighbour>) -> Self {
        let schema = "taizhang.node/1".to_owned();
        Self {
            schema,
            network: network.to_string(),
            org: org.to_string(),
            neighbours,
            ledgers: true,
            receipt_interval_ms: minute(),
        }
    }

    /// The network.
    ///
    /// # Errors
    /// The file was changed by hand.
    pub fn network(&self) -> Result<NetworkId, CommandError> {
        NetworkId::from_hex(&self.network).ok_or_else(|| damaged("network"))
    }

    /// The organisation.
    ///
    /// # Errors
    /// The file was changed by hand.
    pub fn org(&self) -> Result<OrgId, CommandError> {
        OrgId::from_hex(&self.org).ok_or_else(|| damaged("org"))
    }
}

fn damaged(field: &str) -> CommandError {
    CommandError::new(
        ErrorKind::Storage,
        format!("node.json 的 {field} 无法识别"),
        format!("{field} in node.json cannot be read"),
    )
    .hint("请恢复该文件的备份", "restore the file from a backup")
}

impl Folder {
    /// A folder that may not exist yet.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Has a network been founded or joined here?
    #[must_use]
    pub fn is_set_up(&self) -> bool {
        self.file("node.json").exists()
    }

    /// Makes the folder, readable by its owner only.
    ///
    /// # Errors
    /// It cannot be made, or others use it.
    pub fn create(&self) -> Result<(), CommandError> {
        self.refuse_shared()?;
        for dir in [self.path.clone(), self.file("keys")] {
            let private = fs::Permissions::from_mode(0o700);
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir);
            // A folder that was there already may be open to others.
            made.and_then(|()| fs::set_permissions(&dir, private)).map_err(|e| self.failed(&dir, &e))?;
        }
        Ok(())
    }

    /// A folder that others can open and that holds something else is closed to nobody: a slip of the pen would take it away from them.
    fn refuse_shared(&self) -> Result<(), CommandError> {
        let is_open = fs::metadata(&self.path).is_ok_and(|m| m.permissions().mode() & 0o077 != 0);
        let ours = |name: &std::ffi::OsStr| OURS.iter().any(|o| name == *o);
        let mut inside = fs::read_dir(&self.path).into_iter().flatten().flatten();
        if !is_open || !inside.any(|file| !ours(&file.file_name())) {
            return Ok(());
        }
        let at = self.path.display();
        Err(CommandError::new(
            ErrorKind::Refused,
            format!("{at} 中有别的文件, 其他用户也能打开, 不能用作数据目录"),
            format!("{at} holds other files and is open to other users: it cannot be the data folder"),
        )
        .hint("请用 --data 换一个新目录", "choose a new folder with --data"))
    }

    /// A file in it.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn failed(&self, path: &Path, e: &std::io::Error) -> CommandError {
        let at = path.display();
        let why = crate::error::io_text(e);
        CommandError::new(ErrorKind::Storage, format!("无法使用 {at}: {}", why.zh), format!("cannot use {at}: {}", why.en))
            .hint("请检查磁盘空间和权限", "check free space and permissions")
    }

    /// Writes a small file whole or not at all, readable by its owner only.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), CommandError> {
        let (path, tmp) = (self.file(name), self.file(&format!("{name}.tmp")));
        let write = || -> std::io::Result<()> {
            let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&tmp)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&tmp, &path)?;
            fs::File::open(path.parent().unwrap_or(&self.path))?.sync_all()
        };
        write().map_err(|e| self.failed(&path, &e))
    }

    /// The same, and what stood in the file before is overwritten: its name led to those bytes, now nothing does. What a file system, a disk or a backup keeps besides is out of reach (docs/storage.md).
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write_over(&self, name: &str, bytes: &[u8]) -> Result<(), CommandError> {
        let old = fs::OpenOptions::new().write(true).open(self.file(name)).ok();
        self.write(name, bytes)?;
        old.map_or(Ok(()), zeros).map_err(|e| self.failed(&self.file(name), &e))
    }

    /// Overwrites and removes a file, if it is there.
    pub fn wipe(&self, name: &str) {
        if let Ok(old) = fs::OpenOptions::new().write(true).open(self.file(name)) {
            zeros(old).ok();
        }
        self.remove(name);
    }

    /// The same of a file that must not come back after a power cut.
    ///
    /// # Errors
    /// It is not there, or cannot be overwritten or removed.
    pub fn destroy(&self, name: &str) -> Result<(), CommandError> {
        let path = self.file(name);
        let destroy = || -> std::io::Result<()> {
            zeros(fs::OpenOptions::new().write(true).open(&path)?)?;
            fs::remove_file(&path)?;
            fs::File::open(path.parent().unwrap_or(&self.path))?.sync_all()
        };
        destroy().map_err(|e| self.failed(&path, &e))
    }

    /// Gives a file another name; what stood there is overwritten.
    ///
    /// # Errors
    /// It cannot be renamed.
    pub fn set_aside(&self, name: &str, aside: &str) -> Result<(), CommandError> {
        self.wipe(aside);
        fs::rename(self.file(name), self.file(aside)).map_err(|e| self.failed(&self.file(name), &e))
    }

    /// Reads a small file; `None` if it is not there.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, CommandError> {
        let path = self.file(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(self.failed(&path, &e)),
        }
    }

    /// Removes a file if it is there.
    pub fn remove(&self, name: &str) {
        fs::remove_file(self.file(name)).ok();
    }

    /// The settings.
    ///
    /// # Errors
    /// Nothing was set up here, or the file is damaged.
    pub fn settings(&self) -> Result<Settings, CommandError> {
        let bytes = self.read("node.json")?.ok_or_else(|| {
            let at = self.path.display();
            CommandError::new(ErrorKind::Usage, format!("{at} 中还没有台账"), format!("there is no ledger in {at} yet"))
                .hint("先运行 taizhang init 或 taizhang join", "run `taizhang init` or `taizhang join` first")
        })?;
        serde_json::from_slice(&bytes).map_err(|_| damaged("JSON"))
    }

    /// Keeps the settings.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn save_settings(&self, settings: &Settings) -> Result<(), CommandError> {
        self.write("node.json", &serde_json::to_vec_pretty(settings).map_err(CommandError::storage)?)
    }

    /// The node's key; made at the first call.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub fn node_key(&self) -> Result<SecretKey, CommandError> {
        if let Some(text) = self.read("node.key")?.map(Zeroizing::new) {
            let bytes = std::str::from_utf8(&text).ok().and_then(|t| from_hex(t.trim())).map(Zeroizing::new);
            let seed = bytes.and_then(|b| <[u8; 32]>::try_from(b.as_slice()).ok()).map(Zeroizing::new);
            return seed.map(|s| SecretKey::from_seed(*s)).ok_or_else(|| damaged("node.key"));
        }
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(crate::random::bytes()?);
        self.write("node.key", Zeroizing::new(PublicKey(*seed).to_string()).as_bytes())?;
        Ok(SecretKey::from_seed(*seed))
    }
}

/// Writes zeros over all that a file holds, down to the disk.
fn zeros(mut file: fs::File) -> std::io::Result<()> {
    let mut left = file.metadata()?.len();
    let block = [0; 4096];
    while left > 0 {
        let part = block.get(..usize::try_from(left).unwrap_or(block.len()).min(block.len())).unwrap_or(&block);
        file.write_all(part)?;
        left -= part.len() as u64;
    }
    file.sync_all()
}
