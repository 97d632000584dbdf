//! `op: "rule"`: a rule of a policy with its own numbers, on arguments kept in a file (docs/rules.md names them by rule type).

use serde_json::{Map, Value, json};
use taizhang_core::units::Day;

use super::op::{fund, need, part};
use crate::{
    case::{
        Kind, Level,
        json::{CaseError, Fields, text_of},
    },
    policy::{Anchor, Body, Rule},
    progress::{self, Share, Trained},
};

/// Calculates by a rule.
pub(super) fn calculate(rule: &Rule, mut args: Fields<'_>) -> Result<Value, CaseError> {
    let none = || CaseError::new("args", format!("rule {} says nothing about this", rule.id));
    let result = match &rule.body {
        Body::Coverage { .. } => coverage(rule, &mut args)?,
        Body::Quota { .. } | Body::QuotaSum { .. } => quota(rule, &mut args)?,
        Body::Select { .. } => select(rule, &mut args)?,
        Body::Fund { bp, .. } => {
            let base = if bp.is_some() { need(&mut args, "base_fen")? } else { 0 };
            fund(progress::fund(&rule.body, base, need(&mut args, "paid_fen")?).ok_or_else(none)?)
        }
        Body::Deadline { anchor, .. } => deadline(rule, *anchor, &mut args)?,
        Body::Window { .. } => json!({ "open": progress::open(&rule.body, args.need_day("day")?) }),
        Body::Ratio { .. } => {
            share(progress::ratio(&rule.body, need(&mut args, "count")?, need(&mut args, "of")?).ok_or_else(none)?)
        }
        Body::DegreeTarget { under_age, .. } => {
            let (what, rural) = (args.need_text("what")?, args.flag("rural")?.unwrap_or(false));
            let reached = progress::degree_target(&rule.body, what, rural, need(&mut args, "count")?, need(&mut args, "of")?);
            let mut value = share(reached.ok_or_else(none)?);
            if let Some(map) = value.as_object_mut() {
                map.insert("under_age".into(), (*under_age).into());
            }
            value
        }
        _ => {
            return Err(CaseError::new(
                "rule",
                format!("rule {} has no calculation of its own; evaluate a case instead", rule.id),
            ));
        }
    };
    args.end().map(|()| result)
}

/// A trained teacher as a case names one.
struct Line {
    teacher: String,
    day: Day,
    bucket: String,
    level: Level,
    category: String,
}

fn lines(args: &mut Fields<'_>) -> Result<Vec<Line>, CaseError> {
    args.list("trained", |at, value| {
        let mut f = Fields::new(at, value)?;
        let level = f.need_text("org_level")?;
        let level = Level::from_word(level).ok_or_else(|| CaseError::new(f.at("org_level"), format!("{level:?} is no level")))?;
        let line = Line {
            teacher: f.need_text("teacher")?.to_owned(),
            day: f.need_day("day")?,
            bucket: f.text("bucket")?.unwrap_or_default().to_owned(),
            level,
            category: f.text("category")?.unwrap_or_default().to_owned(),
        };
        f.end().map(|()| line)
    })
}

fn trained(lines: &[Line]) -> Vec<Trained<'_>> {
    let lines = lines.iter();
    lines.map(|l| Trained { teacher: &l.teacher, day: l.day, bucket: &l.bucket, level: l.level, category: &l.category }).collect()
}

fn coverage(rule: &Rule, args: &mut Fields<'_>) -> Result<Value, CaseError> {
    let teachers = need(args, "teachers")?;
    let lines = lines(args)?;
    let Some(c) = progress::coverage(&rule.body, teachers, &trained(&lines)) else { return Ok(Value::Null) };
    let years = c.years.iter().map(
        |y| json!({ "year": y.year, "target": y.target, "done": y.done, "target_sum": y.target_sum, "done_sum": y.done_sum }),
    );
    Ok(json!({ "target": c.target, "done": c.done, "bp": c.bp, "years": years.collect::<Vec<_>>() }))
}

fn quota(rule: &Rule, args: &mut Fields<'_>) -> Result<Value, CaseError> {
    let lines = lines(args)?;
    let Some(q) = progress::quota(&rule.body, &trained(&lines)) else { return Ok(Value::Null) };
    let parts: Map<String, Value> = q.parts.iter().map(|(category, p)| (category.clone(), part(*p))).collect();
    let mut value = json!({ "total": part(q.total), "distinct_people": q.people });
    if let (Some(map), Body::Quota { .. }) = (value.as_object_mut(), &rule.body) {
        map.insert("parts".into(), parts.into());
    }
    Ok(value)
}

/// `n`, or `list` in the order of rank: who is chosen.
fn select(rule: &Rule, args: &mut Fields<'_>) -> Result<Value, CaseError> {
    let ranked = args.list("list", text_of)?;
    let n = args.number("n")?.unwrap_or(ranked.len() as u64);
    let count = progress::select(&rule.body, n).unwrap_or(0);
    let mut value = json!({ "count": count });
    if let Some(map) = value.as_object_mut().filter(|_| !ranked.is_empty()) {
        let chosen = usize::try_from(count).unwrap_or(usize::MAX);
        map.insert("selected".into(), ranked.into_iter().take(chosen).collect());
    }
    Ok(value)
}

fn deadline(rule: &Rule, anchor: Anchor, args: &mut Fields<'_>) -> Result<Value, CaseError> {
    let kind = args.text("kind")?.and_then(Kind::from_word);
    let level = args.text("org_level")?.and_then(Level::from_word);
    let applies = progress::deadline_reaches(&rule.body, kind, level);
    let day = match anchor {
        Anchor::ActivityStart => Some(args.need_day("start")?),
        Anchor::SemesterPrepWeek | Anchor::SchoolYearPrepWeek => Some(args.need_day("prep_week")?),
        Anchor::YearStart => Some(args.need_day("year_start")?),
        Anchor::Fixed(_) => None,
    };
    let submitted = args.need_day("submitted")?;
    let Some(due) = progress::due(&rule.body, day).filter(|_| applies) else { return Ok(json!({ "applies": false })) };
    Ok(json!({ "applies": true, "due": due.to_string(), "late": submitted > due }))
}

fn share(share: Share) -> Value {
    json!({ "bp": share.bp, "need_bp": share.need_bp, "met": share.met })
}
