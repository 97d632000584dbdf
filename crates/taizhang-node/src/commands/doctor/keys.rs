//! Keys of this machine that end or have ended, and invites that are open.

use taizhang_core::{
    admission::ONE_USE_RUN,
    id::{DocId, Kind, PublicKey},
    op::RowName,
    registry::GrantRecord,
    standing::Judge,
};

use crate::{
    commands::audit::findings::{self, Finding},
    core::Core,
    error::{CommandError, Text},
    keyfile,
};

/// A grant that ends within this is told of.
const SOON_DAYS: u32 = 30;

/// Findings about the people's keys on this machine, its own, and the invites of this organisation.
pub(super) fn check(core: &Core) -> Result<Vec<Finding>, CommandError> {
    let ledger = core.ledger();
    let judge = Judge::new(ledger);
    let mut keys: Vec<PublicKey> = keyfile::list(core.folder())?.into_iter().map(|k| k.public).collect();
    keys.push(core.folder().node_key()?.public());
    let mut out: Vec<Finding> = keys.into_iter().filter_map(|key| of_key(core, &judge, key)).collect();
    let invites = ledger.registry.grants.iter().filter(|(name, g)| is_open_invite(core, &judge, name, g));
    out.extend(invites.map(|(name, g)| {
        let until = g.row.expires_ms.map_or_else(
            || Text::new("不限期", "open"),
            |e| Text::new(format!("有效至 {}", e.day()), format!("until {}", e.day())),
        );
        let (org, role) = (findings::org(ledger, g.row.org), g.row.role.word());
        let detail = Text::new(format!("{org} {role}, {}", until.zh), format!("{org} {role}, {}", until.en));
        Finding::of_entry(findings::INVITE_OPEN, ledger, name.entry, detail)
    }));
    Ok(out)
}

/// What is wrong with the grants of a key; nothing with one that was never granted anything, like the founder's root key.
fn of_key(core: &Core, judge: &Judge<'_>, key: PublicKey) -> Option<Finding> {
    let ledger = core.ledger();
    let today = core.now().day();
    let grants: Vec<(&RowName, &GrantRecord)> = ledger.registry.grants_of(key).collect();
    let open: Vec<&GrantRecord> = grants.iter().filter(|(name, _)| judge.grant_is_open(name)).map(|(_, g)| *g).collect();
    if open.is_empty() {
        return (!grants.is_empty()).then(|| Finding::of_key(findings::KEY_CLOSED, ledger, key, None, ""));
    }
    // The longest grant counts: one without an end is none that ends.
    let last = open.iter().map(|g| g.row.to_day).max_by_key(|d| d.map_or(u32::MAX, |d| d.0)).flatten()?;
    let is_soon = last.0 <= today.0.saturating_add(SOON_DAYS);
    is_soon.then(|| Finding::of_key(findings::KEY_ENDS, ledger, key, None, last.to_string()))
}

fn is_open_invite(core: &Core, judge: &Judge<'_>, name: &RowName, g: &GrantRecord) -> bool {
    let registry = DocId::of(g.registry, Kind::Registry);
    let is_used = core.ledger().document(&registry).is_some_and(|d| d.logs.contains_key(&(g.row.key, ONE_USE_RUN)));
    let is_valid = g.row.expires_ms.is_none_or(|e| e > core.now());
    g.row.one_use && g.registry == core.org() && is_valid && !is_used && judge.grant_is_open(name)
}
