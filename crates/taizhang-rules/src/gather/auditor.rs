//! Who audits a line: for offices that decide in bulk.

use std::collections::BTreeMap;

use taizhang_core::{
    id::OrgId,
    view::training::{ActivityMatter, Line},
};

use super::{Adoptions, Facts};
use crate::{
    case::{Kind, Level, Seat, Stage},
    policy::Body,
};

/// Finds auditors, and remembers the policies of each school and stage.
#[derive(Debug)]
pub struct Auditors<'f> {
    facts: &'f Facts,
    adoptions: BTreeMap<(OrgId, Stage), Adoptions>,
}

impl<'f> Auditors<'f> {
    /// By these facts.
    #[must_use]
    pub fn new(facts: &'f Facts) -> Self {
        Self { facts, adoptions: BTreeMap::new() }
    }

    /// How high the office is that the policy in force at the end of the activity names; `None`: it names none, or the activity is not announced.
    pub fn of(&mut self, line: &Line) -> Option<Seat> {
        let ActivityMatter::Found(_) = line.activity else { return None };
        let activity = self.facts.book().activity(line)?;
        let (kind, level) = (Kind::from_word(activity.kind.word())?, Level::from_word(activity.level.word())?);
        let stage = self.facts.teacher(line.record.teacher())?.stage(activity.end_day)?;
        let facts = self.facts;
        let adoptions = self.adoptions.entry((line.school, stage)).or_insert_with(|| facts.adoptions(line.school, stage));
        let regime = adoptions.regime();
        let period = regime.periods().get(regime.period_at(activity.end_day)?)?;
        let overlays = period.overlays.iter().copied().filter(|_| level == Level::School);
        let mut rules = std::iter::once(period.policy).chain(overlays).flat_map(|p| &p.rules);
        let office = rules.find_map(|rule| match &rule.body {
            Body::Authority { kinds, org_levels, says, .. }
                if (kinds.is_empty() || kinds.contains(&kind)) && (org_levels.is_empty() || org_levels.contains(&level)) =>
            {
                says.get("audit_by")
            }
            _ => None,
        })?;
        Seat::of_office(office, level)
    }
}
