//! Wrong passphrases: after a few, each further try must wait longer. Kept beside the key, so a restart forgives nothing.
//!
//! This slows down whoever sits at the keyboard. Whoever can copy the key file tries elsewhere, against Argon2id alone.

use serde::{Deserialize, Serialize};
use taizhang_core::{id::PublicKey, units::Ms};

use crate::{
    error::{CommandError, ErrorKind},
    folder::Folder,
};

/// Wrong tries without a wait.
const FREE: u32 = 3;
/// The first wait; each further one is twice as long…
const WAIT_MS: u64 = 10_000;
/// …up to this.
const WAIT_MS_MAX: u64 = 15 * 60 * 1_000;

/// Wrong tries since the last right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tries {
    wrong: u32,
    /// When the wait began, by the clock of then.
    since_ms: u64,
}

fn file(key: PublicKey) -> String {
    format!("keys/{key}.tries")
}

impl Tries {
    /// How long still, ms.
    fn wait_ms(self, now: Ms) -> u64 {
        let doublings = self.wrong.saturating_sub(FREE).min(16);
        let wait = if self.wrong < FREE { 0 } else { (WAIT_MS << doublings).min(WAIT_MS_MAX) };
        self.since_ms.saturating_add(wait).saturating_sub(now.0)
    }
}

/// Refuses a try that comes too early; it is not counted.
pub(super) fn check(folder: &Folder, key: PublicKey, now: Ms) -> Result<(), CommandError> {
    let Some(bytes) = folder.read(&file(key))? else { return Ok(()) };
    let read = serde_json::from_slice::<Tries>(&bytes).ok();
    // A damaged file counts as the first wait. A clock that went back says nothing about how long it was: the wait begins anew, by the clock of now.
    let tries = read.unwrap_or(Tries { wrong: FREE, since_ms: now.0 });
    let is_back = now.0 < tries.since_ms;
    let tries = if is_back { Tries { since_ms: now.0, ..tries } } else { tries };
    if is_back || read.is_none() {
        save(folder, key, tries)?;
    }
    match tries.wait_ms(now).div_ceil(1_000) {
        0 => Ok(()),
        seconds => Err(CommandError::new(
            ErrorKind::Key,
            format!("口令错了 {} 次, 请 {seconds} 秒后再试", tries.wrong),
            format!("the passphrase was wrong {} times; try again in {seconds} seconds", tries.wrong),
        )
        .hint(
            "忘记口令时请管理员再发一份邀请, 以新密钥加入 (见 docs/procedures.md)",
            "where it is forgotten ask the admin for another invite and join with a new key (docs/procedures.md)",
        )),
    }
}

/// One more wrong try.
pub(super) fn failed(folder: &Folder, key: PublicKey, now: Ms) -> Result<(), CommandError> {
    let before = folder.read(&file(key))?.and_then(|b| serde_json::from_slice::<Tries>(&b).ok());
    let wrong = before.map_or(1, |t| t.wrong.saturating_add(1));
    save(folder, key, Tries { wrong, since_ms: now.0 })
}

/// The right passphrase: all is forgotten.
pub(super) fn clear(folder: &Folder, key: PublicKey) {
    folder.remove(&file(key));
}

fn save(folder: &Folder, key: PublicKey, tries: Tries) -> Result<(), CommandError> {
    folder.write(&file(key), &serde_json::to_vec(&tries).map_err(CommandError::storage)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::super::{create, unlock_at};
    use super::*;

    const RIGHT: &str = "九座山的学校校";
    const HOUR: u64 = 3_600_000;

    /// A folder with one key.
    fn folder() -> (tempfile::TempDir, Folder, PublicKey) {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::at(dir.path().join("node"));
        folder.create().unwrap();
        let key = create(&folder, "clerk", RIGHT).unwrap().key.public();
        (dir, folder, key)
    }

    fn attempt(folder: &Folder, key: PublicKey, passphrase: &str, now: u64) -> Result<(), String> {
        unlock_at(folder, key, passphrase, Ms(now)).map(|_| ()).map_err(|e| e.what.en)
    }

    fn wrong(folder: &Folder, key: PublicKey, now: u64) {
        assert_eq!(attempt(folder, key, "wrong", now).unwrap_err(), "the passphrase is wrong");
    }

    #[test]
    fn each_wait_is_longer_and_a_right_passphrase_forgives() {
        let (_dir, folder, key) = folder();
        let mut now = HOUR;
        (0..3).for_each(|_| wrong(&folder, key, now));
        for wait in [10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 640_000, 900_000, 900_000] {
            // The right one too must wait, or a thief would learn it by trying; what is refused is not counted.
            let early = attempt(&folder, key, RIGHT, now + wait - 1).unwrap_err();
            assert!(early.contains("try again in 1 seconds"), "{wait}: {early}");
            now += wait;
            wrong(&folder, key, now);
        }
        attempt(&folder, key, RIGHT, now + 900_000).unwrap();
        (0..3).for_each(|_| wrong(&folder, key, now));
        attempt(&folder, key, RIGHT, now + 10_000).unwrap();
        assert!(!folder.file(&file(key)).exists());
    }

    #[test]
    fn another_key_does_not_wait() {
        let (_dir, folder, key) = folder();
        let other = create(&folder, "other", RIGHT).unwrap().key.public();
        (0..3).for_each(|_| wrong(&folder, key, HOUR));
        assert!(attempt(&folder, key, RIGHT, HOUR).is_err());
        attempt(&folder, other, RIGHT, HOUR).unwrap();
    }

    #[test]
    fn a_clock_that_goes_back_neither_opens_earlier_nor_locks_for_ever() {
        let (_dir, folder, key) = folder();
        (0..3).for_each(|_| wrong(&folder, key, 100 * HOUR));
        assert!(attempt(&folder, key, RIGHT, HOUR).unwrap_err().contains("in 10 seconds"), "the whole wait, not longer");
        assert!(attempt(&folder, key, RIGHT, HOUR + 9_999).is_err());
        attempt(&folder, key, RIGHT, HOUR + 10_000).unwrap();
    }

    #[test]
    fn a_damaged_file_is_one_wait() {
        let (_dir, folder, key) = folder();
        folder.write(&file(key), b"{").unwrap();
        assert!(attempt(&folder, key, RIGHT, HOUR).unwrap_err().contains("in 10 seconds"));
        attempt(&folder, key, RIGHT, HOUR + 10_000).unwrap();
    }
}
