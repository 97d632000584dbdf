//! What a reviewer should know about registrations that she approves, above all in bulk: approved, and yet they earn nothing, or not yet.

use std::collections::BTreeSet;

use taizhang_core::{
    units::Day,
    view::training::{ActivityMatter, Line, Record},
};
use taizhang_rules::gather;

use super::{
    super::{Context, shown},
    decide::Chosen,
    desk::Desk,
};
use crate::core::Core;

/// Numbers of activities in a message, at most.
const NAMED_MAX: usize = 5;

/// Is the activity of this line announced by an organisation that may not announce it? Then its hours are lost, approved or not.
pub(super) fn is_announced_below(core: &Core, desk: &Desk, line: &Line) -> bool {
    let ActivityMatter::Found(row) = line.activity else { return false };
    let owner = core.ledger().place(&row.entry).map(|p| p.log.document.owner);
    let announced = owner.zip(desk.book.activity(line));
    announced.is_some_and(|(owner, activity)| !gather::announces(&core.ledger().registry, owner, activity))
}

/// Of the registrations approved.
#[derive(Default)]
pub(super) struct Told {
    /// Their activity was announced from below its level.
    pub(super) announced_below: usize,
    /// Their training has not ended.
    pub(super) not_ended: usize,
    numbers: BTreeSet<String>,
    by: BTreeSet<String>,
    last: Day,
}

impl Told {
    pub(super) fn of(core: &Core, desk: &Desk, chosen: &Chosen) -> Self {
        let today = core.now().day();
        let mut told = Self::default();
        for line in chosen.names().filter_map(|name| desk.line(name)) {
            let activity = desk.book.activity(line);
            if is_announced_below(core, desk, line) {
                told.announced_below += 1;
                told.numbers.extend(activity.map(|a| a.no.clone()));
                told.by.insert(shown::org(core, line.school));
            }
            let end = match &line.record {
                Record::Elsewhere(e) => Some(e.end_day),
                Record::Registration(_) => activity.map(|a| a.end_day),
            };
            if let Some(end) = end.filter(|end| *end > today) {
                told.not_ended += 1;
                told.last = told.last.max(end);
            }
        }
        told
    }

    pub(super) fn tell(&self, c: &mut Context<'_>) {
        if self.announced_below > 0 {
            let n = self.announced_below;
            let numbers: Vec<&str> = self.numbers.iter().take(NAMED_MAX).map(String::as_str).collect();
            let (more, more_en) = if self.numbers.len() > NAMED_MAX { (" 等", " and others") } else { ("", "") };
            let (numbers, by) = (numbers.join(", "), self.by.iter().cloned().collect::<Vec<_>>().join(", "));
            c.note(
                format!("其中 {n} 条登记 ({by}) 的活动 {numbers}{more} 由低于其级别的单位发布: 通过了也不计学时; 请应当发布的单位用同一编号发布通知, 通知到达后即按通知计入"),
                format!("the activities {numbers}{more_en} of {n} of these registrations ({by}) were announced from below their level: approved, they still earn no hours. Whoever should announce them announces them under the same number: once the notice is here it counts"),
            );
        }
        if self.not_ended > 0 {
            let (n, last) = (self.not_ended, self.last);
            c.note(
                format!("其中 {n} 条登记的培训尚未结束, 最晚的 {last} 结束: 已按登记通过, 请结束后核对"),
                format!("the trainings of {n} of these registrations have not ended, the last ends on {last}: they are approved as registered; look again afterwards"),
            );
        }
    }
}
