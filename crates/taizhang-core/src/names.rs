//! Names: which keys of teachers the identity documents name, who may open them, and which are erased (docs/decisions/0016).
//!
//! The keys themselves lie outside of the entries, so that they can be forgotten. What is said of them here is a function of the set of admitted entries, like standing.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    entry::SignedEntry,
    id::{DocId, EntryId, Kind, OrgId},
    ledger::{Ledger, row_ops},
    op::RowName,
    planted::{Check, is_off},
    registry::{Registry, opens_names},
    rows::{Erase, EraseConfirm, OrgKind, Person, RowType},
    standing::Judge,
    units::Day,
};

/// The first 8 bytes of SHA-256 of a teacher's key.
pub type KeyId = [u8; 8];

/// What identity documents and reviews say of keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// Keys under which rows of a document are sealed.
    keys: BTreeMap<DocId, BTreeSet<KeyId>>,
    erases: BTreeMap<RowName, (DocId, KeyId)>,
    confirms: Vec<Confirm>,
    pub(crate) revision: u64,
}

/// A confirmation and the row that it names.
#[derive(Clone, Debug)]
struct Confirm {
    entry: EntryId,
    review: DocId,
    document: DocId,
    erase: RowName,
}

impl Names {
    /// Files what an entry of an identity document or a review says; anything else says nothing.
    pub(crate) fn file(&mut self, e: &SignedEntry) {
        let document = e.header.log.document;
        for (name, row) in row_ops(e) {
            match (document.kind, row.row_type) {
                (Kind::Identity, Person::TYPE) => {
                    if let Ok(person) = Person::from_fields(row.fields) {
                        self.revision += 1;
                        self.keys.entry(document).or_default().insert(person.row.key_id);
                    }
                }
                (Kind::Identity, Erase::TYPE) => {
                    if let Ok(erase) = Erase::from_fields(row.fields) {
                        self.revision += 1;
                        self.erases.insert(name, (document, erase.row.key_id));
                    }
                }
                (Kind::Review, EraseConfirm::TYPE) => {
                    if let Ok(confirm) = EraseConfirm::from_fields(row.fields)
                        && let Some(document) = confirm.row.erase.document
                    {
                        self.revision += 1;
                        let erase = confirm.row.erase.resolve(name.entry);
                        self.confirms.push(Confirm { entry: e.id, review: e.header.log.document, document, erase });
                    }
                }
                _ => {}
            }
        }
    }
}

impl Ledger {
    /// The keys under which rows of an identity document are sealed, erased ones among them.
    pub fn key_ids(&self, document: &DocId) -> impl Iterator<Item = &KeyId> {
        self.names.keys.get(document).into_iter().flatten()
    }

    /// Is any row of the document sealed under this key?
    #[must_use]
    pub fn names_key(&self, document: &DocId, key: &KeyId) -> bool {
        self.names.keys.get(document).is_some_and(|k| k.contains(key))
    }

    /// Grows whenever an entry may have changed which keys are named or erased.
    #[must_use]
    pub fn names_revision(&self) -> u64 {
        self.names.revision + self.surplus_revision()
    }
}

/// The keys that are to be destroyed everywhere: a standing row 51 of the school names them, and a standing row of the county, in a review about the school, names that row.
#[must_use]
pub fn erased(ledger: &Ledger, judge: &Judge<'_>) -> BTreeSet<(DocId, KeyId)> {
    if is_off(Check::EraseConfirmed) {
        return ledger.names.erases.values().copied().collect();
    }
    let confirmed = ledger.names.confirms.iter().filter(|c| {
        let school = c.document.owner;
        c.review.subject == Some(school) && kept_names(&ledger.registry, c.review.owner, school) && judge.stands(&c.entry)
    });
    let erased = confirmed.filter_map(|c| {
        let (document, key) = ledger.names.erases.get(&c.erase)?;
        (*document == c.document && judge.stands(&c.erase.entry)).then_some((*document, *key))
    });
    erased.collect()
}

/// Does this county keep the names of a school, or did it once? What it confirmed stays forgotten after the school has moved.
fn kept_names(registry: &Registry, county: OrgId, school: OrgId) -> bool {
    let was = registry.kind(county) == Some(OrgKind::County) && registry.above_since(school, Day(0)).contains(&county);
    was || registry.county_of(school) == Some(county)
}

/// The sealing keys of everyone who may open the names of an identity document: by an open, standing grant of the school, or of the county that keeps them, that those vouch for under whom it stands now.
#[must_use]
pub fn readers(ledger: &Ledger, judge: &Judge<'_>, document: &DocId) -> BTreeSet<[u8; 32]> {
    let orgs = [Some(document.owner), ledger.registry.county_of(document.owner)];
    let grants = ledger.registry.grants.iter().filter(|(_, g)| orgs.contains(&Some(g.row.org)) && !g.row.one_use);
    let open = grants.filter(|(name, g)| opens_names(g.row.role, g.org_kind) && judge.grant_holds(name));
    open.filter_map(|(_, g)| g.row.seal_key).collect()
}
