//! Forms 01, 05, 15, 19.

use std::collections::BTreeMap;

use taizhang_core::{
    id::OrgId,
    rows::{ActivityKind, Certificate, CertificateKind, CertificateStep, TransferAck, TransferIn, TransferOut},
};

use super::{
    kit::{day, policy, row_ref, session, some, status},
    *,
};
use crate::report::{
    certificates::{Excellent, Issued, form_15},
    ledger::{Attendance, form_05},
    roster::{Person, form_01},
    transfer::{Transfer, form_19},
};

#[test]
fn form_01_takes_what_holds_on_the_day() {
    let facts = vec![
        status("stage", Some("primary"), "2010-08-20", None),
        status("title", Some("三级教师"), "2010-08-20", None),
        status("title", Some("二级教师"), "2015-09-01", None),
        status("title", Some("一级教师"), "2026-01-01", None),
        status("degree", Some("bachelor"), "2010-08-20", None),
        status("head_teacher", Some("yes"), "2020-09-01", Some("2025-08-31")),
        status("backbone", Some("county"), "2022-01-01", None),
        status("trainer", Some("no"), "2022-01-01", None),
    ];
    let old = Person {
        section: None,
        seq: some("3"),
        number: "42001".into(),
        name: "张三".into(),
        sex: some("男"),
        birth: some("1985-05"),
        subject: some("语文"),
        hired: day("2010-08-20"),
        is_new: false,
        facts,
    };
    let new = Person {
        seq: None,
        number: "42002".into(),
        name: "42002".into(),
        sex: None,
        birth: None,
        subject: None,
        hired: day("2025-08-20"),
        is_new: true,
        facts: vec![status("trainer", None, "2025-08-20", None), status("degree", Some("大专"), "2025-08-20", None)],
        ..old.clone()
    };
    let head = "序号|教师编号|姓名|性别|出生年月|学段|学科|职称|学历|班主任|入职日期|类别";
    check(
        &form_01(&[old.clone(), new], day("2025-09-30")),
        "form-01",
        &[
            head,
            "3|42001|张三|男|1985-05|小学|语文|二级教师|本科|否|2010-08-20|骨干",
            "2|42002|42002||||||大专|否|2025-08-20|新任、培训者",
        ],
    );
    let lines = shown(&form_01(&[old], day("2025-08-31")), true);
    assert_eq!(lines[1], "3|42001|张三|男|1985-05|Primary|语文|二级教师|Bachelor|Yes|2010-08-20|Backbone");
}

#[test]
fn form_05_counts_marks_and_says_when_one_fifth_is_reached() {
    let sessions: Vec<_> = (1..=5).map(|n| session(n, u8::try_from(n).unwrap(), if n % 2 == 1 { 2 } else { 4 }, 100)).collect();
    let person = |name: &str, marks: &[u8]| Attendance {
        name: name.to_owned(),
        marks: (1..).zip(marks.iter().copied()).collect::<BTreeMap<u32, u8>>(),
    };
    let people = [
        person("全到", &[1, 1, 2, 3, 1]),
        person("缺一", &[1, 5, 1, 1, 1]),
        person("请假", &[4, 1, 1, 1, 1]),
        person("免修", &[6, 6, 1, 1, 5]),
        person("空白", &[1, 0, 99]),
    ];
    check(
        &form_05(&sessions, &people),
        "form-05",
        &[
            "姓名|第1周周二第3节|第2周周四第3节|第3周周二第3节|第4周周四第3节|第5周周二第3节|迟到|早退|请假|缺席|实到学时|缺课比例|是否达五分之一",
            "全到|到|到|迟到|早退|到|1|1|0|0|5|0%|否",
            "缺一|到|缺席|到|到|到|0|0|0|1|4|20%|是",
            "请假|请假|到|到|到|到|0|0|1|0|4|20%|是",
            "免修|免修|免修|到|到|缺席|0|0|0|1|2|33.33%|是",
            "空白|到|||||0|0|0|0|1|0%|否",
            "#有 4 格没有签到记录,既不算实到也不算缺课",
        ],
    );
    // Nothing planned: no share, and nothing reached.
    let lines = shown(&form_05(&[], &[person("甲", &[5])]), false);
    assert_eq!(lines[1], "甲|0|0|0|0|0||否");
    let plain = taizhang_core::rows::Session { week: None, weekday: None, period: None, ..session(7, 1, 1, 100) };
    assert!(shown(&form_05(&[plain], &[]), false)[0].starts_with("姓名|第7次|迟到"));
}

fn certificate(no: &str, step: CertificateStep, project: Option<&str>) -> Certificate {
    Certificate {
        no: no.into(),
        teacher: "T1".into(),
        kind: CertificateKind::Completion,
        project: project.map(str::to_owned),
        cycle: "2008-2012".into(),
        policy_id: "wuhan-2008".into(),
        policy_sha256: [0; 32],
        account_digest: [0; 32],
        h100_lines: vec![("concentrated".into(), 16_000), ("nonconcentrated".into(), 20_050)],
        prepared: None,
        step,
        day: day("2013-01-10"),
        reason: None,
        commitment: None,
        signature: None,
    }
}

#[test]
fn form_15_lists_certificates_and_too_many_excellent() {
    let issued =
        |no, step, project| Issued { name: "张三".into(), row: certificate(no, step, project), issuer: some("某市") };
    let list = [
        issued("C1", CertificateStep::Confirmed, None),
        issued("C2", CertificateStep::Prepared, Some("骨干班")),
        issued("C3", CertificateStep::Withdrawn, None),
    ];
    let people = |n: usize| (0..n).map(|i| (format!("T{i}"), 8_000)).collect::<Vec<_>>();
    // 20 % of 9 is 1.8: one.
    let excellent = [
        Excellent { project: "甲班".into(), completed: 10, people: people(2) },
        Excellent { project: "乙班".into(), completed: 9, people: people(2) },
        Excellent { project: "丙班".into(), completed: 9, people: Vec::new() },
    ];
    let head = "证号|姓名|项目|学时|发证";
    let lines = [
        head,
        "[证书 · Certificates]C1|张三|2008-2012|360.5|某市 2013-01-10",
        "[证书 · Certificates]C2|张三|骨干班|360.5|待确认",
        "[证书 · Certificates]C3|张三|2008-2012|360.5|2013-01-10 已撤销",
        "[优秀学员 · Excellent trainees]|T0|甲班|80|",
        "[优秀学员 · Excellent trainees]|T1|甲班|80|",
        "[优秀学员 · Excellent trainees]|T0|乙班|80|",
        "[优秀学员 · Excellent trainees]|T1|乙班|80|",
        "#《乙班》评优 2 人,结业 9 人按 HN-SELECT 至多 1 人",
    ];
    let rules = policy("henan-vocational-2021").rules;
    let select =
        rules.iter().find(|r| matches!(&r.body, crate::policy::Body::Select { what, .. } if what == "excellent_trainee"));
    let wanted: Vec<String> = lines.iter().map(|l| l.replace("HN-SELECT", &select.unwrap().id)).collect();
    check(&form_15(&list, &excellent, &rules), "form-15", &wanted.iter().map(String::as_str).collect::<Vec<_>>());
    // Without such a rule nothing limits.
    assert_eq!(form_15(&[], &excellent, &policy("wuhan-2008").rules).notes, []);
}

#[test]
fn form_19_says_who_has_signed() {
    let out = TransferOut {
        teacher: "T1".into(),
        to_org: OrgId([2; 8]),
        day: day("2010-08-31"),
        cycle: "2008-2012".into(),
        h100_by_kind: vec![(ActivityKind::Concentrated, 1_600), (ActivityKind::SchoolBased, 1_250)],
        entries: 7,
        digest: [0xab; 32],
        reason: None,
    };
    let transfer = Transfer {
        teacher: "张三".into(),
        from: "甲校".into(),
        to: "乙校".into(),
        out,
        out_signer: some("甲县"),
        taken: None,
        acknowledged: None,
    };
    let came = TransferIn { teacher: "T1".into(), transfer: row_ref(), day: day("2010-09-01"), reason: None };
    let ack = TransferAck { transfer: row_ref(), digest_agrees: false, entries: 6, reason: None };
    let done = Transfer { taken: Some((came, some("乙校台账员"))), acknowledged: Some((ack, None)), ..transfer.clone() };
    check(
        &form_19(&[transfer, done]),
        "form-19",
        &[
            "教师|调出|调入|周期|各类学时|条目数|摘要|三方签收",
            "张三|甲校|乙校|2008-2012|集中 16;校本 12.5|7|abababababababab|调出 甲县;调入 未签;县 未签",
            "张三|甲校|乙校|2008-2012|集中 16;校本 12.5|7|abababababababab|调出 甲县;调入 乙校台账员;县 已签",
            "#张三:收到的条目与摘要不符",
        ],
    );
}
