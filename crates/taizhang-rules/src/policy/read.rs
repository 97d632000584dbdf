//! Reads a policy file (docs/policies.md): everything that is wrong in it at once, or the policy.

mod body;
mod error;
mod fields;

use sha2::{Digest, Sha256};
use taizhang_core::units::Day;
use toml::de::DeTable;

pub use self::error::{Fault, Form, PolicyError, PolicyErrors, Shape};
use self::fields::{Faults, Fields};
use super::{Policy, Rule, Unit};

/// Most bytes of a policy file; an operation of an entry has to hold it.
pub const MOST_BYTES: usize = 32 * 1024;

/// Most rules of a policy.
pub const MOST_RULES: usize = 200;

impl Policy {
    /// Reads a policy file. Unknown fields, types and words are refused: a rule that nobody applies would be worse than none.
    ///
    /// Whether its rules contradict each other is asked by [`super::check::check`].
    ///
    /// # Errors
    /// Everything that is wrong, each with its line and rule. Where the file is no TOML at all: only that.
    pub fn read(bytes: &[u8]) -> Result<Self, PolicyErrors> {
        let alone = |line, fault| PolicyErrors(vec![PolicyError { line, rule: String::new(), fault }]);
        if bytes.len() > MOST_BYTES {
            return Err(alone(1, Fault::TooLong { bytes: bytes.len(), most: MOST_BYTES }));
        }
        let text = std::str::from_utf8(bytes).map_err(|e| {
            let before = bytes.get(..e.valid_up_to()).and_then(|good| std::str::from_utf8(good).ok()).unwrap_or_default();
            alone(Faults::new(before).line(before.len()), Fault::NotUtf8)
        })?;
        let mut faults = Faults::new(text);
        let (table, broken) = DeTable::parse_recoverable(text);
        for error in &broken {
            let line = faults.line(error.span().map_or(0, |span| span.start));
            let fault = Fault::Syntax { said: error.message().to_owned() };
            faults.found.push(PolicyError { line, rule: String::new(), fault });
        }
        let read = if broken.is_empty() { document(table.get_ref(), &mut faults) } else { None };
        match read {
            Some(policy) if faults.found.is_empty() => Ok(Self { sha256: Sha256::digest(bytes).into(), ..policy }),
            _ => {
                faults.found.sort_by_key(|error| error.line);
                Err(PolicyErrors(faults.found))
            }
        }
    }
}

fn document<'s>(table: &DeTable<'s>, faults: &mut Faults<'s>) -> Option<Policy> {
    let mut top = Fields::new(table, 1, "", faults);
    if top.number::<u64>("schema", 0..=u64::MAX) != 1 {
        top.fault(Fault::Schema);
    }
    let policy = top.inner("policy", policy_table);
    let cycle = top.inner("cycle", cycle_table);
    let engine = top.inner("engine", engine_table);
    let rules = top.inner_list("rule", rule);
    if rules.len() > MOST_RULES {
        top.fault(Fault::TooManyRules { count: rules.len(), most: MOST_RULES });
    }
    top.finish();
    let rules: Vec<Rule> = rules.into_iter().flatten().collect();
    for (n, rule) in rules.iter().enumerate() {
        if let Some(first) = rules.iter().take(n).find(|first| first.id == rule.id && !rule.id.is_empty()) {
            let fault = Fault::SameId { first: first.line };
            faults.found.push(PolicyError { line: rule.line, rule: rule.id.clone(), fault });
        }
    }
    let (cycle, engine) = (cycle?, engine?);
    Some(Policy {
        cycle_years: cycle.years,
        cycle_start: cycle.start,
        year_start: cycle.year_start,
        cycle_source: cycle.source,
        prorate_months: engine.prorate_months,
        outside_needs_recognition: engine.outside_needs_recognition,
        degree_substitutes: engine.degree_substitutes,
        rules,
        ..policy?
    })
}

fn policy_table(f: &mut Fields<'_, '_>) -> Policy {
    let policy = Policy {
        id: f.text("id", Form::Id),
        title: f.text("title", Form::Line),
        doc_no: f.text_or_empty("doc_no"),
        jurisdiction: f.text("jurisdiction", Form::AreaCode),
        issued: f.day_or_empty("issued"),
        effective_from: f.day("effective_from"),
        effective_to: f.day_or_empty("effective_to"),
        account_unit: f.closed_of("account_unit", &[Unit::H100, Unit::C100], Unit::H100),
        stages: f.closed_list("stages"),
        complete: f.flag("complete"),
        overlay: f.may("overlay", Fields::flag).unwrap_or(false),
        cycle_years: 0,
        cycle_start: Day(0),
        year_start: (1, 1),
        cycle_source: String::new(),
        prorate_months: false,
        outside_needs_recognition: false,
        degree_substitutes: String::new(),
        rules: Vec::new(),
        sha256: [0; 32],
    };
    if policy.effective_to.is_some_and(|to| to < policy.effective_from) {
        f.fault(Fault::EndsBefore { from: "effective_from", to: "effective_to" });
    }
    policy
}

struct CycleTable {
    years: u32,
    start: Day,
    year_start: (u32, u32),
    source: String,
}

fn cycle_table(f: &mut Fields<'_, '_>) -> CycleTable {
    let years = f.number("years", 1..=20);
    let start = f.day("start");
    let month_day = f.text("year_start", Form::MonthDay);
    let source = f.text("source", Form::Line);
    let (_, month, day) = Day::parse_iso(&format!("2001-{month_day}")).unwrap_or_default().ymd();
    CycleTable { years, start, year_start: (month, day), source }
}

struct EngineTable {
    prorate_months: bool,
    outside_needs_recognition: bool,
    degree_substitutes: String,
}

fn engine_table(f: &mut Fields<'_, '_>) -> EngineTable {
    f.one_of("recognise", &["attended"]);
    f.one_of("year_of", &["end_date"]);
    EngineTable {
        prorate_months: f.one_of("prorate", &["months", "none"]) == "months",
        outside_needs_recognition: f.one_of("transfer_in_outside", &["automatic", "needs_recognition"]) == "needs_recognition",
        degree_substitutes: f.word("degree_substitutes"),
    }
}

fn rule(f: &mut Fields<'_, '_>) -> Option<Rule> {
    let id = f.text("id", Form::Id);
    f.of_rule(&id);
    let source = f.text("source", Form::Line);
    let line = f.line();
    let body = body::read(f)?;
    Some(Rule { id, source, line, body })
}
