//! Minimums: can anybody reach them, and do they agree with each other and with the caps?

use super::{
    Findings,
    limits::{h100_of, most},
};
use crate::policy::{Body, Policy, Rule, Scope, Unit};

/// Roles that roster rows give (docs/rows.md, row 41).
const ROLES: &[&str] = &[
    "head_teacher",
    "trainer",
    "voc_professional",
    "backbone",
    "special_grade",
    "famous",
    "subject_leader",
    "excellent_young",
    "new_to_post",
];

/// Tags that the pages offer.
const TAGS: &[&str] = &["preservice", "new_teacher_training", "head_teacher_training"];

/// A minimum.
#[derive(Clone, Copy)]
struct Need<'p> {
    rule: &'p Rule,
    who: &'p str,
    scope: Scope,
    unit: Unit,
    buckets: &'p [String],
    any: &'p [String],
    exclude: &'p [String],
    value: u64,
}

impl<'p> Need<'p> {
    fn of(rule: &'p Rule) -> Option<Self> {
        match &rule.body {
            Body::Min { who, scope, unit, buckets, tags_any: any, tags_exclude: exclude, value } => {
                Some(Self { rule, who, scope: *scope, unit: *unit, buckets, any, exclude, value: *value })
            }
            _ => None,
        }
    }

    /// In h100, where all its buckets have one rate, or it is in hours.
    fn h100(&self, policy: &Policy) -> Option<u64> {
        let mut amounts = self.buckets.iter().map(|bucket| h100_of(policy, bucket, self.unit, self.value));
        let first = amounts.next()??;
        amounts.all(|amount| amount == Some(first)).then_some(first)
    }

    fn same_buckets(&self, other: &Self) -> bool {
        self.within(other) && other.within(self)
    }

    fn within(&self, other: &Self) -> bool {
        self.buckets.iter().all(|bucket| other.buckets.contains(bucket))
    }

    fn same_tags(&self, other: &Self) -> bool {
        let same = |a: &[String], b: &[String]| a.iter().all(|t| b.contains(t)) && b.iter().all(|t| a.contains(t));
        same(self.any, other.any) && same(self.exclude, other.exclude)
    }

    /// Whatever counts here counts there, as far as tags go.
    fn tags_within(&self, other: &Self) -> bool {
        let any = other.any.is_empty() || (!self.any.is_empty() && self.any.iter().all(|t| other.any.contains(t)));
        let exclude = other.exclude.iter().all(|t| self.exclude.contains(t));
        any && (exclude || (!self.any.is_empty() && self.any.iter().all(|t| !other.exclude.contains(t))))
    }

    /// Two minimums in one unit, or both in hours.
    fn amounts(&self, other: &Self, policy: &Policy) -> Option<(u64, u64)> {
        if self.unit == other.unit { Some((self.value, other.value)) } else { self.h100(policy).zip(other.h100(policy)) }
    }
}

pub(super) fn check(f: &mut Findings<'_>) {
    let needs: Vec<Need<'_>> = f.policy.rules.iter().filter_map(Need::of).collect();
    for need in &needs {
        applies(f, need);
        tags(f, need);
        if !under_caps(f, need) {
            all_years_under_caps(f, need);
        }
    }
    for (n, a) in needs.iter().enumerate() {
        for b in needs.iter().skip(n + 1).filter(|b| b.who == a.who) {
            if a.scope == b.scope {
                same_scope(f, a, b);
            } else {
                year_and_cycle(f, a, b);
                year_and_cycle(f, b, a);
            }
        }
    }
    windows(f);
}

fn applies(f: &mut Findings<'_>, need: &Need<'_>) {
    let rule = &[need.rule];
    if need.value == 0 {
        f.refuse(rule, "要求为0;数字空缺时不写这条规则(D-22)", "it asks for 0; leave a rule out whose number is blank (D-22)");
    }
    let probation = need.scope == Scope::Probation;
    if need.who == "new_teacher" && !probation {
        f.refuse(rule, "new_teacher 只用于试用期,这条规则永不生效", "new_teacher goes with probation only, it never applies");
    } else if need.who != "new_teacher" && probation {
        f.warn(
            rule,
            "试用期要求对所有新任教师生效,与 who 无关",
            "a rule of probation reaches every new teacher, whatever `who` says",
        );
    } else if need.who != "new_teacher" {
        role(f, need.rule, need.who);
    }
}

fn role(f: &mut Findings<'_>, rule: &Rule, who: &str) {
    if who != "all" && !ROLES.contains(&who) {
        let known = ROLES.join(", ");
        f.warn(
            &[rule],
            format!("花名册没有「{who}」这种身份,规则可能永不生效;已知: {known}"),
            format!("the roster knows no role '{who}', the rule may never apply; known: {known}"),
        );
    }
}

fn tags(f: &mut Findings<'_>, need: &Need<'_>) {
    let both: Vec<&str> = need.any.iter().filter(|tag| need.exclude.contains(tag)).map(String::as_str).collect();
    if !both.is_empty() {
        let list = both.join(", ");
        f.refuse(&[need.rule], format!("标签既要求又排除: {list}"), format!("tags both asked for and excluded: {list}"));
    }
    let unknown: Vec<&str> = need.any.iter().chain(need.exclude).map(String::as_str).filter(|t| !TAGS.contains(t)).collect();
    if !unknown.is_empty() {
        let (list, known) = (unknown.join(", "), TAGS.join(", "));
        f.warn(
            &[need.rule],
            format!("页面上没有这些标签: {list};已知: {known}"),
            format!("the pages do not offer these tags: {list}; known: {known}"),
        );
    }
}

/// The most that can be earned of what a minimum counts, in its unit, and the caps; `None`: some bucket has no cap.
fn reachable<'p>(policy: &'p Policy, need: &Need<'p>, scope: Scope) -> Option<(u64, Vec<&'p Rule>)> {
    let mut sum = 0_u64;
    let mut rules = vec![need.rule];
    for bucket in need.buckets {
        let (h100, cap) = most(policy, bucket, scope)?;
        rules.push(cap);
        sum += match need.unit {
            Unit::H100 => h100,
            Unit::C100 => h100.saturating_mul(100) / u64::from(policy.rate(bucket).filter(|rate| *rate > 0)?),
            Unit::Days => return None,
        };
    }
    Some((sum, rules))
}

/// Is it out of reach?
fn under_caps(f: &mut Findings<'_>, need: &Need<'_>) -> bool {
    let Some((most, rules)) = reachable(f.policy, need, need.scope) else { return false };
    let out_of_reach = most < need.value;
    if out_of_reach {
        let (unit, value) = (need.unit.word(), need.value);
        f.refuse(
            &rules,
            format!("封顶后最多只能得{most} {unit},达不到要求的{value}"),
            format!("at most {most} {unit} count under the caps, {value} are asked for"),
        );
    }
    out_of_reach
}

/// A yearly minimum that a cap of the cycle lets nobody reach in every year.
fn all_years_under_caps(f: &mut Findings<'_>, need: &Need<'_>) {
    if need.scope != Scope::Year {
        return;
    }
    let Some((most, rules)) = reachable(f.policy, need, Scope::Cycle) else { return };
    let (years, unit) = (f.policy.cycle_years, need.unit.word());
    let sum = need.value.saturating_mul(u64::from(years));
    if most < sum {
        f.refuse(
            &rules,
            format!("{years}年的年度要求共{sum} {unit},周期封顶后最多{most}"),
            format!("{years} yearly minimums are {sum} {unit}, at most {most} count in the cycle"),
        );
    }
}

fn same_scope(f: &mut Findings<'_>, a: &Need<'_>, b: &Need<'_>) {
    let both = [a.rule, b.rule];
    if a.same_buckets(b) && a.same_tags(b) {
        let differ = a.amounts(b, f.policy).is_none_or(|(x, y)| x != y);
        if differ && a.unit != b.unit {
            f.warn(&both, "同一要求用了两种单位", "the same is asked for in two units");
        } else if differ {
            let (x, y) = (a.value, b.value);
            f.refuse(
                &both,
                format!("同一要求有两个数值: {x} 与 {y}"),
                format!("the same is asked for with two values: {x} and {y}"),
            );
        }
        return;
    }
    for (part, whole) in [(a, b), (b, a)] {
        let inside = part.within(whole) && part.tags_within(whole);
        if inside && part.amounts(whole, f.policy).is_some_and(|(x, y)| x > y) {
            let (x, y) = (part.value, whole.value);
            f.refuse(
                &both,
                format!("部分要求{x}高于总要求{y}"),
                format!("a part ({x}) is asked to be more than the whole ({y})"),
            );
        }
    }
}

/// 48 × 5 = 240 < 360: who meets each year does not meet the cycle (DOMAIN, traps).
fn year_and_cycle(f: &mut Findings<'_>, year: &Need<'_>, cycle: &Need<'_>) {
    let comparable =
        year.scope == Scope::Year && cycle.scope == Scope::Cycle && year.same_buckets(cycle) && year.same_tags(cycle);
    let Some((a_year, whole)) = year.amounts(cycle, f.policy).filter(|_| comparable) else { return };
    let years = f.policy.cycle_years;
    let sum = a_year.saturating_mul(u64::from(years));
    let both = [year.rule, cycle.rule];
    if sum < whole {
        f.warn(
            &both,
            format!("年年达标不等于周期达标: {a_year}×{years}={sum},少于{whole}"),
            format!("meeting each year is not meeting the cycle: {a_year} x {years} = {sum}, less than {whole}"),
        );
    } else if sum > whole {
        f.warn(
            &both,
            format!("年度要求之和高于周期要求: {a_year}×{years}={sum},多于{whole},周期要求不起作用"),
            format!("the years ask for more than the cycle, which adds nothing: {a_year} x {years} = {sum}, more than {whole}"),
        );
    }
}

/// Windows of `min_any`.
fn windows<'p>(f: &mut Findings<'p>) {
    let any = |body: &'p Body| match body {
        Body::MinAny { who, options, .. } => Some((who, options)),
        _ => None,
    };
    for (rule, (who, options)) in f.policy.pick(any) {
        role(f, rule, who);
        if options.iter().any(|(_, value)| *value == 0) {
            f.refuse(&[rule], "有一个时段要求为0", "a window asks for 0");
        }
        if let Some((years, _)) = options.iter().find(|(years, _)| *years > f.policy.cycle_years) {
            f.warn(&[rule], format!("{years}年的时段长于周期"), format!("a window of {years} years is longer than the cycle"));
        }
        for (n, (years, value)) in options.iter().enumerate() {
            // A shorter window that asks for as much is met only where the longer one is met, too.
            let easier =
                |(k, (y, v)): (usize, &(u32, u64))| k != n && y >= years && v <= value && (k < n || (y, v) != (years, value));
            if options.iter().enumerate().any(easier) {
                f.warn(
                    &[rule],
                    format!("{years}年{value}的选项多余:有更宽的选项"),
                    format!("the option of {value} in {years} years is idle: another one is easier"),
                );
            }
        }
    }
}
