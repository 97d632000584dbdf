//! A county's node and whoever speaks with it: frames as a liar would send them.

use std::{collections::BTreeMap, sync::OnceLock};

use sha2::{Digest, Sha256};
use taizhang_core::{
    author::{Author, grant_for},
    cbor::Writer,
    entry::SignedEntry,
    id::{AttachmentId, DocId, EntryId, Kind, OrgId, PublicKey, Run},
    ledger::Ledger,
    op::PayloadBuilder,
    units::Ms,
};
use taizhang_sync::{
    Config, Effect, Event, Hub, Input, Phase, SessionId,
    batch::{Chunk, WriteContext},
    frame::{BatchFrame, Frame, Kinds, Summary, VERSION},
};

use super::Outcome;
use crate::mutate::network::{DAY, Network, Shelf, YEAR, key, secret};

/// Founded once: what every attack finds.
static NETWORK: OnceLock<Network> = OnceLock::new();

/// The county's node.
pub(super) struct Node {
    pub(super) network: &'static Network,
    pub(super) hub: Hub,
    pub(super) shelf: Shelf,
    pub(super) now: Ms,
    /// The school whose node speaks, and another one.
    pub(super) school: OrgId,
    pub(super) other: OrgId,
    /// Commits are answered at once; else they stay under way.
    pub(super) commits: bool,
    contexts: BTreeMap<SessionId, WriteContext>,
    sessions: u64,
}

/// What came of an input.
#[derive(Default)]
pub(super) struct Done {
    pub(super) sent: Vec<(SessionId, Frame)>,
    pub(super) stored: Vec<EntryId>,
    /// Why sessions were ended.
    pub(super) ended: Vec<&'static str>,
    pub(super) refused: Vec<u64>,
    pub(super) commits: usize,
    /// How often it was told that the other refused a log.
    pub(super) refused_there: usize,
}

impl Done {
    /// Documents whose open tips were told, with how many.
    pub(super) fn tips(&self) -> Vec<(DocId, usize)> {
        let tips = self.sent.iter().filter_map(|(_, f)| match f {
            Frame::Tips { document, tips } => Some((*document, tips.len())),
            _ => None,
        });
        tips.collect()
    }

    /// How many entries were sent.
    pub(super) fn entries(&self) -> usize {
        let signatures = |f: &Frame| if let Frame::Batch(b) = f { b.signatures.len() } else { 0 };
        self.sent.iter().map(|(_, f)| signatures(f)).sum()
    }

    /// The attack was to be heard out: through, if the session was not ended.
    pub(super) fn ended(&self) -> Outcome {
        self.ended.first().map_or(Outcome::GotThrough, |why| Outcome::Ended(why))
    }

    /// The attack was to have something stored.
    pub(super) fn refused(&self) -> Outcome {
        match (self.stored.is_empty(), self.refused.first()) {
            (true, Some(code)) => Outcome::Refused(*code),
            _ => Outcome::GotThrough,
        }
    }
}

impl Node {
    pub(super) fn new() -> Self {
        Self::after(|_, _| Vec::new())
    }

    /// The county's node, after entries that are admitted on top of what the network holds.
    pub(super) fn after(more: impl FnOnce(&Network, Ms) -> Vec<SignedEntry>) -> Self {
        let network = NETWORK.get_or_init(Network::found);
        let now = Ms(Ms::start_of(DAY).0 + (1 << 33));
        let (mut ledger, mut shelf) = (network.ledger.clone(), network.shelf.clone());
        for entry in more(network, now) {
            let admitted = ledger.admit(&shelf, entry, taizhang_core::admission::Signature::Check).unwrap();
            ledger.insert(&admitted);
            shelf.entries.insert(admitted.entry().id, admitted.entry().to_bytes());
        }
        let org = |code| ledger.registry.by_code(code).unwrap();
        let (school, other) = (org("3301020001"), org("3301020002"));
        let wants = Kinds::all().with_keys();
        let config = Config { receipt_interval_ms: 1000, wants, ..Config::new(secret("county-node"), network.county) };
        let hub = Hub::new(config, ledger);
        Self { network, hub, shelf, now, school, other, commits: true, contexts: BTreeMap::new(), sessions: 0 }
    }

    pub(super) fn ledger(&self) -> &Ledger {
        self.hub.ledger()
    }

    pub(super) fn input(&mut self, input: Input) -> Done {
        self.now.0 += 20;
        self.hub.handle(self.now, &self.shelf, input);
        let mut done = Done::default();
        while let Some(effect) = self.hub.poll_effect() {
            match effect {
                Effect::Commit(id, request) => {
                    done.commits += 1;
                    for admitted in request.entries {
                        let entry = admitted.into_entry();
                        done.stored.push(entry.id);
                        self.shelf.entries.insert(entry.id, entry.to_bytes());
                    }
                    self.shelf.attachments.extend(request.attachments);
                    if self.commits {
                        self.hub.handle(self.now, &self.shelf, Input::Committed(id));
                    }
                }
                Effect::Send { session, frame } => {
                    done.sent.extend(Frame::decode(&frame).ok().flatten().map(|f| (session, f)));
                }
                Effect::Close { reason, .. } => done.ended.push(reason),
                Effect::Notify(Event::RefusedHere { reason, .. }) => done.refused.push(reason.code()),
                Effect::Notify(Event::RefusedThere { .. }) => done.refused_there += 1,
                Effect::KeepKeys | Effect::Notify(_) => {}
            }
        }
        done
    }

    /// A connection; nothing was said yet.
    pub(super) fn connect(&mut self, remote: &str, dialer: bool) -> SessionId {
        self.arrive(key(remote), dialer).0
    }

    /// A connection of this key, and what came of it.
    pub(super) fn arrive(&mut self, remote: PublicKey, dialer: bool) -> (SessionId, Done) {
        self.sessions += 1;
        let session = SessionId(self.sessions);
        (session, self.input(Input::Connected { session, remote, dialer }))
    }

    pub(super) fn hello(&self) -> Frame {
        let network = self.ledger().network;
        Frame::Hello { version: VERSION, network, org: self.school, wants: Kinds::all(), join: None }
    }

    /// A session that has compared and found nothing.
    pub(super) fn live(&mut self, remote: &str, dialer: bool) -> SessionId {
        self.live_for(remote, dialer, Kinds::all())
    }

    /// The same, with a node that asks for these kinds.
    pub(super) fn live_for(&mut self, remote: &str, dialer: bool, wants: Kinds) -> SessionId {
        let session = self.connect(remote, dialer);
        let (network, org) = (self.ledger().network, self.school);
        let hello = Frame::Hello { version: VERSION, network, org, wants, join: None };
        let greeted = self.say(session, &hello);
        let ours = if dialer { greeted } else { self.say(session, &Frame::Root { digest: [0; 16], reply: true }) };
        let digest = ours.sent.iter().find_map(|(_, f)| if let Frame::Root { digest, .. } = f { Some(*digest) } else { None });
        self.say(session, &Frame::Root { digest: digest.unwrap_or_default(), reply: true });
        let phase = self.hub.sessions().find(|s| s.session == session).map(|s| s.phase);
        assert_eq!(phase, Some(Phase::Live), "the session is live");
        session
    }

    pub(super) fn say(&mut self, session: SessionId, frame: &Frame) -> Done {
        self.bytes(session, frame.encode())
    }

    pub(super) fn bytes(&mut self, session: SessionId, bytes: Vec<u8>) -> Done {
        self.input(Input::Frame { session, bytes })
    }

    /// Entries in one batch.
    pub(super) fn send(&mut self, session: SessionId, entries: &[SignedEntry]) -> Done {
        let mut w = Writer::default();
        let loose = self.contexts.entry(session).or_default().write_entries(&mut w, entries);
        let signatures = entries.iter().map(|e| e.signature).collect();
        self.batch(session, &w.finish(), loose, signatures)
    }

    pub(super) fn batch(&mut self, session: SessionId, raw: &[u8], loose: Vec<u8>, signatures: Vec<[u8; 64]>) -> Done {
        let packed = zstd::bulk::compress(raw, 1).unwrap();
        self.say(session, &Frame::Batch(BatchFrame { fresh: true, last: true, signatures, loose, packed }))
    }

    pub(super) fn chunk(&mut self, session: SessionId, chunk: &Chunk) -> Done {
        let mut w = Writer::default();
        WriteContext::write_chunk(&mut w, chunk);
        let packed = zstd::bulk::compress(&w.finish(), 1).unwrap();
        let batch = BatchFrame { fresh: true, last: false, signatures: Vec::new(), loose: Vec::new(), packed };
        self.say(session, &Frame::Batch(batch))
    }

    /// The dialer asks for everything; what it hears until both have compared.
    pub(super) fn ask_all(&mut self, session: SessionId, answers: &[Frame]) -> Done {
        let mut all = self.say(session, &Frame::Summaries(vec![Summary::Leaf { prefix: Vec::new(), documents: Vec::new() }]));
        let mut also = |done: Done| {
            all.sent.extend(done.sent);
            all.ended.extend(done.ended);
        };
        answers.iter().for_each(|f| also(self.say(session, f)));
        also(self.say(session, &Frame::Compared));
        all
    }

    pub(super) fn hours(&self, org: OrgId) -> DocId {
        DocId::of_year(org, Kind::Ledger, YEAR)
    }

    /// What an honest person signs next, in a log of this run.
    pub(super) fn write(&self, who: &str, run: u8, document: DocId) -> SignedEntry {
        write(self.ledger(), who, run, document, self.now)
    }

    /// Several entries of one fresh log.
    pub(super) fn write_all(&self, who: &str, run: u8, document: DocId, n: usize) -> Vec<SignedEntry> {
        let author = Author { key: secret(who), run: Run([run; 8]) };
        let grant = grant_for(self.ledger(), author.public(), &document);
        author.write_all(self.ledger(), (0..n).map(|i| (document, grant, payload(i))), self.now)
    }
}

fn payload(n: usize) -> Vec<u8> {
    let mut p = PayloadBuilder::default();
    let mut w = Writer::default();
    w.array(1).uint(n as u64);
    p.row(60, &[], &w.finish());
    p.finish()
}

/// What an honest person signs next, in a log of this run.
pub(super) fn write(ledger: &Ledger, who: &str, run: u8, document: DocId, now: Ms) -> SignedEntry {
    signed(ledger, who, run, document, payload(0), now)
}

/// The same with this content.
pub(super) fn signed(ledger: &Ledger, who: &str, run: u8, document: DocId, payload: Vec<u8>, now: Ms) -> SignedEntry {
    let author = Author { key: secret(who), run: Run([run; 8]) };
    author.write(ledger, document, grant_for(ledger, author.public(), &document), payload, now)
}

/// A piece of an attachment, by its true name.
pub(super) fn piece(bytes: &[u8], offset: u64, total: u64) -> Chunk {
    Chunk { id: AttachmentId(Sha256::digest(bytes).into()), total, offset, bytes: bytes.to_vec() }
}
