//! ID-card numbers, GB 11643-1999.

use super::{Reading, date::Date, parsed};
use crate::finding::FindingKind;
use crate::grid::Raw;
use crate::mend;

/// Eighteen characters whose last one is right and which hold a birth date.
pub(crate) fn passes(code: &str) -> bool {
    code.len() == 18
        && code.get(17..).is_some_and(|last| check_digit(code) == last.to_ascii_uppercase().chars().next())
        && birth(code).is_some()
}

/// The birth date in an ID number of 18 characters.
pub(crate) fn birth(code: &str) -> Option<Date> {
    Date::from_digits(code.get(6..14)?)
}

/// Is the order number odd (male)?
pub(crate) fn is_male(code: &str) -> Option<bool> {
    Some(code.get(16..17)?.parse::<u32>().ok()? % 2 == 1)
}

/// The check character of the first 17 digits (ISO 7064 MOD 11-2).
fn check_digit(code: &str) -> Option<char> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let digits: Option<Vec<u32>> = code.chars().take(17).map(|c| c.to_digit(10)).collect();
    let digits = digits.filter(|d| d.len() == 17)?;
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(d, w)| d * w).sum();
    "10X98765432".chars().nth(usize::try_from(sum % 11).ok()?)
}

/// An ID number. Every one ending in 000 is refused: Excel leaves them so, and 1 in 11 of these passes the check.
pub(crate) fn parse(raw: &Raw) -> Reading<String> {
    let stood = match raw {
        Raw::Empty => return Ok(None),
        Raw::Text(t) => t,
        // A float holds 15 to 17 digits, never 18.
        Raw::Number(_) => return Err(FindingKind::DigitsLost),
        Raw::Error(_) => return Err(FindingKind::FormulaError),
        Raw::Date(..) | Raw::Bool(_) => return Err(FindingKind::IdWrong),
    };
    let (code, kind) = mend::code(stood);
    if code.is_empty() {
        return Ok(None);
    }
    if super::code::is_power_of_ten(&code) {
        return Err(FindingKind::DigitsLost);
    }
    let upper = code.to_ascii_uppercase();
    let digits = upper.bytes().all(|b| b.is_ascii_digit());
    match upper.len() {
        18 if digits && upper.ends_with("000") => Err(FindingKind::IdEndsInZeros),
        18 if passes(&upper) => {
            let kind = if upper == code { kind } else { FindingKind::IdLowerX };
            parsed(upper.clone(), upper, kind)
        }
        15 if digits => {
            of_fifteen(&upper).map_or(Err(FindingKind::IdWrong), |id| parsed(id.clone(), id, FindingKind::IdOfFifteen))
        }
        _ => Err(FindingKind::IdWrong),
    }
}

/// The number that replaced one issued before 1999: the century put in, the check digit put behind.
fn of_fifteen(code: &str) -> Option<String> {
    let seventeen = format!("{}19{}", code.get(..6)?, code.get(6..)?);
    let id = format!("{seventeen}{}", check_digit(&seventeen)?);
    (passes(&id) && birth(&id)?.year >= 1930).then_some(id)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;

    fn read(text: &str) -> Result<Option<(String, FindingKind)>, FindingKind> {
        parse(&Raw::Text(text.into())).map(|o| o.map(|p| (p.value, p.mend)))
    }

    #[test]
    fn good_and_mended() {
        // Area 4298 is not assigned: no real person. The last is the standard's own example.
        for (stood, became, kind) in [
            ("42980419721227006X", "42980419721227006X", FindingKind::FloatForm),
            ("42980419721227006x", "42980419721227006X", FindingKind::IdLowerX),
            ("'429804199003172737", "429804199003172737", FindingKind::Apostrophe),
            ("４２９８０４１９７２１２２７００６Ｘ", "42980419721227006X", FindingKind::FullWidth),
            (" 429804 19900317 2737", "429804199003172737", FindingKind::Spaces),
            ("11010519491231002X", "11010519491231002X", FindingKind::FloatForm),
            ("110105491231002", "11010519491231002X", FindingKind::IdOfFifteen),
        ] {
            assert_eq!(read(stood), Ok(Some((became.into(), kind))), "{stood}");
        }
        assert_eq!(read("  "), Ok(None));
    }

    #[test]
    fn lost_and_wrong() {
        for (stood, kind) in [
            ("4.29804E+17", FindingKind::DigitsLost),
            ("4.2980419900317E+017", FindingKind::DigitsLost),
            ("429804199003172000", FindingKind::IdEndsInZeros),
            ("429804199003172738", FindingKind::IdWrong),
            ("42980419900317273", FindingKind::IdWrong),
            ("4298041990031727377", FindingKind::IdWrong),
            ("429804199013172737", FindingKind::IdWrong),
            ("X29804199003172737", FindingKind::IdWrong),
            ("429804727212232", FindingKind::IdWrong),
            ("张三", FindingKind::IdWrong),
            ("无", FindingKind::IdWrong),
        ] {
            assert_eq!(read(stood), Err(kind), "{stood}");
        }
        assert_eq!(parse(&Raw::Number(4.298_041_990_031_727e17)), Err(FindingKind::DigitsLost));
    }

    #[test]
    fn one_in_eleven_of_those_ending_in_zeros_passes_the_check_and_is_refused_all_the_same() {
        let passing: Vec<String> = (0..110).map(|n| format!("4298041990031{n:02}000")).filter(|c| passes(c)).collect();
        assert!((8..=12).contains(&passing.len()), "{passing:?}");
        assert!(passing.iter().all(|c| read(c) == Err(FindingKind::IdEndsInZeros)));
    }
}
