//! How long it takes a city to state a year: from the entries in the store to the bytes of the two attachments, and how long it takes another machine to come to the same bytes.

use std::{fmt, time::Instant};

use taizhang_core::{admission::Signature, ledger::Ledger};
use taizhang_rules::rollup::{
    Inputs, Scope,
    replay::{Basis, Replay},
};
use taizhang_store::Store;

use super::{
    bench::load,
    network::{City, open},
    rows::{self, day},
    truth::{Size, Truth},
};

/// What was measured.
#[derive(Debug, Default)]
pub struct Report {
    /// Step and milliseconds.
    pub steps: Vec<(String, u128)>,
    /// Of the inputs and the lines.
    pub bytes: (usize, usize),
    /// Teachers in the lines.
    pub teachers: usize,
    /// Teachers of the truth.
    pub expected: usize,
    /// Made a second time, from the same inputs: the same bytes.
    pub is_equal: bool,
}

impl Report {
    /// Everything that must not be.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        let mut out = Vec::new();
        if !self.is_equal {
            out.push("the second time gives other bytes".to_owned());
        }
        if self.teachers != self.expected {
            out.push(format!("{} lines for {} teachers", self.teachers, self.expected));
        }
        out
    }

    fn step<T>(&mut self, what: &str, run: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let out = run();
        self.steps.push((what.to_owned(), start.elapsed().as_millis()));
        out
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|(what, ms)| writeln!(f, "{ms:>7} ms  {what}"))?;
        let (inputs, lines) = self.bytes;
        write!(f, "{} teachers; inputs {inputs} B, lines {lines} B", self.teachers)
    }
}

/// Makes the truth, writes it as rows, and states the first year twice.
///
/// # Panics
/// Something is refused.
#[must_use]
pub fn run(size: &Size, tell: &dyn Fn(&str)) -> Report {
    let dir = tempfile::tempdir().expect("a temporary folder");
    size.generate(&dir.path().join("clean"), false);
    let truth = Truth::read(&dir.path().join("clean"));
    let mut city = City::found();
    rows::write(&mut city, &truth);
    let folder = dir.path().join("store");
    city.save(&folder);
    tell("written");
    let mut report = Report { expected: truth.teachers.len(), ..Report::default() };
    let (network, owner) = (city.ledger.network, city.city());
    drop(city);
    let ledger = report.step("entries read and verified from the store", || load(&folder, network).ledger);
    let store = open(&folder, network);
    let scope = Scope { owner, period: Size::FIRST_YEAR as u16, as_of: day(&size.last_day()) };
    let first = state(&mut report, &ledger, &store, scope);
    tell("stated");
    let again = state(&mut Report::default(), &ledger, &store, scope);
    report.bytes = (first.0.len(), first.1.len());
    report.teachers = first.2;
    report.is_equal = (first.0, first.1) == (again.0, again.1);
    report
}

/// Inputs and lines as attachments, and how many teachers there are.
fn state(report: &mut Report, ledger: &Ledger, store: &impl Store, scope: Scope) -> (Vec<u8>, Vec<u8>, usize) {
    let whole = Instant::now();
    let policies = Inputs::of_policies(ledger, scope.owner);
    let years = report.step("years of the policies", || {
        Basis::of(ledger, store, &policies, scope, Signature::Checked).expect("the policies are here").years
    });
    let named = report.step("inputs named", || Inputs::of(ledger, scope.owner, years));
    let replay = report.step("entries of the inputs taken in again", || {
        Replay::of(ledger, store, &named, Signature::Checked).expect("everything is here")
    });
    let facts = report.step("rows decoded to facts", || replay.facts());
    report.steps.push((format!("    of {} lines", facts.book().lines.len()), 0));
    let made =
        report.step("accounts and lines", || taizhang_rules::rollup::make::make(&facts, &replay.views, &replay.ledger, scope));
    let bytes = report.step("bytes", || (named.to_bytes(), made.lines.to_bytes()));
    report.steps.push(("the statement as a whole".to_owned(), whole.elapsed().as_millis()));
    (bytes.0, bytes.1, made.teachers.len())
}
