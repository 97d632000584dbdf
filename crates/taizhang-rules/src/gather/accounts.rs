//! Accounts by teacher, evaluated again only where something changed.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{id::OrgId, units::Day};

use super::{Adoptions, Facts};
use crate::{
    account::Account,
    case::{Case, Stage},
    engine::Compiled,
};

/// Accounts by teacher number, as of one day.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    as_of: Day,
    kept: BTreeMap<String, (Case, Account)>,
}

impl Accounts {
    /// None yet, as of this day.
    #[must_use]
    pub fn new(as_of: Day) -> Self {
        Self { as_of, kept: BTreeMap::new() }
    }

    /// Every account, as of this day.
    #[must_use]
    pub fn all(facts: &Facts, as_of: Day) -> Self {
        let mut out = Self::new(as_of);
        out.update(facts, &facts.teachers().map(|t| t.number.clone()).collect());
        out
    }

    /// Evaluates the touched teachers again ([`Facts::touched`]), and forgets those of them that are gone. Returns how many were evaluated.
    pub fn update(&mut self, facts: &Facts, touched: &BTreeSet<String>) -> usize {
        let mut groups: BTreeMap<(OrgId, Stage), Vec<(String, Case)>> = BTreeMap::new();
        for number in touched {
            match (facts.teacher(number), facts.case(number, self.as_of)) {
                (Some(teacher), Some(case)) => {
                    groups.entry((teacher.school, case.teacher.stage)).or_default().push((number.clone(), case));
                }
                _ => {
                    self.kept.remove(number);
                }
            }
        }
        // Most schools live under the same policies: tables are made once for each regime.
        let mut regimes: Vec<(Adoptions, Vec<(String, Case)>)> = Vec::new();
        for ((school, stage), cases) in groups {
            let adoptions = facts.adoptions(school, stage);
            match regimes.iter_mut().find(|(known, _)| *known == adoptions) {
                Some((_, all)) => all.extend(cases),
                None => regimes.push((adoptions, cases)),
            }
        }
        let mut evaluated = 0;
        for (adoptions, cases) in regimes {
            let regime = adoptions.regime();
            let compiled = Compiled::new(&regime);
            for (number, mut case) in cases {
                case.open.extend(adoptions.open.iter().cloned());
                let account = compiled.evaluate(&case);
                self.kept.insert(number, (case, account));
                evaluated += 1;
            }
        }
        evaluated
    }

    /// The day they are as of.
    #[must_use]
    pub fn as_of(&self) -> Day {
        self.as_of
    }

    /// One teacher's case and account.
    #[must_use]
    pub fn get(&self, number: &str) -> Option<&(Case, Account)> {
        self.kept.get(number)
    }

    /// All, by number.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &(Case, Account))> {
        self.kept.iter().map(|(n, k)| (n.as_str(), k))
    }
}
