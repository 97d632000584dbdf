//! The lines: one a school, in the clear; one a teacher, of which only a salted hash is published.
//!
//! Attachment: `[rules version, [school line…], [commitment…]]`.
//! - school line `[school, roster, teachers, trained, open, tally]`; - teacher line `[school, number, tally]`; - tally `[records, approved, recorded h100, approved h100, [[kind, …the same four]…]]`, kind 0 = not known.
//! - commitment = SHA-256(salt ‖ teacher line), salt = SHA-256 of the names of all rows about that teacher: who does not hold these rows cannot try numbers. Commitments stand in the order of the school lines, a school's by teacher number: so a school's number of teachers says which are its.
//!
//! A teacher with rows at two schools has a line at each.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use taizhang_core::{
    cbor::{CborError, Reader, Writer},
    id::{DocId, OrgId},
    ledger::Ledger,
    op::RowName,
    rows::{ActivityKind, OrgKind},
    view::training::{Book, Line},
};

use crate::{RULES_VERSION, merkle::Tree};

/// Numbers of records and hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Lines that count.
    pub records: u64,
    /// Of these, the approved.
    pub approved: u64,
    /// Hours as written.
    pub recorded_h100: u64,
    /// Of these, the approved.
    pub approved_h100: u64,
}

impl Counted {
    fn add(&mut self, line: &Line) {
        let (h100, approved) = (u64::from(line.record.h100()), u64::from(line.approval.is_approved()));
        self.records += 1;
        self.approved += approved;
        self.recorded_h100 += h100;
        self.approved_h100 += h100 * approved;
    }

    /// With their names, in order.
    #[must_use]
    pub fn named(&self) -> [(&'static str, u64); 4] {
        [
            ("records", self.records),
            ("approved", self.approved),
            ("recorded_h100", self.recorded_h100),
            ("approved_h100", self.approved_h100),
        ]
    }

    fn write(&self, w: &mut Writer) {
        self.named().iter().for_each(|(_, n)| {
            w.uint(*n);
        });
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        Ok(Self { records: r.uint()?, approved: r.uint()?, recorded_h100: r.uint()?, approved_h100: r.uint()? })
    }
}

/// The same, in all and by kind (its number; 0 = not known).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// In all.
    pub all: Counted,
    /// By kind; only kinds with a line.
    pub by_kind: BTreeMap<u64, Counted>,
}

impl Tally {
    fn add(&mut self, line: &Line) {
        self.all.add(line);
        self.by_kind.entry(line.kind.map_or(0, ActivityKind::number)).or_default().add(line);
    }

    fn write(&self, w: &mut Writer) {
        w.array(5);
        self.all.write(w);
        w.array(self.by_kind.len() as u64);
        for (kind, counted) in &self.by_kind {
            w.array(5).uint(*kind);
            counted.write(w);
        }
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        r.array_of(5)?;
        let all = Counted::read(r)?;
        let mut by_kind: BTreeMap<u64, Counted> = BTreeMap::new();
        for _ in 0..r.array()? {
            let at = r.position();
            r.array_of(5)?;
            let kind = r.uint()?;
            if by_kind.last_key_value().is_some_and(|(last, _)| *last >= kind) {
                return Err(CborError { at, what: "kinds not sorted or not unique" });
            }
            by_kind.insert(kind, Counted::read(r)?);
        }
        Ok(Self { all, by_kind })
    }
}

/// The word of a kind's number.
#[must_use]
pub fn kind_word(number: u64) -> String {
    match (number, ActivityKind::from_number(number)) {
        (0, _) => "unknown".to_owned(),
        (_, Some(kind)) => kind.word().to_owned(),
        (n, None) => format!("kind_{n}"),
    }
}

/// One school.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchoolLine {
    /// The school.
    pub school: OrgId,
    /// Teachers in its roster.
    pub roster: u32,
    /// Teachers with a row: so many commitments are this school's.
    pub teachers: u32,
    /// Teachers with a record that counts.
    pub trained: u32,
    /// Rows of a newer version, which this one could not read: the line is open where there are any.
    pub open: u32,
    /// Its records.
    pub tally: Tally,
}

impl SchoolLine {
    /// A leaf of the lines' root.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.array(6).bytes(&self.school.0).uint(self.roster.into()).uint(self.teachers.into()).uint(self.trained.into());
        w.uint(self.open.into());
        self.tally.write(&mut w);
        w.finish()
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        r.array_of(6)?;
        let school = OrgId(r.array_bytes()?);
        let (roster, teachers, trained, open) = (r.small()?, r.small()?, r.small()?, r.small()?);
        Ok(Self { school, roster, teachers, trained, open, tally: Tally::read(r)? })
    }
}

/// One teacher at one school.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeacherLine {
    /// The school.
    pub school: OrgId,
    /// 教师编号
    pub number: String,
    /// The teacher's records there.
    pub tally: Tally,
    /// SHA-256 of the names of all rows about the teacher there.
    pub salt: [u8; 32],
}

impl TeacherLine {
    /// What the salt is put before.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.array(3).bytes(&self.school.0).text(&self.number);
        self.tally.write(&mut w);
        w.finish()
    }

    /// What is published of it; a leaf of the teachers' root.
    #[must_use]
    pub fn commitment(&self) -> [u8; 32] {
        Sha256::new().chain_update(self.salt).chain_update(self.to_bytes()).finalize().into()
    }
}

/// All lines of a rollup as published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// By school.
    pub schools: Vec<SchoolLine>,
    /// In the order of the schools, each one's by teacher number.
    pub commitments: Vec<[u8; 32]>,
}

impl Lines {
    /// Lines of the schools at or below `owner`, with the teacher lines behind the commitments, in the same order.
    #[must_use]
    pub fn of(book: &Book, ledger: &Ledger, owner: OrgId) -> (Self, Vec<TeacherLine>) {
        let registry = &ledger.registry;
        let known = registry.orgs.keys().filter(|o| registry.kind(**o) == Some(OrgKind::School)).copied();
        let written = book.lines.iter().map(|l| l.school).chain(book.teachers.keys().copied());
        let schools: BTreeSet<OrgId> = known.chain(written).filter(|o| registry.is_at_or_above(owner, *o)).collect();
        let (mut lines, mut teachers) = (Self::default(), Vec::new());
        for school in schools {
            let (line, own) = of_school(book, school);
            lines.commitments.extend(own.iter().map(TeacherLine::commitment));
            lines.schools.push(line);
            teachers.extend(own);
        }
        (lines, teachers)
    }

    /// RFC 9162 root over the school lines.
    #[must_use]
    pub fn root(&self) -> [u8; 32] {
        Tree::of(self.schools.iter().map(SchoolLine::to_bytes)).root()
    }

    /// The tree over the commitments.
    #[must_use]
    pub fn teachers_tree(&self) -> Tree {
        Tree::of(self.commitments.iter().map(|c| c.to_vec()))
    }

    /// Sums over the school lines by name; kinds as `recorded_h100.online`.
    #[must_use]
    pub fn totals(&self) -> Vec<(String, i64)> {
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        let mut add = |name: String, n: u64| {
            let sum = sums.entry(name).or_default();
            *sum = sum.saturating_add(i64::try_from(n).unwrap_or(i64::MAX));
        };
        add("schools".to_owned(), self.schools.len() as u64);
        for s in &self.schools {
            for (name, n) in [("roster", s.roster), ("teachers", s.teachers), ("trained", s.trained), ("open", s.open)] {
                add(name.to_owned(), n.into());
            }
            s.tally.all.named().into_iter().for_each(|(name, n)| add(name.to_owned(), n));
            for (kind, counted) in &s.tally.by_kind {
                counted.named().into_iter().for_each(|(name, n)| add(format!("{name}.{}", kind_word(*kind)), n));
            }
        }
        sums.into_iter().collect()
    }

    /// The school of the commitment at this place, and which of the school's it is.
    #[must_use]
    pub fn place(&self, index: u64) -> Option<(OrgId, usize)> {
        let mut left = index;
        for s in &self.schools {
            match left.checked_sub(s.teachers.into()) {
                Some(rest) => left = rest,
                None => return Some((s.school, usize::try_from(left).ok()?)),
            }
        }
        None
    }

    /// The attachment.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.array(3).uint(RULES_VERSION.into()).array(self.schools.len() as u64);
        self.schools.iter().for_each(|s| {
            w.raw(&s.to_bytes());
        });
        w.array(self.commitments.len() as u64);
        self.commitments.iter().for_each(|c| {
            w.bytes(c);
        });
        w.finish()
    }

    /// Reads the attachment.
    ///
    /// # Errors
    /// Another form, made by other rules, or not sorted.
    pub fn parse(bytes: &[u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(bytes);
        r.array_of(3)?;
        let at = r.position();
        if r.uint()? != u64::from(RULES_VERSION) {
            return Err(CborError { at, what: "lines made by other rules" });
        }
        let schools = (0..r.array()?).map(|_| SchoolLine::read(&mut r)).collect::<Result<Vec<_>, _>>()?;
        if schools.windows(2).any(|w| matches!(w, [a, b] if a.school >= b.school)) {
            return Err(CborError { at, what: "schools not sorted or not unique" });
        }
        let commitments = (0..r.array()?).map(|_| r.array_bytes()).collect::<Result<Vec<_>, _>>()?;
        r.end()?;
        Ok(Self { schools, commitments })
    }
}

fn of_school(book: &Book, school: OrgId) -> (SchoolLine, Vec<TeacherLine>) {
    let mut tally = Tally::default();
    let mut by_teacher: BTreeMap<&str, (Tally, BTreeSet<RowName>)> = BTreeMap::new();
    for line in book.of_school(school) {
        let (own, names) = by_teacher.entry(line.record.teacher()).or_default();
        names.extend(&line.hands);
        if line.counts {
            tally.add(line);
            own.add(line);
        }
    }
    let is_open = |document: &DocId| document.concerns() == school;
    let line = SchoolLine {
        school,
        roster: count(book.teachers.get(&school).map_or(0, BTreeSet::len)),
        teachers: count(by_teacher.len()),
        trained: count(by_teacher.values().filter(|(t, _)| t.all.records > 0).count()),
        open: count(book.newer.iter().filter(|(d, _)| is_open(d)).count()),
        tally,
    };
    let teachers = by_teacher.into_iter().map(|(number, (tally, names))| {
        let number = number.to_owned();
        TeacherLine { school, number, tally, salt: salt(&names) }
    });
    (line, teachers.collect())
}

fn salt(names: &BTreeSet<RowName>) -> [u8; 32] {
    let start = Sha256::new();
    let all = names.iter().fold(start, |hash, n| hash.chain_update(n.entry.0).chain_update(n.index.to_be_bytes()));
    all.finalize().into()
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;

    pub(crate) fn school(n: u8, teachers: u32) -> SchoolLine {
        let counted = Counted { records: 3, approved: 1, recorded_h100: 3000, approved_h100: 1000 };
        let tally = Tally { all: counted, by_kind: BTreeMap::from([(0, counted), (4, Counted::default())]) };
        SchoolLine { school: OrgId([n; 8]), roster: 9, teachers, trained: 1, open: 0, tally }
    }

    #[test]
    fn what_is_written_is_read_and_summed() {
        let lines =
            Lines { schools: vec![school(1, 2), school(2, 0), school(3, 1)], commitments: vec![[1; 32], [2; 32], [3; 32]] };
        assert_eq!(Lines::parse(&lines.to_bytes()).unwrap(), lines);
        let totals: BTreeMap<String, i64> = lines.totals().into_iter().collect();
        assert_eq!(totals["schools"], 3);
        assert_eq!(totals["teachers"], 3);
        assert_eq!(totals["approved_h100"], 3000);
        assert_eq!(totals["recorded_h100.unknown"], 9000);
        assert_eq!(totals["records.online"], 0);
        let places: Vec<_> = (0..4).map(|i| lines.place(i)).collect();
        assert_eq!(places, [Some((OrgId([1; 8]), 0)), Some((OrgId([1; 8]), 1)), Some((OrgId([3; 8]), 0)), None]);
    }

    #[test]
    fn other_forms_are_refused() {
        let good = Lines { schools: vec![school(1, 1), school(2, 0)], commitments: vec![[1; 32]] };
        let bytes = good.to_bytes();
        for n in 0..bytes.len() {
            assert!(Lines::parse(&bytes[..n]).is_err(), "cut at {n}");
        }
        let unsorted = Lines { schools: vec![school(2, 0), school(1, 1)], ..good.clone() };
        let twice = Lines { schools: vec![school(1, 0), school(1, 1)], ..good };
        let newer: Vec<u8> = bytes.iter().enumerate().map(|(i, b)| if i == 1 { 2 } else { *b }).collect();
        for bad in [unsorted.to_bytes(), twice.to_bytes(), newer, [bytes.as_slice(), &[0]].concat()] {
            assert!(Lines::parse(&bad).is_err());
        }
    }

    #[test]
    fn a_commitment_changes_with_every_part_of_its_line() {
        let line = TeacherLine { school: OrgId([1; 8]), number: "T1".into(), tally: school(1, 1).tally, salt: [1; 32] };
        let mut others = [line.clone(), line.clone(), line.clone(), line.clone()];
        others[0].salt = [2; 32];
        others[1].number = "T2".into();
        others[2].school = OrgId([2; 8]);
        others[3].tally.all.approved_h100 += 1;
        assert!(others.iter().all(|o| o.commitment() != line.commitment()));
    }
}
