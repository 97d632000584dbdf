//! What the other refused while more of it was about to be sent.
use super::*;
use crate::session::Outgoing;

#[test]
fn nothing_more_of_a_refused_log_is_sent_or_taken_for_delivered() {
    let city = City::with_admins(0);
    let mut node = city.node(0);
    node.connect(1, NODES[1]);
    let hello = node.hello();
    node.say(1, &hello);
    let digest = node.hub.tree(&node.hub.sessions[&SessionId(1)]).root();
    node.say(1, &Frame::Root { digest, reply: true });
    let mut after = City {
        network: city.network,
        org: city.org,
        registry: city.registry,
        ledger: city.ledger.clone(),
        shelf: city.shelf.clone(),
    };
    let first = city.write(ADMIN, 7, row(1));
    after.take(&first);
    let second = after.write(ADMIN, 7, row(2));
    assert_eq!(first.header.log, second.header.log);
    let done = node.local(first.clone());
    assert_eq!(done.sent.len(), 1, "one batch is on its way");
    // The next one of the log is put together already, and waits for room behind a piece of its attachment.
    node.hub.sessions.get_mut(&SessionId(1)).unwrap().window = 1;
    let mut done = node.local(second.clone());
    assert!(done.sent.is_empty());
    let s = node.hub.sessions.get_mut(&SessionId(1)).unwrap();
    s.owed.clear();
    s.outgoing = Some(Outgoing { entries: vec![second.clone()], ..Outgoing::default() });
    let number = (0..8).find(|n| s.write.log(*n) == Some(&first.header.log)).unwrap();
    let code = Refusal::Missing(first.id).code();
    done = node.say(1, &Frame::Refused { log: number, sequence: first.header.sequence, code });
    assert!(done.events.iter().any(|e| matches!(e, Event::RefusedThere { .. })));
    let done = node.say(1, &Frame::Ack { batches: 1, new: 0 });
    let sent = done.sent.iter().filter_map(|(_, frame)| match Frame::decode(frame) {
        Ok(Some(Frame::Batch(batch))) => Some(batch.signatures.len()),
        _ => None,
    });
    assert_eq!(sent.sum::<usize>(), 0);
    assert!(!done.events.iter().any(|e| matches!(e, Event::Delivered { .. })), "{:?}", done.events);
}
