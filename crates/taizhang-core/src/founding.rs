//! Founding and joining a network: the payloads of the first entries. Pure: every random byte is given.

use sha2::{Digest, Sha256};

use crate::{
    admission::ONE_USE_RUN,
    author::Author,
    entry::{Before, Header, SignedEntry},
    id::{DocId, Kind, LogId, NetworkId, OrgId, PublicKey},
    key::SecretKey,
    op::{PayloadBuilder, RowName, RowRef},
    rows::{Grant, OfficeCode, Org, OrgKind, Role, RootStatement, RowType},
    units::{Day, Ms},
};

/// The first root statement and the network it names.
#[must_use]
pub fn root_statement(keys: Vec<PublicKey>, m: u8) -> (RootStatement, NetworkId) {
    let row = RootStatement { number: 0, keys, m, signatures: None, positions: None, reason: None };
    let id = NetworkId(Sha256::digest(row.to_fields()).into());
    (row, id)
}

/// What is said of a new organisation.
#[derive(Clone, Debug)]
pub struct NewOrg {
    /// Its code in the outside world.
    pub code: String,
    /// What it is.
    pub kind: OrgKind,
    /// Its name.
    pub name: String,
    /// 8 random bytes.
    pub random: [u8; 8],
}

impl NewOrg {
    /// Its creation row under `parent`.
    #[must_use]
    pub fn row(&self, parent: OrgId, from_day: Day) -> Org {
        Org {
            org: OrgId::derive(parent, self.random),
            random: Some(self.random),
            kind: self.kind,
            parent,
            code: self.code.clone(),
            name: self.name.clone(),
            short: None,
            township: None,
            rural: None,
            stages: None,
            from_day,
            closed_day: None,
            succeeded_by: None,
            kept: None,
            reason: None,
        }
    }
}

/// Who gets a role where.
#[derive(Clone, Copy, Debug)]
pub struct NewGrant {
    /// The key.
    pub key: PublicKey,
    /// The role.
    pub role: Role,
    /// The post.
    pub office: Option<OfficeCode>,
    /// Where.
    pub org: OrgId,
    /// The row of the organisation it rests on.
    pub basis: RowRef,
    /// X25519 key for sealed secrets.
    pub seal_key: Option<[u8; 32]>,
}

impl NewGrant {
    /// Its row.
    #[must_use]
    pub fn row(&self, label: &str, from_day: Day) -> Grant {
        Grant {
            key: self.key,
            role: self.role,
            office: self.office,
            org: self.org,
            label: label.to_owned(),
            basis: self.basis,
            from_day,
            to_day: None,
            seal_key: self.seal_key,
            one_use: false,
            expires_ms: None,
            reason: None,
        }
    }
}

/// The first entry of a network with one root key: root statement, first organisation, its admin's grant and its node's grant.
#[must_use]
pub fn found(
    root: &Author,
    org: &NewOrg,
    admin: (PublicKey, Option<[u8; 32]>),
    node: PublicKey,
    label: &str,
    now: Ms,
) -> (NetworkId, SignedEntry) {
    found_by(root, root_statement(vec![root.public()], 1), org, (admin, node, label), now)
}

/// The first entry of a network, signed by one of its root keys; for its admin's and its node's key, and what to call the grant.
#[must_use]
pub fn found_by(
    root: &Author,
    (statement, network): (RootStatement, NetworkId),
    org: &NewOrg,
    (admin, node, label): ((PublicKey, Option<[u8; 32]>), PublicKey, &str),
    now: Ms,
) -> (NetworkId, SignedEntry) {
    let root_org = OrgId::root(network);
    let mut p = PayloadBuilder::default();
    p.row(RootStatement::TYPE, &[], &statement.to_fields());
    let row = org.row(root_org, now.day());
    let basis = RowRef::own(p.row(Org::TYPE, &[], &row.to_fields()));
    let first = NewGrant { key: admin.0, role: Role::Admin, office: None, org: row.org, basis, seal_key: admin.1 };
    p.row(Grant::TYPE, &[], &first.row(label, now.day()).to_fields());
    let of_node = NewGrant { key: node, role: Role::Node, office: None, org: row.org, basis, seal_key: None };
    p.row(Grant::TYPE, &[], &of_node.row("node", now.day()).to_fields());
    let log = LogId { document: DocId::of(root_org, Kind::Registry), key: root.public(), run: root.run };
    let header = Header { log, sequence: 1, before: Before::Start { grant: None, link: None }, time: now };
    (network, SignedEntry::sign(header, p.finish(), &root.key, &network))
}

/// An invite as its maker keeps and hands it on.
#[derive(Debug)]
pub struct Invite {
    /// The network to join.
    pub network: NetworkId,
    /// The registry that holds the one-use grant.
    pub registry: OrgId,
    /// The one-use grant.
    pub grant: RowName,
    /// Its fields.
    pub row: Grant,
    /// The one-use key.
    pub key: SecretKey,
}

/// What a newcomer brings.
#[derive(Clone, Copy, Debug)]
pub struct Newcomer<'a> {
    /// The person's key on this machine.
    pub person: PublicKey,
    /// X25519 key for secrets sealed to the person.
    pub seal_key: Option<[u8; 32]>,
    /// The installation's key.
    pub node: PublicKey,
    /// What to call the grant: a post.
    pub label: &'a str,
}

impl Invite {
    /// The row that makes an invite: a grant to a one-use key.
    #[must_use]
    pub fn grant_row(grant: &NewGrant, label: &str, from_day: Day, expires: Ms) -> Grant {
        Grant { one_use: true, expires_ms: Some(expires), ..grant.row(label, from_day) }
    }

    /// The newcomer's one entry: the grants of the person's key and the node's key, signed by the one-use key.
    #[must_use]
    pub fn use_it(&self, newcomer: &Newcomer<'_>, now: Ms) -> SignedEntry {
        let basis = self.row.basis.resolve(self.grant.entry);
        let document = self.row.basis.document;
        let basis = RowRef { document, entry: Some(basis.entry), index: basis.index };
        let mut p = PayloadBuilder::default();
        let person = NewGrant {
            key: newcomer.person,
            role: self.row.role,
            office: self.row.office,
            org: self.row.org,
            basis,
            seal_key: newcomer.seal_key,
        };
        p.row(Grant::TYPE, &[], &person.row(newcomer.label, now.day()).to_fields());
        let node = NewGrant { key: newcomer.node, role: Role::Node, office: None, seal_key: None, ..person };
        p.row(Grant::TYPE, &[], &node.row("node", now.day()).to_fields());
        let log = LogId { document: DocId::of(self.registry, Kind::Registry), key: self.key.public(), run: ONE_USE_RUN };
        let header = Header { log, sequence: 1, before: Before::Start { grant: Some(self.grant), link: None }, time: now };
        SignedEntry::sign(header, p.finish(), &self.key, &self.network)
    }
}
