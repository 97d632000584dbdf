//! What kind of world a seed makes.

use taizhang_core::id::Kind;
use taizhang_sync::frame::Kinds;

use super::dice::Dice;

/// Sizes and habits of one world.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) counties: usize,
    /// Schools of each county.
    pub(crate) schools: usize,
    /// Machines of each school.
    pub(crate) machines: usize,
    /// Does each county have two?
    pub(crate) second_machines: bool,
    pub(crate) city_wants: Kinds,
    pub(crate) odd_wants: Kinds,
    /// How often each person works.
    pub(crate) works: u64,
    pub(crate) hours: u64,
    pub(crate) faults: u64,
}

impl Shape {
    pub(crate) fn of(dice: &mut Dice) -> Self {
        let (counties, schools, machines) = match dice.below(40) {
            0 => (3, 4, 2),
            1..=4 => (2, 3, 1),
            5..=12 => (2, 1, dice.between(1, 2)),
            13..=20 => (1, 1, 3),
            21..=28 => (1, 2, dice.between(1, 2)),
            29..=34 => (1, 1, 1),
            _ => (1, 0, 1),
        };
        let all = Kinds::all();
        let few = Kinds::of(&[Kind::Registry, Kind::Policy, Kind::Notice, Kind::Review, Kind::Rollup]);
        let odd = if dice.one_in(2) { few } else { Kinds(all.0 & !(1 << (Kind::Identity as u8))) };
        Self {
            counties,
            schools: usize::try_from(u64::try_from(schools).unwrap_or(0)).unwrap_or(0),
            machines: usize::try_from(machines).unwrap_or(1),
            second_machines: dice.one_in(3),
            city_wants: if dice.one_in(3) { few } else { all },
            odd_wants: odd,
            works: dice.between(2, 7),
            hours: dice.between(4, 60),
            faults: dice.between(2, 14),
        }
    }
}
