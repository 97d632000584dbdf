//! What dishonest people may do to an export, and the word by which the independent verifier names it.
#![allow(clippy::indexing_slicing, reason = "tests")]

use taizhang_core::{
    admission::ONE_USE_RUN,
    cbor::{Value, Writer},
    entry::{Before, Header, SignedEntry},
    founding::{NewGrant, NewOrg, root_statement},
    id::{DocId, EntryId, Kind, LogId, NetworkId, OrgId, Run},
    key::SecretKey,
    op::{PayloadBuilder, RowName, RowRef, scalar},
    rows::{Grant, Org, OrgKind, Role, RootStatement, RowType, Teacher},
    units::Day,
};
use taizhang_node::core::{Core, now};

use super::network::{Network, teacher};

/// A tampered export.
pub(super) struct Case {
    pub(super) what: &'static str,
    /// Part of the reason that must be given.
    pub(super) why: &'static str,
    pub(super) bytes: Vec<u8>,
}

/// Where the tampering starts from.
struct Export<'a> {
    core: &'a Core,
    network: &'a Network,
    head: Vec<u8>,
    entries: Vec<SignedEntry>,
}

pub(super) fn cases(core: &Core, network: &Network, bytes: &[u8]) -> Vec<Case> {
    let mut ids: Vec<EntryId> =
        core.ledger().documents().filter_map(|d| core.ledger().document(d)).flat_map(|d| d.entries.clone()).collect();
    ids.sort_by_key(|id| core.ledger().place(id).map(|p| p.arrival));
    let entries: Vec<SignedEntry> = ids.iter().map(|id| core.entry(id).expect("is here")).collect();
    let all: Vec<u8> = entries.iter().flat_map(SignedEntry::to_bytes).collect();
    let head = bytes.strip_suffix(all.as_slice()).expect("the export is the head and every entry in order of arrival").to_vec();
    let export = Export { core, network, head, entries };
    let mut cases = export.bytes();
    cases.extend(export.logs());
    cases.extend(export.grants());
    cases.extend(export.registry());
    cases.extend(export.operations());
    cases
}

type Cases = Vec<Case>;

impl Export<'_> {
    fn file(&self, entries: &[SignedEntry]) -> Vec<u8> {
        self.head.iter().copied().chain(entries.iter().flat_map(SignedEntry::to_bytes)).collect()
    }

    /// One more entry behind all others.
    fn added(&self, what: &'static str, why: &'static str, entry: SignedEntry) -> Case {
        Case { what, why, bytes: [self.file(&self.entries), entry.to_bytes()].concat() }
    }

    fn without(&self, id: EntryId) -> Vec<u8> {
        let left: Vec<SignedEntry> = self.entries.iter().filter(|e| e.id != id).cloned().collect();
        self.file(&left)
    }

    /// The first entry that `who` wrote in a document of this kind.
    fn of(&self, who: &str, kind: Kind) -> &SignedEntry {
        let key = self.network.key(who).public();
        self.entries.iter().find(|e| e.header.log.key == key && e.header.log.document.kind == kind).expect("wrote there")
    }

    fn grant(&self, who: &str) -> RowName {
        let key = self.network.key(who).public();
        self.core.ledger().registry.grants_of(key).next().map(|(name, _)| *name).expect("a grant")
    }

    /// A new log of `who`, honestly signed.
    fn start(&self, who: &str, document: DocId, grant: Option<RowName>, payload: PayloadBuilder) -> SignedEntry {
        self.sign(&self.network.key(who), document, Run([77; 8]), grant, None, payload)
    }

    fn sign(
        &self,
        key: &SecretKey,
        document: DocId,
        run: Run,
        grant: Option<RowName>,
        link: Option<EntryId>,
        payload: PayloadBuilder,
    ) -> SignedEntry {
        let log = LogId { document, key: key.public(), run };
        let header = Header { log, sequence: 1, before: Before::Start { grant, link }, time: now() };
        SignedEntry::sign(header, payload.finish(), key, &self.core.network())
    }

    fn bytes(&self) -> Cases {
        let network = self.core.network();
        let one = self.of("clerk", Kind::Roster);
        let swap = |entry: SignedEntry| {
            let all: Vec<SignedEntry> =
                self.entries.iter().map(|e| if e.id == one.id { entry.clone() } else { e.clone() }).collect();
            self.file(&all)
        };
        let mut forged = one.clone();
        forged.signature[0] ^= 1;
        let later = Header { time: taizhang_core::units::Ms(one.header.time.0 + 1), ..one.header };
        let later = SignedEntry::from_parts(later, one.payload.clone(), one.signature, &network);
        let mut other = [teacher("9998010800010001").as_slice(), &[]].concat();
        let mut p = PayloadBuilder::default();
        p.row(Teacher::TYPE, &[], &other);
        other = p.finish();
        let changed = SignedEntry::from_parts(one.header, other, one.signature, &network);
        let elsewhere = NetworkId([9; 32]);
        let foreign = SignedEntry::sign(one.header, one.payload.clone(), &self.network.key("clerk"), &elsewhere);
        let raw = one.to_bytes();
        let all = self.file(&self.entries);
        let at = all.windows(raw.len()).position(|w| w == raw).expect("is in the file");
        let replaced = |with: Vec<u8>| [&all[..at], &with, &all[at + raw.len()..]].concat();
        // `d2 84 …`: the array's head in a longer form; the same with something in the unprotected header.
        let longer = [&[0xd2, 0x98, 4], &raw[2..]].concat();
        let protected_end = 2 + 2 + usize::from(raw[3]);
        let unprotected = [&raw[..protected_end], &[0xa1, 1, 0x26], &raw[protected_end + 1..]].concat();
        let mut network_changed = all.clone();
        let id = all.windows(32).position(|w| w == network.0).expect("the head names the network");
        network_changed[id] ^= 1;
        vec![
            Case { what: "a forged signature", why: "InvalidSignature", bytes: swap(forged) },
            Case { what: "another time", why: "InvalidSignature", bytes: swap(later) },
            Case { what: "another teacher", why: "InvalidSignature", bytes: swap(changed) },
            Case { what: "signed for another network", why: "InvalidSignature", bytes: swap(foreign) },
            Case { what: "the network's name", why: "InvalidSignature", bytes: network_changed },
            Case { what: "a longer form of the same", why: "not the one byte form", bytes: replaced(longer) },
            Case { what: "an unprotected header", why: "not a bare COSE_Sign1", bytes: replaced(unprotected) },
        ]
    }

    fn logs(&self) -> Cases {
        let one = self.of("other", Kind::Roster);
        let twice = [self.file(&self.entries), one.to_bytes()].concat();
        let log = one.header.log;
        let gap = Header { sequence: 9, before: Before::Previous(one.id), ..one.header };
        let gap = SignedEntry::sign(gap, one.payload.clone(), &self.network.key("other"), &self.core.network());
        let moved =
            Header { log: LogId { run: Run([3; 8]), ..log }, sequence: 2, before: Before::Previous(one.id), ..one.header };
        let moved = SignedEntry::sign(moved, one.payload.clone(), &self.network.key("other"), &self.core.network());
        let mut p = PayloadBuilder::default();
        p.row(Teacher::TYPE, &[], &teacher("4298010800020009"));
        let foreign = self.of("clerk", Kind::Roster).id;
        let grant = Some(self.grant("other"));
        let linked = self.sign(&self.network.key("other"), one.header.log.document, Run([5; 8]), grant, Some(foreign), p);
        let use_of = self.core.ledger().place(&self.grant("clerk").entry).copied().expect("is here");
        let again = Header { log: use_of.log, sequence: 2, before: Before::Previous(self.grant("clerk").entry), time: now() };
        let invite = SignedEntry::sign(again, one.payload.clone(), &self.network.key("clerk"), &self.core.network());
        assert_eq!(use_of.log.run, ONE_USE_RUN);
        vec![
            Case { what: "an entry left out of its log", why: "it does not continue its log", bytes: self.without(one.id) },
            Case { what: "an entry twice", why: "the same entry twice", bytes: twice },
            self.added("a gap in the sequence", "it does not continue its log", gap),
            self.added("moved into another run", "it does not continue its log", moved),
            self.added("linked to another's log", "link unknown or of another author", linked),
            // The invite's key is not ours to sign with; whoever has it meets the rule of continuity first.
            self.added("an invite's log goes on", "InvalidSignature", SignedEntry { signature: [1; 64], ..invite }),
        ]
    }

    fn grants(&self) -> Cases {
        let row = || {
            let mut p = PayloadBuilder::default();
            p.row(Teacher::TYPE, &[], &teacher("4298010800010007"));
            p
        };
        let (clerk, school, other) = (Some(self.grant("clerk")), self.network.school, self.network.other);
        let review = DocId::about(self.core.org(), Kind::Review, 2026, school);
        let root = DocId::of(OrgId::root(self.core.network()), Kind::Registry);
        let stranger = SecretKey::from_seed([200; 32]);
        let statement = self.entries.first().expect("the root statement").id;
        let rooted = |grant| self.sign(&stranger, root, Run([6; 8]), grant, None, row());
        let (own, _) = root_statement(vec![stranger.public()], 1);
        let mut p = PayloadBuilder::default();
        p.row(RootStatement::TYPE, &[], &own.to_fields());
        let founded = self.sign(&stranger, root, Run([6; 8]), None, None, p);
        vec![
            Case { what: "a grant left out", why: "grant unknown", bytes: self.without(self.grant("clerk").entry) },
            self.added("a clerk decides", "does not hold the role", self.start("clerk", review, clerk, row())),
            self.added(
                "a clerk at another school",
                "does not hold the role",
                self.start("clerk", DocId::of(other, Kind::Roster), clerk, row()),
            ),
            self.added(
                "under somebody else's grant",
                "the grant is another key's",
                self.start("clerk", self.network.roster(), Some(self.grant("leaver")), row()),
            ),
            self.added("a root statement of one's own", "not the root statement", founded),
            self.added("a root key of one's own", "not a root key", rooted(Some(RowName { entry: statement, index: 0 }))),
            self.added(
                "a year where none belongs",
                "no such document",
                self.start("clerk", DocId::of_year(school, Kind::Roster, 2026), clerk, row()),
            ),
        ]
    }

    fn registry(&self) -> Cases {
        let county = self.core.org();
        let registry = DocId::of(county, Kind::Registry);
        let admin = Some(self.grant("admin"));
        let put = |number: u16, fields: Vec<u8>| {
            let mut p = PayloadBuilder::default();
            p.row(number, &[], &fields);
            self.start("admin", registry, admin, p)
        };
        let new = NewOrg { code: "x".into(), kind: OrgKind::School, name: "x".into(), random: [1; 8] };
        let honest: Org = new.row(county, Day(20_000));
        let squatted = Org { org: self.network.school, ..honest.clone() };
        let city = Org { kind: OrgKind::City, ..honest.clone() };
        // It says something about one school and replaces the row of the other.
        let change = Org { random: None, org: self.network.school, ..honest };
        let foreign = self.core.ledger().registry.orgs.get(&self.network.other).expect("is here").creation.name.here();
        let mut p = PayloadBuilder::default();
        p.row(Org::TYPE, &[foreign], &change.to_fields());
        let change = self.start("admin", registry, admin, p);
        let basis = self.core.ledger().registry.orgs.get(&self.network.school).expect("is here").creation.name.here();
        let key = self.network.key("clerk").public();
        let grant = |role, org, basis: RowRef| {
            let new = NewGrant { key, role, office: None, org, basis, seal_key: None };
            let row: Grant = new.row("x", Day(20_000));
            row.to_fields()
        };
        let (statement, _) = root_statement(vec![key], 1);
        vec![
            self.added("another's id", "its id is another's", put(Org::TYPE, squatted.to_fields())),
            self.added("a city below a county", "does not belong under this one", put(Org::TYPE, city.to_fields())),
            self.added("a change of another school's row", "a change must replace", change),
            self.added(
                "a reviewer of a school",
                "it has no such role",
                put(Grant::TYPE, grant(Role::Reviewer, self.network.school, basis)),
            ),
            self.added(
                "resting on another's row",
                "does not rest on a row",
                put(Grant::TYPE, grant(Role::Clerk, self.network.other, basis)),
            ),
            self.added(
                "a successor of the root",
                "a successor of the root statement",
                put(RootStatement::TYPE, statement.to_fields()),
            ),
        ]
    }

    fn operations(&self) -> Cases {
        let document = self.of("other", Kind::Roster).header.log.document;
        let grant = Some(self.grant("other"));
        let put = |p: PayloadBuilder| self.start("other", document, grant, p);
        let row = |replaces: &[RowRef], fields: &[u8]| {
            let mut p = PayloadBuilder::default();
            p.row(Teacher::TYPE, replaces, fields);
            put(p)
        };
        let foreign = RowName { entry: self.of("clerk", Kind::Roster).id, index: 0 };
        let value = scalar(&Value::Text("x".into()));
        let mut twice = PayloadBuilder::default();
        twice.register("k", &value, &[]);
        twice.register("k", &value, &[]);
        let mut wrong = PayloadBuilder::default();
        // Its own first entry wrote another key.
        wrong.register("k", &value, &[self.of("other", Kind::Roster).id]);
        let mut many = PayloadBuilder::default();
        (0..513).for_each(|n| _ = many.row(Teacher::TYPE, &[], &teacher(&n.to_string())));
        let mut w = Writer::default();
        w.array(2).uint(1).text("never");
        let other_form = w.finish();
        vec![
            self.added("replacing another school's row", "it replaces what it may not", row(&[foreign.here()], &teacher("1"))),
            self.added("a register over another key", "it replaces what it may not", put(wrong)),
            self.added("a register twice", "one register twice", put(twice)),
            self.added("too many rows", "payload", put(many)),
            self.added("a row too long", "row too long", row(&[], &teacher(&"9".repeat(3_100)))),
            self.added("a number where text belongs", "a row of another form", row(&[], &other_form)),
        ]
    }
}
