//! How fast signatures are verified: alone on all cores, and within a first fill; the same entries, in the same run.
#![allow(clippy::unwrap_used, reason = "a benchmark: what it makes itself it may take apart")]

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

use taizhang_core::{
    admission::Signature,
    author::Author,
    entry::SignedEntry,
    id::{DocId, Kind, Run},
    key,
    ledger::Ledger,
    op::PayloadBuilder,
    units::Ms,
};
use taizhang_node::spread::over_cores;
use taizhang_sync::{Config, Effect, Hub, Input, SessionId};

use crate::{
    eddsa::message_of,
    mutate::{
        network::{DAY, Network, Shelf, key as key_of, secret},
        rows,
    },
};

/// What one round took.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// `key::verify` over all entries on all cores.
    pub raw: Duration,
    /// The same verdicts within a first fill.
    pub verifying: Duration,
    /// How many of them.
    pub verified: u64,
    /// Everything that the receiving hub did: unpack, verify, admit, commit to memory, acknowledge.
    pub receiving: Duration,
    /// Frames received.
    pub frames: u64,
}

impl Round {
    /// Speed within the fill, in percent of the raw speed.
    #[must_use]
    pub fn percent(&self) -> u128 {
        self.raw.as_nanos() * 100 / self.verifying.as_nanos().max(1)
    }
}

/// A network whose school's clerk wrote so many entries, each signed alone.
pub struct Bench {
    network: Network,
    entries: Vec<SignedEntry>,
}

static VERIFYING_NS: AtomicU64 = AtomicU64::new(0);
static VERIFIED: AtomicU64 = AtomicU64::new(0);

/// What a node does, with a clock beside it.
fn timed(n: usize, check: &(dyn Fn(usize) -> bool + Sync)) -> Vec<bool> {
    let start = Instant::now();
    let verdicts = over_cores(n, check);
    VERIFYING_NS.fetch_add(u64::try_from(start.elapsed().as_nanos()).unwrap(), Relaxed);
    VERIFIED.fetch_add(n as u64, Relaxed);
    verdicts
}

impl Bench {
    /// Writes them.
    #[must_use]
    pub fn new(entries: u16) -> Self {
        let mut network = Network::found();
        let is_clerks = |s: &&crate::mutate::network::Seat| s.document.kind == Kind::Roster && s.key == key_of("clerk");
        let seat = *network.seats.iter().find(is_clerks).unwrap();
        let author = Author { key: secret("clerk"), run: Run([8; 8]) };
        let mut written = Vec::new();
        for n in 0..entries {
            let mut p = PayloadBuilder::default();
            p.row(40, &[], &rows::teacher(n.into()));
            let now = Ms(Ms::start_of(DAY).0 + (1 << 32) + u64::from(n) * 40_000);
            let entry = author.write(&network.ledger, seat.document, seat.grant, p.finish(), now);
            let admitted = network.ledger.admit(&network.shelf, entry, Signature::Check).unwrap();
            network.ledger.insert(&admitted);
            let entry = admitted.into_entry();
            network.shelf.entries.insert(entry.id, entry.to_bytes());
            written.push(entry);
        }
        Self { network, entries: written }
    }

    /// Raw first, then a first fill.
    #[must_use]
    pub fn round(&self) -> Round {
        let raw = self.raw();
        VERIFYING_NS.store(0, Relaxed);
        VERIFIED.store(0, Relaxed);
        let (receiving, frames) = self.fill();
        let verifying = Duration::from_nanos(VERIFYING_NS.load(Relaxed));
        Round { raw, verifying, verified: VERIFIED.load(Relaxed), receiving, frames }
    }

    /// The bare function, every core with an equal share of the messages made before.
    fn raw(&self) -> Duration {
        let messages: Vec<Vec<u8>> = self.entries.iter().map(|e| message_of(e, &self.network.id)).collect();
        let work: Vec<(&SignedEntry, &Vec<u8>)> = self.entries.iter().zip(&messages).collect();
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let start = Instant::now();
        std::thread::scope(|scope| {
            for part in work.chunks(work.len().div_ceil(cores)) {
                scope.spawn(move || assert!(part.iter().all(|(e, m)| key::verify(&e.header.log.key, m, &e.signature))));
            }
        });
        start.elapsed()
    }

    /// The county's hub fills the city's, which begins with nothing.
    fn fill(&self) -> (Duration, u64) {
        let config = |node: &str| Config { spread: timed, ..Config::new(secret(node), self.network.county) };
        let mut hubs = [
            Hub::new(config("county-node"), self.network.ledger.clone()),
            Hub::new(config("city-node"), Ledger::new(self.network.id)),
        ];
        let mut shelves = [self.network.shelf.clone(), Shelf::default()];
        let (session, mut now, mut took, mut frames) = (SessionId(1), Ms(Ms::start_of(DAY).0 + (1 << 33)), Duration::ZERO, 0);
        let mut waiting: VecDeque<(usize, Input)> = [(0, "city-node"), (1, "county-node")]
            .map(|(n, remote)| (n, Input::Connected { session, remote: key_of(remote), dialer: n == 1 }))
            .into();
        while let Some((n, input)) = waiting.pop_front() {
            now.0 += 1;
            let start = Instant::now();
            let mut out = Vec::new();
            if let (Some(hub), Some(shelf)) = (hubs.get_mut(n), shelves.get_mut(n)) {
                hub.handle(now, shelf, input);
                while let Some(effect) = hub.poll_effect() {
                    match effect {
                        Effect::Commit(id, request) => {
                            let entries = request.entries.into_iter().map(|a| a.into_entry());
                            shelf.entries.extend(entries.map(|e| (e.id, e.to_bytes())));
                            shelf.attachments.extend(request.attachments);
                            hub.handle(now, shelf, Input::Committed(id));
                        }
                        Effect::Send { frame, .. } => out.push(frame),
                        Effect::Close { .. } | Effect::KeepKeys | Effect::Notify(_) => {}
                    }
                }
            }
            if n == 1 {
                took += start.elapsed();
                frames += 1;
            }
            waiting.extend(out.into_iter().map(|bytes| (1 - n, Input::Frame { session, bytes })));
        }
        let [_, filled] = hubs;
        let (all, got) = (&self.network.ledger, filled.ledger());
        let city = all.registry.ancestors(self.network.county).first().copied().unwrap();
        let held = |l: &Ledger, d: &DocId| l.document(d).map_or(0, |state| state.entries.len());
        let lacks = |d: &&DocId| all.registry.may_read(city, d) && held(all, d) != held(got, d);
        assert_eq!(all.documents().filter(lacks).count(), 0, "what the city may read arrived");
        (took, frames)
    }
}
