//! The fields of each type of rule. Here those that make accounts; [`office`] has the others.

mod office;

use std::collections::BTreeMap;

use super::{Form, fields::Fields};
use crate::{
    account::Reason,
    policy::{Body, Measure, SaidType, Scope, Unit},
};

type Reader = fn(&mut Fields<'_, '_>) -> Body;

/// Every type that has a body of its own; the others are words ([`SaidType`]).
const READERS: &[(&str, Reader)] = &[
    ("convert", convert),
    ("plan_required", |f| Body::PlanRequired { kinds: f.closed_list("kinds") }),
    ("eligible", eligible),
    ("eligible_degree", eligible_degree),
    ("ban", ban),
    ("forfeit", forfeit),
    ("assessment", |f| Body::Assessment { kinds: f.closed_list("kinds"), retake: f.flag("retake") }),
    ("cap", cap),
    ("min", min),
    ("min_any", min_any),
    ("programme", programme),
    ("share_limit", share_limit),
    ("repeat_slot", repeat_slot),
    ("coverage", office::coverage),
    ("quota", office::quota),
    ("quota_sum", office::quota_sum),
    ("ratio", office::ratio),
    ("degree_target", office::degree_target),
    ("authority", office::authority),
    ("deadline", office::deadline),
    ("window", office::window),
    ("select", office::select),
    ("fund", office::fund),
];

/// Reads the body by its `type`; nothing where the type is unknown.
pub(super) fn read(f: &mut Fields<'_, '_>) -> Option<Body> {
    let said = SaidType::ALL.iter().map(|what| what.word());
    let types: Vec<&'static str> = READERS.iter().map(|(word, _)| *word).chain(said).collect();
    let word = f.one_of("type", &types);
    if let Some((_, reader)) = READERS.iter().find(|(name, _)| *name == word) {
        return Some(reader(f));
    }
    let Some(what) = SaidType::from_word(word) else {
        f.ask_no_more();
        return None;
    };
    Some(Body::Said { what, says: office::said(f, what) })
}

/// Hours of a year and more, in h100 or c100.
const AMOUNT: u64 = 1_000_000;
/// Hundredths of a percent: 100 %.
const WHOLE_BP: u64 = 10_000;
/// 32 class hours of 45 minutes: a day and a night.
const DAY_H100: u64 = 3_200;
/// Years that a rule may speak of.
const MOST_YEARS: u64 = 20;

fn convert(f: &mut Fields<'_, '_>) -> Body {
    Body::Convert {
        kinds: f.closed_list("kinds"),
        bucket: f.word("bucket"),
        h100_per_credit: f.number("h100_per_credit", 0..=100_000),
        day_h100: f.may("day_h100", |f, field| f.number(field, 1..=DAY_H100)),
    }
}

/// Reasons of `eligible`; the others are given by other rules.
const ELIGIBLE: &[Reason] =
    &[Reason::OnlineNotRegistered, Reason::NoQualifiedDegree, Reason::SubstituteNotAllowed, Reason::NotEligible];

fn eligible(f: &mut Fields<'_, '_>) -> Body {
    Body::Eligible {
        kinds: f.closed_list("kinds"),
        org_levels: f.closed_list_or_all("org_levels"),
        requires: f.closed_list_or_all("requires"),
        reason: f.closed_of("reason", ELIGIBLE, Reason::NotEligible),
    }
}

fn eligible_degree(f: &mut Fields<'_, '_>) -> Body {
    Body::EligibleDegree {
        min_level: f.closed_pairs("min_level").into_iter().collect(),
        reason: f.closed_of("reason", &[Reason::DegreeLevelTooLow, Reason::NotEligible], Reason::NotEligible),
    }
}

fn ban(f: &mut Fields<'_, '_>) -> Body {
    Body::Ban {
        triggers: f.list_of("triggers", &["no_show", "serious_breach"]),
        years: f.number("years", 1..=MOST_YEARS),
        org_levels: f.closed_list("org_levels"),
    }
}

fn forfeit(f: &mut Fields<'_, '_>) -> Body {
    let kinds = f.closed_list("kinds");
    let measure = match f.one_of("measure", &["absent_share", "leave_halfdays", "online_incomplete"]) {
        "absent_share" => Measure::AbsentShare { num: f.number("num", 0..=1_000), den: f.number("den", 1..=1_000) },
        "leave_halfdays" => Measure::LeaveHalfdays { value: f.number("value", 0..=1_000) },
        "online_incomplete" => return Body::Forfeit { kinds, measure: Measure::OnlineIncomplete, over: false },
        _ => {
            f.ask_no_more();
            Measure::OnlineIncomplete
        }
    };
    Body::Forfeit { kinds, measure, over: f.one_of("cmp", &["ge", "gt"]) == "gt" }
}

fn cap(f: &mut Fields<'_, '_>) -> Body {
    Body::Cap {
        bucket: f.word("bucket"),
        scope: f.closed_of("scope", &[Scope::Year, Scope::Cycle], Scope::Cycle),
        unit: f.closed_of("unit", &[Unit::H100, Unit::C100], Unit::H100),
        value: f.number("value", 1..=AMOUNT),
    }
}

fn min(f: &mut Fields<'_, '_>) -> Body {
    Body::Min {
        who: f.word("who"),
        scope: f.closed("scope", Scope::Cycle),
        unit: f.closed("unit", Unit::H100),
        buckets: f.words("buckets"),
        tags_any: f.may("tags_any", Fields::words).unwrap_or_default(),
        tags_exclude: f.may("tags_exclude", Fields::words).unwrap_or_default(),
        value: f.number("value", 1..=AMOUNT),
    }
}

fn min_any(f: &mut Fields<'_, '_>) -> Body {
    Body::MinAny {
        who: f.word("who"),
        unit: f.closed("unit", Unit::Days),
        buckets: f.words("buckets"),
        options: f.inner_list("options", |f| (f.number("window_years", 1..=MOST_YEARS), f.number("value", 1..=AMOUNT))),
    }
}

fn programme(f: &mut Fields<'_, '_>) -> Body {
    let about: BTreeMap<String, u64> =
        f.may("about", |f, field| f.numbered(field, Form::Word, 1..=AMOUNT)).unwrap_or_default().into_iter().collect();
    Body::Programme {
        programme: f.word("programme"),
        min_h100: f.number("min_h100", 1..=AMOUNT),
        min_weeks: f.may("min_weeks", |f, field| f.number(field, 1..=200)),
        // «About» says nothing without a tolerance, and a tolerance nothing without it.
        about_tolerance_bp: if about.is_empty() { 0 } else { f.number("about_tolerance_bp", 0..=WHOLE_BP) },
        about,
    }
}

fn share_limit(f: &mut Fields<'_, '_>) -> Body {
    f.one_of("base", &["planned_total"]);
    Body::ShareLimit {
        programme: f.word("programme"),
        bucket: f.word("bucket"),
        bp_max: f.number("bp_max", 0..=WHOLE_BP),
        severity: f.one_of("severity", &["soft", "hard"]).to_owned(),
    }
}

fn repeat_slot(f: &mut Fields<'_, '_>) -> Body {
    f.one_of("count_once_per", &["content_id"]);
    Body::RepeatSlot {
        weekdays: f.distinct("weekdays", 1..=7),
        period: f.number("period", 1..=20),
        h100: f.number("h100", 1..=DAY_H100),
    }
}
