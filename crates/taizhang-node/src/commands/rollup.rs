//! `rollup publish|show|sample|verify`: what this organisation says about a year, and whether what another said is so.
//!
//! The computing is `taizhang_rules::rollup`; here entries and attachments are read and written. Verification has three levels, each with its own verdict ([`verify`]); [`seed`] publishes what a sample is drawn by.

use serde_json::{Value as Json, json};
use taizhang_core::{
    admission::Signature,
    id::{AttachmentId, DocId, EntryId, Kind},
    op::{PayloadBuilder, REPLACES_MAX, RowName, RowRef},
    rows::{Rollup, RowType},
    units::Day,
    view::ViewRow,
};
use taizhang_rules::{
    RULES_VERSION,
    account::Status,
    rollup::{
        Inputs, Lines, Made, PlaceLine, SchoolLine, Scope, Tally,
        lines::{Words, kind_word},
        replay::{Basis, Replay, ReplayError},
    },
};
use taizhang_sync::limits::ATTACHMENT_BYTES_MAX;

use super::{Context, shown};
use crate::{
    command::Reply,
    core::{Act, Core},
    error::{CommandError, ErrorKind},
};

mod again;
mod list;
mod problem;
mod seed;
#[cfg(test)]
mod tests;
mod trace;
mod verify;

pub(crate) use list::list;
pub(crate) use seed::sample;
pub(crate) use trace::trace;
pub(crate) use verify::{Audited, audited, verify};

/// A rollup row as found here.
struct Found {
    name: RowName,
    document: DocId,
    row: Rollup,
    /// The rollups that it replaces.
    replaces: Vec<RowName>,
}

impl Found {
    fn scope(&self) -> Scope {
        Scope { owner: self.document.owner, period: self.row.period, as_of: self.row.as_of }
    }
}

/// Reads everything below this organisation, and states it.
pub(crate) fn publish(c: &mut Context<'_>, period: u16, as_of: Option<&str>) -> Result<Reply, CommandError> {
    let owner = c.core.org();
    let document = DocId::of_year(owner, Kind::Rollup, period);
    if !document.is_well_formed() {
        return Err(CommandError::new(ErrorKind::Usage, "年度不对", "there is no such year")
            .hint("例如 --period 2026", "such as --period 2026"));
    }
    let as_of = self::as_of(as_of, period, c.core.now().day())?;
    c.progress("inputs", 0, 0);
    let Stated { row, inputs: input_bytes, lines: line_bytes } = state(c.core, Scope { owner, period, as_of })?;
    let view = c.core.view(&document)?;
    let mut earlier: Vec<&ViewRow> = view.current().into_iter().filter(|r| r.row_type == Rollup::TYPE).collect();
    // More than one row may replace: what is left shows as rivals, and goes with the next one.
    let left = earlier.split_off(earlier.len().min(REPLACES_MAX)).len();
    again::reaches_as_far(c.core, Scope { owner, period, as_of }, &input_bytes, &earlier)?;
    let earlier: Vec<RowRef> = earlier.iter().map(|r| r.name.here()).collect();
    let mut p = PayloadBuilder::default();
    p.row(Rollup::TYPE, &earlier, &row.to_fields());
    let mut act = Act { attachments: vec![(row.inputs, input_bytes), (row.lines, line_bytes)], ..Act::default() };
    act.write(document, p);
    let person = c.person()?;
    let written = c.core.write(&person, act)?;
    let entry = *written.first().ok_or_else(|| CommandError::storage("no entry written"))?;
    let found = Found { name: RowName { entry, index: 0 }, document, row, replaces: Vec::new() };
    without_policy(c, &found.row);
    let mut data = summary(c.core, &found);
    data.insert("replaced".to_owned(), json!(earlier.len()));
    data.insert("not_replaced".to_owned(), json!(left));
    Ok(Reply::new("rollup", Json::Object(data)))
}

/// Figures that no policy was applied to look like a year in which nobody reached anything.
fn without_policy(c: &mut Context<'_>, row: &Rollup) {
    if row.policy_id.is_some() {
        return;
    }
    let year = row.period;
    c.note(
        format!("{year} 年度没有采用任何政策: 这份汇总只有登记和审核通过的学时, 没有按办法折算, 也没有人达标; 请由政策管理员用 policy adopt 采用办法 (policy list 列出现有的), 然后重新 publish"),
        format!("no policy is adopted for {year}: this rollup has hours recorded and approved, none converted, and nobody has met anything. A policy officer adopts one with `policy adopt` (`policy list` names those at hand); then publish again"),
    );
}

/// The day asked for; else today, or the last day of the period once it is over.
fn as_of(asked: Option<&str>, period: u16, today: Day) -> Result<Day, CommandError> {
    let last = Day::from_ymd(period.into(), 12, 31).map_or(today, |end| end.min(today));
    let day = asked.map_or(Some(last), Day::parse_iso).ok_or_else(|| {
        CommandError::new(ErrorKind::Usage, "日期不对", "there is no such day")
            .hint("例如 --as-of 2026-08-31", "such as --as-of 2026-08-31")
    })?;
    if day > today {
        return Err(CommandError::new(
            ErrorKind::Usage,
            format!("{day} 还没有到, 不能汇总到那一天"),
            format!("{day} is still to come: nothing can be stated as of it"),
        )
        .hint(format!("最晚写今天: --as-of {today}"), format!("today at the latest: --as-of {today}")));
    }
    Ok(day)
}

fn unreadable(e: &ReplayError) -> CommandError {
    let why = crate::said::because("无法重新读取台账", "the ledgers could not be read again", e);
    CommandError::of(ErrorKind::Storage, why).hint("请运行 taizhang check", "run `taizhang check`")
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

/// A statement that nobody has signed yet, with its attachments.
struct Stated {
    row: Rollup,
    inputs: Vec<u8>,
    lines: Vec<u8>,
}

/// What the documents here say.
fn state(core: &Core, scope: Scope) -> Result<Stated, CommandError> {
    let (ledger, store) = (core.ledger(), core.store());
    let policies = Inputs::of_policies(ledger, scope.owner);
    let years = Basis::of(ledger, store, &policies, scope, Signature::Checked).map_err(|e| unreadable(&e))?.years;
    let named = Inputs::of(ledger, scope.owner, years);
    let replay = Replay::of(ledger, store, &named, Signature::Checked).map_err(|e| unreadable(&e))?;
    let made = replay.lines(scope);
    let (inputs, lines) = (named.to_bytes(), made.lines.to_bytes());
    for bytes in [&inputs, &lines] {
        fits(bytes)?;
    }
    Ok(Stated { row: statement(scope, &named, &made, (&inputs, &lines)), inputs, lines })
}

fn statement(scope: Scope, inputs: &Inputs, made: &Made, bytes: (&[u8], &[u8])) -> Rollup {
    use sha2::{Digest, Sha256};
    let address = |b: &[u8]| AttachmentId(Sha256::digest(b).into());
    let lines = &made.lines;
    Rollup {
        period: scope.period,
        as_of: scope.as_of,
        policy_id: made.policy.id.clone(),
        policy_sha256: made.policy.sha256,
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
    let schools = lines.as_ref().map(|l| l.schools.iter().map(|s| school(c.core, s)).collect::<Vec<_>>());
    let places = lines.as_ref().map(|l| l.places.iter().map(|p| place(c.core, p)).collect::<Vec<_>>());
    data.insert("schools".to_owned(), json!(schools));
    data.insert("places".to_owned(), json!(places));
    Ok(Reply::new("rollup", Json::Object(data)))
}

fn school(core: &Core, line: &SchoolLine) -> Json {
    let mut out = tally(&line.tally);
    let counts = line.counts.named().into_iter().chain(Status::ALL.iter().zip(line.status).map(|(s, n)| (s.word(), n)));
    counts.for_each(|(name, n)| _ = out.insert(name.to_owned(), json!(n)));
    out.insert("recognised_h100".to_owned(), words(&line.buckets, |[h100]| json!(h100)));
    out.insert("categories".to_owned(), words(&line.categories, |[teachers, met]| json!({ "teachers": teachers, "met": met })));
    out.insert("findings".to_owned(), words(&line.findings, |[n]| json!(n)));
    out.insert("also".to_owned(), line.also.iter().map(|s| shown::org(core, *s)).collect());
    out.insert("school".to_owned(), json!(shown::org(core, line.school)));
    Json::Object(out)
}

fn words<const N: usize>(words: &Words<N>, value: impl Fn(&[u64; N]) -> Json) -> Json {
    Json::Object(words.iter().map(|(word, numbers)| (word.clone(), value(numbers))).collect())
}

fn place(core: &Core, line: &PlaceLine) -> Json {
    let (what, org, name) = line.about();
    let mut out: serde_json::Map<String, Json> = line.named().into_iter().map(|(n, v)| (n.to_owned(), json!(v))).collect();
    out.insert("line".to_owned(), json!(what));
    out.insert("name".to_owned(), json!(name));
    out.insert("org".to_owned(), json!(org.map(|o| shown::org(core, o))));
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
        "policy_sha256": row.policy_sha256.map(|sha| hex(&sha)),
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
    let mut read = rows.iter().filter_map(|(name, op)| {
        let row = taizhang_core::rows::read::<Rollup>(op)?.ok()?.row;
        Some(Found { name: *name, document, row, replaces: op.replaces.iter().map(|r| r.resolve(entry)).collect() })
    });
    read.next().ok_or_else(none)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
