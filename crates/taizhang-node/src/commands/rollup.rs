//! `rollup publish|show|verify`: what this organisation says about a year, and whether what another said is so.
//!
//! The computing is `taizhang_rules::rollup`; here entries and attachments are read and written. Verification has three levels, each with its own verdict ([`verify`]).

use serde_json::{Value as Json, json};
use taizhang_core::{
    admission::Signature,
    id::{AttachmentId, DocId, EntryId, Kind},
    op::{PayloadBuilder, REPLACES_MAX, RowName, RowRef},
    rows::{Rollup, RowType},
};
use taizhang_rules::{
    RULES_VERSION,
    rollup::{Inputs, Lines, SchoolLine, Tally, lines::kind_word, replay::Replay},
};
use taizhang_sync::limits::ATTACHMENT_BYTES_MAX;

use super::{Context, shown};
use crate::{
    command::Reply,
    core::{Act, Core},
    error::{CommandError, ErrorKind},
};

#[cfg(test)]
mod tests;
mod verify;

pub(crate) use verify::verify;

/// A rollup row as found here.
struct Found {
    name: RowName,
    document: DocId,
    row: Rollup,
}

/// Reads everything below this organisation, and states it.
pub(crate) fn publish(c: &mut Context<'_>, period: u16) -> Result<Reply, CommandError> {
    let owner = c.core.org();
    let document = DocId::of_year(owner, Kind::Rollup, period);
    if !document.is_well_formed() {
        return Err(CommandError::new(ErrorKind::Usage, "年度不对", "there is no such year")
            .hint("例如 --period 2026", "such as --period 2026"));
    }
    c.progress("inputs", 0, 0);
    let inputs = Inputs::of(c.core.ledger(), owner, period);
    let replay = Replay::of(c.core.ledger(), c.core.store(), &inputs, Signature::Checked).map_err(|e| {
        CommandError::new(
            ErrorKind::Storage,
            format!("无法重新读取台账: {e}"),
            format!("the ledgers could not be read again: {e}"),
        )
        .hint("请运行 taizhang check", "run `taizhang check`")
    })?;
    c.progress("lines", 0, 0);
    let (lines, _) = replay.lines(owner);
    let (input_bytes, line_bytes) = (inputs.to_bytes(), lines.to_bytes());
    for bytes in [&input_bytes, &line_bytes] {
        fits(bytes)?;
    }
    let row = statement(c.core, period, &inputs, &lines, (&input_bytes, &line_bytes));
    let view = c.core.view(&document)?;
    let mut earlier: Vec<RowRef> =
        view.current().into_iter().filter(|r| r.row_type == Rollup::TYPE).map(|r| r.name.here()).collect();
    // More than one row may replace: what is left shows as rivals, and goes with the next one.
    let left = earlier.split_off(earlier.len().min(REPLACES_MAX)).len();
    let mut p = PayloadBuilder::default();
    p.row(Rollup::TYPE, &earlier, &row.to_fields());
    let mut act = Act { attachments: vec![(row.inputs, input_bytes), (row.lines, line_bytes)], ..Act::default() };
    act.write(document, p);
    let person = c.person()?;
    let written = c.core.write(&person, act)?;
    let entry = *written.first().ok_or_else(|| CommandError::storage("no entry written"))?;
    let found = Found { name: RowName { entry, index: 0 }, document, row };
    let mut data = summary(c.core, &found);
    data.insert("replaced".to_owned(), json!(earlier.len()));
    data.insert("not_replaced".to_owned(), json!(left));
    Ok(Reply::new("rollup", Json::Object(data)))
}

fn fits(bytes: &[u8]) -> Result<(), CommandError> {
    if bytes.len() <= ATTACHMENT_BYTES_MAX {
        return Ok(());
    }
    let (n, most) = (bytes.len(), ATTACHMENT_BYTES_MAX);
    Err(CommandError::new(
        ErrorKind::Refused,
        format!("附件有 {n} 字节, 最多 {most}"),
        format!("an attachment has {n} bytes; at most {most} travel"),
    ))
}

fn statement(core: &Core, period: u16, inputs: &Inputs, lines: &Lines, bytes: (&[u8], &[u8])) -> Rollup {
    use sha2::{Digest, Sha256};
    let address = |b: &[u8]| AttachmentId(Sha256::digest(b).into());
    Rollup {
        period,
        as_of: core.now().day(),
        policy_id: None,
        policy_sha256: None,
        rules_version: RULES_VERSION,
        inputs_root: inputs.root(),
        inputs: address(bytes.0),
        lines_root: lines.root(),
        lines: address(bytes.1),
        teachers: u32::try_from(lines.commitments.len()).unwrap_or(u32::MAX),
        teachers_root: Some(lines.teachers_tree().root()),
        totals: lines.totals(),
        reason: None,
    }
}

/// One rollup with its inputs and lines.
pub(crate) fn show(c: &Context<'_>, id: &str) -> Result<Reply, CommandError> {
    let found = find(c.core, id)?;
    let mut data = summary(c.core, &found);
    let inputs = shown::attachment(c.core, &found.row.inputs)?.and_then(|b| Inputs::parse(&b).ok());
    let lines = shown::attachment(c.core, &found.row.lines)?.and_then(|b| Lines::parse(&b).ok());
    let input = |i: &taizhang_rules::rollup::Input| {
        json!({
            "document": shown::document(c.core, &i.document), "id": i.document.to_string(),
            "digest": hex(&i.digest()), "tips": i.tips.iter().map(EntryId::to_string).collect::<Vec<_>>(),
        })
    };
    data.insert("inputs".to_owned(), json!(inputs.map(|i| i.0.iter().map(input).collect::<Vec<_>>())));
    data.insert("schools".to_owned(), json!(lines.map(|l| l.schools.iter().map(|s| school(c.core, s)).collect::<Vec<_>>())));
    Ok(Reply::new("rollup", Json::Object(data)))
}

fn school(core: &Core, line: &SchoolLine) -> Json {
    let mut out = tally(&line.tally);
    for (name, n) in [("roster", line.roster), ("teachers", line.teachers), ("trained", line.trained), ("open", line.open)] {
        out.insert(name.to_owned(), json!(n));
    }
    out.insert("school".to_owned(), json!(shown::org(core, line.school)));
    Json::Object(out)
}

fn tally(tally: &Tally) -> serde_json::Map<String, Json> {
    let counted = |c: &taizhang_rules::rollup::lines::Counted| {
        c.named().into_iter().map(|(name, n)| (name.to_owned(), json!(n))).collect::<serde_json::Map<_, _>>()
    };
    let mut out = counted(&tally.all);
    let kinds: serde_json::Map<String, Json> =
        tally.by_kind.iter().map(|(k, c)| (kind_word(*k), Json::Object(counted(c)))).collect();
    out.insert("by_kind".to_owned(), Json::Object(kinds));
    out
}

fn summary(core: &Core, found: &Found) -> serde_json::Map<String, Json> {
    let row = &found.row;
    let totals: serde_json::Map<String, Json> = row.totals.iter().map(|(n, v)| (n.clone(), json!(v))).collect();
    let data = json!({
        "rollup": found.name.entry.to_string(),
        "org": shown::org(core, found.document.owner),
        "document": shown::document(core, &found.document),
        "hand": shown::hand(core, &found.name.entry),
        "period": row.period,
        "as_of": row.as_of.to_string(),
        "rules_version": row.rules_version,
        "policy": row.policy_id,
        "inputs_root": hex(&row.inputs_root),
        "lines_root": hex(&row.lines_root),
        "teachers_root": row.teachers_root.map(|r| hex(&r)),
        "teachers": row.teachers,
        "totals": totals,
    });
    if let Json::Object(map) = data { map } else { serde_json::Map::new() }
}

/// The rollup whose entry id begins so.
fn find(core: &Core, id: &str) -> Result<Found, CommandError> {
    let entry = shown::find_entry(core, id, |d| d.kind == Kind::Rollup)?;
    let none = || {
        CommandError::not_found(
            format!("条目 {entry} 不含汇总"),
            format!("entry {entry} holds no rollup that this version reads"),
        )
    };
    let document = core.ledger().place(&entry).map(|p| p.log.document).ok_or_else(none)?;
    let signed = core.entry(&entry)?;
    let rows = taizhang_core::ledger::row_ops(&signed);
    let mut read = rows.iter().filter_map(|(name, op)| taizhang_core::rows::read::<Rollup>(op)?.ok().map(|p| (*name, p.row)));
    read.next().map(|(name, row)| Found { name, document, row }).ok_or_else(none)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
