//! A founding or joining that did not come to its end: until `node.json` is there nothing of it counts, and nobody has seen any of it.

use taizhang_core::id::PublicKey;

use crate::{error::CommandError, folder::Folder, keyfile::Person};

/// Names the keys that are being made in a folder: the machine may stop in between.
const FILE: &str = "unfinished";
const SCHEMA: &str = "taizhang.unfinished/1";

/// Before the first key is kept.
pub(super) fn begin(folder: &Folder, people: &[&Person]) -> Result<(), CommandError> {
    let lines = people.iter().map(|p| format!("{}\n", p.key.public())).collect::<String>();
    folder.write(FILE, format!("{SCHEMA}\n{lines}").as_bytes())
}

/// `node.json` is there; also at every later start, where the machine stopped just then.
pub(crate) fn is_done(folder: &Folder) {
    folder.remove(FILE);
}

/// Takes away what was left.
pub(super) fn clear(folder: &Folder) -> Result<(), CommandError> {
    let Some(bytes) = folder.read(FILE)?.filter(|_| !folder.is_set_up()) else { return Ok(()) };
    let text = String::from_utf8_lossy(&bytes);
    let Some(keys) = text.strip_prefix(SCHEMA) else { return Ok(()) };
    for key in keys.lines().filter_map(PublicKey::from_hex) {
        folder.wipe(&format!("keys/{key}.json"));
    }
    folder.remove("invite.cbor");
    std::fs::remove_dir_all(folder.file("store")).ok();
    folder.remove(FILE);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::{
        command::Unlock,
        commands::{found::init, testkit::PASSPHRASE},
        core::Core,
        keyfile,
    };

    fn founded(folder: &Folder) {
        let unlock = Unlock { key: None, passphrase: Some(PASSPHRASE.to_owned()) };
        init(folder, &unlock, "429801", "青林县", "county").unwrap();
    }

    #[test]
    fn what_a_power_cut_leaves_of_a_founding_is_in_nobodys_way() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::at(dir.path().join("node"));
        folder.create().unwrap();
        let somebody = keyfile::create(&folder, "somebody", PASSPHRASE).unwrap();
        let left = Person::new("admin").unwrap();
        begin(&folder, &[&left]).unwrap();
        keyfile::keep(&folder, &left, PASSPHRASE).unwrap();
        std::fs::create_dir(folder.file("store")).unwrap();
        founded(&folder);
        let keys: Vec<PublicKey> = keyfile::list(&folder).unwrap().iter().map(|k| k.public).collect();
        assert!(keys.contains(&somebody.key.public()) && !keys.contains(&left.key.public()), "{keys:?}");
        assert!(!folder.file(FILE).exists());
    }

    /// The machine stopped between `node.json` and the last step: what is there counts, and goes on counting when that file is lost.
    #[test]
    fn a_ledger_that_was_opened_is_never_taken_for_an_unfinished_one() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::at(dir.path().join("node"));
        founded(&folder);
        let admin = keyfile::list(&folder).unwrap().remove(0);
        folder.write(FILE, format!("{SCHEMA}\n{}\n", admin.public).as_bytes()).unwrap();
        drop(Core::open(folder.clone(), &mut |_, _, _| {}).unwrap());
        folder.remove("node.json");
        clear(&folder).unwrap();
        assert!(folder.file("store").exists() && folder.file(&format!("keys/{}.json", admin.public)).exists());
    }
}
