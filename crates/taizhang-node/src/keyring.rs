//! Teachers' keys: what a roster says about a person is sealed under a key of that teacher's own, so that forgetting the key is forgetting the person.
//!
//! The keys lie in `keyring.json` of the data folder, outside the journal, each wrapped to the X25519 key of the person who made it (docs/decisions/0006-keyring.md).
//! Nothing here is ever logged.

use std::collections::BTreeMap;

use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit,
    aead::{Aead, Payload},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use taizhang_core::{
    cbor::{CborError, Reader, Writer},
    id::{DocId, from_hex},
    rows::{Person as PersonRow, field::Bytes},
};
use x25519_dalek::{PublicKey as SealPublic, StaticSecret};
use zeroize::Zeroizing;

use crate::{
    error::{CommandError, ErrorKind},
    folder::Folder,
    keyfile::Person,
    random,
};

const FILE: &str = "keyring.json";
const NONCE_BYTES: usize = 12;

/// What a roster says about a person, and what no other document may hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// 姓名
    pub name: String,
    /// 性别: 男, 女
    pub sex: Option<String>,
    /// 民族
    pub ethnic: Option<String>,
    /// 身份证号
    pub id_number: Option<String>,
    /// 出生日期, `YYYY-MM-DD`; may lie before 1970.
    pub birth: Option<String>,
    /// 联系电话
    pub phone: Option<String>,
}

impl Identity {
    /// CBOR `[name, sex, ethnic, id number, birth, phone]`, null where nothing is known.
    fn to_cbor(&self) -> Zeroizing<Vec<u8>> {
        let mut w = Writer::default();
        w.array(6).text(&self.name);
        for field in [&self.sex, &self.ethnic, &self.id_number, &self.birth, &self.phone] {
            match field {
                Some(text) => w.text(text),
                None => w.null(),
            };
        }
        Zeroizing::new(w.finish())
    }

    fn from_cbor(bytes: &[u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(bytes);
        r.array_of(6)?;
        let name = r.text()?.to_owned();
        let mut next = || if r.take_null() { Ok(None) } else { r.text().map(|t| Some(t.to_owned())) };
        Ok(Self { name, sex: next()?, ethnic: next()?, id_number: next()?, birth: next()?, phone: next()? })
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct File {
    schema: String,
    keys: Vec<Kept>,
}

/// One teacher's key as it lies in the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    /// The identity document, hex.
    document: String,
    teacher: String,
    /// First 8 bytes of SHA-256(key), hex.
    key_id: String,
    /// One for each person who may open it.
    wrapped: Vec<Wrapped>,
}

/// The key under the shared secret of a one-time key and a person's sealing key; all hex.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Wrapped {
    to: String,
    ephemeral: String,
    sealed: String,
}

/// The keyring, opened by one person.
pub struct Keyring {
    file: File,
    /// What this person can open, by key id.
    open: BTreeMap<[u8; 8], Zeroizing<[u8; 32]>>,
    of_teacher: BTreeMap<(DocId, String), [u8; 8]>,
    changed: bool,
}

impl Keyring {
    /// Opens what this person may open. Keys wrapped to others stay as they are.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn open(folder: &Folder, person: &Person) -> Result<Self, CommandError> {
        let file = match folder.read(FILE)? {
            Some(bytes) => serde_json::from_slice(&bytes).map_err(|_| damaged())?,
            None => File { schema: "taizhang.keyring/1".to_owned(), keys: Vec::new() },
        };
        let mut ring = Self { file, open: BTreeMap::new(), of_teacher: BTreeMap::new(), changed: false };
        let to = hex(&person.seal_public());
        for kept in &ring.file.keys {
            let Some(wrapped) = kept.wrapped.iter().find(|w| w.to == to) else { continue };
            let (id, key) = unwrap(kept, wrapped, person).ok_or_else(damaged)?;
            let document = from_hex(&kept.document).and_then(|b| DocId::from_bytes(&b)).ok_or_else(damaged)?;
            ring.open.insert(id, key);
            ring.of_teacher.insert((document, kept.teacher.clone()), id);
        }
        Ok(ring)
    }

    /// Seals under the teacher's key; makes one if this person has none yet. The key must be saved before the row is written.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn seal(
        &mut self,
        document: DocId,
        teacher: &str,
        identity: &Identity,
        person: &Person,
    ) -> Result<PersonRow, CommandError> {
        let at = (document, teacher.to_owned());
        let key_id = match self.of_teacher.get(&at) {
            Some(id) => *id,
            None => self.make(at, person)?,
        };
        let key = self.open.get(&key_id).ok_or_else(damaged)?;
        let nonce: [u8; NONCE_BYTES] = random::bytes()?;
        let plain = identity.to_cbor();
        let payload = Payload { msg: plain.as_slice(), aad: teacher.as_bytes() };
        let cipher = cipher(key)?;
        let sealed = cipher.encrypt(&nonce.into(), payload).map_err(|_| damaged())?;
        let sealed = Bytes([nonce.as_slice(), &sealed].concat());
        Ok(PersonRow { teacher: teacher.to_owned(), key_id, sealed, id_match: None, reason: None })
    }

    /// What a row says; `None` where this person does not hold its key.
    ///
    /// # Errors
    /// The key is here and does not open the row.
    pub fn unseal(&self, row: &PersonRow) -> Result<Option<Identity>, CommandError> {
        let Some(key) = self.open.get(&row.key_id) else { return Ok(None) };
        let (nonce, sealed) = row.sealed.0.split_at_checked(NONCE_BYTES).ok_or_else(not_sealed)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| not_sealed())?;
        let payload = Payload { msg: sealed, aad: row.teacher.as_bytes() };
        let plain = Zeroizing::new(cipher(key)?.decrypt(&nonce.into(), payload).map_err(|_| not_sealed())?);
        Identity::from_cbor(&plain).map(Some).map_err(|_| not_sealed())
    }

    /// Keeps new keys, whole or not at all, readable by the owner of the folder only.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&mut self, folder: &Folder) -> Result<(), CommandError> {
        if self.changed {
            folder.write(FILE, &serde_json::to_vec_pretty(&self.file).map_err(CommandError::storage)?)?;
            self.changed = false;
        }
        Ok(())
    }

    fn make(&mut self, at: (DocId, String), person: &Person) -> Result<[u8; 8], CommandError> {
        let key: Zeroizing<[u8; 32]> = Zeroizing::new(random::bytes()?);
        let id = key_id(&key);
        let one_time = StaticSecret::from(random::bytes::<32>()?);
        let to = person.seal_public();
        let ephemeral = SealPublic::from(&one_time).to_bytes();
        let wrapping = wrapping_key(&one_time.diffie_hellman(&SealPublic::from(to)), &ephemeral, &to).ok_or_else(damaged)?;
        let payload = Payload { msg: key.as_slice(), aad: &id };
        // The wrapping key is used once, so the nonce may be zero.
        let sealed = cipher(&wrapping)?.encrypt(&[0; NONCE_BYTES].into(), payload).map_err(|_| damaged())?;
        let wrapped = vec![Wrapped { to: hex(&to), ephemeral: hex(&ephemeral), sealed: hex(&sealed) }];
        self.file.keys.push(Kept { document: hex(&at.0.to_bytes()), teacher: at.1.clone(), key_id: hex(&id), wrapped });
        self.open.insert(id, key);
        self.of_teacher.insert(at, id);
        self.changed = true;
        Ok(id)
    }
}

fn unwrap(kept: &Kept, wrapped: &Wrapped, person: &Person) -> Option<([u8; 8], Zeroizing<[u8; 32]>)> {
    let ephemeral: [u8; 32] = from_hex(&wrapped.ephemeral)?.try_into().ok()?;
    let id: [u8; 8] = from_hex(&kept.key_id)?.try_into().ok()?;
    let shared = person.seal.diffie_hellman(&SealPublic::from(ephemeral));
    let wrapping = wrapping_key(&shared, &ephemeral, &person.seal_public())?;
    let sealed = from_hex(&wrapped.sealed)?;
    let payload = Payload { msg: &sealed, aad: &id };
    let plain = Zeroizing::new(cipher(&wrapping).ok()?.decrypt(&[0; NONCE_BYTES].into(), payload).ok()?);
    let key = Zeroizing::new(<[u8; 32]>::try_from(plain.as_slice()).ok()?);
    (key_id(&key) == id).then_some((id, key))
}

/// SHA-256("taizhang keyring 1" ‖ one-time key ‖ receiver ‖ shared secret); `None` for a one-time key that leaves no secret.
fn wrapping_key(shared: &x25519_dalek::SharedSecret, ephemeral: &[u8; 32], to: &[u8; 32]) -> Option<Zeroizing<[u8; 32]>> {
    let hash = Sha256::new().chain_update(b"taizhang keyring 1").chain_update(ephemeral).chain_update(to);
    shared.was_contributory().then(|| Zeroizing::new(hash.chain_update(shared.as_bytes()).finalize().into()))
}

fn key_id(key: &[u8; 32]) -> [u8; 8] {
    let hash: [u8; 32] = Sha256::digest(key).into();
    let mut id = [0; 8];
    id.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    id
}

fn cipher(key: &[u8; 32]) -> Result<ChaCha20Poly1305, CommandError> {
    ChaCha20Poly1305::new_from_slice(key).map_err(|_| damaged())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn damaged() -> CommandError {
    CommandError::new(ErrorKind::Key, "钥匙圈文件 keyring.json 损坏", "the keyring file keyring.json is damaged")
        .hint("请恢复该文件的备份", "restore the file from a backup")
}

fn not_sealed() -> CommandError {
    CommandError::new(ErrorKind::Key, "身份信息不能用其密钥打开", "what is sealed about a person does not open with its key")
        .hint("请运行 taizhang audit verify", "run `taizhang audit verify`")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
    use std::os::unix::fs::PermissionsExt;

    use taizhang_core::{
        id::{Kind, OrgId},
        key::SecretKey,
    };

    use super::*;

    fn person(seed: u8) -> Person {
        Person { key: SecretKey::from_seed([seed; 32]), seal: StaticSecret::from([seed; 32]), label: "clerk".to_owned() }
    }

    fn someone() -> Identity {
        Identity { name: "王䶮".to_owned(), phone: Some("12000000001".to_owned()), ..Identity::default() }
    }

    fn document() -> DocId {
        DocId::of(OrgId([7; 8]), Kind::Identity)
    }

    #[test]
    fn a_person_is_read_back_by_whom_the_key_is_wrapped_to() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::at(dir.path());
        let mut ring = Keyring::open(&folder, &person(1)).unwrap();
        let row = ring.seal(document(), "T1", &someone(), &person(1)).unwrap();
        let again = ring.seal(document(), "T1", &someone(), &person(1)).unwrap();
        assert_eq!(row.key_id, again.key_id, "one key a teacher");
        assert_ne!(row.sealed, again.sealed, "a nonce is used once");
        assert_ne!(row.key_id, ring.seal(document(), "T2", &someone(), &person(1)).unwrap().key_id);
        ring.save(&folder).unwrap();
        let ring = Keyring::open(&folder, &person(1)).unwrap();
        assert_eq!(ring.unseal(&row).unwrap(), Some(someone()));
        assert_eq!(Keyring::open(&folder, &person(2)).unwrap().unseal(&row).unwrap(), None);
        let mode = std::fs::metadata(folder.file(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = std::fs::read_to_string(folder.file(FILE)).unwrap();
        assert!(!text.contains('王') && !text.contains("12000000001"));
    }

    #[test]
    fn what_was_changed_does_not_open() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::at(dir.path());
        let mut ring = Keyring::open(&folder, &person(1)).unwrap();
        let row = ring.seal(document(), "T1", &someone(), &person(1)).unwrap();
        for at in 0..row.sealed.0.len() {
            let mut bad = row.clone();
            bad.sealed.0[at] ^= 1;
            assert!(ring.unseal(&bad).is_err(), "byte {at}");
        }
        assert!(ring.unseal(&PersonRow { teacher: "T2".to_owned(), ..row.clone() }).is_err(), "another teacher's");
        assert!(ring.unseal(&PersonRow { sealed: Bytes(vec![1; 5]), ..row }).is_err(), "cut short");
    }

    #[test]
    fn a_damaged_file_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::at(dir.path());
        let mut ring = Keyring::open(&folder, &person(1)).unwrap();
        ring.seal(document(), "T1", &someone(), &person(1)).unwrap();
        ring.save(&folder).unwrap();
        let good: serde_json::Value = serde_json::from_slice(&folder.read(FILE).unwrap().unwrap()).unwrap();
        for (at, bad) in [("ephemeral", "00".repeat(32)), ("sealed", "ab".repeat(48)), ("ephemeral", "zz".to_owned())] {
            let mut file = good.clone();
            file["keys"][0]["wrapped"][0][at] = bad.into();
            folder.write(FILE, &serde_json::to_vec(&file).unwrap()).unwrap();
            assert!(Keyring::open(&folder, &person(1)).is_err(), "{at}");
        }
        folder.write(FILE, b"{").unwrap();
        assert!(Keyring::open(&folder, &person(1)).is_err());
    }
}
