//! Whose account another policy moves, and which rule does it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::super::{
    Policy, Rule,
    regime::{Adopted, Regime},
};
use crate::{
    account::{Account, LineStatus, Status},
    case::Case,
    engine::Compiled,
};

/// Where a teacher's account stands before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// 教师编号
    pub teacher: String,
    /// Under the old policy.
    pub before: Status,
    /// Under the new one.
    pub after: Status,
    /// Changed rules each of which alone moves the account across; empty where only several together do.
    pub by: BTreeSet<String>,
    /// Requirements, as `RULE scope`, that are reached on one side only.
    pub lines: BTreeSet<String>,
}

/// What a change of policy does to the accounts at hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// Accounts that were evaluated.
    pub teachers: u32,
    /// How many stand where, before and after.
    pub counts: BTreeMap<(Status, Status), u32>,
    /// From met to anything else.
    pub lost: Vec<Move>,
    /// From anything else to met.
    pub gained: Vec<Move>,
}

/// The policies of a teacher with the old one replaced by the new; where the old one is not adopted: each of them alone, on all days.
struct Sides {
    before: Vec<Adopted>,
    after: Vec<Adopted>,
}

/// The two policies, and every policy between them with one rule changed.
#[derive(Debug)]
pub struct Comparison<'c> {
    old: &'c Arc<Policy>,
    new: &'c Arc<Policy>,
    /// The old policy with one rule as the new one has it, by rule id.
    single: Vec<(String, Arc<Policy>)>,
}

impl<'c> Comparison<'c> {
    /// Compares.
    #[must_use]
    pub fn new(old: &'c Arc<Policy>, new: &'c Arc<Policy>) -> Self {
        Self { old, new, single: single_changes(old, new) }
    }

    /// Evaluates every case under both; `adopted`: what holds for this group of teachers, which all share it.
    pub fn add(&self, effect: &mut Effect, adopted: &[Adopted], cases: &[(&str, &Case)]) {
        let sides = self.sides(adopted, self.new);
        let (before, after) = (Regime::adopted(&sides.before), Regime::adopted(&sides.after));
        let (before, after) = (Compiled::new(&before), Compiled::new(&after));
        for (teacher, case) in cases {
            let (old, new) = (before.evaluate(case), after.evaluate(case));
            effect.teachers += 1;
            *effect.counts.entry((old.status, new.status)).or_default() += 1;
            let (was, is) = (old.status == Status::Met, new.status == Status::Met);
            if was == is {
                continue;
            }
            let moved = Move {
                teacher: (*teacher).to_owned(),
                before: old.status,
                after: new.status,
                by: self.by(adopted, case, is),
                lines: lines(&old, &new),
            };
            if was { effect.lost.push(moved) } else { effect.gained.push(moved) }
        }
    }

    fn sides(&self, adopted: &[Adopted], new: &Arc<Policy>) -> Sides {
        let is_old = |p: &Arc<Policy>| p.sha256 == self.old.sha256;
        let uses = adopted.iter().any(|a| is_old(&a.policy) || a.overlays.iter().any(is_old));
        let alone =
            |p: &Arc<Policy>| vec![Adopted { from: taizhang_core::units::Day(0), policy: Arc::clone(p), overlays: Vec::new() }];
        if !uses {
            return Sides { before: alone(self.old), after: alone(new) };
        }
        let put = |p: &Arc<Policy>| if is_old(p) { Arc::clone(new) } else { Arc::clone(p) };
        let after = adopted.iter().map(|a| Adopted {
            from: a.from,
            policy: put(&a.policy),
            overlays: a.overlays.iter().map(put).collect(),
        });
        Sides { before: adopted.to_vec(), after: after.collect() }
    }

    /// Rules whose change alone brings the account to where the new policy brings it.
    fn by(&self, adopted: &[Adopted], case: &Case, met: bool) -> BTreeSet<String> {
        let does = |policy: &Arc<Policy>| {
            let after = self.sides(adopted, policy).after;
            (Compiled::new(&Regime::adopted(&after)).evaluate(case).status == Status::Met) == met
        };
        self.single.iter().filter(|(_, policy)| does(policy)).map(|(rule, _)| rule.clone()).collect()
    }
}

fn single_changes(old: &Policy, new: &Policy) -> Vec<(String, Arc<Policy>)> {
    let says = |rules: &[Rule], id: &str| rules.iter().find(|r| r.id == id).map(|r| r.body.clone());
    let ids: BTreeSet<&String> = old.rules.iter().chain(&new.rules).map(|r| &r.id).collect();
    let changed = ids.into_iter().filter(|id| says(&old.rules, id) != says(&new.rules, id));
    let with = |id: &String| {
        let mut policy = old.clone();
        let theirs = new.rules.iter().find(|r| r.id == *id).cloned();
        match (policy.rules.iter().position(|r| r.id == *id), theirs) {
            (Some(at), Some(rule)) => policy.rules.splice(at..=at, [rule]).for_each(drop),
            (Some(at), None) => drop(policy.rules.remove(at)),
            (None, Some(rule)) => policy.rules.push(rule),
            (None, None) => {}
        }
        (id.clone(), Arc::new(policy))
    };
    changed.map(with).collect()
}

fn lines(old: &Account, new: &Account) -> BTreeSet<String> {
    let reached = |a: &Account| -> BTreeMap<String, bool> {
        a.rules.iter().map(|l| (format!("{} {}", l.cite.rule, l.scope), l.status == LineStatus::Met)).collect()
    };
    let (old, new) = (reached(old), reached(new));
    let all: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let missed = |side: &BTreeMap<String, bool>, line: &String| side.get(line) == Some(&false);
    all.into_iter().filter(|l| missed(&old, l) != missed(&new, l)).cloned().collect()
}
