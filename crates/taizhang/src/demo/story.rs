//! Who takes part, how long it may take, and how it is told.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use taizhang_node::{
    command::{Command, Reply},
    error::{CommandError, ErrorKind, Text},
};

use super::{
    machine::{Machine, failed},
    sample::{CITY, COUNTIES, SCHOOLS},
};
use crate::output::Output;

/// A wait longer than this means that something is wrong.
const WAIT: Duration = Duration::from_secs(20);
/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(25);
/// A running node syncs within this, or something is wrong.
pub(super) const SYNC_MS: u64 = 20_000;

/// Everybody and everything of the demo.
pub(super) struct Story {
    pub(super) base: PathBuf,
    pub(super) city: Machine,
    /// The admin's PC of each county: on while people are invited, then off.
    pub(super) offices: Vec<Machine>,
    /// The reviewer's PC of each county: always on.
    pub(super) counties: Vec<Machine>,
    /// The machines of each school.
    pub(super) schools: Vec<Vec<Machine>>,
    output: Output,
    began: Instant,
    step: usize,
}

impl Story {
    pub(super) fn begin(keep: Option<PathBuf>, output: Output) -> Result<Self, CommandError> {
        let base = match keep {
            Some(folder) => crate::args::absolute(&folder)?,
            None => std::env::temp_dir().join(format!("taizhang-demo-{}", std::process::id())),
        };
        let is_empty = std::fs::read_dir(&base).map_or(true, |mut d| d.next().is_none());
        if !is_empty {
            let at = base.display();
            return Err(CommandError::new(ErrorKind::Usage, format!("{at} 不是空目录"), format!("{at} is not empty"))
                .hint("请换一个目录", "choose another folder"));
        }
        std::fs::create_dir_all(&base).map_err(failed)?;
        let city = Machine::new(&base, Text::new(CITY.name, "the city"), "city");
        let county = |what_zh: &str, what_en: &str, folder: &str| -> Vec<Machine> {
            let machine = |(n, c): (usize, &super::sample::County)| {
                let name = Text::new(format!("{}{what_zh}", c.name), format!("county {n}{what_en}"));
                Machine::new(&base, name, &format!("county-{n}{folder}"))
            };
            (1..).zip(&COUNTIES).map(machine).collect()
        };
        let (offices, counties) = (county("管理员电脑", "'s admin PC", "-admin"), county("", "", ""));
        let school = |(n, s): (usize, &super::sample::School)| {
            let letter = |m: usize| if s.machines > 1 { ["甲", "乙"].get(m).copied().unwrap_or("丙") } else { "" };
            let machine = |m: usize| {
                let name = Text::new(format!("{}{}", s.name, letter(m)), format!("school {n}, PC {}", m + 1));
                Machine::new(&base, name, &format!("school-{n}-pc-{}", m + 1))
            };
            (0..s.machines).map(machine).collect()
        };
        let schools = (1..).zip(&SCHOOLS).map(school).collect();
        let story = Self { base, city, offices, counties, schools, output, began: Instant::now(), step: 0 };
        let at = story.base.display();
        story.say(
            &format!("演示: 一个市、两个县、四所学校 (一所有两台电脑), 每台电脑是一个独立进程。数据在 {at}"),
            &format!("Demo: a city, two counties, four schools (one with two PCs); every PC is a process of its own. The data lies in {at}"),
        );
        Ok(story)
    }

    /// A sentence of the narration; for scripts an event.
    pub(super) fn say(&self, zh: &str, en: &str) {
        self.tell("demo", zh, en);
    }

    /// A new chapter.
    pub(super) fn chapter(&mut self, zh: &str, en: &str) {
        self.step += 1;
        let (n, seconds) = (self.step, self.began.elapsed().as_secs());
        self.tell("demo_step", &format!("\n【{n}】{zh} (第 {seconds} 秒)"), &format!("\n[{n}] {en} (second {seconds})"));
    }

    fn tell(&self, event: &str, zh: &str, en: &str) {
        if self.output.json {
            self.output.event(json!({ "event": event, "zh": zh.trim(), "en": en.trim() }), zh, en);
        } else if !self.output.quiet {
            self.output.plain(&format!("{}\n", self.output.lang.pick(zh, en)));
        }
    }

    /// Looks until there is an answer; each look asks a node, nothing is assumed to have happened because time went by.
    pub(super) fn until<T>(
        &self,
        zh: &str,
        en: &str,
        mut look: impl FnMut() -> Result<Option<T>, CommandError>,
    ) -> Result<T, CommandError> {
        let until = Instant::now() + WAIT;
        loop {
            if let Some(found) = look()? {
                return Ok(found);
            }
            if Instant::now() >= until {
                let seconds = WAIT.as_secs();
                return Err(differs(format!("{seconds} 秒内没有等到: {zh}"), format!("not within {seconds} seconds: {en}")));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Every machine that runs a node, the city last.
    pub(super) fn running(&mut self) -> impl Iterator<Item = &mut Machine> {
        self.schools.iter_mut().flatten().chain(&mut self.counties).chain([&mut self.city])
    }

    /// Stops everybody and says where the data lies.
    pub(super) fn end(&mut self, is_kept: bool) -> Result<(), CommandError> {
        for machine in self.running() {
            machine.stop()?;
        }
        let seconds = self.began.elapsed().as_secs();
        let at = self.base.display().to_string();
        if is_kept {
            self.say(
                &format!("\n演示完成, 用时 {seconds} 秒。数据保留在 {at}; 口令是 demo demo。"),
                &format!("\nThe demo is over after {seconds} seconds. The data stays in {at}; the passphrase is demo demo."),
            );
            return Ok(());
        }
        std::fs::remove_dir_all(&self.base).map_err(failed)?;
        self.say(
            &format!("\n演示完成, 用时 {seconds} 秒。{at} 已删除; 加 --keep 目录 可保留数据。"),
            &format!("\nThe demo is over after {seconds} seconds. {at} was removed; --keep DIR keeps the data."),
        );
        Ok(())
    }
}

/// What the demo claims did not happen.
pub(super) fn differs(zh: impl Into<String>, en: impl Into<String>) -> CommandError {
    let (zh, en): (String, String) = (zh.into(), en.into());
    CommandError::new(ErrorKind::Internal, format!("演示与预期不符: {zh}"), format!("the demo differs from what it claims: {en}"))
}

/// Checks a claim before it is told.
pub(super) fn check(holds: bool, zh: &str, en: &str) -> Result<(), CommandError> {
    if holds { Ok(()) } else { Err(differs(zh, en)) }
}

/// A number of a reply, by JSON pointer.
pub(super) fn number(reply: &Reply, pointer: &str) -> Result<u64, CommandError> {
    let found = value(reply, pointer).and_then(|v| v.as_u64());
    found.ok_or_else(|| {
        differs(format!("{} 中没有数字 {pointer}", reply.schema), format!("no number {pointer} in {}", reply.schema))
    })
}

/// A text of a reply, by JSON pointer.
pub(super) fn text(reply: &Reply, pointer: &str) -> Result<String, CommandError> {
    let found = value(reply, pointer).and_then(|v| v.as_str().map(str::to_owned));
    found.ok_or_else(|| {
        differs(format!("{} 中没有文字 {pointer}", reply.schema), format!("no text {pointer} in {}", reply.schema))
    })
}

/// A list of a reply.
pub(super) fn list(reply: &Reply, name: &str) -> Vec<Value> {
    reply.data.get(name).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn value(reply: &Reply, pointer: &str) -> Option<Value> {
    Value::Object(reply.data.clone()).pointer(pointer).cloned()
}

/// What a sync moved.
#[derive(Clone, Copy, Default)]
pub(super) struct Moved {
    pub(super) entries: u64,
    pub(super) bytes: u64,
}

/// Syncs a machine with its neighbours, now.
pub(super) fn sync(machine: &Machine) -> Result<Moved, CommandError> {
    let reply = machine.ask(Command::Sync { address: None, timeout_ms: SYNC_MS })?;
    let bytes = number(&reply, "/udp_bytes_out")? + number(&reply, "/udp_bytes_in")?;
    Ok(Moved { entries: number(&reply, "/sent_entries")? + number(&reply, "/received_entries")?, bytes })
}
