//! gen.py's truth as the rows that people would have written: by whom, where, and in which order.

use std::collections::BTreeMap;

use taizhang_core::{
    id::{DocId, Kind, OrgId},
    op::{PayloadBuilder, RowName},
    rows::{
        self, ActivityKind, Adopt, Assessment, Decision, DecisionTarget, Level, PlanDecision, PlanVerdict, PolicyText,
        RegisteredBy, Role, RowType, Status, Verdict, Waiver, field::Bytes,
    },
    units::Day,
};
use taizhang_rules::policy::{Policy, library};

use super::{
    network::{City, OPERATIONS},
    truth::{Activity, Registration, Truth},
};

/// Every registration's row, by its id.
type Written = BTreeMap<String, RowName>;

/// `YYYY-MM-DD`
#[must_use]
pub fn day(text: &str) -> Day {
    Day::parse_iso(text).unwrap_or_else(|| panic!("{text} is no day"))
}

/// Writes everything.
pub fn write(city: &mut City, truth: &Truth) {
    organisations(city, truth);
    policy(city, "wuhan-2008", day("2008-01-01"));
    rosters(city, truth);
    activities(city, truth);
    registrations(city, truth);
    waivers(city, truth);
}

fn organisations(city: &mut City, truth: &Truth) {
    let mut schools: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for a in truth.activities.values().filter(|a| a.level == "county") {
        schools.entry(a.org.trim_end_matches('T')).or_default();
    }
    for t in truth.teachers.values() {
        let of_county = schools.get_mut(t.county.as_str()).unwrap();
        if !of_county.contains(&t.school) {
            of_county.push(t.school.clone());
        }
    }
    for (code, schools) in schools {
        let county = city.add_county(code);
        city.add_schools(county, &schools);
    }
}

/// The city adopts a policy that comes with the program.
pub fn policy(city: &mut City, id: &str, from: Day) {
    let toml = library::by_id(id).unwrap();
    let policy = Policy::read(toml).unwrap();
    let (id, version, sha256) = (policy.id.clone(), "1".to_owned(), policy.sha256);
    let text = PolicyText { id: id.clone(), version: version.clone(), sha256, toml: Bytes(toml.to_vec()), reason: None };
    let adopt =
        Adopt { id, version, sha256, effective_day: from, stages: Vec::new(), orgs: None, overlay_of: None, reason: None };
    let mut p = PayloadBuilder::default();
    p.row(PolicyText::TYPE, &[], &text.to_fields());
    p.row(Adopt::TYPE, &[], &adopt.to_fields());
    let org = city.city();
    city.put(org, Role::PolicyOfficer, DocId::of(org, Kind::Policy), p);
}

fn status(teacher: &str, what: &str, value: &str, from: Day) -> Vec<u8> {
    let (teacher, what) = (teacher.to_owned(), what.to_owned());
    Status { teacher, what, value: Some(value.to_owned()), from_day: from, to_day: None, reason: None }.to_fields()
}

fn rosters(city: &mut City, truth: &Truth) {
    let mut payloads: BTreeMap<&str, PayloadBuilder> = BTreeMap::new();
    for t in truth.teachers.values() {
        let p = payloads.entry(&t.school).or_default();
        let hired_day = day(&t.hired);
        let row = rows::Teacher {
            no: t.id.clone(),
            hired_day,
            first_job: t.first_job,
            qualified_degree: None,
            came_from: None,
            reason: None,
        };
        p.row(rows::Teacher::TYPE, &[], &row.to_fields());
        p.row(Status::TYPE, &[], &status(&t.id, "stage", &t.stage, hired_day));
        for (what, _) in [("head_teacher", t.head_teacher), ("backbone", t.backbone)].iter().filter(|(_, is)| *is) {
            p.row(Status::TYPE, &[], &status(&t.id, what, "yes", hired_day));
        }
    }
    for (code, p) in payloads {
        let school = city.orgs[code];
        city.put(school, Role::Clerk, DocId::of(school, Kind::Roster), p);
    }
}

fn year_of(a: &Activity) -> u16 {
    day(&a.end).year()
}

/// Activities of counties and the city in their notices, of schools and of universities in the ledger of the school; then the decisions on their plans.
fn activities(city: &mut City, truth: &Truth) {
    let mut of_document: BTreeMap<DocId, Vec<&Activity>> = BTreeMap::new();
    for a in truth.activities.values() {
        let document = match a.level.as_str() {
            "city" | "county" => DocId::of_year(city.orgs[a.org.trim_end_matches('T')], Kind::Notice, year_of(a)),
            "school" => DocId::of_year(city.orgs[&a.org], Kind::Ledger, year_of(a)),
            _ => {
                let teacher = &truth.teachers[a.org.trim_end_matches("-D")];
                DocId::of_year(city.orgs[&teacher.school], Kind::Ledger, year_of(a))
            }
        };
        of_document.entry(document).or_default().push(a);
    }
    let mut decisions: BTreeMap<DocId, PayloadBuilder> = BTreeMap::new();
    for (document, list) in of_document {
        let mut p = PayloadBuilder::default();
        let indices: Vec<u16> = list.iter().map(|a| p.row(rows::Activity::TYPE, &[], &activity(a).to_fields())).collect();
        let entry = city.put(document.owner, Role::Clerk, document, p);
        for (a, index) in list.iter().zip(indices) {
            let name = RowName { entry, index };
            if let Some(decided) = &a.decided {
                // Typed years later from paper: what was in time then holds, with the reason.
                let in_time = day(decided) <= day(&a.start);
                let decision = PlanDecision {
                    plan: name.in_document(document),
                    decision: PlanVerdict::Approved,
                    decided_day: day(decided),
                    retroactive: in_time,
                    reason: in_time.then(|| "按纸质批件补录".to_owned()),
                    filed_day: None,
                };
                let decider = above(city, document.owner);
                let place = match document.kind {
                    Kind::Notice => DocId::of_year(decider, Kind::Notice, year_of(a)),
                    _ => DocId::about(decider, Kind::Review, year_of(a), document.owner),
                };
                decisions.entry(place).or_default().row(PlanDecision::TYPE, &[], &decision.to_fields());
            }
        }
    }
    for (place, p) in decisions {
        city.put(place.owner, Role::Reviewer, place, p);
    }
}

/// Who decides on an organisation's plans: the one above it; the city on its own.
fn above(city: &City, org: OrgId) -> OrgId {
    let above = city.ledger.registry.ancestors(org).first().copied();
    above.filter(|o| city.ledger.registry.kind(*o).is_some()).unwrap_or(org)
}

pub(super) fn activity(a: &Activity) -> rows::Activity {
    let kind = ActivityKind::from_word(&a.kind).unwrap();
    rows::Activity {
        no: a.id.clone(),
        level: Level::from_word(&a.level).unwrap(),
        kind,
        form: None,
        title: a.name.clone(),
        theme: None,
        organiser_code: None,
        organiser_name: None,
        start_day: day(&a.start),
        end_day: day(&a.end),
        planned_h100: a.planned_h100,
        place: None,
        audience: None,
        stages: None,
        category: None,
        seats: None,
        lecturers: None,
        credit_standard: None,
        assessment_method: None,
        tags: (!a.tags.is_empty()).then(|| a.tags.clone()),
        programme: None,
        content_id: None,
        registered: Some(a.registered),
        registered_no: None,
        outside_city: None,
        abroad: None,
        budget_fen: None,
        plan: None,
        claimed_submitted_day: Some(day(&a.submitted)),
        claimed_state: None,
        claimed_decided_day: None,
        evidence: None,
        reason: None,
    }
}

/// The school's own ledger, or that of the organiser about the school.
fn ledger_of(city: &City, truth: &Truth, r: &Registration) -> DocId {
    let (a, t) = (&truth.activities[&r.activity], &truth.teachers[&r.teacher]);
    let school = city.orgs[&t.school];
    match (r.by.as_str(), a.level.as_str()) {
        ("school", _) => DocId::of_year(school, Kind::Ledger, year_of(a)),
        (_, "city") => DocId::about(city.city(), Kind::Ledger, year_of(a), school),
        _ => DocId::about(city.orgs[&t.county], Kind::Ledger, year_of(a), school),
    }
}

fn registrations(city: &mut City, truth: &Truth) {
    let mut out = Written::default();
    let mut of_document: BTreeMap<DocId, [Vec<&Registration>; 2]> = BTreeMap::new();
    for r in &truth.registrations {
        let lists = of_document.entry(ledger_of(city, truth, r)).or_default();
        lists[usize::from(r.supersedes.is_some())].push(r);
    }
    let mut audits: BTreeMap<DocId, PayloadBuilder> = BTreeMap::new();
    for (document, lists) in of_document {
        // What is corrected stands before what corrects it.
        for part in lists.iter().flat_map(|list| list.chunks(OPERATIONS)) {
            sheet((city, truth), document, part, &mut out, &mut audits);
        }
    }
    for (review, p) in audits {
        city.put(review.owner, Role::Reviewer, review, p);
    }
}

/// One entry of registrations, and the decision that approves those of them that are approved.
fn sheet(
    (city, truth): (&mut City, &Truth),
    document: DocId,
    part: &[&Registration],
    out: &mut Written,
    audits: &mut BTreeMap<DocId, PayloadBuilder>,
) {
    let mut p = PayloadBuilder::default();
    let mut indices = Vec::new();
    for r in part {
        let replaces = r.supersedes.as_ref().map(|s| out[s].here());
        indices.push(p.row(rows::Registration::TYPE, replaces.as_slice(), &registration(r).to_fields()));
    }
    let entry = city.put(document.owner, Role::Clerk, document, p);
    for (r, index) in part.iter().zip(&indices) {
        out.insert(r.id.clone(), RowName { entry, index: *index });
    }
    // Concentrated training is for the city to audit, all else for the county.
    let school = document.concerns();
    let (of_city, of_county): (Vec<_>, Vec<_>) = part
        .iter()
        .zip(indices)
        .filter(|(r, _)| r.approved)
        .partition(|(r, _)| truth.activities[&r.activity].kind == "concentrated");
    for (auditor, list) in [(city.city(), of_city), (above(city, school), of_county)] {
        let approved: Vec<u16> = list.into_iter().map(|(_, i)| i).collect();
        if approved.is_empty() {
            continue;
        }
        let review = DocId::about(auditor, Kind::Review, document.period.unwrap(), school);
        let target = DecisionTarget::Rows { document, rows: vec![(entry, approved)] };
        let row = Decision { target, verdict: Verdict::Approved, reason: None };
        audits.entry(review).or_default().row(Decision::TYPE, &[], &row.to_fields());
    }
}

fn registration(r: &Registration) -> rows::Registration {
    let by = RegisteredBy::from_word(&r.by).unwrap();
    let assessment = Assessment::from_word(&r.assessment).unwrap();
    registration_row(&r.activity, &r.teacher, by, r.attended_h100, assessment, day(&r.at))
}

/// A registration with what sheets say.
#[must_use]
pub fn registration_row(
    activity: &str,
    teacher: &str,
    by: RegisteredBy,
    attended_h100: u32,
    assessment: Assessment,
    registered_day: Day,
) -> rows::Registration {
    rows::Registration {
        activity: None,
        activity_no: Some(activity.to_owned()),
        teacher: teacher.to_owned(),
        by,
        attended_h100,
        planned_h100: None,
        late: None,
        early: None,
        leave_d100: None,
        days: None,
        assessment: Some(assessment),
        grade: None,
        online_complete: None,
        degree_level: None,
        substitute_allowed: None,
        excellent: None,
        registered_day,
        sheet: None,
        source_status: None,
        evidence: None,
        note: None,
        reason: None,
    }
}

fn waivers(city: &mut City, truth: &Truth) {
    let mut payloads: BTreeMap<DocId, PayloadBuilder> = BTreeMap::new();
    for leave in &truth.leaves {
        let t = &truth.teachers[&leave.teacher];
        let review = DocId::about(city.orgs[&t.county], Kind::Review, leave.year, city.orgs[&t.school]);
        let row = Waiver { teacher: leave.teacher.clone(), year: leave.year, months: leave.months };
        payloads.entry(review).or_default().row(Waiver::TYPE, &[], &row.to_fields());
    }
    for (review, p) in payloads {
        city.put(review.owner, Role::Reviewer, review, p);
    }
}
