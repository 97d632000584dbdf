//! Admission: may an entry enter? A function of the entry and the entries it names; it reads no clock and does not depend on the order of arrival.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::{
    cbor::CborError,
    entries::{Entries, ReadFailed},
    entry::{Before, ENTRY_BYTES_MAX, SignedEntry},
    id::{DocId, EntryId, Kind, NetworkId, OrgId, Run},
    ledger::{GRANT_DEPTH_MAX, Ledger},
    lock,
    op::{self, Op, RegisterOp, RowName, RowOp, RowRef},
    planted::{Check, Planted, is_off},
    registry::{GrantRecord, OrgRow, has_role, is_below, may_write},
    root::Roots,
    rows::{Grant, Lock, Org, OrgKind, Role, Rollup, RootStatement, RowType},
};

/// The run of an invite's one-use key.
pub const ONE_USE_RUN: Run = Run([0; 8]);

/// An entry that may enter: only these reach the store and the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmittedEntry {
    entry: SignedEntry,
    grant: Option<RowName>,
    depth: u32,
    list: Option<Arc<lock::List>>,
}

impl AdmittedEntry {
    /// The entry.
    #[must_use]
    pub fn entry(&self) -> &SignedEntry {
        &self.entry
    }

    /// The grant under which its log was begun.
    #[must_use]
    pub fn grant(&self) -> Option<RowName> {
        self.grant
    }

    /// Depth of that grant.
    #[must_use]
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// The list of open tips that its lock names, where that was here and had the form.
    #[must_use]
    pub(crate) fn list(&self) -> Option<&Arc<lock::List>> {
        self.list.as_ref()
    }

    /// The entry, given away.
    #[must_use]
    pub fn into_entry(self) -> SignedEntry {
        self.entry
    }
}

/// Why an entry may not enter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// An entry it names is not here: it may enter later; its log ends for this session.
    #[error("it names an entry that is not here: {0}")]
    Missing(EntryId),
    /// The payload is not the one form, or over a limit.
    #[error("payload: {0}")]
    Payload(CborError),
    /// The signature is not valid for this network.
    #[error("the signature is not valid")]
    Signature,
    /// Previous or link do not continue this log.
    #[error("it does not continue its log")]
    Continuity,
    /// The key was not given the role that this document asks for.
    #[error("its key does not hold the role that this document asks for")]
    Role,
    /// An invite's key wrote something else than the newcomer's grants.
    #[error("an invite's key may write only the newcomer's grants")]
    OneUse,
    /// It replaces something it may not.
    #[error("it replaces a row or value it may not replace")]
    Replaces,
    /// A register is written twice in one entry.
    #[error("it writes one register twice")]
    RegisterTwice,
    /// An organisation, grant or root row that is not well formed.
    #[error("registry row: {0}")]
    RegistryRow(&'static str),
    /// A grant further from the root than [`GRANT_DEPTH_MAX`].
    #[error("the grant lies too far from the root")]
    Depth,
    /// The store could not be read.
    #[error("the store could not be read: {0}")]
    Read(#[from] ReadFailed),
}

impl Refusal {
    /// Its number on the wire; never reused.
    #[must_use]
    pub fn code(&self) -> u64 {
        match self {
            Self::Missing(_) => 1,
            Self::Payload(_) => 2,
            Self::Signature => 3,
            Self::Continuity => 4,
            Self::Role => 5,
            Self::OneUse => 6,
            Self::Replaces => 7,
            Self::RegisterTwice => 8,
            Self::RegistryRow(_) => 9,
            Self::Read(_) => 10,
            Self::Depth => 11,
        }
    }
}

/// Must the signature still be checked?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// It came from outside.
    Check,
    /// Read back from our own store, where only checked entries lie.
    Checked,
    /// [`SignedEntry::is_signed`] was asked before and said this: many signatures can be checked at once, on several cores.
    Known(bool),
}

impl Signature {
    fn is_valid(self, entry: &SignedEntry, network: &NetworkId) -> bool {
        match self {
            Self::Check => entry.is_signed(network),
            Self::Checked => true,
            Self::Known(valid) => valid,
        }
    }
}

/// Rows of which an entry holds one: a lock closes one year and names one list, a rollup is verified by the name of its entry.
const ALONE: [(Kind, u16, Check, &str); 2] = [
    (Kind::Review, Lock::TYPE, Check::OneLock, "more than one lock in an entry"),
    (Kind::Rollup, Rollup::TYPE, Check::OneRollup, "more than one rollup in an entry"),
];

fn check_alone(kind: Kind, ops: &[Op<'_>]) -> Result<(), Refusal> {
    let count = |row_type| ops.iter().filter(|o| matches!(o, Op::Row(r) if r.row_type == row_type)).count();
    let twice = |(of, row_type, check, _): &&(Kind, u16, Check, _)| *of == kind && count(*row_type) > 1 && !is_off(*check);
    let found = ALONE.iter().find(twice);
    found.map_or(Ok(()), |(.., what)| Err(Refusal::Payload(CborError { at: 0, what })))
}

impl Ledger {
    /// May this entry enter, given what it names?
    ///
    /// # Errors
    /// The first rule that refuses it.
    pub fn admit(&self, entries: &dyn Entries, entry: SignedEntry, signature: Signature) -> Result<AdmittedEntry, Refusal> {
        check_form(&entry)?;
        let ops = op::parse(&entry.payload).map_err(Refusal::Payload)?;
        let (grant, depth) = self.admit_log(&entry, &ops)?;
        let context = Named { ledger: self, entries, entry: &entry, grant, depth };
        context.admit_ops(&ops)?;
        check_alone(entry.header.log.document.kind, &ops)?;
        if entry.header.log.document.kind == Kind::Registry {
            context.admit_registry(&ops)?;
        }
        if !signature.is_valid(&entry, &self.network) && !is_off(Check::Signature) {
            return Err(Refusal::Signature);
        }
        let list = self.locks.list(&entry, entries);
        Ok(AdmittedEntry { grant, depth, list, entry })
    }

    /// Continuity, and the grant of the log: its row and depth.
    fn admit_log(&self, entry: &SignedEntry, ops: &[Op<'_>]) -> Result<(Option<RowName>, u32), Refusal> {
        let h = &entry.header;
        match h.before {
            Before::Previous(previous) => {
                let p = self.place(&previous).ok_or(Refusal::Missing(previous))?;
                let is_next = p.log == h.log && p.sequence.checked_add(1) == Some(h.sequence);
                let is_first_use = h.log.run != ONE_USE_RUN || is_off(Check::OneUseOnce);
                if (is_next || is_off(Check::Continuity)) && is_first_use {
                    Ok((p.grant, p.depth))
                } else {
                    Err(Refusal::Continuity)
                }
            }
            Before::Start { grant, link } => {
                if let Some(link) = link {
                    let p = self.place(&link).ok_or(Refusal::Missing(link))?;
                    let is_own = p.log.document == h.log.document && p.log.key == h.log.key && p.log.run != h.log.run;
                    if !is_own && !is_off(Check::Link) {
                        return Err(Refusal::Continuity);
                    }
                }
                Ok((grant, self.admit_start(entry, grant, ops)?))
            }
        }
    }

    /// Does the key hold the role? Returns the depth of the grant.
    fn admit_start(&self, entry: &SignedEntry, grant: Option<RowName>, ops: &[Op<'_>]) -> Result<u32, Refusal> {
        let log = &entry.header.log;
        let root = DocId::of(OrgId::root(self.network), Kind::Registry);
        let Some(name) = grant else {
            let is_root = is_root_statement(ops, entry, &self.network) || is_successors_own(ops, entry);
            return if log.document == root && is_root { Ok(0) } else { Err(Refusal::Role) };
        };
        self.place(&name.entry).ok_or(Refusal::Missing(name.entry))?;
        if let Some(record) = self.registry.roots.get(&name) {
            let is_root_key = record.statement.keys.contains(&log.key) || is_off(Check::RootKeys);
            return if log.document == root && is_root_key { Ok(0) } else { Err(Refusal::Role) };
        }
        let is_own = |g: &&GrantRecord| g.row.key == log.key || self.is_planted(Planted::GrantKeyUnchecked);
        let g = self.registry.grants.get(&name).filter(is_own).ok_or(Refusal::Role)?;
        let fits = if g.row.one_use {
            log.document == DocId::of(g.registry, Kind::Registry)
                && log.run == ONE_USE_RUN
                && entry.header.before.parent().is_none()
        } else {
            log.run != ONE_USE_RUN && may_write(&log.document, g.row.role, g.row.org, g.org_kind)
        };
        if !fits || !(g.row.one_use || self.is_moved_from_above(g)) {
            return Err(Refusal::Role);
        }
        if g.row.one_use && !is_use_of(&g.row, name.entry, entry.id, ops) && !is_off(Check::OneUseContent) {
            return Err(Refusal::OneUse);
        }
        Ok(g.depth)
    }

    /// Whoever holds the organisation's documents holds the registries that may place it, and no others: what rests on a move by anybody else, or under somebody whom the mover is not above, could be admitted by some of them only.
    fn is_moved_from_above(&self, g: &GrantRecord) -> bool {
        let Some(moved) = g.moved.and_then(|m| self.registry.row(&m)) else { return true };
        let is_from_above = self.registry.may_ever_place(g.row.org, moved.registry, g.registry)
            || (g.registry == g.row.org && self.registry.was_created_under(g.registry, moved.registry));
        (is_from_above && self.registry.was_created_as(g.row.org, moved.row.kind)) || is_off(Check::GrantMovedFromAbove)
    }
}

/// Entries put together from a frame's parts must have a byte form, and keep within the limits of those that were read.
fn check_form(entry: &SignedEntry) -> Result<(), Refusal> {
    let h = &entry.header;
    let refused = |what| Err(Refusal::Payload(CborError { at: 0, what }));
    if (h.sequence == 1) != matches!(h.before, Before::Start { .. }) || h.sequence == 0 {
        return Err(Refusal::Continuity);
    }
    if !h.log.document.is_well_formed() || h.log.document.subject == Some(OrgId([0; 8])) {
        return refused("the kind of document has no such period or subject");
    }
    // The header and the frame around it take less than half of this.
    let is_near = entry.payload.len() + 1024 > ENTRY_BYTES_MAX;
    if is_near && entry.to_bytes().len() > ENTRY_BYTES_MAX && !is_off(Check::EntryLength) {
        refused("entry too long")
    } else {
        Ok(())
    }
}

/// `[row 6 number 0, …]` whose hash is the network's name, by one of its own keys.
fn is_root_statement(ops: &[Op<'_>], entry: &SignedEntry, network: &NetworkId) -> bool {
    let Some(Op::Row(row)) = ops.first() else { return false };
    let hash: [u8; 32] = Sha256::digest(row.fields).into();
    let statement = RootStatement::from_fields(row.fields);
    row.row_type == RootStatement::TYPE
        && (hash == network.0 || is_off(Check::RootStatement))
        && statement.is_ok_and(|s| {
            let n = s.row.keys.len();
            s.row.number == 0 && (1..=n).contains(&usize::from(s.row.m)) && n <= 16 && s.row.keys.contains(&entry.header.log.key)
        })
}

/// A successor of the root statement at the head of a log of one of its own keys; whether it is signed by its predecessor's is asked next.
fn is_successors_own(ops: &[Op<'_>], entry: &SignedEntry) -> bool {
    let Some(Op::Row(row)) = ops.first() else { return false };
    let statement = RootStatement::from_fields(row.fields).map(|r| r.row);
    let is_own = |s: RootStatement| s.number > 0 && s.keys.contains(&entry.header.log.key);
    row.row_type == RootStatement::TYPE && statement.is_ok_and(is_own)
}

/// Nothing but the newcomer's grants: the person's with the invite's organisation, role and office, and the node's.
fn is_use_of(invite: &Grant, invited_in: EntryId, entry: EntryId, ops: &[Op<'_>]) -> bool {
    let grants = ops.iter().map(|o| match o {
        Op::Row(r) if r.row_type == Grant::TYPE && r.replaces.is_empty() => Grant::from_fields(r.fields).ok().map(|g| g.row),
        _ => None,
    });
    let Some(grants) = grants.collect::<Option<Vec<_>>>() else { return false };
    let same = |g: &Grant| !g.one_use && g.org == invite.org && g.basis.resolve(entry) == invite.basis.resolve(invited_in);
    match grants.as_slice() {
        [person] => same(person) && person.role == invite.role && person.office == invite.office,
        [person, node] => {
            same(person) && same(node) && person.role == invite.role && person.office == invite.office && node.role == Role::Node
        }
        _ => false,
    }
}

/// May a row here replace one there? Who stands below whom is asked for another document only: an entry replaces up to 1,800 rows.
fn may_replace(here: &DocId, there: &DocId, is_below: impl FnOnce() -> bool) -> bool {
    there == here || is_below() || is_off(Check::ReplacesBelow) || is_off(Check::ReplacesHere)
}

/// An entry with access to what it names.
struct Named<'a> {
    ledger: &'a Ledger,
    entries: &'a dyn Entries,
    entry: &'a SignedEntry,
    /// The grant of its log.
    grant: Option<RowName>,
    /// Its depth.
    depth: u32,
}

impl Named<'_> {
    fn admit_ops(&self, ops: &[Op<'_>]) -> Result<(), Refusal> {
        let mut keys: Vec<&str> = Vec::new();
        for o in ops {
            match o {
                Op::Row(row) => row.replaces.iter().try_for_each(|r| self.admit_replaced_row(r))?,
                Op::Register(register) => {
                    if keys.contains(&register.key) && !is_off(Check::RegisterOnce) {
                        return Err(Refusal::RegisterTwice);
                    }
                    keys.push(register.key);
                    self.admit_register(register)?;
                }
            }
        }
        Ok(())
    }

    /// A replaced row lies in the same document or, for a review, in a review of the same subject.
    fn admit_replaced_row(&self, r: &RowRef) -> Result<(), Refusal> {
        let here = self.entry.header.log.document;
        let there = r.document.unwrap_or(here);
        let is_review_of_same = here.kind == Kind::Review && there.kind == Kind::Review && there.subject == here.subject;
        let is_elsewhere = there != here && !is_review_of_same && !is_off(Check::ReplacesHere);
        if is_elsewhere || r.document == Some(here) {
            return Err(Refusal::Replaces);
        }
        let id = r.entry.ok_or(Refusal::Replaces)?;
        let payload = self.payload(id, there)?;
        // A review of the same subject by an organisation below, as created; that one's grants, which its entries name, lead up through the tree.
        if !may_replace(&here, &there, || self.ledger.registry.was_created_under(there.owner, here.owner)) {
            return Err(Refusal::Replaces);
        }
        let ops = op::parse(&payload).map_err(|_| Refusal::Replaces)?;
        if matches!(ops.get(usize::from(r.index)), Some(Op::Row(_))) { Ok(()) } else { Err(Refusal::Replaces) }
    }

    /// A register replaces entries of this document that wrote this key; else the derived document could not be loaded.
    fn admit_register(&self, register: &RegisterOp<'_>) -> Result<(), Refusal> {
        for id in &register.replaces {
            let payload = self.payload(*id, self.entry.header.log.document)?;
            let ops = op::parse(&payload).map_err(|_| Refusal::Replaces)?;
            let wrote_it = ops.iter().any(|o| matches!(o, Op::Register(r) if r.key == register.key));
            if !wrote_it && !self.ledger.is_planted(Planted::RegisterReplacesUnchecked) {
                return Err(Refusal::Replaces);
            }
        }
        Ok(())
    }

    fn payload(&self, id: EntryId, document: DocId) -> Result<Vec<u8>, Refusal> {
        let place = self.ledger.place(&id).ok_or(Refusal::Missing(id))?;
        if place.log.document != document {
            return Err(Refusal::Replaces);
        }
        let bytes = self.entries.entry(&id)?.ok_or(Refusal::Missing(id))?;
        SignedEntry::parse(&bytes, &self.ledger.network).map(|e| e.payload).map_err(|_| Refusal::Missing(id))
    }

    /// Rows of types 1, 2 and 6 must be well formed: other entries rest on them.
    fn admit_registry(&self, ops: &[Op<'_>]) -> Result<(), Refusal> {
        let mut own: Vec<OrgRow> = Vec::new();
        for (i, o) in ops.iter().enumerate() {
            let Op::Row(row) = o else { continue };
            let name = RowName { entry: self.entry.id, index: u16::try_from(i).unwrap_or(u16::MAX) };
            match row.row_type {
                Org::TYPE => own.push(self.admit_org(name, row)?),
                Grant::TYPE => self.admit_grant(row, &own)?,
                RootStatement::TYPE => self.admit_root(name, row)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// The first statement, which its network's name proves, or a successor: first in its entry, in the root's registry, by a key of its predecessor or its own.
    fn admit_root(&self, name: RowName, row: &RowOp<'_>) -> Result<(), Refusal> {
        let refused = |what| Err(Refusal::RegistryRow(what));
        let header = &self.entry.header;
        let Ok(read) = RootStatement::from_fields(row.fields) else { return refused("root statement not readable") };
        let begins = matches!(header.before, Before::Start { grant: None, .. });
        if name.index > 0 || header.log.document.owner != OrgId::root(self.ledger.network) {
            return refused("a root statement stands first in its entry, in the root's registry");
        }
        if read.row.number == 0 {
            return if begins { Ok(()) } else { refused("the first root statement begins its log") };
        }
        let roots = &self.ledger.registry.roots;
        let replaces = row.replaces.iter().map(|r| r.resolve(self.entry.id)).collect();
        let record = Roots::record(&self.ledger.network, read.row, replaces);
        roots.check(&self.ledger.network, &record).map_err(Refusal::RegistryRow)?;
        let mut may = record.replaces.iter().filter_map(|r| roots.get(r)).chain([&record]);
        if may.any(|r| r.statement.keys.contains(&header.log.key)) { Ok(()) } else { Err(Refusal::Role) }
    }

    /// A creation, or a row without `random` that describes or moves an organisation. That one replaces rows about the same organisation in this
    /// registry and nothing else; whether this registry may place it there is a matter of standing, for whoever reads this registry need not know the organisation.
    fn admit_org(&self, name: RowName, row: &RowOp<'_>) -> Result<OrgRow, Refusal> {
        let org = Org::from_fields(row.fields).map_err(|_| Refusal::RegistryRow("organisation not readable"))?.row;
        let registry = &self.ledger.registry;
        let owner = self.entry.header.log.document.owner;
        // As the grant of this log says it, for the same organisation may have been created twice; none for the root.
        let above = self.grant.and_then(|g| registry.grants.get(&g)).map(|g| g.org_kind);
        let is_below = above.map_or(org.kind.certifies(), |above| is_below(org.kind, above));
        match org.random {
            Some(_) if org.parent != owner && !is_off(Check::OrgParent) => {
                return Err(Refusal::RegistryRow("the organisation's id is not that of its creation"));
            }
            Some(random) if OrgId::derive(owner, random) != org.org && !is_off(Check::OrgId) => {
                return Err(Refusal::RegistryRow("the organisation's id is not that of its creation"));
            }
            _ if !is_below && !is_off(Check::OrgOrder) => {
                return Err(Refusal::RegistryRow("an organisation of this kind does not belong under this one"));
            }
            _ => {}
        }
        let filed = registry.org_row(owner, name, &row.replaces, org);
        let is_same = |n: &RowName| {
            registry.row(n).is_some_and(|r| r.row.org == filed.row.org && r.registry == owner && r.row.kind == filed.row.kind)
        };
        if filed.row.random.is_none() && !filed.replaces.iter().all(is_same) && !is_off(Check::OrgChange) {
            return Err(Refusal::RegistryRow("a change must replace rows about the same organisation"));
        }
        Ok(filed)
    }

    fn admit_grant(&self, row: &RowOp<'_>, own: &[OrgRow]) -> Result<(), Refusal> {
        let grant = Grant::from_fields(row.fields).map_err(|_| Refusal::RegistryRow("grant not readable"))?.row;
        let basis = grant.basis.resolve(self.entry.id);
        let owner = self.entry.header.log.document.owner;
        let here = own.iter().find(|r| r.name == basis && r.row.org == grant.org);
        let known = || self.ledger.registry.row(&basis).filter(|r| r.row.org == grant.org);
        // The organisation's own registry certifies its staff, the one that created it, and the one under which a row placed it.
        let under = self.grant.and_then(|g| self.ledger.registry.grants.get(&g));
        // The use of an invite rests on what the invite rests on.
        let is_below = |kind: OrgKind| under.map_or(kind.certifies(), |g| g.row.one_use || is_below(kind, g.org_kind));
        let is_kind = |kind| is_below(kind) || is_off(Check::GrantMovedFromAbove);
        let is_moved_here = |r: &OrgRow| r.row.random.is_none() && r.row.parent == owner && is_kind(r.row.kind);
        // Whoever reads this registry reads those above it, and no others: the row must stand where all of them have it.
        let is_above = |r: &OrgRow| {
            r.registry == owner || self.ledger.registry.was_created_under(owner, r.registry) || is_off(Check::GrantGroundAbove)
        };
        let certifies =
            |r: &OrgRow| is_above(r) && (grant.org == owner || (r.is_of_creator && r.registry == owner) || is_moved_here(r));
        let nowhere = is_off(Check::GrantBasis).then_some((true, OrgKind::County));
        let row = here.or_else(known);
        let Some((is_mine, kind)) = row.map(|r| (certifies(r), r.row.kind)).or(nowhere) else {
            return Err(if self.ledger.place(&basis.entry).is_none() && basis.entry != self.entry.id {
                Refusal::Missing(basis.entry)
            } else {
                Refusal::RegistryRow("the grant does not rest on a row of its organisation")
            });
        };
        if !is_mine && !is_off(Check::GrantScope) {
            return Err(Refusal::RegistryRow("this registry does not certify that organisation's staff"));
        }
        if !has_role(kind, grant.role) {
            return Err(Refusal::RegistryRow("an organisation of this kind has no such role"));
        }
        // Standing climbs from grant to grant: a chain without end would be a question without end.
        let moved = row.filter(|r| !r.is_plain_ground(owner)).map(|_| basis);
        let depth = self.ledger.depth_of_grant(self.depth, self.grant, moved);
        if depth > GRANT_DEPTH_MAX && !is_off(Check::GrantDepth) { Err(Refusal::Depth) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn whose_review_lies_below_is_asked_for_rows_of_other_documents_only() {
        let of = |owner| DocId::about(OrgId([owner; 8]), Kind::Review, 2008, OrgId([9; 8]));
        let asked = Cell::new(0);
        let is_below = |answer| {
            asked.set(asked.get() + 1);
            answer
        };
        assert!(may_replace(&of(1), &of(1), || is_below(false)));
        assert_eq!(asked.get(), 0);
        assert!(may_replace(&of(1), &of(2), || is_below(true)));
        assert!(!may_replace(&of(1), &of(2), || is_below(false)));
        assert_eq!(asked.get(), 2);
    }
}
