//! Numbers by word: `[[word, number…]…]`, sorted, each word once.

use std::collections::BTreeMap;

use taizhang_core::cbor::{CborError, Reader, Writer};

/// Numbers by word.
pub type Words<const N: usize> = BTreeMap<String, [u64; N]>;

pub(super) fn write<const N: usize>(words: &Words<N>, w: &mut Writer) {
    w.array(words.len() as u64);
    for (word, numbers) in words {
        w.array(1 + N as u64).text(word);
        numbers.iter().for_each(|n| {
            w.uint(*n);
        });
    }
}

pub(super) fn read<const N: usize>(r: &mut Reader<'_>) -> Result<Words<N>, CborError> {
    let mut words: Words<N> = BTreeMap::new();
    for _ in 0..r.array()? {
        let at = r.position();
        r.array_of(1 + N as u64)?;
        let word = r.text()?.to_owned();
        if words.last_key_value().is_some_and(|(last, _)| *last >= word) {
            return Err(CborError { at, what: "words not sorted or not unique" });
        }
        let mut numbers = [0; N];
        for n in &mut numbers {
            *n = r.uint()?;
        }
        words.insert(word, numbers);
    }
    Ok(words)
}

/// Adds to the numbers of a word.
pub(crate) fn add<const N: usize>(words: &mut Words<N>, word: &str, numbers: [u64; N]) {
    let sums = words.entry(word.to_owned()).or_insert([0; N]);
    sums.iter_mut().zip(numbers).for_each(|(sum, n)| *sum = sum.saturating_add(n));
}
