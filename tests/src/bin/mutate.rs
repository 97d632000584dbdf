//! A million mutants: `cargo run --release -p taizhang-tests --bin mutate -- --mutants 1000000 [--seed N] [--round N]`.
//!
//! Two processes, for the memory of one process is one number (zstd's own, in C, is not in it). Exit 1 if anything happened that must not.

use std::{
    env,
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

use peak_alloc::PeakAlloc;
use taizhang_tests::mutate::{Meter, Options, report::Report, run};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const PARTS: u64 = 2;
const USAGE: &str = "mutate [--mutants N] [--seed N] [--round N]";

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    if options.part.1 > 1 && options.round.is_none() {
        print!("{}", part(&options).to_lines());
        return ExitCode::SUCCESS;
    }
    let start = Instant::now();
    let (report, mut violations) = if options.round.is_some() { (part(&options), Vec::new()) } else { both(&options) };
    violations.extend(report.violations());
    println!("{report}seed {}, {} mutants, {:.0} s", options.seed, options.mutants, start.elapsed().as_secs_f64());
    report.findings.iter().for_each(|(class, f)| println!("{class}: {f}"));
    violations.iter().for_each(|v| println!("VIOLATED: {v}"));
    if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn part(options: &Options) -> Report {
    let meter = Meter { reset: || MEMORY.reset_peak_usage(), current: || MEMORY.current_usage(), peak: || MEMORY.peak_usage() };
    run(options, meter)
}

/// Both parts at once, in processes of their own.
fn both(options: &Options) -> (Report, Vec<String>) {
    let program = env::current_exe().expect("a program knows where it lies");
    let (mutants, seed) = (options.mutants.to_string(), options.seed.to_string());
    let children: Vec<_> = (0..PARTS)
        .map(|n| {
            let part = format!("{n}/{PARTS}");
            let arguments = ["--mutants", &mutants, "--seed", &seed, "--part", &part];
            Command::new(&program).args(arguments).stdout(Stdio::piped()).spawn().expect("a second process can be started")
        })
        .collect();
    let (mut report, mut violations) = (Report::default(), Vec::new());
    // The first part's output waits in the pipe for the second's end at most as long as that runs.
    for (n, child) in children.into_iter().enumerate() {
        let output = child.wait_with_output().expect("a process started ends");
        match Report::from_lines(&String::from_utf8_lossy(&output.stdout)) {
            Some(part) if output.status.success() => report.add(part),
            _ => violations.push(format!("part {n} ended with {}", output.status)),
        }
    }
    (report, violations)
}

fn options() -> Option<Options> {
    let mut options = Options { mutants: 1_000_000, seed: 1, part: (0, 1), round: None };
    let mut arguments = env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next()?;
        match name.as_str() {
            "--mutants" => options.mutants = value.parse().ok()?,
            "--seed" => options.seed = value.parse().ok()?,
            "--round" => options.round = Some(value.parse().ok()?),
            "--part" => {
                let (part, of) = value.split_once('/')?;
                options.part = (part.parse().ok()?, of.parse().ok()?);
            }
            _ => return None,
        }
    }
    Some(options)
}
