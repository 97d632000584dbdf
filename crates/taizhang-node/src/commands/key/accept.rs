//! `key accept`: what is late or burnt, and honest, stands again; and of an invite's uses the accepted one is the one that stays.

use std::collections::BTreeMap;

use serde_json::json;
use taizhang_core::{
    id::{DocId, EntryId, Kind, OrgId, PublicKey},
    rows::Positions,
    standing::Judge,
};

use super::{
    super::{Context, invites, shown},
    Holder, deals_in,
    effect::{Effect, joined},
    find, may_deal, not_yours, positions, text,
};
use crate::{
    command::{Accepting, Reply},
    core::{Act, Core},
    error::{CommandError, ErrorKind},
};

/// The reason where the command gives none.
const OF_INVITES: &str = "邀请已由本人使用 / invite used";

pub(super) fn run(c: &mut Context<'_>, asked: &Accepting) -> Result<Reply, CommandError> {
    let reason = match &asked.reason {
        Some(reason) => text("--reason", reason)?,
        None if asked.invites => OF_INVITES,
        None => text("--reason", "")?,
    };
    let actor = c.acting_key()?;
    let positions = wanted(c, asked, actor)?;
    let mut by_registry: BTreeMap<OrgId, Vec<Positions>> = BTreeMap::new();
    for position in &positions {
        by_registry.entry(registry_for(c.core, actor, position)?).or_default().push(*position);
    }
    let mut act = Act::default();
    for (registry, positions) in by_registry {
        let document = DocId::of(registry, Kind::Registry);
        positions::accepts(&positions, reason).into_iter().for_each(|p| act.write(document, p));
    }
    if act.writes.is_empty() {
        return Err(CommandError::new(ErrorKind::Refused, "没有需要追认的", "there is nothing to accept").hint(
            "taizhang invites 列出邀请, taizhang status 列出不计入的条目",
            "`taizhang invites` lists invites, `taizhang status` what does not count",
        ));
    }
    let person = c.person()?;
    let effect = Effect::of(c.core, &person, &act)?;
    let is_use = |p: &Positions| p.run == taizhang_core::admission::ONE_USE_RUN;
    if effect.is_nothing() && !positions.iter().any(is_use) {
        return Err(CommandError::new(ErrorKind::Refused, "追认不会改变什么", "accepting this changes nothing").hint(
            "这些条目已经计入; 或者追认者自己的密钥也已作废",
            "these entries count already; or the key that accepts is burnt itself",
        ));
    }
    let entries = if asked.dry_run { Vec::new() } else { c.core.write(&person, act)? };
    let accepted = positions.iter().map(|p| {
        let mut out = shown::hand(c.core, &p.id);
        out.insert("entry".to_owned(), json!(p.id.to_string()));
        out.insert("document".to_owned(), json!(shown::document(c.core, &p.document)));
        out
    });
    let own = json!({
        "dry_run": asked.dry_run, "accepted": accepted.collect::<Vec<_>>(),
        "entries": entries.iter().map(EntryId::to_string).collect::<Vec<_>>(),
    });
    Ok(Reply::new("key-accept", joined(own, effect.fields(c.core))))
}

/// What the command names.
fn wanted(c: &mut Context<'_>, asked: &Accepting, actor: PublicKey) -> Result<Vec<Positions>, CommandError> {
    if asked.invites {
        let (once, more): (Vec<_>, Vec<_>) =
            invites::waiting(c.core, actor).into_iter().map(|invite| invite.uses).partition(|uses| uses.len() == 1);
        for uses in more {
            let uses: Vec<String> = uses.iter().map(|id| id.to_string().chars().take(16).collect()).collect();
            let uses = uses.join(", ");
            c.note(
                format!("一份邀请被使用了不止一次, 请用 taizhang invites 查看, 再用 taizhang key accept 追认其中一次: {uses}"),
                format!("an invite was used more than once: look at `taizhang invites` and `taizhang key accept` one of {uses}"),
            );
        }
        return Ok(once.iter().flatten().filter_map(|id| positions::of_entry(c.core.ledger(), id)).collect());
    }
    if let Some(named) = &asked.key {
        let holder = find(c.core, named)?;
        let judge = Judge::new(c.core.ledger());
        // One that stands and has nothing waiting before it needs no accept.
        let tips = positions::of_key(c.core.ledger(), holder.key, &|_, _| true);
        let waits = |p: &Positions| c.core.ledger().ancestry(p.id).any(|id| !judge.stands(&id));
        return Ok(tips.into_iter().filter(waits).collect());
    }
    let found = asked.entries.iter().map(|n| shown::find_entry(c.core, n, |_| true)).collect::<Result<Vec<_>, _>>()?;
    Ok(found.iter().filter_map(|id| positions::of_entry(c.core.ledger(), id)).collect())
}

/// The registry in which `actor` may accept what this key wrote: one that granted the key.
fn registry_for(core: &Core, actor: PublicKey, position: &Positions) -> Result<OrgId, CommandError> {
    let key = core.ledger().place(&position.id).map(|p| p.log.key);
    let holder = Holder::of(core, key.ok_or_else(|| CommandError::not_found("没有此条目", "no such entry"))?);
    let here = holder.grants.iter().map(|(_, g)| g.registry).find(|r| may_deal(core, actor, *r, u32::MAX));
    let found = here.or_else(|| holder.grants.iter().find_map(|(_, g)| deals_in(core, actor, g)));
    found.ok_or_else(|| not_yours(core, &holder))
}
