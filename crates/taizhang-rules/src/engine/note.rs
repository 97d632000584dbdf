//! What is worth a look and changes no figure: possible duplicates (D-24), late plans, slots out of their week, missing details.

use super::{Item, Run};
use crate::{
    account::Reason,
    calendar::{add_months, days_between, weekday},
    case::Kind,
    policy::Anchor,
};

/// Hours of a day, above which two activities can hardly both have been attended (D-24).
const DAY_H100: u128 = 800;

/// Pairs named for one teacher; what follows is summed up: a sheet of thousands of rows must not grow into millions of notes.
const DUPLICATES_MAX: u32 = 200;
/// Pairs looked at for one teacher.
const PAIRS_MAX: u32 = 100_000;

/// Notes on all items.
pub(super) fn notes(items: &[Item<'_, '_>], run: &mut Run<'_>) {
    possible_duplicates(items, run);
    for item in items {
        let Some(cell) = item.cell else { continue };
        let activity = item.activity;
        if !cell.degree.is_empty() && item.registration.degree_level.is_none() {
            run.note("degree_level_missing", &activity.id);
        }
        if let (Some(slot), Some(_), Some(Kind::SchoolBased)) = (&cell.slot, &activity.content_id, activity.kind) {
            if activity.planned_h100 != slot.h100 {
                run.note("slot_hours", &activity.id);
            }
            if !slot.weekdays.is_empty() && !slot.weekdays.contains(&weekday(activity.start)) {
                run.note("slot_weekday", &activity.id);
            }
        }
        for deadline in &cell.deadlines {
            let due = match deadline.anchor {
                Anchor::ActivityStart => add_months(activity.start, -i64::from(deadline.months_before)),
                Anchor::Fixed(day) => day,
                Anchor::SemesterPrepWeek | Anchor::SchoolYearPrepWeek | Anchor::YearStart => continue,
            };
            if activity.submitted.is_some_and(|day| day > due) {
                run.notes.insert(format!("plan_late:{}:{}:{due}", activity.id, deadline.cite.rule));
            }
        }
    }
}

/// Two activities on the same days with more than eight hours a day together.
fn possible_duplicates(items: &[Item<'_, '_>], run: &mut Run<'_>) {
    let claimed = |item: &&Item<'_, '_>| item.registration.attended_h100 > 0 && item.reason != Reason::AuditRejected;
    let mut order: Vec<&Item<'_, '_>> = items.iter().filter(claimed).collect();
    order.sort_by_key(|item| (item.activity.start, &item.activity.id));
    let (mut found, mut looked) = (0, 0);
    for (at, a) in order.iter().enumerate() {
        for b in order.iter().skip(at + 1).take_while(|b| b.activity.start <= a.activity.end) {
            looked += 1;
            if found >= DUPLICATES_MAX || looked > PAIRS_MAX {
                run.note("possible_duplicate_more", &a.activity.id);
                return;
            }
            let days = |item: &Item<'_, '_>| u128::from(days_between(item.activity.start, item.activity.end).max(1));
            let hours = |item: &Item<'_, '_>| u128::from(item.registration.attended_h100);
            if hours(a) * days(b) + hours(b) * days(a) > DAY_H100 * days(a) * days(b) {
                let (first, second) = (a.activity.id.as_str().min(&b.activity.id), a.activity.id.as_str().max(&b.activity.id));
                run.notes.insert(format!("possible_duplicate:{first}:{second}"));
                found += 1;
            }
        }
    }
}
