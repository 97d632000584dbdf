//! `report`: the forms of offices (docs/reports.md), filled from the documents that are here. What a form says is for `taizhang_rules::report`; here rows, accounts and names are laid before it.
//!
//! Names come from this person's keyring alone. Without a passphrase, or where a teacher's key is not in it, the teacher number stands instead.

mod authorities;
mod certificates;
mod desk;
mod output;
mod people;
mod schools;

use taizhang_core::{id::Kind, units::Day, view::matter::Matters};
use taizhang_rules::{
    gather::{Accounts, Facts},
    report::{Audience, Form, PAPERS, is_personal, number},
};

use self::desk::Desk;
use super::{Context, export::check_output, shown};
use crate::{
    command::{Reply, Report},
    error::{CommandError, ErrorKind},
};

/// Fills a form.
pub(crate) fn run(c: &mut Context<'_>, asked: &Report) -> Result<Reply, CommandError> {
    let number = form_number(&asked.form)?;
    check_output(asked.format, asked.gbk, asked.out.as_deref())?;
    let org = c.org_or_own(asked.org.as_deref())?;
    let audience = desk::audience(c.core, asked.public);
    if audience == Audience::Public && is_personal(number) {
        return Err(CommandError::new(
            ErrorKind::Refused,
            "此表逐人列出教师, 不对外提供",
            "this form lists single teachers and does not go to the public",
        )
        .hint("可用 form-10, 12, 16 至 18, 20", "form-10, 12, 16 to 18 and 20 may go there"));
    }
    let as_of = as_of(asked, c.core.now().day())?;
    c.progress("report", 0, 0);
    let names = desk::names(c, audience, org)?;
    let is_unnamed = names.is_empty() && is_personal(number) && audience <= Audience::County;
    let views = shown::views(c.core, |d| !matches!(d.kind, Kind::Registry | Kind::Identity))?;
    let matters = Matters::build(&views);
    let facts = Facts::read(&views, c.core.ledger());
    let scope = desk::scope(c.core, org);
    let (accounts, year) = (Accounts::new(as_of), asked.year);
    let (teacher, activity) = (asked.teacher.as_deref(), asked.activity.as_deref());
    let mut desk = Desk {
        core: c.core,
        views: &views,
        matters: &matters,
        facts: &facts,
        accounts,
        org,
        scope,
        audience,
        as_of,
        year,
        teacher,
        activity,
        names,
    };
    let mut form = fill(&mut desk, number)?;
    if matches!(number, 2 | 3 | 9 | 12 | 14 | 15 | 20) {
        desk.note_cycle(&mut form);
    }
    desk.head(&mut form);
    let reply = output::reply(&form, asked)?;
    if is_unnamed && facts.teachers().next().is_some() {
        c.note(
            "没有能打开姓名的密钥或口令: 姓名处写的是教师编号; 请用 --as 指明台账员或审核员的密钥",
            "no key or passphrase that opens names: the teachers' numbers stand in their place; name the key of a clerk or reviewer with --as",
        );
    }
    Ok(reply)
}

fn form_number(named: &str) -> Result<u8, CommandError> {
    let number = number(named).ok_or_else(|| {
        CommandError::not_found(format!("没有表 {named}"), format!("there is no form {named}"))
            .hint("form-01 至 form-21, 见 docs/reports.md", "form-01 to form-21, see docs/reports.md")
    })?;
    if PAPERS.contains(&number) { Err(no_sums(number)) } else { Ok(number) }
}

/// The day named; else today, or the last day of the year asked for once that is over: an account is kept over the cycle that contains the day.
fn as_of(asked: &Report, today: Day) -> Result<Day, CommandError> {
    let last = asked.year.and_then(|year| Day::from_ymd(year.into(), 12, 31)).map_or(today, |end| end.min(today));
    asked.as_of.as_deref().map_or(Ok(last), day)
}

fn day(text: &str) -> Result<Day, CommandError> {
    Day::parse_iso(text).ok_or_else(|| {
        CommandError::not_found(format!("{text} 不是日期"), format!("{text} is not a date"))
            .hint("例如 2026-11-22", "such as 2026-11-22")
    })
}

/// What a form of papers is.
fn no_sums(number: u8) -> CommandError {
    let (zh, en) = match number {
        7 => ("form-07 培训实施方案是文字材料", "form-07 is a text that the organiser writes"),
        _ => ("form-08 项目管理档案是材料清单", "form-08 is a list of papers"),
    };
    CommandError::not_found(format!("{zh}, 不由登记数据计算得出"), format!("{en}: rows do not add up to it"))
        .hint("用 taizhang export material 查看已存的材料", "`taizhang export material` lists the papers that are here")
}

fn fill(desk: &mut Desk<'_>, number: u8) -> Result<Form, CommandError> {
    if matches!(number, 1..=3 | 9 | 12 | 14 | 15 | 20) {
        desk.evaluate();
    }
    match number {
        1 => people::form_01(desk),
        2 => people::form_02(desk),
        3 => people::form_03(desk),
        4 => schools::form_04(desk),
        5 => schools::form_05(desk),
        6 => schools::form_06(desk),
        9 | 14 => people::accounts(desk, number == 9),
        10 => authorities::form_10(desk),
        11 => authorities::form_11(desk),
        12 => authorities::form_12(desk),
        13 => authorities::form_13(desk),
        15 => certificates::form_15(desk),
        16 => schools::form_16(desk),
        17 => schools::form_17(desk),
        18 => authorities::form_18(desk),
        19 => people::form_19(desk),
        20 => people::form_20(desk),
        21 => authorities::form_21(desk),
        _ => Err(no_sums(number)),
    }
}

#[cfg(test)]
mod tests;
