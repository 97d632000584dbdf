//! What may be asked of a node. Fronts send these through the control socket, or run them themselves where no node is running.

mod bundle;
mod key;
mod neighbour;
mod roster;
mod tree;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroize;

use crate::{error::Text, secret::Secret};

pub use bundle::Bundle;
pub use key::{Accepting, Burning, Ending, Keep, KeyCommand};
pub use neighbour::NeighbourCommand;
pub use roster::RosterCorrection;
pub use tree::{KeyFile, OrgChange, Proposal, Root};

/// Who acts: which key, and how to unlock it. The passphrase is wiped from memory when dropped.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Unlock {
    /// The key: beginning of its hex, or its label; absent: the one key of this machine.
    pub key: Option<String>,
    /// The passphrase.
    #[serde(with = "crate::secret::hex_option")]
    pub passphrase: Option<String>,
}

impl Drop for Unlock {
    fn drop(&mut self) {
        self.passphrase.zeroize();
    }
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
    Init {
        /// Code of the first organisation.
        code: String,
        /// Its name.
        name: String,
        /// city, county or province.
        kind: String,
        /// How many root keys.
        #[serde(default = "one")]
        root_keys: u8,
        /// How many of them name a successor together.
        #[serde(default = "one")]
        root_threshold: u8,
    },
    /// Joins a network by an invite.
    Join {
        /// The invite's text: it holds a key.
        invite: Secret,
        /// What to call the grant; absent: the role.
        label: Option<String>,
    },
    /// Adds an organisation below this one.
    OrgAdd {
        /// Its code.
        code: String,
        /// province, city, county, township, school, organiser.
        kind: String,
        /// Its name.
        name: String,
        /// The township it lies in; absent: directly below this organisation.
        parent: Option<String>,
    },
    /// Lists organisations.
    OrgList,
    /// Describes, moves, closes or shows organisations.
    Org(OrgChange),
    /// The root's keys.
    Root(Root),
    /// Moves an encrypted key file to a stick and back.
    KeyFile(KeyFile),
    /// Makes an invite.
    Invite {
        /// For this organisation.
        org: String,
        /// clerk, principal, reviewer, admin, policy_officer, auditor.
        role: String,
        /// A post inside the organisation.
        office: Option<String>,
        /// Valid for so long, ms.
        expires_ms: u64,
        /// `host:port` of the node that answers it.
        address: Option<String>,
    },
    /// Invites and what became of them.
    Invites {
        /// Into this organisation only.
        org: Option<String>,
    },
    /// People's keys.
    Key(KeyCommand),
    /// Reads sheets: orgs, roster, activities, attendance, signin, registrations.
    Import(Import),
    /// Rows as stored, every field; to a file where named, else in the reply.
    Export {
        /// A row type's word, or a group of them.
        kind: String,
        /// Of this organisation only.
        org: Option<String>,
        /// Of this year only.
        year: Option<u16>,
        /// How it is written.
        format: Format,
        /// CSV in GB18030.
        gbk: bool,
        /// Into this file.
        out: Option<PathBuf>,
    },
    /// Fills a form of offices.
    Report(Report),
    /// Records one training of one teacher.
    Record(Record),
    /// Corrects what a school's roster says about a teacher.
    RosterCorrect(RosterCorrection),
    /// Writes a descriptive register field: a conflict if two machines do so at once.
    Describe {
        /// `id.field`.
        key: String,
        /// Its value.
        value: String,
    },
    /// Syncs with the neighbours, or with one address.
    Sync {
        /// `host:port`; absent: every neighbour.
        address: Option<String>,
        /// Gives up after so long, ms.
        timeout_ms: u64,
    },
    /// The nodes that this one dials.
    Neighbour(NeighbourCommand),
    /// Sync by files, where no line leads.
    Bundle(Bundle),
    /// What is here, and how far it has come.
    Status,
    /// A teacher's records.
    Teacher {
        /// 教师编号
        number: String,
    },
    /// A teacher's records and account, every figure explained.
    TeacherExplain {
        /// 教师编号
        number: String,
        /// As of this day, `YYYY-MM-DD`; absent: today.
        as_of: Option<String>,
    },
    /// The policies at hand and which hold from when.
    PolicyList,
    /// One policy with its rules. Policies are named by a file's path, an id, or `ID@EDITION`.
    PolicyShow {
        /// Which.
        policy: String,
    },
    /// What is wrong with a policy.
    PolicyCheck {
        /// Which.
        policy: String,
    },
    /// Adopts a policy from a day on.
    PolicyAdopt {
        /// Which.
        policy: String,
        /// First day, `YYYY-MM-DD`.
        from: String,
        /// The policy that it is used on top of.
        overlay_of: Option<String>,
        /// Only for these stages; empty: those of the text.
        stages: Vec<String>,
        /// Only for these organisations and those below them; empty: everyone below.
        orgs: Vec<String>,
        /// Instead of what was adopted for that day.
        replace: bool,
        /// Why.
        reason: Option<String>,
    },
    /// What differs between two policies, and whose account it moves.
    PolicyDiff {
        /// The one now.
        old: String,
        /// The one to come.
        new: String,
        /// Accounts as of this day, `YYYY-MM-DD`; absent: today.
        as_of: Option<String>,
    },
    /// Prepares certificates for accounts that meet their cycle.
    CertificatePrepare {
        /// One teacher; absent: everyone of this organisation's schools.
        teacher: Option<String>,
        /// The name, where it cannot be read here.
        name: Option<String>,
        /// Names: lines of `export persons`.
        names: Option<PathBuf>,
        /// Accounts as of this day, `YYYY-MM-DD`; absent: today.
        as_of: Option<String>,
        /// Also where there is one already: the new one takes its place.
        replace: bool,
    },
    /// Confirms prepared certificates.
    CertificateConfirm {
        /// One; absent: all that wait.
        no: Option<String>,
    },
    /// Withdraws one: the city, or the county before the confirmation.
    CertificateWithdraw {
        /// 证号
        no: String,
        /// Why.
        reason: String,
    },
    /// Certificates of a number or a teacher.
    CertificateShow {
        /// 证号 or 教师编号
        named: String,
        /// Make the text to be printed: needs the key that prepared it.
        text: bool,
        /// And as a QR code.
        qr: bool,
        /// The name, where it cannot be read here.
        name: Option<String>,
    },
    /// Verifies a certificate's text.
    VerifyText {
        /// `TZ1:` and base45.
        text: String,
        /// The network's id in hex, where no ledger says it.
        #[serde(default)]
        network: Option<String>,
    },
    /// Conflicts that wait for a person.
    ConflictList,
    /// Settles one: names the value (1, 2, …) to keep, or gives another.
    ConflictSettle {
        /// The register's key, or the rivals' natural id.
        key: String,
        /// The value to keep, counted from 1.
        choose: Option<usize>,
        /// Another value.
        value: Option<String>,
    },
    /// Registrations waiting for a decision.
    ReviewList {
        /// Of this school only.
        org: Option<String>,
    },
    /// Decides.
    ReviewDecide {
        /// approved, returned, rejected.
        verdict: String,
        /// Row names, `HEX.INDEX`.
        rows: Vec<String>,
        /// The entry that holds a sheet.
        sheet: Option<String>,
        /// Every pending registration whose activity claims to be approved.
        claimed: bool,
        /// Of this organisation and those below it only; goes with `claimed`.
        #[serde(default)]
        org: Option<String>,
        /// Why.
        reason: Option<String>,
    },
    /// Locks a year of one school, or of every school below.
    ReviewLock {
        /// The school.
        org: Option<String>,
        /// Every school below.
        all: bool,
        /// The year.
        year: u16,
        /// Also where registrations wait for a decision.
        even_pending: bool,
        /// Why.
        reason: Option<String>,
    },
    /// Opens a locked year.
    ReviewUnlock {
        /// The school.
        org: String,
        /// The year.
        year: u16,
        /// Why.
        reason: String,
    },
    /// What arrived after a lock, and the locks.
    ReviewLate {
        /// Of this organisation and those below it only.
        org: Option<String>,
    },
    /// Lets entries count that arrived after a lock.
    ReviewAccept {
        /// Entries, hex or its beginning.
        entries: Vec<String>,
        /// Why.
        reason: String,
    },
    /// Says what is here of every school below: an anchor for times.
    ReviewCheckpoint {
        /// `YYYY-MM`; absent: this month.
        month: Option<String>,
    },
    /// Plans on which this organisation decides.
    PlanList {
        /// Of this organisation and those below it only.
        org: Option<String>,
        /// Also those that are decided.
        all: bool,
    },
    /// Decides on plans.
    PlanDecide {
        /// approved, returned, refused.
        verdict: String,
        /// Rows of plans or activities, `HEX.INDEX`.
        plans: Vec<String>,
        /// When it was decided, `YYYY-MM-DD`; absent: today.
        day: Option<String>,
        /// It holds although the activity had begun.
        retroactive: bool,
        /// Why.
        reason: Option<String>,
    },
    /// Publishes a rollup.
    RollupPublish {
        /// The calendar year.
        period: u16,
        /// Accounts are as of this day, `YYYY-MM-DD`; absent: today, or the last day of the year once it is over.
        #[serde(default)]
        as_of: Option<String>,
    },
    /// Draws and publishes the seed of a sample of one of an organisation below.
    RollupSample {
        /// The entry, hex or its beginning.
        id: String,
        /// So many teachers.
        k: u32,
    },
    /// Every rollup that is here.
    RollupList {
        /// Of this organisation only.
        org: Option<String>,
    },
    /// Shows one.
    RollupShow {
        /// The entry, hex or its beginning.
        id: String,
    },
    /// Verifies one: signature and sums; sampled lines with proofs; everything.
    RollupVerify {
        /// The entry, hex or its beginning.
        id: String,
        /// Recompute everything.
        deep: bool,
        /// So many teachers, chosen by the seed; absent: as the seeds say that someone above published, if any did.
        sample: Option<usize>,
        /// The seed.
        seed: Option<String>,
    },
    /// Walks every entry here: bytes, signatures, logs, grants, standing, receipts, rollups.
    AuditVerify,
    /// Asks that a teacher be forgotten.
    Erase {
        /// 教师编号
        teacher: String,
        /// Why.
        reason: String,
    },
    /// Confirms it, as the county.
    EraseConfirm {
        /// 教师编号
        teacher: String,
    },
    /// What schools asked for.
    EraseList,
    /// Every entry that the acting key's organisations, or this node's, may read: as a CBOR sequence, or its rows as JSON lines.
    AuditExport {
        /// Into this file.
        out: PathBuf,
        /// Rows as JSON lines.
        jsonl: bool,
        /// Only what concerns this organisation and those below it, with the registries on which it rests.
        #[serde(default)]
        org: Option<String>,
    },
    /// Every hand that touched a record, and every number that followed from it.
    AuditHistory {
        /// A row's name or its beginning, what rows are about, or a teacher.
        record: String,
        /// Of this teacher's registration in this activity.
        activity: Option<String>,
    },
    /// Is this machine well, and does what is written here arrive?
    Doctor,
    /// Checks the store against its journal; rebuilds the index if asked.
    Check {
        /// What was lost is lost: `status` tells of it no more.
        accept_loss: bool,
        /// Make the index anew first.
        rebuild: bool,
    },
    /// Cuts every link, or lets them stand again (drills, demos).
    Links {
        /// Cut, or let stand.
        cut: bool,
    },
    /// Ends the running node.
    Stop,
}

fn one() -> u8 {
    1
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

/// Which form, of whom, how written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// form-01 to form-21.
    pub form: String,
    /// How it is written.
    pub format: Format,
    /// CSV in GB18030.
    pub gbk: bool,
    /// Of this organisation and those below it; absent: this node's.
    pub org: Option<String>,
    /// Of this year.
    pub year: Option<u16>,
    /// Figures as of this day, `YYYY-MM-DD`; absent: today.
    pub as_of: Option<String>,
    /// Of this teacher only.
    pub teacher: Option<String>,
    /// Of this activity only.
    pub activity: Option<String>,
    /// CSV and workbook in English.
    pub english: bool,
    /// For the province or the public: no teachers, no numbers below five.
    pub public: bool,
    /// Into this file.
    pub out: Option<PathBuf>,
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
    /// Although a training with the same title, last day and hours is recorded.
    #[serde(default)]
    pub again: bool,
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
