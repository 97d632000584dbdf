//! Months and years of civil dates. Dates that would leave 1970..=9999 stay at the nearest end: no arithmetic here can fail.

use taizhang_core::units::Day;

/// The same day so many months later (earlier: negative), or the month's last day where it has none.
pub(crate) fn add_months(day: Day, months: i64) -> Day {
    let (year, month, d) = day.ymd();
    let at = (i64::from(year) * 12 + i64::from(month) - 1).saturating_add(months);
    let year = u32::try_from(at.div_euclid(12)).unwrap_or(if at < 0 { 0 } else { u32::MAX });
    let month = u32::try_from(at.rem_euclid(12)).unwrap_or(0) + 1;
    if year < 1970 {
        return Day(0);
    }
    let last = last_day();
    if year > 9999 {
        return day.max(last);
    }
    (28..=d).rev().chain(std::iter::once(d)).find_map(|d| Day::from_ymd(year, month, d)).unwrap_or(last)
}

/// 9999-12-31, the last date there is.
fn last_day() -> Day {
    Day::from_ymd(9999, 12, 31).unwrap_or(Day(u32::MAX))
}

/// The day before.
pub(crate) fn day_before(day: Day) -> Day {
    Day(day.0.saturating_sub(1))
}

/// Days from the first to the last, both included; 0 where the last lies before the first.
pub(crate) fn days_between(first: Day, last: Day) -> u32 {
    if last < first { 0 } else { (last.0 - first.0).saturating_add(1) }
}

/// Calendar months touched by the days from the first to the last: each begun month counts whole (D-08).
pub(crate) fn months_touched(first: Day, last: Day) -> u64 {
    if last < first {
        return 0;
    }
    let number = |day: Day| {
        let (year, month, _) = day.ymd();
        u64::from(year) * 12 + u64::from(month)
    };
    number(last) - number(first) + 1
}

/// First day of the month.
pub(crate) fn month_start(day: Day) -> Day {
    Day(day.0.saturating_sub(day.ymd().2 - 1))
}

/// The policy year that holds the day: the calendar year in which it began.
pub(crate) fn policy_year(day: Day, year_start: (u32, u32)) -> u16 {
    let (year, month, d) = day.ymd();
    let begun = (month, d) >= year_start;
    u16::try_from(if begun { year } else { year.saturating_sub(1) }).unwrap_or(u16::MAX)
}

/// 1 = Monday … 7 = Sunday; 1970-01-01 was a Thursday.
pub(crate) fn weekday(day: Day) -> u8 {
    u8::try_from((u64::from(day.0) + 3) % 7).unwrap_or(0) + 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse_iso(text).unwrap()
    }

    #[test]
    fn months_clamp_to_the_last_day() {
        for (from, months, to) in [
            ("2010-03-31", -1, "2010-02-28"),
            ("2010-01-15", -1, "2009-12-15"),
            ("2024-02-29", 60, "2029-02-28"),
            ("2024-02-29", 48, "2028-02-29"),
            ("2008-01-01", 60, "2013-01-01"),
            ("1970-01-01", -1, "1970-01-01"),
            ("9999-12-31", 1, "9999-12-31"),
            ("2010-01-01", 12 * i64::from(u32::MAX), "9999-12-31"),
            ("2010-01-01", -12 * i64::from(u32::MAX), "1970-01-01"),
            ("2010-01-01", i64::MAX, "9999-12-31"),
            ("2010-01-01", i64::MIN, "1970-01-01"),
        ] {
            assert_eq!(add_months(day(from), months), day(to), "{from} {months}");
        }
        assert_eq!(add_months(Day(u32::MAX), 12), Day(u32::MAX));
    }

    #[test]
    fn years_begin_where_the_policy_says() {
        assert_eq!(policy_year(day("2012-08-31"), (9, 1)), 2011);
        assert_eq!(policy_year(day("2012-09-01"), (9, 1)), 2012);
        assert_eq!(policy_year(day("2012-01-01"), (1, 1)), 2012);
        assert_eq!(weekday(day("2023-03-07")), 2);
        assert_eq!(months_touched(day("2009-08-15"), day("2012-12-31")), 41);
    }
}
