//! What an act of ending, burning or accepting changes: found by trying it on a copy of what this node knows, before anything is written.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use taizhang_core::{
    admission::Signature,
    id::{EntryId, OrgId, PublicKey},
    ledger::Ledger,
    op::RowName,
    standing::{Judge, Standing},
};

use super::super::shown;
use crate::{
    core::{Act, Core},
    error::{CommandError, ErrorKind},
    keyfile::Person,
    said,
};

/// Entries listed, at most; the numbers count all.
const LISTED_MAX: usize = 200;

/// What counts no longer, what counts again, whose grants close.
pub(super) struct Effect {
    /// What this node would know.
    after: Ledger,
    lost: Vec<(EntryId, Standing)>,
    gained: Vec<EntryId>,
    closed: Vec<RowName>,
}

impl Effect {
    pub(super) fn of(core: &mut Core, person: &Person, act: &Act) -> Result<Self, CommandError> {
        let now = core.now();
        let entries = core.sign_at(person, act, now)?;
        let before = core.ledger();
        let mut after: Ledger = before.clone();
        for entry in entries {
            let admitted = after
                .admit(core.store(), entry, Signature::Checked)
                .map_err(|why| CommandError::of(ErrorKind::Refused, said::refusal(&why)))?;
            after.insert(&admitted);
        }
        let (was, is) = (Judge::new(before), Judge::new(&after));
        let (mut lost, mut gained) = (Vec::new(), Vec::new());
        for id in before.documents().filter_map(|d| before.document(d)).flat_map(|d| &d.entries) {
            match (was.stands(id), is.standing(id)) {
                (true, now) if now != Standing::Stands => lost.push((*id, now)),
                (false, Standing::Stands) => gained.push(*id),
                _ => {}
            }
        }
        let closes = |name: &&RowName| was.grant_is_open(name) && !is.grant_is_open(name);
        let closed = before.registry.grants.keys().filter(closes).copied().collect();
        drop(is);
        Ok(Self { after, lost, gained, closed })
    }

    /// What this key wrote and still counts; of each whether somebody accepted it.
    pub(super) fn counting(&self, key: PublicKey) -> Vec<(EntryId, bool)> {
        let judge = Judge::new(&self.after);
        let entries = self.after.documents().filter_map(|d| self.after.document(d)).flat_map(|d| &d.entries);
        let of_key = entries.filter(|id| self.after.place(id).is_some_and(|p| p.log.key == key));
        of_key.filter(|id| judge.stands(id)).map(|id| (*id, judge.is_accepted_entry(id))).collect()
    }

    /// Does it change nothing that counts?
    pub(super) fn is_nothing(&self) -> bool {
        self.lost.is_empty() && self.gained.is_empty() && self.closed.is_empty()
    }

    /// Where grants of this key stay open: other counties', which must end or burn them themselves.
    pub(super) fn leaves_open(&self, core: &Core, key: PublicKey) -> BTreeSet<OrgId> {
        let judge = Judge::new(core.ledger());
        let grants = core.ledger().registry.grants_of(key);
        let open = grants.filter(|(name, _)| judge.grant_is_open(name) && !self.closed.contains(name));
        open.map(|(_, g)| g.row.org).collect()
    }

    /// Of the entries lost, how many are not of this key: what others wrote under grants that fall with it.
    pub(super) fn of_others(&self, core: &Core, is_target: impl Fn(&EntryId) -> bool) -> usize {
        let known = |id: &EntryId| core.ledger().place(id).is_some();
        self.lost.iter().filter(|(id, _)| known(id) && !is_target(id)).count()
    }

    /// For the reply.
    pub(super) fn fields(&self, core: &Core) -> Json {
        let entry = |id: &EntryId, standing: Standing| {
            let mut out = shown::hand(core, id);
            out.insert("entry".to_owned(), json!(id.to_string()));
            out.insert("document".to_owned(), json!(core.ledger().place(id).map(|p| shown::document(core, &p.log.document))));
            out.insert("standing".to_owned(), json!(standing.word()));
            Json::Object(out)
        };
        let lost: Vec<Json> = self.lost.iter().take(LISTED_MAX).map(|(id, s)| entry(id, *s)).collect();
        let gained: Vec<Json> = self.gained.iter().take(LISTED_MAX).map(|id| entry(id, Standing::Stands)).collect();
        let closed = self.closed.iter().filter_map(|name| core.ledger().registry.grants.get(name)).map(|g| {
            json!({ "org": shown::org(core, g.row.org), "role": g.row.role.word(), "label": g.row.label, "key": g.row.key.to_string() })
        });
        json!({
            "set_aside": self.lost.len(), "restored": self.gained.len(),
            "closed": closed.collect::<Vec<_>>(), "set_aside_entries": lost, "restored_entries": gained,
        })
    }
}

/// The reply's own fields and those of the effect.
pub(super) fn joined(mut own: Json, effect: Json) -> Json {
    if let (Some(own), Json::Object(effect)) = (own.as_object_mut(), effect) {
        own.extend(effect);
    }
    own
}
