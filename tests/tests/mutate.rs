//! A short run of the mutants in the ordinary tests; the long one is `--bin mutate`.

use peak_alloc::PeakAlloc;
use taizhang_tests::mutate::{Meter, Options, report::Report, run};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// One test in this file: memory is measured over the whole process.
#[test]
fn twenty_thousand_mutants() {
    let meter = Meter { reset: || MEMORY.reset_peak_usage(), current: || MEMORY.current_usage(), peak: || MEMORY.peak_usage() };
    let report = run(&Options { mutants: 20_000, seed: 20_261_122, part: (0, 1), round: None }, meter);
    let text = format!("{report}{}", report.findings.iter().map(|(class, f)| format!("{class}: {f}\n")).collect::<String>());
    assert_eq!(report.violations(), Vec::<String>::new(), "{text}");
    assert_eq!(report.lines.iter().map(|l| l.mutants).sum::<u64>(), 20_000, "{text}");
    let again = Report::from_lines(&report.to_lines()).map(|r| r.to_lines());
    assert_eq!(again, Some(report.to_lines()), "parts are added up as they were counted");
}
