//! Who lives in the model, and what each of them may do once.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use taizhang_core::{
    author::{Author, grant_for},
    entries::{Entries, ReadFailed},
    entry::SignedEntry,
    founding::{NewGrant, NewOrg, found},
    id::{AttachmentId, DocId, EntryId, Kind, OrgId, PublicKey, Run},
    key::SecretKey,
    ledger::{Ledger, row_ops},
    op::{PayloadBuilder, RowName, RowRef},
    rows::{Accept, Burn, Decision, DecisionTarget, End, Grant, Lock, Org, OrgKind, Positions, Role, RowType, Unlock, Verdict},
    standing::Judge,
    tips,
    units::{Day, Ms},
};

const DAY: Day = Day(20_000);
const YEAR: u16 = 2024;

/// What somebody may do once. A new kind of act is a variant here, a line in [`KEYS`] or [`LOCKS`] and an arm in `World::payload`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A row in the school's ledger.
    Write,
    /// A row at the same place of the log, where the other is not known yet: a disk that was set back.
    Fork,
    /// The key was stolen: what is known of it stands.
    Burn(&'static str),
    /// Staff left the day before.
    End(&'static str),
    /// All that is known of the school's ledger and the registry stands; of the ledger it is in time.
    Accept,
    /// The school goes to the county.
    Move,
    /// The school's year is closed at all that is known.
    Lock,
    /// Every lock that is known is replaced.
    Unlock,
    /// A decision on a row of the beginning, in place of those known.
    Decide,
}

/// Node, who, what.
pub type Act = (usize, &'static str, What);

/// Keys: burnt, ended, accepted, forked. Two admins, three clerks.
pub const KEYS: &[Act] = &[
    (0, "first", What::Burn("clerk")),
    (0, "first", What::Burn("second")),
    (0, "first", What::End("other")),
    (0, "first", What::End("second")),
    (0, "first", What::Accept),
    (0, "clerk", What::Write),
    (0, "third", What::Write),
    (1, "second", What::Burn("clerk")),
    (1, "second", What::Burn("first")),
    (1, "second", What::Accept),
    (1, "second", What::Move),
    (1, "other", What::Write),
    (1, "clerk", What::Fork),
];

/// Locks: two of the city that know nothing of each other, one of the county (which acts once the school has come to it), unlocks, accepts, decisions; what clerks write meanwhile, on both branches of a fork; burns of those who locked, and the end of one who wrote.
pub const LOCKS: &[Act] = &[
    (0, "reviewer", What::Lock),
    (0, "reviewer", What::Decide),
    (0, "first", What::Accept),
    (0, "first", What::Burn("inspector")),
    (0, "clerk", What::Write),
    (0, "third", What::Write),
    (1, "inspector", What::Lock),
    (1, "inspector", What::Unlock),
    (1, "inspector", What::Decide),
    (1, "inspector", What::Accept),
    (1, "bureau", What::Lock),
    (1, "second", What::Burn("reviewer")),
    (1, "second", What::End("third")),
    (1, "second", What::Move),
    (1, "clerk", What::Fork),
];

/// The organisations, and every entry and list of tips that anybody ever made.
pub(super) struct World {
    pub(super) made: BTreeMap<EntryId, SignedEntry>,
    /// Of the common beginning.
    pub(super) beginning: Vec<EntryId>,
    lists: BTreeMap<AttachmentId, Vec<u8>>,
    city: OrgId,
    county: OrgId,
    pub(super) school: OrgId,
}

impl Entries for World {
    fn entry(&self, id: &EntryId) -> Result<Option<Vec<u8>>, ReadFailed> {
        Ok(self.made.get(id).map(SignedEntry::to_bytes))
    }
    fn attachment(&self, id: &AttachmentId) -> Result<Option<Vec<u8>>, ReadFailed> {
        Ok(self.lists.get(id).cloned())
    }
}

fn author(who: &str) -> Author {
    Author { key: SecretKey::from_seed(Sha256::digest(who).into()), run: Run([1; 8]) }
}

fn key(who: &str) -> PublicKey {
    author(who).public()
}

impl World {
    /// A city with two admins (the second let in by the first) and two reviewers, a county with one, a school with three clerks, two of whom wrote already.
    pub(super) fn begin() -> (Self, Ledger) {
        let org = |code: &str, kind| NewOrg { code: code.into(), kind, name: code.into(), random: [code.len() as u8; 8] };
        let city = org("city", OrgKind::City);
        let (network, first) = found(&author("root"), &city, (key("first"), None), key("node"), "a", Ms::start_of(DAY));
        let city = city.row(OrgId::root(network), DAY).org;
        let rows = [org("county", OrgKind::County), org("a school", OrgKind::School)].map(|o| o.row(city, DAY));
        let (county, school) = (rows[0].org, rows[1].org);
        let (made, lists) = (BTreeMap::new(), BTreeMap::new());
        let mut w = Self { made, beginning: Vec::new(), lists, city, county, school };
        let mut ledger = Ledger::new(network);
        let basis = RowName { entry: first.id, index: 1 }.in_document(DocId::of(OrgId::root(network), Kind::Registry));
        w.begins_with(&mut ledger, first);
        let mut p = PayloadBuilder::default();
        let [of_county, of_school] = rows.map(|o| RowRef::own(p.row(Org::TYPE, &[], &o.to_fields())));
        for (who, role, org, basis) in [
            ("second", Role::Admin, city, basis),
            ("reviewer", Role::Reviewer, city, basis),
            ("inspector", Role::Reviewer, city, basis),
            ("bureau", Role::Reviewer, county, of_county),
            ("clerk", Role::Clerk, school, of_school),
            ("other", Role::Clerk, school, of_school),
            ("third", Role::Clerk, school, of_school),
        ] {
            let new = NewGrant { key: key(who), role, office: None, org, basis, seal_key: None };
            p.row(Grant::TYPE, &[], &new.row(who, DAY).to_fields());
        }
        let entry = w.sign(&ledger, "first", DocId::of(city, Kind::Registry), p.finish(), 0);
        w.begins_with(&mut ledger, entry.expect("the admin may"));
        for who in ["clerk", "other"] {
            let entry = w.act(&ledger, (0, who, What::Write), 99).expect("a clerk may");
            w.begins_with(&mut ledger, entry);
        }
        (w, ledger)
    }

    fn begins_with(&mut self, ledger: &mut Ledger, entry: SignedEntry) {
        let admitted = ledger.admit(&*self, entry.clone(), taizhang_core::admission::Signature::Check).expect("it may enter");
        ledger.insert(&admitted);
        self.beginning.push(entry.id);
        self.made.insert(entry.id, entry);
    }

    fn ledger_of_school(&self) -> DocId {
        DocId::of_year(self.school, Kind::Ledger, YEAR)
    }

    fn sign(&self, ledger: &Ledger, who: &str, document: DocId, payload: Vec<u8>, n: u64) -> Option<SignedEntry> {
        let author = author(who);
        let grant = grant_for(ledger, author.public(), &document)?;
        Some(author.write(ledger, document, Some(grant), payload, Ms(Ms::start_of(DAY).0 + n)))
    }

    /// `None`: with what this ledger holds the act is not possible.
    pub(super) fn act(&mut self, ledger: &Ledger, (_, who, what): Act, n: u64) -> Option<SignedEntry> {
        let review = |owner| DocId::about(owner, Kind::Review, YEAR, self.school);
        let document = match (what, who) {
            (What::Write | What::Fork, _) => self.ledger_of_school(),
            (_, "bureau") => review(self.county),
            (_, "reviewer" | "inspector") => review(self.city),
            _ => DocId::of(self.city, Kind::Registry),
        };
        let mut p = PayloadBuilder::default();
        self.payload(ledger, document, what, n, &mut p)?;
        self.sign(ledger, who, document, p.finish(), n)
    }

    /// What is known of the school's ledger and the registry, of one key or of all.
    fn tips(&self, ledger: &Ledger, of: Option<PublicKey>) -> Vec<Positions> {
        let documents = [DocId::of(self.city, Kind::Registry), self.ledger_of_school()];
        let all = documents.iter().flat_map(|d| ledger.open_tips(d)).filter_map(|id| Some((id, ledger.place(&id)?)));
        let all = all.filter(|(_, p)| of.is_none_or(|k| p.log.key == k));
        all.map(|(id, p)| Positions { document: p.log.document, run: p.log.run, height: p.sequence, id }).collect()
    }

    fn payload(&mut self, ledger: &Ledger, document: DocId, what: What, n: u64, p: &mut PayloadBuilder) -> Option<()> {
        match what {
            What::Write | What::Fork => p.row(60, &[], &[0x81, n as u8 % 20]),
            What::Burn(whose) => {
                let positions = self.tips(ledger, Some(key(whose)));
                p.row(Burn::TYPE, &[], &Burn { key: key(whose), positions, cause: "stolen".into(), reason: None }.to_fields())
            }
            What::End(whose) => {
                let grant = ledger.registry.grants_of(key(whose)).next()?.0.here();
                let positions = Some(self.tips(ledger, Some(key(whose))));
                p.row(End::TYPE, &[], &End { grant, left_day: Day(DAY.0 - 1), positions, reason: None }.to_fields())
            }
            What::Accept => {
                let mut positions = self.tips(ledger, None);
                positions.retain(|p| document.kind == Kind::Registry || p.document.kind == Kind::Ledger);
                p.row(Accept::TYPE, &[], &Accept { positions, reason: "true".into() }.to_fields())
            }
            What::Move => {
                let record = ledger.registry.orgs.get(&self.school)?;
                let row = Org { random: None, parent: self.county, ..record.current().clone() };
                p.row(Org::TYPE, &[record.creation.name.here()], &row.to_fields())
            }
            What::Lock => {
                let list = ledger.closing(self.school, YEAR);
                let (tips, bytes) = tips::attachment(&list);
                self.lists.insert(tips, bytes);
                let lock = Lock { year: YEAR, day: DAY, tips_root: tips::root(&list), tips, reason: None };
                p.row(Lock::TYPE, &[], &lock.to_fields())
            }
            What::Unlock => {
                let locks = Judge::new(ledger)
                    .locks(self.school)
                    .into_iter()
                    .map(|l| named_from(&document, l.review, l.name))
                    .collect::<BTreeSet<_>>();
                let replaces: Vec<RowRef> = locks.into_iter().collect();
                // Who knows of no lock has nothing to open.
                (!replaces.is_empty()).then_some(())?;
                p.row(Unlock::TYPE, &replaces, &Unlock { year: YEAR, reason: "more".into() }.to_fields())
            }
            What::Decide => {
                let rows = vec![(*self.beginning.last()?, vec![0])];
                let target = DecisionTarget::Rows { document: self.ledger_of_school(), rows };
                let known = ledger.document(&document).into_iter().flat_map(|d| &d.entries).filter_map(|id| self.made.get(id));
                let decided = known.flat_map(row_ops).filter(|(_, r)| r.row_type == Decision::TYPE).map(|(name, _)| name.here());
                let replaces: BTreeSet<RowRef> = decided.collect();
                let replaces: Vec<RowRef> = replaces.into_iter().collect();
                p.row(Decision::TYPE, &replaces, &Decision { target, verdict: Verdict::Approved, reason: None }.to_fields())
            }
        };
        Some(())
    }
}

/// A row of a review as another review names it, or the same.
fn named_from(document: &DocId, review: DocId, name: RowName) -> RowRef {
    if review == *document { name.here() } else { name.in_document(review) }
}
