//! Organisations that move, and the keys at the root.

use taizhang_core::{
    author::Author,
    entry::SignedEntry,
    founding::{found_by, root_statement},
    id::{DocId, Kind, OrgId},
    op::{RowName, RowRef},
    planted::Check,
    root::signed_bytes,
    rows::{Grant, Org, OrgKind, Role, RootStatement, RowType},
    units::{Day, Ms},
};

use super::{
    Attack, Outcome,
    Removal::Off,
    Theme,
    kit::{Counties, DAY, World, YEAR, key, ledger_of, new_org, registry, run, secret},
};

const HERE: Theme = Theme::Tree;

/// The day on which the city moves the school, in the year of every document.
const MOVE: Day = Day(DAY.0 + 100);

pub(super) const TABLE: &[Attack] = &[
    HERE.attack(
        "fetches_anothers_school",
        "县里自行把别县的学校划到自己名下",
        "a county moves another county's school to itself",
        Outcome::NoEffect,
        Off(Check::OrgPlace),
        |_| {
            let mut c = Counties::new();
            let (school, county, other) = (c.school, c.county, c.other);
            c.w.place("other-admin", other, (school, other), MOVE, &[]);
            stands_under(&c, county)
        },
    ),
    HERE.attack(
        "writes_for_a_school_it_fetched",
        "县里先自行把别县的学校划到自己名下, 再据此授权, 让人写那所学校的花名册: 市里收下而原县收不下, 两边从此不一致",
        "a county moves another's school to itself and on that ground has somebody write its roster, which the city could admit and the school's county never",
        Outcome::Refused(5),
        Off(Check::GrantMovedFromAbove),
        |_| {
            let mut c = Counties::new();
            let (school, other) = (c.school, c.other);
            let fetched = c.w.place("other-admin", other, (school, other), MOVE, &[]);
            c.w.grant_on("other-admin", other, "thief", (Role::Clerk, school), fetched.here());
            match c.w.node.verdict(&c.w.draft("thief", DocId::of(school, Kind::Roster)).sign()) {
                Ok(()) => Outcome::GotThrough,
                Err(refusal) => Outcome::Refused(refusal.code()),
            }
        },
    ),
    HERE.attack(
        "grants_on_a_row_that_few_can_read",
        "市里的授权以某县登记册里的一行为依据: 有那本登记册的收下, 别的县和学校永远收不下",
        "a city's grant rests on a row in one county's registry, so that whoever holds that admits it and the other counties and schools never can",
        Outcome::Refused(9),
        Off(Check::GrantGroundAbove),
        |_| {
            let mut c = Counties::new();
            let (city, county, foreign) = (c.w.city, c.county, c.foreign);
            let row = c.w.place("admin", county, (foreign, city), MOVE, &[]);
            let basis = row.in_document(registry(county));
            let grant = Grant { basis, ..c.w.grant_row("thief", Role::Clerk, foreign) };
            let draft = c.w.draft("city-admin", registry(city));
            match c.w.node.verdict(&draft.payload(|p| _ = p.row(Grant::TYPE, &[], &grant.to_fields())).sign()) {
                Ok(()) => Outcome::GotThrough,
                Err(refusal) => Outcome::Refused(refusal.code()),
            }
        },
    ),
    HERE.attack(
        "takes_a_move_back_on_its_day",
        "学校划走又于同日划回: 其间新县的授权仍有效, 而原县拿不到新县的登记册, 收不下据此登记的内容",
        "a school is moved and moved back on the same day, so that its county never gets the registry on which honest entries of the time between rest",
        Outcome::NoEffect,
        Off(Check::LinePlaced),
        |_| {
            let mut c = Counties::new();
            let (city, school, county, other) = (c.w.city, c.school, c.county, c.other);
            let there = c.w.place("city-admin", city, (school, other), MOVE, &[]);
            let basis = there.in_document(registry(city));
            c.w.grant_on("other-admin", other, "new-clerk", (Role::Clerk, school), basis);
            c.w.place("city-admin", city, (school, county), MOVE, &[there.entry]);
            let entry = c.w.row("new-clerk", ledger_of(school));
            assert_eq!(c.w.standing(entry).word(), "stands");
            if c.w.ledger().registry.line(school).contains(&other) { Outcome::NoEffect } else { Outcome::GotThrough }
        },
    ),
    HERE.attack(
        "takes_a_moved_school_back",
        "学校由市里划走以后, 原县在自己的登记册里把它划回来",
        "a former county takes a school back that the city has moved",
        Outcome::NoEffect,
        Off(Check::PlaceLast),
        |_| {
            let mut c = moved();
            let (school, county, other) = (c.school, c.county, c.other);
            let creation = c.w.ledger().registry.orgs[&school].creation.name.entry;
            let row = Org {
                random: None,
                parent: county,
                from_day: Day(MOVE.0 + 9),
                ..c.w.ledger().registry.orgs[&school].creation.row.clone()
            };
            c.w.write("admin", registry(county), |p| _ = p.row(Org::TYPE, &[super::kit::here(creation)], &row.to_fields()));
            stands_under(&c, other)
        },
    ),
    HERE.attack(
        "two_counties_create_one_school",
        "两县合谋找出编号相同的两所学校, 想让各节点按到达先后把它归给不同的县",
        "two counties find schools of one id, so that whose it is depends on what came first",
        Outcome::NoEffect,
        Off(Check::CreatorLowest),
        |_| {
            let mut c = Counties::new();
            let counties = [("admin", c.county), ("other-admin", c.other)];
            let rows = super::kit::alike(counties.map(|(_, county)| county));
            let write = |n: usize| {
                let (who, county) = counties[n];
                c.w.draft(who, registry(county)).payload(|p| _ = p.row(Org::TYPE, &[], &rows[n].to_fields())).sign()
            };
            // The higher one first: the other takes its place.
            let mut creations = [write(0), write(1)];
            creations.sort_by_key(|e| std::cmp::Reverse(e.id));
            creations.into_iter().for_each(|e| _ = c.w.take(e));
            same_in_either_order(&c)
        },
    ),
    HERE.attack(
        "creates_again_as_another_kind",
        "把已登记的县再登记成培训机构, 想让各节点按到达先后把学校放在不同的地方",
        "creates a county again as a base for training, so that where its schools stand depends on what came first",
        Outcome::NoEffect,
        Off(Check::CreationSettles),
        |_| {
            let mut c = Counties::new();
            let (city, school) = (c.w.city, c.school);
            c.w.grant("city-admin", city, "thief", Role::Admin, city);
            let new = c.w.org("city-admin", city, OrgKind::County, "new");
            c.w.place("city-admin", city, (school, new), MOVE, &[]);
            let first = c.w.ledger().registry.orgs[&new].creation.clone();
            let draft = c.w.draft("thief", registry(city));
            let again = (0..200).map(|n| {
                let row = Org { kind: OrgKind::Organiser, code: format!("{n}"), ..first.row.clone() };
                draft.clone().payload(|p| _ = p.row(Org::TYPE, &[], &row.to_fields())).sign()
            });
            let lowest = again.min_by_key(|e| e.id).filter(|e| e.id < first.name.entry);
            c.w.take(lowest.unwrap());
            same_in_either_order(&c)
        },
    ),
    HERE.attack(
        "former_county_decides",
        "原县审核划走之后年度的学时",
        "a former county decides about the years after the move",
        Outcome::NoEffect,
        Off(Check::YearsAfter),
        |_| {
            let c = moved();
            let decides = |year| c.w.ledger().registry.decides(&DocId::about(c.county, Kind::Review, year, c.school));
            assert!(decides(YEAR), "about the year of the move it does");
            if decides(YEAR + 1) { Outcome::GotThrough } else { Outcome::NoEffect }
        },
    ),
    HERE.attack(
        "former_county_reads_on",
        "原县继续索取划走之后年度的台账",
        "a former county goes on reading the years after the move",
        Outcome::NoEffect,
        Off(Check::YearsAfter),
        |_| {
            let c = moved();
            let reads = |year| c.w.ledger().registry.may_read(c.county, &DocId::of_year(c.school, Kind::Ledger, year));
            assert!(reads(YEAR), "the year of the move it reads");
            if reads(YEAR + 1) { Outcome::GotThrough } else { Outcome::NoEffect }
        },
    ),
    HERE.attack(
        "root_successor_of_one_signature",
        "需要两把根密钥签名, 只凭一把就另立根密钥",
        "names new root keys with one signature of the two that it takes",
        Outcome::Refused(9),
        Off(Check::RootSigners),
        |_| {
            let r = Root::new();
            r.offer(&r.successor(&["thief"], &[r.first], &["second"]), "second")
        },
    ),
    HERE.attack(
        "retired_root_key_writes",
        "已被替换的根密钥继续登记机构",
        "a root key that was replaced goes on creating organisations",
        Outcome::Finding("burnt"),
        Off(Check::RootRetired),
        |_| {
            let mut r = Root::new();
            let honest = r.city("third", "honest");
            let next = r.successor(&["root", "third", "fourth"], &[r.first], &["root", "third"]);
            r.publish(&next, "fourth");
            let late = r.city("second", "late");
            assert!(r.w.standing(honest).word() == "stands" && r.city_stands(), "an honest entry is lost");
            match r.w.standing(late).word() {
                "stands" => Outcome::GotThrough,
                word => Outcome::Finding(word),
            }
        },
    ),
    HERE.attack(
        "two_root_successors",
        "用同样两把密钥另签一份继任声明, 想取代真的那份",
        "has two keys sign another successor beside the true one",
        Outcome::Finding("contested"),
        Off(Check::RootContested),
        |_| {
            let mut r = Root::new();
            for keys in [["root", "third"], ["root", "thief"]] {
                let next = r.successor(&keys, &[r.first], &["root", "third"]);
                r.publish(&next, "root");
            }
            r.contested()
        },
    ),
    HERE.attack(
        "retired_keys_name_a_successor",
        "没有销毁的旧根密钥够数, 在继任早已生效之后另立继任",
        "enough retired keys that nobody destroyed name a successor, long after theirs is in force",
        Outcome::Finding("contested"),
        Off(Check::RootContested),
        |_| {
            let mut r = Root::new();
            let next = r.successor(&["fourth", "fifth"], &[r.first], &["root", "third"]);
            let next = r.publish(&next, "root");
            let mut after = r.successor(&["sixth"], &[next], &["fourth", "fifth"]);
            after.statement.number = 2;
            let after = after.signed_by(&r, &["fourth", "fifth"]);
            r.publish(&after, "fourth");
            let theirs = r.successor(&["thief"], &[r.first], &["second", "third"]);
            r.publish(&theirs, "second");
            r.contested()
        },
    ),
    HERE.attack(
        "disputants_settle_it",
        "制造争议的人又用同样两把密钥“了结”争议",
        "those who made the dispute settle it with the same two keys",
        Outcome::Refused(9),
        Off(Check::RootSettled),
        |_| {
            let mut r = Root::new();
            let rivals = [["root", "third"], ["root", "thief"]].map(|keys| {
                let next = r.successor(&keys, &[r.first], &["root", "third"]);
                r.publish(&next, "root")
            });
            r.offer(&r.successor(&["thief"], &[&[r.first], rivals.as_slice()].concat(), &["root", "third"]), "root")
        },
    ),
];

/// The city has moved the school to the other county.
fn moved() -> Counties {
    let mut c = Counties::new();
    let (city, school, other) = (c.w.city, c.school, c.other);
    c.w.place("city-admin", city, (school, other), MOVE, &[]);
    c
}

/// A node that heard the last two entries the other way round sees what this one sees.
fn same_in_either_order(c: &Counties) -> Outcome {
    let last = c.w.entries.len() - 1;
    let order: Vec<usize> = (0..last - 1).chain([last, last - 1]).collect();
    if c.w.heard(&order).picture() == c.w.node.picture() { Outcome::NoEffect } else { Outcome::GotThrough }
}

/// The school stands where it should, and what its clerk writes counts.
fn stands_under(c: &Counties, county: OrgId) -> Outcome {
    let ancestors = c.w.ledger().registry.ancestors(c.school);
    assert!(c.w.grant_in("clerk", ledger_of(c.school)).is_some());
    if ancestors[0] == county { Outcome::NoEffect } else { Outcome::GotThrough }
}

/// Three root keys, two of which name a successor.
struct Root {
    w: World,
    first: RowName,
}

/// A successor, written down or not.
struct Successor {
    statement: RootStatement,
    replaces: Vec<RowName>,
}

impl Successor {
    fn signed_by(mut self, r: &Root, who: &[&str]) -> Self {
        let message = signed_bytes(&r.w.ledger().network, &self.replaces, &self.statement);
        self.statement.signatures = Some(who.iter().map(|k| (key(k), secret(k).sign(&message))).collect());
        self
    }
}

impl Root {
    fn new() -> Self {
        let author = Author { key: secret("root"), run: run(1) };
        let city = new_org("city", OrgKind::City);
        let statement = root_statement(["root", "second", "third"].map(key).to_vec(), 2);
        let people = ((key("city-admin"), None), key("city-node"), "市管理员");
        let (network, first) = found_by(&author, statement, &city, people, Ms::start_of(DAY));
        let w = World::of(network, first, city.row(OrgId::root(network), DAY).org);
        let first = w.ledger().registry.root.clone().unwrap().0;
        Self { w, first }
    }

    /// A statement of new keys, one of which signs for the next.
    fn successor(&self, keys: &[&str], replaces: &[RowName], signers: &[&str]) -> Successor {
        let keys = keys.iter().map(|k| key(k)).collect();
        let statement = RootStatement { number: 1, keys, m: 1, signatures: None, positions: None, reason: None };
        let mut replaces = replaces.to_vec();
        replaces.sort();
        Successor { statement, replaces }.signed_by(self, signers)
    }

    fn entry(&self, s: &Successor, who: &str) -> SignedEntry {
        let replaces: Vec<RowRef> = s.replaces.iter().map(|r| r.here()).collect();
        let d = self.w.draft(who, registry(self.w.root));
        d.payload(|p| _ = p.row(RootStatement::TYPE, &replaces, &s.statement.to_fields())).sign()
    }

    fn offer(&self, s: &Successor, who: &str) -> Outcome {
        match self.w.node.verdict(&self.entry(s, who)) {
            Ok(()) => Outcome::GotThrough,
            Err(refusal) => Outcome::Refused(refusal.code()),
        }
    }

    fn publish(&mut self, s: &Successor, who: &str) -> RowName {
        let entry = self.entry(s, who);
        RowName { entry: self.w.take(entry), index: 0 }
    }

    fn city(&mut self, who: &str, code: &str) -> taizhang_core::id::EntryId {
        let row = new_org(code, OrgKind::City).row(self.w.root, DAY);
        let root = registry(self.w.root);
        let draft =
            self.w.draft(who, root).start(Some(self.first), None).payload(|p| _ = p.row(Org::TYPE, &[], &row.to_fields()));
        self.w.take(draft.sign())
    }

    /// What was founded first stands whatever happens to the root.
    fn city_stands(&self) -> bool {
        let first = self.w.entries[0].id;
        self.w.standing(first).word() == "stands"
    }

    /// Two successors are shown as such, and neither counts.
    fn contested(&self) -> Outcome {
        let roots = &self.w.ledger().registry.roots;
        let is_first = roots.in_force().is_some_and(|(name, _)| name == self.first);
        if !is_first || roots.contested().len() != 2 {
            return Outcome::GotThrough;
        }
        assert!(self.city_stands(), "what was founded is lost");
        Outcome::Finding("contested")
    }
}
