//! Cases in JSON, one or a file of them, evaluated: what `rules eval` prints.

mod op;
mod rule_op;

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use crate::{
    account::json::{explained, standard},
    case::json::{CaseError, Fields, case, text_of},
    engine::Compiled,
    policy::{
        Policy,
        regime::{Adopted, Regime},
    },
};

/// How to evaluate.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'o> {
    /// The policy of cases that name none.
    pub policy: Option<&'o str>,
    /// Everything more, under the key `explain`.
    pub explain: bool,
}

/// Why nothing was evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// It is no JSON.
    #[error("not JSON: line {line}, column {column}: {what}")]
    Json {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What the reader says.
        what: String,
    },
    /// A field is missing, unknown or wrong.
    #[error("{0}")]
    Case(#[from] CaseError),
    /// One case of a file is wrong.
    #[error("case {id}: {why}")]
    Scenario {
        /// Its id, or its place.
        id: String,
        /// What is wrong.
        why: CaseError,
    },
}

/// Policies by id, as the caller knows them.
pub type Policies<'p> = dyn Fn(&str) -> Option<Arc<Policy>> + 'p;

/// The policies that come with the program.
#[must_use]
pub fn built_in(id: &str) -> Option<Arc<Policy>> {
    Policy::read(crate::policy::library::by_id(id)?).ok().map(Arc::new)
}

/// Evaluates one case, or every case of `{"schema":1,"scenarios":[…]}`, which gives `{"schema":1,"scenarios":[{"id":…,"result":…}]}`.
///
/// A case names its `policy`, or `adoptions` (each `from` a day, `policy`, `overlays`), and holds what [`crate::case`] says; a case with `op`
/// and `args` is a calculation (docs/rules.md).
///
/// # Errors
/// The first thing that is wrong, with the place.
pub fn eval(text: &str, options: &Options<'_>, policies: &Policies<'_>) -> Result<Value, EvalError> {
    let value: Value = serde_json::from_str(text).map_err(|e| EvalError::Json {
        line: e.line(),
        column: e.column(),
        what: e.to_string().split(" at line").next().unwrap_or_default().to_owned(),
    })?;
    let mut known: BTreeMap<String, Arc<Policy>> = BTreeMap::new();
    let named = |case: &Value| case.get("policy").and_then(Value::as_str).or(options.policy).map(str::to_owned);
    let list = value.get("scenarios");
    let cases = list.and_then(Value::as_array).map_or(std::slice::from_ref(&value), Vec::as_slice);
    for id in cases.iter().filter_map(named) {
        if let Some(policy) = if known.contains_key(&id) { None } else { policies(&id) } {
            known.insert(id, policy);
        }
    }
    let regimes: BTreeMap<&str, Regime<'_>> = known.iter().map(|(id, policy)| (id.as_str(), Regime::only(policy))).collect();
    let compiled = regimes.iter().map(|(id, regime)| (*id, Compiled::new(regime))).collect();
    let evaluator = Evaluator { options, policies, known: &known, compiled };
    if list.is_some() { evaluator.file(&value) } else { Ok(evaluator.one(&value)?) }
}

/// The policies of a file of cases, made ready once.
struct Evaluator<'e> {
    options: &'e Options<'e>,
    policies: &'e Policies<'e>,
    known: &'e BTreeMap<String, Arc<Policy>>,
    compiled: BTreeMap<&'e str, Compiled<'e, 'e>>,
}

impl Evaluator<'_> {
    fn file(&self, value: &Value) -> Result<Value, EvalError> {
        let mut fields = Fields::new("", value)?;
        if fields.need("schema")?.as_u64() != Some(1) {
            return Err(CaseError::new("schema", "expected 1").into());
        }
        fields.get("units");
        let list = fields.need("scenarios")?.as_array().ok_or_else(|| CaseError::new("scenarios", "expected a list"))?;
        fields.end()?;
        let mut results = Vec::with_capacity(list.len());
        for (n, value) in list.iter().enumerate() {
            let id = value.get("id").cloned().unwrap_or(Value::Null);
            let named = || id.as_str().map_or_else(|| format!("scenarios[{n}]"), str::to_owned);
            let result = self.one(value).map_err(|why| EvalError::Scenario { id: named(), why })?;
            results.push(json!({ "id": id, "result": result }));
        }
        Ok(json!({ "schema": 1, "scenarios": results }))
    }

    fn one(&self, value: &Value) -> Result<Value, CaseError> {
        let mut fields = Fields::new("", value)?;
        let policy = fields.text("policy")?.or(self.options.policy);
        if fields.get("op").is_some() {
            return self.op(fields, policy);
        }
        let adopted = fields.list("adoptions", |at, v| self.adopted(at, v))?;
        match (policy, adopted.is_empty()) {
            (Some(_), false) => Err(CaseError::new("adoptions", "a case names a policy or adoptions, not both")),
            (None, true) => Err(CaseError::new("policy", "is missing")),
            (None, false) => self.account(&Compiled::new(&Regime::adopted(&adopted)), fields),
            (Some(id), true) => {
                let compiled = self.compiled.get(id).ok_or_else(|| unknown_policy("policy", id))?;
                self.account(compiled, fields)
            }
        }
    }

    fn account(&self, compiled: &Compiled<'_, '_>, fields: Fields<'_>) -> Result<Value, CaseError> {
        let case = case(fields)?;
        let account = compiled.evaluate(&case);
        Ok(if self.options.explain { explained(&account, &case, compiled.regime()) } else { standard(&account) })
    }

    fn adopted(&self, at: &str, value: &Value) -> Result<Adopted, CaseError> {
        let load = |at: &str, id: &str| (self.policies)(id).ok_or_else(|| unknown_policy(at, id));
        let mut fields = Fields::new(at, value)?;
        let from = fields.need_day("from")?;
        let policy = load(&fields.at("policy"), fields.need_text("policy")?)?;
        let overlays = fields.list("overlays", |at, v| load(at, &text_of(at, v)?))?;
        fields.end().map(|()| Adopted { from, policy, overlays })
    }

    fn op(&self, mut fields: Fields<'_>, policy: Option<&str>) -> Result<Value, CaseError> {
        for unread in ["id", "title", "because", "expected", "hand_checked"] {
            fields.get(unread);
        }
        let op = fields.need_text("op")?;
        let rule = fields.text("rule")?;
        let args = Fields::new(&fields.at("args"), fields.need("args")?)?;
        fields.end()?;
        if op != "rule" {
            return op::calculate(op, args);
        }
        let id = policy.ok_or_else(|| CaseError::new("policy", "is missing"))?;
        let policy = self.known.get(id).ok_or_else(|| unknown_policy("policy", id))?;
        let rule = rule.ok_or_else(|| CaseError::new("rule", "is missing"))?;
        let rule = policy
            .rules
            .iter()
            .find(|r| r.id == rule)
            .ok_or_else(|| CaseError::new("rule", format!("policy {id} has no rule {rule}")))?;
        rule_op::calculate(rule, args)
    }
}

fn unknown_policy(at: &str, id: &str) -> CaseError {
    CaseError::new(at, format!("no policy is called {id:?}"))
}
