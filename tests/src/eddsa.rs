//! Signatures at the edges of Ed25519, made on purpose over any message: by somebody who knows a secret and means to split the network.
//!
//! Names as in "Taming the many EdDSAs": small: of order 1 to 8; mixed: with a small part and a large one.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test tool: what it makes itself it may take apart"
)]

use curve25519_dalek::{
    EdwardsPoint, Scalar,
    constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION},
    traits::IsIdentity,
};
use sha2::{Digest, Sha512};
use taizhang_core::{
    cbor::{Reader, Writer},
    entry::SignedEntry,
    id::{NetworkId, PublicKey},
};

/// The order of the large group, little endian (RFC 8032 §5.1).
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0x10,
];
/// The neutral point in an encoding that is not canonical: y = p + 1.
const NEUTRAL: [u8; 32] = {
    let mut bytes = [0xff; 32];
    (bytes[0], bytes[31]) = (0xee, 0x7f);
    bytes
};

/// One edge, and whether our one function takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// None: a signature as it should be.
    Honest,
    /// S + L in place of S: a second form.
    LargeS,
    /// A of order 8, and the equation fits all the same: a key that is everybody's.
    SmallA,
    /// R is the neutral point.
    SmallR,
    /// A with a small part; the equation fits without cofactor.
    MixedA,
    /// A with a small part; the equation fits only with the cofactor: batch verification takes it, single verification does not.
    MixedAByCofactor,
    /// R with a small part; the equation fits only with the cofactor.
    MixedR,
    /// A is the neutral point, not canonically encoded.
    NonCanonicalA,
    /// R is the neutral point, not canonically encoded.
    NonCanonicalR,
}

impl Edge {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Honest,
        Self::LargeS,
        Self::SmallA,
        Self::SmallR,
        Self::MixedA,
        Self::MixedAByCofactor,
        Self::MixedR,
        Self::NonCanonicalA,
        Self::NonCanonicalR,
    ];

    /// The verdict of `key::verify`: fixed, for another would split a network of two versions.
    #[must_use]
    pub fn is_valid(self) -> bool {
        matches!(self, Self::Honest | Self::MixedA)
    }

    /// Does RFC 8032's equation with the cofactor hold? All of these would pass somewhere.
    #[must_use]
    pub fn fits_with_cofactor(self, message: &[u8]) -> bool {
        let (key, signature) = (self.key(), self.sign(message));
        let point =
            |bytes: &[u8]| curve25519_dalek::edwards::CompressedEdwardsY::from_slice(bytes).unwrap().decompress().unwrap();
        let s = Scalar::from_bytes_mod_order(signature[32..].try_into().unwrap());
        let k = challenge(&signature[..32], &key, message);
        (s * ED25519_BASEPOINT_POINT - point(&signature[..32]) - k * point(&key.0)).mul_by_cofactor().is_identity()
    }

    /// The public key.
    #[must_use]
    pub fn key(self) -> PublicKey {
        PublicKey(match self {
            Self::NonCanonicalA => NEUTRAL,
            _ => (self.secret() * ED25519_BASEPOINT_POINT + self.small_part_of_key()).compress().to_bytes(),
        })
    }

    /// A signature over a message; nonces are tried until the edge is hit.
    #[must_use]
    pub fn sign(self, message: &[u8]) -> [u8; 64] {
        let key = self.key();
        for n in 0_u32.. {
            let (r, first) = self.commit(n, message);
            let k = challenge(&first, &key, message);
            // What a multiple of the order 8 point adds: nothing if k is divisible by 8.
            let is_hit = match self {
                Self::SmallA | Self::MixedA => k.as_bytes()[0] & 7 == 0,
                Self::MixedAByCofactor => k.as_bytes()[0] & 7 != 0,
                _ => true,
            };
            if is_hit {
                let mut second = (r + k * self.secret()).to_bytes();
                if self == Self::LargeS {
                    second = sum(second, L);
                }
                return [first, second].concat().try_into().unwrap();
            }
        }
        unreachable!("one nonce of eight will do")
    }

    fn secret(self) -> Scalar {
        match self {
            Self::SmallA | Self::NonCanonicalA => Scalar::ZERO,
            _ => Scalar::from(1_000_003_u64 + self as u64),
        }
    }

    fn small_part_of_key(self) -> EdwardsPoint {
        match self {
            Self::SmallA | Self::MixedA | Self::MixedAByCofactor => EIGHT_TORSION[1],
            _ => EIGHT_TORSION[0],
        }
    }

    /// Nonce and R.
    fn commit(self, n: u32, message: &[u8]) -> (Scalar, [u8; 32]) {
        let hash = Sha512::new().chain_update(n.to_le_bytes()).chain_update(message).finalize();
        let r = Scalar::from_bytes_mod_order_wide(&hash.into());
        let point = r * ED25519_BASEPOINT_POINT;
        match self {
            Self::SmallR => (Scalar::ZERO, EIGHT_TORSION[0].compress().to_bytes()),
            Self::NonCanonicalR => (Scalar::ZERO, NEUTRAL),
            Self::MixedR => (r, (point + EIGHT_TORSION[1]).compress().to_bytes()),
            _ => (r, point.compress().to_bytes()),
        }
    }
}

fn challenge(first: &[u8], key: &PublicKey, message: &[u8]) -> Scalar {
    Scalar::from_bytes_mod_order_wide(
        &Sha512::new().chain_update(first).chain_update(key.0).chain_update(message).finalize().into(),
    )
}

fn sum(a: [u8; 32], b: [u8; 32]) -> [u8; 32] {
    let mut carry = 0;
    std::array::from_fn(|n| {
        let digit = u16::from(a[n]) + u16::from(b[n]) + carry;
        carry = digit >> 8;
        digit.to_le_bytes()[0]
    })
}

/// What an entry's author signs: RFC 9052's `Sig_structure`, made here a second time.
#[must_use]
pub fn message_of(entry: &SignedEntry, network: &NetworkId) -> Vec<u8> {
    let bytes = entry.to_bytes();
    let mut r = Reader::new(&bytes);
    r.tag(18).and_then(|()| r.array_of(4)).unwrap();
    let protected = r.bytes().unwrap();
    let mut w = Writer::default();
    w.array(4).text("Signature1").bytes(protected).bytes(&network.0).bytes(&entry.payload);
    w.finish()
}
