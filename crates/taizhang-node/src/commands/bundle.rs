//! `bundle write`, `bundle read`: sync by a file on a stick, where no line leads (docs/protocol.md §14).

use std::{
    fs::{self, File},
    io::{BufReader, BufWriter, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{Kind, OrgId, PublicKey},
    nodes,
    rows::OrgKind,
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
        Bundle::Write { to, out, ledgers } => write(c, to, out, *ledgers),
        Bundle::Read { file, answer } => read(c, file, answer.as_deref()),
    }
}

fn write(c: &mut Context<'_>, to: &str, out: &Path, ledgers: bool) -> Result<Reply, CommandError> {
    let (node, org) = receiver(c, to)?;
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

/// The node that is meant: by its key, or as the only one of its organisation.
fn receiver(c: &Context<'_>, to: &str) -> Result<(PublicKey, OrgId), CommandError> {
    let certified = nodes::certified(c.core.ledger(), &Judge::new(c.core.ledger()));
    let own = c.core.folder().node_key()?.public();
    if let Some(key) = PublicKey::from_hex(to) {
        let org = certified.get(&key).filter(|_| key != own).and_then(|orgs| orgs.first().copied());
        return org.map(|org| (key, org)).ok_or_else(|| {
            CommandError::new(
                ErrorKind::Refused,
                "此节点未被认可, 或就是本机",
                "no registry certifies this node, or it is this one",
            )
            .hint("taizhang key list 列出节点的密钥", "`taizhang key list` lists the nodes' keys")
        });
    }
    let org = c.org(to)?;
    let of_it: Vec<PublicKey> = certified.iter().filter(|(k, orgs)| orgs.contains(&org) && **k != own).map(|(k, _)| *k).collect();
    match of_it.as_slice() {
        [one] => Ok((*one, org)),
        [] => Err(CommandError::not_found(format!("{to} 没有其他节点"), format!("{to} has no other node"))
            .hint("该机构须先加入网络", "its machine has to join the network first")),
        several => {
            let keys: Vec<String> = several.iter().map(ToString::to_string).collect();
            Err(CommandError::not_found(format!("{to} 有 {} 个节点", several.len()), format!("{to} has {} nodes", several.len()))
                .hint(
                    format!("用 --to 指明其中一个: {}", keys.join(", ")),
                    format!("name one of them with --to: {}", keys.join(", ")),
                ))
        }
    }
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
