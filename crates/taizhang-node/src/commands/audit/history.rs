//! `audit history`: every hand that touched a record, and every number that followed from it.
//!
//! Times are claims of those who signed; beside each stands the first receipt, lock, checkpoint or rollup of another organisation that covers it.

mod events;
mod subject;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{Kind, OrgId},
    view::matter::Matters,
};

use self::subject::Subject;
use super::anchors::{self, Anchor};
use crate::{
    command::Reply,
    commands::{Context, accounts::Desk, rollup, shown},
    core::Core,
    error::CommandError,
};

/// The record named by a row, by what it is about, or by teacher and activity.
pub(crate) fn history(c: &Context<'_>, record: &str, activity: Option<&str>) -> Result<Reply, CommandError> {
    let core: &Core = c.core;
    // Names are sealed and no number follows from them.
    let views = shown::views(core, |d| d.kind != Kind::Identity)?;
    let matters = Matters::build(&views);
    let subject = Subject::find(core, &views, &matters, record, activity)?;
    let anchors = anchors::all(core, core.ledger())?;
    let erasures = shown::views(core, |d| d.kind == Kind::Identity && subject.teacher.is_some())?;
    let events = events::all(core, (&views, &erasures), &subject, &anchors);
    Ok(Reply::new(
        "audit-history",
        json!({
            "record": subject.id, "teacher_no": subject.teacher, "activity": subject.activity,
            "rows": subject.rows.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "events": events, "account": account(core, &subject)?, "rollups": rollups(core, &subject, &anchors)?,
        }),
    ))
}

/// The lines of the teacher's account that come from the record: hours counted or lost, with the rule.
fn account(core: &Core, subject: &Subject) -> Result<Json, CommandError> {
    let Some(number) = &subject.teacher else { return Ok(Json::Null) };
    let desk = Desk::open(core, None)?;
    let Some(one) = desk.account(number) else { return Ok(Json::Null) };
    let whole = one.explained(desk.as_of);
    let rows: BTreeSet<String> = subject.rows.iter().map(ToString::to_string).collect();
    let is_ours = |line: &&Json| {
        let text = |name: &str| line.get(name).and_then(Json::as_str);
        text("registration").is_some_and(|r| rows.contains(r))
            || text("activity").is_some_and(|a| subject.activity.as_deref() == Some(a))
    };
    let pick = |list: Option<&Json>| -> Vec<Json> {
        list.and_then(Json::as_array).into_iter().flatten().filter(is_ours).cloned().collect()
    };
    Ok(json!({
        "policy": whole.get("policy"), "as_of": whole.get("as_of"), "status": whole.get("status"),
        "lines": pick(whole.get("explain").and_then(|e| e.get("activities"))), "waiting": pick(whole.get("waiting")),
    }))
}

/// Every rollup that was made from the record, with the lines it went into.
fn rollups(core: &Core, subject: &Subject, anchors: &[Anchor]) -> Result<Vec<Json>, CommandError> {
    let ledger = core.ledger();
    let concerned = |kind| matches!(kind, Kind::Ledger | Kind::Roster);
    let places = subject.rows.iter().filter_map(|r| ledger.place(&r.entry)).map(|p| p.log.document);
    let schools: BTreeSet<OrgId> = places.filter(|d| concerned(d.kind)).map(|d| d.concerns()).collect();
    let covering = anchors.iter().filter(|a| a.what == "rollup" && subject.rows.iter().any(|r| a.covers(ledger, &r.entry)));
    let mut out = Vec::new();
    for row in covering.filter_map(|a| a.row) {
        for school in &schools {
            out.push(rollup::trace(core, &row.entry, *school, subject.teacher.as_deref())?);
        }
    }
    Ok(out)
}
