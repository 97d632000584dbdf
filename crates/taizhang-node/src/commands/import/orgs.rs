//! 机构代码表 → rows 1: the organisations right below the importing one that do not exist yet.
//!
//! A city makes its counties and organisers, a county its townships and schools. `429801T` is no organisation but an office of 429801 (rows.md §0.8).

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    founding::NewOrg,
    id::{DocId, Kind, OrgId},
    rows::{Org, OrgKind, RowType},
    units::Day,
};
use taizhang_sheets::{OrgLine, OrgType, Severity};

use super::{
    plan::{Plan, State},
    report::Found,
};
use crate::{
    commands::{Context, shown},
    error::CommandError,
    random,
};

pub(super) fn plan(c: &Context<'_>, plan: &mut Plan, lines: &[OrgLine], state: &mut State) -> Result<(), CommandError> {
    let own = c.core.org();
    let code = c.core.ledger().registry.orgs.get(&own).map(|o| o.current().code.clone()).unwrap_or_default();
    let townships: BTreeMap<&str, &OrgLine> = lines
        .iter()
        .filter(|l| l.org_type == OrgType::Township && l.parent.as_deref() == Some(&code))
        .map(|l| (l.code.as_str(), l))
        .collect();
    let in_file: BTreeSet<&str> = lines.iter().map(|l| l.code.as_str()).collect();
    let mut sorted: Vec<&OrgLine> = lines.iter().collect();
    // Townships before the schools in them.
    sorted.sort_by_key(|l| l.org_type != OrgType::Township);
    for line in sorted {
        let Some(kind) = kind(line.org_type) else {
            office(plan, line);
            continue;
        };
        let parent = line.parent.as_deref().unwrap_or_default();
        if let Some(known) = c.core.ledger().registry.by_code(&line.code) {
            recorded(c, plan, line, kind, known);
        } else if state.orgs.contains_key(&line.code) {
            plan.report.unchanged += 1;
        } else if let Some(closed) = closed_township(c, state, parent) {
            plan.refuse_row(
                line.row,
                "parent_closed",
                format!("{} 的上级 {parent} 于 {closed} 撤销; 请写接续的机构", line.code),
                format!("{parent}, the parent of {}, was closed on {closed}; name the one that goes on with its work", line.code),
            );
        } else if parent == code || townships.contains_key(parent) || is_own_township(c, parent) {
            let township = if parent == code {
                None
            } else {
                state.orgs.get(parent).copied().or_else(|| c.core.ledger().registry.by_code(parent))
            };
            create(c, plan, state, line, (kind, township))?;
        } else if parent.is_empty() || in_file.contains(parent) || c.core.ledger().registry.by_code(parent).is_some() {
            plan.report.not_ours += 1;
        } else {
            plan.refuse_row(
                line.row,
                "unknown_parent",
                format!("{} 的上级 {parent} 不存在", line.code),
                format!("there is no organisation {parent}, the parent of {}", line.code),
            );
        }
    }
    Ok(())
}

fn kind(org_type: OrgType) -> Option<OrgKind> {
    match org_type {
        OrgType::Province => Some(OrgKind::Province),
        OrgType::City => Some(OrgKind::City),
        OrgType::County => Some(OrgKind::County),
        OrgType::Township => Some(OrgKind::Township),
        OrgType::School => Some(OrgKind::School),
        OrgType::Organiser => Some(OrgKind::Organiser),
        OrgType::CityTrainingCentre | OrgType::CountyTrainingInstitution => None,
    }
}

fn office(plan: &mut Plan, line: &OrgLine) {
    plan.report.not_ours += 1;
    let of = line.parent.clone().unwrap_or_default();
    let zh = format!("{} 是 {of} 的内设岗位, 不另建机构; 邀请其人员时用 --office", line.code);
    let en = format!("{} is an office of {of}, not an organisation; name the office when inviting its staff", line.code);
    plan.report.add(&Found::new(line.row, "office", Severity::Note, zh, en).cell("机构代码", &line.code, false));
}

fn recorded(c: &Context<'_>, plan: &mut Plan, line: &OrgLine, kind: OrgKind, known: OrgId) {
    let org = c.core.ledger().registry.orgs.get(&known).map(taizhang_core::registry::OrgRecord::current);
    if org.is_some_and(|o| o.kind == kind && o.name == line.name) {
        plan.report.unchanged += 1;
        return;
    }
    // How others describe this organisation and those of other registries is not for this one to say.
    if c.core.ledger().registry.orgs.get(&known).is_none_or(|o| o.registry != c.core.org()) {
        plan.report.not_ours += 1;
        return;
    }
    plan.refuse_row(
        line.row,
        "differs",
        format!("代码 {} 已登记为名称或类型不同的机构, 未改动", line.code),
        format!("{} is recorded with another name or kind, which stays", line.code),
    );
}

/// When the parent was closed; a later file of the command may open one with the same code.
fn closed_township(c: &Context<'_>, state: &State, code: &str) -> Option<Day> {
    let known = c.core.ledger().registry.by_code(code).filter(|_| !state.orgs.contains_key(code));
    known.and_then(|org| shown::closed(c.core, org))
}

/// A township of this organisation's own registry.
fn is_own_township(c: &Context<'_>, code: &str) -> bool {
    let registry = &c.core.ledger().registry;
    let org = registry.by_code(code).and_then(|id| registry.orgs.get(&id));
    org.is_some_and(|o| o.registry == c.core.org() && o.creation.row.kind == OrgKind::Township)
}

fn create(
    c: &Context<'_>,
    plan: &mut Plan,
    state: &mut State,
    line: &OrgLine,
    (kind, township): (OrgKind, Option<OrgId>),
) -> Result<(), CommandError> {
    let own = c.core.org();
    let is_below = c.core.ledger().registry.kind(own).is_some_and(|k| k.certifies() && k.number() < kind.number());
    if !is_below {
        plan.refuse_row(
            line.row,
            "not_below",
            format!("{} 不能是本机构的下级", line.code),
            format!("{} cannot be an organisation below this one", line.code),
        );
        return Ok(());
    }
    let new = NewOrg { code: line.code.clone(), kind, name: line.name.clone(), random: random::bytes()? };
    let row = Org { township, ..new.row(own, plan.today) };
    let fields = row.to_fields();
    state.orgs.insert(line.code.clone(), row.org);
    plan.batch.row(DocId::of(own, Kind::Registry), line.row, Org::TYPE, fields);
    plan.report.imported += 1;
    Ok(())
}
