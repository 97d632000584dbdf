//! Forms about plans, attendance and money: 04, 05, 06, 16, 17.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    id::Kind,
    op::{RowName, RowRef},
    rows::{Activity, ActivityKind, Fund, Inspection, Marks, Plan, PlanDecision, RowType, Session, Sheet},
    units::Day,
};
use taizhang_rules::report::{
    Cell, Form, Text,
    ledger::{self, Attendance},
    money,
    plans::{self, Class, Planned},
    reviews,
};

use super::desk::{Desk, Found};
use crate::error::CommandError;

/// Sessions of the activities that plans name; where no plan names any, all sessions of the ledgers.
pub(super) fn form_04(desk: &Desk<'_>) -> Result<Form, CommandError> {
    let plans = desk.rows_here::<Plan>();
    let mut sessions: Vec<Found<Session>> = desk.rows_here::<Session>();
    sessions.retain(|s| s.document.kind == Kind::Ledger && desk.activity.is_none_or(|a| a == s.row.activity));
    let plan_of = |activity: &str| {
        plans
            .iter()
            .filter(|p| p.row.activities.iter().any(|a| a == activity))
            .max_by_key(|p| p.row.version)
            .map(|p| p.row.clone())
    };
    if sessions.iter().any(|s| plan_of(&s.row.activity).is_some()) {
        sessions.retain(|s| plan_of(&s.row.activity).is_some());
    }
    sessions.sort_by(|a, b| (a.document, &a.row.activity, a.row.n).cmp(&(b.document, &b.row.activity, b.row.n)));
    let planned: Vec<Planned> = sessions
        .into_iter()
        .map(|s| Planned { section: desk.section(s.document.concerns()), plan: plan_of(&s.row.activity), session: s.row })
        .collect();
    let mut form = plans::form_04(&planned);
    for plan in plans {
        let p = plan.row;
        let (no, version, day) = (p.no, p.version, p.submitted_day);
        let text = Text::new(format!("{no} 第{version}版 {day}"), format!("{no}, version {version}, {day}"));
        form.heading.push((Text::new("计划", "Plan"), Cell::Words(text)));
    }
    desk.note_rivals(&mut form, &[Plan::TYPE, Session::TYPE]);
    Ok(form)
}

pub(super) fn form_05(desk: &Desk<'_>) -> Result<Form, CommandError> {
    let marks = desk.rows_here::<Marks>();
    let activity = the_activity(desk, &marks)?;
    let mut sessions: Vec<Session> =
        desk.rows_here::<Session>().into_iter().map(|s| s.row).filter(|s| s.activity == activity).collect();
    sessions.sort_by_key(|s| s.n);
    sessions.dedup_by_key(|s| s.n);
    let mut people: BTreeMap<String, BTreeMap<u32, u8>> = BTreeMap::new();
    let mut lost = 0;
    for m in marks.iter().filter(|m| m.row.activity == activity && desk.teacher.is_none_or(|t| t == m.row.teacher)) {
        let of = people.entry(m.row.teacher.clone()).or_default();
        match sheet_sessions(desk, m) {
            Some(numbers) => of.extend(numbers.into_iter().zip(m.row.marks.0.iter().copied())),
            None => lost += 1,
        }
    }
    let mut attendance: Vec<(String, Attendance)> =
        people.into_iter().map(|(number, marks)| (number.clone(), Attendance { name: desk.name(&number), marks })).collect();
    attendance.sort_by(|a, b| a.0.cmp(&b.0));
    let attendance: Vec<Attendance> = attendance.into_iter().map(|(_, a)| a).collect();
    let mut form = ledger::form_05(&sessions, &attendance);
    form.heading.push((Text::new("活动", "Activity"), Cell::Text(activity)));
    if lost > 0 {
        form.notes.push(Text::new(
            format!("{lost} 行签到找不到签到表, 未列入"),
            format!("{lost} rows of marks are left out: their sheet is not here"),
        ));
    }
    desk.note_rivals(&mut form, &[Marks::TYPE, Session::TYPE]);
    Ok(form)
}

/// The activity named, else the only one with marks.
fn the_activity(desk: &Desk<'_>, marks: &[Found<Marks>]) -> Result<String, CommandError> {
    if let Some(no) = desk.activity {
        return Ok(no.to_owned());
    }
    let all: BTreeSet<&str> = marks.iter().map(|m| m.row.activity.as_str()).collect();
    let mut each = all.iter();
    match (each.next(), each.next()) {
        (Some(only), None) => Ok((*only).to_owned()),
        (None, _) => Err(CommandError::not_found("这里没有签到记录", "no attendance is recorded here").hint(
            "用 taizhang import signin 导入, 或换 --org、--year",
            "import some with `taizhang import signin`, or choose another --org or --year",
        )),
        _ => {
            let list = all.into_iter().collect::<Vec<_>>().join(", ");
            Err(CommandError::not_found("有签到的活动不止一个", "more than one activity has marks")
                .hint(format!("用 --activity 指明: {list}"), format!("name one with --activity: {list}")))
        }
    }
}

/// Which sessions the bytes of marks are of.
fn sheet_sessions(desk: &Desk<'_>, marks: &Found<Marks>) -> Option<Vec<u32>> {
    let sheet: RowName = marks.row.sheet?.resolve(marks.name.entry);
    desk.matters.row(sheet)?.read::<Sheet>()?.row.sessions
}

pub(super) fn form_06(desk: &Desk<'_>) -> Result<Form, CommandError> {
    let (plans, decisions) = (desk.rows::<Plan>(), desk.rows::<PlanDecision>());
    let sessions = desk.rows::<Session>();
    let mut activities = desk.rows_here::<Activity>();
    activities.retain(|a| a.row.kind != ActivityKind::SchoolBased && desk.activity.is_none_or(|n| n == a.row.no));
    activities.sort_by(|a, b| (a.row.start_day, &a.row.no).cmp(&(b.row.start_day, &b.row.no)));
    let class = |a: Found<Activity>| {
        let owner = a.document.owner;
        let named = plans.iter().filter(|p| p.document.owner == owner && p.row.activities.contains(&a.row.no));
        let plan = named.max_by_key(|p| p.row.version);
        let decided = |d: &&Found<PlanDecision>| {
            let about = RowRef::resolve(&d.row.plan, d.name.entry);
            about == a.name || plan.is_some_and(|p| p.name == about)
        };
        let decision = decisions.iter().filter(decided).max_by_key(|d| d.row.decided_day);
        let mut of_class: Vec<Session> =
            sessions.iter().filter(|s| s.document.owner == owner && s.row.activity == a.row.no).map(|s| s.row.clone()).collect();
        of_class.sort_by_key(|s| s.n);
        Class {
            organiser: a.row.organiser_code.clone().or_else(|| Some(desk.org_name(owner))),
            plan: plan.map(|p| p.row.clone()),
            sessions: of_class,
            decision: decision.map(|d| d.row.clone()),
            activity: a.row,
        }
    };
    let classes: Vec<Class> = activities.into_iter().map(class).collect();
    let mut form = plans::form_06(&classes);
    desk.note_rivals(&mut form, &[Activity::TYPE, Plan::TYPE, PlanDecision::TYPE]);
    Ok(form)
}

pub(super) fn form_16(desk: &Desk<'_>) -> Result<Form, CommandError> {
    let year = desk.year_or_now();
    let mut funds: Vec<Found<Fund>> = desk.rows::<Fund>();
    funds.retain(|f| desk.scope.contains(&f.document.owner) && f.row.period == year);
    funds.sort_by_key(|f| (f.document.owner, f.row.source.word()));
    let funds: Vec<(Option<String>, Fund)> = funds.into_iter().map(|f| (desk.section(f.document.owner), f.row)).collect();
    let last_day = Day::from_ymd(year.into(), 12, 31).unwrap_or(desk.as_of);
    let mut form = money::form_16(&funds, &desk.rules(last_day));
    desk.note_rivals(&mut form, &[Fund::TYPE]);
    Ok(form)
}

pub(super) fn form_17(desk: &Desk<'_>) -> Result<Form, CommandError> {
    let mut found: Vec<Found<Inspection>> = desk.rows::<Inspection>();
    found.retain(|f| desk.scope.contains(&f.document.concerns()) && desk.year.is_none_or(|y| f.row.year == y));
    found.sort_by_key(|f| (f.row.year, f.row.semester, f.document.concerns()));
    let line = |f: Found<Inspection>| {
        let school = desk.section(f.document.concerns()).unwrap_or_default();
        let (year, semester) = (f.row.year, f.row.semester);
        (Some(format!("{school} {year}-{semester}").trim().to_owned()), f.row)
    };
    let inspections: Vec<(Option<String>, Inspection)> = found.into_iter().map(line).collect();
    let mut form = reviews::form_17(&inspections);
    desk.note_rivals(&mut form, &[Inspection::TYPE]);
    Ok(form)
}
