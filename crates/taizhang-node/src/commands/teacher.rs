//! `teacher NUMBER`: every current record of one teacher in the documents that are here. No names: they are sealed elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{Kind, OrgId},
    rows::ActivityKind,
    standing::Judge,
    view::{
        anchor::Anchors,
        decision::Approval,
        training::{ActivityMatter, Book, Hours, Line, Record},
    },
};

use super::{
    Context,
    accounts::Desk,
    review::late::{self, Late},
    shown,
};
use crate::{command::Reply, core::Core, error::CommandError};

/// The teacher's records, newest document last, with sums over those that count.
pub(crate) fn run(c: &Context<'_>, number: &str) -> Result<Reply, CommandError> {
    let book = book(c.core)?;
    let served = book.teachers.iter().filter(|(_, numbers)| numbers.contains(number)).map(|(school, _)| *school);
    let mut concerned: BTreeSet<OrgId> = served.collect();
    let schools: Vec<String> = concerned.iter().map(|school| shown::org(c.core, *school)).collect();
    let lines: Vec<&Line> = book.of_teacher(number).collect();
    let after_lock = Late::of(c.core, |_| true)?.of_teacher(c.core, number);
    if schools.is_empty() && lines.is_empty() && after_lock.is_empty() {
        let why = (format!("没有编号为 {number} 的教师"), format!("there is no teacher {number} here"));
        return Err(CommandError::not_found(why.0, why.1).hint("请核对教师编号", "check the teacher's number"));
    }
    let (all, by_kind) = sums(&lines);
    let kinds: Vec<Json> =
        by_kind.iter().map(|(kind, hours)| hours_json(Some(kind.map_or("unknown", ActivityKind::word)), *hours)).collect();
    concerned.extend(lines.iter().map(|l| l.school));
    let anchors = shown::anchors(c.core, &concerned)?;
    let records: Vec<Json> = lines.iter().map(|l| record(c.core, &book, &anchors, l)).collect();
    let judge = Judge::new(c.core.ledger());
    let locked: Vec<Json> = concerned.iter().flat_map(|o| late::locks(c.core, &judge, *o, true)).collect();
    Ok(Reply::new(
        "teacher",
        json!({
            "teacher": number, "schools": schools, "locked": locked, "records": records, "after_lock": after_lock,
            "sums": hours_json(None, all), "by_kind": kinds,
        }),
    ))
}

/// The same, and the account: every hour counted or lost with the rule, what is asked for and what is missing.
pub(crate) fn explain(c: &Context<'_>, number: &str, as_of: Option<&str>) -> Result<Reply, CommandError> {
    let mut reply = run(c, number)?;
    let desk = Desk::open(c.core, as_of)?;
    let account = desk.account(number).map(|one| one.explained(desk.as_of));
    reply.data.insert("account".to_owned(), account.unwrap_or_default());
    Ok(reply)
}

/// Every line of the documents that are here.
pub(crate) fn book(core: &Core) -> Result<Book, CommandError> {
    let views = shown::views(core, |d| matches!(d.kind, Kind::Roster | Kind::Notice | Kind::Ledger | Kind::Review))?;
    Ok(Book::build(&views, core.ledger()))
}

fn sums(lines: &[&Line]) -> (Hours, BTreeMap<Option<ActivityKind>, Hours>) {
    let (mut all, mut by_kind): (Hours, BTreeMap<_, Hours>) = (Hours::default(), BTreeMap::new());
    for line in lines.iter().filter(|l| l.counts) {
        let h100 = u64::from(line.record.h100());
        for sum in [&mut all, by_kind.entry(line.kind).or_default()] {
            sum.recorded_h100 += h100;
            sum.approved_h100 += if line.approval.is_approved() { h100 } else { 0 };
        }
    }
    (all, by_kind)
}

fn hours_json(kind: Option<&str>, hours: Hours) -> Json {
    match kind {
        Some(kind) => json!({ "kind": kind, "recorded_h100": hours.recorded_h100, "approved_h100": hours.approved_h100 }),
        None => json!({ "recorded_h100": hours.recorded_h100, "approved_h100": hours.approved_h100 }),
    }
}

fn record(core: &Core, book: &Book, anchors: &Anchors, line: &Line) -> Json {
    let activity = book.activity(line);
    let (no, title, state, days) = match (&line.record, activity) {
        (Record::Elsewhere(e), _) => (None, Some(e.title.clone()), "itself", Some((e.start_day, e.end_day))),
        (Record::Registration(_), Some(a)) => {
            (Some(a.no.clone()), Some(a.title.clone()), "found", Some((a.start_day, a.end_day)))
        }
        (Record::Registration(r), None) => (r.activity_no.clone(), None, missing(&line.activity), None),
    };
    json!({
        "school": shown::org(core, line.school),
        "document": shown::document(core, &line.document),
        "activity": no,
        "title": title,
        "activity_state": state,
        "start": days.map(|d| d.0.to_string()),
        "end": days.map(|d| d.1.to_string()),
        "day": line.record.day().to_string(),
        "kind": line.kind.map(ActivityKind::word),
        "h100": line.record.h100(),
        "counts": line.counts && !waits(line),
        "approval": approval(core, &line.approval),
        "hands": line.hands.iter().map(|h| shown::anchored_hand(core, anchors, *h)).collect::<Vec<_>>(),
        "findings": line.findings.iter().map(|f| f.word()).collect::<Vec<_>>(),
    })
}

/// Its activity is not known yet: it counts nowhere until it is.
fn waits(line: &Line) -> bool {
    matches!(line.activity, ActivityMatter::Missing | ActivityMatter::Undecided(_))
}

fn missing(activity: &ActivityMatter) -> &'static str {
    if matches!(activity, ActivityMatter::Undecided(_)) { "undecided" } else { "missing" }
}

/// How far the review has come, and by whom.
pub(crate) fn approval(core: &Core, approval: &Approval) -> Json {
    let (by, reason) = match approval {
        Approval::Pending => (Vec::new(), None),
        Approval::Approved { by } => (vec![*by], None),
        Approval::Returned { by, reason } | Approval::Rejected { by, reason } => (vec![*by], reason.clone()),
        Approval::Undecided { rivals } => (rivals.clone(), None),
    };
    let by: Vec<Json> = by.into_iter().map(|b| shown::row_hand(core, b)).collect();
    json!({ "state": approval.word(), "by": by, "reason": reason })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use super::super::testkit::{Net, registration, teacher};
    use crate::command::Command;

    fn ask(net: &mut Net, number: &str) -> serde_json::Value {
        net.data("clerk", &Command::Teacher { number: number.into() })
    }

    #[test]
    fn records_hours_approval_and_hands() {
        let mut net = Net::new();
        net.fill();
        let rows = vec![net.put("clerk2", net.ledger(), &registration("A1", "T1", 1600)).to_string()];
        net.put("clerk", net.ledger(), &registration("A7", "T1", 100));
        net.run(
            "reviewer",
            &Command::ReviewDecide { verdict: "approve".into(), rows, sheet: None, claimed: false, org: None, reason: None },
        )
        .unwrap();
        let reply = ask(&mut net, "T1");
        let records = reply["records"].as_array().unwrap();
        assert_eq!(records.len(), 3);
        let of = |no: &str| records.iter().find(|r| r["activity"] == no).unwrap();
        // Two clerks wrote the same: one record with both hands, and one decision counts for both.
        let first = of("A1");
        assert_eq!((&first["title"], &first["h100"], &first["kind"]), (&"培训A1".into(), &1600.into(), &"concentrated".into()));
        assert_eq!(first["approval"]["state"], "approved");
        assert_eq!(first["approval"]["by"][0]["label"], "reviewer 岗");
        let labels: Vec<_> = first["hands"].as_array().unwrap().iter().map(|h| h["label"].as_str().unwrap()).collect();
        assert_eq!(labels.len(), 2);
        assert!(labels.contains(&"clerk 岗") && labels.contains(&"clerk2 岗"));
        assert_eq!(first["hands"][0]["org"], "001");
        assert_eq!(of("A2")["approval"]["state"], "pending");
        let missing = of("A7");
        assert_eq!((&missing["title"], &missing["activity_state"]), (&serde_json::Value::Null, &"missing".into()));
        assert_eq!(missing["findings"][0], "activity_missing");
        assert_eq!(reply["sums"]["recorded_h100"], 2100);
        assert_eq!(reply["sums"]["approved_h100"], 1600);
        assert_eq!(reply["by_kind"].as_array().unwrap().len(), 3);
        assert_eq!(reply["schools"][0], "001");
    }

    #[test]
    fn a_teacher_without_records_and_no_such_teacher() {
        let mut net = Net::new();
        net.put("clerk", net.roster(), &teacher("T5"));
        let reply = ask(&mut net, "T5");
        assert_eq!(reply["records"].as_array().unwrap().len(), 0);
        assert_eq!(reply["sums"]["recorded_h100"], 0);
        assert!(net.run("clerk", &Command::Teacher { number: "T6".into() }).is_err());
    }
}
