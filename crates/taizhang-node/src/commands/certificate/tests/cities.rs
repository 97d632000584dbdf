//! Two cities of one province: who is believed about a school that went from one to the other, and who may sign whose numbers.

use taizhang_core::{id::OrgId, rows::CertificateStep};
use taizhang_rules::certificate::network_prefix;

use super::{
    super::{claims, salt},
    *,
};
use crate::command::OrgChange;

/// The city of [`super::net`] below a province, and another whose reviewer is there; the node is the first one's.
struct Two {
    net: Net,
    province: OrgId,
    there: OrgId,
}

impl Two {
    fn new() -> Self {
        let (mut net, province) = Net::below_a_province();
        let there = net.beside(province, "429900", "there");
        fill(&mut net);
        Self { net, province, there }
    }

    /// The province moves school 001 to the other city, and the node is that one's from now on.
    fn moves(&mut self) {
        self.net.start_again_as(self.province);
        let (org, to, from) = ("001".into(), "429900".into(), "2025-09-01".into());
        let change = OrgChange::Move { org, to, from, reason: Some("区划调整".into()) };
        self.net.run("admin", &Command::Org(change)).unwrap();
        self.net.start_again_as(self.there);
    }

    /// The text as this person would sign it with another number.
    fn signs(&self, who: &str, text: &str, no: &str) -> String {
        let mut own = Statement::read_text(text).unwrap();
        let key = self.net.person(who).key;
        (own.key, own.claims.no) = (key.public(), no.to_owned());
        own.signature = own.claims.sign(&self.net.core.network(), &key, &own.commitment());
        own.text().unwrap()
    }

    fn row_of(&self, no: &str) -> Certificate {
        let register = Register::load(&self.net.core).unwrap();
        register.all().find(|p| p.row.no == no && !p.is_replaced).unwrap().row.clone()
    }
}

fn replacing(teacher: &str, name: &str) -> Command {
    let (teacher, name) = (Some(teacher.into()), Some(name.into()));
    Command::CertificatePrepare { teacher, name, names: None, as_of: None, replace: true }
}

#[test]
fn what_a_city_withdrew_stays_withdrawn_when_the_school_goes_to_another() {
    let mut two = Two::new();
    let (no, text) = certified(&mut two.net);
    two.net.data("reviewer2", &withdraw(&no, "学时有误"));
    two.moves();
    let verified = verify(&mut two.net.core, &text).unwrap();
    assert_eq!(verified["ok"], false, "{verified}");
    assert!(verified["problems"][0]["zh"].as_str().unwrap().contains("撤销: 学时有误"), "{verified}");
}

#[test]
fn what_a_city_confirmed_stands_when_the_school_goes_to_another() {
    let mut two = Two::new();
    let (no, text) = certified(&mut two.net);
    let key = two.net.person("reviewer2").key.public();
    let review = DocId::about(two.net.county, Kind::Review, 2029, two.net.school);
    let ledger = two.net.core.ledger();
    let of_key = |t: &EntryId| ledger.place(t).unwrap().log.key == key;
    let at = |t: EntryId| ledger.position(&t).map(|p| Positions { document: review, run: p.run, height: p.height, id: p.id });
    let positions: Vec<Positions> = ledger.open_tips(&review).into_iter().filter(of_key).filter_map(at).collect();
    let burn = Burn { key, positions, cause: "被盗".into(), reason: None };
    two.net.put("county-admin", DocId::of(two.net.county, Kind::Registry), &row(&burn));
    two.moves();
    let verified = verify(&mut two.net.core, &text).unwrap();
    assert_eq!((&verified["ok"], &verified["signed_by"]["grant"]), (&true.into(), &"burnt".into()), "{verified}");
    let confirmed = two.net.data("there", &Command::CertificateConfirm { no: None });
    assert_eq!((&confirmed["done"], &confirmed["left_out"]), (&0.into(), &json!([])), "signed once already");
    // Whoever has the school now withdraws it, though no row of the former city may be replaced from here.
    let done = two.net.data("there", &withdraw(&no, "学时有误"));
    assert_eq!(done["was_confirmed"], true);
    assert_eq!(verify(&mut two.net.core, &text).unwrap()["ok"], false);
    assert!(two.net.run("reviewer", &show(&no, Some(NAME))).unwrap_err().what.en.contains("exactly one"));
}

#[test]
fn a_former_city_ends_nothing_that_the_present_one_confirmed() {
    let mut two = Two::new();
    two.moves();
    let no = two.net.data("there", &prepare(Some("T1"), Some(NAME)))["certificates"][0]["no"].as_str().unwrap().to_owned();
    assert_eq!(no, "429900-2029-00001");
    two.net.data("there", &Command::CertificateConfirm { no: Some(no.clone()) });
    let text = two.net.data("there", &show(&no, Some(NAME)))["text"].as_str().unwrap().to_owned();
    two.net.start_again_as(two.net.county);
    assert_eq!(two.net.run("reviewer", &withdraw(&no, "不服")).unwrap_err().kind.exit_code(), 1, "the right to act is today's");
    let (step, reason) = (CertificateStep::Withdrawn, Some("不服".into()));
    let withdrawn = Certificate { step, prepared: None, signature: None, reason, ..two.row_of(&no) };
    let review = DocId::about(two.net.county, Kind::Review, 2029, two.net.school);
    two.net.put("reviewer", review, &row(&withdrawn));
    assert_eq!(verify(&mut two.net.core, &text).unwrap()["ok"], true, "nor by a row of its own");
    let gone = two.net.run("reviewer", &replacing("T1", NAME)).unwrap_err();
    assert!(gone.what.en.contains("no teacher of this organisation's schools"), "{gone:?}");
}

#[test]
fn what_nobody_confirmed_is_prepared_anew_by_whoever_has_the_school() {
    let mut two = Two::new();
    two.net.data("reviewer", &prepare(Some("T1"), Some(NAME)));
    two.moves();
    let left = two.net.data("there", &Command::CertificateConfirm { no: None });
    assert_eq!((&left["done"], left["left_out"].as_array().unwrap().len()), (&0.into(), 1), "{left}");
    assert!(left["left_out"][0]["en"].as_str().unwrap().contains("prepares anew"), "{left}");
    assert_eq!(two.net.data("there", &replacing("T1", NAME))["done"], 1);
    let confirmed = two.net.data("there", &Command::CertificateConfirm { no: None });
    assert_eq!((&confirmed["done"], &confirmed["certificates"][0]["no"]), (&1.into(), &"429900-2029-00001".into()));
    assert_eq!(two.net.data("there", &Command::CertificateConfirm { no: None })["left_out"], json!([]), "the first is done with");
}

#[test]
fn the_reviewer_of_another_city_signs_nobody_elses_number() {
    let mut two = Two::new();
    let (no, text) = certified(&mut two.net);
    for node in [two.net.county, two.province, two.there] {
        two.net.start_again_as(node);
        let forged = two.signs("there", &text, "429800-2029-77777");
        let verified = verify(&mut two.net.core, &forged).unwrap();
        assert_eq!(verified["ok"], false, "{verified}");
        assert!(verified["problems"][0]["en"].as_str().unwrap().contains("never was above"), "{verified}");
        let own = two.signs("there", &text, "429900-2029-00001");
        assert_eq!(verify(&mut two.net.core, &own).unwrap()["ok"], true);
        // A code that nobody here has: what cannot be told is said.
        let unknown = two.signs("there", &text, "310000-2029-00001");
        let unknown = verify(&mut two.net.core, &unknown).unwrap();
        assert_eq!(unknown["ok"], true);
        assert!(unknown["note"]["en"].as_str().unwrap().contains("is not known here"), "{unknown}");
    }
    // A city that has another code now is still the one that its numbers name.
    let recode = OrgChange::Recode { org: "429800".into(), code: "429888".into() };
    two.net.start_again_as(two.province);
    two.net.run("admin", &Command::Org(recode)).unwrap();
    let verified = verify(&mut two.net.core, &text).unwrap();
    assert_eq!((&verified["ok"], &verified["note"], &verified["no"]), (&true.into(), &Json::Null, &no.into()), "{verified}");
    // Its former code, taken by the other one: then nobody can tell, and that is said.
    let recode = OrgChange::Recode { org: "429900".into(), code: "429800".into() };
    two.net.run("admin", &Command::Org(recode)).unwrap();
    let forged = two.signs("there", &text, "429800-2029-77777");
    let verified = verify(&mut two.net.core, &forged).unwrap();
    assert!(verified["note"]["en"].as_str().unwrap().contains("more than one organisation"), "{verified}");
}

#[test]
fn what_is_only_prepared_is_not_taken_for_confirmed() {
    let mut two = Two::new();
    let no = two.net.data("reviewer", &prepare(Some("T1"), Some(NAME)))["certificates"][0]["no"].as_str().unwrap().to_owned();
    let prepared = two.row_of(&no);
    let (network, key) = (two.net.core.network(), two.net.person("reviewer2").key);
    let mut s = Statement {
        network: network_prefix(&network),
        claims: claims(&prepared, prepared.day).unwrap(),
        key: key.public(),
        name: NAME.into(),
        salt: salt(&two.net.person("reviewer"), &no),
        signature: [0; 64],
    };
    s.signature = s.claims.sign(&network, &key, &s.commitment());
    let verified = verify(&mut two.net.core, &s.text().unwrap()).unwrap();
    assert_eq!(verified["ok"], true, "{verified}");
    assert!(verified["note"]["en"].as_str().unwrap().contains("not that it was confirmed"), "{verified}");
    s.claims.teacher = "T2".into();
    s.signature = s.claims.sign(&network, &key, &s.commitment());
    let verified = verify(&mut two.net.core, &s.text().unwrap()).unwrap();
    assert!(verified["problems"][0]["en"].as_str().unwrap().ends_with("differs in: teacher"), "{verified}");
}

/// Else one county could call another's certificates withdrawn, in a review of a school of its own.
#[test]
fn a_number_of_another_organisation_is_believed_in_no_review() {
    let mut two = Two::new();
    let no = two.net.data("reviewer", &prepare(Some("T1"), Some(NAME)))["certificates"][0]["no"].as_str().unwrap().to_owned();
    let foreign = Certificate { no: "429900-2029-00007".into(), step: CertificateStep::Withdrawn, ..two.row_of(&no) };
    two.net.put("reviewer", DocId::about(two.net.county, Kind::Review, 2029, two.net.school), &row(&foreign));
    assert!(Register::load(&two.net.core).unwrap().all().all(|p| p.row.no == no));
}

/// A teacher of school 001 now serves at school 002 of the same city.
fn changes_school(net: &mut Net) {
    let left =
        Status { teacher: "T1".into(), what: "left".into(), value: None, from_day: Day(20_300), to_day: None, reason: None };
    net.put("clerk", net.roster(), &row(&left));
    let roster = DocId::of(net.school2, Kind::Roster);
    net.put_all("clerk3", roster, &[super::super::super::testkit::teacher("T1"), stage("T1")]);
}

#[test]
fn a_replacement_at_another_school_ends_the_earlier_one() {
    let mut net = net();
    let (first, text) = certified(&mut net);
    changes_school(&mut net);
    let second = net.data("reviewer", &replacing("T1", NAME))["certificates"][0]["no"].as_str().unwrap().to_owned();
    assert_eq!(verify(&mut net.core, &text).unwrap()["ok"], true, "until the new one is confirmed");
    let confirmed = net.data("reviewer2", &Command::CertificateConfirm { no: None });
    assert_eq!((&confirmed["done"], &confirmed["certificates"][0]["no"]), (&1.into(), &second.as_str().into()), "{confirmed}");
    assert_eq!(confirmed["certificates"][0]["earlier_withdrawn"], json!([first]));
    let old = verify(&mut net.core, &text).unwrap();
    assert_eq!(old["ok"], false);
    assert!(old["problems"][0]["en"].as_str().unwrap().contains(&second), "{old}");
    let text = net.data("reviewer", &show(&second, Some(NAME)))["text"].as_str().unwrap().to_owned();
    assert_eq!(verify(&mut net.core, &text).unwrap()["ok"], true);
}

#[test]
fn of_two_that_nobody_confirmed_the_one_at_the_present_school_is() {
    let mut net = net();
    let prepared = net.data("reviewer", &prepare(Some("T1"), Some(NAME)));
    let first = prepared["certificates"][0]["no"].as_str().unwrap().to_owned();
    changes_school(&mut net);
    let second = net.data("reviewer", &replacing("T1", NAME))["certificates"][0]["no"].as_str().unwrap().to_owned();
    let confirmed = net.data("reviewer2", &Command::CertificateConfirm { no: None });
    assert_eq!((&confirmed["done"], &confirmed["left_out"]), (&1.into(), &json!([])), "{confirmed}");
    assert_eq!(confirmed["certificates"][0]["no"], second.as_str());
    assert_eq!(net.run("reviewer2", &Command::CertificateConfirm { no: Some(first) }).unwrap_err().kind.exit_code(), 2);
}

#[test]
fn of_two_that_were_prepared_apart_the_later_is_confirmed_alone() {
    let mut net = net();
    let prepared = net.data("reviewer", &prepare(Some("T1"), Some(NAME)));
    let first = prepared["certificates"][0]["no"].as_str().unwrap().to_owned();
    let register = Register::load(&net.core).unwrap();
    let row_of = register.all().next().unwrap().row.clone();
    // Another machine that had not heard of it: an own number, and nothing replaced.
    let apart = Certificate { no: "429800-2029-00002".into(), ..row_of };
    net.put("reviewer", DocId::about(net.county, Kind::Review, 2029, net.school), &row(&apart));
    let confirmed = net.data("reviewer2", &Command::CertificateConfirm { no: None });
    assert_eq!((&confirmed["done"], &confirmed["certificates"][0]["no"]), (&1.into(), &"429800-2029-00002".into()));
    assert!(confirmed["left_out"][0]["en"].as_str().unwrap().contains(&first), "{confirmed}");
    assert_eq!(confirmed["certificates"][0]["earlier_withdrawn"], json!([first]));
}

/// A county below a city prepares; rows that it or another county may not write are not believed.
#[test]
fn a_county_prepares_and_only_a_city_above_confirms() {
    let (mut net, city) = Net::below_a_city();
    let other = net.beside(city, "429802", "other");
    fill(&mut net);
    let no = net.data("reviewer", &prepare(Some("T1"), Some(NAME)))["certificates"][0]["no"].as_str().unwrap().to_owned();
    let confirm = Command::CertificateConfirm { no: Some(no.clone()) };
    assert!(net.run("reviewer2", &confirm).unwrap_err().what.en.contains("a city confirms"));
    let prepared = Register::load(&net.core).unwrap().all().next().unwrap().row.clone();
    let confirmed = Certificate { step: CertificateStep::Confirmed, signature: Some([1; 64]), ..prepared.clone() };
    let withdrawn = Certificate { step: CertificateStep::Withdrawn, reason: Some("不服".into()), ..prepared.clone() };
    for (who, by, certificate) in
        [("reviewer", net.county, &confirmed), ("other", other, &prepared), ("other", other, &withdrawn)]
    {
        net.put(who, DocId::about(by, Kind::Review, 2029, net.school), &row(certificate));
        let register = Register::load(&net.core).unwrap();
        let believed: Vec<_> = register.all().map(|p| (p.review.owner, p.row.step, p.is_replaced)).collect();
        assert_eq!(believed, [(net.county, CertificateStep::Prepared, false)], "{who} {:?}", certificate.step);
    }
    net.start_again_as(city);
    net.data("city-reviewer", &confirm);
    net.start_again_as(net.county);
    let text = net.data("reviewer", &show(&no, Some(NAME)))["text"].as_str().unwrap().to_owned();
    assert!(net.run("reviewer", &withdraw(&no, "不服")).unwrap_err().what.en.contains("is withdrawn by the city"));
    // Neither the county's reviewer nor the city's clerk confirms by signing.
    let mut elsewhere = net.node_below(net.school2);
    for who in ["reviewer2", "city-clerk"] {
        let (mut own, key) = (Statement::read_text(&text).unwrap(), net.person(who).key);
        own.key = key.public();
        own.signature = own.claims.sign(&net.core.network(), &key, &own.commitment());
        let verified = verify(&mut elsewhere, &own.text().unwrap()).unwrap();
        assert_eq!((&verified["ok"], &verified["signed_by"]["grant"]), (&false.into(), &"no_grant".into()), "{who}");
    }
}
