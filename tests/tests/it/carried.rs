//! Bundles between hubs: what a stick carries is what a line would.
#![allow(clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;

use taizhang_core::{
    entry::SignedEntry,
    id::{DocId, Kind, OrgId},
    units::Ms,
};
use taizhang_sync::{
    Event, Input,
    frame::{Frame, Kinds, WireReceipt},
};
use taizhang_tests::{
    carry::{Side, all, carry, talk},
    mutate::{
        dice::Dice,
        network::{Network, key},
    },
};

fn is_registry(e: &SignedEntry) -> bool {
    e.header.log.document.kind == Kind::Registry
}

fn org(network: &Network, code: &str) -> OrgId {
    network.ledger.registry.by_code(code).expect("there is one")
}

fn county(network: &Network) -> Side {
    Side::new(network, "county-node", network.county, &mut |_| true)
}

/// A school that has heard who is who, and nothing else.
fn school(network: &Network) -> Side {
    Side::new(network, "school-node", org(network, "3301020001"), &mut is_registry).without_attachments()
}

fn decoded(frames: &[Vec<u8>]) -> Vec<Frame> {
    frames.iter().map(|f| Frame::decode(f).expect("readable").expect("known")).collect()
}

fn entries_in(frames: &[Vec<u8>]) -> usize {
    let signatures = |f: Frame| if let Frame::Batch(b) = f { b.signatures.len() } else { 0 };
    decoded(frames).into_iter().map(signatures).sum()
}

#[test]
fn a_stick_there_and_back_makes_both_equal_and_counts_nothing_as_delivered() {
    let network = Network::found();
    let (mut c, mut s) = (county(&network), school(&network));
    let there = c.write("school-node");
    assert!(entries_in(&there) > 10);
    let back = s.answer("county-node", &there).expect("read whole");
    assert_eq!(entries_in(&back), 0, "the school has nothing that the county lacks");
    c.take("school-node", &back).expect("read whole");
    let shared = |side: &Side| -> BTreeSet<_> {
        let may = |d: &&DocId| network.ledger.registry.may_read(org(&network, "3301020001"), d);
        let ledger = side.hub.ledger();
        ledger.documents().filter(may).map(|d| (*d, ledger.digest(d))).collect()
    };
    assert_eq!(shared(&c), shared(&s));
    for side in [&c, &s] {
        let untrue = |e: &&Event| matches!(e, Event::Delivered { .. } | Event::InSync { .. } | Event::Greeted { .. });
        assert_eq!(side.events.iter().find(untrue), None, "what is carried is not received");
    }
    assert!(s.events.iter().all(|e| !matches!(e, Event::RefusedHere { .. })), "{:?}", s.events);
    assert_eq!(s.shelf.attachments, network.shelf.attachments, "attachments travel");
    // The receipts of the answer: of all that the bundle brought.
    let roster = DocId::of(org(&network, "3301020001"), Kind::Roster);
    let receipted: BTreeSet<DocId> = c.hub.receipts().filter(|(n, ..)| **n == key("school-node")).map(|(_, d, _)| *d).collect();
    assert!(receipted.contains(&roster) && receipted.len() > 5, "{receipted:?}");
    // And now nothing is left to carry, with or without the other's tips.
    assert_eq!(entries_in(&c.write("school-node")), 0, "what receipts cover stays at home");
    assert!(c.hub.sessions().next().is_none() && s.hub.sessions().next().is_none());
}

#[test]
fn a_bundle_read_twice_changes_nothing() {
    let network = Network::found();
    let (mut c, mut s) = (county(&network), school(&network));
    let there = c.write("school-node");
    s.take("county-node", &there).expect("read whole");
    let before = s.entries();
    s.events.clear();
    s.take("county-node", &there).expect("read whole");
    assert_eq!(s.entries(), before);
    assert!(s.events.iter().all(|e| matches!(e, Event::Ended { .. })), "{:?}", s.events);
}

#[test]
fn a_stick_carries_what_a_line_would_whatever_each_has() {
    let network = Network::found();
    let school = org(&network, "3301020001");
    let city = org(&network, "3301");
    let mut moved = 0;
    for seed in 0..60 {
        let mut dice = Dice::of(77, seed);
        let mut some = |name, of, share: usize| {
            Side::new(&network, name, of, &mut |e| (is_registry(e) && share.is_multiple_of(2)) || dice.chance(share))
        };
        let (other, of) = if seed.is_multiple_of(3) { ("city-node", city) } else { ("school-node", school) };
        let share = 90 + usize::try_from(seed % 10).expect("small");
        let (mut a, mut b) = (some("county-node", network.county, share), some(other, of, 190 - share));
        let known = |s: &Side, of: &str| s.hub.ledger().registry.grants.values().any(|g| g.row.key == key(of));
        if !known(&a, other) || !known(&b, "county-node") {
            continue;
        }
        let (mut la, mut lb) = (a.twin(network.county), b.twin(of));
        let before = a.entries().len() + b.entries().len();
        let carried = carry(&mut a, &mut b);
        talk(&mut la, &mut lb);
        assert_eq!(carried, Ok(()), "seed {seed}");
        assert_eq!(a.entries(), la.entries(), "seed {seed}: the county");
        assert_eq!(b.entries(), lb.entries(), "seed {seed}: {other}");
        moved += a.entries().len() + b.entries().len() - before;
    }
    assert!(moved > 500, "{moved} entries moved");
}

#[test]
fn a_reader_gets_nothing_that_it_may_not_read() {
    let network = Network::found();
    let (mut c, mut s) = (county(&network), school(&network));
    let (mut lc, mut ls) = (county(&network), school(&network));
    s.take("county-node", &c.write("school-node")).expect("read whole");
    talk(&mut lc, &mut ls);
    assert_eq!(s.documents(), ls.documents(), "as over a line");
    let other = DocId::of(org(&network, "3301020002"), Kind::Roster);
    assert!(c.documents().contains(&other) && !s.documents().contains(&other));
    // Nobody whom the registry does not certify gets anything.
    for frame in decoded(&c.write("thief")) {
        assert!(matches!(frame, Frame::Hello { .. } | Frame::Compared), "{frame:?}");
    }
    // What the other does not ask for stays at home.
    let asked = Kinds::of(&[Kind::Registry, Kind::Roster]);
    let mut s = school(&network);
    s.take("county-node", &c.write_for("school-node", asked)).expect("read whole");
    assert!(s.documents().iter().all(|d| asked.has(d.kind)));
}

#[test]
fn a_document_that_its_reader_may_not_hold_is_refused() {
    let network = Network::found();
    let mut s = school(&network);
    // The county's bundle for the city holds the other school's roster.
    let frames = county(&network).write("city-node");
    s.take("county-node", &frames).expect("the rest is taken");
    let other = DocId::of(org(&network, "3301020002"), Kind::Roster);
    assert!(!s.documents().contains(&other));
    assert!(s.events.iter().any(|e| matches!(e, Event::RefusedHere { document, .. } if *document == other)));
}

#[test]
fn only_frames_that_say_something_by_themselves_stand_in_a_bundle_each_in_its_place() {
    let network = Network::found();
    let there = county(&network).write("school-node");
    let frames = decoded(&there);
    let at = |is: fn(&Frame) -> bool| frames.iter().position(is).expect("there is one");
    let (tips, compared, batch) =
        (at(|f| matches!(f, Frame::Tips { .. })), at(|f| matches!(f, Frame::Compared)), at(|f| matches!(f, Frame::Batch(_))));
    let why = "a frame that has no place in a bundle, or not there";
    let read = |frames: &[Vec<u8>]| school(&network).take("county-node", frames);
    assert_eq!(read(&there), Ok(()));
    assert_eq!(read(&there[1..]), Err(why), "no greeting");
    for (n, put) in [(1, 0), (batch, tips), (batch + 1, compared), (tips, batch), (batch, compared)] {
        let mut changed = there.clone();
        changed.insert(n, there[put].clone());
        assert_eq!(read(&changed), Err(why), "{put} at {n}");
    }
    let foreign = [
        Frame::Root { digest: [0; 16], reply: true },
        Frame::Summaries(Vec::new()),
        Frame::Have { document: DocId::of(network.county, Kind::Registry) },
        Frame::Ack { batches: 1, new: 1 },
        Frame::Refused { log: 1, sequence: 1, code: 1 },
        Frame::Keys { digest: [0; 16], documents: Vec::new() },
        Frame::KeyIds { document: DocId::of(network.county, Kind::Registry), reply: true, ids: Vec::new() },
    ];
    for frame in foreign {
        for n in [compared, batch, there.len()] {
            let mut changed = there.clone();
            changed.insert(n, frame.encode());
            assert_eq!(read(&changed), Err(why), "{frame:?}");
        }
    }
    // Without its Compared nobody knows whether all tips are told: it is not answered.
    let mut s = school(&network);
    let session = s.read("county-node", &there[..compared]).expect("read so far");
    assert_eq!(s.input(Input::CarryOn { session, room: true }).1, Some("a bundle without its end"));
}

#[test]
fn a_bundle_of_a_stranger_another_network_or_another_version_is_refused() {
    let network = Network::found();
    let there = county(&network).write("school-node");
    assert_eq!(school(&network).take("thief", &there), Err("this node's key is not certified in our registry"));
    let Frame::Hello { version, org, wants, .. } = decoded(&there)[0].clone() else { panic!("a greeting") };
    let mut other = network.id;
    other.0[0] ^= 1;
    for (version, network_id, why) in
        [(version + 1, network.id, "another version of the protocol"), (version, other, "another network")]
    {
        let mut changed = there.clone();
        changed[0] = Frame::Hello { version, network: network_id, org, wants, join: None }.encode();
        assert_eq!(school(&network).take("county-node", &changed), Err(why));
    }
}

#[test]
fn what_has_no_room_is_left_to_the_next() {
    let network = Network::found();
    let (mut c, mut s) = (county(&network), school(&network));
    let session = taizhang_sync::SessionId(900);
    let (mut frames, _) = c.input(Input::Carry { session, to: key("school-node"), named: None, wants: all() });
    let owed = c.hub.sessions().next().expect("being written").owed;
    let (first, _) = c.input(Input::CarryOn { session, room: true });
    let left = c.hub.sessions().next().expect("being written").owed;
    assert!(left > 0 && left < owed);
    frames.extend(first);
    frames.extend(c.input(Input::CarryOn { session, room: false }).0);
    let back = s.answer("county-node", &frames).expect("read whole");
    assert_ne!(s.documents(), BTreeSet::new());
    let rest = c.answer("school-node", &back).expect("read whole");
    assert_eq!(entries_in(&rest), left, "exactly what was left, by the tips of the answer");
    s.take("county-node", &rest).expect("read whole");
    let (mut lc, mut ls) = (county(&network), school(&network));
    talk(&mut lc, &mut ls);
    assert_eq!(s.entries(), ls.entries());
}

#[test]
fn what_comes_up_while_a_bundle_is_written_is_left_to_the_next() {
    let network = Network::found();
    let is_schools = |e: &SignedEntry| e.header.log.key == key("clerk");
    let mut c = Side::new(&network, "county-node", network.county, &mut |e| is_registry(e) || !is_schools(e));
    let school = org(&network, "3301020001");
    let mut s = Side::new(&network, "school-node", school, &mut |_| true);
    let session = taizhang_sync::SessionId(900);
    let (mut frames, _) = c.input(Input::Carry { session, to: key("city-node"), named: None, wants: all() });
    let owed = c.hub.sessions().next().expect("being written").owed;
    let before = c.entries().len();
    c.take("school-node", &s.write("county-node")).expect("read whole");
    assert!(c.entries().len() > before);
    for room in [true, true, true, true, true, true, true, true, true, false] {
        frames.extend(c.input(Input::CarryOn { session, room }).0);
    }
    assert_eq!(entries_in(&frames), owed);
}

#[test]
fn a_receipt_that_the_stick_carried_is_owed_until_a_session_gives_it() {
    let network = Network::found();
    let (mut c, mut s) = (county(&network), school(&network));
    s.answer("county-node", &c.write("school-node")).expect("read whole");
    // The answer was lost; the next line tells.
    assert!(c.hub.receipts().next().is_none());
    talk(&mut s, &mut c);
    assert!(c.hub.receipts().any(|(n, ..)| *n == key("school-node")));
}

#[test]
fn a_bundle_to_a_guess_of_what_the_other_asks_for_forgets_no_receipt_that_is_owed() {
    let network = Network::found();
    let (mut c, mut s) = (county(&network), school(&network));
    let there = c.write("school-node");
    s.take("county-node", &there).expect("read whole");
    let session = s.read("county-node", &there).expect("read whole");
    s.input(Input::Closed { session });
    s.write_for("county-node", Kinds::of(&[Kind::Registry]));
    let all_owed = decoded(&s.write("county-node"));
    let told = |frames: &[Frame]| -> BTreeSet<DocId> {
        let receipts = frames.iter().filter_map(|f| if let Frame::Receipt(r) = f { Some(r) } else { None });
        receipts.flat_map(|r| r.documents.iter().map(|(d, _)| *d)).collect()
    };
    let in_answer = decoded(&school(&network).answer("county-node", &there).expect("read whole"));
    assert!(!told(&in_answer).is_empty());
    assert_eq!(told(&all_owed), told(&in_answer));
}

#[test]
fn a_receipt_of_what_the_reader_may_not_speak_of_any_more_is_passed_over() {
    let network = Network::found();
    let mut there = county(&network).write("school-node");
    let foreign = DocId::of(OrgId([7; 8]), Kind::Roster);
    let old = WireReceipt { counter: 1, time: Ms(1), documents: vec![(foreign, vec![[1; 16]])], signature: [1; 64] };
    there.push(Frame::Receipt(old).encode());
    let mut s = school(&network);
    assert!(s.answer("county-node", &there).is_ok(), "the file may be older than a move");
    assert!(s.hub.receipts().all(|(_, d, _)| *d != foreign));
}
