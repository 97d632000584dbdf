//! A node that was honest once: it is certified, and says what it likes.

use std::collections::BTreeMap;

use taizhang_core::{
    author::grant_for,
    cbor::Writer,
    entries::Entries,
    entry::{Before, Header, SignedEntry},
    id::{AttachmentId, DocId, EntryId, Kind, LogId, OrgId, Run},
    op::PayloadBuilder,
    registry::may_write,
    rows::{Checkpoint, Role, RowType},
};
use taizhang_sync::{
    batch::{Chunk, WriteContext},
    frame::{BatchFrame, Frame, Kinds, Summary, Tip, VERSION},
};
use zstd::stream::raw::{Encoder, InBuffer, Operation, OutBuffer};

use super::world::World;

/// What a rogue remembers.
#[derive(Default)]
pub(crate) struct Rogue {
    /// By connection: the context of the batches sent on it.
    contexts: BTreeMap<usize, (WriteContext, Encoder<'static>)>,
}

impl World {
    pub(crate) fn turn_rogue(&mut self, node: usize) {
        let has_rogue = self.machines.iter().any(|m| m.rogue.is_some());
        if has_rogue || self.machines.len() < 4 || node == 0 || self.machine(node).running.is_none() {
            return;
        }
        self.stop(node);
        self.trace.line(self.now, || format!("node {node} turns rogue"));
        self.machine(node).rogue = Some(Rogue::default());
        self.people.iter_mut().filter(|p| p.node == node).for_each(|p| p.is_out = true);
        for link in 0..self.links.len() {
            if self.links[link].dialer == node {
                self.plan_dial(link);
            }
        }
    }

    pub(crate) fn rogue_leaves(&mut self, node: usize) {
        self.machine(node).is_gone = true;
        for conn in 0..self.conns.len() {
            for at in 0..2 {
                let c = &self.conns[conn];
                if c.ends[at].node == node && !c.ends[at].is_closed {
                    self.conns[conn].ends[at].is_closed = true;
                    self.cut(conn, [0, 0]);
                }
            }
        }
    }

    pub(crate) fn rogue_connected(&mut self, conn: usize, at: usize, node: usize) {
        let m = self.machine(node);
        let (org, join) = (m.org, None);
        let hello = Frame::Hello { version: VERSION, network: self.network, org, wants: Kinds::all(), join };
        self.rogue_says(conn, at, &hello.encode());
    }

    fn rogue_says(&mut self, conn: usize, at: usize, frame: &[u8]) {
        self.transmit(conn, 1 - at, frame);
    }

    pub(crate) fn rogue_hears(&mut self, conn: usize, at: usize, node: usize, frame: &[u8]) {
        if self.machine(node).is_gone || self.conns[conn].ends[at].is_closed {
            return;
        }
        match self.dice.below(8) {
            0 => self.garbage(conn, at, frame),
            1 => self.ask_foreign(conn, at, node),
            2 | 3 => self.push(conn, at, node),
            4 => self.odd_frames(conn, at),
            5 => self.rogue_says(
                conn,
                at,
                &Frame::Root { digest: self.now.to_be_bytes().repeat(2).try_into().unwrap_or([0; 16]), reply: true }.encode(),
            ),
            6 if self.dice.one_in(3) => self.bomb(conn, at),
            _ => {}
        }
    }

    /// Something that no program of ours would say.
    pub(crate) fn junk(&mut self, conn: usize, at: usize, node: usize, frame: &[u8]) {
        match self.dice.below(5) {
            0 => self.garbage(conn, at, frame),
            1 => self.ask_foreign(conn, at, node),
            2 => self.push(conn, at, node),
            3 => self.odd_frames(conn, at),
            _ => self.bomb(conn, at),
        }
    }

    fn garbage(&mut self, conn: usize, at: usize, heard: &[u8]) {
        self.counts.garbage += 1;
        match self.dice.below(4) {
            0 => {
                let n = self.dice.index(200) + 1;
                let bytes = self.dice.vec(n);
                self.rogue_says(conn, at, &bytes);
            }
            1 => {
                // What was heard, with a byte changed.
                let mut bytes = heard.to_vec();
                let i = self.dice.index(bytes.len());
                if let Some(b) = bytes.get_mut(i) {
                    *b ^= 1 << self.dice.below(8);
                }
                self.rogue_says(conn, at, &bytes);
            }
            2 => self.transmit_bytes(conn, 1 - at, vec![0xff, 0xff, 0xff, 0x01]),
            _ => self.rogue_says(conn, at, &[200, 1, 2, 3]),
        }
    }

    /// Documents that the rogue's organisation may not read.
    fn foreign(&mut self, node: usize) -> Option<DocId> {
        let org = self.machine(node).org;
        let registry = &self.god.ledger.registry;
        let foreign: Vec<DocId> =
            self.god.ledger.documents().filter(|d| d.kind != Kind::Registry && !registry.may_read(org, d)).copied().collect();
        self.dice.pick(&foreign)
    }

    fn ask_foreign(&mut self, conn: usize, at: usize, node: usize) {
        let Some(document) = self.foreign(node) else { return };
        self.counts.foreign += 1;
        let frame = if self.dice.one_in(2) {
            Frame::Tips { document, tips: Vec::new() }
        } else {
            Frame::Summaries(vec![Summary::Leaf { prefix: Vec::new(), documents: vec![(document, self.dice.bytes())] }])
        };
        self.rogue_says(conn, at, &frame.encode());
        if self.dice.one_in(2) {
            self.rogue_says(conn, at, &Frame::Compared.encode());
        }
    }

    /// Entries that were forged, re-wrapped, or that the other may not hold.
    fn push(&mut self, conn: usize, at: usize, node: usize) {
        let ids: Vec<EntryId> = self.god.entries.keys().copied().collect();
        let Some(id) = self.dice.pick(&ids) else { return };
        let bytes = self.god.entry(&id).ok().flatten().unwrap_or_default();
        let Ok(mut entry) = SignedEntry::parse(&bytes, &self.network) else { return };
        self.counts.forged += 1;
        match self.dice.below(6) {
            0 => entry.signature[63] ^= 0x10,
            1 => entry = self.impersonate(node).unwrap_or(entry),
            2 => entry = self.forge(node, entry.header.log.document),
            3 => entry = self.without_attachment(node).unwrap_or(entry),
            4 => entry = self.wrong_register(node).unwrap_or(entry),
            _ => {}
        }
        self.rogue_batch(conn, at, node, &[entry]);
    }

    /// What one of the rogue's own people writes, properly signed under a proper grant.
    fn own(
        &mut self,
        node: usize,
        role: Role,
        document: impl Fn(&Self, OrgId) -> Option<DocId>,
        p: PayloadBuilder,
    ) -> Option<SignedEntry> {
        let run = Run(self.dice.bytes());
        let time = self.machines[node].clock(self.now);
        let person = self.people.iter().find(|p| p.node == node && p.role == role)?;
        let key = person.author.public();
        let document = document(self, person.org)?;
        let grant = grant_for(&self.god.ledger, key, &document)?;
        let header = Header {
            log: LogId { document, key, run },
            sequence: 1,
            before: Before::Start { grant: Some(grant), link: None },
            time,
        };
        Some(SignedEntry::sign(header, p.finish(), &person.author.key, &self.network))
    }

    /// In somebody else's name, under that person's grant, signed by the rogue.
    fn impersonate(&mut self, node: usize) -> Option<SignedEntry> {
        let secret = self.machines[node].secret();
        let others: Vec<usize> = (0..self.people.len()).filter(|p| self.people[*p].node != node).collect();
        let person = &self.people[self.dice.pick(&others)?];
        let (key, org) = (person.author.public(), person.org);
        let kind = match person.role {
            Role::Admin => Kind::Registry,
            Role::Reviewer => Kind::Notice,
            Role::Clerk => Kind::Ledger,
            _ => return None,
        };
        let document = if kind.has_period() { DocId::of_year(org, kind, 2024) } else { DocId::of(org, kind) };
        let grant = grant_for(&self.god.ledger, key, &document)?;
        let mut p = PayloadBuilder::default();
        p.row(999, &[], &[0x81, 0x04]);
        let log = LogId { document, key, run: Run(self.dice.bytes()) };
        let time = self.machines[node].clock(self.now);
        let header = Header { log, sequence: 1, before: Before::Start { grant: Some(grant), link: None }, time };
        Some(SignedEntry::sign(header, p.finish(), &secret, &self.network))
    }

    /// A checkpoint whose attachment nobody ever had.
    fn without_attachment(&mut self, node: usize) -> Option<SignedEntry> {
        let row = Checkpoint { month: 24_290, tips_root: [1; 32], tips: AttachmentId(self.dice.bytes()), reason: None };
        let mut p = PayloadBuilder::default();
        p.row(Checkpoint::TYPE, &[], &row.to_fields());
        let below = |w: &Self, org| {
            let subject = w.orgs.iter().find(|o| **o != org && w.god.ledger.registry.is_at_or_above(org, **o))?;
            Some(DocId::about(org, Kind::Review, 2024, *subject))
        };
        self.own(node, Role::Reviewer, below, p)
    }

    /// A register that replaces an entry which never wrote it.
    fn wrong_register(&mut self, node: usize) -> Option<SignedEntry> {
        let (role, kind) = [(Role::Clerk, Kind::Roster), (Role::Reviewer, Kind::Notice)]
            .into_iter()
            .find(|(role, _)| self.people.iter().any(|p| p.node == node && p.role == *role))?;
        let org = self.machines[node].org;
        let document = if kind == Kind::Roster { DocId::of(org, kind) } else { DocId::of_year(org, kind, 2024) };
        let there = self.god.ledger.document(&document)?.entries.first().copied()?;
        let mut p = PayloadBuilder::default();
        p.register("nobody.wrote", &[0xf5], &[there]);
        self.own(node, role, |_, _| Some(document), p)
    }

    /// Signed by the rogue's own key, under a grant of somebody else that would fit.
    fn forge(&mut self, node: usize, document: DocId) -> SignedEntry {
        let secret = self.machine(node).secret();
        let grants = self.god.ledger.registry.grants.iter();
        let fitting = grants.filter(|(_, g)| !g.row.one_use && may_write(&document, g.row.role, g.row.org, g.org_kind));
        let names: Vec<_> = fitting.map(|(name, _)| *name).collect();
        let grant = self.dice.pick(&names);
        let mut p = PayloadBuilder::default();
        p.row(999, &[], &[0x81, 0x03]);
        let log = LogId { document, key: secret.public(), run: Run(self.dice.bytes()) };
        let header =
            Header { log, sequence: 1, before: Before::Start { grant, link: None }, time: self.machines[node].clock(self.now) };
        SignedEntry::sign(header, p.finish(), &secret, &self.network)
    }

    fn rogue_batch(&mut self, conn: usize, at: usize, node: usize, entries: &[SignedEntry]) {
        let bad_piece = self.dice.one_in(6);
        let m = self.machine(node);
        let Some(rogue) = m.rogue.as_mut().or(m.lies.as_mut().map(|l| &mut l.forger)) else { return };
        let fresh = !rogue.contexts.contains_key(&conn);
        let encoder = || Encoder::new(3).expect("a small encoder can be made");
        let (context, encoder) = rogue.contexts.entry(conn).or_insert_with(|| (WriteContext::default(), encoder()));
        let mut w = Writer::default();
        let loose = context.write_entries(&mut w, entries);
        if bad_piece {
            // A piece that belongs nowhere, behind an entry that may enter: nothing of it may be half taken.
            let piece = Chunk { id: AttachmentId([1; 32]), total: 10, offset: 5, bytes: vec![1] };
            WriteContext::write_chunk(&mut w, &piece);
        }
        let packed = flush(encoder, &w.finish());
        let signatures = entries.iter().map(|e| e.signature).collect();
        self.rogue_says(conn, at, &Frame::Batch(BatchFrame { fresh, last: false, signatures, loose, packed }).encode());
    }

    /// Much out of little.
    fn bomb(&mut self, conn: usize, at: usize) {
        let packed = flush(&mut Encoder::new(3).expect("a small encoder can be made"), &vec![0; 4 << 20]);
        self.counts.garbage += 1;
        self.rogue_says(
            conn,
            at,
            &Frame::Batch(BatchFrame { fresh: true, last: false, signatures: Vec::new(), loose: Vec::new(), packed }).encode(),
        );
    }

    /// Frames that are well formed and make no sense.
    fn odd_frames(&mut self, conn: usize, at: usize) {
        let frame = match self.dice.below(6) {
            0 => Frame::Ack { batches: self.dice.below(1000), new: self.dice.below(3) },
            1 => Frame::Refused { log: self.dice.below(50), sequence: 1, code: 3 },
            2 => Frame::Compared,
            3 => Frame::Summaries(vec![Summary::Node { prefix: vec![1; 16], children: vec![[9; 8]; 16] }]),
            4 => {
                let tip = Tip {
                    key: self.machines[0].key,
                    run: Run([5; 8]),
                    height: u64::MAX,
                    id: EntryId(self.dice.bytes()),
                    hints: vec![([1; 4], u64::MAX); 48],
                };
                let documents: Vec<DocId> = self.god.ledger.documents().copied().collect();
                let Some(document) = self.dice.pick(&documents) else { return };
                Frame::Tips { document, tips: vec![tip; 30] }
            }
            _ => Frame::Batch(BatchFrame {
                fresh: false,
                last: true,
                signatures: vec![[1; 64]],
                loose: Vec::new(),
                packed: vec![1, 2, 3],
            }),
        };
        self.counts.garbage += 1;
        self.rogue_says(conn, at, &frame.encode());
    }
}

fn flush(encoder: &mut Encoder<'static>, raw: &[u8]) -> Vec<u8> {
    let mut out = vec![0; raw.len() + 1024];
    let mut buffer = OutBuffer::around(out.as_mut_slice());
    let mut input = InBuffer::around(raw);
    while input.pos() < raw.len() {
        if encoder.run(&mut input, &mut buffer).is_err() {
            break;
        }
    }
    while encoder.flush(&mut buffer).is_ok_and(|left| left > 0) {}
    let n = buffer.pos();
    out.truncate(n);
    out
}
