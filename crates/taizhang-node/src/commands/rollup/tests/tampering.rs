//! The table of docs/rollups.md: who changes what, and which level catches and names it. A county below a city, under a policy; the node is the city's.

use taizhang_core::{
    admission::Signature,
    entries::ReadFailed,
    id::OrgId,
    op::RowName,
    rows::{Adopt, Decision, DecisionTarget, Fund, FundSource, PolicyText, Quota, SampleSeed, Status, Verdict, field::Bytes},
    units::Day,
};
use taizhang_rules::{account::Status as Standing, rollup::replay::ReplayError};

use super::{
    super::{Stated, state},
    *,
};
use crate::{
    commands::testkit::Row,
    core::Core,
    folder::{Folder, Settings},
};

const TABLE: &str = include_str!("../../../../../../docs/rollups.md");
const AS_OF: &str = "2025-12-31";

/// 16 hours in the cycle, half of the teachers to be trained within three years, 2 % of the payroll.
fn policy(min_h100: u32) -> Vec<u8> {
    format!(
        r#"schema = 1
[policy]
id = "test-2023"
title = "试行办法"
doc_no = ""
jurisdiction = "429800"
issued = "2023-01-01"
effective_from = "2023-01-01"
effective_to = ""
account_unit = "h100"
stages = ["primary"]
complete = true
[cycle]
years = 5
start = "2023-01-01"
year_start = "01-01"
source = "一"
[engine]
recognise = "attended"
year_of = "end_date"
prorate = "months"
transfer_in_outside = "automatic"
degree_substitutes = "none"
[[rule]]
id = "T-CONV"
type = "convert"
kinds = ["concentrated", "online"]
bucket = "training"
h100_per_credit = 0
source = "二"
[[rule]]
id = "T-MIN"
type = "min"
who = "all"
scope = "cycle"
unit = "h100"
buckets = ["training"]
value = {min_h100}
source = "三"
[[rule]]
id = "T-COVER"
type = "coverage"
window_from = "2025-01-01"
window_to = "2027-12-31"
bucket = "training"
org_levels = ["county"]
bp = 5000
split_bp = [3000, 3000, 4000]
rounding = "cumulative_ceil"
distinct = "teacher"
source = "四"
[[rule]]
id = "T-FUND"
type = "fund"
base = "teacher_payroll"
bp = 200
holder = "county_government"
source = "五"
"#
    )
    .into_bytes()
}

struct World {
    net: Net,
    city: OrgId,
    /// T1 and T2 in A1, and the decision on them.
    sheet: EntryId,
    approval: RowName,
    honest: String,
}

impl World {
    fn new() -> Self {
        let (mut net, city) = Net::below_a_city();
        adopt(&mut net, city, 1600, None);
        let sheet = net.fill();
        let approval = decide(&mut net, sheet, Verdict::Approved, None);
        let fact = |teacher: &str, what: &str, value: &str| {
            let (teacher, what, value) = (teacher.into(), what.into(), Some(value.into()));
            row(&Status { teacher, what, value, from_day: Day(9_000), to_day: None, reason: None })
        };
        let facts = [fact("T1", "stage", "primary"), fact("T2", "stage", "primary"), fact("T1", "head_teacher", "yes")];
        net.put_all("clerk", net.roster(), &facts);
        net.put("clerk3", DocId::of(net.school2, Kind::Roster), &fact("T9", "stage", "primary"));
        net.put("clerk", net.ledger(), &fund());
        let seats = Quota {
            year: YEAR,
            category: "backbone".into(),
            to_org: net.school,
            seats: 2,
            activity: None,
            programme: None,
            cycle_part_bp: None,
            reason: None,
        };
        net.put("office", net.notice(), &row(&seats));
        let mut world = Self { net, city, sheet, approval, honest: String::new() };
        let stated = world.state();
        world.honest = world.sign(&stated);
        world
    }

    fn scope(&self) -> Scope {
        Scope { owner: self.net.county, period: YEAR, as_of: Day::parse_iso(AS_OF).unwrap() }
    }

    fn state(&self) -> Stated {
        state(&self.net.core, self.scope()).unwrap()
    }

    fn sign(&mut self, stated: &Stated) -> String {
        put(&mut self.net, &stated.row, stated.inputs.clone(), stated.lines.clone())
    }

    /// The honest statement of now, changed and signed.
    fn lie(&mut self, change: impl FnOnce(&mut Rollup, &mut Inputs, &mut Lines)) -> String {
        let honest = self.honest.clone();
        tampered(&mut self.net, &honest, change)
    }

    /// The same, made to agree with itself.
    fn smooth_lie(&mut self, change: impl FnOnce(&mut Inputs, &mut Lines)) -> String {
        self.lie(|row, inputs, lines| {
            change(inputs, lines);
            agree(row, inputs, lines);
        })
    }

    /// Inputs as they are now, lines as they were at the honest statement.
    fn old_lines(&mut self) -> String {
        let now = Inputs::parse(&self.state().inputs).unwrap();
        self.smooth_lie(|inputs, _| *inputs = now)
    }

    fn seed(&mut self, who: &str, owner: OrgId) {
        let rollup = EntryId::from_hex(&self.honest).unwrap();
        let seed = SampleSeed { rollup, seed: [9; 32], k: 2, reason: None };
        self.net.put(who, DocId::of_year(owner, Kind::Notice, YEAR), &row(&seed));
    }
}

fn decide(net: &mut Net, entry: EntryId, verdict: Verdict, over: Option<RowName>) -> RowName {
    let target = DecisionTarget::Rows { document: net.ledger(), rows: vec![(entry, Vec::new())] };
    let decision = Decision { target, verdict, reason: Some("核".into()) };
    let mut p = PayloadBuilder::default();
    let replaced: Vec<_> = over.iter().map(|r| r.here()).collect();
    p.row(Decision::TYPE, &replaced, &decision.to_fields());
    RowName { entry: net.write("reviewer", net.review(), p), index: 0 }
}

fn adopt(net: &mut Net, city: OrgId, min_h100: u32, replaces: Option<RowName>) -> RowName {
    let toml = policy(min_h100);
    let sha256: [u8; 32] = Sha256::digest(&toml).into();
    let (id, version) = ("test-2023".to_owned(), min_h100.to_string());
    let text = PolicyText { id: id.clone(), version: version.clone(), sha256, toml: Bytes(toml), reason: None };
    let effective_day = Day::parse_iso("2023-01-01").unwrap();
    let adopt = Adopt { id, version, sha256, effective_day, stages: Vec::new(), orgs: None, overlay_of: None, reason: None };
    let document = DocId::of(city, Kind::Policy);
    net.put("officer", document, &row(&text));
    let mut p = PayloadBuilder::default();
    let replaced: Vec<_> = replaces.iter().map(|r| r.here()).collect();
    p.row(Adopt::TYPE, &replaced, &adopt.to_fields());
    RowName { entry: net.write("officer", document, p), index: 0 }
}

fn fund() -> Row {
    row(&Fund {
        period: YEAR,
        source: FundSource::Payroll,
        base_fen: 1_000_000,
        due_fen: 1,
        arranged_fen: 15_000,
        travel_fen: 1_000,
        meals_fen: 200,
        materials_fen: 30,
        lodging_fen: 4,
        other_fen: 0,
        reason: None,
    })
}

#[test]
fn an_honest_rollup_under_a_policy_says_what_the_accounts_say() {
    let mut world = World::new();
    let shown = world.net.data("city-clerk", &Command::RollupShow { id: world.honest.clone() });
    assert_eq!((&shown["policy"], &shown["as_of"]), (&"test-2023".into(), &AS_OF.into()));
    let sha: String = Sha256::digest(policy(1600)).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(shown["policy_sha256"], sha);
    for (name, n) in [
        ("enrolled", 3),
        ("trained", 3),
        ("open", 0),
        // T1 has 16 of 16 hours; T2's 8 and T9's none (not approved) lie below the pace of three years out of five.
        ("met", 1),
        ("on_track", 0),
        ("behind", 2),
        ("not_met", 0),
        ("recognised_h100.training", 2400),
        ("category.head_teacher", 1),
        ("category_met.head_teacher", 1),
        ("audits_done", 2),
        ("returned", 0),
        ("coverage_target", 2),
        ("coverage_due", 1),
        ("coverage_done", 2),
        ("fund_due_fen", 20_000),
        ("fund_arranged_fen", 15_000),
        ("fund_spent_fen", 1_234),
        ("quota", 2),
        ("quota_done", 0),
    ] {
        assert_eq!(shown["totals"][name], n, "{name}: {}", shown["totals"]);
    }
    let honest = world.honest.clone();
    let (verdicts, kind, report) = levels(&mut world.net, &honest, true, Some(9));
    assert_eq!((verdicts, kind), ([PASS, PASS, PASS].map(str::to_owned), None), "{report}");
}

/// The same entries on the county's own machine give the same bytes.
#[test]
fn another_machine_comes_to_the_same_bytes() {
    let world = World::new();
    let here = world.state();
    let there = state(&county_node(&world.net), world.scope()).unwrap();
    assert_eq!((here.row, here.inputs, here.lines), (there.row, there.inputs, there.lines));
}

/// The county's own machine: it has received what it may read, the rollup not yet.
fn county_node(net: &Net) -> Core {
    let folder = Folder::at(net.dir.path().join("county"));
    folder.create().unwrap();
    folder.save_settings(&Settings::new(net.core.network(), net.county, Vec::new())).unwrap();
    let mut there = Core::open(folder, &mut |_, _, _| {}).unwrap();
    let ledger = net.core.ledger();
    let readable = |d: &&DocId| ledger.registry.may_read(net.county, d) && d.kind != Kind::Rollup;
    let documents = ledger.documents().filter(readable).map(|d| ledger.document(d).unwrap());
    let mut entries: Vec<EntryId> = documents.flat_map(|d| d.entries.iter().copied()).collect();
    entries.sort_by_key(|e| ledger.place(e).unwrap().arrival);
    for entry in entries {
        there.store_entries(vec![net.core.entry(&entry).unwrap()], Vec::new()).unwrap();
    }
    there
}

type Lie = fn(&mut World) -> String;
type Expected = ([&'static str; 3], &'static str);

const NOT_POSSIBLE: &str = "not_possible";

/// What was changed, what the levels say, what the first of them names, and how.
const LIES: &[(&str, Expected, Lie)] = &[
    ("a total", ([FAIL, PASS, PASS], "total approved_h100"), |w| {
        w.lie(|row, _, _| row.totals.iter_mut().find(|(n, _)| n == "approved_h100").unwrap().1 += 100)
    }),
    ("a total left out", ([FAIL, PASS, PASS], "total open"), |w| w.lie(|row, _, _| row.totals.retain(|(n, _)| n != "open"))),
    ("the order of the totals", ([FAIL, PASS, PASS], "not in order"), |w| w.lie(|row, _, _| row.totals.reverse())),
    ("the root of the lines", ([FAIL, PASS, PASS], "root of the lines"), |w| w.lie(|row, _, _| row.lines_root[0] ^= 1)),
    ("the root of the inputs", ([FAIL, PASS, PASS], "root of the inputs"), |w| w.lie(|row, _, _| row.inputs_root[0] ^= 1)),
    ("the root of the teachers", ([FAIL, FAIL, PASS], "root of the teachers"), |w| {
        w.lie(|row, _, _| row.teachers_root = Some([1; 32]))
    }),
    ("the number of teachers", ([FAIL, FAIL, PASS], "teachers: the row says 4"), |w| w.lie(|row, _, _| row.teachers += 1)),
    ("the period", ([FAIL, FAIL, FAIL], "the row is about 2026"), |w| w.lie(|row, _, _| row.period += 1)),
    ("a line that the root does not cover", ([FAIL, FAIL, FAIL], "root of the lines"), |w| {
        w.lie(|_, _, lines| lines.schools[0].counts.trained += 1)
    }),
    ("the day", ([PASS, FAIL, FAIL], "enrolled is published as 1, the inputs give 0"), |w| {
        w.lie(|row, _, _| row.as_of = Day(8_000))
    }),
    ("the policy named", ([PASS, FAIL, FAIL], "policy: the row names other-2023"), |w| {
        w.lie(|row, _, _| row.policy_id = Some("other-2023".into()))
    }),
    ("the policy's hash", ([PASS, FAIL, FAIL], "policy: the row names test-2023"), |w| {
        w.lie(|row, _, _| row.policy_sha256 = Some([1; 32]))
    }),
    ("a sum of a school", ([PASS, FAIL, FAIL], "line of 001: approved_h100 is published as 2500, the inputs give 2400"), |w| {
        w.smooth_lie(|_, lines| first(lines).tally.all.approved_h100 += 100)
    }),
    ("a status", ([PASS, FAIL, FAIL], "line of 001: met is published as 2, the inputs give 1"), |w| {
        w.smooth_lie(|_, lines| first(lines).status[Standing::ALL.iter().position(|s| *s == Standing::Met).unwrap()] += 1)
    }),
    ("hours recognised", ([PASS, FAIL, FAIL], "recognised_h100.training"), |w| {
        w.smooth_lie(|_, lines| first(lines).buckets.values_mut().for_each(|[h100]| *h100 += 1))
    }),
    ("a category", ([PASS, FAIL, FAIL], "category_met.head_teacher"), |w| {
        w.smooth_lie(|_, lines| first(lines).categories.values_mut().for_each(|[_, met]| *met = 0))
    }),
    ("money", ([PASS, PASS, FAIL], "line fund payroll of 001: fund_arranged_fen is published as 20000"), |w| {
        w.smooth_lie(|_, lines| {
            for line in &mut lines.places {
                if let taizhang_rules::rollup::PlaceLine::Fund(fund) = line {
                    fund.arranged_fen = 20_000;
                }
            }
        })
    }),
    ("a line of a quota left out", ([PASS, PASS, FAIL], "line quota county/backbone of 001: missing"), |w| {
        w.smooth_lie(|_, lines| lines.places.retain(|l| l.about().0 != "quota"))
    }),
    ("a teacher's commitment", ([PASS, FAIL, FAIL], "teacher line 1"), |w| w.smooth_lie(|_, lines| lines.commitments[1][0] ^= 1)),
    ("two teachers exchanged", ([PASS, FAIL, FAIL], "teacher line"), |w| w.smooth_lie(|_, lines| lines.commitments.reverse())),
    ("a school left out", ([PASS, PASS, FAIL], "missing"), |w| {
        w.smooth_lie(|_, lines| {
            let gone = lines.schools.pop().unwrap().counts.teachers;
            lines.commitments.truncate(lines.commitments.len() - usize::try_from(gone).unwrap());
        })
    }),
    ("one tip left out of the inputs", ([PASS, FAIL, FAIL], "line of 001"), |w| {
        let ledger = w.net.ledger();
        let before = w.net.core.ledger().ancestry(w.net.core.ledger().open_tips(&ledger)[0]).nth(2).unwrap();
        w.smooth_lie(|inputs, _| inputs.0.iter_mut().find(|i| i.document == ledger).unwrap().tips = vec![before])
    }),
    ("a document left out of the inputs", ([PASS, FAIL, FAIL], "line of 001"), |w| {
        let ledger = w.net.ledger();
        w.smooth_lie(|inputs, _| inputs.0.retain(|i| i.document != ledger))
    }),
    ("the policy left out of the inputs", ([PASS, FAIL, FAIL], "the inputs adopt none"), |w| {
        w.smooth_lie(|inputs, _| inputs.0.retain(|i| i.document.kind != Kind::Policy))
    }),
    ("the registries left out of the inputs", ([PASS, FAIL, FAIL], "do not reach"), |w| {
        w.smooth_lie(|inputs, _| inputs.0.retain(|i| i.document.kind != Kind::Registry))
    }),
    ("a tip of another document", ([PASS, FAIL, FAIL], "is no entry of"), |w| {
        let (ledger, roster) = (w.net.ledger(), w.net.core.ledger().open_tips(&w.net.roster()));
        w.smooth_lie(|inputs, _| inputs.0.iter_mut().find(|i| i.document == ledger).unwrap().tips.clone_from(&roster))
    }),
    ("a tip that nobody has", ([PASS, NOT_POSSIBLE, NOT_POSSIBLE], "missing: 001/ledger/2025"), |w| {
        let ledger = w.net.ledger();
        w.smooth_lie(|inputs, _| inputs.0.iter_mut().find(|i| i.document == ledger).unwrap().tips = vec![EntryId([7; 32])])
    }),
    ("an entry counted before, left out with its hours", ([FAIL, PASS, PASS], "left out: entry"), |w| {
        let ledger = w.net.ledger();
        let tips = w.net.core.ledger().open_tips(&ledger);
        let mut less = Inputs::parse(&w.state().inputs).unwrap();
        less.0.retain(|i| i.document != ledger);
        let stated = w.made_from(&less);
        assert!(!tips.is_empty());
        let before = RowName { entry: EntryId::from_hex(&w.honest).unwrap(), index: 0 };
        put_over(&mut w.net, &stated, Some(before))
    }),
    ("a policy value", ([PASS, FAIL, FAIL], "met is published as 1, the inputs give 0"), |w| {
        let known = w.net.core.view(&DocId::of(w.city, Kind::Policy)).unwrap();
        let adopted = known.current().into_iter().find(|r| r.row_type == Adopt::TYPE).unwrap().name;
        adopt(&mut w.net, w.city, 2_000, Some(adopted));
        let sha = Sha256::digest(policy(2_000)).into();
        let now = Inputs::parse(&w.state().inputs).unwrap();
        w.lie(|row, inputs, lines| {
            *inputs = now;
            row.policy_sha256 = Some(sha);
            agree(row, inputs, lines);
        })
    }),
    (
        "a standing: hours of a burnt key counted on",
        ([PASS, FAIL, FAIL], "line of 001: roster is published as 2, the inputs give 0"),
        |w| {
            let key = w.net.person("clerk").key.public();
            let burn = Burn { key, positions: Vec::new(), cause: "被盗".into(), reason: None };
            w.net.put("county-admin", DocId::of(w.net.county, Kind::Registry), &row(&burn));
            w.old_lines()
        },
    ),
    (
        "a decision: hours sent back counted on",
        ([PASS, FAIL, FAIL], "line of 001: returned is published as 0, the inputs give 2"),
        |w| {
            decide(&mut w.net, w.sheet, Verdict::Returned, Some(w.approval));
            w.old_lines()
        },
    ),
    ("rules of another version", ([NOT_POSSIBLE, NOT_POSSIBLE, NOT_POSSIBLE], "made by rules 4, this program has 3"), |w| {
        w.lie(|row, _, _| row.rules_version += 1)
    }),
    ("the signer's key was stolen", ([FAIL, PASS, PASS], "its entry does not count: burnt"), |w| {
        let key = w.net.person("reviewer").key.public();
        let burn = Burn { key, positions: Vec::new(), cause: "被盗".into(), reason: None };
        w.net.put("county-admin", DocId::of(w.net.county, Kind::Registry), &row(&burn));
        w.honest.clone()
    }),
    ("nothing; a key that wrote inputs is burnt later", ([PASS, PASS, PASS], ""), |w| {
        let key = w.net.person("clerk").key.public();
        let burn = Burn { key, positions: Vec::new(), cause: "被盗".into(), reason: None };
        w.net.put("county-admin", DocId::of(w.net.county, Kind::Registry), &row(&burn));
        w.honest.clone()
    }),
    ("nothing; a new registration, a new decision, a new policy later", ([PASS, PASS, PASS], ""), |w| {
        w.net.put("clerk", w.net.ledger(), &registration("A1", "T3", 999));
        adopt(&mut w.net, w.city, 9_999, None);
        w.honest.clone()
    }),
];

fn first(lines: &mut Lines) -> &mut taizhang_rules::rollup::SchoolLine {
    lines.schools.iter_mut().find(|s| s.tally.all.approved_h100 > 0).unwrap()
}

impl World {
    /// Entries besides rollups.
    fn evidence(&self) -> usize {
        let ledger = self.net.core.ledger();
        let documents = ledger.documents().filter(|d| d.kind != Kind::Rollup).filter_map(|d| ledger.document(d));
        documents.map(|d| d.entries.len()).sum()
    }

    /// A statement of these inputs, agreeing with itself.
    fn made_from(&self, inputs: &Inputs) -> Stated {
        let (ledger, store) = (self.net.core.ledger(), self.net.core.store());
        let made = Replay::of(ledger, store, inputs, Signature::Checked).unwrap().lines(self.scope());
        let (i, l) = (inputs.to_bytes(), made.lines.to_bytes());
        Stated { row: super::super::statement(self.scope(), inputs, &made, (&i, &l)), inputs: i, lines: l }
    }
}

fn put_over(net: &mut Net, stated: &Stated, over: Option<RowName>) -> String {
    let mut p = PayloadBuilder::default();
    let replaced: Vec<_> = over.iter().map(|r| r.here()).collect();
    p.row(Rollup::TYPE, &replaced, &stated.row.to_fields());
    let attachments = vec![(stated.row.inputs, stated.inputs.clone()), (stated.row.lines, stated.lines.clone())];
    let mut act = Act { attachments, ..Act::default() };
    act.write(DocId::of_year(net.county, Kind::Rollup, YEAR), p);
    let person = net.person("reviewer");
    net.core.write(&person, act).unwrap()[0].to_string()
}

fn said(verdict: &str) -> &str {
    match verdict {
        FAIL => "**caught**",
        NOT_POSSIBLE => "not possible",
        PASS => "agrees",
        other => other,
    }
}

#[test]
fn every_tampering_is_caught_at_its_level_and_named() {
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    let mut world = World::new();
    let mut fresh = world.evidence();
    for (what, (expected, named), lie) in LIES {
        // A lie that only signs another statement leaves the world as it was.
        if world.evidence() != fresh {
            world = World::new();
            fresh = world.evidence();
        }
        let id = lie(&mut world);
        let (verdicts, _, report) = levels(&mut world.net, &id, true, Some(100));
        if verdicts != expected.map(str::to_owned) {
            wrong.push(format!("{what}: {verdicts:?}, not {expected:?}: {report}"));
        }
        let caught = ["statement", "sample", "deep"].into_iter().find(|l| report[l]["verdict"] != PASS);
        let words = |level: &str| format!("{}{}", report[level]["problems"], report[level]["why"]);
        let names = caught.map(words).unwrap_or_default();
        if !names.contains(named) {
            wrong.push(format!("{what}: {names} should name {named}"));
        }
        // People read the same in their language, with hours where the line has hundredths.
        let zh = caught.map(|l| report[l]["problems_zh"].to_string()).unwrap_or_default();
        if zh.contains(" is ") || zh.contains("the inputs") || zh.contains("_h100") {
            wrong.push(format!("{what}: {zh} should be Chinese"));
        }
        if *what == "a sum of a school" && !zh.contains("001 一行: 认定学时公布为 25 学时, 按依据应为 24 学时")
        {
            wrong.push(format!("{what}: {zh} should name the hours"));
        }
        let [statement, sample, deep] = expected.map(said);
        let named = if named.is_empty() { String::new() } else { format!("`{named}`") };
        rows.push(format!("| {what} | {statement} | {sample} | {deep} | {named} |"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let missing: Vec<&String> = rows.iter().filter(|r| !TABLE.contains(r.as_str())).collect();
    assert!(missing.is_empty(), "docs/rollups.md should have these rows:\n{}", rows.join("\n"));
}

#[test]
fn the_seed_is_the_one_that_someone_above_published() {
    let mut world = World::new();
    let (id, county) = (world.honest.clone(), world.net.county);
    let ask = |w: &mut World| {
        let command = Command::RollupVerify { id: w.honest.clone(), deep: false, sample: None, seed: None };
        match w.net.run("city-clerk", &command) {
            Ok(reply) => Json::Object(reply.data),
            Err(e) => *e.details.unwrap(),
        }
    };
    assert_eq!(ask(&mut world)["sample"]["verdict"], "not_asked");
    // The county may not choose what is looked at.
    world.seed("office", county);
    let report = ask(&mut world);
    assert_eq!(report["sample"]["verdict"], FAIL);
    assert!(report["sample"]["problems"][0].as_str().unwrap().contains("published by 429801 itself"));
    let sampled = world.net.data("city-clerk", &Command::RollupSample { id: id.clone(), k: 2 });
    let report = ask(&mut world);
    assert_eq!((&report["sample"]["verdict"], &report["sample"]["data"]["checked"]), (&PASS.into(), &2.into()));
    assert_eq!(report["sample"]["data"]["chosen"], sampled["chosen"]);
    let counting: Vec<&Json> = report["seeds"].as_array().unwrap().iter().map(|s| &s["counts"]).collect();
    assert_eq!(counting, [&Json::from(true), &Json::from(false)]);
    // A number of one's own does not make a seed of one's own.
    let command = Command::RollupVerify { id: id.clone(), deep: false, sample: Some(1), seed: None };
    let few = world.net.data("city-clerk", &command);
    assert!(few["seed"].is_null() && few["seeds"].is_array(), "{few}");
    assert_eq!((&few["sample"]["data"]["asked"], &few["sample"]["data"]["checked"]), (&1.into(), &1.into()));
    assert_eq!(few["sample"]["data"], world.net.data("city-clerk", &command)["sample"]["data"], "the same each time");
    // A lie about a teacher whom the seed chooses is caught without asking for anything.
    let lied = world.smooth_lie(|_, lines| lines.commitments.iter_mut().for_each(|c| c[0] ^= 1));
    world.honest = lied;
    assert_eq!(ask(&mut world)["sample"]["verdict"], "not_asked", "the seed was for another");
    let city = world.city;
    world.seed("city-clerk", city);
    assert_eq!(ask(&mut world)["sample"]["verdict"], FAIL);
    for (k, id) in [(0, id.as_str()), (1, "ffffffffffffffffffff")] {
        let command = Command::RollupSample { id: id.into(), k };
        assert_eq!(world.net.run("city-clerk", &command).unwrap_err().kind, ErrorKind::Usage, "{k} {id}");
    }
    world.net.start_again_as(county);
    let own = world.net.run("office", &Command::RollupSample { id, k: 2 }).unwrap_err();
    assert!(own.what.en.contains("published by an organisation above"), "{own:?}");
}

/// A store that gives one entry with a bit changed.
struct Changed<'s>(&'s dyn Entries, EntryId, usize);

impl Entries for Changed<'_> {
    fn entry(&self, id: &EntryId) -> Result<Option<Vec<u8>>, ReadFailed> {
        let mut bytes = self.0.entry(id)?;
        if let Some(bytes) = bytes.as_mut().filter(|_| *id == self.1) {
            bytes[self.2] ^= 1;
        }
        Ok(bytes)
    }

    fn attachment(&self, id: &AttachmentId) -> Result<Option<Vec<u8>>, ReadFailed> {
        self.0.attachment(id)
    }
}

#[test]
fn any_changed_byte_of_a_signed_entry_is_found_and_the_entry_named() {
    let world = World::new();
    let core = &world.net.core;
    let entry = core.ledger().open_tips(&world.net.ledger2())[0];
    let inputs = Inputs::parse(&world.state().inputs).unwrap();
    let len = core.store().entry(&entry).unwrap().unwrap().len();
    for at in (0..len).step_by(7) {
        let changed = Changed(core.store(), entry, at);
        let found = Replay::of(core.ledger(), &changed, &inputs, Signature::Check).unwrap_err();
        assert!(matches!(found, ReplayError::NotClosed { entry: named, .. } if named == entry), "byte {at}: {found}");
    }
}
