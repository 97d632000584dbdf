//! Does a policy make sense? Rules that contradict each other, that nobody can meet, or that never apply, by their ids.
//! The list is in docs/policies.md.

mod activities;
mod hours;
mod limits;
mod needs;
mod notes;
mod offices;
mod papers;

use super::{Policy, Rule};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The policy cannot be adopted.
    Refused,
    /// It can; somebody should look.
    Warning,
    /// Worth knowing: an assumption, an incomplete text.
    Note,
}

/// Something about some rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The ids of the rules, in the order of the file; empty: about the policy as a whole.
    pub rules: Vec<String>,
    /// In Chinese, without the ids.
    pub zh: String,
    /// In English, without the ids.
    pub en: String,
}

/// Everything there is to say about a policy; the worst first, then in the order of the file.
///
/// An overlay leans on a base: buckets that its own rules do not fill are only warned of.
#[must_use]
pub fn check(policy: &Policy) -> Vec<Finding> {
    let mut findings = Findings { policy, found: Vec::new() };
    hours::check(&mut findings);
    activities::check(&mut findings);
    limits::check(&mut findings);
    needs::check(&mut findings);
    offices::check(&mut findings);
    papers::check(&mut findings);
    notes::check(&mut findings);
    let line = |f: &Finding| policy.rules.iter().find(|r| f.rules.first() == Some(&r.id)).map_or(0, |r| r.line);
    findings.found.sort_by_key(|f| (f.severity, line(f)));
    findings.found
}

/// May it be adopted?
#[must_use]
pub fn acceptable(findings: &[Finding]) -> bool {
    findings.iter().all(|f| f.severity != Severity::Refused)
}

/// The policy and what was found.
struct Findings<'p> {
    policy: &'p Policy,
    found: Vec<Finding>,
}

impl<'p> Findings<'p> {
    fn add(&mut self, severity: Severity, rules: &[&Rule], zh: impl Into<String>, en: impl Into<String>) {
        let mut rules: Vec<&Rule> = rules.to_vec();
        rules.sort_by_key(|rule| rule.line);
        let mut ids: Vec<String> = rules.into_iter().map(|rule| rule.id.clone()).collect();
        ids.dedup();
        self.found.push(Finding { severity, rules: ids, zh: zh.into(), en: en.into() });
    }

    fn refuse(&mut self, rules: &[&Rule], zh: impl Into<String>, en: impl Into<String>) {
        self.add(Severity::Refused, rules, zh, en);
    }

    fn warn(&mut self, rules: &[&Rule], zh: impl Into<String>, en: impl Into<String>) {
        self.add(Severity::Warning, rules, zh, en);
    }

    fn note(&mut self, rules: &[&Rule], zh: impl Into<String>, en: impl Into<String>) {
        self.add(Severity::Note, rules, zh, en);
    }

    /// Every two rules of one type, in the order of the file.
    fn pairs<T: Clone>(&self, pick: impl Fn(&'p super::Body) -> Option<T>) -> Vec<[(&'p Rule, T); 2]> {
        let all: Vec<(&'p Rule, T)> = self.policy.pick(pick).collect();
        let after = |n: usize| all.get(n + 1..).unwrap_or_default();
        all.iter().enumerate().flat_map(|(n, a)| after(n).iter().map(|b| [a.clone(), b.clone()])).collect()
    }
}

/// Do two lists have something in common, where an empty one means everything?
fn meet<T: PartialEq>(a: &[T], b: &[T]) -> bool {
    a.is_empty() || b.is_empty() || a.iter().any(|x| b.contains(x))
}
