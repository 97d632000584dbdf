//! What is in force when, and over which cycle an account is kept.

use std::sync::Arc;

use taizhang_core::units::Day;
use taizhang_rules::policy::{
    Policy,
    regime::{Adopted, Regime},
};

use super::{read, text_of};

fn day(text: &str) -> Day {
    Day::parse_iso(text).unwrap()
}

/// A policy with this id, first cycle, years, last day.
fn policy(id: &str, start: &str, years: u32, to: &str) -> Arc<Policy> {
    let text = text_of("moe-order-7")
        .replace("id = \"moe-order-7\"", &format!("id = \"{id}\""))
        .replace("start = \"2000-01-01\"", &format!("start = \"{start}\""))
        .replace("years = 5", &format!("years = {years}"))
        .replace("effective_to = \"\"", &format!("effective_to = \"{to}\""));
    Arc::new(read(&text))
}

fn adopt(from: &str, policy: &Arc<Policy>) -> Adopted {
    Adopted { from: day(from), policy: Arc::clone(policy), overlays: Vec::new() }
}

fn in_force<'p>(regime: &Regime<'p>, on: &str) -> Option<&'p str> {
    regime.in_force(day(on)).map(|period| period.policy.id.as_str())
}

/// (policy, first and last day) of the account's cycle.
fn cycle(regime: &Regime<'_>, on: &str) -> Option<(String, String, String)> {
    regime.cycle_of(day(on)).map(|c| (c.period.policy.id.clone(), c.start.to_string(), c.end.to_string()))
}

fn is(policy: &str, start: &str, end: &str) -> Option<(String, String, String)> {
    Some((policy.into(), start.into(), end.into()))
}

#[test]
fn one_policy_alone_is_always_in_force_for_its_first_cycle() {
    let a = policy("a", "2012-01-01", 5, "2016-12-31");
    let regime = Regime::only(&a);
    for on in ["1970-01-01", "2014-06-01", "2050-01-01"] {
        assert_eq!(in_force(&regime, on), Some("a"));
        assert_eq!(cycle(&regime, on), is("a", "2012-01-01", "2016-12-31"));
    }
}

#[test]
fn policies_follow_each_other() {
    let (a, b) = (policy("a", "2008-01-01", 5, ""), policy("b", "2013-01-01", 5, "2020-12-31"));
    let adopted = [adopt("2015-09-01", &b), adopt("2008-12-16", &a)];
    let regime = Regime::adopted(&adopted);
    for (on, expected) in [
        ("2008-12-15", None),
        ("2008-12-16", Some("a")),
        ("2015-08-31", Some("a")),
        ("2015-09-01", Some("b")),
        ("2020-12-31", Some("b")),
        ("2021-01-01", None),
    ] {
        assert_eq!(in_force(&regime, on), expected, "{on}");
    }
    assert_eq!(cycle(&regime, "2008-12-15"), None);
    assert_eq!(cycle(&regime, "2010-05-01"), is("a", "2008-01-01", "2012-12-31"));
    // The cycles agree: b, in force at the end, gives the minimums of the whole cycle although a is still in force (D-21).
    assert_eq!(cycle(&regime, "2014-05-01"), is("b", "2013-01-01", "2017-12-31"));
    assert_eq!(cycle(&regime, "2017-12-31"), is("b", "2013-01-01", "2017-12-31"));
    // b ends in mid cycle and nothing follows: its cycle goes on to be shown.
    assert_eq!(cycle(&regime, "2019-01-01"), is("b", "2018-01-01", "2022-12-31"));
    assert_eq!(cycle(&regime, "2030-01-01"), is("b", "2018-01-01", "2022-12-31"));
}

#[test]
fn cycles_that_do_not_agree() {
    let (a, b) = (policy("a", "2008-01-01", 5, ""), policy("b", "2015-01-01", 3, ""));
    let adopted = [adopt("2008-01-01", &a), adopt("2015-01-01", &b)];
    let regime = Regime::adopted(&adopted);
    // a's second cycle would end under b, whose own begins later: a's minimums, until b begins.
    assert_eq!(cycle(&regime, "2014-12-31"), is("a", "2013-01-01", "2017-12-31"));
    assert_eq!(cycle(&regime, "2015-01-01"), is("b", "2015-01-01", "2017-12-31"));
    assert_eq!(cycle(&regime, "2018-01-01"), is("b", "2018-01-01", "2020-12-31"));
    // Adopted before its first cycle begins: the cycle of the one before it.
    let adopted = [adopt("2008-01-01", &a), adopt("2014-09-01", &b)];
    assert_eq!(cycle(&Regime::adopted(&adopted), "2014-10-01"), is("a", "2013-01-01", "2017-12-31"));
    let adopted = [adopt("2014-09-01", &b)];
    assert_eq!(cycle(&Regime::adopted(&adopted), "2014-10-01"), is("b", "2015-01-01", "2017-12-31"));
}

#[test]
fn adopted_again_and_on_one_day() {
    let (a, b) = (policy("a", "2008-01-01", 5, ""), policy("b", "2008-01-01", 5, ""));
    let adopted = [adopt("2008-01-01", &a), adopt("2008-01-01", &b)];
    let regime = Regime::adopted(&adopted);
    assert_eq!((in_force(&regime, "2008-01-01"), regime.periods().len()), (Some("b"), 1));
    let adopted = [adopt("2008-01-01", &a), adopt("2010-01-01", &b), adopt("2011-01-01", &a)];
    let regime = Regime::adopted(&adopted);
    assert_eq!((in_force(&regime, "2010-06-01"), in_force(&regime, "2011-01-01")), (Some("b"), Some("a")));
    assert_eq!(cycle(&regime, "2010-06-01"), is("a", "2008-01-01", "2012-12-31"));
    // Adopted after its own end: never in force, and what it replaced does not come back.
    let old = policy("old", "2008-01-01", 5, "2009-12-31");
    let adopted = [adopt("2008-01-01", &a), adopt("2011-01-01", &old)];
    let regime = Regime::adopted(&adopted);
    assert_eq!((in_force(&regime, "2010-12-31"), in_force(&regime, "2011-01-01")), (Some("a"), None));
    assert_eq!((Regime::adopted(&[]).periods().len(), cycle(&Regime::adopted(&[]), "2011-01-01")), (0, None));
}

#[test]
fn overlays_count_from_their_own_days() {
    let overlay =
        Arc::new(read(&text_of("county-school-based-2023").replace("effective_to = \"\"", "effective_to = \"2024-06-30\"")));
    let a = policy("a", "2020-01-01", 5, "");
    let adopted = [Adopted { from: day("2020-01-01"), policy: a, overlays: vec![overlay] }];
    let regime = Regime::adopted(&adopted);
    for (on, count) in [("2020-01-01", 0), ("2022-12-31", 0), ("2023-01-01", 1), ("2024-06-30", 1), ("2024-07-01", 0)] {
        assert_eq!(regime.in_force(day(on)).unwrap().overlays.len(), count, "{on}");
    }
    assert_eq!(regime.periods().len(), 3);
    assert_eq!(cycle(&regime, "2023-05-01"), is("a", "2020-01-01", "2024-12-31"));
}

#[test]
fn every_day_is_in_at_most_one_period() {
    let (a, b, c) = (
        policy("a", "2008-01-01", 5, "2009-06-30"),
        policy("b", "2008-02-29", 4, ""),
        policy("c", "2010-01-01", 1, "2012-01-01"),
    );
    let adopted = [adopt("2008-01-01", &a), adopt("2009-06-01", &b), adopt("2011-02-28", &c)];
    let regime = Regime::adopted(&adopted);
    for n in day("2007-12-01").0..day("2014-01-01").0 {
        let holds: Vec<usize> =
            regime.periods().iter().enumerate().filter(|(_, p)| (p.from..=p.to).contains(&Day(n))).map(|(at, _)| at).collect();
        assert!(holds.len() <= 1);
        assert_eq!(regime.period_at(Day(n)), holds.first().copied());
        if let Some(cycle) = regime.cycle_of(Day(n)) {
            assert!(cycle.start <= Day(n) && cycle.start < cycle.end, "{}", Day(n));
        }
    }
}
