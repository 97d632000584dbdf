//! Forms 02 and 05: what was registered, and who was there.

use std::collections::BTreeMap;

use taizhang_core::{rows::Session, units::Day};

use super::{Cell, Form, Text, Unit, hundredths, words};
use crate::account::Amount;

/// A registration with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The school, where the form covers several.
    pub section: Option<String>,
    /// 登记号
    pub no: String,
    /// Last day of the activity; without one the day of registration.
    pub day: Day,
    /// Its title, or its number where nobody describes it.
    pub activity: String,
    /// Word of the level.
    pub level: Option<&'static str>,
    /// Word of the kind.
    pub kind: Option<&'static str>,
    /// 主办单位
    pub organiser: Option<String>,
    /// 计划学时
    pub planned_h100: Option<u32>,
    /// 实到学时
    pub attended_h100: u32,
    /// Word of the assessment.
    pub assessment: Option<&'static str>,
    /// What the rules recognise of it; none where no policy is in force.
    pub recognised: Option<Amount>,
    /// 登记人: the post, never a private name.
    pub registrar: Option<String>,
    /// Word of its review.
    pub review: &'static str,
}

/// `8/1`: hours, and credits where the policy has them.
fn hours_and_credits(amount: Amount) -> String {
    let shown = |n: u64| hundredths(i64::try_from(n).unwrap_or(i64::MAX));
    match amount.c100 {
        Some(c100) => format!("{}/{}", shown(amount.h100), shown(c100)),
        None => shown(amount.h100),
    }
}

/// 培训台账. Credits of single lines are floored each, so that their sum may stay below those of the account (D-17): only hours are summed.
#[must_use]
pub fn form_02(lines: &[Line]) -> Form {
    use Unit::{Day as Date, H100, Text as Words};
    let columns = [
        ("登记号", "Registration no.", Words),
        ("日期", "Day", Date),
        ("活动", "Activity", Words),
        ("级别", "Level", Words),
        ("类别", "Kind", Words),
        ("主办单位", "Organiser", Words),
        ("计划学时", "Planned hours", H100),
        ("实到学时", "Attended hours", H100),
        ("考核", "Assessment", Words),
        ("学时/学分", "Hours/credits", Words),
        ("登记人", "Registered by", Words),
        ("审核状态", "Review", Words),
    ];
    let mut form = Form::new("form-02", ("培训台账", "Training ledger"), &columns);
    for l in lines {
        let cells = [
            Cell::Text(l.no.clone()),
            Cell::Day(l.day),
            Cell::Text(l.activity.clone()),
            l.level.map_or(Cell::Empty, words::level),
            l.kind.map_or(Cell::Empty, words::kind),
            Cell::text(l.organiser.as_deref()),
            Cell::maybe(l.planned_h100),
            Cell::number(l.attended_h100),
            l.assessment.map_or(Cell::Empty, words::assessment),
            l.recognised.map_or(Cell::Empty, |a| Cell::Text(hours_and_credits(a))),
            Cell::text(l.registrar.as_deref()),
            words::review(l.review),
        ];
        form.push(l.section.as_deref(), cells);
    }
    form.total(&[6, 7]);
    let h100 = lines.iter().filter_map(|l| l.recognised).map(|a| a.h100).sum();
    if let Some(cell) = form.totals.as_mut().and_then(|t| t.get_mut(9)) {
        *cell = Cell::Text(hours_and_credits(Amount { h100, c100: None }));
    }
    form
}

/// One teacher's marks in an activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attendance {
    /// 姓名, or the number where it may not be opened.
    pub name: String,
    /// By session: 1 present, 2 late, 3 early, 4 leave, 5 absent, 6 exempt; others are no mark.
    pub marks: BTreeMap<u32, u8>,
}

/// How many sessions and hours each mark has.
#[derive(Default)]
struct Tally {
    late: u32,
    early: u32,
    leave: u32,
    absent: u32,
    present_h100: u64,
    absent_h100: u64,
    exempt_h100: u64,
    unmarked: u32,
}

impl Tally {
    fn of(sessions: &[Session], marks: &BTreeMap<u32, u8>) -> Self {
        let mut t = Self::default();
        for s in sessions {
            let (h100, mark) = (u64::from(s.h100), marks.get(&s.n).copied().unwrap_or(0));
            t.late += u32::from(mark == 2);
            t.early += u32::from(mark == 3);
            t.leave += u32::from(mark == 4);
            t.absent += u32::from(mark == 5);
            match mark {
                1..=3 => t.present_h100 += h100,
                4 | 5 => t.absent_h100 += h100,
                6 => t.exempt_h100 += h100,
                _ => t.unmarked += 1,
            }
        }
        t
    }
}

/// 校本培训签到/考勤表 of one activity. The share is of all its sessions but those the teacher was exempt from; leave is absence (003 Wuhan 三(三)).
#[must_use]
pub fn form_05(sessions: &[Session], people: &[Attendance]) -> Form {
    let mut form =
        Form::new("form-05", ("校本培训签到/考勤表", "Attendance at school-based training"), &[("姓名", "Name", Unit::Text)]);
    form.columns.extend(sessions.iter().map(|s| super::Column { head: session_head(s), unit: Unit::Text }));
    let behind = [
        ("迟到", "Late", Unit::Count),
        ("早退", "Left early", Unit::Count),
        ("请假", "On leave", Unit::Count),
        ("缺席", "Absent", Unit::Count),
        ("实到学时", "Attended hours", Unit::H100),
        ("缺课比例", "Absent share", Unit::Bp),
        ("是否达五分之一", "One fifth reached", Unit::Text),
    ];
    form.columns.extend(behind.map(|(zh, en, unit)| super::Column { head: Text::new(zh, en), unit }));
    let planned: u64 = sessions.iter().map(|s| u64::from(s.h100)).sum();
    let mut unmarked = 0;
    for person in people {
        let t = Tally::of(sessions, &person.marks);
        let whole = planned.saturating_sub(t.exempt_h100);
        let share = (t.absent_h100 * 10_000).checked_div(whole);
        let is_reached = whole > 0 && t.absent_h100 * 5 >= whole;
        unmarked += t.unmarked;
        let marks = sessions.iter().map(|s| mark(person.marks.get(&s.n).copied()));
        let behind = [
            Cell::number(t.late),
            Cell::number(t.early),
            Cell::number(t.leave),
            Cell::number(t.absent),
            Cell::number(t.present_h100),
            Cell::maybe(share),
            if is_reached { Cell::words("是", "Yes") } else { Cell::words("否", "No") },
        ];
        form.push(None, std::iter::once(Cell::Text(person.name.clone())).chain(marks).chain(behind));
    }
    if unmarked > 0 {
        form.note(
            format!("有 {unmarked} 格没有签到记录,既不算实到也不算缺课"),
            format!("{unmarked} cells have no mark; they are neither attended nor absent"),
        );
    }
    form
}

/// `第3周周二第3节`, or the day.
fn session_head(s: &Session) -> Text {
    const DAYS: [(&str, &str); 7] =
        [("一", "Mon"), ("二", "Tue"), ("三", "Wed"), ("四", "Thu"), ("五", "Fri"), ("六", "Sat"), ("日", "Sun")];
    let weekday = s.weekday.and_then(|d| DAYS.get(usize::from(d).checked_sub(1)?));
    let (mut zh, mut en) = (String::new(), Vec::new());
    if let Some(day) = s.day {
        zh.push_str(&day.to_string());
        en.push(day.to_string());
    }
    if let Some(week) = s.week {
        zh.push_str(&format!("第{week}周"));
        en.push(format!("week {week}"));
    }
    if let Some((day_zh, day_en)) = weekday {
        zh.push_str(&format!("周{day_zh}"));
        en.push((*day_en).to_owned());
    }
    if let Some(period) = s.period {
        zh.push_str(&format!("第{period}节"));
        en.push(format!("lesson {period}"));
    }
    if zh.is_empty() { Text::new(format!("第{}次", s.n), format!("No. {}", s.n)) } else { Text::new(zh, en.join(" ")) }
}

fn mark(mark: Option<u8>) -> Cell {
    match mark {
        Some(1) => Cell::words("到", "present"),
        Some(2) => Cell::words("迟到", "late"),
        Some(3) => Cell::words("早退", "early"),
        Some(4) => Cell::words("请假", "leave"),
        Some(5) => Cell::words("缺席", "absent"),
        Some(6) => Cell::words("免修", "exempt"),
        _ => Cell::Empty,
    }
}
