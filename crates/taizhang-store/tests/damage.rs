//! Damaged journals and damaged indexes: what can be read is read, what is lost is said, nothing is made up.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::ops::ControlFlow;

use taizhang_core::entries::Entries;
use taizhang_core::id::EntryId;
use taizhang_store::disk::{Cut, DiskStore, IndexState, OpenReport, Options};
use taizhang_store::testing::{attachment, describe, document, entry};
use taizhang_store::{Commit, CommitError, DiskFault, ModelDisk, NewEntry, Store};

const LEN: usize = 100;

fn some(range: std::ops::Range<u64>) -> Vec<NewEntry> {
    range.map(|n| entry(n, LEN)).collect()
}

fn options(segment_bytes: u64) -> Options {
    Options { segment_bytes, ..Options::new(describe) }
}

fn open(disk: &ModelDisk) -> (DiskStore, OpenReport) {
    DiskStore::open_model(disk, &options(1000)).unwrap()
}

fn ids(store: &DiskStore) -> Vec<EntryId> {
    let mut found = Vec::new();
    let scanned = store.scan(0, &mut |_, entry| {
        found.push(entry.id);
        ControlFlow::Continue(())
    });
    scanned.unwrap();
    found
}

fn ids_of(numbers: impl IntoIterator<Item = u64>) -> Vec<EntryId> {
    numbers.into_iter().map(|n| entry(n, LEN).id).collect()
}

/// Records of 1, 2 and 3 entries in turn: 12 entries a segment or so.
fn written(entries: u64) -> (ModelDisk, Vec<String>) {
    let disk = ModelDisk::new(1);
    let (mut store, _) = open(&disk);
    let mut n = 0;
    while n < entries {
        let several = n % 3 + 1;
        store.commit(&Commit::of(some(n..n + several))).unwrap();
        n += several;
    }
    drop(store);
    let segments = disk.paths().into_iter().filter(|p| p.starts_with("journal/")).collect();
    (disk, segments)
}

/// The store still takes what was lost, and keeps it.
fn heals(disk: &ModelDisk, entries: u64) {
    let (mut store, _) = open(disk);
    store.commit(&Commit::of(some(0..entries))).unwrap();
    drop(store);
    disk.crash();
    let (store, report) = open(disk);
    assert_eq!(report.index, IndexState::Good, "one opening mends everything");
    assert_eq!(report.lost, []);
    let mut found = ids(&store);
    let mut expected = ids_of(0..entries);
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn the_last_record_cut_at_every_byte_is_gone_and_the_others_stay() {
    let disk = ModelDisk::new(1);
    let (mut store, _) = open(&disk);
    store.commit(&Commit::of(some(0..2))).unwrap();
    let path = disk.paths().into_iter().find(|p| p.ends_with(".seg")).unwrap();
    let first = disk.content(&path).unwrap().len();
    store.commit(&Commit::of(some(2..4))).unwrap();
    drop(store);
    let whole = disk.content(&path).unwrap();
    for len in 0..=whole.len() {
        disk.set_content(&path, Some(whole[..len].to_vec()));
        disk.lose_index();
        let (store, report) = open(&disk);
        let (entries, kept) = match len {
            n if n == whole.len() => (4, n),
            n if n >= first => (2, first),
            _ => (0, 0),
        };
        assert_eq!(ids(&store), ids_of(0..entries), "cut to {len}");
        let cut = Cut { segment: 1, to: kept as u64, bytes: (len - kept) as u64 };
        assert_eq!(report.cut, (len > kept).then_some(cut), "cut to {len}");
        assert_eq!(report.holes, [], "cut to {len}");
        drop(store);
        heals(&disk, 4);
    }
}

#[test]
fn what_is_kept_is_reported_at_every_opening_and_never_cut() {
    let disk = ModelDisk::new(1);
    let (mut store, _) = open(&disk);
    store.commit(&Commit::of(some(0..2))).unwrap();
    store.commit(&Commit::of(some(2..4))).unwrap();
    drop(store);
    let path = disk.paths().into_iter().find(|p| p.ends_with(".seg")).unwrap();
    let mut damaged = disk.content(&path).unwrap();
    let at = damaged.len() - 20;
    damaged[at] ^= 1;
    disk.set_content(&path, Some(damaged.clone()));
    for opening in 1..=3 {
        let (store, report) = open(&disk);
        assert_eq!((report.cut, report.holes.len()), (None, 1), "opening {opening}: {report:?}");
        assert_eq!(ids(&store), ids_of(0..2), "opening {opening}");
        assert_eq!(disk.content(&path).unwrap(), damaged, "opening {opening}");
        drop(store);
        disk.crash();
    }
    heals(&disk, 4);
}

#[test]
fn the_same_bytes_are_kept_when_the_index_knows_they_were_acknowledged() {
    let disk = ModelDisk::new(1);
    let (mut store, _) = open(&disk);
    store.commit(&Commit::of(some(0..2))).unwrap();
    store.commit(&Commit::of(some(2..4))).unwrap();
    drop(store);
    let path = disk.paths().into_iter().find(|p| p.ends_with(".seg")).unwrap();
    let whole = disk.content(&path).unwrap();
    for cut in [1, 50, whole.len() / 2] {
        disk.set_content(&path, Some(whole[..whole.len() - cut].to_vec()));
        let (store, report) = open(&disk);
        assert_eq!(report.cut, None);
        assert!(!report.holes.is_empty(), "{report:?}");
        let left = ids(&store).len() as u64;
        assert_eq!(report.lost, ids_of(left..4));
        assert!(matches!(report.index, IndexState::Rebuilt { .. }));
        drop(store);
        heals(&disk, 4);
        // Back to before the damage for the next one.
        for path in disk.paths() {
            disk.set_content(&path, None);
        }
        disk.lose_index();
        disk.set_content(&path, Some(whole.clone()));
        drop(open(&disk));
    }
}

#[test]
fn one_flipped_bit_costs_one_record() {
    let (disk, segments) = written(40);
    let before = ids_of(0..ids(&open(&disk).0).len() as u64);
    assert!(segments.len() >= 4);
    for path in [&segments[0], &segments[1], segments.last().unwrap()] {
        let whole = disk.content(path).unwrap();
        for byte in 0..whole.len() {
            let mut bad = whole.clone();
            bad[byte] ^= 1 << (byte % 8);
            disk.set_content(path, Some(bad.clone()));
            disk.lose_index();
            let (store, report) = open(&disk);
            let found = ids(&store);
            let missing = before.iter().filter(|id| !found.contains(id)).count();
            assert!((1..=3).contains(&missing), "byte {byte} of {path}: {missing} missing");
            assert!(found.iter().all(|id| before.contains(id)));
            let is_last = path == segments.last().unwrap();
            let told = report.holes.len() + usize::from(report.cut.is_some());
            assert_eq!(told, 1, "byte {byte} of {path}: {report:?}");
            assert!(report.cut.is_none() || is_last);
            if report.cut.is_none() {
                assert_eq!(disk.content(path).unwrap(), bad, "damage is kept");
            }
            for id in before.iter().filter(|id| found.contains(id)) {
                assert!(store.entry(id).unwrap().is_some());
            }
        }
        disk.set_content(path, Some(whole));
        disk.lose_index();
        drop(open(&disk));
    }
}

#[test]
fn damage_with_a_good_index_is_told_and_mended() {
    let (disk, segments) = written(40);
    let entries = open(&disk).0.len();
    let path = &segments[1];
    let mut bad = disk.content(path).unwrap();
    let middle = bad.len() / 2;
    bad[middle] ^= 0x10;
    disk.set_content(path, Some(bad));
    let (store, report) = open(&disk);
    assert_eq!(report.holes.len(), 1);
    assert_eq!(report.entries + report.lost.len() as u64, entries);
    assert!(!report.lost.is_empty());
    for id in &report.lost {
        assert_eq!(store.entry(id), Ok(None));
    }
    drop(store);
    heals(&disk, entries);
    let (store, report) = open(&disk);
    assert_eq!(report.holes.len(), 1, "the hole stays and is told again");
    assert_eq!(store.check(&|_, _| ()).unwrap().len(), 1);
}

#[test]
fn damage_since_opening_is_an_error_where_it_is_and_only_there() {
    let (disk, segments) = written(40);
    let (store, _) = open(&disk);
    let mut bad = disk.content(&segments[0]).unwrap();
    bad[40] ^= 1;
    disk.set_content(&segments[0], Some(bad));
    assert!(store.entry(&entry(0, LEN).id).is_err());
    assert!(store.entry(&entry(1, LEN).id).unwrap().is_some());
    assert!(!store.check(&|_, _| ()).unwrap().is_empty());
}

#[test]
fn garbage_after_the_end_is_cut_and_no_record_is() {
    for (garbage, cut) in [(vec![0; 5000], true), (vec![0x82; 700], true), (vec![0xd2, 0x80], true), (vec![], false)] {
        let (disk, segments) = written(40);
        let entries = open(&disk).0.len();
        let path = segments.last().unwrap();
        let whole = disk.content(path).unwrap();
        disk.set_content(path, Some([whole.clone(), garbage].concat()));
        let (store, report) = open(&disk);
        assert_eq!(report.cut.is_some(), cut);
        assert_eq!((report.holes.len(), report.index), (0, IndexState::Good));
        assert_eq!(ids(&store), ids_of(0..entries));
        assert_eq!(disk.content(path).unwrap(), whole);
    }
}

#[test]
fn garbage_before_whole_records_is_kept() {
    let (disk, segments) = written(40);
    let entries = open(&disk).0.len();
    let path = segments.last().unwrap();
    let shifted = [&[0x82, 0x1a, 1][..], &disk.content(path).unwrap()].concat();
    disk.set_content(path, Some(shifted.clone()));
    let (store, report) = open(&disk);
    assert_eq!((report.holes.len(), report.cut), (1, None));
    assert_eq!(ids(&store), ids_of(0..entries));
    assert_eq!(disk.content(path).unwrap(), shifted);
}

#[test]
fn missing_and_empty_segments_are_told() {
    let (disk, segments) = written(60);
    let last = segments.len() - 1;
    for (gone, content) in [(0, None), (2, None), (last, None), (0, Some(vec![])), (2, Some(vec![])), (last, Some(vec![]))] {
        let (disk2, _) = written(60);
        let before = open(&disk2).0.len();
        disk2.set_content(&segments[gone], content.clone());
        let (store, report) = open(&disk2);
        assert!(!report.lost.is_empty(), "{gone} {content:?}");
        assert_eq!(report.entries + report.lost.len() as u64, before);
        if content.is_none() {
            let hole = &report.holes[0];
            assert_eq!((hole.segment as usize, hole.to), (gone + 1, None));
        }
        drop(store);
        heals(&disk2, before);
    }
    drop(disk);
}

#[test]
fn a_bad_sector_is_a_hole_and_never_cut() {
    for which in [0, 1, usize::MAX] {
        let disk = ModelDisk::new(1);
        // Several blocks in each of two segments.
        let options = options(20_000);
        let (mut store, _) = DiskStore::open_model(&disk, &options).unwrap();
        for n in 0..200 {
            store.commit(&Commit::of(some(n..n + 1))).unwrap();
        }
        drop(store);
        let segments: Vec<_> = disk.paths();
        let path = &segments[which.min(segments.len() - 1)];
        let whole = disk.content(path).unwrap();
        let at = if which == 0 { 5000 } else { whole.len() as u64 - 10 };
        disk.break_bytes(path, at..at + 1);
        disk.lose_index();
        let (mut store, report) = DiskStore::open_model(&disk, &options).unwrap();
        assert_eq!((report.holes.len(), report.cut), (1, None), "{report:?}");
        assert!(report.holes[0].why.contains("disk"));
        assert!((1..60).contains(&(200 - report.entries)), "{}", report.entries);
        store.commit(&Commit::of(some(0..200))).unwrap();
        assert_eq!(store.len(), 200);
        assert_eq!(disk.content(path).unwrap(), whole);
        drop(store);
        // The disk reads it again: what was fetched meanwhile is there twice, and counts once.
        disk.mend_bytes();
        for expected in [false, true] {
            let (store, report) = DiskStore::open_model(&disk, &options).unwrap();
            assert_eq!(report.index == IndexState::Good, expected, "{report:?}");
            assert_eq!((ids(&store), report.lost), (ids_of(0..200), vec![]));
            assert_eq!(store.check(&|_, _| ()).unwrap(), []);
        }
    }
}

#[test]
fn bytes_in_an_entry_that_pose_as_a_record_are_none() {
    let hidden = entry(666, 50);
    let inner = [&[0x81][..], &hidden.bytes].concat();
    let record = |salt: [u8; 4]| {
        let crc = crc32c::crc32c(&[&salt[..], &inner].concat()).to_be_bytes();
        [&[0x82, 0x1a], &crc[..], &inner].concat()
    };
    for knows_the_salt in [false, true] {
        let disk = ModelDisk::new(1);
        let (mut store, _) = open(&disk);
        store.commit(&Commit::of(some(0..1))).unwrap();
        let path = disk.paths().remove(0);
        let salt = path.rsplit(['-', '.']).nth(1).unwrap();
        let salt = u32::from_str_radix(salt, 16).unwrap().to_be_bytes();
        // Somebody who knows the format hides records in his entry; the salt he can only guess.
        let mut guesses = vec![[0; 4], [0, 0, 0, 1], *b"salt", [0xff; 4]];
        if knows_the_salt {
            guesses.push(salt);
        }
        let mut encoder = minicbor::Encoder::new(vec![0xd2]);
        let payload = guesses.into_iter().flat_map(record).collect::<Vec<_>>();
        encoder.array(2).unwrap().u64(7).unwrap().bytes(&payload).unwrap();
        let bytes = encoder.into_writer();
        let (id, log, sequence) = describe(&bytes).unwrap();
        let from = disk.content(&path).unwrap().len();
        store.commit(&Commit::of(vec![NewEntry { id, log, sequence, bytes }])).unwrap();
        store.commit(&Commit::of(some(1..2))).unwrap();
        drop(store);
        // Then the record around it is damaged.
        let mut bad = disk.content(&path).unwrap();
        bad[from] ^= 1;
        disk.set_content(&path, Some(bad));
        disk.lose_index();
        let (store, report) = open(&disk);
        assert!(!report.holes.is_empty());
        assert!(ids_of(0..2).iter().all(|id| ids(&store).contains(id)));
        let entered = store.entry(&hidden.id).unwrap().is_some();
        assert_eq!(entered, knows_the_salt, "with the salt it works: so it is the salt that keeps it out");
    }
}

#[test]
fn disk_full_within_a_record_then_more_then_a_crash() {
    for free in 0..400 {
        let disk = ModelDisk::new(free);
        let (mut store, _) = open(&disk);
        store.commit(&Commit::of(some(0..3))).unwrap();
        disk.set_capacity_bytes(Some(disk.used_bytes() + free));
        let made = attachment(vec![3; 90]);
        let commit = Commit { entries: some(3..6), attachments: vec![made.clone()], notes: vec![(vec![1], Some(vec![]))] };
        let outcome = store.commit(&commit);
        assert_eq!(ids(&store).len() as u64, store.len());
        if free < 390 {
            assert!(matches!(outcome, Err(CommitError::NoSpace { .. })), "{free}: {outcome:?}");
            assert_eq!(ids(&store), ids_of(0..3));
            assert_eq!((store.attachment(&made.0), store.note(&[1])), (Ok(None), Ok(None)));
        }
        disk.set_capacity_bytes(None);
        store.commit(&commit).unwrap();
        store.commit(&Commit::of(some(6..7))).unwrap();
        drop(store);
        disk.crash();
        let (store, report) = open(&disk);
        assert_eq!(ids(&store), ids_of(0..7), "{free}");
        assert_eq!(store.attachment(&made.0), Ok(Some(made.1)));
        assert_eq!((report.holes, report.index), (vec![], IndexState::Good));
    }
}

#[test]
fn entries_of_a_newer_program_are_kept() {
    // As an older program: it knows only even entries.
    let older = |bytes: &[u8]| describe(bytes).filter(|(_, _, sequence)| sequence % 2 == 1);
    let (disk, _) = written(40);
    let entries = open(&disk).0.len();
    let old_options = Options { segment_bytes: 1000, ..Options::new(older) };
    disk.lose_index();
    let (mut store, report) = DiskStore::open_model(&disk, &old_options).unwrap();
    assert_eq!((report.entries, report.unknown), (entries.div_ceil(2), entries / 2));
    store.commit(&Commit::of(some(100..101))).unwrap();
    drop(store);
    let (_, report) = DiskStore::open_model(&disk, &old_options).unwrap();
    assert_eq!((report.unknown, report.index), (entries / 2, IndexState::Good));
    let (store, report) = open(&disk);
    assert_eq!((report.entries, report.unknown), (entries + 1, 0));
    assert_eq!(store.len(), entries + 1);
}

#[test]
fn a_lying_entry_is_refused() {
    let disk = ModelDisk::new(1);
    let (mut store, _) = open(&disk);
    let (good, other) = (entry(1, LEN), entry(2, LEN));
    let bad = [
        NewEntry { id: entry(3, LEN).id, ..good.clone() },
        NewEntry { log: entry(500, LEN).log, ..good.clone() },
        NewEntry { sequence: 77, ..good.clone() },
        NewEntry { bytes: vec![0xd2, 0x80], ..good.clone() },
    ];
    for entry in bad {
        let outcome = store.commit(&Commit::of(vec![other.clone(), entry]));
        assert!(matches!(outcome, Err(CommitError::Refused(_))));
        assert!(store.is_empty());
    }
}

#[test]
fn a_damaged_attachment_is_an_error_until_it_comes_again() {
    let disk = ModelDisk::new(1);
    let (mut store, _) = open(&disk);
    let (id, bytes) = attachment(vec![1; 500]);
    let commit = Commit { attachments: vec![(id, bytes.clone())], ..Commit::default() };
    store.commit(&commit).unwrap();
    store.put_snapshot(&document(1), &[1; 30]).unwrap();
    for path in disk.paths().iter().filter(|p| p.contains(&id.to_string()) || p.starts_with("snapshots/")) {
        disk.set_content(path, Some(vec![2; 7]));
    }
    assert!(store.attachment(&id).is_err());
    assert_eq!(store.snapshot(&document(1)), Ok(None));
    assert_eq!(store.check(&|_, _| ()).unwrap().len(), 2);
    store.commit(&commit).unwrap();
    assert_eq!(store.attachment(&id), Ok(Some(bytes)));
}

#[test]
fn strangers_in_the_folder_are_told_and_left_alone() {
    let (disk, segments) = written(10);
    let copy = segments[0].replace("000001-", "000001-f");
    let names =
        ["journal/readme.txt", "journal/7.seg", "journal/000000-00000000.seg", "journal/000001-zzzzzzzz.seg", copy.as_str()];
    for name in names {
        disk.set_content(name, Some(vec![1, 2, 3]));
    }
    let (_, report) = open(&disk);
    assert_eq!((report.strangers.len(), report.index, report.holes), (names.len(), IndexState::Good, vec![]));
}

#[test]
fn an_index_that_fails_does_not_fail_the_commit() {
    // A commit of one entry is: write, sync, apply, flush.
    for (operations, kind) in
        [(2, DiskFault::Error), (3, DiskFault::Error), (2, DiskFault::ErrorTwice), (3, DiskFault::ErrorTwice)]
    {
        let disk = ModelDisk::new(1);
        let (mut store, _) = open(&disk);
        store.commit(&Commit::of(some(0..3))).unwrap();
        disk.fail_after(operations, kind);
        let commit = Commit { entries: some(3..4), notes: vec![(vec![1], Some(vec![2]))], ..Commit::default() };
        assert_eq!(store.commit(&commit), Ok(3), "{operations} {kind:?}");
        assert_eq!(ids(&store), ids_of(0..4));
        assert_eq!(store.note(&[1]), Ok(Some(vec![2])));
        store.commit(&Commit::of(some(4..5))).unwrap();
        drop(store);
        disk.crash();
        assert_eq!(ids(&open(&disk).0), ids_of(0..5));
    }
}
