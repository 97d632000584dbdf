#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use taizhang_core::key::SecretKey;

use super::*;

const NETWORK: NetworkId = NetworkId([3; 32]);
const TIME: Ms = Ms(1_796_000_000_000);

fn secret(n: u8) -> SecretKey {
    SecretKey::from_seed([n; 32])
}

/// Node 1 to node 2, with the one-time key of these random bytes.
fn sealed(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut sealer = Sealer::new(Vec::new(), NETWORK, &secret(1), secret(2).public(), TIME, [9; 32]).unwrap();
    frames.iter().for_each(|f| sealer.frame(f).unwrap());
    sealer.finish().unwrap()
}

fn opened(file: &[u8]) -> Result<(PublicKey, Ms, Vec<Vec<u8>>), Flaw> {
    opened_by(file, NETWORK, &secret(2))
}

fn opened_by(file: &[u8], network: NetworkId, own: &SecretKey) -> Result<(PublicKey, Ms, Vec<Vec<u8>>), Flaw> {
    let mut opener = Opener::new(file, network, own)?;
    let mut frames = Vec::new();
    while let Some(frame) = opener.next_frame()? {
        frames.push(frame);
    }
    Ok((opener.from(), opener.time(), frames))
}

/// Frames that fill this many plain bytes, sender and lengths counted.
fn filling(bytes: usize) -> Vec<Vec<u8>> {
    vec![vec![7; 10], vec![8; bytes - SENDER_BYTES - 10 - 2 * 4]]
}

#[test]
fn what_is_sealed_is_opened_whatever_its_length() {
    assert_eq!(opened(&sealed(&[])).unwrap().2, Vec::<Vec<u8>>::new());
    for bytes in [500, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 5 * CHUNK_BYTES + 77] {
        let (frames, file) = (filling(bytes), sealed(&filling(bytes)));
        assert_eq!(file.len(), HEAD_BYTES + bytes + bytes.div_ceil(CHUNK_BYTES) * TAG_BYTES);
        assert_eq!(opened(&file).unwrap(), (secret(1).public(), TIME, frames));
    }
}

#[test]
fn a_bundle_of_the_first_version_is_read_for_ever() {
    let kept = include_str!("../../../../tests/vectors/bundle-v1.txt");
    let kept = taizhang_core::id::from_hex(&kept.split_whitespace().collect::<String>()).unwrap();
    let frames = vec![b"first".to_vec(), vec![5; 300]];
    assert_eq!(opened(&kept).unwrap(), (secret(1).public(), TIME, frames.clone()));
    assert_eq!(sealed(&frames), kept, "and written: the same randomness makes the same bytes");
}

#[test]
fn one_bit_changed_anywhere_is_refused() {
    let file = sealed(&[b"a frame".to_vec()]);
    for n in 0..file.len() * 8 {
        let mut changed = file.clone();
        changed[n / 8] ^= 1 << (n % 8);
        let flaw = opened(&changed).unwrap_err();
        match n / 8 {
            0..=14 => assert!(matches!(flaw, Flaw::NoBundle), "{n}: {flaw}"),
            15 => assert!(matches!(flaw, Flaw::Version(_)), "{n}: {flaw}"),
            16..=47 => assert!(matches!(flaw, Flaw::Network), "{n}: {flaw}"),
            48..=79 => assert!(matches!(flaw, Flaw::Receiver(_)), "{n}: {flaw}"),
            _ => assert!(matches!(flaw, Flaw::Changed(1)), "{n}: {flaw}"),
        }
    }
}

#[test]
fn a_bundle_cut_anywhere_is_refused() {
    let file = sealed(&filling(CHUNK_BYTES + 300));
    let end_of_first = HEAD_BYTES + CHUNK_BYTES + TAG_BYTES;
    for n in (0..600).chain(end_of_first - 300..file.len()) {
        assert!(opened(&file[..n]).is_err(), "cut at {n}");
    }
    assert!(matches!(opened(&file[..end_of_first]), Err(Flaw::Short)), "at the end of a chunk");
}

#[test]
fn what_is_appended_swapped_or_taken_out_is_refused() {
    let file = sealed(&filling(3 * CHUNK_BYTES + 50));
    let sealed_chunk = CHUNK_BYTES + TAG_BYTES;
    let (head, chunks) = file.split_at(HEAD_BYTES);
    let chunks: Vec<&[u8]> = chunks.chunks(sealed_chunk).collect();
    let put = |order: &[usize]| [head, &order.iter().map(|n| chunks[*n]).collect::<Vec<_>>().concat()].concat();
    assert_eq!(put(&[0, 1, 2, 3]), file);
    for order in [&[0, 2, 1, 3], &[1, 0, 2, 3]] {
        assert!(matches!(opened(&put(order)), Err(Flaw::Changed(_))), "{order:?}");
    }
    for order in [&[0, 1, 3][..], &[0, 1, 1, 2, 3], &[0, 1, 2, 3, 3]] {
        assert!(opened(&put(order)).is_err(), "{order:?}");
    }
    let exact = sealed(&filling(CHUNK_BYTES));
    assert!(matches!(opened(&[exact.as_slice(), b"x"].concat()), Err(Flaw::Long)));
    assert!(opened(&[file.as_slice(), b"x"].concat()).is_err());
}

#[test]
fn only_the_receiver_of_this_network_opens_it() {
    let file = sealed(&[b"a frame".to_vec()]);
    assert!(matches!(opened_by(&file, NetworkId([4; 32]), &secret(2)), Err(Flaw::Network)));
    assert!(matches!(opened_by(&file, NETWORK, &secret(3)), Err(Flaw::Receiver(_))));
    let mut renamed = file;
    renamed[48..80].copy_from_slice(&secret(3).public().0);
    assert!(matches!(opened_by(&renamed, NETWORK, &secret(3)), Err(Flaw::Changed(1))), "the head is part of every tag");
}

#[test]
fn nothing_is_sealed_to_a_key_that_leaves_no_secret() {
    let weak = [
        PublicKey([0; 32]),
        PublicKey([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    ];
    for to in weak {
        assert!(Sealer::new(Vec::new(), NETWORK, &secret(1), to, TIME, [9; 32]).is_err());
    }
}

#[test]
fn what_is_inside_must_be_frames() {
    let long = u32::try_from(taizhang_sync::limits::FRAME_BYTES_MAX + 1).unwrap();
    for length in [0, long, 9] {
        let mut sealer = Sealer::new(Vec::new(), NETWORK, &secret(1), secret(2).public(), TIME, [9; 32]).unwrap();
        sealer.put(&length.to_be_bytes()).unwrap();
        sealer.put(&[1; 8]).unwrap();
        assert!(matches!(opened(&sealer.finish().unwrap()), Err(Flaw::Inside)), "{length}");
    }
}
