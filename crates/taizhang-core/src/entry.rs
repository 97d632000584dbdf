//! The signed entry: a `COSE_Sign1` (RFC 9052 §4.2) with exactly one byte form.
//!
//! ```text
//! 18([ bstr {1: -8, 4: kid, -65537: document, -65538: run, -65539: sequence,
//!            -65540: previous          (sequence > 1)
//!            -65541: [grant entry, index] | null, -65542: link | null   (sequence 1)
//!            -65543: time ms},
//!      {}, bstr payload, bstr signature ])
//! ```
//! `external_aad` = network id. The entry's id is SHA-256 of the `Sig_structure`: signature and wrapping are no part of it, else any relay could forge a fork.

use sha2::{Digest, Sha256};

use crate::{
    cbor::{CborError, Reader, Writer},
    id::{DocId, EntryId, LogId, NetworkId, PublicKey, Run},
    key::{self, SecretKey},
    op::RowName,
    planted::{Check, is_off},
    units::Ms,
};

/// Bytes of a whole entry, at most.
pub const ENTRY_BYTES_MAX: usize = 64 * 1024;

const ALG: i64 = 1;
const EDDSA: i64 = -8;
const KID: i64 = 4;
const DOCUMENT: i64 = -65537;
const RUN: i64 = -65538;
const SEQUENCE: i64 = -65539;
const PREVIOUS: i64 = -65540;
const GRANT: i64 = -65541;
const LINK: i64 = -65542;
const TIME: i64 = -65543;

/// What stands before an entry in its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Before {
    /// Sequence 1: by which grant the author writes (`None` only for the root statement's own entry), and the tip of the last log that this key on this machine wrote in this document.
    Start {
        /// The grant row.
        grant: Option<RowName>,
        /// Checked like a predecessor.
        link: Option<EntryId>,
    },
    /// Sequence n + 1: the id of the entry with sequence n.
    Previous(EntryId),
}

impl Before {
    /// The entry before this one in its chain of logs.
    #[must_use]
    pub fn parent(&self) -> Option<EntryId> {
        match self {
            Self::Start { link, .. } => *link,
            Self::Previous(id) => Some(*id),
        }
    }
}

/// What an entry says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Header {
    /// Document, author, run.
    pub log: LogId,
    /// From 1.
    pub sequence: u64,
    /// What stands before it.
    pub before: Before,
    /// When, as the author's clock said.
    pub time: Ms,
}

/// An entry whose bytes have the one form; whether its signature is valid and it may enter is for admission to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedEntry {
    /// SHA-256 of the `Sig_structure`.
    pub id: EntryId,
    /// What it says about itself.
    pub header: Header,
    /// `[version, [operation…]]`, see `op`.
    pub payload: Vec<u8>,
    /// Ed25519 over the `Sig_structure`.
    pub signature: [u8; 64],
}

/// Why bytes are not an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Over [`ENTRY_BYTES_MAX`].
    #[error("entry longer than {ENTRY_BYTES_MAX} bytes")]
    TooLong,
    /// Not the one byte form.
    #[error("not an entry: {0}")]
    Form(#[from] CborError),
}

impl SignedEntry {
    /// Signs a payload; the caller keeps it within [`ENTRY_BYTES_MAX`].
    #[must_use]
    pub fn sign(header: Header, payload: Vec<u8>, key: &SecretKey, network: &NetworkId) -> Self {
        let to_sign = sig_structure(&protected(&header), network, &payload);
        Self { id: id_of(&to_sign), header, signature: key.sign(&to_sign), payload }
    }

    /// Puts together what a replication frame carried apart.
    #[must_use]
    pub fn from_parts(header: Header, payload: Vec<u8>, signature: [u8; 64], network: &NetworkId) -> Self {
        let id = id_of(&sig_structure(&protected(&header), network, &payload));
        Self { id, header, payload, signature }
    }

    /// Reads the one byte form.
    ///
    /// # Errors
    /// Too long, or any other form.
    pub fn parse(bytes: &[u8], network: &NetworkId) -> Result<Self, EntryError> {
        if bytes.len() > ENTRY_BYTES_MAX {
            return Err(EntryError::TooLong);
        }
        let mut r = Reader::new(bytes);
        r.tag(18)?;
        r.array_of(4)?;
        let protected = r.bytes()?;
        let at = r.position();
        if r.map()? != 0 && !is_off(Check::UnprotectedEmpty) {
            return Err(CborError { at, what: "unprotected header not empty" }.into());
        }
        let payload = r.bytes()?;
        let signature = r.array_bytes()?;
        r.end()?;
        let header = read_protected(protected)?;
        let id = id_of(&sig_structure(protected, network, payload));
        Ok(Self { id, header, payload: payload.to_vec(), signature })
    }

    /// The one byte form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.tag(18).array(4).bytes(&protected(&self.header)).map(0).bytes(&self.payload).bytes(&self.signature);
        w.finish()
    }

    /// Did the key named in the header sign this, for this network?
    #[must_use]
    pub fn is_signed(&self, network: &NetworkId) -> bool {
        key::verify(&self.header.log.key, &sig_structure(&protected(&self.header), network, &self.payload), &self.signature)
    }
}

fn id_of(sig_structure: &[u8]) -> EntryId {
    EntryId(Sha256::digest(sig_structure).into())
}

/// RFC 9052 §4.4: `["Signature1", protected, external_aad, payload]`.
fn sig_structure(protected: &[u8], network: &NetworkId, payload: &[u8]) -> Vec<u8> {
    let mut w = Writer::default();
    let network = if is_off(Check::NetworkSigned) { &NetworkId([0; 32]) } else { network };
    w.array(4).text("Signature1").bytes(protected).bytes(&network.0).bytes(payload);
    w.finish()
}

fn protected(h: &Header) -> Vec<u8> {
    let mut w = Writer::default();
    w.map(if matches!(h.before, Before::Previous(_)) { 7 } else { 8 });
    w.int(ALG).int(EDDSA).int(KID).bytes(&h.log.key.0);
    w.int(DOCUMENT).bytes(&h.log.document.to_bytes()).int(RUN).bytes(&h.log.run.0).int(SEQUENCE).uint(h.sequence);
    match h.before {
        Before::Previous(id) => {
            w.int(PREVIOUS).bytes(&id.0);
        }
        Before::Start { grant, link } => {
            w.int(GRANT);
            match grant {
                Some(g) => w.array(2).bytes(&g.entry.0).uint(g.index.into()),
                None => w.null(),
            };
            w.int(LINK);
            match link {
                Some(l) => w.bytes(&l.0),
                None => w.null(),
            };
        }
    }
    w.int(TIME).uint(h.time.0);
    w.finish()
}

fn read_protected(bytes: &[u8]) -> Result<Header, CborError> {
    let mut r = Reader::new(bytes);
    let pairs = r.map()?;
    label(&mut r, ALG)?;
    let at = r.position();
    if r.int()? != EDDSA && !is_off(Check::Algorithm) {
        return Err(CborError { at, what: "algorithm is not EdDSA" });
    }
    label(&mut r, KID)?;
    let key = PublicKey(r.array_bytes()?);
    label(&mut r, DOCUMENT)?;
    let at = r.position();
    let document = DocId::from_bytes(r.bytes()?).ok_or(CborError { at, what: "not a document id" })?;
    label(&mut r, RUN)?;
    let run = Run(r.array_bytes()?);
    label(&mut r, SEQUENCE)?;
    let at = r.position();
    let sequence = r.uint()?;
    let before = if sequence == 1 { read_start(&mut r)? } else { read_previous(&mut r)? };
    if sequence == 0 || pairs != if sequence == 1 { 8 } else { 7 } {
        return Err(CborError { at, what: "header of another shape" });
    }
    label(&mut r, TIME)?;
    let time = Ms(r.uint()?);
    r.end()?;
    Ok(Header { log: LogId { document, key, run }, sequence, before, time })
}

fn read_start(r: &mut Reader<'_>) -> Result<Before, CborError> {
    label(r, GRANT)?;
    let grant = if r.take_null() {
        None
    } else {
        r.array_of(2)?;
        Some(RowName { entry: EntryId(r.array_bytes()?), index: r.small()? })
    };
    label(r, LINK)?;
    let link = if r.take_null() { None } else { Some(EntryId(r.array_bytes()?)) };
    Ok(Before::Start { grant, link })
}

fn read_previous(r: &mut Reader<'_>) -> Result<Before, CborError> {
    label(r, PREVIOUS)?;
    Ok(Before::Previous(EntryId(r.array_bytes()?)))
}

fn label(r: &mut Reader<'_>, expected: i64) -> Result<(), CborError> {
    let at = r.position();
    if r.int()? == expected { Ok(()) } else { Err(CborError { at, what: "header labels missing or out of order" }) }
}

#[cfg(test)]
mod tests;
