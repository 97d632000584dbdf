//! Wire and file formats are kept: what this version writes equals the bytes in `vectors/`, and what earlier versions wrote is read.
//!
//! After a deliberate change of a format (a new version of it), `TAIZHANG_BLESS=1 cargo test --release -p taizhang-tests --test fixtures` writes them anew; the old ones stay under their version and must still be read.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use taizhang_core::{
    admission::{Refusal, Signature},
    author::Author,
    cbor::Value,
    entry::SignedEntry,
    founding::{NewGrant, NewOrg, found},
    id::{DocId, EntryId, Kind, NetworkId, OrgId, PublicKey, Run},
    key::SecretKey,
    ledger::Ledger,
    op::{PayloadBuilder, RowRef, scalar},
    receipt::Receipt,
    rows::{self, Assessment, CATALOGUE, Grant, OrgKind, RegisteredBy, Registration, Role, RowType, shape::Shape},
    units::{Day, Ms},
};
use taizhang_node::remembered::Remembered;
use taizhang_store::{
    Commit, NewEntry, Store,
    disk::{DiskStore, Options},
    memory::MemoryStore,
};
use taizhang_sync::{
    Event, SessionId,
    frame::{BatchFrame, Frame, Kinds, Summary, Tip, WireReceipt},
    keys::KeyRecord,
};

const NOW: Ms = Ms(1_700_000_000_000);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A network's first entries from fixed keys: a city with its admin, a school with a clerk, a registration, a register and its correction.
struct Sample {
    network: NetworkId,
    entries: Vec<(&'static str, SignedEntry)>,
}

fn sample() -> Sample {
    let person = |n: u8| Author { key: SecretKey::from_seed([n; 32]), run: Run([n; 8]) };
    let (root, admin, clerk, node) = (person(1), person(2), person(3), SecretKey::from_seed([9; 32]));
    let city = NewOrg { code: "429800".into(), kind: OrgKind::City, name: "示范市".into(), random: [7; 8] };
    let (network, first) = found(&root, &city, (admin.public(), None), node.public(), "admin", NOW);
    let city = city.row(OrgId::root(network), NOW.day()).org;
    let mut world = World { ledger: Ledger::new(network), store: MemoryStore::default(), entries: Vec::new() };
    world.take("entry-root", first.clone());
    let registry = DocId::of(city, Kind::Registry);
    let school =
        NewOrg { code: "2198000001".into(), kind: OrgKind::School, name: "明德小学".into(), random: [8; 8] }.row(city, NOW.day());
    let mut p = PayloadBuilder::default();
    let basis = RowRef::own(p.row(1, &[], &school.to_fields()));
    let grant = NewGrant { key: clerk.public(), role: Role::Clerk, office: None, org: school.org, basis, seal_key: None };
    let index = p.row(Grant::TYPE, &[], &grant.row("clerk", NOW.day()).to_fields());
    let grant_of = |entry: EntryId, index| Some(taizhang_core::op::RowName { entry, index });
    let by_admin = admin.write(&world.ledger, registry, grant_of(first.id, 2), p.finish(), NOW);
    world.take("entry-registry", by_admin.clone());
    let ledger_2024 = DocId::of_year(school.org, Kind::Ledger, 2024);
    let mut p = PayloadBuilder::default();
    p.row(Registration::TYPE, &[], &registration().to_fields());
    let clerk_grant = grant_of(by_admin.id, index);
    let registered = clerk.write(&world.ledger, ledger_2024, clerk_grant, p.finish(), NOW);
    world.take("entry-registration", registered.clone());
    let mut p = PayloadBuilder::default();
    p.register("P1.title", &scalar(&Value::Text("校本研修".into())), &[]);
    let drafted = clerk.write(&world.ledger, ledger_2024, clerk_grant, p.finish(), Ms(NOW.0 + 1));
    world.take("entry-register", drafted.clone());
    let mut p = PayloadBuilder::default();
    p.register("P1.title", &scalar(&Value::Text("校本培训".into())), &[drafted.id]);
    let name = taizhang_core::op::RowName { entry: registered.id, index: 0 };
    p.row(Registration::TYPE, &[name.here()], &Registration { attended_h100: 1_800, ..registration() }.to_fields());
    let corrected = clerk.write(&world.ledger, ledger_2024, clerk_grant, p.finish(), Ms(NOW.0 + 2));
    world.take("entry-correction", corrected);
    Sample { network, entries: world.entries }
}

struct World {
    ledger: Ledger,
    store: MemoryStore,
    entries: Vec<(&'static str, SignedEntry)>,
}

impl World {
    fn take(&mut self, name: &'static str, e: SignedEntry) {
        let admitted = self.ledger.admit(&self.store, e.clone(), Signature::Check).expect("admitted");
        self.ledger.insert(&admitted);
        self.store.commit(&Commit { entries: vec![new_entry(&e)], ..Commit::default() }).expect("stored");
        self.entries.push((name, e));
    }
}

fn new_entry(e: &SignedEntry) -> NewEntry {
    NewEntry { id: e.id, log: e.header.log, sequence: e.header.sequence, bytes: e.to_bytes() }
}

fn registration() -> Registration {
    Registration {
        activity: None,
        activity_no: Some("2198000001-2024-S1".into()),
        teacher: "4298010800012003".into(),
        by: RegisteredBy::School,
        attended_h100: 2_000,
        planned_h100: Some(2_000),
        late: None,
        early: None,
        leave_d100: None,
        days: None,
        assessment: Some(Assessment::Pass),
        grade: None,
        online_complete: None,
        degree_level: None,
        substitute_allowed: None,
        excellent: None,
        registered_day: Day(19_904),
        sheet: None,
        source_status: None,
        evidence: None,
        note: None,
        reason: None,
    }
}

fn vectors() -> BTreeMap<String, Vec<u8>> {
    let s = sample();
    let mut out: BTreeMap<String, Vec<u8>> = s.entries.iter().map(|(n, e)| ((*n).to_owned(), e.to_bytes())).collect();
    out.insert("network".into(), s.network.0.to_vec());
    let tips: Vec<EntryId> = s.entries.iter().map(|(_, e)| e.id).take(1).collect();
    let document = DocId::of_year(OrgId([5; 8]), Kind::Ledger, 2024);
    let receipt = Receipt::sign(&SecretKey::from_seed([9; 32]), &s.network, 1 << 32, NOW, vec![(document, tips.clone())]);
    out.insert("receipt".into(), receipt.to_bytes());
    for (name, frame) in frames(&s, document, &receipt) {
        out.insert(format!("frame-{name}"), frame.encode());
    }
    out
}

fn frames(s: &Sample, document: DocId, receipt: &Receipt) -> Vec<(&'static str, Frame)> {
    let tip = Tip { key: receipt.node, run: Run([4; 8]), height: 300, id: EntryId([6; 32]), hints: vec![([1, 2, 3, 4], 7)] };
    let node = Summary::Node { prefix: vec![1, 15], children: vec![[3; 8]; 16] };
    let leaf = Summary::Leaf { prefix: Vec::new(), documents: vec![(document, [2; 8])] };
    let documents = vec![(document, vec![[6; 16]])];
    let identity = DocId::of(OrgId([5; 8]), Kind::Identity);
    let record = KeyRecord { document: identity, key: [1; 8], to: [2; 32], ephemeral: [3; 32], sealed: [4; 48] };
    let batch = BatchFrame { fresh: true, last: true, signatures: vec![[7; 64]], loose: vec![1; 16], packed: vec![1, 2, 3] };
    vec![
        ("hello", Frame::Hello { version: 1, network: s.network, org: OrgId([5; 8]), wants: Kinds::all(), join: None }),
        ("root", Frame::Root { digest: [8; 16], reply: true }),
        ("summaries", Frame::Summaries(vec![node, leaf])),
        ("some-tips", Frame::SomeTips { document, tips: vec![tip.clone()] }),
        ("tips", Frame::Tips { document, tips: vec![tip] }),
        ("compared", Frame::Compared),
        ("batch", Frame::Batch(batch)),
        ("ack", Frame::Ack { batches: 300, new: 12 }),
        ("refused", Frame::Refused { log: 1, sequence: 2, code: 5 }),
        ("keys", Frame::Keys { digest: [9; 16], documents: vec![(identity, [1; 8])] }),
        ("key-ids", Frame::KeyIds { document: identity, reply: true, ids: vec![[2; 8], [3; 8]] }),
        ("key-records", Frame::KeyRecords(vec![record])),
        ("receipt", Frame::Receipt(WireReceipt { counter: 1 << 32, time: NOW, documents, signature: receipt.signature })),
    ]
}

#[test]
fn what_is_written_equals_the_vectors() {
    let file = folder().join("v1.txt");
    let text: String = vectors().iter().map(|(name, bytes)| format!("{name} {}\n", hex(bytes))).collect();
    if std::env::var_os("TAIZHANG_BLESS").is_some() {
        std::fs::create_dir_all(folder()).expect("a folder");
        std::fs::write(&file, &text).expect("writes");
    }
    let kept = std::fs::read_to_string(&file).expect("tests/vectors/v1.txt is there");
    for (ours, kept) in text.lines().zip(kept.lines()) {
        assert_eq!(ours, kept, "a format changed: give it a new version and keep reading the old one");
    }
    assert_eq!(text.lines().count(), kept.lines().count());
}

#[test]
fn what_was_written_is_read() {
    let kept = std::fs::read_to_string(folder().join("v1.txt")).expect("tests/vectors/v1.txt is there");
    let kept: BTreeMap<&str, Vec<u8>> =
        kept.lines().filter_map(|l| l.split_once(' ')).map(|(n, h)| (n, taizhang_core::id::from_hex(h).expect("hex"))).collect();
    let network = NetworkId::from_slice(kept.get("network").expect("a network")).expect("32 bytes");
    let mut read = 0;
    for (name, bytes) in &kept {
        if name.starts_with("entry-") {
            let e = SignedEntry::parse(bytes, &network).expect(name);
            assert!(e.is_signed(&network), "{name}");
            assert_eq!(&e.to_bytes(), bytes, "{name}");
            read += 1;
        } else if name.starts_with("frame-") {
            let frame = Frame::decode(bytes).expect(name).expect(name);
            assert_eq!(&frame.encode(), bytes, "{name}");
            read += 1;
        } else if *name == "receipt" {
            assert!(Receipt::parse(bytes).expect(name).is_signed(&network));
            read += 1;
        }
    }
    assert_eq!(read, 19, "every vector was read");
}

/// A journal that an earlier version wrote opens, index or no index.
#[test]
fn an_old_journal_opens() {
    let kept = folder().join("store-v1");
    let s = sample();
    let network = s.network;
    let describe = move |bytes: &[u8]| {
        let e = SignedEntry::parse(bytes, &network).ok()?;
        Some((e.id, e.header.log, e.header.sequence))
    };
    if std::env::var_os("TAIZHANG_BLESS").is_some() {
        let (mut store, _) = DiskStore::open(&kept, &Options::new(describe)).expect("opens");
        for (_, e) in &s.entries {
            store.commit(&Commit { entries: vec![new_entry(e)], ..Commit::default() }).expect("stored");
        }
        drop(store);
        std::fs::remove_dir_all(kept.join("index")).expect("only the journal is kept");
    }
    let copy = tempfile::TempDir::new().expect("a folder");
    std::fs::create_dir_all(copy.path().join("journal")).expect("a folder");
    for file in std::fs::read_dir(kept.join("journal")).expect("a journal").flatten() {
        std::fs::copy(file.path(), copy.path().join("journal").join(file.file_name())).expect("copies");
    }
    let (store, report) = DiskStore::open(copy.path(), &Options::new(describe)).expect("opens");
    assert!(report.holes.is_empty() && report.unknown == 0, "{report:?}");
    let mut ids = Vec::new();
    store
        .scan(0, &mut |_, e| {
            ids.push(e.id);
            ControlFlow::Continue(())
        })
        .expect("reads");
    assert_eq!(ids, s.entries.iter().map(|(_, e)| e.id).collect::<Vec<_>>());
}

/// A field's form on one line, codes with their numbers and words.
fn form(shape: &Shape) -> String {
    let all = |of: &[Shape]| of.iter().map(form).collect::<Vec<_>>().join(" ");
    match shape {
        Shape::Bool => "bool".into(),
        Shape::Uint => "uint".into(),
        Shape::Int => "int".into(),
        Shape::Text => "text".into(),
        Shape::Bytes(len) => format!("bytes{}", len.map(|n| n.to_string()).unwrap_or_default()),
        Shape::Day => "day".into(),
        Shape::Ms => "ms".into(),
        Shape::Code(words) => words.iter().map(|(n, w)| format!("{n}={w}")).collect::<Vec<_>>().join("|"),
        Shape::Document => "document".into(),
        Shape::Row => "row".into(),
        Shape::Maybe(inner) => format!("{}?", form(inner)),
        Shape::List(inner) => format!("[{}]", form(inner)),
        Shape::Tuple(of) => format!("({})", all(of)),
        Shape::Tagged(of) => of.iter().enumerate().map(|(n, of)| format!("({n} {})", all(of))).collect::<Vec<_>>().join("|"),
        Shape::Any => "any".into(),
    }
}

/// Types, fields and codes are only appended.
#[test]
fn rows_keep_their_forms() {
    let line = |info: &rows::RowInfo| {
        let fields = info.fields.iter().zip(rows::shapes(info.number)).map(|(name, shape)| format!(" {name}:{}", form(&shape)));
        format!("{} {}{}\n", info.number, info.word, fields.collect::<String>())
    };
    let text: String = CATALOGUE.iter().map(line).collect();
    let file = folder().join("rows-v1.txt");
    if std::env::var_os("TAIZHANG_BLESS").is_some() {
        std::fs::write(&file, &text).expect("writes");
    }
    let kept = std::fs::read_to_string(&file).expect("tests/vectors/rows-v1.txt is there");
    for old in kept.lines() {
        let head: String = old.split(' ').take(2).collect::<Vec<_>>().join(" ");
        let new = text.lines().find(|l| l.starts_with(&head)).expect("a row type was taken away");
        assert!(new == old || new.starts_with(&format!("{old} ")), "{head}: fields are only appended");
    }
    assert_eq!(text, kept, "a row type or field was added: write the list anew");
}

#[test]
fn the_page_of_rows_names_every_field() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rows.md")).expect("docs/rows.md");
    for info in CATALOGUE.iter().filter(|i| !i.fields.is_empty()) {
        let head = format!("### {} `{}`", info.number, info.word);
        let section = page.split_once(&head).map_or("", |(_, after)| after);
        let section = section.split("\n### ").next().unwrap_or_default();
        let mut named = section.lines().filter_map(|l| l.strip_prefix("| `")?.split_once('`').map(|(name, _)| name));
        for field in info.fields {
            assert_eq!(named.next(), Some(*field), "{head}");
        }
        assert_eq!(named.next(), None, "{head}");
    }
}

/// A refusal, an entry that another node held, a node that was met: what the store's notes hold of them.
fn remembered() -> Remembered {
    let (node, author, document) = (PublicKey([1; 32]), PublicKey([2; 32]), DocId::of_year(OrgId([5; 8]), Kind::Ledger, 2024));
    let mut memory = Remembered::default();
    memory.hear(NOW, &Event::RefusedHere { from: node, document, author, reason: Refusal::Role });
    memory.hear(Ms(NOW.0 + 300), &Event::RefusedHere { from: node, document, author, reason: Refusal::Role });
    memory.hear(NOW, &Event::RefusedThere { by: node, document, author, sequence: 7, code: 9 });
    memory.hear(NOW, &Event::Ahead { by: node, document, author, sequence: 12, entry: EntryId([6; 32]) });
    memory.hear(NOW, &Event::InSync { session: SessionId(1), with: node, org: OrgId([5; 8]), kinds: Kinds::all(), here: 70_000 });
    memory.hear(NOW, &Event::Receipt { from: node, documents: vec![document], time: Ms(NOW.0 - 1), carried: false });
    memory.hear(NOW, &Event::Receipt { from: PublicKey([3; 32]), documents: vec![document], time: NOW, carried: false });
    memory.answer(NOW, "county.example:7433", Some(PublicKey([4; 32])));
    memory
}

#[test]
fn what_a_node_remembers_keeps_its_form() {
    let file = folder().join("remembered-v1.txt");
    let mut memory = remembered();
    let text: String = memory
        .take_notes()
        .iter()
        .map(|(key, bytes)| format!("{} {}\n", hex(key), hex(bytes.as_deref().unwrap_or_default())))
        .collect();
    if std::env::var_os("TAIZHANG_BLESS").is_some() {
        std::fs::write(&file, &text).expect("writes");
    }
    let kept = std::fs::read_to_string(&file).expect("tests/vectors/remembered-v1.txt is there");
    assert_eq!(text, kept, "a format changed: give it a new version and keep reading the old one");
    let bytes = |hex: &str| taizhang_core::id::from_hex(hex).expect("hex");
    let notes = kept.lines().filter_map(|l| l.split_once(' ')).map(|(key, value)| (bytes(key), Some(bytes(value))));
    let mut store = MemoryStore::default();
    store.commit(&Commit { notes: notes.collect(), ..Commit::default() }).expect("stored");
    let read = Remembered::load(&store).expect("reads");
    assert_eq!(read.refused().collect::<Vec<_>>(), memory.refused().collect::<Vec<_>>());
    assert_eq!(read.ahead().collect::<Vec<_>>(), memory.ahead().collect::<Vec<_>>());
    assert_eq!(read.met().collect::<Vec<_>>(), memory.met().collect::<Vec<_>>());
    assert_eq!(read.in_step().collect::<Vec<_>>(), memory.in_step().collect::<Vec<_>>());
    assert_eq!(read.answered("county.example:7433"), memory.answered("county.example:7433"));
    assert_eq!((read.refused().count(), read.ahead().count(), read.met().count()), (2, 1, 2));
}
