//! `key …`: whose keys there are; how staff leave, how a stolen key is burnt, and how what waits is accepted.

pub(crate) mod accept;
mod burn;
mod effect;
mod end;
mod list;
mod positions;
#[cfg(test)]
mod tests;

use serde_json::json;
use taizhang_core::{
    author::grant_for,
    id::{DocId, Kind, OrgId, PublicKey},
    op::RowName,
    registry::{GrantRecord, may_write},
    rows::Role,
    standing::Judge,
    units::Day,
};

use super::{Context, shown};
use crate::{
    command::{KeyCommand, Reply},
    core::Core,
    error::{CommandError, ErrorKind},
    keyfile,
};

/// Bytes of a cause or reason: with thirty positions it still fits into a row.
const TEXT_BYTES_MAX: usize = 600;
/// Digits of a key that name it, at least.
const NAMED_BY_MIN: usize = 6;

pub(crate) fn run(c: &mut Context<'_>, asked: &KeyCommand) -> Result<Reply, CommandError> {
    match asked {
        KeyCommand::List { org } => list::run(c, org.as_deref()),
        KeyCommand::Passphrase { key, new } => passphrase(c, key.as_deref(), new.reveal()),
        KeyCommand::End(ending) => end::run(c, ending),
        KeyCommand::Burn(burning) => burn::run(c, burning),
        KeyCommand::Accept(accepting) => accept::run(c, accepting),
    }
}

/// Another passphrase for a key of this machine.
fn passphrase(c: &Context<'_>, named: Option<&str>, new: &str) -> Result<Reply, CommandError> {
    let key = match named {
        Some(named) => keyfile::find(c.core.folder(), named)?,
        None => c.acting_key()?,
    };
    let old = c.unlock.passphrase.as_deref().ok_or_else(|| {
        CommandError::new(ErrorKind::Key, "需要原来的口令", "the old passphrase is needed").hint(
            "用 --passphrase-file 给出原口令, 用 --new-passphrase-file 给出新口令",
            "give the old one with --passphrase-file, the new one with --new-passphrase-file",
        )
    })?;
    keyfile::check_new(new)?;
    keyfile::change_passphrase(c.core.folder(), key, old, new)?;
    Ok(Reply::new("key-passphrase", json!({ "key": key.to_string() })))
}

/// A key with every grant it was given.
pub(crate) struct Holder {
    pub(crate) key: PublicKey,
    pub(crate) grants: Vec<(RowName, GrantRecord)>,
}

impl Holder {
    pub(crate) fn of(core: &Core, key: PublicKey) -> Self {
        let grants = core.ledger().registry.grants_of(key);
        Self { key, grants: grants.map(|(name, g)| (*name, g.clone())).collect() }
    }

    /// As people speak of it: organisation and post, and the beginning of the key.
    pub(crate) fn name(&self, core: &Core) -> String {
        let short: String = self.key.to_string().chars().take(8).collect();
        self.grants
            .first()
            .map_or_else(|| short.clone(), |(_, g)| format!("{} {} ({short})", shown::org(core, g.row.org), g.row.label))
    }
}

/// The key a person means: by six digits or more of its beginning, the label of its grant, or what it is called on this machine.
pub(crate) fn find(core: &Core, named: &str) -> Result<Holder, CommandError> {
    let wanted = named.to_ascii_lowercase();
    let is_hex = wanted.len() >= NAMED_BY_MIN && wanted.bytes().all(|b| b.is_ascii_hexdigit());
    let here: Vec<PublicKey> = keyfile::list(core.folder())?.into_iter().filter(|k| k.label == named).map(|k| k.public).collect();
    let fits = |g: &GrantRecord| {
        let key = g.row.key;
        is_hex && key.to_string().starts_with(&wanted) || !g.row.one_use && (g.row.label == named || here.contains(&key))
    };
    let mut keys: Vec<PublicKey> = core.ledger().registry.grants.values().filter(|g| fits(g)).map(|g| g.row.key).collect();
    keys.sort_unstable();
    keys.dedup();
    match keys.as_slice() {
        [one] => Ok(Holder::of(core, *one)),
        [] => Err(CommandError::not_found(format!("名册中没有密钥 {named}"), format!("no registry here names a key {named}"))
            .hint(
                "taizhang key list 列出全部密钥; 请给出公钥的前 6 位或更多",
                "`taizhang key list` lists them; give 6 or more digits of one",
            )),
        several => {
            let names: Vec<String> = several.iter().map(|k| Holder::of(core, *k).name(core)).collect();
            let names = names.join(", ");
            Err(CommandError::not_found(format!("{named} 不止一个: {names}"), format!("{named} is more than one: {names}"))
                .hint("请用括号中的公钥开头指明", "name it by the beginning of its key, in brackets"))
        }
    }
}

/// May `actor` deal with what was granted in this registry, so far from the root?
pub(crate) fn may_deal(core: &Core, actor: PublicKey, registry: OrgId, depth: u32) -> bool {
    let ledger = core.ledger();
    let by = grant_for(ledger, actor, &DocId::of(registry, Kind::Registry));
    by.is_some_and(|name| ledger.registry.grants.get(&name).map_or(0, |g| g.depth) <= depth)
}

/// The registry in which `actor` may end or burn what was granted: the one that gave it, or one to which the organisation went over since.
pub(crate) fn deals_in(core: &Core, actor: PublicKey, g: &GrantRecord) -> Option<OrgId> {
    if may_deal(core, actor, g.registry, g.depth) {
        return Some(g.registry);
    }
    let ledger = core.ledger();
    let judge = Judge::new(ledger);
    let above = ledger.registry.ancestors(g.row.org).into_iter().filter(|r| judge.answers_now(*r, g));
    above.into_iter().find(|r| may_deal(core, actor, *r, u32::MAX))
}

/// Nobody but these may do it.
fn not_yours(core: &Core, holder: &Holder) -> CommandError {
    let root = OrgId::root(core.network());
    let others = admins(core, |key, _| holder.grants.iter().any(|(_, g)| deals_in(core, key, g).is_some()));
    let name = holder.name(core);
    let error = CommandError::new(
        ErrorKind::Refused,
        format!("{name} 的授权不是由您的密钥所属的名册给出的"),
        format!("{name} was not granted in a registry that your key may write"),
    );
    if !others.is_empty() {
        let who = others.join(", ");
        return error.hint(
            format!("请由这些管理员办理: {who}; 或用 --as 换一个密钥"),
            format!("one of these admins must do it: {who}; or choose another key with --as"),
        );
    }
    if holder.grants.iter().any(|(_, g)| g.registry == root) {
        return only_root(core, error);
    }
    error.hint("请上级机构的管理员办理", "an admin of the organisation above must do it")
}

/// The root keys of this machine by name; they are rather on sticks.
fn only_root(core: &Core, error: CommandError) -> CommandError {
    let keys = core.ledger().registry.roots.in_force().map(|(_, r)| r.statement.keys.as_slice()).unwrap_or_default();
    let here = keyfile::list(core.folder()).unwrap_or_default();
    let label = here.into_iter().find(|k| keys.contains(&k.public)).map(|k| k.label);
    match label {
        Some(label) => error.hint(
            format!("第一位管理员只能由根密钥办理: 加 --as {label}"),
            format!("only a root key deals with the first admin: add --as {label}"),
        ),
        None => error.hint(
            "第一位管理员只能由根密钥办理: 先从 U 盘取回一把 (key import), 再加 --as 和它的名称, 例如 --as root-1",
            "only a root key deals with the first admin: bring one back from its stick (`key import`), and name it with --as, such as --as root-1",
        ),
    }
}

/// Admins with an open grant, as people speak of them.
fn admins(core: &Core, fits: impl Fn(PublicKey, &GrantRecord) -> bool) -> Vec<String> {
    let judge = Judge::new(core.ledger());
    let registry = &core.ledger().registry;
    let writes =
        |g: &GrantRecord| !g.row.one_use && may_write(&DocId::of(g.row.org, Kind::Registry), g.row.role, g.row.org, g.org_kind);
    let open = registry.grants.iter().filter(|(name, g)| writes(g) && judge.grant_is_open(name) && fits(g.row.key, g));
    let mut names: Vec<String> = open.map(|(_, g)| Holder::of(core, g.row.key).name(core)).collect();
    names.sort();
    names.dedup();
    names
}

/// Nobody ends or burns the key that acts: a slip would lock its holder out, and a thief would use it first.
fn not_yourself(core: &Core, holder: &Holder) -> CommandError {
    let orgs: Vec<OrgId> = holder.grants.iter().map(|(_, g)| g.row.org).collect();
    let may = |key: PublicKey| holder.grants.iter().any(|(_, g)| deals_in(core, key, g).is_some());
    let others = admins(core, |key, g| key != holder.key && (orgs.contains(&g.row.org) || may(key)));
    let error =
        CommandError::new(ErrorKind::Refused, "不能停用或作废正在使用的这个密钥", "the key that acts cannot end or burn itself");
    let is_admin = holder.grants.iter().any(|(_, g)| g.row.role == Role::Admin);
    if others.is_empty() && !is_admin {
        return error.hint("请上级机构的管理员办理", "an admin of the organisation above must do it");
    }
    if others.is_empty() {
        let code = orgs.first().map(|o| shown::org(core, *o)).unwrap_or_default();
        return error.hint(
            format!("您是 {code} 唯一的管理员: 请先用 taizhang invite --org {code} --role admin 再请一位, 由新管理员办理; 或由上级办理"),
            format!("you are the only admin of {code}: first invite another with `taizhang invite --org {code} --role admin`, who then does it; or the organisation above does"),
        );
    }
    let who = others.join(", ");
    error.hint(format!("请由另一位管理员办理: {who}"), format!("another admin must do it: {who}"))
}

/// A text that goes into a row with thirty positions.
fn text<'t>(option: &str, text: &'t str) -> Result<&'t str, CommandError> {
    let text = text.trim();
    if text.is_empty() || text.len() > TEXT_BYTES_MAX {
        return Err(CommandError::not_found(
            format!("{option} 不能为空, 也不能超过 {TEXT_BYTES_MAX} 字节"),
            format!("{option} must not be empty, nor longer than {TEXT_BYTES_MAX} bytes"),
        )
        .hint("请简短写明事由, 不要写姓名和证件号", "say briefly why, without names or ID numbers"));
    }
    Ok(text)
}

/// Of a day to come nobody knows yet, and what is written takes effect at once.
fn is_past(core: &Core, option: &str, day: Day) -> Result<(), CommandError> {
    let today = core.now().day();
    if day <= today {
        return Ok(());
    }
    Err(CommandError::not_found(format!("{option} {day} 还没有到"), format!("{option} {day} is still to come")).hint(
        format!("今天是 {today}; 请在当天或之后办理: 一经写入即生效"),
        format!("today is {today}; do it on the day or later: it takes effect at once"),
    ))
}

fn day(option: &str, text: &str) -> Result<Day, CommandError> {
    Day::parse_iso(text).ok_or_else(|| {
        CommandError::not_found(format!("{option} {text} 不是日期"), format!("{option} {text} is no day"))
            .hint("例如 2026-03-01", "such as 2026-03-01")
    })
}
