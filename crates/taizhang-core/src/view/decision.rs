//! What the reviews say about a row: nothing settles by itself, and what counts is what a standing decision names.
//!
//! - Only reviews owned by a county or city above the subject count, and in them only decisions about documents that concern the subject.
//! - A decision gives way, for one matter, to a decision on the same matter that replaces it, directly or through others. So returning one line of an approved sheet leaves the other lines approved, and approving a second registration of one activity takes the approval from the first.
//! - Of what remains, equal verdicts agree; unequal ones are undecided until a later decision replaces all of them.
//! - A decision on one row counts for all rows of equal content.

mod web;

use std::collections::{BTreeMap, BTreeSet};

use super::{DocumentView, Replacements, ViewRow, matter::Matters};
use crate::{
    id::{DocId, EntryId, Kind},
    ledger::Ledger,
    op::{RowName, RowRef},
    planted::{Check, is_off},
    rows::{Decision, DecisionTarget, Elsewhere, Registration, RowType, Sheet, Verdict},
};

/// How far the review of a row has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approval {
    /// No decision names it.
    Pending,
    /// It counts.
    Approved {
        /// The decision; of several that agree that of the highest office, then the lowest name.
        by: RowName,
    },
    /// Back to the school.
    Returned {
        /// The decision.
        by: RowName,
        /// Why.
        reason: Option<String>,
    },
    /// It does not count.
    Rejected {
        /// The decision.
        by: RowName,
        /// Why.
        reason: Option<String>,
    },
    /// Decisions disagree, or one was made by a newer version.
    Undecided {
        /// The decisions that a later one must replace, by name.
        rivals: Vec<RowName>,
    },
}

impl Approval {
    /// The word used in commands and exports.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved { .. } => "approved",
            Self::Returned { .. } => "returned",
            Self::Rejected { .. } => "rejected",
            Self::Undecided { .. } => "undecided",
        }
    }

    /// Does it count?
    #[must_use]
    pub fn is_approved(&self) -> bool {
        matches!(self, Self::Approved { .. })
    }
}

/// Why a standing decision, or a part of it, counts as nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DecisionProblem {
    /// The sheet's entry has another payload than the one that was decided on.
    DigestMismatch,
    /// What it names is not among the documents at hand.
    NotHere,
    /// It names a sheet, but the row is none.
    NotASheet,
    /// What it names is in a document that does not concern the review's subject.
    NotOfSubject,
    /// The review's owner is no county or city above its subject.
    NotAbove,
    /// Made by a newer version: what it replaces is undecided.
    Newer,
}

impl DecisionProblem {
    /// The word used in commands and exports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::DigestMismatch => "digest_mismatch",
            Self::NotHere => "target_not_here",
            Self::NotASheet => "not_a_sheet",
            Self::NotOfSubject => "not_of_subject",
            Self::NotAbove => "not_above",
            Self::Newer => "newer_version",
        }
    }
}

/// A decision that counts as nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DecisionFinding {
    /// The decision.
    pub decision: RowName,
    /// The entry it names, where the problem is about one.
    pub entry: Option<EntryId>,
    /// Why.
    pub problem: DecisionProblem,
}

/// A decision that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Act {
    /// `None`: of a newer version.
    verdict: Option<Verdict>,
    reason: Option<String>,
    /// How many organisations above the subject its office is.
    height: usize,
}

/// The decisions of several reviews, resolved to the rows they name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    acts: BTreeMap<RowName, Act>,
    /// By the row that they name.
    on_row: BTreeMap<RowName, BTreeSet<RowName>>,
    /// By the entry all of whose registrations they name: a decision of 40 bytes may be about 512 rows.
    on_entry: BTreeMap<EntryId, Whole>,
    /// Of every row that a decision is about: where in `gave_way` its matter stands.
    matter_of: BTreeMap<RowName, usize>,
    /// Those that gave way to another on the same matter; matters on which the same decisions are share one.
    gave_way: Vec<BTreeSet<RowName>>,
    /// Decisions that count as nothing and that no decision replaces, sorted.
    pub findings: BTreeSet<DecisionFinding>,
}

/// All registrations of an entry, and the decisions that name them together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Whole {
    rows: BTreeSet<RowName>,
    by: BTreeSet<RowName>,
}

/// What a decision names.
enum Named {
    Rows(Vec<RowName>),
    All(EntryId, Vec<RowName>),
}

/// What is decided on a matter: entries whose registrations are named together, and decisions that name its rows.
type Asked = (BTreeSet<EntryId>, BTreeSet<RowName>);

impl Decisions {
    /// Resolves the decisions of all reviews among `views` to the rows of the other documents among them.
    #[must_use]
    pub fn build(views: &[DocumentView], matters: &Matters<'_>, ledger: &Ledger) -> Self {
        let documents = Documents(views.iter().map(|v| (v.document, v)).collect());
        let mut out = Self::default();
        let reviews = || views.iter().filter(|v| v.document.kind == Kind::Review);
        let replacements = Replacements::of(reviews());
        for view in reviews() {
            let is_above = is_above(&view.document, ledger);
            let height = height(&view.document, ledger);
            for row in view.rows.values().filter(|r| view.counts(r) && r.row_type == Decision::TYPE) {
                if is_above {
                    out.file(row, height, &view.document, &documents);
                } else {
                    out.find(row.name, None, DecisionProblem::NotAbove);
                }
            }
        }
        out.file_successors(views, &replacements, ledger);
        let by_age = ByAge::of(&out.acts, &replacements, ledger);
        out.let_give_way(matters, &by_age);
        let replaced = by_age.replaced();
        out.findings.retain(|f| !replaced.contains(&f.decision));
        out
    }

    /// What the decisions say about rows of one content: all hands of it, as one decision counts for all.
    #[must_use]
    pub fn approval(&self, rows: &[RowName]) -> Approval {
        let wholes: BTreeSet<EntryId> = rows.iter().filter(|r| self.is_in_whole(r)).map(|r| r.entry).collect();
        let together = wholes.iter().filter_map(|e| self.on_entry.get(e)).flat_map(|w| &w.by);
        let named: BTreeSet<RowName> =
            rows.iter().filter_map(|r| self.on_row.get(r)).flatten().chain(together).copied().collect();
        let matters: BTreeSet<usize> = rows.iter().filter_map(|r| self.matter_of.get(r)).copied().collect();
        let gave_way: Vec<&BTreeSet<RowName>> = matters.into_iter().filter_map(|m| self.gave_way.get(m)).collect();
        let left: Vec<RowName> = named.into_iter().filter(|d| !gave_way.iter().any(|g| g.contains(d))).collect();
        let acts: Vec<&Act> = left.iter().filter_map(|d| self.acts.get(d)).collect();
        let (Some(by), Some(first)) = (left.first().copied(), acts.first()) else { return Approval::Pending };
        let reason = first.reason.clone();
        let agree = |v: &Verdict| acts.iter().all(|a| a.verdict == Some(*v)) || is_off(Check::RivalDecisions);
        match first.verdict.filter(agree) {
            Some(Verdict::Approved) => {
                let height = |d: &RowName| self.acts.get(d).map_or(0, |a| a.height);
                let highest = left.iter().copied().rev().max_by_key(height);
                Approval::Approved { by: highest.unwrap_or(by) }
            }
            Some(Verdict::Returned) => Approval::Returned { by, reason },
            Some(Verdict::Rejected) => Approval::Rejected { by, reason },
            None => Approval::Undecided { rivals: left },
        }
    }

    /// How often a decision is held, under whatever.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        let sets = self.on_row.values().chain(self.on_entry.values().map(|w| &w.by)).chain(&self.gave_way);
        sets.map(BTreeSet::len).sum()
    }

    fn is_in_whole(&self, row: &RowName) -> bool {
        self.on_entry.get(&row.entry).is_some_and(|w| w.rows.contains(row))
    }

    /// Matter by matter the decisions on it that another on it replaces; once for all matters on which the same are.
    fn let_give_way(&mut self, matters: &Matters<'_>, by_age: &ByAge) {
        let mut on_matter: BTreeMap<&str, (Asked, Vec<RowName>)> = BTreeMap::new();
        let rows: BTreeSet<RowName> = self.on_row.keys().chain(self.on_entry.values().flat_map(|w| &w.rows)).copied().collect();
        for row in rows {
            let Some(id) = matters.natural_id(row) else { continue };
            let ((wholes, named), of) = on_matter.entry(id).or_default();
            wholes.extend(self.is_in_whole(&row).then_some(row.entry));
            named.extend(self.on_row.get(&row).into_iter().flatten());
            of.push(row);
        }
        let mut asked: BTreeMap<Asked, Vec<RowName>> = BTreeMap::new();
        for (what, of) in on_matter.into_values() {
            asked.entry(what).or_default().extend(of);
        }
        let on = |(wholes, named): &Asked| -> BTreeSet<RowName> {
            let together = wholes.iter().filter_map(|e| self.on_entry.get(e)).flat_map(|w| &w.by);
            named.iter().chain(together).copied().collect()
        };
        let sets: Vec<BTreeSet<RowName>> = asked.keys().map(on).collect();
        self.gave_way = by_age.gave_way(&sets);
        self.matter_of = asked.into_values().enumerate().flat_map(|(n, of)| of.into_iter().map(move |row| (row, n))).collect();
    }

    fn find(&mut self, decision: RowName, entry: Option<EntryId>, problem: DecisionProblem) {
        self.findings.insert(DecisionFinding { decision, entry, problem });
    }

    fn file(&mut self, row: &ViewRow, height: usize, review: &DocId, documents: &Documents<'_>) {
        let Some(parsed) = row.read::<Decision>() else {
            self.acts.insert(row.name, Act { verdict: None, reason: None, height });
            return self.find(row.name, None, DecisionProblem::Newer);
        };
        let Decision { target, verdict, reason } = parsed.row;
        self.acts.insert(row.name, Act { verdict: Some(verdict), reason, height });
        let named = match &target {
            DecisionTarget::Rows { document, rows } => {
                rows.iter().map(|(entry, indices)| (*entry, documents.rows(review, *document, *entry, indices))).collect()
            }
            DecisionTarget::Sheet { sheet, digest } => {
                let here = sheet.resolve(row.name.entry);
                vec![(here.entry, documents.sheet(review, sheet, here, digest))]
            }
        };
        for (entry, result) in named {
            match result {
                Ok(Named::Rows(rows)) => rows.into_iter().for_each(|r| {
                    self.on_row.entry(r).or_default().insert(row.name);
                }),
                Ok(Named::All(entry, rows)) => {
                    let whole = self.on_entry.entry(entry).or_default();
                    whole.rows.extend(rows);
                    whole.by.insert(row.name);
                }
                Err(problem) => self.find(row.name, Some(entry), problem),
            }
        }
    }

    /// Rows of other or newer types that replace a decision: what it said no longer holds, and this version cannot read what holds instead.
    fn file_successors(&mut self, views: &[DocumentView], replacements: &Replacements, ledger: &Ledger) {
        let reviews = views.iter().filter(|v| v.document.kind == Kind::Review && is_above(&v.document, ledger));
        let able: BTreeSet<RowName> = reviews.flat_map(|v| v.rows.values().filter(|r| v.counts(r)).map(|r| r.name)).collect();
        let edges: Vec<(RowName, RowName)> = replacements.iter().filter(|(_, by)| able.contains(by)).collect();
        // A chain of such rows is followed until nothing more is reached.
        while edges.iter().fold(false, |changed, (replaced, by)| self.inherit(*replaced, *by) || changed) {}
    }

    /// Lets `by`, if this version cannot read it, stand on every row that `replaced` is about. Did that change anything?
    fn inherit(&mut self, replaced: RowName, by: RowName) -> bool {
        if !self.acts.contains_key(&replaced) {
            return false;
        }
        let is_new = !self.acts.contains_key(&by);
        let act = self.acts.entry(by).or_insert_with(|| Act { verdict: None, reason: None, height: 0 });
        if act.verdict.is_some() {
            return false;
        }
        self.find(by, None, DecisionProblem::Newer);
        let all = self.on_row.values_mut().chain(self.on_entry.values_mut().map(|w| &mut w.by));
        let inherited = all.filter(|on| on.contains(&replaced)).map(|on| on.insert(by));
        inherited.fold(is_new, |changed, added| changed || added)
    }
}

/// Decisions in the order in which their entries came here: an entry is admitted behind those it names, so a decision stands behind those it replaces.
struct ByAge {
    decisions: Vec<RowName>,
    numbers: BTreeMap<RowName, usize>,
    /// What each replaces directly.
    replaces: Vec<Vec<usize>>,
}

impl ByAge {
    fn of(acts: &BTreeMap<RowName, Act>, replacements: &Replacements, ledger: &Ledger) -> Self {
        let mut decisions: Vec<RowName> = acts.keys().copied().collect();
        decisions.sort_by_cached_key(|d| ledger.place(&d.entry).map(|p| p.arrival));
        let numbers: BTreeMap<RowName, usize> = decisions.iter().enumerate().map(|(n, d)| (*d, n)).collect();
        let mut replaces = vec![Vec::new(); decisions.len()];
        for (replaced, by) in replacements.iter() {
            let at = |d| numbers.get(d).copied();
            let Some((replaced, by)) = at(&replaced).zip(at(&by)) else { continue };
            replaces.iter_mut().skip(by).take(1).for_each(|r: &mut Vec<usize>| r.push(replaced));
        }
        Self { decisions, numbers, replaces }
    }

    /// Decisions that another replaces directly.
    fn replaced(&self) -> BTreeSet<RowName> {
        self.replaces.iter().flatten().filter_map(|n| self.decisions.get(*n)).copied().collect()
    }

    /// Of each of these sets: what another of the set replaces, directly or through others, be they of no set.
    fn gave_way(&self, sets: &[BTreeSet<RowName>]) -> Vec<BTreeSet<RowName>> {
        let several = sets.iter().enumerate().filter(|(_, on)| on.len() > 1);
        let (places, groups): (Vec<usize>, Vec<Vec<usize>>) =
            several.map(|(at, on)| (at, on.iter().filter_map(|d| self.numbers.get(d)).copied().collect())).unzip();
        let found = web::led_to(&groups, self.decisions.len(), |at| self.replaces.get(at).map_or(&[], Vec::as_slice));
        let names = |found: Vec<usize>| found.into_iter().filter_map(|n| self.decisions.get(n)).copied().collect();
        let mut out = vec![BTreeSet::new(); sets.len()];
        for (at, found) in places.into_iter().zip(found) {
            out.iter_mut().skip(at).take(1).for_each(|o| *o = names(found.clone()));
        }
        out
    }
}

/// A county or city above the subject.
fn is_above(review: &DocId, ledger: &Ledger) -> bool {
    ledger.registry.decides(review) || is_off(Check::DecisionAbove)
}

/// How many organisations lie between the subject and the owner, the owner counted.
fn height(review: &DocId, ledger: &Ledger) -> usize {
    let above = review.subject.map(|s| ledger.registry.ancestors(s)).unwrap_or_default();
    above.iter().position(|o| *o == review.owner).map_or(0, |at| at + 1)
}

/// Finds what decisions name.
struct Documents<'v>(BTreeMap<DocId, &'v DocumentView>);

impl<'v> Documents<'v> {
    fn document(&self, review: &DocId, document: DocId) -> Result<&'v DocumentView, DecisionProblem> {
        let concerns =
            Some(document.owner) == review.subject || (document.subject.is_some() && document.subject == review.subject);
        if !concerns {
            return Err(DecisionProblem::NotOfSubject);
        }
        self.0.get(&document).copied().ok_or(DecisionProblem::NotHere)
    }

    /// No index means every registration of the entry.
    fn rows(&self, review: &DocId, document: DocId, entry: EntryId, indices: &[u16]) -> Result<Named, DecisionProblem> {
        let view = self.document(review, document)?;
        if indices.is_empty() {
            return if view.payload_digest(&entry).is_some() {
                Ok(Named::All(entry, registrations(view, entry)))
            } else {
                Err(DecisionProblem::NotHere)
            };
        }
        let names = indices.iter().map(|i| RowName { entry, index: *i });
        let here = names.map(|n| view.rows.contains_key(&n).then_some(n).ok_or(DecisionProblem::NotHere));
        here.collect::<Result<_, _>>().map(Named::Rows)
    }

    fn sheet(&self, review: &DocId, r: &RowRef, sheet: RowName, digest: &[u8; 32]) -> Result<Named, DecisionProblem> {
        let view = self.document(review, r.document.ok_or(DecisionProblem::NotOfSubject)?)?;
        let payload = view.payload_digest(&sheet.entry).ok_or(DecisionProblem::NotHere)?;
        if view.rows.get(&sheet).is_none_or(|row| row.row_type != Sheet::TYPE) {
            return Err(DecisionProblem::NotASheet);
        }
        if payload != *digest && !is_off(Check::SheetDigest) {
            return Err(DecisionProblem::DigestMismatch);
        }
        Ok(Named::All(sheet.entry, registrations(view, sheet.entry)))
    }
}

fn registrations(view: &DocumentView, entry: EntryId) -> Vec<RowName> {
    let registers = |t: u16| t == Registration::TYPE || t == Elsewhere::TYPE;
    view.rows_of(entry).filter(|r| registers(r.row_type)).map(|r| r.name).collect()
}
