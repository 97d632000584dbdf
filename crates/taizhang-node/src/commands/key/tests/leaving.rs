//! Staff leave: clerks by their day, who decides or grants by positions.

use taizhang_core::{
    founding::NewGrant,
    rows::{Grant, Role},
    standing::Standing::*,
};

use super::*;
use crate::commands::testkit::PASSPHRASE;

#[test]
fn a_clerk_leaves_and_what_is_dated_later_waits_until_it_is_accepted() {
    let mut net = Net::new();
    let (ledger, now) = (net.ledger(), net.core.now());
    let before = put(&mut net, "clerk", ledger);
    let today = now.day().to_string();
    let reply = net.data("admin", &asked(KeyCommand::End(Ending { left: Some(today), ..end("clerk") })));
    assert_eq!((&reply["ended"][0]["role"], &reply["set_aside"]), (&"clerk".into(), &0.into()));
    let error = net.run("clerk", &Command::Describe { key: "T1.subject".into(), value: "数学".into() }).unwrap_err();
    assert_eq!(error.kind.exit_code(), 1, "the key writes no more: {error:?}");
    let on_the_day = elsewhere(&mut net, "clerk", ledger, &registration("B", "T1", 1), now);
    let later = elsewhere(&mut net, "clerk", ledger, &registration("C", "T1", 1), Ms(now.0 + 86_400_000));
    assert_eq!(standing(&net.core, &[before, on_the_day, later]), [Stands, Stands, Ended]);
    for who in ["clerk2", "reviewer"] {
        let refused = net.run(who, &asked(KeyCommand::Accept(accept(&[later])))).unwrap_err();
        assert!(refused.what.en.contains("was not granted in a registry that your key may write"), "{who}: {refused:?}");
    }
    let reply = net.data("admin", &asked(KeyCommand::Accept(accept(&[later]))));
    assert_eq!(reply["restored"], 1);
    assert_eq!(standing(&net.core, &[later]), [Stands]);
    let again = net.run("admin", &asked(KeyCommand::Accept(accept(&[later])))).unwrap_err();
    assert!(again.what.en.contains("changes nothing"), "{again:?}");
}

#[test]
fn a_clerk_who_would_end_herself_is_sent_to_an_admin_and_is_not_called_one() {
    let mut net = Net::new();
    let error = net.run("clerk", &asked(KeyCommand::End(end("clerk")))).unwrap_err();
    let hint = error.hint.unwrap();
    assert!(hint.zh.contains("429801 admin") && !hint.zh.contains("唯一"), "{hint:?}");
    let error = net.run("admin", &asked(KeyCommand::End(end("admin")))).unwrap_err();
    assert!(error.hint.unwrap().zh.contains("您是 429801 唯一的管理员"), "and the only one is told so");
    net.run("root", &asked(KeyCommand::End(end("admin")))).unwrap();
    let error = net.run("clerk", &asked(KeyCommand::End(end("clerk")))).unwrap_err();
    assert!(!error.hint.unwrap().zh.contains("唯一"), "there is no admin at all, and she is none");
}

#[test]
fn a_reviewer_leaves_and_only_what_is_here_stands_whatever_day_it_claims() {
    let mut net = Net::new();
    let review = net.review();
    let (first, tip) = (put(&mut net, "reviewer", review), put(&mut net, "reviewer", review));
    let reply = net.data("admin", &asked(KeyCommand::End(end("reviewer"))));
    assert_eq!(reply["set_aside"], 0, "{reply}");
    let dated_back = elsewhere(&mut net, "reviewer", review, &registration("B", "T1", 1), Ms(1));
    assert_eq!(standing(&net.core, &[first, tip, dated_back]), [Stands, Stands, Ended]);
    let by_key = Accepting { entries: Vec::new(), key: Some("reviewer".into()), ..accept(&[]) };
    assert_eq!(net.data("admin", &asked(KeyCommand::Accept(by_key)))["restored"], 1);
    assert_eq!(standing(&net.core, &[dated_back]), [Stands]);
}

/// One row holds thirty positions, one entry five hundred and forty; the rest is accepted.
#[test]
fn a_reviewer_of_many_schools_leaves_and_nothing_is_lost() {
    let mut net = Net::new();
    let (county, school) = (net.county, net.school);
    let about = |year| DocId::about(county, Kind::Review, year, school);
    let ids: Vec<EntryId> = (2000..2600).map(|year| put(&mut net, "reviewer", about(year))).collect();
    let reply = net.data("admin", &asked(KeyCommand::End(end("reviewer"))));
    assert_eq!((&reply["set_aside"], reply["entries"].as_array().unwrap().len()), (&0.into(), 2), "{reply}");
    assert!(standing(&net.core, &ids).iter().all(|s| *s == Stands));
    let past = elsewhere(&mut net, "reviewer", about(2000), &registration("B", "T1", 1), Ms(1));
    assert_eq!(standing(&net.core, &[past]), [Ended]);
}

#[test]
fn nobody_ends_herself_and_the_last_admin_is_told_what_to_do() {
    let mut net = Net::new();
    let error = net.run("admin", &asked(KeyCommand::End(end("admin")))).unwrap_err();
    assert!(error.hint.unwrap().en.contains("taizhang invite --org 429801 --role admin"));
    let top = net.top();
    net.grant("admin2", Role::Admin, net.county, top);
    let error = net.run("admin", &asked(KeyCommand::End(end("admin")))).unwrap_err();
    assert!(error.hint.unwrap().en.contains("admin2 岗"), "another one must do it");
    // The first admin was granted above: the second cannot, the root key can, and the county is told that nobody is left.
    let error = net.run("admin2", &asked(KeyCommand::End(end("admin")))).unwrap_err();
    assert!(error.hint.unwrap().en.contains("--as root"));
    net.run("admin", &asked(KeyCommand::End(end("admin2")))).unwrap();
    let (reply, notes) = notes(&mut net, "root", &asked(KeyCommand::End(end("admin"))));
    assert!(reply.is_ok() && notes.iter().any(|n| n.contains("429801 has no admin now")), "{notes:?}");
    let error = net.run("admin", &asked(KeyCommand::End(end("clerk")))).unwrap_err();
    assert_eq!(error.kind.exit_code(), 1, "an ended admin ends nobody: {error:?}");
}

#[test]
fn only_the_role_named_ends_and_an_ended_grant_is_told() {
    let mut net = Net::new();
    let grant =
        Grant { role: Role::Clerk, ..net.core.ledger().registry.grants_of(key(&net, "reviewer")).next().unwrap().1.row.clone() };
    net.put("admin", DocId::of(net.county, Kind::Registry), &row(&grant));
    net.run("admin", &asked(KeyCommand::End(Ending { role: Some("clerk".into()), ..end("reviewer") }))).unwrap();
    let states = |net: &Net| {
        let judge = Judge::new(net.core.ledger());
        let mut all: Vec<_> = net
            .core
            .ledger()
            .registry
            .grants_of(key(net, "reviewer"))
            .map(|(n, g)| (g.row.role.word(), judge.grant_state(n).word()))
            .collect();
        all.sort_unstable();
        all
    };
    assert_eq!(states(&net), [("clerk", "ended"), ("reviewer", "open")]);
    net.run("admin", &asked(KeyCommand::End(end("reviewer")))).unwrap();
    let error = net.run("admin", &asked(KeyCommand::End(end("reviewer")))).unwrap_err();
    assert!(error.what.en.contains("no such grant in force"), "{error:?}");
}

/// Whoever was let in by an admin deals with whom she lets in herself, never with those nearer to the root: her burn would act on nothing.
#[test]
fn an_admin_deals_with_nobody_nearer_to_the_root_than_herself() {
    let mut net = Net::new();
    let top = net.top();
    net.grant("admin2", Role::Admin, net.county, top);
    let person = keyfile::create(net.core.folder(), "admin3", PASSPHRASE).unwrap();
    let new = NewGrant { key: person.key.public(), role: Role::Admin, office: None, org: net.county, basis: top, seal_key: None };
    let grant: Grant = new.row("admin3 岗", Day(20_000));
    net.put("admin2", DocId::of(net.county, Kind::Registry), &row(&grant));
    let entries = net.core.ledger().len();
    let (second, third) = (key(&net, "admin2").to_string(), person.key.public().to_string());
    for command in [KeyCommand::End(end(&second)), KeyCommand::Burn(burn(&second, Keep::All))] {
        let refused = net.run("admin3", &asked(command)).unwrap_err();
        assert!(refused.what.en.contains("was not granted in a registry that your key may write"), "{refused:?}");
        assert!(refused.hint.unwrap().en.contains("one of these admins must do it"));
    }
    assert_eq!(net.core.ledger().len(), entries);
    net.run("admin2", &asked(KeyCommand::Burn(burn(&third, Keep::All)))).unwrap();
}

#[test]
fn a_dry_run_says_what_would_happen_and_writes_nothing() {
    let mut net = Net::new();
    let ledger = net.ledger();
    put(&mut net, "clerk", ledger);
    let ending = |dry_run| asked(KeyCommand::End(Ending { left: Some("2020-01-01".into()), dry_run, ..end("clerk") }));
    let accepting = |dry_run| {
        let by_key = Accepting { entries: Vec::new(), key: Some("clerk".into()), ..accept(&[]) };
        asked(KeyCommand::Accept(Accepting { dry_run, ..by_key }))
    };
    for (command, changes) in [(&ending as &dyn Fn(bool) -> Command, "set_aside"), (&accepting, "restored")] {
        let before = net.core.ledger().len();
        let tried = net.data("admin", &command(true));
        assert_eq!((&tried[changes], net.core.ledger().len()), (&1.into(), before), "{tried}");
        assert_eq!(net.data("admin", &command(false))[changes], 1);
        assert_eq!(net.core.ledger().len(), before + 1);
    }
}
