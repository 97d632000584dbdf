//! Activities with what was decided about their plans.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use taizhang_core::{
    id::{DocId, EntryId, Kind},
    ledger::Ledger,
    op::RowName,
    rows::{self, PlanDecision, PlanVerdict, RowType},
    units::{Day, Ms},
    view::matter::{Content, Matters},
};

use super::seat;
use crate::case::{Activity, Kind as CaseKind, Level, Plan, Seat};

/// What a decision says; equal ones agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    verdict: PlanVerdict,
    /// The day that was typed.
    day: Day,
    /// Signed to hold although the activity had begun, and why.
    retroactive: bool,
    /// How high the office is.
    by: Option<Seat>,
    /// The day as of which it counts: the typed one, or a later one on which it cannot have been written yet.
    counts_from: Day,
}

impl Said {
    fn content(&self) -> (PlanVerdict, Day, bool) {
        (self.verdict, self.day, self.retroactive)
    }
}

/// Decisions by document and row of the plan.
type Decisions = BTreeMap<(DocId, RowName), BTreeSet<Said>>;

/// What makes activities the parts of one programme: announced together, for the same people.
pub(super) type Run = (DocId, String, Option<String>);

/// Rows of current plans: all of equal content, and when it was handed in.
type Plans = BTreeMap<RowName, (Vec<RowName>, Day)>;

/// An announced activity.
#[derive(Clone, Debug)]
pub(super) struct Announced {
    pub(super) activity: Arc<Activity>,
    /// The rows of this content, by name.
    pub(super) rows: Vec<RowName>,
    /// A school corrected it, and nobody above decided on what it says now: what was approved before was approved of something else.
    pub(super) is_changed: bool,
    /// The run of a programme that it is part of.
    pub(super) run: Option<Run>,
}

/// Every announced activity by each of its rows. `carried`: documents that only a transfer tells of.
pub(super) fn activities(matters: &Matters<'_>, ledger: &Ledger, carried: &BTreeSet<DocId>) -> BTreeMap<RowName, Arc<Announced>> {
    let decisions = decisions(matters, ledger, carried);
    let plans = plans(matters);
    let mut out = BTreeMap::new();
    for matter in matters.iter().filter(|m| m.row_type == rows::Activity::TYPE) {
        for content in &matter.contents {
            let Some(row) = content.rows.iter().find_map(|n| matters.row(*n)) else { continue };
            let Some(read) = row.read::<rows::Activity>() else { continue };
            let mut said = said(&decisions, matter.document, &content.rows);
            let mut submitted = read.row.claimed_submitted_day;
            let is_correction = content.rows.iter().filter_map(|n| matters.row(*n)).all(|r| !r.replaces.is_empty());
            let is_changed = matter.document.kind == Kind::Ledger && is_correction && said.is_empty();
            if let Some(named) = read.row.plan.filter(|_| !is_changed) {
                let document = named.document.unwrap_or(matter.document);
                let holds = plan_rows(matters, &plans, named.resolve(row.name.entry));
                said.extend(holds.iter().flat_map(|(rows, _)| self::said(&decisions, document, rows)));
                submitted = holds.iter().map(|(_, day)| *day).max().or(submitted);
            }
            let announced_by = seat(&ledger.registry, matter.document.owner);
            let activity = Activity { plan: plan(&said), submitted, announced_by, ..described(&read.row) };
            let alone = matter.contents.len() == 1;
            let programme = activity.programme.clone().filter(|_| alone);
            let run = programme.map(|p| (matter.document, p, read.row.category.clone()));
            let (activity, rows) = (Arc::new(activity), content.rows.clone());
            let announced = Arc::new(Announced { activity, rows, is_changed, run });
            out.extend(content.rows.iter().map(|n| (*n, announced.clone())));
        }
    }
    out
}

/// The parts of every run of a programme, by their first rows.
pub(super) fn programmes(activities: &BTreeMap<RowName, Arc<Announced>>) -> BTreeMap<Run, BTreeSet<RowName>> {
    let mut out: BTreeMap<Run, BTreeSet<RowName>> = BTreeMap::new();
    for announced in activities.values() {
        if let (Some(run), Some(first)) = (&announced.run, announced.rows.first()) {
            out.entry(run.clone()).or_default().insert(*first);
        }
    }
    out
}

fn said(decisions: &Decisions, document: DocId, rows: &[RowName]) -> BTreeSet<Said> {
    rows.iter().filter_map(|n| decisions.get(&(document, *n))).flatten().copied().collect()
}

fn plan(said: &BTreeSet<Said>) -> Plan {
    // Whoever refuses on two days still refuses.
    if said.iter().all(|s| s.verdict != PlanVerdict::Approved) {
        return Plan::NotApproved;
    }
    let contents: BTreeSet<_> = said.iter().map(Said::content).collect();
    // Of equal decisions the highest office's counts, as of the day on which it was first written.
    let highest = said.iter().max_by_key(|s| (s.by, std::cmp::Reverse(s.counts_from)));
    match highest.filter(|_| contents.len() == 1) {
        Some(s) => Plan::Approved { decided: s.counts_from, retroactive: s.retroactive, by: s.by },
        None => Plan::Undecided,
    }
}

fn plans(matters: &Matters<'_>) -> Plans {
    let current = matters.iter().filter(|m| m.row_type == rows::Plan::TYPE).flat_map(|m| &m.contents);
    let of_content = |content: &Content| {
        let read = content.rows.iter().find_map(|n| matters.row(*n)?.read::<rows::Plan>());
        let plan = read.map(|p| (content.rows.clone(), p.row.submitted_day));
        content.rows.iter().filter_map(|n| Some((*n, plan.clone()?))).collect::<Vec<_>>()
    };
    current.flat_map(of_content).collect()
}

/// The plan that holds now: the row named, or what replaced it.
fn plan_rows<'p>(matters: &Matters<'_>, plans: &'p Plans, named: RowName) -> Vec<&'p (Vec<RowName>, Day)> {
    let mut wanted = matters.successors(&[named]);
    wanted.insert(named);
    wanted.iter().filter_map(|n| plans.get(n)).collect()
}

/// Standing decisions of those who may decide on the plan: anybody above its owner; whoever has none above who certifies decides itself.
fn decisions(matters: &Matters<'_>, ledger: &Ledger, carried: &BTreeSet<DocId>) -> Decisions {
    let registry = &ledger.registry;
    let mut out = Decisions::new();
    let mut clocks: BTreeMap<DocId, BTreeMap<EntryId, Ms>> = BTreeMap::new();
    for matter in matters.iter().filter(|m| m.row_type == PlanDecision::TYPE) {
        let place = matter.document;
        for row in matter.contents.iter().flat_map(|c| &c.rows).filter_map(|n| matters.row(*n)) {
            let Some(decision) = row.read::<PlanDecision>().map(|p| p.row) else { continue };
            let document = decision.plan.document.unwrap_or(place);
            // On a school's plan in its review; on what a notice announces in a notice, which everyone reads who reads the announcement.
            let fits = match place.kind {
                Kind::Review => place.subject == Some(document.concerns()),
                Kind::Notice => document.kind == Kind::Notice,
                _ => false,
            };
            // Clerks write notices too: what they write there decides nothing.
            let decides = place.kind == Kind::Review || super::is_by_reviewer(row, registry);
            let is_above = registry.is_above_plan(place.owner, &document);
            if fits && decides && (is_above || registry.plan_decider(document.owner) == place.owner) {
                let plan = decision.plan.resolve(row.name.entry);
                let written = if carried.contains(&place) {
                    // What was moved was written again on the way; the old county signed for its days.
                    Day(0)
                } else {
                    let clock = clocks.entry(place).or_insert_with(|| clock(ledger, &place));
                    let of_plan = matters.row(plan).map_or(Day(0), |p| p.time.day());
                    clock.get(&row.name.entry).map_or_else(|| row.time.day(), |at| at.day()).max(of_plan)
                };
                let said = Said {
                    verdict: decision.decision,
                    day: decision.decided_day,
                    retroactive: decision.retroactive && decision.reason.is_some_and(|r| !r.trim().is_empty()),
                    by: seat(registry, place.owner),
                    counts_from: decision.decided_day.max(written),
                };
                out.entry((document, plan)).or_default().insert(said);
            }
        }
    }
    out
}

/// The latest time that an entry of the document, or one before it in its author's chain, claims: nobody sets a clock back over what he signed before.
fn clock(ledger: &Ledger, document: &DocId) -> BTreeMap<EntryId, Ms> {
    let mut out: BTreeMap<EntryId, Ms> = BTreeMap::new();
    for entry in ledger.document(document).map(|d| d.entries.as_slice()).unwrap_or_default() {
        let Some(place) = ledger.place(entry) else { continue };
        let before = place.parent.and_then(|p| out.get(&p)).copied().unwrap_or_default();
        out.insert(*entry, place.time.max(before));
    }
    out
}

/// The row's own fields.
fn described(row: &rows::Activity) -> Activity {
    Activity {
        id: row.no.clone(),
        title: row.title.clone(),
        kind: CaseKind::from_word(row.kind.word()),
        level: Level::from_word(row.level.word()).unwrap_or(Level::Township),
        start: row.start_day,
        end: row.end_day,
        planned_h100: row.planned_h100,
        plan: Plan::NotApproved,
        submitted: None,
        announced_by: None,
        outside_city: row.outside_city == Some(true) || row.abroad == Some(true),
        recognised: false,
        registered: row.registered.unwrap_or(row.registered_no.is_some()),
        programme: row.programme.clone(),
        content_id: row.content_id.clone(),
        tags: row.tags.clone().unwrap_or_default(),
    }
}
