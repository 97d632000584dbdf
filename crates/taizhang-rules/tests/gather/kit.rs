//! A city with two counties, two schools in the first, one in the second, and the people who write; every entry passes admission.

use std::collections::BTreeMap;

use taizhang_core::{
    admission::Signature,
    author::{Author, grant_for},
    entries::{Entries, ReadFailed},
    entry::SignedEntry,
    founding::{NewGrant, NewOrg, found},
    id::{AttachmentId, DocId, EntryId, Kind, NetworkId, OrgId, Run},
    key::SecretKey,
    ledger::Ledger,
    op::{PayloadBuilder, RowName, RowRef},
    rows::{self, ActivityKind, Assessment, Level, OrgKind, RegisteredBy, Role, RowType},
    standing::Judge,
    tips,
    units::{Day, Ms},
    view::DocumentView,
};
use taizhang_rules::gather::Facts;

/// Who writes: the role in its organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    CityReviewer,
    CityClerk,
    CityOfficer,
    CountyClerk,
    CountyReviewer,
    OtherReviewer,
    Clerk,
    Clerk2,
    FarClerk,
}

pub(crate) struct Net {
    pub(crate) network: NetworkId,
    pub(crate) ledger: Ledger,
    /// In the order in which they were written.
    pub(crate) written: Vec<SignedEntry>,
    store: Store,
    /// Seeds of their keys.
    authors: BTreeMap<Who, u8>,
    now: Ms,
    pub(crate) city: OrgId,
    pub(crate) county: OrgId,
    pub(crate) other_county: OrgId,
    pub(crate) school: OrgId,
    pub(crate) school2: OrgId,
    pub(crate) far_school: OrgId,
}

#[derive(Default)]
pub(crate) struct Store(BTreeMap<EntryId, SignedEntry>, BTreeMap<AttachmentId, Vec<u8>>);

impl Entries for Store {
    fn entry(&self, id: &EntryId) -> Result<Option<Vec<u8>>, ReadFailed> {
        Ok(self.0.get(id).map(SignedEntry::to_bytes))
    }
    fn attachment(&self, id: &AttachmentId) -> Result<Option<Vec<u8>>, ReadFailed> {
        Ok(self.1.get(id).cloned())
    }
}

/// A row's type and fields.
pub(crate) type Row = (u16, Vec<u8>);

pub(crate) fn row<T: RowType>(row: &T) -> Row {
    (T::TYPE, row.to_fields())
}

fn author(n: u8) -> Author {
    Author { key: SecretKey::from_seed([n; 32]), run: Run([n; 8]) }
}

impl Net {
    pub(crate) fn new() -> Self {
        let now = Ms(1_220_000_000_000);
        let (root, admin, county_admin, other_admin) = (author(1), author(2), author(3), author(4));
        let city = NewOrg { code: "4298".into(), kind: OrgKind::City, name: "市".into(), random: [1; 8] };
        let (network, first) = found(&root, &city, (admin.public(), None), author(5).public(), "admin", now);
        let top = OrgId::root(network);
        let city = city.row(top, now.day()).org;
        let (county, other_county) = (OrgId::derive(city, [2; 8]), OrgId::derive(city, [3; 8]));
        let who = [
            Who::CityReviewer,
            Who::CityClerk,
            Who::CityOfficer,
            Who::CountyClerk,
            Who::CountyReviewer,
            Who::OtherReviewer,
            Who::Clerk,
            Who::Clerk2,
            Who::FarClerk,
        ];
        let mut n = Self {
            network,
            ledger: Ledger::new(network),
            written: Vec::new(),
            store: Store::default(),
            authors: who.into_iter().zip(10..).collect(),
            now,
            city,
            county,
            other_county,
            school: OrgId::derive(county, [4; 8]),
            school2: OrgId::derive(county, [5; 8]),
            far_school: OrgId::derive(other_county, [6; 8]),
        };
        n.admit(first);
        let registry = |o| DocId::of(o, Kind::Registry);
        let own = n.ledger.registry.orgs[&city].creation.name.in_document(registry(top));
        n.grant(
            &admin,
            registry(city),
            own,
            city,
            &[(Who::CityReviewer, Role::Reviewer), (Who::CityOfficer, Role::PolicyOfficer), (Who::CityClerk, Role::Clerk)],
        );
        let basis = n.create(&admin, registry(city), OrgKind::County, 2, Some(&county_admin));
        let people = [(Who::CountyClerk, Role::Clerk), (Who::CountyReviewer, Role::Reviewer)];
        n.grant(&county_admin, registry(county), basis, county, &people);
        let basis = n.create(&admin, registry(city), OrgKind::County, 3, Some(&other_admin));
        n.grant(&other_admin, registry(other_county), basis, other_county, &[(Who::OtherReviewer, Role::Reviewer)]);
        let schools = [
            (&county_admin, county, 4, Who::Clerk),
            (&county_admin, county, 5, Who::Clerk2),
            (&other_admin, other_county, 6, Who::FarClerk),
        ];
        for (admin, above, random, clerk) in schools {
            let basis = n.create(admin, registry(above), OrgKind::School, random, None);
            n.grant(admin, registry(above), basis, OrgId::derive(above, [random; 8]), &[(clerk, Role::Clerk)]);
        }
        n
    }

    /// A new organisation, with its admin; the row as other documents name it.
    fn create(&mut self, by: &Author, registry: DocId, kind: OrgKind, random: u8, admin: Option<&Author>) -> RowRef {
        let org = NewOrg { code: format!("{random}"), kind, name: "校".into(), random: [random; 8] }
            .row(registry.owner, self.now.day());
        let name = self.sign(by, registry, &[], &[row(&org)]);
        let basis = name.in_document(registry);
        if let Some(admin) = admin {
            let grant = NewGrant {
                key: admin.public(),
                role: Role::Admin,
                office: None,
                org: org.org,
                basis: name.here(),
                seal_key: None,
            };
            self.sign(by, registry, &[], &[row(&grant.row("岗", self.now.day()))]);
        }
        basis
    }

    fn grant(&mut self, by: &Author, registry: DocId, basis: RowRef, org: OrgId, people: &[(Who, Role)]) {
        let basis = if basis.document == Some(registry) { RowRef { document: None, ..basis } } else { basis };
        for (who, role) in people {
            let grant =
                NewGrant { key: author(self.authors[who]).public(), role: *role, office: None, org, basis, seal_key: None };
            self.sign(by, registry, &[], &[row(&grant.row("岗", self.now.day()))]);
        }
    }

    fn admit(&mut self, entry: SignedEntry) {
        let admitted = self.ledger.admit(&self.store, entry.clone(), Signature::Check).unwrap();
        self.ledger.insert(&admitted);
        self.store.0.insert(entry.id, entry.clone());
        self.written.push(entry);
    }

    fn sign(&mut self, by: &Author, document: DocId, replaced: &[RowRef], rows: &[Row]) -> RowName {
        self.now.0 += 60_000;
        let mut p = PayloadBuilder::default();
        rows.iter().for_each(|(row_type, fields)| {
            p.row(*row_type, replaced, fields);
        });
        let grant = grant_for(&self.ledger, by.public(), &document);
        let entry = by.write(&self.ledger, document, grant, p.finish(), self.now);
        let name = RowName { entry: entry.id, index: 0 };
        self.admit(entry);
        name
    }

    /// Rows in one entry; the name of the first.
    pub(crate) fn put_all(&mut self, who: Who, document: DocId, rows: &[Row]) -> RowName {
        self.sign(&author(self.authors[&who]), document, &[], rows)
    }

    /// One row.
    pub(crate) fn put(&mut self, who: Who, document: DocId, row: &Row) -> RowName {
        self.put_all(who, document, std::slice::from_ref(row))
    }

    /// One row that replaces others of its document.
    pub(crate) fn replace(&mut self, who: Who, document: DocId, row: &Row, replaced: &[RowName]) -> RowName {
        let refs: Vec<RowRef> = replaced.iter().map(|r| r.here()).collect();
        self.sign(&author(self.authors[&who]), document, &refs, std::slice::from_ref(row))
    }

    /// The county locks the school's year 2010 at all that is here.
    pub(crate) fn lock(&mut self) -> RowName {
        let list = self.ledger.closing(self.school, 2010);
        let (tips, bytes) = tips::attachment(&list);
        self.store.1.insert(tips, bytes);
        let lock = rows::Lock { year: 2010, day: day("2011-01-20"), tips_root: tips::root(&list), tips, reason: None };
        self.put(Who::CountyReviewer, self.review(), &row(&lock))
    }

    /// The county accepts what one entry and those before it in its log say.
    pub(crate) fn accept(&mut self, entry: EntryId) {
        let place = *self.ledger.place(&entry).unwrap();
        let (document, run) = (place.log.document, place.log.run);
        let positions = vec![rows::Positions { document, run, height: place.sequence, id: entry }];
        self.put(Who::CountyReviewer, self.review(), &row(&rows::Accept { positions, reason: "因".into() }));
    }

    /// Sets everybody's clock.
    pub(crate) fn clock(&mut self, now: Ms) {
        self.now = now;
    }

    pub(crate) fn roster(&self) -> DocId {
        DocId::of(self.school, Kind::Roster)
    }

    pub(crate) fn hours(&self) -> DocId {
        DocId::of_year(self.school, Kind::Ledger, 2010)
    }

    pub(crate) fn notice(&self) -> DocId {
        DocId::of_year(self.county, Kind::Notice, 2010)
    }

    pub(crate) fn policy(&self) -> DocId {
        DocId::of(self.city, Kind::Policy)
    }

    /// Of the county about the school.
    pub(crate) fn review(&self) -> DocId {
        DocId::about(self.county, Kind::Review, 2010, self.school)
    }

    pub(crate) fn city_review(&self, subject: OrgId) -> DocId {
        DocId::about(self.city, Kind::Review, 2010, subject)
    }

    pub(crate) fn facts(&self) -> Facts {
        facts(&self.ledger, &self.written)
    }

    /// What a node knows that holds only these documents.
    pub(crate) fn facts_of(&self, holds: impl Fn(&DocId) -> bool) -> Facts {
        let document = |e: &&SignedEntry| self.ledger.place(&e.id).unwrap().log.document;
        let here: Vec<SignedEntry> = self.written.iter().filter(|e| holds(&document(e))).cloned().collect();
        facts(&self.ledger, &here)
    }

    /// The same entries, arrived in another order.
    pub(crate) fn arrived(&self, mut seed: u64) -> Facts {
        let mut ledger = Ledger::new(self.network);
        let mut waiting = self.written.clone();
        let mut came = Vec::new();
        while !waiting.is_empty() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(seed >> 33).unwrap() % waiting.len();
            let entry = waiting.swap_remove(at);
            match ledger.admit(&self.store, entry.clone(), Signature::Check) {
                Ok(admitted) => {
                    ledger.insert(&admitted);
                    came.push(entry);
                }
                Err(_) => waiting.push(entry),
            }
        }
        facts(&ledger, &came)
    }
}

fn facts(ledger: &Ledger, entries: &[SignedEntry]) -> Facts {
    let judge = Judge::new(ledger);
    let mut by_document: BTreeMap<DocId, Vec<&SignedEntry>> = BTreeMap::new();
    for entry in entries {
        by_document.entry(ledger.place(&entry.id).unwrap().log.document).or_default().push(entry);
    }
    let view = |(d, entries): (&DocId, &Vec<&SignedEntry>)| DocumentView::build(ledger, &judge, *d, entries.iter().copied());
    let views: Vec<DocumentView> = by_document.iter().map(view).collect();
    Facts::read(&views, ledger)
}

pub(crate) fn day(text: &str) -> Day {
    Day::parse_iso(text).unwrap()
}

pub(crate) fn teacher_row(no: &str, hired: &str) -> rows::Teacher {
    rows::Teacher { no: no.into(), hired_day: day(hired), first_job: None, qualified_degree: None, came_from: None, reason: None }
}

pub(crate) fn teacher(no: &str, hired: &str) -> Row {
    row(&teacher_row(no, hired))
}

pub(crate) fn status(teacher: &str, what: &str, value: &str, from: &str) -> Row {
    let (teacher, what, value) = (teacher.into(), what.into(), Some(value.into()));
    row(&rows::Status { teacher, what, value, from_day: day(from), to_day: None, reason: None })
}

pub(crate) fn registration_row(activity: &str, teacher: &str, h100: u32) -> rows::Registration {
    rows::Registration {
        activity: None,
        activity_no: Some(activity.into()),
        teacher: teacher.into(),
        by: RegisteredBy::Organiser,
        attended_h100: h100,
        planned_h100: None,
        late: None,
        early: None,
        leave_d100: Some(51),
        days: Some(5),
        assessment: Some(Assessment::Pass),
        grade: None,
        online_complete: Some(true),
        degree_level: None,
        substitute_allowed: Some(true),
        excellent: None,
        registered_day: day("2010-08-01"),
        sheet: None,
        source_status: None,
        evidence: None,
        note: None,
        reason: None,
    }
}

pub(crate) fn registration(activity: &str, teacher: &str, h100: u32) -> Row {
    row(&registration_row(activity, teacher, h100))
}

pub(crate) fn elsewhere_row(external: Option<&[u8]>, teacher: &str, h100: u32) -> rows::Elsewhere {
    rows::Elsewhere {
        external_id: external.map(|e| rows::field::Bytes(e.to_vec())),
        teacher: teacher.into(),
        title: "省级研修".into(),
        organiser: None,
        level: Some(Level::Province),
        kind: ActivityKind::Concentrated,
        form: None,
        start_day: day("2010-07-05"),
        end_day: day("2010-07-09"),
        h100,
        assessment: Some(Assessment::Pass),
        abroad: None,
        degree_level: None,
        claimed_by: None,
        claimed_at_ms: None,
        evidence: None,
        note: None,
        reason: None,
    }
}

pub(crate) fn activity_row(no: &str, kind: ActivityKind) -> rows::Activity {
    rows::Activity {
        no: no.into(),
        level: Level::County,
        kind,
        form: None,
        title: "暑期集中培训".into(),
        theme: None,
        organiser_code: None,
        organiser_name: None,
        start_day: day("2010-07-12"),
        end_day: day("2010-07-16"),
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
    }
}

pub(crate) fn activity(no: &str) -> Row {
    row(&activity_row(no, ActivityKind::Concentrated))
}

pub(crate) fn decision(document: DocId, named: &[RowName], verdict: rows::Verdict) -> Row {
    let mut by_entry: BTreeMap<EntryId, Vec<u16>> = BTreeMap::new();
    named.iter().for_each(|r| by_entry.entry(r.entry).or_default().push(r.index));
    let rows = by_entry.into_iter().collect();
    row(&rows::Decision { target: rows::DecisionTarget::Rows { document, rows }, verdict, reason: Some("因".into()) })
}

pub(crate) fn plan_decision(plan: RowRef, decision: rows::PlanVerdict, decided: &str, retroactive: bool) -> Row {
    row(&rows::PlanDecision {
        plan,
        decision,
        decided_day: day(decided),
        retroactive,
        reason: Some("因".into()),
        filed_day: None,
    })
}

pub(crate) fn recognition(target: RowRef, teacher: &str, h100: Option<u32>, verdict: rows::Verdict) -> Row {
    row(&rows::Recognition { target, teacher: teacher.into(), kind: None, h100, verdict, reason: Some("因".into()) })
}

/// A row as a transfer carries it.
pub(crate) fn record_line(document: DocId, name: RowName, (row_type, fields): &Row) -> Row {
    let mut item = taizhang_core::cbor::Writer::default();
    item.array(4).uint(0).uint((*row_type).into()).array(0).raw(fields);
    let bytes = rows::field::Bytes(item.finish());
    row(&rows::RecordLine { source: name.in_document(document), entry: name.entry, row: bytes, reason: None })
}
