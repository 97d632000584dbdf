//! A county with two schools and their people on one node, for the tests of commands. Everything goes through [`execute`].
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use serde_json::Value as Json;
use taizhang_core::{
    entries::Entries,
    founding::{NewGrant, NewOrg},
    id::{DocId, EntryId, Kind, OrgId},
    key::SecretKey,
    op::{PayloadBuilder, RowName, RowRef},
    rows::{
        Activity, ActivityKind, Assessment, End, Grant, Level, Org, OrgKind, RegisteredBy, Registration, Role, RowType, Sheet,
        Teacher,
    },
    units::Day,
};

use super::{execute, found};
use crate::{
    command::{Command, Reply, Unlock},
    core::{Act, Core},
    error::CommandError,
    folder::{Folder, Settings},
    keyfile,
};

pub(crate) const PASSPHRASE: &str = "三月学时四月考核";
pub(crate) const YEAR: u16 = 2025;

pub(crate) struct Net {
    pub(crate) core: Core,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) county: OrgId,
    pub(crate) school: OrgId,
    pub(crate) school2: OrgId,
    /// Who writes the county's registry.
    registrar: &'static str,
    /// Unlocked once: unlocking is slow on purpose.
    people: std::collections::BTreeMap<String, [u8; 32]>,
}

pub(crate) type Row = (u16, Vec<u8>);

pub(crate) fn row<T: RowType>(row: &T) -> Row {
    (T::TYPE, row.to_fields())
}

pub(crate) fn unlock(label: &str) -> Unlock {
    Unlock { key: Some(label.to_owned()), passphrase: Some(PASSPHRASE.to_owned()) }
}

impl Net {
    /// A county (code 429801) with schools 001 (clerks clerk, clerk2) and 002 (clerk3); reviewers reviewer, reviewer2; county clerk office.
    pub(crate) fn new() -> Self {
        Self::founded("429801", "某县", "county")
    }

    /// The same with a city (code 429800) in the county's place, and a policy officer: officer.
    pub(crate) fn city() -> Self {
        let mut net = Self::founded("429800", "某市", "city");
        let top = net.top();
        net.grant("officer", Role::PolicyOfficer, net.county, top);
        net
    }

    /// A second node, of an organisation below, with everything that it may read.
    pub(crate) fn node_below(&self, org: OrgId) -> Core {
        let folder = Folder::at(self.dir.path().join(org.to_string()));
        folder.create().unwrap();
        folder.save_settings(&Settings::new(self.core.network(), org, Vec::new())).unwrap();
        let mut core = Core::open(folder, &mut |_, _, _| {}).unwrap();
        self.carry(&mut core);
        core
    }

    /// Brings another node what it may read and has not yet; registries first, as in a sync.
    pub(crate) fn carry(&self, to: &mut Core) {
        self.carry_some(to, |_| true);
    }

    /// The same of one kind only.
    pub(crate) fn carry_kind(&self, to: &mut Core, kind: Kind) {
        self.carry_some(to, |d| d.kind == kind);
    }

    fn carry_some(&self, to: &mut Core, wanted: impl Fn(&DocId) -> bool) {
        let registry = &self.core.ledger().registry;
        let all = || self.core.ledger().documents();
        let lines: Vec<OrgId> = all().filter(|d| registry.may_read(to.org(), d)).flat_map(|d| registry.line(d.owner)).collect();
        let readable = |d: &&DocId| registry.may_read(to.org(), d) || (d.kind == Kind::Registry && lines.contains(&d.owner));
        let mut documents: Vec<DocId> = all().filter(readable).filter(|d| wanted(d)).copied().collect();
        documents.sort_by_key(|d| (d.kind, self.core.ledger().registry.ancestors(d.owner).len()));
        for document in documents {
            for entry in self.core.entries_of(&document).unwrap() {
                if to.ledger().place(&entry.id).is_none() {
                    let rows = taizhang_core::ledger::row_ops(&entry);
                    let named: Vec<_> = rows.iter().flat_map(|(_, r)| taizhang_core::rows::attachments(r)).collect();
                    let bytes = |id| (id, self.core.store().attachment(&id).unwrap().unwrap());
                    let attachments = named.into_iter().map(bytes).collect();
                    to.store_entries(vec![entry], attachments).unwrap();
                }
            }
        }
    }

    /// The same with a city (code 429800) above the county; the node is the city's. Its people: admin, officer (policies), city clerk, city-reviewer; the county's admin: county-admin. Returns the city too.
    pub(crate) fn below_a_city() -> (Self, OrgId) {
        Self::below(("429800", "某市", "city"), ("429801", OrgKind::County))
    }

    /// The same with a province (code 420000) in the city's place and a city (code 429800) in the county's. Returns the province too.
    pub(crate) fn below_a_province() -> (Self, OrgId) {
        Self::below(("420000", "某省", "province"), ("429800", OrgKind::City))
    }

    fn below((code, name, kind): (&str, &str, &str), below: (&str, OrgKind)) -> (Self, OrgId) {
        let mut net = Self::bare(code, name, kind);
        let (city, top) = (net.county, net.top());
        net.grant("officer", Role::PolicyOfficer, city, top);
        net.grant("city-clerk", Role::Clerk, city, top);
        net.grant("city-reviewer", Role::Reviewer, city, top);
        let new = NewOrg { code: below.0.into(), kind: below.1, name: "某县".into(), random: [5; 8] };
        let org: Org = new.row(city, Day(20_000));
        let registry = DocId::of(city, Kind::Registry);
        let name = net.put("admin", registry, &row(&org));
        net.grant("county-admin", Role::Admin, org.org, name.here());
        (net.county, net.registrar) = (org.org, "county-admin");
        net.staff(name.in_document(registry));
        (net, city)
    }

    fn founded(code: &str, name: &str, kind: &str) -> Self {
        let mut net = Self::bare(code, name, kind);
        let top = net.top();
        net.staff(top);
        net
    }

    /// The row that created the first organisation.
    pub(crate) fn top(&self) -> RowRef {
        let top = self.core.ledger().registry.orgs[&self.county].creation.name;
        top.in_document(DocId::of(OrgId::root(self.core.network()), Kind::Registry))
    }

    fn bare(code: &str, name: &str, kind: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::at(dir.path().join("node"));
        let everyone = Unlock { key: None, passphrase: Some(PASSPHRASE.to_owned()) };
        found::init(&folder, &everyone, code, name, kind).unwrap();
        let core = Core::open(folder, &mut |_, _, _| {}).unwrap();
        let county = core.org();
        let people = std::collections::BTreeMap::new();
        let mut net = Self { core, dir, county, school: county, school2: county, registrar: "admin", people };
        let admin = keyfile::find(net.core.folder(), "admin").unwrap();
        let admin = keyfile::unlock(net.core.folder(), admin, PASSPHRASE).unwrap();
        net.people.insert("admin".to_owned(), admin.key.seed());
        net
    }

    /// The county's people, its schools and theirs.
    fn staff(&mut self, basis: RowRef) {
        let county = self.county;
        self.grant("reviewer", Role::Reviewer, county, basis);
        self.grant("reviewer2", Role::Reviewer, county, basis);
        self.grant("office", Role::Clerk, county, basis);
        let (school, basis) = self.school("001", [3; 8]);
        self.grant("clerk", Role::Clerk, school, basis);
        self.grant("clerk2", Role::Clerk, school, basis);
        let (school2, basis) = self.school("002", [4; 8]);
        self.grant("clerk3", Role::Clerk, school2, basis);
        (self.school, self.school2) = (school, school2);
    }

    fn school(&mut self, code: &str, random: [u8; 8]) -> (OrgId, RowRef) {
        let new = NewOrg { code: code.into(), kind: OrgKind::School, name: format!("第{code}小学"), random };
        let org: Org = new.row(self.county, Day(20_000));
        let name = self.put(self.registrar, DocId::of(self.county, Kind::Registry), &row(&org));
        (org.org, name.here())
    }

    pub(crate) fn grant(&mut self, label: &str, role: Role, org: OrgId, basis: RowRef) {
        let person = keyfile::create(self.core.folder(), label, PASSPHRASE).unwrap();
        self.people.insert(label.to_owned(), person.key.seed());
        let seal_key = Some(person.seal_public());
        let grant = NewGrant { key: person.key.public(), role, office: None, org, basis, seal_key };
        let grant: Grant = grant.row(&format!("{label} 岗"), Day(20_000));
        self.put(self.registrar, DocId::of(self.county, Kind::Registry), &row(&grant));
    }

    /// Gives one of the county's people another role there.
    pub(crate) fn also(&mut self, label: &str, role: Role) {
        let key = self.person(label).key.public();
        let grant = NewGrant { key, role, office: None, org: self.county, basis: self.top(), seal_key: None };
        let grant: Grant = grant.row(&format!("{label} 岗"), Day(20_000));
        self.put(self.registrar, DocId::of(self.county, Kind::Registry), &row(&grant));
    }

    /// Another organisation beside the county's, of its kind, and its reviewer. Where there is one above, whose admin is admin.
    pub(crate) fn beside(&mut self, above: OrgId, code: &str, reviewer: &str) -> OrgId {
        let kind = self.core.ledger().registry.kind(self.county).unwrap();
        let registry = DocId::of(above, Kind::Registry);
        let new = NewOrg { code: code.into(), kind, name: "另一处".into(), random: [7; 8] };
        let org: Org = new.row(above, Day(20_000));
        let basis = self.put("admin", registry, &row(&org)).here();
        let person = keyfile::create(self.core.folder(), reviewer, PASSPHRASE).unwrap();
        let (key, seal_key) = (person.key.public(), Some(person.seal_public()));
        let grant = NewGrant { key, role: Role::Reviewer, office: None, org: org.org, basis, seal_key };
        let grant: Grant = grant.row(&format!("{reviewer} 岗"), Day(20_000));
        self.put("admin", registry, &row(&grant));
        self.adopt(reviewer, person.key);
        org.org
    }

    /// One clerk more at school 001.
    pub(crate) fn hire(&mut self, label: &str) {
        let basis = self.core.ledger().registry.orgs[&self.school].creation.name.here();
        self.grant(label, Role::Clerk, self.school, basis);
    }

    /// Ends what was granted to a key of the county or its schools.
    pub(crate) fn leave(&mut self, label: &str) {
        self.leave_on(label, Day(20_000));
    }

    /// The same, with her last day.
    pub(crate) fn leave_on(&mut self, label: &str, left_day: Day) {
        let key = SecretKey::from_seed(self.people[label]).public();
        let grant = *self.core.ledger().registry.grants_of(key).next().unwrap().0;
        let end = End { grant: grant.here(), left_day, positions: None, reason: None };
        self.put(self.registrar, DocId::of(self.county, Kind::Registry), &row(&end));
    }

    /// The program starts again on this folder, as a node of this organisation.
    pub(crate) fn start_again_as(&mut self, org: OrgId) {
        let folder = self.core.folder().clone();
        let settings = Settings { org: org.to_string(), ..self.core.settings().clone() };
        // The store is locked until the old program is gone.
        self.core = self.node_below(self.school2);
        folder.save_settings(&settings).unwrap();
        self.core = Core::open(folder, &mut |_, _, _| {}).unwrap();
    }

    /// From now on this person's key is at hand.
    pub(crate) fn adopt(&mut self, label: &str, key: SecretKey) {
        self.people.insert(label.to_owned(), key.seed());
    }

    /// The node ends and starts again.
    pub(crate) fn reopen(self) -> Self {
        let folder = self.core.folder().clone();
        let Self { core, dir, county, school, school2, registrar, people } = self;
        drop(core);
        let core = Core::open(folder, &mut |_, _, _| {}).unwrap();
        Self { core, dir, county, school, school2, registrar, people }
    }

    /// A person who may sign; the sealing key is not the one on disk.
    pub(crate) fn person(&self, label: &str) -> keyfile::Person {
        let key = self.people.get(label).copied().unwrap();
        keyfile::Person { key: SecretKey::from_seed(key), seal: [1; 32].into(), label: label.to_owned() }
    }

    pub(crate) fn write(&mut self, who: &str, document: DocId, payload: PayloadBuilder) -> EntryId {
        let mut act = Act::default();
        act.write(document, payload);
        let person = self.person(who);
        self.core.write(&person, act).unwrap()[0]
    }

    /// Rows in one entry; returns the entry.
    pub(crate) fn put_all(&mut self, who: &str, document: DocId, rows: &[Row]) -> EntryId {
        let mut p = PayloadBuilder::default();
        rows.iter().for_each(|(t, fields)| _ = p.row(*t, &[], fields));
        self.write(who, document, p)
    }

    pub(crate) fn put(&mut self, who: &str, document: DocId, row: &Row) -> RowName {
        RowName { entry: self.put_all(who, document, std::slice::from_ref(row)), index: 0 }
    }

    pub(crate) fn run(&mut self, who: &str, command: &Command) -> Result<Reply, CommandError> {
        execute(&mut self.core, &unlock(who), command, &mut |_| {})
    }

    pub(crate) fn data(&mut self, who: &str, command: &Command) -> Json {
        Json::Object(self.run(who, command).unwrap().data)
    }

    pub(crate) fn ledger(&self) -> DocId {
        DocId::of_year(self.school, Kind::Ledger, YEAR)
    }

    pub(crate) fn ledger2(&self) -> DocId {
        DocId::of_year(self.school2, Kind::Ledger, YEAR)
    }

    pub(crate) fn roster(&self) -> DocId {
        DocId::of(self.school, Kind::Roster)
    }

    pub(crate) fn notice(&self) -> DocId {
        DocId::of_year(self.county, Kind::Notice, YEAR)
    }

    pub(crate) fn review(&self) -> DocId {
        DocId::about(self.county, Kind::Review, YEAR, self.school)
    }

    /// Two teachers at 001, one at 002, two activities (A1 claimed approved, A2 not), a sheet of two registrations, one more, and one at 002.
    pub(crate) fn fill(&mut self) -> EntryId {
        self.put_all("clerk", self.roster(), &[teacher("T1"), teacher("T2")]);
        self.put_all("clerk3", DocId::of(self.school2, Kind::Roster), &[teacher("T9")]);
        let activities =
            [activity("A1", ActivityKind::Concentrated, Some("approved")), activity("A2", ActivityKind::Online, Some("pending"))];
        self.put_all("office", self.notice(), &activities);
        let sheet =
            self.put_all("clerk", self.ledger(), &[sheet(2), registration("A1", "T1", 1600), registration("A1", "T2", 800)]);
        self.put("clerk", self.ledger(), &registration("A2", "T1", 400));
        self.put("clerk3", self.ledger2(), &registration("A1", "T9", 1600));
        sheet
    }
}

pub(crate) fn teacher(no: &str) -> Row {
    row(&Teacher { no: no.into(), hired_day: Day(9_000), first_job: None, qualified_degree: None, came_from: None, reason: None })
}

pub(crate) fn sheet(rows: u32) -> Row {
    let none = None;
    row(&Sheet {
        activity: None,
        sessions: None,
        rows,
        opened_day: none,
        closed_day: none,
        source_file: Some([7; 32]),
        reason: None,
    })
}

pub(crate) fn registration(activity: &str, teacher: &str, h100: u32) -> Row {
    row(&Registration {
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
        registered_day: Day(20_100),
        sheet: None,
        source_status: None,
        evidence: None,
        note: None,
        reason: None,
    })
}

pub(crate) fn activity(no: &str, kind: ActivityKind, claimed: Option<&str>) -> Row {
    row(&Activity {
        no: no.into(),
        level: Level::County,
        kind,
        form: None,
        title: format!("培训{no}"),
        theme: None,
        organiser_code: None,
        organiser_name: None,
        start_day: Day(20_090),
        end_day: Day(20_094),
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
        claimed_state: claimed.map(str::to_owned),
        claimed_decided_day: None,
        evidence: None,
        reason: None,
    })
}
