//! Receipts: signed by a certified node, and of nothing but what is here.

use taizhang_core::{nodes, receipt::Receipt, standing::Judge};
use taizhang_store::Store;

use super::{
    Audit,
    findings::{self, Finding},
};
use crate::error::CommandError;

/// Checks every receipt that is kept; how many there are.
pub(super) fn check(audit: &mut Audit<'_>) -> Result<u64, CommandError> {
    let notes = audit.core.store().notes(b"receipt/").map_err(CommandError::storage)?;
    for (_, bytes) in &notes {
        let network = audit.ledger.network;
        match Receipt::parse(bytes).ok().filter(|r| r.is_signed(&network)) {
            Some(receipt) => look(audit, &receipt),
            None => audit.findings.push(Finding::new(findings::RECEIPT, "")),
        }
    }
    Ok(notes.len() as u64)
}

fn look(audit: &mut Audit<'_>, receipt: &Receipt) {
    let ledger = audit.ledger;
    if nodes::orgs_of(ledger, &Judge::new(ledger), receipt.node).is_empty() {
        audit.findings.push(Finding::of_key(findings::RECEIPT_STRANGER, ledger, receipt.node, None, ""));
    }
    for (document, tips) in &receipt.documents {
        let unknown = tips.iter().filter(|t| ledger.place(t).is_none_or(|p| p.log.document != *document));
        for tip in unknown {
            let finding = Finding::of_key(findings::RECEIPT_UNKNOWN, ledger, receipt.node, Some(*document), "");
            audit.findings.push(Finding { entry: Some(*tip), ..finding });
        }
    }
}
