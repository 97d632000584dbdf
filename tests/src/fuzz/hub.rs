//! A hub under a sequence of inputs: liars' frames on three sessions, writes of its own, commits that come late or fail.

use taizhang_core::{admission::Signature, ledger::Ledger, units::Ms};
use taizhang_sync::{CommitId, CommitRequest, Effect, Event, Input, Token, frame::Frame, limits::FRAME_BYTES_MAX};

use super::made;
use crate::mutate::{
    dice::Dice,
    network::Shelf,
    peer::{Done, HubUnderTest, Which},
};

/// Inputs of one run, at most.
const STEPS_MAX: usize = 64;

/// The bytes decide every input.
pub fn hub(bytes: &[u8]) {
    let mut run = Run::new(Dice::reading(bytes));
    for _ in 0..STEPS_MAX {
        if run.dice.is_spent() {
            break;
        }
        run.step();
    }
    run.release();
    run.check();
}

/// A hub, and beside it what must be in it.
pub(super) struct Run {
    pub(super) dice: Dice,
    pub(super) hub: HubUnderTest,
    /// Only what was committed, admitted once more by itself.
    expected: Ledger,
    shelf: Shelf,
    /// A commit that has not come back yet, and after how many inputs it will.
    late: Option<(CommitId, CommitRequest)>,
    hold: usize,
    pub(super) done: Done,
    tokens: u64,
}

impl Run {
    pub(super) fn new(dice: Dice) -> Self {
        let network = made().network;
        Self {
            dice,
            hub: HubUnderTest::new(network),
            expected: network.ledger.clone(),
            shelf: network.shelf.clone(),
            late: None,
            hold: 0,
            done: Done::default(),
            tokens: 0,
        }
    }

    fn step(&mut self) {
        let which = [Which::Answering, Which::Dialling, Which::Greeting][self.dice.below(3)];
        let session = self.hub.peer(which).session;
        let kind = self.dice.below(12);
        match kind {
            0 => self.input(Input::Timeout),
            1 => self.input(Input::Closed { session }),
            2 => self.input(Input::Compare { session }),
            3 => self.write(),
            4 => {
                self.hub.now = Ms(self.hub.now.0.saturating_add(self.dice.boundary() >> 20));
                self.input(Input::Timeout);
            }
            5 => self.hold = 1 + self.dice.below(4),
            _ => {
                let bytes = self.frame(which, kind);
                self.input(Input::Frame { session, bytes });
            }
        }
        self.hold = self.hold.saturating_sub(1);
        if self.hold == 0 {
            self.release();
            let done = std::mem::take(&mut self.done);
            let refused = (!done.refused.is_empty()).then_some(which);
            self.hub.tidy(&done, refused);
        }
    }

    fn frame(&mut self, which: Which, kind: usize) -> Vec<u8> {
        let frames = &made().frames;
        match kind {
            6 => {
                let n = self.dice.below(256);
                self.dice.take(n)
            }
            7 | 8 => frames.of_fields(self.hub.hub.ledger(), which, &mut self.dice).encode(),
            9 => {
                let node = if which == Which::Dialling { "school-node" } else { "city-node" };
                let receipt = frames.receipt(self.hub.hub.ledger(), node, &mut self.dice);
                frames.receipt_frame(&receipt, &mut self.dice).encode()
            }
            _ => {
                let (hub, peer) = self.hub.parts(which);
                frames.of_batch(hub.ledger(), peer, &mut self.dice).0
            }
        }
    }

    /// Somebody here writes, well or badly.
    fn write(&mut self) {
        let entries = made().entries;
        let seat = entries.seat(&mut self.dice);
        let ledger = self.hub.hub.ledger();
        let n = 1 + self.dice.below(2);
        let mut written = Vec::new();
        for _ in 0..n {
            let payload = entries.mutated_payload(ledger, seat.document, &mut self.dice);
            written.push(entries.next(ledger, seat, payload, &mut self.dice));
        }
        self.tokens += 1;
        self.input(Input::Local { token: Token(self.tokens), entries: written, attachments: Vec::new() });
    }

    pub(super) fn input(&mut self, input: Input) {
        self.hub.now.0 = self.hub.now.0.saturating_add(20);
        self.hub.hub.handle(self.hub.now, &self.shelf, input);
        self.effects();
    }

    fn effects(&mut self) {
        loop {
            while let Some(effect) = self.hub.hub.poll_effect() {
                match effect {
                    Effect::Commit(id, request) => {
                        assert!(self.late.is_none(), "one commit at a time");
                        self.late = Some((id, request));
                    }
                    Effect::Send { session, frame } => {
                        assert!(frame.len() <= FRAME_BYTES_MAX, "a frame of {} bytes", frame.len());
                        assert!(matches!(Frame::decode(&frame), Ok(Some(_))), "what is sent can be read");
                        self.done.sent.push((session, frame));
                    }
                    Effect::Close { session, .. } => self.done.closed.push(session),
                    Effect::Notify(Event::RefusedHere { reason, .. }) => self.done.refused.push(reason.code()),
                    Effect::KeepKeys | Effect::Notify(_) => {}
                }
            }
            if self.hub.hub.needs_reload() {
                self.hub.hub.reload(self.expected.clone());
            } else if self.hold > 0 || self.late.is_none() {
                return;
            } else {
                self.finish();
            }
        }
    }

    /// Nothing is held back any longer.
    pub(super) fn release(&mut self) {
        self.hold = 0;
        self.effects();
    }

    /// The commit under way succeeds, or fails now and then.
    fn finish(&mut self) {
        let Some((id, request)) = self.late.take() else { return };
        if self.dice.chance(5) {
            return self.hub.hub.handle(self.hub.now, &self.shelf, Input::CommitFailed(id));
        }
        self.shelf.attachments.extend(request.attachments.iter().cloned());
        self.hub.shelf.attachments.extend(request.attachments);
        for admitted in request.entries {
            let entry = admitted.into_entry();
            let again = self.expected.admit(&self.shelf, entry.clone(), Signature::Check);
            let again = again.unwrap_or_else(|refusal| panic!("committed, and not admitted anew: {refusal}"));
            self.expected.insert(&again);
            self.done.stored.push(entry.id);
            self.shelf.entries.insert(entry.id, entry.to_bytes());
            self.hub.shelf.entries.insert(entry.id, entry.to_bytes());
        }
        self.hub.hub.handle(self.hub.now, &self.shelf, Input::Committed(id));
    }

    /// The ledger holds what was committed and nothing else.
    pub(super) fn check(&self) {
        let ledger = self.hub.hub.ledger();
        assert_eq!(ledger.len(), self.expected.len());
        for document in self.expected.documents() {
            assert_eq!(ledger.digest(document), self.expected.digest(document), "{document}");
        }
        assert!(self.hub.hub.sessions().count() <= 3);
    }
}
