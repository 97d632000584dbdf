//! Two entries at one place of a log.
use super::*;

/// A log of author 1, run 1: `len` entries after `start`.
fn chain(start: Option<&SignedEntry>, len: u64, salt: u64) -> Vec<SignedEntry> {
    let mut out: Vec<SignedEntry> = Vec::new();
    for n in 0..len {
        let previous = out.last().or(start);
        let sequence = previous.map_or(1, |p| p.header.sequence + 1);
        out.push(entry(1, 1, sequence, previous.map(|p| p.id), row(salt * 1000 + n)));
    }
    out
}

/// `n` continuations of two entries each, the one with the lowest first id first.
fn branches(start: Option<&SignedEntry>, n: u64, salt: u64) -> Vec<Vec<SignedEntry>> {
    let mut out: Vec<_> = (0..n).map(|b| chain(start, 2, salt + b)).collect();
    out.sort_by_key(|b| b[0].id);
    out
}

/// Builds from every order of the branches, and one branch after another.
fn build_branches(trunk: &[SignedEntry], branches: &[Vec<SignedEntry>]) -> Document {
    let document = build(&[trunk, &branches.concat()].concat());
    for first in 0..branches.len() {
        let mut turned = branches.to_vec();
        turned.rotate_left(first);
        let mut before = trunk.to_vec();
        let mut step = Document::build(ledger(), trunk).unwrap();
        for branch in turned {
            step = add(step, &before, &branch);
            before.extend(branch);
        }
        assert_eq!(see(&step), see(&document), "branch {first} came first");
    }
    document
}

fn log_actor() -> Vec<u8> {
    actor(&[&[1; 32], &[1; 8]])
}

fn branch_actor(first: &SignedEntry) -> Vec<u8> {
    actor(&[&[1; 32], &[1; 8], &first.id.0])
}

fn assert_branches(trunk: &[SignedEntry], branches: &[Vec<SignedEntry>]) -> Document {
    let document = build_branches(trunk, branches);
    let common = trunk.last().map_or(change::GENESIS, |e| hash(&document, e));
    let (seq, op) = (trunk.len() as u64, 18 + trunk.len() as u64);
    for (n, branch) in branches.iter().enumerate() {
        let (actor, before) = if n == 0 { (log_actor(), seq) } else { (branch_actor(&branch[0]), 0) };
        assert_eq!(change_of(&document, &branch[0]), (actor.clone(), before + 1, op, vec![common]));
        assert_eq!(change_of(&document, &branch[1]), (actor, before + 2, op + 1, vec![hash(&document, &branch[0])]));
    }
    assert_eq!(document.heads().len(), branches.len());
    assert_eq!(document.rows().count(), trunk.len() + 2 * branches.len());
    document
}

#[test]
fn at_sequence_17_with_3_branches() {
    let trunk = chain(None, 16, 0);
    assert_branches(&trunk, &branches(trunk.last(), 3, 1));
}

#[test]
fn at_sequence_1() {
    assert_branches(&[], &branches(None, 2, 1));
}

#[test]
fn with_5_branches() {
    let trunk = chain(None, 3, 0);
    assert_branches(&trunk, &branches(trunk.last(), 5, 1));
    assert_branches(&[], &branches(None, 5, 1));
}

#[test]
fn within_a_branch() {
    let trunk = chain(None, 2, 0);
    let outer = branches(trunk.last(), 3, 10);
    for within in &outer {
        let inner = branches(within.last(), 3, 20);
        let all = [trunk.clone(), outer.concat(), inner.concat()].concat();
        let document = build(&all);
        let (goes_on, seq) = if within[0].id == outer[0][0].id { (log_actor(), 5) } else { (branch_actor(&within[0]), 3) };
        assert_eq!(change_of(&document, &inner[0][0]).0, goes_on);
        assert_eq!(change_of(&document, &inner[0][0]).1, seq);
        for other in &inner[1..] {
            assert_eq!(change_of(&document, &other[0]).0, branch_actor(&other[0]));
            assert_eq!(change_of(&document, &other[0]).1, 1);
        }
    }
}

/// Only the lowest branch of all asks for a rebuild; a document with it takes the others.
#[test]
fn a_lower_branch_that_comes_late_asks_for_a_rebuild() {
    let trunk = chain(None, 3, 0);
    let b = branches(trunk.last(), 3, 1);
    let with = |n: usize| Document::build(ledger(), trunk.iter().chain(&b[n])).unwrap();
    let error = with(1).apply(&b[0]).unwrap_err();
    assert_eq!(error, DocumentError::NeedsRebuild { entry: b[0][0].id });
    assert!(with(0).apply(&b[1]).unwrap().apply(&b[2]).is_ok());
    assert!(with(1).apply(&b[2]).is_ok());
    let starts = branches(None, 2, 50);
    let error = Document::build(ledger(), &starts[1]).unwrap().apply(&starts[0]).unwrap_err();
    assert_eq!(error, DocumentError::NeedsRebuild { entry: starts[0][0].id });
}

#[test]
fn at_sequence_1_with_links_and_linked_from_another_run() {
    let old = entry(1, 9, 1, None, row(1));
    let mut starts: Vec<_> = (0..3).map(|n| entry(1, 1, 1, (n < 2).then_some(old.id), row(10 + n))).collect();
    starts.sort_by_key(|e| e.id);
    let mut all = vec![old.clone()];
    all.extend(starts.clone());
    all.extend(starts.iter().zip(20..).map(|(s, n)| entry(1, n, 1, Some(s.id), row(u64::from(n)))));
    let document = build(&all);
    for (n, start) in starts.iter().enumerate() {
        let (actor, seq, _, deps) = change_of(&document, start);
        assert_eq!(actor, if n == 0 { log_actor() } else { branch_actor(start) });
        let linked = start.header.before.parent().map_or(change::GENESIS, |_| hash(&document, &old));
        assert_eq!((seq, deps), (1, vec![linked]));
        assert_eq!(change_of(&document, &all[4 + n]).3, [hash(&document, start)]);
    }
    assert_eq!(document.heads().len(), 3);
}

/// A second start of a run that links to the first is odd, admitted, and may be the lower one.
#[test]
fn a_start_linked_to_its_rival() {
    let first = entry(1, 1, 1, None, row(1));
    for n in 2..20 {
        let second = entry(1, 1, 1, Some(first.id), row(n));
        let document = build(&[first.clone(), second.clone()]);
        let lower = if first.id < second.id { &first } else { &second };
        assert_eq!(change_of(&document, lower).0, log_actor());
        assert_eq!(document.heads(), [hash(&document, &second)]);
    }
}

#[test]
fn registers_name_writes_of_any_branch() {
    let a = entry(1, 1, 1, None, write("k", &Value::Int(1), &[]));
    let rivals: Vec<_> = (2..5).map(|n| entry(1, 1, 2, Some(a.id), write("k", &Value::Int(n), &[&a]))).collect();
    let mut all = vec![a];
    all.extend(rivals.clone());
    let mut expected: Vec<_> = rivals.iter().zip(2..).map(|(e, n)| (e.id, Value::Int(n))).collect();
    expected.sort();
    assert_eq!(build(&all).register("k"), expected);
    let settled = entry(2, 1, 1, None, write("k", &Value::Int(9), &[&rivals[0], &rivals[2]]));
    all.push(settled.clone());
    let mut expected = vec![(settled.id, Value::Int(9)), (rivals[1].id, Value::Int(3))];
    expected.sort();
    assert_eq!(build(&all).register("k"), expected);
}
