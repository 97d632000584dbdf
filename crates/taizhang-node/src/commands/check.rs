//! `check`: does the index agree with the journal, byte by byte? `--rebuild` makes it anew.

use serde_json::json;
use taizhang_store::Store;

use super::Context;
use crate::{
    command::Reply,
    error::{CommandError, ErrorKind},
};

pub(crate) fn run(c: &mut Context<'_>, rebuild: bool, accept_loss: bool) -> Result<Reply, CommandError> {
    if accept_loss {
        c.core.forget_lost();
    }
    if rebuild {
        let tell = std::cell::RefCell::new(&mut *c.tell);
        let progress = |done: u64, total: u64| {
            (tell.borrow_mut())(crate::command::Message::Progress { what: "rebuild".to_owned(), done, total });
        };
        c.core.store_mut().rebuild(&progress).map_err(CommandError::storage)?;
    }
    let findings = c.core.store().check(&|_, _| ()).map_err(CommandError::storage)?;
    let statistics = c.core.store().statistics().map_err(CommandError::storage)?;
    let details = json!({
        "rebuilt": rebuild, "entries": statistics.entries, "journal_bytes": statistics.journal_bytes,
        "index_bytes": statistics.index_bytes, "attachment_bytes": statistics.attachment_bytes, "segments": statistics.segments,
        "findings": findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    if findings.is_empty() {
        return Ok(Reply::new("check", details));
    }
    let first = findings.first().map(ToString::to_string).unwrap_or_default();
    Err(CommandError::new(
        ErrorKind::Verification,
        format!("数据检查发现 {} 处问题, 第一处: {first}", findings.len()),
        format!("the check found {} problems; the first: {first}", findings.len()),
    )
    .hint(what_to_do(rebuild).0, what_to_do(rebuild).1)
    .details(details))
}

/// Making the index anew mends the index; what the journal lost only others have.
fn what_to_do(was_rebuilt: bool) -> (&'static str, &'static str) {
    if was_rebuilt {
        (
            "请先备份数据目录, 再运行 taizhang sync --once 从其他节点取回丢失的条目",
            "back the data folder up, then run `taizhang sync --once`: other nodes have the entries that were lost here",
        )
    } else {
        (
            "运行 taizhang check --rebuild, 再同步一次取回缺少的条目",
            "run `taizhang check --rebuild`, then sync to fetch what is missing",
        )
    }
}
