//! Forms 04, 06, 12, 13, 16, 18.

use taizhang_core::rows::{Fund, FundSource, PlanDecision, PlanVerdict, Session};

use super::{
    kit::{activity, day, plan, policy, row_ref, session, some},
    *,
};
use crate::{
    case::Level,
    policy::Rule,
    progress::Trained,
    report::{
        money::{County, form_16, form_18},
        plans::{Class, Planned, form_04, form_06},
        quota::{Places, Seat, Targets, form_12, form_13},
    },
};

#[test]
fn form_04_takes_from_the_plan_what_a_session_does_not_say() {
    let full = Session {
        theme: some("备课"),
        form: some("研讨"),
        lecturer: some("教研组长"),
        audience: some("语文组"),
        assessment: some("教案"),
        cost_fen: Some(12_050),
        ..session(1, 1, 2, 150)
    };
    let planned = |session, plan| Planned { section: some("甲校"), session, plan };
    check(
        &form_04(&[
            planned(full, Some(plan())),
            planned(session(2, 2, 4, 100), Some(plan())),
            planned(session(3, 3, 2, 100), None),
        ]),
        "form-04",
        &[
            "周次|主题|形式|主讲|对象|学时|考核|经费",
            "[甲校]1|备课|研讨|教研组长|语文组|1.5|教案|120.5",
            "[甲校]2||||初中教师|1|考试|",
            "[甲校]3|||||1||",
            "=合计|||||3.5||120.5",
        ],
    );
}

#[test]
fn form_06_joins_plan_activity_and_decision() {
    let decision = PlanDecision {
        plan: row_ref(),
        decision: PlanVerdict::Approved,
        decided_day: day("2025-03-01"),
        retroactive: false,
        reason: None,
        filed_day: Some(day("2025-03-05")),
    };
    let sessions = vec![Session { theme: some("课标"), ..session(1, 1, 2, 800) }, session(2, 1, 3, 1_650)];
    let whole = Class {
        activity: activity(),
        plan: Some(plan()),
        organiser: some("进修学校"),
        sessions,
        decision: Some(decision.clone()),
    };
    let late =
        PlanDecision {
            decision: PlanVerdict::Returned, retroactive: true, reason: some("缺课表"), filed_day: None, ..decision
        };
    let bare = Class { activity: activity(), plan: None, organiser: None, sessions: Vec::new(), decision: Some(late) };
    let none = Class { decision: None, ..bare.clone() };
    check(
        &form_06(&[whole, bare, none]),
        "form-06",
        &[
            "项目|承办|对象|人数|起止|地点|课程与课时|授课教师|学分标准|考核办法|经费|审核意见|备案",
            "新课标培训|进修学校|初中教师|40|2025-04-01 至 2025-04-03|进修学校|课标 8学时;第2次 16.5学时|专家一、专家二|8学时1学分|考试|12345.5|已审核 2025-03-01|2025-03-05",
            "新课标培训||||2025-04-01 至 2025-04-03|进修学校|24学时|||||退回 2025-03-01 追认 缺课表|",
            "新课标培训||||2025-04-01 至 2025-04-03|进修学校|24学时||||||",
            "=合计|||40|||||||12345.5||",
        ],
    );
}

fn cover() -> Vec<Rule> {
    policy("kunming-2015").rules.into_iter().filter(|r| r.id == "KM-COVER-COUNTY").collect()
}

#[test]
fn form_12_splits_targets_and_counts_people_once() {
    let trained = |teacher, date: &str, category| Trained {
        teacher,
        day: day(date),
        bucket: "concentrated",
        level: Level::County,
        category,
    };
    let all = [
        trained("T1", "2015-05-01", "backbone"),
        trained("T1", "2015-09-01", "backbone"),
        trained("T1", "2016-05-01", "backbone"),
        trained("T2", "2016-05-01", "backbone"),
        trained("T3", "2016-06-01", ""),
        Trained { level: Level::School, ..trained("T4", "2016-06-01", "") },
        trained("T5", "2018-01-01", ""),
    ];
    let seats = |year: u16, category: &str, seats: u64| Places { year, category: category.into(), seats };
    let places =
        [seats(2015, "backbone", 2), seats(2016, "backbone", 3), seats(2016, "backbone", 1), seats(2016, "principal", 0)];
    let rules = cover();
    let targets = Targets { year: 2016, teachers: 25, places: &places, rules: &rules, level: Level::County };
    check(
        &form_12(&targets, &all, Audience::City),
        "form-12",
        &[
            "类别|指标|已完成(人)|完成率|年度目标30/30/40|累计",
            "骨干教师|4|2|50%|2/4|3",
            "校长|0|0||0|0",
            // 40 % of 25 are 10: 3, 3, 4. T1, T2 and T3 were trained by the county, in the window.
            "覆盖教师(KM-COVER-COUNTY)|10|3|30%|3/3/4|3",
        ],
    );
    let public = form_12(&targets, &all, Audience::Public);
    assert_eq!(shown(&public, false)[1..3], ["骨干教师|4|<5|<5|2/4|<5", "校长|0|0||0|0"]);
    // Up to 2015: T1 alone.
    let before = Targets { year: 2015, ..targets };
    assert!(
        shown(&form_12(&before, &all, Audience::City), false).contains(&"覆盖教师(KM-COVER-COUNTY)|10|3|30%|3/3/4|1".to_owned())
    );
    let nobody = Targets { year: 2016, teachers: 0, places: &[], rules: &rules, level: Level::County };
    check(
        &form_12(&nobody, &[], Audience::City),
        "form-12",
        &["类别|指标|已完成(人)|完成率|年度目标30/30/40|累计", "覆盖教师(KM-COVER-COUNTY)|0|0||0/0/0|0"],
    );
}

#[test]
fn form_12_has_the_citys_quotas_at_the_city_only() {
    let rules: Vec<Rule> = policy("kunming-2015")
        .rules
        .into_iter()
        .filter(|r| ["KM-QUOTA-2015", "KM-QUOTA-2016", "KM-QUOTA-3Y"].contains(&r.id.as_str()))
        .collect();
    let one =
        [Trained { teacher: "T1", day: day("2015-05-01"), bucket: "concentrated", level: Level::City, category: "principal" }];
    let targets = Targets { year: 2015, teachers: 10, places: &[], rules: &rules, level: Level::City };
    check(
        &form_12(&targets, &one, Audience::City),
        "form-12",
        &[
            "类别|指标|已完成(人)|完成率|年度目标30/30/40|累计",
            "骨干教师(KM-QUOTA-2015)|800|0|0%||",
            "班主任(KM-QUOTA-2015)|800|0|0%||",
            "幼儿园教师(KM-QUOTA-2015)|400|0|0%||",
            "校长(KM-QUOTA-2015)|200|1|0.5%||",
            "农村骨干教师(KM-QUOTA-2015)|1000|0|0%||",
            "合计(KM-QUOTA-2015)|3200|1|0.03%||",
            "合计(KM-QUOTA-3Y)|10000|1|0.01%||",
        ],
    );
    assert_eq!(form_12(&Targets { level: Level::County, ..targets }, &one, Audience::City).rows, []);
}

#[test]
fn form_12_tells_the_public_no_sum_that_gives_a_small_part_away() {
    let person = |n: usize| match n {
        0..3 => (format!("T{n}"), day("2015-05-01"), "principal"),
        3..12 => (format!("T{n}"), day("2015-05-01"), "backbone"),
        _ => (format!("T{n}"), day("2016-05-01"), "backbone"),
    };
    let people: Vec<(String, Day, &str)> = (0..20).map(person).collect();
    let trained: Vec<Trained<'_>> = people
        .iter()
        .map(|(teacher, day, category)| Trained { teacher, day: *day, bucket: "concentrated", level: Level::City, category })
        .collect();
    let rules = policy("kunming-2015").rules;
    let rules: Vec<Rule> = rules.into_iter().filter(|r| r.id.starts_with("KM-QUOTA") || r.id == "KM-COVER-SCHOOL").collect();
    let seats = |year: u16| Places { year, category: "principal".into(), seats: 9 };
    let places = [seats(2015), seats(2016)];
    let lines = |year: u16| {
        let targets = Targets { year, teachers: 30, places: &places, rules: &rules, level: Level::City };
        shown(&form_12(&targets, &trained, Audience::Public), false)
    };
    let (first, second) = (lines(2015), lines(2016));
    for told in ["校长(KM-QUOTA-2015)|200|<5|<5||", "骨干教师(KM-QUOTA-2015)|800|9|1.12%||", "合计(KM-QUOTA-2015)|3200|<5|<5||"]
    {
        assert!(first.contains(&told.to_owned()), "{told}: {first:?}");
    }
    // What the year's own form hides, the sum of years does not give back, nor does the next year's.
    for told in ["合计(KM-QUOTA-2016)|3200|8|0.25%||", "合计(KM-QUOTA-3Y)|10000|<5|<5||", "校长|9|0|0%|9/9|<5"] {
        assert!(second.contains(&told.to_owned()), "{told}: {second:?}");
    }
    assert!(first.contains(&"覆盖教师(KM-COVER-SCHOOL)|30|20|66.66%|0/0/30|12".to_owned()), "{first:?}");
}

#[test]
fn form_13_masks_phones_and_sums_places() {
    let seat = Seat {
        unit: "甲校".into(),
        project: "骨干班".into(),
        seats: Some(2),
        name: some("张三"),
        subject: some("语文"),
        phone: some("12012345678"),
        note: some("国培"),
    };
    let second = Seat { seats: None, name: some("42002"), subject: None, phone: None, note: None, ..seat.clone() };
    let empty = Seat { unit: "乙校".into(), seats: Some(1), name: None, phone: some("110"), ..second.clone() };
    check(
        &form_13(&[seat, second, empty]),
        "form-13",
        &[
            "单位|项目|名额|姓名|专业|电话|备注(国培)",
            "甲校|骨干班|2|张三|语文|120****5678|国培",
            "甲校|骨干班||42002|||",
            "乙校|骨干班|1||||",
            "=合计||3||||",
        ],
    );
}

#[test]
fn form_16_takes_the_due_from_the_rule_and_notes_what_is_short() {
    let fund = |source, base_fen, due_fen, arranged_fen| Fund {
        period: 2025,
        source,
        base_fen,
        due_fen,
        arranged_fen,
        travel_fen: 10_000,
        meals_fen: 5_050,
        materials_fen: 1,
        lodging_fen: 0,
        other_fen: 0,
        reason: None,
    };
    let funds = [
        // 2 % of 1,000,000.00 are 20,000.00.
        (None, fund(FundSource::Payroll, 100_000_000, 2_000_000, 2_000_000)),
        // 5 % of 999.99 are 49.99 (floored), written as 50.
        (None, fund(FundSource::Surcharge, 99_999, 5_000, 4_000)),
        (None, Fund { other_fen: 700, ..fund(FundSource::Special, 0, 30_000, 20_000) }),
    ];
    check(
        &form_16(&funds, &policy("kunming-2015").rules),
        "form-16",
        &[
            "来源|应安排|已安排|支出(差旅)|支出(伙食)|支出(资料)|支出(住宿)|结余",
            "工资2%|20000|20000|100|50.5|0.01|0|19849.49",
            "附加5%|49.99|40|100|50.5|0.01|0|-110.51",
            "专项|300|200|100|50.5|0.01|0|42.49",
            "=合计|20349.99|20240|300|151.5|0.03|0|19781.47",
            "#附加5% 填报应安排 50 元,按 KM-FUND-SURCHARGE 应为 49.99 元",
            "#附加5% 缺 9.99 元(KM-FUND-SURCHARGE)",
            "#专项 缺 100 元",
            "#专项 另有其他支出 7 元",
        ],
    );
    // Without a policy what was written is due.
    let lines = shown(&form_16(&funds[1..2], &[]), false);
    assert_eq!((lines[1].as_str(), lines[3].as_str()), ("附加5%|50|40|100|50.5|0.01|0|-110.51", "#附加5% 缺 10 元"));
}

#[test]
fn form_18_ranks_by_tasks_then_accounts_then_funds() {
    let county = |name: &str, places, funds, accounts| County { name: name.into(), places, funds, accounts };
    let all = [
        county("甲县", Some((200, 150)), Some((1_000, 1_000)), Some((10, 9))),
        county("乙县", Some((100, 90)), Some((1_000, 333)), Some((3, 1))),
        county("丙县", Some((4, 3)), Some((50, 50)), Some((100, 90))),
        county("丁县", Some((4, 3)), None, Some((10, 10))),
        county("戊县", None, None, None),
        county("己县", Some((0, 0)), None, Some((1, 1))),
    ];
    check(
        &form_18(&all),
        "form-18",
        &[
            "县区|任务完成率|经费到位率|合格率|排名",
            "甲县|75%|100%|90%|3",
            "乙县|90%|33.3%|33.33%|1",
            "丙县|75%|100%|90%|3",
            "丁县|75%||100%|2",
            "戊县||||",
            "己县|||100%|5",
        ],
    );
}
