//! What one file writes, packed into entries.

use std::collections::BTreeMap;

use taizhang_core::{
    id::{DocId, EntryId, Kind},
    op::{OPERATIONS_MAX, PayloadBuilder, RowRef},
    rows::{self, Import as ImportRow, RowType},
};

use super::report::FileReport;
use crate::core::Act;

/// Bytes of operations in one entry, at most: an interrupted transfer resends whole entries.
const ENTRY_BYTES: usize = 8 * 1024;

enum Op {
    Row(u16, Vec<RowRef>, Vec<u8>),
    Register { key: String, value: Vec<u8>, replaces: Vec<EntryId> },
}

impl Op {
    fn bytes(&self) -> usize {
        match self {
            Self::Row(_, replaces, fields) => fields.len() + replaces.len() * 40 + 8,
            Self::Register { key, value, replaces } => key.len() + value.len() + replaces.len() * 34 + 8,
        }
    }

    fn add_to(&self, p: &mut PayloadBuilder) {
        match self {
            Self::Row(row_type, replaces, fields) => p.row(*row_type, replaces, fields),
            Self::Register { key, value, replaces } => p.register(key, value, replaces),
        };
    }
}

#[derive(Default)]
struct Pages {
    /// Begins every entry, so that a decision may name it as a sheet.
    head: Option<Op>,
    /// With the row of the file that each comes from.
    ops: Vec<(u32, Op)>,
    /// Rows of the file that brought something into this document.
    imported: u32,
}

/// Operations by document, in the order of the file.
#[derive(Default)]
pub(super) struct Batch {
    documents: BTreeMap<DocId, Pages>,
    last_row: BTreeMap<DocId, u32>,
}

impl Batch {
    /// The documents that something is written into.
    pub(super) fn documents(&self) -> impl Iterator<Item = &DocId> {
        self.documents.iter().filter(|(_, p)| !p.ops.is_empty()).map(|(d, _)| d)
    }

    /// A row that every entry in this document begins with.
    pub(super) fn head(&mut self, document: DocId, row_type: u16, fields: Vec<u8>) {
        self.documents.entry(document).or_default().head = Some(Op::Row(row_type, Vec::new(), fields));
    }

    /// A row; `row` is where in the file it comes from.
    pub(super) fn row(&mut self, document: DocId, row: u32, row_type: u16, fields: Vec<u8>) {
        self.row_replacing(document, row, row_type, Vec::new(), fields);
    }

    /// A row that corrects others of its document.
    pub(super) fn row_replacing(&mut self, document: DocId, row: u32, row_type: u16, replaces: Vec<RowRef>, fields: Vec<u8>) {
        self.push(document, row, Op::Row(row_type, replaces, fields));
    }

    pub(super) fn register(&mut self, document: DocId, row: u32, key: String, value: Vec<u8>, replaces: Vec<EntryId>) {
        self.push(document, row, Op::Register { key, value, replaces });
    }

    fn push(&mut self, document: DocId, row: u32, op: Op) {
        let pages = self.documents.entry(document).or_default();
        pages.ops.push((row, op));
        if self.last_row.insert(document, row) != Some(row) {
            pages.imported += 1;
        }
    }

    /// Entries of one document in order; the row about the import itself comes last, so whoever has it has all.
    pub(super) fn act(&self, report: &FileReport) -> Act {
        let mut act = Act::default();
        for (document, pages) in self.documents.iter().filter(|(_, p)| !p.ops.is_empty()) {
            // Only ledgers and rosters hold rows about imports.
            let is_told = rows::belongs(ImportRow::TYPE, document.kind) && document.kind != Kind::Registry;
            let about = || Op::Row(ImportRow::TYPE, Vec::new(), import_row(report, pages.imported).to_fields());
            pages.write(*document, is_told.then(about).as_ref(), &mut act);
        }
        act
    }

    /// The row of the file with what an act may not hold; it is looked for by halves, for each look opens every name here.
    pub(super) fn row_with(&self, is_bad: impl Fn(&Act) -> bool) -> Option<u32> {
        let ops: Vec<(DocId, u32, &Op)> =
            self.documents.iter().flat_map(|(d, p)| p.ops.iter().map(|(row, op)| (*d, *row, op))).collect();
        let has = |some: &[(DocId, u32, &Op)]| {
            let mut act = Act::default();
            for (document, _, op) in some {
                let mut p = PayloadBuilder::default();
                op.add_to(&mut p);
                act.write(*document, p);
            }
            is_bad(&act)
        };
        let mut left = ops.as_slice();
        while left.len() > 1 {
            let (first, second) = left.split_at(left.len() / 2);
            left = if has(first) { first } else { second };
        }
        left.first().filter(|_| has(left)).map(|(_, row, _)| *row)
    }
}

impl Pages {
    fn write(&self, document: DocId, last: Option<&Op>, act: &mut Act) {
        let begin = || {
            let mut p = PayloadBuilder::default();
            self.head.iter().for_each(|head| head.add_to(&mut p));
            p
        };
        let mut p = begin();
        let heads = p.len();
        for op in self.ops.iter().map(|(_, op)| op).chain(last) {
            if p.len() > heads && (p.len() >= OPERATIONS_MAX || p.bytes() + op.bytes() > ENTRY_BYTES) {
                act.write(document, std::mem::replace(&mut p, begin()));
            }
            op.add_to(&mut p);
        }
        act.write(document, p);
    }
}

fn import_row(report: &FileReport, imported: u32) -> ImportRow {
    ImportRow {
        kind: report.kind.clone(),
        file_sha256: report.sha256,
        bytes: report.bytes,
        rows: report.rows,
        imported,
        mended: report.mended,
        refused: report.refused,
        report_sha256: None,
        reason: None,
    }
}
