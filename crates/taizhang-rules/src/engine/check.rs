//! Steps 4 and 5: the tests of one activity, the first that fails wins; and the hours a plan and a day allow.

use super::{
    Item, Run, Span,
    compile::{BanRule, Cell, DegreeRule, Eligible, Forfeit, RuleSet},
};
use crate::{
    account::{Cite, Reason},
    calendar::{add_months, days_between},
    case::{Activity, Assessment, Audit, Ban, Case, OpenInput, Plan, Registration, Seat, Teacher},
    policy::{Measure, Requirement},
};

/// Why an activity counts nothing, and the source of it.
type Refusal<'s> = (Reason, &'s Cite);

/// What other activities of the case say about one.
pub(super) struct Beside {
    /// Its content was there before.
    pub(super) same: bool,
    /// Leave over the whole of its programme, in half-days.
    pub(super) leave_halfdays: Option<u64>,
}

/// Tests one activity, then limits its hours to the plan and the days.
pub(super) fn check(item: &mut Item<'_, '_>, case: &Case, beside: &Beside, run: &mut Run<'_>) {
    undecided(item, run);
    let own = &run.compiled.own;
    if item.activity.end < item.activity.start {
        run.note("end_before_start", &item.activity.id);
    }
    if item.registration.attended_h100 > item.activity.planned_h100 {
        run.find("attended_over_planned", &item.activity.id);
    }
    item.keep(item.activity.planned_h100, Reason::OverPlan, &own.over_plan);
    let Some((set, cell)) = item.set.zip(item.cell) else {
        item.refuse(Reason::NoPolicy, &own.no_policy);
        return;
    };
    if let Some((convert, day_h100)) = cell.convert.as_ref().and_then(|c| Some((c, c.day_h100?))) {
        let limit = day_h100.saturating_mul(days_between(item.activity.start, item.activity.end));
        if item.keep(limit, Reason::OverDayLimit, &convert.cite) > 0 {
            run.find("over_day_limit", &item.activity.id);
        }
    }
    let cycle_cite =
        Cite { rule: "".into(), source: run.cycle.map_or_else(|| set.cycle_source.clone(), |(_, s)| s.cycle_source.clone()) };
    let span = run.cycle.map(|(span, _)| span);
    let refusal = counts_here(item.activity, case, cell, span, run, &cycle_cite)
        .or_else(|| cell.slot.as_ref().filter(|_| beside.same).map(|slot| (Reason::SameContent, &slot.cite)))
        .or_else(|| announced(item.activity, run))
        .or_else(|| planned(item.activity, cell))
        .or_else(|| recognised(item.activity, set, run))
        .or_else(|| cell.eligible.iter().find_map(|rule| eligible(rule, item.activity, item.registration, &case.teacher)))
        .or_else(|| cell.degree.iter().find_map(|rule| degree(rule, item.registration, &case.teacher)))
        .or_else(|| cell.bans.iter().find_map(|rule| banned(rule, item.activity, &case.bans)))
        .or_else(|| cell.forfeits.iter().find_map(|rule| forfeited(rule, item.activity, item.registration, beside)))
        .or_else(|| assessed(item.registration, cell))
        .or_else(|| audited(item, cell, run));
    if let Some((reason, cite)) = refusal {
        item.refuse(reason, cite);
    }
}

/// Names what is not decided yet: figures that rest on it are open.
fn undecided(item: &Item<'_, '_>, run: &mut Run<'_>) {
    let mut open = |what: &str| run.open.push(OpenInput { what: what.into(), about: item.activity.id.clone() });
    if item.activity.plan == Plan::Undecided {
        open("plan_undecided");
    }
    if item.registration.audit == Audit::Undecided {
        open("audit_undecided");
    }
}

/// Kind, cycle, service.
fn counts_here<'s>(
    activity: &Activity,
    case: &Case,
    cell: &'s Cell,
    span: Option<Span>,
    run: &Run<'s>,
    cycle: &'s Cite,
) -> Option<Refusal<'s>> {
    let own = &run.compiled.own;
    let teacher = &case.teacher;
    if cell.convert.is_none() {
        return Some((Reason::KindNotCounted, &own.not_converted));
    }
    if span.is_none_or(|span| activity.end < span.start || activity.end > span.end) {
        return Some((Reason::OutsideCycle, cycle));
    }
    if activity.start < teacher.hired {
        return Some((Reason::BeforeAppointment, &own.service));
    }
    let left = teacher.left.is_some_and(|left| activity.end > left);
    left.then_some((Reason::AfterLeaving, &own.service))
}

/// Each level announces its own; what lies outside the city is not announced here, and the county recognises it (D-10).
fn announced<'s>(activity: &Activity, run: &Run<'s>) -> Option<Refusal<'s>> {
    let (by, needs) = activity.announced_by.zip(Seat::announces(activity.level))?;
    (by < needs && !activity.outside_city).then_some((Reason::AnnouncerNotCompetent, &run.compiled.own.announcer))
}

fn planned<'s>(activity: &Activity, cell: &'s Cell) -> Option<Refusal<'s>> {
    let cite = cell.plan.as_ref()?;
    match activity.plan {
        Plan::NotApproved | Plan::Undecided => Some((Reason::PlanNotApproved, cite)),
        Plan::Approved { by, .. } if is_below(by, cell.decider.as_ref()) && !activity.outside_city => {
            let cite = cell.decider.as_ref().map_or(cite, |(cite, _)| cite);
            Some((Reason::PlanDeciderNotCompetent, cite))
        }
        Plan::Approved { decided, retroactive, .. } if decided > activity.start && !retroactive => {
            Some((Reason::PlanApprovedLate, cite))
        }
        Plan::Approved { .. } => None,
    }
}

/// Is the office below the one that the rule names?
fn is_below(by: Option<Seat>, rule: Option<&(Cite, Option<Seat>)>) -> bool {
    by.zip(rule.and_then(|(_, seat)| *seat)).is_some_and(|(by, needs)| by < needs)
}

fn recognised<'s>(activity: &Activity, set: &RuleSet, run: &Run<'s>) -> Option<Refusal<'s>> {
    let needs = activity.outside_city && set.outside_needs_recognition && !activity.recognised;
    needs.then_some((Reason::NeedsRecognition, &run.compiled.own.outside))
}

fn eligible<'s>(rule: &'s Eligible, activity: &Activity, registration: &Registration, teacher: &Teacher) -> Option<Refusal<'s>> {
    let lacks = |requirement: &Requirement| match requirement {
        Requirement::Registered => !activity.registered,
        Requirement::HasQualifiedDegree => !teacher.has_qualified_degree,
        Requirement::SubstituteAllowed => !registration.substitute_allowed,
    };
    (rule.level_refused || rule.requires.iter().any(lacks)).then_some((rule.reason, &rule.cite))
}

/// A stage without a level has no limit; a degree whose level nobody wrote is below any.
fn degree<'s>(rule: &'s DegreeRule, registration: &Registration, teacher: &Teacher) -> Option<Refusal<'s>> {
    let least = rule.min_level.get(&teacher.stage)?;
    registration.degree_level.is_none_or(|level| level < *least).then_some((rule.reason, &rule.cite))
}

/// Bans reach activities that begin in [decided, decided + years).
fn banned<'s>(rule: &'s BanRule, activity: &Activity, bans: &[Ban]) -> Option<Refusal<'s>> {
    let months = 12 * i64::from(rule.years);
    let hit = |ban: &Ban| {
        let until = ban.lifted.map_or(add_months(ban.decided, months), |day| day.min(add_months(ban.decided, months)));
        rule.triggers.contains(&ban.trigger) && ban.decided <= activity.start && activity.start < until
    };
    bans.iter().any(hit).then_some((Reason::Banned, &rule.cite))
}

/// Leave is over the whole programme, where the activity is part of one.
fn forfeited<'s>(rule: &'s Forfeit, activity: &Activity, registration: &Registration, beside: &Beside) -> Option<Refusal<'s>> {
    let reached = |is: u64, limit: u64| if rule.over { is > limit } else { is >= limit };
    let reason = match rule.measure {
        Measure::AbsentShare { num, den } => {
            let absent = activity.planned_h100.saturating_sub(registration.attended_h100);
            let is = u64::from(absent) * u64::from(den);
            reached(is, u64::from(activity.planned_h100) * u64::from(num)).then_some(Reason::ForfeitAbsence)
        }
        Measure::LeaveHalfdays { value } => {
            let leave = beside.leave_halfdays.unwrap_or_else(|| registration.leave_halfdays.into());
            reached(leave, value.into()).then_some(Reason::ForfeitLeave)
        }
        Measure::OnlineIncomplete => (registration.online_complete == Some(false)).then_some(Reason::ForfeitOnline),
    };
    reason.map(|reason| (reason, &rule.cite))
}

fn assessed<'s>(registration: &Registration, cell: &'s Cell) -> Option<Refusal<'s>> {
    let cite = cell.assessment.as_ref()?;
    match registration.assessment {
        None | Some(Assessment::Pass) => None,
        Some(Assessment::Fail) => Some((Reason::AssessmentFailed, cite)),
        Some(Assessment::None | Assessment::Retake) => Some((Reason::NotAssessed, cite)),
    }
}

fn audited<'s>(item: &Item<'_, '_>, cell: &'s Cell, run: &Run<'s>) -> Option<Refusal<'s>> {
    let cite = cell.audit.as_ref().map_or(&run.compiled.own.audit, |(cite, _)| cite);
    let registration = item.registration;
    match registration.audit {
        Audit::Approved if is_below(registration.audited_by, cell.audit.as_ref()) && !item.activity.outside_city => {
            Some((Reason::AuditorNotCompetent, cite))
        }
        Audit::Approved => None,
        Audit::Pending | Audit::Undecided => Some((Reason::PendingAudit, cite)),
        Audit::Rejected | Audit::Returned => Some((Reason::AuditRejected, cite)),
    }
}
