//! A regime as lookup tables: every test an activity must pass, by its kind and level, so that evaluating scans no rule list.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    account::{Cite, Reason},
    case::{DegreeLevel, Kind, Level, Registrar, Seat, Stage},
    policy::{
        Anchor, Body, Measure, Policy, Requirement, Rule, Scope, Unit,
        regime::{Period, Regime},
    },
};

/// Place of a bucket in [`Tables::buckets`].
pub(super) type BucketId = usize;

/// Everything that a regime says, by number.
#[derive(Debug)]
pub(super) struct Tables {
    /// Names, sorted; number 0 is the bucket without a name.
    pub(super) buckets: Vec<Arc<str>>,
    /// What is in force, one for each period of the regime.
    pub(super) sets: Vec<RuleSet>,
    /// Hours of a credit by policy and bucket; 0: hours only.
    pub(super) rates: Vec<Vec<u32>>,
}

/// The rules of one period: a policy with its overlays.
#[derive(Debug)]
pub(super) struct RuleSet {
    pub(super) policy_id: Arc<str>,
    /// Row of the policy in [`Tables::rates`].
    pub(super) policy: usize,
    pub(super) year_start: (u32, u32),
    pub(super) prorate: bool,
    pub(super) outside_needs_recognition: bool,
    pub(super) cycle_source: Arc<str>,
    cells: Vec<Cell>,
    pub(super) caps: Vec<Cap>,
    pub(super) lines: Vec<Line>,
    pub(super) programmes: Vec<Programme>,
    pub(super) shares: Vec<Share>,
}

/// What reaches activities of one kind and level.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    pub(super) convert: Option<Convert>,
    pub(super) plan: Option<Cite>,
    pub(super) eligible: Vec<Eligible>,
    pub(super) degree: Vec<DegreeRule>,
    pub(super) bans: Vec<BanRule>,
    pub(super) forfeits: Vec<Forfeit>,
    pub(super) assessment: Option<Cite>,
    /// Competent registrar, where a rule names one (D-20).
    pub(super) registrar: Option<Registrar>,
    /// The rule that says who decides on its plan, and how high that office is.
    pub(super) decider: Option<(Cite, Option<Seat>)>,
    /// The rule that says who audits, and how high that office is.
    pub(super) audit: Option<(Cite, Option<Seat>)>,
    pub(super) slot: Option<Slot>,
    pub(super) deadlines: Vec<Deadline>,
}

#[derive(Clone, Debug)]
pub(super) struct Convert {
    pub(super) cite: Cite,
    pub(super) bucket: BucketId,
    /// Row of the converting policy in [`Tables::rates`].
    pub(super) policy: usize,
    pub(super) day_h100: Option<u32>,
}

#[derive(Clone, Debug)]
pub(super) struct Eligible {
    pub(super) cite: Cite,
    /// This level may not organise it: nothing else is asked.
    pub(super) level_refused: bool,
    pub(super) requires: Vec<Requirement>,
    pub(super) reason: Reason,
}

#[derive(Clone, Debug)]
pub(super) struct DegreeRule {
    pub(super) cite: Cite,
    pub(super) min_level: BTreeMap<Stage, DegreeLevel>,
    pub(super) reason: Reason,
}

#[derive(Clone, Debug)]
pub(super) struct BanRule {
    pub(super) cite: Cite,
    pub(super) triggers: Vec<String>,
    pub(super) years: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Forfeit {
    pub(super) cite: Cite,
    pub(super) measure: Measure,
    pub(super) over: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) weekdays: Vec<u8>,
    pub(super) h100: u32,
    pub(super) cite: Cite,
}

#[derive(Clone, Debug)]
pub(super) struct Deadline {
    pub(super) cite: Cite,
    pub(super) anchor: Anchor,
    pub(super) months_before: u32,
}

#[derive(Debug)]
pub(super) struct Cap {
    pub(super) cite: Cite,
    pub(super) bucket: BucketId,
    pub(super) yearly: bool,
    pub(super) limit_h100: u64,
    /// Of an overlay: only for activities of level school.
    pub(super) school_only: bool,
}

/// A requirement.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) cite: Cite,
    pub(super) who: Arc<str>,
    pub(super) unit: Unit,
    pub(super) buckets: Vec<BucketId>,
    pub(super) bucket_names: Arc<[Arc<str>]>,
    pub(super) asks: Asks,
}

#[derive(Debug)]
pub(super) enum Asks {
    /// So much over a time.
    Min { scope: Scope, value: u64, tags_any: Vec<String>, tags_exclude: Vec<String> },
    /// So much in any one of these windows of years.
    Any(Vec<(u32, u64)>),
}

#[derive(Debug)]
pub(super) struct Programme {
    pub(super) cite: Cite,
    pub(super) programme: String,
    pub(super) min_h100: u64,
    pub(super) about: BTreeMap<String, u64>,
    pub(super) about_tolerance_bp: u32,
    pub(super) school_only: bool,
}

#[derive(Debug)]
pub(super) struct Share {
    pub(super) programme: String,
    pub(super) bucket: String,
    pub(super) bp_max: u32,
    pub(super) school_only: bool,
}

impl RuleSet {
    /// What reaches activities of this kind and level.
    pub(super) fn cell(&self, kind: Option<Kind>, level: Level) -> Option<&Cell> {
        self.cells.get(place(kind, level))
    }
}

/// Place of a kind and level among the cells.
fn place(kind: Option<Kind>, level: Level) -> usize {
    let kind = kind.map_or(Kind::ALL.len(), |k| k as usize);
    kind * Level::ALL.len() + level as usize
}

/// Every kind, and no known kind, at every level, in the order of [`place`].
fn places() -> impl Iterator<Item = (Option<Kind>, Level)> {
    let kinds = Kind::ALL.iter().copied().map(Some).chain(std::iter::once(None));
    kinds.flat_map(|kind| Level::ALL.iter().map(move |level| (kind, *level)))
}

fn cite(rule: &Rule) -> Cite {
    Cite { rule: rule.id.as_str().into(), source: rule.source.as_str().into() }
}

/// Does a list name this one? An empty list names all.
fn names<T: PartialEq>(list: &[T], one: &T) -> bool {
    list.is_empty() || list.contains(one)
}

/// Numbers of buckets and policies while tables are built.
struct Numbers<'p> {
    buckets: Vec<Arc<str>>,
    policies: Vec<&'p Policy>,
}

impl<'p> Numbers<'p> {
    fn of(regime: &Regime<'p>) -> Self {
        let mut names: Vec<&str> = vec![""];
        let mut policies: Vec<&Policy> = Vec::new();
        for period in regime.periods() {
            for policy in std::iter::once(period.policy).chain(period.overlays.iter().copied()) {
                if policies.iter().any(|known| known.sha256 == policy.sha256 && known.id == policy.id) {
                    continue;
                }
                policies.push(policy);
                for rule in &policy.rules {
                    match &rule.body {
                        Body::Convert { bucket, .. } | Body::Cap { bucket, .. } => names.push(bucket),
                        Body::Min { buckets, .. } | Body::MinAny { buckets, .. } => {
                            names.extend(buckets.iter().map(String::as_str))
                        }
                        _ => {}
                    }
                }
            }
        }
        names.sort_unstable();
        names.dedup();
        Self { buckets: names.into_iter().map(Arc::from).collect(), policies }
    }

    fn bucket(&self, name: &str) -> BucketId {
        self.buckets.binary_search_by(|known| known.as_ref().cmp(name)).unwrap_or(0)
    }

    fn policy(&self, policy: &Policy) -> usize {
        self.policies.iter().position(|known| known.sha256 == policy.sha256 && known.id == policy.id).unwrap_or(0)
    }

    /// Hours of a credit by bucket: of several rules the last one's; a policy check refuses rules that differ.
    fn rates(&self, policy: &Policy) -> Vec<u32> {
        let mut rates = vec![0; self.buckets.len()];
        for rule in &policy.rules {
            if let Body::Convert { bucket, h100_per_credit, .. } = &rule.body
                && let Some(rate) = rates.get_mut(self.bucket(bucket))
            {
                *rate = *h100_per_credit;
            }
        }
        rates
    }
}

/// Builds the tables of a regime.
pub(super) fn tables(regime: &Regime<'_>) -> Tables {
    let numbers = Numbers::of(regime);
    let rates: Vec<Vec<u32>> = numbers.policies.iter().map(|p| numbers.rates(p)).collect();
    let sets = regime.periods().iter().map(|period| rule_set(period, &numbers, &rates)).collect();
    Tables { buckets: numbers.buckets, sets, rates }
}

fn rule_set(period: &Period<'_>, numbers: &Numbers<'_>, rates: &[Vec<u32>]) -> RuleSet {
    let base = period.policy;
    let mut cells = vec![Cell::default(); places().count()];
    for ((kind, level), cell) in places().zip(&mut cells) {
        fill(cell, base, numbers, kind, level);
        if level == Level::School {
            let base_converts = cell.convert.is_some();
            for overlay in &period.overlays {
                let before = cell.convert.clone();
                fill(cell, overlay, numbers, kind, level);
                if base_converts {
                    cell.convert = before;
                }
            }
        }
    }
    let mut set = RuleSet {
        policy_id: base.id.as_str().into(),
        policy: numbers.policy(base),
        year_start: base.year_start,
        prorate: base.prorate_months,
        outside_needs_recognition: base.outside_needs_recognition,
        cycle_source: base.cycle_source.as_str().into(),
        cells,
        caps: Vec::new(),
        lines: Vec::new(),
        programmes: Vec::new(),
        shares: Vec::new(),
    };
    for (school_only, policy) in std::iter::once((false, base)).chain(period.overlays.iter().map(|o| (true, *o))) {
        let rates = rates.get(numbers.policy(policy)).map_or(&[][..], Vec::as_slice);
        for rule in &policy.rules {
            add_wide(&mut set, rule, numbers, rates, school_only);
        }
    }
    // Year caps clamp before cycle caps; else the order of the files.
    set.caps.sort_by_key(|cap| !cap.yearly);
    set
}

/// Adds what a policy says about activities of this kind and level.
fn fill(cell: &mut Cell, policy: &Policy, numbers: &Numbers<'_>, kind: Option<Kind>, level: Level) {
    let has = |kinds: &[Kind]| kind.is_some_and(|k| kinds.contains(&k));
    let has_or_all = |kinds: &[Kind]| kinds.is_empty() || has(kinds);
    for rule in &policy.rules {
        match &rule.body {
            Body::Convert { kinds, bucket, day_h100, .. } if has(kinds) => {
                let (bucket, policy) = (numbers.bucket(bucket), numbers.policy(policy));
                cell.convert = Some(Convert { cite: cite(rule), bucket, policy, day_h100: *day_h100 });
            }
            Body::PlanRequired { kinds } if has(kinds) && cell.plan.is_none() => cell.plan = Some(cite(rule)),
            Body::Eligible { kinds, org_levels, requires, reason } if has(kinds) => cell.eligible.push(Eligible {
                cite: cite(rule),
                level_refused: !names(org_levels, &level),
                requires: requires.clone(),
                reason: *reason,
            }),
            Body::EligibleDegree { min_level, reason } if kind == Some(Kind::Degree) => {
                cell.degree.push(DegreeRule { cite: cite(rule), min_level: min_level.clone(), reason: *reason });
            }
            Body::Ban { triggers, years, org_levels } if org_levels.contains(&level) => {
                cell.bans.push(BanRule { cite: cite(rule), triggers: triggers.clone(), years: *years });
            }
            Body::Forfeit { kinds, measure, over } if has(kinds) => {
                cell.forfeits.push(Forfeit { cite: cite(rule), measure: *measure, over: *over });
            }
            Body::Assessment { kinds, .. } if has(kinds) && cell.assessment.is_none() => cell.assessment = Some(cite(rule)),
            Body::RepeatSlot { weekdays, h100, .. } if cell.slot.is_none() => {
                cell.slot = Some(Slot { weekdays: weekdays.clone(), h100: *h100, cite: cite(rule) });
            }
            Body::Authority { kinds, org_levels, register_by, says } if has_or_all(kinds) && names(org_levels, &level) => {
                cell.registrar = cell.registrar.or(*register_by);
                if let Some(office) = says.get("audit_by").filter(|_| cell.audit.is_none()) {
                    cell.audit = Some((cite(rule), Seat::of_office(office, level)));
                }
            }
            Body::Deadline { what, kinds, org_levels, anchor, months_before, submit_to, .. }
                if matches!(what.as_str(), "plan" | "semester_plan") && has_or_all(kinds) && names(org_levels, &level) =>
            {
                // Whom a single activity's plan is handed to decides on it.
                if cell.decider.is_none() {
                    cell.decider = Some((cite(rule), Seat::of_office(submit_to, level)));
                }
                if what == "semester_plan" {
                    continue;
                }
                cell.deadlines.push(Deadline { cite: cite(rule), anchor: *anchor, months_before: *months_before });
            }
            _ => {}
        }
    }
}

/// Adds what a rule says about more than one activity.
fn add_wide(set: &mut RuleSet, rule: &Rule, numbers: &Numbers<'_>, rates: &[u32], school_only: bool) {
    let line = |who: &str, unit: Unit, buckets: &[String], asks: Asks| Line {
        cite: cite(rule),
        who: who.into(),
        unit,
        buckets: buckets.iter().map(|b| numbers.bucket(b)).collect(),
        bucket_names: buckets.iter().map(|b| Arc::from(b.as_str())).collect(),
        asks,
    };
    match &rule.body {
        Body::Cap { bucket, scope, unit, value } => {
            let bucket = numbers.bucket(bucket);
            let rate = u64::from(rates.get(bucket).copied().unwrap_or(0));
            let limit_h100 = if *unit == Unit::C100 { value.saturating_mul(rate) / 100 } else { *value };
            let yearly = *scope == Scope::Year;
            set.caps.push(Cap { cite: cite(rule), bucket, yearly, limit_h100, school_only });
        }
        Body::Min { who, scope, unit, buckets, tags_any, tags_exclude, value } => {
            let (tags_any, tags_exclude) = (tags_any.clone(), tags_exclude.clone());
            set.lines.push(line(who, *unit, buckets, Asks::Min { scope: *scope, value: *value, tags_any, tags_exclude }));
        }
        Body::MinAny { who, unit, buckets, options } => set.lines.push(line(who, *unit, buckets, Asks::Any(options.clone()))),
        Body::Programme { programme, min_h100, about, about_tolerance_bp, .. } => set.programmes.push(Programme {
            cite: cite(rule),
            programme: programme.clone(),
            min_h100: *min_h100,
            about: about.clone(),
            about_tolerance_bp: *about_tolerance_bp,
            school_only,
        }),
        Body::ShareLimit { programme, bucket, bp_max, .. } => {
            set.shares.push(Share { programme: programme.clone(), bucket: bucket.clone(), bp_max: *bp_max, school_only });
        }
        _ => {}
    }
}
