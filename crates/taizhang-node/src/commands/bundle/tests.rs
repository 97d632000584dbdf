#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use serde_json::Value as Json;
use taizhang_core::{
    founding::NewGrant,
    id::{DocId, Kind, OrgId, PublicKey},
    key::SecretKey,
    rows::{Grant, Role},
    units::Day,
};

use crate::{
    command::{Bundle, Command},
    commands::testkit::{Net, row, teacher},
    error::CommandError,
};

/// A node of a school, by the county's registry.
fn certify(net: &mut Net, seed: u8, org: OrgId, label: &str) -> PublicKey {
    let key = SecretKey::from_seed([seed; 32]).public();
    let basis = net.core.ledger().registry.orgs[&org].creation.name.here();
    let grant = NewGrant { key, role: Role::Node, office: None, org, basis, seal_key: None };
    let grant: Grant = grant.row(label, Day(20_000));
    net.put("admin", DocId::of(net.county, Kind::Registry), &row(&grant));
    key
}

fn write(net: &mut Net, to: &str, org: Option<&str>, file: &str) -> Result<Json, CommandError> {
    let out = net.dir.path().join(file);
    let command = Command::Bundle(Bundle::Write { to: to.to_owned(), org: org.map(str::to_owned), out, ledgers: false });
    net.run("admin", &command).map(|reply| Json::Object(reply.data))
}

fn hint(refused: Result<Json, CommandError>) -> String {
    refused.unwrap_err().hint.unwrap().en
}

#[test]
fn the_beginning_of_a_nodes_key_names_it() {
    let mut net = Net::new();
    let school = net.school;
    let node = certify(&mut net, 77, school, "教务机").to_string();
    let written = write(&mut net, &node[..6].to_ascii_uppercase(), None, "a.tzb").unwrap();
    assert_eq!((&written["node"], &written["org"]), (&node.as_str().into(), &"001".into()));
    assert!(write(&mut net, &node[..5], None, "b.tzb").is_err(), "too short");
    let own = net.core.folder().node_key().unwrap().public().to_string();
    for nobody in ["abcdefabcdef", &own, &own[..9]] {
        assert!(hint(write(&mut net, nobody, None, "b.tzb")).contains("key list"), "{nobody}");
    }
}

#[test]
fn of_several_nodes_none_is_chosen_and_each_is_listed_with_its_post() {
    let mut net = Net::new();
    let school = net.school;
    let nodes = [certify(&mut net, 77, school, "教务机"), certify(&mut net, 78, school, "审计员")];
    let listed = hint(write(&mut net, "001", None, "a.tzb"));
    for (node, label) in nodes.iter().zip(["教务机", "审计员"]) {
        let post = format!("{} (001 {label}, node)", &node.to_string()[..16]);
        assert!(listed.contains(&post), "{post}: {listed}");
    }
    write(&mut net, &nodes[1].to_string()[..16], None, "a.tzb").unwrap();
}

#[test]
fn a_node_that_several_organisations_certify_gets_what_the_one_named_may_read() {
    let mut net = Net::new();
    net.put("clerk", net.roster(), &teacher("T1"));
    let (school, other) = (net.school, net.school2);
    let node = certify(&mut net, 77, school, "教务机").to_string();
    certify(&mut net, 77, other, "教务机");
    let which = hint(write(&mut net, &node, None, "a.tzb"));
    assert!(which.contains("--for") && which.contains("001") && which.contains("002"), "{which}");
    assert!(write(&mut net, &node, Some("429801"), "a.tzb").is_err(), "not for the county");
    let entries = |net: &mut Net, org: &str| write(net, &node, Some(org), &format!("{org}.tzb")).unwrap()["entries"].as_u64();
    let (of_school, of_other) = (entries(&mut net, "001").unwrap(), entries(&mut net, "002").unwrap());
    assert_eq!(of_school, of_other + 1, "the roster of 001 is for 001 only");
    assert_eq!(write(&mut net, "002", None, "c.tzb").unwrap()["entries"], of_other, "a code says for whom");
}
