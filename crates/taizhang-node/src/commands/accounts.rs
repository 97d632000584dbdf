//! Accounts on this node: what is here of one teacher, or of all, as of a day.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use taizhang_core::{id::Kind, units::Day};
use taizhang_rules::{
    account::{Account, Status, json::explained},
    case::Case,
    gather::{Accounts, Adoptions, Facts, TeacherFacts},
    policy::Policy,
};

use super::{policy::hex, shown};
use crate::{
    core::Core,
    error::{CommandError, Text},
};

/// Where an account stands, for people.
pub(crate) fn status_text(status: Status) -> Text {
    let zh = match status {
        Status::Met => "达标",
        Status::NotMet => "未达标",
        Status::OnTrack => "进度正常",
        Status::Behind => "进度落后",
        Status::Completed => "已结业",
        Status::NotCompleted => "未结业",
        Status::Recorded => "仅登记",
    };
    Text::new(zh, status.word().replace('_', " "))
}

/// The documents at hand, read, and the day as of which accounts are made.
pub(crate) struct Desk {
    pub(crate) facts: Facts,
    pub(crate) as_of: Day,
}

impl Desk {
    /// Reads everything an account may rest on; `as_of`: `YYYY-MM-DD`, else today.
    pub(crate) fn open(core: &Core, as_of: Option<&str>) -> Result<Self, CommandError> {
        let as_of = as_of.map_or_else(|| Ok(core.now().day()), super::policy::day)?;
        let rests_on = |kind| !matches!(kind, Kind::Registry | Kind::Identity | Kind::Rollup);
        let views = shown::views(core, |d| rests_on(d.kind))?;
        Ok(Self { facts: Facts::read(&views, core.ledger()), as_of })
    }

    /// What the rules are asked about a teacher.
    pub(crate) fn case(&self, number: &str) -> Option<Case> {
        self.facts.case(number, self.as_of)
    }

    /// One teacher's account; `None`: no roster at hand has the number.
    pub(crate) fn account(&self, number: &str) -> Option<One<'_>> {
        self.account_at(number, self.as_of)
    }

    /// The same as of another day.
    pub(crate) fn account_at(&self, number: &str, as_of: Day) -> Option<One<'_>> {
        let teacher = self.facts.teacher(number)?;
        let mut accounts = Accounts::new(as_of);
        accounts.update(&self.facts, &[number.to_owned()].into());
        let (case, account) = accounts.get(number)?;
        let adoptions = self.facts.adoptions(teacher.school, case.teacher.stage);
        Some(One { teacher, case: case.clone(), account: account.clone(), adoptions })
    }
}

/// A teacher's account with what it was made from.
pub(crate) struct One<'d> {
    pub(crate) teacher: &'d TeacherFacts,
    pub(crate) case: Case,
    pub(crate) account: Account,
    pub(crate) adoptions: Adoptions,
}

impl One<'_> {
    /// The policy whose minimums count; `None`: none is in force.
    pub(crate) fn policy(&self) -> Option<Arc<Policy>> {
        let regime = self.adoptions.regime();
        let of_cycle = regime.cycle_of(self.case.as_of)?.period.policy.sha256;
        self.adoptions.adopted.iter().map(|a| &a.policy).find(|p| p.sha256 == of_cycle).cloned()
    }

    /// The account with every sentence, for people and scripts.
    pub(crate) fn explained(&self, as_of: Day) -> Json {
        let regime = self.adoptions.regime();
        let mut out = explained(&self.account, &self.case, &regime);
        let waiting = self.teacher.waiting.iter().map(|w| json!({ "activity": w.activity, "h100": w.h100, "why": w.why }));
        let adopted = self.adoptions.adopted.iter().map(|a| {
            let overlays: Vec<&str> = a.overlays.iter().map(|o| o.id.as_str()).collect();
            json!({ "from": a.from.to_string(), "policy": a.policy.id, "policy_sha256": hex(&a.policy.sha256), "overlays": overlays })
        });
        if let Some(map) = out.as_object_mut() {
            map.insert("as_of".to_owned(), json!(as_of.to_string()));
            map.insert("policy".to_owned(), json!(Some(self.account.policy.as_ref()).filter(|p| !p.is_empty())));
            map.insert("policy_sha256".to_owned(), json!(self.policy().map(|p| hex(&p.sha256))));
            map.insert("adopted".to_owned(), adopted.collect());
            map.insert("waiting".to_owned(), waiting.collect());
        }
        out
    }
}
