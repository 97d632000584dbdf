//! An audit export is verified, and its rows read, by a program in another language with stock CBOR and Ed25519 libraries. It catches what it should, and names it.

#[path = "second_opinion/network.rs"]
mod network;
#[path = "second_opinion/rotation.rs"]
mod rotation;
#[path = "second_opinion/tampering.rs"]
mod tampering;

use std::{
    path::{Path, PathBuf},
    process::{Command as Process, Output},
};

use serde_json::Value;
use taizhang_node::{
    command::Command,
    core::Core,
    folder::{Folder, Settings},
};

use crate::kit::{School, import};

/// A Python with cbor2 and cryptography: the one on the path, else a virtual environment made once in the target folder.
fn python() -> PathBuf {
    let has_both = |python: &Path| {
        let check = Process::new(python).args(["-c", "import cbor2, cryptography"]).output();
        check.is_ok_and(|o| o.status.success())
    };
    let on_path = PathBuf::from("python3");
    if has_both(&on_path) {
        return on_path;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("second-opinion");
    let python = folder.join("bin/python3");
    // Tests of one run share it: the first makes it, the others wait.
    static MADE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _guard = MADE.lock().expect("no panic while it is made");
    if !has_both(&python) {
        let made = Process::new("python3").args(["-m", "venv"]).arg(&folder).status().expect("python3 makes an environment");
        assert!(made.success(), "python3 -m venv failed; on Debian install python3-venv");
        let pip =
            Process::new(&python).args(["-m", "pip", "install", "--quiet", "cbor2==6.3.0", "cryptography==50.0.2"]).status();
        assert!(pip.expect("pip runs").success(), "cbor2 and cryptography could not be installed with pip");
    }
    python
}

fn verify(file: &Path) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (script, types) = (root.join("tools/verify_export.py"), root.join("../docs/rows.md"));
    Process::new(python()).arg(script).arg(file).arg("--types").arg(types).arg("--rows").output().expect("the verifier runs")
}

/// The rows and the last line of what the verifier says.
fn said(file: &Path) -> (Vec<Value>, Value) {
    let seen = verify(file);
    let text = String::from_utf8_lossy(&seen.stdout).into_owned();
    let mut lines: Vec<Value> = text.lines().filter_map(|l| serde_json::from_str(l).ok()).collect();
    let stderr = String::from_utf8_lossy(&seen.stderr);
    let summary = lines.pop().ok_or_else(|| format!("{text}{stderr}")).expect("a summary");
    assert_eq!(seen.status.success(), summary.get("failures") == Some(&Value::Array(Vec::new())), "{summary}");
    (lines, summary)
}

fn export(node: &taizhang_tests::nodes::Running, out: &Path, jsonl: bool) {
    node.ask("", Command::AuditExport { out: out.to_owned(), jsonl, org: None }).expect("exports");
}

#[test]
fn an_independent_program_verifies_an_export_and_reads_its_rows() {
    let school = School::new();
    let file = school.path().join("attendance.csv");
    let csv = "活动编号,活动名称,教师编号,姓名,应到学时,实到学时,考核结果,登记日期\n\
               2198000001-2024-S1,校本培训,4298010800012003,张丽,20,18,合格,2024-06-30\n";
    std::fs::write(&file, csv).expect("writes");
    school.first.ask("clerk", import("attendance", file)).expect("imports");
    school.heal();
    let (out, lines) = (school.path().join("audit.cborseq"), school.path().join("audit.jsonl"));
    export(&school.county, &out, false);
    export(&school.county, &lines, true);
    let (theirs, summary) = said(&out);
    assert_eq!(summary.get("failures"), Some(&Value::Array(Vec::new())));

    // The same rows, under the same names and with the same fields, as this program's own export.
    let ours = std::fs::read_to_string(&lines).expect("reads");
    let pick = |v: &Value| -> (String, Value, Value) {
        let name = v.get("name").and_then(Value::as_str).expect("a name").to_owned();
        (name, v.get("type").cloned().expect("a type"), v.get("fields").cloned().expect("fields"))
    };
    let ours = ours.lines().map(|l| serde_json::from_str::<Value>(l).expect("JSON"));
    let mut ours: Vec<_> = ours.filter(|l| l.get("type").is_some_and(|t| !t.is_null())).map(|l| pick(&l)).collect();
    let mut theirs: Vec<_> = theirs.iter().map(pick).collect();
    ours.sort_by(|a, b| a.0.cmp(&b.0));
    theirs.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(ours, theirs);
    assert!(theirs.iter().any(|r| r.2.to_string().contains("4298010800012003")), "the registration is read");
    // Nothing here is remarkable: an audit of every machine finds nothing.
    for node in [&school.county, &school.first, &school.second] {
        let reply = node.ask("", Command::AuditVerify).expect("verifies");
        assert_eq!(reply.data.get("findings"), Some(&Value::Array(Vec::new())));
    }
    school.stop();
}

#[test]
fn a_network_with_burns_forks_and_invites_verifies_alike_in_both_programs() {
    let network = network::Network::new();
    let out = network.path().join("audit.cborseq");
    let mut core = network.open();
    let audit = network::audit(&mut core, &out);
    let (_, summary) = said(&out);
    assert_eq!(summary.get("failures"), Some(&Value::Array(Vec::new())), "{summary}");
    assert_eq!(summary.get("standing"), audit.get("standing"), "{summary} {audit}");
    for word in ["stands", "burnt", "ended"] {
        assert!(audit.get("standing").and_then(|s| s.get(word)?.as_u64()).is_some_and(|n| n > 0), "{word}: {audit}");
    }
    assert_eq!(summary.get("forks"), Some(&Value::from(2)), "a fork and an invite used twice: {summary}");
}

#[test]
fn burns_and_accepts_of_strangers_come_to_the_same_in_both_programs() {
    let dir = tempfile::TempDir::new().expect("a temporary folder");
    let world = taizhang_tests::attacks::strangers();
    let folder = Folder::at(dir.path().join("city"));
    folder.create().expect("makes a folder");
    folder.save_settings(&Settings::new(world.network, world.city, Vec::new())).expect("writes");
    let mut core = Core::open(folder, &mut |_, _, _| {}).expect("opens");
    core.store_entries(world.entries, Vec::new()).expect("takes them");
    let out = dir.path().join("audit.cborseq");
    let audit = network::audit(&mut core, &out);
    let (rows, summary) = said(&out);
    for (what, id, standing) in world.ends {
        let is_it = |r: &&Value| r.get("name").and_then(Value::as_str).is_some_and(|n| n.starts_with(&id.to_string()));
        let row = rows.iter().find(is_it).expect("the row is in the export");
        assert_eq!(row.get("standing").and_then(Value::as_str), Some(standing.word()), "{what}");
    }
    assert_eq!(summary.get("standing"), audit.get("standing"), "{summary} {audit}");
}

#[test]
fn every_tampering_is_caught_and_named() {
    let network = network::Network::new();
    let out = network.path().join("audit.cborseq");
    let mut core = network.open();
    network::audit(&mut core, &out);
    let cases = tampering::cases(&core, &network, &std::fs::read(&out).expect("reads"));
    assert!(cases.len() >= 15, "{}", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        let file = out.with_extension("bad");
        std::fs::write(&file, &case.bytes).expect("writes");
        let (_, summary) = said(&file);
        let failures = summary.get("failures").and_then(Value::as_array).expect("failures");
        if !failures.iter().any(|f| f.get("why").and_then(Value::as_str).is_some_and(|w| w.contains(case.why))) {
            wrong.push(format!("{}: not «{}» but {failures:?}", case.what, case.why));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_rotated_root_verifies_alike_in_both_programs_and_a_disputed_one_counts_in_neither() {
    let mut network = rotation::Rotated::new();
    let alike = |network: &mut rotation::Rotated| {
        let (out, audit) = network.export();
        let (_, summary) = said(&out);
        assert_eq!(summary.get("failures"), Some(&Value::Array(Vec::new())), "{summary}");
        assert_eq!(summary.get("standing"), audit.get("standing"), "{summary} {audit}");
        (out, audit)
    };
    let (out, audit) = alike(&mut network);
    assert_eq!(audit.get("findings"), Some(&Value::Array(Vec::new())), "{audit}");
    // Signed by one of the two that it takes, or by somebody else in the name of one of them.
    let all = std::fs::read(&out).expect("reads");
    let one = network.with_signatures(&all, |signatures| signatures.truncate(1));
    let forged = network.with_signatures(&all, |signatures| signatures.iter_mut().for_each(|(_, s)| s[0] ^= 1));
    for (bytes, why) in [(one, "not signed by enough root keys"), (forged, "InvalidSignature")] {
        std::fs::write(&out, bytes).expect("writes");
        let (_, summary) = said(&out);
        assert!(summary.get("failures").is_some_and(|f| f.to_string().contains(why)), "{why}: {summary}");
    }
    network.dispute();
    let (_, audit) = alike(&mut network);
    assert!(audit.get("standing").and_then(|s| s.get("no_grant")?.as_u64()).is_some_and(|n| n > 0), "{audit}");
    network.settle();
    alike(&mut network);
}

#[test]
fn the_verifier_has_at_most_200_lines() {
    assert!(include_str!("../../tools/verify_export.py").lines().count() <= 200);
}
