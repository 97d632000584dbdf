use super::{
    super::natural::{Natural, of},
    *,
};
use crate::rows::shape::sample;

fn row_of(row_type: u16, fields: Vec<u8>) -> ViewRow {
    ViewRow {
        name: RowName { entry: EntryId([1; 32]), index: 0 },
        row_type,
        fields,
        replaces: Vec::new(),
        author: PublicKey([2; 32]),
        grant: None,
        time: Ms(0),
        standing: Standing::Stands,
        late: false,
    }
}

fn of_values(row_type: u16, values: &[Value]) -> Natural {
    let fields = rows::field::array(&values.iter().map(Field::to_cbor).collect::<Vec<_>>());
    of(&row_of(row_type, fields), &BTreeMap::new())
}

fn samples(row_type: u16) -> Vec<Value> {
    rows::shapes(row_type).iter().map(sample).collect()
}

fn id(row_type: u16, changed: &[(usize, Value)]) -> String {
    let mut values = samples(row_type);
    changed.iter().for_each(|(n, v)| values[*n] = v.clone());
    match of_values(row_type, &values) {
        Natural::Id(id) => id,
        other => panic!("{row_type}: {other:?}"),
    }
}

#[test]
fn every_type_is_about_something() {
    let there = format!("@{}.3", "04".repeat(32));
    let other = "09".repeat(32);
    for (row_type, wanted) in [
        (10, "policy/甲1/甲1".to_owned()),
        (11, "adopt/甲1/2024-06-30".into()),
        (22, "cal/7/7".into()),
        (23, "q/7/甲1/0909090909090909/甲1/甲1".into()),
        (24, "course/甲1".into()),
        (25, "ins/甲1".into()),
        (26, "ban/甲1/2024-06-30".into()),
        (27, format!("seed/{other}")),
        (42, "in/甲1/2024-06-30".into()),
        (60, "pl/甲1/7".into()),
        (61, "en/甲1/甲1".into()),
        (66, "f/7/payroll".into()),
        (72, "ns/甲1/甲1".into()),
        (77, "me/甲1/2024-06-30".into()),
        (78, "gr/甲1/甲1/甲1/2024-06-30".into()),
        (79, "ta/甲1/甲1".into()),
        (100, format!("pd/{there}")),
        (104, "ar/7".into()),
        (105, format!("rec/{there}/甲1")),
        (106, "wv/甲1/7".into()),
        (107, "bn/甲1/2024-06-30".into()),
        (108, format!("sp/{there}/7")),
        (109, format!("aa/{there}/first")),
        (110, "cert/甲1/prepared".into()),
        (111, "isp/7/7".into()),
        (112, format!("mg/{there}")),
        (113, format!("ed/{there}")),
        (114, format!("tk/{there}")),
        (115, format!("inc/{other}")),
        (116, "sel/advanced_school/甲1".into()),
        (118, "dispose/0505050505050505".into()),
        (170, "to/甲1/2024-06-30".into()),
        (171, format!("rl/{there}")),
    ] {
        let found = id(row_type, &[]);
        let is_wanted = if row_type == 118 { found.starts_with(&wanted) } else { found == wanted };
        assert!(is_wanted, "{row_type}: {found}, not {wanted}");
    }
}

#[test]
fn types_that_do_not_compete() {
    for info in rows::CATALOGUE.iter().filter(|i| !i.fields.is_empty()) {
        let natural = of_values(info.number, &samples(info.number));
        let own_content = [28, 67, 69, 71].contains(&info.number);
        // Several burns, accepts and ends of one thing all hold.
        let own_name = [4, 5].contains(&info.number);
        let is_right = match natural {
            Natural::Id(_) => !own_content && !own_name,
            Natural::OwnContent => own_content,
            Natural::OwnName => own_name,
        };
        assert!(is_right, "{}: {natural:?}", info.word);
        // What this version cannot read competes with nothing.
        let unreadable = of(&row_of(info.number, vec![0x81, 0xa0]), &BTreeMap::new());
        assert!(!matches!(unreadable, Natural::Id(_)), "{}", info.word);
    }
}

/// A slash in one part must not make two matters look like one.
#[test]
fn parts_do_not_run_into_each_other() {
    let text = |t: &str| Value::Text(t.into());
    for (row_type, a, b) in [(61, 0, 1), (72, 0, 1), (78, 0, 1), (79, 0, 1), (10, 0, 1)] {
        let left = id(row_type, &[(a, text("x/y")), (b, text("z"))]);
        let right = id(row_type, &[(a, text("x")), (b, text("y/z"))]);
        assert_ne!(left, right, "{row_type}");
    }
    let named = id(61, &[(0, text("@1"))]);
    assert!(named.starts_with("en/%401/"), "{named}");
}
