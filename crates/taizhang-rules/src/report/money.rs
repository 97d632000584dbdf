//! Forms 16 and 18: money, and what supervision publishes about counties.

use taizhang_core::rows::{Fund, FundSource};

use super::{Cell, Form, Unit, hundredths, words};
use crate::{
    policy::{Body, Rule},
    progress,
};

/// The fund rule for a source: by the base it is a share of.
fn rule_for(rules: &[Rule], source: FundSource) -> Option<&Rule> {
    let base_is = |base: &str| match source {
        FundSource::Payroll => base.ends_with("payroll"),
        FundSource::Surcharge => base.ends_with("surcharge"),
        FundSource::Public => base.contains("public_funds"),
        FundSource::Fixed => base == "fixed",
        FundSource::Special => false,
    };
    rules.iter().find(|r| matches!(&r.body, Body::Fund { base, .. } if base_is(base)))
}

/// 培训经费表. 应安排 is what the rule of the policy in force makes of the base, else what was written; a difference and what is short are in notes.
#[must_use]
pub fn form_16(funds: &[(Option<String>, Fund)], rules: &[Rule]) -> Form {
    use Unit::{Fen, Text as Words};
    let columns = [
        ("来源", "Source", Words),
        ("应安排", "Due", Fen),
        ("已安排", "Arranged", Fen),
        ("支出(差旅)", "Spent on travel", Fen),
        ("支出(伙食)", "Spent on meals", Fen),
        ("支出(资料)", "Spent on materials", Fen),
        ("支出(住宿)", "Spent on lodging", Fen),
        ("结余", "Left", Fen),
    ];
    let mut form = Form::new("form-16", ("培训经费表", "Training funds"), &columns);
    for (section, f) in funds {
        let due = due(&mut form, section.as_deref(), f, rules);
        let spent = [f.travel_fen, f.meals_fen, f.materials_fen, f.lodging_fen];
        let left = spent.iter().chain([&f.other_fen]).fold(f.arranged_fen, |left, fen| left.saturating_sub(*fen));
        let front = [words::source(f.source.word()), Cell::Number(due), Cell::Number(f.arranged_fen)];
        form.push(section.as_deref(), front.into_iter().chain(spent.map(Cell::Number)).chain([Cell::Number(left)]));
        if f.other_fen != 0 {
            let other = hundredths(f.other_fen);
            note(
                &mut form,
                section.as_deref(),
                f,
                &format!("另有其他支出 {other} 元"),
                &format!("{other} yuan were spent otherwise"),
            );
        }
    }
    form.total(&[1, 2, 3, 4, 5, 6, 7]);
    form
}

fn note(form: &mut Form, section: Option<&str>, f: &Fund, zh: &str, en: &str) {
    let Cell::Words(source) = words::source(f.source.word()) else { return };
    let of = section.map(|s| format!("{s} ")).unwrap_or_default();
    form.note(format!("{of}{} {zh}", source.zh), format!("{of}{}: {en}", source.en));
}

/// What is due; a note where the rule says otherwise than the row, and where less was arranged.
fn due(form: &mut Form, section: Option<&str>, f: &Fund, rules: &[Rule]) -> i64 {
    let positive = |fen: i64| u64::try_from(fen).unwrap_or(0);
    let rule = rule_for(rules, f.source);
    let by_rule =
        rule.and_then(|r| progress::fund(&r.body, positive(f.base_fen), positive(f.arranged_fen)).map(|fund| (r, fund)));
    let Some((rule, fund)) = by_rule else {
        let short = f.due_fen.saturating_sub(f.arranged_fen);
        if short > 0 {
            let short = hundredths(short);
            note(form, section, f, &format!("缺 {short} 元"), &format!("{short} yuan short"));
        }
        return f.due_fen;
    };
    let (id, due) = (&rule.id, i64::try_from(fund.need_fen).unwrap_or(i64::MAX));
    if due != f.due_fen {
        let (written, right) = (hundredths(f.due_fen), hundredths(due));
        note(
            form,
            section,
            f,
            &format!("填报应安排 {written} 元,按 {id} 应为 {right} 元"),
            &format!("{written} yuan were written as due; by {id} it is {right}"),
        );
    }
    if fund.short_fen > 0 {
        let short = hundredths(i64::try_from(fund.short_fen).unwrap_or(i64::MAX));
        note(form, section, f, &format!("缺 {short} 元({id})"), &format!("{short} yuan short ({id})"));
    }
    due
}

/// What the lines of a county's rollup say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct County {
    /// 县区
    pub name: String,
    /// Places, and those filled; none: the rollup does not say.
    pub places: Option<(u64, u64)>,
    /// Money due and arranged.
    pub funds: Option<(u64, u64)>,
    /// Teachers in service, and those of them who reached every requirement.
    pub accounts: Option<(u64, u64)>,
}

/// 督导报告. Ranked by tasks done, then by accounts, then by funds; equal counties share a rank, one without any figure has none.
#[must_use]
pub fn form_18(counties: &[County]) -> Form {
    use Unit::{Bp, Count, Text as Words};
    let columns = [
        ("县区", "County", Words),
        ("任务完成率", "Tasks done", Bp),
        ("经费到位率", "Funds arranged", Bp),
        ("合格率", "Requirements reached", Bp),
        ("排名", "Rank", Count),
    ];
    let mut form = Form::new("form-18", ("督导报告", "Supervision report"), &columns);
    let rate = |of: Option<(u64, u64)>| of.and_then(|(whole, part)| part.saturating_mul(10_000).checked_div(whole));
    // Tasks, funds, accounts.
    let rates: Vec<[Option<u64>; 3]> = counties.iter().map(|c| [rate(c.places), rate(c.funds), rate(c.accounts)]).collect();
    let key = |[tasks, funds, accounts]: [Option<u64>; 3]| [tasks, accounts, funds];
    for (c, of) in counties.iter().zip(&rates) {
        let is_known = of.iter().any(Option::is_some);
        let rank = is_known.then(|| 1 + rates.iter().filter(|other| key(**other) > key(*of)).count());
        form.push(None, std::iter::once(Cell::Text(c.name.clone())).chain(of.map(Cell::maybe)).chain([Cell::maybe(rank)]));
    }
    form
}
