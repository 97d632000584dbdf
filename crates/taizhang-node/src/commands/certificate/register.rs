//! The certificates in the reviews at hand.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{DocId, Kind, OrgId},
    op::RowName,
    registry::{OrgRecord, Registry},
    rows::{Certificate, CertificateStep, OrgKind, RowType},
    units::Day,
    view::matter::Matters,
};

use super::super::shown;
use crate::{core::Core, error::CommandError};

/// A row 110, once for all hands that wrote it alike.
#[derive(Clone, Debug)]
pub(crate) struct Paper {
    /// The review it stands in.
    pub(crate) review: DocId,
    /// One of the rows.
    pub(crate) name: RowName,
    /// What it says.
    pub(crate) row: Certificate,
    /// Another row replaces it.
    pub(crate) is_replaced: bool,
    /// Another row of its number and step says something else.
    pub(crate) is_rival: bool,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Register(Vec<Paper>);

impl Register {
    pub(crate) fn load(core: &Core) -> Result<Self, CommandError> {
        let views = shown::views(core, |d| d.kind == Kind::Review)?;
        let matters = Matters::build(&views);
        let of_type = |m: &&taizhang_core::view::matter::Matter| m.row_type == Certificate::TYPE;
        let (now, gone) =
            (matters.iter().filter(of_type).map(|m| (m, false)), matters.replaced().filter(of_type).map(|m| (m, true)));
        let contents = now.chain(gone).flat_map(|(m, gone)| m.contents.iter().map(move |c| (m, gone, c)));
        let paper =
            |(m, is_replaced, content): (&taizhang_core::view::matter::Matter, bool, &taizhang_core::view::matter::Content)| {
                let row = matters.row(*content.rows.first()?)?;
                let is_rival = !is_replaced && m.contents.len() > 1;
                Some(Paper { review: m.document, name: row.name, row: row.read::<Certificate>()?.row, is_replaced, is_rival })
            };
        let mut register = Self(contents.filter_map(paper).collect());
        register.0.retain(|p| might_say(&core.ledger().registry, p));
        register.end_withdrawn(&core.ledger().registry);
        register.find_rivals();
        Ok(register)
    }

    /// A withdrawal that counts ends everything of its number, also what its row may not replace.
    fn end_withdrawn(&mut self, registry: &Registry) {
        let numbers = self.current(CertificateStep::Withdrawn).map(|p| p.row.no.clone());
        let ended: BTreeSet<String> = numbers.filter(|no| self.withdrawal(registry, no).is_some()).collect();
        let stands = |p: &&mut Paper| p.row.step != CertificateStep::Withdrawn && ended.contains(&p.row.no);
        self.0.iter_mut().filter(stands).for_each(|p| p.is_replaced = true);
    }

    /// Two counties cannot come to one number; two machines of one county can, and then stand in reviews of two schools.
    fn find_rivals(&mut self) {
        let mut of: BTreeMap<(String, &str), BTreeSet<String>> = BTreeMap::new();
        let step = |p: &Paper| (p.row.no.clone(), p.row.step.word());
        for paper in self.0.iter().filter(|p| !p.is_replaced) {
            of.entry(step(paper)).or_default().insert(paper.row.teacher.clone());
        }
        for paper in &mut self.0 {
            paper.is_rival |= !paper.is_replaced && of.get(&step(paper)).is_some_and(|teachers| teachers.len() > 1);
        }
    }

    /// Those that no other replaces.
    pub(crate) fn current(&self, step: CertificateStep) -> impl Iterator<Item = &Paper> {
        self.0.iter().filter(move |p| !p.is_replaced && p.row.step == step)
    }

    /// Is this number of this teacher confirmed?
    pub(super) fn is_confirmed(&self, paper: &Paper) -> bool {
        self.current(CertificateStep::Confirmed).any(|q| q.row.no == paper.row.no && q.row.teacher == paper.row.teacher)
    }

    /// All, replaced ones too.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Paper> {
        self.0.iter()
    }

    /// Those of a teacher's cycle.
    pub(crate) fn of_cycle<'r>(
        &'r self,
        step: CertificateStep,
        teacher: &'r str,
        cycle: &'r str,
    ) -> impl Iterator<Item = &'r Paper> {
        self.current(step).filter(move |p| p.row.teacher == teacher && p.row.cycle == cycle)
    }

    /// The withdrawal of a number, if it counts.
    pub(crate) fn withdrawal(&self, registry: &Registry, no: &str) -> Option<&Paper> {
        let counts = |p: &Paper| p.review.subject.is_some_and(|school| self.ends(registry, p.review.owner, school, no));
        self.current(CertificateStep::Withdrawn).find(|p| p.row.no == no && counts(p))
    }

    /// Would a withdrawal by this organisation count: a city's or province's above the school, else a county's or a former city's where no other has confirmed?
    pub(super) fn ends(&self, registry: &Registry, by: OrgId, school: OrgId, no: &str) -> bool {
        let is_of_other = |p: &Paper| p.row.no == no && p.review.owner != by;
        may_confirm(registry, by, school)
            || (might_withdraw(registry, by, school) && !self.current(CertificateStep::Confirmed).any(is_of_other))
    }

    /// What else stands for a row's teacher and cycle, under another number, but for what the row in this review replaces itself.
    pub(super) fn beside(&self, row: &Certificate, review: DocId) -> Vec<&Paper> {
        let is_of_cycle = |p: &Paper| p.row.teacher == row.teacher && p.row.cycle == row.cycle && p.row.no != row.no;
        let stands = |p: &Paper| !p.is_replaced && p.row.step != CertificateStep::Withdrawn;
        self.all().filter(|p| is_of_cycle(p) && stands(p) && (p.review != review || p.row.step != row.step)).collect()
    }

    /// What goes before a prepared one in its teacher's cycle, under another number: that of the school where the teacher is now, by who prepares there; then the later one.
    pub(super) fn superseding<'r>(&'r self, registry: &Registry, paper: &'r Paper, school: OrgId) -> Option<&'r Paper> {
        let is_here = |p: &Paper| p.review.subject == Some(school) && prepares(registry, school) == Some(p.review.owner);
        let of_cycle = self.of_cycle(CertificateStep::Prepared, &paper.row.teacher, &paper.row.cycle);
        let last = of_cycle.max_by_key(|p| (is_here(p), p.row.day, p.row.no.as_str()));
        last.filter(|p| p.row.no != paper.row.no)
    }

    /// The next free number behind a prefix; replaced ones are not given again.
    pub(crate) fn next(&self, prefix: &str) -> u32 {
        let running = self.0.iter().filter_map(|p| p.row.no.strip_prefix(prefix)?.parse::<u32>().ok());
        running.max().unwrap_or(0).saturating_add(1)
    }
}

/// Is a row believed? Who may write one today is another question: what a county or city said of a school that it had then stays said when the school has gone to another (docs/decisions/0014).
fn might_say(registry: &Registry, paper: &Paper) -> bool {
    let (owner, Some(school)) = (paper.review.owner, paper.review.subject) else { return false };
    let code = code_of(&paper.row.no);
    if !preparers(registry, school).any(|o| registry.was_called(o, code)) {
        return false;
    }
    match paper.row.step {
        CertificateStep::Prepared => preparers(registry, school).any(|o| o == owner),
        CertificateStep::Confirmed => might_confirm(registry, owner, school),
        CertificateStep::Withdrawn => might_withdraw(registry, owner, school),
    }
}

/// The code that a number begins with: of whoever prepared it.
pub(crate) fn code_of(no: &str) -> &str {
    no.rsplitn(3, '-').nth(2).unwrap_or_default()
}

/// Those that prepare for a school, or ever did: whatever creates or takes over a school certifies.
fn preparers(registry: &Registry, school: OrgId) -> impl Iterator<Item = OrgId> {
    let spans = registry.orgs.get(&school).map(OrgRecord::spans).unwrap_or_default();
    spans.into_iter().map(|s| s.parent)
}

/// A city or a province that is above the school, or ever was.
fn might_confirm(registry: &Registry, org: OrgId, school: OrgId) -> bool {
    confirms(registry, org) && registry.was_at_or_above(org, school, Day(0))
}

fn might_withdraw(registry: &Registry, org: OrgId, school: OrgId) -> bool {
    preparers(registry, school).any(|o| o == org) || might_confirm(registry, org, school)
}

/// The organisation that prepares certificates for a school: the nearest that certifies.
pub(crate) fn prepares(registry: &Registry, school: OrgId) -> Option<OrgId> {
    registry.ancestors(school).into_iter().find(|o| registry.kind(*o).is_some_and(OrgKind::certifies))
}

/// A city or a province above the school.
pub(crate) fn may_confirm(registry: &Registry, org: OrgId, school: OrgId) -> bool {
    confirms(registry, org) && registry.is_at_or_above(org, school)
}

fn confirms(registry: &Registry, org: OrgId) -> bool {
    matches!(registry.kind(org), Some(OrgKind::City | OrgKind::Province))
}

/// A certificate as shown.
pub(crate) fn shown_paper(core: &Core, p: &Paper) -> Json {
    let state = if p.is_replaced {
        "replaced"
    } else if p.is_rival {
        "rival"
    } else {
        p.row.step.word()
    };
    json!({
        "no": p.row.no, "teacher": p.row.teacher, "state": state, "cycle_years": p.row.cycle, "policy": p.row.policy_id,
        "hours": hours(&p.row.h100_lines), "day": p.row.day.to_string(), "by": shown::hand(core, &p.name.entry).get("label"),
        "document": shown::document(core, &p.review), "row": p.name.to_string(),
    })
}

/// Hours by bucket.
pub(crate) fn hours(lines: &[(String, u32)]) -> Vec<Json> {
    lines.iter().map(|(bucket, h100)| json!({ "bucket": bucket, "h100": h100 })).collect()
}
