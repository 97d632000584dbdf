//! `roster correct`: what a school's roster says wrongly about a teacher. A row in place of the wrong one, by the school's clerk, with the reason; both stay visible.
//!
//! The importer dates the facts of a teacher's first roster from the day of hiring: where that day was wrong, they begin on the right one too.

mod fact;
#[cfg(test)]
mod tests;

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{DocId, Kind, OrgId},
    op::{PayloadBuilder, RowName, RowRef},
    rows::{OrgKind, RowType, Teacher},
    units::Day,
    view::DocumentView,
};
use taizhang_rules::gather::Facts;

use self::fact::Facts as DatedFacts;
use super::{Context, acting::Need, record::locked, shown};
use crate::{
    command::{Reply, RosterCorrection},
    core::Act,
    error::{CommandError, ErrorKind},
};

/// Of a reason or a fact.
const TEXT_BYTES_MAX: usize = 1000;

/// Rows in place of others, and what changes by them.
#[derive(Default)]
struct Draft {
    rows: Vec<(u16, Vec<RowName>, Vec<u8>)>,
    changes: Vec<Json>,
}

impl Draft {
    /// Is there something to be written? `fact` is the name of the field or fact.
    fn change(&mut self, fact: &str, (zh, en): (String, String), was: &Json, now: &Json) {
        self.changes.push(json!({ "fact": fact, "zh": zh, "en": en, "was": was, "now": now }));
    }
}

/// What is asked for, read.
struct Asked<'a> {
    correction: &'a RosterCorrection,
    hired: Option<Day>,
    since: Option<Day>,
}

/// Writes what is right over what the roster says.
pub(crate) fn correct(c: &mut Context<'_>, correction: &RosterCorrection) -> Result<Reply, CommandError> {
    let asked = Asked::read(correction, c.core.now().day())?;
    let school = school(c, correction.org.as_deref())?;
    let roster = DocId::of(school, Kind::Roster);
    c.need.set(Some(Need::WriteInto(roster)));
    let view = c.core.view(&roster)?.without_locks();
    let mut draft = Draft::default();
    let was_hired = identity(&mut draft, &asked, &teachers(&view, correction)?)?;
    DatedFacts::of(&view, &correction.teacher).correct(&mut draft, &asked, &was_hired)?;
    let names = write(c, roster, &draft)?;
    let replaced: Vec<String> = draft.rows.iter().flat_map(|(_, old, _)| old).map(RowName::to_string).collect();
    let is_late = c.core.view(&roster)?.late().any(|r| names.contains(&r.name));
    let late = names.first().copied().filter(|_| is_late);
    let (years, by) = if late.is_some() { locked(c, roster, late) } else { Default::default() };
    let waiting = waits(c, &correction.teacher, &names)?;
    Ok(Reply::new(
        "roster-correct",
        json!({
            "teacher": correction.teacher, "school": shown::org(c.core, school), "document": shown::document(c.core, &roster),
            "unchanged": names.is_empty(), "changes": draft.changes, "reason": correction.reason,
            "rows": names.iter().map(RowName::to_string).collect::<Vec<_>>(), "replaced": replaced, "waiting": waiting,
            "locked_years": Some(years).filter(|y| !y.is_empty()), "locked_by": Some(by).filter(|b| !b.is_empty()),
        }),
    ))
}

impl<'a> Asked<'a> {
    fn read(correction: &'a RosterCorrection, today: Day) -> Result<Self, CommandError> {
        let a = correction;
        let flags = [a.first_job, a.qualified_degree, a.head_teacher];
        let texts = [&a.stage, &a.title, &a.degree, &a.post];
        if a.hired.is_none() && flags.iter().all(Option::is_none) && texts.iter().all(|t| t.is_none()) {
            return Err(CommandError::not_found("没有写明更正什么", "nothing to correct was given")
                .hint("例如 --hired 2021-09-01", "such as --hired 2021-09-01"));
        }
        let is_text = |t: &String| !t.trim().is_empty() && t.len() <= TEXT_BYTES_MAX && !t.chars().any(char::is_control);
        if !texts.into_iter().flatten().chain([&a.reason]).all(is_text) {
            return Err(CommandError::not_found(
                "文字不能为空, 且不超过 1000 字节",
                "texts must not be empty, and have 1,000 bytes at most",
            ));
        }
        let hired = a.hired.as_deref().map(day).transpose()?;
        if let Some(day) = hired.filter(|d| *d > Day(today.0.saturating_add(366))) {
            return Err(CommandError::not_found(format!("日期 {day} 不对"), format!("{day} cannot be meant"))
                .hint("不晚于一年之内", "not more than a year ahead"));
        }
        Ok(Self { correction, hired, since: a.since.as_deref().map(day).transpose()? })
    }

    fn reason(&self) -> Option<String> {
        Some(self.correction.reason.trim().to_owned())
    }
}

fn day(text: &str) -> Result<Day, CommandError> {
    Day::parse_iso(text).ok_or_else(|| {
        CommandError::not_found(format!("看不懂的日期 {text}"), format!("{text} is not a date"))
            .hint("请写成 2021-09-01; 须在 1970 年以后", "write it as 2021-09-01; not before 1970")
    })
}

fn school(c: &Context<'_>, named: Option<&str>) -> Result<OrgId, CommandError> {
    let school = c.org_or_own(named)?;
    if c.core.ledger().registry.kind(school) == Some(OrgKind::School) {
        return Ok(school);
    }
    Err(CommandError::not_found("花名册由学校更正", "a roster is corrected by its school")
        .hint("在学校的机器上更正, 或用 --org 指明学校", "correct it on the school's machine, or name the school with --org"))
}

/// The current rows about the teacher; what they call their own entry is named.
fn teachers(view: &DocumentView, asked: &RosterCorrection) -> Result<Vec<(RowName, Teacher)>, CommandError> {
    let read = |r: &taizhang_core::view::ViewRow| {
        let mut row = r.read::<Teacher>()?.row;
        row.came_from = row.came_from.map(|from| RowRef { entry: from.entry.or(Some(r.name.entry)), ..from });
        Some((r.name, row))
    };
    let found: Vec<_> = view.current().into_iter().filter_map(read).filter(|(_, t)| t.no == asked.teacher).collect();
    if found.is_empty() {
        // The number itself may be an ID number and is not repeated.
        return Err(CommandError::not_found("花名册中没有此编号的教师", "the roster has no teacher with this number").hint(
            "请核对教师编号; 新教师用 taizhang import roster",
            "check the number; a new teacher comes by `taizhang import roster`",
        ));
    }
    Ok(found)
}

/// Row 40; gives the days of hiring that were wrong.
fn identity(draft: &mut Draft, asked: &Asked<'_>, said: &[(RowName, Teacher)]) -> Result<Vec<Day>, CommandError> {
    let a = asked.correction;
    let bend = |t: &Teacher| Teacher {
        hired_day: asked.hired.unwrap_or(t.hired_day),
        first_job: a.first_job.or(t.first_job),
        qualified_degree: a.qualified_degree.or(t.qualified_degree),
        reason: None,
        ..t.clone()
    };
    let plain = |t: &Teacher| Teacher { reason: None, ..t.clone() };
    let wrong: Vec<&(RowName, Teacher)> = said.iter().filter(|(_, t)| bend(t) != plain(t)).collect();
    let Some((_, first)) = wrong.first() else { return Ok(Vec::new()) };
    let right = only(said.iter().map(|(_, t)| bend(t)))?;
    let fields = [
        ("hired_day", "参加工作时间", "day of hiring", json!(first.hired_day.to_string()), json!(right.hired_day.to_string())),
        ("first_job", "是否首次任教", "first post", json!(first.first_job), json!(right.first_job)),
        ("qualified_degree", "学历是否达标", "qualified degree", json!(first.qualified_degree), json!(right.qualified_degree)),
    ];
    for (fact, zh, en, was, now) in fields.iter().filter(|(.., was, now)| was != now) {
        draft.change(fact, ((*zh).to_owned(), (*en).to_owned()), was, now);
    }
    let row = Teacher { reason: asked.reason(), ..right };
    draft.rows.push((Teacher::TYPE, said.iter().map(|(name, _)| *name).collect(), row.to_fields()));
    Ok(asked.hired.into_iter().flat_map(|_| wrong.iter().map(|(_, t)| t.hired_day)).collect())
}

/// What several hands say must be one thing, once it is corrected.
fn only<T: PartialEq>(mut rows: impl Iterator<Item = T>) -> Result<T, CommandError> {
    let first = rows.next().filter(|first| rows.all(|r| r == *first));
    first.ok_or_else(|| {
        CommandError::new(
            ErrorKind::Refused,
            "花名册对此有几种说法, 而更正只涉及其中一部分",
            "the roster says several things about this, and the correction leaves some of them open",
        )
        .hint("请先用 taizhang conflict settle 选定", "settle them first with `taizhang conflict settle`")
    })
}

fn write(c: &mut Context<'_>, roster: DocId, draft: &Draft) -> Result<Vec<RowName>, CommandError> {
    if draft.rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut p = PayloadBuilder::default();
    let row = |(row_type, old, fields): &(u16, Vec<RowName>, Vec<u8>)| {
        let mut replaces: Vec<RowRef> = old.iter().map(|r| r.here()).collect();
        replaces.sort();
        p.row(*row_type, &replaces, fields)
    };
    let indices: Vec<u16> = draft.rows.iter().map(row).collect();
    let mut act = Act::default();
    act.write(roster, p);
    let person = c.person()?;
    let entry = c.core.write(&person, act)?.first().copied().ok_or_else(|| CommandError::storage("no entry written"))?;
    Ok(indices.into_iter().map(|index| RowName { entry, index }).collect())
}

/// What the county has seen of an identity only it changes: does one of the new rows wait for it? Tells so.
fn waits(c: &mut Context<'_>, teacher: &str, names: &[RowName]) -> Result<bool, CommandError> {
    let views = shown::views(c.core, |d| matches!(d.kind, Kind::Roster | Kind::Notice | Kind::Ledger | Kind::Review))?;
    let facts = Facts::read(&views, c.core.ledger());
    let waits = facts.teacher(teacher).is_some_and(|t| names.iter().any(|n| t.identity_waits().contains(n)));
    if waits {
        c.note(
            "此教师的入职、首次任教或学历已由区县核定: 更正已保存, 待区县审核 (review list) 后计入",
            "the county has fixed this teacher's hire, first post or degree: the correction is kept and counts once the county decides (review list)",
        );
    }
    Ok(waits)
}
