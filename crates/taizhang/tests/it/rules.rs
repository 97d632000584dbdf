//! `rules eval` through the program: without a data folder, by the policies that come with it.

use std::{
    io::Write,
    process::{Output, Stdio},
};

use serde_json::{Value, json};

use super::World;

const SCENARIOS: &str = include_str!("../../../taizhang-rules/tests/data/scenarios.json");

impl World {
    fn eval(&self, args: &str, stdin: &str) -> Output {
        let mut program = self.program(&format!("rules eval {args}"));
        let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A program that refuses its arguments does not read.
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).ok();
        child.wait_with_output().unwrap()
    }

    fn evaluated(&self, args: &str, stdin: &str) -> Value {
        let output = self.eval(args, stdin);
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()), "{args}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn scenarios() -> Vec<Value> {
    let file: Value = serde_json::from_str(SCENARIOS).unwrap();
    file["scenarios"].as_array().unwrap().clone()
}

#[test]
fn a_file_of_scenarios_gives_what_each_expects() {
    let world = World::new();
    std::fs::write(world.path("scenarios.json"), SCENARIOS).unwrap();
    let expected: Vec<Value> = scenarios().iter().map(|s| json!({ "id": s["id"], "result": s["expected"] })).collect();
    assert_eq!(expected.len(), 71);
    for args in ["scenarios.json", "scenarios.json --json", "--policy wuhan-2008 scenarios.json"] {
        assert_eq!(world.evaluated(args, ""), json!({ "schema": 1, "scenarios": expected }), "{args}");
    }
    // Nothing was set up: the command needs no data folder and leaves none.
    assert_eq!(std::fs::read_dir(world.0.path()).unwrap().count(), 2);
}

#[test]
fn each_scenario_alone_gives_what_it_expects() {
    let world = World::new();
    for scenario in scenarios() {
        let mut case = scenario.clone();
        let policy = case.as_object_mut().unwrap().remove("policy");
        let args = policy.as_ref().and_then(Value::as_str).map(|p| format!("--policy {p} -")).unwrap_or_default();
        let result = world.evaluated(&args, &case.to_string());
        assert_eq!(result, scenario["expected"], "{}", scenario["id"]);
        let keys = |v: &Value| v.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&result), keys(&scenario["expected"]), "{}", scenario["id"]);
        if scenario.get("op").is_none() {
            let mut explained = world.evaluated(&format!("{args} --explain"), &case.to_string());
            assert!(explained.as_object_mut().unwrap().shift_remove("explain").unwrap()["activities"].is_array());
            assert_eq!(explained, scenario["expected"]);
        }
    }
}

#[test]
fn mistakes_in_a_case_end_with_3_and_the_place() {
    let world = World::new();
    let mut wrong = scenarios().into_iter().find(|s| s["registrations"].as_array().is_some_and(|r| !r.is_empty())).unwrap();
    wrong["registrations"][0]["attended_h100"] = json!(-5);
    let output = world.eval("- --json", &wrong.to_string());
    let error: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &error["details"]["path"]), (Some(3), &json!("registrations[0].attended_h100")));
    let output = world.eval("--lang en", &wrong.to_string());
    assert!(String::from_utf8(output.stderr).unwrap().contains("registrations[0].attended_h100"));
    for (args, stdin, exit) in [("", "{", 3), ("nowhere.json", "", 3), ("--policy nothing", "{}", 2), ("--frobnicate", "{}", 2)] {
        assert_eq!(world.eval(args, stdin).status.code(), Some(exit), "{args}");
    }
}

#[test]
fn policies_are_read_without_a_data_folder() {
    let world = World::new();
    std::fs::write(world.path("broken.toml"), "schema = 1\n[policy]\nid = 3\n").unwrap();
    std::fs::write(world.path("wuhan.toml"), taizhang_rules::policy::library::by_id("wuhan-2008").unwrap()).unwrap();
    let (exit, list) = world.json("policy list");
    assert_eq!((exit, list["policies"].as_array().unwrap().len(), &list["adoptions"]), (0, 10, &json!([])));
    let (exit, shown) = world.json("policy show wuhan-2008");
    assert_eq!((exit, &shown["policy"]), (0, &"wuhan-2008".into()));
    let (exit, checked) = world.json("policy check wuhan.toml");
    assert_eq!((exit, &checked["ok"], &checked["policy_sha256"]), (0, &true.into(), &shown["policy_sha256"]));
    let (exit, diff) = world.json("policy diff wuhan-2008 wuhan.toml");
    assert_eq!((exit, &diff["differences"]), (0, &json!([])));
    let output = world.run("policy check broken.toml --lang en");
    let (text, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(text.contains("title") && error.contains("cannot be adopted"), "{text}{error}");
    for args in ["policy check nothing.toml", "policy show wuhan", "policy adopt wuhan-2008 --from 2008-01-01", "verify nosuch"] {
        assert_eq!(world.run(args).status.code(), Some(2), "{args}");
    }
}

#[test]
fn a_certificate_that_is_none_ends_with_4() {
    let world = World::new();
    world.found();
    for text in ["TZ1:00 --data city", "TZ1: --data city", "TZ1:00"] {
        let (exit, error) = world.json(&format!("verify {text}"));
        assert_eq!((exit, &error["kind"]), (4, &"verification".into()), "{text}");
    }
    // What is neither a file nor a certificate's text was mistyped.
    let (exit, error) = world.json("verify hello --data city");
    assert!(exit == 2 && error["what"]["en"].as_str().unwrap().contains("no such file"), "{error}");
}
