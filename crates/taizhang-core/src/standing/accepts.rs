//! Accepts, by what they name. An entry asks those that name something of its key in its document, all of one office together:
//! an accept of every entry of a long log would else be looked at by every entry of it.

use std::{cell::RefCell, collections::BTreeMap, ops::Range};

use super::{Judge, Scope, Standing, reach::Chain};
use crate::{
    id::{DocId, EntryId, Kind, OrgId, PublicKey},
    ledger::Place,
    planted::{Check, is_off},
    registry::GrantRecord,
    units::Day,
};

/// Whose registry or review, and the depth of the grant under which it was written there: what that asks lies nearer to the root.
type Office = (OrgId, u32);

/// What one office accepts of a key's entries in a document.
#[derive(Debug)]
struct Accepted {
    /// The number of each entry that a position names, with the accept, sorted; once judged, of those that stand.
    at: Vec<(u32, EntryId)>,
    is_judged: bool,
}

impl Accepted {
    fn any_in(&self, numbers: &Range<u32>) -> bool {
        let first = self.at.partition_point(|(n, _)| *n < numbers.start);
        self.at.get(first).is_some_and(|(n, _)| numbers.contains(n))
    }
}

/// What is accepted of one document.
type OfDocument = BTreeMap<PublicKey, BTreeMap<Office, Accepted>>;

/// What was found out of the accepts in one state of a ledger.
#[derive(Debug, Default)]
pub(super) struct Accepts {
    documents: RefCell<BTreeMap<DocId, OfDocument>>,
    /// How many positions, offices and accepts were looked at.
    #[cfg(test)]
    pub(super) steps: std::cell::Cell<usize>,
}

impl Accepts {
    #[cfg(test)]
    pub(super) fn names(&self) -> usize {
        let documents = self.documents.borrow();
        documents.values().flat_map(BTreeMap::values).flat_map(BTreeMap::values).map(|a| 1 + a.at.len()).sum()
    }

    fn step(&self) {
        #[cfg(test)]
        self.steps.set(self.steps.get() + 1);
    }

    fn of<T>(&self, (document, key): Chain, look: impl FnOnce(&mut BTreeMap<Office, Accepted>) -> T) -> Option<T> {
        self.documents.borrow_mut().get_mut(&document)?.get_mut(&key).map(look)
    }
}

impl Judge<'_> {
    /// Does an accept of one of these organisations cover the entry?
    pub(super) fn is_accepted(&self, id: EntryId, place: &Place, scope: Scope, of: &dyn Fn(OrgId) -> bool) -> bool {
        let chain = (place.log.document, place.log.key);
        if !self.ledger.accepts.contains_key(&chain.0) {
            return false;
        }
        if !self.accepts.documents.borrow().contains_key(&chain.0) {
            let accepted = self.accepted_in(chain.0);
            self.accepts.documents.borrow_mut().insert(chain.0, accepted);
        }
        let Some(numbers) = self.reach.numbers(self.ledger, chain, id) else { return false };
        let naming = |offices: &mut BTreeMap<Office, Accepted>| {
            let any = |(_, a): &(&Office, &mut Accepted)| {
                self.accepts.step();
                a.any_in(&numbers)
            };
            offices.iter_mut().filter(any).map(|(office, _)| *office).collect::<Vec<Office>>()
        };
        let offices = self.accepts.of(chain, naming).unwrap_or_default();
        offices
            .into_iter()
            .any(|(by, depth)| depth < scope.accepts_below && of(by) && self.any_stands(chain, (by, depth), &numbers))
    }

    /// What accepts name in a document, where they may.
    fn accepted_in(&self, document: DocId) -> OfDocument {
        let mut out = OfDocument::new();
        for a in self.ledger.accepts.get(&document).into_iter().flatten() {
            let Some(depth) = self.ledger.place(&a.entry).map(|p| p.depth) else { continue };
            for p in &a.row {
                self.accepts.step();
                let Some(place) = self.ledger.place(&p.id).filter(|at| at.log.document == document) else { continue };
                let numbers = self.reach.numbers(self.ledger, (document, place.log.key), p.id);
                let Some(number) = numbers.filter(|_| self.may_accept(a.document, place)) else { continue };
                let offices = out.entry(place.log.key).or_default();
                let accepted = offices.entry((a.document.owner, depth)).or_insert(Accepted { at: Vec::new(), is_judged: false });
                accepted.at.push((number.start, a.entry));
            }
        }
        out.values_mut().flat_map(BTreeMap::values_mut).for_each(|a| a.at.sort_unstable());
        out
    }

    /// Does an accept of this office that stands cover one of these? Judging them leads to accepts nearer to the root only, never back here.
    fn any_stands(&self, chain: Chain, office: Office, numbers: &Range<u32>) -> bool {
        let unjudged = self.accepts.of(chain, |offices| offices.get(&office).filter(|a| !a.is_judged).map(|a| a.at.clone()));
        if let Some(mut at) = unjudged.flatten() {
            let scope = Scope { burns_below: u32::MAX, accepts_below: office.1 };
            at.retain(|(_, accept)| {
                self.accepts.step();
                self.judge(*accept, scope) == Standing::Stands || is_off(Check::AcceptStands)
            });
            self.accepts.of(chain, |offices| offices.insert(office, Accepted { at, is_judged: true }));
        }
        self.accepts.of(chain, |offices| offices.get(&office).is_some_and(|a| a.any_in(numbers))).unwrap_or_default()
    }

    /// In a registry for keys granted there; in a review only for the subject's ledger, roster and identity. Of the place only its document and key are asked.
    fn may_accept(&self, written_in: DocId, place: &Place) -> bool {
        let document = place.log.document;
        if is_off(Check::AcceptScope) {
            return true;
        }
        match written_in.kind {
            Kind::Registry => {
                let took_over = |g: &GrantRecord| g.row.org == document.owner && self.answers_now(written_in.owner, g);
                self.depth_given(written_in.owner, place.log.key, document.owner).is_some()
                    || (document.kind != Kind::Registry
                        && self.ledger.registry.grants_of(place.log.key).any(|(_, g)| took_over(g)))
            }
            Kind::Review => {
                let subject: Option<OrgId> = written_in.subject;
                let of_subject =
                    Some(document.owner) == subject || (document.kind == Kind::Ledger && document.subject == subject);
                // Whoever was ever above: a move undoes no acceptance. No registry's standing is asked here, so the tree may be.
                let is_above = || {
                    subject.is_some_and(|s| s != written_in.owner && self.ledger.registry.oversees(written_in.owner, s, Day(0)))
                };
                of_subject && matches!(document.kind, Kind::Ledger | Kind::Roster | Kind::Identity) && is_above()
            }
            _ => false,
        }
    }
}
