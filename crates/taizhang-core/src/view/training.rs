//! The lines of schools and teachers: who did what, for how many hours, and how far its review has come.
//!
//! A correction does not displace an approved hour: the approved line stays and counts until the correction is approved too.
//!
//! Recorded hours are what people wrote; what of them the policy recognises is the business of the rules.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    DocumentView, ViewRow,
    decision::{Approval, DecisionFinding, DecisionProblem, Decisions},
    matter::{Content, Matter, Matters},
    natural,
};
use crate::{
    id::{DocId, Kind, OrgId},
    ledger::Ledger,
    op::RowName,
    rows::{self, Activity, ActivityKind, Elsewhere, Level, Registration, RowType, Teacher},
    units::Day,
};

/// What was registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// Hours in an activity that someone announced.
    Registration(Registration),
    /// A training done elsewhere: its own activity.
    Elsewhere(Elsewhere),
}

impl Record {
    /// 教师编号
    #[must_use]
    pub fn teacher(&self) -> &str {
        match self {
            Self::Registration(r) => &r.teacher,
            Self::Elsewhere(e) => &e.teacher,
        }
    }

    /// Hours as written.
    #[must_use]
    pub fn h100(&self) -> u32 {
        match self {
            Self::Registration(r) => r.attended_h100,
            Self::Elsewhere(e) => e.h100,
        }
    }

    /// The day registered or, elsewhere, the last day.
    #[must_use]
    pub fn day(&self) -> Day {
        match self {
            Self::Registration(r) => r.registered_day,
            Self::Elsewhere(e) => e.end_day,
        }
    }
}

/// The activity of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActivityMatter {
    /// This row describes it ([`Book::activity`]).
    Found(RowName),
    /// No notice or ledger at hand announces it.
    Missing,
    /// It is described in several ways: by these rows.
    Undecided(Vec<RowName>),
    /// A training elsewhere describes itself.
    Itself,
}

/// What people should know about a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineFinding {
    /// The school's roster has no such teacher.
    UnknownTeacher,
    /// The activity is missing.
    ActivityMissing,
    /// The activity is described in several ways.
    ActivityUndecided,
    /// The school's ledger says different things about the same teacher and activity.
    Rival,
    /// Another registrar registered the same teacher and activity.
    OtherRegistrar,
    /// It was corrected after its approval; it counts until the correction is approved.
    Corrected,
    /// It corrects an approved line, and counts once it is approved itself.
    Correction,
    /// A decision on its sheet was made on other bytes.
    DigestMismatch,
    /// A newer version wrote fields that this one does not read.
    NewerFields,
}

impl LineFinding {
    /// The word used in commands and exports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::UnknownTeacher => "unknown_teacher",
            Self::ActivityMissing => "activity_missing",
            Self::ActivityUndecided => "activity_undecided",
            Self::Rival => "rival",
            Self::OtherRegistrar => "other_registrar",
            Self::Corrected => "corrected",
            Self::Correction => "correction",
            Self::DigestMismatch => "digest_mismatch",
            Self::NewerFields => "newer_fields",
        }
    }
}

/// One content of one matter: hours of one teacher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The school it concerns.
    pub school: OrgId,
    /// The ledger it stands in.
    pub document: DocId,
    /// What it is about; equal for rivals.
    pub natural_id: String,
    /// The rows of this content, by name.
    pub hands: Vec<RowName>,
    /// The fields.
    pub record: Record,
    /// Its activity.
    pub activity: ActivityMatter,
    /// How hours are earned; `None` while the activity is not known.
    pub kind: Option<ActivityKind>,
    /// How far its review has come.
    pub approval: Approval,
    /// Is it the one of its matter that sums take? None of several rivals is, unless exactly one of them is approved.
    pub counts: bool,
    /// Sorted.
    pub findings: BTreeSet<LineFinding>,
}

/// Hours, as written and as approved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hours {
    /// Of every line that counts.
    pub recorded_h100: u64,
    /// Of those, the approved.
    pub approved_h100: u64,
}

impl Hours {
    fn add(&mut self, line: &Line) {
        let h100 = u64::from(line.record.h100());
        self.recorded_h100 += h100;
        self.approved_h100 += if line.approval.is_approved() { h100 } else { 0 };
    }
}

/// The sums of one school.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// All hours.
    pub hours: Hours,
    /// Teachers with a line that counts.
    pub teachers: u32,
    /// Hours by kind; `None`: the activity is not known.
    pub by_kind: BTreeMap<Option<ActivityKind>, Hours>,
}

/// Every line of the documents at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    /// By school, teacher, natural id, document and content.
    pub lines: Vec<Line>,
    /// Teachers of each school by number, from the rosters.
    pub teachers: BTreeMap<OrgId, BTreeSet<String>>,
    /// Counting rows of ledgers and rosters that this version cannot read: accounts they touch are open.
    pub newer: Vec<(DocId, RowName)>,
    /// Decisions that count as nothing.
    pub decision_findings: BTreeSet<DecisionFinding>,
    activities: BTreeMap<RowName, Activity>,
    decisions: Decisions,
}

impl Book {
    /// Reads all documents at hand: rosters, notices, ledgers and reviews; others are passed over.
    #[must_use]
    pub fn build(views: &[DocumentView], ledger: &Ledger) -> Self {
        Self::of(views, &Matters::build(views), ledger)
    }

    /// The same, from the matters of these documents.
    #[must_use]
    pub fn of(views: &[DocumentView], matters: &Matters<'_>, ledger: &Ledger) -> Self {
        let decisions = Decisions::build(views, matters, ledger);
        let maker = Maker { teachers: teachers(matters), activities: activities(matters), matters, decisions: &decisions };
        let mut lines = maker.lines(matters.iter());
        mark_rivals(&mut lines, matters);
        let approved_before = maker.lines(matters.replaced()).into_iter().filter(|l| l.approval.is_approved()).collect();
        hold(&mut lines, approved_before, matters);
        // Matters come sorted by document, type and natural id, contents by digest; the sort is stable.
        lines.sort_by(|a, b| {
            (a.school, a.record.teacher(), &a.natural_id, a.document).cmp(&(
                b.school,
                b.record.teacher(),
                &b.natural_id,
                b.document,
            ))
        });
        choose(&mut lines);
        let announced = matters.iter().filter(|m| m.row_type == Activity::TYPE).flat_map(|m| &m.contents).flat_map(|c| &c.rows);
        let activities = announced.filter_map(|n| Some((*n, matters.row(*n)?.read::<Activity>()?.row))).collect();
        let newer = newer(views);
        let (teachers, decision_findings) = (maker.teachers, decisions.findings.clone());
        Self { lines, teachers, newer, decision_findings, activities, decisions }
    }

    /// What the decisions at hand say about rows of one content.
    #[must_use]
    pub fn approval(&self, rows: &[RowName]) -> Approval {
        self.decisions.approval(rows)
    }

    /// The activity of a line, where it is known.
    #[must_use]
    pub fn activity(&self, line: &Line) -> Option<&Activity> {
        match line.activity {
            ActivityMatter::Found(row) => self.activities.get(&row),
            _ => None,
        }
    }

    /// The lines of one school.
    pub fn of_school(&self, school: OrgId) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |l| l.school == school)
    }

    /// The lines of a teacher, at every school.
    pub fn of_teacher(&self, no: &str) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |l| l.record.teacher() == no)
    }

    /// The sums of every school that has lines or teachers.
    #[must_use]
    pub fn sums(&self) -> BTreeMap<OrgId, Sums> {
        let mut out: BTreeMap<OrgId, Sums> = self.teachers.keys().map(|s| (*s, Sums::default())).collect();
        let mut counted: BTreeSet<(OrgId, &str)> = BTreeSet::new();
        for line in &self.lines {
            let sums = out.entry(line.school).or_default();
            if line.counts {
                sums.hours.add(line);
                sums.by_kind.entry(line.kind).or_default().add(line);
                sums.teachers += u32::from(counted.insert((line.school, line.record.teacher())));
            }
        }
        out
    }
}

/// Teachers by school, from the rosters.
fn teachers(matters: &Matters<'_>) -> BTreeMap<OrgId, BTreeSet<String>> {
    let mut out: BTreeMap<OrgId, BTreeSet<String>> = BTreeMap::new();
    for m in matters.iter().filter(|m| m.document.kind == Kind::Roster && m.row_type == Teacher::TYPE) {
        let rows = m.contents.iter().flat_map(|c| &c.rows).filter_map(|n| matters.row(*n)?.read::<Teacher>());
        out.entry(m.document.owner).or_default().extend(rows.map(|t| t.row.no));
    }
    out
}

/// Where activities are announced, by natural id.
fn activities<'m>(matters: &'m Matters<'_>) -> BTreeMap<&'m str, Vec<&'m Matter>> {
    let mut out: BTreeMap<&str, Vec<&Matter>> = BTreeMap::new();
    for m in matters.iter().filter(|m| m.row_type == Activity::TYPE) {
        out.entry(&m.natural_id).or_default().push(m);
    }
    out
}

fn newer(views: &[DocumentView]) -> Vec<(DocId, RowName)> {
    let unread = |row: &ViewRow| match rows::check(row.row_type, &row.fields) {
        Some(read) => read.is_err(),
        None => rows::info(row.row_type).is_none(),
    };
    let kinds = |v: &&DocumentView| matches!(v.document.kind, Kind::Ledger | Kind::Roster | Kind::Notice);
    let mut out: Vec<(DocId, RowName)> = views
        .iter()
        .filter(kinds)
        .flat_map(|v| v.current().into_iter().filter(|r| unread(r)).map(|r| (v.document, r.name)))
        .collect();
    out.sort();
    out
}

/// Makes lines from contents.
struct Maker<'m, 'v> {
    matters: &'m Matters<'v>,
    decisions: &'m Decisions,
    teachers: BTreeMap<OrgId, BTreeSet<String>>,
    activities: BTreeMap<&'m str, Vec<&'m Matter>>,
}

impl Maker<'_, '_> {
    fn lines<'a>(&self, matters: impl Iterator<Item = &'a Matter>) -> Vec<Line> {
        let of_ledgers = matters.filter(|m| m.document.kind == Kind::Ledger);
        of_ledgers.flat_map(|m| m.contents.iter().filter_map(|c| self.line(m, c))).collect()
    }

    fn line(&self, matter: &Matter, content: &Content) -> Option<Line> {
        let row = self.matters.row(*content.rows.first()?)?;
        let (record, newer_fields) = read(row)?;
        let school = matter.document.concerns();
        let activity = self.activity(matter, row, &record);
        let mut line = Line {
            school,
            document: matter.document,
            natural_id: matter.natural_id.clone(),
            hands: content.rows.clone(),
            kind: self.kind(&activity, &record),
            record,
            activity,
            approval: self.decisions.approval(&content.rows),
            counts: false,
            findings: BTreeSet::new(),
        };
        let is_mismatch = |f: &DecisionFinding| {
            f.problem == DecisionProblem::DigestMismatch && content.rows.iter().any(|r| f.entry == Some(r.entry))
        };
        let mut find = |applies: bool, finding: LineFinding| {
            if applies {
                line.findings.insert(finding);
            }
        };
        let known = self.teachers.get(&school).is_some_and(|t| t.contains(line.record.teacher()));
        find(!known, LineFinding::UnknownTeacher);
        find(line.activity == ActivityMatter::Missing, LineFinding::ActivityMissing);
        find(matches!(line.activity, ActivityMatter::Undecided(_)), LineFinding::ActivityUndecided);
        find(self.decisions.findings.iter().any(is_mismatch), LineFinding::DigestMismatch);
        find(newer_fields > 0, LineFinding::NewerFields);
        Some(line)
    }

    /// By number, in notices and in the ledgers of those who registered; another school's ledger announces nothing here. Those of the line's own year go first, and a notice before what a school wrote in its place.
    fn activity(&self, matter: &Matter, row: &ViewRow, record: &Record) -> ActivityMatter {
        let Record::Registration(r) = record else { return ActivityMatter::Itself };
        let Some(no) = natural::activity_no(row, r, self.matters.index()) else { return ActivityMatter::Missing };
        let here = matter.document;
        let named_in = r.activity.map(|a| a.document.unwrap_or(here));
        let announces = |d: DocId| match named_in {
            Some(document) => d == document,
            None => d.kind == Kind::Notice || d.owner == here.owner || d.owner == here.concerns(),
        };
        let all: Vec<&Matter> = self.activities.get(natural::activity(&no).as_str()).into_iter().flatten().copied().collect();
        let fitting = || all.iter().filter(|m| announces(m.document));
        let of_year: Vec<&&Matter> = fitting().filter(|m| m.document.period == here.period).collect();
        let found = if of_year.is_empty() { fitting().collect() } else { of_year };
        let is_noticed = found.iter().any(|m| m.document.kind == Kind::Notice);
        let contents = found.iter().flat_map(|m| m.contents.iter().filter(|c| !is_noticed || !self.is_of_a_notice(m, c)));
        let contents: BTreeMap<[u8; 32], &Content> = contents.map(|c| (c.digest, c)).collect();
        let mut first = contents.values().filter_map(|c| c.rows.first().copied());
        match (first.next(), first.next()) {
            (None, _) => ActivityMatter::Missing,
            (Some(one), None) => ActivityMatter::Found(one),
            _ => ActivityMatter::Undecided(contents.values().flat_map(|c| c.rows.iter().copied()).collect()),
        }
    }

    /// Does a school or township announce in its own ledger what is announced by notice: a training of a higher level in the city? Copied there by mistake, it must not take the notice's hours away.
    fn is_of_a_notice(&self, matter: &Matter, content: &Content) -> bool {
        let row = content.rows.first().and_then(|n| self.matters.row(*n)?.read::<Activity>());
        let is_higher = |a: &Activity| matches!(a.level, Level::County | Level::City | Level::Province | Level::Ministry);
        let is_outside = |a: &Activity| a.outside_city == Some(true) || a.abroad == Some(true);
        let is_own = matter.document.kind == Kind::Ledger && matter.document.subject.is_none();
        is_own && row.is_some_and(|p| is_higher(&p.row) && !is_outside(&p.row))
    }

    fn kind(&self, activity: &ActivityMatter, record: &Record) -> Option<ActivityKind> {
        match (activity, record) {
            (_, Record::Elsewhere(e)) => Some(e.kind),
            (ActivityMatter::Found(row), _) => self.matters.row(*row)?.read::<Activity>().map(|p| p.row.kind),
            _ => None,
        }
    }
}

/// The fields of a line, and how many a newer version added.
fn read(row: &ViewRow) -> Option<(Record, u64)> {
    let registration = row.read::<Registration>().map(|p| (Record::Registration(p.row), p.newer_fields));
    registration.or_else(|| row.read::<Elsewhere>().map(|p| (Record::Elsewhere(p.row), p.newer_fields)))
}

fn mark_rivals(lines: &mut [Line], matters: &Matters<'_>) {
    for line in lines {
        let types = [Registration::TYPE, Elsewhere::TYPE];
        let mut of_line = types.into_iter().filter_map(|t| matters.get(line.document, t, &line.natural_id));
        if of_line.any(|m| m.contents.len() > 1) {
            line.findings.insert(LineFinding::Rival);
        }
    }
}

/// Adds the lines that were approved and then replaced, as long as nothing that came of them is approved.
fn hold(lines: &mut Vec<Line>, approved_before: Vec<Line>, matters: &Matters<'_>) {
    let approved = lines.iter().filter(|l| l.approval.is_approved()).chain(&approved_before);
    let approved: BTreeSet<RowName> = approved.flat_map(|l| l.hands.iter().copied()).collect();
    for mut line in approved_before {
        let later = matters.successors(&line.hands);
        if !later.is_disjoint(&approved) {
            continue;
        }
        for correction in lines.iter_mut().filter(|l| l.hands.iter().any(|h| later.contains(h))) {
            correction.findings.insert(LineFinding::Correction);
        }
        line.findings.insert(LineFinding::Corrected);
        lines.push(line);
    }
}

/// Says which line of each matter sums take. Lines come sorted by school, teacher and natural id.
///
/// Rivals in one ledger count only where exactly one is approved. Of what different registrars wrote, the approved goes first, then the latest, then the lowest name (D-20 without the competent registrar, whom only the policy knows).
fn choose(lines: &mut [Line]) {
    let same =
        |a: &Line, b: &Line| a.school == b.school && a.natural_id == b.natural_id && a.record.teacher() == b.record.teacher();
    for group in lines.chunk_by_mut(same) {
        let documents: BTreeSet<DocId> = group.iter().map(|l| l.document).collect();
        if documents.len() > 1 {
            group.iter_mut().for_each(|l| {
                l.findings.insert(LineFinding::OtherRegistrar);
            });
        }
        let of_document = |d: DocId| {
            let waits = |l: &Line| l.findings.contains(&LineFinding::Correction);
            let lines: Vec<&Line> = group.iter().filter(|l| l.document == d && !waits(l)).collect();
            let approved: Vec<&Line> = lines.iter().filter(|l| l.approval.is_approved()).copied().collect();
            match (lines.as_slice(), approved.as_slice()) {
                ([one], _) | (_, [one]) => Some(*one),
                _ => None,
            }
        };
        let eligible = documents.into_iter().filter_map(of_document);
        let rank = |l: &&Line| (l.approval.is_approved(), l.record.day(), std::cmp::Reverse(l.hands.first().copied()));
        let best = eligible.max_by_key(rank).and_then(|l| l.hands.first().copied());
        group.iter_mut().for_each(|l| l.counts = best.is_some() && l.hands.first().copied() == best);
    }
}
