use super::{
    super::matter::{Matter, Matters},
    kit::*,
    *,
};
use crate::rows::Status;

fn ledger_matters(n: &Network) -> Vec<Matter> {
    let views = n.views();
    let matters = Matters::build(&views);
    matters.iter().filter(|m| m.document == n.ledger_doc()).cloned().collect()
}

/// The current rows of each matter, by natural id.
fn shape(n: &Network) -> Vec<(String, Vec<Vec<RowName>>)> {
    ledger_matters(n).into_iter().map(|m| (m.natural_id, m.contents.into_iter().map(|c| c.rows).collect())).collect()
}

/// A sheet and its registrations, each naming the sheet by its index in the same entry.
fn import(n: &mut Network, extra_first: bool) -> Vec<RowName> {
    let who = if extra_first { n.clerk2 } else { n.clerk };
    let mut rows = vec![];
    if extra_first {
        rows.push(elsewhere(Some(b"first"), "T9", 100));
    }
    let at = rows.len() as u16;
    rows.push(sheet(2, Some([9; 32])));
    for teacher in ["T1", "T2"] {
        rows.push(row(&Registration { sheet: Some(RowRef::own(at)), ..registration_row("A1", teacher, 800) }));
    }
    let entry = n.put_all(who, n.ledger_doc(), &rows);
    (at..at + 3).map(|index| RowName { entry, index }).collect()
}

fn sorted(mut rows: Vec<RowName>) -> Vec<RowName> {
    rows.sort();
    rows
}

#[test]
fn two_machines_importing_one_file_fold() {
    let mut n = Network::new();
    let a = import(&mut n, false);
    let b = import(&mut n, true);
    let found = shape(&n);
    let pairs: Vec<Vec<RowName>> = (0..3).map(|i| sorted(vec![a[i], b[i]])).collect();
    for (natural_id, pair) in [("g/A1/T1", &pairs[1]), ("g/A1/T2", &pairs[2]), (&*format!("sh/~{}", "09".repeat(8)), &pairs[0])] {
        let contents = &found.iter().find(|(id, _)| id == natural_id).unwrap().1;
        assert_eq!(contents.as_slice(), std::slice::from_ref(pair), "{natural_id}");
    }
    assert_eq!(found.len(), 4);
    // A third machine whose sheet says something else does not fold with them.
    n.put_all(
        n.clerk,
        n.ledger_doc(),
        &[sheet(3, Some([9; 32])), row(&Registration { sheet: Some(RowRef::own(0)), ..registration_row("A1", "T1", 800) })],
    );
    let rivals: Vec<Matter> = ledger_matters(&n).into_iter().filter(|m| m.settled().is_none()).collect();
    assert_eq!(rivals.iter().map(|m| m.natural_id.as_str()).collect::<Vec<_>>(), ["sh/~0909090909090909", "g/A1/T1"]);
}

#[test]
fn references_to_rows_of_other_entries_and_documents_fold_with_their_targets() {
    let mut n = Network::new();
    let (doc, notice) = (n.ledger_doc(), n.notice_doc());
    let announced: Vec<RowName> =
        (0..2).map(|_| n.put(n.county_clerk, notice, &activity("A1", rows::ActivityKind::Online))).collect();
    for a in &announced {
        let named = Registration { activity: Some(a.in_document(notice)), activity_no: None, ..registration_row("", "T1", 800) };
        n.put(n.clerk, doc, &row(&named));
    }
    let matters = ledger_matters(&n);
    assert_eq!(matters.len(), 1);
    assert_eq!(matters[0].natural_id, "g/A1/T1", "the number is that of the row it names");
    assert_eq!(matters[0].settled().unwrap().rows.len(), 2);
    // Without the notice at hand they are two, each under the row it names: nothing is mixed up.
    let alone = [n.view(doc)];
    let matters = Matters::build(&alone);
    assert_eq!(matters.iter().filter(|m| m.natural_id.starts_with("g/@")).count(), 2);
}

#[test]
fn different_contents_are_rivals_until_one_replaces_all() {
    let mut n = Network::new();
    let doc = n.ledger_doc();
    let a = n.put(n.clerk, doc, &registration("A1", "T1", 800));
    let b = n.put(n.clerk2, doc, &registration("A1", "T1", 900));
    assert!(ledger_matters(&n)[0].settled().is_none());
    let c = n.replace(n.clerk, doc, &registration("A1", "T1", 850), &[a]);
    assert!(ledger_matters(&n)[0].settled().is_none(), "one of two replaced");
    let d = n.replace(n.clerk2, doc, &registration("A1", "T1", 900), &[b, c]);
    assert_eq!(shape(&n), [("g/A1/T1".to_owned(), vec![vec![d]])], "a settling row may repeat what it replaces");
}

#[test]
fn a_replacement_of_one_counts_for_all_copies() {
    let mut n = Network::new();
    let doc = n.ledger_doc();
    let a = n.put(n.clerk, doc, &registration("A1", "T1", 800));
    n.put(n.clerk2, doc, &registration("A1", "T1", 800));
    let b = n.replace(n.clerk, doc, &registration("A1", "T1", 700), &[a]);
    assert_eq!(shape(&n), [("g/A1/T1".to_owned(), vec![vec![b]])]);
    n.put(n.clerk2, doc, &registration("A1", "T1", 800));
    assert_eq!(shape(&n), [("g/A1/T1".to_owned(), vec![vec![b]])], "the old file read once more");
    let other = n.replace(n.clerk2, doc, &registration("A1", "T7", 700), &[b]);
    assert_eq!(shape(&n), [("g/A1/T7".to_owned(), vec![vec![other]])], "a correction of the teacher's number moves the matter");
}

#[test]
fn circles_of_corrections_leave_what_is_not_named() {
    let mut n = Network::new();
    let doc = n.ledger_doc();
    let x = |h| registration("A1", "T1", h);
    // There and back again.
    let a = n.put(n.clerk, doc, &x(800));
    let b = n.replace(n.clerk, doc, &x(700), &[a]);
    let c = n.replace(n.clerk, doc, &x(800), &[b]);
    assert_eq!(shape(&n), [("g/A1/T1".to_owned(), vec![vec![c]])]);
    // Two hands correcting in opposite directions are rivals.
    let mut n = Network::new();
    let a = n.put(n.clerk, doc, &x(800));
    let b = n.replace(n.clerk, doc, &x(700), &[a]);
    let c = n.put(n.clerk2, doc, &x(700));
    let d = n.replace(n.clerk2, doc, &x(800), &[c]);
    let found = shape(&n);
    let rows: BTreeSet<RowName> = found[0].1.iter().flatten().copied().collect();
    assert_eq!((found[0].1.len(), rows), (2, BTreeSet::from([b, d])));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// However rows replace each other, a matter never vanishes, and no row that is named by a replacement is current.
    #[test]
    fn something_is_always_left(steps in proptest::collection::vec((0..3u32, any::<u16>(), any::<bool>()), 1..12)) {
        let mut n = Network::new();
        let doc = n.ledger_doc();
        let (mut all, mut named): (Vec<RowName>, BTreeSet<RowName>) = Default::default();
        for (content, pick, is_new) in steps {
            let replaced: Vec<RowName> = all.get(usize::from(pick) % all.len().max(1)).filter(|_| !is_new).copied().into_iter().collect();
            named.extend(&replaced);
            let who = if pick % 2 == 0 { n.clerk } else { n.clerk2 };
            all.push(n.replace(who, doc, &registration("A1", "T1", content), &replaced));
        }
        let found = shape(&n);
        prop_assert_eq!(found.len(), 1);
        prop_assert!(found[0].1.iter().flatten().all(|r| !named.contains(r)));
    }
}

#[test]
fn trainings_elsewhere_are_never_rivals_without_an_id_of_their_own() {
    let mut n = Network::new();
    let doc = n.ledger_doc();
    // One file with two equal lines, read on two machines: two trainings, two hands each.
    for who in [n.clerk, n.clerk2] {
        n.put_all(who, doc, &[elsewhere(None, "T1", 800), elsewhere(None, "T1", 800), elsewhere(None, "T1", 900)]);
    }
    let found = ledger_matters(&n);
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|m| m.settled().is_some_and(|c| c.rows.len() == 2)));
    n.put(n.clerk, doc, &elsewhere(Some(&[0xab]), "T1", 800));
    n.put(n.clerk2, doc, &elsewhere(Some(&[0xab]), "T1", 900));
    let rivals: Vec<Matter> = ledger_matters(&n).into_iter().filter(|m| m.settled().is_none()).collect();
    assert_eq!(rivals.iter().map(|m| m.natural_id.as_str()).collect::<Vec<_>>(), ["x/ab"]);
}

#[test]
fn rows_of_unknown_types_stand_alone() {
    let mut n = Network::new();
    let doc = n.ledger_doc();
    for who in [n.clerk, n.clerk2] {
        n.put(who, doc, &(60, vec![0x81, 0x61, 0x61]));
        n.put(who, doc, &(900, vec![0x81, 0x01]));
        n.put(who, doc, &(64, vec![0x81, 0x01]));
    }
    let found = shape(&n);
    assert_eq!(found.len(), 6);
    assert!(found.iter().all(|(id, contents)| id.starts_with('~') && contents.len() == 1));
}

#[test]
fn ids_with_slashes_stay_apart() {
    let mut n = Network::new();
    let roster = n.roster_doc();
    let status = |teacher: &str, what: &str| {
        row(&Status { teacher: teacher.into(), what: what.into(), value: None, from_day: Day(1), to_day: None, reason: None })
    };
    n.put(n.clerk, roster, &status("a/b", "c"));
    n.put(n.clerk, roster, &status("a", "b/c"));
    let views = n.views();
    let matters = Matters::build(&views);
    let ids: Vec<&str> = matters.of_type(roster, Status::TYPE).map(|m| m.natural_id.as_str()).collect();
    assert_eq!(ids, ["st/a%2Fb/c/1970-01-02", "st/a/b%2Fc/1970-01-02"]);
    assert!(matters.get(roster, Status::TYPE, ids[0]).is_some());
    assert!(matters.get(roster, Teacher::TYPE, ids[0]).is_none());
}
