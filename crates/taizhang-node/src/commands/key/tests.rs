#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
mod invites;
mod leaving;
mod moved;
mod theft;

use serde_json::Value as Json;
use taizhang_core::{
    author::Author,
    id::{DocId, EntryId, Kind, PublicKey, Run},
    op::PayloadBuilder,
    standing::{Judge, Standing},
    units::{Day, Ms},
};

use super::super::testkit::{Net, Row, registration, row};
use crate::{
    command::{Accepting, Burning, Command, Ending, Keep, KeyCommand, Message},
    core::Core,
    error::CommandError,
    keyfile,
};

pub(super) fn key(net: &Net, label: &str) -> PublicKey {
    keyfile::find(net.core.folder(), label).unwrap()
}

pub(super) fn end(key: &str) -> Ending {
    Ending { key: key.into(), role: None, left: None, reason: "调走".into(), dry_run: false }
}

pub(super) fn burn(key: &str, keep: Keep) -> Burning {
    Burning { key: Some(key.into()), machine: None, cause: "电脑被盗".into(), keep, dry_run: false }
}

pub(super) fn accept(entries: &[EntryId]) -> Accepting {
    let entries = entries.iter().map(EntryId::to_string).collect();
    Accepting { entries, key: None, invites: false, reason: Some("核对属实".into()), dry_run: false }
}

pub(super) fn asked(command: KeyCommand) -> Command {
    Command::Key(command)
}

pub(super) fn standing(core: &Core, ids: &[EntryId]) -> Vec<Standing> {
    let judge = Judge::new(core.ledger());
    ids.iter().map(|id| judge.standing(id)).collect()
}

/// What somebody's other copy of a program writes that has not heard of anything since: its own log, begun under the first grant, at this time.
pub(super) fn elsewhere(net: &mut Net, who: &str, document: DocId, (row_type, fields): &Row, time: Ms) -> EntryId {
    let author = Author { key: net.person(who).key, run: Run(crate::random::bytes().unwrap()) };
    let grant = net.core.ledger().registry.grants_of(author.public()).next().map(|(name, _)| *name);
    let mut p = PayloadBuilder::default();
    p.row(*row_type, &[], fields);
    let entry = author.write(net.core.ledger(), document, grant, p.finish(), time);
    let id = entry.id;
    net.core.store_entries(vec![entry], Vec::new()).unwrap();
    id
}

pub(super) fn put(net: &mut Net, who: &str, document: DocId) -> EntryId {
    let n = u32::try_from(net.core.ledger().len()).unwrap();
    net.put(who, document, &registration(&format!("A{n}"), "T1", n)).entry
}

/// What the command said on the way.
pub(super) fn notes(net: &mut Net, who: &str, command: &Command) -> (Result<crate::command::Reply, CommandError>, Vec<String>) {
    let mut notes = Vec::new();
    let unlock = super::super::testkit::unlock(who);
    let reply = super::super::execute(&mut net.core, &unlock, command, &mut |m| {
        if let Message::Note(text) = m {
            notes.push(text.en);
        }
    });
    (reply, notes)
}

#[test]
fn every_key_is_listed_with_how_its_grant_stands() {
    let mut net = Net::new();
    let ledger = net.ledger();
    put(&mut net, "clerk", ledger);
    put(&mut net, "clerk", ledger);
    net.run("admin", &asked(KeyCommand::End(Ending { left: Some("2026-01-02".into()), ..end("clerk2") }))).unwrap();
    net.run("admin", &asked(KeyCommand::Burn(burn("clerk3", Keep::Nothing)))).unwrap();
    let list = net.data("admin", &asked(KeyCommand::List { org: None }));
    let of = |label: &str| list["keys"].as_array().unwrap().iter().find(|k| k["label"] == label).unwrap().clone();
    let (clerk, clerk2, clerk3) = (of("clerk 岗"), of("clerk2 岗"), of("clerk3 岗"));
    assert_eq!(
        (&clerk["state"], &clerk["entries"], &clerk["here"], &clerk["org"]),
        (&"open".into(), &2.into(), &true.into(), &"001".into())
    );
    assert!(clerk["last_ms"].is_u64() && clerk["why"].is_null());
    assert_eq!((&clerk2["state"], &clerk2["left_day"], &clerk2["why"]), (&"ended".into(), &"2026-01-02".into(), &"调走".into()));
    assert_eq!((&clerk3["state"], &clerk3["why"]), (&"burnt".into(), &"电脑被盗".into()));
    let admin = of("admin");
    assert_eq!(admin["machine"], Json::from(net.core.folder().node_key().unwrap().public().to_string()));
    let of_school = net.data("admin", &asked(KeyCommand::List { org: Some("002".into()) }));
    assert_eq!(of_school["keys"].as_array().unwrap().len(), 1);
}

#[test]
fn a_key_is_named_by_its_beginning_or_its_post_and_never_by_chance() {
    let mut net = Net::new();
    let hex = key(&net, "clerk").to_string();
    for named in [&hex[..6], hex.as_str(), "clerk 岗", "clerk"] {
        assert_eq!(super::find(&net.core, named).unwrap().key.to_string(), hex, "{named}");
    }
    let grant = taizhang_core::rows::Grant {
        label: "clerk 岗".into(),
        ..net.core.ledger().registry.grants_of(key(&net, "clerk3")).next().unwrap().1.row.clone()
    };
    net.put("admin", DocId::of(net.county, Kind::Registry), &row(&grant));
    let error = super::find(&net.core, "clerk 岗").err().unwrap();
    assert!(error.what.en.contains(&hex[..8]) && error.what.en.contains("002"), "{error:?}");
    for named in [&hex[..5], "nobody", ""] {
        assert!(super::find(&net.core, named).is_err(), "{named:?}");
    }
}

#[test]
fn a_passphrase_is_changed_by_whoever_knows_the_old_one() {
    let mut net = Net::new();
    let change =
        |new: &str| asked(KeyCommand::Passphrase { key: Some("clerk".into()), new: crate::secret::Secret::new(new.into()) });
    for (new, why) in [("七个字的短口令", "too short"), ("19900101 12345678", "a number")] {
        let error = net.run("clerk", &change(new)).unwrap_err();
        assert!(error.what.en.contains(why) && error.hint.is_some(), "{error:?}");
    }
    net.run("clerk", &change("另外一句八个字的话")).unwrap();
    let key = key(&net, "clerk");
    assert!(keyfile::unlock(net.core.folder(), key, super::super::testkit::PASSPHRASE).is_err());
    assert_eq!(keyfile::unlock(net.core.folder(), key, "另外一句八个字的话").unwrap().key.public(), key);
}

#[test]
fn what_no_row_may_say_is_refused_before_anything_is_signed() {
    let mut net = Net::new();
    let long = "长".repeat(201);
    for reason in ["", "  ", &long] {
        let command = asked(KeyCommand::End(Ending { reason: reason.into(), ..end("clerk") }));
        assert_eq!(net.run("admin", &command).unwrap_err().kind.exit_code(), 2);
    }
    let day = asked(KeyCommand::End(Ending { left: Some("2026-13-01".into()), ..end("clerk") }));
    assert_eq!(net.run("admin", &day).unwrap_err().kind.exit_code(), 2);
    assert_eq!(Day::parse_iso("2026-13-01"), None);
}
