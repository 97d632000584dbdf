#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use std::{collections::BTreeSet, fs, path::Path};

use serde_json::json;

use super::*;

#[test]
fn numbers_are_read_with_their_unit() {
    let cases = [
        ("h100", 150, "1.5 学时", "1.5 h"),
        ("planned_h100", 100, "1 学时", "1 h"),
        ("h100", 125, "1.25 学时", "1.25 h"),
        ("h100", 105, "1.05 学时", "1.05 h"),
        ("h100", -25, "-0.25 学时", "-0.25 h"),
        ("h100", 0, "0 学时", "0 h"),
        ("due_fen", 1234, "12.34 元", "12.34 yuan"),
        ("done_bp", 9950, "99.5 %", "99.5 %"),
        ("bytes", 1023, "1023 B", "1023 B"),
        ("udp_bytes_out", 1536, "1.5 KB", "1.5 KB"),
        ("bytes", 5 << 20, "5.0 MB", "5.0 MB"),
        ("wait_ms", 250, "250 毫秒", "250 ms"),
        ("expires_ms", 1_709_254_800_000_i64, "2024-03-01 09:00", "2024-03-01 09:00"),
        ("period", 2024, "2024", "2024"),
    ];
    for (key, n, zh, en) in cases {
        assert_eq!(
            (value::cell(key, &json!(n), Lang::Zh), value::cell(key, &json!(n), Lang::En)),
            (zh.into(), en.into()),
            "{key}"
        );
    }
}

#[test]
fn words_of_ours_are_translated_and_words_of_people_are_not() {
    for (key, text, zh) in
        [("role", "clerk", "台账员"), ("name", "city", "city"), ("title", "online", "online"), ("who", "x", "x")]
    {
        assert_eq!(value::cell(key, &json!(text), Lang::Zh), zh);
    }
    assert_eq!(value::cell("why", &json!({ "zh": "甲", "en": "a" }), Lang::En), "a");
}

#[test]
fn a_table_lines_up_in_both_widths_and_leaves_out_what_is_empty() {
    let reply = Reply::new(
        "orgs",
        json!({ "orgs": [
        { "code": "1", "name": "示范市", "kind": "city", "parent": null },
        { "code": "22", "name": "a", "kind": "county", "parent": null },
    ] }),
    );
    assert_eq!(human(&reply, Lang::Zh), "机构\n机构 (2):\n  代码  名称    类型\n  1     示范市  市\n  22    a       区县\n");
    assert!(!human(&reply, Lang::En).contains("parent"));
}

#[test]
fn nested_parts_are_indented_and_texts_chosen() {
    let reply = Reply::new("x", json!({ "org": { "code": "1" }, "empty": [], "why": { "zh": "甲", "en": "a" }, "gone": null }));
    assert_eq!(human(&reply, Lang::En), "empty  \nwhy    a\norganisation:\n  code  1\n");
}

/// Every `"name":` and `.insert("name"` that stands in a result of the node has a word in both languages.
#[test]
fn every_field_of_every_command_has_a_word() {
    let mut names = BTreeSet::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../taizhang-node/src");
    for folder in ["commands", "driver"] {
        walk(&source.join(folder), &mut names);
    }
    let missing: Vec<&String> = names.iter().filter(|n| !words::known(n) && !value::HIDDEN.contains(&n.as_str())).collect();
    assert!(names.len() > 100, "the search finds {} names only", names.len());
    assert!(missing.is_empty(), "no word in output/words.rs for: {missing:?}");
}

fn walk(folder: &Path, names: &mut BTreeSet<String>) {
    for file in fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()) {
        if file.is_dir() {
            walk(&file, names);
            continue;
        }
        if ["tests.rs", "testkit.rs"].iter().any(|t| file.ends_with(t)) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let source = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let parts: Vec<&str> = source.split('"').collect();
        let is_field = |w: &[&str]| w[2].starts_with(':') || w[0].ends_with(".insert(");
        let is_name = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        names.extend(parts.windows(3).filter(|w| is_field(w) && is_name(w[1])).map(|w| w[1].to_owned()));
    }
}

#[test]
fn the_lists_of_words_are_whole() {
    for list in [words::HEADLINES, words::LABELS, words::WORDS] {
        let names: BTreeSet<&str> = list.iter().map(|(n, ..)| *n).collect();
        assert_eq!(names.len(), list.len(), "a name stands twice");
        for (name, zh, en) in list {
            assert!(!zh.is_ascii() && en.is_ascii() && !en.is_empty(), "{name}: {zh}, {en}");
        }
    }
}
