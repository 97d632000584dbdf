#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use super::*;
use crate::units::Day;

fn sample() -> Registration {
    Registration {
        activity: None,
        activity_no: Some("429801-2008-001".into()),
        teacher: "4298010800012003".into(),
        by: RegisteredBy::School,
        attended_h100: 3200,
        planned_h100: None,
        late: None,
        early: None,
        leave_d100: None,
        days: None,
        assessment: Some(Assessment::Pass),
        grade: None,
        online_complete: None,
        degree_level: None,
        substitute_allowed: None,
        excellent: None,
        registered_day: Day(14_000),
        sheet: None,
        source_status: None,
        evidence: None,
        note: None,
        reason: None,
    }
}

#[test]
fn rows_go_there_and_back_without_trailing_nulls() {
    let row = sample();
    let fields = row.to_fields();
    assert_eq!(fields[0], 0x80 | 17, "17 fields, the nulls behind them dropped");
    assert_eq!(Registration::from_fields(&fields).unwrap(), Parsed { row, newer_fields: 0 });
}

#[test]
fn fields_of_a_newer_version_are_counted() {
    let mut all: Vec<Vec<u8>> = vec![vec![0xf6]; Unlock::FIELDS.len()];
    all[0] = vec![0x19, 0x07, 0xd8];
    all[1] = vec![0x61, b'x'];
    all.push(vec![0x01]);
    let parsed = Unlock::from_fields(&field::array(&all)).unwrap();
    assert_eq!((parsed.row.year, parsed.newer_fields), (2008, 1));
    assert!(Unlock::from_fields(&field::array(&all[..1])).is_err(), "a field that must stand is missing");
    all[0] = vec![0x61, b'x'];
    assert!(Unlock::from_fields(&field::array(&all)).is_err(), "text where a number stands");
}

#[test]
fn the_catalogue_is_sorted_and_typed_rows_are_in_it() {
    assert!(CATALOGUE.windows(2).all(|w| w[0].number < w[1].number));
    assert_eq!(info(64).unwrap().fields, Registration::FIELDS);
    assert_eq!(info(64).unwrap().word, "registration");
    assert!(belongs(64, Kind::Ledger) && !belongs(64, Kind::Review));
}
