//! Finding what differs: roots, then the summary tree where they differ, then open tips. The dialer asks, the other answers.
//!
//! ```text
//! dialer                                    the other
//!   Root ───────────────────────────────────►  equal, or not: Root back
//!   Summaries (8 parts at once) ────────────►  Tips of documents that differ, Summaries one level deeper
//!   Tips of documents that differ ──────────►  Tips back
//!   …                                          (each side answers Tips with its own, once a round; Have where the other is far behind)
//!   Compared ───────────────────────────────►  Compared
//! ```
//! Each side knows all tips of the other when it receives Compared; then entries flow.

use std::collections::BTreeSet;

use taizhang_core::{
    entries::Entries,
    id::{DocId, Kind},
    planted::{Check, is_off},
    units::Ms,
};

use super::Hub;
use crate::{
    frame::{Frame, Summary, Tip},
    io::{Effect, Event, SessionId},
    limits,
    planted::Planted,
    session::Phase,
    summary::short,
    tips::{self, Told},
};

/// Why a node is sent away that the registry does not name.
pub(super) const UNKNOWN_NODE: &str = "this node's key is not certified in our registry";

/// Parts of the tree in one question: each may be answered by 16.
const ASKED_AT_ONCE: usize = 8;

impl Hub {
    pub(super) fn begin_comparison(&mut self, session: SessionId) {
        let Some(s) = self.sessions.get(&session) else { return };
        if s.phase == Phase::Greeting || s.is_bundle() {
            return;
        }
        let digest = self.tree(s).root();
        let at = (self.ledger.len(), self.ledger.registry_revision());
        if let Some(s) = self.sessions.get_mut(&session) {
            s.stale = false;
            s.moved = false;
            s.in_sync = false;
            s.compared_at = Some(at);
            s.asked = Some(digest);
        }
        self.send(session, &Frame::Root { digest, reply: true });
    }

    pub(super) fn root(&mut self, now: Ms, store: &dyn Entries, session: SessionId, theirs: [u8; 16], reply: bool) {
        let Some(s) = self.sessions.get(&session) else { return };
        let tree = self.tree(s);
        let digest = tree.root();
        // The other became what we said we were, and we have stored more since: that is owed, and nobody asks again.
        let became_ours = !reply && !s.dialer && s.answered == Some(theirs);
        let is_equal = theirs == digest || became_ours;
        let asked = s.asked;
        if reply && (is_equal || !s.dialer) {
            self.send(session, &Frame::Root { digest, reply: false });
            if let Some(s) = self.sessions.get_mut(&session) {
                s.answered = Some(digest);
            }
        }
        // Ours became equal while the answer was on its way: the other still takes us for different, and waits.
        if !reply && is_equal && asked.is_some_and(|asked| asked != theirs) {
            self.send(session, &Frame::Root { digest, reply: false });
        }
        let Some(s) = self.sessions.get_mut(&session) else { return };
        if !reply {
            s.asked = None;
        }
        if s.round {
            // One round at a time; its end compares once more.
            s.stale |= !is_equal;
        } else if is_equal {
            s.phase = Phase::Live;
            // What came since rests perhaps on registries that the other lacks: only another comparison brings it.
            s.stale &= theirs != digest;
            if s.org.is_none() && !self.is_newcomer() {
                return self.close(session, UNKNOWN_NODE);
            }
            self.pump(now, store, session);
        } else if s.dialer {
            s.new_round();
            s.round = true;
            s.summaries.clear();
            s.summaries.push_back(tree.describe(&[]));
            self.ask(session);
        }
    }

    /// The dialer's next question, or the end of the comparison.
    fn ask(&mut self, session: SessionId) {
        let Some(s) = self.sessions.get_mut(&session) else { return };
        let n = s.summaries.len().min(ASKED_AT_ONCE);
        let question: Vec<Summary> = s.summaries.drain(..n).collect();
        let may_be_answered = |part: &Summary| match part {
            Summary::Node { prefix, .. } => Some(prefix.clone()),
            Summary::Leaf { .. } => None,
        };
        s.question = (!question.is_empty()).then(|| question.iter().filter_map(may_be_answered).collect());
        let frame = if question.is_empty() { Frame::Compared } else { Frame::Summaries(question) };
        self.send(session, &frame);
    }

    pub(super) fn summaries(&mut self, session: SessionId, list: &[Summary]) {
        let Some(s) = self.sessions.get_mut(&session) else { return };
        let dialer = s.dialer;
        if dialer {
            let question = s.question.take();
            if question.is_none() && !is_off(Check::AnswerAsked) {
                return self.close(session, "an answer without a question");
            }
            if !answers(list, &question.unwrap_or_default()) && !is_off(Check::AnswerPart) {
                return self.close(session, "an answer to what was not asked");
            }
        }
        if !dialer && list.iter().any(|s| s.prefix().is_empty()) {
            s.new_round();
        }
        let Some(s) = self.sessions.get(&session) else { return };
        let tree = self.tree(s);
        let mut deeper = Vec::new();
        let mut differing = Vec::new();
        for summary in list {
            match summary {
                Summary::Node { prefix, children } => deeper.extend(tree.differing_children(prefix, children)),
                Summary::Leaf { prefix, documents } => {
                    let found = tree.differing_documents(prefix, documents);
                    // A registry that only they think we share, and we have it as they do.
                    let is_same = |d: &DocId| documents.contains(&(*d, short(&self.ledger.digest(d))));
                    differing.extend(found.into_iter().filter(|d| !is_same(d)));
                }
            }
        }
        // Whoever asks about a few parts at once gets no answer as long as that.
        if !dialer && deeper.len() > limits::SUMMARY_NODES_MAX {
            return self.close(session, "too many parts asked about at once");
        }
        differing.iter().for_each(|d| self.send_tips(session, d, false));
        if !dialer {
            return self.send(session, &Frame::Summaries(deeper));
        }
        if let Some(s) = self.sessions.get_mut(&session) {
            s.summaries.extend(deeper);
            if s.summaries.len() > limits::QUESTIONS_MAX {
                return self.close(session, "too many parts differ");
            }
            self.ask(session);
        }
    }

    /// Our tips of a document, once a round. Of a registry that the other may not read it is told nothing new, but we take what it has:
    /// it hears our tips only if it names one that we know. Of anything else that it may not read it hears nothing at all.
    fn send_tips(&mut self, session: SessionId, document: &DocId, holds: bool) {
        let Some(s) = self.sessions.get(&session) else { return };
        let shares = self.shares(s, document);
        if s.tips_sent.contains(document) || !(shares || document.kind == Kind::Registry || is_off(Check::TipsScope)) {
            return;
        }
        let tips = if shares || holds || is_off(Check::TipsScope) { tips::ours(&self.ledger, document) } else { Vec::new() };
        let Some(s) = self.sessions.get_mut(&session) else { return };
        if s.tips_sent.len() >= limits::ROUND_DOCUMENTS_MAX {
            return self.close(session, "too many documents differ");
        }
        s.tips_sent.insert(*document);
        s.awaited.insert(*document);
        self.tell_tips(session, *document, &tips);
    }

    pub(super) fn tell_tips(&mut self, session: SessionId, document: DocId, tips: &[Tip]) {
        let mut parts: Vec<&[Tip]> = tips.chunks(limits::TIPS_MAX).collect();
        let last = parts.pop().unwrap_or_default().to_vec();
        parts.into_iter().for_each(|part| self.send(session, &Frame::SomeTips { document, tips: part.to_vec() }));
        self.send(session, &Frame::Tips { document, tips: last });
    }

    /// Tips of our own keys that are not here: a restore card, a disk image of another day, or a stolen key.
    pub(super) fn notice_ahead(&mut self, session: SessionId, document: DocId, theirs: &[Tip]) {
        let Some(s) = self.sessions.get_mut(&session) else { return };
        for tip in theirs.iter().filter(|t| self.own_keys.contains(&t.key) && self.ledger.place(&t.id).is_none()) {
            if s.ahead.len() >= limits::AHEAD_TOLD_MAX || !s.ahead.insert(tip.id) {
                continue;
            }
            let (by, author, sequence, entry) = (s.remote, tip.key, tip.height, tip.id);
            self.effects.push_back(Effect::Notify(Event::Ahead { by, document, author, sequence, entry }));
        }
    }

    /// Some of the other's tips of a document; of what they tell nothing is kept but which of our entries it has.
    pub(super) fn some_tips(&mut self, session: SessionId, document: DocId, theirs: &[Tip]) {
        self.notice_ahead(session, document, theirs);
        #[cfg(feature = "planted")]
        let by_height = self.planted(Planted::HeightsTrusted);
        let Some(s) = self.sessions.get_mut(&session) else { return };
        let is_doubted = s.doubted.contains(&document);
        let (of, told) = s.told.get_or_insert_with(|| (document, Told::default()));
        if *of != document {
            return self.close(session, "tips of two documents at once");
        }
        #[cfg(feature = "planted")]
        if by_height {
            return told.hear_heights(&self.ledger, &document, theirs);
        }
        told.hear(&self.ledger, &document, theirs, is_doubted);
    }

    /// The last of them: now all are known. To say them once more in a round would make us look through the document for nothing.
    pub(super) fn tips(&mut self, session: SessionId, document: DocId, theirs: &[Tip]) {
        self.some_tips(session, document, theirs);
        let Some(s) = self.sessions.get_mut(&session) else { return };
        let Some((_, told)) = s.told.take() else { return };
        let is_new = self.ledger.document(&document).is_none() || s.tips_heard.insert(document);
        if !is_new && !is_off(Check::TipsOnce) {
            return;
        }
        self.send_tips(session, &document, told.has_known);
        let Some(s) = self.sessions.get(&session) else { return };
        let trusts_unknown = told.has_unknown && self.planted(Planted::UnknownTipsTrusted);
        let missing =
            if self.shares(s, &document) && !trusts_unknown { told.missing_there(&self.ledger, &document) } else { Vec::new() };
        let Some(s) = self.sessions.get_mut(&session) else { return };
        s.awaited.remove(&document);
        let is_ahead = !missing.is_empty();
        missing.into_iter().for_each(|id| s.owe(&self.ledger, id));
        if is_ahead && told.is_far_back(&self.ledger, &document) {
            self.send(session, &Frame::Have { document });
        }
    }

    /// The other is so far ahead that our reckoning of what it lacks was only near.
    pub(super) fn has_all(&mut self, session: SessionId, document: DocId) {
        if let Some(s) = self.sessions.get_mut(&session) {
            s.owed.forget(&document);
        }
    }

    /// All tips of this round are exchanged; what the other did not answer it cannot hold.
    pub(super) fn compared(&mut self, now: Ms, store: &dyn Entries, session: SessionId) {
        let Some(s) = self.sessions.get_mut(&session) else { return };
        std::mem::take(&mut s.awaited).iter().for_each(|unanswered| s.owed.forget(unanswered));
        s.tips_sent.clear();
        s.tips_heard.clear();
        s.phase = Phase::Live;
        if !s.dialer {
            self.send(session, &Frame::Compared);
        } else if std::mem::take(&mut s.round) {
            s.stale |= s.org.is_some() && !super::planted(&self.config, Planted::NoRecheck);
        } else {
            return self.close(session, "the end of a comparison that was not under way");
        }
        self.pump(now, store, session);
    }

    /// Nothing is left to send. Compares once more after a round that found differences, or when the registry changed; but not without progress.
    pub(super) fn settle(&mut self, session: SessionId) {
        let Some(s) = self.sessions.get(&session) else { return };
        if !s.is_idle() {
            return;
        }
        let (with, stale, told, kinds) = (s.remote, s.stale, s.in_sync, s.wants.and(s.ours));
        let Some(org) = s.org else {
            // It told all it had, and that did not say who it is.
            if s.batches_received > 0 && !self.is_newcomer() {
                self.close(session, UNKNOWN_NODE);
            }
            return;
        };
        let progress = s.compared_at != Some((self.ledger.len(), self.ledger.registry_revision())) || s.moved;
        if stale && progress {
            return self.begin_comparison(session);
        }
        if self.keys_are_told(session) && !stale && !told {
            if let Some(s) = self.sessions.get_mut(&session) {
                s.in_sync = true;
            }
            let here = self.ledger.len();
            self.notify(Event::InSync { session, with, org, kinds, here });
        }
    }
}

/// Does each part of an answer lie right below one of those asked about, and none stand there twice? So no more is asked in a round than our own tree has parts for.
pub(super) fn answers(list: &[Summary], question: &BTreeSet<Vec<u8>>) -> bool {
    let mut seen = BTreeSet::new();
    let is_asked = |prefix: &[u8]| prefix.split_last().is_some_and(|(_, above)| question.contains(above));
    list.iter().all(|part| is_asked(part.prefix()) && seen.insert(part.prefix()))
}
