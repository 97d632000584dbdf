//! What counties and cities decided about teachers: waivers, bans, recognitions, merges. Locks are not read here: what arrived after one counts in no view.
//!
//! Only reviews of a county or city count that is above their subject, or was in their year or later, and only for teachers of that subject.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    id::{Kind, OrgId},
    op::{RowName, RowRef},
    registry::Registry,
    rows::{self, ActivityKind, BanFlag, Decision, Merge, OrgKind, Recognition, RowType, Verdict},
    units::{Day, Ms},
    view::{
        DocumentView,
        matter::{Matter, Matters},
    },
};

use super::seat;
use crate::case::Seat;

/// Months waived, as one review says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Waived {
    pub(super) year: u16,
    pub(super) at: Ms,
    pub(super) name: RowName,
    pub(super) months: u32,
    pub(super) subject: OrgId,
}

/// A ban, or the flag of one in a notice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Banned {
    pub(super) decided: Day,
    pub(super) trigger: String,
    pub(super) lifted: Option<Day>,
    /// Something else is said about the same ban.
    pub(super) is_rival: bool,
    /// The teacher serves here, or (a notice's) anywhere below.
    pub(super) reach: OrgId,
}

/// A recognition of one training for one teacher.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Recognised {
    pub(super) verdict: Verdict,
    pub(super) kind: Option<ActivityKind>,
    pub(super) h100: Option<u32>,
    pub(super) day: Day,
    pub(super) subject: OrgId,
}

/// Everything that reviews and notices say, by teacher or row.
#[derive(Clone, Debug, Default)]
pub(super) struct Reviews {
    pub(super) waivers: BTreeMap<String, BTreeSet<Waived>>,
    pub(super) bans: BTreeMap<String, BTreeSet<Banned>>,
    /// By teacher and the row that is recognised.
    pub(super) recognitions: BTreeMap<(String, RowName), BTreeSet<Recognised>>,
    /// Rows that a merge took away, with the row it kept.
    pub(super) dropped: BTreeMap<RowName, RowName>,
    /// Rows about which merges contradict each other.
    pub(super) unclear: BTreeSet<RowName>,
    /// How high the office of each decision on hours is.
    pub(super) seats: BTreeMap<RowName, Seat>,
}

impl Reviews {
    pub(super) fn read(views: &[DocumentView], matters: &Matters<'_>, registry: &Registry) -> Self {
        let mut out = Self { seats: seats(views, registry), ..Self::default() };
        let mut merges = Vec::new();
        for matter in matters.iter() {
            match matter.document.kind {
                Kind::Review if registry.decides(&matter.document) => out.review(matters, matter, &mut merges),
                Kind::Notice if matter.row_type == BanFlag::TYPE => out.flags(matters, matter, registry),
                _ => {}
            }
        }
        out.merge(matters, &merges);
        out
    }

    fn review(&mut self, matters: &Matters<'_>, matter: &Matter, merges: &mut Vec<(RowName, RowName)>) {
        let Some(subject) = matter.document.subject else { return };
        for row in matter.contents.iter().flat_map(|c| &c.rows).filter_map(|n| matters.row(*n)) {
            if let Some(waiver) = row.read::<rows::Waiver>().map(|p| p.row) {
                let (year, months) = (waiver.year, u32::from(waiver.months));
                let waived = Waived { year, at: row.time, name: row.name, months, subject };
                self.waivers.entry(waiver.teacher).or_default().insert(waived);
            } else if let Some(ban) = row.read::<rows::Ban>().map(|p| p.row) {
                let is_rival = matter.contents.len() > 1;
                let banned = Banned { decided: ban.decided_day, trigger: ban.trigger, lifted: None, is_rival, reach: subject };
                self.bans.entry(ban.teacher).or_default().insert(banned);
            } else if let Some(r) = row.read::<Recognition>().map(|p| p.row) {
                let about = (r.teacher, r.target.resolve(row.name.entry));
                let recognised = Recognised { verdict: r.verdict, kind: r.kind, h100: r.h100, day: row.time.day(), subject };
                self.recognitions.entry(about).or_default().insert(recognised);
            } else if let Some(merge) = row.read::<Merge>().map(|p| p.row) {
                let concerns = |r: &RowRef| r.document.is_some_and(|d| d.concerns() == subject || d.owner == subject);
                if concerns(&merge.keep) {
                    let keep = merge.keep.resolve(row.name.entry);
                    let drops = merge.drop.iter().filter(|r| concerns(r)).map(|r| r.resolve(row.name.entry));
                    merges.extend(drops.filter(|d| *d != keep).map(|d| (d, keep)));
                }
            }
        }
    }

    /// Flags of a bureau reach the teachers of all schools below it; organisers ban nobody.
    fn flags(&mut self, matters: &Matters<'_>, matter: &Matter, registry: &Registry) {
        let reach = matter.document.owner;
        if !registry.kind(reach).is_some_and(OrgKind::certifies) {
            return;
        }
        for flag in matter.contents.iter().filter_map(|c| matters.row(*c.rows.first()?)?.read::<BanFlag>()) {
            let (flag, is_rival) = (flag.row, matter.contents.len() > 1);
            let banned = Banned { decided: flag.decided_day, trigger: flag.trigger, lifted: flag.lifted_day, is_rival, reach };
            self.bans.entry(flag.teacher).or_default().insert(banned);
        }
    }

    /// A row that two merges drop for different ones, that its own merges lead back to, or for which nothing at hand is kept, is dropped by none.
    fn merge(&mut self, matters: &Matters<'_>, merges: &[(RowName, RowName)]) {
        self.unclear.extend(merges.iter().filter(|(_, keep)| matters.row(*keep).is_none()).map(|(dropped, _)| *dropped));
        for (dropped, keep) in merges {
            if self.dropped.insert(*dropped, *keep).is_some_and(|before| before != *keep) {
                self.unclear.insert(*dropped);
            }
        }
        let circles = self.dropped.keys().filter(|start| {
            let chain = std::iter::successors(self.dropped.get(start), |at| self.dropped.get(at));
            chain.take(self.dropped.len()).any(|at| at == *start)
        });
        self.unclear.extend(circles.copied().collect::<Vec<_>>());
        self.dropped.retain(|row, _| !self.unclear.contains(row));
    }

    /// What a row became: itself, or what merges kept in its place.
    pub(super) fn kept(&self, row: RowName) -> RowName {
        let chain = std::iter::successors(Some(row), |at| self.dropped.get(at).copied());
        chain.take(self.dropped.len() + 1).last().unwrap_or(row)
    }
}

/// Of decisions that give way for one line too: they stand for the others.
fn seats(views: &[DocumentView], registry: &Registry) -> BTreeMap<RowName, Seat> {
    let mut out = BTreeMap::new();
    for view in views.iter().filter(|v| v.document.kind == Kind::Review) {
        let Some(seat) = seat(registry, view.document.owner) else { continue };
        out.extend(view.rows.values().filter(|r| r.row_type == Decision::TYPE).map(|r| (r.name, seat)));
    }
    out
}
