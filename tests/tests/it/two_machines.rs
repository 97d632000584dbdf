//! Two machines of one school, offline at once.

use serde_json::Value;
use taizhang_node::command::Command;

use crate::kit::{School, import, json};

/// Both values are shown with who and when; choosing settles it everywhere.
#[test]
fn a_register_edited_on_both_machines_is_a_conflict_until_somebody_chooses() {
    let school = School::new();
    school.cut();
    for (node, value) in [(&school.first, "语文"), (&school.second, "数学")] {
        let describe = Command::Describe { key: "4298010800012003.subject".into(), value: value.into() };
        node.ask("clerk", describe).expect("writes offline");
    }
    school.heal();
    for node in [&school.first, &school.second] {
        let list = json(&node.ask("", Command::ConflictList).expect("lists"));
        let shown = list.to_string();
        assert!(shown.contains("语文") && shown.contains("数学"), "both values are shown: {shown}");
        assert!(shown.contains("2198000001") && shown.contains("clerk"), "with who: {shown}");
    }
    let settle = Command::ConflictSettle { key: "4298010800012003.subject".into(), choose: Some(1), value: None };
    school.second.ask("clerk", settle).expect("settles");
    school.heal();
    for node in [&school.first, &school.second, &school.county] {
        let list = json(&node.ask("", Command::ConflictList).expect("lists"));
        assert!(!list.to_string().contains("4298010800012003.subject"), "settled everywhere: {list}");
    }
    school.stop();
}

/// Rows fold, both hands are shown, and nothing counts twice.
#[test]
fn a_file_imported_on_both_machines_folds() {
    let school = School::new();
    let file = school.path().join("attendance.csv");
    let csv = "序号,活动编号,活动名称,教师编号,姓名,应到学时,实到学时,迟到次数,早退次数,请假天数,考核结果,登记日期,备注\n\
               1,2198000001-2024-S1,2024年春季学期校本培训,4298010800012003,张丽,20,18,0,0,0,合格,2024-06-30,\n";
    std::fs::write(&file, csv).expect("writes");
    school.cut();
    for node in [&school.first, &school.second] {
        node.ask("clerk", import("attendance", file.clone())).expect("imports offline");
    }
    school.heal();
    for node in [&school.first, &school.second, &school.county] {
        let teacher = json(&node.ask("", Command::Teacher { number: "4298010800012003".into() }).expect("shows"));
        let records = teacher.get("records").and_then(Value::as_array).expect("records");
        assert_eq!(records.len(), 1, "folded: {teacher}");
        let hands = records.iter().filter_map(|r| r.get("hands").and_then(Value::as_array)).map(Vec::len).sum::<usize>();
        assert_eq!(hands, 2, "both hands are shown: {teacher}");
        assert!(!teacher.to_string().contains("张丽"), "no name outside of the identity document");
    }
    school.stop();
}
