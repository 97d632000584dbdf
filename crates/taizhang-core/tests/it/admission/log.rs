//! Bytes, signature and the place in the log.
use super::*;

#[test]
fn signature_and_form() {
    run_table(&[
        ("the clerk's next entry", |s| s.clerk().sign(), "admitted"),
        ("signed by another key", |s| Draft { signer: "thief".into(), ..s.clerk() }.sign(), "signature"),
        (
            "signed for another network",
            |s| {
                let d = s.clerk();
                let theirs = Draft { network: NetworkId([3; 32]), ..d }.sign();
                SignedEntry::from_parts(theirs.header, theirs.payload, theirs.signature, &s.w().ledger().network)
            },
            "signature",
        ),
        (
            "one bit of the signature",
            |s| {
                let mut e = s.clerk().sign();
                e.signature[3] ^= 1;
                e
            },
            "signature",
        ),
        (
            "the payload of another entry",
            |s| {
                let e = s.clerk().sign();
                let other = payload(|p| _ = p.row(PLAN, &[], &[0x80]));
                SignedEntry::from_parts(e.header, other, e.signature, &s.w().ledger().network)
            },
            "signature",
        ),
        ("no payload", |s| Draft { payload: Vec::new(), ..s.clerk() }.sign(), "payload: expected an array of known length"),
        ("no operation", |s| s.clerk().payload(|_| ()).sign(), "payload: no operations, or too many"),
        ("512 operations", |s| s.clerk().payload(|p| (0..512).for_each(|_| _ = p.row(PLAN, &[], &FIELDS))).sign(), "admitted"),
        (
            "513 operations",
            |s| s.clerk().payload(|p| (0..513).for_each(|_| _ = p.row(PLAN, &[], &FIELDS))).sign(),
            "payload: no operations, or too many",
        ),
        ("a row of 3 KiB", |s| s.clerk().payload(|p| _ = p.row(PLAN, &[], &long_row(3072))).sign(), "admitted"),
        (
            "a row longer than 3 KiB",
            |s| s.clerk().payload(|p| _ = p.row(PLAN, &[], &long_row(3073))).sign(),
            "payload: row too long",
        ),
        (
            "a value that is no scalar",
            |s| s.clerk().payload(|p| _ = p.register("a.b", &[0x80], &[])).sign(),
            "payload: register value not a scalar, or too long",
        ),
        (
            "a register without key",
            |s| s.clerk().payload(|p| _ = p.register("", &[1], &[])).sign(),
            "payload: register key empty or too long",
        ),
        (
            "a payload of another version",
            |s| Draft { payload: vec![0x82, 2, 0x80], ..s.clerk() }.sign(),
            "payload: unknown payload version",
        ),
        (
            "an operation of another kind",
            |s| Draft { payload: vec![0x82, 1, 0x81, 0x84, 2, 0, 0x80, 0x80], ..s.clerk() }.sign(),
            "payload: unknown operation",
        ),
        (
            "replaces not sorted",
            |s| Draft { payload: unsorted(s), ..s.clerk() }.sign(),
            "payload: replaces not sorted or not unique",
        ),
        ("65 replaced", |s| s.clerk().payload(|p| _ = p.row(PLAN, &many(), &FIELDS)).sign(), "payload: replaces too many"),
        ("an unknown row type", |s| s.clerk().payload(|p| _ = p.row(9999, &[], &FIELDS)).sign(), "admitted"),
        (
            "put together over 64 KiB",
            |s| s.clerk().payload(|p| (0..22).for_each(|_| _ = p.row(PLAN, &[], &long_row(3072)))).sign(),
            "payload: entry too long",
        ),
        (
            "a registry with a year",
            |s| {
                let doc = DocId { period: Some(YEAR), ..registry(s.c.county) };
                s.draft("admin", doc).start(s.w().grant_in("admin", registry(s.c.county)), None).sign()
            },
            "payload: the kind of document has no such period or subject",
        ),
        (
            "a ledger about its owner",
            |s| {
                let doc = DocId { subject: Some(s.c.school), ..ledger_of(s.c.school) };
                s.draft("clerk", doc).sign()
            },
            "payload: the kind of document has no such period or subject",
        ),
    ]);
}

fn long_row(bytes: usize) -> Vec<u8> {
    let mut w = Writer::default();
    w.array(1).bytes(&vec![0; bytes - 4]);
    assert_eq!(w.len(), bytes);
    w.finish()
}

fn many() -> Vec<RowRef> {
    (0..65).map(|n| RowRef { document: None, entry: Some(EntryId([7; 32])), index: n }).collect()
}

fn unsorted(s: &Scene) -> Vec<u8> {
    let mut w = Writer::default();
    w.array(2).uint(1).array(1).array(4).uint(0).uint(60).array(2);
    here(s.row).write(&mut w);
    here(s.row).write(&mut w);
    w.raw(&FIELDS);
    w.finish()
}

#[test]
fn continuity() {
    run_table(&[
        (
            "a gap in the sequence",
            |s| {
                let mut d = s.clerk();
                d.header.sequence += 1;
                d.sign()
            },
            "continuity",
        ),
        (
            "a sequence that was there",
            |s| {
                let mut d = s.clerk();
                d.header.sequence -= 1;
                d.sign()
            },
            "continuity",
        ),
        (
            "the highest sequence",
            |s| {
                let mut d = s.clerk();
                d.header.sequence = u64::MAX;
                d.sign()
            },
            "continuity",
        ),
        (
            "sequence 0",
            |s| {
                let mut d = s.fresh();
                d.header.sequence = 0;
                d.sign()
            },
            "continuity",
        ),
        (
            "a start at sequence 2",
            |s| {
                let mut d = s.fresh();
                d.header.sequence = 2;
                d.sign()
            },
            "continuity",
        ),
        (
            "a sibling: a fork is proof, no refusal",
            |s| {
                let mut d = s.clerk();
                d.header.sequence = 2;
                d.header.before = Before::Previous(s.row);
                d.sign()
            },
            "admitted",
        ),
        ("unknown previous", |s| previous(s.clerk(), s.nobody), "missing"),
        ("previous of another document", |s| previous(s.draft("clerk", ledger_of(s.c.school)), s.elsewhere), "continuity"),
        (
            "previous of the same key in another document",
            |s| {
                let mut d = s.draft("reviewer", review(s.c.county, s.c.school));
                d.header.sequence = 2;
                previous(d, s.second_review)
            },
            "continuity",
        ),
        ("previous of another key", |s| previous(s.draft("principal", ledger_of(s.c.school)), s.register), "continuity"),
        ("previous of another run", |s| previous(s.clerk().run(run(5)), s.register), "continuity"),
        ("a fresh log", |s| s.fresh().sign(), "admitted"),
        ("a fresh log linked to the last", |s| s.fresh().start(s.begun(), Some(s.register)).sign(), "admitted"),
        ("unknown link", |s| s.fresh().start(s.begun(), Some(s.nobody)).sign(), "missing"),
        (
            "link of another document",
            |s| {
                let d = s.draft("reviewer", review(s.c.county, s.c.school)).run(run(5));
                let grant = s.w().grant_in("reviewer", d.header.log.document);
                d.start(grant, Some(s.second_review)).sign()
            },
            "continuity",
        ),
        (
            "link of another key",
            |s| {
                let d = s.draft("principal", ledger_of(s.c.school)).run(run(5));
                let grant = s.w().grant_in("principal", d.header.log.document);
                d.start(grant, Some(s.row)).sign()
            },
            "continuity",
        ),
        ("link of the same run", |s| s.clerk().start(s.begun(), Some(s.row)).sign(), "continuity"),
    ]);
}

fn previous(mut d: Draft, id: EntryId) -> SignedEntry {
    if d.header.sequence == 1 {
        d.header.sequence = 2;
    }
    d.header.before = Before::Previous(id);
    d.sign()
}
