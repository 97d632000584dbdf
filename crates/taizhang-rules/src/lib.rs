//! Pure: training rules as data become explained accounts and rollups, in integers.
//!
//! - [`engine`]: a regime of policies and a case become an account; [`explain`] says why in sentences, [`eval`] does both from JSON.
//! - [`gather`]: the rows of the ledger become cases and accounts.
//! - [`calc`], [`progress`]: shares, quotas, money and days, which need no ledger.
//! - [`merkle`]: roots over lists and proofs that something is in one (RFC 9162).
//! - [`report`]: the forms of offices as tables.
//! - [`certificate`]: what a cycle that was met says on paper, verified without the ledger.
//! - [`rollup`]: what a county says about a year, from named inputs, so that anyone who holds these comes to the same bytes.

pub mod account;
pub mod calc;
mod calendar;
pub mod case;
pub mod certificate;
pub mod engine;
pub mod eval;
pub mod explain;
pub mod gather;
pub mod merkle;
pub mod policy;
pub mod progress;
pub mod report;
pub mod rollup;
mod word;

/// What makes the lines of a rollup. Grows whenever the same inputs would give other lines.
pub const RULES_VERSION: u32 = 3;
