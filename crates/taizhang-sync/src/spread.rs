//! How a node goes about many checks that do not depend on each other: one after the other here; a node that has threads brings another way.
//! What is checked, and what comes of it, does not change.

/// `check(0)`, `check(1)`… up to `n` of them, answered in this order.
pub type Spread = fn(n: usize, check: &(dyn Fn(usize) -> bool + Sync)) -> Vec<bool>;

/// One after the other.
#[must_use]
pub fn one_by_one(n: usize, check: &(dyn Fn(usize) -> bool + Sync)) -> Vec<bool> {
    (0..n).map(check).collect()
}
