//! Locks: a county or city closes a policy year of an organisation below it, at the open tips of its documents. What they do not reach arrived after the lock, and counts as nothing until somebody who could have locked accepts it, or an unlock replaces the lock (docs/decisions/0013-locks.md).
//!
//! Which locks act is a function of the set of admitted entries, as standing is, and comes after it: a late entry stands, and so a lock never takes a burn, an end or another lock out of force.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    entries::Entries,
    entry::SignedEntry,
    id::{AttachmentId, DocId, EntryId, Kind, OrgId},
    ledger::{Ledger, row_ops},
    op::RowName,
    planted::{Check, Planted, is_off},
    rows::{Ban, Decision, EnrolDecision, Lock, Merge, PlanDecision, Recognition, RowType, Unlock, Waiver},
    standing::Judge,
    tips::{self, DocumentTips},
    units::Day,
};

/// Bytes of a lock's list, at most: some 10,000 documents. A longer one closes nothing.
pub const LIST_BYTES_MAX: usize = 1 << 20;

/// Does a row of this type decide what counts? Only such rows of reviews can come too late.
#[must_use]
pub fn decides(row_type: u16) -> bool {
    [PlanDecision::TYPE, Decision::TYPE, Recognition::TYPE, Waiver::TYPE, Ban::TYPE, Merge::TYPE, EnrolDecision::TYPE]
        .contains(&row_type)
}

/// A lock or unlock as it was admitted.
#[derive(Clone, Debug)]
pub(crate) struct Filed {
    document: DocId,
    replaces: Vec<RowName>,
    year: u16,
    /// None: an unlock.
    closes: Option<Closes>,
}

#[derive(Clone, Debug)]
struct Closes {
    day: Day,
    root: [u8; 32],
    /// None: not here, or no such list.
    list: Option<Vec<DocumentTips>>,
}

/// Locks, unlocks and decisions, reduced to what the question «too late?» asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Locks {
    by_subject: BTreeMap<OrgId, BTreeMap<RowName, Filed>>,
    /// Every deciding row of a review, with the rows that it replaces.
    decisions: BTreeMap<RowName, Vec<RowName>>,
}

/// The lists that the locks of an entry name, where they are here and have the form.
pub(crate) fn lists(entry: &SignedEntry, entries: &dyn Entries) -> BTreeMap<AttachmentId, Vec<DocumentTips>> {
    if entry.header.log.document.kind != Kind::Review {
        return BTreeMap::new();
    }
    let locks = row_ops(entry).into_iter().filter(|(_, r)| r.row_type == Lock::TYPE);
    let named = locks.filter_map(|(_, r)| Lock::from_fields(r.fields).ok()).map(|p| p.row.tips);
    let read = |id: AttachmentId| {
        let bytes = entries.attachment(&id).ok().flatten().filter(|b| b.len() <= LIST_BYTES_MAX)?;
        Some((id, tips::parse(&bytes).ok()?))
    };
    named.filter_map(read).collect()
}

impl Locks {
    /// Files the rows of a review. Returns the tips that its locks name.
    pub(crate) fn file(&mut self, entry: &SignedEntry, lists: &BTreeMap<AttachmentId, Vec<DocumentTips>>) -> Vec<EntryId> {
        let document = entry.header.log.document;
        let (Kind::Review, Some(subject)) = (document.kind, document.subject) else { return Vec::new() };
        let mut named = Vec::new();
        for (name, row) in row_ops(entry) {
            let replaces = || row.replaces.iter().map(|r| r.resolve(name.entry)).collect();
            let (year, closes) = match row.row_type {
                Lock::TYPE => {
                    let Ok(lock) = Lock::from_fields(row.fields).map(|p| p.row) else { continue };
                    let list = lists.get(&lock.tips).cloned();
                    named.extend(list.iter().flatten().flat_map(|d| d.tips.iter().copied()));
                    (lock.year, Some(Closes { day: lock.day, root: lock.tips_root, list }))
                }
                Unlock::TYPE => {
                    let Ok(unlock) = Unlock::from_fields(row.fields) else { continue };
                    (unlock.row.year, None)
                }
                other => {
                    if decides(other) {
                        self.decisions.insert(name, replaces());
                    }
                    continue;
                }
            };
            let filed = Filed { document, replaces: replaces(), year, closes };
            self.by_subject.entry(subject).or_default().insert(name, filed);
        }
        named
    }
}

/// Does a lock close anything, and if not, why?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockState {
    /// What it does not reach is late.
    Acts,
    /// A standing lock or unlock of the same year replaces it.
    Replaced,
    /// Its entry does not stand.
    NotStanding,
    /// The review's owner is no county or city above its subject.
    NotAbove,
    /// It stands in the review of another year.
    OtherYear,
    /// Its list is not here, or no list.
    NoList,
    /// Its root is not that of its list.
    OtherRoot,
    /// It knows another lock of the same organisation that holds: nobody closes a year twice.
    Second,
}

impl LockState {
    /// The word used in commands and exports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Acts => "acts",
            Self::Replaced => "replaced",
            Self::NotStanding => "not_standing",
            Self::NotAbove => "not_above",
            Self::OtherYear => "other_year",
            Self::NoList => "no_list",
            Self::OtherRoot => "other_root",
            Self::Second => "second",
        }
    }
}

/// A lock with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked<'l> {
    /// The row.
    pub name: RowName,
    /// The review it stands in.
    pub review: DocId,
    /// Policy year.
    pub year: u16,
    /// Its day, a claim.
    pub day: Day,
    /// Does it act?
    pub state: LockState,
    /// The documents at the tips that it names.
    pub list: &'l [DocumentTips],
}

impl Locked<'_> {
    /// Does it act?
    #[must_use]
    pub fn acts(&self) -> bool {
        self.state == LockState::Acts
    }

    fn tips(&self, document: &DocId) -> &[EntryId] {
        self.list.iter().find(|d| d.document == *document).map(|d| d.tips.as_slice()).unwrap_or_default()
    }
}

impl Ledger {
    /// The documents that a lock of this subject's year names, at their open tips.
    #[must_use]
    pub fn closing(&self, subject: OrgId, year: u16) -> Vec<DocumentTips> {
        let of_year = |d: &DocId| match d.kind {
            Kind::Roster => true,
            Kind::Ledger | Kind::Transfer | Kind::Review => d.period == Some(year),
            _ => false,
        };
        self.tips_of(|d| d.concerns() == subject && of_year(d))
    }

    /// Documents here at their open tips.
    #[must_use]
    pub fn tips_of(&self, takes_part: impl Fn(&DocId) -> bool) -> Vec<DocumentTips> {
        let at = |d: &DocId| DocumentTips { document: *d, tips: self.open_tips(d) };
        self.documents().filter(|d| takes_part(d)).map(at).filter(|d| !d.tips.is_empty()).collect()
    }
}

impl Judge<'_> {
    /// Every lock about a subject, by name.
    #[must_use]
    pub fn locks(&self, subject: OrgId) -> Vec<Locked<'_>> {
        let ledger = self.ledger();
        let Some(filed) = ledger.locks.by_subject.get(&subject) else { return Vec::new() };
        let able = |name: &RowName, f: &Filed| self.stands(&name.entry) && ledger.registry.decides(&f.document);
        let replacing = filed.iter().filter(|(name, f)| able(name, f));
        let replaced: BTreeSet<(u16, RowName)> = replacing.flat_map(|(_, f)| f.replaces.iter().map(|r| (f.year, *r))).collect();
        let state = |name: &RowName, f: &Filed, closes: &Closes| match &closes.list {
            _ if !self.stands(&name.entry) => LockState::NotStanding,
            _ if !ledger.registry.decides(&f.document) && !is_off(Check::LockAbove) => LockState::NotAbove,
            _ if f.document.period != Some(f.year) => LockState::OtherYear,
            _ if replaced.contains(&(f.year, *name)) => LockState::Replaced,
            None => LockState::NoList,
            Some(list) if tips::root(list) != closes.root => LockState::OtherRoot,
            Some(_) => LockState::Acts,
        };
        let all = filed.iter().filter_map(|(name, f)| {
            let closes = f.closes.as_ref()?;
            let list = closes.list.as_deref().unwrap_or_default();
            Some(Locked { name: *name, review: f.document, year: f.year, day: closes.day, state: state(name, f, closes), list })
        });
        let mut all: Vec<Locked<'_>> = all.collect();
        let second: Vec<bool> = all.iter().map(|l| self.knows_another(l, &all)).collect();
        all.iter_mut().zip(second).filter(|(_, second)| *second).for_each(|(l, _)| l.state = LockState::Second);
        all
    }

    /// Did whoever wrote the lock have another that acts, of the same organisation and year: before it in the log, or among what it names?
    fn knows_another(&self, lock: &Locked<'_>, all: &[Locked<'_>]) -> bool {
        // The same organisation, subject and year: the same review.
        let rival = |l: &&Locked<'_>| l.name != lock.name && l.acts() && l.review == lock.review;
        if !lock.acts() || !all.iter().any(|l| rival(&l)) {
            return false;
        }
        let mut known = BTreeSet::new();
        lock.tips(&lock.review).iter().chain([&lock.name.entry]).for_each(|t| self.reach(&lock.review, *t, &mut known));
        let is_before = |l: &Locked<'_>| l.name.entry != lock.name.entry || l.name.index < lock.name.index;
        all.iter().filter(rival).any(|l| is_before(l) && known.contains(&l.name.entry))
    }

    /// What the locks of a document's subject say about it; `None`: nothing.
    #[must_use]
    pub fn gate(&self, document: DocId) -> Option<Gate<'_>> {
        let ledger = self.ledger();
        let subject = document.concerns();
        let closes = match document.kind {
            // After the lock only the county and the city correct (DOMAIN §3): what they register counts once a decision does.
            Kind::Ledger => document.owner == subject || !ledger.registry.is_by_office_above(&document),
            Kind::Roster | Kind::Review | Kind::Transfer => true,
            _ => false,
        };
        if !closes || ledger.is_planted(Planted::LockIgnored) || !ledger.locks.by_subject.contains_key(&subject) {
            return None;
        }
        let mut doors: BTreeMap<(u16, OrgId), Door> = BTreeMap::new();
        let of_year = |l: &Locked<'_>| document.period.is_none_or(|p| p == l.year);
        for lock in self.locks(subject).iter().filter(|l| l.acts() && of_year(l)) {
            let door = doors.entry((lock.year, lock.review.owner)).or_default();
            // As long as a tip is not here, nobody here can say what it reaches.
            door.unknown |= lock.tips(&document).iter().any(|t| ledger.place(t).is_none());
            lock.tips(&document).iter().for_each(|t| self.reach(&document, *t, &mut door.reached));
        }
        for ((_, owner), door) in &mut doors {
            self.accepted(&document, *owner).for_each(|tip| self.reach(&document, tip, &mut door.reached));
        }
        (!doors.is_empty()).then_some(Gate { judge: self, doors })
    }

    fn reach(&self, document: &DocId, tip: EntryId, reached: &mut BTreeSet<EntryId>) {
        let ledger = self.ledger();
        if ledger.place(&tip).is_some_and(|p| p.log.document == *document) {
            for id in ledger.ancestry(tip) {
                if !reached.insert(id) {
                    break;
                }
            }
        }
    }

    /// Tips of the document that standing accepts name, which the owner of a lock or someone above it wrote: in a registry for keys granted there, in a review of the subject.
    fn accepted(&self, document: &DocId, owner: OrgId) -> impl Iterator<Item = EntryId> {
        let ledger = self.ledger();
        let able = move |d: &DocId| ledger.registry.is_at_or_above(d.owner, owner);
        let of_review =
            |d: &DocId| d.kind == Kind::Review && d.subject == Some(document.concerns()) && ledger.registry.decides(d);
        let granted_in = |registry: OrgId, id: &EntryId| {
            let key = ledger.place(id).map(|p| p.log.key);
            key.is_some_and(|key| ledger.registry.grants_of(key).any(|(_, g)| g.registry == registry))
        };
        let accepts = ledger.accepts.iter().filter(move |a| able(&a.document) && self.stands(&a.entry));
        accepts.flat_map(move |a| {
            let here = a.row.positions.iter().filter(|p| p.document == *document).map(|p| p.id);
            let fits = here.filter(|id| match a.document.kind {
                Kind::Registry => granted_in(a.document.owner, id),
                _ => of_review(&a.document),
            });
            fits.collect::<Vec<_>>()
        })
    }
}

/// What one organisation's locks of a year leave in.
#[derive(Debug, Default)]
struct Door {
    reached: BTreeSet<EntryId>,
    unknown: bool,
}

/// What the locks of its subject leave in one document, by policy year.
#[derive(Debug)]
pub struct Gate<'j> {
    judge: &'j Judge<'j>,
    doors: BTreeMap<(u16, OrgId), Door>,
}

impl Gate<'_> {
    /// The locked years, each once.
    #[must_use]
    pub fn years(&self) -> BTreeSet<u16> {
        self.doors.keys().map(|(year, _)| *year).collect()
    }

    /// Did the entry arrive before this year was locked, or was it accepted? Every organisation that has locked must say so; of several locks of one, one is enough.
    #[must_use]
    pub fn is_open(&self, year: u16, entry: &EntryId) -> bool {
        self.doors.iter().filter(|((y, _), _)| *y == year).all(|(_, d)| d.unknown || d.reached.contains(entry))
    }

    /// The locked years and organisations for which the entry arrived too late.
    #[must_use]
    pub fn closed_by(&self, entry: &EntryId) -> Vec<(u16, OrgId)> {
        self.doors.iter().filter(|(_, d)| !d.unknown && !d.reached.contains(entry)).map(|(at, _)| *at).collect()
    }

    /// Is the entry in time for every locked year?
    #[must_use]
    pub fn is_open_at_all(&self, entry: &EntryId) -> bool {
        self.doors.values().all(|d| d.unknown || d.reached.contains(entry))
    }

    /// Does a decision come too late? Not if it replaces one that does not, itself or through others that stand.
    #[must_use]
    pub fn is_late_decision(&self, name: RowName) -> bool {
        let ledger = self.judge.ledger();
        let (mut open, mut seen) = (vec![name], BTreeSet::new());
        while let Some(at) = open.pop() {
            let Some(place) = ledger.place(&at.entry).filter(|_| seen.insert(at)) else { continue };
            let here = ledger.place(&name.entry).is_some_and(|p| p.log.document == place.log.document);
            let is_in_time = if here {
                self.is_open_at_all(&at.entry)
            } else {
                self.judge.gate(place.log.document).is_none_or(|g| g.is_open_at_all(&at.entry))
            };
            if is_in_time {
                return false;
            }
            let replaced = ledger.locks.decisions.get(&at).into_iter().flatten();
            open.extend(replaced.filter(|r| ledger.locks.decisions.contains_key(r) && self.judge.stands(&r.entry)));
        }
        true
    }
}
