//! A rollup in place of earlier ones: it reaches at least as far as they do, or it is not published. Else whoever has what they counted would see it left out ([`super::verify`]).

use std::collections::BTreeSet;

use serde_json::json;
use taizhang_core::{admission::Signature, id::DocId, rows::Rollup, view::ViewRow};
use taizhang_rules::rollup::{
    Inputs, Scope,
    replay::{self, Basis},
};

use super::{super::shown, unreadable};
use crate::{
    core::Core,
    error::{CommandError, ErrorKind},
};

/// Are the inputs of the rollups that are replaced all here, and all among the new ones?
pub(super) fn reaches_as_far(core: &Core, scope: Scope, inputs: &[u8], earlier: &[&ViewRow]) -> Result<(), CommandError> {
    let (ledger, Ok(inputs)) = (core.ledger(), Inputs::parse(inputs)) else { return Ok(()) };
    let mut short: BTreeSet<DocId> = BTreeSet::new();
    for row in earlier.iter().filter_map(|r| r.read::<Rollup>()) {
        // What another version lists in its own way nobody can hold against this one.
        let bytes = shown::attachment(core, &row.row.inputs)?;
        let Some(before) = bytes.and_then(|b| Inputs::parse(&b).ok()) else { continue };
        let basis = Basis::of(ledger, core.store(), &inputs, scope, Signature::Checked).map_err(|e| unreadable(&e))?;
        let (tree, years) = (&basis.ledger, basis.years);
        let belongs = |d: &DocId| Inputs::belongs(tree, scope.owner, years, d);
        short.extend(replay::missing(ledger, &before).into_iter().filter(belongs));
        short.extend(replay::left_out(ledger, tree, &inputs, &before, scope.owner, years).into_iter().map(|(d, _)| d));
    }
    if short.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = short.iter().map(|d| shown::document(core, d)).collect();
    let (n, few) = (names.len(), names.iter().take(5).cloned().collect::<Vec<_>>().join(", "));
    Err(CommandError::new(
        ErrorKind::Refused,
        format!("本单位已发布的汇总用到的条目, 本机还没有: {n} 个文档 ({few})"),
        format!("an earlier rollup of this organisation counts entries that are not here: {n} documents ({few})"),
    )
    .hint(
        "先与本单位发布它的电脑同步, 再发布; 那台电脑已丢失的, 请管理员作废其密钥",
        "sync first with the machine that published it, then publish; if that machine is lost, have its key burnt",
    )
    .details(json!({ "missing": names })))
}
