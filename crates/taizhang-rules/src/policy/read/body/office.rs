//! Rules about places, shares, papers, days and money.

use std::collections::BTreeMap;

use super::{AMOUNT, WHOLE_BP};
use crate::{
    case::{Level, Registrar},
    policy::{
        Anchor, Body, SaidType,
        read::{Fault, Form, fields::Fields},
    },
};

/// People of a province.
const PEOPLE: u64 = 10_000_000;
/// 100 billion yuan.
const FEN: u64 = 10_000_000_000_000;

pub(super) fn coverage(f: &mut Fields<'_, '_>) -> Body {
    f.one_of("distinct", &["teacher"]);
    let split_bp = f.may("split_bp", |f, field| f.numbers(field, 0..=WHOLE_BP)).unwrap_or_default();
    if !split_bp.is_empty() {
        f.one_of("rounding", &["cumulative_ceil"]);
    }
    let (window_from, window_to) = (f.day("window_from"), f.day("window_to"));
    if window_to < window_from {
        f.fault(Fault::EndsBefore { from: "window_from", to: "window_to" });
    }
    Body::Coverage {
        window_from,
        window_to,
        bucket: f.word("bucket"),
        org_levels: f.closed_list_or_all("org_levels"),
        bp: f.number("bp", 1..=WHOLE_BP),
        split_bp,
    }
}

pub(super) fn quota(f: &mut Fields<'_, '_>) -> Body {
    Body::Quota {
        year: f.number("year", 0..=2_200),
        org_level: f.closed("org_level", Level::City),
        total: f.number("total", 1..=PEOPLE),
        parts: f.numbered("parts", Form::Word, 1..=PEOPLE).into_iter().collect(),
    }
}

pub(super) fn quota_sum(f: &mut Fields<'_, '_>) -> Body {
    Body::QuotaSum {
        org_level: f.closed("org_level", Level::City),
        years: f.distinct("years", 1_980..=2_200),
        total: f.number("total", 1..=PEOPLE),
    }
}

/// Exactly one of two fields.
fn either<A, B>(f: &mut Fields<'_, '_>, fields: [&'static str; 2], a: Option<A>, b: Option<B>) -> (Option<A>, Option<B>) {
    if a.is_some() == b.is_some() {
        f.fault(Fault::OneOf { fields });
    }
    (a, b)
}

pub(super) fn ratio(f: &mut Fields<'_, '_>) -> Body {
    let min = f.may("bp_min", |f, field| f.number(field, 1..=WHOLE_BP));
    let about = f.may("bp_about", |f, field| f.number(field, 1..=WHOLE_BP));
    let (bp_min, bp_about) = either(f, ["bp_min", "bp_about"], min, about);
    Body::Ratio { what: f.word("what"), of: f.word("of"), bp_min, bp_about, by: f.may("by", Fields::day) }
}

pub(super) fn degree_target(f: &mut Fields<'_, '_>) -> Body {
    let mut shares = |field| f.numbered(field, Form::StageDegree, 0..=WHOLE_BP).into_iter().collect();
    let (bp, bp_rural) = (shares("bp"), shares("bp_rural"));
    Body::DegreeTarget { bp, bp_rural, under_age: f.number("under_age", 18..=100) }
}

pub(super) fn authority(f: &mut Fields<'_, '_>) -> Body {
    let kinds = f.closed_list_or_all("kinds");
    let org_levels = f.closed_list_or_all("org_levels");
    let register_by = f.may("register_by", |f, field| f.closed(field, Registrar::Organiser));
    Body::Authority { kinds, org_levels, register_by, says: says(f, AUTHORITY) }
}

pub(super) fn deadline(f: &mut Fields<'_, '_>) -> Body {
    let mut months_before = 0;
    let anchor =
        match f.one_of("anchor", &["activity_start", "semester_prep_week", "school_year_prep_week", "year_start", "fixed"]) {
            "activity_start" => {
                months_before = f.number("months_before", 0..=24);
                Anchor::ActivityStart
            }
            "semester_prep_week" => Anchor::SemesterPrepWeek,
            "school_year_prep_week" => Anchor::SchoolYearPrepWeek,
            "fixed" => Anchor::Fixed(f.day("date")),
            _ => Anchor::YearStart,
        };
    Body::Deadline {
        what: f.one_of("what", &["plan", "school_year_plan", "semester_plan", "year_plan"]).to_owned(),
        kinds: f.closed_list_or_all("kinds"),
        org_levels: f.closed_list_or_all("org_levels"),
        anchor,
        months_before,
        submit_to: f.word("submit_to"),
        file_with: f.may("file_with", Fields::word),
        forms: f.may("forms", Fields::lines).unwrap_or_default(),
    }
}

pub(super) fn window(f: &mut Fields<'_, '_>) -> Body {
    let (from, to) = (f.day("from"), f.day("to"));
    if to < from {
        f.fault(Fault::EndsBefore { from: "from", to: "to" });
    }
    Body::Window { what: f.one_of("what", &["enrolment"]).to_owned(), from, to }
}

pub(super) fn select(f: &mut Fields<'_, '_>) -> Body {
    let bp = f.may("bp", |f, field| f.number(field, 1..=WHOLE_BP));
    let count = f.may("count", |f, field| f.number(field, 1..=AMOUNT));
    let (bp, count) = either(f, ["bp", "count"], bp, count);
    let mut says = says(f, SELECT);
    if bp.is_some() {
        says.insert("of".into(), f.one_of("of", &["completed"]).to_owned());
        says.insert("rounding".into(), f.one_of("rounding", &["floor"]).to_owned());
    }
    Body::Select { what: f.one_of("what", &["advanced_school", "excellent_trainee"]).to_owned(), bp, count, says }
}

pub(super) fn fund(f: &mut Fields<'_, '_>) -> Body {
    let base = f.word("base");
    let fixed = base == "fixed";
    Body::Fund {
        bp: (!fixed).then(|| f.number("bp", 1..=WHOLE_BP)),
        fen: fixed.then(|| f.number("fen", 1..=FEN)),
        base,
        holder: f.word("holder"),
        uses: f.may("uses", Fields::words).unwrap_or_default(),
    }
}

/// What a field of words may be.
#[derive(Clone, Copy)]
enum Says {
    Word,
    Words,
    WordOrWords,
    Line,
    Flag,
    Level,
}

/// Fields of words: name, what, must it be there?
type Fielded = &'static [(&'static str, Says, bool)];

const AUTHORITY: Fielded = &[
    ("audit_by", Says::Word, false),
    ("audit_every", Says::Word, false),
    ("guide_by", Says::Word, false),
    ("spot_check_by", Says::Word, false),
    ("when", Says::Word, false),
    ("seal", Says::Flag, false),
    ("note", Says::Line, false),
];

const SELECT: Fielded = &[("every", Says::Word, false), ("issued_by", Says::Word, false)];

const fn fields_of(what: SaidType) -> Fielded {
    match what {
        SaidType::FundRule => &[("what", Says::Word, true), ("travel_paid_by", Says::Word, false)],
        SaidType::Consequence => &[("on", Says::Words, true), ("effects", Says::Words, true)],
        SaidType::Duty => &[("who", Says::Words, true), ("must", Says::Word, true)],
        SaidType::Certificate => &[("what", Says::Word, true), ("printed_by", Says::Word, true)],
        SaidType::Report => &[
            ("what", Says::Words, true),
            ("every", Says::Word, true),
            ("by", Says::WordOrWords, false),
            ("submit_to", Says::Word, false),
            ("publish", Says::Flag, false),
        ],
        SaidType::Export => &[("to", Says::Line, true), ("every", Says::Word, true)],
        SaidType::Transfer => &[("archive_moves", Says::Flag, true), ("notify", Says::Words, true)],
        SaidType::MutualRecognition => &[("within", Says::Level, true)],
    }
}

/// The fields of a rule without arithmetic.
pub(super) fn said(f: &mut Fields<'_, '_>, what: SaidType) -> BTreeMap<String, String> {
    says(f, fields_of(what))
}

fn says(f: &mut Fields<'_, '_>, fields: Fielded) -> BTreeMap<String, String> {
    let mut read = BTreeMap::new();
    for &(field, what, must) in fields {
        if !f.has(field) && !must {
            continue;
        }
        let text = match what {
            Says::Word => f.word(field),
            Says::Words => f.words(field).join(","),
            Says::WordOrWords => f.word_or_words(field).join(","),
            Says::Line => f.text(field, Form::Line),
            Says::Flag => f.flag(field).to_string(),
            Says::Level => f.closed(field, Level::City).word().to_owned(),
        };
        read.insert(field.to_owned(), text);
    }
    read
}
