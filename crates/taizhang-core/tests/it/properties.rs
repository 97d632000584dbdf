//! Random small worlds: whatever the order of arrival, every node comes to the same picture.

use std::collections::BTreeSet;

use taizhang_core::{
    entry::SignedEntry,
    id::{DocId, EntryId, OrgId},
    op::RowName,
    rows::{OrgKind, Role},
    standing::{Judge, Standing},
    units::Day,
};

use crate::kit::{DAY, FIELDS, Node, PLAN, Rng, World, ledger_of, registry, review};

const ADMINS: [&str; 3] = ["admin", "second-admin", "deep-admin"];
const STAFF: [&str; 3] = ["clerk", "reviewer", "second-clerk"];

/// A county with three admins (two at one depth, one below), a school, two clerks and a reviewer who take part at random.
struct Play {
    w: World,
    rng: Rng,
    county: OrgId,
    school: OrgId,
    grants: Vec<RowName>,
    written: Vec<EntryId>,
    invites: Vec<taizhang_core::founding::Invite>,
}

impl Play {
    fn new(seed: u64) -> Self {
        let mut w = World::found();
        let city = w.city;
        let county = w.org("city-admin", city, OrgKind::County, "county");
        let mut grants = vec![w.grant("city-admin", city, "head", Role::Admin, county)];
        grants.push(w.grant("head", county, "admin", Role::Admin, county));
        grants.push(w.grant("head", county, "second-admin", Role::Admin, county));
        grants.push(w.grant("second-admin", county, "deep-admin", Role::Admin, county));
        let school = w.org("head", county, OrgKind::School, "school");
        grants.push(w.grant("head", county, "clerk", Role::Clerk, school));
        grants.push(w.grant("admin", county, "reviewer", Role::Reviewer, county));
        grants.push(w.grant("deep-admin", county, "second-clerk", Role::Clerk, school));
        let written = w.entries.iter().map(|e| e.id).collect();
        Self { w, rng: Rng(seed * 7919 + 1), county, school, grants, written, invites: Vec::new() }
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.rng.below(of.len())]
    }

    /// A few entries of the past, the latest more often.
    fn some(&mut self) -> Vec<EntryId> {
        let n = self.rng.below(3);
        (0..n)
            .map(|_| {
                let back = self.rng.below(8).min(self.rng.below(self.written.len()));
                self.written[self.written.len() - 1 - back]
            })
            .collect()
    }

    fn document_of(&self, who: &str) -> DocId {
        if who == "reviewer" { review(self.county, self.school) } else { ledger_of(self.school) }
    }

    fn act(&mut self) {
        let (county, school) = (self.county, self.school);
        let (admin, staff) = (self.one(&ADMINS), self.one(&STAFF));
        let anyone = self.one(&[ADMINS, STAFF].concat());
        let document = self.document_of(staff);
        let up_to = self.some();
        let id = match self.rng.below(14) {
            0 | 1 => self.w.row(staff, document),
            2 => {
                self.w.restart(staff);
                self.w.row(staff, document)
            }
            3 => self.fork(staff, document),
            4 => self.correction(staff, document),
            5 | 6 => self.w.burn(admin, county, anyone, &up_to),
            7 => {
                let grants = self.grants.clone();
                let grant = self.one(&grants);
                let left = Day(DAY.0 + self.rng.below(3) as u32 - 1);
                self.w.end(admin, county, grant, left, &up_to)
            }
            8 | 9 => self.w.accept(admin, registry(county), &up_to),
            10 => self.w.accept("reviewer", review(county, school), &up_to),
            11 => {
                let role = if ADMINS.contains(&anyone) { Role::Admin } else { Role::Clerk };
                let org = if role == Role::Admin { county } else { school };
                let grant = self.w.grant(admin, county, anyone, role, org);
                self.grants.push(grant);
                grant.entry
            }
            12 => self.fork(admin, registry(county)),
            _ => self.invite(admin, anyone),
        };
        self.written.push(id);
    }

    /// Makes an invite, or uses one made before (for somebody who may hold grants already); a second use is a fork.
    fn invite(&mut self, admin: &str, anyone: &str) -> EntryId {
        if self.invites.is_empty() || self.rng.below(3) == 0 {
            let code = format!("code {}", self.invites.len());
            let invite = self.w.invite(admin, self.county, &code, Role::Admin, self.county);
            let id = invite.grant.entry;
            self.invites.push(invite);
            return id;
        }
        let n = self.rng.below(self.invites.len());
        // Sometimes the newcomer is another invite's key: a circle of invites.
        let other = format!("code {}", self.rng.below(self.invites.len()));
        let who = if self.rng.below(2) == 0 { anyone } else { &other };
        let use_of = self.w.use_of(&self.invites[n], who);
        self.w.take(use_of)
    }

    /// Up to six siblings beside an entry of somebody's log.
    fn fork(&mut self, who: &str, document: DocId) -> EntryId {
        self.w.row(who, document);
        let d = self.w.draft(who, document);
        let mut last = EntryId([0; 32]);
        for n in 0..=self.rng.below(6) as u8 {
            let row = [0x81, n];
            let e: SignedEntry = d.clone().payload(|p| _ = p.row(PLAN, &[], &row)).sign();
            last = self.w.take(e);
            self.written.push(last);
        }
        last
    }

    fn correction(&mut self, who: &str, document: DocId) -> EntryId {
        let l = self.w.ledger();
        let rows: Vec<EntryId> = l.document(&document).map(|d| d.entries.clone()).unwrap_or_default();
        if rows.is_empty() {
            return self.w.row(who, document);
        }
        let other = self.one(&rows);
        self.w.write(who, document, |p| _ = p.row(PLAN, &[RowName { entry: other, index: 0 }.here()], &FIELDS))
    }
}

#[test]
fn every_permutation_of_a_few_entries() {
    let mut seen = BTreeSet::new();
    for seed in 1..=14 {
        let mut p = Play::new(seed);
        let fixed = p.w.entries.len();
        while p.w.entries.len() < fixed + 5 {
            p.act();
        }
        seen.extend(standings(&p.w.node));
        p.w.agrees_in_every_order((p.w.entries.len() - fixed).min(6));
    }
    assert!(seen.len() >= 3, "the worlds were too quiet: {seen:?}");
}

#[test]
fn two_hundred_orders_of_many_entries() {
    let mut seen = BTreeSet::new();
    for seed in 1..=16 {
        let mut p = Play::new(1000 + seed);
        (0..25).for_each(|_| p.act());
        seen.extend(standings(&p.w.node));
        p.w.agrees_in_every_order(p.w.entries.len());
    }
    assert_eq!(seen.len(), 5, "every standing occurs: {seen:?}");
}

fn standings(node: &Node) -> BTreeSet<Standing> {
    let judge = Judge::new(&node.ledger);
    node.store.0.keys().map(|id| judge.standing(id)).collect()
}

/// Long random worlds come to an end, and a second hearing changes nothing.
#[test]
fn long_worlds() {
    for seed in 1..=10 {
        let mut p = Play::new(5000 + seed);
        (0..120).for_each(|_| p.act());
        let order: Vec<usize> = (0..p.w.entries.len()).rev().collect();
        let mut node = p.w.heard(&order);
        let picture = node.picture();
        assert_eq!(picture, p.w.node.picture());
        node.deliver(&p.w.entries);
        assert_eq!(node.picture(), picture, "insert is idempotent");
    }
}

/// The judgement does not depend on which entry was asked about first.
#[test]
fn the_order_of_questions_changes_nothing() {
    for seed in 1..=10 {
        let mut p = Play::new(9000 + seed);
        (0..60).for_each(|_| p.act());
        let shared = Judge::new(p.w.ledger());
        for i in Rng(seed).shuffle(p.w.entries.len()) {
            let id = p.w.entries[i].id;
            assert_eq!(shared.standing(&id), p.w.standing(id));
        }
    }
}
