//! Who reads which document: the table of kinds, for every place in the tree.

use taizhang_core::{
    author::Author,
    founding::found,
    id::{DocId, Kind, OrgId},
    op::{PayloadBuilder, RowName},
    rows::{Grant, Org, OrgKind, Role, RowType},
    units::Ms,
};

use taizhang_core::{admission::Signature, founding::NewGrant};

use crate::kit::{DAY, Node, YEAR, key, new_org, registry, run, secret};

/// Names of readers, in the order of the table's columns.
const READERS: [&str; 9] = ["root", "province", "city", "county", "township", "school", "second", "base", "other"];

/// root › province › city › {base, county › {township, school, second}, other › foreign}
struct Tree {
    node: Node,
    orgs: Vec<(&'static str, OrgId)>,
}

impl Tree {
    fn new() -> Self {
        let author = Author { key: secret("root"), run: run(1) };
        let province = new_org("province", OrgKind::Province);
        let now = Ms::start_of(DAY);
        let (network, first) = found(&author, &province, (key("province"), None), key("node"), "p", now);
        let mut node = Node::new(network);
        let first_id = first.id;
        node.take(&first, Signature::Check).unwrap();
        let root = OrgId::root(network);
        let mut t = Self { node, orgs: vec![("root", root), ("province", province.row(root, DAY).org)] };
        let grant = RowName { entry: first_id, index: 2 };
        let city = t.create("province", grant, "province", "city", OrgKind::City);
        let county = t.create("city", city, "city", "county", OrgKind::County);
        let other = t.create("city", city, "city", "other", OrgKind::County);
        t.create("city", city, "city", "base", OrgKind::Organiser);
        for (name, kind) in [("township", OrgKind::Township), ("school", OrgKind::School), ("second", OrgKind::School)] {
            t.create("county", county, "county", name, kind);
        }
        t.create("other", other, "other", "foreign", OrgKind::School);
        t
    }

    fn org(&self, name: &str) -> OrgId {
        self.orgs.iter().find(|(n, _)| *n == name).unwrap().1
    }

    /// An organisation, and a grant to the key of its name; returns the grant.
    fn create(&mut self, who: &str, grant: RowName, parent: &str, name: &'static str, kind: OrgKind) -> RowName {
        let at = self.org(parent);
        let row = new_org(name, kind).row(at, DAY);
        let role = if kind.certifies() { Role::Admin } else { Role::Clerk };
        let mut p = PayloadBuilder::default();
        let basis = taizhang_core::op::RowRef::own(p.row(Org::TYPE, &[], &row.to_fields()));
        let given = NewGrant { key: key(name), role, office: None, org: row.org, basis, seal_key: None };
        let index = p.row(Grant::TYPE, &[], &given.row(name, DAY).to_fields());
        let author = Author { key: secret(who), run: run(2) };
        let e = author.write(&self.node.ledger, registry(at), Some(grant), p.finish(), Ms::start_of(DAY));
        self.node.take(&e, Signature::Check).unwrap();
        self.orgs.push((name, row.org));
        RowName { entry: e.id, index }
    }

    fn readers(&self, kind: Kind, owner: &str, subject: Option<&str>) -> String {
        let period = kind.has_period().then_some(YEAR);
        let document = DocId { owner: self.org(owner), kind, period, subject: subject.map(|s| self.org(s)) };
        assert!(document.is_well_formed());
        let reads = READERS.iter().filter(|r| self.node.ledger.registry.may_read(self.org(r), &document));
        reads.copied().collect::<Vec<_>>().join(" ")
    }
}

#[test]
fn the_table_of_kinds() {
    use Kind::{Identity, Ledger, Notice, Policy, Registry, Review, Rollup, Roster, Transfer};
    let t = Tree::new();
    let everybody = "root province city county township school second base other";
    let below_province = "province city county township school second base other";
    let below_city = "city county township school second base other";
    let cases = [
        (Registry, "root", None, everybody),
        (Registry, "province", None, everybody),
        (Registry, "city", None, everybody),
        (Registry, "county", None, "root province city county township school second"),
        (Policy, "province", None, below_province),
        (Policy, "city", None, below_city),
        (Notice, "province", None, below_province),
        (Notice, "city", None, below_city),
        (Notice, "county", None, "city county township school second"),
        (Notice, "base", None, below_city),
        (Roster, "school", None, "city county school"),
        (Identity, "school", None, "county school"),
        (Ledger, "school", None, "city county school"),
        (Ledger, "township", None, "city county township"),
        (Ledger, "county", None, "city county township school second"),
        (Ledger, "city", None, below_city),
        (Ledger, "province", None, below_province),
        (Ledger, "base", None, "city base"),
        (Ledger, "county", Some("school"), "city county school"),
        (Ledger, "base", Some("school"), "city county school base"),
        (Ledger, "province", Some("school"), "province city county school"),
        (Ledger, "other", Some("school"), "city county school other"),
        (Review, "county", Some("school"), "city county school"),
        (Review, "city", Some("school"), "city county school"),
        (Review, "city", Some("county"), "city county"),
        (Review, "province", Some("city"), "province city"),
        (Review, "province", Some("school"), "province city county school"),
        (Transfer, "county", Some("foreign"), "city county other"),
        (Transfer, "other", Some("school"), "city county school other"),
        (Rollup, "county", None, "root province city county"),
        (Rollup, "city", None, "root province city"),
        (Rollup, "province", None, "root province"),
    ];
    let wrong: Vec<String> = cases
        .into_iter()
        .map(|(kind, owner, subject, expected)| {
            (format!("{kind:?} {owner} {subject:?}"), t.readers(kind, owner, subject), expected)
        })
        .filter(|(_, found, expected)| found != expected)
        .map(|(what, found, expected)| format!("{what}: {found}; expected {expected}"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_unknown_reader_reads_nothing_and_of_an_unknown_owner_only_it_reads() {
    let t = Tree::new();
    let (nobody, r) = (OrgId([0xee; 8]), &t.node.ledger.registry);
    for kind in Kind::ALL {
        let period = kind.has_period().then_some(YEAR);
        let subject = (kind.subject() == Some(true)).then(|| t.org("school"));
        let document = DocId { owner: t.org("county"), kind, period, subject };
        assert!(!r.may_read(nobody, &document), "{kind:?}");
        let theirs = DocId { owner: nobody, kind, period, subject: None };
        assert!(!r.may_read(t.org("city"), &theirs), "{kind:?} of an unknown owner");
    }
}
