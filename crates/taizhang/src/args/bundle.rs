//! `bundle`.

use std::path::PathBuf;

use clap::Subcommand;
use taizhang_node::{
    command::{self, Command},
    error::CommandError,
};

use super::absolute;

#[derive(Debug, Subcommand)]
pub(crate) enum Bundle {
    /// 写出对方节点还没有的内容, 只有对方能打开 | Write what another node lacks; only that node can open it
    Write {
        /// 对方: 节点密钥 (至少前 6 位), 或机构代码 | The other: a node's key (6 digits or more), or its organisation's code
        #[arg(long, value_name = "KEY|CODE")]
        to: String,
        /// 该节点为哪个机构工作 (几个机构都认可它时) | For which organisation, where several certify that node
        #[arg(long = "for", value_name = "CODE")]
        org: Option<String>,
        /// 写入此文件; 不覆盖已有文件 | Into this file; none is replaced
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// 给市或省的也包含台账 | To a city or province also the ledgers
        #[arg(long)]
        ledgers: bool,
    },
    /// 读入带来的内容, 可同时写出回信 | Read what was brought; write the answer too if asked
    Read {
        /// 数据包 | The bundle
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// 回信写入此文件 | Write the answer into this file
        #[arg(long, value_name = "FILE")]
        answer: Option<PathBuf>,
    },
}

impl Bundle {
    pub(super) fn command(self) -> Result<Command, CommandError> {
        Ok(Command::Bundle(match self {
            Self::Write { to, org, out, ledgers } => command::Bundle::Write { to, org, out: absolute(&out)?, ledgers },
            Self::Read { file, answer } => {
                command::Bundle::Read { file: absolute(&file)?, answer: answer.as_deref().map(absolute).transpose()? }
            }
        }))
    }
}
