//! A hub under test with two live sessions and a greeting one, and what their other ends know.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use taizhang_core::{
    id::{AttachmentId, EntryId, LogId},
    ledger::Ledger,
    units::Ms,
};
use taizhang_sync::{
    Config, Effect, Event, Hub, Input, Phase, SessionId,
    batch::{Item, ReadContext},
    frame::{Frame, Kinds, VERSION},
    spread::{Spread, one_by_one},
};

use super::network::{DAY, Network, Shelf, key, secret};

/// Which of the sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The other side dialled; live.
    Answering,
    /// The hub dialled; live.
    Dialling,
    /// Nothing was said yet.
    Greeting,
}

/// The other end of a session.
pub struct Peer {
    /// The session's name.
    pub session: SessionId,
    /// What the hub has read so far, kept beside it: equal as long as the session lives.
    pub read: ReadContext,
    /// Our numbers of logs.
    pub numbers: BTreeMap<LogId, u64>,
    /// The time of the last entry sent.
    pub time: Ms,
    batches: u64,
}

impl Peer {
    fn new(session: SessionId) -> Self {
        Self { session, read: ReadContext::default(), numbers: BTreeMap::new(), time: Ms(0), batches: 0 }
    }

    /// Reads a batch as the hub will read it, and remembers what it taught.
    pub fn read(&mut self, raw: &[u8], loose: &[u8]) -> Option<Vec<Item>> {
        let items = self.read.read(raw, loose).ok()?;
        for item in &items {
            if let Item::Entry(e) = item {
                self.numbers.insert(e.log, e.number);
                self.time = e.time;
            }
        }
        Some(items)
    }
}

/// What a hub did with an input.
#[derive(Default)]
pub struct Done {
    /// Frames it sent.
    pub sent: Vec<(SessionId, Vec<u8>)>,
    /// Entries it stored.
    pub stored: Vec<EntryId>,
    /// Sessions it ended.
    pub closed: Vec<SessionId>,
    /// Codes of what it refused.
    pub refused: Vec<u64>,
}

/// The hub with its store and its sessions.
pub struct HubUnderTest {
    /// The hub.
    pub hub: Hub,
    /// Its store.
    pub shelf: Shelf,
    /// Its clock.
    pub now: Ms,
    answering: Peer,
    dialling: Peer,
    greeting: Peer,
    sessions: u64,
}

impl HubUnderTest {
    /// The county's node with everything the network holds.
    #[must_use]
    pub fn new(network: &Network) -> Self {
        Self::spreading(network, one_by_one)
    }

    /// The same, with its own way to check many signatures.
    #[must_use]
    pub fn spreading(network: &Network, spread: Spread) -> Self {
        let hub = Hub::new(Config { spread, ..config("county-node", network) }, network.ledger.clone());
        let none = || Peer::new(SessionId(0));
        let now = Ms(Ms::start_of(DAY).0 + (1 << 33));
        let shelf = network.shelf.clone();
        let mut h = Self { hub, shelf, now, answering: none(), dialling: none(), greeting: none(), sessions: 0 };
        [Which::Answering, Which::Dialling, Which::Greeting].into_iter().for_each(|w| h.connect(w));
        h
    }

    /// The other end.
    pub fn peer(&mut self, which: Which) -> &mut Peer {
        self.parts(which).1
    }

    /// The hub and the other end.
    pub fn parts(&mut self, which: Which) -> (&Hub, &mut Peer) {
        let peer = match which {
            Which::Answering => &mut self.answering,
            Which::Dialling => &mut self.dialling,
            Which::Greeting => &mut self.greeting,
        };
        (&self.hub, peer)
    }

    /// One input and all that comes of it; commits succeed at once.
    pub fn input(&mut self, input: Input) -> Done {
        self.now.0 += 20;
        self.hub.handle(self.now, &self.shelf, input);
        let mut done = Done::default();
        while let Some(effect) = self.hub.poll_effect() {
            match effect {
                Effect::Commit(id, request) => {
                    for admitted in request.entries {
                        let entry = admitted.into_entry();
                        done.stored.push(entry.id);
                        self.shelf.fresh.insert(entry.id, entry);
                    }
                    let is_named_well = |(id, bytes): &(AttachmentId, Vec<u8>)| Sha256::digest(bytes).as_slice() == id.0;
                    assert!(request.attachments.iter().all(is_named_well), "an attachment is what its name says");
                    self.shelf.attachments.extend(request.attachments);
                    self.hub.handle(self.now, &self.shelf, Input::Committed(id));
                }
                Effect::Send { session, frame } => done.sent.push((session, frame)),
                Effect::Close { session, .. } => done.closed.push(session),
                Effect::Notify(Event::RefusedHere { reason, .. }) => done.refused.push(reason.code()),
                Effect::KeepKeys | Effect::Notify(_) => {}
            }
        }
        done
    }

    /// A frame on a session.
    pub fn frame(&mut self, which: Which, bytes: Vec<u8>) -> Done {
        let session = self.peer(which).session;
        self.input(Input::Frame { session, bytes })
    }

    /// Between inputs: batches are acknowledged, ended sessions begin anew.
    pub fn tidy(&mut self, done: &Done, again: Option<Which>) {
        for which in [Which::Answering, Which::Dialling] {
            let session = self.peer(which).session;
            let batches = done.sent.iter().filter(|(s, f)| *s == session && f.first() == Some(&6)).count() as u64;
            let phase = self.hub.sessions().find(|s| s.session == session).map(|s| s.phase);
            if again == Some(which) || phase != Some(Phase::Live) {
                self.connect(which);
            } else if batches > 0 {
                self.peer(which).batches += batches;
                let batches = self.peer(which).batches;
                self.frame(which, Frame::Ack { batches, new: 1 }.encode());
            }
        }
        let session = self.greeting.session;
        if !self.hub.sessions().any(|s| s.session == session && s.phase == Phase::Greeting) {
            self.connect(Which::Greeting);
        }
    }

    /// Ends the session, if there is one, and begins it anew.
    fn connect(&mut self, which: Which) {
        let session = self.peer(which).session;
        self.input(Input::Closed { session });
        self.sessions += 1;
        let session = SessionId(self.sessions);
        *self.peer(which) = Peer::new(session);
        let remote = match which {
            Which::Answering => "city-node",
            Which::Dialling => "school-node",
            Which::Greeting if self.sessions.is_multiple_of(3) => "school-node",
            Which::Greeting => "joiner-node",
        };
        self.input(Input::Connected { session, remote: key(remote), dialer: which == Which::Dialling });
        if which == Which::Greeting {
            return;
        }
        let greeted = self.frame(which, hello(self.hub.ledger()).encode());
        let ours = if which == Which::Dialling { greeted } else { self.frame(which, root([0; 16])) };
        let digest = ours.sent.iter().find_map(|(_, f)| match Frame::decode(f) {
            Ok(Some(Frame::Root { digest, .. })) => Some(digest),
            _ => None,
        });
        self.frame(which, root(digest.unwrap_or_default()));
    }

    /// Is every live session what it should be? A burnt node key ends that: then the round's hub is of no more use.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.hub.sessions().filter(|s| s.phase == Phase::Live && s.org.is_some()).count() >= 2
    }
}

fn root(digest: [u8; 16]) -> Vec<u8> {
    Frame::Root { digest, reply: true }.encode()
}

/// A greeting as an honest node sends it.
#[must_use]
pub fn hello(ledger: &Ledger) -> Frame {
    let org = taizhang_core::id::OrgId([1; 8]);
    Frame::Hello { version: VERSION, network: ledger.network, org, wants: Kinds::all(), join: None }
}

fn config(node: &str, network: &Network) -> Config {
    Config { receipt_interval_ms: 1000, ..Config::new(secret(node), network.county) }
}

/// Every frame that two hubs exchange until both hold the same.
#[must_use]
pub fn conversation(network: &Network) -> Vec<Vec<u8>> {
    let mut hubs = [
        Hub::new(config("county-node", network), network.ledger.clone()),
        Hub::new(config("city-node", network), Ledger::new(network.id)),
    ];
    let mut shelves = [network.shelf.clone(), Shelf::default()];
    let session = SessionId(1);
    let (mut frames, mut waiting, mut now) = (Vec::new(), std::collections::VecDeque::new(), Ms(Ms::start_of(DAY).0 + (1 << 33)));
    for (n, remote) in [(0, "city-node"), (1, "county-node")] {
        waiting.push_back((n, Input::Connected { session, remote: key(remote), dialer: n == 1 }));
    }
    while let Some((n, input)) = waiting.pop_front() {
        now.0 += 1;
        hubs[n].handle(now, &shelves[n], input);
        while let Some(effect) = hubs[n].poll_effect() {
            match effect {
                Effect::Commit(id, request) => {
                    for admitted in request.entries {
                        let entry = admitted.into_entry();
                        shelves[n].entries.insert(entry.id, entry.to_bytes());
                    }
                    shelves[n].attachments.extend(request.attachments);
                    hubs[n].handle(now, &shelves[n], Input::Committed(id));
                }
                Effect::Send { frame, .. } => {
                    frames.push(frame.clone());
                    waiting.push_back((1 - n, Input::Frame { session, bytes: frame }));
                }
                Effect::Close { .. } | Effect::KeepKeys | Effect::Notify(_) => {}
            }
        }
    }
    assert!(frames.iter().any(|f| f.first() == Some(&6)), "entries travelled");
    frames
}
