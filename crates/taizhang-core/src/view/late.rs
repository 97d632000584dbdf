//! Which rows of a document arrived after a lock of its year (docs/decisions/0013-locks.md).
//!
//! - Ledgers and transfers: every row and register value of an entry that the lock does not reach.
//! - Reviews: rows that decide, unless they replace a decision that is in time.
//! - Rosters have no year: rows that speak of the locked year or of an earlier one, and rows that replace such a row.

use std::collections::BTreeSet;

use super::{DocumentView, ViewRow};
use crate::{
    id::{EntryId, Kind},
    lock::{self, Gate},
    op::RowName,
    rows::{RowType, Status, Teacher, TransferIn},
};

/// Marks what stands and came too late.
pub(super) fn mark(view: &mut DocumentView, gate: &Gate<'_>) {
    let late: BTreeSet<RowName> = match view.document.kind {
        Kind::Review => decisions(view, gate),
        Kind::Roster => facts(view, gate),
        _ => view.rows.keys().filter(|n| !gate.is_open_at_all(&n.entry)).copied().collect(),
    };
    view.rows.values_mut().for_each(|r| r.late = r.stands() && late.contains(&r.name));
    if matches!(view.document.kind, Kind::Ledger | Kind::Transfer) {
        for write in view.registers.values_mut().flat_map(|by_entry| by_entry.values_mut()) {
            write.late = write.counts() && !gate.is_open_at_all(&write.entry);
        }
    }
}

fn decisions(view: &DocumentView, gate: &Gate<'_>) -> BTreeSet<RowName> {
    let deciding = view.rows.values().filter(|r| lock::decides(r.row_type) && !gate.is_open_at_all(&r.name.entry));
    deciding.map(|r| r.name).filter(|n| gate.is_late_decision(*n)).collect()
}

fn facts(view: &DocumentView, gate: &Gate<'_>) -> BTreeSet<RowName> {
    gate.years().into_iter().flat_map(|year| facts_of(view, year, &|e| gate.is_open(year, e))).collect()
}

/// Rows of a roster that change what a locked year rests on.
fn facts_of(view: &DocumentView, year: u16, is_open: &dyn Fn(&EntryId) -> bool) -> BTreeSet<RowName> {
    let kept = || view.rows.values().filter(|r| r.stands() && is_open(&r.name.entry));
    let teachers: BTreeSet<String> = kept().filter_map(|r| r.read::<Teacher>()).map(|p| p.row.no).collect();
    let touched: BTreeSet<RowName> = kept().filter(|r| speaks_of(r, year)).map(|r| r.name).collect();
    let is_late = |row: &ViewRow| {
        // A new teacher is no news about the locked year; other words about one whom the lock names are.
        let is_about_named = row.read::<Teacher>().map(|p| teachers.contains(&p.row.no));
        let replaces_named = || row.replaces.iter().any(|r| touched.contains(&r.resolve(row.name.entry)));
        is_about_named.unwrap_or_else(|| speaks_of(row, year)) || replaces_named()
    };
    view.rows.values().filter(|r| !is_open(&r.name.entry) && is_late(r)).map(|r| r.name).collect()
}

/// Does the row say something about this year or an earlier one? Rows of a type or form that this version cannot read say nothing.
fn speaks_of(row: &ViewRow, year: u16) -> bool {
    let status = || row.read::<Status>().map(|p| p.row.from_day);
    let came = || row.read::<TransferIn>().map(|p| p.row.day);
    let day = status().or_else(came);
    row.row_type == Teacher::TYPE || day.is_some_and(|d| d.year() <= year)
}
