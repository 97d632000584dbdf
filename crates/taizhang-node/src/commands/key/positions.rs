//! Positions: up to where what a key wrote stands. They name the last entry of each chain of logs and cover all before it.

use std::collections::BTreeSet;

use taizhang_core::{
    id::{EntryId, Kind, PublicKey, Run},
    ledger::{Ledger, Place},
    op::PayloadBuilder,
    rows::{Accept, Positions, RowType},
};

/// Positions of one row.
const ROW_MAX: usize = 30;
/// Rows of one entry: with 30 positions and 600 bytes of text each they take 52 KiB of an entry's 64.
const ENTRY_ROWS_MAX: usize = 18;

/// The last of what a key wrote and `keeps` takes, in every document here; registries first.
pub(super) fn of_key(ledger: &Ledger, key: PublicKey, keeps: &dyn Fn(&EntryId, &Place) -> bool) -> Vec<Positions> {
    let mut out = Vec::new();
    let first = (key, Run([0; 8]));
    let mut documents: Vec<_> = ledger.documents().collect();
    documents.sort_by_key(|d| (d.kind != Kind::Registry, **d));
    for document in documents {
        let Some(state) = ledger.document(document) else { continue };
        if state.logs.range(first..).next().is_none_or(|((owner, _), _)| *owner != key) {
            continue;
        }
        // Entries stand behind those they name, so what lies before is known.
        let (mut kept, mut inner) = (BTreeSet::new(), BTreeSet::new());
        for id in &state.entries {
            let Some(place) = ledger.place(id).filter(|p| p.log.key == key) else { continue };
            let is_reached = place.parent.is_none_or(|p| kept.contains(&p));
            if is_reached && !ledger.is_surplus_entry(id) && keeps(id, place) {
                kept.insert(*id);
                inner.extend(place.parent);
            }
        }
        out.extend(kept.difference(&inner).filter_map(|id| of_entry(ledger, id)));
    }
    out
}

/// The position of one entry.
pub(super) fn of_entry(ledger: &Ledger, id: &EntryId) -> Option<Positions> {
    let place = ledger.place(id)?;
    Some(Positions { document: place.log.document, run: place.log.run, height: place.sequence, id: *id })
}

/// One entry of rows that `row` makes of thirty positions each. What it cannot hold is accepted in further entries: a second end or burn would narrow
/// what the first lets stand, an accept widens it.
pub(super) fn payloads(
    positions: &[Positions],
    reason: &str,
    row: impl Fn(&[Positions]) -> (u16, Vec<u8>),
) -> Vec<PayloadBuilder> {
    let (first, rest) = positions.split_at(positions.len().min(ROW_MAX * ENTRY_ROWS_MAX));
    let mut p = PayloadBuilder::default();
    let mut push = |chunk: &[Positions]| {
        let (row_type, fields) = row(chunk);
        p.row(row_type, &[], &fields);
    };
    if first.is_empty() {
        push(&[]);
    }
    first.chunks(ROW_MAX).for_each(push);
    std::iter::once(p).chain(accepts(rest, reason)).collect()
}

/// Accepts, as many entries as it takes.
pub(super) fn accepts(positions: &[Positions], reason: &str) -> Vec<PayloadBuilder> {
    let entry = |chunk: &[Positions]| {
        let mut p = PayloadBuilder::default();
        for some in chunk.chunks(ROW_MAX) {
            let row = Accept { positions: some.to_vec(), reason: reason.to_owned() };
            p.row(Accept::TYPE, &[], &row.to_fields());
        }
        p
    };
    positions.chunks(ROW_MAX * ENTRY_ROWS_MAX).map(entry).collect()
}
