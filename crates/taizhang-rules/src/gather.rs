//! From the ledger to cases and accounts: what the rows at hand say about each teacher, wherever they lie.
//!
//! Pure: the same entries give the same [`Facts`], in whatever order they came. What is not decided is never guessed at: it makes the account open (docs/rules.md, «From rows to cases»).

mod accounts;
mod auditor;
mod carried;
mod hours;
mod newer;
mod people;
mod plans;
mod policies;
mod reviews;

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    cbor::Value,
    id::{DocId, Kind, OrgId},
    ledger::Ledger,
    op::RowName,
    registry::Registry,
    rows::{self, OrgKind, RowType, Teacher},
    standing::Judge,
    units::Day,
    view::{
        DocumentView, ViewRow,
        matter::Matters,
        training::{Book, Line},
    },
};

pub use self::{accounts::Accounts, auditor::Auditors};
use self::{
    hours::{Hours, Reader},
    newer::Newer,
    people::Person,
    policies::Policies,
    reviews::{Banned, Reviews, Waived},
};
use crate::{
    case::{Ban, Case, Level, OpenInput, Seat, Stage, Teacher as CaseTeacher, Waiver},
    policy::regime::{Adopted, Regime},
};

/// What is known about every teacher, by number, and the policies.
#[derive(Clone, Debug)]
pub struct Facts {
    book: Book,
    teachers: BTreeMap<String, TeacherFacts>,
    policies: Policies,
}

/// What is known about one teacher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeacherFacts {
    /// 教师编号
    pub number: String,
    /// Where the teacher serves, or served last.
    pub school: OrgId,
    /// Every school whose roster has the teacher.
    pub schools: BTreeSet<OrgId>,
    /// Hours that cannot be evaluated yet, and why; in no sum.
    pub waiting: BTreeSet<Waiting>,
    /// Registrations that a merge (row 112) took away, with the row it kept.
    pub merged: BTreeSet<(RowName, RowName)>,
    /// Rows that name the teacher.
    names: BTreeSet<RowName>,
    person: Person,
    hours: Hours,
    waivers: Vec<Waiver>,
    bans: Vec<Ban>,
    open: BTreeSet<OpenInput>,
}

/// Hours whose activity is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waiting {
    /// The activity as the registration names it.
    pub activity: String,
    /// How many.
    pub h100: u32,
    /// `activity_missing`, `activity_undecided`.
    pub why: &'static str,
}

/// The policies that hold for an organisation and a stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adoptions {
    /// In order of days.
    pub adopted: Vec<Adopted>,
    /// What is not decided or not readable: accounts that rest on it are open.
    pub open: Vec<OpenInput>,
}

impl Adoptions {
    /// The regime that they make.
    #[must_use]
    pub fn regime(&self) -> Regime<'_> {
        Regime::adopted(&self.adopted)
    }
}

impl Facts {
    /// Reads all documents at hand; identities are passed over.
    #[must_use]
    pub fn read(views: &[DocumentView], ledger: &Ledger) -> Self {
        let carried = carried::views(views, ledger);
        let documents = carried.iter().map(|v| v.document).collect();
        if carried.is_empty() {
            return Self::of(views, ledger, &documents);
        }
        Self::of(&[views, &carried].concat(), ledger, &documents)
    }

    fn of(views: &[DocumentView], ledger: &Ledger, carried: &BTreeSet<DocId>) -> Self {
        let matters = Matters::build(views);
        let registry = &ledger.registry;
        let book = Book::of(views, &matters, ledger);
        let announced = plans::activities(&matters, ledger, carried);
        let programmes = plans::programmes(&announced);
        let reviews = Reviews::read(views, &matters, registry);
        let mut names = names(views);
        let newer = Newer::read(&matters, &book, &names);
        let mut lines: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
        book.lines.iter().for_each(|l| lines.entry(l.record.teacher()).or_default().push(l));
        let mut teachers = BTreeMap::new();
        let county = people::County { book: &book, judge: &Judge::new(ledger) };
        for (number, person) in people::people(&matters, &county) {
            let (activities, programmes, reviews) = (&announced, &programmes, &reviews);
            let reader = Reader { activities, programmes, reviews, teacher: &number, schools: &person.schools };
            let hours = reader.hours(lines.get(number.as_str()).map(Vec::as_slice).unwrap_or_default());
            let acts = Acts { registry, reviews, newer: &newer };
            let names = names.remove(&number).unwrap_or_default();
            teachers.insert(number.clone(), acts.teacher(number, person, hours, names));
        }
        let policies = Policies::read(&matters, registry);
        Self { book, teachers, policies }
    }

    /// The lines that it was read from.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Teachers of the rosters at hand, by number.
    pub fn teachers(&self) -> impl Iterator<Item = &TeacherFacts> {
        self.teachers.values()
    }

    /// One teacher.
    #[must_use]
    pub fn teacher(&self, number: &str) -> Option<&TeacherFacts> {
        self.teachers.get(number)
    }

    /// Everything that concerns a teacher; `None`: no roster at hand has the number. What is open about policies is in [`Adoptions::open`].
    #[must_use]
    pub fn case(&self, number: &str, as_of: Day) -> Option<Case> {
        self.teachers.get(number).map(|t| t.case(as_of))
    }

    /// All rows at hand that name the teacher, replaced ones too; identities are not asked.
    #[must_use]
    pub fn row_names(&self, number: &str) -> BTreeSet<RowName> {
        self.teachers.get(number).map(|t| t.names.clone()).unwrap_or_default()
    }

    /// The policies that hold for an organisation and a stage.
    #[must_use]
    pub fn adoptions(&self, org: OrgId, stage: Stage) -> Adoptions {
        self.policies.of(org, stage)
    }

    /// Teachers whose facts differ from those before, new ones and those that are gone; everybody if the policies or the organisations differ.
    #[must_use]
    pub fn touched(&self, before: &Self) -> BTreeSet<String> {
        let all = self.teachers.keys().chain(before.teachers.keys());
        let policies = self.policies != before.policies;
        all.filter(|n| policies || self.teachers.get(*n) != before.teachers.get(*n)).cloned().collect()
    }
}

impl TeacherFacts {
    /// 学段 on this day; before the first one known that one. `None`: no roster says it in a word known here.
    #[must_use]
    pub fn stage(&self, as_of: Day) -> Option<Stage> {
        let stages = &self.person.stages;
        stages.iter().rev().find(|(from, _)| *from <= as_of).or_else(|| stages.first()).and_then(|(_, stage)| *stage)
    }

    /// Rows 40 that say another identity than the one that the county froze: it decides on them.
    #[must_use]
    pub fn identity_waits(&self) -> &BTreeSet<RowName> {
        &self.person.waits
    }

    fn case(&self, as_of: Day) -> Case {
        let person = &self.person;
        let stage = self.stage(as_of);
        let mut open = self.open.clone();
        if stage.is_none() {
            open.insert(OpenInput { what: "stage_unknown".into(), about: self.number.clone() });
        }
        Case {
            as_of,
            teacher: CaseTeacher {
                id: self.number.clone(),
                stage: stage.unwrap_or(Stage::Primary),
                hired: person.hired,
                left: person.left,
                first_job: person.first_job,
                has_qualified_degree: person.has_qualified_degree,
                roles: person.roles.clone(),
            },
            activities: self.hours.activities.clone(),
            registrations: self.hours.registrations.clone(),
            // Positions decide, not days: what came after a lock is in no view, and what was accepted counts however it is dated.
            locks: Vec::new(),
            waivers: self.waivers.clone(),
            bans: self.bans.clone(),
            open: open.into_iter().collect(),
        }
    }
}

/// What concerns teachers besides rosters and hours.
struct Acts<'a> {
    registry: &'a Registry,
    reviews: &'a Reviews,
    newer: &'a Newer,
}

impl Acts<'_> {
    fn teacher(&self, number: String, person: Person, mut hours: Hours, names: BTreeSet<RowName>) -> TeacherFacts {
        let mut open = std::mem::take(&mut hours.open);
        open.extend(person.open.iter().cloned());
        let is_near = |above: OrgId| person.schools.iter().any(|s| self.registry.is_at_or_above(above, *s));
        let of_teacher = self.newer.teachers.get(&number).into_iter().flatten();
        let of_orgs = self.newer.orgs.iter().filter(|(org, _)| is_near(*org)).map(|(_, row)| row);
        open.extend(of_teacher.chain(of_orgs).map(|row| OpenInput { what: "newer_version".into(), about: row.to_string() }));
        TeacherFacts {
            school: person.school,
            schools: person.schools.clone(),
            waiting: std::mem::take(&mut hours.waiting),
            merged: std::mem::take(&mut hours.merged),
            names,
            waivers: self.waivers(&number, &person, &mut open),
            bans: self.bans(&number, &person, &mut open),
            number,
            person,
            hours,
            open,
        }
    }

    /// Of several for one year the latest; unless they agree, the account is open.
    fn waivers(&self, number: &str, person: &Person, open: &mut BTreeSet<OpenInput>) -> Vec<Waiver> {
        let mut by_year: BTreeMap<u16, Vec<&Waived>> = BTreeMap::new();
        let of_here = self.reviews.waivers.get(number).into_iter().flatten().filter(|w| person.schools.contains(&w.subject));
        of_here.for_each(|w| by_year.entry(w.year).or_default().push(w));
        let mut out = Vec::new();
        for (year, said) in by_year {
            // They come sorted by time.
            let Some(last) = said.last() else { continue };
            if said.iter().any(|w| w.months != last.months) {
                open.insert(OpenInput { what: "waiver_undecided".into(), about: year.to_string() });
            }
            out.push(Waiver { year, months: last.months });
        }
        out
    }

    /// A ban and its flags are one; the earliest day on which a flag lifts it counts.
    fn bans(&self, number: &str, person: &Person, open: &mut BTreeSet<OpenInput>) -> Vec<Ban> {
        let mut out: BTreeMap<(Day, &str), Option<Day>> = BTreeMap::new();
        let is_near = |b: &&Banned| person.schools.iter().any(|s| self.registry.is_at_or_above(b.reach, *s));
        for ban in self.reviews.bans.get(number).into_iter().flatten().filter(is_near) {
            if ban.is_rival {
                open.insert(OpenInput { what: "ban_undecided".into(), about: ban.decided.to_string() });
                continue;
            }
            let lifted = out.entry((ban.decided, &ban.trigger)).or_default();
            *lifted = [*lifted, ban.lifted].into_iter().flatten().min();
        }
        out.into_iter().map(|((decided, trigger), lifted)| Ban { decided, trigger: trigger.to_owned(), lifted }).collect()
    }
}

/// How high an organisation is; an organiser is as high as the one that it works for, and whoever has nobody above who certifies is the highest there is.
fn seat(registry: &Registry, org: OrgId) -> Option<Seat> {
    let certifies = |o: &OrgId| registry.kind(*o).is_some_and(OrgKind::certifies);
    let above = registry.ancestors(org).into_iter().find(certifies);
    match registry.kind(org)? {
        OrgKind::School => Some(Seat::School),
        OrgKind::Township => Some(Seat::Township),
        OrgKind::Organiser => seat(registry, above?),
        _ if above.is_none() => Some(Seat::Province),
        OrgKind::County => Some(Seat::County),
        OrgKind::City => Some(Seat::City),
        OrgKind::Province => Some(Seat::Province),
    }
}

/// May this organisation announce this activity? What it may not earns nobody an hour (`announcer_not_competent`): each level announces its own, and nobody here what lies outside the city.
#[must_use]
pub fn announces(registry: &Registry, org: OrgId, activity: &rows::Activity) -> bool {
    let level = Level::from_word(activity.level.word()).and_then(Seat::announces);
    let is_outside = activity.outside_city == Some(true) || activity.abroad == Some(true);
    is_outside || seat(registry, org).zip(level).is_none_or(|(by, needs)| by >= needs)
}

/// Did a reviewer write it?
fn is_by_reviewer(row: &ViewRow, registry: &Registry) -> bool {
    let org = row.grant.and_then(|g| registry.grants.get(&g)).map(|g| g.row.org);
    org.is_some_and(|org| registry.is_reviewer(row.author, org))
}

/// Rows that count, by the teacher they name.
fn names(views: &[DocumentView]) -> BTreeMap<String, BTreeSet<RowName>> {
    let mut out: BTreeMap<String, BTreeSet<RowName>> = BTreeMap::new();
    for view in views.iter().filter(|v| v.document.kind != Kind::Identity) {
        for row in view.rows.values().filter(|r| view.counts(r)) {
            if let Some(number) = teacher_of(row) {
                out.entry(number).or_default().insert(row.name);
            }
        }
    }
    out
}

fn teacher_of(row: &ViewRow) -> Option<String> {
    let field = if row.row_type == Teacher::TYPE { "no" } else { "teacher" };
    let at = rows::info(row.row_type)?.fields.iter().position(|f| *f == field)?;
    match Value::parse(&row.fields).ok()? {
        Value::Array(fields) => match fields.into_iter().nth(at) {
            Some(Value::Text(number)) => Some(number),
            _ => None,
        },
        _ => None,
    }
}
