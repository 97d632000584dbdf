//! Accounts of a whole city: what gen.py says happened, written as signed rows, read back, gathered and evaluated, equals what the independent evaluator says of gen.py's own truth.
//!
//! [`truth`] and [`oracle`] know gen.py's files and nothing of rows; [`rows`] writes them as rows; [`mod@bench`] measures the way back. [`sheets`] goes the way of the offices: messy sheets, imported and approved by the node's own commands.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test tool: what it makes itself it may take apart"
)]

pub mod bench;
pub mod compare;
pub mod network;
pub mod oracle;
pub mod rollup;
pub mod rows;
pub mod sheets;
pub mod truth;
