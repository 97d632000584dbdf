//! `key end`: staff left, or changed to another post.

use serde_json::json;
use taizhang_core::{
    id::{DocId, EntryId, Kind, OrgId},
    op::RowName,
    registry::GrantRecord,
    rows::{End, Role, RowType},
    standing::Judge,
};

use super::{
    super::{Context, shown},
    Holder, admins, day, deals_in,
    effect::{Effect, joined},
    find, is_past, not_yours, not_yourself, positions, text,
};
use crate::{
    command::{Ending, Reply},
    core::Act,
    error::{CommandError, ErrorKind},
};

pub(super) fn run(c: &mut Context<'_>, asked: &Ending) -> Result<Reply, CommandError> {
    let reason = text("--reason", &asked.reason)?;
    let today = c.core.now().day();
    let left = asked.left.as_deref().map_or(Ok(today), |d| day("--left", d))?;
    is_past(c.core, "--left", left)?;
    let holder = find(c.core, &asked.key)?;
    let actor = c.acting_key()?;
    let grants = open_grants(c, &holder, asked.role.as_deref())?;
    if holder.key == actor {
        return Err(not_yourself(c.core, &holder));
    }
    let registries: Option<Vec<OrgId>> = grants.iter().map(|(_, g)| deals_in(c.core, actor, g)).collect();
    let Some(registries) = registries else { return Err(not_yours(c.core, &holder)) };
    let mut act = Act::default();
    for ((name, g), registry) in grants.iter().zip(registries) {
        let document = DocId::of(registry, Kind::Registry);
        let given = DocId::of(g.registry, Kind::Registry);
        let grant = if given == document { name.here() } else { name.in_document(given) };
        let end = |positions| {
            let row = End { grant, left_day: left, positions, reason: Some(reason.to_owned()) };
            (End::TYPE, row.to_fields())
        };
        // Whoever decided or granted keeps what is here; what comes later waits, whatever day it claims. A clerk's entries go by their day.
        let tips = if g.row.role.decides() { positions::of_key(c.core.ledger(), holder.key, &|_, _| true) } else { Vec::new() };
        let row = |chunk: &[_]| end(g.row.role.decides().then(|| chunk.to_vec()));
        positions::payloads(&tips, reason, row).into_iter().for_each(|p| act.write(document, p));
    }
    let person = c.person()?;
    let effect = Effect::of(c.core, &person, &act)?;
    let entries = if asked.dry_run { Vec::new() } else { c.core.write(&person, act)? };
    let emptied = grants.iter().filter(|(_, g)| g.row.role == Role::Admin).map(|(_, g)| g.row.org).collect::<Vec<OrgId>>();
    if let Some(org) = emptied.into_iter().find(|org| admins(c.core, |key, g| key != holder.key && g.row.org == *org).is_empty())
    {
        let code = shown::org(c.core, org);
        c.note(
            format!("{code} 已没有管理员; 请用 taizhang invite --org {code} --role admin 另请一位"),
            format!("{code} has no admin now; invite one with `taizhang invite --org {code} --role admin`"),
        );
    }
    let ended = grants.iter().map(|(name, g)| {
        json!({ "org": shown::org(c.core, g.row.org), "role": g.row.role.word(), "label": g.row.label, "row": name.to_string() })
    });
    let own = json!({
        "dry_run": asked.dry_run, "key": holder.key.to_string(), "left_day": left.to_string(), "ended": ended.collect::<Vec<_>>(),
        "entries": entries.iter().map(EntryId::to_string).collect::<Vec<_>>(),
    });
    Ok(Reply::new("key-end", joined(own, effect.fields(c.core))))
}

/// The key's open grants, of one role where named.
fn open_grants(c: &Context<'_>, holder: &Holder, role: Option<&str>) -> Result<Vec<(RowName, GrantRecord)>, CommandError> {
    let judge = Judge::new(c.core.ledger());
    let wanted = |g: &GrantRecord| role.is_none_or(|r| g.row.role.word() == r);
    let open: Vec<_> = holder.grants.iter().filter(|(name, g)| wanted(g) && judge.grant_is_open(name)).cloned().collect();
    let name = holder.name(c.core);
    if open.iter().any(|(_, g)| g.row.one_use) {
        return Err(CommandError::new(ErrorKind::Refused, format!("{name} 是一份邀请"), format!("{name} is an invite")).hint(
            "撤回邀请: taizhang key burn KEY --keep none --cause …",
            "an invite is withdrawn with `taizhang key burn KEY --keep none --cause …`",
        ));
    }
    if open.is_empty() {
        return Err(CommandError::new(
            ErrorKind::Refused,
            format!("{name} 没有这样的有效授权"),
            format!("{name} has no such grant in force"),
        )
        .hint("taizhang key list 列出各授权的状态", "`taizhang key list` shows how each grant stands"));
    }
    Ok(open)
}
