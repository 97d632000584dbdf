//! Branches beyond the limits: of a fork those beyond the lowest [`BRANCHES_MAX`], of one key's branches in one document those beyond [`OPEN_TIPS_MAX`] open tips.
//!
//! Both go by the ids of the branches' first entries, so which branches lie beyond is a function of the set of entries, and a branch that once does so does for ever.

use std::collections::{BTreeMap, BTreeSet};

use super::{BRANCHES_MAX, DocState, Ledger, OPEN_TIPS_MAX, Place};
use crate::{
    entry::SignedEntry,
    id::EntryId,
    planted::{Check, Planted, is_off},
};

impl DocState {
    /// The branch that lies beyond the limit of open tips by this entry, if one does. Of several entries that go on from one the lowest continues; each other begins a branch, and has an open tip of its own in the end.
    fn crowded_out(&mut self, e: &SignedEntry, places: &BTreeMap<EntryId, Place>) -> Option<EntryId> {
        let (key, parent) = (e.header.log.key, e.header.before.parent());
        let continues = parent.and_then(|p| places.get(&p)).and_then(|p| {
            let log = self.logs.get(&(p.log.key, p.log.run))?;
            log.get(&p.sequence.checked_add(1)?)
        });
        let goes_on = |id: &&EntryId| places.get(id).is_some_and(|p| p.parent == parent);
        let begun = self.begun.get(&(key, parent)).into_iter().flatten();
        let others = continues.into_iter().flatten().filter(goes_on).chain(begun).filter(|id| **id != e.id);
        let lowest = others.min().copied();
        if e.header.sequence == 1 {
            self.begun.entry((key, parent)).or_default().insert(e.id);
        }
        let branches = self.branches.entry(key).or_default();
        branches.insert(lowest?.max(e.id));
        if branches.len() < OPEN_TIPS_MAX || is_off(Check::OpenTips) { None } else { branches.pop_last() }
    }
}

impl Ledger {
    /// Files an entry's place among its document's logs; `names` is what it names outside of its own chain. May other entries be surplus now than before?
    pub(super) fn file_in_document(&mut self, e: &SignedEntry, names: &[EntryId]) -> bool {
        let kept = if self.is_planted(Planted::BranchLimitIgnored) { usize::MAX } else { BRANCHES_MAX };
        let kept = if is_off(Check::EveryBranch) { 1 } else { kept };
        let doc = self.docs.entry(e.header.log.document).or_default();
        doc.entries.push(e.id);
        let parent = e.header.before.parent();
        if let Some(parent) = parent {
            doc.tips.remove(&parent);
        }
        doc.tips.insert(e.id);
        let at = doc.logs.entry((e.header.log.key, e.header.log.run)).or_default().entry(e.header.sequence).or_default();
        at.push(e.id);
        at.sort();
        // A fork's branches begin side by side; what continues different branches is no further fork.
        let is_sibling = |id: &EntryId| e.header.sequence == 1 || self.places.get(id).is_some_and(|p| p.parent == parent);
        let mut beyond: Vec<EntryId> = at.iter().copied().filter(is_sibling).skip(kept).collect();
        beyond.extend(doc.crowded_out(e, &self.places));
        beyond.retain(|b| doc.beyond.insert(*b));
        self.shade(e, &beyond, names)
    }

    /// Follows what an entry changes: it may lie beyond itself, drive another branch there, or name what is surplus.
    fn shade(&mut self, e: &SignedEntry, beyond: &[EntryId], names: &[EntryId]) -> bool {
        let parent = e.header.before.parent();
        let is_shaded = beyond.contains(&e.id) || parent.is_some_and(|p| self.shaded.contains(&p));
        if is_shaded {
            self.shaded.insert(e.id);
        }
        let drives_out = beyond.iter().any(|b| *b != e.id);
        if drives_out && let Some(doc) = self.docs.get(&e.header.log.document) {
            for id in &doc.entries {
                let parent = self.places.get(id).and_then(|p| p.parent);
                if doc.beyond.contains(id) || parent.is_some_and(|p| self.shaded.contains(&p)) {
                    self.shaded.insert(*id);
                }
            }
        }
        let is_named = is_shaded && self.is_named(&e.id, &self.surplus);
        let names_surplus = !is_shaded && names.iter().any(|n| self.surplus.contains(n));
        if drives_out || is_named || names_surplus {
            self.settle_surplus();
        } else if is_shaded {
            self.surplus.insert(e.id);
        }
        drives_out || is_shaded || names_surplus
    }

    /// Does an entry outside of `surplus` name this one?
    fn is_named(&self, id: &EntryId, surplus: &BTreeSet<EntryId>) -> bool {
        let by = self.named.range((*id, EntryId([0; 32]))..=(*id, EntryId([0xff; 32])));
        by.into_iter().any(|(_, by)| self.places.contains_key(by) && !surplus.contains(by))
    }

    /// What lies on branches beyond the limits, less what an entry that is not surplus itself names, with all that leads there:
    /// a node that never saw such a branch could not admit what names it. Names are hashes, so this comes to an end, and to the same one whatever came first.
    fn settle_surplus(&mut self) {
        let mut surplus = self.shaded.clone();
        loop {
            let named: Vec<EntryId> = surplus.iter().copied().filter(|s| self.is_named(s, &surplus)).collect();
            if named.is_empty() {
                break;
            }
            for id in named {
                self.ancestry(id).for_each(|a| _ = surplus.remove(&a));
            }
        }
        self.surplus = surplus;
    }
}
