//! What a session's sending half owes, in the order of sending and by document: a frame about one document costs what is owed of that document.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::id::{DocId, EntryId};

use super::{by_itself, rank};

/// Kind's rank, document where it travels by itself, arrival, id: in this order every entry stands behind those it names.
type Place = (u8, Option<DocId>, u64, EntryId);

/// What is owed.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    order: BTreeMap<Place, DocId>,
    by_document: BTreeMap<DocId, BTreeSet<(u64, EntryId)>>,
    /// Entries looked at to take documents out.
    #[cfg(test)]
    pub(crate) looked_at: usize,
}

fn place(document: DocId, (arrival, id): (u64, EntryId)) -> Place {
    (rank(document.kind), by_itself(document), arrival, id)
}

impl Owed {
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.order.clear();
        self.by_document.clear();
    }

    pub(crate) fn insert(&mut self, document: DocId, arrival: u64, id: EntryId) {
        self.order.insert(place(document, (arrival, id)), document);
        self.by_document.entry(document).or_default().insert((arrival, id));
    }

    /// The next to send.
    pub(crate) fn pop_first(&mut self) -> Option<EntryId> {
        let next = self.order.pop_first();
        self.taken(next)
    }

    /// The last of all, for a bug that is planted.
    pub(crate) fn pop_last(&mut self) -> Option<EntryId> {
        let next = self.order.pop_last();
        self.taken(next)
    }

    fn taken(&mut self, next: Option<(Place, DocId)>) -> Option<EntryId> {
        let ((_, _, arrival, id), document) = next?;
        if let Some(of_it) = self.by_document.get_mut(&document) {
            of_it.remove(&(arrival, id));
            if of_it.is_empty() {
                self.by_document.remove(&document);
            }
        }
        Some(id)
    }

    /// Nothing of this document is owed any more.
    pub(crate) fn forget(&mut self, document: &DocId) {
        for entry in self.by_document.remove(document).unwrap_or_default() {
            self.order.remove(&place(*document, entry));
            #[cfg(test)]
            {
                self.looked_at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use taizhang_core::id::{Kind, OrgId};

    use super::*;

    fn id(n: u64) -> EntryId {
        let mut id = EntryId([0; 32]);
        id.0.iter_mut().zip(n.to_be_bytes()).for_each(|(to, from)| *to = from);
        id
    }

    #[test]
    fn what_is_forgotten_of_a_document_costs_what_is_owed_of_it() {
        let mut owed = Owed::default();
        let of = |n: u64| {
            DocId::of_year(
                OrgId([1; 8]),
                if n.is_multiple_of(2) { Kind::Ledger } else { Kind::Review },
                2000 + u16::try_from(n / 2).unwrap_or(0),
            )
        };
        (0..1_000).for_each(|n| owed.insert(of(n % 10), n, id(n)));
        for _ in 0..1_000 {
            owed.forget(&of(3));
            owed.forget(&of(11));
        }
        assert_eq!((owed.looked_at, owed.len()), (100, 900));
        let sent: Vec<EntryId> = std::iter::from_fn(|| owed.pop_first()).collect();
        let mut expected: Vec<u64> = (0..1_000).filter(|n| n % 10 != 3).collect();
        expected.sort_by_key(|n| place(of(n % 10), (*n, id(*n))));
        assert_eq!(sent, expected.into_iter().map(id).collect::<Vec<_>>(), "reviews as they came, each ledger by itself");
        assert!(owed.is_empty() && owed.by_document.is_empty());
    }
}
