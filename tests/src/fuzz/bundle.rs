//! A bundle: the file, what is inside once it has opened, and its frames at a hub.

use taizhang_core::{id::NetworkId, units::Ms};
use taizhang_node::bundle::{Opener, Sealer};
use taizhang_sync::{Input, SessionId, frame::Frame};

use super::{hub::Run, made};
use crate::mutate::{
    dice::Dice,
    network::{key, secret},
    peer::{Which, hello},
};

/// Frames of one bundle, at most.
const FRAMES_MAX: usize = 64;
/// Batches of an answer, at most: the network of the fuzzers has fewer.
const ANSWER_MAX: usize = 512;

const NETWORK: NetworkId = NetworkId([3; 32]);

/// The first byte says which of the three the others are.
pub fn bundle(bytes: &[u8]) {
    match bytes.split_first() {
        Some((0, file)) => drop(read(file)),
        Some((1, plain)) => inside(plain),
        Some((_, tape)) => frames(tape),
        None => {}
    }
}

/// The frames of a file, as far as they can be read, and whether that was all.
fn read(file: &[u8]) -> (Vec<Vec<u8>>, bool) {
    let Ok(mut opener) = Opener::new(file, NETWORK, &secret("county-node")) else { return (Vec::new(), false) };
    let mut frames = Vec::new();
    loop {
        match opener.next_frame() {
            Ok(Some(frame)) => frames.push(frame),
            Ok(None) => return (frames, true),
            Err(_) => return (frames, false),
        }
    }
}

/// A bundle of these frames.
#[must_use]
pub fn sealed(put: impl FnOnce(&mut Sealer<Vec<u8>>) -> std::io::Result<()>) -> Vec<u8> {
    let (from, to) = (secret("school-node"), key("county-node"));
    let mut sealer = Sealer::new(Vec::new(), NETWORK, &from, to, Ms(1), [9; 32]).unwrap();
    put(&mut sealer).unwrap();
    sealer.finish().unwrap()
}

/// What is read of any bytes makes these bytes again.
fn inside(plain: &[u8]) {
    let (frames, is_whole) = read(&sealed(|s| s.put(plain)));
    let again: Vec<u8> = frames.iter().flat_map(|f| [&(f.len() as u32).to_be_bytes()[..], f].concat()).collect();
    assert!(plain.starts_with(&again) && is_whole == (plain.len() == again.len()));
}

/// The bytes decide the frames, and that they are answered: the ledger holds what was committed, and nothing is said before the end.
fn frames(tape: &[u8]) {
    let mut run = Run::new(Dice::reading(tape));
    let session = SessionId(1 << 40);
    run.input(Input::Carried { session, from: key("city-node") });
    for n in 0..FRAMES_MAX {
        if run.dice.is_spent() {
            break;
        }
        let bytes = match (n, run.dice.below(16)) {
            (0, 0) | (1, 1..4) | (_, 0) => {
                let n = run.dice.below(64);
                run.dice.take(n)
            }
            (0, _) => hello(run.hub.hub.ledger()).encode(),
            (1, _) | (_, 1) => Frame::Compared.encode(),
            (_, 2..6) => made().frames.of_fields(run.hub.hub.ledger(), Which::Answering, &mut run.dice).encode(),
            (_, 6) => {
                let receipt = made().frames.receipt(run.hub.hub.ledger(), "city-node", &mut run.dice);
                made().frames.receipt_frame(&receipt, &mut run.dice).encode()
            }
            _ => {
                let (hub, peer) = run.hub.parts(Which::Answering);
                made().frames.of_batch(hub.ledger(), peer, &mut run.dice).0
            }
        };
        run.input(Input::Frame { session, bytes });
    }
    assert!(run.done.sent.iter().all(|(of, _)| *of != session), "nothing is said to a file");
    for _ in 0..ANSWER_MAX {
        run.input(Input::CarryOn { session, room: true });
    }
    run.release();
    run.check();
    assert!(run.hub.hub.sessions().all(|s| s.session != session), "the answer has an end");
}
