//! Writing: the next entry of an author's log. Pure: the key, the run and the time are given.

use crate::{
    entry::{Before, Header, SignedEntry},
    id::{DocId, EntryId, Kind, LogId, OrgId, PublicKey, Run},
    key::SecretKey,
    ledger::Ledger,
    op::RowName,
    registry::may_write,
    standing::Judge,
    units::Ms,
};

/// Who writes, since which start of the program.
#[derive(Debug)]
pub struct Author {
    /// The person's key on this machine.
    pub key: SecretKey,
    /// 8 random bytes drawn at the first write after a start, and again after a refusal.
    pub run: Run,
}

impl Author {
    /// The author's public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.key.public()
    }

    /// Signs the next entry of this author's log in `document`. `grant` is used where the log begins.
    #[must_use]
    pub fn write(&self, ledger: &Ledger, document: DocId, grant: Option<RowName>, payload: Vec<u8>, now: Ms) -> SignedEntry {
        let key = self.public();
        let log = LogId { document, key, run: self.run };
        let (sequence, before) = match last_in(ledger, &log) {
            Some((sequence, id)) => (sequence + 1, Before::Previous(id)),
            None => (1, Before::Start { grant, link: ledger.last_of(&document, key) }),
        };
        SignedEntry::sign(Header { log, sequence, before, time: now }, payload, &self.key, &ledger.network)
    }
}

impl Author {
    /// Signs several entries of one act, each behind the one before it in its document.
    pub fn write_all(
        &self,
        ledger: &Ledger,
        writes: impl IntoIterator<Item = (DocId, Option<RowName>, Vec<u8>)>,
        now: Ms,
    ) -> Vec<SignedEntry> {
        let mut last: std::collections::BTreeMap<DocId, (u64, EntryId)> = std::collections::BTreeMap::new();
        let signed = writes.into_iter().map(|(document, grant, payload)| {
            let entry = match last.get(&document) {
                Some((sequence, id)) => {
                    let log = LogId { document, key: self.public(), run: self.run };
                    let header = Header { log, sequence: sequence + 1, before: Before::Previous(*id), time: now };
                    SignedEntry::sign(header, payload, &self.key, &ledger.network)
                }
                None => self.write(ledger, document, grant, payload, now),
            };
            last.insert(document, (entry.header.sequence, entry.id));
            entry
        });
        signed.collect()
    }
}

/// The highest entry of a log; of a fork's branches that count the lowest id.
fn last_in(ledger: &Ledger, log: &LogId) -> Option<(u64, EntryId)> {
    let entries = ledger.document(&log.document)?.logs.get(&(log.key, log.run))?;
    let counted = |ids: &Vec<EntryId>| ids.iter().find(|id| !ledger.is_surplus_entry(id)).copied();
    entries.iter().rev().find_map(|(sequence, ids)| counted(ids).map(|id| (*sequence, id)))
}

/// A standing, open grant that lets `key` write in `document`; of several the one with the lowest name. In the root's registry the root statement that names it.
#[must_use]
pub fn grant_for(ledger: &Ledger, key: PublicKey, document: &DocId) -> Option<RowName> {
    if *document == DocId::of(OrgId::root(ledger.network), Kind::Registry) {
        return ledger.registry.roots.row_of(key);
    }
    let judge = Judge::new(ledger);
    let mut fitting =
        ledger.registry.grants_of(key).filter(|(_, g)| !g.row.one_use && may_write(document, g.row.role, g.row.org, g.org_kind));
    let granted = fitting.find(|(name, _)| judge.grant_is_open(name)).map(|(name, _)| *name);
    let in_root = *document == DocId::of(OrgId::root(ledger.network), Kind::Registry);
    let root = ledger.registry.root.as_ref().filter(|(_, statement)| in_root && statement.keys.contains(&key));
    granted.or_else(|| root.map(|(name, _)| *name))
}
