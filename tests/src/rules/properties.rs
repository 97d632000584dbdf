//! What must hold of any case.
//!
//! - Order: every order of registrations, activities and decisions gives the same result: all permutations of up to five registrations,
//!   a few random ones of more. Adoptions of one day are excepted, for there the later in the list counts, as docs/policies.md says.
//! - Hours: what was attended is what is recognised and what is lost with a reason, exactly, for each activity and over all buckets.
//! - Caps: in a year and a cycle of one policy no bucket holds more than its cap. (After a change of policy hours that another one
//!   converted stay, so only the policy's own are clamped: D-21.)
//! - Credits: floored once for each bucket and scope, on the sum; the years' hours add up to the cycle's.
//! - More never lowers: one more approved activity, of no programme and with no content id, lowers no bucket of the cycle and nothing reached
//!   of any requirement. Excepted: a year's sum of a bucket with a cycle cap, for an earlier activity takes what is left of the cap from later years
//!   (D-18); parts of a programme, for all count or none; the same content, which counts once.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use taizhang_rules::policy::{Body, Policy, Scope, Unit};

use super::{Policies, dice::Dice, generate};

/// Registrations up to which all permutations are tried.
const ALL_ORDERS: usize = 5;
/// Random orders of larger cases.
const SOME_ORDERS: u32 = 5;

/// Checks so many cases of a seed; gives what does not hold, and how often each property was tried.
#[must_use]
pub fn run(seed: u64, cases: u64) -> (Vec<String>, BTreeMap<&'static str, u64>) {
    let policies = Policies::library();
    let mut tried = BTreeMap::new();
    let mut broken = Vec::new();
    for number in 0..cases {
        let case = generate::case(seed, number);
        let mut dice = Dice::of(seed ^ 0x5eed, number);
        let mut check = Check { policies: &policies, case: &case, tried: &mut tried, broken: &mut broken };
        let result = policies.explained(&case);
        check.order(&mut dice, &result);
        check.hours(&result);
        if let Some(policy) = case["policy"].as_str().and_then(|id| policies.0.get(id)) {
            check.caps(policy, &result);
            check.credits(policy, &result);
        }
        check.more(seed, number, &result);
    }
    (broken, tried)
}

struct Check<'c> {
    policies: &'c Policies,
    case: &'c Value,
    tried: &'c mut BTreeMap<&'static str, u64>,
    broken: &'c mut Vec<String>,
}

impl Check<'_> {
    fn must(&mut self, property: &'static str, holds: bool, what: impl FnOnce() -> String) {
        *self.tried.entry(property).or_default() += 1;
        if !holds {
            self.broken.push(format!("{property}: case {}: {}", self.case["id"], what()));
        }
    }

    fn order(&mut self, dice: &mut Dice, result: &Value) {
        let registrations = list(&self.case["registrations"]);
        let orders = if registrations.len() <= ALL_ORDERS {
            permutations(registrations)
        } else {
            (0..SOME_ORDERS)
                .map(|_| {
                    let mut other = registrations.to_vec();
                    dice.shuffle(&mut other);
                    other
                })
                .collect()
        };
        for order in orders {
            let mut other = self.case.clone();
            other["registrations"] = json!(order);
            for name in ["activities", "locks", "waivers", "bans"] {
                if let Some(members) = other.get_mut(name).and_then(Value::as_array_mut) {
                    dice.shuffle(members);
                }
            }
            if let Some(roles) = other["teacher"].get_mut("roles").and_then(Value::as_array_mut) {
                dice.shuffle(roles);
            }
            let again = self.policies.explained(&other);
            self.must("order", &again == result, || format!("another order gives {again}"));
        }
    }

    fn hours(&mut self, result: &Value) {
        let explain = &result["explain"];
        let mut attended = 0;
        for activity in list(&explain["activities"]) {
            let lost: u64 = list(&activity["lost"]).iter().map(|l| number(&l["h100"])).sum();
            attended += number(&activity["attended_h100"]);
            let whole = number(&activity["attended_h100"]) == number(&activity["h100"]) + lost;
            let said = list(&activity["lost"]).iter().all(|l| l["reason"].is_string() && number(&l["h100"]) > 0);
            self.must("hours", whole && said, || activity.to_string());
        }
        let parts = ["counted_h100", "pending_h100", "capped_h100", "forfeited_h100"];
        let buckets = explain["buckets"].as_object().into_iter().flat_map(|b| b.values());
        let kept: u64 = buckets.map(|b| parts.iter().map(|part| number(&b[*part])).sum::<u64>()).sum();
        self.must("hours of all buckets", attended == kept, || format!("{attended} attended, {kept} in the buckets"));
    }

    fn caps(&mut self, policy: &Policy, result: &Value) {
        for rule in &policy.rules {
            let Body::Cap { bucket, scope, unit, value } = &rule.body else { continue };
            let limit = if *unit == Unit::C100 { value * rate(policy, bucket) / 100 } else { *value };
            let sums: Vec<&Value> = match scope {
                Scope::Year => result["by_year"].as_object().into_iter().flat_map(|y| y.values()).collect(),
                Scope::Cycle | Scope::Probation => vec![&result["cycle"]],
            };
            for sum in sums {
                let is = number(&sum[bucket]["h100"]);
                self.must("caps", is <= limit, || format!("{} of {limit} by {}", is, rule.id));
            }
        }
    }

    fn credits(&mut self, policy: &Policy, result: &Value) {
        let years: Vec<&Value> = result["by_year"].as_object().into_iter().flat_map(|y| y.values()).collect();
        for sums in years.iter().copied().chain([&result["cycle"]]) {
            for (bucket, sum) in sums.as_object().into_iter().flatten() {
                let per = rate(policy, bucket);
                let expected = (number(&sum["h100"]) * 100).checked_div(per);
                self.must("credits", sum["c100"].as_u64() == expected, || format!("{bucket}: {sum} at {per}"));
            }
        }
        for (bucket, sum) in result["cycle"].as_object().into_iter().flatten() {
            let together: u64 = years.iter().map(|y| number(&y[bucket]["h100"])).sum();
            self.must("years make the cycle", together == number(&sum["h100"]), || format!("{bucket}: {together}, {sum}"));
        }
    }

    fn more(&mut self, seed: u64, number_of_case: u64, before: &Value) {
        let mut case = self.case.clone();
        let (activity, registration) = generate::one_more(seed, number_of_case);
        case["activities"].as_array_mut().expect("a case lists activities").push(activity.clone());
        case["registrations"].as_array_mut().expect("a case lists registrations").push(registration);
        let after = self.policies.explained(&case);
        for (bucket, sum) in before["cycle"].as_object().into_iter().flatten() {
            for unit in ["h100", "c100"] {
                let (old, new) = (number(&sum[unit]), number(&after["cycle"][bucket][unit]));
                self.must("more never lowers a bucket", new >= old, || format!("{bucket}: {old} before, {new} with {activity}"));
            }
        }
        let lines = |result: &Value| list(&result["explain"]["rules"]).to_vec();
        for (old, new) in lines(before).iter().zip(lines(&after)) {
            // Of several windows the nearest is shown: compare shares.
            let nearer = number(&new["got"]) * number(&old["need"]) >= number(&old["got"]) * number(&new["need"]);
            let holds = old["rule"] == new["rule"]
                && if old["any_window"] == true { nearer } else { number(&new["got"]) >= number(&old["got"]) };
            self.must("more never lowers a requirement", holds, || format!("{old} before, {new} with {activity}"));
        }
        self.must("more never lowers a requirement", lines(before).len() == lines(&after).len(), || "other lines".to_owned());
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// Hours of a credit; 0: hours only.
fn rate(policy: &Policy, bucket: &str) -> u64 {
    let rates = policy.rules.iter().filter_map(|rule| match &rule.body {
        Body::Convert { bucket: into, h100_per_credit, .. } if into == bucket => Some(u64::from(*h100_per_credit)),
        _ => None,
    });
    rates.max().unwrap_or(0)
}

fn permutations(of: &[Value]) -> Vec<Vec<Value>> {
    let Some((first, rest)) = of.split_first() else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for shorter in permutations(rest) {
        for place in 0..=shorter.len() {
            let mut longer = shorter.clone();
            longer.insert(place, first.clone());
            all.push(longer);
        }
    }
    all
}
