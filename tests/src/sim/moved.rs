//! A school that moves in the middle of a year, and one that goes on as another: who gets what.

use taizhang_core::{
    founding::NewGrant,
    id::{DocId, Kind, OrgId},
    ledger::Ledger,
    op::{PayloadBuilder, RowName},
    rows::{Grant, Org, OrgKind, Role, RowType},
    standing::Judge,
    units,
};
use taizhang_sync::frame::Kinds;

use super::{days::Day, shape::Shape, world::World};

/// 1 September 2025: what is of 2025 and before both counties read, what is of later years the new one.
const SEPTEMBER: units::Day = units::Day(20_332);

impl World {
    /// A city with two counties of one school each, in sync, nothing wrong.
    pub(super) fn two_counties(city_wants: Kinds) -> Self {
        let mut w = Self::new(3, None, false);
        let all = Kinds::all();
        let shape = Shape {
            counties: 2,
            schools: 1,
            machines: 1,
            second_machines: false,
            city_wants,
            odd_wants: all,
            works: 0,
            hours: 0,
            faults: 0,
        };
        w.found(&shape);
        w.is_calm = true;
        w.run_on();
        w
    }

    /// On any day the city moves a school to another of its counties; the school dials its new one too.
    pub(crate) fn moves_a_school(&mut self, admin: usize, city: OrgId) {
        let Some(ledger) = self.ledger_of(self.people[admin].node) else { return };
        let registry = &ledger.registry;
        let of = |kind| self.orgs.iter().copied().filter(|o| registry.kind(*o) == Some(kind)).collect::<Vec<_>>();
        let (schools, counties) = (of(OrgKind::School), of(OrgKind::County));
        let Some(school) = self.dice.pick(&schools) else { return };
        let Some(ledger) = self.ledger_of(self.people[admin].node) else { return };
        let Some(current) = ledger.registry.orgs.get(&school).map(|o| o.current().clone()) else { return };
        let others: Vec<OrgId> = counties.into_iter().filter(|c| *c != current.parent).collect();
        let Some(parent) = self.dice.pick(&others) else { return };
        let today = self.today(self.people[admin].node);
        let Some(ledger) = self.ledger_of(self.people[admin].node) else { return };
        let kept = Some(Judge::new(ledger).left_behind(school, parent)).filter(|kept| !kept.is_empty());
        let own = ledger.registry.rows_about(school).filter(|r| r.registry == city);
        let mut replaces: Vec<_> = own.map(|r| r.name.here()).take(8).collect();
        replaces.sort();
        let row = Org { random: None, parent, township: None, from_day: today, kept, ..current };
        let mut p = PayloadBuilder::default();
        p.row(Org::TYPE, &replaces, &row.to_fields());
        if self.write_as(admin, DocId::of(city, Kind::Registry), p, Vec::new()).is_some() {
            self.counts.moves += 1;
            self.trace.line(self.now, || format!("school {school} moves to {parent}"));
            self.add_link(self.node_of(school), self.node_of(parent));
        }
    }

    /// The county that a school was moved to appoints a clerk there, on the ground of the move: the city may take that back before anybody hears of her.
    pub(crate) fn hires_at_a_moved_school(&mut self, admin: usize, county: OrgId) -> bool {
        let Some(ledger) = self.ledger_of(self.people[admin].node) else { return false };
        let registry = &ledger.registry;
        let moved_here = |school: OrgId| {
            let row = registry.row(&registry.orgs.get(&school)?.current_name())?;
            let is_it = row.row.random.is_none() && row.row.parent == county && row.registry != county;
            is_it.then(|| (school, row.name.in_document(DocId::of(row.registry, Kind::Registry))))
        };
        let schools = self.orgs.iter().copied().filter(|o| registry.kind(*o) == Some(OrgKind::School));
        let moved: Vec<_> = schools.filter_map(moved_here).collect();
        let Some((school, basis)) = self.dice.pick(&moved) else { return false };
        let (author, today) = (self.author(), self.today(self.people[admin].node));
        let grant = NewGrant { key: author.public(), role: Role::Clerk, office: None, org: school, basis, seal_key: None };
        let mut p = PayloadBuilder::default();
        p.row(Grant::TYPE, &[], &grant.row("岗位", today).to_fields());
        if self.write_as(admin, DocId::of(county, Kind::Registry), p, Vec::new()).is_some() {
            self.counts.hires += 1;
            self.trace.line(self.now, || format!("{county} appoints a clerk of {school}"));
            self.add_person(author, self.node_of(school), school, Role::Clerk);
        }
        true
    }

    /// May a node read a document: as one sees it who knows all, or as somebody sees it who has not heard yet of a move, or of what takes one back?
    pub(crate) fn may_read_by(&self, knows: usize, node: usize, document: &DocId) -> bool {
        let reader = self.machines[node].org;
        let by_hearsay = || self.ledger_of(knows).is_some_and(|l| l.registry.may_read(reader, document));
        self.may_read(node, document) || (self.lags(knows) && by_hearsay())
    }

    /// Does a node lack some of what says where schools stand: the city's registry and the root's? Where no school has moved nobody does.
    fn lags(&self, node: usize) -> bool {
        let above = [OrgId::root(self.network)].into_iter().chain(self.orgs.first().copied());
        let lacks = |d: DocId| {
            let count = |l: &Ledger| l.document(&d).map_or(0, |d| d.entries.len());
            self.ledger_of(node).is_some_and(|l| count(l) < count(&self.god.ledger))
        };
        self.counts.moves > 0 && above.map(|o| DocId::of(o, Kind::Registry)).any(lacks)
    }

    /// Is one of two nodes of a school, and the other of an office under which it never stood, as all that stands now says? A move that was taken back left them a line.
    pub(crate) fn are_strangers(&self, ends: [usize; 2]) -> bool {
        let registry = &self.god.ledger.registry;
        let [a, b] = ends.map(|n| self.machines[n].org);
        let is_school = [a, b].into_iter().any(|o| registry.kind(o) == Some(OrgKind::School));
        let had = |above, org| registry.was_at_or_above(above, org, units::Day(0));
        is_school && !had(a, b) && !had(b, a)
    }

    /// A commit of which nobody heard before the machine stopped brought what it may read.
    pub(crate) fn finds(&mut self, node: usize) {
        let here = self.ledger_of(node).into_iter().flat_map(|l| l.documents().copied()).collect();
        self.takes(node, here);
    }

    /// Notes what was rightly taken or written: when the school has moved on, what is there stays.
    pub(crate) fn takes(&mut self, node: usize, documents: Vec<DocId>) {
        let read: Vec<DocId> = documents.into_iter().filter(|d| self.may_read_by(node, node, d)).collect();
        self.machine(node).taken.extend(read);
    }

    pub(super) fn of_kind(&self, kind: OrgKind) -> Vec<OrgId> {
        self.orgs.iter().copied().filter(|o| self.god.ledger.registry.kind(*o) == Some(kind)).collect()
    }

    pub(super) fn node_of(&self, org: OrgId) -> usize {
        self.machines.iter().position(|m| m.org == org).unwrap_or(0)
    }

    pub(super) fn staff(&self, org: OrgId, role: Role) -> usize {
        self.people.iter().position(|p| p.org == org && p.role == role).unwrap_or(0)
    }

    pub(super) fn says(&mut self, person: usize, document: DocId, row_type: u16, fields: &[u8], instead: &[RowName]) -> RowName {
        self.new_run(person);
        let replaces: Vec<_> = instead.iter().map(|r| r.here()).collect();
        let mut p = PayloadBuilder::default();
        p.row(row_type, &replaces, fields);
        let Some(entry) = self.write_as(person, document, p, Vec::new()) else {
            self.fail(format!("{document} may not be written"));
            return RowName { entry: taizhang_core::id::EntryId([0; 32]), index: 0 };
        };
        self.run_on();
        RowName { entry, index: 0 }
    }

    /// Who holds a row must be exactly these.
    fn only(&mut self, what: &str, row: RowName, holders: &[OrgId]) {
        let orgs: Vec<OrgId> =
            [OrgKind::City, OrgKind::County, OrgKind::School].into_iter().flat_map(|k| self.of_kind(k)).collect();
        for org in orgs {
            let holds = self.machines[self.node_of(org)].has(&row.entry);
            if holds != holders.contains(&org) {
                let kind = self.god.ledger.registry.kind(org);
                self.fail(format!("{what}: {kind:?} {org} {} it", if holds { "holds" } else { "lacks" }));
            }
        }
    }
}

/// A school moves to the other county in September; then it is closed, and the other county's school goes on with its work.
#[must_use]
pub fn moved_and_merged() -> Day {
    let mut w = World::two_counties(Kinds::all());
    let (city, counties, schools) = (w.of_kind(OrgKind::City)[0], w.of_kind(OrgKind::County), w.of_kind(OrgKind::School));
    let school = schools.iter().copied().find(|s| w.god.ledger.registry.ancestors(*s)[0] == counties[0]).unwrap_or(schools[0]);
    let other = schools.into_iter().find(|s| *s != school).unwrap_or(school);
    let [old, new] = [counties[0], counties[1]];
    let clerk = w.staff(school, Role::Clerk);
    let ledger = |year| DocId::of_year(school, Kind::Ledger, year);
    let before = w.says(clerk, ledger(2024), 999, &[0x81, 1], &[]);
    let mid_year = w.says(clerk, ledger(2025), 999, &[0x81, 2], &[]);
    w.only("before the move", before, &[city, old, school]);
    // The city moves it. The school dials its new county too.
    let kept = Some(Judge::new(&w.god.ledger).left_behind(school, new));
    let row =
        Org { random: None, parent: new, from_day: SEPTEMBER, kept, ..w.god.ledger.registry.orgs[&school].current().clone() };
    let admin = w.staff(city, Role::Admin);
    let moved = w.says(admin, DocId::of(city, Kind::Registry), Org::TYPE, &row.to_fields(), &[]);
    w.add_link(w.node_of(school), w.node_of(new));
    w.run_on();
    for (what, row) in [("the year before", before), ("the year of the move", mid_year)] {
        w.only(what, row, &[city, old, new, school]);
    }
    let roster = w.says(clerk, DocId::of(school, Kind::Roster), 999, &[0x81, 3], &[]);
    let later = w.says(clerk, ledger(2026), 999, &[0x81, 4], &[]);
    let corrected = w.says(clerk, ledger(2025), 999, &[0x81, 5], &[]);
    w.only("the roster after the move", roster, &[city, new, school]);
    w.only("the year after the move", later, &[city, new, school]);
    w.only("a correction of the year of the move", corrected, &[city, old, new, school]);
    // Closed; the other county's school goes on with its work.
    let row = Org { closed_day: Some(SEPTEMBER), succeeded_by: Some(other), ..row };
    w.says(admin, DocId::of(city, Kind::Registry), Org::TYPE, &row.to_fields(), &[moved]);
    w.only("the roster after the merger", roster, &[city, new, school, other]);
    w.only("an old year after the merger", before, &[city, old, new, school, other]);
    w.day()
}

/// The city, which asks for no ledgers, moves a school; the new county, which the school does not reach yet, knows whom it has now, and gets what the city decides about it.
#[must_use]
pub fn moved_where_no_line_is() -> Day {
    let few = Kinds::of(&[Kind::Registry, Kind::Policy, Kind::Notice, Kind::Review, Kind::Rollup]);
    let mut w = World::two_counties(few);
    let (city, counties) = (w.of_kind(OrgKind::City)[0], w.of_kind(OrgKind::County));
    let [old, new] = [counties[0], counties[1]];
    let schools = w.of_kind(OrgKind::School);
    let school = schools.iter().copied().find(|s| w.god.ledger.registry.ancestors(*s)[0] == old).unwrap_or(schools[0]);
    let admin = w.staff(city, Role::Admin);
    w.appoint(admin, Role::Reviewer, w.node_of(city));
    let kept = Some(Judge::new(&w.god.ledger).left_behind(school, new));
    let row =
        Org { random: None, parent: new, from_day: SEPTEMBER, kept, ..w.god.ledger.registry.orgs[&school].current().clone() };
    let moved = w.says(admin, DocId::of(city, Kind::Registry), Org::TYPE, &row.to_fields(), &[]);
    let knows = w.ledger_of(w.node_of(new)).map(|l| l.registry.ancestors(school));
    if knows.is_none_or(|above| above.first() != Some(&new)) {
        w.fail("the new county does not know that the school is below it".to_owned());
    }
    let reviewer = w.staff(city, Role::Reviewer);
    let about = DocId::about(city, Kind::Review, 2025, school);
    let decided = w.says(reviewer, about, 999, &[0x81, 1], &[]);
    w.only("a decision of the city about a school that came", decided, &[city, old, new, school]);
    // In October it goes back. A further machine of the county reaches the city alone: what concerns the school of that year is still its county's to read.
    let row = Org { parent: old, from_day: units::Day(SEPTEMBER.0 + 30), ..row };
    w.says(admin, DocId::of(city, Kind::Registry), Org::TYPE, &row.to_fields(), &[moved]);
    let invite = w.invite_again(w.staff(new, Role::Admin), new, Role::Clerk, u64::MAX >> 8);
    w.run_on();
    if let Some(invite) = invite {
        w.newcomer(&invite, new, Role::Clerk, w.node_of(city));
    }
    w.run_on();
    if !w.machines.last().is_some_and(|m| m.has(&decided.entry)) {
        w.fail("the county's new machine does not get what was decided about a school that it had".to_owned());
    }
    w.day()
}

/// A county has invited somebody into a school that is moved before the invite is used: the use would certify nobody and is not taken. When the school has come back the same invite serves.
#[must_use]
pub fn invited_before_the_move() -> Day {
    let mut w = World::two_counties(Kinds::all());
    let (city, counties, schools) = (w.of_kind(OrgKind::City)[0], w.of_kind(OrgKind::County), w.of_kind(OrgKind::School));
    let [old, new] = [counties[0], counties[1]];
    let school = schools.iter().copied().find(|s| w.god.ledger.registry.ancestors(*s)[0] == old).unwrap_or(schools[0]);
    let Some(invite) = w.invite_again(w.staff(old, Role::Admin), school, Role::Clerk, u64::MAX >> 8) else {
        w.fail("the county cannot invite".to_owned());
        return w.day();
    };
    w.run_on();
    let (admin, registry) = (w.staff(city, Role::Admin), DocId::of(city, Kind::Registry));
    let kept = Some(Judge::new(&w.god.ledger).left_behind(school, new));
    let row =
        Org { random: None, parent: new, from_day: SEPTEMBER, kept, ..w.god.ledger.registry.orgs[&school].current().clone() };
    let moved = w.says(admin, registry, Org::TYPE, &row.to_fields(), &[]);
    w.newcomer(&invite, school, Role::Clerk, w.node_of(old));
    w.run_on();
    let (newcomer, link) = (w.machines.len() - 1, w.links.len() - 1);
    let is_used = w.machines[newcomer].join.as_ref().is_some_and(|j| w.god.ledger.place(&j.id).is_some());
    if is_used {
        w.fail("an invite is used up that certifies nobody".to_owned());
    }
    let row = Org { parent: old, from_day: units::Day(SEPTEMBER.0 + 30), ..row };
    w.says(admin, registry, Org::TYPE, &row.to_fields(), &[moved]);
    w.mends(link);
    w.run_on();
    if !w.is_certified(newcomer) {
        w.fail("the invite does not serve when the school has come back".to_owned());
    }
    w.day()
}

/// A move is taken back on its day: the county that had the school for that while still holds the other's registry with an invite into the school, but nobody gets from there what is written in it. It does not take the invite's use, which would stay with it; the school's county does.
#[must_use]
pub fn invited_and_came_elsewhere() -> Day {
    let mut w = World::two_counties(Kinds::all());
    let (city, counties, schools) = (w.of_kind(OrgKind::City)[0], w.of_kind(OrgKind::County), w.of_kind(OrgKind::School));
    let [home, other] = [counties[0], counties[1]];
    let school = schools.iter().copied().find(|s| w.god.ledger.registry.ancestors(*s)[0] == home).unwrap_or(schools[0]);
    let Some(invite) = w.invite_again(w.staff(home, Role::Admin), school, Role::Clerk, u64::MAX >> 8) else {
        w.fail("the county cannot invite".to_owned());
        return w.day();
    };
    w.run_on();
    let (admin, registry) = (w.staff(city, Role::Admin), DocId::of(city, Kind::Registry));
    let kept = Some(Judge::new(&w.god.ledger).left_behind(school, other));
    let row =
        Org { random: None, parent: other, from_day: SEPTEMBER, kept, ..w.god.ledger.registry.orgs[&school].current().clone() };
    let moved = w.says(admin, registry, Org::TYPE, &row.to_fields(), &[]);
    let row = Org { parent: home, ..row };
    w.says(admin, registry, Org::TYPE, &row.to_fields(), &[moved]);
    let elsewhere = w.node_of(other);
    if w.ledger_of(elsewhere).is_none_or(|l| l.document(&DocId::of(home, Kind::Registry)).is_none()) {
        w.fail("the other county never had the invite".to_owned());
    }
    w.newcomer(&invite, school, Role::Clerk, elsewhere);
    w.run_on();
    let newcomer = w.machines.len() - 1;
    if w.machines[newcomer].join.as_ref().is_some_and(|j| w.god.ledger.place(&j.id).is_some()) {
        w.fail("a county takes the use of an invite that nobody gets from it".to_owned());
    }
    w.add_link(newcomer, w.node_of(home));
    w.run_on();
    if !w.is_certified(newcomer)
        || !w.machines[w.node_of(city)].has(&w.machines[newcomer].join.as_ref().map_or(moved.entry, |j| j.id))
    {
        w.fail("the school's county does not take the invite's use".to_owned());
    }
    w.day()
}
