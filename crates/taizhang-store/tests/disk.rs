//! On real files: a damaged sled costs time and nothing else; two programs never have one folder; what the files hold is what the format says.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "tests")]

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use minicbor::Decoder;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use taizhang_store::disk::{DiskStore, IndexState, OpenReport, Options};
use taizhang_store::testing::{attachment, describe, document, entry};
use taizhang_store::{Commit, NewEntry, OpenError, Store};

const LEN: usize = 300;

fn some(range: std::ops::Range<u64>) -> Vec<NewEntry> {
    range.map(|n| entry(n, LEN)).collect()
}

fn open(path: &Path) -> (DiskStore, OpenReport) {
    DiskStore::open(path, &Options::new(describe)).unwrap()
}

fn all(store: &DiskStore) -> Vec<NewEntry> {
    let mut found = Vec::new();
    let scanned = store.scan(0, &mut |_, entry| {
        found.push(entry);
        ControlFlow::Continue(())
    });
    scanned.unwrap();
    found
}

/// A folder with this many entries, committed 7 at a time, closed.
fn written(entries: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, report) = open(dir.path());
    assert_eq!(report.index, IndexState::New);
    for from in (0..entries).step_by(7) {
        let notes = vec![(from.to_be_bytes().to_vec(), Some(vec![1; 100]))];
        let entries = some(from..entries.min(from + 7));
        store.commit(&Commit { entries, notes, ..Commit::default() }).unwrap();
    }
    dir
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let target = to.join(item.file_name());
        match item.file_type().unwrap().is_dir() {
            true => copy(&item.path(), &target),
            false => drop(fs::copy(item.path(), target).unwrap()),
        }
    }
}

fn index_files(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(dir.join("index")).unwrap().map(|f| f.unwrap().path()).collect();
    found.retain(|p| p.is_file());
    found.sort();
    found
}

fn damage(dir: &Path, random: &mut ChaCha8Rng, kinds: u64) -> String {
    let files = index_files(dir);
    let mut below = |n: u64| random.next_u64() % n.max(1);
    let db = dir.join("index/db");
    let any = files[below(files.len() as u64) as usize].clone();
    let kind = below(kinds);
    let path = if kind < 3 { db } else { any };
    let mut file = File::options().read(true).write(true).open(&path).unwrap();
    // sled keeps empty space at the end, where damage does nothing.
    let used = fs::read(&path).unwrap().iter().rposition(|b| *b != 0);
    let len = used.map_or(0, |last| last as u64 + 1);
    let at = below(len);
    match kind {
        0 | 3 => {
            file.set_len(at).unwrap();
            format!("{} cut to {at} of {len}", path.display())
        }
        1 | 4 => {
            let mut byte = [0];
            file.seek(SeekFrom::Start(at)).unwrap();
            file.read_exact(&mut byte).unwrap_or(());
            file.seek(SeekFrom::Start(at)).unwrap();
            file.write_all(&[byte[0] ^ (1 << below(8))]).unwrap();
            format!("{} bit at {at} of {len}", path.display())
        }
        2 => {
            file.seek(SeekFrom::Start(at)).unwrap();
            let zeros = below(len - at).min(100_000);
            file.write_all(&vec![0; zeros as usize]).unwrap();
            format!("{} {zeros} zeros at {at} of {len}", path.display())
        }
        _ => {
            fs::remove_file(&path).unwrap();
            format!("{} removed", path.display())
        }
    }
}

#[test]
fn a_damaged_index_is_mended_100_of_100_times_with_nothing_lost() {
    let original = written(1000);
    let expected = some(0..1000);
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut rebuilt = 0;
    for n in 0..100 {
        let dir = tempfile::tempdir().unwrap();
        copy(original.path(), dir.path());
        // Most of what sled keeps is out of date, so that one small damage often does nothing.
        let (damages, kinds) = if n % 2 == 0 { (1, 6) } else { (10, 5) };
        let what: Vec<_> = (0..damages).map(|_| damage(dir.path(), &mut random, kinds)).collect();
        let (mut store, report) = open(dir.path());
        assert_eq!((report.entries, &report.holes), (1000, &vec![]), "{n}: {what:?}: {report:?}");
        assert_eq!(all(&store), expected, "{n}: {what:?}");
        rebuilt += u32::from(matches!(report.index, IndexState::Rebuilt { .. } | IndexState::New));
        store.commit(&Commit::of(some(1000..1002))).unwrap();
        drop(store);
        let (store, report) = open(dir.path());
        assert_eq!((report.index, store.len()), (IndexState::Good, 1002), "{n}: {what:?}");
    }
    println!("{rebuilt} rebuilt");
    assert!(rebuilt > 40, "{rebuilt}: the damage is too small to show anything");
}

#[test]
fn an_index_that_opens_empty_or_is_gone_is_built_again() {
    let dir = written(500);
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    let (store, report) = open(dir.path());
    assert_eq!((report.index, store.len()), (IndexState::New, 500));
    drop(store);
    // An Ok open of an empty database, as sled does it after a power cut.
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    drop(sled::open(dir.path().join("index")).unwrap());
    let (store, report) = open(dir.path());
    let aside = Some("index.bad-1".to_owned());
    assert_eq!(report.index, IndexState::Rebuilt { why: "it is empty".into(), aside });
    assert_eq!(all(&store), some(0..500));
    assert!(dir.path().join("index.bad-1").is_dir());
    drop(store);
    // Only the last bad one is kept.
    fs::remove_file(dir.path().join("index/db")).unwrap();
    fs::create_dir(dir.path().join("index/db")).unwrap();
    let (store, report) = open(dir.path());
    assert!(matches!(report.index, IndexState::Rebuilt { .. }), "{report:?}");
    assert_eq!(all(&store), some(0..500));
    assert!(!dir.path().join("index.bad-1").exists() && dir.path().join("index.bad-2").is_dir());
}

#[test]
fn an_index_with_wrong_rows_is_built_again() {
    let n = |n: u64| n.to_be_bytes().to_vec();
    let id = |n: u64| entry(n, LEN).id.0.to_vec();
    let mark = [&[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9][..], &n(49)].concat();
    let row = |value: u64| Some(n(value));
    let cases = [
        ("a name is missing", "entries", id(7), None),
        ("a name leads elsewhere", "entries", id(7), row(8)),
        ("a name too many", "entries", id(77), row(7)),
        ("a row is missing", "arrivals", n(7), None),
        ("the first row is missing", "arrivals", n(0), None),
        ("a row cannot be read", "arrivals", n(7), Some(vec![1; 118])),
        ("a row is another's", "arrivals", n(7), Some(vec![1; 119])),
        ("a row too many", "arrivals", n(50), Some(vec![1; 119])),
        ("the mark is missing", "meta", b"mark".to_vec(), None),
        ("the mark is wrong", "meta", b"mark".to_vec(), Some(mark)),
        ("the form is missing", "meta", b"form".to_vec(), None),
        ("the form is another", "meta", b"form".to_vec(), Some(vec![2])),
    ];
    for (case, tree, key, value) in cases {
        let dir = written(50);
        let db = sled::open(dir.path().join("index")).unwrap();
        let tree = db.open_tree(tree).unwrap();
        match value {
            Some(value) => tree.insert(key, value).unwrap(),
            None => tree.remove(key).unwrap(),
        };
        drop((tree, db));
        let (store, report) = open(dir.path());
        assert!(matches!(report.index, IndexState::Rebuilt { .. }), "{case}: {report:?}");
        assert_eq!((all(&store), report.lost), (some(0..50), vec![]), "{case}");
        assert_eq!(store.check(&|_, _| ()).unwrap(), [], "{case}");
    }
}

#[test]
fn an_index_behind_the_journal_follows_and_one_of_another_journal_does_not_pass() {
    let dir = written(100);
    let old = tempfile::tempdir().unwrap();
    copy(dir.path(), old.path());
    let (mut store, _) = open(dir.path());
    store.commit(&Commit::of(some(100..110))).unwrap();
    drop(store);
    // Yesterday's index, today's journal.
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    copy(&old.path().join("index"), &dir.path().join("index"));
    let (store, report) = open(dir.path());
    assert_eq!(report.index, IndexState::Behind { entries: 10 });
    assert_eq!(all(&store), some(0..110));
    drop(store);
    // Today's index, yesterday's journal: what it knew is named.
    fs::remove_dir_all(dir.path().join("journal")).unwrap();
    copy(&old.path().join("journal"), &dir.path().join("journal"));
    let (store, report) = open(dir.path());
    let lost: Vec<_> = some(100..110).iter().map(|e| e.id).collect();
    assert_eq!((report.lost, all(&store)), (lost, some(0..100)));
}

#[test]
fn a_folder_is_open_once() {
    let dir = written(10);
    let (store, _) = open(dir.path());
    let again = DiskStore::open(dir.path(), &Options::new(describe)).map(drop);
    let path = dir.path().display().to_string();
    assert_eq!(again, Err(OpenError::InUse { path: path.clone() }));
    drop(store);
    // sled's own lock, held by something else: never a reason to rebuild.
    let db = sled::open(dir.path().join("index")).unwrap();
    let again = DiskStore::open(dir.path(), &Options::new(describe)).map(drop);
    assert_eq!(again, Err(OpenError::InUse { path }));
    assert!(!dir.path().join("index.bad-1").exists());
    drop(db);
    assert_eq!(open(dir.path()).1.index, IndexState::Good);
}

#[test]
fn what_is_no_folder_is_an_error_that_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    for path in [file.clone(), file.join("below")] {
        let outcome = DiskStore::open(&path, &Options::new(describe)).map(drop);
        assert!(matches!(outcome, Err(OpenError::Unusable { .. })), "{outcome:?}");
    }
    let deep = dir.path().join("a/b/c");
    assert_eq!(open(&deep).1.entries, 0);
}

#[test]
fn a_stock_cbor_reader_reads_the_journal() {
    let dir = written(100);
    let mut found = Vec::new();
    for item in fs::read_dir(dir.path().join("journal")).unwrap() {
        let path = item.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let salt = u32::from_str_radix(name.split_once('-').unwrap().1, 16).unwrap();
        let bytes = fs::read(path).unwrap();
        let mut decoder = Decoder::new(&bytes);
        while decoder.position() < bytes.len() {
            assert_eq!(decoder.array().unwrap(), Some(2));
            let crc = decoder.u32().unwrap();
            let from = decoder.position();
            for _ in 0..decoder.array().unwrap().unwrap() {
                let at = decoder.position();
                decoder.skip().unwrap();
                found.push(bytes[at..decoder.position()].to_vec());
            }
            let salted = [&salt.to_be_bytes(), &bytes[from..decoder.position()]].concat();
            assert_eq!(crc32c::crc32c(&salted), crc);
        }
    }
    assert_eq!(found, some(0..100).into_iter().map(|e| e.bytes).collect::<Vec<_>>());
}

#[test]
fn check_and_rebuild() {
    let dir = written(200);
    let (mut store, _) = open(dir.path());
    let (id, bytes) = attachment(vec![7; 70]);
    store.commit(&Commit { attachments: vec![(id, bytes)], ..Commit::default() }).unwrap();
    store.put_snapshot(&document(1), &[1; 9]).unwrap();
    let told = std::cell::Cell::new((0, 0));
    let tell = |done, total| told.set((done, total));
    assert_eq!(store.check(&tell).unwrap(), []);
    let journal = store.statistics().unwrap().journal_bytes;
    assert_eq!(told.get(), (journal, journal));
    told.set((0, 0));
    store.rebuild(&tell).unwrap();
    assert_eq!(told.get(), (journal, journal));
    assert_eq!(all(&store), some(0..200));
    assert_eq!(store.check(&tell).unwrap(), []);
    assert!(matches!(store.index_state(), IndexState::Rebuilt { .. }));
    assert_eq!(store.snapshot(&document(1)), Ok(None));
    fs::write(dir.path().join("attachments/00").with_file_name(&id.to_string()[..2]).join("x.tmp"), "x").unwrap();
    drop(store);
    let (store, report) = open(dir.path());
    assert_eq!(report.index, IndexState::Good);
    assert_eq!(store.check(&tell).unwrap().len(), 1);
    assert_eq!(store.statistics().unwrap().snapshot_bytes, 0, "swept");
}
