//! Every choice of a case comes from its seed and its number.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// The source of choices.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// Of one case: the seed's stream of that number, so that any case can be made alone.
    pub(crate) fn of(seed: u64, number: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(number);
        Self(rng)
    }

    /// From 0 to `n` - 1; 0 where `n` is 0.
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        (self.0.next_u64() % u64::from(n.max(1))) as u32
    }

    /// From `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    /// True in so many of 100 cases.
    pub(crate) fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// One of them; there must be one.
    pub(crate) fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len() as u32) as usize]
    }

    /// One of these numbers.
    pub(crate) fn number(&mut self, list: &[u32]) -> u32 {
        list[self.below(list.len() as u32) as usize]
    }

    /// Another order.
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for n in (1..list.len()).rev() {
            list.swap(n, self.below(n as u32 + 1) as usize);
        }
    }
}
