//! Random cases full of contradictions and absurd numbers: never a panic, never an hour lost without a reason, never a word about the order.

use std::sync::Arc;

use taizhang_core::units::Day;
use taizhang_rules::{
    account::Account,
    case::{
        Activity, Assessment, Audit, Ban, Case, DegreeLevel, Kind, Level, Lock, Plan, Registrar, Registration, Role, Seat, Stage,
        Teacher, Waiver,
    },
    engine::Compiled,
    eval::built_in,
    explain::explain,
    policy::{
        library::library,
        regime::{Adopted, Regime},
    },
};

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn one<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 0
    }

    fn number(&mut self) -> u32 {
        match self.below(8) {
            0 => u32::MAX,
            1 => 0,
            2 => self.next() as u32,
            _ => (self.below(100) * 100) as u32,
        }
    }

    /// Mostly a day of 2007 to 2018; now and then the first, the last, or none of any calendar.
    fn day(&mut self) -> Day {
        match self.below(40) {
            0 => Day(0),
            1 => Day(u32::MAX),
            2 => Day::from_ymd(9999, 12, 31).unwrap(),
            _ => Day((13_600 + self.below(4_000)) as u32),
        }
    }

    fn id(&mut self, letter: &str) -> String {
        format!("{letter}{}", self.below(12))
    }

    fn seat(&mut self) -> Option<Seat> {
        if self.below(4) == 0 { Some(self.one(Seat::ALL)) } else { None }
    }

    fn activity(&mut self) -> Activity {
        let start = self.day();
        let end = if self.below(9) == 0 { self.day() } else { Day(start.0.saturating_add(self.below(9) as u32)) };
        Activity {
            id: self.id("A"),
            title: String::new(),
            kind: if self.below(12) == 0 { None } else { Some(self.one(Kind::ALL)) },
            level: self.one(Level::ALL),
            start,
            end,
            planned_h100: self.number(),
            plan: match self.below(6) {
                0 => Plan::NotApproved,
                1 => Plan::Undecided,
                2 => Plan::Approved { decided: self.day(), retroactive: self.yes(), by: self.seat() },
                _ => Plan::Approved { decided: start, retroactive: false, by: None },
            },
            submitted: if self.yes() { Some(self.day()) } else { None },
            announced_by: self.seat(),
            outside_city: self.below(5) == 0,
            recognised: self.yes(),
            registered: self.below(4) > 0,
            programme: if self.below(5) == 0 {
                Some(self.one(&["prov_professional", "ministry_linkage", "p"]).to_owned())
            } else {
                None
            },
            content_id: if self.below(3) == 0 { Some(self.id("c")) } else { None },
            tags: if self.below(3) == 0 {
                vec![self.one(&["preservice", "new_teacher_training"]).to_owned()]
            } else {
                Vec::new()
            },
        }
    }

    fn registration(&mut self) -> Registration {
        Registration {
            id: self.id("r"),
            activity: self.id("A"),
            by: self.one(Registrar::ALL),
            at: self.day(),
            attended_h100: self.number(),
            assessment: if self.below(3) == 0 { Some(self.one(Assessment::ALL)) } else { None },
            audit: if self.below(3) == 0 { self.one(Audit::ALL) } else { Audit::Approved },
            audited_by: self.seat(),
            supersedes: if self.below(4) == 0 { Some(self.id("r")) } else { None },
            leave_halfdays: if self.below(6) == 0 { self.number() } else { 0 },
            online_complete: if self.below(4) == 0 { Some(self.yes()) } else { None },
            degree_level: if self.yes() { Some(self.one(DegreeLevel::ALL)) } else { None },
            substitute_allowed: self.yes(),
            days: self.number(),
        }
    }

    fn case(&mut self) -> Case {
        let many = |dice: &mut Self, n: u64| 0..dice.below(n);
        let roles = many(self, 3).map(|_| Role {
            role: self.one(&["head_teacher", "trainer", "voc_professional"]).to_owned(),
            from: self.day(),
            to: if self.yes() { Some(self.day()) } else { None },
        });
        let roles = roles.collect();
        Case {
            as_of: self.day(),
            teacher: Teacher {
                id: "T".into(),
                stage: self.one(Stage::ALL),
                hired: if self.below(4) == 0 { self.day() } else { Day(13_000) },
                left: if self.below(4) == 0 { Some(self.day()) } else { None },
                first_job: if self.below(4) == 0 { None } else { Some(self.yes()) },
                has_qualified_degree: self.yes(),
                roles,
            },
            activities: many(self, 12).map(|_| Arc::new(self.activity())).collect(),
            registrations: many(self, 16).map(|_| self.registration()).collect(),
            locks: many(self, 4).map(|_| Lock { year: (2007 + self.below(12)) as u16, at: self.day() }).collect(),
            waivers: many(self, 4).map(|_| Waiver { year: (2007 + self.below(12)) as u16, months: self.number() }).collect(),
            bans: many(self, 3).map(|_| Ban { decided: self.day(), trigger: "no_show".into(), lifted: None }).collect(),
            open: Vec::new(),
        }
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for n in (1..list.len()).rev() {
            list.swap(n, self.below(n as u64 + 1) as usize);
        }
    }

    fn shuffled(&mut self, case: &Case) -> Case {
        let mut other = case.clone();
        self.shuffle(&mut other.activities);
        self.shuffle(&mut other.registrations);
        self.shuffle(&mut other.locks);
        self.shuffle(&mut other.waivers);
        self.shuffle(&mut other.bans);
        self.shuffle(&mut other.teacher.roles);
        other
    }
}

fn holds(account: &Account) {
    for a in &account.activities {
        let lost: u64 = a.lost.iter().map(|l| u64::from(l.h100)).sum();
        assert_eq!(u64::from(a.attended_h100), u64::from(a.h100) + lost, "{a:#?}");
        assert!(a.lost.iter().all(|l| l.h100 > 0));
    }
    let counted: u64 = account.activities.iter().map(|a| u64::from(a.h100)).sum();
    assert_eq!(counted, account.cycle.values().map(|a| a.h100).sum::<u64>());
    assert_eq!(counted, account.by_year.values().flat_map(|b| b.values()).map(|a| a.h100).sum::<u64>());
    assert_eq!(counted, account.buckets.values().map(|b| b.counted_h100).sum::<u64>());
}

#[test]
fn no_case_panics_loses_an_hour_or_depends_on_order() {
    let policies: Vec<_> = library().iter().map(|(id, _)| built_in(id).unwrap()).collect();
    let adoptions: Vec<Adopted> = policies
        .iter()
        .filter(|p| !p.overlay)
        .map(|p| Adopted {
            from: p.effective_from,
            policy: p.clone(),
            overlays: policies.iter().filter(|o| o.overlay).cloned().collect(),
        })
        .collect();
    let mut regimes: Vec<Regime<'_>> = policies.iter().map(|p| Regime::only(p)).collect();
    regimes.push(Regime::adopted(&adoptions));
    regimes.push(Regime::adopted(&[]));
    let compiled: Vec<Compiled<'_, '_>> = regimes.iter().map(Compiled::new).collect();
    let mut counted = 0;
    for seed in 0..4_000 {
        let mut dice = Dice(seed);
        let case = dice.case();
        let other = dice.shuffled(&case);
        for (regime, compiled) in regimes.iter().zip(&compiled) {
            let account = compiled.evaluate(&case);
            holds(&account);
            assert_eq!(account, compiled.evaluate(&other), "seed {seed}");
            let said = explain(&account, &case, regime);
            assert_eq!((said.activities.len(), said.rules.len()), (account.activities.len(), account.rules.len()));
            counted += usize::from(!account.cycle.is_empty());
        }
    }
    assert!(counted > 1_000, "too few cases count anything: {counted}");
}

#[test]
fn all_orders_of_a_small_case_are_one() {
    let policy = built_in("wuhan-2008").unwrap();
    let regime = Regime::only(&policy);
    let compiled = Compiled::new(&regime);
    let mut dice = Dice(7);
    let day = |n: u32| Day::from_ymd(2009, 1 + n, 3).unwrap();
    for _ in 0..20 {
        let mut case = dice.case();
        case.teacher.hired = day(0);
        case.activities = (0..4)
            .map(|n| Arc::new(Activity { id: format!("A{n}"), start: day(n % 2), end: day(n % 2), ..dice.activity() }))
            .collect();
        case.registrations = (0..4)
            .map(|n| Registration { id: format!("r{n}"), activity: format!("A{}", n % 3), ..dice.registration() })
            .collect();
        let expected = compiled.evaluate(&case);
        for order in orders(4) {
            let mut other = case.clone();
            other.activities = order.iter().map(|n| case.activities[*n].clone()).collect();
            other.registrations = order.iter().rev().map(|n| case.registrations[*n].clone()).collect();
            assert_eq!(compiled.evaluate(&other), expected);
        }
    }
}

/// All orders of 0..n.
fn orders(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(n - 1);
    shorter.iter().flat_map(|o| (0..n).map(|at| [&o[..at], &[n - 1], &o[at..]].concat())).collect()
}
