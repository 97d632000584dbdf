//! A network to mutate: a city, a county, its schools and an organiser, people with keys, documents of every kind with rows, registers, replaces, restarts and forks.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use taizhang_core::{
    admission::Signature,
    author::{Author, grant_for},
    cbor::Value,
    entries::{Entries, ReadFailed},
    entry::SignedEntry,
    founding::{Invite, NewGrant, NewOrg, found},
    id::{AttachmentId, DocId, EntryId, Kind, NetworkId, OrgId, PublicKey, Run},
    key::SecretKey,
    ledger::Ledger,
    op::{PayloadBuilder, RowName, RowRef},
    rows::{Grant, Org, OrgKind, Role, RowType, field::Field},
    units::{Day, Ms},
};

use super::rows;

/// The day on which the network begins.
pub const DAY: Day = Day(19_800);
/// The year of its documents.
pub const YEAR: u16 = 2024;

/// What a node holds.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    /// Entries by id.
    pub entries: BTreeMap<EntryId, Vec<u8>>,
    /// Entries just stored, as they were given: no copy, so that a store's memory is not taken for the hub's.
    pub fresh: BTreeMap<EntryId, SignedEntry>,
    /// Attachments by id.
    pub attachments: BTreeMap<AttachmentId, Vec<u8>>,
}

impl Shelf {
    /// Puts what was just stored to the rest; gives it back sorted by id.
    pub fn settle(&mut self) -> Vec<SignedEntry> {
        let fresh = std::mem::take(&mut self.fresh);
        self.entries.extend(fresh.iter().map(|(id, e)| (*id, e.to_bytes())));
        fresh.into_values().collect()
    }
}

impl Entries for Shelf {
    fn entry(&self, id: &EntryId) -> Result<Option<Vec<u8>>, ReadFailed> {
        Ok(self.entries.get(id).cloned().or_else(|| self.fresh.get(id).map(SignedEntry::to_bytes)))
    }
    fn attachment(&self, id: &AttachmentId) -> Result<Option<Vec<u8>>, ReadFailed> {
        Ok(self.attachments.get(id).cloned())
    }
}

/// Somebody who may write in a document.
#[derive(Clone, Copy, Debug)]
pub struct Seat {
    /// Whose key.
    pub key: PublicKey,
    /// Since which start.
    pub run: Run,
    /// Where.
    pub document: DocId,
    /// Under which grant.
    pub grant: Option<RowName>,
}

/// The network as founded; rounds work on clones of its ledger.
pub struct Network {
    /// Its name.
    pub id: NetworkId,
    /// Everything admitted so far.
    pub ledger: Ledger,
    /// The same as bytes.
    pub shelf: Shelf,
    /// The same in order.
    pub entries: Vec<SignedEntry>,
    /// Seeds of all keys.
    pub seeds: BTreeMap<PublicKey, [u8; 32]>,
    /// Who writes where.
    pub seats: Vec<Seat>,
    /// The county, whose node is under test.
    pub county: OrgId,
    /// An open invite of the county.
    pub invite: Invite,
    /// Ids, keys, names, references and positions that occur, as CBOR.
    pub known: Vec<Value>,
    /// An attachment that rows name.
    pub attachment: Vec<u8>,
}

fn seed(who: &str) -> [u8; 32] {
    Sha256::digest(who).into()
}

/// The key of whoever bears this name.
#[must_use]
pub fn secret(who: &str) -> SecretKey {
    SecretKey::from_seed(seed(who))
}

/// Its public half.
#[must_use]
pub fn key(who: &str) -> PublicKey {
    secret(who).public()
}

fn registry(of: OrgId) -> DocId {
    DocId::of(of, Kind::Registry)
}

impl Network {
    /// Founds it; the same every time.
    #[must_use]
    pub fn found() -> Self {
        let root = Author { key: secret("root"), run: Run([1; 8]) };
        let city = NewOrg { code: "3301".into(), kind: OrgKind::City, name: "杭州".into(), random: [1; 8] };
        let now = Ms::start_of(DAY);
        let (id, first) = found(&root, &city, (key("city-admin"), Some([9; 32])), key("city-node"), "市管理员", now);
        let placeholder = RowName { entry: first.id, index: 0 };
        let city = city.row(OrgId::root(id), DAY).org;
        let row = NewGrant {
            key: key("invite"),
            role: Role::Clerk,
            office: None,
            org: city,
            basis: placeholder.here(),
            seal_key: None,
        };
        let row = Invite::grant_row(&row, "邀请", DAY, Ms(u64::MAX));
        let mut n = Self {
            id,
            ledger: Ledger::new(id),
            shelf: Shelf::default(),
            entries: Vec::new(),
            seeds: BTreeMap::new(),
            seats: Vec::new(),
            county: city,
            invite: Invite { network: id, registry: city, grant: placeholder, row, key: secret("invite") },
            known: Vec::new(),
            attachment: b"open tips".repeat(40),
        };
        n.shelf.attachments.insert(AttachmentId(Sha256::digest(&n.attachment).into()), n.attachment.clone());
        n.take(first);
        n.people(city);
        n.know();
        n
    }

    fn take(&mut self, e: SignedEntry) -> EntryId {
        let admitted = self.ledger.admit(&self.shelf, e, Signature::Check).expect("the base network is admitted");
        self.ledger.insert(&admitted);
        let e = admitted.into_entry();
        let id = e.id;
        self.shelf.entries.insert(id, e.to_bytes());
        self.entries.push(e);
        id
    }

    /// The secret key of a public one, where it is ours.
    #[must_use]
    pub fn secret_of(&self, key: &PublicKey) -> Option<SecretKey> {
        self.seeds.get(key).map(|s| SecretKey::from_seed(*s))
    }

    fn write(&mut self, who: &str, run: u8, document: DocId, build: impl FnOnce(&mut PayloadBuilder)) -> EntryId {
        let mut p = PayloadBuilder::default();
        build(&mut p);
        let author = Author { key: secret(who), run: Run([run; 8]) };
        let grant = if who == "root" {
            self.ledger.registry.root.as_ref().map(|(n, _)| *n)
        } else {
            grant_for(&self.ledger, author.public(), &document)
        };
        let now = Ms(Ms::start_of(DAY).0 + self.entries.len() as u64 * 60_000);
        let entry = author.write(&self.ledger, document, grant, p.finish(), now);
        self.seeds.insert(author.public(), seed(who));
        let seat = Seat { key: author.public(), run: author.run, document, grant };
        if !self.seats.iter().any(|s| s.key == seat.key && s.run == seat.run && s.document == document) {
            self.seats.push(seat);
        }
        self.take(entry)
    }

    fn org(&mut self, who: &str, parent: OrgId, kind: OrgKind, code: &str) -> OrgId {
        let random = *seed(code).first_chunk().expect("32 bytes");
        let row = NewOrg { code: code.into(), kind, name: format!("单位 {code}"), random }.row(parent, DAY);
        self.write(who, 2, registry(parent), |p| _ = p.row(Org::TYPE, &[], &row.to_fields()));
        row.org
    }

    fn basis(&self, org: OrgId) -> RowRef {
        let o = &self.ledger.registry.orgs[&org];
        o.creation.name.in_document(registry(o.registry))
    }

    fn grant_row(&self, to: &str, role: Role, org: OrgId) -> Grant {
        NewGrant { key: key(to), role, office: None, org, basis: self.basis(org), seal_key: None }.row(to, DAY)
    }

    fn grant(&mut self, who: &str, at: OrgId, to: &str, role: Role, org: OrgId) {
        let row = self.grant_row(to, role, org).to_fields();
        self.write(who, 2, registry(at), |p| _ = p.row(Grant::TYPE, &[], &row));
    }

    fn people(&mut self, city: OrgId) {
        let county = self.org("city-admin", city, OrgKind::County, "330102");
        self.county = county;
        for (who, role, org) in [
            ("city-reviewer", Role::Reviewer, city),
            ("city-clerk", Role::Clerk, city),
            ("policy", Role::PolicyOfficer, city),
            ("county-admin", Role::Admin, county),
            ("county-node", Role::Node, county),
        ] {
            self.grant("city-admin", city, who, role, org);
        }
        let school = self.org("county-admin", county, OrgKind::School, "3301020001");
        let other = self.org("county-admin", county, OrgKind::School, "3301020002");
        let base = self.org("county-admin", county, OrgKind::Organiser, "330102B");
        for (who, role, org) in [
            ("county-clerk", Role::Clerk, county),
            ("county-reviewer", Role::Reviewer, county),
            ("clerk", Role::Clerk, school),
            ("principal", Role::Principal, school),
            ("school-node", Role::Node, school),
            ("other-clerk", Role::Clerk, other),
            ("base-clerk", Role::Clerk, base),
        ] {
            self.grant("county-admin", county, who, role, org);
        }
        self.invites(county, other);
        self.changes(county, school);
        self.documents(city, county, school, other, base);
    }

    /// One invite is used, one stays open.
    fn invites(&mut self, county: OrgId, org: OrgId) {
        for code in ["used-invite", "invite"] {
            let to = NewGrant { key: key(code), role: Role::Clerk, office: None, org, basis: self.basis(org), seal_key: None };
            let row = Invite::grant_row(&to, "邀请", DAY, Ms(u64::MAX));
            let fields = row.to_fields();
            let entry = self.write("county-admin", 2, registry(county), |p| _ = p.row(Grant::TYPE, &[], &fields));
            let grant = RowName { entry, index: 0 };
            let invite = Invite { network: self.id, registry: county, grant, row, key: secret(code) };
            if code == "used-invite" {
                let use_of_it = invite.use_it(&rows::newcomer(key("newcomer"), key("newcomer-node")), Ms::start_of(DAY));
                self.take(use_of_it);
                self.seeds.insert(key(code), seed(code));
            } else {
                self.seeds.insert(key(code), seed(code));
                self.invite = invite;
            }
        }
    }

    /// A change of an organisation, an end, a burn, an accept.
    fn changes(&mut self, county: OrgId, school: OrgId) {
        let record = &self.ledger.registry.orgs[&school];
        let (name, mut row) = (record.creation.name, record.creation.row.clone());
        row.random = None;
        row.name = "新名".into();
        self.write("county-admin", 3, registry(county), |p| {
            p.row(Org::TYPE, &[name.here()], &row.to_fields());
        });
        self.grant("county-admin", county, "leaver", Role::Clerk, school);
        let grant = grant_for(&self.ledger, key("leaver"), &DocId::of(school, Kind::Roster)).expect("granted");
        self.write("county-admin", 3, registry(county), |p| _ = p.row(3, &[], &rows::end(grant)));
        let stolen = self.write("clerk", 9, DocId::of(school, Kind::Roster), |p| _ = p.row(40, &[], &rows::teacher(90)));
        let position = rows::position(&self.ledger, stolen);
        self.write("county-admin", 3, registry(county), |p| {
            p.row(4, &[], &rows::burn(key("thief"), &position));
            p.row(5, &[], &rows::accept(&position));
        });
    }

    fn documents(&mut self, city: OrgId, county: OrgId, school: OrgId, other: OrgId, base: OrgId) {
        let year = |owner, kind| DocId::of_year(owner, kind, YEAR);
        for (who, document) in [
            ("policy", DocId::of(city, Kind::Policy)),
            ("city-clerk", year(city, Kind::Notice)),
            ("county-clerk", year(county, Kind::Notice)),
            ("clerk", DocId::of(school, Kind::Roster)),
            ("other-clerk", DocId::of(other, Kind::Roster)),
            ("clerk", DocId::of(school, Kind::Identity)),
            ("clerk", year(school, Kind::Ledger)),
            ("principal", year(school, Kind::Ledger)),
            ("other-clerk", year(other, Kind::Ledger)),
            ("base-clerk", DocId::about(base, Kind::Ledger, YEAR, school)),
            ("county-reviewer", DocId::about(county, Kind::Review, YEAR, school)),
            ("city-reviewer", DocId::about(city, Kind::Review, YEAR, school)),
            ("county-clerk", DocId::about(county, Kind::Transfer, YEAR, other)),
            ("county-reviewer", year(county, Kind::Rollup)),
        ] {
            self.fill(who, document);
        }
    }

    /// Rows, registers, what replaces them, a restart and a fork.
    fn fill(&mut self, who: &str, document: DocId) {
        let attachment = AttachmentId(Sha256::digest(&self.attachment).into());
        let ledger = DocId::of_year(document.concerns(), Kind::Ledger, YEAR);
        let targets = self.ledger.document(&ledger).map(|d| d.entries.clone()).unwrap_or_default();
        let all = rows::of_kind(document.kind, &targets, ledger, attachment);
        let first = self.write(who, 2, document, |p| {
            all.iter().for_each(|(t, fields)| _ = p.row(*t, &[], fields));
            p.register("note.text", &Value::Text("草稿".into()).to_cbor(), &[]);
        });
        let replaced: Vec<RowRef> = (0..2).map(|index| RowRef { document: None, entry: Some(first), index }).collect();
        let second = self.write(who, 2, document, |p| {
            let (t, fields) = &all[0];
            p.row(*t, &replaced[..1], fields);
            p.register("note.text", &Value::Int(-7).to_cbor(), &[first]);
        });
        let link_from_here = self.write(who, 3, document, |p| {
            let (t, fields) = all.last().expect("each kind has rows");
            p.row(*t, &[], fields);
            p.register("note.text", &Value::Null.to_cbor(), &[first, second]);
            p.register("other.key", &Value::Bytes(vec![1, 2]).to_cbor(), &[]);
        });
        self.fork(link_from_here);
    }

    /// A second entry at the place of this one.
    fn fork(&mut self, of: EntryId) {
        let e = self.entries.iter().find(|e| e.id == of).expect("just written").clone();
        let mut header = e.header;
        header.time = Ms(header.time.0 + 1);
        let secret = self.secret_of(&header.log.key).expect("ours");
        self.take(SignedEntry::sign(header, e.payload, &secret, &self.id));
    }

    /// Collects what mutations may put in place of something else.
    fn know(&mut self) {
        let mut known: Vec<Value> = Vec::new();
        let mut put = |bytes: Vec<u8>| known.push(Value::parse(&bytes).expect("what is written is read"));
        for e in &self.entries {
            let name = RowName { entry: e.id, index: 0 };
            put(e.id.to_cbor());
            put(name.to_cbor());
            put(name.here().to_cbor());
            put(name.in_document(e.header.log.document).to_cbor());
            put(e.header.log.document.to_cbor());
            put(e.header.log.document.owner.to_cbor());
            put(e.header.log.key.to_cbor());
            put(e.header.log.run.to_cbor());
            put(RowRef::own(1).to_cbor());
            put(rows::position(&self.ledger, e.id).to_cbor());
        }
        known.sort();
        known.dedup();
        self.known = known;
    }
}
