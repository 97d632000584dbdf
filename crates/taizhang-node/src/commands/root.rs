//! `root show`, `root propose`, `root sign`, `root publish`: a successor is proposed on one machine, signed wherever the root keys are, and written down by any of them.

mod proposal;
#[cfg(test)]
mod tests;

use serde_json::{Value as Json, json};
use taizhang_core::{
    author::{Author, grant_for},
    id::{DocId, Kind, OrgId, PublicKey, Run},
    key::SecretKey,
    op::{PayloadBuilder, RowName, RowRef},
    root::{ROOT_KEYS_MAX, RootRecord, Roots},
    rows::{Positions, RootStatement, RowType},
};

use super::Context;
use crate::{
    command::{Proposal, Reply, Root},
    core::{Act, Core},
    error::{CommandError, ErrorKind},
    keyfile, personal, random, said,
};
use proposal::Proposed;

/// Digits of a root key that name it, at least.
const DIGITS_MIN: usize = 6;

/// Runs one step.
pub(crate) fn run(c: &mut Context<'_>, step: &Root) -> Result<Reply, CommandError> {
    match step {
        Root::Show => show(c),
        Root::Propose(wanted) => propose(c, wanted),
        Root::Sign { file } => sign(c, file),
        Root::Publish { file } => publish(c, file),
    }
}

fn in_force(core: &Core) -> Result<(RowName, &RootRecord), CommandError> {
    core.ledger().registry.roots.in_force().ok_or_else(super::super::core::before_first_sync)
}

fn registry(core: &Core) -> DocId {
    DocId::of(OrgId::root(core.network()), Kind::Registry)
}

fn show(c: &Context<'_>) -> Result<Reply, CommandError> {
    let (name, record) = in_force(c.core)?;
    let rivals: Vec<String> = c.core.ledger().registry.roots.contested().iter().map(ToString::to_string).collect();
    let statement = &record.statement;
    Ok(Reply::new(
        "root",
        json!({
            "row": name.to_string(), "number": statement.number, "threshold": statement.m, "keys": keys(c.core, statement)?,
            "reason": statement.reason, "contested": rivals,
        }),
    ))
}

/// The keys of a statement, each with what it is called on this machine if it is here.
fn keys(core: &Core, statement: &RootStatement) -> Result<Vec<Json>, CommandError> {
    let here = keyfile::list(core.folder())?;
    let label = |key: &PublicKey| here.iter().find(|k| k.public == *key).map(|k| k.label.clone());
    Ok(statement.keys.iter().map(|k| json!({ "key": k.to_string(), "here": label(k) })).collect())
}

fn propose(c: &Context<'_>, wanted: &Proposal) -> Result<Reply, CommandError> {
    let (before, record) = in_force(c.core)?;
    let old = &record.statement;
    let named = |all: &[String]| all.iter().map(|k| key(c.core, k)).collect::<Result<Vec<_>, _>>();
    let add = named(&wanted.add)?;
    let remove = wanted.remove.iter().map(|k| key_of(c.core, old, k)).collect::<Result<Vec<_>, _>>()?;
    let mut keys = if wanted.keys.is_empty() { old.keys.clone() } else { named(&wanted.keys)? };
    keys.retain(|k| !remove.contains(k));
    keys.extend(add);
    let mut seen = std::collections::BTreeSet::new();
    keys.retain(|k| seen.insert(*k));
    let m = wanted.threshold.unwrap_or(old.m);
    if !(1..=ROOT_KEYS_MAX).contains(&keys.len()) || !(1..=keys.len()).contains(&usize::from(m)) {
        let n = keys.len();
        return Err(CommandError::not_found(format!("{n} 个密钥、{m} 个签名不可行"), format!("{m} of {n} keys cannot be"))
            .hint("1 至 16 个密钥; 用 --threshold 改签名数", "1 to 16 keys; change the threshold with --threshold"));
    }
    let positions = removed(c.core, old, &keys);
    let reason = wanted.reason.clone();
    personal::check_text("reason", reason.as_deref().unwrap_or_default())?;
    let number = old.number.saturating_add(1);
    let statement = RootStatement { number, keys, m, signatures: None, positions: Some(positions), reason };
    let mut replaces = vec![before];
    // One of each rival suffices; of all there are few.
    replaces.extend(c.core.ledger().registry.roots.contested());
    replaces.sort();
    let proposed = Proposed { network: c.core.network(), replaces, statement };
    proposed.save(&wanted.out, true)?;
    reply(c, &proposed)
}

/// A key by its label or the beginning of its hex here, else by all its digits.
fn key(core: &Core, named: &str) -> Result<PublicKey, CommandError> {
    PublicKey::from_hex(named).map_or_else(|| keyfile::find(core.folder(), named), Ok)
}

/// A key of the statement, on this machine or on a stick or lost: by its label here, or by the beginning of its hex as `root show` prints it.
fn key_of(core: &Core, statement: &RootStatement, named: &str) -> Result<PublicKey, CommandError> {
    let wanted = named.to_ascii_lowercase();
    let is_hex = wanted.len() >= DIGITS_MIN && wanted.bytes().all(|b| b.is_ascii_hexdigit());
    let fits: Vec<&PublicKey> = statement.keys.iter().filter(|k| is_hex && k.to_string().starts_with(&wanted)).collect();
    if let [one] = fits.as_slice() {
        return Ok(**one);
    }
    key(core, named).map_err(|error| {
        error.hint(
            "不在本机的根密钥请写 root show 所列公钥的前 6 位或更多",
            "a root key that is not on this machine is named by 6 or more digits of its key, as `root show` lists it",
        )
    })
}

/// What removed keys wrote until now stands.
fn removed(core: &Core, old: &RootStatement, keys: &[PublicKey]) -> Vec<Positions> {
    let (ledger, document) = (core.ledger(), registry(core));
    let tips = ledger.open_tips(&document).into_iter().filter_map(|id| ledger.place(&id).map(|p| (id, p)));
    let of_removed = tips.filter(|(_, p)| old.keys.contains(&p.log.key) && !keys.contains(&p.log.key));
    of_removed.map(|(id, p)| Positions { document, run: p.log.run, height: p.sequence, id }).collect()
}

fn sign(c: &Context<'_>, file: &std::path::Path) -> Result<Reply, CommandError> {
    let mut proposed = Proposed::load(file, c.core.network())?;
    let person = c.person()?;
    let public = person.key.public();
    if !predecessor(c.core, &proposed)?.keys.contains(&public) {
        return Err(CommandError::new(ErrorKind::Refused, "此密钥不是现任根密钥", "this key is none of the root's keys of now")
            .hint("用 --as 指明根密钥; taizhang root show 列出它们", "name one with --as; `taizhang root show` lists them"));
    }
    let signature = person.key.sign(&proposed.message());
    let signatures = proposed.statement.signatures.get_or_insert_default();
    signatures.retain(|(k, _)| *k != public);
    signatures.push((public, signature));
    signatures.sort();
    proposed.save(file, false)?;
    reply(c, &proposed)
}

fn predecessor<'c>(core: &'c Core, proposed: &Proposed) -> Result<&'c RootStatement, CommandError> {
    let roots = &core.ledger().registry.roots;
    let mut replaced = proposed.replaces.iter().filter_map(|r| roots.get(r)).map(|r| &r.statement);
    replaced.find(|s| s.number.checked_add(1) == Some(proposed.statement.number)).ok_or_else(|| {
        CommandError::not_found("本机没有这份提案所接续的根声明", "the root statement that this proposal succeeds is not here")
            .hint("请先同步", "sync first")
    })
}

fn publish(c: &mut Context<'_>, file: &std::path::Path) -> Result<Reply, CommandError> {
    let proposed = Proposed::load(file, c.core.network())?;
    let record = Roots::record(&proposed.network, proposed.statement.clone(), proposed.replaces.clone());
    c.core.ledger().registry.roots.check(&proposed.network, &record).map_err(|why| {
        CommandError::of(ErrorKind::Refused, said::because("提案还不能发布", "the proposal cannot be published", why))
            .hint("请用 taizhang root sign 补足签名", "add signatures with `taizhang root sign`")
    })?;
    let person = c.person()?;
    let document = registry(c.core);
    let replaces: Vec<RowRef> = proposed.replaces.iter().map(|r| r.here()).collect();
    let mut p = PayloadBuilder::default();
    p.row(RootStatement::TYPE, &replaces, &proposed.statement.to_fields());
    let mut act = Act::default();
    act.write(document, p);
    // Whoever proposed it may have done so elsewhere.
    c.core.check_personal(&person, &act)?;
    // A log of its own: a new key has no other, and an old one's may go on elsewhere.
    let author = Author { key: SecretKey::from_seed(person.key.seed()), run: Run(random::bytes()?) };
    let grant = grant_for(c.core.ledger(), author.public(), &document);
    let now = c.core.now();
    let writes = act.writes.into_iter().map(|(document, payload)| (document, grant, payload));
    let entries = author.write_all(c.core.ledger(), writes, now);
    c.core.store_entries(entries, Vec::new())?;
    show(c)
}

fn reply(c: &Context<'_>, proposed: &Proposed) -> Result<Reply, CommandError> {
    let signed = proposed.statement.signatures.as_deref().unwrap_or_default();
    let old = predecessor(c.core, proposed)?;
    let needed = if proposed.replaces.len() > 1 { old.keys.len() } else { usize::from(old.m) };
    let s = &proposed.statement;
    Ok(Reply::new(
        "root-proposal",
        json!({
            "number": s.number, "threshold": s.m, "keys": keys(c.core, s)?, "reason": s.reason,
            "signed_by": signed.iter().map(|(k, _)| k.to_string()).collect::<Vec<_>>(), "signatures_needed": needed,
            "complete": signed.len() >= needed,
        }),
    ))
}
