#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::cast_possible_truncation, reason = "tests")]
use std::collections::BTreeMap;

use taizhang_core::id::{Kind, OrgId};

use super::*;

type Documents = BTreeMap<DocId, [u8; 32]>;

fn documents(n: u64) -> Documents {
    let org = |i: u64| OrgId((i / 7 + 1).to_be_bytes());
    (0..n).map(|i| (DocId::of_year(org(i), Kind::Ledger, 2000 + (i % 7) as u16), [i as u8; 32])).collect()
}

fn tree(documents: &Documents) -> Tree {
    Tree::of(documents.iter().map(|(d, h)| (*d, *h)))
}

/// The questions and answers of two trees; returns what was found to differ, and how many parts were spoken of.
fn compare(a: &Tree, b: &Tree) -> (Vec<DocId>, usize) {
    let mut open = vec![a.describe(&[])];
    let (mut found, mut parts) = (Vec::new(), 0);
    let (mut asker, mut other) = (b, a);
    while !open.is_empty() {
        parts += open.len();
        assert!(parts < 10_000, "does not end");
        let mut next = Vec::new();
        for part in &open {
            match part {
                Summary::Node { prefix, children } => next.extend(asker.differing_children(prefix, children)),
                Summary::Leaf { prefix, documents } => found.extend(asker.differing_documents(prefix, documents)),
            }
        }
        open = next;
        std::mem::swap(&mut asker, &mut other);
    }
    found.sort();
    found.dedup();
    (found, parts)
}

fn differing(a: &Documents, b: &Documents) -> Vec<DocId> {
    let mut all: Vec<DocId> = a.keys().chain(b.keys()).copied().collect();
    all.sort();
    all.dedup();
    all.into_iter().filter(|d| a.get(d) != b.get(d)).collect()
}

#[test]
fn exactly_what_differs_is_found() {
    for n in [0, 1, 15, 16, 17, 300, 2000] {
        let ours = documents(n);
        for changed in [0, 1, 5, 50] {
            for absent in [0, 1, 40] {
                let mut theirs = ours.clone();
                theirs.values_mut().step_by(37).take(changed).for_each(|h| h[0] ^= 1);
                let gone: Vec<DocId> = theirs.keys().copied().skip(3).step_by(11).take(absent).collect();
                gone.iter().for_each(|d| _ = theirs.remove(d));
                let expected = differing(&ours, &theirs);
                let (a, b) = (tree(&ours), tree(&theirs));
                assert_eq!(a.root() == b.root(), expected.is_empty());
                assert_eq!(compare(&a, &b).0, expected, "{n} documents, {changed} changed, {absent} absent");
                assert_eq!(compare(&b, &a).0, expected);
            }
        }
    }
}

#[test]
fn the_cost_follows_the_differences() {
    let ours = documents(10_000);
    let mut theirs = ours.clone();
    theirs.values_mut().skip(5_000).take(1).for_each(|h| h[0] ^= 1);
    let (found, parts) = compare(&tree(&ours), &tree(&theirs));
    assert_eq!(found.len(), 1);
    assert!(parts <= 6, "{parts} parts for one document in 10,000");
}

#[test]
fn an_empty_tree_has_a_leaf() {
    let empty = Tree::of(std::iter::empty());
    assert_eq!(empty.describe(&[]), Summary::Leaf { prefix: Vec::new(), documents: Vec::new() });
    assert_ne!(empty.root(), tree(&documents(1)).root());
}

#[test]
fn prefixes_that_cannot_be_are_harmless() {
    let tree = tree(&documents(100));
    for prefix in [vec![15; 16], vec![0; 17], vec![200; 3]] {
        assert!(matches!(tree.describe(&prefix), Summary::Leaf { documents, .. } if documents.is_empty()));
        assert_eq!(tree.differing_documents(&prefix, &[]), Vec::new());
        assert_eq!(tree.differing_children(&prefix, &[[0; 8]; 16]).len(), 16);
        assert_eq!(tree.differing_children(&prefix, &[]).len(), 0);
    }
}

#[test]
fn paths_group_by_the_organisation_concerned() {
    let (school, county) = (OrgId([1; 8]), OrgId([2; 8]));
    let of_school = path(&DocId::of_year(school, Kind::Ledger, 2024));
    let about_school = path(&DocId::about(county, Kind::Review, 2024, school));
    let of_county = path(&DocId::of(county, Kind::Registry));
    assert_eq!(of_school[..8], about_school[..8]);
    assert_ne!(of_school[8..], about_school[8..]);
    assert_ne!(of_school[..8], of_county[..8]);
    // First 4 bytes of SHA-256(0101010101010101).
    let hash = Sha256::digest([1; 8]);
    assert_eq!((of_school[0], of_school[1]), (hash[0] >> 4, hash[0] & 15));
}
