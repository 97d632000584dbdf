//! Admission: may an entry enter? A function of the entry and the entries it names; it reads no clock and does not depend on the order of arrival.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::{
    cbor::CborError,
    entries::{Entries, ReadFailed},
    entry::{Before, ENTRY_BYTES_MAX, SignedEntry},
    id::{AttachmentId, DocId, EntryId, Kind, NetworkId, OrgId, Run},
    ledger::Ledger,
    lock,
    op::{self, Op, RegisterOp, RowName, RowOp, RowRef},
    planted::{Check, Planted, is_off},
    registry::{GrantRecord, has_role, may_write},
    rows::{Grant, Org, OrgKind, Role, RootStatement, RowType},
    tips::DocumentTips,
};

/// The run of an invite's one-use key.
pub const ONE_USE_RUN: Run = Run([0; 8]);

/// An entry that may enter: only these reach the store and the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmittedEntry {
    entry: SignedEntry,
    grant: Option<RowName>,
    depth: u32,
    lists: BTreeMap<AttachmentId, Vec<DocumentTips>>,
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

    /// The lists of open tips that its locks name, where they were here and had the form.
    #[must_use]
    pub(crate) fn lists(&self) -> &BTreeMap<AttachmentId, Vec<DocumentTips>> {
        &self.lists
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
        let context = Named { ledger: self, entries, entry: &entry, grant };
        context.admit_ops(&ops)?;
        if entry.header.log.document.kind == Kind::Registry {
            context.admit_registry(&ops)?;
        }
        if signature == Signature::Check && !entry.is_signed(&self.network) && !is_off(Check::Signature) {
            return Err(Refusal::Signature);
        }
        let lists = lock::lists(&entry, entries);
        Ok(AdmittedEntry { grant, depth, lists, entry })
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
            return if log.document == root && is_root_statement(ops, entry, &self.network) { Ok(0) } else { Err(Refusal::Role) };
        };
        let granted_in = self.place(&name.entry).ok_or(Refusal::Missing(name.entry))?;
        // Only a root statement's entry has no grant; the same statement may stand in several.
        if granted_in.grant.is_none() && name.index == 0 && granted_in.sequence == 1 {
            let statement = self.registry.root.as_ref().map(|(_, statement)| statement).ok_or(Refusal::Role)?;
            let is_root_key = statement.keys.contains(&log.key) || is_off(Check::RootKeys);
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
        if !fits {
            return Err(Refusal::Role);
        }
        if g.row.one_use && !is_use_of(&g.row, name.entry, entry.id, ops) && !is_off(Check::OneUseContent) {
            return Err(Refusal::OneUse);
        }
        Ok(g.depth)
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

/// An entry with access to what it names.
struct Named<'a> {
    ledger: &'a Ledger,
    entries: &'a dyn Entries,
    entry: &'a SignedEntry,
    /// The grant of its log.
    grant: Option<RowName>,
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
        // A review of the same subject by an organisation below; that one's grants, which its entries name, lead up through the tree.
        let is_below = self.ledger.registry.ancestors(there.owner).contains(&here.owner);
        if there != here && !is_below && !is_off(Check::ReplacesBelow) && !is_off(Check::ReplacesHere) {
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
        let mut own: Vec<(RowName, Org)> = Vec::new();
        for (i, o) in ops.iter().enumerate() {
            let Op::Row(row) = o else { continue };
            let name = RowName { entry: self.entry.id, index: u16::try_from(i).unwrap_or(u16::MAX) };
            match row.row_type {
                Org::TYPE => own.push((name, self.admit_org(row)?)),
                Grant::TYPE => self.admit_grant(row, &own)?,
                RootStatement::TYPE if i > 0 || !matches!(self.entry.header.before, Before::Start { grant: None, .. }) => {
                    return Err(Refusal::RegistryRow("a successor of the root statement is not known to this version"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn admit_org(&self, row: &RowOp<'_>) -> Result<Org, Refusal> {
        let org = Org::from_fields(row.fields).map_err(|_| Refusal::RegistryRow("organisation not readable"))?.row;
        let owner = self.entry.header.log.document.owner;
        let Some(random) = org.random else {
            if is_off(Check::OrgChange) {
                return Ok(org);
            }
            // A change: it replaces rows about the same organisation in this registry; what the organisation is stays.
            let known = self.ledger.registry.orgs.get(&org.org).filter(|o| o.registry == owner);
            let known = known.ok_or(Refusal::RegistryRow("a change of an organisation that this registry did not create"))?;
            let is_same = |n: RowName| known.rows().any(|r| r.name == n && r.row.kind == org.kind);
            let is_change = !row.replaces.is_empty() && row.replaces.iter().all(|r| is_same(r.resolve(self.entry.id)));
            return if is_change {
                Ok(org)
            } else {
                Err(Refusal::RegistryRow("a change must replace rows about the same organisation"))
            };
        };
        let is_child = org.parent == owner || is_off(Check::OrgParent);
        if !is_child || (OrgId::derive(owner, random) != org.org && !is_off(Check::OrgId)) {
            return Err(Refusal::RegistryRow("the organisation's id is not that of its creation"));
        }
        // As the grant of this log says it, for the same organisation may have been created twice; none for the root.
        let above = self.grant.and_then(|g| self.ledger.registry.grants.get(&g)).map(|g| g.org_kind);
        let is_below =
            above.is_none_or(|a| a.certifies() && a.number() < org.kind.number()) && (above.is_some() || org.kind.certifies());
        if is_below || is_off(Check::OrgOrder) {
            Ok(org)
        } else {
            Err(Refusal::RegistryRow("an organisation of this kind does not belong under this one"))
        }
    }

    fn admit_grant(&self, row: &RowOp<'_>, own: &[(RowName, Org)]) -> Result<(), Refusal> {
        let grant = Grant::from_fields(row.fields).map_err(|_| Refusal::RegistryRow("grant not readable"))?.row;
        let basis = grant.basis.resolve(self.entry.id);
        let owner = self.entry.header.log.document.owner;
        let known = self.ledger.registry.orgs.get(&grant.org);
        let here = own.iter().find(|(n, o)| *n == basis && o.org == grant.org).map(|(_, o)| (owner, o.kind));
        let there = known.and_then(|o| o.rows().find(|r| r.name == basis).map(|r| (o.registry, r.row.kind)));
        let nowhere = is_off(Check::GrantBasis).then_some((owner, OrgKind::County));
        let Some((created_in, kind)) = here.or(there).or(nowhere) else {
            return Err(if self.ledger.place(&basis.entry).is_none() && basis.entry != self.entry.id {
                Refusal::Missing(basis.entry)
            } else {
                Refusal::RegistryRow("the grant does not rest on a row of its organisation")
            });
        };
        if created_in != owner && grant.org != owner && !is_off(Check::GrantScope) {
            return Err(Refusal::RegistryRow("this registry does not certify that organisation's staff"));
        }
        if has_role(kind, grant.role) {
            Ok(())
        } else {
            Err(Refusal::RegistryRow("an organisation of this kind has no such role"))
        }
    }
}
