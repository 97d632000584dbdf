//! `review plan`: plans that wait for a decision (row 60, and activities whose plan came with them), and what is decided about them (row 100).
//!
//! Who decides is the nearest county, city or province above whoever hands the plan in: a county for its schools, a city for its counties. Who has none above decides itself.
//! A decision on a school's plan stands in the review of that school; one on what a notice announces stands in a notice of the decider, for every school that reads the one must read the other.
//! What a sheet claims becomes a decision only in `review approve --claimed`, with the claimed day; a plan that anybody has decided on is left alone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{DocId, EntryId, Kind, OrgId},
    op::{OPERATIONS_MAX, PayloadBuilder, REPLACES_MAX, RowName, RowRef},
    registry::Registry,
    rows::{Activity, Plan as PlanRow, PlanDecision, PlanVerdict, RowType},
    units::Day,
    view::{
        DocumentView, ViewRow,
        matter::{Content, Matter, Matters},
    },
};

use super::{
    super::{Context, shown},
    decide::{ENTRY_BYTES, REASON_BYTES, replaced, write_decisions},
    shut,
};
use crate::{
    command::Reply,
    core::Core,
    error::{CommandError, ErrorKind},
};

/// A decision: its review, its name, its fields.
type Decided = (DocId, RowName, PlanDecision);

/// A plan, once for all hands that wrote it alike.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    document: DocId,
    hands: Vec<RowName>,
    no: String,
    title: Option<String>,
    start: Option<Day>,
    submitted: Option<Day>,
    claim: Option<String>,
    claimed_day: Option<Day>,
    /// Something else is written about the same plan.
    is_rival: bool,
    /// Standing decisions that no other replaces.
    decisions: Vec<Decided>,
}

impl Plan {
    fn read(matters: &Matters<'_>, matter: &Matter, content: &Content) -> Option<Self> {
        let row = matters.row(*content.rows.first()?)?;
        let plan = Self {
            document: matter.document,
            hands: content.rows.clone(),
            no: String::new(),
            title: None,
            start: None,
            submitted: None,
            claim: None,
            claimed_day: None,
            is_rival: matter.contents.len() > 1,
            decisions: Vec::new(),
        };
        plan.of_activity(row).or_else(|| plan.of_plan(row))
    }

    fn of_activity(&self, row: &ViewRow) -> Option<Self> {
        let a = row.read::<Activity>()?.row;
        // The plan stands in a row of its own: that one is decided on.
        let is_own = a.plan.is_none();
        is_own.then(|| Self {
            no: a.no,
            title: Some(a.title),
            start: Some(a.start_day),
            submitted: a.claimed_submitted_day,
            claim: a.claimed_state,
            claimed_day: a.claimed_decided_day,
            ..self.clone()
        })
    }

    fn of_plan(&self, row: &ViewRow) -> Option<Self> {
        let p = row.read::<PlanRow>()?.row;
        Some(Self { no: p.no, title: p.content, submitted: Some(p.submitted_day), ..self.clone() })
    }

    /// The document in which this organisation decides on it.
    fn decided_in(&self, by: OrgId) -> DocId {
        if self.document.kind == Kind::Notice {
            return DocId::of_year(by, Kind::Notice, self.document.period.unwrap_or_default());
        }
        DocId::about(by, Kind::Review, self.document.period.unwrap_or_default(), self.document.concerns())
    }

    fn state(&self) -> &'static str {
        let mut said: Vec<(PlanVerdict, Day, bool)> =
            self.decisions.iter().map(|(_, _, d)| (d.decision, d.decided_day, d.retroactive)).collect();
        said.dedup();
        match said.as_slice() {
            [] => "pending",
            [(verdict, ..)] => verdict.word(),
            _ => "undecided",
        }
    }
}

/// Every plan at hand.
pub(super) struct Plans(Vec<Plan>);

impl Plans {
    /// Of the notices and ledgers among these views, with the decisions of the reviews among them.
    pub(super) fn of(registry: &Registry, views: &[DocumentView]) -> Self {
        let matters = Matters::build(views);
        let announces = |d: &DocId| matches!(d.kind, Kind::Notice | Kind::Ledger) && d.subject.is_none();
        let of_type = |m: &&Matter| matches!(m.row_type, Activity::TYPE | PlanRow::TYPE) && announces(&m.document);
        let read = |m| move |c| (m, c);
        let all = matters.iter().filter(of_type).flat_map(|m| m.contents.iter().map(read(m)));
        let mut plans: Vec<Plan> = all.filter_map(|(m, c)| Plan::read(&matters, m, c)).collect();
        let mut decisions = decisions(registry, &matters);
        for plan in &mut plans {
            plan.decisions = plan.hands.iter().filter_map(|h| decisions.remove(&(plan.document, *h))).flatten().collect();
        }
        Self(plans)
    }

    fn load(core: &Core) -> Result<Self, CommandError> {
        let is_of = |d: &DocId| match d.kind {
            Kind::Notice | Kind::Review => true,
            Kind::Ledger => d.subject.is_none(),
            _ => false,
        };
        Ok(Self::of(&core.ledger().registry, &shown::views(core, is_of)?))
    }

    /// Those at or below an organisation on which `by` decides.
    fn within<'p>(&'p self, registry: &'p Registry, scope: OrgId, by: OrgId) -> impl Iterator<Item = &'p Plan> {
        let owner = |p: &Plan| p.document.owner;
        self.0.iter().filter(move |p| registry.is_at_or_above(scope, owner(p)) && registry.plan_decider(owner(p)) == by)
    }

    /// Decisions for what sheets claim was approved, by review; and how many there are. What began before today was approved on paper: whoever signs now signs that it holds, and why (D-06).
    pub(super) fn claimed(&self, core: &Core, scope: OrgId) -> (BTreeMap<DocId, Vec<PayloadBuilder>>, usize) {
        let today = core.now().day();
        let mut rows: BTreeMap<DocId, Vec<(Vec<RowRef>, PlanDecision)>> = BTreeMap::new();
        let open = |p: &&Plan| !p.is_rival && p.decisions.is_empty() && p.claim.as_deref() == Some("approved");
        for plan in self.within(&core.ledger().registry, scope, core.org()).filter(open) {
            let (Some(decided_day), Some(hand)) = (plan.claimed_day, plan.hands.first()) else { continue };
            let is_paper = plan.start.is_some_and(|start| decided_day <= start && today > start);
            let decision = PlanDecision {
                plan: hand.in_document(plan.document),
                decision: PlanVerdict::Approved,
                decided_day,
                retroactive: is_paper,
                reason: is_paper.then(|| format!("按 {decided_day} 的纸质批件补录 · typed from the paper approval")),
                filed_day: None,
            };
            rows.entry(plan.decided_in(core.org())).or_default().push((Vec::new(), decision));
        }
        let n = rows.values().map(Vec::len).sum();
        (rows.into_iter().map(|(review, list)| (review, payloads(&list))).collect(), n)
    }

    /// By its row, or by the number that lists show.
    fn find(&self, core: &Core, named: &str) -> Result<&Plan, CommandError> {
        let numbered: Vec<&Plan> = self.0.iter().filter(|p| p.no == named).collect();
        match numbered.as_slice() {
            [] => {}
            [one] => return Ok(one),
            several => {
                let ids: Vec<String> = several.iter().filter_map(|p| p.hands.first()).map(RowName::to_string).collect();
                let (ids, n) = (ids.join(", "), several.len());
                return Err(CommandError::not_found(format!("编号 {named} 有 {n} 条"), format!("{n} are numbered {named}"))
                    .hint(format!("请指明其一: {ids}"), format!("name one: {ids}")));
            }
        }
        let (hex, index) = named.split_once('.').unwrap_or((named, "0"));
        let entry = shown::find_entry(core, hex, |d| matches!(d.kind, Kind::Notice | Kind::Ledger) && d.subject.is_none())?;
        let name = index.parse().ok().map(|index| RowName { entry, index });
        let plan = name.and_then(|name| self.0.iter().find(|p| p.hands.contains(&name)));
        plan.ok_or_else(|| {
            CommandError::not_found(format!("{named} 不是方案或活动"), format!("{named} is no plan and no activity")).hint(
                "请写活动编号或 条目.序号; taizhang review plan list 列出",
                "name its number, or ENTRY.INDEX; `taizhang review plan list` lists them",
            )
        })
    }
}

/// Standing decisions by the plan's row, of those who may decide on it.
fn decisions(registry: &Registry, matters: &Matters<'_>) -> BTreeMap<(DocId, RowName), Vec<Decided>> {
    let mut out: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let of_type = |m: &&Matter| m.row_type == PlanDecision::TYPE;
    for matter in matters.iter().filter(of_type) {
        let place = matter.document;
        // Clerks write notices too: what they write there decides nothing.
        let decides = |row: &&ViewRow| place.kind == Kind::Review || registry.is_reviewer(row.author, place.owner);
        let rows = matter.contents.iter().filter_map(|c| c.rows.iter().filter_map(|n| matters.row(*n)).find(decides));
        for (name, decision) in rows.filter_map(|r| Some((r.name, r.read::<PlanDecision>()?.row))) {
            let plan = decision.plan.resolve(name.entry);
            let document = decision.plan.document.unwrap_or(place);
            let fits = match place.kind {
                Kind::Review => place.subject == Some(document.concerns()),
                Kind::Notice => document.kind == Kind::Notice,
                _ => false,
            };
            let is_above = registry.is_above_plan(place.owner, &document);
            if fits && (is_above || registry.plan_decider(document.owner) == place.owner) {
                out.entry((document, plan)).or_default().push((place, name, decision));
            }
        }
    }
    out
}

fn payloads(rows: &[(Vec<RowRef>, PlanDecision)]) -> Vec<PayloadBuilder> {
    let mut done = Vec::new();
    let mut open = PayloadBuilder::default();
    for (replaces, row) in rows {
        let fields = row.to_fields();
        let size = fields.len() + replaces.len() * 64 + 16;
        if !open.is_empty() && (open.len() >= OPERATIONS_MAX || open.bytes() + size > ENTRY_BYTES) {
            done.push(std::mem::take(&mut open));
        }
        open.row(PlanDecision::TYPE, replaces, &fields);
    }
    if !open.is_empty() {
        done.push(open);
    }
    done
}

/// Plans on which this organisation decides: those that wait, or all.
pub(crate) fn list(c: &Context<'_>, org: Option<&str>, all: bool) -> Result<Reply, CommandError> {
    let scope = c.org_or_own(org)?;
    let plans = Plans::load(c.core)?;
    let of_scope = plans.within(&c.core.ledger().registry, scope, c.core.org());
    let waits = |p: &&Plan| all || matches!(p.state(), "pending" | "undecided");
    let lines: Vec<Json> = of_scope.filter(waits).map(|p| shown_plan(c.core, p)).collect();
    Ok(Reply::new("plans", json!({ "plans": lines.len(), "waiting": lines })))
}

fn shown_plan(core: &Core, p: &Plan) -> Json {
    let day = |d: Option<Day>| d.map(|d| d.to_string());
    let decided = p.decisions.first().map(|(_, _, d)| d);
    json!({
        "plan": p.hands.first().map(ToString::to_string), "document": shown::document(core, &p.document),
        "org": shown::org(core, p.document.owner), "number": p.no, "title": p.title, "start": day(p.start),
        "submitted": day(p.submitted), "claims": p.claim, "claimed": day(p.claimed_day), "state": p.state(), "rival": p.is_rival,
        "decided": day(decided.map(|d| d.decided_day)), "retroactive": decided.map(|d| d.retroactive),
        "decisions": p.decisions.iter().map(|(_, n, _)| n.to_string()).collect::<Vec<_>>(),
    })
}

/// What is decided on single plans.
pub(crate) struct Said<'s> {
    pub(crate) verdict: &'s str,
    pub(crate) plans: &'s [String],
    pub(crate) day: Option<&'s str>,
    pub(crate) retroactive: bool,
    pub(crate) reason: Option<&'s str>,
}

impl Said<'_> {
    fn check(&self, today: Day) -> Result<(PlanVerdict, Day, Option<String>), CommandError> {
        let verdict = PlanVerdict::from_word(self.verdict).ok_or_else(|| {
            CommandError::not_found(format!("没有审核结果 {}", self.verdict), format!("there is no verdict {}", self.verdict))
                .hint("可用: approved, returned, refused", "one of: approved, returned, refused")
        })?;
        let usage = |zh: &str, en: &str| {
            Err(CommandError::new(ErrorKind::Usage, zh, en).hint("用 --reason 写明", "give one with --reason"))
        };
        let reason = self.reason.map(str::trim).filter(|r| !r.is_empty());
        if verdict != PlanVerdict::Approved && reason.is_none() {
            return usage("退回或不批准须写明理由", "a return or refusal needs a reason");
        }
        if self.retroactive && verdict != PlanVerdict::Approved {
            return Err(CommandError::new(ErrorKind::Usage, "--retroactive 只用于批准", "--retroactive is for approving only"));
        }
        if self.retroactive && reason.is_none() {
            return usage("补批须写明理由", "a retroactive approval needs a reason");
        }
        if reason.is_some_and(|r| r.len() > REASON_BYTES) {
            let why =
                (format!("理由太长: 最多 {REASON_BYTES} 字节"), format!("the reason is too long: at most {REASON_BYTES} bytes"));
            return Err(CommandError::new(ErrorKind::Usage, why.0, why.1));
        }
        let day = self.day.map_or(Some(today), Day::parse_iso).ok_or_else(|| {
            let day = self.day.unwrap_or_default();
            CommandError::not_found(format!("看不懂的日期 {day}"), format!("{day} is not a date"))
                .hint("请写成 2023-05-01", "write it as 2023-05-01")
        })?;
        if self.plans.is_empty() {
            return Err(CommandError::new(ErrorKind::Usage, "没有给出方案", "no plan was named")
                .hint("taizhang review plan list 列出", "`taizhang review plan list` lists them"));
        }
        Ok((verdict, day, reason.map(str::to_owned)))
    }
}

/// Decides on the plans named, replacing what was decided on them before.
pub(crate) fn decide(c: &mut Context<'_>, said: &Said<'_>) -> Result<Reply, CommandError> {
    let today = c.core.now().day();
    let (verdict, day, reason) = said.check(today)?;
    let plans = Plans::load(c.core)?;
    let mut rows: BTreeMap<DocId, Vec<(Vec<RowRef>, PlanDecision)>> = BTreeMap::new();
    let (mut seen, mut earlier, mut late) = (BTreeSet::new(), 0, Vec::new());
    for named in said.plans {
        let plan = plans.find(c.core, named)?;
        if !seen.insert(plan.hands.first()) {
            continue;
        }
        may_decide(c.core, plan)?;
        let review = plan.decided_in(c.core.org());
        let replaces: BTreeSet<RowRef> =
            plan.decisions.iter().map(|(d, n, _)| replaced(c.core, &review, *d, *n)).collect::<Result<_, _>>()?;
        if replaces.len() > REPLACES_MAX {
            return Err(too_many(named, replaces.len()));
        }
        earlier += replaces.len();
        if verdict == PlanVerdict::Approved && !said.retroactive && plan.start.is_some_and(|start| day.max(today) > start) {
            late.push(plan.hands.first().map(ToString::to_string));
        }
        let Some(hand) = plan.hands.first() else { continue };
        let (plan, retroactive) = (hand.in_document(plan.document), said.retroactive);
        let row =
            PlanDecision { plan, decision: verdict, decided_day: day, retroactive, reason: reason.clone(), filed_day: None };
        rows.entry(review).or_default().push((replaces.into_iter().collect(), row));
    }
    let documents: Vec<String> = rows.keys().map(|d| shown::document(c.core, d)).collect();
    let acts = rows.into_iter().map(|(review, list)| (review, payloads(&list))).collect();
    let written = write_decisions(c, acts)?;
    let shut = shut::out(c, &written, |_| 1)?;
    Ok(Reply::new(
        "plan",
        json!({
            "verdict": verdict.word(), "plans": seen.len(), "day": day.to_string(), "retroactive": said.retroactive, "replaced": earlier,
            "late": late, "after_lock": shut.decided, "locked_years": shut.years(), "locked_by": shut.by(c), "documents": documents, "entries": written.iter().map(EntryId::to_string).collect::<Vec<_>>(),
        }),
    ))
}

/// The decider, or someone above it.
fn may_decide(core: &Core, plan: &Plan) -> Result<(), CommandError> {
    let (registry, own, owner) = (&core.ledger().registry, core.org(), plan.document.owner);
    let certifies = registry.kind(own).is_some_and(taizhang_core::rows::OrgKind::certifies);
    if registry.plan_decider(owner) == own || (certifies && registry.is_above_plan(own, &plan.document)) {
        return Ok(());
    }
    let code = shown::org(core, owner);
    let why = (format!("{code} 的方案不归本机构审定"), format!("this organisation does not decide on plans of {code}"));
    Err(CommandError::new(ErrorKind::Refused, why.0, why.1))
}

fn too_many(named: &str, n: usize) -> CommandError {
    let why = (
        format!("{named} 已有 {n} 个决定, 一次最多更改 {REPLACES_MAX} 个"),
        format!("{n} decisions stand on {named}; at most {REPLACES_MAX} are replaced at once"),
    );
    CommandError::new(ErrorKind::Refused, why.0, why.1)
}
