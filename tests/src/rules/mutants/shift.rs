//! What is done to a rule.

use std::fmt;

use taizhang_core::units::Day;
use toml::{Table, Value};

/// Lists whose members are dropped one by one.
const LISTS: &[&str] = &["kinds", "buckets", "org_levels", "triggers", "tags_any", "tags_exclude", "requires"];
/// Degrees, lowest first.
const DEGREES: &[&str] = &["secondary", "associate", "bachelor", "master", "doctor"];

/// One change of one rule.
pub(super) struct Shift {
    /// Names and places that lead to the value; empty: the rule itself.
    path: Vec<Step>,
    /// The new value; `None`: it goes.
    value: Option<Value>,
    /// What it was.
    was: String,
}

#[derive(Clone)]
enum Step {
    Field(String),
    Place(usize),
}

impl Shift {
    /// Everything that is done to this rule.
    pub(super) fn all(rule: &Table) -> Vec<Self> {
        let mut all = vec![Self { path: Vec::new(), value: None, was: String::new() }];
        collect(&mut all, &mut Vec::new(), &Value::Table(rule.clone()), rule);
        all
    }

    /// The file with this done to the rule at that place.
    pub(super) fn apply(&self, file: &Table, place: usize) -> Table {
        let mut file = file.clone();
        let rules = file.get_mut("rule").and_then(Value::as_array_mut).expect("a policy has rules");
        if self.path.is_empty() {
            rules.remove(place);
        } else {
            self.put(&mut rules[place]);
        }
        file
    }

    fn put(&self, rule: &mut Value) {
        let (last, way) = self.path.split_last().expect("a way ends somewhere");
        let mut at = rule;
        for step in way {
            at = match step {
                Step::Field(name) => at.get_mut(name.as_str()),
                Step::Place(n) => at.get_mut(*n),
            }
            .expect("the way was found in this rule");
        }
        match (last, &self.value) {
            (Step::Field(name), Some(value)) => at[name.as_str()] = value.clone(),
            (Step::Place(n), Some(value)) => at[*n] = value.clone(),
            (Step::Field(name), None) => drop(at.as_table_mut().expect("a field stands in a table").remove(name)),
            (Step::Place(n), None) => drop(at.as_array_mut().expect("a place stands in a list").remove(*n)),
        }
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return f.write_str("left out");
        }
        for (n, step) in self.path.iter().enumerate() {
            match step {
                Step::Field(name) if n == 0 => write!(f, "{name}")?,
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Place(place) => write!(f, "[{place}]")?,
            }
        }
        match &self.value {
            Some(value) => write!(f, " {} -> {value}", self.was),
            None => write!(f, " without {}", self.was),
        }
    }
}

fn collect(all: &mut Vec<Shift>, path: &mut Vec<Step>, value: &Value, rule: &Table) {
    let name =
        path.iter().rev().find_map(|step| if let Step::Field(name) = step { Some(name.as_str()) } else { None }).unwrap_or("");
    let top = path.iter().find_map(|step| if let Step::Field(name) = step { Some(name.as_str()) } else { None }).unwrap_or("");
    match value {
        Value::Table(table) => {
            for (name, inner) in table {
                path.push(Step::Field(name.clone()));
                collect(all, path, inner, rule);
                path.pop();
            }
        }
        Value::Array(members) => {
            let dropped = LISTS.contains(&name);
            for (n, inner) in members.iter().enumerate() {
                path.push(Step::Place(n));
                collect(all, path, inner, rule);
                if dropped {
                    all.push(Shift { path: path.clone(), value: None, was: inner.to_string() });
                }
                path.pop();
            }
        }
        Value::Integer(n) => {
            for other in beside(name, *n, rule) {
                all.push(Shift { path: path.clone(), value: Some(Value::Integer(other)), was: n.to_string() });
            }
        }
        Value::String(word) => {
            for other in other_words(name, top, word) {
                all.push(Shift { path: path.clone(), value: Some(Value::String(other)), was: format!("{word:?}") });
            }
        }
        _ => {}
    }
}

/// The number one unit lower and one unit higher.
///
/// Of a tolerance the unit is the smallest step that moves a bound by a hundredth of an hour: 2001 of 10000 of 4000 h100 are the same 800 as 2000.
fn beside(name: &str, n: i64, rule: &Table) -> Vec<i64> {
    let about: Vec<i64> = match rule.get("about") {
        Some(Value::Table(about)) if name == "about_tolerance_bp" => about.values().filter_map(Value::as_integer).collect(),
        _ => Vec::new(),
    };
    let bounds = |bp: i64| -> Vec<i64> { about.iter().map(|hours| hours * bp / 10_000).collect() };
    let moved = |by: i64| (1..).map(|k| n + k * by).find(|other| about.is_empty() || bounds(*other) != bounds(n)).unwrap_or(n);
    [moved(-1), moved(1)].into_iter().filter(|other| *other >= 0).collect()
}

/// A day earlier and later, the other comparison, the neighbouring degrees, another anchor.
fn other_words(name: &str, top: &str, word: &str) -> Vec<String> {
    if let Some(day) = Day::parse_iso(word) {
        return vec![Day(day.0 - 1).to_string(), Day(day.0 + 1).to_string()];
    }
    match name {
        "cmp" => vec![if word == "ge" { "gt" } else { "ge" }.to_owned()],
        "anchor" if word != "fixed" => {
            let others = ["activity_start", "semester_prep_week", "school_year_prep_week", "year_start"];
            others.iter().filter(|other| **other != word).map(|other| (*other).to_owned()).collect()
        }
        _ if top == "min_level" => {
            let at = DEGREES.iter().position(|degree| *degree == word).expect("a degree");
            let near = [at.checked_sub(1), Some(at + 1)];
            near.into_iter().flatten().filter_map(|n| DEGREES.get(n)).map(|degree| (*degree).to_owned()).collect()
        }
        _ => Vec::new(),
    }
}
