//! Searches the model of admission, standing and locks as deep as asked, on one core, and says how much there was.

use std::{process::ExitCode, time::Instant};

use taizhang_tests::model::{KEYS, LOCKS, REAL, search};

const HELP: &str =
    "model [--acts N]   every order of at most N acts (3) of each menu; each act more takes some ten times as long";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let acts = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => Some(3),
        ["--acts", n] => n.parse().ok(),
        _ => None,
    };
    let Some(acts) = acts else {
        println!("{HELP}");
        return ExitCode::from(2);
    };
    let mut agree = true;
    for (name, menu) in [("keys", KEYS), ("locks", LOCKS)] {
        let began = Instant::now();
        let found = search(menu, acts, REAL);
        println!(
            "{name}: {} acts to choose from, at most {acts} done: {} states, {} sets, {} orders, {} sets with late rows, {} s",
            menu.len(),
            found.states,
            found.sets,
            found.orders,
            found.sets_with_late,
            began.elapsed().as_secs()
        );
        if let Some(how) = found.disagreement {
            println!("  {how}");
            agree = false;
        }
    }
    if agree { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
