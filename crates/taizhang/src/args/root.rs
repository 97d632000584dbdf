//! `root`, and `key new|export|import|remove`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use taizhang_node::{
    command::{Command, KeyFile, Proposal, Root as Step},
    error::CommandError,
};

use super::absolute;

#[derive(Debug, Subcommand)]
pub(crate) enum Root {
    /// 现任根密钥 | The keys of now
    Show,
    /// 提议接任的根密钥 | Propose the keys that succeed
    Propose(Propose),
    /// 用一个根密钥签名 (--as) | Sign with one root key (--as)
    Sign {
        /// 提案文件 | The proposal
        file: PathBuf,
    },
    /// 发布签齐的提案 (--as) | Publish what is signed by enough (--as)
    Publish {
        /// 提案文件 | The proposal
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Propose {
    /// 提案写入此文件 | Write the proposal into this file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// 全部根密钥; 默认为现任的 | All keys; default: those of now
    #[arg(long, value_delimiter = ',', value_name = "KEY,…")]
    keys: Vec<String>,
    /// 增加 | Add
    #[arg(long, value_delimiter = ',', value_name = "KEY,…")]
    add: Vec<String>,
    /// 去掉 | Remove
    #[arg(long, value_delimiter = ',', value_name = "KEY,…")]
    remove: Vec<String>,
    /// 几个密钥可以一起指定下一任 | How many name the next ones together
    #[arg(long)]
    threshold: Option<u8>,
    /// 原因 | Why
    #[arg(long)]
    reason: Option<String>,
}

impl Root {
    pub(super) fn command(self) -> Result<Command, CommandError> {
        Ok(Command::Root(match self {
            Self::Show => Step::Show,
            Self::Propose(Propose { out, keys, add, remove, threshold, reason }) => {
                Step::Propose(Proposal { out: absolute(&out)?, keys, add, remove, threshold, reason })
            }
            Self::Sign { file } => Step::Sign { file: absolute(&file)? },
            Self::Publish { file } => Step::Publish { file: absolute(&file)? },
        }))
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// 生成一个还没有授权的密钥, 例如接任的根密钥 | Make a key without any grant, such as one to succeed a root key
    New {
        /// 在本机的名称 | What it is called on this machine
        label: String,
    },
    /// 把加密的密钥文件复制出去 | Copy an encrypted key file
    Export {
        /// 密钥: 名称或公钥开头 | The key: its label, or the beginning of its public key
        key: String,
        /// 写入此文件 | Into this file
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// 取回密钥文件 | Bring a key file back
    Import {
        /// 密钥文件 | The key file
        file: PathBuf,
    },
    /// 从本机移除密钥 | Remove a key from this machine
    Remove {
        /// 密钥: 名称或公钥开头 | The key: its label, or the beginning of its public key
        key: String,
        /// 已导出的副本, 须与本机的相同 | The exported copy, which must be the same
        #[arg(long, value_name = "FILE")]
        copy: PathBuf,
    },
}

impl Key {
    pub(super) fn command(self) -> Result<Command, CommandError> {
        Ok(Command::KeyFile(match self {
            Self::New { label } => KeyFile::New { label },
            Self::Export { key, out } => KeyFile::Export { key, out: absolute(&out)? },
            Self::Import { file } => KeyFile::Import { file: absolute(&file)? },
            Self::Remove { key, copy } => KeyFile::Remove { key, copy: absolute(&copy)? },
        }))
    }
}
