//! `rollup sample`: the seed of a sample, drawn and published by someone above after the rollup was signed.
//!
//! The row names the rollup's entry, whose id covers everything that was signed: so no seed can have been known when the lines were made.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{DocId, EntryId, Kind, OrgId},
    op::PayloadBuilder,
    rows::{RowType, SampleSeed},
};
use taizhang_rules::rollup::sample::places;

use super::{
    super::{Context, shown},
    Found, find, hex,
};
use crate::{
    command::Reply,
    core::{Act, Core},
    error::{CommandError, ErrorKind},
    random,
};

/// A published seed.
pub(super) struct Seed {
    entry: EntryId,
    owner: OrgId,
    row: SampleSeed,
}

/// Seeds published for one rollup.
pub(super) struct Seeds {
    /// By organisations above its owner: these count.
    pub(super) above: Vec<Seed>,
    /// By its owner, who may not choose what is looked at.
    pub(super) own: Vec<Seed>,
}

impl Seeds {
    /// The seeds that stand and that nothing replaced.
    pub(super) fn of(core: &Core, found: &Found) -> Result<Self, CommandError> {
        let owner = found.document.owner;
        let above = core.ledger().registry.ancestors(owner);
        let views = shown::views(core, |d| d.kind == Kind::Notice && (d.owner == owner || above.contains(&d.owner)))?;
        let mut seeds = Self { above: Vec::new(), own: Vec::new() };
        for view in &views {
            let rows = view.current().into_iter().filter_map(|r| r.read::<SampleSeed>().map(|p| (r.name.entry, p.row)));
            for (entry, row) in rows.filter(|(_, row)| row.rollup == found.name.entry) {
                let list = if view.document.owner == owner { &mut seeds.own } else { &mut seeds.above };
                list.push(Seed { entry, owner: view.document.owner, row });
            }
        }
        Ok(seeds)
    }

    /// The places that all of them choose among `n`: as many each as was published, or `k`.
    pub(super) fn places(&self, rollup: &EntryId, n: u64, k: Option<u64>) -> BTreeSet<u64> {
        self.above.iter().flat_map(|s| places(&s.row.seed, rollup, n, k.unwrap_or(s.row.k.into()))).collect()
    }

    /// How many teachers they ask for.
    pub(super) fn asked(&self, k: Option<u64>) -> u64 {
        self.above.iter().map(|s| k.unwrap_or(s.row.k.into())).fold(0, u64::saturating_add)
    }

    /// For a reply.
    pub(super) fn json(&self, core: &Core) -> Json {
        let seed = |s: &Seed| {
            let (org, counts) = (shown::org(core, s.owner), self.above.iter().any(|a| a.entry == s.entry));
            json!({ "entry": s.entry.to_string(), "org": org, "seed": hex(&s.row.seed), "k": s.row.k, "counts": counts })
        };
        self.above.iter().chain(&self.own).map(seed).collect()
    }
}

/// Draws a seed for a rollup of an organisation below, and publishes it.
pub(crate) fn sample(c: &mut Context<'_>, id: &str, k: u32) -> Result<Reply, CommandError> {
    let found = find(c.core, id)?;
    let (own, owner) = (c.core.org(), found.document.owner);
    if !c.core.ledger().registry.ancestors(owner).contains(&own) {
        let name = shown::org(c.core, owner);
        return Err(CommandError::new(
            ErrorKind::Refused,
            format!("抽查种子由 {name} 的上级发布"),
            format!("the seed is published by an organisation above {name}"),
        )
        .hint("请在上级单位的电脑上执行", "run this on a machine of an organisation above"));
    }
    if k == 0 {
        return Err(CommandError::new(ErrorKind::Usage, "至少抽查一位教师", "at least one teacher is sampled")
            .hint("例如 --k 20", "such as --k 20"));
    }
    let row = SampleSeed { rollup: found.name.entry, seed: random::bytes::<32>()?, k, reason: None };
    let document = DocId::of_year(own, Kind::Notice, found.row.period);
    let mut p = PayloadBuilder::default();
    p.row(SampleSeed::TYPE, &[], &row.to_fields());
    let mut act = Act::default();
    act.write(document, p);
    let person = c.person()?;
    let entry = c.core.write(&person, act)?.first().copied().ok_or_else(|| CommandError::storage("no entry written"))?;
    let data = json!({
        "rollup": found.name.entry.to_string(), "org": shown::org(c.core, owner), "document": shown::document(c.core, &document),
        "entry": entry.to_string(), "seed": hex(&row.seed), "k": k,
        "chosen": places(&row.seed, &found.name.entry, found.row.teachers.into(), k.into()),
    });
    Ok(Reply::new("rollup-sample", data))
}
