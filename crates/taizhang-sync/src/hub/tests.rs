#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::cast_possible_truncation, reason = "tests")]
use taizhang_core::{
    author::{Author, grant_for},
    founding::{NewGrant, NewOrg, found},
    id::{NetworkId, Run},
    op::PayloadBuilder,
    rows::{Grant, OrgKind, Role, RowType},
    units::Day,
};

use super::*;
use crate::{limits, session::Phase};

mod bounds;
mod flood;
mod greedy;
mod late_answer;
mod many_tips;
mod nothing_counts;
mod owed;
mod refused;
mod silent;
mod two_grants;

/// What a node has stored.
#[derive(Clone, Default)]
struct Shelf(BTreeMap<EntryId, Vec<u8>>);

impl Entries for Shelf {
    fn entry(&self, id: &EntryId) -> Result<Option<Vec<u8>>, ReadFailed> {
        Ok(self.0.get(id).cloned())
    }
    fn attachment(&self, _: &AttachmentId) -> Result<Option<Vec<u8>>, ReadFailed> {
        Ok(None)
    }
}

fn secret(n: u8) -> SecretKey {
    SecretKey::from_seed([n; 32])
}

fn key(n: u8) -> PublicKey {
    secret(n).public()
}

const DAY: Day = Day(19_800);
/// Keys of the city's admin and of its nodes; below 100 further admins.
const ADMIN: u8 = 101;
const NODES: [u8; 2] = [102, 103];
const STRANGER: u8 = 104;

/// A city whose two nodes are certified, and so many further admins.
struct City {
    network: NetworkId,
    org: OrgId,
    registry: DocId,
    ledger: Ledger,
    shelf: Shelf,
}

impl City {
    fn with_admins(admins: u8) -> Self {
        let root = Author { key: secret(100), run: Run([1; 8]) };
        let city = NewOrg { code: "1".into(), kind: OrgKind::City, name: "市".into(), random: [2; 8] };
        let now = Ms::start_of(DAY);
        let (network, first) = found(&root, &city, (key(ADMIN), None), key(NODES[0]), "x", now);
        let org = city.row(OrgId::root(network), DAY).org;
        let (ledger, shelf) = (Ledger::new(network), Shelf::default());
        let mut city = Self { network, org, registry: DocId::of(org, Kind::Registry), ledger, shelf };
        city.take(&first);
        let staff = [(NODES[1], Role::Node)].into_iter().chain((1..=admins).map(|a| (a, Role::Admin)));
        let grants = city.write(ADMIN, 1, city.grants(staff));
        city.take(&grants);
        city
    }

    fn grants(&self, staff: impl Iterator<Item = (u8, Role)>) -> Vec<u8> {
        let creation = self.ledger.registry.orgs[&self.org].creation.name;
        let basis = creation.in_document(DocId::of(OrgId::root(self.network), Kind::Registry));
        let mut p = PayloadBuilder::default();
        for (of, role) in staff {
            let row = NewGrant { key: key(of), role, office: None, org: self.org, basis, seal_key: None }.row("x", DAY);
            p.row(Grant::TYPE, &[], &row.to_fields());
        }
        p.finish()
    }

    fn take(&mut self, e: &SignedEntry) {
        let admitted = self.ledger.admit(&self.shelf, e.clone(), Signature::Check).unwrap();
        self.ledger.insert(&admitted);
        self.shelf.0.insert(e.id, e.to_bytes());
    }

    /// What somebody writes next in the registry, in a log of this run.
    fn write(&self, who: u8, run: u16, payload: Vec<u8>) -> SignedEntry {
        let author = Author { key: secret(who), run: Run([run.to_be_bytes(); 4].concat().try_into().unwrap()) };
        let grant = grant_for(&self.ledger, author.public(), &self.registry);
        author.write(&self.ledger, self.registry, grant, payload, Ms::start_of(DAY))
    }

    fn node(&self, n: usize) -> Node {
        let config = Config::new(secret(NODES[n]), self.org);
        Node {
            hub: Hub::new(config, self.ledger.clone()),
            shelf: self.shelf.clone(),
            notes: BTreeMap::new(),
            now: Ms::start_of(DAY),
            commits: true,
        }
    }
}

/// A row that says nothing to admission.
fn row(value: u8) -> Vec<u8> {
    let mut p = PayloadBuilder::default();
    p.row(999, &[], &[0x81, value % 24]);
    p.finish()
}

/// A node whose commits succeed at once, or stay under way.
struct Node {
    hub: Hub,
    shelf: Shelf,
    notes: BTreeMap<Vec<u8>, Vec<u8>>,
    now: Ms,
    commits: bool,
}

/// What came of an input.
#[derive(Default)]
struct Done {
    sent: Vec<(SessionId, Vec<u8>)>,
    closed: Vec<(SessionId, &'static str)>,
    commits: Vec<CommitId>,
    events: Vec<Event>,
}

impl Node {
    fn input(&mut self, input: Input) -> Done {
        self.hub.handle(self.now, &self.shelf, input);
        let mut done = Done::default();
        while let Some(effect) = self.hub.poll_effect() {
            match effect {
                Effect::Commit(id, request) => {
                    let entries = request.entries.into_iter().map(AdmittedEntry::into_entry);
                    self.shelf.0.extend(entries.map(|e| (e.id, e.to_bytes())));
                    done.commits.push(id);
                    if self.commits {
                        request.notes.into_iter().for_each(|(key, value)| match value {
                            Some(value) => _ = self.notes.insert(key, value),
                            None => _ = self.notes.remove(&key),
                        });
                        self.hub.handle(self.now, &self.shelf, Input::Committed(id));
                    }
                }
                Effect::Send { session, frame } => done.sent.push((session, frame)),
                Effect::Close { session, reason } => done.closed.push((session, reason)),
                Effect::Notify(event) => done.events.push(event),
                Effect::KeepKeys => {}
            }
        }
        done
    }

    fn connect(&mut self, session: u64, remote: u8) -> Done {
        self.input(Input::Connected { session: SessionId(session), remote: key(remote), dialer: false })
    }

    fn say(&mut self, session: u64, frame: &Frame) -> Done {
        self.input(Input::Frame { session: SessionId(session), bytes: frame.encode() })
    }

    fn hello(&self) -> Frame {
        Frame::Hello {
            version: VERSION,
            network: self.hub.ledger.network,
            org: self.hub.config.org,
            wants: Kinds::all(),
            join: None,
        }
    }

    /// Somebody here writes.
    fn local(&mut self, entry: SignedEntry) -> Done {
        self.input(Input::Local { token: Token(1), entries: vec![entry], attachments: Vec::new() })
    }

    fn has(&self, session: u64) -> bool {
        self.hub.sessions().any(|s| s.session == SessionId(session))
    }
}
