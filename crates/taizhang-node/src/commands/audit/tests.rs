#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
mod honest;
mod kinds;
mod sealed;

use std::os::unix::fs::PermissionsExt;

use serde_json::Value as Json;
use taizhang_core::{
    entry::{Before, SignedEntry},
    founding::Newcomer,
    id::{DocId, EntryId, Kind, LogId, PublicKey, Run},
    key::SecretKey,
    op::PayloadBuilder,
    receipt::Receipt,
    rows::{Adopt, Burn, End, PolicyText, Positions, RowType, field::Bytes},
    units::{Day, Ms},
};
use taizhang_store::{Commit, NewEntry, Store};
use taizhang_sync::Event;

use super::findings::ALL;
use crate::{
    command::Command,
    commands::{
        org::InviteFile,
        testkit::{Net, PASSPHRASE, YEAR, registration, row, teacher},
    },
    core::{Act, Core, now},
    folder::Folder,
};

const DAY_MS: u64 = 86_400_000;

/// The findings, whether the audit failed or not.
fn findings(core: &mut Core) -> Vec<Json> {
    let unlock = crate::command::Unlock::default();
    let reply = crate::commands::execute(core, &unlock, &Command::AuditVerify, &mut |_| {});
    let data = reply.map_or_else(|e| *e.details.unwrap(), |r| Json::Object(r.data));
    let found = data["findings"].as_array().unwrap().clone();
    found.iter().for_each(speaks_chinese);
    found
}

/// What stands beside the sentence is figures, ids and codes, or it is Chinese.
fn speaks_chinese(finding: &Json) {
    let said = finding["detail_zh"].as_str().or(finding["detail"].as_str()).unwrap_or_default();
    let is_word = |w: &str| w.len() > 2 && w.bytes().all(|b| b.is_ascii_lowercase()) && w.bytes().any(|b| b > b'f');
    let is_code = |w: &str| w.contains('/') || w.contains("wuhan");
    let words: Vec<&str> = said.split([' ', ',', ':', ';']).filter(|w| is_word(w) && !is_code(w)).collect();
    assert!(words.is_empty(), "{words:?} in {said}");
}

/// The only sort of finding, with the organisation and post responsible.
fn only(core: &mut Core) -> (String, String) {
    let found = findings(core);
    let first = found.first().unwrap_or_else(|| panic!("nothing was found"));
    assert!(found.iter().all(|f| f["what"] == first["what"]), "{found:#?}");
    let text = |name: &str| first[name].as_str().unwrap_or_default().to_owned();
    assert!(!text("zh").is_empty() && text("en").is_ascii(), "{first}");
    (text("what"), format!("{} {}", text("org"), text("label")).trim().to_owned())
}

fn found(word: &str, who: &str) -> (String, String) {
    (word.to_owned(), who.to_owned())
}

fn registry(net: &Net) -> DocId {
    DocId::of(net.county, Kind::Registry)
}

/// A network in which everything was done as it should be: sheets, decisions, an inviting admin, a policy, two rollups, a burn in time.
fn honest() -> Net {
    let mut net = Net::city();
    net.fill();
    let claimed =
        Command::ReviewDecide { verdict: "approve".into(), rows: vec![], sheet: None, claimed: true, org: None, reason: None };
    net.run("reviewer", &claimed).unwrap();
    let adopt = Command::PolicyAdopt {
        policy: "wuhan-2008".into(),
        from: "2025-01-01".into(),
        overlay_of: None,
        stages: vec![],
        orgs: vec![],
        replace: false,
        reason: None,
    };
    net.run("officer", &adopt).unwrap();
    for who in ["reviewer", "reviewer2"] {
        net.run(who, &Command::RollupPublish { period: YEAR, as_of: None }).unwrap();
    }
    burn(&mut net, "clerk2", &[]);
    net
}

fn key(net: &Net, who: &str) -> PublicKey {
    net.person(who).key.public()
}

fn burn(net: &mut Net, who: &str, kept: &[EntryId]) {
    let ledger = net.core.ledger();
    let position = |id: &EntryId| {
        let place = ledger.place(id).unwrap();
        Positions { document: place.log.document, run: place.log.run, height: place.sequence, id: *id }
    };
    let positions = kept.iter().map(position).collect();
    let burn = Burn { key: key(net, who), positions, cause: "stolen".into(), reason: None };
    let registry = registry(net);
    net.put("admin", registry, &row(&burn));
}

/// The roster gets a row as of another time.
fn write_at(net: &mut Net, who: &str, time: Ms) -> EntryId {
    let mut p = PayloadBuilder::default();
    let (number, fields) = teacher("T7");
    p.row(number, &[], &fields);
    let mut act = Act::default();
    act.write(net.roster(), p);
    let person = net.person(who);
    let entries = net.core.sign_at(&person, &act, time).unwrap();
    let id = entries[0].id;
    net.core.store_entries(entries, Vec::new()).unwrap();
    id
}

/// An entry of the clerk's that no rule admits lies in the store.
fn smuggle(net: &mut Net, change: impl FnOnce(&mut SignedEntry)) {
    let key = net.person("clerk").key;
    let grant = net.core.ledger().registry.grants_of(key.public()).next().map(|(name, _)| *name);
    let log = LogId { document: net.roster(), key: key.public(), run: Run([8; 8]) };
    let before = Before::Start { grant, link: None };
    let header = taizhang_core::entry::Header { log, sequence: 1, before, time: now() };
    let mut p = PayloadBuilder::default();
    let (number, fields) = teacher("T8");
    p.row(number, &[], &fields);
    let mut entry = SignedEntry::sign(header, p.finish(), &key, &net.core.network());
    change(&mut entry);
    let entry = SignedEntry::from_parts(entry.header, entry.payload, entry.signature, &net.core.network());
    let stored = NewEntry { id: entry.id, log: entry.header.log, sequence: 1, bytes: entry.to_bytes() };
    net.core.store_mut().commit(&Commit { entries: vec![stored], ..Commit::default() }).unwrap();
}

fn note(net: &mut Net, receipt: &Receipt, bytes: Vec<u8>) {
    let key = [b"receipt/".as_slice(), &receipt.node.0, &receipt.documents[0].0.to_bytes()].concat();
    net.core.store_mut().commit(&Commit { notes: vec![(key, Some(bytes))], ..Commit::default() }).unwrap();
}

fn receipt(net: &Net, node: &SecretKey, time: Ms, tips: Vec<EntryId>) -> Receipt {
    Receipt::sign(node, &net.core.network(), 1, time, vec![(net.roster(), tips)])
}

#[test]
fn an_honest_network_has_no_finding() {
    let mut net = honest();
    assert_eq!(findings(&mut net.core), Vec::<Json>::new());
    let reply = net.data("clerk", &Command::AuditVerify);
    assert_eq!((&reply["rollups"]["recomputed"], &reply["errors"], &reply["warnings"]), (&2.into(), &0.into(), &0.into()));
    assert_eq!(reply["standing"]["stands"], reply["entries"]);
    assert_eq!(reply["attachments"], 4);
}

#[test]
fn what_no_rule_admits_is_an_error_and_its_author_is_named() {
    let mut net = Net::new();
    smuggle(&mut net, |e| e.signature[0] ^= 1);
    assert_eq!(only(&mut net.core), found("signature", "001 clerk 岗"));
    let error = net.run("clerk", &Command::AuditVerify).unwrap_err();
    assert!(error.what.zh.contains("001 clerk 岗") && error.kind.exit_code() == 4, "{error:?}");

    let mut net = Net::new();
    let school2 = net.school2;
    smuggle(&mut net, |e| e.header.log.document.owner = school2);
    assert_eq!(only(&mut net.core), found("admission", "001 clerk 岗"));

    let mut net = Net::new();
    smuggle(&mut net, |e| {
        let Before::Start { grant, .. } = e.header.before else { panic!("sequence 1") };
        e.header.before = Before::Start { grant, link: Some(EntryId([7; 32])) };
    });
    assert_eq!(only(&mut net.core), found("missing", "001 clerk 岗"));
}

#[test]
fn what_a_burnt_or_ended_key_went_on_writing_is_a_warning() {
    let mut net = Net::new();
    let kept = net.put("clerk", net.roster(), &teacher("T1")).entry;
    net.put("clerk", net.roster(), &teacher("T2"));
    burn(&mut net, "clerk", &[kept]);
    assert_eq!(only(&mut net.core), found("burnt", "001 clerk 岗"));

    let mut net = Net::new();
    let (name, _) = net.core.ledger().registry.grants_of(key(&net, "clerk")).next().unwrap();
    let end = End { grant: name.here(), left_day: Day(20_050), positions: None, reason: None };
    let registry = registry(&net);
    net.put("admin", registry, &row(&end));
    net.core.begin_new_logs();
    let person = net.person("clerk");
    // Signed with the grant that has ended, as a stolen program would.
    let entry = {
        let ledger = net.core.ledger();
        let grant = ledger.registry.grants_of(person.key.public()).next().map(|(n, _)| *n);
        let mut p = PayloadBuilder::default();
        let (number, fields) = teacher("T3");
        p.row(number, &[], &fields);
        let author = taizhang_core::author::Author { key: SecretKey::from_seed(person.key.seed()), run: Run([5; 8]) };
        author.write(ledger, net.roster(), grant, p.finish(), now())
    };
    net.core.store_entries(vec![entry], Vec::new()).unwrap();
    assert_eq!(only(&mut net.core), found("ended", "001 clerk 岗"));
}

#[test]
fn a_fork_and_an_invite_used_twice_are_told_apart() {
    let mut net = Net::new();
    let id = net.put("clerk", net.roster(), &teacher("T1")).entry;
    let first = net.core.entry(&id).unwrap();
    let header = taizhang_core::entry::Header { time: Ms(first.header.time.0 + 1), ..first.header };
    let second = SignedEntry::sign(header, first.payload.clone(), &net.person("clerk").key, &net.core.network());
    net.core.store_entries(vec![second.clone()], Vec::new()).unwrap();
    assert_eq!(only(&mut net.core), found("fork", "001 clerk 岗"));
    let detail = findings(&mut net.core)[0]["detail"].as_str().unwrap().to_owned();
    assert!([id, second.id].iter().all(|e| detail.contains(&e.to_string())), "both are named: {detail}");

    let mut net = Net::new();
    let invite = Command::Invite { org: "001".into(), role: "clerk".into(), office: None, expires_ms: 60_000, address: None };
    let text = net.data("admin", &invite)["invite"].as_str().unwrap().to_owned();
    for n in [1, 2] {
        let (person, node) = (SecretKey::from_seed([n; 32]), SecretKey::from_seed([n + 10; 32]));
        let newcomer = Newcomer { person: person.public(), seal_key: None, node: node.public(), label: "x" };
        let entry = InviteFile::read(&text).unwrap().invite().use_it(&newcomer, now());
        net.core.store_entries(vec![entry], Vec::new()).unwrap();
    }
    assert_eq!(only(&mut net.core), found("invite_twice", "001 invite"));
}

#[test]
fn a_time_outside_of_what_others_signed_or_what_it_names_is_a_warning() {
    let mut net = Net::new();
    write_at(&mut net, "clerk", Ms(now().0 + 2 * DAY_MS));
    assert_eq!(only(&mut net.core), found("clock_ahead", "001 clerk 岗"));
    // Its next entry, by a clock set right, is earlier than the one before it; a day is allowed.
    let mut net = Net::new();
    let start = now().0;
    write_at(&mut net, "clerk", Ms(start));
    write_at(&mut net, "clerk", Ms(start - DAY_MS));
    assert_eq!(findings(&mut net.core).len(), 0);
    write_at(&mut net, "clerk", Ms(start - 3 * DAY_MS));
    assert_eq!(only(&mut net.core), found("clock_behind", "001 clerk 岗"));
}

#[test]
fn a_receipt_says_when_an_entry_was_there_and_one_wrong_clock_is_not_held_against_many() {
    let node_of = |net: &Net| net.core.folder().node_key().unwrap();
    let mut net = Net::new();
    let start = now().0;
    let late = write_at(&mut net, "clerk", Ms(start));
    let signed = receipt(&net, &node_of(&net), Ms(start - 2 * DAY_MS), vec![late]);
    note(&mut net, &signed, signed.to_bytes());
    assert_eq!(only(&mut net.core), found("clock_ahead", "001 clerk 岗"));
    let other = write_at(&mut net, "clerk2", Ms(start));
    let signed = receipt(&net, &node_of(&net), Ms(start - 2 * DAY_MS), vec![late, other]);
    note(&mut net, &signed, signed.to_bytes());
    assert_eq!(only(&mut net.core), found("clock_behind", "429801 node"), "the node's own clock");
}

#[test]
fn deciding_on_what_one_wrote_oneself_is_a_warning() {
    let mut net = Net::new();
    net.fill();
    let ledger = DocId::about(net.county, Kind::Ledger, YEAR, net.school);
    let office = net.put("office", ledger, &registration("A2", "T2", 100));
    let approve = |row: String| Command::ReviewDecide {
        verdict: "approve".into(),
        rows: vec![row],
        sheet: None,
        claimed: false,
        org: None,
        reason: None,
    };
    net.run("reviewer", &approve(office.to_string())).unwrap();
    assert_eq!(findings(&mut net.core).len(), 0);
    // The clerk of the county becomes a reviewer too.
    net.also("office", taizhang_core::rows::Role::Reviewer);
    let own = net.put("office", ledger, &registration("A1", "T2", 100));
    net.run("office", &approve(own.to_string())).unwrap();
    assert_eq!(only(&mut net.core), found("own_decision", "429801 office 岗"));
}

#[test]
fn receipts_by_strangers_of_unknown_entries_or_with_wrong_signatures_are_found() {
    let stranger = SecretKey::from_seed([9; 32]);
    let mut net = Net::new();
    let tip = net.put("clerk", net.roster(), &teacher("T1")).entry;
    let good = receipt(&net, &stranger, now(), vec![tip]);
    note(&mut net, &good, good.to_bytes());
    assert_eq!(only(&mut net.core), found("receipt_stranger", ""));
    let forged = Receipt { counter: 2, ..good };
    note(&mut net, &forged, forged.to_bytes());
    assert_eq!(only(&mut net.core), found("receipt", ""));

    let mut net = Net::new();
    let node = net.core.folder().node_key().unwrap();
    let unknown = receipt(&net, &node, now(), vec![EntryId([3; 32])]);
    note(&mut net, &unknown, unknown.to_bytes());
    assert_eq!(only(&mut net.core), found("receipt_unknown", "429801 node"));
}

#[test]
fn a_rollup_that_its_inputs_do_not_give_and_a_missing_attachment_are_errors() {
    let mut net = honest();
    let document = DocId::of_year(net.county, Kind::Rollup, YEAR);
    let view = net.core.view(&document).unwrap();
    let row_of = view.rows.values().find_map(|r| r.read::<taizhang_core::rows::Rollup>()).unwrap().row;
    let lie = taizhang_core::rows::Rollup { teachers: row_of.teachers + 1, ..row_of.clone() };
    net.put("reviewer", document, &row(&lie));
    assert_eq!(only(&mut net.core), found("rollup", "429800 reviewer 岗"));

    let net = honest();
    let view = net.core.view(&document_of(&net)).unwrap();
    let named = view.rows.values().find_map(|r| r.read::<taizhang_core::rows::Rollup>()).unwrap().row.inputs.to_string();
    let Net { core, dir, .. } = net;
    let folder = core.folder().clone();
    drop(core);
    let file = folder.file("store").join("attachments").join(&named[..2]).join(&named);
    std::fs::remove_file(file).unwrap();
    let mut core = Core::open(folder, &mut |_, _, _| {}).unwrap();
    let words: Vec<Json> = findings(&mut core).iter().map(|f| f["what"].clone()).collect();
    assert!(words.contains(&"attachment".into()) && words.iter().all(|w| w == "attachment" || w == "rollup"), "{words:?}");
    drop(dir);
}

fn document_of(net: &Net) -> DocId {
    DocId::of_year(net.county, Kind::Rollup, YEAR)
}

#[test]
fn a_lock_whose_list_is_another_and_one_in_the_wrong_year_close_nothing() {
    use taizhang_core::{rows::Lock, tips};
    let lock = |net: &mut Net, wrong_root: bool, year: u16| {
        let (list, roster) = (net.core.ledger().open_tips(&net.roster()), net.roster());
        let list = vec![tips::DocumentTips { document: roster, tips: list }];
        let (id, bytes) = tips::attachment(&list);
        let tips_root = if wrong_root { [1; 32] } else { tips::root(&list) };
        let lock = Lock { year, day: Day(20_500), tips_root, tips: id, reason: None };
        let (number, fields) = row(&lock);
        let mut p = PayloadBuilder::default();
        p.row(number, &[], &fields);
        let mut act = Act { attachments: vec![(id, bytes)], ..Act::default() };
        act.write(net.review(), p);
        let person = net.person("reviewer");
        net.core.write(&person, act).unwrap();
    };
    let filled = || {
        let mut net = Net::new();
        net.fill();
        net
    };
    let mut net = filled();
    lock(&mut net, false, YEAR);
    assert_eq!(findings(&mut net.core).len(), 0);
    let mut net = filled();
    lock(&mut net, true, YEAR);
    assert_eq!(only(&mut net.core), found("lock", "429801 reviewer 岗"));
    let mut net = filled();
    lock(&mut net, false, YEAR - 1);
    assert_eq!(only(&mut net.core), found("lock_idle", "429801 reviewer 岗"));
}

#[test]
fn policies_that_are_not_their_hash_missing_or_rivals_are_found() {
    let mut net = Net::city();
    let policy = DocId::of(net.county, Kind::Policy);
    let adopt = |id: &str, sha256| Adopt {
        id: id.into(),
        version: "1".into(),
        sha256,
        effective_day: Day(20_000),
        stages: vec![],
        orgs: None,
        overlay_of: None,
        reason: None,
    };
    net.put("officer", policy, &row(&adopt("a", [1; 32])));
    assert_eq!(only(&mut net.core), found("policy_missing", "429800 officer 岗"));
    net.put("officer", policy, &row(&adopt("b", [2; 32])));
    let words: Vec<Json> = findings(&mut net.core).iter().map(|f| f["what"].clone()).collect();
    assert_eq!(words.iter().filter(|w| **w == "policy_rival").count(), 2, "{words:?}");

    let mut net = Net::city();
    let text = PolicyText { id: "a".into(), version: "1".into(), sha256: [1; 32], toml: Bytes(b"x".to_vec()), reason: None };
    let policy = DocId::of(net.county, Kind::Policy);
    net.put("officer", policy, &row(&text));
    assert_eq!(only(&mut net.core), found("policy_text", "429800 officer 岗"));
}

#[test]
fn what_was_refused_and_who_held_more_of_ours_survives_a_restart() {
    let mut net = Net::new();
    let (from, author, document) = (net.core.folder().node_key().unwrap().public(), key(&net, "clerk"), net.roster());
    let reason = taizhang_core::admission::Refusal::Replaces;
    net.core.hear(&Event::RefusedHere { from, document, author, reason });
    net.core.hear(&Event::RefusedThere { by: from, document, author, sequence: 2, code: 5 });
    net.core.hear(&Event::Ahead { by: from, document, author, sequence: 2, entry: EntryId([4; 32]) });
    let Net { core, dir, .. } = net;
    let folder = core.folder().clone();
    drop(core);
    let mut core = Core::open(folder, &mut |_, _, _| {}).unwrap();
    let found = findings(&mut core);
    let said: Vec<(&str, &str)> = found.iter().map(|f| (f["what"].as_str().unwrap(), f["label"].as_str().unwrap())).collect();
    assert_eq!(said, [("refused_here", "clerk 岗"), ("refused_there", "clerk 岗"), ("ahead", "clerk 岗")]);
    assert!(found[0]["detail"].as_str().unwrap().contains("replaces a row"), "{found:?}");
    assert!(found[2]["detail"].as_str().unwrap().contains("has not come"), "{found:?}");
    drop(dir);
}

#[test]
fn every_sort_of_finding_has_its_own_name_and_two_sentences() {
    let mut words: Vec<&str> = ALL.iter().map(|c| c.word).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), ALL.len());
}

#[test]
fn an_export_is_scoped_to_who_may_read_and_leaves_no_half_file() {
    let (mut net, city) = Net::below_a_city();
    net.fill();
    let dir = tempfile::tempdir().unwrap();
    let export = |net: &mut Net, who: Option<&str>, org: Option<&str>| {
        let out = dir.path().join("x.jsonl");
        std::fs::remove_file(&out).ok();
        let unlock = crate::command::Unlock { key: who.map(str::to_owned), passphrase: None };
        let command = Command::AuditExport { out: out.clone(), jsonl: true, org: org.map(str::to_owned) };
        crate::commands::execute(&mut net.core, &unlock, &command, &mut |_| {}).unwrap();
        let text = std::fs::read_to_string(&out).unwrap();
        assert_eq!(std::fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600, "for its owner only");
        let of = |l: &str| serde_json::from_str::<Json>(l).unwrap()["document"].as_str().unwrap().to_owned();
        text.lines().map(of).collect::<std::collections::BTreeSet<_>>()
    };
    let (school, school2) = (net.school.to_string(), net.school2.to_string());
    let registries = |seen: &std::collections::BTreeSet<String>| seen.iter().filter(|d| d.ends_with("/registry")).count();
    // This node is the city's: everything.
    let all = export(&mut net, None, None);
    assert!(all.iter().any(|d| d.starts_with(&school)) && all.iter().any(|d| d.starts_with(&school2)));
    // A school's clerk: her own school's, what the county announces, and the registries up to the root.
    let clerk = export(&mut net, Some("clerk"), None);
    assert!(clerk.iter().any(|d| d.starts_with(&school)) && !clerk.iter().any(|d| d.starts_with(&school2)), "{clerk:?}");
    assert!(clerk.iter().any(|d| d.contains("/notice/")));
    assert_eq!(registries(&clerk), registries(&all));
    // One school of all that the city may read.
    let one = export(&mut net, Some("city-clerk"), Some("002"));
    assert!(
        one.iter().all(|d| d.starts_with(&school2) || d.ends_with("/registry")) && registries(&one) == registries(&all),
        "{one:?}"
    );
    assert!(one.contains(&format!("{city}/registry")));
    net.leave("clerk2");
    for who in ["root", "clerk2"] {
        let command = Command::AuditExport { out: dir.path().join("none"), jsonl: false, org: None };
        assert_eq!(net.run(who, &command).unwrap_err().kind.exit_code(), 1, "{who} reads nothing, or no more");
    }

    // Given up half way: neither name is there.
    let out = dir.path().join("half");
    let mut half = super::export::Whole::begin(&out).unwrap();
    half.write(b"half").unwrap();
    let files = || std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!((files(), std::fs::exists(&out).unwrap()), (2, false));
    drop(half);
    assert_eq!(files(), 1, "only the finished export");
}

#[test]
fn a_folder_below_audits_what_it_has() {
    let net = honest();
    let mut school = net.node_below(net.school);
    assert_eq!(findings(&mut school), Vec::<Json>::new());
    let _: &Folder = school.folder();
    assert!(school.store().len() < net.core.store().len());
    assert_eq!(Burn::TYPE, 4);
}

#[test]
fn an_audit_or_export_for_which_nobody_waits_ends_and_leaves_nothing() {
    let mut net = honest();
    let dir = tempfile::tempdir().unwrap();
    net.core.set_abandoned(|| true);
    for jsonl in [false, true] {
        let export = Command::AuditExport { out: dir.path().join("x"), jsonl, org: None };
        assert!(net.run("clerk", &export).unwrap_err().what.en.starts_with("given up"));
    }
    assert!(net.run("clerk", &Command::AuditVerify).unwrap_err().what.en.starts_with("given up"));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    net.core.set_abandoned(|| false);
    net.run("clerk", &Command::AuditVerify).unwrap();
}
