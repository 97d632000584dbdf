//! The writing process is killed with SIGKILL at any moment; what it said was saved is there.
//!
//! Has no harness: the same program is the writer when its first argument is `write`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{BufRead, BufReader, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};

use taizhang_store::disk::{DiskStore, Options};
use taizhang_store::testing::{describe, entry};
use taizhang_store::{Commit, Store};

const KILLS: u64 = 30;
const ENTRIES: u64 = 3;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let [_, command, dir] = args.as_slice()
        && command == "write"
    {
        return write(Path::new(dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let mut acked = 0;
    for kill in 0..KILLS {
        acked = write_and_kill(dir.path(), acked + 1 + kill % 7);
        let store = open(dir.path());
        let mut next = 0;
        let scanned = store.scan(0, &mut |_, found| {
            assert_eq!(found, entry(next, 300));
            next += 1;
            ControlFlow::Continue(())
        });
        scanned.unwrap();
        assert!(next >= acked * ENTRIES, "kill {kill}: {next} entries, {acked} commits acknowledged");
        assert_eq!(next % ENTRIES, 0, "kill {kill}: a commit in part");
        assert_eq!(store.check(&|_, _| ()).unwrap(), []);
        acked = next / ENTRIES;
    }
    println!("{KILLS} kills, {acked} commits, nothing lost");
}

fn open(dir: &Path) -> DiskStore {
    let options = Options { segment_bytes: 20_000, ..Options::new(describe) };
    DiskStore::open(dir, &options).unwrap().0
}

/// Commits for ever.
fn write(dir: &Path) {
    let mut store = open(dir);
    let mut out = std::io::stdout().lock();
    loop {
        let from = store.len();
        store.commit(&Commit::of((from..from + ENTRIES).map(|n| entry(n, 300)).collect())).unwrap();
        writeln!(out, "{}", store.len() / ENTRIES).unwrap();
        out.flush().unwrap();
    }
}

/// Kills the writer after it acknowledged this many commits; returns how many it had acknowledged by then.
fn write_and_kill(dir: &Path, commits: u64) -> u64 {
    let mut writer = Command::new(std::env::current_exe().unwrap()).arg("write").arg(dir).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    let mut next = || lines.next()?.ok()?.parse::<u64>().ok();
    let mut acked = 0;
    while acked < commits {
        acked = next().unwrap_or_else(|| panic!("the writer ended after {acked} commits"));
    }
    writer.kill().unwrap();
    while let Some(n) = next() {
        acked = n;
    }
    writer.wait().unwrap();
    acked
}
