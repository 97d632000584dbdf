//! Forms 04 and 06: what is planned.

use taizhang_core::{
    rows::{Activity, Plan, PlanDecision, Session},
    units::Day,
};

use super::{Cell, Form, Unit, hundredths, words};

/// A planned session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The school, where the form covers several.
    pub section: Option<String>,
    /// Row 21.
    pub session: Session,
    /// For whom and how it is assessed, where the session does not say: the plan's.
    pub plan: Option<Plan>,
}

/// 校本培训学期计划
#[must_use]
pub fn form_04(sessions: &[Planned]) -> Form {
    use Unit::{Count, Fen, H100, Text as Words};
    let columns = [
        ("周次", "Week", Count),
        ("主题", "Theme", Words),
        ("形式", "Form", Words),
        ("主讲", "Lecturer", Words),
        ("对象", "Audience", Words),
        ("学时", "Hours", H100),
        ("考核", "Assessment", Words),
        ("经费", "Cost", Fen),
    ];
    let mut form = Form::new("form-04", ("校本培训学期计划", "Plan of school-based training"), &columns);
    for Planned { section, session: s, plan } in sessions {
        let plan = plan.as_ref();
        let cells = [
            Cell::maybe(s.week),
            Cell::text(s.theme.as_deref()),
            Cell::text(s.form.as_deref()),
            Cell::text(s.lecturer.as_deref()),
            Cell::text(s.audience.as_deref().or(plan.and_then(|p| p.audience.as_deref()))),
            Cell::number(s.h100),
            Cell::text(s.assessment.as_deref().or(plan.and_then(|p| p.assessment_method.as_deref()))),
            Cell::maybe(s.cost_fen),
        ];
        form.push(section.as_deref(), cells);
    }
    form.total(&[5, 7]);
    form
}

/// A class for which an approval is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Row 20.
    pub activity: Activity,
    /// Row 60, where one was handed in.
    pub plan: Option<Plan>,
    /// 承办, where the activity does not name it.
    pub organiser: Option<String>,
    /// Its sessions, in order.
    pub sessions: Vec<Session>,
    /// Row 100.
    pub decision: Option<PlanDecision>,
}

/// 培训办班申请表
#[must_use]
pub fn form_06(classes: &[Class]) -> Form {
    use Unit::{Count, Day as Date, Fen, Text as Words};
    let columns = [
        ("项目", "Training", Words),
        ("承办", "Organiser", Words),
        ("对象", "Audience", Words),
        ("人数", "Places", Count),
        ("起止", "From and to", Words),
        ("地点", "Place", Words),
        ("课程与课时", "Courses and hours", Words),
        ("授课教师", "Lecturers", Words),
        ("学分标准", "Credit standard", Words),
        ("考核办法", "Assessment", Words),
        ("经费", "Money", Fen),
        ("审核意见", "Decision", Words),
        ("备案", "Filed", Date),
    ];
    let mut form = Form::new("form-06", ("培训办班申请表", "Application for a class"), &columns);
    for class in classes {
        form.push(None, class_line(class));
    }
    form.total(&[3, 10]);
    form
}

fn class_line(c: &Class) -> [Cell; 13] {
    let (a, plan) = (&c.activity, c.plan.as_ref());
    let lecturers = a.lecturers.clone().or_else(|| plan?.lecturers.clone());
    let standard = a.credit_standard.as_deref().or(plan.and_then(|p| p.credit_standard.as_deref()));
    let method = a.assessment_method.as_deref().or(plan.and_then(|p| p.assessment_method.as_deref()));
    let days: (Day, Day) = (a.start_day, a.end_day);
    [
        Cell::Text(a.title.clone()),
        Cell::text(a.organiser_name.as_deref().or(c.organiser.as_deref())),
        Cell::text(a.audience.as_deref().or(plan.and_then(|p| p.audience.as_deref()))),
        Cell::maybe(a.seats.or(plan.and_then(|p| p.seats))),
        Cell::words(format!("{} 至 {}", days.0, days.1), format!("{} to {}", days.0, days.1)),
        Cell::text(a.place.as_deref()),
        courses(c),
        Cell::text(lecturers.map(|l| l.join("、"))),
        Cell::text(standard),
        Cell::text(method),
        Cell::maybe(a.budget_fen.or(plan.and_then(|p| p.budget_fen))),
        c.decision.as_ref().map_or(Cell::Empty, decision),
        Cell::day(c.decision.as_ref().and_then(|d| d.filed_day)),
    ]
}

/// Each session's theme with its hours; without sessions the plan's content, and the planned hours.
fn courses(c: &Class) -> Cell {
    let one = |theme_zh: &str, theme_en: &str, h100: u32| {
        let hours = hundredths(h100.into());
        (format!("{theme_zh} {hours}学时").trim().to_owned(), format!("{theme_en} {hours} h").trim().to_owned())
    };
    if c.sessions.is_empty() {
        let content = c.plan.as_ref().and_then(|p| p.content.as_deref()).unwrap_or_default();
        let (zh, en) = one(content, content, c.activity.planned_h100);
        return Cell::words(zh, en);
    }
    let session = |s: &Session| match &s.theme {
        Some(theme) => one(theme, theme, s.h100),
        None => one(&format!("第{}次", s.n), &format!("No. {}", s.n), s.h100),
    };
    let (zh, en): (Vec<String>, Vec<String>) = c.sessions.iter().map(session).unzip();
    Cell::words(zh.join(";"), en.join("; "))
}

/// The verdict, its day and its reason.
fn decision(d: &PlanDecision) -> Cell {
    let late = if d.retroactive { (" 追认", ", retroactive") } else { ("", "") };
    let reason = d.reason.as_deref().map(|r| format!(" {r}")).unwrap_or_default();
    let Cell::Words(word) = words::review(d.decision.word()) else { return Cell::Empty };
    let day = d.decided_day;
    Cell::words(format!("{} {day}{}{reason}", word.zh, late.0), format!("{} {day}{}{reason}", word.en, late.1))
}
