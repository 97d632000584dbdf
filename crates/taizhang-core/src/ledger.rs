//! What a node knows of admitted entries besides their bytes: places in logs, open tips, the registry, what standing needs.
//!
//! A plain value: [`Ledger::admit`] reads it, [`Ledger::insert`] changes it, nothing else does. It is rebuilt from the store at start.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::{
    entry::{Before, SignedEntry},
    id::{DocId, EntryId, Kind, LogId, NetworkId, OrgId, Position, PublicKey, Run},
    lock::Locks,
    names::Names,
    op::{self, Op, RowName},
    planted::{Check, is_off},
    registry::{GrantRecord, Registry},
    root::Roots,
    rows::{self, Accept, Burn, Decision, DecisionTarget, End, EraseConfirm, Grant, Org, Positions, RootStatement, RowType},
    standing::Judge,
};

mod surplus;

use surplus::{Unchosen, Wide};

/// Branches of one fork that are kept, lowest first ids first.
pub const BRANCHES_MAX: usize = 4;
/// Open tips of one key in one document, those that something names apart; branches with the lowest first ids first.
pub const OPEN_TIPS_MAX: usize = 256;
/// Grants between the root and a grant, at most: where every admin was granted by the one before, the organisation above grants anew long before.
pub const GRANT_DEPTH_MAX: u32 = 64;

/// Where an admitted entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its log.
    pub log: LogId,
    /// Its sequence in it.
    pub sequence: u64,
    /// The entry before it: previous, or link of sequence 1.
    pub parent: Option<EntryId>,
    /// The time it claims.
    pub time: crate::units::Ms,
    /// The grant under which its log was begun; none for the root statement's own.
    pub grant: Option<RowName>,
    /// Depth of that grant; 0 for root keys.
    pub depth: u32,
    /// Number in order of arrival here, a local matter.
    pub arrival: u64,
}

/// One document's logs.
#[derive(Clone, Debug, Default)]
pub struct DocState {
    /// Every entry in order of arrival here; entries stand behind those they name.
    pub entries: Vec<EntryId>,
    /// Entries that no later entry names as previous or link.
    tips: BTreeSet<EntryId>,
    /// By (key, run): ids by sequence; more than one at a sequence is a fork.
    pub logs: BTreeMap<(PublicKey, Run), BTreeMap<u64, Vec<EntryId>>>,
    /// Keys whose branches reached a limit.
    wide: BTreeMap<PublicKey, Wide>,
    /// What goes on from an entry, where it or its log's next sequence is forked.
    beside: BTreeMap<EntryId, BTreeSet<EntryId>>,
    /// First entries of logs by what they link to.
    begun: BTreeMap<(PublicKey, Option<EntryId>), BTreeSet<EntryId>>,
    /// First entries of a key's branches, kept or not.
    branches: BTreeMap<PublicKey, BTreeSet<EntryId>>,
}

/// An end, burn or accept with where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Written<T> {
    pub(crate) entry: EntryId,
    pub(crate) document: DocId,
    pub(crate) row: T,
}

/// Of which organisations it must be asked anew where they stand.
#[derive(Clone, Debug, Default)]
struct Unsettled {
    all: bool,
    orgs: BTreeSet<OrgId>,
}

/// The set of admitted entries, reduced to what admission, standing and replication ask of it.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The network it belongs to.
    pub network: NetworkId,
    /// Organisations and grants.
    pub registry: Registry,
    docs: BTreeMap<DocId, DocState>,
    places: BTreeMap<EntryId, Place>,
    /// By the grant that ends.
    pub(crate) ends: BTreeMap<RowName, Vec<Written<End>>>,
    /// By the key.
    pub(crate) burns: BTreeMap<PublicKey, Vec<Written<Burn>>>,
    /// The positions of accepts, by the document that they lie in.
    pub(crate) accepts: BTreeMap<DocId, Vec<Written<Vec<Positions>>>>,
    pub(crate) locks: Locks,
    pub(crate) names: Names,
    registry_revision: u64,
    unsettled: Unsettled,
    /// Does any grant rest on a move?
    pub(crate) rests_on_moves: bool,
    /// (named, by): rows and values replaced, grants and what they rest on; without them an entry cannot be admitted.
    named: BTreeSet<(EntryId, EntryId)>,
    /// (kept, by): what reviews say of their subject's entries, the lists of locks apart, and positions in registries.
    kept: BTreeSet<(EntryId, EntryId)>,
    /// By document: entries on branches beyond the limits.
    shaded: BTreeMap<DocId, BTreeSet<EntryId>>,
    /// By document: entries that rest on surplus ones of documents before it, which nothing here keeps.
    astray: BTreeMap<DocId, BTreeSet<EntryId>>,
    /// They, and what is on branches beyond the limits and no entry outside of such branches keeps.
    surplus: BTreeSet<EntryId>,
    /// Grows whenever other entries may be surplus.
    surplus_revision: u64,
    /// Grows whenever something counts again.
    recounted: u64,
    unchosen: Unchosen,
    /// A bug planted on purpose, for the simulator to find.
    #[cfg(feature = "planted")]
    pub planted: Option<crate::planted::Planted>,
}

impl Ledger {
    /// Nothing known yet of this network.
    #[must_use]
    pub fn new(network: NetworkId) -> Self {
        Self {
            network,
            registry: Registry::default(),
            docs: BTreeMap::new(),
            places: BTreeMap::new(),
            ends: BTreeMap::new(),
            burns: BTreeMap::new(),
            accepts: BTreeMap::new(),
            locks: Locks::default(),
            names: Names::default(),
            registry_revision: 0,
            unsettled: Unsettled::default(),
            rests_on_moves: false,
            named: BTreeSet::new(),
            kept: BTreeSet::new(),
            shaded: BTreeMap::new(),
            astray: BTreeMap::new(),
            surplus: BTreeSet::new(),
            surplus_revision: 0,
            recounted: 0,
            unchosen: Unchosen::default(),
            #[cfg(feature = "planted")]
            planted: None,
        }
    }

    /// Entries known.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.places.len() as u64
    }

    /// Nothing known?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Grows whenever an entry may have changed who may read, write or stand.
    #[must_use]
    pub fn registry_revision(&self) -> u64 {
        self.registry_revision
    }

    /// Where an entry stands.
    #[must_use]
    pub fn place(&self, id: &EntryId) -> Option<&Place> {
        self.places.get(id)
    }

    /// Every document with at least one entry.
    pub fn documents(&self) -> impl Iterator<Item = &DocId> {
        self.docs.keys()
    }

    /// Does anything of the document count? Where all of it is surplus nobody else holds it.
    #[must_use]
    pub fn counts(&self, document: &DocId) -> bool {
        self.docs.get(document).is_some_and(|d| d.entries.iter().any(|e| !self.surplus.contains(e)))
    }

    /// One document's logs.
    #[must_use]
    pub fn document(&self, id: &DocId) -> Option<&DocState> {
        self.docs.get(id)
    }

    /// The document's open tips: entries that no later one names, branches beyond the limit left out.
    #[must_use]
    pub fn open_tips(&self, document: &DocId) -> Vec<EntryId> {
        let Some(doc) = self.docs.get(document) else { return Vec::new() };
        if doc.wide.is_empty() && !self.astray.contains_key(document) {
            return doc.tips.iter().copied().collect();
        }
        // Below a surplus branch the last entry that counts is open again.
        let counted: BTreeSet<EntryId> = doc.entries.iter().filter(|e| !self.surplus.contains(e)).copied().collect();
        let parents: BTreeSet<EntryId> = counted.iter().filter_map(|e| self.places.get(e)?.parent).collect();
        counted.difference(&parents).copied().collect()
    }

    /// Does an entry here name this one outside of its own chain: replace something in it?
    pub(crate) fn is_named_by(&self, named: &EntryId, by: &EntryId) -> bool {
        self.named.contains(&(*named, *by))
    }

    /// Does the entry lie on a branch beyond the limit, and nothing that counts keeps it, or does it rest on such an entry?
    #[must_use]
    pub fn is_surplus_entry(&self, id: &EntryId) -> bool {
        self.surplus.contains(id)
    }

    /// Does any branch of a fork lie beyond the limit?
    #[must_use]
    pub(crate) fn has_surplus(&self) -> bool {
        !self.surplus.is_empty()
    }

    /// How many names of entries are held because reviews and locks keep them.
    #[cfg(test)]
    pub(crate) fn kept_names(&self) -> usize {
        self.kept.len() + self.locks.listed_names()
    }

    /// Grows whenever other entries may be surplus.
    pub(crate) fn surplus_revision(&self) -> u64 {
        self.surplus_revision
    }

    /// Grows whenever entries count again that counted as nothing: they were sent to nobody.
    #[must_use]
    pub fn recounted(&self) -> u64 {
        self.recounted
    }

    /// SHA-256 over the document's id and its open tips: equal where both sides hold the same entries.
    #[must_use]
    pub fn digest(&self, document: &DocId) -> [u8; 32] {
        let mut hash = Sha256::new().chain_update(document.to_bytes());
        for tip in self.open_tips(document) {
            hash.update(tip.0);
        }
        hash.finalize().into()
    }

    /// The entry itself and all that its previous and link reach, nearest first.
    pub fn ancestry(&self, id: EntryId) -> impl Iterator<Item = EntryId> {
        std::iter::successors(Some(id).filter(|i| self.places.contains_key(i)), |i| {
            self.places.get(i).and_then(|p| p.parent).filter(|i| self.places.contains_key(i))
        })
    }

    /// The position of an entry.
    #[must_use]
    pub fn position(&self, id: &EntryId) -> Option<Position> {
        self.places.get(id).map(|p| Position { run: p.log.run, height: p.sequence, id: *id })
    }

    /// The open tip of what `key` wrote in a document, for the link of its next log: the one with the highest arrival, as one machine writes one chain.
    #[must_use]
    pub fn last_of(&self, document: &DocId, key: PublicKey) -> Option<EntryId> {
        let doc = self.docs.get(document)?;
        let mine = doc.tips.iter().filter(|t| !self.surplus.contains(t)).filter_map(|t| self.places.get(t).map(|p| (p, t)));
        mine.filter(|(p, _)| p.log.key == key).max_by_key(|(p, _)| p.arrival).map(|(_, t)| *t)
    }

    /// What one key wrote in a document, log by log.
    pub(crate) fn entries_of(&self, document: &DocId, key: PublicKey) -> impl Iterator<Item = EntryId> {
        let (first, last) = ((key, Run([0; 8])), (key, Run([0xff; 8])));
        let logs = self.docs.get(document).into_iter().flat_map(move |d| d.logs.range(first..=last));
        logs.flat_map(|(_, log)| log.values().flatten().copied())
    }

    /// Ids of entries at one place of a log; several are a fork.
    #[must_use]
    pub fn at(&self, log: &LogId, sequence: u64) -> &[EntryId] {
        let ids = self.docs.get(&log.document).and_then(|d| d.logs.get(&(log.key, log.run))).and_then(|l| l.get(&sequence));
        ids.map_or(&[], Vec::as_slice)
    }

    /// Every place at which two entries stand: proof that their author, or the author's disk, wrote twice.
    pub fn forks(&self) -> impl Iterator<Item = (LogId, u64, &[EntryId])> {
        self.docs.iter().flat_map(|(document, d)| {
            d.logs.iter().flat_map(move |((key, run), log)| {
                let at = LogId { document: *document, key: *key, run: *run };
                log.iter().filter(|(_, ids)| ids.len() > 1).map(move |(n, ids)| (at, *n, ids.as_slice()))
            })
        })
    }

    /// Files an admitted entry and settles what follows from it; an entry known already changes nothing.
    pub fn insert(&mut self, admitted: &crate::admission::AdmittedEntry) {
        self.file(admitted);
        self.settle();
    }

    /// Files an admitted entry of many: which branches are kept and where organisations stand is asked once for all of them, by [`Self::settle`], before anybody else
    /// asks. Admission never does.
    pub fn file(&mut self, admitted: &crate::admission::AdmittedEntry) {
        let e = admitted.entry();
        if self.places.contains_key(&e.id) {
            return;
        }
        let place = Place {
            log: e.header.log,
            sequence: e.header.sequence,
            parent: e.header.before.parent(),
            time: e.header.time,
            grant: admitted.grant(),
            depth: admitted.depth(),
            arrival: self.len(),
        };
        self.places.insert(e.id, place);
        self.locks.file(e, admitted.list());
        let kept = kept_by(e);
        self.kept.extend(kept.iter().map(|n| (*n, e.id)));
        let named = named_by(e);
        self.named.extend(named.iter().map(|n| (*n, e.id)));
        let is_astray = self.is_led_astray(e, &named);
        let document = &e.header.log.document;
        let keeps_surplus = self.keeps_any(document, &[named, kept].concat())
            || self.list_keeps_any(document, admitted.list().map(AsRef::as_ref));
        self.file_in_document(e, is_astray, keeps_surplus);
        match e.header.log.document.kind {
            Kind::Registry => self.file_registry_rows(e),
            Kind::Review => {
                self.file_accepts(e);
                self.names.file(e);
            }
            Kind::Identity => self.names.file(e),
            _ => {}
        }
        if e.header.log.document.kind == Kind::Registry {
            row_ops(e).iter().for_each(|(_, row)| self.unsettle(&e.header.log.document, row));
        }
    }

    /// Which organisations may stand elsewhere for this row? A grant moves only those of which a row waits for its author to hold the role.
    fn unsettle(&mut self, registry: &DocId, row: &op::RowOp<'_>) {
        match row.row_type {
            Org::TYPE => {
                let Ok(org) = Org::from_fields(row.fields).map(|p| p.row) else { return };
                // What lies below it, or is placed below it, rests on how it was created.
                let creates = org.random.is_some() && !is_off(Check::CreationSettles);
                if creates && self.registry.is_awaited(org.org) {
                    self.unsettled.all = true;
                    self.choose_later(registry, None);
                }
                self.unsettled.orgs.insert(org.org);
            }
            Grant::TYPE => self.unsettled.orgs.extend(self.registry.with_idle()),
            RootStatement::TYPE | End::TYPE | Burn::TYPE | Accept::TYPE => self.unsettled.all = true,
            _ => {}
        }
    }

    /// Settles all that follows from what was filed.
    pub fn settle(&mut self) {
        self.choose();
        self.settle_tree();
    }

    /// Settles where organisations stand: which branches are kept in other documents than registries may wait for more entries.
    pub fn settle_registries(&mut self) {
        if self.unchosen.in_registries() {
            self.choose();
        }
        self.settle_tree();
    }

    /// Settles what was filed if something that counted as nothing may count again: what goes on from that may come next.
    pub fn settle_kept(&mut self) {
        if self.unchosen.may_keep() {
            self.settle();
        }
    }

    /// Who stands where in the tree follows from what stands; no standing in registries follows from the tree.
    fn settle_tree(&mut self) {
        let Unsettled { all, orgs } = std::mem::take(&mut self.unsettled);
        if !self.registry.is_told() || (!all && orgs.is_empty()) {
            return;
        }
        let judge = Judge::new(self);
        let judged = self.registry.judged((!all).then_some(&orgs), &|id| judge.stands(id));
        self.registry.hold(judged);
    }

    fn file_registry_rows(&mut self, e: &SignedEntry) {
        self.registry_revision += 1;
        let registry = e.header.log.document.owner;
        let depth = self.places.get(&e.id).map_or(0, |p| p.depth);
        for (name, row) in row_ops(e) {
            match row.row_type {
                Org::TYPE => {
                    if let Ok(org) = Org::from_fields(row.fields) {
                        let filed = self.registry.org_row(registry, name, &row.replaces, org.row);
                        self.registry.insert_org(filed);
                    }
                }
                Grant::TYPE => self.file_grant(registry, depth, name, row.fields),
                RootStatement::TYPE if name.index == 0 => self.file_root(name, &row),
                End::TYPE => {
                    if let Ok(end) = End::from_fields(row.fields) {
                        self.ends.entry(end.row.grant.resolve(e.id)).or_default().push(Written::of(e, end.row));
                    }
                }
                Burn::TYPE => {
                    if let Ok(burn) = Burn::from_fields(row.fields) {
                        self.burns.entry(burn.row.key).or_default().push(Written::of(e, burn.row));
                    }
                }
                Accept::TYPE => self.file_accept(e, row.fields),
                _ => {}
            }
        }
    }

    fn file_root(&mut self, name: RowName, row: &op::RowOp<'_>) {
        let Ok(read) = RootStatement::from_fields(row.fields) else { return };
        if read.row.number == 0 {
            // The same row may stand in several entries: the lowest name is shown, whatever came first.
            let lowest = self.registry.root.take().filter(|(known, _)| *known < name);
            self.registry.root = Some(lowest.unwrap_or_else(|| (name, read.row.clone())));
        }
        let replaces = row.replaces.iter().map(|r| r.resolve(name.entry)).collect();
        self.registry.roots.insert(name, Roots::record(&self.network, read.row, replaces));
    }

    fn file_grant(&mut self, registry: OrgId, depth: u32, name: RowName, fields: &[u8]) {
        let Ok(grant) = Grant::from_fields(fields) else { return };
        let basis = grant.row.basis.resolve(name.entry);
        let Some((org_kind, is_plain)) = self.rests_on(registry, grant.row.org, basis) else { return };
        let moved = (!is_plain).then_some(basis);
        let depth = self.depth_of_grant(depth, self.places.get(&name.entry).and_then(|p| p.grant), moved);
        self.registry.insert_grant(name, GrantRecord { row: grant.row, registry, depth, org_kind, moved });
        self.rests_on_moves |= moved.is_some();
    }

    /// How far from the root a grant lies that is written at this depth, under this grant, resting on this row where it moved the organisation.
    pub(crate) fn depth_of_grant(&self, depth: u32, under: Option<RowName>, moved: Option<RowName>) -> u32 {
        // A newcomer stands where the invite stands: as near to the root as if the admin had granted directly.
        let by_invite = under.and_then(|g| self.registry.grants.get(&g)).is_some_and(|g| g.row.one_use);
        // What rests on a move is judged after the move: so it lies deeper.
        let moved_at = moved.and_then(|m| self.places.get(&m.entry)).map_or(0, |p| p.depth);
        if by_invite { depth } else { depth.max(moved_at).saturating_add(1) }
    }

    /// The kind of organisation that a grant's basis says, and whether it is the creator's own word, given in its registry or the organisation's.
    fn rests_on(&self, registry: OrgId, org: OrgId, basis: RowName) -> Option<(rows::OrgKind, bool)> {
        let row = self.registry.row(&basis).filter(|r| r.row.org == org || is_off(Check::GrantBasis))?;
        Some((row.row.kind, row.is_plain_ground(registry)))
    }

    fn file_accepts(&mut self, e: &SignedEntry) {
        for (_, row) in row_ops(e) {
            if row.row_type == Accept::TYPE {
                self.registry_revision += 1;
                self.file_accept(e, row.fields);
            }
        }
    }

    fn file_accept(&mut self, e: &SignedEntry, fields: &[u8]) {
        let mut by_document: BTreeMap<DocId, Vec<Positions>> = BTreeMap::new();
        for p in Accept::from_fields(fields).map(|a| a.row.positions).unwrap_or_default() {
            by_document.entry(p.document).or_default().push(p);
        }
        for (document, positions) in by_document {
            self.accepts.entry(document).or_default().push(Written::of(e, positions));
        }
    }
}

impl<T> Written<T> {
    fn of(e: &SignedEntry, row: T) -> Self {
        Self { entry: e.id, document: e.header.log.document, row }
    }
}

/// What an entry rests on outside of its own chain.
fn named_by(e: &SignedEntry) -> Vec<EntryId> {
    let mut names: Vec<EntryId> = Vec::new();
    if let Before::Start { grant, .. } = e.header.before {
        names.extend(grant.map(|g| g.entry));
    }
    for o in op::parse(&e.payload).unwrap_or_default() {
        match o {
            Op::Row(row) => {
                names.extend(row.replaces.iter().filter_map(|r| r.entry));
                let is_grant = e.header.log.document.kind == Kind::Registry && row.row_type == Grant::TYPE;
                names.extend(Grant::from_fields(row.fields).ok().filter(|_| is_grant).and_then(|g| g.row.basis.entry));
            }
            Op::Register(register) => names.extend(register.replaces),
        }
    }
    names
}

fn ids(positions: &[Positions]) -> Vec<EntryId> {
    positions.iter().map(|p| p.id).collect()
}

/// Entries that the rows of a review or registry say something of: accepted, decided on, confirmed; positions. What was decided on cannot be driven out by branches that its author's key adds later.
fn kept_by(e: &SignedEntry) -> Vec<EntryId> {
    let said = row_ops(e).into_iter().map(|(_, row)| match e.header.log.document.kind {
        Kind::Review => said_in_review(&row),
        Kind::Registry => positions_in_registry(&row),
        _ => Vec::new(),
    });
    said.flatten().collect()
}

fn positions_in_registry(row: &op::RowOp<'_>) -> Vec<EntryId> {
    match row.row_type {
        End::TYPE => End::from_fields(row.fields).map_or(Vec::new(), |e| ids(&e.row.positions.unwrap_or_default())),
        RootStatement::TYPE => {
            RootStatement::from_fields(row.fields).map_or(Vec::new(), |r| ids(&r.row.positions.unwrap_or_default()))
        }
        Burn::TYPE => Burn::from_fields(row.fields).map_or(Vec::new(), |b| ids(&b.row.positions)),
        Accept::TYPE => Accept::from_fields(row.fields).map_or(Vec::new(), |a| ids(&a.row.positions)),
        _ => Vec::new(),
    }
}

fn said_in_review(row: &op::RowOp<'_>) -> Vec<EntryId> {
    match row.row_type {
        Accept::TYPE => Accept::from_fields(row.fields).map_or(Vec::new(), |a| ids(&a.row.positions)),
        Decision::TYPE => Decision::from_fields(row.fields).map_or(Vec::new(), |d| match d.row.target {
            DecisionTarget::Rows { rows, .. } => rows.into_iter().map(|(entry, _)| entry).collect(),
            DecisionTarget::Sheet { sheet, .. } => sheet.entry.into_iter().collect(),
        }),
        EraseConfirm::TYPE => {
            EraseConfirm::from_fields(row.fields).map_or(Vec::new(), |c| c.row.erase.entry.into_iter().collect())
        }
        _ => Vec::new(),
    }
}

/// The rows of an admitted entry with their names.
pub fn row_ops(e: &SignedEntry) -> Vec<(RowName, op::RowOp<'_>)> {
    let ops = op::parse(&e.payload).unwrap_or_default();
    let named = ops.into_iter().enumerate().filter_map(|(i, o)| match o {
        Op::Row(row) => Some((RowName { entry: e.id, index: u16::try_from(i).ok()? }, row)),
        Op::Register(_) => None,
    });
    named.collect()
}
