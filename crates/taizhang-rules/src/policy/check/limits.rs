//! Caps against each other, and what a teacher can reach at most under them. Amounts of different units are compared in h100, by the rate of the bucket.

use super::Findings;
use crate::policy::{Body, Policy, Rule, Scope, Unit};

/// A cap, in h100.
#[derive(Clone, Copy)]
struct Limit<'p> {
    rule: &'p Rule,
    bucket: &'p str,
    scope: Scope,
    h100: u64,
}

/// An amount of a bucket in h100; `None`: it is in credits and there is no rate, or in days.
pub(super) fn h100_of(policy: &Policy, bucket: &str, unit: Unit, value: u64) -> Option<u64> {
    match unit {
        Unit::H100 => Some(value),
        Unit::C100 => policy.rate(bucket).filter(|rate| *rate > 0).map(|rate| value.saturating_mul(u64::from(rate)) / 100),
        Unit::Days => None,
    }
}

fn limits(policy: &Policy) -> Vec<Limit<'_>> {
    let caps = policy.rules.iter().filter_map(|rule| match &rule.body {
        Body::Cap { bucket, scope, unit, value } => {
            h100_of(policy, bucket, *unit, *value).map(|h100| Limit { rule, bucket, scope: *scope, h100 })
        }
        _ => None,
    });
    caps.collect()
}

pub(super) fn check(f: &mut Findings<'_>) {
    let caps = limits(f.policy);
    let years = f.policy.cycle_years;
    for (n, a) in caps.iter().enumerate() {
        for b in caps.iter().skip(n + 1).filter(|b| b.bucket == a.bucket) {
            let both = [a.rule, b.rule];
            if a.scope == b.scope && a.h100 != b.h100 {
                f.refuse(&both, "同一类学时在同一时段有两个封顶值", "two caps of one bucket over the same time");
            } else if a.scope != b.scope {
                let (year, cycle) = if a.scope == Scope::Year { (a, b) } else { (b, a) };
                year_and_cycle(f, &both, year.h100, cycle.h100, years);
            }
        }
    }
}

fn year_and_cycle(f: &mut Findings<'_>, both: &[&Rule], year: u64, cycle: u64, years: u32) {
    if year > cycle {
        f.warn(both, "年度封顶高于周期封顶,年度封顶不起作用", "the cap of a year is above that of the cycle and does nothing");
    } else if year.saturating_mul(u64::from(years)) < cycle {
        f.warn(
            both,
            "各年封顶之和低于周期封顶,周期封顶不起作用",
            "the caps of all years stay below that of the cycle, which does nothing",
        );
    }
}

/// The most that one can earn in a bucket over a scope, in h100, and the caps that say so; `None`: no cap.
///
/// 12 months of probation touch two years, and maybe two cycles.
pub(super) fn most<'p>(policy: &'p Policy, bucket: &str, scope: Scope) -> Option<(u64, &'p Rule)> {
    let years = u64::from(policy.cycle_years);
    let limits = limits(policy).into_iter().filter(|limit| limit.bucket == bucket);
    let over_scope = limits.filter_map(|limit| {
        let times = match (limit.scope, scope) {
            (Scope::Year, Scope::Cycle) => years,
            (Scope::Year, Scope::Year) | (Scope::Cycle, Scope::Year | Scope::Cycle) => 1,
            (Scope::Year | Scope::Cycle, Scope::Probation) => 2,
            (Scope::Probation, _) => return None,
        };
        Some((limit.h100.saturating_mul(times), limit.rule))
    });
    over_scope.min_by_key(|(h100, _)| *h100)
}
