//! Activities with what was decided about their plans.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use taizhang_core::{
    id::{DocId, Kind},
    op::RowName,
    registry::Registry,
    rows::{self, PlanDecision, PlanVerdict, RowType},
    units::Day,
    view::matter::{Content, Matters},
};

use crate::case::{Activity, Kind as CaseKind, Level, Plan};

/// A decision with what of it matters; equal ones agree.
type Said = (PlanVerdict, Day, bool);

/// Decisions by document and row of the plan.
type Decisions = BTreeMap<(DocId, RowName), BTreeSet<Said>>;

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
}

/// Every announced activity by each of its rows.
pub(super) fn activities(matters: &Matters<'_>, registry: &Registry) -> BTreeMap<RowName, Arc<Announced>> {
    let decisions = decisions(matters, registry);
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
            let activity = Arc::new(Activity { plan: plan(&said), submitted, ..described(&read.row) });
            let announced = Arc::new(Announced { activity, rows: content.rows.clone(), is_changed });
            out.extend(content.rows.iter().map(|n| (*n, announced.clone())));
        }
    }
    out
}

fn said(decisions: &Decisions, document: DocId, rows: &[RowName]) -> BTreeSet<Said> {
    rows.iter().filter_map(|n| decisions.get(&(document, *n))).flatten().copied().collect()
}

fn plan(said: &BTreeSet<Said>) -> Plan {
    let mut all = said.iter();
    match (all.next(), all.next()) {
        (Some((PlanVerdict::Approved, decided, retroactive)), None) => {
            Plan::Approved { decided: *decided, retroactive: *retroactive }
        }
        (None | Some((PlanVerdict::Returned | PlanVerdict::Refused, ..)), None) => Plan::NotApproved,
        // Whoever refuses on two days still refuses.
        _ if said.iter().all(|(verdict, ..)| *verdict != PlanVerdict::Approved) => Plan::NotApproved,
        _ => Plan::Undecided,
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
fn decisions(matters: &Matters<'_>, registry: &Registry) -> Decisions {
    let mut out = Decisions::new();
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
                let said = (decision.decision, decision.decided_day, decision.retroactive);
                out.entry((document, decision.plan.resolve(row.name.entry))).or_default().insert(said);
            }
        }
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
        outside_city: row.outside_city == Some(true) || row.abroad == Some(true),
        recognised: false,
        registered: row.registered.unwrap_or(row.registered_no.is_some()),
        programme: row.programme.clone(),
        content_id: row.content_id.clone(),
        tags: row.tags.clone().unwrap_or_default(),
    }
}
