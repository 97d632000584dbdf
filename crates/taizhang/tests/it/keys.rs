//! What docs/procedures.md tells officers to do, with the real program; and that no secret is printed or left anywhere while it logs all it can.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use serde_json::Value;
use taizhang_node::{folder::Folder, keyfile};

use super::World;

const PASSPHRASE: &str = "q7 nine mountain schools";
const NAMES: [&str; 2] = ["欧阳春晓", "尉迟秋水"];
const ID_NUMBERS: [&str; 2] = ["429801198503152341", "429801199011204568"];
/// Its last digit is wrong.
const BAD_ID_NUMBER: &str = "429801198503152342";
const PHONES: [&str; 2] = ["12000000123", "12000000456"];

/// Every process logs all it can; all that is printed is kept.
pub(super) struct Office {
    world: World,
    printed: Arc<Mutex<Vec<u8>>>,
}

/// A node's process with what reads its output; it ends when it is stopped or dropped.
pub(super) struct Node(Child, Vec<JoinHandle<()>>);

impl Drop for Node {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Office {
    pub(super) fn new() -> Self {
        let world = World::new();
        std::fs::write(world.path("passphrase"), PASSPHRASE).unwrap();
        Self { world, printed: Arc::default() }
    }

    pub(super) fn path(&self, name: &str) -> std::path::PathBuf {
        self.world.path(name)
    }

    pub(super) fn run(&self, args: &str) -> (i32, Value) {
        let args = format!("{args} --json --passphrase-file passphrase");
        let output = self.world.program(&args).env("TAIZHANG_LOG", "trace").output().unwrap();
        let reply = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let mut printed = self.printed.lock().unwrap();
        // The invite itself is printed on purpose.
        if !args.starts_with("invite ") {
            printed.extend(output.stdout);
        }
        printed.extend(output.stderr);
        (output.status.code().unwrap(), reply)
    }

    pub(super) fn good(&self, args: &str) -> Value {
        let (exit, reply) = self.run(args);
        assert_eq!(exit, 0, "{args}: {reply}");
        reply
    }

    /// Starts a node; returns it with its address.
    pub(super) fn node(&self, data: &str) -> (Node, String) {
        let mut program = self.world.program(&format!("run --data {data} --listen 127.0.0.1:0 --json --until-stdin-closes"));
        let program = program.env("TAIZHANG_LOG", "trace").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = program.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        let event: Value = serde_json::from_str(&first).unwrap();
        let readers = vec![self.keep(out), self.keep(child.stderr.take().unwrap())];
        (Node(child, readers), event["address"].as_str().unwrap().to_owned())
    }

    fn keep(&self, mut from: impl std::io::Read + Send + 'static) -> JoinHandle<()> {
        let printed = Arc::clone(&self.printed);
        std::thread::spawn(move || {
            let mut all = Vec::new();
            from.read_to_end(&mut all).ok();
            printed.lock().unwrap().extend(all);
        })
    }

    pub(super) fn stop(&self, data: &str, mut node: Node) {
        self.good(&format!("stop --data {data}"));
        assert!(node.0.wait().unwrap().success());
        std::mem::take(&mut node.1).into_iter().for_each(|reader| reader.join().unwrap());
    }

    fn roster(&self) {
        let head = "教师编号,姓名,性别,身份证号,出生年月,参加工作时间,任教学段,联系电话";
        let row = |n: usize| {
            let (name, id, phone) = (NAMES[n], ID_NUMBERS[n], PHONES[n]);
            let birth = ["1985-03-15", "1990-11-20"][n];
            format!("429801080001200{n},{name},女,{id},{birth},2008-09-01,小学,{phone}")
        };
        std::fs::write(self.world.path("roster.csv"), format!("{head}\n{}\n{}\n", row(0), row(1))).unwrap();
    }

    /// Secrets as they may stand in memory or text.
    fn secrets(&self, folders: &[&str]) -> Vec<(String, Vec<u8>)> {
        let mut out: Vec<(String, Vec<u8>)> = Vec::new();
        for text in NAMES.iter().chain(&ID_NUMBERS).chain([&BAD_ID_NUMBER]).chain(&PHONES).chain([&PASSPHRASE]) {
            out.push(((*text).to_owned(), text.as_bytes().to_vec()));
        }
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        out.push(("the passphrase in hex".to_owned(), hex(PASSPHRASE.as_bytes()).into_bytes()));
        for data in folders {
            let folder = Folder::at(self.world.path(data));
            let persons =
                keyfile::list(&folder).unwrap().into_iter().map(|k| keyfile::unlock(&folder, k.public, PASSPHRASE).unwrap());
            let seeds = persons.flat_map(|p| [p.key.seed(), p.seal.to_bytes()]).chain([folder.node_key().unwrap().seed()]);
            for seed in seeds.collect::<Vec<_>>() {
                out.push((format!("a seed of {data}"), seed.to_vec()));
                out.push((format!("a seed of {data} in hex"), hex(&seed).into_bytes()));
            }
        }
        out
    }
}

fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for file in std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()) {
        if file.is_dir() {
            files(&file, found);
        } else if let Ok(bytes) = std::fs::read(&file) {
            found.push((file.display().to_string(), bytes));
        }
    }
}

fn holds(bytes: &[u8], secret: &[u8]) -> bool {
    bytes.windows(secret.len()).any(|w| w == secret)
}

#[test]
fn a_pc_is_stolen_and_no_secret_is_printed_or_left_on_the_way() {
    let office = Office::new();
    office.good("init --data county --code 429801 --name County --kind county");
    let (county, address) = office.node("county");
    office.good("org add --data county --code 001 --kind school --name School");
    let invite = |out: &str| office.good(&format!("invite --data county --org 001 --role clerk --address {address} --out {out}"));
    invite("first");
    office.good("join --data school first");
    office.good("sync --once --data school");
    office.roster();
    office.good("import roster roster.csv --data school");
    // A number that is refused is found by row and column; the rest of it is printed, logged and kept nowhere.
    let bad = std::fs::read_to_string(office.world.path("roster.csv")).unwrap().replace(ID_NUMBERS[0], BAD_ID_NUMBER);
    std::fs::write(office.world.path("bad.csv"), bad).unwrap();
    for data in ["", " --dry-run", " --skip-bad-rows"] {
        let (_, reply) = office.run(&format!("import roster bad.csv --data school{data}"));
        let files = reply.get("details").unwrap_or(&reply)["files"][0]["findings"].as_array().unwrap().clone();
        let finding = files.iter().find(|f| f["kind"] == "id_wrong").unwrap();
        let said = (&finding["row"], &finding["column"], &finding["stood"]);
        assert_eq!(said, (&2.into(), &"身份证号".into(), &"429801…(18)".into()), "{finding}");
    }
    let dry = "import roster bad.csv --data school --dry-run --passphrase-file passphrase";
    let text = office.world.program(dry).env("TAIZHANG_LOG", "trace").output().unwrap();
    office.printed.lock().unwrap().extend([text.stdout, text.stderr].concat());
    office.good("record --data school --teacher 4298010800012000 --title Course --kind online --h100 400 --end 2026-03-01");
    office.good("sync --once --data school");
    let before = office.good("status --data school")["entries"].as_u64().unwrap();
    // Slowed down with a running node as without one; the wait outlives the program.
    std::fs::write(office.world.path("wrong"), "another passphrase").unwrap();
    let wrong = |data: &str| {
        let output = office
            .world
            .program(&format!("describe T1.subject x --data {data} --json --passphrase-file wrong"))
            .output()
            .unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    (0..3).for_each(|_| assert_eq!(wrong("school").0, 8));
    let waiting = wrong("school");
    assert!(waiting.0 == 8 && waiting.1.contains("try again in"), "{}", waiting.1);
    let admin = "org add --data county --as admin --code 9 --kind school --name S --json --passphrase-file wrong";
    let of_node = || office.world.program(admin).output().unwrap();
    (0..3).for_each(|_| assert_eq!(of_node().status.code(), Some(8)));
    assert!(String::from_utf8(of_node().stdout).unwrap().contains("try again in"));
    for data in ["school", "county"] {
        for file in std::fs::read_dir(office.world.path(data).join("keys")).unwrap().map(|f| f.unwrap().path()) {
            if file.extension().is_some_and(|e| e == "tries") {
                std::fs::remove_file(file).unwrap();
            }
        }
    }
    // Stolen: one command burns the machine and whoever joined on it. The thief reaches nobody any more.
    let keys = office.good("key list --data county --org 001");
    let machine = keys["keys"].as_array().unwrap().iter().find_map(|k| k["machine"].as_str()).unwrap().to_owned();
    let tried = office.good(&format!("key burn --machine {machine} --cause stolen --keep all --dry-run --data county"));
    assert_eq!((tried["burnt"].as_array().unwrap().len(), &tried["set_aside"]), (2, &0.into()), "{tried}");
    office.good(&format!("key burn --machine {machine} --cause stolen --keep all --data county"));
    let (exit, error) = office.run("sync --once --timeout 20s --data school");
    assert_eq!(exit, 1, "{error}");
    // A new PC joins and has everything.
    invite("second");
    office.good("join --data new second");
    office.good("sync --once --data new");
    let now = office.good("status --data new")["entries"].as_u64().unwrap();
    assert!(now > before, "{now} entries after {before}");
    assert_eq!(office.good("teacher 4298010800012000 --data new")["records"].as_array().unwrap().len(), 1);
    // Confirm the uses of both invites; withdraw a lost one.
    assert_eq!(office.good("key accept --invites --data county")["accepted"].as_array().unwrap().len(), 2);
    invite("lost");
    let lost = office.good("invites --data county")["invites"][2]["key"].as_str().unwrap().to_owned();
    // Where no invite is open no stranger is let in at all; with one, the withdrawn one is told apart.
    invite("open");
    office.good(&format!("key burn {lost} --keep none --cause lost --data county"));
    office.good("join --data finder lost");
    let (exit, error) = office.run("sync --once --timeout 20s --data finder");
    assert_eq!((exit, &error["what"]["en"]), (1, &"this invite was withdrawn".into()), "{error}");
    // The passphrase is changed, and the clerk leaves.
    std::fs::write(office.world.path("next"), "q7 another nine mountains").unwrap();
    office.good("key passphrase --new-passphrase-file next --data finder");
    let new = keyfile::list(&Folder::at(office.world.path("new"))).unwrap()[0].public;
    office.good(&format!("key end {new} --reason left --data county"));
    let (exit, _) = office.run("describe 4298010800012000.subject x --data new");
    assert_eq!(exit, 0, "offline she cannot know");
    office.good("sync --once --data new");
    assert_eq!(office.run("describe 4298010800012000.subject y --data new").0, 1, "now she does");
    office.stop("county", county);
    let secrets = office.secrets(&["county", "school", "new"]);
    assert!(secrets.len() > 20);
    let mut kept = vec![("what was printed".to_owned(), office.printed.lock().unwrap().clone())];
    assert!(kept[0].1.len() > 10_000, "nothing was logged");
    ["county", "school", "new", "finder"].iter().for_each(|data| files(&office.world.path(data), &mut kept));
    let is_key_file = |name: &str| name.ends_with("/node.key") || (name.contains("/keys/") && name.ends_with(".json"));
    for (name, bytes) in kept.iter().filter(|(name, _)| !is_key_file(name)) {
        for (what, secret) in &secrets {
            assert!(!holds(bytes, secret), "{name} holds {what}");
        }
    }
    assert!(
        kept.iter().any(|(name, bytes)| name.ends_with("/node.key") && secrets.iter().any(|(_, s)| holds(bytes, s))),
        "the search finds"
    );
}
