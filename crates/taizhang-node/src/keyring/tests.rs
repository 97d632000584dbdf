#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use std::os::unix::fs::PermissionsExt;

use taizhang_core::{
    id::{NetworkId, OrgId},
    key::SecretKey,
    ledger::Ledger,
    units::Ms,
};
use taizhang_sync::{Config, Input, keys::KeySet};

use super::*;
use crate::folder::Folder;

fn person(seed: u8) -> Person {
    Person { key: SecretKey::from_seed([seed; 32]), seal: StaticSecret::from([seed; 32]), label: "clerk".to_owned() }
}

fn someone() -> Identity {
    Identity { name: "王䶮".to_owned(), phone: Some("12000000001".to_owned()), ..Identity::default() }
}

fn document() -> DocId {
    DocId::of(OrgId([7; 8]), Kind::Identity)
}

fn hub(records: Vec<KeyRecord>) -> Hub {
    let mut hub = Hub::new(Config::new(SecretKey::from_seed([9; 32]), OrgId([7; 8])), Ledger::new(NetworkId([1; 32])));
    hub.load_keys(records);
    hub
}

#[test]
fn a_person_is_read_back_by_whom_the_key_is_wrapped_to() {
    let hub_before = hub(Vec::new());
    let mut ring = Keyring::of(&person(1));
    let row = ring.seal(&hub_before, document(), "T1", &someone(), &[]).unwrap();
    let again = ring.seal(&hub_before, document(), "T1", &someone(), &[]).unwrap();
    assert_eq!(row.key_id, again.key_id, "one key a teacher");
    assert_ne!(row.sealed, again.sealed, "a nonce is used once");
    assert_ne!(row.key_id, ring.seal(&hub_before, document(), "T2", &someone(), &[]).unwrap().key_id);
    let hub = hub(std::mem::take(&mut ring.fresh));
    let open = |who: u8, row: &PersonRow| Keyring::of(&person(who)).unseal(&hub, &document(), row);
    assert_eq!((open(1, &row), open(2, &row)), (Some(someone()), None));
    let mut later = Keyring::of(&person(1));
    let third = later.seal(&hub, document(), "T1", &someone(), &[row.key_id]).unwrap();
    assert_eq!((third.key_id, later.fresh.len()), (row.key_id, 0), "the key that the rows name is used on");
    assert_ne!(
        later.seal(&hub, document(), "T1", &someone(), &[[0; 8]]).unwrap().key_id,
        row.key_id,
        "one that he cannot open is not"
    );
}

#[test]
fn what_was_changed_does_not_open() {
    let mut ring = Keyring::of(&person(1));
    let row = ring.seal(&hub(Vec::new()), document(), "T1", &someone(), &[]).unwrap();
    let hub = hub(ring.fresh.clone());
    let is_broken = |bad: &PersonRow| {
        assert!(ring.unseal(&hub, &document(), bad).is_none());
        ring.is_broken(&hub, &document(), bad)
    };
    assert!(!ring.is_broken(&hub, &document(), &row));
    assert!(!Keyring::of(&person(2)).is_broken(&hub, &document(), &row), "who has no key cannot tell");
    for at in 0..row.sealed.0.len() {
        let mut bad = row.clone();
        bad.sealed.0[at] ^= 1;
        assert!(is_broken(&bad), "byte {at}");
    }
    assert!(is_broken(&PersonRow { teacher: "T2".to_owned(), ..row.clone() }), "another teacher's");
    assert!(is_broken(&PersonRow { sealed: Bytes(vec![1; 5]), ..row }), "cut short");
}

#[test]
fn whoever_wraps_a_key_makes_the_same_record() {
    let key: TeacherKey = Zeroizing::new([5; 32]);
    let to = person(2).seal_public();
    let record = wrap(document(), &key, &to).unwrap();
    assert_eq!(wrap(document(), &key, &to), Some(record));
    assert_eq!(unwrap(&record, &person(2).seal), Some(key.clone()));
    assert_eq!(unwrap(&record, &person(3).seal), None);
    assert_ne!(wrap(document(), &key, &person(3).seal_public()).unwrap().ephemeral, record.ephemeral);
    assert!(wrap(document(), &key, &[0; 32]).is_none(), "a sealing key that leaves no secret gets nothing");
    let mut other = record;
    other.key[0] ^= 1;
    assert_eq!(unwrap(&other, &person(2).seal), None, "it says of which key it is");
}

/// A record that somebody spoiled stands beside the good one, and hides nothing.
#[test]
fn a_spoiled_record_is_passed_over() {
    let mut ring = Keyring::of(&person(1));
    let row = ring.seal(&hub(Vec::new()), document(), "T1", &someone(), &[]).unwrap();
    let good = ring.fresh[0];
    let spoiled = KeyRecord { ephemeral: [1; 32], sealed: [0; 48], ..good };
    let hub = hub(vec![spoiled, good]);
    assert_eq!(Keyring::of(&person(1)).unseal(&hub, &document(), &row), Some(someone()));
}

fn set(records: impl IntoIterator<Item = KeyRecord>) -> KeySet {
    let mut set = KeySet::default();
    records.into_iter().for_each(|r| _ = set.insert(r));
    set
}

fn record(n: u8) -> KeyRecord {
    wrap(document(), &Zeroizing::new([n; 32]), &person(n % 3 + 1).seal_public()).unwrap()
}

#[test]
fn the_file_is_read_back_and_is_for_its_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::at(dir.path());
    assert_eq!(file::load(&folder).unwrap(), Vec::new());
    let records: Vec<KeyRecord> = set((1..9).map(record)).iter().copied().collect();
    file::save(&folder, &set(records.iter().copied())).unwrap();
    let mut read = file::load(&folder).unwrap();
    read.sort();
    assert_eq!(read, records);
    let mode = std::fs::metadata(folder.file("keyring.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// What an earlier version wrote is read; what this one writes is kept.
#[test]
fn both_versions_of_the_file_are_read() {
    let vectors = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors");
    let keys = set((1..4).map(record));
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::at(dir.path());
    file::save(&folder, &keys).unwrap();
    let written = folder.read("keyring.json").unwrap().unwrap();
    if std::env::var_os("TAIZHANG_BLESS").is_some() {
        std::fs::write(vectors.join("keyring-v2.json"), &written).unwrap();
    }
    assert_eq!(written, std::fs::read(vectors.join("keyring-v2.json")).unwrap(), "a change of the form makes a new version");
    for version in ["keyring-v1.json", "keyring-v2.json"] {
        folder.write("keyring.json", &std::fs::read(vectors.join(version)).unwrap()).unwrap();
        assert_eq!(set(file::load(&folder).unwrap()).iter().collect::<Vec<_>>(), keys.iter().collect::<Vec<_>>(), "{version}");
    }
}

#[test]
fn a_damaged_file_is_put_aside_and_forgotten_with_what_is_erased() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::at(dir.path());
    for bad in [b"{".to_vec(), br#"{"schema":"taizhang.keyring/9","keys":[]}"#.to_vec(), vec![0; 100]] {
        folder.write("keyring.json", &bad).unwrap();
        assert_eq!(file::load(&folder).unwrap(), Vec::new());
        assert_eq!(folder.read("keyring.json.bad").unwrap().unwrap(), bad);
        assert!(folder.read("keyring.json").unwrap().is_none());
    }
    file::forget_damaged(&folder);
    assert!(folder.read("keyring.json.bad").unwrap().is_none());
}

/// Whoever holds the old file open sees what becomes of its bytes.
#[test]
fn what_stood_in_the_file_is_overwritten() {
    use std::io::Read;
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::at(dir.path());
    file::save(&folder, &set((1..100).map(record))).unwrap();
    let mut old = std::fs::File::open(folder.file("keyring.json")).unwrap();
    file::save(&folder, &set([record(1)])).unwrap();
    let mut bytes = Vec::new();
    old.read_to_end(&mut bytes).unwrap();
    assert!(bytes.len() > 10_000 && bytes.iter().all(|b| *b == 0));
    assert_eq!(file::load(&folder).unwrap().len(), 1);
}

/// Records of keys that no row names stay here and are told to nobody; see the tests with real nodes.
#[test]
fn a_hub_keeps_what_it_is_given_once() {
    let mut hub = hub(vec![record(1)]);
    let store = taizhang_store::memory::MemoryStore::default();
    for (records, keeps) in [(vec![record(1)], false), (vec![record(2), record(1)], true)] {
        hub.handle(Ms(1), &store, Input::Keys { right: records, spoiled: Vec::new() });
        let kept = std::iter::from_fn(|| hub.poll_effect()).any(|e| matches!(e, taizhang_sync::Effect::KeepKeys));
        assert_eq!(kept, keeps);
    }
    assert_eq!(hub.keys().len(), 2);
}

/// A node that sends a thousand frames of one record each makes nobody write the whole file a thousand times; and nothing is lost on the way out.
#[test]
fn others_records_are_written_down_together() {
    let mut net = crate::commands::testkit::Net::new();
    let record = |n: u8| KeyRecord { document: document(), key: [n; 8], to: [n; 32], ephemeral: [n; 32], sealed: [n; 48] };
    let folder = net.core.folder().clone();
    let written = || file::load(&folder).unwrap().len();
    net.core.set_clock(|| Ms(1_700_000_000_000));
    let before = written();
    let comes = |net: &mut crate::commands::testkit::Net, n: u8| {
        net.core.step(Input::Keys { right: vec![record(n)], spoiled: Vec::new() });
    };
    (1..=5).for_each(|n| comes(&mut net, n));
    assert_eq!(written() - before, 1, "the first at once, the others together");
    let due = net.core.keys_due().unwrap();
    assert!(due > net.core.now());
    net.core.set_clock(|| Ms(1_700_000_060_000));
    net.core.save_keys_when_due();
    assert_eq!((written() - before, net.core.keys_due()), (5, None));
    net.core.set_clock(|| Ms(1_600_000_000_000));
    comes(&mut net, 6);
    assert_eq!(written() - before, 6, "a clock that was set back holds nothing up");
    comes(&mut net, 7);
    drop(net.core);
    assert_eq!(written() - before, 7);
}
