//! Sheets that attack whoever reads them, and cells that attack whoever opens what we write.

use std::io::Write;

use taizhang_core::planted::Check;
use taizhang_sheets::{
    Options, ReadError, SheetKind, read,
    write::{Cell, Table, csv, xlsx},
};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{
    Attack, Outcome,
    Removal::{Nothing, Off},
    Theme,
};

const HERE: Theme = Theme::Sheets;

pub(super) const TABLE: &[Attack] = &[
    HERE.attack(
        "formula_in_an_export",
        "在活动名称里写公式, 等上级打开导出的 CSV",
        "writes a formula into a title and waits until somebody opens the exported CSV",
        Outcome::NoEffect,
        Off(Check::FormulaText),
        |_| exported("=HYPERLINK(\"http://x\")"),
    ),
    HERE.attack(
        "command_in_an_export",
        "在姓名里写“+cmd|…”, 等上级打开导出的 CSV",
        "writes a command behind a sign and waits until somebody opens the exported CSV",
        Outcome::NoEffect,
        Off(Check::FormulaText),
        |_| exported("+cmd|' /C calc'!A0"),
    ),
    HERE.attack(
        "workbook_bomb",
        "几十 KB 的工作簿解开有几百 MB",
        "a workbook of a few KB that unpacks to hundreds of MB",
        Outcome::Ended("unpacks too large"),
        Off(Check::Unpacked),
        |_| {
            workbook(|zip| {
                zip.start_file("xl/sharedStrings.xml", deflated()).unwrap();
                let blank = vec![b' '; 1 << 20];
                (0..70).for_each(|_| zip.write_all(&blank).unwrap());
            })
        },
    ),
    HERE.attack(
        "workbook_that_declares_much",
        "工作簿谎称有六百万个字符串",
        "a workbook that declares six million strings",
        Outcome::Ended("unpacks too large"),
        Off(Check::DeclaredCounts),
        |_| {
            workbook(|zip| {
                zip.start_file("xl/sharedStrings.xml", deflated()).unwrap();
                zip.write_all(
                    b"<sst xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" uniqueCount=\"6000000\"></sst>",
                )
                .unwrap();
            })
        },
    ),
    HERE.attack(
        "workbook_with_paths",
        "工作簿里的部件名为“../../”路径",
        "a workbook whose parts are named as paths upwards",
        Outcome::NoEffect,
        Nothing("parts are read in memory and never written, and no file of ours is named by what somebody sent"),
        |_| {
            let before = names();
            workbook(|zip| {
                zip.start_file("../../taizhang-path-trick.xml", deflated()).unwrap();
                zip.write_all(b"<x/>").unwrap();
            });
            let is_written = names() != before || std::path::Path::new("../../taizhang-path-trick.xml").exists();
            if is_written { Outcome::GotThrough } else { Outcome::NoEffect }
        },
    ),
];

/// Files beside the program, by name.
fn names() -> Vec<String> {
    let dir = std::fs::read_dir(".").unwrap();
    let mut names: Vec<String> = dir.map(|f| f.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A text in a CSV for people: through, if a cell begins as a formula does; read back it is what it was.
fn exported(text: &str) -> Outcome {
    let table = Table { title: String::new(), headers: vec!["x".into()], rows: vec![vec![Cell::Text(text.to_owned())]] };
    let bytes = csv(&table, false).unwrap();
    let shown = String::from_utf8_lossy(&bytes).into_owned();
    assert!(shown.contains(&text.replace('"', "\"\"")), "nothing of it is lost");
    assert!(xlsx(&table).is_ok());
    let cell = shown.lines().nth(1).unwrap().trim_start_matches('"');
    if cell.starts_with(['=', '+', '-', '@']) { Outcome::GotThrough } else { Outcome::NoEffect }
}

fn deflated() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)
}

/// A zip with one part and a workbook's name.
fn workbook(part: impl FnOnce(&mut ZipWriter<std::io::Cursor<Vec<u8>>>)) -> Outcome {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("[Content_Types].xml", deflated()).unwrap();
    part(&mut zip);
    let bytes = zip.finish().unwrap().into_inner();
    assert!(bytes.len() < 256 << 10, "it is small");
    match read(SheetKind::Roster, "a.xlsx", &bytes, &Options::default()) {
        Err(ReadError::UnpacksTooLarge) => Outcome::Ended("unpacks too large"),
        _ => Outcome::GotThrough,
    }
}
