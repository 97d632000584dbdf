//! `erase`: a teacher is forgotten.

use clap::{Args, Subcommand};
use taizhang_node::command::Command;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Erase {
    #[command(subcommand)]
    what: Option<What>,
    /// 教师编号 | The teacher's number
    #[arg(value_name = "TEACHER", required = true)]
    teacher: Option<String>,
    /// 理由, 会留在台账里 | The reason; it stays in the ledger
    #[arg(long, value_name = "TEXT", required = true)]
    reason: Option<String>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// 区县确认: 从此任何电脑都不再保留 | Confirm it, as the county: from then on no machine keeps the name
    Confirm {
        /// 教师编号 | The teacher's number
        #[arg(value_name = "TEACHER")]
        teacher: String,
    },
    /// 学校提出了哪些, 到了哪一步 | What schools asked for, and what became of it
    List,
}

impl Erase {
    pub(super) fn command(self) -> Command {
        match self.what {
            Some(What::Confirm { teacher }) => Command::EraseConfirm { teacher },
            Some(What::List) => Command::EraseList,
            // Both are there: the parser asks for them.
            None => Command::Erase { teacher: self.teacher.unwrap_or_default(), reason: self.reason.unwrap_or_default() },
        }
    }
}
