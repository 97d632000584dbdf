//! Forms 09 and 14: what teachers have, and what they lack.

use std::collections::BTreeMap;

use super::{Cell, Form, Text, Unit, hundredths, person::sum};
use crate::{
    account::{Account, Amount, LineStatus, Lost, RequirementLine},
    case::{Case, Kind},
    explain::words::{bucket_words, reason_words, scope_words, unit_words, who_words},
    policy,
};

/// A teacher's account, and how the reader may call the teacher.
#[derive(Clone, Copy, Debug)]
pub struct Holder<'a> {
    /// The school, where the form covers several.
    pub section: Option<&'a str>,
    /// 姓名, or the number where it may not be opened.
    pub name: &'a str,
    /// What the account was made from.
    pub case: &'a Case,
    /// The account.
    pub account: &'a Account,
}

/// The kinds that have a column of their own in form 09, in its order.
const KINDS: [Kind; 5] = [Kind::Concentrated, Kind::Nonconcentrated, Kind::Online, Kind::SchoolBased, Kind::Degree];

/// 学时学分登记汇总表: recognised hours of a year, or without one of the whole cycle. Hours of other kinds are in the sum and in a note.
#[must_use]
pub fn form_09(holders: &[Holder<'_>], year: Option<u16>) -> Form {
    use Unit::{C100, H100, Text as Words};
    let columns = [
        ("姓名", "Name", Words),
        ("集中", "Concentrated", H100),
        ("非集中", "Non-concentrated", H100),
        ("网络", "Online", H100),
        ("校本", "School-based", H100),
        ("学历", "Degree", H100),
        ("合计学时", "All hours", H100),
        ("折合学分", "In credits", C100),
        ("剔除原因", "Why hours were lost", Words),
    ];
    let mut form = Form::new("form-09", ("学时学分登记汇总表", "Hours and credits by teacher"), &columns);
    let (mut other, mut open) = (0, 0);
    for h in holders {
        let kinds: BTreeMap<&str, Kind> = h.case.activities.iter().filter_map(|a| Some((a.id.as_str(), a.kind?))).collect();
        let of_year: Vec<_> = h.account.activities.iter().filter(|a| year.is_none_or(|y| a.year == y)).collect();
        let mut by_kind: BTreeMap<Option<Kind>, u64> = BTreeMap::new();
        for a in &of_year {
            *by_kind.entry(kinds.get(a.activity.as_str()).copied()).or_default() += u64::from(a.h100);
        }
        let all: u64 = by_kind.values().sum();
        let in_columns = KINDS.map(|k| by_kind.get(&Some(k)).copied().unwrap_or(0));
        other += all - in_columns.iter().sum::<u64>();
        open += usize::from(!h.account.open.is_empty());
        let credits = match year {
            Some(year) => sum(h.account.by_year.get(&year).into_iter().flat_map(BTreeMap::values)).c100,
            None => sum(h.account.cycle.values()).c100,
        };
        let name = std::iter::once(Cell::Text(h.name.to_owned()));
        let sums = [Cell::number(all), Cell::maybe(credits), lost_words(of_year.iter().flat_map(|a| &a.lost))];
        form.push(h.section, name.chain(in_columns.map(Cell::number)).chain(sums));
    }
    form.total(&[1, 2, 3, 4, 5, 6, 7]);
    if other > 0 {
        let hours = shown(other);
        form.note(format!("合计学时含其他方式 {hours} 学时"), format!("All hours include {hours} h of other kinds"));
    }
    note_open(&mut form, open);
    form
}

fn note_open(form: &mut Form, open: usize) {
    if open > 0 {
        form.note(
            format!("{open} 人有数据未定,数字尚不确定"),
            format!("Of {open} people inputs are not decided: their figures are open"),
        );
    }
}

fn shown(n: u64) -> String {
    hundredths(i64::try_from(n).unwrap_or(i64::MAX))
}

/// `考核不合格(WH-ASSESS) 8学时;…`: each reason with its rule and its hours; a decision of the engine's own has its source instead.
fn lost_words<'a>(lost: impl Iterator<Item = &'a Lost>) -> Cell {
    let mut by_reason: BTreeMap<(_, &str), u64> = BTreeMap::new();
    for l in lost {
        let source = l.cite.source.strip_prefix("decision ").unwrap_or(&l.cite.source);
        let rule: &str = if l.cite.rule.is_empty() { source } else { &l.cite.rule };
        *by_reason.entry((l.reason, rule)).or_default() += u64::from(l.h100);
    }
    if by_reason.is_empty() {
        return Cell::Empty;
    }
    let sentence = |((reason, rule), h100): (&(crate::account::Reason, &str), &u64)| {
        let (zh, en) = reason_words(*reason);
        let hours = shown(*h100);
        (format!("{zh}({rule}) {hours}学时"), format!("{en} ({rule}): {hours} h"))
    };
    let (zh, en): (Vec<String>, Vec<String>) = by_reason.iter().map(sentence).unzip();
    Cell::Words(Text::new(zh.join(";"), en.join("; ")))
}

/// 未完成名单及差额: a line for each requirement that a teacher has not reached; with a year those of that year only.
#[must_use]
pub fn form_14(holders: &[Holder<'_>], year: Option<u16>) -> Form {
    use Unit::Text as Words;
    let columns = [("姓名", "Name", Words), ("缺口(集中/非集中/年度)", "Missing", Words), ("原因", "Why", Words)];
    let mut form = Form::new("form-14", ("未完成名单及差额", "Who has not finished, and what is missing"), &columns);
    let (mut people, mut open) = (0, 0);
    let year = year.map(|y| y.to_string());
    for h in holders {
        let missing = h.account.missing().filter(|(line, _)| year.as_ref().is_none_or(|y| *y == line.scope));
        let missing: Vec<_> = missing.collect();
        people += usize::from(!missing.is_empty());
        open += usize::from(!missing.is_empty() && !h.account.open.is_empty());
        for (line, short) in missing {
            form.push(h.section, [Cell::Text(h.name.to_owned()), gap(line, short), why(h.account, line)]);
        }
    }
    form.note(format!("共 {people} 人"), format!("{people} people"));
    note_open(&mut form, open);
    form
}

/// `2024 年度 集中培训: 差 20 学时(WH-…)`
fn gap(line: &RequirementLine, short: u64) -> Cell {
    let (scope_zh, scope_en) = scope_words(&line.scope, line.any_window);
    let (who_zh, who_en) = who_words(&line.who);
    let (zh, en): (Vec<String>, Vec<String>) = line.buckets.iter().map(|b| bucket_words(b)).unzip();
    let (unit_zh, unit_en) = unit_words(line.unit);
    let number = if line.unit == policy::Unit::Days { short.to_string() } else { shown(short) };
    let rule = &line.cite.rule;
    let (zh, en) = (zh.join("、"), en.join(" and "));
    Cell::words(
        format!("{scope_zh}{who_zh}{zh}差 {number} {unit_zh}({rule})"),
        format!("{scope_en}, {who_en}, {en}: {number} {unit_en} ({rule})"),
    )
}

/// Is it over, and what of the same buckets and the same time was lost?
fn why(account: &Account, line: &RequirementLine) -> Cell {
    let of_time = |year: u16| line.scope.parse::<u16>().map_or(true, |y| y == year);
    let counts = |bucket: &str| line.buckets.iter().any(|b| b.as_ref() == bucket);
    let lost = account.activities.iter().filter(|a| of_time(a.year) && counts(&a.bucket)).flat_map(|a| &a.lost);
    let (zh, en) = if line.status == LineStatus::NotMet {
        ("已截止,学时不足", "closed, too few hours")
    } else {
        ("尚未截止", "not closed yet")
    };
    match lost_words(lost) {
        Cell::Words(words) => Cell::words(format!("{zh};{}", words.zh), format!("{en}; {}", words.en)),
        _ => Cell::words(zh, en),
    }
}

/// Recognised hours of one activity as an amount, credits floored by the rate of its line alone.
#[must_use]
pub fn amount(h100: u32, h100_per_credit: Option<u32>) -> Amount {
    let credits = h100_per_credit.and_then(|rate| (u64::from(h100) * 100).checked_div(u64::from(rate)));
    Amount { h100: h100.into(), c100: credits }
}
