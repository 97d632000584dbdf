//! One teacher's account, and why hours of it count or do not: every figure with its rule and the article behind it.

use serde_json::Value;
use taizhang_node::{
    command::{Command, Reply},
    error::CommandError,
};

use super::{
    machine::Machine,
    sample::YEAR,
    story::{Story, check, differs, sync},
};
use crate::output::hundredths;

/// The policy of the demo, one of those that come with the program.
const POLICY: &str = "wuhan-2008";
/// Teachers of the first county's schools, in whose sheets something is lost.
const TEACHERS: [&str; 3] = ["4298011000000000", "4298011800000004", "4298011500000003"];
/// Label of the key with which the city adopts it.
pub(super) const OFFICER: &str = "policy";

/// The city adopts a policy: accounts need one.
pub(super) fn adopt(city: &Machine) -> Result<(), CommandError> {
    let adopt = Command::PolicyAdopt {
        policy: POLICY.to_owned(),
        from: "2008-12-16".to_owned(),
        overlay_of: None,
        stages: Vec::new(),
        orgs: Vec::new(),
        replace: false,
        reason: None,
    };
    city.ask_as(OFFICER, adopt).map(drop)
}

/// What is asked of an account: the first teacher with a counted hour and a lost one.
pub(super) fn explain(story: &mut Story) -> Result<(), CommandError> {
    story.chapter("一位教师的账户: 为什么是 0?", "One teacher's account: why 0?");
    let county = story.counties.first().ok_or_else(|| differs("没有县", "there is no county"))?;
    sync(county)?;
    for number in TEACHERS {
        let reply = account(county, number)?;
        let activities = activities(&reply);
        let (counted, lost): (Vec<&Value>, Vec<&Value>) = activities.iter().partition(|a| h100(a, "h100") > 0);
        let (Some(counted), false) = (counted.first(), lost.is_empty()) else { continue };
        let whole = activities.iter().all(|a| h100(a, "attended_h100") == h100(a, "h100") + lost_h100(a));
        check(whole, "账户中有说不清的学时", "hours of the account are neither counted nor lost")?;
        let open =
            reply.data.get("account").and_then(|a| a.pointer("/explain/open")).and_then(Value::as_array).map_or(0, Vec::len);
        story.say(
            &format!("教师 {number}, 截至 {YEAR} 年底 ({} 项活动, {open} 项数据未定):", activities.len()),
            &format!("Teacher {number} at the end of {YEAR}, {} activities, {open} inputs undecided:", activities.len()),
        );
        for activity in lost.into_iter().chain([*counted]) {
            let (zh, en) = (sentence(activity, "zh")?, sentence(activity, "en")?);
            let hours = hundredths(i64::try_from(h100(activity, "h100")).unwrap_or(i64::MAX));
            story.say(&format!("  计 {hours}: {zh}"), &format!("  {hours} counted: {en}"));
        }
        return Ok(());
    }
    Err(differs("没有一位教师的账户可以说明", "no teacher's account has anything to explain"))
}

fn account(machine: &Machine, number: &str) -> Result<Reply, CommandError> {
    machine.ask(Command::TeacherExplain { number: number.to_owned(), as_of: Some(format!("{YEAR}-12-31")) })
}

fn activities(reply: &Reply) -> Vec<Value> {
    let found = reply.data.get("account").and_then(|a| a.pointer("/explain/activities")).and_then(Value::as_array);
    found.cloned().unwrap_or_default()
}

fn h100(activity: &Value, field: &str) -> u64 {
    activity.get(field).and_then(Value::as_u64).unwrap_or_default()
}

fn lost_h100(activity: &Value) -> u64 {
    let lost = activity.get("lost").and_then(Value::as_array).into_iter().flatten();
    lost.map(|l| h100(l, "h100")).sum()
}

fn sentence(activity: &Value, lang: &str) -> Result<String, CommandError> {
    let text = activity.get(lang).and_then(Value::as_str).unwrap_or_default();
    check(!text.is_empty(), "账户中有学时没有说明", "an hour of the account has no sentence")?;
    Ok(text.to_owned())
}
