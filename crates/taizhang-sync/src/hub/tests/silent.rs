//! Whoever holds a place and says nothing.
use super::*;

const NOBODY: [(SessionId, &str); 0] = [];

#[test]
fn who_does_not_greet_in_time_is_sent_away() {
    let mut node = City::with_admins(0).node(0);
    let start = node.now;
    assert_eq!(node.hub.poll_timeout(), None);
    node.connect(1, NODES[1]);
    node.now.0 += 5_000;
    node.connect(2, NODES[1]);
    let hello = node.hello();
    node.say(2, &hello);
    assert_eq!(node.hub.poll_timeout(), Some(Ms(start.0 + limits::GREETING_MS_MAX)));
    node.now.0 = start.0 + limits::GREETING_MS_MAX - 1;
    assert_eq!(node.input(Input::Timeout).closed, NOBODY);
    node.now.0 += 1;
    assert_eq!(node.input(Input::Timeout).closed, [(SessionId(1), "no greeting in time")]);
    assert_eq!(node.hub.poll_timeout(), None, "who has greeted and is certified may take its time");
    node.now.0 += 10 * limits::STRANGER_MS_MAX;
    assert_eq!(node.input(Input::Timeout).closed, NOBODY);
}

#[test]
fn who_greets_has_a_while_to_say_who_certifies_it() {
    let mut node = City::with_admins(0).node(0);
    let start = node.now;
    node.connect(1, STRANGER);
    let hello = node.hello();
    node.say(1, &hello);
    assert_eq!(node.hub.poll_timeout(), Some(Ms(start.0 + limits::STRANGER_MS_MAX)));
    node.now.0 = start.0 + limits::STRANGER_MS_MAX;
    assert_eq!(node.input(Input::Timeout).closed, [(SessionId(1), "not certified in time")]);
}

#[test]
fn a_clock_that_jumps_back_gives_nobody_ten_years() {
    let mut node = City::with_admins(0).node(0);
    let today = node.now;
    node.now.0 += 10 * 365 * 86_400_000;
    node.connect(1, NODES[1]);
    node.now = today;
    assert_eq!(node.input(Input::Timeout).closed, NOBODY);
    assert_eq!(node.hub.poll_timeout(), Some(Ms(today.0 + limits::GREETING_MS_MAX)));
}

#[test]
fn a_node_has_few_sessions_and_the_newest_stay() {
    let mut node = City::with_admins(0).node(0);
    let max = limits::SESSIONS_OF_NODE_MAX as u64;
    for session in 1..=max {
        assert_eq!(node.connect(session, NODES[1]).closed, NOBODY);
    }
    assert_eq!(node.connect(max + 1, NODES[1]).closed, [(SessionId(1), "this node has newer sessions")]);
    assert!((2..=max + 1).all(|s| node.has(s)));
}

#[test]
fn strangers_leave_places_to_nodes_that_are_known() {
    let mut node = City::with_admins(0).node(0);
    let max = limits::STRANGERS_MAX as u64;
    let stranger = |n: u64| {
        let seed = [n.to_be_bytes(); 4].concat();
        SecretKey::from_seed(seed.try_into().unwrap()).public()
    };
    for session in 1..=max + 10 {
        let closed =
            node.input(Input::Connected { session: SessionId(session), remote: stranger(session), dialer: false }).closed;
        let expected = [(SessionId(session), "too many nodes that are not certified")];
        assert_eq!(closed, if session <= max { &expected[..0] } else { &expected });
    }
    assert_eq!(node.connect(9_999, NODES[1]).closed, NOBODY);
    let called = Input::Connected { session: SessionId(10_000), remote: stranger(10_000), dialer: true };
    assert_eq!(node.input(called).closed, NOBODY, "whom we called may be the new machine of the office above");
}
