//! Steps 9 and 10: what is asked, what is reached, where it stands.

use taizhang_core::units::Day;

use super::{
    Item, Run, Span,
    compile::{Asks, Line, RuleSet},
    sum::{Sums, in_probation},
};
use crate::{
    account::{LineStatus, Reason, RequirementLine, Status},
    calendar::{add_months, days_between, month_start, months_touched, policy_year},
    case::{Activity, Case, Role},
    policy::{Scope, Unit},
};

/// Days of a role from which it binds a year (D-08).
const ROLE_DAYS_OF_A_YEAR: u64 = 183;

/// A case in its cycle.
struct View<'v, 'c, 's> {
    case: &'c Case,
    items: &'v [Item<'c, 's>],
    run: &'v Run<'s>,
    span: Span,
    set: &'s RuleSet,
}

/// All requirement lines, in the order of the policy.
pub(super) fn lines<'c, 's>(case: &'c Case, items: &[Item<'c, 's>], run: &Run<'s>) -> Vec<RequirementLine> {
    let Some((span, set)) = run.cycle else { return Vec::new() };
    let view = View { case, items, run, span, set };
    let mut lines = Vec::new();
    for line in &set.lines {
        match &line.asks {
            Asks::Min { scope: Scope::Cycle, value, .. } => lines.extend(view.cycle_line(line, *value)),
            Asks::Min { scope: Scope::Year, value, .. } => view.year_lines(line, *value, &mut lines),
            Asks::Min { scope: Scope::Probation, value, .. } => lines.extend(view.probation_line(line, *value)),
            Asks::Any(options) => lines.extend(view.any_line(line, options)),
        }
    }
    lines
}

/// Where the account stands, from its lines; without any, from its programmes.
pub(super) fn status(case: &Case, items: &[Item<'_, '_>], lines: &[RequirementLine], run: &Run<'_>) -> Status {
    if lines.iter().any(|l| l.status == LineStatus::NotMet) {
        return Status::NotMet;
    }
    if lines.is_empty() {
        let parts: Vec<_> = items.iter().filter(|item| item.activity.programme.is_some()).collect();
        let is_part = |a: &&std::sync::Arc<Activity>| a.programme.is_some();
        let registered = |a: &std::sync::Arc<Activity>| parts.iter().any(|item| item.activity.id == a.id);
        let whole = case.activities.iter().filter(is_part).all(registered);
        return match whole && parts.iter().all(|item| matches!(item.reason, Reason::Ok | Reason::Capped)) {
            _ if parts.is_empty() => Status::Recorded,
            true => Status::Completed,
            false => Status::NotCompleted,
        };
    }
    if lines.iter().all(|l| l.status == LineStatus::Met) {
        return Status::Met;
    }
    let Some((span, set)) = run.cycle else { return Status::Recorded };
    let view = View { case, items, run, span, set };
    let open_cycle = |l: &&RequirementLine| l.status == LineStatus::Open && l.scope == "cycle";
    let behind = lines.iter().filter(open_cycle).any(|l| l.got < view.pace(l.need));
    if behind { Status::Behind } else { Status::OnTrack }
}

/// `value * part / whole`, floored.
fn share(value: u64, part: u64, whole: u64) -> u64 {
    let floored = u128::from(value) * u128::from(part) / u128::from(whole.max(1));
    u64::try_from(floored).unwrap_or(u64::MAX)
}

fn status_of(got: u64, need: u64, closed: bool) -> LineStatus {
    match (got >= need, closed) {
        (true, _) => LineStatus::Met,
        (false, true) => LineStatus::NotMet,
        (false, false) => LineStatus::Open,
    }
}

impl View<'_, '_, '_> {
    fn line(&self, line: &Line, scope: String, need: u64, got: u64, closed: bool) -> RequirementLine {
        RequirementLine {
            cite: line.cite.clone(),
            scope,
            unit: line.unit,
            buckets: line.bucket_names.clone(),
            who: line.who.clone(),
            any_window: matches!(line.asks, Asks::Any(_)),
            need,
            got,
            status: status_of(got, need, closed),
        }
    }

    /// Minimums for all shrink with the months of service; those of roles, and days, do not (D-08).
    fn prorated(&self, line: &Line) -> bool {
        self.set.prorate && line.who.as_ref() == "all" && line.unit != Unit::Days
    }

    fn cycle_line(&self, line: &Line, value: u64) -> Option<RequirementLine> {
        if !self.binds_in_cycle(line) {
            return None;
        }
        let whole = u64::from(self.span.years) * 12;
        let need = if self.prorated(line) { share(value, self.months(self.span.start, self.span.end), whole) } else { value };
        let got = self.got(line, |_| true);
        Some(self.line(line, "cycle".into(), need, got, self.case.as_of >= self.span.end))
    }

    fn year_lines(&self, line: &Line, value: u64, lines: &mut Vec<RequirementLine>) {
        for n in 0..self.span.years {
            let (first, last) = self.span.year(n);
            if first > self.case.as_of {
                break;
            }
            let months = self.months(first, last);
            let bound = line.who.as_ref() == "all" || self.role_days(&line.who, first, last) >= ROLE_DAYS_OF_A_YEAR;
            if !bound || months == 0 {
                continue;
            }
            let year = self.year(first);
            let need = if self.prorated(line) { share(value, months, 12) } else { value };
            let got = self.got(line, |item| item.year == year);
            lines.push(self.line(line, year.to_string(), need, got, self.case.as_of >= last));
        }
    }

    fn probation_line(&self, line: &Line, value: u64) -> Option<RequirementLine> {
        let hired = self.case.teacher.hired;
        let over = add_months(hired, 12);
        if self.case.teacher.first_job == Some(false) || hired > self.span.end || over <= self.span.start {
            return None;
        }
        let got = self.got(line, |item| in_probation(self.case, item));
        // Whether there is a probation at all nobody said: it is short of nothing for good, and reached where it would be.
        let closed = self.case.as_of >= over && self.case.teacher.first_job.is_some();
        Some(self.line(line, "probation".into(), value, got, closed))
    }

    /// The window that comes nearest to what it asks for; of equals the first option's, then the earliest.
    fn any_line(&self, line: &Line, options: &[(u32, u64)]) -> Option<RequirementLine> {
        if !self.binds_in_cycle(line) {
            return None;
        }
        let mut best: Option<(u64, u64, String)> = None;
        for &(years, need) in options.iter().filter(|(years, _)| (1..=self.span.years).contains(years)) {
            for n in 0..=self.span.years - years {
                let (first, last) = (self.year(self.span.year(n).0), self.year(self.span.year(n + years - 1).0));
                let got = self.got(line, |item| (first..=last).contains(&item.year));
                if best.as_ref().is_none_or(|(g, need_before, _)| nearer((got, need), (*g, *need_before))) {
                    best = Some((got, need, if first == last { first.to_string() } else { format!("{first}-{last}") }));
                }
            }
        }
        let (got, need, scope) = best?;
        Some(self.line(line, scope, need, got, self.case.as_of >= self.span.end))
    }

    /// What must be reached by now: the need's share of the years that are over.
    fn pace(&self, need: u64) -> u64 {
        let over = (0..self.span.years).take_while(|n| self.span.year(*n).1 <= self.case.as_of).last();
        let elapsed = over.map_or(0, |n| self.months(self.span.start, self.span.year(n).1));
        share(need, elapsed, self.months(self.span.start, self.span.end))
    }

    /// Months of service: the month of hire whole, waived months removed (D-08).
    fn months(&self, first: Day, last: Day) -> u64 {
        let teacher = &self.case.teacher;
        let from = first.max(month_start(teacher.hired));
        let to = teacher.left.map_or(last, |left| last.min(left));
        let served = months_touched(from, to);
        if self.case.waivers.is_empty() {
            return served;
        }
        let years = self.year(first)..=self.year(last);
        let waived = self.case.waivers.iter().filter(|w| years.contains(&w.year));
        // Two waivers of one year: the longer one counts.
        let longest = waived.clone().filter(|w| !waived.clone().any(|o| o.year == w.year && o.months > w.months));
        let mut months: Vec<(u16, u32)> = longest.map(|w| (w.year, w.months)).collect();
        months.sort_unstable();
        months.dedup();
        // A year's waiver takes away what was served in that year, and nothing of another.
        let of_year = |year: u16| {
            let day = |n: &u32| self.year(self.span.year(*n).0) == year;
            let (begins, ends) = (0..self.span.years).find(day).map_or((first, last), |n| self.span.year(n));
            months_touched(from.max(begins), to.min(ends))
        };
        served.saturating_sub(months.iter().map(|(year, m)| u64::from(*m).min(of_year(*year))).sum())
    }

    fn binds_in_cycle(&self, line: &Line) -> bool {
        line.who.as_ref() == "all" || self.role_days(&line.who, self.span.start, self.span.end.min(self.case.as_of)) > 0
    }

    fn role_days(&self, role: &str, first: Day, last: Day) -> u64 {
        let days = |r: &Role| u64::from(days_between(first.max(r.from), r.to.map_or(last, |to| last.min(to))));
        self.case.teacher.roles.iter().filter(|r| r.role == role).map(days).sum()
    }

    /// The policy year that begins on this day.
    fn year(&self, day: Day) -> u16 {
        policy_year(day, self.set.year_start)
    }

    /// What counts towards a line, of the chosen items.
    fn got(&self, line: &Line, chosen: impl Fn(&Item<'_, '_>) -> bool) -> u64 {
        let counts = |item: &&Item<'_, '_>| {
            item.h100 > 0 && line.buckets.contains(&item.bucket()) && chosen(item) && tagged(line, &item.activity.tags)
        };
        let counted = self.items.iter().filter(counts);
        match line.unit {
            Unit::Days => counted.map(|item| u64::from(item.registration.days)).sum(),
            Unit::H100 => counted.map(|item| u64::from(item.h100)).sum(),
            Unit::C100 => {
                let mut sums = Sums::new(self.run);
                counted.for_each(|item| sums.add(item));
                line.buckets.iter().map(|bucket| sums.amount(*bucket).c100.unwrap_or(0)).sum()
            }
        }
    }
}

/// Does the first (got, need) come nearer to its need than the second?
fn nearer(a: (u64, u64), b: (u64, u64)) -> bool {
    let left = u128::from(a.0) * u128::from(b.1);
    let right = u128::from(b.0) * u128::from(a.1);
    // A need of 0 is met by nothing at all, and nothing comes nearer.
    b.1 != 0 && (a.1 == 0 || left > right)
}

fn tagged(line: &Line, tags: &[String]) -> bool {
    let Asks::Min { tags_any, tags_exclude, .. } = &line.asks else { return true };
    (tags_any.is_empty() || tags.iter().any(|t| tags_any.contains(t))) && !tags.iter().any(|t| tags_exclude.contains(t))
}
