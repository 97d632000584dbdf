//! Rows to lines. Every cell of a row is read before the row is given up, so that a clerk sees all of its faults at once.

use super::*;
use crate::cells::{Cells, Unreadable};
use crate::columns::{activities, attendance, corrections, leaves, orgs, registrations, roster, signin, transfers};
use crate::finding::{Finding, FindingKind, Severity};
use crate::grid::Raw;
use crate::mend;
use crate::value::date::month_of;
use crate::value::words::{self, YES_NO};
use crate::value::{code, idcard, parsed};

type Read<T> = Result<T, Unreadable>;

impl OrgLine {
    pub(crate) fn read(c: &mut Cells<'_>) -> Read<Self> {
        let (code, org_type) = (c.code(&orgs::CODE), c.word(&orgs::TYPE, OrgType::WORDS));
        let (name, parent) = (c.text(&orgs::NAME), c.code(&orgs::PARENT));
        Ok(Self {
            row: c.row.number,
            code: Cells::must(code)?,
            org_type: Cells::must(org_type)?,
            name: Cells::must(name)?,
            parent,
        })
    }
}

impl RosterLine {
    pub(crate) fn read(c: &mut Cells<'_>) -> Read<Self> {
        let seq = c.text(&roster::SEQ);
        let (teacher, name) = (c.teacher(&roster::TEACHER), c.name(&roster::NAME));
        let (sex, id_number) = (c.word(&roster::SEX, Sex::WORDS), c.id_number(&roster::ID));
        let birth = birth(c, id_number.as_deref());
        compare_with_id(c, id_number.as_deref(), birth, sex);
        let ethnic = c.text(&roster::ETHNIC);
        let (hired, stage) = (c.day_or_month(&roster::HIRED), c.word(&roster::STAGE, Stage::WORDS));
        let (subject, title, degree) = (c.text(&roster::SUBJECT), c.text(&roster::TITLE), c.text(&roster::DEGREE));
        let head_teacher = c.word(&roster::HEAD_TEACHER, YES_NO);
        let first_job = c.word(&roster::FIRST_JOB, YES_NO);
        let (post, phone, remark) = (c.text(&roster::POST), phone(c), c.text(&roster::REMARK));
        Ok(Self {
            row: c.row.number,
            seq,
            teacher: Cells::must(teacher)?,
            name: Cells::must(name)?,
            sex,
            id_number,
            birth,
            ethnic,
            hired: Cells::must(hired)?,
            stage: Cells::must(stage)?,
            subject,
            title,
            degree,
            head_teacher,
            first_job,
            post,
            phone,
            remark,
        })
    }
}

/// A phone: as a code where it is one, else as the text that stands there.
fn phone(c: &mut Cells<'_>) -> Option<String> {
    match code::parse(c.raw(&roster::PHONE)) {
        Err(FindingKind::NotACode) => c.text(&roster::PHONE),
        reading => c.take(&roster::PHONE, reading),
    }
}

/// A birth date; where only year and month stand there, the ID number of the same month tells the day.
fn birth(c: &mut Cells<'_>, id: Option<&str>) -> Option<Date> {
    let Some((year, month)) = month_of(c.raw(&roster::BIRTH)) else { return c.date(&roster::BIRTH) };
    let known = id.and_then(idcard::birth).filter(|b| (u32::from(b.year), u32::from(b.month)) == (year, month));
    let reading = known.map_or(Err(FindingKind::MonthOnly), |b| parsed(b, b.to_string(), FindingKind::MonthOnly));
    c.take(&roster::BIRTH, reading)
}

fn compare_with_id(c: &mut Cells<'_>, id: Option<&str>, birth: Option<Date>, sex: Option<Sex>) {
    let Some(id) = id else { return };
    if birth.is_some_and(|b| idcard::birth(id) != Some(b)) {
        c.note(&roster::BIRTH, FindingKind::DiffersFromId);
    }
    if sex.is_some_and(|s| idcard::is_male(id) != Some(s == Sex::Male)) {
        c.note(&roster::SEX, FindingKind::DiffersFromId);
    }
}

impl ActivityLine {
    pub(crate) fn read(c: &mut Cells<'_>) -> Read<Self> {
        let (activity, title, organiser) =
            (c.code(&activities::ACTIVITY), c.text(&activities::TITLE), c.text(&activities::ORGANISER));
        let (level, kind) = (c.word(&activities::LEVEL, Level::WORDS), c.word(&activities::KIND, TrainingKind::WORDS));
        let (start, end) = (c.day(&activities::START), c.day(&activities::END));
        check_order(c, &activities::END, start, end);
        let (planned, submitted) = (c.hours(&activities::PLANNED), c.day(&activities::SUBMITTED));
        let (claimed_state, claimed_decided) = (c.word(&activities::STATE, ClaimedState::WORDS), c.day(&activities::DECIDED));
        let (registered, tags) = (c.word(&activities::REGISTERED, YES_NO), tags(c));
        Ok(Self {
            row: c.row.number,
            activity: Cells::must(activity)?,
            title: Cells::must(title)?,
            organiser,
            level: Cells::must(level)?,
            kind: Cells::must(kind)?,
            start: Cells::must(start)?,
            end: Cells::must(end)?,
            planned_h100: Cells::must(planned)?,
            submitted,
            claimed_state,
            claimed_decided,
            registered,
            tags,
        })
    }
}

fn tags(c: &mut Cells<'_>) -> Vec<String> {
    let text = match c.raw(&activities::TAGS) {
        Raw::Text(stood) => mend::text(stood, false).0,
        other => other.shown(),
    };
    let tags: Vec<String> = text
        .split(['|', '、', ',', '\u{FF0C}', ';', '\u{FF1B}'])
        .map(|t| mend::text(t, false).0)
        .filter(|t| !t.is_empty())
        .collect();
    let reading = if tags.is_empty() { Ok(None) } else { parsed(tags.clone(), tags.join("|"), FindingKind::Spaces) };
    c.take(&activities::TAGS, reading).unwrap_or_default()
}

fn check_order(c: &mut Cells<'_>, end_column: &'static crate::columns::Column, start: Option<Day>, end: Option<Day>) {
    if let (Some(start), Some(end)) = (start, end)
        && end < start
    {
        let stood = c.raw(end_column).shown();
        c.refuse(end_column, FindingKind::EndBeforeStart, stood);
    }
}

impl AttendanceLine {
    pub(crate) fn read(c: &mut Cells<'_>) -> Read<Self> {
        let (seq, activity, title) = (c.text(&attendance::SEQ), c.code(&attendance::ACTIVITY), c.text(&attendance::TITLE));
        let (teacher, name) = (c.teacher(&attendance::TEACHER), c.name(&attendance::NAME));
        let (planned, attended) = (c.hours(&attendance::PLANNED), c.hours(&attendance::ATTENDED));
        if attended > planned && planned.is_some() {
            c.note(&attendance::ATTENDED, FindingKind::MoreThanPlanned);
        }
        let (late, early, leave_days_h100) =
            (c.count(&attendance::LATE), c.count(&attendance::EARLY), c.days(&attendance::LEAVE));
        let assessment = c.word(&attendance::ASSESSMENT, Assessment::WORDS);
        let (registered, remark) = (c.day(&attendance::DAY), c.text(&attendance::REMARK));
        Ok(Self {
            row: c.row.number,
            seq,
            activity: Cells::must(activity)?,
            title,
            teacher: Cells::must(teacher)?,
            name,
            planned_h100: Cells::must(planned)?,
            attended_h100: Cells::must(attended)?,
            late,
            early,
            leave_days_h100,
            assessment,
            registered,
            remark,
        })
    }
}

impl SignInLine {
    pub(crate) fn read(c: &mut Cells<'_>) -> Read<Self> {
        let (seq, teacher, name) = (c.text(&signin::SEQ), c.teacher(&signin::TEACHER), c.name(&signin::NAME));
        let header = c.header;
        let marks = header.sessions.iter().map(|(place, session)| mark(c, *place, session)).collect();
        Ok(Self { row: c.row.number, seq, teacher: Cells::must(teacher)?, name, marks })
    }
}

/// A mark; its column's name is the sheet's own, so it can't go through `Cells::take`.
fn mark(c: &mut Cells<'_>, place: usize, session: &Session) -> Mark {
    let raw = c.row.cell(place);
    let (mark, kind, severity, became) = match words::parse(raw, Mark::WORDS) {
        Ok(Some(found)) if found.value != Mark::Unread => {
            if raw.shown() == found.spelling {
                return found.value;
            }
            (found.value, found.mend, Severity::Mended, Some(found.spelling))
        }
        Ok(None) if *raw == Raw::Empty => return Mark::Empty,
        Ok(None) => (Mark::Empty, FindingKind::Spaces, Severity::Mended, Some(String::new())),
        Ok(Some(_)) => (Mark::Unread, FindingKind::UnknownWord, Severity::Refused, None),
        Err(kind) => (Mark::Unread, kind, Severity::Refused, None),
    };
    let mut finding = Finding::cell(c.row.number, &session.header, kind, severity, raw.shown());
    finding.became = became;
    c.findings.push(finding);
    mark
}

impl RegistrationLine {
    pub(crate) fn read(c: &mut Cells<'_>) -> Read<Self> {
        let (external_id, teacher, title) =
            (c.code(&registrations::ID), c.teacher(&registrations::TEACHER), c.text(&registrations::TITLE));
        let form = Form::of(c.raw(&registrations::KIND));
        let (kind, level) = (c.word(&registrations::KIND, TrainingKind::WORDS), c.word(&registrations::LEVEL, Level::WORDS));
        let (hours, start, end) = (c.hours(&registrations::HOURS), c.day(&registrations::START), c.day(&registrations::END));
        check_order(c, &registrations::END, start, end);
        let (organiser, recorded_by, recorded_at) =
            (c.text(&registrations::ORGANISER), c.text(&registrations::BY), c.stamp(&registrations::AT));
        Ok(Self {
            row: c.row.number,
            external_id,
            teacher: Cells::must(teacher)?,
            title: Cells::must(title)?,
            kind: Cells::must(kind)?,
            form,
            level,
            h100: Cells::must(hours)?,
            start: Cells::must(start)?,
            end: Cells::must(end)?,
            organiser: Cells::must(organiser)?,
            recorded_by,
            recorded_at,
        })
    }
}

impl Form {
    /// The word of the JSON form.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Workshop => "workshop",
            Self::Observation => "observation",
            Self::Visit => "visit",
        }
    }

    fn of(raw: &Raw) -> Option<Self> {
        let word = mend::code(&raw.shown()).0.to_ascii_lowercase();
        [Self::Workshop, Self::Observation, Self::Visit].into_iter().find(|f| f.word() == word)
    }
}

impl TransferLine {
    pub(crate) fn read(c: &mut Cells<'_>) -> Read<Self> {
        let (teacher, name) = (c.teacher(&transfers::TEACHER), c.name(&transfers::NAME));
        let (from_code, from_name) = (c.code(&transfers::FROM_CODE), c.text(&transfers::FROM_NAME));
        let (to_code, day, note) = (c.code(&transfers::TO_CODE), c.day(&transfers::DAY), c.text(&transfers::NOTE));
        Ok(Self {
            row: c.row.number,
            teacher: Cells::must(teacher)?,
            name,
            from_code: Cells::must(from_code)?,
            from_name,
            to_code: Cells::must(to_code)?,
            day: Cells::must(day)?,
            note,
        })
    }
}

impl LeaveLine {
    pub(crate) fn read(c: &mut Cells<'_>) -> Read<Self> {
        let (teacher, name) = (c.teacher(&leaves::TEACHER), c.name(&leaves::NAME));
        let (year, months) = (c.count(&leaves::YEAR), c.count(&leaves::MONTHS));
        let year = within(c, &leaves::YEAR, year, 1970..=2099).and_then(|y| u16::try_from(y).ok());
        let months = within(c, &leaves::MONTHS, months, 1..=12).and_then(|m| u8::try_from(m).ok());
        let (reason, approved_by) = (c.text(&leaves::REASON), c.text(&leaves::BY));
        Ok(Self {
            row: c.row.number,
            teacher: Cells::must(teacher)?,
            name,
            year: Cells::must(year)?,
            months: Cells::must(months)?,
            reason,
            approved_by,
        })
    }
}

fn within(
    c: &mut Cells<'_>,
    column: &'static crate::columns::Column,
    n: Option<u32>,
    range: std::ops::RangeInclusive<u32>,
) -> Option<u32> {
    if n.is_some_and(|n| !range.contains(&n)) {
        let stood = c.raw(column).shown();
        c.refuse(column, FindingKind::NotANumber, stood);
        return None;
    }
    n
}

impl CorrectionLine {
    pub(crate) fn read(c: &mut Cells<'_>) -> Read<Self> {
        let (target, teacher, activity) =
            (c.text(&corrections::TARGET), c.teacher(&corrections::TEACHER), c.code(&corrections::ACTIVITY));
        let (old, new, day) = (c.hours(&corrections::OLD), c.hours(&corrections::NEW), c.day(&corrections::DAY));
        let reason = c.text(&corrections::REASON);
        Ok(Self {
            row: c.row.number,
            target: Cells::must(target)?,
            teacher: Cells::must(teacher)?,
            activity: Cells::must(activity)?,
            old_h100: Cells::must(old)?,
            new_h100: Cells::must(new)?,
            day: Cells::must(day)?,
            reason: Cells::must(reason)?,
        })
    }
}
