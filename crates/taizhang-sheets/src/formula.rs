//! Text that a spreadsheet would run: in CSV it is written behind an apostrophe, and read back without it.

use std::borrow::Cow;

use taizhang_core::planted::{Check, is_off};

/// What makes a spreadsheet take a cell for text.
const APOSTROPHE: char = '\'';

/// The text as a CSV cell that no spreadsheet runs.
pub(crate) fn disarmed(text: &str) -> Cow<'_, str> {
    // Text that already looks disarmed is so once more, or reading would give back another.
    let looks_so = armed_before(text) != text;
    if (runs(text) || looks_so) && !is_off(Check::FormulaText) {
        Cow::Owned(format!("{APOSTROPHE}{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text that a cell held before it was disarmed.
pub(crate) fn armed_before(cell: &str) -> &str {
    cell.strip_prefix(APOSTROPHE).filter(|rest| runs(rest.trim_start_matches(APOSTROPHE))).unwrap_or(cell)
}

/// Does some spreadsheet take it for a formula? Also the wide forms, which those of East Asia read alike; a sign before a number, a phone number or nothing is harmless.
fn runs(text: &str) -> bool {
    let mut chars = text.chars();
    match chars.next() {
        Some('=' | '@' | '＝' | '＠' | '\t' | '\r') => true,
        Some('+' | '-' | '＋' | '－') => !chars.all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | ' ' | '-' | '－')),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_run_is_text_and_comes_back_as_it_was() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("-1+HYPERLINK(\"http://x\")", "'-1+HYPERLINK(\"http://x\")"),
            ("＝1", "'＝1"),
            ("\t=1", "'\t=1"),
            ("'=1", "''=1"),
            ("''=1", "'''=1"),
            ("-", "-"),
            ("－", "－"),
            ("-5.5", "-5.5"),
            ("+86 13800000000", "+86 13800000000"),
            ("'90s", "'90s"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(disarmed(text), cell, "{text}");
            assert_eq!(armed_before(cell), text, "{text}");
        }
    }
}
