//! Bundles: what a node would say in a session, carried in a file (docs/protocol.md §14). Nothing is asked and nothing answered, and nothing counts as delivered: whoever writes cannot know whether it arrives.
//!
//! ```text
//! Carry(to)             Hello, Tips of all that both may read, Compared        owed is what no receipt of `to` covers
//! CarryOn               one Batch; after the last KeyRecords, Receipts, Close
//!
//! Carried(from), Frame… the same frames are read; then
//! Closed                that was all, or
//! CarryOn               the answer begins: Hello, Tips, Compared               owed is what the tips that were read do not reach
//! ```
//! What is received goes through the functions of a live session, so signatures, admission, scope and limits have one verdict.

use std::collections::BTreeMap;

use taizhang_core::{
    entries::Entries,
    id::{DocId, EntryId, OrgId, PublicKey},
    planted::{Check, is_off},
    units::Ms,
};

use super::{Hub, compare::UNKNOWN_NODE, greet::Greeting, hello, receipts::tips_of};
use crate::{
    frame::{Frame, Kinds, Tip, VERSION},
    io::SessionId,
    limits,
    session::{Phase, Session},
    tips,
};

/// Why the session of a bundle ends that was written whole.
pub const BUNDLE_WRITTEN: &str = "the bundle is written";

impl Hub {
    /// Begins a bundle to a node, which belongs to the organisation named where several certify it, and asks for these kinds as far as is known here.
    pub(super) fn carry(&mut self, now: Ms, session: SessionId, to: PublicKey, named: Option<OrgId>, wants: Kinds) {
        let org = self.org_of_node(to, named);
        let ours = self.config.wants;
        self.sessions.insert(session, Session { phase: Phase::Writing, named, org, wants, ..Session::new(to, true, ours, now) });
        let receipts = self.receipts.iter().filter(|((node, _), _)| *node == to);
        let held = receipts.map(|((_, document), receipt)| (*document, tips_of(receipt, *document).to_vec())).collect();
        self.begin_writing(session, &held);
    }

    /// Begins to read a bundle that this node has signed; its greeting says for whom it works.
    pub(super) fn carried(&mut self, now: Ms, session: SessionId, from: PublicKey) {
        let ours = self.config.wants;
        self.sessions.insert(session, Session { phase: Phase::Reading, ..Session::new(from, false, ours, now) });
    }

    /// The next batch of a bundle that is written, or its end; without room for more batches its end. Of one that was read the answer begins.
    pub(super) fn carry_on(&mut self, now: Ms, store: &dyn Entries, session: SessionId, room: bool) {
        let Some(s) = self.sessions.get_mut(&session) else { return };
        match s.phase {
            Phase::Reading if s.heard.is_whole => self.begin_answer(session),
            Phase::Reading => self.close(session, "a bundle without its end"),
            Phase::Writing => {
                if !room {
                    (s.outgoing, s.compressor) = (None, None);
                    s.owed.clear();
                }
                if !self.send_next(now, store, session) {
                    self.end_writing(now, session);
                } else if let Some(s) = self.sessions.get_mut(&session) {
                    s.in_flight.clear();
                }
            }
            Phase::Greeting | Phase::Comparing | Phase::Live => {}
        }
    }

    /// Was a bundle that is read said to be whole as far as its tips go?
    #[must_use]
    pub fn bundle_is_whole(&self, session: SessionId) -> bool {
        self.sessions.get(&session).is_some_and(|s| s.phase == Phase::Reading && s.heard.is_whole)
    }

    fn begin_answer(&mut self, session: SessionId) {
        let Some(s) = self.sessions.get_mut(&session) else { return };
        s.phase = Phase::Writing;
        let mut held = std::mem::take(&mut s.heard.tips);
        // What it brought it has, whatever became of its tips.
        for id in s.last_in_log.values() {
            let document = self.ledger.place(id).map(|p| p.log.document);
            document.into_iter().for_each(|d| held.entry(d).or_default().push(*id));
        }
        self.begin_writing(session, &held);
    }

    fn begin_writing(&mut self, session: SessionId, held: &BTreeMap<DocId, Vec<EntryId>>) {
        let frame = hello(&self.config, &self.ledger);
        self.send(session, &frame);
        let Some(s) = self.sessions.get(&session) else { return };
        let documents: Vec<DocId> = self.documents().filter(|d| self.shares(s, d)).copied().collect();
        for document in documents {
            self.tell_tips(session, document, &tips::ours(&self.ledger, &document));
            let known = held.get(&document).map(Vec::as_slice).unwrap_or_default();
            let lacking = tips::lacking(&self.ledger, &document, known);
            let Some(s) = self.sessions.get_mut(&session) else { return };
            lacking.into_iter().for_each(|id| s.owe(&self.ledger, id));
        }
        self.send(session, &Frame::Compared);
    }

    fn end_writing(&mut self, now: Ms, session: SessionId) {
        let Some(s) = self.sessions.get(&session) else { return };
        let documents: Vec<DocId> = self.documents().filter(|d| self.may_share(s, d)).copied().collect();
        for document in documents {
            let records = self.open_records(&document);
            self.send_records(session, &records);
        }
        self.give_receipts(now, session);
        self.close(session, BUNDLE_WRITTEN);
    }

    /// Of what is owed to the other, and of all that belongs to its organisation: it may never have heard what arrived. Owed it stays, since this bundle may be lost.
    fn give_receipts(&mut self, now: Ms, session: SessionId) {
        let Some(s) = self.sessions.get(&session) else { return };
        let owed = s.touched.clone();
        let before = self.owed.get(&s.remote).into_iter().flatten().filter(|d| self.shares(s, d) && self.is_here(d));
        let own = self.documents().filter(|d| Some(d.owner) == s.org && self.in_scope(s, d));
        let more: Vec<DocId> = before.chain(own).copied().collect();
        let Some(s) = self.sessions.get_mut(&session) else { return };
        s.touched.extend(more);
        while let Some(s) = self.sessions.get_mut(&session)
            && !s.touched.is_empty()
        {
            s.last_receipt = None;
            self.sign_receipt(now, session);
        }
        if let Some(s) = self.sessions.get_mut(&session) {
            s.touched = owed;
        }
    }

    /// A frame of a bundle: only what says something by itself stands there, each in its place.
    pub(super) fn carried_frame(&mut self, now: Ms, store: &dyn Entries, session: SessionId, frame: Frame) {
        let Some(s) = self.sessions.get(&session) else { return };
        let (is_greeted, is_whole) = (s.heard.is_greeted, s.heard.is_whole);
        match frame {
            Frame::Hello { version, network, org, wants, join } if !is_greeted => {
                self.carried_hello(session, &Greeting { version, network, org, wants, join });
            }
            Frame::SomeTips { document, tips } | Frame::Tips { document, tips } if is_greeted && !is_whole => {
                self.carried_tips(session, document, &tips);
            }
            Frame::Compared if is_greeted && !is_whole => {
                if let Some(s) = self.sessions.get_mut(&session) {
                    s.heard.is_whole = true;
                }
            }
            Frame::Batch(batch) if is_whole => self.batch(now, store, session, &batch),
            Frame::KeyRecords(records) if is_whole => self.key_records(now, store, session, records),
            Frame::Receipt(receipt) if is_whole => self.receipt(session, receipt),
            frame if is_off(Check::BundleFrames) => self.live_frame(now, store, session, frame),
            _ => self.close(session, "a frame that has no place in a bundle, or not there"),
        }
    }

    fn carried_hello(&mut self, session: SessionId, greeting: &Greeting) {
        if greeting.version != VERSION {
            return self.close(session, "another version of the protocol");
        }
        if greeting.network != self.ledger.network {
            return self.close(session, "another network");
        }
        let Some(remote) = self.sessions.get(&session).map(|s| s.remote) else { return };
        let org = self.org_of_node(remote, Some(greeting.org));
        let Some(s) = self.sessions.get_mut(&session) else { return };
        (s.named, s.org, s.wants) = (Some(greeting.org), org, greeting.wants);
        s.heard.is_greeted = true;
        if org.is_none() && !is_off(Check::BundleCertified) {
            self.close(session, UNKNOWN_NODE);
        }
    }

    /// Kept until the answer: by then what they name has come.
    fn carried_tips(&mut self, session: SessionId, document: DocId, theirs: &[Tip]) {
        self.notice_ahead(session, document, theirs);
        let Some(s) = self.sessions.get_mut(&session) else { return };
        s.heard.count += theirs.len().max(1);
        if s.heard.count > limits::BUNDLE_TIPS_MAX && !is_off(Check::BundleTips) {
            return self.close(session, "a bundle with too many tips");
        }
        s.heard.tips.entry(document).or_default().extend(theirs.iter().map(|t| t.id));
    }
}
