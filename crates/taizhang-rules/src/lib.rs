//! Pure: training rules as data become explained accounts and rollups, in integers.
//!
//! - [`merkle`]: roots over lists and proofs that something is in one (RFC 9162).
//! - [`rollup`]: what a county says about a year, from named inputs, so that anyone who holds these comes to the same bytes.

pub mod merkle;
pub mod rollup;

/// What makes the lines of a rollup. Grows whenever the same inputs would give other lines.
pub const RULES_VERSION: u32 = 1;
