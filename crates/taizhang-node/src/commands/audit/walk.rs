//! Every entry of the store, taken in again as if it came from a stranger: bytes, id, signature, log, grant.

use std::ops::ControlFlow;

use taizhang_core::{
    admission::{Refusal, Signature},
    entries::Entries,
    entry::SignedEntry,
    id::{DocId, NetworkId},
    ledger::Ledger,
};
use taizhang_store::Store;

use super::{
    STEP,
    findings::{self, Finding},
};
use crate::{
    command::Message,
    commands::Context,
    error::{CommandError, Text},
    said,
};

/// What the walk has met so far.
pub(super) struct Walk {
    pub(super) ledger: Ledger,
    pub(super) entries: u64,
    pub(super) findings: Vec<Finding>,
    waiting: Vec<SignedEntry>,
}

impl Walk {
    pub(super) fn begin(network: NetworkId) -> Self {
        Self { ledger: Ledger::new(network), entries: 0, findings: Vec::new(), waiting: Vec::new() }
    }

    /// Walks the whole store.
    pub(super) fn entries(&mut self, c: &mut Context<'_>) -> Result<(), CommandError> {
        let network = c.core.network();
        let (store, tell) = (c.core.store(), &mut *c.tell);
        let (total, core) = (store.len(), &*c.core);
        let mut given_up = None;
        let scan = store.scan(0, &mut |n, stored| {
            self.entries += 1;
            if n.is_multiple_of(STEP) {
                tell(Message::Progress { what: "verify".to_owned(), done: n, total });
                given_up = core.go_on().err();
            }
            if given_up.is_some() {
                return ControlFlow::Break(());
            }
            match SignedEntry::parse(&stored.bytes, &network) {
                Ok(e) if e.id == stored.id && e.to_bytes() == stored.bytes => self.take(store, e),
                Ok(e) => {
                    let detail = Text::new(format!("存于编号 {}", stored.id), format!("stored under {}", stored.id));
                    self.findings.push(Finding::of_refused(findings::BYTES, &self.ledger, &e, detail));
                }
                Err(why) => {
                    let finding = Finding::new(findings::FORM, Text::new("格式不对", why.to_string()));
                    self.findings.push(Finding { entry: Some(stored.id), ..finding });
                }
            }
            ControlFlow::Continue(())
        });
        scan.map_err(CommandError::storage)?;
        given_up.map_or(Ok(()), Err)?;
        self.take_waiting(store);
        self.ledger.settle();
        self.same_as_in_use(c.core.ledger());
        Ok(())
    }

    /// What rests on entries that were fetched later stands before them: again until nothing moves.
    fn take_waiting(&mut self, store: &dyn Entries) {
        loop {
            let before = self.waiting.len();
            for e in std::mem::take(&mut self.waiting) {
                self.take(store, e);
            }
            if self.waiting.len() == before {
                break;
            }
        }
        for e in std::mem::take(&mut self.waiting) {
            self.findings.push(Finding::of_refused(findings::MISSING, &self.ledger, &e, ""));
        }
    }

    fn take(&mut self, store: &dyn Entries, e: SignedEntry) {
        match self.ledger.admit(store, e.clone(), Signature::Check) {
            Ok(admitted) => self.ledger.file(&admitted),
            Err(Refusal::Missing(_)) => self.waiting.push(e),
            Err(Refusal::Signature) => self.findings.push(Finding::of_refused(findings::SIGNATURE, &self.ledger, &e, "")),
            Err(why) => self.findings.push(Finding::of_refused(findings::ADMISSION, &self.ledger, &e, said::text(why))),
        }
    }

    /// What the walk found must be what this node works with.
    fn same_as_in_use(&mut self, used: &Ledger) {
        let mut differing: Vec<DocId> = self
            .ledger
            .documents()
            .chain(used.documents())
            .filter(|d| used.digest(d) != self.ledger.digest(d))
            .copied()
            .collect();
        differing.sort();
        differing.dedup();
        let finding = |document| Finding { document: Some(document), ..Finding::new(findings::IN_USE, "") };
        self.findings.extend(differing.into_iter().map(finding));
    }
}
