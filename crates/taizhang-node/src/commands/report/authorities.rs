//! Forms of counties and cities: 10, 11, 12, 13, 18, 21.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    id::{Kind, OrgId},
    op::RowName,
    rows::{
        Activity, AnnualReview, Appeal, AppealAnswer, AppealResult, AppealStage, Elsewhere, EnrolDecision, Enrolment, Evidence,
        Lock, OrgKind, Quota, Registration, Rollup, RowType, SpotCheck,
    },
    view::{
        decision::Approval,
        training::{Line, LineFinding},
    },
};
use taizhang_rules::{
    case::{Activity as CaseActivity, Level},
    progress::Trained,
    report::{
        Audience, Form, Text, money,
        quota::{self, Places, Seat, Targets},
        reviews::{self, Dispute, Outcome, Sampled, SchoolYear},
        roster, short,
    },
};

use super::{
    desk::{Desk, Found, digest, papers},
    people::is_full_time,
};
use crate::error::CommandError;

/// A school's row 104 of the year; without one what the lines and the lock say.
pub(super) fn form_10(desk: &Desk<'_>) -> Result<Form, CommandError> {
    let year = desk.year_or_now();
    let of_year = |d: &taizhang_core::id::DocId| desk.scope.contains(&d.concerns());
    let reviews = desk.rows::<AnnualReview>();
    let locks = desk.rows::<Lock>();
    let mut lines: BTreeMap<OrgId, Vec<&Line>> = BTreeMap::new();
    for line in desk.facts.book().lines.iter().filter(|l| l.document.period == Some(year)) {
        lines.entry(line.school).or_default().push(line);
    }
    let mut schools = Vec::new();
    for school in desk.scope.iter().copied().filter(|o| desk.core.ledger().registry.kind(*o) == Some(OrgKind::School)) {
        let review = reviews
            .iter()
            .filter(|f| of_year(&f.document) && f.document.concerns() == school && f.row.year == year)
            .max_by_key(|f| f.row.day);
        let lock = locks.iter().filter(|f| f.document.concerns() == school && f.row.year == year).min_by_key(|f| f.row.day);
        if let Some(f) = review {
            let r = &f.row;
            schools.push(SchoolYear {
                school: desk.org_name(school),
                due: r.due.into(),
                passed: r.passed.into(),
                returned: r.returned.into(),
                corrected: r.corrected.into(),
                digest: Some(digest(&r.digest)),
                reviewer: desk.post(&f.name.entry),
                day: Some(r.day),
            });
            continue;
        }
        let counted = counted(desk, school, lines.get(&school).map(Vec::as_slice).unwrap_or_default(), lock);
        if counted.due > 0 || lock.is_some() {
            schools.push(counted);
        }
    }
    schools.sort_by(|a, b| a.school.cmp(&b.school));
    let mut form = reviews::form_10(&schools);
    desk.note_rivals(&mut form, &[AnnualReview::TYPE, Lock::TYPE]);
    Ok(form)
}

fn counted(desk: &Desk<'_>, school: OrgId, lines: &[&Line], lock: Option<&Found<Lock>>) -> SchoolYear {
    let n = |is: &dyn Fn(&Line) -> bool| lines.iter().filter(|l| is(l)).count() as u64;
    let waits = |l: &Line| l.findings.contains(&LineFinding::Correction);
    let replaces = |l: &Line| l.hands.iter().filter_map(|h| desk.matters.row(*h)).any(|row| !row.replaces.is_empty());
    SchoolYear {
        school: desk.org_name(school),
        due: n(&|l| l.counts),
        passed: n(&|l| l.counts && l.approval.is_approved()),
        returned: n(&|l| l.counts && matches!(l.approval, Approval::Returned { .. } | Approval::Rejected { .. })),
        corrected: n(&|l| waits(l) || (l.counts && replaces(l))),
        digest: lock.map(|f| digest(&f.row.tips_root)),
        reviewer: lock.and_then(|f| desk.post(&f.name.entry)),
        day: lock.map(|f| f.row.day),
    }
}

pub(super) fn form_11(desk: &Desk<'_>) -> Result<Form, CommandError> {
    let mut found = desk.rows_here::<SpotCheck>();
    found.sort_by_key(|f| (f.row.n, f.name));
    let sampled = |f: Found<SpotCheck>| Sampled {
        n: f.row.n,
        school: desk.org_name(f.document.concerns()),
        registration: short(&f.row.registration.resolve(f.name.entry)),
        evidence: papers(f.row.evidence.as_ref()),
        finding: f.row.finding,
        verdict: f.row.verdict,
    };
    let samples: Vec<Sampled> = found.into_iter().map(sampled).collect();
    let mut form = reviews::form_11(&samples);
    desk.note_rivals(&mut form, &[SpotCheck::TYPE]);
    Ok(form)
}

pub(super) fn form_12(desk: &Desk<'_>) -> Result<Form, CommandError> {
    let year = desk.year_or_now();
    let quotas = desk.rows::<Quota>();
    let given = quotas.iter().filter(|f| f.row.to_org == desk.org).map(|f| &f.row);
    let places: Vec<Places> =
        given.map(|q| Places { year: q.year, category: q.category.clone(), seats: q.seats.into() }).collect();
    let facts = desk.facts_by_teacher();
    let full_time = |number: &str| {
        let post = facts.get(number).and_then(|f| roster::fact(f, "post", desk.as_of)).and_then(|f| f.value.as_deref());
        is_full_time(post)
    };
    let serves = |n: &str| desk.account(n).is_some_and(|(case, _)| desk.serves(case));
    let serving = desk.numbers().into_iter().filter(|(_, n)| full_time(n) && serves(n));
    let teachers = serving.count() as u64;
    let categories = categories(desk);
    let mut trained = Vec::new();
    for (number, (case, account)) in desk.accounts.iter() {
        let activities: BTreeMap<&str, &CaseActivity> = case.activities.iter().map(|a| (a.id.as_str(), a.as_ref())).collect();
        for result in account.activities.iter().filter(|r| r.h100 > 0) {
            let Some(activity) = activities.get(result.activity.as_str()) else { continue };
            // Where several activities share a number, gather names them `NUMBER@ROW`.
            let no = activity.id.split('@').next().unwrap_or_default();
            let of_activity = |teacher: &str| categories.get(&(no.to_owned(), teacher.to_owned())).map(String::as_str);
            let category = of_activity(number).or_else(|| of_activity("")).unwrap_or_default();
            trained.push(Trained { teacher: number, day: activity.end, bucket: &result.bucket, level: activity.level, category });
        }
    }
    let level = if desk.core.ledger().registry.kind(desk.org) == Some(OrgKind::City) { Level::City } else { Level::County };
    let last_day = taizhang_core::units::Day::from_ymd(year.into(), 12, 31).unwrap_or(desk.as_of);
    let rules = desk.rules(last_day);
    let targets = Targets { year, teachers, places: &places, rules: &rules, level };
    let mut form = quota::form_12(&targets, &trained, desk.audience);
    desk.note_rivals(&mut form, &[Quota::TYPE]);
    Ok(form)
}

/// Category of a trainee by activity and teacher, from enrolments; with an empty teacher that of the activity itself.
fn categories(desk: &Desk<'_>) -> BTreeMap<(String, String), String> {
    let activities = desk.rows::<Activity>().into_iter().filter_map(|f| Some(((f.row.no, String::new()), f.row.category?)));
    let enrolled = desk.rows::<Enrolment>().into_iter().filter_map(|f| Some(((f.row.activity, f.row.teacher), f.row.category?)));
    activities.chain(enrolled).collect()
}

pub(super) fn form_13(desk: &Desk<'_>) -> Result<Form, CommandError> {
    let mut quotas = desk.rows::<Quota>();
    quotas.retain(|f| {
        let is_here = desk.scope.contains(&f.row.to_org) || desk.scope.contains(&f.document.owner);
        is_here && desk.year.is_none_or(|y| f.row.year == y) && desk.activity.is_none_or(|a| f.row.activity.as_deref() == Some(a))
    });
    quotas.sort_by(|a, b| (a.row.year, &a.row.category, a.row.to_org).cmp(&(b.row.year, &b.row.category, b.row.to_org)));
    let enrolments = enrolments(desk);
    let titles: BTreeMap<String, String> = desk.rows::<Activity>().into_iter().map(|f| (f.row.no, f.row.title)).collect();
    let mut seats = Vec::new();
    let mut taken: BTreeSet<RowName> = BTreeSet::new();
    for q in &quotas {
        let row = &q.row;
        let fits = |e: &&Found<Enrolment>| {
            let is_activity = row.activity.as_ref().is_none_or(|a| *a == e.row.activity);
            let is_category = e.row.category.as_ref().is_none_or(|c| *c == row.category);
            let school = desk.facts.teacher(&e.row.teacher).map(|t| t.school);
            let of_unit = school.is_some_and(|s| desk.core.ledger().registry.is_at_or_above(row.to_org, s));
            is_activity && is_category && of_unit && e.document.period.is_none_or(|p| p == row.year)
        };
        let project =
            row.activity.as_ref().map(|a| titles.get(a).unwrap_or(a)).or(row.programme.as_ref()).unwrap_or(&row.category);
        let people: Vec<&Found<Enrolment>> = enrolments.iter().filter(fits).filter(|e| !taken.contains(&e.name)).collect();
        taken.extend(people.iter().map(|e| e.name));
        let unit = desk.org_name(row.to_org);
        let seat =
            Seat { unit, project: project.clone(), seats: Some(row.seats), name: None, subject: None, phone: None, note: None };
        if people.is_empty() {
            seats.push(seat);
            continue;
        }
        for (n, e) in people.into_iter().enumerate() {
            seats.push(filled(desk, e, if n == 0 { seat.clone() } else { Seat { seats: None, ..seat.clone() } }));
        }
    }
    let mut form = quota::form_13(&seats);
    let left = enrolments.iter().filter(|e| desk.is_here(&e.document) && !taken.contains(&e.name)).count();
    if left > 0 {
        form.notes
            .push(Text::new(format!("另有 {left} 人报名没有对应的名额"), format!("{left} more enrolled without a place given")));
    }
    desk.note_rivals(&mut form, &[Quota::TYPE, Enrolment::TYPE]);
    Ok(form)
}

/// Enrolments that nobody refused, of this year.
fn enrolments(desk: &Desk<'_>) -> Vec<Found<Enrolment>> {
    let decisions = desk.rows::<EnrolDecision>();
    let refused: BTreeSet<RowName> =
        decisions.iter().filter(|f| !f.row.accepted).map(|f| f.row.enrolment.resolve(f.name.entry)).collect();
    let mut found = desk.rows::<Enrolment>();
    found.retain(|f| !refused.contains(&f.name) && desk.year.is_none_or(|y| f.document.period == Some(y)));
    found.sort_by(|a, b| (&a.row.activity, &a.row.teacher).cmp(&(&b.row.activity, &b.row.teacher)));
    found
}

fn filled(desk: &Desk<'_>, e: &Found<Enrolment>, seat: Seat) -> Seat {
    let number = &e.row.teacher;
    // A county alone has phones in a form, and masked there.
    let phone = desk.names.get(number).filter(|_| desk.audience == Audience::County).and_then(|i| i.phone.clone());
    Seat { name: Some(desk.name(number)), subject: e.row.subject.clone(), phone, note: e.row.note.clone(), ..seat }
}

/// The counties' latest rollups of the year, as stated; verifying them is `rollup verify`.
pub(super) fn form_18(desk: &Desk<'_>) -> Result<Form, CommandError> {
    let year = desk.year_or_now();
    let mut by_county: BTreeMap<OrgId, Found<Rollup>> = BTreeMap::new();
    for f in desk.rows::<Rollup>() {
        let is_county = desk.core.ledger().registry.kind(f.document.owner) == Some(OrgKind::County);
        if is_county && desk.scope.contains(&f.document.owner) && f.row.period == year {
            by_county.insert(f.document.owner, f);
        }
    }
    let county = |(org, f): (&OrgId, &Found<Rollup>)| {
        let total = |name: &str| f.row.totals.iter().find(|(n, _)| n == name).and_then(|(_, n)| u64::try_from(*n).ok());
        let pair = |whole: &str, part: &str| Some((total(whole)?, total(part)?)).filter(|(whole, _)| *whole > 0);
        money::County {
            name: desk.org_name(*org),
            places: pair("quota", "quota_done").or_else(|| pair("coverage_due", "coverage_done")),
            funds: pair("fund_due_fen", "fund_arranged_fen"),
            accounts: pair("enrolled", "met"),
        }
    };
    let mut counties: Vec<money::County> = by_county.iter().map(county).collect();
    counties.sort_by(|a, b| a.name.cmp(&b.name));
    let mut form = money::form_18(&counties);
    desk.note_rivals(&mut form, &[Rollup::TYPE]);
    Ok(form)
}

pub(super) fn form_21(desk: &Desk<'_>) -> Result<Form, CommandError> {
    let mut disputes = corrections(desk);
    disputes.extend(appeals(desk));
    disputes.sort_by(|a, b| (a.day, &a.no).cmp(&(b.day, &b.no)));
    let mut form = reviews::form_21(&disputes);
    desk.note_rivals(&mut form, &[Appeal::TYPE, AppealAnswer::TYPE]);
    Ok(form)
}

/// Registrations that replace others.
fn corrections(desk: &Desk<'_>) -> Vec<Dispute> {
    let book = desk.facts.book();
    let lines =
        book.lines.iter().filter(|l| desk.scope.contains(&l.school) && desk.year.is_none_or(|y| l.document.period == Some(y)));
    let mut out = Vec::new();
    for line in lines.filter(|l| desk.teacher.is_none_or(|n| n == l.record.teacher())) {
        let Some(row) = line.hands.iter().filter_map(|h| desk.matters.row(*h)).find(|r| !r.replaces.is_empty()) else { continue };
        let (reason, evidence): (Option<String>, Option<Evidence>) = match row.row_type {
            Registration::TYPE => row.read::<Registration>().map(|p| (p.row.reason, p.row.evidence)).unwrap_or_default(),
            _ => row.read::<Elsewhere>().map(|p| (p.row.reason, p.row.evidence)).unwrap_or_default(),
        };
        let opinion = match &line.approval {
            Approval::Returned { reason, .. } | Approval::Rejected { reason, .. } => reason.clone(),
            _ => None,
        };
        out.push(Dispute {
            no: short(&row.name),
            original: row.replaces.iter().map(|r| short(&r.resolve(row.name.entry))).collect(),
            applicant: desk.post(&row.name.entry),
            grounds: reason,
            evidence: papers(evidence.as_ref()),
            opinion,
            result: Outcome::Review(line.approval.word()),
            day: row.time.day(),
        });
    }
    out
}

/// Appeals with their last answer: the final one, else the first.
fn appeals(desk: &Desk<'_>) -> Vec<Dispute> {
    let answers = desk.rows::<AppealAnswer>();
    let mut out = Vec::new();
    for f in desk.rows_here::<Appeal>().into_iter().filter(|f| f.document.kind == Kind::Ledger) {
        if desk.teacher.is_some() && f.row.teacher.as_deref() != desk.teacher {
            continue;
        }
        let of_this = answers.iter().filter(|a| a.row.appeal.resolve(a.name.entry) == f.name);
        let answer = of_this.max_by_key(|a| (a.row.stage == AppealStage::Final, a.row.day)).map(|a| &a.row);
        let result = answer.map_or(Outcome::Open, |a| match a.result {
            AppealResult::Upheld => Outcome::Upheld(a.stage == AppealStage::Final),
            AppealResult::Changed => Outcome::Changed(a.stage == AppealStage::Final),
        });
        out.push(Dispute {
            no: short(&f.name),
            original: vec![short(&f.row.target.resolve(f.name.entry))],
            applicant: f.row.teacher.as_deref().map(|t| desk.name(t)).or_else(|| desk.post(&f.name.entry)),
            grounds: Some(f.row.grounds.clone()),
            evidence: papers(f.row.evidence.as_ref()),
            opinion: answer.map(|a| a.opinion.clone()),
            result,
            day: answer.map_or(f.row.opened_day, |a| a.day),
        });
    }
    out
}
