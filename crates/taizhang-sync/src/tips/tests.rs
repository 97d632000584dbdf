#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::cast_possible_truncation, reason = "tests")]
use taizhang_core::{
    admission::Signature,
    author::Author,
    entries::{Entries, ReadFailed},
    entry::{Before, Header, SignedEntry},
    founding::{NewOrg, found},
    id::{AttachmentId, Kind, NetworkId, OrgId, Run},
    key::SecretKey,
    op::{PayloadBuilder, RowName},
    rows::OrgKind,
    units::Ms,
};

use super::{ours as ours_of, *};

struct Nothing;

impl Entries for Nothing {
    fn entry(&self, _: &EntryId) -> Result<Option<Vec<u8>>, ReadFailed> {
        Ok(None)
    }
    fn attachment(&self, _: &AttachmentId) -> Result<Option<Vec<u8>>, ReadFailed> {
        Ok(None)
    }
}

/// The registry of a city whose admin writes logs, in memory.
struct World {
    network: NetworkId,
    first: SignedEntry,
    grant: RowName,
    document: DocId,
}

impl World {
    fn new() -> Self {
        let root = Author { key: SecretKey::from_seed([1; 32]), run: Run([1; 8]) };
        let city = NewOrg { code: "1".into(), kind: OrgKind::City, name: "市".into(), random: [2; 8] };
        let admin = SecretKey::from_seed([2; 32]).public();
        let node = SecretKey::from_seed([3; 32]).public();
        let (network, first) = found(&root, &city, (admin, None), node, "x", Ms(1));
        let org = city.row(OrgId::root(network), Ms(1).day()).org;
        let grant = RowName { entry: first.id, index: 2 };
        Self { network, first, grant, document: DocId::of(org, Kind::Registry) }
    }

    fn entry(&self, run: u16, sequence: u64, before: Option<EntryId>, value: u8) -> SignedEntry {
        let key = SecretKey::from_seed([2; 32]);
        let log = LogId {
            document: self.document,
            key: key.public(),
            run: Run([&run.to_be_bytes(), [9; 6].as_slice()].concat().try_into().unwrap()),
        };
        let before = if sequence == 1 {
            Before::Start { grant: Some(self.grant), link: before }
        } else {
            Before::Previous(before.unwrap())
        };
        let mut p = PayloadBuilder::default();
        p.row(999, &[], &[0x81, value % 24]);
        SignedEntry::sign(Header { log, sequence, before, time: Ms(5) }, p.finish(), &key, &self.network)
    }

    /// `logs` logs of `each` entries, each log linked to the one before it.
    fn chain(&self, logs: u16, each: u64) -> Vec<SignedEntry> {
        let mut out: Vec<SignedEntry> = Vec::new();
        for run in 0..logs {
            for sequence in 1..=each {
                out.push(self.entry(run, sequence, out.last().map(|e| e.id), 0));
            }
        }
        out
    }

    fn ledger<'e>(&'e self, entries: impl IntoIterator<Item = &'e SignedEntry>) -> Ledger {
        let mut ledger = Ledger::new(self.network);
        for e in std::iter::once(&self.first).chain(entries) {
            let admitted = ledger.admit(&Nothing, e.clone(), Signature::Checked).unwrap();
            ledger.insert(&admitted);
        }
        ledger
    }

    /// What `ours` would send to whoever holds `theirs`.
    fn missing(&self, ours: &Ledger, theirs: &Ledger) -> Vec<EntryId> {
        self.told(ours, &ours_of(theirs, &self.document)).missing_there(ours, &self.document)
    }

    fn told(&self, ours: &Ledger, tips: &[Tip]) -> Told {
        let mut told = Told::default();
        told.hear(ours, &self.document, tips, false);
        told
    }

    fn is_far_back(&self, ours: &Ledger, theirs: &Ledger) -> bool {
        self.told(ours, &ours_of(theirs, &self.document)).is_far_back(ours, &self.document)
    }
}

fn ids(entries: &[SignedEntry]) -> Vec<EntryId> {
    entries.iter().map(|e| e.id).collect()
}

#[test]
fn what_is_behind_a_known_tip_is_not_sent() {
    let w = World::new();
    let chain = w.chain(4, 3);
    let ours = w.ledger(&chain);
    for n in 0..=chain.len() {
        let theirs = w.ledger(&chain[..n]);
        assert_eq!(w.missing(&ours, &theirs), ids(&chain[n..]), "they have {n}");
        assert_eq!(w.missing(&theirs, &ours), [], "and lack nothing of ours");
    }
    let nothing = Ledger::new(w.network);
    assert_eq!(w.missing(&nothing, &ours), []);
}

#[test]
fn hints_tell_exactly_up_to_32_logs_back() {
    let w = World::new();
    let chain = w.chain(40, 2);
    let all = w.ledger(&chain);
    for logs in [9, 20, 39] {
        let behind = w.ledger(&chain[..logs * 2 - 1]);
        assert_eq!(w.missing(&behind, &all), [], "the tip is {} logs ahead", 40 - logs);
        assert!(!w.is_far_back(&all, &behind));
    }
}

#[test]
fn far_behind_the_reckoning_is_near_and_have_mends_it() {
    let w = World::new();
    let chain = w.chain(400, 1);
    let (all, behind) = (w.ledger(&chain), w.ledger(&chain[..100]));
    let again = w.missing(&behind, &all);
    assert!(!again.is_empty() && again.len() <= 100, "{}", again.len());
    assert!(w.is_far_back(&all, &behind));
    assert!(!w.is_far_back(&behind, &all), "unknown tips are not here");
    assert_eq!(w.missing(&all, &behind), ids(&chain[100..]));
    let tips = ours_of(&all, &w.document);
    assert_eq!(tips.len(), 1);
    assert!(tips[0].hints.len() <= HINTS_MAX && tips[0].hints.len() > NEAR_LOGS);
}

#[test]
fn branches_of_a_fork_reach_everyone() {
    let w = World::new();
    let common = w.chain(1, 3);
    let branch = |value: u8, n: u64| {
        let mut out = common.clone();
        for i in 0..n {
            out.push(w.entry(0, 4 + i, out.last().map(|e| e.id), value));
        }
        out
    };
    let (a, b) = (branch(1, 4), branch(2, 2));
    let (has_a, has_b) = (w.ledger(&a), w.ledger(&b));
    let both = w.ledger(a.iter().chain(&b[3..]));
    let sends = |from: &Ledger, to: &Ledger| w.missing(from, to);
    // A tip at a place where we have another entry: what is common for certain lies before the log, so all of it is sent.
    assert_eq!(sends(&has_a, &has_b), ids(&a));
    // A tip ahead of us in the log: taken to cover us; the next comparison knows better.
    assert_eq!(sends(&has_b, &has_a), []);
    assert_eq!(sends(&both, &has_a), ids(&b[3..]));
    assert_eq!(sends(&both, &has_b), ids(&a[3..]));
    assert_eq!(sends(&has_a, &both), []);
    // After two rounds both have both.
    let (mut a, mut b) = (a, b);
    for _ in 0..2 {
        let (from_a, from_b) = (sends(&w.ledger(&a), &w.ledger(&b)), sends(&w.ledger(&b), &w.ledger(&a)));
        let take = |to: &mut Vec<SignedEntry>, from: &[SignedEntry], sent: &[EntryId]| {
            let new: Vec<_> = from.iter().filter(|e| sent.contains(&e.id) && !to.contains(e)).cloned().collect();
            to.extend(new);
        };
        let before = a.clone();
        take(&mut a, &b, &from_b);
        take(&mut b, &before, &from_a);
    }
    assert_eq!(w.ledger(&a).digest(&w.document), w.ledger(&b).digest(&w.document));
    assert_eq!(w.ledger(&a).digest(&w.document), both.digest(&w.document));
}

#[test]
fn a_tip_ahead_of_us_covers_us() {
    let w = World::new();
    let chain = w.chain(1, 9);
    let (short, long) = (w.ledger(&chain[..4]), w.ledger(&chain));
    assert_eq!(w.missing(&short, &long), []);
    assert_eq!(w.missing(&long, &short), ids(&chain[4..]));
}

#[test]
fn tips_of_strangers_cover_nothing() {
    let w = World::new();
    let chain = w.chain(2, 2);
    let ours = w.ledger(&chain);
    let told = |tips: &[Tip]| w.told(&ours, tips).missing_there(&ours, &w.document);
    let stranger = Tip {
        key: taizhang_core::id::PublicKey([1; 32]),
        run: Run([1; 8]),
        height: u64::MAX,
        id: EntryId([7; 32]),
        hints: vec![([9; 4], u64::MAX); HINTS_MAX],
    };
    assert_eq!(told(std::slice::from_ref(&stranger)), ids(&chain));
    // The right author, in a run that is not here.
    let tip = ours_of(&ours, &w.document)[0].clone();
    let liar = Tip { id: EntryId([7; 32]), run: Run([1; 8]), hints: Vec::new(), ..tip.clone() };
    assert_eq!(told(&[liar]), ids(&chain));
    // An entry of another document is no tip of this one.
    let elsewhere = Tip { id: w.first.id, run: Run([1; 8]), hints: Vec::new(), ..tip };
    assert_eq!(told(&[elsewhere, stranger]), ids(&chain));
}

#[test]
fn tips_told_in_parts_tell_what_they_tell_at_once() {
    let w = World::new();
    // Forty logs that go on from none: forty tips, of which the other has half, and one that is not here.
    let logs: Vec<SignedEntry> = (0..40).map(|run| w.entry(run, 1, None, 1)).collect();
    let (ours, theirs) = (w.ledger(&logs), w.ledger(&logs[..20]));
    let mut tips = ours_of(&theirs, &w.document);
    tips.push(Tip { id: EntryId([7; 32]), hints: Vec::new(), ..tips[0].clone() });
    let whole = w.told(&ours, &tips);
    for n in [1, 7, 20] {
        let mut told = Told::default();
        tips.chunks(n).for_each(|part| told.hear(&ours, &w.document, part, false));
        assert_eq!(told.missing_there(&ours, &w.document), ids(&logs[20..]), "{n} at once");
        assert_eq!((told.has_known, told.has_unknown), (whole.has_known, whole.has_unknown));
    }
}
