//! The byte form of one record: `[crc32c(salt ‖ inner), inner]`, inner = `[entry, …]`.

use std::ops::Range;

use minicbor::{Decoder, Encoder};

use crate::{MAX_ENTRY_BYTES, MAX_RECORD_BYTES};

/// The 4 bytes in a segment's file name that go into every checksum of the segment.
pub(crate) type Salt = [u8; 4];

const RECORD_HEAD: u8 = 0x82;
const ENTRY_HEAD: u8 = 0xd2;

/// One whole record at the start of some bytes.
pub(crate) struct Whole {
    /// Its length in bytes.
    pub(crate) len: usize,
    /// Where its entries lie.
    pub(crate) entries: Vec<Range<usize>>,
}

/// Encodes a record; also where the entries lie in it.
pub(crate) fn encode(salt: Salt, entries: &[&[u8]]) -> (Vec<u8>, Vec<Range<usize>>) {
    let mut inner = head(|e| e.array(entries.len() as u64).map(drop));
    let mut places = Vec::with_capacity(entries.len());
    for entry in entries {
        places.push(inner.len()..inner.len() + entry.len());
        inner.extend_from_slice(entry);
    }
    let crc = checksum(salt, &inner);
    let mut record = head(|e| e.array(2)?.u32(crc).map(drop));
    let shift = record.len();
    record.append(&mut inner);
    for place in &mut places {
        *place = place.start + shift..place.end + shift;
    }
    (record, places)
}

type Never = minicbor::encode::Error<std::convert::Infallible>;

fn head(write: impl FnOnce(&mut Encoder<Vec<u8>>) -> Result<(), Never>) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    write(&mut encoder).expect("a vector takes every head");
    encoder.into_writer()
}

fn checksum(salt: Salt, inner: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&salt), inner)
}

/// The record that starts `bytes`, if it is whole and its checksum right.
pub(crate) fn parse(salt: Salt, bytes: &[u8]) -> Option<Whole> {
    if bytes.first() != Some(&RECORD_HEAD) {
        return None;
    }
    let mut decoder = Decoder::new(bytes);
    decoder.array().ok()?;
    let crc = decoder.u32().ok()?;
    let inner_from = decoder.position();
    let count = decoder.array().ok()??;
    let mut at = decoder.position();
    let mut entries = Vec::new();
    for _ in 0..count {
        let len = item_len(bytes.get(at..)?)?;
        entries.push(at..at + len);
        at += len;
        if at > MAX_RECORD_BYTES + 64 {
            return None;
        }
    }
    let inner = bytes.get(inner_from..at)?;
    (count > 0 && checksum(salt, inner) == crc).then_some(Whole { len: at, entries })
}

/// Length of the entry that starts `bytes`: one CBOR item under tag 18 within the limit.
pub(crate) fn item_len(bytes: &[u8]) -> Option<usize> {
    if bytes.first() != Some(&ENTRY_HEAD) {
        return None;
    }
    let mut decoder = Decoder::new(bytes.get(..bytes.len().min(MAX_ENTRY_BYTES))?);
    decoder.skip().ok()?;
    Some(decoder.position())
}

/// Where the first whole record at or after `from` starts.
pub(crate) fn find(salt: Salt, bytes: &[u8], from: usize) -> Option<usize> {
    (from..bytes.len())
        .find(|&at| bytes.get(at) == Some(&RECORD_HEAD) && bytes.get(at..).is_some_and(|b| parse(salt, b).is_some()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    const SALT: Salt = [1, 2, 3, 4];

    #[test]
    fn the_bytes_of_a_record_never_change() {
        let (bytes, places) = encode(SALT, &[&[0xd2, 0x41, 0x2a], &[0xd2, 0x80]]);
        // The checksum of 01 02 03 04 82 d2 41 2a d2 80 was computed with another program.
        let expected = [0x82, 0x1a, 0xa4, 0xf2, 0xa1, 0x12, 0x82, 0xd2, 0x41, 0x2a, 0xd2, 0x80];
        assert_eq!(bytes, expected);
        assert_eq!(places, [7..10, 10..12]);
        let whole = parse(SALT, &bytes).unwrap();
        assert_eq!((whole.len, whole.entries), (12, places));
    }

    #[test]
    fn nothing_but_the_whole_record_is_one() {
        let (bytes, _) = encode(SALT, &[&[0xd2, 0x41, 0x2a], &[0xd2, 0x80]]);
        for len in 0..bytes.len() {
            assert!(parse(SALT, &bytes[..len]).is_none(), "cut to {len}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(parse(SALT, &bad).is_none(), "bit {bit}");
        }
        assert!(parse([0; 4], &bytes).is_none(), "another salt");
        for bad in ["", "80", "8200", "820080", "82000080", "9fff", "82f6f6", "821a0000000081d2"] {
            let bad = taizhang_core::id::from_hex(bad).unwrap();
            assert!(parse(SALT, &bad).is_none(), "{bad:02x?}");
        }
    }

    #[test]
    fn an_item_is_one_item_under_tag_18_within_the_limit() {
        assert_eq!(item_len(&[0xd2, 0x41, 0x2a, 0xff]), Some(3));
        for bad in [&[][..], &[0xd2], &[0xd1, 0x80], &[0x80], &[0xd2, 0x42, 0], &[0xd2, 0x9f, 0]] {
            assert_eq!(item_len(bad), None, "{bad:02x?}");
        }
        let large = |len: u32| {
            let mut item = vec![0xd2, 0x5a];
            item.extend(len.to_be_bytes());
            item.resize(6 + len as usize, 0);
            item
        };
        assert_eq!(item_len(&large((128 << 10) - 6)), Some(128 << 10));
        assert_eq!(item_len(&large((128 << 10) - 5)), None);
    }
}
