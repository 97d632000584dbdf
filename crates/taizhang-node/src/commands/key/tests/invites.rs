//! Invites: open, used, used twice, expired, withdrawn; and the accept that settles a use.

use taizhang_core::{id::OrgId, standing::Standing::*};

use super::*;
use crate::{
    command::Unlock,
    commands::{found, org::InviteFile, testkit::PASSPHRASE},
    folder::{Folder, Settings},
};

fn nobody() -> Unlock {
    Unlock { key: None, passphrase: Some(PASSPHRASE.to_owned()) }
}

fn invite(net: &mut Net, expires_ms: u64) -> String {
    let command = Command::Invite { org: "001".into(), role: "clerk".into(), office: None, expires_ms, address: None };
    net.data("admin", &command)["invite"].as_str().unwrap().to_owned()
}

/// A new PC joins by the invite; what it wrote for its first contact reaches the county.
fn join(net: &mut Net, name: &str, invite: &str) -> (EntryId, Folder) {
    let folder = Folder::at(net.dir.path().join(name));
    found::join(&folder, &nobody(), invite, Some(name)).unwrap();
    let bytes = folder.read("invite.cbor").unwrap().unwrap();
    let entry = taizhang_core::entry::SignedEntry::parse(&bytes, &net.core.network()).unwrap();
    let id = entry.id;
    net.core.store_entries(vec![entry], Vec::new()).unwrap();
    (id, folder)
}

fn states(net: &mut Net) -> Vec<String> {
    let list = net.data("admin", &Command::Invites { org: None });
    list["invites"].as_array().unwrap().iter().map(|i| i["state"].as_str().unwrap().to_owned()).collect()
}

fn accept_invites() -> Command {
    asked(KeyCommand::Accept(Accepting { entries: Vec::new(), invites: true, reason: None, ..accept(&[]) }))
}

#[test]
fn what_became_of_each_invite() {
    let mut net = Net::new();
    let texts: Vec<String> = (0..4).map(|_| invite(&mut net, 86_400_000)).collect();
    let expired = invite(&mut net, 0);
    join(&mut net, "one", &texts[1]);
    join(&mut net, "two", &texts[2]);
    join(&mut net, "thief", &texts[2]);
    let withdrawn = InviteFile::read(&texts[3]).unwrap().row.key.to_string();
    net.run("admin", &asked(KeyCommand::Burn(burn(&withdrawn, Keep::Nothing)))).unwrap();
    assert_eq!(states(&mut net), ["open", "used", "used_twice", "withdrawn", "expired"]);
    let error = found::join(&Folder::at(net.dir.path().join("late")), &nobody(), &expired, None).unwrap_err();
    assert!(error.what.en.contains("expired") && error.hint.is_some(), "{error:?}");
    // An end goes by days that whoever uses it claims: an invite is withdrawn by a burn.
    let open = InviteFile::read(&texts[0]).unwrap().row.key.to_string();
    for (key, said) in [(&withdrawn, "has no such grant in force"), (&open, "is an invite")] {
        let refused = net.run("admin", &asked(KeyCommand::End(end(key)))).unwrap_err();
        assert!(refused.what.en.contains(said), "{refused:?}");
    }
    let list = net.data("admin", &Command::Invites { org: Some("001".into()) });
    assert_eq!(list["invites"][2]["uses"].as_array().unwrap().len(), 2, "both uses are shown: {list}");
}

#[test]
fn an_admin_is_told_of_a_use_and_after_the_accept_a_second_one_changes_nothing() {
    let mut net = Net::new();
    let text = invite(&mut net, 86_400_000);
    let other = Command::OrgAdd { code: "003".into(), kind: "school".into(), name: "三小".into(), parent: None };
    assert!(notes(&mut net, "admin", &other).1.is_empty());
    let (first, _) = join(&mut net, "one", &text);
    let other = Command::OrgAdd { code: "004".into(), kind: "school".into(), name: "四小".into(), parent: None };
    let said = notes(&mut net, "admin", &other).1;
    assert!(said.iter().any(|n| n.contains("1 invites were used")), "{said:?}");
    let ledger = net.ledger();
    put(&mut net, "clerk", ledger);
    let said = notes(&mut net, "clerk", &Command::Describe { key: "T1.subject".into(), value: "数学".into() }).1;
    assert_eq!(said, Vec::<String>::new(), "a clerk is not asked");
    net.run("admin", &accept_invites()).unwrap();
    assert!(net.run("admin", &accept_invites()).unwrap_err().what.en.contains("nothing to accept"));
    let (second, _) = join(&mut net, "thief", &text);
    assert_eq!(standing(&net.core, &[first, second]), [Stands, Ended]);
    let list = net.data("admin", &Command::Invites { org: None });
    let uses = list["invites"][0]["uses"].as_array().unwrap();
    let accepted: Vec<_> = uses
        .iter()
        .map(|u| (u["label"].as_str().unwrap(), u["accepted"].as_bool().unwrap(), u["standing"].as_str().unwrap()))
        .collect();
    assert!(accepted.contains(&("one", true, "stands")) && accepted.contains(&("thief", false, "ended")), "{accepted:?}");
}

#[test]
fn of_two_uses_a_person_chooses() {
    let mut net = Net::new();
    let text = invite(&mut net, 86_400_000);
    let ((first, _), (second, _)) = (join(&mut net, "thief", &text), join(&mut net, "one", &text));
    let (reply, said) = notes(&mut net, "admin", &accept_invites());
    assert!(reply.is_err() && said.iter().any(|n| n.contains("used more than once")), "{said:?}");
    net.run("admin", &asked(KeyCommand::Accept(accept(&[second])))).unwrap();
    assert_eq!(standing(&net.core, &[first, second]), [Ended, Stands]);
}

#[test]
fn an_organisation_invites_only_whom_it_certifies() {
    let (mut net, _) = Net::below_a_city();
    let invite = |org: &str| {
        let (org, role) = (org.to_owned(), "clerk".to_owned());
        Command::Invite { org, role, office: None, expires_ms: 60_000, address: None }
    };
    let refused = net.run("admin", &invite("001")).unwrap_err();
    assert_eq!((refused.kind.exit_code(), refused.what.zh.as_str()), (1, "该机构不归本机构管理"), "the county created it");
    net.run("admin", &invite("429801")).unwrap();
}

/// One command: the machine's own key and every person's that joined on it.
#[test]
fn a_stolen_pc_is_burnt_whole_and_a_new_one_gets_everything_back() {
    let mut net = Net::new();
    let text = invite(&mut net, 86_400_000);
    let (_, folder) = join(&mut net, "stolen", &text);
    let node = folder.node_key().unwrap().public();
    let person = keyfile::list(&folder).unwrap()[0].public;
    let secret = keyfile::unlock(&folder, person, PASSPHRASE).unwrap().key;
    net.adopt("stolen", secret);
    let ledger = net.ledger();
    let before = put(&mut net, "stolen", ledger);
    let machine = Burning { key: None, machine: Some(node.to_string()), ..burn("", Keep::All) };
    let reply = net.data("admin", &asked(KeyCommand::Burn(machine)));
    assert_eq!(reply["burnt"].as_array().unwrap().len(), 2, "{reply}");
    let judge = Judge::new(net.core.ledger());
    for key in [node, person] {
        assert!(net.core.ledger().registry.grants_of(key).all(|(name, _)| judge.grant_state(name).word() == "burnt"));
    }
    drop(judge);
    let after = elsewhere(&mut net, "stolen", ledger, &registration("F", "T1", 1), Ms(1));
    assert_eq!(standing(&net.core, &[before, after]), [Stands, Burnt]);
    let new = net.node_below(net.school);
    assert_eq!(standing(&new, &[before, after]), [Stands, Burnt], "the new PC has all of it");
}

#[test]
fn an_invite_of_another_network_or_organisation_or_bent_is_refused_in_words() {
    let mut net = Net::new();
    let text = invite(&mut net, 86_400_000);
    let other = Net::new();
    let folder = Folder::at(other.dir.path().join("node"));
    drop(other.core);
    let error = found::join(&folder, &nobody(), &text, Some("x")).unwrap_err();
    assert!(error.what.en.contains("belongs to another organisation"), "another network: {error:?}");
    let folder = Folder::at(net.dir.path().join("second"));
    folder.create().unwrap();
    folder.save_settings(&Settings::new(net.core.network(), OrgId([9; 8]), Vec::new())).unwrap();
    let error = found::join(&folder, &nobody(), &text, Some("x")).unwrap_err();
    assert!(error.what.en.contains("belongs to another organisation"), "another organisation: {error:?}");
    let seed = InviteFile::read(&text).unwrap().invite().key.seed();
    let hex: String = seed.iter().map(|b| format!("{b:02x}")).collect();
    let other_seed = text.replace(&hex, &"11".repeat(32));
    let error = InviteFile::read(&other_seed).err().unwrap();
    assert!(error.what.en.contains("cannot be read"), "{error:?}");
}

#[test]
fn a_folder_in_use_is_not_begun_again_by_mistake() {
    let mut net = Net::new();
    let command =
        Command::Invite { org: "429801".into(), role: "reviewer".into(), office: None, expires_ms: 86_400_000, address: None };
    let text = net.data("admin", &command)["invite"].as_str().unwrap().to_owned();
    let folder = net.core.folder().clone();
    let begun = [
        found::init(&folder, &nobody(), "429802", "另一县", "county").unwrap_err(),
        found::join(&folder, &nobody(), &text, None).unwrap_err(),
    ];
    for error in begun {
        assert!(error.what.en.contains("there is a ledger in") && error.hint.is_some(), "{error:?}");
    }
    let taken = found::join_running(&mut net.core, &nobody(), &text, Some("reviewer2")).unwrap_err();
    assert!(taken.what.en.contains("has a key called reviewer2 already"), "{taken:?}");
    let weak = Unlock { key: None, passphrase: Some("12345".to_owned()) };
    let new = Folder::at(net.dir.path().join("new"));
    assert_eq!(found::join(&new, &weak, &text, None).unwrap_err().kind, crate::error::ErrorKind::Key);
    assert!(!new.file("keys").exists());
}

/// A further person joins on a machine in use: what the node of a first contact asks is asked here too, and a refusal leaves no key behind.
#[test]
fn a_machine_in_use_takes_no_invite_that_is_unknown_expired_withdrawn_or_used() {
    let mut net = Net::new();
    let to_county = |net: &mut Net, expires_ms: u64| {
        let command = Command::Invite { org: "429801".into(), role: "reviewer".into(), office: None, expires_ms, address: None };
        net.data("admin", &command)["invite"].as_str().unwrap().to_owned()
    };
    let (expired, withdrawn, good) = (to_county(&mut net, 0), to_county(&mut net, 86_400_000), to_county(&mut net, 86_400_000));
    let key = InviteFile::read(&withdrawn).unwrap().row.key.to_string();
    net.run("admin", &asked(KeyCommand::Burn(burn(&key, Keep::Nothing)))).unwrap();
    let unknown = {
        let mut other = Net::new();
        let mut file = InviteFile::read(&to_county(&mut other, 86_400_000)).unwrap();
        let here = InviteFile::read(&good).unwrap();
        (file.network, file.registry, file.row.org) = (here.network, here.registry, here.row.org);
        file.text()
    };
    let keys = |net: &Net| keyfile::list(net.core.folder()).unwrap().len();
    let before = keys(&net);
    let join = |net: &mut Net, text: &str| found::join_running(&mut net.core, &nobody(), text, Some("second"));
    for (text, said) in [(&unknown, "does not know of this invite"), (&expired, "expired"), (&withdrawn, "withdrawn")] {
        let error = join(&mut net, text).unwrap_err();
        assert!(error.what.en.contains(said) && error.hint.is_some(), "{error:?}");
        assert_eq!(keys(&net), before, "{said}: a key was left behind");
    }
    join(&mut net, &good).unwrap();
    let again = found::join_running(&mut net.core, &nobody(), &good, Some("third")).unwrap_err();
    assert!(again.what.en.contains("used already"), "{again:?}");
    assert_eq!(keys(&net), before + 1);
}
