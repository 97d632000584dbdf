//! Every kept input of the fuzzers, and every seed, once more: finds of the past stay mended (docs/decisions/0019-fuzzing.md).
#![allow(clippy::panic, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use peak_alloc::PeakAlloc;
use taizhang_tests::{
    fuzz::{TARGETS, Target, prepare, seeds::seeds},
    mutate::Meter,
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes of everything kept.
const CORPUS_BYTES_MAX: usize = 300 * 1024;

fn files(folder: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = listed.map(|f| f.expect("the folder is readable").path()).collect();
    files.sort();
    files
}

fn check(target: &Target, what: &str, bytes: &[u8]) {
    let meter = Meter { reset: || MEMORY.reset_peak_usage(), current: || MEMORY.current_usage(), peak: || MEMORY.peak_usage() };
    if let Err(why) = target.check(bytes, meter) {
        panic!("{} {what}: {why}", target.name);
    }
}

/// One test in this file: memory is measured over the whole process.
#[test]
fn what_fuzzers_kept_and_found() {
    prepare();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut kept = 0;
    for target in TARGETS {
        let seeds = seeds(target.name);
        assert!(!seeds.is_empty(), "{} has seeds", target.name);
        seeds.iter().enumerate().for_each(|(n, seed)| check(target, &format!("seed {n}"), seed));
        for file in files(&corpus.join(target.name)) {
            let bytes = fs::read(&file).expect("the file is readable");
            kept += bytes.len();
            check(target, &file.display().to_string(), &bytes);
        }
    }
    assert!(kept > 0 && kept <= CORPUS_BYTES_MAX, "{kept} bytes are kept, at most {CORPUS_BYTES_MAX}");
    let names: Vec<String> =
        files(&corpus).iter().map(|f| f.file_name().unwrap_or_default().to_string_lossy().into_owned()).collect();
    assert!(names.iter().all(|n| TARGETS.iter().any(|t| t.name == n)), "a corpus without a target: {names:?}");
}
