//! A ledger of exactly what the named tips reach, and the lines that follow from it. What arrived later is not looked at: neither rows nor burns.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    admission::Signature,
    cbor::Value,
    entries::{Entries, ReadFailed},
    entry::SignedEntry,
    id::{DocId, EntryId, Kind, OrgId},
    ledger::Ledger,
    standing::Judge,
    view::DocumentView,
};

use super::{
    inputs::{Input, Inputs, Years},
    make::{self, Made, Scope},
    policy,
};
use crate::gather::Facts;

/// Why the inputs give no lines here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// These are not here, or not as far as the inputs name: nothing can be said.
    #[error("not here as far as the inputs name: {}", list(.0))]
    NotHere(Vec<DocId>),
    /// The inputs name an entry of another document.
    #[error("{entry} is no entry of {document}")]
    WrongDocument {
        /// The input.
        document: DocId,
        /// The tip it names.
        entry: EntryId,
    },
    /// An entry rests on something that the inputs do not reach.
    #[error("entry {entry} of {document} rests on what the inputs do not reach: {why}")]
    NotClosed {
        /// The input.
        document: DocId,
        /// The entry.
        entry: EntryId,
        /// What admission said.
        why: String,
    },
    /// The store could not be read.
    #[error(transparent)]
    Read(#[from] ReadFailed),
}

fn list(documents: &[DocId]) -> String {
    documents.iter().map(DocId::to_string).collect::<Vec<_>>().join(", ")
}

/// What the inputs say.
#[derive(Debug)]
pub struct Replay {
    /// Exactly the entries that the inputs reach.
    pub ledger: Ledger,
    /// Their documents.
    pub views: Vec<DocumentView>,
}

impl Replay {
    /// Takes in again, in their order of arrival here, the entries that the inputs reach.
    ///
    /// # Errors
    /// As [`ReplayError`] says.
    pub fn of(known: &Ledger, entries: &dyn Entries, inputs: &Inputs, signature: Signature) -> Result<Self, ReplayError> {
        let missing: Vec<DocId> = missing(known, inputs);
        if !missing.is_empty() {
            return Err(ReplayError::NotHere(missing));
        }
        let mut ledger = Ledger::new(known.network);
        let mut by_document: BTreeMap<DocId, Vec<SignedEntry>> = BTreeMap::new();
        for (_, document, id) in reached(known, inputs)? {
            let not_closed = |why: String| ReplayError::NotClosed { document, entry: id, why };
            let bytes = entries.entry(&id)?.ok_or(ReplayError::NotHere(vec![document]))?;
            let entry = SignedEntry::parse(&bytes, &known.network).map_err(|e| not_closed(e.to_string()))?;
            if entry.id != id {
                return Err(not_closed("its bytes are those of another entry".to_owned()));
            }
            let admitted = ledger.admit(entries, entry, signature).map_err(|e| not_closed(e.to_string()))?;
            ledger.file(&admitted);
            by_document.entry(document).or_default().push(admitted.entry().clone());
        }
        ledger.settle();
        let judge = Judge::new(&ledger);
        let views = by_document.iter().map(|(d, entries)| DocumentView::build(&ledger, &judge, *d, entries)).collect();
        Ok(Self { ledger, views })
    }

    /// What the rows say about every teacher.
    #[must_use]
    pub fn facts(&self) -> Facts {
        Facts::read(&self.views, &self.ledger)
    }

    /// The lines of the schools at or below the owner.
    #[must_use]
    pub fn lines(&self, scope: Scope) -> Made {
        make::make(&self.facts(), &self.views, &self.ledger, scope)
    }

    /// Every document that a row here refers to.
    #[must_use]
    pub fn referred(&self) -> BTreeSet<DocId> {
        let mut found = BTreeSet::new();
        for row in self.views.iter().flat_map(|v| v.rows.values()) {
            if let Ok(fields) = Value::parse(&row.fields) {
                refer(&fields, &mut found);
            }
        }
        found
    }
}

/// One school alone: its own documents, those of the other schools that its line names, and whatever these refer to among the inputs.
/// The school's line and its teachers' come out as from all inputs together; other lines do not.
///
/// # Errors
/// As [`ReplayError`] says.
pub fn school(
    known: &Ledger,
    entries: &dyn Entries,
    inputs: &Inputs,
    (school, also): (OrgId, &[OrgId]),
    signature: Signature,
) -> Result<Replay, ReplayError> {
    let mut part = inputs.of_school(school, also);
    loop {
        let replay = Replay::of(known, entries, &part, signature)?;
        let referred = replay.referred();
        let more: Vec<_> = referred.iter().filter(|d| part.get(d).is_none()).filter_map(|d| inputs.get(d)).cloned().collect();
        if more.is_empty() {
            return Ok(replay);
        }
        part.0.extend(more);
        part.0.sort();
    }
}

/// What the inputs themselves say of the tree and the years: what became known here later changes nothing.
#[derive(Debug)]
pub struct Basis {
    /// Of the registries and policies among the inputs alone.
    pub ledger: Ledger,
    /// Over which the accounts reach, as those policies say.
    pub years: Years,
}

impl Basis {
    /// Reads the registries and policies as far as the inputs name them.
    ///
    /// # Errors
    /// As [`ReplayError`] says.
    pub fn of(
        known: &Ledger,
        entries: &dyn Entries,
        inputs: &Inputs,
        scope: Scope,
        signature: Signature,
    ) -> Result<Self, ReplayError> {
        let says = |i: &&Input| matches!(i.document.kind, Kind::Registry | Kind::Policy);
        let saying = Inputs(inputs.0.iter().filter(says).cloned().collect());
        let replay = Replay::of(known, entries, &saying, signature)?;
        let below = policy::below(&replay.facts(), &replay.ledger, scope.owner, scope.period);
        Ok(Self { years: policy::years(&below, scope.period, scope.as_of), ledger: replay.ledger })
    }
}

/// Documents of which a named tip is not here.
#[must_use]
pub fn missing(known: &Ledger, inputs: &Inputs) -> Vec<DocId> {
    let is_missing = |tips: &[EntryId]| tips.iter().any(|t| known.place(t).is_none());
    inputs.0.iter().filter(|i| is_missing(&i.tips)).map(|i| i.document).collect()
}

/// Entries of the inputs' documents that are here and that the inputs do not reach: they came later, or were left out.
#[must_use]
pub fn unnamed(known: &Ledger, inputs: &Inputs, owner: OrgId, years: Years) -> Vec<(DocId, usize)> {
    let named: BTreeSet<EntryId> = reached(known, inputs).unwrap_or_default().into_iter().map(|(_, _, id)| id).collect();
    let documents = known.documents().filter(|d| Inputs::belongs(known, owner, years, d));
    let counted = documents.map(|d| {
        let entries = known.document(d).map_or(&[][..], |state| state.entries.as_slice());
        (*d, entries.iter().filter(|e| !named.contains(e)).count())
    });
    counted.filter(|(_, n)| *n > 0).collect()
}

/// Documents of which these inputs reach less than earlier ones of the same owner did: what was counted once cannot have arrived later.
///
/// What belongs below the owner is asked of the tree as these inputs have it. A branch of a fork that is not kept counts as nothing: what it stands on does.
#[must_use]
pub fn left_out(
    known: &Ledger,
    tree: &Ledger,
    inputs: &Inputs,
    earlier: &Inputs,
    owner: OrgId,
    years: Years,
) -> Vec<(DocId, EntryId)> {
    let named: BTreeSet<EntryId> = reached(known, inputs).unwrap_or_default().into_iter().map(|(_, _, id)| id).collect();
    let belonging = earlier.0.iter().filter(|i| Inputs::belongs(tree, owner, years, &i.document));
    let kept = |tip: &EntryId| known.ancestry(*tip).find(|id| !known.is_surplus_entry(id));
    let counted = belonging.flat_map(|i| i.tips.iter().filter_map(kept).map(|t| (i.document, t)));
    counted.filter(|(_, tip)| !named.contains(tip)).collect()
}

/// In order of arrival here: behind what they name.
fn reached(known: &Ledger, inputs: &Inputs) -> Result<BTreeSet<(u64, DocId, EntryId)>, ReplayError> {
    let mut out = BTreeSet::new();
    for input in &inputs.0 {
        for tip in &input.tips {
            for id in known.ancestry(*tip) {
                let Some(place) = known.place(&id) else { break };
                if place.log.document != input.document {
                    return Err(ReplayError::WrongDocument { document: input.document, entry: id });
                }
                if !out.insert((place.arrival, input.document, id)) {
                    break;
                }
            }
        }
    }
    Ok(out)
}

/// References have the form `[document | null, entry | null, index]`.
fn refer(value: &Value, found: &mut BTreeSet<DocId>) {
    let Value::Array(items) = value else { return };
    if let [Value::Bytes(document), Value::Bytes(_) | Value::Null, Value::Int(_)] = items.as_slice() {
        found.extend(DocId::from_bytes(document));
    }
    items.iter().for_each(|i| refer(i, found));
}
