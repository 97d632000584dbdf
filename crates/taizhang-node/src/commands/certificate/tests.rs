#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use serde_json::{Value as Json, json};
use taizhang_core::{
    id::{DocId, EntryId, Kind},
    rows::{ActivityKind, Burn, Certificate, End, Positions, Status},
    units::Day,
};
use taizhang_rules::{certificate::Statement, policy::library};

mod cities;

use super::{
    super::testkit::{Net, activity, registration, row},
    Register,
};
use crate::{command::Command, core::Core, error::CommandError};

/// Name of T1, of the longest kind.
const NAME: &str = "王芳";

fn stage(no: &str) -> super::super::testkit::Row {
    let (teacher, what, value) = (no.to_owned(), "stage".to_owned(), Some("primary".to_owned()));
    row(&Status { teacher, what, value, from_day: Day(9_000), to_day: None, reason: None })
}

fn policy_file(net: &Net, name: &str, hours_h100: u32) -> String {
    let text = String::from_utf8(library::by_id("moe-order-7").unwrap().to_vec()).unwrap();
    let path = net.dir.path().join(name);
    std::fs::write(&path, text.replace("value = 24000", &format!("value = {hours_h100}"))).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A city whose teacher T1 has the 16 hours that its policy asks for, T2 8 of them.
fn net() -> Net {
    let mut net = Net::city();
    fill(&mut net);
    net
}

/// The same in any net, of whose organisation above the node is.
fn fill(net: &mut Net) {
    net.fill();
    net.put_all("clerk", net.roster(), &[stage("T1"), stage("T2")]);
    let policy = policy_file(net, "sixteen.toml", 1600);
    let none = Vec::new;
    let adopt = |policy| Command::PolicyAdopt {
        policy,
        from: "2000-01-01".into(),
        overlay_of: None,
        stages: none(),
        orgs: none(),
        replace: false,
        reason: None,
    };
    net.data("officer", &adopt(policy));
    if net.core.org() != net.county {
        net.start_again_as(net.county);
    }
    let claimed = Command::ReviewDecide {
        verdict: "approved".into(),
        rows: Vec::new(),
        sheet: None,
        claimed: true,
        org: None,
        reason: None,
    };
    net.data("reviewer", &claimed);
}

fn prepare(teacher: Option<&str>, name: Option<&str>) -> Command {
    let (teacher, name) = (teacher.map(Into::into), name.map(Into::into));
    Command::CertificatePrepare { teacher, name, names: None, as_of: None, replace: false }
}

fn show(named: &str, name: Option<&str>) -> Command {
    Command::CertificateShow { named: named.into(), text: name.is_some(), qr: false, name: name.map(Into::into) }
}

/// Prepared by reviewer, confirmed by reviewer2: its number, and the text.
fn certified(net: &mut Net) -> (String, String) {
    let prepared = net.data("reviewer", &prepare(Some("T1"), Some(NAME)));
    let no = prepared["certificates"][0]["no"].as_str().unwrap().to_owned();
    net.data("reviewer2", &Command::CertificateConfirm { no: Some(no.clone()) });
    let text = net.data("reviewer", &show(&no, Some(NAME)))["text"].as_str().unwrap().to_owned();
    (no, text)
}

fn verify(core: &mut Core, text: &str) -> Result<Json, CommandError> {
    let command = Command::VerifyText { text: text.into(), network: None };
    super::super::execute(core, &Default::default(), &command, &mut |_| {}).map(|r| Json::Object(r.data))
}

#[test]
fn an_account_is_explained() {
    let mut net = net();
    let of = |net: &mut Net, number: &str, as_of: Option<&str>| {
        let as_of = as_of.map(Into::into);
        net.data("clerk", &Command::TeacherExplain { number: number.into(), as_of })["account"].clone()
    };
    let account = of(&mut net, "T1", None);
    assert_eq!((&account["status"], &account["policy"]), (&"met".into(), &"moe-order-7".into()), "{account}");
    assert_eq!(account["policy_sha256"].as_str().unwrap().len(), 64);
    let activities = account["explain"]["activities"].as_array().unwrap();
    let a1 = activities.iter().find(|a| a["activity"].as_str().unwrap().contains("A1")).unwrap();
    assert_eq!((&a1["h100"], &a1["attended_h100"]), (&1600.into(), &1600.into()));
    for a in activities {
        let lost: u64 = a["lost"].as_array().unwrap().iter().map(|l| l["h100"].as_u64().unwrap()).sum();
        assert_eq!(a["attended_h100"].as_u64().unwrap(), a["h100"].as_u64().unwrap() + lost, "{a}");
        assert!(!a["zh"].as_str().unwrap().is_ascii() && !a["en"].as_str().unwrap().is_empty());
    }
    let short = of(&mut net, "T2", None);
    assert_eq!(short["explain"]["missing"][0]["missing"], 800, "{short}");
    assert_eq!(of(&mut net, "T1", Some("1999-12-31"))["policy"], Json::Null, "nothing was in force then");
    let wrong = Command::TeacherExplain { number: "T1".into(), as_of: Some("soon".into()) };
    assert_eq!(net.run("clerk", &wrong).unwrap_err().kind.exit_code(), 2);
}

#[test]
fn prepared_confirmed_printed_verified() {
    let mut net = net();
    let (no, text) = certified(&mut net);
    assert_eq!(no, "429800-2029-00001");
    let verified = verify(&mut net.core, &text).unwrap();
    assert_eq!(
        (&verified["ok"], &verified["no"], &verified["name"]),
        (&true.into(), &no.as_str().into(), &NAME.into()),
        "{verified}"
    );
    assert_eq!((&verified["signed_by"]["label"], &verified["signed_by"]["grant"]), (&"reviewer2 岗".into(), &"open".into()));
    assert_eq!(verified["hours"], json!([{ "bucket": "nondegree", "h100": 1600 }]));
    // Another school: its node has the registry, and nothing about the teacher.
    let mut other = net.node_below(net.school2);
    let verified = verify(&mut other, &text).unwrap();
    assert_eq!((&verified["ok"], &verified["register"]), (&true.into(), &json!([])));
    // The name is in no entry.
    for document in net.core.ledger().documents().copied().collect::<Vec<_>>() {
        for entry in net.core.entries_of(&document).unwrap() {
            assert!(!entry.payload.windows(NAME.len()).any(|w| w == NAME.as_bytes()), "{document:?}");
        }
    }
    let shown = net.data("reviewer", &show("T1", None));
    let states: Vec<&str> = shown["certificates"].as_array().unwrap().iter().map(|p| p["state"].as_str().unwrap()).collect();
    assert!(states.contains(&"prepared") && states.contains(&"confirmed") && shown.get("text").is_none());
    let qr = Command::CertificateShow { named: no, text: true, qr: true, name: Some(NAME.into()) };
    let lines = net.run("reviewer", &qr).unwrap().lines;
    assert!(lines.len() > 20 && lines.last() == Some(&Json::from(text)));
}

#[test]
fn a_text_is_verified_without_a_ledger_where_the_network_is_named() {
    let mut net = net();
    let (no, text) = certified(&mut net);
    let own = net.core.network().to_string();
    let ask = |text: &str, network: Option<&str>| {
        let command = Command::VerifyText { text: text.into(), network: network.map(Into::into) };
        super::super::verify_text::without_node(&command).unwrap()
    };
    let verified = ask(&text, Some(&own)).unwrap().data;
    assert_eq!((&verified["ok"], &verified["no"], &verified["name"]), (&true.into(), &no.as_str().into(), &NAME.into()));
    assert!(verified["note"]["zh"].as_str().unwrap().contains("本机没有台账") && verified["signed_by"]["label"].is_null());
    let error = ask(&text, None).unwrap_err();
    assert!(error.kind.exit_code() == 2 && error.hint.unwrap().zh.contains("--network"), "{}", error.what.zh);
    assert_eq!(ask(&text, Some("ab")).unwrap_err().kind.exit_code(), 2);
    assert_eq!(ask(&text, Some(&"ab".repeat(32))).unwrap_err().kind.exit_code(), 4);
    assert_eq!(ask(&text.replace("TZ1:", "TZ1:0"), Some(&own)).unwrap_err().kind.exit_code(), 4);
}

#[test]
fn the_text_is_made_by_the_key_that_prepared_it_where_none_is_named() {
    let mut net = net();
    let (no, text) = certified(&mut net);
    let nobody = crate::command::Unlock { key: None, passphrase: Some(super::super::testkit::PASSPHRASE.into()) };
    let shown = super::super::execute(&mut net.core, &nobody, &show(&no, Some(NAME)), &mut |_| {}).unwrap();
    assert_eq!(shown.data["text"], text.as_str());
}

#[test]
fn everyone_who_has_met_the_cycle_at_once() {
    let mut net = net();
    let path = net.dir.path().join("names.jsonl");
    std::fs::write(&path, "{\"teacher\":\"T1\",\"name\":\"王芳\"}\n\n{\"teacher\":\"T2\",\"name\":\"李四\"}\n").unwrap();
    let all = Command::CertificatePrepare { teacher: None, name: None, names: Some(path.clone()), as_of: None, replace: false };
    let prepared = net.data("reviewer", &all);
    assert_eq!((&prepared["done"], &prepared["certificates"][0]["teacher"]), (&1.into(), &"T1".into()), "{prepared}");
    let left: Vec<&str> = prepared["left_out"].as_array().unwrap().iter().map(|n| n["teacher"].as_str().unwrap()).collect();
    assert_eq!(left, ["T2", "T9"]);
    assert_eq!(net.data("reviewer", &all)["done"], 0, "once only");
    assert_eq!(net.data("reviewer2", &Command::CertificateConfirm { no: None })["done"], 1);
    assert_eq!(net.data("reviewer2", &Command::CertificateConfirm { no: None })["done"], 0);
    std::fs::write(&path, "{\"teacher\":\"T1\"}\n").unwrap();
    assert_eq!(net.run("reviewer", &all).unwrap_err().kind.exit_code(), 3);
}

#[test]
fn what_is_refused() {
    let mut net = net();
    let error = net.run("reviewer", &prepare(Some("T2"), Some("李四"))).unwrap_err();
    let missing = &error.details.as_ref().unwrap()["missing"][0];
    assert_eq!((error.kind.exit_code(), &missing["short"], &missing["need"]), (1, &800.into(), &1600.into()));
    assert!(error.what.zh.starts_with("账户未达标 (") && !error.what.zh.bytes().any(|b| b.is_ascii_alphabetic()), "{error:?}");
    let long = "芳".repeat(100);
    let cases = [
        ("reviewer", prepare(Some("T7"), Some("x")), 1, "no teacher"),
        ("reviewer", prepare(Some("T1"), None), 1, "name"),
        ("reviewer", prepare(Some("T1"), Some(" ")), 1, "name"),
        ("reviewer", prepare(Some("T1"), Some(&long)), 1, "QR"),
        ("clerk", prepare(Some("T1"), Some(NAME)), 1, "may not write"),
        ("reviewer", Command::CertificateConfirm { no: Some("429800-2029-00001".into()) }, 2, "no certificate"),
        ("reviewer", show("T1", None), 2, "no certificate"),
    ];
    for (who, command, exit, said) in cases {
        let error = net.run(who, &command).err().unwrap_or_else(|| panic!("{command:?} was accepted"));
        assert_eq!(error.kind.exit_code(), exit, "{command:?}: {error}");
        assert!(error.what.en.contains(said), "{error}");
    }
    let no = net.data("reviewer", &prepare(Some("T1"), Some(NAME)))["certificates"][0]["no"].as_str().unwrap().to_owned();
    let again = net.run("reviewer", &prepare(Some("T1"), Some(NAME))).unwrap_err();
    assert!(again.what.en.contains(&no));
    assert!(net.run("reviewer", &show(&no, Some(NAME))).unwrap_err().what.en.contains("confirmed"));
    net.data("reviewer2", &Command::CertificateConfirm { no: Some(no.clone()) });
    assert!(net.run("reviewer2", &Command::CertificateConfirm { no: Some(no.clone()) }).unwrap_err().what.en.contains("already"));
    for (who, name) in [("reviewer", "王方"), ("reviewer2", NAME)] {
        assert!(net.run(who, &show(&no, Some(name))).unwrap_err().what.en.contains("name or key"));
    }
}

#[test]
fn a_teacher_who_did_not_serve_has_met_nothing() {
    let mut net = net();
    let left =
        Status { teacher: "T1".into(), what: "left".into(), value: None, from_day: Day(14_000), to_day: None, reason: None };
    net.put("clerk", net.roster(), &row(&left));
    let error = net.run("reviewer", &prepare(Some("T1"), Some(NAME))).unwrap_err();
    assert_eq!(error.kind.exit_code(), 1);
    assert!(error.what.en.contains("no service"), "{error}");
}

#[test]
fn where_every_year_asks_for_hours_the_cycle_must_be_over() {
    let mut net = net();
    let text = String::from_utf8(library::by_id("moe-order-7").unwrap().to_vec()).unwrap();
    let yearly = text.replace("value = 24000", "value = 1").replacen("scope = \"cycle\"", "scope = \"year\"", 1);
    let path = net.dir.path().join("yearly.toml");
    std::fs::write(&path, yearly).unwrap();
    let adopt = Command::PolicyAdopt {
        policy: path.to_str().unwrap().into(),
        from: "2000-01-01".into(),
        overlay_of: None,
        stages: Vec::new(),
        orgs: Vec::new(),
        replace: true,
        reason: Some("每年".into()),
    };
    net.data("officer", &adopt);
    let error = net.run("reviewer", &prepare(Some("T1"), Some(NAME))).unwrap_err();
    assert!(error.what.en.contains("the cycle is not over"), "{error}");
}

#[test]
fn an_account_that_changed_is_not_confirmed() {
    let mut net = net();
    let no = net.data("reviewer", &prepare(Some("T1"), Some(NAME)))["certificates"][0]["no"].clone();
    let more = net.put("clerk", net.ledger(), &registration("A2", "T1", 300)).to_string();
    // A2 has two registrations now, which contradict: nothing is confirmed until somebody decides.
    let confirm = Command::CertificateConfirm { no: no.as_str().map(Into::into) };
    assert_eq!(net.run("reviewer2", &confirm).unwrap_err().kind.exit_code(), 1, "{more}");
}

#[test]
fn other_hours_than_those_prepared_are_not_confirmed() {
    let mut net = net();
    let no = net.data("reviewer", &prepare(Some("T1"), Some(NAME)))["certificates"][0]["no"].clone();
    net.put("office", net.notice(), &activity("A5", ActivityKind::Concentrated, Some("approved")));
    let more = net.put("clerk", net.ledger(), &registration("A5", "T1", 300)).to_string();
    let approve = Command::ReviewDecide {
        verdict: "approved".into(),
        rows: vec![more],
        sheet: None,
        claimed: false,
        org: None,
        reason: None,
    };
    net.data("reviewer", &approve);
    let confirm = Command::CertificateConfirm { no: no.as_str().map(Into::into) };
    let error = net.run("reviewer2", &confirm).unwrap_err();
    assert!(error.what.en.contains("hours or policy differ"), "{error:?}");
}

/// Two machines of one county that had not heard of each other gave one number to two teachers.
#[test]
fn a_number_of_two_teachers_is_not_confirmed() {
    let mut net = net();
    let no = net.data("reviewer", &prepare(Some("T1"), Some(NAME)))["certificates"][0]["no"].clone();
    let of_t1 = Register::load(&net.core).unwrap().all().next().unwrap().row.clone();
    let of_t9 = Certificate { teacher: "T9".into(), ..of_t1 };
    net.put("reviewer2", DocId::about(net.county, Kind::Review, 2029, net.school2), &row(&of_t9));
    let confirmed = net.run("reviewer2", &Command::CertificateConfirm { no: None }).unwrap();
    assert_eq!((&confirmed.data["done"], confirmed.data["left_out"].as_array().unwrap().len()), (&0.into(), 2), "{no}");
}

#[test]
fn a_replaced_certificate_says_so() {
    let mut net = net();
    let (first, text) = certified(&mut net);
    let again = Command::CertificatePrepare {
        teacher: Some("T1".into()),
        name: Some("王芳芳".into()),
        names: None,
        as_of: None,
        replace: true,
    };
    let second = net.data("reviewer", &again)["certificates"][0]["no"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    assert_eq!(verify(&mut net.core, &text).unwrap()["ok"], true, "until the new one is confirmed");
    net.data("reviewer2", &Command::CertificateConfirm { no: Some(second.clone()) });
    let old = verify(&mut net.core, &text).unwrap();
    assert_eq!(old["ok"], false);
    assert!(old["problems"][0]["en"].as_str().unwrap().contains("replaced"));
    let text = net.data("reviewer", &show(&second, Some("王芳芳")))["text"].as_str().unwrap().to_owned();
    assert_eq!(verify(&mut net.core, &text).unwrap()["ok"], true);
}

fn withdraw(no: &str, reason: &str) -> Command {
    Command::CertificateWithdraw { no: no.into(), reason: reason.into() }
}

#[test]
fn a_withdrawn_certificate_says_so_where_the_review_is_at_hand() {
    let mut net = net();
    let (no, text) = certified(&mut net);
    for (who, no, reason, exit) in
        [("reviewer2", no.as_str(), " ", 2), ("reviewer2", "429800-2029-09999", "误发", 2), ("clerk", &no, "误发", 1)]
    {
        let error = net.run(who, &withdraw(no, reason)).err().unwrap_or_else(|| panic!("{who} withdrew {no}"));
        assert_eq!(error.kind.exit_code(), exit, "{error}");
    }
    let done = net.data("reviewer2", &withdraw(&no, "学时有误"));
    assert_eq!((&done["no"], &done["was_confirmed"]), (&no.as_str().into(), &true.into()));
    let verified = verify(&mut net.core, &text).unwrap();
    assert_eq!((&verified["ok"], &verified["note"]), (&false.into(), &Json::Null), "{verified}");
    assert!(verified["problems"][0]["zh"].as_str().unwrap().contains("撤销: 学时有误"), "{verified}");
    let mut other = net.node_below(net.school2);
    let there = verify(&mut other, &text).unwrap();
    assert_eq!(there["ok"], true);
    assert!(there["note"]["en"].as_str().unwrap().contains("cannot know"), "{there}");
    assert_eq!(net.run("reviewer2", &withdraw(&no, "学时有误")).unwrap_err().kind.exit_code(), 2, "once only");
    let shown = net.data("reviewer", &show("T1", None));
    let states: Vec<&str> = shown["certificates"].as_array().unwrap().iter().map(|p| p["state"].as_str().unwrap()).collect();
    assert_eq!(states.iter().filter(|s| **s == "withdrawn").count(), 1, "{states:?}");
    assert_eq!(states.iter().filter(|s| **s == "replaced").count(), states.len() - 1, "{states:?}");
    let again = net.data("reviewer", &prepare(Some("T1"), Some(NAME)));
    assert_ne!(again["certificates"][0]["no"], no.as_str(), "a number is never given again");
    let unconfirmed = again["certificates"][0]["no"].as_str().unwrap().to_owned();
    assert_eq!(net.data("reviewer", &withdraw(&unconfirmed, "姓名有误"))["was_confirmed"], false);
    assert_eq!(net.data("reviewer2", &Command::CertificateConfirm { no: None })["done"], 0);
}

#[test]
fn texts_that_do_not_verify() {
    let mut net = net();
    let (_, text) = certified(&mut net);
    let good = Statement::read_text(&text).unwrap();
    let with = |change: &dyn Fn(&mut Statement)| {
        let mut bad = good.clone();
        change(&mut bad);
        bad.text().unwrap()
    };
    let cases = [
        ("another name", with(&|s| s.name = "王方".into()), "signature"),
        ("more hours", with(&|s| s.claims.h100_lines[0].1 += 1), "signature"),
        ("another network", with(&|s| s.network[0] ^= 1), "network"),
        ("half of it", text[..text.len() / 2].to_owned(), "valid"),
        ("an invite", "taizhang-invite-1:00".to_owned(), "TZ1"),
    ];
    for (what, text, said) in cases {
        let error = verify(&mut net.core, &text).err().unwrap_or_else(|| panic!("{what} was accepted"));
        assert_eq!((error.kind.exit_code(), error.what.en.contains(said)), (4, true), "{what}: {error}");
        assert!(!error.what.en.contains("王") && !error.what.zh.contains("王"));
    }
    // A reviewer who may confirm signs what a colleague has confirmed: another text than the one on record.
    let reviewer = net.person("reviewer").key;
    let mut another = good.clone();
    another.key = reviewer.public();
    another.signature = another.claims.sign(&net.core.network(), &reviewer, &another.commitment());
    let verified = verify(&mut net.core, &another.text().unwrap()).unwrap();
    assert!(verified["problems"][0]["en"].as_str().unwrap().ends_with("differs in: signature"), "{verified}");
    // A school's clerk signs one of her own.
    let clerk = net.person("clerk").key;
    let mut own = good;
    own.key = clerk.public();
    own.signature = own.claims.sign(&net.core.network(), &clerk, &own.commitment());
    let mut other = net.node_below(net.school2);
    let verified = verify(&mut other, &own.text().unwrap()).unwrap();
    assert_eq!((&verified["ok"], &verified["signed_by"]["grant"]), (&false.into(), &"no_grant".into()));
}

fn position(net: &Net, document: DocId) -> Vec<Positions> {
    let tip: EntryId = net.core.ledger().open_tips(&document)[0];
    let p = net.core.ledger().position(&tip).unwrap();
    vec![Positions { document, run: p.run, height: p.height, id: p.id }]
}

#[test]
fn a_burnt_key_proves_nothing_without_the_register() {
    let mut net = net();
    let prepared = net.data("reviewer", &prepare(Some("T1"), Some(NAME)));
    let no = prepared["certificates"][0]["no"].as_str().unwrap().to_owned();
    net.data("reviewer2", &Command::CertificateConfirm { no: Some(no.clone()) });
    let text = net.data("reviewer", &show(&no, Some(NAME)))["text"].as_str().unwrap().to_owned();
    let key = net.person("reviewer2").key.public();
    let review = DocId::about(net.county, Kind::Review, 2029, net.school);
    let mut of_key = Vec::new();
    for tip in net.core.ledger().open_tips(&review) {
        if net.core.ledger().place(&tip).unwrap().log.key == key {
            let p = net.core.ledger().position(&tip).unwrap();
            of_key.push(Positions { document: review, run: p.run, height: p.height, id: p.id });
        }
    }
    assert_eq!(of_key.len(), 1);
    let burn = Burn { key, positions: of_key, cause: "被盗".into(), reason: None };
    net.put("admin", DocId::of(net.county, Kind::Registry), &row(&burn));
    let here = verify(&mut net.core, &text).unwrap();
    assert_eq!(
        (&here["ok"], &here["signed_by"]["grant"]),
        (&true.into(), &"burnt".into()),
        "the review has it, from before the theft"
    );
    let mut other = net.node_below(net.school2);
    let there = verify(&mut other, &text).unwrap();
    assert_eq!((&there["ok"], &there["signed_by"]["grant"]), (&false.into(), &"burnt".into()));
}

#[test]
fn a_colleague_who_left_is_believed_up_to_the_last_day() {
    for (left, ok) in [(0, true), (1, false)] {
        let mut net = net();
        let (_, text) = certified(&mut net);
        let key = net.person("reviewer2").key.public();
        let name = *net.core.ledger().registry.grants_of(key).next().unwrap().0;
        let left_day = Day(net.core.now().day().0 - left);
        let registry = DocId::of(net.county, Kind::Registry);
        let end = End { grant: name.here(), left_day, positions: Some(position(&net, registry)), reason: None };
        net.put("admin", registry, &row(&end));
        let mut other = net.node_below(net.school2);
        let verified = verify(&mut other, &text).unwrap();
        assert_eq!((&verified["ok"], &verified["signed_by"]["grant"]), (&ok.into(), &"ended".into()), "{verified}");
    }
}

#[test]
fn a_diff_says_whom_it_moves_and_by_which_rule() {
    let mut net = net();
    let new = policy_file(&net, "twenty.toml", 2000);
    let shown = net.data("officer", &Command::PolicyList);
    let version = shown["adoptions"][0]["version"].as_str().unwrap().to_owned();
    let old = format!("moe-order-7@{version}");
    let diff = net.data("officer", &Command::PolicyDiff { old: old.clone(), new: new.clone(), as_of: None });
    assert_eq!(diff["differences"][0]["rule"], "M7-MIN-CYCLE");
    let effect = &diff["effect"];
    assert_eq!((&effect["to_not_met_n"], &effect["to_met_n"]), (&2.into(), &0.into()), "{effect}");
    assert_eq!(
        (&effect["to_not_met"][0]["teacher"], &effect["to_not_met"][0]["rules"]),
        (&"T1".into(), &json!(["M7-MIN-CYCLE"]))
    );
    let back = policy_file(&net, "eight.toml", 800);
    let diff = net.data("officer", &Command::PolicyDiff { old, new: back, as_of: None });
    assert_eq!((&diff["effect"]["to_met"][0]["teacher"], &diff["effect"]["to_not_met_n"]), (&"T2".into(), &0.into()));
}

/// At the county no file of names is needed: its reviewer opens what the school sealed.
#[test]
fn the_county_prepares_with_the_names_that_its_reviewer_opens() {
    let mut net = net();
    let roster = net.dir.path().join("roster.csv");
    let text = format!("教师编号,姓名,参加工作时间,任教学段,职称\nT1,{NAME},1994-08-23,小学,未评\n");
    std::fs::write(&roster, text).unwrap();
    let import = crate::command::Import {
        kind: "roster".into(),
        files: vec![roster],
        org: Some("001".into()),
        year: None,
        semester: None,
        activity: None,
        dry_run: false,
        skip_bad_rows: false,
    };
    net.data("clerk", &Command::Import(import));
    let refused = net.run("office", &prepare(Some("T1"), None)).unwrap_err();
    assert!(refused.what.zh.contains("姓名"), "{refused:?}");
    let prepared = net.data("reviewer", &prepare(Some("T1"), None));
    let no = prepared["certificates"][0]["no"].as_str().unwrap().to_owned();
    net.data("reviewer2", &Command::CertificateConfirm { no: Some(no.clone()) });
    let show = Command::CertificateShow { named: no, text: true, qr: false, name: None };
    let text = net.data("reviewer", &show)["text"].as_str().unwrap().to_owned();
    assert_eq!(verify(&mut net.core, &text).unwrap()["name"], NAME);
}
