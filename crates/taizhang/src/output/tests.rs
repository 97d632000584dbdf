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
        ("recorded_h100.school_based", 3650, "36.5 学时", "36.5 h"),
        ("registered_day", 20088, "2024-12-31", "2024-12-31"),
        ("by", 1, "学校", "school"),
        ("by", 99, "99", "99"),
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
fn figures_have_the_unit_that_stands_beside_or_above_them() {
    let reply = json!({
        "missing": [{ "rule": "R", "unit": "h100", "need": 1600, "got": 850, "short": 750 }],
        "recognised_h100": { "online": 1425 }, "totals": [["approved_h100.online", 2550], ["records", 3]], "as_of": 20088,
        "fund_due_fen": 1234, "leave_d100": 150, "requirements": [{ "unit": "days", "need": 3 }],
    });
    for (lang, all) in [
        (Lang::Zh, ["16 学时", "8.5 学时", "7.5 学时", "14.25 学时", "25.5 学时", "12.34 元", "1.5 天", "2024-12-31", "登记 3"]),
        (Lang::En, ["16 h", "8.5 h", "7.5 h", "14.25 h", "25.5 h", "12.34 yuan", "1.5 days", "2024-12-31", "records 3"]),
    ] {
        let text = human(&Reply::new("x", reply.clone()), lang);
        for said in all {
            assert!(text.contains(said), "{said}: {text}");
        }
        for raw in ["1600", "850", "750", "1425", "2550", "1234", "150", "h100", "(分)", "百分之一"] {
            assert!(!text.contains(raw), "{raw}: {text}");
        }
    }
}

#[test]
fn what_is_said_in_two_languages_is_shown_in_one() {
    let reply = json!({
        "findings": [{ "what": "burnt", "detail": "2 entries", "detail_zh": "2 条" }, { "what": "fork", "detail": "f00", "detail_zh": null }],
        "sample": { "problems": ["other"], "problems_zh": ["不符"] },
        "teacher": { "teacher_line": 1, "standing": "behind, online 4/5", "standing_zh": "进度落后", "standing_en": "behind" },
    });
    let (zh, en) = (human(&Reply::new("x", reply.clone()), Lang::Zh), human(&Reply::new("x", reply), Lang::En));
    assert!(zh.contains("2 条") && zh.contains("f00") && zh.contains("不符") && zh.contains("进度落后"), "{zh}");
    assert!(!zh.contains("entries") && !zh.contains("other") && !zh.contains("online"), "{zh}");
    assert!(en.contains("2 entries") && en.contains("other") && !en.contains('条') && !en.contains("4/5"), "{en}");
    assert!(!zh.contains("_zh") && !en.contains("_zh"), "{zh}{en}");
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

#[test]
fn a_name_is_said_as_it_is_meant_where_it_stands() {
    let (key, rollup) = ("ab".repeat(32), "cd".repeat(32));
    let status = json!({
        "documents_by_kind": { "rollup": 2 },
        "keys": [{ "key": key, "label": "admin", "roles": [{ "org": "1", "role": "admin", "label": "管理岗", "open": true }] }],
    });
    let text = human(&Reply::new("status", status), Lang::Zh);
    for said in ["公钥", "名称  admin", "岗位", "有效", "汇总  2"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let totals = json!({ "rollup": rollup, "totals": { "approved_h100.school_based": 3650, "open": 3, "records.online": 2 } });
    let reply = Reply::new("rollup", totals);
    let (zh, en) = (human(&reply, Lang::Zh), human(&reply, Lang::En));
    for said in ["汇总编号", "校本培训 认定学时  36.5 学时", "未决", "网络培训 登记"] {
        assert!(zh.contains(said), "{said}: {zh}");
    }
    assert!(en.contains("school-based approved hours  36.5 h"), "{en}");
    assert!(!zh.contains("有效") && !zh.contains("h100"), "{zh}");
    let rivals = json!({ "conflicts": [{ "key": "registration:g/1", "choices": [{ "choose": 1, "value": {
        "activity_no": "A1", "attended_h100": 150, "by": 1, "registered_day": 20088, "note": null,
    } }] }] });
    let text = human(&Reply::new("conflicts", rivals), Lang::Zh);
    for said in ["编号  registration:g/1", "活动编号", "参加学时", "1.5 学时", "学校", "登记日期", "2024-12-31"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains("备注"), "{text}");
}

/// cli.md promises the lines of the account with the rule.
#[test]
fn a_history_tells_the_lines_of_the_account() {
    let line = json!({ "activity": "A1", "rule": "W-1", "zh": "计 16 学时 (W-1)", "en": "16 h count (W-1)" });
    let account = json!({ "policy": "wuhan-2008", "as_of": "2026-11-29", "status": "on_track", "lines": [line], "waiting": [] });
    let reply = Reply::new("audit-history", json!({ "record": "g/A1/T1", "account": account }));
    for (lang, said) in [(Lang::Zh, ["计 16 学时 (W-1)", "进度正常"]), (Lang::En, ["16 h count (W-1)", "on track"])] {
        let text = human(&reply, lang);
        assert!(said.iter().all(|s| text.contains(s)), "{text}");
    }
}

/// One name is the count of what opened, and the word of a finding about what does not.
#[test]
fn identities_that_opened_are_not_said_to_be_shut() {
    let reply = Reply::new("audit", json!({ "sealed": 10 }));
    assert!(
        human(&reply, Lang::Zh).contains("打开的身份信息  10") && human(&reply, Lang::En).contains("identities that opened  10")
    );
    assert_eq!(words::word("sealed", Lang::Zh), Some("身份信息打不开"));
}

#[test]
fn an_export_without_a_file_is_the_file_and_nothing_else() {
    let reply = |text: Option<&str>, lines: Vec<Value>| Reply {
        lines,
        ..Reply::new("export", json!({ "rows": 0, "out": null, "text": text }))
    };
    assert_eq!(on_stdout(&reply(Some("\u{feff}a,b\r\n"), vec![])).unwrap(), "\u{feff}a,b\r\n");
    assert_eq!(on_stdout(&reply(None, vec![json!({ "a": 1 })])).unwrap(), "{\"a\":1}\n");
    assert_eq!(on_stdout(&reply(None, vec![])).unwrap(), "");
    assert_eq!(on_stdout(&Reply::new("export", json!({ "out": "/tmp/x" }))), None);
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
    assert!(missing.is_empty(), "no word in output/words for: {missing:?}");
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
        let source = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let parts: Vec<&str> = source.split('"').collect();
        let is_field = |w: &[&str]| w[2].starts_with(':') || w[0].ends_with(".insert(");
        let is_name = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        names.extend(parts.windows(3).filter(|w| is_field(w) && is_name(w[1])).map(|w| w[1].to_owned()));
    }
}

/// Kinds of findings stand in tables beside their sentences: none of them as an internal word.
#[test]
fn every_kind_of_finding_has_a_word() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../taizhang-node/src/commands");
    let audit = fs::read_to_string(source.join("audit/findings.rs")).unwrap();
    let coded = |line: &str| {
        let line = line.trim();
        let is_code = [" Error \"", " Warning \"", " Note \""].iter().any(|s| line.contains(s)) && line.ends_with(';');
        is_code.then(|| line.split('"').nth(1).map(str::to_owned)).flatten()
    };
    let mut kinds: BTreeSet<String> = audit.lines().filter_map(coded).collect();
    assert!(kinds.len() > 30, "{kinds:?}");
    let mut import = String::new();
    sources(&source.join("import"), &mut import);
    for call in ["refuse_row(", ".refuse(", ".note(", "Found::new(", "why("] {
        for said in import.split(call).skip(1) {
            let head: String = said.chars().take(120).collect();
            let word = head.split('"').nth(1).filter(|_| head.split('"').next().is_some_and(|before| !before.contains(';')));
            kinds.extend(word.map(str::to_owned));
        }
    }
    kinds.retain(|k| !k.is_empty() && k.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
    for kind in ["grant_former", "clock", "first_job_unsaid", "school_closed"] {
        assert!(kinds.contains(kind), "{kind}: {kinds:?}");
    }
    let missing: Vec<&String> = kinds.iter().filter(|k| words::word(k, Lang::Zh).is_none_or(str::is_ascii)).collect();
    assert!(missing.is_empty(), "no word in output/words for: {missing:?}");
}

fn sources(folder: &Path, text: &mut String) {
    for file in fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()) {
        if file.is_dir() {
            sources(&file, text);
        } else if !file.ends_with("tests.rs") {
            text.push_str(&fs::read_to_string(&file).unwrap());
        }
    }
}

#[test]
fn what_two_commands_call_alike_is_said_as_each_means_it() {
    let keys = json!([{ "key": "ab", "state": "open" }]);
    let listed = human(&Reply::new("keys", json!({ "keys": keys })), Lang::Zh);
    assert!(!listed.contains("本机密钥"), "{listed}");
    let status = human(&Reply::new("status", json!({ "keys": keys, "neighbours": [] })), Lang::Zh);
    assert!(status.contains("本机密钥"), "{status}");
    let proposal = json!({ "complete": false, "signatures_needed": 2 });
    assert!(human(&Reply::new("root-proposal", proposal), Lang::Zh).contains("签名已够"));
    let waiting = json!({ "waiting": [{ "claims": { "elsewhere": 1 }, "items": [{ "id": "1" }] }] });
    let listed = human(&Reply::new("review", waiting), Lang::Zh);
    assert!(listed.contains("批件情况") && listed.contains("单独登记的培训") && !listed.contains("外出"), "{listed}");
    let joined = |in_effect| human(&Reply::new("join", json!({ "in_effect": in_effect })), Lang::Zh);
    assert!(joined(false).contains("第一次联网后生效") && !joined(true).contains("联网"));
}

#[test]
fn the_lists_of_words_are_whole() {
    for list in words::lists() {
        let names: BTreeSet<&str> = list.iter().map(|(n, ..)| *n).collect();
        assert_eq!(names.len(), list.len(), "a name stands twice");
        for (name, zh, en) in list {
            assert!(!zh.is_ascii() && en.is_ascii() && !en.is_empty(), "{name}: {zh}, {en}");
        }
    }
}
