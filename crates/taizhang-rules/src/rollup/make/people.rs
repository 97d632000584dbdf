//! Lines of a school and its teachers.

use std::collections::BTreeSet;

use taizhang_core::{
    id::{Kind, OrgId},
    op::RowName,
    units::Day,
    view::{decision::Approval, training::Line},
};

use super::{
    super::lines::{
        Counts, SchoolLine, Standing, Tally, TeacherLine,
        teacher::salt,
        words::{self, Words},
    },
    Maker,
};
use crate::{
    account::{Account, Status},
    calendar::add_months,
    case::{Case, Teacher},
};

impl Maker<'_> {
    /// The line of a school, and those of the teachers who serve there.
    pub(super) fn school(&self, school: OrgId, numbers: &[&str]) -> (SchoolLine, Vec<TeacherLine>) {
        let teachers: Vec<TeacherLine> = numbers.iter().map(|n| self.teacher(school, n)).collect();
        let mut line = SchoolLine { also: self.also(school), ..SchoolLine::empty(school) };
        for record in self.by_school.get(&school).into_iter().flatten() {
            record.findings.iter().for_each(|f| words::add(&mut line.findings, f.word(), [1]));
            if record.counts {
                line.tally.add(record);
                line.counts.audits_done += u32::from(record.approval != Approval::Pending);
                line.counts.returned += u32::from(matches!(record.approval, Approval::Returned { .. }));
            }
        }
        let book = self.facts.book();
        let own = |kind: Kind| kind == Kind::Ledger || kind == Kind::Roster;
        let newer = book.newer.iter().filter(|(d, _)| d.concerns() == school && own(d.kind)).count();
        let (plans, plans_in_time) = self.plans(school);
        line.counts = Counts {
            roster: count(book.teachers.get(&school).map_or(0, BTreeSet::len)),
            teachers: count(teachers.len()),
            trained: count(teachers.iter().filter(|t| t.tally.all.records > 0).count()),
            newer: count(newer),
            plans,
            plans_in_time,
            ..line.counts
        };
        for (number, teacher) in numbers.iter().zip(&teachers) {
            for (bucket, h100, _) in &teacher.standing.buckets {
                words::add(&mut line.buckets, bucket, [*h100]);
            }
            if let Some((case, account)) = self.accounts.get(number) {
                self.count(&mut line, case, account);
            }
        }
        (line, teachers)
    }

    /// Adds one teacher with an account to the school's counts.
    fn count(&self, line: &mut SchoolLine, case: &Case, account: &Account) {
        for finding in &account.findings {
            words::add(&mut line.findings, finding.split(':').next().unwrap_or(finding), [1]);
        }
        let as_of = self.scope.as_of;
        if !serves(&case.teacher, as_of) {
            return;
        }
        line.counts.enrolled += 1;
        let is_open = !account.open.is_empty();
        line.counts.open += u32::from(is_open);
        let place = line.status.iter_mut().zip(Status::ALL).find(|(_, s)| **s == account.status && !is_open);
        if let Some((n, _)) = place {
            *n += 1;
        }
        let met = u64::from(account.status == Status::Met && !is_open);
        add_categories(&mut line.categories, &case.teacher, as_of, met);
    }

    fn teacher(&self, school: OrgId, number: &str) -> TeacherLine {
        let lines = self.by_teacher.get(number).map_or(&[][..], Vec::as_slice);
        let mut tally = Tally::default();
        let of_period = |l: &&&Line| l.counts && l.document.period == Some(self.scope.period);
        lines.iter().filter(of_period).for_each(|l| tally.add(l));
        let standing = self.accounts.get(number).map_or_else(Standing::unknown, |(_, account)| Standing::of(account));
        let hands = lines.iter().flat_map(|l| l.hands.iter().copied());
        let names: BTreeSet<RowName> = self.facts.row_names(number).into_iter().chain(hands).collect();
        TeacherLine { school, number: number.to_owned(), tally, standing, salt: salt(&names) }
    }
}

/// Is the teacher in service on this day?
pub(super) fn serves(teacher: &Teacher, as_of: Day) -> bool {
    teacher.hired <= as_of && teacher.left.is_none_or(|left| as_of <= left)
}

/// Roles on this day, and new_teacher in the first 12 months of a first post (D-08).
fn add_categories(categories: &mut Words<2>, teacher: &Teacher, as_of: Day, met: u64) {
    let holds = teacher.roles.iter().filter(|r| r.from <= as_of && r.to.is_none_or(|to| as_of <= to));
    let is_new = teacher.first_job == Some(true) && as_of < add_months(teacher.hired, 12);
    let names: BTreeSet<&str> = holds.map(|r| r.role.as_str()).chain(is_new.then_some("new_teacher")).collect();
    names.into_iter().for_each(|name| words::add(categories, name, [1, met]));
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
