//! `review list`, `review approve|return|reject`: registrations of schools below, and what is decided about them.
//!
//! - [`desk`]: what lies on the reviewer's desk: lines, and the decisions that stand on them.
//! - [`lock`]: closing and opening years; [`late`]: what arrived after a lock; [`shut`]: that a decision did.
//! - [`told`]: what a reviewer should know about what she approved.
//! - [`decide`]: from what the reviewer names to decision rows, each replacing what was decided before.
//!
//! `--claimed` approves in bulk what the school says has been approved on paper: every pending registration of a school below whose activity is found and whose sheet claims `approved`. Rivals are left out: which of them holds is for a person to say. In the same act plans whose sheets claim approval on a day are approved as of that day ([`plans`]).

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{DocId, EntryId, Kind},
    op::{PayloadBuilder, RowName},
    rows::{RowType, Sheet, Verdict},
    view::{
        decision::Approval,
        training::{Line, Record},
    },
};

use self::{
    decide::{Chosen, write_decisions},
    desk::Desk,
    plans::Plans,
    told::Told,
};
use super::{Context, acting, shown};
use crate::{
    command::Reply,
    error::{CommandError, ErrorKind},
};

mod decide;
mod desk;
pub(crate) mod late;
pub(crate) mod lock;
#[cfg(test)]
mod lock_tests;
#[cfg(test)]
mod plan_tests;
pub(crate) mod plans;
mod shut;
#[cfg(test)]
mod tests;
mod told;

/// Registrations that wait for a decision, by school and by the entry that brought them.
pub(crate) fn list(c: &Context<'_>, org: Option<&str>) -> Result<Reply, CommandError> {
    let scope = c.org_or_own(org)?;
    let desk = Desk::of(c.core)?;
    let registry = &c.core.ledger().registry;
    let waits = |l: &&Line| matches!(l.approval, Approval::Pending | Approval::Undecided { .. });
    let mut by_entry: BTreeMap<(DocId, EntryId), Vec<&Line>> = BTreeMap::new();
    for line in desk.book.lines.iter().filter(waits).filter(|l| registry.is_at_or_above(scope, l.school)) {
        if let Some(first) = line.hands.first() {
            by_entry.entry((line.document, first.entry)).or_default().push(line);
        }
    }
    let total: usize = by_entry.values().map(Vec::len).sum();
    let entries: Vec<Json> = by_entry.iter().map(|((d, e), lines)| waiting(c, &desk, d, *e, lines)).collect();
    let identities = desk.identities(c.core, scope).into_iter().map(|(teacher, school, row)| {
        json!({ "id": format!("{}.{}", short(&row.entry), row.index), "teacher": teacher, "school": shown::org(c.core, school) })
    });
    let identities: Vec<Json> = identities.collect();
    Ok(Reply::new("review", json!({ "registrations": total, "waiting": entries, "identities": identities })))
}

fn waiting(c: &Context<'_>, desk: &Desk, document: &DocId, entry: EntryId, lines: &[&Line]) -> Json {
    let mut claims: BTreeMap<String, usize> = BTreeMap::new();
    let mut statuses: BTreeMap<String, usize> = BTreeMap::new();
    let mut findings: BTreeMap<&str, usize> = BTreeMap::new();
    for line in lines {
        *claims.entry(desk.claim(line)).or_default() += 1;
        if let Record::Registration(r) = &line.record {
            r.source_status.iter().for_each(|s| *statuses.entry(s.clone()).or_default() += 1);
        }
        line.findings.iter().for_each(|f| *findings.entry(f.word()).or_default() += 1);
        if told::is_announced_below(c.core, desk, line) {
            *findings.entry("announcer_not_competent").or_default() += 1;
        }
    }
    let index = |l: &&&Line| l.hands.first().map(|h| h.index);
    let mut rows: Vec<u16> = lines.iter().filter_map(|l| index(&l)).collect();
    rows.sort_unstable();
    let undecided = lines.iter().filter(|l| matches!(l.approval, Approval::Undecided { .. }));
    let undecided: Vec<String> = undecided.filter_map(|l| l.hands.first()).map(RowName::to_string).collect();
    json!({
        "school": shown::org(c.core, document.concerns()),
        "document": shown::document(c.core, document),
        "entry": entry.to_string(),
        "sheet": desk.rows_of(document, entry).any(|r| r.row_type == Sheet::TYPE),
        "hand": shown::hand(c.core, &entry),
        "registrations": lines.len(),
        "h100": lines.iter().map(|l| u64::from(l.record.h100())).sum::<u64>(),
        "rows": rows,
        "items": lines.iter().filter_map(|l| item(desk, l)).collect::<Vec<_>>(),
        "claims": claims,
        "source_status": statuses,
        "findings": findings,
        "undecided": undecided,
    })
}

/// Hex digits of an entry in a ready-made id: enough among the entries of one ledger.
const SHORT: usize = 12;

fn short(entry: &EntryId) -> String {
    entry.to_string().chars().take(SHORT).collect()
}

/// One registration with the id that `approve` and `return` take.
fn item(desk: &Desk, line: &Line) -> Option<Json> {
    let name = line.hands.first()?;
    let entry = short(&name.entry);
    let activity = desk.book.activity(line);
    let (title, kind, days, organiser) = match &line.record {
        Record::Elsewhere(e) => (Some(e.title.clone()), Some(e.kind), Some((e.start_day, e.end_day)), e.organiser.clone()),
        Record::Registration(r) => (
            activity.map(|a| a.title.clone()).or_else(|| r.activity_no.clone()),
            activity.map(|a| a.kind),
            activity.map(|a| (a.start_day, a.end_day)),
            activity.and_then(|a| a.organiser_name.clone().or_else(|| a.organiser_code.clone())),
        ),
    };
    let (start, end) = days.map_or((None, None), |(start, end)| (Some(start.to_string()), Some(end.to_string())));
    let (teacher, h100) = (line.record.teacher(), line.record.h100());
    Some(json!({
        "id": format!("{entry}.{}", name.index), "teacher": teacher, "title": title, "h100": h100,
        "kind": kind.map(|k| k.word()), "start": start, "end": end, "organiser": organiser,
    }))
}

/// Decides on the rows named, on a sheet, or on everything that is claimed approved.
pub(crate) fn decide(
    c: &mut Context<'_>,
    verdict: &str,
    rows: &[String],
    sheet: Option<&str>,
    (claimed, org): (bool, Option<&str>),
    reason: Option<&str>,
) -> Result<Reply, CommandError> {
    let verdict = verdict_of(verdict)?;
    let reason = reason.map(str::trim).filter(|r| !r.is_empty());
    if verdict != Verdict::Approved && reason.is_none() {
        return Err(CommandError::new(ErrorKind::Usage, "退回须写明原因", "a return needs a reason")
            .hint("用 --reason 写明", "give one with --reason"));
    }
    let ways = usize::from(!rows.is_empty()) + usize::from(sheet.is_some()) + usize::from(claimed);
    if ways != 1 {
        return Err(CommandError::new(
            ErrorKind::Usage,
            "请指明记录, 一张登记表, 或 --claimed, 三者之一",
            "name rows, or one sheet, or --claimed",
        ));
    }
    if org.is_some() && !claimed {
        return Err(CommandError::new(ErrorKind::Usage, "--org 只用于 --claimed", "--org goes with --claimed"));
    }
    let scope = c.org_or_own(org)?;
    // Nothing to decide must not look like a right to decide.
    if !acting::may_write_some(c.core.ledger(), c.acting_key()?, Kind::Review) {
        return Err(c.core.may_not_write(&DocId::of(c.core.org(), Kind::Review)));
    }
    let desk = Desk::of(c.core)?;
    let mut plans = (BTreeMap::new(), 0);
    let (chosen, skipped) = if claimed {
        if verdict != Verdict::Approved {
            return Err(CommandError::new(ErrorKind::Usage, "--claimed 只用于通过", "--claimed is for approving only"));
        }
        plans = Plans::of(&c.core.ledger().registry, desk.views()).claimed(c.core, scope);
        desk.claimed(c, scope)?
    } else if let Some(sheet) = sheet {
        (desk.sheet(c, sheet)?, 0)
    } else {
        (desk.rows(c, rows)?, 0)
    };
    reply(c, &desk, (verdict, reason), &chosen, skipped, plans)
}

fn reply(
    c: &mut Context<'_>,
    desk: &Desk,
    (verdict, reason): (Verdict, Option<&str>),
    chosen: &Chosen,
    skipped: usize,
    (on_plans, plans): (BTreeMap<DocId, Vec<PayloadBuilder>>, usize),
) -> Result<Reply, CommandError> {
    let registrations = chosen.count();
    let (mut acts, replaced) = decide::acts(c.core, desk, verdict, reason, chosen)?;
    on_plans.into_iter().for_each(|(review, payloads)| acts.entry(review).or_default().extend(payloads));
    let documents: Vec<String> = acts.keys().map(|d| shown::document(c.core, d)).collect();
    let written = if acts.is_empty() { Vec::new() } else { write_decisions(c, acts)? };
    let shut = shut::out(c, &written, |row| desk.decides_on(row))?;
    let told = if verdict == Verdict::Approved { Told::of(c.core, desk, chosen) } else { Told::default() };
    told.tell(c);
    Ok(Reply::new(
        "review",
        json!({
            "verdict": verdict.word(), "registrations": registrations, "replaced": replaced, "skipped_rivals": skipped,
            "plans": plans, "announced_below": told.announced_below, "not_ended": told.not_ended,
            "late": shut.decided, "locked_years": shut.years(), "locked_by": shut.by(c),
            "documents": documents, "entries": written.iter().map(EntryId::to_string).collect::<Vec<_>>(),
        }),
    ))
}

fn verdict_of(word: &str) -> Result<Verdict, CommandError> {
    match word {
        "approve" | "approved" => Ok(Verdict::Approved),
        "return" | "returned" => Ok(Verdict::Returned),
        "reject" | "rejected" => Ok(Verdict::Rejected),
        _ => Err(CommandError::not_found(format!("没有审核结果 {word}"), format!("there is no verdict {word}"))
            .hint("可用: approve, return, reject", "one of: approve, return, reject")),
    }
}
