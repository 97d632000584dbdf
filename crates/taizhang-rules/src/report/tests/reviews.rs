//! Forms 10, 11, 17, 21.

use taizhang_core::rows::{Inspection, Verdict};

use super::{
    kit::{day, some},
    *,
};
use crate::report::reviews::{Dispute, Outcome, Sampled, SchoolYear, form_10, form_11, form_17, form_21};

#[test]
fn form_10_sums_the_schools() {
    let school = |name: &str, due, passed, digest: Option<&str>| SchoolYear {
        school: name.into(),
        due,
        passed,
        returned: 1,
        corrected: 2,
        digest: digest.map(str::to_owned),
        reviewer: digest.map(|_| "审核员".to_owned()),
        day: digest.map(|_| day("2026-01-10")),
    };
    check(
        &form_10(&[school("甲校", 10, 9, Some("ab12")), school("乙校", 5, 0, None)]),
        "form-10",
        &[
            "学校|应审|通过|退回|更正|摘要值|审查人|日期",
            "甲校|10|9|1|2|ab12|审核员|2026-01-10",
            "乙校|5|0|1|2|||",
            "=合计|15|9|2|4|||",
        ],
    );
}

#[test]
fn form_11_says_verdict_and_finding() {
    let sample = |n, verdict, finding: &str| Sampled {
        n,
        school: "甲校".into(),
        registration: "ab.0".into(),
        evidence: vec!["0a".into(), "0b".into()],
        finding: finding.into(),
        verdict,
    };
    check(
        &form_11(&[sample(1, Verdict::Approved, ""), sample(2, Verdict::Returned, "缺签到表")]),
        "form-11",
        &["样本号|学校|登记号|证据|结论", "1|甲校|ab.0|0a 0b|已审核", "2|甲校|ab.0|0a 0b|退回:缺签到表"],
    );
}

#[test]
fn form_17_notes_a_score_that_is_no_sum() {
    let inspection = |total: u16| Inspection {
        year: 2025,
        semester: 1,
        plan: 20,
        process: 25,
        results: 25,
        funds: 20,
        total,
        grade: some("良好"),
        problems: None,
        day: day("2025-06-20"),
        reason: None,
    };
    check(
        &form_17(&[(some("甲校"), inspection(90)), (None, inspection(95))]),
        "form-17",
        &[
            "计划|过程资料|成果|经费|得分|等次|问题",
            "[甲校]20|25|25|20|90|良好|",
            "20|25|25|20|95|良好|",
            "#本校:得分 95 不等于四项之和 90",
        ],
    );
}

#[test]
fn form_21_shows_every_outcome() {
    let dispute = |result, opinion: Option<&str>| Dispute {
        no: "cd.1".into(),
        original: vec!["ab.0".into(), "ab.1".into()],
        applicant: some("张三"),
        grounds: some("少记2学时"),
        evidence: Vec::new(),
        opinion: opinion.map(str::to_owned),
        result,
        day: day("2025-06-20"),
    };
    let line = |opinion: &str, result: &str| format!("cd.1|ab.0 ab.1|张三|少记2学时||{opinion}|{result}|2025-06-20");
    let expected = [
        "编号|原条目|申请人|事由|证据|意见|结果|日期".to_owned(),
        line("", "未答复"),
        line("", "已审核"),
        line("证据不足", "维持"),
        line("", "维持(终局)"),
        line("", "变更"),
        line("", "变更(终局)"),
    ];
    let disputes = [
        dispute(Outcome::Open, None),
        dispute(Outcome::Review("approved"), None),
        dispute(Outcome::Upheld(false), Some("证据不足")),
        dispute(Outcome::Upheld(true), None),
        dispute(Outcome::Changed(false), None),
        dispute(Outcome::Changed(true), None),
    ];
    check(&form_21(&disputes), "form-21", &expected.iter().map(String::as_str).collect::<Vec<_>>());
}
