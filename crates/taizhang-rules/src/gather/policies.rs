//! Which policies hold for an organisation: rows 11 of the policy documents of organisations at or above it, with the texts of rows 10.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use taizhang_core::{
    id::{Kind, OrgId},
    op::RowName,
    planted::{Check, is_off},
    registry::Registry,
    rows::{Adopt, PolicyText},
    units::Day,
    view::matter::Matters,
};

use super::Adoptions;
use crate::{
    case::{OpenInput, Stage},
    policy::{Policy, check, regime::Adopted},
};

/// A policy's text, or the word for why there is none.
type Text = Result<Arc<Policy>, &'static str>;

/// Id, edition, SHA-256.
type Name = (String, String, [u8; 32]);

/// All adoptions at hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Policies {
    rows: Vec<(OrgId, Adopt)>,
    texts: BTreeMap<Name, Text>,
    /// Rows that this version cannot read.
    newer: BTreeSet<(OrgId, RowName)>,
    /// Every organisation with those above it, nearest first.
    above: BTreeMap<OrgId, Vec<OrgId>>,
}

impl Policies {
    pub(super) fn read(matters: &Matters<'_>, registry: &Registry) -> Self {
        let mut out = Self::default();
        for matter in matters.iter().filter(|m| m.document.kind == Kind::Policy) {
            let owner = matter.document.owner;
            for row in matter.contents.iter().filter_map(|c| matters.row(*c.rows.first()?)) {
                if let Some(text) = row.read::<PolicyText>().map(|p| p.row) {
                    let read = read(&text);
                    let known = out.texts.entry((text.id, text.version, text.sha256)).or_insert_with(|| read.clone());
                    if known.is_err() && read.is_ok() {
                        *known = read;
                    }
                } else if let Some(adopt) = row.read::<Adopt>().map(|p| p.row) {
                    out.rows.push((owner, adopt));
                } else if super::newer::is_unread(row) {
                    out.newer.insert((owner, row.name));
                }
            }
        }
        out.above = registry.orgs.keys().map(|org| (*org, registry.ancestors(*org))).collect();
        out
    }

    fn is_at_or_above(&self, above: OrgId, org: OrgId) -> bool {
        above == org || self.above.get(&org).is_some_and(|all| all.contains(&above))
    }

    /// How far above; the organisation itself is 0.
    fn distance(&self, above: OrgId, org: OrgId) -> Option<usize> {
        if above == org { Some(0) } else { Some(self.above.get(&org)?.iter().position(|o| *o == above)? + 1) }
    }

    /// Nobody adopts for organisations that are not below him.
    fn reaches(&self, owner: OrgId, row: &Adopt, org: OrgId) -> bool {
        match &row.orgs {
            None => self.is_at_or_above(owner, org),
            Some(named) => named.iter().any(|o| self.is_at_or_above(owner, *o) && self.is_at_or_above(*o, org)),
        }
    }

    /// Of adoptions from one day those of the nearest organisation count; two of that one contradict each other.
    pub(super) fn of(&self, org: OrgId, stage: Stage) -> Adoptions {
        let mut open: BTreeSet<OpenInput> = self.newer_of(org).collect();
        let mut bases: BTreeMap<Day, Vec<Held>> = BTreeMap::new();
        let mut overlays: Vec<(Held, String)> = Vec::new();
        for (owner, row) in self.rows.iter().filter(|(owner, row)| self.reaches(*owner, row, org)) {
            let distance = self.distance(*owner, org).unwrap_or(usize::MAX);
            let Some(policy) = self.text(row, stage, &mut open) else { continue };
            let held = Held { distance, from: row.effective_day, policy };
            match &row.overlay_of {
                Some(base) => overlays.push((held, base.clone())),
                None => bases.entry(row.effective_day).or_default().push(held),
            }
        }
        let mut adopted: Vec<Adopted> = Vec::new();
        for (from, of_day) in bases {
            let nearest = of_day.iter().map(|h| h.distance).min();
            let mut said: Vec<Arc<Policy>> =
                of_day.into_iter().filter(|h| Some(h.distance) == nearest).map(|h| h.policy).collect();
            said.sort_by(|a, b| (&a.id, a.sha256).cmp(&(&b.id, b.sha256)));
            said.dedup_by_key(|p| p.sha256);
            said.truncate(if is_off(Check::RivalAdoptions) { 1 } else { usize::MAX });
            match said.as_slice() {
                [policy] => adopted.push(Adopted { from, policy: policy.clone(), overlays: Vec::new() }),
                _ => {
                    let ids: Vec<&str> = said.iter().map(|p| p.id.as_str()).collect();
                    open.insert(OpenInput { what: "adoption_undecided".into(), about: ids.join(" ") });
                }
            }
        }
        overlays.sort_by(|(a, _), (b, _)| (a.from, &a.policy.id, a.policy.sha256).cmp(&(b.from, &b.policy.id, b.policy.sha256)));
        for (overlay, base) in &overlays {
            lay(&mut adopted, overlay, base);
        }
        Adoptions { adopted, open: open.into_iter().collect() }
    }

    fn newer_of(&self, org: OrgId) -> impl Iterator<Item = OpenInput> {
        let reaching = self.newer.iter().filter(move |(owner, _)| self.is_at_or_above(*owner, org));
        reaching.map(|(_, name)| OpenInput { what: "newer_version".into(), about: name.to_string() })
    }

    /// The text of an adoption that is for this stage. Without one it might be: that is open too.
    fn text(&self, row: &Adopt, stage: Stage, open: &mut BTreeSet<OpenInput>) -> Option<Arc<Policy>> {
        let named: Vec<Option<Stage>> = row.stages.iter().map(|s| super::people::stage(s)).collect();
        if !named.is_empty() && !named.contains(&None) && !named.contains(&Some(stage)) {
            return None;
        }
        let name = (row.id.clone(), row.version.clone(), row.sha256);
        match self.texts.get(&name) {
            Some(Ok(policy)) => {
                let is_for_it = if named.is_empty() { policy.stages.is_empty() || policy.stages.contains(&stage) } else { true };
                is_for_it.then(|| policy.clone())
            }
            Some(Err(why)) => {
                open.insert(OpenInput { what: (*why).to_owned(), about: row.id.clone() });
                None
            }
            None => {
                open.insert(OpenInput { what: "policy_text_missing".into(), about: row.id.clone() });
                None
            }
        }
    }
}

/// A policy from a day on.
struct Held {
    distance: usize,
    from: Day,
    policy: Arc<Policy>,
}

/// An overlay joins every adoption of its base from its own day on; where the base began before, the base is adopted again together with it.
fn lay(adopted: &mut Vec<Adopted>, overlay: &Held, base: &str) {
    let add = |a: &mut Adopted| {
        if a.overlays.iter().all(|o| o.sha256 != overlay.policy.sha256) {
            a.overlays.push(overlay.policy.clone());
        }
    };
    adopted.iter_mut().filter(|a| a.from >= overlay.from && a.policy.id == base).for_each(add);
    let before = adopted.iter().rposition(|a| a.from < overlay.from);
    let again = before.and_then(|at| Some((at, adopted.get(at)?.clone()))).filter(|(_, a)| a.policy.id == base);
    let is_taken = adopted.iter().any(|a| a.from == overlay.from);
    if let Some((at, mut again)) = again.filter(|_| !is_taken) {
        again.from = overlay.from;
        add(&mut again);
        adopted.insert(at + 1, again);
    }
}

fn read(text: &PolicyText) -> Text {
    let policy = Policy::read(&text.toml.0).map_err(|_| "policy_unreadable")?;
    if (policy.sha256 != text.sha256 || policy.id != text.id) && !is_off(Check::PolicyText) {
        return Err("policy_text_differs");
    }
    if check::acceptable(&check::check(&policy)) { Ok(Arc::new(policy)) } else { Err("policy_refused") }
}
