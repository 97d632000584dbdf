//! A city with its people, whose keys are in memory: signs and admits, then commits all to a real store.

use std::{collections::BTreeMap, path::Path};

use sha2::{Digest, Sha256};
use taizhang_core::{
    admission::Signature,
    author::Author,
    entries::{Entries, ReadFailed},
    entry::SignedEntry,
    founding::{NewGrant, NewOrg, found},
    id::{AttachmentId, DocId, EntryId, Kind, NetworkId, OrgId, PublicKey, Run},
    key::SecretKey,
    ledger::Ledger,
    op::{PayloadBuilder, RowName, RowRef},
    rows::{Grant, Org, OrgKind, Role, RowType},
    units::{Day, Ms},
};
use taizhang_store::{
    Commit, NewEntry, Store,
    disk::{DiskStore, Options},
};

/// Entries of one commit.
const COMMIT: usize = 500;
/// Operations of one entry here, at most: about 16 KiB, as importers write.
pub(super) const OPERATIONS: usize = 200;

/// Somebody who may write.
struct Staff {
    author: Author,
    grant: RowName,
}

/// The city while it writes.
pub struct City {
    /// What is known.
    pub ledger: Ledger,
    /// Organisations by code.
    pub orgs: BTreeMap<String, OrgId>,
    /// Rows so far.
    pub rows: usize,
    staff: BTreeMap<(OrgId, &'static str), Staff>,
    entries: Vec<SignedEntry>,
    bytes: Bytes,
}

/// Every entry by name, as admission asks for them.
#[derive(Default)]
struct Bytes(BTreeMap<EntryId, Vec<u8>>);

impl Entries for Bytes {
    fn entry(&self, id: &EntryId) -> Result<Option<Vec<u8>>, ReadFailed> {
        Ok(self.0.get(id).cloned())
    }

    fn attachment(&self, _: &AttachmentId) -> Result<Option<Vec<u8>>, ReadFailed> {
        Ok(None)
    }
}

/// Opens a store of this network.
///
/// # Panics
/// It cannot be opened.
#[must_use]
pub fn open(folder: &Path, network: NetworkId) -> DiskStore {
    let describe = move |bytes: &[u8]| {
        let e = SignedEntry::parse(bytes, &network).ok()?;
        Some((e.id, e.header.log, e.header.sequence))
    };
    DiskStore::open(folder, &Options::new(describe)).expect("opens the store").0
}

fn author(label: &str) -> Author {
    let seed: [u8; 32] = Sha256::digest(label).into();
    Author { key: SecretKey::from_seed(seed), run: Run([7; 8]) }
}

fn random(code: &str) -> [u8; 8] {
    Sha256::digest(code)[..8].try_into().unwrap()
}

/// When everything was written, as the clocks said.
fn now() -> Ms {
    Ms::start_of(Day::from_ymd(2013, 1, 7).unwrap())
}

impl City {
    /// A city with its own staff and policy officer.
    #[must_use]
    pub fn found() -> Self {
        let (root, admin) = (author("root"), author("city admin"));
        let city = NewOrg { code: "429800".into(), kind: OrgKind::City, name: "示范市".into(), random: random("429800") };
        let (network, first) = found(&root, &city, (admin.public(), None), author("city node").public(), "管理员", now());
        let org = city.row(OrgId::root(network), now().day()).org;
        let mut out = Self {
            ledger: Ledger::new(network),
            orgs: BTreeMap::from([("429800".to_owned(), org)]),
            rows: 0,
            staff: BTreeMap::new(),
            entries: Vec::new(),
            bytes: Bytes::default(),
        };
        let grant = RowName { entry: first.id, index: 2 };
        let creation = RowName { entry: first.id, index: 1 }.in_document(DocId::of(OrgId::root(network), Kind::Registry));
        out.take(first);
        out.staff.insert((org, Role::Admin.word()), Staff { author: admin, grant });
        out.appoint(org, creation, &[Role::Clerk, Role::Reviewer, Role::PolicyOfficer]);
        out
    }

    /// The city itself.
    #[must_use]
    pub fn city(&self) -> OrgId {
        self.orgs["429800"]
    }

    /// A county with its admin, clerk and reviewer.
    pub fn add_county(&mut self, code: &str) -> OrgId {
        let city = self.city();
        let admin = author(&format!("{code} admin"));
        let mut p = PayloadBuilder::default();
        let (org, basis) = org_row(&mut p, city, code, OrgKind::County);
        let index = grant_row(&mut p, org, basis, admin.public(), Role::Admin);
        let entry = self.put(city, Role::Admin, DocId::of(city, Kind::Registry), p);
        self.staff.insert((org, Role::Admin.word()), Staff { author: admin, grant: RowName { entry, index } });
        self.orgs.insert(code.to_owned(), org);
        let creation = RowName { entry, index: 0 }.in_document(DocId::of(city, Kind::Registry));
        self.appoint(org, creation, &[Role::Clerk, Role::Reviewer]);
        org
    }

    /// Schools of a county, each with a clerk.
    pub fn add_schools(&mut self, county: OrgId, codes: &[String]) {
        for codes in codes.chunks(OPERATIONS / 2) {
            let mut p = PayloadBuilder::default();
            let mut made = Vec::new();
            for code in codes {
                let (org, basis) = org_row(&mut p, county, code, OrgKind::School);
                let clerk = author(&format!("{code} clerk"));
                made.push((code, org, grant_row(&mut p, org, basis, clerk.public(), Role::Clerk), clerk));
            }
            let entry = self.put(county, Role::Admin, DocId::of(county, Kind::Registry), p);
            for (code, org, index, author) in made {
                self.staff.insert((org, Role::Clerk.word()), Staff { author, grant: RowName { entry, index } });
                self.orgs.insert(code.clone(), org);
            }
        }
    }

    fn appoint(&mut self, org: OrgId, creation: RowRef, roles: &[Role]) {
        let mut p = PayloadBuilder::default();
        let authors: Vec<Author> = roles.iter().map(|r| author(&format!("{org} {}", r.word()))).collect();
        for (author, role) in authors.iter().zip(roles) {
            grant_row(&mut p, org, creation, author.public(), *role);
        }
        let entry = self.put(org, Role::Admin, DocId::of(org, Kind::Registry), p);
        for ((index, author), role) in (0..).zip(authors).zip(roles) {
            self.staff.insert((org, role.word()), Staff { author, grant: RowName { entry, index } });
        }
    }

    /// Signs and admits one entry of an organisation's person.
    pub fn put(&mut self, org: OrgId, role: Role, document: DocId, payload: PayloadBuilder) -> EntryId {
        self.rows += payload.len();
        let staff = &self.staff[&(org, role.word())];
        let entry = staff.author.write(&self.ledger, document, Some(staff.grant), payload.finish(), now());
        let id = entry.id;
        self.take(entry);
        id
    }

    fn take(&mut self, entry: SignedEntry) {
        let admitted = self.ledger.admit(&self.bytes, entry.clone(), Signature::Checked);
        let admitted = admitted.unwrap_or_else(|why| panic!("{:?} is not admitted: {why}", entry.header.log.document));
        self.ledger.insert(&admitted);
        self.bytes.0.insert(entry.id, entry.to_bytes());
        self.entries.push(entry);
    }

    /// The last entry that was written.
    ///
    /// # Panics
    /// There is none.
    #[must_use]
    pub fn last(&self) -> &SignedEntry {
        self.entries.last().expect("founded")
    }

    /// Everything so far, into a new store.
    ///
    /// # Panics
    /// The disk fails.
    pub fn save(&self, folder: &Path) {
        let mut store = open(folder, self.ledger.network);
        for part in self.entries.chunks(COMMIT) {
            let stored =
                |e: &SignedEntry| NewEntry { id: e.id, log: e.header.log, sequence: e.header.sequence, bytes: e.to_bytes() };
            store.commit(&Commit::of(part.iter().map(stored).collect())).expect("commits");
        }
    }
}

fn org_row(p: &mut PayloadBuilder, parent: OrgId, code: &str, kind: OrgKind) -> (OrgId, RowRef) {
    let row = NewOrg { code: code.into(), kind, name: code.into(), random: random(code) }.row(parent, now().day());
    (row.org, RowRef::own(p.row(Org::TYPE, &[], &row.to_fields())))
}

fn grant_row(p: &mut PayloadBuilder, org: OrgId, basis: RowRef, key: PublicKey, role: Role) -> u16 {
    let grant = NewGrant { key, role, office: None, org, basis, seal_key: None };
    p.row(Grant::TYPE, &[], &grant.row(role.word(), now().day()).to_fields())
}
