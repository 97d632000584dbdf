//! Receipts that were not due yet when the session ended.
use super::{
    greedy::{batch, greeted},
    many_tips::{part, talk},
    *,
};

/// The tips that node 1 holds a receipt of node 0 for.
fn receipted(nodes: &[Node; 2], document: DocId) -> Vec<EntryId> {
    let held = nodes[1].hub.receipts().find(|(node, d, _)| **node == key(NODES[0]) && **d == document);
    held.into_iter().flat_map(|(_, _, r)| &r.documents).filter(|(d, _)| *d == document).flat_map(|(_, t)| t.clone()).collect()
}

/// Two nodes; node 0 has given a receipt within this minute, and owes one for the entry that came after. The session still stands.
fn owing() -> ([Node; 2], City, SignedEntry) {
    let city = City::with_admins(1);
    let mut nodes = [city.node(0), city.node(1)];
    let first = city.write(ADMIN, 7, row(1));
    nodes[1].local(first.clone());
    talk(&mut nodes, 1);
    assert!(receipted(&nodes, city.registry).contains(&first.id), "the first receipt is given at once");
    written(&mut nodes, 0, city.write(ADMIN, 10, row(4)));
    assert_eq!(noted(&nodes[0]), 0, "the next commit has noted that");
    let second = city.write(1, 8, row(2));
    written(&mut nodes, 1, second.clone());
    assert!(nodes[0].hub.ledger().place(&second.id).is_some(), "it is there");
    assert!(!receipted(&nodes, city.registry).contains(&second.id));
    (nodes, city, second)
}

/// One of them writes, and both say what there is to say about it.
fn written(nodes: &mut [Node; 2], by: usize, entry: SignedEntry) {
    let mut waiting: VecDeque<(usize, Done)> = [(by, nodes[by].local(entry))].into();
    while let Some((n, done)) = waiting.pop_front() {
        for (session, bytes) in done.sent {
            waiting.push_back((1 - n, nodes[1 - n].input(Input::Frame { session, bytes })));
        }
    }
}

/// The program of node 0 ends and starts again: what it knows is what its store holds.
fn restart(nodes: &mut [Node; 2], session: u64) {
    let [node, other] = nodes;
    let config =
        Config { receipt_epoch: node.hub.config.receipt_epoch + 1, ..Config::new(secret(NODES[0]), node.hub.config.org) };
    node.hub = Hub::new(config, node.hub.ledger().clone());
    node.notes.keys().for_each(|key| node.hub.load_owed(key));
    other.input(Input::Closed { session: SessionId(session) });
}

/// The documents of which the store says that a receipt is owed.
fn noted(node: &Node) -> usize {
    node.notes.keys().filter(|key| key.starts_with(b"owed/")).count()
}

const RECEIPT: u8 = 9;

#[test]
fn what_a_session_owed_is_receipted_in_the_next() {
    let (mut nodes, city, second) = owing();
    part(&mut nodes, 1);
    let (sent, _) = talk(&mut nodes, 2);
    assert_eq!(sent, [0, 0], "nothing is left to send");
    assert!(receipted(&nodes, city.registry).contains(&second.id), "and the receipt comes");
    assert!(nodes[0].hub.owed.is_empty());
}

#[test]
fn also_after_a_restart_and_once() {
    let (mut nodes, city, second) = owing();
    assert_eq!(noted(&nodes[0]), 1);
    restart(&mut nodes, 1);
    let (sent, kinds) = talk(&mut nodes, 2);
    assert_eq!((sent, kinds.contains(&RECEIPT)), ([0, 0], true));
    assert!(receipted(&nodes, city.registry).contains(&second.id), "the receipt comes");
    // The next commit, of whatever it is, takes the note away.
    written(&mut nodes, 0, city.write(1, 9, row(3)));
    assert_eq!(noted(&nodes[0]), 0);
    restart(&mut nodes, 2);
    let (_, kinds) = talk(&mut nodes, 3);
    assert!(!kinds.contains(&RECEIPT), "nothing is said twice");
}

#[test]
fn a_restart_while_no_session_stands_changes_nothing() {
    let (mut nodes, city, second) = owing();
    part(&mut nodes, 1);
    restart(&mut nodes, 1);
    restart(&mut nodes, 1);
    talk(&mut nodes, 2);
    assert!(receipted(&nodes, city.registry).contains(&second.id));
}

#[test]
fn what_a_failed_commit_would_have_noted_the_next_one_notes() {
    let city = City::with_admins(1);
    let mut node = city.node(0);
    greeted(&mut node);
    node.commits = false;
    let commit = node.say(1, &batch(&[city.write(ADMIN, 7, row(1))])).commits[0];
    node.input(Input::CommitFailed(commit));
    node.hub.reload(city.ledger.clone());
    node.commits = true;
    node.local(city.write(1, 8, row(2)));
    assert_eq!(noted(&node), 1);
}

#[test]
fn a_note_stays_until_a_commit_that_holds_has_taken_it_away() {
    let (mut nodes, city, _) = owing();
    part(&mut nodes, 1);
    talk(&mut nodes, 2);
    let [node, _] = &mut nodes;
    node.commits = false;
    let commit = node.local(city.write(ADMIN, 9, row(3))).commits[0];
    node.input(Input::CommitFailed(commit));
    node.hub.reload(city.ledger.clone());
    node.commits = true;
    assert_eq!(noted(node), 1);
    node.local(city.write(ADMIN, 9, row(3)));
    assert_eq!(noted(node), 0);
}

#[test]
fn what_a_node_told_before_it_was_certified_is_owed_from_then_on() {
    let city = City::with_admins(1);
    let mut node = city.node(0);
    node.connect(1, STRANGER);
    let hello = node.hello();
    node.say(1, &hello);
    let grant = city.write(ADMIN, 7, city.grants([(STRANGER, Role::Node)].into_iter()));
    node.say(1, &batch(&[grant]));
    node.local(city.write(1, 8, row(2)));
    assert_eq!(noted(&node), 1);
}

#[test]
fn a_node_that_is_not_certified_is_owed_nothing() {
    let city = City::with_admins(1);
    let mut node = city.node(0);
    node.connect(1, STRANGER);
    let hello = node.hello();
    node.say(1, &hello);
    let entry = city.write(ADMIN, 7, row(1));
    node.say(1, &batch(std::slice::from_ref(&entry)));
    assert!(node.hub.ledger().place(&entry.id).is_some(), "its registries are taken");
    node.input(Input::Closed { session: SessionId(1) });
    node.local(city.write(1, 8, row(2)));
    assert_eq!(noted(&node), 0);
}

#[test]
fn what_the_other_may_not_hear_of_any_more_is_forgotten() {
    let city = City::with_admins(1);
    let mut node = city.node(0);
    let elsewhere = DocId::of(OrgId([7; 8]), Kind::Roster);
    let key = [b"owed/".as_slice(), &key(NODES[1]).0, &elsewhere.to_bytes()].concat();
    node.hub.load_owed(&key);
    node.notes.insert(key, Vec::new());
    greeted(&mut node);
    node.local(city.write(1, 8, row(2)));
    assert_eq!(noted(&node), 0);
}

#[test]
fn a_note_of_another_form_is_none() {
    let mut node = City::with_admins(0).node(0);
    let key = [b"owed/".as_slice(), &key(NODES[1]).0, &[0; 19]].concat();
    for cut in [0, 5, 36, 37, key.len() - 1, key.len()] {
        node.hub.load_owed(&key[..cut]);
    }
    node.hub.load_owed(&[key.as_slice(), &[0]].concat());
    assert!(node.hub.owed.is_empty());
}

#[test]
fn a_receipt_owed_for_what_is_not_here_is_not_given() {
    let (mut nodes, city, second) = owing();
    let nothing = DocId::of_year(city.org, Kind::Notice, 2024);
    restart(&mut nodes, 1);
    nodes[0].hub.load_owed(&[b"owed/".as_slice(), &key(NODES[1]).0, &nothing.to_bytes()].concat());
    talk(&mut nodes, 2);
    assert!(nodes[1].has(2), "a receipt of nothing would end the session");
    assert!(receipted(&nodes, city.registry).contains(&second.id));
    written(&mut nodes, 0, city.write(ADMIN, 11, row(5)));
    assert_eq!(noted(&nodes[0]), 0);
}
