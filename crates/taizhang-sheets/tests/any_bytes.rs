//! Whatever the bytes, the reader answers: no panic, no wrong row number, no lines from a stopped file.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use proptest::prelude::*;
use taizhang_sheets::{Lang, MAX_ROWS, Options, SheetKind, read, write};

const KINDS: [SheetKind; 9] = [
    SheetKind::Orgs,
    SheetKind::Roster,
    SheetKind::Activities,
    SheetKind::Attendance,
    SheetKind::SignIn,
    SheetKind::Registrations,
    SheetKind::Transfers,
    SheetKind::Leaves,
    SheetKind::Corrections,
];

fn answers(bytes: &[u8]) {
    for kind in KINDS {
        for skip_bad_rows in [false, true] {
            match read(kind, "a", bytes, &Options { skip_bad_rows, ..Options::default() }) {
                Ok(sheet) => {
                    assert!(sheet.lines.len() <= sheet.rows_read);
                    assert!(!sheet.is_stopped() || (sheet.lines.is_empty() && !skip_bad_rows));
                    for f in &sheet.findings {
                        assert!(f.row <= f.last_row && f.last_row <= MAX_ROWS);
                        assert!(!f.message(Lang::Zh).is_empty() && !f.message(Lang::En).is_empty());
                    }
                }
                Err(e) => assert!(!e.message(Lang::Zh).is_empty() && !e.to_string().is_empty()),
            }
        }
    }
}

/// A good table of each shape, to be damaged.
fn good(which: usize) -> Vec<u8> {
    let headers = [
        "序号",
        "教师编号",
        "姓名",
        "性别",
        "身份证号",
        "出生日期",
        "参加工作时间",
        "任教学段",
        "第1周周二",
        "应到学时",
        "实到学时",
        "活动编号",
        "考核结果",
    ];
    let row = |n: u32| {
        let cells = [
            "1",
            "T",
            "王\u{2CB4E}",
            "男",
            "42980419721227006X",
            "1972-12-27",
            "2001.9.1",
            "小学",
            "√",
            "8学时",
            "8.0",
            "A-1",
            "合格",
        ];
        cells.iter().map(|c| write::Cell::Text(if *c == "T" { format!("T{n}") } else { (*c).into() })).collect()
    };
    let table = write::Table { title: "表".into(), headers: headers.map(str::to_owned).into(), rows: (0..4).map(row).collect() };
    match which {
        0 => write::csv(&table, false).unwrap(),
        1 => write::csv(&table, true).unwrap(),
        2 => write::xlsx(&table).unwrap(),
        _ => br#"[{"id":"a1","teacher_id":"T1","title":"x","kind":"visit","hours":1.5,"start":"2023-05-01","end":"2023-05-01","organizer":"o","recorded_at":"2023-05-01T08:00:00+08:00"}]"#.to_vec(),
    }
}

/// What the formats are known by.
const STARTS: &[&[u8]] =
    &[b"", b"PK\x03\x04", b"[", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"];

#[derive(Clone, Debug)]
enum Damage {
    Set(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Double(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(i, b)| Damage::Set(i, b)),
        any::<prop::sample::Index>().prop_map(Damage::Cut),
        (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(i, n)| Damage::Double(i, n)),
        (any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 1..8)).prop_map(|(i, b)| Damage::Insert(i, b)),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    if bytes.is_empty() {
        return;
    }
    match damage {
        Damage::Set(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        Damage::Cut(at) => bytes.truncate(at.index(bytes.len())),
        Damage::Double(at, n) => {
            let at = at.index(bytes.len());
            let piece: Vec<u8> = bytes[at..].iter().take(usize::from(*n)).copied().collect();
            bytes.splice(at..at, piece);
        }
        Damage::Insert(at, more) => {
            let at = at.index(bytes.len());
            bytes.splice(at..at, more.iter().copied());
        }
    }
}

/// The parts of a workbook, one of them damaged, in a zip that is whole: damage that the zip's checksums would hide.
fn damaged_part(bytes: &[u8], part: prop::sample::Index, damages: &[Damage]) -> Vec<u8> {
    use std::io::{Cursor, Read, Write};
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let chosen = part.index(zip.len());
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        if index == chosen {
            damages.iter().for_each(|d| apply(&mut content, d));
        }
        let name = file.name().unwrap().into_owned();
        out.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        out.write_all(&content).unwrap();
    }
    out.finish().unwrap().into_inner()
}

proptest! {
    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400), start in prop::sample::select(STARTS)) {
        answers(&[start, &bytes].concat());
    }

    #[test]
    fn random_tables(rows in prop::collection::vec(prop::collection::vec("[0-9.年月日XE+':T√ \u{3000}０-９合计\"\n-]{0,12}", 0..13), 0..8)) {
        let header = "序号,教师编号,姓名,身份证号,出生日期,参加工作时间,任教学段,活动编号,应到学时,实到学时,考核结果,第1周周二\n";
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        rows.iter().filter(|r| !r.is_empty()).for_each(|r| writer.write_record(r).unwrap());
        answers(&[header.as_bytes(), &writer.into_inner().unwrap()].concat());
    }

    #[test]
    fn damaged_files(which in 0_usize..4, damages in prop::collection::vec(damage(), 1..6)) {
        let mut bytes = good(which);
        damages.iter().for_each(|d| apply(&mut bytes, d));
        answers(&bytes);
    }

    #[test]
    fn damaged_parts_of_a_workbook(part in any::<prop::sample::Index>(), damages in prop::collection::vec(damage(), 1..6)) {
        answers(&damaged_part(&good(2), part, &damages));
    }
}
