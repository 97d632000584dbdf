#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use serde_json::{Value as Json, json};
use taizhang_core::rows::{Decision, DecisionTarget, Status, Verdict};

use super::*;
use crate::{
    command::{Command, Import},
    commands::testkit::{Net, YEAR, row},
    error::CommandError,
};

fn correction() -> RosterCorrection {
    RosterCorrection { teacher: "T1".into(), org: Some("001".into()), reason: "录入有误".into(), ..Default::default() }
}

fn hired(day: &str) -> RosterCorrection {
    RosterCorrection { hired: Some(day.into()), ..correction() }
}

/// T1 of 001 as a sheet brings it, hired on 2012-09-01.
fn net() -> Net {
    let mut net = Net::new();
    import(&mut net, "2012-09-01", "二级教师").unwrap();
    net
}

fn import(net: &mut Net, hired: &str, title: &str) -> Result<Json, CommandError> {
    let path = net.dir.path().join(format!("roster-{hired}-{title}.csv"));
    let head = "教师编号,姓名,性别,入职日期,任教学段,任教学科,职称,学历";
    std::fs::write(&path, format!("{head}\nT1,王小明,男,{hired},小学,语文,{title},本科\n")).unwrap();
    let import = Import {
        kind: "roster".into(),
        files: vec![path],
        org: Some("001".into()),
        year: None,
        semester: None,
        activity: None,
        dry_run: false,
        skip_bad_rows: false,
    };
    net.run("clerk", &Command::Import(import)).map(|r| r.data["files"][0].clone())
}

fn correct(net: &mut Net, who: &str, correction: RosterCorrection) -> Result<Json, CommandError> {
    net.run(who, &Command::RosterCorrect(correction)).map(|r| Json::Object(r.data))
}

fn said(net: &Net) -> (Vec<String>, Vec<(String, String, String)>) {
    let view = net.core.view(&net.roster()).unwrap();
    let hired = view.current().into_iter().filter_map(|r| r.read::<Teacher>()).map(|t| t.row.hired_day.to_string()).collect();
    let facts = view.current().into_iter().filter_map(|r| r.read::<Status>()).map(|s| s.row);
    let mut facts: Vec<_> = facts.map(|s| (s.what, s.value.unwrap(), s.from_day.to_string())).collect();
    facts.sort();
    (hired, facts)
}

fn fact(what: &str, value: &str, from: &str) -> (String, String, String) {
    (what.into(), value.into(), from.into())
}

#[test]
fn a_wrong_day_of_hiring_is_corrected_with_what_began_on_it_and_stays_visible() {
    let mut net = net();
    let reply = correct(&mut net, "clerk", hired("2021-09-01")).unwrap();
    assert_eq!(
        reply["changes"][0],
        json!({ "fact": "hired_day", "zh": "参加工作时间", "en": "day of hiring", "was": "2012-09-01", "now": "2021-09-01" })
    );
    assert_eq!(
        (&reply["document"], &reply["unchanged"], &reply["waiting"]),
        (&json!("001/roster"), &json!(false), &json!(false))
    );
    assert_eq!((reply["rows"].as_array().unwrap().len(), reply["replaced"].as_array().unwrap().len()), (4, 4), "{reply}");
    let day = "2021-09-01";
    let facts = vec![fact("degree", "本科", day), fact("stage", "primary", day), fact("title", "二级教师", day)];
    assert_eq!(said(&net), (vec![day.to_owned()], facts));
    // Both are in the history: of the teacher with the facts, each with its reason and what it replaces.
    let history = net.data("clerk", &Command::AuditHistory { record: "T1".into(), activity: None });
    let events = history["events"].as_array().unwrap();
    let of = |event: &str, kind: &str| events.iter().filter(|e| e["event"] == event && e["type"] == kind).count();
    assert_eq!((of("written", "teacher"), of("corrected", "teacher"), of("corrected", "status")), (1, 1, 3), "{history}");
    let corrected = events.iter().find(|e| e["event"] == "corrected" && e["type"] == "teacher").unwrap();
    assert_eq!((&corrected["reason"], &corrected["label"]), (&json!("录入有误"), &json!("clerk 岗")));
    assert_eq!(corrected["replaces"][0], reply["replaced"][0]);
    // Once more is nothing new, and the sheet with the right day neither.
    let again = correct(&mut net, "clerk", hired(day)).unwrap();
    assert_eq!((&again["unchanged"], &again["rows"]), (&json!(true), &json!([])));
    let first_job = RosterCorrection { first_job: Some(true), ..correction() };
    assert_eq!(correct(&mut net, "clerk", first_job).unwrap()["changes"][0]["now"], true);
    let report = import(&mut net, day, "二级教师").unwrap();
    assert_eq!((&report["unchanged"], &report["imported"]), (&json!(1), &json!(0)), "{report}");
    assert_eq!(
        import(&mut net, "2012-09-01", "一级教师").unwrap_err().details.unwrap()["files"][0]["findings"][0]["kind"],
        "differs"
    );
}

#[test]
fn of_several_facts_the_last_is_meant_or_the_one_that_begins_on_a_day() {
    let mut net = net();
    // A promotion, dated from the day of the import.
    import(&mut net, "2012-09-01", "一级教师").unwrap();
    let today = net.core.now().day().to_string();
    let title = |text: &str, since: Option<&str>| RosterCorrection {
        title: Some(text.into()),
        since: since.map(str::to_owned),
        ..correction()
    };
    correct(&mut net, "clerk", title("高级教师", None)).unwrap();
    let reply = correct(&mut net, "clerk", title("三级教师", Some("2012-09-01"))).unwrap();
    let change = &reply["changes"][0];
    assert_eq!(
        (&change["was"], &change["now"], &change["zh"]),
        (&json!("二级教师"), &json!("三级教师"), &json!("职称 (自 2012-09-01)"))
    );
    let titles = |net: &Net| said(net).1.into_iter().filter(|(what, ..)| what == "title").collect::<Vec<_>>();
    assert_eq!(titles(&net), [fact("title", "三级教师", "2012-09-01"), fact("title", "高级教师", &today)]);
    // With the hire and the value at once: one row, and no fact jumps over a later one.
    let both = RosterCorrection { stage: Some("junior".into()), ..hired("2013-09-01") };
    correct(&mut net, "clerk", both).unwrap();
    assert!(said(&net).1.contains(&fact("stage", "junior", "2013-09-01")), "{:?}", said(&net));
    let next_year = format!("{}-01-01", net.core.now().day().year() + 1);
    correct(&mut net, "clerk", hired(&next_year)).unwrap();
    assert_eq!(titles(&net), [fact("title", "三级教师", "2013-09-01"), fact("title", "高级教师", &today)]);
}

#[test]
fn who_may_correct_and_what() {
    let mut net = net();
    let before = net.core.ledger().len();
    let wrong = [
        (hired("2021-9-1"), "看不懂的日期 2021-9-1"),
        (hired("1921-09-01"), "看不懂的日期 1921-09-01"),
        (hired("2099-09-01"), "日期 2099-09-01 不对"),
        (correction(), "没有写明更正什么"),
        (RosterCorrection { reason: " ".into(), ..hired("2021-09-01") }, "文字不能为空, 且不超过 1000 字节"),
        (RosterCorrection { teacher: "42980419721227006X".into(), ..hired("2021-09-01") }, "花名册中没有此编号的教师"),
        (RosterCorrection { org: None, ..hired("2021-09-01") }, "花名册由学校更正"),
        (RosterCorrection { stage: Some("tertiary".into()), ..correction() }, "没有学段 tertiary"),
        (RosterCorrection { post: Some("专任".into()), ..correction() }, "花名册没有登记此教师的岗位类别, 或没有从这一天起的"),
        (
            RosterCorrection { title: Some("高级".into()), since: Some("2013-01-01".into()), ..correction() },
            "花名册没有登记此教师的职称, 或没有从这一天起的",
        ),
        (RosterCorrection { reason: "电话13812345678".into(), ..hired("2021-09-01") }, "「理由」里有电话号码 (T1), 未写入"),
        (RosterCorrection { reason: "王小明说的".into(), ..hired("2021-09-01") }, "「理由」里有教师姓名 (T1), 未写入"),
    ];
    for (asked, zh) in wrong {
        let error = correct(&mut net, "clerk", asked).expect_err(zh);
        assert!(error.what.zh == zh && error.hint.is_some() != (zh.starts_with("文字")), "{error:?}");
    }
    for who in ["clerk3", "office", "reviewer"] {
        let error = correct(&mut net, who, hired("2021-09-01")).unwrap_err();
        assert!(error.kind == ErrorKind::Refused && error.what.en.contains("may not write into this roster"), "{who}: {error:?}");
    }
    assert_eq!(net.core.ledger().len(), before);
}

#[test]
fn what_two_hands_say_is_settled_only_by_a_correction_that_leaves_nothing_open() {
    let mut net = net();
    let other = Teacher {
        first_job: Some(true),
        ..net.core.view(&net.roster()).unwrap().rows.values().find_map(|r| r.read::<Teacher>()).unwrap().row
    };
    net.put("clerk2", net.roster(), &row(&other));
    let error = correct(&mut net, "clerk", hired("2021-09-01")).unwrap_err();
    assert!(error.kind == ErrorKind::Refused && error.hint.unwrap().zh.contains("conflict settle"));
    let both = RosterCorrection { first_job: Some(false), ..hired("2021-09-01") };
    let reply = correct(&mut net, "clerk", both).unwrap();
    assert_eq!(reply["replaced"].as_array().unwrap().len(), 5, "{reply}");
    assert_eq!(said(&net).0, ["2021-09-01"]);
    assert_eq!(net.data("clerk", &Command::Status)["conflicts"]["rivals"], 0);
}

#[test]
fn what_the_county_has_fixed_or_locked_says_who_lets_it_count() {
    let mut net = net();
    let view = net.core.view(&net.roster()).unwrap();
    let there = view.rows.values().find(|r| r.row_type == Teacher::TYPE).unwrap().name;
    let approved = Decision {
        target: DecisionTarget::Rows { document: net.roster(), rows: vec![(there.entry, vec![there.index])] },
        verdict: Verdict::Approved,
        reason: None,
    };
    net.put("reviewer", net.review(), &row(&approved));
    let reply = correct(&mut net, "clerk", hired("2021-09-01")).unwrap();
    assert_eq!((&reply["waiting"], &reply["locked_by"]), (&json!(true), &Json::Null), "{reply}");
    let mut net = self::net();
    let lock = Command::ReviewLock { org: Some("001".into()), all: false, year: YEAR, even_pending: true, reason: None };
    net.run("reviewer", &lock).unwrap();
    let reply = correct(&mut net, "clerk", hired("2021-09-01")).unwrap();
    assert_eq!((&reply["locked_years"], &reply["locked_by"]), (&json!([YEAR]), &json!(["429801"])), "{reply}");
}
