//! The dishonest mode: up to a third of the schools, a relay and one of the county's staff cheat for the whole run, also in the calm.
//!
//! A cheating machine runs the real hub, often with one of its checks taken out, and changes what it says ([`lies`]); a cheating person signs what no program of ours
//! would sign and carries it to whoever takes it ([`misdeeds`]). Assumed: in the calm every honest school reaches its county's honest node by a line of its own.
//! What must hold: every honest entry arrives there while the dishonest are still at it, stands, and all that honest nodes hold they hold alike.

mod lies;
mod misdeeds;

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    id::{DocId, EntryId, OrgId},
    registry::Registry,
    rows::{OrgKind, Role},
    standing::Judge,
};
use taizhang_sync::frame::Kinds;

pub(crate) use lies::Lies;
pub use misdeeds::Misdeeds;

use super::{
    shape::Shape,
    world::{Happens, World},
};

/// The dishonest stay so long in the calm; by then every honest entry must have arrived. Virtual ms.
const AT_IT_MS: u64 = 5 * 3_600_000;
/// No honest entry may come later than this after the calm began, whatever they do. Virtual ms.
pub const DELAY_MAX_MS: u64 = 3_600_000;

/// Who cheats, and what became of the others' work.
#[derive(Default)]
pub(crate) struct Dishonest {
    /// People who cheat.
    pub(crate) people: BTreeSet<usize>,
    pub(crate) counts: Misdeeds,
    /// Entries of honest people: where and when they were written.
    written: BTreeMap<EntryId, Written>,
    /// Logs in which somebody signed twice, to be continued in December.
    logs: Vec<misdeeds::FalseLog>,
    calm: u64,
    /// The last arrival of an honest entry at an office that must have it, after the calm began, ms.
    pub(crate) delay_ms: u64,
}

/// An honest entry on its way.
struct Written {
    node: usize,
    document: DocId,
    time: u64,
    /// When each honest machine of a county or the city had it.
    arrived: BTreeMap<usize, u64>,
}

impl Shape {
    /// Enough schools for a third of them to cheat.
    pub(crate) fn with_cheats(mut self, dice: &mut super::dice::Dice) -> Self {
        let (counties, schools) = if dice.one_in(6) { (2, 3) } else { (1, usize::try_from(dice.between(3, 6)).unwrap_or(3)) };
        (self.counties, self.schools, self.machines) = (counties, schools, if dice.one_in(4) { 2 } else { 1 });
        (self.city_wants, self.odd_wants) = (Kinds::all(), Kinds::all());
        (self.hours, self.faults) = (dice.between(4, 20), dice.between(2, 8));
        self
    }
}

impl World {
    /// Runs no program of ours as it is.
    pub(crate) fn is_cheat(&self, node: usize) -> bool {
        self.machines.get(node).is_some_and(|m| m.rogue.is_some() || m.lies.is_some())
    }

    /// Does this person cheat?
    pub(crate) fn cheats(&self, person: usize) -> bool {
        self.dishonest.as_ref().is_some_and(|d| d.people.contains(&person))
    }

    /// Chooses who cheats. With `at_it` they do; without, the same world runs with the same people as honest ones, to compare with.
    pub(crate) fn corrupt(&mut self, end: u64, at_it: bool) {
        let schools: Vec<OrgId> = self.orgs.iter().copied().filter(|o| self.kind(*o) == Some(OrgKind::School)).collect();
        let n = self.dice.between(1, (schools.len() as u64 / 3).max(1));
        let mut bad: BTreeSet<OrgId> = BTreeSet::new();
        while (bad.len() as u64) < n && bad.len() < schools.len() {
            bad.extend(self.dice.pick(&schools));
        }
        let mut nodes: Vec<usize> = (0..self.machines.len()).filter(|m| bad.contains(&self.machines[*m].org)).collect();
        let relay = self.relay(&bad, &nodes);
        nodes.extend(relay);
        let staff = |p: &super::people::Person| {
            matches!(p.role, Role::Reviewer | Role::Clerk) && self.kind(p.org) == Some(OrgKind::County)
        };
        let staff: Vec<usize> = (0..self.people.len()).filter(|p| staff(&self.people[*p])).collect();
        let mut people: BTreeSet<usize> = (0..self.people.len()).filter(|p| nodes.contains(&self.people[*p].node)).collect();
        people.extend(self.dice.pick(&staff));
        self.trace.line(self.now, || format!("cheats: nodes {nodes:?}, people {people:?}"));
        let plans: Vec<(usize, u64)> = people.iter().map(|p| (*p, self.dice.between(4, 12))).collect();
        if let Some(d) = self.dishonest.as_mut() {
            d.people = people;
            d.counts.schools += bad.len() as u64;
            d.counts.relays += u64::from(relay.is_some());
        }
        if !at_it {
            return;
        }
        for node in nodes {
            self.turn_liar(node);
        }
        for (person, n) in plans {
            for _ in 0..n {
                let time = self.now + self.dice.below(end + 3_600_000 - self.now);
                self.at(time, Happens::Misdeed { person });
            }
        }
    }

    pub(crate) fn kind(&self, org: OrgId) -> Option<OrgKind> {
        self.god.ledger.registry.kind(org)
    }

    /// A node through which honest schools reach the county: its second machine, or a cheating school's. Their own lines are down until the calm.
    fn relay(&mut self, bad: &BTreeSet<OrgId>, nodes: &[usize]) -> Option<usize> {
        let is_second = |w: &Self, m: usize| {
            let org = w.machines[m].org;
            w.kind(org) == Some(OrgKind::County) && w.machines.iter().position(|o| o.org == org) != Some(m)
        };
        let second = (0..self.machines.len()).find(|m| is_second(self, *m));
        let relay = second.or_else(|| self.dice.pick(nodes))?;
        let is_honest_school = |w: &Self, m: usize| {
            let org = w.machines[m].org;
            w.kind(org) == Some(OrgKind::School) && !bad.contains(&org) && w.machines[m].running.is_some()
        };
        for node in (0..self.machines.len()).filter(|m| is_honest_school(self, *m)).collect::<Vec<_>>() {
            if self.dice.one_in(2) {
                continue;
            }
            for link in self.links.iter_mut().filter(|l| l.dialer == node) {
                link.is_up = false;
            }
            let conns: Vec<usize> = (0..self.conns.len()).filter(|c| self.conns[*c].ends[0].node == node).collect();
            conns.into_iter().for_each(|c| self.cut(c, [0, 0]));
            self.add_link(node, relay);
        }
        Some(relay)
    }

    /// An honest person's entries are durable where they were written.
    pub(crate) fn note_written(&mut self, node: usize, person: Option<usize>, entries: &[taizhang_core::entry::SignedEntry]) {
        let (now, is_honest) = (self.now, person.is_some_and(|p| !self.cheats(p)) && !self.is_cheat(node));
        let is_office = self.kind(self.machines[node].org) != Some(OrgKind::School);
        let Some(d) = self.dishonest.as_mut().filter(|_| is_honest) else { return };
        for e in entries {
            let arrived = is_office.then_some((node, now)).into_iter().collect();
            d.written.insert(e.id, Written { node, document: e.header.log.document, time: now, arrived });
        }
    }

    /// An honest node of a county or the city has stored entries.
    pub(crate) fn note_stored(&mut self, node: usize, entries: &[EntryId]) {
        if self.is_cheat(node) || self.kind(self.machines[node].org) == Some(OrgKind::School) {
            return;
        }
        let now = self.now;
        let Some(d) = self.dishonest.as_mut() else { return };
        for id in entries {
            if let Some(w) = d.written.get_mut(id) {
                w.arrived.entry(node).or_insert(now);
            }
        }
    }

    /// The calm with the dishonest still at it; then they leave.
    pub(crate) fn calm_among_cheats(&mut self) {
        let calm = self.now;
        if let Some(d) = self.dishonest.as_mut() {
            d.calm = calm;
        }
        self.run_until(calm + AT_IT_MS, 600_000);
        self.now = calm + AT_IT_MS;
        if self.failure.is_none() {
            self.check_honest_entries();
        }
        for node in 0..self.machines.len() {
            if self.machines[node].lies.is_some() {
                self.stop(node);
                self.rogue_leaves(node);
            }
        }
        self.drop_plans(|h| matches!(h, Happens::Misdeed { .. }));
        // What they delayed arrives at connections that are gone.
        self.hasten(self.now + 60_000);
    }

    /// Every honest entry is where it must be, in time, and counts.
    fn check_honest_entries(&mut self) {
        let Some(d) = self.dishonest.as_ref() else { return };
        let (mut delay, mut wrong) = (0, None);
        for (id, w) in &d.written {
            for node in self.offices(&w.document).into_iter().chain([w.node]) {
                if !self.is_reachable(node) || !self.reads(node, &w.document) {
                    continue;
                }
                let Some(ledger) = self.ledger_of(node) else { continue };
                if ledger.place(id).is_none() {
                    wrong = Some(format!("honest entry {id} of {} did not reach node {node} in the calm", w.document));
                } else if !Judge::new(ledger).stands(id) {
                    wrong = Some(format!("honest entry {id} of {} does not stand at node {node}", w.document));
                }
                if let Some(arrived) = w.arrived.get(&node) {
                    delay = delay.max(arrived.saturating_sub(w.time.max(d.calm)));
                }
            }
        }
        if delay > DELAY_MAX_MS {
            wrong.get_or_insert(format!("an honest entry came {} s after the calm began", delay / 1000));
        }
        if let Some(d) = self.dishonest.as_mut() {
            d.delay_ms = delay;
            d.counts.honest += d.written.len() as u64;
        }
        if let Some(wrong) = wrong {
            self.fail(wrong);
        }
    }

    fn is_reachable(&self, node: usize) -> bool {
        self.machines[node].running.is_some() && !self.is_cheat(node)
    }

    /// The honest machines that must have a document: the first of the county above whom it concerns, of every county if it concerns none, and the city's.
    fn offices(&self, document: &DocId) -> BTreeSet<usize> {
        let counties = match self.county_concerned(document) {
            Some(county) => vec![county],
            None => self.orgs.iter().copied().filter(|o| self.kind(*o) == Some(OrgKind::County)).collect(),
        };
        counties.into_iter().filter_map(|county| self.first_honest(county)).chain([0]).collect()
    }

    /// The county above whom a document concerns.
    fn county_concerned(&self, document: &DocId) -> Option<OrgId> {
        let registry: &Registry = &self.god.ledger.registry;
        let concerned = document.subject.unwrap_or(document.owner);
        let mut above = std::iter::once(concerned).chain(registry.ancestors(concerned));
        above.find(|o| registry.kind(*o) == Some(OrgKind::County))
    }

    fn first_honest(&self, org: OrgId) -> Option<usize> {
        (0..self.machines.len()).find(|m| self.machines[*m].org == org && self.is_reachable(*m))
    }

    /// Whoever holds one of several entries at one place, and may read the document, holds the others that count: that is the proof.
    pub(crate) fn check_proofs(&mut self) {
        let honest: Vec<usize> = (0..self.machines.len()).filter(|n| self.is_reachable(*n)).collect();
        let (mut proofs, mut wrong) = (0, None);
        for (log, sequence, ids) in self.god.ledger.forks() {
            let held = |n: usize| -> BTreeSet<EntryId> {
                let ledger = self.ledger_of(n);
                let here = |id: &&EntryId| ledger.is_some_and(|l| l.place(id).is_some() && !l.is_surplus_entry(id));
                ids.iter().filter(here).copied().collect()
            };
            let office = self.county_concerned(&log.document).and_then(|county| self.first_honest(county)).unwrap_or(0);
            let all = held(office);
            let readers = honest.iter().copied().filter(|n| self.reads(*n, &log.document) && !held(*n).is_empty());
            if let Some(n) = readers.into_iter().find(|n| held(*n) != all) {
                wrong = Some(format!("node {n} and node {office} know different branches at {} {sequence}", log.document));
            }
            proofs += u64::from(all.len() > 1);
        }
        if let Some(d) = self.dishonest.as_mut() {
            d.counts.proofs += proofs;
        }
        if let Some(wrong) = wrong {
            self.fail(wrong);
        }
    }
}
