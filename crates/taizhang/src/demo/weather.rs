//! A cut line: work goes on, nothing is lost, and one real conflict is settled by a person.

use std::collections::BTreeMap;

use serde_json::Value;
use taizhang_node::{
    command::{Command, Format, Record, Reply},
    error::CommandError,
};

use super::{
    machine::Machine,
    sample::{SCHOOLS, YEAR},
    story::{Story, check, differs, list, number, sync},
};

/// Teachers of the first school (`sample/2198000001/roster.csv`).
const TEACHERS: [&str; 2] = ["4298011000000000", "4298010400000001"];
/// The training that both clerks record, each for another teacher.
pub(super) const TITLE: &str = "作业设计专题研讨";
/// What the two clerks write about the same teacher's subject.
const SUBJECTS: [&str; 2] = ["信息科技", "数学"];

/// The first school's two machines lose their line, and go on.
pub(super) fn work_through_a_cut_line(story: &mut Story) -> Result<(), CommandError> {
    story.chapter("断网: 同一学校两台电脑各自登记", "The line is cut: both PCs of one school go on");
    let before = settle_down(story)?;
    for machine in pair(story)? {
        machine.ask(Command::Links { cut: true })?;
    }
    for (n, machine) in pair(story)?.into_iter().enumerate() {
        let (Some(teacher), Some(subject)) = (TEACHERS.get(n), SUBJECTS.get(n)) else { continue };
        machine.ask(Command::Record(training(teacher)))?;
        machine.ask(Command::Describe { key: field(), value: (*subject).to_owned() })?;
        let status = machine.ask(Command::Status)?;
        let sessions = list(&status, "sessions").len();
        check(sessions == 0, "断网后仍有连接", "a session survived the cut")?;
        let entries = number(&status, "/entries")?;
        let grown = entries == before + 2;
        check(grown, &format!("条目 {before} → {entries}"), &format!("{before} entries became {entries}"))?;
    }
    let held = number(&county_of(story)?.ask(Command::Status)?, "/entries")?;
    story.say(
        &format!("两台电脑都断网, 各登记了一次培训, 并对同一位教师的任教学科写了不同内容。每台新增 2 条, 都已写入本机硬盘; 县里仍是 {held} 条, 还不知道。"),
        &format!("Both PCs are cut off; each recorded a training and wrote a different subject for the same teacher. 2 new entries on each, safe on its own disk; the county still has {held} and knows nothing of them."),
    );
    Ok(())
}

/// The line is back: everybody has everything, and the one contradiction is shown to a person.
pub(super) fn reconnect(story: &mut Story) -> Result<(), CommandError> {
    story.chapter("恢复联网: 自动汇合", "The line is back: everything comes together");
    let mut bytes = 0;
    for machine in pair(story)? {
        machine.ask(Command::Links { cut: false })?;
        bytes += sync(machine)?.bytes;
    }
    let rows = same_rows_everywhere(story)?;
    story.say(
        &format!("两台电脑和县里的全部记录逐行相同 ({rows} 行), 补传共用 {bytes} 字节。"),
        &format!("The school's records on both PCs and at the county are the same row by row ({rows} rows); catching up took {bytes} bytes."),
    );
    settle(story)?;
    receipts(story)
}

fn settle(story: &Story) -> Result<(), CommandError> {
    let [first, second] = pair(story)?;
    for machine in [first, second] {
        let conflicts = list(&machine.ask(Command::ConflictList)?, "conflicts");
        let keys: Vec<&str> = conflicts.iter().filter_map(|c| c.get("key")?.as_str()).collect();
        check(keys == [field()], &format!("不一致: {keys:?}"), &format!("conflicts: {keys:?}"))?;
        let values: Vec<&str> = conflicts
            .iter()
            .filter_map(|c| c.get("choices")?.as_array())
            .flatten()
            .filter_map(|c| c.get("value")?.as_str())
            .collect();
        let both = SUBJECTS.iter().all(|s| values.contains(s));
        check(both && values.len() == 2, &format!("各值: {values:?}"), &format!("values: {values:?}"))?;
    }
    first.ask(Command::ConflictSettle { key: field(), choose: Some(1), value: None })?;
    story.until("另一台电脑也看到决定", "the other PC sees the decision", || {
        let conflicts = list(&second.ask(Command::ConflictList)?, "conflicts");
        Ok(conflicts.is_empty().then_some(()))
    })?;
    let [a, b] = SUBJECTS;
    story.say(
        &format!("两台电脑都显示同一处不一致: “{a}” 还是 “{b}”。一位老师在一台上选定, 另一台随即一致; 两次培训登记互不影响, 都在。"),
        &format!("Both PCs show the same one conflict: \"{a}\" or \"{b}\". A clerk chose on one, and the other agreed; the two trainings never were in conflict, both are there."),
    );
    Ok(())
}

/// Every document of the school is covered, whole, by a receipt of the county's node on one of its PCs: a receipt goes to who brought the entries.
fn receipts(story: &Story) -> Result<(), CommandError> {
    let [first, second] = pair(story)?;
    let (documents, entries) = story.until("县里的收讫", "the county's receipts", || {
        let (a, b) = (progress(&first.ask(Command::Status)?), progress(&second.ask(Command::Status)?));
        let whole = |name: &String| [&a, &b].into_iter().any(|p| p.get(name).is_some_and(|(_, is_covered)| *is_covered));
        let entries = a.values().map(|(entries, _)| entries).sum::<u64>();
        Ok((!a.is_empty() && a.keys().eq(b.keys()) && a.keys().all(whole)).then_some((a.len(), entries)))
    })?;
    story.say(
        &format!("收讫: 县里的节点已签名确认收到该校全部 {documents} 份文档的 {entries} 条。"),
        &format!(
            "Receipts: the county's node has signed that it holds all {entries} entries of the school's {documents} documents."
        ),
    );
    Ok(())
}

/// Of each document: its entries, and whether one receipt covers all of them.
fn progress(status: &Reply) -> BTreeMap<String, (u64, bool)> {
    let is_covered = |d: &Value| {
        let receipts = d.get("received").and_then(Value::as_array);
        receipts.is_some_and(|all| all.iter().any(|r| r.get("since").and_then(Value::as_u64) == Some(0)))
    };
    let of = |d: &Value| Some((d.get("document")?.as_str()?.to_owned(), (d.get("entries")?.as_u64()?, is_covered(d))));
    list(status, "progress").iter().filter_map(of).collect()
}

/// The two machines of the first school.
pub(super) fn pair(story: &Story) -> Result<[&Machine; 2], CommandError> {
    match story.schools.first().map(Vec::as_slice) {
        Some([first, second]) => Ok([first, second]),
        _ => Err(differs("第一所学校没有两台电脑", "the first school does not have two PCs")),
    }
}

fn county_of(story: &Story) -> Result<&Machine, CommandError> {
    story.counties.first().ok_or_else(|| differs("没有县", "there is no county"))
}

fn field() -> String {
    let [teacher, _] = TEACHERS;
    format!("{teacher}.subject")
}

fn training(teacher: &str) -> Record {
    Record {
        teacher: teacher.to_owned(),
        activity: None,
        title: Some(TITLE.to_owned()),
        organiser: Some("省教育学会".to_owned()),
        kind: Some("concentrated".to_owned()),
        h100: 450,
        start: None,
        end: format!("{YEAR}-11-16"),
        assessment: Some("pass".to_owned()),
        note: None,
        again: false,
    }
}

/// Both machines hold the same; says how many entries.
fn settle_down(story: &Story) -> Result<u64, CommandError> {
    let [first, second] = pair(story)?;
    sync(first)?;
    same_rows_everywhere(story)?;
    story.until("两台电脑条目数相同", "both PCs hold the same number of entries", || {
        let counts = (number(&first.ask(Command::Status)?, "/entries")?, number(&second.ask(Command::Status)?, "/entries")?);
        Ok((counts.0 == counts.1).then_some(counts.0))
    })
}

/// Waits until the first school's records are the same, row by row, on both its machines and at the county; says how many rows.
fn same_rows_everywhere(story: &Story) -> Result<usize, CommandError> {
    let [first, second] = pair(story)?;
    let county = county_of(story)?;
    story.until("各处逐行相同", "the same rows everywhere", || {
        let (a, b, c) = (rows(first)?, rows(second)?, rows(county)?);
        Ok((a == b && b == c && !a.is_empty()).then(|| a.values().sum()))
    })
}

/// The school's rows as text, each with how often it occurs.
fn rows(machine: &Machine) -> Result<BTreeMap<String, usize>, CommandError> {
    let (kind, org) = ("all".to_owned(), SCHOOLS.first().map(|s| s.code.to_owned()));
    let export = Command::Export { kind, org, year: None, format: Format::Jsonl, gbk: false, out: None };
    let mut rows = BTreeMap::new();
    for line in machine.ask(export)?.lines {
        *rows.entry(line.to_string()).or_default() += 1;
    }
    Ok(rows)
}
