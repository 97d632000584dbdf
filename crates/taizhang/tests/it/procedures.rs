//! docs/procedures.md, section by section: its own commands, in order, with the real program. A command that is changed there is run as changed; one that is added has no step here, and fails.

use std::collections::VecDeque;

use serde_json::Value;
use taizhang_core::entry::SignedEntry;
use taizhang_node::{core::Core, folder::Folder};

use super::keys::{Node, Office};

mod years;

const PROCEDURES: &str = include_str!("../../../../docs/procedures.md");
const COUNTY: &str = "429801";
const SCHOOL: &str = "2198000001";
/// The address in the document.
const ADDRESS: &str = "county.example:7433";

/// The commands of a section that were not run yet.
struct Walk<'o> {
    office: &'o Office,
    left: VecDeque<String>,
}

impl<'o> Walk<'o> {
    fn new(office: &'o Office, section: u8) -> Self {
        let text = PROCEDURES.split("\n## ").find(|s| s.starts_with(&format!("{section}. "))).unwrap();
        let left = text.lines().filter_map(|l| l.strip_prefix("    taizhang ")).map(str::to_owned).collect();
        Self { office, left }
    }

    /// Runs the next one on a machine; what stands in the document for something of this network is put in its place.
    fn next(&mut self, machine: &str, places: &[(&str, &str)], more: &str) -> (i32, Value) {
        let mut command = self.left.pop_front().expect("the section has one more command");
        for (there, here) in places {
            assert!(command.contains(there), "{command}: {there}");
            command = command.replace(there, here);
        }
        self.office.run(&format!("{command} --data {machine} {more}"))
    }

    fn good(&mut self, machine: &str, places: &[(&str, &str)], more: &str) -> Value {
        let next = self.left.front().cloned();
        let (exit, reply) = self.next(machine, places, more);
        assert_eq!(exit, 0, "{next:?}: {reply}");
        reply
    }

    fn end(self) {
        assert!(self.left.is_empty(), "commands without a step: {:?}", self.left);
    }
}

/// A county whose node runs, with a school.
struct County {
    office: Office,
    node: Option<Node>,
    address: String,
}

impl County {
    fn new() -> Self {
        let office = Office::new();
        office.good(&format!("init --data county --code {COUNTY} --name 青林县 --kind county"));
        let (node, address) = office.node("county");
        office.good(&format!("org add --data county --code {SCHOOL} --kind school --name 明德小学"));
        Self { office, node: Some(node), address }
    }

    fn invite(&self, org: &str, role: &str) {
        std::fs::remove_file(self.office.path("invite.txt")).ok();
        let address = &self.address;
        self.office.good(&format!("invite --data county --org {org} --role {role} --address {address} --out invite.txt"));
    }

    /// Somebody joins on a machine of her own; her key.
    fn joins(&self, org: &str, role: &str, machine: &str) -> String {
        self.invite(org, role);
        let reply = self.office.good(&format!("join invite.txt --data {machine}"));
        self.office.good(&format!("sync --once --data {machine}"));
        short(&reply["key"])
    }

    /// The machine of a person's key, as `key list` shows it.
    fn machine(&self, key: &str) -> String {
        let keys = self.office.good("key list --data county");
        let of = |k: &&Value| k["key"].as_str().unwrap().starts_with(key);
        short(&keys["keys"].as_array().unwrap().iter().find(of).unwrap()["machine"])
    }

    /// Something is written and comes to the county.
    fn writes(&self, machine: &str, value: &str) {
        self.office.good(&format!("describe T1.subject {value} --data {machine}"));
        self.office.good(&format!("sync --once --data {machine}"));
    }

    fn stop(mut self) {
        self.office.stop("county", self.node.take().unwrap());
    }
}

/// Six digits name a key.
fn short(key: &Value) -> String {
    key.as_str().unwrap().chars().take(12).collect()
}

#[test]
fn section_1_founding_and_replacing_a_root_key() {
    let office = Office::new();
    let mut walk = Walk::new(&office, 1);
    walk.good("county", &[], "");
    walk.good("county", &[], "");
    walk.good("county", &[], "");
    // The first is on its stick, and no longer on the machine; so is the third.
    assert_eq!(office.run("key export root-1 --out again --data county").0, 8);
    let shown = walk.good("county", &[], "");
    let third = shown["keys"].as_array().unwrap().iter().find(|k| k["here"] == "root-3").unwrap();
    let third = short(&third["key"]);
    office.good("key export root-3 --out root-3.key --data county");
    office.good("key remove root-3 --copy root-3.key --data county");
    walk.good("county", &[], "");
    let proposed = walk.good("county", &[("5ad090", &third)], "");
    assert_eq!((&proposed["signatures_needed"], &proposed["complete"]), (&2.into(), &false.into()));
    walk.good("county", &[], "");
    walk.good("county", &[], "");
    assert_eq!(office.run("root publish successor.json --as root-4 --data county").0, 1, "one signature is not enough");
    assert_eq!(walk.good("county", &[], "")["complete"], true);
    walk.good("county", &[], "");
    let shown = walk.good("county", &[], "");
    let keys: Vec<&str> = shown["keys"].as_array().unwrap().iter().filter_map(|k| k["here"].as_str()).collect();
    assert_eq!((&shown["number"], keys), (&1.into(), vec!["root-1", "root-2", "root-4"]));
    assert_eq!(office.good("audit verify --data county")["findings"], Value::Array(Vec::new()));
    walk.end();
}

#[test]
fn section_2_a_new_clerk() {
    let county = County::new();
    let mut walk = Walk::new(&county.office, 2);
    walk.good("county", &[(ADDRESS, &county.address)], "");
    walk.good("school", &[], "");
    walk.good("school", &[], "");
    assert_eq!(walk.good("county", &[], "")["invites"][0]["state"], "used");
    assert_eq!(walk.good("county", &[], "")["accepted"].as_array().unwrap().len(), 1);
    walk.end();
    county.stop();
}

#[test]
fn section_3_a_clerk_leaves() {
    let county = County::new();
    let key = county.joins(SCHOOL, "clerk", "school");
    county.writes("school", "late");
    let mut walk = Walk::new(&county.office, 3);
    let listed = walk.good("county", &[], "");
    assert!(listed["keys"].as_array().unwrap().iter().any(|k| k["key"].as_str().unwrap().starts_with(&key)));
    assert_eq!(walk.good("county", &[("3f9a01", &key)], "")["set_aside"], 1);
    assert_eq!(walk.good("county", &[("3f9a01", &key)], "")["set_aside"], 1);
    walk.end();
    // The line below them: what was dated after her last day is accepted.
    assert_eq!(county.office.good(&format!("key accept --key {key} --reason 补录 --data county"))["restored"], 1);
    county.stop();
}

#[test]
fn section_4_an_admin_or_a_reviewer_leaves() {
    let county = County::new();
    let leaving = county.joins(COUNTY, "admin", "leaving");
    let mut walk = Walk::new(&county.office, 4);
    walk.good("county", &[(ADDRESS, &county.address)], "");
    county.office.good("join invite-admin.txt --data successor");
    walk.good("successor", &[], "");
    let places = [("8c11d0", leaving.as_str())];
    assert_eq!(walk.good("successor", &places, "")["set_aside"], 0);
    assert_eq!(walk.good("successor", &places, "")["ended"].as_array().unwrap().len(), 1);
    // The first admin of all was granted by the root, and its key lies on a stick: the successor is told so.
    let first = short(
        &county.office.good("status --data county")["keys"].as_array().unwrap().iter().find(|k| k["label"] == "admin").unwrap()["key"],
    );
    county.office.good("key export root --out root-1.key --data county");
    county.office.good("key remove root --copy root-1.key --data county");
    let (exit, told) = county.office.run(&format!("key end {first} --reason 调离 --data successor"));
    assert!(exit == 1 && told["hint"]["zh"].as_str().unwrap().contains("key import"), "{told}");
    walk.good("county", &[], "");
    // With one root key its name is `root`.
    walk.good("county", &[("8c11d0", &first), ("root-1", "root")], "");
    walk.end();
    county.office.good("sync --once --data successor");
    county.office.good("sync --once --data leaving");
    let add = "org add --data leaving --code 2198000009 --kind school --name 新校";
    assert_eq!(county.office.run(add).0, 1, "she grants and founds no more");
    county.stop();
}

#[test]
fn section_5_a_passphrase_is_forgotten() {
    let county = County::new();
    let old = county.joins(SCHOOL, "clerk", "school");
    county.invite(SCHOOL, "clerk");
    let mut walk = Walk::new(&county.office, 5);
    // The invite itself must be here: nobody has to be asked while joining.
    assert_eq!(county.office.run("join invite.txt --label early --data school").0, 1);
    walk.good("school", &[], "");
    walk.good("school", &[], "");
    walk.good("county", &[("3f9a01", &old)], "");
    county.office.good("sync --once --data school");
    std::fs::write(county.office.path("next"), "q7 another nine mountains").unwrap();
    walk.good("school", &[], "--as clerk2 --new-passphrase-file next");
    walk.end();
    let write = "describe T1.subject x --data school --as clerk2";
    assert_eq!(county.office.run(write).0, 8, "the old passphrase opens it no more");
    county.stop();
}

#[test]
fn section_6_a_pc_is_stolen() {
    let county = County::new();
    let key = county.joins(SCHOOL, "clerk", "school");
    county.writes("school", "stolen");
    let machine = county.machine(&key);
    let mut walk = Walk::new(&county.office, 6);
    walk.good("county", &[], "");
    let tried = walk.good("county", &[("77e2b4", &machine)], "");
    assert_eq!((tried["burnt"].as_array().unwrap().len(), &tried["set_aside"]), (2, &1.into()), "{tried}");
    let burnt = walk.good("county", &[("77e2b4", &machine)], "");
    walk.end();
    assert_ne!(county.office.run("sync --once --timeout 20s --data school").0, 0, "the thief reaches nobody");
    let honest = short(&burnt["set_aside_entries"][0]["entry"]);
    assert_eq!(county.office.good(&format!("key accept {honest} --reason 核对属实 --data county"))["restored"], 1);
    county.stop();
}

#[test]
fn section_7_a_pc_breaks() {
    let county = County::new();
    let old = county.joins(SCHOOL, "clerk", "school");
    county.writes("school", "kept");
    copy(&county.office.path("school"), &county.office.path("backup"));
    county.joins(SCHOOL, "clerk", "new");
    let mut walk = Walk::new(&county.office, 7);
    assert_eq!(walk.good("county", &[("3f9a01", &old)], "")["ended"].as_array().unwrap().len(), 1);
    assert_eq!(walk.good("backup", &[], "")["findings"], Value::Array(Vec::new()));
    walk.good("backup", &[], "");
    walk.end();
    assert_eq!(county.office.good("status --data new")["documents_by_kind"]["roster"], 1);
    county.stop();
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir(to).unwrap();
    for file in std::fs::read_dir(from).unwrap().map(|f| f.unwrap().path()) {
        let there = to.join(file.file_name().unwrap());
        if file.is_dir() {
            copy(&file, &there);
        } else if file.is_file() {
            std::fs::copy(&file, &there).unwrap();
        }
    }
}

/// A use of an invite that a stick brought, or another node of the county: at first contact this one would have refused it.
fn brought(office: &Office, from: &str, to: &str) {
    let mut core = Core::open(Folder::at(office.path(to)), &mut |_, _, _| {}).unwrap();
    let used = std::fs::read(office.path(from).join("invite.cbor")).unwrap();
    let used = SignedEntry::parse(&used, &core.network()).unwrap();
    core.store_entries(vec![used], Vec::new()).unwrap();
}

#[test]
fn section_8_an_invite_is_lost_or_used_twice() {
    let mut county = County::new();
    county.invite(SCHOOL, "clerk");
    let lost = short(&county.office.good("invites --data county")["invites"][0]["key"]);
    county.invite(SCHOOL, "clerk");
    let node = county.node.take().unwrap();
    let office = &county.office;
    ["hers", "other"].iter().for_each(|machine| _ = office.good(&format!("join invite.txt --data {machine}")));
    office.good("sync --once --data hers");
    let (exit, refused) = office.run("sync --once --timeout 20s --data other");
    assert_eq!((exit, &refused["what"]["en"]), (1, &"this invite was used already".into()), "{refused}");
    office.stop("county", node);
    brought(office, "other", "county");
    let mut walk = Walk::new(office, 8);
    let invites = walk.good("county", &[], "")["invites"].clone();
    assert_eq!((&invites[0]["state"], &invites[1]["state"]), (&"open".into(), &"used_twice".into()), "{invites}");
    walk.good("county", &[("5ad090", &lost)], "");
    let hers = short(&invites[1]["uses"][0]["entry"]);
    walk.good("county", &[("90ab12cd34ef", &hers)], "");
    walk.end();
    let invites = office.good("invites --data county")["invites"].clone();
    let standing: Vec<&Value> = invites[1]["uses"].as_array().unwrap().iter().map(|u| &u["standing"]).collect();
    assert_eq!((&invites[0]["state"], standing), (&"withdrawn".into(), vec![&"stands".into(), &"ended".into()]), "{invites}");
}

#[test]
fn section_9_the_wrong_person_got_a_key() {
    let county = County::new();
    let wrong = county.joins(SCHOOL, "clerk", "wrong");
    let reviewer = county.joins(COUNTY, "reviewer", "reviewer");
    let machine = county.machine(&wrong);
    let mut walk = Walk::new(&county.office, 9);
    assert_eq!(walk.good("county", &[("77e2b4", &machine)], "")["burnt"].as_array().unwrap().len(), 2);
    assert_eq!(walk.good("county", &[("3f9a01", &reviewer)], "")["ended"].as_array().unwrap().len(), 1);
    walk.end();
    county.stop();
}

#[test]
fn section_10_a_school_without_any_line() {
    let mut county = County::new();
    county.joins(SCHOOL, "clerk", "school");
    county.office.stop("county", county.node.take().unwrap());
    let office = &county.office;
    office.good("describe T1.subject 语文 --data school");
    let mut walk = Walk::new(office, 10);
    let stick = [("/media/usb/", "")];
    let written = walk.good("school", &stick, "");
    assert!(written["entries"].as_u64() > Some(0) && written["left"] == 0, "{written}");
    assert_eq!(walk.good("county", &stick, "")["entries"], 1);
    let back = walk.good("school", &stick, "");
    assert!(back["receipts"].as_u64() > Some(0), "{back}");
    let status = walk.good("school", &[], "");
    let county_has = status["delivered"].as_array().unwrap().iter().find(|d| d["org"] == COUNTY).unwrap();
    assert_eq!(county_has["since"], 0, "{status}");
    walk.end();
}

#[test]
fn every_section_with_commands_is_walked() {
    let sections = PROCEDURES.split("\n## ").filter(|s| s.contains("\n    taizhang ")).map(|s| s.split('.').next().unwrap());
    assert_eq!(sections.collect::<Vec<_>>(), (1..=17).map(|n| n.to_string()).collect::<Vec<_>>());
}
