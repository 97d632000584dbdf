//! The way of the offices: gen.py's messy sheets through the node's own commands, import by import, approved in bulk, and then accounts.
//!
//! One data folder is every machine in turn: it is opened as the city, as each county, as each school, by a person with a role in all of them; another one reviews. Replication is not what is tried here.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use taizhang_core::{
    founding::NewGrant,
    id::{DocId, Kind, OrgId},
    op::{PayloadBuilder, RowRef},
    rows::{Grant, Role, RowType},
    units::Day,
};
use taizhang_node::{
    command::{Command, Import, Reply, Unlock},
    commands::{execute, found},
    core::{Act, Core},
    folder::Folder,
    keyfile,
};
use taizhang_rules::gather::{Accounts, Facts};

use super::{
    bench::standards,
    compare::{Comparison, tally},
    oracle,
    rows::day,
    truth::{Size, Truth},
};

const PASSPHRASE: &str = "nine mountain schools";
const CITY: &str = "429800";
/// Cells whose content nobody could mend.
const LOST: [&str; 3] = ["id_scientific", "id_last_three_zero", "id_wrong_check_digit"];

/// What came of it.
#[derive(Debug)]
pub struct Report {
    /// Teachers of the truth.
    pub teachers: usize,
    /// Of those, how many lost a cell: the number of an identity card, which no account reads.
    pub lost: usize,
    /// Registrations of the truth that stand in no sheet of gen.py's, by why.
    pub left_out: BTreeMap<&'static str, usize>,
    /// What was injected into the sheets that were imported, by kind.
    pub injected: usize,
    /// Rows that the commands imported, mended, refused, and how many plans and registrations were approved.
    pub counts: BTreeMap<String, u64>,
    /// What the evaluator says of the others.
    pub theirs: BTreeMap<String, Value>,
    /// Ours and the evaluator's.
    pub comparison: Comparison,
}

impl Report {
    /// Everything that must not be.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        let mut out = Vec::new();
        let mut must = |holds: bool, what: String| {
            if !holds {
                out.push(what)
            }
        };
        must(self.comparison.differ == 0, format!("{} accounts differ", self.comparison.differ));
        let compared = self.comparison.teachers;
        must(compared == self.teachers, format!("{compared} of {} teachers are compared", self.teachers));
        out
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tally(&self.theirs).iter().try_for_each(|(what, n)| writeln!(f, "{n:>9}  {what}"))?;
        writeln!(f, "{} defects in the sheets", self.injected)?;
        self.counts.iter().try_for_each(|(what, n)| writeln!(f, "{n:>9}  {what}"))?;
        self.left_out.iter().try_for_each(|(why, n)| writeln!(f, "{n:>9}  registrations in no sheet: {why}"))?;
        writeln!(f, "{:>9}  teachers whose identity card's number was lost", self.lost)?;
        write!(f, "{}", self.comparison)
    }
}

/// The machine, whichever organisation's it is at the time.
struct Machine {
    folder: Folder,
    core: Option<Core>,
    person: keyfile::Person,
    reviewer: keyfile::Person,
    counts: BTreeMap<String, u64>,
}

impl Machine {
    fn found(path: &Path) -> Self {
        let folder = Folder::at(path);
        let unlock = Unlock { key: None, passphrase: Some(PASSPHRASE.to_owned()) };
        found::init(&folder, &unlock, CITY, "示范市", "city").unwrap();
        let public = keyfile::find(&folder, "admin").unwrap();
        let person = keyfile::unlock(&folder, public, PASSPHRASE).unwrap();
        let reviewer = keyfile::create(&folder, "reviewer", PASSPHRASE).unwrap();
        let core = Core::open(folder.clone(), &mut |_, _, _| {}).unwrap();
        Self { folder, core: Some(core), person, reviewer, counts: BTreeMap::new() }
    }

    fn core(&mut self) -> &mut Core {
        self.core.as_mut().unwrap()
    }

    fn org(&mut self, code: &str) -> OrgId {
        self.core().ledger().registry.by_code(code).unwrap_or_else(|| panic!("no organisation {code}"))
    }

    /// Opens the folder as the machine of another organisation.
    fn be(&mut self, code: &str) {
        let org = self.org(code);
        self.core().change_settings(|s| s.org = org.to_string()).unwrap();
        // The lock is free before it is taken again.
        drop(self.core.take());
        self.core = Some(Core::open(self.folder.clone(), &mut |_, _, _| {}).unwrap());
    }

    fn run(&mut self, who: &str, command: &Command) -> Reply {
        let unlock = Unlock { key: Some(who.to_owned()), passphrase: Some(PASSPHRASE.to_owned()) };
        let done = execute(self.core(), &unlock, command, &mut |_| {});
        done.unwrap_or_else(|e| panic!("{command:?}: {e:?}"))
    }

    /// Grants roles in organisations, reviews to the reviewer, all else to the one person; written into the registry of `registry`.
    fn grant(&mut self, registry: &str, grants: &[(&str, Role)]) {
        let registry = self.org(registry);
        for grants in grants.chunks(100) {
            let mut p = PayloadBuilder::default();
            for (code, role) in grants {
                let org = self.org(code);
                let basis = self.basis(org);
                let whose = if *role == Role::Reviewer { &self.reviewer } else { &self.person };
                let (key, seal_key) = (whose.key.public(), Some(whose.seal_public()));
                let new = NewGrant { key, role: *role, office: None, org, basis, seal_key };
                let row: Grant = new.row(role.word(), Day(15_000));
                p.row(Grant::TYPE, &[], &row.to_fields());
            }
            let mut act = Act::default();
            act.write(DocId::of(registry, Kind::Registry), p);
            let person = keyfile::Person {
                key: taizhang_core::key::SecretKey::from_seed(self.person.key.seed()),
                seal: self.person.seal.clone(),
                label: self.person.label.clone(),
            };
            self.core().write(&person, act).unwrap();
        }
    }

    fn basis(&mut self, org: OrgId) -> RowRef {
        let o = &self.core().ledger().registry.orgs[&org];
        o.creation.name.in_document(DocId::of(o.registry, Kind::Registry))
    }

    fn import(&mut self, kind: &str, files: Vec<PathBuf>) {
        let files: Vec<PathBuf> = files.into_iter().filter(|f| f.exists()).collect();
        if files.is_empty() {
            return;
        }
        // Leaves are decisions of the county.
        let who = if kind == "leaves" { "reviewer" } else { "admin" };
        let (org, year, semester, activity) = (None, None, None, None);
        let import = Import { kind: kind.to_owned(), files, org, year, semester, activity, dry_run: false, skip_bad_rows: true };
        let reply = self.run(who, &Command::Import(import));
        for file in reply.data["files"].as_array().unwrap() {
            for count in ["imported", "mended", "refused", "waiting"] {
                let n = file[count].as_u64().unwrap_or_default();
                *self.counts.entry(format!("rows of {kind} {count}")).or_default() += n;
            }
        }
    }

    fn approve(&mut self) {
        let decide = Command::ReviewDecide {
            verdict: "approved".to_owned(),
            rows: Vec::new(),
            sheet: None,
            claimed: true,
            org: None,
            reason: None,
        };
        let reply = self.run("reviewer", &decide);
        for what in ["registrations", "plans", "skipped_rivals"] {
            *self.counts.entry(format!("{what} approved in bulk")).or_default() += reply.data[what].as_u64().unwrap();
        }
    }
}

/// Sheets of one seed, messy and clean.
struct Sheets {
    messy: PathBuf,
    truth: Truth,
    parts: PathBuf,
}

impl Sheets {
    /// Of a file in UTF-8: what stands above and in the header, and rows that name one of these; as somebody would copy them out of the common list.
    fn part(&self, file: &str, name: &str, wanted: &dyn Fn(&str) -> bool) -> PathBuf {
        let text = fs::read_to_string(self.messy.join(file)).unwrap();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        // The header may hold a line break of its own.
        let first = lines
            .iter()
            .position(|l| l.chars().any(|c| c.is_ascii_digit() || ('０'..='９').contains(&c)) && is_row(l))
            .unwrap_or(lines.len());
        let rows = lines[first..].iter().filter(|l| wanted(&narrow(l)));
        let out: String = lines[..first].iter().chain(rows).copied().collect();
        let path = self.parts.join(name);
        fs::write(&path, out).unwrap();
        path
    }
}

/// Does the line name a teacher?
fn is_row(line: &str) -> bool {
    narrow(line).contains("4298")
}

fn narrow(text: &str) -> String {
    let narrow =
        |c: char| if ('０'..='９').contains(&c) { char::from(b'0' + (u32::from(c) - u32::from('０')) as u8) } else { c };
    text.chars().map(narrow).collect()
}

/// The whole way for the schools of this size.
#[must_use]
pub fn run(size: &Size, tell: &dyn Fn(&str)) -> Report {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| dir.path().join(name);
    size.generate(&path("clean"), false);
    size.generate(&path("messy"), true);
    fs::create_dir(path("parts")).unwrap();
    let sheets = Sheets { messy: path("messy"), truth: Truth::read(&path("clean")), parts: path("parts") };
    tell("gen.py is done");
    let mut machine = Machine::found(&path("node"));
    let schools = organisations(&mut machine, &sheets);
    tell("organisations");
    import(&mut machine, &sheets, &schools, size);
    tell("imported");
    for county in schools.keys() {
        machine.be(county);
        machine.approve();
    }
    machine.be(CITY);
    machine.approve();
    tell("approved");
    let ours = accounts(&mut machine, day(&size.last_day()));
    let (sheet_truth, left_out) = truth_of_sheets(&sheets);
    let cases = oracle::cases(&sheet_truth, &size.last_day());
    let theirs = oracle::evaluate(&cases, dir.path());
    let injected = fs::read_to_string(sheets.messy.join("truth/injected.jsonl")).unwrap().lines().count();
    let comparison = Comparison::of(&ours, &theirs);
    let lost = lost(&sheets).len();
    Report { teachers: sheets.truth.teachers.len(), lost, left_out, injected, counts: machine.counts, theirs, comparison }
}

/// Schools by county. Everybody's one person has every role.
fn organisations(machine: &mut Machine, sheets: &Sheets) -> BTreeMap<String, Vec<String>> {
    let mut schools: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for a in sheets.truth.activities.values().filter(|a| a.level == "county") {
        schools.entry(a.org.trim_end_matches('T').to_owned()).or_default();
    }
    let of: BTreeSet<(&String, &String)> = sheets.truth.teachers.values().map(|t| (&t.county, &t.school)).collect();
    of.into_iter().for_each(|(county, school)| schools.get_mut(county).unwrap().push(school.clone()));
    let orgs = || vec![sheets.messy.join("gbk/orgs.csv")];
    machine.import("orgs", orgs());
    let counties: Vec<&str> = schools.keys().map(String::as_str).collect();
    let mut grants: Vec<(&str, Role)> = counties.iter().map(|c| (*c, Role::Admin)).collect();
    grants.extend([Role::Clerk, Role::Reviewer, Role::PolicyOfficer].map(|role| (CITY, role)));
    machine.grant(CITY, &grants);
    let (policy, from) = ("wuhan-2008".to_owned(), "2008-01-01".to_owned());
    let (overlay_of, reason, stages, orgs_of) = (None, None, Vec::new(), Vec::new());
    machine.run("admin", &Command::PolicyAdopt { policy, from, overlay_of, stages, orgs: orgs_of, replace: false, reason });
    for (county, schools) in &schools {
        machine.be(county);
        machine.import("orgs", orgs());
        let mut grants = vec![(county.as_str(), Role::Clerk), (county.as_str(), Role::Reviewer)];
        grants.extend(schools.iter().map(|s| (s.as_str(), Role::Clerk)));
        machine.grant(county, &grants);
    }
    schools
}

/// Each office imports its own sheets: half of the schools' in GB18030.
fn import(machine: &mut Machine, sheets: &Sheets, schools: &BTreeMap<String, Vec<String>>, size: &Size) {
    let gbk = sheets.messy.join("gbk");
    machine.be(CITY);
    machine.import("activities", vec![gbk.join(format!("activities/{CITY}T.csv"))]);
    for county in schools.keys() {
        machine.be(county);
        machine.import("activities", vec![sheets.messy.join(format!("activities/{county}T.csv"))]);
    }
    for (n, school) in schools.values().flatten().enumerate() {
        let from = if n % 2 == 0 { &gbk } else { &sheets.messy };
        machine.be(school);
        machine.import("roster", vec![from.join(format!("roster/{school}.csv"))]);
        machine.import("activities", vec![from.join(format!("activities/{school}.csv"))]);
        let years = Size::FIRST_YEAR..Size::FIRST_YEAR + size.years;
        machine.import("attendance", years.map(|y| from.join(format!("attendance/{school}_{y}.csv"))).collect());
        let own: Vec<&String> = sheets.truth.teachers.values().filter(|t| t.school == *school).map(|t| &t.id).collect();
        let is_own = |line: &str| own.iter().any(|number| line.contains(number.as_str()));
        machine.import("corrections", vec![sheets.part("corrections.csv", &format!("corrections-{school}.csv"), &is_own)]);
    }
    for county in schools.keys() {
        machine.be(county);
        let own: Vec<&String> = sheets.truth.teachers.values().filter(|t| t.county == *county).map(|t| &t.id).collect();
        let is_own = |line: &str| own.iter().any(|number| line.contains(number.as_str()));
        machine.import("leaves", vec![sheets.part("leaves.csv", &format!("leaves-{county}.csv"), &is_own)]);
    }
}

fn accounts(machine: &mut Machine, as_of: Day) -> BTreeMap<String, Value> {
    let core = machine.core();
    let documents: Vec<DocId> = core.ledger().documents().copied().collect();
    let views: Vec<_> = documents.iter().map(|d| core.view(d).unwrap()).collect();
    let facts = Facts::read(&views, core.ledger());
    standards(&Accounts::all(&facts, as_of))
}

/// What of the truth stands in sheets.
///
/// In no sheet of gen.py's: first jobs and backbone teachers, what the other registrar wrote (#d), courses for a degree, audits (the county approves what claims a plan that was approved). Who registers is the school, whose sheet it is.
fn truth_of_sheets(sheets: &Sheets) -> (Truth, BTreeMap<&'static str, usize>) {
    let mut truth = sheets.truth.clone();
    let mut left_out: BTreeMap<&'static str, usize> = BTreeMap::new();
    truth.teachers.values_mut().for_each(|t| (t.first_job, t.backbone) = (None, false));
    truth.registrations.retain(|r| {
        let why = if r.id.ends_with("#d") {
            "written by the other registrar"
        } else if truth.activities[&r.activity].level == "university" {
            "a course for a degree, which no sheet announces: it waits"
        } else {
            return true;
        };
        *left_out.entry(why).or_default() += 1;
        false
    });
    for r in &mut truth.registrations {
        r.approved = truth.activities[&r.activity].decided.is_some();
        "school".clone_into(&mut r.by);
    }
    (truth, left_out)
}

/// Teachers one of whose cells lost its content: injected.jsonl names the row of the roster.
fn lost(sheets: &Sheets) -> BTreeSet<String> {
    let injected = fs::read_to_string(sheets.messy.join("truth/injected.jsonl")).unwrap();
    let mut out = BTreeSet::new();
    for defect in injected.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()) {
        if !LOST.contains(&defect["kind"].as_str().unwrap()) {
            continue;
        }
        let text = fs::read_to_string(sheets.messy.join(defect["file"].as_str().unwrap())).unwrap();
        let dirty = defect["dirty"].as_str().unwrap();
        let row = text.lines().find(|l| l.split(',').any(|cell| cell == dirty)).map(narrow).unwrap();
        let number = sheets.truth.teachers.keys().find(|n| row.contains(n.as_str()));
        out.insert(number.expect("the row names a teacher").clone());
    }
    out
}
