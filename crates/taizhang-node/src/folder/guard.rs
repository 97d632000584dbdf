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
    /// Refuses a folder of another user, and closes what other users can open; says what it closed. What holds no ledger is none of ours: it is left as it is.
    ///
    /// # Errors
    /// It belongs to another user, or cannot be closed.
    pub fn guard(&self) -> Result<Vec<Text>, CommandError> {
        if !self.is_set_up() {
            return Ok(Vec::new());
        }
        let own = self.own_uid()?;
        let keys = fs::read_dir(self.file("keys")).into_iter().flatten().flatten().map(|f| f.path());
        let files = SECRETS.iter().map(|name| self.file(name)).chain(keys).map(|file| (file, 0o600));
        let all: Vec<(PathBuf, u32)> =
            [(self.path.clone(), 0o700), (self.file("keys"), 0o700)].into_iter().chain(files).collect();
        // All of it is looked at before anything is changed.
        if let Some((path, _)) = all.iter().chain([&(self.file("node.json"), 0o600)]).find(|(path, _)| is_foreign(path, own)) {
            return Err(foreign(path));
        }
        let mended = all.iter().map(|(path, mode)| self.guard_one(path, *mode, own)).collect::<Result<Vec<_>, _>>()?;
        Ok(mended.into_iter().flatten().collect())
    }

    fn guard_one(&self, path: &Path, mode: u32, own: u32) -> Result<Option<Text>, CommandError> {
        let Ok(found) = fs::metadata(path) else { return Ok(None) };
        match judge(found.uid(), found.mode(), own) {
            Verdict::Private | Verdict::Foreign => Ok(None),
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

fn is_foreign(path: &Path, own: u32) -> bool {
    fs::metadata(path).is_ok_and(|found| judge(found.uid(), found.mode(), own) == Verdict::Foreign)
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
        folder.write("node.json", b"{}").unwrap();
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
        assert_eq!(left.len(), 3, "nothing of the check stays behind: {left:?}");
    }

    #[test]
    fn a_folder_that_holds_no_ledger_is_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let shared = Folder::at(dir.path());
        fs::write(dir.path().join("everyones.txt"), "x").unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!((shared.guard().unwrap(), mode(dir.path())), (vec![], 0o777));
        let error = shared.create().unwrap_err();
        assert!(error.what.en.contains("open to other users") && error.hint.is_some(), "{error:?}");
        assert_eq!((mode(dir.path()), fs::read_dir(dir.path()).unwrap().count()), (0o777, 1), "nothing was made in it");
        // What is empty, or what a founding that failed left behind, is taken and closed.
        fs::remove_file(dir.path().join("everyones.txt")).unwrap();
        shared.create().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        shared.create().unwrap();
        assert_eq!(mode(dir.path()), 0o700);
    }

    #[test]
    fn a_folder_of_another_user_is_refused() {
        assert_eq!(judge(1000, 0o700, 0), Verdict::Foreign, "also to root");
        assert_eq!(judge(1000, 0o700, 1001), Verdict::Foreign);
        let (_dir, folder) = folder();
        // Only root can give a folder away; for anybody else the table above is all that can be shown.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
        for path in [folder.path().to_owned(), folder.file("keys"), folder.file("node.key"), folder.file("node.json")] {
            let own = fs::metadata(&path).unwrap().uid();
            if std::os::unix::fs::chown(&path, Some(own + 1), None).is_ok() {
                let error = folder.guard().unwrap_err();
                assert!(error.what.en.contains("belongs to another user") && error.hint.is_some(), "{error:?}");
                assert_eq!(mode(folder.path()), 0o711, "nothing is changed before");
                std::os::unix::fs::chown(&path, Some(own), None).unwrap();
            }
        }
        assert_eq!(folder.guard().unwrap().len(), 1);
    }
}
