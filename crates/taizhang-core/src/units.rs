//! Integers with their unit in the name; nothing here is a float and nothing reads a clock.

use std::fmt;

/// A civil date at +08:00, in days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Day(pub u32);

/// Milliseconds since 1970-01-01T00:00:00Z as somebody's clock said: a claim, never a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ms(pub u64);

const MS_PER_DAY: u64 = 86_400_000;
const CHINA_OFFSET_MS: u64 = 8 * 3_600_000;

impl Day {
    /// The day of a proleptic Gregorian date; `None` if there is no such date or it lies outside 1970..=9999.
    #[must_use]
    pub fn from_ymd(year: u32, month: u32, day: u32) -> Option<Self> {
        if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || day == 0 || day > days_in_month(year, month) {
            return None;
        }
        // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
        let y = if month <= 2 { year - 1 } else { year };
        let era = y / 400;
        let yoe = y % 400;
        let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
        (era * 146_097 + doe).checked_sub(719_468).map(Self)
    }

    /// (year, month, day) of this date.
    #[must_use]
    pub fn ymd(self) -> (u32, u32, u32) {
        let z = u64::from(self.0) + 719_468;
        let era = z / 146_097;
        let doe = z % 146_097;
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let day = doy - (153 * mp + 2) / 5 + 1;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = yoe + era * 400 + u64::from(month <= 2);
        let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        (small(year), small(month), small(day))
    }

    /// The calendar year, the period of a document (D-05: of the activity's end).
    #[must_use]
    pub fn year(self) -> u16 {
        u16::try_from(self.ymd().0).unwrap_or(u16::MAX)
    }

    /// 1 January of a year; of a year outside of 1970..=9999 the first or last day of all.
    #[must_use]
    pub fn first_of(year: u16) -> Self {
        let outside = if year < 1970 { Self(0) } else { Self(u32::MAX) };
        Self::from_ymd(year.into(), 1, 1).unwrap_or(outside)
    }

    /// 31 December of a year.
    #[must_use]
    pub fn last_of(year: u16) -> Self {
        let outside = if year < 1970 { Self(0) } else { Self(u32::MAX) };
        Self::from_ymd(year.into(), 12, 31).unwrap_or(outside)
    }

    /// Reads `YYYY-MM-DD`, nothing else; offices' other ways are the business of the sheets crate.
    #[must_use]
    pub fn parse_iso(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let (y, m, d) = (parts.next()?, parts.next()?, parts.next()?);
        if y.len() != 4 || m.len() != 2 || d.len() != 2 || !text.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
            return None;
        }
        Self::from_ymd(y.parse().ok()?, m.parse().ok()?, d.parse().ok()?)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (y, m, d) = self.ymd();
        write!(f, "{y:04}-{m:02}-{d:02}")
    }
}

impl Ms {
    /// The civil date at +08:00 of this instant.
    #[must_use]
    pub fn day(self) -> Day {
        Day(u32::try_from(self.0.saturating_add(CHINA_OFFSET_MS) / MS_PER_DAY).unwrap_or(u32::MAX))
    }

    /// The first instant of a civil date at +08:00.
    #[must_use]
    pub fn start_of(day: Day) -> Self {
        Self((u64::from(day.0) * MS_PER_DAY).saturating_sub(CHINA_OFFSET_MS))
    }
}

fn days_in_month(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn dates_go_there_and_back() {
        for n in 0..50_000 {
            let (y, m, d) = Day(n).ymd();
            assert_eq!(Day::from_ymd(y, m, d), Some(Day(n)));
            assert_eq!(Day::parse_iso(&Day(n).to_string()), Some(Day(n)));
        }
        assert_eq!(Day::from_ymd(1970, 1, 1), Some(Day(0)));
        assert_eq!(Day::from_ymd(2024, 2, 29).map(|d| d.0), Some(19_782));
    }

    #[test]
    fn no_such_date() {
        for bad in ["2023-02-29", "2023-13-01", "2023-00-01", "2023-1-1", "1969-12-31", "", "2023-01-0x", "+023-01-01"] {
            assert_eq!(Day::parse_iso(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_day_starts_at_sixteen_hours_utc_before() {
        let day = Day(19_782);
        assert_eq!(Ms::start_of(day).day(), day);
        assert_eq!(Ms(Ms::start_of(day).0 - 1).day(), Day(day.0 - 1));
    }
}
