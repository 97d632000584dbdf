//! Which policy counts on which day, and which cycle an account is kept over (D-21).

use std::sync::Arc;

use taizhang_core::units::Day;

use super::Policy;

/// A policy and the day from which a city uses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    /// First day. It alone decides when the policy begins to count here; `effective_from` of the regulation is not asked again.
    pub from: Day,
    /// The policy; ends with its own `effective_to`, or when another is adopted.
    pub policy: Arc<Policy>,
    /// Used together with it, each only from its own `effective_from` to its `effective_to`.
    pub overlays: Vec<Arc<Policy>>,
}

/// Days over which the same policies count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period<'p> {
    /// First day.
    pub from: Day,
    /// Last day; `Day(u32::MAX)`: open.
    pub to: Day,
    /// The policy in force.
    pub policy: &'p Policy,
    /// The overlays in force with it.
    pub overlays: Vec<&'p Policy>,
}

/// The cycle of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle<'r, 'p> {
    /// First day.
    pub start: Day,
    /// Last day.
    pub end: Day,
    /// Its years, `policy.cycle_years`.
    pub years: u32,
    /// Whose minimums count: `period.policy` with `period.overlays`.
    pub period: &'r Period<'p>,
}

/// The policies of a place through time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Regime<'p> {
    /// In order of days, without overlaps; never empty days.
    periods: Vec<Period<'p>>,
    /// One policy on all days, its first cycle only.
    always: bool,
}

impl<'p> Regime<'p> {
    /// One policy, always in force: effective dates play no part, the cycle is its first.
    #[must_use]
    pub fn only(policy: &'p Policy) -> Self {
        let period = Period { from: Day(0), to: Day(u32::MAX), policy, overlays: Vec::new() };
        Self { periods: vec![period], always: true }
    }

    /// Policies as they were adopted, in any order; of two from the same day the later one of the list counts.
    #[must_use]
    pub fn adopted(adoptions: &'p [Adopted]) -> Self {
        let mut sorted: Vec<&Adopted> = adoptions.iter().collect();
        sorted.sort_by_key(|a| a.from);
        let mut periods = Vec::new();
        for (n, adopted) in sorted.iter().enumerate() {
            let next = sorted.get(n + 1).map_or(Day(u32::MAX), |next| day_before(next.from));
            let to = adopted.policy.effective_to.map_or(next, |end| end.min(next));
            let replaced_at_once = sorted.get(n + 1).is_some_and(|next| next.from == adopted.from);
            if adopted.from <= to && !replaced_at_once {
                split_by_overlays(adopted, to, &mut periods);
            }
        }
        Self { periods, always: false }
    }

    /// All periods, in order of days.
    #[must_use]
    pub fn periods(&self) -> &[Period<'p>] {
        &self.periods
    }

    /// Place in [`Self::periods`] of what is in force on this day; `None`: nothing is.
    #[must_use]
    pub fn period_at(&self, day: Day) -> Option<usize> {
        let after = self.periods.partition_point(|p| p.from <= day);
        let at = after.checked_sub(1)?;
        self.periods.get(at).filter(|p| day <= p.to).map(|_| at)
    }

    /// What is in force on this day.
    #[must_use]
    pub fn in_force(&self, day: Day) -> Option<&Period<'p>> {
        self.periods.get(self.period_at(day)?)
    }

    /// The cycle of an account as of this day: the one that contains the day, of the policy in force at that cycle's end.
    ///
    /// - Where nothing is in force any more: as of the last day on which something was.
    /// - Where no policy is in force at the end of its own cycle (another one with other cycles follows, or it ends before):
    ///   the cycle of the policy in force on the day, and its minimums.
    /// - Where that policy's first cycle has not begun: the cycle of the one before it, else its first.
    ///
    /// `None`: nothing was in force up to this day.
    #[must_use]
    pub fn cycle_of(&self, as_of: Day) -> Option<Cycle<'_, 'p>> {
        if self.always {
            let period = self.periods.first()?;
            return Some(cycle_at(period, period.policy.cycle_start));
        }
        let upto = self.periods.partition_point(|p| p.from <= as_of);
        let known = self.periods.get(..upto)?;
        let now = known.last()?;
        let day = as_of.min(now.to);
        let own = |p: &&Period<'p>| p.policy.cycle_start <= day;
        let closed_by_itself = |p: &Period<'p>| {
            let end = cycle_at(p, day).end;
            self.in_force(end).filter(|last| last.policy.sha256 == p.policy.sha256)
        };
        let later = self.periods.get(upto..).unwrap_or_default();
        let candidates = std::iter::once(now).chain(later).filter(own);
        for candidate in candidates {
            if let Some(last) = closed_by_itself(candidate) {
                return Some(cycle_at(last, day));
            }
        }
        let begun = known.iter().rev().find(own);
        Some(begun.map_or_else(|| cycle_at(now, now.policy.cycle_start), |p| cycle_at(p, day)))
    }
}

/// The cycle of the period's policy that contains the day, which must not lie before its first.
fn cycle_at<'r, 'p>(period: &'r Period<'p>, day: Day) -> Cycle<'r, 'p> {
    let years = period.policy.cycle_years.max(1);
    let mut start = period.policy.cycle_start;
    loop {
        let next = plus_years(start, years);
        if next > day || next <= start {
            return Cycle { start, end: day_before(next), years, period };
        }
        start = next;
    }
}

/// Cuts the days of an adoption wherever one of its overlays begins or ends.
fn split_by_overlays<'p>(adopted: &'p Adopted, to: Day, periods: &mut Vec<Period<'p>>) {
    let mut cuts = vec![adopted.from];
    for overlay in &adopted.overlays {
        cuts.push(overlay.effective_from);
        cuts.extend(overlay.effective_to.map(|end| Day(end.0.saturating_add(1))));
    }
    cuts.retain(|day| (adopted.from..=to).contains(day));
    cuts.sort();
    cuts.dedup();
    for (n, &from) in cuts.iter().enumerate() {
        let to = cuts.get(n + 1).map_or(to, |next| day_before(*next));
        let lasts = |overlay: &&Policy| overlay.effective_from <= from && overlay.effective_to.is_none_or(|end| from <= end);
        let overlays = adopted.overlays.iter().map(AsRef::as_ref).filter(lasts).collect();
        periods.push(Period { from, to, policy: &adopted.policy, overlays });
    }
}

fn day_before(day: Day) -> Day {
    Day(day.0.saturating_sub(1))
}

/// The same day so many years later; 29 February becomes the 28th where there is none. Years past 9999 stay where they are.
pub(crate) fn plus_years(day: Day, years: u32) -> Day {
    plus_months(day, years.saturating_mul(12))
}

/// The same day so many months later, or the month's last day.
pub(crate) fn plus_months(day: Day, months: u32) -> Day {
    let (year, month, d) = day.ymd();
    let at = year.saturating_mul(12).saturating_add(month - 1).saturating_add(months);
    let (year, month) = (at / 12, at % 12 + 1);
    (28..=d).rev().chain(std::iter::once(d)).find_map(|d| Day::from_ymd(year, month, d)).unwrap_or(day)
}
