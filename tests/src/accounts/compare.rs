//! Two answers about each teacher, field by field.

use std::{collections::BTreeMap, fmt};

use serde_json::Value;

/// So many differing teachers are shown; all are counted.
const SHOWN: usize = 5;

/// What came of it.
#[derive(Debug, Default)]
pub struct Comparison {
    /// Compared.
    pub teachers: usize,
    /// Of those, how many differ.
    pub differ: usize,
    /// The first of them, field by field.
    pub shown: Vec<String>,
}

impl Comparison {
    /// Compares `ours` with what the evaluator says; a teacher who is missing on our side differs.
    #[must_use]
    pub fn of(ours: &BTreeMap<String, Value>, theirs: &BTreeMap<String, Value>) -> Self {
        let mut out = Self { teachers: theirs.len(), ..Self::default() };
        for (number, their) in theirs {
            let our = ours.get(number).unwrap_or(&Value::Null);
            if our != their {
                out.differ += 1;
                if out.shown.len() < SHOWN {
                    out.shown.push(difference(number, our, their));
                }
            }
        }
        out
    }
}

/// How often each status, reason and kind of finding occurs: a comparison of tame accounts would show nothing.
#[must_use]
pub fn tally(accounts: &BTreeMap<String, Value>) -> BTreeMap<String, usize> {
    let mut out = BTreeMap::new();
    let mut add = |what: &str, word: &Value| {
        let word = word.as_str().unwrap_or_default().split(':').next().unwrap_or_default();
        *out.entry(format!("{what} {word}")).or_default() += 1;
    };
    for account in accounts.values() {
        add("status", &account["status"]);
        account["activities"].as_array().into_iter().flatten().for_each(|a| add("reason", &a["reason"]));
        account["findings"].as_array().into_iter().flatten().for_each(|f| add("finding", f));
        account["rules"].as_array().into_iter().flatten().for_each(|r| add("rule", &r["rule"]));
    }
    out
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown.iter().try_for_each(|s| writeln!(f, "DIFFERS {s}"))?;
        write!(f, "{} teachers, {} differ", self.teachers, self.differ)
    }
}

fn difference(number: &str, our: &Value, their: &Value) -> String {
    let mut out = number.to_owned();
    let fields = their.as_object().unwrap();
    for (field, theirs) in fields.iter().filter(|(field, theirs)| our.get(field) != Some(theirs)) {
        let ours = our.get(field).unwrap_or(&Value::Null);
        match (ours.as_array(), theirs.as_array()) {
            (Some(a), Some(b)) => {
                a.iter().filter(|x| !b.contains(x)).for_each(|x| out += &format!("\n  {field}: we       {x}"));
                b.iter().filter(|x| !a.contains(x)).for_each(|x| out += &format!("\n  {field}: evaluator {x}"));
            }
            _ => out += &format!("\n  {field}: we {ours}\n  {field}: evaluator {theirs}"),
        }
    }
    out
}
