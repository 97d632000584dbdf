//! 签到表 → rows 21 (sessions), 62 (the sheet), 63 (marks), in the ledger of the year in which the activity ends.
//!
//! A session's number is (week − 1) × 7 + weekday, so that it is the same whatever columns a sheet has; a session is one lesson of 1 class hour.

use taizhang_core::{
    op::RowRef,
    rows::{ActivityKind, Marks, RowType, Session, Sheet, field::Bytes},
    units::Day,
};
use taizhang_sheets::{Mark, SignInLine, SignInLines};

use super::{
    attendance::{end_of, waits},
    known::{key, sessions_key},
    place::{Place, Shelf},
    plan::{Plan, Put, State},
    semester_of, year_given,
};
use crate::{commands::Context, error::CommandError};

const LESSON_H100: u32 = 100;

pub(super) fn plan(c: &Context<'_>, plan: &mut Plan, lines: &SignInLines, state: &mut State) -> Result<(), CommandError> {
    let place = Place::find(c, plan.import.org.as_deref())?;
    let shelf = match place {
        Place::School(owner) => Shelf { owner, subject: None },
        Place::About { owner, school } => Shelf { owner, subject: Some(school) },
        Place::ByRoster { .. } => {
            return Err(CommandError::not_found("签到表须指明学校", "a sign-in sheet needs its school")
                .hint("用 --org 指明学校", "name it with --org"));
        }
    };
    let activity = activity(c, plan, state, shelf)?;
    let end = end_of(c, state, shelf, &activity)?;
    let Some(year) = end.map(Day::year).or(year_given(&plan.import)?) else {
        return Err(CommandError::not_found(
            format!("活动 {activity} 未知, 须给出年份"),
            format!("the activity {activity} is not known here: the year is needed"),
        )
        .hint("用 --year 给出年份, 或先导入活动", "give --year, or import the activities first"));
    };
    if state.shelves.ledger(c.core, shelf)?.has_file(&plan.report.sha256) {
        plan.report.already_imported = true;
        plan.report.unchanged = u32::try_from(lines.lines.len()).unwrap_or(u32::MAX);
        return Ok(());
    }
    // All of a sheet is of one activity: its first row stands for it.
    let first = lines.lines.first().map_or(1, |l| l.row);
    if end.is_some_and(|end| plan.is_after_closing(c.core, first, shelf.school(), end)) {
        return Ok(());
    }
    let numbers: Vec<u32> =
        lines.sessions.iter().map(|s| u32::from(s.week.saturating_sub(1)) * 7 + u32::from(s.weekday)).collect();
    let document = shelf.ledger(year);
    sessions(c, plan, lines, state, (shelf, &activity, year))?;
    let sheet = Sheet {
        activity: Some(activity.clone()),
        sessions: Some(numbers.clone()),
        rows: plan.report.rows,
        opened_day: None,
        closed_day: None,
        source_file: Some(plan.report.sha256),
        reason: None,
    };
    for line in &lines.lines {
        let about = key(&[&activity, &line.teacher, &sessions_key(&numbers)]);
        let known = state.shelves.ledger(c.core, shelf)?;
        let row = marks(&activity, line);
        let mut written = row.clone();
        // Every entry begins with the sheet.
        written.sheet = Some(RowRef::own(0));
        let put = plan.put_as(known, document, line.row, (Marks::TYPE, &about), (row.to_fields(), written.to_fields()));
        plan.count(&[put]);
        if put == Put::New {
            plan.batch.head(document, Sheet::TYPE, sheet.to_fields());
            plan.check_teacher(c.core, &mut state.shelves, shelf.school(), line.row, &line.teacher)?;
            if end.is_none() {
                waits(plan, line.row, &activity);
            }
        }
    }
    Ok(())
}

/// The activity named, else the one school-based training of that year and semester.
fn activity(c: &Context<'_>, plan: &Plan, state: &mut State, shelf: Shelf) -> Result<String, CommandError> {
    if let Some(no) = &plan.import.activity {
        let is_code = (1..=40).contains(&no.len()) && no.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        return if is_code {
            Ok(no.clone())
        } else {
            Err(CommandError::not_found(
                "活动编号只能有字母、数字、横线和下划线, 最多40位",
                "an activity's number has letters, digits, - and _ only, 40 at most",
            ))
        };
    }
    let (year, semester) = (year_given(&plan.import)?, plan.import.semester);
    let activities = state.shelves.activities(c.core, &shelf.owners())?;
    let fits = |start: Day| year.is_none_or(|y| start.year() == y) && semester.is_none_or(|s| semester_of(start) == s);
    let mut found = activities
        .of_owner(shelf.school())
        .filter(|a| a.kind == ActivityKind::SchoolBased && fits(a.start_day))
        .map(|a| a.no.clone())
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter();
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(which("没有", "no")),
        _ => Err(which("不止一个", "more than one")),
    }
}

fn which(zh: &str, en: &str) -> CommandError {
    CommandError::not_found(
        format!("{zh}符合年份和学期的校本培训活动"),
        format!("{en} school-based training fits the year and semester"),
    )
    .hint("用 --activity 指明活动编号, 或用 --year 和 --semester", "name it with --activity, or give --year and --semester")
}

/// The sessions that are not recorded yet.
fn sessions(
    c: &Context<'_>,
    plan: &mut Plan,
    lines: &SignInLines,
    state: &mut State,
    (shelf, activity, year): (Shelf, &str, u16),
) -> Result<(), CommandError> {
    let known = state.shelves.ledger(c.core, shelf)?;
    for s in &lines.sessions {
        let n = u32::from(s.week.saturating_sub(1)) * 7 + u32::from(s.weekday);
        // A plan may have described the session more fully: the sheet adds nothing to that.
        if known.about(Session::TYPE, &key(&[activity, &n.to_string()])).is_empty() {
            let fields = session(activity, n, (s.week, s.weekday)).to_fields();
            known.expect(shelf.ledger(year), Session::TYPE, &key(&[activity, &n.to_string()]), fields.clone());
            plan.batch.row(shelf.ledger(year), 0, Session::TYPE, fields);
        }
    }
    Ok(())
}

fn session(activity: &str, n: u32, (week, weekday): (u8, u8)) -> Session {
    Session {
        activity: activity.to_owned(),
        n,
        week: Some(week),
        day: None,
        weekday: Some(weekday),
        period: None,
        theme: None,
        form: None,
        lecturer: None,
        audience: None,
        h100: LESSON_H100,
        assessment: None,
        cost_fen: None,
        content_id: None,
        reason: None,
    }
}

fn marks(activity: &str, line: &SignInLine) -> Marks {
    Marks {
        activity: activity.to_owned(),
        teacher: line.teacher.clone(),
        marks: Bytes(line.marks.iter().map(|m| mark(*m)).collect()),
        leave_halfdays: None,
        sheet: None,
        reason: None,
    }
}

/// The byte of row 63. What could not be read was refused, and is nothing.
fn mark(mark: Mark) -> u8 {
    match mark {
        Mark::Empty | Mark::Unread => 0,
        Mark::Present => 1,
        Mark::Late => 2,
        Mark::Early => 3,
        Mark::Leave => 4,
        Mark::Absent => 5,
    }
}
