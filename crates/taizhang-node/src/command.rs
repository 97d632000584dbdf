//! What may be asked of a node. Fronts send these through the control socket, or run them themselves where no node is running.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::Text;

/// Who acts: which key, and how to unlock it.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Unlock {
    /// The key: beginning of its hex, or its label; absent: the one key of this machine.
    pub key: Option<String>,
    /// The passphrase.
    pub passphrase: Option<String>,
}

impl std::fmt::Debug for Unlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Unlock({:?})", self.key)
    }
}

/// A request as it travels to the running node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Who acts.
    pub unlock: Unlock,
    /// What to do.
    pub command: Command,
}

/// What may be asked. Organisations are named by code or by the hex of their id; files by absolute path.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Founds a network.
    Init { code: String, name: String, kind: String },
    /// Joins a network by an invite.
    Join { invite: String, label: Option<String> },
    /// Adds an organisation below this one.
    OrgAdd { code: String, kind: String, name: String, parent: Option<String> },
    /// Lists organisations.
    OrgList,
    /// Makes an invite.
    Invite { org: String, role: String, office: Option<String>, expires_ms: u64, address: Option<String> },
    /// Reads sheets: orgs, roster, activities, attendance, signin, registrations.
    Import(Import),
    /// Rows as stored, every field; to a file where named, else in the reply.
    Export { kind: String, org: Option<String>, year: Option<u16>, format: Format, gbk: bool, out: Option<PathBuf> },
    /// Records one training of one teacher.
    Record(Record),
    /// Writes a descriptive register field: a conflict if two machines do so at once.
    Describe { key: String, value: String },
    /// Syncs with the neighbours, or with one address.
    Sync { address: Option<String>, timeout_ms: u64 },
    /// What is here, and how far it has come.
    Status,
    /// A teacher's records.
    Teacher { number: String },
    /// Conflicts that wait for a person.
    ConflictList,
    /// Settles one: names the value (1, 2, …) to keep, or gives another.
    ConflictSettle { key: String, choose: Option<usize>, value: Option<String> },
    /// Registrations waiting for a decision.
    ReviewList { org: Option<String> },
    /// Decides.
    ReviewDecide { verdict: String, rows: Vec<String>, sheet: Option<String>, claimed: bool, reason: Option<String> },
    /// Publishes a rollup.
    RollupPublish { period: u16 },
    /// Shows one.
    RollupShow { id: String },
    /// Verifies one: signature and sums; sampled lines with proofs; everything.
    RollupVerify { id: String, deep: bool, sample: Option<usize>, seed: Option<String> },
    /// Walks every entry here: bytes, signatures, logs, grants, standing, receipts, rollups.
    AuditVerify,
    /// Every entry that may be read here, as a CBOR sequence, or its rows as JSON lines.
    AuditExport { out: PathBuf, jsonl: bool },
    /// Checks the store against its journal; rebuilds the index if asked.
    Check { rebuild: bool },
    /// Cuts every link, or lets them stand again (drills, demos).
    Links { cut: bool },
    /// Ends the running node.
    Stop,
}

/// What to read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Import {
    /// orgs, roster, activities, attendance, signin, registrations.
    pub kind: String,
    /// Absolute paths.
    pub files: Vec<PathBuf>,
    /// The organisation, where it is not this node's.
    pub org: Option<String>,
    /// The year of a sign-in sheet.
    pub year: Option<u16>,
    /// 1 or 2.
    pub semester: Option<u8>,
    /// The activity of a sign-in sheet.
    pub activity: Option<String>,
    /// Read and report only.
    pub dry_run: bool,
    /// Leave out rows that cannot be read.
    pub skip_bad_rows: bool,
}

/// One training of one teacher.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// 教师编号
    pub teacher: String,
    /// Number of the activity, or
    pub activity: Option<String>,
    /// the title of a training elsewhere.
    pub title: Option<String>,
    /// Its organiser.
    pub organiser: Option<String>,
    /// concentrated, nonconcentrated, school_based, online, degree, enterprise, self_study.
    pub kind: Option<String>,
    /// Hundredths of an hour.
    pub h100: u32,
    /// First day, `YYYY-MM-DD`; absent: the last day.
    pub start: Option<String>,
    /// Last day, `YYYY-MM-DD`.
    pub end: String,
    /// pass, fail, none, retake.
    pub assessment: Option<String>,
    /// 备注
    pub note: Option<String>,
}

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// One JSON object a line.
    Jsonl,
    /// CSV, UTF-8 with BOM unless GB18030 is asked for.
    Csv,
    /// A workbook.
    Xlsx,
}

/// The result of a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// `taizhang.NAME/1`.
    pub schema: String,
    /// Its fields.
    #[serde(flatten)]
    pub data: Map<String, Value>,
    /// Lines of an export, in order, where no file was named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Value>,
}

impl Reply {
    /// A result with its fields.
    #[must_use]
    pub fn new(name: &str, data: Value) -> Self {
        let data = if let Value::Object(map) = data { map } else { Map::new() };
        Self { schema: format!("taizhang.{name}/1"), data, lines: Vec::new() }
    }
}

/// What a command says before its result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case")]
pub enum Message {
    /// How far long work has come.
    Progress {
        /// What is being done: a word.
        what: String,
        /// So much is done…
        done: u64,
        /// …of so much; 0 where unknown.
        total: u64,
    },
    /// A sentence for the person.
    Note(Text),
}
