//! Random cases through the engine and through the independent evaluator: every result must be the same.

use std::{
    fmt::{self, Write as _},
    thread,
};

use serde_json::Value;

use super::{Policies, counts::Counts, generate::case, python::Oracle};

/// Processes of the evaluator.
const PROCESSES: u64 = 2;
/// Cases that one process has before it.
const CHUNK: u64 = 250;
/// So many differing cases are shown; all are counted.
const SHOWN: usize = 20;

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many cases.
    pub cases: u64,
    /// Number of the first.
    pub from: u64,
    /// Seed of all.
    pub seed: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// What occurred how often.
    pub counts: Counts,
    /// Differing cases.
    pub differing: u64,
    /// The first of them: made small, with both results.
    pub shown: Vec<String>,
}

impl Report {
    fn add(&mut self, other: Self) {
        self.counts.add(other.counts);
        self.differing += other.differing;
        self.shown.extend(other.shown);
        self.shown.truncate(SHOWN);
    }

    /// Everything that must not be: differences, and cases too tame to show anything.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        let mut found = self.counts.too_tame();
        if self.differing > 0 {
            found.insert(0, format!("{} cases differ", self.differing));
        }
        found
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.counts)
    }
}

/// Runs all cases.
#[must_use]
pub fn run(options: &Options) -> Report {
    let mut report = Report::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..PROCESSES).map(|part| scope.spawn(move || run_part(options, part))).collect();
        for worker in workers {
            report.add(worker.join().expect("a worker says what is wrong itself"));
        }
    });
    report
}

fn run_part(options: &Options, part: u64) -> Report {
    let mut report = Report::default();
    let mut oracle = Oracle::start();
    let policies = Policies::library();
    let last = options.from + options.cases;
    let mut chunk = options.from + part * CHUNK;
    while chunk < last {
        let cases: Vec<Value> = (chunk..last.min(chunk + CHUNK)).map(|n| case(options.seed, n)).collect();
        let expected = oracle.results(&cases);
        for (case, expected) in cases.iter().zip(&expected) {
            report.counts.case(case, expected);
            if &policies.compared(case) != expected {
                report.differing += 1;
                if report.shown.len() < SHOWN {
                    report.shown.push(shown(&policies, &mut oracle, case));
                }
            }
        }
        chunk += PROCESSES * CHUNK;
    }
    report
}

/// The case without everything that the difference does not need, and what each side says of it.
fn shown(policies: &Policies, oracle: &mut Oracle, case: &Value) -> String {
    let mut case = case.clone();
    for list in ["registrations", "activities", "bans", "locks", "waivers", "adoptions"] {
        let mut at = 0;
        while let Some(smaller) = without(&case, list, at) {
            if policies.compared(&smaller) == oracle.result(&smaller) {
                at += 1;
            } else {
                case = smaller;
            }
        }
    }
    let (engine, expected) = (policies.compared(&case), oracle.result(&case));
    let mut text = format!("{case}\n");
    let keys = expected.as_object().into_iter().chain(engine.as_object()).flat_map(|o| o.keys());
    let mut keys: Vec<&String> = keys.collect();
    keys.sort();
    keys.dedup();
    for key in keys.into_iter().filter(|key| engine.get(key) != expected.get(key)) {
        let side = |v: &Value| v.get(key).map_or_else(|| "-".to_owned(), Value::to_string);
        let _ = writeln!(text, "   {key}: engine {}\n   {key}: oracle {}", side(&engine), side(&expected));
    }
    text
}

/// Without one member of a list; an activity goes with what is registered for it. `None` after the last.
fn without(case: &Value, list: &str, at: usize) -> Option<Value> {
    let mut smaller = case.clone();
    let members = smaller.get_mut(list)?.as_array_mut()?;
    if at >= members.len() || (list == "adoptions" && members.len() == 1) {
        return None;
    }
    let gone = members.remove(at);
    if list == "activities"
        && let Some(registrations) = smaller.get_mut("registrations").and_then(Value::as_array_mut)
    {
        registrations.retain(|r| r["activity"] != gone["id"]);
    }
    Some(smaller)
}
