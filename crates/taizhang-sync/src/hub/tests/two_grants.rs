//! A node whose key two organisations certify.
use taizhang_core::{op::RowName, rows::Org};

use super::*;

/// A county below the city whose grant of the other node's key arrives before the city's own, or after it.
fn city(foreign_first: bool) -> (City, OrgId) {
    let mut city = City::with_admins(0);
    let county = NewOrg { code: "2".into(), kind: OrgKind::County, name: "县".into(), random: [3; 8] };
    let county = county.row(city.org, DAY);
    let mut p = PayloadBuilder::default();
    p.row(Org::TYPE, &[], &county.to_fields());
    let creates = city.write(ADMIN, 2, p.finish());
    city.take(&creates);
    let at = |city: &City, org: OrgId| {
        let o = &city.ledger.registry.orgs[&org].creation;
        let document = if org == city.org { DocId::of(OrgId::root(city.network), Kind::Registry) } else { city.registry };
        o.name.in_document(document)
    };
    let mut orgs = [city.org, county.org];
    if foreign_first {
        orgs.reverse();
    }
    for (n, org) in orgs.into_iter().enumerate() {
        let grant = NewGrant { key: key(STRANGER), role: Role::Node, office: None, org, basis: at(&city, org), seal_key: None };
        let mut p = PayloadBuilder::default();
        p.row(Grant::TYPE, &[], &grant.row("x", DAY).to_fields());
        let grants = city.write(ADMIN, 3 + n as u16, p.finish());
        city.take(&grants);
    }
    (city, county.org)
}

fn org_that_greets(city: &City, named: OrgId) -> Option<OrgId> {
    let mut node = city.node(0);
    assert_eq!(node.connect(1, STRANGER).closed, []);
    let hello = Frame::Hello { version: VERSION, network: city.network, org: named, wants: Kinds::all(), join: None };
    node.say(1, &hello);
    node.hub.sessions().next().unwrap().org
}

#[test]
fn a_node_works_for_the_one_that_it_names_itself_whatever_came_first() {
    for foreign_first in [false, true] {
        let (city, county) = city(foreign_first);
        assert_eq!(org_that_greets(&city, city.org), Some(city.org));
        assert_eq!(org_that_greets(&city, county), Some(county));
        assert_eq!(org_that_greets(&city, OrgId([9; 8])), None, "of neither: who certifies it is not told by guessing");
    }
}

#[test]
fn a_node_that_one_organisation_certifies_works_for_that_whatever_it_says() {
    let city = City::with_admins(0);
    let mut node = city.node(0);
    node.connect(1, NODES[1]);
    let hello = Frame::Hello { version: VERSION, network: city.network, org: OrgId([9; 8]), wants: Kinds::all(), join: None };
    node.say(1, &hello);
    assert_eq!(node.hub.sessions().next().unwrap().org, Some(city.org));
}

#[test]
fn a_second_grant_while_a_session_stands_changes_nothing() {
    let city = City::with_admins(0);
    let mut node = city.node(0);
    node.connect(1, NODES[1]);
    let hello = node.hello();
    node.say(1, &hello);
    let county = NewOrg { code: "2".into(), kind: OrgKind::County, name: "县".into(), random: [3; 8] }.row(city.org, DAY);
    let mut p = PayloadBuilder::default();
    p.row(Org::TYPE, &[], &county.to_fields());
    let entry = city.write(ADMIN, 2, p.finish());
    let basis = RowName { entry: entry.id, index: 0 }.here();
    node.local(entry);
    let grant = NewGrant { key: key(NODES[1]), role: Role::Node, office: None, org: county.org, basis, seal_key: None };
    let mut p = PayloadBuilder::default();
    p.row(Grant::TYPE, &[], &grant.row("x", DAY).to_fields());
    let done = node.local(city.write(ADMIN, 3, p.finish()));
    assert!(done.events.contains(&Event::Written(Token(1))) && done.closed.is_empty());
    assert_eq!(node.hub.sessions().next().unwrap().org, Some(city.org));
}
