use super::{
    super::anchor::{AnchorKind, Anchors},
    kit::*,
    *,
};
use crate::{
    rows::Checkpoint,
    tips::{self, DocumentTips},
};

fn anchors(n: &Network) -> Anchors {
    Anchors::read(&n.views(), |id| n.attachments.get(id).cloned())
}

/// (kind, row) of the first anchor.
fn first(n: &Network, entry: EntryId) -> Option<(AnchorKind, RowName)> {
    anchors(n).first(&n.ledger, &entry).map(|a| (a.kind, a.by))
}

/// Whoever `by` says, in that review.
fn checkpoint(n: &mut Network, by: impl Fn(&Network) -> (usize, DocId)) -> RowName {
    let (who, review) = by(n);
    let school = n.school;
    let list: Vec<DocumentTips> = n.ledger.tips_of(|d| d.concerns() == school);
    let (id, bytes) = tips::attachment(&list);
    n.attachments.insert(id, bytes);
    n.put(who, review, &row(&Checkpoint { month: 24_100, tips_root: tips::root(&list), tips: id, reason: None }))
}

#[test]
fn the_first_that_names_an_entry_or_one_behind_it_anchors_it() {
    let mut n = Network::new();
    let one = n.put(n.clerk, n.ledger_doc(), &registration("A1", "T1", 800)).entry;
    assert_eq!(first(&n, one), None);
    let two = n.put(n.clerk, n.ledger_doc(), &registration("A2", "T1", 800)).entry;
    let point = checkpoint(&mut n, |n| (n.reviewer, n.review_doc()));
    let three = n.put(n.clerk, n.ledger_doc(), &registration("A3", "T1", 800)).entry;
    let lock = n.lock();
    let four = n.put(n.clerk, n.ledger_doc(), &registration("A4", "T1", 800)).entry;
    assert_eq!(first(&n, one), Some((AnchorKind::Checkpoint, point)), "the log leads back to it");
    assert_eq!(first(&n, two), Some((AnchorKind::Checkpoint, point)));
    assert_eq!(first(&n, three), Some((AnchorKind::Lock, lock)));
    assert_eq!(first(&n, four), None);
    // That an anchor was replaced takes nothing from what its author had seen.
    n.unlock(n.reviewer, n.review_doc(), &[lock]);
    assert_eq!(first(&n, three), Some((AnchorKind::Lock, lock)));
}

#[test]
fn ones_own_organisation_anchors_nothing_and_a_burnt_hand_neither() {
    let mut n = Network::new();
    let entry = n.put(n.clerk, n.ledger_doc(), &registration("A1", "T1", 800)).entry;
    let by_county = n.put(n.reviewer, n.review_doc(), &decision(n.ledger_doc(), &[], Verdict::Approved)).entry;
    let burnt = checkpoint(&mut n, |n| (n.reviewer2, n.review_doc()));
    assert_eq!(first(&n, entry), Some((AnchorKind::Checkpoint, burnt)));
    assert_eq!(first(&n, by_county), None, "the county itself");
    let city = checkpoint(&mut n, |n| (n.city_reviewer, n.city_review_doc()));
    assert_eq!(first(&n, by_county), Some((AnchorKind::Checkpoint, city)));
    n.burn(n.reviewer2);
    assert_eq!(first(&n, entry), Some((AnchorKind::Checkpoint, city)));
}

#[test]
fn lists_that_are_not_here_anchor_nothing() {
    let mut n = Network::new();
    let entry = n.put(n.clerk, n.ledger_doc(), &registration("A1", "T1", 800)).entry;
    checkpoint(&mut n, |n| (n.reviewer, n.review_doc()));
    assert!(anchors(&n).first(&n.ledger, &entry).is_some());
    assert_eq!(Anchors::read(&n.views(), |_| None).first(&n.ledger, &entry), None);
    assert_eq!(Anchors::read(&n.views(), |_| Some(vec![1, 2])).first(&n.ledger, &entry), None);
    assert_eq!(anchors(&n).first(&n.ledger, &EntryId([7; 32])), None);
}
