//! Files that are wrong as a whole, and numbers that make no sense.

use taizhang_rules::policy::{
    Policy,
    read::{Fault, MOST_BYTES, MOST_RULES, PolicyErrors},
};

use super::text_of;

fn refused(bytes: &[u8]) -> PolicyErrors {
    Policy::read(bytes).unwrap_err()
}

/// The first error of a text, as (line, rule, English).
fn first(text: &str) -> (u32, String, String) {
    let errors = refused(text.as_bytes());
    let first = &errors.0[0];
    (first.line, first.rule.clone(), first.fault.en())
}

#[test]
fn files_as_a_whole() {
    let good = text_of("zhejiang-2004");
    assert_eq!(first(""), (1, String::new(), "field 'schema' is missing".into()));
    assert!(matches!(refused(&[b'a', b'\n', 0xff]).0[0], ref e if e.line == 2 && e.fault == Fault::NotUtf8));
    let long = format!("{good}\n# {}", "x".repeat(MOST_BYTES));
    assert!(matches!(refused(long.as_bytes()).0[0].fault, Fault::TooLong { most: MOST_BYTES, .. }));
    let full = format!("{good}\n# {}", "x".repeat(MOST_BYTES - good.len() - 3));
    assert_eq!(full.len(), MOST_BYTES);
    assert!(Policy::read(full.as_bytes()).is_ok());
    for schema in ["0", "2", "-1", "\"1\"", "1.0"] {
        let text = good.replace("schema = 1", &format!("schema = {schema}"));
        assert!(refused(text.as_bytes()).0.iter().any(|e| e.fault == Fault::Schema), "{schema}");
    }
    for table in ["[policy]", "[cycle]", "[engine]"] {
        let text = good.replace(table, &table.replace(']', "x]"));
        let errors = refused(text.as_bytes()).0;
        assert!(errors.iter().any(|e| matches!(e.fault, Fault::Missing { .. })), "{table}: {errors:#?}");
        assert!(errors.iter().any(|e| matches!(e.fault, Fault::UnknownField { .. })), "{table}: {errors:#?}");
    }
    let none = good.split("[[rule]]").next().unwrap();
    assert!(refused(none.as_bytes()).0.iter().any(|e| e.fault == Fault::Missing { field: "rule" }));
}

#[test]
fn deep_and_broken_toml() {
    let nested = format!("a = {}", "[".repeat(30_000));
    assert!(matches!(refused(nested.as_bytes()).0[0].fault, Fault::Syntax { .. }));
    let good = text_of("wuhan-2008");
    let whole = Policy::read(good.as_bytes()).unwrap();
    for cut in (0..good.len()).filter(|at| good.is_char_boundary(*at)).step_by(7) {
        // A file cut short is refused, or some of its last rules are not there; never is a rule another one.
        if let Ok(policy) = Policy::read(&good.as_bytes()[..cut]) {
            assert_eq!(policy.rules[..], whole.rules[..policy.rules.len()], "{cut}");
        }
    }
    let twice = good.replace("value = 500", "value = 500\nvalue = 600");
    let errors = refused(twice.as_bytes()).0;
    let line = twice[..twice.find("value = 600").unwrap()].matches('\n').count() as u32 + 1;
    assert!(matches!(errors[0].fault, Fault::Syntax { .. }) && errors[0].line == line, "{errors:?}");
}

#[test]
fn too_many_rules() {
    let good = text_of("zhejiang-2004");
    let head = good.split("[[rule]]").next().unwrap();
    let of = |count: usize| {
        let rules =
            (0..count).map(|n| format!("[[rule]]\nid=\"R{n}\"\ntype=\"mutual_recognition\"\nwithin=\"city\"\nsource=\"x\"\n"));
        format!("{head}\n{}", rules.collect::<String>())
    };
    assert_eq!(Policy::read(of(MOST_RULES).as_bytes()).unwrap().rules.len(), MOST_RULES);
    assert!(refused(of(MOST_RULES + 1).as_bytes()).0.iter().any(|e| matches!(e.fault, Fault::TooManyRules { count: 201, .. })));
}

#[test]
fn ids_are_unique_and_the_first_is_named() {
    let text = text_of("zhejiang-2004").replace("\"ZJ-FUND\"", "\"ZJ-QUOTA\"");
    let errors = refused(text.as_bytes()).0;
    assert_eq!(errors.len(), 1);
    assert_eq!((errors[0].rule.as_str(), &errors[0].fault), ("ZJ-QUOTA", &Fault::SameId { first: 25 }));
}

#[test]
fn everything_at_once_in_order_of_lines() {
    let text = text_of("zhejiang-2004")
        .replace("\"2004-01-01\"\neffective_to", "\"2004-02-30\"\neffective_to")
        .replace("under_age = 45", "under_age = 450")
        .replace("total = 333300", "totl = 333300")
        .replace("\"fund\"", "\"found\"");
    let errors = refused(text.as_bytes());
    let lines: Vec<u32> = errors.0.iter().map(|e| e.line).collect();
    assert!(lines.is_sorted() && errors.0.len() == 5, "{errors}");
    let (zh, en) = (errors.zh(), errors.en());
    for word in ["不是日期", "规则 ZJ-QUOTA", "缺少字段「total」", "未知字段「totl」", "应在18至100之间", "「found」未知"]
    {
        assert!(zh.contains(word), "{word}: {zh}");
    }
    for word in [
        "is no day",
        "rule ZJ-QUOTA",
        "field 'total' is missing",
        "unknown field 'totl'",
        "must be 18 to 100",
        "unknown word 'found'",
    ] {
        assert!(en.contains(word), "{word}: {en}");
    }
}

/// (file, what stands there, what is put there, part of the English words).
const NUMBERS: &[(&str, &str, &str, &str)] = &[
    ("wuhan-2008", "value = 500", "value = 0", "leave the rule out where the number is blank"),
    ("wuhan-2008", "value = 500", "value = 1000001", "1 to 1000000"),
    ("wuhan-2008", "value = 500", "value = -500", "'value' is -500"),
    ("wuhan-2008", "value = 500", "value = 0x1_0000_0000", "1 to 1000000"),
    ("wuhan-2008", "day_h100 = 800", "day_h100 = 3201", "1 to 3200"),
    ("wuhan-2008", "years = 5", "years = 0", "1 to 20"),
    ("wuhan-2008", "den = 5", "den = 0", "1 to 1000"),
    ("wuhan-2008", "months_before = 1", "months_before = 25", "0 to 24"),
    ("wuhan-2008", "scope = \"year\"", "scope = \"probation\"", "allowed: year, cycle"),
    ("wuhan-2008", "unit = \"c100\"", "unit = \"days\"", "allowed: h100, c100"),
    ("wuhan-2008", "account_unit = \"c100\"", "account_unit = \"days\"", "allowed: h100, c100"),
    ("wuhan-2008", "reason = \"online_not_registered_or_below_county\"", "reason = \"ok\"", "unknown word 'ok'"),
    ("wuhan-2008", "reason = \"online_not_registered_or_below_county\"", "reason = \"capped\"", "unknown word 'capped'"),
    ("hubei-hours", "reason = \"degree_level_too_low\"", "reason = \"banned\"", "unknown word 'banned'"),
    ("wuhan-2008", "jurisdiction = \"420100\"", "jurisdiction = \"42010\"", "six digits"),
    ("wuhan-2008", "year_start = \"01-01\"", "year_start = \"02-29\"", "MM-DD"),
    ("wuhan-2008", "effective_to = \"\"", "effective_to = \"2008-12-15\"", "'effective_to' lies before 'effective_from'"),
    ("wuhan-2008", "effective_from = \"2008-12-16\"", "effective_from = \"\"", "is no day"),
    ("wuhan-2008", "id = \"WH-CAP-DEGREE-YEAR\"", "id = \"WH CAP\"", "letters, digits and '-'"),
    (
        "wuhan-2008",
        "anchor = \"semester_prep_week\"",
        "anchor = \"semester_prep_week\"\nmonths_before = 1",
        "unknown field 'months_before'",
    ),
    ("henan-vocational-2021", "date = \"2021-06-11\"", "date = \"2021-06-31\"", "is no day"),
    ("henan-vocational-2021", "to = \"2021-06-13\"", "to = \"2021-06-06\"", "'to' lies before 'from'"),
    ("henan-vocational-2021", "bp = 2000\nof", "bp = 2000\ncount = 3\nof", "exactly one of 'bp' and 'count'"),
    ("henan-vocational-2021", "bp_max = 3000", "bp_max = 10001", "0 to 10000"),
    (
        "henan-vocational-2021",
        "measure = \"online_incomplete\"",
        "cmp = \"gt\"\nmeasure = \"online_incomplete\"",
        "unknown field 'cmp'",
    ),
    ("kunming-2015", "window_to = \"2017-12-31\"", "window_to = \"2014-12-31\"", "'window_to' lies before 'window_from'"),
    ("kunming-2015", "fen = 1500000000", "bp = 5", "unknown field 'bp'"),
    ("kunming-2015", "years = [2015, 2016, 2017]", "years = [2015, 2016, 2016]", "'2016' stands twice"),
    ("county-school-based-2023", "weekdays = [2, 4]", "weekdays = [2, 8]", "1 to 7"),
    ("county-school-based-2023", "weekdays = [2, 4]", "weekdays = [2, 2]", "'2' stands twice"),
    ("zhejiang-2004", "senior_master = 500", "senior_docter = 500", "stage_degree"),
    ("vocational-school", "window_years = 5, value = 130", "window_years = 5, value = 0", "leave the rule out"),
    ("vocational-school", "window_years = 5, value = 130", "window_years = 5, valu = 130", "unknown field 'valu'"),
    ("vocational-school", "window_years = 5, value = 130", "window_years = 21, value = 130", "1 to 20"),
];

#[test]
fn numbers_and_combinations_that_make_no_sense() {
    for (id, from, to, said) in NUMBERS {
        let good = text_of(id);
        let at = good.find(from).unwrap_or_else(|| panic!("{id}: {from}"));
        let text = good.replacen(from, to, 1);
        let errors = refused(text.as_bytes());
        assert!(errors.en().contains(said), "{id}: {to}: {errors}");
        // On the line of the change, or on the line after it, or on the line in which its table begins.
        let line = good[..at].matches('\n').count() as u32 + 1;
        let header = text[..at].rfind("\n[").map_or(1, |at| text[..at].matches('\n').count() as u32 + 2);
        for e in &errors.0 {
            assert!([line, line + 1, header].contains(&e.line), "{id}: {to}: line {} of {line}: {errors}", e.line);
        }
    }
}
