//! Pure: what offices send and print; CSV and xlsx to and from typed rows, with findings. No files, clock, threads or randomness.
//!
//! [`read`] takes a file's bytes and gives typed [`Lines`] and [`Finding`]s: every cell ends right, mended and reported, or refused and
//! reported. The columns, their other names and every mend are listed in `docs/sheets.md`.

mod cells;
mod columns;
mod decode;
mod delimited;
mod error;
mod finding;
mod formula;
mod grid;
mod header;
mod json;
mod lines;
mod mend;
mod read;
pub mod registration;
mod value;
mod workbook;
pub mod write;

pub use decode::Encoding;
pub use error::ReadError;
pub use finding::{Finding, FindingKind, Lang, Severity, masked};
pub use grid::{MAX_CELL_BYTES, MAX_CELLS, MAX_COLUMNS, MAX_FILE_BYTES, MAX_FINDINGS, MAX_ROWS};
pub use header::Session;
pub use lines::{
    ActivityLine, Assessment, AttendanceLine, ClaimedState, CorrectionLine, Date, Form, LeaveLine, Level, Lines, Mark, OrgLine,
    OrgType, RegistrationLine, RosterLine, Sex, SignInLine, SignInLines, Stage, TrainingKind, TransferLine,
};
pub use read::{Options, Sheet, SheetKind, read};
pub use value::number::h100_text;
pub use workbook::{MAX_PART_BYTES, MAX_UNPACKED_BYTES};

/// Does this text pass the check of an ID-card number (GB 11643)? Such a text is never a teacher number.
#[must_use]
pub fn is_id_number(text: &str) -> bool {
    value::idcard::passes(text)
}
