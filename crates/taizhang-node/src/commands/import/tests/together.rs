//! Several files of one command, and what may stand in none.

use taizhang_core::rows::Role;
use taizhang_store::Store;

use super::*;

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

/// 安全 is a word, and a teacher's name.
#[test]
fn a_name_of_two_characters_is_looked_for_at_its_own_school_only() {
    let mut net = with_teacher("安全");
    let path = sheet(&net, "a", &["校园安全培训"]);
    net.data("reviewer", &Command::Import(of("activities", std::slice::from_ref(&path), None)));
    assert_eq!(rows::<Activity>(&net, net.notice()).len(), 1);
    let error = refused(&mut net, "clerk", of("activities", &[path], Some("001")));
    assert!(error.what.zh.contains("教师姓名"), "{error:?}");
    let review = net.review();
    let mut p = taizhang_core::op::PayloadBuilder::default();
    let unlock = taizhang_core::rows::Unlock { year: 2025, reason: "安全补录".into() };
    p.row(taizhang_core::rows::Unlock::TYPE, &[], &unlock.to_fields());
    let mut act = crate::core::Act::default();
    act.write(review, p);
    let key = crate::keyfile::find(net.core.folder(), "reviewer").unwrap();
    let reviewer = crate::keyfile::unlock(net.core.folder(), key, crate::commands::testkit::PASSPHRASE).unwrap();
    assert!(net.core.check_personal(&reviewer, &act).is_err(), "a review about the school");
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
