//! What a county says about a year: lines from named inputs, so that anyone who holds these comes to the same bytes.
//!
//! ```text
//! open tips ──► inputs (attachment 1) ──► replay: a ledger of exactly what these tips reach ──► views ──► lines (attachment 2) ──► totals
//! ```
//! - [`inputs`]: which documents at which open tips. - [`replay`]: the entries behind them. - [`lines`]: one a school, and one, salted, a teacher.
//! - [`check`]: does a statement agree with itself; where do two differ. - [`sample`]: which teachers to look at.
//!
//! So entries that arrive later change neither what was said nor whether it was right. The lines are recorded and approved hours; what a policy makes of them is for later rules.

pub mod check;
pub mod inputs;
pub mod lines;
pub mod replay;
pub mod sample;

pub use inputs::{Input, Inputs};
pub use lines::{Lines, SchoolLine, Tally, TeacherLine};
