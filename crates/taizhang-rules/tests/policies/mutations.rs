//! Every field of every rule of every file: taken away, misnamed, of another type, out of range, misspelt. Nothing here is picked by hand
//! but the lists of what may be left out and what may say any word.

use taizhang_rules::policy::{
    Policy,
    library::library,
    read::{Fault, PolicyError},
};

/// (type of rule or table, field): may be left out.
const OPTIONAL: &[(&str, &str)] = &[
    ("[policy]", "overlay"),
    ("convert", "day_h100"),
    ("eligible", "org_levels"),
    ("eligible", "requires"),
    ("min", "tags_any"),
    ("min", "tags_exclude"),
    ("programme", "min_weeks"),
    ("coverage", "org_levels"),
    ("ratio", "by"),
    ("authority", "kinds"),
    ("authority", "org_levels"),
    ("authority", "register_by"),
    ("authority", "audit_by"),
    ("authority", "audit_every"),
    ("authority", "guide_by"),
    ("authority", "spot_check_by"),
    ("authority", "when"),
    ("authority", "seal"),
    ("authority", "note"),
    ("deadline", "kinds"),
    ("deadline", "org_levels"),
    ("deadline", "file_with"),
    ("deadline", "forms"),
    ("select", "every"),
    ("select", "issued_by"),
    ("fund", "uses"),
    ("fund_rule", "travel_paid_by"),
    ("report", "by"),
    ("report", "submit_to"),
    ("report", "publish"),
];

/// May be left out, but then another field has no meaning.
const LEADING: &[(&str, &str)] = &[("programme", "about"), ("coverage", "split_bp")];

/// (type, field): words that this program does not know in advance. `*`: in every table.
const FREE: &[(&str, &str)] = &[
    ("*", "id"),
    ("*", "source"),
    ("[policy]", "title"),
    ("[policy]", "doc_no"),
    ("[engine]", "degree_substitutes"),
    ("*", "bucket"),
    ("*", "buckets"),
    ("*", "programme"),
    ("min", "who"),
    ("min", "tags_any"),
    ("min", "tags_exclude"),
    ("min_any", "who"),
    ("programme", "about"),
    ("quota", "parts"),
    ("ratio", "what"),
    ("ratio", "of"),
    ("authority", "audit_by"),
    ("authority", "audit_every"),
    ("authority", "guide_by"),
    ("authority", "spot_check_by"),
    ("authority", "when"),
    ("authority", "note"),
    ("deadline", "submit_to"),
    ("deadline", "file_with"),
    ("deadline", "forms"),
    ("select", "every"),
    ("select", "issued_by"),
    // «fixed» decides which of bp and fen there is: its misspelling is refused there.
    ("fund", "base"),
    ("fund", "holder"),
    ("fund", "uses"),
    ("fund_rule", "what"),
    ("fund_rule", "travel_paid_by"),
    ("consequence", "on"),
    ("consequence", "effects"),
    ("duty", "who"),
    ("duty", "must"),
    ("certificate", "what"),
    ("certificate", "printed_by"),
    ("report", "what"),
    ("report", "every"),
    ("report", "by"),
    ("report", "submit_to"),
    ("export", "to"),
    ("export", "every"),
    ("transfer", "notify"),
];

/// One `field = value` of a file.
struct Field<'t> {
    /// Index of its line.
    at: usize,
    /// Index of the line in which its table begins.
    header: usize,
    /// `[policy]`, or the type of the rule.
    table: &'t str,
    /// Id of the rule, or empty.
    rule: &'t str,
    name: &'t str,
    value: &'t str,
}

/// Everything after `=` up to a comment.
fn value_of(rest: &str) -> &str {
    let mut quoted = false;
    let end = rest.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == '#' && !quoted
    });
    rest[..end.map_or(rest.len(), |(at, _)| at)].trim()
}

fn fields<'t>(lines: &[&'t str]) -> Vec<Field<'t>> {
    let pair = |line: &'t str| line.split_once('=').filter(|_| !line.starts_with('#')).map(|(k, v)| (k.trim(), value_of(v)));
    let mut found = Vec::new();
    let mut header = None;
    for (at, line) in lines.iter().enumerate() {
        if line.starts_with('[') {
            header = Some(at);
        }
        let (Some(header), Some((name, value))) = (header, pair(line)) else { continue };
        let inside = || lines[header + 1..].iter().take_while(|line| !line.starts_with('[')).filter_map(|line| pair(line));
        let says = |field: &str| inside().find(|(k, _)| *k == field).map_or("", |(_, v)| v.trim_matches('"'));
        let is_rule = lines[header].starts_with("[[");
        let table = if is_rule { says("type") } else { value_of(lines[header]) };
        let rule = if is_rule { says("id") } else { "" };
        found.push(Field { at, header, table, rule, name, value });
    }
    found
}

fn listed(list: &[(&str, &str)], field: &Field<'_>) -> bool {
    list.iter().any(|(table, name)| (*table == field.table || *table == "*") && *name == field.name)
}

fn line(at: usize) -> u32 {
    u32::try_from(at).unwrap() + 1
}

/// Runs `test` for every field of every file.
fn every_field(mut test: impl FnMut(&str, &[&str], &Field<'_>)) -> usize {
    let mut count = 0;
    for (id, bytes) in library() {
        let text = std::str::from_utf8(bytes).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for field in fields(&lines) {
            test(id, &lines, &field);
            count += 1;
        }
    }
    count
}

/// Reads the file with this line put in the place of the field's (or taken away).
fn with(lines: &[&str], at: usize, line: Option<&str>) -> Result<Policy, Vec<PolicyError>> {
    let changed: Vec<&str> = lines.iter().enumerate().filter_map(|(n, old)| if n == at { line } else { Some(*old) }).collect();
    Policy::read(changed.join("\n").as_bytes()).map_err(|e| e.0)
}

fn refused_at(lines: &[&str], field: &Field<'_>, value: &str) -> Vec<PolicyError> {
    let changed = format!("{} = {value}", field.name);
    let place = format!("{} {} {} = {value}", field.rule, field.table, field.name);
    let errors = with(lines, field.at, Some(&changed)).expect_err(&place);
    assert!(errors.iter().any(|e| e.line == line(field.at)), "{place}: {errors:#?}");
    errors
}

#[test]
fn fields_taken_away() {
    let mut refused = 0;
    let all = every_field(|id, lines, field| {
        let place = format!("{id} {} {} {}", field.rule, field.table, field.name);
        let read = with(lines, field.at, None);
        if listed(OPTIONAL, field) {
            assert!(read.is_ok(), "{place}: {read:#?}");
            return;
        }
        let errors = read.expect_err(&place);
        refused += 1;
        let names = |e: &PolicyError| match &e.fault {
            Fault::Missing { field: missing } => *missing == field.name,
            Fault::OneOf { fields } => fields.contains(&field.name),
            Fault::UnknownField { .. } => listed(LEADING, field),
            _ => false,
        };
        let found = errors.iter().find(|e| names(e)).unwrap_or_else(|| panic!("{place}: {errors:#?}"));
        if !listed(LEADING, field) {
            assert_eq!(found.line, line(field.header), "{place}");
        }
        assert_eq!(found.rule, if field.name == "id" { "" } else { field.rule }, "{place}");
    });
    assert!(refused > 500 && all > refused, "{refused} of {all}");
}

#[test]
fn unknown_fields_anywhere() {
    every_field(|id, lines, field| {
        let mut changed = lines.to_vec();
        changed.insert(field.at + 1, "surprise = 1");
        let errors = Policy::read(changed.join("\n").as_bytes()).expect_err(id).0;
        assert_eq!(errors.len(), 1, "{id} after {} {}: {errors:#?}", field.rule, field.name);
        assert_eq!((errors[0].line, errors[0].rule.as_str()), (line(field.at + 1), field.rule));
        let Fault::UnknownField { field: unknown, allowed } = &errors[0].fault else { panic!("{errors:?}") };
        assert!(unknown == "surprise" && allowed.contains(&field.name), "{id} {}: {allowed:?}", field.name);
    });
}

#[test]
fn fields_misnamed() {
    every_field(|id, lines, field| {
        let changed = format!("{}x = {}", field.name, field.value);
        let errors = with(lines, field.at, Some(&changed)).expect_err(id);
        // Without its type nobody knows the fields of a rule, and without measure or anchor not all.
        if ["type", "measure"].contains(&field.name) {
            assert!(errors.iter().any(|e| e.line == line(field.header)), "{id} {} {}: {errors:#?}", field.rule, field.name);
            return;
        }
        let unknown =
            |e: &&PolicyError| matches!(&e.fault, Fault::UnknownField { field: f, .. } if *f == format!("{}x", field.name));
        let found = errors.iter().find(unknown).unwrap_or_else(|| panic!("{id} {} {}: {errors:#?}", field.rule, field.name));
        assert_eq!(found.line, line(field.at));
    });
}

#[test]
fn types_misspelt() {
    let mut count = 0;
    every_field(|_, lines, field| {
        if field.name != "type" {
            return;
        }
        for wrong in [format!("{}s", field.table), field.table.to_uppercase(), String::new(), format!(" {}", field.table)] {
            let errors = refused_at(lines, field, &format!("\"{wrong}\""));
            assert_eq!(errors.len(), 1, "{errors:#?}");
            assert_eq!(errors[0].rule, field.rule);
            assert!(matches!(&errors[0].fault, Fault::UnknownWord { allowed, .. } if allowed.contains(&field.table)));
            count += 1;
        }
    });
    assert!(count > 400);
}

#[test]
fn other_types_of_values() {
    every_field(|_, lines, field| {
        let is_text = field.value.starts_with('"');
        let is_list = field.value.starts_with('[');
        let is_number = field.value.starts_with(|c: char| c.is_ascii_digit());
        let is_flag = ["true", "false"].contains(&field.value);
        let mut wrong = vec!["1.5", "2023-01-01", "[[1]]", "[]", "{}", "{ a = {} }", "nothing", "____", ""];
        wrong.extend((!(is_text || is_list && field.table == "report")).then_some("\"text\""));
        wrong.extend((!is_number).then_some("7"));
        wrong.extend((!is_flag).then_some("true"));
        wrong.extend(is_number.then_some("-1"));
        wrong.extend(is_number.then_some("99999999999999999999"));
        wrong.extend(is_number.then_some("18446744073709551615"));
        for value in wrong {
            refused_at(lines, field, value);
        }
        if is_list {
            refused_at(lines, field, "[true]");
            refused_at(lines, field, &field.value.replacen('[', "[[], ", 1));
            if !["split_bp", "options"].contains(&field.name) {
                // The same word twice.
                let doubled = format!("{}, {}", field.value.trim_end_matches(']'), field.value.trim_start_matches('['));
                refused_at(lines, field, &doubled);
            }
        }
    });
}

#[test]
fn words_misspelt() {
    let mut count = 0;
    every_field(|_, lines, field| {
        if !field.value.contains('"') || listed(FREE, field) {
            return;
        }
        // Each word in turn, by its closing quote.
        for (n, (at, _)) in field.value.match_indices('"').enumerate().filter(|(n, _)| n % 2 == 1) {
            let (before, after) = field.value.split_at(at);
            let errors = refused_at(lines, field, &format!("{before}q{after}"));
            assert!(n > 0 && !errors.is_empty());
            count += 1;
        }
    });
    assert!(count > 300, "{count}");
}

#[test]
fn free_words_have_a_form() {
    every_field(|_, lines, field| {
        if listed(FREE, field) && field.value.starts_with('"') {
            refused_at(lines, field, "\"a\\u0007b\"");
            refused_at(lines, field, &format!("\"{}\"", "a".repeat(501)));
        }
    });
}
