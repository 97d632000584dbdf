#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use serde_json::Value as Json;
use taizhang_core::{
    entry::{Header, SignedEntry},
    founding::NewGrant,
    id::{DocId, EntryId, Kind, OrgId, PublicKey},
    key::SecretKey,
    receipt::Receipt,
    rows::{Grant, Role, RowType},
    units::{Day, Ms},
};
use taizhang_sync::{Event, SessionId, frame::Kinds};

use super::{
    super::{
        delivered,
        testkit::{Net, row, teacher},
    },
    LONG_MS,
};
use crate::{
    command::{Command, OrgChange, Unlock},
    core::{Core, now},
    folder::{Folder, Neighbour},
};

fn ask(core: &mut Core, command: &Command) -> Json {
    Json::Object(crate::commands::execute(core, &Unlock::default(), command, &mut |_| {}).unwrap().data)
}

/// Whether all is well, and what was found.
fn doctor(core: &mut Core) -> (bool, Vec<(String, String)>) {
    let reply = ask(core, &Command::Doctor);
    let text = |f: &Json, name: &str| f[name].as_str().unwrap_or_default().to_owned();
    let found = reply["findings"].as_array().unwrap().iter().map(|f| (text(f, "what"), text(f, "detail"))).collect();
    (reply["ok"].as_bool().unwrap(), found)
}

/// Not well for this one reason; its detail.
fn ill(core: &mut Core, what: &str) -> String {
    let (ok, found) = doctor(core);
    assert!(!ok && found.len() == 1 && found[0].0 == what, "{what}: {found:?}");
    found[0].1.clone()
}

#[test]
fn a_new_node_is_well() {
    let mut net = Net::new();
    let reply = ask(&mut net.core, &Command::Doctor);
    assert_eq!((&reply["ok"], &reply["findings"].as_array().unwrap().len()), (&true.into(), &0));
    assert!(reply["free_bytes"].as_u64().unwrap() > 0 && reply["journal_bytes"].as_u64().unwrap() > 0);
}

#[test]
fn a_fork_and_more_of_ours_elsewhere_are_told() {
    let mut net = Net::new();
    let id = net.put("clerk", net.roster(), &teacher("T1")).entry;
    let first = net.core.entry(&id).unwrap();
    let header = Header { time: Ms(first.header.time.0 + 1), ..first.header };
    let second = SignedEntry::sign(header, first.payload.clone(), &net.person("clerk").key, &net.core.network());
    net.core.store_entries(vec![second.clone()], Vec::new()).unwrap();
    let detail = ill(&mut net.core, "fork");
    assert!(detail.contains(&id.to_string()) && detail.contains(&second.id.to_string()), "the proof: {detail}");

    let mut net = Net::new();
    let by = net.core.folder().node_key().unwrap().public();
    let (author, document) = (net.person("clerk").key.public(), net.roster());
    let entry = net.put("clerk", net.roster(), &teacher("T1")).entry;
    net.core.hear(&Event::Ahead { by, document, author, sequence: 1, entry });
    let (ok, found) = doctor(&mut net.core);
    assert!(ok && found.iter().any(|(what, detail)| what == "ahead" && detail.contains("came back")), "a note: {found:?}");
    let entry = EntryId([7; 32]);
    net.core.hear(&Event::Ahead { by, document, author, sequence: 2, entry });
    assert!(!doctor(&mut net.core).0, "one that has not come");
}

#[test]
fn a_clock_that_differs_by_more_than_an_hour_is_told_with_the_side() {
    let mut net = Net::new();
    let from = net.core.folder().node_key().unwrap().public();
    let mut receipt = |time: u64| net.core.hear(&Event::Receipt { from, documents: vec![], time: Ms(time), carried: false });
    receipt(now().0 - 3_500_000);
    assert!(doctor(&mut net.core).0);
    let mut receipt = |time: u64| net.core.hear(&Event::Receipt { from, documents: vec![], time: Ms(time), carried: false });
    receipt(now().0 - 25 * 3_600_000);
    assert!(ill(&mut net.core, "clock").starts_with("25 h ahead of 429801"));
    // Of a node that was not heard of for a week nobody knows what its clock says today.
    net.core.set_clock(|| Ms(now().0 + LONG_MS + 60_000));
    assert!(doctor(&mut net.core).0);
}

#[test]
fn a_key_that_ends_soon_or_has_ended_and_an_open_invite() {
    let mut net = Net::new();
    let today = now().day();
    let key = crate::keyfile::create(net.core.folder(), "temp", "pass").unwrap().key.public();
    let top = net.core.ledger().registry.orgs[&net.county].creation.name;
    let basis = top.in_document(DocId::of(OrgId::root(net.core.network()), Kind::Registry));
    let grant = |to_day| {
        let new = NewGrant { key, role: Role::Auditor, office: None, org: net.county, basis, seal_key: None };
        Grant { to_day: Some(to_day), ..new.row("temp", Day(20_000)) }
    };
    let (late, soon) = (grant(Day(today.0 + 31)), grant(Day(today.0 + 30)));
    let registry = DocId::of(net.county, Kind::Registry);
    net.put("admin", registry, &row(&soon));
    assert_eq!(ill(&mut net.core, "key_ends"), soon.to_day.unwrap().to_string());
    net.put("admin", registry, &row(&late));
    assert!(doctor(&mut net.core).0, "another grant lasts longer");
    let burn = taizhang_core::rows::Burn { key, positions: vec![], cause: "stolen".into(), reason: None };
    net.put("admin", registry, &row(&burn));
    ill(&mut net.core, "key_closed");

    let mut net = Net::new();
    let invite = Command::Invite { org: "001".into(), role: "clerk".into(), office: None, expires_ms: 60_000, address: None };
    net.data("admin", &invite);
    let (ok, found) = doctor(&mut net.core);
    assert!(ok && found.len() == 1 && found[0].0 == "invite_open" && found[0].1.starts_with("001 clerk"), "{found:?}");
}

#[test]
fn little_space_is_told_with_how_much_there_is() {
    let net = Net::new();
    let words = |little| {
        let reply = Json::Object(super::page(&net.core, little).unwrap().data);
        let of = |f: &Json| f["what"].as_str().unwrap().to_owned();
        (reply["ok"].as_bool().unwrap(), reply["findings"].as_array().unwrap().iter().map(of).collect::<Vec<_>>())
    };
    assert_eq!(words(0), (true, Vec::new()));
    assert_eq!(words(u64::MAX), (false, vec!["disk".to_owned()]), "no disk has so much");
}

#[test]
fn a_journal_that_lost_an_entry_is_told_as_damage() {
    let mut net = Net::new();
    let lost = net.put("clerk", net.roster(), &teacher("T1")).entry;
    net.put("clerk3", DocId::of(net.school2, Kind::Roster), &teacher("T9"));
    assert!(doctor(&mut net.core).0);
    let bytes = net.core.entry(&lost).unwrap().to_bytes();
    let Net { core, dir, .. } = net;
    let folder = core.folder().clone();
    drop(core);
    let segments = std::fs::read_dir(folder.file("store/journal")).unwrap().map(|f| f.unwrap().path());
    for path in segments.filter(|p| p.is_file()) {
        let mut journal = std::fs::read(&path).unwrap();
        if let Some(at) = journal.windows(bytes.len()).position(|w| w == bytes) {
            journal[at + 40] ^= 1;
            std::fs::write(&path, journal).unwrap();
        }
    }
    let mut core = Core::open(folder, &mut |_, _, _| {}).unwrap();
    assert_eq!(ill(&mut core, "damage"), "1 holes, 1 entries lost");
    drop(dir);
}

/// A session of this node with one of the county's ends with nothing to exchange.
fn in_step(core: &mut Core, org: OrgId, with: PublicKey, kinds: Kinds) {
    let here = core.ledger().len();
    core.hear(&Event::InSync { session: SessionId(1), with, org, kinds, here });
}

/// A further node of the county.
fn further_node(net: &mut Net, key: u8) -> PublicKey {
    let node = SecretKey::from_seed([key; 32]).public();
    let grant = NewGrant { key: node, role: Role::Node, office: None, org: net.county, basis: net.top(), seal_key: None };
    let grant: Grant = grant.row("新机", Day(20_000));
    net.put("admin", DocId::of(net.county, Kind::Registry), &(Grant::TYPE, grant.to_fields()));
    node
}

#[test]
fn what_a_machine_in_the_place_of_another_has_from_elsewhere_counts_as_received_and_what_comes_later_does_not() {
    let mut net = Net::new();
    net.put("clerk", net.roster(), &teacher("T1"));
    let mut school = net.node_below(net.school);
    let first = net.core.folder().node_key().unwrap().public();
    in_step(&mut school, net.county, first, Kinds::all());
    assert_eq!(doctor(&mut school).1, [("on_its_way".to_owned(), "429801: 1".to_owned())], "its receipt is due");
    let second = further_node(&mut net, 77);
    net.carry(&mut school);
    in_step(&mut school, net.county, second, Kinds::of(&[Kind::Ledger]));
    assert_eq!(doctor(&mut school).1.len(), 1, "of a roster that says nothing");
    in_step(&mut school, net.county, second, Kinds::all());
    assert_eq!(doctor(&mut school).1, []);
    net.put("clerk", net.roster(), &teacher("T2"));
    net.carry(&mut school);
    in_step(&mut school, net.county, second, Kinds::all());
    assert_eq!(
        doctor(&mut school).1,
        [("on_its_way".to_owned(), "429801: 1".to_owned())],
        "whoever says «in step» gives no receipt with it"
    );
}

#[test]
fn nothing_is_awaited_from_who_is_closed_or_stands_elsewhere_now() {
    let mut net = Net::new();
    assert!(delivered::is_awaited(&net.core, net.school2));
    let close = OrgChange::Close { org: "002".into(), day: "2025-09-01".into(), succeeded_by: None, reason: None };
    net.data("admin", &Command::Org(close));
    assert!(!delivered::is_awaited(&net.core, net.school2), "closed");
    let (mut net, city) = Net::below_a_city();
    let former = net.beside(city, "429802", "reviewer-2");
    let node = SecretKey::from_seed([77; 32]).public();
    let basis = net.core.ledger().registry.orgs[&former].creation.name.here();
    let grant = NewGrant { key: node, role: Role::Node, office: None, org: former, basis, seal_key: None };
    let grant: Grant = grant.row("县局", Day(20_000));
    net.put("admin", DocId::of(city, Kind::Registry), &row(&grant));
    assert!(delivered::is_awaited(&net.core, city));
    let mut school = net.node_below(net.school);
    assert!(delivered::is_awaited(&school, net.county) && delivered::is_awaited(&school, city));
    assert!(!delivered::is_awaited(&school, former), "beside, not above");
    let neighbour = Neighbour { address: "former.example:7433".into(), key: Some(node.to_string()) };
    school.change_settings(|s| s.neighbours.push(neighbour)).unwrap();
    let missed = |core: &mut Core| doctor(core).1.iter().filter(|(what, _)| what == "not_synced").count();
    assert_eq!(missed(&mut school), 0, "it need not be reached");
    school.change_settings(|s| s.neighbours.push(Neighbour { address: "county.example:7433".into(), key: None })).unwrap();
    assert_eq!(missed(&mut school), 1);
}

#[test]
fn a_neighbour_that_was_not_met_for_a_week() {
    let mut net = Net::new();
    let with = net.core.folder().node_key().unwrap().public();
    let neighbour = Neighbour { address: "county.example:7433".into(), key: Some(with.to_string()) };
    net.core.change_settings(|s| s.neighbours.push(neighbour)).unwrap();
    let never = ill(&mut net.core, "not_synced");
    assert!(never.starts_with("county.example:7433: ") && never.contains("taizhang sync --once"), "{never}");
    let county = net.county;
    in_step(&mut net.core, county, with, Kinds::all());
    assert!(doctor(&mut net.core).0);
    net.core.note_answer("county.example:7433", Some(PublicKey([7; 32])));
    assert!(ill(&mut net.core, "neighbour_stranger").starts_with("county.example:7433 ("));
    net.core.note_answer("county.example:7433", None);
    assert!(doctor(&mut net.core).0);
}

#[test]
fn what_the_county_has_not_confirmed_for_a_week_shows_with_its_last_day() {
    let mut net = Net::new();
    net.put("clerk", net.roster(), &teacher("T1"));
    let mut school = net.node_below(net.school);
    // The school's own clock and receipts: nothing is confirmed, but nothing is old.
    let (ok, found) = doctor(&mut school);
    assert!(ok && found == [("on_its_way".to_owned(), "429801: 1".to_owned())], "{found:?}");
    let old = Ms(now().0 - LONG_MS - 1);
    let mut act = crate::core::Act::default();
    let mut p = taizhang_core::op::PayloadBuilder::default();
    let (number, fields) = teacher("T2");
    p.row(number, &[], &fields);
    act.write(net.roster(), p);
    let person = net.person("clerk");
    let entries = net.core.sign_at(&person, &act, old).unwrap();
    let late: EntryId = entries[0].id;
    net.core.store_entries(entries, Vec::new()).unwrap();
    net.carry(&mut school);
    let folder = school.folder().clone();
    drop(school);
    // The county's node confirms the first entry only.
    let node = net.core.folder().node_key().unwrap();
    let first = net.core.ledger().place(&late).unwrap().parent.unwrap();
    let receipt = Receipt::sign(&node, &net.core.network(), 1, old, vec![(net.roster(), vec![first])]);
    let note = [b"receipt/".as_slice(), &node.public().0, &net.roster().to_bytes()].concat();
    let mut school = Core::open(Folder::at(folder.path()), &mut |_, _, _| {}).unwrap();
    let commit = taizhang_store::Commit { notes: vec![(note, Some(receipt.to_bytes()))], ..Default::default() };
    taizhang_store::Store::commit(school.store_mut(), &commit).unwrap();
    drop(school);
    let mut school = Core::open(folder, &mut |_, _, _| {}).unwrap();
    assert_eq!(ill(&mut school, "withheld"), format!("429801: 1 ({})", old.day()));
    let said = format!("429801 last received on {}; 1 entries since", old.day());
    let status = ask(&mut school, &Command::Status);
    assert_eq!((&status["delivered"][0]["en"], &status["delivered"][0]["since"]), (&said.into(), &1.into()));
}
