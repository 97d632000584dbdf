//! The given scenarios, each equal to what it expects; what must hold for every case; what one policy alone cannot show.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "tests"
)]

#[path = "scenarios/beyond.rs"]
mod beyond;
#[path = "scenarios/garbage.rs"]
mod garbage;
#[path = "scenarios/ops.rs"]
mod ops;
#[path = "scenarios/refusals.rs"]
mod refusals;

use serde_json::Value;
use taizhang_rules::eval::{Options, built_in, eval};

const SCENARIOS: &str = include_str!("data/scenarios.json");

fn scenarios() -> Vec<Value> {
    let file: Value = serde_json::from_str(SCENARIOS).unwrap();
    file["scenarios"].as_array().unwrap().clone()
}

fn explained(case: &Value) -> Value {
    eval(&case.to_string(), &Options { policy: None, explain: true }, &built_in).unwrap()
}

#[test]
fn every_scenario_equals_what_it_expects() {
    let results = eval(SCENARIOS, &Options::default(), &built_in).unwrap();
    let (results, scenarios) = (results["scenarios"].as_array().unwrap(), scenarios());
    assert_eq!((results.len(), scenarios.len()), (71, 71));
    for (result, scenario) in results.iter().zip(&scenarios) {
        assert_eq!(result["id"], scenario["id"]);
        let (got, expected) = (&result["result"], &scenario["expected"]);
        assert_eq!(got, expected, "{}: {}", scenario["id"], scenario["because"]);
        if scenario.get("op").is_none() {
            // The order of keys too.
            let keys = |v: &Value| v.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(got), keys(expected));
            for (a, b) in got["activities"].as_array().unwrap().iter().zip(expected["activities"].as_array().unwrap()) {
                assert_eq!(keys(a), keys(b));
            }
        }
    }
}

#[test]
fn one_case_alone_gives_the_same() {
    for scenario in scenarios() {
        let result = eval(&scenario.to_string(), &Options::default(), &built_in).unwrap();
        assert_eq!(result, scenario["expected"], "{}", scenario["id"]);
    }
}

#[test]
fn the_policy_may_come_from_outside_of_the_case() {
    let mut scenario = scenarios().swap_remove(0);
    let id = scenario.as_object_mut().unwrap().remove("policy").unwrap();
    let options = Options { policy: id.as_str(), explain: false };
    assert_eq!(eval(&scenario.to_string(), &options, &built_in).unwrap(), scenario["expected"]);
}

#[test]
fn attended_is_recognised_and_lost_in_every_scenario() {
    let mut lost_parts = 0;
    for scenario in scenarios().iter().filter(|s| s.get("op").is_none()) {
        let result = explained(scenario);
        let n = |v: &Value| v.as_u64().unwrap();
        let mut attended = 0;
        for activity in result["explain"]["activities"].as_array().unwrap() {
            let lost = activity["lost"].as_array().unwrap();
            lost_parts += lost.len();
            assert_eq!(n(&activity["attended_h100"]), n(&activity["h100"]) + lost.iter().map(|l| n(&l["h100"])).sum::<u64>());
            attended += n(&activity["attended_h100"]);
        }
        let buckets = result["explain"]["buckets"].as_object().unwrap();
        let sums =
            |b: &Value| ["counted_h100", "pending_h100", "capped_h100", "forfeited_h100"].iter().map(|k| n(&b[*k])).sum::<u64>();
        assert_eq!(attended, buckets.values().map(sums).sum::<u64>(), "{}", scenario["id"]);
    }
    assert!(lost_parts > 20, "{lost_parts}");
}

#[test]
fn every_sentence_names_its_source_in_both_languages() {
    for scenario in scenarios().iter().filter(|s| s.get("op").is_none()) {
        let explain = &explained(scenario)["explain"];
        let lines = [&explain["activities"], &explain["rules"]].into_iter().flat_map(|l| l.as_array().unwrap());
        for line in lines {
            // The article, not the file that it was typed from; our own conventions are said in the reader's language.
            let source = line["source"].as_str().unwrap();
            let article = source.rsplit(".txt, ").next().unwrap();
            for language in ["zh", "en"] {
                let sentence = line[language].as_str().unwrap();
                let is_own = language == "zh" && (line["rule"] == "" || source.starts_with("decision"));
                assert!((is_own || sentence.contains(article)) && !sentence.contains(".txt"), "{sentence}");
                assert!(sentence.contains(line["rule"].as_str().unwrap()), "{sentence}");
            }
        }
    }
}

#[test]
fn a_forfeited_course_is_explained_with_its_numbers() {
    let scenario = scenarios().into_iter().find(|s| s["title"] == "exactly one fifth absent").unwrap();
    let explain = explained(&scenario)["explain"].clone();
    let sentence = explain["activities"][0]["zh"].as_str().unwrap();
    assert_eq!(
        sentence,
        "C1:实到 32 学时,计 0 学时;32 学时不计:缺课 8/40 学时,达到五分之一,整个活动不计学时(按 WH-FORFEIT-FIFTH:三(三))。"
    );
    let line = explain["rules"][0]["zh"].as_str().unwrap();
    assert!(line.starts_with("本周期集中培训:应达 20,已有 0 学分,"), "{line}");
}
