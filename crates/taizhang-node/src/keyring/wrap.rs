//! A teacher's key, wrapped to one person (docs/decisions/0006, 0016).

use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit,
    aead::{Aead, Payload},
};
use sha2::{Digest, Sha256};
use taizhang_core::{id::DocId, names::KeyId};
use taizhang_sync::keys::KeyRecord;
use x25519_dalek::{PublicKey as SealPublic, SharedSecret, StaticSecret};
use zeroize::Zeroizing;

/// A key that opens what is sealed about one teacher.
pub(super) type TeacherKey = Zeroizing<[u8; 32]>;

const NONCE_BYTES: usize = 12;

/// First 8 bytes of SHA-256(key).
pub(super) fn key_id(key: &TeacherKey) -> KeyId {
    let hash: [u8; 32] = Sha256::digest(key.as_slice()).into();
    let mut id = [0; 8];
    id.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    id
}

/// Wraps a key to a person. The one-time key follows from the key and the person, so whoever wraps it makes the same record, and two who do so at once make one.
pub(super) fn wrap(document: DocId, key: &TeacherKey, to: &[u8; 32]) -> Option<KeyRecord> {
    let seed = Sha256::new().chain_update(b"taizhang keyring one-time 1").chain_update(key.as_slice()).chain_update(to);
    let one_time = StaticSecret::from(<[u8; 32]>::from(seed.finalize()));
    let ephemeral = SealPublic::from(&one_time).to_bytes();
    let wrapping = wrapping_key(&one_time.diffie_hellman(&SealPublic::from(*to)), &ephemeral, to)?;
    let id = key_id(key);
    let payload = Payload { msg: key.as_slice(), aad: &id };
    // The wrapping key is used for this one key only, so the nonce may be zero.
    let sealed = cipher(&wrapping)?.encrypt(&[0; NONCE_BYTES].into(), payload).ok()?;
    Some(KeyRecord { document, key: id, to: *to, ephemeral, sealed: sealed.try_into().ok()? })
}

/// Can anything be wrapped to this sealing key? To a point of small order it cannot.
pub(super) fn is_usable(to: &[u8; 32]) -> bool {
    StaticSecret::from([1; 32]).diffie_hellman(&SealPublic::from(*to)).was_contributory()
}

/// Opens a record with a person's sealing key; `None` if it is not what it says.
pub(super) fn unwrap(record: &KeyRecord, seal: &StaticSecret) -> Option<TeacherKey> {
    let shared = seal.diffie_hellman(&SealPublic::from(record.ephemeral));
    let wrapping = wrapping_key(&shared, &record.ephemeral, &record.to)?;
    let payload = Payload { msg: &record.sealed, aad: &record.key };
    let plain = Zeroizing::new(cipher(&wrapping)?.decrypt(&[0; NONCE_BYTES].into(), payload).ok()?);
    let key = Zeroizing::new(<[u8; 32]>::try_from(plain.as_slice()).ok()?);
    (key_id(&key) == record.key).then_some(key)
}

/// Seals under a teacher's key: nonce ‖ ciphertext.
pub(super) fn seal(key: &TeacherKey, nonce: [u8; NONCE_BYTES], plain: &[u8], about: &[u8]) -> Option<Vec<u8>> {
    let sealed = cipher(key)?.encrypt(&nonce.into(), Payload { msg: plain, aad: about }).ok()?;
    Some([nonce.as_slice(), &sealed].concat())
}

/// What [`seal`] sealed.
pub(super) fn unseal(key: &TeacherKey, sealed: &[u8], about: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
    cipher(key)?.decrypt(&nonce.into(), Payload { msg: sealed, aad: about }).ok().map(Zeroizing::new)
}

/// SHA-256("taizhang keyring 1" ‖ one-time key ‖ receiver ‖ shared secret); `None` for a one-time key that leaves no secret.
fn wrapping_key(shared: &SharedSecret, ephemeral: &[u8; 32], to: &[u8; 32]) -> Option<TeacherKey> {
    let hash = Sha256::new().chain_update(b"taizhang keyring 1").chain_update(ephemeral).chain_update(to);
    shared.was_contributory().then(|| Zeroizing::new(hash.chain_update(shared.as_bytes()).finalize().into()))
}

fn cipher(key: &TeacherKey) -> Option<ChaCha20Poly1305> {
    ChaCha20Poly1305::new_from_slice(key.as_slice()).ok()
}
