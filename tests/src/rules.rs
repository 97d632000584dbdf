//! Proofs for the rules: random cases against an independent evaluator, mutants of every policy, properties.
//!
//! Nothing is written and no clock decides anything; a case is decided by its seed and number alone.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test tool: what it makes itself it may take apart"
)]

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};
use taizhang_rules::{
    eval::{self, Options},
    policy::{Policy, library},
};

pub mod counts;
mod dice;
pub mod differential;
pub mod generate;
pub mod mutants;
pub mod properties;
mod python;

/// Policies by id, as a case may name them.
#[derive(Debug)]
pub struct Policies(BTreeMap<String, Arc<Policy>>);

impl Policies {
    /// The ten that come with the program.
    #[must_use]
    pub fn library() -> Self {
        let read = |bytes: &[u8]| Arc::new(Policy::read(bytes).expect("the ten files are sound"));
        Self(library::library().iter().map(|(id, bytes)| ((*id).to_owned(), read(bytes))).collect())
    }

    /// The same with another policy in place of one.
    fn with(&self, id: &str, policy: Policy) -> Self {
        let mut policies = self.0.clone();
        policies.insert(id.to_owned(), Arc::new(policy));
        Self(policies)
    }

    /// What the engine says of a case: the standard form.
    #[must_use]
    pub fn result(&self, case: &Value) -> Value {
        self.eval(case, false)
    }

    /// The standard form, and under `explain` everything more.
    #[must_use]
    pub fn explained(&self, case: &Value) -> Value {
        self.eval(case, true)
    }

    /// The standard form with the lines of `min_any` and the notes: what the independent evaluator says too.
    fn compared(&self, case: &Value) -> Value {
        let mut result = self.explained(case);
        let explain = result.as_object_mut().and_then(|r| r.remove("explain")).unwrap_or_default();
        let lines = explain["rules"].as_array().cloned().unwrap_or_default();
        let shown = |line: &Value| json!({"rule": line["rule"], "scope": line["scope"], "need": line["need"], "got": line["got"], "status": line["status"]});
        let windows: Vec<Value> = lines.iter().filter(|line| line["any_window"] == true).map(shown).collect();
        result["windows"] = json!(windows);
        result["notes"] = explain["notes"].clone();
        result
    }

    fn eval(&self, case: &Value, explain: bool) -> Value {
        let options = Options { policy: None, explain };
        let found = |id: &str| self.0.get(id).cloned();
        eval::eval(&case.to_string(), &options, &found).unwrap_or_else(|e| json!({"error": e.to_string()}))
    }
}
