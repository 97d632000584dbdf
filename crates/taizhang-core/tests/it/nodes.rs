//! For which organisations a node works: those that certify its key by an open grant, and nobody else's word.

use std::collections::BTreeSet;

use taizhang_core::{
    id::OrgId,
    nodes,
    op::RowName,
    rows::{Org, Role, RowType},
    standing::Judge,
    units::Day,
};

use crate::kit::{Counties, DAY, World, key, registry};

/// What a node's key counts for; of one key or of all at once is the same.
fn orgs_of(w: &World, who: &str) -> BTreeSet<OrgId> {
    let judge = Judge::new(w.ledger());
    let orgs = nodes::orgs_of(w.ledger(), &judge, key(who));
    assert_eq!(nodes::certified(w.ledger(), &judge).remove(&key(who)).unwrap_or_default(), orgs);
    orgs
}

/// The first grant of a key.
fn granted(w: &World, who: &str) -> RowName {
    *w.ledger().registry.grants_of(key(who)).next().unwrap().0
}

#[test]
fn a_node_works_for_who_certifies_it_and_a_persons_key_for_nobody() {
    let mut c = Counties::new();
    let (county, school) = (c.county, c.school);
    assert_eq!(orgs_of(&c.w, "node"), BTreeSet::from([county]));
    for who in ["admin", "clerk", "reviewer", "auditor", "nobody"] {
        assert_eq!(orgs_of(&c.w, who), BTreeSet::new(), "{who}");
    }
    // An invite certifies no node; its use does.
    let invite = c.w.invite("admin", county, "code", Role::Clerk, school);
    assert_eq!(orgs_of(&c.w, "guest-node"), BTreeSet::new());
    c.w.join(&invite, "guest");
    assert_eq!([orgs_of(&c.w, "code"), orgs_of(&c.w, "guest")], [const { BTreeSet::new() }; 2]);
    assert_eq!(orgs_of(&c.w, "guest-node"), BTreeSet::from([school]));
    c.w.invite("admin", county, "code of a node", Role::Node, county);
    assert_eq!(orgs_of(&c.w, "code of a node"), BTreeSet::new(), "a one-use key is no node's");
}

#[test]
fn a_node_whose_grant_ended_works_for_nobody_until_it_is_granted_again() {
    let mut c = Counties::new();
    let county = c.county;
    let grant = granted(&c.w, "node");
    c.w.end("other-admin", c.other, grant, DAY, &[]);
    assert_eq!(orgs_of(&c.w, "node"), BTreeSet::from([county]), "another county ends nothing here");
    c.w.end("admin", county, grant, Day(DAY.0 + 10_000), &[]);
    assert_eq!(orgs_of(&c.w, "node"), BTreeSet::new(), "no clock is asked whether the day has come");
    c.w.grant("admin", county, "node", Role::Node, county);
    assert_eq!(orgs_of(&c.w, "node"), BTreeSet::from([county]));
}

#[test]
fn a_burnt_node_works_for_nobody_and_a_new_grant_does_not_help() {
    let mut c = Counties::new();
    let county = c.county;
    c.w.burn("admin", county, "node", &[]);
    assert_eq!(orgs_of(&c.w, "node"), BTreeSet::new());
    c.w.grant("admin", county, "node", Role::Node, county);
    assert_eq!(orgs_of(&c.w, "node"), BTreeSet::new());
}

#[test]
fn of_two_that_certify_a_node_each_withdraws_its_own_word_only() {
    let mut c = Counties::new();
    let (county, other, foreign) = (c.county, c.other, c.foreign);
    let second = c.w.grant("other-admin", other, "node", Role::Node, foreign);
    assert_eq!(orgs_of(&c.w, "node"), BTreeSet::from([county, foreign]));
    let both = orgs_of(&c.w, "node");
    for (named, works_for) in [(Some(county), Some(county)), (Some(foreign), Some(foreign)), (Some(c.second), None), (None, None)]
    {
        assert_eq!(nodes::chosen(&both, named), works_for, "{named:?}");
    }
    c.w.end("other-admin", other, second, DAY, &[]);
    assert_eq!(orgs_of(&c.w, "node"), BTreeSet::from([county]));
    for named in [Some(county), Some(foreign), None] {
        assert_eq!(nodes::chosen(&orgs_of(&c.w, "node"), named), Some(county), "{named:?}");
    }
}

/// Whoever does not stand certifies nobody.
#[test]
fn a_node_that_a_burnt_admin_certified_works_for_nobody() {
    let mut c = Counties::new();
    let county = c.county;
    c.w.grant("second-admin", county, "late-node", Role::Node, county);
    assert_eq!(orgs_of(&c.w, "late-node"), BTreeSet::from([county]));
    c.w.burn("admin", county, "second-admin", &[]);
    assert_eq!(orgs_of(&c.w, "late-node"), BTreeSet::new());
    assert_eq!(orgs_of(&c.w, "node"), BTreeSet::from([county]), "another admin's word stands");
}

/// A school's node goes on where the move row keeps its grant; what the former county certifies later does not count.
#[test]
fn after_a_move_a_node_works_for_its_school_by_the_word_of_the_move_row_only() {
    for is_kept in [false, true] {
        let mut c = Counties::new();
        let (city, county, other, school) = (c.w.city, c.county, c.other, c.school);
        c.w.grant("admin", county, "school-node", Role::Node, school);
        let kept = is_kept.then(|| Judge::new(c.w.ledger()).left_behind(school, other));
        let current = c.w.ledger().registry.orgs[&school].current().clone();
        let row = Org { random: None, parent: other, from_day: DAY, kept, ..current };
        c.w.write("city-admin", registry(city), |p| _ = p.row(Org::TYPE, &[], &row.to_fields()));
        c.w.grant("admin", county, "late-node", Role::Node, school);
        let expected = if is_kept { BTreeSet::from([school]) } else { BTreeSet::new() };
        assert_eq!((orgs_of(&c.w, "school-node"), orgs_of(&c.w, "late-node")), (expected, BTreeSet::new()), "{is_kept}");
        assert_eq!(orgs_of(&c.w, "node"), BTreeSet::from([county]), "who did not move stays");
    }
}
