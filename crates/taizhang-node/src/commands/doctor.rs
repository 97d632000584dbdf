//! `doctor`: is this machine well, and does what is written here arrive? One page, each line with what to look at.
//!
//! An error or warning is something that a person must do or ask about: then the command ends with 4. Notes are good to know.

mod keys;
#[cfg(test)]
mod tests;

use serde_json::{Value as Json, json};
use taizhang_core::{id::PublicKey, units::Ms};
use taizhang_store::Store;

use super::{
    Context,
    audit::{
        events, findings,
        findings::{Finding, Severity},
        standing,
    },
    delivered, neighbour, shown,
};
use crate::{
    command::Reply,
    core::Core,
    error::{CommandError, Text},
    folder::Neighbour,
};

/// What was written longer ago than this should have arrived, and neighbours should have been met.
const LONG_MS: u64 = 7 * 86_400_000;
/// Clocks may differ by so much.
const CLOCK_MS: u64 = 3_600_000;
/// Less free space than this is little: a school writes a few megabytes a year, a first fill takes more.
const SPACE_BYTES: u64 = 512 * 1024 * 1024;

/// One page of health.
pub(crate) fn run(c: &Context<'_>) -> Result<Reply, CommandError> {
    page(c.core, SPACE_BYTES)
}

/// Less free space than `little` is told of.
fn page(core: &Core, little: u64) -> Result<Reply, CommandError> {
    let ledger = core.ledger();
    let free = free_bytes(core);
    let mut found: Vec<Finding> = damage(core).into_iter().collect();
    found.extend(standing::contested(ledger));
    found.extend(standing::fork_findings(ledger));
    found.extend(events::remembered(core, ledger));
    found.extend(clocks(core));
    found.extend(keys::check(core)?);
    found.extend(free.filter(|n| *n < little).map(|n| Finding::new(findings::DISK, format!("{} MB", n >> 20))));
    found.extend(neighbours(core));
    found.extend(strangers(core));
    found.extend(withheld(core));
    found.sort_by_key(|f| f.code.severity);
    let count = |severity| found.iter().filter(|f| f.code.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let statistics = core.store().statistics().map_err(CommandError::storage)?;
    Ok(Reply::new(
        "doctor",
        json!({
            "ok": errors + warnings == 0, "entries": ledger.len(), "stored": core.store().len(),
            "journal_bytes": statistics.journal_bytes, "free_bytes": free, "errors": errors, "warnings": warnings,
            "delivered": delivered::all(core).iter().map(|d| d.json(core)).collect::<Vec<_>>(),
            "nodes": nodes(core), "findings": found.iter().map(|f| f.json(core, ledger)).collect::<Vec<_>>(),
        }),
    ))
}

fn damage(core: &Core) -> Option<Finding> {
    let damage = core.damage();
    let (holes, lost) = (damage.holes, damage.lost);
    let detail = Text::new(format!("{holes} 处无法读取, 缺 {lost} 条"), format!("{holes} holes, {lost} entries lost"));
    (damage.holes + damage.lost > 0).then(|| Finding::new(findings::DAMAGE, detail))
}

/// Free space for this user where the data lies; `None` where the system does not say.
fn free_bytes(core: &Core) -> Option<u64> {
    let space = rustix::fs::statvfs(core.folder().path()).ok()?;
    Some(space.f_bavail.saturating_mul(space.f_frsize))
}

/// Our clock as others' receipts of the last week show it: older ones say nothing about today.
fn clocks(core: &Core) -> Vec<Finding> {
    let (ledger, now) = (core.ledger(), core.now());
    let differing = core.remembered().met().filter_map(|(node, met)| {
        let recent = met.clocks.filter(|(ours, _)| now.0.abs_diff(ours.0) <= LONG_MS);
        let (ours, theirs) = recent.filter(|(ours, theirs)| ours.0.abs_diff(theirs.0) > CLOCK_MS)?;
        let hours = ours.0.abs_diff(theirs.0) / 3_600_000;
        let (side_zh, side) = if ours > theirs { ("快", "ahead of") } else { ("慢", "behind") };
        let node_name = findings::node(ledger, *node);
        let detail = Text::new(format!("比 {node_name} {side_zh} {hours} 小时"), format!("{hours} h {side} {node_name}"));
        Some(Finding::of_key(findings::CLOCK, ledger, *node, None, detail))
    });
    differing.collect()
}

/// Neighbours in the settings that were not met for long.
fn neighbours(core: &Core) -> Vec<Finding> {
    let now = core.now();
    let missed = |n: &Neighbour| {
        if neighbour::is_former(core, n) {
            return None;
        }
        let last = neighbour::last_met(core, n);
        let is_long = last.is_none_or(|l| now.0.saturating_sub(l.0) > LONG_MS);
        let at = &n.address;
        let Some(day) = last.map(Ms::day) else {
            let detail = Text::new(
                format!("{at}: 请运行 taizhang sync --once, 或用 taizhang run 保持联网"),
                format!("{at}: run `taizhang sync --once`, or stay connected with `taizhang run`"),
            );
            return Some(Finding::new(findings::NOT_SYNCED, detail));
        };
        let detail = Text::new(format!("{at}: 最近一次在 {day}"), format!("{at}: last on {day}"));
        is_long.then(|| Finding::new(findings::NOT_REACHED, detail))
    };
    core.settings().neighbours.iter().filter_map(missed).collect()
}

/// Neighbours at whose address a node answered that our registry does not know.
fn strangers(core: &Core) -> Vec<Finding> {
    let one = |n: &Neighbour| {
        let answered = core.remembered().answered(&n.address)?;
        let (at, day) = (&n.address, answered.time.day());
        Some(Finding::of_key(findings::NEIGHBOUR_STRANGER, core.ledger(), answered.key, None, format!("{at} ({day})")))
    };
    core.settings().neighbours.iter().filter_map(one).collect()
}

/// Organisations that should have received more than they confirmed.
fn withheld(core: &Core) -> Vec<Finding> {
    let now = core.now();
    let waiting = delivered::all(core).into_iter().filter(|d| d.since > 0 && delivered::is_awaited(core, d.org)).map(|d| {
        let is_long = d.oldest.is_some_and(|o| now.0.saturating_sub(o.0) > LONG_MS);
        let code = if is_long { findings::WITHHELD } else { findings::ON_ITS_WAY };
        // Figures, in no language: what they are the code says.
        Finding::new(code, d.figures(core))
    });
    waiting.collect()
}

/// Nodes and when they were last met; `clock_ms`: how far ours was ahead of theirs.
fn nodes(core: &Core) -> Vec<Json> {
    let one = |(node, met): (&PublicKey, &crate::remembered::Met)| {
        let org = shown::of_node(core, *node);
        let ahead = met.clocks.map(|(ours, theirs)| i128::from(ours.0) - i128::from(theirs.0));
        json!({
            "node": node.to_string(), "org": org, "in_sync_ms": met.in_sync.map(|Ms(n)| n),
            "clock_ms": ahead.and_then(|n| i64::try_from(n).ok()),
        })
    };
    core.remembered().met().map(one).collect()
}
