//! What leads to what, asked for many groups of things together.

use std::collections::BinaryHeap;

/// Groups that are followed together.
const TOGETHER: usize = 128;

/// What is known of a thing while some groups are followed, a bit for each group.
#[derive(Clone, Copy, Default)]
struct Thing {
    /// It is of these.
    own: u128,
    /// Something of these leads to it.
    over: u128,
    is_open: bool,
}

/// Of each group of things those that another of it leads to, directly or through others, also through things of other groups. Things go by numbers below `count`, and lead to lower ones only.
///
/// From the last to the first each thing passes on what leads to it. To walk for each group alone would cost groups times ways: somebody may decide on 5,000 matters, and lead from each by 300,000 ways to all before it.
pub(super) fn led_to<'w>(groups: &[Vec<usize>], count: usize, leads: impl Fn(usize) -> &'w [usize]) -> Vec<Vec<usize>> {
    let mut things = vec![Thing::default(); count];
    let mut out = vec![Vec::new(); groups.len()];
    for (groups, out) in groups.chunks(TOGETHER).zip(out.chunks_mut(TOGETHER)) {
        let mut open = BinaryHeap::new();
        for (bit, group) in groups.iter().enumerate() {
            group.iter().for_each(|at| meet(*at, &mut things, &mut open, |thing| thing.own |= 1 << bit));
        }
        while let Some(at) = open.pop() {
            let Some(Thing { own, over, .. }) = things.get_mut(at).map(std::mem::take) else { continue };
            let is_led_to = |bit: usize| (own & over) >> bit & 1 == 1;
            if own & over != 0 {
                out.iter_mut().enumerate().filter(|(bit, _)| is_led_to(*bit)).for_each(|(_, found)| found.push(at));
            }
            let lower = leads(at).iter().filter(|to| **to < at);
            lower.for_each(|to| meet(*to, &mut things, &mut open, |thing| thing.over |= own | over));
        }
    }
    out
}

fn meet(at: usize, things: &mut [Thing], open: &mut BinaryHeap<usize>, tell: impl Fn(&mut Thing)) {
    let Some(thing) = things.get_mut(at) else { return };
    tell(thing);
    if !std::mem::replace(&mut thing.is_open, true) {
        open.push(at);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "tests")]
    use std::{cell::Cell, collections::BTreeSet};

    use super::*;

    /// As it was asked before: a walk for every thing of every group.
    fn by_walking<'w>(groups: &[Vec<usize>], leads: impl Fn(usize) -> &'w [usize]) -> Vec<Vec<usize>> {
        let from = |at: usize| {
            let (mut open, mut seen) = (vec![at], BTreeSet::new());
            while let Some(at) = open.pop() {
                open.extend(leads(at).iter().filter(|to| seen.insert(**to)));
            }
            seen
        };
        let led_to = |group: &Vec<usize>| {
            let below: BTreeSet<usize> = group.iter().flat_map(|at| from(*at)).collect();
            let mut found: Vec<usize> = group.iter().filter(|at| below.contains(at)).copied().collect();
            found.sort_unstable_by(|a, b| b.cmp(a));
            found
        };
        groups.iter().map(led_to).collect()
    }

    #[test]
    fn what_another_of_its_group_leads_to_is_found_as_by_walking_every_way() {
        let mut drawn = 0x9e37_79b9_u32;
        let mut pick = |below: usize| {
            drawn = drawn.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (drawn >> 16) as usize % below
        };
        let mut found = [0, 0];
        for round in 0..200 {
            let count = 4 + round / 4;
            let mut leads = vec![Vec::new(); count];
            for _ in 0..count + pick(count) {
                let at = 1 + pick(count - 1);
                leads[at].push(pick(at));
            }
            // More groups than are followed together, things in several groups.
            let groups: Vec<Vec<usize>> = (0..300)
                .map(|_| {
                    let group: BTreeSet<usize> = (0..2 + pick(3)).map(|_| pick(count)).collect();
                    group.into_iter().collect()
                })
                .collect();
            let by = led_to(&groups, count, |at| leads[at].as_slice());
            assert_eq!(by, by_walking(&groups, |at| leads[at].as_slice()), "{leads:?}");
            by.iter().for_each(|f| found[usize::from(f.is_empty())] += 1);
        }
        assert!(found.iter().all(|n| *n > 10_000), "both are met: {found:?}");
    }

    /// Entry upon entry of one key: 28 decisions each, on matters that were decided on once before, each replacing all of the entry before.
    #[test]
    fn a_web_over_many_groups_is_followed_for_all_of_them_together() {
        let (entries, wide) = (40_usize, 28_usize);
        let count = entries * wide;
        let leads: Vec<Vec<usize>> = (0..count)
            .map(|at| at.checked_sub(wide).map_or(Vec::new(), |b| (0..wide).map(|n| b / wide * wide + n).collect()))
            .collect();
        let groups: Vec<Vec<usize>> = (0..count / 2).map(|n| vec![n, n + count / 2]).collect();
        let ways: usize = leads.iter().map(Vec::len).sum();
        let steps = Cell::new(0);
        let leads_counted = |at: usize| {
            steps.set(steps.get() + leads[at].len());
            assert!(steps.get() <= ways * groups.len().div_ceil(128), "{ways} ways and more steps");
            leads[at].as_slice()
        };
        let found = led_to(&groups, count, leads_counted);
        assert!(found.iter().zip(&groups).all(|(f, g)| *f == g[..1]));
    }
}
