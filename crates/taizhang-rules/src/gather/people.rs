//! Rosters: service, stage, roles. A teacher may stand in several; service began with the earliest hire and ends when every school was left.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    id::{Kind, OrgId},
    rows::{RowType, Status, Teacher, TransferIn},
    units::{Day, Ms},
    view::matter::{Matter, Matters},
};

use crate::{
    calendar::day_before,
    case::{OpenInput, Role, Stage},
};

/// Facts of rows 41 that are no roles.
const NO_ROLES: [&str; 6] = ["stage", "title", "degree", "post", "leave", "left"];

/// What the rosters say about one teacher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    /// Where the teacher serves, or served last.
    pub(super) school: OrgId,
    pub(super) schools: BTreeSet<OrgId>,
    pub(super) hired: Day,
    pub(super) left: Option<Day>,
    pub(super) first_job: bool,
    pub(super) has_qualified_degree: bool,
    /// By first day; `None`: a word that is no stage.
    pub(super) stages: Vec<(Day, Option<Stage>)>,
    pub(super) roles: Vec<Role>,
    pub(super) open: Vec<OpenInput>,
}

/// One roster's rows about one teacher.
#[derive(Default)]
struct Entry {
    /// Rows 40, each content once, with the latest time of its rows.
    teachers: Vec<(Teacher, Ms)>,
    statuses: Vec<Status>,
    came: Option<Day>,
    open: Vec<OpenInput>,
}

/// By number and school.
type Entries = BTreeMap<String, BTreeMap<OrgId, Entry>>;

/// Every teacher of the rosters.
pub(super) fn people(matters: &Matters<'_>) -> BTreeMap<String, Person> {
    let mut entries = Entries::new();
    for matter in matters.iter().filter(|m| m.document.kind == Kind::Roster) {
        match matter.row_type {
            Teacher::TYPE => file(&mut entries, matters, matter, |t: &Teacher| t.no.clone(), |e, t, at| e.teachers.push((t, at))),
            Status::TYPE => file(&mut entries, matters, matter, |s: &Status| s.teacher.clone(), |e, s, _| e.statuses.push(s)),
            TransferIn::TYPE => {
                file(
                    &mut entries,
                    matters,
                    matter,
                    |t: &TransferIn| t.teacher.clone(),
                    |e, t, _| e.came = e.came.max(Some(t.day)),
                );
            }
            _ => {}
        }
    }
    entries.into_iter().filter_map(|(number, by_school)| Some((number, person(by_school)?))).collect()
}

fn file<T: RowType>(
    entries: &mut Entries,
    matters: &Matters<'_>,
    matter: &Matter,
    number: impl Fn(&T) -> String,
    put: impl Fn(&mut Entry, T, Ms),
) {
    for content in &matter.contents {
        let rows = || content.rows.iter().filter_map(|n| matters.row(*n));
        let Some(row) = rows().find_map(taizhang_core::view::ViewRow::read::<T>) else { continue };
        let at = rows().map(|r| r.time).max().unwrap_or_default();
        let entry = entries.entry(number(&row.row)).or_default().entry(matter.document.owner).or_default();
        put(entry, row.row, at);
        if matter.contents.len() > 1 {
            entry.open.push(OpenInput { what: "rivals".into(), about: matter.natural_id.clone() });
        }
    }
}

/// `None`: facts about somebody whom no roster names.
fn person(mut by_school: BTreeMap<OrgId, Entry>) -> Option<Person> {
    let mut open: Vec<OpenInput> = by_school.values_mut().flat_map(|e| std::mem::take(&mut e.open)).collect();
    by_school.retain(|_, e| !e.teachers.is_empty());
    let schools: BTreeSet<OrgId> = by_school.keys().copied().collect();
    let left_day = |e: &Entry| spans(&e.statuses, "left").into_iter().find(|s| s.to.is_none()).map(|s| s.from);
    let rank = |(school, e): &(&OrgId, &Entry)| {
        let joined = e.came.or_else(|| e.teachers.iter().map(|(t, _)| t.hired_day).min());
        let left = left_day(e);
        (left.is_none(), left, joined, e.teachers.iter().map(|(_, at)| *at).max(), **school)
    };
    if by_school.values().filter(|e| left_day(e).is_none()).count() > 1 {
        // A second school may not take a teacher over by writing the number down: the first has to say that the teacher left.
        let about = by_school.values().flat_map(|e| &e.teachers).map(|(t, _)| t.no.clone()).next()?;
        open.push(OpenInput { what: "two_schools".into(), about });
    }
    let (school, here) = by_school.iter().max_by_key(rank)?;
    let all = || by_school.values().flat_map(|e| &e.teachers).map(|(t, _)| t);
    let hired = all().map(|t| t.hired_day).min()?;
    let left: Option<Vec<Day>> = by_school.values().map(left_day).collect();
    let degree = here.teachers.iter().filter_map(|(t, _)| t.qualified_degree).min();
    Some(Person {
        school: *school,
        hired,
        left: left.and_then(|days| days.into_iter().max()),
        first_job: all().any(|t| t.hired_day == hired && t.first_job == Some(true)),
        has_qualified_degree: degree.or_else(|| all().filter_map(|t| t.qualified_degree).max()).unwrap_or(true),
        stages: stages(&by_school, *school),
        roles: by_school.values().flat_map(|e| roles(e, left_day(e))).collect(),
        schools,
        open,
    })
}

/// Of facts from the same day those of the present school go last, and count.
fn stages(by_school: &BTreeMap<OrgId, Entry>, here: OrgId) -> Vec<(Day, Option<Stage>)> {
    let said = |(school, entry): (&OrgId, &Entry)| {
        let is_here = *school == here;
        let of_stage = |s: &Status| {
            let stage = s.value.as_deref().and_then(stage);
            (s.what == "stage").then_some((s.from_day, is_here, stage))
        };
        entry.statuses.iter().filter_map(of_stage).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = by_school.iter().flat_map(said).collect();
    all.sort();
    all.into_iter().map(|(from, _, stage)| (from, stage)).collect()
}

/// 学段, in the word of the rules or in Chinese.
pub(super) fn stage(word: &str) -> Option<Stage> {
    let chinese = match word {
        "幼儿园" | "幼儿" | "学前" => Some(Stage::Kindergarten),
        "小学" => Some(Stage::Primary),
        "初中" => Some(Stage::Junior),
        "高中" => Some(Stage::Senior),
        "特殊教育" | "特教" => Some(Stage::Special),
        "职业教育" | "职教" | "中职" => Some(Stage::Vocational),
        "成人教育" | "成教" => Some(Stage::Adult),
        _ => None,
    };
    chinese.or_else(|| Stage::from_word(word))
}

/// Days on which a fact holds; the next fact of its kind ends it.
struct Span {
    from: Day,
    to: Option<Day>,
}

fn spans(statuses: &[Status], what: &str) -> Vec<Span> {
    let mut facts: Vec<&Status> = statuses.iter().filter(|s| s.what == what).collect();
    facts.sort_by_key(|s| (s.from_day, &s.value, s.to_day));
    let mut out = Vec::new();
    for (n, fact) in facts.iter().enumerate() {
        let next = facts.get(n + 1).map(|f| f.from_day);
        let is_no = matches!(fact.value.as_deref(), Some("no" | "否"));
        if is_no || next == Some(fact.from_day) {
            continue;
        }
        let to = [fact.to_day, next.map(day_before)].into_iter().flatten().min();
        out.push(Span { from: fact.from_day, to });
    }
    out
}

/// Roles end with the service at the school that gave them.
fn roles(entry: &Entry, left: Option<Day>) -> Vec<Role> {
    let named: BTreeSet<&str> = entry.statuses.iter().map(|s| s.what.as_str()).filter(|w| !NO_ROLES.contains(w)).collect();
    let of_name = |what: &str| -> Vec<Role> {
        let role = |s: Span| Role { role: what.to_owned(), from: s.from, to: [s.to, left].into_iter().flatten().min() };
        spans(&entry.statuses, what).into_iter().map(role).collect()
    };
    named.into_iter().flat_map(of_name).collect()
}
