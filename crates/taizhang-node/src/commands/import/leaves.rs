//! 减免登记表 → rows 106, in this county's review of each teacher's school, by the year whose months do not count.
//!
//! Why somebody was on leave is about health: 原因 is read by nobody and stored nowhere (DOMAIN §5: months only).

use taizhang_core::{
    id::{DocId, Kind, OrgId},
    rows::{OrgKind, RowType, Waiver},
};
use taizhang_sheets::LeaveLine;

use super::{
    known::key,
    place::Place,
    plan::{Plan, Put, State},
};
use crate::{
    commands::Context,
    error::{CommandError, ErrorKind},
};

pub(super) fn plan(c: &Context<'_>, plan: &mut Plan, lines: &[LeaveLine], state: &mut State) -> Result<(), CommandError> {
    let own = c.core.org();
    if !c.core.ledger().registry.kind(own).is_some_and(OrgKind::certifies) {
        return Err(CommandError::new(
            ErrorKind::Refused,
            "减免由区县登记, 本机构不能导入",
            "waivers are the county's to record; this organisation cannot import them",
        )
        .hint("请把此表交给区县", "hand the sheet to the county"));
    }
    let place = Place::find(c, plan.import.org.as_deref())?;
    for line in lines {
        match place.shelf(state.shelves.rosters(c.core)?, &line.teacher) {
            Some(shelf) => put(c, plan, line, state, (own, shelf.school()))?,
            None => plan.no_school(line.row, &line.teacher),
        }
    }
    Ok(())
}

fn put(
    c: &Context<'_>,
    plan: &mut Plan,
    line: &LeaveLine,
    state: &mut State,
    (own, school): (OrgId, OrgId),
) -> Result<(), CommandError> {
    let waiver = Waiver { teacher: line.teacher.clone(), year: line.year, months: line.months };
    let document = DocId::about(own, Kind::Review, line.year, school);
    let about = key(&[&line.teacher, &line.year.to_string()]);
    let known = state.shelves.known(c.core, own, Kind::Review, Some(school))?;
    let recorded = known.about(Waiver::TYPE, &about).iter().find_map(|r| Waiver::from_fields(&r.fields).ok()).map(|p| p.row);
    if let Some(other) = recorded.filter(|r| *r != waiver) {
        let (teacher, year) = (&line.teacher, line.year);
        plan.refuse_row(
            line.row,
            "differs",
            format!("教师 {teacher} {year} 年已登记减免 {} 个月, 与本行不同; 一年只能登记一次, 请合计后更正", other.months),
            format!(
                "{} months of {year} are recorded for teacher {teacher} already; add them up, one row a year, and correct that row",
                other.months
            ),
        );
        return Ok(());
    }
    let put = plan.put(known, document, line.row, (Waiver::TYPE, &about), waiver.to_fields());
    plan.count(&[put]);
    if put == Put::New {
        plan.check_teacher(c.core, &mut state.shelves, school, line.row, &line.teacher)?;
    }
    Ok(())
}
