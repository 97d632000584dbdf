//! How long the way from the store to accounts takes, step by step, on one core.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::ControlFlow,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;
use taizhang_core::{
    admission::Signature,
    entry::SignedEntry,
    id::{DocId, Kind, NetworkId},
    ledger::Ledger,
    op::PayloadBuilder,
    rows::{Assessment, RegisteredBy, Registration, Role, RowType},
    standing::Judge,
    units::Day,
    view::DocumentView,
};
use taizhang_rules::{
    account::json::standard,
    gather::{Accounts, Facts},
};
use taizhang_store::Store;

use super::{
    compare::{Comparison, tally},
    network::{City, open},
    oracle,
    rows::{self, day, registration_row},
    truth::{Size, Truth},
};

/// How often a step is measured.
const RUNS: usize = 5;
/// 12,000 accounts from decoded rows, on one core.
const ALL_AT_MOST: Duration = Duration::from_secs(1);
/// The accounts that a sheet of 40 rows touches.
const SHEET_AT_MOST: Duration = Duration::from_millis(5);

/// Least, middle and most of several runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// Least.
    pub min: Duration,
    /// Middle.
    pub median: Duration,
    /// Most.
    pub max: Duration,
}

impl Times {
    fn of<T>(runs: usize, mut run: impl FnMut() -> T) -> (Self, T) {
        let mut all = Vec::new();
        let mut last = None;
        for _ in 0..runs {
            // What the run before left is not freed within the time.
            drop(last.take());
            let start = Instant::now();
            last = Some(run());
            all.push(start.elapsed());
        }
        all.sort();
        (Self { min: all[0], median: all[all.len() / 2], max: all[all.len() - 1] }, last.unwrap())
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |d: Duration| format!("{}.{:02}", d.as_micros() / 1000, d.as_micros() % 1000 / 10);
        write!(f, "{:>9} {:>9} {:>9} ms", ms(self.min), ms(self.median), ms(self.max))
    }
}

/// Everything measured.
#[derive(Debug)]
pub struct Report {
    /// What was measured, and how much of it there is.
    pub lines: Vec<(String, Times)>,
    /// Ours, by number.
    pub ours: BTreeMap<String, Value>,
    /// The evaluator's.
    pub theirs: BTreeMap<String, Value>,
    /// Of the two.
    pub comparison: Comparison,
    /// Of all accounts, from decoded rows.
    pub all: Times,
    /// Of the accounts that one sheet touched.
    pub sheet: Times,
    /// Teachers whose accounts one changed sheet touched.
    pub touched: usize,
}

impl Report {
    /// Everything that must not be. A busy machine makes times longer, never shorter: the least counts.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        let mut out = Vec::new();
        let mut must = |holds: bool, what: String| {
            if !holds {
                out.push(what)
            }
        };
        must(self.comparison.differ == 0, format!("{} accounts differ", self.comparison.differ));
        must(self.ours.len() == self.theirs.len(), format!("{} accounts for {} teachers", self.ours.len(), self.theirs.len()));
        must(self.all.min <= ALL_AT_MOST, format!("all accounts take more than {ALL_AT_MOST:?}"));
        must(self.sheet.min <= SHEET_AT_MOST, format!("the accounts of one sheet take more than {SHEET_AT_MOST:?}"));
        out
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tally(&self.theirs).iter().try_for_each(|(what, n)| writeln!(f, "{n:>9}  {what}"))?;
        writeln!(f, "{:>9} {:>9} {:>9}", "min", "median", "max")?;
        self.lines.iter().try_for_each(|(what, times)| writeln!(f, "{times}  {what}"))?;
        write!(f, "{}", self.comparison)
    }
}

/// What is read back.
pub struct Loaded {
    /// What is known.
    pub ledger: Ledger,
    /// By document, in order of arrival.
    pub entries: BTreeMap<DocId, Vec<SignedEntry>>,
}

/// Reads and verifies everything in a store: canonical bytes, signatures, grants, standing.
///
/// # Panics
/// Something is refused.
#[must_use]
pub fn load(folder: &Path, network: NetworkId) -> Loaded {
    let store = open(folder, network);
    let mut ledger = Ledger::new(network);
    let mut entries: BTreeMap<DocId, Vec<SignedEntry>> = BTreeMap::new();
    let scan = store.scan(0, &mut |_, stored| {
        let entry = SignedEntry::parse(&stored.bytes, &network).expect("canonical");
        let admitted = ledger.admit(&store, entry, Signature::Check).expect("admitted");
        ledger.insert(&admitted);
        let entry = admitted.into_entry();
        entries.entry(entry.header.log.document).or_default().push(entry);
        ControlFlow::Continue(())
    });
    scan.expect("reads");
    Loaded { ledger, entries }
}

impl Loaded {
    /// The rows of all documents.
    #[must_use]
    pub fn views(&self) -> Vec<DocumentView> {
        let judge = Judge::new(&self.ledger);
        self.entries.iter().map(|(d, entries)| DocumentView::build(&self.ledger, &judge, *d, entries)).collect()
    }
}

/// Accounts in the standard form, by number.
#[must_use]
pub fn standards(accounts: &Accounts) -> BTreeMap<String, Value> {
    accounts.iter().map(|(number, (_, account))| (number.to_owned(), standard(account))).collect()
}

/// Makes the truth, writes it, reads it back, evaluates and compares. Prints how far it is if `tell`.
#[must_use]
pub fn run(size: &Size, tell: &dyn Fn(&str)) -> Report {
    let dir = tempfile::tempdir().expect("a temporary folder");
    size.generate(&dir.path().join("clean"), false);
    let truth = Truth::read(&dir.path().join("clean"));
    tell("gen.py is done");
    let mut city = City::found();
    rows::write(&mut city, &truth);
    let store = dir.path().join("store");
    city.save(&store);
    tell("written");
    let as_of = day(&size.last_day());
    let mut lines = Vec::new();
    let (times, loaded) = Times::of(1, || load(&store, city.ledger.network));
    let counts = (loaded.ledger.len(), city.rows, loaded.entries.len());
    lines.push((
        format!("read and verify from the store: {} entries, {} rows, {} documents", counts.0, counts.1, counts.2),
        times,
    ));
    let (times, views) = Times::of(1, || loaded.views());
    lines.push(("views of all documents".to_owned(), times));
    let (times, facts) = Times::of(1, || Facts::read(&views, &loaded.ledger));
    lines.push((format!("rows decoded to facts: {} lines", facts.book().lines.len()), times));
    let (all, accounts) = Times::of(RUNS, || Accounts::all(&facts, as_of));
    let ours = standards(&accounts);
    lines.push((format!("all accounts from decoded rows: {} teachers", ours.len()), all));
    tell("evaluated");
    let theirs = oracle::evaluate(&oracle::cases(&truth, &size.last_day()), dir.path());
    let comparison = Comparison::of(&ours, &theirs);
    tell("compared");
    drop((facts, views));
    let (touched, sheet) = one_sheet(&mut city, &truth, &loaded, (as_of, accounts), &mut lines);
    Report { lines, ours, theirs, comparison, all, sheet, touched }
}

/// A school adds a sheet of registrations, one a teacher: from the changed document to the accounts of those whom it names, and of nobody else. Returns how many these were.
fn one_sheet(
    city: &mut City,
    truth: &Truth,
    loaded: &Loaded,
    (as_of, mut accounts): (Day, Accounts),
    lines: &mut Vec<(String, Times)>,
) -> (usize, Times) {
    let code = &truth.teachers.values().next().unwrap().school;
    let school = city.orgs[code];
    let near = city.ledger.registry.ancestors(school);
    let is_near = |d: &DocId| d.concerns() == school || near.contains(&d.concerns());
    let documents: BTreeMap<DocId, Vec<SignedEntry>> =
        loaded.entries.iter().filter(|(d, _)| is_near(d)).map(|(d, e)| (*d, e.clone())).collect();
    let mut near = Loaded { ledger: loaded.ledger.clone(), entries: documents };
    let mut views = near.views();
    let before = Facts::read(&views, &near.ledger);

    let (document, numbers) = add_sheet(city, truth, code, as_of.year());
    let new = city.last().clone();
    let admitted = near.ledger.admit(&taizhang_store::memory::MemoryStore::default(), new.clone(), Signature::Check).unwrap();
    near.ledger.insert(&admitted);
    near.entries.get_mut(&document).unwrap().push(new);

    let judge = Judge::new(&near.ledger);
    let (times, view) = Times::of(RUNS, || DocumentView::build(&near.ledger, &judge, document, &near.entries[&document]));
    let rows = view.rows.len();
    lines.push((format!("one sheet of {}: view of its document, {rows} rows", numbers.len()), times));
    let at = views.iter().position(|v| v.document == document).unwrap();
    views[at] = view;
    let (times, facts) = Times::of(RUNS, || Facts::read(&views, &near.ledger));
    lines.push((format!("one sheet: facts of its school decoded, {} lines", facts.book().lines.len()), times));
    let (times, touched) = Times::of(RUNS, || facts.touched(&before));
    lines.push(("one sheet: who is touched".to_owned(), times));
    assert_eq!(touched, numbers, "the sheet's teachers are touched, and nobody else");
    let (times, evaluated) = Times::of(RUNS, || accounts.update(&facts, &touched));
    lines.push((format!("one sheet: accounts of the {evaluated} teachers touched"), times));
    (evaluated, times)
}

/// A new activity of the school with every teacher's hours, in one entry.
fn add_sheet(city: &mut City, truth: &Truth, code: &str, year: u16) -> (DocId, BTreeSet<String>) {
    let school = city.orgs[code];
    let document = DocId::of_year(school, Kind::Ledger, year);
    let mut own = truth.activities.values().filter(|a| a.org == *code && day(&a.end).year() == year);
    let mut activity = own.next().unwrap().clone();
    activity.id += "-NEW";
    let mut p = PayloadBuilder::default();
    p.row(taizhang_core::rows::Activity::TYPE, &[], &rows::activity(&activity).to_fields());
    let numbers: BTreeSet<String> = truth.teachers.values().filter(|t| t.school == *code).map(|t| t.id.clone()).collect();
    for number in &numbers {
        let (by, pass) = (RegisteredBy::School, Assessment::Pass);
        let row = registration_row(&activity.id, number, by, activity.planned_h100, pass, day(&activity.end));
        p.row(Registration::TYPE, &[], &row.to_fields());
    }
    city.put(school, Role::Clerk, document, p);
    (document, numbers)
}
