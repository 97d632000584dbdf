//! A school that moves in the middle of a year, and one that goes on as another: who gets what.

use taizhang_core::{
    id::{DocId, Kind, OrgId},
    op::{PayloadBuilder, RowName},
    rows::{Org, OrgKind, Role, RowType},
    standing::Judge,
    units,
};
use taizhang_sync::frame::Kinds;

use super::{days::Day, shape::Shape, world::World};

/// 1 September 2025: what is of 2025 and before both counties read, what is of later years the new one.
const SEPTEMBER: units::Day = units::Day(20_332);

impl World {
    /// A city with two counties of one school each, in sync, nothing wrong.
    fn two_counties(city_wants: Kinds) -> Self {
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

    fn of_kind(&self, kind: OrgKind) -> Vec<OrgId> {
        self.orgs.iter().copied().filter(|o| self.god.ledger.registry.kind(*o) == Some(kind)).collect()
    }

    fn node_of(&self, org: OrgId) -> usize {
        self.machines.iter().position(|m| m.org == org).unwrap_or(0)
    }

    fn staff(&self, org: OrgId, role: Role) -> usize {
        self.people.iter().position(|p| p.org == org && p.role == role).unwrap_or(0)
    }

    fn says(&mut self, person: usize, document: DocId, row_type: u16, fields: &[u8], instead: &[RowName]) -> RowName {
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
