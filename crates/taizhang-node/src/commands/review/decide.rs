//! From what the reviewer chose to decision rows: as few as fit, each replacing every earlier decision on its rows.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    id::{DocId, EntryId, Kind},
    op::{OPERATIONS_MAX, PayloadBuilder, REPLACES_MAX, RowName, RowRef},
    rows::{Decision, DecisionTarget, RowType, Verdict},
};

use super::{super::Context, desk::Desk};
use crate::{
    core::{Act, Core},
    error::{CommandError, ErrorKind},
};

/// Bytes of operations in one entry, at most: an interrupted transfer resends whole entries.
pub(super) const ENTRY_BYTES: usize = 16 * 1024 - 64;
/// Bytes of the rows named in one decision, at most; with its reason it keeps below the limit of a row.
const TARGET_BYTES: usize = 1536;
/// Bytes of a reason, at most.
pub(super) const REASON_BYTES: usize = 1000;

/// Is the whole entry meant, as its bytes are?
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Whole {
    /// The rows chosen.
    #[default]
    No,
    /// A sheet, by the digest of its entry's payload.
    Sheet { index: u16, digest: [u8; 32] },
}

/// Registrations by document and entry.
#[derive(Default)]
pub(super) struct Chosen(BTreeMap<(DocId, EntryId), (BTreeSet<u16>, Whole)>);

impl Chosen {
    pub(super) fn row(&mut self, document: DocId, name: RowName) {
        self.0.entry((document, name.entry)).or_default().0.insert(name.index);
    }

    pub(super) fn set_whole(&mut self, document: DocId, entry: EntryId, whole: Whole) {
        self.0.entry((document, entry)).or_default().1 = whole;
    }

    /// Together with what else was chosen.
    pub(super) fn join(&mut self, other: Self) {
        for (place, (rows, whole)) in other.0 {
            let mine = self.0.entry(place).or_default();
            mine.0.extend(rows);
            if whole != Whole::No {
                mine.1 = whole;
            }
        }
    }

    pub(super) fn has(&self, document: DocId, entry: EntryId) -> bool {
        self.0.contains_key(&(document, entry))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = RowName> {
        self.0.iter().flat_map(|((_, entry), (rows, _))| rows.iter().map(|index| RowName { entry: *entry, index: *index }))
    }

    /// Registrations chosen.
    pub(super) fn count(&self) -> usize {
        self.0.values().map(|(rows, _)| rows.len()).sum()
    }
}

/// A decision row before it is written.
struct Draft {
    target: DecisionTarget,
    replaces: BTreeSet<RowRef>,
}

/// The payloads by review document, and how many earlier decisions they replace.
pub(super) fn acts(
    core: &Core,
    desk: &Desk,
    verdict: Verdict,
    reason: Option<&str>,
    chosen: &Chosen,
) -> Result<(BTreeMap<DocId, Vec<PayloadBuilder>>, usize), CommandError> {
    if reason.is_some_and(|r| r.len() > REASON_BYTES) {
        let why =
            (format!("原因太长: 最多 {REASON_BYTES} 字节"), format!("the reason is too long: at most {REASON_BYTES} bytes"));
        return Err(CommandError::new(ErrorKind::Usage, why.0, why.1));
    }
    let mut drafts: BTreeMap<DocId, Vec<Draft>> = BTreeMap::new();
    for ((document, entry), (rows, whole)) in &chosen.0 {
        // A roster is of no year: what is decided on it stands in the review of today's.
        let period = document.period.unwrap_or_else(|| core.now().day().year());
        let review = DocId::about(core.org(), Kind::Review, period, document.concerns());
        let names = || rows.iter().map(|index| RowName { entry: *entry, index: *index });
        let mut earlier: BTreeSet<(DocId, RowName)> = names().flat_map(|n| desk.decisions_on(n)).collect();
        if verdict == Verdict::Approved {
            earlier.extend(names().flat_map(|n| desk.approvals_beside(n)));
        }
        let replaces = earlier.iter().map(|(d, n)| replaced(core, &review, *d, *n)).collect::<Result<BTreeSet<_>, _>>()?;
        if replaces.len() > REPLACES_MAX {
            let why = (
                format!("条目 {entry} 已有 {} 个决定, 一次最多更改 {REPLACES_MAX} 个", replaces.len()),
                format!("{} decisions stand on entry {entry}; at most {REPLACES_MAX} are replaced at once", replaces.len()),
            );
            return Err(CommandError::new(ErrorKind::Refused, why.0, why.1)
                .hint("请按记录分批审核", "decide on its rows in several steps"));
        }
        let list = drafts.entry(review).or_default();
        match whole {
            Whole::Sheet { index, digest } => {
                let sheet = RowName { entry: *entry, index: *index }.in_document(*document);
                list.push(Draft { target: DecisionTarget::Sheet { sheet, digest: *digest }, replaces });
            }
            Whole::No => {
                let all = desk.registrations(document, *entry).count() == rows.len();
                let indices = if all { Vec::new() } else { rows.iter().copied().collect() };
                add_rows(list, *document, *entry, indices, replaces);
            }
        }
    }
    let replaced = drafts.values().flatten().flat_map(|d| &d.replaces).collect::<BTreeSet<_>>().len();
    Ok((drafts.into_iter().map(|(review, list)| (review, payloads(list, verdict, reason))).collect(), replaced))
}

/// Admission lets a review replace rows of itself, and of a review of the same subject by an organisation below.
pub(super) fn replaced(core: &Core, review: &DocId, document: DocId, name: RowName) -> Result<RowRef, CommandError> {
    if document == *review {
        return Ok(name.here());
    }
    if core.ledger().registry.created_under(document.owner).contains(&review.owner) {
        return Ok(name.in_document(document));
    }
    let code = super::shown::document(core, &document);
    Err(CommandError::new(
        ErrorKind::Refused,
        format!("{code} 已有决定, 本机构不能更改"),
        format!("{code} holds a decision that this organisation may not replace"),
    )
    .hint("请上级机构更改", "ask the organisation that decided"))
}

/// Adds to the last draft about the same document while it fits.
fn add_rows(list: &mut Vec<Draft>, document: DocId, entry: EntryId, indices: Vec<u16>, replaces: BTreeSet<RowRef>) {
    let bytes = |rows: &[(EntryId, Vec<u16>)]| rows.iter().map(|(_, i)| 40 + 3 * i.len()).sum::<usize>();
    if let Some(Draft { target: DecisionTarget::Rows { document: d, rows }, replaces: r }) = list.last_mut() {
        let fits = bytes(rows) + 40 + 3 * indices.len() <= TARGET_BYTES && r.union(&replaces).count() <= REPLACES_MAX;
        if *d == document && fits {
            rows.push((entry, indices));
            r.extend(replaces);
            return;
        }
    }
    list.push(Draft { target: DecisionTarget::Rows { document, rows: vec![(entry, indices)] }, replaces });
}

fn payloads(drafts: Vec<Draft>, verdict: Verdict, reason: Option<&str>) -> Vec<PayloadBuilder> {
    let mut done = Vec::new();
    let mut open = PayloadBuilder::default();
    for draft in drafts {
        let row = Decision { target: draft.target, verdict, reason: reason.map(str::to_owned) };
        let (fields, replaces): (_, Vec<RowRef>) = (row.to_fields(), draft.replaces.into_iter().collect());
        let size = fields.len() + replaces.len() * 64 + 16;
        if !open.is_empty() && (open.len() >= OPERATIONS_MAX || open.bytes() + size > ENTRY_BYTES) {
            done.push(std::mem::take(&mut open));
        }
        open.row(Decision::TYPE, &replaces, &fields);
    }
    if !open.is_empty() {
        done.push(open);
    }
    done
}

/// One act, whole or absent.
pub(super) fn write_decisions(
    c: &mut Context<'_>,
    payloads: BTreeMap<DocId, Vec<PayloadBuilder>>,
) -> Result<Vec<EntryId>, CommandError> {
    let mut act = Act::default();
    for (review, list) in payloads {
        list.into_iter().for_each(|p| act.write(review, p));
    }
    let person = c.person()?;
    c.core.write(&person, act)
}
