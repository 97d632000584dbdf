//! Moved records: rows 171 of a transfer stand for the rows that they carry, where the document of those is not at hand.
//!
//! Only a county writes transfers, and each carries only documents of itself and of organisations below it, in the transfer's year or later: it may say about them what it decides on anyway. What the city decided nobody carries, and decisions only a reviewer does.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    cbor::Writer,
    id::{DocId, Kind},
    ledger::Ledger,
    op::{self, Op, RowName},
    rows::{RecordLine, RowType},
    standing::Judge,
    units::Day,
    view::{DocumentView, ViewRow},
};

/// One view for each document that is only carried.
pub(super) fn views(views: &[DocumentView], ledger: &Ledger) -> Vec<DocumentView> {
    let here: BTreeSet<DocId> = views.iter().map(|v| v.document).collect();
    let mut found: BTreeMap<DocId, BTreeMap<RowName, ViewRow>> = BTreeMap::new();
    for view in views.iter().filter(|v| v.document.kind == Kind::Transfer) {
        for line in view.current().into_iter().filter(|r| r.row_type == RecordLine::TYPE) {
            let Some((document, row)) = carried(line) else { continue };
            let since = view.document.period.map_or(Day(u32::MAX), Day::first_of);
            let is_below = |o| ledger.registry.was_at_or_above(view.document.owner, o, since);
            let may_carry = document.kind != Kind::Review || super::is_by_reviewer(line, &ledger.registry);
            if may_carry && !here.contains(&document) && is_below(document.owner) && is_below(document.concerns()) {
                // Of two that carry one name differently the lower content, whatever came first.
                let rows = found.entry(document).or_default();
                let known = rows.entry(row.name).or_insert_with(|| row.clone());
                if (row.row_type, &row.fields, row.time) < (known.row_type, &known.fields, known.time) {
                    *known = row;
                }
            }
        }
    }
    if found.is_empty() {
        return Vec::new();
    }
    let judge = Judge::new(ledger);
    let of_document = |(document, rows)| {
        let mut view = DocumentView::build(ledger, &judge, document, []);
        view.rows = rows;
        view
    };
    found.into_iter().map(of_document).collect()
}

/// The row as it stood, signed for by whoever carries it.
fn carried(line: &ViewRow) -> Option<(DocId, ViewRow)> {
    let read = line.read::<RecordLine>()?.row;
    let document =
        read.source.document.filter(|d| matches!(d.kind, Kind::Ledger | Kind::Roster | Kind::Notice | Kind::Review))?;
    let mut payload = Writer::default();
    payload.array(2).uint(op::PAYLOAD_VERSION).array(1).raw(&read.row.0);
    let payload = payload.finish();
    match op::parse(&payload).ok()?.pop()? {
        Op::Row(row) => {
            let name = RowName { entry: read.entry, index: read.source.index };
            let (row_type, replaces, fields) = (row.row_type, row.replaces, row.fields.to_vec());
            Some((document, ViewRow { name, row_type, replaces, fields, ..line.clone() }))
        }
        Op::Register(_) => None,
    }
}
