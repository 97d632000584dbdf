//! `org history`: every description of an organisation, with its day, who wrote it, and whether it counts.

use serde_json::{Value as Json, json};
use taizhang_core::{
    registry::{OrgRecord, OrgRow},
    standing::Judge,
};

use super::super::{Context, shown};
use crate::{command::Reply, core::Core, error::CommandError};

/// Shows it, the oldest first.
pub(crate) fn run(c: &Context<'_>, named: &str) -> Result<Reply, CommandError> {
    let org = c.org(named)?;
    let registry = &c.core.ledger().registry;
    let Some(record) = registry.orgs.get(&org) else {
        return Err(CommandError::not_found("没有此机构", "no such organisation"));
    };
    let mut rows: Vec<&OrgRow> = registry.rows_about(org).collect();
    let time = |r: &OrgRow| c.core.ledger().place(&r.name.entry).map(|p| p.time);
    rows.sort_by_key(|r| (r.row.from_day, time(r), r.name));
    let judge = Judge::new(c.core.ledger());
    let shown: Vec<Json> = rows.into_iter().map(|r| row(c.core, &judge, record, r)).collect();
    let spans = record.spans();
    let first = record.creation.row.from_day;
    let parents = spans.iter().map(|s| json!({ "from": s.from.max(first).to_string(), "parent": shown::org(c.core, s.parent) }));
    let heirs: Vec<String> = registry.heirs(org).into_iter().map(|h| shown::org(c.core, h)).collect();
    Ok(Reply::new(
        "org-history",
        json!({
            "org": super::shown(c.core, org), "parents": parents.collect::<Vec<_>>(), "heirs": heirs,
            "undecided": !record.rivals().is_empty(), "descriptions": shown,
        }),
    ))
}

fn row(core: &Core, judge: &Judge<'_>, record: &OrgRecord, r: &OrgRow) -> Json {
    let state = match judge.standing(&r.name.entry) {
        taizhang_core::standing::Standing::Stands if record.rivals().contains(&r.name) => "undecided",
        taizhang_core::standing::Standing::Stands if record.current_name() == r.name => "current",
        taizhang_core::standing::Standing::Stands if !record.counts(r.name) => "without_effect",
        other => other.word(),
    };
    let d = &r.row;
    json!({
        "from": d.from_day.to_string(), "code": d.code, "name": d.name, "kind": d.kind.word(), "parent": shown::org(core, d.parent),
        "closed": d.closed_day.map(|c| c.to_string()), "succeeded_by": d.succeeded_by.map(|s| shown::org(core, s)),
        "reason": d.reason, "registry": shown::org(core, r.registry), "standing": state, "hand": shown::row_hand(core, r.name),
    })
}
