//! `policy list|show|check|adopt|diff`: regulations as data, and from when a city uses them.
//!
//! A policy travels whole: its text (row 10) and the day from which it holds (row 11) stand in the policy document of a city or province, which everyone below reads.
//! Two texts that one organisation adopts from one day, for a stage and an organisation in common, are rivals: nothing holds there until a later adoption replaces both.

mod adopt;
mod diff;
mod shelf;

pub(crate) use self::{
    adopt::{Wanted, adopt, day},
    diff::diff,
    shelf::{Shelf, Text},
};

use serde_json::{Value as Json, json};
use taizhang_rules::policy::{
    Policy,
    check::{Finding, acceptable, check as findings_of},
    diff::{Outline, outline},
};

use super::{Context, shown};
use crate::{
    command::{Command, Reply},
    core::Core,
    error::CommandError,
};

/// What needs no data folder: the built-in policies and files. `None`: another command.
pub fn without_node(command: &Command) -> Option<Result<Reply, CommandError>> {
    let shelf = Shelf::built_in();
    match command {
        Command::PolicyList => Some(Ok(listed(None, &shelf))),
        Command::PolicyShow { policy } => Some(show(&shelf, policy)),
        Command::PolicyCheck { policy } => Some(check(&shelf, policy)),
        Command::PolicyDiff { old, new, as_of: None } => Some(diff::texts(&shelf, old, new)),
        _ => None,
    }
}

/// Every policy at hand, and which hold from when.
pub(crate) fn list(c: &Context<'_>) -> Result<Reply, CommandError> {
    Ok(listed(Some(c.core), &Shelf::load(c.core)?))
}

fn listed(core: Option<&Core>, shelf: &Shelf) -> Reply {
    let texts = shelf.texts.iter().map(|t| listed_text(core, t));
    let adoptions = core.map(|core| shelf.adoptions.iter().map(|a| adopt::shown_adoption(core, shelf, a)).collect::<Vec<_>>());
    Reply::new("policies", json!({ "policies": texts.collect::<Vec<_>>(), "adoptions": adoptions.unwrap_or_default() }))
}

fn listed_text(core: Option<&Core>, t: &Text) -> Json {
    let policy = Policy::read(&t.toml).ok();
    let document = core.zip(t.document).map(|(core, d)| shown::document(core, &d));
    json!({
        "policy": t.id, "version": t.version, "title": policy.as_ref().map(|p| p.title.clone()), "document": document,
        "issued_from": policy.as_ref().map(|p| p.effective_from.to_string()), "overlay": policy.as_ref().map(|p| p.overlay),
        "rules_n": policy.as_ref().map(|p| p.rules.len()), "policy_sha256": hex(&t.sha256),
    })
}

/// One policy with its rules and its text.
pub(crate) fn show(shelf: &Shelf, named: &str) -> Result<Reply, CommandError> {
    let text = shelf.find(named)?;
    let policy = Policy::read(&text.toml).map_err(|e| super::rules::policy_errors(named, &e))?;
    let rule = |r: &Outline| json!({ "rule": r.id, "type": r.rule_type, "line": r.line, "source": r.source });
    let rules: Vec<Json> = outline(&policy, &text.toml).iter().map(rule).collect();
    Ok(Reply::new(
        "policy",
        json!({
            "policy": policy.id, "version": text.version, "title": policy.title, "doc_no": policy.doc_no,
            "issued_from": policy.effective_from.to_string(), "issued_to": policy.effective_to.map(|d| d.to_string()),
            "cycle": { "start": policy.cycle_start.to_string(), "years": policy.cycle_years },
            "account_unit": policy.account_unit.word(), "overlay": policy.overlay, "complete": policy.complete,
            "policy_sha256": hex(&policy.sha256), "rules": rules, "toml": String::from_utf8_lossy(&text.toml),
        }),
    ))
}

/// What is wrong with a policy, or strange. `ok`: it may be adopted.
pub(crate) fn check(shelf: &Shelf, named: &str) -> Result<Reply, CommandError> {
    let text = shelf.find(named)?;
    let (ok, findings) = checked(&text);
    Ok(Reply::new(
        "policy-check",
        json!({ "ok": ok, "policy": text.id, "policy_sha256": hex(&text.sha256), "findings": findings }),
    ))
}

/// May it be adopted; and everything there is to say about it.
fn checked(text: &Text) -> (bool, Vec<Json>) {
    match Policy::read(&text.toml) {
        Err(errors) => {
            let finding = |e: &taizhang_rules::policy::read::PolicyError| {
                let rules: Vec<&str> = Some(e.rule.as_str()).filter(|r| !r.is_empty()).into_iter().collect();
                json!({ "severity": "refused", "line": e.line, "rules": rules, "zh": e.fault.zh(), "en": e.fault.en() })
            };
            (false, errors.0.iter().map(finding).collect())
        }
        Ok(policy) => {
            let found = findings_of(&policy);
            (acceptable(&found), found.iter().map(|f| finding(&policy, f)).collect())
        }
    }
}

fn finding(policy: &Policy, f: &Finding) -> Json {
    use taizhang_rules::policy::check::Severity;
    let severity = match f.severity {
        Severity::Refused => "refused",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let line = policy.rules.iter().find(|r| f.rules.first() == Some(&r.id)).map(|r| r.line);
    json!({ "severity": severity, "line": line, "rules": f.rules, "zh": f.zh, "en": f.en })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests;
