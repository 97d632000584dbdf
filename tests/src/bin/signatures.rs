//! Verification on first fill against the bare function: `cargo run --release -p taizhang-tests --bin signatures [-- ENTRIES [ROUNDS]]`.
//! Exit 1 if the median of the rounds is below 70 %, or if a signature was not verified together with others.

use std::{env, process::ExitCode};

use taizhang_tests::signatures::{Bench, Round};

/// Speed within a first fill, in percent of the raw speed, at least.
const PERCENT_MIN: u128 = 70;

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1).map(|a| a.parse::<u16>());
    let (entries, rounds) = (arguments.next().unwrap_or(Ok(6000)), arguments.next().unwrap_or(Ok(9)));
    let (Ok(entries), Ok(rounds @ 1..)) = (entries, rounds) else {
        eprintln!("signatures [ENTRIES [ROUNDS]]");
        return ExitCode::from(2);
    };
    let bench = Bench::new(entries);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    println!(
        "{entries} entries signed alone, {cores} cores\nround  raw ms  in the fill ms  percent  whole receive path ms  frames"
    );
    let mut all: Vec<Round> = (0..rounds).map(|_| bench.round()).collect();
    for (n, r) in all.iter().enumerate() {
        let [raw, verifying, receiving] = [r.raw, r.verifying, r.receiving].map(|d| d.as_millis());
        println!("{n:5}  {raw:6}  {verifying:14}  {:7}  {receiving:21}  {:6}", r.percent(), r.frames);
    }
    all.sort_by_key(Round::percent);
    let missed = all.iter().any(|r| r.verified < u64::from(entries));
    let median = all.get(all.len() / 2).map_or(0, Round::percent);
    println!("median {median} %, at least {PERCENT_MIN} % are wanted{}", if missed { "; NOT ALL VERIFIED TOGETHER" } else { "" });
    if median >= PERCENT_MIN && !missed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
