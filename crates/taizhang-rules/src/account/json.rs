//! Writes an account as JSON: the standard form, exactly its keys; and everything more for those who ask why.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value, json};

use super::{Account, ActivityResult, Amount, Bucket, Cite, LineStatus, RequirementLine};
use crate::{
    case::Case,
    explain::{self, Text},
    policy::regime::Regime,
};

/// The standard form: `activities`, `by_year`, `cycle`, `rules`, `status`, `findings`.
///
/// Of lines that any one of several windows satisfies (`min_any`) it shows those that are decided: while one is open no single window is asked for.
#[must_use]
pub fn standard(account: &Account) -> Value {
    let years = account.by_year.iter().map(|(year, sums)| (year.to_string(), amounts(sums)));
    let decided = |line: &&RequirementLine| !line.any_window || line.status != LineStatus::Open;
    json!({
        "activities": account.activities.iter().map(activity).collect::<Vec<_>>(),
        "by_year": years.collect::<Map<_, _>>(),
        "cycle": amounts(&account.cycle),
        "rules": account.rules.iter().filter(decided).map(rule).collect::<Vec<_>>(),
        "status": account.status.word(),
        "findings": account.findings,
    })
}

/// The standard form, and under `explain` where every hour went, every source, what is missing and what is open.
#[must_use]
pub fn explained(account: &Account, case: &Case, regime: &Regime<'_>) -> Value {
    let mut value = standard(account);
    if let Some(map) = value.as_object_mut() {
        map.insert("explain".into(), explain(account, case, regime));
    }
    value
}

fn activity(a: &ActivityResult) -> Value {
    json!({
        "activity": a.activity,
        "bucket": a.bucket.as_ref(),
        "h100": a.h100,
        "excess_h100": a.excess_h100,
        "reason": a.reason.word(),
        "year": a.year,
    })
}

fn rule(line: &RequirementLine) -> Value {
    json!({
        "rule": line.cite.rule.as_ref(),
        "scope": line.scope,
        "need": line.need,
        "got": line.got,
        "status": line.status.word(),
    })
}

fn amounts(sums: &BTreeMap<Arc<str>, Amount>) -> Value {
    let amount = |a: &Amount| match a.c100 {
        Some(c100) => json!({ "h100": a.h100, "c100": c100 }),
        None => json!({ "h100": a.h100 }),
    };
    sums.iter().map(|(bucket, a)| (bucket.to_string(), amount(a))).collect::<Map<_, _>>().into()
}

fn explain(account: &Account, case: &Case, regime: &Regime<'_>) -> Value {
    let why = explain::explain(account, case, regime);
    let activities = account.activities.iter().zip(&why.activities).map(|(a, text)| explained_activity(a, text));
    let rules = account.rules.iter().zip(&why.rules).map(|(line, text)| explained_rule(line, text));
    let missing = account.missing().map(|(line, short)| {
        json!({ "rule": line.cite.rule.as_ref(), "scope": line.scope, "unit": line.unit.word(), "missing": short })
    });
    json!({
        "policy": account.policy.as_ref(),
        "cycle": account.span.map(|(start, end)| json!({ "start": start.to_string(), "end": end.to_string() })),
        "status": both(&why.status),
        "activities": activities.collect::<Vec<_>>(),
        "rules": rules.collect::<Vec<_>>(),
        "missing": missing.collect::<Vec<_>>(),
        "buckets": account.buckets.iter().map(|(name, b)| (name.to_string(), bucket(b))).collect::<Map<_, _>>(),
        "probation": account.probation.as_ref().map(amounts),
        "notes": account.notes,
        "open": account.open.iter().map(|o| json!({ "what": o.what, "about": o.about })).collect::<Vec<_>>(),
    })
}

fn explained_activity(a: &ActivityResult, text: &Text) -> Value {
    let lost = a.lost.iter().map(|l| {
        let mut value = json!({ "h100": l.h100, "reason": l.reason.word() });
        add_cite(&mut value, &l.cite);
        value
    });
    let mut value = json!({
        "activity": a.activity,
        "registration": a.registration,
        "attended_h100": a.attended_h100,
        "h100": a.h100,
        "lost": lost.collect::<Vec<_>>(),
        "zh": text.zh,
        "en": text.en,
    });
    add_cite(&mut value, &a.cite);
    value
}

fn explained_rule(line: &RequirementLine, text: &Text) -> Value {
    json!({
        "rule": line.cite.rule.as_ref(),
        "source": line.cite.source.as_ref(),
        "scope": line.scope,
        "who": line.who.as_ref(),
        "unit": line.unit.word(),
        "buckets": line.buckets.iter().map(AsRef::as_ref).collect::<Vec<&str>>(),
        "any_window": line.any_window,
        "need": line.need,
        "got": line.got,
        "missing": line.need.saturating_sub(line.got),
        "status": line.status.word(),
        "zh": text.zh,
        "en": text.en,
    })
}

fn add_cite(value: &mut Value, cite: &Cite) {
    if let Some(map) = value.as_object_mut() {
        map.insert("rule".into(), cite.rule.as_ref().into());
        map.insert("source".into(), cite.source.as_ref().into());
    }
}

fn bucket(b: &Bucket) -> Value {
    json!({
        "counted_h100": b.counted_h100,
        "pending_h100": b.pending_h100,
        "capped_h100": b.capped_h100,
        "forfeited_h100": b.forfeited_h100,
    })
}

fn both(text: &Text) -> Value {
    json!({ "zh": text.zh, "en": text.en })
}
