#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use taizhang_core::rows::Role;

use super::*;
use crate::{
    command::Command,
    commands::testkit::{Net, PASSPHRASE},
};

fn nobody() -> Unlock {
    Unlock { key: None, passphrase: Some(PASSPHRASE.to_owned()) }
}

fn invite(net: &mut Net) -> String {
    let (org, role) = ("429801".into(), "clerk".into());
    let command = Command::Invite { org, role, office: None, expires_ms: 86_400_000, address: None };
    net.data("admin", &command)["invite"].as_str().unwrap().to_owned()
}

fn keys(folder: &Folder) -> usize {
    keyfile::list(folder).unwrap().len()
}

/// Labels stand in the registry, which everybody reads and nobody can change.
#[test]
fn a_label_with_a_number_of_a_person_or_of_any_length_is_refused_before_a_key_is_made() {
    let mut net = Net::new();
    let text = invite(&mut net);
    let fresh = Folder::at(net.dir.path().join("fresh"));
    let long = "岗".repeat(21);
    for label in ["王小明 13812345678", "岗 42980419721227006X", &long, " ", "a\nb"] {
        let error = join(&fresh, &nobody(), &text, Some(label)).unwrap_err();
        assert!(error.hint.is_some() && !error.what.zh.contains("138"), "{error:?}");
        assert!(!fresh.path().exists(), "{label}");
        let before = keys(net.core.folder());
        join_running(&mut net.core, &nobody(), &text, Some(label)).unwrap_err();
        assert_eq!(keys(net.core.folder()), before, "{label}");
    }
    join(&fresh, &nobody(), &text, Some(&"岗".repeat(20))).unwrap();
}

#[test]
fn a_founding_that_is_refused_leaves_the_folder_to_the_next_try() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::at(dir.path().join("node"));
    for name in ["县".repeat(1_100), "青林县 13812345678".to_owned()] {
        init(&folder, &nobody(), "429801", &name, "county").unwrap_err();
        assert!(!folder.path().exists(), "{name}");
    }
    // The last step fails: the settings cannot be written.
    folder.create().unwrap();
    std::fs::create_dir(folder.file("node.json.tmp")).unwrap();
    init_with(&folder, &nobody(), ("429801", "青林县", "county"), (3, 2)).unwrap_err();
    assert_eq!((keys(&folder), folder.file("store").exists(), folder.is_set_up()), (0, false, false));
    std::fs::remove_dir(folder.file("node.json.tmp")).unwrap();
    init_with(&folder, &nobody(), ("429801", "青林县", "county"), (3, 2)).unwrap();
    assert_eq!(keys(&folder), 4);
    // A ledger whose settings are gone is no place for another network.
    std::fs::remove_file(folder.file("node.json")).unwrap();
    let error = init(&folder, &nobody(), "429801", "青林县", "county").unwrap_err();
    assert!(error.what.en.contains("node.json is missing"), "{error:?}");
    assert_eq!(keys(&folder), 4);
}

#[test]
fn a_joining_that_fails_leaves_no_key_behind() {
    let mut net = Net::new();
    let text = invite(&mut net);
    let fresh = Folder::at(net.dir.path().join("fresh"));
    fresh.create().unwrap();
    std::fs::create_dir(fresh.file("node.json.tmp")).unwrap();
    join(&fresh, &nobody(), &text, None).unwrap_err();
    assert_eq!((keys(&fresh), fresh.file("invite.cbor").exists(), fresh.is_set_up()), (0, false, false));
    std::fs::remove_dir(fresh.file("node.json.tmp")).unwrap();
    join(&fresh, &nobody(), &text, None).unwrap();
    // On a machine in use a rule refuses the entry: another role than the invite's.
    let mut bent = InviteFile::read(&text).unwrap();
    bent.row.role = Role::Principal;
    let before = keys(net.core.folder());
    join_into(&mut net.core, &nobody(), &bent, "late").unwrap_err();
    assert_eq!(keys(net.core.folder()), before);
}
