//! Which entry became which change.

use std::collections::BTreeMap;

use automerge::ActorId;
use sha2::{Digest, Sha256};

use crate::{
    entry::{Before, SignedEntry},
    id::{EntryId, PublicKey, Run},
};

/// What stands before an entry in its own log. Two entries at one place are a fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Sequence 1.
    Start(PublicKey, Run),
    /// The place after this entry.
    After(EntryId),
}

impl Place {
    /// The place that an entry takes.
    pub(super) fn of(entry: &SignedEntry) -> Self {
        match entry.header.before {
            Before::Start { .. } => Self::Start(entry.header.log.key, entry.header.log.run),
            Before::Previous(id) => Self::After(id),
        }
    }
}

/// A chain of changes with one actor: a log, or another branch of a forked log.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) key: PublicKey,
    pub(super) run: Run,
    /// The sequence of its first entry in the log.
    pub(super) first_sequence: u64,
    /// Its first entry if it is not the log itself, but branches off at a fork.
    pub(super) forked: Option<EntryId>,
    pub(super) actor: [u8; 16],
    /// The change with seq n is at n − 1.
    pub(super) changes: Vec<Derived>,
}

/// An entry's change.
#[derive(Clone, Debug)]
pub(super) struct Derived {
    pub(super) entry: EntryId,
    pub(super) hash: [u8; 32],
    pub(super) start_op: u64,
    pub(super) max_op: u64,
    /// Registers that it writes: key and index of the operation.
    pub(super) writes: Vec<(String, u16)>,
}

/// All changes but the genesis, by branch and by entry.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    branches: Vec<Branch>,
    by_actor: BTreeMap<[u8; 16], usize>,
    by_entry: BTreeMap<EntryId, (usize, usize)>,
}

impl Branch {
    /// A branch still without changes.
    pub(super) fn new(key: PublicKey, run: Run, first_sequence: u64, forked: Option<EntryId>) -> Self {
        Self { key, run, first_sequence, forked, actor: actor(key, run, forked), changes: Vec::new() }
    }
}

/// The actor of a log, or of a branch whose first entry is `forked`.
fn actor(key: PublicKey, run: Run, forked: Option<EntryId>) -> [u8; 16] {
    let hash = Sha256::new().chain_update(key.0).chain_update(run.0);
    let hash = forked.iter().fold(hash, |hash, first| hash.chain_update(first.0));
    hash.finalize().first_chunk().copied().unwrap_or_default()
}

impl Derived {
    /// The number of its operation that wrote this register.
    pub(super) fn write_op(&self, key: &str) -> Option<u64> {
        self.writes.iter().find(|(k, _)| k == key).map(|(_, index)| self.start_op + u64::from(*index))
    }
}

impl Index {
    pub(super) fn len(&self) -> usize {
        self.by_entry.len()
    }

    pub(super) fn branches(&self) -> &[Branch] {
        &self.branches
    }

    /// The change of an entry.
    pub(super) fn get(&self, entry: &EntryId) -> Option<&Derived> {
        let (_, branch, at) = self.locate(entry)?;
        branch.changes.get(at)
    }

    /// Number of the branch, the branch, position in it.
    pub(super) fn locate(&self, entry: &EntryId) -> Option<(usize, &Branch, usize)> {
        let &(branch, at) = self.by_entry.get(entry)?;
        Some((branch, self.branches.get(branch)?, at))
    }

    /// Which entry goes on, at this place, with the actor that was there before?
    pub(super) fn heir(&self, place: &Place) -> Option<EntryId> {
        let (branch, at) = match place {
            Place::Start(key, run) => (*self.by_actor.get(&actor(*key, *run, None))?, 0),
            Place::After(previous) => self.by_entry.get(previous).map(|(branch, at)| (*branch, at + 1))?,
        };
        self.branches.get(branch)?.changes.get(at).map(|c| c.entry)
    }

    /// Adds an empty branch; `None` if its actor is taken.
    pub(super) fn open(&mut self, branch: Branch) -> Option<usize> {
        let number = self.branches.len();
        if self.by_actor.insert(branch.actor, number).is_some() {
            return None;
        }
        self.branches.push(branch);
        Some(number)
    }

    /// Adds a change to a branch.
    pub(super) fn push(&mut self, number: usize, change: Derived) {
        if let Some(branch) = self.branches.get_mut(number) {
            self.by_entry.insert(change.entry, (number, branch.changes.len()));
            branch.changes.push(change);
        }
    }

    /// A change of an actor, to be completed.
    pub(super) fn at_mut(&mut self, actor: &ActorId, seq: u64) -> Option<&mut Derived> {
        let branch = self.branches.get_mut(self.by_actor.get(actor.to_bytes()).copied()?)?;
        branch.changes.get_mut(usize::try_from(seq.checked_sub(1)?).ok()?)
    }

    /// The entry whose change holds this operation.
    pub(super) fn written_by(&self, counter: u64, actor: &ActorId) -> Option<EntryId> {
        let branch = self.branches.get(*self.by_actor.get(actor.to_bytes())?)?;
        let after = branch.changes.partition_point(|c| c.start_op <= counter);
        branch.changes.get(after.checked_sub(1)?).filter(|c| counter <= c.max_op).map(|c| c.entry)
    }
}
