//! The county's PC is stolen and replaced through the city: its schools, whose registries know nothing of that, must reach the new machine where the old one was.

use std::net::SocketAddr;

use serde_json::Value;
use taizhang_node::{
    command::{Burning, Command, Keep, KeyCommand, NeighbourCommand},
    error::{CommandError, ErrorKind},
    folder::Folder,
    secret::Secret,
};
use taizhang_tests::nodes::{Running, founded, joined, text};
use tempfile::TempDir;

use crate::kit::{in_sync, json};

const DAY_MS: u64 = 86_400_000;

/// A city, the folder of its county's first machine and where that listened, a school below, and the folder of the machine that came in the first one's place.
struct Replaced {
    _dir: TempDir,
    city: Running,
    stolen: Folder,
    replacement: Folder,
    at: SocketAddr,
    school: Folder,
}

fn add(node: &Running, code: &str, kind: &str) {
    let add = Command::OrgAdd { code: code.into(), kind: kind.into(), name: "甲".into(), parent: None };
    node.ask("admin", add).expect("adds");
}

fn invite(node: &Running, org: &str, role: &str) -> String {
    let address = node.address.map(|a| a.to_string());
    let invite = Command::Invite { org: org.into(), role: role.into(), office: None, expires_ms: DAY_MS, address };
    text(&node.ask("admin", invite).expect("invites"), "invite")
}

fn sync(node: &Running) -> Result<(), CommandError> {
    node.ask("", Command::Sync { address: None, timeout_ms: 30_000 }).map(|_| ())
}

/// The other stays silent: nobody waits long for that.
fn sync_shortly(node: &Running) -> Result<(), CommandError> {
    node.ask("", Command::Sync { address: None, timeout_ms: 5_000 }).map(|_| ())
}

fn write(node: &Running, teacher: &str) {
    let describe = Command::Describe { key: format!("{teacher}.subject"), value: "语文".into() };
    node.ask("clerk", describe).expect("writes");
}

fn entries(node: &Running) -> Option<u64> {
    json(&node.ask("", Command::Status).expect("status")).get("entries").and_then(Value::as_u64)
}

fn node_key(folder: &Folder) -> String {
    folder.node_key().expect("a key").public().to_string()
}

fn neighbour(node: &Running, field: &str) -> Value {
    let status = json(&node.ask("", Command::Status).expect("status"));
    status.pointer(&format!("/neighbours/0/{field}")).cloned().unwrap_or_default()
}

impl Replaced {
    fn new() -> Self {
        let dir = TempDir::new().expect("a temporary folder");
        let city = Running::start(&founded(&dir.path().join("city"), "city"), true);
        add(&city, "429801", "county");
        let stolen = joined(&dir.path().join("county"), &invite(&city, "429801", "admin"));
        let county = Running::start(&stolen, true);
        county.wait(in_sync).expect("joins");
        add(&county, "2198000001", "school");
        let school = joined(&dir.path().join("school"), &invite(&county, "2198000001", "clerk"));
        let node = Running::start(&school, false);
        node.wait(in_sync).expect("joins");
        node.stop();
        sync(&county).expect("the city hears of the school");
        let at = county.address.expect("listens");
        county.stop();
        let burning =
            Burning { key: None, machine: Some(node_key(&stolen)), cause: "stolen".into(), keep: Keep::All, dry_run: false };
        city.ask("admin", Command::Key(KeyCommand::Burn(burning))).expect("burns");
        let replacement = joined(&dir.path().join("new"), &invite(&city, "429801", "admin"));
        let node = Running::start(&replacement, false);
        node.wait(in_sync).expect("joins");
        node.stop();
        Self { _dir: dir, city, stolen, replacement, at, school }
    }
}

#[test]
fn a_school_meets_the_new_machine_at_the_old_address_and_the_stolen_one_hears_nothing_any_more() {
    let world = Replaced::new();
    let county = Running::start_at(&world.replacement, Some(world.at));
    let school = Running::start(&world.school, true);
    write(&school, "4298010800012003");
    sync(&school).expect("meets the new machine");
    assert_eq!(neighbour(&school, "key"), node_key(&world.replacement), "and remembers it");
    assert_eq!(neighbour(&school, "stranger"), Value::Null);
    sync(&school).expect("again");
    assert_eq!(entries(&county), entries(&school), "everything is there");
    county.stop();

    // The thief calls the school, and answers where the county did.
    let thief = Running::start_at(&world.stolen, Some(world.at));
    let had = entries(&thief);
    write(&school, "4298010800012004");
    let address = school.address.map(|a| a.to_string());
    let refused = thief.ask("", Command::Sync { address, timeout_ms: 30_000 }).expect_err("is refused");
    assert!(refused.what.en.contains("not certified"), "{refused:?}");
    let refused = sync_shortly(&school).expect_err("speaks with nobody");
    assert_eq!(refused.kind, ErrorKind::Refused);
    assert!(refused.what.en.contains(&node_key(&world.stolen)) && refused.what.en.contains("nothing was told"), "{refused:?}");
    assert!(refused.what.zh.contains("没有向它发送任何内容"), "{refused:?}");
    assert_eq!(neighbour(&school, "stranger"), node_key(&world.stolen), "status shows who answered");
    assert_eq!(neighbour(&school, "key"), node_key(&world.replacement));
    assert_eq!(entries(&thief), had, "it heard nothing");
    thief.stop();

    // The new machine answers again, and the warning goes.
    let county = Running::start_at(&world.replacement, Some(world.at));
    sync(&school).expect("meets it again");
    assert_eq!(neighbour(&school, "stranger"), Value::Null);
    assert_eq!(entries(&county), entries(&school));
    for node in [county, school, world.city] {
        node.stop();
    }
}

#[test]
fn the_new_machine_may_call_a_node_that_does_not_know_it() {
    let world = Replaced::new();
    let school = Running::start(&world.school, true);
    write(&school, "4298010800012003");
    let county = Running::start(&world.replacement, false);
    let address = school.address.map(|a| a.to_string());
    // The first time it says who it is; known by then, it is told what the school has.
    for _ in 0..2 {
        county.ask("", Command::Sync { address: address.clone(), timeout_ms: 30_000 }).expect("is heard");
    }
    assert_eq!(entries(&county), entries(&school));
    for node in [county, school, world.city] {
        node.stop();
    }
}

#[test]
fn a_node_of_another_organisation_at_the_countys_address_is_left_alone() {
    let world = Replaced::new();
    let county = Running::start(&world.replacement, true);
    add(&county, "2198000002", "school");
    let other = joined(&world.replacement.path().with_file_name("other"), &invite(&county, "2198000002", "clerk"));
    let node = Running::start(&other, false);
    node.wait(in_sync).expect("joins");
    node.stop();
    let further = invite(&county, "2198000001", "clerk");
    // The first school knows the other one's node, and finds it where the county was.
    let school = Running::start(&world.school, false);
    let at = county.address.map(|a| a.to_string());
    school.ask("", Command::Sync { address: at, timeout_ms: 30_000 }).expect("hears of the other school");
    let other = Running::start_at(&other, Some(world.at));
    write(&school, "4298010800012003");
    let refused = sync(&school).expect_err("not the county");
    assert!(refused.what.en.contains("another organisation"), "{refused:?}");
    // An invite of the county says where that is now, also on a machine in use and to the node that runs.
    let join = Command::Join { invite: Secret::new(further), label: Some("clerk2".into()) };
    school.ask("", join).expect("joins");
    sync(&school).expect("finds the county where the invite says");
    let address = Command::Neighbour(NeighbourCommand::Remove { address: world.at.to_string() });
    let left = json(&school.ask("", address).expect("removes"));
    let left = left.pointer("/neighbours").and_then(Value::as_array).expect("neighbours");
    assert!(left.len() == 1 && left.first().and_then(|n| n.get("key")) == Some(&node_key(&world.replacement).into()), "{left:?}");
    assert_eq!(entries(&county), entries(&school));
    for node in [county, school, other, world.city] {
        node.stop();
    }
}
