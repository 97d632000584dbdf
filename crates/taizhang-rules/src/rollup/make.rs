//! From the facts of a ledger to the lines of a rollup.

mod people;
mod places;
mod plans;

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    id::OrgId,
    ledger::Ledger,
    units::Day,
    view::{DocumentView, training::Line},
};

use super::{
    lines::{Lines, TeacherLine},
    policy::{self, Named},
};
use crate::gather::{Accounts, Adoptions, Facts};

/// What a rollup is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Whose it is: it counts the schools at or below at the end of the period.
    pub owner: OrgId,
    /// Calendar year of the records that are counted.
    pub period: u16,
    /// Accounts are as of this day.
    pub as_of: Day,
}

/// The lines, with the teacher lines behind the commitments, in the same order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// As published.
    pub lines: Lines,
    /// Behind the commitments.
    pub teachers: Vec<TeacherLine>,
    /// The policies that they were made by.
    pub policy: Named,
}

/// Everything that lines are made from.
struct Maker<'f> {
    facts: &'f Facts,
    views: &'f [DocumentView],
    ledger: &'f Ledger,
    scope: Scope,
    accounts: Accounts,
    policies: Vec<Adoptions>,
    /// Records of the period by school.
    by_school: BTreeMap<OrgId, Vec<&'f Line>>,
    /// Lines of all years by teacher.
    by_teacher: BTreeMap<&'f str, Vec<&'f Line>>,
    /// Where each teacher serves; of those whom no roster has, the first school with a line.
    home: BTreeMap<&'f str, OrgId>,
    /// Every school with a row about the teacher.
    at: BTreeMap<&'f str, BTreeSet<OrgId>>,
}

/// Makes the lines of the schools at or below the owner.
#[must_use]
pub fn make(facts: &Facts, views: &[DocumentView], ledger: &Ledger, scope: Scope) -> Made {
    let maker = Maker::new(facts, views, ledger, scope);
    let registry = &ledger.registry;
    let below = |o: &OrgId| registry.is_at_or_above_on(scope.owner, *o, Day::last_of(scope.period));
    let written = maker.by_school.keys().chain(maker.home.values()).chain(facts.book().teachers.keys()).copied();
    let schools: BTreeSet<OrgId> = policy::schools(ledger, scope.owner, scope.period).chain(written.filter(below)).collect();
    let mut at_home: BTreeMap<OrgId, Vec<&str>> = BTreeMap::new();
    maker.home.iter().for_each(|(number, school)| at_home.entry(*school).or_default().push(number));
    let (mut lines, mut teachers) = (Lines::default(), Vec::new());
    for school in schools {
        let (line, own) = maker.school(school, at_home.get(&school).map_or(&[], Vec::as_slice));
        lines.commitments.extend(own.iter().map(TeacherLine::commitment));
        lines.schools.push(line);
        teachers.extend(own);
    }
    lines.places = maker.places();
    Made { lines, teachers, policy: policy::named(&maker.policies) }
}

impl<'f> Maker<'f> {
    fn new(facts: &'f Facts, views: &'f [DocumentView], ledger: &'f Ledger, scope: Scope) -> Self {
        let mut maker = Self {
            facts,
            views,
            ledger,
            scope,
            accounts: Accounts::all(facts, scope.as_of),
            policies: policy::below(facts, ledger, scope.owner, scope.period),
            by_school: BTreeMap::new(),
            by_teacher: BTreeMap::new(),
            home: facts.teachers().map(|t| (t.number.as_str(), t.school)).collect(),
            at: BTreeMap::new(),
        };
        for line in &facts.book().lines {
            let number = line.record.teacher();
            maker.by_teacher.entry(number).or_default().push(line);
            maker.home.entry(number).or_insert(line.school);
            maker.at.entry(number).or_default().insert(line.school);
            if line.document.period == Some(scope.period) {
                maker.by_school.entry(line.school).or_default().push(line);
            }
        }
        for teacher in facts.teachers() {
            let names = facts.row_names(&teacher.number);
            let documents = names.iter().filter_map(|n| ledger.place(&n.entry)).map(|p| p.log.document.concerns());
            maker.at.entry(&teacher.number).or_default().extend(documents.chain(teacher.schools.iter().copied()));
        }
        maker
    }

    /// Other schools on whose documents the lines of this one rest.
    fn also(&self, school: OrgId) -> Vec<OrgId> {
        let here = self.at.iter().filter(|(number, at)| at.contains(&school) || self.home.get(**number) == Some(&school));
        let mut all: BTreeSet<OrgId> = here.flat_map(|(number, at)| at.iter().chain(self.home.get(*number))).copied().collect();
        all.remove(&school);
        let is_school = |o: &OrgId| self.ledger.registry.kind(*o) == Some(taizhang_core::rows::OrgKind::School);
        all.into_iter().filter(is_school).collect()
    }
}
