//! Forms 02, 03, 09, 14, 20.

use super::{
    kit::{day, nobody, recognised, some, wuhan},
    *,
};
use crate::{
    account::Amount,
    case::Level,
    report::{
        hours::{Holder, amount, form_09, form_14},
        ledger::{Line, form_02},
        person::{Training, form_03},
        statistics::{TeacherYear, form_20},
    },
};

#[test]
fn form_02_sums_hours_and_shows_what_counts() {
    let line = |no: &str, attended_h100: u32, recognised: Option<Amount>, review: &'static str| Line {
        section: None,
        no: no.to_owned(),
        day: day("2025-04-03"),
        activity: "新课标培训".into(),
        level: Some("county"),
        kind: Some("concentrated"),
        organiser: some("进修学校"),
        planned_h100: Some(2_400),
        attended_h100,
        assessment: Some("pass"),
        recognised,
        registrar: some("台账员"),
        review,
    };
    let elsewhere = Line {
        level: None,
        kind: Some("a_newer_kind"),
        organiser: None,
        planned_h100: None,
        assessment: None,
        registrar: None,
        activity: "自学".into(),
        ..line("ef.2", 150, None, "undecided")
    };
    let lines = [
        line("ab.0", 2_000, Some(Amount { h100: 2_000, c100: Some(250) }), "approved"),
        line("cd.1", 1_250, Some(Amount { h100: 0, c100: Some(0) }), "pending"),
        elsewhere,
    ];
    check(
        &form_02(&lines),
        "form-02",
        &[
            "登记号|日期|活动|级别|类别|主办单位|计划学时|实到学时|考核|学时/学分|登记人|审核状态",
            "ab.0|2025-04-03|新课标培训|区县级|集中|进修学校|24|20|合格|20/2.5|台账员|已审核",
            "cd.1|2025-04-03|新课标培训|区县级|集中|进修学校|24|12.5|合格|0/0|台账员|待审核",
            "ef.2|2025-04-03|自学||a_newer_kind|||1.5||||未定",
            "=合计||||||48|34||20||",
        ],
    );
    let english = shown(&form_02(&lines), true);
    assert!(english[0].starts_with("Registration no.|Day|"), "{}", english[0]);
    check(
        &form_02(&[]),
        "form-02",
        &["登记号|日期|活动|级别|类别|主办单位|计划学时|实到学时|考核|学时/学分|登记人|审核状态", "=合计||||||0|0||0||"],
    );
}

#[test]
fn form_03_has_sums_of_years_and_cycle_floored_once() {
    let (_, account) = wuhan();
    let training = |year: u16, title: &str, kind: &'static str, h100: u32, rate: u32| Training {
        year,
        title: title.to_owned(),
        organiser: some("进修学校"),
        kind: Some(kind),
        days: Some((day("2009-03-02"), day("2009-03-03"))),
        recognised: amount(h100, Some(rate)),
        registrar: some("台账员"),
        review: "pending",
        reviewer: some("审核员").filter(|_| h100 > 0),
    };
    let trainings = [
        training(2008, "甲", "concentrated", 1_600, 800),
        training(2009, "乙", "concentrated", 700, 800),
        training(2009, "丙", "concentrated", 0, 800),
    ];
    check(
        &form_03(&trainings, &account),
        "form-03",
        &[
            "年度|项目|机构|方式|起止|学时|学分|登记单位章|审核章",
            "2008|甲|进修学校|集中|2009-03-02 至 2009-03-03|16|2|台账员|审核员",
            "2008|年度小计||||16|2||",
            "2009|乙|进修学校|集中|2009-03-02 至 2009-03-03|7|0.87|台账员|审核员",
            "2009|丙|进修学校|集中|2009-03-02 至 2009-03-03|0|0|台账员|待审核",
            // 7 h: 0.87; 22 h: 2.2; 100 h of degree studies: 5.
            "2009|年度小计||||129|8.07||",
            // 23 h: 2.87; 22 h: 2.2; 100 h: 5.
            "|周期累计||||145|10.07||",
            "|封顶剔除||||20|||",
        ],
    );
    assert_eq!(recognised(&account), 14_500);
}

const HEAD_09: &str = "姓名|集中|非集中|网络|校本|学历|合计学时|折合学分|剔除原因";

#[test]
fn form_09_sums_each_kind_and_says_what_was_lost() {
    let ((case, account), (empty_case, empty)) = (wuhan(), nobody());
    let holders = [
        Holder { section: None, name: "张三", case: &case, account: &account },
        Holder { section: None, name: "T2", case: &empty_case, account: &empty },
    ];
    check(
        &form_09(&holders, Some(2009)),
        "form-09",
        &[
            HEAD_09,
            "张三|7|9.5|12.5|0|100|129|8.07|超过封顶,剔除(WH-CAP-DEGREE-YEAR) 20学时;整个活动不计学时(WH-FORFEIT-FIFTH) 8学时;等待审核(WH-AUTH-CONC) 8学时",
            "T2|0|0|0|0|0|0||",
            "=合计|7|9.5|12.5|0|100|129|8.07|",
        ],
    );
    let lines = shown(&form_09(&holders[..1], None), false);
    assert!(lines[1].starts_with("张三|23|9.5|12.5|0|100|145|10.07|"), "{}", lines[1]);
    check(&form_09(&holders[..1], Some(2020)), "form-09", &[HEAD_09, "张三|0|0|0|0|0|0||", "=合计|0|0|0|0|0|0|0|"]);
}

#[test]
fn form_09_notes_other_kinds_and_open_accounts() {
    let (mut case, mut account) = wuhan();
    for activity in case.activities.iter_mut().filter(|a| a.id == "N1") {
        std::sync::Arc::make_mut(activity).kind = Some(crate::case::Kind::SelfStudy);
    }
    account.open.push(crate::case::OpenInput { what: "rivals".into(), about: "x".into() });
    let holders = [Holder { section: Some("甲校"), name: "张三", case: &case, account: &account }];
    let lines = shown(&form_09(&holders, Some(2009)), false);
    assert!(lines[1].starts_with("[甲校]张三|7|0|12.5|0|100|129|8.07|"), "{}", lines[1]);
    assert_eq!(lines[3..], ["#合计学时含其他方式 9.5 学时", "#1 人有数据未定,数字尚不确定"]);
}

#[test]
fn form_14_says_what_is_missing_and_why() {
    let ((case, account), (empty_case, empty)) = (wuhan(), nobody());
    let holders = [
        Holder { section: None, name: "张三", case: &case, account: &account },
        Holder { section: None, name: "T2", case: &empty_case, account: &empty },
    ];
    check(
        &form_14(&holders, None),
        "form-14",
        &[
            "姓名|缺口(集中/非集中/年度)|原因",
            "张三|本周期集中培训差 17.13 学分(WH-MIN-CONC)|尚未截止;等待审核(WH-AUTH-CONC) 8学时",
            "张三|本周期非集中培训、学历教育差 12.8 学分(WH-MIN-NONCONC)|尚未截止;超过封顶,剔除(WH-CAP-DEGREE-YEAR) 20学时;整个活动不计学时(WH-FORFEIT-FIFTH) 8学时",
            "#共 1 人",
        ],
    );
    check(&form_14(&holders, Some(2009)), "form-14", &["姓名|缺口(集中/非集中/年度)|原因", "#共 0 人"]);
    let (mut case, _) = wuhan();
    case.as_of = day("2012-12-31");
    let policy = kit::policy("wuhan-2008");
    let closed = crate::engine::evaluate(&crate::policy::regime::Regime::only(&policy), &case);
    let lines = shown(&form_14(&[Holder { section: None, name: "张三", case: &case, account: &closed }], None), false);
    assert!(lines[1].contains("(WH-MIN-CONC)|已截止,学时不足;"), "{}", lines[1]);
}

const HEAD_20: &str = "接受过培训的专任教师|<=36|37-72|73-108|>=109|国家级|省级|地级|县级|校级|国(境)外";

#[test]
fn form_20_puts_each_teacher_into_one_band() {
    let teacher = |h100: u64, levels: &[Level]| TeacherYear { h100, levels: levels.iter().copied().collect(), abroad: false };
    let all = [
        teacher(0, &[]),
        teacher(1, &[Level::School]),
        teacher(3_600, &[Level::Township]),
        teacher(3_601, &[Level::County, Level::School]),
        teacher(7_200, &[Level::City]),
        teacher(7_250, &[Level::Province, Level::County]),
        teacher(10_800, &[Level::University]),
        TeacherYear { abroad: true, ..teacher(10_801, &[Level::Ministry]) },
        teacher(99_999, &[Level::Ministry, Level::City, Level::County, Level::School]),
    ];
    check(&form_20(&all, Audience::City), "form-20", &[HEAD_20, "8|2|2|2|2|2|1|2|3|4|1"]);
    check(&form_20(&all, Audience::Public), "form-20", &[HEAD_20, "8|<5|<5|<5|<5|<5|<5|<5|<5|<5|<5"]);
    let many: Vec<TeacherYear> = (0..7).map(|n| teacher(if n == 0 { 20_000 } else { 100 }, &[Level::County])).collect();
    // One teacher stands alone above 109 h: hiding only that band would tell it by the sum.
    check(&form_20(&many, Audience::Public), "form-20", &[HEAD_20, "7|<5|0|0|<5|0|0|0|7|0|0"]);
    check(&form_20(&[], Audience::Public), "form-20", &[HEAD_20, "0|0|0|0|0|0|0|0|0|0|0"]);
}
