//! More open tips than one frame holds.
use super::*;

/// Both nodes' frames to each other until nothing is left to say; how many entries each sent, and which kinds of frames there were.
pub(super) fn talk(nodes: &mut [Node; 2], session: u64) -> ([usize; 2], BTreeSet<u8>) {
    let (mut waiting, mut sent, mut kinds) = (VecDeque::new(), [0, 0], BTreeSet::new());
    for (n, remote) in [(0, NODES[1]), (1, NODES[0])] {
        waiting.push_back((n, Input::Connected { session: SessionId(session), remote: key(remote), dialer: n == 0 }));
    }
    while let Some((n, input)) = waiting.pop_front() {
        let done = nodes[n].input(input);
        assert_eq!(done.closed, []);
        for (_, bytes) in done.sent {
            assert!(bytes.len() <= limits::FRAME_BYTES_MAX);
            kinds.extend(bytes.first());
            if let Ok(Some(Frame::Batch(batch))) = Frame::decode(&bytes) {
                sent[n] += batch.signatures.len();
            }
            waiting.push_back((1 - n, Input::Frame { session: SessionId(session), bytes }));
        }
    }
    (sent, kinds)
}

pub(super) fn part(nodes: &mut [Node; 2], session: u64) {
    nodes.iter_mut().for_each(|n| _ = n.input(Input::Closed { session: SessionId(session) }));
}

#[test]
fn five_keys_with_256_tips_each_are_compared_whole() {
    const KEYS: u8 = 5;
    let city = City::with_admins(KEYS);
    let mut nodes = [city.node(0), city.node(1)];
    // Logs that go on from none: each node has every second one.
    for (who, run) in (1..=KEYS).flat_map(|who| (0..256).map(move |run| (who, run))) {
        let node = &mut nodes[usize::from(run % 2)];
        assert!(!node.local(city.write(who, 2 + run, row(1))).commits.is_empty(), "an admin writes");
    }
    let (sent, _) = talk(&mut nodes, 1);
    assert_eq!(sent, [640, 640], "each lacks what the other wrote");
    let tips = |n: &Node| n.hub.ledger().open_tips(&city.registry);
    assert_eq!(tips(&nodes[0]).len(), 1280 + 1, "five keys, and the admin who let them in");
    assert_eq!(tips(&nodes[0]), tips(&nodes[1]));
    assert_eq!(nodes[0].hub.ledger().digest(&city.registry), nodes[1].hub.ledger().digest(&city.registry));
    part(&mut nodes, 1);
    // One entry more: what both have is told whole, so nothing of it is sent again.
    let next = city.write(ADMIN, 7, row(2));
    nodes[1].local(next);
    let (sent, kinds) = talk(&mut nodes, 2);
    assert_eq!((sent, kinds.contains(&0x84)), ([0, 1], true));
    assert_eq!(nodes[0].hub.ledger().digest(&city.registry), nodes[1].hub.ledger().digest(&city.registry));
}

#[test]
fn tips_of_one_document_are_told_before_those_of_the_next() {
    let city = City::with_admins(0);
    let mut node = city.node(0);
    node.connect(1, NODES[1]);
    let hello = node.hello();
    node.say(1, &hello);
    let root = DocId::of(OrgId::root(city.network), Kind::Registry);
    let tips = crate::tips::ours(&city.ledger, &city.registry);
    let some = |document| Frame::SomeTips { document, tips: tips.clone() };
    assert_eq!(node.say(1, &some(city.registry)).closed, []);
    assert_eq!(node.say(1, &some(root)).closed, [(SessionId(1), "tips of two documents at once")]);
}
