//! Programmes, places, shares, choices and money.

use std::collections::BTreeMap;

use super::{Findings, meet};
use crate::{
    case::{DegreeLevel, Level, Stage},
    policy::{Body, Rule},
};

pub(super) fn check(f: &mut Findings<'_>) {
    programmes(f);
    shares(f);
    quotas(f);
    quota_sums(f);
    coverages(f);
    degree_targets(f);
    selections(f);
    funds(f);
}

/// D-11: a week is 5 days of 8 hours.
const WEEK_H100: u64 = 4_000;

fn programmes<'p>(f: &mut Findings<'p>) {
    let programmes = |body: &'p Body| match body {
        Body::Programme { programme, min_h100, min_weeks, about, about_tolerance_bp } => {
            Some((programme, *min_h100, *min_weeks, about, u64::from(*about_tolerance_bp)))
        }
        _ => None,
    };
    for (rule, (_, min_h100, min_weeks, about, tolerance_bp)) in f.policy.pick(programmes) {
        let weeks = min_weeks.map(|weeks| u64::from(weeks) * WEEK_H100);
        if weeks.is_some_and(|h100| h100 != min_h100) {
            f.warn(&[rule], "周数与学时不符(每周40学时,D-11)", "weeks and hours disagree (40 hours a week, D-11)");
        }
        let sum: u64 = about.values().sum();
        let least = sum.saturating_mul(10_000_u64.saturating_sub(tolerance_bp)) / 10_000;
        if least > min_h100 {
            f.warn(
                &[rule],
                format!("各部分至少共{least} h100,高于最低学时{min_h100},最低学时不起作用"),
                format!("the parts are at least {least} h100 together, more than the minimum of {min_h100}, which adds nothing"),
            );
        }
    }
    for [(a, (one, ..)), (b, (two, ..))] in f.pairs(programmes) {
        if one == two {
            f.refuse(&[a, b], format!("项目「{one}」有两条规则"), format!("two rules about programme '{one}'"));
        }
    }
}

fn shares<'p>(f: &mut Findings<'p>) {
    let shares = |body: &'p Body| match body {
        Body::ShareLimit { programme, bucket, bp_max, .. } => Some((programme, bucket, *bp_max)),
        _ => None,
    };
    for (rule, (programme, bucket, bp_max)) in f.policy.pick(shares) {
        let of_it = f.policy.rules.iter().find_map(|other| match &other.body {
            Body::Programme { programme: name, about, .. } if name == programme => Some((other, about)),
            _ => None,
        });
        match of_it {
            None => f.refuse(&[rule], format!("没有项目「{programme}」"), format!("there is no programme '{programme}'")),
            Some((other, about)) if bp_max == 0 && about.contains_key(bucket) => {
                f.refuse(&[rule, other], "一条规则要求的部分,另一条不允许", "one rule asks for a part that the other forbids");
            }
            Some(_) => {}
        }
    }
    for [(a, one), (b, two)] in f.pairs(shares) {
        if (one.0, one.1) == (two.0, two.1) && one.2 != two.2 {
            f.refuse(&[a, b], "同一项目同一部分有两个比例上限", "two limits for the same share of a programme");
        }
    }
}

fn quotas<'p>(f: &mut Findings<'p>) {
    let quotas = |body: &'p Body| match body {
        Body::Quota { year, org_level, total, parts } => Some((*year, *org_level, *total, parts)),
        _ => None,
    };
    for (rule, (_, _, total, parts)) in f.policy.pick(quotas) {
        let sum: u64 = parts.values().sum();
        if sum != total {
            f.refuse(
                &[rule],
                format!("各类名额共{sum},与总数{total}不符"),
                format!("the parts add up to {sum}, the total is {total}"),
            );
        }
    }
    for [(a, one), (b, two)] in f.pairs(quotas) {
        if (one.0, one.1) == (two.0, two.1) && (one.2, one.3) != (two.2, two.3) {
            f.refuse(&[a, b], "同一年度同一级别有两套名额", "two quotas for the same year and level");
        }
    }
}

fn quota_sums(f: &mut Findings<'_>) {
    let years: Vec<(&Rule, u16, Level, u64)> = f
        .policy
        .rules
        .iter()
        .filter_map(|rule| match &rule.body {
            Body::Quota { year, org_level, total, .. } => Some((rule, *year, *org_level, *total)),
            _ => None,
        })
        .collect();
    for rule in &f.policy.rules {
        let Body::QuotaSum { org_level, years: named, total } = &rule.body else { continue };
        let of_it: Vec<_> = years.iter().filter(|(_, year, level, _)| named.contains(year) && level == org_level).collect();
        let missing: Vec<String> =
            named.iter().filter(|year| !of_it.iter().any(|(_, y, ..)| y == *year)).map(ToString::to_string).collect();
        if !missing.is_empty() {
            let list = missing.join(", ");
            f.refuse(&[rule], format!("这些年度没有名额: {list}"), format!("there is no quota of these years: {list}"));
            continue;
        }
        let sum: u64 = of_it.iter().map(|(_, _, _, total)| total).sum();
        if sum != *total {
            let mut rules = vec![rule];
            rules.extend(of_it.iter().map(|(rule, ..)| *rule));
            f.refuse(
                &rules,
                format!("各年名额共{sum},与总数{total}不符"),
                format!("the years add up to {sum}, the total is {total}"),
            );
        }
    }
}

fn coverages<'p>(f: &mut Findings<'p>) {
    let coverages = |body: &'p Body| match body {
        Body::Coverage { window_from, window_to, bucket, org_levels, bp, split_bp } => {
            Some(((*window_from, *window_to, bucket, org_levels), *bp, split_bp))
        }
        _ => None,
    };
    for (rule, ((from, to, ..), _, split_bp)) in f.policy.pick(coverages) {
        if split_bp.is_empty() {
            continue;
        }
        let sum: u32 = split_bp.iter().sum();
        if sum != 10_000 {
            f.refuse(
                &[rule],
                format!("各年比例共{sum},应为10000"),
                format!("the shares of the years add up to {sum}, not to 10000"),
            );
        }
        let years = usize::from(to.year().saturating_sub(from.year())) + 1;
        if split_bp.len() != years {
            let parts = split_bp.len();
            f.refuse(&[rule], format!("{years}年的时段分成了{parts}份"), format!("{parts} shares for a window of {years} years"));
        }
    }
    for [(a, one), (b, two)] in f.pairs(coverages) {
        if one.0 == two.0 && (one.1, one.2) != (two.1, two.2) {
            f.refuse(&[a, b], "同一范围有两个覆盖比例", "two shares for the same coverage");
        }
    }
}

/// Shares of one stage must not fall with the degree asked for, or the higher one is idle.
fn degree_targets<'p>(f: &mut Findings<'p>) {
    let targets = |body: &'p Body| match body {
        Body::DegreeTarget { bp, bp_rural, .. } => Some((bp, bp_rural)),
        _ => None,
    };
    for (rule, (bp, bp_rural)) in f.policy.pick(targets) {
        let foreign: Vec<&str> = bp
            .keys()
            .chain(bp_rural.keys())
            .filter(|key| stage_degree(key).is_none_or(|(stage, _)| !f.policy.stages.contains(&stage)))
            .map(String::as_str)
            .collect();
        if !foreign.is_empty() {
            let list = foreign.join(", ");
            f.warn(&[rule], format!("不在本政策适用的学段: {list}"), format!("the policy is not for these stages: {list}"));
        }
        if higher_above_lower(bp) || higher_above_lower(bp_rural) {
            f.refuse(&[rule], "高学历比例高于同学段的低学历比例", "a higher degree is asked of more teachers than a lower one");
        }
        if bp.keys().ne(bp_rural.keys()) {
            f.warn(&[rule], "城乡指标的项目不同", "the country's targets name other degrees");
        }
    }
}

fn stage_degree(key: &str) -> Option<(Stage, DegreeLevel)> {
    let (stage, degree) = key.rsplit_once('_')?;
    Some((Stage::from_word(stage)?, DegreeLevel::from_word(degree)?))
}

fn higher_above_lower(bp: &BTreeMap<String, u32>) -> bool {
    let targets: Vec<_> = bp.iter().filter_map(|(key, bp)| Some((stage_degree(key)?, *bp))).collect();
    let above = |((stage, degree), bp): &((Stage, DegreeLevel), u32)| {
        targets.iter().any(|((other, lower), least)| other == stage && lower < degree && least < bp)
    };
    targets.iter().any(above)
}

fn selections<'p>(f: &mut Findings<'p>) {
    let choices = |body: &'p Body| match body {
        Body::Select { what, bp, count, says } => Some((what, (*bp, *count, says))),
        _ => None,
    };
    for [(a, (one, how)), (b, (two, other))] in f.pairs(choices) {
        if one == two && how != other {
            f.refuse(&[a, b], format!("「{one}」有两种选法"), format!("'{one}' is chosen in two ways"));
        }
    }
}

fn funds<'p>(f: &mut Findings<'p>) {
    let funds = |body: &'p Body| match body {
        Body::Fund { base, bp, fen, holder, uses } => Some((base, *bp, *fen, holder, uses)),
        _ => None,
    };
    for [(a, one), (b, two)] in f.pairs(funds) {
        let same = one.0 == two.0 && one.3 == two.3 && meet(one.4, two.4);
        if same && (one.1, one.2) != (two.1, two.2) {
            f.refuse(&[a, b], "同一来源由同一单位按两个标准安排", "two shares of the same money from the same holder");
        }
    }
}
