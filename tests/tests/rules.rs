//! Short runs of the proofs for the rules in the ordinary tests; the long ones are `--bin rules`. Python 3.11 must be there.

use taizhang_tests::rules::{
    differential::{self, Options},
    mutants, properties,
};

#[test]
fn three_thousand_cases_equal_the_independent_evaluator() {
    let report = differential::run(&Options { cases: 3_000, from: 0, seed: 20_261_122 });
    assert_eq!(report.violations(), Vec::<String>::new(), "{report}{}", report.shown.join("\n"));
}

#[test]
fn every_mutant_of_a_policy_is_noticed() {
    let report = mutants::run();
    assert_eq!(report.violations(), Vec::<String>::new(), "{report}");
    assert!(report.mutants() > 400, "{report}");
}

#[test]
fn properties_hold() {
    let (broken, tried) = properties::run(20_261_122, 700);
    assert_eq!(broken, Vec::<String>::new());
    let properties = [
        ("order", 5_000),
        ("hours", 3_000),
        ("hours of all buckets", 700),
        ("caps", 100),
        ("credits", 1_000),
        ("years make the cycle", 300),
        ("more never lowers a bucket", 800),
        ("more never lowers a requirement", 1_000),
    ];
    for (property, times) in properties {
        assert!(tried.get(property).is_some_and(|n| *n >= times), "{property}: {tried:?}");
    }
}

/// The kept cases were made by the independent evaluator, and it still says the same of them.
#[test]
fn the_independent_evaluator_gives_every_kept_result() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = std::process::Command::new("python3")
        .arg("-B")
        .arg(folder.join("tools/oracle.py"))
        .arg("--check")
        .arg(folder.join("../crates/taizhang-rules/tests/data/scenarios.json"))
        .arg(folder.join("data/rules/cases.json"))
        .output()
        .expect("python3 can be started (3.11 or newer)");
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}
