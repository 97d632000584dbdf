//! The lines: of schools, places, money and targets in the clear; one a teacher, of which only a salted hash is published.
//!
//! Attachment: `[rules version, [school line…], [place line…], [commitment…]]`.
//! - school line `[school, [other school…], [count…], [status count…], tally, [[bucket, h100]…], [[category, teachers, met]…], [[finding, n]…]]`, counts in the order of [`Counts::named`], statuses of [`crate::account::Status::ALL`];
//! - place line: [`place`]; tally: [`tally`];
//! - teacher line `[school, number, tally, status, open, [[bucket, h100, c100 | null]…], [[rule, scope, need, got, status]…]]`;
//! - commitment = SHA-256(salt ‖ teacher line), salt = SHA-256 of the names of all rows about that teacher: who does not hold these rows cannot try numbers. Commitments stand in the order of the school lines, a school's by teacher number: so a school's number of teachers says which are its.
//!
//! A teacher has one line, at the school where the teacher serves, wherever the rows lie.

pub mod place;
pub mod school;
pub mod tally;
pub mod teacher;
pub(super) mod words;

pub use place::{CoverageLine, FundLine, PlaceLine, QuotaLine};
pub use school::{Counts, SchoolLine};
pub use tally::{Counted, Tally, kind_word};
pub use teacher::{Standing, TeacherLine};
pub use words::Words;

use std::collections::BTreeMap;

use taizhang_core::{
    cbor::{CborError, Reader, Writer},
    id::OrgId,
};

use crate::{RULES_VERSION, merkle::Tree};

/// All lines of a rollup as published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// By school.
    pub schools: Vec<SchoolLine>,
    /// Quotas, funds, targets; sorted.
    pub places: Vec<PlaceLine>,
    /// In the order of the schools, each one's by teacher number.
    pub commitments: Vec<[u8; 32]>,
}

impl Lines {
    /// RFC 9162 root over the lines in the clear.
    #[must_use]
    pub fn root(&self) -> [u8; 32] {
        Tree::of(self.schools.iter().map(SchoolLine::to_bytes).chain(self.places.iter().map(PlaceLine::to_bytes))).root()
    }

    /// The tree over the commitments.
    #[must_use]
    pub fn teachers_tree(&self) -> Tree {
        Tree::of(self.commitments.iter().map(|c| c.to_vec()))
    }

    /// Sums over the lines by name, without the findings by word and the numbers of records by kind: a row has room for so much.
    #[must_use]
    pub fn totals(&self) -> Vec<(String, i64)> {
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        let mut add = |name: String, n: i64| {
            let sum = sums.entry(name).or_default();
            *sum = sum.saturating_add(n);
        };
        add("schools".to_owned(), i64::try_from(self.schools.len()).unwrap_or(i64::MAX));
        let detail = |name: &str| ["findings.", "records.", "approved."].iter().any(|d| name.starts_with(d));
        let of_schools = self.schools.iter().flat_map(SchoolLine::named).filter(|(name, _)| !detail(name));
        of_schools.for_each(|(name, n)| add(name, n));
        let of_places = self.places.iter().flat_map(PlaceLine::named);
        of_places.for_each(|(name, n)| add(name.to_owned(), n));
        sums.into_iter().collect()
    }

    /// The line of a school.
    #[must_use]
    pub fn school(&self, school: OrgId) -> Option<&SchoolLine> {
        self.schools.iter().find(|s| s.school == school)
    }

    /// The school of the commitment at this place, and which of the school's it is.
    #[must_use]
    pub fn place(&self, index: u64) -> Option<(OrgId, usize)> {
        let mut left = index;
        for s in &self.schools {
            match left.checked_sub(s.counts.teachers.into()) {
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
        w.array(4).uint(RULES_VERSION.into()).array(self.schools.len() as u64);
        self.schools.iter().for_each(|s| {
            w.raw(&s.to_bytes());
        });
        w.array(self.places.len() as u64);
        self.places.iter().for_each(|p| {
            w.raw(&p.to_bytes());
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
        r.array_of(4)?;
        let at = r.position();
        if r.uint()? != u64::from(RULES_VERSION) {
            return Err(CborError { at, what: "lines made by other rules" });
        }
        let schools = (0..r.array()?).map(|_| SchoolLine::read(&mut r)).collect::<Result<Vec<_>, _>>()?;
        if schools.windows(2).any(|w| matches!(w, [a, b] if a.school >= b.school)) {
            return Err(CborError { at, what: "schools not sorted or not unique" });
        }
        let places = (0..r.array()?).map(|_| PlaceLine::read(&mut r)).collect::<Result<Vec<_>, _>>()?;
        if places.windows(2).any(|w| matches!(w, [a, b] if a.about() >= b.about())) {
            return Err(CborError { at, what: "lines of places not sorted or not unique" });
        }
        let commitments = (0..r.array()?).map(|_| r.array_bytes()).collect::<Result<Vec<_>, _>>()?;
        r.end()?;
        Ok(Self { schools, places, commitments })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::*;
    use crate::account::{LineStatus, Status};

    pub(crate) fn school(n: u8, teachers: u32) -> SchoolLine {
        let counted = Counted { records: 3, approved: 1, recorded_h100: 3000, approved_h100: 1000 };
        let mut line = SchoolLine::empty(OrgId([n; 8]));
        line.tally = Tally { all: counted, by_kind: BTreeMap::from([(0, counted), (4, Counted::default())]) };
        line.counts = Counts { roster: 9, teachers, trained: 1, ..Counts::default() };
        line.also = vec![OrgId([77; 8])];
        line.status = [1, 2, 3, 4, 0, 0, 0];
        line.buckets = Words::from([("concentrated".into(), [100]), ("online".into(), [7])]);
        line.categories = Words::from([("head_teacher".into(), [3, 2])]);
        line.findings = Words::from([("rival".into(), [1]), ("unknown_teacher".into(), [2])]);
        line
    }

    fn places() -> Vec<PlaceLine> {
        let org = OrgId([1; 8]);
        vec![
            PlaceLine::Coverage(CoverageLine { rule: "KM-COUNTY-40".into(), target: 40, due: 12, done: 13 }),
            PlaceLine::Fund(FundLine { org, source: "payroll".into(), due_fen: 5, arranged_fen: 4, spent_fen: -1 }),
            PlaceLine::Quota(QuotaLine { org, category: "county/backbone".into(), quota: 3, done: 1 }),
        ]
    }

    #[test]
    fn what_is_written_is_read_and_summed() {
        let lines = Lines {
            schools: vec![school(1, 2), school(2, 0), school(3, 1)],
            places: places(),
            commitments: vec![[1; 32], [2; 32], [3; 32]],
        };
        assert_eq!(Lines::parse(&lines.to_bytes()).unwrap(), lines);
        let totals: BTreeMap<String, i64> = lines.totals().into_iter().collect();
        for (name, n) in [
            ("schools", 3),
            ("teachers", 3),
            ("approved_h100", 3000),
            ("recorded_h100.unknown", 9000),
            ("recorded_h100.online", 0),
            ("met", 3),
            ("behind", 12),
            ("recognised_h100.concentrated", 300),
            ("category.head_teacher", 9),
            ("category_met.head_teacher", 6),
            ("findings", 9),
            ("fund_spent_fen", -1),
            ("quota", 3),
            ("coverage_done", 13),
        ] {
            assert_eq!(totals[name], n, "{name}");
        }
        assert!(!totals.contains_key("findings.rival") && !totals.contains_key("records.online"));
        let places: Vec<_> = (0..4).map(|i| lines.place(i)).collect();
        assert_eq!(places, [Some((OrgId([1; 8]), 0)), Some((OrgId([1; 8]), 1)), Some((OrgId([3; 8]), 0)), None]);
    }

    #[test]
    fn other_forms_are_refused() {
        let good = Lines { schools: vec![school(1, 1), school(2, 0)], places: places(), commitments: vec![[1; 32]] };
        let bytes = good.to_bytes();
        for n in 0..bytes.len() {
            assert!(Lines::parse(&bytes[..n]).is_err(), "cut at {n}");
        }
        let change = |change: fn(&mut Lines)| {
            let mut lines = good.clone();
            change(&mut lines);
            lines.to_bytes()
        };
        let newer: Vec<u8> = bytes.iter().enumerate().map(|(i, b)| if i == 1 { b + 1 } else { *b }).collect();
        let word = bytes.windows(4).position(|w| w == b"fund").unwrap();
        let unknown: Vec<u8> = bytes.iter().enumerate().map(|(i, b)| if i == word { b'h' } else { *b }).collect();
        for (what, bad) in [
            ("schools unsorted", change(|l| l.schools.reverse())),
            ("a school twice", change(|l| l.schools[1].school = l.schools[0].school)),
            ("other schools unsorted", change(|l| l.schools[0].also = vec![OrgId([9; 8]), OrgId([8; 8])])),
            ("the school itself", change(|l| l.schools[0].also = vec![l.schools[0].school])),
            ("places unsorted", change(|l| l.places.reverse())),
            ("a place twice", change(|l| l.places.insert(0, l.places[0].clone()))),
            ("another version", newer),
            ("an unknown line", unknown),
            ("more bytes", [bytes.as_slice(), &[0]].concat()),
        ] {
            assert!(Lines::parse(&bad).is_err(), "{what}");
        }
    }

    #[test]
    fn a_commitment_changes_with_every_part_of_its_line() {
        let standing = Standing {
            status: Status::Behind,
            open: false,
            buckets: vec![("concentrated".into(), 1600, Some(200))],
            rules: vec![("R1".into(), "cycle".into(), 4000, 200, LineStatus::Open)],
        };
        let line = TeacherLine { school: OrgId([1; 8]), number: "T1".into(), tally: school(1, 1).tally, standing, salt: [1; 32] };
        let changes: [fn(&mut TeacherLine); 12] = [
            |l| l.salt = [2; 32],
            |l| l.number = "T2".into(),
            |l| l.school = OrgId([2; 8]),
            |l| l.tally.all.approved_h100 += 1,
            |l| l.standing.status = Status::Met,
            |l| l.standing.open = true,
            |l| l.standing.buckets[0].1 += 1,
            |l| l.standing.buckets[0].2 = None,
            |l| l.standing.rules[0].1 = "2008".into(),
            |l| l.standing.rules[0].2 += 1,
            |l| l.standing.rules[0].3 += 1,
            |l| l.standing.rules[0].4 = LineStatus::Met,
        ];
        let mut seen = std::collections::BTreeSet::from([line.commitment()]);
        for (n, change) in changes.into_iter().enumerate() {
            let mut other = line.clone();
            change(&mut other);
            assert!(seen.insert(other.commitment()), "change {n}");
        }
    }
}
