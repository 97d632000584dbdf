//! One zstd stream per session and direction, flushed at each batch, with an output limit; freed when nothing is owed.

use taizhang_core::planted::{Check, is_off};
use zstd::stream::raw::{CParameter, DParameter, Decoder, Encoder, InBuffer, Operation, OutBuffer};

/// How much memory and effort a stream may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// While much is owed: level 19, 4 MiB window.
    Long,
    /// Else: level 19 in a window of 128 KiB, about 2 MB while it lasts.
    Short,
}

/// The sending half.
pub(crate) struct Compressor {
    inner: Encoder<'static>,
}

/// The receiving half.
pub(crate) struct Decompressor {
    inner: Decoder<'static>,
}

/// The stream could not be made, or the bytes are not one, or too many come out.
#[derive(Debug)]
pub(crate) struct Broken;

impl Compressor {
    pub(crate) fn new(effort: Effort) -> Result<Self, Broken> {
        let mut inner = Encoder::new(19).map_err(|_| Broken)?;
        let window_log = match effort {
            Effort::Long => 22,
            Effort::Short => 17,
        };
        let parameters = [
            CParameter::WindowLog(window_log),
            CParameter::HashLog(window_log),
            CParameter::ChainLog(window_log),
            CParameter::ContentSizeFlag(false),
            CParameter::ChecksumFlag(false),
        ];
        parameters.into_iter().try_for_each(|p| inner.set_parameter(p)).map_err(|_| Broken)?;
        Ok(Self { inner })
    }

    /// Everything up to here, so that the other side can read it now.
    pub(crate) fn flush(&mut self, raw: &[u8]) -> Result<Vec<u8>, Broken> {
        let mut out = vec![0; zstd::zstd_safe::compress_bound(raw.len()) + 64];
        let mut buffer = OutBuffer::around(out.as_mut_slice());
        let mut input = InBuffer::around(raw);
        while input.pos() < raw.len() {
            self.inner.run(&mut input, &mut buffer).map_err(|_| Broken)?;
        }
        while self.inner.flush(&mut buffer).map_err(|_| Broken)? > 0 {}
        let n = buffer.pos();
        out.truncate(n);
        Ok(out)
    }
}

impl Decompressor {
    pub(crate) fn new() -> Result<Self, Broken> {
        let mut inner = Decoder::new().map_err(|_| Broken)?;
        inner.set_parameter(DParameter::WindowLogMax(if is_off(Check::BatchWindow) { 27 } else { 22 })).map_err(|_| Broken)?;
        Ok(Self { inner })
    }

    /// What one flush carried; refuses more than `limit` bytes.
    pub(crate) fn read(&mut self, packed: &[u8], limit: usize) -> Result<Vec<u8>, Broken> {
        let mut out = Vec::new();
        let mut chunk = [0; 16 * 1024];
        let mut input = InBuffer::around(packed);
        loop {
            let mut buffer = OutBuffer::around(&mut chunk[..]);
            self.inner.run(&mut input, &mut buffer).map_err(|_| Broken)?;
            let got = buffer.as_slice();
            if out.len() + got.len() > limit {
                return Err(Broken);
            }
            out.extend_from_slice(got);
            let full = got.len() == 16 * 1024;
            if input.pos() == packed.len() && !full {
                return Ok(out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::cast_possible_truncation, reason = "tests")]
    use super::*;

    #[test]
    fn each_flush_can_be_read_at_once() {
        for effort in [Effort::Long, Effort::Short] {
            let (mut c, mut d) = (Compressor::new(effort).unwrap(), Decompressor::new().unwrap());
            for n in [0usize, 1, 100, 16 * 1024, 70_000, 3] {
                let raw: Vec<u8> = (0..n).map(|i| (i * i % 251) as u8).collect();
                let packed = c.flush(&raw).unwrap();
                assert_eq!(d.read(&packed, 1 << 20).unwrap(), raw);
            }
        }
    }

    #[test]
    fn a_bomb_is_refused() {
        let packed = Compressor::new(Effort::Long).unwrap().flush(&vec![0; 10 << 20]).unwrap();
        assert!(packed.len() < 4096);
        assert!(Decompressor::new().unwrap().read(&packed, 256 * 1024).is_err());
        assert!(Decompressor::new().unwrap().read(&[1, 2, 3, 4, 5, 6], 1024).is_err());
    }
}
