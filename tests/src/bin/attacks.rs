//! The table of attacks with what came of each: `cargo run --release -p taizhang-tests --bin attacks [--json | --page]`.
//!
//! Exit 1 if an attack ended otherwise than the table says, or did not get through without its check. `--page` prints the tables of docs/threat-model.md.

use std::{env, process::ExitCode, time::Duration};

use peak_alloc::PeakAlloc;
use serde_json::json;
use taizhang_tests::{
    attacks::{Attack, Bench, THIEF, Theme, Verdict, flood, page, table},
    mutate::Meter,
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

fn main() -> ExitCode {
    let wanted = env::args().nth(1);
    if wanted.as_deref() == Some(THIEF) {
        flood(&env::args().nth(2).unwrap_or_default(), &env::args().nth(3).unwrap_or_default());
        return ExitCode::SUCCESS;
    }
    let attacks = table();
    if wanted.as_deref() == Some("--page") {
        Theme::ALL.iter().for_each(|t| println!("{}", page::section(*t, &attacks)));
        return ExitCode::SUCCESS;
    }
    // What panics without its check is told in its line.
    std::panic::set_hook(Box::new(|_| ()));
    let meter = Meter { reset: || MEMORY.reset_peak_usage(), current: || MEMORY.current_usage(), peak: || MEMORY.peak_usage() };
    let thief = env::current_exe().unwrap_or_default();
    let bench = Bench { meter, connections: 10_000, thief };
    let tried: Vec<(&Attack, Verdict)> = attacks.iter().map(|a| (a, a.try_it(&bench))).collect();
    if wanted.as_deref() == Some("--json") {
        println!("{}", json!({ "schema": "taizhang.attacks/1", "attacks": tried.iter().map(line).collect::<Vec<_>>() }));
    } else {
        print(&tried);
    }
    let complaints: Vec<String> = tried.iter().filter_map(|(a, v)| a.complaint(v)).collect();
    complaints.iter().for_each(|c| eprintln!("不符 differs: {c}"));
    if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn line((attack, verdict): &(&Attack, Verdict)) -> serde_json::Value {
    json!({
        "name": attack.name, "theme": attack.theme.title().1, "zh": attack.zh, "en": attack.en,
        "ends": said(&verdict.with), "check": attack.check.to_string(), "without": verdict.without.as_ref().map(said),
        "peak_bytes": verdict.peak, "took_ms": u64::try_from(verdict.took.as_millis()).unwrap_or(u64::MAX),
    })
}

fn said(ended: &Result<taizhang_tests::attacks::Outcome, String>) -> String {
    ended.as_ref().map_or_else(|panic| format!("PANICKED: {panic}"), ToString::to_string)
}

fn print(tried: &[(&Attack, Verdict)]) {
    for theme in Theme::ALL {
        let (zh, en) = theme.title();
        println!("\n{zh} · {en}");
        for (attack, verdict) in tried.iter().filter(|(a, _)| a.theme == *theme) {
            let without = verdict.without.as_ref().map_or("nothing to take away".to_owned(), said);
            println!("  {:<36} {:<52} without {:<28} {without}", attack.name, said(&verdict.with), attack.check.to_string());
            println!("    {} · {} ({}, {})", attack.zh, attack.en, megabytes(verdict.peak), seconds(verdict.took));
        }
    }
    let with_none = tried.iter().filter(|(_, v)| v.without.is_none()).count();
    let most = tried.iter().max_by_key(|(_, v)| v.peak);
    println!("\n{} 种攻击 attacks, {} 种逐一去掉检查 with their check taken away", tried.len(), tried.len() - with_none);
    if let Some((attack, verdict)) = most {
        println!("内存峰值 peak: {} ({})", megabytes(verdict.peak), attack.name);
    }
}

fn megabytes(bytes: usize) -> String {
    format!("{}.{} MB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20)
}

fn seconds(took: Duration) -> String {
    format!("{} ms", took.as_millis())
}
