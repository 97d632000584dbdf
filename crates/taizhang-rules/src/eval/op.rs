//! Calculations of a case with `op`: the arguments are named in docs/rules.md.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::{
    calc,
    case::json::{CaseError, Fields, text_of},
};

/// Calculates.
pub(super) fn calculate(op: &str, mut args: Fields<'_>) -> Result<Value, CaseError> {
    let result = match op {
        "due_date" => {
            let due = calc::due_date(args.need_day("start")?, args.need_small("months_before")?);
            json!({ "due": due.to_string(), "late": args.need_day("submitted")? > due })
        }
        "select_floor" => json!({ "count": calc::share_floor(need(&mut args, "n")?, args.need_small("bp")?) }),
        "coverage_split" => {
            let split_bp = args.list("split_bp", |at, v| {
                let bp = v.as_u64().and_then(|n| u32::try_from(n).ok());
                bp.ok_or_else(|| CaseError::new(at, "expected a whole number from 0"))
            })?;
            let split = calc::coverage_split(need(&mut args, "teachers")?, args.need_small("bp")?, &split_bp);
            json!({ "target": split.target, "per_year": split.per_year })
        }
        "quota_progress" => quota_progress(&mut args)?,
        "fund" => fund(calc::fund(need(&mut args, "base_fen")?, args.need_small("bp")?, need(&mut args, "paid_fen")?)),
        "banned" => {
            let (decided, years) = (args.need_day("decided")?, args.need_small("years")?);
            json!({
                "last_banned_day": calc::last_banned_day(decided, years).to_string(),
                "banned": calc::banned(decided, years, args.need_day("start")?),
            })
        }
        "minutes_to_h100" => json!({ "h100": calc::minutes_to_h100(need(&mut args, "minutes")?) }),
        "id_check" => {
            let form = || CaseError::new("args.id", "an ID number has 17 digits and a digit or X");
            let check = calc::id_check(args.need_text("id")?).ok_or_else(form)?;
            json!({ "valid": check.valid, "masked": check.masked })
        }
        other => return Err(CaseError::new("op", format!("{other:?} is no calculation"))),
    };
    args.end().map(|()| result)
}

/// A whole number that must be there.
pub(super) fn need(args: &mut Fields<'_>, name: &'static str) -> Result<u64, CaseError> {
    args.number(name)?.ok_or_else(|| CaseError::new(args.at(name), "is missing"))
}

/// Money due and short.
pub(super) fn fund(fund: calc::Fund) -> Value {
    json!({ "need_fen": fund.need_fen, "short_fen": fund.short_fen })
}

/// A part of a quota.
pub(super) fn part(part: calc::Part) -> Value {
    json!({ "quota": part.quota, "done": part.done, "bp": part.bp })
}

fn quota_progress(args: &mut Fields<'_>) -> Result<Value, CaseError> {
    let object = |args: &mut Fields<'_>, name: &'static str| {
        let at = args.at(name);
        let value = args.need(name)?.clone();
        value.as_object().cloned().ok_or_else(|| CaseError::new(at, "expected an object"))
    };
    let mut trained: Vec<(String, Vec<String>)> = Vec::new();
    for (category, people) in object(args, "trained")? {
        let at = format!("args.trained.{category}");
        let list = people.as_array().ok_or_else(|| CaseError::new(&at, "expected a list"))?;
        let people = list.iter().enumerate().map(|(n, v)| text_of(&format!("{at}[{n}]"), v)).collect::<Result<_, _>>()?;
        trained.push((category, people));
    }
    let mut parts = Map::new();
    let mut total: u64 = 0;
    for (category, quota) in object(args, "parts")? {
        let quota =
            quota.as_u64().ok_or_else(|| CaseError::new(format!("args.parts.{category}"), "expected a whole number from 0"))?;
        total = total.saturating_add(quota);
        let people = trained.iter().filter(|(c, _)| *c == category).flat_map(|(_, p)| p).map(String::as_str).collect();
        parts.insert(category, part(calc::part(quota, &people)));
    }
    let all: BTreeSet<&str> = trained.iter().flat_map(|(_, p)| p).map(String::as_str).collect();
    Ok(json!({ "parts": parts, "total_quota": total, "distinct_people": all.len() }))
}
