#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use std::fs;

use serde_json::Value as Json;
use taizhang_core::{
    founding::NewOrg,
    id::{DocId, Kind},
    rows::{Adopt, OrgKind, PolicyText, field::Bytes},
    units::Day,
};

use super::super::testkit::{Net, row};
use crate::command::Command;

fn adopt(policy: &str, from: &str) -> Command {
    Command::PolicyAdopt {
        policy: policy.into(),
        from: from.into(),
        overlay_of: None,
        stages: Vec::new(),
        orgs: Vec::new(),
        replace: false,
        reason: None,
    }
}

fn overlay(policy: &str, from: &str, base: Option<&str>) -> Command {
    match adopt(policy, from) {
        Command::PolicyAdopt { policy, from, stages, orgs, replace, reason, .. } => {
            Command::PolicyAdopt { policy, from, overlay_of: base.map(Into::into), stages, orgs, replace, reason }
        }
        other => other,
    }
}

fn replacing(policy: &str, from: &str) -> Command {
    match adopt(policy, from) {
        Command::PolicyAdopt { policy, from, overlay_of, stages, orgs, reason, .. } => {
            Command::PolicyAdopt { policy, from, overlay_of, stages, orgs, replace: true, reason }
        }
        other => other,
    }
}

fn adoptions(net: &mut Net) -> Vec<Json> {
    net.data("officer", &Command::PolicyList)["adoptions"].as_array().unwrap().clone()
}

#[test]
fn adopting_writes_the_text_once_and_the_day_each_time() {
    let mut net = Net::city();
    let first = net.data("officer", &adopt("wuhan-2008", "2008-01-01"));
    assert_eq!((&first["text_written"], &first["replaced"], &first["from"]), (&true.into(), &0.into(), &"2008-01-01".into()));
    let second = net.data("officer", &adopt("wuhan-2008", "2013-01-01"));
    assert_eq!((&second["text_written"], &second["version"]), (&false.into(), &first["version"]));
    let listed = adoptions(&mut net);
    assert_eq!(listed.len(), 2);
    assert_eq!(
        (&listed[0]["from"], &listed[0]["by"], &listed[0]["rival"]),
        (&"2008-01-01".into(), &"officer 岗".into(), &false.into())
    );
    let shown = net.data("officer", &Command::PolicyShow { policy: "wuhan-2008".into() });
    assert_eq!(shown["policy_sha256"], first["policy_sha256"]);
    assert!(shown["rules"].as_array().unwrap().iter().any(|r| r["type"] == "convert"));
}

#[test]
fn a_second_adoption_for_one_day_needs_to_say_so() {
    let mut net = Net::city();
    net.data("officer", &adopt("wuhan-2008", "2008-01-01"));
    let error = net.run("officer", &adopt("shandong-2015", "2008-01-01")).unwrap_err();
    assert_eq!(error.kind.exit_code(), 1);
    let named = &error.details.unwrap()["adoptions"][0];
    assert_eq!((&named["policy"], &named["by"]), (&"wuhan-2008".into(), &"officer 岗".into()));
    let replaced = net.data("officer", &replacing("shandong-2015", "2008-01-01"));
    assert_eq!(replaced["replaced"], 1);
    let listed = adoptions(&mut net);
    assert_eq!((listed.len(), &listed[0]["policy"]), (1, &"shandong-2015".into()));
    // Another day, another adoption.
    net.data("officer", &adopt("wuhan-2008", "2020-01-01"));
    assert_eq!(adoptions(&mut net).len(), 2);
}

fn for_orgs(command: Command, codes: &[&str]) -> Command {
    match command {
        Command::PolicyAdopt { policy, from, overlay_of, stages, replace, reason, .. } => {
            let orgs = codes.iter().map(|c| (*c).to_owned()).collect();
            Command::PolicyAdopt { policy, from, overlay_of, stages, orgs, replace, reason }
        }
        other => other,
    }
}

/// As accounts see it: whoever both reach has none.
#[test]
fn adoptions_are_rivals_where_they_reach_one_organisation() {
    let (mut net, _) = Net::below_a_city();
    for (of_first, of_second, meet) in [
        (&[][..], &["001"][..], true),
        (&["001"], &[], true),
        (&["429801"], &["001"], true),
        (&["002", "001"], &["001", "002"], true),
        (&["001"], &["002"], false),
    ] {
        for list in adoptions(&mut net) {
            assert_eq!(list["rival"], false, "{of_first:?} {of_second:?}");
        }
        net.data("officer", &for_orgs(replacing("wuhan-2008", "2008-01-01"), of_first));
        let second = net.run("officer", &for_orgs(adopt("shandong-2015", "2008-01-01"), of_second));
        assert_eq!(second.is_err(), meet, "{of_first:?} {of_second:?}");
        if let Err(error) = second {
            assert!(error.hint.unwrap().en.contains("--orgs"));
            let replaced = net.data("officer", &for_orgs(replacing("shandong-2015", "2008-01-01"), of_second));
            assert_eq!(replaced["replaced"], 1, "{of_first:?} {of_second:?}");
        }
    }
    assert_eq!(adoptions(&mut net).len(), 2);
}

/// Two machines of the city that had not heard of each other.
#[test]
fn rivals_that_were_adopted_apart_are_listed_and_replaced() {
    let (mut net, city) = Net::below_a_city();
    net.fill();
    net.data("officer", &adopt("wuhan-2008", "2008-01-01"));
    net.data("officer", &adopt("shandong-2015", "2009-01-01"));
    let shelf = super::Shelf::load(&net.core).unwrap();
    let other = shelf.adoptions.iter().find(|a| a.row.id == "shandong-2015").unwrap().row.clone();
    let first_day = shelf.adoptions.iter().find(|a| a.row.id == "wuhan-2008").unwrap().row.effective_day;
    let apart = Adopt { effective_day: first_day, orgs: Some(vec![net.school]), ..other };
    net.put("officer", DocId::of(city, Kind::Policy), &row(&apart));
    let rivals = |net: &mut Net| {
        let all = adoptions(net);
        all.iter().filter(|a| a["rival"] == true).map(|a| a["policy"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut both = rivals(&mut net);
    both.sort();
    assert_eq!(both, ["shandong-2015", "wuhan-2008"]);
    let explain = Command::TeacherExplain { number: "T1".into(), as_of: Some("2008-06-01".into()) };
    let account = net.data("officer", &explain);
    assert!(account.to_string().contains("adoption_undecided"), "the accounts of the school are open: {account}");
    let audit = net.data("officer", &Command::AuditVerify);
    assert_eq!(audit.to_string().matches("policy_rival").count(), 2, "{audit}");
    let replaced = net.data("officer", &replacing("wuhan-2008", "2008-01-01"));
    assert_eq!(replaced["replaced"], 2);
    assert_eq!(rivals(&mut net), Vec::<String>::new());
}

#[test]
fn an_overlay_leans_on_what_is_adopted() {
    let mut net = Net::city();
    let county = "county-school-based-2023";
    let refused = [
        (overlay(county, "2023-03-01", None), "--overlay-of"),
        (overlay(county, "2023-03-01", Some("wuhan-2008")), "wuhan-2008"),
        (overlay("wuhan-2008", "2023-03-01", Some("shandong-2015")), "--overlay-of"),
    ];
    for (command, said) in refused {
        let error = net.run("officer", &command).unwrap_err();
        assert_eq!(error.kind.exit_code(), 1);
        assert!(error.what.en.contains(said) && error.what.zh.contains(said), "{error}");
    }
    net.data("officer", &adopt("wuhan-2008", "2008-01-01"));
    net.data("officer", &overlay(county, "2023-03-01", Some("wuhan-2008")));
    assert_eq!(adoptions(&mut net)[1]["overlay_of"], "wuhan-2008");
}

#[test]
fn what_may_not_be_adopted() {
    let mut net = Net::city();
    let dir = tempfile::tempdir().unwrap();
    let wuhan = String::from_utf8(taizhang_rules::policy::library::by_id("wuhan-2008").unwrap().to_vec()).unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let broken = file("broken.toml", "schema = 1\n[policy]\nid = 3\n");
    let twice = wuhan.replacen("[[rule]]", "[[rule]]\nid = \"again\"\ntype = \"convert\"\nkinds = [\"concentrated\"]\nbucket = \"concentrated\"\nh100_per_credit = 400\nsource = \"x\"\n\n[[rule]]", 1);
    let contradictory = file("contradictory.toml", &twice);
    for (named, exit) in [(broken.as_str(), 1), (contradictory.as_str(), 1), ("nothing-2030", 2)] {
        assert_eq!(net.run("officer", &adopt(named, "2024-01-01")).unwrap_err().kind.exit_code(), exit, "{named}");
    }
    for named in [&broken, &contradictory] {
        let checked = net.data("officer", &Command::PolicyCheck { policy: named.clone() });
        assert_eq!(checked["ok"], false, "{named}");
        let refused = checked["findings"].as_array().unwrap().iter().find(|f| f["severity"] == "refused").unwrap();
        assert!(refused["line"].is_u64() && !refused["zh"].as_str().unwrap().is_ascii(), "{refused}");
    }
    let checked = net.data("officer", &Command::PolicyCheck { policy: contradictory });
    let ids = checked["findings"].as_array().unwrap().iter().find(|f| f["severity"] == "refused").unwrap()["rules"].clone();
    assert!(ids.as_array().unwrap().contains(&"again".into()), "{ids}");
    assert_eq!(net.run("officer", &adopt("wuhan-2008", "yesterday")).unwrap_err().kind.exit_code(), 2);
    assert_eq!(net.run("reviewer", &adopt("wuhan-2008", "2024-01-01")).unwrap_err().kind.exit_code(), 1);
    let for_stage = match adopt("wuhan-2008", "2024-01-01") {
        Command::PolicyAdopt { policy, from, overlay_of, orgs, replace, reason, .. } => {
            Command::PolicyAdopt { policy, from, overlay_of, stages: vec!["university".into()], orgs, replace, reason }
        }
        other => other,
    };
    assert_eq!(net.run("officer", &for_stage).unwrap_err().kind.exit_code(), 2);
    // A text that is not what its row says is none.
    let written =
        PolicyText { id: "own".into(), version: "1".into(), sha256: [7; 32], toml: Bytes(wuhan.into_bytes()), reason: None };
    net.put("officer", DocId::of(net.county, Kind::Policy), &row(&written));
    assert_eq!(net.run("officer", &adopt("own", "2024-01-01")).unwrap_err().kind.exit_code(), 2);
    assert!(adoptions(&mut net).is_empty());
}

#[test]
fn a_policy_is_adopted_for_those_below_only() {
    let (mut net, _) = Net::below_a_city();
    net.start_again_as(net.county);
    let error = net.run("officer", &for_orgs(adopt("wuhan-2008", "2008-01-01"), &["429800"])).unwrap_err();
    assert!(error.what.en.contains("is not below this organisation"), "{error:?}");
}

#[test]
fn an_edition_of_a_known_id_is_named_by_its_edition() {
    let mut net = Net::city();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wuhan.toml");
    let wuhan = String::from_utf8(taizhang_rules::policy::library::by_id("wuhan-2008").unwrap().to_vec()).unwrap();
    fs::write(&path, format!("{wuhan}\n# our edition\n")).unwrap();
    let adopted = net.data("officer", &adopt(path.to_str().unwrap(), "2008-01-01"));
    let error = net.run("officer", &Command::PolicyShow { policy: "wuhan-2008".into() }).unwrap_err();
    let edition = format!("wuhan-2008@{}", adopted["version"].as_str().unwrap());
    assert!(error.hint.unwrap().en.contains(&edition));
    let shown = net.data("officer", &Command::PolicyShow { policy: edition.clone() });
    assert_eq!(shown["policy_sha256"], adopted["policy_sha256"]);
    let diff = net.data("officer", &Command::PolicyDiff { old: "wuhan-2008@built_in".into(), new: edition, as_of: None });
    assert_eq!(diff["differences"].as_array().unwrap().len(), 0);
}

#[test]
fn policies_travel_to_everyone_below() {
    let mut net = Net::city();
    net.data("officer", &adopt("wuhan-2008", "2008-01-01"));
    let county = net.county;
    let new = NewOrg { code: "429801".into(), kind: OrgKind::County, name: "某县".into(), random: [9; 8] };
    let org = new.row(county, Day(20_000));
    net.put("admin", DocId::of(county, Kind::Registry), &row(&org));
    let mut below = net.node_below(org.org);
    let listed = super::super::execute(&mut below, &Default::default(), &Command::PolicyList, &mut |_| {}).unwrap();
    assert_eq!(listed.data["adoptions"][0]["policy"], "wuhan-2008");
    assert!(listed.data["adoptions"][0]["text_here"].as_bool().unwrap());
}
