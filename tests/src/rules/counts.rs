//! What occurred in how many cases, and how often it must.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::Value;

/// Cases in which a feature occurred.
#[derive(Debug, Default)]
pub struct Counts {
    cases: u64,
    by_feature: BTreeMap<String, u64>,
}

/// Fewer cases than these of 100,000: too tame, the run shows nothing. About a third of what there was when they were written down.
const FLOORS: &[(&str, u64)] = &[
    ("bans", 8_200),
    ("corrections", 14_000),
    ("finding about_out_of_tolerance", 430),
    ("finding attended_over_planned", 4_700),
    ("finding below_programme_minimum", 620),
    ("finding conflicting_registration", 4_600),
    ("finding correction_after_lock", 2_300),
    ("finding duplicate_registration", 5_100),
    ("finding online_share_over", 190),
    ("finding over_day_limit", 910),
    ("line KM-MIN-YEAR met", 1_200),
    ("line KM-MIN-YEAR not_met", 1_900),
    ("line KM-MIN-YEAR open", 570),
    ("line M7-MIN-CYCLE met", 830),
    ("line M7-MIN-CYCLE not_met", 1_200),
    ("line M7-MIN-CYCLE open", 1_400),
    ("line M7-MIN-NEW met", 80),
    ("line M7-MIN-NEW not_met", 750),
    ("line M7-MIN-NEW open", 200),
    ("line SD-MIN-CYCLE met", 1_000),
    ("line SD-MIN-CYCLE not_met", 1_000),
    ("line SD-MIN-CYCLE open", 1_200),
    ("line SD-MIN-YEAR met", 1_700),
    ("line SD-MIN-YEAR not_met", 2_100),
    ("line SD-MIN-YEAR open", 710),
    ("line TJ-MIN-CYCLE met", 1_000),
    ("line TJ-MIN-CYCLE not_met", 970),
    ("line TJ-MIN-CYCLE open", 820),
    ("line TJ-MIN-HEAD met", 50),
    ("line TJ-MIN-HEAD not_met", 230),
    ("line TJ-MIN-HEAD open", 160),
    ("line TJ-MIN-NEW met", 60),
    ("line TJ-MIN-NEW not_met", 700),
    ("line TJ-MIN-NEW open", 170),
    ("line TJ-MIN-TRAINER met", 140),
    ("line TJ-MIN-TRAINER not_met", 240),
    ("line TJ-MIN-TRAINER open", 50),
    ("line VS-MIN-CYCLE met", 750),
    ("line VS-MIN-CYCLE not_met", 1_200),
    ("line VS-MIN-CYCLE open", 1_400),
    ("line VS-MIN-ENT-LONG met", 490),
    ("line VS-MIN-ENT-LONG not_met", 300),
    ("line VS-MIN-ENT-LONG open", 250),
    ("line VS-MIN-ENT-YEAR met", 400),
    ("line VS-MIN-ENT-YEAR not_met", 500),
    ("line VS-MIN-ENT-YEAR open", 120),
    ("line VS-MIN-NEW met", 80),
    ("line VS-MIN-NEW not_met", 740),
    ("line VS-MIN-NEW open", 220),
    ("line WH-MIN-CONC met", 700),
    ("line WH-MIN-CONC not_met", 1_200),
    ("line WH-MIN-CONC open", 1_400),
    ("line WH-MIN-NEW-CONC met", 170),
    ("line WH-MIN-NEW-CONC not_met", 620),
    ("line WH-MIN-NEW-CONC open", 170),
    ("line WH-MIN-NEW-TOTAL met", 160),
    ("line WH-MIN-NEW-TOTAL not_met", 640),
    ("line WH-MIN-NEW-TOTAL open", 160),
    ("line WH-MIN-NONCONC met", 1_000),
    ("line WH-MIN-NONCONC not_met", 1_000),
    ("line WH-MIN-NONCONC open", 1_200),
    ("locks", 27_000),
    ("note degree_level_missing", 120),
    ("note plan_late", 3_200),
    ("note possible_duplicate", 12_000),
    ("note registrar_not_competent", 13_000),
    ("note slot_hours", 1_800),
    ("note slot_weekday", 1_400),
    ("policy county-school-based-2023", 2_400),
    ("policy henan-vocational-2021", 2_400),
    ("policy hubei-hours", 2_400),
    ("policy kunming-2015", 2_500),
    ("policy moe-order-7", 2_500),
    ("policy shandong-2015", 2_400),
    ("policy tianjin-2013", 2_400),
    ("policy vocational-school", 2_500),
    ("policy wuhan-2008", 2_400),
    ("policy zhejiang-2004", 2_400),
    ("reason after_leaving", 1_500),
    ("reason assessment_failed", 560),
    ("reason audit_rejected", 4_200),
    ("reason banned", 300),
    ("reason before_appointment", 6_700),
    ("reason capped", 880),
    ("reason degree_level_too_low", 560),
    ("reason forfeit_absence", 880),
    ("reason forfeit_leave", 250),
    ("reason forfeit_online", 210),
    ("reason kind_not_counted", 7_600),
    ("reason needs_recognition", 2_500),
    ("reason no_policy_in_force", 3_800),
    ("reason no_qualified_degree", 390),
    ("reason not_assessed", 1_000),
    ("reason ok", 22_000),
    ("reason online_not_registered_or_below_county", 390),
    ("reason outside_cycle", 8_000),
    ("reason pending_audit", 4_200),
    ("reason plan_approved_late", 1_100),
    ("reason plan_not_approved", 2_300),
    ("reason programme_not_completed", 790),
    ("reason same_content", 620),
    ("reason substitute_not_allowed", 1_100),
    ("regime of 1", 1_600),
    ("regime of 2", 5_000),
    ("regime of 3", 1_600),
    ("regime with an overlay", 5_100),
    ("status behind", 2_200),
    ("status completed", 750),
    ("status met", 3_300),
    ("status not_completed", 1_800),
    ("status not_met", 10_000),
    ("status on_track", 2_700),
    ("status recorded", 11_000),
    ("waivers", 5_000),
];

impl Counts {
    /// Counts one case with its result.
    pub(super) fn case(&mut self, case: &Value, result: &Value) {
        let word = |v: &Value| v.as_str().unwrap_or("").to_owned();
        let list = |v: &Value| v.as_array().map_or_else(Vec::new, Clone::clone);
        let mut features = BTreeSet::new();
        match case.get("policy") {
            Some(policy) => features.insert(format!("policy {}", word(policy))),
            None => features.insert(format!("regime of {}", list(&case["adoptions"]).len())),
        };
        if list(&case["adoptions"]).iter().any(|adopted| adopted.get("overlays").is_some()) {
            features.insert("regime with an overlay".to_owned());
        }
        for name in ["bans", "locks", "waivers"] {
            if !list(&case[name]).is_empty() {
                features.insert(name.to_owned());
            }
        }
        features.insert(format!("status {}", word(&result["status"])));
        for activity in list(&result["activities"]) {
            features.insert(format!("reason {}", word(&activity["reason"])));
        }
        for line in list(&result["rules"]).iter().chain(&list(&result["windows"])) {
            features.insert(format!("line {} {}", word(&line["rule"]), word(&line["status"])));
        }
        for finding in list(&result["findings"]) {
            let finding = word(&finding);
            features.insert(format!("finding {}", finding.split(':').next().unwrap_or("")));
        }
        for note in list(&result["notes"]) {
            let note = word(&note);
            features.insert(format!("note {}", note.split(':').next().unwrap_or("")));
        }
        if list(&case["registrations"]).iter().any(|r| r.get("supersedes").is_some()) {
            features.insert("corrections".to_owned());
        }
        self.cases += 1;
        for feature in features {
            *self.by_feature.entry(feature).or_default() += 1;
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.cases += other.cases;
        for (feature, cases) in other.by_feature {
            *self.by_feature.entry(feature).or_default() += cases;
        }
    }

    /// Features that occurred too seldom.
    pub(super) fn too_tame(&self) -> Vec<String> {
        let of = |feature: &str| self.by_feature.get(feature).copied().unwrap_or(0);
        let asked = FLOORS.iter().map(|(feature, floor)| (*feature, floor * self.cases / 100_000));
        asked
            .filter(|(feature, floor)| of(feature) < *floor)
            .map(|(feature, floor)| format!("too tame: {feature} in {} cases, at least {floor}", of(feature)))
            .collect()
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (feature, cases) in &self.by_feature {
            let floor = FLOORS.iter().find(|(name, _)| name == feature).map_or(0, |(_, floor)| floor * self.cases / 100_000);
            writeln!(f, "{cases:>8} (at least {floor:>6})  {feature}")?;
        }
        Ok(())
    }
}
