//! Receipts that were not due yet when the session ended.
use super::{
    many_tips::{part, talk},
    *,
};

/// The tips that node 1 holds a receipt of node 0 for.
fn receipted(nodes: &[Node; 2], document: DocId) -> Vec<EntryId> {
    let held = nodes[1].hub.receipts().find(|(node, d, _)| **node == key(NODES[0]) && **d == document);
    held.into_iter().flat_map(|(_, _, r)| &r.documents).filter(|(d, _)| *d == document).flat_map(|(_, t)| t.clone()).collect()
}

#[test]
fn what_a_session_owed_is_receipted_in_the_next() {
    let city = City::with_admins(1);
    let mut nodes = [city.node(0), city.node(1)];
    let first = city.write(ADMIN, 7, row(1));
    nodes[1].local(first.clone());
    talk(&mut nodes, 1);
    assert!(receipted(&nodes, city.registry).contains(&first.id), "the first receipt is given at once");
    // Within the same minute another one: its receipt is not due when the line ends.
    let second = city.write(1, 8, row(2));
    let mut waiting: VecDeque<(usize, Done)> = [(1, nodes[1].local(second.clone()))].into();
    while let Some((n, done)) = waiting.pop_front() {
        for (session, bytes) in done.sent {
            waiting.push_back((1 - n, nodes[1 - n].input(Input::Frame { session, bytes })));
        }
    }
    assert!(nodes[0].hub.ledger().place(&second.id).is_some(), "it is there");
    assert!(!receipted(&nodes, city.registry).contains(&second.id));
    part(&mut nodes, 1);
    let (sent, _) = talk(&mut nodes, 2);
    assert_eq!(sent, [0, 0], "nothing is left to send");
    assert!(receipted(&nodes, city.registry).contains(&second.id), "and the receipt comes");
    assert!(nodes[0].hub.owed.is_empty());
}
