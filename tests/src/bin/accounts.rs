//! Accounts of a whole city against the independent evaluator, with the times they take.
//!
//! `cargo run --release -p taizhang-tests --bin accounts -- clean [--schools 300] [--teachers 40] [--years 5]`: from clean truth, written as rows.
//! `… -- sheets [--schools 20]`: messy sheets through the node's commands, approved in bulk.
//! `… -- rollup [--schools 50] [--years 1]`: how long it takes to state a year.
//! Exit 1 if anything is not as it must be.

use std::{env, process::ExitCode, time::Instant};

use taizhang_tests::accounts::{bench, rollup, sheets, truth::Size};

const USAGE: &str = "accounts clean|sheets|rollup [--schools N] [--teachers N] [--years N]";

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let (schools, years) = match command.as_str() {
        "sheets" => (20, 5),
        "rollup" => (50, 1),
        _ => (300, 5),
    };
    let Some(size) = size(schools, years, arguments) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let start = Instant::now();
    let tell = |what: &str| eprintln!("{:>6.1} s  {what}", start.elapsed().as_secs_f32());
    let violations = match command.as_str() {
        "clean" => {
            let report = bench::run(&size, &tell);
            println!("{report}");
            report.violations()
        }
        "sheets" => {
            let report = sheets::run(&size, &tell);
            println!("{report}");
            report.violations()
        }
        "rollup" => {
            let report = rollup::run(&size, &tell);
            println!("{report}");
            report.violations()
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    violations.iter().for_each(|v| println!("VIOLATED: {v}"));
    if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn size(schools: u32, years: u32, mut arguments: impl Iterator<Item = String>) -> Option<Size> {
    let mut size = Size { schools, teachers: 40, years };
    while let Some(name) = arguments.next() {
        let value = arguments.next()?.parse().ok().filter(|n| *n > 0)?;
        match name.as_str() {
            "--schools" => size.schools = value,
            "--teachers" => size.teachers = value,
            "--years" => size.years = value,
            _ => return None,
        }
    }
    Some(size)
}
