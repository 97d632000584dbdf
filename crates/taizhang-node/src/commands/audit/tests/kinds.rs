//! What a damaged disk, a muddled index, a second program on one folder, a burnt admin, too many branches, a move and a closing look like to an audit.

use taizhang_core::{
    author::Author,
    entry::{Header, SignedEntry},
    id::{DocId, EntryId, Kind, LogId, Run},
    op::PayloadBuilder,
    rows::{Grant, OrgKind, Role, RowType},
    units::{Day, Ms},
};
use taizhang_store::{
    Commit, NewEntry, Store,
    disk::{DiskStore, Options},
};

use super::{Json, Net, YEAR, burn, findings, found, only, write_at};
use crate::{
    command::{Command, OrgChange},
    commands::testkit::{registration, teacher},
    core::{Core, now},
};

/// Sorts of findings with who is responsible.
fn sorts(core: &mut Core) -> Vec<(String, String)> {
    let text = |f: &Json, name: &str| f[name].as_str().unwrap_or_default().to_owned();
    let of = |f: &Json| (text(f, "what"), format!("{} {}", text(f, "org"), text(f, "label")).trim().to_owned());
    findings(core).iter().map(of).collect()
}

/// A clerk's entry that was signed and not stored.
fn signed(net: &Net, run: u8, time: Ms) -> SignedEntry {
    let author = Author { key: net.person("clerk").key, run: Run([run; 8]) };
    let grant = net.core.ledger().registry.grants_of(author.public()).next().map(|(name, _)| *name);
    let mut p = PayloadBuilder::default();
    let (number, fields) = teacher("T5");
    p.row(number, &[], &fields);
    author.write(net.core.ledger(), net.roster(), grant, p.finish(), time)
}

/// The node ends; its store then holds these bytes under this id, whatever they are; it starts again.
fn with_bytes(net: Net, id: EntryId, log: LogId, bytes: Vec<u8>) -> (Core, tempfile::TempDir) {
    let Net { core, dir, .. } = net;
    let folder = core.folder().clone();
    drop(core);
    let believe = move |_: &[u8]| Some((id, log, 1));
    let (mut store, _) = DiskStore::open(&folder.file("store"), &Options::new(believe)).unwrap();
    store.commit(&Commit { entries: vec![NewEntry { id, log, sequence: 1, bytes }], ..Commit::default() }).unwrap();
    drop(store);
    (Core::open(folder, &mut |_, _, _| {}).unwrap(), dir)
}

#[test]
fn bytes_that_are_no_entry_are_an_error() {
    let net = Net::new();
    let entry = signed(&net, 5, now());
    // One item under tag 18, as a newer program may write it: nothing that this one reads.
    let bytes = vec![0xd2, 0x84, 0x40, 0xa0, 0x40, 0x40];
    let (mut core, _dir) = with_bytes(net, entry.id, entry.header.log, bytes);
    assert_eq!(only(&mut core), found("form", ""));
    assert_eq!(findings(&mut core)[0]["entry"], entry.id.to_string());
}

#[test]
fn bytes_of_another_entry_than_the_index_names_are_an_error() {
    let net = Net::new();
    let entry = signed(&net, 5, now());
    let (mut core, _dir) = with_bytes(net, EntryId([9; 32]), entry.header.log, entry.to_bytes());
    // The node works with what it read; the audit takes only what lies under its own name.
    assert_eq!(sorts(&mut core), [found("bytes", "001 clerk 岗"), found("in_use", "")]);
}

#[test]
fn what_came_to_the_disk_behind_the_nodes_back_is_an_error() {
    let mut net = Net::new();
    let entry = signed(&net, 5, now());
    let stored = NewEntry { id: entry.id, log: entry.header.log, sequence: 1, bytes: entry.to_bytes() };
    net.core.store_mut().commit(&Commit { entries: vec![stored], ..Commit::default() }).unwrap();
    assert_eq!(only(&mut net.core), found("in_use", ""));
    assert_eq!(findings(&mut net.core)[0]["document_id"], net.roster().to_string());
    assert_eq!(findings(&mut net.reopen().core).len(), 0, "a new start reads the disk");
}

#[test]
fn what_a_burnt_admins_people_wrote_has_no_grant() {
    let mut net = Net::new();
    let top = net.top();
    let school = net.core.ledger().registry.orgs[&net.school].creation.name.here();
    net.grant("admin2", Role::Admin, net.county, top);
    // The stolen key lets somebody in.
    let person = crate::keyfile::create(net.core.folder(), "friend", "九座山的学校").unwrap();
    let new = taizhang_core::founding::NewGrant {
        key: person.key.public(),
        role: Role::Clerk,
        office: None,
        org: net.school,
        basis: school,
        seal_key: None,
    };
    let grant: Grant = new.row("friend 岗", Day(20_000));
    net.adopt("friend", person.key);
    let registry = super::registry(&net);
    net.put("admin2", registry, &super::row(&grant));
    net.put("friend", net.roster(), &teacher("T6"));
    assert_eq!(findings(&mut net.core).len(), 0);
    burn(&mut net, "admin2", &[]);
    let mut both = sorts(&mut net.core);
    both.sort();
    assert_eq!(both, [found("burnt", "429801 admin2 岗"), found("no_grant", "001 friend 岗")]);
}

#[test]
fn branches_beyond_those_kept_are_surplus() {
    let mut net = Net::new();
    let id = net.put("clerk", net.roster(), &teacher("T1")).entry;
    let first = net.core.entry(&id).unwrap();
    let key = net.person("clerk").key;
    let sibling = |n: u64| {
        let header = Header { time: Ms(first.header.time.0 + n), ..first.header };
        SignedEntry::sign(header, first.payload.clone(), &key, &net.core.network())
    };
    let more: Vec<SignedEntry> = (1..=5).map(sibling).collect();
    net.core.store_entries(more, Vec::new()).unwrap();
    let all = findings(&mut net.core);
    assert_eq!(sorts(&mut net.core), [found("surplus", "001 clerk 岗"), found("fork", "001 clerk 岗")]);
    assert_eq!(all[0]["detail"], "2 entries", "six branches, four kept");
}

fn org(change: OrgChange) -> Command {
    Command::Org(change)
}

#[test]
fn what_the_county_that_a_school_left_grants_after_the_move_is_a_warning_until_it_is_ended() {
    let (mut net, _) = Net::below_a_city();
    net.core.set_abandoned(|| false);
    let add = |code: &str| Command::OrgAdd { code: code.into(), kind: "county".into(), name: code.into(), parent: None };
    net.run("admin", &add("429802")).unwrap();
    assert_eq!(findings(&mut net.core), Vec::<Json>::new());
    let yesterday = Day(now().day().0 - 1);
    let moved = OrgChange::Move { org: "001".into(), to: "429802".into(), from: now().day().to_string(), reason: None };
    net.run("admin", &org(moved)).unwrap();
    assert_eq!(findings(&mut net.core), Vec::<Json>::new(), "an honest move keeps its people, and nobody is warned");
    net.hire("late");
    // What she writes is told with the day of the move, and with who may end it.
    let ledger = DocId::of_year(net.school, Kind::Ledger, YEAR);
    net.put("late", ledger, &registration("A1", "T1", 100));
    assert_eq!(sorts(&mut net.core), [found("grant_former", "001 late 岗")]);
    let finding = findings(&mut net.core)[0].clone();
    assert_eq!(finding["detail"], format!("from {} on: 1 entries; 429801 may end it", now().day()));
    assert_eq!(finding["author"], net.person("late").key.public().to_string());
    net.leave_on("late", yesterday);
    assert_eq!(sorts(&mut net.core), [found("ended", "001 late 岗")]);
}

#[test]
fn a_grant_of_a_closed_school_is_noted_from_the_day_after_its_last_and_a_warning_once_it_is_used() {
    let mut net = Net::new();
    let (today, yesterday) = (now().day(), Day(now().day().0 - 1));
    let close = |day: Day| org(OrgChange::Close { org: "002".into(), day: day.to_string(), succeeded_by: None, reason: None });
    net.run("admin", &close(today)).unwrap();
    assert_eq!(findings(&mut net.core), Vec::<Json>::new(), "its last day is not over");
    net.run("admin", &close(yesterday)).unwrap();
    let told = |net: &mut Net| {
        let finding = findings(&mut net.core)[0].clone();
        (finding["severity"].clone(), finding["detail"].clone())
    };
    assert_eq!(only(&mut net.core), found("grant_closed", "002 clerk3 岗"));
    let detail = |n| Json::from(format!("from {today} on: {n} entries; 429801 may end it"));
    assert_eq!(told(&mut net), ("note".into(), detail(0)), "nothing dishonest, and no warning");
    net.put("clerk3", net.ledger2(), &registration("A1", "T9", 100));
    assert_eq!(told(&mut net), ("warning".into(), detail(1)));
    write_at(&mut net, "clerk", now());
    net.leave_on("clerk3", today);
    assert_eq!(findings(&mut net.core), Vec::<Json>::new());
    assert_eq!(net.core.ledger().registry.kind(net.school2), Some(OrgKind::School));
    assert_eq!(Grant::TYPE, 2);
}
