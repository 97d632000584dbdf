//! What positions reach: the entries before them in the logs of one key, through previous and link.
//!
//! Of one key in one document every entry goes on from one other at most. So its entries can be numbered such that all that goes on from an entry, near or far, lies right behind it; and a
//! position reaches an entry where its number falls there. A set of what each position reaches would take as many names as there are positions times entries.

use std::{cell::RefCell, collections::BTreeMap};

use crate::{
    id::{DocId, EntryId, PublicKey},
    ledger::Ledger,
    rows::Positions,
};

/// Of one key in one document.
type Chain = (DocId, PublicKey);

/// The numbers of a key's entries in a document.
#[derive(Debug, Default)]
struct Numbers {
    /// Each entry's own, and the first behind all that goes on from it.
    of: BTreeMap<EntryId, (u32, u32)>,
}

/// What was found out of one state of a ledger.
#[derive(Debug, Default)]
pub(super) struct Reach {
    numbers: RefCell<BTreeMap<Chain, Numbers>>,
    /// The numbers at which a list of positions lies, sorted; a list goes by its address, for the ledger holds it as long as this lives.
    lists: RefCell<BTreeMap<(usize, usize, Chain), Vec<u32>>>,
}

impl Reach {
    #[cfg(test)]
    pub(super) fn names(&self) -> usize {
        let numbers: usize = self.numbers.borrow().values().map(|n| n.of.len()).sum();
        numbers + self.lists.borrow().values().map(Vec::len).sum::<usize>()
    }

    /// Does any of the positions reach the entry, which this key wrote in this document?
    pub(super) fn covers<'l>(&self, ledger: &'l Ledger, positions: &'l [Positions], chain: Chain, id: EntryId) -> bool {
        if positions.is_empty() {
            return false;
        }
        let mut numbers = self.numbers.borrow_mut();
        let numbers = numbers.entry(chain).or_insert_with(|| Numbers::of(ledger, chain));
        let Some((own, behind)) = numbers.of.get(&id).copied() else { return false };
        let mut lists = self.lists.borrow_mut();
        let at = (positions.as_ptr().addr(), positions.len(), chain);
        let list = lists.entry(at).or_insert_with(|| {
            let of_chain = positions.iter().filter(|p| p.document == chain.0);
            let mut list: Vec<u32> = of_chain.filter_map(|p| numbers.of.get(&p.id)).map(|(own, _)| *own).collect();
            list.sort_unstable();
            list
        });
        list.get(list.partition_point(|n| *n < own)).is_some_and(|n| *n < behind)
    }
}

impl Numbers {
    fn of(ledger: &Ledger, (document, key): Chain) -> Self {
        let mut after: BTreeMap<Option<EntryId>, Vec<EntryId>> = BTreeMap::new();
        for id in ledger.entries_of(&document, key) {
            let parent = ledger.place(&id).and_then(|p| p.parent);
            after.entry(parent).or_default().push(id);
        }
        let mut numbers = Self::default();
        let mut next = 0_u32;
        // Entered when first met, left when met again: a log may be longer than any stack.
        let mut open: Vec<(EntryId, bool)> = after.remove(&None).into_iter().flatten().map(|id| (id, false)).collect();
        while let Some((id, is_left)) = open.pop() {
            if is_left {
                numbers.of.entry(id).and_modify(|(_, behind)| *behind = next);
                continue;
            }
            numbers.of.insert(id, (next, next));
            next = next.saturating_add(1);
            open.push((id, true));
            open.extend(after.remove(&Some(id)).into_iter().flatten().map(|id| (id, false)));
        }
        numbers
    }
}
