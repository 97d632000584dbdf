//! What an honest network must not be warned of, and what must be told all the same; and an export that takes nobody's place.

use std::os::unix::fs::PermissionsExt as _;

use taizhang_core::{
    founding::{NewGrant, Newcomer},
    id::Kind,
    rows::{Grant, Role},
};

use super::*;
use crate::{
    command::{Burning, Keep, KeyCommand},
    commands::org::InviteFile,
};

#[test]
fn the_use_of_an_invite_that_was_withdrawn_is_told() {
    let mut net = Net::new();
    let invite = Command::Invite { org: "001".into(), role: "clerk".into(), office: None, expires_ms: 60_000, address: None };
    let text = net.data("admin", &invite)["invite"].as_str().unwrap().to_owned();
    let file = InviteFile::read(&text).unwrap();
    let newcomer = Newcomer { person: PublicKey([1; 32]), seal_key: None, node: PublicKey([2; 32]), label: "x" };
    net.core.store_entries(vec![file.invite().use_it(&newcomer, now())], Vec::new()).unwrap();
    assert_eq!(findings(&mut net.core), Vec::<Json>::new());
    let key = Some(file.row.key.to_string());
    let withdrawn = Burning { key, machine: None, cause: "lost".into(), keep: Keep::Nothing, dry_run: false };
    net.run("admin", &Command::Key(KeyCommand::Burn(withdrawn))).unwrap();
    assert_eq!(only(&mut net.core), found("burnt", "001 invite"));
}

/// A county with a further machine, which is stolen later.
fn with_node() -> (Net, SecretKey, DocId) {
    let mut net = Net::new();
    let node = SecretKey::from_seed([9; 32]);
    let top = net.top();
    let grant = NewGrant { key: node.public(), role: Role::Node, office: None, org: net.county, basis: top, seal_key: None };
    let grant: Grant = grant.row("node", Day(20_000));
    let registry = registry(&net);
    net.put("admin", registry, &row(&grant));
    (net, node, registry)
}

/// A stolen PC leaves many receipts behind: those of honest days are no matter, those of the thief are one.
#[test]
fn receipts_of_a_burnt_machine_are_told_once_with_their_number_and_only_those_after_the_burn() {
    let (mut net, node, registry) = with_node();
    let tip = net.put("clerk", net.roster(), &teacher("T1")).entry;
    let ledger = net.put("clerk", net.ledger(), &registration("A1", "T1", 100)).entry;
    let signed = |net: &mut Net, days: u64, document: DocId, tip: EntryId| {
        let time = Ms(now().0 + days * DAY_MS - DAY_MS);
        let receipt = Receipt::sign(&node, &net.core.network(), days + 1, time, vec![(document, vec![tip])]);
        note(net, &receipt, receipt.to_bytes());
    };
    let (roster, of_year) = (net.roster(), net.ledger());
    signed(&mut net, 0, roster, tip);
    signed(&mut net, 0, of_year, ledger);
    let burn = Burn { key: node.public(), positions: vec![], cause: "stolen".into(), reason: None };
    net.put("admin", registry, &row(&burn));
    assert_eq!(findings(&mut net.core), Vec::<Json>::new(), "signed while it was ours");
    signed(&mut net, 2, roster, tip);
    signed(&mut net, 2, of_year, ledger);
    assert_eq!(only(&mut net.core), found("receipt_stranger", "429801 node"));
    assert_eq!(findings(&mut net.core)[0]["detail"], "2 receipts");
    assert_eq!(roster.kind, Kind::Roster);
}

/// Who took it may date a receipt back to honest days. It can then name only what was there on that day, or it tells on itself.
#[test]
fn a_receipt_that_a_thief_dates_back_over_newer_entries_is_found() {
    let (mut net, node, registry) = with_node();
    let burn = Burn { key: node.public(), positions: vec![], cause: "stolen".into(), reason: None };
    net.put("admin", registry, &row(&burn));
    let start = now().0;
    let tips = ["clerk", "clerk2"].map(|who| write_at(&mut net, who, Ms(start)));
    let signed = receipt(&net, &node, Ms(start - 2 * DAY_MS), tips.to_vec());
    note(&mut net, &signed, signed.to_bytes());
    assert_eq!(only(&mut net.core), found("clock_behind", "429801 node"));
}

#[test]
fn an_export_takes_no_other_files_place_and_nobody_else_reads_it() {
    let mut net = Net::new();
    let dir = tempfile::tempdir().unwrap();
    let (out, beside) = (dir.path().join("out.cbor"), dir.path().join("out.cbor.tmp"));
    std::fs::write(&beside, "mine").unwrap();
    let export = Command::AuditExport { out: out.clone(), jsonl: false, org: None };
    net.run("clerk", &export).unwrap();
    assert_eq!(std::fs::read_to_string(&beside).unwrap(), "mine", "a file beside it is somebody's");
    assert_eq!(std::fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read(&out).unwrap();
    let error = net.run("clerk", &export).unwrap_err();
    assert!(error.what.en.ends_with("exists already") && error.hint.is_some(), "{error:?}");
    assert_eq!((std::fs::read(&out).unwrap(), std::fs::read_dir(dir.path()).unwrap().count()), (before, 2));
}
