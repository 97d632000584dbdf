//! A school's PC is set back to the image of another day, as restore cards do every morning.

use std::path::Path;

use serde_json::Value;
use taizhang_node::command::Command;
use taizhang_tests::nodes::Running;

use crate::kit::{School, in_sync, json};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for file in std::fs::read_dir(from).expect("reads").map(|f| f.expect("an item")) {
        let (at, there) = (file.path(), to.join(file.file_name()));
        if at.is_dir() {
            copy(&at, &there);
        } else if file.file_name() != "node.sock" {
            std::fs::copy(&at, &there).expect("copies");
        }
    }
}

fn describe(node: &Running, value: &str) {
    let describe = Command::Describe { key: "4298010800012003.subject".into(), value: value.into() };
    node.ask("clerk", describe).expect("writes");
}

fn found(node: &Running, command: Command) -> Vec<Value> {
    let reply = json(&node.ask("", command).expect("answers"));
    let all = reply.get("findings").and_then(Value::as_array).expect("findings").clone();
    all.into_iter().filter(|f| f.get("what") == Some(&Value::from("ahead"))).collect()
}

/// What was lost comes back, the machine says so and remembers it, and what it writes next is no fork.
#[test]
fn a_machine_that_was_set_back_says_that_others_hold_more_of_its_logs() {
    let school = School::new();
    let School { dir, county, first, second } = school;
    let (folder, image) = (first.folder.clone(), dir.path().join("image"));
    describe(&first, "语文");
    first.ask("", Command::Sync { address: None, timeout_ms: 30_000 }).expect("syncs");
    first.stop();
    copy(folder.path(), &image);
    let first = Running::start(&folder, false);
    describe(&first, "数学");
    first.ask("", Command::Sync { address: None, timeout_ms: 30_000 }).expect("syncs");
    assert_eq!(found(&first, Command::Doctor).len(), 0);
    first.stop();

    std::fs::remove_dir_all(folder.path()).expect("the disk is set back");
    copy(&image, folder.path());
    let first = Running::start(&folder, false);
    first.wait(in_sync).expect("syncs");
    describe(&first, "英语");
    first.ask("", Command::Sync { address: None, timeout_ms: 30_000 }).expect("syncs");
    for command in [Command::Doctor, Command::AuditVerify] {
        let ahead = found(&first, command);
        let detail = ahead.first().and_then(|f| f.get("detail")).and_then(Value::as_str).unwrap_or_default();
        assert!(ahead.len() == 1 && detail.contains("came back") && detail.contains("429800"), "{ahead:?}");
    }
    // The county, which lost nothing, finds nothing; and there is no fork, since every start writes a log of its own.
    let audit = json(&county.ask("", Command::AuditVerify).expect("verifies"));
    assert_eq!(audit.get("findings"), Some(&Value::Array(Vec::new())));
    first.stop();
    second.stop();
    county.stop();
}
