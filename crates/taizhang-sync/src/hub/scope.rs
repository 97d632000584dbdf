//! What a session may speak of: documents that both sides may read and both ask for, and the registries without which those could not be admitted.

use std::{collections::BTreeSet, sync::Arc};

use taizhang_core::{
    id::{DocId, Kind, OrgId},
    planted::{Check, is_off},
};

use super::Hub;
use crate::{frame::Kinds, planted::Planted, session::Session, summary::Tree};

/// What decides which documents a session sees, and what it sees of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View {
    org: Option<OrgId>,
    wants: Kinds,
    ours: Kinds,
    entries: u64,
    registry: u64,
}

impl Hub {
    /// Documents of which something counts: others are nobody's but ours, and nobody is told of them.
    pub(super) fn documents(&self) -> impl Iterator<Item = &DocId> {
        self.ledger.documents().filter(|d| self.ledger.counts(d))
    }

    /// Both may read it and both ask for it. To a node that our registry does not know nothing is sent.
    pub(super) fn in_scope(&self, s: &Session, document: &DocId) -> bool {
        let registry = &self.ledger.registry;
        let Some(theirs) = s.org.or(is_off(Check::Strangers).then_some(self.config.org)) else { return false };
        s.wants.has(document.kind)
            && s.ours.has(document.kind)
            && (registry.may_read(theirs, document) || self.planted(Planted::ScopeIgnored))
            && registry.may_read(self.config.org, document)
    }

    /// Documents in scope with those registries of other lines on which they rest (design §4: whoever may read a document may read the registries from its logs' grants up to the root).
    pub(super) fn shares(&self, s: &Session, document: &DocId) -> bool {
        self.in_scope(s, document)
            || (document.kind == Kind::Registry && s.org.is_some() && self.lines(s).contains(&document.owner))
    }

    /// May we hold this document? Registries are taken from anyone: only they say who is who, and what enters them is signed down from the root.
    pub(super) fn may_hold(&self, s: &Session, document: &DocId) -> bool {
        let reads = document.kind == Kind::Registry || self.ledger.registry.may_read(self.config.org, document);
        s.ours.has(document.kind) && (reads || is_off(Check::MayHold))
    }

    /// Organisations whose registries the documents in scope rest on: those that these rest on and all that are, or were, above them.
    /// Who has got an organisation from elsewhere hears where it stands also while nothing is written about it.
    fn lines(&self, s: &Session) -> Arc<BTreeSet<OrgId>> {
        self.lines.get(self.view(s), || {
            let documents = self.documents().filter(|d| d.kind != Kind::Registry && self.in_scope(s, d));
            // A registry that is read because its owner moved begins under grants of where that came from.
            let read = self.documents().filter(|d| d.kind == Kind::Registry && self.in_scope(s, d)).map(|d| d.owner);
            let read = read.filter(|o| self.ledger.registry.was_placed(*o));
            let came = s.org.into_iter().flat_map(|o| self.ledger.registry.placed_below(self.config.org, o));
            let orgs: BTreeSet<OrgId> = documents.flat_map(|d| self.rests_on(d)).chain(came).chain(read).collect();
            orgs.into_iter().flat_map(|o| self.ledger.registry.line(o)).collect()
        })
    }

    /// The owner, and a subject that was ever placed elsewhere: only the registry that created it says that it is there.
    fn rests_on(&self, document: &DocId) -> impl Iterator<Item = OrgId> {
        let moved = document.subject.filter(|s| self.ledger.registry.was_placed(*s));
        std::iter::once(document.owner).chain(moved)
    }

    /// All that decides what a session sees: sessions of which this is the same see the same.
    fn view(&self, s: &Session) -> View {
        View { org: s.org, wants: s.wants, ours: s.ours, entries: self.ledger.len(), registry: self.ledger.registry_revision() }
    }

    /// Does the document rest on no registry but those that the other gets anyway?
    pub(super) fn has_common_line(&self, s: &Session, document: &DocId) -> bool {
        let lines = self.rests_on(document).flat_map(|o| self.ledger.registry.line(o));
        lines.map(|o| DocId::of(o, Kind::Registry)).filter(|r| self.is_here(r)).all(|r| self.in_scope(s, &r))
    }

    pub(super) fn tree(&self, s: &Session) -> Arc<Tree> {
        self.trees.get(self.view(s), || {
            let lines = if s.org.is_some() { self.lines(s) } else { Arc::default() };
            let in_tree = |d: &&DocId| self.in_scope(s, d) || (d.kind == Kind::Registry && lines.contains(&d.owner));
            Tree::of(self.documents().filter(in_tree).map(|d| (*d, self.digest(d))))
        })
    }

    fn digest(&self, document: &DocId) -> [u8; 32] {
        if self.planted(Planted::DigestOfCountOnly) {
            let n = self.ledger.document(document).map_or(0, |d| d.entries.len());
            return std::array::from_fn(|i| u8::try_from(n >> (i % 4 * 8) & 0xff).unwrap_or(0));
        }
        self.ledger.digest(document)
    }
}
