//! Runs the simulator over many seeds, replays one, or shows that planted bugs are caught.

use std::{process::ExitCode, sync::Mutex, time::Instant};

use taizhang_tests::sim::{Bug, Counts, DELAY_MAX_MS, Misdeeds, Mode, Outcome, run_in};

const HELP: &str = "\
sim [--seeds N] [--from SEED]        run N seeds (200) from SEED (0): a line for each that fails, then what happened how often
sim --seed SEED [--trace] [--planted NAME]   one seed, with every step
sim --planted NAME|all [--seeds N]   which seed catches each planted bug
sim --dishonest …                    the same with schools, a relay and an official who cheat; their delay beside that of the same worlds without
sim --threads N                      2 where nothing is said";

/// So many of the worlds with cheats are run again without, to compare with.
const COMPARED: u64 = 200;

struct Arguments {
    seeds: u64,
    from: u64,
    seed: Option<u64>,
    trace: bool,
    planted: Option<String>,
    threads: usize,
    mode: Mode,
}

fn main() -> ExitCode {
    let Some(arguments) = parse() else {
        println!("{HELP}");
        return ExitCode::from(2);
    };
    // A panic is a seed's failure, told in its line.
    std::panic::set_hook(Box::new(|_| ()));
    let is_good = match (&arguments.seed, &arguments.planted) {
        (Some(seed), planted) => one(&arguments, *seed, planted.as_deref().and_then(Bug::parse)),
        (None, Some(name)) => planted(name, &arguments),
        (None, None) => many(&arguments),
    };
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn parse() -> Option<Arguments> {
    let mut a = Arguments { seeds: 200, from: 0, seed: None, trace: false, planted: None, threads: 2, mode: Mode::Honest };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seeds" => a.seeds = words.next()?.parse().ok()?,
            "--from" => a.from = words.next()?.parse().ok()?,
            "--seed" => a.seed = Some(words.next()?.parse().ok()?),
            "--threads" => a.threads = words.next()?.parse().ok()?,
            "--planted" => a.planted = Some(words.next()?),
            "--trace" => a.trace = true,
            "--dishonest" => a.mode = Mode::Dishonest,
            _ => return None,
        }
    }
    Some(a)
}

fn one(a: &Arguments, seed: u64, bug: Option<Bug>) -> bool {
    let outcome = run_in(a.mode, seed, bug, a.trace);
    outcome.trace.iter().for_each(|line| println!("{line}"));
    println!("seed {seed}: hash {:016x}, {} frames in the calm", outcome.hash, outcome.calm_frames);
    for (name, _, count, _) in outcome.counts.rows().iter().filter(|r| r.2 > 0) {
        println!("  {name} {count}");
    }
    for (name, _, count, _) in outcome.misdeeds.rows().iter().filter(|r| r.2 > 0) {
        println!("  {name} {count}");
    }
    match &outcome.failure {
        Some(failure) => println!("seed {seed} FAILED: {failure}"),
        None => println!("seed {seed}: all held"),
    }
    outcome.failure.is_none()
}

/// Runs seeds on threads; `stop` ends it early.
fn over(a: &Arguments, seeds: u64, mode: Mode, bug: Option<Bug>, take: impl Fn(Outcome, u128) -> bool + Sync) {
    let next = Mutex::new(a.from..a.from + seeds);
    std::thread::scope(|scope| {
        for _ in 0..a.threads.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.lock().map_or(None, |mut n| n.next());
                    let Some(seed) = seed else { return };
                    let began = Instant::now();
                    let outcome = run_in(mode, seed, bug, false);
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
    let (misdeeds, delays) = (Mutex::new(Misdeeds::default()), Mutex::new(Vec::new()));
    over(a, a.seeds, a.mode, None, |outcome, ms| {
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
        if let (Ok(mut misdeeds), Ok(mut delays)) = (misdeeds.lock(), delays.lock()) {
            misdeeds.add(&outcome.misdeeds);
            delays.push(outcome.delay_ms);
        }
        true
    });
    let seconds = began.elapsed().as_secs();
    let Ok((counts, failed)) = sum.into_inner() else { return false };
    // The floors are for what a mode is about.
    let rare = match (a.mode, misdeeds.into_inner()) {
        (Mode::Dishonest, Ok(misdeeds)) => rare(&misdeeds.rows(), a.seeds),
        _ => rare(&counts.rows(), a.seeds),
    };
    let mut too_slow = false;
    if let (Mode::Dishonest, Ok(mut delays)) = (a.mode, delays.into_inner()) {
        too_slow = compare(a, &mut delays);
    }
    if let Ok((ms, seed)) = slowest.into_inner() {
        println!("slowest: seed {seed}, {ms} ms");
    }
    println!("{} seeds from {}, {failed} failed, {rare} kinds of events too rare, {seconds} s", a.seeds, a.from);
    failed == 0 && rare == 0 && !too_slow
}

/// Prints how often what happened; returns how many kinds came up too rarely.
fn rare(rows: &[(&'static str, &'static str, u64, u64)], seeds: u64) -> u64 {
    let mut rare = 0;
    for (name, what, count, floor) in rows {
        let floor = floor * seeds / 200;
        let too_rare = *count < floor;
        rare += u64::from(too_rare);
        println!("{count:>10}  {name}: {what}{}", if too_rare { format!("  TOO RARE, at least {floor}") } else { String::new() });
    }
    rare
}

/// The last honest entry's arrival at the offices that must have it, after the calm began, with cheats and in the same worlds without. Is it later than it may be?
fn compare(a: &Arguments, with: &mut [u64]) -> bool {
    let without = Mutex::new(Vec::new());
    over(a, a.seeds.min(COMPARED), Mode::Compared, None, |outcome, _| {
        if let Ok(mut without) = without.lock() {
            without.push(outcome.delay_ms);
        }
        true
    });
    let Ok(mut without) = without.into_inner() else { return true };
    println!("last honest entry at its county and its city after the calm began, virtual seconds:");
    for (who, delays) in [("with cheats", with), ("without", without.as_mut_slice())] {
        delays.sort_unstable();
        let at = |bp: usize| delays.get((delays.len().saturating_sub(1)) * bp / 10_000).copied().unwrap_or(0) / 1000;
        println!("{:>12}: median {}, 99 of 100 {}, longest {}", who, at(5_000), at(9_900), at(10_000));
        if at(10_000) * 1000 > DELAY_MAX_MS {
            return true;
        }
    }
    println!("       bound: {}", DELAY_MAX_MS / 1000);
    false
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
        over(a, a.seeds, a.mode, Some(bug), |outcome, _| {
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
