//! `policy diff`: what differs, and which teachers at hand it moves.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value as Json, json};
use taizhang_core::id::OrgId;
use taizhang_rules::{
    case::{Case, Stage},
    policy::{
        Policy,
        diff::{
            Difference, FieldChange, diff as differences,
            effect::{Comparison, Effect, Move},
        },
    },
};

use super::{
    super::{Context, accounts::Desk},
    hex,
    shelf::{Shelf, Text},
};
use crate::{command::Reply, error::CommandError};

/// The texts alone: where there is no ledger.
pub(super) fn texts(shelf: &Shelf, old: &str, new: &str) -> Result<Reply, CommandError> {
    let (old, new) = (shelf.find(old)?, shelf.find(new)?);
    read(&old)?;
    read(&new)?;
    Ok(reply(&old, &new, None))
}

/// The texts, and the accounts at hand under both.
pub(crate) fn diff(c: &Context<'_>, old: &str, new: &str, as_of: Option<&str>) -> Result<Reply, CommandError> {
    let shelf = Shelf::load(c.core)?;
    let (old, new) = (shelf.find(old)?, shelf.find(new)?);
    let (old_policy, new_policy) = (read(&old)?, read(&new)?);
    let desk = Desk::open(c.core, as_of)?;
    let comparison = Comparison::new(&old_policy, &new_policy);
    let mut groups: BTreeMap<(OrgId, Stage), Vec<(&str, Case)>> = BTreeMap::new();
    for teacher in desk.facts.teachers() {
        if let Some(case) = desk.case(&teacher.number) {
            groups.entry((teacher.school, case.teacher.stage)).or_default().push((teacher.number.as_str(), case));
        }
    }
    let mut effect = Effect::default();
    for ((school, stage), cases) in &groups {
        let adoptions = desk.facts.adoptions(*school, *stage);
        let cases: Vec<(&str, &Case)> = cases.iter().map(|(n, c)| (*n, c)).collect();
        comparison.add(&mut effect, &adoptions.adopted, &cases);
    }
    // Groups come in the order of organisations' ids, which nobody knows.
    effect.lost.sort_by(|a, b| a.teacher.cmp(&b.teacher));
    effect.gained.sort_by(|a, b| a.teacher.cmp(&b.teacher));
    let mut out = reply(&old, &new, Some(&effect));
    out.data.insert("as_of".to_owned(), json!(desk.as_of.to_string()));
    Ok(out)
}

fn read(text: &Text) -> Result<Arc<Policy>, CommandError> {
    Policy::read(&text.toml).map(Arc::new).map_err(|e| super::super::rules::policy_errors(&text.id, &e))
}

fn reply(old: &Text, new: &Text, effect: Option<&Effect>) -> Reply {
    let found = differences(&old.toml, &new.toml);
    let side = |t: &Text| json!({ "policy": t.id, "version": t.version, "policy_sha256": hex(&t.sha256) });
    Reply::new(
        "policy-diff",
        json!({
            "old": side(old), "new": side(new), "differences": found.iter().map(difference).collect::<Vec<_>>(),
            "effect": effect.map(shown_effect),
        }),
    )
}

fn difference(d: &Difference) -> Json {
    let field = |f: &FieldChange| json!({ "field": f.field, "old": f.old, "new": f.new });
    let rule_type = Some(&d.rule_type).filter(|t| !t.is_empty());
    json!({
        "rule": d.place, "type": rule_type, "change": d.change.word(), "zh": d.zh(), "en": d.en(),
        "values": d.fields.iter().map(field).collect::<Vec<_>>(),
    })
}

fn shown_effect(e: &Effect) -> Json {
    let count = |((before, after), n): (&(_, _), &u32)| {
        let (before, after): (&taizhang_rules::account::Status, &taizhang_rules::account::Status) = (before, after);
        json!({ "before": before.word(), "after": after.word(), "teachers": n })
    };
    json!({
        "teachers": e.teachers, "to_not_met_n": e.lost.len(), "to_met_n": e.gained.len(),
        "counts": e.counts.iter().map(count).collect::<Vec<_>>(),
        "to_not_met": e.lost.iter().map(moved).collect::<Vec<_>>(), "to_met": e.gained.iter().map(moved).collect::<Vec<_>>(),
    })
}

fn moved(m: &Move) -> Json {
    json!({ "teacher": m.teacher, "before": m.before.word(), "after": m.after.word(), "rules": m.by, "lines": m.lines })
}
