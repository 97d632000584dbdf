//! Mutants of entries, payloads, frames, batches and receipts against the parsers, admission, the hub, derived documents and views.
//!
//! A run is rounds of [`ROUND_MUTANTS`]; each starts from the same network and its own number, so one round alone can be run again:
//! the finding's seed and round, `--round`. Nothing is written and no clock decides anything; time and memory are only measured.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test tool: what it makes itself it may take apart"
)]

use std::{
    cell::{Cell, RefCell},
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

use taizhang_core::{
    admission::{Refusal, Signature},
    entry::SignedEntry,
    ledger::Ledger,
    receipt::Receipt,
};
use taizhang_sync::frame::Frame;

pub mod bytes;
pub mod derived;
pub mod dice;
pub mod entries;
pub mod frames;
pub mod network;
pub mod peer;
pub mod report;
pub mod rows;
pub mod tree;
pub mod watch;

use derived::Derived;
use dice::Dice;
use entries::{Entries, Mutant, is_past_first};
use frames::Frames;
use network::{Network, Shelf};
use peer::{HubUnderTest, Which};
use report::{Kind, Outcome, Report};
use watch::Watch;

/// Mutants of one round.
pub const ROUND_MUTANTS: u64 = 4000;
/// Memory that handling one input may take at once, bytes.
pub const PEAK_BYTES_MAX: u64 = 1024 * 1024;
/// An input that takes longer hangs, µs.
pub const HANG_US: u64 = 1_000_000;

/// Reads the process's allocator: bytes in use, and the most since the last reset.
#[derive(Clone, Copy)]
pub struct Meter {
    /// Sets the most to what is in use.
    pub reset: fn(),
    /// Bytes in use.
    pub current: fn() -> usize,
    /// The most bytes in use since the reset.
    pub peak: fn() -> usize,
}

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Mutants in all parts together.
    pub mutants: u64,
    /// The seed.
    pub seed: u64,
    /// Which part of how many: the memory of one process is one number, so parts are processes.
    pub part: (u64, u64),
    /// This round alone.
    pub round: Option<u64>,
}

/// Runs a part.
#[must_use]
pub fn run(options: &Options, meter: Meter) -> Report {
    keep_panics();
    let network = Network::found();
    let entries = Entries::new(&network);
    let frames = Frames::new(&network, &entries);
    let watch = Watch::start();
    let mut report = Report::default();
    let rounds = options.mutants.div_ceil(ROUND_MUTANTS);
    let (part, parts) = options.part;
    for number in (0..rounds).filter(|r| options.round.map_or(r % parts == part, |only| *r == only)) {
        let mutants = ROUND_MUTANTS.min(options.mutants - number * ROUND_MUTANTS);
        let label = format!("--seed {} --round {number}", options.seed);
        let mut round = Round {
            network: &network,
            entries: &entries,
            frames: &frames,
            node: Node::new(&network, &label),
            hub: HubUnderTest::new(&network),
            hub_derived: Derived::new(&network.entries, format!("{label} (hub)")),
            dice: Dice::of(options.seed, number),
            report: &mut report,
            label,
            number: 0,
            meter,
            watch: &watch,
        };
        for n in 0..mutants {
            round.number = n;
            watch.name(options.seed, number, n);
            round.mutant();
        }
        round.finish();
    }
    report
}

/// A ledger of its own, for entries that come without a hub.
struct Node {
    ledger: Ledger,
    shelf: Shelf,
    derived: Derived,
}

impl Node {
    fn new(network: &Network, label: &str) -> Self {
        let derived = Derived::new(&network.entries, label.to_owned());
        Self { ledger: network.ledger.clone(), shelf: network.shelf.clone(), derived }
    }

    /// As a node does: parse, admit, file.
    fn take(&mut self, bytes: &[u8], network: &Network) -> Result<Option<SignedEntry>, Option<Refusal>> {
        let entry = SignedEntry::parse(bytes, &network.id).map_err(|_| None)?;
        if self.ledger.place(&entry.id).is_some() {
            return Ok(None);
        }
        let admitted = self.ledger.admit(&self.shelf, entry, Signature::Check).map_err(Some)?;
        self.ledger.insert(&admitted);
        Ok(Some(admitted.into_entry()))
    }
}

struct Round<'a> {
    network: &'a Network,
    entries: &'a Entries<'a>,
    frames: &'a Frames<'a>,
    node: Node,
    hub: HubUnderTest,
    hub_derived: Derived,
    dice: Dice,
    report: &'a mut Report,
    label: String,
    number: u64,
    meter: Meter,
    watch: &'a Watch,
}

impl Round<'_> {
    fn mutant(&mut self) {
        let mut at = self.dice.below(100);
        let kind = Kind::ALL.into_iter().find(|k| at.checked_sub(k.share()).map(|rest| at = rest).is_none());
        let kind = kind.expect("shares make 100");
        let (entries, ledger, dice) = (self.entries, &self.node.ledger, &mut self.dice);
        let mutant = match kind {
            Kind::EntryBytes => Some(entries.of_bytes(ledger, dice)),
            Kind::PayloadTree => Some(entries.of_payload(ledger, dice)),
            Kind::PayloadBytes => Some(entries.of_payload_bytes(ledger, dice)),
            Kind::Header => Some(entries.of_header(ledger, dice)),
            Kind::FrameBytes | Kind::FrameFields | Kind::Batch | Kind::Receipt => None,
        };
        match mutant {
            Some(mutant) => self.entry(kind, mutant),
            None if kind == Kind::Receipt && self.dice.chance(50) => self.stored_receipt(),
            None => self.frame(kind),
        }
    }

    fn entry(&mut self, kind: Kind, mutant: Mutant) {
        let past_first = is_past_first(&mutant, self.network);
        let (node, network) = (&mut self.node, self.network);
        let measured = measured(self.meter, self.watch, || node.take(&mutant.bytes, network));
        let mut outcome = Outcome { past_first, ..Outcome::default() };
        match self.account(kind, &mutant.bytes, &measured) {
            Some(Ok(admitted)) => {
                outcome.admitted = true;
                if let Some(entry) = admitted.clone() {
                    self.node.shelf.entries.insert(entry.id, mutant.bytes.clone());
                    self.node.derived.add(entry, &self.node.ledger, self.report);
                }
            }
            Some(Err(refusal)) => outcome.refused = refusal.as_ref().map(Refusal::code),
            // What a panic left behind is of no use.
            None => self.node = Node::new(self.network, &self.label),
        }
        self.count(kind, outcome);
    }

    fn frame(&mut self, kind: Kind) {
        let which = match self.dice.below(10) {
            0 | 1 if matches!(kind, Kind::FrameBytes | Kind::FrameFields) => Which::Greeting,
            n if n % 2 == 0 => Which::Answering,
            _ => Which::Dialling,
        };
        let (bytes, past_first) = self.frame_mutant(kind, which);
        let session = self.hub.peer(which).session;
        let (hub, input) = (&mut self.hub, bytes.clone());
        let measured = measured(self.meter, self.watch, || hub.frame(which, input));
        let mut outcome = Outcome { past_first, ..Outcome::default() };
        let Some(done) = self.account(kind, &bytes, &measured) else {
            self.begin_hub();
            return self.count(kind, outcome);
        };
        let closed = done.closed.contains(&session);
        outcome.refused = done.refused.first().copied().or(closed.then_some(0));
        outcome.admitted = !closed && (kind != Kind::Batch || !done.stored.is_empty());
        let mut fresh = self.hub.shelf.settle();
        fresh.sort_by_key(|e| done.stored.iter().position(|id| *id == e.id));
        for entry in fresh {
            self.hub_derived.add(entry, self.hub.hub.ledger(), self.report);
        }
        // What was unpacked or refused here is not what the other end believes.
        let is_other = kind != Kind::Batch && bytes.first() == Some(&6);
        let again = (is_other || !done.refused.is_empty()).then_some(which);
        let hub = &mut self.hub;
        if let Err(panic) = guarded(|| hub.tidy(done, again)) {
            self.report.lines[index(kind)].panics += 1;
            self.find(kind, &bytes, "panic", &format!("panic after it: {panic}"));
            self.begin_hub();
        } else if !self.hub.is_live() {
            self.begin_hub();
        }
        self.count(kind, outcome);
    }

    fn frame_mutant(&mut self, kind: Kind, which: Which) -> (Vec<u8>, bool) {
        if kind == Kind::Batch {
            let (hub, peer) = self.hub.parts(which);
            return self.frames.of_batch(hub.ledger(), peer, &mut self.dice);
        }
        let ledger = self.hub.hub.ledger();
        let dice = &mut self.dice;
        let bytes = match kind {
            Kind::FrameBytes => self.frames.of_bytes(ledger, which, dice),
            Kind::FrameFields => self.frames.of_fields(ledger, which, dice).encode(),
            _ => {
                let node = if which == Which::Dialling { "school-node" } else { "city-node" };
                let receipt = self.frames.receipt(ledger, node, dice);
                self.frames.receipt_frame(&receipt, dice).encode()
            }
        };
        let past_first = Frame::decode(&bytes).is_ok();
        (bytes, past_first)
    }

    /// A receipt read back from a store.
    fn stored_receipt(&mut self) {
        let receipt = self.frames.receipt(self.hub.hub.ledger(), "city-node", &mut self.dice);
        let bytes = frames::receipt_bytes(&receipt, &mut self.dice);
        let (hub, network) = (&mut self.hub.hub, self.network);
        let load = || match Receipt::parse(&bytes) {
            Ok(receipt) if receipt.is_signed(&network.id) => {
                hub.load_receipt(receipt);
                Ok(true)
            }
            Ok(_) => Ok(false),
            Err(_) => Err(()),
        };
        let measured = measured(self.meter, self.watch, load);
        let mut outcome = Outcome::default();
        match self.account(Kind::Receipt, &bytes, &measured) {
            Some(Ok(signed)) => {
                outcome =
                    Outcome { past_first: true, admitted: *signed, refused: (!signed).then_some(Refusal::Signature.code()) };
            }
            Some(Err(())) => {}
            None => self.begin_hub(),
        }
        self.count(Kind::Receipt, outcome);
    }

    /// A fresh hub; what the last one stored is checked first.
    fn begin_hub(&mut self) {
        self.hub_derived.finish(self.hub.hub.ledger(), self.report);
        self.hub = HubUnderTest::new(self.network);
        self.hub_derived = Derived::new(&self.network.entries, format!("{} (hub)", self.label));
    }

    fn finish(&mut self) {
        self.node.derived.finish(&self.node.ledger, self.report);
        self.hub_derived.finish(self.hub.hub.ledger(), self.report);
    }

    fn count(&mut self, kind: Kind, outcome: Outcome) {
        let line = &mut self.report.lines[index(kind)];
        line.mutants += 1;
        line.past_first += u64::from(outcome.past_first);
        line.admitted += u64::from(outcome.admitted);
        if let Some(code) = outcome.refused {
            line.refused[code as usize] += 1;
        }
    }

    /// Time, memory and panics; what came of it, if it did not panic.
    fn account<'m, T>(&mut self, kind: Kind, bytes: &[u8], measured: &'m Measured<T>) -> Option<&'m T> {
        let line = &mut self.report.lines[index(kind)];
        line.slowest_us = line.slowest_us.max(measured.us);
        line.peak_bytes = line.peak_bytes.max(measured.peak_bytes);
        line.hangs += u64::from(measured.us > HANG_US);
        line.too_large += u64::from(measured.peak_bytes > PEAK_BYTES_MAX);
        line.panics += u64::from(measured.value.is_err());
        if measured.us > HANG_US {
            self.find(kind, bytes, "slow", &format!("took {} ms", measured.us / 1000));
        }
        if measured.peak_bytes > PEAK_BYTES_MAX {
            self.find(kind, bytes, "memory", &format!("took {} bytes of memory", measured.peak_bytes));
        }
        match &measured.value {
            Ok(value) => Some(value),
            Err(panic) => {
                self.find(kind, bytes, "panic", &format!("panic: {panic}"));
                None
            }
        }
    }

    fn find(&mut self, kind: Kind, bytes: &[u8], class: &str, what: &str) {
        let (label, n) = (&self.label, self.number);
        self.report.find(
            &format!("{class} {}", kind.word()),
            format!("{label} number {n}, {}, {} bytes: {what}\n  {}", kind.word(), bytes.len(), hex(bytes)),
        );
    }
}

fn index(kind: Kind) -> usize {
    Kind::ALL.iter().position(|k| *k == kind).expect("all kinds are in it")
}

/// What handling one input took.
struct Measured<T> {
    value: Result<T, String>,
    us: u64,
    peak_bytes: u64,
}

fn measured<T>(meter: Meter, watch: &Watch, handle: impl FnOnce() -> T) -> Measured<T> {
    watch.begin();
    (meter.reset)();
    let before = (meter.current)();
    let start = Instant::now();
    let value = guarded(handle);
    let us = start.elapsed().as_micros() as u64;
    let peak_bytes = (meter.peak)().saturating_sub(before) as u64;
    watch.end();
    Measured { value, us, peak_bytes }
}

/// Hex of at most the first 4 KiB: the seed makes the rest again.
fn hex(bytes: &[u8]) -> String {
    let shown: String = bytes.iter().take(4096).map(|b| format!("{b:02x}")).collect();
    if bytes.len() > 4096 { shown + "…" } else { shown }
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs it; a panic becomes its message and the places in our crates that led there.
pub(crate) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    GUARDED.set(true);
    PANIC.with_borrow_mut(String::clear);
    let result = catch_unwind(AssertUnwindSafe(run));
    GUARDED.set(false);
    result.map_err(|_| last_panic())
}

/// The last panic in guarded code, also where somebody further in caught it.
fn last_panic() -> String {
    PANIC.with_borrow(Clone::clone)
}

/// Panics in guarded code are kept, others told as before.
pub(crate) fn keep_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !GUARDED.get() {
            return before(info);
        }
        let trace = std::backtrace::Backtrace::force_capture().to_string();
        let ours: Vec<&str> = trace.lines().filter(|l| l.contains("taizhang")).take(30).map(str::trim).collect();
        PANIC.with_borrow_mut(|p| *p = format!("{info}\n  {}", ours.join("\n  ")));
    }));
}
