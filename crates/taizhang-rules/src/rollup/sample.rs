//! Which teacher lines to look at: chosen by a seed, so that nobody can be accused of having picked, and everyone picks the same.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use taizhang_core::id::EntryId;

/// `k` different places below `n` (all of them where `k` is as large), from the seed and the rollup's entry id.
///
/// The numbers are the first 8 bytes, big endian, of SHA-256("taizhang sample 1" ‖ entry id ‖ counter as 8 bytes ‖ seed), counter 0, 1, 2…; those at or above the largest multiple of `n` are passed over, so that no place is favoured.
#[must_use]
pub fn places(seed: &[u8], rollup: &EntryId, n: u64, k: u64) -> BTreeSet<u64> {
    if k >= n {
        return (0..n).collect();
    }
    let start = Sha256::new().chain_update("taizhang sample 1").chain_update(rollup.0);
    let limit = u64::MAX - u64::MAX % n;
    let draw = |counter: u64| {
        let hash: [u8; 32] = start.clone().chain_update(counter.to_be_bytes()).chain_update(seed).finalize().into();
        hash.iter().take(8).fold(0_u64, |sum, b| sum << 8 | u64::from(*b))
    };
    let mut chosen = BTreeSet::new();
    for number in (0..).map(draw).filter(|number| *number < limit) {
        if chosen.len() as u64 >= k {
            break;
        }
        chosen.insert(number % n);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_chooses_the_same_places_and_another_seed_others() {
        let id = EntryId([1; 32]);
        let chosen = places(b"seed", &id, 1000, 20);
        assert_eq!(chosen.len(), 20);
        assert!(chosen.iter().all(|p| *p < 1000));
        assert_eq!(chosen, places(b"seed", &id, 1000, 20));
        assert_ne!(chosen, places(b"Seed", &id, 1000, 20));
        assert_ne!(chosen, places(b"seed", &EntryId([2; 32]), 1000, 20));
    }

    #[test]
    fn the_ends() {
        let id = EntryId([1; 32]);
        assert!(places(b"", &id, 0, 5).is_empty());
        assert!(places(b"", &id, 5, 0).is_empty());
        assert_eq!(places(b"", &id, 5, 5).len(), 5);
        assert_eq!(places(b"", &id, 5, u64::MAX).len(), 5);
        assert_eq!(places(b"", &id, 5, 4).len(), 4);
    }
}
