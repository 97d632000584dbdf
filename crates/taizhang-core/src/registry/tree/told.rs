//! What the rows of one registry say about an organisation, one after the other.

use std::collections::BTreeMap;

use super::OrgRow;
use crate::op::RowName;

/// What the rows of one registry say about an organisation.
#[derive(Default)]
pub(super) struct Told<'r> {
    /// What held, the last first.
    pub(super) states: Vec<&'r OrgRow>,
    /// The last rows, where they place it differently.
    pub(super) rivals: Vec<RowName>,
}

impl<'r> Told<'r> {
    pub(super) fn of(rows: &[&'r OrgRow]) -> Self {
        let mut told = Self::default();
        for mut last in layers(rows) {
            last.sort_by_key(|r| r.name);
            let Some(first) = last.first().copied() else { return told };
            if last.iter().all(|r| r.row.parent == first.row.parent) {
                told.states.push(first);
            } else if told.states.is_empty() && told.rivals.is_empty() {
                told.rivals = last.iter().map(|r| r.name).collect();
            }
        }
        told
    }
}

/// The rows that none replaces, then those that only these replace, and so on; each row once, behind all that replace it:
/// somebody may describe one organisation ten thousand times, and lead back to the same rows by ways of every length.
fn layers<'r>(rows: &[&'r OrgRow]) -> Vec<Vec<&'r OrgRow>> {
    let places: BTreeMap<RowName, usize> = rows.iter().enumerate().map(|(i, r)| (r.name, i)).collect();
    let replaced = |row: &OrgRow| row.replaces.iter().filter_map(|name| places.get(name)).copied().collect::<Vec<_>>();
    // By how many rows that were not passed yet each is replaced.
    let mut over = vec![0_usize; rows.len()];
    rows.iter().flat_map(|r| replaced(r)).for_each(|i| over.iter_mut().skip(i).take(1).for_each(|n| *n += 1));
    let mut layers = Vec::new();
    let mut at: Vec<&OrgRow> = rows.iter().zip(&over).filter(|(_, n)| **n == 0).map(|(r, _)| *r).collect();
    // Names are hashes: what is replaced was there before, so this comes to an end.
    while !at.is_empty() {
        let mut next = Vec::new();
        for i in at.iter().flat_map(|r| replaced(r)) {
            let (Some(n), Some(row)) = (over.get_mut(i), rows.get(i)) else { continue };
            *n = n.saturating_sub(1);
            if *n == 0 {
                next.push(*row);
            }
        }
        layers.push(std::mem::replace(&mut at, next));
    }
    layers
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::{
        id::{EntryId, OrgId},
        rows::{Org, OrgKind},
        units::Day,
    };

    /// Row `n` of a web, placing the organisation under `parent`.
    fn row(n: u16, parent: u8, replaces: &[u16]) -> OrgRow {
        let name = |index| RowName { entry: EntryId([0; 32]), index };
        let row = Org {
            org: OrgId([9; 8]),
            random: None,
            kind: OrgKind::School,
            parent: OrgId([parent; 8]),
            code: String::new(),
            name: String::new(),
            short: None,
            township: None,
            rural: None,
            stages: None,
            from_day: Day(n.into()),
            closed_day: None,
            succeeded_by: None,
            kept: None,
            reason: None,
        };
        let replaces = replaces.iter().map(|r| name(*r)).collect();
        OrgRow { name: name(n), registry: OrgId([1; 8]), is_of_creator: false, replaces, row }
    }

    fn numbers(rows: &[&OrgRow]) -> Vec<u16> {
        rows.iter().map(|r| r.name.index).collect()
    }

    #[test]
    fn a_row_that_many_lead_to_is_passed_once() {
        // A chain, every third row of which leads to the head of one further chain too.
        let (chain, shared) = (600, 200);
        let tree = (0..shared).map(|n| row(n, 1, &[n.saturating_sub(1)][..usize::from(n > 0)]));
        let on_top = (0..chain).map(|n| {
            let at = shared + n;
            let below = [shared - 1, at - 1];
            row(at, 2, if n == 0 { &below[..1] } else { &below[usize::from(n % 3 > 0)..] })
        });
        let rows: Vec<OrgRow> = tree.chain(on_top).collect();
        let rows: Vec<&OrgRow> = rows.iter().rev().collect();
        assert_eq!(layers(&rows).iter().map(Vec::len).sum::<usize>(), rows.len());
        let states = numbers(&Told::of(&rows).states);
        assert_eq!(states, (0..chain + shared).rev().collect::<Vec<_>>(), "one after the other, the last first");
    }

    #[test]
    fn what_a_row_before_it_replaced_already_is_no_rival_of_that_one() {
        // The last replaces the two before it, of which one replaced the other at a distance.
        let rows = [row(0, 1, &[]), row(1, 2, &[0]), row(2, 3, &[1]), row(3, 4, &[0, 2])];
        let rows: Vec<&OrgRow> = rows.iter().collect();
        let told = Told::of(&rows);
        assert_eq!((numbers(&told.states), told.rivals), (vec![3, 2, 1, 0], Vec::new()));
    }

    #[test]
    fn rows_beside_each_other_are_rivals_where_they_place_it_differently() {
        let rows = [row(0, 1, &[]), row(1, 2, &[0]), row(2, 3, &[0])];
        let rows: Vec<&OrgRow> = rows.iter().collect();
        let told = Told::of(&rows);
        assert_eq!((numbers(&told.states), told.rivals), (vec![0], vec![rows[1].name, rows[2].name]));
    }
}
