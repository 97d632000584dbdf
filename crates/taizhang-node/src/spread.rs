//! Many checks over all cores. The threads end with the call: nothing is shared, nothing stays behind.

use std::{num::NonZero, thread};

use taizhang_core::planted::handed_over;

/// Fewer checks than this are not worth a thread: one signature takes 44 µs, beginning a thread about 20.
const CHECKS_OF_A_THREAD_MIN: usize = 8;

/// `check(0)`, `check(1)`… up to `n` of them, answered in this order, on as many cores as there are.
#[must_use]
pub fn over_cores(n: usize, check: &(dyn Fn(usize) -> bool + Sync)) -> Vec<bool> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(n / CHECKS_OF_A_THREAD_MIN).max(1);
    let share = n.div_ceil(threads);
    let part = |k: usize| (k * share..n.min((k + 1) * share)).map(check).collect::<Vec<bool>>();
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|k| scope.spawn(handed_over(move || part(k)))).collect();
        let mut all = part(0);
        for (k, other) in (1..).zip(others) {
            // A thread that could not do its part leaves it to this one.
            all.extend(other.join().unwrap_or_else(|_| part(k)));
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_stand_in_the_order_of_the_checks() {
        for n in (0..100).chain([1000, 1001, 1007]) {
            let expected: Vec<bool> = (0..n).map(|i| i % 3 == 0).collect();
            assert_eq!(over_cores(n, &|i| i % 3 == 0), expected, "{n} checks");
        }
    }
}
