//! The certificates in the reviews at hand.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{DocId, Kind, OrgId},
    op::RowName,
    registry::Registry,
    rows::{Certificate, CertificateStep, OrgKind, RowType},
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
        register.0.retain(|p| may_say(&core.ledger().registry, p));
        register.find_rivals();
        Ok(register)
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

    /// The withdrawal of a number, if it counts: a city's or province's, or the county's where nothing was confirmed.
    pub(crate) fn withdrawal(&self, registry: &Registry, no: &str) -> Option<&Paper> {
        let is_confirmed = self.current(CertificateStep::Confirmed).any(|p| p.row.no == no);
        let from_above = |p: &Paper| p.review.subject.is_some_and(|s| may_confirm(registry, p.review.owner, s));
        self.current(CertificateStep::Withdrawn).find(|p| p.row.no == no && (from_above(p) || !is_confirmed))
    }

    /// The next free number behind a prefix; replaced ones are not given again.
    pub(crate) fn next(&self, prefix: &str) -> u32 {
        let running = self.0.iter().filter_map(|p| p.row.no.strip_prefix(prefix)?.parse::<u32>().ok());
        running.max().unwrap_or(0).saturating_add(1)
    }
}

/// Who reviews a school prepares for it; a city or province above it confirms.
fn may_say(registry: &Registry, paper: &Paper) -> bool {
    let Some(school) = paper.review.subject else { return false };
    match paper.row.step {
        CertificateStep::Prepared => prepares(registry, school) == Some(paper.review.owner),
        CertificateStep::Confirmed => may_confirm(registry, paper.review.owner, school),
        CertificateStep::Withdrawn => {
            prepares(registry, school) == Some(paper.review.owner) || may_confirm(registry, paper.review.owner, school)
        }
    }
}

/// The organisation that prepares certificates for a school: the nearest that certifies.
pub(crate) fn prepares(registry: &Registry, school: OrgId) -> Option<OrgId> {
    registry.ancestors(school).into_iter().find(|o| registry.kind(*o).is_some_and(OrgKind::certifies))
}

/// A city or a province above the school.
pub(crate) fn may_confirm(registry: &Registry, org: OrgId, school: OrgId) -> bool {
    matches!(registry.kind(org), Some(OrgKind::City | OrgKind::Province)) && registry.is_at_or_above(org, school)
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
