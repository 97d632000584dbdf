//! Several people and roles on one machine.

use taizhang_core::{
    author::grant_for,
    id::{DocId, Kind},
};
use taizhang_node::{
    command::{Command, Unlock},
    commands::{self, found},
    core::Core,
    error::ErrorKind,
    keyfile,
};
use taizhang_tests::nodes::{PASSPHRASE, founded, text, unlock};
use tempfile::TempDir;

/// A county with one PC: its admin invites a reviewer, who joins in the same folder.
#[test]
fn an_admin_and_a_reviewer_share_one_pc() {
    let dir = TempDir::new().expect("a temporary folder");
    let folder = founded(&dir.path().join("county"), "county");
    let invite = {
        let mut core = Core::open(folder.clone(), &mut |_, _, _| {}).expect("opens");
        let command =
            Command::Invite { org: "429800".into(), role: "reviewer".into(), office: None, expires_ms: 60_000, address: None };
        text(&commands::execute(&mut core, &unlock("admin"), &command, &mut |_| {}).expect("invites"), "invite")
    };
    let nobody = Unlock { key: None, passphrase: Some(PASSPHRASE.to_owned()) };
    found::join(&folder, &nobody, &invite, Some("reviewer")).expect("joins in the same folder");
    let core = Core::open(folder.clone(), &mut |_, _, _| {}).expect("opens");
    let reviewer = keyfile::find(&folder, "reviewer").expect("the new key is here");
    let review = DocId::about(core.org(), Kind::Review, 2024, taizhang_core::id::OrgId([1; 8]));
    assert!(grant_for(core.ledger(), reviewer, &review).is_some(), "the reviewer may decide");
}

/// A folder of one organisation takes no other's invite.
#[test]
fn a_folder_stays_with_its_organisation() {
    let dir = TempDir::new().expect("a temporary folder");
    let folder = founded(&dir.path().join("county"), "county");
    let other = founded(&dir.path().join("other"), "county");
    let invite = {
        let mut core = Core::open(other, &mut |_, _, _| {}).expect("opens");
        let command =
            Command::Invite { org: "429800".into(), role: "clerk".into(), office: None, expires_ms: 60_000, address: None };
        text(&commands::execute(&mut core, &unlock("admin"), &command, &mut |_| {}).expect("invites"), "invite")
    };
    let refused = found::join(&folder, &unlock("clerk"), &invite, None).expect_err("refuses");
    assert_eq!(refused.kind, ErrorKind::Refused);
    assert_eq!(keyfile::list(&folder).expect("lists").len(), 2, "no key was made");
}
