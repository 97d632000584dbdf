//! Every figure of an account as a sentence, in Chinese and in English, with the rule and where it comes from.

pub(crate) mod number;
pub(crate) mod words;

use std::collections::BTreeMap;

use self::{
    number::{amount, chinese},
    words::{bucket_words, reason_words, scope_words, source_words, status_words, who_words},
};
use crate::{
    account::{Account, ActivityResult, Cite, LineStatus, Lost, Reason, RequirementLine},
    case::{Activity, Case, Plan, Registration},
    policy::{Body, Measure, Scope, Unit, regime::Regime},
};

/// One sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// The sentences of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// One for each of [`Account::activities`].
    pub activities: Vec<Text>,
    /// One for each of [`Account::rules`].
    pub rules: Vec<Text>,
    /// Where the account stands.
    pub status: Text,
}

/// Explains an account; `case` and `regime` are what it was made from.
#[must_use]
pub fn explain(account: &Account, case: &Case, regime: &Regime<'_>) -> Explained {
    let policies = regime.periods().iter().flat_map(|p| std::iter::once(p.policy).chain(p.overlays.iter().copied()));
    let rules: Rules<'_> = policies.flat_map(|policy| &policy.rules).map(|rule| (rule.id.as_str(), &rule.body)).collect();
    let activities: BTreeMap<&str, &Activity> = case.activities.iter().map(|a| (a.id.as_str(), a.as_ref())).collect();
    let registrations: BTreeMap<&str, &Registration> = case.registrations.iter().map(|r| (r.id.as_str(), r)).collect();
    let sentence = |result: &ActivityResult| {
        let activity = activities.get(result.activity.as_str()).copied();
        let registration = registrations.get(result.registration.as_str()).copied();
        activity_text(result, &Facts { facts: activity.zip(registration), rules: &rules })
    };
    Explained {
        activities: account.activities.iter().map(sentence).collect(),
        rules: account.rules.iter().map(line_text).collect(),
        status: status_text(account),
    }
}

/// What rules say, by id.
type Rules<'r> = BTreeMap<&'r str, &'r Body>;

/// What the sentence about an activity may mention.
struct Facts<'f> {
    facts: Option<(&'f Activity, &'f Registration)>,
    rules: &'f Rules<'f>,
}

/// `按 RULE(source)`, or the source alone.
fn by(cite: &Cite) -> (String, String) {
    let (zh, en) = source_words(&cite.source);
    match (&*cite.rule, zh.as_str()) {
        ("", _) => (format!("({zh})"), format!(" ({en})")),
        (rule, "") => (format!("(按 {rule})"), format!(" (by {rule})")),
        (rule, _) => (format!("(按 {rule}:{zh})"), format!(" (by {rule}: {en})")),
    }
}

fn activity_text(result: &ActivityResult, facts: &Facts<'_>) -> Text {
    let (attended, counted) = (amount(result.attended_h100.into()), amount(result.h100.into()));
    let title =
        facts.facts.map(|(a, _)| a.title.as_str()).filter(|t| !t.is_empty()).map_or(String::new(), |t| format!("《{t}》"));
    let (by_zh, by_en) = by(&result.cite);
    let (bucket_zh, bucket_en) = bucket_words(&result.bucket);
    let mut text = if result.reason == Reason::Ok && result.lost.is_empty() {
        Text {
            zh: format!("{}{title}:实到 {attended} 学时,全部计入{bucket_zh}{by_zh}", result.activity),
            en: format!("{}{title}: {attended} h attended, all counted as {bucket_en}{by_en}", result.activity),
        }
    } else {
        Text {
            zh: format!("{}{title}:实到 {attended} 学时,计 {counted} 学时", result.activity),
            en: format!("{}{title}: {attended} h attended, {counted} h counted", result.activity),
        }
    };
    for lost in &result.lost {
        let (zh, en) = lost_words(lost, facts);
        text.zh.push_str(&format!(";{zh}"));
        text.en.push_str(&format!("; {en}"));
    }
    let told = result.lost.iter().any(|lost| lost.reason == result.reason);
    if result.reason != Reason::Ok && !told {
        let (zh, en) = because(result.reason, &result.cite, facts);
        text.zh.push_str(&format!(";{zh}{by_zh}"));
        text.en.push_str(&format!("; {en}{by_en}"));
    }
    text.zh.push('。');
    text.en.push('.');
    text
}

/// A lost part: how much, why, by which rule.
fn lost_words(lost: &Lost, facts: &Facts<'_>) -> (String, String) {
    let hours = amount(lost.h100.into());
    let (zh, en) = because(lost.reason, &lost.cite, facts);
    let (by_zh, by_en) = by(&lost.cite);
    if matches!(lost.reason, Reason::PendingAudit | Reason::AuditorNotCompetent) {
        return (format!("{hours} 学时待审核:{zh}{by_zh}"), format!("{hours} h wait: {en}{by_en}"));
    }
    (format!("{hours} 学时不计:{zh}{by_zh}"), format!("{hours} h not counted: {en}{by_en}"))
}

/// The reason, with the numbers or days that decide it.
fn because(reason: Reason, cite: &Cite, facts: &Facts<'_>) -> (String, String) {
    let (zh, en) = reason_words(reason);
    let rule = facts.rules.get(cite.rule.as_ref()).copied();
    let numbers = facts.facts.and_then(|(a, r)| of_activity(reason, a, r));
    let limit = rule.and_then(of_rule);
    let join = |parts: [Option<&str>; 2], end: &str, between: &str| {
        let parts: Vec<&str> = parts.into_iter().flatten().chain(std::iter::once(end)).collect();
        parts.join(between)
    };
    let pick = |text: &Option<Text>, zh: bool| text.as_ref().map(|t| if zh { t.zh.clone() } else { t.en.clone() });
    (
        join([pick(&numbers, true).as_deref(), pick(&limit, true).as_deref()], zh, ","),
        join([pick(&numbers, false).as_deref(), pick(&limit, false).as_deref()], en, ", "),
    )
}

/// What the activity brings: hours, days.
fn of_activity(reason: Reason, a: &Activity, r: &Registration) -> Option<Text> {
    let planned = amount(a.planned_h100.into());
    let absent = amount(a.planned_h100.saturating_sub(r.attended_h100).into());
    let (start, end, leave) = (a.start, a.end, r.leave_halfdays);
    let (zh, en) = match reason {
        Reason::ForfeitAbsence => (format!("缺课 {absent}/{planned} 学时"), format!("absent {absent} of {planned} h")),
        Reason::ForfeitLeave => (format!("请假 {leave} 个半天"), format!("{leave} half-days of leave")),
        Reason::OverPlan => (format!("计划 {planned} 学时"), format!("{planned} h planned")),
        Reason::OverDayLimit | Reason::OutsideCycle => (format!("{start} 至 {end}"), format!("{start} to {end}")),
        Reason::BeforeAppointment | Reason::Banned => (format!("{start} 开始"), format!("began on {start}")),
        Reason::AfterLeaving | Reason::NoPolicy => (format!("{end} 结束"), format!("ended on {end}")),
        Reason::PlanApprovedLate => {
            let Plan::Approved { decided, .. } = a.plan else { return None };
            (format!("{start} 开始,{decided} 批准"), format!("began on {start}, approved on {decided}"))
        }
        _ => return None,
    };
    Some(Text { zh, en })
}

/// What the rule limits.
fn of_rule(rule: &Body) -> Option<Text> {
    let (zh, en) = match rule {
        Body::Forfeit { measure, over, .. } => {
            let (limit_zh, limit_en) = match measure {
                Measure::AbsentShare { num, den } => (format!("{}分之{}", chinese(*den), chinese(*num)), format!("{num}/{den}")),
                Measure::LeaveHalfdays { value } => (format!(" {value} 个半天"), format!("{value} half-days")),
                Measure::OnlineIncomplete => return None,
            };
            let (zh, en) = if *over { ("超过", "more than") } else { ("达到", "reaching") };
            (format!("{zh}{limit_zh}"), format!("{en} {limit_en}"))
        }
        Body::Cap { scope, unit, value, .. } => {
            let (unit_zh, unit_en) = words::unit_words(*unit);
            let (scope_zh, scope_en) = if *scope == Scope::Year { ("每年", "a year") } else { ("每周期", "a cycle") };
            let value = amount(*value);
            (format!("{scope_zh}至多 {value} {unit_zh}"), format!("at most {value} {unit_en} {scope_en}"))
        }
        Body::Ban { years, .. } => (format!("取消 {years} 年"), format!("banned for {years} years")),
        Body::Convert { day_h100: Some(day_h100), .. } => {
            let hours = amount((*day_h100).into());
            (format!("每日至多 {hours} 学时"), format!("at most {hours} h a day"))
        }
        _ => return None,
    };
    Some(Text { zh, en })
}

fn line_text(line: &RequirementLine) -> Text {
    let (scope_zh, scope_en) = scope_words(&line.scope, line.any_window);
    let (who_zh, who_en) = who_words(&line.who);
    let names: Vec<_> = line.buckets.iter().map(|b| bucket_words(b)).collect();
    let zh_names = names.iter().map(|(zh, _)| zh.as_str()).collect::<Vec<_>>().join("、");
    let en_names = names.iter().map(|(_, en)| en.as_str()).collect::<Vec<_>>().join(" and ");
    let (unit_zh, unit_en) = words::unit_words(line.unit);
    let shown = |n: u64| if line.unit == Unit::Days { n.to_string() } else { amount(n) };
    let (need, got, short) = (shown(line.need), shown(line.got), shown(line.need.saturating_sub(line.got)));
    let (by_zh, by_en) = by(&line.cite);
    let (zh, en) = match line.status {
        LineStatus::Met => ("已达到".to_owned(), "reached".to_owned()),
        LineStatus::NotMet => (format!("未达到,差 {short} {unit_zh}"), format!("not reached, {short} {unit_en} short")),
        LineStatus::Open => (format!("还差 {short} {unit_zh}"), format!("{short} {unit_en} still missing")),
    };
    Text {
        zh: format!("{scope_zh}{who_zh}{zh_names}:应达 {need},已有 {got} {unit_zh},{zh}{by_zh}。"),
        en: format!("{scope_en}, {who_en}, {en_names}: {got} of {need} {unit_en}, {en}{by_en}."),
    }
}

fn status_text(account: &Account) -> Text {
    let (zh, en) = status_words(account.status);
    let mut text = Text { zh: zh.to_owned(), en: en.to_owned() };
    let short = account.missing().count();
    if short > 0 {
        text.zh.push_str(&format!(",{short} 项要求未达到"));
        text.en.push_str(&format!(", {short} requirements not reached"));
    }
    if !account.open.is_empty() {
        let n = account.open.len();
        text.zh.push_str(&format!(";有 {n} 项数据未定,结果尚不确定"));
        text.en.push_str(&format!("; {n} inputs are not decided, so this is open"));
    }
    text.zh.push('。');
    text.en.push('.');
    text
}
