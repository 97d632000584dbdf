//! Is the data folder its owner's alone? What can be mended is mended, and said.

use std::{
    fs,
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::Folder;
use crate::error::{CommandError, ErrorKind, Text};

/// Files that hold secrets, beside those in `keys`.
const SECRETS: [&str; 3] = ["node.key", "keyring.json", "invite.cbor"];

/// What another user may do with a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Nothing.
    Private,
    /// Read it, perhaps write it.
    Open,
    /// It is theirs.
    Foreign,
}

fn judge(owner: u32, mode: u32, own: u32) -> Verdict {
    match (owner == own, mode & 0o077 != 0) {
        (false, _) => Verdict::Foreign,
        (true, true) => Verdict::Open,
        (true, false) => Verdict::Private,
    }
}

impl Folder {
    /// Refuses a folder of another user, and closes what other users can open; says what it closed. A folder that is not there is nobody's.
    ///
    /// # Errors
    /// It belongs to another user, or cannot be closed.
    pub fn guard(&self) -> Result<Vec<Text>, CommandError> {
        if !self.path.exists() {
            return Ok(Vec::new());
        }
        let own = self.own_uid()?;
        let mut mended = Vec::new();
        for folder in [self.path.clone(), self.file("keys")] {
            mended.extend(self.guard_one(&folder, 0o700, own)?);
        }
        let keys = fs::read_dir(self.file("keys")).into_iter().flatten().flatten().map(|f| f.path());
        let files: Vec<PathBuf> = SECRETS.iter().map(|name| self.file(name)).chain(keys).collect();
        for file in files {
            mended.extend(self.guard_one(&file, 0o600, own)?);
        }
        Ok(mended)
    }

    fn guard_one(&self, path: &Path, mode: u32, own: u32) -> Result<Option<Text>, CommandError> {
        let Ok(found) = fs::metadata(path) else { return Ok(None) };
        match judge(found.uid(), found.mode(), own) {
            Verdict::Private => Ok(None),
            Verdict::Foreign => Err(foreign(path)),
            Verdict::Open => {
                fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(|e| self.failed(path, &e))?;
                Ok(Some(closed(path, found.mode())))
            }
        }
    }

    /// Who we are, as the file system sees it: the owner of a file that we make.
    fn own_uid(&self) -> Result<u32, CommandError> {
        let random: [u8; 8] = crate::random::bytes()?;
        let path = self.file(&format!("owner-{:016x}.tmp", u64::from_be_bytes(random)));
        let probe = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let uid = probe.and_then(|file| file.metadata()).map(|m| m.uid());
        fs::remove_file(&path).ok();
        match uid {
            Ok(uid) => Ok(uid),
            // Whoever may not write here does not own it.
            Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => Err(foreign(&self.path)),
            Err(e) => Err(self.failed(&self.path, &e)),
        }
    }
}

fn foreign(path: &Path) -> CommandError {
    let at = path.display();
    CommandError::new(
        ErrorKind::Storage,
        format!("{at} 属于另一个用户, 不能使用"),
        format!("{at} belongs to another user and is not used"),
    )
    .hint(
        "请用拥有该目录的用户运行, 不要用 sudo; 或用 --data 换一个目录",
        "run as the user who owns it, without sudo; or choose another folder with --data",
    )
}

fn closed(path: &Path, mode: u32) -> Text {
    let at = path.display();
    if mode & 0o022 == 0 {
        return Text::new(
            format!("{at} 原来其他用户可以读取, 现已改为只有您可以读取"),
            format!("other users could read {at}; now only you can"),
        );
    }
    Text::new(
        format!("{at} 原来其他用户可以改动, 现已改为只有您可以使用; 请运行 taizhang audit verify 核对"),
        format!("other users could change {at}; now only you can. Run `taizhang audit verify`"),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn folder() -> (tempfile::TempDir, Folder) {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::at(dir.path().join("node"));
        folder.create().unwrap();
        folder.node_key().unwrap();
        folder.write("keys/abc.json", b"{}").unwrap();
        (dir, folder)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn what_others_can_open_is_closed_and_said_once() {
        let (_dir, folder) = folder();
        assert_eq!(folder.guard().unwrap(), []);
        for (name, open, closed) in
            [("", 0o755, 0o700), ("keys", 0o711, 0o700), ("node.key", 0o640, 0o600), ("keys/abc.json", 0o606, 0o600)]
        {
            let path = folder.file(name);
            fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
            let said = folder.guard().unwrap();
            assert_eq!((said.len(), mode(&path)), (1, closed), "{name}: {said:?}");
            assert_eq!(folder.guard().unwrap(), [], "{name}");
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(folder.guard().unwrap().iter().all(|t| t.en.contains("could change")));
        assert_eq!(Folder::at(folder.file("nowhere")).guard().unwrap(), []);
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "nothing of the check stays behind: {left:?}");
    }

    #[test]
    fn a_folder_of_another_user_is_refused() {
        assert_eq!(judge(1000, 0o700, 0), Verdict::Foreign, "also to root");
        assert_eq!(judge(1000, 0o700, 1001), Verdict::Foreign);
        let (_dir, folder) = folder();
        // Only root can give a folder away; for anybody else the table above is all that can be shown.
        for path in [folder.path().to_owned(), folder.file("keys"), folder.file("node.key")] {
            let own = fs::metadata(&path).unwrap().uid();
            if std::os::unix::fs::chown(&path, Some(own + 1), None).is_ok() {
                let error = folder.guard().unwrap_err();
                assert!(error.what.en.contains("belongs to another user") && error.hint.is_some(), "{error:?}");
                std::os::unix::fs::chown(&path, Some(own), None).unwrap();
            }
        }
        assert_eq!(folder.guard().unwrap(), []);
    }
}
