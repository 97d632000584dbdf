//! Teachers' keys: what a roster says about a person is sealed under a key of that teacher's own, so that forgetting the key is forgetting the person.
//!
//! The keys lie in `keyring.json` of the data folder, outside the journal, each wrapped to the X25519 keys of those who may open it (docs/decisions/0006, 0016). The hub keeps the records and exchanges them; here a person opens them, makes them and shares them.
//! Nothing here is ever logged.

use std::collections::{BTreeMap, BTreeSet};

use taizhang_core::{
    id::{DocId, Kind},
    names::{self, KeyId},
    rows::{Person as PersonRow, field::Bytes},
    standing::Judge,
};
use taizhang_sync::{Hub, keys::KeyRecord};
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

use self::wrap::{TeacherKey, key_id, unwrap, wrap};
use crate::{
    core::Core,
    error::{CommandError, ErrorKind},
    keyfile::Person,
    random,
};

pub(crate) mod file;
mod identity;
mod wrap;

pub use identity::Identity;

/// How many records the bytes of a `keyring.json` hold; `None`: they cannot be read.
#[must_use]
pub fn records_in(file: &[u8]) -> Option<usize> {
    file::parse(file).map(|records| records.len())
}

/// Records made or tried on one command, at most: the next goes on.
const TRIED_AT_ONCE: usize = 1024;

/// The keyring as one person opens it.
pub struct Keyring {
    seal: StaticSecret,
    to: [u8; 32],
    /// Made in this session, by document and teacher.
    made: BTreeMap<(DocId, String), TeacherKey>,
    fresh: Vec<KeyRecord>,
}

impl Keyring {
    /// Of this person.
    #[must_use]
    pub fn of(person: &Person) -> Self {
        let seal = StaticSecret::from(person.seal.to_bytes());
        Self { seal, to: person.seal_public(), made: BTreeMap::new(), fresh: Vec::new() }
    }

    /// Seals under the teacher's key: one that this person opens of those `recorded`, else a new one, wrapped to everyone who may open names. It must be saved before the row is written.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn seal(
        &mut self,
        hub: &Hub,
        document: DocId,
        teacher: &str,
        identity: &Identity,
        recorded: &[KeyId],
    ) -> Result<PersonRow, CommandError> {
        let at = (document, teacher.to_owned());
        let known = recorded.iter().find_map(|id| self.key(hub, &document, id)).or_else(|| self.made.get(&at).cloned());
        let key = match known {
            Some(key) => key,
            None => self.make(hub, at)?,
        };
        let sealed = wrap::seal(&key, random::bytes()?, &identity.to_cbor(), teacher.as_bytes()).ok_or_else(not_sealed)?;
        let (teacher, key_id) = (teacher.to_owned(), key_id(&key));
        Ok(PersonRow { teacher, key_id, sealed: Bytes(sealed), id_match: None, reason: None })
    }

    /// What a row says; `None` where it does not open to this person. One bad row of somebody else hides no other: see [`Self::is_broken`].
    #[must_use]
    pub fn unseal(&self, hub: &Hub, document: &DocId, row: &PersonRow) -> Option<Identity> {
        open(&self.key(hub, document, &row.key_id)?, row)
    }

    /// Does this person have the key that the row names, and it does not open what is sealed there? Then whoever wrote the row did not seal it.
    #[must_use]
    pub fn is_broken(&self, hub: &Hub, document: &DocId, row: &PersonRow) -> bool {
        self.key(hub, document, &row.key_id).is_some_and(|key| open(&key, row).is_none())
    }

    /// Seals the reason of a leave or ban (`what`, teacher) under the first of these keys that this person opens: key id ‖ nonce ‖ ciphertext. `None`: no key opens.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn seal_reason(
        &self,
        hub: &Hub,
        document: &DocId,
        keys: &[KeyId],
        (what, teacher): (&str, &str),
        text: &str,
    ) -> Result<Option<Vec<u8>>, CommandError> {
        let Some(key) = keys.iter().find_map(|id| self.key(hub, document, id)) else { return Ok(None) };
        let about = format!("{what}/{teacher}");
        let sealed = wrap::seal(&key, random::bytes()?, text.as_bytes(), about.as_bytes()).ok_or_else(not_sealed)?;
        Ok(Some([key_id(&key).as_slice(), &sealed].concat()))
    }

    /// What [`Self::seal_reason`] sealed; `None` where this person cannot open it, or it is something else.
    #[must_use]
    pub fn unseal_reason(
        &self,
        hub: &Hub,
        document: &DocId,
        (what, teacher): (&str, &str),
        sealed: &[u8],
    ) -> Option<Zeroizing<String>> {
        let (id, sealed) = sealed.split_at_checked(size_of::<KeyId>())?;
        let key = self.key(hub, document, &id.try_into().ok()?)?;
        let plain = wrap::unseal(&key, sealed, format!("{what}/{teacher}").as_bytes())?;
        String::from_utf8(plain.to_vec()).ok().map(Zeroizing::new)
    }

    /// Keeps new keys, whole or not at all, readable by the owner of the folder only.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&mut self, core: &mut Core) -> Result<(), CommandError> {
        core.keep_keys(std::mem::take(&mut self.fresh), Vec::new())
    }

    /// Any one that a person wrapped to this one; what does not open is passed over.
    fn key(&self, hub: &Hub, document: &DocId, id: &KeyId) -> Option<TeacherKey> {
        let made = || self.made.iter().find(|((d, _), key)| d == document && key_id(key) == *id).map(|(_, key)| key.clone());
        hub.keys().find(document, id, &self.to).find_map(|r| unwrap(r, &self.seal)).or_else(made)
    }

    fn make(&mut self, hub: &Hub, at: (DocId, String)) -> Result<TeacherKey, CommandError> {
        let key: TeacherKey = Zeroizing::new(random::bytes()?);
        let mut readers = readers(hub, &at.0);
        readers.insert(self.to);
        // Somebody's sealing key may be a point that leaves no secret: that one gets no record.
        self.fresh.extend(readers.iter().filter_map(|to| wrap(at.0, &key, to)));
        self.made.insert(at, key.clone());
        Ok(key)
    }

    /// Looks at the records that nobody at this node has found right yet, at most [`TRIED_AT_ONCE`]: first where there is none or more than one, then at the others.
    fn look(&self, hub: &Hub) -> Found {
        let mut found = Found::default();
        let is_alone = |document: &DocId, id: &KeyId, to: &[u8; 32]| hub.keys().find(document, id, to).count() == 1;
        self.look_where(hub, &mut found, |document, id, to| !is_alone(document, id, to));
        self.look_where(hub, &mut found, is_alone);
        found
    }

    /// Of keys that this person opens it makes the right records for everyone who may open names, of others it finds those to himself that do not open.
    fn look_where(&self, hub: &Hub, found: &mut Found, is_meant: impl Fn(&DocId, &KeyId, &[u8; 32]) -> bool) {
        let mut is_usable = BTreeMap::new();
        let identities = hub.ledger().documents().filter(|d| d.kind == Kind::Identity);
        for document in identities.filter(|d| hub.ledger().registry.may_read(hub.org(), d)) {
            let readers = readers(hub, document);
            for id in hub.ledger().key_ids(document) {
                let untried = readers.iter().filter(|to| !hub.keys().is_proven(document, id, to) && is_meant(document, id, to));
                // Somebody's sealing key may be a point that leaves no secret: that one gets no record.
                let usable = untried.filter(|to| *is_usable.entry(**to).or_insert_with(|| wrap::is_usable(to)));
                let untried: Vec<&[u8; 32]> = usable.collect();
                if untried.is_empty() {
                    continue;
                }
                if found.right.len() + found.spoiled.len() + untried.len() > TRIED_AT_ONCE {
                    return;
                }
                match self.key(hub, document, id) {
                    Some(key) => found.right.extend(untried.into_iter().filter_map(|to| wrap(*document, &key, to))),
                    None if untried.contains(&&self.to) => found.spoiled.extend(hub.keys().find(document, id, &self.to)),
                    None => {}
                }
            }
        }
    }
}

/// What a person finds among the records.
#[derive(Default)]
struct Found {
    right: Vec<KeyRecord>,
    spoiled: Vec<KeyRecord>,
}

/// Wraps the keys that this person opens to everyone who may open names by now: a new clerk, a new reviewer of the county; and puts the right records in the place of wrong ones. Done silently whenever somebody unlocks.
///
/// # Errors
/// The keyring cannot be written.
pub fn share(core: &mut Core, person: &Person) -> Result<(), CommandError> {
    let Found { right, spoiled } = Keyring::of(person).look(core.hub());
    core.keep_keys(right, spoiled)
}

fn open(key: &TeacherKey, row: &PersonRow) -> Option<Identity> {
    let plain = wrap::unseal(key, &row.sealed.0, row.teacher.as_bytes())?;
    Identity::from_cbor(&plain).ok()
}

fn readers(hub: &Hub, document: &DocId) -> BTreeSet<[u8; 32]> {
    names::readers(hub.ledger(), &Judge::new(hub.ledger()), document)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn not_sealed() -> CommandError {
    CommandError::new(ErrorKind::Key, "身份信息未能封存", "what is said about a person could not be sealed")
        .hint("文字过长时请缩短后重试", "shorten what is too long and try again")
}

#[cfg(test)]
mod tests;
