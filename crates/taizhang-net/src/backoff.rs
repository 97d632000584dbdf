//! Pure: how long to wait before the next try. Capped exponential with jitter; the caller brings the random number and the clock.

/// A growing wait between tries.
///
/// The n-th wait (from 0) is drawn evenly from the upper half of `min(cap, base · 2ⁿ)`: it always grows, and nodes
/// that lost the same link at the same moment do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base_ms: u64,
    cap_ms: u64,
    tries: u32,
}

impl Default for Backoff {
    /// From 1 s to 60 s.
    fn default() -> Self {
        Self::new(1_000, 60_000)
    }
}

impl Backoff {
    /// Starts at `base_ms` (at least 1) and never waits longer than `cap_ms` (at least `base_ms`).
    #[must_use]
    pub fn new(base_ms: u64, cap_ms: u64) -> Self {
        let base_ms = base_ms.max(1);
        Self { base_ms, cap_ms: cap_ms.max(base_ms), tries: 0 }
    }

    /// A try failed: the wait in ms before the next one. `random` is any 64 random bits.
    pub fn next_ms(&mut self, random: u64) -> u64 {
        let ceiling = 1_u64
            .checked_shl(self.tries)
            .and_then(|factor| self.base_ms.checked_mul(factor))
            .map_or(self.cap_ms, |ms| ms.min(self.cap_ms));
        self.tries = self.tries.saturating_add(1);
        let spread = ceiling / 2;
        ceiling - spread + random % (spread + 1)
    }

    /// A try succeeded: begin again at the base.
    pub fn reset(&mut self) {
        self.tries = 0;
    }

    /// Failed tries since the last success.
    #[must_use]
    pub fn tries(&self) -> u32 {
        self.tries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_cap_and_stay_in_the_upper_half() {
        let ceilings = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000];
        for random in [0, 1, 499, 500, 12_345_678_901, u64::MAX - 1, u64::MAX] {
            let mut backoff = Backoff::default();
            for (n, ceiling) in ceilings.into_iter().enumerate() {
                let ms = backoff.next_ms(random);
                assert!((ceiling / 2..=ceiling).contains(&ms), "try {n} random {random}: {ms}");
            }
        }
    }

    #[test]
    fn both_ends_of_the_spread_are_reached() {
        assert_eq!(Backoff::default().next_ms(0), 500);
        assert_eq!(Backoff::default().next_ms(500), 1_000);
        assert_eq!(Backoff::default().next_ms(501), 500, "wraps, never above the ceiling");
    }

    #[test]
    fn any_number_of_tries_stays_at_the_cap() {
        let mut backoff = Backoff::new(1, u64::MAX);
        for _ in 0..200 {
            backoff.next_ms(u64::MAX);
        }
        assert!(backoff.next_ms(0) >= u64::MAX / 2);
        assert_eq!(backoff.tries(), 201);
        backoff.tries = u32::MAX;
        assert!(backoff.next_ms(7) >= u64::MAX / 2);
    }

    #[test]
    fn success_begins_again() {
        let mut backoff = Backoff::default();
        for _ in 0..10 {
            backoff.next_ms(3);
        }
        backoff.reset();
        assert_eq!(backoff, Backoff::default());
        assert!(backoff.next_ms(3) <= 1_000);
    }

    #[test]
    fn odd_settings_are_made_sensible() {
        for (base, cap) in [(0, 0), (1, 0), (5, 3), (u64::MAX, 0)] {
            let ms = Backoff::new(base, cap).next_ms(u64::MAX);
            assert!(ms >= 1 && ms <= base.max(1), "{base} {cap}: {ms}");
        }
    }
}
