//! `export persons`: who the teachers are, for the person who may open it. The lines hold names: they stay with whoever asked.

use serde_json::{Value as Json, json};
use taizhang_core::{id::DocId, rows::Person as PersonRow};

use crate::{
    commands::{Context, shown},
    error::CommandError,
    keyring::Keyring,
};

/// The keyring of the person who asks.
pub(super) struct Opened(Keyring);

impl Opened {
    pub(super) fn new(c: &Context<'_>) -> Result<Self, CommandError> {
        Keyring::open(c.core.folder(), &c.person()?).map(Self)
    }

    /// The current persons of an identity document. What this person cannot open is listed without its content.
    pub(super) fn lines(&self, c: &Context<'_>, document: &DocId) -> Result<Vec<Json>, CommandError> {
        let view = c.core.view(document)?;
        let mut out = Vec::new();
        for row in view.current() {
            let Some(person) = row.read::<PersonRow>().map(|p| p.row) else { continue };
            let said = self.0.unseal(&person)?;
            let is_open = said.is_some();
            let said = said.unwrap_or_default();
            out.push(json!({
                "schema": "taizhang.person/1", "teacher": person.teacher, "name": is_open.then_some(said.name), "sex": said.sex,
                "ethnic": said.ethnic, "id_number": said.id_number, "birth": said.birth, "phone": said.phone, "opened": is_open,
                "row": row.name.to_string(), "document": shown::document(c.core, document),
            }));
        }
        Ok(out)
    }
}
