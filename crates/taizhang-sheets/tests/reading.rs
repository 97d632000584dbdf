//! Whole files: what is read, what is refused, and in which words.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::io::{Cursor, Write};

use taizhang_sheets::{
    AttendanceLine, FindingKind as K, Form, Lang, Lines, Mark, Options, ReadError, RosterLine, Severity, Sheet, SheetKind, read,
    write,
};

const ROSTER: &str = "教师编号,姓名,性别,身份证号,出生日期,参加工作时间,任教学段,备注\n";
const ATTENDANCE: &str = "活动编号,教师编号,姓名,应到学时,实到学时,考核结果,登记日期\n";
const SKIP: Options = Options { skip_bad_rows: true, short_year_end: 2029 };

fn sheet(kind: SheetKind, text: &str) -> Sheet {
    read(kind, "a.csv", text.as_bytes(), &Options::default()).unwrap()
}

fn roster(rows: &str) -> Sheet {
    sheet(SheetKind::Roster, &format!("{ROSTER}{rows}"))
}

fn teachers(sheet: &Sheet) -> &[RosterLine] {
    let Lines::Roster(lines) = &sheet.lines else { panic!() };
    lines
}

fn attended(sheet: &Sheet) -> &[AttendanceLine] {
    let Lines::Attendance(lines) = &sheet.lines else { panic!() };
    lines
}

fn kinds(sheet: &Sheet) -> Vec<(u32, K, Severity)> {
    sheet.findings.iter().map(|f| (f.row, f.kind, f.severity)).collect()
}

#[test]
fn what_can_not_be_read_stops_the_file_or_costs_the_row() {
    for (row, column, kind) in [
        (",张三,男,,,2001-09-01,小学,", "教师编号", K::Missing),
        ("42980419721227006X,张三,男,,,2001-09-01,小学,", "教师编号", K::TeacherNumberIsIdNumber),
        ("42980419721227006x,张三,男,,,2001-09-01,小学,", "教师编号", K::TeacherNumberIsIdNumber),
        ("4.2981E+15,张三,男,,,2001-09-01,小学,", "教师编号", K::DigitsLost),
        ("T/1,张三,男,,,2001-09-01,小学,", "教师编号", K::NotACode),
        ("T1,,男,,,2001-09-01,小学,", "姓名", K::Missing),
        ("T1,张三,男,,,,小学,", "参加工作时间", K::Missing),
        ("T1,张三,男,,,2001-02-30,小学,", "参加工作时间", K::NotADate),
        ("T1,张三,男,,,1965-02-03,小学,", "参加工作时间", K::NotADate),
        ("T1,张三,男,,1972.13,2001-09-01,小学,", "出生日期", K::NotADate),
        ("T1,张三,男,,,2001.13,小学,", "参加工作时间", K::NotADate),
        ("T1,张三,男,,,2001-09-01,大学,", "任教学段", K::UnknownWord),
    ] {
        let text = format!("{ROSTER}T9,李四,女,,,2001-09-01,小学,\n{row}\n");
        let stopped = sheet(SheetKind::Roster, &text);
        assert!(stopped.is_stopped() && stopped.lines.is_empty(), "{row}");
        let found = stopped.findings.iter().find(|f| f.severity == Severity::Stops).unwrap();
        assert_eq!((found.row, found.column.as_deref(), found.kind), (3, Some(column), kind), "{row}");
        assert_eq!(found.personal, ["姓名", "出生日期"].contains(&column) || kind == K::TeacherNumberIsIdNumber, "{row}");
        let skipped = read(SheetKind::Roster, "a", text.as_bytes(), &SKIP).unwrap();
        assert_eq!((skipped.lines.len(), skipped.rows_read, skipped.is_stopped()), (1, 2, false), "{row}");
        assert!(skipped.findings.iter().any(|f| f.row == 3 && f.severity == Severity::RowRefused && f.kind == kind), "{row}");
    }
}

#[test]
fn what_may_stay_empty_is_refused_alone() {
    let sheet =
        roster("T1,张三,3,429804197212270061,1972-12-27,2001-09-01,小学,\nT2,李四,,429804197212270000,,2001-09-01,小学,\n");
    assert_eq!(
        kinds(&sheet),
        [(2, K::UnknownWord, Severity::Refused), (2, K::IdWrong, Severity::Refused), (3, K::IdEndsInZeros, Severity::Refused)]
    );
    assert!(teachers(&sheet).iter().all(|t| t.sex.is_none() && t.id_number.is_none()));
    assert!(sheet.findings.iter().all(|f| f.personal));
}

#[test]
fn all_faults_of_a_row_are_reported_at_once() {
    let sheet = roster(",,x,1,x,x,x,\n");
    let columns: Vec<_> = sheet.findings.iter().map(|f| f.column.as_deref().unwrap()).collect();
    assert_eq!(columns, ["教师编号", "姓名", "性别", "身份证号", "出生日期", "参加工作时间", "任教学段"]);
}

#[test]
fn birth_date_and_sex_are_held_against_the_id_number() {
    let sheet = roster("T1,张三,男,42980419721227006X,1972-12-28,2001-09-01,小学,\n");
    assert_eq!(kinds(&sheet), [(2, K::DiffersFromId, Severity::Note), (2, K::DiffersFromId, Severity::Note)]);
    assert_eq!(teachers(&sheet).len(), 1);
}

#[test]
fn dates_without_a_day() {
    let sheet = roster(
        "T1,张三,女,42980419721227006X,1972年12月,2001.9,小学,\nT2,李四,女,42980419721227006X,1972.11,2001.09,小学,\nT3,王五,女,,197212,2001-09-01,小学,\n",
    );
    let dates: Vec<_> = teachers(&sheet).iter().map(|t| (t.birth.map(|d| d.to_string()), t.hired.to_string())).collect();
    assert_eq!(
        dates,
        [(Some("1972-12-27".into()), "2001-09-01".into()), (None, "2001-09-01".into()), (None, "2001-09-01".into())]
    );
    assert!(sheet.findings.iter().all(|f| f.kind == K::MonthOnly));
    assert_eq!((sheet.count(Severity::Mended), sheet.count(Severity::Refused)), (3, 2));
}

#[test]
fn duplicates_totals_blanks_headers_footers() {
    let row = "2198-S1,T1,张三,20,20,合格,2023-06-30\n";
    let text = format!(
        "某校考勤表,,,,,,\n\n{ATTENDANCE}{row}\n ,,,,,,\n{row}{ATTENDANCE}2198-S1,T 1,张 三,20学时,20.0,合格,2023.6.30\n合计,,,20,20.0,,1人\n填表人:,王五,,,审核:,,\n\n\n"
    );
    let sheet = sheet(SheetKind::Attendance, &text);
    let expected = [
        (1, K::TitleRow, Severity::Note),
        (5, K::BlankRow, Severity::Dropped),
        (7, K::DuplicateRow, Severity::Dropped),
        (8, K::RepeatedHeader, Severity::Dropped),
        (9, K::Spaces, Severity::Mended),
        (9, K::Spaces, Severity::Mended),
        (9, K::NumberForm, Severity::Mended),
        (9, K::FloatForm, Severity::Mended),
        (9, K::DateForm, Severity::Mended),
        (9, K::DuplicateRow, Severity::Dropped),
        (10, K::TotalRow, Severity::Dropped),
        (11, K::FooterRow, Severity::Dropped),
        (12, K::BlankRow, Severity::Dropped),
    ];
    assert_eq!(kinds(&sheet), expected);
    let blank: Vec<_> = sheet.findings.iter().filter(|f| f.kind == K::BlankRow).map(|f| (f.row, f.last_row)).collect();
    assert_eq!(blank, [(5, 6), (12, 13)]);
    assert_eq!((attended(&sheet).len(), sheet.rows_read), (1, 3));
    assert!(sheet.findings.iter().filter(|f| matches!(f.kind, K::TitleRow | K::TotalRow | K::FooterRow)).all(|f| f.personal));
}

#[test]
fn rows_of_one_key_that_differ_cost_all_of_them() {
    let text = format!("{ATTENDANCE}A,T1,张三,20,20,合格,\nA,T2,李四,20,20,合格,\nA,T1,张三,20,18,合格,\n");
    let stopped = sheet(SheetKind::Attendance, &text);
    assert_eq!(kinds(&stopped), [(2, K::Rivals, Severity::Stops), (4, K::Rivals, Severity::Stops)]);
    assert_eq!(stopped.findings[0].stood, "2, 4");
    let skipped = read(SheetKind::Attendance, "a", text.as_bytes(), &SKIP).unwrap();
    assert_eq!(attended(&skipped).iter().map(|l| l.teacher.as_str()).collect::<Vec<_>>(), ["T2"]);
}

#[test]
fn a_total_with_a_key_is_no_total() {
    let text = format!("{ATTENDANCE}合计,T1,张三,20,20,合格,\n");
    assert_eq!(kinds(&sheet(SheetKind::Attendance, &text)), [(2, K::NotACode, Severity::Stops)]);
}

#[test]
fn more_than_planned_and_end_before_start() {
    let more = sheet(SheetKind::Attendance, &format!("{ATTENDANCE}A,T1,张三,20,21,合格,\n"));
    assert_eq!(kinds(&more), [(2, K::MoreThanPlanned, Severity::Note)]);
    let text = "活动编号,活动名称,组织单位,级别,培训类别,开始日期,结束日期,计划学时,审核状态\nA,名,某校,校级,校本培训,2023-05-02,2023-05-01,8,已审核\n";
    assert_eq!(kinds(&sheet(SheetKind::Activities, text)), [(2, K::EndBeforeStart, Severity::Stops)]);
    let text = text.replace("05-02", "05-01");
    let Lines::Activities(lines) = sheet(SheetKind::Activities, &text).lines else { panic!() };
    assert_eq!(lines[0].claimed_state.map(|s| s.word()), Some("已审核"));
}

#[test]
fn columns_in_any_order_with_other_names_and_unknown_ones() {
    let text = "备注,\"学 段\n\",参加工作时间（年月日）,手机号,教师姓名,工号,血型,\n,高中,2001.9.1,１２０００００００００,欧阳 娜,T1,A,x\n";
    let sheet = sheet(SheetKind::Roster, text);
    let line = &teachers(&sheet)[0];
    assert_eq!((line.name.as_str(), line.teacher.as_str(), line.phone.as_deref()), ("欧阳娜", "T1", Some("12000000000")));
    let unknown: Vec<_> =
        sheet.findings.iter().filter(|f| f.kind == K::UnknownColumn).map(|f| f.column.as_deref().unwrap()).collect();
    assert_eq!(unknown, ["血型", "第8列"]);
    let header: Vec<_> = sheet
        .findings
        .iter()
        .filter(|f| f.kind == K::HeaderForm)
        .map(|f| (f.column.as_deref().unwrap(), f.stood.as_str()))
        .collect();
    assert_eq!(header, [("任教学段", "学 段\n")]);
}

#[test]
fn marks_are_kept_exactly() {
    let text = "序号,教师编号,姓名,第1周周二,第1周周四,第2周周二,第2周周四,第3周周二,第3周周四,第4周周二\n1,T1,张三,√,√,×,,假,迟,\n2,T2,李四,✓,缺勤 ,病假,?,早退,哈\n";
    let sheet = sheet(SheetKind::SignIn, text);
    let Lines::SignIn(signin) = &sheet.lines else { panic!() };
    use Mark::*;
    assert_eq!(signin.lines[0].marks, [Present, Present, Absent, Empty, Leave, Late, Empty]);
    assert_eq!(signin.lines[1].marks, [Present, Absent, Leave, Unread, Early, Unread, Empty]);
    assert_eq!((signin.sessions.len(), signin.sessions[3].week, signin.sessions[3].weekday), (7, 2, 4));
    let refused: Vec<_> =
        sheet.findings.iter().filter(|f| f.severity == Severity::Refused).map(|f| f.column.as_deref().unwrap()).collect();
    assert_eq!(refused, ["第2周周四", "第3周周四"]);
}

#[test]
fn registrations_by_hand() {
    let text = "教师编号,培训名称,类别,学时,开始日期,结束日期,主办单位\nT1,观摩,observation,1.5,2023-05-01,2023-05-01,云岭县教研室\nT1,观摩,observation,1.5,2023-05-01,2023-05-01,云岭县教研室\nT1,研修,校本研修,2,2023-05-01,2023-05-02,云岭县教研室\n";
    let sheet = sheet(SheetKind::Registrations, text);
    let Lines::Registrations(lines) = &sheet.lines else { panic!() };
    assert_eq!((lines.len(), lines[0].form, lines[0].h100, lines[1].form), (2, Some(Form::Observation), 150, None));
    assert!(kinds(&sheet).contains(&(3, K::DuplicateRow, Severity::Dropped)));
}

#[test]
fn json_that_is_not_a_list_of_flat_objects() {
    for bad in [
        "[",
        "[1]",
        "[[]]",
        "[{\"a\":[]}]",
        "[{\"a\":{}}]",
        "[{\"a\":1,\"a\":2}]",
        "[{}] x",
        "[{\"a\":1}",
        "[null]",
        "[{\"hours\":1e999}]",
        "[{\"a\":\"\u{0}\"}]",
    ] {
        assert!(matches!(read(SheetKind::Registrations, "a", bad.as_bytes(), &SKIP), Err(ReadError::BadJson { .. })), "{bad}");
    }
    assert_eq!(read(SheetKind::Registrations, "a", b"[]", &SKIP), Err(ReadError::Empty));
    assert!(matches!(read(SheetKind::Registrations, "a", b"[{}]", &SKIP), Err(ReadError::Empty)));
    assert!(matches!(
        read(SheetKind::Registrations, "a", br#"[{"id":"1","title":"x"}]"#, &SKIP),
        Err(ReadError::MissingColumns { .. })
    ));
    let record = r#"{"teacher_id":"T1","title":" 第２期 ","kind":"visit","hours":1.5,"start":"2023-05-01","end":"2023-05-01","organizer":"某校","extra":true,"recorded_at":"2023-05-01T00:00:00Z"}"#;
    let sheet = read(SheetKind::Registrations, "a", format!("[{record},{record}]").as_bytes(), &SKIP).unwrap();
    let Lines::Registrations(lines) = &sheet.lines else { panic!() };
    assert_eq!((lines.len(), lines[0].row, lines[0].title.as_str()), (1, 1, " 第２期 "));
    assert!(kinds(&sheet).contains(&(2, K::DuplicateRow, Severity::Dropped)));
    assert!(kinds(&sheet).contains(&(0, K::UnknownColumn, Severity::Note)));
    assert!(kinds(&sheet).contains(&(1, K::OtherOffset, Severity::Note)));
}

#[test]
fn files_that_are_no_sheet() {
    let ole = |tail: &[u8]| [b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".as_slice(), &[0; 504], tail].concat();
    let encrypted: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, error) in [
        (b"".to_vec(), ReadError::Empty),
        (b"\n,,\n".to_vec(), ReadError::Empty),
        ("\u{feff}".into(), ReadError::Empty),
        (ole(b"Workbook"), ReadError::OldXls),
        (ole(&encrypted), ReadError::Encrypted),
        (b"\x89PNG\r\n\x1a\n\0\0".to_vec(), ReadError::NotText),
        (b"PK\x03\x04 and nothing else".to_vec(), ReadError::BadWorkbook("zip".into())),
        (vec![b' '; (32 << 20) + 1], ReadError::FileTooLarge),
        ("教师编号,\"姓名\n".into(), ReadError::OpenQuote { row: 1 }),
        ("姓名\n张三\n".into(), ReadError::NoHeader { looked_for: vec!["教师编号", "姓名", "参加工作时间", "任教学段"] }),
        (
            "教师编号,姓名\nT1,张三\n".into(),
            ReadError::MissingColumns { header_row: 1, missing: vec!["参加工作时间", "任教学段"] },
        ),
        ("\n教师编号,姓名,工号\nT1,张三,T2\n".into(), ReadError::ColumnTwice { header_row: 2, column: "教师编号" }),
    ] {
        let got = read(SheetKind::Roster, "a", &bytes, &SKIP).unwrap_err();
        assert_eq!(got, error);
        let (zh, en) = (got.message(Lang::Zh), got.message(Lang::En));
        assert!(!zh.is_empty() && en == got.to_string() && !zh.contains("张三") && !en.contains("张三"));
    }
    let no_sessions = read(SheetKind::SignIn, "a", "教师编号,姓名\nT1,张三\n".as_bytes(), &SKIP);
    assert!(matches!(no_sessions, Err(ReadError::MissingColumns { .. })));
    let padded = format!("{ROSTER}{}", "T1 ,张三 ,男 , , , , ,\n".repeat(80_000));
    assert_eq!(read(SheetKind::Roster, "a", padded.as_bytes(), &SKIP), Err(ReadError::TooManyFindings));
}

#[test]
fn messages_say_where_what_and_what_to_do() {
    let sheet = roster("T1,张三,男性,429804197212270000,,2001-09-01,小学,\nT2,李四,,,,2001-09-01,大学,\n");
    let zh: Vec<_> = sheet.findings.iter().map(|f| f.message(Lang::Zh)).collect();
    assert_eq!(zh[0], "第2行“性别”:写法不同。 [原文 \"男性\", 改为 \"男\"] 已自动改正。");
    assert_eq!(
        zh[1],
        "第2行“身份证号”:身份证号以000结尾,多为Excel丢失末三位;请核对证件后手工填写。 [原文 \"429804…(18)\"] 此格留空。"
    );
    assert!(zh[2].starts_with("第3行“任教学段”:") && zh[2].ends_with("整个文件未导入,请改正后重试。"));
    assert!(sheet.findings[2].message(Lang::En).starts_with("Row 3, 任教学段: "));
}

/// A workbook of raw parts.
fn zip_of(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn workbook_of(sheet_data: &str, strings: &str) -> Vec<u8> {
    let ns = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let rels = |inner: &str| {
        format!("<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{inner}</Relationships>")
    };
    let root = rels(&format!("<Relationship Id=\"rId1\" Type=\"{rel}/officeDocument\" Target=\"xl/workbook.xml\"/>"));
    let book = format!(
        "<workbook xmlns=\"{ns}\" xmlns:r=\"{rel}\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
    );
    let links = rels(&format!("<Relationship Id=\"rId1\" Type=\"{rel}/worksheet\" Target=\"worksheets/sheet1.xml\"/>"));
    let sheet = format!("<worksheet xmlns=\"{ns}\">{sheet_data}</worksheet>");
    zip_of(&[
        ("_rels/.rels", root.as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", links.as_bytes()),
        ("xl/sharedStrings.xml", strings.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}

fn inline(at: &str, text: &str) -> String {
    format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
}

#[test]
fn workbooks_that_would_cost_too_much() {
    let read = |bytes: &[u8]| read(SheetKind::Orgs, "a.xlsx", bytes, &SKIP).unwrap_err();
    let none = "<sst uniqueCount=\"0\"></sst>";
    let far = format!(
        "<sheetData><row r=\"1\">{}</row><row r=\"1048576\">{}</row></sheetData>",
        inline("A1", "x"),
        inline("XFD1048576", "y")
    );
    assert_eq!(read(&workbook_of(&far, none)), ReadError::TooManyRows);
    let wide = format!("<sheetData><row r=\"1\">{}</row></sheetData>", inline("XFD1", "x"));
    assert_eq!(read(&workbook_of(&wide, none)), ReadError::TooManyColumns { row: 1 });
    let long = format!("<sheetData><row r=\"7\">{}</row></sheetData>", inline("B7", &"x".repeat(5000)));
    assert_eq!(read(&workbook_of(&long, none)), ReadError::CellTooLong { row: 7, column: 2 });
    // calamine would reserve 24 bytes for each of these before reading one.
    assert_eq!(read(&workbook_of("<sheetData/>", "<sst uniqueCount=\"99999999999\"></sst>")), ReadError::UnpacksTooLarge);
    let spaces = " ".repeat(65 << 20);
    assert_eq!(read(&workbook_of("<sheetData/>", &spaces)), ReadError::UnpacksTooLarge);
    let many: Vec<String> = (0..2001).map(|n| format!("p{n}")).collect();
    let parts: Vec<(&str, &[u8])> = many.iter().map(|n| (n.as_str(), b"".as_slice())).collect();
    assert_eq!(read(&zip_of(&parts)), ReadError::UnpacksTooLarge);
    assert!(matches!(read(&zip_of(&[("a", b"b")])), ReadError::BadWorkbook(_)));
}

/// Each is a place where a reader of workbooks computes with what the file says.
#[test]
fn workbooks_full_of_nonsense_are_answered() {
    let none = "<sst uniqueCount=\"0\"></sst>";
    for cell in [
        "<c r=\"ZZZZZZZZZZ1\"><v>1</v></c>",
        "<c r=\"A99999999999999999999\"><v>1</v></c>",
        "<c r=\"A4294967295\"><v>1</v></c>",
        "<c r=\"A4294967296\"><v>1</v></c>",
        "<c r=\"A0\"><v>1</v></c>",
        "<c r=\"\"><v>1</v></c>",
        "<c r=\"1A\"><v>1</v></c>",
        "<c r=\"é1\"><v>1</v></c>",
        "<c r=\"A1\" t=\"s\"><v>0</v></c>",
        "<c r=\"A1\" t=\"s\"><v>99999999999999999999</v></c>",
        "<c r=\"A1\" t=\"s\"><v>-1</v></c>",
        "<c r=\"A1\" t=\"s\"><v>x</v></c>",
        "<c r=\"A1\" t=\"b\"><v>7</v></c>",
        "<c r=\"A1\" t=\"e\"><v>#WHAT!</v></c>",
        "<c r=\"A1\" t=\"d\"><v>9999-99-99</v></c>",
        "<c r=\"A1\" t=\"zz\"><v>1</v></c>",
        "<c r=\"A1\" s=\"4294967296\"><v>1</v></c>",
        "<c r=\"A1\" s=\"-1\"><v>1</v></c>",
        "<c r=\"A1\" s=\"1\"><v>1e308</v></c>",
        "<c r=\"A1\" s=\"1\"><v>-1e308</v></c>",
        "<c r=\"A1\" s=\"1\"><v>NaN</v></c>",
        "<c r=\"A1\"><v>1e999</v></c>",
        "<c r=\"A1\"><f t=\"shared\" si=\"4294967295\" ref=\"A1:XFD1048576\">A1</f><v>1</v></c>",
        "<c r=\"A1\" t=\"inlineStr\"><is><t>&#x110000;&nope;</t></is></c>",
        "<c r=\"A1\"><v>1",
        "<c",
    ] {
        for row in ["<row r=\"1\">", "<row r=\"4294967295\">", "<row r=\"0\">", "<row r=\"99999999999\">", "<row>"] {
            for dimension in [
                "",
                "<dimension ref=\"A1:XFD1048576\"/>",
                "<dimension ref=\"XFD9:A1\"/>",
                "<dimension ref=\"A1:B2:C3\"/>",
                "<dimension ref=\"\"/>",
            ] {
                let sheet = format!("{dimension}<sheetData>{row}{cell}{cell}</row></row></sheetData>");
                let got = read(SheetKind::Orgs, "a.xlsx", &workbook_of(&sheet, none), &SKIP);
                assert!(got.is_err(), "{sheet}");
            }
        }
    }
    for strings in [
        "",
        "<sst",
        "<sst uniqueCount=\"-1\"></sst>",
        "<sst uniqueCount=\"4999999\"><si></si></sst>",
        "<sst><si><t>&#0;</t></si></sst>",
    ] {
        assert!(read(SheetKind::Orgs, "a.xlsx", &workbook_of("<sheetData/>", strings), &SKIP).is_err());
    }
}

#[test]
fn a_zip_that_lies_about_its_sizes_is_counted() {
    let honest = workbook_of("<sheetData/>", &" ".repeat(70 << 20));
    // 70 MiB declared as 5 bytes, in the local and the central header.
    let (true_size, lie) = ((70_u32 << 20).to_le_bytes(), 5_u32.to_le_bytes());
    let places: Vec<usize> = honest.windows(4).enumerate().filter(|(_, w)| *w == true_size).map(|(at, _)| at).collect();
    let mut lying = honest.clone();
    for at in &places {
        lying[*at..at + 4].copy_from_slice(&lie);
    }
    assert!(!places.is_empty() && lying != honest);
    let got = read(SheetKind::Orgs, "a.xlsx", &lying, &SKIP).unwrap_err();
    assert!(matches!(got, ReadError::UnpacksTooLarge | ReadError::BadWorkbook(_)), "{got:?}");
}

#[test]
fn workbooks_as_offices_keep_them() {
    let cells = |r: u32, cells: &[&str]| {
        let inner: String = cells
            .iter()
            .zip('A'..)
            .map(|(c, at)| if c.starts_with('<') { c.replace('@', &format!("{at}{r}")) } else { inline(&format!("{at}{r}"), c) })
            .collect();
        format!("<row r=\"{r}\">{inner}</row>")
    };
    let rows = [
        cells(1, &["某校2023年考勤表"]),
        cells(3, &["活动编号", "教师编号", "应到学时", "实到学时", "考核结果", "登记日期"]),
        cells(
            4,
            &[
                "A",
                "<c r=\"@\"><v>4298041100003001</v></c>",
                "<c r=\"@\"><v>8</v></c>",
                "<c r=\"@\"><v>1.5</v></c>",
                "合格",
                "<c r=\"@\"><v>45047</v></c>",
            ],
        ),
        cells(6, &["A", "<c r=\"@\"><v>4298041100003000</v></c>", "8", "8", "合格", "2023.5.1"]),
        cells(7, &["A", "T3", "8", "<c r=\"@\" t=\"e\"><v>#REF!</v></c>", "合格", ""]),
    ];
    let bytes = workbook_of(&format!("<sheetData>{}</sheetData>", rows.concat()), "<sst uniqueCount=\"0\"></sst>");
    let sheet = read(SheetKind::Attendance, "a.xlsx", &bytes, &SKIP).unwrap();
    let line = &attended(&sheet)[0];
    assert_eq!((line.row, line.teacher.as_str(), line.planned_h100, line.attended_h100), (4, "4298041100003001", 800, 150));
    assert_eq!(line.registered.map(|d| d.to_string()), Some("2023-05-01".into()));
    let expected = [
        (1, K::TitleRow, Severity::Note),
        (4, K::DateSerial, Severity::Mended),
        (4, K::CodeAsNumber, Severity::Note),
        (5, K::BlankRow, Severity::Dropped),
        (6, K::DigitsLost, Severity::RowRefused),
        (6, K::DateForm, Severity::Mended),
        (7, K::FormulaError, Severity::RowRefused),
    ];
    assert_eq!(kinds(&sheet), expected);
    assert_eq!((attended(&sheet).len(), sheet.workbook_sheet.as_deref()), (1, Some("S")));
}

#[test]
fn tables_are_written_as_text_and_numbers_and_read_back() {
    use write::Cell as C;
    let day = taizhang_core::units::Day::from_ymd(2023, 5, 1).unwrap();
    let row = |teacher: &str, title: &str| {
        let text = |t: &str| C::Text(t.into());
        vec![
            text("A-1"),
            text(title),
            text(teacher),
            text("王\u{2CB4E}䶮"),
            C::H100(2000),
            C::H100(150),
            C::Int(2),
            C::Empty,
            text("合格"),
            C::Day(day),
        ]
    };
    let table = write::Table {
        title: "考勤\"表\",一".into(),
        headers: [
            "活动编号",
            "活动名称",
            "教师编号",
            "姓名",
            "应到学时",
            "实到学时",
            "迟到次数",
            "早退次数",
            "考核结果",
            "登记日期",
        ]
        .map(str::to_owned)
        .into(),
        rows: vec![
            row("T1", "=HYPERLINK(\"http://x\")"),
            row("T2", "+1,\n\"行\""),
            row("4298041100003000", "㛃𫖯𬭎喆堃犇昇燚€·—…"),
        ],
    };
    for bytes in [write::csv(&table, false).unwrap(), write::csv(&table, true).unwrap(), write::xlsx(&table).unwrap()] {
        let sheet = read(SheetKind::Attendance, "a", &bytes, &Options::default()).unwrap();
        let lines = attended(&sheet);
        assert_eq!(kinds(&sheet), [(1, K::TitleRow, Severity::Note)]);
        let titles: Vec<_> = lines.iter().map(|l| l.title.as_deref().unwrap()).collect();
        assert_eq!(titles, ["=HYPERLINK(\"http://x\")", "+1,\n\"行\"", "㛃𫖯𬭎喆堃犇昇燚€·—…"]);
        let line = &lines[2];
        assert_eq!(
            (line.teacher.as_str(), line.name.as_deref(), line.planned_h100, line.attended_h100),
            ("4298041100003000", Some("王\u{2CB4E}䶮"), 2000, 150)
        );
        assert_eq!((line.late, line.early, line.registered), (Some(2), None, Some(day)));
    }
    assert_eq!(write::xlsx(&table), write::xlsx(&table));
    assert!(write::csv(&table, true).unwrap().windows(2).any(|w| w == b"\r\n"));
    let wide =
        write::Table { headers: vec!["a".into()], rows: vec![vec![], vec![C::Empty, C::Empty]], ..write::Table::default() };
    assert_eq!(write::csv(&wide, false), Err(write::WriteError::TooWide { row: 2 }));
    assert_eq!(write::xlsx(&wide), Err(write::WriteError::TooWide { row: 2 }));
    let long =
        write::Table { headers: vec!["a".into()], rows: vec![vec![C::Text("x".repeat(40_000))]], ..write::Table::default() };
    assert!(matches!(write::xlsx(&long), Err(write::WriteError::Workbook(_))));
}

#[test]
fn gb18030_holds_every_character_but_one() {
    let table = |c: char| write::Table { headers: vec![c.to_string()], ..write::Table::default() };
    let refused: Vec<u32> = ('\u{80}'..=char::MAX).filter(|c| write::csv(&table(*c), true).is_err()).map(u32::from).collect();
    assert_eq!(refused, [0xE5E5], "a private-use character of the encoding standard's");
}
