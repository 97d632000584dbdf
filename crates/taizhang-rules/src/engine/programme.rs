//! Step 6: a programme counts whole or not at all; its planned hours are compared with what its rules say.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Compiled, Item, Run,
    compile::{Programme, RuleSet},
};
use crate::{
    account::{Cite, Reason},
    case::{Case, Level},
};

/// Leave in half-days by programme: it is counted over all of its parts.
pub(super) fn leave<'c>(items: &[Item<'c, '_>]) -> BTreeMap<&'c str, u64> {
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for item in items {
        if let Some(programme) = item.activity.programme.as_deref() {
            *sums.entry(programme).or_default() += u64::from(item.registration.leave_halfdays);
        }
    }
    sums
}

/// Parts of programmes in which the teacher has no hours at all, with a note for each.
fn missing<'c>(case: &'c Case, items: &[Item<'_, '_>], run: &mut Run<'_>) -> BTreeSet<&'c str> {
    let there: BTreeSet<&str> = items.iter().map(|item| item.activity.id.as_str()).collect();
    let parts = case.activities.iter().filter(|a| a.programme.is_some() && !there.contains(a.id.as_str()));
    let missing = parts.filter_map(|a| Some((a.id.as_str(), a.programme.as_deref()?)));
    missing.inspect(|(id, _)| run.note("programme_part_missing", id)).map(|(_, programme)| programme).collect()
}

/// Refuses what is left of programmes with a part that is not recognised or not registered, and finds plans out of line.
pub(super) fn all_or_nothing(case: &Case, items: &mut [Item<'_, '_>], run: &mut Run<'_>) {
    let mut programmes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, item) in items.iter().enumerate() {
        if let Some(programme) = item.activity.programme.as_deref() {
            programmes.entry(programme).or_default().push(at);
        }
    }
    let missing = missing(case, items, run);
    for (programme, places) in programmes {
        let parts: Vec<&Item<'_, '_>> = places.iter().filter_map(|at| items.get(*at)).collect();
        let last = parts.iter().max_by_key(|item| item.activity.end).and_then(|item| item.set);
        let school_only = parts.iter().all(|item| item.activity.level == Level::School);
        let incomplete = missing.contains(programme) || parts.iter().any(|item| item.reason != Reason::Ok);
        let own = &run.compiled.own.programme;
        let reaches = |rule: &&Programme| rule.programme == programme && (school_only || !rule.school_only);
        let cite: Cite =
            last.and_then(|set| set.programmes.iter().find(reaches)).map_or_else(|| own.clone(), |rule| rule.cite.clone());
        if let Some(set) = last {
            plan_findings(programme, &parts, set, school_only, run);
        }
        for at in places {
            if let Some(item) = items.get_mut(at).filter(|item| incomplete && item.reason == Reason::Ok) {
                item.refuse(Reason::ProgrammeNotCompleted, &cite);
            }
        }
    }
}

fn plan_findings(programme: &str, parts: &[&Item<'_, '_>], set: &RuleSet, school_only: bool, run: &mut Run<'_>) {
    let (total, by_bucket) = planned(parts, run.compiled);
    let of = |bucket: &str| by_bucket.get(bucket).copied().unwrap_or(0);
    for rule in set.programmes.iter().filter(|r| r.programme == programme && (school_only || !r.school_only)) {
        if total < rule.min_h100 {
            run.find("below_programme_minimum", programme);
        }
        for (bucket, about) in &rule.about {
            let off = u128::from(of(bucket).abs_diff(*about)) * 10_000;
            if off > u128::from(*about) * u128::from(rule.about_tolerance_bp) {
                run.find("about_out_of_tolerance", &format!("{programme}:{bucket}"));
            }
        }
    }
    for rule in set.shares.iter().filter(|r| r.programme == programme && (school_only || !r.school_only)) {
        if u128::from(of(&rule.bucket)) * 10_000 > u128::from(total) * u128::from(rule.bp_max) {
            run.find("online_share_over", programme);
        }
    }
}

/// Planned hours, together and by bucket.
fn planned<'s>(parts: &[&Item<'_, '_>], compiled: &'s Compiled<'_, '_>) -> (u64, BTreeMap<&'s str, u64>) {
    let mut by_bucket: BTreeMap<&str, u64> = BTreeMap::new();
    for item in parts {
        let name = compiled.tables.buckets.get(item.bucket()).map_or("", AsRef::as_ref);
        *by_bucket.entry(name).or_default() += u64::from(item.activity.planned_h100);
    }
    (by_bucket.values().sum(), by_bucket)
}
