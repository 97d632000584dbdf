//! The sections about what comes round with the years: policies, closing and adding up, schools that move and merge, forgetting, audits.

use super::*;

const CITY: &str = "429800";
const NEXT: &str = "429802";
/// The address of the other county in the document.
const ADDRESS_2: &str = "county2.example:7433";

/// A city and two counties, each with its node; a school of the first.
struct City {
    office: Office,
    /// By folder, with the address.
    nodes: Vec<(&'static str, Node, String)>,
}

impl City {
    fn new() -> Self {
        let office = Office::new();
        office.good(&format!("init --data city --code {CITY} --name 示范市 --kind city"));
        let mut city = Self { office, nodes: Vec::new() };
        city.runs("city");
        for (code, folder) in [(COUNTY, "county"), (NEXT, "county2")] {
            city.office.good(&format!("org add --data city --code {code} --kind county --name {code}县"));
            city.joins("city", code, "admin", folder);
            city.runs(folder);
        }
        city.office.good(&format!("org add --data county --code {SCHOOL} --kind school --name 明德小学"));
        city
    }

    fn runs(&mut self, folder: &'static str) {
        let (node, address) = self.office.node(folder);
        self.nodes.push((folder, node, address));
    }

    fn address(&self, folder: &str) -> &str {
        &self.nodes.iter().find(|(f, ..)| *f == folder).unwrap().2
    }

    /// Somebody is invited by an admin, and joins on a machine of her own; her key.
    fn joins(&self, by: &str, org: &str, role: &str, folder: &str) -> String {
        std::fs::remove_file(self.office.path("to")).ok();
        let address = self.address(by);
        self.office.good(&format!("invite --data {by} --org {org} --role {role} --address {address} --out to"));
        let key = short(&self.office.good(&format!("join to --data {folder}"))["key"]);
        self.office.good(&format!("sync --once --data {folder}"));
        key
    }

    fn stop(self) {
        let Self { office, nodes } = self;
        nodes.into_iter().for_each(|(folder, node, _)| office.stop(folder, node));
    }
}

/// Another person on a machine that is set up.
fn also(office: &Office, org: &str, role: &str, folder: &str) {
    std::fs::remove_file(office.path("also")).ok();
    office.good(&format!("invite --data {folder} --org {org} --role {role} --out also"));
    office.good(&format!("join also --data {folder} --label {role}"));
}

/// One activity of the school, and a registration in it; both claim nothing.
fn recorded(office: &Office, folder: &str) {
    let sheet = "活动编号,活动名称,组织单位,组织级别,培训类别,开始日期,结束日期,计划学时\nS1,校本培训,明德小学,校级,校本培训,2026-03-02,2026-03-03,8\n";
    std::fs::write(office.path("s1.csv"), sheet).unwrap();
    let roster = "教师编号,姓名,性别,参加工作时间,任教学段\nT1,欧阳春晓,女,2008-09-01,小学\n";
    std::fs::write(office.path("t1.csv"), roster).unwrap();
    office.good(&format!("import roster t1.csv --data {folder}"));
    office.good(&format!("import activities s1.csv --data {folder}"));
    office.good(&format!("record --teacher T1 --activity S1 --h100 800 --end 2026-03-03 --data {folder}"));
    office.good(&format!("sync --once --data {folder}"));
}

#[test]
fn section_11_adopting_a_policy() {
    let office = Office::new();
    office.good(&format!("init --data city --code {CITY} --name 示范市 --kind city"));
    let mut walk = Walk::new(&office, 11);
    walk.good("city", &[], "");
    walk.good("city", &[], "");
    assert!(walk.good("city", &[], "")["policies"].as_array().unwrap().iter().any(|p| p["policy"] == "wuhan-2008"));
    assert_eq!(walk.good("city", &[], "")["ok"], true);
    assert_eq!(walk.good("city", &[], "")["from"], "2026-01-01");
    walk.good("city", &[], "");
    walk.good("city", &[], "");
    walk.end();
    assert_eq!(office.good("policy list --data city")["adoptions"].as_array().unwrap().len(), 2);
}

#[test]
fn section_12_reviews_and_closing_a_year() {
    let county = County::new();
    county.joins(SCHOOL, "clerk", "school");
    let office = &county.office;
    also(office, COUNTY, "reviewer", "county");
    recorded(office, "school");
    let mut walk = Walk::new(office, 12);
    assert_eq!(walk.good("county", &[], "")["waiting"][0]["number"], "S1");
    assert_eq!(walk.good("county", &[], "")["after_lock"], 0);
    assert_eq!(walk.good("county", &[], "")["registrations"], 0, "the sheet claims nothing");
    let id = walk.good("county", &[], "")["waiting"][0]["items"][0]["id"].as_str().unwrap().to_owned();
    let lock = walk.left.front().cloned().unwrap();
    assert_eq!(office.run(&format!("{lock} --data county")).0, 1, "one waits");
    office.good(&format!("review approve {id} --data county"));
    assert_eq!(walk.good("county", &[], "")["locked"], 1);
    // What the school records now arrives after the lock.
    office.good("sync --once --data school");
    office.good("record --teacher T1 --title 跟岗 --h100 800 --end 2026-03-09 --data school");
    office.good("sync --once --data school");
    let late = short(&walk.good("county", &[], "")["waiting"][0]["entry"]);
    assert_eq!(walk.good("county", &[("90ab12cd34ef", &late)], "")["accepted"], 1);
    // Decisions are late too, until the year is opened.
    let waits = office.good("review list --data county")["waiting"][0]["items"][0]["id"].as_str().unwrap().to_owned();
    let told = office.good(&format!("review approve {waits} --data county"));
    assert_eq!((&told["late"], &told["locked_by"]), (&1.into(), &serde_json::json!([COUNTY])), "{told}");
    assert_eq!(walk.good("county", &[], "")["replaced"], 1);
    assert_eq!(walk.good("county", &[], "")["locked"], 1);
    walk.end();
    assert_eq!(office.good("teacher T1 --data county")["sums"]["approved_h100"], 1600);
    county.stop();
}

#[test]
fn section_13_rollups_and_verifying_them() {
    let city = City::new();
    city.joins("county", SCHOOL, "clerk", "school");
    let office = &city.office;
    also(office, COUNTY, "reviewer", "county");
    also(office, CITY, "reviewer", "city");
    recorded(office, "school");
    office.good("sync --once --data county");
    let mut walk = Walk::new(office, 13);
    let published = short(&walk.good("county", &[], "--as reviewer")["rollup"]);
    walk.good("county", &[], "");
    let places = [("90ab12cd34ef", published.as_str())];
    assert_eq!(walk.good("city", &[], "")["rollups"][0]["teachers"], 1);
    assert_eq!(walk.good("city", &places, "")["statement"]["verdict"], "pass");
    walk.good("city", &places, "--as reviewer");
    let verified = walk.good("city", &places, "");
    assert_eq!((&verified["sample"]["verdict"], &verified["deep"]["verdict"]), (&"pass".into(), &"pass".into()), "{verified}");
    walk.end();
    city.stop();
}

#[test]
fn section_14_a_school_moves_to_another_county() {
    let city = City::new();
    let old = city.joins("county", SCHOOL, "clerk", "school");
    let office = &city.office;
    also(office, COUNTY, "reviewer", "county");
    also(office, CITY, "reviewer", "city");
    recorded(office, "school");
    office.good(&format!("review lock --org {SCHOOL} --year 2026 --even-pending --data county"));
    office.good("sync --once --data county");
    office.good("sync --once --data school");
    let mut walk = Walk::new(office, 14);
    walk.good("city", &[], "--as admin");
    walk.good("county2", &[], "");
    let there = [(ADDRESS_2, city.address("county2"))];
    walk.good("county2", &there, "");
    walk.good("school", &there, "");
    walk.good("school", &[(ADDRESS, city.address("county"))], "");
    walk.good("school", &[], "");
    walk.good("school", &[], "");
    office.good("sync --once --data county");
    walk.good("county", &[], "");
    assert_eq!(walk.good("county", &[("3f9a01", &old)], "--as admin")["ended"].as_array().unwrap().len(), 1);
    let unlock = walk.left.front().cloned().unwrap();
    assert_eq!(office.run(&format!("{unlock} --as reviewer --data county")).0, 1, "no school of this county any more");
    assert_eq!(walk.good("city", &[], "--as reviewer")["replaced"], 1);
    walk.end();
    city.stop();
}

#[test]
fn section_15_schools_that_merge_close_or_are_renamed() {
    let county = County::new();
    let office = &county.office;
    for n in [2, 3] {
        office.good(&format!("org add --data county --code 219800000{n} --kind school --name 第{n}小学"));
    }
    let old = county.joins(SCHOOL, "clerk", "school");
    std::fs::remove_file(office.path("invite.txt")).unwrap();
    let mut walk = Walk::new(office, 15);
    walk.good("county", &[], "");
    walk.good("county", &[], "");
    walk.good("county", &[(ADDRESS, &county.address)], "");
    walk.good("county", &[], "");
    assert_eq!(walk.good("county", &[("3f9a01", &old)], "")["ended"].as_array().unwrap().len(), 1);
    walk.good("county", &[], "");
    walk.good("county", &[], "");
    walk.good("county", &[], "");
    assert_eq!(walk.good("county", &[], "")["descriptions"].as_array().unwrap().len(), 3);
    walk.end();
    county.stop();
}

#[test]
fn section_16_forgetting_who_a_teacher_is() {
    let county = County::new();
    county.joins(SCHOOL, "clerk", "school");
    let office = &county.office;
    also(office, COUNTY, "reviewer", "county");
    recorded(office, "school");
    let mut walk = Walk::new(office, 16);
    assert_eq!(walk.good("school", &[], "")["state"], "waiting");
    walk.good("school", &[], "");
    assert_eq!(walk.good("county", &[], "")["erasures"][0]["teacher"], "T1");
    assert_eq!(walk.good("county", &[], "--as reviewer")["state"], "erased");
    walk.end();
    county.stop();
}

#[test]
fn section_17_health_and_audits() {
    let county = County::new();
    let key = county.joins(SCHOOL, "clerk", "school");
    let office = &county.office;
    recorded(office, "school");
    office.good(&format!("key end {key} --reason 调离 --data county"));
    office.good("sync --once --data school");
    let mut walk = Walk::new(office, 17);
    assert_eq!(walk.next("school", &[], "").0, 4, "her key lies here still");
    walk.good("school", &[], "");
    walk.good("school", &[], "");
    assert_eq!(office.run("doctor --data school").0, 0);
    assert_eq!(walk.good("county", &[], "")["errors"], 0);
    assert!(!walk.good("county", &[], "")["events"].as_array().unwrap().is_empty());
    walk.good("county", &[], "");
    walk.end();
    county.stop();
}
