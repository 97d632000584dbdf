//! The bundle's container: frames for one receiving node, sealed, and signed by the node that wrote them (docs/protocol.md §14, docs/decisions/0022-bundles.md).
//!
//! ```text
//! head      "taizhang-bundle" ‖ version 1 ‖ network 32 ‖ receiving node's key 32 ‖ one-time key 32
//! chunks    each 65,536 bytes and a tag of 16, the last one shorter or as long; ChaCha20-Poly1305, nonce = 0 ‖ number ‖ is it the last
//! inside    writing node's key 32 ‖ time 8 ‖ signature 64, then frames, each behind its length 4
//! ```
//! Nothing of a chunk is used before its tag fits; so what was written by nobody we know, or was changed, cut, or put together anew, ends there.

mod open;
mod seal;

use chacha20poly1305::{ChaCha20Poly1305, KeyInit};
use sha2::{Digest, Sha256};
use taizhang_core::{
    id::{NetworkId, PublicKey},
    planted::{Check, is_off},
    units::Ms,
};
use x25519_dalek::{PublicKey as SealPublic, StaticSecret};
use zeroize::Zeroizing;

pub use open::{Flaw, Opener};
pub use seal::{NotSealed, Sealer, Sign};

/// First bytes of every bundle, of any version.
pub const MAGIC: &[u8; 15] = b"taizhang-bundle";
/// The version that this program writes.
pub const VERSION: u8 = 1;
/// Plain bytes of a chunk; the last may have fewer.
pub const CHUNK_BYTES: usize = 64 * 1024;
/// Bytes of a file, at most: what a person carries.
pub const FILE_BYTES_MAX: u64 = 384 * 1024 * 1024;

const TAG_BYTES: usize = 16;
const HEAD_BYTES: usize = 15 + 1 + 32 + 32 + 32;
const SENDER_BYTES: usize = 32 + 8 + 64;
const NONCE_BYTES: usize = 12;

/// What stands before the first chunk, open to everyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    network: NetworkId,
    to: PublicKey,
    one_time: [u8; 32],
}

impl Head {
    fn to_bytes(self) -> Vec<u8> {
        [MAGIC.as_slice(), &[VERSION], &self.network.0, &self.to.0, &self.one_time].concat()
    }
}

/// What the writing node signs: this file, to this receiver, at this time.
fn signed(head: &[u8], from: &PublicKey, time: Ms) -> Vec<u8> {
    [b"taizhang bundle sender 1".as_slice(), head, &from.0, &time.0.to_be_bytes()].concat()
}

/// SHA-256("taizhang bundle 1" ‖ one-time key ‖ receiving node's key ‖ shared secret), as of a wrapped key (docs/decisions/0006); none where the other key leaves no secret.
fn cipher(own: &StaticSecret, other: [u8; 32], head: &Head) -> Option<ChaCha20Poly1305> {
    let shared = own.diffie_hellman(&SealPublic::from(other));
    let hash = Sha256::new().chain_update(b"taizhang bundle 1").chain_update(head.one_time).chain_update(head.to.0);
    let secret: &[u8] = if is_off(Check::BundleSecret) { &[] } else { shared.as_bytes() };
    let key: Zeroizing<[u8; 32]> = Zeroizing::new(hash.chain_update(secret).finalize().into());
    if shared.was_contributory() { ChaCha20Poly1305::new_from_slice(key.as_slice()).ok() } else { None }
}

/// 7 zeros, the chunk's number, 1 for the last chunk: each once under a key that is this file's alone.
fn nonce(chunk: u32, is_last: bool) -> [u8; NONCE_BYTES] {
    let [a, b, c, d] = if is_off(Check::BundleOrder) { [0; 4] } else { chunk.to_be_bytes() };
    let last = u8::from(is_last && !is_off(Check::BundleEnd));
    [0, 0, 0, 0, 0, 0, 0, a, b, c, d, last]
}

#[cfg(test)]
mod tests;
