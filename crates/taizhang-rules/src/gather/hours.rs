//! From the lines of the ledgers to the registrations that the engine is given, for each teacher and activity: the approved ones if there are any, else those that wait, else those that were refused (design of D-20; which of them counts is the engine's choice).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use taizhang_core::{
    id::OrgId,
    op::RowName,
    rows::{self, Verdict},
    units::Day,
    view::{
        decision::Approval,
        training::{ActivityMatter, Line, LineFinding, Record},
    },
};

use super::{
    Waiting,
    plans::{Announced, Run},
    reviews::{Recognised, Reviews},
};
use crate::calendar::days_between;
use crate::case::{Activity, Assessment, Audit, DegreeLevel, Kind, Level, OpenInput, Plan, Registrar, Registration, Seat};

/// What the ledgers say about one teacher.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hours {
    pub(super) activities: Vec<Arc<Activity>>,
    pub(super) registrations: Vec<Registration>,
    pub(super) waiting: BTreeSet<Waiting>,
    pub(super) merged: BTreeSet<(RowName, RowName)>,
    pub(super) open: BTreeSet<OpenInput>,
}

/// What lines are read with.
pub(super) struct Reader<'r> {
    pub(super) activities: &'r BTreeMap<RowName, Arc<Announced>>,
    /// Parts of each run of a programme, by their first rows.
    pub(super) programmes: &'r BTreeMap<Run, BTreeSet<RowName>>,
    pub(super) reviews: &'r Reviews,
    pub(super) teacher: &'r str,
    pub(super) schools: &'r BTreeSet<OrgId>,
}

/// One activity of the case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// By its first row.
    Announced(RowName),
    /// By the natural id of a training elsewhere.
    Elsewhere(String),
}

/// A line that may be given.
struct Candidate<'l> {
    line: &'l Line,
    audit: Audit,
    /// How high the office that approved it is, where that is asked.
    audited_by: Option<Seat>,
    recognition: Recognition,
}

/// What the counties say about a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Recognition {
    None,
    Approved { kind: Option<rows::ActivityKind>, h100: Option<u32>, day: Day },
    Refused(Audit),
    Undecided,
}

fn open(what: &str, about: impl Into<String>) -> OpenInput {
    OpenInput { what: what.to_owned(), about: about.into() }
}

impl Reader<'_> {
    pub(super) fn hours(&self, lines: &[&Line]) -> Hours {
        let mut out = Hours::default();
        let mut groups: BTreeMap<Key, Vec<Candidate<'_>>> = BTreeMap::new();
        for line in lines {
            if let Some((key, candidate)) = self.candidate(line, &mut out) {
                groups.entry(key).or_default().push(candidate);
            }
        }
        self.add_parts(&mut groups);
        let numbers = groups.keys().filter_map(|key| self.number(key)).map(str::to_owned).collect::<Vec<_>>();
        for (key, group) in groups {
            // Two counties may use one number: then the rows tell the activities apart.
            let is_shared = self.number(&key).is_some_and(|number| numbers.iter().filter(|n| *n == number).count() > 1);
            match key {
                Key::Announced(row) => self.announced(row, is_shared, group, &mut out),
                Key::Elsewhere(id) => elsewhere(&id, group, &mut out),
            }
        }
        out
    }

    /// Parts of a programme in which nobody registered the teacher are missing, not unknown.
    fn add_parts(&self, groups: &mut BTreeMap<Key, Vec<Candidate<'_>>>) {
        let run = |key: &Key| match key {
            Key::Announced(row) => self.activities.get(row).and_then(|a| a.run.clone()),
            Key::Elsewhere(_) => None,
        };
        let runs: BTreeSet<Run> = groups.keys().filter_map(run).collect();
        let parts = runs.iter().filter_map(|run| self.programmes.get(run)).flatten();
        for part in parts.filter(|row| !self.reviews.dropped.contains_key(row)) {
            groups.entry(Key::Announced(*part)).or_default();
        }
    }

    fn candidate<'l>(&self, line: &'l Line, out: &mut Hours) -> Option<(Key, Candidate<'l>)> {
        let hand = *line.hands.first()?;
        if line.hands.iter().any(|h| self.reviews.unclear.contains(h)) {
            out.open.insert(open("merge_undecided", hand.to_string()));
        }
        if line.findings.contains(&LineFinding::NewerFields) {
            out.open.insert(open("newer_version", hand.to_string()));
        }
        if let Some(dropped) = line.hands.iter().find(|h| self.reviews.dropped.contains_key(h)) {
            out.merged.insert((hand, self.reviews.kept(*dropped)));
            return None;
        }
        let mut candidate = Candidate { line, audit: audit(&line.approval), audited_by: None, recognition: Recognition::None };
        let key = match &line.activity {
            ActivityMatter::Itself => {
                candidate.recognition = self.recognition(&line.hands, line.school);
                if candidate.recognition == Recognition::None && line.approval.is_approved() {
                    // Whoever approves exactly this row recognises it; row 105 is for other hours or another kind.
                    candidate.recognition = Recognition::Approved { kind: None, h100: None, day: line.record.day() };
                }
                candidate.audit = candidate.recognised_audit();
                Key::Elsewhere(line.natural_id.clone())
            }
            ActivityMatter::Found(row) => match self.activity(*row) {
                Some(announced) => {
                    if announced.is_changed && candidate.audit == Audit::Approved {
                        candidate.audit = Audit::Pending;
                        out.open.insert(open("activity_changed", announced.activity.id.clone()));
                    }
                    if let Approval::Approved { by } = &line.approval {
                        candidate.audited_by = self.reviews.seats.get(by).copied();
                    }
                    Key::Announced(*announced.rows.first()?)
                }
                None => return out.wait(&candidate, "activity_missing"),
            },
            ActivityMatter::Missing => return out.wait(&candidate, "activity_missing"),
            ActivityMatter::Undecided(_) => return out.wait(&candidate, "activity_undecided"),
        };
        Some((key, candidate))
    }

    /// The activity of a row, or the one that a merge kept in its place.
    fn activity(&self, row: RowName) -> Option<&Arc<Announced>> {
        let announced = self.activities.get(&row)?;
        let dropped = announced.rows.iter().find(|r| self.reviews.dropped.contains_key(r));
        dropped.map_or(Some(announced), |r| self.activities.get(&self.reviews.kept(*r)))
    }

    /// Of the counties above the school of the line, or above one where the teacher serves.
    fn recognition(&self, targets: &[RowName], school: OrgId) -> Recognition {
        let named = targets.iter().filter_map(|t| self.reviews.recognitions.get(&(self.teacher.to_owned(), *t))).flatten();
        let of_here: Vec<&Recognised> = named.filter(|r| r.subject == school || self.schools.contains(&r.subject)).collect();
        let Some(first) = of_here.first() else { return Recognition::None };
        if of_here.iter().any(|r| (r.verdict, r.kind, r.h100) != (first.verdict, first.kind, first.h100)) {
            return Recognition::Undecided;
        }
        match first.verdict {
            Verdict::Approved => {
                let day = of_here.iter().map(|r| r.day).min().unwrap_or(first.day);
                Recognition::Approved { kind: first.kind, h100: first.h100, day }
            }
            Verdict::Returned => Recognition::Refused(Audit::Returned),
            Verdict::Rejected => Recognition::Refused(Audit::Rejected),
        }
    }

    fn number(&self, key: &Key) -> Option<&str> {
        match key {
            Key::Announced(row) => self.activities.get(row).map(|a| a.activity.id.as_str()),
            Key::Elsewhere(_) => None,
        }
    }

    fn announced(&self, row: RowName, is_shared: bool, mut group: Vec<Candidate<'_>>, out: &mut Hours) {
        let Some(announced) = self.activities.get(&row) else { return };
        let number = &announced.activity.id;
        let id = if is_shared { format!("{number}@{row}") } else { number.clone() };
        let documents: BTreeSet<_> = group.iter().map(|c| c.line.document).collect();
        for document in documents {
            out.settle(&id, group.iter_mut().filter(|c| c.line.document == document).collect());
        }
        let given = out.given(&id, group);
        let mut activity = announced.activity.clone();
        if is_shared {
            Arc::make_mut(&mut activity).id.clone_from(&id);
        }
        let targets: Vec<RowName> =
            announced.rows.iter().copied().chain(given.iter().flat_map(|c| c.line.hands.clone())).collect();
        let school = given.first().map(|c| c.line.school);
        // What the city itself announced needs no recognition, and none makes another kind of it.
        let recognition = school.filter(|_| activity.outside_city).map_or(Recognition::None, |s| self.recognition(&targets, s));
        match recognition {
            Recognition::Approved { kind, h100, .. } => {
                let own = Arc::make_mut(&mut activity);
                own.recognised = true;
                own.kind = kind.map_or(own.kind, |k| Kind::from_word(k.word()));
                own.planned_h100 = h100.map_or(own.planned_h100, |h| h.min(own.planned_h100));
            }
            Recognition::Undecided => {
                out.open.insert(open("recognition_undecided", id.clone()));
            }
            Recognition::None | Recognition::Refused(_) => {}
        }
        let days = days_between(activity.start, activity.end).max(1);
        out.activities.push(activity);
        for c in given {
            out.registration(&id, &c);
            // Nobody spends more days in a training than it lasted.
            if let Some(r) = out.registrations.last_mut() {
                r.days = r.days.min(days);
            }
        }
    }
}

/// Trainings with one external id are one, wherever they were written.
fn elsewhere(id: &str, mut group: Vec<Candidate<'_>>, out: &mut Hours) {
    let mut records: Vec<&Record> = group.iter().map(|c| &c.line.record).collect();
    records.dedup();
    if records.len() > 1 {
        out.settle(id, group.iter_mut().collect());
    }
    if group.iter().any(|c| c.recognition == Recognition::Undecided) {
        out.open.insert(open("recognition_undecided", id));
    }
    let given = out.given(id, group);
    let last = given.into_iter().max_by_key(|c| (c.line.record.day(), c.line.hands.first().copied()));
    let Some(c) = last else { return };
    let Record::Elsewhere(e) = &c.line.record else { return };
    out.activities.push(Arc::new(activity_elsewhere(id, e, c.recognition)));
    out.registration(id, &c);
}

impl Candidate<'_> {
    /// Where nobody decided on the line, the recognition decides.
    fn recognised_audit(&self) -> Audit {
        match (self.audit, self.recognition) {
            (Audit::Pending, Recognition::Approved { .. }) => Audit::Approved,
            (Audit::Pending, Recognition::Refused(audit)) => audit,
            (audit, _) => audit,
        }
    }

    fn is_refused(&self) -> bool {
        matches!(self.audit, Audit::Rejected | Audit::Returned)
    }
}

impl Hours {
    /// Keeps hours apart whose activity is not known.
    fn wait<T>(&mut self, candidate: &Candidate<'_>, why: &'static str) -> Option<T> {
        let line = candidate.line;
        if candidate.is_refused() {
            return None;
        }
        let number = match &line.record {
            Record::Registration(r) => r.activity_no.clone(),
            Record::Elsewhere(_) => None,
        };
        let activity = number.unwrap_or_else(|| line.natural_id.clone());
        self.open.insert(open(why, activity.clone()));
        self.waiting.insert(Waiting { activity, h100: line.record.h100(), why });
        None
    }

    /// Contents that contradict each other: unless exactly one is approved, all of them wait.
    fn settle(&mut self, id: &str, candidates: Vec<&mut Candidate<'_>>) {
        let competes = |c: &&mut Candidate<'_>| !c.is_refused() && !c.line.findings.contains(&LineFinding::Correction);
        let mut competing: Vec<&mut Candidate<'_>> = candidates.into_iter().filter(competes).collect();
        let approved = competing.iter().filter(|c| c.audit == Audit::Approved).count();
        if competing.len() > 1 && approved != 1 {
            self.open.insert(open("rivals", id));
            for c in competing.iter_mut().filter(|c| c.audit == Audit::Approved) {
                c.audit = Audit::Pending;
            }
        }
    }

    /// The approved, else those that wait, else the refused.
    fn given<'l>(&mut self, id: &str, mut group: Vec<Candidate<'l>>) -> Vec<Candidate<'l>> {
        if group.iter().any(|c| c.audit == Audit::Undecided) {
            self.open.insert(open("audit_undecided", id));
        }
        let rank = |c: &Candidate<'_>| match c.audit {
            Audit::Approved => 2,
            Audit::Pending | Audit::Undecided => 1,
            Audit::Rejected | Audit::Returned => 0,
        };
        let best = group.iter().map(rank).max();
        group.retain(|c| Some(rank(c)) == best);
        group
    }

    fn registration(&mut self, activity: &str, c: &Candidate<'_>) {
        let Some(hand) = c.line.hands.first() else { return };
        let mut out = Registration {
            id: hand.to_string(),
            activity: activity.to_owned(),
            by: Registrar::School,
            at: c.line.record.day(),
            attended_h100: c.line.record.h100(),
            assessment: None,
            audit: c.audit,
            audited_by: c.audited_by,
            supersedes: None,
            leave_halfdays: 0,
            online_complete: None,
            degree_level: None,
            substitute_allowed: false,
            days: 0,
        };
        let assessed = |a: Option<rows::Assessment>| a.and_then(|a| Assessment::from_word(a.word()));
        let level = match &c.line.record {
            Record::Registration(r) => {
                out.by = Registrar::from_word(r.by.word()).unwrap_or(Registrar::School);
                out.assessment = assessed(r.assessment);
                // A half-day begun is a half-day.
                out.leave_halfdays = r.leave_d100.unwrap_or_default().div_ceil(50);
                out.online_complete = r.online_complete;
                out.substitute_allowed = r.substitute_allowed.unwrap_or_default();
                out.days = r.days.unwrap_or_default().into();
                r.degree_level.as_deref()
            }
            Record::Elsewhere(e) => {
                out.by = if c.line.document.subject.is_none() { Registrar::School } else { Registrar::Organiser };
                out.assessment = assessed(e.assessment);
                e.degree_level.as_deref()
            }
        };
        out.degree_level = level.and_then(degree_level);
        if let (Some(word), None) = (level, out.degree_level) {
            self.open.insert(open("degree_level_unknown", word));
        }
        self.registrations.push(out);
    }
}

fn audit(approval: &Approval) -> Audit {
    match approval {
        Approval::Pending => Audit::Pending,
        Approval::Approved { .. } => Audit::Approved,
        Approval::Returned { .. } => Audit::Returned,
        Approval::Rejected { .. } => Audit::Rejected,
        Approval::Undecided { .. } => Audit::Undecided,
    }
}

/// What nobody announced has no plan; the county's recognition stands in its place, and for the registration of online training. A level that nobody wrote is taken for one below the county.
fn activity_elsewhere(id: &str, e: &rows::Elsewhere, recognition: Recognition) -> Activity {
    let level = e.level.and_then(|l| Level::from_word(l.word()));
    let own = if e.form.as_deref() == Some("external") { Some(Kind::External) } else { Kind::from_word(e.kind.word()) };
    let mut out = Activity {
        id: id.to_owned(),
        title: e.title.clone(),
        kind: own,
        level: level.unwrap_or(Level::Township),
        start: e.start_day,
        end: e.end_day,
        planned_h100: e.h100,
        plan: Plan::NotApproved,
        submitted: None,
        announced_by: None,
        outside_city: !matches!(level, Some(Level::School | Level::Township | Level::County)) || e.abroad == Some(true),
        recognised: false,
        registered: false,
        programme: None,
        content_id: None,
        tags: Vec::new(),
    };
    match recognition {
        Recognition::Approved { kind, h100, day } => {
            out.recognised = true;
            out.registered = true;
            out.plan = Plan::Approved { decided: day, retroactive: true, by: None };
            out.kind = kind.map_or(out.kind, |k| Kind::from_word(k.word()));
            out.planned_h100 = h100.map_or(e.h100, |h| h.min(e.h100));
        }
        Recognition::Undecided => out.plan = Plan::Undecided,
        Recognition::None | Recognition::Refused(_) => {}
    }
    out
}

/// 学历, in the word of the rules or in Chinese.
fn degree_level(word: &str) -> Option<DegreeLevel> {
    match word {
        "中专" => Some(DegreeLevel::Secondary),
        "专科" | "大专" => Some(DegreeLevel::Associate),
        "本科" => Some(DegreeLevel::Bachelor),
        "硕士" | "研究生" => Some(DegreeLevel::Master),
        "博士" => Some(DegreeLevel::Doctor),
        _ => DegreeLevel::from_word(word),
    }
}
