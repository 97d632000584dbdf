//! Tests of activities: do they reach anything, can anything pass them, do two of them disagree?

use super::{Findings, meet};
use crate::{
    case::{Kind, Level},
    policy::{Body, Measure, Rule},
};

pub(super) fn check(f: &mut Findings<'_>) {
    for rule in &f.policy.rules {
        reach(f, rule);
        alone(f, rule);
    }
    eligible_pairs(f);
    assessment_pairs(f);
    ban_pairs(f);
    forfeit_pairs(f);
    degree_levels(f);
    repeat_slots(f);
}

const fn kinds(body: &Body) -> Option<&Vec<Kind>> {
    match body {
        Body::PlanRequired { kinds }
        | Body::Eligible { kinds, .. }
        | Body::Forfeit { kinds, .. }
        | Body::Assessment { kinds, .. } => Some(kinds),
        _ => None,
    }
}

/// A test of a kind that counts nowhere tests nothing.
fn reach(f: &mut Findings<'_>, rule: &Rule) {
    let tested = kinds(&rule.body).map(Vec::as_slice).unwrap_or_default();
    let lost: Vec<&str> = tested.iter().filter(|kind| f.policy.convert(**kind).is_none()).map(|kind| kind.word()).collect();
    if lost.is_empty() || f.policy.overlay {
        return;
    }
    let list = lost.join(", ");
    f.warn(&[rule], format!("这些类别本来就不计学时: {list}"), format!("these kinds count nowhere anyway: {list}"));
}

/// What is wrong with one rule by itself.
fn alone(f: &mut Findings<'_>, rule: &Rule) {
    match &rule.body {
        Body::Eligible { org_levels, requires, .. } if org_levels.is_empty() && requires.is_empty() => {
            f.refuse(&[rule], "没有写任何条件", "it asks for nothing");
        }
        Body::Forfeit { measure, over, .. } => forfeit(f, rule, *measure, *over),
        _ => {}
    }
}

fn forfeit(f: &mut Findings<'_>, rule: &Rule, measure: Measure, over: bool) {
    let (always, never) = match measure {
        Measure::AbsentShare { den: 0, .. } => {
            return f.refuse(&[rule], "缺课比例的分母是0", "the share of absence has denominator 0");
        }
        Measure::AbsentShare { num, den } => (num == 0 && !over, num > den || (num == den && over)),
        Measure::LeaveHalfdays { value } => (value == 0 && !over, false),
        Measure::OnlineIncomplete => (false, false),
    };
    if always {
        f.refuse(&[rule], "没有缺课也会清零: 任何活动都不能计入", "it takes every activity, even with nobody absent");
    }
    if never {
        f.refuse(&[rule], "缺课比例不可能达到,规则永不生效", "no absence can be so large, it never applies");
    }
}

/// Two conditions on one kind that no level passes.
fn eligible_pairs<'p>(f: &mut Findings<'p>) {
    let levels = |body: &'p Body| match body {
        Body::Eligible { kinds, org_levels, .. } if !org_levels.is_empty() => Some((kinds, org_levels)),
        _ => None,
    };
    for [(a, (kinds_a, levels_a)), (b, (kinds_b, levels_b))] in f.pairs(levels) {
        if meet(kinds_a, kinds_b) && !meet(levels_a, levels_b) {
            f.refuse(
                &[a, b],
                "两条规则允许的级别没有交集,没有活动能计入",
                "the levels they allow have none in common: nothing can count",
            );
        }
    }
}

fn assessment_pairs<'p>(f: &mut Findings<'p>) {
    let retakes = |body: &'p Body| match body {
        Body::Assessment { kinds, retake } => Some((kinds, *retake)),
        _ => None,
    };
    for [(a, (kinds_a, one)), (b, (kinds_b, two))] in f.pairs(retakes) {
        if one != two && meet(kinds_a, kinds_b) {
            f.refuse(&[a, b], "同一类别一处可补考、一处不可", "one allows a retake and the other does not");
        }
    }
}

fn ban_pairs<'p>(f: &mut Findings<'p>) {
    let bans = |body: &'p Body| match body {
        Body::Ban { triggers, years, org_levels } => Some((triggers, *years, org_levels)),
        _ => None,
    };
    for [(a, one), (b, two)] in f.pairs(bans) {
        if one.1 != two.1 && meet(one.0, two.0) && meet::<Level>(one.2, two.2) {
            let (m, n) = (one.1, two.1);
            f.refuse(&[a, b], format!("同一事由的禁训年限不同: {m}年与{n}年"), format!("{m} and {n} years for the same reason"));
        }
    }
}

fn forfeit_pairs<'p>(f: &mut Findings<'p>) {
    let forfeits = |body: &'p Body| match body {
        Body::Forfeit { kinds, measure, over } => Some((kinds, *measure, *over)),
        _ => None,
    };
    for [(a, one), (b, two)] in f.pairs(forfeits) {
        let same_kind_of = std::mem::discriminant(&one.1) == std::mem::discriminant(&two.1);
        if same_kind_of && (one.1, one.2) != (two.1, two.2) && meet(one.0, two.0) {
            f.warn(&[a, b], "同一类别有两个缺勤界限,以严者为准", "two limits for the same kind, the stricter one decides");
        }
    }
}

fn degree_levels<'p>(f: &mut Findings<'p>) {
    let levels = |body: &'p Body| match body {
        Body::EligibleDegree { min_level, .. } => Some(min_level),
        _ => None,
    };
    for (rule, min_level) in f.policy.pick(levels) {
        if f.policy.convert(Kind::Degree).is_none() && !f.policy.overlay {
            f.warn(&[rule], "学历教育本来就不计学时", "degrees count nowhere anyway");
        }
        let free: Vec<&str> = f.policy.stages.iter().filter(|s| !min_level.contains_key(s)).map(|s| s.word()).collect();
        if !free.is_empty() {
            let list = free.join(", ");
            f.warn(
                &[rule],
                format!("这些学段没有学历层次要求: {list}"),
                format!("no level of degree is asked of these stages: {list}"),
            );
        }
        let foreign: Vec<&str> = min_level.keys().filter(|s| !f.policy.stages.contains(s)).map(|s| s.word()).collect();
        if !foreign.is_empty() {
            let list = foreign.join(", ");
            f.warn(&[rule], format!("这些学段不在本政策适用范围: {list}"), format!("the policy is not for these stages: {list}"));
        }
    }
}

fn repeat_slots<'p>(f: &mut Findings<'p>) {
    let slots = |body: &'p Body| match body {
        Body::RepeatSlot { weekdays, .. } => Some(weekdays),
        _ => None,
    };
    for (rule, weekdays) in f.policy.pick(slots) {
        if weekdays.len() < 2 {
            f.warn(&[rule], "只有一个时段,谈不上重复", "with one slot a week nothing can repeat");
        }
    }
    for [(a, _), (b, _)] in f.pairs(slots) {
        f.warn(&[a, b], "重复内容已按一条规则只计一次", "one rule about repeated content is enough");
    }
}
