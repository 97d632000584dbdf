use super::{
    super::{
        decision::{Approval, DecisionFinding, DecisionProblem, Decisions},
        matter::Matters,
    },
    kit::*,
    *,
};

fn decisions(n: &Network) -> Decisions {
    let views = n.views();
    let matters = Matters::build(&views);
    Decisions::build(&views, &matters, &n.ledger)
}

fn word(n: &Network, row: RowName) -> &'static str {
    decisions(n).approval(&[row]).word()
}

fn problems(n: &Network) -> Vec<(RowName, DecisionProblem)> {
    decisions(n).findings.iter().map(|f| (f.decision, f.problem)).collect()
}

/// Two registrations in one entry with a sheet before them.
fn two(n: &mut Network) -> (RowName, RowName) {
    let rows = [sheet(2, None), registration("A1", "T1", 800), registration("A1", "T2", 800)];
    let entry = n.put_all(n.clerk, n.ledger_doc(), &rows);
    (RowName { entry, index: 1 }, RowName { entry, index: 2 })
}

#[test]
fn rows_wait_until_decided() {
    let mut n = Network::new();
    let (a, b) = two(&mut n);
    assert_eq!(decisions(&n).approval(&[a]), Approval::Pending);
    let by = n.put(n.reviewer, n.review_doc(), &decision(n.ledger_doc(), &[a], Verdict::Approved));
    assert_eq!(decisions(&n).approval(&[a]), Approval::Approved { by });
    assert_eq!(word(&n, b), "pending");
    let by = n.put(n.reviewer, n.review_doc(), &decision(n.ledger_doc(), &[b], Verdict::Returned));
    assert_eq!(decisions(&n).approval(&[b]), Approval::Returned { by, reason: Some("缺证明".into()) });
    let again = n.replace(n.reviewer, n.review_doc(), &decision(n.ledger_doc(), &[b], Verdict::Rejected), &[by]);
    assert_eq!(decisions(&n).approval(&[b]), Approval::Rejected { by: again, reason: Some("缺证明".into()) });
    assert!(problems(&n).is_empty());
}

#[test]
fn two_reviewers_apart_are_undecided_until_a_third_row_replaces_both() {
    let mut n = Network::new();
    let (a, _) = two(&mut n);
    let (doc, review) = (n.ledger_doc(), n.review_doc());
    let one = n.put(n.reviewer, review, &decision(doc, &[a], Verdict::Approved));
    let same = n.put(n.reviewer2, review, &decision(doc, &[a], Verdict::Approved));
    assert_eq!(decisions(&n).approval(&[a]), Approval::Approved { by: one.min(same) }, "they agree");
    let other = n.put(n.reviewer2, review, &decision(doc, &[a], Verdict::Returned));
    let mut rivals = vec![one, same, other];
    rivals.sort();
    assert_eq!(decisions(&n).approval(&[a]), Approval::Undecided { rivals });
    let half = n.replace(n.reviewer, review, &decision(doc, &[a], Verdict::Approved), &[other]);
    assert_eq!(word(&n, a), "approved", "what is left agrees");
    let back = n.put(n.reviewer2, review, &decision(doc, &[a], Verdict::Rejected));
    assert_eq!(word(&n, a), "undecided");
    let last = n.replace(n.reviewer, review, &decision(doc, &[a], Verdict::Returned), &[one, same, half, back]);
    assert_eq!(decisions(&n).approval(&[a]), Approval::Returned { by: last, reason: Some("缺证明".into()) });
}

#[test]
fn the_city_may_replace_the_county_and_not_the_other_way_round() {
    let mut n = Network::new();
    let (a, _) = two(&mut n);
    let (doc, review, above) = (n.ledger_doc(), n.review_doc(), n.city_review_doc());
    let county = n.put(n.reviewer, review, &decision(doc, &[a], Verdict::Approved));
    let ruling = decision(doc, &[a], Verdict::Returned);
    let city = n.replace_refs(n.city_reviewer, above, &ruling, &[county.in_document(review)]);
    assert_eq!(decisions(&n).approval(&[a]), Approval::Returned { by: city, reason: Some("缺证明".into()) });
    let county_view = n.view(review);
    assert_eq!(county_view.current().len(), 1);
    let replacements = Replacements::of(&n.views());
    assert!(county_view.current_among(&replacements).is_empty());
    n.put(n.reviewer, review, &decision(doc, &[a], Verdict::Approved));
    assert_eq!(word(&n, a), "undecided", "the county's later word does not remove the city's");
}

#[test]
fn returning_one_line_leaves_the_rest_of_the_sheet() {
    let mut n = Network::new();
    let (a, b) = two(&mut n);
    let (doc, review) = (n.ledger_doc(), n.review_doc());
    let all = n.put(n.reviewer, review, &decision(doc, &[a, b], Verdict::Approved));
    let one = n.replace(n.reviewer, review, &decision(doc, &[a], Verdict::Returned), &[all]);
    assert_eq!((word(&n, a), word(&n, b)), ("returned", "approved"));
    // Through others: the last names only the one before it, yet takes b from the first.
    n.replace(n.reviewer, review, &decision(doc, &[b], Verdict::Rejected), &[one]);
    assert_eq!((word(&n, a), word(&n, b)), ("returned", "rejected"));
}

#[test]
fn approving_a_second_registration_takes_it_from_the_first() {
    let mut n = Network::new();
    let (a, b) = two(&mut n);
    let (doc, review) = (n.ledger_doc(), n.review_doc());
    let rival = n.put(n.clerk2, doc, &registration("A1", "T1", 900));
    let first = n.put(n.reviewer, review, &decision(doc, &[a, b], Verdict::Approved));
    n.replace(n.reviewer, review, &decision(doc, &[rival], Verdict::Approved), &[first]);
    assert_eq!((word(&n, rival), word(&n, a), word(&n, b)), ("approved", "pending", "approved"));
}

#[test]
fn a_correction_needs_a_decision_of_its_own_and_copies_share_one() {
    let mut n = Network::new();
    let doc = n.ledger_doc();
    let a = n.put(n.clerk, doc, &registration("A1", "T1", 800));
    let copy = n.put(n.clerk2, doc, &registration("A1", "T1", 800));
    n.put(n.reviewer, n.review_doc(), &decision(doc, &[copy], Verdict::Approved));
    let views = n.views();
    let matters = Matters::build(&views);
    let content = matters.get(doc, Registration::TYPE, "g/A1/T1").unwrap().settled().unwrap();
    assert_eq!(content.rows.len(), 2);
    assert!(decisions(&n).approval(&content.rows).is_approved());
    let corrected = n.replace(n.clerk, doc, &registration("A1", "T1", 700), &[a]);
    assert_eq!(word(&n, corrected), "pending");
}

#[test]
fn whole_entries_and_sheets_are_decided_at_once() {
    let mut n = Network::new();
    let (doc, review) = (n.ledger_doc(), n.review_doc());
    let (a, b) = two(&mut n);
    let target = |target| row(&Decision { target, verdict: Verdict::Approved, reason: None });
    n.put(n.reviewer, review, &target(DecisionTarget::Rows { document: doc, rows: vec![(a.entry, vec![])] }));
    assert_eq!((word(&n, a), word(&n, b)), ("approved", "approved"));
    let sheet_row = RowName { entry: a.entry, index: 0 };
    assert_eq!(word(&n, sheet_row), "pending", "only registrations are decided on");

    let mut n = Network::new();
    let (a, b) = two(&mut n);
    let sheet = RowName { entry: a.entry, index: 0 }.in_document(doc);
    let digest: [u8; 32] = Sha256::digest(&n.entries[&a.entry].payload).into();
    n.put(n.reviewer, review, &target(DecisionTarget::Sheet { sheet, digest }));
    assert_eq!((word(&n, a), word(&n, b)), ("approved", "approved"));
    assert!(problems(&n).is_empty());
}

/// A decision of 40 bytes is about 512 registrations: a reviewer's key writes thousands of them.
#[test]
fn decisions_on_whole_entries_are_not_held_row_by_row() {
    const MANY: usize = 30;
    let mut n = Network::new();
    let (doc, review) = (n.ledger_doc(), n.review_doc());
    let rows: Vec<Row> = (0..MANY).map(|t| registration("A1", &format!("T{t}"), 800)).collect();
    let entry = n.put_all(n.clerk, doc, &rows);
    let target = DecisionTarget::Rows { document: doc, rows: vec![(entry, vec![])] };
    let approve = row(&Decision { target, verdict: Verdict::Approved, reason: None });
    let mut last: Vec<RowName> = Vec::new();
    for _ in 0..MANY {
        last = vec![n.replace(n.reviewer, review, &approve, &last)];
    }
    let decisions = decisions(&n);
    assert!(decisions.held() < 3 * MANY, "{}", decisions.held());
    let first = RowName { entry, index: 0 };
    assert_eq!(decisions.approval(&[first]), Approval::Approved { by: last[0] });
    let back = n.put(n.reviewer, review, &decision(doc, &[first], Verdict::Returned));
    assert_eq!(word(&n, first), "undecided");
    n.replace(n.reviewer, review, &decision(doc, &[first], Verdict::Returned), &[last[0], back]);
    assert_eq!((word(&n, first), word(&n, RowName { entry, index: 1 })), ("returned", "approved"));
}

/// Every decision that counts as nothing says why; the row stays pending.
#[test]
fn bad_targets_count_as_nothing() {
    type Target = fn(&Network, RowName) -> DecisionTarget;
    let cases: Vec<(&str, Target, DecisionProblem)> = vec![
        (
            "another digest",
            |n, a| DecisionTarget::Sheet { sheet: RowName { index: 0, ..a }.in_document(n.ledger_doc()), digest: [0; 32] },
            DecisionProblem::DigestMismatch,
        ),
        (
            "a row that is no sheet",
            |n, a| DecisionTarget::Sheet {
                sheet: a.in_document(n.ledger_doc()),
                digest: Sha256::digest(&n.entries[&a.entry].payload).into(),
            },
            DecisionProblem::NotASheet,
        ),
        (
            "a row that does not exist",
            |n, a| DecisionTarget::Sheet { sheet: RowName { index: 9, ..a }.in_document(n.ledger_doc()), digest: [0; 32] },
            DecisionProblem::NotASheet,
        ),
        ("no document", |_, a| DecisionTarget::Sheet { sheet: a.here(), digest: [0; 32] }, DecisionProblem::NotOfSubject),
        (
            "an unknown entry",
            |n, _| DecisionTarget::Rows { document: n.ledger_doc(), rows: vec![(EntryId([1; 32]), vec![0])] },
            DecisionProblem::NotHere,
        ),
        (
            "an unknown whole entry",
            |n, _| DecisionTarget::Rows { document: n.ledger_doc(), rows: vec![(EntryId([1; 32]), vec![])] },
            DecisionProblem::NotHere,
        ),
        (
            "an index beyond the entry",
            |n, a| DecisionTarget::Rows { document: n.ledger_doc(), rows: vec![(a.entry, vec![1, 7])] },
            DecisionProblem::NotHere,
        ),
        (
            "the right entry in the wrong document",
            |n, a| DecisionTarget::Rows { document: n.roster_doc(), rows: vec![(a.entry, vec![1])] },
            DecisionProblem::NotHere,
        ),
        (
            "another school's ledger",
            |n, a| DecisionTarget::Rows {
                document: DocId::of_year(n.school2, Kind::Ledger, 2008),
                rows: vec![(a.entry, vec![1])],
            },
            DecisionProblem::NotOfSubject,
        ),
    ];
    for (name, target, problem) in cases {
        let mut n = Network::new();
        let (a, b) = two(&mut n);
        let digest: [u8; 32] = Sha256::digest(&n.entries[&a.entry].payload).into();
        let bad = row(&Decision { target: target(&n, a), verdict: Verdict::Approved, reason: None });
        let decision = n.put(n.reviewer, n.review_doc(), &bad);
        assert_eq!(problems(&n), [(decision, problem)], "{name}");
        assert_eq!((word(&n, a), word(&n, b)), ("pending", "pending"), "{name}");
        // The reviewer decides anew: the finding is dealt with.
        let sheet = RowName { index: 0, ..a }.in_document(n.ledger_doc());
        let right = Decision { target: DecisionTarget::Sheet { sheet, digest }, verdict: Verdict::Approved, reason: None };
        n.replace(n.reviewer, n.review_doc(), &row(&right), &[decision]);
        assert_eq!((problems(&n), word(&n, a)), (vec![], "approved"), "{name}");
    }
}

#[test]
fn a_school_is_decided_on_by_its_own_county_and_city_only() {
    let mut n = Network::new();
    let theirs = DocId::of_year(n.school2, Kind::Ledger, 2008);
    let a = n.put(n.other_clerk, theirs, &registration("A1", "T1", 800));
    // The county reviews the first school, and names a row of the second.
    let wrong = n.put(n.reviewer, n.review_doc(), &decision(theirs, &[a], Verdict::Approved));
    assert_eq!(problems(&n), [(wrong, DecisionProblem::NotOfSubject)]);
    assert_eq!(word(&n, a), "pending");
    // A county's review of a subject that is not below it.
    let upside_down = DocId::about(n.county, Kind::Review, 2008, n.city);
    let of_city = DocId::of_year(n.city, Kind::Ledger, 2008);
    let not_above = n.put(n.reviewer, upside_down, &decision(of_city, &[a], Verdict::Approved));
    assert!(problems(&n).contains(&(not_above, DecisionProblem::NotAbove)));
    let right = DocId::about(n.county, Kind::Review, 2008, n.school2);
    n.put(n.reviewer, right, &decision(theirs, &[a], Verdict::Approved));
    assert_eq!(word(&n, a), "approved");
}

#[test]
fn ledgers_about_a_school_are_reviewed_under_it() {
    let mut n = Network::new();
    let about = DocId::about(n.county, Kind::Ledger, 2008, n.school);
    let a = n.put(n.county_clerk, about, &registration("A1", "T1", 800));
    n.put(n.reviewer, n.review_doc(), &decision(about, &[a], Verdict::Approved));
    assert_eq!((word(&n, a), problems(&n)), ("approved", vec![]));
}

#[test]
fn only_standing_decisions_decide() {
    let mut n = Network::new();
    let (a, _) = two(&mut n);
    let (doc, review) = (n.ledger_doc(), n.review_doc());
    let first = n.put(n.reviewer, review, &decision(doc, &[a], Verdict::Approved));
    n.replace(n.reviewer2, review, &decision(doc, &[a], Verdict::Returned), &[first]);
    assert_eq!(word(&n, a), "returned");
    n.burn(n.reviewer2);
    assert_eq!(decisions(&n).approval(&[a]), Approval::Approved { by: first }, "a burnt decision replaces nothing");
    n.burn(n.reviewer);
    assert_eq!(word(&n, a), "pending");
}

/// What a newer version put in the place of a decision is not known here: neither the old verdict holds nor another.
#[test]
fn successors_of_a_newer_version_make_a_matter_undecided() {
    for newer in [(Decision::TYPE, vec![0x82, 0x00, 0x18, 0x63]), (108, vec![0x81, 0x01]), (139, vec![0x80]), (900, vec![0x80])] {
        let mut n = Network::new();
        let (a, b) = two(&mut n);
        let (doc, review) = (n.ledger_doc(), n.review_doc());
        let first = n.put(n.reviewer, review, &decision(doc, &[a], Verdict::Approved));
        n.put(n.reviewer, review, &decision(doc, &[b], Verdict::Approved));
        let middle = n.replace(n.reviewer, review, &newer, &[first]);
        let unread = n.replace(n.reviewer2, review, &newer, &[middle]);
        assert_eq!(decisions(&n).approval(&[a]), Approval::Undecided { rivals: vec![unread] }, "type {}", newer.0);
        assert_eq!(word(&n, b), "approved");
        let finding = DecisionFinding { decision: unread, entry: None, problem: DecisionProblem::Newer };
        assert_eq!(decisions(&n).findings, BTreeSet::from([finding]));
        n.replace(n.reviewer, review, &decision(doc, &[a], Verdict::Rejected), &[unread]);
        assert_eq!((word(&n, a), problems(&n)), ("rejected", vec![]));
    }
}
