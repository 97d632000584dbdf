//! Plans of a school that a deadline of the policy reaches, and which of them were handed in in time.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    id::{DocId, Kind, OrgId},
    rows::{Activity, Calendar, Plan, PlanScope},
    units::Day,
};

use super::{super::policy, Maker};
use crate::{
    case,
    policy::{Anchor, Body, Policy, regime::Regime},
    progress,
};

/// A plan as a deadline looks at it.
struct Handed {
    /// `what` of the deadlines that it falls under.
    what: &'static [&'static str],
    submitted: Day,
    kind: Option<case::Kind>,
    level: Option<case::Level>,
    /// First day of what it plans.
    start: Day,
}

impl Maker<'_> {
    /// Plans of the period with a known last day, and how many were in time. A plan under several deadlines has the earliest.
    pub(super) fn plans(&self, school: OrgId) -> (u32, u32) {
        let handed = self.handed(school);
        if handed.is_empty() {
            return (0, 0);
        }
        let (calendar, adoptions) = (self.calendar(), policy::at_school(self.facts, school));
        let regimes: Vec<Regime<'_>> = adoptions.iter().map(crate::gather::Adoptions::regime).collect();
        let (mut plans, mut in_time) = (0, 0);
        for plan in &handed {
            let in_force = regimes.iter().filter_map(|r| r.in_force(plan.start));
            let policies = in_force.flat_map(|p| std::iter::once(p.policy).chain(p.overlays.iter().copied()));
            let due = policies.flat_map(|p| p.rules.iter().filter_map(|r| due(p, &r.body, plan, &calendar))).min();
            if let Some(due) = due {
                plans += 1;
                in_time += u32::from(plan.submitted <= due);
            }
        }
        (plans, in_time)
    }

    /// Plans of their own (row 60), and activities whose sheet says when their plan was handed in. Rivals are left out: which holds is not decided.
    fn handed(&self, school: OrgId) -> Vec<Handed> {
        let of_period = |d: &DocId| d.kind == Kind::Ledger && d.period == Some(self.scope.period) && d.concerns() == school;
        let (mut plans, mut activities): (BTreeMap<String, Vec<Plan>>, BTreeMap<String, Vec<Activity>>) = Default::default();
        for row in self.views.iter().filter(|v| of_period(&v.document)).flat_map(|v| v.current()) {
            if let Some(p) = row.read::<Plan>() {
                plans.entry(p.row.no.clone()).or_default().push(p.row);
            } else if let Some(p) = row.read::<Activity>() {
                activities.entry(p.row.no.clone()).or_default().push(p.row);
            }
        }
        let plans: Vec<Plan> = plans.into_values().filter_map(|mut same| settled(&mut same)).collect();
        let activities: BTreeMap<String, Activity> =
            activities.into_iter().filter_map(|(no, mut same)| Some((no, settled(&mut same)?))).collect();
        let planned: BTreeSet<&str> = plans.iter().flat_map(|p| &p.activities).map(String::as_str).collect();
        let by_plan = plans.iter().filter_map(|p| {
            let first = p.activities.iter().filter_map(|no| activities.get(no)).min_by_key(|a| a.start_day)?;
            Some(Handed { what: falls_under(p.scope), submitted: p.submitted_day, ..of_activity(first, p.submitted_day) })
        });
        let alone = activities.values().filter(|a| !planned.contains(a.no.as_str()));
        let by_sheet = alone.filter_map(|a| Some(of_activity(a, a.claimed_submitted_day?)));
        by_plan.chain(by_sheet).collect()
    }

    /// First days of preparatory weeks: all, and those of autumn.
    fn calendar(&self) -> (BTreeSet<Day>, BTreeSet<Day>) {
        let notices = self.views.iter().filter(|v| v.document.kind == Kind::Notice);
        let rows = notices.flat_map(|v| v.current()).filter_map(|r| r.read::<Calendar>().map(|p| p.row));
        let mut out = (BTreeSet::new(), BTreeSet::new());
        for row in rows {
            out.0.insert(row.prep_week_day);
            if row.semester == 1 {
                out.1.insert(row.prep_week_day);
            }
        }
        out
    }
}

/// The one content of several hands.
fn settled<T: PartialEq>(same: &mut Vec<T>) -> Option<T> {
    let last = same.pop()?;
    same.iter().all(|other| *other == last).then_some(last)
}

fn of_activity(activity: &Activity, submitted: Day) -> Handed {
    Handed {
        what: &["plan", "semester_plan"],
        submitted,
        kind: case::Kind::from_word(activity.kind.word()),
        level: case::Level::from_word(activity.level.word()),
        start: activity.start_day,
    }
}

fn falls_under(scope: PlanScope) -> &'static [&'static str] {
    match scope {
        PlanScope::Class | PlanScope::Programme => &["plan"],
        PlanScope::Semester => &["semester_plan"],
        PlanScope::SchoolYear => &["school_year_plan", "year_plan"],
    }
}

/// The last day of a plan by one rule. A preparatory week is the last one that begins by the start of what is planned.
fn due(policy: &Policy, rule: &Body, plan: &Handed, (weeks, autumns): &(BTreeSet<Day>, BTreeSet<Day>)) -> Option<Day> {
    let Body::Deadline { what, anchor, .. } = rule else { return None };
    if !plan.what.contains(&what.as_str()) || !progress::deadline_reaches(rule, plan.kind, plan.level) {
        return None;
    }
    let before = |days: &BTreeSet<Day>| days.range(..=plan.start).next_back().copied();
    let from = match anchor {
        Anchor::ActivityStart => Some(plan.start),
        Anchor::SemesterPrepWeek => before(weeks),
        Anchor::SchoolYearPrepWeek => before(autumns),
        Anchor::YearStart => {
            let year = crate::calendar::policy_year(plan.start, policy.year_start);
            Day::from_ymd(year.into(), policy.year_start.0, policy.year_start.1)
        }
        Anchor::Fixed(_) => None,
    };
    progress::due(rule, from)
}
