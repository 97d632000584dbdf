//! One connection's sync: where it stands, what it owes, what it has in flight.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use taizhang_core::{
    id::{AttachmentId, DocId, EntryId, Kind, OrgId, PublicKey},
    ledger::Ledger,
    units::Ms,
};

use crate::{
    batch::{ReadContext, WriteContext},
    compress::{Compressor, Decompressor},
    frame::{Kinds, Summary},
};

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Our Hello is sent; theirs has not come.
    Greeting,
    /// Finding out what differs; entries of documents whose tips are known flow already.
    Comparing,
    /// All differences are known; whatever is written flows at once.
    Live,
}

/// A batch that was sent and not yet acknowledged.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) entries: Vec<EntryId>,
    pub(crate) sent: Ms,
}

/// What a session's sending half owes: kind's rank, arrival, id. In this order every entry stands behind those it names.
pub(crate) type Owed = (u8, u64, EntryId);

/// One connection's sync.
pub(crate) struct Session {
    pub(crate) remote: PublicKey,
    pub(crate) dialer: bool,
    pub(crate) phase: Phase,
    /// Their organisation by our registry; `None` until it certifies their key.
    pub(crate) org: Option<OrgId>,
    pub(crate) wants: Kinds,

    pub(crate) write: WriteContext,
    pub(crate) compressor: Option<Compressor>,
    pub(crate) is_long: bool,
    pub(crate) owed: BTreeSet<Owed>,
    pub(crate) in_flight: VecDeque<InFlight>,
    pub(crate) window: usize,
    pub(crate) batches_acked: u64,
    pub(crate) attachments_sent: BTreeSet<AttachmentId>,

    pub(crate) read: ReadContext,
    pub(crate) decompressor: Option<Decompressor>,
    pub(crate) batches_received: u64,
    pub(crate) dead: BTreeSet<u64>,
    pub(crate) last_in_log: BTreeMap<u64, EntryId>,
    pub(crate) partial: BTreeMap<AttachmentId, Vec<u8>>,
    pub(crate) complete: BTreeMap<AttachmentId, Vec<u8>>,
    pub(crate) incoming: bool,

    pub(crate) summaries: VecDeque<Summary>,
    pub(crate) outstanding: bool,
    pub(crate) tips_sent: BTreeSet<DocId>,
    pub(crate) tips_seen: BTreeSet<DocId>,
    /// The registry changed or a round found differences: compare once more when idle.
    pub(crate) stale: bool,
    /// Entries known here when the last comparison began: a new one needs progress.
    pub(crate) compared_at: Option<(u64, u64)>,
    pub(crate) moved: bool,

    pub(crate) touched: BTreeSet<DocId>,
    pub(crate) last_receipt: Option<Ms>,
}

impl Session {
    pub(crate) fn new(remote: PublicKey, dialer: bool) -> Self {
        Self {
            remote,
            dialer,
            phase: Phase::Greeting,
            org: None,
            wants: Kinds(0),
            write: WriteContext::default(),
            compressor: None,
            is_long: false,
            owed: BTreeSet::new(),
            in_flight: VecDeque::new(),
            window: 2,
            batches_acked: 0,
            attachments_sent: BTreeSet::new(),
            read: ReadContext::default(),
            decompressor: None,
            batches_received: 0,
            dead: BTreeSet::new(),
            last_in_log: BTreeMap::new(),
            partial: BTreeMap::new(),
            complete: BTreeMap::new(),
            incoming: false,
            summaries: VecDeque::new(),
            outstanding: false,
            tips_sent: BTreeSet::new(),
            tips_seen: BTreeSet::new(),
            stale: false,
            compared_at: None,
            moved: false,
            touched: BTreeSet::new(),
            last_receipt: None,
        }
    }

    /// May entries of this document be sent now?
    pub(crate) fn may_send(&self, document: &DocId) -> bool {
        let awaits_tips = self.tips_sent.contains(document) && !self.tips_seen.contains(document);
        match self.phase {
            Phase::Greeting => false,
            Phase::Comparing => self.tips_seen.contains(document),
            Phase::Live => !awaits_tips,
        }
    }

    /// Nothing owed, nothing in flight, nothing being compared.
    pub(crate) fn is_idle(&self) -> bool {
        self.phase == Phase::Live && self.owed.is_empty() && self.in_flight.is_empty() && !self.incoming
    }

    /// Owes an entry unless it is on its way already.
    pub(crate) fn owe(&mut self, ledger: &Ledger, id: EntryId) {
        let Some(place) = ledger.place(&id) else { return };
        if !self.in_flight.iter().any(|b| b.entries.contains(&id)) {
            self.owed.insert((rank(place.log.document.kind), place.arrival, id));
        }
    }

    pub(crate) fn view(&self, id: crate::io::SessionId) -> SessionView {
        SessionView {
            session: id,
            remote: self.remote,
            org: self.org,
            phase: self.phase,
            dialer: self.dialer,
            owed: self.owed.len(),
            in_flight: self.in_flight.iter().map(|b| b.entries.len()).sum(),
        }
    }
}

/// Kinds in the order in which they travel: what others rest on first.
pub(crate) fn rank(kind: Kind) -> u8 {
    let at = Kind::ALL.iter().position(|k| *k == kind).unwrap_or(Kind::ALL.len());
    u8::try_from(at).unwrap_or(u8::MAX)
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
