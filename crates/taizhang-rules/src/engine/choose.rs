//! Steps 1 to 3: what corrections leave standing, one registration for each activity, the same content once.

use std::collections::{BTreeMap, BTreeSet};

use super::{Item, Run};
use crate::case::{Activity, Case, OpenInput, Registrar, Registration};

/// The case's activities by id, each once: of several with one id the greatest counts, and a note says so.
pub(super) fn activities<'c>(case: &'c Case, run: &mut Run) -> Vec<&'c Activity> {
    let mut sorted: Vec<&Activity> = case.activities.iter().map(AsRef::as_ref).collect();
    sorted.sort();
    sorted.dedup();
    last_of_each(sorted, |a| a.id.as_str(), "duplicate_activity_id", run)
}

/// The case's registrations by id, each once, as with activities.
fn registrations<'c>(case: &'c Case, run: &mut Run) -> Vec<&'c Registration> {
    let mut sorted: Vec<&Registration> = case.registrations.iter().collect();
    sorted.sort();
    sorted.dedup();
    last_of_each(sorted, |r| r.id.as_str(), "duplicate_registration_id", run)
}

fn last_of_each<'c, T>(sorted: Vec<&'c T>, id: fn(&T) -> &str, word: &str, run: &mut Run) -> Vec<&'c T> {
    let mut kept: Vec<&T> = Vec::with_capacity(sorted.len());
    for one in sorted {
        if kept.last().is_some_and(|last| id(last) == id(one)) {
            run.note(word, id(one));
            kept.pop();
        }
        kept.push(one);
    }
    kept
}

/// Finds an activity by id among sorted ones.
pub(super) fn find<'c>(activities: &[&'c Activity], id: &str) -> Option<&'c Activity> {
    let at = activities.binary_search_by(|a| a.id.as_str().cmp(id)).ok()?;
    activities.get(at).copied()
}

/// Step 1: registrations that no valid correction replaced, each with its activity.
///
/// A correction replaces even when it is itself replaced; a circle of corrections leaves none of its registrations.
/// After the lock of its activity's year, or of the year of what it replaces, only the county or the city corrects: another's correction falls, and what it wanted to replace stays.
pub(super) fn live<'c>(case: &'c Case, activities: &[&'c Activity], run: &mut Run) -> Vec<(&'c Activity, &'c Registration)> {
    let mut known = Vec::with_capacity(case.registrations.len());
    for registration in registrations(case, run) {
        match find(activities, &registration.activity) {
            Some(activity) => known.push((activity, registration)),
            None => {
                run.note("activity_missing", &registration.id);
                run.open.push(OpenInput { what: "activity_missing".into(), about: registration.activity.clone() });
            }
        }
    }
    if known.iter().all(|(_, r)| r.supersedes.is_none()) {
        return known;
    }
    let of: BTreeMap<&str, &Activity> = known.iter().map(|(a, r)| (r.id.as_str(), *a)).collect();
    let mut dead: BTreeSet<&str> = BTreeSet::new();
    for (activity, registration) in &known {
        let Some(replaced) = registration.supersedes.as_deref() else { continue };
        let corrected = of.get(replaced).copied();
        if corrected.is_none() {
            run.note("supersedes_unknown", &registration.id);
        }
        if may_not_correct(case, [activity, corrected.unwrap_or(activity)], registration, run) {
            dead.insert(&registration.id);
            run.find("correction_after_lock", &registration.id);
        } else {
            dead.insert(replaced);
        }
    }
    note_circles(&known, run);
    known.retain(|(_, r)| !dead.contains(r.id.as_str()));
    known
}

/// Is the year locked of what is written, or of what it replaces?
fn may_not_correct(case: &Case, activities: [&Activity; 2], registration: &Registration, run: &Run) -> bool {
    let above = matches!(registration.by, Registrar::CountyTrainingInstitution | Registrar::CityTrainingCentre);
    let years = activities.map(|activity| run.year(activity.end));
    !above && case.locks.iter().any(|lock| years.contains(&lock.year) && registration.at >= lock.at)
}

/// A note for each registration that its own corrections lead back to.
fn note_circles(known: &[(&Activity, &Registration)], run: &mut Run) {
    let next: BTreeMap<&str, &str> = known.iter().filter_map(|(_, r)| Some((r.id.as_str(), r.supersedes.as_deref()?))).collect();
    for start in next.keys() {
        let mut at = *start;
        for _ in 0..next.len() {
            let Some(to) = next.get(at) else { break };
            at = to;
            if at == *start {
                run.note("supersedes_circle", start);
                break;
            }
        }
    }
}

/// Step 2: for each activity the registration of the competent registrar, then the latest, then the greatest id (D-20).
pub(super) fn one_each<'c, 'r>(mut live: Vec<(&'c Activity, &'c Registration)>, run: &mut Run<'r>) -> Vec<Item<'c, 'r>> {
    live.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
    let mut items: Vec<Item<'c, 'r>> = Vec::with_capacity(live.len());
    for group in live.chunk_by(|(a, _), (b, _)| a.id == b.id) {
        let Some((activity, first)) = group.first().copied() else { continue };
        let set = run.set_at(activity.end);
        let cell = set.and_then(|s| s.cell(activity.kind, activity.level));
        let competent = cell.and_then(|c| c.registrar);
        let wanted = competent.unwrap_or(Registrar::Organiser);
        let chosen = group.iter().map(|(_, r)| *r).max_by_key(|r| (r.by == wanted, r.at, r.id.as_str())).unwrap_or(first);
        if group.len() > 1 {
            let equal = group.iter().all(|(_, r)| r.attended_h100 == first.attended_h100);
            run.find(if equal { "duplicate_registration" } else { "conflicting_registration" }, &activity.id);
        }
        if competent.is_some_and(|by| by != chosen.by) {
            run.note("registrar_not_competent", &activity.id);
        }
        items.push(Item::new(activity, chosen, set, cell, run.year(activity.end)));
    }
    items
}

/// Step 3: places of the items whose content was there before, by first day, then id.
pub(super) fn repeated(items: &[Item<'_, '_>]) -> Vec<bool> {
    let mut order: Vec<(usize, &str)> = items
        .iter()
        .enumerate()
        .filter(|(_, item)| item.cell.is_some_and(|c| c.slot.is_some()))
        .filter_map(|(at, item)| Some((at, item.activity.content_id.as_deref()?)))
        .collect();
    let mut same = vec![false; items.len()];
    // Items stand in the order of ids, and this sort keeps it among equal days.
    order.sort_by_key(|(at, _)| items.get(*at).map(|item| item.activity.start));
    let mut seen = BTreeSet::new();
    for (at, content) in order {
        if let Some(flag) = same.get_mut(at) {
            *flag = !seen.insert(content);
        }
    }
    same
}
