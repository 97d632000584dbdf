//! What a session remembers, has waiting or tells has an end, and this is where it lies.
use super::{
    greedy::{greeted, live},
    *,
};
use crate::{
    batch::{Chunk, WriteContext},
    compress::{Compressor, Effort},
    frame::{BatchFrame, Summary, Tip},
};

/// Documents that nobody has.
fn documents(n: usize) -> impl Iterator<Item = DocId> {
    (0..n as u64).map(|i| DocId::of(OrgId(i.to_be_bytes()), Kind::Roster))
}

fn session(node: &mut Node) -> &mut Session {
    node.hub.sessions.get_mut(&SessionId(1)).unwrap()
}

#[test]
fn so_many_parts_of_the_tree_are_still_to_be_asked_about_and_no_more() {
    let at_most = limits::QUESTIONS_MAX - 16;
    for (waiting, closed) in [(at_most, None), (at_most + 1, Some("too many parts differ"))] {
        let mut node = City::with_admins(0).node(0);
        node.input(Input::Connected { session: SessionId(1), remote: key(NODES[1]), dialer: true });
        let hello = node.hello();
        node.say(1, &hello);
        let leaf = || Summary::Leaf { prefix: vec![1], documents: Vec::new() };
        let s = session(&mut node);
        s.question = Some(BTreeSet::from([Vec::new()]));
        s.summaries = std::iter::repeat_with(leaf).take(waiting).collect();
        // Each of its sixteen differs from ours.
        let done = node.say(1, &Frame::Summaries(vec![Summary::Node { prefix: vec![7], children: vec![[9; 8]; 16] }]));
        assert_eq!(done.closed.first().map(|(_, why)| *why), closed, "{waiting}");
    }
}

#[test]
fn so_many_parts_of_the_tree_are_answered_at_once_and_no_more() {
    let at_most = limits::SUMMARY_NODES_MAX / 16;
    for (asked, closed) in [(at_most, None), (at_most + 1, Some("too many parts asked about at once"))] {
        let mut node = City::with_admins(0).node(0);
        greeted(&mut node);
        // Each of the sixteen below each differs from ours.
        let part = |n: usize| Summary::Node { prefix: vec![n as u8 / 16, n as u8 % 16], children: vec![[9; 8]; 16] };
        let done = node.say(1, &Frame::Summaries((0..asked).map(part).collect()));
        assert_eq!(done.closed.first().map(|(_, why)| *why), closed, "{asked}");
        assert!(done.sent.iter().all(|(_, frame)| matches!(Frame::decode(frame), Ok(Some(_)))), "what is said can be read");
    }
}

#[test]
fn so_many_documents_are_compared_in_a_round_and_no_more() {
    for (before, closed) in
        [(limits::ROUND_DOCUMENTS_MAX - 1, None), (limits::ROUND_DOCUMENTS_MAX, Some("too many documents differ"))]
    {
        let city = City::with_admins(0);
        let mut node = city.node(0);
        greeted(&mut node);
        session(&mut node).tips_sent = documents(before).collect();
        let done = node.say(1, &Frame::Tips { document: city.registry, tips: Vec::new() });
        assert_eq!(done.closed.first().map(|(_, why)| *why), closed, "{before}");
    }
}

#[test]
fn of_our_own_entries_that_are_not_here_so_many_are_told_of_in_a_session() {
    let city = City::with_admins(0);
    let mut node = city.node(0);
    node.hub.set_own_keys([key(ADMIN)].into());
    greeted(&mut node);
    let tip = |n: u8| Tip { key: key(ADMIN), run: Run([n; 8]), height: 1, id: EntryId([n; 32]), hints: Vec::new() };
    let mut told = |tips: std::ops::Range<u8>| {
        let done = node.say(1, &Frame::Tips { document: city.registry, tips: tips.map(tip).collect() });
        assert_eq!(done.closed, []);
        done.events.iter().filter(|e| matches!(e, Event::Ahead { .. })).count()
    };
    let max = limits::AHEAD_TOLD_MAX as u8;
    assert_eq!([told(0..max - 1), told(0..max - 1)], [limits::AHEAD_TOLD_MAX - 1, 0], "each once");
    assert_eq!([told(100..200), told(200..250)], [1, 0]);
}

#[test]
fn so_many_attachments_wait_for_what_names_them_and_no_more() {
    let mut node = City::with_admins(0).node(0);
    greeted(&mut node);
    let mut begin = |ids: std::ops::Range<usize>| {
        let mut w = taizhang_core::cbor::Writer::default();
        for n in ids {
            let mut id = AttachmentId([0; 32]);
            id.0[..8].copy_from_slice(&n.to_be_bytes());
            WriteContext::write_chunk(&mut w, &Chunk { id, total: 2, offset: 0, bytes: vec![7] });
        }
        let packed = Compressor::new(Effort::Short).unwrap().flush(&w.finish()).unwrap();
        let batch = BatchFrame { fresh: true, last: false, signatures: Vec::new(), loose: Vec::new(), packed };
        node.say(1, &Frame::Batch(batch)).closed
    };
    let max = limits::ATTACHMENTS_WAITING_MAX;
    assert_eq!((begin(0..max / 2), begin(max / 2..max)), (vec![], vec![]));
    assert_eq!(begin(max..max + 1), [(SessionId(1), "too many attachments at once")]);
}

/// A batch that brings the next bytes of an attachment that never becomes whole.
fn bytes(node: &mut Node, session: u64, offset: u64, bytes: usize) -> Vec<(SessionId, &'static str)> {
    let mut w = taizhang_core::cbor::Writer::default();
    let chunk = Chunk { id: AttachmentId([9; 32]), total: 1 << 20, offset, bytes: vec![7; bytes] };
    WriteContext::write_chunk(&mut w, &chunk);
    let packed = Compressor::new(Effort::Short).unwrap().flush(&w.finish()).unwrap();
    let batch = BatchFrame { fresh: true, last: false, signatures: Vec::new(), loose: Vec::new(), packed };
    node.say(session, &Frame::Batch(batch)).closed
}

/// Seven sessions of which all but so many bytes wait, most of the second; of the eighth nothing.
fn full_but(left: usize) -> Node {
    let mut node = City::with_admins(0).node(0);
    let hello = node.hello();
    for (session, remote) in (1..=8).zip([1, 1, 1, 1, 0, 0, 0, 0]) {
        node.connect(session, NODES[remote]);
        node.say(session, &hello);
    }
    let all = limits::ATTACHMENTS_WAITING_ALL_BYTES_MAX - left;
    let each = all / 7 - 10;
    for session in 1..=7 {
        let most = if session == 2 { all - 7 * each } else { 0 };
        let s = node.hub.sessions.get_mut(&SessionId(session)).unwrap();
        s.attachments.keep(AttachmentId([1; 32]), vec![0; each + most]);
    }
    node
}

const TOO_MANY: &str = "too many attachments at once";

#[test]
fn where_attachments_of_all_sessions_are_too_much_the_one_with_most_goes() {
    let mut node = full_but(10);
    assert_eq!(bytes(&mut node, 8, 0, 10), [], "to the last byte");
    assert_eq!(bytes(&mut node, 8, 10, 1), [(SessionId(2), TOO_MANY)], "not the one that came last");
    assert_eq!(bytes(&mut node, 8, 11, 100_000), [], "with it went what waited of it");
    assert!(node.has(1) && node.has(8));
}

#[test]
fn whoever_has_most_and_sends_more_ends_itself() {
    let mut node = full_but(10);
    assert_eq!(bytes(&mut node, 2, 0, 10), []);
    assert_eq!(bytes(&mut node, 2, 10, 1), [(SessionId(2), TOO_MANY)]);
}

#[test]
fn what_waited_of_a_session_that_is_gone_counts_no_more() {
    let mut node = full_but(10);
    node.input(Input::Closed { session: SessionId(3) });
    assert_eq!(bytes(&mut node, 8, 0, 100_000), []);
}

/// The documents of the receipts that a node has signed in one go, with how many tips each names.
fn receipted(node: &mut Node) -> Vec<usize> {
    let (now, mut tips) = (node.now, Vec::new());
    node.hub.sign_receipt(now, SessionId(1));
    while let Some(effect) = node.hub.poll_effect() {
        if let Effect::Send { frame, .. } = effect
            && let Ok(Some(Frame::Receipt(receipt))) = Frame::decode(&frame)
        {
            tips.extend(receipt.documents.iter().map(|(_, tips)| tips.len()));
        }
    }
    tips
}

#[test]
fn what_does_not_fit_into_a_receipt_goes_into_the_next() {
    let mut city = City::with_admins(0);
    let grant = city.write(ADMIN, 2, city.grants([(1, Role::Clerk)].into_iter()));
    city.take(&grant);
    let notices: Vec<DocId> =
        (2000..).map(|year| DocId::of_year(city.org, Kind::Notice, year)).take(limits::RECEIPT_DOCUMENTS_MAX + 3).collect();
    for document in &notices {
        let clerk = Author { key: secret(1), run: Run([9; 8]) };
        let grant = grant_for(&city.ledger, clerk.public(), document);
        let entry = clerk.write(&city.ledger, *document, grant, row(1), Ms::start_of(DAY));
        city.take(&entry);
    }
    let mut node = city.node(0);
    live(&mut node);
    session(&mut node).touched = notices.into_iter().collect();
    assert_eq!(receipted(&mut node).len(), limits::RECEIPT_DOCUMENTS_MAX);
    assert_eq!(receipted(&mut node).len(), 0, "one at a time");
    node.now = Ms(node.now.0 + 60_000);
    assert_eq!(receipted(&mut node).len(), 3);
}

#[test]
fn a_receipt_names_so_many_tips_and_no_more() {
    const ADMINS: u8 = 70;
    let mut city = City::with_admins(ADMINS);
    for who in 1..=ADMINS {
        let entry = city.write(who, 2, row(1));
        city.take(&entry);
    }
    assert!(city.ledger.open_tips(&city.registry).len() > limits::RECEIPT_TIPS_MAX);
    let mut node = city.node(0);
    live(&mut node);
    let root = DocId::of(OrgId::root(city.network), Kind::Registry);
    session(&mut node).touched = [city.registry, root].into();
    let first = receipted(&mut node);
    node.now = Ms(node.now.0 + 60_000);
    let mut both = [first, receipted(&mut node)];
    both.sort();
    assert_eq!(both, [vec![1], vec![limits::RECEIPT_TIPS_MAX]], "the second document goes by itself");
}
