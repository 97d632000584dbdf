//! A person's keys on this machine, encrypted at rest with a passphrase (Argon2id, ChaCha20-Poly1305).

use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit,
    aead::{Aead, Payload},
};
use serde::{Deserialize, Serialize};
use taizhang_core::{
    id::{PublicKey, from_hex},
    key::SecretKey,
};
use x25519_dalek::{PublicKey as SealPublic, StaticSecret};
use zeroize::Zeroizing;

use crate::{
    error::{CommandError, ErrorKind},
    folder::Folder,
    random,
};

/// Argon2id: 19 MiB, 2 passes, 1 lane (OWASP's minimum; an old school PC takes about a quarter second).
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const SCHEMA: &str = "taizhang.key/1";

#[derive(Serialize, Deserialize)]
struct KeyFile {
    schema: String,
    label: String,
    public: String,
    seal_public: String,
    memory_kib: u32,
    passes: u32,
    salt: String,
    nonce: String,
    sealed: String,
}

/// A person's keys, unlocked for one session.
pub struct Person {
    /// Signs entries.
    pub key: SecretKey,
    /// Opens what is sealed to this person.
    pub seal: StaticSecret,
    /// What the keys are called here.
    pub label: String,
}

impl Person {
    /// The same person, for the rest of a command.
    #[must_use]
    pub(crate) fn again(&self) -> Self {
        let (key, seal) = (SecretKey::from_seed(self.key.seed()), StaticSecret::from(self.seal.to_bytes()));
        Self { key, seal, label: self.label.clone() }
    }

    /// The public half of the sealing key.
    #[must_use]
    pub fn seal_public(&self) -> [u8; 32] {
        SealPublic::from(&self.seal).to_bytes()
    }
}

/// A key on this machine as anyone may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyName {
    /// The public key.
    pub public: PublicKey,
    /// What it is called here.
    pub label: String,
}

/// Makes a person's keys and keeps them encrypted.
///
/// # Errors
/// They cannot be written.
pub fn create(folder: &Folder, label: &str, passphrase: &str) -> Result<Person, CommandError> {
    let seed: Zeroizing<[u8; 32]> = Zeroizing::new(random::bytes()?);
    let seal_seed: Zeroizing<[u8; 32]> = Zeroizing::new(random::bytes()?);
    let person = Person { key: SecretKey::from_seed(*seed), seal: StaticSecret::from(*seal_seed), label: label.to_owned() };
    let (salt, nonce): ([u8; 16], [u8; 12]) = (random::bytes()?, random::bytes()?);
    let plain = Zeroizing::new([*seed, *seal_seed].concat());
    let public = person.key.public();
    let cipher = cipher(passphrase, &salt, MEMORY_KIB, PASSES)?;
    let payload = Payload { msg: plain.as_slice(), aad: &public.0 };
    let sealed = cipher.encrypt(&nonce.into(), payload).map_err(|_| internal())?;
    let file = KeyFile {
        schema: SCHEMA.to_owned(),
        label: label.to_owned(),
        public: public.to_string(),
        seal_public: PublicKey(person.seal_public()).to_string(),
        memory_kib: MEMORY_KIB,
        passes: PASSES,
        salt: hex(&salt),
        nonce: hex(&nonce),
        sealed: hex(&sealed),
    };
    folder.write(&format!("keys/{public}.json"), &serde_json::to_vec_pretty(&file).map_err(CommandError::storage)?)?;
    Ok(person)
}

/// The keys on this machine.
///
/// # Errors
/// The folder cannot be read.
pub fn list(folder: &Folder) -> Result<Vec<KeyName>, CommandError> {
    let mut out = Vec::new();
    let Ok(dir) = std::fs::read_dir(folder.file("keys")) else { return Ok(out) };
    for file in dir.flatten() {
        let name = file.file_name();
        let Some(hex) = name.to_str().and_then(|n| n.strip_suffix(".json")) else { continue };
        if let (Some(public), Some(parsed)) = (PublicKey::from_hex(hex), read(folder, hex)?) {
            out.push(KeyName { public, label: parsed.label });
        }
    }
    out.sort_by_key(|k| k.public);
    Ok(out)
}

/// The key that the bytes of a key file hold.
#[must_use]
pub fn name_of(bytes: &[u8]) -> Option<KeyName> {
    let file: KeyFile = serde_json::from_slice(bytes).ok()?;
    Some(KeyName { public: PublicKey::from_hex(&file.public).filter(|_| file.schema == SCHEMA)?, label: file.label })
}

/// Copies a key, encrypted as it is, into a file that is not there yet, readable by its owner only.
///
/// # Errors
/// It cannot be read or written.
pub fn copy_to(folder: &Folder, public: PublicKey, out: &std::path::Path) -> std::io::Result<()> {
    let bytes = std::fs::read(folder.file(&format!("keys/{public}.json")))?;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(out)?;
    file.write_all(&bytes)?;
    file.sync_all()
}

/// Unlocks a person's keys.
///
/// # Errors
/// No such key, or a wrong passphrase.
pub fn unlock(folder: &Folder, public: PublicKey, passphrase: &str) -> Result<Person, CommandError> {
    let file = read(folder, &public.to_string())?.ok_or_else(|| no_key(&public.to_string()))?;
    let bytes = |text: &str| from_hex(text).ok_or_else(internal);
    let nonce: [u8; 12] = bytes(&file.nonce)?.try_into().map_err(|_| internal())?;
    // Limits on what a changed file may make us spend.
    let cipher = cipher(passphrase, &bytes(&file.salt)?, file.memory_kib.min(1 << 20), file.passes.min(16))?;
    let sealed = bytes(&file.sealed)?;
    let payload = Payload { msg: &sealed, aad: &public.0 };
    let plain = Zeroizing::new(cipher.decrypt(&nonce.into(), payload).map_err(|_| {
        CommandError::new(ErrorKind::Key, "口令不对", "the passphrase is wrong").hint("请重新输入口令", "try again")
    })?);
    let (seed, seal) = plain.split_at_checked(32).ok_or_else(internal)?;
    let seed: [u8; 32] = seed.try_into().map_err(|_| internal())?;
    let seal: [u8; 32] = seal.try_into().map_err(|_| internal())?;
    Ok(Person { key: SecretKey::from_seed(seed), seal: StaticSecret::from(seal), label: file.label })
}

fn read(folder: &Folder, public: &str) -> Result<Option<KeyFile>, CommandError> {
    let bytes = folder.read(&format!("keys/{public}.json"))?;
    bytes.map(|b| serde_json::from_slice(&b).map_err(|_| no_key(public))).transpose()
}

/// The key a person means: the beginning of its hex, or its label.
///
/// # Errors
/// None or several fit.
pub fn find(folder: &Folder, wanted: &str) -> Result<PublicKey, CommandError> {
    let keys = list(folder)?;
    let fits = |k: &&KeyName| k.label == wanted || (!wanted.is_empty() && k.public.to_string().starts_with(wanted));
    let fitting: Vec<&KeyName> = keys.iter().filter(fits).collect();
    match fitting.as_slice() {
        [only] => Ok(only.public),
        [] => Err(no_key(wanted)),
        some => Err(several(some)),
    }
}

/// The names that `--as` takes: labels, or the beginning of the key where two have the same label.
pub(crate) fn several(keys: &[&KeyName]) -> CommandError {
    let is_shared = |label: &str| keys.iter().filter(|k| k.label == label).count() > 1;
    let name = |k: &&KeyName| if is_shared(&k.label) { k.public.to_string().chars().take(8).collect() } else { k.label.clone() };
    let names: Vec<String> = keys.iter().map(name).collect();
    let (all, first) = (names.join(", "), names.first().map_or("", String::as_str));
    CommandError::new(ErrorKind::Key, format!("本机有多个密钥: {all}"), format!("this machine has several keys: {all}"))
        .hint(format!("请加 --as {first}"), format!("add --as {first}"))
}

fn cipher(passphrase: &str, salt: &[u8], memory_kib: u32, passes: u32) -> Result<ChaCha20Poly1305, CommandError> {
    let params = Params::new(memory_kib, passes, 1, Some(32)).map_err(|_| internal())?;
    let mut key = Zeroizing::new([0; 32]);
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice()).map_err(|_| internal())?;
    ChaCha20Poly1305::new_from_slice(key.as_slice()).map_err(|_| internal())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

pub(crate) fn no_key(wanted: &str) -> CommandError {
    let zh = format!("本机没有可用的密钥 {wanted}");
    let en = if wanted.is_empty() { "there is no usable key".to_owned() } else { format!("there is no usable key {wanted}") };
    CommandError::new(ErrorKind::Key, zh.trim_end(), format!("{en} on this machine")).hint(
        "用 --as 指明密钥; taizhang status 列出本机的密钥",
        "name a key with --as; `taizhang status` lists the keys of this machine",
    )
}

fn internal() -> CommandError {
    CommandError::new(ErrorKind::Key, "密钥文件损坏", "the key file is damaged")
        .hint("请恢复备份或重新加入", "restore a backup or join anew")
}
