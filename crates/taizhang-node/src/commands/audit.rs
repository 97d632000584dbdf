//! `audit verify` walks everything that lies here as if it came from a stranger; `audit export` hands it to one.

use std::{
    collections::BTreeMap,
    io::{BufWriter, Write},
    ops::ControlFlow,
    path::Path,
};

use serde_json::{Value as Json, json};
use taizhang_core::{
    admission::{Refusal, Signature},
    cbor::Writer,
    entry::SignedEntry,
    id::EntryId,
    ledger::Ledger,
    receipt::Receipt,
    standing::Judge,
    view::{DocumentView, ViewRow},
};
use taizhang_store::Store;

use super::{Context, shown};
use crate::{
    command::Reply,
    error::{CommandError, ErrorKind},
};

/// How grave a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    /// Something here is not what it claims to be.
    Error,
    /// Somebody wrote twice, or a clock is wrong: it counts for nothing or is settled, and should be looked at.
    Warning,
}

struct Finding {
    severity: Severity,
    what: &'static str,
    entry: String,
    document: String,
    author: String,
    detail: String,
}

impl Finding {
    fn json(&self) -> Json {
        let severity = if self.severity == Severity::Error { "error" } else { "warning" };
        json!({
            "severity": severity, "what": self.what, "entry": self.entry, "document": self.document,
            "author": self.author, "detail": self.detail,
        })
    }
}

/// Everything that the audit looks at, gathered in one walk.
struct Walk {
    ledger: Ledger,
    entries: u64,
    findings: Vec<Finding>,
    waiting: Vec<SignedEntry>,
}

/// Bytes, signatures, logs, grants, standing, receipts, forks.
pub(crate) fn verify(c: &mut Context<'_>) -> Result<Reply, CommandError> {
    let mut walk = Walk { ledger: Ledger::new(c.core.network()), entries: 0, findings: Vec::new(), waiting: Vec::new() };
    walk_entries(c, &mut walk)?;
    let standing = standing_counts(&mut walk);
    forks(&mut walk);
    let receipts = check_receipts(c, &mut walk)?;
    same_as_in_use(c, &mut walk);
    walk.findings.sort_by_key(|f| f.severity);
    let errors = walk.findings.iter().filter(|f| f.severity == Severity::Error).count();
    let documents = walk.ledger.documents().count();
    let details = json!({
        "entries": walk.entries, "documents": documents, "receipts": receipts, "standing": standing, "errors": errors,
        "findings": walk.findings.iter().map(Finding::json).collect::<Vec<_>>(),
    });
    if errors == 0 {
        return Ok(Reply::new("audit", details));
    }
    let first = walk.findings.first().map(|f| format!("{} {}", f.entry, f.what)).unwrap_or_default();
    Err(CommandError::new(
        ErrorKind::Verification,
        format!("审计发现 {errors} 处错误, 第一处: {first}"),
        format!("the audit found {errors} errors; the first: {first}"),
    )
    .hint("请勿删除任何文件, 把审计结果交给管理员", "delete nothing; hand the findings to the administrator")
    .details(details))
}

fn walk_entries(c: &mut Context<'_>, walk: &mut Walk) -> Result<(), CommandError> {
    let network = c.core.network();
    let total = c.core.store().len();
    let store = c.core.store();
    let tell = &mut *c.tell;
    let scan = store.scan(0, &mut |n, stored| {
        walk.entries += 1;
        if n.is_multiple_of(256) {
            tell(crate::command::Message::Progress { what: "verify".to_owned(), done: n, total });
        }
        match SignedEntry::parse(&stored.bytes, &network) {
            Ok(e) if e.id == stored.id && e.to_bytes() == stored.bytes => take(walk, store, e),
            Ok(e) => walk.findings.push(of_entry(&e, "bytes", format!("stored under {}", stored.id))),
            Err(why) => walk.findings.push(unreadable(stored.id, &why.to_string())),
        }
        ControlFlow::Continue(())
    });
    scan.map_err(CommandError::storage)?;
    // What rests on entries that were fetched later stands before them: again until nothing moves.
    loop {
        let before = walk.waiting.len();
        for e in std::mem::take(&mut walk.waiting) {
            take(walk, store, e);
        }
        if walk.waiting.len() == before {
            break;
        }
    }
    for e in std::mem::take(&mut walk.waiting) {
        walk.findings.push(of_entry(&e, "missing", "it names an entry that is not here".to_owned()));
    }
    Ok(())
}

fn take(walk: &mut Walk, store: &dyn taizhang_core::entries::Entries, e: SignedEntry) {
    match walk.ledger.admit(store, e.clone(), Signature::Check) {
        Ok(admitted) => walk.ledger.insert(&admitted),
        Err(Refusal::Missing(_)) => walk.waiting.push(e),
        Err(Refusal::Signature) => walk.findings.push(of_entry(&e, "signature", "the signature is not valid".to_owned())),
        Err(why) => walk.findings.push(of_entry(&e, "admission", why.to_string())),
    }
}

fn of_entry(e: &SignedEntry, what: &'static str, detail: String) -> Finding {
    let log = e.header.log;
    Finding {
        severity: Severity::Error,
        what,
        entry: e.id.to_string(),
        document: log.document.to_string(),
        author: log.key.to_string(),
        detail,
    }
}

fn unreadable(id: EntryId, why: &str) -> Finding {
    let (document, author) = (String::new(), String::new());
    Finding { severity: Severity::Error, what: "form", entry: id.to_string(), document, author, detail: why.to_owned() }
}

fn standing_counts(walk: &mut Walk) -> BTreeMap<&'static str, u64> {
    let judge = Judge::new(&walk.ledger);
    let mut counts = BTreeMap::new();
    for document in walk.ledger.documents() {
        for id in walk.ledger.document(document).map(|d| d.entries.as_slice()).unwrap_or_default() {
            *counts.entry(judge.standing(id).word()).or_default() += 1;
        }
    }
    counts
}

/// A fork is proof that a disk or a person lied; harmless, but somebody should know.
fn forks(walk: &mut Walk) {
    let found = walk.ledger.forks().map(|(log, sequence, ids)| Finding {
        severity: Severity::Warning,
        what: "fork",
        entry: ids.first().map(ToString::to_string).unwrap_or_default(),
        document: log.document.to_string(),
        author: log.key.to_string(),
        detail: format!("{} entries at sequence {sequence} of run {}", ids.len(), log.run),
    });
    let found: Vec<Finding> = found.collect();
    walk.findings.extend(found);
}

fn check_receipts(c: &Context<'_>, walk: &mut Walk) -> Result<u64, CommandError> {
    let mut n = 0;
    for (_, bytes) in c.core.store().notes(b"receipt/").map_err(CommandError::storage)? {
        n += 1;
        let good = Receipt::parse(&bytes).is_ok_and(|r| r.is_signed(&c.core.network()));
        if !good {
            let (entry, document, author) = (String::new(), String::new(), String::new());
            let detail = "a receipt whose signature is not valid".to_owned();
            walk.findings.push(Finding { severity: Severity::Error, what: "receipt", entry, document, author, detail });
        }
    }
    Ok(n)
}

/// What the walk found must be what this node works with.
fn same_as_in_use(c: &Context<'_>, walk: &mut Walk) {
    let used = c.core.ledger();
    let differing: Vec<String> =
        walk.ledger.documents().filter(|d| used.digest(d) != walk.ledger.digest(d)).map(ToString::to_string).collect();
    for document in differing {
        let (entry, author) = (String::new(), String::new());
        let detail = "the entries in use differ from those on disk".to_owned();
        walk.findings.push(Finding { severity: Severity::Error, what: "in_use", entry, document, author, detail });
    }
}

/// Everything here as a CBOR sequence: first `["taizhang.audit-export/1", network, org, time ms]`, then every entry as it is signed. Or its rows as JSON lines.
pub(crate) fn export(c: &mut Context<'_>, out: &Path, jsonl: bool) -> Result<Reply, CommandError> {
    let failed = |e: &dyn std::fmt::Display| {
        let at = out.display();
        CommandError::new(ErrorKind::Storage, format!("无法写入 {at}: {e}"), format!("cannot write {at}: {e}"))
    };
    let mut file = BufWriter::new(std::fs::File::create(out).map_err(|e| failed(&e))?);
    let (mut entries, mut rows, mut bytes) = (0u64, 0u64, 0u64);
    if jsonl {
        let documents: Vec<_> = c.core.ledger().documents().copied().collect();
        for document in documents {
            let view = c.core.view(&document)?;
            for row in view.rows.values() {
                let text = row_line(c, &view, row).to_string();
                rows += 1;
                bytes += text.len() as u64 + 1;
                writeln!(file, "{text}").map_err(|e| failed(&e))?;
            }
        }
    } else {
        let mut w = Writer::default();
        w.array(4).text("taizhang.audit-export/1").bytes(&c.core.network().0).bytes(&c.core.org().0).uint(c.core.now().0);
        let head = w.finish();
        file.write_all(&head).map_err(|e| failed(&e))?;
        bytes += head.len() as u64;
        let mut broke = None;
        let scan = c.core.store().scan(0, &mut |_, stored| {
            entries += 1;
            bytes += stored.bytes.len() as u64;
            match file.write_all(&stored.bytes) {
                Ok(()) => ControlFlow::Continue(()),
                Err(e) => {
                    broke = Some(e);
                    ControlFlow::Break(())
                }
            }
        });
        scan.map_err(CommandError::storage)?;
        if let Some(e) = broke {
            return Err(failed(&e));
        }
    }
    file.flush().map_err(|e| failed(&e))?;
    Ok(Reply::new("audit-export", json!({ "out": out, "entries": entries, "rows": rows, "bytes": bytes })))
}

/// A row with its hand: `taizhang.row/1`.
fn row_line(c: &Context<'_>, view: &DocumentView, row: &ViewRow) -> Json {
    json!({
        "schema": "taizhang.row/1", "name": row.name.to_string(), "document": view.document.to_string(), "type": row.row_type,
        "fields": shown::fields(row), "author": row.author.to_string(), "hand": shown::row_hand(c.core, row.name),
        "time_ms": row.time.0, "standing": row.standing.word(), "counts": view.counts(row),
    })
}
