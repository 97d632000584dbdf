#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::cast_possible_truncation, reason = "tests")]
use super::*;
use taizhang_core::{
    entry::Header,
    id::{Kind, NetworkId, OrgId},
    key::SecretKey,
    op::PayloadBuilder,
};

const NETWORK: NetworkId = NetworkId([7; 32]);

fn document(n: u8) -> DocId {
    DocId::of_year(OrgId([n; 8]), Kind::Ledger, 2024)
}

/// A log of `n` entries; the payloads hold 16-byte strings and others.
fn log(doc: u8, run: u8, n: u64) -> Vec<SignedEntry> {
    let key = SecretKey::from_seed([1; 32]);
    let log = LogId { document: document(doc), key: key.public(), run: Run([run; 8]) };
    let mut out: Vec<SignedEntry> = Vec::new();
    for sequence in 1..=n {
        let mut w = Writer::default();
        w.array(4).bytes(&[run; 16]).bytes(&[9; 15]).bytes(&[8; 17]).text("sixteen bytes...");
        let mut p = PayloadBuilder::default();
        p.row(60, &[], &w.finish());
        let before = match out.last() {
            Some(e) => Before::Previous(e.id),
            None => Before::Start { grant: Some(RowName { entry: EntryId([5; 32]), index: 2 }), link: Some(EntryId([6; 32])) },
        };
        // Clocks jump in both directions.
        let time = Ms(if sequence % 2 == 0 { 1_262_304_000_000 } else { 4_070_908_800_000 } + sequence);
        out.push(SignedEntry::sign(Header { log, sequence, before, time }, p.finish(), &key, &NETWORK));
    }
    out
}

/// What a receiver that rebuilds each entry makes of the items.
fn rebuilt(items: &[Item], sent: &[SignedEntry]) -> Vec<SignedEntry> {
    let mut out: Vec<SignedEntry> = Vec::new();
    for (item, signed) in items.iter().zip(sent) {
        let Item::Entry(w) = item else { panic!("a chunk") };
        let before = match w.start {
            Some((grant, link)) => Before::Start { grant, link },
            None => Before::Previous(out.iter().rfind(|e| e.header.log == w.log).unwrap().id),
        };
        let header = Header { log: w.log, sequence: w.sequence, before, time: w.time };
        out.push(SignedEntry::from_parts(header, w.payload.clone(), signed.signature, &NETWORK));
    }
    out
}

#[test]
fn entries_go_there_and_back() {
    let (mut write, mut read) = (WriteContext::default(), ReadContext::default());
    let a = log(1, 1, 5);
    let b = log(2, 2, 3);
    let batches = [vec![a[0].clone(), a[1].clone(), b[0].clone()], Vec::new(), vec![a[2].clone(), b[1].clone(), a[3].clone()]];
    let mut all = Vec::new();
    let mut sent = Vec::new();
    for batch in batches {
        let mut w = Writer::default();
        let loose = write.write_entries(&mut w, &batch);
        assert_eq!(loose.len(), batch.len() * 16, "the one string of 16 bytes in each");
        let items = read.read(&w.finish(), &loose).unwrap();
        assert_eq!(items.len(), batch.len());
        all.extend(items);
        sent.extend(batch);
    }
    assert_eq!(rebuilt(&all, &sent), sent);
    assert_eq!(write.log(1).unwrap().document, document(1));
    assert_eq!(write.log(2).unwrap().document, document(2));
    assert!(write.log(0).is_none() && write.log(3).is_none());
}

#[test]
fn only_the_entry_behind_its_previous_continues() {
    let mut write = WriteContext::default();
    let a = log(1, 1, 3);
    let mut w = Writer::default();
    // 1, 2, and then 2 again: not behind 2.
    let loose = write.write_entries(&mut w, &[a[0].clone(), a[1].clone(), a[1].clone(), a[2].clone()]);
    let items = ReadContext::default().read(&w.finish(), &loose).unwrap();
    let continues: Vec<bool> = items.iter().map(|i| matches!(i, Item::Entry(w) if w.continues)).collect();
    assert_eq!(continues, [false, true, false, true]);
}

#[test]
fn a_batch_that_stops_early_is_refused() {
    let mut w = Writer::default();
    let loose = WriteContext::default().write_entries(&mut w, &log(1, 1, 3));
    let raw = w.finish();
    for n in 1..raw.len() {
        assert!(ReadContext::default().read(&raw[..n], &loose).is_err(), "cut at {n}");
    }
    for n in 0..loose.len() {
        assert!(ReadContext::default().read(&raw, &loose[..n]).is_err(), "{n} loose bytes");
    }
    let more = [loose.as_slice(), &[0]].concat();
    assert!(ReadContext::default().read(&raw, &more).is_err(), "a loose byte too many");
    assert!(ReadContext::default().read(&raw, &loose).is_ok());
}

#[test]
fn any_payload_comes_back_or_is_refused() {
    let mut x = 88_172_645_463_325_252u64;
    let mut next = || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x
    };
    for _ in 0..20_000 {
        let n = next() % 60;
        let payload: Vec<u8> = (0..n).map(|_| if next() % 4 == 0 { 0x50 } else { next() as u8 }).collect();
        let mut loose = Vec::new();
        let hollowed = hollow(&payload, &mut loose);
        let mut left = loose.as_slice();
        if let Some(back) = fill(&hollowed, &mut left) {
            assert!(back == payload && left.is_empty(), "{payload:02x?}");
        }
    }
}

#[test]
fn pieces_of_attachments_go_there_and_back() {
    let chunk = Chunk { id: AttachmentId([1; 32]), total: 100_000, offset: 49_152, bytes: vec![7; 48] };
    let empty = Chunk { id: AttachmentId([2; 32]), total: 0, offset: 0, bytes: Vec::new() };
    let mut w = Writer::default();
    WriteContext::write_chunk(&mut w, &chunk);
    WriteContext::write_chunk(&mut w, &empty);
    let items = ReadContext::default().read(&w.finish(), &[]).unwrap();
    assert_eq!(items, [Item::Chunk(chunk), Item::Chunk(empty)]);
}

fn raw(build: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut w = Writer::default();
    build(&mut w);
    w.finish()
}

/// The head of a segment of a new log.
fn head(w: &mut Writer) -> &mut Writer {
    w.uint(1).bytes(&document(1).to_bytes()).bytes(&[1; 32]).bytes(&[2; 8])
}

#[test]
fn bad_batches_are_refused() {
    let too_many = limits::BATCH_ENTRIES_MAX as u64 + 1;
    let total_max = limits::ATTACHMENT_BYTES_MAX as u64;
    let table: Vec<(&str, Vec<u8>)> = vec![
        (
            "a log number that skips one",
            raw(|w| {
                _ = w.uint(2).bytes(&document(1).to_bytes()).bytes(&[1; 32]).bytes(&[2; 8]).uint(2).uint(1).int(0).bytes(&[])
            }),
        ),
        (
            "a document that cannot be",
            raw(|w| _ = w.uint(1).bytes(&[0; 19]).bytes(&[1; 32]).bytes(&[2; 8]).uint(2).uint(1).int(0).bytes(&[])),
        ),
        (
            "a key of 31 bytes",
            raw(|w| {
                _ = w.uint(1).bytes(&document(1).to_bytes()).bytes(&[1; 31]).bytes(&[2; 8]).uint(2).uint(1).int(0).bytes(&[])
            }),
        ),
        ("sequence 0", raw(|w| _ = head(w).uint(0).uint(1).int(0).bytes(&[]))),
        ("no entry", raw(|w| _ = head(w).uint(2).uint(0))),
        ("too many entries", raw(|w| _ = head(w).uint(2).uint(too_many))),
        ("a sequence that overflows", raw(|w| _ = head(w).uint(u64::MAX).uint(2).int(0).bytes(&[]).int(0).bytes(&[]))),
        ("sequence 1 without grant and link", raw(|w| _ = head(w).uint(1).uint(1).int(0).bytes(&[]))),
        ("an attachment too long", raw(|w| _ = w.uint(0).bytes(&[1; 32]).uint(total_max + 1).uint(0).bytes(&[]))),
        ("a piece behind the end", raw(|w| _ = w.uint(0).bytes(&[1; 32]).uint(10).uint(10).bytes(&[1]))),
        ("a piece whose end overflows", raw(|w| _ = w.uint(0).bytes(&[1; 32]).uint(10).uint(u64::MAX).bytes(&[1]))),
        ("a name of 31 bytes", raw(|w| _ = w.uint(0).bytes(&[1; 31]).uint(10).uint(0).bytes(&[1]))),
        ("an indefinite string", vec![0, 0x5f]),
    ];
    for (what, bytes) in table {
        assert!(ReadContext::default().read(&bytes, &[]).is_err(), "{what}");
    }
    let twice = |run: u8| {
        raw(|w| {
            head(w).uint(2).uint(1).int(0).bytes(&[]);
            w.uint(2).bytes(&document(1).to_bytes()).bytes(&[1; 32]).bytes(&[run; 8]).uint(2).uint(1).int(0).bytes(&[]);
        })
    };
    assert!(ReadContext::default().read(&twice(3), &[]).is_ok());
    assert!(ReadContext::default().read(&twice(2), &[]).is_err(), "a log with two numbers");
    let good = raw(|w| _ = head(w).uint(u64::MAX - 1).uint(1).int(0).bytes(&[]));
    assert!(ReadContext::default().read(&good, &[]).is_ok());
}

#[test]
fn entries_of_many_segments_are_limited_together() {
    let segments = |n: usize| {
        raw(|w| {
            head(w).uint(2).uint(1).int(0).bytes(&[]);
            (1..n).for_each(|_| _ = w.uint(1).uint(2).uint(1).int(0).bytes(&[]));
        })
    };
    assert_eq!(ReadContext::default().read(&segments(limits::BATCH_ENTRIES_MAX), &[]).unwrap().len(), limits::BATCH_ENTRIES_MAX);
    assert!(ReadContext::default().read(&segments(limits::BATCH_ENTRIES_MAX + 1), &[]).is_err());
}

/// Found by a fuzzer's property: two times further apart than 63 bits travelled as the same one, and the second entry's signature did not fit.
#[test]
fn any_time_follows_any_other() {
    let key = SecretKey::from_seed([1; 32]);
    let log = LogId { document: document(1), key: key.public(), run: Run([1; 8]) };
    let mut sent: Vec<SignedEntry> = Vec::new();
    for (sequence, time) in (1..).zip([u64::MAX, 1_793_000_000_000, 0, u64::MAX, 1 << 63, (1 << 63) - 1, 0]) {
        let mut p = PayloadBuilder::default();
        p.row(60, &[], &[0x80]);
        let before = sent.last().map_or(Before::Start { grant: None, link: None }, |e| Before::Previous(e.id));
        sent.push(SignedEntry::sign(Header { log, sequence, before, time: Ms(time) }, p.finish(), &key, &NETWORK));
    }
    let mut w = Writer::default();
    let loose = WriteContext::default().write_entries(&mut w, &sent);
    let items = ReadContext::default().read(&w.finish(), &loose).unwrap();
    assert_eq!(rebuilt(&items, &sent), sent);
}

#[test]
fn so_many_logs_are_numbered_in_a_session_and_no_more() {
    let other = LogId { document: document(2), key: PublicKey([1; 32]), run: Run([2; 8]) };
    let mut read = ReadContext { logs: vec![other; limits::LOG_REFS_MAX - 1], ..ReadContext::default() };
    let segment = |number: usize| {
        let run = number.to_be_bytes();
        raw(|w| {
            _ = w.uint(number as u64).bytes(&document(1).to_bytes()).bytes(&[1; 32]).bytes(&run).uint(2).uint(1).int(0).bytes(&[])
        })
    };
    assert!(read.read(&segment(limits::LOG_REFS_MAX), &[]).is_ok());
    assert!(read.read(&segment(limits::LOG_REFS_MAX + 1), &[]).is_err());
}
