//! What is recorded already: the current rows of the documents that an import or a record is compared with.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use taizhang_core::{
    id::{DocId, Kind, OrgId},
    op::RowName,
    rows::{Activity, Elsewhere, Import, Marks, Person, Registration, RowType, Session, Sheet, Status, Teacher, Waiver},
    view::{DocumentView, ViewRow},
};

use crate::{core::Core, error::CommandError};

/// A current row, or one that an earlier file of the same command will write.
#[derive(Clone, Debug)]
pub(in crate::commands) struct Recorded {
    pub(in crate::commands) document: DocId,
    /// As compared: an activity by number, without its sheet.
    pub(in crate::commands) fields: Vec<u8>,
    /// None: not written yet.
    pub(in crate::commands) name: Option<RowName>,
}

/// How a row of a file stands to the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::commands) enum Compared {
    /// Nothing about this is recorded.
    New,
    /// Just this is recorded.
    Same,
    /// Something else is recorded, in these documents.
    Differs(BTreeSet<DocId>),
}

/// The current rows of every year's document of one owner, kind and subject, by what they are about; also those that arrived after a lock, or each import would write them again.
#[derive(Debug, Default)]
pub(in crate::commands) struct Known {
    rows: BTreeMap<(u16, String), Vec<Recorded>>,
    files: BTreeSet<[u8; 32]>,
}

impl Known {
    /// Reads those documents.
    pub(in crate::commands) fn load(
        core: &Core,
        owner: OrgId,
        kind: Kind,
        subject: Option<OrgId>,
        activities: &mut Activities,
    ) -> Result<Self, CommandError> {
        let mut known = Self::default();
        let fits = |d: &&DocId| d.owner == owner && d.kind == kind && d.subject == subject;
        let documents: Vec<DocId> = core.ledger().documents().filter(fits).copied().collect();
        for document in documents {
            let view = core.view(&document)?.without_locks();
            activities.read(&view);
            known.add(&view, activities);
        }
        Ok(known)
    }

    fn add(&mut self, view: &DocumentView, activities: &Activities) {
        for row in view.current() {
            if let Some(import) = row.read::<Import>() {
                self.files.insert(import.row.file_sha256);
            }
            if let Some((key, fields)) = compared(row, view, activities) {
                let recorded = Recorded { document: view.document, fields, name: Some(row.name) };
                self.rows.entry((row.row_type, key)).or_default().push(recorded);
            }
        }
    }

    /// Was a file with these bytes imported before?
    pub(in crate::commands) fn has_file(&self, sha256: &[u8; 32]) -> bool {
        self.files.contains(sha256)
    }

    /// What is recorded about this.
    pub(in crate::commands) fn about(&self, row_type: u16, key: &str) -> &[Recorded] {
        self.rows.get(&(row_type, key.to_owned())).map(Vec::as_slice).unwrap_or_default()
    }

    /// How fields stand to what is recorded. A row that is recorded in another year's document is something else.
    pub(in crate::commands) fn compare(&self, document: DocId, row_type: u16, key: &str, fields: &[u8]) -> Compared {
        let about = self.about(row_type, key);
        if about.iter().any(|r| r.document == document && r.fields == fields) {
            Compared::Same
        } else if about.is_empty() {
            Compared::New
        } else {
            Compared::Differs(about.iter().map(|r| r.document).collect())
        }
    }

    /// Takes note of a row that will be written.
    pub(in crate::commands) fn expect(&mut self, document: DocId, row_type: u16, key: &str, fields: Vec<u8>) {
        let recorded = Recorded { document, fields, name: None };
        self.rows.entry((row_type, key.to_owned())).or_default().push(recorded);
    }

    /// Every row of one type whose key begins so.
    pub(in crate::commands) fn with_prefix<'k>(&'k self, row_type: u16, prefix: &'k str) -> impl Iterator<Item = &'k Recorded> {
        let from = self.rows.range((row_type, prefix.to_owned())..);
        from.take_while(move |((t, key), _)| *t == row_type && key.starts_with(prefix)).flat_map(|(_, rows)| rows)
    }
}

/// Joins the parts of what a row is about.
pub(in crate::commands) fn key(parts: &[&str]) -> String {
    parts.join("\n")
}

/// What a training elsewhere is about: its id, or else its content.
pub(in crate::commands) fn elsewhere_key(row: &Elsewhere) -> String {
    match &row.external_id {
        Some(id) => format!("id {:02x?}", id.0),
        None => format!("content {:02x?}", Sha256::digest(row.to_fields()).as_slice()),
    }
}

/// What a row is about, and its fields without what differs between equal rows.
fn compared(row: &ViewRow, view: &DocumentView, activities: &Activities) -> Option<(String, Vec<u8>)> {
    let as_written = |key: String| Some((key, row.fields.clone()));
    match row.row_type {
        Activity::TYPE => as_written(row.read::<Activity>()?.row.no),
        Session::TYPE => row.read::<Session>().and_then(|p| as_written(key(&[&p.row.activity, &p.row.n.to_string()]))),
        Teacher::TYPE => as_written(row.read::<Teacher>()?.row.no),
        Status::TYPE => {
            let s = row.read::<Status>()?.row;
            as_written(key(&[&s.teacher, &s.what, &s.from_day.to_string()]))
        }
        Waiver::TYPE => {
            let w = row.read::<Waiver>()?.row;
            as_written(key(&[&w.teacher, &w.year.to_string()]))
        }
        Person::TYPE => as_written(row.read::<Person>()?.row.teacher),
        Elsewhere::TYPE => as_written(elsewhere_key(&row.read::<Elsewhere>()?.row)),
        Registration::TYPE => {
            let mut r = row.read::<Registration>()?.row;
            if let Some(no) = r.activity.and_then(|a| activities.number(a.resolve(row.name.entry))) {
                (r.activity, r.activity_no) = (None, Some(no.to_owned()));
            }
            r.sheet = None;
            Some((key(&[r.activity_no.as_deref()?, &r.teacher]), r.to_fields()))
        }
        Marks::TYPE => {
            let mut m = row.read::<Marks>()?.row;
            let sheet = m.sheet.take().and_then(|s| view.rows.get(&s.resolve(row.name.entry)));
            let sessions = sheet.and_then(|s| s.read::<Sheet>()).and_then(|s| s.row.sessions).unwrap_or_default();
            Some((key(&[&m.activity, &m.teacher, &sessions_key(&sessions)]), m.to_fields()))
        }
        _ => None,
    }
}

/// The sessions of a sheet as a part of a key.
pub(in crate::commands) fn sessions_key(sessions: &[u32]) -> String {
    sessions.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

/// Activities by number, from every notice here and from the ledgers of those who register.
#[derive(Debug, Default)]
pub(in crate::commands) struct Activities {
    by_number: BTreeMap<String, Vec<(DocId, Activity)>>,
    numbers: BTreeMap<RowName, String>,
    read: BTreeSet<DocId>,
}

impl Activities {
    /// Reads the notices here and the ledgers of `owners`, each once.
    pub(in crate::commands) fn load(&mut self, core: &Core, owners: &[OrgId]) -> Result<(), CommandError> {
        let announces = |d: &&DocId| {
            let is_ledger = d.kind == Kind::Ledger && d.subject.is_none() && owners.contains(&d.owner);
            (d.kind == Kind::Notice || is_ledger) && !self.read.contains(d)
        };
        let documents: Vec<DocId> = core.ledger().documents().filter(announces).copied().collect();
        for document in documents {
            self.read(&core.view(&document)?.without_locks());
        }
        Ok(())
    }

    fn read(&mut self, view: &DocumentView) {
        if !self.read.insert(view.document) {
            return;
        }
        for row in view.current() {
            if let Some(activity) = row.read::<Activity>() {
                self.numbers.insert(row.name, activity.row.no.clone());
                self.by_number.entry(activity.row.no.clone()).or_default().push((view.document, activity.row));
            }
        }
    }

    fn number(&self, name: RowName) -> Option<&str> {
        self.numbers.get(&name).map(String::as_str)
    }

    /// Everything announced under this number in notices and in the ledgers of `owners`.
    pub(in crate::commands) fn find(&self, no: &str, owners: &[OrgId]) -> impl Iterator<Item = &Activity> {
        let all = self.by_number.get(no).into_iter().flatten();
        all.filter(move |(d, _)| d.kind == Kind::Notice || owners.contains(&d.owner)).map(|(_, a)| a)
    }

    /// Who announces this number in a notice of that year.
    pub(in crate::commands) fn announced_by(&self, no: &str, year: Option<u16>) -> impl Iterator<Item = OrgId> {
        let all = self.by_number.get(no).into_iter().flatten();
        all.filter(move |(d, _)| d.kind == Kind::Notice && d.period == year).map(|(d, _)| d.owner)
    }

    /// The activities of one ledger's owner.
    pub(in crate::commands) fn of_owner(&self, owner: OrgId) -> impl Iterator<Item = &Activity> {
        self.by_number.values().flatten().filter(move |(d, _)| d.owner == owner && d.kind == Kind::Ledger).map(|(_, a)| a)
    }
}
