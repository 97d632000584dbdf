//! The line of one school, in the clear.

use taizhang_core::{
    cbor::{CborError, Reader, Writer},
    id::OrgId,
};

use super::{
    tally::Tally,
    words::{self, Words},
};
use crate::account::Status;

/// Statuses, in the order of [`Status::ALL`].
const STATUSES: usize = Status::ALL.len();

/// One school.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchoolLine {
    /// The school.
    pub school: OrgId,
    /// Other schools whose documents these lines rest on too, sorted: teachers who have rows here have some there.
    pub also: Vec<OrgId>,
    /// Numbers of people and papers.
    pub counts: Counts,
    /// Teachers serving as of the day whose account is not open, by status, in the order of [`Status::ALL`].
    pub status: [u32; STATUSES],
    /// Records of the period in the school's documents.
    pub tally: Tally,
    /// Hours of the cycle that the policy recognises, by bucket.
    pub buckets: Words<1>,
    /// Teachers serving as of the day by category (a dated role of the rosters, or new_teacher): how many, and of these met.
    pub categories: Words<2>,
    /// Findings by word.
    pub findings: Words<1>,
}

/// Numbers of people and papers of one school.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Teachers in its roster.
    pub roster: u32,
    /// Teachers with a line: so many commitments are this school's.
    pub teachers: u32,
    /// Of these, serving as of the day.
    pub enrolled: u32,
    /// Teachers with a record of the period that counts.
    pub trained: u32,
    /// Teachers serving as of the day whose account is open.
    pub open: u32,
    /// Rows of a newer version, which this one could not read.
    pub newer: u32,
    /// Plans of the period that a deadline of the policy reaches.
    pub plans: u32,
    /// Of these, handed in in time.
    pub plans_in_time: u32,
    /// Records of the period that were decided on.
    pub audits_done: u32,
    /// Of these, sent back.
    pub returned: u32,
}

impl Counts {
    /// With their names, in order.
    #[must_use]
    pub const fn named(&self) -> [(&'static str, u32); 10] {
        [
            ("roster", self.roster),
            ("teachers", self.teachers),
            ("enrolled", self.enrolled),
            ("trained", self.trained),
            ("open", self.open),
            ("newer", self.newer),
            ("plans", self.plans),
            ("plans_in_time", self.plans_in_time),
            ("audits_done", self.audits_done),
            ("returned", self.returned),
        ]
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        r.array_of(10)?;
        Ok(Self {
            roster: r.small()?,
            teachers: r.small()?,
            enrolled: r.small()?,
            trained: r.small()?,
            open: r.small()?,
            newer: r.small()?,
            plans: r.small()?,
            plans_in_time: r.small()?,
            audits_done: r.small()?,
            returned: r.small()?,
        })
    }
}

impl SchoolLine {
    /// A line without anything.
    #[must_use]
    pub fn empty(school: OrgId) -> Self {
        Self {
            school,
            also: Vec::new(),
            counts: Counts::default(),
            status: [0; STATUSES],
            tally: Tally::default(),
            buckets: Words::new(),
            categories: Words::new(),
            findings: Words::new(),
        }
    }

    /// Every number by name: `met`, `recorded_h100.online`, `recognised_h100.concentrated`, `category.head_teacher`, `category_met.head_teacher`, `findings`, `findings.rival`.
    #[must_use]
    pub fn named(&self) -> Vec<(String, i64)> {
        let mut out: Vec<(String, i64)> =
            self.counts.named().into_iter().map(|(name, n)| (name.to_owned(), i64::from(n))).collect();
        out.extend(Status::ALL.iter().zip(self.status).map(|(s, n)| (s.word().to_owned(), i64::from(n))));
        out.extend(self.tally.named());
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        out.extend(self.buckets.iter().map(|(b, [n])| (format!("recognised_h100.{b}"), number(*n))));
        for (category, [teachers, met]) in &self.categories {
            out.push((format!("category.{category}"), number(*teachers)));
            out.push((format!("category_met.{category}"), number(*met)));
        }
        out.push(("findings".to_owned(), number(self.findings.values().map(|[n]| *n).fold(0, u64::saturating_add))));
        out.extend(self.findings.iter().map(|(f, [n])| (format!("findings.{f}"), number(*n))));
        out
    }

    /// A leaf of the lines' root.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.array(8).bytes(&self.school.0).array(self.also.len() as u64);
        self.also.iter().for_each(|s| {
            w.bytes(&s.0);
        });
        let counts = self.counts.named().map(|(_, n)| n);
        for numbers in [counts.as_slice(), &self.status] {
            w.array(numbers.len() as u64);
            numbers.iter().for_each(|n| {
                w.uint(u64::from(*n));
            });
        }
        self.tally.write(&mut w);
        words::write(&self.buckets, &mut w);
        words::write(&self.categories, &mut w);
        words::write(&self.findings, &mut w);
        w.finish()
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        r.array_of(8)?;
        let at = r.position();
        let school = OrgId(r.array_bytes()?);
        let also = (0..r.array()?).map(|_| r.array_bytes().map(OrgId)).collect::<Result<Vec<_>, _>>()?;
        if also.windows(2).any(|w| matches!(w, [a, b] if a >= b)) || also.contains(&school) {
            return Err(CborError { at, what: "other schools not sorted, not unique or the same" });
        }
        let counts = Counts::read(r)?;
        r.array_of(STATUSES as u64)?;
        let mut status = [0; STATUSES];
        for n in &mut status {
            *n = r.small()?;
        }
        let tally = Tally::read(r)?;
        Ok(Self {
            school,
            also,
            counts,
            status,
            tally,
            buckets: words::read(r)?,
            categories: words::read(r)?,
            findings: words::read(r)?,
        })
    }
}
