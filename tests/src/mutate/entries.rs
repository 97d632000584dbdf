//! Mutants of entries: bytes, payloads, headers; signed anew where a certified author could have signed them.

use taizhang_core::{
    author::Author,
    cbor::{Reader, Value, Writer},
    entry::{Before, Header, SignedEntry},
    id::{DocId, EntryId, PublicKey, Run},
    ledger::Ledger,
    op::{self, RowName, RowRef},
    rows::{CATALOGUE, field::Field},
    units::Ms,
};

use super::{
    bytes,
    dice::Dice,
    network::{DAY, Network, Seat},
    tree,
};

/// An entry as it comes from outside, and whether its first check is that of the payload.
pub struct Mutant {
    /// The bytes of the whole entry.
    pub bytes: Vec<u8>,
    /// The mutated payload, where the mutant is one of its payload.
    pub payload: Option<Vec<u8>>,
}

/// Makes mutants of entries.
pub struct Entries<'n> {
    network: &'n Network,
    samples: Vec<Vec<u8>>,
    payloads: Vec<Vec<u8>>,
}

impl<'n> Entries<'n> {
    /// Over a network's entries.
    #[must_use]
    pub fn new(network: &'n Network) -> Self {
        let samples = network.entries.iter().map(SignedEntry::to_bytes).collect();
        let payloads = network.entries.iter().map(|e| e.payload.clone()).collect();
        Self { network, samples, payloads }
    }

    /// Anyone who may write.
    pub fn seat(&self, dice: &mut Dice) -> Seat {
        *dice.pick(&self.network.seats)
    }

    /// The next entry of a log with this payload; the clock says anything near the network's day.
    #[must_use]
    pub fn next(&self, ledger: &Ledger, seat: Seat, payload: Vec<u8>, dice: &mut Dice) -> SignedEntry {
        let key = self.network.secret_of(&seat.key).expect("seats are ours");
        let author = Author { key, run: seat.run };
        let now = Ms(Ms::start_of(DAY).0 + dice.below(1 << 32) as u64);
        author.write(ledger, seat.document, seat.grant, payload, now)
    }

    /// Bytes of an entry as they are, or as a tree of COSE; sometimes signed anew.
    pub fn of_bytes(&self, ledger: &Ledger, dice: &mut Dice) -> Mutant {
        let mut bytes = if dice.chance(50) {
            dice.pick(&self.samples).clone()
        } else {
            let seat = self.seat(dice);
            let payload = self.sample_payload(seat.document, dice);
            self.next(ledger, seat, payload, dice).to_bytes()
        };
        if dice.chance(35) {
            bytes = self.of_cose(&bytes, dice).unwrap_or(bytes);
        } else if dice.chance(50) {
            bytes::touch(&mut bytes, dice);
        } else {
            bytes::mutate(&mut bytes, dice, &self.samples);
        }
        if dice.chance(50) {
            bytes = self.mend(&bytes).unwrap_or(bytes);
        }
        Mutant { bytes, payload: None }
    }

    /// The four parts, one of them mutated as a tree.
    fn of_cose(&self, bytes: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
        let (protected, payload, signature) = parts(bytes)?;
        let (mut protected, mut payload) = (protected.to_vec(), payload.to_vec());
        let part = if dice.chance(60) { &mut protected } else { &mut payload };
        let mut value = Value::parse(part).ok()?;
        tree::mutate(&mut value, dice, &self.network.known);
        *part = tree::encode(&value);
        Some(cose(&protected, &payload, &signature))
    }

    /// Signed anew over these very bytes, if the key named in the header is ours.
    fn mend(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let (protected, payload, _) = parts(bytes)?;
        let Value::Map(header) = Value::parse(protected).ok()? else { return None };
        let kid = header.iter().find(|(k, _)| *k == Value::Int(4)).map(|(_, v)| v)?;
        let Value::Bytes(kid) = kid else { return None };
        let secret = self.network.secret_of(&PublicKey::from_slice(kid)?)?;
        let mut w = Writer::default();
        w.array(4).text("Signature1").bytes(protected).bytes(&self.network.id.0).bytes(payload);
        Some(cose(protected, payload, &secret.sign(&w.finish())))
    }

    fn sample_payload(&self, document: DocId, dice: &mut Dice) -> Vec<u8> {
        let of_kind: Vec<&SignedEntry> =
            self.network.entries.iter().filter(|e| e.header.log.document.kind == document.kind).collect();
        if of_kind.is_empty() || dice.chance(10) {
            dice.pick(&self.payloads).clone()
        } else {
            dice.pick(&of_kind).payload.clone()
        }
    }

    /// A payload mutated as operations or as a tree, in the next entry of a log.
    pub fn of_payload(&self, ledger: &Ledger, dice: &mut Dice) -> Mutant {
        let seat = self.seat(dice);
        let payload = self.mutated_payload(ledger, seat.document, dice);
        let entry = self.next(ledger, seat, payload.clone(), dice);
        Mutant { bytes: entry.to_bytes(), payload: Some(payload) }
    }

    /// The payload alone.
    pub fn mutated_payload(&self, ledger: &Ledger, document: DocId, dice: &mut Dice) -> Vec<u8> {
        let sample = self.sample_payload(document, dice);
        let Ok(mut value) = Value::parse(&sample) else { return sample };
        let steps = 1 + dice.below(3);
        for _ in 0..steps {
            if dice.chance(60) {
                self.change_operations(&mut value, ledger, document, dice);
            } else {
                mutate_fields(&mut value, dice, &self.network.known);
            }
        }
        if dice.chance(12) {
            tree::mutate(&mut value, dice, &self.network.known);
        }
        tree::encode(&value)
    }

    /// What a liar would change: what is replaced, types, keys, values, the number of operations.
    fn change_operations(&self, payload: &mut Value, ledger: &Ledger, document: DocId, dice: &mut Dice) {
        let Some(ops) = operations(payload).filter(|o| !o.is_empty()) else { return };
        let at = dice.below(ops.len());
        match dice.below(12) {
            0 => ops.insert(at, ops[at].clone()),
            1 if ops.len() > 1 => drop(ops.remove(at)),
            2 => ops.reverse(),
            3 if dice.chance(8) => {
                let to = *dice.pick(&[511, 512, 513]);
                let op = ops[at].clone();
                ops.resize(to.min(ops.len() + tree::copies(&op)), op);
            }
            4 => ops.push(self.register(ledger, document, dice)),
            5 => {
                let other: &Vec<u8> = dice.pick(&self.payloads);
                if let Some(other) = operations(&mut Value::parse(other).unwrap_or(Value::Null)) {
                    ops.push(dice.pick(other).clone());
                }
            }
            _ => self.change_operation(&mut ops[at], ledger, document, dice),
        }
    }

    fn change_operation(&self, op: &mut Value, ledger: &Ledger, document: DocId, dice: &mut Dice) {
        let Value::Array(parts) = op else { return };
        let [kind, a, b, c] = parts.as_mut_slice() else { return };
        if *kind == Value::Int(0) {
            match dice.below(4) {
                0 => *a = Value::Int(row_type(dice).into()),
                1 | 2 => *b = self.replaced_rows(ledger, document, dice),
                _ => tree::mutate(c, dice, &self.network.known),
            }
        } else {
            match dice.below(4) {
                0 => *a = key(dice),
                1 => *b = tree::scalar(dice),
                _ => *c = self.replaced_entries(ledger, document, dice),
            }
        }
    }

    fn register(&self, ledger: &Ledger, document: DocId, dice: &mut Dice) -> Value {
        let key = if dice.chance(50) { Value::Text("note.text".into()) } else { key(dice) };
        let replaces = if dice.chance(50) { Value::Array(Vec::new()) } else { self.replaced_entries(ledger, document, dice) };
        Value::Array(vec![Value::Int(1), key, tree::scalar(dice), replaces])
    }

    /// An entry of this document mostly; of another or of none at times.
    fn entry_to_name(&self, ledger: &Ledger, document: DocId, dice: &mut Dice) -> EntryId {
        let here = ledger.document(&document).map(|d| d.entries.as_slice()).unwrap_or_default();
        if !here.is_empty() && dice.chance(85) {
            *dice.pick(here)
        } else if dice.chance(60) {
            dice.pick(&self.network.entries).id
        } else {
            EntryId(dice.bytes())
        }
    }

    fn replaced_rows(&self, ledger: &Ledger, document: DocId, dice: &mut Dice) -> Value {
        let n = list_length(dice);
        let mut rows: Vec<RowRef> = (0..n)
            .map(|_| {
                let entry = Some(self.entry_to_name(ledger, document, dice)).filter(|_| dice.chance(93));
                let index = if dice.chance(80) { dice.below(4) as u16 } else { dice.boundary() as u16 };
                let there = dice.pick(&self.network.seats).document;
                RowRef { document: Some(there).filter(|_| dice.chance(15)), entry, index }
            })
            .collect();
        if dice.chance(93) {
            rows.sort();
            rows.dedup();
        }
        Value::Array(rows.iter().map(value_of).collect())
    }

    fn replaced_entries(&self, ledger: &Ledger, document: DocId, dice: &mut Dice) -> Value {
        let n = list_length(dice);
        let mut ids: Vec<EntryId> = (0..n).map(|_| self.entry_to_name(ledger, document, dice)).collect();
        if dice.chance(93) {
            ids.sort();
            ids.dedup();
        }
        Value::Array(ids.iter().map(value_of).collect())
    }

    /// Payload bytes as they are, in the next entry of a log.
    pub fn of_payload_bytes(&self, ledger: &Ledger, dice: &mut Dice) -> Mutant {
        let seat = self.seat(dice);
        let mut payload = self.sample_payload(seat.document, dice);
        if dice.chance(50) {
            bytes::touch(&mut payload, dice);
        } else {
            bytes::mutate(&mut payload, dice, &self.payloads);
        }
        let entry = self.next(ledger, seat, payload.clone(), dice);
        Mutant { bytes: entry.to_bytes(), payload: Some(payload) }
    }

    /// Header fields, signed anew by the key that the header names, or by another.
    pub fn of_header(&self, ledger: &Ledger, dice: &mut Dice) -> Mutant {
        let seat = self.seat(dice);
        let payload = self.sample_payload(seat.document, dice);
        let entry = self.next(ledger, seat, payload, dice);
        let mut header = entry.header;
        let steps = 1 + dice.below(2);
        for _ in 0..steps {
            self.change_header(&mut header, ledger, dice);
        }
        let signer = if dice.chance(97) { header.log.key } else { self.seat(dice).key };
        let secret = self.network.secret_of(&signer).unwrap_or_else(|| super::network::secret("nobody"));
        Mutant { bytes: SignedEntry::sign(header, entry.payload, &secret, &self.network.id).to_bytes(), payload: None }
    }

    fn change_header(&self, header: &mut Header, ledger: &Ledger, dice: &mut Dice) {
        let other = self.seat(dice);
        let document = header.log.document;
        match dice.below(13) {
            0 => header.sequence = dice.boundary(),
            1 => header.sequence = header.sequence.wrapping_add(1),
            2 => header.time = Ms(dice.boundary()),
            3 => header.log.key = other.key,
            4 => header.log.document = other.document,
            5 => {
                header.log.run =
                    if dice.chance(50) { Run(dice.bytes()) } else { *dice.pick(&[other.run, Run([0; 8]), Run([0xff; 8])]) }
            }
            6 => header.log.document.period = Some(dice.boundary() as u16),
            7 => header.log.document.subject = Some(other.document.owner).filter(|_| dice.chance(80)),
            8 | 9 => {
                let previous = self.entry_to_name(ledger, document, dice);
                header.before = Before::Previous(previous);
                if let Some(place) = ledger.place(&previous) {
                    header.log = place.log;
                    header.sequence = place.sequence.saturating_add(1);
                }
            }
            10 => {
                header.log.run = Run(dice.bytes());
                self.begin(header, ledger.last_of(&document, header.log.key), dice);
            }
            _ => {
                let link = Some(self.entry_to_name(ledger, document, dice)).filter(|_| dice.chance(60));
                self.begin(header, link, dice);
            }
        }
    }

    /// Makes it the first of its log.
    fn begin(&self, header: &mut Header, link: Option<EntryId>, dice: &mut Dice) {
        let fits = |s: &&Seat| s.document == header.log.document && s.key == header.log.key;
        let own = self.network.seats.iter().find(fits).and_then(|s| s.grant);
        let any = RowName { entry: dice.pick(&self.network.entries).id, index: dice.below(5) as u16 };
        let grant = if dice.chance(70) { own } else { Some(any).filter(|_| dice.chance(80)) };
        header.before = Before::Start { grant, link };
        header.sequence = if dice.chance(95) { 1 } else { dice.boundary() };
    }
}

fn value_of(field: &impl Field) -> Value {
    Value::parse(&field.to_cbor()).unwrap_or(Value::Null)
}

fn operations(payload: &mut Value) -> Option<&mut Vec<Value>> {
    match payload {
        Value::Array(parts) => match parts.get_mut(1) {
            Some(Value::Array(ops)) => Some(ops),
            _ => None,
        },
        _ => None,
    }
}

/// The fields of one row as a tree.
fn mutate_fields(payload: &mut Value, dice: &mut Dice, known: &[Value]) {
    let Some(ops) = operations(payload).filter(|o| !o.is_empty()) else { return };
    let at = dice.below(ops.len());
    if let Some(Value::Array(parts)) = ops.get_mut(at)
        && let Some(fields @ Value::Array(_)) = parts.get_mut(3)
    {
        // The array itself must stay one.
        let Value::Array(items) = fields else { return };
        if items.is_empty() || dice.chance(15) {
            tree::mutate(fields, dice, known);
        } else {
            let n = dice.below(items.len());
            tree::mutate(&mut items[n], dice, known);
        }
    }
}

fn row_type(dice: &mut Dice) -> u16 {
    match dice.below(4) {
        0 => dice.boundary() as u16,
        _ => dice.pick(CATALOGUE).number,
    }
}

fn key(dice: &mut Dice) -> Value {
    let mut key = Value::Text("note.text".into());
    tree::mutate(&mut key, dice, &[]);
    if matches!(key, Value::Text(_)) || dice.chance(10) { key } else { Value::Text("k".into()) }
}

fn list_length(dice: &mut Dice) -> usize {
    if dice.chance(85) { dice.below(4) } else { *dice.pick(&[8, 32, 63, 64, 65]) }
}

fn parts(bytes: &[u8]) -> Option<(&[u8], &[u8], [u8; 64])> {
    let mut r = Reader::new(bytes);
    r.tag(18).and_then(|()| r.array_of(4)).ok()?;
    let protected = r.bytes().ok()?;
    r.map().ok()?;
    Some((protected, r.bytes().ok()?, r.array_bytes().ok()?))
}

fn cose(protected: &[u8], payload: &[u8], signature: &[u8; 64]) -> Vec<u8> {
    let mut w = Writer::default();
    w.tag(18).array(4).bytes(protected).map(0).bytes(payload).bytes(signature);
    w.finish()
}

/// Past its first check?
#[must_use]
pub fn is_past_first(mutant: &Mutant, network: &Network) -> bool {
    match &mutant.payload {
        Some(payload) => op::parse(payload).is_ok(),
        None => SignedEntry::parse(&mutant.bytes, &network.id).is_ok(),
    }
}
