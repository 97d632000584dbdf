//! `key burn`: stolen. Only what the positions cover stands, under any grant, for ever; what was honest and came later is accepted by a person.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{DocId, EntryId, Kind, OrgId, PublicKey},
    rows::{Burn, Positions, Role, RowType},
    standing::{GrantState, Judge},
    units::Day,
};

use super::{
    super::{Context, shown},
    Holder, day, deals_in,
    effect::{Effect, joined},
    find, is_past, list, not_yours, not_yourself, positions, text,
};
use crate::{
    command::{Burning, Keep, Reply},
    core::{Act, Core},
    error::{CommandError, ErrorKind},
};

/// What stands, with entries found and days read.
enum Kept {
    /// What was here before so many entries had come.
    Arrived(u64),
    /// This node has no mark so old: what claims to be older.
    Claimed(Day),
    All,
    UpTo(Vec<EntryId>),
}

impl Kept {
    fn read(core: &Core, keep: &Keep, keys: &[PublicKey]) -> Result<Self, CommandError> {
        Ok(match keep {
            Keep::All => Self::All,
            Keep::Nothing => Self::UpTo(Vec::new()),
            Keep::Before(text) => {
                let day = day("--stolen-on", text)?;
                is_past(core, "--stolen-on", day)?;
                core.arrivals().before(day).map_or(Self::Claimed(day), Self::Arrived)
            }
            Keep::UpTo(named) => {
                let found = named.iter().map(|n| shown::find_entry(core, n, |_| true)).collect::<Result<Vec<_>, _>>()?;
                for (id, named) in found.iter().zip(named) {
                    if !core.ledger().place(id).is_some_and(|p| keys.contains(&p.log.key)) {
                        return Err(CommandError::not_found(
                            format!("条目 {named} 不是由要作废的密钥签署的"),
                            format!("entry {named} was not signed by a key that is burnt"),
                        )
                        .hint(
                            "taizhang audit export --jsonl 列出各条目的签署人",
                            "`taizhang audit export --jsonl` says who signed which",
                        ));
                    }
                }
                Self::UpTo(found)
            }
        })
    }

    fn positions(&self, core: &Core, key: PublicKey) -> Vec<Positions> {
        let ledger = core.ledger();
        match self {
            Self::All => positions::of_key(ledger, key, &|_, _| true),
            Self::Arrived(n) => positions::of_key(ledger, key, &|_, place| place.arrival < *n),
            Self::Claimed(day) => positions::of_key(ledger, key, &|_, place| place.time.day() < *day),
            Self::UpTo(ids) => {
                let own = ids.iter().filter(|id| ledger.place(id).is_some_and(|p| p.log.key == key));
                own.filter_map(|id| positions::of_entry(ledger, id)).collect()
            }
        }
    }
}

pub(super) fn run(c: &mut Context<'_>, asked: &Burning) -> Result<Reply, CommandError> {
    let cause = text("--cause", &asked.cause)?;
    let actor = c.acting_key()?;
    let holders = targets(c.core, asked)?;
    if let Some(own) = holders.iter().find(|h| h.key == actor) {
        return Err(not_yourself(c.core, own));
    }
    let keys: Vec<PublicKey> = holders.iter().map(|h| h.key).collect();
    let kept = Kept::read(c.core, &asked.keep, &keys)?;
    let (mut act, mut burnt, mut is_new) = (Act::default(), Vec::new(), false);
    for holder in &holders {
        let registries = registries(c.core, actor, holder);
        if registries.is_empty() {
            let error = not_yours(c.core, holder);
            if holders.len() == 1 {
                return Err(error);
            }
            let hint = error.hint.unwrap_or_default();
            c.note(format!("没有作废: {}; {}", error.what.zh, hint.zh), format!("not burnt: {}; {}", error.what.en, hint.en));
            continue;
        }
        let positions = kept.positions(c.core, holder.key);
        let row = |chunk: &[Positions]| {
            let row = Burn { key: holder.key, positions: chunk.to_vec(), cause: cause.to_owned(), reason: None };
            (Burn::TYPE, row.to_fields())
        };
        for registry in &registries {
            is_new |= takes_more(c.core, holder, *registry, &positions)?;
        }
        for registry in registries {
            let document = DocId::of(registry, Kind::Registry);
            positions::payloads(&positions, cause, row).into_iter().for_each(|p| act.write(document, p));
        }
        burnt.push((holder, positions));
    }
    if burnt.is_empty() {
        return Err(holders.first().map_or_else(|| CommandError::not_found("没有密钥", "no key"), |h| not_yours(c.core, h)));
    }
    if let Kept::Claimed(day) = &kept {
        c.note(
            format!("本机不知道 {day} 以前收到了什么, 只能按条目自己写的时间判断, 小偷可以写早; 请看清下面保留了什么"),
            format!("this node does not know what it had before {day}: it went by the times that entries claim, which a thief can set; look at what is kept"),
        );
    }
    let person = c.person()?;
    let effect = Effect::of(c.core, &person, &act)?;
    if !is_new && effect.is_nothing() {
        return Err(CommandError::new(
            ErrorKind::Refused,
            "这个密钥已经作废, 再次作废不改变什么",
            "this key is burnt already; burning it again changes nothing",
        )
        .hint("taizhang key list 列出各授权的状态", "`taizhang key list` shows how each grant stands"));
    }
    let mut counting = 0;
    let shown: Vec<Json> = burnt.iter().map(|(h, p)| shown_key(c.core, &effect, h, p, &mut counting)).collect();
    if counting > 0 {
        c.note(
            format!("这个密钥另有 {counting} 条仍然计入: 以前已追认 (key accept, 或锁定后的 review accept), 作废管不到; 其中不实的, 请由审核员退回"),
            format!("{counting} more entries of this key go on counting: they were accepted before (`key accept`, or `review accept` after a lock), which a burn does not undo; a reviewer returns what is not true"),
        );
    }
    let others = effect.of_others(c.core, |id| c.core.ledger().place(id).is_some_and(|p| keys.contains(&p.log.key)));
    if others > 0 {
        c.note(
            format!("其他人的 {others} 条也不再计入: 他们的授权是这个密钥给的; 请重新邀请, 或用 taizhang key accept 追认"),
            format!("{others} entries of other people count no longer: this key granted their roles; invite them again, or `taizhang key accept` the grants"),
        );
    }
    let open: BTreeSet<OrgId> = burnt.iter().flat_map(|(h, _)| effect.leaves_open(c.core, h.key)).collect();
    let open: Vec<String> = open.into_iter().map(|org| shown::org(c.core, org)).collect();
    if !open.is_empty() {
        let orgs = open.join("、");
        c.note(
            format!("密钥在 {orgs} 的授权是别的单位给的, 这次作废管不到; 请给出授权的县也执行 taizhang key burn"),
            format!("others gave the key its grants for {orgs}, which this burn does not reach: ask them to `taizhang key burn` it too"),
        );
    }
    let entries = if asked.dry_run { Vec::new() } else { c.core.write(&person, act)? };
    let own = json!({
        "dry_run": asked.dry_run, "burnt": shown, "still_open": open, "entries": entries.iter().map(EntryId::to_string).collect::<Vec<_>>(),
    });
    Ok(Reply::new("key-burn", joined(own, effect.fields(c.core))))
}

/// The key named, or a machine's node key with every person's key that was granted together with it.
fn targets(core: &Core, asked: &Burning) -> Result<Vec<Holder>, CommandError> {
    let Some(machine) = &asked.machine else {
        return Ok(vec![find(core, asked.key.as_deref().unwrap_or_default())?]);
    };
    let node = find(core, machine)?;
    if !node.grants.iter().any(|(_, g)| g.row.role == Role::Node) {
        let name = node.name(core);
        return Err(CommandError::not_found(format!("{name} 不是一台电脑的密钥"), format!("{name} is no machine's key")).hint(
            "taizhang key list 的 “电脑” 一栏列出每人电脑的密钥",
            "the column `machine` of `taizhang key list` has each person's",
        ));
    }
    let together: BTreeSet<EntryId> =
        node.grants.iter().filter(|(_, g)| g.row.role == Role::Node).map(|(name, _)| name.entry).collect();
    let grants = core.ledger().registry.grants.iter();
    let persons = grants.filter(|(name, g)| together.contains(&name.entry) && !g.row.one_use && g.row.role != Role::Node);
    let persons: BTreeSet<PublicKey> = persons.map(|(_, g)| g.row.key).collect();
    Ok(std::iter::once(node).chain(persons.into_iter().map(|k| Holder::of(core, k))).collect())
}

/// Where `actor` may burn the key: a burn acts on a key granted in the same registry, no nearer to the root than the burn, or on one of an organisation that went over to the burn's since.
fn registries(core: &Core, actor: PublicKey, holder: &Holder) -> BTreeSet<OrgId> {
    holder.grants.iter().filter_map(|(_, g)| deals_in(core, actor, g)).collect()
}

/// Would this burn keep less than the one by which this registry burnt the key, if it did?
fn takes_more(core: &Core, holder: &Holder, registry: OrgId, positions: &[Positions]) -> Result<bool, CommandError> {
    let (ledger, judge) = (core.ledger(), Judge::new(core.ledger()));
    let burner = |name| match judge.grant_state(name) {
        GrantState::Burnt { by } => Some(by).filter(|by| ledger.place(by).is_some_and(|p| p.log.document.owner == registry)),
        _ => None,
    };
    let Some(by) = holder.grants.iter().find_map(|(name, _)| burner(name)) else { return Ok(true) };
    let burns = list::rows::<Burn>(&core.entry(&by)?).into_iter().filter(|b| b.key == holder.key);
    let reach = |positions: &[Positions]| positions.iter().flat_map(|p| ledger.ancestry(p.id)).collect::<BTreeSet<EntryId>>();
    let before: Vec<Positions> = burns.flat_map(|b| b.positions).collect();
    Ok(!reach(&before).is_subset(&reach(positions)))
}

/// A key, what is kept of it, and what counts of it afterwards; `beyond`: what of that this burn does not keep and an accept does.
fn shown_key(core: &Core, effect: &Effect, holder: &Holder, positions: &[Positions], beyond: &mut usize) -> Json {
    let ledger = core.ledger();
    let kept: BTreeSet<EntryId> = positions.iter().flat_map(|p| ledger.ancestry(p.id)).collect();
    let counting = effect.counting(holder.key);
    *beyond += counting.iter().filter(|(id, is_accepted)| *is_accepted && !kept.contains(id)).count();
    let grant = holder.grants.first().map(|(_, g)| g);
    json!({
        "key": holder.key.to_string(), "org": grant.map(|g| shown::org(core, g.row.org)), "role": grant.map(|g| g.row.role.word()),
        "label": grant.map(|g| g.row.label.clone()), "kept": kept.len(), "counting": counting.len(),
        "positions": positions.len(),
    })
}
