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
    let own = file(&net, "own.csv", &std::fs::read_to_string(path).unwrap().replace("a-0", "s-0").replace("区县级", "校级"));
    let error = refused(&mut net, "clerk", of("activities", &[own], Some("001")));
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

/// Two clerks said different things: a sheet does not settle that.
#[test]
fn a_register_with_several_values_is_left_for_a_person() {
    let mut net = Net::new();
    for (who, value) in [("clerk", "语文"), ("clerk2", "数学")] {
        let mut p = PayloadBuilder::default();
        p.register("T1.subject", &op::scalar(&Value::Text(value.into())), &[]);
        net.write(who, net.roster(), p);
    }
    let roster = "教师编号,姓名,性别,入职日期,任教学段,任教学科\nT1,王小明,男,2012-09-01,小学,英语\n";
    let path = file(&net, "roster.csv", roster);
    let reply = net.data("clerk", &Command::Import(of("roster", &[path], Some("001"))));
    assert_eq!(kinds(&reply["files"][0], "refused"), ["conflict"]);
    assert_eq!(net.core.view(&net.roster()).unwrap().conflicts(), ["T1.subject"]);
}

/// What nobody said when the year was closed begins after it.
#[test]
fn a_first_roster_after_a_lock_dates_nothing_into_the_locked_year() {
    let mut net = Net::new();
    let lock = Command::ReviewLock { org: Some("001".into()), all: false, year: 2025, even_pending: false, reason: None };
    net.data("reviewer", &lock);
    let roster = file(&net, "roster.csv", &format!("{ROSTER}T1,王小明,2010-09-01,小学,二级教师,\n"));
    net.data("clerk", &Command::Import(of("roster", &[roster], Some("001"))));
    let facts = rows::<Status>(&net, net.roster());
    assert!(!facts.is_empty() && facts.iter().all(|f| f.from_day == Day::from_ymd(2026, 1, 1).unwrap()), "{facts:?}");
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
