//! Keys are stolen: what stands is what the positions cover, and no more.

use taizhang_core::{
    rows::{Grant, Role},
    standing::Standing::*,
};

use super::*;

#[test]
fn before_at_and_after_the_positions() {
    let mut net = Net::new();
    let ledger = net.ledger();
    let ids: Vec<EntryId> = (0..3).map(|_| put(&mut net, "clerk", ledger)).collect();
    let keep = Keep::UpTo(vec![ids[1].to_string()]);
    let tried = net.data("admin", &asked(KeyCommand::Burn(Burning { dry_run: true, ..burn("clerk", keep.clone()) })));
    assert_eq!(
        (&tried["burnt"][0]["kept"], &tried["set_aside"], &tried["entries"]),
        (&2.into(), &1.into(), &serde_json::json!([]))
    );
    assert_eq!(tried["set_aside_entries"][0]["entry"], Json::from(ids[2].to_string()));
    assert_eq!(standing(&net.core, &ids), [Stands; 3], "only shown");
    let done = net.data("admin", &asked(KeyCommand::Burn(burn("clerk", keep))));
    assert_eq!((&done["set_aside"], &done["closed"][0]["role"]), (&tried["set_aside"], &"clerk".into()));
    assert_eq!(standing(&net.core, &ids), [Stands, Stands, Burnt]);
    let forged = elsewhere(&mut net, "clerk", ledger, &registration("F", "T1", 1), Ms(1));
    assert_eq!(standing(&net.core, &[forged]), [Burnt], "however it is dated");
    // What was honest is accepted, and stays accepted under a later, narrower burn.
    net.run("admin", &asked(KeyCommand::Accept(accept(&[ids[2]])))).unwrap();
    net.run("admin", &asked(KeyCommand::Burn(burn("clerk", Keep::Nothing)))).unwrap();
    assert_eq!(standing(&net.core, &[ids[2], forged]), [Stands, Burnt]);
}

#[test]
fn a_burnt_key_stays_burnt_when_it_is_granted_again() {
    let mut net = Net::new();
    let ledger = net.ledger();
    let before = put(&mut net, "clerk", ledger);
    net.run("admin", &asked(KeyCommand::Burn(burn("clerk", Keep::All)))).unwrap();
    let grant: Grant = net.core.ledger().registry.grants_of(key(&net, "clerk")).next().unwrap().1.row.clone();
    net.put("admin", DocId::of(net.county, Kind::Registry), &row(&grant));
    let now = net.core.now();
    let after = elsewhere(&mut net, "clerk", ledger, &registration("F", "T1", 1), now);
    assert_eq!(standing(&net.core, &[before, after]), [Stands, Burnt]);
    assert!(net.run("clerk", &Command::Describe { key: "T1.subject".into(), value: "数学".into() }).is_err());
}

/// What this node had before the day stands, by its own marks and not by what entries claim.
#[test]
fn stolen_on_a_day_keeps_what_had_arrived_before() {
    let mut net = Net::new();
    let (ledger, today) = (net.ledger(), net.core.now().day());
    let old = put(&mut net, "clerk", ledger);
    // As if the node's first mark were of yesterday, and today's of now.
    let marks = [(today.0 - 1, 0), (today.0, net.core.ledger().len())];
    let note = |(day, n): (u32, u64)| ([b"day/".as_slice(), &day.to_be_bytes()].concat(), Some(n.to_be_bytes().to_vec()));
    let commit = taizhang_store::Commit { notes: marks.into_iter().map(note).collect(), ..Default::default() };
    taizhang_store::Store::commit(net.core.store_mut(), &commit).unwrap();
    let mut net = net.reopen();
    let new = elsewhere(&mut net, "clerk", ledger, &registration("F", "T1", 1), Ms(1));
    let command = asked(KeyCommand::Burn(burn("clerk", Keep::Before(today.to_string()))));
    let (reply, said) = notes(&mut net, "admin", &command);
    assert!(reply.is_ok() && said.is_empty(), "{said:?}");
    assert_eq!(standing(&net.core, &[old, new]), [Stands, Burnt], "dated 1970, and arrived today");
}

#[test]
fn a_node_without_marks_goes_by_claims_and_says_so() {
    let mut net = Net::new();
    let (ledger, now) = (net.ledger(), net.core.now());
    let claimed_old = elsewhere(&mut net, "clerk", ledger, &registration("F", "T1", 1), Ms(1));
    let claimed_new = elsewhere(&mut net, "clerk", ledger, &registration("G", "T1", 1), now);
    let command = asked(KeyCommand::Burn(burn("clerk", Keep::Before(now.day().to_string()))));
    let (_, said) = notes(&mut net, "admin", &command);
    assert!(said.iter().any(|n| n.contains("which a thief can set")), "{said:?}");
    assert_eq!(standing(&net.core, &[claimed_old, claimed_new]), [Stands, Burnt]);
}

#[test]
fn two_admins_burn_each_other_on_two_nodes_and_both_are_burnt() {
    let mut net = Net::new();
    let top = net.top();
    net.grant("second", Role::Admin, net.county, top);
    net.grant("third", Role::Admin, net.county, top);
    let (a, b) = (key(&net, "second"), key(&net, "third"));
    let burn_row = |key| row(&taizhang_core::rows::Burn { key, positions: Vec::new(), cause: "互相".into(), reason: None });
    let registry = DocId::of(net.county, Kind::Registry);
    net.run("second", &asked(KeyCommand::Burn(burn("third", Keep::Nothing)))).unwrap();
    // The other did the same before it heard of it.
    let now = net.core.now();
    elsewhere(&mut net, "third", registry, &burn_row(a), now);
    let judge = Judge::new(net.core.ledger());
    for key in [a, b] {
        assert!(net.core.ledger().registry.grants_of(key).all(|(name, _)| judge.grant_state(name).word() == "burnt"));
    }
    drop(judge);
    for who in ["second", "third"] {
        assert!(net.run(who, &asked(KeyCommand::Burn(burn("clerk", Keep::Nothing)))).is_err());
    }
    net.run("admin", &asked(KeyCommand::Burn(burn("clerk", Keep::Nothing)))).unwrap();
}

#[test]
fn whom_a_burnt_admin_hired_is_told() {
    let mut net = Net::new();
    let top = net.top();
    net.grant("second", Role::Admin, net.county, top);
    let grant: Grant = net.core.ledger().registry.grants_of(key(&net, "clerk3")).next().unwrap().1.row.clone();
    let hired = keyfile::create(net.core.folder(), "hired", super::super::super::testkit::PASSPHRASE).unwrap();
    net.adopt("hired", hired.key.clone());
    let grant = Grant { key: hired.key.public(), label: "hired 岗".into(), ..grant };
    net.put("second", DocId::of(net.county, Kind::Registry), &row(&grant));
    let ledger = net.ledger2();
    let wrote = put(&mut net, "hired", ledger);
    let (reply, said) = notes(&mut net, "admin", &asked(KeyCommand::Burn(burn("second", Keep::Nothing))));
    let closed = reply.unwrap().data["closed"].to_string();
    assert!(closed.contains("hired 岗") && said.iter().any(|n| n.contains("invite them again")), "{closed} {said:?}");
    assert_eq!(standing(&net.core, &[wrote]), [NoGrant]);
}

#[test]
fn a_burn_names_the_keys_own_entries_and_a_machine_is_a_machine() {
    let mut net = Net::new();
    let ledger = net.ledger();
    let others = put(&mut net, "clerk2", ledger);
    let error = net.run("admin", &asked(KeyCommand::Burn(burn("clerk", Keep::UpTo(vec![others.to_string()]))))).unwrap_err();
    assert!(error.what.en.contains("was not signed by"), "{error:?}");
    let machine = Burning { key: None, machine: Some("clerk".into()), ..burn("", Keep::All) };
    let error = net.run("admin", &asked(KeyCommand::Burn(machine))).unwrap_err();
    assert!(error.what.en.contains("is no machine's key"), "{error:?}");
    let own = net.run("admin", &asked(KeyCommand::Burn(burn("admin", Keep::All)))).unwrap_err();
    assert!(own.what.en.contains("cannot end or burn itself"), "{own:?}");
}

#[test]
fn a_burn_of_what_is_burnt_already_writes_nothing() {
    let mut net = Net::new();
    let ledger = net.ledger();
    let ids: Vec<EntryId> = (0..2).map(|_| put(&mut net, "clerk", ledger)).collect();
    let keep = |n: usize| Keep::UpTo(vec![ids[n].to_string()]);
    net.run("admin", &asked(KeyCommand::Burn(burn("clerk", keep(1))))).unwrap();
    let before = net.core.ledger().len();
    for again in [keep(1), Keep::All] {
        let error = net.run("admin", &asked(KeyCommand::Burn(burn("clerk", again)))).unwrap_err();
        assert!(error.what.en.contains("changes nothing") && error.hint.is_some(), "{error:?}");
    }
    assert_eq!(net.core.ledger().len(), before);
    // A narrower one says more.
    net.run("admin", &asked(KeyCommand::Burn(burn("clerk", keep(0))))).unwrap();
    assert_eq!(standing(&net.core, &ids), [Stands, Burnt]);
}

/// A month typed wrong would keep all that the thief wrote.
#[test]
fn a_day_to_come_is_refused() {
    let mut net = Net::new();
    let ledger = net.ledger();
    put(&mut net, "clerk", ledger);
    let (before, tomorrow) = (net.core.ledger().len(), Day(net.core.now().day().0 + 1).to_string());
    let left = Ending { left: Some(tomorrow.clone()), ..end("clerk") };
    for command in [KeyCommand::Burn(burn("clerk", Keep::Before(tomorrow))), KeyCommand::End(left)] {
        let error = net.run("admin", &asked(command)).unwrap_err();
        assert!(error.what.en.ends_with("is still to come") && error.hint.is_some(), "{error:?}");
    }
    assert_eq!(net.core.ledger().len(), before);
}

#[test]
fn what_was_accepted_before_a_burn_is_told_to_count_on() {
    let mut net = Net::new();
    let ledger = net.ledger();
    let ids: Vec<EntryId> = (0..3).map(|_| put(&mut net, "clerk", ledger)).collect();
    // After a lock the county's reviewer let late entries in, with all before them in their log.
    let place = *net.core.ledger().place(&ids[1]).unwrap();
    let position = taizhang_core::rows::Positions { document: ledger, run: place.log.run, height: place.sequence, id: ids[1] };
    let accept = taizhang_core::rows::Accept { positions: vec![position], reason: "晚到".into() };
    let review = net.review();
    net.put("reviewer", review, &row(&accept));
    let (reply, said) = notes(&mut net, "admin", &asked(KeyCommand::Burn(burn("clerk", Keep::Nothing))));
    let reply = reply.unwrap().data;
    assert_eq!(standing(&net.core, &ids), [Stands, Stands, Burnt]);
    let burnt = &reply["burnt"][0];
    assert_eq!((&reply["set_aside"], &burnt["kept"], &burnt["counting"]), (&1.into(), &0.into(), &2.into()));
    assert!(said.iter().any(|n| n.starts_with("2 more entries of this key go on counting")), "{said:?}");
    // What the burn itself keeps is no surprise.
    let mut net = Net::new();
    let ledger = net.ledger();
    put(&mut net, "clerk", ledger);
    let (reply, said) = notes(&mut net, "admin", &asked(KeyCommand::Burn(burn("clerk", Keep::All))));
    assert_eq!((reply.unwrap().data["burnt"][0]["counting"].clone(), said), (1.into(), vec![]));
}

/// A lock says what was here, and not that it is true: a burn takes it away all the same.
#[test]
fn a_lock_keeps_nothing_of_a_burnt_key() {
    let mut net = Net::new();
    let ledger = net.ledger();
    let locked = put(&mut net, "clerk", ledger);
    let year = crate::commands::testkit::YEAR;
    let lock = Command::ReviewLock { org: Some("001".into()), all: false, year, even_pending: true, reason: None };
    net.run("reviewer", &lock).unwrap();
    let (reply, said) = notes(&mut net, "admin", &asked(KeyCommand::Burn(burn("clerk", Keep::Nothing))));
    assert_eq!((reply.unwrap().data["burnt"][0]["counting"].clone(), said), (0.into(), vec![]));
    assert_eq!(standing(&net.core, &[locked]), [Burnt]);
}
