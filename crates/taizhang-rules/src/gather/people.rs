//! Rosters: service, stage, roles. A teacher may stand in several; service began with the earliest hire and ends when every school was left.
//!
//! Identity is frozen (workflow 1): once the county approved a row 40, or locked a year of the school at positions that reach it, another hire day, first post or degree is for the county to decide; until then what was frozen counts, and the account is open.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    id::{DocId, Kind, OrgId},
    lock::Gate,
    op::RowName,
    rows::{RowType, Status, Teacher, TransferIn},
    standing::Judge,
    units::{Day, Ms},
    view::{
        decision::Approval,
        matter::{Content, Matter, Matters},
        training::Book,
    },
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
    /// `None`: no roster says it.
    pub(super) first_job: Option<bool>,
    pub(super) has_qualified_degree: bool,
    /// By first day; `None`: a word that is no stage.
    pub(super) stages: Vec<(Day, Option<Stage>)>,
    pub(super) roles: Vec<Role>,
    pub(super) open: Vec<OpenInput>,
    /// Rows 40 that say another identity than the frozen one, for the county to decide on.
    pub(super) waits: BTreeSet<RowName>,
}

/// What the county said about a row 40.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    /// Nothing yet.
    Not,
    /// No.
    Refused,
    /// A lock that acts reaches it, or the county accepted it.
    Locked,
    /// Yes.
    Approved,
}

/// What is frozen: hire, first post, qualified degree.
type Identity = (Day, Option<bool>, Option<bool>);

fn identity(t: &Teacher) -> Identity {
    (t.hired_day, t.first_job, t.qualified_degree)
}

/// Who of the county saw what.
pub(super) struct County<'c> {
    pub(super) book: &'c Book,
    pub(super) judge: &'c Judge<'c>,
}

impl County<'_> {
    fn seen(&self, roster: DocId, content: &Content) -> Seen {
        match self.book.approval(&content.rows) {
            Approval::Approved { .. } => Seen::Approved,
            Approval::Returned { .. } | Approval::Rejected { .. } => Seen::Refused,
            Approval::Pending | Approval::Undecided { .. } => {
                let reaches = |gate: Gate<'_>| content.rows.iter().any(|r| gate.is_open_at_all(&r.entry));
                if self.judge.gate(roster).is_some_and(reaches) { Seen::Locked } else { Seen::Not }
            }
        }
    }
}

/// One roster's rows about one teacher.
#[derive(Default)]
struct Entry {
    /// Rows 40, each content once, with the latest time of its rows.
    teachers: Vec<(Teacher, Ms)>,
    /// What the county said about each of them, with one of its rows.
    seen: Vec<(Seen, RowName)>,
    /// What was frozen, replaced rows too: is it current, how, since when, what.
    frozen: Vec<(bool, Seen, Ms, Identity)>,
    statuses: Vec<Status>,
    came: Option<Day>,
    open: Vec<OpenInput>,
}

/// By number and school.
type Entries = BTreeMap<String, BTreeMap<OrgId, Entry>>;

/// Every teacher of the rosters.
pub(super) fn people(matters: &Matters<'_>, county: &County<'_>) -> BTreeMap<String, Person> {
    let mut entries = Entries::new();
    for matter in matters.iter().filter(|m| m.document.kind == Kind::Roster) {
        match matter.row_type {
            Teacher::TYPE => {
                file(&mut entries, matters, matter, |t: &Teacher| t.no.clone(), |e, t, at| e.teachers.push((t, at)));
                freeze(&mut entries, matters, matter, (county, true));
            }
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
    for matter in matters.replaced().filter(|m| m.document.kind == Kind::Roster && m.row_type == Teacher::TYPE) {
        freeze(&mut entries, matters, matter, (county, false));
    }
    entries.into_iter().filter_map(|(number, by_school)| Some((number, person(by_school)?))).collect()
}

/// A row 40.
struct Named {
    name: RowName,
    row: Teacher,
}

/// Files what the county saw of a matter's rows 40, in the order of [`file`].
fn freeze(entries: &mut Entries, matters: &Matters<'_>, matter: &Matter, (county, is_current): (&County<'_>, bool)) {
    let school = matter.document.owner;
    for content in &matter.contents {
        let rows = || content.rows.iter().filter_map(|n| matters.row(*n));
        let read = |r: &taizhang_core::view::ViewRow| Some(Named { name: r.name, row: r.read::<Teacher>()?.row });
        let Some(row) = rows().find_map(read) else { continue };
        let at = rows().map(|r| r.time).min().unwrap_or_default();
        let seen = county.seen(matter.document, content);
        let entry = entries.entry(row.row.no.clone()).or_default().entry(school).or_default();
        if is_current {
            entry.seen.push((seen, row.name));
        }
        if seen >= Seen::Locked {
            entry.frozen.push((is_current, seen, at, identity(&row.row)));
        }
    }
}

/// What nobody decided on says what was frozen; gives the rows that the county has to decide on.
fn hold(by_school: &mut BTreeMap<OrgId, Entry>) -> BTreeSet<RowName> {
    let mut waits = BTreeSet::new();
    let frozen = by_school.values().flat_map(|e| &e.frozen).max().map(|(.., identity)| *identity);
    let Some((hired_day, first_job, qualified_degree)) = frozen else { return waits };
    for entry in by_school.values_mut() {
        for ((teacher, _), (seen, name)) in
            entry.teachers.iter_mut().zip(&entry.seen).filter(|(_, (seen, _))| *seen < Seen::Locked)
        {
            let says = |new: Option<bool>, old: Option<bool>| new.is_some() && new != old;
            let differs = teacher.hired_day != hired_day
                || says(teacher.first_job, first_job)
                || says(teacher.qualified_degree, qualified_degree);
            if differs && *seen == Seen::Not {
                waits.insert(*name);
            }
            *teacher = Teacher { hired_day, first_job, qualified_degree, ..teacher.clone() };
        }
    }
    waits
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
    let waits = hold(&mut by_school);
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
    if let Some((t, _)) = by_school.values().flat_map(|e| &e.teachers).next().filter(|_| !waits.is_empty()) {
        open.push(OpenInput { what: "identity_undecided".into(), about: t.no.clone() });
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
        first_job: all().filter(|t| t.hired_day == hired).filter_map(|t| t.first_job).max(),
        has_qualified_degree: degree.or_else(|| all().filter_map(|t| t.qualified_degree).max()).unwrap_or(true),
        stages: stages(&by_school, *school),
        roles: by_school.values().flat_map(|e| roles(e, left_day(e))).collect(),
        schools,
        open,
        waits,
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
