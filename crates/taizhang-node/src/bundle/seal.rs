//! Writing a bundle, chunk by chunk.

use std::io::{self, Write};

use chacha20poly1305::{
    ChaCha20Poly1305,
    aead::{Aead, Payload},
};
use taizhang_core::{
    id::{NetworkId, PublicKey},
    key::{self, SecretKey},
    units::Ms,
};
use x25519_dalek::{PublicKey as SealPublic, StaticSecret};
use zeroize::Zeroizing;

use super::{CHUNK_BYTES, Head, cipher, nonce, signed};

/// The receiving node's key is no key that anything can be sealed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing can be sealed to this key")]
pub struct NotSealed;

/// Signs a message.
pub type Sign<'a> = &'a dyn Fn(&[u8]) -> [u8; 64];

/// A bundle that is being written.
pub struct Sealer<W> {
    out: W,
    cipher: ChaCha20Poly1305,
    head: Vec<u8>,
    chunk: Zeroizing<Vec<u8>>,
    number: u32,
    bytes: u64,
}

impl<W: Write> Sealer<W> {
    /// Begins one; `one_time` are fresh random bytes, used for nothing else.
    ///
    /// # Errors
    /// Nothing can be sealed to this key.
    pub fn new(
        out: W,
        network: NetworkId,
        from: &SecretKey,
        to: PublicKey,
        time: Ms,
        one_time: [u8; 32],
    ) -> Result<Self, NotSealed> {
        Self::signed(out, network, (from.public(), &|message| from.sign(message)), to, time, one_time)
    }

    /// The same with whatever signs for the writing node's key.
    ///
    /// # Errors
    /// Nothing can be sealed to this key.
    pub fn signed(
        out: W,
        network: NetworkId,
        (from, sign): (PublicKey, Sign<'_>),
        to: PublicKey,
        time: Ms,
        one_time: [u8; 32],
    ) -> Result<Self, NotSealed> {
        let secret = StaticSecret::from(one_time);
        let head = Head { network, to, one_time: SealPublic::from(&secret).to_bytes() };
        let cipher = key::x25519_of(&to).and_then(|to| cipher(&secret, to, &head)).ok_or(NotSealed)?;
        let head = head.to_bytes();
        let signature = sign(&signed(&head, &from, time));
        let mut chunk = Zeroizing::new(Vec::with_capacity(CHUNK_BYTES));
        [from.0.as_slice(), &time.0.to_be_bytes(), &signature].iter().for_each(|part| chunk.extend_from_slice(part));
        Ok(Self { out, cipher, head, chunk, number: 0, bytes: 0 })
    }

    /// Adds a frame.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn frame(&mut self, frame: &[u8]) -> io::Result<()> {
        let length = u32::try_from(frame.len()).map_err(io::Error::other)?;
        self.put(&length.to_be_bytes())?;
        self.put(frame)
    }

    /// Bytes of the file so far, about.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes + self.chunk.len() as u64
    }

    /// Writes the last chunk.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        Ok(self.out)
    }

    /// Adds bytes as they are: of frames behind their lengths, or of a liar.
    ///
    /// A full chunk is written once more follows: the last one says that it is the last.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn put(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.chunk.len() == CHUNK_BYTES {
                self.seal(false)?;
            }
            let room = (CHUNK_BYTES - self.chunk.len()).min(bytes.len());
            let (now, later) = bytes.split_at(room);
            self.chunk.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    fn seal(&mut self, is_last: bool) -> io::Result<()> {
        if self.number == 0 {
            self.out.write_all(&self.head)?;
            self.bytes += self.head.len() as u64;
        }
        let payload = Payload { msg: &self.chunk, aad: &self.head };
        let sealed = self.cipher.encrypt(&nonce(self.number, is_last).into(), payload).map_err(|_| io::Error::other("cipher"))?;
        self.out.write_all(&sealed)?;
        self.bytes += sealed.len() as u64;
        self.chunk.clear();
        self.number += 1;
        Ok(())
    }
}
