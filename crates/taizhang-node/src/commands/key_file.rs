//! `key new`, `key export`, `key import`, `key remove`: a key is made; an encrypted key file goes to a stick and back. Root keys belong there.

use std::{fs, os::unix::fs::MetadataExt, path::Path};

use serde_json::json;

use super::{Context, found::passphrase_of, sane::LABEL_BYTES_MAX};
use crate::{
    command::{KeyFile, Reply},
    error::{CommandError, ErrorKind, io_text},
    keyfile,
};

/// A key file has less than 1 KB.
const BYTES_MAX: u64 = 16 * 1024;

/// Runs one of them.
pub(crate) fn run(c: &Context<'_>, what: &KeyFile) -> Result<Reply, CommandError> {
    match what {
        KeyFile::New { label } => new(c, label),
        KeyFile::Export { key, out } => export(c, key, out),
        KeyFile::Import { file } => import(c, file),
        KeyFile::Remove { key, copy } => remove(c, key, copy),
    }
}

/// Under a name that no other key here has, or nobody could say which is meant.
fn new(c: &Context<'_>, label: &str) -> Result<Reply, CommandError> {
    let folder = c.core.folder();
    if label.trim().is_empty() || label.len() > LABEL_BYTES_MAX || keyfile::list(folder)?.iter().any(|k| k.label == label) {
        return Err(CommandError::new(
            ErrorKind::Refused,
            format!("密钥名称 {label} 为空、过长或已用过"),
            format!("the name {label} is empty, too long, or another key's"),
        )
        .hint("请换一个名称", "choose another name"));
    }
    let passphrase = passphrase_of(c.unlock)?;
    let person = keyfile::create(folder, label, passphrase)?;
    Ok(Reply::new("key-new", json!({ "key": person.key.public().to_string(), "label": label })))
}

fn export(c: &Context<'_>, named: &str, out: &Path) -> Result<Reply, CommandError> {
    let public = keyfile::find(c.core.folder(), named)?;
    keyfile::copy_to(c.core.folder(), public, out).map_err(|e| unusable(out, &e))?;
    Ok(Reply::new("key-exported", json!({ "key": public.to_string(), "file": out.display().to_string() })))
}

fn import(c: &Context<'_>, file: &Path) -> Result<Reply, CommandError> {
    let (key, bytes) = read(file)?;
    let folder = c.core.folder();
    if keyfile::list(folder)?.iter().any(|k| k.public == key.public) {
        return Err(CommandError::new(ErrorKind::Refused, "本机已有此密钥", "this key is on this machine already"));
    }
    folder.write(&format!("keys/{}.json", key.public), &bytes)?;
    Ok(Reply::new("key-imported", json!({ "key": key.public.to_string(), "label": key.label })))
}

/// Only what another file holds is removed: a key that is lost cannot be made again.
fn remove(c: &Context<'_>, named: &str, copy: &Path) -> Result<Reply, CommandError> {
    let folder = c.core.folder();
    let public = keyfile::find(folder, named)?;
    let (_, bytes) = read(copy)?;
    let name = format!("keys/{public}.json");
    let here = folder.read(&name)?;
    // Two names of one file are one copy, hard links too: the file is overwritten.
    let file_of = |path: &Path| fs::metadata(path).map(|m| (m.dev(), m.ino())).ok();
    let is_same_file = file_of(copy) == file_of(&folder.file(&name));
    if here.as_deref() != Some(&bytes) || is_same_file {
        let at = copy.display();
        return Err(CommandError::new(
            ErrorKind::Refused,
            format!("{at} 不是此密钥的副本"),
            format!("{at} is no copy of this key"),
        )
        .hint("先用 taizhang key export 导出", "export it first with `taizhang key export`"));
    }
    folder.destroy(&name)?;
    folder.remove(&format!("keys/{public}.tries"));
    Ok(Reply::new("key-removed", json!({ "key": public.to_string(), "file": copy.display().to_string() })))
}

fn read(file: &Path) -> Result<(keyfile::KeyName, Vec<u8>), CommandError> {
    let length = fs::metadata(file).map_err(|e| unusable(file, &e))?.len();
    let bytes = if length <= BYTES_MAX { fs::read(file).map_err(|e| unusable(file, &e))? } else { Vec::new() };
    let key = keyfile::name_of(&bytes).ok_or_else(|| {
        let at = file.display();
        CommandError::new(ErrorKind::Key, format!("{at} 不是密钥文件"), format!("{at} is no key file"))
            .hint("用 taizhang key export 导出的文件", "use a file of `taizhang key export`")
    })?;
    Ok((key, bytes))
}

fn unusable(path: &Path, e: &std::io::Error) -> CommandError {
    let (at, why) = (path.display(), io_text(e));
    CommandError::not_found(format!("无法使用 {at}: {}", why.zh), format!("cannot use {at}: {}", why.en))
        .hint("请检查路径; 已有的文件不会被覆盖", "check the path; no file that is there is replaced")
}
