//! Mutation of plain bytes.

use super::dice::Dice;

/// One to four rough changes; `others` are spliced in.
pub fn mutate(bytes: &mut Vec<u8>, dice: &mut Dice, others: &[Vec<u8>]) {
    let times = 1 + dice.below(4);
    for _ in 0..times {
        change(bytes, dice, others);
    }
}

/// One to three bits or bytes, the length stays: mostly content.
pub fn touch(bytes: &mut [u8], dice: &mut Dice) {
    let times = 1 + dice.below(3);
    for _ in 0..times {
        let at = dice.below(bytes.len());
        if let Some(b) = bytes.get_mut(at) {
            *b = if dice.chance(70) { *b ^ (1 << dice.below(8)) } else { dice.number() as u8 };
        }
    }
}

fn change(bytes: &mut Vec<u8>, dice: &mut Dice, others: &[Vec<u8>]) {
    let at = dice.below(bytes.len() + 1);
    let end = (at + 1 + dice.below(40)).min(bytes.len());
    match dice.below(12) {
        0..=4 => touch(bytes, dice),
        5 => bytes.truncate(at),
        6 => drop(bytes.drain(at..end)),
        7 => {
            let new: [u8; 8] = dice.bytes();
            let n = dice.below(9);
            bytes.splice(at..at, new.into_iter().take(n));
        }
        8 => {
            let piece = bytes[at..end].to_vec();
            let times = if dice.chance(90) { 1 } else { 1 + dice.below(200) };
            bytes.splice(at..at, piece.repeat(times));
        }
        9 => set_edge(bytes, dice),
        _ if !others.is_empty() => {
            let other = dice.pick(others);
            let from = dice.below(other.len() + 1);
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
        _ => bytes.extend([0xff, 0]),
    }
}

/// Heads of CBOR items are what a byte most often is.
fn set_edge(bytes: &mut [u8], dice: &mut Dice) {
    const HEADS: [u8; 14] = [0x00, 0x1b, 0x20, 0x3b, 0x40, 0x5b, 0x60, 0x7b, 0x80, 0x9b, 0xbb, 0xd2, 0xf6, 0xff];
    let at = dice.below(bytes.len());
    if let Some(b) = bytes.get_mut(at) {
        *b = *dice.pick(&HEADS);
    }
}
