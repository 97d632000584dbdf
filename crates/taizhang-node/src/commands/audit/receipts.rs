//! Receipts: signed by a certified node, and of nothing but what is here.

use std::collections::BTreeMap;

use taizhang_core::{
    id::PublicKey,
    ledger::Ledger,
    nodes,
    receipt::Receipt,
    rows::Role,
    standing::{GrantState, Judge},
    units::Ms,
};
use taizhang_store::Store;

use super::{
    Audit,
    findings::{self, Finding},
};
use crate::error::{CommandError, Text};

/// Checks every receipt that is kept; how many there are.
pub(super) fn check(audit: &mut Audit<'_>) -> Result<u64, CommandError> {
    let notes = audit.core.store().notes(b"receipt/").map_err(CommandError::storage)?;
    let (ledger, network) = (audit.ledger, audit.ledger.network);
    let judge = Judge::new(ledger);
    let mut strangers: BTreeMap<PublicKey, usize> = BTreeMap::new();
    for (_, bytes) in &notes {
        let Some(receipt) = Receipt::parse(bytes).ok().filter(|r| r.is_signed(&network)) else {
            audit.findings.push(Finding::new(findings::RECEIPT, ""));
            continue;
        };
        if !was_certified(ledger, &judge, &receipt) {
            *strangers.entry(receipt.node).or_default() += 1;
        }
        unknown(audit, &receipt);
    }
    for (node, n) in strangers {
        let detail = Text::new(format!("{n} 份"), format!("{n} receipts"));
        audit.findings.push(Finding::of_key(findings::RECEIPT_STRANGER, ledger, node, None, detail));
    }
    Ok(notes.len() as u64)
}

/// Is the node certified, or does the receipt claim to be older than what ended or burnt its key? Of a stolen PC the receipts of honest days stay; what its thief dates back can name only what was there on that day, or the node's clock is found wrong.
fn was_certified(ledger: &Ledger, judge: &Judge<'_>, receipt: &Receipt) -> bool {
    if !nodes::orgs_of(ledger, judge, receipt.node).is_empty() {
        return true;
    }
    let of_node = ledger.registry.grants_of(receipt.node).filter(|(_, g)| g.row.role == Role::Node && !g.row.one_use);
    let until = |state| match state {
        GrantState::Ended { by, .. } | GrantState::Burnt { by } => ledger.place(&by).map(|p| p.time),
        GrantState::Open | GrantState::NotStanding => None,
    };
    let last: Option<Ms> = of_node.filter_map(|(name, _)| until(judge.grant_state(name))).max();
    last.is_some_and(|last| receipt.time <= last)
}

fn unknown(audit: &mut Audit<'_>, receipt: &Receipt) {
    let ledger = audit.ledger;
    for (document, tips) in &receipt.documents {
        let unknown = tips.iter().filter(|t| ledger.place(t).is_none_or(|p| p.log.document != *document));
        for tip in unknown {
            let finding = Finding::of_key(findings::RECEIPT_UNKNOWN, ledger, receipt.node, Some(*document), "");
            audit.findings.push(Finding { entry: Some(*tip), ..finding });
        }
    }
}
