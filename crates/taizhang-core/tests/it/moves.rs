//! Organisations that move, merge and are renamed: where they stand, who reads what they wrote, whose grants count.

use taizhang_core::{
    admission::Refusal,
    id::{DocId, EntryId, Kind, OrgId},
    op::{RowName, RowRef},
    rows::{Grant, Org, OrgKind, Role, RowType},
    standing::{Judge, Standing},
    units::Day,
};

use crate::kit::{Counties, DAY, YEAR, alike, here, ledger_of, registry, review};

/// 1 September of the year in which everything happens.
const SEPTEMBER: Day = Day(19_967);

/// The school is moved to the other county by the city.
fn moved() -> (Counties, RowName) {
    let mut c = Counties::new();
    let (city, school, other) = (c.w.city, c.school, c.other);
    let row = c.w.place("city-admin", city, (school, other), SEPTEMBER, &[]);
    (c, row)
}

impl Counties {
    fn parent(&self, org: OrgId) -> OrgId {
        self.w.ledger().registry.ancestors(org)[0]
    }

    fn reads(&self, reader: OrgId, document: &DocId) -> bool {
        self.w.ledger().registry.may_read(reader, document)
    }
}

fn in_city(c: &Counties, row: RowName) -> RowRef {
    row.in_document(registry(c.w.city))
}

#[test]
fn a_moved_school_stands_under_its_new_county_and_its_grants_count_in_every_order() {
    let (mut c, row) = moved();
    assert_eq!(c.parent(c.school), c.other);
    let registry_of = &c.w.ledger().registry;
    assert_eq!(registry_of.created_under(c.school)[0], c.county);
    assert!(registry_of.is_at_or_above_on(c.county, c.school, Day(SEPTEMBER.0 - 1)));
    assert!(registry_of.is_at_or_above_on(c.other, c.school, SEPTEMBER));
    let basis = in_city(&c, row);
    let grant = c.w.grant_on("other-admin", c.other, "new-clerk", (Role::Clerk, c.school), basis);
    let by_new = c.w.row("new-clerk", ledger_of(c.school));
    let by_old = c.w.row("clerk", ledger_of(c.school));
    assert_eq!([by_new, by_old].map(|e| c.w.standing(e)), [Standing::Stands; 2]);
    assert!(Judge::new(c.w.ledger()).grant_is_open(&grant));
    c.w.agrees_in_every_order(5);
}

#[test]
fn invites_of_the_new_county_rest_on_the_move() {
    let (mut c, row) = moved();
    let mut invite = c.w.invite("admin", c.county, "code", Role::Principal, c.school);
    let fields = Grant { basis: in_city(&c, row), ..invite.row.clone() };
    let entry = c.w.write("other-admin", registry(c.other), |p| _ = p.row(Grant::TYPE, &[], &fields.to_fields()));
    (invite.registry, invite.grant, invite.row) = (c.other, RowName { entry, index: 0 }, fields);
    let used = c.w.join(&invite, "new-principal");
    let plan = c.w.row("new-principal", ledger_of(c.school));
    assert_eq!([used, plan].map(|e| c.w.standing(e)), [Standing::Stands; 2]);
    c.w.agrees_in_every_order(5);
}

#[test]
fn whoever_had_the_school_in_the_year_or_later_reads_the_year() {
    let (c, _) = moved();
    let year = |kind, y| DocId::of_year(c.school, kind, y);
    let about = |owner, y| DocId::about(owner, Kind::Review, y, c.school);
    for (document, old, new) in [
        (year(Kind::Ledger, YEAR - 1), true, true),
        (year(Kind::Ledger, YEAR), true, true),
        (year(Kind::Ledger, YEAR + 1), false, true),
        (about(c.county, YEAR), true, true),
        (about(c.w.city, YEAR + 1), false, true),
        (DocId::of(c.school, Kind::Roster), false, true),
        (DocId::of(c.school, Kind::Identity), false, true),
        // What the school went by, and what it was announced: its new county must explain its hours.
        (DocId::of_year(c.county, Kind::Notice, YEAR - 1), true, true),
        (DocId::of_year(c.county, Kind::Notice, YEAR + 1), true, false),
        (DocId::of_year(c.county, Kind::Ledger, YEAR), true, true),
        (DocId::of_year(c.second, Kind::Ledger, YEAR), true, false),
        (DocId::of(c.county, Kind::Registry), true, false),
        (DocId::of_year(c.county, Kind::Rollup, YEAR), true, false),
    ] {
        assert_eq!((c.reads(c.county, &document), c.reads(c.other, &document)), (old, new), "{document}");
        assert!(c.reads(c.w.city, &document) || document.kind == Kind::Identity, "{document}");
    }
    assert!(c.reads(c.school, &DocId::of_year(c.county, Kind::Notice, YEAR)));
    assert!(!c.reads(c.school, &DocId::of_year(c.county, Kind::Notice, YEAR + 1)));
    assert!(c.reads(c.school, &DocId::of_year(c.other, Kind::Notice, YEAR + 1)));
    // The registries from its logs' grants up to the root.
    let line = c.w.ledger().registry.line(c.school);
    assert!([c.school, c.county, c.other, c.w.city, c.w.root].iter().all(|o| line.contains(o)) && line.len() == 5);
}

#[test]
fn a_move_that_does_not_stand_moves_nobody_and_lends_nobody_a_role() {
    let mut c = Counties::new();
    let (city, school, other) = (c.w.city, c.school, c.other);
    c.w.grant("city-admin", city, "thief", Role::Admin, city);
    let row = c.w.place("thief", city, (school, other), SEPTEMBER, &[]);
    let basis = in_city(&c, row);
    c.w.grant_on("other-admin", other, "new-clerk", (Role::Clerk, school), basis);
    let entry = c.w.row("new-clerk", ledger_of(school));
    let document = DocId::of(school, Kind::Roster);
    assert!(c.reads(other, &document) && c.w.standing(entry) == Standing::Stands);
    c.w.burn("city-admin", city, "thief", &[]);
    assert_eq!(c.parent(school), c.county);
    assert!(c.reads(c.county, &document) && !c.reads(other, &document));
    assert_eq!(c.w.standing(entry), Standing::NoGrant);
    assert!(!c.w.ledger().registry.orgs[&school].counts(row));
    c.w.agrees_in_every_order(5);
}

#[test]
fn nobody_moves_what_does_not_lie_below_him_nor_under_whom_does_not() {
    let mut c = Counties::new();
    let (county, other, school, foreign) = (c.county, c.other, c.school, c.foreign);
    let city = c.w.city;
    // A county fetches another's school; gives its own away; the city calls a school a county.
    let fetched = c.w.place("admin", county, (foreign, county), SEPTEMBER, &[]);
    let creation = c.w.ledger().registry.orgs[&school].creation.name.entry;
    let given = c.w.place("admin", county, (school, other), SEPTEMBER, &[creation]);
    let row = Org { random: None, kind: OrgKind::County, parent: other, ..c.w.ledger().registry.orgs[&school].current().clone() };
    let entry = c.w.write("city-admin", registry(city), |p| _ = p.row(Org::TYPE, &[], &row.to_fields()));
    let called = RowName { entry, index: 0 };
    assert_eq!((c.parent(school), c.parent(foreign)), (county, other));
    let grant = c.w.grant_on("admin", county, "a", (Role::Clerk, foreign), fetched.here());
    assert!(!Judge::new(c.w.ledger()).grant_stands(&grant));
    // Whoever holds that registry would admit what she writes, and nobody else could: so nobody does.
    assert_eq!(c.w.node.verdict(&c.w.draft("a", ledger_of(foreign)).sign()), Err(Refusal::Role));
    // The grants rest on what readers of the registry never get, or on what is no county.
    for (to, role, basis) in
        [("b", Role::Clerk, given.in_document(registry(county))), ("c", Role::Admin, called.in_document(registry(city)))]
    {
        let row = Grant { basis, ..c.w.grant_row(to, role, school) };
        let grant = c.w.draft("other-admin", registry(other)).payload(|p| _ = p.row(Grant::TYPE, &[], &row.to_fields())).sign();
        assert!(matches!(c.w.node.verdict(&grant), Err(Refusal::RegistryRow(_))), "{to}");
    }
    c.w.agrees_in_every_order(5);
}

/// What was granted under a county goes on when the move there is taken back: who reads the school's documents must go on getting that county's registry.
#[test]
fn a_move_that_is_taken_back_leaves_its_registry_in_the_line() {
    let (mut c, first) = moved();
    let basis = in_city(&c, first);
    let clerk = c.w.grant_on("other-admin", c.other, "new-clerk", (Role::Clerk, c.school), basis);
    c.w.place("city-admin", c.w.city, (c.school, c.county), SEPTEMBER, &[first.entry]);
    let registry = &c.w.ledger().registry;
    assert_eq!(registry.orgs[&c.school].spans().len(), 1, "it was never elsewhere");
    assert!(Judge::new(c.w.ledger()).grant_stands(&clerk) && registry.line(c.school).contains(&c.other));
    assert!(registry.was_placed(c.school) && !registry.line(c.second).contains(&c.other));
    assert!(!registry.may_read(c.other, &DocId::of(c.school, Kind::Roster)), "it reads nothing by that");
    let entry = c.w.row("new-clerk", ledger_of(c.school));
    assert_eq!(c.w.standing(entry), Standing::Stands);
    c.w.agrees_in_every_order(5);
}

#[test]
fn a_grant_lies_deeper_than_the_move_it_rests_on() {
    let mut c = Counties::new();
    let (city, school, other) = (c.w.city, c.school, c.other);
    for (by, to) in [("city-admin", "second"), ("second", "third"), ("third", "fourth")] {
        c.w.grant(by, city, to, Role::Admin, city);
    }
    let row = c.w.place("fourth", city, (school, other), SEPTEMBER, &[]);
    let basis = in_city(&c, row);
    let grant = c.w.grant_on("other-admin", other, "new-clerk", (Role::Clerk, school), basis);
    let depth = |e: EntryId| c.w.ledger().place(&e).unwrap().depth;
    assert_eq!((depth(row.entry), depth(grant.entry)), (4, 2));
    assert_eq!(c.w.ledger().registry.grants[&grant].depth, 5);
    c.w.agrees_in_every_order(4);
}

#[test]
fn rival_moves_are_undecided_until_one_replaces_both() {
    let mut c = Counties::new();
    let (city, school, other) = (c.w.city, c.school, c.other);
    let third = c.w.org("city-admin", city, OrgKind::County, "third");
    c.w.grant("city-admin", city, "second-city-admin", Role::Admin, city);
    let first = c.w.place("city-admin", city, (school, other), SEPTEMBER, &[]);
    assert_eq!(c.parent(school), other);
    let one = c.w.place("city-admin", city, (school, third), Day(SEPTEMBER.0 + 9), &[first.entry]);
    let two = c.w.place("second-city-admin", city, (school, c.county), Day(SEPTEMBER.0 + 5), &[first.entry]);
    assert_eq!(c.parent(school), other, "the one before both holds");
    let mut rivals = [one, two];
    rivals.sort();
    let record = |c: &Counties| c.w.ledger().registry.orgs[&school].clone();
    assert_eq!(record(&c).rivals(), rivals);
    c.w.place("city-admin", city, (school, third), Day(SEPTEMBER.0 + 9), &[one.entry, two.entry]);
    assert_eq!((c.parent(school), record(&c).rivals()), (third, &[][..]));
    let spans: Vec<OrgId> = record(&c).spans().iter().map(|s| s.parent).collect();
    assert_eq!(spans, [c.county, other, third], "what was never decided is no history");
    c.w.agrees_in_every_order(5);
}

#[test]
fn a_move_corrected_from_its_own_day_was_none() {
    let (mut c, row) = moved();
    let (city, school, county) = (c.w.city, c.school, c.county);
    c.w.place("city-admin", city, (school, county), SEPTEMBER, &[row.entry]);
    assert_eq!(c.parent(school), county);
    assert!(!c.reads(c.other, &ledger_of(school)));
    c.w.agrees_in_every_order(4);
}

#[test]
fn what_a_move_brought_stays_when_the_old_county_renames() {
    let (mut c, _) = moved();
    let (school, county) = (c.school, c.county);
    let creation = c.w.ledger().registry.orgs[&school].creation.name.entry;
    let row = Org { random: None, name: "新名".into(), ..c.w.ledger().registry.orgs[&school].creation.row.clone() };
    c.w.write("admin", registry(county), |p| _ = p.row(Org::TYPE, &[here(creation)], &row.to_fields()));
    assert_eq!(c.w.ledger().registry.orgs[&school].current().name, "school");
    assert_eq!(c.parent(school), c.other);
    c.w.agrees_in_every_order(4);
}

#[test]
fn decisions_and_acceptances_of_both_counties_count() {
    let (mut c, _) = moved();
    let (school, county, other) = (c.school, c.county, c.other);
    let late = c.w.row("clerk", ledger_of(school));
    let grant = c.w.grant_in("clerk", ledger_of(school)).unwrap();
    c.w.end("admin", county, grant, Day(DAY.0 - 1), &[]);
    assert_eq!(c.w.standing(late), Standing::Ended);
    let accepted = c.w.accept("other-reviewer", review(other, school), &[late]);
    assert_eq!([late, accepted].map(|e| c.w.standing(e)), [Standing::Stands; 2]);
    let decides = |by, year| c.w.ledger().registry.decides(&DocId::about(by, Kind::Review, year, school));
    assert!(decides(county, YEAR) && decides(other, YEAR) && decides(other, YEAR - 1) && decides(other, YEAR + 1));
    assert!(!decides(county, YEAR + 1));
    c.w.agrees_in_every_order(4);
}

#[test]
fn the_successor_and_those_above_it_read_what_a_closed_school_left() {
    let mut c = Counties::new();
    let (city, school, foreign, other) = (c.w.city, c.school, c.foreign, c.other);
    let all = [ledger_of(school), DocId::of(school, Kind::Roster), DocId::of(school, Kind::Identity), review(c.county, school)];
    assert!(all.iter().all(|d| !c.reads(foreign, d) && !c.reads(other, d)));
    c.w.grant("admin", c.county, "thief", Role::Admin, c.county);
    let creation = c.w.ledger().registry.orgs[&school].creation.clone();
    let row = Org { random: None, closed_day: Some(SEPTEMBER), succeeded_by: Some(foreign), ..creation.row };
    let fields = row.to_fields();
    c.w.write("thief", registry(c.county), |p| _ = p.row(Org::TYPE, &[here(creation.name.entry)], &fields));
    for d in &all {
        assert!(c.reads(foreign, d) && c.reads(other, d) && c.reads(c.county, d), "{d}");
    }
    assert!(!c.reads(c.second, &all[0]) && c.reads(city, &all[0]));
    assert_eq!(c.parent(school), c.county, "closed where it was");
    c.w.burn("admin", c.county, "thief", &[]);
    assert!(all.iter().all(|d| !c.reads(foreign, d) && !c.reads(other, d)), "a burnt admin's row opens nothing");
    c.w.agrees_in_every_order(4);
}

/// A city that never had a county reads nothing of it, however often it was moved there and back; one that had it reads on.
#[test]
fn a_registry_is_read_from_above_by_those_who_had_its_owner() {
    let mut c = Counties::new();
    let second = c.w.org("root", c.w.root, OrgKind::City, "second city");
    let (county, of_county) = (c.county, registry(c.county));
    let there = c.w.place("root", c.w.root, (county, second), SEPTEMBER, &[]);
    assert_eq!((c.parent(county), c.reads(second, &of_county), c.reads(c.w.city, &of_county)), (second, true, true));
    c.w.place("root", c.w.root, (county, c.w.city), SEPTEMBER, &[there.entry]);
    assert_eq!((c.parent(county), c.reads(second, &of_county), c.reads(c.w.city, &of_county)), (c.w.city, false, true));
    c.w.agrees_in_every_order(3);
}

/// Names would be read by who never reads names.
#[test]
fn no_school_is_closed_in_favour_of_what_is_no_school() {
    for kind in [OrgKind::County, OrgKind::Organiser, OrgKind::Township] {
        let mut c = Counties::new();
        let heir = [(OrgKind::County, c.other), (OrgKind::Organiser, c.base), (OrgKind::Township, c.township)];
        let heir = heir.into_iter().find(|(k, _)| *k == kind).unwrap().1;
        let creation = c.w.ledger().registry.orgs[&c.school].creation.clone();
        let row = Org { random: None, closed_day: Some(SEPTEMBER), succeeded_by: Some(heir), ..creation.row };
        let fields = row.to_fields();
        c.w.write("admin", registry(c.county), |p| _ = p.row(Org::TYPE, &[here(creation.name.entry)], &fields));
        assert!(c.w.ledger().registry.orgs[&c.school].current().closed_day.is_some());
        for kind in [Kind::Identity, Kind::Roster] {
            assert!(!c.reads(heir, &DocId::of(c.school, kind)), "{kind:?}");
        }
    }
}

/// The thief's own county no longer answers for the school: who does burns, and the other undoes nothing.
#[test]
fn who_took_over_a_school_burns_and_ends_what_its_former_county_granted() {
    let (mut c, _) = moved();
    let (school, county, other) = (c.school, c.county, c.other);
    let mole = c.w.grant("admin", county, "mole", Role::Clerk, school);
    let honest = c.w.row("mole", ledger_of(school));
    let loot = c.w.row("mole", ledger_of(school));
    let second = c.w.grant_in("second-clerk", ledger_of(c.second)).unwrap();
    let elsewhere = c.w.row("second-clerk", ledger_of(c.second));
    assert_eq!(c.w.standing(loot), Standing::Stands);
    c.w.burn("other-admin", other, "mole", &[honest]);
    c.w.burn("other-admin", other, "second-clerk", &[]);
    c.w.end("other-admin", other, second, Day(DAY.0 - 1), &[]);
    assert_eq!([honest, loot, elsewhere].map(|e| c.w.standing(e)), [Standing::Stands, Standing::Burnt, Standing::Stands]);
    assert!(!Judge::new(c.w.ledger()).grant_is_open(&mole));
    assert!(Judge::new(c.w.ledger()).grant_is_open(&second), "the other school never went there");
    c.w.accept("reviewer", review(county, school), &[loot]);
    c.w.accept("admin", registry(county), &[loot]);
    assert_eq!(c.w.standing(loot), Standing::Burnt, "the former county undoes nothing");
    c.w.accept("other-admin", registry(other), &[loot]);
    assert_eq!(c.w.standing(loot), Standing::Stands);
    let clerk = c.w.grant_in("clerk", ledger_of(school)).unwrap();
    let late = c.w.row("clerk", ledger_of(school));
    c.w.end("other-admin", other, clerk, Day(DAY.0 - 1), &[]);
    assert_eq!(c.w.standing(late), Standing::Ended);
    c.w.agrees_in_every_order(6);
}

/// A county that has a school no more burns its staff and keeps nothing: whoever has the school since lets stand what is true.
#[test]
fn who_took_over_a_school_lifts_burns_of_its_former_county_as_long_as_that_has_it_no_more() {
    let (mut c, row) = moved();
    let (city, school, county, other) = (c.w.city, c.school, c.county, c.other);
    let honest = [c.w.row("clerk", ledger_of(school)), c.w.row("principal", ledger_of(school))];
    let standings = |c: &Counties| honest.map(|e| c.w.standing(e));
    ["clerk", "principal"].into_iter().for_each(|who| _ = c.w.burn("admin", county, who, &[]));
    assert_eq!(standings(&c), [Standing::Burnt; 2]);
    c.w.accept("other-admin", registry(other), &honest[..1]);
    c.w.accept("other-reviewer", review(other, school), &honest[1..]);
    assert_eq!(standings(&c), [Standing::Stands; 2]);
    c.w.agrees_in_every_order(6);
    // It goes back: the county answers for it again, and the other lifts nothing.
    c.w.place("city-admin", city, (school, county), Day(SEPTEMBER.0 + 9), &[row.entry]);
    assert_eq!(standings(&c), [Standing::Burnt; 2]);
    c.w.accept("admin", registry(county), &honest);
    assert_eq!(standings(&c), [Standing::Stands; 2]);
    c.w.agrees_in_every_order(4);
}

/// Two registries whose hashes begin alike: the lower creation is the one, with its registry, whatever came first; grants may rest on either.
#[test]
fn of_two_registries_that_create_one_organisation_the_lower_row_has_it() {
    let mut c = Counties::new();
    let (county, other) = (c.county, c.other);
    let mut made = Vec::new();
    for (row, (who, at)) in alike([county, other]).into_iter().zip([("admin", county), ("other-admin", other)]) {
        let creation = c.w.write(who, registry(at), |p| _ = p.row(Org::TYPE, &[], &row.to_fields()));
        let renamed = Org { random: None, name: who.into(), ..row.clone() };
        let renamed = c.w.write(who, registry(at), |p| _ = p.row(Org::TYPE, &[here(creation)], &renamed.to_fields()));
        let clerk = format!("{who}'s clerk");
        c.w.grant_on(who, at, &clerk, (Role::Clerk, row.org), here(renamed));
        let wrote = c.w.row(&clerk, ledger_of(row.org));
        made.push((creation, at, who, row.org, wrote));
    }
    made.sort();
    let (creation, at, who, org, _) = made[0];
    let record = &c.w.ledger().registry.orgs[&org];
    assert_eq!((record.creation.name.entry, record.registry, record.current().name.as_str()), (creation, at, who));
    assert_eq!((c.parent(org), c.w.ledger().registry.created_under(org)[0]), (at, at));
    assert!(made.iter().all(|(.., wrote)| c.w.standing(*wrote) == Standing::Stands));
    assert!([county, other].iter().all(|above| c.w.ledger().registry.was_created_under(org, *above)));
    assert!([county, other].iter().all(|above| c.w.ledger().registry.line(org).contains(above)), "grants rest on either");
    c.w.agrees_in_every_order(8);
}

#[test]
fn a_creation_repeated_as_another_kind_settles_what_rested_on_the_first() {
    let mut c = Counties::new();
    let (city, school, county) = (c.w.city, c.school, c.county);
    c.w.grant("city-admin", city, "second-city-admin", Role::Admin, city);
    let new = c.w.org("city-admin", city, OrgKind::County, "new");
    c.w.place("city-admin", city, (school, new), SEPTEMBER, &[]);
    assert_eq!(c.parent(school), new);
    let first = c.w.ledger().registry.orgs[&new].creation.clone();
    let draft = c.w.draft("second-city-admin", registry(city));
    let mut again = (0..).map(|n| {
        let row = Org { kind: OrgKind::Organiser, code: format!("{n}"), ..first.row.clone() };
        draft.clone().payload(|p| _ = p.row(Org::TYPE, &[], &row.to_fields())).sign()
    });
    let again = again.find(|e| e.id < first.name.entry).unwrap();
    c.w.take(again);
    assert_eq!(c.w.ledger().registry.kind(new), Some(OrgKind::Organiser));
    assert_eq!(c.parent(school), county, "no school lies below an organiser");
    c.w.agrees_in_every_order(3);
}

/// What the old county grants after the move looks like what it granted before: the move itself says which grants stay.
#[test]
fn of_a_former_countys_grants_those_hold_that_the_move_left_in_force() {
    let mut c = Counties::new();
    let (city, school, county, other) = (c.w.city, c.school, c.county, c.other);
    let clerk = c.w.grant_in("clerk", ledger_of(school)).unwrap();
    let kept = Judge::new(c.w.ledger()).left_behind(school, other);
    assert!(kept.iter().any(|r| r.entry == Some(clerk.entry)) && kept.len() == 2, "clerk and principal: {kept:?}");
    assert_eq!(Judge::new(c.w.ledger()).left_behind(school, city), kept, "the city is above, its county was not");
    let current = c.w.ledger().registry.orgs[&school].current().clone();
    let row = Org { random: None, parent: other, from_day: SEPTEMBER, kept: Some(kept), ..current };
    let moved = c.w.write("city-admin", registry(city), |p| _ = p.row(Org::TYPE, &[], &row.to_fields()));
    let spy = c.w.grant("admin", county, "spy", Role::Clerk, school);
    let basis = RowName { entry: moved, index: 0 }.in_document(registry(city));
    let new = c.w.grant_on("other-admin", other, "new-clerk", (Role::Clerk, school), basis);
    let holds = |c: &Counties| [clerk, spy, new].map(|g| Judge::new(c.w.ledger()).grant_holds(&g));
    assert_eq!(holds(&c), [true, false, true]);
    assert!(Judge::new(c.w.ledger()).grant_is_open(&spy), "it writes until somebody ends it");
    // Named anew without them; and back where they were given.
    let row = Org { kept: None, ..row };
    let entry = c.w.write("city-admin", registry(city), |p| _ = p.row(Org::TYPE, &[here(moved)], &row.to_fields()));
    assert_eq!(holds(&c), [false, false, true]);
    c.w.place("city-admin", city, (school, county), Day(SEPTEMBER.0 + 9), &[entry]);
    assert_eq!(holds(&c)[..2], [true, true]);
    c.w.agrees_in_every_order(5);
}

/// Two cities, each with a county; the first one's county has a school.
fn two_cities() -> (crate::kit::World, [OrgId; 4]) {
    let mut w = crate::kit::World::found();
    let (root, city) = (w.root, w.city);
    let second = w.org("root", root, OrgKind::City, "second-city");
    w.grant("root", root, "second-city-admin", Role::Admin, second);
    let county = w.org("city-admin", city, OrgKind::County, "county");
    w.grant("city-admin", city, "admin", Role::Admin, county);
    let school = w.org("admin", county, OrgKind::School, "school");
    let far = w.org("second-city-admin", second, OrgKind::County, "far");
    (w, [city, county, school, far])
}

/// Who may move it there is not known before the parent is: a node that holds less must not believe more.
#[test]
fn a_move_to_a_parent_that_is_not_known_waits_until_it_is() {
    let (mut w, [city, county, school, far]) = two_cities();
    let stolen = w.place("city-admin", city, (school, far), SEPTEMBER, &[]);
    assert_eq!(w.ledger().registry.ancestors(school)[0], county, "the city is not above the other city's county");
    // A node that never heard of the other city's registry sees the same.
    let of_second = |e: &taizhang_core::entry::SignedEntry| e.header.log.key == crate::kit::key("second-city-admin");
    let near: Vec<usize> = (0..w.entries.len()).filter(|i| !of_second(&w.entries[*i])).collect();
    let node = w.heard(&near);
    assert!(!node.ledger.registry.orgs.contains_key(&far));
    assert_eq!(node.ledger.registry.ancestors(school)[0], county);
    assert!(!node.ledger.registry.orgs[&school].counts(stolen));
    w.agrees_in_every_order(3);
    // A move to a county that is created later counts as soon as that is known, whatever came first.
    let new = crate::kit::new_org("new", OrgKind::County).row(city, DAY).org;
    let moved = w.place("city-admin", city, (school, new), SEPTEMBER, &[stolen.entry]);
    assert_eq!((w.ledger().registry.ancestors(school)[0], w.ledger().registry.orgs[&school].counts(moved)), (county, false));
    w.org("city-admin", city, OrgKind::County, "new");
    assert_eq!((w.ledger().registry.ancestors(school)[0], w.ledger().registry.orgs[&school].counts(moved)), (new, true));
    w.agrees_in_every_order(4);
}

#[test]
fn a_county_moves_to_another_city_with_its_schools() {
    use crate::kit::World;
    let mut w = World::found();
    let (root, city) = (w.root, w.city);
    // Two cities under the root; only the root is above both.
    let second = w.org("root", root, OrgKind::City, "second-city");
    w.grant("root", root, "second-city-admin", Role::Admin, second);
    let county = w.org("city-admin", city, OrgKind::County, "county");
    w.grant("city-admin", city, "admin", Role::Admin, county);
    let school = w.org("admin", county, OrgKind::School, "school");
    w.grant("admin", county, "clerk", Role::Clerk, school);
    w.place("root", root, (county, second), SEPTEMBER, &[]);
    let r = &w.ledger().registry;
    assert_eq!(r.ancestors(school), [county, second, root]);
    assert!(r.may_read(city, &ledger_of(school)) && !r.may_read(city, &DocId::of_year(school, Kind::Ledger, YEAR + 1)));
    assert!(r.may_read(second, &DocId::of_year(school, Kind::Ledger, YEAR - 3)));
    let entry = w.row("clerk", ledger_of(school));
    assert_eq!(w.standing(entry), Standing::Stands);
    w.agrees_in_every_order(4);
}

/// No verdict reads a clock: docs/assumptions.md, 17.
#[test]
fn what_a_former_county_grants_counts_until_the_city_ends_its_admin() {
    let (mut c, _) = moved();
    let (county, school, city) = (c.county, c.school, c.w.city);
    let creation = c.w.basis(school);
    c.w.grant_on("admin", county, "friend", (Role::Clerk, school), creation);
    let entry = c.w.row("friend", ledger_of(school));
    assert_eq!(c.w.standing(entry), Standing::Stands);
    c.w.burn("city-admin", city, "admin", &[]);
    assert_ne!(c.w.standing(entry), Standing::Stands);
    c.w.agrees_in_every_order(4);
}
