//! `review lock|unlock|checkpoint`: a county or city closes a year of the schools below at the open tips of their documents, opens it again, or says what it has.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{AttachmentId, DocId, EntryId, Kind, OrgId},
    lock::Locked,
    op::{PayloadBuilder, RowRef},
    rows::{Checkpoint, Lock, OrgKind, RowType, Unlock},
    standing::Judge,
    tips::{self, DocumentTips},
    units::Day,
    view::{DocumentView, decision::Approval},
};

use super::{
    super::{Context, acting, shown},
    decide,
    desk::Desk,
};
use crate::{
    command::Reply,
    core::Act,
    error::{CommandError, ErrorKind},
};

/// What the reviewer asked to close.
pub(crate) struct Asked<'a> {
    pub(crate) org: Option<&'a str>,
    pub(crate) all: bool,
    pub(crate) year: u16,
    pub(crate) even_pending: bool,
    pub(crate) reason: Option<&'a str>,
}

/// Locks the year of one school, or of every school below.
pub(crate) fn lock(c: &mut Context<'_>, asked: &Asked<'_>) -> Result<Reply, CommandError> {
    let (year, today) = (asked.year, c.core.now().day());
    if year > today.year() {
        return Err(CommandError::new(ErrorKind::Usage, format!("{year} 年度尚未开始"), format!("{year} has not begun")));
    }
    may_review(c)?;
    let subjects = match (asked.org, asked.all) {
        (Some(code), false) => vec![school_below(c, code)?],
        (None, true) => schools_below(c),
        _ => {
            return Err(CommandError::new(ErrorKind::Usage, "请指明 --org 或 --all, 二者之一", "name either --org or --all"));
        }
    };
    let own = c.core.org();
    let judge = Judge::new(c.core.ledger());
    let is_locked = |s: &OrgId| judge.locks(*s).iter().any(|l| l.acts() && l.year == year && l.review.owner == own);
    let (locked, open): (Vec<OrgId>, Vec<OrgId>) = subjects.into_iter().partition(is_locked);
    if let (true, [one]) = (open.is_empty(), locked.as_slice()) {
        let code = shown::org(c.core, *one);
        let why = (format!("{code} 的 {year} 年度已锁定"), format!("{year} of {code} is locked already"));
        return Err(CommandError::new(ErrorKind::Refused, why.0, why.1)
            .hint("要重新锁定, 请先用 review unlock 解锁", "to lock it anew, open it first with `review unlock`"));
    }
    holds_ledgers(c, &open, year)?;
    let waiting = waiting(c, &open, year)?;
    if !waiting.is_empty() && !asked.even_pending {
        return Err(still_waits(c, &waiting));
    }
    let mut lists = Vec::new();
    for subject in open {
        let list = c.core.ledger().closing(subject, year);
        lists.push((subject, list));
    }
    let reason = asked.reason.map(str::to_owned);
    let row = |list: &[DocumentTips], tips| {
        let lock = Lock { year, day: today, tips_root: tips::root(list), tips, reason: reason.clone() };
        (Lock::TYPE, lock.to_fields())
    };
    let entries = write_lists(c, &lists, year, row)?;
    Ok(Reply::new(
        "locks",
        json!({ "year": year, "locked": lists.len(), "already_locked": locked.len(), "waiting_n": waiting.values().sum::<usize>(),
            "schools": named(c, &lists, &entries) }),
    ))
}

/// A document that a lock does not name was empty: so who does not hold what the schools recorded would take it from them.
fn holds_ledgers(c: &Context<'_>, subjects: &[OrgId], year: u16) -> Result<(), CommandError> {
    let by_them =
        ("须由县里锁定; 要在这里锁定, 请先取回各校台账", "the county locks it; to lock it here, have the schools' ledgers first");
    if !c.core.settings().ledgers {
        let (zh, en) =
            ("本机不取学校台账, 不能锁定", "this node does not ask for the schools' ledgers, so it cannot lock a year of them");
        return Err(CommandError::new(ErrorKind::Refused, zh, en).hint(by_them.0, by_them.1));
    }
    let (ledger, judge) = (c.core.ledger(), Judge::new(c.core.ledger()));
    // What another organisation closed was there.
    let is_missing = |lock: &Locked<'_>| lock.list.iter().flat_map(|d| &d.tips).any(|tip| ledger.place(tip).is_none());
    let lacks = |s: &&OrgId| judge.locks(**s).iter().any(|l| l.acts() && l.year == year && is_missing(l));
    let lacking: Vec<String> = subjects.iter().filter(lacks).map(|s| shown::org(c.core, *s)).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let list = lacking.join(", ");
    let why = (
        format!("{list} 的 {year} 年度有已被锁定而本机还没有的条目, 不能锁定"),
        format!("of {list} entries of {year} that others locked are not here: it cannot be locked"),
    );
    Err(CommandError::new(ErrorKind::Refused, why.0, why.1)
        .hint("请先运行 taizhang sync --once", "run `taizhang sync --once` first")
        .details(json!({ "missing": lacking })))
}

/// One row about each subject, naming its list; one commit.
fn write_lists(
    c: &mut Context<'_>,
    lists: &[(OrgId, Vec<DocumentTips>)],
    year: u16,
    row: impl Fn(&[DocumentTips], AttachmentId) -> (u16, Vec<u8>),
) -> Result<Vec<EntryId>, CommandError> {
    if lists.is_empty() {
        return Ok(Vec::new());
    }
    let mut act = Act::default();
    for (subject, list) in lists {
        let (id, bytes) = tips::attachment(list);
        let (row_type, fields) = row(list, id);
        let mut payload = PayloadBuilder::default();
        payload.row(row_type, &[], &fields);
        act.attachments.push((id, bytes));
        act.write(DocId::about(c.core.org(), Kind::Review, year, *subject), payload);
    }
    let person = c.person()?;
    c.core.write(&person, act)
}

fn named(c: &Context<'_>, lists: &[(OrgId, Vec<DocumentTips>)], entries: &[EntryId]) -> Vec<Json> {
    let one = |((subject, list), entry): (&(OrgId, Vec<DocumentTips>), &EntryId)| {
        let tips: usize = list.iter().map(|d| d.tips.len()).sum();
        json!({ "org": shown::org(c.core, *subject), "documents": list.len(), "open_tips": tips, "entry": entry.to_string() })
    };
    lists.iter().zip(entries).map(one).collect()
}

/// Registrations of the year on which nobody decided, by school.
fn waiting(c: &Context<'_>, subjects: &[OrgId], year: u16) -> Result<BTreeMap<OrgId, usize>, CommandError> {
    let mut out = BTreeMap::new();
    let waits = |a: &Approval| matches!(a, Approval::Pending | Approval::Undecided { .. });
    let of_year = |d: &DocId| d.period == Some(year);
    for line in Desk::of(c.core)?.book.lines.iter().filter(|l| of_year(&l.document) && waits(&l.approval)) {
        if subjects.contains(&line.school) {
            *out.entry(line.school).or_default() += 1;
        }
    }
    Ok(out)
}

fn still_waits(c: &Context<'_>, waiting: &BTreeMap<OrgId, usize>) -> CommandError {
    let total: usize = waiting.values().sum();
    let list: Vec<Json> = waiting.iter().map(|(org, n)| json!({ "org": shown::org(c.core, *org), "registrations": n })).collect();
    let why = (format!("还有 {total} 条登记待审, 未锁定"), format!("{total} registrations still wait; nothing was locked"));
    CommandError::new(ErrorKind::Refused, why.0, why.1)
        .hint(
            "请先用 review list 审核; 仍要锁定用 --even-pending (之后审核须先解锁或接受)",
            "decide on them first (`review list`); --even-pending locks all the same, and deciding then takes an unlock or accept",
        )
        .details(json!({ "waiting": list }))
}

/// Opens a locked year: replaces every lock that this organisation may replace.
pub(crate) fn unlock(c: &mut Context<'_>, org: &str, year: u16, reason: &str) -> Result<Reply, CommandError> {
    let reason = reason_of(reason)?;
    may_review(c)?;
    let subject = school_below(c, org)?;
    let own = c.core.org();
    let review = DocId::about(own, Kind::Review, year, subject);
    let judge = Judge::new(c.core.ledger());
    let holds = |l: &&Locked<'_>| l.acts() && l.year == year;
    let locks = judge.locks(subject);
    let ours = |l: &&Locked<'_>| c.core.ledger().registry.is_at_or_above(own, l.review.owner);
    let above: BTreeSet<String> =
        locks.iter().filter(holds).filter(|l| !ours(l)).map(|l| shown::org(c.core, l.review.owner)).collect();
    // One that only another lock keeps from acting would act once that is gone.
    let state = |l: &&Locked<'_>| l.acts() || l.state == taizhang_core::lock::LockState::Second;
    let open = locks.iter().filter(state).filter(|l| l.year == year).filter(ours);
    let replaces = open.map(|l| decide::replaced(c.core, &review, l.review, l.name)).collect::<Result<BTreeSet<_>, _>>()?;
    if replaces.is_empty() {
        let why = (
            format!("{org} 的 {year} 年度没有本机构可以解开的锁定"),
            format!("no lock of {year} of {org} that this organisation may open"),
        );
        let error = CommandError::not_found(why.0, why.1);
        return Err(if above.is_empty() {
            error.hint("review late 列出锁定", "`review late` lists the locks")
        } else {
            error.hint("由上级锁定, 请上级解锁", "it was locked above: ask there")
        });
    }
    let replaces: Vec<RowRef> = replaces.into_iter().take(taizhang_core::op::REPLACES_MAX).collect();
    let mut payload = PayloadBuilder::default();
    payload.row(Unlock::TYPE, &replaces, &Unlock { year, reason }.to_fields());
    let mut act = Act::default();
    act.write(review, payload);
    let person = c.person()?;
    let entries = c.core.write(&person, act)?;
    Ok(Reply::new(
        "locks",
        json!({ "org": org, "year": year, "replaced": replaces.len(), "still_locked_by": above,
            "entries": entries.iter().map(EntryId::to_string).collect::<Vec<_>>() }),
    ))
}

/// Says what is here of every school below: an anchor for times. Where nothing changed since the last checkpoint none is written.
pub(crate) fn checkpoint(c: &mut Context<'_>, month: Option<&str>) -> Result<Reply, CommandError> {
    let today = c.core.now().day();
    let first = month.map_or(Some(today), |m| Day::parse_iso(&format!("{m}-01"))).filter(|d| *d <= today).ok_or_else(|| {
        CommandError::not_found("月份不对", "no month that has begun").hint("例如 --month 2026-03", "such as --month 2026-03")
    })?;
    may_review(c)?;
    let (year, month, _) = first.ymd();
    let number = year * 12 + month - 1;
    let own = c.core.org();
    let last = last_checkpoints(c)?;
    let (mut lists, mut unchanged) = (Vec::new(), 0);
    for subject in schools_below(c) {
        let of_subject = |d: &DocId| {
            let kinds = matches!(d.kind, Kind::Ledger | Kind::Roster | Kind::Review | Kind::Transfer);
            kinds && d.concerns() == subject && d.owner != own
        };
        let list = c.core.ledger().tips_of(of_subject);
        if list.is_empty() || last.contains(&(subject, tips::attachment(&list).0)) {
            unchanged += 1;
        } else {
            lists.push((subject, list));
        }
    }
    let row = |list: &[DocumentTips], tips| {
        let point = Checkpoint { month: number, tips_root: tips::root(list), tips, reason: None };
        (Checkpoint::TYPE, point.to_fields())
    };
    let entries = write_lists(c, &lists, first.year(), row)?;
    Ok(Reply::new(
        "locks",
        json!({ "month": format!("{year:04}-{month:02}"), "checkpoints": lists.len(), "unchanged": unchanged, "schools": named(c, &lists, &entries) }),
    ))
}

/// Every list that a checkpoint of this organisation names already.
fn last_checkpoints(c: &Context<'_>) -> Result<BTreeSet<(OrgId, AttachmentId)>, CommandError> {
    let own = c.core.org();
    let views: Vec<DocumentView> = shown::views(c.core, |d| d.kind == Kind::Review && d.owner == own)?;
    let named = |v: &DocumentView| {
        let points = v.rows.values().filter(|r| v.counts(r)).filter_map(|r| r.read::<Checkpoint>());
        points.map(|p| (v.document.concerns(), p.row.tips)).collect::<Vec<_>>()
    };
    Ok(views.iter().flat_map(named).collect())
}

pub(super) fn reason_of(text: &str) -> Result<String, CommandError> {
    let reason = text.trim();
    if reason.is_empty() || reason.len() > decide::REASON_BYTES {
        let bytes = decide::REASON_BYTES;
        return Err(CommandError::new(
            ErrorKind::Usage,
            format!("须写明理由, 最多 {bytes} 字节"),
            format!("a reason is needed, of at most {bytes} bytes"),
        )
        .hint("用 --reason 写明", "give one with --reason"));
    }
    Ok(reason.to_owned())
}

/// Nothing to do must not look like a right to do it.
pub(super) fn may_review(c: &Context<'_>) -> Result<(), CommandError> {
    if acting::may_write_some(c.core.ledger(), c.acting_key()?, Kind::Review) {
        return Ok(());
    }
    Err(c.core.may_not_write(&DocId::of(c.core.org(), Kind::Review)))
}

/// Schools below this county or city, by code.
fn schools_below(c: &Context<'_>) -> Vec<OrgId> {
    let (own, registry) = (c.core.org(), &c.core.ledger().registry);
    let schools = registry.orgs.keys().filter(|o| registry.kind(**o) == Some(OrgKind::School) && registry.is_above(own, **o));
    let mut schools: Vec<OrgId> = schools.copied().collect();
    schools.sort_by_key(|s| shown::org(c.core, *s));
    schools
}

/// A school that this county or city reviews.
fn school_below(c: &Context<'_>, code: &str) -> Result<OrgId, CommandError> {
    let org = c.org(code)?;
    if schools_below(c).contains(&org) {
        return Ok(org);
    }
    let why = (format!("{code} 不是本机构所辖学校"), format!("{code} is no school below this county or city"));
    Err(CommandError::new(ErrorKind::Refused, why.0, why.1).hint("taizhang org list 列出机构", "`taizhang org list` lists them"))
}
