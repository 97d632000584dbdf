//! Receipts: what has safely arrived at a node, signed by that node's own key. Not entries: nobody writes them, nothing rests on them.
//!
//! ```text
//! 18([ bstr {1: -8, 4: kid}, {}, bstr [1, counter, time ms, [[document, [tip entry id…]]…]], bstr signature ])
//! ```
//! `external_aad` = network id. One is kept per (node, document): the one whose tips cover the other's, else the higher counter.

use crate::{
    cbor::{CborError, Reader, Writer},
    id::{DocId, EntryId, NetworkId, PublicKey},
    key::{self, SecretKey},
    units::Ms,
};

/// A receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The node that has the entries.
    pub node: PublicKey,
    /// Grows with each receipt of that node.
    pub counter: u64,
    /// When, by its clock.
    pub time: Ms,
    /// Documents with their open tips there, sorted.
    pub documents: Vec<(DocId, Vec<EntryId>)>,
    /// Ed25519 over the `Sig_structure`.
    pub signature: [u8; 64],
}

impl Receipt {
    /// Signs what is durable here.
    #[must_use]
    pub fn sign(node: &SecretKey, network: &NetworkId, counter: u64, time: Ms, documents: Vec<(DocId, Vec<EntryId>)>) -> Self {
        let mut receipt = Self { node: node.public(), counter, time, documents, signature: [0; 64] };
        receipt.signature = node.sign(&receipt.to_sign(network));
        receipt
    }

    /// Did the node named sign this, for this network?
    #[must_use]
    pub fn is_signed(&self, network: &NetworkId) -> bool {
        key::verify(&self.node, &self.to_sign(network), &self.signature)
    }

    fn protected(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.map(2).int(1).int(-8).int(4).bytes(&self.node.0);
        w.finish()
    }

    fn payload(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.array(4).uint(1).uint(self.counter).uint(self.time.0).array(self.documents.len() as u64);
        for (document, tips) in &self.documents {
            w.array(2).bytes(&document.to_bytes()).array(tips.len() as u64);
            tips.iter().for_each(|t| {
                w.bytes(&t.0);
            });
        }
        w.finish()
    }

    fn to_sign(&self, network: &NetworkId) -> Vec<u8> {
        let mut w = Writer::default();
        w.array(4).text("Signature1").bytes(&self.protected()).bytes(&network.0).bytes(&self.payload());
        w.finish()
    }

    /// The `COSE_Sign1`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.tag(18).array(4).bytes(&self.protected()).map(0).bytes(&self.payload()).bytes(&self.signature);
        w.finish()
    }

    /// Reads the one byte form.
    ///
    /// # Errors
    /// Another form.
    pub fn parse(bytes: &[u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(bytes);
        r.tag(18)?;
        r.array_of(4)?;
        let node = read_protected(r.bytes()?)?;
        let at = r.position();
        if r.map()? != 0 {
            return Err(CborError { at, what: "unprotected header not empty" });
        }
        let payload = r.bytes()?;
        let signature = r.array_bytes()?;
        r.end()?;
        let mut r = Reader::new(payload);
        r.array_of(4)?;
        if r.uint()? != 1 {
            return Err(CborError { at: 1, what: "unknown receipt version" });
        }
        let (counter, time) = (r.uint()?, Ms(r.uint()?));
        let documents = (0..r.array()?).map(|_| read_document(&mut r)).collect::<Result<_, _>>()?;
        r.end()?;
        Ok(Self { node, counter, time, documents, signature })
    }
}

fn read_protected(bytes: &[u8]) -> Result<PublicKey, CborError> {
    let mut r = Reader::new(bytes);
    if r.map()? != 2 || r.int()? != 1 || r.int()? != -8 || r.int()? != 4 {
        return Err(CborError { at: 0, what: "header of another shape" });
    }
    let node = PublicKey(r.array_bytes()?);
    r.end().map(|()| node)
}

fn read_document(r: &mut Reader<'_>) -> Result<(DocId, Vec<EntryId>), CborError> {
    r.array_of(2)?;
    let at = r.position();
    let document = DocId::from_bytes(r.bytes()?).ok_or(CborError { at, what: "not a document id" })?;
    let tips = (0..r.array()?).map(|_| r.array_bytes().map(EntryId)).collect::<Result<_, _>>()?;
    Ok((document, tips))
}
