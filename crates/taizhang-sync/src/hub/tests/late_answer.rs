//! Answers about roots that were true when they were given.
use super::*;

fn digest(node: &Node) -> [u8; 16] {
    node.hub.tree(&node.hub.sessions[&SessionId(1)]).root()
}

fn asks_anew(done: &Done) -> bool {
    done.sent.iter().any(|(_, bytes)| matches!(Frame::decode(bytes), Ok(Some(Frame::Root { reply: true, .. }))))
}

/// The other has asked, and heard what we are.
fn answered() -> (City, Node, [u8; 16]) {
    let city = City::with_admins(1);
    let mut node = city.node(0);
    node.connect(1, NODES[1]);
    let hello = node.hello();
    node.say(1, &hello);
    let ours = digest(&node);
    let done = node.say(1, &Frame::Root { digest: ours, reply: true });
    assert!(!asks_anew(&done));
    (city, node, ours)
}

#[test]
fn what_only_a_comparison_tells_is_still_compared_when_the_other_becomes_what_we_were() {
    let (city, mut node, ours) = answered();
    // A registry has changed: what rests on it is found by comparing, once the entry itself has arrived.
    let done = node.local(city.write(ADMIN, 7, row(1)));
    assert!(!asks_anew(&done));
    assert_ne!(digest(&node), ours);
    // The answer to a question from before comes late: they are what we said we were.
    let done = node.say(1, &Frame::Root { digest: ours, reply: false });
    assert!(!asks_anew(&done), "the entry is still on its way");
    let done = node.say(1, &Frame::Ack { batches: 1, new: 1 });
    assert!(asks_anew(&done));
}

#[test]
fn who_is_equal_is_not_asked_again() {
    let (_, mut node, ours) = answered();
    let done = node.say(1, &Frame::Root { digest: ours, reply: false });
    assert_eq!((asks_anew(&done), done.closed), (false, vec![]));
}
