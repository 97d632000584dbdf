//! 更正登记表 → rows 64 that replace the registration named (ACTIVITY/TEACHER), with the corrected hours and the reason.
//!
//! Nobody replaces a row in a ledger of somebody else: what a county corrects of a school's own registration stands in the county's ledger about the school, beside it, and counts once it is approved.

use std::collections::BTreeSet;

use taizhang_core::{
    id::{DocId, Kind},
    op::{RowName, RowRef},
    rows::{RegisteredBy, Registration, RowType},
};
use taizhang_sheets::{CorrectionLine, Severity};

use super::{
    known::{Recorded, key},
    place::{Place, Shelf},
    plan::{Plan, State},
    report::Found,
};
use crate::{commands::Context, error::CommandError};

/// Digits of an entry that a form prints.
const PRINTED_DIGITS: usize = 12;

/// What is corrected: the row as it shall be, where, and the rows it replaces.
struct Correction {
    document: DocId,
    replaces: Vec<RowRef>,
    row: Registration,
    is_beside: bool,
}

enum Outcome {
    Write(Box<Correction>),
    Same,
    Refused,
}

pub(super) fn plan(c: &Context<'_>, plan: &mut Plan, lines: &[CorrectionLine], state: &mut State) -> Result<(), CommandError> {
    let place = Place::find(c, plan.import.org.as_deref())?;
    let by = place.registered_by(c.core);
    for line in lines {
        let Some(shelf) = place.shelf(state.shelves.rosters(c.core)?, &line.teacher) else {
            plan.no_school(line.row, &line.teacher);
            continue;
        };
        match correct(c, plan, line, state, (shelf, by))? {
            Outcome::Write(correction) => write(c, plan, line, state, (shelf, &correction))?,
            Outcome::Same => plan.report.unchanged += 1,
            Outcome::Refused => {}
        }
    }
    Ok(())
}

fn write(
    c: &Context<'_>,
    plan: &mut Plan,
    line: &CorrectionLine,
    state: &mut State,
    (shelf, correction): (Shelf, &Correction),
) -> Result<(), CommandError> {
    let fields = correction.row.to_fields();
    let about = key(&[&line.activity, &line.teacher]);
    let known = state.shelves.ledger(c.core, shelf)?;
    known.expect(correction.document, Registration::TYPE, &about, fields.clone());
    plan.batch.row_replacing(correction.document, line.row, Registration::TYPE, correction.replaces.clone(), fields);
    plan.report.imported += 1;
    if correction.is_beside {
        let zh = format!("{} 由学校登记; 更正已登记在本机构的台账中, 审核通过后替代学校的登记", line.target);
        let en = format!(
            "the school registered {}; the correction stands in this organisation's ledger beside it and takes its place once approved",
            line.target
        );
        plan.note_once(&line.target, &Found::new(line.row, "beside", Severity::Note, zh, en));
    }
    Ok(())
}

fn correct(
    c: &Context<'_>,
    plan: &mut Plan,
    line: &CorrectionLine,
    state: &mut State,
    (shelf, by): (Shelf, RegisteredBy),
) -> Result<Outcome, CommandError> {
    let about = key(&[&line.activity, &line.teacher]);
    let own = state.shelves.ledger(c.core, shelf)?.about(Registration::TYPE, &about).to_vec();
    let is_beside = own.is_empty() && shelf.subject.is_some();
    let recorded = if is_beside {
        state.shelves.known(c.core, shelf.school(), Kind::Ledger, None)?.about(Registration::TYPE, &about).to_vec()
    } else {
        own
    };
    if line.target != format!("{}/{}", line.activity, line.teacher) && !is_printed(c, &recorded, line)? {
        plan.refuse_row(
            line.row,
            "target_differs",
            format!(
                "原登记编号 {} 与活动编号、教师编号不符; 应为 活动编号/教师编号, 或培训台账 (form-02) 所印的登记号",
                line.target
            ),
            format!(
                "{} does not name this activity and teacher; it should read ACTIVITY/TEACHER, or as form-02 prints it",
                line.target
            ),
        );
        return Ok(Outcome::Refused);
    }
    let rows: Vec<(&Recorded, Registration)> =
        recorded.iter().filter_map(|r| Some((r, Registration::from_fields(&r.fields).ok()?.row))).collect();
    if rows.iter().any(|(_, r)| r.attended_h100 == line.new_h100) {
        return Ok(Outcome::Same);
    }
    let Some((first, old)) = rows.first().cloned() else {
        plan.refuse_row(
            line.row,
            "not_registered",
            format!("没有 {} 的登记可更正; 请先导入原登记", line.target),
            format!("nothing is registered as {} that could be corrected; import the registration first", line.target),
        );
        return Ok(Outcome::Refused);
    };
    if let Some((_, other)) = rows.iter().find(|(r, row)| row.attended_h100 != line.old_h100 || r.document != first.document) {
        differs(plan, line, other.attended_h100);
        return Ok(Outcome::Refused);
    }
    let Some(reason) = plan.remark(line.row, Some(&line.reason), None) else {
        plan.refuse_row(
            line.row,
            "personal_text",
            "更正须有原因, 而原因含姓名、证件号或电话, 或过长; 请改写",
            "a correction needs a reason, and this one holds a name, ID number or phone, or is too long; write it anew",
        );
        return Ok(Outcome::Refused);
    };
    let named: Option<Vec<RowRef>> = rows.iter().map(|(r, _)| r.name.map(|n| n.here())).collect();
    let Some(named) = named else {
        plan.refuse_row(
            line.row,
            "twice",
            format!("{} 在同一次导入中更正了两次; 请分两次导入", line.target),
            format!("{} is corrected twice in one import; import the files one after the other", line.target),
        );
        return Ok(Outcome::Refused);
    };
    let mut row = Registration { attended_h100: line.new_h100, registered_day: line.day, reason: Some(reason), ..old };
    let (mut document, mut replaces) = (first.document, named);
    if is_beside {
        (document, replaces) = (DocId { owner: shelf.owner, subject: shelf.subject, ..document }, Vec::new());
        row.by = by;
    }
    Ok(Outcome::Write(Box::new(Correction { document, replaces, row, is_beside })))
}

/// Does the line name the registration as form-02 prints it: by the beginning of its row's name? Also one that was corrected since, or the same sheet could not be imported again.
fn is_printed(c: &Context<'_>, recorded: &[Recorded], line: &CorrectionLine) -> Result<bool, CommandError> {
    let target = line.target.trim().to_ascii_lowercase();
    let Some((entry, index)) = target.split_once('.').filter(|(entry, _)| entry.len() >= PRINTED_DIGITS) else {
        return Ok(false);
    };
    let is_named = |n: RowName| n.entry.to_string().starts_with(entry) && n.index.to_string() == index;
    if recorded.iter().filter_map(|r| r.name).any(is_named) {
        return Ok(true);
    }
    let is_ours =
        |r: &Registration| r.teacher == line.teacher && r.activity_no.as_ref().is_none_or(|activity| *activity == line.activity);
    let documents: BTreeSet<DocId> = recorded.iter().map(|r| r.document).collect();
    for document in documents {
        let view = c.core.view(&document)?;
        let mut named = view.rows.values().filter(|r| is_named(r.name));
        if named.any(|r| r.read::<Registration>().is_some_and(|p| is_ours(&p.row))) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn differs(plan: &mut Plan, line: &CorrectionLine, recorded_h100: u32) {
    let h = |h100: u32| format!("{}.{:02}", h100 / 100, h100 % 100);
    let (there, said) = (h(recorded_h100), h(line.old_h100));
    plan.refuse_row(
        line.row,
        "differs",
        format!("{} 现登记 {there} 学时, 表上原学时为 {said}; 请核对", line.target),
        format!("{there} hours are recorded as {}, the sheet says {said}; check which is right", line.target),
    );
}
