//! The reader of offices' sheets against generated ones: gen.py writes messy files and logs every defect; the same call without `--messy` is the truth.
//!
//! 20 schools × 40 teachers × 5 years as UTF-8, GB18030 and xlsx. Every cell is compared; every finding must be explained by a logged defect.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use taizhang_sheets::{
    Encoding, Finding, FindingKind, Lines, MAX_FILE_BYTES, Options, Severity, Sheet, SheetKind, read, registration, write,
};

/// The ID's digits are gone: nobody could mend these.
const LOST: [&str; 3] = ["id_scientific", "id_last_three_zero", "id_wrong_check_digit"];
const WHOLE_ROWS: [&str; 3] = ["duplicate_row", "total_row", "blank_row"];
const ABOVE: [&str; 2] = ["merged_title_row", "form_line_above_header"];

#[derive(Clone, Copy, PartialEq, Debug)]
enum Form {
    Utf8,
    Gb18030,
    Xlsx,
}

/// What must become of a defect.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Mended,
    Refused,
    Dropped,
    Noted,
}

fn fate(kind: &str) -> Fate {
    match kind {
        _ if LOST.contains(&kind) => Fate::Refused,
        _ if WHOLE_ROWS.contains(&kind) => Fate::Dropped,
        _ if kind == "bom" || ABOVE.contains(&kind) => Fate::Noted,
        _ => Fate::Mended,
    }
}

/// One line of injected.jsonl.
struct Defect {
    row: u32,
    column: String,
    kind: String,
    clean: String,
    dirty: String,
}

#[derive(Default, Clone)]
struct Tally {
    injected: usize,
    mended: usize,
    refused: usize,
    dropped: usize,
    noted: usize,
    wrong: usize,
}

fn tools() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tools")
}

fn python(script: &str, folder: &Path, arguments: &[&str]) {
    let run = Command::new("python3").arg(tools().join(script)).args(arguments).current_dir(folder).output().unwrap();
    assert!(run.status.success(), "{script}: {}", String::from_utf8_lossy(&run.stderr));
}

struct Corpus {
    folder: tempfile::TempDir,
    defects: BTreeMap<String, Vec<Defect>>,
}

impl Corpus {
    fn make(seed: &str, schools: &str, teachers: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let size = ["--schools", schools, "--teachers-per-school", teachers, "--years", "5", "--seed", seed, "--out"];
        python("gen.py", folder.path(), &[&size[..], &["clean"]].concat());
        python("gen.py", folder.path(), &[&size[..], &["messy", "--messy", "--gbk"]].concat());
        python("xlsx_twin.py", folder.path(), &["messy", "twin"]);
        let mut defects: BTreeMap<String, Vec<Defect>> = BTreeMap::new();
        for line in fs::read_to_string(folder.path().join("messy/truth/injected.jsonl")).unwrap().lines() {
            let v: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |k: &str| v[k].as_str().unwrap().to_owned();
            let row = u32::try_from(v["row"].as_u64().unwrap()).unwrap();
            let defect = Defect { row, column: text("col"), kind: text("kind"), clean: text("clean"), dirty: text("dirty") };
            defects.entry(text("file")).or_default().push(defect);
        }
        Self { folder, defects }
    }

    fn files(&self) -> Vec<String> {
        let root = self.folder.path().join("clean");
        let mut names = Vec::new();
        for entry in fs::read_dir(&root).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if name.ends_with(".csv") {
                names.push(name);
            } else if name != "truth" {
                names.extend(
                    fs::read_dir(entry.path())
                        .unwrap()
                        .map(|f| format!("{name}/{}", f.unwrap().file_name().into_string().unwrap())),
                );
            }
        }
        names.sort();
        names
    }

    fn bytes(&self, file: &str, form: Form) -> Vec<u8> {
        let path = match form {
            Form::Utf8 => format!("messy/{file}"),
            Form::Gb18030 => format!("messy/gbk/{file}"),
            Form::Xlsx => format!("twin/{}.xlsx", file.strip_suffix(".csv").unwrap()),
        };
        fs::read(self.folder.path().join(path)).unwrap()
    }

    /// Header and rows of the truth. Clean files need no quotation marks.
    fn truth(&self, file: &str) -> Vec<Vec<String>> {
        let text = fs::read_to_string(self.folder.path().join("clean").join(file)).unwrap();
        assert!(!text.contains('"'));
        text.lines().map(|l| l.split(',').map(str::to_owned).collect()).collect()
    }
}

fn kind_of(file: &str) -> SheetKind {
    match file.split(['/', '.']).next().unwrap() {
        "orgs" => SheetKind::Orgs,
        "roster" => SheetKind::Roster,
        "activities" => SheetKind::Activities,
        "attendance" => SheetKind::Attendance,
        "signin" => SheetKind::SignIn,
        "transfers" => SheetKind::Transfers,
        "leaves" => SheetKind::Leaves,
        "corrections" => SheetKind::Corrections,
        other => panic!("{other}"),
    }
}

/// Hundredths as gen.py writes them.
fn hs(h100: u32) -> String {
    let text = format!("{}.{:02}", h100 / 100, h100 % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn yes(b: bool) -> String {
    (if b { "是" } else { "否" }).into()
}

fn or_empty<T>(value: Option<T>, text: impl Fn(T) -> String) -> String {
    value.map_or_else(String::new, text)
}

/// The lines, spelled as gen.py spells them: row number and cells in the order of its columns.
fn spelled(lines: &Lines) -> Vec<(u32, Vec<String>)> {
    let s = |t: &Option<String>| t.clone().unwrap_or_default();
    match lines {
        Lines::Orgs(l) => {
            l.iter().map(|l| (l.row, vec![l.code.clone(), l.org_type.word().into(), l.name.clone(), s(&l.parent)])).collect()
        }
        Lines::Roster(l) => l
            .iter()
            .map(|l| {
                let sex = or_empty(l.sex, |x| x.word().into());
                let head = or_empty(l.head_teacher, yes);
                let birth = or_empty(l.birth, |d| d.to_string());
                let cells = [
                    s(&l.seq),
                    l.teacher.clone(),
                    l.name.clone(),
                    sex,
                    s(&l.id_number),
                    birth,
                    s(&l.ethnic),
                    l.hired.to_string(),
                ];
                let rest = [
                    l.stage.word().into(),
                    s(&l.subject),
                    s(&l.title),
                    s(&l.degree),
                    head,
                    s(&l.post),
                    s(&l.phone),
                    s(&l.remark),
                ];
                (l.row, cells.into_iter().chain(rest).collect())
            })
            .collect(),
        Lines::Activities(l) => l
            .iter()
            .map(|l| {
                let day = |d| or_empty(d, |d: taizhang_core::units::Day| d.to_string());
                let state = or_empty(l.claimed_state, |x| x.word().into());
                let cells = [
                    l.activity.clone(),
                    l.title.clone(),
                    s(&l.organiser),
                    l.level.word().into(),
                    l.kind.word().into(),
                    l.start.to_string(),
                ];
                let rest = [l.end.to_string(), hs(l.planned_h100), day(l.submitted), state, day(l.claimed_decided)];
                (l.row, cells.into_iter().chain(rest).chain([or_empty(l.registered, yes), l.tags.join("|")]).collect())
            })
            .collect(),
        Lines::Attendance(l) => l
            .iter()
            .map(|l| {
                let n = |n| or_empty(n, |n: u32| n.to_string());
                let cells = [
                    s(&l.seq),
                    l.activity.clone(),
                    s(&l.title),
                    l.teacher.clone(),
                    s(&l.name),
                    hs(l.planned_h100),
                    hs(l.attended_h100),
                ];
                let leave = or_empty(l.leave_days_h100, hs);
                let day = or_empty(l.registered, |d| d.to_string());
                let rest = [n(l.late), n(l.early), leave, or_empty(l.assessment, |a| a.word().into()), day, s(&l.remark)];
                (l.row, cells.into_iter().chain(rest).collect())
            })
            .collect(),
        Lines::SignIn(sheet) => sheet
            .lines
            .iter()
            .map(|l| {
                let marks = l.marks.iter().map(|m| m.word().to_owned());
                (l.row, [s(&l.seq), l.teacher.clone(), s(&l.name)].into_iter().chain(marks).collect())
            })
            .collect(),
        Lines::Transfers(l) => l
            .iter()
            .map(|l| {
                let cells = [
                    l.teacher.clone(),
                    s(&l.name),
                    l.from_code.clone(),
                    s(&l.from_name),
                    l.to_code.clone(),
                    l.day.to_string(),
                    s(&l.note),
                ];
                (l.row, cells.into())
            })
            .collect(),
        Lines::Leaves(l) => l
            .iter()
            .map(|l| {
                let cells =
                    [l.teacher.clone(), s(&l.name), l.year.to_string(), l.months.to_string(), s(&l.reason), s(&l.approved_by)];
                (l.row, cells.into())
            })
            .collect(),
        Lines::Corrections(l) => l
            .iter()
            .map(|l| {
                let cells =
                    [l.target.clone(), l.teacher.clone(), l.activity.clone(), hs(l.old_h100), hs(l.new_h100), l.day.to_string()];
                (l.row, cells.into_iter().chain([l.reason.clone()]).collect())
            })
            .collect(),
        Lines::Registrations(_) => panic!("gen.py writes none"),
    }
}

/// Compares one file with the truth; what is wrong comes back in words.
struct Check<'a> {
    form: Form,
    file: &'a str,
    sheet: &'a Sheet,
    truth: &'a [Vec<String>],
    defects: &'a [Defect],
    table: &'a mut BTreeMap<String, Tally>,
    wrong: Vec<String>,
}

impl Check<'_> {
    fn run(mut self) -> Vec<String> {
        self.cells();
        let marks = self.form == Form::Utf8;
        for defect in self.defects.iter().filter(|d| marks || d.kind != "bom") {
            self.defect(defect);
        }
        self.nothing_unexplained();
        self.wrong
    }

    fn fail(&mut self, kind: &str, what: String) {
        self.table.entry(kind.to_owned()).or_default().wrong += 1;
        self.wrong.push(format!("{:?} {}: {kind}: {what}", self.form, self.file));
    }

    /// The row of the messy file for every row of the truth: those that are neither above the header nor added.
    fn rows(&self) -> Vec<u32> {
        let above = self.defects.iter().filter(|d| ABOVE.contains(&d.kind.as_str())).count();
        let added: BTreeSet<u32> = self.defects.iter().filter(|d| WHOLE_ROWS.contains(&d.kind.as_str())).map(|d| d.row).collect();
        let first = u32::try_from(above).unwrap() + 2;
        (first..).filter(|r| !added.contains(r)).take(self.truth.len() - 1).collect()
    }

    /// Every cell is right, or empty and lost.
    fn cells(&mut self) {
        let lines = spelled(&self.sheet.lines);
        let rows = self.rows();
        if lines.iter().map(|(row, _)| *row).ne(rows.iter().copied()) {
            let stops: Vec<_> = self.sheet.findings.iter().filter(|f| f.severity == Severity::Stops).take(3).collect();
            self.fail("rows", format!("{} lines for {} rows; {stops:?}", lines.len(), rows.len()));
            return;
        }
        let lost: BTreeSet<(u32, &str)> =
            self.defects.iter().filter(|d| LOST.contains(&d.kind.as_str())).map(|d| (d.row, d.column.as_str())).collect();
        let header = &self.truth[0];
        for ((row, cells), truth) in lines.iter().zip(&self.truth[1..]) {
            assert_eq!(cells.len(), header.len());
            for ((column, cell), truth) in header.iter().zip(cells).zip(truth) {
                let lost = lost.contains(&(*row, column.as_str())) || (column == "身份证号" && truth.ends_with("000"));
                let expected = if lost { "" } else { truth.as_str() };
                if cell != expected {
                    let kind = self
                        .defects
                        .iter()
                        .find(|d| d.row == *row && d.column == *column)
                        .map_or("clean cell", |d| &d.kind)
                        .to_owned();
                    self.fail(&kind, format!("row {row} {column}: {cell:?} for {expected:?}"));
                }
            }
        }
    }

    fn finding(&self, row: u32, column: Option<&str>, fits: impl Fn(&Finding) -> bool) -> bool {
        self.sheet.findings.iter().any(|f| f.row <= row && row <= f.last_row && f.column.as_deref() == column && fits(f))
    }

    /// Every defect is reported as what it is, with what stood there and what became of it.
    fn defect(&mut self, d: &Defect) {
        let kind = d.kind.as_str();
        let done = self.is_reported(d);
        let tally = self.table.entry(d.kind.clone()).or_default();
        tally.injected += 1;
        let place = match fate(kind) {
            Fate::Mended => &mut tally.mended,
            Fate::Refused => &mut tally.refused,
            Fate::Dropped => &mut tally.dropped,
            Fate::Noted => &mut tally.noted,
        };
        *place += usize::from(done);
        if !done {
            self.fail(kind, format!("row {} {}: {:?} for {:?} not reported so", d.row, d.column, d.dirty, d.clean));
        }
    }

    fn is_reported(&self, d: &Defect) -> bool {
        let column = Some(d.column.as_str());
        // A workbook shows numbers and dates, not the text they came from.
        let says = |f: &Finding| self.form == Form::Xlsx || f.stood.replace("\r\n", "\n") == d.dirty;
        let dropped = |kind| self.finding(d.row, None, |f| f.kind == kind && f.severity == Severity::Dropped);
        match (fate(&d.kind), d.kind.as_str()) {
            (Fate::Refused, _) => self.finding(d.row, column, |f| f.severity == Severity::Refused && says(f) && f.personal),
            (Fate::Noted, "bom") => self.sheet.encoding == Encoding::Utf8Bom,
            (Fate::Noted, _) => {
                self.finding(d.row, None, |f| f.kind == FindingKind::TitleRow && f.stood.starts_with(d.dirty.trim()))
            }
            (Fate::Dropped, "total_row") => dropped(FindingKind::TotalRow),
            (Fate::Dropped, "duplicate_row") => dropped(FindingKind::DuplicateRow),
            // A workbook does not tell how many blank rows follow its last row.
            (Fate::Dropped, _) => {
                let below_all = self.form == Form::Xlsx && spelled(&self.sheet.lines).iter().all(|(row, _)| *row < d.row);
                below_all || dropped(FindingKind::BlankRow)
            }
            // In a workbook 8.0 is the number 8: nothing to mend.
            (Fate::Mended, "hours_decimal") if self.form == Form::Xlsx => true,
            (Fate::Mended, _) => self
                .finding(d.row, column, |f| f.severity == Severity::Mended && says(f) && f.became.as_deref() == Some(&d.clean)),
        }
    }

    /// No finding without a defect: what was right is left alone.
    fn nothing_unexplained(&mut self) {
        let mut explained: BTreeSet<(u32, &str)> = self.defects.iter().map(|d| (d.row, d.column.as_str())).collect();
        for copy in self.defects.iter().filter(|d| d.kind == "duplicate_row") {
            let source: u32 = copy.dirty.parse().unwrap();
            explained.extend(self.defects.iter().filter(|d| d.row == source).map(|d| (copy.row, d.column.as_str())));
        }
        for f in &self.sheet.findings {
            let column = f.column.as_deref().unwrap_or("");
            let harmless = f.kind == FindingKind::CodeAsNumber && self.form == Form::Xlsx;
            // A right number may end in 000, too: it is refused all the same.
            let zeros = f.column.as_deref() == Some("身份证号") && f.stood.ends_with("000") && f.severity == Severity::Refused;
            if !harmless && !zeros && !(f.row..=f.last_row).all(|row| explained.contains(&(row, column))) {
                self.table.entry("clean cell".into()).or_default().wrong += 1;
                self.wrong.push(format!("{:?} {}: unexplained {f:?}", self.form, self.file));
            }
        }
    }
}

fn check_all(corpus: &Corpus, form: Form) -> (BTreeMap<String, Tally>, Vec<String>, usize) {
    let (mut table, mut wrong, mut cells) = (BTreeMap::new(), Vec::new(), 0);
    for file in corpus.files() {
        let sheet = read(kind_of(&file), &file, &corpus.bytes(&file, form), &Options::default())
            .unwrap_or_else(|e| panic!("{form:?} {file}: {e}"));
        let truth = corpus.truth(&file);
        cells += truth.iter().skip(1).map(Vec::len).sum::<usize>();
        let defects = corpus.defects.get(&file).map_or(&[][..], Vec::as_slice);
        let check = Check { form, file: &file, sheet: &sheet, truth: &truth, defects, table: &mut table, wrong: Vec::new() };
        wrong.extend(check.run());
    }
    (table, wrong, cells)
}

#[test]
fn every_cell_ends_right_or_reported() {
    every_cell(&Corpus::make("1", "20", "40"));
}

/// Here a right ID number ends in 000.
#[test]
fn every_cell_ends_right_or_reported_of_other_schools() {
    every_cell(&Corpus::make("2", "20", "40"));
}

fn every_cell(corpus: &Corpus) {
    for form in [Form::Utf8, Form::Gb18030, Form::Xlsx] {
        let (table, wrong, cells) = check_all(corpus, form);
        println!("{form:?}: {} files, {cells} cells", corpus.files().len());
        println!("{:<24}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}", "defect", "injected", "mended", "refused", "dropped", "noted", "wrong");
        for (kind, t) in &table {
            println!("{kind:<24}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}", t.injected, t.mended, t.refused, t.dropped, t.noted, t.wrong);
        }
        assert!(wrong.is_empty(), "{} wrong, the first: {:#?}", wrong.len(), &wrong[..wrong.len().min(10)]);
        for (kind, t) in &table {
            let ended =
                [(Fate::Mended, t.mended), (Fate::Refused, t.refused), (Fate::Dropped, t.dropped), (Fate::Noted, t.noted)];
            assert!(ended.iter().all(|(f, n)| *n == if *f == fate(kind) { t.injected } else { 0 }), "{kind}");
        }
        assert!(table.len() >= 30, "gen.py injects 31 kinds (the byte order mark in UTF-8 only), {} came", table.len());
    }
}

/// The comparison itself: a truth that differs in one cell, or a defect that was never injected, must be caught.
#[test]
fn the_comparison_notices() {
    let corpus = Corpus::make("1", "2", "10");
    let file = corpus.files().into_iter().find(|f| f.starts_with("roster/")).unwrap();
    let sheet = read(SheetKind::Roster, &file, &corpus.bytes(&file, Form::Utf8), &Options::default()).unwrap();
    let (truth, defects) = (corpus.truth(&file), &corpus.defects[&file][..]);
    let wrong = |truth: &[Vec<String>], defects: &[Defect]| {
        Check { form: Form::Utf8, file: &file, sheet: &sheet, truth, defects, table: &mut BTreeMap::new(), wrong: Vec::new() }
            .run()
            .len()
    };
    assert_eq!(wrong(&truth, defects), 0);
    for column in 0..truth[0].len() {
        let mut other = truth.clone();
        other[3][column].push('0');
        assert!(wrong(&other, defects) > 0, "column {column}");
    }
    let cell = |d: &&Defect| !WHOLE_ROWS.contains(&d.kind.as_str()) && !ABOVE.contains(&d.kind.as_str()) && d.kind != "bom";
    let hidden = defects.iter().position(|d| cell(&d)).unwrap();
    assert!(wrong(&truth, &defects[hidden + 1..]) > 0 || wrong(&truth, &defects[..hidden]) > 0);
}

#[test]
fn registrations_of_trainings_elsewhere_come_back_equal() {
    let folder = tempfile::tempdir().unwrap();
    python("records.py", folder.path(), &["--seed", "1"]);
    let bytes = fs::read(folder.path().join("records-6000.json")).unwrap();
    let sheet = read(SheetKind::Registrations, "records-6000.json", &bytes, &Options::default()).unwrap();
    assert_eq!((sheet.lines.len(), sheet.findings.len(), sheet.rows_read), (6000, 0, 6000));
    let Lines::Registrations(lines) = &sheet.lines else { panic!() };
    let exported = registration::to_json(lines).unwrap();
    let value = |b: &[u8]| serde_json::from_slice::<Vec<serde_json::Map<String, serde_json::Value>>>(b).unwrap();
    let (ours, theirs) = (value(&exported), value(&bytes));
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
    }
    // Not only equal values: the same bytes.
    assert!(exported == bytes);

    let head = ["登记编号", "教师编号", "培训名称", "培训类别", "学时", "开始日期", "结束日期", "组织单位", "登记人", "登记时间"];
    let names = ["id", "teacher_id", "title", "kind", "hours", "start", "end", "organizer", "recorded_by", "recorded_at"];
    let cell = |v: &serde_json::Value| write::Cell::Text(v.as_str().map_or_else(|| v.to_string(), str::to_owned));
    let rows = theirs.iter().map(|r| names.iter().map(|n| cell(&r[*n])).collect()).collect();
    let table = write::Table { title: "校外培训登记".into(), headers: head.map(str::to_owned).into(), rows };
    for bytes in [write::csv(&table, false).unwrap(), write::csv(&table, true).unwrap(), write::xlsx(&table).unwrap()] {
        let again = read(SheetKind::Registrations, "again", &bytes, &Options::default()).unwrap();
        let Lines::Registrations(again) = &again.lines else { panic!() };
        let at = |l: &[taizhang_sheets::RegistrationLine]| {
            l.iter().map(|l| taizhang_sheets::RegistrationLine { row: 0, ..l.clone() }).collect::<Vec<_>>()
        };
        assert!(at(again) == at(lines));
    }
    assert!(bytes.len() < MAX_FILE_BYTES);
}
