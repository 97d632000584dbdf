//! The real program in an environment of its own: what scripts rely on.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs, reason = "tests")]

mod keys;
mod procedures;
mod rules;

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// A folder of its own with a passphrase file; nothing of this machine's environment reaches the program.
struct World(TempDir);

impl World {
    fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        std::fs::write(world.path("passphrase"), "a passphrase\r\n").unwrap();
        world
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn program(&self, args: &str) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_taizhang"));
        program.env_clear().env("HOME", self.0.path()).env("TMPDIR", self.0.path()).current_dir(self.0.path());
        program.args(args.split_whitespace()).stdin(Stdio::null());
        program
    }

    fn run(&self, args: &str) -> Output {
        self.program(args).output().unwrap()
    }

    /// Exit code and the one JSON object on stdout; stderr stays empty.
    fn json(&self, args: &str) -> (i32, Value) {
        let output = self.run(&format!("{args} --json --passphrase-file passphrase"));
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.lines().count(), 1, "{args}: {text}");
        assert!(text.starts_with("{\"schema\":\"taizhang."), "{args}: {text}");
        assert!(output.stderr.is_empty(), "{args}: {}", String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap(), serde_json::from_str(&text).unwrap())
    }

    fn found(&self) {
        let (exit, reply) = self.json("init --data city --code 429800 --name City --kind city");
        assert_eq!((exit, &reply["schema"]), (0, &"taizhang.init/1".into()));
    }
}

#[test]
fn the_demo_shows_what_it_claims_in_both_languages_and_leaves_nothing_behind() {
    for lang in ["zh", "en"] {
        let world = World::new();
        let output = world.run(&format!("demo --lang {lang}"));
        let (text, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!((output.status.code(), error.as_str()), (Some(0), ""), "{text}");
        let chapters = if lang == "zh" { "【" } else { "\n[" };
        assert_eq!(text.matches(chapters).count(), 10, "{text}");
        let left: Vec<_> = std::fs::read_dir(world.0.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
        assert_eq!(left, ["passphrase"]);
    }
}

#[test]
fn exit_codes_and_errors_for_scripts() {
    let world = World::new();
    world.found();
    std::fs::write(world.path("wrong"), "another").unwrap();
    std::fs::write(world.path("poem.csv"), "床前明月光\n疑是地上霜\n").unwrap();
    std::fs::create_dir_all(world.path("broken")).unwrap();
    std::fs::write(world.path("broken/node.json"), "{").unwrap();
    let add = "org add --data city --as admin --kind county --name N --code";
    let cases = [
        (format!("{add} 1"), 0, "taizhang.org/1"),
        (format!("{add} 1"), 1, "refused"),
        ("init --data city --code 1 --name N --kind city".to_owned(), 1, "refused"),
        ("frobnicate".to_owned(), 2, "usage"),
        ("status --data nowhere".to_owned(), 2, "usage"),
        ("join --data new nonsense".to_owned(), 2, "usage"),
        ("init --data new --code 1 --name N --kind school".to_owned(), 2, "usage"),
        ("import orgs poem.csv --data city --as admin".to_owned(), 3, "file_problems"),
        ("stop --data city".to_owned(), 5, "not_reachable"),
        ("sync --once --data city".to_owned(), 5, "not_reachable"),
        ("status --data broken".to_owned(), 7, "storage"),
        (format!("{} 2", add.replace("--as admin", "--as nobody")), 8, "key"),
        // The root key never acts by itself: the admin's is the only one left.
        (format!("{} 2", add.replace("--as admin", "")), 0, "taizhang.org/1"),
        (format!("{add} a/b"), 2, "usage"),
        ("join --data new nofile.txt".to_owned(), 2, "usage"),
        ("sync 127.0.0.1 --data city".to_owned(), 2, "usage"),
        ("sync --timeout 1s --data city".to_owned(), 5, "not_reachable"),
        ("invite --data city --org 1 --role boss".to_owned(), 2, "usage"),
        ("invite --data city --org 1 --role admin --address host".to_owned(), 2, "usage"),
        ("rollup publish --period 1900 --data city".to_owned(), 2, "usage"),
        ("rollup list --data city".to_owned(), 0, "taizhang.rollups/1"),
        ("verify nosuch --data city".to_owned(), 2, "usage"),
        ("verify TZ1:XX --data nowhere".to_owned(), 4, "verification"),
        ("audit verify --data city".to_owned(), 0, "taizhang.audit/1"),
        ("check --data city --rebuild".to_owned(), 0, "taizhang.check/1"),
    ];
    for (line, exit, word) in cases {
        let (found, reply) = world.json(&line);
        assert_eq!(found, exit, "{line}: {reply}");
        if exit == 0 {
            assert_eq!(reply["schema"], word, "{line}");
        } else {
            assert_eq!(
                (&reply["schema"], &reply["kind"], &reply["exit"]),
                (&"taizhang.error/1".into(), &word.into(), &exit.into())
            );
            assert!(
                !reply["what"]["zh"].as_str().unwrap().is_ascii() && !reply["what"]["en"].as_str().unwrap().is_empty(),
                "{reply}"
            );
        }
    }
    let wrong = world.run(&format!("{add} 3 --json --passphrase-file wrong"));
    assert_eq!(wrong.status.code(), Some(8));
}

#[test]
fn errors_for_people_are_in_their_language_on_stderr() {
    let world = World::new();
    for (line, said) in [("status", "错误: "), ("status --lang en", "error: "), ("--lang en nonsense", "error: "), ("", "错误: ")]
    {
        let output = world.run(line);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.stdout.is_empty() && error.starts_with(said) && error.lines().count() == 2, "{line}: {error}");
    }
    assert!(String::from_utf8(world.run("--help").stdout).unwrap().contains("用法"));
    assert!(String::from_utf8(world.run("--version").stdout).unwrap().starts_with("taizhang "));
}

#[test]
fn an_invite_leads_a_second_machine_in_and_commands_reach_the_running_node() {
    let world = World::new();
    world.found();
    let mut node = world.program("run --data city --listen 127.0.0.1:0 --json --until-stdin-closes");
    let mut node = node.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut events = BufReader::new(node.stdout.take().unwrap()).lines().map_while(Result::ok);
    let event: Value = serde_json::from_str(&events.next().unwrap()).unwrap();
    assert_eq!((&event["schema"], &event["event"]), (&"taizhang.event/1".into(), &"listening".into()));
    let address = event["address"].as_str().unwrap();
    assert_eq!(world.json("org add --data city --as admin --code 1 --kind county --name N").0, 0);
    let (exit, invited) =
        world.json(&format!("invite --data city --as admin --org 1 --role admin --address {address} --out invite"));
    let out = invited["out"].as_str().unwrap();
    assert!(exit == 0 && out.ends_with("/invite") && !invited.to_string().contains("taizhang-invite-"), "{invited}");
    // One person more where a node runs.
    assert_eq!(world.json("invite --data city --org 429800 --role reviewer --out more").0, 0);
    let (exit, joined) = world.json("join --data city more --label second");
    assert_eq!((exit, &joined["role"]), (0, &"reviewer".into()), "{joined}");
    let (_, status) = world.json("status --data city");
    let second = status["keys"].as_array().unwrap().iter().find(|k| k["label"] == "second").unwrap();
    assert_eq!(second["roles"][0]["role"], "reviewer", "{status}");
    assert!(is_private(&world.path("invite")));
    assert_eq!(world.json("join --data county invite").0, 0);
    let (exit, sync) = world.json("sync --once --data county");
    assert_eq!((exit, &sync["schema"]), (0, &"taizhang.sync/1".into()), "{sync}");
    let (_, status) = world.json("status --data county");
    assert_eq!((&status["keys"][0]["roles"][0]["role"], &status["org"]["code"]), (&"admin".into(), &"1".into()));
    // The node ends with whoever holds its standard input.
    drop(node.stdin.take());
    assert!(node.wait().unwrap().success());
    assert!(events.any(|e| e.contains("\"stopping\"")));
    assert_eq!(world.json("stop --data city").0, 5);
}

#[test]
fn a_used_invite_is_refused_with_its_reason_and_a_folder_in_use_takes_no_join() {
    let world = World::new();
    world.found();
    let mut node = world.program("run --data city --listen 127.0.0.1:0 --json --until-stdin-closes");
    let mut node = node.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut events = BufReader::new(node.stdout.take().unwrap()).lines().map_while(Result::ok);
    let event: Value = serde_json::from_str(&events.next().unwrap()).unwrap();
    let address = event["address"].as_str().unwrap();
    assert_eq!(world.json("org add --data city --code 1 --kind county --name N").0, 0);
    let invite = |role: &str, out: &str| {
        world.json(&format!("invite --data city --org 1 --role {role} --address {address} --out {out}")).0
    };
    assert_eq!((invite("admin", "invite"), invite("reviewer", "open")), (0, 0));
    assert_eq!(world.json("join --data county invite").0, 0);
    assert_eq!(world.json("join --data thief invite").0, 0);
    let (exit, error) = world.json("run --data city --listen none");
    assert!(exit == 7 && error["what"]["zh"].as_str().unwrap().contains("节点已在运行"), "{error}");
    std::fs::write(world.path("empty"), "\n").unwrap();
    let empty = world.run("org list --data city --lang zh --passphrase-file empty");
    assert_eq!(empty.status.code(), Some(8), "{}", String::from_utf8_lossy(&empty.stderr));
    // Nothing can be written before the network knows of it.
    let (exit, error) = world.json("org add --data county --code 2 --kind school --name S");
    assert_eq!((exit, error["what"]["zh"].as_str().unwrap().contains("尚未与上级同步")), (5, true), "{error}");
    assert_eq!(world.json("sync --once --data county").0, 0);
    let (exit, error) = world.json("sync --once --data thief");
    assert_eq!((exit, &error["what"]["zh"]), (1, &"这个邀请已被使用".into()), "{error}");
    for (line, said) in [("join --data county open", "已有台账"), ("join --data county invite --label two", "这个邀请已被使用")]
    {
        let (exit, error) = world.json(line);
        assert!(exit == 1 && error["what"]["zh"].as_str().unwrap().contains(said), "{line}: {error}");
    }
    assert_eq!(world.json("join --data county open --label reviewer").0, 0);
    drop(node.stdin.take());
    assert!(node.wait().unwrap().success());
}

#[test]
fn a_damaged_store_does_not_look_empty() {
    let world = World::new();
    world.found();
    assert_eq!(world.json("org add --data city --code 1 --kind county --name N").0, 0);
    assert_eq!(world.json("status --data city").0, 0);
    let journal = std::fs::read_dir(world.path("city/store/journal")).unwrap().map(|f| f.unwrap().path());
    let segment = journal.filter(|f| f.extension().is_some_and(|e| e == "seg")).max().unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[200] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let (exit, error) = world.json("status --data city");
    assert_eq!((exit, &error["kind"]), (7, &"storage".into()), "{error}");
    assert!(error["what"]["zh"].as_str().unwrap().contains("损坏") && error["details"]["entries"].is_u64(), "{error}");
    // It is not forgotten at the second look, when the index was made anew.
    let (exit, again) = world.json("status --data city");
    assert_eq!((exit, &again["details"]["damage"]), (7, &error["details"]["damage"]), "{again}");
    let shown = world.run("status --data city");
    assert!(shown.status.code() == Some(7) && !shown.stdout.is_empty() && !shown.stderr.is_empty());
    let (exit, error) = world.json("check --rebuild --data city");
    let hint = error["hint"]["zh"].as_str().unwrap();
    assert!(exit == 4 && hint.contains("sync") && !hint.contains("rebuild"), "{error}");
}

#[test]
fn an_export_on_stdout_is_the_file() {
    let world = World::new();
    world.found();
    let files = [("orgs --csv", "a.csv"), ("orgs --jsonl", "a.jsonl"), ("roster --csv", "b.csv"), ("roster --jsonl", "b.jsonl")];
    for (what, file) in files {
        let shown = world.run(&format!("export {what} --data city"));
        assert_eq!(shown.status.code(), Some(0), "{what}");
        assert_eq!(world.run(&format!("export {what} --data city --out {file}")).status.code(), Some(0));
        assert_eq!(shown.stdout, std::fs::read(world.path(file)).unwrap(), "{what}");
    }
}

fn is_private(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file).unwrap().permissions().mode() & 0o077 == 0
}
