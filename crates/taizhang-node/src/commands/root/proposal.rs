//! A successor of the root statement on its way from key to key: a JSON file.

use std::{fs, io::Write as _, path::Path};

use serde::{Deserialize, Serialize};
use taizhang_core::{
    id::{NetworkId, PublicKey, from_hex},
    op::RowName,
    root::signed_bytes,
    rows::{RootStatement, RowType},
};

use crate::error::{CommandError, ErrorKind, io_text};

const SCHEMA: &str = "taizhang.root-proposal/1";
/// A statement has at most 3 KiB.
const BYTES_MAX: u64 = 64 * 1024;

#[derive(Serialize, Deserialize)]
struct File {
    schema: String,
    network: String,
    replaces: Vec<String>,
    /// The row's fields without signatures, hex.
    fields: String,
    signatures: Vec<(String, String)>,
}

/// What it says, with the signatures so far.
pub(super) struct Proposed {
    pub(super) network: NetworkId,
    pub(super) replaces: Vec<RowName>,
    pub(super) statement: RootStatement,
}

impl Proposed {
    /// What every key signs.
    pub(super) fn message(&self) -> Vec<u8> {
        signed_bytes(&self.network, &self.replaces, &self.statement)
    }

    /// Writes it; a new one takes no other file's place.
    pub(super) fn save(&self, path: &Path, is_new: bool) -> Result<(), CommandError> {
        let unsigned = RootStatement { signatures: None, ..self.statement.clone() };
        let signatures = self.statement.signatures.as_deref().unwrap_or_default();
        let file = File {
            schema: SCHEMA.to_owned(),
            network: self.network.to_string(),
            replaces: self.replaces.iter().map(ToString::to_string).collect(),
            fields: hex(&unsigned.to_fields()),
            signatures: signatures.iter().map(|(k, s)| (k.to_string(), hex(s))).collect(),
        };
        let text = serde_json::to_vec_pretty(&file).map_err(CommandError::storage)?;
        let write = || {
            let mut out = fs::OpenOptions::new().write(true).create(true).create_new(is_new).truncate(true).open(path)?;
            out.write_all(&text)?;
            out.sync_all()
        };
        write().map_err(|e| unusable(path, &e))
    }

    /// Reads one of this network.
    pub(super) fn load(path: &Path, network: NetworkId) -> Result<Self, CommandError> {
        let length = fs::metadata(path).map_err(|e| unusable(path, &e))?.len();
        let text = if length <= BYTES_MAX { fs::read(path).map_err(|e| unusable(path, &e))? } else { Vec::new() };
        let proposed = serde_json::from_slice(&text).ok().and_then(|file| Self::read(&file)).ok_or_else(|| {
            let at = path.display();
            CommandError::not_found(format!("{at} 不是根密钥提案"), format!("{at} is no proposal of root keys"))
                .hint("用 taizhang root propose 生成", "make one with `taizhang root propose`")
        })?;
        if proposed.network == network {
            return Ok(proposed);
        }
        Err(CommandError::new(ErrorKind::Refused, "提案属于另一个台账网络", "the proposal is for another network"))
    }

    fn read(file: &File) -> Option<Self> {
        let fields = from_hex(&file.fields).filter(|_| file.schema == SCHEMA)?;
        let mut statement = RootStatement::from_fields(&fields).ok()?.row;
        let signature = |(k, s): &(String, String)| Some((PublicKey::from_hex(k)?, from_hex(s)?.try_into().ok()?));
        let signatures = file.signatures.iter().map(signature).collect::<Option<Vec<_>>>()?;
        statement.signatures = (!signatures.is_empty()).then_some(signatures);
        let replaces = file.replaces.iter().map(|r| RowName::parse(r)).collect::<Option<Vec<_>>>()?;
        Some(Self { network: NetworkId::from_hex(&file.network)?, replaces, statement })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unusable(path: &Path, e: &std::io::Error) -> CommandError {
    let (at, why) = (path.display(), io_text(e));
    CommandError::not_found(format!("无法使用 {at}: {}", why.zh), format!("cannot use {at}: {}", why.en))
        .hint("请检查路径; 新文件不会覆盖已有的文件", "check the path; a new file replaces no other")
}
