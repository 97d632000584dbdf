//! Does a statement agree with itself, and where do two lists of lines differ.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use taizhang_core::{
    id::{AttachmentId, OrgId},
    planted::{Check, is_off},
    rows::Rollup,
};

use super::{
    inputs::Inputs,
    lines::{Lines, PlaceLine, SchoolLine, TeacherLine},
    policy::Named,
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
    /// The row names other policies than the inputs adopt.
    #[error("policy: the row names {row}, the inputs adopt {found}")]
    Policy {
        /// In the row: id and beginning of the hash.
        row: String,
        /// In the inputs.
        found: String,
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

/// Does the row name the policies that the inputs adopt?
#[must_use]
pub fn policy(row: &Rollup, found: &Named) -> Option<Problem> {
    let say = |id: Option<&str>, sha: Option<&[u8; 32]>| {
        let hex: String = sha.into_iter().flatten().map(|b| format!("{b:02x}")).collect();
        if id.is_none() && sha.is_none() { "none".to_owned() } else { format!("{} ({hex})", id.unwrap_or("none")) }
    };
    let same = row.policy_id == found.id && row.policy_sha256 == found.sha256;
    (!same).then(|| Problem::Policy {
        row: say(row.policy_id.as_deref(), row.policy_sha256.as_ref()),
        found: say(found.id.as_deref(), found.sha256.as_ref()),
    })
}

/// The attachments of a row, if they are what it names, and everything that does not agree.
#[must_use]
pub fn agreement(row: &Rollup, inputs: &[u8], lines: &[u8]) -> (Option<(Inputs, Lines)>, Vec<Problem>) {
    let mut problems = Vec::new();
    for (part, bytes, named) in [("inputs", inputs, row.inputs), ("lines", lines, row.lines)] {
        if AttachmentId(Sha256::digest(bytes).into()) != named && !is_off(Check::RollupAttachments) {
            problems.push(Problem::Attachment(part));
        }
    }
    let form = |part, e: taizhang_core::cbor::CborError| Problem::Form { part, why: e.to_string() };
    let inputs = Inputs::parse(inputs).map_err(|e| problems.push(form("inputs", e))).ok();
    let lines = Lines::parse(lines).map_err(|e| problems.push(form("lines", e))).ok();
    if inputs.as_ref().is_some_and(|i| i.root() != row.inputs_root) && !is_off(Check::RollupRoots) {
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
    let schools = lines.schools.iter().map(|s| u64::from(s.counts.teachers)).sum();
    let (stated, list) = (u64::from(row.teachers), lines.commitments.len() as u64);
    if stated != list || schools != list {
        problems.push(Problem::Teachers { row: stated, schools, list });
    }
    let summed = lines.totals();
    if row.totals != summed && !is_off(Check::RollupSums) {
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

/// What a line in the clear is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineName {
    /// A school.
    School(OrgId),
    /// Places, money, a target: kind of line, whose, which.
    Place(&'static str, Option<OrgId>, String),
}

/// The first place where published lines are not those recomputed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Something that should have no line, or should have one.
    Line {
        /// Which.
        line: LineName,
        /// Is it published?
        published: bool,
    },
    /// A number of a line.
    Number {
        /// Which line.
        line: LineName,
        /// Which number.
        name: String,
        /// As published.
        published: i64,
        /// As recomputed.
        recomputed: i64,
    },
    /// A teacher line.
    Teacher {
        /// Place in the list.
        index: u64,
        /// As recomputed; none: the list should end before.
        line: Option<Box<TeacherLine>>,
    },
}

/// Numbers by name, and the bytes.
type Content = (Vec<(String, i64)>, Vec<u8>);

fn clear(lines: &Lines) -> BTreeMap<LineName, Content> {
    let schools = lines.schools.iter().map(|s| (LineName::School(s.school), of_school(s)));
    let of_place = |p: &PlaceLine| (p.named().into_iter().map(|(n, v)| (n.to_owned(), v)).collect(), p.to_bytes());
    let places = lines.places.iter().map(|p| {
        let (what, org, name) = p.about();
        (LineName::Place(what, org, name.to_owned()), of_place(p))
    });
    schools.chain(places).collect()
}

fn of_school(line: &SchoolLine) -> Content {
    (line.named(), line.to_bytes())
}

/// Where the published lines first differ from those recomputed; schools first, then places, then teachers.
#[must_use]
pub fn first_difference(published: &Lines, recomputed: &Lines, teachers: &[TeacherLine]) -> Option<Difference> {
    let (stated, found) = (clear(published), clear(recomputed));
    let names: BTreeSet<&LineName> = stated.keys().chain(found.keys()).collect();
    let in_clear = names.into_iter().find_map(|name| match (stated.get(name), found.get(name)) {
        (Some(stated), Some(found)) => number(name, stated, found),
        (stated, _) => Some(Difference::Line { line: name.clone(), published: stated.is_some() }),
    });
    in_clear.or_else(|| {
        let longer = published.commitments.len().max(recomputed.commitments.len());
        let index = (0..longer).find(|i| published.commitments.get(*i) != recomputed.commitments.get(*i))?;
        Some(Difference::Teacher { index: index as u64, line: teachers.get(index).cloned().map(Box::new) })
    })
}

/// The first number in which two lines of one school differ.
#[must_use]
pub fn school_difference(published: &SchoolLine, recomputed: &SchoolLine) -> Option<Difference> {
    number(&LineName::School(published.school), &of_school(published), &of_school(recomputed))
}

fn number(line: &LineName, (stated, stated_bytes): &Content, (found, found_bytes): &Content) -> Option<Difference> {
    let value = |list: &[(String, i64)], name: &str| list.iter().find(|(n, _)| n == name).map_or(0, |(_, v)| *v);
    let mut names = stated.iter().chain(found).map(|(n, _)| n);
    let differs = names.find(|n| value(stated, n) != value(found, n));
    // A kind with only zeros, or another list of schools, is another line too.
    let name = differs.cloned().or_else(|| (stated_bytes != found_bytes).then(|| "form".to_owned()))?;
    let (published, recomputed) = (value(stated, &name), value(found, &name));
    Some(Difference::Number { line: line.clone(), name, published, recomputed })
}
