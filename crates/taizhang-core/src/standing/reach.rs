//! What positions reach: the entries before them in the logs of one key, through previous and link.
//!
//! Of one key in one document every entry goes on from one other at most. So its entries can be numbered such that all that goes on from an entry, near or far, lies right behind it; and a
//! position reaches an entry where its number falls there. A set of what each position reaches would take as many names as there are positions times entries.

use std::{cell::RefCell, collections::BTreeMap, ops::Range};

use crate::{
    id::{DocId, EntryId, PublicKey},
    ledger::Ledger,
    rows::Positions,
};

/// Of one key in one document.
pub(super) type Chain = (DocId, PublicKey);

/// The numbers of a key's entries in a document.
#[derive(Debug, Default)]
struct Numbers {
    /// From each entry's own until before the first behind all that goes on from it.
    of: BTreeMap<EntryId, Range<u32>>,
}

/// What was found out of one state of a ledger.
#[derive(Debug, Default)]
pub(super) struct Reach {
    numbers: RefCell<BTreeMap<Chain, Numbers>>,
    /// The numbers at which a list of positions lies that names something in the document, sorted; a list goes by its address, for the ledger holds it as long as this lives.
    lists: RefCell<BTreeMap<(usize, usize, Chain), Vec<u32>>>,
}

impl Reach {
    #[cfg(test)]
    pub(super) fn names(&self) -> usize {
        let numbers: usize = self.numbers.borrow().values().map(|n| n.of.len()).sum();
        numbers + self.lists.borrow().values().map(|l| 1 + l.len()).sum::<usize>()
    }

    /// The numbers of an entry, which this key wrote in this document, and of all that goes on from it.
    pub(super) fn numbers(&self, ledger: &Ledger, chain: Chain, id: EntryId) -> Option<Range<u32>> {
        let mut numbers = self.numbers.borrow_mut();
        numbers.entry(chain).or_insert_with(|| Numbers::of(ledger, chain)).of.get(&id).cloned()
    }

    /// Does any of the positions reach the entry, which this key wrote in this document?
    pub(super) fn covers<'l>(&self, ledger: &'l Ledger, positions: &'l [Positions], chain: Chain, id: EntryId) -> bool {
        // A row has a few dozen positions at most: to keep what each row names nothing of would be rows times chains.
        if positions.iter().all(|p| p.document != chain.0) {
            return false;
        }
        let Some(own) = self.numbers(ledger, chain, id) else { return false };
        let mut lists = self.lists.borrow_mut();
        let list = lists.entry((positions.as_ptr().addr(), positions.len(), chain)).or_insert_with(|| {
            let of_document = positions.iter().filter(|p| p.document == chain.0);
            let mut list: Vec<u32> =
                of_document.filter_map(|p| self.numbers(ledger, chain, p.id)).map(|numbers| numbers.start).collect();
            list.sort_unstable();
            list
        });
        list.get(list.partition_point(|n| *n < own.start)).is_some_and(|n| own.contains(n))
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
                numbers.of.entry(id).and_modify(|n| n.end = next);
                continue;
            }
            numbers.of.insert(id, next..next);
            next = next.saturating_add(1);
            open.push((id, true));
            open.extend(after.remove(&Some(id)).into_iter().flatten().map(|id| (id, false)));
        }
        numbers
    }
}
