//! Anchors: the first lock, checkpoint or rollup of another organisation that names an entry. A time is a claim; an anchor says by when at the latest somebody else had the entry.

use std::collections::BTreeMap;

use super::{DocumentView, ViewRow};
use crate::{
    id::{AttachmentId, DocId, EntryId, Kind, OrgId},
    ledger::Ledger,
    op::RowName,
    rows::{Checkpoint, Lock, Rollup},
    tips,
    units::Ms,
};

/// What names the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AnchorKind {
    /// Row 102.
    Lock,
    /// Row 117.
    Checkpoint,
    /// Row 150.
    Rollup,
}

impl AnchorKind {
    /// The word used in commands and exports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Checkpoint => "checkpoint",
            Self::Rollup => "rollup",
        }
    }
}

/// A statement of one organisation about what it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Anchor {
    /// When, as its author's clock said.
    pub time: Ms,
    /// The row.
    pub by: RowName,
    /// Which.
    pub kind: AnchorKind,
    /// Whose.
    pub org: OrgId,
}

/// The list that a lock, checkpoint or rollup names; `None` of any other row.
#[must_use]
pub fn names(row: &ViewRow) -> Option<(AnchorKind, AttachmentId)> {
    let lock = || row.read::<Lock>().map(|p| (AnchorKind::Lock, p.row.tips));
    let checkpoint = || row.read::<Checkpoint>().map(|p| (AnchorKind::Checkpoint, p.row.tips));
    let rollup = || row.read::<Rollup>().map(|p| (AnchorKind::Rollup, p.row.inputs));
    lock().or_else(checkpoint).or_else(rollup)
}

/// The anchors of several documents, by the documents that they name.
#[derive(Clone, Debug, Default)]
pub struct Anchors(BTreeMap<DocId, Vec<(Anchor, Vec<EntryId>)>>);

impl Anchors {
    /// Reads the rows that count, replaced ones too, of the reviews and rollups among `views`; `list` reads an attachment that is here.
    pub fn read<'v>(
        views: impl IntoIterator<Item = &'v DocumentView>,
        mut list: impl FnMut(&AttachmentId) -> Option<Vec<u8>>,
    ) -> Self {
        let mut by_document: BTreeMap<DocId, Vec<(Anchor, Vec<EntryId>)>> = BTreeMap::new();
        for view in views.into_iter().filter(|v| matches!(v.document.kind, Kind::Review | Kind::Rollup)) {
            for row in view.rows.values().filter(|r| view.counts(r)) {
                let Some((kind, id)) = names(row) else { continue };
                let anchor = Anchor { time: row.time, by: row.name, kind, org: view.document.owner };
                for named in list(&id).and_then(|bytes| tips::parse(&bytes).ok()).unwrap_or_default() {
                    by_document.entry(named.document).or_default().push((anchor, named.tips));
                }
            }
        }
        by_document.values_mut().for_each(|anchors| anchors.sort());
        Self(by_document)
    }

    /// The first, by its own time, of another organisation than the author's that names the entry or one behind it.
    #[must_use]
    pub fn first(&self, ledger: &Ledger, entry: &EntryId) -> Option<Anchor> {
        let place = ledger.place(entry)?;
        let grant = place.grant.and_then(|g| ledger.registry.grants.get(&g));
        let own = grant.map_or(place.log.document.owner, |g| g.row.org);
        // Behind the entry in its log, or in one that links there, lies whatever reaches it: only such tips are walked.
        let reaches = |tip: &EntryId| {
            let is_near = ledger.place(tip).is_some_and(|p| p.log.document == place.log.document && p.log.key == place.log.key);
            is_near && ledger.ancestry(*tip).any(|e| e == *entry)
        };
        let anchors = self.0.get(&place.log.document).into_iter().flatten();
        anchors.filter(|(a, _)| a.org != own).find(|(_, tips)| tips.iter().any(reaches)).map(|(a, _)| *a)
    }
}
