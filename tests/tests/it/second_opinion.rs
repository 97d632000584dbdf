//! An audit export is verified, and its rows read, by a program in another language with stock CBOR and Ed25519 libraries.

use std::{
    path::{Path, PathBuf},
    process::{Command as Process, Output},
};

use serde_json::Value;
use taizhang_node::command::Command;

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
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/verify_export.py");
    Process::new(python()).arg(script).arg(file).arg("--rows").output().expect("the verifier runs")
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
    let out = school.path().join("audit.cborseq");
    school.county.ask("", Command::AuditExport { out: out.clone(), jsonl: false }).expect("exports");
    let lines = school.path().join("audit.jsonl");
    school.county.ask("", Command::AuditExport { out: lines.clone(), jsonl: true }).expect("exports");

    let seen = verify(&out);
    let text = String::from_utf8_lossy(&seen.stdout).into_owned();
    assert!(seen.status.success(), "{text}{}", String::from_utf8_lossy(&seen.stderr));
    let rows: Vec<Value> = text.lines().filter_map(|l| serde_json::from_str(l).ok()).collect();
    let (summary, rows) = rows.split_last().expect("a summary");
    assert_eq!(summary.get("failures"), Some(&Value::Array(Vec::new())));

    // The same rows under the same names as this program's own export.
    let ours = std::fs::read_to_string(&lines).expect("reads");
    let name = |v: &Value| v.get("name").and_then(Value::as_str).expect("a name").to_owned();
    let mut ours: Vec<String> = ours.lines().map(|l| name(&serde_json::from_str(l).expect("JSON"))).collect();
    let mut theirs: Vec<String> = rows.iter().map(name).collect();
    ours.sort();
    theirs.sort();
    assert_eq!(ours, theirs);
    assert!(rows.iter().any(|r| r.to_string().contains("4298010800012003")), "the registration is read");

    tampered_exports_are_caught(&out);
    school.stop();
}

/// One flipped bit anywhere behind the head is caught.
fn tampered_exports_are_caught(out: &Path) {
    let good = std::fs::read(out).expect("reads");
    for at in [120, good.len() / 2, good.len() - 10] {
        let mut bad = good.clone();
        *bad.get_mut(at).expect("inside") ^= 1;
        let file = out.with_extension("bad");
        std::fs::write(&file, bad).expect("writes");
        assert!(!verify(&file).status.success(), "byte {at} flipped and not caught");
    }
}
