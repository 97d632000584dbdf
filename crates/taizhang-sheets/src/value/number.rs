//! Hours, days of leave, counts.

use super::{Reading, parsed};
use crate::finding::FindingKind;
use crate::grid::{Raw, shown_number};
use crate::mend;

/// The largest number of hours or days that is believed, in hundredths.
const MAX_H100: u32 = 1_000_000;
/// The largest count that is believed.
const MAX_COUNT: u32 = 100_000;

/// Hundredths as people write them: `8`, `1.5`, `0.06`.
#[must_use]
pub fn h100_text(h100: u32) -> String {
    let (whole, part) = (h100 / 100, h100 % 100);
    match (part, part % 10) {
        (0, _) => whole.to_string(),
        (_, 0) => format!("{whole}.{}", part / 10),
        _ => format!("{whole}.{part:02}"),
    }
}

/// Class hours, in hundredths.
pub(crate) fn parse_hours(raw: &Raw) -> Reading<u32> {
    parse_h100(raw, &["个学时", "学时", "个课时", "课时", "节", "h", "H"], FindingKind::NotHours)
}

/// Days of leave, in hundredths of a day.
pub(crate) fn parse_days(raw: &Raw) -> Reading<u32> {
    parse_h100(raw, &["天", "日"], FindingKind::NotANumber)
}

/// A whole number.
pub(crate) fn parse_count(raw: &Raw) -> Reading<u32> {
    let Some(hundredths) = parse_h100(raw, &["次", "人", "个", "月", "年", "年度"], FindingKind::NotANumber)? else {
        return Ok(None);
    };
    let count = hundredths.value / 100;
    if !hundredths.value.is_multiple_of(100) || count > MAX_COUNT {
        return Err(FindingKind::NotANumber);
    }
    parsed(count, count.to_string(), hundredths.mend)
}

fn parse_h100(raw: &Raw, units: &[&str], wrong: FindingKind) -> Reading<u32> {
    let (text, width) = match raw {
        Raw::Empty => return Ok(None),
        Raw::Text(stood) => mend::code(stood),
        Raw::Number(n) => (shown_float(*n), FindingKind::NumberForm),
        Raw::Error(_) => return Err(FindingKind::FormulaError),
        Raw::Date(..) | Raw::Bool(_) => return Err(wrong),
    };
    if text.is_empty() {
        return Ok(None);
    }
    if text.ends_with("小时") {
        return Err(if wrong == FindingKind::NotHours { FindingKind::ClockHours } else { wrong });
    }
    let bare = units.iter().find_map(|u| text.strip_suffix(u)).unwrap_or(&text);
    let value = decimal(bare).or_else(|| chinese(bare)).filter(|h| *h <= MAX_H100).ok_or(wrong)?;
    let spelling = h100_text(value);
    let mend = if spelling == text { width } else { FindingKind::NumberForm };
    parsed(value, spelling, mend)
}

/// A float as text, its noise beyond six decimals (0.1 + 0.2) rounded away.
fn shown_float(n: f64) -> String {
    let rounded = format!("{n:.6}");
    let short = rounded.trim_end_matches('0').trim_end_matches('.');
    if n.is_finite() { short.to_owned() } else { shown_number(n) }
}

/// `12`, `1.5`, `1.50`, `1.500` in hundredths; nothing finer.
fn decimal(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 7 || !digits(whole) || !digits(part) || (part.is_empty() && text.contains('.')) {
        return None;
    }
    let part = part.trim_end_matches('0');
    let hundredths = match part.len() {
        0 => 0,
        1 => part.parse::<u32>().ok()? * 10,
        2 => part.parse::<u32>().ok()?,
        _ => return None,
    };
    whole.parse::<u32>().ok()?.checked_mul(100)?.checked_add(hundredths)
}

/// 零 to 九十九 in hundredths.
fn chinese(text: &str) -> Option<u32> {
    let digit = |c: &str| match c {
        "零" | "〇" => Some(0),
        "一" => Some(1),
        "二" | "两" => Some(2),
        "三" => Some(3),
        "四" => Some(4),
        "五" => Some(5),
        "六" => Some(6),
        "七" => Some(7),
        "八" => Some(8),
        "九" => Some(9),
        _ => None,
    };
    let number = match text.split_once('十') {
        None => digit(text)?,
        Some((tens, ones)) => {
            let tens = if tens.is_empty() { 1 } else { digit(tens).filter(|t| *t > 0)? };
            let ones = if ones.is_empty() { 0 } else { digit(ones).filter(|o| *o > 0)? };
            tens * 10 + ones
        }
    };
    Some(number * 100)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;
    use FindingKind as K;

    fn hours(text: &str) -> Result<Option<u32>, K> {
        parse_hours(&Raw::Text(text.into())).map(|o| o.map(|p| p.value))
    }

    #[test]
    fn hours_as_offices_write_them() {
        for (stood, h100) in [
            ("8", 800),
            ("1.5", 150),
            ("0", 0),
            ("8学时", 800),
            ("8 学时", 800),
            ("8课时", 800),
            ("8 h", 800),
            ("8.0", 800),
            ("8.00", 800),
            ("0.06", 6),
            ("1.75", 175),
            ("８", 800),
            ("１．５", 150),
            ("八", 800),
            ("十", 1000),
            ("零", 0),
            ("十二", 1200),
            ("二十", 2000),
            ("九十九", 9900),
            ("两学时", 200),
            ("120", 12_000),
            (" 20\u{a0}", 2000),
            ("10000", 1_000_000),
        ] {
            assert_eq!(hours(stood), Ok(Some(h100)), "{stood}");
        }
        assert_eq!(hours(" "), Ok(None));
        for (n, h100) in [(1.5, 150), (8.0, 800), (0.1 + 0.2, 30), (1.1, 110)] {
            assert_eq!(parse_hours(&Raw::Number(n)).unwrap().unwrap().value, h100);
        }
    }

    #[test]
    fn no_hours() {
        for stood in [
            "八八",
            "十十",
            "一十百",
            "1.555",
            "-1",
            "1,5",
            "8-10",
            "八.五",
            "1.",
            ".5",
            "约8",
            "10001",
            "99999999999",
            "1e3",
            "8学时课时",
            "NaN",
            "学时",
        ] {
            assert_eq!(hours(stood), Err(K::NotHours), "{stood}");
        }
        assert_eq!(hours("6小时"), Err(K::ClockHours));
        for n in [f64::NAN, f64::INFINITY, -1.0, 1.555, 1e300] {
            assert_eq!(parse_hours(&Raw::Number(n)), Err(K::NotHours), "{n}");
        }
        assert_eq!(parse_hours(&Raw::Date(2023, 5, 1)), Err(K::NotHours));
        assert_eq!(parse_hours(&Raw::Error("#REF!".into())), Err(K::FormulaError));
    }

    #[test]
    fn counts_and_days() {
        let count = |t: &str| parse_count(&Raw::Text(t.into())).map(|o| o.map(|p| p.value));
        assert_eq!(count("2次"), Ok(Some(2)));
        assert_eq!(count("2.0"), Ok(Some(2)));
        assert_eq!(count("三"), Ok(Some(3)));
        assert_eq!(count("1.5"), Err(K::NotANumber));
        assert_eq!(count("1000000"), Err(K::NotANumber));
        let days = |t: &str| parse_days(&Raw::Text(t.into())).map(|o| o.map(|p| p.value));
        assert_eq!(days("1.75"), Ok(Some(175)));
        assert_eq!(days("半天"), Err(K::NotANumber));
        assert_eq!(days("2天"), Ok(Some(200)));
    }

    #[test]
    fn hundredths_read_back_as_written() {
        for h100 in 0..=20_000 {
            let text = h100_text(h100);
            assert_eq!(hours(&text), Ok(Some(h100)), "{text}");
            assert_eq!(parse_hours(&Raw::Text(text.clone())).unwrap().unwrap().spelling, text);
        }
    }
}
