//! Frames: a kind byte (bit 7: may be skipped if unknown), then deterministic CBOR items one after the other (docs/protocol.md).

use taizhang_core::{
    cbor::{CborError, Reader, Writer},
    entry::ENTRY_BYTES_MAX,
    id::{DocId, EntryId, Kind, NetworkId, OrgId, PublicKey, Run},
    planted::{Check, is_off},
    units::Ms,
};

use crate::{
    keys::{KeyRecord, RecordId},
    limits,
};

/// The protocol version this program speaks.
pub const VERSION: u64 = 1;

/// Which kinds of documents a node asks for, one bit a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(pub u64);

impl Kinds {
    /// Every kind this version knows.
    #[must_use]
    pub fn all() -> Self {
        Self::of(&Kind::ALL)
    }

    /// These kinds.
    #[must_use]
    pub fn of(kinds: &[Kind]) -> Self {
        Self(kinds.iter().fold(0, |bits, k| bits | 1 << (*k as u8)))
    }

    /// These, and the keyring records of identity documents.
    #[must_use]
    pub fn with_keys(self) -> Self {
        Self(self.0 | 1)
    }

    /// Those that are among both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Does it ask for keyring records?
    #[must_use]
    pub fn has_keys(self) -> bool {
        self.0 & 1 != 0
    }

    /// Is this kind among them?
    #[must_use]
    pub fn has(self, kind: Kind) -> bool {
        self.0 & (1 << (kind as u8)) != 0
    }
}

/// One open tip: where its log stands, and the logs it reaches through links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The author.
    pub key: PublicKey,
    /// The run.
    pub run: Run,
    /// The sequence.
    pub height: u64,
    /// The entry there.
    pub id: EntryId,
    /// Earlier logs of the chain, nearest first: first 4 bytes of the run, sequence at which the chain left it.
    pub hints: Vec<([u8; 4], u64)>,
}

/// One node or leaf of the summary tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Summary {
    /// The digests of the 16 children.
    Node {
        /// Path in nibbles.
        prefix: Vec<u8>,
        /// First 8 bytes of each child's digest.
        children: Vec<[u8; 8]>,
    },
    /// The documents below.
    Leaf {
        /// Path in nibbles.
        prefix: Vec<u8>,
        /// Each with the first 8 bytes of its digest.
        documents: Vec<(DocId, [u8; 8])>,
    },
}

impl Summary {
    /// Which part of the tree.
    #[must_use]
    pub fn prefix(&self) -> &[u8] {
        let (Self::Node { prefix, .. } | Self::Leaf { prefix, .. }) = self;
        prefix
    }
}

/// A receipt as it travels: what the receiver knows (the signer's key, whole entry ids) is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireReceipt {
    /// Counter of the signing node.
    pub counter: u64,
    /// When, by its clock.
    pub time: Ms,
    /// Documents and the first 16 bytes of the ids of their open tips.
    pub documents: Vec<(DocId, Vec<[u8; 16]>)>,
    /// The signature.
    pub signature: [u8; 64],
}

/// What travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Who speaks, and what it wants. First in each direction.
    Hello {
        /// Protocol version.
        version: u64,
        /// The network.
        network: NetworkId,
        /// The speaker's organisation, as it believes.
        org: OrgId,
        /// Kinds of documents it asks for.
        wants: Kinds,
        /// The use of an invite, where the speaker is not certified yet: an entry's bytes.
        join: Option<Vec<u8>>,
    },
    /// The digest over everything both may read.
    Root {
        /// First 16 bytes.
        digest: [u8; 16],
        /// Shall the other answer with its own?
        reply: bool,
    },
    /// Parts of the summary tree that may differ.
    Summaries(Vec<Summary>),
    /// A document that differs.
    Tips {
        /// Which.
        document: DocId,
        /// The speaker's open tips, but those of the `SomeTips` just before.
        tips: Vec<Tip>,
    },
    /// Open tips of a document, of which more follow than one frame holds; a program that does not know this kind takes the last part for all.
    SomeTips {
        /// Which.
        document: DocId,
        /// Some of the speaker's open tips.
        tips: Vec<Tip>,
    },
    /// All tips that the other named of this document are here: what it may have thought missing is not.
    Have {
        /// Which.
        document: DocId,
    },
    /// Everything is compared: first from the dialer, then from the other.
    Compared,
    /// Entries.
    Batch(BatchFrame),
    /// So many batches are durable here since the session began.
    Ack {
        /// Count.
        batches: u64,
        /// Entries of the last of them that were not here before.
        new: u64,
    },
    /// An entry of a batch was refused; its log ends for this session.
    Refused {
        /// The sender's number of the log.
        log: u64,
        /// Its sequence.
        sequence: u64,
        /// Why: `Refusal::code`.
        code: u64,
    },
    /// What is durable here.
    Receipt(WireReceipt),
    /// The digest over the keyring records that both may hold; where the other's differs, also those of the documents.
    Keys {
        /// Over all.
        digest: [u8; 16],
        /// Each with the digest of its records.
        documents: Vec<(DocId, [u8; 8])>,
    },
    /// Which records of a document are here.
    KeyIds {
        /// Which document.
        document: DocId,
        /// Shall the other answer with its own?
        reply: bool,
        /// The records.
        ids: Vec<RecordId>,
    },
    /// Records of a document.
    KeyRecords(Vec<KeyRecord>),
}

/// Entries on the wire: signatures apart, as they do not compress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchFrame {
    /// A new compression stream begins.
    pub fresh: bool,
    /// Nothing more is owed for now.
    pub last: bool,
    /// One for each entry, in order.
    pub signatures: Vec<[u8; 64]>,
    /// Byte strings that do not compress, taken out of the payloads; see `batch`.
    pub loose: Vec<u8>,
    /// A flush of the compression stream; see `batch`.
    pub packed: Vec<u8>,
}

/// Why a frame ends the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Not the form.
    #[error("frame: {0}")]
    Form(#[from] CborError),
    /// No bytes, or too many.
    #[error("frame empty or too long")]
    Length,
    /// A kind that must be understood and is not.
    #[error("frame of an unknown kind")]
    UnknownKind,
}

const HELLO: u8 = 1;
const ROOT: u8 = 2;
const SUMMARIES: u8 = 3;
const TIPS: u8 = 4;
const COMPARED: u8 = 5;
const BATCH: u8 = 6;
const ACK: u8 = 7;
const REFUSED: u8 = 8;
const RECEIPT: u8 = 9;
const HAVE: u8 = 10;
const OPTIONAL: u8 = 0x80;
const KEYS: u8 = 0x81;
const KEY_IDS: u8 = 0x82;
const KEY_RECORDS: u8 = 0x83;
const SOME_TIPS: u8 = 0x84;

impl Frame {
    /// The bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::default();
        let kind = match self {
            Self::Hello { version, network, org, wants, join } => {
                w.uint(*version).bytes(&network.0).bytes(&org.0).uint(wants.0);
                if let Some(j) = join {
                    w.bytes(j);
                }
                HELLO
            }
            Self::Root { digest, reply } => {
                w.raw(digest).bool(*reply);
                ROOT
            }
            Self::Summaries(list) => {
                list.iter().for_each(|s| write_summary(&mut w, s));
                SUMMARIES
            }
            Self::Tips { document, tips } | Self::SomeTips { document, tips } => {
                w.raw(&document.to_bytes());
                tips.iter().for_each(|t| write_tip(&mut w, t));
                if matches!(self, Self::Tips { .. }) { TIPS } else { SOME_TIPS }
            }
            Self::Have { document } => {
                w.raw(&document.to_bytes());
                HAVE
            }
            Self::Compared => COMPARED,
            Self::Batch(b) => {
                w.uint(u64::from(b.fresh) | u64::from(b.last) << 1).uint(b.signatures.len() as u64);
                b.signatures.iter().for_each(|s| {
                    w.raw(s);
                });
                w.bytes(&b.loose).raw(&b.packed);
                BATCH
            }
            Self::Ack { batches, new } => {
                w.uint(*batches).uint(*new);
                ACK
            }
            Self::Refused { log, sequence, code } => {
                w.uint(*log).uint(*sequence).uint(*code);
                REFUSED
            }
            Self::Receipt(r) => {
                write_receipt(&mut w, r);
                RECEIPT
            }
            Self::Keys { digest, documents } => {
                w.raw(digest);
                documents.iter().for_each(|(document, digest)| {
                    w.raw(&document.to_bytes()).raw(digest);
                });
                KEYS
            }
            Self::KeyIds { document, reply, ids } => {
                w.raw(&document.to_bytes()).bool(*reply);
                ids.iter().for_each(|id| {
                    w.raw(id);
                });
                KEY_IDS
            }
            Self::KeyRecords(records) => {
                records.first().into_iter().for_each(|r| {
                    w.raw(&r.document.to_bytes());
                });
                records.iter().for_each(|r| {
                    w.raw(&r.key).raw(&r.to).raw(&r.ephemeral).raw(&r.sealed);
                });
                KEY_RECORDS
            }
        };
        let mut out = vec![kind];
        out.extend(w.finish());
        out
    }

    /// Reads one frame; `None` for an unknown kind that may be skipped.
    ///
    /// # Errors
    /// Any other form.
    pub fn decode(bytes: &[u8]) -> Result<Option<Self>, FrameError> {
        if bytes.len() > limits::FRAME_BYTES_MAX && !is_off(Check::FrameLength) {
            return Err(FrameError::Length);
        }
        let (kind, rest) = bytes.split_first().ok_or(FrameError::Length)?;
        let mut r = Raw { bytes: rest };
        let frame = match *kind {
            HELLO => read_hello(rest)?,
            ROOT => Self::Root { digest: r.take()?, reply: r.items(|r| r.bool())? },
            SUMMARIES => Self::Summaries(r.many(limits::SUMMARY_NODES_MAX, read_summary)?),
            HAVE => Self::Have { document: read_document(&mut r)? },
            TIPS => {
                let document = read_document(&mut r)?;
                Self::Tips { document, tips: r.many(limits::TIPS_MAX, read_tip)? }
            }
            SOME_TIPS => {
                let (document, tips) = (read_document(&mut r)?, r.many(limits::TIPS_MAX, read_tip)?);
                if tips.is_empty() {
                    return Err(malformed("no tips"));
                }
                Self::SomeTips { document, tips }
            }
            COMPARED => Self::Compared,
            BATCH => return read_batch(r).map(|b| Some(Self::Batch(b))),
            ACK => {
                let (batches, new) = r.items(|r| Ok((r.uint()?, r.uint()?)))?;
                Self::Ack { batches, new }
            }
            REFUSED => {
                let (log, sequence, code) = r.items(|r| Ok((r.uint()?, r.uint()?, r.uint()?)))?;
                Self::Refused { log, sequence, code }
            }
            RECEIPT => Self::Receipt(r.items(read_receipt)?),
            KEYS => read_keys(&mut r)?,
            KEY_IDS => {
                let (document, reply) = (read_document(&mut r)?, r.items(|r| r.bool())?);
                Self::KeyIds { document, reply, ids: r.raws(limits::KEY_IDS_MAX, Raw::take)? }
            }
            KEY_RECORDS => {
                let document = read_document(&mut r)?;
                let records = r.raws(limits::KEY_RECORDS_OF_FRAME_MAX, |r| read_key_record(r, document))?;
                if records.is_empty() {
                    return Err(malformed("no records"));
                }
                Self::KeyRecords(records)
            }
            k if k & OPTIONAL != 0 => return Ok(None),
            _ => return Err(FrameError::UnknownKind),
        };
        let is_done = matches!(frame, Self::Hello { .. }) || r.bytes.is_empty();
        if is_done { Ok(Some(frame)) } else { Err(malformed("something follows")) }
    }
}

fn malformed(what: &'static str) -> FrameError {
    FrameError::Form(CborError { at: 0, what })
}

/// Bytes of known length between CBOR items.
struct Raw<'b> {
    bytes: &'b [u8],
}

impl Raw<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], FrameError> {
        let (head, rest) = self.bytes.split_at_checked(N).ok_or(FrameError::Length)?;
        self.bytes = rest;
        head.try_into().map_err(|_| FrameError::Length)
    }

    fn items<T>(&mut self, read: impl Fn(&mut Reader<'_>) -> Result<T, CborError>) -> Result<T, FrameError> {
        let mut r = Reader::new(self.bytes);
        let value = read(&mut r)?;
        self.bytes = self.bytes.get(r.position()..).unwrap_or_default();
        Ok(value)
    }

    fn raws<T>(&mut self, limit: usize, read: impl Fn(&mut Self) -> Result<T, FrameError>) -> Result<Vec<T>, FrameError> {
        let mut out = Vec::new();
        while !self.bytes.is_empty() {
            if out.len() == limit {
                return Err(malformed("too many items"));
            }
            out.push(read(self)?);
        }
        Ok(out)
    }

    fn many<T>(&mut self, limit: usize, read: impl Fn(&mut Reader<'_>) -> Result<T, CborError>) -> Result<Vec<T>, FrameError> {
        let mut out = Vec::new();
        while !self.bytes.is_empty() {
            if out.len() == limit && !is_off(Check::FrameCounts) {
                return Err(malformed("too many items"));
            }
            out.push(self.items(&read)?);
        }
        Ok(out)
    }
}

fn read_keys(r: &mut Raw<'_>) -> Result<Frame, FrameError> {
    let digest = r.take()?;
    let documents = r.raws(limits::KEY_DOCUMENTS_MAX, |r| Ok((read_document(r)?, r.take()?)))?;
    Ok(Frame::Keys { digest, documents })
}

fn read_key_record(r: &mut Raw<'_>, document: DocId) -> Result<KeyRecord, FrameError> {
    Ok(KeyRecord { document, key: r.take()?, to: r.take()?, ephemeral: r.take()?, sealed: r.take()? })
}

fn read_document(r: &mut Raw<'_>) -> Result<DocId, FrameError> {
    DocId::from_bytes(&r.take::<{ DocId::LEN }>()?).ok_or(malformed("not a document id"))
}

fn read_hello(bytes: &[u8]) -> Result<Frame, FrameError> {
    let mut r = Reader::new(bytes);
    let version = r.uint()?;
    let network = NetworkId(r.array_bytes()?);
    let org = OrgId(r.array_bytes()?);
    let wants = Kinds(r.uint()?);
    let join = if r.position() < bytes.len() { Some(r.bytes()?) } else { None };
    if join.is_some_and(|j| j.len() > ENTRY_BYTES_MAX) {
        return Err(malformed("longer than an entry"));
    }
    let join = join.map(<[u8]>::to_vec);
    r.end()?;
    Ok(Frame::Hello { version, network, org, wants, join })
}

fn read_batch(mut r: Raw<'_>) -> Result<BatchFrame, FrameError> {
    let (flags, n) = r.items(|r| Ok((r.uint()?, r.small::<usize>()?)))?;
    if flags > 3 || (n > limits::BATCH_ENTRIES_MAX && !is_off(Check::BatchEntries)) {
        return Err(malformed("batch flags unknown, or too many entries"));
    }
    let signatures = (0..n).map(|_| r.take()).collect::<Result<_, _>>()?;
    let loose = r.items(|r| Ok(r.bytes()?.to_vec()))?;
    if loose.len() > limits::BATCH_RAW_BYTES_MAX || r.bytes.len() > limits::BATCH_RAW_BYTES_MAX + 1024 {
        return Err(malformed("more bytes than a batch may have"));
    }
    Ok(BatchFrame { fresh: flags & 1 != 0, last: flags & 2 != 0, signatures, loose, packed: r.bytes.to_vec() })
}

fn write_summary(w: &mut Writer, s: &Summary) {
    match s {
        Summary::Node { prefix, children } => {
            w.array(2).bytes(prefix).bytes(&children.concat());
        }
        Summary::Leaf { prefix, documents } => {
            w.array(2).bytes(prefix).array(documents.len() as u64);
            for (document, digest) in documents {
                w.bytes(&[document.to_bytes().as_slice(), digest.as_slice()].concat());
            }
        }
    }
}

fn read_summary(r: &mut Reader<'_>) -> Result<Summary, CborError> {
    let at = r.position();
    let bad = CborError { at, what: "not a summary" };
    r.array_of(2)?;
    let prefix = r.bytes()?.to_vec();
    if prefix.len() > crate::summary::DEPTH || prefix.iter().any(|n| *n > 15) {
        return Err(bad);
    }
    let mut ahead = r.clone();
    if let Ok(children) = ahead.bytes() {
        *r = ahead;
        let (children, rest) = children.as_chunks::<8>();
        let children = children.to_vec();
        // A whole path has no children: they would be parts that cannot be said.
        let is_node = children.len() == 16 && rest.is_empty() && prefix.len() < crate::summary::DEPTH;
        return if is_node { Ok(Summary::Node { prefix, children }) } else { Err(bad) };
    }
    let n = r.array()?;
    if n > limits::LEAF_DOCUMENTS_MAX as u64 {
        return Err(bad);
    }
    let documents = (0..n).map(|_| {
        let (document, digest) = r.bytes()?.split_at_checked(DocId::LEN).ok_or(bad)?;
        Ok((DocId::from_bytes(document).ok_or(bad)?, digest.try_into().map_err(|_| bad)?))
    });
    Ok(Summary::Leaf { prefix, documents: documents.collect::<Result<_, CborError>>()? })
}

fn write_tip(w: &mut Writer, t: &Tip) {
    w.array(5).bytes(&t.key.0).bytes(&t.run.0).uint(t.height).bytes(&t.id.0).array(t.hints.len() as u64 * 2);
    for (run, height) in &t.hints {
        w.bytes(run).uint(*height);
    }
}

fn read_tip(r: &mut Reader<'_>) -> Result<Tip, CborError> {
    r.array_of(5)?;
    let (key, run, height, id) = (PublicKey(r.array_bytes()?), Run(r.array_bytes()?), r.uint()?, EntryId(r.array_bytes()?));
    let at = r.position();
    let n = r.array()?;
    if n > limits::HINTS_MAX as u64 * 2 || n % 2 != 0 {
        return Err(CborError { at, what: "too many hints" });
    }
    // Exactly sized: collecting Results would double its way up to a third more than the limits promise.
    let mut hints = Vec::with_capacity(usize::try_from(n / 2).unwrap_or_default());
    for _ in 0..n / 2 {
        hints.push((r.array_bytes()?, r.uint()?));
    }
    Ok(Tip { key, run, height, id, hints })
}

fn write_receipt(w: &mut Writer, receipt: &WireReceipt) {
    w.uint(receipt.counter).uint(receipt.time.0).array(receipt.documents.len() as u64);
    for (document, tips) in &receipt.documents {
        w.bytes(&document.to_bytes()).bytes(&tips.concat());
    }
    w.bytes(&receipt.signature);
}

fn read_receipt(r: &mut Reader<'_>) -> Result<WireReceipt, CborError> {
    let (counter, time) = (r.uint()?, Ms(r.uint()?));
    let at = r.position();
    let bad = CborError { at, what: "not a receipt" };
    let n = r.array()?;
    if n > limits::RECEIPT_DOCUMENTS_MAX as u64 {
        return Err(bad);
    }
    let documents = (0..n).map(|_| {
        let document = DocId::from_bytes(r.bytes()?).ok_or(bad)?;
        let tips = r.bytes()?;
        let (whole, rest) = tips.as_chunks::<16>();
        if rest.is_empty() && whole.len() <= limits::RECEIPT_TIPS_MAX { Ok((document, whole.to_vec())) } else { Err(bad) }
    });
    let documents = documents.collect::<Result<_, CborError>>()?;
    Ok(WireReceipt { counter, time, documents, signature: r.array_bytes()? })
}

#[cfg(test)]
mod tests;
