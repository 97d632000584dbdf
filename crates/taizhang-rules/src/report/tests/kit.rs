//! Rows with little in them, and one teacher under the Wuhan policy.

use serde_json::json;
use taizhang_core::{
    id::EntryId,
    op::RowRef,
    rows::{Activity, ActivityKind, Level, Plan, PlanScope, Session, Status},
    units::Day,
};

use crate::{
    account::Account,
    case::{Case, json},
    engine,
    policy::{Policy, library, regime::Regime},
};

pub(super) fn day(text: &str) -> Day {
    Day::parse_iso(text).unwrap()
}

pub(super) fn policy(id: &str) -> Policy {
    library::read_by_id(id).unwrap().unwrap()
}

pub(super) fn row_ref() -> RowRef {
    RowRef { document: None, entry: Some(EntryId([1; 32])), index: 0 }
}

pub(super) fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

pub(super) fn status(what: &str, value: Option<&str>, from: &str, to: Option<&str>) -> Status {
    let value = value.map(str::to_owned);
    Status { teacher: "T1".into(), what: what.into(), value, from_day: day(from), to_day: to.map(day), reason: None }
}

pub(super) fn session(n: u32, week: u8, weekday: u8, h100: u32) -> Session {
    Session {
        activity: "S1".into(),
        n,
        week: Some(week),
        day: None,
        weekday: Some(weekday),
        period: Some(3),
        theme: None,
        form: None,
        lecturer: None,
        audience: None,
        h100,
        assessment: None,
        cost_fen: None,
        content_id: None,
        reason: None,
    }
}

pub(super) fn plan() -> Plan {
    Plan {
        no: "P1".into(),
        version: 1,
        scope: PlanScope::Class,
        period: "2025".into(),
        activities: vec!["C1".into()],
        audience: some("初中教师"),
        seats: Some(40),
        content: some("新课标"),
        credit_standard: some("8学时1学分"),
        assessment_method: some("考试"),
        lecturers: Some(vec!["专家一".into(), "专家二".into()]),
        budget_fen: Some(1_234_550),
        submit_to: taizhang_core::id::OrgId([1; 8]),
        file_with: None,
        submitted_day: day("2025-02-01"),
        evidence: None,
        reason: None,
    }
}

pub(super) fn activity() -> Activity {
    Activity {
        no: "C1".into(),
        level: Level::County,
        kind: ActivityKind::Concentrated,
        form: None,
        title: "新课标培训".into(),
        theme: None,
        organiser_code: None,
        organiser_name: None,
        start_day: day("2025-04-01"),
        end_day: day("2025-04-03"),
        planned_h100: 2_400,
        place: some("进修学校"),
        audience: None,
        stages: None,
        category: None,
        seats: None,
        lecturers: None,
        credit_standard: None,
        assessment_method: None,
        tags: None,
        programme: None,
        content_id: None,
        registered: None,
        registered_no: None,
        outside_city: None,
        abroad: None,
        budget_fen: None,
        plan: None,
        claimed_submitted_day: None,
        claimed_state: None,
        claimed_decided_day: None,
        evidence: None,
        reason: None,
    }
}

/// 2008: 16 h concentrated. 2009: 7 h concentrated, 9.5 h non-concentrated, 12.5 h online, 8 of 10 h school-based (one fifth absent),
/// 120 h of degree studies (100 count a year), 8 h concentrated that wait for the audit.
pub(super) fn wuhan() -> (Case, Account) {
    let activity = |id: &str, kind: &str, start: &str, end: &str, planned: u32| {
        json!({ "id": id, "kind": kind, "org_level": "county", "start": start, "end": end, "planned_h100": planned, "registered": true,
                "plan": { "state": "approved", "submitted": "2000-01-01", "decided": "2000-01-01" } })
    };
    let registration = |activity: &str, attended: u32, audit: &str| {
        json!({ "id": format!("r-{activity}"), "activity": activity, "by": "organiser", "at": "2009-12-01", "attended_h100": attended,
                "assessment": "pass", "audit": audit })
    };
    let value = json!({
        "as_of": "2009-12-31",
        "teacher": { "id": "T1", "stage": "primary", "hired": "2000-09-01" },
        "activities": [
            activity("C1", "concentrated", "2008-07-10", "2008-07-11", 1_600),
            activity("C2", "concentrated", "2009-03-02", "2009-03-02", 800),
            activity("N1", "nonconcentrated", "2009-04-01", "2009-04-02", 1_000),
            activity("S1", "school_based", "2009-03-01", "2009-06-30", 1_000),
            activity("O1", "online", "2009-06-01", "2009-06-30", 1_250),
            activity("D1", "degree", "2009-01-10", "2009-11-30", 12_000),
            activity("P1", "concentrated", "2009-08-01", "2009-08-01", 800),
        ],
        "registrations": [
            registration("C1", 1_600, "approved"),
            registration("C2", 700, "approved"),
            registration("N1", 950, "approved"),
            registration("S1", 800, "approved"),
            registration("O1", 1_250, "approved"),
            registration("D1", 12_000, "approved"),
            registration("P1", 800, "pending"),
        ],
    });
    let case = json::case(json::Fields::new("", &value).unwrap()).unwrap();
    let policy = policy("wuhan-2008");
    let account = engine::evaluate(&Regime::only(&policy), &case);
    (case, account)
}

/// A teacher whom nothing is known about but service, under no policy.
pub(super) fn nobody() -> (Case, Account) {
    let value = json!({ "as_of": "2009-12-31", "teacher": { "id": "T2", "stage": "primary", "hired": "2000-09-01" }, "activities": [], "registrations": [] });
    let case = json::case(json::Fields::new("", &value).unwrap()).unwrap();
    let account = engine::evaluate(&Regime::adopted(&[]), &case);
    (case, account)
}

/// Hours recognised in the cycle, as the engine says.
pub(super) fn recognised(account: &Account) -> u64 {
    account.cycle.values().map(|a| a.h100).sum()
}
