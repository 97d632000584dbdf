//! Form 03: one teacher's training, year by year, with what the account makes of it.

use std::collections::BTreeMap;

use taizhang_core::units::Day;

use super::{Cell, Form, Unit, words};
use crate::account::{Account, Amount};

/// One training of the teacher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Training {
    /// Year of its last day.
    pub year: u16,
    /// 项目
    pub title: String,
    /// 机构
    pub organiser: Option<String>,
    /// Word of the kind.
    pub kind: Option<&'static str>,
    /// First and last day.
    pub days: Option<(Day, Day)>,
    /// What the rules recognise of it.
    pub recognised: Amount,
    /// 登记单位章: who registered it.
    pub registrar: Option<String>,
    /// Word of its review.
    pub review: &'static str,
    /// 审核章: who reviewed it.
    pub reviewer: Option<String>,
}

/// Hours of all buckets, and credits where any has them. Credits are floored for each bucket before (D-17).
pub(super) fn sum<'a>(amounts: impl IntoIterator<Item = &'a Amount>) -> Amount {
    amounts.into_iter().fold(Amount::default(), |sum, a| Amount {
        h100: sum.h100 + a.h100,
        c100: a.c100.map_or(sum.c100, |c| Some(sum.c100.unwrap_or(0) + c)),
    })
}

/// 教师个人继续教育登记表. `trainings` in order of years; the sums are the account's own, so they are floored once and not the sum of the lines.
#[must_use]
pub fn form_03(trainings: &[Training], account: &Account) -> Form {
    use Unit::{C100, Count, H100, Text as Words};
    let columns = [
        ("年度", "Year", Count),
        ("项目", "Training", Words),
        ("机构", "Organiser", Words),
        ("方式", "Kind", Words),
        ("起止", "From and to", Words),
        ("学时", "Hours", H100),
        ("学分", "Credits", C100),
        ("登记单位章", "Registered by", Words),
        ("审核章", "Reviewed by", Words),
    ];
    let mut form = Form::new("form-03", ("教师个人继续教育登记表", "A teacher's record"), &columns);
    let mut by_year: BTreeMap<u16, Vec<&Training>> = BTreeMap::new();
    for training in trainings {
        by_year.entry(training.year).or_default().push(training);
    }
    for (year, of_year) in by_year {
        for t in of_year {
            form.push(None, line(t));
        }
        let amounts = account.by_year.get(&year);
        sum_line(&mut form, Some(year), ("年度小计", "Sum of the year"), sum(amounts.into_iter().flat_map(BTreeMap::values)));
    }
    sum_line(&mut form, None, ("周期累计", "Sum of the cycle"), sum(account.cycle.values()));
    let excess = account.buckets.values().map(|b| b.capped_h100).sum();
    sum_line(&mut form, None, ("封顶剔除", "Lost to caps"), Amount { h100: excess, c100: None });
    if !account.open.is_empty() {
        let n = account.open.len();
        form.note(format!("有 {n} 项数据未定,数字尚不确定"), format!("{n} inputs are not decided: these figures are open"));
    }
    form
}

fn line(t: &Training) -> [Cell; 9] {
    [
        Cell::number(t.year),
        Cell::Text(t.title.clone()),
        Cell::text(t.organiser.as_deref()),
        t.kind.map_or(Cell::Empty, words::kind),
        t.days.map_or(Cell::Empty, |(from, to)| Cell::words(format!("{from} 至 {to}"), format!("{from} to {to}"))),
        Cell::number(t.recognised.h100),
        Cell::maybe(t.recognised.c100),
        Cell::text(t.registrar.as_deref()),
        t.reviewer.as_deref().map_or_else(|| words::review(t.review), |r| Cell::Text(r.to_owned())),
    ]
}

fn sum_line(form: &mut Form, year: Option<u16>, (zh, en): (&str, &str), amount: Amount) {
    let empty = || Cell::Empty;
    let head = [Cell::maybe(year), Cell::words(zh, en), empty(), empty(), empty()];
    form.push(None, head.into_iter().chain([Cell::number(amount.h100), Cell::maybe(amount.c100), empty(), empty()]));
}
