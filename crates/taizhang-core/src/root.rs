//! Root statements: the keys at the root of a network, and who succeeds them.
//!
//! The first statement names the network. A successor replaces its predecessor's row and carries signatures of m of its keys; which one counts follows from
//! these signatures alone, whoever wrote the row down. Of two successors of one statement neither counts, until all keys of that statement sign one that replaces both.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::{
    cbor::Writer,
    id::{NetworkId, PublicKey},
    key,
    op::RowName,
    planted::{Check, is_off},
    rows::{Positions, RootStatement, RowType},
};

/// Keys of one statement, at most.
pub const ROOT_KEYS_MAX: usize = 16;

/// What the keys of a predecessor sign: the CBOR array `["taizhang root successor 1", network, [[entry, index]…], fields]`, the rows replaced sorted, the
/// fields with null for the signatures.
#[must_use]
pub fn signed_bytes(network: &NetworkId, replaces: &[RowName], statement: &RootStatement) -> Vec<u8> {
    let mut replaces = replaces.to_vec();
    replaces.sort();
    let mut w = Writer::default();
    w.array(4).text("taizhang root successor 1").bytes(&network.0).array(replaces.len() as u64);
    for row in replaces {
        w.array(2).bytes(&row.entry.0).uint(row.index.into());
    }
    let unsigned = RootStatement { signatures: None, ..statement.clone() };
    w.bytes(&unsigned.to_fields());
    w.finish()
}

/// A root statement as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootRecord {
    /// Its fields.
    pub statement: RootStatement,
    /// The predecessor's row, and rivals that it settles.
    pub replaces: Vec<RowName>,
    /// The same for every copy of one statement: SHA-256 of what was signed; of the first the network.
    pub id: [u8; 32],
}

/// Every root statement admitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roots {
    records: BTreeMap<RowName, RootRecord>,
    /// The first and every successor that counts, in order.
    chain: Vec<[u8; 32]>,
    rivals: Vec<RowName>,
}

impl Roots {
    /// A statement as it would be filed.
    #[must_use]
    pub fn record(network: &NetworkId, statement: RootStatement, replaces: Vec<RowName>) -> RootRecord {
        let signed = || Sha256::digest(signed_bytes(network, &replaces, &statement)).into();
        let id = if statement.number == 0 { network.0 } else { signed() };
        RootRecord { statement, replaces, id }
    }

    /// Files an admitted statement.
    pub fn insert(&mut self, name: RowName, record: RootRecord) {
        self.records.insert(name, record);
        self.settle();
    }

    /// A statement by its row.
    #[must_use]
    pub fn get(&self, name: &RowName) -> Option<&RootRecord> {
        self.records.get(name)
    }

    /// The statement that counts now, under the lowest of its names.
    #[must_use]
    pub fn in_force(&self) -> Option<(RowName, &RootRecord)> {
        let last = self.chain.last()?;
        self.records.iter().find(|(_, r)| r.id == *last).map(|(n, r)| (*n, r))
    }

    /// Successors of one statement of which neither counts: somebody holds keys that he should not, or two were made by mistake.
    #[must_use]
    pub fn contested(&self) -> &[RowName] {
        &self.rivals
    }

    /// The row under which a key writes: the last statement that counts and names it.
    #[must_use]
    pub fn row_of(&self, key: PublicKey) -> Option<RowName> {
        let named = |id: &&[u8; 32]| self.statement(id).is_some_and(|s| s.keys.contains(&key));
        let last = self.chain.iter().rev().find(named)?;
        self.records.iter().find(|(_, r)| r.id == *last).map(|(n, _)| *n)
    }

    /// Has the first statement no successor at all?
    pub(crate) fn is_plain(&self) -> bool {
        self.chain.len() <= 1 && self.rivals.is_empty()
    }

    /// Up to where entries stand that `key` wrote under a statement: `None`, nowhere, as the statement does not count; else the positions of the
    /// successor that removed the key, if one did.
    pub(crate) fn reach(&self, under: &RowName, key: PublicKey) -> Option<Option<&[Positions]>> {
        let record = self.records.get(under)?;
        let at = self.chain.iter().position(|id| *id == record.id)?;
        let later = self.chain.iter().skip(at + 1).filter_map(|id| self.statement(id));
        let removed_by = later.into_iter().find(|s| !s.keys.contains(&key));
        let removed_by = removed_by.filter(|_| !is_off(Check::RootRetired));
        Some(removed_by.map(|s| s.positions.as_deref().unwrap_or_default()))
    }

    fn statement(&self, id: &[u8; 32]) -> Option<&RootStatement> {
        self.records.values().find(|r| r.id == *id).map(|r| &r.statement)
    }

    /// Each link of the chain is the only successor that no other replaces.
    fn settle(&mut self) {
        let (mut chain, mut rivals) = (Vec::new(), Vec::new());
        let mut next: BTreeSet<[u8; 32]> = self.records.values().filter(|r| r.statement.number == 0).map(|r| r.id).collect();
        while let Some(id) = next.pop_first() {
            if !next.is_empty() && !is_off(Check::RootContested) {
                next.insert(id);
                rivals = self.records.iter().filter(|(_, r)| next.contains(&r.id)).map(|(n, _)| *n).collect();
                break;
            }
            chain.push(id);
            let after: Vec<&RootRecord> = self.records.values().filter(|r| self.names(r, &id)).collect();
            let settled = |r: &RootRecord| after.iter().any(|other| other.id != r.id && self.names(other, &r.id));
            next = after.iter().filter(|r| !settled(r)).map(|r| r.id).collect();
        }
        (self.chain, self.rivals) = (chain, rivals);
    }

    /// Does a statement replace this one?
    fn names(&self, record: &RootRecord, id: &[u8; 32]) -> bool {
        record.replaces.iter().any(|r| self.records.get(r).is_some_and(|r| r.id == *id))
    }

    /// Is it well formed, and signed by enough of its predecessor's keys? The rows that it replaces must be here.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, network: &NetworkId, record: &RootRecord) -> Result<(), &'static str> {
        let RootRecord { statement, replaces, .. } = record;
        let distinct: BTreeSet<&PublicKey> = statement.keys.iter().collect();
        let n = statement.keys.len();
        if !(1..=ROOT_KEYS_MAX).contains(&n) || distinct.len() != n || !(1..=n).contains(&usize::from(statement.m)) {
            return Err("a root statement has 1 to 16 different keys, and a threshold between 1 and their number");
        }
        let replaced: Option<Vec<&RootRecord>> = replaces.iter().map(|r| self.records.get(r)).collect();
        let replaced = replaced.ok_or("a root statement replaces root statements")?;
        let (before, rivals): (Vec<_>, Vec<_>) =
            replaced.into_iter().partition(|r| r.statement.number.checked_add(1) == Some(statement.number));
        let [predecessor] = before.as_slice() else { return Err("a root statement replaces its predecessor") };
        if !rivals.iter().all(|r| r.statement.number == statement.number && self.names(r, &predecessor.id)) {
            return Err("a root statement replaces its predecessor and other successors of that one");
        }
        // Whoever settles a dispute between successors must be more than those who made it.
        let old = &predecessor.statement;
        let by_m = rivals.is_empty() || is_off(Check::RootSettled);
        let needed = if by_m { usize::from(old.m) } else { old.keys.len() };
        let signatures = statement.signatures.as_deref().unwrap_or_default();
        let signers: BTreeSet<&PublicKey> = signatures.iter().map(|(k, _)| k).collect();
        let message = signed_bytes(network, replaces, statement);
        let is_valid = |(k, s): &(PublicKey, [u8; 64])| old.keys.contains(k) && key::verify(k, &message, s);
        let are_enough = signers.len() >= needed || is_off(Check::RootSigners);
        if signers.len() != signatures.len() || !are_enough || !signatures.iter().all(is_valid) {
            return Err("not signed by enough keys of its predecessor");
        }
        Ok(())
    }
}
