#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
use std::path::PathBuf;

use serde_json::Value as Json;

use super::super::{
    execute, found,
    testkit::{PASSPHRASE, unlock},
};
use crate::{
    command::{Command, KeyFile, Proposal, Root, Unlock},
    core::Core,
    error::{CommandError, ErrorKind},
    folder::Folder,
    keyfile,
};

struct City {
    core: Core,
    dir: tempfile::TempDir,
}

impl City {
    /// Three root keys, two of which name a successor.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::at(dir.path().join("city"));
        let nobody = Unlock { key: None, passphrase: Some(PASSPHRASE.to_owned()) };
        found::init_with(&folder, &nobody, ("429800", "某市", "city"), (3, 2)).unwrap();
        let core = Core::open(folder, &mut |_, _, _| {}).unwrap();
        Self { core, dir }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn run(&mut self, who: &str, command: &Command) -> Result<Json, CommandError> {
        execute(&mut self.core, &unlock(who), command, &mut |_| {}).map(|r| Json::Object(r.data))
    }

    fn root(&mut self, who: &str, step: Root) -> Result<Json, CommandError> {
        self.run(who, &Command::Root(step))
    }

    fn propose(&mut self, name: &str, add: &[&str], remove: &[&str]) -> Json {
        let list = |l: &[&str]| l.iter().map(|k| (*k).to_owned()).collect();
        let out = self.file(name);
        let wanted = Proposal { out, keys: Vec::new(), add: list(add), remove: list(remove), threshold: None, reason: None };
        self.root("admin", Root::Propose(wanted)).unwrap()
    }

    fn sign(&mut self, who: &str, name: &str) -> Result<Json, CommandError> {
        let file = self.file(name);
        self.root(who, Root::Sign { file })
    }

    fn publish(&mut self, who: &str, name: &str) -> Result<Json, CommandError> {
        let file = self.file(name);
        self.root(who, Root::Publish { file })
    }
}

#[test]
fn two_of_three_root_keys_name_their_successors() {
    let mut city = City::new();
    keyfile::create(city.core.folder(), "new", PASSPHRASE).unwrap();
    let proposed = city.propose("p", &["new"], &["root-3"]);
    assert_eq!(
        (&proposed["number"], &proposed["signatures_needed"], &proposed["complete"]),
        (&1.into(), &2.into(), &false.into())
    );
    assert_eq!(city.sign("new", "p").unwrap_err().kind, ErrorKind::Refused, "not a key of now");
    city.sign("root-1", "p").unwrap();
    let early = city.publish("root-1", "p").unwrap_err();
    assert_eq!(early.what.zh, "提案还不能发布: 前一份根声明的密钥签名不足");
    assert!(early.what.en.contains("not signed by enough keys"), "{early:?}");
    assert_eq!(city.sign("root-2", "p").unwrap()["complete"], true);
    let shown = city.publish("new", "p").unwrap();
    assert_eq!((&shown["number"], &shown["threshold"], &shown["contested"]), (&1.into(), &2.into(), &Json::Array(Vec::new())));
    let here: Vec<&str> = shown["keys"].as_array().unwrap().iter().map(|k| k["here"].as_str().unwrap()).collect();
    assert_eq!(here, ["root-1", "root-2", "new"]);
    // The next one is for the new keys to sign.
    city.propose("q", &[], &["root-2"]);
    assert_eq!(city.sign("root-3", "q").unwrap_err().kind, ErrorKind::Refused);
    city.sign("root-1", "q").unwrap();
    city.sign("new", "q").unwrap();
    assert_eq!(city.publish("root-1", "q").unwrap()["number"], 2);
}

#[test]
fn two_successors_are_shouted_and_settled_by_all_keys() {
    let mut city = City::new();
    for (name, keys) in [("a", ["root-1", "root-2"]), ("b", ["root-2", "root-3"])] {
        // Both were proposed before either was published.
        let removed = if name == "a" { "root-3" } else { "root-1" };
        city.propose(name, &[], &[removed]);
        keys.iter().for_each(|k| _ = city.sign(k, name).unwrap());
    }
    city.publish("root-1", "a").unwrap();
    let shown = city.publish("root-2", "b").unwrap();
    assert_eq!((&shown["number"], shown["contested"].as_array().unwrap().len()), (&0.into(), 2));
    // An audit says so before anything else, with the keys that signed.
    let audit = city.run("admin", &Command::AuditVerify).unwrap_err();
    assert_eq!((audit.kind.exit_code(), audit.what.zh.contains("第一处: 根声明有互相矛盾的继任")), (4, true), "{audit:?}");
    let found = audit.details.unwrap()["findings"].as_array().unwrap().clone();
    let signers = |f: &Json| f["detail"].as_str().unwrap().matches(", ").count();
    assert_eq!(
        found.iter().filter(|f| f["what"] == "root_contested" && f["severity"] == "error").map(signers).collect::<Vec<_>>(),
        [2, 2]
    );
    let doctor = city.run("admin", &Command::Doctor).unwrap();
    assert!(doctor["ok"] == false && doctor["findings"][0]["what"] == "root_contested", "{doctor}");
    let proposed = city.propose("c", &[], &[]);
    assert_eq!(proposed["signatures_needed"], 3);
    ["root-1", "root-2"].iter().for_each(|k| _ = city.sign(k, "c").unwrap());
    assert_eq!(city.publish("root-1", "c").unwrap_err().kind, ErrorKind::Refused);
    city.sign("root-3", "c").unwrap();
    let shown = city.publish("root-1", "c").unwrap();
    assert_eq!((&shown["number"], shown["contested"].as_array().unwrap().len()), (&1.into(), 0));
    // What the other successor's log holds has no ground: a warning, no error.
    let audit = city.run("admin", &Command::AuditVerify).unwrap();
    let words: Vec<&Json> = audit["findings"].as_array().unwrap().iter().map(|f| &f["what"]).collect();
    assert_eq!(words, ["no_grant"]);
}

#[test]
fn a_changed_proposal_is_seen_and_another_networks_refused() {
    let mut city = City::new();
    city.propose("p", &[], &["root-3"]);
    let (out, remove) = (city.file("p"), vec!["root-2".to_owned()]);
    let other = Proposal { out, keys: Vec::new(), add: Vec::new(), remove, threshold: None, reason: None };
    let taken = city.root("admin", Root::Propose(other)).unwrap_err();
    assert!(taken.what.en.starts_with("cannot use"), "a proposal on its way is not replaced: {taken:?}");
    ["root-1", "root-2"].iter().for_each(|k| _ = city.sign(k, "p").unwrap());
    let text = std::fs::read_to_string(city.file("p")).unwrap();
    let mut json: Json = serde_json::from_str(&text).unwrap();
    let fields = json["fields"].as_str().unwrap().to_owned();
    let key = city.core.ledger().registry.root.clone().unwrap().1.keys[0].to_string();
    json["fields"] = fields.replace(&key, &"ab".repeat(32)).into();
    std::fs::write(city.file("p"), json.to_string()).unwrap();
    assert_eq!(city.publish("root-2", "p").unwrap_err().kind, ErrorKind::Refused);
    let mut other = City::new();
    std::fs::write(other.file("p"), text).unwrap();
    assert!(other.sign("root-1", "p").unwrap_err().what.en.contains("another network"));
    std::fs::write(other.file("p"), "{}").unwrap();
    assert!(other.publish("root-1", "p").unwrap_err().what.en.ends_with("is no proposal of root keys"));
}

#[test]
fn a_key_file_goes_to_a_stick_and_back() {
    let mut city = City::new();
    let (stick, other) = (city.file("stick"), city.file("other"));
    let export = |key: &str, out: &PathBuf| Command::KeyFile(KeyFile::Export { key: key.into(), out: out.clone() });
    city.run("admin", &export("root-1", &stick)).unwrap();
    city.run("admin", &export("root-2", &other)).unwrap();
    assert!(city.run("admin", &export("root-3", &stick)).is_err(), "no file is replaced");
    let remove = |copy: &PathBuf| Command::KeyFile(KeyFile::Remove { key: "root-1".into(), copy: copy.clone() });
    let key = city.core.ledger().registry.root.clone().unwrap().1.keys[0];
    let itself = city.core.folder().file(&format!("keys/{key}.json"));
    let linked = city.file("linked");
    std::fs::hard_link(&itself, &linked).unwrap();
    // One under another passphrase would be another file of the same key.
    let older = city.file("older");
    std::fs::write(&older, [std::fs::read(&stick).unwrap().as_slice(), b"\n"].concat()).unwrap();
    for copy in [&other, &city.file("nothing"), &itself, &linked, &older] {
        assert!(city.run("admin", &remove(copy)).is_err(), "{copy:?}");
    }
    let import = Command::KeyFile(KeyFile::Import { file: stick.clone() });
    assert_eq!(city.run("admin", &import).unwrap_err().kind, ErrorKind::Refused, "it is here");
    city.run("admin", &remove(&stick)).unwrap();
    assert!(std::fs::read(&linked).unwrap().iter().all(|b| *b == 0), "what lay on this disk is overwritten");
    city.propose("p", &[], &["root-3"]);
    assert_eq!(city.sign("root-1", "p").unwrap_err().kind, ErrorKind::Key);
    // One that is on a stick, or lost, is taken out by what `root show` prints of it.
    let (printed, short) = (key.to_string()[..16].to_owned(), key.to_string()[..5].to_owned());
    let proposed = city.propose("lost", &[], &[&printed]);
    let keys: Vec<&str> = proposed["keys"].as_array().unwrap().iter().map(|k| k["key"].as_str().unwrap()).collect();
    assert!(keys.len() == 2 && !keys.contains(&key.to_string().as_str()), "{keys:?}");
    for unknown in ["root-1", &short] {
        let wanted = Proposal {
            out: city.file("none"),
            keys: vec![],
            add: vec![],
            remove: vec![unknown.to_owned()],
            threshold: None,
            reason: None,
        };
        let error = city.root("admin", Root::Propose(wanted)).unwrap_err();
        assert!(error.hint.as_ref().unwrap().zh.contains("root show"), "{error:?}");
    }
    city.run("admin", &import).unwrap();
    city.sign("root-1", "p").unwrap();
    std::fs::write(&other, "{\"schema\":\"x\"}").unwrap();
    assert_eq!(city.run("admin", &Command::KeyFile(KeyFile::Import { file: other })).unwrap_err().kind, ErrorKind::Key);
}

/// The statement stands in the root's registry, which everybody reads and nobody can change.
#[test]
fn a_reason_with_a_number_of_a_person_is_neither_proposed_nor_published() {
    let mut city = City::new();
    let (out, remove) = (city.file("p"), vec!["root-3".to_owned()]);
    let reason = Some("王小明 13812345678 离任".to_owned());
    let wanted =
        Proposal { out: out.clone(), keys: Vec::new(), add: Vec::new(), remove, threshold: None, reason: reason.clone() };
    let error = city.root("admin", Root::Propose(wanted)).unwrap_err();
    assert!(error.what.en.contains("a telephone number") && !out.exists(), "{error:?}");
    // One that another program proposed.
    city.propose("p", &[], &["root-3"]);
    let mut bent = super::Proposed::load(&out, city.core.network()).unwrap();
    bent.statement.reason = reason;
    bent.save(&out, false).unwrap();
    ["root-1", "root-2"].iter().for_each(|k| _ = city.sign(k, "p").unwrap());
    let error = city.publish("root-1", "p").unwrap_err();
    assert!(error.what.en.contains("a telephone number"), "{error:?}");
    assert_eq!(city.root("admin", Root::Show).unwrap()["number"], 0);
}
