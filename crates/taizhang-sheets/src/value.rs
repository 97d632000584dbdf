//! Parsers of single cells: what the cell says, the form it should have had, or why it can't be read.

pub(crate) mod code;
pub(crate) mod date;
pub(crate) mod idcard;
pub(crate) mod number;
pub(crate) mod words;

use crate::finding::FindingKind;

/// A value, its proper spelling, and the kind of mend if the cell was spelled differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parsed<T> {
    pub(crate) value: T,
    pub(crate) spelling: String,
    pub(crate) mend: FindingKind,
}

/// What a parser gives back: nothing for an empty cell.
pub(crate) type Reading<T> = Result<Option<Parsed<T>>, FindingKind>;

pub(crate) fn parsed<T>(value: T, spelling: impl Into<String>, mend: FindingKind) -> Reading<T> {
    Ok(Some(Parsed { value, spelling: spelling.into(), mend }))
}

/// What a parser may need to know about file and caller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context {
    /// The last year that two digits may mean; they mean one of the hundred years that end with it.
    pub(crate) short_year_end: u16,
    /// Day numbers count from 1904.
    pub(crate) epoch_1904: bool,
    /// Text is taken as it stands.
    pub(crate) exact: bool,
}
