//! Inputs that come while a commit is under way.
use super::*;
use crate::keys::KeyRecord;

const FLOOD: &str = "too many frames while a commit is under way";

/// A node whose disk is busy, with a session of the other node and one of a stranger, and the entry being written.
fn busy() -> (Node, CommitId) {
    let city = City::with_admins(1);
    let mut node = city.node(0);
    node.connect(1, NODES[1]);
    node.connect(2, STRANGER);
    let hello = node.hello();
    node.say(1, &hello);
    node.say(2, &hello);
    node.commits = false;
    let commit = node.local(city.write(1, 2, row(1))).commits[0];
    (node, commit)
}

fn frame(node: &mut Node, session: u64, bytes: usize) -> Vec<(SessionId, &'static str)> {
    node.input(Input::Frame { session: SessionId(session), bytes: vec![0xff; bytes] }).closed
}

#[test]
fn a_session_has_so_many_waiting_and_no_more() {
    let (mut node, commit) = busy();
    for _ in 0..limits::INBOX_OF_SESSION_MAX {
        assert_eq!(frame(&mut node, 2, 1), []);
        assert_eq!(node.input(Input::Compare { session: SessionId(1) }).closed, [], "what is asked here is not counted");
    }
    assert_eq!(frame(&mut node, 1, 1), [], "another's flood takes nobody's place");
    assert_eq!(frame(&mut node, 2, 1), [(SessionId(2), FLOOD)]);
    for _ in 0..=limits::INBOX_OF_SESSION_MAX {
        assert_eq!(frame(&mut node, 2, 1), [], "what still comes of it is dropped");
    }
    node.commits = true;
    node.input(Input::Committed(commit));
    assert!(node.has(1) && !node.has(2));
}

#[test]
fn where_all_together_is_too_much_the_one_with_most_goes() {
    let (mut node, _) = busy();
    let large = limits::FRAME_BYTES_MAX;
    for _ in 0..limits::INBOX_BYTES_MAX / (large + limits::INPUT_BYTES) {
        assert_eq!(frame(&mut node, 2, large), []);
    }
    assert_eq!(frame(&mut node, 1, large), [(SessionId(2), FLOOD)], "not the one that came last");
    // With it went what waited of it.
    for _ in 0..8 {
        assert_eq!(frame(&mut node, 1, large), []);
    }
    assert!(node.has(1));
}

#[test]
fn connections_that_wait_are_counted_too() {
    let (mut node, commit) = busy();
    let large = limits::FRAME_BYTES_MAX;
    node.connect(7, NODES[1]);
    let n = limits::INBOX_BYTES_MAX / (large + limits::INPUT_BYTES);
    let closed: Vec<_> = (0..=n).flat_map(|_| frame(&mut node, 7, large)).collect();
    assert_eq!(closed, [(SessionId(7), FLOOD)]);
    node.commits = true;
    node.input(Input::Committed(commit));
    assert!(!node.has(7), "it never becomes a session");
}

#[test]
fn what_is_written_here_waits_its_turn_through_any_flood() {
    let (mut node, commit) = busy();
    let city = City::with_admins(1);
    let local = |token| Input::Local {
        token: Token(token),
        entries: vec![city.write(1, 3 + token as u16, row(1))],
        attachments: Vec::new(),
    };
    for token in 2..100 {
        node.input(local(token));
        (0..100).for_each(|_| _ = frame(&mut node, 2, 1));
    }
    node.commits = true;
    let done = node.input(Input::Committed(commit));
    let written = done.events.iter().filter(|e| matches!(e, Event::Written(_))).count();
    assert_eq!(written, 1 + 98);
}

#[test]
fn when_the_disk_fails_writers_hear_of_it_and_keys_stay() {
    let (mut node, commit) = busy();
    let city = City::with_admins(1);
    node.input(Input::Local { token: Token(2), entries: vec![city.write(1, 9, row(1))], attachments: Vec::new() });
    let record = KeyRecord {
        document: DocId::of(city.org, Kind::Identity),
        key: [1; 8],
        to: [2; 32],
        ephemeral: [3; 32],
        sealed: [4; 48],
    };
    node.input(Input::Keys { right: vec![record], spoiled: Vec::new() });
    node.input(Input::CommitFailed(commit));
    assert!(node.hub.needs_reload());
    node.hub.reload(city.ledger.clone());
    let done = node.input(Input::Timeout);
    assert!(done.events.contains(&Event::NotWritten(Token(2), Refused::Storage)));
    assert_eq!(node.hub.keys().len(), 1);
    assert_eq!(node.hub.sessions().filter(|s| s.phase == Phase::Live).count(), 0);
}
