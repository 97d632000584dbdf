#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use super::{
    field::Field,
    shape::{Shape, sample},
    *,
};
use crate::{cbor::Value, units::Day};

fn registration() -> Registration {
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
    let row = registration();
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

fn array(values: &[Value]) -> Vec<u8> {
    field::array(&values.iter().map(Field::to_cbor).collect::<Vec<_>>())
}

fn typed() -> impl Iterator<Item = &'static RowInfo> {
    CATALOGUE.iter().filter(|i| !i.fields.is_empty())
}

#[test]
fn every_typed_row_goes_there_and_back() {
    for info in typed() {
        let shapes = shapes(info.number);
        assert_eq!(shapes.len(), info.fields.len(), "{}", info.word);
        let all = array(&shapes.iter().map(sample).collect::<Vec<_>>());
        assert_eq!(check(info.number, &all), Some(Ok(0)), "{}", info.word);
        assert_eq!(rewritten(info.number, &all).unwrap(), all, "{}", info.word);
        let least: Vec<Value> = shapes.iter().map(|s| if s.is_optional() { Value::Null } else { sample(s) }).collect();
        assert_eq!(check(info.number, &array(&least)), Some(Ok(0)), "{}", info.word);
        assert_eq!(rewritten(info.number, &array(&least)).unwrap(), array(&least), "{}", info.word);
    }
    assert_eq!(typed().count(), 61);
    assert!(check(68, &[0x80]).is_none() && check(900, &[0x80]).is_none() && shapes(900).is_empty());
}

#[test]
fn every_typed_row_refuses_another_form() {
    for info in typed() {
        let shapes = shapes(info.number);
        let all: Vec<Value> = shapes.iter().map(sample).collect();
        let mut longer = all.clone();
        longer.push(Value::Bool(true));
        assert_eq!(check(info.number, &array(&longer)), Some(Ok(1)), "{}", info.word);
        for (n, shape) in shapes.iter().enumerate().filter(|(_, s)| **s != Shape::Any) {
            let with = |value: Value| {
                let mut other = all.clone();
                other[n] = value;
                check(info.number, &array(&other)).unwrap()
            };
            let name = (info.word, info.fields[n]);
            assert!(with(Value::Map(vec![])).is_err(), "{name:?}: a map");
            assert!(shape.is_optional() || with(Value::Null).is_err(), "{name:?}: null");
            if let Shape::Code(words) = shape.present() {
                let newer = words.iter().map(|(n, _)| n).max().unwrap() + 1;
                assert!(with(Value::Int(newer.into())).is_err(), "{name:?}: a code of a newer version");
            }
        }
        assert!(check(info.number, &[0xa0]).unwrap().is_err(), "{}: not an array", info.word);
    }
}

#[test]
fn words_are_unique_and_fields_named_once() {
    for (n, info) in CATALOGUE.iter().enumerate() {
        assert!(CATALOGUE.iter().skip(n + 1).all(|i| i.word != info.word), "{}", info.word);
        let mut names = info.fields.to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), info.fields.len(), "{}", info.word);
        assert!(Kind::ALL.into_iter().any(|k| belongs(info.number, k)), "{}", info.word);
    }
}

#[test]
fn what_must_be_here_before_a_row() {
    for (number, n) in [(102, 1), (115, 1), (117, 1), (118, 1), (150, 2), (101, 0), (64, 0), (68, 0)] {
        let all = array(&shapes(number).iter().map(sample).collect::<Vec<_>>());
        let op = crate::op::RowOp { row_type: number, replaces: vec![], fields: &all };
        assert_eq!(attachments(&op).len(), n, "{number}");
    }
}
