//! From a regime and a case to an account: pure integers, the same result for any order of the inputs.
//!
//! The order of evaluation is the one of docs/rules.md; each step is a module. Inputs that contradict themselves (ids twice, corrections in a circle,
//! registrations of unknown activities) never fail: what is done with them is said there, and a note in the account names them.

mod cap;
mod check;
mod choose;
mod compile;
mod lines;
mod note;
mod programme;
mod sum;

use std::{collections::BTreeSet, sync::Arc};

use compile::{BucketId, Cell, RuleSet, Tables};
use taizhang_core::units::Day;

use crate::{
    account::{Account, ActivityResult, Cite, LineStatus, Lost, Reason, RequirementLine},
    calendar::{add_months, day_before, policy_year},
    case::{Activity, Case, OpenInput, Registration},
    policy::regime::Regime,
};

/// More years than any cycle has; a longer one is evaluated as this long.
const CYCLE_YEARS_MAX: u32 = 100;

/// A regime made ready for many cases.
#[derive(Debug)]
pub struct Compiled<'r, 'p> {
    regime: &'r Regime<'p>,
    tables: Tables,
    own: Own,
}

/// Sources of what no rule of a policy says.
#[derive(Debug)]
struct Own {
    no_policy: Cite,
    not_converted: Cite,
    service: Cite,
    over_plan: Cite,
    announcer: Cite,
    outside: Cite,
    audit: Cite,
    programme: Cite,
}

impl Own {
    fn new() -> Self {
        let cite = |source: &str| Cite { rule: "".into(), source: source.into() };
        Self {
            no_policy: cite("decision D-21"),
            not_converted: cite("no convert rule of the policy names this kind"),
            service: cite("decision D-08"),
            over_plan: cite("decision D-03"),
            announcer: cite("003 Wuhan 二(一): each level announces its own"),
            outside: cite("decision D-10"),
            audit: cite("decision D-23"),
            programme: cite("all parts of a programme or none"),
        }
    }
}

/// The years an account is kept over.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: Day,
    end: Day,
    years: u32,
}

impl Span {
    /// First and last day of its n-th year, from 0.
    fn year(&self, n: u32) -> (Day, Day) {
        (add_months(self.start, 12 * i64::from(n)), day_before(add_months(self.start, 12 * i64::from(n) + 12)))
    }
}

/// One evaluation: what is fixed for the case, and what is found on the way.
struct Run<'s> {
    compiled: &'s Compiled<'s, 's>,
    /// Cycle and the rules of its minimums.
    cycle: Option<(Span, &'s RuleSet)>,
    findings: Vec<String>,
    notes: BTreeSet<String>,
    open: Vec<OpenInput>,
}

impl<'s> Run<'s> {
    fn find(&mut self, word: &str, about: &str) {
        self.findings.push(format!("{word}:{about}"));
    }

    fn note(&mut self, word: &str, about: &str) {
        self.notes.insert(format!("{word}:{about}"));
    }

    /// What is in force on this day.
    fn set_at(&self, day: Day) -> Option<&'s RuleSet> {
        self.compiled.tables.sets.get(self.compiled.regime.period_at(day)?)
    }

    /// The policy year of a day, by the policy of the account.
    fn year(&self, day: Day) -> u16 {
        policy_year(day, self.cycle.map_or((1, 1), |(_, set)| set.year_start))
    }
}

/// An activity with its registration, on its way through the steps.
struct Item<'c, 's> {
    activity: &'c Activity,
    registration: &'c Registration,
    /// In force at its end.
    set: Option<&'s RuleSet>,
    cell: Option<&'s Cell>,
    year: u16,
    reason: Reason,
    cite: Option<Cite>,
    /// Recognised so far.
    h100: u32,
    excess_h100: u32,
    lost: Vec<Lost>,
}

impl<'c, 's> Item<'c, 's> {
    fn new(
        activity: &'c Activity,
        registration: &'c Registration,
        set: Option<&'s RuleSet>,
        cell: Option<&'s Cell>,
        year: u16,
    ) -> Self {
        let h100 = registration.attended_h100;
        Self { activity, registration, set, cell, year, reason: Reason::Ok, cite: None, h100, excess_h100: 0, lost: Vec::new() }
    }

    fn bucket(&self) -> BucketId {
        self.cell.and_then(|c| c.convert.as_ref()).map_or(0, |c| c.bucket)
    }

    /// Keeps at most so many hours; the rest is lost for this reason.
    fn keep(&mut self, at_most_h100: u32, reason: Reason, cite: &Cite) -> u32 {
        let lost = self.h100.saturating_sub(at_most_h100);
        if lost > 0 {
            self.h100 -= lost;
            self.lost.push(Lost { h100: lost, reason, cite: cite.clone() });
        }
        lost
    }

    /// Nothing counts, for this reason.
    fn refuse(&mut self, reason: Reason, cite: &Cite) {
        self.keep(0, reason, cite);
        self.reason = reason;
        self.cite = Some(cite.clone());
    }
}

/// Evaluates one case; for many of the same regime use [`Compiled`].
#[must_use]
pub fn evaluate(regime: &Regime<'_>, case: &Case) -> Account {
    Compiled::new(regime).evaluate(case)
}

impl<'r, 'p> Compiled<'r, 'p> {
    /// Makes the tables of a regime.
    #[must_use]
    pub fn new(regime: &'r Regime<'p>) -> Self {
        Self { regime, tables: compile::tables(regime), own: Own::new() }
    }

    /// What it was made from.
    #[must_use]
    pub const fn regime(&self) -> &'r Regime<'p> {
        self.regime
    }

    /// Evaluates one case.
    #[must_use]
    pub fn evaluate(&self, case: &Case) -> Account {
        let mut run = Run {
            compiled: self,
            cycle: self.cycle_of(case.as_of),
            findings: Vec::new(),
            notes: BTreeSet::new(),
            open: case.open.clone(),
        };
        let activities = choose::activities(case, &mut run);
        let live = choose::live(case, &activities, &mut run);
        let mut items = choose::one_each(live, &mut run);
        let same = choose::repeated(&items);
        let leave = programme::leave(&items);
        for (item, same) in items.iter_mut().zip(same) {
            let leave = item.activity.programme.as_deref().and_then(|p| leave.get(p)).copied();
            check::check(item, case, &check::Beside { same, leave_halfdays: leave }, &mut run);
        }
        programme::all_or_nothing(case, &mut items, &mut run);
        cap::clamp(&mut items, self);
        note::notes(&items, &mut run);
        finish(case, items, run)
    }

    fn cycle_of(&self, as_of: Day) -> Option<(Span, &RuleSet)> {
        let cycle = self.regime.cycle_of(as_of)?;
        let at = self.regime.periods().iter().position(|p| std::ptr::eq(p, cycle.period))?;
        let span = Span { start: cycle.start, end: cycle.end, years: cycle.years.clamp(1, CYCLE_YEARS_MAX) };
        Some((span, self.tables.sets.get(at)?))
    }

    fn bucket_name(&self, bucket: BucketId) -> Arc<str> {
        self.tables.buckets.get(bucket).cloned().unwrap_or_default()
    }
}

/// Steps 8 to 10, and everything into its place.
fn finish(case: &Case, items: Vec<Item<'_, '_>>, mut run: Run<'_>) -> Account {
    let compiled = run.compiled;
    let totals = sum::totals(case, &items, &run);
    let rules = lines::lines(case, &items, &run);
    let status = lines::status(case, &items, &rules, &run);
    probation_unsaid(case, &rules, &mut run);
    run.findings.sort();
    run.open.sort();
    run.open.dedup();
    let activities = items.into_iter().map(|item| result(item, compiled)).collect();
    Account {
        span: run.cycle.map(|(span, _)| (span.start, span.end)),
        policy: run.cycle.map(|(_, set)| set.policy_id.clone()).unwrap_or_default(),
        activities,
        by_year: totals.by_year,
        cycle: totals.cycle,
        probation: totals.probation,
        buckets: totals.buckets,
        rules,
        status,
        findings: run.findings,
        notes: run.notes,
        open: run.open,
    }
}

/// Nobody said whether it is a first post, and it matters: a probation is asked for and not reached.
fn probation_unsaid(case: &Case, rules: &[RequirementLine], run: &mut Run<'_>) {
    let short = |line: &RequirementLine| line.scope == "probation" && line.status == LineStatus::Open;
    if case.teacher.first_job.is_none() && rules.iter().any(short) {
        run.find("first_job_unknown", &case.teacher.id);
        run.open.push(OpenInput { what: "first_job_unknown".into(), about: case.teacher.id.clone() });
    }
}

fn result(item: Item<'_, '_>, compiled: &Compiled<'_, '_>) -> ActivityResult {
    let converting = item.cell.and_then(|c| c.convert.as_ref()).map(|c| &c.cite);
    ActivityResult {
        activity: item.activity.id.clone(),
        registration: item.registration.id.clone(),
        bucket: compiled.bucket_name(item.bucket()),
        attended_h100: item.registration.attended_h100,
        h100: item.h100,
        excess_h100: item.excess_h100,
        reason: item.reason,
        cite: item.cite.or_else(|| converting.cloned()).unwrap_or_else(|| compiled.own.no_policy.clone()),
        lost: item.lost,
        year: item.year,
    }
}
