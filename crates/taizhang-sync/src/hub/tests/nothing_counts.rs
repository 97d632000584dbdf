//! A document of which nothing counts: all of it lies under a grant on a branch that is not kept. Nobody is sent it, so nobody else knows of it.
use super::{
    many_tips::{part, talk},
    *,
};

/// What was brought and could not be kept is owed to nobody.
#[test]
fn of_what_was_not_kept_no_receipt_stays_owed() {
    let mut node = City::with_admins(0).node(0);
    node.connect(1, NODES[1]);
    let hello = node.hello();
    node.say(1, &hello);
    let nowhere = DocId::of_year(node.hub.config.org, Kind::Notice, 2031);
    node.hub.sessions.get_mut(&SessionId(1)).unwrap().touched.insert(nowhere);
    node.hub.sign_receipt(node.now, SessionId(1));
    assert!(!node.hub.owed.values().any(|d| d.contains(&nowhere)));
}

/// Two nodes of a city; the first also holds what a clerk wrote whose grant is surplus.
fn nodes() -> ([Node; 2], DocId) {
    let mut city = City::with_admins(0);
    let mut branches: Vec<(SignedEntry, u8)> = Vec::new();
    for clerk in 20..25 {
        branches.push((city.write(ADMIN, 2, city.grants([(clerk, Role::Clerk)].into_iter())), clerk));
    }
    branches.sort_by_key(|(e, _)| e.id);
    branches.iter().for_each(|(e, _)| city.take(e));
    let (beyond, clerk) = branches.pop().unwrap();
    assert!(city.ledger.is_surplus_entry(&beyond.id));
    let author = Author { key: secret(clerk), run: Run([9; 8]) };
    let notices = DocId::of_year(city.org, Kind::Notice, 2031);
    let grant =
        grant_for(&city.ledger, author.public(), &notices).or(Some(taizhang_core::op::RowName { entry: beyond.id, index: 0 }));
    let astray = author.write(&city.ledger, notices, grant, row(1), Ms::start_of(DAY));
    let lean = city.node(1);
    city.take(&astray);
    assert!(city.ledger.is_surplus_entry(&astray.id) && city.ledger.open_tips(&notices).is_empty());
    ([city.node(0), lean], notices)
}

#[test]
fn it_keeps_no_two_nodes_from_being_in_sync() {
    let (mut nodes, notices) = nodes();
    let (sent, _) = talk(&mut nodes, 1);
    assert_eq!(sent, [0, 0]);
    assert!(nodes[1].hub.ledger().document(&notices).is_none(), "nobody is told of it");
    let digests = |n: &Node| n.hub.sessions().map(|s| n.hub.tree(&n.hub.sessions[&s.session]).root()).collect::<Vec<_>>();
    assert_eq!(digests(&nodes[0]), digests(&nodes[1]));
    part(&mut nodes, 1);
}

#[test]
fn nobody_signs_a_receipt_of_it() {
    let (mut nodes, notices) = nodes();
    let node = &mut nodes[0];
    node.connect(1, NODES[1]);
    let hello = node.hello();
    node.say(1, &hello);
    // It came in this session, and fell out before its receipt was due.
    let s = node.hub.sessions.get_mut(&SessionId(1)).unwrap();
    s.touched.insert(notices);
    node.hub.sign_receipt(node.now, SessionId(1));
    assert!(
        node.input(Input::Timeout).sent.iter().all(|(_, frame)| !matches!(Frame::decode(frame), Ok(Some(Frame::Receipt(_)))))
    );
    assert!(!node.hub.sessions[&SessionId(1)].touched.contains(&notices), "it is not asked about again and again");
    assert!(node.hub.owed[&key(NODES[1])].contains(&notices), "it stays owed: it may count again");
    node.input(Input::Closed { session: SessionId(1) });
    node.connect(2, NODES[1]);
    node.say(2, &hello);
    assert!(node.hub.owed[&key(NODES[1])].contains(&notices) && !node.hub.sessions[&SessionId(2)].touched.contains(&notices));
}
