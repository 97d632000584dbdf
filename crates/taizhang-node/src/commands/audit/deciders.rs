//! Who decided on what: a decision by the same hand that wrote what it decides on.

use taizhang_core::{
    id::{EntryId, Kind},
    ledger::row_ops,
    op::RowOp,
    rows::{
        AppealAnswer, Certificate, Decision, DecisionTarget, EnrolDecision, PlanDecision, Recognition, RowType, SpotCheck, read,
    },
    standing::Judge,
};

use super::{Audit, findings};
use crate::error::{CommandError, Text};

/// Looks at every decision that counts; one finding for each entry.
pub(super) fn check(audit: &mut Audit<'_>) -> Result<(), CommandError> {
    let judge = Judge::new(audit.ledger);
    audit.each_entry("decisions", |kind| matches!(kind, Kind::Review | Kind::Notice), &mut |audit, entry| {
        if !judge.stands(&entry.id) {
            return Ok(());
        }
        let named = row_ops(entry).into_iter().flat_map(|(_, op)| decided_on(&op, entry.id));
        let own: Vec<EntryId> = named.filter(|id| audit.author(id) == Some(entry.header.log.key)).collect();
        if let Some(first) = own.first() {
            let n = own.len();
            let detail = Text::new(format!("审了 {n} 条, 例如 {first}"), format!("{n} decided on, such as {first}"));
            audit.find(findings::OWN_DECISION, entry.id, detail);
        }
        Ok(())
    })
}

/// Entries whose rows a row decides on; none if it decides on nothing.
pub(super) fn decided_on(op: &RowOp<'_>, from: EntryId) -> Vec<EntryId> {
    let one = |entry: Option<EntryId>| entry.into_iter().collect::<Vec<_>>();
    match op.row_type {
        Decision::TYPE => match read::<Decision>(op).and_then(Result::ok).map(|p| p.row.target) {
            Some(DecisionTarget::Rows { rows, .. }) => rows.into_iter().map(|(entry, _)| entry).collect(),
            Some(DecisionTarget::Sheet { sheet, .. }) => vec![sheet.resolve(from).entry],
            None => Vec::new(),
        },
        PlanDecision::TYPE => one(read::<PlanDecision>(op).and_then(Result::ok).map(|p| p.row.plan.resolve(from).entry)),
        Recognition::TYPE => one(read::<Recognition>(op).and_then(Result::ok).map(|p| p.row.target.resolve(from).entry)),
        SpotCheck::TYPE => one(read::<SpotCheck>(op).and_then(Result::ok).map(|p| p.row.registration.resolve(from).entry)),
        AppealAnswer::TYPE => one(read::<AppealAnswer>(op).and_then(Result::ok).map(|p| p.row.appeal.resolve(from).entry)),
        EnrolDecision::TYPE => one(read::<EnrolDecision>(op).and_then(Result::ok).map(|p| p.row.enrolment.resolve(from).entry)),
        Certificate::TYPE => {
            one(read::<Certificate>(op).and_then(Result::ok).and_then(|p| p.row.prepared).map(|p| p.resolve(from).entry))
        }
        _ => Vec::new(),
    }
}
