//! `invites`: what became of each invite; and the word to the admin who should confirm a use.

use serde_json::{Value as Json, json};
use taizhang_core::{
    admission::ONE_USE_RUN,
    id::{DocId, EntryId, Kind, LogId, PublicKey},
    op::RowName,
    registry::GrantRecord,
    rows::Role,
    standing::{GrantState, Judge},
    units::Ms,
};

use super::{Context, key::may_deal, shown};
use crate::{
    command::{Command, KeyCommand, Reply},
    core::Core,
    error::CommandError,
};

/// An invite and its uses; two of them are a fork of its one-use key.
pub(crate) struct Invited<'l> {
    pub(crate) name: RowName,
    pub(crate) grant: &'l GrantRecord,
    pub(crate) uses: Vec<EntryId>,
}

impl Invited<'_> {
    fn state(&self, judge: &Judge<'_>, now: Ms) -> &'static str {
        match (self.uses.len(), judge.grant_state(&self.name)) {
            (_, GrantState::Burnt { .. } | GrantState::Ended { .. }) => "withdrawn",
            (_, GrantState::NotStanding) => "not_standing",
            (0, GrantState::Open) if self.grant.row.expires_ms.is_some_and(|e| e < now) => "expired",
            (0, GrantState::Open) => "open",
            (1, GrantState::Open) => "used",
            (_, GrantState::Open) => "used_twice",
        }
    }
}

/// Every invite that a registry here holds.
fn all(core: &Core) -> impl Iterator<Item = Invited<'_>> {
    let ledger = core.ledger();
    ledger.registry.grants.iter().filter(|(_, g)| g.row.one_use).map(|(name, grant)| {
        let log = LogId { document: DocId::of(grant.registry, Kind::Registry), key: grant.row.key, run: ONE_USE_RUN };
        Invited { name: *name, grant, uses: ledger.at(&log, 1).to_vec() }
    })
}

/// Invites of which a use stands and none is accepted yet, in registries where this key may accept one.
pub(crate) fn waiting(core: &Core, actor: PublicKey) -> Vec<Invited<'_>> {
    let judge = Judge::new(core.ledger());
    let mut registries: Vec<_> = all(core).filter(|i| !i.uses.is_empty()).map(|i| i.grant.registry).collect();
    registries.sort_unstable();
    registries.dedup();
    registries.retain(|r| may_deal(core, actor, *r, u32::MAX));
    let is_mine = |i: &Invited<'_>| registries.contains(&i.grant.registry) && !i.uses.is_empty();
    let mine = all(core).filter(is_mine);
    let is_waiting = |i: &Invited<'_>| {
        judge.grant_is_open(&i.name)
            && i.uses.iter().any(|u| judge.stands(u))
            && !i.uses.iter().any(|u| judge.is_accepted_entry(u))
    };
    mine.filter(is_waiting).collect()
}

/// An admin unlocked: says which uses of invites wait for her word. A second use of a confirmed invite changes nothing.
pub(crate) fn remind(c: &mut Context<'_>, actor: PublicKey, command: &Command) {
    if matches!(command, Command::Key(KeyCommand::Accept(_))) {
        return;
    }
    let uses: Vec<usize> = waiting(c.core, actor).iter().map(|i| i.uses.len()).collect();
    if uses.is_empty() {
        return;
    }
    let (n, twice) = (uses.len(), uses.iter().filter(|n| **n > 1).count());
    c.note(
        format!("有 {n} 份邀请已被使用, 其中 {twice} 份不止一次; 请用 taizhang invites 核对, 再用 taizhang key accept --invites 确认, 此后再次使用不起作用"),
        format!("{n} invites were used, {twice} of them more than once; look at `taizhang invites`, then confirm with `taizhang key accept --invites`: after that a second use changes nothing"),
    );
}

/// Lists invites.
pub(crate) fn list(c: &Context<'_>, org: Option<&str>) -> Result<Reply, CommandError> {
    let org = org.map(|o| c.org(o)).transpose()?;
    let core: &Core = c.core;
    let judge = Judge::new(core.ledger());
    let now = core.now();
    let mut invites: Vec<Invited<'_>> = all(core).filter(|i| org.is_none_or(|o| i.grant.row.org == o)).collect();
    invites.sort_by_key(|i| (core.ledger().place(&i.name.entry).map(|p| p.arrival), i.name));
    let shown = |i: &Invited<'_>| {
        let row = &i.grant.row;
        json!({
            "state": i.state(&judge, now), "org": shown::org(core, row.org), "role": row.role.word(), "office": row.office.map(|o| o.word()),
            "key": row.key.to_string(), "expires_ms": row.expires_ms.map(|e| e.0), "hand": shown::hand(core, &i.name.entry),
            "uses": i.uses.iter().map(|u| shown_use(core, &judge, u)).collect::<Vec<_>>(),
        })
    };
    Ok(Reply::new("invites", json!({ "invites": invites.iter().map(shown).collect::<Vec<_>>() })))
}

fn shown_use(core: &Core, judge: &Judge<'_>, id: &EntryId) -> Json {
    let range = RowName { entry: *id, index: 0 }..=RowName { entry: *id, index: u16::MAX };
    let grants: Vec<&GrantRecord> = core.ledger().registry.grants.range(range).map(|(_, g)| g).collect();
    let person = grants.iter().find(|g| g.row.role != Role::Node);
    let node = grants.iter().find(|g| g.row.role == Role::Node);
    json!({
        "entry": id.to_string(), "label": person.map(|g| g.row.label.clone()), "key": person.map(|g| g.row.key.to_string()),
        "machine": node.map(|g| g.row.key.to_string()), "time_ms": core.ledger().place(id).map(|p| p.time.0),
        "standing": judge.standing(id).word(), "accepted": judge.is_accepted_entry(id),
    })
}
