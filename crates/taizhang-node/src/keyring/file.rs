//! `keyring.json`: the records that this node keeps, outside of the journal, rewritten whole (docs/storage.md).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use taizhang_core::{
    id::{DocId, from_hex},
    names::KeyId,
};
use taizhang_sync::keys::{KeyRecord, KeySet};

use super::hex;
use crate::{error::CommandError, folder::Folder};

const FILE: &str = "keyring.json";
/// A file that could not be read is put here.
const DAMAGED: &str = "keyring.json.bad";

/// The first version also had the teacher's number beside each key.
#[derive(Debug, Serialize, Deserialize)]
struct File {
    schema: String,
    keys: Vec<Kept>,
}

/// One teacher's key; all hex.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// The identity document.
    document: String,
    /// First 8 bytes of SHA-256(key).
    key_id: String,
    /// One for each person who may open it.
    wrapped: Vec<Wrapped>,
}

/// The key under the shared secret of a one-time key and a person's sealing key; all hex.
#[derive(Debug, Serialize, Deserialize)]
struct Wrapped {
    to: String,
    ephemeral: String,
    sealed: String,
}

/// The records in the file. One that cannot be read is put aside, and the node goes on without: other nodes of the school and the county have them too.
///
/// # Errors
/// The disk fails.
pub(crate) fn load(folder: &Folder) -> Result<Vec<KeyRecord>, CommandError> {
    let Some(bytes) = folder.read(FILE)? else { return Ok(Vec::new()) };
    if let Some(records) = parse(&bytes) {
        return Ok(records);
    }
    tracing::warn!("keyring.json cannot be read; it is kept as {DAMAGED}, and filled again from other nodes");
    folder.set_aside(FILE, DAMAGED)?;
    Ok(Vec::new())
}

/// Keeps these records and nothing else. What stood in the file is overwritten.
///
/// # Errors
/// The disk fails: then the file is as before.
pub(crate) fn save(folder: &Folder, keys: &KeySet) -> Result<(), CommandError> {
    let bytes = serde_json::to_vec_pretty(&File { schema: "taizhang.keyring/2".to_owned(), keys: group(keys) });
    folder.write_over(FILE, &bytes.map_err(CommandError::storage)?)
}

/// Was a file put aside that could not be read?
pub(crate) fn is_damaged(folder: &Folder) -> bool {
    folder.file(DAMAGED).exists()
}

/// Keys were erased: a damaged file may still hold them.
pub(crate) fn forget_damaged(folder: &Folder) {
    folder.wipe(DAMAGED);
}

fn group(keys: &KeySet) -> Vec<Kept> {
    let mut by_key: BTreeMap<(DocId, KeyId), Vec<Wrapped>> = BTreeMap::new();
    for r in keys.iter() {
        let wrapped = Wrapped { to: hex(&r.to), ephemeral: hex(&r.ephemeral), sealed: hex(&r.sealed) };
        by_key.entry((r.document, r.key)).or_default().push(wrapped);
    }
    let kept = |((document, key), wrapped): ((DocId, KeyId), _)| Kept {
        document: hex(&document.to_bytes()),
        key_id: hex(&key),
        wrapped,
    };
    by_key.into_iter().map(kept).collect()
}

pub(super) fn parse(bytes: &[u8]) -> Option<Vec<KeyRecord>> {
    let file: File = serde_json::from_slice(bytes).ok()?;
    if !matches!(file.schema.as_str(), "taizhang.keyring/1" | "taizhang.keyring/2") {
        return None;
    }
    let mut out = Vec::new();
    for kept in file.keys {
        let document = DocId::from_bytes(&from_hex(&kept.document)?)?;
        let key: KeyId = array(&kept.key_id)?;
        for w in kept.wrapped {
            let (to, ephemeral, sealed) = (array(&w.to)?, array(&w.ephemeral)?, array(&w.sealed)?);
            out.push(KeyRecord { document, key, to, ephemeral, sealed });
        }
    }
    Some(out)
}

fn array<const N: usize>(text: &str) -> Option<[u8; N]> {
    from_hex(text)?.try_into().ok()
}
