//! A person's keys on this machine, encrypted at rest with a passphrase (Argon2id, ChaCha20-Poly1305).

mod stretch;
mod tries;

use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};

use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit,
    aead::{Aead, Payload},
};
use serde::{Deserialize, Serialize};
use taizhang_core::{
    id::{PublicKey, from_hex},
    key::SecretKey,
    units::Ms,
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

/// Characters of a passphrase, at least.
const PASSPHRASE_CHARS_MIN: usize = 8;

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
    /// A new person's keys, kept nowhere yet.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn new(label: &str) -> Result<Self, CommandError> {
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(random::bytes()?);
        let seal: Zeroizing<[u8; 32]> = Zeroizing::new(random::bytes()?);
        Ok(Self { key: SecretKey::from_seed(*seed), seal: StaticSecret::from(*seal), label: label.to_owned() })
    }

    /// The same person, for the rest of a command.
    #[must_use]
    pub(crate) fn again(&self) -> Self {
        Self { key: self.key.clone(), seal: self.seal.clone(), label: self.label.clone() }
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

/// Is this good enough for a new key?
///
/// # Errors
/// It is short, or a number: what a thief tries first.
pub fn check_new(passphrase: &str) -> Result<(), CommandError> {
    let is_number = passphrase.chars().all(|c| c.is_ascii_digit() || " -./".contains(c));
    let (zh, en) = if passphrase.chars().count() < PASSPHRASE_CHARS_MIN {
        (
            format!("口令太短: 至少 {PASSPHRASE_CHARS_MIN} 个字"),
            format!("the passphrase is too short: at least {PASSPHRASE_CHARS_MIN} characters"),
        )
    } else if is_number {
        ("口令不能全是数字".to_owned(), "the passphrase must not be a number".to_owned())
    } else {
        return Ok(());
    };
    Err(CommandError::new(ErrorKind::Key, zh, en).hint(
        "拿到电脑的人会逐个试口令, 生日、电话和短口令几分钟就能试出; 请用一句自己记得住的话",
        "whoever gets hold of the PC tries passphrases one by one: birthdays, phone numbers and short ones fall within minutes; take a sentence that you remember",
    ))
}

/// Makes a person's keys and keeps them encrypted.
///
/// # Errors
/// They cannot be written.
pub fn create(folder: &Folder, label: &str, passphrase: &str) -> Result<Person, CommandError> {
    let person = Person::new(label)?;
    keep(folder, &person, passphrase)?;
    Ok(person)
}

/// Keeps a new person's keys encrypted.
///
/// # Errors
/// They cannot be written.
pub fn keep(folder: &Folder, person: &Person, passphrase: &str) -> Result<(), CommandError> {
    let (seed, seal) = (Zeroizing::new(person.key.seed()), Zeroizing::new(person.seal.to_bytes()));
    save(folder, person, &Zeroizing::new([*seed, *seal].concat()), passphrase)
}

/// Takes back what [`keep`] kept: what the key was made for did not come about.
pub fn discard(folder: &Folder, person: &Person) {
    folder.wipe(&format!("keys/{}.json", person.key.public()));
}

/// Encrypts the seeds of both keys under a passphrase and keeps them.
fn save(folder: &Folder, person: &Person, seeds: &Zeroizing<Vec<u8>>, passphrase: &str) -> Result<(), CommandError> {
    let (salt, nonce): ([u8; 16], [u8; 12]) = (random::bytes()?, random::bytes()?);
    let public = person.key.public();
    let cipher = cipher(passphrase, &salt, MEMORY_KIB, PASSES)?;
    let payload = Payload { msg: seeds.as_slice(), aad: &public.0 };
    let sealed = cipher.encrypt(&nonce.into(), payload).map_err(|_| internal())?;
    let file = KeyFile {
        schema: SCHEMA.to_owned(),
        label: person.label.clone(),
        public: public.to_string(),
        seal_public: PublicKey(person.seal_public()).to_string(),
        memory_kib: MEMORY_KIB,
        passes: PASSES,
        salt: hex(&salt),
        nonce: hex(&nonce),
        sealed: hex(&sealed),
    };
    folder.write(&format!("keys/{public}.json"), &serde_json::to_vec_pretty(&file).map_err(CommandError::storage)?)
}

/// Encrypts a key under another passphrase; the file is replaced whole or not at all.
///
/// # Errors
/// No such key, a wrong old passphrase, or the file cannot be written.
pub fn change_passphrase(folder: &Folder, public: PublicKey, old: &str, new: &str) -> Result<(), CommandError> {
    let (person, seeds) = open(folder, public, old, crate::core::now())?;
    save(folder, &person, &seeds, new)
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

/// Unlocks a person's keys. After some wrong passphrases each further try must wait longer.
///
/// # Errors
/// No such key, a wrong passphrase, or too early after wrong ones.
pub fn unlock(folder: &Folder, public: PublicKey, passphrase: &str) -> Result<Person, CommandError> {
    unlock_at(folder, public, passphrase, crate::core::now())
}

fn unlock_at(folder: &Folder, public: PublicKey, passphrase: &str, now: Ms) -> Result<Person, CommandError> {
    open(folder, public, passphrase, now).map(|(person, _)| person)
}

/// The keys and their seeds.
fn open(folder: &Folder, public: PublicKey, passphrase: &str, now: Ms) -> Result<(Person, Zeroizing<Vec<u8>>), CommandError> {
    let file = read(folder, &public.to_string())?.ok_or_else(|| no_key(&public.to_string()))?;
    tries::check(folder, public, now)?;
    let bytes = |text: &str| from_hex(text).ok_or_else(internal);
    let nonce: [u8; 12] = bytes(&file.nonce)?.try_into().map_err(|_| internal())?;
    // Limits on what a changed file may make us spend.
    let cipher = cipher(passphrase, &bytes(&file.salt)?, file.memory_kib.min(1 << 20), file.passes.min(16))?;
    let sealed = bytes(&file.sealed)?;
    let payload = Payload { msg: &sealed, aad: &public.0 };
    let Ok(seeds) = cipher.decrypt(&nonce.into(), payload).map(Zeroizing::new) else {
        tries::failed(folder, public, now)?;
        return Err(CommandError::new(ErrorKind::Key, "口令不对", "the passphrase is wrong").hint("请重新输入口令", "try again"));
    };
    tries::clear(folder, public);
    let (seed, seal) = seeds.split_at_checked(32).ok_or_else(internal)?;
    let seed: Zeroizing<[u8; 32]> = Zeroizing::new(seed.try_into().map_err(|_| internal())?);
    let seal: Zeroizing<[u8; 32]> = Zeroizing::new(seal.try_into().map_err(|_| internal())?);
    let person = Person { key: SecretKey::from_seed(*seed), seal: StaticSecret::from(*seal), label: file.label };
    Ok((person, seeds))
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
    let key = stretch::stretch(passphrase, salt, memory_kib, passes).ok_or_else(internal)?;
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
