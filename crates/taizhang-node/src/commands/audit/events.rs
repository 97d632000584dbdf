//! What the node remembers of refused entries and of others that held more of our logs.

use taizhang_core::{admission::Refusal, entries::ReadFailed, id::EntryId, ledger::Ledger};

use super::findings::{self, Finding};
use crate::{core::Core, error::Text, remembered, said};

/// One finding for each.
pub(crate) fn remembered(core: &Core, ledger: &Ledger) -> Vec<Finding> {
    let known = core.remembered();
    let refused = known.refused().map(|r| of_refused(ledger, r));
    refused.chain(known.ahead().map(|a| of_ahead(ledger, a))).collect()
}

fn of_refused(ledger: &Ledger, r: &remembered::Refused) -> Finding {
    let code = if r.here { findings::REFUSED_HERE } else { findings::REFUSED_THERE };
    let by = findings::node(ledger, r.node);
    let (side_zh, side) = if r.here { ("来自", "from") } else { ("被拒于", "by") };
    let (why, n, first, last) = (reason(r.code), r.times, r.first.day(), r.last.day());
    let detail = Text::new(
        format!("{} ({n} 次, {first} 至 {last}, {side_zh} {by})", why.zh),
        format!("{} ({n} times, {first} to {last}, {side} {by})", why.en),
    );
    Finding::of_key(code, ledger, r.author, Some(r.document), detail)
}

/// What became of it: the entry came back, which needs nobody any more, or it never came.
fn of_ahead(ledger: &Ledger, a: &remembered::Ahead) -> Finding {
    let is_back = ledger.place(&a.entry).is_some();
    let (state_zh, state) = if is_back { ("已取回", "came back") } else { ("尚未取回", "has not come") };
    let by = findings::node(ledger, a.by);
    let (sequence, document, day) = (a.sequence, a.document, a.time.day());
    let detail = Text::new(
        format!("{document} 的序号 {sequence}, {day}, 由 {by} 持有: {state_zh}"),
        format!("sequence {sequence} of {document}, {day}, held by {by}: {state}"),
    );
    let code = if is_back { findings::AHEAD.noted() } else { findings::AHEAD };
    let finding = Finding::of_key(code, ledger, a.author, Some(a.document), detail);
    Finding { entry: Some(a.entry), ..finding }
}

/// The sentence of a refusal's number.
fn reason(code: u64) -> Text {
    let known = [
        Refusal::Missing(EntryId([0; 32])),
        Refusal::Signature,
        Refusal::Continuity,
        Refusal::Role,
        Refusal::OneUse,
        Refusal::Replaces,
        Refusal::RegisterTwice,
        Refusal::RegistryRow("not well formed"),
        Refusal::Read(ReadFailed(String::new())),
        Refusal::Depth,
    ];
    let payload = 2;
    match known.iter().find(|r| r.code() == code) {
        Some(refusal) => said::text(refusal),
        None if code == payload => Text::new("内容格式不对或超出限制", "payload not of the one form, or over a limit"),
        None => Text::new(format!("拒收代码 {code}"), format!("refusal {code}")),
    }
}
