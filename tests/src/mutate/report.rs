//! What came of the mutants: one line a kind, and everything that must not happen.

use std::fmt::{self, Write as _};

/// What is mutated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Bytes of an entry; where its header still says so, signed anew by its author.
    EntryBytes,
    /// The payload as a tree, in the next entry of a certified author's log.
    PayloadTree,
    /// The payload as bytes, likewise.
    PayloadBytes,
    /// The header's fields, signed anew.
    Header,
    /// Bytes of a frame, into a hub.
    FrameBytes,
    /// Fields of a frame, into a hub.
    FrameFields,
    /// The inside of a batch, packed and signed anew, into a hub.
    Batch,
    /// Receipts, signed anew by the node: as stored, and as frames into a hub.
    Receipt,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::EntryBytes,
        Self::PayloadTree,
        Self::PayloadBytes,
        Self::Header,
        Self::FrameBytes,
        Self::FrameFields,
        Self::Batch,
        Self::Receipt,
    ];

    /// The word in the table.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::EntryBytes => "entry bytes",
            Self::PayloadTree => "payload tree",
            Self::PayloadBytes => "payload bytes",
            Self::Header => "header fields",
            Self::FrameBytes => "frame bytes",
            Self::FrameFields => "frame fields",
            Self::Batch => "batch content",
            Self::Receipt => "receipts",
        }
    }

    /// So many of 100 mutants.
    #[must_use]
    pub fn share(self) -> usize {
        match self {
            Self::PayloadTree => 30,
            Self::EntryBytes => 15,
            Self::Batch => 13,
            Self::Header | Self::FrameFields => 11,
            Self::FrameBytes => 9,
            Self::PayloadBytes => 7,
            Self::Receipt => 4,
        }
    }
}

/// Codes of `Refusal` go from 1 to 10; 0 counts sessions that a frame ended.
pub const OUTCOMES: usize = 11;
const OUTCOME_WORDS: [&str; OUTCOMES] =
    ["closed", "missing", "payload", "signature", "contin.", "role", "one-use", "replaces", "reg.twice", "reg.row", "read"];

/// What became of one mutant.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// Past the parser of its kind.
    pub past_first: bool,
    /// Admitted, or taken by the hub without ending the session.
    pub admitted: bool,
    /// `Refusal::code`, or 0 where a session was ended.
    pub refused: Option<u64>,
}

/// Counts of one kind.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// Mutants.
    pub mutants: u64,
    /// Past the first check.
    pub past_first: u64,
    /// Admitted or taken.
    pub admitted: u64,
    /// By code.
    pub refused: [u64; OUTCOMES],
    /// Panics.
    pub panics: u64,
    /// Inputs that took longer than a second.
    pub hangs: u64,
    /// Time of the slowest input, µs.
    pub slowest_us: u64,
    /// Most memory that one input took at once, bytes.
    pub peak_bytes: u64,
    /// Inputs that took more than the limit.
    pub too_large: u64,
}

/// Counts of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// By [`Kind::ALL`].
    pub lines: [Line; 8],
    /// Checks that derived documents can be saved and loaded, and views built.
    pub checks: u64,
    /// Admitted mutants that took part in such a check.
    pub checked: u64,
    /// Documents that could not be derived, saved or loaded, or read another way afterwards.
    pub unsaved: u64,
    /// Views that panicked.
    pub view_panics: u64,
    /// What to look at, by its class: seed, round, number, bytes in hex.
    pub findings: Vec<(String, String)>,
}

/// More of one class are counted, not printed.
const FINDINGS_MAX: usize = 4;

impl Report {
    /// Keeps what there is to look at.
    pub fn find(&mut self, class: &str, finding: String) {
        if self.findings.iter().filter(|(c, _)| c == class).count() < FINDINGS_MAX {
            self.findings.push((class.to_owned(), finding));
        }
    }

    /// Adds another run's counts.
    pub fn add(&mut self, other: Self) {
        for (a, b) in self.lines.iter_mut().zip(other.lines) {
            a.mutants += b.mutants;
            a.past_first += b.past_first;
            a.admitted += b.admitted;
            a.refused.iter_mut().zip(b.refused).for_each(|(a, b)| *a += b);
            a.panics += b.panics;
            a.hangs += b.hangs;
            a.slowest_us = a.slowest_us.max(b.slowest_us);
            a.peak_bytes = a.peak_bytes.max(b.peak_bytes);
            a.too_large += b.too_large;
        }
        self.checks += other.checks;
        self.checked += other.checked;
        self.unsaved += other.unsaved;
        self.view_panics += other.view_panics;
        other.findings.into_iter().for_each(|(class, f)| self.find(&class, f));
    }

    /// Everything that must not be.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        let sum = |of: fn(&Line) -> u64| self.lines.iter().map(of).sum::<u64>();
        let mut out = Vec::new();
        let mut must_be_none = |n: u64, what: &str| {
            if n > 0 {
                out.push(format!("{n} {what}"));
            }
        };
        must_be_none(sum(|l| l.panics) + self.view_panics, "panics");
        must_be_none(sum(|l| l.hangs), "inputs that took longer than a second");
        must_be_none(self.unsaved, "documents that cannot be saved and loaded");
        must_be_none(sum(|l| l.too_large), "inputs that took more than 1 MiB of memory");
        let (mutants, past) = (sum(|l| l.mutants), sum(|l| l.past_first));
        let entries: u64 = [0, 1, 2, 3, 6].iter().map(|i| self.lines[*i].admitted).sum();
        if past * 100 < mutants * 15 {
            out.push(format!("only {past} of {mutants} mutants got past the first check: too rough"));
        }
        for (kind, line) in Kind::ALL.iter().zip(&self.lines).filter(|(_, l)| l.past_first * 100 < l.mutants * 15) {
            out.push(format!(
                "{}: only {} of {} got past the first check: too rough",
                kind.word(),
                line.past_first,
                line.mutants
            ));
        }
        if mutants > 1000 && (self.checked == 0 || entries == 0) {
            out.push("no mutant was admitted and checked: this run shows nothing".to_owned());
        }
        out
    }

    /// Numbers alone, for the process that adds them up.
    #[must_use]
    pub fn to_lines(&self) -> String {
        let mut out = String::new();
        for l in &self.lines {
            let head = [l.mutants, l.past_first, l.admitted, l.panics, l.hangs, l.slowest_us, l.peak_bytes, l.too_large];
            let all: Vec<String> = head.iter().chain(&l.refused).map(u64::to_string).collect();
            out += &format!("line {}\n", all.join(" "));
        }
        out += &format!("checks {} {} {} {}\n", self.checks, self.checked, self.unsaved, self.view_panics);
        for (class, finding) in &self.findings {
            out += &format!("finding {class}\t{}\n", finding.replace('\n', "\u{2028}"));
        }
        out
    }

    /// Reads [`Self::to_lines`]; `None` if a line is missing: the process died.
    #[must_use]
    pub fn from_lines(text: &str) -> Option<Self> {
        let mut report = Self::default();
        let (mut lines, mut whole) = (0, false);
        for line in text.lines() {
            let (word, rest) = line.split_once(' ')?;
            let numbers = || rest.split(' ').map(|n| n.parse().ok()).collect::<Option<Vec<u64>>>();
            match word {
                "line" => {
                    let n = numbers()?;
                    let [mutants, past_first, admitted, panics, hangs, slowest_us, peak_bytes, too_large] = *n.first_chunk()?;
                    let refused = *n.get(8..)?.first_chunk()?;
                    *report.lines.get_mut(lines)? =
                        Line { mutants, past_first, admitted, refused, panics, hangs, slowest_us, peak_bytes, too_large };
                    lines += 1;
                }
                "checks" => {
                    [report.checks, report.checked, report.unsaved, report.view_panics] = *numbers()?.first_chunk()?;
                    whole = true;
                }
                _ => {
                    let (class, finding) = rest.split_once('\t')?;
                    report.findings.push((class.to_owned(), finding.replace('\u{2028}', "\n")));
                }
            }
        }
        (whole && lines == report.lines.len()).then_some(report)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut head = format!("{:<14}{:>9}{:>9}{:>6}{:>9}", "kind", "mutants", "past 1st", "%", "admitted");
        OUTCOME_WORDS.iter().for_each(|w| _ = write!(head, "{w:>10}"));
        writeln!(f, "{head}{:>8}{:>7}{:>11}{:>11}", "panics", "hangs", "slowest µs", "peak bytes")?;
        for (kind, l) in Kind::ALL.iter().zip(&self.lines) {
            let percent = l.past_first * 100 / l.mutants.max(1);
            write!(f, "{:<14}{:>9}{:>9}{:>6}{:>9}", kind.word(), l.mutants, l.past_first, percent, l.admitted)?;
            l.refused.iter().try_for_each(|n| write!(f, "{n:>10}"))?;
            writeln!(f, "{:>8}{:>7}{:>11}{:>11}", l.panics, l.hangs, l.slowest_us, l.peak_bytes)?;
        }
        writeln!(
            f,
            "{} admitted mutants in {} checks of saving, loading and views: {} documents not saved and loaded, {} views panicked",
            self.checked, self.checks, self.unsaved, self.view_panics
        )
    }
}
