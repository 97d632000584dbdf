//! Random bad days on the modelled disk: what was acknowledged is there afterwards, whole and in order; what failed is there whole or not at all.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use taizhang_core::entries::Entries;
use taizhang_core::id::{AttachmentId, EntryId};
use taizhang_store::disk::{DiskStore, IndexState, OpenReport, Options};
use taizhang_store::testing::{attachment, describe, entry};
use taizhang_store::{Commit, CommitError, DiskFault, ModelDisk, NewEntry, Store};

/// How often each kind of bad luck came up, so that a run shows what it has tried.
#[derive(Debug, Default)]
struct Counts {
    acknowledged: u64,
    failed: u64,
    no_space: u64,
    crashes: u64,
    restarts: u64,
    torn: u64,
    holes: u64,
    behind: u64,
    index_lost: u64,
    rebuilt: u64,
    in_memory: u64,
    appeared: u64,
    stopped_opening: u64,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.acknowledged += other.acknowledged;
        self.failed += other.failed;
        self.no_space += other.no_space;
        self.crashes += other.crashes;
        self.restarts += other.restarts;
        self.torn += other.torn;
        self.holes += other.holes;
        self.behind += other.behind;
        self.index_lost += other.index_lost;
        self.rebuilt += other.rebuilt;
        self.in_memory += other.in_memory;
        self.appeared += other.appeared;
        self.stopped_opening += other.stopped_opening;
    }
}

struct Day {
    disk: ModelDisk,
    random: ChaCha8Rng,
    segment_bytes: u64,
    next: u64,
    /// What must be there, in order.
    kept: Vec<NewEntry>,
    attachments: BTreeMap<AttachmentId, Vec<u8>>,
    notes: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Commits that failed since the store was opened: each may turn out to be there, whole.
    doubtful: Vec<Commit>,
    notes_matter: bool,
    faults: bool,
    counts: Counts,
}

type Wrong = String;

impl Day {
    fn new(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        Self {
            disk: ModelDisk::new(random.next_u64()),
            segment_bytes: 200 + random.next_u64() % 3000,
            random,
            next: 0,
            kept: Vec::new(),
            attachments: BTreeMap::new(),
            notes: BTreeMap::new(),
            doubtful: Vec::new(),
            notes_matter: true,
            faults: false,
            counts: Counts::default(),
        }
    }

    fn below(&mut self, n: u64) -> u64 {
        self.random.next_u64() % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn run(&mut self) -> Result<(), Wrong> {
        for _ in 0..2 + self.below(6) {
            let mut store = self.open()?;
            for _ in 0..self.below(12) {
                if !self.act(&mut store)? {
                    break;
                }
            }
            drop(store);
            self.night();
        }
        self.disk.set_capacity_bytes(None);
        let store = self.open()?;
        let findings = store.check(&|_, _| ()).map_err(|e| e.to_string())?;
        let known = |at: &str| at.ends_with(".tmp") || (self.faults && at.contains(".."));
        match findings.iter().find(|f| !known(&f.at)) {
            None => Ok(()),
            Some(finding) => Err(format!("check finds {finding}")),
        }
    }

    /// Between two openings: the power fails, or the program is killed, or nothing much; perhaps the index is lost.
    fn night(&mut self) {
        // What two failures in a row left unsynced looks durable until the power fails; that cannot be helped, so let it fail.
        if self.faults || self.one_in(2) {
            self.disk.crash();
            self.counts.crashes += 1;
        } else {
            self.disk.restart();
            self.counts.restarts += 1;
        }
        if self.one_in(6) {
            self.disk.lose_index();
            self.notes_matter = false;
        }
        if self.one_in(2) {
            self.disk.set_capacity_bytes(None);
        }
    }

    fn open(&mut self) -> Result<DiskStore, Wrong> {
        let options = Options { segment_bytes: self.segment_bytes, ..Options::new(describe) };
        if self.one_in(4) {
            let operations = self.below(8);
            self.disk.fail_after(operations, DiskFault::Stop);
            let stopped = DiskStore::open_model(&self.disk, &options);
            let usable = stopped.is_ok() && self.disk.used_bytes() > 0;
            drop(stopped);
            self.counts.stopped_opening += u64::from(!usable);
            self.notes_matter = false;
            self.night();
        }
        let (store, report) = DiskStore::open_model(&self.disk, &options).map_err(|e| e.to_string())?;
        self.look(&store, &report)?;
        Ok(store)
    }

    /// Everything that must be there is; nothing else is but whole doubtful commits.
    fn look(&mut self, store: &DiskStore, report: &OpenReport) -> Result<(), Wrong> {
        self.counts.torn += u64::from(report.cut.is_some());
        self.counts.holes += report.holes.len() as u64;
        self.counts.behind += u64::from(matches!(report.index, IndexState::Behind { .. }));
        self.counts.index_lost += u64::from(report.index == IndexState::New && report.entries > 0);
        if !report.lost.is_empty() || (!self.faults && !report.holes.is_empty()) {
            return Err(format!("{report:?}"));
        }
        let found = all(store)?;
        let ids: BTreeSet<EntryId> = found.iter().map(|e| e.id).collect();
        let mut allowed: BTreeSet<EntryId> = self.kept.iter().map(|e| e.id).collect();
        for commit in &self.doubtful {
            let new: Vec<_> = commit.entries.iter().filter(|e| !allowed.contains(&e.id)).collect();
            let here = new.iter().filter(|e| ids.contains(&e.id)).count();
            if here != 0 && here != new.len() {
                return Err("a failed commit is there in part".into());
            }
            self.counts.appeared += u64::from(here > 0);
        }
        let doubtful = self.doubtful.iter().flat_map(|c| &c.entries).map(|e| e.id);
        allowed.extend(doubtful);
        if ids.len() != found.len() || !ids.is_subset(&allowed) {
            return Err("an entry is there twice, or that nobody wrote".into());
        }
        let kept: BTreeSet<EntryId> = self.kept.iter().map(|e| e.id).collect();
        let still: Vec<_> = found.iter().filter(|e| kept.contains(&e.id)).cloned().collect();
        if still != self.kept {
            return Err(format!("{} of {} entries are there in order", still.len(), self.kept.len()));
        }
        for (id, bytes) in &self.attachments {
            if store.attachment(id) != Ok(Some(bytes.clone())) {
                return Err(format!("attachment {id} is not there"));
            }
        }
        self.look_at_notes(store, report)?;
        self.kept = found;
        self.doubtful.clear();
        Ok(())
    }

    fn look_at_notes(&mut self, store: &DiskStore, report: &OpenReport) -> Result<(), Wrong> {
        let found: BTreeMap<_, _> = store.notes(b"").map_err(|e| e.to_string())?.into_iter().collect();
        let agreed = matches!(report.index, IndexState::Good | IndexState::Behind { .. });
        if agreed && self.notes_matter {
            let mut maybe: BTreeSet<(&Vec<u8>, Option<&Vec<u8>>)> = BTreeSet::new();
            let doubtful = self.doubtful.iter().flat_map(|c| &c.notes);
            maybe.extend(doubtful.map(|(key, value)| (key, value.as_ref())));
            let keys: BTreeSet<_> = found.keys().chain(self.notes.keys()).collect();
            for key in keys {
                let now = found.get(key);
                if now != self.notes.get(key) && !maybe.contains(&(key, now)) {
                    return Err(format!("note {key:02x?} is {now:02x?}"));
                }
            }
        }
        self.notes = found;
        self.notes_matter = true;
        Ok(())
    }

    /// One commit, perhaps with bad luck; false when nothing works any more.
    fn act(&mut self, store: &mut DiskStore) -> Result<bool, Wrong> {
        let commit = self.some_commit();
        if self.one_in(4) {
            let operations = self.below(12);
            let kinds = [DiskFault::Stop, DiskFault::Error, DiskFault::ErrorTwice];
            let kind = kinds[usize::try_from(self.below(3)).unwrap()];
            self.faults |= kind != DiskFault::Stop;
            self.disk.fail_after(operations, kind);
        }
        if self.one_in(10) {
            let free = self.below(900);
            self.disk.set_capacity_bytes(Some(self.disk.used_bytes() + free));
        } else if self.one_in(10) {
            self.disk.set_capacity_bytes(None);
        }
        let (before, state) = (store.len(), store.index_state().clone());
        let outcome = store.commit(&commit);
        if *store.index_state() != state {
            let state = store.index_state();
            let lost = matches!(state, IndexState::Rebuilt { .. } | IndexState::InMemory { .. });
            self.notes_matter &= !lost;
            self.counts.rebuilt += u64::from(matches!(state, IndexState::Rebuilt { .. }));
            self.counts.in_memory += u64::from(matches!(state, IndexState::InMemory { .. }));
        }
        match outcome {
            Ok(first) => {
                if first != before {
                    return Err("wrong arrival number".into());
                }
                self.keep(&commit);
                self.counts.acknowledged += 1;
            }
            Err(error) => {
                self.counts.failed += 1;
                self.counts.no_space += u64::from(matches!(error, CommitError::NoSpace { .. }));
                self.doubtful.push(commit);
            }
        }
        match all(store) {
            Ok(found) if found == self.kept => Ok(true),
            Ok(found) => Err(format!("{} entries, expected {}", found.len(), self.kept.len())),
            Err(_) => Ok(false),
        }
    }

    fn keep(&mut self, commit: &Commit) {
        for entry in &commit.entries {
            if !self.kept.iter().any(|e| e.id == entry.id) {
                self.kept.push(entry.clone());
            }
        }
        self.attachments.extend(commit.attachments.iter().cloned());
        for (key, value) in &commit.notes {
            match value {
                Some(value) => self.notes.insert(key.clone(), value.clone()),
                None => self.notes.remove(key),
            };
        }
    }

    fn some_commit(&mut self) -> Commit {
        if self.one_in(6) && !self.doubtful.is_empty() {
            // What failed is tried again.
            return self.doubtful[0].clone();
        }
        let mut commit = Commit::default();
        for _ in 0..self.below(5) {
            let len = usize::try_from(self.below(300)).unwrap();
            commit.entries.push(entry(self.next, len));
            self.next += 1;
        }
        if self.one_in(3) {
            let len = usize::try_from(self.below(400)).unwrap();
            let fill = u8::try_from(self.below(6)).unwrap();
            commit.attachments.push(attachment(vec![fill; len]));
        }
        if self.one_in(2) {
            let key = vec![u8::try_from(self.below(9)).unwrap()];
            let value = (!self.one_in(4)).then(|| self.next.to_be_bytes().to_vec());
            commit.notes.push((key, value));
        }
        commit
    }
}

fn all(store: &DiskStore) -> Result<Vec<NewEntry>, Wrong> {
    let mut found = Vec::new();
    let scanned = store.scan(0, &mut |_, entry| {
        found.push(entry);
        ControlFlow::Continue(())
    });
    scanned.map_err(|e| e.to_string())?;
    Ok(found)
}

#[test]
fn what_was_acknowledged_survives_every_bad_day() {
    let mut sum = Counts::default();
    for seed in 0..6000 {
        let mut day = Day::new(seed);
        if let Err(wrong) = day.run() {
            assert_eq!(wrong, "", "seed {seed}");
        }
        sum.add(&day.counts);
    }
    println!("{sum:?}");
    let common = [
        sum.acknowledged / 100,
        sum.failed,
        sum.no_space,
        sum.crashes,
        sum.restarts,
        sum.torn,
        sum.behind,
        sum.index_lost,
        sum.appeared,
        sum.stopped_opening,
    ];
    let rare = [sum.holes, sum.rebuilt, sum.in_memory];
    assert!(common.iter().all(|n| *n >= 500), "{sum:?}");
    assert!(rare.iter().all(|n| *n >= 10), "{sum:?}");
}

#[test]
fn without_syncs_the_same_days_lose_data() {
    let lost = (0..300).filter(|seed| {
        let mut day = Day::new(*seed);
        day.disk.ignore_syncs();
        day.run().is_err()
    });
    let lost = lost.count();
    println!("{lost} of 300");
    assert!(lost > 200, "{lost} of 300: the test shows nothing");
}
