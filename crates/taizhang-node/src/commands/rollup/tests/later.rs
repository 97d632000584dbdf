//! What became known after a rollup changes nothing about it: where a school stands, a branch of a fork.

use taizhang_core::{
    entry::{Header, SignedEntry},
    id::OrgId,
    units::Ms,
};

use super::*;
use crate::command::OrgChange;

/// The city moves the school; then the county goes on.
fn moves(net: &mut Net, city: OrgId, to: &str, from: &str) {
    net.start_again_as(city);
    let change = OrgChange::Move { org: "001".into(), to: to.into(), from: from.into(), reason: None };
    net.run("admin", &Command::Org(change)).unwrap();
    net.start_again_as(net.county);
}

/// The county has the school, has lost it by a move that is recorded late, and gets it back: each rollup was right in its time, and stays so.
#[test]
fn a_rollup_of_a_time_in_which_a_school_was_elsewhere_holds_when_it_has_come_back() {
    let (mut net, city) = Net::below_a_city();
    let add = Command::OrgAdd { code: "429802".into(), kind: "county".into(), name: "另一县".into(), parent: None };
    net.run("admin", &add).unwrap();
    net.put("clerk", net.ledger(), &registration("A1", "T1", 800));
    net.start_again_as(net.county);
    publish(&mut net);
    moves(&mut net, city, "429802", "2024-09-01");
    let (without, reply) = publish(&mut net);
    assert_eq!(reply["replaced"], 1);
    assert_eq!(levels(&mut net, &without, true, Some(9)).0, [PASS, PASS, PASS]);
    let today = net.core.now().day().to_string();
    moves(&mut net, city, "429801", &today);
    assert_eq!(levels(&mut net, &without, true, Some(9)).0, [PASS, PASS, PASS]);
    let (again, _) = publish(&mut net);
    for id in [&without, &again] {
        assert_eq!(levels(&mut net, id, true, Some(9)).0, [PASS, PASS, PASS]);
    }
}

/// Four branches with lower ids drive out an entry that nobody decided on: the county's next rollup does without it, and the one that counted it is no lie.
#[test]
fn a_clerks_fork_stops_no_rollup() {
    let mut net = Net::new();
    let id = net.put("clerk", net.ledger(), &registration("A1", "T1", 800)).entry;
    let (before, _) = publish(&mut net);
    let (first, key) = (net.core.entry(&id).unwrap(), net.person("clerk").key);
    let sibling = |n: u64| {
        let header = Header { time: Ms(first.header.time.0 + n), ..first.header };
        SignedEntry::sign(header, first.payload.clone(), &key, &net.core.network())
    };
    let lower: Vec<SignedEntry> = (1..).map(sibling).filter(|e| e.id < id).take(4).collect();
    net.core.store_entries(lower, Vec::new()).unwrap();
    assert!(net.core.ledger().is_surplus_entry(&id));
    let (after, reply) = publish(&mut net);
    assert_eq!(reply["replaced"], 1);
    for id in [before, after] {
        assert_eq!(levels(&mut net, &id, true, Some(9)).0, [PASS, PASS, PASS]);
    }
}
