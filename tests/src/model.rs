//! A model of admission and standing: two nodes, two admins, three authors; every order in which few acts can be done and heard of.
//!
//! Each act is one signed entry whose content follows from what its node holds just then (a burn names the tips it knows). From a common beginning every state that
//! a number of acts and any deliveries lead to is visited; for every set of entries that a node can hold, every order in which they may arrive is tried
//! out, and all orders must give the same picture. The ledger is the real one.

#![allow(clippy::indexing_slicing, clippy::expect_used, clippy::cast_possible_truncation, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use taizhang_core::{
    admission::{Refusal, Signature},
    author::{Author, grant_for},
    entries::{Entries, ReadFailed},
    entry::SignedEntry,
    founding::{NewGrant, NewOrg, found},
    id::{AttachmentId, DocId, EntryId, Kind, OrgId, PublicKey, Run},
    key::SecretKey,
    ledger::Ledger,
    op::{PayloadBuilder, RowName, RowRef},
    rows::{Accept, Burn, End, Org, OrgKind, Positions, Role, RowType},
    standing::{Judge, Standing},
    units::{Day, Ms},
};

const DAY: Day = Day(20_000);

/// What somebody may do once. A new kind of act is a variant here, a line in [`MENU`] and an arm in [`World::payload`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    /// A row in the school's ledger.
    Write,
    /// A row at the same place of the log, where the other is not known yet: a disk that was set back.
    Fork,
    /// The key was stolen: what is known of it stands.
    Burn(&'static str),
    /// Staff left the day before.
    End(&'static str),
    /// All that is known of the school's ledger and the registry stands.
    Accept,
    /// The school goes to the county.
    Move,
}

/// Node, who, what.
const MENU: [(usize, &str, Act); 13] = [
    (0, "first", Act::Burn("clerk")),
    (0, "first", Act::Burn("second")),
    (0, "first", Act::End("other")),
    (0, "first", Act::End("second")),
    (0, "first", Act::Accept),
    (0, "clerk", Act::Write),
    (0, "third", Act::Write),
    (1, "second", Act::Burn("clerk")),
    (1, "second", Act::Burn("first")),
    (1, "second", Act::Accept),
    (1, "second", Act::Move),
    (1, "other", Act::Write),
    (1, "clerk", Act::Fork),
];

/// What was searched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Searched {
    /// Pairs of what the two nodes hold.
    pub states: usize,
    /// Different sets of entries on a node.
    pub sets: usize,
    /// Orders of arrival tried.
    pub orders: usize,
    /// How two orders, or two nodes, disagree.
    pub disagreement: Option<String>,
}

/// Says whether an entry stands; the real one, or one with a bug.
pub type Verdict = fn(&Ledger, &EntryId) -> Standing;

/// The real one.
#[must_use]
pub fn real(ledger: &Ledger, id: &EntryId) -> Standing {
    Judge::new(ledger).standing(id)
}

/// A bug: what was here before a registry's last entry keeps the standing that it would have without burns.
#[must_use]
pub fn by_arrival(ledger: &Ledger, id: &EntryId) -> Standing {
    let arrived = |id: &EntryId| ledger.place(id).map(|p| p.arrival);
    let registries = ledger.documents().filter(|d| d.kind == Kind::Registry).filter_map(|d| ledger.document(d));
    let last = registries.flat_map(|d| &d.entries).filter_map(arrived).max();
    match real(ledger, id) {
        Standing::Burnt if arrived(id) < last => Standing::Stands,
        other => other,
    }
}

#[derive(Clone)]
struct Node {
    ledger: Ledger,
    /// Beyond the beginning.
    held: BTreeSet<EntryId>,
}

/// Every entry that anybody ever made.
struct World {
    made: BTreeMap<EntryId, SignedEntry>,
    pictures: BTreeMap<BTreeSet<EntryId>, [u8; 32]>,
    city: OrgId,
    county: OrgId,
    school: OrgId,
    searched: Searched,
}

impl Entries for World {
    fn entry(&self, id: &EntryId) -> Result<Option<Vec<u8>>, ReadFailed> {
        Ok(self.made.get(id).map(SignedEntry::to_bytes))
    }
    fn attachment(&self, _: &AttachmentId) -> Result<Option<Vec<u8>>, ReadFailed> {
        Ok(None)
    }
}

fn author(who: &str) -> Author {
    Author { key: SecretKey::from_seed(Sha256::digest(who).into()), run: Run([1; 8]) }
}

fn key(who: &str) -> PublicKey {
    author(who).public()
}

/// Visits everything that at most so many acts lead to.
#[must_use]
pub fn search(acts: usize, verdict: Verdict) -> Searched {
    let none = OrgId([0; 8]);
    let (made, pictures, searched) = (BTreeMap::new(), BTreeMap::new(), Searched::default());
    let mut w = World { made, pictures, city: none, county: none, school: none, searched };
    let start = w.begin();
    let mut seen: BTreeSet<[BTreeSet<EntryId>; 2]> = BTreeSet::new();
    let mut open = vec![([start.clone(), start.clone()], 0_u32)];
    while let Some((nodes, done)) = open.pop() {
        if w.searched.disagreement.is_some() {
            break;
        }
        if !seen.insert([nodes[0].held.clone(), nodes[1].held.clone()]) {
            continue;
        }
        nodes.iter().for_each(|n| w.try_orders(&start, &n.held, verdict));
        for (i, (at, who, act)) in MENU.into_iter().enumerate() {
            let bit = 1 << i;
            if done & bit == 0 && (done.count_ones() as usize) < acts {
                let Some(entry) = w.act(&nodes[at].ledger, who, act, i as u64) else { continue };
                let mut next = nodes.clone();
                if w.take(&mut next[at], &entry) {
                    open.push((next, done | bit));
                }
            }
        }
        for to in [0, 1] {
            for id in nodes[1 - to].held.difference(&nodes[to].held) {
                let entry = w.made[id].clone();
                let mut next = nodes.clone();
                if w.take(&mut next[to], &entry) {
                    open.push((next, done));
                }
            }
        }
    }
    w.searched.states = seen.len();
    w.searched.sets = w.pictures.len();
    w.searched
}

impl World {
    /// A city with two admins (the second let in by the first), a county, a school with three clerks, two of whom wrote already.
    fn begin(&mut self) -> Node {
        let org = |code: &str, kind| NewOrg { code: code.into(), kind, name: code.into(), random: [code.len() as u8; 8] };
        let city = org("city", OrgKind::City);
        let (network, first) = found(&author("root"), &city, (key("first"), None), key("node"), "a", Ms::start_of(DAY));
        self.city = city.row(OrgId::root(network), DAY).org;
        let mut node = Node { ledger: Ledger::new(network), held: BTreeSet::new() };
        let basis = RowName { entry: first.id, index: 1 }.in_document(DocId::of(OrgId::root(network), Kind::Registry));
        self.take(&mut node, &first);
        let mut p = PayloadBuilder::default();
        let rows = [org("county", OrgKind::County), org("a school", OrgKind::School)].map(|o| o.row(self.city, DAY));
        (self.county, self.school) = (rows[0].org, rows[1].org);
        let on = rows.map(|r| RowRef::own(p.row(Org::TYPE, &[], &r.to_fields())))[1];
        let mut grant = |who: &str, role, org, basis| {
            let new = NewGrant { key: key(who), role, office: None, org, basis, seal_key: None };
            p.row(taizhang_core::rows::Grant::TYPE, &[], &new.row(who, DAY).to_fields());
        };
        grant("second", Role::Admin, self.city, basis);
        ["clerk", "other", "third"].into_iter().for_each(|c| grant(c, Role::Clerk, self.school, on));
        let document = DocId::of(self.city, Kind::Registry);
        let entry = self.sign(&node.ledger, "first", document, p.finish(), 0);
        self.take(&mut node, &entry.expect("the admin may"));
        for who in ["clerk", "other"] {
            let entry = self.act(&node.ledger, who, Act::Write, 99).expect("a clerk may");
            self.take(&mut node, &entry);
        }
        node.held.clear();
        node
    }

    fn ledger_of_school(&self) -> DocId {
        DocId::of_year(self.school, Kind::Ledger, 2024)
    }

    /// Admits and files; a missing name makes it wait, any other refusal is a disagreement: it was admitted where it was made.
    fn take(&mut self, node: &mut Node, entry: &SignedEntry) -> bool {
        self.made.entry(entry.id).or_insert_with(|| entry.clone());
        match node.ledger.admit(&*self, entry.clone(), Signature::Checked) {
            Ok(admitted) => {
                node.ledger.insert(&admitted);
                node.held.insert(entry.id)
            }
            Err(Refusal::Missing(_)) => false,
            Err(why) => {
                self.searched.disagreement = Some(format!("{} is refused: {why}", entry.id));
                false
            }
        }
    }

    fn sign(&self, ledger: &Ledger, who: &str, document: DocId, payload: Vec<u8>, n: u64) -> Option<SignedEntry> {
        let author = author(who);
        let grant = grant_for(ledger, author.public(), &document)?;
        Some(author.write(ledger, document, Some(grant), payload, Ms(Ms::start_of(DAY).0 + n)))
    }

    /// `None`: with what the node holds the act is not possible.
    fn act(&self, ledger: &Ledger, who: &str, act: Act, n: u64) -> Option<SignedEntry> {
        let document =
            if matches!(act, Act::Write | Act::Fork) { self.ledger_of_school() } else { DocId::of(self.city, Kind::Registry) };
        let mut p = PayloadBuilder::default();
        self.payload(ledger, act, n, &mut p)?;
        self.sign(ledger, who, document, p.finish(), n)
    }

    fn payload(&self, ledger: &Ledger, act: Act, n: u64, p: &mut PayloadBuilder) -> Option<()> {
        let documents = [DocId::of(self.city, Kind::Registry), self.ledger_of_school()];
        let tips = |of: Option<PublicKey>| -> Vec<Positions> {
            let all = documents.iter().flat_map(|d| ledger.open_tips(d)).filter_map(|id| Some((id, ledger.place(&id)?)));
            let all = all.filter(|(_, p)| of.is_none_or(|k| p.log.key == k));
            all.map(|(id, p)| Positions { document: p.log.document, run: p.log.run, height: p.sequence, id }).collect()
        };
        match act {
            Act::Write | Act::Fork => p.row(60, &[], &[0x81, n as u8 % 20]),
            Act::Burn(whose) => {
                let row = Burn { key: key(whose), positions: tips(Some(key(whose))), cause: "stolen".into(), reason: None };
                p.row(Burn::TYPE, &[], &row.to_fields())
            }
            Act::End(whose) => {
                let grant = ledger.registry.grants_of(key(whose)).next()?.0.here();
                let positions = Some(tips(Some(key(whose))));
                p.row(End::TYPE, &[], &End { grant, left_day: Day(DAY.0 - 1), positions, reason: None }.to_fields())
            }
            Act::Accept => p.row(Accept::TYPE, &[], &Accept { positions: tips(None), reason: "true".into() }.to_fields()),
            Act::Move => {
                let record = ledger.registry.orgs.get(&self.school)?;
                let row = Org { random: None, parent: self.county, ..record.current().clone() };
                p.row(Org::TYPE, &[record.creation.name.here()], &row.to_fields())
            }
        };
        Some(())
    }

    /// Every order in which these entries may arrive comes to one picture.
    fn try_orders(&mut self, start: &Node, held: &BTreeSet<EntryId>, verdict: Verdict) {
        if !self.pictures.contains_key(held) {
            self.arrive(start.clone(), held, verdict);
        }
    }

    fn arrive(&mut self, node: Node, all: &BTreeSet<EntryId>, verdict: Verdict) {
        let left: Vec<SignedEntry> = all.difference(&node.held).map(|id| self.made[id].clone()).collect();
        if left.is_empty() {
            self.searched.orders += 1;
            let picture = self.picture(&node.ledger, verdict);
            let known = *self.pictures.entry(node.held.clone()).or_insert(picture);
            if known != picture {
                let entries: Vec<String> = node.held.iter().map(|id| format!("{id} {:?}", verdict(&node.ledger, id))).collect();
                self.searched.disagreement = Some(format!("two orders of the same entries disagree: {entries:?}"));
            }
        }
        for entry in left {
            let mut next = node.clone();
            if self.searched.disagreement.is_none() && self.take(&mut next, &entry) {
                self.arrive(next, all, verdict);
            }
        }
    }

    /// What must not depend on the order: the standing of every entry, whether grants are open, who stands where.
    fn picture(&self, ledger: &Ledger, verdict: Verdict) -> [u8; 32] {
        let judge = Judge::new(ledger);
        let mut hash = Sha256::new();
        for id in self.made.keys().filter(|id| ledger.place(id).is_some()) {
            hash.update(id.0);
            hash.update([verdict(ledger, id) as u8]);
        }
        ledger
            .registry
            .grants
            .keys()
            .for_each(|g| hash.update([u8::from(judge.grant_is_open(g)), u8::from(judge.grant_stands(g))]));
        ledger.registry.orgs.keys().flat_map(|o| ledger.registry.ancestors(*o)).for_each(|a| hash.update(a.0));
        ledger.documents().flat_map(|d| ledger.open_tips(d)).for_each(|t| hash.update(t.0));
        hash.finalize().into()
    }
}
