//! Locks: a county or city closes a policy year of an organisation below it, at the open tips of its documents. What they do not reach arrived after the lock, and counts as nothing until somebody who could have locked accepts it, or an unlock replaces the lock (docs/decisions/0013-locks.md).
//!
//! Which locks act is a function of the set of admitted entries, as standing is, and comes after it: a late entry stands, and so a lock never takes a burn, an end or another lock out of force.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    entries::Entries,
    entry::SignedEntry,
    id::{AttachmentId, DocId, EntryId, Kind, OrgId},
    ledger::{Ledger, row_ops},
    op::{RowName, RowOp, RowRef},
    planted::{Check, Planted, is_off},
    rows::{Ban, Decision, DecisionTarget, EnrolDecision, Lock, Merge, PlanDecision, Recognition, RowType, Unlock, Waiver},
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
    list: Option<Arc<List>>,
}

/// A list of open tips, reduced to the documents of one subject.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct List {
    /// Of the whole list.
    root: [u8; 32],
    documents: Vec<DocumentTips>,
}

impl List {
    /// The documents of its subject.
    pub(crate) fn documents(&self) -> &[DocumentTips] {
        &self.documents
    }
}

/// A list by its subject and attachment.
pub(crate) type ListId = (OrgId, AttachmentId);

/// A list with the locks that name it, by their years.
#[derive(Clone, Debug)]
struct Listed {
    list: Arc<List>,
    by: BTreeSet<(u16, EntryId)>,
}

/// Locks, unlocks and decisions, reduced to what the question «too late?» asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Locks {
    by_subject: BTreeMap<OrgId, BTreeMap<RowName, Filed>>,
    /// Each list once, however many locks of a subject name it: a lock takes 300 bytes, a list a megabyte.
    lists: BTreeMap<ListId, Listed>,
    /// The tips of each list.
    listed: BTreeSet<(EntryId, ListId)>,
    /// Every deciding row of a review.
    decisions: BTreeMap<RowName, Decided>,
}

/// A row that decides.
#[derive(Clone, Debug)]
struct Decided {
    row_type: u16,
    replaces: Vec<RowName>,
    about: Vec<About>,
}

/// What a decision is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum About {
    /// One row.
    Row(RowName),
    /// Every row of an entry: a sheet.
    Entry(EntryId),
    /// A teacher.
    Teacher(String),
}

impl About {
    /// What a deciding row of this version names; of a newer one nothing.
    fn of(name: RowName, row: &RowOp<'_>) -> Vec<Self> {
        let one = |r: RowRef| Self::Row(r.resolve(name.entry));
        let rows_of = |(entry, rows): (EntryId, Vec<u16>)| match rows.as_slice() {
            [] => vec![Self::Entry(entry)],
            _ => rows.into_iter().map(|index| Self::Row(RowName { entry, index })).collect(),
        };
        let found = match row.row_type {
            PlanDecision::TYPE => PlanDecision::from_fields(row.fields).map(|p| vec![one(p.row.plan)]),
            Decision::TYPE => Decision::from_fields(row.fields).map(|p| match p.row.target {
                DecisionTarget::Rows { rows, .. } => rows.into_iter().flat_map(rows_of).collect(),
                DecisionTarget::Sheet { sheet, .. } => vec![Self::Entry(sheet.resolve(name.entry).entry)],
            }),
            Recognition::TYPE => {
                Recognition::from_fields(row.fields).map(|p| vec![one(p.row.target), Self::Teacher(p.row.teacher)])
            }
            Waiver::TYPE => Waiver::from_fields(row.fields).map(|p| vec![Self::Teacher(p.row.teacher)]),
            Ban::TYPE => Ban::from_fields(row.fields).map(|p| vec![Self::Teacher(p.row.teacher)]),
            Merge::TYPE => Merge::from_fields(row.fields).map(|p| p.row.drop.into_iter().chain([p.row.keep]).map(one).collect()),
            EnrolDecision::TYPE => EnrolDecision::from_fields(row.fields).map(|p| vec![one(p.row.enrolment)]),
            _ => Ok(Vec::new()),
        };
        found.unwrap_or_default()
    }

    fn entry(&self) -> Option<EntryId> {
        match self {
            Self::Row(RowName { entry, .. }) | Self::Entry(entry) => Some(*entry),
            Self::Teacher(_) => None,
        }
    }

    fn covers(&self, other: &Self) -> bool {
        self == other || matches!((self, other), (Self::Entry(entry), Self::Row(row)) if row.entry == *entry)
    }
}

/// Does a lock of this year close documents of this kind and year?
pub(crate) fn closes(document: &DocId, year: u16) -> bool {
    match document.kind {
        Kind::Roster => true,
        Kind::Ledger | Kind::Transfer | Kind::Review => document.period == Some(year),
        _ => false,
    }
}

impl Locks {
    /// The list that an entry's lock names, where it is here and has the form. One that a lock named before is not read again.
    pub(crate) fn list(&self, entry: &SignedEntry, entries: &dyn Entries) -> Option<Arc<List>> {
        let (Kind::Review, Some(subject)) = (entry.header.log.document.kind, entry.header.log.document.subject) else {
            return None;
        };
        let (_, row) = row_ops(entry).into_iter().find(|(_, r)| r.row_type == Lock::TYPE)?;
        let lock = Lock::from_fields(row.fields).ok()?.row;
        if let Some(known) = self.lists.get(&(subject, lock.tips)) {
            return Some(Arc::clone(&known.list));
        }
        let bytes = entries.attachment(&lock.tips).ok().flatten().filter(|b| b.len() <= LIST_BYTES_MAX)?;
        let mut documents = tips::parse(&bytes).ok()?;
        let root = tips::root(&documents);
        documents.retain(|d| d.document.concerns() == subject);
        Some(Arc::new(List { root, documents }))
    }

    /// Files a lock under the list that it names.
    fn list_for(&mut self, id: ListId, year: u16, by: EntryId, list: &Arc<List>) -> Arc<List> {
        let listed = self.lists.entry(id).or_insert_with(|| {
            self.listed.extend(list.documents.iter().flat_map(|d| &d.tips).map(|tip| (*tip, id)));
            Listed { list: Arc::clone(list), by: BTreeSet::new() }
        });
        listed.by.insert((year, by));
        Arc::clone(&listed.list)
    }

    /// The lists that name a tip.
    pub(crate) fn lists_of(&self, tip: EntryId) -> impl Iterator<Item = ListId> {
        let (least, most) = (OrgId([0; 8]), OrgId([0xff; 8]));
        let all = (tip, (least, AttachmentId([0; 32])))..=(tip, (most, AttachmentId([0xff; 32])));
        self.listed.range(all).map(|(_, list)| *list)
    }

    #[cfg(test)]
    pub(crate) fn listed_names(&self) -> usize {
        self.listed.len()
    }

    /// The locks that name a list, with their years.
    pub(crate) fn naming(&self, list: &ListId) -> impl Iterator<Item = (u16, EntryId)> {
        self.lists.get(list).into_iter().flat_map(|l| l.by.iter().copied())
    }

    /// Files the rows of a review.
    pub(crate) fn file(&mut self, entry: &SignedEntry, mut list: Option<&Arc<List>>) {
        let document = entry.header.log.document;
        let (Kind::Review, Some(subject)) = (document.kind, document.subject) else { return };
        for (name, row) in row_ops(entry) {
            let replaces = || row.replaces.iter().map(|r| r.resolve(name.entry)).collect();
            let (year, closes) = match row.row_type {
                Lock::TYPE => {
                    let Ok(lock) = Lock::from_fields(row.fields).map(|p| p.row) else { continue };
                    // The first lock's: admission lets in no second one.
                    let list = list.take().map(|l| self.list_for((subject, lock.tips), lock.year, entry.id, l));
                    (lock.year, Some(Closes { day: lock.day, root: lock.tips_root, list }))
                }
                Unlock::TYPE => {
                    let Ok(unlock) = Unlock::from_fields(row.fields) else { continue };
                    (unlock.row.year, None)
                }
                other => {
                    if decides(other) {
                        let decided = Decided { row_type: other, replaces: replaces(), about: About::of(name, &row) };
                        self.decisions.insert(name, decided);
                    }
                    continue;
                }
            };
            let filed = Filed { document, replaces: replaces(), year, closes };
            self.by_subject.entry(subject).or_default().insert(name, filed);
        }
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
    /// The documents of its subject that it names, at these tips; of them it closes those of its year.
    pub list: &'l [DocumentTips],
}

impl Locked<'_> {
    /// Does it act?
    #[must_use]
    pub fn acts(&self) -> bool {
        self.state == LockState::Acts
    }

    fn tips(&self, document: &DocId) -> &[EntryId] {
        let closed = self.list.iter().find(|d| d.document == *document && closes(document, self.year));
        closed.map(|d| d.tips.as_slice()).unwrap_or_default()
    }
}

impl Ledger {
    /// The documents that a lock of this subject's year names, at their open tips.
    #[must_use]
    pub fn closing(&self, subject: OrgId, year: u16) -> Vec<DocumentTips> {
        self.tips_of(|d| d.concerns() == subject && closes(d, year))
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
            Some(list) if list.root != closes.root => LockState::OtherRoot,
            Some(_) => LockState::Acts,
        };
        let all = filed.iter().filter_map(|(name, f)| {
            let closes = f.closes.as_ref()?;
            let list = closes.list.as_ref().map(|l| l.documents.as_slice()).unwrap_or_default();
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
        if !self.may_close(&document)
            || ledger.is_planted(Planted::LockIgnored)
            || !ledger.locks.by_subject.contains_key(&subject)
        {
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

    /// Does a lock close documents like this one?
    fn may_close(&self, document: &DocId) -> bool {
        match document.kind {
            // After the lock only the county and the city correct (DOMAIN §3): what they register counts once a decision does.
            Kind::Ledger => document.owner == document.concerns() || !self.ledger().registry.is_by_office_above(document),
            Kind::Roster | Kind::Review | Kind::Transfer => true,
            _ => false,
        }
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
        let of_document = ledger.accepts.get(document).into_iter().flatten();
        let accepts = of_document.filter(move |a| able(&a.document) && self.stands(&a.entry));
        accepts.flat_map(move |a| {
            let fits = a.row.iter().map(|p| p.id).filter(|id| match a.document.kind {
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

    /// Does a decision come too late? Not if it replaces, itself or through others that stand, one about the same that is in time; but what an organisation further up has locked no decision from below opens.
    #[must_use]
    pub fn is_late_decision(&self, name: RowName) -> bool {
        let ledger = self.judge.ledger();
        let closed = self.closed_by(&name.entry);
        let Some(place) = ledger.place(&name.entry).filter(|_| !closed.is_empty()) else { return false };
        let (own, decisions) = (place.log.document, &ledger.locks.decisions);
        let is_own = |by: &OrgId| ledger.registry.is_at_or_above(own.owner, *by) || is_off(Check::LeanBelow);
        let Some(decided) = decisions.get(&name).filter(|_| closed.iter().all(|(_, by)| is_own(by))) else { return true };
        let (mut open, mut seen) = (decided.replaces.clone(), BTreeSet::new());
        while let Some(at) = open.pop() {
            let (Some(place), Some(before)) = (ledger.place(&at.entry), decisions.get(&at)) else { continue };
            let is_of_same = self.is_about_same(decided, before) && self.judge.stands(&at.entry);
            if !is_of_same || !seen.insert(at) {
                continue;
            }
            let is_in_time = if place.log.document == own {
                self.is_open_at_all(&at.entry)
            } else {
                self.judge.gate(place.log.document).is_none_or(|g| g.is_open_at_all(&at.entry))
            };
            if is_in_time {
                return false;
            }
            open.extend(&before.replaces);
        }
        true
    }

    /// Is everything that a decision is about what an earlier one was about, or a correction of that, or in a ledger that no lock closes?
    fn is_about_same(&self, later: &Decided, before: &Decided) -> bool {
        let ledger = self.judge.ledger();
        let is_open = |e: &EntryId| {
            ledger.place(e).is_some_and(|p| p.log.document.kind == Kind::Ledger && !self.judge.may_close(&p.log.document))
        };
        let corrects = |e: &EntryId| before.about.iter().filter_map(About::entry).any(|b| ledger.is_named_by(&b, e));
        let is_correction = |a: &About| a.entry().is_some_and(|e| is_open(&e) || corrects(&e));
        let is_same = |a: &About| before.about.iter().any(|b| b.covers(a)) || is_correction(a);
        let is_named = !later.about.is_empty() && later.row_type == before.row_type && later.about.iter().all(is_same);
        is_named || is_off(Check::LeanMatter)
    }
}
