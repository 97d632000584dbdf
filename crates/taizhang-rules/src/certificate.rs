//! A certificate as it stands in a QR code: a statement signed by whoever confirmed it, with the name inside (docs/certificates.md).
//!
//! The name is known where the teacher serves and in its county; whoever confirms signs a salted commitment to it, never the name. Name and salt
//! are in the statement, so a reader makes the commitment anew: another name gives another commitment, and the signature no longer fits.

#[cfg(test)]
mod tests;

use sha2::{Digest, Sha256};
use taizhang_core::{
    cbor::{CborError, Reader, Writer},
    id::{NetworkId, PublicKey},
    key::{self, SecretKey},
    planted::{Check, is_off},
    units::Day,
};

/// Most bytes of a statement, so that its text fits one QR code.
pub const MOST_BYTES: usize = 400;

/// What the text begins with; like base45, all of it stands in a QR code's alphanumeric mode.
pub const PREFIX: &str = "TZ1:";

/// Version of the bytes.
const VERSION: u64 = 1;

/// Before what is signed: no signature over anything else is one over a certificate.
const DOMAIN: &str = "taizhang certificate 1";

/// What is certified, without the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// 证号
    pub no: String,
    /// 教师编号
    pub teacher: String,
    /// Policy whose minimums were met.
    pub policy_id: String,
    /// First 8 bytes of the SHA-256 of its text.
    pub policy: [u8; 8],
    /// First and last year of the cycle.
    pub years: (u16, u16),
    /// Hours by bucket, h100.
    pub h100_lines: Vec<(String, u32)>,
    /// Day of the confirmation.
    pub day: Day,
}

/// A certificate as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// First 8 bytes of the network's id.
    pub network: [u8; 8],
    /// What is certified.
    pub claims: Claims,
    /// Who confirmed.
    pub key: PublicKey,
    /// 姓名
    pub name: String,
    /// Keeps the commitment from being searched for the name.
    pub salt: [u8; 16],
    /// Ed25519 over [`Claims::message`].
    pub signature: [u8; 64],
}

/// Why a text is no certificate of this network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The text does not begin with [`PREFIX`].
    #[error("the text does not begin with TZ1:")]
    Prefix,
    /// The rest is not base45.
    #[error("the text is not base45")]
    NotBase45,
    /// Longer than a statement may be.
    #[error("{0} bytes, at most 400 are allowed")]
    TooLong(usize),
    /// The bytes have not the form of a statement.
    #[error("the bytes have not the form of a certificate: {0}")]
    Form(CborError),
    /// Readable, and not in the one form in which statements are written.
    #[error("the bytes are not in the one form of a certificate")]
    NotCanonical,
    /// Made in another network.
    #[error("it was made in another network")]
    OtherNetwork,
    /// The signature does not fit what is said.
    #[error("the signature does not fit: name, number, hours or another part was changed")]
    Signature,
}

/// SHA-256("taizhang certificate name 1" ‖ salt ‖ number ‖ 0 ‖ name). The number, so that a commitment of one certificate is none of another.
#[must_use]
pub fn commitment(salt: &[u8; 16], no: &str, name: &str) -> [u8; 32] {
    let hash = Sha256::new().chain_update(b"taizhang certificate name 1").chain_update(salt);
    let no = if is_off(Check::CertificateNumber) { "" } else { no };
    hash.chain_update(no.as_bytes()).chain_update([0]).chain_update(name.as_bytes()).finalize().into()
}

impl Claims {
    /// What is signed: CBOR `[domain, network id 32 B, number, teacher, policy id, policy 8 B, first year, last year, [[bucket, h100]…], day, key, commitment]`.
    #[must_use]
    pub fn message(&self, network: &NetworkId, key: &PublicKey, commitment: &[u8; 32]) -> Vec<u8> {
        let mut w = Writer::default();
        w.array(12).text(DOMAIN).bytes(&network.0);
        self.write(&mut w);
        w.bytes(&key.0).bytes(commitment);
        w.finish()
    }

    /// Confirms.
    #[must_use]
    pub fn sign(&self, network: &NetworkId, key: &SecretKey, commitment: &[u8; 32]) -> [u8; 64] {
        key.sign(&self.message(network, &key.public(), commitment))
    }

    fn write(&self, w: &mut Writer) {
        w.text(&self.no).text(&self.teacher).text(&self.policy_id).bytes(&self.policy);
        w.uint(self.years.0.into()).uint(self.years.1.into()).array(self.h100_lines.len() as u64);
        for (bucket, h100) in &self.h100_lines {
            w.array(2).text(bucket).uint((*h100).into());
        }
        w.uint(self.day.0.into());
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        let (no, teacher, policy_id) = (r.text()?.to_owned(), r.text()?.to_owned(), r.text()?.to_owned());
        let policy = r.array_bytes()?;
        let years = (r.small()?, r.small()?);
        let count = r.array()?;
        let mut h100_lines = Vec::new();
        for _ in 0..count {
            r.array_of(2)?;
            h100_lines.push((r.text()?.to_owned(), r.small()?));
        }
        Ok(Self { no, teacher, policy_id, policy, years, h100_lines, day: Day(r.small()?) })
    }
}

impl Statement {
    /// CBOR `[1, network 8 B, number, teacher, policy id, policy 8 B, first year, last year, [[bucket, h100]…], day, key, name, salt, signature]`.
    ///
    /// # Errors
    /// It is too long for one QR code.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Broken> {
        let mut w = Writer::default();
        w.array(14).uint(VERSION).bytes(&self.network);
        self.claims.write(&mut w);
        w.bytes(&self.key.0).text(&self.name).bytes(&self.salt).bytes(&self.signature);
        let bytes = w.finish();
        if bytes.len() > MOST_BYTES { Err(Broken::TooLong(bytes.len())) } else { Ok(bytes) }
    }

    /// Reads bytes in exactly the form of [`Self::to_bytes`].
    ///
    /// # Errors
    /// They are in no form or another one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Broken> {
        if bytes.len() > MOST_BYTES {
            return Err(Broken::TooLong(bytes.len()));
        }
        let statement = Self::read(bytes).map_err(Broken::Form)?;
        if statement.to_bytes()? == bytes { Ok(statement) } else { Err(Broken::NotCanonical) }
    }

    fn read(bytes: &[u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(bytes);
        r.array_of(14)?;
        if r.uint()? != VERSION {
            return Err(CborError { at: 1, what: "another version of certificates" });
        }
        let network = r.array_bytes()?;
        let claims = Claims::read(&mut r)?;
        let key = PublicKey(r.array_bytes()?);
        let (name, salt, signature) = (r.text()?.to_owned(), r.array_bytes()?, r.array_bytes()?);
        r.end()?;
        Ok(Self { network, claims, key, name, salt, signature })
    }

    /// The text of the QR code: [`PREFIX`] and base45 (RFC 9285).
    ///
    /// # Errors
    /// It is too long.
    pub fn text(&self) -> Result<String, Broken> {
        Ok(format!("{PREFIX}{}", base45::encode(&self.to_bytes()?)))
    }

    /// Reads the text of a QR code; blanks at its ends and breaks of line do not count.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read_text(text: &str) -> Result<Self, Broken> {
        // Base45 has blanks of its own: only breaks of line can have come from copying.
        let text: String = text.trim().chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
        let encoded = text.strip_prefix(PREFIX).ok_or(Broken::Prefix)?;
        let bytes = base45::decode(encoded).map_err(|_| Broken::NotBase45)?;
        if base45::encode(&bytes) != encoded {
            return Err(Broken::NotBase45);
        }
        Self::from_bytes(&bytes)
    }

    /// The commitment to the name, made anew.
    #[must_use]
    pub fn commitment(&self) -> [u8; 32] {
        commitment(&self.salt, &self.claims.no, &self.name)
    }

    /// Does the signature fit everything that is said, in this network? Whether its key may confirm is the registry's to say.
    ///
    /// # Errors
    /// It does not.
    pub fn verify(&self, network: &NetworkId) -> Result<(), Broken> {
        if network_prefix(network) != self.network {
            return Err(Broken::OtherNetwork);
        }
        let message = self.claims.message(network, &self.key, &self.commitment());
        let fits = key::verify(&self.key, &message, &self.signature) || is_off(Check::CertificateSigned);
        if fits { Ok(()) } else { Err(Broken::Signature) }
    }
}

/// First 8 bytes of the network's id.
#[must_use]
pub fn network_prefix(network: &NetworkId) -> [u8; 8] {
    prefix(&network.0)
}

/// First 8 bytes of a hash.
#[must_use]
pub fn prefix(hash: &[u8; 32]) -> [u8; 8] {
    let mut out = [0; 8];
    out.iter_mut().zip(hash).for_each(|(to, from)| *to = *from);
    out
}
