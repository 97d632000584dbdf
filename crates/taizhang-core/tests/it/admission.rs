//! What may enter: one table of everything that may not, each beside the refusal it meets.

use taizhang_core::{
    admission::{ONE_USE_RUN, Refusal, Signature},
    author::Author,
    cbor::Writer,
    entry::{Before, ENTRY_BYTES_MAX, SignedEntry},
    founding::{Invite, NewGrant, found, root_statement},
    id::{DocId, EntryId, Kind, NetworkId, OrgId},
    op::{PayloadBuilder, RowName, RowRef},
    rows::{Grant, OfficeCode, Org, OrgKind, Role, RootStatement, RowType},
    units::{Day, Ms},
};

use crate::kit::{
    Counties, DAY, Draft, FIELDS, Node, PLAN, World, YEAR, here, key, ledger_of, new_org, one_use_log, payload, registry, review,
    run, secret,
};

mod log;
mod registry;
mod replaces;

/// The world in which every case is tried.
struct Scene {
    c: Counties,
    /// clerk's, in the school's ledger: a row, then register "a.b" and register "c.d".
    row: EntryId,
    register: EntryId,
    /// second-clerk's, in the other school's ledger: register "a.b".
    elsewhere: EntryId,
    /// Reviews of the school by county and city, of the second school by the county.
    county_review: EntryId,
    city_review: EntryId,
    second_review: EntryId,
    /// For a clerk of the school, with an office; not used yet.
    invite: Invite,
    used: Invite,
    nobody: EntryId,
}

impl Scene {
    fn new() -> Self {
        let mut c = Counties::new();
        let city = c.w.city;
        let w = &mut c.w;
        let row = w.row("clerk", ledger_of(c.school));
        let register = w.write("clerk", ledger_of(c.school), |p| {
            p.register("a.b", &[1], &[]);
            p.register("c.d", &[1], &[]);
        });
        let elsewhere = w.write("second-clerk", ledger_of(c.second), |p| _ = p.register("a.b", &[1], &[]));
        let county_review = w.row("reviewer", review(c.county, c.school));
        let city_review = w.row("city-reviewer", review(city, c.school));
        let second_review = w.row("reviewer", review(c.county, c.second));
        let invite = w.invite("admin", c.county, "code", Role::Clerk, c.school);
        let used = w.invite("admin", c.county, "used code", Role::Clerk, c.school);
        w.join(&used, "newcomer");
        Self { c, row, register, elsewhere, county_review, city_review, second_review, invite, used, nobody: EntryId([9; 32]) }
    }

    fn w(&self) -> &World {
        &self.c.w
    }

    fn draft(&self, who: &str, document: DocId) -> Draft {
        self.w().draft(who, document)
    }

    fn clerk(&self) -> Draft {
        self.draft("clerk", ledger_of(self.c.school))
    }

    /// The clerk's log as it was begun.
    fn begun(&self) -> Option<RowName> {
        self.w().grant_in("clerk", ledger_of(self.c.school))
    }

    /// A fresh log of the clerk.
    fn fresh(&self) -> Draft {
        self.clerk().run(run(77)).start(self.begun(), None)
    }

    /// The county's admin writes one registry row.
    fn admin_row(&self, row_type: u16, replaces: &[RowRef], fields: &[u8]) -> SignedEntry {
        self.draft("admin", registry(self.c.county)).payload(|p| _ = p.row(row_type, replaces, fields)).sign()
    }

    fn grant(&self, role: Role, org: OrgId) -> Grant {
        self.w().grant_row("somebody", role, org)
    }

    fn admin_grants(&self, grant: &Grant) -> SignedEntry {
        self.admin_row(Grant::TYPE, &[], &grant.to_fields())
    }

    fn admin_creates(&self, org: &Org) -> SignedEntry {
        self.admin_row(Org::TYPE, &[], &org.to_fields())
    }

    /// What the invite's key writes, before it is bent.
    fn use_of(&self, bend: impl FnOnce(&mut Vec<Grant>)) -> Draft {
        let i = &self.invite;
        let base = NewGrant {
            key: key("guest"),
            role: i.row.role,
            office: i.row.office,
            org: i.row.org,
            basis: i.row.basis,
            seal_key: None,
        };
        let node = NewGrant { key: key("guest-node"), role: Role::Node, office: None, ..base };
        let mut grants = vec![base.row("guest", DAY), node.row("node", DAY)];
        bend(&mut grants);
        let mut d = self.draft("code", registry(self.c.county)).start(Some(i.grant), None).run(ONE_USE_RUN);
        d.payload = payload(|p| grants.iter().for_each(|g| _ = p.row(Grant::TYPE, &[], &g.to_fields())));
        d
    }

    /// The change row of an organisation.
    fn change(&self, org: OrgId, bend: impl FnOnce(&mut Org)) -> Vec<u8> {
        let mut row = self.w().ledger().registry.orgs[&org].current().clone();
        row.random = None;
        row.name = "new name".into();
        bend(&mut row);
        row.to_fields()
    }

    fn created(&self, org: OrgId) -> RowName {
        self.w().ledger().registry.orgs[&org].creation.name
    }
}

/// A refusal as the table names it: the variant, and for those with a text its first words.
fn word(r: &Result<(), Refusal>) -> String {
    match r {
        Ok(()) => "admitted".into(),
        Err(Refusal::Missing(_)) => "missing".into(),
        Err(Refusal::Payload(e)) => format!("payload: {}", e.what),
        Err(Refusal::Signature) => "signature".into(),
        Err(Refusal::Continuity) => "continuity".into(),
        Err(Refusal::Role) => "role".into(),
        Err(Refusal::OneUse) => "one use".into(),
        Err(Refusal::Replaces) => "replaces".into(),
        Err(Refusal::RegisterTwice) => "register twice".into(),
        Err(Refusal::Depth) => "depth".into(),
        Err(Refusal::RegistryRow(what)) => (*what).into(),
        Err(Refusal::Read(_)) => "read".into(),
    }
}

type Case = (&'static str, fn(&Scene) -> SignedEntry, &'static str);

fn run_table(cases: &[Case]) {
    let scene = Scene::new();
    // A second node that knows more: unrelated entries change no verdict.
    let mut other = Scene::new().c;
    for (who, at, key) in [("other-admin", other.other, "foreign-clerk"), ("third-admin", other.county, "auditor")] {
        other.w.burn(who, at, key, &[]);
    }
    other.w.row("township-clerk", ledger_of(other.township));
    let more = other.w.node;
    let wrong: Vec<String> = cases
        .iter()
        .flat_map(|(name, entry, expected)| {
            let e = entry(&scene);
            let found = [&scene.w().node, &more].map(|n| word(&n.verdict(&e)));
            let wrong = found.into_iter().filter(|f| f != expected).collect::<Vec<_>>();
            wrong.into_iter().map(move |f| format!("{name}: {f}, expected {expected}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

const NOT_BELOW: &str = "an organisation of this kind does not belong under this one";
const NOT_DERIVED: &str = "the organisation's id is not that of its creation";
const NO_BASIS: &str = "the grant does not rest on a row of its organisation";
const NOT_MINE: &str = "this registry does not certify that organisation's staff";
const NO_ROLE: &str = "an organisation of this kind has no such role";
const NOT_CHANGED: &str = "a change must replace rows about the same organisation";
const SUCCESSOR: &str = "a root statement stands first in its entry, in the root's registry";
const NO_PREDECESSOR: &str = "a root statement replaces its predecessor";

#[test]
fn grants_and_roles() {
    run_table(&[
        ("without a grant", |s| s.fresh().start(None, None).sign(), "role"),
        ("unknown grant", |s| s.fresh().start(Some(RowName { entry: s.nobody, index: 0 }), None).sign(), "missing"),
        ("a row that is no grant", |s| s.fresh().start(Some(RowName { entry: s.row, index: 0 }), None).sign(), "role"),
        ("no such row in the entry", |s| s.fresh().start(s.begun().map(|g| RowName { index: 1, ..g }), None).sign(), "role"),
        (
            "the grant of another key",
            |s| s.fresh().start(s.w().grant_in("principal", ledger_of(s.c.school)), None).sign(),
            "role",
        ),
        ("a grant for another organisation", |s| s.draft("clerk", ledger_of(s.c.second)).start(s.begun(), None).sign(), "role"),
        (
            "another key in the header",
            |s| {
                let mut d = s.fresh();
                d.header.log.key = key("thief");
                d.signer = "thief".into();
                d.sign()
            },
            "role",
        ),
        (
            "the root statement as a clerk's grant",
            |s| s.fresh().start(s.w().grant_in("root", registry(s.w().root)), None).sign(),
            "role",
        ),
        ("the root key in another registry", |s| s.draft("root", registry(s.c.county)).sign(), "role"),
        ("the root key in the root's registry", |s| s.draft("root", registry(s.w().root)).sign(), "admitted"),
        ("an ordinary key in the run of invites", |s| s.fresh().run(ONE_USE_RUN).sign(), "role"),
        (
            "an admin under the root statement",
            |s| s.draft("city-admin", registry(s.w().root)).start(s.w().grant_in("root", registry(s.w().root)), None).sign(),
            "role",
        ),
    ]);
}

/// Each kind of document against each role at each kind of organisation: who may begin a log.
#[test]
fn each_kind_and_each_role() {
    let mut w = World::found();
    let city = w.city;
    let province_world = Author { key: secret("root"), run: run(1) };
    let (network, first) =
        found(&province_world, &new_org("province", OrgKind::Province), (key("p-admin"), None), key("p-node"), "p", Ms(0));
    let mut node = Node::new(network);
    node.take(&first, Signature::Check).unwrap();
    assert_eq!(node.ledger.registry.orgs.len(), 1);
    let county = w.org("city-admin", city, OrgKind::County, "c");
    let base = w.org("city-admin", city, OrgKind::Organiser, "b");
    w.grant("city-admin", city, "c-admin", Role::Admin, county);
    let township = w.org("c-admin", county, OrgKind::Township, "t");
    let school = w.org("c-admin", county, OrgKind::School, "s");
    let roles = [Role::Clerk, Role::Principal, Role::Reviewer, Role::Admin, Role::PolicyOfficer, Role::Auditor, Role::Node];
    let writers = |kind: Kind, org: OrgKind| -> &[Role] {
        use OrgKind as O;
        match (kind, org) {
            (Kind::Registry, O::City | O::County) => &[Role::Admin],
            (Kind::Policy, O::City) => &[Role::PolicyOfficer],
            (Kind::Notice, O::City | O::County) => &[Role::Clerk, Role::Reviewer],
            (Kind::Notice, O::Organiser) => &[Role::Clerk],
            (Kind::Roster | Kind::Identity, O::School) => &[Role::Clerk],
            (Kind::Ledger, O::School) => &[Role::Clerk, Role::Principal],
            (Kind::Ledger, _) => &[Role::Clerk],
            (Kind::Review | Kind::Rollup, O::City | O::County) => &[Role::Reviewer],
            (Kind::Transfer, O::County) => &[Role::Clerk, Role::Reviewer],
            _ => &[],
        }
    };
    let orgs = [
        (city, city, OrgKind::City, "city-admin"),
        (county, county, OrgKind::County, "c-admin"),
        (base, city, OrgKind::Organiser, "city-admin"),
        (township, county, OrgKind::Township, "c-admin"),
        (school, county, OrgKind::School, "c-admin"),
    ];
    let mut cases = 0;
    for (org, at, org_kind, admin) in orgs {
        for role in roles {
            let who = format!("{org_kind:?} {role:?}");
            let may_have = match role {
                Role::Clerk | Role::Node => true,
                Role::Principal => org_kind == OrgKind::School,
                Role::Reviewer | Role::Admin | Role::Auditor => matches!(org_kind, OrgKind::City | OrgKind::County),
                Role::PolicyOfficer => org_kind == OrgKind::City,
            };
            let row = w.grant_row(&who, role, org).to_fields();
            let e = w.draft(admin, registry(at)).payload(|p| _ = p.row(Grant::TYPE, &[], &row)).sign();
            assert_eq!(word(&w.node.verdict(&e)), if may_have { "admitted" } else { NO_ROLE }, "{who}");
            if !may_have {
                continue;
            }
            let grant = RowName { entry: w.take(e), index: 0 };
            for kind in Kind::ALL {
                let period = kind.has_period().then_some(YEAR);
                let subject = (kind.subject() == Some(true)).then_some(OrgId([8; 8]));
                let e = w.draft(&who, DocId { owner: org, kind, period, subject }).start(Some(grant), None).sign();
                let expected = if writers(kind, org_kind).contains(&role) { "admitted" } else { "role" };
                assert_eq!(word(&w.node.verdict(&e)), expected, "{who} writes {kind:?}");
                cases += 1;
            }
        }
    }
    assert_eq!(cases, 9 * (6 + 5 + 2 + 2 + 3));
}

/// The first entry of a network: its statement's hash is the network's name, one of its keys signs it.
#[test]
fn root_statements() {
    let two = vec![key("root"), key("root 2")];
    let try_it = |statement: &RootStatement, network: NetworkId, signer: &str, bend: &dyn Fn(&mut Draft)| {
        let root = OrgId::root(network);
        let author = Author { key: secret(signer), run: run(1) };
        let node = Node::new(network);
        let mut p = PayloadBuilder::default();
        p.row(RootStatement::TYPE, &[], &statement.to_fields());
        let e = author.write(&node.ledger, registry(root), None, p.finish(), Ms::start_of(Day(1)));
        let mut d = Draft { header: e.header, payload: e.payload, signer: signer.into(), network };
        bend(&mut d);
        word(&node.verdict(&d.sign()))
    };
    let named = |keys: &[_], m: u8, number: u32| {
        let row = RootStatement { number, ..root_statement(keys.to_vec(), m).0 };
        let network = NetworkId(<sha2::Sha256 as sha2::Digest>::digest(row.to_fields()).into());
        (row, network)
    };
    let plain = |_: &mut Draft| ();
    let (good, network) = root_statement(two.clone(), 2);
    assert_eq!(try_it(&good, network, "root", &plain), "admitted");
    assert_eq!(try_it(&good, network, "root 2", &plain), "admitted");
    assert_eq!(try_it(&good, network, "thief", &plain), "role", "by another key");
    assert_eq!(try_it(&good, NetworkId([1; 32]), "root", &plain), "role", "another hash");
    let many: Vec<_> = (0..17).map(|n| key(if n == 0 { "root" } else { "root 2" })).collect();
    for (what, (row, network)) in [
        ("m above n", named(&two, 3, 0)),
        ("m = 0", named(&two, 0, 0)),
        ("no keys", named(&[], 0, 0)),
        ("17 keys", named(&many, 1, 0)),
    ] {
        assert_eq!(try_it(&row, network, "root", &plain), "role", "{what}");
    }
    let (row, network_of_it) = named(&two, 1, 1);
    assert_eq!(try_it(&row, network_of_it, "root", &plain), "a root statement replaces its predecessor", "number 1");
    let in_other = |d: &mut Draft| d.header.log.document = registry(OrgId([1; 8]));
    assert_eq!(try_it(&good, network, "root", &in_other), "role", "in another registry");
    let twice = |d: &mut Draft| {
        d.payload = payload(|p| (0..2).for_each(|_| _ = p.row(RootStatement::TYPE, &[], &good.to_fields())));
    };
    assert_eq!(try_it(&good, network, "root", &twice), SUCCESSOR);
    let second = |d: &mut Draft| {
        d.payload = payload(|p| {
            p.row(PLAN, &[], &FIELDS);
            p.row(RootStatement::TYPE, &[], &good.to_fields());
        });
    };
    assert_eq!(try_it(&good, network, "root", &second), "role", "not first");
}

/// Of two counties' words for one creation each grant follows the row it rests on, and so does what it may create.
#[test]
fn an_organisation_created_as_two_things() {
    let mut c = Counties::new();
    let city = c.w.city;
    let row = new_org("twin", OrgKind::County).row(city, DAY);
    let mut grants = Vec::new();
    for (n, kind) in [OrgKind::County, OrgKind::School, OrgKind::Organiser].into_iter().enumerate() {
        let fields = Org { kind, ..row.clone() }.to_fields();
        let entry = c.w.write("city-admin", registry(city), |p| _ = p.row(Org::TYPE, &[], &fields));
        let role = if n == 0 { Role::Admin } else { Role::Clerk };
        let who = format!("twin {n}");
        let grant = Grant { key: key(&who), role, basis: here(entry), ..c.w.grant_row("x", role, row.org) }.to_fields();
        c.w.write("city-admin", registry(city), |p| _ = p.row(Grant::TYPE, &[], &grant));
        grants.push(who);
    }
    let school = c.w.org(&grants[0], row.org, OrgKind::School, "twin's school");
    c.w.row(&grants[1], DocId::of(row.org, Kind::Roster));
    assert_eq!(c.w.ledger().registry.ancestors(school).len(), 3);
    c.w.agrees_in_every_order(8);
}

#[test]
fn what_was_admitted_is_admitted_again_and_changes_nothing() {
    let s = Scene::new();
    let mut node = s.w().node.clone();
    let (before, len) = (node.picture(), node.ledger.len());
    for e in &s.w().entries {
        node.take(e, Signature::Check).unwrap();
    }
    assert_eq!((node.picture(), node.ledger.len()), (before, len));
    assert!(s.w().entries.iter().all(|e| e.to_bytes().len() <= ENTRY_BYTES_MAX));
}
