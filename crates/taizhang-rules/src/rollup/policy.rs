//! Which policies a rollup names, and which years its accounts reach over.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use taizhang_core::{cbor::Writer, id::OrgId, ledger::Ledger, rows::OrgKind, units::Day};

use super::inputs::Years;
use crate::{
    case::Stage,
    gather::{Adoptions, Facts},
    policy::regime::Adopted,
};

/// The policies of a rollup as its row names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Ids of every policy adopted for an organisation below, in order of days, each once, joined by `+`; `None`: none is.
    pub id: Option<String>,
    /// Of one policy without overlays SHA-256 of its text. Of several SHA-256 over the CBOR array of `[from day, text's SHA-256, [overlay's SHA-256…]]`, sorted.
    pub sha256: Option<[u8; 32]>,
}

/// An adoption as it is hashed: from day, text, overlays.
type Hashed = (Day, [u8; 32], Vec<[u8; 32]>);

/// The schools that `owner` counts for a period: those at or below it at the end of the year. One that moved in the middle is counted once, by whoever has it then.
pub(super) fn schools(ledger: &Ledger, owner: OrgId, period: u16) -> impl Iterator<Item = OrgId> {
    let registry = &ledger.registry;
    let known = registry.orgs.keys().filter(|o| registry.kind(**o) == Some(OrgKind::School)).copied();
    known.filter(move |o| registry.is_at_or_above_on(owner, *o, Day::last_of(period)))
}

/// What holds at a school for any stage, each combination once.
pub(super) fn at_school(facts: &Facts, school: OrgId) -> Vec<Adoptions> {
    let mut out: Vec<Adoptions> = Vec::new();
    for stage in Stage::ALL {
        let adoptions = facts.adoptions(school, *stage);
        if !out.contains(&adoptions) {
            out.push(adoptions);
        }
    }
    out
}

/// What holds anywhere below `owner` at the end of a period, each combination once.
#[must_use]
pub fn below(facts: &Facts, ledger: &Ledger, owner: OrgId, period: u16) -> Vec<Adoptions> {
    let mut out: Vec<Adoptions> = Vec::new();
    for adoptions in schools(ledger, owner, period).flat_map(|s| at_school(facts, s)) {
        if !out.contains(&adoptions) {
            out.push(adoptions);
        }
    }
    out
}

/// How the row names these policies.
#[must_use]
pub fn named(below: &[Adoptions]) -> Named {
    let all = || below.iter().flat_map(|a| &a.adopted);
    let texts = |a: &Adopted| (a.from, a.policy.sha256, a.overlays.iter().map(|o| o.sha256).collect::<Vec<_>>());
    let sorted: BTreeSet<Hashed> = all().map(texts).collect();
    let mut by_day: Vec<&Adopted> = all().collect();
    by_day.sort_by_key(|a| (a.from, a.policy.sha256));
    let mut ids: Vec<&str> = Vec::new();
    for policy in by_day.iter().flat_map(|a| std::iter::once(&a.policy).chain(&a.overlays)) {
        if !ids.contains(&policy.id.as_str()) {
            ids.push(&policy.id);
        }
    }
    let one: BTreeSet<&[u8; 32]> = sorted.iter().flat_map(|(_, text, overlays)| overlays.iter().chain([text])).collect();
    let sha256 = match (one.len(), one.first()) {
        (0, _) => None,
        (1, first) => first.map(|sha| **sha),
        _ => Some(digest(&sorted)),
    };
    Named { id: (!ids.is_empty()).then(|| ids.join("+")), sha256 }
}

fn digest(adoptions: &BTreeSet<Hashed>) -> [u8; 32] {
    let mut w = Writer::default();
    w.array(adoptions.len() as u64);
    for (from, text, overlays) in adoptions {
        w.array(3).uint(from.0.into()).bytes(text).array(overlays.len() as u64);
        overlays.iter().for_each(|o| {
            w.bytes(o);
        });
    }
    Sha256::digest(w.finish()).into()
}

/// The years that the accounts of a rollup reach over: those of every cycle that contains the day, and the period itself.
#[must_use]
pub fn years(below: &[Adoptions], period: u16, as_of: Day) -> Years {
    let mut years = Years { first: period, last: period };
    for adoptions in below {
        if let Some(cycle) = adoptions.regime().cycle_of(as_of) {
            years.first = years.first.min(cycle.start.year());
            years.last = years.last.max(cycle.end.year());
        }
    }
    years
}
