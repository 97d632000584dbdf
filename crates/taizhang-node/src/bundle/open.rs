//! Reading a bundle, chunk by chunk.

use std::io::{self, Read};

use chacha20poly1305::{
    ChaCha20Poly1305,
    aead::{Aead, Payload},
};
use taizhang_core::{
    id::{NetworkId, PublicKey},
    key::{self, SecretKey},
    planted::{Check, is_off},
    units::Ms,
};
use taizhang_sync::limits::FRAME_BYTES_MAX;
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

use super::{CHUNK_BYTES, HEAD_BYTES, Head, MAGIC, SENDER_BYTES, TAG_BYTES, VERSION, cipher, nonce, signed};

/// Why a bundle, or the rest of it, is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Flaw {
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    File(#[from] io::Error),
    /// It begins otherwise.
    #[error("it is no bundle")]
    NoBundle,
    /// A later program wrote it.
    #[error("a newer version wrote it")]
    Version(u8),
    /// It belongs to another network.
    #[error("it is of another network")]
    Network,
    /// It is for another node.
    #[error("it is for another node: {0}")]
    Receiver(PublicKey),
    /// A chunk does not open.
    #[error("part {0} does not open: it was changed, or is not whole")]
    Changed(u32),
    /// Its end is missing.
    #[error("its end is missing")]
    Short,
    /// Something stands behind its end.
    #[error("something stands behind its end")]
    Long,
    /// The node that it names did not sign it.
    #[error("the node that it names has not signed it")]
    Sender,
    /// What is inside is not frames.
    #[error("what is inside is not readable")]
    Inside,
}

/// A bundle that is being read.
#[derive(Debug)]
pub struct Opener<R> {
    input: R,
    cipher: Sealed,
    head: Vec<u8>,
    /// The chunk that comes next, still sealed.
    next: Vec<u8>,
    number: u32,
    plain: Zeroizing<Vec<u8>>,
    /// How much of `plain` is used.
    at: usize,
    is_done: bool,
    from: PublicKey,
    time: Ms,
}

/// Never printed.
struct Sealed(ChaCha20Poly1305);

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed")
    }
}

impl<R: Read> Opener<R> {
    /// Opens one that is for this node, as far as to its writer's signature.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(mut input: R, network: NetworkId, own: &SecretKey) -> Result<Self, Flaw> {
        let bytes = up_to(&mut input, HEAD_BYTES)?;
        let head = read_head(&bytes)?;
        if head.network != network {
            return Err(Flaw::Network);
        }
        if head.to != own.public() && !is_off(Check::BundleSecret) {
            return Err(Flaw::Receiver(head.to));
        }
        let secret = Zeroizing::new(own.to_x25519());
        let cipher = cipher(&StaticSecret::from(*secret), head.one_time, &head).ok_or(Flaw::NoBundle)?;
        let next = up_to(&mut input, CHUNK_BYTES + TAG_BYTES)?;
        let mut opener = Self {
            input,
            cipher: Sealed(cipher),
            head: bytes,
            next,
            number: 0,
            plain: Zeroizing::default(),
            at: 0,
            is_done: false,
            from: own.public(),
            time: Ms(0),
        };
        opener.read_sender()?;
        Ok(opener)
    }

    /// The node that wrote it.
    #[must_use]
    pub fn from(&self) -> PublicKey {
        self.from
    }

    /// When, by its clock.
    #[must_use]
    pub fn time(&self) -> Ms {
        self.time
    }

    /// The next frame; none: that was the last, and the file is whole.
    ///
    /// # Errors
    /// What is wrong from here on.
    pub fn next_frame(&mut self) -> Result<Option<Vec<u8>>, Flaw> {
        if !self.has(4)? {
            return if self.rest().is_empty() { Ok(None) } else { Err(Flaw::Inside) };
        }
        let length = self.take::<4>().map(u32::from_be_bytes).and_then(|n| usize::try_from(n).ok()).ok_or(Flaw::Inside)?;
        if length == 0 || (length > FRAME_BYTES_MAX && !is_off(Check::BundleFrameLength)) || !self.has(length)? {
            return Err(Flaw::Inside);
        }
        let frame = self.rest().get(..length).map(<[u8]>::to_vec).ok_or(Flaw::Inside)?;
        self.at += length;
        Ok(Some(frame))
    }

    fn read_sender(&mut self) -> Result<(), Flaw> {
        if !self.has(SENDER_BYTES)? {
            return Err(Flaw::Inside);
        }
        let from = self.take().map(PublicKey).ok_or(Flaw::Inside)?;
        let time = self.take().map(|t| Ms(u64::from_be_bytes(t))).ok_or(Flaw::Inside)?;
        let signature = self.take::<64>().ok_or(Flaw::Inside)?;
        if !key::verify(&from, &signed(&self.head, &from, time), &signature) && !is_off(Check::BundleSender) {
            return Err(Flaw::Sender);
        }
        (self.from, self.time) = (from, time);
        Ok(())
    }

    fn rest(&self) -> &[u8] {
        self.plain.get(self.at..).unwrap_or_default()
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let taken = *self.rest().first_chunk::<N>()?;
        self.at += N;
        Some(taken)
    }

    /// Opens chunks until so many bytes are there; `false`: the file ends before.
    fn has(&mut self, bytes: usize) -> Result<bool, Flaw> {
        while self.rest().len() < bytes {
            if self.is_done {
                return Ok(false);
            }
            self.open_chunk()?;
        }
        Ok(true)
    }

    fn open_chunk(&mut self) -> Result<(), Flaw> {
        let sealed = std::mem::take(&mut self.next);
        let is_full = sealed.len() == CHUNK_BYTES + TAG_BYTES;
        if is_full {
            self.next = up_to(&mut self.input, CHUNK_BYTES + TAG_BYTES)?;
        }
        let is_last = self.next.is_empty();
        let opened = self.unseal(&sealed, is_last).ok_or_else(|| match self.unseal(&sealed, !is_last) {
            Some(_) if is_last => Flaw::Short,
            Some(_) => Flaw::Long,
            None => Flaw::Changed(self.number + 1),
        })?;
        let used = self.at;
        self.plain.drain(..used);
        self.at = 0;
        self.plain.extend_from_slice(&opened);
        (self.is_done, self.number) = (is_last, self.number.saturating_add(1));
        Ok(())
    }

    fn unseal(&self, sealed: &[u8], is_last: bool) -> Option<Zeroizing<Vec<u8>>> {
        let payload = Payload { msg: sealed, aad: &self.head };
        self.cipher.0.decrypt(&nonce(self.number, is_last).into(), payload).ok().map(Zeroizing::new)
    }
}

fn read_head(bytes: &[u8]) -> Result<Head, Flaw> {
    let (version, rest) = bytes.strip_prefix(MAGIC.as_slice()).and_then(<[u8]>::split_first).ok_or(Flaw::NoBundle)?;
    if *version != VERSION {
        return Err(Flaw::Version(*version));
    }
    let (network, rest) = rest.split_first_chunk().ok_or(Flaw::Short)?;
    let (to, rest) = rest.split_first_chunk().ok_or(Flaw::Short)?;
    let (one_time, _) = rest.split_first_chunk().ok_or(Flaw::Short)?;
    Ok(Head { network: NetworkId(*network), to: PublicKey(*to), one_time: *one_time })
}

/// So many bytes, or all that is left.
fn up_to(input: &mut impl Read, bytes: usize) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    input.take(bytes as u64).read_to_end(&mut out)?;
    Ok(out)
}
