//! Fuzz targets: plain functions over bytes that panic where something is not as it must be.
//!
//! `tests/fuzz` runs them under libFuzzer, guided by coverage; `tests/tests/fuzz.rs` over the corpora kept there and over every find of the past
//! (docs/decisions/0019-fuzzing.md).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test tool: what it makes itself it may take apart"
)]

use std::sync::OnceLock;

use crate::mutate::{Meter, entries::Entries, frames::Frames, guarded, keep_panics, network::Network};

pub mod batch;
pub mod bundle;
pub mod entry;
pub mod hub;
pub mod seeds;
pub mod sheet;
pub mod text;

/// One thing that comes from outside.
pub struct Target {
    /// Its name: that of its corpus's folder.
    pub name: &'static str,
    /// Takes in the bytes; a panic is a find.
    pub run: fn(&[u8]),
    /// Bytes of an input, at most: what it reads for larger ones is bounded by limits that unit tests reach.
    pub input_bytes_max: usize,
    /// Memory that one input may take at once, bytes.
    pub peak_bytes_max: usize,
}

const KIB: usize = 1024;
const MIB: usize = 1024 * 1024;

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "entry", run: entry::entry, input_bytes_max: 4 * KIB, peak_bytes_max: 8 * MIB },
    Target { name: "payload", run: entry::payload, input_bytes_max: 4 * KIB, peak_bytes_max: 8 * MIB },
    Target { name: "frame", run: batch::frame, input_bytes_max: 4 * KIB, peak_bytes_max: MIB },
    Target { name: "batch", run: batch::batch, input_bytes_max: 4 * KIB, peak_bytes_max: MIB },
    Target { name: "hub", run: hub::hub, input_bytes_max: 2 * KIB, peak_bytes_max: 64 * MIB },
    Target { name: "bundle", run: bundle::bundle, input_bytes_max: 2 * KIB, peak_bytes_max: 64 * MIB },
    Target { name: "policy", run: text::policy, input_bytes_max: 8 * KIB, peak_bytes_max: 8 * MIB },
    Target { name: "invite", run: text::invite, input_bytes_max: 2 * KIB, peak_bytes_max: MIB },
    Target { name: "certificate", run: text::certificate, input_bytes_max: KIB, peak_bytes_max: MIB },
    Target { name: "keyring", run: text::keyring, input_bytes_max: 4 * KIB, peak_bytes_max: MIB },
    Target { name: "control", run: text::control, input_bytes_max: 4 * KIB, peak_bytes_max: MIB },
    Target { name: "csv", run: sheet::csv, input_bytes_max: 4 * KIB, peak_bytes_max: 16 * MIB },
    Target { name: "xlsx", run: sheet::xlsx, input_bytes_max: 8 * KIB, peak_bytes_max: 192 * MIB },
];

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|t| t.name == name)
}

/// What targets share, and how panics are kept; before anything is measured.
pub fn prepare() {
    keep_panics();
    made();
}

impl Target {
    /// Runs it over an input.
    ///
    /// # Errors
    /// What is wrong: the panic, or how much memory it took.
    pub fn check(&self, bytes: &[u8], meter: Meter) -> Result<(), String> {
        (meter.reset)();
        let before = (meter.current)();
        guarded(|| (self.run)(bytes))?;
        let peak = (meter.peak)().saturating_sub(before);
        if peak > self.peak_bytes_max { Err(format!("took {peak} bytes of memory")) } else { Ok(()) }
    }
}

/// The network that entries and frames are about, and makers of mutants.
struct Made {
    network: &'static Network,
    frames: Frames<'static>,
    entries: &'static Entries<'static>,
}

/// Made once.
fn made() -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| {
        let network: &Network = Box::leak(Box::new(Network::found()));
        let entries: &Entries<'_> = Box::leak(Box::new(Entries::new(network)));
        Made { network, frames: Frames::new(network, entries), entries }
    })
}
