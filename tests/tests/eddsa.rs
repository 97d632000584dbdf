//! One verdict for a signature at the edges of Ed25519, on every path that an entry, a receipt, a certificate or a successor of the root statement may take (docs/decisions/0004-signature-validity.md).
#![allow(clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;

use serde_json::Value;
use taizhang_core::{
    admission::{Refusal, Signature},
    author::Author,
    cbor::Writer,
    entry::{Before, Header, SignedEntry},
    founding::{NewGrant, NewOrg, found_by, root_statement},
    id::{DocId, EntryId, Kind, LogId, OrgId, PublicKey, Run, from_hex},
    key,
    ledger::Ledger,
    op::{PayloadBuilder, RowName},
    planted::{Check, is_off, take_away},
    receipt::Receipt,
    root::{Roots, signed_bytes},
    rows::{Grant, OrgKind, Role, RootStatement, RowType},
    units::{Day, Ms},
};
use taizhang_node::{
    bundle::{Opener, Sealer},
    command::{Command, Unlock},
    commands,
    core::Core,
    folder::{Folder, Settings},
    spread::over_cores,
};
use taizhang_rules::certificate::{Claims, Statement, commitment, network_prefix};
use taizhang_store::{
    Commit, NewEntry, Store,
    disk::{DiskStore, Options},
    memory::MemoryStore,
};
use taizhang_sync::{
    Effect, Event, Input, SessionId, Token,
    batch::WriteContext,
    frame::{BatchFrame, Frame},
    spread::{Spread, one_by_one},
};
use taizhang_tests::{
    eddsa::{Edge, message_of},
    mutate::{
        network::{DAY, Network, Shelf, key as key_of, secret},
        peer::{HubUnderTest, Which, hello},
        rows,
    },
};

/// The code of [`Refusal::Signature`] on the wire.
const SIGNATURE: u64 = 3;

fn bytes<const N: usize>(case: &Value, field: &str) -> [u8; N] {
    from_hex(case[field].as_str().expect("hex")).and_then(|b| b.try_into().ok()).expect("hex of this length")
}

#[test]
fn the_published_vectors() {
    let file: Value = serde_json::from_str(include_str!("../vectors/eddsa/taming.json")).expect("JSON");
    let cases = file["cases"].as_array().expect("a list");
    assert_eq!(cases.len(), 12);
    for case in cases {
        let message: [u8; 32] = bytes(case, "message");
        let verdict = key::verify(&PublicKey(bytes(case, "pub_key")), &message, &bytes(case, "signature"));
        assert_eq!(Some(verdict), case["valid"].as_bool(), "case {} {}", case["case"], case["about"]);
    }
}

#[test]
fn the_edges_are_what_they_are_called() {
    for edge in Edge::ALL {
        let verdict = key::verify(&edge.key(), b"a message", &edge.sign(b"a message"));
        assert_eq!(verdict, edge.is_valid(), "{edge:?}");
        assert!(edge.fits_with_cofactor(b"a message"), "{edge:?}: some program somewhere takes it");
    }
}

/// A network in which a county's admin certified every one of these keys as a clerk's, and an entry of each.
struct Split {
    network: Network,
    entries: Vec<(Edge, SignedEntry)>,
}

impl Split {
    fn new() -> Self {
        let mut network = Network::found();
        let county = DocId::of(network.county, Kind::Registry);
        let by =
            network.seats.iter().find(|s| s.document == county && s.key == key_of("county-admin")).copied().expect("an admin");
        let school = network.seats.iter().find(|s| s.document.kind == Kind::Roster).expect("a school").document;
        let basis = network.ledger.registry.orgs[&school.owner].creation.name;
        let mut p = PayloadBuilder::default();
        for edge in Edge::ALL {
            let to = NewGrant {
                key: edge.key(),
                role: Role::Clerk,
                office: None,
                org: school.owner,
                basis: basis.here(),
                seal_key: None,
            };
            p.row(Grant::TYPE, &[], &to.row("文员", DAY).to_fields());
        }
        let admin = Author { key: secret("county-admin"), run: Run([9; 8]) };
        let now = Ms(Ms::start_of(DAY).0 + (1 << 32));
        let granted = admin.write(&network.ledger, county, by.grant, p.finish(), now);
        let grants = granted.id;
        let admitted = network.ledger.admit(&network.shelf, granted, Signature::Check).expect("nobody looks at what a key is");
        network.ledger.insert(&admitted);
        network.shelf.entries.insert(grants, admitted.entry().to_bytes());
        network.entries.push(admitted.into_entry());
        let entry = |(n, edge): (usize, Edge)| {
            let name = RowName { entry: grants, index: u16::try_from(n).expect("few") };
            let header = Header {
                log: LogId { document: school, key: edge.key(), run: Run([7; 8]) },
                sequence: 1,
                before: Before::Start { grant: Some(name), link: None },
                time: now,
            };
            let mut p = PayloadBuilder::default();
            p.row(40, &[], &rows::teacher(u16::try_from(100 + n).expect("few").into()));
            let unsigned = SignedEntry::from_parts(header, p.finish(), [0; 64], &network.id);
            let signature = edge.sign(&message_of(&unsigned, &network.id));
            (edge, SignedEntry { signature, ..unsigned })
        };
        let entries = Edge::ALL.into_iter().enumerate().map(entry).collect();
        Self { network, entries }
    }

    /// Which of them should be taken.
    fn valid(&self) -> BTreeSet<EntryId> {
        self.entries.iter().filter(|(edge, _)| edge.is_valid()).map(|(_, e)| e.id).collect()
    }
}

#[test]
fn admitted_alone() {
    let split = Split::new();
    for (edge, entry) in &split.entries {
        let verdict = split.network.ledger.admit(&split.network.shelf, entry.clone(), Signature::Check);
        assert_eq!(verdict.err(), (!edge.is_valid()).then_some(Refusal::Signature), "{edge:?}");
        assert_eq!(entry.is_signed(&split.network.id), edge.is_valid(), "{edge:?}");
    }
}

/// A frame with these entries, as a node that has them all would send it.
fn frame(context: &mut WriteContext, entries: &[SignedEntry]) -> Vec<u8> {
    let mut w = Writer::default();
    let loose = context.write_entries(&mut w, entries);
    let packed = zstd::bulk::compress(&w.finish(), 1).expect("memory can be compressed");
    let signatures = entries.iter().map(|e| e.signature).collect();
    Frame::Batch(BatchFrame { fresh: true, last: true, signatures, loose, packed }).encode()
}

/// Honest entries of a clerk, around the others.
fn honest(network: &Network, n: u32) -> Vec<SignedEntry> {
    let seat =
        network.seats.iter().find(|s| s.document.kind == Kind::Roster && s.key == key_of("clerk")).copied().expect("a clerk");
    let (mut ledger, author) = (network.ledger.clone(), Author { key: secret("clerk"), run: Run([8; 8]) });
    let write = |i| {
        let mut p = PayloadBuilder::default();
        p.row(40, &[], &rows::teacher(200 + i));
        let entry = author.write(&ledger, seat.document, seat.grant, p.finish(), Ms(Ms::start_of(DAY).0 + (1 << 32)));
        ledger.insert(&ledger.admit(&Shelf::default(), entry.clone(), Signature::Check).expect("a clerk may write"));
        entry
    };
    (0..n).map(write).collect()
}

/// What a hub stores and refuses of entries that arrive in batches of so many.
fn taken(split: &Split, spread: Spread, at_once: usize) -> (BTreeSet<EntryId>, usize) {
    let honest = honest(&split.network, 40);
    let all: Vec<SignedEntry> =
        honest.iter().take(20).chain(split.entries.iter().map(|(_, e)| e)).chain(honest.iter().skip(20)).cloned().collect();
    let mut hub = HubUnderTest::spreading(&split.network, spread);
    let (mut context, mut stored, mut refused) = (WriteContext::default(), BTreeSet::new(), 0);
    for entries in all.chunks(at_once) {
        let done = hub.frame(Which::Answering, frame(&mut context, entries));
        assert!(done.closed.is_empty() && done.refused.iter().all(|code| *code == SIGNATURE));
        stored.extend(done.stored);
        refused += done.refused.len();
    }
    assert!(honest.iter().all(|e| stored.remove(&e.id)), "honest entries beside them are taken");
    (stored, refused)
}

#[test]
fn in_batches_and_live() {
    let split = Split::new();
    let expected = (split.valid(), Edge::ALL.len() - split.valid().len());
    for at_once in [1, 7, 1000] {
        assert_eq!(taken(&split, one_by_one, at_once), expected, "{at_once} at once, one after the other");
        assert_eq!(taken(&split, over_cores, at_once), expected, "{at_once} at once, over all cores");
    }
}

/// What a distribution forgets to answer is asked again; nothing enters for want of an answer.
#[test]
fn answers_that_do_not_come() {
    let split = Split::new();
    let expected = (split.valid(), Edge::ALL.len() - split.valid().len());
    assert_eq!(taken(&split, |_, _| Vec::new(), 1000), expected);
    assert_eq!(taken(&split, |n, check| one_by_one(n / 2, check), 1000), expected);
}

#[test]
fn written_here() {
    let split = Split::new();
    for (edge, entry) in &split.entries {
        let mut hub = HubUnderTest::new(&split.network);
        let (now, token) = (hub.now, Token(1));
        hub.hub.handle(now, &hub.shelf, Input::Local { token, entries: vec![entry.clone()], attachments: Vec::new() });
        let commits = std::iter::from_fn(|| hub.hub.poll_effect()).filter(|e| match e {
            Effect::Commit(..) => true,
            Effect::Notify(Event::NotWritten(of, _)) => *of != token,
            _ => false,
        });
        assert_eq!(commits.count(), usize::from(edge.is_valid()), "{edge:?}");
    }
}

/// A data folder of the county with everything of the network.
fn folder_of(split: &Split, dir: &tempfile::TempDir) -> Folder {
    let folder = Folder::at(dir.path());
    folder.create().expect("a folder");
    folder.save_settings(&Settings::new(split.network.id, split.network.county, Vec::new())).expect("settings");
    let mut core = open(&folder);
    let attachments = split.network.shelf.attachments.clone().into_iter().collect();
    core.store_entries(split.network.entries.clone(), attachments).expect("the network is admitted");
    folder
}

fn open(folder: &Folder) -> Core {
    Core::open(folder.clone(), &mut |_, _, _| {}).expect("the folder opens")
}

/// Entries with a finding of this kind.
fn audited(core: &mut Core, what: &str) -> BTreeSet<String> {
    let details = match commands::execute(core, &Unlock::default(), &Command::AuditVerify, &mut |_| {}) {
        Ok(reply) => Value::Object(reply.data),
        Err(error) => *error.details.expect("an audit's error has findings"),
    };
    let findings = details["findings"].as_array().expect("findings").clone();
    findings.iter().filter(|f| f["what"] == what).map(|f| f["entry"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn stored_loaded_again_and_audited() {
    let split = Split::new();
    let dir = tempfile::tempdir().expect("a folder");
    let folder = folder_of(&split, &dir);
    let mut core = open(&folder);
    for (edge, entry) in &split.entries {
        assert_eq!(core.store_entries(vec![entry.clone()], Vec::new()).is_ok(), edge.is_valid(), "{edge:?}");
    }
    drop(core);
    let mut core = open(&folder);
    for (edge, entry) in &split.entries {
        assert_eq!(core.ledger().place(&entry.id).is_some(), edge.is_valid(), "{edge:?}");
    }
    assert_eq!(audited(&mut core, "signature"), BTreeSet::new());
    drop(core);
    plant(&split, &folder);
    let expected = split.entries.iter().filter(|(edge, _)| !edge.is_valid()).map(|(_, e)| e.id.to_string()).collect();
    assert_eq!(audited(&mut open(&folder), "signature"), expected, "the audit believes no disk");
}

/// Writes what was refused into the store all the same.
fn plant(split: &Split, folder: &Folder) {
    let network = split.network.id;
    let describe = move |bytes: &[u8]| SignedEntry::parse(bytes, &network).ok().map(|e| (e.id, e.header.log, e.header.sequence));
    let (mut store, _) = DiskStore::open(&folder.file("store"), &Options::new(describe)).expect("the store opens");
    let refused = split.entries.iter().filter(|(edge, _)| !edge.is_valid());
    let entries =
        refused.map(|(_, e)| NewEntry { id: e.id, log: e.header.log, sequence: e.header.sequence, bytes: e.to_bytes() });
    store.commit(&Commit { entries: entries.collect(), ..Commit::default() }).expect("the disk takes anything");
}

#[test]
fn receipts() {
    let network = Network::found().id;
    for edge in Edge::ALL {
        let unsigned = Receipt { node: edge.key(), ..Receipt::sign(&secret("any"), &network, 1, Ms(1), Vec::new()) };
        let protected = |node: &PublicKey| {
            let mut w = Writer::default();
            w.map(2).int(1).int(-8).int(4).bytes(&node.0);
            w.finish()
        };
        let mut payload = Writer::default();
        payload.array(4).uint(1).uint(1).uint(1).array(0);
        let mut w = Writer::default();
        w.array(4).text("Signature1").bytes(&protected(&unsigned.node)).bytes(&network.0).bytes(&payload.finish());
        let receipt = Receipt { signature: edge.sign(&w.finish()), ..unsigned };
        assert_eq!(receipt.is_signed(&network), edge.is_valid(), "{edge:?}");
    }
}

#[test]
fn certificates() {
    let network = Network::found().id;
    for edge in Edge::ALL {
        let claims = Claims {
            no: "1".into(),
            teacher: "T1".into(),
            policy_id: "p".into(),
            policy: [1; 8],
            years: (2020, 2024),
            h100_lines: vec![("all".into(), 36_000)],
            day: Day(20_000),
        };
        let (salt, name) = ([7; 16], "王".to_owned());
        let signature = edge.sign(&claims.message(&network, &edge.key(), &commitment(&salt, &claims.no, &name)));
        let statement = Statement { network: network_prefix(&network), claims, key: edge.key(), name, salt, signature };
        assert_eq!(statement.verify(&network).is_ok(), edge.is_valid(), "{edge:?}");
        let read = Statement::read_text(&statement.text().expect("short")).expect("its own form");
        assert_eq!(read.verify(&network).is_ok(), edge.is_valid(), "{edge:?}");
    }
}

/// A bundle brings the entries, whoever wrote it.
#[test]
fn carried_in_bundles() {
    let split = Split::new();
    let entries: Vec<SignedEntry> = split.entries.iter().map(|(_, e)| e.clone()).collect();
    for spread in [one_by_one as Spread, over_cores] {
        let mut hub = HubUnderTest::spreading(&split.network, spread);
        let session = SessionId(1 << 40);
        hub.input(Input::Carried { session, from: key_of("city-node") });
        let mut done = hub.input(Input::Frame { session, bytes: hello(&split.network.ledger).encode() });
        for bytes in [Frame::Compared.encode(), frame(&mut WriteContext::default(), &entries)] {
            done = hub.input(Input::Frame { session, bytes });
        }
        assert!(done.closed.is_empty() && done.refused.iter().all(|code| *code == SIGNATURE));
        assert_eq!(done.stored.into_iter().collect::<BTreeSet<_>>(), split.valid());
        assert_eq!(done.refused.len(), Edge::ALL.len() - split.valid().len());
    }
}

/// The writer of a bundle proves itself by the same function.
#[test]
fn writers_of_bundles() {
    let network = Network::found().id;
    for edge in Edge::ALL {
        let sign = |message: &[u8]| edge.sign(message);
        let sealer = Sealer::signed(Vec::new(), network, (edge.key(), &sign), key_of("county-node"), Ms(1), [9; 32]);
        let file = sealer.expect("an honest receiver").finish().expect("memory can be written");
        let opened = Opener::new(file.as_slice(), network, &secret("county-node"));
        assert_eq!(opened.is_ok(), edge.is_valid(), "{edge:?}");
    }
}

#[test]
fn a_check_that_is_away_is_away_on_every_core() {
    let answers = || over_cores(64, &|_| is_off(Check::StrictSignature));
    assert_eq!(answers(), vec![false; 64]);
    let away = take_away(Check::StrictSignature);
    assert_eq!(answers(), vec![true; 64]);
    drop(away);
    assert_eq!(answers(), vec![false; 64]);
}

#[test]
fn successors_of_the_root_statement() {
    for edge in Edge::ALL {
        let root = Author { key: secret("root"), run: Run([1; 8]) };
        let keys = vec![root.public(), edge.key()];
        let (first, network) = root_statement(keys.clone(), 1);
        let city = NewOrg { code: "429800".into(), kind: OrgKind::City, name: "示范市".into(), random: [7; 8] };
        let people = ((key_of("admin"), None), key_of("node"), "admin");
        let (_, founding) = found_by(&root, (first, network), &city, people, Ms(1));
        let mut ledger = Ledger::new(network);
        let mut store = MemoryStore::default();
        let admitted = ledger.admit(&store, founding, Signature::Check).expect("founded");
        ledger.insert(&admitted);
        let founding = admitted.entry();
        let stored = NewEntry { id: founding.id, log: founding.header.log, sequence: 1, bytes: founding.to_bytes() };
        store.commit(&Commit { entries: vec![stored], ..Commit::default() }).expect("stored");
        let before = RowName { entry: founding.id, index: 0 };
        // The key at the edge signs alone; whoever writes it down is honest.
        let statement = RootStatement { number: 1, keys, m: 1, signatures: None, positions: None, reason: None };
        let signature = edge.sign(&signed_bytes(&network, &[before], &statement));
        let statement = RootStatement { signatures: Some(vec![(edge.key(), signature)]), ..statement };
        let record = Roots::record(&network, statement.clone(), vec![before]);
        assert_eq!(ledger.registry.roots.check(&network, &record).is_ok(), edge.is_valid(), "{edge:?}");
        let mut p = PayloadBuilder::default();
        p.row(RootStatement::TYPE, &[before.here()], &statement.to_fields());
        let entry = root.write(&ledger, DocId::of(OrgId::root(network), Kind::Registry), Some(before), p.finish(), Ms(2));
        let verdict = ledger.admit(&store, entry, Signature::Check);
        assert_eq!(verdict.is_ok(), edge.is_valid(), "{edge:?}: {:?}", verdict.err());
    }
}
