//! From rows to cases: what the ledger says reaches the engine, whoever wrote it and in whatever order it came.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    unused_crate_dependencies,
    missing_docs,
    reason = "tests"
)]

#[path = "gather/competence.rs"]
mod competence;
#[path = "gather/hours.rs"]
mod hours;
#[path = "gather/kit.rs"]
mod kit;
#[path = "gather/locks.rs"]
mod locks;
#[path = "gather/people.rs"]
mod people;
#[path = "gather/policies.rs"]
mod policies;
#[path = "gather/whole.rs"]
mod whole;
