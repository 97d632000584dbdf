#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use serde_json::Value as Json;
use taizhang_core::{admission::Signature, id::OrgId, units::Day};
use taizhang_rules::rollup::{Inputs, Lines, Scope, Years, replay::Replay};

use super::super::{
    execute,
    testkit::{Net, YEAR, unlock},
};
use crate::{
    command::{Command, OrgChange, Record},
    error::ErrorKind,
};

fn add(code: &str, kind: &str) -> Command {
    Command::OrgAdd { code: code.into(), kind: kind.into(), name: format!("机构{code}"), parent: None }
}

fn moved(org: &str, to: &str, from: &str) -> Command {
    Command::Org(OrgChange::Move { org: org.into(), to: to.into(), from: from.into(), reason: Some("区划调整".into()) })
}

fn close(org: &str, day: &str) -> Command {
    Command::Org(OrgChange::Close { org: org.into(), day: day.into(), succeeded_by: None, reason: None })
}

fn merge(orgs: &[&str], into: &str) -> Command {
    let orgs = orgs.iter().map(|o| (*o).to_owned()).collect();
    Command::Org(OrgChange::Merge { orgs, into: into.into(), day: Some("2025-12-31".into()), reason: None })
}

fn history(net: &mut Net, org: &str) -> Json {
    net.data("admin", &Command::Org(OrgChange::History { org: org.into() }))
}

impl Net {
    fn refused(&mut self, who: &str, command: &Command) -> (ErrorKind, String) {
        let error = self.run(who, command).unwrap_err();
        (error.kind, error.what.zh)
    }

    fn lines(&self, owner: OrgId, period: u16) -> Lines {
        let (ledger, store) = (self.core.ledger(), self.core.store());
        let inputs = Inputs::of(ledger, owner, Years { first: period, last: period });
        let replay = Replay::of(ledger, store, &inputs, Signature::Checked).unwrap();
        replay.lines(Scope { owner, period, as_of: Day::last_of(period) }).lines
    }
}

#[test]
fn a_school_moved_in_mid_year_is_counted_once_by_who_has_it_at_the_end_and_found_by_both() {
    let (mut net, city) = Net::below_a_city();
    net.fill();
    net.run("admin", &add("429802", "county")).unwrap();
    let (old, new) = (net.county, net.core.ledger().registry.by_code("429802").unwrap());
    net.run("admin", &moved("001", "429802", "2025-09-01")).unwrap();
    let counted = |lines: &Lines| lines.schools.iter().map(|s| (s.school, s.tally.all.records)).collect::<Vec<_>>();
    let mut both = [(net.school, 3), (net.school2, 1)];
    assert_eq!(counted(&net.lines(new, YEAR)), [both[0]]);
    assert_eq!(counted(&net.lines(old, YEAR)), [both[1]]);
    both.sort();
    assert_eq!(counted(&net.lines(city, YEAR)), both);
    // The year before it was the old county's, the year after it is the new one's.
    let schools = |owner, period| net.lines(owner, period).schools.iter().map(|s| s.school).collect::<Vec<_>>();
    assert_eq!((schools(old, YEAR - 1).len(), schools(new, YEAR - 1)), (2, Vec::new()));
    assert_eq!((schools(old, YEAR + 1), schools(new, YEAR + 1)), (vec![net.school2], vec![net.school]));
    // The new county's node finds the teacher's rows, with the activities of the old one's notice.
    let mut node = net.node_below(new);
    let found = execute(&mut node, &unlock("none"), &Command::Teacher { number: "T1".into() }, &mut |_| {}).unwrap();
    assert_eq!(found.data["records"].as_array().unwrap().len(), 2, "{:?}", found.data);
    assert_eq!(
        found.data["records"][0]["activity"]["title"],
        net.data("admin", &Command::Teacher { number: "T1".into() })["records"][0]["activity"]["title"]
    );
    let told = history(&mut net, "001");
    assert_eq!((&told["parents"][0]["parent"], &told["parents"][1]["parent"]), (&"429801".into(), &"429802".into()));
    assert_eq!((&told["parents"][1]["from"], &told["descriptions"][1]["standing"]), (&"2025-09-01".into(), &"current".into()));
}

#[test]
fn who_may_move_what_where() {
    let (mut net, _) = Net::below_a_city();
    net.run("admin", &add("429802", "county")).unwrap();
    for (command, expected) in [
        (moved("001", "429801", "2025-09-01"), "001 已在 429801 之下"),
        (moved("001", "002", "2025-09-01"), "001 不能隶属于 002"),
        (moved("429801", "429802", "2025-09-01"), "429801 不能隶属于 429802"),
        (moved("001", "429802", "2099-09-01"), "2099-09-01 还没有到"),
        (moved("001", "429802", "1 September"), "日期 1 September 不对"),
        (Command::Org(OrgChange::Rename { org: "001".into(), name: "新名".into() }), "机构 001 由 429801 登记, 本机构不能更改"),
        (close("429801", "2025-12-31"), "429801 之下还有机构"),
        (merge(&["429802"], "429802"), "429802 不能接续 429802 的工作"),
        (merge(&["429802"], "001"), "001 不能接续 429802 的工作"),
    ] {
        assert_eq!(net.refused("admin", &command).1, expected, "{command:?}");
    }
    // Whoever moved it describes it from then on; a county moves nothing to its neighbour.
    net.run("admin", &moved("001", "429802", "2025-09-01")).unwrap();
    net.run("admin", &Command::Org(OrgChange::Rename { org: "001".into(), name: "新名".into() })).unwrap();
    net.run("admin", &moved("001", "429800", "2025-10-01")).unwrap();
    let told = history(&mut net, "001");
    assert_eq!((&told["org"]["name"], &told["org"]["parent"]), (&"新名".into(), &"429800".into()));
    assert_eq!(told["descriptions"].as_array().unwrap().len(), 4);
    let mut county = Net::new();
    county.run("admin", &add("004", "school")).unwrap();
    assert_eq!(county.refused("admin", &moved("001", "004", "2025-09-01")).1, "001 不能隶属于 004");
}

#[test]
fn renamed_recoded_and_merged() {
    let mut net = Net::new();
    net.fill();
    net.run("admin", &Command::Org(OrgChange::Rename { org: "001".into(), name: "中心小学".into() })).unwrap();
    net.run("admin", &Command::Org(OrgChange::Recode { org: "001".into(), code: "101".into() })).unwrap();
    let taken = Command::Org(OrgChange::Recode { org: "101".into(), code: "002".into() });
    assert_eq!(net.refused("admin", &taken).1, "代码 002 已有机构");
    let told = history(&mut net, "101");
    let states: Vec<&str> = told["descriptions"].as_array().unwrap().iter().map(|d| d["standing"].as_str().unwrap()).collect();
    assert_eq!(states, ["stands", "stands", "current"]);
    assert_eq!((&told["org"]["name"], &told["org"]["code"]), (&"中心小学".into(), &"101".into()));
    // A merged school is a new organisation; it may take over a code.
    net.run("admin", &add("003", "school")).unwrap();
    net.run("admin", &merge(&["101", "002"], "003")).unwrap();
    net.run("admin", &Command::Org(OrgChange::Recode { org: "003".into(), code: "101".into() })).unwrap();
    let told = history(&mut net, "002");
    assert_eq!((&told["heirs"][0], &told["org"]["closed"]), (&"101".into(), &"2025-12-31".into()));
    assert_eq!(history(&mut net, "101")["org"]["closed"], Json::Null);
    let heir = net.core.ledger().registry.by_code("101").unwrap();
    assert_eq!(net.core.ledger().registry.heirs(net.school), [heir]);
    assert!(net.core.ledger().registry.may_read(heir, &net.roster()));
    // What ended before the last day is still recorded, and nothing after it.
    let record = |end: &str| {
        Command::Record(Record {
            teacher: "T1".into(),
            activity: None,
            title: Some("校本研修".into()),
            organiser: None,
            kind: None,
            h100: 100,
            start: None,
            end: end.into(),
            assessment: None,
            note: None,
            again: false,
        })
    };
    net.run("office", &record("2025-12-01")).unwrap();
    assert_eq!(net.refused("office", &record("2026-01-10")).1, "101 已于 2025-12-31 撤销, 不能登记之后的培训");
}

/// Nothing is written that says nothing, and nothing that is not so yet.
#[test]
fn the_same_once_more_and_a_day_to_come_are_refused() {
    let mut net = Net::new();
    let rename = Command::Org(OrgChange::Rename { org: "001".into(), name: "中心小学".into() });
    net.run("admin", &rename).unwrap();
    net.run("admin", &add("003", "school")).unwrap();
    net.run("admin", &merge(&["002"], "003")).unwrap();
    let mut today = merge(&["002"], "003");
    if let Command::Org(OrgChange::Merge { day, .. }) = &mut today {
        *day = None;
    }
    let before = net.core.ledger().len();
    for (command, expected) in [
        (rename, "001 已是 中心小学"),
        (merge(&["002"], "003"), "002 已于 2025-12-31 撤销"),
        (today, "002 已于 2025-12-31 撤销"),
        (close("001", "2099-12-30"), "2099-12-30 还没有到"),
    ] {
        assert_eq!(net.refused("admin", &command).1, expected, "{command:?}");
    }
    assert_eq!(net.core.ledger().len(), before);
    // Another day corrects what was said.
    let corrected = Command::Org(OrgChange::Close {
        org: "002".into(),
        day: "2025-08-31".into(),
        succeeded_by: Some("003".into()),
        reason: None,
    });
    net.run("admin", &corrected).unwrap();
    assert_eq!(history(&mut net, "002")["org"]["closed"], "2025-08-31");
}

#[test]
fn a_closed_organisation_is_listed_last_with_its_day_and_cannot_be_chosen() {
    let (mut net, _) = Net::below_a_city();
    let orgs = |net: &mut Net| net.data("admin", &Command::OrgList)["orgs"].as_array().unwrap().clone();
    for code in ["429802", "429803"] {
        net.run("admin", &add(code, "county")).unwrap();
    }
    // Townships of the city itself: T1 is merged into T2, T3 closed without an heir.
    for code in ["T1", "T2", "T3"] {
        net.run("admin", &add(code, "township")).unwrap();
    }
    let within = |code: &str, township: &str| Command::OrgAdd {
        code: code.into(),
        kind: "school".into(),
        name: "某校".into(),
        parent: Some(township.into()),
    };
    net.run("admin", &within("011", "T1")).unwrap();
    net.run("admin", &merge(&["T1"], "T2")).unwrap();
    assert_eq!(net.refused("admin", &close("T2", "2025-12-31")).1, "T2 还有学校: 011", "it would lie nowhere");
    for code in ["T3", "429803"] {
        net.run("admin", &close(code, "2025-12-31")).unwrap();
    }
    let listed = orgs(&mut net);
    let closed: Vec<bool> = listed.iter().map(|o| !o["closed"].is_null()).collect();
    assert!(closed.is_sorted() && closed.iter().filter(|c| **c).count() == 3, "{closed:?}");
    let of = |code: &str| listed.iter().find(|o| o["code"] == code).unwrap().clone();
    assert_eq!((&of("T1")["closed"], &of("T1")["succeeded_by"]), (&"2025-12-31".into(), &"T2".into()));
    assert_eq!(of("011")["township"], "T2");
    let invite = Command::Invite { org: "429803".into(), role: "admin".into(), office: None, expires_ms: 1000, address: None };
    for (command, expected) in [
        (within("012", "T1"), "T1 于 2025-12-31 撤销, 不能再选用"),
        (moved("001", "429803", "2025-09-01"), "429803 于 2025-12-31 撤销, 不能再选用"),
        (invite, "429803 于 2025-12-31 撤销, 不能再选用"),
    ] {
        assert_eq!(net.refused("admin", &command), (ErrorKind::Refused, expected.to_owned()), "{command:?}");
    }
    let hint = net.run("admin", &within("012", "T1")).unwrap_err().hint.unwrap();
    assert_eq!((hint.zh.as_str(), hint.en.as_str()), ("接续机构: T2", "T2 goes on with its work"));
    let path = net.dir.path().join("orgs.csv");
    std::fs::write(&path, "机构代码,机构名称,机构类型,上级代码\n014,第十四小学,学校,T1\n").unwrap();
    let import = crate::command::Import {
        kind: "orgs".into(),
        files: vec![path],
        org: None,
        year: None,
        semester: None,
        activity: None,
        dry_run: false,
        skip_bad_rows: false,
    };
    let error = net.run("admin", &Command::Import(import)).unwrap_err();
    let findings = error.details.unwrap()["files"][0]["findings"].as_array().unwrap().clone();
    assert!(findings.iter().any(|f| f["kind"] == "parent_closed" && f["row"] == 2), "{findings:?}");
}
