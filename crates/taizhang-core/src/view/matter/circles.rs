//! Circles among things that lead to each other.

use std::collections::{BTreeMap, BTreeSet};

/// From each thing to those it leads to.
pub(super) type Edges<'t, T> = BTreeMap<&'t T, BTreeSet<&'t T>>;

/// Things that lead to one which does not lead back, directly or through others. Every edge is followed twice, however long the ways are:
/// once to see in which order things are left for good, once backwards from the last of them; what that reaches anew is one circle.
pub(super) fn leading_out<'t, T: Ord>(edges: &Edges<'t, T>) -> BTreeSet<&'t T> {
    let mut back: Edges<'t, T> = BTreeMap::new();
    for (from, to) in edges.iter().flat_map(|(from, all)| all.iter().map(|to| (*from, *to))) {
        back.entry(to).or_default().insert(from);
    }
    let mut circle_of: BTreeMap<&T, usize> = BTreeMap::new();
    for (circle, first) in left_last_first(edges).into_iter().enumerate() {
        let mut open = vec![first];
        while let Some(at) = open.pop() {
            if !circle_of.contains_key(at) {
                circle_of.insert(at, circle);
                open.extend(back.get(at).into_iter().flatten().copied());
            }
        }
    }
    let leads_out = |from: &T, all: &BTreeSet<&T>| all.iter().any(|to| circle_of.get(to) != circle_of.get(from));
    edges.iter().filter(|(from, all)| leads_out(from, all)).map(|(from, _)| *from).collect()
}

/// Everything that an edge leads from or to, by when a walk in depth leaves it for good, the last first.
fn left_last_first<'t, T: Ord>(edges: &Edges<'t, T>) -> Vec<&'t T> {
    let mut left = Vec::new();
    let mut seen = BTreeSet::new();
    for start in edges.keys() {
        let mut way = Vec::new();
        if seen.insert(*start) {
            way.push((*start, edges.get(start).into_iter().flatten()));
        }
        while let Some((at, next)) = way.last_mut() {
            match next.find(|to| !seen.contains(*to)).copied() {
                Some(to) => {
                    seen.insert(to);
                    way.push((to, edges.get(to).into_iter().flatten()));
                }
                None => {
                    left.push(*at);
                    way.pop();
                }
            }
        }
    }
    left.reverse();
    left
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, cmp::Ordering};

    use super::*;

    fn edges<'t, T: Ord>(pairs: impl IntoIterator<Item = (&'t T, &'t T)>) -> Edges<'t, T> {
        let mut edges: Edges<'t, T> = BTreeMap::new();
        pairs.into_iter().for_each(|(from, to)| _ = edges.entry(from).or_default().insert(to));
        edges
    }

    /// As it was asked before: a walk for every edge.
    fn by_walking<'t>(edges: &Edges<'t, u32>) -> BTreeSet<&'t u32> {
        let leads_back = |from: &'t u32, to: &u32| {
            let (mut open, mut seen) = (vec![from], BTreeSet::new());
            while let Some(at) = open.pop() {
                if at == to {
                    return true;
                }
                if seen.insert(at) {
                    open.extend(edges.get(at).into_iter().flatten());
                }
            }
            false
        };
        edges.iter().filter(|(from, to)| to.iter().any(|t| !leads_back(t, from))).map(|(from, _)| *from).collect()
    }

    #[test]
    fn what_leads_out_of_its_circle_is_found_as_by_walking_every_way() {
        let things: Vec<u32> = (0..24).collect();
        let mut drawn = 0x9e37_79b9_u32;
        let mut pick = |below: u32| {
            drawn = drawn.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (drawn >> 16) % below
        };
        for round in 0..400 {
            let pairs: Vec<(u32, u32)> = (0..4 + round / 10).map(|_| (pick(24), pick(24))).collect();
            let of = |n: u32| things.iter().find(|t| **t == n);
            let web = edges(pairs.iter().filter_map(|(from, to)| of(*from).zip(of(*to))));
            assert_eq!(leading_out(&web), by_walking(&web), "{pairs:?}");
        }
    }

    /// Counts how often it is compared.
    struct Counted<'c>(u32, &'c Cell<u64>);

    impl Ord for Counted<'_> {
        fn cmp(&self, other: &Self) -> Ordering {
            self.1.set(self.1.get() + 1);
            self.0.cmp(&other.0)
        }
    }

    impl PartialOrd for Counted<'_> {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }

    impl PartialEq for Counted<'_> {
        fn eq(&self, other: &Self) -> bool {
            self.cmp(other).is_eq()
        }
    }

    impl Eq for Counted<'_> {}

    /// Layer upon layer, each thing leading to eight of the next layer.
    #[test]
    #[allow(clippy::mutable_key_type, reason = "only the count changes")]
    fn a_web_of_many_layers_costs_what_its_edges_cost() {
        let (layers, wide) = (40, 50);
        let steps = Cell::new(0);
        let things: Vec<Counted<'_>> = (0..layers * wide).map(|n| Counted(n, &steps)).collect();
        let of = |n: u32| things.get(n as usize);
        let ways = (0..(layers - 1) * wide).flat_map(|n| (0..8).map(move |k| (n, (n / wide + 1) * wide + (n + k) % wide)));
        let web = edges(ways.filter_map(|(from, to)| of(from).zip(of(to))));
        let count: usize = web.values().map(BTreeSet::len).sum();
        steps.set(0);
        assert_eq!(leading_out(&web).len(), web.len());
        // A look into a set of 2,000 takes some twenty comparisons; an edge needs a handful of looks.
        assert!(steps.get() < 200 * count as u64, "{} comparisons for {count} edges", steps.get());
    }
}
