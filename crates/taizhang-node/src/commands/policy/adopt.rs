//! `policy adopt`: the text, if it is not there yet, and the day from which it holds, in one act.

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{DocId, EntryId, Kind, OrgId},
    op::PayloadBuilder,
    rows::{Adopt, PolicyText, RowType, field::Bytes},
    units::Day,
};
use taizhang_rules::{case::Stage, policy::Policy};

use super::{
    super::{Context, shown},
    checked, hex,
    shelf::{Adoption, Shelf, Text},
};
use crate::{
    command::Reply,
    core::{Act, Core},
    error::{CommandError, ErrorKind},
};

/// What is adopted.
pub(crate) struct Wanted<'w> {
    /// A file, an id, or `ID@EDITION`.
    pub(crate) policy: &'w str,
    /// First day.
    pub(crate) from: &'w str,
    /// The policy that it is used on top of.
    pub(crate) overlay_of: Option<&'w str>,
    /// Empty: those of the text.
    pub(crate) stages: &'w [String],
    /// Codes; empty: everyone below.
    pub(crate) orgs: &'w [String],
    /// Instead of what was adopted for that day.
    pub(crate) replace: bool,
    /// Why.
    pub(crate) reason: Option<&'w str>,
}

/// Adopts a policy from a day on.
pub(crate) fn adopt(c: &mut Context<'_>, wanted: &Wanted<'_>) -> Result<Reply, CommandError> {
    let document = DocId::of(c.core.org(), Kind::Policy);
    let shelf = Shelf::load(c.core)?;
    let text = shelf.find(wanted.policy)?;
    let (ok, findings) = checked(&text);
    let policy = Policy::read(&text.toml);
    let policy = policy.ok().filter(|_| ok).ok_or_else(|| not_acceptable(&text, &findings))?;
    let row = row(c, wanted, &policy, &text)?;
    may_overlay(&shelf, &policy, &row)?;
    let meet = |a: &&Adoption| a.document == document && meet(c.core, &shelf, document.owner, &a.row, &row);
    let rivals: Vec<&Adoption> = shelf.adoptions.iter().filter(meet).collect();
    if !rivals.is_empty() && !wanted.replace {
        return Err(already(c.core, &shelf, &rivals));
    }
    let mut p = PayloadBuilder::default();
    let is_new = !shelf.texts.iter().any(|t| t.sha256 == text.sha256 && t.document == Some(document));
    if is_new {
        let (id, version, toml) = (row.id.clone(), row.version.clone(), Bytes(text.toml.clone()));
        let written = PolicyText { id, version, sha256: text.sha256, toml, reason: None };
        p.row(PolicyText::TYPE, &[], &written.to_fields());
    }
    let mut replaces: Vec<_> = rivals.iter().map(|a| a.name.here()).collect();
    replaces.sort();
    let index = p.row(Adopt::TYPE, &replaces, &row.to_fields());
    let mut act = Act::default();
    act.write(document, p);
    let person = c.person()?;
    let entries = c.core.write(&person, act)?;
    Ok(Reply::new(
        "adopted",
        json!({
            "policy": row.id, "version": row.version, "policy_sha256": hex(&row.sha256), "from": row.effective_day.to_string(),
            "overlay_of": row.overlay_of, "document": shown::document(c.core, &document), "text_written": is_new,
            "replaced": rivals.len(), "row": entries.first().map(|e| format!("{e}.{index}")),
            "entries": entries.iter().map(EntryId::to_string).collect::<Vec<_>>(), "findings": findings,
        }),
    ))
}

fn row(c: &Context<'_>, wanted: &Wanted<'_>, policy: &Policy, text: &Text) -> Result<Adopt, CommandError> {
    let effective_day = day(wanted.from)?;
    for stage in wanted.stages {
        let known = Stage::from_word(stage).is_some_and(|s| policy.stages.contains(&s));
        if !known {
            let all: Vec<&str> = policy.stages.iter().map(|s| s.word()).collect();
            let all = all.join(", ");
            let why = (format!("该政策不适用于学段 {stage}"), format!("this policy is not for the stage {stage}"));
            return Err(CommandError::not_found(why.0, why.1).hint(format!("可用: {all}"), format!("one of: {all}")));
        }
    }
    let (mut orgs, own) = (Vec::new(), c.core.org());
    for code in wanted.orgs {
        let org = c.org(code)?;
        if !c.core.ledger().registry.is_at_or_above(own, org) {
            let why = (format!("机构 {code} 不在本机构之下"), format!("{code} is not below this organisation"));
            return Err(CommandError::new(ErrorKind::Refused, why.0, why.1));
        }
        orgs.push(org);
    }
    Ok(Adopt {
        id: policy.id.clone(),
        version: version(text),
        sha256: text.sha256,
        effective_day,
        stages: wanted.stages.to_vec(),
        orgs: Some(orgs).filter(|o| !o.is_empty()),
        overlay_of: wanted.overlay_of.map(str::to_owned),
        reason: wanted.reason.map(str::trim).filter(|r| !r.is_empty()).map(str::to_owned),
    })
}

/// The edition: the beginning of the text's hash, so that two texts never share one.
fn version(text: &Text) -> String {
    if text.document.is_some() { text.version.clone() } else { hex(&text.sha256).chars().take(12).collect() }
}

pub(crate) fn day(text: &str) -> Result<Day, CommandError> {
    Day::parse_iso(text).ok_or_else(|| {
        CommandError::not_found(format!("看不懂的日期 {text}"), format!("{text} is not a date"))
            .hint("请写成 2023-05-01", "write it as 2023-05-01")
    })
}

/// An overlay leans on a policy that is adopted; nothing else does.
fn may_overlay(shelf: &Shelf, policy: &Policy, row: &Adopt) -> Result<(), CommandError> {
    let refused = |zh: String, en: String| Err(CommandError::new(ErrorKind::Refused, zh, en));
    match (&row.overlay_of, policy.overlay) {
        (None, false) => Ok(()),
        (None, true) => refused(
            format!("{} 须与另一政策同时使用: 用 --overlay-of 写明", row.id),
            format!("{} is used together with another policy: name it with --overlay-of", row.id),
        ),
        (Some(_), false) => refused(
            format!("{} 不是配套政策, 不能用 --overlay-of", row.id),
            format!("{} is no overlay: leave out --overlay-of", row.id),
        ),
        (Some(base), true) if shelf.adoptions.iter().any(|a| a.row.id == *base && a.row.overlay_of.is_none()) => Ok(()),
        (Some(base), true) => refused(format!("{base} 尚未采用"), format!("{base} is not adopted")),
    }
}

/// Would both of one owner hold from one day on for somebody? As accounts see it ([`taizhang_rules::gather`]).
fn meet(core: &Core, shelf: &Shelf, owner: OrgId, a: &Adopt, b: &Adopt) -> bool {
    let same_place = match (&a.overlay_of, &b.overlay_of) {
        (None, None) => true,
        (Some(x), Some(y)) => x == y && a.id == b.id,
        _ => false,
    };
    let stages = |row: &Adopt| match row.stages.as_slice() {
        [] => shelf.by_sha256(&row.sha256).and_then(|t| Policy::read(&t.toml).ok()).map(|p| words(&p.stages)),
        named => Some(named.to_vec()).filter(|all| all.iter().all(|s| Stage::from_word(s).is_some())),
    };
    // A text that is not here, one that names none, and a stage of a newer version may be any.
    let stages_meet = |x: Option<Vec<String>>, y: Option<Vec<String>>| match (x, y) {
        (Some(x), Some(y)) => x.is_empty() || y.is_empty() || x.iter().any(|s| y.contains(s)),
        _ => true,
    };
    a.effective_day == b.effective_day && same_place && orgs_meet(core, owner, a, b) && stages_meet(stages(a), stages(b))
}

/// Do both reach some organisation? None named: everyone at or below the owner. In a tree two sets of branches meet where one of one set lies at or below one of the other.
fn orgs_meet(core: &Core, owner: OrgId, a: &Adopt, b: &Adopt) -> bool {
    let registry = &core.ledger().registry;
    let reached = |row: &Adopt| -> Vec<OrgId> {
        let named = row.orgs.clone().unwrap_or_else(|| vec![owner]);
        named.into_iter().filter(|o| registry.is_at_or_above(owner, *o)).collect()
    };
    let (one, other) = (reached(a), reached(b));
    let meets = |x: OrgId| other.iter().any(|y| registry.is_at_or_above(x, *y) || registry.is_at_or_above(*y, x));
    one.into_iter().any(meets)
}

fn words(stages: &[Stage]) -> Vec<String> {
    stages.iter().map(|s| s.word().to_owned()).collect()
}

impl Shelf {
    /// Does another adoption contradict this one? Then nothing of both holds until a later one replaces them.
    pub(crate) fn is_rival(&self, core: &Core, a: &Adoption) -> bool {
        let is_other = |b: &&Adoption| a.document == b.document && a.row.sha256 != b.row.sha256;
        self.adoptions.iter().filter(is_other).any(|b| meet(core, self, a.document.owner, &a.row, &b.row))
    }
}

/// An adoption with who wrote it, and whether another contradicts it.
pub(super) fn shown_adoption(core: &Core, shelf: &Shelf, a: &Adoption) -> Json {
    let is_rival = shelf.is_rival(core, a);
    let orgs = a.row.orgs.iter().flatten().map(|o| shown::org(core, *o)).collect::<Vec<_>>();
    json!({
        "from": a.row.effective_day.to_string(), "policy": a.row.id, "version": a.row.version, "overlay_of": a.row.overlay_of,
        "stages": a.row.stages, "orgs": orgs, "document": shown::document(core, &a.document), "rival": is_rival,
        "text_here": shelf.by_sha256(&a.row.sha256).is_some(), "by": shown::hand(core, &a.name.entry).get("label"),
        "time_ms": shown::hand(core, &a.name.entry).get("time_ms"), "policy_sha256": hex(&a.row.sha256), "row": a.name.to_string(),
    })
}

fn already(core: &Core, shelf: &Shelf, rivals: &[&Adoption]) -> CommandError {
    let day = rivals.first().map(|a| a.row.effective_day.to_string()).unwrap_or_default();
    let ids: Vec<&str> = rivals.iter().map(|a| a.row.id.as_str()).collect();
    let ids = ids.join(", ");
    let list: Vec<Json> = rivals.iter().map(|a| shown_adoption(core, shelf, a)).collect();
    let why = (format!("自 {day} 起已采用 {ids}"), format!("{ids} is adopted from {day} already"));
    CommandError::new(ErrorKind::Refused, why.0, why.1).details(json!({ "adoptions": list })).hint(
        "用 --replace 取代它: 它对所有机构都不再有效, 须在 --orgs 中写全",
        "replace it with --replace: it then holds for nobody any more, so name in --orgs all who are meant",
    )
}

fn not_acceptable(text: &Text, findings: &[Json]) -> CommandError {
    let why = (format!("政策 {} 不能采用", text.id), format!("the policy {} cannot be adopted", text.id));
    CommandError::new(ErrorKind::Refused, why.0, why.1)
        .details(json!({ "findings": findings }))
        .hint("taizhang policy check 逐条列出", "`taizhang policy check` lists what is wrong")
}
