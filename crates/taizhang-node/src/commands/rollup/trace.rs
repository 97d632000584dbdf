//! Which lines of a rollup a school and a teacher went into: the school's line as published, and the teacher's, of which only a salted hash is.

use serde_json::{Map, Value as Json, json};
use taizhang_core::{
    admission::Signature,
    id::{EntryId, OrgId},
};
use taizhang_rules::{
    account::LineStatus,
    policy::{Body, Policy, Unit},
    rollup::{Inputs, Lines, TeacherLine, replay},
};

use super::{
    super::{accounts::status_text, policy::Shelf, shown},
    Found, find, hex, school as school_line,
};
use crate::{
    core::Core,
    error::{CommandError, Text},
};

/// The lines of one rollup. `holds`: the commitment published at the teacher's place is that of the line made again here; null where it cannot be made.
pub(crate) fn trace(core: &Core, rollup: &EntryId, school: OrgId, number: Option<&str>) -> Result<Json, CommandError> {
    let found = find(core, &rollup.to_string())?;
    let mut out = head(core, &found);
    out.insert("school".to_owned(), json!(shown::org(core, school)));
    let inputs = shown::attachment(core, &found.row.inputs)?.and_then(|b| Inputs::parse(&b).ok());
    let lines = shown::attachment(core, &found.row.lines)?.and_then(|b| Lines::parse(&b).ok());
    let (Some(inputs), Some(lines)) = (inputs, lines) else { return Ok(Json::Object(out)) };
    out.insert("school_line".to_owned(), json!(lines.school(school).map(|l| school_line(core, l))));
    let also = lines.school(school).map_or(&[][..], |l| &l.also);
    let made = replay::school(core.ledger(), core.store(), &inputs, (school, also), Signature::Checked)
        .ok()
        .map(|r| r.lines(found.scope()));
    let of_school: Vec<TeacherLine> = made.into_iter().flat_map(|m| m.teachers).filter(|t| t.school == school).collect();
    let place = number.and_then(|n| of_school.iter().position(|t| t.number == n));
    if let Some((nth, line)) = place.and_then(|nth| Some((nth, of_school.get(nth)?))) {
        let before = lines.schools.iter().take_while(|s| s.school != school).map(|s| u64::from(s.counts.teachers)).sum::<u64>();
        let index = before + nth as u64;
        let published = usize::try_from(index).ok().and_then(|i| lines.commitments.get(i));
        let (commitment, stands) = (line.commitment(), stands(line));
        let teacher = json!({
            "teacher_line": index, "commitment": hex(&commitment), "holds": published == Some(&commitment),
            "recorded_h100": line.tally.all.recorded_h100, "approved_h100": line.tally.all.approved_h100,
            "standing": line.standing.describe(), "standing_zh": stands.zh, "standing_en": stands.en,
            "hours": line.standing.buckets.iter().map(|(bucket, h100, _)| json!({ "bucket": bucket, "h100": h100 })).collect::<Vec<_>>(),
            "requirements": requirements(core, &found, line)?,
        });
        out.insert("teacher".to_owned(), teacher);
    }
    Ok(Json::Object(out))
}

/// In a word or two; the figures stand beside it.
fn stands(line: &TeacherLine) -> Text {
    let status = status_text(line.standing.status);
    let open = if line.standing.open { (", 有未定的数据", ", something is undecided") } else { ("", "") };
    Text::new(status.zh + open.0, status.en + open.1)
}

/// What the policy asks for, each figure with its unit; without the policy's text no unit is known, and no figure is given.
fn requirements(core: &Core, found: &Found, line: &TeacherLine) -> Result<Vec<Json>, CommandError> {
    let shelf = Shelf::load(core)?;
    let text = found.row.policy_sha256.and_then(|sha| shelf.by_sha256(&sha));
    let policy = text.and_then(|t| Policy::read(&t.toml).ok());
    let unit = |id: &str| policy.as_ref()?.rules.iter().find(|r| r.id == id).and_then(|r| unit_of(&r.body));
    let one = |(rule, scope, need, got, status): &(String, String, u64, u64, LineStatus)| {
        let unit = unit(rule);
        let figure = |n: &u64| unit.map(|_| *n);
        json!({ "rule": rule, "scope": scope, "unit": unit.map(Unit::word), "need": figure(need), "got": figure(got), "status": status.word() })
    };
    Ok(line.standing.rules.iter().map(one).collect())
}

fn unit_of(body: &Body) -> Option<Unit> {
    match body {
        Body::Min { unit, .. } | Body::MinAny { unit, .. } => Some(*unit),
        _ => None,
    }
}

fn head(core: &Core, found: &Found) -> Map<String, Json> {
    let data = json!({
        "rollup": found.name.entry.to_string(), "org": shown::org(core, found.document.owner), "period": found.row.period,
        "as_of": found.row.as_of.to_string(), "policy": found.row.policy_id,
    });
    if let Json::Object(map) = data { map } else { Map::new() }
}
