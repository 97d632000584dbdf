//! Does a statement agree with itself, and where do two lists of lines differ.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use taizhang_core::{
    id::{AttachmentId, OrgId},
    rows::Rollup,
};

use super::{
    inputs::Inputs,
    lines::{Lines, SchoolLine, TeacherLine, kind_word},
};
use crate::RULES_VERSION;

/// What a statement says that its own parts do not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The bytes are not those that the row names.
    #[error("the {0} are not the bytes that the row names")]
    Attachment(&'static str),
    /// An attachment that cannot be read.
    #[error("the {part} cannot be read: {why}")]
    Form {
        /// inputs, lines.
        part: &'static str,
        /// What was wrong, at which byte.
        why: String,
    },
    /// A root that is not that of its list.
    #[error("the root of the {0} is not that of the list")]
    Root(&'static str),
    /// The numbers of teachers disagree.
    #[error("teachers: the row says {row}, the school lines {schools}, the list has {list}")]
    Teachers {
        /// In the row.
        row: u64,
        /// Sum over the school lines.
        schools: u64,
        /// Commitments.
        list: u64,
    },
    /// A total that is not the sum of the lines.
    #[error("total {name}: the row says {stated:?}, the lines sum up to {summed:?}")]
    Total {
        /// Which.
        name: String,
        /// In the row; none: not there.
        stated: Option<i64>,
        /// Of the lines; none: no such total.
        summed: Option<i64>,
    },
    /// The row is about another year than its document.
    #[error("the row is about {row}, its document about {document:?}")]
    Period {
        /// In the row.
        row: u16,
        /// Of the document.
        document: Option<u16>,
    },
}

/// Are these the rules that made it? "Made by rules 3, I have 4" is no verdict about the sums.
#[must_use]
pub fn is_ours(row: &Rollup) -> bool {
    row.rules_version == RULES_VERSION
}

/// The attachments of a row, if they are what it names, and everything that does not agree.
#[must_use]
pub fn agreement(row: &Rollup, inputs: &[u8], lines: &[u8]) -> (Option<(Inputs, Lines)>, Vec<Problem>) {
    let mut problems = Vec::new();
    for (part, bytes, named) in [("inputs", inputs, row.inputs), ("lines", lines, row.lines)] {
        if AttachmentId(Sha256::digest(bytes).into()) != named {
            problems.push(Problem::Attachment(part));
        }
    }
    let form = |part, e: taizhang_core::cbor::CborError| Problem::Form { part, why: e.to_string() };
    let inputs = Inputs::parse(inputs).map_err(|e| problems.push(form("inputs", e))).ok();
    let lines = Lines::parse(lines).map_err(|e| problems.push(form("lines", e))).ok();
    if inputs.as_ref().is_some_and(|i| i.root() != row.inputs_root) {
        problems.push(Problem::Root("inputs"));
    }
    if let Some(lines) = &lines {
        problems.extend(sums(row, lines));
    }
    (inputs.zip(lines), problems)
}

fn sums(row: &Rollup, lines: &Lines) -> Vec<Problem> {
    let mut problems = Vec::new();
    if lines.root() != row.lines_root {
        problems.push(Problem::Root("lines"));
    }
    if row.teachers_root != Some(lines.teachers_tree().root()) {
        problems.push(Problem::Root("teachers"));
    }
    let schools = lines.schools.iter().map(|s| u64::from(s.teachers)).sum();
    let (stated, list) = (u64::from(row.teachers), lines.commitments.len() as u64);
    if stated != list || schools != list {
        problems.push(Problem::Teachers { row: stated, schools, list });
    }
    let summed = lines.totals();
    if row.totals != summed {
        let find = |list: &[(String, i64)], name: &str| list.iter().find(|(n, _)| n == name).map(|(_, v)| *v);
        let names: BTreeSet<&String> = row.totals.iter().chain(&summed).map(|(n, _)| n).collect();
        let totals = names.into_iter().map(|n| (n, find(&row.totals, n), find(&summed, n)));
        let differing = totals.filter(|(_, stated, summed)| stated != summed);
        let before = problems.len();
        problems.extend(differing.map(|(n, stated, summed)| Problem::Total { name: n.clone(), stated, summed }));
        if problems.len() == before {
            problems.push(Problem::Form { part: "totals", why: "not in order, or one twice".to_owned() });
        }
    }
    problems
}

/// The first place where published lines are not those recomputed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// A school that should have no line, or should have one.
    School {
        /// Which.
        school: OrgId,
        /// Is it published?
        published: bool,
    },
    /// A number of a school's line.
    Number {
        /// The school.
        school: OrgId,
        /// Which number.
        name: String,
        /// As published.
        published: u64,
        /// As recomputed.
        recomputed: u64,
    },
    /// A teacher line.
    Teacher {
        /// Place in the list.
        index: u64,
        /// As recomputed; none: the list should end before.
        line: Option<(OrgId, String)>,
    },
}

/// Where the published lines first differ from those recomputed; schools first, then teachers.
#[must_use]
pub fn first_difference(published: &Lines, recomputed: &Lines, teachers: &[TeacherLine]) -> Option<Difference> {
    let schools = |l: &Lines| l.schools.iter().map(|s| s.school).collect::<BTreeSet<_>>();
    let all: BTreeSet<OrgId> = schools(published).union(&schools(recomputed)).copied().collect();
    let find = |l: &'_ Lines, school: OrgId| l.schools.iter().find(|s| s.school == school).cloned();
    for school in all {
        match (find(published, school), find(recomputed, school)) {
            (Some(stated), Some(found)) => {
                if let Some(number) = school_difference(&stated, &found) {
                    return Some(number);
                }
            }
            (stated, _) => return Some(Difference::School { school, published: stated.is_some() }),
        }
    }
    let longer = published.commitments.len().max(recomputed.commitments.len());
    let index = (0..longer).find(|i| published.commitments.get(*i) != recomputed.commitments.get(*i))?;
    let line = teachers.get(index).map(|t| (t.school, t.number.clone()));
    Some(Difference::Teacher { index: index as u64, line })
}

/// The first number in which two lines of one school differ.
#[must_use]
pub fn school_difference(published: &SchoolLine, recomputed: &SchoolLine) -> Option<Difference> {
    let (stated, found) = (numbers(published), numbers(recomputed));
    let value = |list: &[(String, u64)], name: &str| list.iter().find(|(n, _)| n == name).map_or(0, |(_, v)| *v);
    let names: Vec<&String> = stated.iter().chain(&found).map(|(n, _)| n).collect();
    let differs = names.into_iter().find(|n| value(&stated, n) != value(&found, n));
    // A kind with only zeros is another line too.
    let name = differs.cloned().or_else(|| (published != recomputed).then(|| "kinds".to_owned()))?;
    let (published_n, recomputed_n) = (value(&stated, &name), value(&found, &name));
    Some(Difference::Number { school: published.school, name, published: published_n, recomputed: recomputed_n })
}

fn numbers(line: &SchoolLine) -> Vec<(String, u64)> {
    let own = [("roster", line.roster), ("teachers", line.teachers), ("trained", line.trained), ("open", line.open)];
    let mut out: Vec<(String, u64)> = own.into_iter().map(|(n, v)| (n.to_owned(), v.into())).collect();
    out.extend(line.tally.all.named().into_iter().map(|(n, v)| (n.to_owned(), v)));
    for (kind, counted) in &line.tally.by_kind {
        out.extend(counted.named().into_iter().map(|(n, v)| (format!("{n}.{}", kind_word(*kind)), v)));
    }
    out
}
