//! The simulator: one seed makes a city with its counties and schools, lets people work while everything goes wrong, and checks that nothing is lost and all come to agree.
//!
//! Virtual time, modelled disks that forget what was not synced, streams that break at any byte, clocks that lie, a node that turns rogue. The hubs, the journal and
//! the framing are the real ones; the same seed gives the same trace hash. `cargo run --release -p taizhang-tests --bin sim -- --help`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "tests"
)]

mod bug;
mod check;
mod counts;
mod days;
mod dice;
mod dishonest;
mod fault;
mod locks;
mod machine;
mod moved;
mod network;
mod people;
mod rogue;
mod setup;
mod shape;
mod trace;
mod world;

pub use bug::Bug;
pub use counts::Counts;
pub use days::{Day, closed_logs, flaps, sixty_late_rows};
pub use dishonest::{DELAY_MAX_MS, Misdeeds};
pub use moved::{invited_and_came_elsewhere, invited_before_the_move, moved_and_merged, moved_where_no_line_is};

use shape::Shape;
use world::{Happens, World};

/// What became of a seed.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// Hash of everything that happened.
    pub hash: u64,
    /// What went wrong that must not.
    pub failure: Option<String>,
    /// How often what happened.
    pub counts: Counts,
    /// Frames sent after the faults ended.
    pub calm_frames: u64,
    /// What the dishonest did.
    pub misdeeds: Misdeeds,
    /// The last honest entry came so long after the calm began, virtual ms; dishonest mode only.
    pub delay_ms: u64,
    /// Lines, if asked for.
    pub trace: Vec<String>,
}

/// Who lives in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Honest people, bad luck, and now and then a rogue.
    Honest,
    /// Some cheat all the time.
    Dishonest,
    /// The same people in the same world, and none of them cheats: what the cheats are compared with.
    Compared,
}

/// Name of an attachment.
pub(crate) fn attachment_id(bytes: &[u8]) -> taizhang_core::id::AttachmentId {
    use sha2::Digest;
    taizhang_core::id::AttachmentId(sha2::Sha256::digest(bytes).into())
}

/// Runs one seed, with a planted bug or none. A panic anywhere is a failure.
#[must_use]
pub fn run(seed: u64, bug: Option<Bug>, trace: bool) -> Outcome {
    run_in(Mode::Honest, seed, bug, trace)
}

/// The same in another mode.
#[must_use]
pub fn run_in(mode: Mode, seed: u64, bug: Option<Bug>, trace: bool) -> Outcome {
    let run = std::panic::AssertUnwindSafe(|| run_world(mode, seed, bug, trace));
    std::panic::catch_unwind(run).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        let failure = Some(format!("panic: {}", text.unwrap_or_default()));
        let (counts, misdeeds) = (Counts::default(), Misdeeds::default());
        Outcome { seed, hash: 0, failure, counts, calm_frames: 0, misdeeds, delay_ms: 0, trace: Vec::new() }
    })
}

fn run_world(mode: Mode, seed: u64, bug: Option<Bug>, trace: bool) -> Outcome {
    let mut w = World::new(seed, bug, trace);
    let mut shape = Shape::of(&mut w.dice);
    if mode != Mode::Honest {
        shape = shape.with_cheats(&mut w.dice);
        w.dishonest = Some(Default::default());
    }
    w.trace.line(w.now, || format!("{shape:?}"));
    w.found(&shape);
    w.faults_began = true;
    w.set_odd_clocks();
    let begin = w.now;
    let end = begin + shape.hours * 3_600_000;
    if mode != Mode::Honest {
        w.corrupt(end, mode == Mode::Dishonest);
    }
    for person in 0..w.people.len() {
        w.people[person].works_left = shape.works;
        let time = begin + w.dice.below(3_600_000);
        w.at(time, Happens::Works { person });
    }
    for _ in 0..shape.faults {
        let time = begin + w.dice.below(end - begin);
        w.at(time, Happens::Fault);
    }
    w.run_until(end, 300_000);
    w.now = w.now.max(end);
    w.calm();
    if mode != Mode::Honest {
        w.calm_among_cheats();
    }
    let rest = w.now + 6 * 3_600_000;
    w.run_until(rest, 400_000);
    if w.failure.is_none() && !w.is_quiet() {
        let left = w.left();
        w.fail(format!("does not come to rest: {left}"));
    }
    if w.failure.is_none() {
        w.check_end();
    }
    if w.failure.is_none() && mode != Mode::Honest {
        w.check_proofs();
    }
    let dishonest = w.dishonest.take().unwrap_or_default();
    Outcome {
        seed,
        hash: w.trace.hash(),
        failure: w.failure.take(),
        counts: w.counts.clone(),
        calm_frames: w.calm_frames,
        misdeeds: dishonest.counts,
        delay_ms: dishonest.delay_ms,
        trace: w.trace.into_lines(),
    }
}
