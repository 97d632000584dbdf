//! Runs the simulator over many seeds, replays one, or shows that planted bugs are caught.

use std::{process::ExitCode, sync::Mutex, time::Instant};

use taizhang_tests::sim::{Bug, Counts, Outcome, run};

const HELP: &str = "\
sim [--seeds N] [--from SEED]        run N seeds (200) from SEED (0): a line for each that fails, then what happened how often
sim --seed SEED [--trace] [--planted NAME]   one seed, with every step
sim --planted NAME|all [--seeds N]   which seed catches each planted bug
sim --threads N                      2 where nothing is said";

struct Arguments {
    seeds: u64,
    from: u64,
    seed: Option<u64>,
    trace: bool,
    planted: Option<String>,
    threads: usize,
}

fn main() -> ExitCode {
    let Some(arguments) = parse() else {
        println!("{HELP}");
        return ExitCode::from(2);
    };
    // A panic is a seed's failure, told in its line.
    std::panic::set_hook(Box::new(|_| ()));
    let is_good = match (&arguments.seed, &arguments.planted) {
        (Some(seed), planted) => one(*seed, planted.as_deref().and_then(Bug::parse), arguments.trace),
        (None, Some(name)) => planted(name, &arguments),
        (None, None) => many(&arguments),
    };
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn parse() -> Option<Arguments> {
    let mut a = Arguments { seeds: 200, from: 0, seed: None, trace: false, planted: None, threads: 2 };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seeds" => a.seeds = words.next()?.parse().ok()?,
            "--from" => a.from = words.next()?.parse().ok()?,
            "--seed" => a.seed = Some(words.next()?.parse().ok()?),
            "--threads" => a.threads = words.next()?.parse().ok()?,
            "--planted" => a.planted = Some(words.next()?),
            "--trace" => a.trace = true,
            _ => return None,
        }
    }
    Some(a)
}

fn one(seed: u64, bug: Option<Bug>, trace: bool) -> bool {
    let outcome = run(seed, bug, trace);
    outcome.trace.iter().for_each(|line| println!("{line}"));
    println!("seed {seed}: hash {:016x}, {} frames in the calm", outcome.hash, outcome.calm_frames);
    for (name, _, count, _) in outcome.counts.rows().iter().filter(|r| r.2 > 0) {
        println!("  {name} {count}");
    }
    match &outcome.failure {
        Some(failure) => println!("seed {seed} FAILED: {failure}"),
        None => println!("seed {seed}: all held"),
    }
    outcome.failure.is_none()
}

/// Runs seeds on threads; `stop` ends it early.
fn over(from: u64, n: u64, threads: usize, bug: Option<Bug>, take: impl Fn(Outcome, u128) -> bool + Sync) {
    let next = Mutex::new(from..from + n);
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.lock().map_or(None, |mut n| n.next());
                    let Some(seed) = seed else { return };
                    let began = Instant::now();
                    let outcome = run(seed, bug, false);
                    if !take(outcome, began.elapsed().as_millis())
                        && let Ok(mut next) = next.lock()
                    {
                        *next = 0..0;
                    }
                }
            });
        }
    });
}

fn many(a: &Arguments) -> bool {
    let began = Instant::now();
    let sum = Mutex::new((Counts::default(), 0u64));
    let slowest = Mutex::new((0u128, 0u64));
    over(a.from, a.seeds, a.threads, None, |outcome, ms| {
        if let Ok(mut slowest) = slowest.lock() {
            *slowest = (*slowest).max((ms, outcome.seed));
        }
        if let Some(failure) = &outcome.failure {
            println!("seed {} FAILED: {failure}", outcome.seed);
        }
        if let Ok(mut sum) = sum.lock() {
            sum.0.add(&outcome.counts);
            sum.1 += u64::from(outcome.failure.is_some());
        }
        true
    });
    let seconds = began.elapsed().as_secs();
    let Ok((counts, failed)) = sum.into_inner() else { return false };
    let mut rare = 0;
    for (name, what, count, floor) in counts.rows() {
        let floor = floor * a.seeds / 200;
        let too_rare = count < floor;
        rare += u64::from(too_rare);
        println!("{count:>10}  {name}: {what}{}", if too_rare { format!("  TOO RARE, at least {floor}") } else { String::new() });
    }
    if let Ok((ms, seed)) = slowest.into_inner() {
        println!("slowest: seed {seed}, {ms} ms");
    }
    println!("{} seeds from {}, {failed} failed, {rare} kinds of events too rare, {seconds} s", a.seeds, a.from);
    failed == 0 && rare == 0
}

fn planted(name: &str, a: &Arguments) -> bool {
    let bugs = if name == "all" { Bug::all() } else { Bug::parse(name).into_iter().collect() };
    if bugs.is_empty() {
        println!("no planted bug {name}; there are:");
        Bug::all().into_iter().for_each(|b| println!("  {}", b.name()));
        return false;
    }
    let mut escaped = 0;
    for bug in bugs {
        let caught: Mutex<Option<(u64, String)>> = Mutex::new(None);
        over(a.from, a.seeds, a.threads, Some(bug), |outcome, _| {
            let Some(failure) = outcome.failure else { return true };
            if let Ok(mut caught) = caught.lock()
                && caught.as_ref().is_none_or(|(seed, _)| outcome.seed < *seed)
            {
                *caught = Some((outcome.seed, failure));
            }
            false
        });
        match caught.into_inner() {
            Ok(Some((seed, how))) => println!("{:<24} caught at seed {seed}: {how}", bug.name()),
            _ => {
                escaped += 1;
                println!("{:<24} NOT CAUGHT in {} seeds", bug.name(), a.seeds);
            }
        }
    }
    escaped == 0
}
