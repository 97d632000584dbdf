//! What follows from admitted mutants: documents that can be saved and loaded, views that can be built.

use std::collections::BTreeMap;

use taizhang_core::{
    document::{Document, DocumentError},
    entry::SignedEntry,
    id::{DocId, EntryId},
    ledger::Ledger,
    standing::Judge,
    view::{DocumentView, export::named_fields, matter::Matters, training::Book},
};

use super::{guarded, hex, report::Report};

/// Admitted mutants of one document that wait for its next check, at most.
const WAITING_MAX: usize = 50;

/// One document as it grows.
struct Growing {
    document: Option<Document>,
    entries: Vec<SignedEntry>,
    waiting: usize,
}

/// The derived documents of one round.
pub struct Derived {
    documents: BTreeMap<DocId, Growing>,
    label: String,
}

impl Derived {
    /// Over the entries that a round begins with; `label` says which round.
    #[must_use]
    pub fn new(base: &[SignedEntry], label: String) -> Self {
        let mut documents: BTreeMap<DocId, Growing> = BTreeMap::new();
        for e in base {
            let at = documents.entry(e.header.log.document).or_insert_with(Growing::new);
            at.entries.push(e.clone());
        }
        Self { documents, label }
    }

    /// An admitted mutant, in order of arrival.
    pub fn add(&mut self, entry: SignedEntry, ledger: &Ledger, report: &mut Report) {
        let document = entry.header.log.document;
        let at = self.documents.entry(document).or_insert_with(Growing::new);
        at.entries.push(entry);
        at.waiting += 1;
        if at.waiting >= WAITING_MAX {
            self.check(document, ledger, report);
        }
    }

    /// Checks all that waits, every document once more from its first entry, and the books over everything.
    pub fn finish(&mut self, ledger: &Ledger, report: &mut Report) {
        let ids: Vec<DocId> = self.documents.keys().copied().collect();
        for id in &ids {
            self.check(*id, ledger, report);
        }
        for (id, at) in &self.documents {
            let Some(grown) = &at.document else { continue };
            match made(|| Document::build(*id, &at.entries)) {
                Ok(built) if built.heads() == grown.heads() => {}
                Ok(_) => self.fail(report, *id, "built at once it has other heads than grown"),
                Err(e) => self.fail(report, *id, &e),
            }
        }
        let all = || {
            let judge = Judge::new(ledger);
            let views: Vec<DocumentView> =
                self.documents.iter().map(|(id, at)| DocumentView::build(ledger, &judge, *id, &at.entries)).collect();
            let book = Book::build(&views, ledger);
            let lines = book.lines.iter().filter(|l| book.activity(l).is_some()).count();
            (book.sums().len(), lines, Matters::build(&views).iter().count())
        };
        if let Err(panic) = guarded(all) {
            report.view_panics += 1;
            report.find("view", format!("{}: books over all documents panicked: {panic}", self.label));
        }
    }

    fn fail(&self, report: &mut Report, document: DocId, what: &str) {
        report.unsaved += 1;
        report.find("document", format!("{}: document {document}: {what}", self.label));
    }

    fn check(&mut self, id: DocId, ledger: &Ledger, report: &mut Report) {
        let label = &self.label;
        let Some(at) = self.documents.get_mut(&id).filter(|at| at.waiting > 0) else { return };
        report.checks += 1;
        report.checked += at.waiting as u64;
        if let Err(what) = at.grow(id) {
            report.unsaved += 1;
            let culprit = at.culprit(id);
            report.find("document", format!("{label}: document {id}: {what}; {culprit}"));
            at.entries.truncate(at.entries.len() - at.waiting);
            at.document = None;
        }
        at.waiting = 0;
        let view = || {
            let view = DocumentView::build(ledger, &Judge::new(ledger), id, &at.entries);
            let named: usize = view.rows.values().map(|r| named_fields(r.row_type, &r.fields).len()).sum();
            let values: usize = view.registers.keys().map(|k| view.register(k).len()).sum();
            (view.bytes().len(), view.current().len(), view.conflicts().len(), named, values)
        };
        if let Err(panic) = guarded(view) {
            report.view_panics += 1;
            report.find("view", format!("{label}: the view of document {id} panicked: {panic}"));
        }
    }
}

impl Growing {
    fn new() -> Self {
        Self { document: None, entries: Vec::new(), waiting: 0 }
    }

    /// Applies what waits, saves, loads, compares.
    fn grow(&mut self, id: DocId) -> Result<(), String> {
        let grown = match self.document.take() {
            Some(document) => match made(|| document.apply(&self.entries)) {
                Err(e) if e.starts_with(REBUILD) => made(|| Document::build(id, &self.entries)),
                grown => grown,
            },
            None => made(|| Document::build(id, &self.entries)),
        }?;
        same_after_loading(id, &grown, self.entries.len())?;
        self.document = Some(grown);
        Ok(())
    }

    /// Which waiting entry is the first with which the document fails?
    fn culprit(&self, id: DocId) -> String {
        let before = self.entries.len() - self.waiting;
        for n in before..self.entries.len() {
            let built = made(|| Document::build(id, &self.entries[..=n]));
            if let Err(what) = built.and_then(|d| same_after_loading(id, &d, n + 1)) {
                return format!("first with entry {what}: {}", hex(&self.entries[n].to_bytes()));
            }
        }
        "no single entry alone".to_owned()
    }
}

const REBUILD: &str = "rebuild";

fn made(make: impl FnOnce() -> Result<Document, DocumentError>) -> Result<Document, String> {
    match guarded(make)? {
        Ok(document) => Ok(document),
        Err(DocumentError::NeedsRebuild { .. }) => Err(REBUILD.to_owned()),
        Err(e) => Err(format!("{e} {}", super::last_panic())),
    }
}

fn same_after_loading(id: DocId, document: &Document, entries: usize) -> Result<(), String> {
    let loaded = made(|| Document::load(id, &document.save()))?;
    let values = |d: &Document| -> Vec<(String, Vec<(EntryId, taizhang_core::cbor::Value)>)> {
        d.registers().map(|key| (key.clone(), d.register(&key))).collect()
    };
    let compare = || {
        if document.len() != entries || loaded.len() != entries {
            Err(format!("{} entries, {} in the document, {} after loading", entries, document.len(), loaded.len()))
        } else if loaded.heads() != document.heads() {
            Err("other heads after loading".to_owned())
        } else if !loaded.rows().eq(document.rows()) {
            Err("other rows after loading".to_owned())
        } else if values(&loaded) != values(document) {
            Err("other registers after loading".to_owned())
        } else {
            Ok(())
        }
    };
    guarded(compare)?
}
