//! What a county says about a year: lines from named inputs, so that anyone who holds these comes to the same bytes.
//!
//! ```text
//! open tips ──► inputs (attachment 1) ──► replay: a ledger of exactly what these tips reach ──► facts, accounts ──► lines (attachment 2) ──► totals
//! ```
//! - [`policy`]: which policies count, and over which years. - [`inputs`]: which documents at which open tips. - [`replay`]: the entries behind them.
//! - [`make`]: facts and accounts become [`lines`]: of schools, places, money and targets in the clear, and one, salted, a teacher.
//! - [`check`]: does a statement agree with itself; where do two differ. - [`sample`]: which teachers to look at.
//!
//! So entries that arrive later change neither what was said nor whether it was right.

pub mod check;
pub mod inputs;
pub mod lines;
pub mod make;
pub mod policy;
pub mod replay;
pub mod sample;

pub use inputs::{Input, Inputs, Years};
pub use lines::{Lines, PlaceLine, SchoolLine, Tally, TeacherLine};
pub use make::{Made, Scope};
