//! What lies before whoever fills a form: documents, accounts, names, and which organisations it is about.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    id::{DocId, EntryId, Kind, OrgId},
    op::RowName,
    rows::{OrgKind, Person, RowType, Status},
    units::Day,
    view::{DocumentView, matter::Matters},
};
use taizhang_rules::{
    account::Account,
    case::{Case, Stage},
    gather::{Accounts, Adoptions, Facts},
    policy::{Rule, regime::Regime},
    report::{Audience, Cell, Form, Text},
};

use crate::{
    commands::{Context, acting, shown},
    core::Core,
    error::CommandError,
    keyring::{Identity, Keyring},
};

/// Everything that a form may be filled from.
pub(super) struct Desk<'a> {
    pub(super) core: &'a Core,
    pub(super) views: &'a [DocumentView],
    pub(super) matters: &'a Matters<'a>,
    pub(super) facts: &'a Facts,
    pub(super) accounts: Accounts,
    /// Whose form it is.
    pub(super) org: OrgId,
    /// That organisation and all below it.
    pub(super) scope: BTreeSet<OrgId>,
    pub(super) audience: Audience,
    pub(super) as_of: Day,
    pub(super) year: Option<u16>,
    pub(super) teacher: Option<&'a str>,
    pub(super) activity: Option<&'a str>,
    /// By teacher number; only what may be shown to this audience.
    pub(super) names: BTreeMap<String, Identity>,
}

/// A row that counts and that nothing replaces.
#[derive(Clone, Debug)]
pub(super) struct Found<T> {
    pub(super) name: RowName,
    pub(super) document: DocId,
    pub(super) row: T,
}

/// Who reads what this node makes.
pub(super) fn audience(core: &Core, public: bool) -> Audience {
    match core.ledger().registry.kind(core.org()) {
        _ if public => Audience::Public,
        Some(OrgKind::School | OrgKind::Organiser) => Audience::School,
        Some(OrgKind::County) => Audience::County,
        Some(OrgKind::City | OrgKind::Township) => Audience::City,
        Some(OrgKind::Province) | None => Audience::Public,
    }
}

/// An organisation and all below it.
pub(super) fn scope(core: &Core, org: OrgId) -> BTreeSet<OrgId> {
    let registry = &core.ledger().registry;
    let below = registry.orgs.keys().copied().filter(|o| registry.is_at_or_above(org, *o));
    below.chain([org]).collect()
}

/// What this person's keyring opens, cut down to what the audience may see; nothing without a passphrase.
pub(super) fn names(c: &Context<'_>, audience: Audience, org: OrgId) -> Result<BTreeMap<String, Identity>, CommandError> {
    let mut out = BTreeMap::new();
    if audience > Audience::County || c.unlock.passphrase.is_none() {
        return Ok(out);
    }
    if c.unlock.key.is_none() && !acting::somebody(c.core, acting::Need::Names)? {
        return Ok(out);
    }
    let ring = Keyring::of(&c.person()?);
    let scope = scope(c.core, org);
    let documents: Vec<DocId> = c.core.ledger().documents().filter(|d| d.kind == Kind::Identity).copied().collect();
    for document in documents.iter().filter(|d| scope.contains(&d.owner)) {
        let view = c.core.view(document)?;
        for person in view.current().into_iter().filter_map(|row| row.read::<Person>()) {
            if let Some(mut said) = ring.unseal(c.core.hub(), document, &person.row) {
                if audience == Audience::County {
                    said.birth = said.birth.map(|b| b.chars().take(4).collect());
                }
                said.id_number = None;
                out.insert(person.row.teacher, said);
            }
        }
    }
    Ok(out)
}

impl<'a> Desk<'a> {
    /// The settled rows of a type. Rivals are told apart by [`Self::rivals`].
    pub(super) fn rows<T: RowType>(&self) -> Vec<Found<T>> {
        let settled = self.matters.iter().filter(|m| m.row_type == T::TYPE).filter_map(|m| Some((m.document, m.settled()?)));
        let first = settled.filter_map(|(document, content)| Some((document, *content.rows.first()?)));
        first
            .filter_map(|(document, name)| Some(Found { name, document, row: self.matters.row(name)?.read::<T>()?.row }))
            .collect()
    }

    /// The settled rows of documents that concern the scope, of the year asked for.
    pub(super) fn rows_here<T: RowType>(&self) -> Vec<Found<T>> {
        let mut rows = self.rows::<T>();
        rows.retain(|r| self.is_here(&r.document) && self.is_of_year(&r.document));
        rows
    }

    /// Is it written by, or about, an organisation of the scope?
    pub(super) fn is_here(&self, document: &DocId) -> bool {
        self.scope.contains(&document.concerns()) || self.scope.contains(&document.owner)
    }

    pub(super) fn is_of_year(&self, document: &DocId) -> bool {
        self.year.is_none() || document.period.is_none() || document.period == self.year
    }

    /// How many matters of this type in the scope are written in different ways: a form leaves them out and says so.
    pub(super) fn rivals(&self, row_type: u16) -> usize {
        let here = |d: &DocId| self.is_here(d) && self.is_of_year(d);
        self.matters.iter().filter(|m| m.row_type == row_type && here(&m.document) && m.settled().is_none()).count()
    }

    /// A note about what was left out.
    pub(super) fn note_rivals(&self, form: &mut Form, types: &[u16]) {
        Self::note_unsettled(form, types.iter().map(|t| self.rivals(*t)).sum());
    }

    pub(super) fn note_unsettled(form: &mut Form, n: usize) {
        if n > 0 {
            form.notes.push(Text::new(
                format!("另有 {n} 项填报不一致, 待选定, 未列入"),
                format!("{n} more are written in different ways and left out until they are settled"),
            ));
        }
    }

    /// A note where accounts are kept over a cycle that leaves out the year asked for, or a part of it: its hours there are in no figure.
    pub(super) fn note_cycle(&self, form: &mut Form) {
        let Some(year) = self.year else { return };
        let day = |month, day| Day::from_ymd(year.into(), month, day);
        let (Some(first), Some(last)) = (day(1, 1), day(12, 31)) else { return };
        let is_asked = |number: &str| self.teacher.is_none_or(|t| t == number);
        let spans = self.accounts.iter().filter(|(number, _)| is_asked(number)).filter_map(|(_, (_, account))| account.span);
        let n = spans.filter(|(start, end)| first < *start || *end < last).count();
        if n > 0 {
            let as_of = self.as_of;
            form.notes.push(Text::new(
                format!("截至 {as_of} 的周期不含或不全含 {year} 年度, 涉及 {n} 人: 周期以外的学时未计入"),
                format!(
                    "The cycle as of {as_of} leaves out {year} or a part of it, for {n} people: hours outside the cycle are in no figure"
                ),
            ));
        }
    }

    /// The year asked for, else that of the day.
    pub(super) fn year_or_now(&self) -> u16 {
        self.year.unwrap_or_else(|| self.as_of.year())
    }

    /// The teacher's name, where it may be opened; else the number.
    pub(super) fn name(&self, number: &str) -> String {
        let known = self.names.get(number).map(|i| i.name.clone()).filter(|n| !n.is_empty());
        known.unwrap_or_else(|| number.to_owned())
    }

    /// An organisation's name; its code where it has none.
    pub(super) fn org_name(&self, org: OrgId) -> String {
        let known = self.core.ledger().registry.orgs.get(&org).map(|o| o.current());
        known.map(|o| if o.name.is_empty() { o.code.clone() } else { o.name.clone() }).unwrap_or_else(|| org.to_string())
    }

    /// What a line is about, where the form covers several schools.
    pub(super) fn section(&self, org: OrgId) -> Option<String> {
        (org != self.org).then(|| self.org_name(org))
    }

    /// The post under which an entry was written.
    pub(super) fn post(&self, entry: &EntryId) -> Option<String> {
        let label = shown::hand(self.core, entry).remove("label")?;
        label.as_str().map(str::to_owned)
    }

    /// Numbers of the teachers who serve in the scope, by school and number.
    pub(super) fn numbers(&self) -> Vec<(OrgId, String)> {
        let here = self.facts.teachers().filter(|t| self.scope.contains(&t.school));
        let asked = here.filter(|t| self.teacher.is_none_or(|n| n == t.number));
        let mut out: Vec<(OrgId, String)> = asked.map(|t| (t.school, t.number.clone())).collect();
        out.sort_by_cached_key(|(school, number)| (shown::org(self.core, *school), number.clone()));
        out
    }

    /// Makes the accounts of the teachers in the scope.
    pub(super) fn evaluate(&mut self) {
        let touched = self.numbers().into_iter().map(|(_, n)| n).collect();
        self.accounts.update(self.facts, &touched);
    }

    pub(super) fn account(&self, number: &str) -> Option<&(Case, Account)> {
        self.accounts.get(number)
    }

    /// Is the teacher in service on the day?
    pub(super) fn serves(&self, case: &Case) -> bool {
        let t = &case.teacher;
        t.hired <= self.as_of && t.left.is_none_or(|left| self.as_of <= left)
    }

    /// The policies for teachers of a school and stage, each looked up once.
    pub(super) fn adoptions(&self) -> BTreeMap<(OrgId, Stage), Adoptions> {
        let asked = self.numbers().into_iter().filter_map(|(school, n)| Some((school, self.account(&n)?.0.teacher.stage)));
        let asked: BTreeSet<(OrgId, Stage)> = asked.collect();
        asked.into_iter().map(|(school, stage)| ((school, stage), self.facts.adoptions(school, stage))).collect()
    }

    /// The rules in force on a day for any stage that this organisation has, each once.
    pub(super) fn rules(&self, day: Day) -> Vec<Rule> {
        let mut rules: Vec<Rule> = Vec::new();
        for stage in Stage::ALL {
            let adoptions = self.facts.adoptions(self.org, *stage);
            let regime: Regime<'_> = adoptions.regime();
            let Some(period) = regime.in_force(day) else { continue };
            let policies = std::iter::once(period.policy).chain(period.overlays.iter().copied());
            for rule in policies.flat_map(|p| &p.rules) {
                if !rules.contains(rule) {
                    rules.push(rule.clone());
                }
            }
        }
        rules
    }

    /// Every dated fact about each teacher, from the rosters.
    pub(super) fn facts_by_teacher(&self) -> BTreeMap<String, Vec<Status>> {
        let mut out: BTreeMap<String, Vec<Status>> = BTreeMap::new();
        for found in self.rows::<Status>() {
            out.entry(found.row.teacher.clone()).or_default().push(found.row);
        }
        out
    }

    /// Whose form it is, of which year and day.
    pub(super) fn head(&self, form: &mut Form) {
        let mut heading = vec![(Text::new("单位", "Organisation"), Cell::Text(self.org_name(self.org)))];
        if let Some(year) = self.year {
            heading.push((Text::new("年度", "Year"), Cell::Number(year.into())));
        }
        heading.push((Text::new("截至", "As of"), Cell::Day(self.as_of)));
        heading.append(&mut form.heading);
        form.heading = heading;
    }
}

/// The beginning of what names a paper.
pub(super) fn papers(evidence: Option<&taizhang_core::rows::Evidence>) -> Vec<String> {
    let ids = evidence.into_iter().flat_map(|e| &e.0).map(|(id, _)| id.0);
    ids.map(|bytes| bytes.iter().take(6).map(|b| format!("{b:02x}")).collect()).collect()
}

/// The first eight bytes of a digest.
pub(super) fn digest(bytes: &[u8; 32]) -> String {
    bytes.iter().take(8).map(|b| format!("{b:02x}")).collect()
}
