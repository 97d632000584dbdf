//! Windows of which any one suffices, policies that follow each other, overlays, other years, corrections that contradict themselves.

use std::sync::Arc;

use serde_json::{Value, json};
use taizhang_rules::{
    eval::{Options, built_in, eval},
    policy::{Policy, library::by_id},
};

/// A built-in policy with parts of its text replaced.
fn changed(id: &str, changes: &[(&str, &str)]) -> Arc<Policy> {
    let mut text = String::from_utf8(by_id(id).unwrap().to_vec()).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{id}: {from}");
        text = text.replace(from, to);
    }
    Arc::new(Policy::read(text.as_bytes()).unwrap_or_else(|e| panic!("{e}")))
}

fn run(case: &Value, others: &[Arc<Policy>]) -> Value {
    let find = |id: &str| others.iter().find(|p| p.id == id).cloned().or_else(|| built_in(id));
    eval(&case.to_string(), &Options { policy: None, explain: true }, &find).unwrap_or_else(|e| panic!("{e}"))
}

fn activity(id: &str, kind: &str, level: &str, day: &str, h100: u32) -> Value {
    json!({ "id": id, "kind": kind, "org_level": level, "start": day, "end": day, "planned_h100": h100 })
}

fn registration(activity: &str, h100: u32) -> Value {
    json!({ "id": format!("r-{activity}"), "activity": activity, "by": "school", "at": "2020-01-01", "attended_h100": h100 })
}

fn case(policy: Value, as_of: &str, activities: &[Value]) -> Value {
    let registrations =
        activities.iter().map(|a| registration(a["id"].as_str().unwrap(), a["planned_h100"].as_u64().unwrap() as u32));
    let mut case = json!({
        "as_of": as_of,
        "teacher": { "id": "T", "stage": "primary", "hired": "1999-09-01" },
        "activities": activities,
        "registrations": registrations.collect::<Vec<_>>(),
    });
    case.as_object_mut().unwrap().extend(policy.as_object().unwrap().clone());
    case
}

fn reasons(result: &Value) -> Vec<String> {
    let list = result["activities"].as_array().unwrap();
    list.iter().map(|a| format!("{} {} {}", a["activity"].as_str().unwrap(), a["reason"].as_str().unwrap(), a["h100"])).collect()
}

#[test]
fn any_one_window_of_days_suffices() {
    for (days, as_of, expected) in [
        ([20, 23, 0, 0, 0], "2004-12-31", ("2000-2001", 43, 43, "met")),
        ([20, 22, 0, 0, 0], "2004-12-31", ("2000-2001", 43, 42, "not_met")),
        ([20, 22, 0, 0, 0], "2004-12-30", ("2000-2001", 43, 42, "open")),
        ([0, 0, 0, 13, 30], "2004-12-30", ("2003-2004", 43, 43, "met")),
        ([26, 26, 26, 26, 26], "2004-12-31", ("2000-2001", 43, 52, "met")),
        ([42, 0, 42, 0, 46], "2004-12-31", ("2003-2004", 43, 46, "met")),
        ([42, 0, 42, 0, 42], "2004-12-31", ("2000-2001", 43, 42, "not_met")),
        ([0, 0, 0, 0, 0], "2001-01-01", ("2000-2004", 130, 0, "open")),
    ] {
        let activities: Vec<Value> =
            (0..5).map(|n| activity(&format!("E{n}"), "enterprise", "school", &format!("200{n}-07-01"), 800)).collect();
        let mut case = case(json!({ "policy": "vocational-school" }), as_of, &activities);
        case["teacher"]["roles"] = json!([{ "role": "voc_professional", "from": "2000-01-01" }]);
        for (n, days) in days.iter().enumerate() {
            case["registrations"][n]["days"] = json!(days);
        }
        let result = run(&case, &[]);
        let of = |list: &Value| list.as_array().unwrap().iter().find(|l| l["rule"] == "VS-MIN-ENT-LONG").cloned();
        let line = of(&result["explain"]["rules"]).unwrap();
        let got = (line["scope"].as_str().unwrap(), line["need"].as_u64().unwrap(), line["got"].as_u64().unwrap());
        assert_eq!((got.0, got.1, got.2, line["status"].as_str().unwrap()), expected, "{days:?}");
        // While any window may still be filled, none is asked for in the standard form.
        assert_eq!(of(&result["rules"]).is_some(), expected.3 != "open", "{days:?}");
    }
}

#[test]
fn an_activity_is_converted_by_the_policy_in_force_when_it_ends() {
    let later = changed(
        "wuhan-2008",
        &[
            ("id = \"wuhan-2008\"", "id = \"later\""),
            ("h100_per_credit = 800", "h100_per_credit = 1000"),
            ("value = 2000                           # 160", "value = 1600 # 160"),
        ],
    );
    let adoptions =
        json!({ "adoptions": [{ "from": "2010-01-01", "policy": "later" }, { "from": "2008-12-16", "policy": "wuhan-2008" }] });
    let days = [("A", "2008-07-01"), ("B", "2009-12-31"), ("C", "2009-07-01"), ("D", "2010-01-01"), ("E", "2013-01-01")];
    let activities: Vec<Value> = days.iter().map(|(id, day)| activity(id, "concentrated", "county", day, 750)).collect();
    let result = run(&case(adoptions, "2012-12-31", &activities), &[later]);
    assert_eq!(reasons(&result), ["A no_policy_in_force 0", "B ok 750", "C ok 750", "D ok 750", "E outside_cycle 0"]);
    // 1500 h100 at 8 h, floored, and 750 at 10 h, floored: 187 + 75.
    assert_eq!(result["cycle"]["concentrated"], json!({ "h100": 2250, "c100": 262 }));
    assert_eq!(
        result["rules"][0],
        json!({ "rule": "WH-MIN-CONC", "scope": "cycle", "need": 1600, "got": 262, "status": "not_met" })
    );
    assert_eq!(result["explain"]["policy"], "later");
    assert_eq!(result["explain"]["cycle"], json!({ "start": "2008-01-01", "end": "2012-12-31" }));
}

#[test]
fn hours_converted_without_a_rate_take_the_one_of_the_minimum() {
    let hours =
        changed("wuhan-2008", &[("id = \"wuhan-2008\"", "id = \"hours\""), ("h100_per_credit = 800", "h100_per_credit = 0")]);
    let adoptions =
        json!({ "adoptions": [{ "from": "2008-01-01", "policy": "hours" }, { "from": "2010-01-01", "policy": "wuhan-2008" }] });
    let activities =
        [activity("A", "concentrated", "county", "2009-07-01", 750), activity("B", "concentrated", "county", "2011-07-01", 750)];
    let result = run(&case(adoptions, "2012-12-31", &activities), &[hours]);
    assert_eq!(result["cycle"]["concentrated"], json!({ "h100": 1500, "c100": 187 }));
}

#[test]
fn an_overlay_reaches_school_level_and_converts_only_what_its_base_does_not() {
    let adoptions =
        json!({ "adoptions": [{ "from": "2008-12-16", "policy": "wuhan-2008", "overlays": ["county-school-based-2023"] }] });
    let activities = [
        activity("A", "self_study", "school", "2023-03-01", 100),
        activity("B", "self_study", "county", "2023-03-02", 100),
        activity("C", "school_based", "school", "2023-03-07", 100),
        activity("D", "school_based", "school", "2023-03-09", 100),
        activity("E", "school_based", "county", "2023-03-10", 100),
        activity("F", "self_study", "school", "2022-12-31", 100),
        activity("G", "self_study", "school", "2023-04-01", 100),
    ];
    let mut case = case(adoptions, "2023-12-31", &activities);
    for n in [2, 3, 4] {
        case["activities"][n]["content_id"] = json!("w10");
    }
    case["registrations"][0]["substitute_allowed"] = json!(true);
    let result = run(&case, &[]);
    let expected = [
        "A ok 100",
        "B kind_not_counted 0",
        "C ok 100",
        "D same_content 0",
        "E ok 100",
        "F kind_not_counted 0",
        "G substitute_not_allowed 0",
    ];
    assert_eq!(reasons(&result), expected);
    assert_eq!(result["activities"][0]["bucket"], "school_based");
    assert_eq!(result["activities"][2]["bucket"], "nonconcentrated");
}

#[test]
fn a_policy_year_may_begin_in_september() {
    let school_year = changed(
        "kunming-2015",
        &[("start = \"2015-01-01\"", "start = \"2015-09-01\""), ("year_start = \"01-01\"", "year_start = \"09-01\"")],
    );
    let activities = [
        activity("A", "concentrated", "county", "2016-08-31", 3600),
        activity("B", "concentrated", "county", "2015-09-01", 3600),
        activity("C", "concentrated", "county", "2016-09-01", 7100),
        activity("D", "concentrated", "county", "2015-08-31", 100),
    ];
    let mut case = case(json!({ "policy": "kunming-2015" }), "2017-08-31", &activities);
    case["waivers"] = json!([{ "year": 2016, "months": 1 }]);
    let result = run(&case, &[school_year]);
    assert_eq!(reasons(&result), ["A ok 3600", "B ok 3600", "C ok 7100", "D outside_cycle 0"]);
    assert_eq!(
        result["by_year"],
        json!({ "2015": { "concentrated": { "h100": 7200 } }, "2016": { "concentrated": { "h100": 7100 } } })
    );
    let line = |year: &str, need: u64, got: u64| json!({ "rule": "KM-MIN-YEAR", "scope": year, "need": need, "got": got, "status": "met" });
    assert_eq!(result["rules"], json!([line("2015", 7200, 7200), line("2016", 6600, 7100)]));
}

#[test]
fn a_waiver_takes_away_months_of_its_own_year_only() {
    let mut case = case(json!({ "policy": "wuhan-2008" }), "2012-12-31", &[]);
    case["teacher"]["hired"] = json!("2012-01-01");
    let years = [2008, 2009, 2010, 2011];
    case["waivers"] = json!(years.map(|year| json!({ "year": year, "months": 12 })));
    let needs = |case: &Value| run(case, &[])["rules"].as_array().unwrap().iter().map(|l| l["need"].clone()).collect::<Vec<_>>();
    assert_eq!(needs(&case), [400, 400]);
    case["waivers"] = json!([{ "year": 2012, "months": 60 }]);
    assert_eq!(needs(&case), [0, 0]);
    case["waivers"] = json!([{ "year": 2012, "months": 6 }]);
    assert_eq!(needs(&case), [200, 200]);
}

#[test]
fn thousands_of_duplicates_do_not_become_millions_of_notes() {
    let activities: Vec<Value> =
        (0..2_000).map(|n| activity(&format!("A{n:04}"), "concentrated", "county", "2009-07-01", 800)).collect();
    let result = run(&case(json!({ "policy": "wuhan-2008" }), "2009-12-31", &activities), &[]);
    let notes = result["explain"]["notes"].as_array().unwrap();
    assert_eq!(notes.iter().filter(|n| n.as_str().unwrap().starts_with("possible_duplicate:")).count(), 200);
    assert!(notes.iter().any(|n| n.as_str().unwrap().starts_with("possible_duplicate_more")));
}

#[test]
fn what_contradicts_itself_has_a_documented_outcome_and_a_note() {
    let activities =
        [activity("A", "concentrated", "county", "2009-07-01", 800), activity("B", "school_based", "school", "2009-07-01", 400)];
    let base = || case(json!({ "policy": "wuhan-2008" }), "2009-12-31", &activities);
    let note = |case: &Value, word: &str| {
        let result = run(case, &[]);
        let notes: Vec<String> =
            result["explain"]["notes"].as_array().unwrap().iter().map(|n| n.as_str().unwrap().to_owned()).collect();
        assert!(notes.iter().any(|n| n.starts_with(word)), "{word}: {notes:?}");
        result
    };
    note(&base(), "possible_duplicate:A:B");

    let mut circle = base();
    let mut second = registration("A", 800);
    (second["id"], second["supersedes"]) = (json!("r2"), json!("r-A"));
    circle["registrations"][0]["supersedes"] = json!("r2");
    circle["registrations"].as_array_mut().unwrap().push(second.clone());
    assert_eq!(reasons(&note(&circle, "supersedes_circle:r-A")), ["B ok 400"]);

    // A replaced correction still replaces: only the last of three stays.
    let mut chain = base();
    let mut third = registration("A", 700);
    (third["id"], third["supersedes"]) = (json!("r3"), json!("r2"));
    chain["registrations"].as_array_mut().unwrap().extend([second, third]);
    assert_eq!(reasons(&run(&chain, &[])), ["A ok 700", "B ok 400"]);

    let mut missing = base();
    missing["registrations"][0]["activity"] = json!("Z");
    let result = note(&missing, "activity_missing:r-A");
    assert_eq!(result["explain"]["open"], json!([{ "what": "activity_missing", "about": "Z" }]));

    let mut twice = base();
    twice["registrations"][1]["id"] = json!("r-A");
    note(&twice, "duplicate_registration_id:r-A");

    let mut late = base();
    late["activities"][0]["plan"] = json!({ "state": "approved", "submitted": "2009-06-02", "decided": "2009-06-20" });
    note(&late, "plan_late:A:WH-DUE-COUNTY-CONC:2009-06-01");
    late["activities"][0]["plan"]["submitted"] = json!("2009-06-01");
    assert!(!run(&late, &[])["explain"]["notes"].to_string().contains("plan_late"));
}
