//! `key list`: every key that a registry here names, with its grants.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use taizhang_core::{
    entry::SignedEntry,
    id::{EntryId, PublicKey},
    ledger::{Ledger, row_ops},
    op::RowName,
    registry::GrantRecord,
    rows::{Burn, End, Role, RowType},
    standing::{GrantState, Judge},
    units::Ms,
};

use super::super::{Context, shown};
use crate::{command::Reply, core::Core, error::CommandError, keyfile};

/// What a key wrote: how many entries, and when the last of them, as it claims.
#[derive(Clone, Copy, Debug, Default)]
struct Written {
    entries: u64,
    last: Ms,
}

pub(super) fn run(c: &Context<'_>, org: Option<&str>) -> Result<Reply, CommandError> {
    let org = org.map(|o| c.org(o)).transpose()?;
    let core: &Core = c.core;
    let here: BTreeSet<PublicKey> = keyfile::list(core.folder())?.into_iter().map(|k| k.public).collect();
    let own_node = core.folder().node_key()?.public();
    let written = written(core.ledger());
    let judge = Judge::new(core.ledger());
    let shown = |(name, g): (&RowName, &GrantRecord)| {
        let state = judge.grant_state(name);
        let wrote = written.get(&g.row.key).copied().unwrap_or_default();
        Ok(json!({
            "org": shown::org(core, g.row.org), "role": g.row.role.word(), "label": g.row.label, "office": g.row.office.map(|o| o.word()),
            "state": state.word(), "key": g.row.key.to_string(), "machine": machine(core.ledger(), name, g).map(|k| k.to_string()),
            "here": here.contains(&g.row.key) || g.row.key == own_node, "from": g.row.from_day.to_string(),
            "left_day": match state { GrantState::Ended { left, .. } => Some(left.to_string()), _ => None },
            "why": why(core, name, g, state)?, "entries": wrote.entries, "last_ms": (wrote.entries > 0).then_some(wrote.last.0),
            "row": name.to_string(),
        }))
    };
    let mut grants: Vec<(&RowName, &GrantRecord)> =
        core.ledger().registry.grants.iter().filter(|(_, g)| !g.row.one_use && org.is_none_or(|o| g.row.org == o)).collect();
    grants.sort_by_key(|(name, g)| (shown::org(core, g.row.org), g.row.role.number(), g.row.from_day, **name));
    let keys: Vec<Json> = grants.into_iter().map(shown).collect::<Result<_, CommandError>>()?;
    Ok(Reply::new("keys", json!({ "keys": keys })))
}

fn written(ledger: &Ledger) -> BTreeMap<PublicKey, Written> {
    let mut out: BTreeMap<PublicKey, Written> = BTreeMap::new();
    for ((key, _), log) in ledger.documents().filter_map(|d| ledger.document(d)).flat_map(|d| &d.logs) {
        let of_key = out.entry(*key).or_default();
        for id in log.values().flatten() {
            of_key.entries += 1;
            of_key.last = of_key.last.max(ledger.place(id).map_or(Ms(0), |p| p.time));
        }
    }
    out
}

/// The node key that was granted together with a person's.
fn machine(ledger: &Ledger, name: &RowName, g: &GrantRecord) -> Option<PublicKey> {
    let range = RowName { entry: name.entry, index: 0 }..=RowName { entry: name.entry, index: u16::MAX };
    let mut nodes = ledger.registry.grants.range(range).filter(|(_, other)| other.row.role == Role::Node);
    nodes.next().map(|(_, node)| node.row.key).filter(|node| *node != g.row.key)
}

/// What the row that ends or burns it says.
fn why(core: &Core, name: &RowName, g: &GrantRecord, state: GrantState) -> Result<Option<String>, CommandError> {
    Ok(match state {
        GrantState::Ended { by, .. } => {
            let ends = rows::<End>(&core.entry(&by)?);
            ends.into_iter().find(|e| e.grant.resolve(by) == *name).and_then(|e| e.reason)
        }
        GrantState::Burnt { by } => cause(core, by, g.row.key)?,
        GrantState::Open | GrantState::NotStanding => None,
    })
}

fn cause(core: &Core, by: EntryId, key: PublicKey) -> Result<Option<String>, CommandError> {
    Ok(rows::<Burn>(&core.entry(&by)?).into_iter().find(|b| b.key == key).map(|b| b.cause))
}

/// Every row of one type in an entry.
pub(super) fn rows<T: RowType>(entry: &SignedEntry) -> Vec<T> {
    let of_type = row_ops(entry).into_iter().filter(|(_, row)| row.row_type == T::TYPE);
    of_type.filter_map(|(_, row)| T::from_fields(row.fields).ok()).map(|parsed| parsed.row).collect()
}
