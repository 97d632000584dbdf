//! A school went over to another county: what becomes of the grants that the former one gave, and who ends, burns and accepts them.

use std::collections::BTreeSet;

use taizhang_core::{
    founding::{NewGrant, NewOrg},
    id::OrgId,
    op::RowName,
    rows::{End, Grant, Org, OrgKind, Role, RowType},
    standing::Standing::*,
};

use super::*;
use crate::{
    command::OrgChange,
    commands::testkit::{PASSPHRASE, YEAR},
};

/// A city with the county of [`Net`] and two more, whose admins are admin2 and admin3.
struct Three {
    net: Net,
    counties: [OrgId; 3],
}

impl Three {
    fn new() -> Self {
        let (mut net, city) = Net::below_a_city();
        let mut counties = [net.county; 3];
        for (n, org) in (1_u8..).zip(counties.iter_mut().skip(1)) {
            let code = format!("42980{}", n + 1);
            let new = NewOrg { code, kind: OrgKind::County, name: "县".into(), random: [10 + n; 8] };
            let created: Org = new.row(city, Day(20_000));
            let at_city = DocId::of(city, Kind::Registry);
            let basis = net.put("admin", at_city, &row(&created)).here();
            *org = created.org;
            let label = format!("admin{}", n + 1);
            let person = keyfile::create(net.core.folder(), &label, PASSPHRASE).unwrap();
            let (key, seal_key) = (person.key.public(), Some(person.seal_public()));
            let grant = NewGrant { key, role: Role::Admin, office: None, org: *org, basis, seal_key };
            let grant: Grant = grant.row(&format!("{label} 岗"), Day(20_000));
            net.put("admin", at_city, &row(&grant));
            net.adopt(&label, person.key);
        }
        Self { net, counties }
    }

    /// The city moves a school to a county, by command.
    fn moves(&mut self, school: &str, to: &str, from: &str) {
        let change =
            OrgChange::Move { org: school.into(), to: to.into(), from: from.into(), reason: Some("区划调整".into()) };
        self.net.run("admin", &Command::Org(change)).unwrap();
    }

    fn grant_of(&self, label: &str) -> RowName {
        *self.net.core.ledger().registry.grants_of(key(&self.net, label)).next().unwrap().0
    }

    /// The grants that the row names which describes the school now.
    fn kept(&self, school: OrgId) -> Option<Vec<RowName>> {
        let kept = self.net.core.ledger().registry.orgs[&school].current().kept.clone()?;
        assert!(
            kept.iter().all(|r| r.document == Some(DocId::of(self.counties[0], Kind::Registry))),
            "of the county that gave them"
        );
        Some(kept.iter().map(|r| RowName { entry: r.entry.unwrap(), index: r.index }).collect())
    }

    /// Does a person's grant let her write; does it open names?
    fn open_and_holds(&self, label: &str) -> (bool, bool) {
        let (judge, grant) = (Judge::new(self.net.core.ledger()), self.grant_of(label));
        (judge.grant_is_open(&grant), judge.grant_holds(&grant))
    }

    /// The end that was written last in a county's registry.
    fn last_end(&self, county: OrgId) -> End {
        let entries = self.net.core.entries_of(&DocId::of(county, Kind::Registry)).unwrap();
        let rows = taizhang_core::ledger::row_ops(entries.last().unwrap());
        End::from_fields(rows[0].1.fields).unwrap().row
    }

    /// In whose registry a command wrote.
    fn written_in(&self, reply: &Json) -> Vec<OrgId> {
        let entries = reply["entries"].as_array().unwrap();
        let ids = entries.iter().map(|e| EntryId::from_hex(e.as_str().unwrap()).unwrap());
        ids.map(|id| self.net.core.ledger().place(&id).unwrap().log.document.owner).collect()
    }
}

#[test]
fn a_move_keeps_the_grants_that_hold_on_its_day_and_none_of_later_ones() {
    let mut t = Three::new();
    t.net.leave("clerk2");
    t.moves("001", "429802", "2025-09-01");
    let school = t.net.school;
    assert_eq!(t.kept(school), Some(vec![t.grant_of("clerk")]), "hers who had left is not among them");
    assert_eq!((t.open_and_holds("clerk"), t.open_and_holds("clerk2")), ((true, true), (false, false)));
    // The former county grants on: that lets write, as assumption 17 says, and opens no names.
    t.net.hire("late");
    assert_eq!(t.open_and_holds("late"), (true, false));
    // A second move takes along what the first kept, and nothing else.
    t.moves("001", "429803", "2025-10-01");
    assert_eq!(t.kept(school), Some(vec![t.grant_of("clerk")]));
    assert_eq!((t.open_and_holds("clerk"), t.open_and_holds("late")), ((true, true), (true, false)));
}

/// What an export for somebody of another organisation holds, by owner and kind.
fn exported(t: &mut Three, who: &str, org: Option<&str>) -> Vec<String> {
    let out = t.net.dir.path().join("x.jsonl");
    std::fs::remove_file(&out).ok();
    t.net.run(who, &Command::AuditExport { out: out.clone(), jsonl: true, org: org.map(str::to_owned) }).unwrap();
    let of = |l: &str| serde_json::from_str::<Json>(l).unwrap()["document"].as_str().unwrap().to_owned();
    let documents: BTreeSet<String> = std::fs::read_to_string(&out).unwrap().lines().map(of).collect();
    documents.into_iter().collect()
}

#[test]
fn an_export_for_the_new_county_holds_the_registry_that_granted_before_the_move() {
    let mut t = Three::new();
    let ledger = t.net.ledger();
    put(&mut t.net, "clerk", ledger);
    t.moves("001", "429802", "2025-09-01");
    let registry = |org: OrgId| DocId::of(org, Kind::Registry).to_string();
    let [former, _, other] = t.counties;
    let new = NewOrg { code: "009".into(), kind: OrgKind::School, name: "校".into(), random: [30; 8] };
    let created: Org = new.row(other, Day(20_000));
    t.net.put("admin3", DocId::of(other, Kind::Registry), &row(&created));
    for org in [None, Some("001")] {
        let documents = exported(&mut t, "admin2", org);
        assert!(documents.contains(&ledger.to_string()), "{documents:?}");
        assert!(documents.contains(&registry(former)), "{org:?}: {documents:?}");
    }
    // What is asked for and may not be read does not come along.
    let documents = exported(&mut t, "clerk", Some("429803"));
    assert!(!documents.contains(&registry(other)), "{documents:?}");
}

/// An invite of the county that the school has left would certify nobody; used on a machine of the school it leaves no key behind.
#[test]
fn an_invite_of_the_county_that_a_school_has_left_is_not_used_up() {
    let mut t = Three::new();
    let command =
        Command::Invite { org: "001".into(), role: "clerk".into(), office: None, expires_ms: 86_400_000, address: None };
    let city = t.net.core.org();
    t.net.start_again_as(t.counties[0]);
    let text = t.net.data("county-admin", &command)["invite"].as_str().unwrap().to_owned();
    t.net.start_again_as(city);
    t.moves("001", "429802", "2025-09-01");
    t.net.start_again_as(t.net.school);
    let keys = |t: &Three| keyfile::list(t.net.core.folder()).unwrap().len();
    let before = keys(&t);
    let none = crate::command::Unlock { key: None, passphrase: Some(PASSPHRASE.to_owned()) };
    let error = crate::commands::found::join_running(&mut t.net.core, &none, &text, Some("late")).unwrap_err();
    assert!(error.what.en.contains("has moved since") && error.hint.is_some(), "{error:?}");
    assert_eq!(keys(&t), before, "a key was left behind");
}

/// Where the school stands is told by the registry that created it, also to who holds no document of the school.
#[test]
fn a_review_of_a_moved_school_is_exported_with_the_registry_that_created_it() {
    let mut t = Three::new();
    t.moves("001", "429802", "2025-09-01");
    let ([former, now, _], city) = (t.counties, t.net.core.org());
    let person = keyfile::create(t.net.core.folder(), "reviewer3", PASSPHRASE).unwrap();
    let basis = t.net.core.ledger().registry.orgs[&now].creation.name.here();
    let grant = NewGrant { key: person.key.public(), role: Role::Reviewer, office: None, org: now, basis, seal_key: None };
    t.net.put("admin", DocId::of(city, Kind::Registry), &row(&grant.row("reviewer3 岗", Day(20_000))));
    t.net.adopt("reviewer3", person.key);
    let review = DocId::about(now, Kind::Review, YEAR, t.net.school);
    t.net.put("reviewer3", review, &row(&taizhang_core::rows::Unlock { year: YEAR, reason: "补录".into() }));
    let documents = exported(&mut t, "reviewer3", None);
    assert!(documents.contains(&review.to_string()), "{documents:?}");
    assert!(documents.contains(&DocId::of(former, Kind::Registry).to_string()), "{documents:?}");
}

#[test]
fn a_move_of_a_school_whose_staff_has_left_keeps_nothing() {
    let mut t = Three::new();
    t.net.leave("clerk3");
    t.moves("002", "429802", "2025-09-01");
    assert_eq!(t.kept(t.net.school2), None);
}

#[test]
fn the_county_that_took_over_ends_what_the_former_one_granted_and_so_may_that_one() {
    let mut t = Three::new();
    let (ledger, now) = (t.net.ledger(), t.net.core.now());
    let before = put(&mut t.net, "clerk", ledger);
    let early = t.net.run("admin2", &asked(KeyCommand::End(end("clerk")))).unwrap_err();
    assert!(early.what.en.contains("was not granted in a registry that your key may write"), "{early:?}");
    t.moves("001", "429802", "2025-09-01");
    let stranger = t.net.run("admin3", &asked(KeyCommand::End(end("clerk")))).unwrap_err();
    let who = stranger.hint.unwrap().en;
    assert!(who.contains("admin2 岗") && who.contains("county-admin 岗") && !who.contains("admin3"), "{who}");
    let reply = t.net.data("admin2", &asked(KeyCommand::End(end("clerk"))));
    assert_eq!((t.written_in(&reply), &reply["ended"][0]["role"]), (vec![t.counties[1]], &"clerk".into()));
    assert_eq!(t.last_end(t.counties[1]).grant, t.grant_of("clerk").in_document(DocId::of(t.counties[0], Kind::Registry)));
    let later = elsewhere(&mut t.net, "clerk", ledger, &registration("C", "T1", 1), Ms(now.0 + 86_400_000));
    assert_eq!(standing(&t.net.core, &[before, later]), [Stands, Ended]);
    assert_eq!(t.open_and_holds("clerk"), (false, false));
    let reply = t.net.data("county-admin", &asked(KeyCommand::End(end("clerk2"))));
    assert_eq!(t.written_in(&reply), [t.counties[0]]);
    assert_eq!(t.last_end(t.counties[0]).grant, t.grant_of("clerk2").here());
    assert_eq!(t.open_and_holds("clerk2"), (false, false));
}

#[test]
fn the_county_that_took_over_accepts_what_is_late() {
    let mut t = Three::new();
    let (ledger, now) = (t.net.ledger(), t.net.core.now());
    t.moves("001", "429802", "2025-09-01");
    t.net.run("admin2", &asked(KeyCommand::End(end("clerk")))).unwrap();
    let later = elsewhere(&mut t.net, "clerk", ledger, &registration("C", "T1", 1), Ms(now.0 + 86_400_000));
    let refused = t.net.run("admin3", &asked(KeyCommand::Accept(accept(&[later])))).unwrap_err();
    assert!(refused.what.en.contains("was not granted in a registry that your key may write"), "{refused:?}");
    let reply = t.net.data("admin2", &asked(KeyCommand::Accept(accept(&[later]))));
    assert_eq!((t.written_in(&reply), &reply["restored"]), (vec![t.counties[1]], &1.into()));
    assert_eq!(standing(&t.net.core, &[later]), [Stands]);
}

#[test]
fn the_county_that_took_over_burns_and_only_it_undoes_that() {
    let mut t = Three::new();
    let ledger = t.net.ledger();
    let (kept, lost) = (put(&mut t.net, "clerk", ledger), put(&mut t.net, "clerk", ledger));
    t.moves("001", "429802", "2025-09-01");
    let keep = || Keep::UpTo(vec![kept.to_string()]);
    let stranger = t.net.run("admin3", &asked(KeyCommand::Burn(burn("clerk", keep())))).unwrap_err();
    assert!(stranger.what.en.contains("was not granted in a registry that your key may write"), "{stranger:?}");
    let reply = t.net.data("admin2", &asked(KeyCommand::Burn(burn("clerk", keep()))));
    assert_eq!((t.written_in(&reply), &reply["set_aside"]), (vec![t.counties[1]], &1.into()));
    assert_eq!(standing(&t.net.core, &[kept, lost]), [Stands, Burnt]);
    assert_eq!(t.open_and_holds("clerk"), (false, false));
    // The former county gave the grant, and still does not undo the burn.
    let refused = t.net.run("county-admin", &asked(KeyCommand::Accept(accept(&[lost])))).unwrap_err();
    assert!(refused.what.en.contains("changes nothing"), "{refused:?}");
    let reply = t.net.data("admin2", &asked(KeyCommand::Accept(accept(&[lost]))));
    assert_eq!((t.written_in(&reply), &reply["restored"]), (vec![t.counties[1]], &1.into()));
    assert_eq!(standing(&t.net.core, &[kept, lost]), [Stands, Stands]);
}

#[test]
fn a_burn_says_where_the_key_may_still_write_because_others_granted_it() {
    let mut t = Three::new();
    let (clerk, other) = (key(&t.net, "clerk"), t.counties[1]);
    let new = NewOrg { code: "002".into(), kind: OrgKind::School, name: "校".into(), random: [20; 8] };
    let school: Org = new.row(other, Day(20_000));
    let at_other = DocId::of(other, Kind::Registry);
    let basis = t.net.put("admin2", at_other, &row(&school)).here();
    let grant = NewGrant { key: clerk, role: Role::Clerk, office: None, org: school.org, basis, seal_key: None };
    t.net.put("admin2", at_other, &row(&grant.row("clerk 岗", Day(20_000))));
    let named = clerk.to_string();
    let asked = |label: &str| asked(KeyCommand::Burn(Burning { key: Some(named.clone()), ..burn(label, Keep::Nothing) }));
    let (reply, said) = notes(&mut t.net, "admin3", &asked("clerk"));
    assert!(reply.is_err() && said.is_empty(), "she has nothing to do with it");
    let ledger = t.net.ledger();
    put(&mut t.net, "clerk", ledger);
    let (reply, said) = notes(&mut t.net, "admin2", &asked("clerk"));
    assert!(!said.iter().any(|note| note.contains("accepted before")), "what another county granted nobody accepted: {said:?}");
    assert_eq!(reply.unwrap().data["still_open"], serde_json::json!(["001"]), "{said:?}");
    assert!(said.iter().any(|note| note.contains("for 001")), "{said:?}");
    let honest = put(&mut t.net, "clerk", ledger);
    assert_eq!(standing(&t.net.core, &[honest]), [Stands], "in the first county she goes on");
}
