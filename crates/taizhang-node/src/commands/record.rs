//! `record`: one training of one teacher. Where something else is recorded about the same activity, it is a correction and needs a reason.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::DocId,
    op::{PayloadBuilder, RowName, RowRef},
    rows::{ActivityKind, Assessment, Elsewhere, RegisteredBy, Registration, RowType},
    standing::Judge,
    units::Day,
};

use super::{
    Context,
    import::{
        known::{Known, Recorded, elsewhere_key, key},
        place::{Place, Shelf, Shelves},
        registrations::form,
    },
    shown,
};
use crate::{
    command::{Record, Reply},
    core::Act,
    error::{CommandError, ErrorKind},
};

/// What is written: a row, and what it is about.
struct Written {
    row_type: u16,
    about: String,
    document: DocId,
    fields: Vec<u8>,
    /// The same with the note as the reason of a correction.
    correction: Vec<u8>,
    is_waiting: bool,
}

/// Records one training of one teacher in this organisation's ledger.
pub(crate) fn run(c: &mut Context<'_>, record: &Record) -> Result<Reply, CommandError> {
    let days = check(record)?;
    let place = Place::find(c, None)?;
    let mut shelves = Shelves::default();
    let shelf = place.shelf(shelves.rosters(c.core)?, &record.teacher).ok_or_else(|| {
        let (zh, en) = (
            format!("不知道教师 {} 属于哪所学校", record.teacher),
            format!("no roster here says which school {} belongs to", record.teacher),
        );
        CommandError::new(ErrorKind::Refused, zh, en).hint("请先取得其学校的花名册", "get the roster of the school first")
    })?;
    super::org::change::is_open_on(c.core, shelf.school(), days.1)?;
    let by = place.registered_by(c.core);
    let written = match (&record.activity, &record.title) {
        (Some(no), None) => in_activity(c, &mut shelves, record, (shelf, by, days), no)?,
        (None, Some(title)) => elsewhere(record, shelf, days, title)?,
        _ => return Err(CommandError::not_found("请给出活动编号或培训名称之一", "give either an activity or a title")),
    };
    let known = shelves.ledger(c.core, shelf)?;
    let recorded = known.about(written.row_type, &written.about).to_vec();
    let same = recorded.iter().find(|r| r.document == written.document && r.fields == written.fields);
    let (name, corrects) = match same {
        Some(same) if record.title.is_some() => return Err(the_same(record, days.1, same.name)),
        Some(same) => (same.name, Vec::new()),
        None => {
            let corrects = corrected(record, &recorded, written.document)?;
            told_twice(c, record, days.1, like(known, record, days.1))?;
            (Some(write(c, &written, &corrects)?), corrects)
        }
    };
    let (years, by) = if same.is_none() { locked(c, written.document, name) } else { Default::default() };
    let is_known = shelves.rosters(c.core)?.has(shelf.school(), &record.teacher);
    Ok(Reply::new(
        "record",
        json!({
            "row": name.map(|n| n.to_string()), "document": shown::document(c.core, &written.document), "teacher": record.teacher,
            "h100": record.h100, "year": written.document.period, "unchanged": same.is_some(), "waiting": written.is_waiting,
            "corrects": corrects.iter().map(RowName::to_string).collect::<Vec<_>>(),
            "locked_years": Some(years).filter(|y| !y.is_empty()), "locked_by": Some(by).filter(|b| !b.is_empty()),
            "findings": findings(record, is_known, written.is_waiting),
        }),
    ))
}

/// First and last day, if everything in the command can be recorded.
fn check(record: &Record) -> Result<(Day, Day), CommandError> {
    let day = |text: &str| {
        Day::parse_iso(text).ok_or_else(|| {
            CommandError::not_found(format!("看不懂的日期 {text}"), format!("{text} is not a date"))
                .hint("请写成 2023-05-01", "write it as 2023-05-01")
        })
    };
    let end = day(&record.end)?;
    let start = record.start.as_deref().map_or(Ok(end), day)?;
    if start > end {
        return Err(CommandError::not_found("结束日期早于开始日期", "the end lies before the start"));
    }
    let is_code = |text: &str| {
        (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    if !is_code(&record.teacher) || taizhang_sheets::is_id_number(&record.teacher) {
        // The number itself may be an ID number and is not repeated.
        return Err(CommandError::not_found(
            "教师编号只能有字母、数字、横线和下划线, 最多40位, 且不能是身份证号",
            "a teacher's number has letters, digits, - and _ only, 40 at most, and is no ID number",
        ));
    }
    if record.activity.as_deref().is_some_and(|no| !is_code(no)) {
        return Err(CommandError::not_found(
            "活动编号只能有字母、数字、横线和下划线, 最多40位",
            "an activity's number has letters, digits, - and _ only, 40 at most",
        ));
    }
    let texts = [&record.title, &record.organiser, &record.note];
    if texts.into_iter().flatten().any(|t| t.trim().is_empty() || t.len() > 1000) {
        return Err(CommandError::not_found(
            "文字不能为空, 且不超过 1000 字节",
            "texts must not be empty, and have 1,000 bytes at most",
        ));
    }
    Ok((start, end))
}

fn assessment(record: &Record) -> Result<Option<Assessment>, CommandError> {
    let word = record.assessment.as_deref();
    word.map(|w| {
        Assessment::from_word(w).ok_or_else(|| {
            CommandError::not_found(format!("没有考核结果 {w}"), format!("there is no assessment {w}"))
                .hint("可用: pass, fail, none, retake", "one of: pass, fail, none, retake")
        })
    })
    .transpose()
}

/// Hours in an activity that is announced, or will be.
fn in_activity(
    c: &Context<'_>,
    shelves: &mut Shelves,
    record: &Record,
    (shelf, by, (_, end)): (Shelf, RegisteredBy, (Day, Day)),
    no: &str,
) -> Result<Written, CommandError> {
    let owners = shelf.owners();
    let ends: Vec<Day> = shelves.activities(c.core, &owners)?.find(no, &owners).map(|a| a.end_day).collect();
    let is_one_year = ends.windows(2).all(|w| matches!(w, [a, b] if a.year() == b.year()));
    let year = ends.first().filter(|_| is_one_year).copied().unwrap_or(end).year();
    let row = Registration {
        activity: None,
        activity_no: Some(no.to_owned()),
        teacher: record.teacher.clone(),
        by,
        attended_h100: record.h100,
        planned_h100: None,
        late: None,
        early: None,
        leave_d100: None,
        days: None,
        assessment: assessment(record)?,
        grade: None,
        online_complete: None,
        degree_level: None,
        substitute_allowed: None,
        excellent: None,
        registered_day: end,
        sheet: None,
        source_status: None,
        evidence: None,
        note: record.note.clone(),
        reason: None,
    };
    let correction = Registration { note: None, reason: record.note.clone(), ..row.clone() };
    Ok(Written {
        row_type: Registration::TYPE,
        about: key(&[no, &record.teacher]),
        document: shelf.ledger(year),
        fields: row.to_fields(),
        correction: correction.to_fields(),
        is_waiting: ends.is_empty(),
    })
}

/// A training with its own title.
fn elsewhere(record: &Record, shelf: Shelf, (start_day, end_day): (Day, Day), title: &str) -> Result<Written, CommandError> {
    let (kind, form) = kind(record.kind.as_deref())?;
    let row = Elsewhere {
        external_id: None,
        teacher: record.teacher.clone(),
        title: title.to_owned(),
        organiser: record.organiser.clone(),
        level: None,
        kind,
        form,
        start_day,
        end_day,
        h100: record.h100,
        assessment: assessment(record)?,
        abroad: None,
        degree_level: None,
        claimed_by: None,
        claimed_at_ms: None,
        evidence: None,
        note: record.note.clone(),
        reason: None,
    };
    let (about, fields) = (elsewhere_key(&row), row.to_fields());
    Ok(Written {
        row_type: Elsewhere::TYPE,
        about,
        document: shelf.ledger(end_day.year()),
        correction: fields.clone(),
        fields,
        is_waiting: false,
    })
}

/// The kind and, where the word is finer, the form. Not said: the kind that earns least.
fn kind(word: Option<&str>) -> Result<(ActivityKind, Option<String>), CommandError> {
    let Some(word) = word.map(in_rows) else { return Ok((ActivityKind::Nonconcentrated, None)) };
    if let Some(f) = form(word) {
        let kind = if word == "workshop" { ActivityKind::Concentrated } else { ActivityKind::Nonconcentrated };
        return Ok((kind, Some(f.word().to_owned())));
    }
    let kind = ActivityKind::from_word(&word.replace('-', "_"));
    kind.map(|k| (k, None)).ok_or_else(|| {
        let all: Vec<&str> = ActivityKind::ALL.iter().map(|k| k.word()).collect();
        let all = all.join(", ");
        CommandError::not_found(format!("没有培训类别 {word}"), format!("there is no kind {word}"))
            .hint(format!("可用: {all}"), format!("one of: {all}"))
    })
}

/// A kind in Chinese, as sheets write it, in the word of rows.
fn in_rows(word: &str) -> &str {
    match word.trim_end_matches("培训").trim_end_matches("教育") {
        "集中" => "concentrated",
        "非集中" => "nonconcentrated",
        "校本" => "school_based",
        "网络" | "远程" => "online",
        "学历" => "degree",
        "企业实践" | "下企业实践" => "enterprise",
        "自学" => "self_study",
        _ => word,
    }
}

/// The rows that this one corrects: all that are recorded about the same.
fn corrected(record: &Record, recorded: &[Recorded], document: DocId) -> Result<Vec<RowName>, CommandError> {
    if recorded.is_empty() {
        return Ok(Vec::new());
    }
    if recorded.iter().any(|r| r.document != document) {
        return Err(CommandError::new(
            ErrorKind::Refused,
            "此活动在另一年度的台账中已有登记",
            "this is recorded in the ledger of another year",
        )
        .hint("请核对结束日期和活动编号", "check the last day and the activity's number"));
    }
    if record.note.is_none() {
        return Err(CommandError::new(
            ErrorKind::Refused,
            "此教师的这一活动已有不同的登记",
            "something else is recorded about this teacher and activity",
        )
        .hint("确需更正请用 --note 写明理由", "to correct it give the reason as --note"));
    }
    Ok(recorded.iter().filter_map(|r| r.name).collect())
}

/// A training elsewhere of this teacher that has another content and yet the same title, last day and hours.
fn like(known: &Known, record: &Record, end: Day) -> Option<RowName> {
    let title = record.title.as_deref()?.trim();
    let is_like =
        |e: &Elsewhere| e.teacher == record.teacher && e.title.trim() == title && e.end_day == end && e.h100 == record.h100;
    let mut all = known.with_prefix(Elsewhere::TYPE, "");
    all.find(|r| Elsewhere::from_fields(&r.fields).is_ok_and(|p| is_like(&p.row)))?.name
}

/// Most often it is the same training, typed once more: then its hours would be counted twice.
fn told_twice(c: &mut Context<'_>, record: &Record, end: Day, like: Option<RowName>) -> Result<(), CommandError> {
    let Some(row) = like else { return Ok(()) };
    let (zh, en) = recorded_on(end, row);
    if record.again {
        c.note(zh, en);
        return Ok(());
    }
    Err(CommandError::new(ErrorKind::Refused, zh, en).hint("确是另一次培训请加 --again", "if it is another training add --again"))
}

fn recorded_on(end: Day, row: RowName) -> (String, String) {
    (
        format!("该教师已有一次名称、结束日期 {end} 和学时都相同的培训 ({row})"),
        format!("a training of this teacher with the same title, last day {end} and hours is recorded already ({row})"),
    )
}

/// Two rows that say the same are one: nothing would be added, and nobody may be told that it was.
fn the_same(record: &Record, end: Day, name: Option<RowName>) -> CommandError {
    let (zh, en) = name.map(|row| recorded_on(end, row)).unwrap_or_default();
    let hint = if record.again { ("", "") } else { ("加 --again, 并", "add --again and ") };
    CommandError::new(
        ErrorKind::Refused,
        format!("{zh}, 其余各项也都相同: 没有写入"),
        format!("{en}, and all else is the same: nothing was written"),
    )
    .hint(
        format!("确是另一次培训 (例如同一天的另外半天), 请{}用 --note 写明是哪一次, 例如 --note 下午", hint.0),
        format!(
            "if it is another one, such as the other half of that day, {}say which with --note, such as --note afternoon",
            hint.1
        ),
    )
}

/// The locks under which a new row does not count: years, and who closed them; and tells of them.
pub(super) fn locked(c: &mut Context<'_>, document: DocId, name: Option<RowName>) -> (BTreeSet<u16>, BTreeSet<String>) {
    let closed = {
        let judge = Judge::new(c.core.ledger());
        name.and_then(|n| judge.gate(document).map(|g| g.closed_by(&n.entry))).unwrap_or_default()
    };
    let years: BTreeSet<u16> = closed.iter().map(|(year, _)| *year).collect();
    let by: BTreeSet<String> = closed.iter().map(|(_, org)| shown::org(c.core, *org)).collect();
    if !years.is_empty() {
        let year = years.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
        let who = by.iter().cloned().collect::<Vec<_>>().join(", ");
        c.note(
            format!("{year} 年度已由 {who} 锁定: 这一行已保存, 但在锁定后到达, 未计入; 待 {who} 接受 (review accept) 或解锁 (review unlock) 后计入"),
            format!("{year} is locked by {who}: the row is kept, but it arrived after the lock and counts only once {who} accepts it (review accept) or opens the year (review unlock)"),
        );
    }
    (years, by)
}

fn write(c: &mut Context<'_>, written: &Written, corrects: &[RowName]) -> Result<RowName, CommandError> {
    let mut p = PayloadBuilder::default();
    let fields = if corrects.is_empty() { &written.fields } else { &written.correction };
    let replaces: Vec<RowRef> = corrects.iter().map(|r| r.here()).collect();
    let index = p.row(written.row_type, &replaces, fields);
    let mut act = Act::default();
    act.write(written.document, p);
    let person = c.person()?;
    let entries = c.core.write(&person, act)?;
    entries.first().map(|entry| RowName { entry: *entry, index }).ok_or_else(|| CommandError::storage("no entry written"))
}

fn findings(record: &Record, is_known: bool, is_waiting: bool) -> Vec<Json> {
    let mut out = Vec::new();
    if !is_known {
        let (zh, en) = (format!("花名册中没有教师 {}", record.teacher), format!("the roster has no teacher {}", record.teacher));
        out.push(json!({ "kind": "unknown_teacher", "severity": "note", "zh": zh, "en": en }));
    }
    if is_waiting {
        let no = record.activity.as_deref().unwrap_or_default();
        let (zh, en) = (
            format!("活动 {no} 未知, 暂不计入; 待其资料到达后计入"),
            format!("the activity {no} is missing; the row waits for it and does not count yet"),
        );
        out.push(json!({ "kind": "activity_missing", "severity": "warning", "zh": zh, "en": en }));
    }
    out
}

#[cfg(test)]
pub(super) mod tests;
