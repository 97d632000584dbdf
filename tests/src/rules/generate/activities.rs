//! Activities and their registrations.

use serde_json::{Value, json};
use taizhang_core::units::Day;

use super::{Dice, Facts, Frame, day, near};

const KINDS: &[&str] =
    &["concentrated", "nonconcentrated", "school_based", "online", "degree", "enterprise", "self_study", "external"];
const LEVELS: &[&str] = &["ministry", "province", "city", "county", "township", "school", "university"];
const REGISTRARS: &[&str] =
    &["school", "organiser", "county_training_institution", "city_training_centre", "province_training_centre"];
const SEATS: &[&str] = &["school", "township", "county", "city", "province"];
const TAGS: &[&str] = &["preservice", "new_teacher_training", "head_teacher_training", "ethics"];
const DEGREES: &[&str] = &["secondary", "associate", "bachelor", "master", "doctor"];
/// Hours of a class: multiples of a lesson, a day, a credit, and a little beside them.
const HOURS: &[u32] = &[100, 500, 799, 800, 801, 1_000, 1_600, 2_000, 2_001, 4_000, 4_000, 5_000, 8_000, 10_000, 12_000];

/// What was made.
#[derive(Default)]
pub(super) struct Activities {
    pub(super) activities: Vec<Value>,
    pub(super) registrations: Vec<Value>,
    /// First days, for bans that begin near them.
    pub(super) starts: Vec<Day>,
}

/// What is asked of the next activity.
#[derive(Clone, Copy)]
struct Wish<'a> {
    kind: &'a str,
    tag: &'a str,
    year: u32,
    planned_h100: u32,
    programme: &'a str,
    /// Within the first 12 months of service.
    probation: bool,
}

impl Activities {
    pub(super) fn make(dice: &mut Dice, frame: &Frame) -> Self {
        let mut made = Self::default();
        if dice.chance(45) {
            made.fill(dice, frame);
        }
        if dice.chance(35) {
            made.fill_probation(dice, frame);
        }
        if dice.chance(if frame.main().programmes.is_empty() { 4 } else { 70 }) {
            made.programme(dice, frame);
        }
        let more = dice.number(&[0, 1, 2, 3, 5, 8]).max(u32::from(made.activities.is_empty()));
        for _ in 0..more {
            made.any(dice, frame);
        }
        dice.shuffle(&mut made.activities);
        dice.shuffle(&mut made.registrations);
        made
    }

    /// An activity with which nothing is wrong, and its registration.
    pub(super) fn one_right(dice: &mut Dice, frame: &Frame) -> (Value, Value) {
        let facts = frame.facts[dice.below(frame.facts.len() as u32) as usize];
        let year = frame.first_year() + dice.below(frame.years);
        let start = frame.day_of(dice, year);
        let planned_h100 = dice.number(HOURS);
        let end = Day(start.0 + planned_h100.div_ceil(800) - 1);
        let tags = if dice.chance(50) { vec![dice.pick(TAGS)] } else { Vec::new() };
        // The id sorts before all others or behind them.
        let id = dice.pick(&["0", "z"]);
        let activity = json!({
            "id": id, "kind": dice.pick(facts.kinds), "org_level": dice.pick(&["county", "city", "school"]), "start": start.to_string(),
            "end": end.to_string(), "planned_h100": planned_h100, "registered": true, "recognised": true, "tags": tags,
        });
        let registration = json!({
            "id": format!("r{id}"), "activity": id, "by": "organiser", "at": end.to_string(), "attended_h100": planned_h100, "degree_level": "doctor",
            "assessment": "pass", "audit": "approved", "substitute_allowed": true, "online_complete": true, "days": dice.below(10),
        });
        (activity, registration)
    }

    /// As much as a requirement asks for, spread over the cycle, with one part a hundredth or an hour beside it.
    fn fill(&mut self, dice: &mut Dice, frame: &Frame) {
        for facts in &frame.facts {
            for (kinds, tag, total) in facts.fills {
                if dice.chance(25) {
                    continue;
                }
                let off = dice.below(frame.years * 2);
                for n in 0..frame.years {
                    let exact = total / frame.years;
                    let planned_h100 =
                        if n == off { exact - dice.number(&[0, 1, 50, 100]) } else { exact + dice.number(&[0, 0, 0, 1, 400]) };
                    let kind = dice.pick(kinds);
                    self.add(
                        dice,
                        frame,
                        Wish { kind, tag, year: frame.first_year() + n, planned_h100, programme: "", probation: false },
                    );
                }
            }
        }
    }

    /// As much as probation asks for, in two parts, exactly or a little beside.
    fn fill_probation(&mut self, dice: &mut Dice, frame: &Frame) {
        let year = frame.year(dice);
        for (kinds, tag, total) in frame.main().probation {
            for part in [total / 2, total / 2 + dice.number(&[0, 0, 100]) - dice.number(&[0, 0, 1, 50])] {
                let kind = dice.pick(kinds);
                self.add(dice, frame, Wish { kind, tag, year, planned_h100: part, programme: "", probation: true });
            }
        }
    }

    /// The parts of a programme, exactly as it asks or a little beside.
    fn programme(&mut self, dice: &mut Dice, frame: &Frame) {
        let other: &Facts = super::POLICIES.iter().find(|f| !f.programmes.is_empty()).expect("Henan has programmes");
        let (name, total, online, practice) = other.programmes[dice.below(other.programmes.len() as u32) as usize];
        let year = frame.year(dice);
        let mut beside = |part: u32| match dice.below(6) {
            _ if part == 0 => 0,
            0 => part * 8 / 10,
            1 => part * 8 / 10 - 1,
            2 => part * 12 / 10,
            3 => part * 12 / 10 + 1,
            _ => part,
        };
        let (online, practice) = (beside(online), beside(practice));
        let total = total + dice.number(&[0, 0, 1, 2_000]) - dice.number(&[0, 0, 1, 100]);
        let face = total.saturating_sub(online + practice);
        let main = if dice.chance(5) { "degree" } else { "concentrated" };
        for (kind, planned_h100) in [(main, face), ("online", online), ("enterprise", practice)] {
            if planned_h100 > 0 {
                self.add(dice, frame, Wish { kind, tag: "", year, planned_h100, programme: name, probation: false });
            }
        }
    }

    fn any(&mut self, dice: &mut Dice, frame: &Frame) {
        let facts = frame.facts[dice.below(frame.facts.len() as u32) as usize];
        let kind = if dice.chance(6) { dice.pick(KINDS) } else { dice.pick(facts.kinds) };
        let tag = if dice.chance(25) { dice.pick(TAGS) } else { "" };
        let planned_h100 = if dice.chance(2) { 0 } else { dice.number(HOURS) };
        let year = frame.year(dice);
        self.add(dice, frame, Wish { kind, tag, year, planned_h100, programme: "", probation: false });
    }

    fn add(&mut self, dice: &mut Dice, frame: &Frame, wish: Wish<'_>) {
        // Some ids sort against the order in which they were made.
        let id = format!("{}{:02}", dice.pick(&["A", "B", "a"]), self.activities.len());
        let (start, end) = days(dice, frame, &wish);
        self.starts.push(start);
        let level = level(dice, frame, wish.kind);
        let mut activity = json!({
            "id": id, "kind": wish.kind, "org_level": level,
            "start": start.to_string(), "end": end.to_string(), "planned_h100": wish.planned_h100,
        });
        if !dice.chance(frame.trouble) || dice.chance(30) {
            activity["plan"] = plan(dice, frame, start);
        }
        if dice.chance(20) {
            activity["announced_by"] = json!(seat(dice, frame));
        }
        if !wish.programme.is_empty() {
            activity["programme"] = json!(wish.programme);
        }
        describe(dice, frame, &wish, &mut activity);
        self.activities.push(activity);
        self.register(dice, frame, &id, &wish, end);
    }

    /// Nothing, one registration, or several: rivals, copies, corrections of corrections, before and after locks.
    fn register(&mut self, dice: &mut Dice, frame: &Frame, activity: &str, wish: &Wish<'_>, end: Day) {
        if dice.chance(2) {
            return;
        }
        let mut at = Day(end.0 + dice.below(20));
        let mut earlier: Vec<String> = Vec::new();
        loop {
            let id = format!("{}{activity}-{}", dice.pick(&["r", "s"]), earlier.len());
            let mut registration = registration(dice, frame, wish, activity, at);
            registration["id"] = json!(id);
            if !earlier.is_empty() && dice.chance(70) {
                let which = dice.below(earlier.len() as u32) as usize;
                registration["supersedes"] = json!(if dice.chance(80) { &earlier[earlier.len() - 1] } else { &earlier[which] });
            }
            if !self.registrations.is_empty() && dice.chance(1) {
                // Hours written down for the wrong activity.
                let other = dice.below(self.registrations.len() as u32) as usize;
                registration["supersedes"] = self.registrations[other]["id"].clone();
            }
            self.registrations.push(registration);
            earlier.push(id);
            if !dice.chance(4 + frame.trouble) || earlier.len() == 5 {
                return;
            }
            at = match dice.below(4) {
                0 => at,
                1 => Day(at.0 + dice.below(60)),
                _ => near(dice, day(end.ymd().0 + 1, 2, 1)).max(at),
            };
        }
    }
}

fn days(dice: &mut Dice, frame: &Frame, wish: &Wish<'_>) -> (Day, Day) {
    let anchor = frame.day_of(dice, wish.year);
    let hours_days = wish.planned_h100.div_ceil(800).clamp(1, 60);
    if wish.probation {
        return probation_days(dice, frame, hours_days - 1);
    }
    let long = match dice.below(20) {
        0 => 0,
        1 => hours_days.saturating_sub(2),
        2 => dice.below(300),
        _ => hours_days - 1,
    };
    // The end counts: let it stay in the year mostly, and let it cross New Year at times.
    let last = day(wish.year, 12, 31);
    let end = Day(anchor.0 + long);
    if end > last && !dice.chance(20) { (Day(last.0 - long), last) } else { (anchor, end) }
}

/// Days within probation, or at its ends.
fn probation_days(dice: &mut Dice, frame: &Frame, long: u32) -> (Day, Day) {
    let (y, m, d) = frame.hired.ymd();
    let anniversary = day(y + 1, m, d);
    match dice.below(8) {
        0 => (frame.hired, Day(frame.hired.0 + long)),
        1 => (near(dice, frame.hired), Day(frame.hired.0 + long + 1)),
        2 => (Day(anniversary.0 - long - 1), near(dice, anniversary)),
        _ => (Day(frame.hired.0 + 60), Day(frame.hired.0 + 60 + long)),
    }
}

fn level<'a>(dice: &mut Dice, frame: &Frame, kind: &str) -> &'a str {
    let usual: &[&'static str] = match kind {
        _ if !frame.main().programmes.is_empty() => &["province", "ministry", "province", "county"],
        "degree" => &["university"],
        "school_based" | "self_study" => &["school"],
        "online" | "concentrated" | "enterprise" => &["county", "county", "city", "province", "ministry"],
        _ => &["county", "city", "school"],
    };
    if dice.chance(5 + frame.trouble / 2) { dice.pick(LEVELS) } else { dice.pick(usual) }
}

/// High enough mostly.
fn seat(dice: &mut Dice, frame: &Frame) -> &'static str {
    if dice.chance(10 + frame.trouble) { dice.pick(SEATS) } else { dice.pick(&["city", "province", "province"]) }
}

fn plan(dice: &mut Dice, frame: &Frame, start: Day) -> Value {
    let mut plan = decided(dice, frame, start);
    if dice.chance(20) {
        plan["decided_by"] = json!(seat(dice, frame));
    }
    plan
}

fn decided(dice: &mut Dice, frame: &Frame, start: Day) -> Value {
    if !dice.chance(frame.trouble) {
        let (y, m, d) = start.ymd();
        let month_before = if m == 1 { day(y - 1, 12, d) } else { day(y, m - 1, d) };
        let submitted = near(dice, month_before).to_string();
        return json!({"state": "approved", "submitted": submitted, "decided": Day(start.0 - dice.below(40)).to_string()});
    }
    let decided = near(dice, start);
    match dice.below(8) {
        0 => json!({"state": "submitted", "submitted": decided.to_string()}),
        1 => json!({"state": "refused", "decided": decided.to_string()}),
        2 => json!({"state": "returned", "decided": decided.to_string()}),
        3 => json!({"state": "none"}),
        4 => json!({"state": "approved", "decided": Day(start.0 + 1).to_string(), "retroactive": true}),
        5 => json!({"state": "approved", "decided": Day(start.0 + 1).to_string(), "retroactive": false}),
        _ => json!({"state": "approved", "decided": decided.to_string()}),
    }
}

fn describe(dice: &mut Dice, frame: &Frame, wish: &Wish<'_>, activity: &mut Value) {
    if dice.chance(3 + frame.trouble / 2) {
        activity["outside_city"] = json!(dice.chance(80));
        if dice.chance(50) {
            activity["recognised"] = json!(dice.chance(80));
        }
    }
    if wish.kind == "online" && !dice.chance(frame.trouble) || dice.chance(3) {
        activity["registered"] = json!(!dice.chance(frame.trouble / 2));
    }
    if dice.chance(if matches!(wish.kind, "school_based" | "online" | "self_study") { 40 } else { 5 }) {
        activity["content_id"] = json!(dice.pick(&["w1", "w2", "w3"]));
    }
    let mut tags: Vec<&str> = Vec::new();
    if !wish.tag.is_empty() {
        tags.push(wish.tag);
    }
    if dice.chance(5) {
        tags.push(dice.pick(TAGS));
    }
    if !tags.is_empty() || dice.chance(3) {
        activity["tags"] = json!(tags);
    }
}

fn registration(dice: &mut Dice, frame: &Frame, wish: &Wish<'_>, activity: &str, at: Day) -> Value {
    let by = if dice.chance(75) { dice.pick(&["school", "organiser"]) } else { dice.pick(REGISTRARS) };
    let mut registration =
        json!({"activity": activity, "by": by, "at": at.to_string(), "attended_h100": attended(dice, frame, wish.planned_h100)});
    let assessed = if dice.chance(frame.trouble) { dice.pick(&["fail", "none", "retake"]) } else { "pass" };
    if assessed != "pass" || dice.chance(90) {
        registration["assessment"] = json!(assessed);
    }
    let audit = if dice.chance(frame.trouble) { dice.pick(&["pending", "pending", "rejected", "returned"]) } else { "approved" };
    if audit != "approved" || dice.chance(90) {
        registration["audit"] = json!(audit);
    }
    if dice.chance(20) {
        registration["audited_by"] = json!(seat(dice, frame));
    }
    if dice.chance(15 + frame.trouble) {
        registration["leave_halfdays"] = json!(dice.between(0, 6).min(dice.number(&[4, 5, 6])));
    }
    if dice.chance(15 + frame.trouble) {
        registration["online_complete"] = json!(!dice.chance(frame.trouble));
    }
    if wish.kind == "degree" && !dice.chance(frame.trouble / 3) {
        registration["degree_level"] = json!(dice.pick(DEGREES));
    }
    if matches!(wish.kind, "online" | "self_study") && dice.chance(70) {
        registration["substitute_allowed"] = json!(!dice.chance(20));
    }
    if wish.kind == "enterprise" || dice.chance(3) {
        registration["days"] = json!(dice.number(&[0, 4, 5, 5, 6, 20, 21, 22, 26, 42, 43, 44, 65, 129, 130]));
    }
    registration
}

/// All of it mostly; else at the fifth, a hundredth beside it, more than planned, or nothing.
fn attended(dice: &mut Dice, frame: &Frame, planned: u32) -> u32 {
    if !dice.chance(2 * frame.trouble) {
        return planned;
    }
    let fifth = planned - planned / 5;
    match dice.below(8) {
        0 => fifth,
        1 => fifth + 1,
        2 => fifth.saturating_sub(1),
        3 => planned + dice.number(&[1, 100, 4_000]),
        4 => 0,
        5 => planned / 2,
        _ => planned.saturating_sub(dice.number(&[1, 50, 100])),
    }
}
