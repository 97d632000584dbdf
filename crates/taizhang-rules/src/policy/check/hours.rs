//! Kinds, buckets and rates.

use super::Findings;
use crate::policy::{Body, Rule, Unit};

pub(super) fn check(f: &mut Findings<'_>) {
    kinds_and_rates(f);
    for (rule, unit, buckets) in f.policy.rules.iter().filter_map(asks).collect::<Vec<_>>() {
        for bucket in buckets {
            filled(f, rule, bucket);
            if unit == Some(Unit::C100) {
                has_rate(f, rule, bucket);
            }
        }
    }
    account_in_credits(f);
    repeated(f);
}

/// A kind belongs to one bucket, a bucket has one rate.
fn kinds_and_rates(f: &mut Findings<'_>) {
    for [(a, first), (b, second)] in f.pairs(Body::as_convert) {
        let both: Vec<&str> = first.kinds.iter().filter(|kind| second.kinds.contains(kind)).map(|kind| kind.word()).collect();
        if !both.is_empty() {
            let kinds = both.join(", ");
            f.refuse(&[a, b], format!("同一类别有两条折算规则: {kinds}"), format!("two rules convert the same kind: {kinds}"));
        }
        if first.bucket == second.bucket && first.h100_per_credit != second.h100_per_credit {
            let (bucket, one, two) = (first.bucket, first.h100_per_credit, second.h100_per_credit);
            f.refuse(
                &[a, b],
                format!("「{bucket}」有两个折算标准: {one} 与 {two}"),
                format!("bucket '{bucket}' has two rates: {one} and {two} h100 per credit"),
            );
        }
    }
}

/// What a rule asks of buckets.
fn asks(rule: &Rule) -> Option<(&Rule, Option<Unit>, Vec<&str>)> {
    let (unit, buckets): (Option<Unit>, Vec<&str>) = match &rule.body {
        Body::Cap { bucket, unit, .. } => (Some(*unit), vec![bucket]),
        Body::Min { buckets, unit, .. } | Body::MinAny { buckets, unit, .. } => {
            (Some(*unit), buckets.iter().map(String::as_str).collect())
        }
        Body::ShareLimit { bucket, .. } | Body::Coverage { bucket, .. } => (None, vec![bucket]),
        Body::Programme { about, .. } => (None, about.keys().map(String::as_str).collect()),
        _ => return None,
    };
    Some((rule, unit, buckets))
}

fn filled(f: &mut Findings<'_>, rule: &Rule, bucket: &str) {
    if f.policy.rate(bucket).is_some() {
        return;
    }
    let zh = format!("没有任何类别计入「{bucket}」");
    let en = format!("no rule converts anything into bucket '{bucket}'");
    if f.policy.overlay {
        f.warn(&[rule], zh + ";需由同用的市级政策计入", en + "; the policy it is used with must");
    } else {
        f.refuse(&[rule], zh, en);
    }
}

fn has_rate(f: &mut Findings<'_>, rule: &Rule, bucket: &str) {
    if f.policy.rate(bucket) != Some(0) {
        return;
    }
    let converts: Vec<&Rule> = f.policy.pick(Body::as_convert).filter(|(_, c)| c.bucket == bucket).map(|(r, _)| r).collect();
    let mut rules = vec![rule];
    rules.extend(converts);
    f.refuse(
        &rules,
        format!("以学分计,但「{bucket}」没有学时折算学分的标准"),
        format!("it is in credits, and bucket '{bucket}' has no rate"),
    );
}

fn account_in_credits(f: &mut Findings<'_>) {
    if f.policy.account_unit != Unit::C100 {
        return;
    }
    let without: Vec<&Rule> = f.policy.pick(Body::as_convert).filter(|(_, c)| c.h100_per_credit == 0).map(|(r, _)| r).collect();
    let all = f.policy.pick(Body::as_convert).count();
    if all > 0 && without.len() == all {
        f.refuse(&without, "账户以学分计,但没有任何折算标准", "accounts are in credits, and no bucket has a rate");
    } else if !without.is_empty() {
        f.warn(&without, "账户以学分计,这些规则的学时不折算学分", "accounts are in credits, the hours of these rules give none");
    }
}

/// The same rule under two ids.
fn repeated(f: &mut Findings<'_>) {
    for [(a, one), (b, two)] in f.pairs(Some) {
        if one == two && !matches!(one, Body::Convert { .. }) {
            f.warn(&[a, b], "两条规则内容相同", "the two rules say the same");
        }
    }
}
