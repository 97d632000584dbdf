//! 培训计划一览表 → rows 20: of a school or township in its ledger, of others in their notice, by the year of the last day (D-05).

use taizhang_core::{
    id::{DocId, Kind},
    rows::{self, Activity, OrgKind, RowType},
};
use taizhang_sheets::{ActivityLine, ClaimedState, Level, TrainingKind};

use super::{
    announce::{Why, barred},
    plan::{Plan, State},
};
use crate::{commands::Context, error::CommandError};

pub(super) fn plan(c: &Context<'_>, plan: &mut Plan, lines: &[ActivityLine], state: &mut State) -> Result<(), CommandError> {
    let owner = c.org_or_own(plan.import.org.as_deref())?;
    let kind = match c.core.ledger().registry.kind(owner) {
        Some(OrgKind::School | OrgKind::Township) => Kind::Ledger,
        _ => Kind::Notice,
    };
    let document = |line: &ActivityLine| DocId::of_year(owner, kind, line.end.year());
    let announced = state.shelves.activities(c.core, &[owner])?;
    let barred: Vec<Option<Why>> = lines.iter().map(|l| barred(c.core, announced, &document(l), &activity(l))).collect();
    let known = state.shelves.known(c.core, owner, kind, None)?;
    for (line, barred) in lines.iter().zip(barred) {
        if plan.is_imported(known) {
            continue;
        }
        if plan.is_after_closing(c.core, line.row, owner, line.end) {
            continue;
        }
        // What is recorded already is not written again.
        if let (Some((kind, (zh, en))), []) = (barred, known.about(Activity::TYPE, &line.activity)) {
            plan.refuse_row(line.row, kind, zh, en);
            continue;
        }
        let put = plan.put(known, document(line), line.row, (Activity::TYPE, &line.activity), activity(line).to_fields());
        plan.count(&[put]);
    }
    Ok(())
}

fn activity(line: &ActivityLine) -> Activity {
    Activity {
        no: line.activity.clone(),
        level: level(line.level),
        kind: kind(line.kind),
        form: None,
        title: line.title.clone(),
        theme: None,
        organiser_code: None,
        organiser_name: line.organiser.clone(),
        start_day: line.start,
        end_day: line.end,
        planned_h100: line.planned_h100,
        place: None,
        audience: None,
        stages: None,
        category: None,
        seats: None,
        lecturers: None,
        credit_standard: None,
        assessment_method: None,
        tags: Some(line.tags.clone()).filter(|t| !t.is_empty()),
        programme: None,
        content_id: None,
        registered: line.registered,
        registered_no: None,
        outside_city: None,
        abroad: None,
        budget_fen: None,
        plan: None,
        claimed_submitted_day: line.submitted,
        claimed_state: line.claimed_state.map(|s| claimed(s).to_owned()),
        claimed_decided_day: line.claimed_decided,
        evidence: None,
        reason: None,
    }
}

/// What the sheet claims: only a decision of the county counts.
fn claimed(state: ClaimedState) -> &'static str {
    match state {
        ClaimedState::Approved => "approved",
        ClaimedState::Pending => "pending",
        ClaimedState::Returned => "returned",
        ClaimedState::Refused => "refused",
    }
}

pub(super) fn level(level: Level) -> rows::Level {
    match level {
        Level::Ministry => rows::Level::Ministry,
        Level::Province => rows::Level::Province,
        Level::City => rows::Level::City,
        Level::County => rows::Level::County,
        Level::Township => rows::Level::Township,
        Level::School => rows::Level::School,
        Level::University => rows::Level::University,
    }
}

pub(super) fn kind(kind: TrainingKind) -> rows::ActivityKind {
    match kind {
        TrainingKind::Concentrated => rows::ActivityKind::Concentrated,
        TrainingKind::Nonconcentrated => rows::ActivityKind::Nonconcentrated,
        TrainingKind::SchoolBased => rows::ActivityKind::SchoolBased,
        TrainingKind::Online => rows::ActivityKind::Online,
        TrainingKind::Degree => rows::ActivityKind::Degree,
    }
}
