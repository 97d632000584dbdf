//! Cycle and dates, decisions that a policy rests on, texts that are not whole.

use std::collections::BTreeMap;

use super::Findings;
use crate::policy::{Body, Rule};

pub(super) fn check(f: &mut Findings<'_>) {
    cycle(f);
    substitutes(f);
    decisions(f);
    if !f.policy.complete {
        f.note(
            &[],
            "手头的文本不完整,缺的条款没有写成规则",
            "the text at hand is not whole: articles that are missing have no rules",
        );
    }
}

fn cycle(f: &mut Findings<'_>) {
    let policy = f.policy;
    let (_, month, day) = policy.cycle_start.ymd();
    if (month, day) != policy.year_start {
        let (m, d) = policy.year_start;
        f.refuse(
            &[],
            format!("周期从{month:02}-{day:02}开始,年度从{m:02}-{d:02}开始,两者不合"),
            format!("the cycle begins on {month:02}-{day:02} and the year on {m:02}-{d:02}: years would not fit into the cycle"),
        );
    }
    if policy.cycle_start > policy.effective_from {
        f.warn(
            &[],
            format!("首个周期({})之前的活动不属于任何周期", policy.cycle_start),
            format!("activities before the first cycle ({}) belong to none", policy.cycle_start),
        );
    }
    if policy.effective_to.is_some_and(|to| to < policy.cycle_start) {
        f.refuse(&[], "政策在首个周期之前已失效", "the policy ends before its first cycle");
    }
    if policy.issued.is_some_and(|issued| policy.effective_from < issued) {
        f.note(&[], "生效日早于印发日", "it is in force from a day before it was issued");
    }
}

/// D-02: what degrees may stand in for is said by a minimum that counts both.
fn substitutes(f: &mut Findings<'_>) {
    let side = f.policy.degree_substitutes.as_str();
    if side == "none" {
        return;
    }
    let both = |rule: &Rule| match &rule.body {
        Body::Min { buckets, .. } => buckets.iter().any(|b| b == side) && buckets.iter().any(|b| b == "degree"),
        _ => false,
    };
    if !f.policy.rules.iter().any(both) {
        f.warn(
            &[],
            format!("写明学历可替代「{side}」,但没有一条要求同时计入两者"),
            format!("degrees are said to stand in for '{side}', and no minimum counts both"),
        );
    }
}

/// Decisions named in sources: the text alone does not say it.
fn decisions(f: &mut Findings<'_>) {
    let mut by_decision: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
    for rule in &f.policy.rules {
        for decision in named(&rule.source) {
            by_decision.entry(decision).or_default().push(rule);
        }
    }
    for decision in named(&f.policy.cycle_source) {
        by_decision.entry(decision).or_default();
    }
    for (decision, rules) in by_decision {
        f.note(&rules, format!("依据的是决定 {decision},不是原文"), format!("rests on decision {decision}, not on the text"));
    }
}

/// `D-` and two digits, wherever they stand.
fn named(source: &str) -> impl Iterator<Item = &str> {
    source.match_indices("D-").filter_map(|(at, _)| {
        let word = source.get(at..at + 4)?;
        word.bytes().skip(2).all(|b| b.is_ascii_digit()).then_some(word)
    })
}
