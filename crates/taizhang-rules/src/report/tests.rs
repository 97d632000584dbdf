//! Every form against a table written out by hand: one line a row, cells between bars, `[section]` before, `=` before 合计, `#` before notes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use super::*;

mod hours;
mod kit;
mod people;
mod places;
mod reviews;

/// As a reader sees it.
fn shown(form: &Form, english: bool) -> Vec<String> {
    let cells = |cells: &[Cell]| {
        assert_eq!(cells.len(), form.columns.len(), "{}: a line has not one cell a column", form.id);
        let texts: Vec<String> = cells.iter().zip(&form.columns).map(|(c, column)| c.shown(column.unit, english)).collect();
        texts.join("|")
    };
    let head = form.columns.iter().map(|c| c.head.pick(english)).collect::<Vec<_>>().join("|");
    let row = |r: &Row| r.section.as_ref().map(|s| format!("[{s}]")).unwrap_or_default() + &cells(&r.cells);
    let mut out = vec![head];
    out.extend(form.rows.iter().map(row));
    out.extend(form.totals.as_ref().map(|t| format!("={}", cells(t))));
    out.extend(form.notes.iter().map(|n| format!("#{}", n.pick(english))));
    out
}

#[track_caller]
fn check(form: &Form, id: &str, expected: &[&str]) {
    assert_eq!((form.id, shown(form, false)), (id, expected.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>()));
    let english = shown(form, true);
    assert!(english[0].is_ascii() && form.title.en.is_ascii() && !form.title.zh.is_ascii(), "{}", english[0]);
}

#[test]
fn forms_are_named_in_three_ways_and_there_are_21() {
    for (named, wanted) in [
        ("form-01", Some(1)),
        ("form-21", Some(21)),
        ("form-9", Some(9)),
        ("09", Some(9)),
        ("9", Some(9)),
        ("form-00", None),
        ("form-22", None),
        ("form-", None),
        ("", None),
        ("form-+1", None),
        ("-1", None),
        ("form-001", None),
        ("form-1x", None),
        ("表1", None),
        ("９", None),
        ("form-256", None),
    ] {
        assert_eq!(number(named), wanted, "{named}");
    }
}

#[test]
fn phones_are_masked_or_left_out() {
    for (phone, wanted) in [
        ("12012345678", Some("120****5678")),
        ("120 1234 5678", Some("120****5678")),
        ("027-87654321", Some("027*****4321")),
        ("1201234", None),
        ("1234567890", None),
        ("", None),
    ] {
        assert_eq!(masked_phone(phone).as_deref(), wanted, "{phone}");
    }
}

#[test]
fn numbers_have_at_most_two_decimals_and_no_float_is_near() {
    for (n, unit, wanted) in [
        (0, Unit::H100, "0"),
        (5, Unit::H100, "0.05"),
        (1_250, Unit::H100, "12.5"),
        (3_600, Unit::C100, "36"),
        (-150, Unit::Fen, "-1.5"),
        (-5, Unit::Fen, "-0.05"),
        (i64::MAX, Unit::Fen, "92233720368547758.07"),
        (i64::MIN, Unit::Fen, "-92233720368547758.08"),
        (8_550, Unit::Bp, "85.5%"),
        (10_000, Unit::Bp, "100%"),
        (7, Unit::Count, "7"),
    ] {
        assert_eq!(Cell::Number(n).shown(unit, false), wanted);
    }
    assert_eq!(Cell::number(u64::MAX), Cell::Number(i64::MAX));
}

#[test]
fn a_hidden_number_cannot_be_computed_from_the_others() {
    let cells = |numbers: &[i64]| numbers.iter().map(|n| Cell::Number(*n)).collect::<Vec<_>>();
    let hidden = |numbers: &[i64]| {
        let mut parts = cells(numbers);
        hide_small(&mut parts);
        parts.iter().map(|c| c.shown(Unit::Count, false)).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(hidden(&[0, 5, 100]), "0 5 100");
    assert_eq!(hidden(&[0, 4, 9, 100]), "0 <5 <5 100");
    assert_eq!(hidden(&[1, 4, 9]), "<5 <5 9");
    assert_eq!(hidden(&[3, 0, 0]), "<5 0 0");
    assert_eq!(hidden(&[]), "");
}
