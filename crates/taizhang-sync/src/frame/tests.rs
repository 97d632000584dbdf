#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::type_complexity,
    reason = "tests"
)]
use super::*;

fn document() -> DocId {
    DocId::about(OrgId([1; 8]), Kind::Review, 2024, OrgId([2; 8]))
}

fn tip(hints: usize) -> Tip {
    Tip { key: PublicKey([3; 32]), run: Run([4; 8]), height: u64::MAX, id: EntryId([5; 32]), hints: vec![([6; 4], 300); hints] }
}

fn receipt(documents: usize, tips: usize) -> WireReceipt {
    let documents = vec![(document(), vec![[7; 16]; tips]); documents];
    WireReceipt { counter: 1 << 32, time: Ms(1_700_000_000_000), documents, signature: [8; 64] }
}

/// One frame of each kind, and of each shape that a kind may have.
fn samples() -> Vec<Frame> {
    let hello =
        |join| Frame::Hello { version: VERSION, network: NetworkId([9; 32]), org: OrgId([1; 8]), wants: Kinds::all(), join };
    let batch = |n, loose| {
        Frame::Batch(BatchFrame { fresh: true, last: false, signatures: vec![[1; 64]; n], loose, packed: vec![2; 40] })
    };
    vec![
        hello(None),
        hello(Some(vec![1; 700])),
        Frame::Root { digest: [1; 16], reply: true },
        Frame::Root { digest: [0xff; 16], reply: false },
        Frame::Summaries(Vec::new()),
        Frame::Summaries(vec![
            Summary::Node { prefix: Vec::new(), children: vec![[3; 8]; 16] },
            Summary::Node { prefix: vec![15; 15], children: vec![[3; 8]; 16] },
            Summary::Leaf { prefix: vec![15; 16], documents: vec![(document(), [4; 8]); 3] },
            Summary::Leaf { prefix: vec![0], documents: Vec::new() },
        ]),
        Frame::Tips { document: document(), tips: Vec::new() },
        Frame::Tips { document: document(), tips: vec![tip(0), tip(limits::HINTS_MAX)] },
        Frame::SomeTips { document: document(), tips: vec![tip(3)] },
        Frame::Have { document: document() },
        Frame::Compared,
        batch(0, Vec::new()),
        batch(3, vec![5; 32]),
        Frame::Ack { batches: 0, new: u64::MAX },
        Frame::Refused { log: 1, sequence: 300, code: 24 },
        Frame::Receipt(receipt(0, 0)),
        Frame::Receipt(receipt(2, 3)),
    ]
}

#[test]
fn frames_go_there_and_back() {
    for frame in samples() {
        assert_eq!(Frame::decode(&frame.encode()), Ok(Some(frame)));
    }
}

#[test]
fn a_frame_that_stops_early_is_another_frame_or_none() {
    for frame in samples() {
        let bytes = frame.encode();
        for n in 0..bytes.len() {
            // Lists of a frame's own end with the frame: cut between two of their items they are shorter lists.
            assert_ne!(Frame::decode(&bytes[..n]), Ok(Some(frame.clone())), "{frame:?} cut at {n}");
        }
    }
}

#[test]
fn what_follows_a_frame_is_not_ignored() {
    for frame in samples() {
        let mut bytes = frame.encode();
        bytes.push(0);
        match Frame::decode(&bytes) {
            // The packed part of a batch has no end of its own.
            Ok(Some(Frame::Batch(_))) => assert!(matches!(frame, Frame::Batch(_))),
            other => assert!(other.is_err(), "{frame:?}: {other:?}"),
        }
    }
}

#[test]
fn every_accepted_frame_has_one_form() {
    for frame in samples() {
        let bytes = frame.encode();
        for i in 0..bytes.len().min(400) {
            for bit in 0..8 {
                let mut bent = bytes.clone();
                bent[i] ^= 1 << bit;
                if let Ok(Some(read)) = Frame::decode(&bent) {
                    assert_eq!(read.encode(), bent, "{frame:?}, bit {bit} of byte {i}");
                }
            }
        }
    }
}

/// A kind byte and what the writer puts behind it.
fn bytes(kind: u8, build: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut w = Writer::default();
    build(&mut w);
    let mut out = vec![kind];
    out.extend(w.finish());
    out
}

/// A frame with so many of something.
type OfSize<'f> = &'f dyn Fn(usize) -> Vec<u8>;

#[test]
fn limits_hold_to_the_item() {
    let tips = |n| Frame::Tips { document: document(), tips: vec![tip(0); n] }.encode();
    let some = |n| Frame::SomeTips { document: document(), tips: vec![tip(0); n] }.encode();
    let hints = |n| Frame::Tips { document: document(), tips: vec![tip(n)] }.encode();
    let leaf = |n| Frame::Summaries(vec![Summary::Leaf { prefix: vec![], documents: vec![(document(), [0; 8]); n] }]).encode();
    let nodes = |n| Frame::Summaries(vec![Summary::Leaf { prefix: vec![], documents: vec![] }; n]).encode();
    let prefix = |n| Frame::Summaries(vec![Summary::Leaf { prefix: vec![0; n], documents: vec![] }]).encode();
    let signatures = |n| {
        let signatures = vec![[0; 64]; n];
        Frame::Batch(BatchFrame { fresh: false, last: false, signatures, loose: Vec::new(), packed: Vec::new() }).encode()
    };
    let loose = |n| {
        let loose = vec![0; n];
        Frame::Batch(BatchFrame { fresh: false, last: false, signatures: Vec::new(), loose, packed: Vec::new() }).encode()
    };
    let documents = |n| Frame::Receipt(receipt(n, 1)).encode();
    let named = |n| Frame::Receipt(receipt(1, n)).encode();
    let join = |n| {
        let (network, org) = (NetworkId([0; 32]), OrgId([0; 8]));
        Frame::Hello { version: VERSION, network, org, wants: Kinds::all(), join: Some(vec![0; n]) }.encode()
    };
    let keys = |n| Frame::Keys { digest: [0; 16], documents: vec![(document(), [0; 8]); n] }.encode();
    let ids = |n| Frame::KeyIds { document: document(), reply: true, ids: vec![[0; 8]; n] }.encode();
    let record = KeyRecord { document: document(), key: [1; 8], to: [2; 32], ephemeral: [3; 32], sealed: [4; 48] };
    let records = |n| Frame::KeyRecords(vec![record; n]).encode();
    let table: [(&str, OfSize, usize); 14] = [
        ("tips", &tips, limits::TIPS_MAX),
        ("some tips", &some, limits::TIPS_MAX),
        ("hints", &hints, limits::HINTS_MAX),
        ("documents of a leaf", &leaf, limits::LEAF_DOCUMENTS_MAX),
        ("nodes", &nodes, limits::SUMMARY_NODES_MAX),
        ("prefix", &prefix, crate::summary::DEPTH),
        ("signatures", &signatures, limits::BATCH_ENTRIES_MAX),
        ("loose bytes", &loose, limits::BATCH_RAW_BYTES_MAX),
        ("documents of a receipt", &documents, limits::RECEIPT_DOCUMENTS_MAX),
        ("tips of a receipt", &named, limits::RECEIPT_TIPS_MAX),
        ("join", &join, ENTRY_BYTES_MAX),
        ("documents with keys", &keys, limits::KEY_DOCUMENTS_MAX),
        ("ids of keyring records", &ids, limits::KEY_IDS_MAX),
        ("keyring records", &records, limits::KEY_RECORDS_OF_FRAME_MAX),
    ];
    for (what, frame, limit) in table {
        assert!(Frame::decode(&frame(limit)).is_ok(), "{what}: {limit} are allowed");
        assert!(Frame::decode(&frame(limit + 1)).is_err(), "{what}: {} are too many", limit + 1);
    }
}

#[test]
fn bad_frames_are_refused() {
    let doc = document().to_bytes();
    let table: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("too long", vec![OPTIONAL; limits::FRAME_BYTES_MAX + 1]),
        ("kind 0", vec![0]),
        ("the first unknown kind", vec![11]),
        ("the last unknown kind", vec![0x7f]),
        ("a greeting without wants", bytes(HELLO, |w| _ = w.uint(1).bytes(&[0; 32]).bytes(&[0; 8]))),
        ("a greeting with a short network", bytes(HELLO, |w| _ = w.uint(1).bytes(&[0; 31]).bytes(&[0; 8]).uint(1))),
        ("a version that is text", bytes(HELLO, |w| _ = w.text("1").bytes(&[0; 32]).bytes(&[0; 8]).uint(1))),
        ("a version in a longer form", {
            let mut b = vec![HELLO, 0x18, 1];
            b.extend(bytes(HELLO, |w| _ = w.bytes(&[0; 32]).bytes(&[0; 8]).uint(1)).split_off(1));
            b
        }),
        ("a root whose reply is a number", bytes(ROOT, |w| _ = w.raw(&[0; 16]).uint(1))),
        ("a root of 15 bytes", bytes(ROOT, |w| _ = w.raw(&[0; 15]))),
        ("a node of 15 children", bytes(SUMMARIES, |w| _ = w.array(2).bytes(&[]).bytes(&[0; 120]))),
        ("a node of 16 children and a byte", bytes(SUMMARIES, |w| _ = w.array(2).bytes(&[]).bytes(&[0; 129]))),
        ("a node below which nothing is", bytes(SUMMARIES, |w| _ = w.array(2).bytes(&[0; 16]).bytes(&[0; 128]))),
        ("a prefix that is no nibble", bytes(SUMMARIES, |w| _ = w.array(2).bytes(&[16]).array(0))),
        ("a summary of three", bytes(SUMMARIES, |w| _ = w.array(3).bytes(&[]).array(0).null())),
        (
            "a leaf with a short digest",
            bytes(SUMMARIES, |w| _ = w.array(2).bytes(&[]).array(1).bytes(&[&doc[..], &[0; 7]].concat())),
        ),
        ("a leaf of an unknown kind of document", {
            let mut bad = doc;
            bad[8] = 99;
            bytes(SUMMARIES, |w| _ = w.array(2).bytes(&[]).array(1).bytes(&[&bad[..], &[0; 8]].concat()))
        }),
        ("tips of a document that cannot be", bytes(TIPS, |w| _ = w.raw(&[0; 19]))),
        ("a tip of four", bytes(TIPS, |w| _ = w.raw(&doc).array(4).bytes(&[0; 32]).bytes(&[0; 8]).uint(1).bytes(&[0; 32]))),
        (
            "half a hint",
            bytes(TIPS, |w| {
                w.raw(&doc).array(5).bytes(&[0; 32]).bytes(&[0; 8]).uint(1).bytes(&[0; 32]).array(1).bytes(&[0; 4]);
            }),
        ),
        (
            "a hint of five bytes",
            bytes(TIPS, |w| {
                w.raw(&doc).array(5).bytes(&[0; 32]).bytes(&[0; 8]).uint(1).bytes(&[0; 32]).array(2).bytes(&[0; 5]).uint(1);
            }),
        ),
        ("something behind Compared", vec![COMPARED, 0]),
        ("half a document", bytes(HAVE, |w| _ = w.raw(&doc[..18]))),
        ("unknown batch flags", bytes(BATCH, |w| _ = w.uint(4).uint(0).bytes(&[]))),
        ("fewer signatures than said", bytes(BATCH, |w| _ = w.uint(0).uint(2).raw(&[0; 64]).bytes(&[]))),
        ("a huge number of signatures", bytes(BATCH, |w| _ = w.uint(0).uint(u64::MAX).raw(&[0; 64]).bytes(&[]))),
        ("loose bytes that are text", bytes(BATCH, |w| _ = w.uint(0).uint(0).text(""))),
        ("an acknowledgement of one number", bytes(ACK, |w| _ = w.uint(1))),
        ("a negative count", bytes(ACK, |w| _ = w.int(-1).uint(1))),
        ("a refusal without code", bytes(REFUSED, |w| _ = w.uint(1).uint(1))),
        (
            "a receipt with 15 bytes of a tip",
            bytes(RECEIPT, |w| {
                w.uint(1).uint(1).array(1).bytes(&doc).bytes(&[0; 15]).bytes(&[0; 64]);
            }),
        ),
        ("a receipt with a short signature", bytes(RECEIPT, |w| _ = w.uint(1).uint(1).array(0).bytes(&[0; 63]))),
        ("a document without tips that announces more", [&[SOME_TIPS][..], &doc].concat()),
        ("a document without records", [&[KEY_RECORDS][..], &doc].concat()),
        ("a receipt of a huge list", bytes(RECEIPT, |w| _ = w.uint(1).uint(1).array(u64::MAX))),
    ];
    for (what, bytes) in table {
        assert!(Frame::decode(&bytes).is_err(), "{what}: {:?}", Frame::decode(&bytes));
    }
}

#[test]
fn unknown_kinds_are_skipped_where_they_may_be() {
    // 0x81 to 0x83 are those of the keyring, 0x84 is some of many tips.
    for kind in (0x80..=0xff).filter(|k| !(0x81..=0x84).contains(k)) {
        assert_eq!(Frame::decode(&[kind, 1, 2, 3]), Ok(None));
        assert_eq!(Frame::decode(&[kind]), Ok(None));
    }
}

#[test]
fn wants_have_one_bit_a_kind() {
    let all = Kinds::all();
    assert!(Kind::ALL.into_iter().all(|k| all.has(k)));
    let one = Kinds::of(&[Kind::Ledger]);
    assert_eq!(one.0, 1 << 6);
    assert!(one.has(Kind::Ledger) && !one.has(Kind::Registry));
    assert!(Kinds(u64::MAX).has(Kind::Rollup));
}
