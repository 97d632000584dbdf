//! A county or city closes a school's year and opens it again; what comes later is late to everyone alike.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    entry::SignedEntry,
    id::{DocId, EntryId, Kind, OrgId},
    ledger::Ledger,
    lock::LockState,
    op::{PayloadBuilder, RowName, RowRef},
    rows::{Lock, RowType, Unlock},
    standing::Judge,
    tips,
    view::DocumentView,
};

use super::world::World;

/// Every review about an organisation, as far as it is here: what locks, accepts and decisions are known.
pub(super) fn reviews(ledger: &Ledger, about: OrgId) -> BTreeSet<EntryId> {
    let of_subject = ledger.documents().filter(|d| d.kind == Kind::Review && d.concerns() == about);
    let all = of_subject.filter_map(|d| ledger.document(d)).flat_map(|d| d.entries.iter().copied());
    all.filter(|id| !ledger.is_surplus_entry(id)).collect()
}

impl World {
    /// Closes the year of a review's subject at all that is here.
    pub(super) fn lock(&mut self, person: usize, review: DocId) -> Option<EntryId> {
        let node = self.people[person].node;
        let (year, day) = (review.period?, self.today(node));
        let list = self.ledger_of(node)?.closing(review.subject?, year);
        let (tips, bytes) = tips::attachment(&list);
        let row = Lock { year, day, tips_root: tips::root(&list), tips, reason: None };
        let mut p = PayloadBuilder::default();
        p.row(Lock::TYPE, &[], &row.to_fields());
        let written = self.write_as(person, review, p, vec![bytes])?;
        self.counts.locks += 1;
        Some(written)
    }

    /// Replaces the locks of here and below that hold, as far as they are known.
    pub(super) fn unlock(&mut self, person: usize, review: DocId) -> Option<EntryId> {
        let (year, ledger) = (review.period?, self.ledger_of(self.people[person].node)?);
        let judge = Judge::new(ledger);
        let locks = judge.locks(review.subject?);
        let ours = locks.iter().filter(|l| l.year == year && ledger.registry.is_at_or_above(review.owner, l.review.owner));
        let holding = ours.filter(|l| l.acts() || l.state == LockState::Second);
        let named = holding.map(|l| if l.review == review { l.name.here() } else { l.name.in_document(l.review) });
        let replaces: BTreeSet<RowRef> = named.take(taizhang_core::op::REPLACES_MAX).collect();
        if replaces.is_empty() {
            return None;
        }
        let replaces: Vec<RowRef> = replaces.into_iter().collect();
        let mut p = PayloadBuilder::default();
        p.row(Unlock::TYPE, &replaces, &Unlock { year, reason: "补录".into() }.to_fields());
        let written = self.write_as(person, review, p, Vec::new())?;
        self.counts.unlocks += 1;
        Some(written)
    }

    /// What a node shows of a document.
    pub(super) fn view_at(&self, node: usize, document: DocId) -> Option<DocumentView> {
        let ledger = self.ledger_of(node)?;
        Some(DocumentView::build(ledger, &Judge::new(ledger), document, &self.entries_here(node, document)))
    }

    /// Whoever holds all that a lock, a row and the people behind both rest on finds the same rows too late as one who knows everything.
    pub(super) fn check_lateness(&mut self, clean: &BTreeMap<usize, Ledger>) {
        let (mut late_rows, mut wrong) = (0, None);
        let judge = Judge::new(&self.god.ledger);
        for document in self.god.ledger.documents().filter(|d| judge.gate(**d).is_some()) {
            let god: BTreeSet<RowName> = self.god_view(&judge, *document).late().map(|r| r.name).collect();
            for (node, ledger) in clean {
                if !self.knows_all_about(*node, ledger, document) {
                    continue;
                }
                let Some(view) = self.view_at(*node, *document) else { continue };
                let here: BTreeSet<RowName> = view.late().map(|r| r.name).collect();
                late_rows += here.len() as u64;
                if here != god {
                    let (n, m) = (here.len(), god.len());
                    wrong = Some(format!("{document}: node {node} finds {n} rows that came after a lock; there are {m}"));
                }
            }
        }
        drop(judge);
        self.counts.late_rows += late_rows;
        if let Some(wrong) = wrong {
            self.fail(wrong);
        }
    }

    fn god_view(&self, judge: &Judge<'_>, document: DocId) -> DocumentView {
        let ids = self.god.ledger.document(&document).into_iter().flat_map(|d| &d.entries);
        let entries: Vec<SignedEntry> = ids
            .filter_map(|id| self.god.entries.get(id))
            .filter_map(|bytes| SignedEntry::parse(bytes, &self.network).ok())
            .collect();
        DocumentView::build(&self.god.ledger, judge, document, &entries)
    }

    /// Does the node hold the document, every review of its subject and every registry that it may read or has a part of, as far as they were ever written?
    fn knows_all_about(&self, node: usize, here: &Ledger, document: &DocId) -> bool {
        let god = &self.god.ledger;
        let counted = |ledger: &Ledger, d: &DocId| -> BTreeSet<EntryId> {
            let all = ledger.document(d).map(|d| d.entries.clone()).unwrap_or_default();
            all.into_iter().filter(|id| !ledger.is_surplus_entry(id)).collect()
        };
        let about: OrgId = document.concerns();
        let matters = |d: &&DocId| match d.kind {
            Kind::Registry => self.may_read(node, d) || here.document(d).is_some(),
            Kind::Review => d.concerns() == about,
            _ => *d == document,
        };
        god.documents().filter(matters).all(|d| counted(god, d) == counted(here, d))
    }
}
