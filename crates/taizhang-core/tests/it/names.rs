//! Who may open names, and which keys are forgotten: from standing rows alone, whatever the order of arrival.

use std::collections::BTreeSet;

use taizhang_core::{
    id::{DocId, EntryId, Kind, OrgId},
    names::{KeyId, erased, readers},
    op::{PayloadBuilder, RowName},
    rows::{Erase, EraseConfirm, Grant, Person, Role, RowType, field::Bytes},
    standing::Judge,
};

use crate::kit::{Counties, DAY, World, review};

const KEY: KeyId = [7; 8];

fn identity(school: OrgId) -> DocId {
    DocId::of(school, Kind::Identity)
}

fn person(p: &mut PayloadBuilder) {
    let row = Person { teacher: "T1".into(), key_id: KEY, sealed: Bytes(vec![1; 40]), id_match: None, reason: None };
    p.row(Person::TYPE, &[], &row.to_fields());
}

fn erase(p: &mut PayloadBuilder) {
    p.row(Erase::TYPE, &[], &Erase { teacher: "T1".into(), key_id: KEY, reason: "期满".into() }.to_fields());
}

fn confirm(w: &mut World, who: &str, document: DocId, asked: EntryId, of: DocId) -> EntryId {
    let row = EraseConfirm { erase: RowName { entry: asked, index: 0 }.in_document(of), reason: None }.to_fields();
    w.write(who, document, |p| {
        p.row(EraseConfirm::TYPE, &[], &row);
    })
}

fn erased_in(w: &World) -> BTreeSet<(DocId, KeyId)> {
    erased(w.ledger(), &Judge::new(w.ledger()))
}

#[test]
fn a_key_is_erased_where_the_school_asks_and_its_county_confirms() {
    let Counties { mut w, county, school, .. } = Counties::new();
    let document = identity(school);
    w.write("clerk", document, person);
    assert!(w.ledger().names_key(&document, &KEY));
    let asked = w.write("clerk", document, erase);
    assert!(erased_in(&w).is_empty(), "the school alone erases nothing");
    confirm(&mut w, "reviewer", review(county, school), asked, document);
    assert_eq!(erased_in(&w), BTreeSet::from([(document, KEY)]));
    for order in crate::kit::permutations(w.entries.len() - 2..w.entries.len()) {
        let order: Vec<usize> = (0..w.entries.len() - 2).chain(order).collect();
        let node = w.heard(&order);
        assert_eq!(erased(&node.ledger, &Judge::new(&node.ledger)), erased_in(&w), "{order:?}");
    }
}

#[test]
fn what_a_county_confirmed_stays_erased_when_the_school_moves() {
    let Counties { mut w, county, school, other, .. } = Counties::new();
    let document = identity(school);
    let asked = w.write("clerk", document, erase);
    confirm(&mut w, "reviewer", review(county, school), asked, document);
    let city = w.city;
    w.place("city-admin", city, (school, other), DAY, &[]);
    assert_eq!(w.ledger().registry.county_of(school), Some(other));
    assert_eq!(erased_in(&w), BTreeSet::from([(document, KEY)]));
}

#[test]
fn what_does_not_stand_erases_nothing() {
    // A stolen key asks.
    let Counties { mut w, county, school, .. } = Counties::new();
    let document = identity(school);
    let before = w.write("clerk", document, person);
    let asked = w.write("clerk", document, erase);
    w.burn("admin", county, "clerk", &[before]);
    confirm(&mut w, "reviewer", review(county, school), asked, document);
    assert!(erased_in(&w).is_empty(), "asked for with a stolen key");
    // A stolen key confirms.
    let Counties { mut w, county, school, .. } = Counties::new();
    let asked = w.write("clerk", document, erase);
    confirm(&mut w, "reviewer", review(county, school), asked, document);
    w.burn("admin", county, "reviewer", &[]);
    assert!(erased_in(&w).is_empty(), "confirmed with a stolen key");
}

#[test]
fn only_the_county_that_keeps_the_names_confirms() {
    let Counties { mut w, county, school, second, .. } = Counties::new();
    let (city, document) = (w.city, identity(school));
    let asked = w.write("clerk", document, erase);
    confirm(&mut w, "city-reviewer", review(city, school), asked, document);
    assert!(erased_in(&w).is_empty(), "the city keeps no names of this school");
    // The row must be the one that is named, in the document that is named, about the school of the review.
    confirm(&mut w, "reviewer", review(county, school), asked, identity(county));
    confirm(&mut w, "reviewer", review(county, second), asked, document);
    let other = w.write("clerk", document, person);
    confirm(&mut w, "reviewer", review(county, school), other, document);
    assert!(erased_in(&w).is_empty());
}

#[test]
fn names_are_opened_by_the_school_and_by_reviewers_of_its_county_while_their_grants_are_open() {
    let Counties { mut w, county, school, second, .. } = Counties::new();
    let city = w.city;
    let document = identity(school);
    let sealed = |w: &mut World, who: &str, at: OrgId, name: &str, role: Role, org: OrgId, seal: u8| {
        let row = Grant { seal_key: Some([seal; 32]), ..w.grant_row(name, role, org) }.to_fields();
        let entry = w.write(who, crate::kit::registry(at), |p| {
            p.row(Grant::TYPE, &[], &row);
        });
        RowName { entry, index: 0 }
    };
    let clerk = sealed(&mut w, "admin", county, "c", Role::Clerk, school, 1);
    sealed(&mut w, "admin", county, "p", Role::Principal, school, 2);
    sealed(&mut w, "admin", county, "r", Role::Reviewer, county, 3);
    sealed(&mut w, "admin", county, "a", Role::Admin, county, 4);
    sealed(&mut w, "admin", county, "o", Role::Clerk, county, 5);
    sealed(&mut w, "city-admin", city, "cr", Role::Reviewer, city, 6);
    sealed(&mut w, "admin", county, "sc", Role::Clerk, second, 7);
    let open = |w: &World| readers(w.ledger(), &Judge::new(w.ledger()), &document);
    assert_eq!(open(&w), BTreeSet::from([[1; 32], [2; 32], [3; 32]]));
    w.end("admin", county, clerk, DAY, &[]);
    assert_eq!(open(&w), BTreeSet::from([[2; 32], [3; 32]]), "whose grant has ended gets no new ones");
}
