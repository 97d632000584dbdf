//! Writes to a store as fast as it can and says what is durable, or verifies what is left of it: for `tests/tools/powercut.py`.
//!
//! `powercut_writer write DIR [--no-fsync]` prints `acked N` after each commit, `powercut_writer verify DIR N` exits 0 if the commits 0..=N are all there
//! and whole, `powercut_writer fill DIR` commits until the disk is full, shows that all is still there, makes room (removes DIR.ballast) and goes on.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use sha2::{Digest, Sha256};
use taizhang_core::entries::Entries;
use taizhang_core::id::{AttachmentId, DocId, EntryId, Kind, LogId, OrgId, PublicKey, Run};
use taizhang_store::disk::{DiskStore, OpenReport, Options};
use taizhang_store::{Commit, CommitError, NewEntry, Store};

/// Small, so that a second of writing passes many ends of segments.
const SEGMENT_BYTES: u64 = 100_000;
const FILLER_BYTES: usize = 280;
/// Every so many-th commit has several entries, an attachment.
const SEVERAL_EVERY: u64 = 5;
const SEVERAL: u64 = 9;
const ATTACHMENT_EVERY: u64 = 8;
/// Commits that fail on the full disk, and commits after there is room again.
const FULL: u64 = 20;
const MORE: u64 = 50;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args.as_slice() {
        ["write", dir] => write(Path::new(dir), false),
        ["write", dir, "--no-fsync"] => write(Path::new(dir), true),
        ["verify", dir, acked] => verify(Path::new(dir), acked),
        ["fill", dir] => fill(Path::new(dir)),
        _ => Err("usage: powercut_writer write DIR [--no-fsync] | verify DIR ACKED | fill DIR".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            println!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn open(dir: &Path, unsynced: bool) -> Result<(DiskStore, OpenReport), Failure> {
    let options = Options { segment_bytes: SEGMENT_BYTES, unsynced, ..Options::new(describe) };
    Ok(DiskStore::open(dir, &options)?)
}

fn write(dir: &Path, unsynced: bool) -> Result<(), Failure> {
    let (mut store, _) = open(dir, unsynced)?;
    let mut out = std::io::stdout().lock();
    for n in commits_in(store.len()).0.. {
        store.commit(&commit(n))?;
        writeln!(out, "acked {n}")?;
        out.flush()?;
    }
    Ok(())
}

fn verify(dir: &Path, acked: &str) -> Result<(), Failure> {
    let acked: i64 = acked.parse()?;
    let (store, report) = open(dir, false)?;
    let found = complete(&store)?;
    let found = i64::try_from(found)? - 1;
    if found < acked {
        return Err(format!("commits up to {acked} were acknowledged, {found} are there: {report:?}").into());
    }
    if !report.holes.is_empty() || !report.lost.is_empty() {
        return Err(format!("damage: {report:?}").into());
    }
    println!("{found} commits, index {:?}", report.index);
    Ok(())
}

/// How many commits are there; fails if one is there in part, out of order, or without its attachment.
fn complete(store: &DiskStore) -> Result<u64, Failure> {
    let (count, rest) = commits_in(store.len());
    if rest != 0 {
        return Err(format!("commit {count} is there with {rest} of its entries").into());
    }
    let mut expected = (0..count).flat_map(|n| commit(n).entries);
    let mut wrong = None;
    store.scan(0, &mut |arrival, entry| {
        if expected.next() == Some(entry) {
            return ControlFlow::Continue(());
        }
        wrong = Some(arrival);
        ControlFlow::Break(())
    })?;
    if let Some(arrival) = wrong.or_else(|| expected.next().map(|_| store.len())) {
        return Err(format!("entry {arrival} is not what was written").into());
    }
    for n in 0..count {
        for (id, bytes) in commit(n).attachments {
            if store.attachment(&id)? != Some(bytes) {
                return Err(format!("commit {n} is there without its attachment").into());
            }
        }
    }
    Ok(count)
}

fn fill(dir: &Path) -> Result<(), Failure> {
    let (mut store, _) = open(dir, false)?;
    let (mut n, mut full, mut ballast) = (complete(&store)?, 0, Some(dir.with_extension("ballast")));
    let mut last = u64::MAX;
    loop {
        match store.commit(&commit(n)) {
            Ok(_) => n += 1,
            Err(CommitError::NoSpace { .. }) if ballast.is_some() => full += 1,
            Err(other) => return Err(other.into()),
        }
        if full == FULL && last == u64::MAX {
            println!("full with {n} commits, index {:?}", store.index_state());
            if complete(&store)? != n {
                return Err("something of a failed commit is there".into());
            }
            let Some(path) = ballast.take() else { break };
            std::fs::remove_file(path)?;
            last = n + MORE;
        }
        if n == last {
            break;
        }
    }
    let before = complete(&store)?;
    println!("went on to {before} commits, index {:?}", store.index_state());
    drop(store);
    let (store, report) = open(dir, false)?;
    match complete(&store)? == n && before == n {
        true => println!("opened again: {report:?}"),
        false => return Err(format!("something was lost: {report:?}").into()),
    }
    Ok(())
}

fn entries_of(commit: u64) -> u64 {
    if commit % SEVERAL_EVERY == SEVERAL_EVERY - 1 { SEVERAL } else { 1 }
}

/// How many whole commits so many entries make, and how many entries are left over.
fn commits_in(entries: u64) -> (u64, u64) {
    let (mut count, mut rest) = (0, entries);
    while rest >= entries_of(count) {
        rest -= entries_of(count);
        count += 1;
    }
    (count, rest)
}

fn commit(n: u64) -> Commit {
    let entries = (0..entries_of(n)).map(|i| entry(n * SEVERAL + i)).collect();
    let mut attachments = Vec::new();
    if n.is_multiple_of(ATTACHMENT_EVERY) {
        let bytes = n.to_be_bytes().repeat(500);
        attachments.push((AttachmentId(Sha256::digest(&bytes).into()), bytes));
    }
    let notes = vec![(b"last".to_vec(), Some(n.to_be_bytes().to_vec()))];
    Commit { entries, attachments, notes }
}

/// A CBOR item under tag 18: `18([n, filler])`.
fn entry(n: u64) -> NewEntry {
    let seed = Sha256::digest(n.to_be_bytes());
    let filler: Vec<u8> = seed.iter().copied().cycle().take(FILLER_BYTES).collect();
    let filler_len = u16::try_from(FILLER_BYTES).unwrap_or(0).to_be_bytes();
    let bytes = [&[0xd2, 0x82, 0x1b][..], &n.to_be_bytes(), &[0x59], &filler_len, &filler].concat();
    let (log, sequence) = place(n);
    NewEntry { id: EntryId(Sha256::digest(&bytes).into()), log, sequence, bytes }
}

fn describe(bytes: &[u8]) -> Option<(EntryId, LogId, u64)> {
    let n = bytes.strip_prefix(&[0xd2, 0x82, 0x1b])?.first_chunk()?;
    let (log, sequence) = place(u64::from_be_bytes(*n));
    Some((EntryId(Sha256::digest(bytes).into()), log, sequence))
}

fn place(n: u64) -> (LogId, u64) {
    let document = DocId::of_year(OrgId((n / 1000).to_be_bytes()), Kind::Ledger, 2024);
    (LogId { document, key: PublicKey([1; 32]), run: Run([2; 8]) }, n % 1000 + 1)
}
