//! Forms 12 and 13: targets and places, and who fills them.

use std::collections::BTreeSet;

use super::{Cell, Form, Text, Unit, masked_phone, words};
use crate::{
    calc::{Part, part},
    case::Level,
    policy::{Body, Rule},
    progress::{self, Coverage, Trained},
};

/// Places that were given (row 23).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Calendar year.
    pub year: u16,
    /// Category of trainees.
    pub category: String,
    /// How many.
    pub seats: u64,
}

/// Whose targets form 12 is about.
#[derive(Clone, Copy, Debug)]
pub struct Targets<'a> {
    /// The year that the form is of.
    pub year: u16,
    /// Full-time teachers.
    pub teachers: u64,
    /// Places given, of any year.
    pub places: &'a [Places],
    /// Rules of the policy in force.
    pub rules: &'a [Rule],
    /// Quotas of the policy that are met here: those of this level.
    pub level: Level,
}

/// 培训任务完成情况表: places of the year by category, then the coverage targets and, where they are met at this level, the quotas of the policy in force.
#[must_use]
pub fn form_12(targets: &Targets<'_>, trained: &[Trained<'_>]) -> Form {
    use Unit::{Bp, Count, Text as Words};
    let columns = [
        ("类别", "Category", Words),
        ("指标", "Target", Count),
        ("已完成(人)", "Done (people)", Count),
        ("完成率", "Reached", Bp),
        ("年度目标30/30/40", "Targets by year", Words),
        ("累计", "Up to this year", Count),
    ];
    let mut form = Form::new("form-12", ("培训任务完成情况表", "Progress of training targets"), &columns);
    let categories: BTreeSet<&str> = targets.places.iter().map(|p| p.category.as_str()).collect();
    for category in categories {
        places_line(&mut form, targets, trained, category);
    }
    for rule in targets.rules {
        if let Some(coverage) = progress::coverage(&rule.body, targets.teachers, trained) {
            coverage_line(&mut form, rule, &coverage, targets.year);
        }
        quota_lines(&mut form, targets, trained, rule);
    }
    form
}

fn line(form: &mut Form, name: Text, part: Part, by_year: Option<String>, sum: Option<u64>) {
    let numbers = [Cell::number(part.quota), Cell::number(part.done), Cell::maybe(part.bp)];
    form.push(None, std::iter::once(Cell::Words(name)).chain(numbers).chain([Cell::text(by_year), Cell::maybe(sum)]));
}

/// People count once for each category and year (D-13); the sum is of all years up to this one.
fn places_line(form: &mut Form, targets: &Targets<'_>, trained: &[Trained<'_>], category: &str) {
    let of_category: Vec<&Places> = targets.places.iter().filter(|p| p.category == category).collect();
    let years: BTreeSet<u16> = of_category.iter().map(|p| p.year).collect();
    let seats = |year: u16| of_category.iter().filter(|p| p.year == year).map(|p| p.seats).sum::<u64>();
    let people = |year: u16| {
        trained.iter().filter(|t| t.category == category && t.day.year() == year).map(|t| t.teacher).collect::<BTreeSet<_>>()
    };
    let by_year: Vec<String> = years.iter().map(|y| seats(*y).to_string()).collect();
    let sum = years.iter().filter(|y| **y <= targets.year).map(|y| people(*y).len() as u64).sum();
    line(form, words::category(category), part(seats(targets.year), &people(targets.year)), Some(by_year.join("/")), Some(sum));
}

fn named(rule: &Rule, zh: &str, en: &str) -> Text {
    let id = &rule.id;
    Text::new(format!("{zh}({id})"), format!("{en} ({id})"))
}

fn coverage_line(form: &mut Form, rule: &Rule, coverage: &Coverage, year: u16) {
    let by_year: Vec<String> = coverage.years.iter().map(|y| y.target.to_string()).collect();
    let sum = coverage.years.iter().rfind(|y| y.year <= year).map_or(0, |y| y.done_sum);
    // The rate is of the target: the share of all teachers follows from it.
    let done = Part { quota: coverage.target, done: coverage.done, bp: (coverage.done * 10_000).checked_div(coverage.target) };
    line(form, named(rule, "覆盖教师", "Teachers covered"), done, Some(by_year.join("/")), Some(sum));
}

fn quota_lines(form: &mut Form, targets: &Targets<'_>, trained: &[Trained<'_>], rule: &Rule) {
    let is_ours = match &rule.body {
        Body::Quota { year, org_level, .. } => *org_level == targets.level && (*year == 0 || *year == targets.year),
        Body::QuotaSum { org_level, .. } => *org_level == targets.level,
        _ => false,
    };
    let Some(quota) = is_ours.then(|| progress::quota(&rule.body, trained)).flatten() else { return };
    for (category, part) in &quota.parts {
        let name = words::category(category);
        line(form, named(rule, &name.zh, &name.en), *part, None, None);
    }
    line(form, named(rule, "合计", "All"), quota.total, None, None);
}

/// Places of a unit in a training, and who takes one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// 单位
    pub unit: String,
    /// 项目
    pub project: String,
    /// 名额: on the first line of a unit and training.
    pub seats: Option<u32>,
    /// 姓名, or the number where it may not be opened; none: nobody yet.
    pub name: Option<String>,
    /// 专业
    pub subject: Option<String>,
    /// Whole; the form masks it. Only a county's own form has it.
    pub phone: Option<String>,
    /// 备注
    pub note: Option<String>,
}

/// 名额分配表、报名回执
#[must_use]
pub fn form_13(seats: &[Seat]) -> Form {
    use Unit::{Count, Text as Words};
    let columns = [
        ("单位", "Organisation", Words),
        ("项目", "Training", Words),
        ("名额", "Places", Count),
        ("姓名", "Name", Words),
        ("专业", "Subject", Words),
        ("电话", "Phone", Words),
        ("备注(国培)", "Note", Words),
    ];
    let mut form = Form::new("form-13", ("名额分配表、报名回执", "Places and enrolments"), &columns);
    for s in seats {
        let cells = [
            Cell::Text(s.unit.clone()),
            Cell::Text(s.project.clone()),
            Cell::maybe(s.seats),
            Cell::text(s.name.as_deref()),
            Cell::text(s.subject.as_deref()),
            Cell::text(s.phone.as_deref().and_then(masked_phone)),
            Cell::text(s.note.as_deref()),
        ];
        form.push(None, cells);
    }
    form.total(&[2]);
    form
}
