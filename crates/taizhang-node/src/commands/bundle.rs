//! `bundle write`, `bundle read`: sync by a file on a stick, where no line leads (docs/protocol.md §14).

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{BufReader, BufWriter, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{Kind, OrgId, PublicKey},
    nodes,
    op::RowName,
    rows::{OrgKind, Role},
    standing::Judge,
};
use taizhang_sync::{SessionId, frame::Kinds};

use super::{Context, export::check_output, shown};
use crate::{
    bundle::{FILE_BYTES_MAX, Flaw, Opener, Sealer},
    command::{Bundle, Format, Message, Reply},
    core::{
        Core,
        carry::{Load, Stop},
    },
    driver::why,
    error::{CommandError, ErrorKind, Text, io_text},
    random, said,
};

/// From so many bytes on what is left waits for the next bundle; keys and receipts come after.
const ENTRIES_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Refused documents that are told one by one.
const REFUSED_TOLD_MAX: usize = 20;

/// Runs one of them.
pub(crate) fn run(c: &mut Context<'_>, what: &Bundle) -> Result<Reply, CommandError> {
    if c.core.is_before_first_sync() {
        return Err(crate::core::before_first_sync());
    }
    match what {
        Bundle::Write { to, org, out, ledgers } => write(c, (to, org.as_deref()), out, *ledgers),
        Bundle::Read { file, answer } => read(c, file, answer.as_deref()),
    }
}

fn write(c: &mut Context<'_>, (to, org): (&str, Option<&str>), out: &Path, ledgers: bool) -> Result<Reply, CommandError> {
    let (node, org) = receiver(c, to, org)?;
    is_free(out)?;
    let session = c.core.begin_bundle(node, Some(org), wanted(c.core, org, ledgers));
    Ok(Reply::new("bundle-written", put(c, session, node, out)?))
}

/// What a node asks for that has not said it: a city asks for ledgers only when it verifies (docs/decisions/0022-bundles.md).
fn wanted(core: &Core, org: OrgId, ledgers: bool) -> Kinds {
    let kind = core.ledger().registry.orgs.get(&org).map(|o| o.current().kind);
    let is_high = matches!(kind, Some(OrgKind::City | OrgKind::Province));
    let asked = |k: &Kind| *k != Kind::Ledger || !is_high || ledgers;
    Kinds::of(&Kind::ALL.into_iter().filter(asked).collect::<Vec<_>>()).with_keys()
}

/// Digits of a node's key that name it, at least.
const NAMED_BY_MIN: usize = 6;

/// The node that is meant, by its key or as the only one of its organisation, and for whom it works.
fn receiver(c: &Context<'_>, to: &str, org: Option<&str>) -> Result<(PublicKey, OrgId), CommandError> {
    let org = org.map(|o| c.org(o)).transpose()?;
    let certified = certified(c.core)?;
    // A code is digits like a key: where there is an organisation of that code it is meant.
    let nodes = match c.org(to) {
        Ok(named) => {
            let of_it = |orgs: &BTreeSet<OrgId>| orgs.contains(&named) && org.is_none_or(|o| o == named);
            let found: Vec<PublicKey> = certified.iter().filter(|(_, orgs)| of_it(orgs)).map(|(k, _)| *k).collect();
            if let [one] = found.as_slice() {
                return Ok((*one, named));
            }
            if found.is_empty() {
                return Err(CommandError::not_found(format!("{to} 没有其他节点"), format!("{to} has no other node"))
                    .hint("该机构须先加入网络", "its machine has to join the network first"));
            }
            found
        }
        Err(unknown) if !is_beginning(to) => return Err(unknown),
        Err(_) => nodes_named(c.core, to)?,
    };
    let [node] = nodes.as_slice() else { return Err(not_one_node(c.core, to, &nodes)) };
    let orgs = certified.get(node).cloned().unwrap_or_default();
    match org {
        Some(org) if orgs.contains(&org) => return Ok((*node, org)),
        None if orgs.len() == 1 => return orgs.first().map(|o| (*node, *o)).ok_or_else(|| not_one_node(c.core, to, &[])),
        _ => {}
    }
    let names: Vec<String> = orgs.iter().map(|o| shown::org(c.core, *o)).collect();
    let names = names.join(", ");
    let error = CommandError::new(
        ErrorKind::Refused,
        format!("这个节点由 {names} 认可, 须指明为哪一个机构"),
        format!("{names} certify this node: for which of them is not said"),
    );
    Err(error.hint(format!("请加 --for, 可用: {names}"), format!("add --for with one of: {names}")))
}

/// The other nodes with the organisations that certify each.
fn certified(core: &Core) -> Result<BTreeMap<PublicKey, BTreeSet<OrgId>>, CommandError> {
    let own = core.folder().node_key()?.public();
    let mut nodes = nodes::certified(core.ledger(), &Judge::new(core.ledger()));
    nodes.remove(&own);
    Ok(nodes)
}

fn is_beginning(named: &str) -> bool {
    (NAMED_BY_MIN..=64).contains(&named.len()) && named.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The other nodes whose keys begin so.
pub(super) fn nodes_named(core: &Core, named: &str) -> Result<Vec<PublicKey>, CommandError> {
    let named = named.to_ascii_lowercase();
    let fits = |key: &PublicKey| is_beginning(&named) && key.to_string().starts_with(&named);
    Ok(certified(core)?.into_keys().filter(fits).collect())
}

/// None is meant, or several may be: these, with the posts of those who joined on each.
pub(super) fn not_one_node(core: &Core, named: &str, found: &[PublicKey]) -> CommandError {
    if found.is_empty() {
        return CommandError::new(
            ErrorKind::Refused,
            format!("没有密钥以 {named} 开头而获认可的其他节点"),
            format!("no registry certifies another node whose key begins with {named}"),
        )
        .hint(
            "taizhang key list 列出节点的密钥 (role 为 node 的); 写前 6 位或更多",
            "`taizhang key list` lists the nodes' keys (role `node`); give 6 digits or more",
        );
    }
    let listed: Vec<String> = found.iter().map(|node| machine(core, *node)).collect();
    let n = found.len();
    CommandError::not_found(format!("{named} 有 {n} 个节点"), format!("{named} has {n} nodes")).hint(
        format!("用密钥的前几位指明其中一个: {}", listed.join("; ")),
        format!("name one of them by the beginning of its key: {}", listed.join("; ")),
    )
}

/// A node with the organisation, label and role of everyone who joined on it: «29d4bf12ab (429801 admin, admin)».
fn machine(core: &Core, node: PublicKey) -> String {
    let grants = &core.ledger().registry.grants;
    let own = core.ledger().registry.grants_of(node).filter(|(_, g)| g.row.role == Role::Node);
    let mut posts = BTreeSet::new();
    for (name, g) in own {
        let beside = RowName { entry: name.entry, index: 0 }..=RowName { entry: name.entry, index: u16::MAX };
        let people = grants.range(beside).filter(|(_, other)| other.row.role != Role::Node && other.row.org == g.row.org);
        let people: Vec<_> = people.map(|(_, p)| &p.row).collect();
        let rows = if people.is_empty() { vec![&g.row] } else { people };
        posts.extend(rows.into_iter().map(|r| format!("{} {}, {}", shown::org(core, r.org), r.label, r.role.word())));
    }
    let short: String = node.to_string().chars().take(16).collect();
    format!("{short} ({})", posts.into_iter().collect::<Vec<_>>().join("; "))
}

fn read(c: &mut Context<'_>, path: &Path, answer: Option<&Path>) -> Result<Reply, CommandError> {
    answer.map_or(Ok(()), is_free)?;
    // Asked of the path, since to open a pipe would wait for who writes into it.
    let about = fs::metadata(path).map_err(|e| unusable(path, &e))?;
    if !about.is_file() || about.len() > FILE_BYTES_MAX {
        return Err(flawed(c.core, path, &Flaw::NoBundle));
    }
    let file = File::open(path).map_err(|e| unusable(path, &e))?.take(FILE_BYTES_MAX);
    let own = c.core.folder().node_key()?;
    let opened = Opener::new(BufReader::new(file), c.core.network(), &own);
    let mut opener = opened.map_err(|flaw| flawed(c.core, path, &flaw))?;
    let tell = &mut *c.tell;
    let (session, load, stop) = c.core.read_bundle(&mut opener, &mut |what, done, total| {
        tell(Message::Progress { what: what.to_owned(), done, total });
    });
    let from = opener.from();
    let mut told = brought(c.core, path, from, opener.time().0, &load);
    if let Some(stop) = stop {
        c.core.close_bundle(session);
        return Err(stopped(c.core, path, stop, &load).details(told));
    }
    let written = match answer {
        Some(out) => {
            c.core.answer_bundle(session);
            Some(put(c, session, from, out)?)
        }
        None => {
            c.core.close_bundle(session);
            None
        }
    };
    if let Some(told) = told.as_object_mut() {
        told.insert("answer".to_owned(), json!(written));
    }
    Ok(Reply::new("bundle-read", told))
}

/// What a bundle brought.
fn brought(core: &Core, path: &Path, from: PublicKey, time_ms: u64, load: &Load) -> Json {
    let refused = load.refused.iter().take(REFUSED_TOLD_MAX).map(|(document, why)| {
        let why = said::refusal(why);
        json!({ "document": shown::document(core, document), "zh": why.zh, "en": why.en })
    });
    json!({
        "file": path.display().to_string(), "node": from.to_string(), "org": shown::of_node(core, from), "time_ms": time_ms,
        "entries": load.entries, "documents": load.documents.len(), "receipts": load.receipts, "key_records": load.keys,
        "refused": load.refused.len(), "refusals": refused.collect::<Vec<_>>(),
    })
}

/// Writes a bundle that has begun: whole or not at all, and over no file.
fn put(c: &mut Context<'_>, session: SessionId, to: PublicKey, out: &Path) -> Result<Json, CommandError> {
    let mut tmp = out.as_os_str().to_owned();
    tmp.push(format!(".{:016x}.tmp", u64::from_be_bytes(random::bytes()?)));
    let tmp = PathBuf::from(tmp);
    let written = put_into(c, session, to, &tmp).and_then(|load| {
        is_free(out)?;
        fs::rename(&tmp, out).map_err(|e| unusable(out, &e))?;
        // A stick's file system may know no folders that can be synced; the file itself is down.
        out.parent().and_then(|folder| File::open(folder).ok()).map(|folder| folder.sync_all());
        Ok(load)
    });
    if written.is_err() {
        fs::remove_file(&tmp).ok();
        c.core.close_bundle(session);
    }
    let load = written?;
    let bytes = fs::metadata(out).map_or(0, |m| m.len());
    Ok(json!({
        "file": out.display().to_string(), "node": to.to_string(), "org": shown::of_node(c.core, to),
        "entries": load.entries, "receipts": load.receipts,
        "key_records": load.keys, "left": load.left, "unreadable": load.unreadable, "bytes": bytes,
    }))
}

fn put_into(c: &mut Context<'_>, session: SessionId, to: PublicKey, tmp: &Path) -> Result<Load, CommandError> {
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(tmp);
    let file = BufWriter::new(file.map_err(|e| unusable(tmp, &e))?);
    let (own, network, now) = (c.core.folder().node_key()?, c.core.network(), c.core.now());
    let mut sealer = Sealer::new(file, network, &own, to, now, random::bytes()?).map_err(|e| {
        CommandError::of(ErrorKind::Refused, said::because("无法为此节点封装", "it cannot be sealed to this node", e))
    })?;
    let tell = &mut *c.tell;
    let load = c.core.write_bundle(
        session,
        ENTRIES_BYTES_MAX,
        &mut |frame| {
            sealer.frame(frame)?;
            Ok(sealer.bytes())
        },
        &mut |what, done, total| tell(Message::Progress { what: what.to_owned(), done, total }),
    )?;
    let mut file = sealer.finish().map_err(|e| unusable(tmp, &e))?;
    file.flush().and_then(|()| file.get_ref().sync_all()).map_err(|e| unusable(tmp, &e))?;
    Ok(load)
}

/// No file is replaced.
fn is_free(out: &Path) -> Result<(), CommandError> {
    check_output(Format::Jsonl, false, Some(out))?;
    if !out.exists() {
        return Ok(());
    }
    let at = out.display();
    Err(CommandError::not_found(format!("{at} 已存在"), format!("{at} exists already"))
        .hint("请换一个文件名, 或先移走它", "choose another name, or move it away first"))
}

fn unusable(path: &Path, e: &std::io::Error) -> CommandError {
    let (at, why) = (path.display(), io_text(e));
    CommandError::new(ErrorKind::Storage, format!("无法使用 {at}: {}", why.zh), format!("cannot use {at}: {}", why.en))
        .hint("请检查 U 盘、路径和空间", "check the stick, the path and free space")
}

fn flawed(core: &Core, path: &Path, flaw: &Flaw) -> CommandError {
    let at = path.display();
    let (kind, text) = flaw_text(core, flaw);
    CommandError::new(kind, format!("未读入 {at}: {}", text.zh), format!("{at} was not taken: {}", text.en))
        .hint("请对方重新生成一份 (taizhang bundle write)", "have the other node write it again (`taizhang bundle write`)")
}

fn flaw_text(core: &Core, flaw: &Flaw) -> (ErrorKind, Text) {
    let whole = |zh: &str| Text::new(zh, flaw.to_string());
    match flaw {
        Flaw::File(e) => (ErrorKind::Storage, io_text(e)),
        Flaw::NoBundle => (ErrorKind::FileProblems, whole("不是台账数据包")),
        Flaw::Version(_) => (ErrorKind::FileProblems, whole("由较新版本的程序生成, 请先升级")),
        Flaw::Network => (ErrorKind::Refused, whole("属于另一个台账网络")),
        Flaw::Receiver(to) => {
            let org = shown::of_node(core, *to).unwrap_or_else(|| to.to_string());
            (ErrorKind::Refused, Text::new(format!("是给另一个节点的: {org}"), format!("it is for another node: {org}")))
        }
        Flaw::Changed(n) => (ErrorKind::Verification, whole(&format!("第 {n} 段打不开: 被改动过, 或不完整"))),
        Flaw::Short => (ErrorKind::Verification, whole("缺少结尾, 复制时可能中断了")),
        Flaw::Long => (ErrorKind::Verification, whole("结尾之后还有别的内容")),
        Flaw::Sender => (ErrorKind::Verification, whole("不是所称的节点签名的")),
        Flaw::Inside => (ErrorKind::Verification, whole("内容无法识别")),
    }
}

/// What was committed before stays: every entry was verified by itself.
fn stopped(core: &Core, path: &Path, stop: Stop, load: &Load) -> CommandError {
    let (kind, why) = match stop {
        Stop::Flaw(flaw) => flaw_text(core, &flaw),
        Stop::Hub(reason) => (ErrorKind::Refused, why::carried(reason)),
        Stop::Storage(e) => return e,
    };
    let (at, n) = (path.display(), load.entries);
    CommandError::new(
        kind,
        format!("{at} 没有读完: {}; 此前的 {n} 条已保存", why.zh),
        format!("{at} was not read to its end: {}; {n} entries before that are stored", why.en),
    )
    .hint("请对方重新生成一份 (taizhang bundle write)", "have the other node write it again (`taizhang bundle write`)")
}

#[cfg(test)]
mod tests;
