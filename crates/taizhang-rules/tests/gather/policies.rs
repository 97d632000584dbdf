//! Adoptions: which policies hold for whom, and what makes them undecided.

use sha2::{Digest, Sha256};
use taizhang_core::{
    id::OrgId,
    rows::{Adopt, PolicyText, field::Bytes},
};
use taizhang_rules::{case::Stage, gather::Adoptions, policy::library};

use super::kit::*;

pub(crate) fn text_of(id: &str, toml: &[u8]) -> PolicyText {
    let sha256 = Sha256::digest(toml).into();
    PolicyText { id: id.into(), version: "1".into(), sha256, toml: Bytes(toml.to_vec()), reason: None }
}

pub(crate) fn adopt_row(id: &str, from: &str) -> Adopt {
    let sha256 = Sha256::digest(library::by_id(id).unwrap()).into();
    let (id, version, effective_day) = (id.into(), "1".into(), day(from));
    Adopt { id, version, sha256, effective_day, stages: Vec::new(), orgs: None, overlay_of: None, reason: None }
}

/// Adopts a policy of the library for the whole city.
pub(crate) fn adopt(n: &mut Net, id: &str, from: &str) {
    n.put(Who::CityOfficer, n.policy(), &row(&text_of(id, library::by_id(id).unwrap())));
    n.put(Who::CityOfficer, n.policy(), &row(&adopt_row(id, from)));
}

fn shown(adoptions: &Adoptions) -> Vec<String> {
    let overlays =
        |o: &[std::sync::Arc<taizhang_rules::policy::Policy>]| o.iter().map(|p| format!("+{}", p.id)).collect::<String>();
    let adopted = adoptions.adopted.iter().map(|a| format!("{} {}{}", a.from, a.policy.id, overlays(&a.overlays)));
    adopted.chain(adoptions.open.iter().map(|o| format!("{} {}", o.what, o.about))).collect()
}

fn of(n: &Net, org: OrgId, stage: Stage) -> Vec<String> {
    shown(&n.facts().adoptions(org, stage))
}

#[test]
fn the_city_adopts_for_everybody_below_or_for_those_it_names() {
    let mut n = Net::new();
    assert_eq!(of(&n, n.school, Stage::Primary), [""; 0]);
    adopt(&mut n, "wuhan-2008", "2008-01-01");
    let of_county = Adopt { orgs: Some(vec![n.county]), ..adopt_row("shandong-2015", "2015-01-01") };
    n.put(Who::CityOfficer, n.policy(), &row(&text_of("shandong-2015", library::by_id("shandong-2015").unwrap())));
    n.put(Who::CityOfficer, n.policy(), &row(&of_county));
    assert_eq!(of(&n, n.school, Stage::Primary), ["2008-01-01 wuhan-2008", "2015-01-01 shandong-2015"]);
    assert_eq!(of(&n, n.far_school, Stage::Primary), ["2008-01-01 wuhan-2008"]);
    let facts = n.facts();
    let adoptions = facts.adoptions(n.school, Stage::Primary);
    assert_eq!(adoptions.regime().periods().len(), 2);
    // Not the stage of the text; and not the one that the adoption names.
    assert_eq!(
        of(&n, n.far_school, Stage::Vocational).len(),
        usize::from(library::read_by_id("wuhan-2008").unwrap().unwrap().stages.contains(&Stage::Vocational))
    );
    let only_junior = Adopt { stages: vec!["junior".into()], ..adopt_row("shandong-2015", "2016-01-01") };
    n.put(Who::CityOfficer, n.policy(), &row(&only_junior));
    assert_eq!(of(&n, n.far_school, Stage::Junior).len(), 2);
    assert_eq!(of(&n, n.far_school, Stage::Primary).len(), 1);
}

#[test]
fn two_adoptions_from_one_day_contradict_each_other_until_one_is_replaced() {
    let mut n = Net::new();
    adopt(&mut n, "wuhan-2008", "2008-01-01");
    adopt(&mut n, "wuhan-2008", "2008-01-01");
    assert_eq!(of(&n, n.school, Stage::Primary), ["2008-01-01 wuhan-2008"], "written alike twice");
    n.put(Who::CityOfficer, n.policy(), &row(&text_of("shandong-2015", library::by_id("shandong-2015").unwrap())));
    let rival = n.put(Who::CityOfficer, n.policy(), &row(&adopt_row("shandong-2015", "2008-01-01")));
    assert_eq!(of(&n, n.school, Stage::Primary), ["adoption_undecided shandong-2015 wuhan-2008"]);
    n.replace(Who::CityOfficer, n.policy(), &row(&adopt_row("shandong-2015", "2015-01-01")), &[rival]);
    assert_eq!(of(&n, n.school, Stage::Primary), ["2008-01-01 wuhan-2008", "2015-01-01 shandong-2015"]);
}

#[test]
fn an_overlay_holds_with_its_base_from_its_own_day() {
    let mut n = Net::new();
    let overlay = "county-school-based-2023";
    adopt(&mut n, "shandong-2015", "2015-01-01");
    n.put(Who::CityOfficer, n.policy(), &row(&text_of(overlay, library::by_id(overlay).unwrap())));
    let on_top = |base: &str, from| Adopt { overlay_of: Some(base.into()), ..adopt_row(overlay, from) };
    let laid = n.put(Who::CityOfficer, n.policy(), &row(&on_top("shandong-2015", "2023-09-01")));
    let both = ["2015-01-01 shandong-2015", "2023-09-01 shandong-2015+county-school-based-2023"];
    assert_eq!(of(&n, n.school, Stage::Primary), both);
    n.replace(Who::CityOfficer, n.policy(), &row(&on_top("shandong-2015", "2015-01-01")), &[laid]);
    assert_eq!(of(&n, n.school, Stage::Primary), ["2015-01-01 shandong-2015+county-school-based-2023"]);
    n.put(Who::CityOfficer, n.policy(), &row(&on_top("wuhan-2008", "2016-01-01")));
    assert_eq!(of(&n, n.school, Stage::Primary).len(), 1, "its base is not adopted");
}

#[test]
fn texts_that_do_not_serve_leave_everything_open() {
    let good = library::by_id("wuhan-2008").unwrap();
    let newer = String::from_utf8(good.to_vec()).unwrap().replacen("schema = 1", "schema = 99", 1).into_bytes();
    let other = library::by_id("shandong-2015").unwrap();
    type Line<'t> = (&'t str, &'t [u8], Option<[u8; 32]>, &'t str);
    let table: &[Line<'_>] = &[
        ("wuhan-2008", &newer, None, "policy_unreadable wuhan-2008"),
        ("wuhan-2008", b"\xff\xfe", None, "policy_unreadable wuhan-2008"),
        ("wuhan-2008", b"", None, "policy_unreadable wuhan-2008"),
        ("wuhan-2008", other, None, "policy_text_differs wuhan-2008"),
        ("wuhan-2008", good, Some([7; 32]), "policy_text_differs wuhan-2008"),
    ];
    assert_ne!(newer, good);
    for (at, (id, toml, sha256, wanted)) in table.iter().enumerate() {
        let mut n = Net::new();
        let text = text_of(id, toml);
        let text = PolicyText { sha256: sha256.unwrap_or(text.sha256), ..text };
        n.put(Who::CityOfficer, n.policy(), &row(&text));
        n.put(Who::CityOfficer, n.policy(), &row(&Adopt { sha256: text.sha256, ..adopt_row(id, "2008-01-01") }));
        assert_eq!(of(&n, n.school, Stage::Primary), [*wanted], "line {at}");
    }
    let mut n = Net::new();
    n.put(Who::CityOfficer, n.policy(), &row(&adopt_row("wuhan-2008", "2008-01-01")));
    assert_eq!(of(&n, n.school, Stage::Primary), ["policy_text_missing wuhan-2008"]);
    n.put(Who::CityOfficer, n.policy(), &(19, b"\x81\x01".to_vec()));
    assert_eq!(of(&n, n.school, Stage::Primary).len(), 2, "a row of a newer version may say anything");
}
