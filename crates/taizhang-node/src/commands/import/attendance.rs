//! 考勤及学时登记表 → rows 64, in the ledger of the year in which each row's activity ends.
//!
//! Every entry begins with the sheet's row 62, so that the county can decide on it as a whole. The rows do not name it: the same row from another file then folds.

use std::collections::BTreeSet;

use taizhang_core::{
    rows::{self, RegisteredBy, Registration, RowType, Sheet},
    units::Day,
};
use taizhang_sheets::{Assessment, AttendanceLine, Severity};

use super::{
    known::key,
    place::{Place, Shelf},
    plan::{Plan, State},
    report::Found,
    year_given,
};
use crate::{commands::Context, error::CommandError};

pub(super) fn plan(c: &Context<'_>, plan: &mut Plan, lines: &[AttendanceLine], state: &mut State) -> Result<(), CommandError> {
    let place = Place::find(c, plan.import.org.as_deref())?;
    let by = place.registered_by(c.core);
    let year = year_given(&plan.import)?;
    for line in lines {
        let Some(shelf) = place.shelf(state.shelves.rosters(c.core)?, &line.teacher) else {
            plan.no_school(line.row, &line.teacher);
            continue;
        };
        if plan.is_imported(state.shelves.ledger(c.core, shelf)?) {
            continue;
        }
        put(c, plan, line, state, (shelf, by, year))?;
    }
    Ok(())
}

fn put(
    c: &Context<'_>,
    plan: &mut Plan,
    line: &AttendanceLine,
    state: &mut State,
    (shelf, by, year): (Shelf, RegisteredBy, Option<u16>),
) -> Result<(), CommandError> {
    let end = end_of(c, state, shelf, &line.activity)?;
    let is_waiting = end.is_none();
    let ends_in = end.map(Day::year).or(year).or_else(|| line.registered.map(Day::year));
    let (Some(ends_in), Some(registered)) = (ends_in, line.registered.or(end)) else {
        plan.refuse_row(
            line.row,
            "no_day",
            "没有登记日期, 活动也未知, 不知道属于哪一年; 请填写登记日期",
            "no day of registration, and the activity is not known: the year cannot be told; fill in the day",
        );
        return Ok(());
    };
    if plan.is_after_closing(c.core, line.row, shelf.school(), end.unwrap_or(registered)) {
        return Ok(());
    }
    let Some(row) = registration(plan, line, by, registered) else { return Ok(()) };
    let document = shelf.ledger(ends_in);
    let known = state.shelves.ledger(c.core, shelf)?;
    let about = key(&[&line.activity, &line.teacher]);
    let put = plan.put(known, document, line.row, (Registration::TYPE, &about), row.to_fields());
    plan.count(&[put]);
    if put == super::plan::Put::New {
        plan.batch.head(document, Sheet::TYPE, sheet(plan).to_fields());
        plan.check_teacher(c.core, &mut state.shelves, shelf.school(), line.row, &line.teacher)?;
        if is_waiting {
            waits(plan, line.row, &line.activity);
        }
    }
    Ok(())
}

/// The last day of the activity, where notices and ledgers here agree on its year.
pub(super) fn end_of(c: &Context<'_>, state: &mut State, shelf: Shelf, no: &str) -> Result<Option<Day>, CommandError> {
    let owners = shelf.owners();
    let activities = state.shelves.activities(c.core, &owners)?;
    let ends: BTreeSet<Day> = activities.find(no, &owners).map(|a| a.end_day).collect();
    let years: BTreeSet<u16> = ends.iter().map(|d| d.year()).collect();
    Ok(ends.last().copied().filter(|_| years.len() == 1))
}

/// The row is recorded, and counts as soon as the activity is here.
pub(super) fn waits(plan: &mut Plan, row: u32, activity: &str) {
    plan.report.waiting += 1;
    let zh = format!("活动 {activity} 未知; 已登记, 待活动资料到达后计入");
    let en = format!("the activity {activity} is missing; the row was recorded and waits for it");
    let found = Found::new(row, "activity_missing", Severity::Note, zh, en).cell("活动编号", activity, false);
    plan.note_once(activity, &found);
}

/// Equal in every entry and on every machine that imports these bytes.
fn sheet(plan: &Plan) -> Sheet {
    Sheet {
        activity: None,
        sessions: None,
        rows: plan.report.rows,
        opened_day: None,
        closed_day: None,
        source_file: Some(plan.report.sha256),
        reason: None,
    }
}

fn registration(plan: &mut Plan, line: &AttendanceLine, by: RegisteredBy, registered_day: Day) -> Option<Registration> {
    let small = |n: Option<u32>| n.map(u16::try_from).transpose();
    let (Ok(late), Ok(early)) = (small(line.late), small(line.early)) else {
        plan.refuse_row(line.row, "not_a_number", "迟到或早退次数过大", "late or early is too large a number");
        return None;
    };
    // Nought is not worth a byte: a sheet without the column says the same.
    let some = |n: Option<u16>| n.filter(|n| *n > 0);
    Some(Registration {
        activity: None,
        activity_no: Some(line.activity.clone()),
        teacher: line.teacher.clone(),
        by,
        attended_h100: line.attended_h100,
        planned_h100: Some(line.planned_h100),
        late: some(late),
        early: some(early),
        leave_d100: line.leave_days_h100.filter(|n| *n > 0),
        days: None,
        assessment: line.assessment.map(assessment),
        grade: None,
        online_complete: None,
        degree_level: None,
        substitute_allowed: None,
        excellent: None,
        registered_day,
        sheet: None,
        source_status: None,
        evidence: None,
        note: plan.remark(line.row, line.remark.as_deref(), line.name.as_deref()),
        reason: None,
    })
}

fn assessment(a: Assessment) -> rows::Assessment {
    match a {
        Assessment::Pass => rows::Assessment::Pass,
        Assessment::Fail => rows::Assessment::Fail,
        Assessment::Retake => rows::Assessment::Retake,
        Assessment::None => rows::Assessment::None,
    }
}
