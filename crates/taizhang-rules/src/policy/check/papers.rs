//! Who registers, what is due when.

use super::{Findings, meet};
use crate::{
    case::{Kind, Level},
    policy::{Anchor, Body, Rule},
};

pub(super) fn check(f: &mut Findings<'_>) {
    registrars(f);
    deadlines(f);
    windows(f);
}

fn registrars<'p>(f: &mut Findings<'p>) {
    let registrars = |body: &'p Body| match body {
        Body::Authority { kinds, org_levels, register_by: Some(by), .. } => Some((kinds, org_levels, *by)),
        _ => None,
    };
    for [(a, one), (b, two)] in f.pairs(registrars) {
        if one.2 != two.2 && meet::<Kind>(one.0, two.0) && meet::<Level>(one.1, two.1) {
            f.warn(
                &[a, b],
                format!("同类活动有两个登记单位,以先写的 {} 为准", one.2.word()),
                format!("two registrars for the same activities, the first one ({}) is taken", one.2.word()),
            );
        }
    }
}

/// A deadline, without the words.
type Due<'p> = (&'p String, &'p Vec<Kind>, &'p Vec<Level>, Anchor, u32, &'p String);

fn due(body: &Body) -> Option<Due<'_>> {
    match body {
        Body::Deadline { what, kinds, org_levels, anchor, months_before, submit_to, .. } => {
            Some((what, kinds, org_levels, *anchor, *months_before, submit_to))
        }
        _ => None,
    }
}

fn deadlines(f: &mut Findings<'_>) {
    for (rule, (what, kinds, _, anchor, ..)) in f.policy.pick(due) {
        if !kinds.is_empty() && kinds.iter().all(|kind| f.policy.convert(*kind).is_none()) && !f.policy.overlay {
            f.warn(&[rule], "期限所指的类别都不计学时,无处适用", "none of its kinds counts: it reaches nothing");
        }
        anchored(f, rule, what, anchor);
        if let Anchor::Fixed(day) = anchor
            && (day < f.policy.effective_from || f.policy.effective_to.is_some_and(|to| to < day))
        {
            f.warn(&[rule], format!("{day} 不在政策有效期内"), format!("the policy is not in force on {day}"));
        }
    }
    for [(a, one), (b, two)] in f.pairs(due) {
        let same = one.0 == two.0 && one.5 == two.5 && meet(one.1, two.1) && meet(one.2, two.2);
        if same && (one.3, one.4) != (two.3, two.4) {
            f.refuse(&[a, b], "同一材料报同一单位有两个期限", "the same paper is due to the same office on two days");
        }
    }
}

/// A plan of a semester is due before the semester.
fn anchored(f: &mut Findings<'_>, rule: &Rule, what: &str, anchor: Anchor) {
    let fits = match anchor {
        Anchor::ActivityStart => what == "plan",
        Anchor::SemesterPrepWeek => what == "semester_plan",
        Anchor::SchoolYearPrepWeek => what == "school_year_plan",
        Anchor::YearStart => what == "year_plan",
        Anchor::Fixed(_) => true,
    };
    if !fits {
        f.warn(
            &[rule],
            format!("「{what}」的期限从不相配的日子算起"),
            format!("'{what}' is counted from a day of something else"),
        );
    }
}

fn windows(f: &mut Findings<'_>) {
    for rule in &f.policy.rules {
        let (from, to) = match &rule.body {
            Body::Window { from, to, .. } => (*from, *to),
            Body::Coverage { window_from, window_to, .. } => (*window_from, *window_to),
            _ => continue,
        };
        if to < from {
            f.refuse(&[rule], "时段的末日早于首日", "the window ends before it begins");
        } else if to < f.policy.effective_from || f.policy.effective_to.is_some_and(|end| end < from) {
            f.warn(&[rule], "时段全在政策有效期之外", "the policy is not in force on any day of the window");
        }
    }
}
