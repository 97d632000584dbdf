//! Keys and the one function that says whether a signature is valid.

use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};

use crate::{
    id::PublicKey,
    planted::{Check, is_off},
};

/// An Ed25519 secret key; wiped from memory when dropped, as is every clone, and never printed.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// The key of a 32-byte seed (RFC 8032 §5.1.5).
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&seed))
    }

    /// The seed, to be encrypted at rest by the caller.
    #[must_use]
    pub fn seed(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// The scalar behind the public half: its X25519 secret (RFC 7748), to be wiped by the caller.
    #[must_use]
    pub fn to_x25519(&self) -> [u8; 32] {
        self.0.to_scalar_bytes()
    }

    /// Signs (RFC 8032, pure Ed25519).
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretKey(of {})", self.public())
    }
}

/// The X25519 key (RFC 7748) of whoever has this key; none where it is no point, or one of small order.
#[must_use]
pub fn x25519_of(key: &PublicKey) -> Option<[u8; 32]> {
    let key = VerifyingKey::from_bytes(&key.0).ok().filter(|k| !k.is_weak())?;
    Some(key.to_montgomery().to_bytes())
}

/// Is this the signature of `key` over `message`? Strict everywhere: no small-order keys or points, no second form of S; batch verification accepts another set and is never used (docs/decisions/0004).
#[must_use]
pub fn verify(key: &PublicKey, message: &[u8], signature: &[u8; 64]) -> bool {
    let signature = Signature::from_bytes(signature);
    let Ok(key) = VerifyingKey::from_bytes(&key.0) else { return false };
    key.verify_strict(message, &signature).is_ok() || (is_off(Check::StrictSignature) && key.verify(message, &signature).is_ok())
}
