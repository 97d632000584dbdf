//! One connection's sync: where it stands, what it owes, what it has in flight.

mod owed;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use taizhang_core::{
    entry::SignedEntry,
    id::{AttachmentId, DocId, EntryId, Kind, LogId, OrgId, PublicKey},
    ledger::Ledger,
    units::Ms,
};

use self::owed::Owed;
use crate::{
    attachments::Attachments,
    batch::{ReadContext, WriteContext},
    compress::{Compressor, Decompressor},
    frame::{Kinds, Summary},
    keys::Talk,
    limits,
    tips::Told,
};

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Our Hello is sent; theirs has not come.
    Greeting,
    /// Finding out what differs. No entries flow: one whose registry's tips are not compared yet could not be admitted.
    Comparing,
    /// All differences are known; whatever is written flows at once.
    Live,
    /// A bundle is read: nothing is said.
    Reading,
    /// A bundle is written: nothing is awaited, and what comes up meanwhile is left to the next.
    Writing,
}

/// What the beginning of a bundle told.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// What its writer holds: open tips by document.
    pub(crate) tips: BTreeMap<DocId, Vec<EntryId>>,
    /// Tips so far, a document without any counted as one.
    pub(crate) count: usize,
    /// Its greeting was read.
    pub(crate) is_greeted: bool,
    /// All tips are told; entries may follow.
    pub(crate) is_whole: bool,
}

/// A batch that was sent and not yet acknowledged.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) entries: Vec<EntryId>,
    pub(crate) sent: Ms,
}

/// Entries taken off what is owed, waiting for the attachments that travel before them.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    pub(crate) entries: Vec<SignedEntry>,
    pub(crate) attachments: VecDeque<AttachmentId>,
    /// The first attachment's bytes, once read, and how many of them are sent.
    pub(crate) current: Option<(Vec<u8>, usize)>,
}

/// One connection's sync.
pub(crate) struct Session {
    pub(crate) remote: PublicKey,
    /// When the connection came.
    pub(crate) since: Ms,
    pub(crate) dialer: bool,
    pub(crate) phase: Phase,
    /// The organisation that their greeting names: only a claim.
    pub(crate) named: Option<OrgId>,
    /// Their organisation by our registry; `None` until it certifies their key.
    pub(crate) org: Option<OrgId>,
    /// What they ask for.
    pub(crate) wants: Kinds,
    /// What our greeting asked for.
    pub(crate) ours: Kinds,

    pub(crate) write: WriteContext,
    pub(crate) compressor: Option<Compressor>,
    pub(crate) is_long: bool,
    pub(crate) owed: Owed,
    pub(crate) outgoing: Option<Outgoing>,
    pub(crate) in_flight: VecDeque<InFlight>,
    pub(crate) window: usize,
    pub(crate) batches_acked: u64,
    pub(crate) attachments_sent: BTreeSet<AttachmentId>,
    /// Logs that the other refused: nothing more of them until the next comparison.
    pub(crate) refused: BTreeSet<LogId>,

    pub(crate) read: ReadContext,
    pub(crate) decompressor: Option<Decompressor>,
    pub(crate) batches_received: u64,
    /// The sender's numbers of logs that we refused: nothing more of them until the next comparison.
    pub(crate) dead: BTreeSet<u64>,
    /// One of them only for want of an entry that may still come.
    pub(crate) waits: bool,
    pub(crate) last_in_log: BTreeMap<u64, EntryId>,
    pub(crate) attachments: Attachments,
    pub(crate) incoming: bool,

    /// Documents of which the other lacked what we reckoned it has: at a fork, heights say nothing. There only tips that are here count.
    pub(crate) doubted: BTreeSet<DocId>,
    /// The root we asked about last, until a reply comes.
    pub(crate) asked: Option<[u8; 16]>,
    /// The root that we last answered with.
    pub(crate) answered: Option<[u8; 16]>,
    /// The dialer's comparison is under way: from its first question until the other's end of it.
    pub(crate) round: bool,
    /// The dialer's questions still to be asked.
    pub(crate) summaries: VecDeque<Summary>,
    /// The parts of the question under way that may be answered one level deeper; none: nothing is asked.
    pub(crate) question: Option<BTreeSet<Vec<u8>>>,
    pub(crate) tips_sent: BTreeSet<DocId>,
    /// Documents of which theirs were heard in this round.
    pub(crate) tips_heard: BTreeSet<DocId>,
    /// Tips of a document of which the last have not come.
    pub(crate) told: Option<(DocId, Told)>,
    /// Documents whose tips we sent and theirs have not come.
    pub(crate) awaited: BTreeSet<DocId>,
    /// The registry changed or a round found differences: compare once more when idle.
    pub(crate) stale: bool,
    /// Entries known here when the last comparison began: a new one needs progress.
    pub(crate) compared_at: Option<(u64, u64)>,
    pub(crate) moved: bool,
    /// Told that nothing is owed, and nothing came up since.
    pub(crate) in_sync: bool,

    /// About teachers' keys.
    pub(crate) talk: Talk,
    /// Of a bundle that is read.
    pub(crate) heard: Heard,

    pub(crate) touched: BTreeSet<DocId>,
    pub(crate) last_receipt: Option<Ms>,
    /// Entries of our own keys that the other named and that are not here: each is told of once.
    pub(crate) ahead: BTreeSet<EntryId>,
}

impl Session {
    pub(crate) fn new(remote: PublicKey, dialer: bool, ours: Kinds, since: Ms) -> Self {
        Self {
            remote,
            since,
            dialer,
            phase: Phase::Greeting,
            named: None,
            org: None,
            wants: Kinds(0),
            ours,
            write: WriteContext::default(),
            compressor: None,
            is_long: false,
            owed: Owed::default(),
            outgoing: None,
            in_flight: VecDeque::new(),
            window: 2,
            batches_acked: 0,
            attachments_sent: BTreeSet::new(),
            refused: BTreeSet::new(),
            read: ReadContext::default(),
            decompressor: None,
            batches_received: 0,
            dead: BTreeSet::new(),
            waits: false,
            last_in_log: BTreeMap::new(),
            attachments: Attachments::default(),
            incoming: false,
            doubted: BTreeSet::new(),
            asked: None,
            answered: None,
            round: false,
            summaries: VecDeque::new(),
            question: None,
            tips_sent: BTreeSet::new(),
            tips_heard: BTreeSet::new(),
            told: None,
            awaited: BTreeSet::new(),
            stale: false,
            compared_at: None,
            moved: false,
            in_sync: false,
            talk: Talk::default(),
            heard: Heard::default(),
            touched: BTreeSet::new(),
            last_receipt: None,
            ahead: BTreeSet::new(),
        }
    }

    /// By when it must have greeted, or be certified; none where it is both.
    pub(crate) fn deadline(&self) -> Option<Ms> {
        let within = match (self.phase, self.org) {
            (Phase::Greeting, _) => limits::GREETING_MS_MAX,
            (_, None) => limits::STRANGER_MS_MAX,
            (_, Some(_)) => return None,
        };
        Some(Ms(self.since.0.saturating_add(within)))
    }

    /// Does it stand for a file?
    pub(crate) fn is_bundle(&self) -> bool {
        matches!(self.phase, Phase::Reading | Phase::Writing)
    }

    /// Nothing owed, nothing in flight in either direction, nothing being compared.
    pub(crate) fn is_idle(&self) -> bool {
        self.has_sent_all() && self.in_flight.is_empty() && !self.incoming
    }

    /// Compared, and everything found is on its way.
    pub(crate) fn has_sent_all(&self) -> bool {
        self.phase == Phase::Live && self.owed.is_empty() && self.outgoing.is_none()
    }

    /// Both sides begin to compare: what was refused before may be tried again.
    pub(crate) fn new_round(&mut self) {
        self.phase = Phase::Comparing;
        self.in_sync = false;
        self.tips_sent.clear();
        self.tips_heard.clear();
        self.awaited.clear();
        self.refused.clear();
        self.dead.clear();
        self.waits = false;
    }

    /// Owes an entry unless it is on its way already.
    pub(crate) fn owe(&mut self, ledger: &Ledger, id: EntryId) {
        let Some(place) = ledger.place(&id) else { return };
        let is_sending = self.outgoing.as_ref().is_some_and(|o| o.entries.iter().any(|e| e.id == id));
        if !is_sending && !self.in_flight.iter().any(|b| b.entries.contains(&id)) {
            self.in_sync = false;
            self.owed.insert(place.log.document, place.arrival, id);
        }
    }

    pub(crate) fn view(&self, id: crate::io::SessionId) -> SessionView {
        SessionView {
            session: id,
            remote: self.remote,
            org: self.org,
            phase: self.phase,
            dialer: self.dialer,
            owed: self.owed.len() + self.outgoing.as_ref().map_or(0, |o| o.entries.len()),
            in_flight: self.in_flight.iter().map(|b| b.entries.len()).sum(),
        }
    }
}

/// Kinds in the order in which they travel: what others rest on first.
pub(crate) fn rank(kind: Kind) -> u8 {
    let at = Kind::ALL.iter().position(|k| *k == kind).unwrap_or(Kind::ALL.len());
    u8::try_from(at).unwrap_or(u8::MAX)
}

/// Documents whose entries name none of other documents of their kind travel one after the other: that compresses better.
fn by_itself(document: DocId) -> Option<DocId> {
    matches!(document.kind, Kind::Notice | Kind::Roster | Kind::Identity | Kind::Ledger).then_some(document)
}

/// A session as others may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// Its name.
    pub session: crate::io::SessionId,
    /// The other node.
    pub remote: PublicKey,
    /// The other node's organisation, once certified.
    pub org: Option<OrgId>,
    /// Where it stands.
    pub phase: Phase,
    /// Did we dial?
    pub dialer: bool,
    /// Entries not sent yet.
    pub owed: usize,
    /// Entries sent and not acknowledged.
    pub in_flight: usize,
}
