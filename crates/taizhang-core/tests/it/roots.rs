//! Who succeeds the root keys: n of which m name a successor, what removed keys wrote, two successors at once.

use taizhang_core::{
    author::Author,
    entry::SignedEntry,
    founding::{found_by, root_statement},
    id::{EntryId, NetworkId, OrgId},
    op::{RowName, RowRef},
    root::{Roots, signed_bytes},
    rows::{Grant, Org, OrgKind, Role, RootStatement, RowType},
    standing::{Judge, Standing},
    units::Ms,
};

use crate::kit::{DAY, World, key, new_org, registry, run, secret};

/// Three root keys, two of which name a successor.
fn founded() -> (World, RowName) {
    let mut w = World::found_by(&["root", "second", "third"], 2);
    let first = w.ledger().registry.root.clone().unwrap().0;
    // The city's staff rests on the root key that founded it; another root key lets a county's admin in.
    w.org("second", w.root, OrgKind::City, "other-city");
    (w, first)
}

/// A successor not yet written down.
struct Draft {
    statement: RootStatement,
    replaces: Vec<RowName>,
}

impl Draft {
    fn of(keys: &[&str], m: u8, before: RowName) -> Self {
        let keys = keys.iter().map(|k| key(k)).collect();
        let statement = RootStatement { number: 1, keys, m, signatures: None, positions: None, reason: None };
        Self { statement, replaces: vec![before] }
    }

    fn number(mut self, number: u32) -> Self {
        self.statement.number = number;
        self
    }

    fn instead_of(mut self, rivals: &[RowName]) -> Self {
        self.replaces.extend(rivals);
        self.replaces.sort();
        self
    }

    fn upto(mut self, w: &World, entries: &[EntryId]) -> Self {
        self.statement.positions = Some(entries.iter().map(|e| w.position(*e)).collect());
        self
    }

    fn because(mut self, reason: &str) -> Self {
        self.statement.reason = Some(reason.into());
        self
    }

    fn signed_by(mut self, network: NetworkId, who: &[&str]) -> Self {
        let message = signed_bytes(&network, &self.replaces, &self.statement);
        let signatures = who.iter().map(|k| (key(k), secret(k).sign(&message))).collect();
        self.statement.signatures = Some(signatures);
        self
    }

    fn entry(&self, w: &World, who: &str) -> SignedEntry {
        let replaces: Vec<RowRef> = self.replaces.iter().map(|r| r.here()).collect();
        let d = w.draft(who, registry(w.root));
        d.payload(|p| _ = p.row(RootStatement::TYPE, &replaces, &self.statement.to_fields())).sign()
    }

    fn publish(self, w: &mut World, who: &str) -> RowName {
        let e = self.entry(w, who);
        RowName { entry: w.take(e), index: 0 }
    }
}

impl World {
    fn found_by(roots: &[&str], m: u8) -> Self {
        let author = Author { key: secret(roots[0]), run: run(1) };
        let city = new_org("city", OrgKind::City);
        let keys = roots.iter().map(|k| key(k)).collect();
        let statement = root_statement(keys, m);
        let people = ((key("city-admin"), None), key("city-node"), "市管理员");
        let (network, first) = found_by(&author, statement, &city, people, Ms::start_of(DAY));
        World::of(network, first, city.row(OrgId::root(network), DAY).org)
    }

    fn network(&self) -> NetworkId {
        self.ledger().network
    }

    fn in_force(&self) -> RowName {
        self.ledger().registry.roots.in_force().unwrap().0
    }

    fn county(&mut self, who: &str, code: &str) -> EntryId {
        let row = new_org(code, OrgKind::County).row(self.root, DAY);
        self.write(who, registry(self.root), |p| _ = p.row(Org::TYPE, &[], &row.to_fields()))
    }

    fn refusal(&self, e: &SignedEntry) -> String {
        self.node.verdict(e).map_or_else(|r| r.to_string(), |()| "admitted".into())
    }
}

#[test]
fn a_successor_signed_by_enough_keys_of_its_predecessor_enters_and_no_other() {
    let (w, first) = founded();
    let n = w.network();
    let fresh = || Draft::of(&["root", "fourth", "fifth"], 2, first);
    let unsigned = "registry row: not signed by enough keys of its predecessor";
    let form = "registry row: a root statement has 1 to 16 different keys, and a threshold between 1 and their number";
    let rivals = "registry row: a root statement replaces its predecessor and other successors of that one";
    let none = "registry row: a root statement replaces its predecessor";
    let role = "its key does not hold the role that this document asks for";
    let seventeen: Vec<String> = (0..17).map(|i| format!("k{i}")).collect();
    let seventeen: Vec<&str> = seventeen.iter().map(String::as_str).collect();
    let cases = [
        ("by a predecessor's key", fresh().signed_by(n, &["root", "third"]), "second", "admitted"),
        ("by its own new key", fresh().signed_by(n, &["second", "third"]), "fourth", "admitted"),
        ("by all", fresh().signed_by(n, &["root", "second", "third"]), "root", "admitted"),
        ("by a stranger", fresh().signed_by(n, &["root", "third"]), "thief", role),
        ("too few", fresh().signed_by(n, &["root"]), "root", unsigned),
        ("unsigned", fresh(), "root", unsigned),
        ("one key twice", fresh().signed_by(n, &["root", "root"]), "root", unsigned),
        ("a new key's signature", fresh().signed_by(n, &["root", "fourth"]), "root", unsigned),
        ("one too many that is wrong", fresh().signed_by(n, &["root", "second", "thief"]), "root", unsigned),
        ("of another network", fresh().signed_by(NetworkId([7; 32]), &["root", "second"]), "root", unsigned),
        ("changed after signing", fresh().signed_by(n, &["root", "second"]).because("…"), "root", unsigned),
        ("another number", fresh().number(2).signed_by(n, &["root", "second"]), "root", none),
        ("the threshold above n", Draft::of(&["root"], 2, first).signed_by(n, &["root", "second"]), "root", form),
        ("no threshold", Draft::of(&["root"], 0, first).signed_by(n, &["root", "second"]), "root", form),
        ("no keys", Draft::of(&[], 0, first).signed_by(n, &["root", "second"]), "root", form),
        ("a key twice", Draft::of(&["root", "root"], 1, first).signed_by(n, &["root", "second"]), "root", form),
        ("seventeen keys", Draft::of(&seventeen, 1, first).signed_by(n, &["root", "second"]), "root", form),
        (
            "replacing another row",
            fresh().instead_of(&[RowName { entry: first.entry, index: 1 }]).signed_by(n, &["root", "second"]),
            "root",
            "registry row: a root statement replaces root statements",
        ),
    ];
    for (what, draft, who, expected) in cases {
        assert_eq!(w.refusal(&draft.entry(&w, who)), expected, "{what}");
    }
    // A statement is no rival of one with another predecessor.
    let mut w = w;
    let one = fresh().signed_by(n, &["root", "second"]).publish(&mut w, "root");
    let next = Draft::of(&["fifth"], 1, one).number(2).signed_by(n, &["root", "fourth"]).publish(&mut w, "fourth");
    let odd = Draft::of(&["sixth"], 1, one).number(2).instead_of(&[first]).signed_by(n, &["root", "fourth"]);
    assert_eq!(w.refusal(&odd.entry(&w, "root")), rivals);
    assert_eq!(w.in_force(), next);
}

#[test]
fn new_keys_hold_the_root_and_removed_ones_as_far_as_the_positions_cover() {
    let (mut w, first) = founded();
    let n = w.network();
    let early = w.county("second", "early");
    let late = w.county("second", "late");
    w.county("third", "kept");
    let next = Draft::of(&["root", "third", "fourth"], 2, first).upto(&w, &[early]).signed_by(n, &["root", "third"]);
    let next = next.publish(&mut w, "fourth");
    let by_new = w.county("fourth", "new");
    let by_kept = w.county("third", "kept again");
    let afterwards = w.draft("second", registry(w.root)).start(Some(first), None).run(run(77)).sign();
    let afterwards = w.take(afterwards);
    assert_eq!(
        [early, late, by_new, by_kept, next.entry].map(|e| w.standing(e).word()),
        ["stands", "burnt", "stands", "stands", "stands"]
    );
    assert_eq!(w.standing(afterwards), Standing::Burnt);
    assert_eq!(w.in_force(), next);
    w.agrees_in_every_order(5);
    // Removed once, and let in again: what is written under the later statement stands.
    let again =
        Draft::of(&["root", "second"], 1, next).number(2).upto(&w, &[]).signed_by(n, &["root", "fourth"]).publish(&mut w, "root");
    w.restart("second");
    let back = w.county("second", "back");
    assert_eq!([late, back].map(|e| w.standing(e)), [Standing::Burnt, Standing::Stands]);
    assert_eq!(w.standing(by_new), Standing::Burnt, "removed with no position");
    assert_eq!(w.ledger().place(&back).unwrap().grant, Some(again));
    w.agrees_in_every_order(5);
}

#[test]
fn what_a_removed_key_granted_past_its_position_falls_with_it() {
    let (mut w, first) = founded();
    let n = w.network();
    let row = new_org("thiefs", OrgKind::County).row(w.root, DAY);
    let grant = Grant { org: row.org, basis: RowRef::own(0), ..w.grant_row("thief", Role::Admin, w.city) };
    let entry = w.write("second", registry(w.root), |p| {
        p.row(Org::TYPE, &[], &row.to_fields());
        p.row(Grant::TYPE, &[], &grant.to_fields());
    });
    let by_thief = w.row("thief", registry(row.org));
    assert_eq!(w.standing(by_thief), Standing::Stands);
    Draft::of(&["root", "third"], 1, first).signed_by(n, &["root", "third"]).publish(&mut w, "root");
    assert!(!Judge::new(w.ledger()).grant_stands(&RowName { entry, index: 1 }));
    assert_eq!(w.standing(by_thief), Standing::NoGrant);
    w.agrees_in_every_order(4);
}

#[test]
fn of_two_successors_neither_counts_and_it_is_shouted_until_all_keys_settle_it() {
    let (mut w, first) = founded();
    let n = w.network();
    let one = Draft::of(&["root", "fourth"], 1, first).signed_by(n, &["root", "second"]).publish(&mut w, "root");
    let by_one = w.county("fourth", "by one");
    assert_eq!((w.in_force(), w.standing(by_one)), (one, Standing::Stands));
    assert_eq!(w.ledger().registry.roots.contested(), []);
    let two = Draft::of(&["thief"], 1, first).signed_by(n, &["second", "third"]).publish(&mut w, "second");
    let by_two = w.draft("thief", registry(w.root)).start(Some(two), None).sign();
    let by_two = w.take(by_two);
    let mut rivals = [one, two];
    rivals.sort();
    assert_eq!((w.in_force(), w.ledger().registry.roots.contested()), (first, &rivals[..]));
    assert_eq!([by_one, by_two].map(|e| w.standing(e)), [Standing::NoGrant; 2]);
    w.agrees_in_every_order(5);
    // Whoever made the dispute cannot end it alone.
    let few = Draft::of(&["root"], 1, first).instead_of(&rivals).signed_by(n, &["second", "third"]);
    assert_eq!(w.refusal(&few.entry(&w, "second")), "registry row: not signed by enough keys of its predecessor");
    let all = Draft::of(&["root", "fourth"], 2, first).instead_of(&rivals).signed_by(n, &["root", "second", "third"]);
    let all = all.publish(&mut w, "root");
    assert_eq!((w.in_force(), w.ledger().registry.roots.contested()), (all, &[][..]));
    assert_eq!([by_one, by_two].map(|e| w.standing(e)), [Standing::NoGrant; 2], "their statements do not count");
    w.agrees_in_every_order(5);
}

#[test]
fn one_successor_written_down_twice_is_one() {
    let (mut w, first) = founded();
    let n = w.network();
    let draft = |who: &[&str]| Draft::of(&["root", "fourth"], 1, first).signed_by(n, who);
    draft(&["root", "second"]).publish(&mut w, "root");
    draft(&["second", "third"]).publish(&mut w, "third");
    assert_eq!(w.ledger().registry.roots.contested(), []);
    let by_new = w.county("fourth", "new");
    assert_eq!(w.standing(by_new), Standing::Stands);
    w.agrees_in_every_order(4);
}

#[test]
fn what_is_signed_is_this_to_the_byte() {
    let statement = RootStatement { number: 1, keys: vec![key("a")], m: 1, signatures: None, positions: None, reason: None };
    let row = RowName { entry: EntryId([0x22; 32]), index: 0 };
    let bytes = signed_bytes(&NetworkId([0x11; 32]), &[row], &statement);
    let fields = statement.to_fields();
    let expected = [
        &[0x84, 0x78, 25][..],
        b"taizhang root successor 1",
        &[0x58, 32],
        &[0x11; 32],
        &[0x81, 0x82, 0x58, 32],
        &[0x22; 32],
        &[0x00, 0x58, fields.len() as u8],
        &fields,
    ];
    assert_eq!(bytes, expected.concat());
    let signed = RootStatement { signatures: Some(vec![(key("a"), [3; 64])]), ..statement.clone() };
    assert_eq!(bytes, signed_bytes(&NetworkId([0x11; 32]), &[row], &signed));
    let network = NetworkId([0x11; 32]);
    assert_eq!(Roots::record(&network, signed, vec![row]).id, Roots::record(&network, statement, vec![row]).id);
}
