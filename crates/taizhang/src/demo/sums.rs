//! The counties approve and add up; the city verifies three ways.

use serde_json::Value;
use taizhang_node::{command::Command, error::CommandError};

use super::{
    machine::Machine,
    sample::{COUNTIES, YEAR},
    story::{Story, check, list, number, sync, text},
};
use crate::output::hundredths;

/// Teachers looked at in a sample.
const SAMPLE: usize = 3;
/// Anyone can repeat the sample with it.
const SEED: &str = "demo";

/// Each county approves in one act what the schools' sheets say was approved on paper, then the rest by name.
pub(super) fn approve(story: &mut Story) -> Result<(), CommandError> {
    story.chapter("县里批量审核", "The counties approve in bulk");
    for school in story.schools.iter().flatten() {
        sync(school)?;
    }
    for (county, machine) in COUNTIES.iter().zip(&story.counties) {
        let waiting = number(&machine.ask(Command::ReviewList { org: None })?, "/registrations")?;
        let bulk = decide(machine, Vec::new(), true)?;
        let one_by_one = elsewhere(machine)?;
        let named = if one_by_one.is_empty() { 0 } else { decide(machine, one_by_one, false)? };
        let left = number(&machine.ask(Command::ReviewList { org: None })?, "/registrations")?;
        check(
            bulk > 0 && waiting == bulk + named + left,
            &format!("{waiting} 条待审, 通过 {bulk} + {named}, 剩 {left}"),
            &format!("{waiting} waiting, {bulk} + {named} approved, {left} left"),
        )?;
        story.say(
            &format!("{}: {waiting} 条登记待审; 一次通过 {bulk} 条 (方案已审核的), 外出培训逐条通过 {named} 条, 剩 {left} 条留待核实。", county.name),
            &format!("{}: {waiting} registrations waited; {bulk} approved in one act (their plans were approved), {named} trainings elsewhere by name, {left} left to be looked into.", machine.name.en),
        );
    }
    Ok(())
}

fn decide(machine: &Machine, rows: Vec<String>, claimed: bool) -> Result<u64, CommandError> {
    let verdict = "approved".to_owned();
    let reply = machine.ask(Command::ReviewDecide { verdict, rows, sheet: None, claimed, org: None, reason: None })?;
    number(&reply, "/registrations")
}

/// Names of the registrations of trainings elsewhere that wait.
fn elsewhere(machine: &Machine) -> Result<Vec<String>, CommandError> {
    let mut names = Vec::new();
    for entry in list(&machine.ask(Command::ReviewList { org: None })?, "waiting") {
        let claims = entry.get("claims").and_then(Value::as_object);
        let is_elsewhere = claims.is_some_and(|c| c.len() == 1 && c.contains_key("elsewhere"));
        let id = entry.get("entry").and_then(Value::as_str).unwrap_or_default();
        let rows = entry.get("rows").and_then(Value::as_array).into_iter().flatten();
        names.extend(rows.filter(|_| is_elsewhere).map(|row| format!("{id}.{row}")));
    }
    Ok(names)
}

/// Each county publishes its rollup; returns the ids, in the order of the counties.
pub(super) fn publish(story: &mut Story) -> Result<Vec<String>, CommandError> {
    story.chapter("县里发布年度汇总", "The counties publish their rollups");
    let mut ids = Vec::new();
    for (county, machine) in COUNTIES.iter().zip(&story.counties) {
        let reply = machine.ask(Command::RollupPublish { period: YEAR, as_of: None })?;
        let id = text(&reply, "/rollup")?;
        let total = |name: &str| -> Result<u64, CommandError> { number(&reply, &format!("/totals/{name}")) };
        let (schools, teachers, records) = (total("schools")?, total("teachers")?, total("records")?);
        let hours = hundredths(i64::try_from(total("approved_h100")?).unwrap_or(i64::MAX));
        let moved = sync(machine)?;
        let short: String = id.chars().take(12).collect();
        story.say(
            &format!("{}: {YEAR} 年汇总 {short}…: {schools} 所学校, {teachers} 位教师, {records} 条登记, 认定 {hours} 学时; 向市里送出和收回 {} 条, {} 字节。", county.name, moved.entries, moved.bytes),
            &format!("{}: rollup {short}… of {YEAR}: {schools} schools, {teachers} teachers, {records} records, {hours} approved hours; entries exchanged with the city: {}, in {} bytes.", machine.name.en, moved.entries, moved.bytes),
        );
        ids.push(id);
    }
    Ok(ids)
}

/// The city verifies every rollup: the statement itself, a sample, everything.
pub(super) fn verify(story: &mut Story, rollups: &[String]) -> Result<(), CommandError> {
    story.chapter("市里用三种方法核验", "The city verifies in three ways");
    for id in rollups {
        let short: String = id.chars().take(12).collect();
        for (way, level, zh, en) in WAYS {
            let verdict = text(&story.city.ask(way(id))?, &format!("/{level}/verdict"))?;
            check(verdict == "pass", &format!("{short} {zh}: {verdict}"), &format!("{short} {en}: {verdict}"))?;
            story.say(&format!("{short}…: {zh}: 一致。"), &format!("{short}…: {en}: agrees."));
        }
    }
    Ok(())
}

/// The command, the level of the answer, and what it is.
type Way = (fn(&str) -> Command, &'static str, &'static str, &'static str);

const WAYS: [Way; 3] = [
    (|id| command(id, false, None), "statement", "签名与合计", "signature and sums"),
    (
        |id| command(id, false, Some(SAMPLE)),
        "sample",
        "抽查 3 位教师, 对照证明和签名条目",
        "a sample of 3 teachers with proofs and signed entries",
    ),
    (|id| command(id, true, None), "deep", "从签名条目全部重算", "recomputed from the signed entries"),
];

fn command(id: &str, deep: bool, sample: Option<usize>) -> Command {
    Command::RollupVerify { id: id.to_owned(), deep, sample, seed: sample.map(|_| SEED.to_owned()) }
}
