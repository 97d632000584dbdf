//! Mutation of CBOR as a tree: what comes out is deterministic CBOR again, so that it gets past the first check.

use taizhang_core::{cbor::Value, rows::field::Field};

use super::dice::Dice;

/// The bytes of a tree. Map keys stand as they are: a mutation may have put them out of order.
#[must_use]
pub fn encode(value: &Value) -> Vec<u8> {
    value.to_cbor()
}

/// Changes one node or a few; `known` are things that the network knows: ids, names, rows.
pub fn mutate(root: &mut Value, dice: &mut Dice, known: &[Value]) {
    let times = if dice.chance(70) { 1 } else { 2 + dice.below(4) };
    for _ in 0..times {
        let mut at = dice.below(count(root));
        let other = copy_of(root, dice.below(count(root)));
        if let Some(node) = find(root, &mut at) {
            change(node, dice, known, other);
        }
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Map(pairs) => pairs.iter().map(|(k, v)| count(k) + count(v)).sum(),
        _ => 0,
    }
}

/// The node with this number in order of reading.
fn find<'v>(value: &'v mut Value, at: &mut usize) -> Option<&'v mut Value> {
    if *at == 0 {
        return Some(value);
    }
    *at -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|v| find(v, at)),
        Value::Map(pairs) => pairs.iter_mut().flat_map(|(k, v)| [k, v]).find_map(|v| find(v, at)),
        _ => None,
    }
}

fn copy_of(value: &mut Value, mut at: usize) -> Value {
    find(value, &mut at).cloned().unwrap_or(Value::Null)
}

fn change(node: &mut Value, dice: &mut Dice, known: &[Value], other: Value) {
    match dice.below(20) {
        0 => *node = other,
        1 => *node = scalar(dice),
        2 if !known.is_empty() => *node = dice.pick(known).clone(),
        3 => deepen(node, dice),
        4 => *node = Value::Null,
        _ => match node {
            Value::Null | Value::Bool(_) => *node = scalar(dice),
            Value::Int(n) => *n = integer(*n, dice),
            Value::Bytes(b) => bytes(b, dice, known),
            Value::Text(t) => text(t, dice),
            Value::Array(items) => array(items, dice, other),
            Value::Map(pairs) => map(pairs, dice, other),
        },
    }
}

/// Any scalar.
pub fn scalar(dice: &mut Dice) -> Value {
    match dice.below(6) {
        0 => Value::Null,
        1 => Value::Bool(dice.chance(50)),
        2 => {
            let n = *dice.pick(&[0, 1, 8, 16, 31, 32]);
            Value::Bytes(dice.bytes::<32>()[..n].to_vec())
        }
        3 => {
            let mut t = String::from("台账");
            text(&mut t, dice);
            Value::Text(t)
        }
        _ => Value::Int(integer(0, dice)),
    }
}

fn integer(n: i128, dice: &mut Dice) -> i128 {
    match dice.below(5) {
        0 => n + 1,
        1 => (n - 1).max(i128::from(i64::MIN)),
        2 => -1 - i128::from(dice.boundary() >> 1),
        _ => i128::from(dice.boundary()),
    }
    .min(u64::MAX.into())
}

fn bytes(b: &mut Vec<u8>, dice: &mut Dice, known: &[Value]) {
    match dice.below(8) {
        0 => {
            let n = dice.below(b.len() + 1);
            b.truncate(n);
        }
        1 => b.push(dice.number() as u8),
        2 => b.fill(if dice.chance(50) { 0 } else { 0xff }),
        3 => b.resize(length(dice), 0xa5),
        4 | 5 => {
            let same = |v: &&Value| matches!(v, Value::Bytes(k) if k.len() == b.len());
            let fitting: Vec<&Value> = known.iter().filter(same).collect();
            if !fitting.is_empty()
                && let Value::Bytes(k) = dice.pick(&fitting)
            {
                b.clone_from(k);
            }
        }
        _ => super::bytes::touch(b, dice),
    }
}

/// Lengths at limits: of heads, keys, values, rows, policy texts.
fn length(dice: &mut Dice) -> usize {
    let common = *dice.pick(&[0, 1, 23, 24, 32, 64, 199, 200, 201, 255, 256, 1020, 1024, 1025]);
    let rare = *dice.pick(&[2900, 3060, 3072, 3080, 16_384, 40_000, 40_960, 60_000, 65_536]);
    if dice.chance(93) { common } else { rare }
}

fn text(t: &mut String, dice: &mut Dice) {
    const PIECES: [&str; 14] = [
        "",
        "\0",
        "a",
        "张",
        "\u{feff}",
        "\u{202e}",
        "e\u{301}",
        "\u{10ffff}",
        "-1",
        "2024-02-30",
        ".",
        "/",
        "9999999999999999999",
        "NaN",
    ];
    match dice.below(6) {
        0 => t.clear(),
        1 => *t = dice.pick(&PIECES).repeat(1 + length(dice) / 4),
        2 => *t = "x".repeat(length(dice)),
        3 => *t = t.repeat(1 + dice.below(4)),
        4 => drop(t.pop()),
        _ => {
            let piece: &&str = dice.pick(&PIECES);
            t.push_str(piece);
        }
    }
}

fn deepen(node: &mut Value, dice: &mut Dice) {
    let levels = *dice.pick(&[1, 1, 2, 7, 9, 10, 11, 12, 13, 40]);
    for _ in 0..levels {
        let inner = std::mem::replace(node, Value::Null);
        *node = if dice.chance(80) { Value::Array(vec![inner]) } else { Value::Map(vec![(Value::Int(1), inner)]) };
    }
}

fn array(items: &mut Vec<Value>, dice: &mut Dice, other: Value) {
    let at = dice.below(items.len());
    let with = dice.below(items.len());
    match dice.below(8) {
        0 if !items.is_empty() => items.swap(at, with),
        1 if !items.is_empty() => drop(items.remove(at)),
        2 if !items.is_empty() => items.insert(with, items[at].clone()),
        3 => items.reverse(),
        4 => items.truncate(at),
        5 => grow(items, dice),
        6 => items.push(other),
        _ => items.sort(),
    }
}

fn map(pairs: &mut Vec<(Value, Value)>, dice: &mut Dice, other: Value) {
    let at = dice.below(pairs.len());
    match dice.below(4) {
        0 if !pairs.is_empty() => drop(pairs.remove(at)),
        1 => pairs.reverse(),
        2 if !pairs.is_empty() => pairs.push(pairs[at].clone()),
        _ => pairs.push((Value::Int(dice.boundary().into()), other)),
    }
}

/// Bytes of memory that a list grows by, at most: past every limit on bytes (of a frame, a batch, an entry).
const GROWN_BYTES_MAX: usize = 2 * 1024 * 1024;

/// How many of it a list may grow by. A number of one byte in its encoding takes that of a value here.
pub(super) fn copies(value: &Value) -> usize {
    GROWN_BYTES_MAX / (encode(value).len() + count(value) * size_of::<Value>())
}

/// To the lengths at which lists are limited: hints, replaces, operations, entries, and past the last.
fn grow(items: &mut Vec<Value>, dice: &mut Dice) {
    let to = *dice.pick(&[8, 16, 17, 30, 48, 64, 65, 96, 97, 256, 512, 513, 1024, 1025, 5000]);
    let to = if dice.chance(80) { to.min(65) } else { to };
    let Some(last) = items.last().cloned() else { return items.push(scalar(dice)) };
    let to = to.min(items.len() + copies(&last));
    while items.len() < to {
        let mut next = last.clone();
        // Unlike the one before it, so that sorted lists stay unique.
        if let Value::Array(inner) = &mut next
            && let Some(Value::Int(n)) = inner.last_mut()
        {
            *n += items.len() as i128;
        }
        items.push(next);
    }
}
