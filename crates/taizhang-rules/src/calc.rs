//! Calculations that need no ledger: due days, shares of people and money, bans, clock minutes, ID numbers. All floors and ceilings are said.

use std::collections::BTreeSet;

use taizhang_core::units::Day;

use crate::calendar::{add_months, day_before};

/// Ten thousand basis points are the whole.
const WHOLE_BP: u128 = 10_000;

/// The last day in time: the same day so many months before the start, or that month's last day.
#[must_use]
pub fn due_date(start: Day, months_before: u32) -> Day {
    add_months(start, -i64::from(months_before))
}

/// `n * bp / 10000`, floored (D-09).
#[must_use]
pub fn share_floor(n: u64, bp: u32) -> u64 {
    fit(u128::from(n) * u128::from(bp) / WHOLE_BP)
}

/// `n * bp / 10000`, rounded up (D-14).
#[must_use]
pub fn share_ceil(n: u64, bp: u32) -> u64 {
    fit((u128::from(n) * u128::from(bp)).div_ceil(WHOLE_BP))
}

/// A target of people, split over years.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// All together.
    pub target: u64,
    /// Each year's own part; together never more than the target.
    pub per_year: Vec<u64>,
}

/// A share of the teachers, rounded up, split by the cumulative ceiling so that the years add up (D-14).
#[must_use]
pub fn coverage_split(teachers: u64, bp: u32, split_bp: &[u32]) -> Split {
    let target = share_ceil(teachers, bp);
    let (mut cumulative_bp, mut before) = (0_u128, 0_u64);
    let mut per_year = Vec::with_capacity(split_bp.len());
    for part in split_bp {
        cumulative_bp += u128::from(*part);
        let people = u128::from(teachers) * u128::from(bp);
        let upto = fit(people.saturating_mul(cumulative_bp).div_ceil(WHOLE_BP * WHOLE_BP)).min(target);
        per_year.push(upto - before);
        before = upto;
    }
    Split { target, per_year }
}

/// A part of a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Places.
    pub quota: u64,
    /// Distinct people trained (D-13).
    pub done: u64,
    /// Share reached, floored; `None`: there are no places.
    pub bp: Option<u64>,
}

/// A part of a quota against the people trained, each once.
#[must_use]
pub fn part(quota: u64, people: &BTreeSet<&str>) -> Part {
    let done = people.len() as u64;
    Part { quota, done, bp: (done * 10_000).checked_div(quota) }
}

/// Money due, floored to the fen, and how much of it is not paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fund {
    /// Due.
    pub need_fen: u64,
    /// Not paid.
    pub short_fen: u64,
}

/// A share of a base.
#[must_use]
pub fn fund(base_fen: u64, bp: u32, paid_fen: u64) -> Fund {
    fund_of(share_floor(base_fen, bp), paid_fen)
}

/// A sum that is due.
#[must_use]
pub fn fund_of(need_fen: u64, paid_fen: u64) -> Fund {
    Fund { need_fen, short_fen: need_fen.saturating_sub(paid_fen) }
}

/// The last day of a ban: the day before the anniversary.
#[must_use]
pub fn last_banned_day(decided: Day, years: u32) -> Day {
    day_before(add_months(decided, 12 * i64::from(years)))
}

/// Is an activity that begins on this day refused? In [decided, decided + years).
#[must_use]
pub fn banned(decided: Day, years: u32, start: Day) -> bool {
    decided <= start && start < add_months(decided, 12 * i64::from(years))
}

/// Class hours of so many minutes of one day: 45 each, the rest dropped, at most eight (D-04).
#[must_use]
pub fn minutes_to_h100(minutes: u64) -> u64 {
    (minutes / 45).min(8) * 100
}

/// An ID number (GB 11643) as forms may show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdCheck {
    /// Is the check digit right?
    pub valid: bool,
    /// First four and last two characters.
    pub masked: String,
}

/// Checks an ID number of 18 characters; `None`: it has another form. The number itself is personal data and appears in no error.
#[must_use]
pub fn id_check(id: &str) -> Option<IdCheck> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let chars: Vec<char> = id.chars().collect();
    let (last, digits) = chars.split_last().filter(|(_, digits)| digits.len() == WEIGHTS.len())?;
    let mut sum = 0;
    for (digit, weight) in digits.iter().zip(WEIGHTS) {
        sum += digit.to_digit(10)? * weight;
    }
    let right = "10X98765432".chars().nth((sum % 11) as usize)?;
    let masked = chars.iter().enumerate().map(|(n, c)| if (4..16).contains(&n) { '*' } else { *c }).collect();
    Some(IdCheck { valid: *last == right, masked })
}

fn fit(n: u128) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
