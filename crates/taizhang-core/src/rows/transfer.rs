//! Rows of a teacher who moves on: out of one school, into another, acknowledged by the counties (workflow 2).

use super::{field::Bytes, rows, training::ActivityKind};
use crate::{
    id::{EntryId, OrgId},
    op::RowRef,
    units::Day,
};

rows! {
    /// A teacher came from another school: names the row 170 of the old one.
    42 TransferIn {
        /// 教师编号
        teacher: String,
        /// Row 170.
        transfer: RowRef,
        /// First day here.
        day: Day,
        /// Why.
        reason: Option<String>,
    }
    /// A teacher goes to another school, with the record as row 171s (form 19).
    170 TransferOut {
        /// 教师编号
        teacher: String,
        /// Where to.
        to_org: OrgId,
        /// Last day at the old school.
        day: Day,
        /// The cycle under way, in words: 2008-2012.
        cycle: String,
        /// Hours by kind, as recorded.
        h100_by_kind: Vec<(ActivityKind, u32)>,
        /// How many row 171s belong to it.
        entries: u32,
        /// SHA-256 over the row bytes of those, one after the other.
        digest: [u8; 32],
        /// Why.
        reason: Option<String>,
    }
    /// One row of the moved record, with its name in the old document.
    171 RecordLine {
        /// The row.
        source: RowRef,
        /// Id of the entry that holds it.
        entry: EntryId,
        /// The operation's CBOR item as it stands in that entry, at most 3.5 KiB.
        row: Bytes,
        /// Why.
        reason: Option<String>,
    }
    /// A county has received a moved record.
    114 TransferAck {
        /// Row 170.
        transfer: RowRef,
        /// Do the lines here give its digest?
        digest_agrees: bool,
        /// How many row 171s are here.
        entries: u32,
        /// Why.
        reason: Option<String>,
    }
}
