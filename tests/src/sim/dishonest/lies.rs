//! What a cheating machine does to the frames of its own hub, and which of the hub's checks it has taken out.

use taizhang_core::id::{DocId, EntryId, Run};
use taizhang_sync::{
    frame::{Frame, Tip},
    planted::Planted,
};

use super::super::{rogue::Rogue, world::World};

/// Frames that a liar remembers, to say them again.
const REMEMBERED_MAX: usize = 40;

/// One way to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    /// Says nothing instead of something.
    Drops,
    /// Keeps entries for itself.
    DropsBatches,
    /// Does not say what arrived.
    DropsAcks,
    /// Says it minutes or hours later.
    Delays,
    /// Says it twice.
    Doubles,
    /// Says again what it said once, perhaps to somebody else.
    Replays,
    /// Says the second thing first.
    Swaps,
    /// Names tips that are not there, or hides its own.
    FalseTips,
    /// Says that all is equal, or that nothing is.
    FalseRoots,
    /// Acknowledges what did not come.
    FalseAcks,
    /// Says that it has everything of a document.
    FalseHave,
    /// Ends a comparison that has just begun.
    FalseCompared,
    /// One bit is another.
    Flips,
    /// What no program says: garbage, forged entries, bombs, questions for what it may not read.
    Junk,
}

const HABITS: [Habit; 14] = [
    Habit::Drops,
    Habit::DropsBatches,
    Habit::DropsAcks,
    Habit::Delays,
    Habit::Doubles,
    Habit::Replays,
    Habit::Swaps,
    Habit::FalseTips,
    Habit::FalseRoots,
    Habit::FalseAcks,
    Habit::FalseHave,
    Habit::FalseCompared,
    Habit::Flips,
    Habit::Junk,
];

/// Checks and duties of a hub that its owner may have taken out.
const TAKEN_OUT: [Planted; 12] = [
    Planted::AckBeforeCommit,
    Planted::DropsEntries,
    Planted::SignaturesUnchecked,
    Planted::HeightsTrusted,
    Planted::NoForwarding,
    Planted::ScopeIgnored,
    Planted::NewestFirst,
    Planted::AttachmentsMayMiss,
    Planted::UnknownTipsTrusted,
    Planted::InviteTwice,
    Planted::InviteExpired,
    Planted::DigestOfCountOnly,
];

/// A machine whose owner cheats.
pub(crate) struct Lies {
    /// What is taken out of its hub.
    pub(crate) planted: Option<Planted>,
    habits: Vec<Habit>,
    /// One frame in so many is not what the hub said.
    one_in: u64,
    /// Frames said before.
    said: Vec<Vec<u8>>,
    /// A frame held back until the next on its connection.
    held: Option<(usize, Vec<u8>)>,
    /// The digest last heard.
    heard: Option<[u8; 16]>,
    /// Streams of its own for forged batches.
    pub(crate) forger: Rogue,
}

impl World {
    pub(crate) fn turn_liar(&mut self, node: usize) {
        let planted = if self.dice.one_in(2) { self.dice.pick(&TAKEN_OUT) } else { None };
        let habits: Vec<Habit> = (0..self.dice.between(1, 4)).filter_map(|_| self.dice.pick(&HABITS)).collect();
        let one_in = self.dice.between(2, 8);
        self.trace.line(self.now, || format!("node {node} cheats: {planted:?} {habits:?}, one frame in {one_in}"));
        if let Some(d) = self.dishonest.as_mut() {
            d.counts.hubs += u64::from(planted.is_some());
        }
        let is_running = self.machine(node).running.is_some();
        self.stop(node);
        let m = self.machine(node);
        m.lies = Some(Lies { planted, habits, one_in, said: Vec::new(), held: None, heard: None, forger: Rogue::default() });
        if is_running {
            self.starts_again(node);
        }
    }

    /// A frame of a cheating machine's hub goes out, changed or not.
    pub(crate) fn says_falsely(&mut self, conn: usize, to: usize, node: usize, frame: &[u8]) {
        let Some(lies) = self.machine(node).lies.as_mut() else { return };
        if lies.said.len() < REMEMBERED_MAX {
            lies.said.push(frame.to_vec());
        }
        let (held, habits, one_in) = (lies.held.take_if(|(c, _)| *c == conn), lies.habits.clone(), lies.one_in);
        let habit = if self.dice.one_in(one_in) { self.dice.pick(&habits) } else { None };
        match habit {
            None => self.transmit(conn, to, frame),
            Some(habit) => self.lie_about(habit, conn, to, node, frame),
        }
        if let Some((_, frame)) = held {
            self.transmit(conn, to, &frame);
        }
    }

    /// What a cheating machine hears, its hub hears too; the owner listens for what to answer.
    pub(crate) fn overhears(&mut self, node: usize, frame: &[u8]) {
        if let Some(lies) = self.machine(node).lies.as_mut()
            && let Ok(Some(Frame::Root { digest, .. })) = Frame::decode(frame)
        {
            lies.heard = Some(digest);
        }
    }

    fn lie_about(&mut self, habit: Habit, conn: usize, to: usize, node: usize, frame: &[u8]) {
        let kind = frame.first().copied().unwrap_or_default();
        let counts = &mut self.dishonest.get_or_insert_default().counts;
        match habit {
            Habit::Drops => counts.withheld += 1,
            Habit::DropsBatches if kind == 6 => counts.withheld += 1,
            Habit::DropsAcks if kind == 7 => counts.withheld += 1,
            Habit::Delays => {
                counts.delayed += 1;
                let wait = self.dice.between(60_000, 7_200_000);
                if let Some(end) = self.conns.get_mut(conn).and_then(|c| c.ends.get_mut(to)) {
                    end.arrived = end.arrived.max(self.now) + wait;
                }
                self.transmit(conn, to, frame);
            }
            Habit::Doubles => {
                counts.repeated += 1;
                self.transmit(conn, to, frame);
                self.transmit(conn, to, frame);
            }
            Habit::Replays => {
                counts.repeated += 1;
                let said = self.machine(node).lies.as_ref().map(|l| l.said.clone()).unwrap_or_default();
                let at = self.dice.index(said.len());
                self.transmit(conn, to, frame);
                if let Some(old) = said.get(at) {
                    self.transmit(conn, to, old);
                }
            }
            Habit::Swaps => {
                counts.repeated += 1;
                if let Some(lies) = self.machine(node).lies.as_mut() {
                    lies.held = Some((conn, frame.to_vec()));
                }
            }
            Habit::Junk => {
                counts.junk += 1;
                self.transmit(conn, to, frame);
                self.junk(conn, 1 - to, node, frame);
            }
            Habit::Flips => {
                counts.junk += 1;
                let mut bytes = frame.to_vec();
                let i = self.dice.index(bytes.len());
                if let Some(b) = bytes.get_mut(i) {
                    *b ^= 1 << self.dice.below(8);
                }
                self.transmit(conn, to, &bytes);
            }
            _ => self.claim_falsely(habit, conn, to, node, frame),
        }
    }

    fn claim_falsely(&mut self, habit: Habit, conn: usize, to: usize, node: usize, frame: &[u8]) {
        let Ok(Some(said)) = Frame::decode(frame) else { return self.transmit(conn, to, frame) };
        let heard = self.machine(node).lies.as_ref().and_then(|l| l.heard);
        let instead = match (habit, said) {
            (Habit::FalseTips, Frame::Tips { document, tips }) => {
                Some(Frame::Tips { document, tips: if self.dice.one_in(2) { Vec::new() } else { self.odd_tips(&tips) } })
            }
            (Habit::FalseRoots, Frame::Root { reply, .. }) => {
                let digest = heard.filter(|_| self.dice.one_in(2)).unwrap_or_else(|| self.dice.bytes());
                Some(Frame::Root { digest, reply })
            }
            (Habit::FalseAcks, Frame::Ack { batches, new }) => {
                Some(Frame::Ack { batches: batches + self.dice.below(3), new: new + self.dice.below(20) })
            }
            (Habit::FalseHave, _) => self.some_document().map(|document| Frame::Have { document }),
            (Habit::FalseCompared, Frame::Summaries(_)) => Some(Frame::Compared),
            _ => None,
        };
        let Some(instead) = instead else { return self.transmit(conn, to, frame) };
        self.dishonest.get_or_insert_default().counts.claims += 1;
        self.transmit(conn, to, &instead.encode());
        if habit == Habit::FalseHave {
            self.transmit(conn, to, frame);
        }
    }

    fn some_document(&mut self) -> Option<DocId> {
        let documents: Vec<DocId> = self.god.ledger.documents().copied().collect();
        self.dice.pick(&documents)
    }

    /// Tips a little above, below or beside the true ones.
    fn odd_tips(&mut self, tips: &[Tip]) -> Vec<Tip> {
        let mut out = Vec::new();
        for tip in tips {
            let mut tip = tip.clone();
            match self.dice.below(4) {
                0 => tip.height += 1 + self.dice.below(3),
                1 => tip.height = tip.height.saturating_sub(1).max(1),
                2 => tip.id = EntryId(self.dice.bytes()),
                _ => tip.run = Run(self.dice.bytes()),
            }
            out.push(tip);
        }
        out
    }
}
