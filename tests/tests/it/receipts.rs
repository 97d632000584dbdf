//! Receipts and the restart of who owes them.

use serde_json::Value;
use taizhang_node::{command::Command, driver::NodeEvent};
use taizhang_sync::Event;
use taizhang_tests::nodes::Running;

use crate::kit::{School, json};

/// Starts it again; whoever syncs from here on finds it at its new address.
fn restarted(node: Running) -> Running {
    let folder = node.folder.clone();
    node.stop();
    Running::start(&folder, true)
}

fn sync(node: &Running, with: &Running) {
    let address = with.address.map(|a| a.to_string());
    node.ask("", Command::Sync { address, timeout_ms: 30_000 }).expect("syncs");
}

fn describe(node: &Running, value: &str) {
    let describe = Command::Describe { key: "4298010800012003.subject".into(), value: value.into() };
    node.ask("clerk", describe).expect("writes");
}

/// Entries of the school of which it has no receipt, as `status` says it.
fn without_receipt(node: &Running) -> u64 {
    let status = json(&node.ask("", Command::Status).expect("answers"));
    let delivered = status.get("delivered").and_then(Value::as_array).expect("what has arrived where");
    delivered.iter().filter_map(|d| d.get("since").and_then(Value::as_u64)).sum()
}

fn receipt(event: &NodeEvent) -> Option<()> {
    matches!(event, NodeEvent::Hub(Event::Receipt { .. })).then_some(())
}

/// A school that writes nothing more hears that its last entry arrived, although the county restarted before it could say so.
#[test]
fn what_a_county_owed_before_its_restart_it_gives_after() {
    let School { dir: _dir, county, first, second } = School::new();
    second.stop();
    let mut settings = county.folder.settings().expect("settings");
    settings.receipt_interval_ms = 3_600_000;
    county.folder.save_settings(&settings).expect("saves");
    let county = restarted(county);
    // One receipt is given at once, the next one in an hour.
    for value in ["语文", "数学"] {
        sync(&first, &county);
        describe(&first, value);
        sync(&first, &county);
    }
    let county = restarted(county);
    sync(&first, &county);
    while without_receipt(&first) > 0 {
        first.wait(receipt).expect("the receipt comes");
    }
    first.stop();
    county.stop();
}
