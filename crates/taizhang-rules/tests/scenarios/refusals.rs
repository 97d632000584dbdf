//! Cases that are wrong: each is refused with the place.

use serde_json::{Value, json};
use taizhang_rules::eval::{Options, built_in, eval};

fn good() -> Value {
    json!({
        "policy": "wuhan-2008",
        "as_of": "2009-12-31",
        "teacher": { "id": "T", "stage": "primary", "hired": "2000-09-01" },
        "activities": [{ "id": "A", "kind": "online", "org_level": "city", "start": "2009-07-01", "end": "2009-07-02", "planned_h100": 100 }],
        "registrations": [{ "id": "r", "activity": "A", "by": "school", "at": "2009-07-03", "attended_h100": 100 }],
        "locks": [{ "year": 2009, "at": "2010-01-20" }],
        "waivers": [{ "year": 2009, "months": 1 }],
        "bans": [{ "trigger": "no_show", "decided": "2009-01-01" }],
    })
}

fn error(text: &str) -> String {
    eval(text, &Options::default(), &built_in).unwrap_err().to_string()
}

#[test]
fn every_wrong_field_is_refused_with_its_place() {
    assert!(eval(&good().to_string(), &Options::default(), &built_in).is_ok());
    for (path, value, expected) in [
        ("/policy", json!("wuhan"), "policy: no policy is called \"wuhan\""),
        ("/policy", json!(null), "policy: is missing"),
        ("/policy", json!(1), "policy: expected text"),
        (
            "/adoptions",
            json!([{ "from": "2009-01-01", "policy": "wuhan-2008" }]),
            "adoptions: a case names a policy or adoptions, not both",
        ),
        ("/as_of", json!("2009-13-01"), "as_of: \"2009-13-01\" is not a date YYYY-MM-DD from 1970 to 9999"),
        ("/as_of", json!(20_091_231), "as_of: expected text"),
        ("/colour", json!(1), "colour: unknown field; known here: "),
        ("/teacher", json!([]), "teacher: expected an object"),
        ("/teacher/stage", json!("university"), "teacher.stage: \"university\" is no word of this field"),
        ("/teacher/name", json!("x"), "teacher.name: unknown field; known here: "),
        ("/teacher/hired", json!(null), "teacher.hired: is missing"),
        ("/teacher/first_job", json!("yes"), "teacher.first_job: expected true or false"),
        ("/teacher/roles", json!([{ "role": "trainer" }]), "teacher.roles[0].from: is missing"),
        ("/activities/0/org_level", json!("village"), "activities[0].org_level: \"village\" is no word of this field"),
        ("/activities/0/end", json!("2009-06-30"), "activities[0].end: 2009-06-30 lies before the start 2009-07-01"),
        ("/activities/0/planned_h100", json!(1.5), "activities[0].planned_h100: expected a whole number from 0, not 1.5"),
        ("/activities/0/planned_h100", json!(-1), "activities[0].planned_h100: expected a whole number from 0, not -1"),
        (
            "/activities/0/planned_h100",
            json!(4_294_967_296_u64),
            "activities[0].planned_h100: 4294967296 is more than 4294967295",
        ),
        (
            "/activities/0/plan",
            json!({ "state": "approved" }),
            "activities[0].plan.decided: is missing: an approved plan was decided on a day",
        ),
        ("/activities/0/plan", json!({ "state": "maybe" }), "activities[0].plan.state: \"maybe\" is no state of a plan"),
        ("/activities/0/tags", json!([1]), "activities[0].tags[0]: expected text"),
        ("/activities/0/id", json!(""), "activities[0].id: is empty"),
        ("/activities", json!({}), "activities: expected a list"),
        ("/registrations/0/by", json!("cook"), "registrations[0].by: \"cook\" is no word of this field"),
        ("/registrations/0/audit", json!("ok"), "registrations[0].audit: \"ok\" is no word of this field"),
        ("/registrations/0/degree_level", json!("phd"), "registrations[0].degree_level: \"phd\" is no word of this field"),
        ("/locks/0/year", json!(70_000), "locks[0].year: 70000 is no year"),
        ("/waivers/0/months", json!("1"), "waivers[0].months: expected a whole number from 0, not \"1\""),
        ("/bans/0/why", json!("x"), "bans[0].why: unknown field; known here: decided, trigger"),
        ("/op", json!("dance"), "args: is missing"),
    ] {
        let mut case = good();
        let (parent, field) = path.rsplit_once('/').unwrap();
        case.pointer_mut(parent).unwrap()[field] = value;
        let got = error(&case.to_string());
        assert!(got.starts_with(expected), "{path}: {got}\nexpected {expected}");
    }
}

#[test]
fn files_and_operations_are_refused_with_their_place() {
    for (text, expected) in [
        ("{", "not JSON: line 1, column 1: EOF while parsing an object"),
        ("[]", ": expected an object"),
        (r#"{"schema":2,"scenarios":[]}"#, "schema: expected 1"),
        (r#"{"schema":1,"scenarios":{}}"#, "scenarios: expected a list"),
        (r#"{"schema":1,"scenarios":[{"id":"X"}]}"#, "case X: policy: is missing"),
        (r#"{"schema":1,"scenarios":[1]}"#, "case scenarios[0]: : expected an object"),
        (r#"{"op":"dance","args":{}}"#, "op: \"dance\" is no calculation"),
        (r#"{"op":"due_date","args":{"start":"2010-01-01"}}"#, "args.months_before: is missing"),
        (r#"{"op":"select_floor","args":{"n":1,"bp":1,"x":1}}"#, "args.x: unknown field; known here: n, bp"),
        (r#"{"op":"id_check","args":{"id":"4201991988"}}"#, "args.id: an ID number has 17 digits and a digit or X"),
        (r#"{"op":"rule","args":{}}"#, "policy: is missing"),
    ] {
        assert_eq!(error(text), expected, "{text}");
    }
}
