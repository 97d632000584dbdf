#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use super::*;

fn parsed(line: &str) -> Result<Cli, clap::Error> {
    let args: Vec<OsString> = ["taizhang"].into_iter().chain(line.split_whitespace()).map(OsString::from).collect();
    parse(Lang::En, &args)
}

#[test]
fn the_parser_is_consistent() {
    parser(Lang::Zh).debug_assert();
}

#[test]
fn every_text_is_there_in_both_languages() {
    fn walk(command: &clap::Command, path: &str, found: &mut Vec<String>) {
        let texts = command.get_arguments().filter(|a| !a.is_hide_set()).map(|a| (a.get_id().to_string(), a.get_help()));
        let about = std::iter::once(("about".to_owned(), command.get_about()));
        for (name, text) in texts.chain(about) {
            let text = text.map(ToString::to_string).unwrap_or_default();
            let whole = text.split_once(" | ").is_some_and(|(zh, en)| !zh.is_ascii() && !en.is_empty() && !en.contains(" | "));
            if !whole {
                found.push(format!("{path} {name}: {text:?}"));
            }
        }
        command.get_subcommands().for_each(|c| walk(c, &format!("{path} {}", c.get_name()), found));
    }
    let mut found = Vec::new();
    walk(&Cli::command(), "taizhang", &mut found);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn help_speaks_one_language() {
    let zh = parser(Lang::Zh).render_long_help().to_string();
    let en = parser(Lang::En).render_long_help().to_string();
    assert!(zh.contains("用法") && zh.contains("命令") && !zh.contains("Usage") && !zh.contains(" | "), "{zh}");
    assert!(en.is_ascii() && en.contains("Usage"), "{en}");
}

#[test]
fn good_lines_become_commands() {
    let cases = [
        (
            "init --code 1 --name n --kind city",
            "Init { code: \"1\", name: \"n\", kind: \"city\", root_keys: 1, root_threshold: 1 }",
        ),
        ("init --code 1 --name n --kind city --root-keys 3 --root-threshold 2", "root_keys: 3, root_threshold: 2"),
        ("org move 1 --to 2 --from 2026-09-01", "Org(Move { org: \"1\", to: \"2\", from: \"2026-09-01\", reason: None })"),
        ("org rename 1 n", "Org(Rename { org: \"1\", name: \"n\" })"),
        ("org recode 1 2", "Org(Recode { org: \"1\", code: \"2\" })"),
        (
            "org close 1 --day d --succeeded-by 2",
            "Org(Close { org: \"1\", day: \"d\", succeeded_by: Some(\"2\"), reason: None })",
        ),
        ("org merge 1 2 --into 3", "Org(Merge { orgs: [\"1\", \"2\"], into: \"3\", day: None, reason: None })"),
        ("org history 1", "Org(History { org: \"1\" })"),
        ("root show", "Root(Show)"),
        (
            "root propose --out /x --add a,b --remove c --threshold 2",
            "keys: [], add: [\"a\", \"b\"], remove: [\"c\"], threshold: Some(2)",
        ),
        ("root sign /x --as root-1", "Root(Sign { file: \"/x\" })"),
        ("root publish /x", "Root(Publish { file: \"/x\" })"),
        ("key export root --out /x", "KeyFile(Export { key: \"root\", out: \"/x\" })"),
        ("key new root-4", "KeyFile(New { label: \"root-4\" })"),
        ("key import /x", "KeyFile(Import { file: \"/x\" })"),
        ("key remove root --copy /x", "KeyFile(Remove { key: \"root\", copy: \"/x\" })"),
        ("org list --json", "OrgList"),
        (
            "roster correct T1 --hired 2021-09-01 --first-job yes --reason r",
            "hired: Some(\"2021-09-01\"), first_job: Some(true), qualified_degree: None",
        ),
        (
            "roster correct T1 --title t --since 2021-09-01 --head-teacher no --reason r --org 1",
            "head_teacher: Some(false), since: Some",
        ),
        ("invite --org 1 --role clerk --expires 2h", "expires_ms: 7200000"),
        ("key list --org 1", "Key(List { org: Some(\"1\") })"),
        (
            "key end k --role admin --left 2026-03-01 --reason r",
            "End(Ending { key: \"k\", role: Some(\"admin\"), left: Some(\"2026-03-01\")",
        ),
        ("key burn k --cause c --stolen-on 2026-03-01 --dry-run", "keep: Before(\"2026-03-01\"), dry_run: true"),
        ("key burn k --cause c --keep none", "keep: Nothing"),
        ("key burn --machine n --cause c --keep all", "key: None, machine: Some(\"n\"), cause: \"c\", keep: All"),
        ("key burn k --cause c --keep a b", "keep: UpTo([\"a\", \"b\"])"),
        ("key accept a b --reason r", "entries: [\"a\", \"b\"], key: None, invites: false, reason: Some(\"r\")"),
        ("key accept --invites", "invites: true, reason: None"),
        ("key passphrase k", "Passphrase(Some(\"k\"), None)"),
        ("invites", "Invites { org: None }"),
        ("sync --once", "Sync { address: None, timeout_ms: 60000 }"),
        ("sync 127.0.0.1:1 --timeout 3s", "Sync { address: Some(\"127.0.0.1:1\"), timeout_ms: 3000 }"),
        ("sync", "Run(Run { listen: Listen(None)"),
        ("run", "Listen(Some(0.0.0.0:7433))"),
        ("run --listen none", "Listen(None)"),
        ("import roster /a /b --dry-run", "files: [\"/a\", \"/b\"]"),
        ("export ledger --csv --gbk", "format: Csv, gbk: true"),
        ("export ledger", "format: Jsonl"),
        ("record --teacher 1 --activity a --h100 150 --end 2024-03-01", "h100: 150"),
        ("record --teacher 1 --title a --h100 150 --end 2024-03-01 --again", "note: None, again: true"),
        ("conflict settle 1.subject --choose 2", "choose: Some(2)"),
        ("review approve a b --reason r", "verdict: \"approved\", rows: [\"a\", \"b\"]"),
        ("review return --claimed", "verdict: \"returned\", rows: [], sheet: None, claimed: true"),
        ("import rows /a --year 2024 --org 1", "kind: \"rows\", files: [\"/a\"], org: Some(\"1\"), year: Some(2024)"),
        ("import leaves /a", "kind: \"leaves\""),
        ("import corrections /a", "kind: \"corrections\""),
        ("review approve --claimed --org 1", "claimed: true, org: Some(\"1\")"),
        ("review plan list", "PlanList { org: None, all: false }"),
        ("review plan list --org 1 --all", "PlanList { org: Some(\"1\"), all: true }"),
        (
            "review plan approve a b --day 2024-03-01",
            "verdict: \"approved\", plans: [\"a\", \"b\"], day: Some(\"2024-03-01\"), retroactive: false",
        ),
        ("review plan approve a --retroactive --reason r", "retroactive: true, reason: Some(\"r\")"),
        ("review plan return a --reason r", "verdict: \"returned\", plans: [\"a\"]"),
        ("review plan refuse a --reason r", "verdict: \"refused\", plans: [\"a\"]"),
        ("rollup publish --period 2025 --as-of 2025-12-31", "RollupPublish { period: 2025, as_of: Some(\"2025-12-31\") }"),
        ("rollup sample x --k 3", "RollupSample { id: \"x\", k: 3 }"),
        ("rollup verify x --sample 3 --seed s", "deep: false, sample: Some(3), seed: Some(\"s\")"),
        ("teacher 1", "Teacher { number: \"1\" }"),
        ("teacher 1 --explain --as-of 2024-12-31", "TeacherExplain { number: \"1\", as_of: Some(\"2024-12-31\") }"),
        ("policy list", "PolicyList"),
        ("policy check wuhan-2008", "PolicyCheck { policy: \"wuhan-2008\" }"),
        (
            "policy adopt wuhan-2008 --from 2008-01-01 --stages primary,junior",
            "stages: [\"primary\", \"junior\"], orgs: [], replace: false",
        ),
        ("policy adopt a --from d --overlay-of b --replace", "overlay_of: Some(\"b\")"),
        ("policy diff a b --as-of 2024-12-31", "PolicyDiff { old: \"a\", new: \"b\", as_of: Some(\"2024-12-31\") }"),
        ("certificate prepare --teacher 1 --name n", "CertificatePrepare { teacher: Some(\"1\"), name: Some(\"n\")"),
        ("certificate prepare --all --names /x", "teacher: None, name: None, names: Some(\"/x\")"),
        ("certificate confirm --all", "CertificateConfirm { no: None }"),
        ("certificate confirm 1-2029-00001", "CertificateConfirm { no: Some(\"1-2029-00001\") }"),
        ("certificate withdraw 1-2029-00001 --reason x", "CertificateWithdraw { no: \"1-2029-00001\", reason: \"x\" }"),
        ("certificate show 1 --qr", "CertificateShow { named: \"1\", text: true, qr: true, name: None }"),
        ("verify TZ1:00", "VerifyText { text: \"TZ1:00\", network: None }"),
        ("verify TZ1:00 --network ab", "network: Some(\"ab\")"),
        ("rules eval", "Eval(Eval { policy: None, explain: false, file: None })"),
        ("rules eval --policy wuhan-2008 --explain -", "policy: Some(\"wuhan-2008\"), explain: true, file: Some(\"-\")"),
        ("audit export --out /x --jsonl --org 9", "AuditExport { out: \"/x\", jsonl: true, org: Some(\"9\") }"),
        ("audit history T A", "AuditHistory { record: \"T\", activity: Some(\"A\") }"),
        ("doctor", "Doctor"),
        ("erase 1 --reason r", "Erase { teacher: \"1\", reason: \"r\" }"),
        ("erase confirm 1", "EraseConfirm { teacher: \"1\" }"),
        ("erase list", "EraseList"),
        ("check --rebuild", "Check { accept_loss: false, rebuild: true }"),
        ("check --accept-loss", "Check { accept_loss: true, rebuild: false }"),
        ("links cut", "Links { cut: true }"),
        ("stop", "Stop"),
        ("report form-09 --csv --gbk --year 2025", "form: \"form-09\", format: Csv, gbk: true, org: None, year: Some(2025)"),
        ("report form-03 --teacher 7 --public", "teacher: Some(\"7\"), activity: None, english: false, public: true"),
        ("demo", "Demo { keep: None }"),
    ];
    for (line, wanted) in cases {
        let task = format!("{:?}", parsed(line).unwrap_or_else(|e| panic!("{line}: {e}")).what.task().unwrap());
        assert!(task.contains(wanted), "{line}: {task}");
    }
}

#[test]
fn bad_lines_are_explained_in_both_languages() {
    let cases = [
        ("", "缺少命令"),
        ("org", "缺少命令"),
        ("nonsense", "没有命令 nonsense"),
        ("status --frobnicate", "没有参数 --frobnicate"),
        ("status --lang fr", "fr"),
        ("init --code 1 --name n", "--kind"),
        ("init --code 1 --name n --kind", "--kind"),
        ("invite --org 1 --role r --expires 7", "7d"),
        ("invite --org 1 --role r --expires 0d", "7d"),
        ("invite --org 1 --role r --expires 99999999999999999999w", "7d"),
        ("run --listen here", "here"),
        ("import poems x", "poems"),
        ("import roster", "FILE"),
        ("import signin x --semester 3", "3"),
        ("export ledger --csv --jsonl", "--csv"),
        ("export ledger --gbk", "--csv"),
        ("report", "FORM"),
        ("report form-09 --csv --xlsx --out /x", "--csv"),
        ("report form-09 --xlsx", "--out"),
        ("report form-09 --gbk", "--csv"),
        ("export ledger --xlsx", "--out"),
        ("record --teacher 1 --h100 1 --end d", "--activity"),
        ("record --teacher 1 --activity a --title t --h100 1 --end d", "--activity"),
        ("record --teacher 1 --activity a --h100 1.5 --end d", "1.5"),
        ("record --teacher 1 --activity a --h100 -1 --end d", "-1"),
        ("conflict settle k", "--choose"),
        ("conflict settle k --choose 1 --value v", "--choose"),
        ("review approve", "--claimed"),
        ("review approve a --claimed", "--claimed"),
        ("review approve a --org 1", "--org"),
        ("review plan", "缺少命令"),
        ("review plan approve", "ID"),
        ("review plan approve a --retroactive", "--reason"),
        ("review plan return a --retroactive --reason r", "--retroactive"),
        ("import leaves", "FILE"),
        ("rollup verify x --seed s", "--sample"),
        ("teacher 1 --as-of 2024-12-31", "--explain"),
        ("policy adopt a", "--from"),
        ("policy diff a", "NEW"),
        ("certificate prepare", "--teacher"),
        ("certificate prepare --all --name n", "--all"),
        ("certificate prepare --all --teacher 1", "--all"),
        ("certificate confirm", "--all"),
        ("certificate withdraw 1", "--reason"),
        ("verify", "TEXT|FILE"),
        ("rollup sample x", "--k"),
        ("rollup publish --period 99999", "99999"),
        ("erase 1", "--reason"),
        ("erase", "TEACHER"),
        ("erase confirm", "TEACHER"),
        ("audit export", "--out"),
    ];
    for (line, said) in cases {
        let error = crate::mistake::explain(&parsed(line).err().unwrap_or_else(|| panic!("{line} was accepted")));
        assert_eq!(error.kind.exit_code(), 2);
        assert!(error.what.zh.contains(said) && !error.what.zh.is_ascii(), "{line}: {}", error.what.zh);
        assert!(error.what.en.is_ascii() && error.what.en.len() > 8, "{line}: {}", error.what.en);
    }
}
