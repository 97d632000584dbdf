//! Several files of one command, and what may stand in none.

use taizhang_core::{
    op::{self, PayloadBuilder},
    rows::{Role, Unlock},
};
use taizhang_store::Store;

use super::*;
use crate::{
    commands::testkit::{PASSPHRASE, Row, activity, registration, row},
    core::Act,
    keyfile,
};

/// School 001 has a teacher of this name; the county's reviewer, who opens it, announces activities too.
fn with_teacher(name: &str) -> Net {
    let mut net = Net::new();
    net.also("reviewer", Role::Clerk);
    let roster = file(&net, "roster.csv", &format!("{ROSTER}T1,{name},2010-09-01,小学,二级教师,\n"));
    net.data("clerk", &Command::Import(of("roster", &[roster], Some("001"))));
    net
}

/// A sheet of activities with these titles.
fn sheet(net: &Net, name: &str, titles: &[&str]) -> PathBuf {
    let head = "活动编号,活动名称,组织单位,组织级别,培训类别,开始日期,结束日期,计划学时";
    let line = |(n, title): (usize, &&str)| format!("\n{name}-{n},{title},进修学校,区县级,集中培训,2025-01-06,2025-01-10,40");
    let lines: String = titles.iter().enumerate().map(line).collect();
    file(net, &format!("{name}.csv"), &format!("{head}{lines}\n"))
}

/// What a person hears who would write this, with the names that she opens here.
fn heard(net: &Net, who: &str, document: DocId, fill: impl FnOnce(&mut PayloadBuilder)) -> Option<CommandError> {
    let (mut act, mut p) = (Act::default(), PayloadBuilder::default());
    fill(&mut p);
    act.write(document, p);
    let key = keyfile::find(net.core.folder(), who).unwrap();
    let person = keyfile::unlock(net.core.folder(), key, PASSPHRASE).unwrap();
    net.core.check_personal(&person, &act).err()
}

fn heard_of_row(net: &Net, who: &str, document: DocId, (row_type, fields): Row) -> Option<CommandError> {
    heard(net, who, document, |p| _ = p.row(row_type, &[], &fields))
}

/// 安全 is a word, and a teacher's name.
#[test]
fn a_name_of_two_characters_is_looked_for_at_its_own_school_only() {
    let mut net = with_teacher("安全");
    let path = sheet(&net, "a", &["校园安全培训"]);
    net.data("reviewer", &Command::Import(of("activities", std::slice::from_ref(&path), None)));
    assert_eq!(rows::<Activity>(&net, net.notice()).len(), 1);
    let error = refused(&mut net, "clerk", of("activities", &[path], Some("001")));
    assert!(error.what.zh.contains("教师姓名"), "{error:?}");
    let unlock = row(&Unlock { year: 2025, reason: "安全补录".into() });
    assert!(heard_of_row(&net, "reviewer", net.review(), unlock).is_some(), "a review about the school");
}

#[test]
fn one_character_says_nothing_of_anybody() {
    let net = with_teacher("王");
    let remark = op::scalar(&Value::Text("与王老师同行".into()));
    assert!(heard(&net, "clerk", net.roster(), |p| _ = p.register("T1.remark", &remark, &[])).is_none());
}

/// A name in the second file keeps the first from being written, too.
#[test]
fn all_files_are_written_or_none() {
    let mut net = with_teacher("王小明");
    let files = [sheet(&net, "a", &["校本培训"]), sheet(&net, "b", &["网络培训", "听王小明的课"])];
    let before = net.core.store().len();
    let error = refused(&mut net, "reviewer", of("activities", &files, None));
    assert!(error.what.zh.contains("b.csv 第 3 行") && error.what.zh.contains("教师姓名"), "{error:?}");
    assert_eq!(net.core.store().len(), before, "nothing of the first");
    let files = [sheet(&net, "a", &["校本培训"]), sheet(&net, "b", &["网络培训", "听课"])];
    let reply = net.data("reviewer", &Command::Import(of("activities", &files, None)));
    for (report, rows) in reply["files"].as_array().unwrap().iter().zip([1, 2]) {
        assert_eq!((counts(report)[1], report["entries"].as_u64()), (rows, Some(1)), "{report}");
    }
    assert_eq!(rows::<Activity>(&net, net.notice()).len(), 3);
}

/// A register is text as well, and so is what stands in a list.
#[test]
fn registers_and_lists_are_looked_at() {
    let net = with_teacher("王小明");
    let remark = |text: &str| {
        let value = op::scalar(&Value::Text(text.into()));
        heard(&net, "clerk", net.roster(), |p| _ = p.register("T1.remark", &value, &[]))
    };
    for (text, found) in [("与王小明同行", "教师姓名"), ("电话13812345678", "电话号码")] {
        let error = remark(text).unwrap_or_else(|| panic!("{text}"));
        assert!(error.what.zh.contains(found), "{error:?}");
    }
    assert!(remark("与同事同行").is_none());
    let mut lectured = Activity::from_fields(&activity("A1", taizhang_core::rows::ActivityKind::Online, None).1).unwrap().row;
    lectured.lecturers = Some(vec!["特聘".into(), "42980419721227006X".into()]);
    assert!(heard_of_row(&net, "office", net.notice(), row(&lectured)).unwrap().what.zh.contains("身份证号"));
}

/// Whoever reads over the shoulder learns no number from the refusal.
#[test]
fn a_refusal_repeats_no_number() {
    let net = Net::new();
    let number = "42980419721227006X";
    let error = heard_of_row(&net, "clerk", net.ledger(), registration("A1", number, 100)).unwrap();
    assert!(error.what.zh.contains("身份证号"), "{error:?}");
    assert!(!format!("{error:?}").contains(number), "{error:?}");
}
