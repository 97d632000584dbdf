//! Policy files: the ten read, and every mutation of them is refused where it stands.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::cast_possible_truncation, reason = "tests")]

#[path = "policies/contradictions.rs"]
mod contradictions;
#[path = "policies/mutations.rs"]
mod mutations;
#[path = "policies/refusals.rs"]
mod refusals;
#[path = "policies/regimes.rs"]
mod regimes;

use taizhang_rules::policy::{
    Policy,
    check::{Severity, acceptable, check},
    library::{by_id, library},
};

/// A file of the library as text.
fn text_of(id: &str) -> String {
    String::from_utf8(by_id(id).unwrap().to_vec()).unwrap()
}

fn read(text: &str) -> Policy {
    Policy::read(text.as_bytes()).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// What the check says of each file, apart from notes. Also in docs/policies.md.
const WARNINGS: &[(&str, &[&str])] = &[
    ("hubei-hours", &["HB-ELIG-DEGREE: no level of degree is asked of these stages: special, adult, vocational"]),
    ("moe-order-7", &[": activities before the first cycle (2000-01-01) belong to none"]),
    (
        "shandong-2015",
        &["SD-MIN-CYCLE SD-MIN-YEAR: meeting each year is not meeting the cycle: 4800 x 5 = 24000, less than 36000"],
    ),
];

#[test]
fn the_ten_files_read_and_none_is_refused() {
    assert_eq!(library().len(), 10);
    for (id, bytes) in library() {
        let policy = Policy::read(bytes).unwrap_or_else(|e| panic!("{id}:\n{e}"));
        assert_eq!(policy.id, *id);
        let findings = check(&policy);
        assert!(acceptable(&findings), "{id}: {findings:#?}");
        let warned: Vec<String> = findings
            .iter()
            .filter(|f| f.severity == Severity::Warning)
            .map(|f| format!("{}: {}", f.rules.join(" "), f.en))
            .collect();
        let expected: &[&str] = WARNINGS.iter().find(|(name, _)| name == id).map_or(&[], |(_, warned)| warned);
        assert_eq!(warned, expected, "{id}");
    }
}
