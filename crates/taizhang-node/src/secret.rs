//! A text that nobody may see: wiped from memory when dropped, never printed, hex where it travels over the control socket.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

/// A passphrase.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_hex(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Hex)
    }
}

/// Hex needs no escapes, so the JSON reader keeps no copy of its own.
fn serialize_hex<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let mut hex = Zeroizing::new(String::with_capacity(text.len() * 2));
    for byte in text.bytes() {
        let digits = [byte >> 4, byte & 15].map(|d| DIGITS.get(usize::from(d)).copied().unwrap_or_default());
        hex.extend(digits);
    }
    serializer.serialize_str(&hex)
}

struct Hex;

impl de::Visitor<'_> for Hex {
    type Value = Secret;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("hex of UTF-8")
    }

    fn visit_str<E: de::Error>(self, hex: &str) -> Result<Secret, E> {
        let bytes = taizhang_core::id::from_hex(hex).map(Zeroizing::new).ok_or_else(|| E::custom("not hex"))?;
        let text = std::str::from_utf8(&bytes).map_err(|_| E::custom("not UTF-8"))?;
        Ok(Secret::new(text.to_owned()))
    }
}

/// The same for a field that is a plain text in memory.
pub(crate) mod hex_option {
    use super::{Deserialize, Deserializer, Secret, Serializer, serialize_hex};

    pub(crate) fn serialize<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
        match text {
            Some(text) => serialize_hex(text, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
        Ok(Option::<Secret>::deserialize(deserializer)?.map(|s| s.reveal().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::command::{Command, KeyCommand, Request, Unlock};

    #[test]
    fn a_secret_travels_whole_and_is_never_printed() {
        let passphrase = "九座 \"山\"\\的学校";
        let unlock = Unlock { key: Some("clerk".to_owned()), passphrase: Some(passphrase.to_owned()) };
        let command = Command::Key(KeyCommand::Passphrase { key: None, new: Secret::new("另一句 口令".to_owned()) });
        let request = Request { unlock, command };
        let line = serde_json::to_string(&request).unwrap();
        let back: Request = serde_json::from_str(&line).unwrap();
        assert_eq!(back.unlock.passphrase.as_deref(), Some(passphrase));
        assert!(matches!(&back.command, Command::Key(KeyCommand::Passphrase { new, .. }) if new.reveal() == "另一句 口令"));
        for text in [line, format!("{request:?} {back:?}")] {
            assert!(!text.contains("山") && !text.contains("口令"), "{text}");
        }
        // An invite holds a key: whoever has it joins.
        let join = Command::Join { invite: Secret::new("taizhang-invite-1:a7".to_owned()), label: None };
        let line = serde_json::to_string(&join).unwrap();
        let back: Command = serde_json::from_str(&line).unwrap();
        assert!(matches!(&back, Command::Join { invite, .. } if invite.reveal() == "taizhang-invite-1:a7"));
        assert!([line, format!("{join:?} {back:?}")].iter().all(|text| !text.contains("invite-1")));
        assert!(serde_json::from_str::<Secret>("\"zz\"").is_err() && serde_json::from_str::<Secret>("\"ff\"").is_err());
    }
}
