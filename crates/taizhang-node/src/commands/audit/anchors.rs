//! Anchors: what another node or organisation signed about entries it had, and when by its clock. An entry's own time is a claim; the first anchor that covers it says when it was there at the latest.

use taizhang_core::{
    entries::Entries,
    id::{AttachmentId, EntryId, Kind, OrgId, PublicKey},
    ledger::{Ledger, row_ops},
    op::RowName,
    receipt::Receipt,
    rows::{self, Checkpoint, Included, Lock, Rollup, RowType},
    standing::Judge,
    tips,
    units::Ms,
};
use taizhang_store::Store;

use crate::{core::Core, error::CommandError};

/// Something that names entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Anchor {
    /// When, by the clock of who signed.
    pub(crate) time: Ms,
    /// `receipt`, or the word of the row's type.
    pub(crate) what: &'static str,
    /// Who signed.
    pub(crate) key: PublicKey,
    /// Of which organisation.
    pub(crate) org: Option<OrgId>,
    /// The row; none of a receipt.
    pub(crate) row: Option<RowName>,
    /// All they reach is covered.
    pub(crate) tips: Vec<EntryId>,
}

impl Anchor {
    /// Is the entry among those covered?
    pub(crate) fn covers(&self, ledger: &Ledger, entry: &EntryId) -> bool {
        let document = ledger.place(entry).map(|p| p.log.document);
        let of_document = self.tips.iter().filter(|t| ledger.place(t).map(|p| p.log.document) == document);
        of_document.into_iter().any(|t| ledger.ancestry(*t).any(|a| a == *entry))
    }
}

/// What signed, in Chinese.
pub(super) fn word(what: &str) -> &'static str {
    match what {
        "lock" => "锁定",
        "checkpoint" => "存证",
        "included" => "列入汇总",
        "rollup" => "汇总",
        _ => "收讫",
    }
}

/// Everything here that anchors entries, earliest first: receipts by nodes, and the locks, checkpoints and rollups that stand.
pub(crate) fn all(core: &Core, ledger: &Ledger) -> Result<Vec<Anchor>, CommandError> {
    let mut out = receipts(core, ledger)?;
    let judge = Judge::new(ledger);
    for document in ledger.documents().filter(|d| matches!(d.kind, Kind::Review | Kind::Rollup)) {
        for id in ledger.document(document).map(|d| d.entries.as_slice()).unwrap_or_default() {
            if judge.stands(id) {
                out.extend(of_entry(core, ledger, id)?);
            }
        }
    }
    out.sort_by_key(|a| (a.time, a.row));
    Ok(out)
}

fn receipts(core: &Core, ledger: &Ledger) -> Result<Vec<Anchor>, CommandError> {
    let notes = core.store().notes(b"receipt/").map_err(CommandError::storage)?;
    let signed = notes.iter().filter_map(|(_, b)| Receipt::parse(b).ok()).filter(|r| r.is_signed(&ledger.network));
    let anchor = |r: Receipt| Anchor {
        time: r.time,
        what: "receipt",
        key: r.node,
        org: ledger.registry.grants_of(r.node).next().map(|(_, g)| g.row.org),
        row: None,
        tips: r.documents.into_iter().flat_map(|(_, tips)| tips).collect(),
    };
    Ok(signed.map(anchor).collect())
}

fn of_entry(core: &Core, ledger: &Ledger, id: &EntryId) -> Result<Vec<Anchor>, CommandError> {
    let Some(place) = ledger.place(id) else { return Ok(Vec::new()) };
    let entry = core.entry(id)?;
    let mut out = Vec::new();
    for (name, op) in row_ops(&entry).into_iter().filter(|(_, op)| rows::belongs(op.row_type, place.log.document.kind)) {
        let Some((what, list)) = list(&op) else { continue };
        // What is damaged or of a newer form anchors nothing; the audit tells of it elsewhere.
        let bytes = core.store().attachment(&list).ok().flatten();
        let Some(named) = bytes.and_then(|b| tips::parse(&b).ok()) else { continue };
        let tips = named.into_iter().flat_map(|d| d.tips).collect();
        out.push(Anchor {
            time: place.time,
            what,
            key: place.log.key,
            org: Some(place.log.document.owner),
            row: Some(name),
            tips,
        });
    }
    Ok(out)
}

/// The attachment that lists the tips which a row of this type names.
fn list(op: &taizhang_core::op::RowOp<'_>) -> Option<(&'static str, AttachmentId)> {
    match op.row_type {
        Lock::TYPE => Lock::from_fields(op.fields).ok().map(|p| ("lock", p.row.tips)),
        Checkpoint::TYPE => Checkpoint::from_fields(op.fields).ok().map(|p| ("checkpoint", p.row.tips)),
        Included::TYPE => Included::from_fields(op.fields).ok().map(|p| ("included", p.row.tips)),
        Rollup::TYPE => Rollup::from_fields(op.fields).ok().map(|p| ("rollup", p.row.inputs)),
        _ => None,
    }
}
