//! `audit export`: what an auditor may read, as signed entries or as rows, into one file that is whole or not there.
//!
//! Whose eyes: the organisations of the acting key's open grants (an auditor's, with `--as`), else this node's own. With `--org` only what concerns that organisation and those below it.
//! The registries on which the entries rest come along always: without them nobody could admit anything. Identity documents come as they lie here, sealed.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufWriter, Write},
    ops::ControlFlow,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde_json::{Value as Json, json};
use taizhang_core::{
    cbor::Writer,
    id::{DocId, Kind, OrgId},
    standing::Judge,
    view::{DocumentView, RegisterWrite, ViewRow},
};
use taizhang_store::Store;

use crate::{
    command::{Message, Reply},
    commands::{Context, shown},
    error::{CommandError, ErrorKind, io_text},
    random,
};

/// First `["taizhang.audit-export/1", network, org, time ms]`, then every entry as it is signed; or its rows and registers as JSON lines.
pub(crate) fn export(c: &mut Context<'_>, out: &Path, jsonl: bool, org: Option<&str>) -> Result<Reply, CommandError> {
    let readers = readers(c)?;
    let org = org.map(|o| c.org(o)).transpose()?;
    let documents = documents(c, &readers, org);
    let mut file = Whole::begin(out)?;
    let (mut entries, mut rows) = (0, 0);
    if jsonl {
        rows = write_rows(c, &documents, &mut file)?;
    } else {
        entries = write_entries(c, &documents, &mut file)?;
    }
    let bytes = file.finish()?;
    let readers: Vec<String> = readers.iter().map(|o| shown::org(c.core, *o)).collect();
    Ok(Reply::new(
        "audit-export",
        json!({ "out": out, "readers": readers, "documents": documents.len(), "entries": entries, "rows": rows, "bytes": bytes }),
    ))
}

/// The organisations that may read what is exported.
fn readers(c: &Context<'_>) -> Result<BTreeSet<OrgId>, CommandError> {
    if c.unlock.key.as_deref().is_none_or(str::is_empty) {
        return Ok([c.core.org()].into());
    }
    let key = c.acting_key()?;
    let judge = Judge::new(c.core.ledger());
    let grants = c.core.ledger().registry.grants_of(key).filter(|(name, g)| !g.row.one_use && judge.grant_is_open(name));
    let readers: BTreeSet<OrgId> = grants.map(|(_, g)| g.row.org).collect();
    if readers.is_empty() {
        return Err(CommandError::new(ErrorKind::Refused, "此密钥没有有效的授权", "this key has no open grant").hint(
            "请用 --as 换一个密钥, 或不指明密钥以本机构的名义导出",
            "choose another key with --as, or none: then this node's organisation reads",
        ));
    }
    Ok(readers)
}

/// What they may read, and the registries on which it rests.
fn documents(c: &Context<'_>, readers: &BTreeSet<OrgId>, org: Option<OrgId>) -> BTreeSet<DocId> {
    let (ledger, registry) = (c.core.ledger(), &c.core.ledger().registry);
    let may_read = |d: &DocId| readers.iter().any(|r| registry.may_read(*r, d));
    let concerns =
        |d: &DocId| org.is_none_or(|o| [Some(d.owner), d.subject].into_iter().flatten().any(|x| registry.is_at_or_above(o, x)));
    let mut out: BTreeSet<DocId> = ledger.documents().filter(|d| may_read(d) && concerns(d)).copied().collect();
    // The same lines as in a sync: of the owner, and of a subject that has moved, with all that are or were above it.
    let moved = |d: &DocId| d.subject.filter(|s| registry.was_placed(*s));
    let asked = org.filter(|o| may_read(&DocId::of(*o, Kind::Registry)));
    let rests_on: BTreeSet<OrgId> = out.iter().flat_map(|d| [Some(d.owner), moved(d)]).flatten().chain(asked).collect();
    let lines: BTreeSet<OrgId> = rests_on.into_iter().flat_map(|o| registry.line(o)).collect();
    let resting: Vec<DocId> =
        lines.into_iter().map(|o| DocId::of(o, Kind::Registry)).filter(|d| ledger.document(d).is_some()).collect();
    out.extend(resting);
    out
}

/// In order of arrival here: behind what they name.
fn write_entries(c: &mut Context<'_>, documents: &BTreeSet<DocId>, file: &mut Whole) -> Result<u64, CommandError> {
    let mut w = Writer::default();
    w.array(4).text("taizhang.audit-export/1").bytes(&c.core.network().0).bytes(&c.core.org().0).uint(c.core.now().0);
    file.write(&w.finish())?;
    let (core, tell) = (&*c.core, &mut *c.tell);
    let (ledger, store) = (core.ledger(), core.store());
    let (mut entries, mut broke, total) = (0, None, store.len());
    let scan = store.scan(0, &mut |n, stored| {
        if n.is_multiple_of(1024) {
            tell(Message::Progress { what: "export".to_owned(), done: n, total });
            broke = core.go_on().err();
        }
        if broke.is_some() {
            return ControlFlow::Break(());
        }
        if ledger.place(&stored.id).is_none_or(|p| !documents.contains(&p.log.document)) {
            return ControlFlow::Continue(());
        }
        entries += 1;
        broke = file.write(&stored.bytes).err();
        if broke.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    scan.map_err(CommandError::storage)?;
    broke.map_or(Ok(entries), Err)
}

fn write_rows(c: &mut Context<'_>, documents: &BTreeSet<DocId>, file: &mut Whole) -> Result<u64, CommandError> {
    let (mut rows, total) = (0, documents.len() as u64);
    for (n, document) in (0..).zip(documents) {
        c.progress("export", n, total);
        c.core.go_on()?;
        let view = c.core.view(document)?;
        let registers = view.registers.values().flat_map(|by_entry| by_entry.values());
        for line in view.rows.values().map(|row| row_line(c, &view, row)).chain(registers.map(|w| register_line(c, &view, w))) {
            rows += 1;
            file.write(format!("{line}\n").as_bytes())?;
        }
    }
    Ok(rows)
}

/// A row with its hand: `taizhang.audit-row/1`.
fn row_line(c: &Context<'_>, view: &DocumentView, row: &ViewRow) -> Json {
    json!({
        "schema": "taizhang.audit-row/1", "name": row.name.to_string(), "document": view.document.to_string(), "type": row.row_type,
        "fields": shown::fields(row), "author": row.author.to_string(), "hand": shown::row_hand(c.core, row.name),
        "time_ms": row.time.0, "standing": row.standing.word(), "counts": view.counts(row),
        "replaces": row.replaces.iter().map(|r| r.resolve(row.name.entry).to_string()).collect::<Vec<_>>(),
    })
}

/// A value of a register; `type` is null.
fn register_line(c: &Context<'_>, view: &DocumentView, w: &RegisterWrite) -> Json {
    let name = taizhang_core::op::RowName { entry: w.entry, index: w.index };
    json!({
        "schema": "taizhang.audit-row/1", "name": name.to_string(), "document": view.document.to_string(), "type": null,
        "fields": { "key": w.key, "value": shown::value(&w.value) }, "author": w.author.to_string(),
        "hand": shown::row_hand(c.core, name), "time_ms": w.time.0, "standing": w.standing.word(),
        "replaces": w.replaces.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// A file that gets its name only when it is whole; readable by its owner only, and in nobody's place: neither a file of its name is replaced nor one beside it. Given up, it leaves nothing behind.
pub(super) struct Whole {
    out: PathBuf,
    tmp: PathBuf,
    file: BufWriter<File>,
    bytes: u64,
}

impl Whole {
    pub(super) fn begin(out: &Path) -> Result<Self, CommandError> {
        is_free(out)?;
        let mut tmp = out.as_os_str().to_owned();
        tmp.push(format!(".{:016x}.tmp", u64::from_be_bytes(random::bytes()?)));
        let tmp = PathBuf::from(tmp);
        let opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&tmp);
        let file = BufWriter::new(opened.map_err(|e| failed(out, &e))?);
        Ok(Self { out: out.to_owned(), tmp, file, bytes: 0 })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), CommandError> {
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|e| failed(&self.out, &e))
    }

    /// Durable, then named. Returns its size.
    fn finish(mut self) -> Result<u64, CommandError> {
        let whole = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        whole.map_err(|e| failed(&self.out, &e))?;
        // It may have come while this was written.
        is_free(&self.out)?;
        let done = std::fs::rename(&self.tmp, &self.out);
        done.map(|()| self.bytes).map_err(|e| failed(&self.out, &e))
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        // After `finish` there is no such file any more.
        std::fs::remove_file(&self.tmp).ok();
    }
}

fn is_free(out: &Path) -> Result<(), CommandError> {
    // A link that leads nowhere is something as well.
    if std::fs::symlink_metadata(out).is_err() {
        return Ok(());
    }
    let at = out.display();
    Err(CommandError::not_found(format!("{at} 已存在"), format!("{at} exists already"))
        .hint("请换一个文件名, 或先移走它", "choose another name, or move it away first"))
}

fn failed(out: &Path, e: &std::io::Error) -> CommandError {
    let (at, why) = (out.display(), io_text(e));
    CommandError::new(ErrorKind::Storage, format!("无法写入 {at}: {}", why.zh), format!("cannot write {at}: {}", why.en))
        .hint("请检查文件夹、磁盘空间和权限", "check the folder, free space and permissions")
}
