//! Rules about people, money and days, with the numbers of their policies: each row sits on a limit of its rule.

use serde_json::{Value, json};
use taizhang_rules::eval::{EvalError, Options, built_in, eval};

fn op(policy: &str, rule: &str, args: Value) -> Result<Value, EvalError> {
    let case = json!({ "policy": policy, "op": "rule", "rule": rule, "args": args });
    eval(&case.to_string(), &Options::default(), &built_in)
}

#[test]
fn rules_calculate_with_their_own_numbers() {
    let person = |teacher: &str, day: &str, level: &str, category: &str| json!({ "teacher": teacher, "day": day, "org_level": level, "bucket": "concentrated", "category": category });
    let trained = json!([
        person("a", "2015-01-01", "county", "backbone"),
        person("a", "2016-01-01", "county", "backbone"),
        person("b", "2017-12-31", "county", "backbone"),
        person("c", "2018-01-01", "county", "backbone"),
        person("d", "2014-12-31", "county", "backbone"),
        person("e", "2015-06-01", "city", "backbone"),
        person("e", "2016-06-01", "city", "principal"),
        person("e", "2016-06-01", "city", "backbone"),
        person("f", "2015-06-01", "city", "backbone"),
    ]);
    let part = |quota: u64, done: u64, bp: u64| json!({ "quota": quota, "done": done, "bp": bp });
    let rows: Vec<(&str, &str, Value, Value)> = vec![
        (
            "kunming-2015",
            "KM-COVER-COUNTY",
            json!({ "teachers": 1003, "trained": trained }),
            json!({ "target": 402, "done": 2, "bp": 19, "years": [
                { "year": 2015, "target": 121, "done": 1, "target_sum": 121, "done_sum": 1 },
                { "year": 2016, "target": 120, "done": 0, "target_sum": 241, "done_sum": 1 },
                { "year": 2017, "target": 161, "done": 1, "target_sum": 402, "done_sum": 2 },
            ] }),
        ),
        (
            "kunming-2015",
            "KM-COVER-SCHOOL",
            json!({ "teachers": 4, "trained": trained }),
            json!({ "target": 4, "done": 4, "bp": 10_000, "years": [
                { "year": 2015, "target": 0, "done": 3, "target_sum": 0, "done_sum": 3 },
                { "year": 2016, "target": 0, "done": 0, "target_sum": 0, "done_sum": 3 },
                { "year": 2017, "target": 4, "done": 1, "target_sum": 4, "done_sum": 4 },
            ] }),
        ),
        (
            "kunming-2015",
            "KM-QUOTA-2016",
            json!({ "trained": trained }),
            json!({ "total": part(3200, 2, 6), "distinct_people": 1, "parts": {
                "backbone": part(800, 1, 12), "head_teacher": part(800, 0, 0), "kindergarten": part(400, 0, 0),
                "principal": part(200, 1, 50), "rural_backbone": part(1000, 0, 0),
            } }),
        ),
        (
            "kunming-2015",
            "KM-QUOTA-3Y",
            json!({ "trained": trained }),
            json!({ "total": part(10_000, 4, 4), "distinct_people": 2 }),
        ),
        (
            "kunming-2015",
            "KM-FUND-PUBLIC",
            json!({ "base_fen": 48_765_432, "paid_fen": 2_000_000 }),
            json!({ "need_fen": 2_438_271, "short_fen": 438_271 }),
        ),
        (
            "kunming-2015",
            "KM-FUND-CITY",
            json!({ "paid_fen": 1_499_999_999 }),
            json!({ "need_fen": 1_500_000_000, "short_fen": 1 }),
        ),
        ("zhejiang-2004", "ZJ-FUND", json!({ "base_fen": 9_999, "paid_fen": 0 }), json!({ "need_fen": 299, "short_fen": 299 })),
        ("henan-vocational-2021", "HN-EXCELLENT", json!({ "n": 34 }), json!({ "count": 6 })),
        (
            "henan-vocational-2021",
            "HN-EXCELLENT",
            json!({ "list": ["a", "b", "c", "d", "e"] }),
            json!({ "count": 1, "selected": ["a"] }),
        ),
        ("county-school-based-2023", "CS-ADVANCED", json!({ "n": 34 }), json!({ "count": 10 })),
        ("county-school-based-2023", "CS-ADVANCED", json!({ "n": 9 }), json!({ "count": 9 })),
        (
            "wuhan-2008",
            "WH-DUE-CITY-CONC",
            json!({ "kind": "concentrated", "org_level": "city", "start": "2010-03-31", "submitted": "2010-02-28" }),
            json!({ "applies": true, "due": "2010-02-28", "late": false }),
        ),
        (
            "wuhan-2008",
            "WH-DUE-CITY-CONC",
            json!({ "kind": "concentrated", "org_level": "county", "start": "2010-03-31", "submitted": "2010-03-01" }),
            json!({ "applies": false }),
        ),
        (
            "wuhan-2008",
            "WH-DUE-SCHOOL",
            json!({ "kind": "school_based", "org_level": "school", "prep_week": "2010-02-22", "submitted": "2010-03-01" }),
            json!({ "applies": true, "due": "2010-02-28", "late": true }),
        ),
        (
            "henan-vocational-2021",
            "HN-DUE-PLAN",
            json!({ "org_level": "city", "submitted": "2021-06-12" }),
            json!({ "applies": true, "due": "2021-06-11", "late": true }),
        ),
        (
            "hubei-hours",
            "HB-DUE-YEARPLAN",
            json!({ "year_start": "2012-01-01", "submitted": "2012-01-01" }),
            json!({ "applies": true, "due": "2012-01-01", "late": false }),
        ),
        ("henan-vocational-2021", "HN-WINDOW-ENROL", json!({ "day": "2021-06-13" }), json!({ "open": true })),
        ("henan-vocational-2021", "HN-WINDOW-ENROL", json!({ "day": "2021-06-14" }), json!({ "open": false })),
        (
            "kunming-2015",
            "KM-BACKBONE",
            json!({ "count": 1_999, "of": 10_000 }),
            json!({ "bp": 1999, "need_bp": 2000, "met": false }),
        ),
        ("kunming-2015", "KM-BACKBONE", json!({ "count": 1, "of": 5 }), json!({ "bp": 2000, "need_bp": 2000, "met": true })),
        (
            "zhejiang-2004",
            "ZJ-RATIO-CITY-BACKBONE",
            json!({ "count": 12, "of": 100 }),
            json!({ "bp": 1200, "need_bp": 1000, "met": true }),
        ),
        (
            "zhejiang-2004",
            "ZJ-RATIO-CITY-BACKBONE",
            json!({ "count": 1_201, "of": 10_000 }),
            json!({ "bp": 1201, "need_bp": 1000, "met": false }),
        ),
        (
            "zhejiang-2004",
            "ZJ-DEGREE-TARGET",
            json!({ "what": "senior_master", "rural": true, "count": 2, "of": 100 }),
            json!({ "bp": 200, "need_bp": 200, "met": true, "under_age": 45 }),
        ),
    ];
    for (policy, rule, args, expected) in rows {
        assert_eq!(op(policy, rule, args).unwrap_or_else(|e| panic!("{rule}: {e}")), expected, "{rule}");
    }
}

#[test]
fn what_cannot_be_calculated_says_where() {
    for (rule, args, error) in [
        ("NONE", json!({}), "rule: policy kunming-2015 has no rule NONE"),
        ("KM-PLAN", json!({}), "rule: rule KM-PLAN has no calculation of its own; evaluate a case instead"),
        ("KM-FUND-PUBLIC", json!({ "paid_fen": 0 }), "args.base_fen: is missing"),
        ("KM-FUND-CITY", json!({ "base_fen": 1, "paid_fen": 0 }), "args.base_fen: unknown field; known here: paid_fen"),
        ("KM-BACKBONE", json!({ "count": 1, "of": 0 }), "args: rule KM-BACKBONE says nothing about this"),
        ("KM-BACKBONE", json!({ "count": -1, "of": 1 }), "args.count: expected a whole number from 0, not -1"),
        (
            "KM-QUOTA-2015",
            json!({ "trained": [{ "teacher": "a", "day": "2015-02-30", "org_level": "city" }] }),
            "args.trained[0].day: \"2015-02-30\" is not a date YYYY-MM-DD from 1970 to 9999",
        ),
    ] {
        assert_eq!(op("kunming-2015", rule, args).unwrap_err().to_string(), error);
    }
}

/// Numbers at which 32 and 64 bits end, and dates at which the calendar does.
const EXTREMES: [&str; 10] = [
    "0",
    "10000",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "\"1970-01-01\"",
    "\"2024-02-29\"",
    "\"9999-12-31\"",
];

fn each(names: &[&str], so_far: &str, try_: &mut impl FnMut(&str)) {
    let Some((name, rest)) = names.split_first() else { return try_(so_far) };
    for value in EXTREMES {
        let value = if name.ends_with("[]") { format!("[{value},{value}]") } else { value.to_owned() };
        let more = format!("{so_far}{}\"{}\":{value}", if so_far.is_empty() { "" } else { "," }, name.trim_end_matches("[]"));
        each(rest, &more, try_);
    }
}

#[test]
fn extreme_numbers_neither_panic_nor_wrap() {
    let ops: &[(&str, &[&str])] = &[
        ("due_date", &["start", "months_before", "submitted"]),
        ("select_floor", &["n", "bp"]),
        ("coverage_split", &["teachers", "bp", "split_bp[]"]),
        ("fund", &["base_fen", "bp", "paid_fen"]),
        ("banned", &["decided", "years", "start"]),
        ("minutes_to_h100", &["minutes"]),
    ];
    let (mut refused, mut calculated) = (0, 0);
    for (op, names) in ops {
        each(names, "", &mut |args| {
            let text = format!("{{\"op\":\"{op}\",\"args\":{{{args}}}}}");
            let Ok(result) = eval(&text, &Options::default(), &built_in) else {
                refused += 1;
                return;
            };
            calculated += 1;
            let args: Value = serde_json::from_str(&format!("{{{args}}}")).unwrap();
            let (n, bp) = (args["n"].as_u64().or(args["teachers"].as_u64()), args["bp"].as_u64().unwrap_or(0));
            match *op {
                // A ban of some years lasts beyond the day on which it begins, and one of many to the end of the calendar.
                "banned" => {
                    let (decided, last) = (args["decided"].as_str().unwrap(), result["last_banned_day"].as_str().unwrap());
                    let years = args["years"].as_u64().unwrap();
                    assert!(years == 0 || last >= decided || decided == "9999-12-31", "{text}: {result}");
                    assert!(years < 8030 || last >= "9999-12-30", "{text}: {result}");
                }
                "due_date" => assert!(result["due"].as_str() <= args["start"].as_str(), "{text}: {result}"),
                "select_floor" if bp <= 10_000 => assert!(result["count"].as_u64() <= n, "{text}: {result}"),
                "coverage_split" => {
                    let years: u128 =
                        result["per_year"].as_array().unwrap().iter().map(|y| u128::from(y.as_u64().unwrap())).sum();
                    assert!(years <= u128::from(result["target"].as_u64().unwrap()), "{text}: {result}");
                }
                "fund" => assert!(result["short_fen"].as_u64() <= result["need_fen"].as_u64(), "{text}: {result}"),
                _ => {}
            }
        });
    }
    assert!(refused > 1_000 && calculated > 200, "{refused} refused, {calculated} calculated");
}
