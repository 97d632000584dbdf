//! Forms 12 and 13: targets and places, and who fills them.

use std::collections::BTreeSet;

use super::{Audience, Cell, Form, Text, Unit, is_small, masked_phone, words};
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
///
/// To the public no count of one to four people is told, nor a sum that would give one of them away, in this form or beside that of another year.
#[must_use]
pub fn form_12(targets: &Targets<'_>, trained: &[Trained<'_>], audience: Audience) -> Form {
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
    let mut lines: Vec<Line> = categories.into_iter().map(|category| places_line(targets, trained, category)).collect();
    for rule in targets.rules {
        let coverage = progress::coverage(&rule.body, targets.teachers, trained);
        lines.extend(coverage.map(|coverage| coverage_line(rule, &coverage, targets.year)));
        lines.extend(quota_lines(targets, trained, rule));
    }
    for line in lines {
        form.push(None, line.cells(audience));
    }
    form
}

/// A line of form 12.
struct Line {
    name: Text,
    part: Part,
    /// What `part.done` adds up, where other lines tell it.
    parts: Vec<u64>,
    by_year: Option<String>,
    /// 累计, with what it adds up.
    sum: Option<(u64, Vec<u64>)>,
}

impl Line {
    fn cells(self, audience: Audience) -> [Cell; 6] {
        let told = |n: u64, parts: &[u64], cell: Cell| {
            let gives_away = is_small(n) || parts.iter().any(|p| is_small(*p));
            if audience == Audience::Public && gives_away { Cell::Hidden } else { cell }
        };
        let Part { quota, done, bp } = self.part;
        [
            Cell::Words(self.name),
            Cell::number(quota),
            told(done, &self.parts, Cell::number(done)),
            told(done, &self.parts, Cell::maybe(bp)),
            Cell::text(self.by_year),
            self.sum.map_or(Cell::Empty, |(n, parts)| told(n, &parts, Cell::number(n))),
        ]
    }
}

/// People count once for each category and year (D-13); the sum is of all years up to this one.
fn places_line(targets: &Targets<'_>, trained: &[Trained<'_>], category: &str) -> Line {
    let of_category: Vec<&Places> = targets.places.iter().filter(|p| p.category == category).collect();
    let years: BTreeSet<u16> = of_category.iter().map(|p| p.year).collect();
    let seats = |year: u16| of_category.iter().filter(|p| p.year == year).map(|p| p.seats).sum::<u64>();
    let people = |year: u16| {
        trained.iter().filter(|t| t.category == category && t.day.year() == year).map(|t| t.teacher).collect::<BTreeSet<_>>()
    };
    let by_year: Vec<String> = years.iter().map(|y| seats(*y).to_string()).collect();
    let upto: Vec<u64> = years.iter().filter(|y| **y <= targets.year).map(|y| people(*y).len() as u64).collect();
    Line {
        name: words::category(category),
        part: part(seats(targets.year), &people(targets.year)),
        parts: Vec::new(),
        by_year: Some(by_year.join("/")),
        sum: Some((upto.iter().sum(), upto)),
    }
}

fn named(rule: &Rule, zh: &str, en: &str) -> Text {
    let id = &rule.id;
    Text::new(format!("{zh}({id})"), format!("{en} ({id})"))
}

fn coverage_line(rule: &Rule, coverage: &Coverage, year: u16) -> Line {
    let by_year: Vec<String> = coverage.years.iter().map(|y| y.target.to_string()).collect();
    let sum = coverage.years.iter().rfind(|y| y.year <= year).map_or(0, |y| y.done_sum);
    // The rate is of the target: the share of all teachers follows from it.
    let done = Part { quota: coverage.target, done: coverage.done, bp: (coverage.done * 10_000).checked_div(coverage.target) };
    Line {
        name: named(rule, "覆盖教师", "Teachers covered"),
        part: done,
        parts: Vec::new(),
        by_year: Some(by_year.join("/")),
        // The whole window stands beside it: what is still to come in it follows too.
        sum: Some((sum, coverage.years.iter().map(|y| y.done).collect())),
    }
}

fn quota_lines(targets: &Targets<'_>, trained: &[Trained<'_>], rule: &Rule) -> Vec<Line> {
    let is_ours = match &rule.body {
        Body::Quota { year, org_level, .. } => *org_level == targets.level && (*year == 0 || *year == targets.year),
        Body::QuotaSum { org_level, .. } => *org_level == targets.level,
        _ => false,
    };
    let Some(quota) = is_ours.then(|| progress::quota(&rule.body, trained)).flatten() else { return Vec::new() };
    let line = |name: Text, part: Part, parts: Vec<u64>| Line { name, part, parts, by_year: None, sum: None };
    let part = |(category, part): (&String, &Part)| {
        let name = words::category(category);
        line(named(rule, &name.zh, &name.en), *part, Vec::new())
    };
    let mut lines: Vec<Line> = quota.parts.iter().map(part).collect();
    lines.push(line(named(rule, "合计", "All"), quota.total, summed(targets, trained, rule)));
    lines
}

/// What a quota's 合计 adds up; of a sum of years the parts of each of its years.
fn summed(targets: &Targets<'_>, trained: &[Trained<'_>], rule: &Rule) -> Vec<u64> {
    let is_of_it = |other: &&Rule| match (&rule.body, &other.body) {
        (Body::QuotaSum { years, .. }, Body::Quota { year, org_level, .. }) => {
            *org_level == targets.level && years.contains(year)
        }
        _ => other.id == rule.id,
    };
    let quotas = targets.rules.iter().filter(is_of_it).filter_map(|r| progress::quota(&r.body, trained));
    quotas.flat_map(|q| q.parts.into_values().map(|p| p.done)).collect()
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
