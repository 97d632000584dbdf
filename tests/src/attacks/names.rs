//! Keyring records: asked for, forged, pushed, brought back.

use taizhang_core::{
    entry::SignedEntry,
    founding::NewGrant,
    id::{DocId, Kind},
    names::KeyId,
    op::{PayloadBuilder, RowName},
    planted::Check,
    rows::{Erase, EraseConfirm, Grant, Person, Role, RowType, field::Bytes},
    units::Ms,
};
use taizhang_sync::{
    Input, SessionId,
    frame::{Frame, Kinds},
    keys::KeyRecord,
    limits::{KEY_COPIES_MAX, KEY_RECORDS_OF_DOCUMENT_MAX, KEY_TELLINGS_MAX},
};

use super::{
    Attack, Outcome,
    Removal::Off,
    Theme,
    wire::{Done, Node, signed},
};
use crate::mutate::network::{DAY, Network, YEAR, key};

const HERE: Theme = Theme::Names;

/// A key that the school's rows name, and one that those of the other school do.
const OURS: KeyId = [1; 8];
const THEIRS: KeyId = [2; 8];
/// The sealing key of a reviewer who may open the names of both.
const READER: [u8; 32] = [5; 32];

pub(super) const TABLE: &[Attack] = &[
    HERE.attack(
        "asks_for_another_schools_keys",
        "学校节点索取别校姓名的密钥",
        "a school's node asks for the keys of another school's names",
        Outcome::NoEffect,
        Off(Check::KeysScope),
        |_| {
            let (mut n, session) = talking(|_, _| Vec::new());
            let document = identity(&n, false);
            n.hub.load_keys([record(document, THEIRS, 7)]);
            untold(&n.say(session, &Frame::KeyIds { document, reply: true, ids: Vec::new() }), document)
        },
    ),
    HERE.attack(
        "lists_another_schools_keys",
        "谎报别校密钥的摘要, 骗节点报出它有哪些",
        "lists another school's keys with a forged digest, so that the node tells which it has",
        Outcome::NoEffect,
        Off(Check::KeysScope),
        |_| {
            let (mut n, session) = talking(|_, _| Vec::new());
            let document = identity(&n, false);
            n.hub.load_keys([record(document, THEIRS, 7)]);
            untold(&n.say(session, &Frame::Keys { digest: [7; 16], documents: vec![(document, [7; 8])] }), document)
        },
    ),
    HERE.attack(
        "key_of_a_document_not_its_own",
        "学校节点塞来别校教师的密钥记录",
        "a school's node pushes a record of another school's names",
        Outcome::NoEffect,
        Off(Check::KeysScope),
        |_| pushed(|_, _| Vec::new(), |n| vec![record(identity(n, false), THEIRS, 7)]),
    ),
    HERE.attack(
        "key_that_no_row_names",
        "塞来别校教师的密钥, 冒充本校的",
        "pushes a key of another document as one of this school's",
        Outcome::NoEffect,
        Off(Check::KeyNamed),
        |_| pushed(|_, _| Vec::new(), |n| vec![record(identity(n, true), THEIRS, 7)]),
    ),
    HERE.attack(
        "key_for_who_may_not_read",
        "把密钥封给无权看姓名的人, 借节点传出去",
        "wraps a key to somebody who may not open names, for the nodes to carry",
        Outcome::NoEffect,
        Off(Check::KeyReader),
        |_| pushed(|_, _| Vec::new(), |n| vec![KeyRecord { to: [66; 32], ..record(identity(n, true), OURS, 7) }]),
    ),
    HERE.attack(
        "erased_key_again",
        "把已销毁的密钥再送回来",
        "sends an erased key again",
        Outcome::NoEffect,
        Off(Check::KeyErased),
        |_| pushed(|network, now| erasure(network, now, true), |n| vec![record(identity(n, true), OURS, 7)]),
    ),
    HERE.attack(
        "spoiled_copies",
        "同一把密钥送一千份假记录, 撑大钥匙串",
        "sends a thousand spoiled records of one key, to make the keyring grow",
        Outcome::NoEffect,
        Off(Check::KeyCopies),
        |_| {
            let (mut n, session) = talking(|_, _| Vec::new());
            let document = identity(&n, true);
            let records = |of: u8| (0..100).map(move |i| KeyRecord { sealed: [i; 48], ..record(document, OURS, of) }).collect();
            (0..10).for_each(|of| _ = n.say(session, &Frame::KeyRecords(records(of))));
            assert!(!n.hub.keys().is_empty(), "some are kept");
            if n.hub.keys().len() <= KEY_COPIES_MAX { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "keys_of_one_school_fill_the_keyring",
        "一所学校写出上万把密钥, 占满县节点的钥匙串, 让别校的姓名打不开",
        "names keys by the ten thousand, so that one school's records take the places of all others",
        Outcome::NoEffect,
        Off(Check::KeysOfDocument),
        |_| {
            let (mut n, session) = talking(|_, _| Vec::new());
            let (own, most) = (identity(&n, true), u64::try_from(KEY_RECORDS_OF_DOCUMENT_MAX).unwrap());
            n.hub.load_keys((0..most).map(|i| record(own, (i + 1_000).to_be_bytes(), 7)));
            n.say(session, &Frame::KeyRecords(vec![record(own, OURS, 7)]));
            if n.hub.keys().of(&own).count() > KEY_RECORDS_OF_DOCUMENT_MAX {
                return Outcome::GotThrough;
            }
            // Another school's names still open.
            n.hub.load_keys([record(identity(&n, false), THEIRS, 7)]);
            if n.hub.keys().len() == KEY_RECORDS_OF_DOCUMENT_MAX + 1 { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "asks_for_keys_again_and_again",
        "谎称一把密钥也没有, 一遍遍索取全部密钥, 拖垮对方",
        "says again and again that it has no key at all, to be sent all of them each time",
        Outcome::Ended("asks for the same keys again and again"),
        Off(Check::KeysAgain),
        |_| {
            let (mut n, session) = talking(|_, _| Vec::new());
            let document = identity(&n, true);
            n.hub.load_keys([record(document, OURS, 7)]);
            let asks: Vec<Done> =
                (0..1_000).map(|_| n.say(session, &Frame::KeyIds { document, reply: true, ids: Vec::new() })).collect();
            let told = asks.iter().flat_map(|d| &d.sent).filter(|(_, f)| matches!(f, Frame::KeyRecords(_))).count();
            let ended = asks.iter().find_map(|d| d.ended.first());
            match ended {
                Some(why) if told <= KEY_TELLINGS_MAX => Outcome::Ended(why),
                _ => Outcome::GotThrough,
            }
        },
    ),
    HERE.attack(
        "spoiled_after_the_right_one",
        "送四份假记录, 挤掉已有的真记录",
        "sends four spoiled records, to drive out the right one",
        Outcome::NoEffect,
        Off(Check::KeyHeld),
        |_| {
            let (mut n, session) = talking(|_, _| Vec::new());
            let right = record(identity(&n, true), OURS, 7);
            n.hub.load_keys([right]);
            n.say(session, &spoiled(right));
            if n.hub.keys().iter().any(|r| *r == right) { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "spoiled_before_the_right_one",
        "抢先送四份假记录, 让真记录没有位置",
        "sends four spoiled records before anybody has made the right one, to leave it no place",
        Outcome::NoEffect,
        Off(Check::KeyProven),
        |_| {
            let (mut n, session) = talking(|_, _| Vec::new());
            let right = record(identity(&n, true), OURS, 7);
            n.say(session, &spoiled(right));
            assert_eq!(n.hub.keys().len(), KEY_COPIES_MAX, "nobody can tell yet");
            n.input(Input::Keys { right: vec![right], spoiled: Vec::new() });
            n.say(session, &spoiled(right));
            if n.hub.keys().iter().eq([&right]) { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "erases_by_itself",
        "学校台账员不经县里确认就让姓名销毁",
        "a school's clerk has a name destroyed that the county still needs",
        Outcome::NoEffect,
        Off(Check::EraseConfirmed),
        |_| {
            let mut n = Node::after(|network, now| [people(network, now), erasure(network, now, false)].concat());
            n.hub.load_keys([record(identity(&n, true), OURS, 7)]);
            if n.hub.keys().len() == 1 { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
];

/// The identity document of the school whose node speaks, or of the other.
fn identity(n: &Node, own: bool) -> DocId {
    DocId::of(if own { n.school } else { n.other }, Kind::Identity)
}

fn record(document: DocId, key: KeyId, of: u8) -> KeyRecord {
    KeyRecord { document, key, to: READER, ephemeral: [of; 32], sealed: [9; 48] }
}

/// Four records in the place of one, lower than any honest one.
fn spoiled(right: KeyRecord) -> Frame {
    Frame::KeyRecords((0..4).map(|i| KeyRecord { ephemeral: [0; 32], sealed: [i; 48], ..right }).collect())
}

fn org(network: &Network, code: &str) -> taizhang_core::id::OrgId {
    network.ledger.registry.by_code(code).unwrap()
}

/// A teacher in each school's identity document, and somebody who may open both names.
fn people(network: &Network, now: Ms) -> Vec<SignedEntry> {
    let ledger = &network.ledger;
    let person = |who, code, key_id| {
        let row = Person { teacher: "T9".into(), key_id, sealed: Bytes(vec![1; 40]), id_match: None, reason: None };
        let mut p = PayloadBuilder::default();
        p.row(Person::TYPE, &[], &row.to_fields());
        signed(ledger, who, 91, DocId::of(org(network, code), Kind::Identity), p.finish(), now)
    };
    let county = &ledger.registry.orgs[&network.county].creation;
    let city = county.row.parent;
    let basis = county.name.in_document(DocId::of(city, Kind::Registry));
    let (role, org) = (Role::Reviewer, network.county);
    let reader = NewGrant { key: key("reader"), role, office: None, org, basis, seal_key: Some(READER) }.row("r", DAY);
    let mut p = PayloadBuilder::default();
    p.row(Grant::TYPE, &[], &reader.to_fields());
    let reader = signed(ledger, "city-admin", 91, DocId::of(city, Kind::Registry), p.finish(), now);
    vec![person("clerk", "3301020001", OURS), person("other-clerk", "3301020002", THEIRS), reader]
}

/// The school asks for the erasure of its key; the county confirms it.
fn erasure(network: &Network, now: Ms, confirmed: bool) -> Vec<SignedEntry> {
    let school = org(network, "3301020001");
    let document = DocId::of(school, Kind::Identity);
    let mut p = PayloadBuilder::default();
    p.row(Erase::TYPE, &[], &Erase { teacher: "T9".into(), key_id: OURS, reason: "期满".into() }.to_fields());
    let asked = signed(&network.ledger, "clerk", 92, document, p.finish(), now);
    let erase = RowName { entry: asked.id, index: 0 }.in_document(document);
    let mut p = PayloadBuilder::default();
    p.row(EraseConfirm::TYPE, &[], &EraseConfirm { erase, reason: None }.to_fields());
    let review = DocId::about(network.county, Kind::Review, YEAR, school);
    let confirm = signed(&network.ledger, "county-reviewer", 92, review, p.finish(), now);
    if confirmed { vec![asked, confirm] } else { vec![asked] }
}

/// A session of the school's node that speaks of keys; we dialled it.
fn talking(more: fn(&Network, Ms) -> Vec<SignedEntry>) -> (Node, SessionId) {
    let mut n = Node::after(|network, now| [people(network, now), more(network, now)].concat());
    let session = n.live_for("school-node", true, Kinds::all().with_keys());
    (n, session)
}

/// Records of the first one's document: through, if one is kept.
fn pushed(more: fn(&Network, Ms) -> Vec<SignedEntry>, records: fn(&Node) -> Vec<KeyRecord>) -> Outcome {
    let (mut n, session) = talking(more);
    let honest = record(identity(&n, false), THEIRS, 8);
    n.hub.load_keys([honest]);
    n.say(session, &Frame::KeyRecords(records(&n)));
    assert!(n.hub.keys().iter().any(|r| *r == honest), "what was there stays");
    if n.hub.keys().len() == 1 { Outcome::NoEffect } else { Outcome::GotThrough }
}

/// Nothing was told about the keys of the document.
fn untold(done: &Done, document: DocId) -> Outcome {
    let tells = |f: &Frame| match f {
        Frame::KeyIds { document: of, .. } => *of == document,
        Frame::KeyRecords(records) => records.iter().any(|r| r.document == document),
        Frame::Keys { documents, .. } => documents.iter().any(|(of, _)| *of == document),
        _ => false,
    };
    if done.sent.iter().any(|(_, f)| tells(f)) { Outcome::GotThrough } else { Outcome::NoEffect }
}
