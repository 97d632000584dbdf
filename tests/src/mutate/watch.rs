//! A second thread that names an input which does not come back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{self, RecvTimeoutError, Sender},
    },
    time::{Duration, Instant},
};

/// How often it looks.
const LOOK: Duration = Duration::from_millis(250);
/// An input that takes this long will not end: the process does.
const LOST_MS: u64 = 60_000;

/// What is under way.
#[derive(Default)]
struct State {
    seed: AtomicU64,
    round: AtomicU64,
    number: AtomicU64,
    /// Milliseconds since the start, plus one; 0: nothing is under way.
    since_ms: AtomicU64,
}

/// Watches the inputs of one part; ends with it.
pub struct Watch {
    state: Arc<State>,
    start: Instant,
    _alive: Sender<()>,
}

impl Watch {
    /// Begins to watch.
    #[must_use]
    pub fn start() -> Self {
        let (alive, ended) = mpsc::channel::<()>();
        let (state, start) = (Arc::new(State::default()), Instant::now());
        let watched = Arc::clone(&state);
        std::thread::spawn(move || {
            let mut named = 0;
            while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                let since = watched.since_ms.load(Relaxed);
                let took = (start.elapsed().as_millis() as u64 + 1).saturating_sub(since);
                if since == 0 || took < super::HANG_US / 1000 {
                    continue;
                }
                if named != since {
                    let (seed, round) = (watched.seed.load(Relaxed), watched.round.load(Relaxed));
                    eprintln!("slow: --seed {seed} --round {round} number {}", watched.number.load(Relaxed));
                    named = since;
                }
                if took > LOST_MS {
                    eprintln!("an input did not end within {LOST_MS} ms");
                    std::process::exit(3);
                }
            }
        });
        Self { state, start, _alive: alive }
    }

    /// Which mutant comes next.
    pub fn name(&self, seed: u64, round: u64, number: u64) {
        self.state.seed.store(seed, Relaxed);
        self.state.round.store(round, Relaxed);
        self.state.number.store(number, Relaxed);
    }

    /// An input is under way.
    pub fn begin(&self) {
        self.state.since_ms.store(self.start.elapsed().as_millis() as u64 + 1, Relaxed);
    }

    /// It came back.
    pub fn end(&self) {
        self.state.since_ms.store(0, Relaxed);
    }
}
