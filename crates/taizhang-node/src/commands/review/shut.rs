//! What a decision after a lock is worth is said when it is made: it is kept, it changes nothing until the year is opened, and nobody looks into `review late` who was told that all is done.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{DocId, EntryId, Kind, OrgId},
    standing::Judge,
    view::ViewRow,
};

use super::super::{Context, shown};
use crate::error::CommandError;

/// The decisions of one act that a lock shut out.
#[derive(Default)]
pub(super) struct Shut {
    /// How much was decided by them.
    pub(super) decided: usize,
    entries: BTreeSet<EntryId>,
    /// Whose year is closed.
    subjects: BTreeSet<OrgId>,
    years: BTreeSet<u16>,
    by: BTreeSet<OrgId>,
}

/// Which rows of these entries arrived after a lock, and tells of them; `decided`: on how much such a row decides.
pub(super) fn out(c: &mut Context<'_>, written: &[EntryId], decided: impl Fn(&ViewRow) -> usize) -> Result<Shut, CommandError> {
    let written: BTreeSet<&EntryId> = written.iter().collect();
    let document = |e: &&EntryId| c.core.ledger().place(e).map(|p| p.log.document);
    let reviews: BTreeSet<DocId> =
        written.iter().copied().filter_map(|e| document(&e)).filter(|d| d.kind == Kind::Review).collect();
    let mut shut = Shut::default();
    let judge = Judge::new(c.core.ledger());
    for review in reviews {
        let view = c.core.view(&review)?;
        let gate = judge.gate(review);
        for row in view.late().filter(|r| written.contains(&r.name.entry)) {
            shut.decided += decided(row);
            shut.subjects.insert(review.concerns());
            shut.entries.insert(row.name.entry);
            let closed = gate.as_ref().map(|g| g.closed_by(&row.name.entry)).unwrap_or_default();
            shut.years.extend(closed.iter().map(|(year, _)| *year));
            shut.by.extend(closed.iter().map(|(_, org)| *org));
        }
    }
    shut.tell(c);
    Ok(shut)
}

impl Shut {
    fn tell(&self, c: &mut Context<'_>) {
        let n = self.decided;
        if self.entries.is_empty() {
            return;
        }
        let codes = |orgs: &BTreeSet<OrgId>| orgs.iter().map(|o| shown::org(c.core, *o)).collect::<Vec<_>>().join(", ");
        let year = self.years.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
        let (by, schools) = (codes(&self.by), codes(&self.subjects));
        let (zh, en) = (
            format!(
                "{schools} 的 {year} 年度已由 {by} 锁定: 这次的 {n} 项审核已保存, 但在锁定之后, 都不计入; 由 {by} 解锁 (review unlock --org 学校 --year {year}) 或接受 (review accept 条目) 后才计入, 用 review late 查看"
            ),
            format!(
                "{year} of {schools} is locked by {by}: {n} of these decisions are kept, but came after the lock, and none of them counts until {by} opens the year (review unlock --org SCHOOL --year {year}) or accepts them (review accept ENTRY); `review late` lists them"
            ),
        );
        c.note(zh, en);
    }

    /// Locked years, and who locked; or null.
    pub(super) fn years(&self) -> Json {
        if self.years.is_empty() { Json::Null } else { json!(self.years) }
    }

    pub(super) fn by(&self, c: &Context<'_>) -> Json {
        let codes: BTreeSet<String> = self.by.iter().map(|o| shown::org(c.core, *o)).collect();
        if codes.is_empty() { Json::Null } else { json!(codes) }
    }
}
