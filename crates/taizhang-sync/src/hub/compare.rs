//! Finding what differs: roots, then the summary tree where they differ, then open tips. The dialer asks, the other answers.

use taizhang_core::{
    entries::Entries,
    id::{DocId, Kind},
    units::Ms,
};

use super::Hub;
use crate::{
    frame::{Frame, Summary, Tip},
    io::{Event, SessionId},
    planted::Planted,
    session::{Phase, Session},
    summary::Tree,
    tips,
};

/// Parts of the tree in one question: each may be answered by 16.
const ASKED_AT_ONCE: usize = 8;

impl Hub {
    /// What both may read and both ask for.
    pub(super) fn in_scope(&self, s: &Session, document: &DocId) -> bool {
        let registry = &self.ledger.registry;
        let Some(theirs) = s.org else { return document.kind == Kind::Registry };
        let readable = registry.may_read(theirs, document) || self.planted(Planted::ScopeIgnored);
        readable
            && registry.may_read(self.config.org, document)
            && s.wants.has(document.kind)
            && self.config.wants.has(document.kind)
    }

    /// May we hold this document? Registries of a line are open to all on it, and a newcomer must take them before it can know.
    pub(super) fn may_hold(&self, document: &DocId) -> bool {
        document.kind == Kind::Registry
            || (self.ledger.registry.may_read(self.config.org, document) && self.config.wants.has(document.kind))
    }

    fn tree(&self, s: &Session) -> Tree {
        Tree::build(&self.ledger, |d| self.in_scope(s, d))
    }

    pub(super) fn begin_comparison(&mut self, session: SessionId) {
        let Some(s) = self.sessions.get(&session) else { return };
        if s.phase == Phase::Greeting {
            return;
        }
        let digest = self.tree(s).root();
        let at = (self.ledger.len(), self.ledger.registry_revision());
        if let Some(s) = self.sessions.get_mut(&session) {
            s.stale = false;
            s.moved = false;
            s.compared_at = Some(at);
        }
        self.send(session, &Frame::Root { digest, reply: true });
    }

    pub(super) fn root(&mut self, now: Ms, store: &dyn Entries, session: SessionId, theirs: [u8; 16], reply: bool) {
        let Some(s) = self.sessions.get(&session) else { return };
        let tree = self.tree(s);
        let digest = tree.root();
        let (dialer, remote) = (s.dialer, s.remote);
        if reply && (digest == theirs || !dialer) {
            self.send(session, &Frame::Root { digest, reply: false });
        }
        let Some(s) = self.sessions.get_mut(&session) else { return };
        if digest == theirs {
            s.phase = Phase::Live;
            s.stale = false;
            s.tips_sent.clear();
            s.tips_seen.clear();
            if s.is_idle() {
                self.notify(Event::InSync { session, with: remote });
            }
            self.pump(now, store, session);
        } else if dialer && !s.outstanding {
            s.phase = Phase::Comparing;
            s.tips_sent.clear();
            s.tips_seen.clear();
            s.summaries.clear();
            s.summaries.push_back(tree.describe(&[]));
            self.ask(now, store, session);
        }
    }

    /// The dialer's next question, or the end of the comparison.
    fn ask(&mut self, now: Ms, store: &dyn Entries, session: SessionId) {
        let Some(s) = self.sessions.get_mut(&session) else { return };
        let n = s.summaries.len().min(ASKED_AT_ONCE);
        let question: Vec<Summary> = s.summaries.drain(..n).collect();
        if !question.is_empty() {
            s.outstanding = true;
            self.send(session, &Frame::Summaries(question));
            return;
        }
        s.phase = Phase::Live;
        s.stale |= !super::planted(&self.config, Planted::NoRecheck);
        self.send(session, &Frame::Compared);
        self.pump(now, store, session);
    }

    pub(super) fn summaries(&mut self, now: Ms, store: &dyn Entries, session: SessionId, list: &[Summary]) {
        let Some(s) = self.sessions.get(&session) else { return };
        let dialer = s.dialer;
        if dialer && !s.outstanding {
            return self.close(session, "an answer without a question");
        }
        let tree = self.tree(s);
        let mut deeper = Vec::new();
        let mut differing = Vec::new();
        for summary in list {
            match summary {
                Summary::Node { prefix, children } => deeper.extend(tree.differing_children(prefix, children)),
                Summary::Leaf { prefix, documents } => differing.extend(tree.differing_documents(prefix, documents)),
            }
        }
        if !dialer
            && list.iter().any(|s| matches!(s, Summary::Leaf { prefix, .. } | Summary::Node { prefix, .. } if prefix.is_empty()))
        {
            self.new_round(session);
        }
        differing.iter().for_each(|d| self.send_tips(session, d));
        if !dialer {
            self.send(session, &Frame::Summaries(deeper));
            return;
        }
        if let Some(s) = self.sessions.get_mut(&session) {
            s.outstanding = false;
            s.summaries.extend(deeper);
        }
        self.ask(now, store, session);
    }

    fn new_round(&mut self, session: SessionId) {
        if let Some(s) = self.sessions.get_mut(&session) {
            s.phase = Phase::Comparing;
            s.tips_sent.clear();
            s.tips_seen.clear();
        }
    }

    fn send_tips(&mut self, session: SessionId, document: &DocId) {
        let Some(s) = self.sessions.get_mut(&session) else { return };
        if s.tips_sent.insert(*document) {
            let tips = tips::ours(&self.ledger, document);
            self.send(session, &Frame::Tips { document: *document, tips });
        }
    }

    pub(super) fn tips(&mut self, now: Ms, store: &dyn Entries, session: SessionId, document: DocId, theirs: &[Tip]) {
        let Some(s) = self.sessions.get(&session) else { return };
        let (they_may, we_may) = (self.in_scope(s, &document), self.may_hold(&document));
        if !they_may && !we_may {
            return;
        }
        self.send_tips(session, &document);
        let missing = if they_may { self.missing_there(&document, theirs) } else { Vec::new() };
        let Some(s) = self.sessions.get_mut(&session) else { return };
        s.tips_seen.insert(document);
        missing.into_iter().for_each(|id| s.owe(&self.ledger, id));
        self.pump(now, store, session);
    }

    fn missing_there(&self, document: &DocId, theirs: &[Tip]) -> Vec<taizhang_core::id::EntryId> {
        let unknown = theirs.iter().any(|t| self.ledger.place(&t.id).is_none());
        if unknown && self.planted(Planted::UnknownTipsTrusted) {
            return Vec::new();
        }
        tips::missing_there(&self.ledger, document, theirs)
    }

    pub(super) fn compared(&mut self, now: Ms, store: &dyn Entries, session: SessionId) {
        if let Some(s) = self.sessions.get_mut(&session) {
            s.phase = Phase::Live;
        }
        self.pump(now, store, session);
    }

    /// When idle: once more after a round that found differences, or when the registry changed; but not without progress.
    pub(super) fn recheck(&mut self, session: SessionId) {
        let Some(s) = self.sessions.get(&session) else { return };
        let progress = s.compared_at != Some((self.ledger.len(), self.ledger.registry_revision())) || s.moved;
        if s.stale && s.is_idle() && progress {
            self.begin_comparison(session);
        }
    }
}
