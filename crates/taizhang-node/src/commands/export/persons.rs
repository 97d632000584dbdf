//! `export persons`: who the teachers are, for the person who may open it. The lines hold names: they stay with whoever asked.

use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{DocId, Kind},
    names,
    rows::{Ban, Leave, Person as PersonRow},
    standing::Judge,
};

use crate::{
    commands::{Context, shown},
    error::CommandError,
    keyring::Keyring,
};

/// The keyring of the person who asks.
pub(super) struct Opened(Keyring);

impl Opened {
    pub(super) fn new(c: &Context<'_>) -> Result<Self, CommandError> {
        c.person().map(|p| Self(Keyring::of(&p)))
    }

    /// The current persons of an identity document. What this person cannot open, and who was erased, is listed by number only.
    pub(super) fn lines(&self, c: &Context<'_>, document: &DocId) -> Result<Vec<Json>, CommandError> {
        let view = c.core.view(document)?;
        let erased = names::erased(c.core.ledger(), &Judge::new(c.core.ledger()));
        let reasons = self.reasons(c, document)?;
        let mut out = Vec::new();
        for row in view.current() {
            let Some(person) = row.read::<PersonRow>().map(|p| p.row) else { continue };
            let said = self.0.unseal(c.core.hub(), document, &person);
            let (is_open, is_broken) = (said.is_some(), self.0.is_broken(c.core.hub(), document, &person));
            let is_erased = erased.contains(&(*document, person.key_id));
            let said = said.unwrap_or_default();
            out.push(json!({
                "schema": "taizhang.person/1", "teacher": person.teacher, "name": is_open.then_some(said.name), "sex": said.sex,
                "ethnic": said.ethnic, "id_number": said.id_number, "birth": said.birth, "phone": said.phone, "opened": is_open, "erased": is_erased, "broken": is_broken,
                "reasons": reasons.iter().filter(|r| r.0 == person.teacher).map(|r| &r.1).collect::<Vec<_>>(),
                "row": row.name.to_string(), "document": shown::document(c.core, document),
            }));
        }
        Ok(out)
    }

    /// Why teachers of the school were on leave or banned, as far as this person opens it.
    fn reasons(&self, c: &Context<'_>, identity: &DocId) -> Result<Vec<(String, Json)>, CommandError> {
        let is_of = |d: &DocId| matches!(d.kind, Kind::Ledger | Kind::Review) && d.concerns() == identity.owner;
        let mut out = Vec::new();
        for view in shown::views(c.core, is_of)? {
            for row in view.current() {
                let leave = row.read::<Leave>().map(|p| ("leave", p.row.teacher, p.row.sealed_kind));
                let ban = row.read::<Ban>().map(|p| ("ban", p.row.teacher, p.row.sealed_reason));
                let Some((what, teacher, Some(sealed))) = leave.or(ban) else { continue };
                if let Some(text) = self.0.unseal_reason(c.core.hub(), identity, (what, &teacher), &sealed.0) {
                    out.push((teacher, json!({ "kind": what, "row": row.name.to_string(), "reason": text.as_str() })));
                }
            }
        }
        Ok(out)
    }
}
