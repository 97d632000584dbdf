//! From gen.py's truth to cases of the independent evaluator, without any row: and its answers.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
    process::Command,
};

use serde_json::{Value, json};

use super::truth::{Activity, Registration, Truth};

/// Cases of all teachers, in the order of their numbers.
///
/// For each teacher and activity the evaluator gets what design §8 says the ledger gives: the approved registrations if there are any, else those that wait. Each with what it corrects.
#[must_use]
pub fn cases(truth: &Truth, as_of: &str) -> BTreeMap<String, Value> {
    let mut of_teacher: BTreeMap<&str, BTreeMap<&str, Vec<&Registration>>> = BTreeMap::new();
    for r in &truth.registrations {
        of_teacher.entry(&r.teacher).or_default().entry(&r.activity).or_default().push(r);
    }
    let mut waivers: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for leave in &truth.leaves {
        waivers.entry(&leave.teacher).or_default().push(json!({"year": leave.year, "months": leave.months}));
    }
    let mut out = BTreeMap::new();
    for (number, t) in &truth.teachers {
        let given: Vec<&Registration> =
            of_teacher.get(number.as_str()).into_iter().flat_map(|m| m.values().flat_map(|rs| given(rs))).collect();
        let ids: BTreeSet<&str> = given.iter().map(|r| r.activity.as_str()).collect();
        let activities: Vec<Value> = ids.iter().map(|id| activity(&truth.activities[*id])).collect();
        let registrations: Vec<Value> = given.iter().map(|r| registration(r)).collect();
        let is = [("head_teacher", t.head_teacher), ("backbone", t.backbone)];
        let roles: Vec<Value> = is.iter().filter(|(_, is)| *is).map(|(role, _)| json!({"role": role, "from": t.hired})).collect();
        let case = json!({
            "id": number,
            "adoptions": [{"policy": "wuhan-2008", "from": "2008-01-01"}],
            "as_of": as_of,
            "teacher": {"id": number, "stage": t.stage, "hired": t.hired, "first_job": t.first_job, "roles": roles},
            "activities": activities,
            "registrations": registrations,
            "waivers": waivers.get(number.as_str()).cloned().unwrap_or_default(),
        });
        out.insert(number.clone(), case);
    }
    out
}

fn given<'r>(all: &[&'r Registration]) -> Vec<&'r Registration> {
    let any_approved = all.iter().any(|r| r.approved);
    all.iter().filter(|r| r.approved == any_approved).copied().collect()
}

fn activity(a: &Activity) -> Value {
    let plan = match &a.decided {
        Some(day) => json!({"state": "approved", "submitted": a.submitted, "decided": day}),
        None => json!({"state": "pending", "submitted": a.submitted}),
    };
    json!({
        "id": a.id, "kind": a.kind, "org_level": a.level, "start": a.start, "end": a.end, "planned_h100": a.planned_h100,
        "tags": a.tags, "registered": a.registered, "plan": plan,
    })
}

fn registration(r: &Registration) -> Value {
    let mut out = json!({
        "id": r.id, "activity": r.activity, "by": r.by, "at": r.at, "attended_h100": r.attended_h100, "assessment": r.assessment,
        "audit": if r.approved { "approved" } else { "pending" },
    });
    if let Some(s) = &r.supersedes {
        out["supersedes"] = s.clone().into();
    }
    out
}

/// What the evaluator says of every case: the standard form.
#[must_use]
pub fn evaluate(cases: &BTreeMap<String, Value>, folder: &Path) -> BTreeMap<String, Value> {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/oracle.py");
    let file = folder.join("cases.jsonl");
    let mut to = BufWriter::new(File::create(&file).unwrap());
    cases.values().for_each(|case| writeln!(to, "{case}").unwrap());
    to.flush().unwrap();
    let mut command = Command::new("python3");
    let run = command.arg("-B").arg(tool).arg("--batch").stdin(File::open(&file).unwrap()).output().unwrap();
    assert!(run.status.success(), "oracle.py: {}", String::from_utf8_lossy(&run.stderr));
    fs::remove_file(file).unwrap();
    let text = String::from_utf8(run.stdout).unwrap();
    let standard = |line: &str| {
        let mut v: Value = serde_json::from_str(line).unwrap();
        let fields = v.as_object_mut().unwrap();
        // What the standard form leaves out.
        fields.remove("windows");
        fields.remove("notes");
        v
    };
    let out: BTreeMap<String, Value> = cases.keys().cloned().zip(text.lines().map(standard)).collect();
    assert_eq!(out.len(), cases.len(), "oracle.py stopped");
    out
}
