//! Rules about people, money and days of a whole place: targets, quotas, shares, deadlines, read from a policy's rule.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::units::Day;

use crate::{
    calc::{self, Fund, Part, part, share_floor},
    calendar::add_months,
    case::{Kind, Level},
    policy::{Anchor, Body},
};

/// A teacher who was trained: one line of whatever counts people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trained<'t> {
    /// 教师编号
    pub teacher: &'t str,
    /// Last day of the activity.
    pub day: Day,
    /// Bucket of the hours; empty where it does not matter.
    pub bucket: &'t str,
    /// Who trained.
    pub level: Level,
    /// Category of the quota; empty where it does not matter.
    pub category: &'t str,
}

/// One year of a coverage target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoverageYear {
    /// Calendar year.
    pub year: u16,
    /// To be trained in this year; of a rule without a split only the last year has any.
    pub target: u64,
    /// Trained in this year for the first time in the window (D-13).
    pub done: u64,
    /// To be trained up to its end.
    pub target_sum: u64,
    /// Trained up to its end.
    pub done_sum: u64,
}

/// How far a coverage target is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Of all years.
    pub target: u64,
    /// Distinct teachers trained in the window.
    pub done: u64,
    /// `done` of the teachers, floored.
    pub bp: Option<u64>,
    /// Year by year.
    pub years: Vec<CoverageYear>,
}

/// Coverage of `teachers` full-time teachers; `None`: not a coverage rule.
#[must_use]
pub fn coverage(rule: &Body, teachers: u64, trained: &[Trained<'_>]) -> Option<Coverage> {
    let Body::Coverage { window_from, window_to, bucket, org_levels, bp, split_bp } = rule else { return None };
    let counts = |t: &&Trained<'_>| {
        (*window_from..=*window_to).contains(&t.day)
            && t.bucket == bucket
            && (org_levels.is_empty() || org_levels.contains(&t.level))
    };
    let mut first: BTreeMap<&str, Day> = BTreeMap::new();
    for t in trained.iter().filter(counts) {
        first.entry(t.teacher).and_modify(|day| *day = t.day.min(*day)).or_insert(t.day);
    }
    let split = calc::coverage_split(teachers, *bp, split_bp);
    let (from, to) = (window_from.year(), window_to.year());
    let (mut target_sum, mut done_sum) = (0, 0);
    let years = (from..=to).enumerate().map(|(n, year)| {
        let whole_at_end = if year == to { split.target } else { 0 };
        let target = if split_bp.is_empty() { whole_at_end } else { split.per_year.get(n).copied().unwrap_or(0) };
        let done = first.values().filter(|day| day.year() == year).count() as u64;
        target_sum += target;
        done_sum += done;
        CoverageYear { year, target, done, target_sum, done_sum }
    });
    let years = years.collect();
    let done = first.len() as u64;
    Some(Coverage { target: split.target, done, bp: (done * 10_000).checked_div(teachers), years })
}

/// How far a quota is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// By category; empty for a sum of years.
    pub parts: BTreeMap<String, Part>,
    /// All together: people once for each category and year (D-13).
    pub total: Part,
    /// Distinct people in any category.
    pub people: u64,
}

/// Progress of a quota, or of a sum of years' quotas; `None`: neither.
#[must_use]
pub fn quota(rule: &Body, trained: &[Trained<'_>]) -> Option<Quota> {
    let (org_level, years, total, parts) = match rule {
        Body::Quota { year, org_level, total, parts } => {
            (org_level, if *year == 0 { Vec::new() } else { vec![*year] }, *total, parts.clone())
        }
        Body::QuotaSum { org_level, years, total } => (org_level, years.clone(), *total, BTreeMap::new()),
        _ => return None,
    };
    let in_years = |t: &&Trained<'_>| t.level == *org_level && (years.is_empty() || years.contains(&t.day.year()));
    let lines: Vec<&Trained<'_>> = trained.iter().filter(in_years).collect();
    let of = |category: &str| lines.iter().filter(|t| t.category == category).map(|t| t.teacher).collect::<BTreeSet<_>>();
    // A programme without years counts a person once in a category, whatever the year.
    let year_of = |t: &Trained<'_>| if years.is_empty() { 0 } else { t.day.year() };
    let known = |t: &&&Trained<'_>| parts.is_empty() || parts.contains_key(t.category);
    let places = lines.iter().filter(known).map(|t| (t.category, year_of(t), t.teacher)).collect::<BTreeSet<_>>().len() as u64;
    let people = lines.iter().map(|t| t.teacher).collect::<BTreeSet<_>>().len() as u64;
    Some(Quota {
        parts: parts.iter().map(|(category, quota)| (category.clone(), part(*quota, &of(category)))).collect(),
        total: Part { quota: total, done: places, bp: (places * 10_000).checked_div(total) },
        people,
    })
}

/// How many of `n` are chosen: a floored share (D-09), or a number, never more than there are; `None`: not a select rule.
#[must_use]
pub fn select(rule: &Body, n: u64) -> Option<u64> {
    let Body::Select { bp, count, .. } = rule else { return None };
    match (bp, count) {
        (Some(bp), _) => Some(share_floor(n, *bp)),
        (None, Some(count)) => Some(u64::from(*count).min(n)),
        (None, None) => None,
    }
}

/// Money due by a fund rule: a share of the base, or a fixed sum a year; `None`: not a fund rule, or it says neither.
#[must_use]
pub fn fund(rule: &Body, base_fen: u64, paid_fen: u64) -> Option<Fund> {
    let Body::Fund { bp, fen, .. } = rule else { return None };
    match (bp, fen) {
        (Some(bp), _) => Some(calc::fund(base_fen, *bp, paid_fen)),
        (None, Some(fen)) => Some(calc::fund_of(u64::try_from(*fen).unwrap_or(0), paid_fen)),
        (None, None) => None,
    }
}

/// Does a deadline reach plans of this kind and level?
#[must_use]
pub fn deadline_reaches(rule: &Body, kind: Option<Kind>, level: Option<Level>) -> bool {
    let Body::Deadline { kinds, org_levels, .. } = rule else { return false };
    (kinds.is_empty() || kind.is_some_and(|k| kinds.contains(&k)))
        && (org_levels.is_empty() || level.is_some_and(|l| org_levels.contains(&l)))
}

/// The last day in time. `anchor` is the day the rule counts from: the activity's first day, the first day of the preparatory week, or of the
/// policy year; a fixed date needs none. A preparatory week lasts seven days and its last one is in time. `None`: not a deadline, or no anchor.
#[must_use]
pub fn due(rule: &Body, anchor: Option<Day>) -> Option<Day> {
    let Body::Deadline { anchor: from, months_before, .. } = rule else { return None };
    let day = match from {
        Anchor::Fixed(day) => *day,
        Anchor::ActivityStart | Anchor::YearStart => anchor?,
        Anchor::SemesterPrepWeek | Anchor::SchoolYearPrepWeek => Day(anchor?.0.saturating_add(6)),
    };
    Some(add_months(day, -i64::from(*months_before)))
}

/// Is a window open on this day? `None`: not a window.
#[must_use]
pub fn open(rule: &Body, day: Day) -> Option<bool> {
    let Body::Window { from, to, .. } = rule else { return None };
    Some((*from..=*to).contains(&day))
}

/// A share of people against what a rule asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Reached, floored.
    pub bp: u64,
    /// Asked for.
    pub need_bp: u32,
    /// Reached? Of «about» a fifth more or less is as asked (D-11).
    pub met: bool,
}

/// A share of people; `None`: not a ratio, or it asks for nothing, or there are none.
#[must_use]
pub fn ratio(rule: &Body, count: u64, of: u64) -> Option<Share> {
    let Body::Ratio { bp_min, bp_about, .. } = rule else { return None };
    match (bp_min, bp_about) {
        (Some(need), _) => share(count, of, *need, |is, need| is >= need),
        (None, Some(need)) => share(count, of, *need, |is, need| is.abs_diff(need) * 5 <= need),
        (None, None) => None,
    }
}

/// Degrees among the teachers under the rule's age: `what` is `primary_associate` and so on; `None`: the rule does not name it, or there are none.
#[must_use]
pub fn degree_target(rule: &Body, what: &str, rural: bool, count: u64, of: u64) -> Option<Share> {
    let Body::DegreeTarget { bp, bp_rural, .. } = rule else { return None };
    let need = if rural { bp_rural.get(what)? } else { bp.get(what)? };
    share(count, of, *need, |is, need| is >= need)
}

/// Compares `count * 10000` with `need * of`, so that nothing is rounded before it is compared.
fn share(count: u64, of: u64, need_bp: u32, met: fn(u128, u128) -> bool) -> Option<Share> {
    let is = u128::from(count) * 10_000;
    let bp = u64::try_from(is.checked_div(u128::from(of))?).unwrap_or(u64::MAX);
    Some(Share { bp, need_bp, met: met(is, u128::from(need_bp) * u128::from(of)) })
}
