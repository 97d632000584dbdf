//! New entries: read, checked against what they rest on, sorted so that each comes after that.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    DocumentError,
    index::{Index, Place},
};
use crate::{
    entry::{Before, SignedEntry},
    id::{DocId, EntryId},
    op::{self, Op},
};

/// An entry with its operations read.
#[derive(Debug)]
pub(super) struct Incoming<'e> {
    pub(super) entry: &'e SignedEntry,
    pub(super) ops: Vec<Op<'e>>,
    /// The entries whose changes it depends on; without a parent the genesis comes on top.
    pub(super) rests_on: BTreeSet<EntryId>,
}

impl<'e> Incoming<'e> {
    fn read(document: DocId, entry: &'e SignedEntry) -> Result<Self, DocumentError> {
        let of = entry.header.log.document;
        if of != document {
            return Err(DocumentError::OtherDocument { entry: entry.id, of, document });
        }
        let ops = op::parse(&entry.payload).map_err(|error| DocumentError::Payload { entry: entry.id, error })?;
        let mut rests_on: BTreeSet<_> = entry.header.before.parent().into_iter().collect();
        for op in &ops {
            match op {
                Op::Row(row) => {
                    let here = row.replaces.iter().filter(|r| r.document.is_none_or(|d| d == document));
                    rests_on.extend(here.filter_map(|r| r.entry));
                }
                Op::Register(register) => rests_on.extend(&register.replaces),
            }
        }
        Ok(Self { entry, ops, rests_on })
    }
}

/// Each entry after those that it rests on (Kahn's algorithm; of several that could come, by id).
pub(super) fn sort<'e>(
    document: DocId,
    index: &Index,
    entries: BTreeMap<EntryId, &'e SignedEntry>,
) -> Result<Vec<Incoming<'e>>, DocumentError> {
    let mut dependants: BTreeMap<EntryId, Vec<EntryId>> = BTreeMap::new();
    let mut waiting: BTreeMap<EntryId, (usize, Incoming<'e>)> = BTreeMap::new();
    let mut ready = BTreeSet::new();
    for (id, entry) in &entries {
        let incoming = Incoming::read(document, entry)?;
        let mut missing = 0;
        for names in &incoming.rests_on {
            if entries.contains_key(names) {
                dependants.entry(*names).or_default().push(*id);
                missing += 1;
            } else if index.get(names).is_none() {
                return Err(DocumentError::Missing { entry: *id, names: *names });
            }
        }
        if missing == 0 {
            ready.insert(*id);
        }
        waiting.insert(*id, (missing, incoming));
    }
    let mut sorted = Vec::with_capacity(waiting.len());
    while let Some(id) = ready.pop_first() {
        sorted.extend(waiting.remove(&id).map(|(_, incoming)| incoming));
        for dependant in dependants.remove(&id).unwrap_or_default() {
            if let Some((missing, _)) = waiting.get_mut(&dependant) {
                *missing -= 1;
                if *missing == 0 {
                    ready.insert(dependant);
                }
            }
        }
    }
    waiting.into_keys().next().map_or(Ok(sorted), |entry| Err(DocumentError::Circle { entry }))
}

/// For each place that these entries take, which goes on with the actor there: the one with the lowest id.
pub(super) fn heirs(index: &Index, entries: &[Incoming<'_>]) -> Result<BTreeMap<Place, EntryId>, DocumentError> {
    let mut heirs = BTreeMap::new();
    for incoming in entries {
        let id = incoming.entry.id;
        heirs.entry(Place::of(incoming.entry)).and_modify(|lowest: &mut EntryId| *lowest = id.min(*lowest)).or_insert(id);
    }
    for (place, entry) in &mut heirs {
        match index.heir(place) {
            Some(heir) if *entry < heir => return Err(DocumentError::NeedsRebuild { entry: *entry }),
            Some(heir) => *entry = heir,
            None => {}
        }
    }
    Ok(heirs)
}

/// Is it where its log's chain says?
pub(super) fn is_continuous(index: &Index, entry: &SignedEntry) -> bool {
    let header = &entry.header;
    match header.before {
        Before::Start { .. } => header.sequence == 1,
        Before::Previous(id) => index.locate(&id).is_some_and(|(_, branch, at)| {
            (branch.key, branch.run) == (header.log.key, header.log.run)
                && header.sequence.checked_sub(branch.first_sequence) == Some(at as u64 + 1)
        }),
    }
}
