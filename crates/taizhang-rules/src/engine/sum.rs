//! Step 8: sums in hours; credits only at the end, floored once for each bucket, scope and rate (D-17, D-21).

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Compiled, Item, Run,
    compile::{BucketId, RuleSet},
};
use crate::{
    account::{Amount, Bucket, Reason},
    calendar::add_months,
    case::Case,
};

/// The sums of an account.
pub(super) struct Totals {
    pub(super) by_year: BTreeMap<u16, BTreeMap<Arc<str>, Amount>>,
    pub(super) cycle: BTreeMap<Arc<str>, Amount>,
    pub(super) probation: Option<BTreeMap<Arc<str>, Amount>>,
    pub(super) buckets: BTreeMap<Arc<str>, Bucket>,
}

/// Hours by bucket and by the policy whose rate turns them into credits.
pub(super) struct Sums<'s> {
    compiled: &'s Compiled<'s, 's>,
    /// Policy of the minimums: its rate holds for hours converted without one.
    minimums: Option<usize>,
    h100: Vec<u64>,
}

impl<'s> Sums<'s> {
    pub(super) fn new(run: &Run<'s>) -> Self {
        let cells = run.compiled.tables.buckets.len() * run.compiled.tables.rates.len();
        Self { compiled: run.compiled, minimums: run.cycle.map(|(_, set): (_, &RuleSet)| set.policy), h100: vec![0; cells] }
    }

    fn rate(&self, policy: usize, bucket: BucketId) -> u32 {
        self.compiled.tables.rates.get(policy).and_then(|rates| rates.get(bucket)).copied().unwrap_or(0)
    }

    /// Adds the recognised hours of an item.
    pub(super) fn add(&mut self, item: &Item<'_, '_>) {
        let Some(convert) = item.cell.and_then(|c| c.convert.as_ref()) else { return };
        let own = self.rate(convert.policy, convert.bucket) > 0;
        let policy = if own { convert.policy } else { self.minimums.unwrap_or(convert.policy) };
        let at = convert.bucket * self.compiled.tables.rates.len() + policy;
        if let Some(sum) = self.h100.get_mut(at) {
            *sum += u64::from(item.h100);
        }
    }

    /// Hours by policy of a bucket.
    fn of(&self, bucket: BucketId) -> impl Iterator<Item = (usize, u64)> {
        let policies = self.compiled.tables.rates.len();
        let cells = self.h100.get(bucket * policies..(bucket + 1) * policies).unwrap_or(&[]);
        cells.iter().copied().enumerate()
    }

    /// Hours of a bucket, and its credits where hours of it have a rate.
    pub(super) fn amount(&self, bucket: BucketId) -> Amount {
        let mut amount = Amount::default();
        for (policy, h100) in self.of(bucket).filter(|(_, h100)| *h100 > 0) {
            amount.h100 += h100;
            let rate = u64::from(self.rate(policy, bucket));
            if let Some(credits) = (h100 * 100).checked_div(rate) {
                amount.c100 = Some(amount.c100.unwrap_or(0) + credits);
            }
        }
        amount
    }

    /// All buckets with hours.
    fn amounts(&self) -> BTreeMap<Arc<str>, Amount> {
        let all = self.compiled.tables.buckets.iter().enumerate().map(|(bucket, name)| (name, self.amount(bucket)));
        all.filter(|(_, amount)| amount.h100 > 0).map(|(name, amount)| (name.clone(), amount)).collect()
    }
}

/// Adds up.
pub(super) fn totals(case: &Case, items: &[Item<'_, '_>], run: &Run<'_>) -> Totals {
    let mut years: BTreeMap<u16, Sums<'_>> = BTreeMap::new();
    let mut cycle = Sums::new(run);
    for item in items.iter().filter(|item| item.h100 > 0) {
        years.entry(item.year).or_insert_with(|| Sums::new(run)).add(item);
        cycle.add(item);
    }
    let probation = (case.teacher.first_job != Some(false)).then(|| {
        let mut sums = Sums::new(run);
        items.iter().filter(|item| in_probation(case, item)).for_each(|item| sums.add(item));
        sums.amounts()
    });
    let by_year = years.into_iter().map(|(year, sums)| (year, sums.amounts())).collect();
    Totals { by_year, cycle: cycle.amounts(), probation, buckets: buckets(items, run) }
}

/// Does it lie in the first 12 months of a first post (D-08)?
pub(super) fn in_probation(case: &Case, item: &Item<'_, '_>) -> bool {
    let hired = case.teacher.hired;
    hired <= item.activity.start && item.activity.end < add_months(hired, 12)
}

/// Where all attended hours went.
fn buckets(items: &[Item<'_, '_>], run: &Run<'_>) -> BTreeMap<Arc<str>, Bucket> {
    let mut sums = vec![Bucket::default(); run.compiled.tables.buckets.len()];
    for item in items {
        let Some(sum) = sums.get_mut(item.bucket()) else { continue };
        sum.counted_h100 += u64::from(item.h100);
        for lost in &item.lost {
            let part = match lost.reason {
                Reason::PendingAudit | Reason::AuditorNotCompetent => &mut sum.pending_h100,
                Reason::Capped => &mut sum.capped_h100,
                _ => &mut sum.forfeited_h100,
            };
            *part += u64::from(lost.h100);
        }
    }
    let names = run.compiled.tables.buckets.iter().cloned();
    names.zip(sums).filter(|(_, sum)| *sum != Bucket::default()).collect()
}
