//! What a review keeps, against the table of readers: for every kind of document, owner, subject and year, in trees with and without moves.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use crate::{
    founding::NewOrg,
    id::{DocId, EntryId, Kind, NetworkId, OrgId},
    ledger::Ledger,
    op::RowName,
    registry::OrgRow,
    rows::{Org, OrgKind},
    units::Day,
};

const YEARS: [u16; 3] = [2024, 2025, 2026];

/// root › province › {city › {county › {school, township}, other › foreign, base}, second city › third}
struct Tree {
    ledger: Ledger,
    rows: u8,
    city: OrgId,
    county: OrgId,
    other: OrgId,
    base: OrgId,
    school: OrgId,
    foreign: OrgId,
    third: OrgId,
    second_city: OrgId,
    province: OrgId,
}

impl Tree {
    fn new() -> Self {
        let network = NetworkId([7; 32]);
        let none = OrgId::root(network);
        let mut t = Self {
            ledger: Ledger::new(network),
            rows: 0,
            city: none,
            county: none,
            other: none,
            base: none,
            school: none,
            foreign: none,
            third: none,
            second_city: none,
            province: none,
        };
        t.province = t.create(none, OrgKind::Province);
        t.city = t.create(t.province, OrgKind::City);
        t.second_city = t.create(t.province, OrgKind::City);
        t.county = t.create(t.city, OrgKind::County);
        t.other = t.create(t.city, OrgKind::County);
        t.third = t.create(t.second_city, OrgKind::County);
        t.base = t.create(t.city, OrgKind::Organiser);
        t.school = t.create(t.county, OrgKind::School);
        t.create(t.county, OrgKind::Township);
        t.foreign = t.create(t.other, OrgKind::School);
        t
    }

    fn insert(&mut self, registry: OrgId, row: Org) {
        self.rows += 1;
        let name = RowName { entry: EntryId([self.rows; 32]), index: 0 };
        let row = OrgRow { name, registry, is_of_creator: row.random.is_some(), replaces: Vec::new(), row };
        self.ledger.registry.insert_org(row);
    }

    fn create(&mut self, parent: OrgId, kind: OrgKind) -> OrgId {
        let new = NewOrg { code: String::new(), kind, name: String::new(), random: [self.rows; 8] };
        let row = new.row(parent, Day(0));
        let org = row.org;
        self.insert(parent, row);
        org
    }

    /// The registry `at` says something else of an organisation.
    fn tell(mut self, at: OrgId, org: OrgId, change: impl FnOnce(&mut Org)) -> Self {
        let mut row = self.ledger.registry.orgs.get(&org).unwrap().creation.row.clone();
        row.random = None;
        change(&mut row);
        self.insert(at, row);
        let judged = self.ledger.registry.judged(None, &|_| true);
        self.ledger.registry.hold(judged);
        self
    }

    fn moved(self, at: OrgId, org: OrgId, to: OrgId, year: u16) -> Self {
        let t = self.tell(at, org, |row| (row.parent, row.from_day) = (to, Day(Day::first_of(year).0 + 100)));
        assert_eq!(t.ledger.registry.ancestors(org).first(), Some(&to));
        t
    }

    fn orgs(&self) -> Vec<OrgId> {
        self.ledger.registry.orgs.keys().copied().collect()
    }

    /// Every document that there may be.
    fn documents(&self) -> Vec<DocId> {
        let orgs = self.orgs();
        let subjects: Vec<Option<OrgId>> = orgs.iter().copied().map(Some).chain([None]).collect();
        let periods: Vec<Option<u16>> = YEARS.into_iter().map(Some).chain([None]).collect();
        let mut out = Vec::new();
        for kind in Kind::ALL {
            for owner in &orgs {
                for subject in &subjects {
                    out.extend(periods.iter().map(|p| DocId { owner: *owner, kind, period: *p, subject: *subject }));
                }
            }
        }
        out.retain(DocId::is_well_formed);
        out
    }

    fn readers(&self, document: &DocId) -> BTreeSet<OrgId> {
        self.orgs().into_iter().filter(|r| self.ledger.registry.may_read(*r, document)).collect()
    }
}

#[test]
fn whoever_reads_what_a_review_keeps_reads_the_review() {
    let new = Tree::new();
    let Tree { city, county, other, school, foreign, third, second_city, province, .. } = new;
    let trees = [
        new,
        Tree::new().moved(city, school, other, 2024),
        Tree::new().moved(city, school, other, 2025),
        Tree::new().moved(province, school, third, 2025),
        Tree::new().moved(province, county, second_city, 2025),
        Tree::new().moved(province, county, second_city, 2024).moved(province, school, third, 2025),
        // Closed in favour of a school of another county.
        Tree::new().tell(county, school, |row| (row.closed_day, row.succeeded_by) = (Some(Day::first_of(2025)), Some(foreign))),
    ];
    for (n, t) in trees.iter().enumerate() {
        let documents = t.documents();
        let all: Vec<(DocId, BTreeSet<OrgId>)> = documents.iter().map(|d| (*d, t.readers(d))).collect();
        let mut kept: BTreeSet<(Kind, bool)> = BTreeSet::new();
        for (by, hold) in all.iter().filter(|(d, _)| d.kind == Kind::Review) {
            let others = all.iter().filter(|(of, _)| of != by && t.ledger.keeps(of, by));
            for (of, read) in others {
                // A review from above keeps in those below: read apart by an office that has no say in the subject, or not in the other year.
                if of.kind == Kind::Review && (!t.ledger.registry.decides(of) || of.period != by.period) {
                    continue;
                }
                let lacking: Vec<_> = read.difference(hold).map(|r| (t.ledger.registry.kind(*r), *r)).collect();
                assert!(lacking.is_empty(), "tree {n}: {by:?} keeps in {of:?}, which {lacking:?} reads too");
                kept.insert((of.kind, of.subject.is_some()));
            }
        }
        kept.remove(&(Kind::Review, true));
        let expected =
            [(Kind::Roster, false), (Kind::Identity, false), (Kind::Ledger, false), (Kind::Ledger, true), (Kind::Transfer, true)];
        assert_eq!(kept, BTreeSet::from(expected), "what is kept at all, tree {n}");
    }
}

/// What the county decides, accepts and closes in its own school's year is kept, and so is what the city does there.
#[test]
fn a_review_keeps_what_its_subject_wrote_that_year() {
    let t = Tree::new();
    for owner in [t.county, t.city] {
        let review = DocId::about(owner, Kind::Review, 2025, t.school);
        let of = [
            DocId::of_year(t.school, Kind::Ledger, 2025),
            DocId::of(t.school, Kind::Roster),
            DocId::of(t.school, Kind::Identity),
        ];
        of.iter().for_each(|d| assert!(t.ledger.keeps(d, &review), "{d:?}"));
        assert!(t.ledger.keeps(&DocId::about(owner, Kind::Ledger, 2025, t.school), &review));
        assert!(!t.ledger.keeps(&DocId::of_year(t.school, Kind::Ledger, 2024), &review), "of the year before");
        assert!(!t.ledger.keeps(&DocId::of_year(owner, Kind::Ledger, 2025), &review), "of another than its subject");
    }
    let about_base = DocId::about(t.city, Kind::Review, 2025, t.base);
    assert!(t.ledger.keeps(&DocId::of_year(t.base, Kind::Ledger, 2025), &about_base));
    assert!(!t.ledger.keeps(&DocId::of_year(t.base, Kind::Notice, 2025), &about_base), "every school reads a base's notices");
}
