//! 教师花名册 → in the roster: rows 40 (teacher), 41 (dated facts), registers `NO.seq`, `NO.subject`, `NO.remark`; in the identity document: rows 50, sealed.
//!
//! A fact that the first roster of a teacher brings is dated from the day of hiring, for the sheet names no other, but not from within a locked year: about that the roster comes too late. One that a later roster changes is dated from the day of the import.

use taizhang_core::{
    cbor::Value,
    id::{DocId, Kind, OrgId},
    names::KeyId,
    op::{RowName, RowRef, VALUE_BYTES_MAX, scalar},
    rows::{OrgKind, Person as PersonRow, RowType, Status, Teacher},
    standing::Judge,
    units::Day,
    view::DocumentView,
};
use taizhang_sheets::{RosterLine, Severity, Stage};

use super::{
    known::{Known, Recorded, key},
    plan::{Plan, Put, State},
    report::Found,
};
use crate::{commands::Context, error::CommandError, keyring::Identity};

pub(super) fn plan(c: &Context<'_>, plan: &mut Plan, lines: &[RosterLine], state: &mut State) -> Result<(), CommandError> {
    let school = c.org_or_own(plan.import.org.as_deref())?;
    if c.core.ledger().registry.kind(school) != Some(OrgKind::School) {
        return Err(CommandError::not_found("花名册须由学校导入", "a roster is imported by its school").hint(
            "在学校的机器上导入, 或用 --org 指明学校",
            "import it on the school's machine, or name the school with --org",
        ));
    }
    let (roster, identity) = (DocId::of(school, Kind::Roster), DocId::of(school, Kind::Identity));
    if state.shelves.known(c.core, school, Kind::Roster, None)?.has_file(&plan.report.sha256) {
        plan.report.already_imported = true;
        plan.report.unchanged = u32::try_from(lines.len()).unwrap_or(u32::MAX);
        return Ok(());
    }
    let view = c.core.view(&roster)?.without_locks();
    let open_from = open_from(c, school);
    let known = state.shelves.known(c.core, school, Kind::Roster, None)?;
    let unsaid: Vec<&RosterLine> =
        lines.iter().filter(|l| is_first_job_unsaid(l, known.about(Teacher::TYPE, &l.teacher))).collect();
    ask_first_jobs(plan, &unsaid);
    for line in lines {
        let known = state.shelves.known(c.core, school, Kind::Roster, None)?;
        let about = known.about(Teacher::TYPE, &line.teacher);
        let (is_new, said) = (about.is_empty(), recorded(line, about).unwrap_or_else(|| teacher(line).to_fields()));
        let put = plan.put(known, roster, line.row, (Teacher::TYPE, &line.teacher), said);
        if put == Put::Refused {
            continue;
        }
        let mut parts = vec![put];
        let from_day = if is_new { line.hired.max(open_from) } else { plan.today };
        parts.extend(facts(plan, known, roster, line, from_day));
        parts.extend(registers(plan, state, &view, line));
        parts.push(person(c, plan, state, (school, identity), line)?);
        plan.count(&parts);
    }
    Ok(())
}

/// The first day after the school's locked years.
fn open_from(c: &Context<'_>, school: OrgId) -> Day {
    let judge = Judge::new(c.core.ledger());
    let last = judge.locks(school).iter().filter(|l| l.acts()).map(|l| u32::from(l.year)).max();
    last.and_then(|year| Day::from_ymd(year + 1, 1, 1)).unwrap_or_default()
}

/// Years for which a hire may matter to a probation that an open cycle asks for, at most.
const RECENT_YEARS: u16 = 6;

/// Nobody may be taken for experienced because a column is missing: the sheet is asked.
fn ask_first_jobs(plan: &mut Plan, unsaid: &[&RosterLine]) {
    let since = plan.today.year().saturating_sub(RECENT_YEARS);
    let unsaid: Vec<&RosterLine> = unsaid.iter().copied().filter(|l| l.hired.year() >= since).collect();
    let Some(first) = unsaid.first() else { return };
    let n = unsaid.len();
    plan.report.add(&Found::new(
        first.row,
        "first_job_unsaid",
        Severity::Note,
        format!("近年参加工作的 {n} 人未写「是否首次任教」: 试用期要求保持待定; 请在首次导入前加此列 (是/否), 已导入的用 taizhang roster correct --first-job 写明"),
        format!(
            "of {n} teachers hired in recent years nobody said whether it is their first post: probation stays open; add the column 是否首次任教 (是 or 否) before the first import, or say it with `taizhang roster correct --first-job`"
        ),
    ));
}

/// Says neither the sheet nor what is recorded whether it is the teacher's first post?
fn is_first_job_unsaid(line: &RosterLine, about: &[Recorded]) -> bool {
    let is_said = |r: &Recorded| Teacher::from_fields(&r.fields).is_ok_and(|t| t.row.first_job.is_some());
    line.first_job.is_none() && !about.iter().any(is_said)
}

/// A row that says all that the sheet says of the person; a corrected one says more.
fn recorded(line: &RosterLine, about: &[Recorded]) -> Option<Vec<u8>> {
    let says = |t: &Teacher| t.hired_day == line.hired && line.first_job.is_none_or(|first| t.first_job == Some(first));
    let found = about.iter().find(|r| Teacher::from_fields(&r.fields).is_ok_and(|p| says(&p.row)));
    found.map(|r| r.fields.clone())
}

fn teacher(line: &RosterLine) -> Teacher {
    let no = line.teacher.clone();
    Teacher { no, hired_day: line.hired, first_job: line.first_job, qualified_degree: None, came_from: None, reason: None }
}

/// Facts that are not what is recorded last.
fn facts(plan: &mut Plan, known: &mut Known, roster: DocId, line: &RosterLine, from_day: Day) -> Vec<Put> {
    let head_teacher = line.head_teacher.map(|is| if is { "yes" } else { "no" });
    let facts = [
        ("stage", Some(stage(line.stage))),
        ("title", line.title.as_deref()),
        ("degree", line.degree.as_deref()),
        ("head_teacher", head_teacher),
        ("post", line.post.as_deref()),
    ];
    let mut out = Vec::new();
    for (what, value) in facts {
        let Some(value) = value else { continue };
        let last = latest(known, &line.teacher, what);
        // Nobody is head teacher who was never said to be.
        let is_said = last.as_ref().map_or(what == "head_teacher" && value == "no", |(_, v)| v.as_deref() == Some(value));
        if is_said {
            continue;
        }
        let row = status(&line.teacher, what, value, from_day);
        let about = key(&[&line.teacher, what, &from_day.to_string()]);
        out.push(plan.put(known, roster, line.row, (Status::TYPE, &about), row.to_fields()));
    }
    out
}

fn status(teacher: &str, what: &str, value: &str, from_day: Day) -> Status {
    Status {
        teacher: teacher.to_owned(),
        what: what.to_owned(),
        value: Some(value.to_owned()),
        from_day,
        to_day: None,
        reason: None,
    }
}

/// The fact with the latest day.
fn latest(known: &Known, teacher: &str, what: &str) -> Option<(Day, Option<String>)> {
    let prefix = key(&[teacher, what, ""]);
    let of_what = known.with_prefix(Status::TYPE, &prefix);
    let facts = of_what.filter_map(|r| Status::from_fields(&r.fields).ok()).map(|p| (p.row.from_day, p.row.value));
    facts.max_by_key(|(day, _)| *day)
}

/// The word of rows 41, as rules and policies have it.
fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Kindergarten => "kindergarten",
        Stage::Primary => "primary",
        Stage::Junior => "junior",
        Stage::Senior => "senior",
        Stage::Special => "special",
        Stage::Vocational => "vocational",
    }
}

/// Registers whose value is not the one recorded. Where several are, a person settles that first.
fn registers(plan: &mut Plan, state: &mut State, view: &DocumentView, line: &RosterLine) -> Vec<Put> {
    let remark = plan.remark(line.row, line.remark.as_deref(), Some(&line.name));
    let values = [("seq", line.seq.clone()), ("subject", line.subject.clone()), ("remark", remark)];
    let mut out = Vec::new();
    for (field, value) in values {
        let Some(value) = value.map(Value::Text) else { continue };
        let register = format!("{}.{field}", line.teacher);
        out.push(register_value(plan, state, view, line.row, register, value));
    }
    out
}

fn register_value(plan: &mut Plan, state: &mut State, view: &DocumentView, row: u32, register: String, value: Value) -> Put {
    let at = (view.document, register.clone());
    if let Some(expected) = state.registers.get(&at) {
        if *expected == value {
            return Put::Same;
        }
        plan.refuse_row(row, "differs", "与本次导入的另一文件不同", "differs from another file of this import");
        return Put::Refused;
    }
    let standing = view.register(&register);
    if standing.iter().any(|w| w.value == value) && standing.iter().all(|w| w.value == value) {
        return Put::Same;
    }
    let bytes = scalar(&value);
    let problem = if bytes.len() > VALUE_BYTES_MAX {
        Some(("too_long", "文字过长, 未导入此格", "the text is too long and was left out"))
    } else if view.conflicts().contains(&register.as_str()) {
        Some((
            "conflict",
            "此项有几种填法待选定, 未改动; 请先用 taizhang conflict 选定",
            "several values wait to be settled; settle them first with `taizhang conflict`",
        ))
    } else {
        None
    };
    if let Some((kind, zh, en)) = problem {
        plan.report.add(&Found::new(row, kind, Severity::Refused, zh, en));
        return Put::Refused;
    }
    let replaces = standing.iter().map(|w| w.entry).collect();
    plan.batch.register(view.document, row, register, bytes, replaces);
    state.registers.insert(at, value);
    Put::New
}

/// A sealed row, unless one that this person can open says the same.
fn person(
    c: &Context<'_>,
    plan: &mut Plan,
    state: &mut State,
    (school, document): (OrgId, DocId),
    line: &RosterLine,
) -> Result<Put, CommandError> {
    let identity = Identity {
        name: line.name.clone(),
        sex: line.sex.map(|s| s.word().to_owned()),
        ethnic: line.ethnic.clone(),
        id_number: line.id_number.clone(),
        birth: line.birth.map(|d| d.to_string()),
        phone: line.phone.clone(),
    };
    let known = state.shelves.known(c.core, school, Kind::Identity, None)?;
    let recorded = known.about(PersonRow::TYPE, &line.teacher).to_vec();
    let ring = state.keyring(c)?;
    let (mut replaces, mut keys): (Vec<RowRef>, Vec<KeyId>) = (Vec::new(), Vec::new());
    let (mut is_said, mut has_broken) = (false, false);
    for known in recorded {
        let Ok(row) = PersonRow::from_fields(&known.fields) else { continue };
        let said = ring.unseal(c.core.hub(), &document, &row.row);
        let is_broken = said.is_none() && ring.is_broken(c.core.hub(), &document, &row.row);
        // What this person cannot open stays beside it: nobody replaces what he cannot read, unless his own key shows that nothing is sealed there.
        if said.is_some() || is_broken {
            keys.push(row.row.key_id);
            replaces.extend(known.name.map(RowName::here));
        }
        (is_said, has_broken) = (is_said || said.as_ref() == Some(&identity), has_broken || is_broken);
    }
    if is_said && !has_broken {
        return Ok(Put::Same);
    }
    let row = ring.seal(c.core.hub(), document, &line.teacher, &identity, &keys)?;
    let fields = row.to_fields();
    state.shelves.known(c.core, school, Kind::Identity, None)?.expect(document, PersonRow::TYPE, &line.teacher, fields.clone());
    plan.batch.row_replacing(document, line.row, PersonRow::TYPE, replaces, fields);
    Ok(Put::New)
}
