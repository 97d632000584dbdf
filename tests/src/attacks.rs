//! The table of attacks: what each attacker does, what stops it or what it leaves visible, and the check without which it gets through.
//!
//! Every attack is run twice: with all checks it must end as the table says; with its one check taken away (`taizhang_core::planted`, a switch of
//! the thread) the same attack must report that it got through, else the table would show nothing. docs/threat-model.md holds the same table; a test compares them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test tool: what it makes itself it may take apart"
)]

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use taizhang_core::planted::{Check, take_away};

use crate::mutate::Meter;

mod carried;
mod control;
mod counting;
#[path = "../../crates/taizhang-rules/tests/gather/kit.rs"]
#[allow(dead_code, reason = "the county of the rules' own tests; not all of it is needed here")]
mod county;
mod entries;
mod exhausting;
mod grants;
mod greedy;
#[path = "../../crates/taizhang-core/tests/it/kit.rs"]
#[allow(dead_code, reason = "the small world of core's own tests; not all of it is needed here")]
mod kit;
mod matters;
mod names;
pub mod page;
mod reading;
mod replication;
mod scene;
mod standing;
mod strangers;
mod tables;
mod transport;
mod tree;
mod wire;

/// What is attacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Theme {
    /// Bytes, signatures, logs.
    Entries,
    /// Roles, offices, registries, invites.
    Grants,
    /// Keys ended, burnt, accepted; forks.
    Standing,
    /// What counts: decisions, rivals, policies, rollups, certificates.
    Counting,
    /// Relays and liars in a session.
    Replication,
    /// Who may see what.
    Reading,
    /// Sizes, counts, time.
    Limits,
    /// Moves, and who holds the root.
    Tree,
    /// Keys under which names are sealed.
    Names,
    /// Connections.
    Transport,
    /// Files on a stick.
    Bundles,
    /// Commands to the own machine.
    Control,
    /// Tables and files.
    Sheets,
}

impl Theme {
    /// Every theme, in the order of the table.
    pub const ALL: &'static [Theme] = &[
        Self::Entries,
        Self::Grants,
        Self::Standing,
        Self::Tree,
        Self::Counting,
        Self::Replication,
        Self::Reading,
        Self::Names,
        Self::Limits,
        Self::Transport,
        Self::Bundles,
        Self::Control,
        Self::Sheets,
    ];

    /// Its name in Chinese and English.
    #[must_use]
    pub fn title(self) -> (&'static str, &'static str) {
        match self {
            Self::Entries => ("条目与签名", "Entries and signatures"),
            Self::Grants => ("授权与邀请", "Grants and invites"),
            Self::Standing => ("密钥终止、吊销与分叉", "Keys ended, burnt, accepted; forks"),
            Self::Counting => ("审核、政策、汇总与证书", "Decisions, policies, rollups, certificates"),
            Self::Replication => ("同步中的欺骗", "Lies in replication"),
            Self::Reading => ("越权读取", "Reading what one may not see"),
            Self::Limits => ("耗尽资源", "Exhausting a node"),
            Self::Tree => ("机构变动与根密钥", "Organisations that move, keys of the root"),
            Self::Names => ("姓名的密钥", "Keys under which names are sealed"),
            Self::Transport => ("连接", "Connections"),
            Self::Bundles => ("数据包", "Bundles"),
            Self::Control => ("本机命令", "Commands to the own machine"),
            Self::Sheets => ("表格与文件", "Tables and files"),
        }
    }

    /// A line of this theme.
    const fn attack(
        self,
        name: &'static str,
        zh: &'static str,
        en: &'static str,
        ends: Outcome,
        check: Removal,
        run: fn(&Bench) -> Outcome,
    ) -> Attack {
        Attack { name, theme: self, zh, en, ends, check, run }
    }
}

/// How an attack ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The attacker has what he wanted.
    GotThrough,
    /// The bytes are not of the one form and were never taken for an entry.
    Malformed,
    /// Admission refused it: `Refusal::code`.
    Refused(u64),
    /// The session or connection was ended with these words.
    Ended(&'static str),
    /// It is kept and shown under this word, and counts as nothing.
    Finding(&'static str),
    /// Everything is as it would be without it.
    NoEffect,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GotThrough => f.write_str("GOT THROUGH"),
            Self::Malformed => f.write_str("malformed"),
            Self::Refused(code) => write!(f, "refused, {code}"),
            Self::Ended(why) => write!(f, "ended: {why}"),
            Self::Finding(word) => write!(f, "shown: {word}"),
            Self::NoEffect => f.write_str("no effect"),
        }
    }
}

/// How the check is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// By its switch.
    Off(Check),
    /// By a bug of the simulator in replication.
    Bug(taizhang_sync::planted::Planted),
    /// There is no check of ours to take away: why.
    Nothing(&'static str),
}

impl fmt::Display for Removal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off(Check::Bug(bug)) => write!(f, "{bug:?}"),
            Self::Off(check) => write!(f, "{check:?}"),
            Self::Bug(bug) => write!(f, "{bug:?}"),
            Self::Nothing(why) => write!(f, "none: {why}"),
        }
    }
}

/// A line of the table.
#[derive(Clone, Copy)]
pub struct Attack {
    /// Its name, once in the table.
    pub name: &'static str,
    /// What is attacked.
    pub theme: Theme,
    /// What the attacker does.
    pub zh: &'static str,
    /// The same.
    pub en: &'static str,
    /// How it ends.
    pub ends: Outcome,
    /// Without which check it gets through.
    pub check: Removal,
    /// Does it.
    run: fn(&Bench) -> Outcome,
}

/// What attacks that are measured need.
pub struct Bench {
    /// Reads the process's allocator.
    pub meter: Meter,
    /// Connections that the flood opens.
    pub connections: usize,
    /// The program that floods ([`THIEF`]): memory is measured over a process.
    pub thief: std::path::PathBuf,
}

/// What came of one attack.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// With all checks.
    pub with: Result<Outcome, String>,
    /// Without its check; none where that was tried by hand.
    pub without: Option<Result<Outcome, String>>,
    /// The most memory it took at once, bytes.
    pub peak: usize,
    /// How long it took.
    pub took: Duration,
}

pub use strangers::{Strangers, strangers};
pub use transport::{THIEF, flood};

/// Memory that a node may take at once under any attack, bytes: what attachments may wait in ([`taizhang_sync::limits`]), and little besides.
pub const PEAK_MAX: usize = 320 << 20;

/// Every attack, by theme.
#[must_use]
pub fn table() -> Vec<Attack> {
    [
        entries::TABLE,
        grants::TABLE,
        standing::TABLE,
        tree::TABLE,
        counting::TABLE,
        matters::TABLE,
        replication::TABLE,
        reading::TABLE,
        names::TABLE,
        exhausting::TABLE,
        greedy::TABLE,
        transport::TABLE,
        carried::TABLE,
        control::TABLE,
        tables::TABLE,
    ]
    .concat()
}

impl Attack {
    /// Runs it with all checks and without its own.
    #[must_use]
    pub fn try_it(&self, bench: &Bench) -> Verdict {
        (bench.meter.reset)();
        let (before, start) = ((bench.meter.current)(), Instant::now());
        let with = self.once(bench);
        let peak = (bench.meter.peak)().saturating_sub(before);
        let took = start.elapsed();
        let without = match self.check {
            Removal::Off(check) => {
                let away = take_away(check);
                let ended = self.once(bench);
                drop(away);
                Some(ended)
            }
            Removal::Bug(bug) => {
                taizhang_sync::planted::plant(Some(bug));
                let ended = self.once(bench);
                taizhang_sync::planted::plant(None);
                Some(ended)
            }
            Removal::Nothing(_) => None,
        };
        Verdict { with, without, peak, took }
    }

    fn once(&self, bench: &Bench) -> Result<Outcome, String> {
        catch_unwind(AssertUnwindSafe(|| (self.run)(bench))).map_err(|e| {
            let text = e.downcast_ref::<String>().cloned().or_else(|| e.downcast_ref::<&str>().map(|s| (*s).to_owned()));
            text.unwrap_or_else(|| "panicked".to_owned())
        })
    }

    /// What is wrong with a verdict; none if it is as the table says.
    #[must_use]
    pub fn complaint(&self, verdict: &Verdict) -> Option<String> {
        let Self { name, ends, check, .. } = self;
        match &verdict.with {
            Ok(found) if found == ends => {}
            Ok(found) => return Some(format!("{name}: {found}, the table says: {ends}")),
            Err(panic) => return Some(format!("{name}: panicked: {panic}")),
        }
        if verdict.peak > PEAK_MAX {
            return Some(format!("{name}: took {} bytes at once, at most {PEAK_MAX} are borne", verdict.peak));
        }
        match &verdict.without {
            None | Some(Ok(Outcome::GotThrough)) => None,
            Some(Ok(found)) => Some(format!("{name}: without {check} it ends as: {found}; so its check is another")),
            Some(Err(panic)) => Some(format!("{name}: without {check} it panicked: {panic}")),
        }
    }
}
