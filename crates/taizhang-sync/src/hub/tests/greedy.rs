//! Whoever has a node work for nothing: answers to what was not asked, the same said again and again, forks to try signatures at.
use taizhang_core::{
    entry::{Before, Header},
    id::LogId,
    op::RowName,
};

use super::*;
use crate::{
    batch::WriteContext,
    compress::{Compressor, Effort},
    frame::{BatchFrame, Summary},
    hub::compare::answers,
};

pub(super) fn greeted(node: &mut Node) {
    node.connect(1, NODES[1]);
    let hello = node.hello();
    node.say(1, &hello);
}

/// A session that has compared and found nothing.
pub(super) fn live(node: &mut Node) {
    greeted(node);
    let ours = node.say(1, &Frame::Root { digest: [0; 16], reply: true }).sent;
    let Ok(Some(Frame::Root { digest, .. })) = Frame::decode(&ours[0].1) else { panic!("a root") };
    node.say(1, &Frame::Root { digest, reply: true });
    assert_eq!(node.hub.sessions().next().unwrap().phase, Phase::Live);
}

pub(super) fn batch(entries: &[SignedEntry]) -> Frame {
    let mut w = taizhang_core::cbor::Writer::default();
    let loose = WriteContext::default().write_entries(&mut w, entries);
    let packed = Compressor::new(Effort::Short).unwrap().flush(&w.finish()).unwrap();
    let signatures = entries.iter().map(|e| e.signature).collect();
    Frame::Batch(BatchFrame { fresh: true, last: true, signatures, loose, packed })
}

/// How many entries the node has now, and which refusals it sent.
fn after(node: &mut Node, frame: &Frame) -> (u64, Vec<u64>) {
    let done = node.say(1, frame);
    let code = |bytes: &Vec<u8>| match Frame::decode(bytes) {
        Ok(Some(Frame::Refused { code, .. })) => Some(code),
        _ => None,
    };
    (node.hub.ledger().len(), done.sent.iter().filter_map(|(_, bytes)| code(bytes)).collect())
}

/// An admin's log that begins once, and goes on in so many ways at its second place.
struct Fork {
    city: City,
    log: LogId,
    siblings: Vec<SignedEntry>,
}

impl Fork {
    fn of(ways: u8) -> Self {
        let mut city = City::with_admins(1);
        let first = city.write(1, 2, row(1));
        let log = first.header.log;
        let mut fork = Self {
            log,
            siblings: Vec::new(),
            city: {
                city.take(&first);
                city
            },
        };
        fork.siblings = (0..ways).map(|n| fork.next(&first, n)).collect();
        fork.siblings.sort_by_key(|e| e.id);
        fork.siblings.clone().iter().for_each(|e| fork.city.take(e));
        fork
    }

    /// What its author writes behind an entry, at different times.
    fn next(&self, before: &SignedEntry, time: u8) -> SignedEntry {
        let (sequence, before) = (before.header.sequence + 1, Before::Previous(before.id));
        let header = Header { log: self.log, sequence, before, time: Ms(Ms::start_of(DAY).0 + u64::from(time)) };
        SignedEntry::sign(header, row(1), &secret(1), &self.city.network)
    }
}

#[test]
fn at_a_fork_only_branches_that_are_kept_go_on() {
    let fork = Fork::of(6);
    let mut node = fork.city.node(0);
    greeted(&mut node);
    let before = node.hub.ledger().len();
    for (n, sibling) in fork.siblings.iter().enumerate() {
        let (len, refused) = after(&mut node, &batch(&[fork.next(sibling, 9)]));
        let expected = if n < 4 { (before + n as u64 + 1, vec![]) } else { (before + 4, vec![1]) };
        assert_eq!((len, refused), expected, "{n}");
        node.input(Input::Closed { session: SessionId(1) });
        greeted(&mut node);
    }
    // Sent whole, as to a node that does not have it, a branch says itself what it continues.
    let last = fork.siblings.last().unwrap();
    let (len, refused) = after(&mut node, &batch(&[last.clone(), fork.next(last, 9)]));
    assert_eq!((len, refused), (before + 5, vec![]));
}

/// What the same batch keeps goes on at once: what follows from a batch is not settled at its end alone.
#[test]
fn at_a_fork_a_branch_goes_on_that_came_to_be_kept_in_the_same_batch() {
    let fork = Fork::of(6);
    let mut node = fork.city.node(0);
    greeted(&mut node);
    let before = node.hub.ledger().len();
    let last = fork.siblings.last().unwrap();
    let mut p = PayloadBuilder::default();
    p.row(999, &[RowName { entry: last.id, index: 0 }.here()], &[0x81, 1]);
    let keeps = fork.city.write(ADMIN, 9, p.finish());
    let (len, refused) = after(&mut node, &batch(&[keeps, fork.next(last, 9)]));
    assert_eq!((len, refused), (before + 2, vec![]));
}

#[test]
fn signatures_tried_at_forks_are_so_many_in_a_batch() {
    const WAYS: u8 = 60;
    let mut fork = Fork::of(WAYS);
    let rows: Vec<_> = fork.siblings.iter().map(|e| RowName { entry: e.id, index: 0 }.here()).collect();
    let mut p = PayloadBuilder::default();
    p.row(999, &rows, &[0x81, 1]);
    let names_all = fork.city.write(ADMIN, 9, p.finish());
    fork.city.take(&names_all);
    let mut node = fork.city.node(0);
    greeted(&mut node);
    let before = node.hub.ledger().len();
    // Each is tried behind all of them, and fits the last.
    let last = fork.siblings.last().unwrap();
    let many: Vec<SignedEntry> = (0..100).map(|n| fork.next(last, n)).collect();
    let (len, refused) = after(&mut node, &batch(&many));
    assert_eq!((len - before, refused), ((limits::FORK_TRIES_MAX / usize::from(WAYS)) as u64, vec![1]));
    assert!(after(&mut node, &batch(&[])).1.is_empty() && node.has(1), "the rest comes after the next comparison");
}

#[test]
fn answers_are_about_what_was_asked_and_once() {
    let leaf = |prefix: &[u8]| Summary::Leaf { prefix: prefix.to_vec(), documents: Vec::new() };
    let question = BTreeSet::from([vec![], vec![1, 2]]);
    assert!(answers(&[], &question) && answers(&[leaf(&[3]), leaf(&[1]), leaf(&[1, 2, 15])], &question));
    for wrong in [vec![leaf(&[])], vec![leaf(&[3]), leaf(&[3])], vec![leaf(&[1, 2])], vec![leaf(&[1, 2, 3, 4])]] {
        assert!(!answers(&wrong, &question), "{wrong:?}");
    }
}

#[test]
fn who_answers_what_was_not_asked_is_sent_away() {
    for (answer, closed) in [(None, None), (Some(vec![7]), Some("an answer to what was not asked"))] {
        let mut node = City::with_admins(0).node(0);
        node.input(Input::Connected { session: SessionId(1), remote: key(NODES[1]), dialer: true });
        let hello = node.hello();
        node.say(1, &hello);
        let asked = node.say(1, &Frame::Root { digest: [0; 16], reply: false }).sent;
        assert!(matches!(Frame::decode(&asked[0].1), Ok(Some(Frame::Summaries(_)))), "it asks");
        let parts = answer.into_iter().map(|prefix| Summary::Leaf { prefix, documents: Vec::new() }).collect();
        let done = node.say(1, &Frame::Summaries(parts));
        assert_eq!(done.closed.first().map(|(_, why)| *why), closed);
    }
}

#[test]
fn tips_said_again_in_a_round_have_nobody_look_again() {
    let city = City::with_admins(1);
    let mut node = city.node(0);
    greeted(&mut node);
    let owed = |node: &Node| node.hub.sessions().next().unwrap().owed;
    let nothing = Frame::Tips { document: city.registry, tips: Vec::new() };
    node.say(1, &nothing);
    assert_eq!(owed(&node), 1, "all that is in the city's registry");
    node.say(1, &Frame::Have { document: city.registry });
    node.say(1, &nothing);
    assert_eq!(owed(&node), 0);
    node.say(1, &Frame::Summaries(vec![Summary::Leaf { prefix: Vec::new(), documents: Vec::new() }]));
    node.say(1, &nothing);
    assert_eq!(owed(&node), 1, "a new round begins");
}

#[test]
fn that_a_log_was_refused_is_told_once_a_round() {
    let city = City::with_admins(1);
    let mut node = city.node(0);
    live(&mut node);
    node.local(city.write(1, 2, row(1)));
    let refused = |node: &mut Node| {
        let events = node.say(1, &Frame::Refused { log: 1, sequence: 1, code: 5 }).events;
        events.iter().filter(|e| matches!(e, Event::RefusedThere { .. })).count()
    };
    assert_eq!([refused(&mut node), refused(&mut node)], [1, 0]);
}
