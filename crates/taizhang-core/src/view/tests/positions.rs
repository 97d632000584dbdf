use super::{kit::*, *};
use crate::rows::Accept;

/// Positions at every entry of a log, by whoever may write them, take no more than one name each: not all that lies before each.
#[test]
fn accepts_of_every_entry_hold_as_many_names_as_there_are_entries() {
    let mut n = Network::new();
    let all: Vec<RowName> = (0..120).map(|i| n.put(n.clerk, n.ledger_doc(), &registration(&format!("A{i}"), "T1", 1))).collect();
    let ids: Vec<EntryId> = all.iter().map(|r| r.entry).collect();
    ids.chunks(20).for_each(|some| _ = n.accept(n.reviewer, n.review_doc(), some));
    let judge = Judge::new(&n.ledger);
    assert!(ids.iter().all(|id| judge.stands(id)));
    let held = judge.reached_names();
    assert!(held > 120 && held <= 3 * 120, "{held}");
}

/// A thousand keys write in one document, and ten thousand rows accept an entry each: what is held are the entries and the positions, not every row beside every key.
#[test]
fn accepts_of_one_keys_entry_hold_nothing_beside_the_other_keys() {
    let mut n = Network::new();
    let clerks = n.hire(40);
    let ids: Vec<EntryId> = clerks.iter().map(|who| n.put(*who, n.ledger_doc(), &registration("A1", "T1", 1)).entry).collect();
    accept_each(&mut n, &[ids[0]; 40]);
    let judge = Judge::new(&n.ledger);
    assert!(ids.iter().all(|id| judge.stands(id)));
    assert!(judge.reached_names() <= 3 * 40, "{}", judge.reached_names());
}

/// Burn rows of a key that wrote in many documents, each with a position in one of them.
#[test]
fn burns_with_positions_in_one_document_hold_nothing_beside_the_others() {
    let mut n = Network::new();
    let ledgers: Vec<DocId> = (2000..2040).map(|year| DocId::of_year(n.school, Kind::Ledger, year)).collect();
    let ids: Vec<EntryId> = ledgers.iter().map(|doc| n.put(n.clerk, *doc, &registration("A1", "T1", 1)).entry).collect();
    ids.iter().for_each(|id| n.burn_after(n.clerk, &[*id]));
    assert!(ids.iter().all(|id| Judge::new(&n.ledger).standing(id) == Standing::Burnt), "no two of them let the same stand");
    // Else the first burn that an entry lies past would end the question.
    ids.chunks(20).for_each(|some| _ = n.accept(n.county_admin, n.county_registry(), some));
    let judge = Judge::new(&n.ledger);
    assert!(ids.iter().all(|id| judge.stands(id)));
    assert!(judge.reached_names() <= 6 * 40, "{}", judge.reached_names());
}

/// Of as many accepts as entries an entry looks at those that concern it, and whether they count is asked once for all entries.
#[test]
fn accepts_of_every_entry_take_as_many_steps_as_there_are_entries() {
    let mut n = Network::new();
    let all: Vec<RowName> = (0..120).map(|i| n.put(n.clerk, n.ledger_doc(), &registration(&format!("A{i}"), "T1", 1))).collect();
    let ids: Vec<EntryId> = all.iter().map(|r| r.entry).collect();
    accept_each(&mut n, &ids);
    let steps = |n: &Network, standing| {
        let judge = Judge::new(&n.ledger);
        assert!(ids.iter().all(|id| judge.standing(id) == standing));
        judge.accept_steps()
    };
    assert!(steps(&n, Standing::Stands) <= 5 * 120);
    n.burn(n.reviewer);
    assert!(steps(&n, Standing::Stands) <= 5 * 120, "none of the accepts counts");
}

/// In one entry a row for each, by the county's reviewer.
fn accept_each(n: &mut Network, ids: &[EntryId]) {
    let accepts = ids.iter().map(|id| row(&Accept { positions: n.positions(&[*id]), reason: "晚到".into() }));
    let accepts: Vec<Row> = accepts.collect();
    n.put_all(n.reviewer, n.review_doc(), &accepts);
}
