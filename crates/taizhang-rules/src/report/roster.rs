//! Form 01: who the teachers are.

use taizhang_core::{rows::Status, units::Day};

use super::{Cell, Form, Text, Unit, words};

/// A teacher, with as much as the reader may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The school, where the form covers several.
    pub section: Option<String>,
    /// 序号 as the school gave it.
    pub seq: Option<String>,
    /// 教师编号
    pub number: String,
    /// 姓名, or the number where it may not be opened.
    pub name: String,
    /// 性别
    pub sex: Option<String>,
    /// 出生年月: `1980-05`, or the year alone.
    pub birth: Option<String>,
    /// 学科
    pub subject: Option<String>,
    /// First day of service.
    pub hired: Day,
    /// In the first twelve months of a first post.
    pub is_new: bool,
    /// Every dated fact about the teacher.
    pub facts: Vec<Status>,
}

/// What holds on a day: of facts that overlap the one that began last.
#[must_use]
pub fn fact<'f>(facts: &'f [Status], what: &str, as_of: Day) -> Option<&'f Status> {
    let holds = |f: &&Status| f.what == what && f.from_day <= as_of && f.to_day.is_none_or(|to| as_of <= to);
    facts.iter().filter(holds).max_by_key(|f| f.from_day)
}

fn value<'f>(facts: &'f [Status], what: &str, as_of: Day) -> Option<&'f str> {
    fact(facts, what, as_of).and_then(|f| f.value.as_deref())
}

/// A fact that is there and does not say no.
fn is(facts: &[Status], what: &str, as_of: Day) -> bool {
    fact(facts, what, as_of).is_some_and(|f| f.value.as_deref() != Some("no"))
}

/// 教师继续教育花名册
#[must_use]
pub fn form_01(people: &[Person], as_of: Day) -> Form {
    use Unit::{Day as Date, Text as Words};
    let columns = [
        ("序号", "No.", Words),
        ("教师编号", "Teacher number", Words),
        ("姓名", "Name", Words),
        ("性别", "Sex", Words),
        ("出生年月", "Born", Words),
        ("学段", "Stage", Words),
        ("学科", "Subject", Words),
        ("职称", "Title", Words),
        ("学历", "Degree", Words),
        ("班主任", "Head teacher", Words),
        ("入职日期", "Hired", Date),
        ("类别", "Category", Words),
    ];
    let mut form = Form::new("form-01", ("教师继续教育花名册", "Roster of teachers"), &columns);
    for (n, p) in (1..).zip(people) {
        let (yes, no) = (Cell::words("是", "Yes"), Cell::words("否", "No"));
        let cells = [
            Cell::Text(p.seq.clone().unwrap_or_else(|| i32::to_string(&n))),
            Cell::Text(p.number.clone()),
            Cell::Text(p.name.clone()),
            Cell::text(p.sex.as_deref()),
            Cell::text(p.birth.as_deref()),
            value(&p.facts, "stage", as_of).map_or(Cell::Empty, words::stage),
            Cell::text(p.subject.as_deref()),
            Cell::text(value(&p.facts, "title", as_of)),
            value(&p.facts, "degree", as_of).map_or(Cell::Empty, words::degree),
            if is(&p.facts, "head_teacher", as_of) { yes } else { no },
            Cell::Day(p.hired),
            categories(p, as_of),
        ];
        form.push(p.section.as_deref(), cells);
    }
    form
}

/// 新任、骨干、培训者
fn categories(p: &Person, as_of: Day) -> Cell {
    let all = [
        (p.is_new, "新任", "New"),
        (is(&p.facts, "backbone", as_of), "骨干", "Backbone"),
        (is(&p.facts, "trainer", as_of), "培训者", "Trainer"),
    ];
    let (zh, en): (Vec<&str>, Vec<&str>) = all.iter().filter(|(is, ..)| *is).map(|(_, zh, en)| (*zh, *en)).unzip();
    if zh.is_empty() { Cell::Empty } else { Cell::Words(Text::new(zh.join("、"), en.join(", "))) }
}
