//! Mutants of the policies: each rule left out, each number shifted, each word of a list dropped. A kept case must notice every one.
//!
//! Kept cases are the given scenarios and `tests/data/rules/cases.json` (made by tests/tools/rule_cases.py); each has its `expected`.

mod shift;

use std::{collections::BTreeMap, fmt};

use serde_json::Value;
use taizhang_rules::policy::{Policy, check, library};
use toml::Table;

use super::Policies;
use shift::Shift;

/// Rule types whose arithmetic is shown here; the others say words (docs/policies.md).
const ARITHMETIC: &[&str] = &[
    "convert",
    "plan_required",
    "eligible",
    "eligible_degree",
    "ban",
    "forfeit",
    "assessment",
    "cap",
    "min",
    "min_any",
    "programme",
    "share_limit",
    "repeat_slot",
    "coverage",
    "quota",
    "quota_sum",
    "ratio",
    "degree_target",
    "select",
    "fund",
    "deadline",
    "window",
];

/// Mutants that change no result, and why: (rule, beginning of what is done, reason).
const SAME: &[(&str, &str, &str)] = &[
    ("CS-SLOT", "period ", "which lesson of the day it is stands in no case; the rule says it to people"),
    ("HN-PROG-MINISTRY", "min_weeks ", "the weeks are said; what is compared are the hours they make (D-11)"),
    ("KM-BACKBONE", "by ", "the day by which is said; the share does not depend on it"),
    ("VS-MIN-ENT-LONG", "options[0].value 130 -> 131", DOMINATED),
    ("VS-MIN-ENT-LONG", "options[0].window_years ", DOMINATED),
    ("WH-DUE-COUNTY-YEARPLAN", "anchor \"school_year_prep_week\" -> \"semester_prep_week\"", WEEK),
    ("WH-DUE-SCHOOL", "anchor \"semester_prep_week\" -> \"school_year_prep_week\"", WEEK),
];
/// Five years hold at most three times the days of their best two years, so the second option is always nearer.
const DOMINATED: &str = "126 days in five years already need 42 in some two, and 42 of 43 is nearer than 126 of 130";
const WEEK: &str = "which week it is, the calendar says: it comes as an argument";

/// What became of one mutant.
#[derive(Debug)]
struct Caught {
    /// What was done to the rule.
    what: String,
    /// The case that noticed, or why the file was refused; `None`: nobody noticed.
    by: Option<String>,
}

/// All mutants, by policy and rule.
#[derive(Debug, Default)]
pub struct Report {
    rules: BTreeMap<(String, String, String), Vec<Caught>>,
    /// Cases whose result differs although no policy was changed.
    wrong: Vec<String>,
}

impl Report {
    /// Mutants that nobody noticed, and cases that are wrong anyhow.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        let is_same =
            |rule: &str, mutant: &Caught, (of, what, _): &(&str, &str, &str)| rule == *of && mutant.what.starts_with(what);
        let mut found: Vec<String> =
            self.wrong.iter().map(|id| format!("{id} differs from its expected result without a mutant")).collect();
        for ((policy, kind, rule), mutants) in &self.rules {
            let noticeable = |m: &&Caught| !SAME.iter().any(|same| is_same(rule, m, same));
            for mutant in mutants.iter().filter(|m| m.by.is_none()).filter(noticeable) {
                found.push(format!("{policy} {rule} ({kind}): nobody notices: {}", mutant.what));
            }
        }
        for same in SAME {
            let survived = |((_, _, rule), mutants): (&(String, String, String), &Vec<Caught>)| {
                mutants.iter().any(|m| m.by.is_none() && is_same(rule, m, same))
            };
            if !self.rules.iter().any(survived) {
                found.push(format!("{} {}: said to change nothing, and is noticed: take it off the list", same.0, same.1));
            }
        }
        found
    }

    /// How many there were.
    #[must_use]
    pub fn mutants(&self) -> usize {
        self.rules.values().map(Vec::len).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((policy, kind, rule), mutants) in &self.rules {
            writeln!(f, "{policy} {rule} ({kind}): {} mutants", mutants.len())?;
            for mutant in mutants {
                let same = SAME.iter().find(|(of, what, _)| rule == of && mutant.what.starts_with(what));
                let nobody = same.map_or_else(|| "NOBODY NOTICES".to_owned(), |(_, _, why)| format!("changes nothing: {why}"));
                writeln!(f, "    {}: {}", mutant.what, mutant.by.as_deref().unwrap_or(&nobody))?;
            }
        }
        let survived = self.rules.values().flatten().filter(|m| m.by.is_none()).count();
        let (rules, mutants) = (self.rules.len(), self.mutants());
        writeln!(
            f,
            "{rules} rules, {mutants} mutants, {} noticed or refused, {survived} change nothing or are not noticed",
            mutants - survived
        )
    }
}

/// The kept cases: the given scenarios, then ours.
///
/// # Panics
/// If a file of the repository is no list of cases.
#[must_use]
pub fn kept_cases() -> Vec<Value> {
    let files =
        [include_str!("../../../crates/taizhang-rules/tests/data/scenarios.json"), include_str!("../../data/rules/cases.json")];
    let parsed = files.map(|text| serde_json::from_str::<Value>(text).expect("a kept file is JSON"));
    parsed.iter().flat_map(|file| file["scenarios"].as_array().expect("a kept file lists cases").clone()).collect()
}

/// Makes and tries every mutant.
#[must_use]
pub fn run() -> Report {
    let cases = kept_cases();
    let mut report = Report::default();
    let sound = Policies::library();
    report.wrong = cases.iter().filter(|c| outcome(&sound, c) != c["expected"]).map(|c| c["id"].to_string()).collect();
    for (id, bytes) in library::library() {
        let text = std::str::from_utf8(bytes).expect("policies are text");
        let file: Table = text.parse().expect("policies are TOML");
        let concerned: Vec<&Value> = cases.iter().filter(|c| concerns(c, id)).collect();
        for (place, rule) in rules(&file).iter().enumerate() {
            let word = |field: &str| rule.get(field).and_then(toml::Value::as_str).unwrap_or("").to_owned();
            let kind = word("type");
            if !ARITHMETIC.contains(&kind.as_str()) {
                continue;
            }
            let caught = Shift::all(rule).into_iter().map(|shift| {
                let by = noticed(&sound, &shift.apply(&file, place), id, &concerned);
                Caught { what: shift.to_string(), by }
            });
            report.rules.insert(((*id).to_owned(), kind, word("id")), caught.collect());
        }
    }
    report
}

fn rules(file: &Table) -> Vec<Table> {
    let rules = file.get("rule").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    rules.into_iter().filter_map(|rule| rule.as_table().cloned()).collect()
}

fn concerns(case: &Value, policy: &str) -> bool {
    let adopted = case["adoptions"].as_array().into_iter().flatten();
    let overlays = |a: &Value| a["overlays"].as_array().is_some_and(|o| o.iter().any(|id| id == policy));
    case["policy"] == policy || adopted.into_iter().any(|a| a["policy"] == policy || overlays(a))
}

/// The standard form; where the expected result has notes, with them.
fn outcome(policies: &Policies, case: &Value) -> Value {
    if case["expected"].get("notes").is_none() { policies.result(case) } else { policies.compared(case) }
}

/// The first case whose result the mutant changes, or the reader's refusal.
fn noticed(sound: &Policies, mutant: &Table, id: &str, cases: &[&Value]) -> Option<String> {
    let text = toml::to_string(mutant).expect("a table is TOML");
    let policy = match Policy::read(text.as_bytes()) {
        Ok(policy) => policy,
        Err(refused) => return Some(format!("refused: {}", refused.to_string().lines().next().unwrap_or(""))),
    };
    let contradictory = !check::acceptable(&check::check(&policy));
    let policies = sound.with(id, policy);
    let changed = cases.iter().find(|case| outcome(&policies, case) != case["expected"]);
    match changed {
        Some(case) => Some(case["id"].as_str().unwrap_or("").to_owned()),
        None => contradictory.then(|| "refused: its rules contradict each other".to_owned()),
    }
}
