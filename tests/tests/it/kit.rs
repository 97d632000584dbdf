//! A county and a school with two machines.

use std::path::{Path, PathBuf};

use serde_json::Value;
use taizhang_node::{
    command::{Command, Import, Reply},
    driver::NodeEvent,
};
use taizhang_sync::Event;
use taizhang_tests::nodes::{Running, founded, joined, text};
use tempfile::TempDir;

/// A county and a school with two machines, all running.
pub(crate) struct School {
    pub(crate) dir: TempDir,
    pub(crate) county: Running,
    pub(crate) first: Running,
    pub(crate) second: Running,
}

impl School {
    pub(crate) fn new() -> Self {
        let dir = TempDir::new().expect("a temporary folder");
        let county = Running::start(&founded(&dir.path().join("county"), "county"), true);
        let add = Command::OrgAdd { code: "2198000001".into(), kind: "school".into(), name: "明德小学".into(), parent: None };
        county.ask("admin", add).expect("adds a school");
        let join = |name: &str| {
            let address = county.address.map(|a| a.to_string());
            let invite =
                Command::Invite { org: "2198000001".into(), role: "clerk".into(), office: None, expires_ms: 86_400_000, address };
            let invite = county.ask("admin", invite).expect("invites");
            let node = Running::start(&joined(&dir.path().join(name), &text(&invite, "invite")), false);
            node.wait(in_sync).expect("joins");
            node
        };
        let (first, second) = (join("first"), join("second"));
        Self { first, second, county, dir }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Cuts both machines off.
    pub(crate) fn cut(&self) {
        for node in [&self.first, &self.second] {
            node.ask("", Command::Links { cut: true }).expect("cuts");
        }
    }

    /// Lets links stand again and brings everything everywhere.
    pub(crate) fn heal(&self) {
        for node in [&self.first, &self.second] {
            node.ask("", Command::Links { cut: false }).expect("heals");
        }
        // The first machine's news reach the second through the county.
        for node in [&self.first, &self.second, &self.first] {
            node.ask("", Command::Sync { address: None, timeout_ms: 30_000 }).expect("syncs");
        }
    }

    pub(crate) fn stop(self) {
        self.first.stop();
        self.second.stop();
        self.county.stop();
    }
}

pub(crate) fn in_sync(event: &NodeEvent) -> Option<()> {
    matches!(event, NodeEvent::Hub(Event::InSync { .. })).then_some(())
}

pub(crate) fn import(kind: &str, file: PathBuf) -> Command {
    let (org, year, semester, activity) = (None, None, None, None);
    Command::Import(Import {
        kind: kind.into(),
        files: vec![file],
        org,
        year,
        semester,
        activity,
        dry_run: false,
        skip_bad_rows: false,
    })
}

/// The reply as one JSON value.
pub(crate) fn json(reply: &Reply) -> Value {
    serde_json::to_value(reply).expect("JSON")
}
