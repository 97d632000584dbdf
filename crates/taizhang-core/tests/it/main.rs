//! The core's rules as stories: who may write what, what counts, who reads it; whatever the order of arrival.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "tests"
)]

mod admission;
mod astray;
mod branches;
mod kit;
mod moves;
mod names;
mod nodes;
mod properties;
mod reading;
mod roots;
mod standing;
