//! What one file would write.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    cbor::Value,
    id::{DocId, OrgId},
    op::ROW_BYTES_MAX,
    units::Day,
};
use taizhang_sheets::{Severity, is_id_number};

use super::{
    batch::Batch,
    known::{Compared, Known},
    place::Shelves,
    report::{FileReport, Found},
};
use crate::{
    command::Import,
    commands::{Context, org::change::is_open_on},
    core::Core,
    error::CommandError,
    keyfile::Person,
    keyring::Keyring,
};

/// Remarks longer than this are left out.
const NOTE_BYTES_MAX: usize = 1000;

/// What the files of one command share.
#[derive(Default)]
pub(super) struct State {
    pub(super) shelves: Shelves,
    pub(super) keyring: Option<Keyring>,
    person: Option<Person>,
    /// Organisations that earlier files of this command create: id by code.
    pub(super) orgs: BTreeMap<String, OrgId>,
    /// Registers that earlier files of this command write.
    pub(super) registers: BTreeMap<(DocId, String), Value>,
}

impl State {
    /// Unlocks the person once: it takes a quarter second on an old machine.
    pub(super) fn person(&mut self, c: &Context<'_>) -> Result<&Person, CommandError> {
        let person = match self.person.take() {
            Some(person) => person,
            None => c.person()?,
        };
        Ok(self.person.insert(person))
    }

    /// The keyring, opened by the person who imports.
    pub(super) fn keyring(&mut self, c: &Context<'_>) -> Result<&mut Keyring, CommandError> {
        let ring = match self.keyring.take() {
            Some(ring) => ring,
            None => Keyring::of(self.person(c)?),
        };
        Ok(self.keyring.insert(ring))
    }
}

/// One file: what it would write, and what was found.
pub(super) struct Plan {
    pub(super) report: FileReport,
    pub(super) batch: Batch,
    pub(super) today: Day,
    pub(super) import: Import,
    /// Something is said once of each activity or teacher.
    said: BTreeSet<(&'static str, String)>,
}

/// What became of a row of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    New,
    Same,
    Refused,
}

impl Plan {
    pub(super) fn new(report: FileReport, import: &Import, today: Day) -> Self {
        Self { report, batch: Batch::default(), today, import: import.clone(), said: BTreeSet::new() }
    }

    /// Writes the row if nothing is recorded about it yet.
    pub(super) fn put(&mut self, known: &mut Known, document: DocId, row: u32, what: (u16, &str), fields: Vec<u8>) -> Put {
        let written = fields.clone();
        self.put_as(known, document, row, what, (fields, written))
    }

    /// The same, where what is compared and what is written are not the same bytes.
    pub(super) fn put_as(
        &mut self,
        known: &mut Known,
        document: DocId,
        row: u32,
        (row_type, key): (u16, &str),
        (compared, written): (Vec<u8>, Vec<u8>),
    ) -> Put {
        if written.len() > ROW_BYTES_MAX {
            let en = format!("the texts of this row are longer than {ROW_BYTES_MAX} bytes; shorten them");
            self.refuse_row(row, "too_long", format!("本行文字超过 {ROW_BYTES_MAX} 字节; 请缩短"), en);
            return Put::Refused;
        }
        match known.compare(document, row_type, key, &compared) {
            Compared::Same => Put::Same,
            Compared::Differs(there) => {
                self.differs(row, &there);
                Put::Refused
            }
            Compared::New => {
                known.expect(document, row_type, key, compared);
                self.batch.row(document, row, row_type, written);
                Put::New
            }
        }
    }

    fn differs(&mut self, row: u32, there: &BTreeSet<DocId>) {
        let there: Vec<String> =
            there.iter().map(|d| d.period.map_or_else(|| d.kind.word().to_owned(), |p| p.to_string())).collect();
        let there = there.join(", ");
        if self.import.kind == "roster" {
            self.refuse_row(
                row,
                "differs",
                "与花名册已登记的不同, 未改动; 确需更正请用 taizhang roster correct 并写明理由, 例如 --hired 2021-09-01",
                "differs from what the roster holds, which stays; to correct it use `taizhang roster correct` with the reason, such as --hired 2021-09-01",
            );
            return;
        }
        self.refuse_row(
            row,
            "differs",
            format!("与已登记的内容不同 ({there}), 未改动已登记的内容; 确需更正请用 taizhang record 并以 --note 写明理由"),
            format!("differs from what is recorded ({there}), which stays; to correct it use `taizhang record` with the reason as --note"),
        );
    }

    /// The row cannot be imported: stops the file, unless such rows may be left out.
    pub(super) fn refuse_row(&mut self, row: u32, kind: &'static str, zh: impl Into<String>, en: impl Into<String>) {
        let severity = if self.import.skip_bad_rows { Severity::RowRefused } else { Severity::Stops };
        self.report.add(&Found::new(row, kind, severity, zh, en));
    }

    /// Says something once of each `what`.
    pub(super) fn note_once(&mut self, what: &str, found: &Found) {
        if self.said.insert((found.kind, what.to_owned())) {
            self.report.add(found);
        }
    }

    /// Counts a line by what became of its parts.
    pub(super) fn count(&mut self, parts: &[Put]) {
        if parts.contains(&Put::New) {
            self.report.imported += 1;
        } else if !parts.contains(&Put::Refused) {
            self.report.unchanged += 1;
        }
    }

    /// The same bytes were imported into these documents before: all of the line is recorded.
    pub(super) fn is_imported(&mut self, known: &Known) -> bool {
        let is = known.has_file(&self.report.sha256);
        if is {
            self.report.already_imported = true;
            self.report.unchanged += 1;
        }
        is
    }

    /// A teacher that the school's roster lacks is recorded all the same.
    pub(super) fn check_teacher(
        &mut self,
        core: &Core,
        shelves: &mut Shelves,
        school: OrgId,
        row: u32,
        teacher: &str,
    ) -> Result<(), CommandError> {
        if !shelves.rosters(core)?.has(school, teacher) {
            let zh = format!("花名册中没有教师 {teacher}; 已登记, 请补录花名册");
            let en = format!("the roster has no teacher {teacher}; the row was recorded, add the teacher to the roster");
            let found = Found::new(row, "unknown_teacher", Severity::Note, zh, en).cell("教师编号", teacher, false);
            self.note_once(teacher, &found);
        }
        Ok(())
    }

    /// A training that ended after its school was closed is not recorded there.
    pub(super) fn is_after_closing(&mut self, core: &Core, row: u32, school: OrgId, last: Day) -> bool {
        let Err(closed) = is_open_on(core, school, last) else { return false };
        let (zh, en) = closed_words(closed);
        self.refuse_row(row, "school_closed", zh, en);
        true
    }

    /// No roster here says which school this teacher's line belongs to.
    pub(super) fn no_school(&mut self, row: u32, teacher: &str) {
        self.refuse_row(
            row,
            "no_school",
            format!("不知道教师 {teacher} 属于哪所学校; 请用 --org 指明学校, 或先取得其花名册"),
            format!("no roster here says which school teacher {teacher} belongs to; name it with --org, or get its roster first"),
        );
    }

    /// A remark as it may stand in a document that others read: without what points at a person.
    pub(super) fn remark(&mut self, row: u32, text: Option<&str>, name: Option<&str>) -> Option<String> {
        let text = text?;
        let (kind, zh, en) = if is_about_a_person(text, name) {
            (
                "personal_text",
                "备注含姓名、证件号或电话, 未导入此格",
                "the remark holds a name, ID number or phone and was left out",
            )
        } else if text.len() > NOTE_BYTES_MAX {
            ("too_long", "备注过长 (超过 1000 字节), 未导入此格", "the remark is longer than 1,000 bytes and was left out")
        } else {
            return Some(text.to_owned());
        };
        self.report.add(&Found::new(row, kind, Severity::Refused, zh, en).cell("备注", text, true));
        None
    }

    /// The last words of a plan: which documents it writes.
    pub(super) fn finish(&mut self) {
        self.report.documents = self.batch.documents().map(ToString::to_string).collect();
    }
}

/// What happened, and what to do, in one line each.
pub(super) fn closed_words(closed: CommandError) -> (String, String) {
    let hint = closed.hint.unwrap_or_default();
    (format!("{}; {}", closed.what.zh, hint.zh), format!("{}; {}", closed.what.en, hint.en))
}

/// The person's name, an ID number, or eleven digits in a row.
pub(crate) fn is_about_a_person(text: &str, name: Option<&str>) -> bool {
    let names = name.is_some_and(|n| n.chars().count() > 1 && text.contains(n));
    let mut runs = text.split(|c: char| !c.is_ascii_digit() && c != 'X' && c != 'x');
    names || runs.any(|run| is_id_number(run) || run.bytes().filter(u8::is_ascii_digit).count() >= 11)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_about_a_person() {
        for (text, is) in [
            ("", false),
            ("2010年调入", false),
            ("学时复核20100930", false),
            ("电话12012345678", true),
            ("证件429801198001010019", true),
            ("王小明代课", true),
            ("王老师代课", false),
        ] {
            assert_eq!(is_about_a_person(text, Some("王小明")), is, "{text}");
        }
    }
}
