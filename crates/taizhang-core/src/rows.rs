//! Row types: what a row's fields mean, with their units. Types and fields are only appended; the catalogue names every type of the domain, those below it are typed here.
//!
//! A row's fields are a CBOR array with trailing nulls dropped. Unknown types and further fields are kept and shown as written by a newer version.

pub mod field;
mod notice;
mod org;
mod policy;
mod review;
mod school;
pub mod shape;
mod training;
mod transfer;

pub use notice::{BanFlag, Calendar, Course, Instructor, Published, Quota, SampleSeed};
pub use org::{Accept, Burn, End, Grant, OfficeCode, Org, OrgKind, Positions, Role, RootStatement, Rural};
pub use policy::{Adopt, PolicyText};
pub use review::{
    AnnualReview, AppealAnswer, AppealResult, AppealStage, Ban, Certificate, CertificateKind, CertificateStep, Dispose,
    EnrolDecision, EraseConfirm, Included, Inspection, Merge, PlanDecision, PlanVerdict, Recognition, Selected, Selection,
    SpotCheck, Waiver,
};
pub use school::{
    Appeal, Attestation, AttestedBy, Enrolment, Fund, FundSource, Material, MaterialKind, Membership, Mentoring, NoShow, Plan,
    PlanScope, Taught,
};
pub use training::{
    Activity, ActivityKind, Assessment, Checkpoint, Decision, DecisionTarget, Elsewhere, Erase, Evidence, Import, Leave, Level,
    Lock, Marks, Person, RegisteredBy, Registration, Rollup, Session, Sheet, Status, Teacher, Unlock, Verdict,
};
pub use transfer::{RecordLine, TransferAck, TransferIn, TransferOut};

use crate::{
    cbor::CborError,
    id::{AttachmentId, Kind},
    planted::{Check, is_off},
};

/// A row's fields as a typed value.
pub trait RowType: Sized {
    /// Its number.
    const TYPE: u16;
    /// Names of its fields, in order.
    const FIELDS: &'static [&'static str];

    /// Forms of its fields, in order.
    fn shapes() -> Vec<shape::Shape>;

    /// The CBOR array of its fields.
    fn to_fields(&self) -> Vec<u8>;

    /// Reads the CBOR array of its fields. Fields beyond those known are counted, not read.
    ///
    /// # Errors
    /// A known field is missing or has another form: the row counts as written by a newer version.
    fn from_fields(fields: &[u8]) -> Result<Parsed<Self>, CborError>;
}

/// A typed row, and how many fields a newer version added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed<T> {
    /// The known fields.
    pub row: T,
    /// Fields that this version does not know.
    pub newer_fields: u64,
}

/// Declares row types: struct, number, field names, both directions.
macro_rules! rows {
    ($($(#[$doc:meta])* $number:literal $name:ident { $($(#[$fdoc:meta])* $field:ident : $t:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name { $($(#[$fdoc])* pub $field: $t),* }

        impl $crate::rows::RowType for $name {
            const TYPE: u16 = $number;
            const FIELDS: &'static [&'static str] = &[$(stringify!($field)),*];

            fn shapes() -> Vec<$crate::rows::shape::Shape> {
                vec![$(<$t as $crate::rows::field::Field>::shape()),*]
            }

            fn to_fields(&self) -> Vec<u8> {
                $crate::rows::field::array(&[$($crate::rows::field::Field::to_cbor(&self.$field)),*])
            }

            fn from_fields(fields: &[u8]) -> Result<$crate::rows::Parsed<Self>, $crate::cbor::CborError> {
                let mut r = $crate::rows::field::FieldReader::new(fields)?;
                let row = Self { $($field: r.take()?),* };
                Ok($crate::rows::Parsed { row, newer_fields: r.remaining() })
            }
        }
    )*};
}
pub(crate) use rows;

/// What is known of a row type without reading its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowInfo {
    /// Its number.
    pub number: u16,
    /// The word used in commands and exports.
    pub word: &'static str,
    /// Names of its fields; empty where this version keeps the row without reading it.
    pub fields: &'static [&'static str],
}

macro_rules! catalogue {
    ($($number:literal $word:literal $($row:ident)?),* $(,)?) => {
        /// Every row type of the domain (docs/rows.md); numbers without fields are reserved and kept unread.
        pub const CATALOGUE: &[RowInfo] = &[$(RowInfo { number: $number, word: $word, fields: catalogue!(@fields $($row)?) }),*];

        /// Forms of the fields of a type, in order; none of a type that this version keeps unread.
        #[must_use]
        pub fn shapes(number: u16) -> Vec<shape::Shape> {
            match number {
                $($($number => <$row as RowType>::shapes(),)?)*
                _ => Vec::new(),
            }
        }

        /// Reads the fields of a row of any type: how many a newer version added; `None` for a type that this version keeps unread.
        ///
        /// # Errors
        /// A form that this version does not know.
        pub fn check(number: u16, fields: &[u8]) -> Option<Result<u64, CborError>> {
            match number {
                $($($number => Some(<$row as RowType>::from_fields(fields).map(|p| p.newer_fields)),)?)*
                _ => None,
            }
        }

        /// The fields read and written again.
        #[cfg(test)]
        fn rewritten(number: u16, fields: &[u8]) -> Option<Vec<u8>> {
            match number {
                $($($number => <$row as RowType>::from_fields(fields).ok().map(|p| p.row.to_fields()),)?)*
                _ => None,
            }
        }
    };
    (@fields $row:ident) => { <$row as RowType>::FIELDS };
    (@fields) => { &[] };
}

catalogue! {
    1 "org" Org, 2 "grant" Grant, 3 "end" End, 4 "burn" Burn, 5 "accept" Accept, 6 "root_statement" RootStatement,
    10 "policy_text" PolicyText, 11 "adopt" Adopt,
    20 "activity" Activity, 21 "session" Session, 22 "calendar" Calendar, 23 "quota" Quota, 24 "course" Course, 25 "instructor" Instructor, 26 "ban_flag" BanFlag, 27 "sample_seed" SampleSeed, 28 "published" Published,
    40 "teacher" Teacher, 41 "status" Status, 42 "transfer_in" TransferIn,
    50 "person" Person, 51 "erase" Erase,
    60 "plan" Plan, 61 "enrolment" Enrolment, 62 "sheet" Sheet, 63 "marks" Marks, 64 "registration" Registration, 65 "elsewhere" Elsewhere, 66 "fund" Fund, 67 "material" Material,
    68 "visit", 69 "appeal" Appeal, 70 "leave" Leave, 71 "attestation" Attestation, 72 "no_show" NoShow, 73 "survey", 74 "answer", 75 "feedback", 76 "follow_up", 77 "mentoring" Mentoring,
    78 "membership" Membership, 79 "taught" Taught, 80 "import" Import,
    100 "plan_decision" PlanDecision, 101 "decision" Decision, 102 "lock" Lock, 103 "unlock" Unlock, 104 "annual_review" AnnualReview, 105 "recognition" Recognition, 106 "waiver" Waiver, 107 "ban" Ban,
    108 "spot_check" SpotCheck, 109 "appeal_answer" AppealAnswer, 110 "certificate" Certificate, 111 "inspection" Inspection, 112 "merge" Merge, 113 "enrol_decision" EnrolDecision, 114 "transfer_ack" TransferAck, 115 "included" Included,
    116 "selected" Selected, 117 "checkpoint" Checkpoint, 118 "dispose" Dispose, 119 "erase_confirm" EraseConfirm,
    150 "rollup" Rollup,
    170 "transfer_out" TransferOut, 171 "record_line" RecordLine,
}

/// Looks a type up in the catalogue.
#[must_use]
pub fn info(number: u16) -> Option<&'static RowInfo> {
    CATALOGUE.iter().find(|i| i.number == number)
}

/// Does a type belong into documents of this kind? One that does not is kept and counts as nothing.
#[must_use]
pub fn belongs(number: u16, kind: Kind) -> bool {
    if is_off(Check::RowBelongs) {
        return true;
    }
    match kind {
        Kind::Registry => (1..=9).contains(&number),
        Kind::Policy => (10..=19).contains(&number),
        // What is decided on announced plans must be read by whoever reads the announcement.
        Kind::Notice => (20..=39).contains(&number) || number == PlanDecision::TYPE,
        Kind::Roster => (40..=49).contains(&number) || number == Import::TYPE,
        Kind::Identity => (50..=59).contains(&number),
        Kind::Ledger => (60..=99).contains(&number) || matches!(number, 20 | 21),
        Kind::Review => (100..=139).contains(&number) || number == Accept::TYPE,
        Kind::Rollup => (150..=169).contains(&number),
        Kind::Transfer => (170..=179).contains(&number),
    }
}

/// A typed row of `T`, if the operation is one and this version can read it.
///
/// # Errors
/// The fields have a form that this version does not know.
pub fn read<T: RowType>(op: &crate::op::RowOp<'_>) -> Option<Result<Parsed<T>, CborError>> {
    (op.row_type == T::TYPE).then(|| T::from_fields(op.fields))
}

/// The attachments that an operation's row names and that must be here before it: lists of tips, inputs and lines.
#[must_use]
pub fn attachments(op: &crate::op::RowOp<'_>) -> Vec<AttachmentId> {
    match op.row_type {
        Lock::TYPE => Lock::from_fields(op.fields).map(|p| vec![p.row.tips]).unwrap_or_default(),
        Checkpoint::TYPE => Checkpoint::from_fields(op.fields).map(|p| vec![p.row.tips]).unwrap_or_default(),
        Rollup::TYPE => Rollup::from_fields(op.fields).map(|p| vec![p.row.inputs, p.row.lines]).unwrap_or_default(),
        Included::TYPE => Included::from_fields(op.fields).map(|p| vec![p.row.tips]).unwrap_or_default(),
        Dispose::TYPE => Dispose::from_fields(op.fields).map(|p| vec![p.row.tips]).unwrap_or_default(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
