//! Two nodes that exchange what they have, by bundles or over a line: hubs with stores in memory.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test tool: what it makes itself it may take apart")]

use std::collections::{BTreeSet, VecDeque};

use taizhang_core::{
    admission::Signature,
    entry::SignedEntry,
    id::{DocId, EntryId, Kind, OrgId},
    ledger::Ledger,
    units::Ms,
};
use taizhang_sync::{BUNDLE_WRITTEN, Config, Effect, Event, Hub, Input, SessionId, frame::Kinds};

use crate::mutate::network::{DAY, Network, Shelf, key, secret};

/// A node.
pub struct Side {
    /// Whose key it has.
    pub name: &'static str,
    /// The hub.
    pub hub: Hub,
    /// Its store.
    pub shelf: Shelf,
    /// What it told.
    pub events: Vec<Event>,
    now: Ms,
    sessions: u64,
}

/// What is asked for where nothing is said.
#[must_use]
pub fn all() -> Kinds {
    Kinds::all().with_keys()
}

impl Side {
    /// With those entries of the network that fit, and what they name.
    #[must_use]
    pub fn new(network: &Network, name: &'static str, org: OrgId, holds: &mut dyn FnMut(&SignedEntry) -> bool) -> Self {
        let (mut ledger, mut shelf) = (Ledger::new(network.id), Shelf::default());
        for e in &network.entries {
            let document = &e.header.log.document;
            if (document.kind == Kind::Registry || ledger.registry.may_read(org, document))
                && holds(e)
                && let Ok(admitted) = ledger.admit(&shelf, e.clone(), Signature::Checked)
            {
                ledger.insert(&admitted);
                shelf.entries.insert(e.id, e.to_bytes());
            }
        }
        shelf.attachments.clone_from(&network.shelf.attachments);
        let config = Config { wants: all(), receipt_interval_ms: 1000, ..Config::new(secret(name), org) };
        let now = Ms(Ms::start_of(DAY).0 + (1 << 33));
        Self { name, hub: Hub::new(config, ledger), shelf, events: Vec::new(), now, sessions: 0 }
    }

    /// The same node once more.
    #[must_use]
    pub fn twin(&self, org: OrgId) -> Self {
        let config = Config { wants: all(), receipt_interval_ms: 1000, ..Config::new(secret(self.name), org) };
        let hub = Hub::new(config, self.hub.ledger().clone());
        let (shelf, events) = (self.shelf.clone(), Vec::new());
        Self { name: self.name, hub, shelf, events, now: self.now, sessions: 0 }
    }

    /// Somebody else's node without attachments.
    #[must_use]
    pub fn without_attachments(mut self) -> Self {
        self.shelf.attachments.clear();
        self
    }

    /// Takes it in; gives what is said, and why a session ended.
    pub fn input(&mut self, input: Input) -> (Vec<Vec<u8>>, Option<&'static str>) {
        self.now.0 += 20;
        self.hub.handle(self.now, &self.shelf, input);
        let (mut frames, mut ended) = (Vec::new(), None);
        while let Some(effect) = self.hub.poll_effect() {
            match effect {
                Effect::Commit(id, request) => {
                    for admitted in request.entries {
                        let entry = admitted.into_entry();
                        self.shelf.entries.insert(entry.id, entry.to_bytes());
                    }
                    self.shelf.attachments.extend(request.attachments);
                    self.hub.handle(self.now, &self.shelf, Input::Committed(id));
                }
                Effect::Send { frame, .. } => frames.push(frame),
                Effect::Close { reason, .. } => ended = Some(reason),
                Effect::Notify(event) => self.events.push(event),
                Effect::KeepKeys => {}
            }
        }
        (frames, ended)
    }

    fn session(&mut self) -> SessionId {
        self.sessions += 1;
        SessionId(self.sessions)
    }

    /// A bundle for a node.
    pub fn write(&mut self, to: &str) -> Vec<Vec<u8>> {
        self.write_for(to, all())
    }

    /// A bundle for a node that asks for these kinds.
    pub fn write_for(&mut self, to: &str, wants: Kinds) -> Vec<Vec<u8>> {
        let session = self.session();
        let begun = self.input(Input::Carry { session, to: key(to), named: None, wants });
        self.finish(session, begun)
    }

    fn finish(&mut self, session: SessionId, begun: (Vec<Vec<u8>>, Option<&'static str>)) -> Vec<Vec<u8>> {
        let (mut frames, mut ended) = begun;
        while ended.is_none() {
            let (more, end) = self.input(Input::CarryOn { session, room: true });
            frames.extend(more);
            ended = end;
        }
        assert_eq!(ended, Some(BUNDLE_WRITTEN));
        frames
    }

    /// Reads a bundle; why it ended early, if it did.
    ///
    /// # Errors
    /// Why reading ended early.
    pub fn read(&mut self, from: &str, frames: &[Vec<u8>]) -> Result<SessionId, &'static str> {
        let session = self.session();
        let (said, ended) = self.input(Input::Carried { session, from: key(from) });
        assert!(said.is_empty());
        ended.map_or(Ok(()), Err)?;
        for bytes in frames {
            let (said, ended) = self.input(Input::Frame { session, bytes: bytes.clone() });
            assert!(said.is_empty(), "nothing is said to a file");
            ended.map_or(Ok(()), Err)?;
        }
        Ok(session)
    }

    /// Reads a bundle and nothing goes back.
    ///
    /// # Errors
    /// Why reading ended early.
    pub fn take(&mut self, from: &str, frames: &[Vec<u8>]) -> Result<(), &'static str> {
        let session = self.read(from, frames)?;
        self.input(Input::Closed { session });
        Ok(())
    }

    /// Reads a bundle and writes the answer.
    ///
    /// # Errors
    /// Why reading ended early.
    pub fn answer(&mut self, from: &str, frames: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, &'static str> {
        let session = self.read(from, frames)?;
        let begun = self.input(Input::CarryOn { session, room: true });
        Ok(self.finish(session, begun))
    }

    /// Everything it holds.
    #[must_use]
    pub fn entries(&self) -> BTreeSet<EntryId> {
        let ledger = self.hub.ledger();
        ledger.documents().filter_map(|d| ledger.document(d)).flat_map(|d| d.entries.iter().copied()).collect()
    }

    /// The documents it holds.
    #[must_use]
    pub fn documents(&self) -> BTreeSet<DocId> {
        self.hub.ledger().documents().copied().collect()
    }
}

/// A stick goes there, back, and there again.
///
/// # Errors
/// Why one was not read to its end.
pub fn carry(a: &mut Side, b: &mut Side) -> Result<(), &'static str> {
    let there = a.write(b.name);
    let back = b.answer(a.name, &there)?;
    let again = a.answer(b.name, &back)?;
    b.take(a.name, &again)
}

/// Both talk over a line until nothing is left to say.
pub fn talk(a: &mut Side, b: &mut Side) {
    let (sa, sb) = (a.session(), b.session());
    let (from_a, _) = a.input(Input::Connected { session: sa, remote: key(b.name), dialer: true });
    let (from_b, _) = b.input(Input::Connected { session: sb, remote: key(a.name), dialer: false });
    let mut waiting: VecDeque<(bool, Vec<u8>)> = from_a.into_iter().map(|f| (true, f)).collect();
    waiting.extend(from_b.into_iter().map(|f| (false, f)));
    while let Some((to_b, bytes)) = waiting.pop_front() {
        let (said, _) =
            if to_b { b.input(Input::Frame { session: sb, bytes }) } else { a.input(Input::Frame { session: sa, bytes }) };
        waiting.extend(said.into_iter().map(|f| (!to_b, f)));
    }
    a.input(Input::Closed { session: sa });
    b.input(Input::Closed { session: sb });
}
