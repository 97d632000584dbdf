//! Trainings done elsewhere, back into the JSON form they came in.

use serde::Serialize;

use crate::lines::{Form, RegistrationLine, TrainingKind};
use crate::value::date::stamp_text;

/// One record of the JSON form, fields in its order.
#[derive(Serialize)]
struct Record<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    teacher_id: &'a str,
    title: &'a str,
    kind: &'static str,
    hours: Hours,
    start: String,
    end: String,
    organizer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded_at: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Hours {
    Whole(u32),
    Part(f64),
}

/// The lines as the JSON form (UTF-8, no white space); reading it again gives the same lines.
///
/// # Errors
/// None is known; the writer's own words if it ever fails.
pub fn to_json(lines: &[RegistrationLine]) -> Result<Vec<u8>, String> {
    let records: Vec<Record<'_>> = lines.iter().map(record).collect();
    serde_json::to_vec(&records).map_err(|e| e.to_string())
}

fn record(line: &RegistrationLine) -> Record<'_> {
    Record {
        id: line.external_id.as_deref(),
        teacher_id: &line.teacher,
        title: &line.title,
        kind: kind_word(line.kind, line.form),
        hours: hours(line.h100),
        start: line.start.to_string(),
        end: line.end.to_string(),
        organizer: &line.organiser,
        level: line.level.map(crate::lines::Level::word),
        recorded_by: line.recorded_by.as_deref(),
        recorded_at: line.recorded_at.map(stamp_text),
    }
}

/// The word of the JSON form for a kind.
#[must_use]
pub fn kind_word(kind: TrainingKind, form: Option<Form>) -> &'static str {
    match (form, kind) {
        (Some(form), _) => form.word(),
        (None, TrainingKind::Online) => "online",
        (None, TrainingKind::SchoolBased) => "school-based",
        (None, TrainingKind::Concentrated) => "concentrated",
        (None, TrainingKind::Nonconcentrated) => "nonconcentrated",
        (None, TrainingKind::Degree) => "degree",
    }
}

#[expect(clippy::float_arithmetic, reason = "JSON has no hundredths; n/100 is the float that reads back as n")]
fn hours(h100: u32) -> Hours {
    if h100.is_multiple_of(100) { Hours::Whole(h100 / 100) } else { Hours::Part(f64::from(h100) / 100.0) }
}
