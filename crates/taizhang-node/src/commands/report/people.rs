//! Forms about single teachers: 01, 02, 03, 09, 14, 19, 20.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    id::{EntryId, OrgId},
    op::RowName,
    rows::{RowType, Status, Teacher, TransferAck, TransferIn, TransferOut},
    view::{
        decision::Approval,
        training::{Line, Record},
    },
};
use taizhang_rules::{
    account::{Account, ActivityResult, Amount},
    case::{Case, Level, Stage},
    gather::Adoptions,
    report::{
        Cell, Form, Text,
        certificates::Excellent,
        hours::{self, Holder},
        ledger, person, roster, short, statistics,
        transfer::{self, Transfer},
        words,
    },
};

use super::desk::Desk;
use crate::error::CommandError;

/// Who is in service on the day; without a school's `seq` its teachers stand by number.
pub(super) fn form_01(desk: &Desk<'_>) -> Result<Form, CommandError> {
    let facts = desk.facts_by_teacher();
    let hired: BTreeMap<String, Teacher> = desk.rows::<Teacher>().into_iter().map(|f| (f.row.no.clone(), f.row)).collect();
    let mut people = Vec::new();
    for (school, number) in desk.numbers() {
        let Some((case, _)) = desk.account(&number) else { continue };
        if !desk.serves(case) {
            continue;
        }
        let said = desk.names.get(&number);
        let first_year = case.teacher.first_job == Some(true) && desk.as_of.0.saturating_sub(case.teacher.hired.0) < 366;
        people.push(roster::Person {
            section: desk.section(school),
            seq: register(desk, school, &number, "seq"),
            name: desk.name(&number),
            sex: said.and_then(|s| s.sex.clone()),
            birth: said.and_then(|s| s.birth.clone()).map(|b| b.chars().take(7).collect()),
            subject: register(desk, school, &number, "subject"),
            hired: hired.get(&number).map_or(case.teacher.hired, |t| t.hired_day),
            is_new: first_year,
            facts: facts.get(&number).cloned().unwrap_or_default(),
            number,
        });
    }
    for school in people.chunk_by_mut(|a, b| a.section == b.section) {
        school.sort_by_key(|p| p.seq.as_ref().and_then(|s| s.parse::<u32>().ok()).unwrap_or(u32::MAX));
    }
    let mut form = roster::form_01(&people, desk.as_of);
    desk.note_rivals(&mut form, &[Teacher::TYPE, Status::TYPE]);
    Ok(form)
}

/// A register of the school's roster; nothing while several values wait.
fn register(desk: &Desk<'_>, school: OrgId, number: &str, field: &str) -> Option<String> {
    let kind = taizhang_core::id::Kind::Roster;
    let view = desk.views.iter().find(|v| v.document.kind == kind && v.document.owner == school)?;
    let writes = view.register(&format!("{number}.{field}"));
    let first = writes.first()?;
    let taizhang_core::cbor::Value::Text(text) = &first.value else { return None };
    writes.iter().all(|w| w.value == first.value).then(|| text.clone())
}

/// The lines that sums take, of this scope, year and teacher; the others are a note.
fn lines<'a>(desk: &'a Desk<'_>) -> (Vec<&'a Line>, usize) {
    let of_teacher = |l: &Line| desk.teacher.is_none_or(|n| n == l.record.teacher());
    lines_of(desk, |l| desk.scope.contains(&l.school) && of_teacher(l))
}

fn lines_of<'a>(desk: &'a Desk<'_>, is_wanted: impl Fn(&Line) -> bool) -> (Vec<&'a Line>, usize) {
    let of_year = |l: &&Line| desk.year.is_none() || l.document.period == desk.year;
    let wanted = desk.facts.book().lines.iter().filter(|l| is_wanted(l)).filter(of_year);
    let (counting, others): (Vec<&Line>, Vec<&Line>) = wanted.partition(|l| l.counts);
    (counting, others.len())
}

fn note_others(form: &mut Form, others: usize) {
    if others > 0 {
        form.notes.push(Text::new(
            format!("另有 {others} 条填报不一致或更正待审, 未列入"),
            format!("{others} more are rivals or corrections that wait, and left out"),
        ));
    }
}

/// What the accounts say about registrations, by the rows that they were taken from.
struct Results<'a> {
    desk: &'a Desk<'a>,
    by_registration: BTreeMap<&'a str, (&'a Account, &'a Case, &'a ActivityResult)>,
    adoptions: BTreeMap<(OrgId, Stage), Adoptions>,
}

impl<'a> Results<'a> {
    fn new(desk: &'a Desk<'a>) -> Self {
        let of_account = |(_, (case, account)): (&'a str, &'a (Case, Account))| {
            account.activities.iter().map(move |r| (r.registration.as_str(), (account, case, r)))
        };
        Self { desk, by_registration: desk.accounts.iter().flat_map(of_account).collect(), adoptions: desk.adoptions() }
    }

    fn of(&self, line: &Line) -> Option<&(&'a Account, &'a Case, &'a ActivityResult)> {
        line.hands.iter().find_map(|h| self.by_registration.get(h.to_string().as_str()))
    }

    /// Recognised hours, and credits by the rate of the policy in force on the activity's last day. Nothing where no policy is in force.
    fn amount(&self, line: &Line) -> Option<Amount> {
        let (account, case, result) = self.of(line)?;
        account.span?;
        let school = self.desk.facts.teacher(&case.teacher.id)?.school;
        let regime = self.adoptions.get(&(school, case.teacher.stage))?.regime();
        let end = case.activities.iter().find(|a| a.id == result.activity)?.end;
        let rate = regime
            .in_force(end)
            .and_then(|p| std::iter::once(p.policy).chain(p.overlays.iter().copied()).find_map(|p| p.rate(&result.bucket)));
        Some(hours::amount(result.h100, rate.filter(|r| *r > 0)))
    }
}

/// Title, organiser, level, days and planned hours, as far as they are known.
struct About {
    title: String,
    organiser: Option<String>,
    level: Option<&'static str>,
    days: Option<(taizhang_core::units::Day, taizhang_core::units::Day)>,
    planned_h100: Option<u32>,
}

fn about(desk: &Desk<'_>, line: &Line) -> About {
    match (&line.record, desk.facts.book().activity(line)) {
        (Record::Elsewhere(e), _) => About {
            title: e.title.clone(),
            organiser: e.organiser.clone(),
            level: e.level.map(|l| l.word()),
            days: Some((e.start_day, e.end_day)),
            planned_h100: None,
        },
        (Record::Registration(r), Some(a)) => About {
            title: a.title.clone(),
            organiser: a.organiser_name.clone().or_else(|| a.organiser_code.clone()),
            level: Some(a.level.word()),
            days: Some((a.start_day, a.end_day)),
            planned_h100: r.planned_h100.or(Some(a.planned_h100)),
        },
        (Record::Registration(r), None) => About {
            title: r.activity_no.clone().unwrap_or_default(),
            organiser: None,
            level: None,
            days: None,
            planned_h100: r.planned_h100,
        },
    }
}

fn assessment(record: &Record) -> Option<&'static str> {
    match record {
        Record::Registration(r) => r.assessment.map(|a| a.word()),
        Record::Elsewhere(e) => e.assessment.map(|a| a.word()),
    }
}

pub(super) fn form_02(desk: &Desk<'_>) -> Result<Form, CommandError> {
    let (counting, others) = lines(desk);
    let results = Results::new(desk);
    let one = |line: &&Line| {
        let first = line.hands.first()?;
        let about = about(desk, line);
        Some(ledger::Line {
            section: desk.section(line.school),
            no: short(first),
            day: about.days.map_or(line.record.day(), |(_, end)| end),
            activity: about.title,
            level: about.level,
            kind: line.kind.map(|k| k.word()),
            organiser: about.organiser,
            planned_h100: about.planned_h100,
            attended_h100: line.record.h100(),
            assessment: assessment(&line.record),
            recognised: results.amount(line),
            registrar: desk.post(&first.entry),
            review: line.approval.word(),
        })
    };
    let mut made: Vec<ledger::Line> = counting.iter().filter_map(one).collect();
    made.sort_by(|a, b| (&a.section, a.day, &a.no).cmp(&(&b.section, b.day, &b.no)));
    let mut form = ledger::form_02(&made);
    note_others(&mut form, others);
    Ok(form)
}

pub(super) fn form_03(desk: &Desk<'_>) -> Result<Form, CommandError> {
    let number = desk.teacher.ok_or_else(|| {
        CommandError::not_found("此表需指明教师", "this form is about one teacher")
            .hint("用 --teacher 教师编号", "name it with --teacher NUMBER")
    })?;
    let unknown = || {
        CommandError::not_found(format!("没有编号为 {number} 的教师"), format!("there is no teacher {number} here"))
            .hint("请核对教师编号", "check the teacher's number")
    };
    let (case, account) = desk.account(number).ok_or_else(unknown)?;
    // Of every school where the teacher served: the account is of all of them.
    let (counting, others) = lines_of(desk, |l| l.record.teacher() == number);
    let results = Results::new(desk);
    let mut trainings: Vec<person::Training> = counting.iter().map(|l| training(desk, &results, l)).collect();
    trainings.sort_by_key(|t| (t.year, t.days.map(|(from, _)| from), t.title.clone()));
    let mut form = person::form_03(&trainings, account);
    let said = desk.names.get(number);
    let pairs = [
        ("姓名", "Name", Cell::Text(desk.name(number))),
        ("教师编号", "Teacher number", Cell::Text(number.to_owned())),
        ("学校", "School", desk.facts.teacher(number).map_or(Cell::Empty, |t| Cell::Text(desk.org_name(t.school)))),
        ("性别", "Sex", said.and_then(|s| s.sex.clone()).map_or(Cell::Empty, Cell::Text)),
        ("学段", "Stage", words::stage(case.teacher.stage.word())),
        ("入职日期", "Hired", Cell::Day(case.teacher.hired)),
    ];
    form.heading = pairs.into_iter().map(|(zh, en, value)| (Text::new(zh, en), value)).collect();
    note_others(&mut form, others);
    Ok(form)
}

fn training(desk: &Desk<'_>, results: &Results<'_>, line: &Line) -> person::Training {
    let about = about(desk, line);
    let day = about.days.map_or(line.record.day(), |(_, end)| end);
    let reviewer = match &line.approval {
        Approval::Approved { by } => desk.post(&by.entry),
        _ => None,
    };
    person::Training {
        year: day.year(),
        title: about.title,
        organiser: about.organiser,
        kind: line.kind.map(|k| k.word()),
        days: about.days,
        recognised: results.amount(line).unwrap_or_default(),
        registrar: line.hands.first().and_then(|h| desk.post(&h.entry)),
        review: line.approval.word(),
        reviewer,
    }
}

/// Forms 09 and 14.
pub(super) fn accounts(desk: &Desk<'_>, sums: bool) -> Result<Form, CommandError> {
    let numbers = desk.numbers();
    let named: Vec<(Option<String>, String, &str)> =
        numbers.iter().map(|(school, n)| (desk.section(*school), desk.name(n), n.as_str())).collect();
    let holder = |(section, name, number): &'_ (Option<String>, String, &str)| -> Option<Held> {
        let (case, account) = desk.account(number).filter(|(case, _)| case.teacher.hired <= desk.as_of)?;
        Some(Held { section: section.clone(), name: name.clone(), case, account })
    };
    let held: Vec<Held<'_>> = named.iter().filter_map(holder).collect();
    let holders: Vec<Holder<'_>> = held.iter().map(Held::holder).collect();
    let mut form = if sums { hours::form_09(&holders, desk.year) } else { hours::form_14(&holders, desk.year) };
    note_waiting(desk, &mut form);
    Ok(form)
}

/// A holder with its own words.
struct Held<'a> {
    section: Option<String>,
    name: String,
    case: &'a Case,
    account: &'a Account,
}

impl Held<'_> {
    fn holder(&self) -> Holder<'_> {
        Holder { section: self.section.as_deref(), name: &self.name, case: self.case, account: self.account }
    }
}

/// Hours whose activity nobody describes are in no account.
fn note_waiting(desk: &Desk<'_>, form: &mut Form) {
    let numbers: BTreeSet<String> = desk.numbers().into_iter().map(|(_, n)| n).collect();
    let waiting = numbers.iter().filter_map(|n| desk.facts.teacher(n)).map(|t| t.waiting.len()).sum::<usize>();
    if waiting > 0 {
        form.notes.push(Text::new(
            format!("另有 {waiting} 条登记的活动不明, 未计入"),
            format!("{waiting} registrations are in no figure: their activity is not known"),
        ));
    }
}

/// By activity: who completed it, and whom its registrar calls excellent.
pub(super) fn excellent(desk: &Desk<'_>) -> Vec<Excellent> {
    let (counting, _) = lines(desk);
    let results = Results::new(desk);
    let mut by_activity: BTreeMap<String, Excellent> = BTreeMap::new();
    for line in counting {
        let Record::Registration(r) = &line.record else { continue };
        let Some((_, _, result)) = results.of(line) else { continue };
        if result.h100 == 0 {
            continue;
        }
        let project = about(desk, line).title;
        let of =
            by_activity.entry(result.activity.clone()).or_insert_with(|| Excellent { project, completed: 0, people: Vec::new() });
        of.completed += 1;
        if r.excellent == Some(true) {
            of.people.push((desk.name(&r.teacher), result.h100));
        }
    }
    by_activity.into_values().collect()
}

pub(super) fn form_19(desk: &Desk<'_>) -> Result<Form, CommandError> {
    let (taken, acknowledged) = (desk.rows::<TransferIn>(), desk.rows::<TransferAck>());
    let signed = |entry: &EntryId| desk.post(entry);
    let mut transfers = Vec::new();
    for out in desk.rows::<TransferOut>() {
        let from = out.document.concerns();
        let is_here =
            desk.scope.contains(&from) || desk.scope.contains(&out.row.to_org) || desk.scope.contains(&out.document.owner);
        let is_asked = desk.teacher.is_none_or(|n| n == out.row.teacher) && desk.year.is_none_or(|y| out.row.day.year() == y);
        if !is_here || !is_asked {
            continue;
        }
        let is_it = |entry: EntryId, r: &taizhang_core::op::RowRef| r.resolve(entry) == out.name;
        let came = taken.iter().find(|f| is_it(f.name.entry, &f.row.transfer));
        let ack = acknowledged.iter().find(|f| is_it(f.name.entry, &f.row.transfer));
        transfers.push(Transfer {
            teacher: desk.name(&out.row.teacher),
            from: desk.org_name(from),
            to: desk.org_name(out.row.to_org),
            out_signer: signed(&out.name.entry),
            taken: came.map(|f| (f.row.clone(), signed(&f.name.entry))),
            acknowledged: ack.map(|f| (f.row.clone(), signed(&f.name.entry))),
            out: out.row,
        });
    }
    transfers.sort_by(|a, b| (a.out.day, &a.out.teacher).cmp(&(b.out.day, &b.out.teacher)));
    let mut form = transfer::form_19(&transfers);
    desk.note_rivals(&mut form, &transfer::TYPES);
    Ok(form)
}

pub(super) fn form_20(desk: &Desk<'_>) -> Result<Form, CommandError> {
    let year = desk.year_or_now();
    let facts = desk.facts_by_teacher();
    let abroad = abroad(desk);
    let mut teachers = Vec::new();
    for (_, number) in desk.numbers() {
        let Some((case, account)) = desk.account(&number) else { continue };
        let post = facts.get(&number).and_then(|f| roster::fact(f, "post", desk.as_of)).and_then(|f| f.value.as_deref());
        if !is_full_time(post) {
            continue;
        }
        let levels: BTreeMap<&str, Level> = case.activities.iter().map(|a| (a.id.as_str(), a.level)).collect();
        let of_year: Vec<&ActivityResult> = account.activities.iter().filter(|a| a.year == year && a.h100 > 0).collect();
        teachers.push(statistics::TeacherYear {
            h100: of_year.iter().map(|a| u64::from(a.h100)).sum(),
            levels: of_year.iter().filter_map(|a| levels.get(a.activity.as_str()).copied()).collect(),
            abroad: of_year.iter().any(|a| abroad.contains(&a.registration)),
        });
    }
    let mut form = statistics::form_20(&teachers, desk.audience);
    if desk.year.is_none() {
        form.heading.push((Text::new("年度", "Year"), Cell::Number(year.into())));
    }
    Ok(form)
}

/// 专任教师, also where the roster does not say.
pub(super) fn is_full_time(post: Option<&str>) -> bool {
    post.is_none_or(|p| p == "full_time" || p.contains("专任"))
}

/// Registrations of trainings abroad.
fn abroad(desk: &Desk<'_>) -> BTreeSet<String> {
    let is_abroad = |line: &&Line| match &line.record {
        Record::Elsewhere(e) => e.abroad == Some(true),
        Record::Registration(_) => desk.facts.book().activity(line).is_some_and(|a| a.abroad == Some(true)),
    };
    let lines = desk.facts.book().lines.iter().filter(is_abroad);
    lines.flat_map(|l| &l.hands).map(RowName::to_string).collect()
}
