//! Spreadsheets: whatever the bytes, the reader answers.

use std::io::{Cursor, Read, Write};

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

/// The parts of a workbook that a fuzzer may write; the rest is as Excel would have it.
pub const PARTS: [&str; 5] =
    ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"];

/// The first byte says which sheet is expected, the rest is the file: text in any encoding, or JSON.
pub fn csv(bytes: &[u8]) {
    let Some((kind, file)) = bytes.split_first() else { return };
    answers(*kind, file);
}

/// As [`csv`]; the second byte says whether the rest is the file, or one part of a workbook whose zip is whole.
pub fn xlsx(bytes: &[u8]) {
    let Some(([kind, part], rest)) = bytes.split_first_chunk() else { return };
    match PARTS.get(usize::from(*part) % (PARTS.len() + 1)) {
        Some(part) => answers(*kind, &with_part(part, rest)),
        None => answers(*kind, rest),
    }
}

fn answers(kind: u8, file: &[u8]) {
    let skip_bad_rows = kind >= 128;
    match read(KINDS[usize::from(kind) % KINDS.len()], "a", file, &Options { skip_bad_rows, ..Options::default() }) {
        Ok(sheet) => {
            assert!(sheet.lines.len() <= sheet.rows_read, "a row gives one line");
            assert!(!sheet.is_stopped() || (sheet.lines.is_empty() && !skip_bad_rows), "nothing of a stopped file");
            for f in &sheet.findings {
                assert!(f.row <= f.last_row && f.last_row <= MAX_ROWS, "rows {} to {}", f.row, f.last_row);
                assert!(!f.message(Lang::Zh).is_empty() && !f.message(Lang::En).is_empty());
            }
        }
        Err(e) => assert!(!e.message(Lang::Zh).is_empty() && !e.to_string().is_empty()),
    }
}

/// A workbook with this content for one of its parts.
#[must_use]
pub fn with_part(name: &str, content: &[u8]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut put = |name: &str, content: &[u8]| {
        out.start_file(name, zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored))
            .unwrap();
        out.write_all(content).unwrap();
    };
    parts(&workbook()).iter().filter(|(n, _)| n != name).for_each(|(n, c)| put(n, c));
    put(name, content);
    out.finish().unwrap().into_inner()
}

/// The parts of a workbook.
#[must_use]
pub fn parts(workbook: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(workbook)).unwrap();
    let names = 0..zip.len();
    let read = names.map(|n| {
        let mut file = zip.by_index(n).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        (file.name().unwrap().into_owned(), content)
    });
    read.collect()
}

/// A good table.
#[must_use]
pub fn table() -> write::Table {
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
    let cells =
        ["1", "T1", "王", "男", "42980419721227006X", "1972-12-27", "2001.9.1", "小学", "√", "8学时", "8.0", "A-1", "合格"];
    let row = cells.map(|c| write::Cell::Text(c.to_owned())).into();
    write::Table { title: "表".into(), headers: headers.map(str::to_owned).into(), rows: vec![row] }
}

/// The same as a workbook.
#[must_use]
pub fn workbook() -> Vec<u8> {
    static BOOK: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    BOOK.get_or_init(|| write::xlsx(&table()).unwrap()).clone()
}
