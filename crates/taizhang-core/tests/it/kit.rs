//! A small world in memory: a city, its counties and schools, people with keys, and nodes that hear of their entries in any order.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use taizhang_core::{
    admission::{ONE_USE_RUN, Refusal, Signature},
    author::Author,
    entries::{Entries, ReadFailed},
    entry::{Before, Header, SignedEntry},
    founding::{Invite, NewGrant, NewOrg, Newcomer, found},
    id::{AttachmentId, DocId, EntryId, Kind, LogId, NetworkId, OrgId, PublicKey, Run},
    key::SecretKey,
    ledger::Ledger,
    op::{PayloadBuilder, RowName, RowRef},
    registry::may_write,
    rows::{Accept, Burn, End, Grant, Org, OrgKind, Positions, Role, RowType},
    standing::{Judge, Standing},
    units::{Day, Ms},
};

/// The day on which every world begins.
pub(crate) const DAY: Day = Day(19_800);
/// A row type of ledgers that admission does not read.
pub(crate) const PLAN: u16 = 60;
/// Its fields: `["x"]`.
pub(crate) const FIELDS: [u8; 3] = [0x81, 0x61, b'x'];
/// The year of every document with one.
pub(crate) const YEAR: u16 = 2024;

/// How many entries come in one batch: one, some, and all, as at a start.
pub(crate) const TOGETHER: [usize; 3] = [1, 7, usize::MAX];

/// The entries of one node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store(pub(crate) BTreeMap<EntryId, Vec<u8>>);

impl Entries for Store {
    fn entry(&self, id: &EntryId) -> Result<Option<Vec<u8>>, ReadFailed> {
        Ok(self.0.get(id).cloned())
    }
    fn attachment(&self, _: &AttachmentId) -> Result<Option<Vec<u8>>, ReadFailed> {
        Ok(None)
    }
}

/// One node: what it holds and what it makes of that.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) ledger: Ledger,
    pub(crate) store: Store,
    /// After how many entries it settles what follows from them.
    together: usize,
}

impl Node {
    pub(crate) fn new(network: NetworkId) -> Self {
        Self { ledger: Ledger::new(network), store: Store::default(), together: 1 }
    }

    pub(crate) fn verdict(&self, e: &SignedEntry) -> Result<(), Refusal> {
        self.ledger.admit(&self.store, e.clone(), Signature::Check).map(|_| ())
    }

    /// Takes an entry of many, of which nothing is settled yet.
    pub(crate) fn file(&mut self, e: &SignedEntry) {
        let admitted = self.ledger.admit(&self.store, e.clone(), Signature::Checked).unwrap();
        self.store.0.insert(e.id, e.to_bytes());
        self.ledger.file(&admitted);
    }

    pub(crate) fn take(&mut self, e: &SignedEntry, signature: Signature) -> Result<(), Refusal> {
        let admitted = self.ledger.admit(&self.store, e.clone(), signature)?;
        self.store.0.insert(e.id, e.to_bytes());
        self.ledger.file(&admitted);
        if self.store.0.len().is_multiple_of(self.together) {
            self.ledger.settle();
        }
        Ok(())
    }

    /// Offers the entries in this order, and those that name missing ones again until nothing moves. Returns what was refused for good.
    pub(crate) fn deliver(&mut self, entries: &[SignedEntry]) -> BTreeMap<EntryId, u64> {
        let mut refused = BTreeMap::new();
        let mut left: Vec<&SignedEntry> = entries.iter().collect();
        loop {
            let before = left.len();
            left.retain(|e| match self.take(e, Signature::Checked) {
                Ok(()) => false,
                Err(Refusal::Missing(_)) => true,
                Err(r) => {
                    refused.insert(e.id, r.code());
                    false
                }
            });
            if left.len() == before {
                self.ledger.settle();
                refused.extend(left.iter().map(|e| (e.id, 1)));
                return refused;
            }
        }
    }

    /// All that must be equal on two nodes that hold the same entries.
    pub(crate) fn picture(&self) -> Vec<String> {
        let l = &self.ledger;
        let judge = Judge::new(l);
        let mut out: Vec<String> = self.store.0.keys().map(|id| format!("{id} {}", judge.standing(id).word())).collect();
        for d in l.documents() {
            out.push(format!("{d} tips {:?} digest {:?}", l.open_tips(d), l.digest(d)));
        }
        out.extend(l.forks().map(|f| format!("fork {f:?}")));
        for (id, o) in &l.registry.orgs {
            out.push(format!("{id} {:?} {:?} {:?}", o.current(), l.registry.kind(*id), l.registry.ancestors(*id)));
            out.push(format!("{id} {:?} {:?} {:?}", o.spans(), o.rivals(), l.registry.line(*id)));
        }
        for (name, g) in &l.registry.grants {
            let (stands, open) = (judge.grant_stands(name), judge.grant_is_open(name));
            out.push(format!("{name} {stands} {open} {:?}", (g.row.key, g.row.role, g.registry, g.depth, g.org_kind, g.moved)));
        }
        out.push(format!("root {:?} {:?}", l.registry.root, l.registry.roots));
        out
    }

    pub(crate) fn standing(&self, id: EntryId) -> Standing {
        Judge::new(&self.ledger).standing(&id)
    }
}

/// The key of whoever bears this name.
pub(crate) fn secret(who: &str) -> SecretKey {
    SecretKey::from_seed(Sha256::digest(who).into())
}

pub(crate) fn key(who: &str) -> PublicKey {
    secret(who).public()
}

pub(crate) fn run(n: u64) -> Run {
    Run(n.to_be_bytes())
}

/// An entry before it is signed: a test may bend it.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) header: Header,
    pub(crate) payload: Vec<u8>,
    pub(crate) signer: String,
    pub(crate) network: NetworkId,
}

impl Draft {
    pub(crate) fn sign(self) -> SignedEntry {
        SignedEntry::sign(self.header, self.payload, &secret(&self.signer), &self.network)
    }

    pub(crate) fn start(mut self, grant: Option<RowName>, link: Option<EntryId>) -> Self {
        self.header.sequence = 1;
        self.header.before = Before::Start { grant, link };
        self
    }

    pub(crate) fn run(mut self, run: Run) -> Self {
        self.header.log.run = run;
        self
    }

    pub(crate) fn at(mut self, time: Ms) -> Self {
        self.header.time = time;
        self
    }

    pub(crate) fn payload(mut self, build: impl FnOnce(&mut PayloadBuilder)) -> Self {
        self.payload = payload(build);
        self
    }
}

pub(crate) fn payload(build: impl FnOnce(&mut PayloadBuilder)) -> Vec<u8> {
    let mut p = PayloadBuilder::default();
    build(&mut p);
    p.finish()
}

/// An invite and the day it speaks of.
pub(crate) struct World {
    pub(crate) node: Node,
    /// Every entry that was taken, in order.
    pub(crate) entries: Vec<SignedEntry>,
    pub(crate) root: OrgId,
    pub(crate) city: OrgId,
    runs: BTreeMap<String, u64>,
    clock: u64,
}

impl World {
    /// `root` founds the city; `city-admin` is its admin.
    pub(crate) fn found() -> Self {
        let author = Author { key: secret("root"), run: run(1) };
        let city = new_org("city", OrgKind::City);
        let now = Ms::start_of(DAY);
        let (network, first) = found(&author, &city, (key("city-admin"), None), key("city-node"), "市管理员", now);
        let city = city.row(OrgId::root(network), DAY).org;
        Self::of(network, first, city)
    }

    /// The world that an entry founds.
    pub(crate) fn of(network: NetworkId, first: SignedEntry, city: OrgId) -> Self {
        let mut w = Self {
            node: Node::new(network),
            entries: Vec::new(),
            root: OrgId::root(network),
            city,
            runs: BTreeMap::new(),
            clock: Ms::start_of(DAY).0,
        };
        w.take(first);
        w
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.node.ledger
    }

    pub(crate) fn take(&mut self, e: SignedEntry) -> EntryId {
        self.node.take(&e, Signature::Check).unwrap();
        let id = e.id;
        self.entries.push(e);
        id
    }

    /// A tick of everybody's clock.
    fn now(&self) -> Ms {
        Ms(self.clock + self.entries.len() as u64)
    }

    /// From now on clocks show this day.
    pub(crate) fn it_is(&mut self, day: Day) {
        self.clock = Ms::start_of(day).0;
    }

    /// The person's program starts anew: the next log has another run.
    pub(crate) fn restart(&mut self, who: &str) {
        *self.runs.entry(who.into()).or_default() += 1;
    }

    /// The grant under which somebody writes here, ended and burnt ones too.
    pub(crate) fn grant_in(&self, who: &str, document: DocId) -> Option<RowName> {
        let r = &self.ledger().registry;
        if who == "root" {
            return r.root.as_ref().map(|(n, _)| *n);
        }
        if document.owner == self.root {
            return r.roots.row_of(key(who));
        }
        let mut fitting =
            r.grants_of(key(who)).filter(|(_, g)| !g.row.one_use && may_write(&document, g.row.role, g.row.org, g.org_kind));
        fitting.next().map(|(n, _)| *n)
    }

    /// The next entry of somebody's log, not yet signed.
    pub(crate) fn draft(&self, who: &str, document: DocId) -> Draft {
        let n = self.runs.get(who).copied().unwrap_or_default();
        let author = Author { key: secret(who), run: run(0x1000 + n) };
        let e = author.write(self.ledger(), document, self.grant_in(who, document), Vec::new(), self.now());
        let payload = payload(|p| {
            p.row(PLAN, &[], &FIELDS);
        });
        Draft { header: e.header, payload, signer: who.into(), network: self.ledger().network }
    }

    pub(crate) fn write(&mut self, who: &str, document: DocId, build: impl FnOnce(&mut PayloadBuilder)) -> EntryId {
        let e = self.draft(who, document).payload(build).sign();
        self.take(e)
    }

    /// One row that says nothing.
    pub(crate) fn row(&mut self, who: &str, document: DocId) -> EntryId {
        self.write(who, document, |p| {
            p.row(PLAN, &[], &FIELDS);
        })
    }

    /// One row that replaces the first row of `other`.
    pub(crate) fn correct(&mut self, who: &str, document: DocId, other: EntryId) -> EntryId {
        self.write(who, document, |p| {
            p.row(PLAN, &[here(other)], &FIELDS);
        })
    }

    /// An organisation, created by `who` in the registry of `parent`.
    pub(crate) fn org(&mut self, who: &str, parent: OrgId, kind: OrgKind, code: &str) -> OrgId {
        let row = new_org(code, kind).row(parent, DAY);
        self.write(who, registry(parent), |p| {
            p.row(Org::TYPE, &[], &row.to_fields());
        });
        row.org
    }

    /// `who` places an organisation under another, in the registry of `at`, instead of what the entries said there.
    pub(crate) fn place(&mut self, who: &str, at: OrgId, (org, to): (OrgId, OrgId), from: Day, instead: &[EntryId]) -> RowName {
        let row = Org { random: None, parent: to, from_day: from, ..self.ledger().registry.orgs[&org].current().clone() };
        let replaces: Vec<RowRef> = BTreeSet::from_iter(instead.iter().map(|e| here(*e))).into_iter().collect();
        let entry = self.write(who, registry(at), |p| _ = p.row(Org::TYPE, &replaces, &row.to_fields()));
        RowName { entry, index: 0 }
    }

    /// `who` gives a role in the registry of `at`, resting on a row of another registry.
    pub(crate) fn grant_on(&mut self, who: &str, at: OrgId, to: &str, (role, org): (Role, OrgId), basis: RowRef) -> RowName {
        let row = Grant { basis, ..self.grant_row(to, role, org) }.to_fields();
        let entry = self.write(who, registry(at), |p| _ = p.row(Grant::TYPE, &[], &row));
        RowName { entry, index: 0 }
    }

    /// The creation row of an organisation, as other registries name it.
    pub(crate) fn basis(&self, org: OrgId) -> RowRef {
        let o = &self.ledger().registry.orgs[&org];
        o.creation.name.in_document(registry(o.registry))
    }

    pub(crate) fn grant_row(&self, to: &str, role: Role, org: OrgId) -> Grant {
        NewGrant { key: key(to), role, office: None, org, basis: self.basis(org), seal_key: None }.row(to, DAY)
    }

    /// `who` gives a role in the registry of `at`.
    pub(crate) fn grant(&mut self, who: &str, at: OrgId, to: &str, role: Role, org: OrgId) -> RowName {
        let row = self.grant_row(to, role, org).to_fields();
        let entry = self.write(who, registry(at), |p| {
            p.row(Grant::TYPE, &[], &row);
        });
        RowName { entry, index: 0 }
    }

    /// `who` makes an invite; its one-use key bears the name `code`.
    pub(crate) fn invite(&mut self, who: &str, at: OrgId, code: &str, role: Role, org: OrgId) -> Invite {
        let to = NewGrant { key: key(code), role, office: None, org, basis: self.basis(org), seal_key: None };
        let row = Invite::grant_row(&to, "邀请", DAY, Ms(u64::MAX));
        let fields = row.to_fields();
        let entry = self.write(who, registry(at), |p| {
            p.row(Grant::TYPE, &[], &fields);
        });
        Invite { network: self.ledger().network, registry: at, grant: RowName { entry, index: 0 }, row, key: secret(code) }
    }

    /// What `who` writes to use an invite; not yet taken.
    pub(crate) fn use_of(&self, invite: &Invite, who: &str) -> SignedEntry {
        let newcomer = Newcomer { person: key(who), seal_key: None, node: key(&format!("{who}-node")), label: who };
        invite.use_it(&newcomer, self.now())
    }

    pub(crate) fn join(&mut self, invite: &Invite, who: &str) -> EntryId {
        let e = self.use_of(invite, who);
        self.take(e)
    }

    /// What names everything up to an entry.
    pub(crate) fn position(&self, id: EntryId) -> Positions {
        let p = self.ledger().place(&id).unwrap();
        Positions { document: p.log.document, run: p.log.run, height: p.sequence, id }
    }

    fn positions(&self, ids: &[EntryId]) -> Vec<Positions> {
        ids.iter().map(|id| self.position(*id)).collect()
    }

    /// `who` burns a key in the registry of `at`; what the entries reach stands.
    pub(crate) fn burn(&mut self, who: &str, at: OrgId, whose: &str, up_to: &[EntryId]) -> EntryId {
        let row = self.burn_row(whose, up_to).to_fields();
        self.write(who, registry(at), |p| {
            p.row(Burn::TYPE, &[], &row);
        })
    }

    pub(crate) fn burn_row(&self, whose: &str, up_to: &[EntryId]) -> Burn {
        Burn { key: key(whose), positions: self.positions(up_to), cause: "stolen".into(), reason: None }
    }

    pub(crate) fn end(&mut self, who: &str, at: OrgId, grant: RowName, left: Day, up_to: &[EntryId]) -> EntryId {
        let row = self.end_row(grant, left, up_to).to_fields();
        self.write(who, registry(at), |p| {
            p.row(End::TYPE, &[], &row);
        })
    }

    pub(crate) fn end_row(&self, grant: RowName, left: Day, up_to: &[EntryId]) -> End {
        End { grant: grant.here(), left_day: left, positions: Some(self.positions(up_to)), reason: None }
    }

    /// `who` accepts, in a registry or a review.
    pub(crate) fn accept(&mut self, who: &str, document: DocId, up_to: &[EntryId]) -> EntryId {
        let row = Accept { positions: self.positions(up_to), reason: "真".into() }.to_fields();
        self.write(who, document, |p| {
            p.row(Accept::TYPE, &[], &row);
        })
    }

    pub(crate) fn standing(&self, id: EntryId) -> Standing {
        self.node.standing(id)
    }

    /// A fresh node that heard everything in this order of indices.
    pub(crate) fn heard(&self, order: &[usize]) -> Node {
        self.heard_together(order, 1)
    }

    /// And settled what follows from so many at once.
    pub(crate) fn heard_together(&self, order: &[usize], together: usize) -> Node {
        let entries: Vec<SignedEntry> = order.iter().map(|i| self.entries[*i].clone()).collect();
        let mut node = Node { together, ..Node::new(self.ledger().network) };
        let refused = node.deliver(&entries);
        assert!(refused.is_empty(), "admitted here, refused there: {refused:?}");
        node
    }

    /// Fresh nodes that hear the last `movable` entries (and, reversed and shuffled, all) in many orders come to this world's picture.
    pub(crate) fn agrees_in_every_order(&self, movable: usize) {
        let mine = self.node.picture();
        let n = self.entries.len();
        let fixed = n - movable.min(n);
        if movable <= 6 {
            for tail in permutations(fixed..n) {
                let order: Vec<usize> = (0..fixed).chain(tail).collect();
                assert_eq!(self.heard(&order).picture(), mine, "order {order:?}");
            }
        }
        let orders = if movable <= 6 { 20 } else { 200 };
        let mut rng = Rng(n as u64 + 1);
        for i in 0..orders {
            let (order, together) = (rng.shuffle(n), TOGETHER[i % TOGETHER.len()]);
            assert_eq!(self.heard_together(&order, together).picture(), mine, "{together} together, order {order:?}");
        }
    }
}

/// Every order of a few indices.
pub(crate) fn permutations(of: std::ops::Range<usize>) -> Vec<Vec<usize>> {
    of.fold(vec![Vec::new()], |all, x| {
        let put = |p: &Vec<usize>, at: usize| [&p[..at], &[x], &p[at..]].concat();
        all.iter().flat_map(|p| (0..=p.len()).map(|at| put(p, at)).collect::<Vec<_>>()).collect()
    })
}

/// xorshift64*: enough to choose orders, and the same on every machine.
#[derive(Clone, Debug)]
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % n as u64) as usize
    }

    pub(crate) fn shuffle(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        (1..n).rev().for_each(|i| order.swap(i, self.below(i + 1)));
        order
    }
}

pub(crate) fn new_org(code: &str, kind: OrgKind) -> NewOrg {
    let hash = Sha256::digest(code);
    NewOrg { code: code.into(), kind, name: code.into(), random: hash[..8].try_into().unwrap() }
}

/// What county and other of [`Counties`] draw so that both come to one id, a68444d6896501a9: looked for by Pollard's rho, 10^10 hashes, a quarter of an hour on one busy core.
pub(crate) const ALIKE: [u64; 2] = [0x62db_b542_5acb_8a7d, 0x82aa_7b02_c4e0_3fb2];

/// A school that two registries create under one id.
pub(crate) fn alike(parents: [OrgId; 2]) -> [Org; 2] {
    let rows =
        [0, 1].map(|n| NewOrg { random: ALIKE[n].to_be_bytes(), ..new_org("alike", OrgKind::School) }.row(parents[n], DAY));
    assert_eq!(rows[0].org, rows[1].org);
    rows
}

pub(crate) fn registry(of: OrgId) -> DocId {
    DocId::of(of, Kind::Registry)
}

pub(crate) fn ledger_of(org: OrgId) -> DocId {
    DocId::of_year(org, Kind::Ledger, YEAR)
}

pub(crate) fn review(by: OrgId, of: OrgId) -> DocId {
    DocId::about(by, Kind::Review, YEAR, of)
}

/// The first row of an entry of the same document.
pub(crate) fn here(entry: EntryId) -> RowRef {
    RowName { entry, index: 0 }.here()
}

/// A one-use key's log in a registry.
pub(crate) fn one_use_log(at: OrgId, code: &str) -> LogId {
    LogId { document: registry(at), key: key(code), run: ONE_USE_RUN }
}

/// A city with two counties, their schools and staff: what most stories need.
pub(crate) struct Counties {
    pub(crate) w: World,
    pub(crate) county: OrgId,
    pub(crate) other: OrgId,
    pub(crate) township: OrgId,
    pub(crate) school: OrgId,
    pub(crate) second: OrgId,
    pub(crate) foreign: OrgId,
    pub(crate) base: OrgId,
}

impl Counties {
    /// County (admin, second-admin, reviewer, county-clerk, auditor, node) with school (clerk, principal) and second (second-clerk); other county (other-admin,
    /// other-reviewer) with a foreign school (foreign-clerk); the city's reviewer, policy officer and base (base-clerk).
    pub(crate) fn new() -> Self {
        let mut w = World::found();
        let city = w.city;
        let county = w.org("city-admin", city, OrgKind::County, "county");
        let other = w.org("city-admin", city, OrgKind::County, "other");
        let base = w.org("city-admin", city, OrgKind::Organiser, "base");
        w.grant("city-admin", city, "admin", Role::Admin, county);
        w.grant("city-admin", city, "other-admin", Role::Admin, other);
        w.grant("city-admin", city, "city-reviewer", Role::Reviewer, city);
        w.grant("city-admin", city, "officer", Role::PolicyOfficer, city);
        w.grant("city-admin", city, "base-clerk", Role::Clerk, base);
        let township = w.org("admin", county, OrgKind::Township, "township");
        let school = w.org("admin", county, OrgKind::School, "school");
        let second = w.org("admin", county, OrgKind::School, "second");
        let foreign = w.org("other-admin", other, OrgKind::School, "foreign");
        for (who, role, org) in [
            ("second-admin", Role::Admin, county),
            ("third-admin", Role::Admin, county),
            ("reviewer", Role::Reviewer, county),
            ("second-reviewer", Role::Reviewer, county),
            ("county-clerk", Role::Clerk, county),
            ("auditor", Role::Auditor, county),
            ("node", Role::Node, county),
            ("township-clerk", Role::Clerk, township),
            ("clerk", Role::Clerk, school),
            ("principal", Role::Principal, school),
            ("second-clerk", Role::Clerk, second),
        ] {
            w.grant("admin", county, who, role, org);
        }
        w.grant("other-admin", other, "other-reviewer", Role::Reviewer, other);
        w.grant("other-admin", other, "foreign-clerk", Role::Clerk, foreign);
        Self { w, county, other, township, school, second, foreign, base }
    }
}
