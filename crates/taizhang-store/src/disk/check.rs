//! Checks everything that is kept against everything else, reading all of it from the disk.

use std::collections::BTreeMap;
use std::fmt;

use taizhang_core::entries::ReadFailed;
use taizhang_core::id::{AttachmentId, DocId, EntryId};

use super::blobs::{SNAPSHOTS, attachment_folders};
use super::reconcile::for_each;
use super::{DiskStore, unreadable};
use crate::Store;
use crate::index::Tree;
use crate::index::keys::{self, Place, Row};
use crate::journal::Reading;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, the row or the entry.
    pub at: String,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.what)
    }
}

fn finding(at: impl fmt::Display, what: &str) -> Finding {
    Finding { at: at.to_string(), what: what.into() }
}

impl DiskStore {
    /// Reads the whole journal, every row of the index and every attachment; nothing is changed. `progress` is told (done, total) bytes of the journal.
    ///
    /// # Errors
    /// The journal or the index cannot be read at all.
    pub fn check(&self, progress: &dyn Fn(u64, u64)) -> Result<Vec<Finding>, ReadFailed> {
        let mut findings = Vec::new();
        let places = self.check_journal(progress, &mut findings)?;
        self.check_index(&places, &mut findings)?;
        self.check_attachments(&mut findings)?;
        Ok(findings)
    }

    /// Every record and its checksum; every entry and its row. Returns the entries found.
    fn check_journal(
        &self,
        progress: &dyn Fn(u64, u64),
        findings: &mut Vec<Finding>,
    ) -> Result<BTreeMap<EntryId, Vec<Place>>, ReadFailed> {
        let mut places = BTreeMap::<EntryId, Vec<Place>>::new();
        let mut fault = None;
        let mut entry = |place: Place, bytes: &[u8]| {
            let at = format!("journal segment {:06}, byte {}", place.segment, place.offset);
            let Some((id, log, sequence)) = (self.describe)(bytes) else {
                findings.push(finding(at, "an entry that this program cannot read"));
                return;
            };
            places.entry(id).or_default().push(place);
            let crc = crc32c::crc32c(bytes);
            let expected = Row { id, log, sequence, place, crc };
            match self.row_of(&id) {
                Ok(None) => findings.push(finding(at, "an entry that the index does not have")),
                Ok(Some(row)) if row.place == place && row != expected => {
                    findings.push(finding(at, "an entry that the index describes wrongly"));
                }
                Ok(Some(_)) => {}
                Err(f) => fault = Some(f),
            }
        };
        let (_, total) = self.journal.size();
        let mut reading = Reading { entry: &mut entry, progress, done: 0, total };
        let holes = self.journal.visit(&*self.medium, &mut reading);
        let holes = holes.map_err(|e| ReadFailed(format!("the journal cannot be read: {e}")))?;
        if let Some(fault) = fault {
            return Err(unreadable(&fault));
        }
        let holes = holes.iter().map(|hole| finding(hole, "entries were lost here"));
        findings.extend(holes);
        Ok(places)
    }

    /// Every row must lead to an entry; numbers must have no gap; both trees must agree.
    fn check_index(&self, places: &BTreeMap<EntryId, Vec<Place>>, findings: &mut Vec<Finding>) -> Result<(), ReadFailed> {
        let mut next = 0;
        let arrivals = for_each(&*self.index, Tree::Arrivals, |key, value| {
            let at = format!("index row {next}");
            match keys::arrival(key).zip(Row::from_bytes(value)) {
                Some((n, row)) if n == next => {
                    let here = places.get(&row.id).is_some_and(|p| p.contains(&row.place));
                    if !here {
                        findings.push(finding(at, "its entry is not in the journal"));
                    }
                    if !matches!(self.arrival_of(&row.id), Ok(Some(n)) if n == next) {
                        findings.push(finding(row.id, "its two rows differ"));
                    }
                }
                _ => findings.push(finding(at, "missing or unreadable")),
            }
            next += 1;
        });
        arrivals.map_err(|why| unreadable(&why))?;
        let mut ids = 0_u64;
        let entries = for_each(&*self.index, Tree::Entries, |_, _| ids += 1);
        entries.map_err(|why| unreadable(&why))?;
        if (next, ids) != (self.len(), self.len()) {
            let what = format!("{next} rows and {ids} names for {} entries", self.len());
            findings.push(finding("index", &what));
        }
        Ok(())
    }

    /// Every attachment must be named after its content, every snapshot be whole.
    fn check_attachments(&self, findings: &mut Vec<Finding>) -> Result<(), ReadFailed> {
        for folder in attachment_folders() {
            let files = self.medium.list(&folder);
            let files = files.map_err(|e| ReadFailed(format!("{folder} cannot be read: {e}")))?;
            for (name, _) in files {
                let at = format!("{folder}/{name}");
                let stored = AttachmentId::from_hex(&name).map(|id| self.read_attachment(&id));
                match stored {
                    Some(Ok(Some(_))) => {}
                    Some(_) => findings.push(finding(at, "damaged or in the wrong place; fetch it again")),
                    None if name.ends_with(".tmp") => {
                        findings.push(finding(at, "left over from an interrupted commit; may be removed"));
                    }
                    None => findings.push(finding(at, "not an attachment")),
                }
            }
        }
        let mut docs = Vec::new();
        let rows = for_each(&*self.index, Tree::Snapshots, |key, _| {
            docs.extend(DocId::from_bytes(key));
        });
        rows.map_err(|why| unreadable(&why))?;
        for doc in docs {
            if !matches!(self.read_snapshot(&doc), Ok(Some(_))) {
                let at = format!("{SNAPSHOTS} of {doc}");
                findings.push(finding(at, "missing or damaged; it will be made again"));
            }
        }
        Ok(())
    }
}
