//! What is sealed about persons, tried with the keys of whoever asks: without a passphrase nobody can tell.

use taizhang_core::{
    id::Kind,
    ledger::row_ops,
    rows::{Person as PersonRow, RowType},
};

use super::{Audit, findings};
use crate::{
    commands::{
        Context,
        acting::{self, Need},
    },
    error::{CommandError, Text},
    keyfile,
    keyring::Keyring,
};

/// The keyring of the person who asks; `None`: no passphrase was given, or no key here opens names; or, with a note, nobody says whose it is.
pub(super) fn keyring(c: &mut Context<'_>) -> Result<Option<Keyring>, CommandError> {
    if c.unlock.passphrase.is_none() {
        return Ok(None);
    }
    if c.unlock.key.as_deref().is_some_and(|key| !key.is_empty()) {
        return Ok(Some(Keyring::of(&c.person()?)));
    }
    if !acting::somebody(c.core, Need::Names)? {
        return Ok(None);
    }
    // A passphrase that is always at hand does not say whose it is, and a wrong try counts against whose key it is tried on.
    if keyfile::list(c.core.folder())?.len() > 1 {
        c.note(
            "本机有多个密钥, 未检查密封的身份信息; 要检查, 用 --as 指明打开姓名的密钥",
            "this machine has several keys: what is sealed about persons was not checked; to have it checked name the key that opens names with --as",
        );
        return Ok(None);
    }
    match c.person() {
        Ok(person) => Ok(Some(Keyring::of(&person))),
        Err(error) => {
            c.note(
                format!("未检查密封的身份信息: {}", error.what.zh),
                format!("what is sealed about persons was not checked: {}", error.what.en),
            );
            Ok(None)
        }
    }
}

/// Tries every row about a person. Returns how many opened.
pub(super) fn check(audit: &mut Audit<'_>, keyring: &Keyring) -> Result<u64, CommandError> {
    let mut opened = 0;
    audit.each_entry("sealed", |kind| kind == Kind::Identity, &mut |audit, entry| {
        let document = entry.header.log.document;
        for (name, op) in row_ops(entry).into_iter().filter(|(_, op)| op.row_type == PersonRow::TYPE) {
            let Ok(person) = PersonRow::from_fields(op.fields) else { continue };
            if keyring.unseal(audit.core.hub(), &document, &person.row).is_some() {
                opened += 1;
            } else if keyring.is_broken(audit.core.hub(), &document, &person.row) {
                let detail = Text::new(format!("第 {} 行", name.index), format!("row {}", name.index));
                audit.find(findings::SEALED, entry.id, detail);
            }
        }
        Ok(())
    })?;
    Ok(opened)
}
