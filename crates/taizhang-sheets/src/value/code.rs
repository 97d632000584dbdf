//! Codes: teacher numbers, activity numbers, organisation codes, phones.

use super::{Reading, idcard, parsed};
use crate::finding::FindingKind;
use crate::grid::{Raw, shown_number};
use crate::mend;

/// Longest code, in characters.
const MAX_LEN: usize = 40;
/// Excel keeps 15 digits of a number; a longer one that ends in 0 may have lost its end.
const EXCEL_EXACT: f64 = 1e15;
/// Whole numbers below are exact in a float.
const FLOAT_EXACT: f64 = 9_007_199_254_740_992.0;

/// `4.29804E+17`, as Excel shows a long number.
pub(crate) fn is_power_of_ten(code: &str) -> bool {
    let Some((digits, power)) = code.split_once(['E', 'e']) else { return false };
    let power = power.strip_prefix('+').unwrap_or(power);
    let number = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    number(digits) && digits.contains('.') && number(power)
}

/// A code `[0-9A-Za-z_-]{1,40}`.
pub(crate) fn parse(raw: &Raw) -> Reading<String> {
    let (code, kind) = match raw {
        Raw::Empty => return Ok(None),
        Raw::Text(stood) => mend::code(stood),
        Raw::Number(n) => (whole(*n)?, FindingKind::CodeAsNumber),
        Raw::Error(_) => return Err(FindingKind::FormulaError),
        Raw::Date(..) | Raw::Bool(_) => return Err(FindingKind::NotACode),
    };
    if code.is_empty() {
        return Ok(None);
    }
    if is_power_of_ten(&code) {
        return Err(FindingKind::DigitsLost);
    }
    let fits = code.len() <= MAX_LEN && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if fits { parsed(code.clone(), code, kind) } else { Err(FindingKind::NotACode) }
}

/// A teacher number: a code that is no ID number.
pub(crate) fn parse_teacher(raw: &Raw) -> Reading<String> {
    let reading = parse(raw)?;
    match reading {
        Some(p) if idcard::passes(&p.value) => Err(FindingKind::TeacherNumberIsIdNumber),
        other => Ok(other),
    }
}

/// The digits of a number cell, if all of them are there.
pub(crate) fn whole(n: f64) -> Result<String, FindingKind> {
    if !n.is_finite() || n < 0.0 || n.fract() != 0.0 {
        return Err(FindingKind::NotACode);
    }
    let text = shown_number(n);
    if n >= FLOAT_EXACT || (n >= EXCEL_EXACT && text.ends_with('0')) { Err(FindingKind::DigitsLost) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn codes() {
        for (stood, became) in [
            ("2198000001-2008-S1", "2198000001-2008-S1"),
            ("４２９８０１T", "429801T"),
            (" T36100012 ", "T36100012"),
            ("4298011100003001.0", "4298011100003001"),
            ("d8e8fca2dc0f896fd7cb4cb0031ba249", "d8e8fca2dc0f896fd7cb4cb0031ba249"),
            ("2E5", "2E5"),
            ("000", "000"),
        ] {
            assert_eq!(parse(&Raw::Text(stood.into())).unwrap().unwrap().value, became);
        }
    }

    #[test]
    fn no_codes() {
        for (raw, kind) in [
            (Raw::Text("4.2981E+15".into()), FindingKind::DigitsLost),
            (Raw::Text("合计".into()), FindingKind::NotACode),
            (Raw::Text("a/b".into()), FindingKind::NotACode),
            (Raw::Text("7".repeat(41)), FindingKind::NotACode),
            (Raw::Text("12.5".into()), FindingKind::NotACode),
            (Raw::Number(4.298_041_100_003e15), FindingKind::DigitsLost),
            (Raw::Number(1e300), FindingKind::DigitsLost),
            (Raw::Number(f64::NAN), FindingKind::NotACode),
            (Raw::Number(-5.0), FindingKind::NotACode),
            (Raw::Number(1.5), FindingKind::NotACode),
            (Raw::Date(2020, 1, 1), FindingKind::NotACode),
            (Raw::Bool(true), FindingKind::NotACode),
            (Raw::Error("#N/A".into()), FindingKind::FormulaError),
        ] {
            assert_eq!(parse(&raw), Err(kind), "{raw:?}");
        }
        assert_eq!(parse(&Raw::Number(4_298_041_100_003_001.0)).unwrap().unwrap().value, "4298041100003001");
        assert_eq!(parse(&Raw::Text(" \u{3000}".into())), Ok(None));
    }

    #[test]
    fn an_id_number_is_no_teacher_number() {
        for stood in ["42980419721227006X", "42980419721227006x", "４２９８０４１９９００３１７２７３７", "'429804199003172737"]
        {
            assert_eq!(parse_teacher(&Raw::Text(stood.into())), Err(FindingKind::TeacherNumberIsIdNumber));
        }
        assert!(parse_teacher(&Raw::Text("4298011100003001".into())).is_ok());
    }
}
