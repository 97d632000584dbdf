//! What the node remembers of refused entries and of others that held more of our logs.

use taizhang_core::{admission::Refusal, entries::ReadFailed, id::EntryId, ledger::Ledger};

use super::findings::{self, Finding};
use crate::{core::Core, remembered};

/// One finding for each.
pub(crate) fn remembered(core: &Core, ledger: &Ledger) -> Vec<Finding> {
    let known = core.remembered();
    let refused = known.refused().map(|r| of_refused(ledger, r));
    refused.chain(known.ahead().map(|a| of_ahead(ledger, a))).collect()
}

fn of_refused(ledger: &Ledger, r: &remembered::Refused) -> Finding {
    let code = if r.here { findings::REFUSED_HERE } else { findings::REFUSED_THERE };
    let by = findings::node(ledger, r.node);
    let side = if r.here { "from" } else { "by" };
    let detail = format!("{} ({} times, {} to {}, {side} {by})", reason(r.code), r.times, r.first.day(), r.last.day());
    Finding::of_key(code, ledger, r.author, Some(r.document), detail)
}

/// What became of it: the entry came back, or it never came.
fn of_ahead(ledger: &Ledger, a: &remembered::Ahead) -> Finding {
    let state = if ledger.place(&a.entry).is_some() { "came back" } else { "has not come" };
    let by = findings::node(ledger, a.by);
    let detail = format!("sequence {} of {}, {}, held by {by}: {state}", a.sequence, a.document, a.time.day());
    let finding = Finding::of_key(findings::AHEAD, ledger, a.author, Some(a.document), detail);
    Finding { entry: Some(a.entry), ..finding }
}

/// The sentence of a refusal's number.
fn reason(code: u64) -> String {
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
        Some(refusal) => refusal.to_string(),
        None if code == payload => "payload not of the one form, or over a limit".to_owned(),
        None => format!("refusal {code}"),
    }
}
