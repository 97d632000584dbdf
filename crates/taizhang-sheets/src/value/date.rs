//! Dates as offices write them.

use std::fmt;

use taizhang_core::units::{Day, Ms};

use super::{Context, Parsed, Reading, parsed};
use crate::finding::FindingKind;
use crate::grid::Raw;
use crate::mend;

/// A civil date that may lie before 1970, where [`Day`] starts: teachers were born then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// 1900..=2099.
    pub year: u16,
    /// 1..=12.
    pub month: u8,
    /// 1..=31.
    pub day: u8,
}

/// The Gregorian calendar repeats after 400 years: a date before 1970 is judged as its twin after it.
const CYCLE_YEARS: u32 = 400;
const CYCLE_DAYS: u32 = 146_097;
/// Excel's day number of 1970-01-01.
const SERIAL_1970: u32 = 25_569;
/// Day numbers of 1904 workbooks are this much lower.
const EPOCH_1904: u32 = 1_462;
/// Day numbers that are taken as dates: 1930-01-01 to 2099-12-31.
const SERIALS: std::ops::RangeInclusive<u32> = 10_959..=73_050;

impl Date {
    /// A date that exists, 1900 to 2099.
    #[must_use]
    pub fn from_ymd(year: u32, month: u32, day: u32) -> Option<Self> {
        if !(1900..=2099).contains(&year) {
            return None;
        }
        Day::from_ymd(year + CYCLE_YEARS, month, day)?;
        Some(Self { year: year.try_into().ok()?, month: month.try_into().ok()?, day: day.try_into().ok()? })
    }

    /// The day in our count; `None` before 1970.
    #[must_use]
    pub fn day(self) -> Option<Day> {
        Day::from_ymd(self.year.into(), self.month.into(), self.day.into())
    }

    fn from_serial(serial: u32) -> Option<Self> {
        let (year, month, day) = Day(serial.checked_add(CYCLE_DAYS)?.checked_sub(SERIAL_1970)?).ymd();
        Self::from_ymd(year.checked_sub(CYCLE_YEARS)?, month, day)
    }

    /// `YYYYMMDD`.
    pub(crate) fn from_digits(text: &str) -> Option<Self> {
        if text.len() != 8 || !is_digits(text) {
            return None;
        }
        let n: u32 = text.parse().ok()?;
        Self::from_ymd(n / 10_000, n / 100 % 100, n % 100)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A date of any time.
pub(crate) fn parse(raw: &Raw, context: &Context) -> Reading<Date> {
    let (date, mend) = match raw {
        Raw::Empty => return Ok(None),
        Raw::Date(y, m, d) => (Date::from_ymd(*y, *m, *d), FindingKind::DateForm),
        Raw::Number(n) => of_number(*n, context),
        Raw::Text(stood) => match of_text(stood, context) {
            Some(found) => found,
            None => return Ok(None),
        },
        Raw::Error(_) => return Err(FindingKind::FormulaError),
        Raw::Bool(_) => return Err(FindingKind::NotADate),
    };
    date.map_or(Err(FindingKind::NotADate), |d| parsed(d, d.to_string(), mend))
}

/// A date from 1970 on.
pub(crate) fn parse_day(raw: &Raw, context: &Context) -> Reading<Day> {
    let Some(Parsed { value, spelling, mend }) = parse(raw, context)? else { return Ok(None) };
    value.day().map_or(Err(FindingKind::NotADate), |d| parsed(d, spelling, mend))
}

/// A day, or of `1995.09` the first of the month.
pub(crate) fn parse_day_or_month(raw: &Raw, context: &Context) -> Reading<Day> {
    let reading = parse_day(raw, context);
    if reading != Err(FindingKind::NotADate) {
        return reading;
    }
    let first = month_of(raw).and_then(|(year, month)| Date::from_ymd(year, month, 1));
    match first.and_then(|date| Some((date, date.day()?))) {
        Some((date, day)) => parsed(day, date.to_string(), FindingKind::MonthOnly),
        None => reading,
    }
}

/// Year and month of `1972.12`, `1972-12`, `1972/12`, `1972年12月`, `197212`. (A number cell 1972.1 may be January or October.)
pub(crate) fn month_of(raw: &Raw) -> Option<(u32, u32)> {
    let Raw::Text(stood) = raw else { return None };
    let narrow: String = stood.chars().map(mend::narrow).filter(|c| !mend::is_space(*c)).collect();
    let text = narrow.trim_end_matches('月');
    let (year, month) = match text.split_once(['.', '-', '/', '年']) {
        Some(parts) => parts,
        None => text.split_at_checked(4).filter(|(_, month)| month.len() == 2)?,
    };
    let plain = year.len() == 4 && month.len() <= 2 && is_digits(year) && is_digits(month);
    let (year, month) = (year.parse().ok()?, month.parse().ok()?);
    (plain && Date::from_ymd(year, month, 1).is_some()).then_some((year, month))
}

/// A number cell without a date format: a day number, or the digits of a date.
fn of_number(n: f64, context: &Context) -> (Option<Date>, FindingKind) {
    let whole = if n.is_finite() && n >= 0.0 { format!("{:.0}", n.trunc()).parse::<u32>().ok() } else { None };
    let shift = if context.epoch_1904 { EPOCH_1904 } else { 0 };
    let serial = whole.and_then(|w| w.checked_add(shift)).filter(|s| SERIALS.contains(s));
    match (serial, whole) {
        (Some(serial), _) => (Date::from_serial(serial), FindingKind::DateSerial),
        (None, Some(w)) if n.fract() == 0.0 => (Date::from_digits(&w.to_string()), FindingKind::DateForm),
        _ => (None, FindingKind::DateForm),
    }
}

/// `None` for blank text, else the date if it is one.
fn of_text(stood: &str, context: &Context) -> Option<(Option<Date>, FindingKind)> {
    let narrow: String = stood.chars().map(mend::narrow).collect();
    let text = narrow.trim_matches(mend::is_space).trim_start_matches('\'');
    if text.is_empty() {
        return None;
    }
    let iso = Date::from_ymd_text(text);
    if iso.is_some() {
        return Some((iso, if narrow == stood { FindingKind::Spaces } else { FindingKind::FullWidth }));
    }
    let text = without_time(text);
    if is_digits(text) {
        return Some(match text.len() {
            5 => (text.parse().ok().filter(|s| SERIALS.contains(s)).and_then(Date::from_serial), FindingKind::DateSerial),
            _ => (Date::from_digits(text), FindingKind::DateForm),
        });
    }
    Some(of_parts(text, context))
}

/// Year, month, day between `.`, `-`, `/`, 年, 月; 日 or 号 at the end.
fn of_parts(text: &str, context: &Context) -> (Option<Date>, FindingKind) {
    let text = text.trim_end_matches(['日', '号', '.']);
    let parts: Vec<&str> = text.split(['.', '-', '/', '年', '月']).map(|p| p.trim_matches(mend::is_space)).collect();
    let [y, m, d] = parts.as_slice() else { return (None, FindingKind::DateForm) };
    if ![y, m, d].iter().all(|p| is_digits(p)) || m.len() > 2 || d.len() > 2 {
        return (None, FindingKind::DateForm);
    }
    let number = |t: &str| t.parse::<u32>().ok();
    let (Some(year), Some(month), Some(day)) = (number(y), number(m), number(d)) else { return (None, FindingKind::DateForm) };
    match y.len() {
        4 => (Date::from_ymd(year, month, day), FindingKind::DateForm),
        2 => (Date::from_ymd(long_year(year, context), month, day), FindingKind::DateShortYear),
        _ => (None, FindingKind::DateForm),
    }
}

/// The year of the hundred ending with `short_year_end` that ends in these two digits.
fn long_year(short: u32, context: &Context) -> u32 {
    let end = u32::from(context.short_year_end);
    end.saturating_sub((end % 100 + 100).saturating_sub(short) % 100)
}

/// The date without `0:00`, `08:30:00`, `T00:00:00` behind it.
fn without_time(text: &str) -> &str {
    let Some((date, time)) = text.split_once([' ', 'T', '\u{a0}', '\u{3000}']) else { return text };
    let time = time.trim_matches(mend::is_space);
    let (clock, millis) = time.split_once('.').unwrap_or((time, "0"));
    let parts: Vec<&str> = clock.split(':').collect();
    let is_time = matches!(parts.len(), 2 | 3) && parts.iter().all(|p| is_digits(p) && p.len() <= 2) && is_digits(millis);
    if is_time { date } else { text }
}

impl Date {
    /// Exactly `YYYY-MM-DD`.
    fn from_ymd_text(text: &str) -> Option<Self> {
        let (year, rest) = text.split_once('-')?;
        let (month, day) = rest.split_once('-')?;
        (year.len() == 4 && month.len() == 2 && day.len() == 2).then_some(())?;
        Self::from_digits(&format!("{year}{month}{day}"))
    }
}

/// A time of recording; `true` if its offset is not +08:00.
pub(crate) fn parse_stamp(raw: &Raw) -> Reading<(Ms, bool)> {
    let stood = match raw {
        Raw::Empty => return Ok(None),
        Raw::Text(t) => t,
        _ => return Err(FindingKind::NotATime),
    };
    let text = stood.trim_matches(mend::is_space);
    if text.is_empty() {
        return Ok(None);
    }
    let (ms, other) = stamp(text).ok_or(FindingKind::NotATime)?;
    parsed((ms, other), if other { stamp_text(ms) } else { text.to_owned() }, FindingKind::Spaces)
}

/// `YYYY-MM-DDTHH:MM[:SS[.mmm]](Z|+HH:MM|-HH:MM)`.
fn stamp(text: &str) -> Option<(Ms, bool)> {
    let day = Date::from_ymd_text(text.get(..10)?)?.day()?;
    let rest = text.get(10..)?.strip_prefix('T')?;
    let (clock, offset) = match rest.strip_suffix('Z') {
        Some(clock) => (clock, 0),
        None => {
            let at = rest.rfind(['+', '-'])?;
            let minutes = i64::try_from(minutes(rest.get(at + 1..)?)?).ok()?;
            (rest.get(..at)?, if rest.get(at..)?.starts_with('-') { -minutes } else { minutes })
        }
    };
    let (hm, seconds) = clock.split_at_checked(5)?;
    let of_minute = match seconds.strip_prefix(':') {
        Some(s) => millis(s)?,
        None if seconds.is_empty() => 0,
        None => return None,
    };
    let utc_midnight = i64::from(day.0) * 86_400_000;
    let at = utc_midnight + i64::try_from(minutes(hm)? * 60_000 + of_minute).ok()? - offset * 60_000;
    Some((Ms(u64::try_from(at).ok()?), offset != 480))
}

/// `HH:MM` in minutes.
fn minutes(text: &str) -> Option<u64> {
    let (h, m) = text.split_once(':')?;
    let both = h.len() == 2 && m.len() == 2 && is_digits(h) && is_digits(m);
    both.then_some(())?;
    let (h, m) = (h.parse::<u64>().ok()?, m.parse::<u64>().ok()?);
    (h < 24 && m < 60).then_some(h * 60 + m)
}

/// `SS` or `SS.mmm` in milliseconds.
fn millis(text: &str) -> Option<u64> {
    let (s, ms) = text.split_once('.').unwrap_or((text, "000"));
    let both = s.len() == 2 && ms.len() == 3 && is_digits(s) && is_digits(ms);
    both.then_some(())?;
    let (s, ms) = (s.parse::<u64>().ok()?, ms.parse::<u64>().ok()?);
    (s < 60).then_some(s * 1000 + ms)
}

/// The instant as ISO 8601 at +08:00; milliseconds only where there are any.
pub(crate) fn stamp_text(ms: Ms) -> String {
    const CHINA_OFFSET_MS: u64 = 8 * 3_600_000;
    let day = ms.day();
    let of_day = ms.0.saturating_add(CHINA_OFFSET_MS) % 86_400_000;
    let (h, m, s, milli) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60, of_day % 1000);
    let fraction = if milli == 0 { String::new() } else { format!(".{milli:03}") };
    format!("{day}T{h:02}:{m:02}:{s:02}{fraction}+08:00")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;
    use FindingKind as K;

    const CONTEXT: Context = Context { short_year_end: 2029, epoch_1904: false, exact: false };

    fn read(raw: Raw) -> Result<(String, K), K> {
        parse(&raw, &CONTEXT).map(|o| o.map_or((String::new(), K::Missing), |p| (p.spelling, p.mend)))
    }

    #[test]
    fn the_ways_of_writing_a_date() {
        for (stood, became, kind) in [
            ("2023.5.1", "2023-05-01", K::DateForm),
            ("2023.05.01.", "2023-05-01", K::DateForm),
            ("2023年5月1日", "2023-05-01", K::DateForm),
            ("２０２３年５月１号", "2023-05-01", K::DateForm),
            ("2023/5/1", "2023-05-01", K::DateForm),
            ("2023-5-1", "2023-05-01", K::DateForm),
            ("20230501", "2023-05-01", K::DateForm),
            ("2023-05-01 0:00:00", "2023-05-01", K::DateForm),
            ("2023-05-01T08:30", "2023-05-01", K::DateForm),
            ("2023/5/1 23:59:59.999", "2023-05-01", K::DateForm),
            ("45047", "2023-05-01", K::DateSerial),
            ("20545", "1956-03-31", K::DateSerial),
            ("08.3.1", "2008-03-01", K::DateShortYear),
            ("29.12.31", "2029-12-31", K::DateShortYear),
            ("30.1.1", "1930-01-01", K::DateShortYear),
            ("58.4.23", "1958-04-23", K::DateShortYear),
            ("00.2.29", "2000-02-29", K::DateShortYear),
            (" 2023-05-01 ", "2023-05-01", K::Spaces),
            ("２０２３－０５－０１", "2023-05-01", K::FullWidth),
            ("1958-02-28", "1958-02-28", K::Spaces),
            ("", "", K::Missing),
            (" \u{3000}", "", K::Missing),
        ] {
            assert_eq!(read(Raw::Text(stood.into())), Ok((became.into(), kind)), "{stood:?}");
        }
    }

    #[test]
    fn number_and_date_cells() {
        for (raw, became) in [
            (Raw::Number(45_047.0), "2023-05-01"),
            (Raw::Number(45_047.99), "2023-05-01"),
            (Raw::Number(20_230_501.0), "2023-05-01"),
            (Raw::Date(1956, 2, 29), "1956-02-29"),
        ] {
            assert_eq!(read(raw).unwrap().0, became);
        }
        let old_mac = Context { epoch_1904: true, ..CONTEXT };
        assert_eq!(parse(&Raw::Number(43_585.0), &old_mac).unwrap().unwrap().spelling, "2023-05-01");
    }

    #[test]
    fn no_dates() {
        for stood in [
            "2023-02-29",
            "2023.5",
            "2023年5月",
            "5/1/2023",
            "202305",
            "1899-12-31",
            "2100-01-01",
            "2023-13-01",
            "2023-00-10",
            "2023-1-1-1",
            "2023-05-01 25点",
            "1",
            "99999",
            "10958",
            "123.4.5",
            "2023.x.1",
            "五月一日",
            "2023--01",
            "至今",
            "2023.5.1-5.3",
            "---",
            "年月日",
        ] {
            assert_eq!(read(Raw::Text(stood.into())), Err(K::NotADate), "{stood:?}");
        }
        for n in [f64::NAN, f64::INFINITY, -1.0, 0.5, 2023.5, 1e20, 20_230_501.5, 20_231_301.0] {
            assert_eq!(read(Raw::Number(n)), Err(K::NotADate), "{n}");
        }
        assert_eq!(read(Raw::Bool(true)), Err(K::NotADate));
        assert_eq!(parse_day(&Raw::Text("1969-12-31".into()), &CONTEXT), Err(K::NotADate));
    }

    #[test]
    fn months_without_a_day() {
        for (stood, month) in [
            ("1995.09", Some((1995, 9))),
            ("1995.9", Some((1995, 9))),
            ("１９９５年９月", Some((1995, 9))),
            ("1995-12", Some((1995, 12))),
            (" 199509 ", Some((1995, 9))),
            ("1995/0", None),
            ("1995", None),
            ("19959", None),
            ("95.9", None),
            ("1995.9.", None),
            ("1995.9.1", None),
            ("", None),
            ("年月", None),
        ] {
            assert_eq!(month_of(&Raw::Text(stood.into())), month, "{stood}");
        }
        assert_eq!(month_of(&Raw::Number(1995.1)), None);
        let hired = parse_day_or_month(&Raw::Text("1995.9".into()), &CONTEXT).unwrap().unwrap();
        assert_eq!((hired.spelling.as_str(), hired.mend), ("1995-09-01", K::MonthOnly));
        assert_eq!(parse_day_or_month(&Raw::Text("1995.13".into()), &CONTEXT), Err(K::NotADate));
    }

    #[test]
    fn serials_agree_with_the_calendar_on_every_day() {
        let mut expected = Date::from_ymd(1930, 1, 1).unwrap();
        for serial in SERIALS {
            assert_eq!(Date::from_serial(serial), Some(expected));
            let (y, m, d) = (u32::from(expected.year), u32::from(expected.month), u32::from(expected.day));
            let next =
                Date::from_ymd(y, m, d + 1).or_else(|| Date::from_ymd(y, m + 1, 1)).or_else(|| Date::from_ymd(y + 1, 1, 1));
            expected = next.unwrap_or(expected);
        }
    }

    #[test]
    fn short_years_follow_the_callers_window() {
        for (end, short, long) in
            [(2029, 29, 2029), (2029, 30, 1930), (2045, 45, 2045), (2045, 46, 1946), (2000, 0, 2000), (2000, 1, 1901)]
        {
            assert_eq!(long_year(short, &Context { short_year_end: end, ..CONTEXT }), long);
        }
    }

    #[test]
    fn stamps_go_there_and_back() {
        for text in [
            "2025-08-24T01:12:00+08:00",
            "2023-09-01T10:00:59+08:00",
            "1970-01-01T08:00:00+08:00",
            "2024-02-29T23:59:59.123+08:00",
        ] {
            let (ms, other) = stamp(text).unwrap();
            assert!(!other);
            assert_eq!(stamp_text(ms), text);
        }
        assert_eq!(stamp("2025-08-23T17:12:00Z").unwrap(), (stamp("2025-08-24T01:12:00+08:00").unwrap().0, true));
        assert_eq!(stamp("2025-08-23T12:12:00-05:00").unwrap().0, stamp("2025-08-24T01:12+08:00").unwrap().0);
        for bad in [
            "",
            "2025-08-24",
            "2025-08-24T01:12:00",
            "2025-08-24 01:12:00+08:00",
            "2025-08-24T24:00:00+08:00",
            "2025-08-24T01:12:60+08:00",
            "2025-08-24T01:12:99999999999999999999+08:00",
            "2025-08-24T01:12:222222222222222222+08:00",
            "2025-08-24T01:12:00+08:99999999999999999",
            "2025-08-24T01:12:00+8:00",
            "2025-02-30T01:12:00+08:00",
            "2025-08-24T1:12:00+08:00",
            "2025-08-24T01:12:00.1+08:00",
            "1970-01-01T00:00:00+08:00",
            "é",
            "2025-08-24T0é:12+08:00",
        ] {
            assert_eq!(stamp(bad), None, "{bad}");
        }
    }
}
