//! A city, a county and two schools with their people; every entry passes admission.

use std::collections::BTreeMap;

use super::*;
use crate::{
    admission::Signature,
    author::{Author, grant_for},
    entries::{Entries, ReadFailed},
    entry::{Before, Header},
    founding::{NewGrant, NewOrg, found},
    id::{AttachmentId, LogId, OrgId, Run},
    key::SecretKey,
    rows::{Activity, ActivityKind, Assessment, Level, OrgKind, Positions, RegisteredBy, Role},
    tips::{self, DocumentTips},
};

pub(super) struct Network {
    pub(super) ledger: Ledger,
    pub(super) entries: BTreeMap<EntryId, SignedEntry>,
    pub(super) attachments: BTreeMap<AttachmentId, Vec<u8>>,
    pub(super) now: Ms,
    authors: Vec<Author>,
    pub(super) city: OrgId,
    pub(super) county: OrgId,
    pub(super) school: OrgId,
    pub(super) school2: OrgId,
    pub(super) county_admin: usize,
    pub(super) clerk: usize,
    pub(super) clerk2: usize,
    pub(super) reviewer: usize,
    pub(super) reviewer2: usize,
    pub(super) city_reviewer: usize,
    pub(super) county_clerk: usize,
    pub(super) other_clerk: usize,
}

/// A row's type and fields.
pub(super) type Row = (u16, Vec<u8>);

pub(super) fn row<T: RowType>(row: &T) -> Row {
    (T::TYPE, row.to_fields())
}

/// Entries and attachments.
struct Shelf<'n>(&'n BTreeMap<EntryId, SignedEntry>, &'n BTreeMap<AttachmentId, Vec<u8>>);

impl Entries for Shelf<'_> {
    fn entry(&self, id: &EntryId) -> Result<Option<Vec<u8>>, ReadFailed> {
        Ok(self.0.get(id).map(SignedEntry::to_bytes))
    }
    fn attachment(&self, id: &AttachmentId) -> Result<Option<Vec<u8>>, ReadFailed> {
        Ok(self.1.get(id).cloned())
    }
}

const PEOPLE: u8 = 10;

impl Network {
    pub(super) fn new() -> Self {
        let author = |n: u8| Author { key: SecretKey::from_seed([n + 1; 32]), run: Run([n + 1; 8]) };
        let now = Ms(1_220_000_000_000);
        let root = author(100);
        let city = NewOrg { code: "4298".into(), kind: OrgKind::City, name: "市".into(), random: [1; 8] };
        let node = author(101).public();
        let (network, first) = found(&root, &city, (author(0).public(), None), node, "admin", now);
        let top = OrgId::root(network);
        let city = city.row(top, now.day()).org;
        let county = OrgId::derive(city, [2; 8]);
        let mut n = Self {
            ledger: Ledger::new(network),
            entries: BTreeMap::new(),
            attachments: BTreeMap::new(),
            now,
            authors: (0..PEOPLE).map(author).collect(),
            city,
            county,
            school: OrgId::derive(county, [3; 8]),
            school2: OrgId::derive(county, [4; 8]),
            county_admin: 1,
            clerk: 2,
            clerk2: 3,
            reviewer: 4,
            reviewer2: 5,
            city_reviewer: 6,
            county_clerk: 7,
            other_clerk: 8,
        };
        n.admit(first);
        let of_city = DocId::of(city, Kind::Registry);
        let (_, basis) = n.create(0, of_city, OrgKind::County, [2; 8]);
        n.grant(0, of_city, basis, county, &[(1, Role::Admin)]);
        let own = n.ledger.registry.orgs[&city].creation.name.in_document(DocId::of(top, Kind::Registry));
        n.grant(0, of_city, own, city, &[(6, Role::Reviewer)]);
        let of_county = DocId::of(county, Kind::Registry);
        let above = RowRef { document: Some(of_city), ..basis };
        n.grant(1, of_county, above, county, &[(4, Role::Reviewer), (5, Role::Reviewer), (7, Role::Clerk)]);
        let (school, basis) = n.create(1, of_county, OrgKind::School, [3; 8]);
        n.grant(1, of_county, basis, school, &[(2, Role::Clerk), (3, Role::Clerk)]);
        let (school, basis) = n.create(1, of_county, OrgKind::School, [4; 8]);
        n.grant(1, of_county, basis, school, &[(8, Role::Clerk)]);
        n
    }

    fn create(&mut self, who: usize, registry: DocId, kind: OrgKind, random: [u8; 8]) -> (OrgId, RowRef) {
        let org = NewOrg { code: format!("{random:?}"), kind, name: "校".into(), random }.row(registry.owner, self.now.day());
        let name = self.put(who, registry, &row(&org));
        (org.org, name.here())
    }

    fn grant(&mut self, who: usize, registry: DocId, basis: RowRef, org: OrgId, people: &[(usize, Role)]) {
        for (person, role) in people {
            let key = self.authors[*person].public();
            let grant = NewGrant { key, role: *role, office: None, org, basis, seal_key: None };
            self.put(who, registry, &row(&grant.row("岗", self.now.day())));
        }
    }

    /// So many more clerks of the school.
    pub(super) fn hire(&mut self, count: u8) -> Vec<usize> {
        let first = self.authors.len();
        let seeds = (1..=count).map(|n| 200 - n);
        self.authors.extend(seeds.map(|n| Author { key: SecretKey::from_seed([n; 32]), run: Run([n; 8]) }));
        let basis = self.ledger.registry.orgs[&self.school].creation.name.here();
        let hired: Vec<usize> = (first..self.authors.len()).collect();
        let people: Vec<(usize, Role)> = hired.iter().map(|who| (*who, Role::Clerk)).collect();
        self.grant(self.county_admin, self.county_registry(), basis, self.school, &people);
        hired
    }

    fn admit(&mut self, entry: SignedEntry) -> EntryId {
        let id = entry.id;
        let admitted = self.ledger.admit(&Shelf(&self.entries, &self.attachments), entry.clone(), Signature::Check).unwrap();
        self.ledger.insert(&admitted);
        self.entries.insert(id, entry);
        id
    }

    pub(super) fn write(&mut self, who: usize, document: DocId, payload: Vec<u8>) -> EntryId {
        self.now.0 += 60_000;
        let author = &self.authors[who];
        // A key that may no longer write still tries: by any grant it ever had.
        let held = self.ledger.registry.grants_of(author.public()).map(|(n, _)| *n).next();
        let grant = grant_for(&self.ledger, author.public(), &document).or(held);
        let entry = author.write(&self.ledger, document, grant, payload, self.now);
        self.admit(entry)
    }

    /// What admission says of the next entry of somebody's log.
    pub(super) fn verdict(&self, who: usize, document: DocId, payload: Vec<u8>) -> Result<(), crate::admission::Refusal> {
        let author = &self.authors[who];
        let grant = grant_for(&self.ledger, author.public(), &document);
        let entry = author.write(&self.ledger, document, grant, payload, self.now);
        self.ledger.admit(&Shelf(&self.entries, &self.attachments), entry, Signature::Check).map(drop)
    }

    /// One row in an entry of its own.
    pub(super) fn put(&mut self, who: usize, document: DocId, row: &Row) -> RowName {
        self.replace(who, document, row, &[])
    }

    /// One row that replaces others of the same document.
    pub(super) fn replace(&mut self, who: usize, document: DocId, row: &Row, replaced: &[RowName]) -> RowName {
        let refs: Vec<RowRef> = replaced.iter().map(|r| r.here()).collect();
        self.replace_refs(who, document, row, &refs)
    }

    pub(super) fn replace_refs(&mut self, who: usize, document: DocId, row: &Row, refs: &[RowRef]) -> RowName {
        let mut p = PayloadBuilder::default();
        p.row(row.0, refs, &row.1);
        RowName { entry: self.write(who, document, p.finish()), index: 0 }
    }

    /// Several rows in one entry.
    pub(super) fn put_all(&mut self, who: usize, document: DocId, rows: &[Row]) -> EntryId {
        let mut p = PayloadBuilder::default();
        for (row_type, fields) in rows {
            p.row(*row_type, &[], fields);
        }
        self.write(who, document, p.finish())
    }

    /// A lock of the school's year 2008 at these tips.
    pub(super) fn lock_at(&mut self, who: usize, review: DocId, list: &[DocumentTips], replaced: &[RowName]) -> RowName {
        let row = self.lock_row(list);
        self.replace(who, review, &row, replaced)
    }

    pub(super) fn lock_row(&mut self, list: &[DocumentTips]) -> Row {
        self.lock_row_of(2008, list)
    }

    pub(super) fn lock_row_of(&mut self, year: u16, list: &[DocumentTips]) -> Row {
        let (tips, bytes) = tips::attachment(list);
        self.attachments.insert(tips, bytes);
        row(&rows::Lock { year, day: self.now.day(), tips_root: tips::root(list), tips, reason: None })
    }

    /// The county locks the school's year 2008 at all that is here.
    pub(super) fn lock(&mut self) -> RowName {
        let list = self.ledger.closing(self.school, 2008);
        self.lock_at(self.reviewer, self.review_doc(), &list, &[])
    }

    pub(super) fn unlock(&mut self, who: usize, review: DocId, locks: &[RowName]) -> RowName {
        self.replace(who, review, &row(&rows::Unlock { year: 2008, reason: "补录".into() }), locks)
    }

    pub(super) fn accept(&mut self, who: usize, document: DocId, entries: &[EntryId]) -> RowName {
        let accept = rows::Accept { positions: self.positions(entries), reason: "晚到".into() };
        self.put(who, document, &row(&accept))
    }

    /// So many first entries of one log: a fork.
    pub(super) fn fork(&mut self, who: usize, document: DocId, branches: u32) -> Vec<EntryId> {
        let author = &self.authors[who];
        let log = LogId { document, key: author.public(), run: Run([77; 8]) };
        let grant = grant_for(&self.ledger, author.public(), &document);
        let entries: Vec<SignedEntry> = (0..branches)
            .map(|b| {
                let mut p = PayloadBuilder::default();
                let (row_type, fields) = registration("A1", "T1", 100 + b);
                p.row(row_type, &[], &fields);
                let header = Header { log, sequence: 1, before: Before::Start { grant, link: None }, time: self.now };
                SignedEntry::sign(header, p.finish(), &author.key, &self.ledger.network)
            })
            .collect();
        entries.into_iter().map(|e| self.admit(e)).collect()
    }

    /// Burns a key of the county's people: nothing of it stands.
    pub(super) fn burn(&mut self, who: usize) {
        self.burn_after(who, &[]);
    }

    /// Burns a key of the county's people: what these entries reach stands.
    pub(super) fn burn_after(&mut self, who: usize, entries: &[EntryId]) {
        let positions = self.positions(entries);
        let burn = Burn { key: self.authors[who].public(), positions, cause: "被盗".into(), reason: None };
        self.put(self.county_admin, self.county_registry(), &row(&burn));
    }

    pub(super) fn grant_of(&self, who: usize) -> RowName {
        *self.ledger.registry.grants_of(self.authors[who].public()).next().unwrap().0
    }

    pub(super) fn county_registry(&self) -> DocId {
        DocId::of(self.county, Kind::Registry)
    }

    pub(super) fn ledger_doc(&self) -> DocId {
        DocId::of_year(self.school, Kind::Ledger, 2008)
    }

    pub(super) fn roster_doc(&self) -> DocId {
        DocId::of(self.school, Kind::Roster)
    }

    pub(super) fn notice_doc(&self) -> DocId {
        DocId::of_year(self.county, Kind::Notice, 2008)
    }

    pub(super) fn review_doc(&self) -> DocId {
        DocId::about(self.county, Kind::Review, 2008, self.school)
    }

    pub(super) fn city_review_doc(&self) -> DocId {
        DocId::about(self.city, Kind::Review, 2008, self.school)
    }

    /// The ledger after the same entries came in another order, chosen by `seed`.
    pub(super) fn in_other_order(&self, seed: u64) -> Ledger {
        let mut ledger = Ledger::new(self.ledger.network);
        let mut waiting: Vec<&SignedEntry> = self.entries.values().collect();
        waiting.sort_by_key(|e| Sha256::new().chain_update(seed.to_be_bytes()).chain_update(e.id.0).finalize());
        while !waiting.is_empty() {
            let before = waiting.len();
            waiting.retain(|e| {
                let shelf = Shelf(&self.entries, &self.attachments);
                let admitted = ledger.admit(&shelf, (*e).clone(), Signature::Checked);
                admitted.map(|a| ledger.insert(&a)).is_err()
            });
            assert!(waiting.len() < before, "nothing more enters");
        }
        ledger
    }

    /// What every document says, by this ledger.
    pub(super) fn bytes_by(&self, ledger: &Ledger) -> Vec<Vec<u8>> {
        let judge = Judge::new(ledger);
        ledger.documents().map(|d| DocumentView::build(ledger, &judge, *d, self.entries.values()).bytes()).collect()
    }

    /// Positions of these entries.
    pub(super) fn positions(&self, entries: &[EntryId]) -> Vec<Positions> {
        let at = |id: &EntryId| {
            let place = self.ledger.place(id).unwrap();
            Positions { document: place.log.document, run: place.log.run, height: place.sequence, id: *id }
        };
        entries.iter().map(at).collect()
    }

    /// The key begins a new log that links nothing: another machine that heard nothing of the first.
    pub(super) fn on_another_machine(&mut self, who: usize, document: DocId, row: &Row) -> RowName {
        let author = &self.authors[who];
        let log = LogId { document, key: author.public(), run: Run([66; 8]) };
        let grant = grant_for(&self.ledger, author.public(), &document);
        let mut p = PayloadBuilder::default();
        p.row(row.0, &[], &row.1);
        self.now.0 += 60_000;
        let header = Header { log, sequence: 1, before: Before::Start { grant, link: None }, time: self.now };
        let entry = SignedEntry::sign(header, p.finish(), &author.key, &self.ledger.network);
        RowName { entry: self.admit(entry), index: 0 }
    }

    pub(super) fn view(&self, document: DocId) -> DocumentView {
        DocumentView::build(&self.ledger, &Judge::new(&self.ledger), document, self.entries.values())
    }

    pub(super) fn views(&self) -> Vec<DocumentView> {
        self.ledger.documents().map(|d| self.view(*d)).collect()
    }
}

pub(super) fn registration_row(activity: &str, teacher: &str, h100: u32) -> Registration {
    Registration {
        activity: None,
        activity_no: Some(activity.into()),
        teacher: teacher.into(),
        by: RegisteredBy::School,
        attended_h100: h100,
        planned_h100: None,
        late: None,
        early: None,
        leave_d100: None,
        days: None,
        assessment: Some(Assessment::Pass),
        grade: None,
        online_complete: None,
        degree_level: None,
        substitute_allowed: None,
        excellent: None,
        registered_day: Day(14_000),
        sheet: None,
        source_status: None,
        evidence: None,
        note: None,
        reason: None,
    }
}

pub(super) fn registration(activity: &str, teacher: &str, h100: u32) -> Row {
    row(&registration_row(activity, teacher, h100))
}

pub(super) fn elsewhere(external: Option<&[u8]>, teacher: &str, h100: u32) -> Row {
    row(&rows::Elsewhere {
        external_id: external.map(|e| rows::field::Bytes(e.to_vec())),
        teacher: teacher.into(),
        title: "省级研修".into(),
        organiser: None,
        level: Some(Level::Province),
        kind: ActivityKind::Online,
        form: None,
        start_day: Day(14_000),
        end_day: Day(14_002),
        h100,
        assessment: None,
        abroad: None,
        degree_level: None,
        claimed_by: None,
        claimed_at_ms: None,
        evidence: None,
        note: None,
        reason: None,
    })
}

pub(super) fn teacher(no: &str) -> Row {
    row(&Teacher { no: no.into(), hired_day: Day(9_000), first_job: None, qualified_degree: None, came_from: None, reason: None })
}

pub(super) fn sheet(rows: u32, file: Option<[u8; 32]>) -> Row {
    row(&rows::Sheet {
        activity: None,
        sessions: None,
        rows,
        opened_day: None,
        closed_day: None,
        source_file: file,
        reason: None,
    })
}

pub(super) fn activity(no: &str, kind: ActivityKind) -> Row {
    row(&Activity {
        no: no.into(),
        level: Level::County,
        kind,
        form: None,
        title: "暑期集中培训".into(),
        theme: None,
        organiser_code: None,
        organiser_name: None,
        start_day: Day(13_990),
        end_day: Day(13_994),
        planned_h100: 4000,
        place: None,
        audience: None,
        stages: None,
        category: None,
        seats: None,
        lecturers: None,
        credit_standard: None,
        assessment_method: None,
        tags: None,
        programme: None,
        content_id: None,
        registered: None,
        registered_no: None,
        outside_city: None,
        abroad: None,
        budget_fen: None,
        plan: None,
        claimed_submitted_day: None,
        claimed_state: None,
        claimed_decided_day: None,
        evidence: None,
        reason: None,
    })
}

pub(super) fn decision(document: DocId, rows: &[RowName], verdict: Verdict) -> Row {
    let mut named: BTreeMap<EntryId, Vec<u16>> = BTreeMap::new();
    rows.iter().for_each(|r| named.entry(r.entry).or_default().push(r.index));
    let reason = (verdict != Verdict::Approved).then(|| "缺证明".to_owned());
    row(&Decision { target: DecisionTarget::Rows { document, rows: named.into_iter().collect() }, verdict, reason })
}
