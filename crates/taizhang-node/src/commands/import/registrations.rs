//! 校外培训登记 (CSV, xlsx, JSON) → rows 65, in the ledger of the year of the last day; and back.
//!
//! Every field comes back equal. An id of 32 lower-case hex digits is kept as its 16 bytes; any other as a zero byte (two before 15 characters) and its text.

use taizhang_core::{
    id::from_hex,
    rows::{self, ActivityKind, Elsewhere, RowType, field::Bytes},
};
use taizhang_sheets::{Form, Level, RegistrationLine, Severity, TrainingKind};

use super::{
    activities,
    known::elsewhere_key,
    place::Place,
    plan::{Plan, Put, State},
    report::Found,
};
use crate::{commands::Context, error::CommandError};

const HEX_ID_BYTES: usize = 16;

pub(super) fn plan(c: &Context<'_>, plan: &mut Plan, lines: &[RegistrationLine], state: &mut State) -> Result<(), CommandError> {
    let place = Place::find(c, plan.import.org.as_deref())?;
    for line in lines {
        let Some(shelf) = place.shelf(state.shelves.rosters(c.core)?, &line.teacher) else {
            plan.no_school(line.row, &line.teacher);
            continue;
        };
        let known = state.shelves.ledger(c.core, shelf)?;
        if plan.is_imported(known) {
            continue;
        }
        if plan.is_after_closing(c.core, line.row, shelf.school(), line.end) {
            continue;
        }
        let row = elsewhere(plan, line);
        let about = elsewhere_key(&row);
        let put = plan.put(known, shelf.ledger(line.end.year()), line.row, (Elsewhere::TYPE, &about), row.to_fields());
        plan.count(&[put]);
        if put == Put::New {
            plan.check_teacher(c.core, &mut state.shelves, shelf.school(), line.row, &line.teacher)?;
        }
    }
    Ok(())
}

fn elsewhere(plan: &mut Plan, line: &RegistrationLine) -> Elsewhere {
    Elsewhere {
        external_id: line.external_id.as_deref().map(external_id),
        teacher: line.teacher.clone(),
        title: line.title.clone(),
        organiser: Some(line.organiser.clone()),
        level: line.level.map(activities::level),
        kind: activities::kind(line.kind),
        form: line.form.map(|f| f.word().to_owned()),
        start_day: line.start,
        end_day: line.end,
        h100: line.h100,
        assessment: None,
        abroad: None,
        degree_level: None,
        claimed_by: claimed_by(plan, line),
        claimed_at_ms: line.recorded_at,
        evidence: None,
        note: None,
        reason: None,
    }
}

/// A user's code; a name must not stand in a ledger.
fn claimed_by(plan: &mut Plan, line: &RegistrationLine) -> Option<String> {
    let by = line.recorded_by.as_deref()?;
    if by.len() <= 40
        && by.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        && !taizhang_sheets::is_id_number(by)
    {
        return Some(by.to_owned());
    }
    let (zh, en) = (
        "登记人不是编号 (姓名不进入台账), 未导入此格",
        "the recorder is not a code (names do not enter a ledger) and was left out",
    );
    plan.report.add(&Found::new(line.row, "personal_text", Severity::Refused, zh, en).cell("登记人", by, true));
    None
}

/// The bytes of an id; a text's are never as many as those of a hex id.
pub(super) fn external_id(text: &str) -> Bytes {
    let is_hex = text.len() == 2 * HEX_ID_BYTES && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let zeros: &[u8] = if text.len() + 1 == HEX_ID_BYTES { &[0, 0] } else { &[0] };
    let as_text = || [zeros, text.as_bytes()].concat();
    Bytes(from_hex(text).filter(|_| is_hex).unwrap_or_else(as_text))
}

/// The id that bytes were read from; hex where they were none.
pub(in crate::commands) fn id_text(bytes: &[u8]) -> String {
    let text = bytes.iter().position(|b| *b != 0).and_then(|at| bytes.get(at..)).unwrap_or_default();
    match (bytes, std::str::from_utf8(text)) {
        ([0, ..], Ok(text)) if bytes.len() != HEX_ID_BYTES => text.to_owned(),
        _ => hex(bytes),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A row as a line of the sheet it came from.
pub(in crate::commands) fn line(row: &Elsewhere) -> RegistrationLine {
    RegistrationLine {
        row: 0,
        external_id: row.external_id.as_ref().map(|id| id_text(&id.0)),
        teacher: row.teacher.clone(),
        title: row.title.clone(),
        kind: training_kind(row.kind),
        form: row.form.as_deref().and_then(form),
        level: row.level.map(level),
        h100: row.h100,
        start: row.start_day,
        end: row.end_day,
        organiser: row.organiser.clone().unwrap_or_default(),
        recorded_by: row.claimed_by.clone(),
        recorded_at: row.claimed_at_ms,
    }
}

/// Enterprise and self-study have no word in that sheet; exports name them themselves.
fn training_kind(kind: ActivityKind) -> TrainingKind {
    match kind {
        ActivityKind::Concentrated => TrainingKind::Concentrated,
        ActivityKind::Nonconcentrated | ActivityKind::Enterprise | ActivityKind::SelfStudy => TrainingKind::Nonconcentrated,
        ActivityKind::SchoolBased => TrainingKind::SchoolBased,
        ActivityKind::Online => TrainingKind::Online,
        ActivityKind::Degree => TrainingKind::Degree,
    }
}

/// The finer word of the source.
pub(in crate::commands) fn form(word: &str) -> Option<Form> {
    [Form::Workshop, Form::Observation, Form::Visit].into_iter().find(|f| f.word() == word)
}

fn level(level: rows::Level) -> Level {
    match level {
        rows::Level::Ministry => Level::Ministry,
        rows::Level::Province => Level::Province,
        rows::Level::City => Level::City,
        rows::Level::County => Level::County,
        rows::Level::Township => Level::Township,
        rows::Level::School => Level::School,
        rows::Level::University => Level::University,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn ids_come_back_equal() {
        let hex_id = "000102030405060708090a0b0c0d0e0f";
        for id in [
            hex_id,
            &hex_id.to_uppercase(),
            "X-1",
            "abcdefghijklmno",
            "abcdefghijklmnop",
            "0",
            "00",
            &"9".repeat(31),
            &"f".repeat(40),
        ] {
            assert_eq!(id_text(&external_id(id).0), id, "{id}");
        }
        assert_eq!(external_id(hex_id).0.len(), 16);
        assert_eq!(id_text(&[]), "", "nobody writes it, but a newer version may");
    }
}
