//! `org move`, `org rename`, `org recode`, `org close`, `org merge`: later rows about an organisation.

use serde_json::json;
use taizhang_core::{
    id::{DocId, Kind, OrgId},
    op::{PayloadBuilder, REPLACES_MAX, RowRef},
    registry::{OrgRecord, OrgRow, Registry},
    rows::{Org, RowType},
    standing::{Judge, line::KEPT_MAX},
    units::Day,
};

use super::super::{Context, shown};
use crate::{
    command::{OrgChange, Reply},
    core::{Act, Core},
    error::{CommandError, ErrorKind},
};

/// Runs one of them.
pub(crate) fn run(c: &mut Context<'_>, change: &OrgChange) -> Result<Reply, CommandError> {
    match change {
        OrgChange::Move { org, to, from, reason } => place(c, org, to, from, reason.as_deref()),
        OrgChange::Rename { org, name } => describe(c, org, name, |row| row.name.clone_from(name)),
        OrgChange::Recode { org, code } => {
            free(c, code)?;
            describe(c, org, code, |row| row.code.clone_from(code))
        }
        OrgChange::Close { org, day, succeeded_by, reason } => {
            close(c, std::slice::from_ref(org), Some(day), succeeded_by.as_deref(), reason.as_deref())
        }
        OrgChange::Merge { orgs, into, day, reason } => close(c, orgs, day.as_deref(), Some(into), reason.as_deref()),
        OrgChange::History { org } => super::history::run(c, org),
    }
}

/// No open organisation has this code.
pub(super) fn free(c: &Context<'_>, code: &str) -> Result<(), CommandError> {
    let registry = &c.core.ledger().registry;
    let taken = registry.by_code(code).and_then(|o| registry.orgs.get(&o)).filter(|o| o.current().closed_day.is_none());
    match taken {
        None => Ok(()),
        Some(_) => Err(CommandError::new(
            ErrorKind::Refused,
            format!("代码 {code} 已有机构"),
            format!("there is an organisation {code} already"),
        )),
    }
}

fn record<'r>(registry: &'r Registry, org: OrgId, named: &str) -> Result<&'r OrgRecord, CommandError> {
    registry.orgs.get(&org).ok_or_else(|| CommandError::not_found(format!("没有机构 {named}"), format!("there is no {named}")))
}

/// A change of the description stands in the registry that described it last: whoever moved an organisation describes it from then on.
fn describe(c: &mut Context<'_>, named: &str, new: &str, bend: impl FnOnce(&mut Org)) -> Result<Reply, CommandError> {
    let org = c.org(named)?;
    let today = c.core.now().day();
    let (registry, mut row) = described(c, org, named)?;
    let before = row.clone();
    bend(&mut row);
    if row == before && !is_contested(c.core, org) {
        let (zh, en) = (format!("{named} 已是 {new}"), format!("{named} is {new} already"));
        return Err(CommandError::new(ErrorKind::Refused, zh, en).hint("不必再登记", "there is nothing to record"));
    }
    row.from_day = row.from_day.max(today);
    write(c, &[(registry, row)])
}

/// Do descriptions contradict each other? Then saying the same once more settles it.
fn is_contested(core: &Core, org: OrgId) -> bool {
    core.ledger().registry.orgs.get(&org).is_some_and(|o| !o.rivals().is_empty())
}

/// Whose registry described it last, and how.
fn described(c: &Context<'_>, org: OrgId, named: &str) -> Result<(OrgId, Org), CommandError> {
    let known = &c.core.ledger().registry;
    let record = record(known, org, named)?;
    let holder = known.rows_about(org).find(|r| r.name == record.current_name()).map_or(record.registry, |r| r.registry);
    let is_root = holder == OrgId::root(c.core.network());
    if holder != c.core.org() && !is_root {
        let by = shown::org(c.core, holder);
        return Err(CommandError::new(
            ErrorKind::Refused,
            format!("机构 {named} 由 {by} 登记, 本机构不能更改"),
            format!("{named} is described by {by}, not by this organisation"),
        )
        .hint(format!("请 {by} 的管理员办理"), format!("ask the admin of {by}")));
    }
    Ok((holder, Org { random: None, reason: None, ..record.current().clone() }))
}

/// A move stands in the registry of an organisation that is above it, and above its new parent.
fn place(c: &mut Context<'_>, named: &str, to: &str, from: &str, reason: Option<&str>) -> Result<Reply, CommandError> {
    let (org, parent) = (c.org(named)?, c.org(to)?);
    is_open(c.core, parent)?;
    let from_day = day(from)?;
    has_come(c.core, from_day)?;
    let registry = &c.core.ledger().registry;
    let record = record(registry, org, named)?;
    let covers = |above: OrgId, o: OrgId| above == o || registry.created_under(o).contains(&above);
    let common = registry.created_under(org).into_iter().find(|a| covers(*a, parent));
    let root = OrgId::root(c.core.network());
    let at = registry.created_under(org).into_iter().filter(|a| covers(*a, parent)).find(|a| *a == c.core.org() || *a == root);
    let Some(at) = at.filter(|a| *a == c.core.org() || common == Some(root)) else {
        let by = common.map_or_else(|| "?".to_owned(), |o| shown::org(c.core, o));
        return Err(CommandError::new(
            ErrorKind::Refused,
            format!("把 {named} 移交给 {to} 须由 {by} 登记"),
            format!("moving {named} to {to} is for {by} to record"),
        )
        .hint(format!("请 {by} 的管理员办理"), format!("ask the admin of {by}")));
    };
    let current = record.current();
    if current.parent == parent && record.rivals().is_empty() {
        return Err(CommandError::new(
            ErrorKind::Refused,
            format!("{named} 已在 {to} 之下"),
            format!("{named} is under {to} already"),
        ));
    }
    let reason = reason.map(str::to_owned);
    // The township it lay in stays behind.
    // Its people go on; what its old county grants from now on is not among these.
    let behind = Judge::new(c.core.ledger()).left_behind(org, parent);
    let is_full = behind.len() == KEPT_MAX;
    let kept = (!behind.is_empty()).then_some(behind);
    let row = Org { random: None, parent, township: None, from_day, reason, kept, ..current.clone() };
    let filed = registry.org_row(at, record.current_name(), &[], row.clone());
    if !registry.may_place(&filed) {
        return Err(CommandError::new(
            ErrorKind::Refused,
            format!("{named} 不能隶属于 {to}"),
            format!("{named} cannot belong under {to}"),
        ));
    }
    let reply = write(c, &[(at, row)])?;
    c.note(
        format!("{named} 的电脑还在联系原来的上级: 请在 {named} 的电脑上用 taizhang neighbour add 记下 {to} 的地址 (或用 {to} 给出的邀请加入), 用 taizhang neighbour remove 去掉原上级的地址"),
        format!("the machines of {named} still dial the organisation that was above: on each keep the address of {to} with `taizhang neighbour add` (or join there by an invite of {to}), and remove the former one with `taizhang neighbour remove`"),
    );
    if is_full {
        c.note(
            format!("随 {named} 移交继续有效的授权最多 {KEPT_MAX} 项: 请用 taizhang key list 核对, 不在其中的人员和电脑由 {to} 重新邀请"),
            format!("at most {KEPT_MAX} grants of {named} stay in force with a move: look at `taizhang key list`, and let {to} invite anew the people and machines that are not among them"),
        );
    }
    Ok(reply)
}

fn close(
    c: &mut Context<'_>,
    named: &[String],
    last: Option<&str>,
    into: Option<&str>,
    reason: Option<&str>,
) -> Result<Reply, CommandError> {
    let today = c.core.now().day();
    let closed_day = last.map_or(Ok(today), day)?;
    has_come(c.core, closed_day)?;
    let heir = into.map(|i| c.org(i)).transpose()?;
    let mut rows = Vec::new();
    for name in named {
        let org = c.org(name)?;
        let (registry, row) = described(c, org, name)?;
        // Another day or heir corrects what was said; the same again says nothing.
        let is_same = row.succeeded_by == heir && (last.is_none() || row.closed_day == Some(closed_day));
        if let Some(day) = row.closed_day.filter(|_| is_same && !is_contested(c.core, org)) {
            let (zh, en) = (format!("{name} 已于 {day} 撤销"), format!("{name} was closed on {day} already"));
            return Err(CommandError::new(ErrorKind::Refused, zh, en).hint("不必再登记", "there is nothing to record"));
        }
        may_close(c.core, (org, name), heir)?;
        let reason = reason.map(str::to_owned);
        rows.push((
            registry,
            Org { closed_day: Some(closed_day), succeeded_by: heir, reason, from_day: row.from_day.max(closed_day), ..row },
        ));
    }
    write(c, &rows)
}

/// Nobody is left below it, and its heir is another of its kind that is open and does not come after it.
fn may_close(core: &Core, (org, named): (OrgId, &str), heir: Option<OrgId>) -> Result<(), CommandError> {
    let registry = &core.ledger().registry;
    let kind = registry.kind(org);
    let is_open = |o: &OrgRecord| o.current().closed_day.is_none();
    if registry.orgs.iter().any(|(id, o)| is_open(o) && registry.ancestors(*id).first() == Some(&org)) {
        return Err(CommandError::new(
            ErrorKind::Refused,
            format!("{named} 之下还有机构"),
            format!("there are organisations below {named}"),
        )
        .hint("请先用 taizhang org move 移交它们", "move them first with `taizhang org move`"));
    }
    let Some(heir) = heir else { return no_school_within(core, (org, named)) };
    let fits = registry.orgs.get(&heir).is_some_and(is_open) && registry.kind(heir) == kind && heir != org;
    if fits && !registry.heirs(heir).contains(&org) {
        return Ok(());
    }
    let code = shown::org(core, heir);
    Err(CommandError::new(
        ErrorKind::Refused,
        format!("{code} 不能接续 {named} 的工作"),
        format!("{code} cannot go on with the work of {named}"),
    )
    .hint("须是另一个同类、未撤销的机构", "name another organisation of the same kind that is open"))
}

/// Schools that lie in a township go on with its heir; without one they would lie nowhere.
fn no_school_within(core: &Core, (township, named): (OrgId, &str)) -> Result<(), CommandError> {
    let orgs = core.ledger().registry.orgs.iter();
    let open = orgs.filter(|(_, o)| o.current().closed_day.is_none());
    let lies_within = |o: &OrgRecord| o.current().township.and_then(|t| shown::open_heir(core, t)) == Some(township);
    let within: Vec<String> = open.filter(|(_, o)| lies_within(o)).map(|(id, _)| shown::org(core, *id)).collect();
    if within.is_empty() {
        return Ok(());
    }
    let list = within.join(", ");
    Err(CommandError::new(
        ErrorKind::Refused,
        format!("{named} 还有学校: {list}"),
        format!("there are schools in {named}: {list}"),
    )
    .hint(
        format!("请用 taizhang org merge {named} --into 另一个乡镇: 学校随之转入"),
        format!("merge it into another township with `taizhang org merge {named} --into C`: its schools go there"),
    ))
}

/// What is recorded takes effect at once, whatever day it names.
fn has_come(core: &Core, day: Day) -> Result<(), CommandError> {
    if day <= core.now().day() {
        return Ok(());
    }
    Err(CommandError::not_found(format!("{day} 还没有到"), format!("{day} is still to come"))
        .hint("请在当天或之后登记: 一经登记即生效", "record it on its day or later: it takes effect at once"))
}

/// Rows in their registries, each instead of all that the registry said before: what does not stand may have replaced something.
fn write(c: &mut Context<'_>, rows: &[(OrgId, Org)]) -> Result<Reply, CommandError> {
    let mut act = Act::default();
    let registries: std::collections::BTreeSet<OrgId> = rows.iter().map(|(r, _)| *r).collect();
    for at in registries {
        let mut p = PayloadBuilder::default();
        for (_, row) in rows.iter().filter(|(r, _)| *r == at) {
            p.row(Org::TYPE, &replaced(&c.core.ledger().registry, at, row.org), &row.to_fields());
        }
        act.write(DocId::of(at, Kind::Registry), p);
    }
    let person = c.person()?;
    let written = c.core.write(&person, act)?;
    let orgs: Vec<_> = rows.iter().map(|(_, row)| super::shown(c.core, row.org)).collect();
    let entries: Vec<String> = written.iter().map(ToString::to_string).collect();
    Ok(Reply::new("org-change", json!({ "orgs": orgs, "entries": entries })))
}

fn replaced(registry: &Registry, at: OrgId, org: OrgId) -> Vec<RowRef> {
    let own: Vec<&OrgRow> = registry.rows_about(org).filter(|r| r.registry == at).collect();
    let is_replaced = |r: &&OrgRow| own.iter().any(|other| other.replaces.contains(&r.name));
    let (old, last): (Vec<&OrgRow>, Vec<&OrgRow>) = own.iter().copied().partition(is_replaced);
    let mut out: Vec<RowRef> = last.into_iter().chain(old).map(|r| r.name.here()).take(REPLACES_MAX).collect();
    out.sort();
    out
}

fn day(text: &str) -> Result<Day, CommandError> {
    Day::parse_iso(text).ok_or_else(|| {
        CommandError::not_found(format!("日期 {text} 不对"), format!("there is no day {text}"))
            .hint("例如 2026-09-01", "such as 2026-09-01")
    })
}

/// Refuses to choose an organisation that was closed.
pub(crate) fn is_open(core: &Core, org: OrgId) -> Result<(), CommandError> {
    let Some(closed) = shown::closed(core, org) else { return Ok(()) };
    let code = shown::org(core, org);
    let error = CommandError::new(
        ErrorKind::Refused,
        format!("{code} 于 {closed} 撤销, 不能再选用"),
        format!("{code} was closed on {closed} and cannot be chosen any more"),
    );
    Err(match shown::open_heir(core, org).map(|heir| shown::org(core, heir)) {
        Some(heir) => error.hint(format!("接续机构: {heir}"), format!("{heir} goes on with its work")),
        None => error.hint("taizhang org list 列出机构", "`taizhang org list` lists the organisations"),
    })
}

/// Refuses to record what ended after an organisation was closed.
pub(crate) fn is_open_on(core: &Core, org: OrgId, last: Day) -> Result<(), CommandError> {
    let closed = core.ledger().registry.orgs.get(&org).and_then(|o| o.current().closed_day);
    let Some(closed) = closed.filter(|closed| *closed < last) else { return Ok(()) };
    let code = shown::org(core, org);
    Err(CommandError::new(
        ErrorKind::Refused,
        format!("{code} 已于 {closed} 撤销, 不能登记之后的培训"),
        format!("{code} was closed on {closed}; what ended later is not recorded there"),
    )
    .hint("请登记到接续的机构", "record it at the organisation that goes on with its work"))
}
