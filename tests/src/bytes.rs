//! Bytes at the UDP payload, both directions, through a counting relay: what each kind of work costs, against what its best peer needs (docs/benchmarks.md).

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command as Process,
    time::Duration,
};

use taizhang_core::{
    id::{DocId, Kind},
    op::PayloadBuilder,
    rows::{ActivityKind, Elsewhere, RowType, field::Bytes},
    units::{Day, Ms},
};
use taizhang_net::relay::{Counts, Line, Relay};
use taizhang_node::{
    command::{Command, Import},
    commands,
    core::{Act, Core},
    driver::NodeEvent,
    folder::Folder,
    keyfile,
};
use taizhang_sync::Event;
use tempfile::TempDir;

use crate::nodes::{PASSPHRASE, Running, founded, joined, text, unlock};

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The work.
    pub work: &'static str,
    /// What may be needed at most, in bytes.
    pub limit_bytes: u64,
    /// What was needed.
    pub counts: Counts,
}

impl Measured {
    /// Both directions.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.counts.bytes()
    }
}

/// A county and a school with a relay between them.
pub struct Pair {
    dir: TempDir,
    county: Running,
    school: Folder,
    relay: Relay,
    runtime: tokio::runtime::Runtime,
}

const QUIET: Duration = Duration::from_millis(700);

impl Pair {
    /// Founds, invites, joins, and syncs the registry.
    #[must_use]
    pub fn new() -> Self {
        let dir = TempDir::new().expect("a temporary folder");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let folder = founded(&dir.path().join("county"), "county");
        let mut settings = folder.settings().expect("settings");
        settings.receipt_interval_ms = 0;
        folder.save_settings(&settings).expect("settings");
        let county = Running::start(&folder, true);
        let target: SocketAddr = county.address.expect("listens");
        let relay = runtime.block_on(Relay::start(target, Line::default())).expect("a relay");
        let add = Command::OrgAdd { code: "2198000001".into(), kind: "school".into(), name: "明德小学".into(), parent: None };
        county.ask("admin", add).expect("adds a school");
        let address = Some(relay.addr().to_string());
        let invite =
            Command::Invite { org: "2198000001".into(), role: "clerk".into(), office: None, expires_ms: 86_400_000, address };
        let invite = county.ask("admin", invite).expect("invites");
        let school = joined(&dir.path().join("school"), &text(&invite, "invite"));
        let pair = Self { dir, county, school, relay, runtime };
        let running = pair.start_school();
        running.stop();
        pair
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Starts the school's node and waits until nothing is owed.
    fn start_school(&self) -> Running {
        let running = Running::start(&self.school, false);
        running.wait(in_sync).expect("comes into sync");
        running
    }

    fn quiet(&self) -> Counts {
        self.runtime.block_on(self.relay.until_quiet(QUIET))
    }

    fn core(&self) -> Core {
        Core::open(self.school.clone(), &mut |_, _, _| {}).expect("opens")
    }

    /// Counts what the school's node needs from its start until nothing is owed and all is quiet.
    fn fill(&self) -> (Running, Counts) {
        let before = self.quiet();
        let running = self.start_school();
        (running, self.quiet().since(&before))
    }

    fn live(&self, work: impl FnOnce()) -> Counts {
        let before = self.quiet();
        work();
        self.runtime.block_on(self.relay.until(|c| c.bytes() > before.bytes()));
        self.quiet().since(&before)
    }
}

impl Default for Pair {
    fn default() -> Self {
        Self::new()
    }
}

fn receipt(event: &NodeEvent) -> Option<()> {
    matches!(event, NodeEvent::Hub(Event::Receipt { .. })).then_some(())
}

fn in_sync(event: &NodeEvent) -> Option<()> {
    matches!(event, NodeEvent::Hub(Event::InSync { .. })).then_some(())
}

fn stored(event: &NodeEvent) -> bool {
    matches!(event, NodeEvent::Hub(Event::Stored { from: Some(_), .. }))
}

/// The records of `tests/tools/records.py`.
fn records(dir: &Path) -> (PathBuf, PathBuf) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/records.py");
    let made = Process::new("python3").arg(script).current_dir(dir).output().expect("python3 runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (dir.join("records-6000.json"), dir.join("records-40.json"))
}

fn import(kind: &str, file: PathBuf) -> Command {
    let (org, year, semester, activity) = (None, None, None, None);
    Command::Import(Import {
        kind: kind.into(),
        files: vec![file],
        org,
        year,
        semester,
        activity,
        dry_run: false,
        skip_bad_rows: false,
    })
}

fn import_offline(pair: &Pair, file: PathBuf) {
    let mut core = pair.core();
    commands::execute(&mut core, &unlock("clerk"), &import("registrations", file), &mut |_| {}).expect("imports");
}

/// A sheet of 40 rows as a school keeps it.
fn sheet(dir: &Path) -> PathBuf {
    let mut csv = String::from(
        "序号,活动编号,活动名称,教师编号,姓名,应到学时,实到学时,迟到次数,早退次数,请假天数,考核结果,登记日期,备注\n",
    );
    for i in 0..40 {
        let hired = 85 + (i * 7) % 24;
        let hired = hired % 100;
        let got = if i % 9 == 0 { 18 } else { 20 };
        csv.push_str(&format!(
            "{},2198000001-2024-S1,2024年春季学期校本培训,429801{hired:02}00000{i:03},张丽,20,{got},{},0,0,合格,2024-06-30,\n",
            i + 1,
            i % 4 / 3
        ));
    }
    let path = dir.join("attendance.csv");
    std::fs::write(&path, csv).expect("writes");
    path
}

/// Records of the file as single entries, each recorded and signed alone.
fn record_one_by_one(pair: &Pair, file: &Path) {
    let bytes = std::fs::read(file).expect("reads");
    let records: Vec<serde_json::Value> = serde_json::from_slice(&bytes).expect("JSON");
    let mut core = pair.core();
    let key = keyfile::find(&pair.school, "clerk").expect("a key");
    let person = keyfile::unlock(&pair.school, key, PASSPHRASE).expect("unlocks");
    for r in &records {
        let row = elsewhere(r);
        let mut p = PayloadBuilder::default();
        p.row(Elsewhere::TYPE, &[], &row.to_fields());
        let mut act = Act::default();
        act.write(DocId::of_year(core.org(), Kind::Ledger, row.end_day.year()), p);
        core.write(&person, act).expect("records");
    }
}

fn elsewhere(r: &serde_json::Value) -> Elsewhere {
    let text = |field: &str| r.get(field).and_then(serde_json::Value::as_str).expect("text").to_owned();
    let day = |field: &str| Day::parse_iso(&text(field)).expect("a date");
    let kind = match text("kind").as_str() {
        "online" => ActivityKind::Online,
        "school-based" => ActivityKind::SchoolBased,
        "workshop" => ActivityKind::Concentrated,
        _ => ActivityKind::Nonconcentrated,
    };
    let hours = r.get("hours").and_then(serde_json::Value::as_f64).expect("hours");
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::float_arithmetic,
        reason = "1.5 hours of a fixture"
    )]
    let h100 = (hours * 100.0) as u32;
    let at = text("recorded_at");
    let clock = at.get(11..16).and_then(|t| t.split_once(':')).map(|(h, m)| (h.parse::<u64>(), m.parse::<u64>()));
    let (h, m) = clock.expect("a time");
    let (h, m) = (h.expect("hours"), m.expect("minutes"));
    let recorded = Day::parse_iso(at.get(..10).expect("a date")).expect("a date");
    Elsewhere {
        external_id: taizhang_core::id::from_hex(&text("id")).map(Bytes),
        teacher: text("teacher_id"),
        title: text("title"),
        organiser: Some(text("organizer")),
        level: None,
        kind,
        form: Some(text("kind")),
        start_day: day("start"),
        end_day: day("end"),
        h100,
        assessment: None,
        abroad: None,
        degree_level: None,
        claimed_by: Some(text("recorded_by")),
        claimed_at_ms: Some(Ms(Ms::start_of(recorded).0 + (h * 60 + m) * 60_000)),
        evidence: None,
        note: None,
        reason: None,
    }
}

/// 300 starts of the program, a record each.
fn close_300_logs(pair: &Pair, file: &Path) {
    let bytes = std::fs::read(file).expect("reads");
    let records: Vec<serde_json::Value> = serde_json::from_slice(&bytes).expect("JSON");
    let mut core = pair.core();
    let key = keyfile::find(&pair.school, "clerk").expect("a key");
    let person = keyfile::unlock(&pair.school, key, PASSPHRASE).expect("unlocks");
    for (i, r) in records.iter().cycle().take(300).enumerate() {
        let mut row = elsewhere(r);
        row.external_id = Some(Bytes((i as u128).to_be_bytes().to_vec()));
        row.end_day = Day::from_ymd(2024, 6, 30).expect("a date");
        let mut p = PayloadBuilder::default();
        p.row(Elsewhere::TYPE, &[], &row.to_fields());
        let mut act = Act::default();
        act.write(DocId::of_year(core.org(), Kind::Ledger, 2024), p);
        core.begin_new_logs();
        core.write(&person, act).expect("records");
    }
}

/// Every line of the table. `full` takes 6,000 records, else 600 (and a tenth of the limits).
#[must_use]
pub fn measure(full: bool) -> Vec<Measured> {
    let mut out = Vec::new();
    let scratch = TempDir::new().expect("a temporary folder");
    let (large, small) = records(scratch.path());
    let file = if full { large } else { first_600(&large) };
    let share = |limit: u64| if full { limit } else { limit / 10 + 10_000 };

    let pair = Pair::new();
    import_offline(&pair, file.clone());
    pair.county.drain(stored);
    let (running, bulk) = pair.fill();
    running.stop();
    let steps = pair.county.drain(stored);
    assert!(steps > 5, "the county sees entries as they arrive, not at the end: {steps} steps");
    out.push(Measured { work: "first fill, imported in bulk", limit_bytes: share(270_000), counts: bulk });

    close_300_logs(&pair, &small);
    let (running, _) = pair.fill();
    let live = pair.live(|| {
        running.ask("clerk", import("registrations", small.clone())).expect("imports");
    });
    out.push(Measured { work: "40 new records in one act, live", limit_bytes: 3_500, counts: live });
    let sheet = sheet(pair.path());
    running.drain(|_| true);
    let live = pair.live(|| {
        running.ask("clerk", import("attendance", sheet)).expect("imports");
        running.wait(receipt).expect("the county's receipt arrives");
    });
    out.push(Measured { work: "one sheet of 40 rows, live, receipt included", limit_bytes: 1_000, counts: live });
    let idle = pair.live(|| {
        running.ask("clerk", Command::Sync { address: None, timeout_ms: 10_000 }).expect("syncs");
    });
    out.push(Measured { work: "nothing to do, live connection", limit_bytes: 200, counts: idle });
    running.stop();
    let before = pair.quiet();
    pair.start_school().stop();
    let fresh = pair.quiet().since(&before);
    out.push(Measured { work: "nothing to do, fresh connection, handshake included", limit_bytes: 4_800, counts: fresh });
    pair.county.stop();

    out.push(least(|| cut_at_half(&file, &bulk)));
    out.push(least(|| one_by_one(&file, share(650_000))));
    out
}

/// The work itself costs the same each time. What a busy machine adds (acknowledgements of QUIC that come one by one, datagrams repeated into a dead line before the program there
/// ends) is its own: of up to three measurements the least counts.
fn least(measure: impl Fn() -> Measured) -> Measured {
    let mut least = measure();
    for _ in 0..2 {
        if least.bytes() <= least.limit_bytes {
            break;
        }
        let again = measure();
        if again.bytes() < least.bytes() {
            least = again;
        }
    }
    least
}

fn one_by_one(file: &Path, limit_bytes: u64) -> Measured {
    let pair = Pair::new();
    record_one_by_one(&pair, file);
    let (running, counts) = pair.fill();
    running.stop();
    pair.county.stop();
    Measured { work: "first fill, each recorded and signed alone", limit_bytes, counts }
}

/// The first fill is cut when half of its bytes have passed; the school's node ends and starts again. What both need more than undisturbed.
fn cut_at_half(file: &Path, undisturbed: &Counts) -> Measured {
    let pair = Pair::new();
    import_offline(&pair, file.to_path_buf());
    let before = pair.quiet();
    let half = undisturbed.bytes() / 2;
    pair.relay.cut_after(before.bytes() + half);
    let running = Running::start(&pair.school, false);
    pair.runtime.block_on(pair.relay.until(|c| c.bytes() >= before.bytes() + half));
    running.stop();
    pair.relay.restore();
    let (running, _) = pair.fill();
    let all = pair.quiet().since(&before);
    running.stop();
    pair.county.stop();
    let more = Counts { up_bytes: all.bytes().saturating_sub(undisturbed.bytes()), ..Counts::default() };
    Measured { work: "cut at half of the first fill: more than undisturbed", limit_bytes: 16_000, counts: more }
}

fn first_600(file: &Path) -> PathBuf {
    let records: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(file).expect("reads")).expect("JSON");
    let path = file.with_file_name("records-600.json");
    let first: Vec<_> = records.into_iter().take(600).collect();
    std::fs::write(&path, serde_json::to_vec(&first).expect("JSON")).expect("writes");
    path
}
