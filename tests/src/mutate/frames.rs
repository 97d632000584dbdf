//! Mutants of frames, batches and receipts.

use sha2::{Digest, Sha256};
use taizhang_core::{
    cbor::{Reader, Value, Writer},
    entry::{Before, Header, SignedEntry},
    id::{DocId, EntryId, Kind, LogId, Run},
    ledger::Ledger,
    op::{PayloadBuilder, RowName},
    receipt::Receipt,
    rows::field::{Field, array},
    units::Ms,
};
use taizhang_sync::{
    batch::{Item, WireEntry, WriteContext},
    frame::{BatchFrame, Frame, Kinds, Summary, Tip, WireReceipt},
    limits, summary, tips,
};

use super::{
    bytes,
    dice::Dice,
    entries::Entries,
    network::{Network, key, secret},
    peer::{Peer, Which, hello},
    rows, tree,
};

/// Makes mutants of frames.
pub struct Frames<'n> {
    network: &'n Network,
    entries: &'n Entries<'n>,
    samples: Vec<Vec<u8>>,
    join: SignedEntry,
}

impl<'n> Frames<'n> {
    /// Over the frames of a whole conversation.
    #[must_use]
    pub fn new(network: &'n Network, entries: &'n Entries<'n>) -> Self {
        let join = network.invite.use_it(&rows::newcomer(key("joiner"), key("joiner-node")), Ms::start_of(super::network::DAY));
        Self { network, entries, samples: super::peer::conversation(network), join }
    }

    /// Bytes of a frame.
    pub fn of_bytes(&self, ledger: &Ledger, which: Which, dice: &mut Dice) -> Vec<u8> {
        let mut frame = if which == Which::Greeting && dice.chance(80) {
            self.hello(ledger, dice).encode()
        } else if dice.chance(50) {
            dice.pick(&self.samples).clone()
        } else {
            self.of_fields(ledger, which, dice).encode()
        };
        if dice.chance(50) {
            bytes::touch(&mut frame, dice);
        } else {
            bytes::mutate(&mut frame, dice, &self.samples);
        }
        frame
    }

    /// A frame whose fields lie.
    pub fn of_fields(&self, ledger: &Ledger, which: Which, dice: &mut Dice) -> Frame {
        if which == Which::Greeting && dice.chance(85) {
            return self.hello(ledger, dice);
        }
        match dice.below(12) {
            0 => self.hello(ledger, dice),
            1 => Frame::Root { digest: dice.bytes(), reply: dice.chance(70) },
            2..=4 => Frame::Summaries(self.summaries(ledger, dice)),
            5..=7 => self.tips(ledger, dice),
            8 => Frame::Compared,
            9 => Frame::Batch(self.packed(dice)),
            10 => {
                Frame::Ack { batches: if dice.chance(50) { dice.below(5) as u64 } else { dice.boundary() }, new: dice.boundary() }
            }
            _ => Frame::Refused { log: dice.below(6) as u64, sequence: dice.boundary(), code: dice.boundary() },
        }
    }

    fn hello(&self, ledger: &Ledger, dice: &mut Dice) -> Frame {
        let mut frame = hello(ledger);
        let Frame::Hello { version, network, org, wants, join } = &mut frame else { return frame };
        match dice.below(8) {
            0 => *version = dice.boundary(),
            1 => network.0[dice.below(32)] ^= 1,
            2 => org.0 = dice.bytes(),
            3 => *wants = Kinds(dice.boundary()),
            _ => *join = Some(self.join(dice)),
        }
        frame
    }

    /// The use of an invite, signed by its key: as it is, or with other grants, or something else altogether.
    fn join(&self, dice: &mut Dice) -> Vec<u8> {
        let mut payload = self.join.payload.clone();
        if dice.chance(80)
            && let Ok(mut value) = Value::parse(&payload)
        {
            tree::mutate(&mut value, dice, &self.network.known);
            payload = tree::encode(&value);
        }
        let mut bytes = SignedEntry::sign(self.join.header, payload, &self.network.invite.key, &self.network.id).to_bytes();
        match dice.below(10) {
            0 => bytes::mutate(&mut bytes, dice, &self.samples),
            1 => bytes.resize(*dice.pick(&[0, 65_536, 65_537, 300_000, limits::FRAME_BYTES_MAX - 80]), 7),
            _ => {}
        }
        bytes
    }

    fn summaries(&self, ledger: &Ledger, dice: &mut Dice) -> Vec<Summary> {
        let whole = summary::Tree::of(ledger.documents().map(|d| (*d, ledger.digest(d))));
        let n = if dice.chance(90) { dice.below(6) } else { *dice.pick(&[0, 64, 255, 256, 257]) };
        (0..n)
            .map(|_| {
                let prefix: Vec<u8> = (0..dice.below(4)).map(|_| dice.below(16) as u8).collect();
                let mut s = match dice.below(5) {
                    0 | 1 => whole.describe(&[]),
                    2 | 3 => whole.describe(&prefix),
                    // As of more documents than there are here.
                    _ => Summary::Node { prefix, children: (0..16).map(|_| dice.bytes()).collect() },
                };
                self.change_summary(&mut s, dice);
                s
            })
            .collect()
    }

    fn change_summary(&self, s: &mut Summary, dice: &mut Dice) {
        match s {
            Summary::Node { prefix, children } => match dice.below(4) {
                0 => prefix.push(dice.below(18) as u8),
                1 => prefix.resize(*dice.pick(&[0, 15, 16, 17]), 3),
                2 => children.truncate(dice.below(18)),
                _ => children.iter_mut().for_each(|c| *c = dice.bytes()),
            },
            Summary::Leaf { prefix, documents } => match dice.below(5) {
                0 => prefix.resize(*dice.pick(&[0, 1, 15, 16, 17]), dice.below(17) as u8),
                1 => documents.iter_mut().for_each(|(_, digest)| *digest = dice.bytes()),
                2 => documents.extend((0..dice.below(18)).map(|_| (self.document(dice), dice.bytes()))),
                3 => documents.reverse(),
                _ => documents.truncate(dice.below(3)),
            },
        }
    }

    /// One that exists, or one that anybody could name.
    fn document(&self, dice: &mut Dice) -> DocId {
        let mut document = dice.pick(&self.network.seats).document;
        if dice.chance(40) {
            document.owner.0 = dice.bytes();
        } else if dice.chance(30) {
            document = DocId::of_year(document.owner, Kind::Ledger, 1 + dice.below(9999) as u16);
        }
        document
    }

    fn tips(&self, ledger: &Ledger, dice: &mut Dice) -> Frame {
        let document = self.document(dice);
        let mut list = tips::ours(ledger, &document);
        if list.is_empty() || dice.chance(15) {
            list.push(Tip { key: key("clerk"), run: Run([2; 8]), height: 1, id: EntryId(dice.bytes()), hints: Vec::new() });
        }
        let to = if dice.chance(92) { list.len() } else { *dice.pick(&[64, 1023, 1024, 1025]) };
        while list.len() < to {
            let mut next = list[0].clone();
            next.id = EntryId(dice.bytes());
            list.push(next);
        }
        // All of them at the limit, sometimes: the largest frame of this kind.
        let each = to > 64 || dice.chance(20);
        let n = *dice.pick(&[1, 24, 48, 49]);
        let first = if each { 0 } else { dice.below(to) };
        for tip in list.iter_mut().skip(first) {
            self.change_tip(tip, dice);
            if each && dice.chance(98) {
                tip.hints = (0..n).map(|_| (dice.bytes(), dice.below(20) as u64)).collect();
            }
        }
        if dice.chance(10) { Frame::SomeTips { document, tips: list } } else { Frame::Tips { document, tips: list } }
    }

    fn change_tip(&self, tip: &mut Tip, dice: &mut Dice) {
        match dice.below(8) {
            0 => tip.height = dice.boundary(),
            1 => tip.id = EntryId(dice.bytes()),
            2 => tip.id = dice.pick(&self.network.entries).id,
            3 => tip.run = Run(dice.bytes()),
            4 => tip.key = self.entries.seat(dice).key,
            5 => {
                // Ahead of us, with hints that we may know.
                tip.id = EntryId(dice.bytes());
                tip.run = Run(dice.bytes());
                tip.hints = (0..dice.below(5)).map(|_| ([2 + dice.below(2) as u8; 4], dice.boundary())).collect();
            }
            6 => tip.hints.reverse(),
            _ => {}
        }
    }

    /// A batch whose compressed bytes are broken, or whose flags and signatures are.
    fn packed(&self, dice: &mut Dice) -> BatchFrame {
        let batches: Vec<&Vec<u8>> = self.samples.iter().filter(|f| f.first() == Some(&6)).collect();
        let sample: &&Vec<u8> = dice.pick(&batches);
        let mut batch = match Frame::decode(sample) {
            Ok(Some(Frame::Batch(batch))) => batch,
            _ => BatchFrame { fresh: true, last: true, signatures: Vec::new(), loose: Vec::new(), packed: Vec::new() },
        };
        (batch.fresh, batch.last) = (dice.chance(85), dice.chance(60));
        match dice.below(12) {
            0 => batch.signatures.resize(*dice.pick(&[0, 1, 1024, 1025]), [0; 64]),
            1 => batch.packed = pack(&vec![0; *dice.pick(&[262_143, 262_144, 262_145, 10 << 20])]),
            2 => batch.packed.resize(*dice.pick(&[0, 262_144, 600_000, limits::FRAME_BYTES_MAX - 8]), 0x28),
            3 => batch.packed = incompressible(dice, 262_144),
            4 => batch.loose.resize(*dice.pick(&[0, 15, 16, 17, 262_144, limits::FRAME_BYTES_MAX - 9]), 0x50),
            5 => {
                // A frame that zstd passes over, as long as frames may be, before what it reads.
                let n = limits::FRAME_BYTES_MAX - 300_000;
                let skipped = [&[0x50, 0x2a, 0x4d, 0x18], (n as u32).to_le_bytes().as_slice(), &vec![7; n]].concat();
                batch.packed = [skipped, pack(&incompressible(dice, 262_144))].concat();
            }
            _ => bytes::touch(&mut batch.packed, dice),
        }
        batch
    }

    /// The inside of a batch; `peer` reads it first, so that what the hub will make of it can be signed.
    pub fn of_batch(&self, ledger: &Ledger, peer: &mut Peer, dice: &mut Dice) -> (Vec<u8>, bool) {
        let (mut items, mut loose) = (Vec::new(), Vec::new());
        let n = if dice.chance(95) { 1 + dice.below(4) } else { 1 + dice.below(40) };
        let heavy = dice.chance(1);
        if dice.chance(8) {
            self.attachment(&mut items, dice);
        }
        let (mut numbers, mut time) = (peer.numbers.clone(), peer.time);
        for _ in 0..n {
            let seat = self.entries.seat(dice);
            let mut payload = self.entries.mutated_payload(ledger, seat.document, dice);
            if heavy {
                payload = large_payload(dice);
            }
            let entry = self.entries.next(ledger, seat, payload, dice);
            let count = numbers.len() as u64;
            let number = *numbers.entry(entry.header.log).or_insert(count + 1);
            write_entry(&mut items, &mut loose, &entry, number, number > count, &mut time);
        }
        let mut raw = self.written(items, dice);
        if dice.chance(10) && !raw.is_empty() {
            bytes::touch(&mut raw, dice);
        }
        if dice.chance(2) {
            bytes::mutate(&mut loose, dice, &[]);
        }
        let read = peer.read(&raw, &loose);
        let past_first = read.is_some();
        let wire = read.unwrap_or_default().into_iter().filter_map(|i| match i {
            Item::Entry(e) => Some(e),
            Item::Chunk(_) => None,
        });
        let mut signatures = self.signatures(ledger, wire);
        if dice.chance(2) {
            signatures.pop();
        }
        let packed = pack(&raw);
        (Frame::Batch(BatchFrame { fresh: true, last: dice.chance(80), signatures, loose, packed }).encode(), past_first)
    }

    /// The items one after the other, a third of them mutated as a tree.
    fn written(&self, items: Vec<Value>, dice: &mut Dice) -> Vec<u8> {
        let mut all = Value::Array(items);
        if dice.chance(35) {
            tree::mutate(&mut all, dice, &self.network.known);
        }
        match all {
            Value::Array(items) => items.iter().flat_map(Field::to_cbor).collect(),
            other => tree::encode(&other),
        }
    }

    fn attachment(&self, items: &mut Vec<Value>, dice: &mut Dice) {
        let bytes = match dice.below(4) {
            0 => self.network.attachment.clone(),
            1 => incompressible(dice, 60_000),
            _ => dice.bytes::<40>().to_vec(),
        };
        let id: [u8; 32] = if dice.chance(80) { Sha256::digest(&bytes).into() } else { dice.bytes() };
        let total = if dice.chance(80) { bytes.len() as u64 } else { dice.boundary() };
        let offset = if dice.chance(90) { 0 } else { dice.boundary() };
        items.extend([
            Value::Int(0),
            Value::Bytes(id.to_vec()),
            Value::Int(total.into()),
            Value::Int(offset.into()),
            Value::Bytes(bytes),
        ]);
    }

    /// What the certified authors would have signed, each entry standing behind the one that the receiver will find.
    fn signatures(&self, ledger: &Ledger, wire: impl Iterator<Item = WireEntry>) -> Vec<[u8; 64]> {
        let mut last: std::collections::BTreeMap<(LogId, u64), EntryId> = std::collections::BTreeMap::new();
        let signed = wire.map(|w| {
            let before = match w.start {
                Some((grant, link)) => Before::Start { grant, link },
                None => {
                    let at = w.sequence.wrapping_sub(1);
                    let here = last.get(&(w.log, at)).or_else(|| ledger.at(&w.log, at).first());
                    Before::Previous(here.copied().unwrap_or(EntryId([0; 32])))
                }
            };
            let header = Header { log: w.log, sequence: w.sequence, before, time: w.time };
            let secret = self.network.secret_of(&w.log.key).unwrap_or_else(|| secret("nobody"));
            let entry = SignedEntry::sign(header, w.payload, &secret, &self.network.id);
            last.insert((w.log, w.sequence), entry.id);
            entry.signature
        });
        signed.collect()
    }

    /// A receipt of the node at the other end, signed by it.
    pub fn receipt(&self, ledger: &Ledger, node: &str, dice: &mut Dice) -> Receipt {
        let n = if dice.chance(95) { dice.below(4) } else { *dice.pick(&[15, 16, 17]) };
        let documents = (0..n).map(|_| {
            let document = if dice.chance(80) { dice.pick(&self.network.seats).document } else { self.document(dice) };
            let mut tips = ledger.open_tips(&document);
            match dice.below(6) {
                0 => tips.clear(),
                1 => tips.push(EntryId(dice.bytes())),
                2 => tips.push(dice.pick(&self.network.entries).id),
                3 => tips.resize(*dice.pick(&[1, 63, 64, 65]), dice.pick(&self.network.entries).id),
                _ => tips.reverse(),
            }
            (document, tips)
        });
        let documents = documents.collect();
        let counter = if dice.chance(50) { dice.number() >> 20 } else { dice.boundary() };
        Receipt::sign(&secret(node), &self.network.id, counter, Ms(dice.boundary()), documents)
    }

    /// The same as it travels.
    #[must_use]
    pub fn receipt_frame(&self, receipt: &Receipt, dice: &mut Dice) -> Frame {
        let short = |id: &EntryId| *id.0.first_chunk().expect("32 bytes");
        let documents = receipt.documents.iter().map(|(d, tips)| (*d, tips.iter().map(short).collect())).collect();
        let mut wire = WireReceipt { counter: receipt.counter, time: receipt.time, documents, signature: receipt.signature };
        if dice.chance(5) {
            wire.signature[dice.below(64)] ^= 1;
        }
        Frame::Receipt(wire)
    }
}

/// One segment of one entry.
fn write_entry(items: &mut Vec<Value>, loose: &mut Vec<u8>, e: &SignedEntry, number: u64, is_new: bool, time: &mut Ms) {
    items.push(Value::Int(number.into()));
    let log = e.header.log;
    if is_new {
        items.extend([log.document.to_bytes().to_vec(), log.key.0.to_vec(), log.run.0.to_vec()].map(Value::Bytes));
    }
    items.push(Value::Int(e.header.sequence.into()));
    if let Before::Start { grant, link } = e.header.before {
        let name = |g: RowName| Value::Array(vec![Value::Bytes(g.entry.0.to_vec()), Value::Int(g.index.into())]);
        items.push(grant.map_or(Value::Null, name));
        items.push(link.map_or(Value::Null, |l| Value::Bytes(l.0.to_vec())));
    }
    let difference = i128::from(e.header.time.0) - i128::from(time.0);
    *time = e.header.time;
    items.extend([Value::Int(1), Value::Int(difference), hollow(e, loose)]);
}

/// The payload as it travels: the last item of the entry's segment.
fn hollow(e: &SignedEntry, loose: &mut Vec<u8>) -> Value {
    let mut w = Writer::default();
    loose.extend(WriteContext::default().write_entries(&mut w, std::slice::from_ref(e)));
    let segment = w.finish();
    let mut r = Reader::new(&segment);
    let mut last = Value::Null;
    while r.position() < segment.len() {
        last = Value::parse(r.item().expect("a segment is CBOR")).expect("a segment is CBOR");
    }
    last
}

/// Close to the largest entry: rows of unknown type at their limit.
fn large_payload(dice: &mut Dice) -> Vec<u8> {
    let mut p = PayloadBuilder::default();
    let fields = array(&[Value::Bytes(incompressible(dice, 3000)).to_cbor()]);
    (0..21).for_each(|_| _ = p.row(60, &[], &fields));
    p.finish()
}

fn incompressible(dice: &mut Dice, n: usize) -> Vec<u8> {
    (0..n.div_ceil(8)).flat_map(|_| dice.number().to_le_bytes()).take(n).collect()
}

fn pack(raw: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(raw, 1).expect("memory can be compressed")
}

/// Bytes of a stored receipt: as they are, or changed.
#[must_use]
pub fn receipt_bytes(receipt: &Receipt, dice: &mut Dice) -> Vec<u8> {
    let mut bytes = receipt.to_bytes();
    match dice.below(4) {
        0 => bytes::mutate(&mut bytes, dice, &[]),
        1 => bytes::touch(&mut bytes, dice),
        _ => {}
    }
    bytes
}
