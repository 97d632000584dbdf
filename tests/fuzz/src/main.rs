//! One program for all fuzz targets: `FUZZ_TARGET` names the one to run; libFuzzer does the rest.
#![no_main]

use std::{env, process, sync::OnceLock};

use libfuzzer_sys::fuzz_target;
use peak_alloc::PeakAlloc;
use taizhang_tests::{
    fuzz::{self, Target},
    mutate::Meter,
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

static TARGET: OnceLock<&'static Target> = OnceLock::new();

fn target() -> &'static Target {
    TARGET.get_or_init(|| {
        let found = env::var("FUZZ_TARGET").ok().and_then(|name| fuzz::target(&name));
        found.unwrap_or_else(|| {
            let names: Vec<&str> = fuzz::TARGETS.iter().map(|t| t.name).collect();
            eprintln!("FUZZ_TARGET must be one of: {}", names.join(" "));
            process::exit(2)
        })
    })
}

// The hook that libFuzzer's crate sets ends the process at any panic; ours keeps it, for some are caught where they belong.
fuzz_target!(init: { target(); fuzz::prepare(); }, |bytes: &[u8]| {
    let meter = Meter { reset: || MEMORY.reset_peak_usage(), current: || MEMORY.current_usage(), peak: || MEMORY.peak_usage() };
    if let Err(what) = target().check(bytes, meter) {
        eprintln!("{}: {what}", target().name);
        process::abort();
    }
});
