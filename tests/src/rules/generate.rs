//! Random cases: every policy and regimes of several, small integers and days near the borders, so that boundaries are hit often.
//!
//! A case is the JSON that `rules eval` reads (docs/rules.md). Its seed and number alone decide it.

mod activities;
mod facts;

use serde_json::{Map, Value, json};
use taizhang_core::units::Day;

use super::dice::Dice;
use activities::Activities;
use facts::{Facts, POLICIES};

/// Which share of activities has something wrong with it, percent: a case is clean, ordinary, or messy.
const TROUBLE: [u32; 4] = [0, 4, 10, 25];

/// What the parts of a case know of each other.
struct Frame {
    /// The policies that may be in force, first the one that the dates are made for.
    facts: Vec<&'static Facts>,
    /// First day of the cycle that the dates are made for.
    start: Day,
    /// Its years.
    years: u32,
    /// Start of service.
    hired: Day,
    /// Percent of things that are wrong.
    trouble: u32,
}

impl Frame {
    fn main(&self) -> &'static Facts {
        self.facts[0]
    }

    fn first_year(&self) -> u32 {
        self.start.ymd().0
    }

    fn end(&self) -> Day {
        Day(day(self.first_year() + self.years, 1, 1).0 - 1)
    }

    /// A year of the cycle, seldom the one before or after.
    fn year(&self, dice: &mut Dice) -> u32 {
        let inside = self.first_year() + dice.below(self.years);
        if dice.chance(self.trouble / 2) { dice.number(&[self.first_year() - 1, self.first_year() + self.years]) } else { inside }
    }

    /// A day of that year, often one at which something begins or ends.
    fn day_of(&self, dice: &mut Dice, year: u32) -> Day {
        match dice.below(8) {
            0 => day(year, 1, 1),
            1 => Day(day(year + 1, 1, 1).0 - 1),
            2 => day(year, 2, 28 + dice.below(2)),
            3 => near(dice, day(year, self.hired.ymd().1, self.hired.ymd().2)),
            4 => day(year, dice.between(1, 12), 31),
            _ => Day(day(year, 1, 1).0 + dice.below(365)),
        }
    }
}

/// The case of this seed and number.
#[must_use]
pub fn case(seed: u64, number: u64) -> Value {
    let mut dice = Dice::of(seed, number);
    let dice = &mut dice;
    let mut case = Map::new();
    case.insert("id".into(), json!(format!("{seed}-{number}")));
    let frame = if dice.chance(25) { regime(dice, &mut case) } else { one_policy(dice, &mut case) };
    case.insert("as_of".into(), json!(as_of(dice, &frame).to_string()));
    case.insert("teacher".into(), teacher(dice, &frame));
    let made = Activities::make(dice, &frame);
    case.insert("activities".into(), json!(made.activities));
    case.insert("registrations".into(), json!(made.registrations));
    decisions(dice, &frame, &made, &mut case);
    Value::Object(case)
}

/// One more activity for that case, approved in everything, in no programme and with no content id.
#[must_use]
pub fn one_more(seed: u64, number: u64) -> (Value, Value) {
    let mut ignored = Map::new();
    let mut dice = Dice::of(seed, number);
    dice.below(2);
    let dice = &mut dice;
    let frame = if dice.chance(25) { regime(dice, &mut ignored) } else { one_policy(dice, &mut ignored) };
    Activities::one_right(dice, &frame)
}

fn frame(dice: &mut Dice, facts: Vec<&'static Facts>) -> Frame {
    let main = facts[0];
    let start = day(main.start_year, 1, 1);
    let inside = main.start_year + dice.below(main.years);
    let hired = match dice.below(8) {
        0 => day(inside, 1, 1),
        1 => day(inside, 2, 28 + dice.below(2)),
        2 => day(inside, dice.between(1, 12), dice.number(&[1, 15, 31])),
        3 => near(dice, day(main.start_year - 1, 9, 1)),
        4 => near(dice, start),
        _ => day(1996, 9, 1),
    };
    Frame { facts, start, years: main.years, hired, trouble: dice.number(&TROUBLE) }
}

fn one_policy(dice: &mut Dice, case: &mut Map<String, Value>) -> Frame {
    let facts = &POLICIES[dice.below(POLICIES.len() as u32) as usize];
    case.insert("policy".into(), json!(facts.id));
    frame(dice, vec![facts])
}

/// One to three adoptions: at the cycle's border, in mid cycle, or on the same day, some with an overlay.
fn regime(dice: &mut Dice, case: &mut Map<String, Value>) -> Frame {
    let n = dice.number(&[1, 2, 2, 2, 3]);
    let mut facts: Vec<&'static Facts> = Vec::new();
    for _ in 0..n {
        facts.push(&POLICIES[dice.below(POLICIES.len() as u32) as usize]);
    }
    let mut frame = frame(dice, facts);
    // A later cycle of the policy, where it has no end: there the overlay is in force, and cycles repeat.
    let later = dice.below(4) * frame.years;
    frame.start = day(frame.first_year() + later, 1, 1);
    if dice.chance(50) {
        frame.hired = Day(frame.hired.0 + (day(frame.first_year(), 1, 1).0 - day(frame.main().start_year, 1, 1).0));
    }
    let mut adoptions = Vec::new();
    for (place, facts) in frame.facts.iter().enumerate() {
        let from = match (place, dice.below(6)) {
            (0, 0..=3) => day(facts.start_year, 1, 1),
            (_, 0) => frame.start,
            (_, 1) => near(dice, Day(frame.end().0 + 1)),
            _ => {
                let year = frame.year(dice);
                frame.day_of(dice, year)
            }
        };
        let mut adoption = json!({"policy": facts.id, "from": from.to_string()});
        if dice.chance(40) {
            adoption["overlays"] = json!(["county-school-based-2023"]);
        }
        adoptions.push(adoption);
    }
    dice.shuffle(&mut adoptions);
    case.insert("adoptions".into(), json!(adoptions));
    frame
}

fn as_of(dice: &mut Dice, frame: &Frame) -> Day {
    let year = frame.year(dice);
    match dice.below(8) {
        0..=2 => frame.end(),
        3 => Day(frame.end().0 - 1),
        4 => Day(frame.end().0 + dice.between(1, 800)),
        5 => Day(day(year + 1, 1, 1).0 - dice.between(1, 2)),
        6 => near(dice, day(frame.hired.ymd().0 + 1, frame.hired.ymd().1, frame.hired.ymd().2)),
        _ => frame.day_of(dice, year),
    }
}

fn teacher(dice: &mut Dice, frame: &Frame) -> Value {
    let mut teacher = json!({"id": "T1", "stage": dice.pick(frame.main().stages), "hired": frame.hired.to_string()});
    if dice.chance(60) {
        teacher["first_job"] = if dice.chance(10) { Value::Null } else { json!(dice.chance(90)) };
    }
    if dice.chance(8) {
        let year = frame.year(dice);
        teacher["left"] = json!(frame.day_of(dice, year).max(frame.hired).to_string());
    }
    if dice.chance(30) {
        teacher["has_qualified_degree"] = json!(dice.chance(50));
    }
    if dice.chance(60) {
        let roles: Vec<Value> = (0..dice.between(1, 3)).map(|_| role(dice, frame)).collect();
        teacher["roles"] = json!(roles);
    }
    teacher
}

/// A role from some day on, or over 182, 183 or 184 days (D-08), or over a few years.
fn role(dice: &mut Dice, frame: &Frame) -> Value {
    let name = dice.pick(&["head_teacher", "trainer", "voc_professional", "voc_professional", "backbone"]);
    let year = frame.year(dice);
    let from = match dice.below(4) {
        0 => day(year, 1, 1),
        1 => Day(day(year + 1, 1, 1).0 - dice.between(182, 184)),
        2 => frame.day_of(dice, year),
        _ => frame.start,
    };
    let to = match dice.below(5) {
        0 => Some(Day(from.0 + dice.between(181, 183))),
        1 => Some(Day(from.0 + dice.below(900))),
        2 => Some(Day(day(year + 1, 1, 1).0.max(from.0 + 1) - 1)),
        _ => None,
    };
    let mut role = json!({"role": name, "from": from.to_string()});
    if let Some(to) = to {
        role["to"] = json!(to.to_string());
    }
    role
}

/// Locks, waivers and bans.
fn decisions(dice: &mut Dice, frame: &Frame, made: &Activities, case: &mut Map<String, Value>) {
    let mut locks = Vec::new();
    for year in frame.first_year() - 1..=frame.first_year() + frame.years {
        if dice.chance(25) {
            locks.push(json!({"year": year, "at": near(dice, day(year + 1, 2, 1)).to_string()}));
        }
        if dice.chance(3) {
            locks.push(json!({"year": year, "at": near(dice, day(year + 1, 6, 1)).to_string()}));
        }
    }
    let mut waivers = Vec::new();
    while dice.chance(15) {
        waivers.push(json!({"year": frame.year(dice), "months": dice.number(&[1, 2, 5, 6, 11, 12])}));
    }
    let mut bans = Vec::new();
    while !made.starts.is_empty() && dice.chance(25) {
        let start = made.starts[dice.below(made.starts.len() as u32) as usize];
        let (y, m, d) = start.ymd();
        let decided = if dice.chance(50) { near(dice, start) } else { near(dice, day(y - 5, m, d)) };
        let trigger = dice.pick(&["no_show", "no_show", "serious_breach", "rudeness"]);
        bans.push(json!({"decided": decided.to_string(), "trigger": trigger}));
    }
    for (name, mut list) in [("locks", locks), ("waivers", waivers), ("bans", bans)] {
        dice.shuffle(&mut list);
        if !list.is_empty() {
            case.insert(name.into(), json!(list));
        }
    }
}

/// This day, or the one before or after it.
fn near(dice: &mut Dice, day: Day) -> Day {
    Day(day.0 + dice.below(3) - 1)
}

/// The day of a date, or the last of its month.
fn day(year: u32, month: u32, d: u32) -> Day {
    (0..4).find_map(|less| Day::from_ymd(year, month, d - less)).expect("a month has 28 days")
}
