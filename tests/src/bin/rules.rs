//! Proofs for the rules.
//!
//! `cargo run --release -p taizhang-tests --bin rules -- differential --cases 100000 [--from N] [--seed N]`: random cases, the engine against
//! the independent evaluator. `… -- mutants`: every number of every policy shifted, every rule left out: a kept case must notice.
//! `… -- properties [--cases N] [--seed N]`: what must hold of any case.
//! `… -- case [--from N] [--seed N]`: prints one case. Exit 1 if anything is not as it must be.

use std::{env, process::ExitCode, time::Instant};

use taizhang_tests::rules::{
    differential::{self, Options},
    generate, mutants, properties,
};

const USAGE: &str = "rules differential|mutants|properties|case [--cases N] [--from N] [--seed N]";

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let Some(options) = options(arguments) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let start = Instant::now();
    let violations = match command.as_str() {
        "differential" => {
            let report = differential::run(&options);
            print!("{report}");
            report.shown.iter().for_each(|case| println!("DIFFERS: {case}"));
            println!("seed {}, {} cases from {}, {} differ", options.seed, options.cases, options.from, report.differing);
            report.violations()
        }
        "mutants" => {
            let report = mutants::run();
            print!("{report}");
            report.violations()
        }
        "properties" => {
            let (broken, tried) = properties::run(options.seed, options.cases);
            tried.iter().for_each(|(property, times)| println!("{times:>9}  {property}"));
            broken
        }
        "case" => {
            println!("{}", generate::case(options.seed, options.from));
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    violations.iter().for_each(|v| println!("VIOLATED: {v}"));
    println!("{:.1} s", start.elapsed().as_secs_f64());
    if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn options(mut arguments: impl Iterator<Item = String>) -> Option<Options> {
    let mut options = Options { cases: 100_000, from: 0, seed: 1 };
    while let Some(name) = arguments.next() {
        let value = arguments.next()?.parse().ok()?;
        match name.as_str() {
            "--cases" => options.cases = value,
            "--from" => options.from = value,
            "--seed" => options.seed = value,
            _ => return None,
        }
    }
    Some(options)
}
