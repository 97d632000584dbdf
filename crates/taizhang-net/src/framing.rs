//! Pure: frames on a byte stream.
//!
//! A frame is its length in bytes as LEB128, then its bytes. LEB128: groups of seven bits, lowest first, the top bit
//! of a byte says that another follows; the shortest form only (the last byte is not zero unless it is the only one).
//! Lengths up to 127 take one byte, to 16,383 two, to the limit of 1 MiB three.
//!
//! Length 0 is a **keep-alive**: one zero byte between frames, skipped by the receiver and never delivered.
//!
//! ```text
//! 05 68 65 6c 6c 6f        "hello"
//! 00                       keep-alive
//! 80 01 <128 bytes>        a frame of 128 bytes
//! 80 00                    refused: not the shortest form
//! 81 80 40                 refused: 1 MiB + 1
//! ```
//!
//! The length is judged before anything is allocated, and memory grows with the bytes that arrived, never with those announced.

use taizhang_core::planted::{Check, is_off};
use thiserror::Error;

/// The longest frame any node takes, in bytes.
pub const FRAME_BYTES_MAX: usize = 1 << 20;

/// The most bytes a length may take.
const LENGTH_BYTES_MAX: u32 = 3;

/// The first allocation for a frame, in bytes, however long it says it is.
const FIRST_ALLOCATION: usize = 4096;

/// Why bytes are not frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The declared length is above the limit.
    #[error("a frame of {declared} bytes was announced, the limit is {limit}")]
    TooLong {
        /// What the length says, in bytes.
        declared: usize,
        /// What is allowed, in bytes.
        limit: usize,
    },
    /// The length is longer than three bytes or not in its shortest form.
    #[error("the length of a frame is malformed")]
    BadLength,
}

/// Writes `frame` with its length to the end of `out`.
pub fn encode(frame: &[u8], out: &mut Vec<u8>) {
    out.reserve(frame.len() + 3);
    let mut left = frame.len();
    loop {
        let low = (left & 0x7f).to_le_bytes();
        left >>= 7;
        let more = if left == 0 { 0 } else { 0x80 };
        out.extend(low.first().map(|b| b | more));
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(frame);
}

/// Takes bytes as they arrive and gives whole frames.
#[derive(Debug)]
pub struct Decoder {
    limit: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    /// `bytes` bytes of a length have been read and amount to `value`.
    Length { value: usize, bytes: u32 },
    /// `frame` is what has arrived of `length` bytes.
    Body { length: usize, frame: Vec<u8> },
}

const BETWEEN: State = State::Length { value: 0, bytes: 0 };

impl Decoder {
    /// A decoder for frames of at most `limit` bytes, and never more than [`FRAME_BYTES_MAX`].
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit: limit.min(FRAME_BYTES_MAX), state: BETWEEN }
    }

    /// Takes from the front of `input` until one frame is whole or nothing is left. Call again while it gives frames.
    ///
    /// # Errors
    /// The bytes are not frames; nothing after them can be understood.
    pub fn feed(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, FrameError> {
        while !input.is_empty() {
            match &mut self.state {
                State::Length { .. } => self.feed_length(input)?,
                State::Body { length, frame } => {
                    let missing = *length - frame.len();
                    let (now, later) = input.split_at(missing.min(input.len()));
                    frame.extend_from_slice(now);
                    *input = later;
                    if frame.len() == *length {
                        let frame = std::mem::take(frame);
                        self.state = BETWEEN;
                        return Ok(Some(frame));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Is a frame begun and not finished?
    #[must_use]
    pub fn is_mid_frame(&self) -> bool {
        !matches!(self.state, State::Length { bytes: 0, .. })
    }

    fn feed_length(&mut self, input: &mut &[u8]) -> Result<(), FrameError> {
        let State::Length { value, bytes } = &mut self.state else {
            return Ok(());
        };
        let Some((byte, rest)) = input.split_first() else {
            return Ok(());
        };
        *input = rest;
        *value |= usize::from(byte & 0x7f) << (7 * *bytes);
        *bytes += 1;
        if byte & 0x80 != 0 {
            return if *bytes == LENGTH_BYTES_MAX { Err(FrameError::BadLength) } else { Ok(()) };
        }
        if *byte == 0 && *bytes > 1 {
            return Err(FrameError::BadLength);
        }
        let (declared, limit) = (*value, self.limit);
        if declared > limit && !is_off(Check::AnnouncedLength) {
            return Err(FrameError::TooLong { declared, limit });
        }
        self.state = if declared == 0 {
            BETWEEN
        } else {
            State::Body { length: declared, frame: Vec::with_capacity(declared.min(FIRST_ALLOCATION)) }
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "tests"
    )]
    use super::*;

    fn all(decoder: &mut Decoder, mut input: &[u8]) -> Result<Vec<Vec<u8>>, FrameError> {
        let mut frames = Vec::new();
        while let Some(frame) = decoder.feed(&mut input)? {
            frames.push(frame);
        }
        assert!(input.is_empty());
        Ok(frames)
    }

    #[test]
    fn lengths_have_exactly_these_bytes() {
        for (len, head) in [
            (1, vec![1]),
            (60, vec![60]),
            (127, vec![0x7f]),
            (128, vec![0x80, 1]),
            (16_383, vec![0xff, 0x7f]),
            (16_384, vec![0x80, 0x80, 1]),
            (FRAME_BYTES_MAX, vec![0x80, 0x80, 0x40]),
        ] {
            let frame = vec![9; len];
            let mut wire = Vec::new();
            encode(&frame, &mut wire);
            assert_eq!(&wire[..head.len()], head, "{len}");
            assert_eq!(wire.len(), head.len() + len);
            let mut decoder = Decoder::new(FRAME_BYTES_MAX);
            assert_eq!(all(&mut decoder, &wire).unwrap(), [frame]);
            assert!(!decoder.is_mid_frame());
        }
    }

    #[test]
    fn any_cut_of_the_bytes_gives_the_same_frames() {
        let frames: Vec<Vec<u8>> = [1, 127, 128, 300, 2, 1].iter().map(|len| vec![*len as u8; *len]).collect();
        let mut wire = Vec::new();
        for frame in &frames {
            encode(frame, &mut wire);
            encode(&[], &mut wire);
        }
        for piece in 1..wire.len() {
            let mut decoder = Decoder::new(FRAME_BYTES_MAX);
            let got: Vec<_> = wire.chunks(piece).flat_map(|chunk| all(&mut decoder, chunk).unwrap()).collect();
            assert_eq!(got, frames, "pieces of {piece}");
        }
    }

    #[test]
    fn bad_lengths_are_refused() {
        let too_long = |declared| FrameError::TooLong { declared, limit: FRAME_BYTES_MAX };
        for (wire, error) in [
            (vec![0x80, 0x00], FrameError::BadLength),
            (vec![0x81, 0x00], FrameError::BadLength),
            (vec![0x80, 0x80, 0x00], FrameError::BadLength),
            (vec![0x80, 0x80, 0x80], FrameError::BadLength),
            (vec![0xff; 10], FrameError::BadLength),
            (vec![0x81, 0x80, 0x40], too_long(FRAME_BYTES_MAX + 1)),
            (vec![0xff, 0xff, 0x7f], too_long((1 << 21) - 1)),
        ] {
            let mut decoder = Decoder::new(usize::MAX);
            assert_eq!(decoder.feed(&mut wire.as_slice()), Err(error), "{wire:02x?}");
        }
        let mut small = Decoder::new(10);
        assert_eq!(small.feed(&mut [11, 0].as_slice()), Err(FrameError::TooLong { declared: 11, limit: 10 }));
    }

    #[test]
    fn memory_follows_what_arrived_and_not_what_was_announced() {
        let mut decoder = Decoder::new(FRAME_BYTES_MAX);
        let mut wire = vec![0x80, 0x80, 0x40];
        wire.extend([0; 100]);
        assert_eq!(decoder.feed(&mut wire.as_slice()), Ok(None));
        assert!(decoder.is_mid_frame());
        let State::Body { frame, .. } = &decoder.state else {
            panic!("in the body");
        };
        assert_eq!(frame.len(), 100);
        assert!(frame.capacity() <= FIRST_ALLOCATION);
    }

    #[test]
    fn keep_alives_are_not_frames() {
        let mut decoder = Decoder::new(FRAME_BYTES_MAX);
        assert_eq!(all(&mut decoder, &[0, 0, 1, 7, 0, 0]).unwrap(), [vec![7_u8]]);
        assert!(!decoder.is_mid_frame());
    }

    #[test]
    fn random_bytes_never_panic_nor_grow() {
        let mut x = 88_172_645_463_325_252_u64;
        for _ in 0..2_000 {
            let mut decoder = Decoder::new(5_000);
            let bytes: Vec<u8> = (0..200)
                .map(|_| {
                    x ^= x << 13;
                    x ^= x >> 7;
                    x ^= x << 17;
                    x as u8
                })
                .collect();
            let mut input = bytes.as_slice();
            while let Ok(Some(frame)) = decoder.feed(&mut input) {
                assert!(!frame.is_empty() && frame.len() <= 200);
            }
        }
    }
}
