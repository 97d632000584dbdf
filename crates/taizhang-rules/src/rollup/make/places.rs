//! Lines of quotas (rows 23), money (rows 66) and coverage targets (rules of the policies).

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    id::{Kind, OrgId},
    rows::{Fund, FundSource, OrgKind, Quota, RowType},
    units::Day,
    view::DocumentView,
};

use super::{
    super::lines::{CoverageLine, FundLine, PlaceLine, QuotaLine},
    Maker,
    people::serves,
};
use crate::{
    case::{Activity, Level},
    policy::{Body, Rule},
    progress::{self, Trained},
};

impl Maker<'_> {
    /// All of them, sorted.
    pub(super) fn places(&self) -> Vec<PlaceLine> {
        let mut out = self.quotas();
        out.extend(self.funds());
        out.extend(self.coverages());
        out.sort_by(|a, b| a.about().cmp(&b.about()));
        out
    }

    /// At or below another at the end of the period.
    fn is_under(&self, above: OrgId, org: OrgId) -> bool {
        self.ledger.registry.is_at_or_above_on(above, org, Day::last_of(self.scope.period))
    }

    fn is_below(&self, org: OrgId) -> bool {
        self.is_under(self.scope.owner, org)
    }

    /// By organisation, level that trains, and category; rivals about the same places are left out.
    fn quotas(&self) -> Vec<PlaceLine> {
        type Key = (OrgId, Level, String, Option<String>, Option<String>);
        let mut seats: BTreeMap<Key, BTreeSet<u32>> = BTreeMap::new();
        for view in self.of_kind(Kind::Notice) {
            let Some(level) = self.level(view.document.owner) else { continue };
            for row in rows::<Quota>(view).filter(|q| q.year == self.scope.period && self.is_below(q.to_org)) {
                let key = (row.to_org, level, row.category, row.activity, row.programme);
                seats.entry(key).or_default().insert(row.seats);
            }
        }
        let mut parts: BTreeMap<(OrgId, Level), BTreeMap<String, u64>> = BTreeMap::new();
        for ((org, level, category, ..), said) in seats {
            if let (Some(n), 1) = (said.first(), said.len()) {
                *parts.entry((org, level)).or_default().entry(category).or_default() += u64::from(*n);
            }
        }
        parts.into_iter().flat_map(|((org, level), parts)| self.quota(org, level, parts)).collect()
    }

    fn quota(&self, org: OrgId, org_level: Level, parts: BTreeMap<String, u64>) -> Vec<PlaceLine> {
        let rule = Body::Quota { year: self.scope.period, org_level, total: parts.values().sum(), parts };
        let book = self.facts.book();
        let of_org = |number: &str| self.home.get(number).is_some_and(|s| self.is_under(org, *s));
        let lines = self.by_school.values().flatten().filter(|l| l.counts && l.approval.is_approved());
        let trained = lines.filter(|l| of_org(l.record.teacher())).filter_map(|l| {
            let activity = book.activity(l)?;
            let (level, category) = (Level::from_word(activity.level.word())?, activity.category.as_deref()?);
            Some(Trained { teacher: l.record.teacher(), day: activity.end_day, bucket: "", level, category })
        });
        let trained: Vec<Trained<'_>> = trained.collect();
        let parts = progress::quota(&rule, &trained).map(|q| q.parts).unwrap_or_default();
        let line = |(category, part): (String, crate::calc::Part)| {
            let category = format!("{}/{category}", org_level.word());
            PlaceLine::Quota(QuotaLine { org, category, quota: part.quota, done: part.done })
        };
        parts.into_iter().map(line).collect()
    }

    /// By organisation and source; rivals are left out.
    fn funds(&self) -> Vec<PlaceLine> {
        let mut said: BTreeMap<(OrgId, FundSource), Vec<Fund>> = BTreeMap::new();
        let is_ours = |v: &&DocumentView| v.document.period == Some(self.scope.period) && self.is_below(v.document.concerns());
        for view in self.of_kind(Kind::Ledger).filter(is_ours) {
            for row in rows::<Fund>(view).filter(|f| f.period == self.scope.period) {
                let same = said.entry((view.document.concerns(), row.source)).or_default();
                if !same.contains(&row) {
                    same.push(row);
                }
            }
        }
        let rules = self.rules();
        let settled = said.into_iter().filter_map(|(key, rows)| <[Fund; 1]>::try_from(rows).ok().map(|[row]| (key, row)));
        settled.map(|((org, source), row)| PlaceLine::Fund(fund(org, source, &row, &rules))).collect()
    }

    fn coverages(&self) -> Vec<PlaceLine> {
        let rules = self.rules();
        if !rules.iter().any(|r| matches!(r.body, Body::Coverage { .. })) {
            return Vec::new();
        }
        let own = || self.home.iter().filter(|(_, s)| self.is_below(**s)).filter_map(|(n, _)| Some((*n, self.accounts.get(n)?)));
        let serving = own().filter(|(_, (case, _))| serves(&case.teacher, self.scope.as_of)).count() as u64;
        let mut trained = Vec::new();
        for (teacher, (case, account)) in own() {
            let by_id: BTreeMap<&str, &Activity> = case.activities.iter().map(|a| (a.id.as_str(), a.as_ref())).collect();
            for result in account.activities.iter().filter(|r| r.h100 > 0) {
                let Some(activity) = by_id.get(result.activity.as_str()) else { continue };
                let (day, level) = (activity.end, activity.level);
                trained.push(Trained { teacher, day, bucket: &result.bucket, level, category: "" });
            }
        }
        let line = |r: &&Rule| {
            let coverage = progress::coverage(&r.body, serving, &trained)?;
            let due = coverage.years.iter().filter(|y| y.year <= self.scope.period).map(|y| y.target_sum).next_back();
            let (target, done) = (coverage.target, coverage.done);
            Some(PlaceLine::Coverage(CoverageLine { rule: r.id.clone(), target, due: due.unwrap_or(0), done }))
        };
        rules.iter().filter_map(line).collect()
    }

    /// Rules in force as of the day anywhere below, by id, each once; of equal ids the first.
    fn rules(&self) -> Vec<&Rule> {
        let mut out: BTreeMap<&str, &Rule> = BTreeMap::new();
        for adoptions in &self.policies {
            let now = adoptions.adopted.iter().filter(|a| a.from <= self.scope.as_of);
            let base = now.max_by_key(|a| a.from);
            for policy in base.into_iter().flat_map(|a| std::iter::once(&a.policy).chain(&a.overlays)) {
                policy.rules.iter().for_each(|r| {
                    out.entry(&r.id).or_insert(r);
                });
            }
        }
        out.into_values().collect()
    }

    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &DocumentView> {
        self.views.iter().filter(move |v| v.document.kind == kind)
    }

    fn level(&self, org: OrgId) -> Option<Level> {
        match self.ledger.registry.kind(org)? {
            OrgKind::Province => Some(Level::Province),
            OrgKind::City => Some(Level::City),
            OrgKind::County => Some(Level::County),
            _ => None,
        }
    }
}

fn rows<T: RowType>(view: &DocumentView) -> impl Iterator<Item = T> {
    view.current().into_iter().filter_map(|r| r.read::<T>().map(|p| p.row))
}

fn fund(org: OrgId, source: FundSource, row: &Fund, rules: &[&Rule]) -> FundLine {
    let bases: &[&str] = match source {
        FundSource::Payroll => &["teacher_payroll", "staff_payroll"],
        FundSource::Surcharge => &["education_surcharge"],
        FundSource::Public => &["school_public_funds_budget"],
        FundSource::Fixed => &["fixed"],
        FundSource::Special => &[],
    };
    let is_of = |r: &&&Rule| matches!(&r.body, Body::Fund { base, .. } if bases.contains(&base.as_str()));
    let fen = |n: i64| u64::try_from(n).unwrap_or(0);
    let by_rule = rules.iter().find(is_of).and_then(|r| progress::fund(&r.body, fen(row.base_fen), 0));
    let due_fen = by_rule.map_or(row.due_fen, |due| i64::try_from(due.need_fen).unwrap_or(i64::MAX));
    let spent = [row.travel_fen, row.meals_fen, row.materials_fen, row.lodging_fen, row.other_fen];
    let spent_fen = spent.into_iter().fold(0, i64::saturating_add);
    FundLine { org, source: source.word().to_owned(), due_fen, arranged_fen: row.arranged_fen, spent_fen }
}
